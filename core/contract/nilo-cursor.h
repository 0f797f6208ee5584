/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-batch.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define NILO_TYPE_CURSOR (nilo_cursor_get_type())

/**
 * NiloCursor:
 *
 * How far one consumer has come in the journal. Used on main. Survives restarts under its name.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloCursor, nilo_cursor, NILO, CURSOR, GObject)

/**
 * NiloCursorInterface:
 * @take_async: completes with the next batch not yet acknowledged, at once when there is
 * one, else when one comes. One at a time
 * @take_finish: (transfer full): the batch
 * @acknowledge: everything up to and including @sequence is done with; written down with
 * the next flush: after a crash a few batches may come again
 * @get_backlog: batches waiting
 *
 * Since: 0.1
 */
struct _NiloCursorInterface {
    GTypeInterface parent_iface;

    void (*take_async)(NiloCursor *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data);
    NiloBatch *(*take_finish)(NiloCursor *self, GAsyncResult *result, GError **error);
    void (*acknowledge)(NiloCursor *self, guint64 sequence);
    guint64 (*get_backlog)(NiloCursor *self);
};

NILO_EXPORT void nilo_cursor_take_async(NiloCursor *self, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
NILO_EXPORT NiloBatch *nilo_cursor_take_finish(NiloCursor *self, GAsyncResult *result,
                                               GError **error);
NILO_EXPORT void nilo_cursor_acknowledge(NiloCursor *self, guint64 sequence);
NILO_EXPORT guint64 nilo_cursor_get_backlog(NiloCursor *self);

G_END_DECLS
