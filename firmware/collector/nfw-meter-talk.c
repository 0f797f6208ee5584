/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-meter-talk.h"

#include "nilo-mbus-fixed.h"
#include "nilo-mbus-request.h"
#include "nilo-wire-bcd.h"
#include "nilo-wire-unit-code.h"

#include <string.h>

#define FRAME_HEAD_SIZE    7u /* M-Bus: 68 L L 68 C A CI */
#define PREAMBLE_SIZE      3u /* CJ/T 188 asks for 2 to 4 */
#define CJT188_WATER_SIZE  19u
#define CJT188_HEAT_SIZE   43u
#define CJT188_REPORT_SIZE 26u
#define CJT188_DIGITS      4u /* bytes of a volume, and a unit with it */
#define CJT188_DECIMALS    2

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

/*
 * The records (EN 13757-3, 6), as far as a register has to be found among them. The iterator of the
 * wire library knows what all of them mean, and takes a sixth of the flash for it.
 */

#define EXTENSION      0x80u
#define MAX_EXTENSIONS 10u
#define DIF_FILLER     0x2fu
#define DIF_SPECIAL    0x0fu /* nothing that we read comes behind one */
#define DIF_FUNCTION   0x30u
#define DIF_STORAGE    0x40u
#define CODING_LAST    0x0eu
#define CODING_REAL    0x05u
#define CODING_VOID    0x08u
#define CODING_TEXT    0x0du
#define VIF_VOLUME     0x10u /* .. to 17: 10^-6 m3, and each ten times the one before */
#define VIF_VOLUMES    0x78u /* what these have in common */
#define VIF_TEXT       0x7cu
#define VIF_FB         0xfbu
#define VIF_FD         0xfdu
#define FB_VOLUME      0x10u /* 100 m3, and 11: 1000 */
#define VIFE_ERRORS    0x20u /* below: what is wrong with the record, 00 being nothing */
#define VIFE_FORWARD   0x3bu
#define VIFE_SCALE     0x70u /* .. to 77: by 10^-6 and so on */
#define VIFE_SCALES    0x78u
#define VIFE_ADD       0x78u /* .. to 7B: a constant to be added, which registers have not */
#define VIFE_SECOND    0x7cu /* another table */
#define VIFE_THOUSAND  0x7du

/* What a record says, and the register is among: */
enum kind {
    KIND_OTHER,  /* another quantity, moment, tariff or direction */
    KIND_VOLUME, /* the register */
    KIND_BROKEN, /* the register, and the meter says that it is not valid, or we do not see how */
};

struct record {
    const uint8_t *data;
    uint8_t data_size;
    uint8_t coding;
    uint8_t kind;
    int8_t exponent; /* of cubic metres */
};

struct reader {
    const uint8_t *next;
    const uint8_t *end;
};

/* Returns: false at the end. */
static bool
take(struct reader *reader, uint8_t *byte)
{
    if (reader->next == reader->end) {
        return false;
    }
    *byte = *reader->next;
    reader->next++;
    return true;
}

/* DIF and DIFE. */
static bool
take_dib(struct reader *reader, struct record *record)
{
    uint8_t byte = 0u;
    bool is_main;

    if (!take(reader, &byte)) {
        return false;
    }
    record->coding = byte & DIF_SPECIAL;
    is_main = (byte & (DIF_FUNCTION | DIF_STORAGE)) == 0u;
    for (unsigned i = 0u; (byte & EXTENSION) != 0u; i++) {
        if (i == MAX_EXTENSIONS || !take(reader, &byte)) {
            return false;
        }
        is_main = is_main && (byte & ~EXTENSION) == 0u;
    }
    record->kind = is_main ? KIND_VOLUME : KIND_OTHER;
    return true;
}

/* VIF with the byte behind a table's, or the text. @byte: the one that says whether more follow. */
static bool
take_vif(struct reader *reader, struct record *record, uint8_t *byte)
{
    uint8_t vif;

    if (!take(reader, &vif)) {
        return false;
    }
    *byte = vif;
    if (vif == VIF_TEXT) {
        record->kind = KIND_OTHER;
        if (!take(reader, &vif) || reader->end - reader->next < vif) {
            return false;
        }
        reader->next += vif;
        return true;
    }
    if (vif == (VIF_TEXT | EXTENSION)) {
        return false; /* meters do not agree on where the text stands then */
    }
    if (vif == VIF_FB || vif == VIF_FD) {
        const bool has_volumes = vif == VIF_FB;

        if (!take(reader, byte)) {
            return false;
        }
        if (!has_volumes || (*byte & 0x7eu) != FB_VOLUME) {
            record->kind = KIND_OTHER;
        }
        record->exponent = (int8_t)((*byte & 1u) + 2u);
        return true;
    }
    if ((vif & VIF_VOLUMES) != VIF_VOLUME) {
        record->kind = KIND_OTHER;
    }
    record->exponent = (int8_t)((int8_t)(vif & 7u) - 6);
    return true;
}

static void
apply_vife(struct record *record, uint8_t code)
{
    if (record->kind == KIND_OTHER || code == 0u || code == VIFE_FORWARD) {
        return;
    }
    if (code < VIFE_ERRORS || (code >= VIFE_ADD && code <= VIFE_SECOND)) {
        record->kind = KIND_BROKEN;
    } else if ((code & VIFE_SCALES) == VIFE_SCALE) {
        record->exponent = (int8_t)(record->exponent + (code & 7u) - 6);
    } else if (code == VIFE_THOUSAND) {
        record->exponent = (int8_t)(record->exponent + 3);
    } else {
        record->kind = KIND_OTHER;
    }
}

/* The length that stands in front of data of variable length; only what a register is not. */
static bool
take_variable_size(struct reader *reader, struct record *record)
{
    uint8_t length;

    if (!take(reader, &length) || length >= 0xf0u ||
        (length >= 0xc0u && length < 0xe0u && (length & 0x0fu) > 9u)) {
        return false;
    }
    record->data_size = length < 0xc0u ? length : length & 0x0fu;
    return true;
}

/* Returns: false at the end, and where it cannot be told how the record goes on. */
static bool
take_record(struct reader *reader, struct record *record)
{
    static const uint8_t sizes[CODING_LAST + 1u] = {0u, 1u, 2u, 3u, 4u, 4u, 6u, 8u,
                                                    0u, 1u, 2u, 3u, 4u, 0u, 6u};
    uint8_t byte = 0u;

    if (!take_dib(reader, record) || record->coding > CODING_LAST ||
        !take_vif(reader, record, &byte)) {
        return false;
    }
    for (unsigned i = 0u; (byte & EXTENSION) != 0u; i++) {
        if (i == MAX_EXTENSIONS || !take(reader, &byte)) {
            return false;
        }
        apply_vife(record, byte & (uint8_t)~EXTENSION);
    }
    record->data_size = sizes[record->coding];
    if (record->coding == CODING_TEXT && !take_variable_size(reader, record)) {
        return false;
    }
    record->data = reader->next;
    if (reader->end - reader->next < record->data_size) {
        return false;
    }
    reader->next += record->data_size;
    return true;
}

/* A number as registers count: a real number is not exact to the litre, others are no number. */
static enum nfw_told
read_register(const struct record *record, int32_t *litres)
{
    int64_t mantissa = 0;
    bool is_number = false;

    if (record->kind == KIND_BROKEN || record->data_size == 0u || record->coding == CODING_REAL ||
        record->coding == CODING_TEXT) {
        return NFW_TOLD_NO_VALUE;
    }
    is_number = record->coding < CODING_VOID
                    ? nilo_mbus_integer_parse(record->data, record->data_size, &mantissa)
                    : nilo_mbus_bcd_parse(record->data, record->data_size, &mantissa);
    return is_number && to_litres(mantissa, record->exponent, litres) ? NFW_TOLD_VALUE
                                                                      : NFW_TOLD_NO_VALUE;
}

/* The first current volume speaks for the meter: when it is not valid, no other one is taken. */
static enum nfw_told
find_mbus_volume(const uint8_t *payload, size_t size, int32_t *litres)
{
    struct reader reader = {payload, payload + size};
    struct record record = {0};

    while (reader.next < reader.end) {
        if (*reader.next == DIF_FILLER) {
            reader.next++;
            continue;
        }
        if (!take_record(&reader, &record)) {
            return NFW_TOLD_NO_VALUE;
        }
        if (record.kind != KIND_OTHER) {
            return read_register(&record, litres);
        }
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
        if (header->is_encrypted || header->is_high_byte_first || kept == 0u ||
            (header->has_status && (application == NILO_MBUS_STATUS_BUSY ||
                                    application == NILO_MBUS_STATUS_APPLICATION_ERROR))) {
            return NFW_TOLD_NO_VALUE;
        }
        return find_mbus_volume(header->payload, kept, litres);
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

/* Where the volume stands in the shapes that 901F comes in, told by their size. */
static bool
find_cjt188_volume(const NiloCjt188Message *answer, const uint8_t **digits, uint8_t *unit)
{
    switch (answer->payload_size) {
    case CJT188_WATER_SIZE:
        *digits = answer->payload;
        *unit = answer->payload[CJT188_DIGITS];
        return true;
    case CJT188_HEAT_SIZE: /* behind two heats, a power and a flow */
        *digits = answer->payload + 4u * (CJT188_DIGITS + 1u);
        *unit = (*digits)[CJT188_DIGITS];
        return true;
    case CJT188_REPORT_SIZE: /* a maker's, with units in front of the values */
        *digits = answer->payload + 1;
        *unit = answer->payload[0];
        return true;
    default:
        return false;
    }
}

static enum nfw_told
read_cjt188_volume(const NiloCjt188Message *answer, int32_t *litres)
{
    const uint8_t *digits;
    NiloUnitCode meaning;
    uint64_t number;
    uint8_t unit;

    if (find_cjt188_volume(answer, &digits, &unit) && nilo_unit_code_find(unit, &meaning) &&
        meaning.quantity == NILO_QUANTITY_VOLUME &&
        nilo_bcd_to_uint64(digits, CJT188_DIGITS, &number) == NILO_WIRE_OK &&
        to_litres((int64_t)number, meaning.exponent - CJT188_DECIMALS, litres)) {
        return NFW_TOLD_VALUE;
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
