/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lane.h"

void
nilo_lane_state_init(NiloLaneState *self)
{
    *self = (NiloLaneState){.lane = NILO_LANE_LIVE};
}

static gboolean
is_miss(NiloOutcome outcome)
{
    return outcome == NILO_OUTCOME_SILENT || outcome == NILO_OUTCOME_ECHO ||
           outcome == NILO_OUTCOME_NOISE;
}

static gboolean
tells_nothing(NiloOutcome outcome)
{
    return outcome == NILO_OUTCOME_LINE_LOST || outcome == NILO_OUTCOME_CANCELLED ||
           outcome == NILO_OUTCOME_BUDGET_SPENT;
}

static NiloLaneChange
note_answer(NiloLaneState *self)
{
    const gboolean was_silent = self->lane == NILO_LANE_PROBING;

    self->lane = NILO_LANE_LIVE;
    self->misses = 0;
    self->interval = 0;
    self->wait = 0;
    self->unprobed = 0;
    return was_silent ? NILO_LANE_REVIVED : NILO_LANE_SAME;
}

NiloLaneChange
nilo_lane_state_note(NiloLaneState *self, NiloOutcome outcome, const NiloLaneRules *rules)
{
    if (tells_nothing(outcome))
        return NILO_LANE_SAME;
    if (!is_miss(outcome))
        return note_answer(self);
    self->misses += self->misses < G_MAXUINT16 ? 1 : 0;
    if (self->lane == NILO_LANE_PROBING) {
        self->unprobed = 0;
        self->wait = self->interval - 1;
        self->interval = MIN(2 * self->interval, MAX(rules->wait_max, 1));
        return NILO_LANE_SAME;
    }
    if (self->misses < rules->misses)
        return NILO_LANE_SAME;
    self->lane = NILO_LANE_PROBING;
    self->interval = 1;
    self->wait = 0;
    self->unprobed = 0;
    return NILO_LANE_FELL_SILENT;
}

gboolean
nilo_lane_state_begin_round(NiloLaneState *self)
{
    if (self->lane != NILO_LANE_PROBING)
        return TRUE;
    self->unprobed += self->unprobed < G_MAXUINT16 ? 1 : 0;
    if (self->wait == 0)
        return TRUE;
    self->wait--;
    return FALSE;
}

void
nilo_lane_state_hurry(NiloLaneState *self)
{
    self->wait = 0;
    self->interval = self->lane == NILO_LANE_PROBING ? 1 : 0;
}

gboolean
nilo_lane_state_is_spent(const NiloLaneState *self, guint32 day, guint limit)
{
    return limit > 0 && self->day == day && self->reads >= limit;
}

void
nilo_lane_state_spend(NiloLaneState *self, guint32 day)
{
    if (self->day != day)
        self->reads = 0;
    self->day = day;
    self->reads++;
}
