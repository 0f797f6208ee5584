/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cursor.h"

G_DEFINE_INTERFACE(NiloCursor, nilo_cursor, G_TYPE_OBJECT)

static void
nilo_cursor_default_init(NiloCursorInterface *iface)
{
}

void
nilo_cursor_take_async(NiloCursor *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data)
{
    NILO_CURSOR_GET_IFACE(self)->take_async(self, cancellable, callback, user_data);
}

NiloBatch *
nilo_cursor_take_finish(NiloCursor *self, GAsyncResult *result, GError **error)
{
    return NILO_CURSOR_GET_IFACE(self)->take_finish(self, result, error);
}

void
nilo_cursor_acknowledge(NiloCursor *self, guint64 sequence)
{
    NILO_CURSOR_GET_IFACE(self)->acknowledge(self, sequence);
}

guint64
nilo_cursor_get_backlog(NiloCursor *self)
{
    return NILO_CURSOR_GET_IFACE(self)->get_backlog(self);
}
