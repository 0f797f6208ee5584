/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define NILO_TYPE_SCHEDULE_CONFIG (nilo_schedule_config_get_type())

/**
 * NiloScheduleConfig:
 *
 * What a `[schedule NAME]` group says. Immutable.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloScheduleConfig, nilo_schedule_config, NILO, SCHEDULE_CONFIG, GObject)

#define NILO_TYPE_SCHEDULE (nilo_schedule_get_type())

/**
 * NiloSchedule:
 *
 * A wall-clock calendar: when rounds are due. Immutable and pure: it has no clock.
 *
 * `every=day` is due once on each local date at `at`; where the clocks go forward over that
 * time, at the first moment behind the gap; where they go back over it, the first time.
 * `every=hour` and `every=N min` are due every so many minutes of true time from local
 * midnight plus `at`, and anew each midnight: a day of 23 or 25 hours has 23 or 25 hourly
 * rounds.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloSchedule, nilo_schedule, NILO, SCHEDULE, GObject)

/**
 * nilo_schedule_new:
 * @zone: the site's, for a group that names none
 *
 *
 * Returns: (nullable) (transfer full): %NULL with %NILO_ERROR_BAD_VALUE that names the
 * key
 */
NILO_INTERNAL NiloSchedule *nilo_schedule_new(NiloScheduleConfig *config, GTimeZone *zone,
                                              GError **error);

/** nilo_schedule_get_next_due_us: the first nominal time after @after_us, UTC */
NILO_INTERNAL gint64 nilo_schedule_get_next_due_us(NiloSchedule *self, gint64 after_us);

/** nilo_schedule_get_last_due_us: the last nominal time not after @at_us, UTC */
NILO_INTERNAL gint64 nilo_schedule_get_last_due_us(NiloSchedule *self, gint64 at_us);

/** nilo_schedule_get_period_us: the usual time between two rounds */
NILO_INTERNAL gint64 nilo_schedule_get_period_us(NiloSchedule *self);

/** nilo_schedule_get_delay_us: how long after the nominal time @name begins: always the same
 * for one name, spread evenly over `spread-s` for many */
NILO_INTERNAL gint64 nilo_schedule_get_delay_us(NiloSchedule *self, const char *name);

/** nilo_schedule_get_second_round_us: pause before meters missed are read again, 0 for never */
NILO_INTERNAL gint64 nilo_schedule_get_second_round_us(NiloSchedule *self);

/** nilo_schedule_get_clock_drift_max_s: 0 when meters' clocks are left alone */
NILO_INTERNAL guint nilo_schedule_get_clock_drift_max_s(NiloSchedule *self);

/** nilo_schedule_get_zone: (transfer none): the site's */
NILO_INTERNAL GTimeZone *nilo_schedule_get_zone(NiloSchedule *self);

G_END_DECLS
