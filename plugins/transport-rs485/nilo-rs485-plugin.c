/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-rs485-transport.h"
#include "nilo-serial-settings.h"

static void
rs485_register_types(NiloRegistrar *registrar)
{
    nilo_registrar_add_transport(registrar, "rs485", NILO_TYPE_RS485_TRANSPORT,
                                 NILO_TYPE_SERIAL_SETTINGS);
}

NILO_PLUGIN_DEFINE(transport_rs485, rs485_register_types)
