/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * NiloConfigKey:
 * @name: as it stands in a file
 * @type: "string", "boolean", "integer", "choice", "flags", "list" or "secret"
 * @range: (nullable): what it may be, for people: "300 to 38400 Bd", "none, even, odd"
 * @default_text: (nullable): what it is without the key
 * @unit: (nullable): the unit its name carries
 * @label: (nullable): short name, translated
 * @help: (nullable): what it does, translated
 * @required: whether a group without it is an error
 *
 * One key of a type, as its #GParamSpec declares it.
 */
typedef struct {
    char *name;
    const char *type;
    char *range;
    char *default_text;
    const char *unit;
    char *label;
    char *help;
    gboolean required;
} NiloConfigKey;

/** nilo_config_list_keys: (transfer full) (element-type NiloConfigKey): in the order of their
 * declaration; empty for %G_TYPE_NONE */
NILO_INTERNAL GPtrArray *nilo_config_list_keys(GType type);

/** nilo_config_describe_type: (transfer full): the keys as text for a terminal, at most 80
 * columns wide where words allow it; empty without keys */
NILO_INTERNAL char *nilo_config_describe_type(GType type);

G_END_DECLS
