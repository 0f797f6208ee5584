/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-serial-transport.h"

G_BEGIN_DECLS

#define NILO_TYPE_RS485_TRANSPORT (nilo_rs485_transport_get_type())

/**
 * NiloRs485Transport:
 *
 * RS485 on a serial port, a USB adapter or a serial server. Made on main, opened on the bus
 * thread.
 */
G_DECLARE_FINAL_TYPE(NiloRs485Transport, nilo_rs485_transport, NILO, RS485_TRANSPORT,
                     NiloSerialTransport)

G_END_DECLS
