/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-meter-id.h"

G_BEGIN_DECLS

/**
 * NiloCommandKind:
 *
 * What can be written to a meter. Numbers are stored.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_COMMAND_VALVE_OPEN,
    NILO_COMMAND_VALVE_CLOSE,
    NILO_COMMAND_SET_CLOCK,   /* "utc-us" x: the moment to set, "zone" s: the site's zone */
    NILO_COMMAND_SET_ADDRESS, /* "address" s: in the words of the driver */
    NILO_COMMAND_PURCHASE,    /* "number" u: of the purchase, "amount" x: 10^-2 m3 or currency */
} NiloCommandKind;

#define NILO_N_COMMAND_KINDS (NILO_COMMAND_PURCHASE + 1)

#define NILO_TYPE_COMMAND    (nilo_command_get_type())

/**
 * NiloCommand:
 *
 * An order to one meter, with an id and a deadline; runs at most once. Immutable and reference
 * counted; crosses threads.
 *
 * Since: 0.1
 */
typedef struct _NiloCommand NiloCommand;

NILO_EXPORT GType nilo_command_get_type(void) G_GNUC_CONST;

/**
 * nilo_command_new:
 * @uuid: (nullable): %NULL makes a random one
 * @arguments: (nullable): `a{sv}`, see #NiloCommandKind; a floating reference is taken
 * @reason: (nullable): why, for the record: must be given for a valve
 * @deadline_us: UTC; later than this it is not begun
 */
NILO_EXPORT NiloCommand *nilo_command_new(const char *uuid, NiloMeterId *meter,
                                          NiloCommandKind kind, GVariant *arguments,
                                          const char *reason, gint64 deadline_us);
NILO_EXPORT NiloCommand *nilo_command_ref(NiloCommand *self);
NILO_EXPORT void nilo_command_unref(NiloCommand *self);

NILO_EXPORT const char *nilo_command_get_uuid(const NiloCommand *self);
NILO_EXPORT NiloMeterId *nilo_command_get_meter(const NiloCommand *self);
NILO_EXPORT NiloCommandKind nilo_command_get_kind(const NiloCommand *self);
/** nilo_command_get_arguments: (transfer none): `a{sv}`, never %NULL */
NILO_EXPORT GVariant *nilo_command_get_arguments(const NiloCommand *self);
/** nilo_command_get_reason: never %NULL */
NILO_EXPORT const char *nilo_command_get_reason(const NiloCommand *self);
NILO_EXPORT gint64 nilo_command_get_deadline_us(const NiloCommand *self);

/** nilo_command_kind_get_nick: "valve-open", "set-clock" ... */
NILO_EXPORT const char *nilo_command_kind_get_nick(NiloCommandKind kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloCommand, nilo_command_unref)

G_END_DECLS
