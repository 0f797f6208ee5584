/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-bus.h"
#include "nilo-latest.h"

G_BEGIN_DECLS

/**
 * NiloDbusMeters:
 *
 * The list of meters as D-Bus shows it: found by id, filtered, with what is known of each now.
 */
typedef struct _NiloDbusMeters NiloDbusMeters;

NiloDbusMeters *nilo_dbus_meters_new(void);
void nilo_dbus_meters_free(NiloDbusMeters *self);

/** nilo_dbus_meters_set: @meters (element-type NiloMeter), @buses (element-type utf8 NiloBus) */
void nilo_dbus_meters_set(NiloDbusMeters *self, GPtrArray *meters, GHashTable *buses);

guint nilo_dbus_meters_get_n(NiloDbusMeters *self);

/** nilo_dbus_meters_find: (transfer none): %NULL with %NILO_ERROR_NOT_FOUND or
 * %NILO_ERROR_BAD_VALUE */
NiloMeter *nilo_dbus_meters_find(NiloDbusMeters *self, const char *id, GError **error);

/** nilo_dbus_meters_find_bus: (transfer none): the bus of a meter; %NULL with an error */
NiloBus *nilo_dbus_meters_find_bus(NiloDbusMeters *self, NiloMeter *meter, GError **error);

/** nilo_dbus_meters_describe: (transfer floating): its meter dictionary */
GVariant *nilo_dbus_meters_describe(NiloDbusMeters *self, NiloMeter *meter, NiloLatest *latest,
                                    gboolean with_report);

/**
 * nilo_dbus_meters_list:
 * @filter: `a{sv}`, see the method ListMeters
 * @total: (out): how many match
 *
 * Returns: (transfer floating): `aa{sv}`; %NULL with %NILO_ERROR_BAD_VALUE for an unknown filter
 */
GVariant *nilo_dbus_meters_list(NiloDbusMeters *self, GVariant *filter, guint offset, guint limit,
                                NiloLatest *latest, guint *total, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloDbusMeters, nilo_dbus_meters_free)

G_END_DECLS
