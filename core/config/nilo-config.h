/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-keyfile.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * NiloConfig:
 *
 * A whole configuration: every group of every file as objects, or nothing. Loading makes a new
 * tree and touches no other, so a reload that fails changes nothing. Made on main, never
 * changed.
 */
typedef struct _NiloConfig NiloConfig;

/**
 * NiloConfigSection:
 * @kind: "meter"
 * @name: (nullable): "cjt188:78330011223344"
 * @path: of the file it stands in
 * @line: of its header
 * @objects: (element-type GObject): in the order of the bindings
 *
 * One group. Belongs to its configuration; read only.
 */
typedef struct {
    char *kind;
    char *name;
    GRefString *path;
    guint line;
    GPtrArray *objects;
} NiloConfigSection;

/**
 * NiloConfigKind:
 * @kind: first word of a group: "bus"
 * @named: whether a name follows: `[bus riser-1]`, but `[journal]`
 */
typedef struct {
    const char *kind;
    gboolean named;
} NiloConfigKind;

/**
 * NiloConfigBinding:
 * @type: whose properties with %NILO_PARAM_CONFIG are keys of the group. One that implements
 *   #GInitable (without touching devices) may refuse keys that do not go together
 * @member: (nullable): property of the group's first object that receives this one
 *
 * One of the objects a group becomes. A first object with a construct property `name` (string)
 * or `id` (#NiloMeterId) that is no key receives the group's name there.
 */
typedef struct {
    GType type;
    const char *member;
} NiloConfigBinding;

/**
 * NiloConfigResolver:
 * @kinds: (array length=n_kinds): the groups there are
 * @resolve: appends the bindings of @group. %FALSE with an error: the group cannot be
 * understood, because a plugin is not installed; @key (out) may name the key that is to blame
 * @check: (nullable): called for each section when all were made, says whether it fits the
 * others
 *
 * Knows which types a group is made of: the configuration itself knows no plugin.
 */
typedef struct {
    const NiloConfigKind *kinds;
    gsize n_kinds;
    gboolean (*resolve)(gpointer user_data, NiloConfig *config, const NiloKeyfileGroup *group,
                        GArray *bindings, const char **key, GError **error);
    gboolean (*check)(gpointer user_data, NiloConfig *config, NiloConfigSection *section,
                      const char **key, GError **error);
    gpointer user_data;
} NiloConfigResolver;

/**
 * nilo_config_load:
 * @folder: holds `nilometer.conf`, `nilometer.conf.d/`.conf, `meters.d/`.conf; each may be
 * missing. Read in this order, by name within a folder
 * @problems: (element-type GError): receives all that is wrong
 *
 * Returns: (nullable) (transfer full): %NULL when there is any problem but
 * %NILO_ERROR_QUARANTINED; groups that need a plugin in quarantine are left out
 */
NILO_INTERNAL NiloConfig *nilo_config_load(const char *folder, const NiloConfigResolver *resolver,
                                           GPtrArray *problems);

/** nilo_config_parse: the same for one file's text; @path is for messages */
NILO_INTERNAL NiloConfig *nilo_config_parse(const char *path, const char *bytes, gsize size,
                                            const NiloConfigResolver *resolver,
                                            GPtrArray *problems);

/** nilo_config_list_files: (transfer full) (element-type NiloKeyfile): the files that
 * nilo_config_load() reads, in its order, as text; @problems may be %NULL */
NILO_INTERNAL GPtrArray *nilo_config_list_files(const char *folder, GPtrArray *problems);

NILO_INTERNAL void nilo_config_free(NiloConfig *self);

/** nilo_config_find_group: (nullable): the text of a group; for #NiloConfigResolver.resolve
 * only: the text is gone when loading is done */
NILO_INTERNAL const NiloKeyfileGroup *nilo_config_find_group(NiloConfig *self, const char *kind,
                                                             const char *name);

/** nilo_config_list_names: (transfer full) (element-type utf8): of the groups of a kind, for
 * #NiloConfigResolver.resolve and check only */
NILO_INTERNAL GPtrArray *nilo_config_list_names(NiloConfig *self, const char *kind);

/** nilo_config_list_sections: (transfer none) (element-type NiloConfigSection): of a kind, in
 * the order of the files; empty when there are none */
NILO_INTERNAL GPtrArray *nilo_config_list_sections(NiloConfig *self, const char *kind);

/** nilo_config_find_section: (nullable): @name is %NULL for a kind without names */
NILO_INTERNAL NiloConfigSection *nilo_config_find_section(NiloConfig *self, const char *kind,
                                                          const char *name);

/** nilo_config_section_get_object: (nullable) (transfer none): its first object of a type */
NILO_INTERNAL gpointer nilo_config_section_get_object(NiloConfigSection *self, GType type);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloConfig, nilo_config_free)

G_END_DECLS
