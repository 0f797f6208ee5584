/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-answer-time.h"
#include "nilo-lane.h"
#include "nilo-meter.h"
#include "nilo-plausibility.h"

G_BEGIN_DECLS

/* reads remembered for the doctor: as many as NiloBusMeter.troubled has bits */
#define NILO_BUS_METER_RECENT 16

/**
 * NiloBusMeter:
 * @meter: as configured now
 * @order: its place on the bus as the configuration lists it: along the riser
 * @lane: how it has been answering
 * @time: how long it takes to answer
 * @plausibility: what is believed of it
 * @found: (nullable): who answered in its place the last time
 * @recent: outcomes of the last reads, the newest at @n_recent - 1
 * @troubled: bit n: the read at @n_recent - 1 - n met noise or damage on its way
 * @noted: copy of @time after the last read: @time itself changes while a read is under way
 * @answered_us: the last good read, UTC; 0 for never or not known
 * @status: #NiloMeterStatus of the last good read
 * @drift_s: of its clock, when @has_drift
 *
 * What a bus knows of one meter. Survives a reload; the bus's lock protects it.
 */
typedef struct {
    NiloMeter *meter;
    guint order;
    NiloLaneState lane;
    NiloAnswerTime time;
    NiloPlausibility plausibility;
    char *found;
    guint8 recent[NILO_BUS_METER_RECENT];
    guint n_recent;
    guint16 troubled;
    NiloAnswerTime noted;
    gint64 answered_us;
    guint status;
    gint64 drift_s;
    gboolean has_drift;
} NiloBusMeter;

NiloBusMeter *nilo_bus_meter_new(NiloMeter *meter, guint order);
void nilo_bus_meter_free(NiloBusMeter *self);

/** nilo_bus_meter_note: remembers how a read ended, for the doctor */
void nilo_bus_meter_note(NiloBusMeter *self, NiloReport *report, gboolean troubled);

/**
 * nilo_bus_memory_build:
 * @meters: NiloMeterId -> NiloBusMeter
 *
 * Returns: (transfer full): a floating variant with what must survive a restart: lanes,
 * budgets, answer times, the values known
 */
GVariant *nilo_bus_memory_build(GHashTable *meters);

/** nilo_bus_memory_restore: takes what is of use out of @memory for the meters there are */
void nilo_bus_memory_restore(GVariant *memory, GHashTable *meters);

/** nilo_bus_memory_parse: (transfer full): %NULL with %NILO_ERROR_DAMAGED when it is not ours */
GVariant *nilo_bus_memory_parse(GBytes *bytes, GError **error);

/**
 * nilo_bus_memory_read:
 *
 * Returns: (nullable) (transfer full): %NULL with an error: G_FILE_ERROR_NOENT when there is
 * none yet, %NILO_ERROR_DAMAGED when it is not ours
 */
GVariant *nilo_bus_memory_read(const char *path, GError **error);

/** nilo_bus_memory_write: replaces the file as a whole, on the disk when it returns */
gboolean nilo_bus_memory_write(const char *path, GVariant *memory, GError **error);

G_END_DECLS
