/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-abi.h"
#include "nilo-registrar.h"

#include <gmodule.h>

G_BEGIN_DECLS

#define NILO_PLUGIN_MAGIC 0x4e494c4fu /* "NILO" */

/**
 * NiloPluginEntry:
 * @magic: %NILO_PLUGIN_MAGIC
 * @abi_major: %NILO_ABI_MAJOR of the headers it was built with
 * @abi_minor: %NILO_ABI_MINOR of the headers it was built with
 * @size: of this struct as the plugin knows it
 * @name: of the plugin, as in its `.plugin` file with - written as _
 * @register_types: called once, on main, after the numbers were found right
 *
 * The one symbol a module exports. Grows only at its end.
 *
 * Since: 0.1
 */
typedef struct {
    guint32 magic;
    guint16 abi_major;
    guint16 abi_minor;
    guint32 size;
    const char *name;
    void (*register_types)(NiloRegistrar *registrar);
} NiloPluginEntry;

/**
 * NILO_PLUGIN_DEFINE:
 * @id: the plugin's name with - written as _: transport_rs485
 * @func: registers its types
 */
#define NILO_PLUGIN_DEFINE(id, func)                                                               \
    G_MODULE_EXPORT const NiloPluginEntry nilo_plugin_##id = {                                     \
        NILO_PLUGIN_MAGIC, NILO_ABI_MAJOR, NILO_ABI_MINOR, sizeof(NiloPluginEntry), #id, func,     \
    };

G_END_DECLS
