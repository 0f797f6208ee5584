/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal-private.h"

#include <glib/gi18n-lib.h>

#include "nilo-error.h"

static void nilo_journal_cursor_iface_init(NiloCursorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloJournalCursor, nilo_journal_cursor, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_CURSOR,
                                                    nilo_journal_cursor_iface_init))

static void
cancelled_cb(GCancellable *cancellable, gpointer user_data)
{
    NiloJournalCursor *self = NILO_JOURNAL_CURSOR(user_data);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(self->mutex);

    self->cancelled = TRUE;
    if (self->journal != NULL)
        nilo_journal_wake(self->journal);
}

/* why a take cannot begin now; with the lock held */
static GError *
find_obstacle(NiloJournalCursor *self)
{
    if (self->journal == NULL)
        return g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CLOSED, _("the journal is closed"));
    if (self->pending != NULL)
        return g_error_new(NILO_ERROR, NILO_ERROR_BUSY,
                           _("cursor \"%s\" waits for a batch already"), self->name);
    return NULL;
}

static void
cursor_take_async(NiloCursor *cursor, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer user_data)
{
    NiloJournalCursor *self = NILO_JOURNAL_CURSOR(cursor);
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = NULL;
    GError *obstacle;
    gulong cancel_id = 0;

    g_task_set_source_tag(task, cursor_take_async);
    if (g_task_return_error_if_cancelled(task))
        return;
    locker = g_mutex_locker_new(self->mutex);
    obstacle = find_obstacle(self);
    if (obstacle != NULL) {
        g_clear_pointer(&locker, g_mutex_locker_free);
        g_task_return_error(task, obstacle);
        return;
    }
    self->cancelled = FALSE;
    self->pending = g_steal_pointer(&task);
    self->cancel_id = 0;
    if (cancellable != NULL) {
        /* connecting may call back at once, and the callback locks. Only this thread takes, but
         * the writer may meanwhile end the task: then there is nothing to disconnect later */
        g_autoptr(GTask) held = g_object_ref(self->pending);

        g_clear_pointer(&locker, g_mutex_locker_free);
        cancel_id = g_cancellable_connect(cancellable, G_CALLBACK(cancelled_cb), self, NULL);
        locker = g_mutex_locker_new(self->mutex);
        if (self->pending == held) {
            self->cancel_id = cancel_id;
        } else {
            g_clear_pointer(&locker, g_mutex_locker_free);
            g_cancellable_disconnect(cancellable, cancel_id);
            return;
        }
    }
    if (self->journal != NULL)
        nilo_journal_wake(self->journal);
}

static NiloBatch *
cursor_take_finish(NiloCursor *cursor, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
cursor_acknowledge(NiloCursor *cursor, guint64 sequence)
{
    NiloJournalCursor *self = NILO_JOURNAL_CURSOR(cursor);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(self->mutex);

    if (self->journal == NULL)
        return;
    sequence = MIN(sequence, nilo_journal_get_last_locked(self->journal));
    if (sequence <= self->acknowledged)
        return;
    self->acknowledged = sequence;
    nilo_journal_note_acknowledged(self->journal, self);
}

static guint64
cursor_get_backlog(NiloCursor *cursor)
{
    NiloJournalCursor *self = NILO_JOURNAL_CURSOR(cursor);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(self->mutex);
    guint64 before, last;

    if (self->journal == NULL)
        return 0;
    last = nilo_journal_get_last_locked(self->journal);
    before = MAX(self->acknowledged, nilo_journal_get_first_locked(self->journal) - 1);
    return last > before ? last - before : 0;
}

static void
nilo_journal_cursor_iface_init(NiloCursorInterface *iface)
{
    iface->take_async = cursor_take_async;
    iface->take_finish = cursor_take_finish;
    iface->acknowledge = cursor_acknowledge;
    iface->get_backlog = cursor_get_backlog;
}

void
nilo_journal_cursor_complete(NiloJournalCursor *self, NiloBatch *batch, GError *error)
{
    g_autoptr(GTask) task = NULL;
    gulong cancel_id;

    g_mutex_lock(self->mutex);
    task = g_steal_pointer(&self->pending);
    cancel_id = self->cancel_id;
    self->cancel_id = 0;
    g_mutex_unlock(self->mutex);

    g_return_if_fail(task != NULL);

    /* not under the lock: this waits for a callback that wants it */
    if (cancel_id != 0)
        g_cancellable_disconnect(g_task_get_cancellable(task), cancel_id);
    if (batch != NULL)
        g_task_return_pointer(task, batch, (GDestroyNotify)nilo_batch_unref);
    else if (error != NULL)
        g_task_return_error(task, error);
    else
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s",
                                _("operation was cancelled"));
}

static void
nilo_journal_cursor_finalize(GObject *object)
{
    NiloJournalCursor *self = NILO_JOURNAL_CURSOR(object);

    g_free(self->name);
    g_free(self->path);
    g_clear_object(&self->journal_ref);
    G_OBJECT_CLASS(nilo_journal_cursor_parent_class)->finalize(object);
}

static void
nilo_journal_cursor_class_init(NiloJournalCursorClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_journal_cursor_finalize;
}

static void
nilo_journal_cursor_init(NiloJournalCursor *self)
{
}

NiloJournalCursor *
nilo_journal_cursor_new(NiloJournal *journal, GMutex *mutex, const char *name, const char *path,
                        gboolean required)
{
    NiloJournalCursor *self = g_object_new(NILO_TYPE_JOURNAL_CURSOR, NULL);

    self->journal = journal;
    self->journal_ref = g_object_ref(G_OBJECT(journal));
    self->mutex = mutex;
    self->name = g_strdup(name);
    self->path = g_strdup(path);
    self->required = required;
    return self;
}
