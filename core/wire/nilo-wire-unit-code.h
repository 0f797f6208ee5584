/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-wire-quantity.h"
#include "nilo-wire-unit.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The one-byte unit code shared by the M-Bus fixed data structure (EN 13757-3, fixed structure,
 * 6-bit unit field) and by CJ/T 188, whose unit byte is the same table plus the joule-per-hour rows
 * of the 2004 edition (40H and up).
 */
typedef struct {
    NiloQuantity quantity;
    NiloUnit unit;
    int8_t exponent; /* power of ten that brings the raw number to @unit */
} NiloUnitCode;

/* False for codes that name no unit (3F, reserved) and for 3E, "same as counter 1, but historic".
 */
bool nilo_unit_code_find(uint8_t code, NiloUnitCode *meaning);
