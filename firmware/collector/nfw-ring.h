/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-record.h"

/*
 * A ring of records that are numbered one after the other. A record's first four bytes are its
 * number, or two bytes of number and two that are never 00 00; the number is never 0 nor
 * 0xffffffff, and may wrap.
 *
 * Records with long numbers have their place by their number, and neighbours by number are half a
 * ring apart: a part that refreshes pages of 128 or 256 bytes may lose the whole page at a power
 * cut, but never the newest record but one with the newest.
 */
#define NFW_RING_HEAD_SIZE  4u
#define NFW_RING_MAX_RECORD 64u

struct nfw_ring {
    uint32_t at;         /* in the EEPROM */
    uint16_t slots;      /* an even number */
    uint8_t record_size; /* divides NFW_EEPROM_PAGE_SIZE */
    bool is_short;       /* numbers of two bytes, one slot after the other */
};

/* What a search found out. */
struct nfw_ring_found {
    uint32_t number;  /* of the newest record */
    uint16_t slot;    /* where it stands */
    uint16_t used;    /* slots that something stands in */
    uint16_t damaged; /* records that something is wrong with; only those that were looked at */
};

/* The slot of @number in a ring of long numbers. */
uint16_t nfw_ring_place(const struct nfw_ring *ring, uint32_t number);

uint32_t nfw_ring_address(const struct nfw_ring *ring, unsigned slot);

/**
 * nfw_ring_find_newest:
 * @ring: where to look
 * @record: (array length=ring.record_size) (out): the newest record with a right checksum;
 *   whatever was read last on failure
 * @found: (out): what was found; all 0 but @damaged and @used on failure
 *
 * Looks at the numbers of all records and verifies the newest one; should that be damaged, the one
 * before it, and should that be damaged too, all of them. Takes 0.2 ms a slot, 2.3 ms a slot when
 * all are damaged.
 *
 * Returns: NFW_OK, NFW_ERR_NONE when there is no valid record, or what the EEPROM said
 */
int nfw_ring_find_newest(const struct nfw_ring *ring, uint8_t *record,
                         struct nfw_ring_found *found);
