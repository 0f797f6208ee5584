/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-record.h"

#include "nfw-eeprom.h"
#include "nilo-wire-crc.h"

/* No record of ours begins like that: it need not be read again. */
static bool
is_blank(const uint8_t *record)
{
    const uint32_t head = nfw_get32(record);

    return head == 0u || head == UINT32_MAX;
}

int
nfw_record_read(uint32_t at, uint8_t *record, size_t size, unsigned tries)
{
    const size_t covered = size - NFW_RECORD_CRC_SIZE;

    for (unsigned i = 0u; i < tries; i++) {
        const int result = nfw_eeprom_read(at, record, size);

        if (result != NFW_OK) {
            return result;
        }
        if (is_blank(record)) {
            break;
        }
        if (nilo_crc32c_update(NILO_CRC32C_START, record, covered) == nfw_get32(record + covered)) {
            return NFW_OK;
        }
    }
    return NFW_ERR_NONE;
}

int
nfw_record_write(uint32_t at, uint8_t *record, size_t size)
{
    const size_t covered = size - NFW_RECORD_CRC_SIZE;

    nfw_put32(record + covered, nilo_crc32c_update(NILO_CRC32C_START, record, covered));
    return nfw_eeprom_write(at, record, size);
}
