/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-clock.h"
#include "nilo-command.h"
#include "nilo-report.h"

G_BEGIN_DECLS

/**
 * NiloClockKeeper:
 *
 * Decides when a meter's clock is set. Lives on main and only decides: who has it sends the
 * commands. A clock is set when it was seen wrong by more than allowed, ours is to be believed,
 * and it has not been set on this local date; and never within 5 minutes of a full hour, ours
 * or the meter's, so that no hourly or daily freeze is lost or made twice. A round that runs
 * just then only puts the meter on a list.
 */
typedef struct _NiloClockKeeper NiloClockKeeper;

/**
 * nilo_clock_keeper_new:
 * @drift_max_s: allowed, 0: never sets a clock
 * @zone: of the site: the meters' clocks show its time
 */
NILO_INTERNAL NiloClockKeeper *nilo_clock_keeper_new(guint drift_max_s, GTimeZone *zone,
                                                     NiloClock *clock);
NILO_INTERNAL void nilo_clock_keeper_free(NiloClockKeeper *self);

/** nilo_clock_keeper_note: takes note of the clock a report tells of */
NILO_INTERNAL void nilo_clock_keeper_note(NiloClockKeeper *self, NiloReport *report);

/**
 * nilo_clock_keeper_take:
 *
 * To be asked once a minute, and after each round.
 *
 * Returns: (nullable) (transfer full): the next command that may be sent now; %NULL when there
 * is none
 */
NILO_INTERNAL NiloCommand *nilo_clock_keeper_take(NiloClockKeeper *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloClockKeeper, nilo_clock_keeper_free)

G_END_DECLS
