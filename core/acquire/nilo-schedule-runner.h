/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-clock.h"
#include "nilo-schedule.h"

G_BEGIN_DECLS

#define NILO_TYPE_SCHEDULE_RUNNER (nilo_schedule_runner_get_type())

/**
 * NiloScheduleRunner:
 *
 * Says when. Lives on main. Looks at the clock at least once a minute, so that somebody who
 * sets it is noticed: after a jump forwards only the last round that was due is made up for;
 * after a jump backwards no round is made twice, because its nominal time is its key. When the
 * clock falls back by more than two periods (and two hours) it had been wrong before, and the
 * calendar begins anew.
 *
 * Signals: `due` (nominal time, UTC): begin a round; `second` (nominal time, UTC): read again
 * who was missed in it.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloScheduleRunner, nilo_schedule_runner, NILO, SCHEDULE_RUNNER, GObject)

/**
 * nilo_schedule_runner_new:
 * @name: of the bus: gives it its place in the spread
 * @last_us: nominal time of the last round made, kept over a restart: what became due
 * meanwhile is made up for, once; 0 when not known: waits for the next one
 */
NILO_INTERNAL NiloScheduleRunner *nilo_schedule_runner_new(NiloSchedule *schedule, const char *name,
                                                           NiloClock *clock, gint64 last_us);

/** nilo_schedule_runner_start: looks at the clock by itself from now on */
NILO_INTERNAL void nilo_schedule_runner_start(NiloScheduleRunner *self);

/** nilo_schedule_runner_check: looks at the clock now */
NILO_INTERNAL void nilo_schedule_runner_check(NiloScheduleRunner *self);

/** nilo_schedule_runner_note_missed: the last round has ended, with @n_missed to read again */
NILO_INTERNAL void nilo_schedule_runner_note_missed(NiloScheduleRunner *self, guint n_missed);

/** nilo_schedule_runner_get_last_us: nominal time of the last round, 0 for none */
NILO_INTERNAL gint64 nilo_schedule_runner_get_last_us(NiloScheduleRunner *self);

/** nilo_schedule_runner_get_next_us: nominal time of the next round */
NILO_INTERNAL gint64 nilo_schedule_runner_get_next_us(NiloScheduleRunner *self);

G_END_DECLS
