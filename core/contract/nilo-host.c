/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-host.h"

G_DEFINE_INTERFACE(NiloHost, nilo_host, G_TYPE_OBJECT)

static void
nilo_host_default_init(NiloHostInterface *iface)
{
    const GType type = G_TYPE_FROM_INTERFACE(iface);

    /**
     * NiloHost::event:
     * @event: what happened
     */
    g_signal_new("event", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                 NILO_TYPE_EVENT);
    /**
     * NiloHost::meters-changed:
     *
     * The configuration was read anew.
     */
    g_signal_new("meters-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

NiloClock *
nilo_host_get_clock(NiloHost *self)
{
    return NILO_HOST_GET_IFACE(self)->get_clock(self);
}

const char *
nilo_host_get_state_dir(NiloHost *self)
{
    return NILO_HOST_GET_IFACE(self)->get_state_dir(self);
}

NiloCursor *
nilo_host_open_cursor(NiloHost *self, const char *name, gboolean required, GError **error)
{
    return NILO_HOST_GET_IFACE(self)->open_cursor(self, name, required, error);
}

GPtrArray *
nilo_host_list_meters(NiloHost *self)
{
    return NILO_HOST_GET_IFACE(self)->list_meters(self);
}

NiloMeter *
nilo_host_find_meter(NiloHost *self, NiloMeterId *id)
{
    return NILO_HOST_GET_IFACE(self)->find_meter(self, id);
}

GDBusConnection *
nilo_host_get_connection(NiloHost *self)
{
    return NILO_HOST_GET_IFACE(self)->get_connection(self);
}

void
nilo_host_put_event(NiloHost *self, NiloEvent *event)
{
    NILO_HOST_GET_IFACE(self)->put_event(self, event);
}
