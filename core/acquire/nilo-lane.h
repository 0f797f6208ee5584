/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-outcome.h"

G_BEGIN_DECLS

/**
 * NiloLane:
 * @NILO_LANE_URGENT: somebody waits for it: writes, reads on demand
 * @NILO_LANE_LIVE: the round: meters that answer
 * @NILO_LANE_PROBING: meters that were silent: after the round, one try
 * @NILO_LANE_SCAN: looking for meters: gives way to everything
 *
 * Who goes first on a bus. Numbers are stored.
 */
typedef enum {
    NILO_LANE_URGENT,
    NILO_LANE_LIVE,
    NILO_LANE_PROBING,
    NILO_LANE_SCAN,
} NiloLane;

#define NILO_N_LANES (NILO_LANE_SCAN + 1)

/**
 * NiloLaneRules:
 * @misses: reads in a row without an answer that make a meter silent, 1 and up
 * @wait_max: rounds between two probes of a meter that stays silent, at most; 1 and up
 */
typedef struct {
    guint misses;
    guint wait_max;
} NiloLaneRules;

/**
 * NiloLaneState:
 * @lane: %NILO_LANE_LIVE or %NILO_LANE_PROBING
 * @misses: reads in a row without an answer
 * @interval: rounds from one probe to the next: 1, 2, 4 .. `wait_max`
 * @wait: rounds before the next probe is due; 0: in the next round
 * @unprobed: rounds since the last probe
 * @day: which local day @reads counts, days since 0001-01-01
 * @reads: answered reads of @day: what the meter's battery has paid for
 *
 * How one meter has been answering. A plain struct, because it is stored.
 */
typedef struct {
    NiloLane lane;
    guint misses;
    guint interval;
    guint wait;
    guint unprobed;
    guint32 day;
    guint reads;
} NiloLaneState;

/** NiloLaneChange: what an outcome did to a meter's lane */
typedef enum {
    NILO_LANE_SAME,
    NILO_LANE_FELL_SILENT,
    NILO_LANE_REVIVED,
} NiloLaneChange;

void nilo_lane_state_init(NiloLaneState *self);

/**
 * nilo_lane_state_note:
 *
 * Takes note of a read that ended. Silence, an echo alone and noise are misses (somebody who is
 * dead on a noisy riser must not cost the living their time); a line that was not there, a read
 * not made or stopped is neither miss nor answer; everything else comes from a living meter.
 */
NiloLaneChange nilo_lane_state_note(NiloLaneState *self, NiloOutcome outcome,
                                    const NiloLaneRules *rules);

/**
 * nilo_lane_state_begin_round:
 *
 * Returns: whether its probe is due in the round that begins; always %TRUE for a live meter
 */
gboolean nilo_lane_state_begin_round(NiloLaneState *self);

/** nilo_lane_state_hurry: something has changed on the wire: probe it in the next round */
void nilo_lane_state_hurry(NiloLaneState *self);

/** nilo_lane_state_is_spent: whether @limit reads (0: no limit) were made on @day */
gboolean nilo_lane_state_is_spent(const NiloLaneState *self, guint32 day, guint limit);

/** nilo_lane_state_spend: one more answered read on @day */
void nilo_lane_state_spend(NiloLaneState *self, guint32 day);

G_END_DECLS
