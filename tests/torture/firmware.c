/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * firmware [--cuts N] [--host-cuts N] [--polls N] [--host-polls N] [--noise N] [--host-noise N]
 *          [--edge SECONDS] [--host-edge SECONDS] [--troubles N] [--host-troubles N]
 *          [--fall-backs N] [--host-fall-backs N] [--faults N] [--host-faults N] [--seed N]
 *
 * The collector's real firmware, in QEMU and as a process. Its power is cut at random moments, in
 * its start, in a pulse and aimed at the write of one; pages in flight are torn. After each cut it
 * may not have gone back behind what it told, nor invented anything, and of each input at most the
 * one pulse in flight may be missing. It is polled, and no poll may be lost. nilometerd reads it
 * over lines where 3000 bytes of a million are hit: no wrong value may be taken for a right one.
 * Magnets rest at the edge of its reeds and count once. It hangs and faults, is back within five
 * seconds and says why. It is ordered to a speed at which nobody asks, and comes back by itself. It
 * hangs on lines with one fault after the other, and is back within four polls.
 *
 * Ends with 1 when something of that did not hold, with 77 when nothing could be run.
 */
#include <stdio.h>
#include <stdlib.h>

#include "nilo-torture-collector.h"

#define EXIT_SKIP 77

static const char *
get_name(NiloLabCollectorPort port)
{
    return port == NILO_LAB_COLLECTOR_QEMU ? "qemu" : "host";
}

static gboolean
run_cuts(NiloLabCollectorPort port, guint n, guint32 seed)
{
    NiloTortureCuts cuts;
    const gint64 begin_us = g_get_monotonic_time();

    nilo_torture_cut(port, n, seed, &cuts);
    printf("%s: power cuts                       %8u\n", get_name(port), cuts.cuts);
    printf("  aimed at a write                     %8u\n", cuts.aimed);
    printf("  in the start                         %8u\n", cuts.in_start);
    printf("  pages torn afterwards                %8u\n", cuts.torn);
    printf("  pulses given                         %8" G_GUINT64_FORMAT "\n", cuts.pulses);
    printf("  readings                             %8" G_GUINT64_FORMAT "\n", cuts.reads);
    printf("  pulses lost that nobody was told of  %8" G_GUINT64_FORMAT "\n", cuts.lost);
    printf("  of one input in one cut, at most     %8u\n", cuts.lost_at_most);
    printf("  readings that went backwards         %8u\n", cuts.backwards);
    printf("  readings that invented a pulse       %8u\n", cuts.invented);
    printf("  inputs that lost more than one       %8u\n", cuts.too_many_lost);
    printf("  seconds                              %8.1f\n",
           (double)(g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC);
    return cuts.backwards == 0 && cuts.invented == 0 && cuts.too_many_lost == 0;
}

static gboolean
run_polls(NiloLabCollectorPort port, guint n, guint32 seed)
{
    NiloTorturePolls polls;

    nilo_torture_poll(port, n, &polls);
    printf("%s: polls                            %8u\n", get_name(port), polls.polls);
    printf("  first byte of an answer, median      %8.2f ms\n", (double)polls.median_us / 1000);
    printf("  first byte of an answer, worst       %8.2f ms\n", (double)polls.worst_us / 1000);
    if (port == NILO_LAB_COLLECTOR_QEMU)
        printf("  times the line's driver was enabled  %8u\n", polls.driver_changes / 2);
    printf("  asked again, the machine being busy  %8u\n", polls.late);
    printf("  wrong                                %8u\n", polls.wrong);
    printf("  lost                                 %8u\n", polls.lost);
    return polls.wrong == 0 && polls.lost == 0 && polls.driver_changes % 2 == 0;
}

static gboolean
run_edge(NiloLabCollectorPort port, guint n, guint32 seed)
{
    NiloTortureEdge edge;

    nilo_torture_rest_on_edge(port, n, seed, &edge);
    printf("%s: seconds at the edge of eight reeds %6u\n", get_name(port), edge.seconds);
    printf("  they opened or closed                %8u\n", edge.moves);
    printf("  held up by this machine              %8u\n", edge.doubtful);
    printf("  off from one pulse, at most by       %8u\n", edge.off);
    printf("  inputs off by more than the doubt    %8u\n", edge.wrong);
    return edge.wrong == 0;
}

static gboolean
run_troubles(NiloLabCollectorPort port, guint n, guint32 seed)
{
    NiloTortureTroubles troubles;

    nilo_torture_trouble(port, n, &troubles);
    printf("%s: hangs and faults                 %8u\n", get_name(port), troubles.troubles);
    printf("  answering again, at the latest after %8.2f s\n",
           (double)troubles.longest_us / G_USEC_PER_SEC);
    printf("  later than 5 s                       %8u\n", troubles.late);
    printf("  without the right cause in the log   %8u\n", troubles.unexplained);
    printf("  counters not as they were            %8u\n", troubles.wrong);
    return troubles.late == 0 && troubles.unexplained == 0 && troubles.wrong == 0;
}

static gboolean
run_fall_backs(NiloLabCollectorPort port, guint n, guint32 seed)
{
    NiloTortureFallBacks changes;

    nilo_torture_fall_back(port, n, &changes);
    printf("%s: speeds that nobody followed      %8u\n", get_name(port), changes.changes);
    printf("  fell back, at the soonest after      %8.1f s\n",
           (double)changes.first_us / G_USEC_PER_SEC);
    printf("  fell back, at the latest after       %8.1f s\n",
           (double)changes.last_us / G_USEC_PER_SEC);
    printf("  too early, or not at all             %8u\n", changes.early);
    printf("  not read within four polls then      %8u\n", changes.unreadable);
    return changes.early == 0 && changes.unreadable == 0;
}

static gboolean
run_noise(NiloLabCollectorPort port, guint n, guint32 seed)
{
    NiloTortureNoise noise;

    nilo_torture_noise(port, n, seed, &noise);
    printf("%s: reads with 0.3 %% bytes hit       %8u\n", get_name(port), noise.reads);
    printf("  right                                %8u\n", noise.right);
    printf("  without a value, and said so         %8u\n", noise.failed);
    printf("  flagged                              %8u\n", noise.flagged);
    printf("  not right in the end                 %8u\n", noise.missing);
    printf("  wrong values accepted unflagged      %8u\n", noise.wrong);
    return noise.missing == 0 && noise.wrong == 0;
}

static gboolean
run_faults(NiloLabCollectorPort port, guint n, guint32 seed)
{
    const guint n_faults = nilo_collector_faults_count();
    g_autofree NiloCollectorFaultResult *results = g_new0(NiloCollectorFaultResult, n_faults);
    gboolean is_good = TRUE;

    nilo_torture_faults(port, n, seed, results);
    printf("%s: faults, %u times each\n", get_name(port), n);
    printf("  %-16s %9s %6s %6s %6s %7s %6s %7s %9s %7s %5s\n", "", "happened", "reads", "right",
           "failed", "flagged", "harmed", "through", "uncounted", "missing", "wrong");
    for (guint i = 0; i < n_faults; i++) {
        const NiloCollectorFaultResult *one = &results[i];

        printf("  %-16s %9" G_GINT64_FORMAT " %6u %6u %6u %7u %6u %7u %9u %7u %5u\n",
               nilo_collector_faults_get_name(i), one->happened, one->reads, one->right,
               one->failed, one->flagged, one->harmed, one->through, one->uncounted, one->missing,
               one->wrong);
        is_good = nilo_collector_fault_result_is_good(one) && is_good;
    }
    return is_good;
}

typedef struct {
    gint n;
    NiloLabCollectorPort port;
    gboolean (*run)(NiloLabCollectorPort port, guint n, guint32 seed);
} Part;

int
main(int argc, char **argv)
{
    Part parts[] = {
        {0, NILO_LAB_COLLECTOR_QEMU, run_cuts},       {0, NILO_LAB_COLLECTOR_HOST, run_cuts},
        {0, NILO_LAB_COLLECTOR_QEMU, run_polls},      {0, NILO_LAB_COLLECTOR_HOST, run_polls},
        {0, NILO_LAB_COLLECTOR_QEMU, run_noise},      {0, NILO_LAB_COLLECTOR_HOST, run_noise},
        {0, NILO_LAB_COLLECTOR_QEMU, run_edge},       {0, NILO_LAB_COLLECTOR_HOST, run_edge},
        {0, NILO_LAB_COLLECTOR_QEMU, run_troubles},   {0, NILO_LAB_COLLECTOR_HOST, run_troubles},
        {0, NILO_LAB_COLLECTOR_QEMU, run_fall_backs}, {0, NILO_LAB_COLLECTOR_HOST, run_fall_backs},
        {0, NILO_LAB_COLLECTOR_QEMU, run_faults},     {0, NILO_LAB_COLLECTOR_HOST, run_faults},
    };
    gint seed = 1;
    const GOptionEntry entries[] = {
        {"cuts", 0, 0, G_OPTION_ARG_INT, &parts[0].n, "Power cuts in QEMU", "N"},
        {"host-cuts", 0, 0, G_OPTION_ARG_INT, &parts[1].n, "Power cuts of the process", "N"},
        {"polls", 0, 0, G_OPTION_ARG_INT, &parts[2].n, "Polls in QEMU", "N"},
        {"host-polls", 0, 0, G_OPTION_ARG_INT, &parts[3].n, "Polls of the process", "N"},
        {"noise", 0, 0, G_OPTION_ARG_INT, &parts[4].n, "Rounds with noise in QEMU", "N"},
        {"host-noise", 0, 0, G_OPTION_ARG_INT, &parts[5].n, "Rounds with noise of the process",
         "N"},
        {"edge", 0, 0, G_OPTION_ARG_INT, &parts[6].n, "Magnets at the edge in QEMU", "SECONDS"},
        {"host-edge", 0, 0, G_OPTION_ARG_INT, &parts[7].n, "The same for the process", "SECONDS"},
        {"troubles", 0, 0, G_OPTION_ARG_INT, &parts[8].n, "Hangs and faults in QEMU", "N"},
        {"host-troubles", 0, 0, G_OPTION_ARG_INT, &parts[9].n, "Hangs of the process", "N"},
        {"fall-backs", 0, 0, G_OPTION_ARG_INT, &parts[10].n, "Speeds nobody follows in QEMU", "N"},
        {"host-fall-backs", 0, 0, G_OPTION_ARG_INT, &parts[11].n, "The same for the process", "N"},
        {"faults", 0, 0, G_OPTION_ARG_INT, &parts[12].n, "Rounds of all faults in QEMU", "N"},
        {"host-faults", 0, 0, G_OPTION_ARG_INT, &parts[13].n, "Rounds of all faults of the process",
         "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "Where all chance comes from", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    gboolean is_good = TRUE;
    gboolean is_run = FALSE;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("firmware: %s\n", error->message);
        return EXIT_FAILURE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *why_not = nilo_lab_collector_why_not(parts[i].port);

        if (parts[i].n <= 0)
            continue;
        if (why_not != NULL) {
            printf("%s: skipped: %s\n", get_name(parts[i].port), why_not);
            continue;
        }
        is_run = TRUE;
        is_good = parts[i].run(parts[i].port, (guint)parts[i].n, (guint32)seed) && is_good;
        fflush(stdout);
    }
    if (!is_run)
        return EXIT_SKIP;
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
