/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-collector.h"

#include <string.h>

/**
 * nilo_torture_rest_on_edge:
 * @port: which collector
 * @seconds: for so long
 * @seed: of the trembling
 * @edge: (out caller-allocates): what came of it
 *
 * Magnets stop where their reeds are about to open, all eight at once.
 */
void
nilo_torture_rest_on_edge(NiloLabCollectorPort port, guint seconds, guint32 seed,
                          NiloTortureEdge *edge)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    *edge = (NiloTortureEdge){.seconds = seconds};
    nilo_lab_random_init(&bench->random, seed);
    bench_start(bench);
    edge->moves = bench_rest_on_edge(bench, BENCH_ALL, seconds * 1000);
    bench_wait_ms(bench, 500); /* until it is stored */
    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        const gint64 off_ml = bench_read_cjt188(bench, i) - bench_get_true_ml(bench, i);

        edge->off = MAX(edge->off, (guint)(ABS(off_ml) / BENCH_ML_PER_PULSE));
        edge->doubtful = MAX(edge->doubtful, (guint)bench->doubtful[i]);
        edge->wrong += (guint64)(ABS(off_ml) / BENCH_ML_PER_PULSE) > bench->doubtful[i];
    }
}
