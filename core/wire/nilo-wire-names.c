/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-wire-quantity.h"
#include "nilo-wire-unit.h"

#include <stddef.h>

const char *
nilo_unit_get_name(NiloUnit unit)
{
    static const char *const names[] = {
#define X(symbol, number, name) [number] = name,
        NILO_UNIT_TABLE(X)
#undef X
    };

    return (size_t)unit < sizeof names / sizeof names[0] ? names[unit] : NULL;
}

const char *
nilo_quantity_get_name(NiloQuantity quantity)
{
    static const char *const names[] = {
#define X(symbol, number, name) [number] = name,
        NILO_QUANTITY_TABLE(X)
#undef X
    };

    return (size_t)quantity < sizeof names / sizeof names[0] ? names[quantity] : NULL;
}
