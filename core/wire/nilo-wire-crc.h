/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* the CRC of no bytes at all: what the first nilo_crc32c_update() starts from */
#define NILO_CRC32C_START UINT32_C(0)

/**
 * nilo_crc32c_update:
 * @crc: NILO_CRC32C_START, or the result of the call before
 * @bytes: (array length=size) (nullable): what to sum
 * @size: bytes in @bytes
 *
 * CRC-32C (Castagnoli: RFC 3720, Appendix B.4), as records of journal and flash carry it. A record
 * may be summed in parts.
 *
 * Returns: the checksum of everything so far
 */
uint32_t nilo_crc32c_update(uint32_t crc, const void *bytes, size_t size);
