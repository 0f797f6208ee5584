/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-wire-result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unsigned BCD, two digits per byte, least significant byte first: how both field buses count. */

/* 18 digits: what fits an int64 whatever the digits are */
#define NILO_BCD_MAX_BYTES 9

/* True when every nibble of @bytes is 0 to 9; also for no bytes at all. */
bool nilo_bcd_is_valid(const uint8_t *bytes, size_t size);

/*
 * Reads 1 to NILO_BCD_MAX_BYTES bytes. NILO_WIRE_BAD_LENGTH outside of that, NILO_WIRE_BAD_DIGIT
 * for a nibble above 9; @value is written on success only.
 */
NiloWireResult nilo_bcd_to_uint64(const uint8_t *bytes, size_t size, uint64_t *value);

/*
 * Writes @value into @size bytes (1 to NILO_BCD_MAX_BYTES), filled up with zero digits.
 * NILO_WIRE_TOO_LONG, and @bytes as they were, when @value has more digits than that.
 */
NiloWireResult nilo_bcd_from_uint64(uint64_t value, uint8_t *bytes, size_t size);
