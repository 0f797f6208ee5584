/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-plugin-info.h"
#include "nilo-registrar.h"

G_BEGIN_DECLS

/**
 * NiloPluginOffer:
 * @plugin: (transfer none): who provides it
 * @type: implements the contract
 * @settings: type of the keys it adds to `[meter ID]`, or %G_TYPE_NONE
 *
 * One thing a loaded plugin provides. Valid as long as the loader.
 */
typedef struct {
    NiloPluginInfo *plugin;
    GType type;
    GType settings;
} NiloPluginOffer;

/* one per plugin that is being loaded; lives only while its register_types() runs */
struct _NiloRegistrar {
    NiloPluginInfo *plugin; /* borrowed */
    GHashTable *taken;      /* "kind:name" -> NiloPluginOffer, of the plugins before; borrowed */
    GHashTable *offers;     /* "kind:name" -> NiloPluginOffer, of this one */
    GError *error;          /* the first refusal; nothing counts after it */
};

/** nilo_registrar_run: lets a plugin register its types; on success its offers move to @taken,
 * otherwise none does */
gboolean nilo_registrar_run(NiloPluginInfo *plugin, void (*register_types)(NiloRegistrar *),
                            GHashTable *taken, GError **error);

G_END_DECLS
