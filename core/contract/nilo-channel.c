/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-channel.h"

G_DEFINE_INTERFACE(NiloChannel, nilo_channel, G_TYPE_OBJECT)

static void
nilo_channel_default_init(NiloChannelInterface *iface)
{
}

gboolean
nilo_channel_exchange(NiloChannel *self, const NiloRequest *request, NiloVerdict *verdict,
                      NiloAnswer *answer, GCancellable *cancellable, GError **error)
{
    return NILO_CHANNEL_GET_IFACE(self)->exchange(self, request, verdict, answer, cancellable,
                                                  error);
}

gboolean
nilo_channel_pause(NiloChannel *self, guint duration_ms, GCancellable *cancellable, GError **error)
{
    return NILO_CHANNEL_GET_IFACE(self)->pause(self, duration_ms, cancellable, error);
}

gboolean
nilo_channel_set_speed(NiloChannel *self, guint speed_baud, GError **error)
{
    return NILO_CHANNEL_GET_IFACE(self)->set_speed(self, speed_baud, error);
}

guint
nilo_channel_get_speed(NiloChannel *self)
{
    return NILO_CHANNEL_GET_IFACE(self)->get_speed(self);
}

gboolean
nilo_channel_send_break(NiloChannel *self, guint duration_ms, GCancellable *cancellable,
                        GError **error)
{
    return NILO_CHANNEL_GET_IFACE(self)->send_break(self, duration_ms, cancellable, error);
}

NiloClock *
nilo_channel_get_clock(NiloChannel *self)
{
    return NILO_CHANNEL_GET_IFACE(self)->get_clock(self);
}
