/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-meter-talk.h"

#include "nilo-cjt188-field.h"
#include "nilo-mbus-fixed.h"
#include "nilo-mbus-record.h"
#include "nilo-mbus-request.h"

#include <string.h>

#define FRAME_HEAD_SIZE 7u /* M-Bus: 68 L L 68 C A CI */
#define PREAMBLE_SIZE   3u /* CJ/T 188 asks for 2 to 4 */

/* --- what is asked -------------------------------------------------------------------------- */

static uint8_t
get_mbus_address(const struct nfw_channel_config *channel)
{
    const uint8_t address = channel->meter_number[6];

    return address <= NILO_MBUS_ADDRESS_LAST ? address : NILO_MBUS_ADDRESS_SELECTED;
}

static NiloMbusAddress
get_mbus_mask(const struct nfw_channel_config *channel)
{
    const uint8_t *number = channel->meter_number;
    const uint8_t bytes[NILO_MBUS_ADDRESS_SIZE] = {number[0], number[1], number[2], number[3],
                                                   number[4], number[5], 0xffu,     0xffu};

    return nilo_mbus_address_parse(bytes);
}

size_t
nfw_meter_ask_mbus(const struct nfw_channel_config *channel, enum nfw_ask ask, uint8_t *bytes,
                   size_t capacity)
{
    const uint8_t address = get_mbus_address(channel);
    const NiloMbusAddress mask = get_mbus_mask(channel);

    switch (ask) {
    case NFW_ASK_LINK:
        if (address == NILO_MBUS_ADDRESS_SELECTED) {
            return nilo_mbus_request_build_select(NILO_MBUS_C_SND_UD, &mask, bytes, capacity);
        }
        return nilo_mbus_request_build_reset_link(address, bytes, capacity);
    case NFW_ASK_APPLICATION:
        return nilo_mbus_frame_build_control(NILO_MBUS_C_SND_UD, address, NILO_MBUS_CI_RESET, bytes,
                                             capacity);
    case NFW_ASK_VALUE:
    default:
        /* a reset link expects this frame count bit; a repetition must not change it */
        return nilo_mbus_request_build_readout(address, true, bytes, capacity);
    }
}

static void
make_cjt188(NiloCjt188Order order, uint8_t serial, NiloCjt188Message *request)
{
    memset(request, 0, sizeof *request);
    request->function = NILO_CJT188_READ_DATA;
    request->has_di = true;
    request->has_serial = true;
    request->di = NILO_CJT188_DI_CURRENT;
    request->order = order;
    request->serial = serial;
}

static void
get_cjt188_address(const struct nfw_channel_config *channel, NiloCjt188Address *address)
{
    memcpy(address->bytes, channel->meter_number, sizeof address->bytes);
}

size_t
nfw_meter_ask_cjt188(const struct nfw_channel_config *channel, NiloCjt188Order order,
                     uint8_t serial, uint8_t *bytes, size_t capacity)
{
    NiloCjt188Message request;
    NiloCjt188Address address;
    size_t size = 0u;

    make_cjt188(order, serial, &request);
    get_cjt188_address(channel, &address);
    (void)nilo_cjt188_message_build(&request, PREAMBLE_SIZE, channel->type, &address, bytes,
                                    capacity, &size);
    return size;
}

/* --- what a value is ------------------------------------------------------------------------ */

/* By 16 bits at a time: the part may have no division of 64 bits. Returns: what is left over. */
static uint32_t
divide_by_ten(uint64_t *number)
{
    uint64_t quotient = 0u;
    uint32_t rest = 0u;

    for (unsigned shift = 64u; shift > 0u;) {
        uint32_t part;

        shift -= 16u;
        part = rest << 16 | ((uint32_t)(*number >> shift) & 0xffffu);
        quotient = quotient << 16 | part / 10u;
        rest = part % 10u;
    }
    *number = quotient;
    return rest;
}

/* mantissa x 10^exponent m3 in litres, rounded towards what is less */
static bool
to_litres(int64_t mantissa, int exponent, int32_t *litres)
{
    const bool is_negative = mantissa < 0;
    uint64_t number = is_negative ? 0u - (uint64_t)mantissa : (uint64_t)mantissa;
    uint32_t rest = 0u;

    exponent += 3;
    for (; exponent > 0 && number != 0u; exponent--) {
        if (number > (uint64_t)INT32_MAX / 10u) {
            return false;
        }
        number = (uint32_t)number * 10u;
    }
    for (; exponent < 0 && number != 0u; exponent++) {
        rest |= divide_by_ten(&number);
    }
    if (is_negative && rest != 0u) {
        number++;
    }
    if (number > (uint64_t)INT32_MAX) {
        return false;
    }
    *litres = is_negative ? -(int32_t)number : (int32_t)number;
    return true;
}

static enum nfw_told
take_mbus_value(const NiloMbusValue *value, int32_t *litres)
{
    if (value->type == NILO_MBUS_VALUE_NUMBER && value->state == NILO_MBUS_STATE_OK &&
        to_litres(value->mantissa, value->exponent, litres)) {
        return NFW_TOLD_VALUE;
    }
    return NFW_TOLD_NO_VALUE;
}

/* the meter's main register: now, of all tariffs, of the meter itself */
static bool
is_current_volume(const NiloMbusRecord *record)
{
    const uint16_t forward = NILO_MBUS_QUALIFIER_DIRECTION(NILO_MBUS_DIRECTION_FORWARD);

    return record->type == NILO_MBUS_RECORD_DATA && record->quantity == NILO_QUANTITY_VOLUME &&
           record->function == NILO_MBUS_FUNCTION_INSTANTANEOUS && record->storage == 0u &&
           record->tariff == 0u && record->subunit == 0u &&
           (record->qualifiers & (uint16_t) ~(forward | NILO_MBUS_QUALIFIER_RECORD_ERROR)) == 0u;
}

/* A number as registers count: a real number is not exact to the litre, others are no number. */
static bool
is_counted(const NiloMbusRecord *record)
{
    switch (record->coding) {
    case NILO_MBUS_CODING_INT8:
    case NILO_MBUS_CODING_INT16:
    case NILO_MBUS_CODING_INT24:
    case NILO_MBUS_CODING_INT32:
    case NILO_MBUS_CODING_INT48:
    case NILO_MBUS_CODING_INT64:
    case NILO_MBUS_CODING_BCD2:
    case NILO_MBUS_CODING_BCD4:
    case NILO_MBUS_CODING_BCD6:
    case NILO_MBUS_CODING_BCD8:
    case NILO_MBUS_CODING_BCD12:
        return true;
    case NILO_MBUS_CODING_NONE:
    case NILO_MBUS_CODING_REAL32:
    case NILO_MBUS_CODING_SELECTION:
    case NILO_MBUS_CODING_VARIABLE:
    case NILO_MBUS_CODING_SPECIAL:
    default:
        return false;
    }
}

/* The first current volume speaks for the meter: when it is not valid, no other one is taken. */
static enum nfw_told
find_mbus_volume(const uint8_t *payload, size_t size, bool is_high_byte_first, int32_t *litres)
{
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, payload, size);
    iter.is_high_byte_first = is_high_byte_first;
    while (nilo_mbus_record_iter_next(&iter, &record)) {
        if (!is_current_volume(&record)) {
            continue;
        }
        if (!is_counted(&record) || record.value.unit != NILO_UNIT_CUBIC_METRE ||
            (record.qualifiers & NILO_MBUS_QUALIFIER_RECORD_ERROR) != 0u) {
            return NFW_TOLD_NO_VALUE;
        }
        return take_mbus_value(&record.value, litres);
    }
    return NFW_TOLD_NO_VALUE;
}

/* --- what is answered ----------------------------------------------------------------------- */

static enum nfw_told
read_mbus_fixed(const NiloMbusHeader *header, const NiloMbusAddress *mask, int32_t *litres)
{
    NiloMbusFixed fixed;

    if (nilo_mbus_fixed_parse(header, &fixed) != NILO_WIRE_OK) {
        return NFW_TOLD_NO_VALUE;
    }
    if (!nilo_mbus_digits_match(fixed.identification, mask->identification)) {
        return NFW_TOLD_NOTHING;
    }
    if (fixed.is_historic || fixed.counters[0].is_historic ||
        fixed.counters[0].quantity != NILO_QUANTITY_VOLUME) {
        return NFW_TOLD_NO_VALUE;
    }
    return take_mbus_value(&fixed.counters[0].value, litres);
}

/* @kept: bytes of the payload that are held */
static enum nfw_told
read_mbus_content(const NiloMbusHeader *header, const NiloMbusAddress *mask, size_t kept,
                  bool is_selected, int32_t *litres)
{
    const uint8_t application = header->status & NILO_MBUS_STATUS_APPLICATION_MASK;

    switch (header->content) {
    case NILO_MBUS_CONTENT_FIXED:
        return kept < header->payload_size ? NFW_TOLD_NO_VALUE
                                           : read_mbus_fixed(header, mask, litres);
    case NILO_MBUS_CONTENT_RECORDS:
        /* who was selected by an identification has to show it */
        if (is_selected && !header->has_address) {
            return NFW_TOLD_NOTHING;
        }
        if (header->is_encrypted ||
            (header->has_status && (application == NILO_MBUS_STATUS_BUSY ||
                                    application == NILO_MBUS_STATUS_APPLICATION_ERROR))) {
            return NFW_TOLD_NO_VALUE;
        }
        return find_mbus_volume(header->payload, kept, header->is_high_byte_first, litres);
    case NILO_MBUS_CONTENT_UNKNOWN:
        return NFW_TOLD_RESET;
    case NILO_MBUS_CONTENT_ERROR:
    case NILO_MBUS_CONTENT_ALARM:
    case NILO_MBUS_CONTENT_REQUEST:
    default:
        return NFW_TOLD_NO_VALUE;
    }
}

/* Of @kept bytes of a frame: those that are payload. */
static size_t
get_kept(const NiloMbusFrame *frame, const NiloMbusHeader *header, size_t kept)
{
    const size_t head = FRAME_HEAD_SIZE + frame->size - header->payload_size;
    const size_t there = kept > head ? kept - head : 0u;

    return there < header->payload_size ? there : header->payload_size;
}

enum nfw_told
nfw_meter_hear_mbus(const struct nfw_channel_config *channel, const NiloMbusFrame *frame,
                    size_t kept, int32_t *litres)
{
    const uint8_t address = get_mbus_address(channel);
    const bool is_selected = address == NILO_MBUS_ADDRESS_SELECTED;
    const NiloMbusAddress mask = get_mbus_mask(channel);
    NiloMbusHeader header;

    /* a slave's answer, and not what a master sends: our own request for one, heard back */
    if ((frame->c & (uint8_t) ~(NILO_MBUS_C_ACD | NILO_MBUS_C_DFC)) != NILO_MBUS_C_RSP_UD ||
        (!is_selected && frame->a != address)) {
        return NFW_TOLD_NOTHING;
    }
    if (nilo_mbus_header_parse(frame, &header) != NILO_WIRE_OK) {
        return NFW_TOLD_NO_VALUE;
    }
    if (header.has_address && !nilo_mbus_address_matches(&header.address, &mask)) {
        return NFW_TOLD_NOTHING;
    }
    return read_mbus_content(&header, &mask, get_kept(frame, &header, kept), is_selected, litres);
}

static enum nfw_told
read_cjt188_volume(const NiloCjt188Message *answer, int32_t *litres)
{
    NiloCjt188Fields fields;
    NiloCjt188Field field;

    nilo_cjt188_field_start(&fields, answer, NULL);
    while (nilo_cjt188_field_next(&fields, &field) == NILO_WIRE_OK) {
        if (field.key != NILO_CJT188_KEY_CURRENT && field.key != NILO_CJT188_KEY_TOTAL_VOLUME) {
            continue;
        }
        if (field.state == NILO_CJT188_STATE_OK && field.quantity == NILO_QUANTITY_VOLUME &&
            field.unit_source == NILO_CJT188_UNIT_SENT && field.unit == NILO_UNIT_CUBIC_METRE &&
            to_litres(field.mantissa, field.exponent, litres)) {
            return NFW_TOLD_VALUE;
        }
        return NFW_TOLD_NO_VALUE;
    }
    return NFW_TOLD_NO_VALUE;
}

enum nfw_told
nfw_meter_hear_cjt188(const struct nfw_channel_config *channel, const NiloCjt188Frame *frame,
                      uint8_t serial, int32_t *litres)
{
    NiloCjt188Message request;
    NiloCjt188Message answer;
    NiloCjt188Address mask;

    get_cjt188_address(channel, &mask);
    make_cjt188(NILO_CJT188_HIGH_FIRST, serial, &request);
    nilo_cjt188_message_parse(frame, &answer);
    /* the type is not compared: meters say 11 where they are asked as 10 */
    if (!nilo_cjt188_address_is_matched(&frame->address, &mask) ||
        !nilo_cjt188_message_is_answer_to(&answer, &request) || !answer.has_serial) {
        return NFW_TOLD_NOTHING;
    }
    if (answer.is_abnormal || !answer.has_di) {
        return NFW_TOLD_NO_VALUE;
    }
    return read_cjt188_volume(&answer, litres);
}
