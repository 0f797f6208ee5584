/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-host.h"

G_BEGIN_DECLS

#define NILO_TYPE_SERVICE (nilo_service_get_type())

/**
 * NiloService:
 *
 * Something that runs beside the buses and lives on cursors and events. Its config properties
 * are keys of the `[service NAME]` group.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloService, nilo_service, NILO, SERVICE, GObject)

/**
 * NiloServiceInterface:
 * @start_async: on main, must not block; @host outlives the service
 * @start_finish: %FALSE with an error: the daemon goes on without it and says so
 * @stop_async: finishes what it holds and lets go of the host
 * @stop_finish: cannot fail
 *
 * Since: 0.1
 */
struct _NiloServiceInterface {
    GTypeInterface parent_iface;

    void (*start_async)(NiloService *self, NiloHost *host, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data);
    gboolean (*start_finish)(NiloService *self, GAsyncResult *result, GError **error);
    void (*stop_async)(NiloService *self, GAsyncReadyCallback callback, gpointer user_data);
    void (*stop_finish)(NiloService *self, GAsyncResult *result);
};

NILO_EXPORT void nilo_service_start_async(NiloService *self, NiloHost *host,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
NILO_EXPORT gboolean nilo_service_start_finish(NiloService *self, GAsyncResult *result,
                                               GError **error);
NILO_EXPORT void nilo_service_stop_async(NiloService *self, GAsyncReadyCallback callback,
                                         gpointer user_data);
NILO_EXPORT void nilo_service_stop_finish(NiloService *self, GAsyncResult *result);

G_END_DECLS
