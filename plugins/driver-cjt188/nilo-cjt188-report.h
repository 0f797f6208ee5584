/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-model.h"

G_BEGIN_DECLS

/* What an answer means for a report. Plain data on the driver's stack. */
typedef struct {
    NiloReportBuilder *builder; /* borrowed */
    const NiloCjt188Model *model;
    GTimeZone *zone; /* (nullable) of the meter's clock; without it, its clock is only a fact */
    gint64 now_us;   /* UTC; 0: our own time is not known */
    guint settlement_day; /* 1 to 31 once the meter has said it, else 0 */

    /* of events: what was told before, and how far this reading has come */
    gboolean has_sequence;
    guint32 sequence; /* of the newest one told before */
    gboolean has_newest;
    guint32 newest;         /* of those told now */
    gboolean has_met_known; /* from here back all is told */

    /* of what was added so far */
    guint n_readings;
    gboolean has_clock;
    gint64 drift_s; /* meter's clock minus now_us */
    NiloCjt188Valve valve;
} NiloCjt188Report;

/**
 * nilo_cjt188_report_add:
 * @message: an answer
 *
 * Makes readings of the numbers whose unit is known, status bits by the model's map, and facts of
 * the rest. A number without a unit becomes a fact and counts as undecoded: a unit is never
 * guessed. An abnormal answer gives its status. Identifiers of the model's blocks are read by its
 * layouts.
 */
void nilo_cjt188_report_add(NiloCjt188Report *self, const NiloCjt188Message *message);

/**
 * nilo_cjt188_report_add_block:
 * @block: of the model
 * @message: an answer to one of its identifiers
 *
 * Makes readings, with the meter's own stamp where the block has a clock, and facts of it. Values
 * are left out that the block's flags speak against, that are FF, or that are told already of that
 * moment. Nothing is dated by a clock that is a day off.
 */
void nilo_cjt188_report_add_block(NiloCjt188Report *self, const NiloCjt188Block *block,
                                  const NiloCjt188Message *message);

/**
 * nilo_cjt188_report_read_clock:
 * @field: of kind clock
 * @utc_us: (out): untouched on failure
 *
 * Returns: %FALSE for a clock that is not set, or is no date in the order the model has
 */
gboolean nilo_cjt188_report_read_clock(const NiloCjt188Report *self, const NiloCjt188Field *field,
                                       gint64 *utc_us);

/** nilo_cjt188_report_round_s: whole seconds; a meter's clock has no parts of them */
gint64 nilo_cjt188_report_round_s(gint64 difference_us);

/**
 * nilo_cjt188_report_find_settlement:
 * @back: 0 for the last settlement, 1 for the one before ...
 * @utc_us: (out): the beginning of that day in the meter's zone; untouched on failure
 *
 * Returns: %FALSE when the day, the zone or the time is not known
 */
gboolean nilo_cjt188_report_find_settlement(const NiloCjt188Report *self, guint back,
                                            gint64 *utc_us);

G_END_DECLS
