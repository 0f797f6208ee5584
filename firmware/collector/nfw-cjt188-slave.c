/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-cjt188-slave.h"

#include "nfw-calendar.h"
#include "nilo-cjt188-clock.h"
#include "nilo-cjt188-message.h"
#include "nilo-cjt188-status.h"
#include "nilo-wire-bcd.h"

#include <string.h>

#define PREAMBLE_SIZE 2u /* of answers; the standard asks for 2 to 4 */
#define HEAD_SIZE     3u /* DI DI SER in front of a payload */
#define PAYLOAD_MAX   (NILO_CJT188_DATA_MAX_SIZE - HEAD_SIZE)

/* Where payloads are put together: in the answer itself, where they end up. */
#define PAYLOAD_AT (PREAMBLE_SIZE + NILO_CJT188_FRAME_HEAD_SIZE + HEAD_SIZE)

_Static_assert(NFW_CJT188_SLAVE_MAX_FRAME == NILO_CJT188_FRAME_MAX_SIZE, "one longest frame");
_Static_assert(NFW_NUMBER_SIZE == NILO_CJT188_ADDRESS_SIZE, "a number is an address");
_Static_assert(PREAMBLE_SIZE + NILO_CJT188_FRAME_MAX_SIZE <= NFW_ANSWER_MAX_SIZE,
               "the longest answer fits");

/* The identifiers that are the collector's own: see docs/collector-cjt188.md. */
#define DI_MONTHS          0xd200u /* back, by months */
#define DI_DAYS            0xd300u
#define DI_ORDERED         0xd400u
#define DI_HOURS           0xd500u /* back, by half days */
#define DI_SETTINGS        0xd600u
#define DI_STATE           0xd700u
#define DI_EVENTS          0xd710u
#define DI_FREEZE          0xa104u

#define SETTINGS_OF_SELF   0x40u
#define HOURS_PER_ANSWER   12u
#define HOUR_SIZE          5u
#define EVENTS_PER_ANSWER  6u
#define EVENT_BLOCKS       (NFW_EVENTS / EVENTS_PER_ANSWER)
#define SETTLEMENT_DAY     0x01u

#define VOLUME_SIZE        5u /* eight digits and their unit */
#define VOLUME_DIGITS_SIZE 4u
#define UNIT_CUBIC_METRE   0x2cu
#define ML_PER_DIGIT       10000 /* two decimals of a cubic metre */
#define VOLUME_MAX_DIGITS  99999999

/* ST1: the vendor's byte, so ours */
#define STATUS_TAMPER      0x01u
#define STATUS_STALE       0x02u
#define STATUS_NOT_STORED  0x04u
#define STATUS_CLOCK_UNSET 0x08u
#define STATUS_NO_READING  0x10u
#define STATUS_NO_DIGITS   0x20u /* below 0, or more than eight digits hold */

/* behind each value of the history */
#define VALUE_ESTIMATED 0x01u
#define VALUE_NO_DIGITS 0x02u
#define VALUE_NOT_HELD  0x04u

/* What becomes of a request; refusals are the upper bits of their ST1. */
enum verdict {
    VERDICT_ANSWER = 0,
    VERDICT_SILENCE = 1,
    VERDICT_RANGE = 0x40,   /* nothing is held there, or the value is none */
    VERDICT_UNKNOWN = 0x80, /* no such identifier here */
    VERDICT_FAILED = 0xc0,  /* understood, and could not be done */
};

struct service {
    struct nfw_collector *collector;
    unsigned channel;
    const NiloCjt188Message *request;
    uint8_t *payload; /* of the answer: room for PAYLOAD_MAX bytes */
    uint8_t size;
};

void
nfw_cjt188_slave_init(struct nfw_cjt188_slave *slave)
{
    slave->size = 0u;
    slave->is_deaf = true; /* nobody knows what went before the first gap */
}

void
nfw_cjt188_slave_listen(struct nfw_cjt188_slave *slave)
{
    slave->size = 0u;
    slave->is_deaf = false;
}

/* --- writing bytes -------------------------------------------------------------------------- */

static void
put_byte(struct service *service, uint8_t byte)
{
    service->payload[service->size] = byte;
    service->size++;
}

/* Low byte first. */
static void
put_number(struct service *service, uint32_t number, unsigned size)
{
    for (unsigned i = 0u; i < size; i++) {
        put_byte(service, (uint8_t)(number >> (8u * i)));
    }
}

/* Eight digits with two decimals of a cubic metre. Returns: false when they cannot say it. */
static bool
to_digits(int64_t volume_ml, uint32_t *digits)
{
    const int64_t hundredths = volume_ml / ML_PER_DIGIT;

    *digits = (uint32_t)hundredths;
    return volume_ml >= 0 && hundredths <= VOLUME_MAX_DIGITS;
}

/* Without the unit. FF when there are no digits: a wrong number would be worse than none. Returns:
 * whether there are. */
static bool
put_digits(struct service *service, int64_t volume_ml)
{
    uint32_t digits;
    const bool is_told = to_digits(volume_ml, &digits);

    for (unsigned i = 0u; i < VOLUME_DIGITS_SIZE; i++) {
        const uint32_t low = digits % 100u;

        put_byte(service, is_told ? (uint8_t)(low / 10u << 4 | low % 10u) : 0xffu);
        digits /= 100u;
    }
    return is_told;
}

static bool
put_volume(struct service *service, int64_t volume_ml)
{
    const bool is_told = put_digits(service, volume_ml);

    put_byte(service, is_told ? UNIT_CUBIC_METRE : 0xffu);
    return is_told;
}

static void
put_no_volume(struct service *service)
{
    memset(&service->payload[service->size], 0xff, VOLUME_SIZE);
    service->size = (uint8_t)(service->size + VOLUME_SIZE);
}

/* @seconds 0 gives zeros: a clock that was not set. */
static void
put_time(struct service *service, nfw_seconds seconds)
{
    uint8_t *at = &service->payload[service->size];
    struct nfw_date date;
    NiloCjt188Clock clock = {0};

    memset(at, 0, NILO_CJT188_CLOCK_SIZE);
    service->size = (uint8_t)(service->size + NILO_CJT188_CLOCK_SIZE);
    if (seconds == 0u) {
        return;
    }
    nfw_date_from_seconds(seconds, &date);
    clock.year = date.year;
    clock.month = date.month;
    clock.day = date.day;
    clock.hour = date.hour;
    clock.minute = date.minute;
    clock.second = date.second;
    (void)nilo_cjt188_clock_build(&clock, at);
}

static void
put_clock(struct service *service)
{
    nfw_seconds now = 0u;

    put_time(service, nfw_meters_get_time(service->collector, &now) ? now : 0u);
}

/* There is no valve, which the standard has no word for: it is sent as open. */
static void
build_status(const struct nfw_reading *reading, uint8_t status[NILO_CJT188_STATUS_SIZE])
{
    static const struct {
        uint8_t from;
        uint8_t to;
    } bits[] = {
        {NFW_STATUS_TAMPER, STATUS_TAMPER},         {NFW_STATUS_STALE, STATUS_STALE},
        {NFW_STATUS_NOT_STORED, STATUS_NOT_STORED}, {NFW_STATUS_CLOCK_UNSET, STATUS_CLOCK_UNSET},
        {NFW_STATUS_NO_READING, STATUS_NO_READING},
    };
    NiloCjt188Status said = {.valve = NILO_CJT188_VALVE_IS_OPEN};
    uint8_t own = 0u;
    uint32_t digits;

    said.battery = (reading->status & NFW_STATUS_BATTERY_LOW) != 0u ? NILO_CJT188_BATTERY_IS_LOW
                                                                    : NILO_CJT188_BATTERY_IS_OK;
    for (unsigned i = 0u; i < sizeof bits / sizeof bits[0]; i++) {
        own |= (reading->status & bits[i].from) != 0u ? bits[i].to : 0u;
    }
    if (!to_digits(reading->volume_ml, &digits)) {
        own |= STATUS_NO_DIGITS;
    }
    said.vendor = (uint16_t)(own << 8);
    nilo_cjt188_status_build(&nilo_cjt188_status_map_standard, &said, status);
}

static void
put_status(struct service *service, const struct nfw_reading *reading)
{
    build_status(reading, &service->payload[service->size]);
    service->size = (uint8_t)(service->size + NILO_CJT188_STATUS_SIZE);
}

/* --- reading -------------------------------------------------------------------------------- */

static enum verdict
judge(int result)
{
    switch (result) {
    case NFW_OK:
        return VERDICT_ANSWER;
    case NFW_ERR_RANGE:
    case NFW_ERR_NONE:
        return VERDICT_RANGE;
    default:
        return VERDICT_FAILED;
    }
}

/* The standard has no word for a value that was taken too late, and bills are made of these. */
static void
put_settlement(struct service *service, const struct nfw_history *history)
{
    if ((history->flags & NFW_FREEZE_ESTIMATED) != 0u) {
        put_no_volume(service);
    } else {
        (void)put_volume(service, history->volume_ml);
    }
}

static enum verdict
read_current(struct service *service)
{
    struct nfw_reading reading;
    struct nfw_history settlement;

    nfw_meters_get_reading(service->collector, service->channel, &reading);
    if ((reading.status & NFW_STATUS_NO_READING) != 0u) {
        put_no_volume(service);
    } else {
        (void)put_volume(service, reading.volume_ml);
    }
    if (nfw_meters_get_history(service->collector, service->channel, NFW_FREEZE_MONTH, 0u,
                               &settlement) == NFW_OK) {
        put_settlement(service, &settlement);
    } else {
        put_no_volume(service);
    }
    put_clock(service);
    put_status(service, &reading);
    return VERDICT_ANSWER;
}

/* D120 is the settlement before the one that stands in 901F. */
static enum verdict
read_settlement(struct service *service, unsigned back)
{
    struct nfw_history history;
    const int result = nfw_meters_get_history(service->collector, service->channel,
                                              NFW_FREEZE_MONTH, back, &history);

    if (result == NFW_OK) {
        put_settlement(service, &history);
    }
    return judge(result);
}

static uint8_t
value_flags(const struct nfw_history *history, bool is_told)
{
    return (uint8_t)(((history->flags & NFW_FREEZE_ESTIMATED) != 0u ? VALUE_ESTIMATED : 0u) |
                     (is_told ? 0u : VALUE_NO_DIGITS));
}

/* The moment, the value then, and how it came about. */
static enum verdict
read_freeze(struct service *service, enum nfw_freeze_kind kind, unsigned back)
{
    struct nfw_history history;
    const int result =
        nfw_meters_get_history(service->collector, service->channel, kind, back, &history);
    bool is_told;

    if (result != NFW_OK) {
        return judge(result);
    }
    put_time(service, history.time);
    is_told = put_volume(service, history.volume_ml);
    put_byte(service, value_flags(&history, is_told));
    return VERDICT_ANSWER;
}

/* Half a day: the newest hour's moment, the unit, then twelve values with their flags. */
static enum verdict
read_hours(struct service *service, unsigned block)
{
    nfw_seconds newest = 0u;
    int failure = NFW_ERR_NONE;

    put_time(service, 0u);
    put_byte(service, UNIT_CUBIC_METRE);
    for (unsigned i = 0u; i < HOURS_PER_ANSWER; i++) {
        struct nfw_history history;
        const int result =
            nfw_meters_get_history(service->collector, service->channel, NFW_FREEZE_HOUR,
                                   block * HOURS_PER_ANSWER + i, &history);

        if (result == NFW_OK) {
            const bool is_told = put_digits(service, history.volume_ml);

            put_byte(service, value_flags(&history, is_told));
            newest = history.time + i * NFW_SECONDS_PER_HOUR;
        } else {
            (void)put_digits(service, -1);
            put_byte(service, VALUE_NOT_HELD);
            failure = result == NFW_ERR_NONE ? failure : result;
        }
    }
    if (newest == 0u) {
        return judge(failure);
    }
    service->size = 0u;
    put_time(service, newest);
    service->size = NILO_CJT188_CLOCK_SIZE + 1u + HOURS_PER_ANSWER * HOUR_SIZE;
    return VERDICT_ANSWER;
}

static enum verdict
read_setting(struct service *service, uint8_t id)
{
    const unsigned channel = id < SETTINGS_OF_SELF ? service->channel : NFW_CHANNEL_SELF;
    const uint8_t setting = (uint8_t)(id % SETTINGS_OF_SELF);
    const int result =
        nfw_meters_get_setting(service->collector, channel, setting, service->payload);

    if (result < 0) {
        return VERDICT_UNKNOWN;
    }
    service->size = (uint8_t)result;
    return VERDICT_ANSWER;
}

static enum verdict
read_state(struct service *service)
{
    const struct nfw_collector *collector = service->collector;
    const uint16_t battery_mv = nfw_meters_get_battery_mv(collector);
    struct nfw_reading reading;

    nfw_meters_get_reading(collector, service->channel, &reading);
    put_status(service, &reading);
    put_number(service, battery_mv != 0u ? battery_mv : UINT16_MAX, 2u);
    put_number(service, nfw_meters_get_boots(collector), 2u);
    put_number(service, nfw_meters_get_wear(collector), 4u);
    put_number(service, nfw_meters_get_event_sequence(collector), 2u);
    put_number(service, reading.rejected, 2u);
    put_number(service, reading.age_s, 4u);
    put_number(service, (uint32_t)reading.volume_ml, 4u);
    put_number(service, (uint32_t)((uint64_t)reading.volume_ml >> 32), 4u);
    put_clock(service);
    return VERDICT_ANSWER;
}

/* The asked meter's own channel, for a reader to tell its events from its neighbours'; then the
 * events, newest first. Damaged ones are left out: the sequence shows that. */
static enum verdict
read_events(struct service *service, unsigned block)
{
    int failure = NFW_ERR_NONE;

    put_byte(service, (uint8_t)service->channel);
    for (unsigned i = 0u; i < EVENTS_PER_ANSWER; i++) {
        struct nfw_event event;
        const int result =
            nfw_meters_get_event(service->collector, block * EVENTS_PER_ANSWER + i, &event);

        if (result != NFW_OK) {
            failure = result == NFW_ERR_NONE ? failure : result;
            continue;
        }
        put_number(service, event.sequence, 2u);
        put_byte(service, event.code);
        put_byte(service, event.channel);
        put_time(service, event.time);
        put_number(service, event.argument, 4u);
    }
    return service->size > 1u ? VERDICT_ANSWER : judge(failure);
}

static enum verdict
read_own(struct service *service, uint16_t di)
{
    const uint8_t low = (uint8_t)di;

    switch (di & 0xff00u) {
    case DI_MONTHS:
        return read_freeze(service, NFW_FREEZE_MONTH, low);
    case DI_DAYS:
        return read_freeze(service, NFW_FREEZE_DAY, low);
    case DI_ORDERED:
        return read_freeze(service, NFW_FREEZE_ORDERED, low);
    case DI_HOURS:
        return low < NFW_FREEZE_HOURS / HOURS_PER_ANSWER ? read_hours(service, low) : VERDICT_RANGE;
    case DI_SETTINGS:
        return read_setting(service, low);
    default:
        break;
    }
    if (di == DI_STATE) {
        return read_state(service);
    }
    if (di >= DI_EVENTS && di < DI_EVENTS + EVENT_BLOCKS) {
        return read_events(service, di - DI_EVENTS);
    }
    return VERDICT_UNKNOWN;
}

static enum verdict
read_data(struct service *service)
{
    const uint16_t di = service->request->di;

    if (service->request->payload_size > 0u || !service->request->has_serial) {
        return VERDICT_SILENCE;
    }
    if (di >= NILO_CJT188_DI_SETTLEMENT_FIRST && di <= NILO_CJT188_DI_SETTLEMENT_LAST) {
        return read_settlement(service, di - NILO_CJT188_DI_SETTLEMENT_FIRST + 1u);
    }
    switch (di) {
    case NILO_CJT188_DI_CURRENT:
        return read_current(service);
    case NILO_CJT188_DI_SETTLEMENT_DAY: /* months are frozen on the first */
        put_byte(service, SETTLEMENT_DAY);
        return VERDICT_ANSWER;
    default:
        return read_own(service, di);
    }
}

/* The address is that of the answer. Some masters leave SER out. */
static enum verdict
read_address(const struct service *service)
{
    if (service->request->payload_size > 0u || !service->request->has_di ||
        service->request->di != NILO_CJT188_DI_ADDRESS) {
        return VERDICT_SILENCE;
    }
    return VERDICT_ANSWER;
}

/* --- writing -------------------------------------------------------------------------------- */

static enum verdict
write_clock(const struct service *service)
{
    NiloCjt188Clock clock;
    struct nfw_date date;

    if (service->request->payload_size != NILO_CJT188_CLOCK_SIZE) {
        return VERDICT_SILENCE;
    }
    if (nilo_cjt188_clock_parse(service->request->payload, &clock) != NILO_WIRE_OK ||
        clock.is_year_first) {
        return VERDICT_RANGE;
    }
    date.year = clock.year;
    date.month = clock.month;
    date.day = clock.day;
    date.hour = clock.hour;
    date.minute = clock.minute;
    date.second = clock.second;
    return judge(nfw_meters_set_time(service->collector, nfw_date_to_seconds(&date)));
}

static enum verdict
write_setting(const struct service *service, uint8_t id)
{
    const unsigned channel = id < SETTINGS_OF_SELF ? service->channel : NFW_CHANNEL_SELF;
    const uint8_t setting = (uint8_t)(id % SETTINGS_OF_SELF);
    const uint8_t size = service->request->payload_size;
    uint8_t before[NFW_SETTING_MAX_SIZE];
    const int wanted = nfw_meters_get_setting(service->collector, channel, setting, before);

    if (wanted < 0) {
        return VERDICT_UNKNOWN;
    }
    if (wanted != (int)size) {
        return VERDICT_SILENCE;
    }
    return judge(nfw_meters_set_setting(service->collector, channel, setting,
                                        service->request->payload, size));
}

static enum verdict
write_data(const struct service *service)
{
    const uint16_t di = service->request->di;

    if (!service->request->has_serial) {
        return VERDICT_SILENCE;
    }
    if (di == NILO_CJT188_DI_WRITE_CLOCK) {
        return write_clock(service);
    }
    if (di == DI_FREEZE) {
        return service->request->payload_size == 0u ? judge(nfw_meters_freeze(service->collector))
                                                    : VERDICT_SILENCE;
    }
    if ((di & 0xff00u) == DI_SETTINGS) {
        return write_setting(service, (uint8_t)di);
    }
    return VERDICT_UNKNOWN;
}

/* Confirmed from the old address: the master waits for that one. */
static enum verdict
write_address(const struct service *service)
{
    const NiloCjt188Message *request = service->request;

    if (request->payload_size != NFW_NUMBER_SIZE) {
        return VERDICT_SILENCE;
    }
    if (request->di != NILO_CJT188_DI_WRITE_ADDRESS) {
        return VERDICT_UNKNOWN;
    }
    if (!nilo_bcd_is_valid(request->payload, NFW_NUMBER_SIZE)) {
        return VERDICT_RANGE;
    }
    return judge(nfw_meters_set_number(service->collector, service->channel, request->payload));
}

static enum verdict
write_counter(struct service *service)
{
    const NiloCjt188Message *request = service->request;
    struct nfw_reading reading;
    uint64_t digits;
    int result;

    if (request->payload_size != VOLUME_SIZE) {
        return VERDICT_SILENCE;
    }
    if (request->di != NILO_CJT188_DI_WRITE_COUNTER) {
        return VERDICT_UNKNOWN;
    }
    if (request->payload[VOLUME_DIGITS_SIZE] != UNIT_CUBIC_METRE ||
        nilo_bcd_to_uint64(request->payload, VOLUME_DIGITS_SIZE, &digits) != NILO_WIRE_OK) {
        return VERDICT_RANGE;
    }
    result =
        nfw_meters_set_volume(service->collector, service->channel, (int64_t)digits * ML_PER_DIGIT);
    if (result == NFW_OK) {
        nfw_meters_get_reading(service->collector, service->channel, &reading);
        put_status(service, &reading);
    }
    return judge(result);
}

/* --- the conversation ----------------------------------------------------------------------- */

static enum verdict
serve(struct service *service)
{
    switch (service->request->function) {
    case NILO_CJT188_READ_DATA:
        return read_data(service);
    case NILO_CJT188_READ_ADDRESS:
        return read_address(service);
    case NILO_CJT188_WRITE_DATA:
        return write_data(service);
    case NILO_CJT188_READ_KEY_VERSION:
        return service->request->has_serial && service->request->payload_size == 0u
                   ? VERDICT_UNKNOWN
                   : VERDICT_SILENCE;
    case NILO_CJT188_WRITE_ADDRESS:
        return write_address(service);
    case NILO_CJT188_WRITE_COUNTER:
        return write_counter(service);
    default:
        return VERDICT_SILENCE;
    }
}

static bool
is_everybody(const NiloCjt188Address *address)
{
    for (unsigned i = 0u; i < NILO_CJT188_ADDRESS_SIZE; i++) {
        if (address->bytes[i] != NILO_CJT188_ADDRESS_WILDCARD) {
            return false;
        }
    }
    return true;
}

/*
 * Who is meant; NFW_CHANNELS: nobody here. The wildcard asks "who are you" of the one meter on a
 * wire: a collector with several would hide all but one of them, so it keeps silent.
 */
static unsigned
find_channel(const struct nfw_collector *collector, const NiloCjt188Frame *frame)
{
    const uint8_t function = frame->control & NILO_CJT188_CONTROL_FUNCTION;
    const bool is_asked_by_wildcard =
        is_everybody(&frame->address) &&
        (function == NILO_CJT188_READ_DATA || function == NILO_CJT188_READ_ADDRESS);
    unsigned n_meters = 0u;
    unsigned found = NFW_CHANNELS;

    for (unsigned channel = 0u; channel < NFW_CHANNELS; channel++) {
        const struct nfw_channel_config *config = nfw_meters_get_config(collector, channel);

        if (!nfw_meters_has(collector, channel)) {
            continue;
        }
        n_meters++;
        if ((is_asked_by_wildcard ||
             memcmp(config->number, frame->address.bytes, NFW_NUMBER_SIZE) == 0) &&
            nilo_cjt188_type_is_answer_to(config->type, frame->type)) {
            found = channel;
        }
    }
    return is_asked_by_wildcard && n_meters != 1u ? NFW_CHANNELS : found;
}

static void
send(const struct service *service, enum verdict verdict, const NiloCjt188Address *address,
     uint8_t type, struct nfw_answer *answer)
{
    uint8_t status[NILO_CJT188_STATUS_SIZE];
    struct nfw_reading reading;
    NiloCjt188Message message;
    size_t size;

    if (verdict == VERDICT_ANSWER) {
        nilo_cjt188_message_make_answer(service->request, service->payload, service->size,
                                        &message);
    } else {
        nfw_meters_get_reading(service->collector, service->channel, &reading);
        build_status(&reading, status);
        status[1] = (uint8_t)((status[1] & 0x3fu) | (uint8_t)verdict);
        nilo_cjt188_message_make_refusal(service->request, status, &message);
    }
    if (nilo_cjt188_message_build(&message, PREAMBLE_SIZE, type, address, answer->bytes,
                                  sizeof answer->bytes, &size) == NILO_WIRE_OK) {
        answer->size = (uint16_t)size;
    }
}

static void
take_frame(struct nfw_collector *collector, const NiloCjt188Frame *frame, struct nfw_answer *answer)
{
    const unsigned channel = find_channel(collector, frame);
    const struct nfw_channel_config *config;
    NiloCjt188Address address;
    NiloCjt188Message request;
    struct service service = {
        .collector = collector,
        .channel = channel,
        .request = &request,
        .payload = &answer->bytes[PAYLOAD_AT],
    };
    uint8_t type;
    enum verdict verdict;

    /* answers, our own among them, and the makers' own codes of 2004 are not for us */
    if (channel == NFW_CHANNELS || frame->control > NILO_CJT188_CONTROL_FUNCTION) {
        return;
    }
    nilo_cjt188_message_parse(frame, &request);
    if (nilo_cjt188_function_is_write(request.function) &&
        frame->data_size > NILO_CJT188_WRITE_MAX_SIZE) {
        return;
    }
    /* as they are before the order, which may change them */
    config = nfw_meters_get_config(collector, channel);
    memcpy(address.bytes, config->number, NFW_NUMBER_SIZE);
    type = config->type;

    verdict = serve(&service);
    if (verdict != VERDICT_SILENCE) {
        send(&service, verdict, &address, type, answer);
    }
}

/* Out of step: what follows could be anything. */
static enum nfw_heard
lose_step(struct nfw_cjt188_slave *slave)
{
    const bool was_deaf = slave->is_deaf;

    slave->is_deaf = true;
    slave->size = 0u;
    return was_deaf ? NFW_HEARD_PART : NFW_HEARD_RUBBISH;
}

/* FE is sent in front of a frame; 00 and FF are what a driver makes that is switched on. */
static bool
is_idle(uint8_t byte)
{
    return byte == NILO_CJT188_PREAMBLE_BYTE || byte == 0x00u || byte == 0xffu;
}

enum nfw_heard
nfw_cjt188_slave_feed(struct nfw_cjt188_slave *slave, struct nfw_collector *collector,
                      const struct nfw_rx_byte *byte, struct nfw_answer *answer)
{
    enum nfw_heard heard = NFW_HEARD_PART;
    NiloCjt188Frame frame;

    answer->size = 0u;
    answer->new_speed = 0u;
    if ((byte->flags & NFW_RX_GAP) != 0u) {
        /* a frame that stopped in its middle */
        heard = slave->size > 0u ? NFW_HEARD_RUBBISH : NFW_HEARD_PART;
        slave->size = 0u;
        slave->is_deaf = false;
    }
    if ((byte->flags & (NFW_RX_BAD | NFW_RX_LOST)) != 0u) {
        return lose_step(slave);
    }
    if (slave->is_deaf || (slave->size == 0u && is_idle(byte->byte))) {
        return heard;
    }

    slave->bytes[slave->size] = byte->byte;
    slave->size++;
    switch (nilo_cjt188_frame_parse(slave->bytes, slave->size, &frame)) {
    case NILO_WIRE_NEED_MORE:
        return heard;
    case NILO_WIRE_OK:
        slave->size = 0u;
        take_frame(collector, &frame, answer);
        return NFW_HEARD_FRAME;
    default:
        return lose_step(slave);
    }
}
