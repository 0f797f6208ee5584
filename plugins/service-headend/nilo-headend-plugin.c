/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-service.h"

static void
headend_register_types(NiloRegistrar *registrar)
{
    nilo_registrar_add_service(registrar, "headend", NILO_TYPE_HEADEND_SERVICE);
}

NILO_PLUGIN_DEFINE(service_headend, headend_register_types)
