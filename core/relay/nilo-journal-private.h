/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-journal-position.h"
#include "nilo-journal-store.h"
#include "nilo-journal.h"

G_BEGIN_DECLS

#define NILO_TYPE_JOURNAL_CURSOR (nilo_journal_cursor_get_type())
G_DECLARE_FINAL_TYPE(NiloJournalCursor, nilo_journal_cursor, NILO, JOURNAL_CURSOR, GObject)

/*
 * What the journal and its cursors share. The mutex guards what is marked (lock); the rest of a
 * cursor belongs to the writer.
 */
struct _NiloJournalCursor {
    GObject parent_instance;

    NiloJournal *journal; /* (lock) borrowed; NULL once closed */
    GMutex *mutex;        /* of the journal, kept alive by journal_ref */
    GObject *journal_ref;
    char *name;
    char *path;
    gboolean required;
    gboolean loaded;      /* (lock) the file was read */
    guint64 acknowledged; /* (lock) */
    GTask *pending;       /* (lock) the take that waits */
    gulong cancel_id;     /* (lock) */
    gboolean cancelled;   /* (lock) */
    NiloJournalPosition saved;
    NiloJournalPlace place;
};

NiloJournalCursor *nilo_journal_cursor_new(NiloJournal *journal, GMutex *mutex, const char *name,
                                           const char *path, gboolean required);

/* ends the take that waits: with a batch, with @error, or, when both are NULL, as cancelled */
void nilo_journal_cursor_complete(NiloJournalCursor *self, NiloBatch *batch, GError *error);

/* the next four: with the lock held */
void nilo_journal_wake(NiloJournal *self);
guint64 nilo_journal_get_last_locked(NiloJournal *self);
guint64 nilo_journal_get_first_locked(NiloJournal *self);
void nilo_journal_note_acknowledged(NiloJournal *self, NiloJournalCursor *cursor);

G_END_DECLS
