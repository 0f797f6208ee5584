/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-wire-unit-code.h"

#include <stddef.h>

/* codes first..last step the exponent by one, beginning with exponent */
typedef struct {
    uint8_t first;
    uint8_t last;
    int8_t exponent;
    NiloQuantity quantity;
    NiloUnit unit;
} Decade;

/*
 * 00 (h, m, s) and 01 (D, M, Y) are missing on purpose: they name a packed clock or date, not a
 * unit that a number could carry. 3E and 3F say "as the other counter" and "no unit".
 */
static const Decade decades[] = {
    {0x02, 0x0a, 0, NILO_QUANTITY_ENERGY, NILO_UNIT_WATT_HOUR},
    {0x0b, 0x13, 3, NILO_QUANTITY_ENERGY, NILO_UNIT_JOULE},
    {0x14, 0x1c, 0, NILO_QUANTITY_POWER, NILO_UNIT_WATT},
    {0x1d, 0x25, 3, NILO_QUANTITY_POWER, NILO_UNIT_JOULE_PER_HOUR},
    {0x26, 0x2e, -6, NILO_QUANTITY_VOLUME, NILO_UNIT_CUBIC_METRE},
    {0x2f, 0x37, -6, NILO_QUANTITY_VOLUME_FLOW, NILO_UNIT_CUBIC_METRE_PER_HOUR},
    /* the table does not say which temperature */
    {0x38, 0x38, -3, NILO_QUANTITY_UNKNOWN, NILO_UNIT_CELSIUS},
    {0x39, 0x39, 0, NILO_QUANTITY_HCA_UNITS, NILO_UNIT_HCA},
    {0x40, 0x49, 0, NILO_QUANTITY_POWER, NILO_UNIT_JOULE_PER_HOUR},
};

bool
nilo_unit_code_find(uint8_t code, NiloUnitCode *meaning)
{
    for (size_t i = 0; i < sizeof decades / sizeof decades[0]; i++) {
        const Decade *decade = &decades[i];

        if (code < decade->first || code > decade->last)
            continue;
        meaning->quantity = decade->quantity;
        meaning->unit = decade->unit;
        meaning->exponent = (int8_t)(decade->exponent + (code - decade->first));
        return true;
    }
    return false;
}
