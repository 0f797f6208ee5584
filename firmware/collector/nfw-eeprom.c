/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-eeprom.h"

#include "port.h"

#include <string.h>

#define ADDRESS_SIZE   2u
#define MAX_RECOVERIES 3u
#define MAX_TRIES      1000u /* should the counter stand still */
#define MAX_READ       64u
#define VERIFY_SIZE    16u /* at a time: this buffer is on the stack beside the page */

bool
nfw_eeprom_is_supplied(uint16_t stop_mv)
{
    const uint16_t battery_mv = nfw_port_battery_mv();

    return battery_mv == 0u || battery_mv >= stop_mv;
}

/* One transfer, as soon as the part is not busy any more. */
static int
transfer(const uint8_t *out, size_t out_size, uint8_t *in, size_t in_size)
{
    const nfw_ms start = nfw_port_now_ms();
    unsigned recoveries = 0u;

    for (unsigned i = 0u; i < MAX_TRIES; i++) {
        const int result = nfw_port_i2c_transfer(NFW_EEPROM_ADDRESS, out, out_size, in, in_size);

        if (result == NFW_OK) {
            return NFW_OK;
        }
        if (result != NFW_ERR_NACK) {
            if (recoveries == MAX_RECOVERIES) {
                return result;
            }
            recoveries++;
            nfw_port_i2c_recover();
            continue;
        }
        if (nfw_port_now_ms() - start > NFW_EEPROM_BUSY_MS) {
            break;
        }
        nfw_port_sleep_until(nfw_port_now_ms() + 1u);
    }
    return NFW_ERR_NACK;
}

static bool
is_in_range(uint32_t at, size_t size)
{
    return at <= NFW_EEPROM_SIZE && size <= NFW_EEPROM_SIZE - at;
}

static void
put_address(uint8_t *bytes, uint32_t at)
{
    bytes[0] = (uint8_t)(at >> 8);
    bytes[1] = (uint8_t)at;
}

int
nfw_eeprom_read(uint32_t at, void *bytes, size_t size)
{
    uint8_t *next = bytes;

    if (!is_in_range(at, size)) {
        return NFW_ERR_RANGE;
    }
    while (size > 0u) {
        const size_t part = size < MAX_READ ? size : MAX_READ;
        uint8_t address[ADDRESS_SIZE];
        int result;

        put_address(address, at);
        result = transfer(address, sizeof address, next, part);
        if (result != NFW_OK) {
            return result;
        }
        at += (uint32_t)part;
        next += part;
        size -= part;
    }
    return NFW_OK;
}

int
nfw_eeprom_compare(uint32_t at, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;

    while (size > 0u) {
        uint8_t found[VERIFY_SIZE];
        const size_t part = size < sizeof found ? size : sizeof found;
        const int result = nfw_eeprom_read(at, found, part);

        if (result != NFW_OK) {
            return result;
        }
        if (memcmp(found, next, part) != 0) {
            return NFW_ERR_VERIFY;
        }
        at += (uint32_t)part;
        next += part;
        size -= part;
    }
    return NFW_OK;
}

/* Within one page. */
static NFW_OUTLINE int
write_part(uint32_t at, const uint8_t *bytes, size_t size)
{
    uint8_t out[ADDRESS_SIZE + NFW_EEPROM_PAGE_SIZE];

    put_address(out, at);
    memcpy(out + ADDRESS_SIZE, bytes, size);
    return transfer(out, ADDRESS_SIZE + size, NULL, 0u);
}

static int
verify(uint32_t at, const uint8_t *bytes, size_t size)
{
    int result = nfw_eeprom_compare(at, bytes, size);

    if (result == NFW_ERR_VERIFY) {
        /* a bit may have flipped on the wire only */
        result = nfw_eeprom_compare(at, bytes, size);
    }
    /* it has just acknowledged: it is there, and stays busy */
    return result == NFW_ERR_NACK ? NFW_ERR_TIMEOUT : result;
}

int
nfw_eeprom_write(uint32_t at, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;

    if (!is_in_range(at, size)) {
        return NFW_ERR_RANGE;
    }
    while (size > 0u) {
        const size_t room = NFW_EEPROM_PAGE_SIZE - at % NFW_EEPROM_PAGE_SIZE;
        const size_t part = size < room ? size : room;
        int result = write_part(at, next, part);

        if (result == NFW_OK) {
            result = verify(at, next, part);
        }
        if (result != NFW_OK) {
            return result;
        }
        at += (uint32_t)part;
        next += part;
        size -= part;
    }
    return NFW_OK;
}
