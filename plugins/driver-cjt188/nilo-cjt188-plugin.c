/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-driver.h"
#include "nilo-cjt188-settings.h"

static void
cjt188_register_types(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "cjt188", NILO_TYPE_CJT188_DRIVER,
                              NILO_TYPE_CJT188_SETTINGS);
}

NILO_PLUGIN_DEFINE(driver_cjt188, cjt188_register_types)
