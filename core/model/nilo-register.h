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
 * What narrows a quantity further, or-ed together: 12 bits.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_QUALIFIER_NONE = 0,
    /* direction of flow */
    NILO_QUALIFIER_FORWARD = 1,
    NILO_QUALIFIER_BACKWARD = 2,
    /* a limit, not the value itself */
    NILO_QUALIFIER_LOWER_LIMIT = 1 << 2,
    NILO_QUALIFIER_UPPER_LIMIT = 2 << 2,
    /* phase of a three-phase supply; 4: neutral */
    NILO_QUALIFIER_PHASE_1 = 1 << 4,
    NILO_QUALIFIER_PHASE_2 = 2 << 4,
    NILO_QUALIFIER_PHASE_3 = 3 << 4,
    NILO_QUALIFIER_NEUTRAL = 4 << 4,
    /* what is told of the quantity or its limit, when not its size */
    NILO_QUALIFIER_COUNT = 1 << 7,       /* how often it was exceeded */
    NILO_QUALIFIER_DURATION = 2 << 7,    /* for how long */
    NILO_QUALIFIER_FIRST_BEGIN = 3 << 7, /* date of the begin of the first */
    NILO_QUALIFIER_FIRST_END = 4 << 7,
    NILO_QUALIFIER_LAST_BEGIN = 5 << 7,
    NILO_QUALIFIER_LAST_END = 6 << 7,
    NILO_QUALIFIER_DURATION_FIRST = 7 << 7,
    NILO_QUALIFIER_DURATION_LAST = 8 << 7,
    NILO_QUALIFIER_DATE = 9 << 7, /* date or date-time of the value */
    NILO_QUALIFIER_PER = 10 << 7, /* per time, pulse, litre ...: occurrence tells apart */
    NILO_QUALIFIER_UNCORRECTED = 1 << 11,
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
 * `power/qualifier=0x084/occurrence=3`.
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
