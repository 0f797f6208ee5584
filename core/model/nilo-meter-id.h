/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define NILO_TYPE_METER_ID (nilo_meter_id_get_type())

/* longest id, without the terminating zero */
#define NILO_METER_ID_MAX_LENGTH 64

/**
 * NiloMeterId:
 *
 * Who a meter is, whatever address it hangs at: `cjt188:78330011223344`,
 * `mbus:12345678.TEC.16.07` (identification, manufacturer, version, medium in hex), or any
 * `scheme:text` given in the file. Immutable; may be shared between threads.
 *
 * Since: 0.1
 */
typedef struct _NiloMeterId NiloMeterId;

NILO_EXPORT GType nilo_meter_id_get_type(void) G_GNUC_CONST;

/**
 * nilo_meter_id_new:
 * @text: 3 to 64 characters: a scheme of a-z, 0-9 and -, a colon, then letters, digits and
 * `._-`
 *
 * Returns: (nullable) (transfer full): %NULL with %NILO_ERROR_BAD_VALUE, which says what is
 * wrong
 */
NILO_EXPORT NiloMeterId *nilo_meter_id_new(const char *text, GError **error);

NILO_EXPORT NiloMeterId *nilo_meter_id_ref(NiloMeterId *self);
NILO_EXPORT void nilo_meter_id_unref(NiloMeterId *self);

/** nilo_meter_id_get_text: the whole id, as nilo_meter_id_new() takes it */
NILO_EXPORT const char *nilo_meter_id_get_text(const NiloMeterId *self);

/** nilo_meter_id_has_scheme: whether the part before the colon is @scheme */
NILO_EXPORT gboolean nilo_meter_id_has_scheme(const NiloMeterId *self, const char *scheme);

/** nilo_meter_id_get_local: the part behind the colon */
NILO_EXPORT const char *nilo_meter_id_get_local(const NiloMeterId *self);

/** nilo_meter_id_hash: for #GHashTable, with nilo_meter_id_equal() */
NILO_EXPORT guint nilo_meter_id_hash(gconstpointer self);
NILO_EXPORT gboolean nilo_meter_id_equal(gconstpointer a, gconstpointer b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloMeterId, nilo_meter_id_unref)

G_END_DECLS
