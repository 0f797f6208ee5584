/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What goes wrong inside a collector, on the host's process and on the image in QEMU: it comes back
 * by itself, nothing that was told is lost, and its event log says why.
 */
#include "nilo-collector-bench.h"

#define EVENT_STARTED      1
#define EVENT_STORE_FAILED 11
#define EVENT_BATTERY      13
#define STATUS_BATTERY     0x04
#define STATUS_NOT_STORED  0x08
#define TRIES              6
#define CAUSE_MASK         0xff
#define CAUSE_WATCHDOG     2
#define CAUSE_FAULT        3
#define CAUSE_ORDER        4
#define N_CHANGED          3
#define GONE_MS            1500

/* --- the part ----------------------------------------------------------------------------------
 */

static void
come_back(NiloLabCollectorPort port, NiloLabTrouble trouble, guint cause)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    g_autoptr(GError) error = NULL;
    NiloLabEventReadout event;
    gint64 taken_us;

    bench_start(bench);
    bench_pulse(bench, BENCH_ALL, 2, 2);
    bench_assert_counts(bench);
    if (!nilo_lab_collector_make_trouble(bench->collector, trouble, &error)) {
        g_test_skip(error->message);
        return;
    }
    taken_us = bench_wait_back(bench);
    g_test_message("back after %" G_GINT64_FORMAT " ms", taken_us / 1000);
    bench_wait_ms(bench, 200); /* the levels of the pins are back, too */
    bench_assert_counts(bench);
    g_assert_true(bench_find_event(bench, EVENT_STARTED, &event));
    g_assert_cmpuint(event.argument & CAUSE_MASK, ==, cause);
    bench_pulse(bench, BENCH_ALL, 2, 2);
    bench_assert_counts(bench);
}

static void
come_back_from_main(NiloLabCollectorPort port)
{
    come_back(port, NILO_LAB_TROUBLE_HANG_MAIN, CAUSE_WATCHDOG);
}

static void
come_back_from_isr(NiloLabCollectorPort port)
{
    come_back(port, NILO_LAB_TROUBLE_HANG_ISR, CAUSE_WATCHDOG);
}

static void
come_back_from_fault(NiloLabCollectorPort port)
{
    come_back(port, NILO_LAB_TROUBLE_FAULT, CAUSE_FAULT);
}

/* --- the wires to EEPROM and clock -------------------------------------------------------------
 */

static void
make_trouble(Bench *bench, NiloLabTrouble trouble)
{
    g_autoptr(GError) error = NULL;

    nilo_lab_collector_make_trouble(bench->collector, trouble, &error);
    g_assert_no_error(error);
}

/* a part that was cut off in a byte holds the line until it has been clocked to its end */
static void
free_held_line(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    bench_start(bench);
    for (guint i = 0; i < N_CHANGED; i++) {
        make_trouble(bench, NILO_LAB_TROUBLE_I2C_HELD);
        bench_pulse(bench, BENCH_ALL, 1, 0);
        bench_assert_counts(bench);
    }
}

/* What cannot be stored is not told, and the loop does not hang on it; when the part answers again
 * nothing is missing. */
static void
tell_only_stored(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    NiloLabEventReadout event;
    NiloLabReadout readout;
    gint64 before_ml;

    bench_start(bench);
    bench_pulse(bench, 0x01, 2, 0);
    bench_assert_counts(bench);
    g_assert_false(bench_find_event(bench, EVENT_STORE_FAILED, &event));
    before_ml = bench_get_true_ml(bench, 0);
    make_trouble(bench, NILO_LAB_TROUBLE_I2C_STUCK);
    bench_pulse(bench, 0x01, N_CHANGED, 0);
    bench_wait_ms(bench, 1000);
    g_assert_true(bench_try_mbus(bench, 0, &readout));
    g_assert_cmpint(readout.volume_ml, ==, before_ml);
    make_trouble(bench, NILO_LAB_TROUBLE_NONE);
    bench_assert_counts(bench);
    g_assert_true(bench_find_event(bench, EVENT_STORE_FAILED, &event));
}

/* no number, no count, no settings: it is silent rather than wrong until it has read them */
static void
start_without_store(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    g_autoptr(GError) error = NULL;
    NiloLabEventReadout event;
    gint64 begin_us;

    bench_start(bench);
    bench_pulse(bench, BENCH_ALL, 2, 0);
    bench_assert_counts(bench);
    bench_cut(bench);
    make_trouble(bench, NILO_LAB_TROUBLE_I2C_STUCK);
    nilo_lab_collector_start(bench->collector, &error);
    g_assert_no_error(error);
    begin_us = g_get_monotonic_time();
    while (g_get_monotonic_time() < begin_us + GONE_MS * 1000) {
        NiloLabReadout readout;

        for (guint i = 0; i < BENCH_CHANNELS; i++)
            g_assert_false(bench_try_mbus(bench, i, &readout) && readout.has_volume);
    }
    make_trouble(bench, NILO_LAB_TROUBLE_NONE);
    bench_wait_back(bench);
    bench_wait_ms(bench, 200);
    bench_assert_counts(bench);
    g_assert_true(bench_find_event(bench, EVENT_STARTED, &event));
    g_assert_cmpuint(event.argument & CAUSE_MASK, ==, CAUSE_ORDER);
}

/* --- the battery -------------------------------------------------------------------------------
 */

static void
set_battery(Bench *bench, guint battery_mv)
{
    g_autoptr(GError) error = NULL;

    nilo_lab_collector_set_battery(bench->collector, battery_mv, &error);
    g_assert_no_error(error);
    /* it is measured once a minute */
    nilo_lab_collector_pass_time(bench->collector, 60000, &error);
    g_assert_no_error(error);
    bench_wait_ms(bench, 1200);
}

static guint8
get_status(Bench *bench)
{
    NiloLabReadout readout;

    for (guint i = 0; i < TRIES; i++) {
        if (bench_try_mbus(bench, 0, &readout))
            return readout.status & (STATUS_BATTERY | STATUS_NOT_STORED);
    }
    g_error("channel 0 gives no readout");
}

/* A write that the voltage no longer carries could damage what is there: nothing is written, and
 * nothing told that is not; a new battery ends it. */
static void
live_on_weak_battery(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    NiloLabEventReadout event;
    gint64 before_ml;

    bench_start(bench);
    g_assert_cmpuint(get_status(bench), ==, 0);
    set_battery(bench, 2900);
    g_assert_cmpuint(get_status(bench), ==, STATUS_BATTERY);
    g_assert_true(bench_find_event(bench, EVENT_BATTERY, &event));
    g_assert_cmpuint(event.argument, ==, 2900);
    bench_pulse(bench, BENCH_ALL, 2, 0);
    bench_assert_counts(bench);

    before_ml = bench_get_true_ml(bench, 0);
    set_battery(bench, 2400);
    bench_pulse(bench, 0x01, N_CHANGED, 0);
    bench_wait_ms(bench, 1000);
    g_assert_cmpuint(get_status(bench), ==, STATUS_BATTERY | STATUS_NOT_STORED);
    g_assert_cmpint(bench_read_mbus(bench, 0), ==, before_ml);

    set_battery(bench, 3600);
    bench_assert_counts(bench);
    g_assert_cmpuint(get_status(bench), ==, 0);
}

static const Scenario scenarios[] = {
    {"trouble/main-loop-hangs", come_back_from_main},
    {"trouble/interrupt-hangs", come_back_from_isr},
    {"trouble/fault", come_back_from_fault},
    {"trouble/held-data-line", free_held_line},
    {"trouble/tell-only-stored", tell_only_stored},
    {"trouble/start-without-store", start_without_store},
    {"trouble/weak-battery", live_on_weak_battery},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bench_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
