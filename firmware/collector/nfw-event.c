/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-event.h"

#include "nfw-eeprom.h"
#include "nfw-ring.h"

/* 0 sequence, 2 code, 3 channel with the version in the upper half, 4 time, 8 argument, 12 CRC-32C.
 * Sequence, version and CRC stay where they are in every version to come. */
#define RECORD_SIZE 16u
#define CODE        2u
#define CHANNEL     3u
#define TIME        4u
#define ARGUMENT    8u
#define OUR_VERSION 0x10u
#define ADD_TRIES   2u

static const struct nfw_ring ring = {
    .at = NFW_EEPROM_EVENTS,
    .slots = NFW_EVENTS,
    .record_size = RECORD_SIZE,
    .is_short = true,
};

void
nfw_events_start(struct nfw_events *events)
{
    uint8_t record[RECORD_SIZE];
    struct nfw_ring_found found;
    const int result = nfw_ring_find_newest(&ring, record, &found);

    events->is_known = result == NFW_OK || result == NFW_ERR_NONE;
    events->next = 0u;
    events->held = 0u;
    events->slot = 0u;
    if (result == NFW_OK) {
        events->next = (uint16_t)(found.number + 1u);
        events->held = (uint16_t)(found.used - found.damaged);
        events->slot = (uint8_t)((found.slot + 1u) % NFW_EVENTS);
    }
}

static void
advance(struct nfw_events *events)
{
    events->next++;
    events->slot = (uint8_t)((events->slot + 1u) % NFW_EVENTS);
    if (events->held < NFW_EVENTS) {
        events->held++;
    }
}

int
nfw_events_add(struct nfw_events *events, enum nfw_event_code code, unsigned channel,
               nfw_seconds time, uint32_t argument)
{
    int result = NFW_ERR_VERIFY;

    if (!events->is_known) {
        nfw_events_start(events);
    }
    for (unsigned i = 0u; i < ADD_TRIES && events->is_known && result == NFW_ERR_VERIFY; i++) {
        uint8_t record[RECORD_SIZE];

        nfw_put16(record, events->next);
        record[CODE] = (uint8_t)code;
        record[CHANNEL] = (uint8_t)(OUR_VERSION | channel);
        nfw_put32(record + TIME, time);
        nfw_put32(record + ARGUMENT, argument);
        result = nfw_record_write(nfw_ring_address(&ring, events->slot), record, sizeof record);
        if (result == NFW_OK || result == NFW_ERR_VERIFY) {
            advance(events);
        }
    }
    return events->is_known ? result : NFW_ERR_NACK;
}

int
nfw_events_get(const struct nfw_events *events, unsigned back, struct nfw_event *event)
{
    uint8_t record[RECORD_SIZE];
    unsigned slot;
    int result;

    if (back >= events->held) {
        return NFW_ERR_NONE;
    }
    slot = (events->slot + NFW_EVENTS - 1u - back) % NFW_EVENTS;
    result =
        nfw_record_read(nfw_ring_address(&ring, slot), record, sizeof record, NFW_RECORD_TRIES);
    if (result != NFW_OK) {
        return result;
    }
    if (nfw_get16(record) != (uint16_t)(events->next - 1u - back) ||
        (record[CHANNEL] & 0xf0u) != OUR_VERSION) {
        return NFW_ERR_NONE;
    }
    event->sequence = nfw_get16(record);
    event->code = record[CODE];
    event->channel = record[CHANNEL] & 0x0fu;
    event->time = nfw_get32(record + TIME);
    event->argument = nfw_get32(record + ARGUMENT);
    return NFW_OK;
}
