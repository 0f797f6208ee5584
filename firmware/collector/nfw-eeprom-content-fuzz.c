/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whatever stands in the EEPROM: starts everything on it, reads everything, and stores once. The
 * fuzzer changes a sound image (or an empty one, or noise) by patches, whole pages, records moved
 * to other places, and may have checksums made right for little, since it would hardly guess one;
 * and it breaks the part.
 *
 * What comes of it is judged from the bytes alone: counts that are reported stand in a record with
 * a right checksum, settings are valid, and what has been stored is there after a restart.
 */
#include "nfw-calendar.h"
#include "nfw-config.h"
#include "nfw-counters.h"
#include "nfw-eeprom.h"
#include "nfw-event.h"
#include "nfw-freeze.h"
#include "nfw-host.h"

#include <stdlib.h>
#include <string.h>

#define BOARD_NUMBER 0x60000010u
#define NOW          835653600u /* 2026-06-24 22:00:00 */
#define MAX_STEPS    2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *bytes;
    size_t size;
};

/* What a collector keeps in RAM. */
struct parts {
    struct nfw_counters counters;
    struct nfw_config config;
    struct nfw_events events;
    struct nfw_freeze freeze;
    int counters_result;
};

static struct nfw_host board;
static uint8_t sound[NFW_EEPROM_SIZE];
static bool is_sound_made;

static void
require(bool condition)
{
    if (!condition)
        abort();
}

static uint8_t
take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->bytes++;
}

static uint32_t
take16(struct input *input)
{
    const uint32_t low = take(input);

    return low | (uint32_t)take(input) << 8;
}

/* --- what is right, by other means ---------------------------------------------------------- */

static uint32_t
crc_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8u; bit++)
            crc = crc >> 1 ^ ((crc & 1u) != 0 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static uint32_t
get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static bool
is_counted(const uint8_t *record)
{
    return crc_of(record, 60) == get32(record + 60);
}

static bool
are_counts(const struct nfw_counter_values *values, const uint8_t *record)
{
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        if ((uint32_t)values->count[i] != get32(record + 12u + 4u * i))
            return false;
    }
    return true;
}

static const uint8_t *
counter_record(unsigned slot)
{
    return board.eeprom.cells + NFW_EEPROM_COUNTERS + slot * 64u;
}

/* That the counts which would be reported stand in a record of ours. */
static void
judge_counts(const struct parts *parts)
{
    bool is_any = false;

    for (unsigned slot = 0; slot < NFW_COUNTER_RECORDS; slot++) {
        const uint8_t *record = counter_record(slot);

        is_any |= get32(record) == parts->counters.sequence && record[8] == 1 &&
                  are_counts(&parts->counters.stored, record) && is_counted(record);
    }
    if (parts->counters_result == NFW_OK)
        require(is_any);
    for (unsigned i = 0; i < NFW_CHANNELS && parts->counters_result != NFW_OK; i++)
        require(parts->counters.stored.count[i] == 0);
}

/* Whether @sequence is newer than that of any sound record, so clearly that the next one will be,
 * too. Sequences that come about by storing always are; others may go round in a circle. */
static bool
is_clearly_newest(uint32_t sequence)
{
    for (unsigned slot = 0; slot < NFW_COUNTER_RECORDS; slot++) {
        const uint8_t *record = counter_record(slot);

        if (sequence - get32(record) >= 0x7ffffff0u && is_counted(record))
            return false;
    }
    return true;
}

/* --- the image ------------------------------------------------------------------------------ */

static void
start(struct parts *parts)
{
    uint8_t lost;

    memset(parts, 0xa5, sizeof *parts);
    (void)nfw_config_load(&parts->config, BOARD_NUMBER, &lost);
    parts->counters_result = nfw_counters_start(&parts->counters);
    nfw_events_start(&parts->events);
    nfw_freeze_start(&parts->freeze);
    require(nfw_config_is_valid(&parts->config));
    require(lost <= 2u);
}

static void
make_sound(void)
{
    struct parts parts;
    struct nfw_counter_values values = {.time = NOW};

    nfw_host_init(&board);
    start(&parts);
    for (unsigned i = 0; i < 3u; i++)
        require(nfw_config_save(&parts.config) == NFW_OK);
    for (unsigned i = 0; i < 400u; i++) {
        values.count[i % NFW_CHANNELS] += (int32_t)i;
        require(nfw_counters_store(&parts.counters, &values) == NFW_OK);
        require(nfw_events_add(&parts.events, NFW_EVENT_COVER, i % 9u, NOW, i) == NFW_OK);
    }
    for (nfw_seconds now = NOW - 70u * NFW_SECONDS_PER_DAY; now <= NOW; now += 3600u) {
        while (nfw_freeze_step(&parts.freeze, now, values.count) == NFW_OK)
            values.count[3]++;
    }
    for (unsigned i = 0; i < 11u; i++)
        require(nfw_freeze_order(&parts.freeze, NOW - i, values.count) == NFW_OK);
    memcpy(sound, board.eeprom.cells, sizeof sound);
    is_sound_made = true;
}

static void
fill(struct input *input)
{
    const uint8_t base = take(input);
    uint32_t state = base;

    if (base % 8u < 5u) {
        memcpy(board.eeprom.cells, sound, sizeof sound);
        return;
    }
    if (base % 8u < 7u) {
        memset(board.eeprom.cells, base % 8u == 5u ? 0xff : 0x00, sizeof board.eeprom.cells);
        return;
    }
    for (unsigned i = 0; i < NFW_EEPROM_SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        board.eeprom.cells[i] = (uint8_t)(state >> 24);
    }
}

static void
patch(struct input *input, uint32_t at, unsigned n)
{
    for (unsigned i = 0; i < n && input->size > 0; i++)
        board.eeprom.cells[(at + i) % NFW_EEPROM_SIZE] = take(input);
}

/* Makes the checksum of the record (or copy of the settings) around @at right. */
static void
seal(uint32_t at)
{
    uint32_t size = 64;
    uint32_t crc;

    if (at < NFW_EEPROM_EVENTS)
        size = 512;
    else if (at < NFW_EEPROM_COUNTERS)
        size = 16;
    else if (at >= NFW_EEPROM_HOURS)
        size = 32;
    at = at / size * size;
    crc = crc_of(&board.eeprom.cells[at], size - 4u);
    for (unsigned i = 0; i < 4u; i++)
        board.eeprom.cells[at + size - 4u + i] = (uint8_t)(crc >> (8u * i));
}

static void
break_part(struct input *input)
{
    switch (take(input) % 6u) {
    case 0:
        board.eeprom.stuck_at = take16(input);
        board.eeprom.stuck_size = take16(input);
        break;
    case 1:
        board.eeprom.lose_writes = take(input) % 16u;
        break;
    case 2:
        board.eeprom.flip_at_byte = board.eeprom.read_bytes + take16(input);
        break;
    case 3:
        board.eeprom.is_protected = true;
        break;
    case 4:
        board.eeprom.is_weak = true;
        break;
    default:
        board.eeprom.is_absent = true;
        break;
    }
}

static void
change(struct input *input)
{
    const uint8_t what = take(input);
    const uint32_t at = take16(input);

    switch (what % 8u) {
    case 0:
    case 1:
        patch(input, at, 1u + what / 8u);
        break;
    case 2:
        patch(input, at / 64u * 64u, 64);
        break;
    case 3:
    case 4:
        patch(input, at, 1u + what / 8u);
        seal(at);
        break;
    case 5:
        memmove(&board.eeprom.cells[take16(input) / 64u * 64u], &board.eeprom.cells[at / 64u * 64u],
                64);
        break;
    case 6:
        /* the head of a record, where numbers are */
        patch(input, at / 64u * 64u, 4u + what / 8u % 8u);
        seal(at);
        break;
    default:
        break_part(input);
        break;
    }
}

/* --- everything ----------------------------------------------------------------------------- */

static void
read_all(const struct parts *parts)
{
    for (unsigned back = 0; back <= NFW_EVENTS; back++) {
        struct nfw_event event;

        if (nfw_events_get(&parts->events, back, &event) == NFW_OK)
            require(event.sequence == (uint16_t)(parts->events.next - 1u - back));
    }
    for (unsigned kind = 0; kind < NFW_FREEZE_KINDS; kind++) {
        const unsigned stride = kind == NFW_FREEZE_HOUR ? 17u : 1u;

        for (unsigned back = 0; back <= NFW_FREEZE_HOURS; back += stride) {
            struct nfw_frozen frozen;

            if (nfw_freeze_get(&parts->freeze, (enum nfw_freeze_kind)kind, back, &frozen) ==
                NFW_ERR_RANGE)
                break;
        }
    }
    (void)nfw_counters_get_wear(&parts->counters);
}

/* Returns: whether @values have been stored. */
static bool
store_all(struct parts *parts, const struct nfw_counter_values *values)
{
    const bool is_stored = nfw_counters_store(&parts->counters, values) == NFW_OK;
    unsigned steps = 0;

    (void)nfw_config_save(&parts->config);
    (void)nfw_events_add(&parts->events, NFW_EVENT_STARTED, NFW_CHANNEL_SELF, NOW, 1);
    (void)nfw_freeze_order(&parts->freeze, NOW, values->count);
    while (nfw_freeze_step(&parts->freeze, NOW, values->count) == NFW_OK && steps < MAX_STEPS)
        steps++;
    require(steps < MAX_STEPS);
    return is_stored;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct nfw_counter_values values;
    struct parts parts;
    bool is_stored, is_clear;

    if (!is_sound_made)
        make_sound();
    nfw_host_init(&board);
    fill(&input);
    while (input.size > 0)
        change(&input);

    start(&parts);
    judge_counts(&parts);
    read_all(&parts);
    is_clear = is_clearly_newest(parts.counters.sequence);
    values = parts.counters.stored;
    values.count[0] += values.count[0] == INT32_MAX ? 0 : 1;
    is_stored = store_all(&parts, &values);
    read_all(&parts);

    /* after a restart, with nothing broken any more */
    board.eeprom.is_absent = false;
    board.eeprom.flip_at_byte = NFW_HOST_EEPROM_NO_FLIP;
    start(&parts);
    judge_counts(&parts);
    if (is_stored && is_clear)
        require(memcmp(parts.counters.stored.count, values.count, sizeof values.count) == 0);
    return 0;
}
