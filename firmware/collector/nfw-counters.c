/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-counters.h"

#include "nfw-eeprom.h"
#include "nfw-ring.h"

#include <string.h>

/*
 * 0 sequence, 4 time, 8 version, 9 flags (none yet), 10 starts, 12 counts, 44 rejected closures, 60
 * CRC-32C. Sequence, version and CRC stay where they are in every version to come.
 */
#define RECORD_SIZE 64u
#define TIME        4u
#define VERSION     8u
#define BOOTS       10u
#define COUNTS      12u
#define REJECTED    44u
#define OUR_VERSION 1u
#define STORE_TRIES 3u

static const struct nfw_ring ring = {
    .at = NFW_EEPROM_COUNTERS,
    .slots = NFW_COUNTER_RECORDS,
    .record_size = RECORD_SIZE,
};

static void
encode(const struct nfw_counter_values *values, uint32_t sequence, uint8_t *record)
{
    memset(record, 0, RECORD_SIZE);
    nfw_put32(record, sequence);
    nfw_put32(record + TIME, values->time);
    record[VERSION] = OUR_VERSION;
    nfw_put16(record + BOOTS, values->boots);
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        nfw_put32(record + COUNTS + 4u * i, (uint32_t)values->count[i]);
        nfw_put16(record + REJECTED + 2u * i, values->rejected[i]);
    }
}

static void
decode(const uint8_t *record, struct nfw_counter_values *values)
{
    values->time = nfw_get32(record + TIME);
    values->boots = nfw_get16(record + BOOTS);
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        values->count[i] = (int32_t)nfw_get32(record + COUNTS + 4u * i);
        values->rejected[i] = nfw_get16(record + REJECTED + 2u * i);
    }
}

int
nfw_counters_start(struct nfw_counters *counters)
{
    uint8_t record[RECORD_SIZE];
    struct nfw_ring_found found;
    int result;

    memset(counters, 0, sizeof *counters);
    result = nfw_ring_find_newest(&ring, record, &found);
    counters->torn = found.damaged;
    if (result == NFW_OK && record[VERSION] != OUR_VERSION) {
        result = NFW_ERR_REFUSED;
    }
    counters->is_known = result == NFW_OK || result == NFW_ERR_NONE;
    if (result == NFW_OK) {
        decode(record, &counters->stored);
        counters->sequence = found.number;
        counters->last = found.number;
    }
    counters->last_error = (int16_t)(counters->is_known ? NFW_OK : result);
    return result;
}

static bool
is_usable(const struct nfw_counters *counters, uint32_t sequence)
{
    if (sequence == 0u || sequence == UINT32_MAX) {
        return false;
    }
    return counters->sequence == 0u ||
           nfw_ring_place(&ring, sequence) != nfw_ring_place(&ring, counters->sequence);
}

/* The sequence to try next: never a blank record's, never in the slot of the stored values. */
static uint32_t
find_next(const struct nfw_counters *counters)
{
    uint32_t sequence = counters->last + 1u;

    for (unsigned i = 0u; i < 3u && !is_usable(counters, sequence); i++) {
        sequence++;
    }
    return sequence;
}

int
nfw_counters_store(struct nfw_counters *counters, const struct nfw_counter_values *values)
{
    int result = counters->is_known ? NFW_ERR_VERIFY : NFW_ERR_REFUSED;

    for (unsigned i = 0u; i < STORE_TRIES && result == NFW_ERR_VERIFY; i++) {
        const uint32_t sequence = find_next(counters);
        uint8_t record[RECORD_SIZE];

        encode(values, sequence, record);
        result = nfw_record_write(nfw_ring_address(&ring, nfw_ring_place(&ring, sequence)), record,
                                  sizeof record);
        if (result == NFW_OK) {
            counters->stored = *values;
            counters->sequence = sequence;
        }
        if (result == NFW_OK || result == NFW_ERR_VERIFY) {
            counters->last = sequence;
        }
    }
    counters->last_error = (int16_t)result;
    return result;
}

uint32_t
nfw_counters_get_wear(const struct nfw_counters *counters)
{
    return counters->sequence / NFW_COUNTER_RECORDS +
           (counters->sequence % NFW_COUNTER_RECORDS != 0u ? 1u : 0u);
}
