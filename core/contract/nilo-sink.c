/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-sink.h"

G_DEFINE_INTERFACE(NiloSink, nilo_sink, G_TYPE_OBJECT)

static void
nilo_sink_default_init(NiloSinkInterface *iface)
{
}

void
nilo_sink_put_report(NiloSink *self, NiloReport *report, NiloSinkStored stored, gpointer user_data)
{
    NILO_SINK_GET_IFACE(self)->put_report(self, report, stored, user_data);
}

void
nilo_sink_put_event(NiloSink *self, NiloEvent *event)
{
    NILO_SINK_GET_IFACE(self)->put_event(self, event);
}

void
nilo_sink_flush(NiloSink *self)
{
    NILO_SINK_GET_IFACE(self)->flush(self);
}
