/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

/*
 * What all records in the EEPROM have in common: numbers with the low byte first, first four bytes
 * that are neither all 00 nor all FF, and a CRC-32C of everything before it in the last four bytes.
 * The other fields are the record's own business.
 */
#define NFW_RECORD_CRC_SIZE 4u

static inline void
nfw_put16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

static inline void
nfw_put32(uint8_t *bytes, uint32_t value)
{
    nfw_put16(bytes, (uint16_t)value);
    nfw_put16(bytes + 2, (uint16_t)(value >> 16));
}

static inline uint16_t
nfw_get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t
nfw_get32(const uint8_t *bytes)
{
    return nfw_get16(bytes) | (uint32_t)nfw_get16(bytes + 2) << 16;
}

#define NFW_RECORD_TRIES 3u

/**
 * nfw_record_read:
 * @at: where
 * @record: (array length=size) (out): the record; whatever stands there on failure
 * @size: of all of it, 8 to 64
 * @tries: how often to read what seems to be damaged, for bits flip on the wire, too; usually
 *   NFW_RECORD_TRIES
 *
 * Returns: NFW_OK, NFW_ERR_NONE when its checksum is wrong, or what the EEPROM said
 */
int nfw_record_read(uint32_t at, uint8_t *record, size_t size, unsigned tries);

/* Puts the checksum into the last four bytes of @record and writes it. Returns: as
 * nfw_eeprom_write(). */
int nfw_record_write(uint32_t at, uint8_t *record, size_t size);
