/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* the CRC of no bytes at all: what the first nilo_mbus_crc_update() starts from */
#define NILO_MBUS_CRC_START 0xffffu

/**
 * nilo_mbus_crc_update:
 * @crc: NILO_MBUS_CRC_START, or the result of the call before
 * @bytes: (array length=size) (nullable): what to sum
 * @size: bytes in @bytes
 *
 * The CRC of EN 13757-4 (generator 3D65, beginning with 0, inverted at the end), which wired frames
 * do not have: a meter that adds it in its own block makes up for the weak sum of eight bits. A
 * telegram may be summed in parts.
 *
 * Returns: the checksum of everything so far
 */
uint16_t nilo_mbus_crc_update(uint16_t crc, const uint8_t *bytes, size_t size);
