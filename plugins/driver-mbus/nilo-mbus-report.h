/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-profile.h"

G_BEGIN_DECLS

/**
 * NiloMbusReport:
 * @builder: (not owned): where readings and facts go
 * @profile: (not owned) (nullable): %NULL for the standard's ways
 * @main_volume: register stored as the plain volume
 * @zone: (not owned) (nullable): of the meter's clock; without it no stamp is made of its dates
 * @now_us: UTC when the answer came; 0 when it is not known
 * @with_history: whether what the meter keeps of the past is wanted
 * @facts_hash: (inout): of the facts told last; the same facts are not told again unless
 *   @with_history. 0: tell them
 *
 * What telegrams are made into, and how.
 */
typedef struct {
    NiloReportBuilder *builder;
    const NiloMbusProfile *profile;
    NiloRegister main_volume;
    GTimeZone *zone;
    gint64 now_us;
    gboolean with_history;
    guint facts_hash;
} NiloMbusReport;

/**
 * nilo_mbus_report_fill:
 * @telegrams: (element-type GBytes): the frames of one readout, in order
 *
 * Pure but for @self. Whatever stands in the frames, all of it is told as a reading or a fact, or
 * counted as undecoded.
 *
 * Returns: %NILO_OUTCOME_OK, or what the first telegram that is not made of records says
 */
NiloOutcome nilo_mbus_report_fill(NiloMbusReport *self, GPtrArray *telegrams);

/** nilo_mbus_report_add_refusal: (frame is an application error): tells it as a fact; the outcome
 * it means */
NiloOutcome nilo_mbus_report_add_refusal(NiloReportBuilder *builder, const guint8 *frame,
                                         gsize size);

/** nilo_mbus_report_get_identity: who a frame says it is from; FFFF or FF where it does not say.
 * FALSE when it does not say at all */
gboolean nilo_mbus_report_get_identity(const NiloMbusFrame *frame, NiloMbusAddress *address);

/** nilo_mbus_report_to_utc_us: a local time of @zone as UTC; in the hour that comes twice, its
 * summer time bit decides */
gint64 nilo_mbus_report_to_utc_us(const NiloMbusTime *time, GTimeZone *zone);

G_END_DECLS
