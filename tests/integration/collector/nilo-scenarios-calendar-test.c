/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The collector's calendar, on the host's process and on the image in QEMU: whatever its clock goes
 * through, there is one record for each midnight that has passed, and it says so when it was taken
 * late.
 */
#include "nilo-collector-bench.h"

#define CTR_WRITE         0x04
#define MIDNIGHT          "2026-01-31T23:59:56"
#define TRIES             6
#define DEADLINE_US       (20 * G_USEC_PER_SEC)
#define ESTIMATED         0x01
#define STATUS_CLOCK_LOST 0x08
#define EVENT_STEPPED     2
#define EVENT_LOST        3
#define EVENT_ORDERED     19
#define CUTS              5

static void
wait_for_second(Bench *bench, const NiloLabDate *date)
{
    const gint64 until = nilo_lab_date_to_seconds(date);
    NiloLabDate now = {0};

    for (guint i = 0; i < 400; i++) {
        NiloLabReadout readout;

        if (bench_try_cjt188(bench, 0, &readout) &&
            nilo_lab_readout_get_clock(bench->master->answer, &now) &&
            nilo_lab_date_to_seconds(&now) >= until)
            return;
        bench_wait_ms(bench, 50);
    }
    g_error("the clock shows %d-%d %d:%d:%d", now.month, now.day, now.hour, now.minute, now.second);
}

static void
assert_frozen(Bench *bench, guint channel, guint di, const NiloLabDate *date, gint64 volume_ml,
              guint8 flags)
{
    NiloLabFreezeReadout freeze;

    g_assert_true(bench_read_freeze(bench, channel, di, &freeze));
    g_assert_cmpint(nilo_lab_date_to_seconds(&freeze.time), ==, nilo_lab_date_to_seconds(date));
    g_assert_true(freeze.has_volume);
    g_assert_cmpint(freeze.volume_ml, ==, volume_ml);
    g_assert_cmpint(freeze.flags, ==, flags);
}

/* it fills one gap each turn of its loop, the oldest first */
static void
wait_for_midnight(Bench *bench, const NiloLabDate *date)
{
    const gint64 deadline_us = g_get_monotonic_time() + DEADLINE_US;
    NiloLabFreezeReadout freeze;

    while (!bench_read_freeze(bench, 0, 0xd300, &freeze) ||
           nilo_lab_date_to_seconds(&freeze.time) != nilo_lab_date_to_seconds(date)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        bench_wait_ms(bench, 50);
    }
}

/* it says so, and does not just say nothing */
static void
assert_nothing_frozen(Bench *bench, guint channel, guint di)
{
    NiloLabFreezeReadout freeze;

    g_assert_false(bench_read_freeze(bench, channel, di, &freeze));
    g_assert_true(bench->master->is_in_step);
}

static void
set_clock_to(Bench *bench, const NiloLabDate *date)
{
    g_autofree char *data =
        g_strdup_printf("A015 02 %02d %02d %02d %02d %02d %02d %02d", date->second, date->minute,
                        date->hour, date->day, date->month, date->year % 100, date->year / 100);

    for (guint i = 0; i < TRIES; i++) {
        if (bench_ask_cjt188(bench, 2, CTR_WRITE, data))
            return;
    }
    g_error("the clock cannot be set to %s", data);
}

static void
freeze_at_midnight(NiloLabCollectorPort port)
{
    const NiloLabDate midnight = {.year = 2026, .month = 2, .day = 1};
    const NiloLabDate later = {.year = 2026, .month = 2, .day = 1, .second = 2};
    g_autoptr(Bench) bench = bench_new(port, MIDNIGHT, NULL);
    gint64 then_ml[BENCH_CHANNELS];

    bench_start(bench);
    bench_pulse(bench, 0x03, 3, 2);
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        then_ml[i] = bench_get_true_ml(bench, i);
    wait_for_second(bench, &later);
    bench_pulse(bench, 0x03, 2, 2);
    bench_assert_counts(bench);
    for (guint i = 0; i < 3; i++) {
        assert_frozen(bench, i, 0xd300, &midnight, then_ml[i], 0);
        assert_frozen(bench, i, 0xd200, &midnight, then_ml[i], 0);
    }
    /* the clock of QEMU is what its command line says: after the cut it is before midnight again,
     * and the day that is frozen stays frozen */
    bench_restart(bench);
    wait_for_second(bench, &later);
    for (guint i = 0; i < 3; i++)
        assert_frozen(bench, i, 0xd300, &midnight, then_ml[i], 0);
}

static void
set_clock(NiloLabCollectorPort port)
{
    const NiloLabDate set = {
        .year = 2027, .month = 3, .day = 4, .hour = 5, .minute = 6, .second = 7};
    g_autoptr(Bench) bench = bench_new(port, MIDNIGHT, NULL);
    NiloLabReadout readout;
    NiloLabDate shown;

    bench_start(bench);
    g_assert_true(bench_ask_cjt188(bench, 2, CTR_WRITE, "A015 02 07 06 05 04 03 27 20"));
    g_assert_true(bench_try_cjt188(bench, 2, &readout));
    g_assert_true(nilo_lab_readout_get_clock(bench->master->answer, &shown));
    g_assert_cmpint(nilo_lab_date_to_seconds(&shown), >=, nilo_lab_date_to_seconds(&set));
    g_assert_cmpint(nilo_lab_date_to_seconds(&shown), <=, nilo_lab_date_to_seconds(&set) + 5);
    /* there is no such day */
    g_assert_false(bench_ask_cjt188(bench, 2, CTR_WRITE, "A015 03 00 00 00 31 02 27 20"));
}

/* --- its corners -------------------------------------------------------------------------------
 */

typedef struct {
    const char *start;
    NiloLabDate before; /* midnights and firsts of a month: the one it starts behind .. */
    NiloLabDate after;  /* .. and the one that comes */
    NiloLabDate month_before;
    gboolean is_first; /* the one that comes begins a month */
} Corner;

static const Corner corners[] = {
    {"2026-12-31T23:59:56",
     {.year = 2026, .month = 12, .day = 31},
     {.year = 2027, .month = 1, .day = 1},
     {.year = 2026, .month = 12, .day = 1},
     TRUE},
    {"2027-02-28T23:59:56",
     {.year = 2027, .month = 2, .day = 28},
     {.year = 2027, .month = 3, .day = 1},
     {.year = 2027, .month = 2, .day = 1},
     TRUE},
    {"2028-02-28T23:59:56",
     {.year = 2028, .month = 2, .day = 28},
     {.year = 2028, .month = 2, .day = 29},
     {.year = 2028, .month = 2, .day = 1},
     FALSE},
    {"2028-02-29T23:59:56",
     {.year = 2028, .month = 2, .day = 29},
     {.year = 2028, .month = 3, .day = 1},
     {.year = 2028, .month = 2, .day = 1},
     TRUE},
};

/* the midnights that lay behind at the start were taken late, and say so; there are no more */
static void
turn_corner(NiloLabCollectorPort port, const Corner *corner)
{
    g_autoptr(Bench) bench = bench_new(port, corner->start, NULL);
    NiloLabDate later = corner->after;
    guint month = 0xd200;

    later.second = 2;
    bench_start(bench);
    wait_for_second(bench, &later);
    bench_pulse(bench, 0x01, 1, 0);
    bench_assert_counts(bench);
    assert_frozen(bench, 0, 0xd300, &corner->after, BENCH_START_ML(0), 0);
    assert_frozen(bench, 0, 0xd301, &corner->before, BENCH_START_ML(0), ESTIMATED);
    assert_nothing_frozen(bench, 0, 0xd302);
    if (corner->is_first)
        assert_frozen(bench, 0, month++, &corner->after, BENCH_START_ML(0), 0);
    assert_frozen(bench, 0, month, &corner->month_before, BENCH_START_ML(0), ESTIMATED);
    assert_nothing_frozen(bench, 0, month + 1);
}

static void
turn_corners(NiloLabCollectorPort port)
{
    for (gsize i = 0; i < G_N_ELEMENTS(corners); i++)
        turn_corner(port, &corners[i]);
}

/* --- by order ----------------------------------------------------------------------------------
 */

/* M-Bus, CI 54 to everybody: nobody answers, and all are frozen at one moment */
static void
freeze_by_order(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, "2026-03-15T10:20:00", NULL);
    gint64 then_ml[BENCH_CHANNELS];

    bench_start(bench);
    assert_nothing_frozen(bench, 0, 0xd400);
    bench_pulse(bench, 0x55, 1, 0);
    bench_assert_counts(bench);
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        then_ml[i] = bench_get_true_ml(bench, i);
    bench->master->patience_ms = 400;
    nilo_lab_test_master_long(bench->master, 0x53, 255, 0x54, "");
    g_assert_cmpuint(bench->master->answer->len, ==, 0);
    bench->master->patience_ms = 1500;
    bench_pulse(bench, BENCH_ALL, 1, 0);
    bench_assert_counts(bench);
    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        NiloLabFreezeReadout freeze;

        g_assert_true(bench_read_freeze(bench, i, 0xd400, &freeze));
        g_assert_cmpint(freeze.volume_ml, ==, then_ml[i]);
        g_assert_cmpint(freeze.flags, ==, 0);
        assert_nothing_frozen(bench, i, 0xd401);
    }
    g_assert_true(bench_find_event(bench, EVENT_ORDERED, &(NiloLabEventReadout){0}));
}

/* --- the clock is set --------------------------------------------------------------------------
 */

static void
set_ahead(NiloLabCollectorPort port)
{
    const NiloLabDate set = {.year = 2026, .month = 3, .day = 5, .second = 30};
    const NiloLabDate midnights[] = {{.year = 2026, .month = 3, .day = 5},
                                     {.year = 2026, .month = 3, .day = 4},
                                     {.year = 2026, .month = 3, .day = 3}};
    const NiloLabDate first = {.year = 2026, .month = 3, .day = 1};
    const NiloLabDate begun = {
        .year = 2026, .month = 3, .day = 3, .hour = 23, .minute = 59, .second = 32};
    g_autoptr(Bench) bench = bench_new(port, "2026-03-03T23:59:30", NULL);
    NiloLabEventReadout event;

    bench_start(bench);
    wait_for_second(bench, &begun); /* what had begun by then is held */
    set_clock_to(bench, &set);
    wait_for_midnight(bench, &midnights[0]);
    for (guint i = 0; i < G_N_ELEMENTS(midnights); i++)
        assert_frozen(bench, 0, 0xd300 + i, &midnights[i], BENCH_START_ML(0), ESTIMATED);
    assert_nothing_frozen(bench, 0, 0xd303);
    assert_frozen(bench, 0, 0xd200, &first, BENCH_START_ML(0), ESTIMATED);
    assert_nothing_frozen(bench, 0, 0xd201);
    g_assert_true(bench_find_event(bench, EVENT_STEPPED, &event));
}

/* midnight comes twice: the record of the first time stays, and there is no other */
static void
set_back(NiloLabCollectorPort port)
{
    const NiloLabDate set = {
        .year = 2026, .month = 3, .day = 3, .hour = 23, .minute = 59, .second = 57};
    const NiloLabDate midnight = {.year = 2026, .month = 3, .day = 4};
    const NiloLabDate before = {.year = 2026, .month = 3, .day = 3};
    const NiloLabDate later = {.year = 2026, .month = 3, .day = 4, .second = 2};
    g_autoptr(Bench) bench = bench_new(port, "2026-03-03T23:59:56", NULL);

    bench_start(bench);
    wait_for_second(bench, &later);
    assert_frozen(bench, 0, 0xd300, &midnight, BENCH_START_ML(0), 0);
    bench_pulse(bench, 0x01, 2, 0);
    bench_assert_counts(bench);
    set_clock_to(bench, &set);
    wait_for_second(bench, &later);
    assert_frozen(bench, 0, 0xd300, &midnight, BENCH_START_ML(0), 0);
    assert_frozen(bench, 0, 0xd301, &before, BENCH_START_ML(0), ESTIMATED);
    assert_nothing_frozen(bench, 0, 0xd302);
}

/* --- the clock is lost -------------------------------------------------------------------------
 */

static guint8
get_status(Bench *bench)
{
    NiloLabReadout readout;

    for (guint i = 0; i < TRIES; i++) {
        if (bench_try_cjt188(bench, 0, &readout))
            return readout.status;
    }
    g_error("channel 0 gives no readout");
}

/* its battery was empty while the power was off: counts are right, and nothing is frozen by a time
 * that nobody knows */
static void
lose_clock(NiloLabCollectorPort port)
{
    const NiloLabDate set = {.year = 2026, .month = 3, .day = 4, .hour = 6};
    const NiloLabDate midnight = {.year = 2026, .month = 3, .day = 4};
    const NiloLabDate before = {.year = 2026, .month = 3, .day = 3};
    const NiloLabDate begun = {.year = 2026, .month = 3, .day = 3, .hour = 20, .second = 2};
    g_autoptr(Bench) bench = bench_new(port, "2026-03-03T20:00:00", NULL);
    NiloLabEventReadout event;
    NiloLabDate shown;

    bench_start(bench);
    wait_for_second(bench, &begun);
    bench_pulse(bench, 0x01, 2, 0);
    bench_assert_counts(bench);
    bench_cut(bench);
    g_assert_true(
        nilo_lab_collector_make_trouble(bench->collector, NILO_LAB_TROUBLE_RTC_LOST, NULL));
    bench_start(bench);
    g_assert_cmpuint(get_status(bench) & STATUS_CLOCK_LOST, !=, 0);
    g_assert_true(nilo_lab_readout_get_clock(bench->master->answer, &shown));
    g_assert_cmpint(shown.year, ==, 0);
    bench_pulse(bench, 0x01, 1, 0);
    bench_assert_counts(bench);
    assert_frozen(bench, 0, 0xd300, &before, BENCH_START_ML(0), ESTIMATED);
    assert_nothing_frozen(bench, 0, 0xd301);

    set_clock_to(bench, &set);
    wait_for_midnight(bench, &midnight);
    g_assert_cmpuint(get_status(bench) & STATUS_CLOCK_LOST, ==, 0);
    assert_frozen(bench, 0, 0xd300, &midnight, bench_get_true_ml(bench, 0), ESTIMATED);
    assert_frozen(bench, 0, 0xd301, &before, BENCH_START_ML(0), ESTIMATED);
    assert_nothing_frozen(bench, 0, 0xd302);
    g_assert_true(bench_find_event(bench, EVENT_LOST, &event));
    g_assert_cmpuint(event.argument, >, 0); /* the last time it knew */
    g_assert_true(bench_find_event(bench, EVENT_STEPPED, &event));
}

/* while it runs it knows the time all the same, and gives it back to its clock */
static void
lose_clock_before_midnight(NiloLabCollectorPort port)
{
    const NiloLabDate midnight = {.year = 2026, .month = 2, .day = 1};
    const NiloLabDate later = {.year = 2026, .month = 2, .day = 1, .second = 2};
    g_autoptr(Bench) bench = bench_new(port, MIDNIGHT, NULL);

    bench_start(bench);
    g_assert_true(
        nilo_lab_collector_make_trouble(bench->collector, NILO_LAB_TROUBLE_RTC_LOST, NULL));
    wait_for_second(bench, &later);
    assert_frozen(bench, 0, 0xd300, &midnight, BENCH_START_ML(0), 0);
    g_assert_cmpuint(get_status(bench) & STATUS_CLOCK_LOST, ==, 0);
}

/* --- the power is lost -------------------------------------------------------------------------
 */

/* around 00:00:00; a day later again */
static void
cut_at_midnight(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    if (port == NILO_LAB_COLLECTOR_HOST)
        nilo_lab_collector_set_harsh(bench->collector, 3);
    for (gint day = 1; day <= CUTS; day++) {
        const NiloLabDate last = {
            .year = 2026, .month = 3, .day = day, .hour = 23, .minute = 59, .second = 59};
        const NiloLabDate before = {.year = 2026, .month = 3, .day = day};
        const NiloLabDate midnight = {.year = 2026, .month = 3, .day = day + 1};
        const NiloLabDate later = {.year = 2026, .month = 3, .day = day + 1, .second = 4};
        g_autofree char *evening = g_strdup_printf("2026-03-%02dT23:59:57", day);
        g_autofree char *night = g_strdup_printf("2026-03-%02dT00:00:02", day + 1);
        NiloLabFreezeReadout freeze;

        bench_start_at(bench, evening);
        wait_for_second(bench, &last);
        bench_wait_ms(bench, 800 + nilo_lab_random_below(&bench->random, 400));
        bench_start_at(bench, night);
        wait_for_second(bench, &later);
        assert_frozen(bench, 0, 0xd300, &midnight, bench_get_true_ml(bench, 0), 0);
        g_assert_true(bench_read_freeze(bench, 0, 0xd301, &freeze));
        g_assert_cmpint(nilo_lab_date_to_seconds(&freeze.time), ==,
                        nilo_lab_date_to_seconds(&before));
        bench_pulse(bench, 0x01, 1, 0);
        bench_assert_counts(bench);
    }
}

static const Scenario scenarios[] = {
    {"calendar/freeze-at-midnight", freeze_at_midnight},
    {"calendar/corners", turn_corners},
    {"calendar/by-order", freeze_by_order},
    {"calendar/set-clock", set_clock},
    {"calendar/set-ahead", set_ahead},
    {"calendar/set-back", set_back},
    {"calendar/lost", lose_clock},
    {"calendar/lost-before-midnight", lose_clock_before_midnight},
    {"calendar/cut-at-midnight", cut_at_midnight},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bench_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
