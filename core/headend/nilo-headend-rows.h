/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

/**
 * NiloStoreCounts:
 * @stored: readings that are new
 * @ignored: readings that were there already, with the same value
 * @conflicts: readings that were there with another value: the first stays, the other is noted
 * as a correction that was not applied
 * @misses: failed attempts that are new
 * @known: 1 when the whole batch had been stored before, and nothing was done
 *
 * What became of a batch.
 *
 * Since: 0.1
 */
typedef struct {
    guint64 stored;
    guint64 ignored;
    guint64 conflicts;
    guint64 misses;
    guint64 known;
} NiloStoreCounts;

/**
 * NiloStoredReading:
 * @meter: whose
 * @reading: as it came; later corrections included
 * @volume_ml: the same as whole millilitres, when @has_volume
 * @has_volume: whether it is a volume
 *
 * Since: 0.1
 */
typedef struct {
    NiloMeterId *meter;
    NiloReading reading;
    gint64 volume_ml;
    gboolean has_volume;
} NiloStoredReading;

/**
 * NiloDailyUse:
 * @day: the site's local date, days since 1970-01-01
 * @first_us: first reading of the day, UTC
 * @first_ml: its volume
 * @last_us: last reading of the day, UTC
 * @last_ml: its volume
 * @min_ml: smallest volume read
 * @max_ml: largest volume read
 * @volume_ml: water used: up to the first reading of the next day where @closed, else up to the
 * last reading of this one
 * @closed: whether the next day has a reading, so that @volume_ml is the whole day's
 *
 * One day of a meter. Readings that are invalid or implausible do not count.
 *
 * Since: 0.1
 */
typedef struct {
    gint64 day;
    gint64 first_us;
    gint64 first_ml;
    gint64 last_us;
    gint64 last_ml;
    gint64 min_ml;
    gint64 max_ml;
    gint64 volume_ml;
    gboolean closed;
} NiloDailyUse;

/**
 * NiloMiss:
 * @meter: who was asked
 * @taken_us: when it was given up, UTC
 * @outcome: why
 * @cause: what the attempt was for
 * @attempts: requests sent
 * @status: #NiloMeterStatus bits
 * @found: who answered instead; "" unless the outcome is wrong-meter
 *
 * A failed attempt.
 *
 * Since: 0.1
 */
typedef struct {
    NiloMeterId *meter;
    gint64 taken_us;
    NiloOutcome outcome;
    NiloReportCause cause;
    guint attempts;
    guint status;
    char *found;
} NiloMiss;

/**
 * NiloCompleteness:
 * @meter: whose
 * @day: the site's local date, days since 1970-01-01
 * @answered: attempts that brought readings
 * @missed: attempts that did not, or not all
 * @reason: why the cell is empty: the last outcome; %NILO_OUTCOME_OK when it is filled, or when
 * nobody asked (@answered and @missed are 0)
 *
 * One cell of meter x day. The cell is filled when @answered is not 0.
 *
 * Since: 0.1
 */
typedef struct {
    NiloMeterId *meter;
    gint64 day;
    guint answered;
    guint missed;
    NiloOutcome reason;
} NiloCompleteness;

/**
 * NiloCorrection:
 * @reg: which register
 * @taken_us: which reading, UTC
 * @made_us: when it was corrected, UTC
 * @applied: %FALSE for a second value of the same moment that came in by itself and was refused
 * @author: who
 * @reason: why
 * @old_value: what stood there
 * @old_flags: its #NiloReadingFlags
 * @new_value: what should stand there
 * @new_flags: its #NiloReadingFlags
 *
 * Since: 0.1
 */
typedef struct {
    NiloRegister reg;
    gint64 taken_us;
    gint64 made_us;
    gboolean applied;
    char *author;
    char *reason;
    NiloValue old_value;
    guint old_flags;
    NiloValue new_value;
    guint new_flags;
} NiloCorrection;

/**
 * nilo_headend_day_to_text:
 * @day: days since 1970-01-01, 0 to 2932896
 *
 * Returns: (transfer full): `2026-11-22`
 */
NILO_EXPORT char *nilo_headend_day_to_text(gint64 day);

/**
 * nilo_headend_day_from_text:
 * @text: a date, `2026-11-22`
 * @day: (out): untouched on failure
 *
 * Returns: %FALSE with %NILO_ERROR_BAD_VALUE
 */
NILO_EXPORT gboolean nilo_headend_day_from_text(const char *text, gint64 *day, GError **error);

G_END_DECLS
