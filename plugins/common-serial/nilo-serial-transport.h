/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-serial-line.h"

G_BEGIN_DECLS

#define NILO_TYPE_SERIAL_TRANSPORT (nilo_serial_transport_get_type())

/**
 * NiloSerialTransport:
 *
 * What transports over a serial port have in common: the keys of the port and of its
 * characters, and the opening. Derivable because every kind of bus adds its own keys and its
 * own preparation of the line.
 */
G_DECLARE_DERIVABLE_TYPE(NiloSerialTransport, nilo_serial_transport, NILO, SERIAL_TRANSPORT,
                         GObject)

/**
 * NiloSerialTransportClass:
 * @prepare: (nullable) (bus thread): the line is open and has its speed and parity
 */
struct _NiloSerialTransportClass {
    GObjectClass parent_class;

    gboolean (*prepare)(NiloSerialTransport *self, NiloSerialLine *line, NiloClock *clock,
                        GCancellable *cancellable, GError **error);
};

const char *nilo_serial_transport_get_port(NiloSerialTransport *self);

G_END_DECLS
