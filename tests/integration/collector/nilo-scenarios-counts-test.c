/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One function per thing that happens to a collector, run on the host's process and on the image in
 * QEMU. What it says is read by a master and a decoder that share no line with the firmware.
 */
#include "nilo-collector-bench.h"

#include <string.h>

#define CTR_READ          0x01
#define CTR_WRITE_ADDRESS 0x15
#define BURST_PULSES      100
#define BURST_LEVEL_US    25000 /* 20 Hz */
#define BURST_SHORTEST_US 15000
#define BURST_FILTER_MS   10u
#define EDGE_MS           8000
#define PAGE_SIZE         64
#define EVENT_STORE_TORN  12
#define EVENT_NUMBER      5

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

static GStrv
make_quick(void)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        g_autofree char *closed = g_strdup_printf("min-closed-ms.%u=%u", i, BURST_FILTER_MS);
        g_autofree char *open = g_strdup_printf("min-open-ms.%u=%u", i, BURST_FILTER_MS);

        g_strv_builder_add_many(builder, closed, open, NULL);
    }
    return g_strv_builder_end(builder);
}

/* as fast as the fastest adapters go, all inputs at once, while each pulse is stored */
static void
count_burst(NiloLabCollectorPort port)
{
    g_auto(GStrv) quick = make_quick();
    g_autoptr(Bench) bench = bench_new(port, NULL, (const char *const *)quick);
    gint64 next_us, begin_us;

    bench_start(bench);
    begin_us = next_us = g_get_monotonic_time();
    for (guint i = 0; i < 2 * BURST_PULSES; i++) {
        bench_move_seen(bench, BENCH_ALL, i % 2 == 0);
        next_us = MAX(next_us + BURST_LEVEL_US, g_get_monotonic_time() + BURST_SHORTEST_US);
        bench_wait_ms(bench, (guint)(next_us - g_get_monotonic_time()) / 1000);
    }
    g_test_message("%.1f pulses a second", (double)BURST_PULSES * G_USEC_PER_SEC /
                                               (double)(g_get_monotonic_time() - begin_us));
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        bench->given[i] += BURST_PULSES;
    bench_assert_counts(bench);
}

/* what a filter that only looks away after an edge counts dozens of times */
static void
count_rest_on_edge(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    bench_start(bench);
    bench_rest_on_edge(bench, 0x0f, EDGE_MS);
    bench_assert_counts(bench);
    bench_pulse(bench, 0x0f, 1, 0);
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

typedef enum {
    DAMAGE_ERASED,
    DAMAGE_ONE_BIT,
    DAMAGE_HALF_OLD,
    DAMAGES,
} Damage;

static char *
read_eeprom(Bench *bench)
{
    g_autoptr(GError) error = NULL;
    char *cells = NULL;
    gsize size;

    g_file_get_contents(nilo_lab_collector_get_eeprom(bench->collector), &cells, &size, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(size, ==, NILO_LAB_EEPROM_SIZE);
    return cells;
}

/* the one page in which they differ */
static gsize
find_written(const char *before, const char *after)
{
    gsize found = NILO_LAB_EEPROM_SIZE;

    for (gsize page = 0; page < NILO_LAB_EEPROM_SIZE; page += PAGE_SIZE) {
        if (memcmp(before + page, after + page, PAGE_SIZE) == 0)
            continue;
        g_assert_cmpuint(found, ==, NILO_LAB_EEPROM_SIZE);
        found = page;
    }
    g_assert_cmpuint(found, <, NILO_LAB_EEPROM_SIZE);
    return found;
}

static void
damage_page(Bench *bench, const char *before, Damage damage)
{
    g_autofree char *cells = read_eeprom(bench);
    g_autoptr(GError) error = NULL;
    const gsize page = find_written(before, cells);
    gsize at = page;

    while (cells[at] == before[at])
        at++;
    if (damage == DAMAGE_ERASED)
        memset(cells + page, 0xff, PAGE_SIZE);
    else if (damage == DAMAGE_ONE_BIT)
        cells[at] ^= 0x10;
    else
        memcpy(cells + at + 1, before + at + 1, page + PAGE_SIZE - at - 1);
    g_file_set_contents_full(nilo_lab_collector_get_eeprom(bench->collector), cells,
                             NILO_LAB_EEPROM_SIZE, G_FILE_SET_CONTENTS_NONE, 0644, &error);
    g_assert_no_error(error);
}

/* The newest record is damaged by a hand, or by a cell that wears out: the one before it counts. It
 * was told, so this costs the one pulse in it and invents none. */
static void
fall_back_to_record_before(NiloLabCollectorPort port)
{
    /* no hour ends meanwhile, which would be another write */
    g_autoptr(Bench) bench = bench_new(port, "2026-03-15T10:20:00", NULL);

    for (Damage damage = DAMAGE_ERASED; damage < DAMAGES; damage++) {
        g_autofree char *before = NULL;
        NiloLabEventReadout event;

        bench_start(bench);
        bench_pulse(bench, 0x01, 2, 0);
        bench_assert_counts(bench);
        before = read_eeprom(bench);
        bench_pulse(bench, 0x01, 1, 0);
        bench_assert_counts(bench);
        bench_cut(bench);
        damage_page(bench, before, damage);
        bench->given[0]--;
        bench_start(bench);
        bench_assert_counts(bench);
        g_assert_true(bench_find_event(bench, EVENT_STORE_TORN, &event) || damage == DAMAGE_ERASED);
        bench_cut(bench);
    }
}

/* --- addresses ---------------------------------------------------------------------------------
 */

static void
set_number(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    NiloLabEventReadout event;
    NiloLabReadout readout;

    bench_start(bench);
    g_assert_true(bench_ask_cjt188(bench, 4, CTR_WRITE_ADDRESS, "A018 05 99 88 77 66 55 44 33"));
    bench_restart(bench);
    nilo_lab_test_master_cjt188(bench->master, "33445566778899", CTR_READ, "901F 06");
    g_assert_true(nilo_lab_readout_from_cjt188(bench->master->answer, &readout));
    g_assert_cmpuint(readout.id, ==, 33445566778899);
    g_assert_cmpint(readout.volume_ml, ==, BENCH_START_ML(4));
    /* its M-Bus identification is the same number's, and another meter behind a channel is news */
    g_assert_true(bench_try_mbus(bench, 4, &readout));
    g_assert_cmpuint(readout.id, ==, 66778899);
    g_assert_false(bench_try_cjt188(bench, 4, &readout));
    g_assert_true(bench_find_event(bench, EVENT_NUMBER, &event));
    g_assert_cmpuint(event.channel, ==, 4);
    g_assert_cmphex(event.argument, ==, 0x26050005);
}

static const Scenario scenarios[] = {
    {"count/clean", count_clean},
    {"count/bounces", count_bounces},
    {"count/no-spikes", count_no_spikes},
    {"count/closed-at-start", count_closed_at_start},
    {"count/slow-magnet", count_slow_magnet},
    {"count/burst", count_burst},
    {"count/rest-on-edge", count_rest_on_edge},
    {"power/keep-over-cut", keep_over_cut},
    {"power/cut-in-pulse", cut_in_pulse},
    {"power/damaged-record", fall_back_to_record_before},
    {"address/set-number", set_number},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bench_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
