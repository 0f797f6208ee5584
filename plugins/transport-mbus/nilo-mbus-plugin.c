/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-transport.h"
#include "nilo-serial-settings.h"

static void
mbus_register_types(NiloRegistrar *registrar)
{
    nilo_registrar_add_transport(registrar, "mbus", NILO_TYPE_MBUS_TRANSPORT,
                                 NILO_TYPE_SERIAL_SETTINGS);
}

NILO_PLUGIN_DEFINE(transport_mbus, mbus_register_types)
