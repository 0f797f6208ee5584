/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* the CRC of no bytes at all: what the first nilo_crc32c_update() starts from */
#define NILO_CRC32C_START UINT32_C(0)

/*
 * CRC-32C (Castagnoli: RFC 3720 Appendix B.4), as journal records and flash records carry it. Goes
 * on from @crc, so a record may be summed in parts: the result of one call is the @crc of the next,
 * and the result of the last one is the checksum.
 */
uint32_t nilo_crc32c_update(uint32_t crc, const void *bytes, size_t size);
