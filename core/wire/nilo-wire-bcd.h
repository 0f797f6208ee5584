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

/**
 * nilo_bcd_to_uint64:
 * @bytes: (array length=size): two digits per byte, least significant byte first
 * @size: bytes in @bytes, 1 to NILO_BCD_MAX_BYTES
 * @value: (out): untouched on failure
 *
 * Returns: %NILO_WIRE_OK, %NILO_WIRE_BAD_LENGTH, or %NILO_WIRE_BAD_DIGIT for a nibble above 9
 */
NiloWireResult nilo_bcd_to_uint64(const uint8_t *bytes, size_t size, uint64_t *value);

/**
 * nilo_bcd_from_uint64:
 * @value: the number
 * @bytes: (array length=size): filled up with zero digits; untouched on failure
 * @size: bytes in @bytes, 1 to NILO_BCD_MAX_BYTES
 *
 * Returns: %NILO_WIRE_OK, %NILO_WIRE_BAD_LENGTH, or %NILO_WIRE_TOO_LONG when @value has more digits
 */
NiloWireResult nilo_bcd_from_uint64(uint64_t value, uint8_t *bytes, size_t size);
