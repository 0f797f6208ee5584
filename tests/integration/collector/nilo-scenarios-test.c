/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One function per thing that happens to a collector, run on the host's process and on the image in
 * QEMU. What it says is read by a master and a decoder that share no line with the firmware.
 */
#include "nilo-collector-bench.h"

#include <string.h>
#include <unistd.h>

#define CTR_WRITE         0x04
#define CTR_READ          0x01
#define CTR_WRITE_ADDRESS 0x15
#define MIDNIGHT          "2026-01-31T23:59:56"
#define MAX_BURSTS        60  /* three at each of six speeds, and what is heard late */
#define BURST_MS          200 /* quiet behind a burst: the collector takes 75 ms for its end */
#define STATUS_TAMPER     0x01
#define STATUS_NOT_STORED 0x04

/* --- pulses ------------------------------------------------------------------------------------
 */

static void
count_clean(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    bench_start(bench);
    bench_pulse(bench, BENCH_ALL, 5, 0);
    bench_pulse(bench, 0x05, 3, 0);
    bench_assert_counts(bench);
}

static void
count_bounces(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    bench_start(bench);
    for (guint i = 0; i < 4; i++)
        bench_pulse(bench, 0x11u << i, 2, 1 + i);
    bench_pulse(bench, 0xff, 2, 8);
    bench_assert_counts(bench);
}

/* far below what a reed needs: on the way in, a cable picks such things up */
static void
count_no_spikes(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    bench_start(bench);
    for (guint i = 0; i < 20; i++) {
        bench_move(bench, 0x01, FALSE, 1);
        bench_wait_ms(bench, 50);
    }
    bench_pulse(bench, 0x01, 2, 0);
    bench_assert_counts(bench);
}

/* a magnet stopped right at the reed, with the power gone: nothing counts until a whole pulse */
static void
count_closed_at_start(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    bench_move(bench, 0x05, TRUE, 0);
    bench_start(bench);
    bench_wait_ms(bench, 300);
    bench_assert_counts(bench);
    bench_move(bench, 0x05, FALSE, 3);
    bench_wait_ms(bench, BENCH_HOLD_MS);
    bench_assert_counts(bench);
    bench_pulse(bench, 0x05, 2, 3);
    bench_assert_counts(bench);
}

static void
count_slow_magnet(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    bench_start(bench);
    bench_move(bench, 0x0f, TRUE, 5);
    bench_wait_ms(bench, 1500);
    bench_move(bench, 0x0f, FALSE, 5);
    bench_wait_ms(bench, 500);
    for (guint i = 0; i < 4; i++)
        bench->given[i]++;
    bench_assert_counts(bench);
}

/* --- power -------------------------------------------------------------------------------------
 */

static void
keep_over_cut(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    bench_start(bench);
    for (guint i = 0; i < 3; i++) {
        bench_pulse(bench, BENCH_ALL, 2, 2);
        bench_assert_counts(bench);
        bench_restart(bench);
        bench_assert_counts(bench);
    }
}

/* what was never reported may be lost, one pulse of it; what was may not */
static void
cut_in_pulse(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    gint64 told_ml, after_ml;

    bench_start(bench);
    for (guint i = 0; i < 4; i++) {
        bench_pulse(bench, 0x01, 1, 0);
        told_ml = bench_read_cjt188(bench, 0);
        bench_move(bench, 0x01, TRUE, 0);
        bench_wait_ms(bench, BENCH_HOLD_MS);
        bench_move(bench, 0x01, FALSE, 0);
        bench_wait_ms(bench, BENCH_FILTER_MS - 15 + 8 * i);
        bench_restart(bench);
        bench->given[0]++;
        after_ml = bench_read_cjt188(bench, 0);
        g_assert_cmpint(after_ml, >=, told_ml);
        g_assert_cmpint(after_ml, <=, bench_get_true_ml(bench, 0));
        g_assert_cmpint(after_ml, >=, bench_get_true_ml(bench, 0) - BENCH_ML_PER_PULSE);
        bench->given[0] = (guint64)((after_ml - BENCH_START_ML(0)) / BENCH_ML_PER_PULSE);
    }
}

/* --- the calendar ------------------------------------------------------------------------------
 */

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
assert_frozen(Bench *bench, guint channel, guint di, const NiloLabDate *date, gint64 volume_ml)
{
    NiloLabFreezeReadout freeze;

    g_assert_true(bench_read_freeze(bench, channel, di, &freeze));
    g_assert_cmpint(nilo_lab_date_to_seconds(&freeze.time), ==, nilo_lab_date_to_seconds(date));
    g_assert_true(freeze.has_volume);
    g_assert_cmpint(freeze.volume_ml, ==, volume_ml);
    g_assert_cmpint(freeze.flags, ==, 0);
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
        assert_frozen(bench, i, 0xd300, &midnight, then_ml[i]);
        assert_frozen(bench, i, 0xd200, &midnight, then_ml[i]);
    }
    /* the clock of QEMU is what its command line says: after the cut it is before midnight again,
     * and the day that is frozen stays frozen */
    bench_restart(bench);
    wait_for_second(bench, &later);
    for (guint i = 0; i < 3; i++)
        assert_frozen(bench, i, 0xd300, &midnight, then_ml[i]);
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

/* --- addresses ---------------------------------------------------------------------------------
 */

static void
set_number(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    NiloLabReadout readout;

    bench_start(bench);
    g_assert_true(bench_ask_cjt188(bench, 4, CTR_WRITE_ADDRESS, "A018 05 99 88 77 66 55 44 33"));
    bench_restart(bench);
    nilo_lab_test_master_cjt188(bench->master, "33445566778899", CTR_READ, "901F 06");
    g_assert_true(nilo_lab_readout_from_cjt188(bench->master->answer, &readout));
    g_assert_cmpuint(readout.id, ==, 33445566778899);
    g_assert_cmpint(readout.volume_ml, ==, BENCH_START_ML(4));
    /* its M-Bus identification is the same number's */
    g_assert_true(bench_try_mbus(bench, 4, &readout));
    g_assert_cmpuint(readout.id, ==, 66778899);
    g_assert_false(bench_try_cjt188(bench, 4, &readout));
}

static void
keep_silent(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    static const char *const requests[] = {
        "10 5B 01 5D 16",                                        /* checksum */
        "10 5B 77 D2 16",                                        /* nobody's address */
        "10 5B 01 5C 17",                                        /* no end */
        "FE FE 68 10 01 00 05 26 00 01 33 01 03 90 1F 01 8A 16", /* checksum */
        "FE FE 68 10 09 00 05 26 00 01 33 01 03 90 1F 01 92 16", /* nobody's address */
        "68 03 04 68 53 01 50 A4 16",                            /* two lengths */
    };

    bench_start(bench);
    bench->master->patience_ms = 400;
    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        nilo_lab_test_master_send_hex(bench->master, requests[i]);
        g_assert_cmpuint(bench->master->answer->len, ==, 0);
    }
    bench->master->patience_ms = 1500;
    bench_assert_counts(bench);
}

/* M-Bus, CI BD: 9600 Bd; the divisors of the part say what it really does */
static void
switch_speed(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    gboolean even = FALSE;
    guint speed_baud = 0;

    bench_start(bench);
    g_assert_true(
        nilo_lab_collector_get_line(bench->collector, NILO_LAB_LINE_BUS, &speed_baud, &even, NULL));
    g_assert_cmpuint(ABS((gint)speed_baud - 2400), <=, 24);
    g_assert_true(even);
    nilo_lab_test_master_long(bench->master, 0x53, 1, 0xbd, "");
    g_assert_true(nilo_lab_test_master_heard_ack(bench->master));
    bench_read_mbus(bench, 0);
    g_assert_true(
        nilo_lab_collector_get_line(bench->collector, NILO_LAB_LINE_BUS, &speed_baud, &even, NULL));
    g_assert_cmpuint(ABS((gint)speed_baud - 9600), <=, 96);
    bench_assert_counts(bench);
}

/* the divisor registers in QEMU, within the 1 % that they are exact to */
static gboolean
is_at_speed(Bench *bench, guint wanted_baud)
{
    gboolean even = FALSE;
    guint speed_baud = 0;

    return nilo_lab_collector_get_line(bench->collector, NILO_LAB_LINE_BUS, &speed_baud, &even,
                                       NULL) &&
           ABS((gint)speed_baud - (gint)wanted_baud) * 100 <= (gint)wanted_baud;
}

/* A master that talks at a speed of its own is rubbish at any other. A collector that has heard
 * nothing sound since its start tries them all, and stays where it hears a sound frame. */
static void
find_speed(NiloLabCollectorPort port)
{
    static const guint speeds_baud[] = {300, 600, 1200, 4800, 9600};
    static const guint8 rubbish[] = {0xf3, 0x9a, 0x3c, 0x80, 0xe7, 0x1d};
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(speeds_baud); i++) {
        g_autoptr(GError) error = NULL;
        int fd;

        nilo_lab_collector_start(bench->collector, &error);
        g_assert_no_error(error);
        fd = nilo_lab_collector_get_line_fd(bench->collector, NILO_LAB_LINE_BUS);
        for (guint n = 0; n < MAX_BURSTS && !is_at_speed(bench, speeds_baud[i]); n++) {
            g_assert_cmpint(write(fd, rubbish, sizeof rubbish), ==, sizeof rubbish);
            bench_wait_ms(bench, BURST_MS);
        }
        g_assert_true(is_at_speed(bench, speeds_baud[i]));
        bench_read_mbus(bench, 0);
        g_assert_true(is_at_speed(bench, speeds_baud[i]));
        bench_cut(bench);
    }
}

/* --- trouble -----------------------------------------------------------------------------------
 */

static void
come_back(NiloLabCollectorPort port, NiloLabTrouble trouble)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    g_autoptr(GError) error = NULL;
    NiloLabReadout readout;
    gint64 begin_us;

    bench_start(bench);
    bench_pulse(bench, BENCH_ALL, 2, 2);
    bench_assert_counts(bench);
    if (!nilo_lab_collector_make_trouble(bench->collector, trouble, &error)) {
        g_test_skip(error->message);
        return;
    }
    begin_us = g_get_monotonic_time();
    bench_wait_ms(bench, 100);
    while (!bench_try_cjt188(bench, 0, &readout))
        g_assert_cmpint(g_get_monotonic_time() - begin_us, <, 20 * G_USEC_PER_SEC);
    g_test_message("back after %" G_GINT64_FORMAT " ms",
                   (g_get_monotonic_time() - begin_us) / 1000);
    bench_wait_ms(bench, 200); /* the levels of the pins are back, too */
    bench_assert_counts(bench);
    bench_pulse(bench, BENCH_ALL, 2, 2);
    bench_assert_counts(bench);
}

static void
come_back_from_main(NiloLabCollectorPort port)
{
    come_back(port, NILO_LAB_TROUBLE_HANG_MAIN);
}

static void
come_back_from_isr(NiloLabCollectorPort port)
{
    come_back(port, NILO_LAB_TROUBLE_HANG_ISR);
}

static void
come_back_from_fault(NiloLabCollectorPort port)
{
    come_back(port, NILO_LAB_TROUBLE_FAULT);
}

/* what cannot be stored is not told; when the part answers again nothing is missing */
static void
tell_only_stored(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    NiloLabReadout readout;
    gint64 before_ml;

    bench_start(bench);
    bench_pulse(bench, 0x01, 2, 0);
    bench_assert_counts(bench);
    before_ml = bench_get_true_ml(bench, 0);
    g_assert_true(
        nilo_lab_collector_make_trouble(bench->collector, NILO_LAB_TROUBLE_I2C_STUCK, NULL));
    bench_pulse(bench, 0x01, 3, 0);
    bench_wait_ms(bench, 1000);
    g_assert_true(bench_try_mbus(bench, 0, &readout));
    g_assert_cmpint(readout.volume_ml, ==, before_ml);
    g_assert_true(nilo_lab_collector_make_trouble(bench->collector, NILO_LAB_TROUBLE_NONE, NULL));
    bench_assert_counts(bench);
}

/* --- the driver of the line --------------------------------------------------------------------
 */

/* DE is up for exactly the answers: as often up as down, never up between two requests */
static void
drive_only_answers(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    GArray *changes;
    guint before;

    if (port != NILO_LAB_COLLECTOR_QEMU) {
        g_test_skip("a process has no driver to watch");
        return;
    }
    bench_start(bench);
    bench_wait_ms(bench, 100);
    changes = nilo_lab_collector_get_driver_changes(bench->collector);
    before = changes->len;
    for (guint i = 0; i < 20; i++) {
        NiloLabReadout readout;

        g_assert_true(i % 2 == 0 ? bench_try_mbus(bench, i % 8, &readout)
                                 : bench_try_cjt188(bench, i % 8, &readout));
    }
    nilo_lab_test_master_send_hex(bench->master, "10 5B 77 D2 16");
    bench_wait_ms(bench, 100);
    g_assert_cmpuint(changes->len - before, ==, 2 * 20);
    for (guint i = before; i < changes->len; i++)
        g_assert_cmpint(g_array_index(changes, NiloLabDriverChange, i).enabled, ==,
                        (i - before) % 2 == 0);
}

static const Scenario scenarios[] = {
    {"count/clean", count_clean},
    {"count/bounces", count_bounces},
    {"count/no-spikes", count_no_spikes},
    {"count/closed-at-start", count_closed_at_start},
    {"count/slow-magnet", count_slow_magnet},
    {"power/keep-over-cut", keep_over_cut},
    {"power/cut-in-pulse", cut_in_pulse},
    {"calendar/freeze-at-midnight", freeze_at_midnight},
    {"calendar/set-clock", set_clock},
    {"address/set-number", set_number},
    {"address/keep-silent", keep_silent},
    {"line/switch-speed", switch_speed},
    {"line/find-speed", find_speed},
    {"line/drive-only-answers", drive_only_answers},
    {"trouble/main-loop-hangs", come_back_from_main},
    {"trouble/interrupt-hangs", come_back_from_isr},
    {"trouble/fault", come_back_from_fault},
    {"trouble/tell-only-stored", tell_only_stored},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bench_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
