/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-storage.h"

G_DEFINE_INTERFACE(NiloStorage, nilo_storage, G_TYPE_OBJECT)

static void
nilo_storage_default_init(NiloStorageInterface *iface)
{
}

void
nilo_storage_store_async(NiloStorage *self, NiloBatch *batch, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
    NILO_STORAGE_GET_IFACE(self)->store_async(self, batch, cancellable, callback, user_data);
}

gboolean
nilo_storage_store_finish(NiloStorage *self, GAsyncResult *result, GError **error)
{
    return NILO_STORAGE_GET_IFACE(self)->store_finish(self, result, error);
}
