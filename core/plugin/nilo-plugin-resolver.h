/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-config.h"
#include "nilo-plugin-loader.h"

G_BEGIN_DECLS

/**
 * NiloPluginGroupKind:
 * @kind: "bus"
 * @named: whether a name follows it in the brackets
 * @type: the core's own object, bound first; %G_TYPE_NONE for none
 * @plugin_kind: (nullable): what a plugin adds: "transport"
 * @plugin_key: (nullable): the key (of @type) that names it: "transport". When it is "type", the
 *   group's own name will do instead: `[storage csv]`
 *
 * One kind of group and what it is made of. `[meter ID]` is not listed: it is known.
 */
typedef struct {
    const char *kind;
    gboolean named;
    GType type;
    const char *plugin_kind;
    const char *plugin_key;
} NiloPluginGroupKind;

/**
 * NiloPluginResolver:
 *
 * Resolves groups through installed plugins. Beyond that it checks what one group says of
 * others: `bus=`, `schedule=`, that every meter has a driver which is content with it, and that
 * no two meters share an address. One resolver serves one nilo_config_load().
 */
typedef struct _NiloPluginResolver NiloPluginResolver;

/** nilo_plugin_resolver_new: @loader and @kinds outlive it */
NILO_INTERNAL NiloPluginResolver *
nilo_plugin_resolver_new(NiloPluginLoader *loader, const NiloPluginGroupKind *kinds, gsize n_kinds);
NILO_INTERNAL void nilo_plugin_resolver_free(NiloPluginResolver *self);

/** nilo_plugin_resolver_get: (transfer none): for nilo_config_load() */
NILO_INTERNAL const NiloConfigResolver *nilo_plugin_resolver_get(NiloPluginResolver *self);

#define NILO_TYPE_PLUGIN_GROUP (nilo_plugin_group_get_type())

/**
 * NiloPluginGroup:
 *
 * The core's share of a `[storage NAME]` or `[service NAME]` group: `type=`, and the name.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloPluginGroup, nilo_plugin_group, NILO, PLUGIN_GROUP, GObject)

/** nilo_plugin_group_get_plugin: what `type=` says, or else the group's name */
NILO_INTERNAL const char *nilo_plugin_group_get_plugin(NiloPluginGroup *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloPluginResolver, nilo_plugin_resolver_free)

G_END_DECLS
