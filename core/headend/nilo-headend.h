/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-headend-rows.h"

G_BEGIN_DECLS

#define NILO_TYPE_HEADEND (nilo_headend_get_type())

/**
 * NiloHeadend:
 *
 * The readings of many meters in a database, and the questions one asks of them. Used on main;
 * the work is done by one thread that writes and one that reads. Errors of all functions,
 * unless they say otherwise: %NILO_ERROR_DATABASE, %NILO_ERROR_NO_SPACE when the disk is full,
 * %NILO_ERROR_DAMAGED when the file is no database or not as it was written, %NILO_ERROR_BUSY
 * when somebody else holds it. After any of them it may be tried again: the connection is made
 * anew where that can help.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_FINAL_TYPE(NiloHeadend, nilo_headend, NILO, HEADEND, GObject)

/**
 * nilo_headend_new:
 * @file: the SQLite database, ends in `.db`; made when it is not there, its folder is not
 * @zone: (nullable): IANA name of the site's time zone, for daily values; %NULL for the
 * computer's. The one a database was made with stays its own
 *
 * Returns: (transfer full) (nullable): %NULL with %NILO_ERROR_BAD_VALUE; nothing is opened
 * yet
 */
NILO_EXPORT NiloHeadend *nilo_headend_new(const char *file, const char *zone, GError **error);

/** nilo_headend_open_async: opens the database and brings its tables up to date. What
 * stores does so too when it must; what asks needs it to have been done */
NILO_EXPORT void nilo_headend_open_async(NiloHeadend *self, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);

/** nilo_headend_open_finish: fails also when the schema is newer than this program */
NILO_EXPORT gboolean nilo_headend_open_finish(NiloHeadend *self, GAsyncResult *result,
                                              GError **error);

/** nilo_headend_get_zone: (nullable) (transfer full): the zone in which the database counts
 * days; %NULL before it was opened */
NILO_EXPORT char *nilo_headend_get_zone(NiloHeadend *self);

/**
 * nilo_headend_store_batch_async:
 * @batch: has a key: its sequence is not 0
 *
 * Stores the readings and the misses of @batch in one transaction, committed and on the disk
 * when this completes. A batch with a key that was stored before changes nothing.
 */
NILO_EXPORT void nilo_headend_store_batch_async(NiloHeadend *self, NiloBatch *batch,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback, gpointer user_data);

/**
 * nilo_headend_store_batch_finish:
 * @counts: (out) (optional): untouched on failure
 *
 * Returns: %FALSE with an error: nothing of the batch was stored. %NILO_ERROR_BAD_VALUE for one
 * without a key
 */
NILO_EXPORT gboolean nilo_headend_store_batch_finish(NiloHeadend *self, GAsyncResult *result,
                                                     NiloStoreCounts *counts, GError **error);

/**
 * nilo_headend_get_latest_async:
 * @meters: (nullable) (array zero-terminated=1): ids; %NULL for all, page by page
 * @limit: with %NULL: how many readings at most, 1 to 100000
 * @offset: with %NULL: how many to leave out
 *
 * The latest reading of each register, by meter id and register.
 */
NILO_EXPORT void nilo_headend_get_latest_async(NiloHeadend *self, const char *const *meters,
                                               guint limit, guint offset, GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer user_data);
/** nilo_headend_get_latest_finish: (transfer full) (element-type NiloStoredReading): */
NILO_EXPORT GArray *nilo_headend_get_latest_finish(NiloHeadend *self, GAsyncResult *result,
                                                   GError **error);

/**
 * nilo_headend_get_history_async:
 * @from_us: first moment, UTC
 * @to_us: the first moment that is too late, UTC
 * @limit: how many at most, 1 to 100000
 * @offset: how many of them to leave out
 *
 * The readings of one register, oldest first. None for a meter nobody knows.
 */
NILO_EXPORT void nilo_headend_get_history_async(NiloHeadend *self, NiloMeterId *meter,
                                                NiloRegister reg, gint64 from_us, gint64 to_us,
                                                guint limit, guint offset,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback, gpointer user_data);
/** nilo_headend_get_history_finish: (transfer full) (element-type NiloStoredReading): */
NILO_EXPORT GArray *nilo_headend_get_history_finish(NiloHeadend *self, GAsyncResult *result,
                                                    GError **error);

/**
 * nilo_headend_get_daily_async:
 * @from_day: first day, days since 1970-01-01
 * @to_day: last day
 *
 * The days of a volume register that have a reading, in order.
 */
NILO_EXPORT void nilo_headend_get_daily_async(NiloHeadend *self, NiloMeterId *meter,
                                              NiloRegister reg, gint64 from_day, gint64 to_day,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
/** nilo_headend_get_daily_finish: (transfer full) (element-type NiloDailyUse): */
NILO_EXPORT GArray *nilo_headend_get_daily_finish(NiloHeadend *self, GAsyncResult *result,
                                                  GError **error);

/**
 * nilo_headend_get_misses_async:
 * @meter: (nullable): %NULL for all
 * @from_us: first moment, UTC
 * @to_us: the first moment that is too late, UTC
 * @limit: how many at most, 1 to 100000
 * @offset: how many to leave out
 *
 * Failed attempts, oldest first.
 */
NILO_EXPORT void nilo_headend_get_misses_async(NiloHeadend *self, NiloMeterId *meter,
                                               gint64 from_us, gint64 to_us, guint limit,
                                               guint offset, GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer user_data);
/** nilo_headend_get_misses_finish: (transfer full) (element-type NiloMiss): */
NILO_EXPORT GArray *nilo_headend_get_misses_finish(NiloHeadend *self, GAsyncResult *result,
                                                   GError **error);

/**
 * nilo_headend_get_completeness_async:
 * @from_day: first day, days since 1970-01-01
 * @to_day: last day, at most 366 days later
 *
 * Every meter ever stored x every day: a cell each, by meter id and day. What was due is what
 * was tried.
 */
NILO_EXPORT void nilo_headend_get_completeness_async(NiloHeadend *self, gint64 from_day,
                                                     gint64 to_day, GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
/** nilo_headend_get_completeness_finish: (transfer full) (element-type NiloCompleteness):
 * %NILO_ERROR_BAD_VALUE for more than 367 days or 500,000 cells */
NILO_EXPORT GArray *nilo_headend_get_completeness_finish(NiloHeadend *self, GAsyncResult *result,
                                                         GError **error);

/**
 * nilo_headend_correct_async:
 * @taken_us: the reading to correct, by its moment
 * @value: what it should have been
 * @author: who says so, not empty
 * @reason: why, not empty
 *
 * Puts another value in the place of a reading. What stood there, who changed it, when and why
 * are kept; the latest and the daily values follow. The new value counts as plausible.
 */
NILO_EXPORT void nilo_headend_correct_async(NiloHeadend *self, NiloMeterId *meter, NiloRegister reg,
                                            gint64 taken_us, const NiloValue *value,
                                            const char *author, const char *reason,
                                            GCancellable *cancellable, GAsyncReadyCallback callback,
                                            gpointer user_data);
/** nilo_headend_correct_finish: %NILO_ERROR_NOT_FOUND without such a reading,
 * %NILO_ERROR_BAD_VALUE without author or reason */
NILO_EXPORT gboolean nilo_headend_correct_finish(NiloHeadend *self, GAsyncResult *result,
                                                 GError **error);

/**
 * nilo_headend_get_corrections_async:
 * @from_us: of readings taken since, UTC
 * @to_us: the first moment that is too late, UTC
 * @limit: how many at most, 1 to 100000
 * @offset: how many to leave out
 *
 * Corrections and refused second values of a meter, in the order they were made.
 */
NILO_EXPORT void nilo_headend_get_corrections_async(NiloHeadend *self, NiloMeterId *meter,
                                                    gint64 from_us, gint64 to_us, guint limit,
                                                    guint offset, GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
/** nilo_headend_get_corrections_finish: (transfer full) (element-type NiloCorrection): */
NILO_EXPORT GArray *nilo_headend_get_corrections_finish(NiloHeadend *self, GAsyncResult *result,
                                                        GError **error);

/**
 * nilo_headend_purge_async:
 * @before_us: older readings, misses and batch keys go, UTC; latest and daily values and
 * corrections stay
 *
 * Done in slices of meters, so that batches are stored in between.
 */
NILO_EXPORT void nilo_headend_purge_async(NiloHeadend *self, gint64 before_us,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
/** nilo_headend_purge_finish: @n_readings: (out) (optional): how many readings went */
NILO_EXPORT gboolean nilo_headend_purge_finish(NiloHeadend *self, GAsyncResult *result,
                                               guint64 *n_readings, GError **error);

G_END_DECLS
