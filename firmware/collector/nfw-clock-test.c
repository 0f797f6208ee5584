/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-clock.h"
#include "nfw-host.h"
#include "nilo-wire-test.h"

#define MS                 1000u
#define S                  1000000u
#define MIDNIGHT           (9862u * NFW_SECONDS_PER_DAY) /* 2027-01-01 00:00:00 */
#define NOON               (MIDNIGHT - NFW_SECONDS_PER_DAY / 2u)
#define MS_BEFORE_THE_WRAP UINT64_C(4294967296)

/* A board whose hardware says @seconds, and a clock that was started there. */
static void
start_board(struct nfw_host *host, struct nfw_clock *clock, nfw_seconds seconds)
{
    nfw_host_init(host);
    nfw_host_set_rtc(host, seconds);
    nfw_clock_start(clock, nfw_port_now_ms());
}

/* Lets @ms pass in steps as the main loop makes them. Returns: how often the second changed. */
static unsigned
run(struct nfw_host *host, struct nfw_clock *clock, uint32_t ms)
{
    const uint64_t end_us = host->now_us + (uint64_t)ms * MS;
    unsigned changes = 0;

    while (host->now_us < end_us) {
        const nfw_seconds before = clock->seconds;
        const uint64_t left_us = end_us - host->now_us;

        nfw_host_advance_to(host, host->now_us + (left_us < 250u * MS ? left_us : 250u * MS));
        if (nfw_clock_step(clock, nfw_port_now_ms()))
            changes++;
        CHECK(!clock->is_set || clock->seconds >= before);
    }
    return changes;
}

static nfw_seconds
get_hardware(void)
{
    nfw_seconds seconds = 0;

    CHECK_INT(nfw_port_rtc_get(&seconds), NFW_OK);
    return seconds;
}

/* --- reading -------------------------------------------------------------------------------- */

static void
test_read(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    CHECK(clock.is_set);
    CHECK(!clock.is_hardware_lost);
    CHECK_INT(clock.seconds, NOON);
    CHECK(!nfw_clock_step(&clock, nfw_port_now_ms()));
    CHECK_INT(run(&host, &clock, 100u * 1000u), 100);
    CHECK_INT(clock.seconds, NOON + 100u);
    CHECK_INT(clock.jumped_from, 0);
    nfw_host_clear(&host);
}

/* The millisecond counter begins anew after 49.7 days. */
static void
test_counter_wraps(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    nfw_host_init(&host);
    host.now_us = (MS_BEFORE_THE_WRAP - 3500u) * MS;
    nfw_host_set_rtc(&host, NOON);
    nfw_clock_start(&clock, nfw_port_now_ms());
    CHECK_INT(run(&host, &clock, 3000), 3);
    host.is_rtc_dead = true; /* carried over the wrap by the counter */
    CHECK_INT(run(&host, &clock, 3000), 3);
    CHECK_INT(clock.seconds, NOON + 6u);
    host.is_rtc_dead = false;
    CHECK_INT(run(&host, &clock, 3000), 3);
    CHECK_INT(clock.seconds, NOON + 9u);
    nfw_host_clear(&host);
}

static void
test_never_set(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    nfw_host_init(&host);
    nfw_clock_start(&clock, nfw_port_now_ms());
    CHECK(!clock.is_set);
    CHECK(clock.is_hardware_lost);
    CHECK_INT(run(&host, &clock, 5000), 0);
    CHECK(!clock.is_set);
    CHECK_INT(clock.seconds, 0); /* nothing was made up */
    CHECK(!host.is_rtc_set);
    nfw_host_clear(&host);
}

/* A clock that begins at 2000 when its battery was changed has lost its time, whatever it says. */
static void
test_before_collectors_were_built(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, 1000);
    CHECK(!clock.is_set);
    CHECK_INT(run(&host, &clock, 5000), 0);
    CHECK(!clock.is_set);
    nfw_host_clear(&host);

    start_board(&host, &clock, NFW_SECONDS_MAX + 1u);
    CHECK(!clock.is_set);
    nfw_host_clear(&host);
}

/* The bus to the clock is held while we start: the time is there as soon as it answers. */
static void
test_late_answer(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    nfw_host_init(&host);
    nfw_host_set_rtc(&host, NOON);
    host.is_rtc_dead = true;
    nfw_clock_start(&clock, nfw_port_now_ms());
    CHECK(!clock.is_set);
    CHECK_INT(run(&host, &clock, 5000), 0);
    host.is_rtc_dead = false;
    CHECK_INT(run(&host, &clock, 2000), 1);
    CHECK(clock.is_set);
    CHECK(!clock.is_hardware_lost);
    CHECK_INT(clock.seconds, NOON + 7u);
    CHECK_INT(clock.jumped_from, 0);
    nfw_host_clear(&host);
}

static void
test_silent_for_an_hour(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    host.is_rtc_dead = true;
    CHECK_INT(run(&host, &clock, 3600u * 1000u), 3600);
    CHECK(clock.is_set);
    CHECK(clock.is_hardware_lost);
    CHECK_INT(clock.seconds, NOON + 3600u);
    host.is_rtc_dead = false;
    run(&host, &clock, 1000);
    CHECK(!clock.is_hardware_lost);
    CHECK_INT(clock.seconds, NOON + 3601u);
    nfw_host_clear(&host);
}

/* Asked when the main loop comes by, not each second sharp: the parts of seconds count too. */
static void
test_silent_in_uneven_steps(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    host.is_rtc_dead = true;
    for (unsigned i = 0; i < 3000u; i++) {
        nfw_host_advance_to(&host, host.now_us + 1200u * MS);
        nfw_clock_step(&clock, nfw_port_now_ms());
    }
    CHECK_INT(clock.seconds, NOON + 3600u);
    nfw_host_clear(&host);
}

/* After an hour by a counter that is 1 % fast the time stands until the hardware is there. */
static void
test_never_backwards(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    host.is_rtc_dead = true;
    run(&host, &clock, 3600u * 1000u);
    host.is_rtc_dead = false;
    nfw_host_set_rtc(&host, NOON + 3600u - 36u);
    CHECK_INT(run(&host, &clock, 36u * 1000u), 0);
    CHECK_INT(clock.seconds, NOON + 3600u);
    CHECK(!clock.is_hardware_lost);
    CHECK_INT(run(&host, &clock, 10u * 1000u), 10);
    CHECK_INT(clock.seconds, get_hardware());
    nfw_host_clear(&host);
}

/* .. and one that is slow is put right at once. */
static void
test_counter_was_slow(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    host.is_rtc_dead = true;
    run(&host, &clock, 3600u * 1000u);
    host.is_rtc_dead = false;
    nfw_host_set_rtc(&host, NOON + 3600u + 36u);
    CHECK_INT(run(&host, &clock, 1000), 1);
    CHECK_INT(clock.seconds, get_hardware());
    CHECK_INT(clock.jumped_from, 0);
    nfw_host_clear(&host);
}

/* An oscillator that stopped for a moment: we know the time, and it gets it back. */
static void
test_hardware_forgets(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    host.is_rtc_set = false;
    CHECK_INT(run(&host, &clock, 1000), 1);
    CHECK(clock.is_hardware_lost);
    CHECK_INT(get_hardware(), NOON + 1u);
    CHECK_INT(run(&host, &clock, 10u * 1000u), 10);
    CHECK(!clock.is_hardware_lost);
    CHECK_INT(clock.seconds, NOON + 11u);
    nfw_host_clear(&host);
}

/* One flipped bit on the way is a time decades ahead: believed, it could never be taken back. */
static void
test_one_odd_reading(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    nfw_host_set_rtc(&host, NOON + (1u << 28));
    CHECK_INT(run(&host, &clock, 1000), 1);
    nfw_host_set_rtc(&host, NOON + 1u);
    CHECK_INT(run(&host, &clock, 5000), 5);
    CHECK_INT(clock.seconds, NOON + 6u);

    nfw_host_set_rtc(&host, NOON - NFW_SECONDS_PER_DAY);
    CHECK_INT(run(&host, &clock, 1000), 1);
    nfw_host_set_rtc(&host, NOON + 7u);
    CHECK_INT(run(&host, &clock, 5000), 5);
    CHECK_INT(clock.seconds, NOON + 12u);

    /* twice, but not in a row */
    for (unsigned i = 0; i < 4; i++) {
        nfw_host_set_rtc(&host, NOON + (1u << 28));
        CHECK_INT(run(&host, &clock, 1000), 1);
        nfw_host_set_rtc(&host, NOON + 13u + 2u * i);
        CHECK_INT(run(&host, &clock, 1000), 1);
    }
    CHECK_INT(clock.jumped_from, 0);
    nfw_host_clear(&host);
}

/* The part was held for a day, its battery backed clock was not. */
static void
test_jump_ahead(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    nfw_host_set_rtc(&host, NOON + NFW_SECONDS_PER_DAY);
    CHECK_INT(run(&host, &clock, 2000), 2);
    CHECK_INT(clock.seconds, NOON + NFW_SECONDS_PER_DAY + 2u);
    CHECK_INT(clock.jumped_from, NOON + 2u);
    nfw_host_clear(&host);
}

/* A hardware clock that goes back by a day is wrong: ours came from it, and went on. */
static void
test_hardware_goes_back(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;

    start_board(&host, &clock, NOON);
    run(&host, &clock, 5000);
    nfw_host_set_rtc(&host, NOON - NFW_SECONDS_PER_DAY);
    CHECK_INT(run(&host, &clock, 2000), 2);
    CHECK(clock.is_hardware_lost);
    CHECK_INT(get_hardware(), NOON + 7u);
    CHECK_INT(run(&host, &clock, 2000), 2);
    CHECK(!clock.is_hardware_lost);
    CHECK_INT(clock.seconds, NOON + 9u);
    nfw_host_clear(&host);
}

/* --- setting -------------------------------------------------------------------------------- */

struct setting {
    nfw_seconds seconds;
    enum nfw_clock_change change;
};

struct setting_case {
    const char *path;
    nfw_seconds start; /* 0: not set */
    struct setting settings[6];
};

/* one after the other, in no time */
static const struct setting_case setting_cases[] = {
    {"/clock/set/first", 0, {{NOON, NFW_CLOCK_STEPPED}, {NOON + 60u, NFW_CLOCK_CORRECTED}}},
    {"/clock/set/nothing-to-do", NOON, {{NOON, NFW_CLOCK_CORRECTED}}},
    {"/clock/set/within-drift",
     NOON,
     {{NOON + 30u, NFW_CLOCK_CORRECTED},
      {NOON + 60u, NFW_CLOCK_CORRECTED},
      {NOON + 61u, NFW_CLOCK_STEPPED}}},
    {"/clock/set/both-ways-add-up",
     NOON,
     {{NOON + 30u, NFW_CLOCK_CORRECTED},
      {NOON, NFW_CLOCK_CORRECTED},
      {NOON + 1u, NFW_CLOCK_STEPPED}}},
    {"/clock/set/too-far-ahead", NOON, {{NOON + 61u, NFW_CLOCK_STEPPED}}},
    {"/clock/set/too-far-back", NOON, {{NOON - 61u, NFW_CLOCK_STEPPED}}},
    {"/clock/set/step-leaves-the-account",
     NOON,
     {{NOON + 60u, NFW_CLOCK_CORRECTED},
      {NOON + 600u, NFW_CLOCK_STEPPED},
      {NOON + 610u, NFW_CLOCK_STEPPED}}},
    {"/clock/set/next-day",
     NOON,
     {{NOON + 60u, NFW_CLOCK_CORRECTED},
      {NOON + NFW_SECONDS_PER_DAY, NFW_CLOCK_STEPPED},
      {NOON + NFW_SECONDS_PER_DAY + 60u, NFW_CLOCK_CORRECTED}}},
    {"/clock/set/ahead-across-midnight",
     MIDNIGHT - 10u,
     {{MIDNIGHT + 20u, NFW_CLOCK_CORRECTED}, {MIDNIGHT + 60u, NFW_CLOCK_STEPPED}}},
    {"/clock/set/back-across-midnight",
     MIDNIGHT + 10u,
     {{MIDNIGHT - 20u, NFW_CLOCK_CORRECTED}, {MIDNIGHT - 60u, NFW_CLOCK_STEPPED}}},
    /* else one could go on for ever, a minute at a time */
    {"/clock/set/back-and-forth-across-midnight",
     MIDNIGHT - 30u,
     {{MIDNIGHT + 10u, NFW_CLOCK_CORRECTED},
      {MIDNIGHT - 10u, NFW_CLOCK_CORRECTED},
      {MIDNIGHT + 10u, NFW_CLOCK_STEPPED}}},
    {"/clock/set/account-is-the-later-day's",
     MIDNIGHT + 10u,
     {{MIDNIGHT - 20u, NFW_CLOCK_CORRECTED},
      {MIDNIGHT + 10u, NFW_CLOCK_CORRECTED},
      {MIDNIGHT + 11u, NFW_CLOCK_STEPPED}}},
    {"/clock/set/day-across-midnight",
     MIDNIGHT - 10u,
     {{MIDNIGHT + NFW_SECONDS_PER_DAY, NFW_CLOCK_STEPPED},
      {MIDNIGHT - 10u, NFW_CLOCK_STEPPED},
      {MIDNIGHT, NFW_CLOCK_CORRECTED}}},
    {"/clock/set/last-second", NOON, {{NFW_SECONDS_MAX, NFW_CLOCK_STEPPED}}},
    {"/clock/set/first-second", NOON, {{NFW_CLOCK_EARLIEST, NFW_CLOCK_STEPPED}}},
};

static void
test_set(const void *data)
{
    const struct setting_case *set = data;
    struct nfw_host host;
    struct nfw_clock clock;

    nfw_host_init(&host);
    if (set->start != 0)
        nfw_host_set_rtc(&host, set->start);
    nfw_clock_start(&clock, nfw_port_now_ms());
    for (unsigned i = 0; i < 6u && set->settings[i].seconds != 0; i++) {
        enum nfw_clock_change change = (enum nfw_clock_change)99;

        CHECK_INT(nfw_clock_set(&clock, set->settings[i].seconds, nfw_port_now_ms(), &change),
                  NFW_OK);
        CHECK_INT(change, set->settings[i].change);
        CHECK_INT(clock.seconds, set->settings[i].seconds);
        CHECK(clock.is_set);
        CHECK_INT(get_hardware(), set->settings[i].seconds);
    }
    nfw_host_clear(&host);
}

/* What the account holds is a day's: with the clock's own midnight there is a new one. */
static void
test_account_of_the_day(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;
    enum nfw_clock_change change;

    start_board(&host, &clock, MIDNIGHT - 70u);
    CHECK_INT(nfw_clock_set(&clock, MIDNIGHT - 10u, nfw_port_now_ms(), &change), NFW_OK);
    CHECK_INT(change, NFW_CLOCK_CORRECTED);
    run(&host, &clock, 5000);
    CHECK_INT(nfw_clock_set(&clock, MIDNIGHT - 4u, nfw_port_now_ms(), &change), NFW_OK);
    CHECK_INT(change, NFW_CLOCK_STEPPED);
    run(&host, &clock, 10000);
    CHECK_INT(nfw_clock_set(&clock, clock.seconds + 60u, nfw_port_now_ms(), &change), NFW_OK);
    CHECK_INT(change, NFW_CLOCK_CORRECTED);
    nfw_host_clear(&host);
}

static void
test_set_goes_back(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;
    enum nfw_clock_change change;

    start_board(&host, &clock, MIDNIGHT + 5u);
    run(&host, &clock, 3000);
    CHECK_INT(nfw_clock_set(&clock, MIDNIGHT - 5u, nfw_port_now_ms(), &change), NFW_OK);
    CHECK_INT(clock.seconds, MIDNIGHT - 5u);
    CHECK_INT(run(&host, &clock, 6000), 6);
    CHECK_INT(clock.seconds, MIDNIGHT + 1u);
    nfw_host_clear(&host);
}

/* What the main loop had no time to see has passed all the same. */
static void
test_set_after_a_pause(const void *data)
{
    struct nfw_host host;
    struct nfw_clock clock;
    enum nfw_clock_change change;

    start_board(&host, &clock, NOON);
    nfw_host_advance_to(&host, host.now_us + 100u * S);
    CHECK_INT(nfw_clock_set(&clock, NOON + 110u, nfw_port_now_ms(), &change), NFW_OK);
    CHECK_INT(change, NFW_CLOCK_CORRECTED);
    CHECK_INT(clock.corrected_s, 10);
    nfw_host_clear(&host);
}

static void
test_set_refused(const void *data)
{
    static const nfw_seconds bad[] = {0, NFW_CLOCK_EARLIEST - 1u, NFW_SECONDS_MAX + 1u, UINT32_MAX};
    struct nfw_host host;
    struct nfw_clock clock;
    enum nfw_clock_change change = (enum nfw_clock_change)99;

    start_board(&host, &clock, NOON);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(nfw_clock_set(&clock, bad[i], nfw_port_now_ms(), &change), NFW_ERR_RANGE);
    host.is_rtc_dead = true;
    CHECK_INT(nfw_clock_set(&clock, NOON + 5u, nfw_port_now_ms(), &change), NFW_ERR_NACK);
    CHECK_INT(change, 99);
    CHECK_INT(clock.seconds, NOON);
    host.is_rtc_dead = false;
    CHECK_INT(get_hardware(), NOON);
    nfw_host_clear(&host);
}

int
main(void)
{
    nilo_test_run("/clock/read", test_read, NULL);
    nilo_test_run("/clock/counter-wraps", test_counter_wraps, NULL);
    nilo_test_run("/clock/never-set", test_never_set, NULL);
    nilo_test_run("/clock/before-collectors-were-built", test_before_collectors_were_built, NULL);
    nilo_test_run("/clock/late-answer", test_late_answer, NULL);
    nilo_test_run("/clock/silent-for-an-hour", test_silent_for_an_hour, NULL);
    nilo_test_run("/clock/silent-in-uneven-steps", test_silent_in_uneven_steps, NULL);
    nilo_test_run("/clock/never-backwards", test_never_backwards, NULL);
    nilo_test_run("/clock/counter-was-slow", test_counter_was_slow, NULL);
    nilo_test_run("/clock/hardware-forgets", test_hardware_forgets, NULL);
    nilo_test_run("/clock/one-odd-reading", test_one_odd_reading, NULL);
    nilo_test_run("/clock/jump-ahead", test_jump_ahead, NULL);
    nilo_test_run("/clock/hardware-goes-back", test_hardware_goes_back, NULL);
    for (unsigned i = 0; i < sizeof setting_cases / sizeof setting_cases[0]; i++)
        nilo_test_run(setting_cases[i].path, test_set, &setting_cases[i]);
    nilo_test_run("/clock/set/account-of-the-day", test_account_of_the_day, NULL);
    nilo_test_run("/clock/set/goes-back", test_set_goes_back, NULL);
    nilo_test_run("/clock/set/after-a-pause", test_set_after_a_pause, NULL);
    nilo_test_run("/clock/set/refused", test_set_refused, NULL);
    return nilo_test_finish();
}
