/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-config-problem.h"

G_BEGIN_DECLS

/**
 * NiloKeyfile:
 *
 * One keyfile as it was written: what #GKeyFile reads, and beside it the line of every group
 * and key, in the order of the file. #GKeyFile alone merges a group or key that stands there
 * twice, and says nothing of lines.
 */
typedef struct _NiloKeyfile NiloKeyfile;

/**
 * NiloKeyfileKey:
 * @name: as written
 * @line: counted from 1
 */
typedef struct {
    char *name;
    guint line;
} NiloKeyfileKey;

/**
 * NiloKeyfileGroup:
 * @header: what stands in the brackets, blanks in a row made one
 * @kind: its first word: "bus"
 * @name: (nullable): the rest: "riser-1"
 * @line: of the header
 * @keys: (element-type NiloKeyfileKey): each name once
 */
typedef struct {
    NiloKeyfile *file; /* borrowed, owns us */
    char *header;
    char *kind;
    const char *name; /* points into header */
    guint line;
    GArray *keys;
} NiloKeyfileGroup;

/**
 * nilo_keyfile_parse:
 * @path: for messages
 * @bytes: (array length=size): UTF-8, with or without a byte order mark, lines ended by LF or
 * CRLF
 * @problems: (nullable) (element-type GError): receives what is wrong, line by line:
 *   %NILO_ERROR_SYNTAX, %NILO_ERROR_DUPLICATE
 *
 * What is wrong is left out, so that the rest can be checked too.
 *
 * Returns: (transfer full): never %NULL
 */
NILO_INTERNAL NiloKeyfile *nilo_keyfile_parse(const char *path, const char *bytes, gsize size,
                                              GPtrArray *problems);

NILO_INTERNAL void nilo_keyfile_free(NiloKeyfile *self);
NILO_INTERNAL const char *nilo_keyfile_get_path(NiloKeyfile *self);

/** nilo_keyfile_get_groups: (element-type NiloKeyfileGroup) (transfer none): in file order */
NILO_INTERNAL GPtrArray *nilo_keyfile_get_groups(NiloKeyfile *self);

/** nilo_keyfile_find_group: (nullable): by what stands in the brackets */
NILO_INTERNAL NiloKeyfileGroup *nilo_keyfile_find_group(NiloKeyfile *self, const char *header);

/** nilo_keyfile_group_find_key: (nullable) */
NILO_INTERNAL const NiloKeyfileKey *nilo_keyfile_group_find_key(const NiloKeyfileGroup *self,
                                                                const char *name);

/**
 * nilo_keyfile_group_get_text:
 *
 * Returns: (nullable) (transfer full): the value with its escapes undone; %NULL without an
 * error when the key is not there, with %NILO_ERROR_SYNTAX when an escape is none
 */
NILO_INTERNAL char *nilo_keyfile_group_get_text(const NiloKeyfileGroup *self, const char *name,
                                                GError **error);

/** nilo_keyfile_group_get_list: (nullable) (transfer full): the same, split at `;` */
NILO_INTERNAL GStrv nilo_keyfile_group_get_list(const NiloKeyfileGroup *self, const char *name,
                                                GError **error);

/** nilo_keyfile_group_get_locale_text: (nullable) (transfer full): in the language of the user,
 * when the file has it: `Description[zh_CN]` before `Description` */
NILO_INTERNAL char *nilo_keyfile_group_get_locale_text(const NiloKeyfileGroup *self,
                                                       const char *name);

/** nilo_keyfile_group_get_place: of the group, or of one of its keys */
NILO_INTERNAL NiloConfigPlace nilo_keyfile_group_get_place(const NiloKeyfileGroup *self,
                                                           const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloKeyfile, nilo_keyfile_free)

G_END_DECLS
