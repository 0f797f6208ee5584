/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-clock.h"
#include "nilo-cursor.h"
#include "nilo-journal-config.h"
#include "nilo-journal-files.h"
#include "nilo-sink.h"

G_BEGIN_DECLS

#define NILO_TYPE_JOURNAL (nilo_journal_get_type())

/**
 * NiloJournal:
 *
 * The spine: takes reports and events from any thread (a #NiloSink), gathers them into batches,
 * keeps those on the disk, and hands them to consumers by cursors. One thread of its own writes
 * and reads; nothing here blocks longer than a lock. A full or broken disk is no error of the
 * caller: reports wait in a bounded ring, then the oldest are dropped and counted, and the disk
 * is tried again. docs/journal-format.md says what is on the disk.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloJournal, nilo_journal, NILO, JOURNAL, GObject)

/**
 * NiloJournalNotify:
 * @event: "journal-full", "journal-failing", "journal-back", "journal-damaged"
 *
 * Called on the writer's thread. The journal has queued the event itself already.
 */
typedef void (*NiloJournalNotify)(NiloEvent *event, gpointer user_data);

/**
 * nilo_journal_open:
 * @files: (nullable): %NULL for the real ones; outlives the journal
 *
 * Recovers what is in the folder and starts the writer. A disk that cannot be used is no
 * failure: see nilo_journal_dup_last_error().
 *
 * Returns: (transfer full) (nullable): %NULL with %NILO_ERROR_BUSY when another process has it
 */
NILO_INTERNAL NiloJournal *nilo_journal_open(NiloJournalConfig *config, NiloJournalFiles *files,
                                             NiloClock *clock, GError **error);

/** nilo_journal_close: writes what is queued, once, and stops. What cannot be written is
 * dropped. Cursors end with %G_IO_ERROR_CLOSED. Must be called before the last reference goes:
 * open cursors hold one */
NILO_INTERNAL void nilo_journal_close(NiloJournal *self);

/** nilo_journal_sync: blocks until what is queued now is written or the disk has refused it;
 * never on main */
NILO_INTERNAL void nilo_journal_sync(NiloJournal *self);

/** nilo_journal_set_notify: replaces the function of before; %NULL for none */
NILO_INTERNAL void nilo_journal_set_notify(NiloJournal *self, NiloJournalNotify notify,
                                           gpointer user_data);

/**
 * nilo_journal_open_cursor:
 * @name: 1 to 64 of a-z, 0-9 and -
 * @required: whether its backlog holds batches back that age alone would let go
 *
 * A name seen for the first time, or whose file is damaged, begins with the oldest batch kept.
 *
 * Returns: (transfer full) (nullable): %NULL with %NILO_ERROR_BAD_VALUE or, when the name is in
 * use, %NILO_ERROR_EXISTS
 */
NILO_INTERNAL NiloCursor *nilo_journal_open_cursor(NiloJournal *self, const char *name,
                                                   gboolean required, GError **error);

/**
 * nilo_journal_read_async:
 * @after: the sequence before the wanted batch
 *
 * Reads any batch kept, acknowledged or not: for healing, and for sending several ahead.
 */
NILO_INTERNAL void nilo_journal_read_async(NiloJournal *self, guint64 after,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);

/** nilo_journal_read_finish: (transfer full) (nullable): the first batch behind; %NULL without
 * error when there is none yet */
NILO_INTERNAL NiloBatch *nilo_journal_read_finish(NiloJournal *self, GAsyncResult *result,
                                                  GError **error);

/** nilo_journal_get_epoch: 0 while the disk could not be read */
NILO_INTERNAL guint64 nilo_journal_get_epoch(NiloJournal *self);
/** nilo_journal_get_last_sequence: 0 when there is no batch */
NILO_INTERNAL guint64 nilo_journal_get_last_sequence(NiloJournal *self);
/** nilo_journal_get_n_batches: kept; one too many for each that was damaged or skipped */
NILO_INTERNAL guint64 nilo_journal_get_n_batches(NiloJournal *self);
/** nilo_journal_get_size_bytes: taken on the disk */
NILO_INTERNAL guint64 nilo_journal_get_size_bytes(NiloJournal *self);
/** nilo_journal_get_oldest_us: when the oldest batch was written, UTC; 0 when not known */
NILO_INTERNAL gint64 nilo_journal_get_oldest_us(NiloJournal *self);
/** nilo_journal_get_waiting: reports queued in memory */
NILO_INTERNAL guint nilo_journal_get_waiting(NiloJournal *self);
/** nilo_journal_get_dropped: reports and events that never reached the disk, since the start */
NILO_INTERNAL guint64 nilo_journal_get_dropped(NiloJournal *self);
/** nilo_journal_get_overwritten: batches given up before a required cursor had them */
NILO_INTERNAL guint64 nilo_journal_get_overwritten(NiloJournal *self);
/** nilo_journal_get_days_left: for how many more days there is room before something not yet
 * delivered is lost, at the rate seen so far; -1 when not yet known */
NILO_INTERNAL gint nilo_journal_get_days_left(NiloJournal *self);
/** nilo_journal_dup_last_error: (transfer full) (nullable): why the disk is not usable now */
NILO_INTERNAL char *nilo_journal_dup_last_error(NiloJournal *self);

G_END_DECLS
