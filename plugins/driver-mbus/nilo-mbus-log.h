/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer-wire.h>
#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_MBUS_LOG_CRC_SIZE 4 /* the entry of the maker's block */

/* When a log is read; always when history is asked for. */
typedef enum {
    NILO_MBUS_LOG_HISTORY, /* only then */
    NILO_MBUS_LOG_GAP,     /* when the meter answers again after it did not */
    NILO_MBUS_LOG_DAILY,   /* with the first readout of a day */
} NiloMbusLogWhen;

/**
 * NiloMbusLog:
 * @application: sub-code of the application reset that chooses it
 * @has_application: whether it was given
 * @when: when it is read, other than for history
 * @telegrams_max: no more of them are read, 1 to 250
 * @skip_flags: values whose error flags have one of these are left out
 * @events: (nullable): names of the codes, for a log of events: guint8 to text
 *
 * What a model keeps of the past and tells only when its application is chosen: values with storage
 * numbers, newest first, each with its moment. They become values of the counter at that moment, so
 * that they fill the gaps of its series.
 *
 * Events have the same shape, with numbers without dimension: code, channel, and two bytes of
 * sequence in one of 32 bits, the event's argument in another one of subunit 1.
 */
typedef struct {
    char *name;
    guint8 application;
    gboolean has_application;
    NiloMbusLogWhen when;
    guint telegrams_max;
    guint8 skip_flags;
    GHashTable *events;
} NiloMbusLog;

NiloMbusLog *nilo_mbus_log_new(const char *name);
void nilo_mbus_log_free(NiloMbusLog *self);

/**
 * NiloMbusLogTeller:
 * @builder: (not owned): where values and events go
 * @log: (not owned):
 * @zone: (not owned): of the meter's clock
 * @told: (not owned): moments told so far, gint64 UTC microseconds: logs have some in common
 * @since_us: values up to this moment, UTC, are known
 * @knows_events: whether @sequence is that of an event
 * @sequence: events up to this one are known
 * @newest: (inout): sequence of the newest event met; set with @has_newest
 *
 * A log being told.
 */
typedef struct {
    NiloReportBuilder *builder;
    const NiloMbusLog *log;
    GTimeZone *zone;
    GHashTable *told;
    gint64 since_us;
    gboolean knows_events;
    guint16 sequence;
    gboolean has_newest;
    guint16 newest;
} NiloMbusLogTeller;

/** nilo_mbus_log_tell: tells one telegram; whether older ones may have anything that is not known
 */
gboolean nilo_mbus_log_tell(NiloMbusLogTeller *self, GBytes *telegram);

/** nilo_mbus_log_check_crc: (frame is long): whether its data end with a right CRC: the maker's
 * block of our data collector, whose last entry is C0 02 and the CRC of all that stands before it
 */
gboolean nilo_mbus_log_check_crc(const NiloMbusFrame *frame);

G_END_DECLS
