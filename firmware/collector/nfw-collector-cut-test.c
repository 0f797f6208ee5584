/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A whole collector that counts over a midnight, with four meters turning; and the power goes at
 * the bytes that it writes into its EEPROM. What it has told before the cut is what it must tell at
 * least afterwards; what had been given, at most; and between them lies one pulse of each input.
 *
 * Without an argument some of the cuts are made, with --full all of them.
 */
#include "nfw-calendar.h"
#include "nfw-collector.h"
#include "nfw-eeprom.h"
#include "nfw-host.h"
#include "nfw-meters.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

#define MIDNIGHT     835574400u /* 2026-06-24 00:00:00 */
#define INPUTS       4u
#define PULSES       9u
#define BEFORE_US    5000000u /* the clock at the start: so long before midnight */
#define PERIOD_US    1100000u
#define SKEW_US      3700u /* between the inputs: close enough to be stored together, or just not */
#define CLOSED_US    80000u
#define WHOLE_US     12000000u
#define SHORT_STRIDE 31u

/* An EEPROM that has seen something, for every run to begin with. */
static uint8_t image[NFW_EEPROM_SIZE];

struct run {
    const char *path;
    enum nfw_host_tear tear;
    unsigned stride;
};

struct life {
    struct nfw_host host;
    struct nfw_collector collector;
    int64_t first_ml[INPUTS]; /* at the beginning of the day */
    int64_t told_ml[INPUTS];  /* the last reading */
    uint64_t start_us;
    unsigned backwards;
};

static uint64_t
closes_at(uint64_t start_us, unsigned input, unsigned pulse)
{
    return start_us + 400000u + pulse * PERIOD_US + input * SKEW_US;
}

static void
plan(struct life *life)
{
    for (unsigned pulse = 0; pulse < PULSES; pulse++) {
        for (unsigned input = 0; input < INPUTS; input++) {
            const uint64_t at_us = closes_at(life->start_us, input, pulse);

            nfw_host_plan_pin(&life->host, at_us, input, true);
            nfw_host_plan_pin(&life->host, at_us + CLOSED_US, input, false);
        }
    }
}

/* Pulses that had ended by then. */
static unsigned
count_given(const struct life *life, unsigned input, uint64_t at_us)
{
    unsigned given = 0;

    for (unsigned pulse = 0; pulse < PULSES; pulse++)
        given += closes_at(life->start_us, input, pulse) + CLOSED_US <= at_us;
    return given;
}

static int64_t
read_ml(const struct life *life, unsigned input)
{
    struct nfw_reading reading;

    nfw_meters_get_reading(&life->collector, input, &reading);
    return reading.volume_ml;
}

static void
tell(struct life *life)
{
    for (unsigned input = 0; input < INPUTS; input++) {
        const int64_t ml = read_ml(life, input);

        life->backwards += ml < life->told_ml[input];
        life->told_ml[input] = ml;
    }
}

static void
live(struct life *life, uint64_t until_us)
{
    while (life->host.now_us < until_us) {
        const nfw_ms now = nfw_port_now_ms();
        const uint32_t wait = nfw_collector_step(&life->collector, now);

        tell(life);
        nfw_port_sleep_until(now + wait);
    }
}

static void
switch_on(struct life *life)
{
    /* RAM after a power cut holds anything */
    memset(&life->collector, 0xa5, sizeof life->collector);
    nfw_collector_start(&life->collector, nfw_port_now_ms());
    tell(life);
}

static struct life *
life_new(void)
{
    struct life *life = calloc(1, sizeof *life);

    if (life == NULL)
        abort();
    nfw_host_init(&life->host);
    nfw_host_set_rtc(&life->host, MIDNIGHT - BEFORE_US / 1000000u);
    memcpy(life->host.eeprom.cells, image, sizeof image);
    return life;
}

static void
life_free(struct life *life)
{
    nfw_host_clear(&life->host);
    free(life);
}

static int32_t
count_pulses(const struct life *life, unsigned input, int64_t from_ml)
{
    const uint32_t ml = life->collector.config.channel[input].ml_per_count;

    return (int32_t)((read_ml(life, input) - from_ml) / ml);
}

/* A day that nothing cuts. Returns: bytes written in it. */
static uint64_t
live_whole(struct life *life)
{
    switch_on(life);
    for (unsigned input = 0; input < INPUTS; input++)
        life->first_ml[input] = life->told_ml[input];
    plan(life);
    live(life, WHOLE_US);
    for (unsigned input = 0; input < INPUTS; input++)
        CHECK_INT(count_pulses(life, input, life->first_ml[input]), PULSES);
    return life->host.eeprom.written_bytes;
}

/* Until the power goes. The first reading is what the image holds. */
static void
live_and_be_cut(struct life *life)
{
    jmp_buf cut;

    life->host.cut = &cut;
    if (setjmp(cut) == 0) {
        switch_on(life);
        plan(life);
        live(life, WHOLE_US);
        CHECK(!"the power did not go");
    }
    nfw_host_restart(&life->host, false);
}

static void
check_midnight(const struct life *life)
{
    struct nfw_history newest, before;

    CHECK_INT(nfw_meters_get_history(&life->collector, 0, NFW_FREEZE_DAY, 0, &newest), NFW_OK);
    CHECK_INT(newest.time, MIDNIGHT);
    if (nfw_meters_get_history(&life->collector, 0, NFW_FREEZE_DAY, 1, &before) == NFW_OK)
        CHECK(before.time < newest.time && before.volume_ml <= newest.volume_ml);
}

/* Returns: pulses lost. */
static unsigned
cut_once(const struct run *run, uint64_t at_byte, const int64_t first_ml[INPUTS])
{
    struct life *life = life_new();
    unsigned lost = 0;
    int64_t found_ml[INPUTS];
    uint64_t cut_us;

    memcpy(life->told_ml, first_ml, sizeof life->told_ml);
    life->host.eeprom.tear = run->tear;
    life->host.eeprom.cut_at_byte = at_byte;
    live_and_be_cut(life);
    cut_us = life->host.now_us;

    for (unsigned input = 0; input < INPUTS; input++)
        found_ml[input] = life->told_ml[input];
    switch_on(life);
    for (unsigned input = 0; input < INPUTS; input++) {
        const int given = (int)count_given(life, input, cut_us);
        const int counted = count_pulses(life, input, first_ml[input]);

        CHECK(read_ml(life, input) >= found_ml[input]);
        CHECK(counted <= given);
        CHECK(given - counted <= 1);
        lost += (unsigned)(given - counted);
        found_ml[input] = read_ml(life, input);
    }
    CHECK_INT(life->backwards, 0);

    /* and on it goes, with contacts that may have been closed at the start */
    nfw_host_plan_pins(&life->host, life->host.now_us + 50000u, 1u << NFW_PIN_COVER);
    life->start_us = life->host.now_us;
    plan(life);
    live(life, life->start_us + WHOLE_US);
    for (unsigned input = 0; input < INPUTS; input++)
        CHECK_INT(count_pulses(life, input, found_ml[input]), PULSES);
    CHECK_INT(life->backwards, 0);
    check_midnight(life);
    life_free(life);
    return lost;
}

static void
test_cuts(const void *data)
{
    const struct run *run = data;
    struct life *life = life_new();
    const uint64_t bytes = live_whole(life);
    unsigned cuts = 0, lost = 0;

    for (uint64_t at = (unsigned)run->tear * 23u % run->stride; at < bytes; at += run->stride) {
        lost += cut_once(run, at, life->first_ml);
        cuts++;
    }
    printf("# %u cuts in %u bytes, %u pulses lost that had not been told\n", cuts, (unsigned)bytes,
           lost);
    life_free(life);
}

/* --- an EEPROM that does not answer at the start ---------------------------------------------- */

/* Lives on until a reset, if there is one; the EEPROM answers from @answers_us on. Returns: whether
 * a reading was told meanwhile. */
static bool
live_without(struct life *life, uint64_t answers_us)
{
    jmp_buf cut;

    life->host.cut = &cut;
    if (setjmp(cut) != 0) {
        nfw_host_restart(&life->host, true);
        return false;
    }
    memset(&life->collector, 0xa5, sizeof life->collector);
    nfw_collector_start(&life->collector, nfw_port_now_ms());
    plan(life);
    while (life->host.now_us < WHOLE_US) {
        const nfw_ms now = nfw_port_now_ms();
        struct nfw_reading reading;

        life->host.eeprom.is_absent = life->host.now_us < answers_us;
        nfw_port_sleep_until(now + nfw_collector_step(&life->collector, now));
        nfw_meters_get_reading(&life->collector, 0, &reading);
        if ((reading.status & NFW_STATUS_NO_READING) == 0)
            return true;
    }
    return false;
}

/* A held bus, or a part that is not there for a while: nothing is told before it is known, and then
 * what had been. */
static void
test_late(const void *data)
{
    const bool is_stuck = *(const bool *)data;
    struct life *whole = life_new();
    struct life *life;

    (void)live_whole(whole);
    life = life_new();
    life->host.is_i2c_stuck = is_stuck;
    life->host.i2c_recoveries_needed = 5;
    life->host.eeprom.is_absent = !is_stuck;
    CHECK(!live_without(life, is_stuck ? 0 : 5500000u));
    CHECK_INT(life->host.cause, NFW_RESET_ORDER);
    /* but for events nothing has been written */
    CHECK(memcmp(life->host.eeprom.cells, image, NFW_EEPROM_EVENTS) == 0);
    CHECK(memcmp(life->host.eeprom.cells + NFW_EEPROM_COUNTERS, image + NFW_EEPROM_COUNTERS,
                 NFW_EEPROM_SIZE - NFW_EEPROM_COUNTERS) == 0);
    life->host.eeprom.is_absent = false;
    switch_on(life);
    for (unsigned input = 0; input < INPUTS; input++)
        CHECK_INT(read_ml(life, input), whole->first_ml[input]);
    life_free(life);
    life_free(whole);
}

/* What a board holds that has lived for a while. */
static void
make_image(void)
{
    struct life *life;

    memset(image, 0xff, sizeof image);
    life = life_new();
    nfw_host_set_rtc(&life->host, MIDNIGHT - 40u * NFW_SECONDS_PER_HOUR);
    for (unsigned i = 0; i < 30u; i++) {
        switch_on(life);
        life->start_us = life->host.now_us;
        plan(life);
        live(life, life->start_us + WHOLE_US);
    }
    memcpy(image, life->host.eeprom.cells, sizeof image);
    life_free(life);
}

int
main(int argc, char **argv)
{
    static const bool is_stuck[] = {false, true};
    const unsigned stride = argc > 1 && strcmp(argv[1], "--full") == 0 ? 1u : SHORT_STRIDE;
    const struct run runs[NFW_HOST_TEARS] = {
        {"/nfw/collector-cut/old-byte", NFW_HOST_TEAR_OLD, stride},
        {"/nfw/collector-cut/erased-byte", NFW_HOST_TEAR_ERASED, stride},
        {"/nfw/collector-cut/mixed-byte", NFW_HOST_TEAR_MIXED, stride},
        {"/nfw/collector-cut/new-byte", NFW_HOST_TEAR_NEW, stride},
        {"/nfw/collector-cut/scattered-page", NFW_HOST_TEAR_SCATTERED, stride},
        {"/nfw/collector-cut/refreshed-page", NFW_HOST_TEAR_PAGE, stride},
    };

    make_image();
    nilo_test_run("/nfw/collector-cut/eeprom-absent-at-start", test_late, &is_stuck[0]);
    nilo_test_run("/nfw/collector-cut/bus-stuck-at-start", test_late, &is_stuck[1]);
    for (unsigned i = 0; i < NFW_HOST_TEARS; i++)
        nilo_test_run(runs[i].path, test_cuts, &runs[i]);
    return nilo_test_finish();
}
