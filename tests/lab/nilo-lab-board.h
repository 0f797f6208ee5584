/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-downstream.h"
#include "nilo-lab-station.h"

G_BEGIN_DECLS

#define NILO_LAB_CHANNELS 8

/* What the estate file says about a collector. */
typedef struct {
    NiloLabCollectorPort port;
    guint channels;     /* 1 to 8, contact n at pin n */
    guint64 first_id;   /* 14 digits, the next channel has the next one */
    gint first_address; /* M-Bus, of the first channel; -1: the factory's */
    guint ml_per_pulse;
    guint bounces;   /* at most so many on each edge, by chance */
    guint hold_ms;   /* how long a contact stays closed, and then open */
    guint filter_ms; /* what the collector takes for a bounce; less than half of hold_ms */
    char *settings;  /* (nullable): more of them: "NAME=VALUE;NAME.CHANNEL=VALUE" */
    NiloLabMeterSettings water; /* of each flat */
} NiloLabBoardSettings;

/*
 * A collector of the estate: a real one, on one of its buses. Water runs as everywhere; behind each
 * so much of it a contact closes and opens. The truth is the pulses that were really given; of a
 * channel that reads a meter, on a bus that is the collector's own, it is the meter's.
 */
typedef struct _NiloLabBoard NiloLabBoard;

typedef struct {
    gint64
        volume_ml; /* what the counter must show; of a meter that is read, what that has measured */
    guint64 pulses;  /* given since the start */
    guint64 waiting; /* not given yet: a contact takes its time */
} NiloLabTruth;

void nilo_lab_board_settings_init(NiloLabBoardSettings *settings);

NiloLabBoard *nilo_lab_board_new(const char *name, const NiloLabBoardSettings *settings,
                                 NiloLabBus *bus, guint64 seed, gint zone_offset_minutes);
void nilo_lab_board_free(NiloLabBoard *board);

void nilo_lab_board_set_meters_bus(NiloLabBoard *board, NiloLabBus *bus);
void nilo_lab_board_set_meter(NiloLabBoard *board, guint channel, NiloLabMeter *meter);

gboolean nilo_lab_board_start(NiloLabBoard *board, const char *folder, GError **error);
gboolean nilo_lab_board_set_power(NiloLabBoard *board, gboolean on, GError **error);
gint64 nilo_lab_board_step(NiloLabBoard *board, gint64 now_ns);

const char *nilo_lab_board_get_name(NiloLabBoard *board);
gint64 nilo_lab_board_get_utc_us(NiloLabBoard *board, gint64 now_ns);
NiloLabBus *nilo_lab_board_get_bus(NiloLabBoard *board);
NiloLabBus *nilo_lab_board_get_meters_bus(NiloLabBoard *board);
NiloLabStation *nilo_lab_board_get_station(NiloLabBoard *board);
NiloLabDownstream *nilo_lab_board_get_downstream(NiloLabBoard *board);
NiloLabCollector *nilo_lab_board_get_collector(NiloLabBoard *board);
guint nilo_lab_board_get_channels(NiloLabBoard *board);
gboolean nilo_lab_board_find_channel(NiloLabBoard *board, const char *digits, guint *channel);
char *nilo_lab_board_get_number(NiloLabBoard *board, guint channel);
void nilo_lab_board_get_truth(NiloLabBoard *board, guint channel, NiloLabTruth *truth);
gboolean nilo_lab_board_add_pulses(NiloLabBoard *board, guint channel, guint n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabBoard, nilo_lab_board_free)

/* The thread that opens and closes the contacts of all of them. */
typedef struct _NiloLabPulser NiloLabPulser;

NiloLabPulser *nilo_lab_pulser_new(GPtrArray *boards);
void nilo_lab_pulser_free(NiloLabPulser *pulser);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabPulser, nilo_lab_pulser_free)

G_END_DECLS
