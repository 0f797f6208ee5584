/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-error.h"

G_BEGIN_DECLS

/**
 * NiloPluginState:
 * @NILO_PLUGIN_AVAILABLE: its description was read, its module was not opened: nobody needed it
 * @NILO_PLUGIN_LOADED: its module is open and its types are registered
 * @NILO_PLUGIN_REFUSED: somebody needed it or its description was read, and it was found unfit
 */
typedef enum {
    NILO_PLUGIN_AVAILABLE,
    NILO_PLUGIN_LOADED,
    NILO_PLUGIN_REFUSED,
} NiloPluginState;

/**
 * NiloPluginInfo:
 * @name: "transport-rs485", also the name of its `.plugin` file
 * @path: of the `.plugin` file
 * @module: path of the shared object; %NULL for a plugin that is linked into the program
 * @abi_major: of the headers it was built with
 * @abi_minor: of the headers it was built with
 * @provides: `kind:name` strings: "transport:rs485"
 * @type_prefix: with which the names of its types begin
 * @description: (nullable): one line for people, in their language
 * @version: (nullable): its own
 * @website: (nullable): where to get help
 * @license: (nullable): SPDX expression
 * @state: what became of it
 * @reason: (nullable): why it was refused
 *
 * What a `.plugin` file says of a plugin. Read without opening its module. Belongs to the
 * loader.
 */
typedef struct {
    char *name;
    char *path;
    char *module;
    guint abi_major;
    guint abi_minor;
    GStrv provides;
    char *type_prefix;
    char *description;
    char *version;
    char *website;
    char *license;
    NiloPluginState state;
    GError *reason;
} NiloPluginInfo;

/**
 * nilo_plugin_info_parse:
 * @path: of the `.plugin` file; the module stands in the same folder
 * @bytes: (array length=size): a keyfile with one group, `[Plugin]`
 *
 * Returns: (transfer full): never %NULL; when the description is not valid, its state is
 * %NILO_PLUGIN_REFUSED and its reason %NILO_ERROR_PLUGIN_INVALID
 */
NILO_INTERNAL NiloPluginInfo *nilo_plugin_info_parse(const char *path, const char *bytes,
                                                     gsize size);

NILO_INTERNAL void nilo_plugin_info_free(NiloPluginInfo *self);

/** nilo_plugin_info_provides: whether @offer, "transport:rs485", is among what it provides */
NILO_INTERNAL gboolean nilo_plugin_info_provides(const NiloPluginInfo *self, const char *offer);

/** nilo_plugin_info_is_name: whether @text is made of a-z, 0-9 and -, begins with a letter and
 * is not longer than 48 */
NILO_INTERNAL gboolean nilo_plugin_info_is_name(const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloPluginInfo, nilo_plugin_info_free)

G_END_DECLS
