/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-readout.h"
#include "nilo-lab-test-master.h"

G_BEGIN_DECLS

#define BENCH_CHANNELS     8
#define BENCH_ML_PER_PULSE 10000
#define BENCH_ALL          0xffu
/* The filter's times are far longer than a reed's: the hand and the emulator share a machine with
 * others, and a bounce that lasts as long as a pulse is one. */
#define BENCH_FILTER_MS 60
#define BENCH_HOLD_MS   200

/* the channels are 33010026050001 to ..08, at M-Bus addresses 1 to 8, and start at 1 to 8 m3 */
#define BENCH_NUMBER      "3301002605000%u"
#define BENCH_START_ML(n) (((gint64)(n) + 1) * 1000000)

/* A collector on a table, a hand at its contacts and a master on its line. */
typedef struct {
    char *folder;
    NiloLabCollector *collector;
    NiloLabTestMaster *master;
    NiloLabRandom random;
    guint64 given[BENCH_CHANNELS];     /* pulses */
    guint64 doubtful[BENCH_CHANNELS];  /* of which the hand trembled longer than the filter takes */
    guint8 count_bits[BENCH_CHANNELS]; /* FCB of the last readout */
} Bench;

Bench *bench_new(NiloLabCollectorPort port, const char *rtc, const char *const *more_settings);
void bench_free(Bench *bench);

void bench_start(Bench *bench);
void bench_cut(Bench *bench);
void bench_restart(Bench *bench);
/* until it answers again, by itself. Returns: microseconds */
gint64 bench_wait_back(Bench *bench);
void bench_start_at(Bench *bench, const char *rtc);

/* contacts: @bounces on each edge, 2 ms apart */
void bench_move(Bench *bench, guint pins, gboolean closed, guint bounces);
void bench_wait_ms(Bench *bench, guint ms);
void bench_pulse(Bench *bench, guint pins, guint count, guint bounces);
/* the next one when the collector has seen this one */
void bench_move_seen(Bench *bench, guint pins, gboolean closed);
/* a pulse with a magnet that trembles at the edge of its reed for so long. Returns: how often */
guint bench_rest_on_edge(Bench *bench, guint pins, guint ms);

gboolean bench_try_mbus(Bench *bench, guint channel, NiloLabReadout *readout);
gboolean bench_try_cjt188(Bench *bench, guint channel, NiloLabReadout *readout);
gint64 bench_read_mbus(Bench *bench, guint channel);
gint64 bench_read_cjt188(Bench *bench, guint channel);
gboolean bench_ask_cjt188(Bench *bench, guint channel, guint8 control, const char *data_hex);
gboolean bench_read_freeze(Bench *bench, guint channel, guint di, NiloLabFreezeReadout *freeze);
gboolean bench_find_event(Bench *bench, guint code, NiloLabEventReadout *event);
/* what its part is set to, even parity included */
gboolean bench_is_at_speed(Bench *bench, guint wanted_baud);
/* by order, from the 2400 Bd of its settings */
void bench_switch_to_9600(Bench *bench);
gint64 bench_get_true_ml(Bench *bench, guint channel);
void bench_assert_counts(Bench *bench);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bench, bench_free)

/* all of a table, on the port that the path begins with; skipped with the reason without it */
typedef struct {
    const char *name;
    void (*run)(NiloLabCollectorPort port);
} Scenario;

void bench_add_scenarios(const Scenario *scenarios, gsize n);

G_END_DECLS
