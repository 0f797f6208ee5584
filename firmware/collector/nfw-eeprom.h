/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

/*
 * A 24C512 or a part like it: 64 KiB, 16 bit addresses, pages of 64 bytes (parts with larger pages
 * work too), up to 5 ms for a write. Every record of ours lies within one page, so that one write
 * cycle stores it or, at a power cut, tears that one record and no other.
 *
 * Parts with pages of 128 bytes may refresh all of a page with each write: a cut then takes the
 * other record of the page, too, and each write counts twice for its wear. Counters and settings
 * are laid out so that this never hits what they would fall back to; of events, freezes and hours
 * some older ones may be lost.
 */
#define NFW_EEPROM_ADDRESS   0x50u
#define NFW_EEPROM_SIZE      0x10000u
#define NFW_EEPROM_PAGE_SIZE 64u
#define NFW_EEPROM_BUSY_MS   10u /* twice what the data sheets promise */

/* Who lives where. */
#define NFW_EEPROM_CONFIG   0x0000u /* two copies of 512 bytes */
#define NFW_EEPROM_EVENTS   0x0400u /* 192 of 16 bytes */
#define NFW_EEPROM_COUNTERS 0x1000u /* 256 of 64 bytes */
#define NFW_EEPROM_DAYS     0x5000u /* 62 of 64 bytes */
#define NFW_EEPROM_MONTHS   0x6000u /* 24 of 64 bytes */
#define NFW_EEPROM_ORDERED  0x6600u /* the last 8 freezes by order, 64 bytes each */
#define NFW_EEPROM_HOURS    0x6800u /* 1080 of 32 bytes, to 0xef00 */

/**
 * nfw_eeprom_is_supplied:
 * @stop_mv: the least that is safe; 0: anything is
 *
 * Whoever is about to write something asks first, so that no write cycle is begun that the supply
 * may not carry to its end. The functions that write do not ask: they have no settings.
 *
 * Returns: whether the battery has @stop_mv now; true on a part that cannot measure it
 */
bool nfw_eeprom_is_supplied(uint16_t stop_mv);

/* Reads, waiting out a write that is still going on. Returns: NFW_OK, NFW_ERR_RANGE, NFW_ERR_NACK
 * (the part is not there, or busy for longer than NFW_EEPROM_BUSY_MS), NFW_ERR_TIMEOUT (the bus is
 * stuck, and stays so). */
int nfw_eeprom_read(uint32_t at, void *bytes, size_t size);

/* Returns: NFW_OK when exactly @bytes stand there, NFW_ERR_VERIFY when something else does, or as
 * nfw_eeprom_read(). */
int nfw_eeprom_compare(uint32_t at, const void *bytes, size_t size);

/**
 * nfw_eeprom_write:
 * @at: where
 * @bytes: what
 * @size: any; pages are written one after the other, in rising order
 *
 * Writes, waits for the end of each page's write cycle, and reads back. Takes about 8 ms a page.
 *
 * Returns: NFW_OK once all of it stands there; NFW_ERR_VERIFY when something else does; nothing is
 *   known with NFW_ERR_TIMEOUT and NFW_ERR_NACK; NFW_ERR_RANGE
 */
int nfw_eeprom_write(uint32_t at, const void *bytes, size_t size);
