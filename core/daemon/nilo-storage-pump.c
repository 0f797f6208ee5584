/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-storage-pump.h"

#include "nilo-log.h"

#define FIRST_PAUSE_S 1
#define MAX_PAUSE_S   64

struct _NiloStoragePump {
    GObject parent_instance;

    char *name;
    NiloCursor *cursor;
    NiloStorage *storage;
    GCancellable *cancellable;
    NiloBatch *batch; /* being stored, or to be stored again */
    GSource *retry;
    guint pause_s;
};

G_DEFINE_FINAL_TYPE(NiloStoragePump, nilo_storage_pump, G_TYPE_OBJECT)

static void take_next(NiloStoragePump *self);

static void
nilo_storage_pump_dispose(GObject *object)
{
    NiloStoragePump *self = NILO_STORAGE_PUMP(object);

    nilo_storage_pump_stop(self);
    g_clear_object(&self->cursor);
    g_clear_object(&self->storage);
    g_clear_object(&self->cancellable);
    g_clear_pointer(&self->batch, nilo_batch_unref);
    g_clear_pointer(&self->name, g_free);
    G_OBJECT_CLASS(nilo_storage_pump_parent_class)->dispose(object);
}

static void
nilo_storage_pump_class_init(NiloStoragePumpClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = nilo_storage_pump_dispose;
}

static void
nilo_storage_pump_init(NiloStoragePump *self)
{
    self->cancellable = g_cancellable_new();
}

static void store_batch(NiloStoragePump *self);

static gboolean
retry_cb(gpointer user_data)
{
    NiloStoragePump *self = user_data;

    g_clear_pointer(&self->retry, g_source_unref);
    store_batch(self);
    return G_SOURCE_REMOVE;
}

/* a repeated fault logs its start and its end, not every try */
static void
retry_later(NiloStoragePump *self, const GError *error)
{
    if (self->pause_s == 0)
        nilo_log_warning(NULL, "storage %s fails, will try on: %s", self->name, error->message);
    self->pause_s = CLAMP(self->pause_s * 2, FIRST_PAUSE_S, MAX_PAUSE_S);
    self->retry = g_timeout_source_new_seconds(self->pause_s);
    g_source_set_callback(self->retry, retry_cb, self, NULL);
    g_source_attach(self->retry, NULL);
}

static void
stored_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(NiloStoragePump) self = NILO_STORAGE_PUMP(user_data);
    g_autoptr(GError) error = NULL;
    const gboolean stored = nilo_storage_store_finish(NILO_STORAGE(source), result, &error);

    if (stored)
        nilo_cursor_acknowledge(self->cursor, nilo_batch_get_sequence(self->batch));
    if (g_cancellable_is_cancelled(self->cancellable))
        return;
    if (!stored) {
        retry_later(self, error);
        return;
    }
    if (self->pause_s != 0)
        nilo_log_message(NULL, "storage %s works again", self->name);
    self->pause_s = 0;
    g_clear_pointer(&self->batch, nilo_batch_unref);
    take_next(self);
}

static void
store_batch(NiloStoragePump *self)
{
    nilo_storage_store_async(self->storage, self->batch, self->cancellable, stored_cb,
                             g_object_ref(self));
}

static void
taken_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(NiloStoragePump) self = NILO_STORAGE_PUMP(user_data);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloBatch) batch = nilo_cursor_take_finish(NILO_CURSOR(source), result, &error);

    if (g_cancellable_is_cancelled(self->cancellable))
        return;
    if (batch == NULL) {
        nilo_log_warning(NULL, "storage %s gets no more batches: %s", self->name, error->message);
        return;
    }
    self->batch = g_steal_pointer(&batch);
    store_batch(self);
}

static void
take_next(NiloStoragePump *self)
{
    nilo_cursor_take_async(self->cursor, self->cancellable, taken_cb, g_object_ref(self));
}

NiloStoragePump *
nilo_storage_pump_new(const char *name, NiloCursor *cursor, NiloStorage *storage)
{
    NiloStoragePump *self = g_object_new(NILO_TYPE_STORAGE_PUMP, NULL);

    self->name = g_strdup(name);
    self->cursor = g_object_ref(cursor);
    self->storage = g_object_ref(storage);
    take_next(self);
    return self;
}

void
nilo_storage_pump_stop(NiloStoragePump *self)
{
    g_cancellable_cancel(self->cancellable);
    if (self->retry != NULL)
        g_source_destroy(self->retry);
    g_clear_pointer(&self->retry, g_source_unref);
}
