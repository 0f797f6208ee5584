/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-error.h"

G_BEGIN_DECLS

/**
 * NiloMeterEntry:
 * @id: "cjt188:78330011223344"
 * @names: (element-type utf8): keys of its group, in order
 * @values: (element-type utf8): of these keys
 *
 * A `[meter ID]` group as text, on its way into a file or out of one. Nobody has checked the
 * values yet.
 */
typedef struct {
    char *id;
    GPtrArray *names;
    GPtrArray *values;
} NiloMeterEntry;

NILO_INTERNAL NiloMeterEntry *nilo_meter_entry_new(const char *id);
NILO_INTERNAL void nilo_meter_entry_free(NiloMeterEntry *self);

/** nilo_meter_entry_set: @value %NULL or empty takes the key away */
NILO_INTERNAL void nilo_meter_entry_set(NiloMeterEntry *self, const char *name, const char *value);
NILO_INTERNAL const char *nilo_meter_entry_get(const NiloMeterEntry *self, const char *name);

/**
 * nilo_meter_file_list:
 * @folder: the configuration's: see nilo_config_load()
 *
 * Every meter that stands in the files of a configuration, right or wrong.
 *
 * Returns: (transfer full) (element-type NiloMeterEntry):
 */
NILO_INTERNAL GPtrArray *nilo_meter_file_list(const char *folder);

/**
 * nilo_meter_file_add:
 * @folder: the configuration's
 * @name: of the file in `meters.d`, without `.conf`: letters, digits, `-` and `_`
 * @comment: (nullable): stands before the new groups: "found by a scan of riser-1"
 * @entries: (element-type NiloMeterEntry): what to add
 *
 * Appends groups to a file of `meters.d`, which is made when it is missing and replaced as a
 * whole, so that a power cut leaves the old one or the new one.
 *
 * Returns: %FALSE with %NILO_ERROR_EXISTS when an id is already configured (the message says
 * where), %NILO_ERROR_BAD_VALUE or %NILO_ERROR_FAILED; nothing is written then
 */
NILO_INTERNAL gboolean nilo_meter_file_add(const char *folder, const char *name,
                                           const char *comment, GPtrArray *entries, GError **error);

/**
 * nilo_meter_file_set_key:
 * @folder: the configuration's
 * @id: a configured meter
 *
 * Changes one key of a meter in the file where it stands, and not a byte besides.
 *
 * Returns: %FALSE with %NILO_ERROR_NOT_FOUND, %NILO_ERROR_BAD_VALUE or %NILO_ERROR_FAILED
 */
NILO_INTERNAL gboolean nilo_meter_file_set_key(const char *folder, const char *id, const char *name,
                                               const char *value, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloMeterEntry, nilo_meter_entry_free)

G_END_DECLS
