/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-line.h"

G_BEGIN_DECLS

#define NILO_TYPE_TRANSPORT (nilo_transport_get_type())

/**
 * NiloTransport:
 *
 * Opens lines: serial ports, serial servers, level converters. Its config properties are keys
 * of the `[bus NAME]` group, its line settings (registered beside it) keys of the `[meter ID]`
 * group.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloTransport, nilo_transport, NILO, TRANSPORT, GObject)

/**
 * NiloTransportInterface:
 * @open: (bus thread, may block) opens the line with the bus's own settings;
 * %NILO_ERROR_LINE_LOST when the adapter is not there: the bus tries again later
 * @get_port: what is opened, for people: "/dev/ttyUSB0", "tcp:10.0.0.7:4001"
 *
 * Since: 0.1
 */
struct _NiloTransportInterface {
    GTypeInterface parent_iface;

    NiloLine *(*open)(NiloTransport *self, NiloClock *clock, GCancellable *cancellable,
                      GError **error);
    const char *(*get_port)(NiloTransport *self);
};

/** nilo_transport_open: Returns: (transfer full): */
NILO_EXPORT NiloLine *nilo_transport_open(NiloTransport *self, NiloClock *clock,
                                          GCancellable *cancellable, GError **error);
NILO_EXPORT const char *nilo_transport_get_port(NiloTransport *self);

G_END_DECLS
