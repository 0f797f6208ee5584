/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-host-eeprom.h"

#include <string.h>

void
nfw_host_eeprom_init(struct nfw_host_eeprom *eeprom)
{
    memset(eeprom, 0, sizeof *eeprom);
    memset(eeprom->cells, 0xff, sizeof eeprom->cells);
    eeprom->cut_at_byte = NFW_HOST_EEPROM_NO_CUT;
    eeprom->stuck_at = NFW_EEPROM_SIZE;
}

static uint8_t
tear_byte(enum nfw_host_tear tear, uint8_t old, uint8_t new)
{
    switch (tear) {
    case NFW_HOST_TEAR_OLD:
        return old;
    case NFW_HOST_TEAR_ERASED:
        return 0xffu;
    case NFW_HOST_TEAR_MIXED:
        break;
    }
    return (uint8_t)((old & 0x5au) | (new & 0xa5u));
}

/* Returns: false when the power went. */
static bool
write_page(struct nfw_host_eeprom *eeprom, uint32_t at, const uint8_t *bytes, size_t size)
{
    const uint32_t page = at & ~(NFW_EEPROM_PAGE_SIZE - 1u);

    eeprom->write_cycles++;
    for (size_t i = 0; i < size; i++) {
        const uint32_t cell = page | ((at + (uint32_t)i) & (NFW_EEPROM_PAGE_SIZE - 1u));

        if (eeprom->written_bytes == eeprom->cut_at_byte) {
            eeprom->cells[cell] = tear_byte(eeprom->tear, eeprom->cells[cell], bytes[i]);
            return false;
        }
        eeprom->written_bytes++;
        if (cell != eeprom->stuck_at)
            eeprom->cells[cell] = bytes[i];
    }
    return true;
}

int
nfw_host_eeprom_transfer(struct nfw_host_eeprom *eeprom, uint64_t now_us, const uint8_t *out,
                         size_t out_size, uint8_t *in, size_t in_size, bool *is_cut)
{
    *is_cut = false;
    if (eeprom->is_absent || now_us < eeprom->busy_until_us)
        return NFW_ERR_NACK;

    if (out_size >= 2)
        eeprom->pointer = (uint32_t)out[0] << 8 | out[1];
    if (out_size > 2 && in_size == 0) {
        eeprom->busy_until_us = now_us + NFW_HOST_EEPROM_WRITE_US;
        *is_cut = !write_page(eeprom, eeprom->pointer, out + 2, out_size - 2);
    }
    for (size_t i = 0; i < in_size; i++) {
        in[i] = eeprom->cells[eeprom->pointer];
        eeprom->pointer = (eeprom->pointer + 1u) % NFW_EEPROM_SIZE;
    }
    return NFW_OK;
}
