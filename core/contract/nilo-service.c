/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-service.h"

G_DEFINE_INTERFACE(NiloService, nilo_service, G_TYPE_OBJECT)

static void
nilo_service_default_init(NiloServiceInterface *iface)
{
}

void
nilo_service_start_async(NiloService *self, NiloHost *host, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
    NILO_SERVICE_GET_IFACE(self)->start_async(self, host, cancellable, callback, user_data);
}

gboolean
nilo_service_start_finish(NiloService *self, GAsyncResult *result, GError **error)
{
    return NILO_SERVICE_GET_IFACE(self)->start_finish(self, result, error);
}

void
nilo_service_stop_async(NiloService *self, GAsyncReadyCallback callback, gpointer user_data)
{
    NILO_SERVICE_GET_IFACE(self)->stop_async(self, callback, user_data);
}

void
nilo_service_stop_finish(NiloService *self, GAsyncResult *result)
{
    NILO_SERVICE_GET_IFACE(self)->stop_finish(self, result);
}
