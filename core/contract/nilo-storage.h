/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-batch.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define NILO_TYPE_STORAGE (nilo_storage_get_type())

/**
 * NiloStorage:
 *
 * A mirror of the readings for others: files, another database. Gets every batch once or, after
 * a crash, again; the batch key tells. Its config properties are keys of the `[storage NAME]`
 * group.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloStorage, nilo_storage, NILO, STORAGE, GObject)

/**
 * NiloStorageInterface:
 * @store_async: keeps the batch; completes when it is safe. One at a time, on main, must
 * not block
 * @store_finish: %FALSE with an error: the same batch comes again later
 *
 * Since: 0.1
 */
struct _NiloStorageInterface {
    GTypeInterface parent_iface;

    void (*store_async)(NiloStorage *self, NiloBatch *batch, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data);
    gboolean (*store_finish)(NiloStorage *self, GAsyncResult *result, GError **error);
};

NILO_EXPORT void nilo_storage_store_async(NiloStorage *self, NiloBatch *batch,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
NILO_EXPORT gboolean nilo_storage_store_finish(NiloStorage *self, GAsyncResult *result,
                                               GError **error);

G_END_DECLS
