/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-fixed.h"

#include "nilo-wire-unit-code.h"

#define FIXED_SIZE          16u
#define COUNTER_SIZE        4u
#define STATUS_BINARY       0x01u
#define STATUS_HISTORIC     0x02u
#define UNIT_CODE_MASK      0x3fu
#define UNIT_SAME_HISTORIC  0x3e /* the unit of the first counter, but stored at a fixed date */
#define FIRST_COUNTER_START 8u

static uint32_t
parse_number(const uint8_t *bytes, bool is_high_byte_first)
{
    if (is_high_byte_first)
        return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
               bytes[3];
    return (uint32_t)nilo_mbus_unsigned_parse(bytes, COUNTER_SIZE);
}

static void
parse_counter(const uint8_t *data, uint8_t unit_code, bool is_binary, bool is_high_byte_first,
              NiloMbusFixedCounter *counter)
{
    const uint32_t raw = parse_number(data, is_high_byte_first);
    const uint8_t bytes[COUNTER_SIZE] = {(uint8_t)raw, (uint8_t)(raw >> 8), (uint8_t)(raw >> 16),
                                         (uint8_t)(raw >> 24)};
    NiloMbusValue *value = &counter->value;
    NiloUnitCode meaning;

    counter->data = data;
    value->type = NILO_MBUS_VALUE_NUMBER;
    if (is_binary)
        value->mantissa = raw;
    else if (!nilo_mbus_bcd_parse(bytes, COUNTER_SIZE, &value->mantissa))
        value->state = NILO_MBUS_STATE_INVALID;
    if (nilo_unit_code_find(unit_code, &meaning)) {
        counter->quantity = meaning.quantity;
        value->unit = meaning.unit;
        value->exponent = meaning.exponent;
    } else if (value->state == NILO_MBUS_STATE_OK) {
        value->state = NILO_MBUS_STATE_UNKNOWN;
    }
}

NiloWireResult
nilo_mbus_fixed_parse(const NiloMbusHeader *header, NiloMbusFixed *fixed)
{
    const uint8_t *bytes = header->payload;
    const bool swapped = header->is_high_byte_first;
    NiloMbusFixed parsed = {0};

    if (header->content != NILO_MBUS_CONTENT_FIXED)
        return NILO_WIRE_UNSUPPORTED;
    if (header->payload_size < FIXED_SIZE)
        return NILO_WIRE_BAD_LENGTH;
    parsed.identification = parse_number(bytes, swapped);
    parsed.access_number = bytes[4];
    parsed.status = bytes[5];
    parsed.is_binary = (parsed.status & STATUS_BINARY) != 0;
    parsed.is_historic = (parsed.status & STATUS_HISTORIC) != 0;
    parsed.medium = (uint8_t)(bytes[6] >> 6 | (bytes[7] >> 6) << 2);
    for (unsigned i = 0; i < NILO_MBUS_FIXED_COUNTERS; i++) {
        NiloMbusFixedCounter *counter = &parsed.counters[i];
        uint8_t unit = bytes[6 + i] & UNIT_CODE_MASK;

        counter->unit_code = unit;
        counter->is_historic = parsed.is_historic;
        if (unit == UNIT_SAME_HISTORIC && i > 0) {
            unit = parsed.counters[0].unit_code;
            counter->is_historic = true;
        }
        parse_counter(bytes + FIRST_COUNTER_START + COUNTER_SIZE * i, unit, parsed.is_binary,
                      swapped, counter);
    }
    *fixed = parsed;
    return NILO_WIRE_OK;
}
