/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-driver.h"
#include "nilo-mbus-settings.h"

static void
mbus_register_types(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "mbus", NILO_TYPE_MBUS_DRIVER, NILO_TYPE_MBUS_SETTINGS);
}

NILO_PLUGIN_DEFINE(driver_mbus, mbus_register_types)
