/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-collector.h"

#define SILENCE_US (300 * G_USEC_PER_SEC)
#define LATEST_US  (320 * G_USEC_PER_SEC)
#define LOOK_MS    100
#define POLLS      4

/* Returns: microseconds until it was back; more than %LATEST_US: it never was */
static gint64
wait_for_fall(Bench *bench)
{
    const gint64 begin_us = g_get_monotonic_time();

    while (!bench_is_at_speed(bench, 2400) && g_get_monotonic_time() - begin_us <= LATEST_US)
        bench_wait_ms(bench, LOOK_MS);
    return g_get_monotonic_time() - begin_us;
}

static gboolean
is_readable(Bench *bench)
{
    for (guint i = 0; i < POLLS; i++) {
        NiloLabReadout readout;

        if (bench_try_mbus(bench, 0, &readout))
            return readout.has_volume && readout.volume_ml == bench_get_true_ml(bench, 0);
    }
    return FALSE;
}

/**
 * nilo_torture_fall_back:
 * @port: which collector
 * @n: so often
 * @changes: (out caller-allocates): what came of it
 *
 * Orders another speed, and nobody follows: five minutes, as long as they are.
 */
void
nilo_torture_fall_back(NiloLabCollectorPort port, guint n, NiloTortureFallBacks *changes)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    *changes = (NiloTortureFallBacks){.first_us = G_MAXINT64};
    bench_start(bench);
    for (; changes->changes < n; changes->changes++) {
        gint64 taken_us;

        bench_switch_to_9600(bench);
        taken_us = wait_for_fall(bench);
        changes->first_us = MIN(changes->first_us, taken_us);
        changes->last_us = MAX(changes->last_us, taken_us);
        changes->early += taken_us + LOOK_MS * 1000 < SILENCE_US || taken_us > LATEST_US;
        changes->unreadable += !is_readable(bench);
    }
}
