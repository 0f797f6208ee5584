/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-report.h"

G_BEGIN_DECLS

/**
 * NiloLatestEntry:
 * @report: (nullable): of the last attempt
 * @ok_us: of the last success, UTC; 0 for never
 * @volume_ml: main volume of the last success; only with @has_volume
 * @implausible: whether it is flagged
 * @missed: attempts in a row without a success
 */
typedef struct {
    NiloReport *report;
    gint64 ok_us;
    gint64 volume_ml;
    gboolean has_volume;
    gboolean implausible;
    guint missed;
} NiloLatestEntry;

/**
 * NiloLatest:
 *
 * What is known of each meter right now, for those who ask: the last report and the last success.
 * Used on main.
 */
typedef struct _NiloLatest NiloLatest;

NILO_INTERNAL NiloLatest *nilo_latest_new(void);
NILO_INTERNAL void nilo_latest_free(NiloLatest *self);

/** nilo_latest_note: takes a report in */
NILO_INTERNAL void nilo_latest_note(NiloLatest *self, NiloReport *report);

/** nilo_latest_find: (nullable): valid until the next note */
NILO_INTERNAL const NiloLatestEntry *nilo_latest_find(NiloLatest *self, NiloMeterId *meter);

/** nilo_latest_get_sequence: reports noted so far */
NILO_INTERNAL guint64 nilo_latest_get_sequence(NiloLatest *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLatest, nilo_latest_free)

G_END_DECLS
