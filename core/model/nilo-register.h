/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <nilo-wire-quantity.h>

G_BEGIN_DECLS

/**
 * NiloFunction:
 *
 * EN 13757-3, DIF bits 5..4.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_FUNCTION_NOW,
    NILO_FUNCTION_MAXIMUM,
    NILO_FUNCTION_MINIMUM,
    NILO_FUNCTION_ERROR, /* value during an error state */
} NiloFunction;

/**
 * NiloQualifier:
 *
 * What narrows a quantity further, or-ed together: the low 12 bits of what <nilometer-wire.h> calls
 * qualifiers (NILO_MBUS_QUALIFIER_...). The words most often met have a name here.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_QUALIFIER_NONE = 0,
    NILO_QUALIFIER_FORWARD = 1,
    NILO_QUALIFIER_BACKWARD = 2,
    NILO_QUALIFIER_PHASE_1 = 1 << 2,
    NILO_QUALIFIER_PHASE_2 = 2 << 2,
    NILO_QUALIFIER_PHASE_3 = 3 << 2,
    NILO_QUALIFIER_LOWER_LIMIT = 1 << 5, /* the limit, not the value itself */
    NILO_QUALIFIER_UPPER_LIMIT = 2 << 5,
    NILO_QUALIFIER_ALL = 0xfff,
} NiloQualifier;

/**
 * NiloRegister:
 *
 * What is measured, packed into 62 bits of an int64 so that it is one database column and one
 * integer in a batch. From the top: quantity 10, function 2, storage 16, tariff 8, subunit 8,
 * qualifier 12, occurrence 6.
 *
 * Since: 0.1
 */
typedef gint64 NiloRegister;

/**
 * NiloRegisterParts:
 * @storage: 0 now, 1.. the meter's own history, 0 to 65535
 * @tariff: 0 to 255
 * @subunit: 0 to 255
 * @qualifier: #NiloQualifier
 * @occurrence: 0, or counts registers of one report that would otherwise be the same, to 63
 *
 * Since: 0.1
 */
typedef struct {
    NiloQuantity quantity;
    NiloFunction function;
    guint64 storage;
    guint32 tariff;
    guint32 subunit;
    guint qualifier;
    guint occurrence;
} NiloRegisterParts;

/**
 * nilo_register_pack:
 * @reg: (out): untouched on failure
 *
 * Returns: %FALSE when a part does not fit: the value then stays raw and is counted
 */
NILO_EXPORT gboolean nilo_register_pack(const NiloRegisterParts *parts, NiloRegister *reg);

/** nilo_register_unpack: the reverse of nilo_register_pack() */
NILO_EXPORT void nilo_register_unpack(NiloRegister reg, NiloRegisterParts *parts);

/** nilo_register_of: the register of @quantity, now, no history, nothing else */
NILO_EXPORT NiloRegister nilo_register_of(NiloQuantity quantity);

/**
 * nilo_register_to_text:
 *
 * Readable and exact: `volume`, `volume/max/storage=1`, `volume/tariff=2/forward`,
 * `power/qualifier=0x041/occurrence=3`.
 *
 * Returns: (transfer full)
 */
NILO_EXPORT char *nilo_register_to_text(NiloRegister reg);

/**
 * nilo_register_from_text:
 * @reg: (out): untouched on failure
 *
 * Returns: %FALSE with %NILO_ERROR_BAD_VALUE
 */
NILO_EXPORT gboolean nilo_register_from_text(const char *text, NiloRegister *reg, GError **error);

G_END_DECLS
