/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-clock.h"

#include "port.h"

#include <string.h>

#define MS_PER_SECOND    1000u
#define READ_EVERY_MS    1000u
#define START_READINGS   3u
#define AGREEMENT_S      2u  /* two readings that say the same, one second apart */
#define TOLERANCE_S      5u  /* against the counter: a main loop that was held up, a wrong phase */
#define COUNTER_ACCURACY 64u /* its error: one part in so many at most */

static bool
is_in_range(nfw_seconds seconds)
{
    return seconds >= NFW_CLOCK_EARLIEST && seconds <= NFW_SECONDS_MAX;
}

/* As the hardware has it; a time from before collectors were built is a lost one. */
static int
read_hardware(nfw_seconds *seconds)
{
    nfw_seconds told = 0u;
    const int result = nfw_port_rtc_get(&told);

    if (result != NFW_OK) {
        return result;
    }
    if (!is_in_range(told)) {
        return NFW_ERR_NONE;
    }
    *seconds = told;
    return NFW_OK;
}

/* The whole seconds that the counter has seen since the time became what it is. */
static uint32_t
get_carry(const struct nfw_clock *clock, nfw_ms now)
{
    return (now - clock->second_at) / MS_PER_SECOND;
}

static void
carry_on(struct nfw_clock *clock, nfw_ms now)
{
    const uint32_t carry = get_carry(clock, now);

    if (!clock->is_set) {
        clock->second_at = now;
        return;
    }
    clock->second_at += carry * MS_PER_SECOND;
    clock->seconds =
        carry > NFW_SECONDS_MAX - clock->seconds ? NFW_SECONDS_MAX : clock->seconds + carry;
}

static void
believe(struct nfw_clock *clock, nfw_seconds told, nfw_ms now)
{
    clock->seconds = told;
    clock->good = told;
    clock->odd = 0u;
    clock->second_at = now;
    clock->is_set = true;
    clock->is_hardware_lost = false;
}

/* It goes on from our time; whether it took it shows at the next reading. */
static void
give_back(struct nfw_clock *clock)
{
    clock->odd = 0u;
    clock->is_hardware_lost = true;
    (void)nfw_port_rtc_set(clock->seconds);
}

/* How far reading and counter may be apart: the longer it was silent, the further. */
static uint32_t
get_tolerance(const struct nfw_clock *clock, uint32_t carry)
{
    return (clock->seconds - clock->good + carry) / COUNTER_ACCURACY + TOLERANCE_S;
}

static void
take_odd(struct nfw_clock *clock, nfw_seconds told, nfw_ms now)
{
    const bool is_told_twice = clock->odd != 0u && told - clock->odd <= AGREEMENT_S;

    carry_on(clock, now);
    if (!is_told_twice) {
        clock->odd = told;
        return;
    }
    if (!clock->is_set) {
        believe(clock, told, now);
    } else if (told < clock->seconds) {
        give_back(clock);
    } else {
        clock->jumped_from = clock->seconds;
        believe(clock, told, now);
    }
}

static void
take_reading(struct nfw_clock *clock, nfw_seconds told, nfw_ms now)
{
    const uint32_t carry = get_carry(clock, now);
    const uint32_t tolerance = get_tolerance(clock, carry);
    const nfw_seconds expected = clock->seconds + carry;

    if (!clock->is_set || told > expected + tolerance || told < expected - tolerance) {
        take_odd(clock, told, now);
    } else if (told >= clock->seconds) {
        believe(clock, told, now);
    } else { /* the counter was too fast: wait for the hardware */
        clock->odd = 0u;
        clock->second_at = now;
        clock->is_hardware_lost = false;
    }
}

static void
ask(struct nfw_clock *clock, nfw_ms now)
{
    nfw_seconds told;
    const int result = read_hardware(&told);

    clock->read_at = now;
    if (result == NFW_OK) {
        take_reading(clock, told, now);
        return;
    }
    carry_on(clock, now);
    clock->odd = 0u;
    clock->is_hardware_lost = true;
    if (result == NFW_ERR_NONE && clock->is_set) {
        give_back(clock);
    }
}

void
nfw_clock_start(struct nfw_clock *clock, nfw_ms now)
{
    memset(clock, 0, sizeof *clock);
    clock->second_at = now;
    for (unsigned i = 0u; i < START_READINGS && !clock->is_set; i++) {
        ask(clock, now);
    }
}

bool
nfw_clock_step(struct nfw_clock *clock, nfw_ms now)
{
    const nfw_seconds before = clock->seconds;

    if (now - clock->read_at < READ_EVERY_MS) {
        return false;
    }
    ask(clock, now);
    return clock->seconds != before;
}

/* Writes the correction to the day's account, or says that it is more than the day has left. */
static enum nfw_clock_change
judge(struct nfw_clock *clock, nfw_seconds before, nfw_seconds after)
{
    const uint32_t difference = before > after ? before - after : after - before;
    uint32_t day = (before > after ? before : after) / NFW_SECONDS_PER_DAY;
    uint32_t left = NFW_CLOCK_DRIFT_PER_DAY;

    /* back and forth across midnight is one day: a new account is opened by a later day only */
    if (day <= clock->day) {
        day = clock->day;
        left -= clock->corrected_s;
    }
    if (clock->is_set && difference <= left) {
        clock->day = day;
        clock->corrected_s = (uint16_t)(NFW_CLOCK_DRIFT_PER_DAY - left + difference);
        return NFW_CLOCK_CORRECTED;
    }
    day = after / NFW_SECONDS_PER_DAY;
    if (day != clock->day) {
        clock->day = day;
        clock->corrected_s = 0u;
    }
    return NFW_CLOCK_STEPPED;
}

static int
set_hardware(nfw_seconds seconds, nfw_seconds *told)
{
    int result = nfw_port_rtc_set(seconds);

    if (result == NFW_OK) {
        result = nfw_port_rtc_get(told);
    }
    if (result == NFW_OK && *told - seconds > AGREEMENT_S) {
        return NFW_ERR_VERIFY;
    }
    return result;
}

int
nfw_clock_set(struct nfw_clock *clock, nfw_seconds seconds, nfw_ms now,
              enum nfw_clock_change *change)
{
    nfw_seconds told = 0u;
    int result;

    if (!is_in_range(seconds)) {
        return NFW_ERR_RANGE;
    }
    result = set_hardware(seconds, &told);
    if (result != NFW_OK) {
        return result;
    }
    carry_on(clock, now);
    *change = judge(clock, clock->seconds, seconds);
    believe(clock, told, now);
    return NFW_OK;
}
