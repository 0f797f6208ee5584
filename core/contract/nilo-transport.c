/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-transport.h"

G_DEFINE_INTERFACE(NiloTransport, nilo_transport, G_TYPE_OBJECT)

static void
nilo_transport_default_init(NiloTransportInterface *iface)
{
}

NiloLine *
nilo_transport_open(NiloTransport *self, NiloClock *clock, GCancellable *cancellable,
                    GError **error)
{
    return NILO_TRANSPORT_GET_IFACE(self)->open(self, clock, cancellable, error);
}

const char *
nilo_transport_get_port(NiloTransport *self)
{
    NiloTransportInterface *iface = NILO_TRANSPORT_GET_IFACE(self);

    return iface->get_port != NULL ? iface->get_port(self) : "";
}
