/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-collector.h"

#include <stdlib.h>
#include <string.h>

#define TRIES       5
#define IN_A_ROW    50 /* in one protocol: between two there is a rest */
#define PATIENCE_MS 600

static gint
compare_times(gconstpointer a, gconstpointer b)
{
    const gint64 x = *(const gint64 *)a;
    const gint64 y = *(const gint64 *)b;

    return x < y ? -1 : x > y;
}

static gboolean
ask(Bench *bench, guint i, NiloLabReadout *readout)
{
    return i / IN_A_ROW % 2 == 0 ? bench_try_mbus(bench, i % BENCH_CHANNELS, readout)
                                 : bench_try_cjt188(bench, i % BENCH_CHANNELS, readout);
}

static void
poll_once(Bench *bench, guint i, NiloTorturePolls *polls, GArray *times)
{
    for (guint try = 0; try < TRIES; try++) {
        NiloLabReadout readout;
        gint64 taken_us;

        if (!ask(bench, i, &readout))
            continue;
        taken_us = bench->master->first_byte_ns / 1000;
        g_array_append_val(times, taken_us);
        polls->late += try > 0;
        polls->wrong += !readout.has_volume ||
                        readout.volume_ml != bench_get_true_ml(bench, i % BENCH_CHANNELS);
        return;
    }
    polls->lost++;
}

/**
 * nilo_torture_poll:
 * @port: which collector
 * @n: polls, of all channels in turn, in both protocols
 * @polls: (out caller-allocates): what came of it
 */
void
nilo_torture_poll(NiloLabCollectorPort port, guint n, NiloTorturePolls *polls)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));

    memset(polls, 0, sizeof *polls);
    bench_start(bench);
    bench->master->patience_ms = PATIENCE_MS;
    bench_wait_ms(bench, 100);
    g_array_set_size(nilo_lab_collector_get_driver_changes(bench->collector), 0);
    for (; polls->polls < n; polls->polls++)
        poll_once(bench, polls->polls, polls, times);
    bench_wait_ms(bench, 100);
    polls->driver_changes = nilo_lab_collector_get_driver_changes(bench->collector)->len;
    g_array_sort(times, compare_times);
    if (times->len == 0)
        return;
    polls->median_us = g_array_index(times, gint64, times->len / 2);
    polls->worst_us = g_array_index(times, gint64, times->len - 1);
}
