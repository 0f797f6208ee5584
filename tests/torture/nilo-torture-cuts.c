/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-collector.h"

#include <stdio.h>
#include <string.h>

#define PAGE_SIZE    64
#define TEAR_EVERY   3 /* of the cuts that left one page written: every so many */
#define START_EVERY  8
#define START_MS     250
#define STORE_MS     40 /* from the end of the filter until a pulse is stored and read back */
#define LOST_ALLOWED 1
#define STORED_US    (20 * G_USEC_PER_SEC)

typedef struct {
    Bench *bench;
    NiloTortureCuts *cuts;
    gint64 told[BENCH_CHANNELS]; /* the highest pulse count that anybody was told */
    char *before;                /* the EEPROM when the last thing was told */
} Run;

static guint
below(Run *run, guint limit)
{
    return nilo_lab_random_below(&run->bench->random, limit);
}

static gint64
read_pulses(Run *run, guint channel)
{
    const gint64 volume_ml = below(run, 2) == 0 ? bench_read_cjt188(run->bench, channel)
                                                : bench_read_mbus(run->bench, channel);

    run->cuts->reads++;
    return (volume_ml - BENCH_START_ML(channel)) / BENCH_ML_PER_PULSE;
}

static void
check(Run *run, guint channel, gboolean after_cut)
{
    NiloTortureCuts *cuts = run->cuts;
    const gint64 pulses = read_pulses(run, channel);
    const gint64 given = (gint64)run->bench->given[channel];

    if (pulses < run->told[channel]) {
        fprintf(stderr, "cut %u, channel %u: %d after %d was told\n", cuts->cuts, channel,
                (gint)pulses, (gint)run->told[channel]);
        cuts->backwards++;
    }
    if (pulses > given) {
        fprintf(stderr, "cut %u, channel %u: %d of %d given\n", cuts->cuts, channel, (gint)pulses,
                (gint)given);
        cuts->invented++;
    }
    run->told[channel] = pulses;
    if (!after_cut || pulses >= given)
        return;
    cuts->lost += (guint64)(given - pulses);
    cuts->lost_at_most = MAX(cuts->lost_at_most, (guint)(given - pulses));
    if (given - pulses > LOST_ALLOWED) {
        fprintf(stderr, "cut %u, channel %u: %d of %d left\n", cuts->cuts, channel, (gint)pulses,
                (gint)given);
        cuts->too_many_lost++;
    }
    run->bench->given[channel] = (guint64)pulses;
}

static void
snapshot(Run *run)
{
    g_autoptr(GError) error = NULL;
    gsize size;

    g_clear_pointer(&run->before, g_free);
    g_file_get_contents(nilo_lab_collector_get_eeprom(run->bench->collector), &run->before, &size,
                        &error);
    g_assert_no_error(error);
    g_assert_cmpuint(size, ==, NILO_LAB_EEPROM_SIZE);
}

/*
 * The emulated EEPROM is kind: a page is stored whole or not at all. When the cut left exactly one
 * page written since the last telling, it may as well have hit that write.
 */
static void
tear(Run *run)
{
    const char *path = nilo_lab_collector_get_eeprom(run->bench->collector);
    g_autofree char *after = NULL;
    guint n_changed = 0;
    gsize at = 0;
    gsize size;
    guint keep;

    g_assert_true(g_file_get_contents(path, &after, &size, NULL));
    for (gsize page = 0; page < NILO_LAB_EEPROM_SIZE; page += PAGE_SIZE) {
        if (memcmp(after + page, run->before + page, PAGE_SIZE) == 0)
            continue;
        n_changed++;
        at = page;
    }
    if (n_changed != 1 || below(run, TEAR_EVERY) != 0)
        return;
    keep = below(run, PAGE_SIZE);
    if (below(run, 2) == 0)
        memset(after + at + keep, 0xff, PAGE_SIZE - keep);
    else
        memcpy(after + at + keep, run->before + at + keep, PAGE_SIZE - keep);
    if (keep > 0 && below(run, 2) == 0)
        after[at + keep - 1] ^= (char)(1 << below(run, 8));
    g_assert_true(
        g_file_set_contents_full(path, after, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
    run->cuts->torn++;
}

/* pulses that are counted whatever happens, and readings between them */
static void
live(Run *run)
{
    const guint n = below(run, 3);

    for (guint i = 0; i < n; i++) {
        const guint pins = below(run, 256);

        bench_pulse(run->bench, pins, 1, 0);
        run->cuts->pulses += (guint)__builtin_popcount(pins);
        if (below(run, 2) == 0)
            check(run, below(run, BENCH_CHANNELS), FALSE);
    }
}

/* A machine with other things to do may not have let it store the pulses before: one that is lost
 * with the power is to be the one in flight. */
static void
wait_stored(Run *run)
{
    const gint64 deadline_us = g_get_monotonic_time() + STORED_US;

    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        do
            check(run, i, FALSE);
        while (run->told[i] < (gint64)run->bench->given[i] && g_get_monotonic_time() < deadline_us);
    }
}

/* the last pulse is in flight when the power goes */
static void
cut_in_pulse(Run *run)
{
    const guint pins = 1 + below(run, 255);

    wait_stored(run);
    snapshot(run);
    bench_move(run->bench, pins, TRUE, 0);
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        run->bench->given[i] += pins >> i & 1;
    run->cuts->pulses += (guint)__builtin_popcount(pins);
    if (below(run, 4) == 0) {
        bench_wait_ms(run->bench, below(run, BENCH_HOLD_MS));
    } else {
        bench_wait_ms(run->bench, BENCH_HOLD_MS);
        bench_move(run->bench, pins, FALSE, 0);
        bench_wait_ms(run->bench, BENCH_FILTER_MS);
        g_usleep(below(run, STORE_MS * 1000));
        run->cuts->aimed++;
    }
    bench_cut(run->bench);
    tear(run);
    bench_move(run->bench, pins, FALSE, 0); /* nobody is there to see it */
}

static void
cut_in_start(Run *run)
{
    g_autoptr(GError) error = NULL;

    nilo_lab_collector_start(run->bench->collector, &error);
    g_assert_no_error(error);
    g_usleep(below(run, START_MS * 1000));
    bench_cut(run->bench);
    run->cuts->in_start++;
    run->cuts->cuts++;
}

/**
 * nilo_torture_cut:
 * @port: which collector
 * @n: cuts
 * @seed: where all chance comes from
 * @cuts: (out caller-allocates): what came of it
 */
void
nilo_torture_cut(NiloLabCollectorPort port, guint n, guint32 seed, NiloTortureCuts *cuts)
{
    Run run = {.bench = bench_new(port, NULL, NULL), .cuts = cuts};
    g_autoptr(Bench) bench = run.bench;

    memset(cuts, 0, sizeof *cuts);
    nilo_lab_random_init(&bench->random, seed);
    if (port == NILO_LAB_COLLECTOR_HOST)
        nilo_lab_collector_set_harsh(bench->collector, seed | 1);
    while (cuts->cuts < n) {
        if (below(&run, START_EVERY) == 0)
            cut_in_start(&run);
        bench_start(bench);
        for (guint i = 0; i < BENCH_CHANNELS; i++)
            check(&run, i, TRUE);
        live(&run);
        cut_in_pulse(&run);
        cuts->cuts++;
    }
    bench_start(bench);
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        check(&run, i, TRUE);
    g_free(run.before);
}
