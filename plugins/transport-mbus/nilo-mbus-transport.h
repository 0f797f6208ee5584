/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-serial-transport.h"

G_BEGIN_DECLS

#define NILO_TYPE_MBUS_TRANSPORT (nilo_mbus_transport_get_type())

/**
 * NiloMbusTransport:
 *
 * An M-Bus level converter on a serial port or a serial server. Made on main, opened on the bus
 * thread.
 */
G_DECLARE_FINAL_TYPE(NiloMbusTransport, nilo_mbus_transport, NILO, MBUS_TRANSPORT,
                     NiloSerialTransport)

G_END_DECLS
