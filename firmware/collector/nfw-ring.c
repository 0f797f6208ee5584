/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-ring.h"

#include "nfw-eeprom.h"

#include <string.h>

#define HEAD_PASSES 3u
#define MORE_LOOKS  3u

uint16_t
nfw_ring_place(const struct nfw_ring *ring, uint32_t number)
{
    const uint32_t index = number % ring->slots;

    return (uint16_t)(index % 2u * (ring->slots / 2u) + index / 2u);
}

uint32_t
nfw_ring_address(const struct nfw_ring *ring, unsigned slot)
{
    return ring->at + slot * ring->record_size;
}

static bool
is_blank(uint32_t head)
{
    return head == 0u || head == UINT32_MAX;
}

static uint32_t
number_of(const struct nfw_ring *ring, uint32_t head)
{
    return ring->is_short ? head & 0xffffu : head;
}

static bool
is_in_place(const struct nfw_ring *ring, uint32_t head, unsigned slot)
{
    return ring->is_short || nfw_ring_place(ring, head) == slot;
}

/* By difference: numbers wrap. */
static bool
is_newer(const struct nfw_ring *ring, uint32_t number, uint32_t than)
{
    return ring->is_short ? (int16_t)(uint16_t)(number - than) > 0 : (int32_t)(number - than) > 0;
}

struct search {
    const struct nfw_ring *ring;
    uint8_t *record;
    struct nfw_ring_found *found;
    uint32_t limit; /* only what is older than that */
    bool has_limit;
    bool has_best;
};

static void
consider(struct search *search, uint32_t head, unsigned slot)
{
    const uint32_t number = number_of(search->ring, head);

    if (search->has_limit && !is_newer(search->ring, search->limit, number)) {
        return;
    }
    if (search->has_best && !is_newer(search->ring, number, search->found->number)) {
        return;
    }
    search->has_best = true;
    search->found->number = number;
    search->found->slot = (uint16_t)slot;
}

/* The newest by its number. */
static int
pass_heads(struct search *search, bool is_first)
{
    search->has_best = false;
    for (unsigned slot = 0u; slot < search->ring->slots; slot++) {
        uint8_t bytes[NFW_RING_HEAD_SIZE];
        uint32_t head;
        const int result =
            nfw_eeprom_read(nfw_ring_address(search->ring, slot), bytes, sizeof bytes);

        if (result != NFW_OK) {
            return result;
        }
        head = nfw_get32(bytes);
        if (is_blank(head)) {
            continue;
        }
        search->found->used = (uint16_t)(search->found->used + (is_first ? 1u : 0u));
        if (is_in_place(search->ring, head, slot)) {
            consider(search, head, slot);
        } else if (is_first) {
            search->found->damaged++;
        }
    }
    return NFW_OK;
}

/* Returns: as nfw_record_read(); NFW_ERR_NONE also for a record that is in the wrong place. */
static int
read_slot(const struct search *search, unsigned slot, unsigned tries)
{
    const int result = nfw_record_read(nfw_ring_address(search->ring, slot), search->record,
                                       search->ring->record_size, tries);
    const uint32_t head = nfw_get32(search->record);

    if (result == NFW_OK && (is_blank(head) || !is_in_place(search->ring, head, slot))) {
        return NFW_ERR_NONE;
    }
    return result;
}

/* Reads what seems to be the newest; it must be what its head has said. */
static int
read_best(const struct search *search)
{
    const int result = read_slot(search, search->found->slot, NFW_RECORD_TRIES);

    if (result == NFW_OK &&
        number_of(search->ring, nfw_get32(search->record)) != search->found->number) {
        return NFW_ERR_NONE;
    }
    return result;
}

/* The newest of those with a right checksum. */
static int
pass_records(struct search *search)
{
    search->has_limit = false;
    search->has_best = false;
    for (unsigned slot = 0u; slot < search->ring->slots; slot++) {
        const int result = read_slot(search, slot, 1u);

        if (result == NFW_OK) {
            consider(search, nfw_get32(search->record), slot);
        } else if (result != NFW_ERR_NONE) {
            return result;
        }
    }
    return search->has_best ? read_best(search) : NFW_ERR_NONE;
}

/* By the heads first, which is quick; but they may lie. */
static int
find(struct search *search)
{
    for (unsigned pass = 0u; pass < HEAD_PASSES; pass++) {
        int result = pass_heads(search, pass == 0u);

        if (result != NFW_OK) {
            return result;
        }
        if (!search->has_best) {
            return NFW_ERR_NONE;
        }
        result = read_best(search);
        if (result != NFW_ERR_NONE) {
            return result;
        }
        search->found->damaged++;
        search->limit = search->found->number;
        search->has_limit = true;
    }
    return pass_records(search);
}

/* Where the record @steps after the newest one is, if there is one. */
static unsigned
find_next_slot(const struct search *search, unsigned steps)
{
    if (search->ring->is_short) {
        return (search->found->slot + steps) % search->ring->slots;
    }
    return nfw_ring_place(search->ring, search->found->number + steps);
}

/* A head that was read wrongly would hide the newest record: looks behind what seems to be it.
 * Returns: NFW_OK when there was a newer one, NFW_ERR_NONE, or what the EEPROM said. */
static int
look_behind(struct search *search)
{
    for (unsigned steps = 1u; steps <= MORE_LOOKS; steps++) {
        const unsigned slot = find_next_slot(search, steps);
        const int result = read_slot(search, slot, NFW_RECORD_TRIES);
        const uint32_t number = number_of(search->ring, nfw_get32(search->record));

        if (result != NFW_OK && result != NFW_ERR_NONE) {
            return result;
        }
        if (result == NFW_OK && is_newer(search->ring, number, search->found->number)) {
            search->found->number = number;
            search->found->slot = (uint16_t)slot;
            return NFW_OK;
        }
    }
    return NFW_ERR_NONE;
}

int
nfw_ring_find_newest(const struct nfw_ring *ring, uint8_t *record, struct nfw_ring_found *found)
{
    struct search search = {.ring = ring, .record = record, .found = found};
    int result;

    memset(found, 0, sizeof *found);
    result = find(&search);
    for (unsigned i = 0u; i < MORE_LOOKS && result == NFW_OK; i++) {
        result = look_behind(&search);
    }
    /* the last look found nothing newer, and left some other record in the buffer */
    if (result == NFW_ERR_NONE && search.has_best) {
        result = read_best(&search);
    }
    if (result != NFW_OK) {
        found->number = 0u;
        found->slot = 0u;
    }
    return result;
}
