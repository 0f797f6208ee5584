/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-collector.h"

#include <string.h>

#define SECONDS_PER_FAULT 40
#define SECONDS_TO_BEGIN  60

static void
add(NiloCollectorFaultResult *sum, const NiloCollectorFaultResult *one)
{
    sum->happened += one->happened;
    sum->least += one->least;
    sum->reads += one->reads;
    sum->right += one->right;
    sum->failed += one->failed;
    sum->flagged += one->flagged;
    sum->harmed += one->harmed;
    sum->through += one->through;
    sum->uncounted += one->uncounted;
    sum->missing += one->missing;
    sum->wrong += one->wrong;
}

/**
 * nilo_torture_faults:
 * @port: which collectors
 * @rounds: in each every fault happens once
 * @seed: of the faults; each round has chance of its own
 * @results: (array) (out caller-allocates): for each of the nilo_collector_faults_count() faults
 *   what came of it in all rounds
 *
 * nilometerd reads collectors and meters on wires with one fault after the other.
 */
void
nilo_torture_faults(NiloLabCollectorPort port, guint rounds, guint32 seed,
                    NiloCollectorFaultResult *results)
{
    const guint n = nilo_collector_faults_count();
    g_autoptr(NiloCollectorFaults) building =
        nilo_collector_faults_new(port, seed, SECONDS_TO_BEGIN + rounds * n * SECONDS_PER_FAULT);

    memset(results, 0, n * sizeof *results);
    for (guint i = 0; i < rounds * n; i++) {
        NiloCollectorFaultResult one;

        nilo_collector_faults_run(building, i % n, &one);
        add(&results[i % n], &one);
    }
}
