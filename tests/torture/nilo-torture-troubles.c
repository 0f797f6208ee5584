/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-collector.h"

#define BACK_US        (5 * G_USEC_PER_SEC)
#define EVENT_STARTED  1
#define CAUSE_MASK     0xff
#define CAUSE_WATCHDOG 2
#define CAUSE_FAULT    3

static const struct {
    NiloLabTrouble trouble;
    guint cause;
} kinds[] = {
    {NILO_LAB_TROUBLE_HANG_MAIN, CAUSE_WATCHDOG},
    {NILO_LAB_TROUBLE_HANG_ISR, CAUSE_WATCHDOG},
    {NILO_LAB_TROUBLE_FAULT, CAUSE_FAULT},
};

static void
judge(Bench *bench, guint cause, NiloTortureTroubles *troubles)
{
    const gint64 taken_us = bench_wait_back(bench);
    NiloLabEventReadout event;

    troubles->longest_us = MAX(troubles->longest_us, taken_us);
    troubles->late += taken_us > BACK_US;
    if (!bench_find_event(bench, EVENT_STARTED, &event) || (event.argument & CAUSE_MASK) != cause)
        troubles->unexplained++;
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        troubles->wrong += bench_read_mbus(bench, i) != bench_get_true_ml(bench, i);
}

/**
 * nilo_torture_trouble:
 * @port: which collector
 * @n: so often
 * @troubles: (out caller-allocates): what came of it
 *
 * Its main loop hangs, an interrupt hangs, or it faults, in turn; a process only knows the first.
 */
void
nilo_torture_trouble(NiloLabCollectorPort port, guint n, NiloTortureTroubles *troubles)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    *troubles = (NiloTortureTroubles){.troubles = 0};
    bench_start(bench);
    for (; troubles->troubles < n; troubles->troubles++) {
        const guint kind =
            port == NILO_LAB_COLLECTOR_QEMU ? troubles->troubles % G_N_ELEMENTS(kinds) : 0;
        g_autoptr(GError) error = NULL;

        bench_pulse(bench, BENCH_ALL, 1, 0);
        bench_wait_ms(bench, 300); /* until it is stored */
        nilo_lab_collector_make_trouble(bench->collector, kinds[kind].trouble, &error);
        g_assert_no_error(error);
        judge(bench, kinds[kind].cause, troubles);
        bench_wait_ms(bench, BENCH_HOLD_MS); /* the levels of the pins are back, too */
    }
}
