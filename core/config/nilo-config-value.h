/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-keyfile.h"

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * nilo_config_value_parse:
 * @spec: of a property that is a key
 * @text: as it stands in the file, escapes undone
 * @value: (out): initialised on success only
 *
 * Checks type and range before any object sees the value: GObject itself clamps and says
 * nothing. Strings, yes/no, enums and flags (split at `;`) by nick, whole numbers of 32 and 64
 * bits, lists split at `;`. A number may carry a unit when the key's name does: `1.5 s` for
 * `timeout-ms`.
 *
 * Returns: %FALSE with %NILO_ERROR_BAD_VALUE or %NILO_ERROR_SECRET; the message says what was
 * found and what was expected
 */
NILO_INTERNAL gboolean nilo_config_value_parse(GParamSpec *spec, const char *text, GValue *value,
                                               GError **error);

/** nilo_config_value_parse_key: the same for a key of a group; without the key, %FALSE and no
 * error */
NILO_INTERNAL gboolean nilo_config_value_parse_key(GParamSpec *spec, const NiloKeyfileGroup *group,
                                                   GValue *value, GError **error);

/** nilo_config_value_is_key: whether a property is a key of a keyfile */
NILO_INTERNAL gboolean nilo_config_value_is_key(const GParamSpec *spec);

/** nilo_config_value_get_unit: (nullable): the unit its name carries: "ms", "Bd", "ml" */
NILO_INTERNAL const char *nilo_config_value_get_unit(const GParamSpec *spec);

/** nilo_config_value_to_text: (transfer full): as it would stand in a file */
NILO_INTERNAL char *nilo_config_value_to_text(GParamSpec *spec, const GValue *value);

/** nilo_config_value_get_range: (nullable) (transfer full): "300 to 38400", "none, even, odd";
 * %NULL when any text will do */
NILO_INTERNAL char *nilo_config_value_get_range(GParamSpec *spec);

/** nilo_config_value_get_type_name: untranslated word for machines: "string", "boolean",
 * "integer", "choice", "flags", "list", "secret" */
NILO_INTERNAL const char *nilo_config_value_get_type_name(GParamSpec *spec);

G_END_DECLS
