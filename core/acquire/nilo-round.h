/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-meter-id.h"
#include "nilo-outcome.h"
#include "nilo-report.h"

G_BEGIN_DECLS

#define NILO_TYPE_ROUND (nilo_round_get_type())

/**
 * NiloRound:
 *
 * How a round went: every meter that was due, and what became of it. Reference counted; does
 * not change any more once `round-finished` hands it out; crosses threads.
 */
typedef struct _NiloRound NiloRound;

NILO_INTERNAL GType nilo_round_get_type(void) G_GNUC_CONST;
NILO_INTERNAL NiloRound *nilo_round_ref(NiloRound *self);
NILO_INTERNAL void nilo_round_unref(NiloRound *self);

/** nilo_round_get_nominal_us: when it was due by the calendar, UTC; its key */
NILO_INTERNAL gint64 nilo_round_get_nominal_us(const NiloRound *self);
NILO_INTERNAL NiloReportCause nilo_round_get_cause(const NiloRound *self);

/** nilo_round_get_started_us: UTC */
NILO_INTERNAL gint64 nilo_round_get_started_us(const NiloRound *self);
NILO_INTERNAL guint nilo_round_get_n_due(const NiloRound *self);
NILO_INTERNAL guint nilo_round_get_n_done(const NiloRound *self);

/** nilo_round_get_n_outcome: meters whose report ended so */
NILO_INTERNAL guint nilo_round_get_n_outcome(const NiloRound *self, NiloOutcome outcome);

/** nilo_round_get_n_probed: silent meters that were tried */
NILO_INTERNAL guint nilo_round_get_n_probed(const NiloRound *self);

/** nilo_round_get_duration_us: from start to the last report */
NILO_INTERNAL gint64 nilo_round_get_duration_us(const NiloRound *self);

/** nilo_round_get_live_us: from start to the last report of a meter in the live lane */
NILO_INTERNAL gint64 nilo_round_get_live_us(const NiloRound *self);

/** nilo_round_get_wire_us: the wire was busy so long with requests and answers */
NILO_INTERNAL gint64 nilo_round_get_wire_us(const NiloRound *self);

/** nilo_round_get_missed: (element-type NiloMeterId) (transfer none): live meters without a
 * reading: worth a second round */
NILO_INTERNAL GPtrArray *nilo_round_get_missed(const NiloRound *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloRound, nilo_round_unref)

/* for the bus that runs it */
NiloRound *nilo_round_new(NiloReportCause cause, gint64 nominal_us, gint64 started_us,
                          gint64 started_monotonic_us, guint n_due);

/**
 * nilo_round_note:
 * @probed: from the probing lane, and asked
 * @live: from the live lane
 *
 * Returns: whether that was the last one
 */
gboolean nilo_round_note(NiloRound *self, NiloReport *report, gboolean live, gboolean probed,
                         gint64 wire_us);

/** nilo_round_skip: one due meter will not be reported; Returns: whether it was the last one */
gboolean nilo_round_skip(NiloRound *self);

G_END_DECLS
