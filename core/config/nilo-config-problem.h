/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-error.h"

G_BEGIN_DECLS

/**
 * NiloConfigPlace:
 * @path: of the file
 * @line: counted from 1; 0 for the file as a whole
 * @group: (nullable): what stands in the brackets
 * @key: (nullable): name of the key
 *
 * Where in the configuration something is. Borrows its strings.
 */
typedef struct {
    const char *path;
    guint line;
    const char *group;
    const char *key;
} NiloConfigPlace;

/**
 * nilo_config_problems_new:
 *
 * Problems are collected, so that one look at the list mends a file: a #GPtrArray of #GError.
 *
 * Returns: (transfer full) (element-type GError):
 */
NILO_INTERNAL GPtrArray *nilo_config_problems_new(void);

/**
 * nilo_config_problems_add:
 * @problems: (nullable): nothing is collected without it
 * @code: of #NILO_ERROR
 * @format: what was found and what was expected, translated
 *
 * Adds `PATH:LINE: [GROUP] KEY: TEXT`, without the parts that @place does not have.
 */
NILO_INTERNAL void nilo_config_problems_add(GPtrArray *problems, NiloError code,
                                            const NiloConfigPlace *place, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/** nilo_config_problems_take: the same for an @error that says what is wrong but not where */
NILO_INTERNAL void nilo_config_problems_take(GPtrArray *problems, const NiloConfigPlace *place,
                                             GError *error);

/**
 * nilo_config_problems_to_error:
 *
 * Puts a list that is not empty into one error: the code of the first, one message per line.
 */
NILO_INTERNAL void nilo_config_problems_to_error(GPtrArray *problems, GError **error);

G_END_DECLS
