/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-host-eeprom.h"

#include <string.h>

#define REFRESHED_SIZE 128u
#define FLIPPED_BIT    0x10u

void
nfw_host_eeprom_init(struct nfw_host_eeprom *eeprom)
{
    memset(eeprom, 0, sizeof *eeprom);
    memset(eeprom->cells, 0xff, sizeof eeprom->cells);
    eeprom->page_size = NFW_EEPROM_PAGE_SIZE;
    eeprom->write_us = NFW_HOST_EEPROM_WRITE_US;
    eeprom->cut_at_byte = NFW_HOST_EEPROM_NO_CUT;
    eeprom->flip_at_byte = NFW_HOST_EEPROM_NO_FLIP;
    eeprom->stuck_at = NFW_EEPROM_SIZE;
    eeprom->stuck_size = 1;
}

/* Some number that depends on where and when, the same in each run. */
static uint32_t
mix(uint32_t a, uint32_t b)
{
    uint32_t x = a * UINT32_C(0x9e3779b1) ^ (b + UINT32_C(0x7f4a7c15));

    x ^= x >> 15;
    x *= UINT32_C(0x85ebca6b);
    return x ^ x >> 13;
}

static uint8_t
mix_bits(uint8_t old, uint8_t new, uint8_t mask)
{
    return (uint8_t)((old & ~mask) | (new &mask));
}

static bool
is_stuck(const struct nfw_host_eeprom *eeprom, uint32_t cell)
{
    return cell >= eeprom->stuck_at && cell - eeprom->stuck_at < eeprom->stuck_size;
}

static void
put(struct nfw_host_eeprom *eeprom, uint32_t cell, uint8_t byte)
{
    if (eeprom->is_weak)
        byte |= (uint8_t)(mix(cell, byte) | 1u << cell % 8u);
    if (!is_stuck(eeprom, cell))
        eeprom->cells[cell] = byte;
}

/* Which cell byte @i of a write to @at goes to. */
static uint32_t
find_cell(const struct nfw_host_eeprom *eeprom, uint32_t at, size_t i)
{
    const uint32_t page = at & ~(eeprom->page_size - 1u);

    return page | ((at + (uint32_t)i) & (eeprom->page_size - 1u));
}

static void
scatter(struct nfw_host_eeprom *eeprom, uint32_t at, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const uint32_t cell = find_cell(eeprom, at, i);
        const uint32_t random = mix(cell, (uint32_t)eeprom->cut_at_byte);
        const uint8_t mask = random % 3u == 0    ? 0x00u
                             : random % 3u == 1u ? 0xffu
                                                 : (uint8_t)(random >> 8);

        put(eeprom, cell, mix_bits(eeprom->cells[cell], bytes[i], mask));
    }
}

/* The power goes while byte @i is being written; those before it have been. */
static void
tear(struct nfw_host_eeprom *eeprom, uint32_t at, const uint8_t *bytes, size_t size, size_t i)
{
    const uint32_t cell = find_cell(eeprom, at, i);
    const uint32_t refreshed = at & ~(REFRESHED_SIZE - 1u);

    switch (eeprom->tear) {
    case NFW_HOST_TEAR_ERASED:
        put(eeprom, cell, 0xffu);
        break;
    case NFW_HOST_TEAR_MIXED:
        put(eeprom, cell, mix_bits(eeprom->cells[cell], bytes[i], 0xa5u));
        break;
    case NFW_HOST_TEAR_NEW:
        put(eeprom, cell, bytes[i]);
        break;
    case NFW_HOST_TEAR_SCATTERED:
        scatter(eeprom, at, bytes, size);
        break;
    case NFW_HOST_TEAR_PAGE:
        for (uint32_t k = 0; k < REFRESHED_SIZE; k++)
            put(eeprom, refreshed + k, 0xffu);
        break;
    case NFW_HOST_TEAR_OLD:
    case NFW_HOST_TEARS:
        break;
    }
}

/* Returns: false when the power went. */
static bool
write_page(struct nfw_host_eeprom *eeprom, uint32_t at, const uint8_t *bytes, size_t size)
{
    bool is_lost = eeprom->is_protected;

    eeprom->write_cycles++;
    if (!is_lost && eeprom->lose_writes > 0) {
        eeprom->lose_writes--;
        is_lost = true;
    }
    if (!is_lost)
        eeprom->wear[at / NFW_EEPROM_PAGE_SIZE]++;
    for (size_t i = 0; i < size; i++) {
        if (eeprom->written_bytes == eeprom->cut_at_byte) {
            if (!is_lost)
                tear(eeprom, at, bytes, size, i);
            return false;
        }
        eeprom->written_bytes++;
        /* a scattered page has no order that its bytes were written in */
        if (!is_lost && (eeprom->tear != NFW_HOST_TEAR_SCATTERED ||
                         eeprom->cut_at_byte >= eeprom->written_bytes + (size - 1u - i)))
            put(eeprom, find_cell(eeprom, at, i), bytes[i]);
    }
    return true;
}

static uint8_t
read_byte(struct nfw_host_eeprom *eeprom)
{
    uint8_t byte = eeprom->cells[eeprom->pointer];

    eeprom->pointer = (eeprom->pointer + 1u) % NFW_EEPROM_SIZE;
    if (eeprom->read_bytes++ == eeprom->flip_at_byte)
        byte ^= FLIPPED_BIT;
    return byte;
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
        eeprom->busy_until_us = now_us + eeprom->write_us;
        *is_cut = !write_page(eeprom, eeprom->pointer, out + 2, out_size - 2);
    }
    for (size_t i = 0; i < in_size; i++)
        in[i] = read_byte(eeprom);
    return NFW_OK;
}
