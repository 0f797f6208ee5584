/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-plugin-guard.h"
#include "nilo-plugin.h"
#include "nilo-registrar-private.h"

G_BEGIN_DECLS

/**
 * NiloPluginLoader:
 *
 * Knows which plugins are installed and opens those that somebody requires, never others. What
 * was opened stays: its types cannot be taken back. Used on main.
 */
typedef struct _NiloPluginLoader NiloPluginLoader;

/**
 * nilo_plugin_loader_new:
 * @folders: (nullable) (array zero-terminated=1): searched in this order, the first plugin of a
 *   name counts; %NULL for those of nilo_plugin_loader_list_default_folders()
 * @guard: (nullable) (transfer none): outlives the loader
 */
NILO_INTERNAL NiloPluginLoader *nilo_plugin_loader_new(const char *const *folders,
                                                       NiloPluginGuard *guard);

NILO_INTERNAL void nilo_plugin_loader_free(NiloPluginLoader *self);

/**
 * nilo_plugin_loader_list_default_folders:
 *
 * Returns: (transfer full): those of `$NILOMETER_PLUGIN_PATH` (separated by colons), the one of
 * the package, `/usr/local/lib/nilometer/plugins-1`, `/opt/nilometer/plugins-1`
 */
NILO_INTERNAL GStrv nilo_plugin_loader_list_default_folders(void);

/** nilo_plugin_loader_refresh: reads the descriptions again; plugins that were refused get
 * another chance, loaded ones stay */
NILO_INTERNAL void nilo_plugin_loader_refresh(NiloPluginLoader *self);

/**
 * nilo_plugin_loader_require:
 * @kind: "transport", "driver", "storage" or "service"
 * @name: "rs485"
 *
 * Returns: (nullable) (transfer none): %NULL with %NILO_ERROR_NOT_INSTALLED,
 * %NILO_ERROR_PLUGIN_ABI, %NILO_ERROR_PLUGIN_OPEN, %NILO_ERROR_PLUGIN_INVALID,
 * %NILO_ERROR_TYPE_CLASH or %NILO_ERROR_QUARANTINED
 */
NILO_INTERNAL const NiloPluginOffer *nilo_plugin_loader_require(NiloPluginLoader *self,
                                                                const char *kind, const char *name,
                                                                GError **error);

/** nilo_plugin_loader_find: the plugin of that name, whatever became of it; opens nothing */
NILO_INTERNAL const NiloPluginInfo *nilo_plugin_loader_find(NiloPluginLoader *self,
                                                            const char *plugin);

/** nilo_plugin_loader_open: loads a plugin by its own name, for `describe` */
NILO_INTERNAL gboolean nilo_plugin_loader_open(NiloPluginLoader *self, const char *plugin,
                                               GError **error);

/** nilo_plugin_loader_release: lifts the quarantine of a plugin, which counts from the next
 * nilo_plugin_loader_refresh(); %FALSE when it is in none */
NILO_INTERNAL gboolean nilo_plugin_loader_release(NiloPluginLoader *self, const char *plugin);

/** nilo_plugin_loader_list: (transfer container) (element-type NiloPluginInfo): all that are
 * installed, by name */
NILO_INTERNAL GPtrArray *nilo_plugin_loader_list(NiloPluginLoader *self);

/** nilo_plugin_loader_add_static: registers a plugin that is linked into the program; @provides
 * as in a `.plugin` file */
NILO_INTERNAL gboolean nilo_plugin_loader_add_static(NiloPluginLoader *self,
                                                     const NiloPluginEntry *entry,
                                                     const char *const *provides,
                                                     const char *type_prefix, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloPluginLoader, nilo_plugin_loader_free)

G_END_DECLS
