/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * NiloRegistrar:
 *
 * Takes what a plugin offers while its module is loaded. Every call is checked: a name taken, a
 * type that does not implement the contract or a vendor type without a prefix is refused and
 * the plugin with it, by name.
 *
 * Since: 0.1
 */
typedef struct _NiloRegistrar NiloRegistrar;

/**
 * nilo_registrar_add_transport:
 * @name: what `transport=` says in a `[bus NAME]` group
 * @type: implements #NiloTransport
 * @line_settings: type of the keys it adds to `[meter ID]`, or %G_TYPE_NONE
 */
NILO_EXPORT void nilo_registrar_add_transport(NiloRegistrar *self, const char *name, GType type,
                                              GType line_settings);

/**
 * nilo_registrar_add_driver:
 * @name: what `driver=` says in a `[bus NAME]` or `[meter ID]` group
 * @type: implements #NiloDriver
 * @meter_settings: type of the keys it adds to `[meter ID]`, or %G_TYPE_NONE
 */
NILO_EXPORT void nilo_registrar_add_driver(NiloRegistrar *self, const char *name, GType type,
                                           GType meter_settings);

/** nilo_registrar_add_storage: @name is what `type=` says in a `[storage NAME]` group */
NILO_EXPORT void nilo_registrar_add_storage(NiloRegistrar *self, const char *name, GType type);

/** nilo_registrar_add_service: @name is what `type=` says in a `[service NAME]` group */
NILO_EXPORT void nilo_registrar_add_service(NiloRegistrar *self, const char *name, GType type);

G_END_DECLS
