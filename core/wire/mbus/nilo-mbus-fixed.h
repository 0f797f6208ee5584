/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-header.h"
#include "nilo-mbus-value.h"
#include "nilo-wire-quantity.h"

/* The fixed data structure (CI 73, EN 13757-3 before 2013): two counters and nothing else. */

#define NILO_MBUS_FIXED_COUNTERS 2u

typedef struct {
    uint8_t unit_code; /* six bits, as sent */
    bool is_historic;  /* stored at a fixed date */
    NiloQuantity quantity;
    NiloMbusValue value;
    const uint8_t *data; /* four bytes */
} NiloMbusFixedCounter;

typedef struct {
    uint32_t identification; /* eight BCD digits */
    uint8_t access_number;
    uint8_t status; /* bits 2 to 4 as NILO_MBUS_STATUS_... */
    uint8_t medium;
    bool is_binary;   /* the counters are integers, otherwise BCD */
    bool is_historic; /* all of it was stored at a fixed date */
    NiloMbusFixedCounter counters[NILO_MBUS_FIXED_COUNTERS];
} NiloMbusFixed;

/**
 * nilo_mbus_fixed_parse:
 * @header: a header whose content is NILO_MBUS_CONTENT_FIXED
 * @fixed: the structure; points into the header's payload; untouched on failure
 *
 * A counter whose unit code has no meaning keeps its number, in the state unknown.
 *
 * Returns: NILO_WIRE_OK, NILO_WIRE_UNSUPPORTED for another content, NILO_WIRE_BAD_LENGTH
 */
NiloWireResult nilo_mbus_fixed_parse(const NiloMbusHeader *header, NiloMbusFixed *fixed);
