/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-header.h"

const char *
nilo_mbus_error_code_get_text(int code)
{
    static const char *const texts[] = {
        [0] = "unspecified error",          [1] = "control information not implemented",
        [2] = "buffer too long, truncated", [3] = "too many records",
        [4] = "premature end of record",    [5] = "more than 10 DIFE",
        [6] = "more than 10 VIFE",          [8] = "application too busy",
        [9] = "too many readouts",
    };

    if (code == NILO_MBUS_ERROR_CODE_MISSING)
        return "error without a code";
    if (code < 0 || (size_t)code >= sizeof texts / sizeof texts[0] || texts[code] == NULL)
        return "reserved error code";
    return texts[code];
}

const char *
nilo_mbus_medium_get_name(uint8_t medium)
{
    static const char *const names[] = {
        [0x00] = "other",
        [0x01] = "oil",
        [0x02] = "electricity",
        [0x03] = "gas",
        [0x04] = "heat (outlet)",
        [0x05] = "steam",
        [0x06] = "warm water (30-90C)",
        [0x07] = "water",
        [0x08] = "heat cost allocator",
        [0x09] = "compressed air",
        [0x0a] = "cooling (outlet)",
        [0x0b] = "cooling (inlet)",
        [0x0c] = "heat (inlet)",
        [0x0d] = "heat/cooling",
        [0x0e] = "bus/system component",
        [0x0f] = "unknown",
        [0x14] = "calorific value",
        [0x15] = "hot water (from 90C)",
        [0x16] = "cold water",
        [0x17] = "hot/cold water",
        [0x18] = "pressure",
        [0x19] = "A/D converter",
        [0x1a] = "smoke detector",
        [0x1b] = "room sensor",
        [0x1c] = "gas detector",
        [0x20] = "breaker",
        [0x21] = "valve",
        [0x25] = "customer unit",
        [0x28] = "waste water",
        [0x29] = "garbage",
        [0x2a] = "carbon dioxide",
        [0x31] = "communication controller",
        [0x32] = "unidirectional repeater",
        [0x33] = "bidirectional repeater",
        [0x36] = "radio converter (system side)",
        [0x37] = "radio converter (meter side)",
    };

    if (medium >= sizeof names / sizeof names[0] || names[medium] == NULL)
        return "reserved";
    return names[medium];
}
