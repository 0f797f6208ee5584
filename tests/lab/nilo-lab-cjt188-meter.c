/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A water meter of CJ/T 188, both editions, with what real ones do their own way. */
#include "nilo-lab-cjt188-meter.h"

#include "nilo-lab-digits.h"

#include <string.h>

#define READ_DATA               0x01
#define READ_ADDRESS            0x03
#define WRITE_DATA              0x04
#define READ_KEY_VERSION        0x09
#define WRITE_ADDRESS           0x15
#define WRITE_MOTOR_SYNC        0x16
#define ANSWER                  0x80
#define ABNORMAL                0x40

#define WILDCARD                0xaa
#define WILDCARD_DD             0xdd
#define VALVE_OPEN              0x55
#define VALVE_SHUT              0x99
#define UNIT_M3                 0x2c
#define UNIT_LITRE              0x29
#define PREAMBLE                0xfe
#define STATUS_SHUT             0x01
#define STATUS_FAULT            0x03
#define STATUS_BATTERY_LOW      0x04
#define HISTORY_FIRST           0xd120
#define HISTORY_LAST            0xd12b
#define CLOCK_SIZE              7
#define PRICE_SIZE              15
#define KEY_SIZE                8
#define ML_PER_CENTI_M3         10000
#define ML_PER_CENTI_LITRE      10
#define PURCHASE_START_CENTI_M3 100000

/* what the meter keeps besides its counter */
typedef struct {
    guint8 address[NILO_LAB_CJT188_ADDRESS_SIZE];
    guint8 price[PRICE_SIZE];
    guint8 reading_day;
    guint8 purchase_number;
    guint64 purchase_this; /* in 0.01 m3, as the two below */
    guint64 purchase_total;
    gint64 purchase_zero_ml; /* the counter when purchase_total was nothing */
    guint8 key_version;
    gboolean valve_fault;
    guint8 last_ser;
} State;

/* an answer's data field while it is being written */
typedef struct {
    guint8 bytes[NILO_LAB_CJT188_MAX_DATA];
    gsize size;
} Data;

/* one request, taken apart */
typedef struct {
    const NiloLabHeard *heard;
    guint function;
    guint16 di; /* normalised: high byte first */
    guint8 ser;
    const guint8 *data; /* after SER */
    gsize data_size;
} Request;

static void
put(Data *data, const guint8 *bytes, gsize size)
{
    g_return_if_fail(size <= sizeof data->bytes - data->size);

    memcpy(data->bytes + data->size, bytes, size);
    data->size += size;
}

static void
put_byte(Data *data, guint8 byte)
{
    put(data, &byte, 1);
}

static void
put_number(Data *data, gsize size, guint64 number)
{
    guint8 bytes[8];

    nilo_lab_digits_put(bytes, size, number);
    put(data, bytes, size);
}

static gboolean
has(const NiloLabMeter *meter, NiloLabDeviation deviation)
{
    return (meter->settings.deviations & deviation) != 0;
}

/* 8 digits with 2 decimals, and the unit they are in */
static void
put_volume(NiloLabMeter *meter, Data *data, gint64 volume_ml)
{
    if (has(meter, NILO_LAB_DEVIATION_UNIT_LITRES)) {
        put_number(data, 4, (guint64)(volume_ml / ML_PER_CENTI_LITRE));
        put_byte(data, UNIT_LITRE);
        return;
    }
    put_number(data, 4, (guint64)(volume_ml / ML_PER_CENTI_M3));
    put_byte(data, UNIT_M3);
}

static guint8
mirrored(guint8 byte)
{
    guint8 out = 0;

    for (guint i = 0; i < 8; i++)
        out |= (guint8)(((byte >> i) & 1) << (7 - i));
    return out;
}

static void
put_status(NiloLabMeter *meter, Data *data)
{
    const State *state = meter->state;
    guint8 status = nilo_lab_meter_is_shut(meter) ? STATUS_SHUT : 0;

    if (state->valve_fault)
        status = STATUS_FAULT;
    if (has(meter, NILO_LAB_DEVIATION_BATTERY_LOW))
        status |= STATUS_BATTERY_LOW;
    put_byte(data, has(meter, NILO_LAB_DEVIATION_MIRRORED_STATUS) ? mirrored(status) : status);
    put_byte(data, 0);
}

static void
put_clock(NiloLabMeter *meter, Data *data, gint64 utc_us)
{
    const NiloLabDate clock = nilo_lab_meter_get_clock(meter, utc_us);
    const guint8 zero[CLOCK_SIZE] = {0};

    if (has(meter, NILO_LAB_DEVIATION_CLOCK_ZERO)) {
        put(data, zero, sizeof zero);
        return;
    }
    if (has(meter, NILO_LAB_DEVIATION_CLOCK_YEAR_FIRST)) {
        put_number(data, 1, (guint64)(clock.year / 100));
        put_number(data, 1, (guint64)(clock.year % 100));
        put_number(data, 1, (guint64)clock.month);
        put_number(data, 1, (guint64)clock.day);
        put_number(data, 1, (guint64)clock.hour);
        put_number(data, 1, (guint64)clock.minute);
        put_number(data, 1, (guint64)clock.second);
        return;
    }
    put_number(data, 1, (guint64)clock.second);
    put_number(data, 1, (guint64)clock.minute);
    put_number(data, 1, (guint64)clock.hour);
    put_number(data, 1, (guint64)clock.day);
    put_number(data, 1, (guint64)clock.month);
    put_number(data, 2, (guint64)clock.year);
}

static void
put_di_ser(NiloLabMeter *meter, Data *data, const Request *request)
{
    const State *state = meter->state;
    guint8 di[2] = {request->heard->cjt188.data[0], request->heard->cjt188.data[1]};

    if (has(meter, NILO_LAB_DEVIATION_DI_SWAPPED)) {
        di[0] = request->heard->cjt188.data[1];
        di[1] = request->heard->cjt188.data[0];
    }
    put(data, di, sizeof di);
    put_byte(data, has(meter, NILO_LAB_DEVIATION_STALE_SER) ? state->last_ser : request->ser);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static void
put_current(NiloLabMeter *meter, Data *data, gint64 utc_us)
{
    const gint64 settlement_us = nilo_lab_meter_month_utc_us(meter, utc_us, 0, NULL);
    const guint8 unsupported[5] = {0xff, 0xff, 0xff, 0xff, 0xff};

    put_volume(meter, data, nilo_lab_meter_get_volume_ml(meter, utc_us));
    if (has(meter, NILO_LAB_DEVIATION_SHORT_ANSWER)) {
        put_byte(data, 0);
        return;
    }
    if (has(meter, NILO_LAB_DEVIATION_FIELDS_FF))
        put(data, unsupported, sizeof unsupported);
    else
        put_volume(meter, data, nilo_lab_meter_get_volume_ml(meter, settlement_us));
    put_clock(meter, data, utc_us);
    put_status(meter, data);
}

static gint64
used_centi_m3(NiloLabMeter *meter, gint64 utc_us)
{
    const State *state = meter->state;

    return (nilo_lab_meter_get_volume_ml(meter, utc_us) - state->purchase_zero_ml) /
           ML_PER_CENTI_M3;
}

static void
put_purchase(NiloLabMeter *meter, Data *data, gint64 utc_us)
{
    const State *state = meter->state;
    const gint64 rest = (gint64)state->purchase_total - used_centi_m3(meter, utc_us);

    put_byte(data, state->purchase_number);
    put_number(data, 4, state->purchase_this);
    put_number(data, 4, state->purchase_total);
    put_number(data, 4, (guint64)MAX(rest, 0));
    put_status(meter, data);
}

static gboolean
answer_read(NiloLabMeter *meter, const Request *request, Data *data)
{
    const State *state = meter->state;
    const gint64 utc_us = request->heard->utc_us;

    if (request->di >= HISTORY_FIRST && request->di <= HISTORY_LAST) {
        const gint64 at =
            nilo_lab_meter_month_utc_us(meter, utc_us, request->di - HISTORY_FIRST + 1, NULL);

        put_volume(meter, data, nilo_lab_meter_get_volume_ml(meter, at));
        return TRUE;
    }
    switch (request->di) {
    case 0x901f:
        put_current(meter, data, utc_us);
        return TRUE;
    case 0x8102:
        put(data, state->price, sizeof state->price);
        return TRUE;
    case 0x8103:
        put_number(data, 1, meter->settings.settlement_day);
        return TRUE;
    case 0x8104:
        put_byte(data, state->reading_day);
        return TRUE;
    case 0x8105:
        put_purchase(meter, data, utc_us);
        return TRUE;
    default:
        return FALSE;
    }
}

/* --- writing -----------------------------------------------------------------------------------
 */

static gboolean
write_clock(NiloLabMeter *meter, const Request *request)
{
    guint64 part[CLOCK_SIZE];
    NiloLabDate date;

    if (request->data_size != CLOCK_SIZE)
        return FALSE;
    for (gsize i = 0; i < CLOCK_SIZE; i++) {
        if (!nilo_lab_digits_get(request->data + i, 1, &part[i]))
            return FALSE;
    }
    date = (NiloLabDate){.second = (gint)part[0],
                         .minute = (gint)part[1],
                         .hour = (gint)part[2],
                         .day = (gint)part[3],
                         .month = (gint)part[4],
                         .year = (gint)(part[5] + 100 * part[6])};
    if (!nilo_lab_date_is_valid(&date))
        return FALSE;
    nilo_lab_meter_set_clock(meter, &date, request->heard->utc_us);
    nilo_lab_meter_say(meter, request->heard->end_ns, "clock-set %04d-%02d-%02dT%02d:%02d:%02d",
                       date.year, date.month, date.day, date.hour, date.minute, date.second);
    return TRUE;
}

static gboolean
write_valve(NiloLabMeter *meter, const Request *request, Data *data)
{
    State *state = meter->state;
    gboolean shut;

    if (request->data_size != 1 ||
        (request->data[0] != VALVE_OPEN && request->data[0] != VALVE_SHUT))
        return FALSE;
    shut = request->data[0] == VALVE_SHUT;
    nilo_lab_meter_say(meter, request->heard->end_ns, "valve-%s", shut ? "close" : "open");
    if (has(meter, NILO_LAB_DEVIATION_VALVE_STUCK)) {
        state->valve_fault = TRUE;
        meter->valve_orders++;
    } else {
        nilo_lab_meter_set_valve(meter, shut, request->heard->utc_us);
    }
    put_status(meter, data);
    return TRUE;
}

/* the same purchase number again is the same purchase: confirmed, not added */
static gboolean
write_purchase(NiloLabMeter *meter, const Request *request, Data *data)
{
    State *state = meter->state;
    guint64 amount;

    if (request->data_size != 5 || !nilo_lab_digits_get(request->data + 1, 4, &amount))
        return FALSE;
    if (request->data[0] != state->purchase_number) {
        state->purchase_number = request->data[0];
        state->purchase_this = amount;
        state->purchase_total += amount;
        nilo_lab_meter_say(meter, request->heard->end_ns, "purchase %u %" G_GUINT64_FORMAT ".%02u",
                           request->data[0], amount / 100, (guint)(amount % 100));
    }
    put(data, request->data, request->data_size);
    return TRUE;
}

static gboolean
write_day(NiloLabMeter *meter, const Request *request)
{
    State *state = meter->state;
    guint64 day;

    if (request->data_size != 1 || !nilo_lab_digits_get(request->data, 1, &day) || day < 1 ||
        day > 28)
        return FALSE;
    if (request->di == 0xa011)
        meter->settings.settlement_day = (guint)day;
    else
        state->reading_day = request->data[0];
    return TRUE;
}

static gboolean
answer_write(NiloLabMeter *meter, const Request *request, Data *data)
{
    State *state = meter->state;

    switch (request->di) {
    case 0xa010:
        if (request->data_size != PRICE_SIZE + 1)
            return FALSE;
        memcpy(state->price, request->data, PRICE_SIZE);
        put_status(meter, data);
        return TRUE;
    case 0xa011:
    case 0xa012:
        return write_day(meter, request);
    case 0xa013:
        return write_purchase(meter, request, data);
    case 0xa014:
        if (request->data_size != 1 + KEY_SIZE)
            return FALSE;
        state->key_version = request->data[0];
        put_byte(data, state->key_version);
        return TRUE;
    case 0xa015:
        return write_clock(meter, request);
    case 0xa017:
        return write_valve(meter, request, data);
    case 0xa019:
        nilo_lab_meter_say(meter, request->heard->end_ns, "factory-release");
        return request->data_size == 0;
    default:
        return FALSE;
    }
}

static gboolean
write_address(NiloLabMeter *meter, const Request *request)
{
    State *state = meter->state;
    char text[15];

    if (request->di != 0xa018 || request->data_size != NILO_LAB_CJT188_ADDRESS_SIZE)
        return FALSE;
    memcpy(state->address, request->data, NILO_LAB_CJT188_ADDRESS_SIZE);
    nilo_lab_cjt188_address_to_text(state->address, text);
    g_strlcpy(meter->settings.id, text, sizeof meter->settings.id);
    nilo_lab_meter_say(meter, request->heard->end_ns, "address-set %s", text);
    return TRUE;
}

static gboolean
write_motor_sync(NiloLabMeter *meter, const Request *request, Data *data)
{
    guint64 value;
    gint64 unit_ml;

    if (request->di != 0xa016 || request->data_size != 5 ||
        !nilo_lab_digits_get(request->data, 4, &value))
        return FALSE;
    if (request->data[4] != UNIT_M3 && request->data[4] != UNIT_LITRE)
        return FALSE;
    unit_ml = request->data[4] == UNIT_M3 ? ML_PER_CENTI_M3 : ML_PER_CENTI_LITRE;
    nilo_lab_meter_set_volume(meter, (gint64)value * unit_ml, request->heard->utc_us);
    nilo_lab_meter_say(meter, request->heard->end_ns, "counter-set %" G_GINT64_FORMAT "ml",
                       (gint64)value * unit_ml);
    put_status(meter, data);
    return TRUE;
}

/* --- frames ------------------------------------------------------------------------------------
 */

static gboolean
is_wildcard(const guint8 *address, guint8 wildcard)
{
    for (gsize i = 0; i < NILO_LAB_CJT188_ADDRESS_SIZE; i++) {
        if (address[i] != wildcard)
            return FALSE;
    }
    return TRUE;
}

static gboolean
is_for_us(const NiloLabMeter *meter, const NiloLabCjt188Frame *frame)
{
    const State *state = meter->state;

    if (frame->type != meter->settings.type && frame->type != WILDCARD)
        return FALSE;
    if (has(meter, NILO_LAB_DEVIATION_DD_WILDCARD)) {
        if (is_wildcard(frame->address, WILDCARD_DD))
            return TRUE;
    } else if (is_wildcard(frame->address, WILDCARD)) {
        return TRUE;
    }
    return memcmp(frame->address, state->address, NILO_LAB_CJT188_ADDRESS_SIZE) == 0;
}

/* 2004 sends the high byte of a DI first, 2018 the low one; a meter hears its own edition only */
static gboolean
take_apart(const NiloLabMeter *meter, const NiloLabHeard *heard, Request *request)
{
    const NiloLabCjt188Frame *frame = &heard->cjt188;
    const guint8 high_groups[] = {0x81, 0x90, 0xa0, 0xd1};
    gboolean high_first = FALSE;

    if (frame->data_size < 3 || (frame->control & ANSWER) != 0)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(high_groups); i++)
        high_first = high_first || frame->data[0] == high_groups[i];
    if ((meter->settings.edition == 2004 && !high_first) ||
        (meter->settings.edition == 2018 && high_first))
        return FALSE;
    request->heard = heard;
    request->function = frame->control & 0x1f;
    request->di = (guint16)(high_first ? frame->data[0] << 8 | frame->data[1]
                                       : frame->data[1] << 8 | frame->data[0]);
    request->ser = frame->data[2];
    request->data = frame->data + 3;
    request->data_size = frame->data_size - 3;
    return TRUE;
}

static gboolean
answer_function(NiloLabMeter *meter, const Request *request, Data *data)
{
    State *state = meter->state;

    switch (request->function) {
    case READ_DATA:
        return answer_read(meter, request, data);
    case READ_ADDRESS:
        if (has(meter, NILO_LAB_DEVIATION_NO_SER_IN_ADDRESS_ANSWER))
            data->size--;
        return request->di == 0x810a;
    case READ_KEY_VERSION:
        put_byte(data, state->key_version);
        return request->di == 0x8106;
    case WRITE_DATA:
        return answer_write(meter, request, data);
    case WRITE_ADDRESS:
        return write_address(meter, request);
    case WRITE_MOTOR_SYNC:
        return write_motor_sync(meter, request, data);
    default:
        return FALSE;
    }
}

static void
make_abnormal(NiloLabMeter *meter, const Request *request, Data *data)
{
    data->size = 0;
    if (has(meter, NILO_LAB_DEVIATION_ERROR_WITH_DI)) {
        put_di_ser(meter, data, request);
        put_byte(data, 1);
        return;
    }
    put_byte(data, request->ser);
    put_status(meter, data);
}

static void
add_raw(NiloLabAnswer *answer, const guint8 *bytes, gsize size)
{
    memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += size;
}

static void
add_preamble(NiloLabMeter *meter, NiloLabAnswer *answer)
{
    const guint8 junk[] = {0xff, 0x00, 0xff};

    if (has(meter, NILO_LAB_DEVIATION_JUNK_PREAMBLE))
        add_raw(answer, junk, sizeof junk);
    for (guint i = 0; i < meter->settings.preamble_count; i++)
        answer->bytes[answer->size++] = PREAMBLE;
}

/* some radio modules wrap what the meter says: head with the address, length; sum and 16 behind */
static void
wrap(NiloLabMeter *meter, NiloLabAnswer *answer)
{
    const State *state = meter->state;
    const guint8 head[] = {0xbd, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x81};
    NiloLabAnswer wrapped = {.size = 0};
    guint8 tail[2] = {0, 0x16};

    add_raw(&wrapped, head, sizeof head);
    wrapped.bytes[wrapped.size++] = (guint8)(answer->size + NILO_LAB_CJT188_ADDRESS_SIZE);
    add_raw(&wrapped, state->address, NILO_LAB_CJT188_ADDRESS_SIZE);
    add_raw(&wrapped, answer->bytes, answer->size);
    for (gsize i = 0; i < wrapped.size; i++)
        tail[0] = (guint8)(tail[0] + wrapped.bytes[i]);
    add_raw(&wrapped, tail, sizeof tail);
    *answer = wrapped;
}

static void
send(NiloLabMeter *meter, guint8 control, const Data *data, const guint8 *address,
     NiloLabAnswer *answer)
{
    const guint8 collector[NILO_LAB_CJT188_ADDRESS_SIZE] = {0x01, 0x00, 0x00, 0x00,
                                                            0x00, 0x99, 0x99};
    const guint8 zeros[2] = {0};
    guint8 type = (guint8)meter->settings.type;
    gsize size;

    if (has(meter, NILO_LAB_DEVIATION_TYPE_DIFFERS))
        type++;
    if (has(meter, NILO_LAB_DEVIATION_COLLECTOR_ADDRESS))
        address = collector;
    add_preamble(meter, answer);
    size = nilo_lab_cjt188_frame_build(answer->bytes + answer->size, type, address, control,
                                       data->bytes, data->size);
    answer->size += size;
    if (has(meter, NILO_LAB_DEVIATION_WRONG_CHECKSUM))
        answer->bytes[answer->size - 2] ^= 0x33;
    if (has(meter, NILO_LAB_DEVIATION_TRAILING_ZEROS))
        add_raw(answer, zeros, sizeof zeros);
    if (has(meter, NILO_LAB_DEVIATION_VENDOR_ENVELOPE))
        wrap(meter, answer);
}

static gboolean
hear(NiloLabMeter *meter, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    State *state = meter->state;
    Request request;
    Data data = {.size = 0};
    guint8 old_address[NILO_LAB_CJT188_ADDRESS_SIZE];
    guint8 control;
    gboolean is_write;

    if (heard->is_mbus || heard->speed_baud != meter->speed_baud ||
        !is_for_us(meter, &heard->cjt188) || !take_apart(meter, heard, &request))
        return FALSE;
    memcpy(old_address, state->address, sizeof old_address);
    control = (guint8)(heard->cjt188.control | ANSWER);
    is_write = request.function == WRITE_DATA || request.function == WRITE_ADDRESS ||
               request.function == WRITE_MOTOR_SYNC;
    put_di_ser(meter, &data, &request);
    if ((is_write && has(meter, NILO_LAB_DEVIATION_REFUSES_WRITES)) ||
        !answer_function(meter, &request, &data)) {
        make_abnormal(meter, &request, &data);
        control |= ABNORMAL;
    }
    state->last_ser = request.ser;
    /* the order to move is confirmed from the old house */
    send(meter, control, &data, old_address, answer);
    return TRUE;
}

static void
take_identity(NiloLabMeter *meter)
{
    State *state = meter->state;

    nilo_lab_cjt188_address_from_text(meter->settings.id, state->address);
    state->purchase_zero_ml = meter->water.start_ml;
}

/**
 * nilo_lab_cjt188_meter_init:
 * @meter: with its settings
 *
 * Makes it a CJ/T 188 meter.
 */
void
nilo_lab_cjt188_meter_init(NiloLabMeter *meter)
{
    State *state = g_new0(State, 1);

    meter->state = state;
    meter->hear = hear;
    meter->replaced = take_identity;
    state->reading_day = 0x01;
    state->purchase_number = 1;
    state->purchase_this = PURCHASE_START_CENTI_M3;
    state->purchase_total = PURCHASE_START_CENTI_M3;
    take_identity(meter);
}
