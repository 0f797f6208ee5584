/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-mbus-telegram.h"

#include "nfw-calendar.h"

#include "nilo-mbus-crc.h"
#include "nilo-mbus-frame.h"
#include "nilo-mbus-header.h"
#include "nilo-mbus-record-build.h"
#include "nilo-mbus-request.h"

#include <string.h>

#define CI_LONG_HEADER    0x72u
#define DATA_START        7u /* behind CI */
#define TAIL_SIZE         2u /* sum and stop */
#define BLOCK_SIZE        5u /* the manufacturer's, with nothing in it but the CRC */
#define LIMIT             (NFW_ANSWER_MAX_SIZE - TAIL_SIZE - BLOCK_SIZE)

#define DIF_EXTENSION     0x80u
#define DIF_MANUFACTURER  0x0fu
#define DIF_MORE_FOLLOW   0x1fu
#define INT8              0x01u
#define INT16             0x02u
#define INT32             0x04u
#define INT48             0x06u
#define BCD8              0x0cu

#define VIF_ML            0x10u
#define VIF_LITRES        0x13u
#define VIF_MOMENT        0x6du
#define VIF_AGE_S         0x74u
#define VIF_FABRICATION   0x78u
#define VIF_EXTENSION     0x80u
#define VIF_FD            0xfdu
#define VIFE_NO_DATA      0x15u
#define FD_FIRMWARE       0x0eu
#define FD_ERROR_FLAGS    0x17u
#define FD_NUMBER         0x3au /* without a dimension */
#define FD_MV             0x46u
#define FD_RESETS         0x60u
#define FD_CUMULATIONS    0x61u

#define MAX_HISTORY_SIZE  30u /* one value of a log: moment, volume, flags */
#define MAX_EVENT_SIZE    32u
#define MAX_PER_TELEGRAM  16u /* so that reading them takes no longer than a slave may wait */
#define MAX_MISSES        4u  /* in a row: the log has ended; holes are smaller */
#define LAST_SETTING      63u
#define ML_PER_LITRE      1000
#define LAST_DIGIT        0x0fu
#define FIRMWARE_RELEASE  1u
#define FLAG_IV           0x80u
#define STATUS_TAMPER     0x20u /* the manufacturer's bits of the status byte */
#define STATUS_STALE      0x40u
#define STATUS_CLOCK_LOST 0x80u

/* --- who we are ------------------------------------------------------------------------------ */

bool
nfw_mbus_has(const struct nfw_collector *collector, unsigned who)
{
    return who == NFW_CHANNEL_SELF || nfw_meters_has(collector, who);
}

uint8_t
nfw_mbus_get_primary(const struct nfw_collector *collector, unsigned who)
{
    if (who == NFW_CHANNEL_SELF) {
        return nfw_meters_get_settings(collector)->primary;
    }
    return nfw_meters_get_config(collector, who)->primary;
}

static uint32_t
get_identification(const struct nfw_collector *collector, unsigned who)
{
    const uint8_t *number;

    if (who == NFW_CHANNEL_SELF) {
        return nfw_meters_get_settings(collector)->board_number;
    }
    number = nfw_meters_get_config(collector, who)->number;
    return (uint32_t)number[0] | (uint32_t)number[1] << 8 | (uint32_t)number[2] << 16 |
           (uint32_t)number[3] << 24;
}

/* The types of CJ/T 188 as EN 13757-3 calls them. */
static uint8_t
get_medium(const struct nfw_collector *collector, unsigned who)
{
    if (who == NFW_CHANNEL_SELF) {
        return 0x0eu; /* a component of the bus system */
    }
    switch (nfw_meters_get_config(collector, who)->type) {
    case 0x10:
        return 0x16u; /* cold water */
    case 0x11:
        return 0x06u; /* warm water */
    case 0x20:
        return 0x04u; /* heat */
    case 0x21:
        return 0x0au; /* cooling */
    case 0x22:
        return 0x0du; /* heat and cooling */
    case 0x30:
        return 0x03u; /* gas */
    case 0x40:
        return 0x0fu; /* unknown */
    default:
        return 0x07u; /* water */
    }
}

void
nfw_mbus_get_address(const struct nfw_collector *collector, unsigned who, NiloMbusAddress *address)
{
    address->identification = get_identification(collector, who);
    address->manufacturer = NFW_MBUS_MANUFACTURER;
    address->version = NFW_MBUS_VERSION;
    address->medium = get_medium(collector, who);
}

uint32_t
nfw_mbus_get_fabrication(const struct nfw_collector *collector, unsigned who)
{
    const uint32_t board = nfw_meters_get_settings(collector)->board_number;

    return (board & ~(uint32_t)LAST_DIGIT) | (who == NFW_CHANNEL_SELF ? 0u : who + 1u);
}

/* --- how we are ------------------------------------------------------------------------------ */

/* NFW_STATUS_..; the collector has all that any of its channels has. */
static uint8_t
get_status(const struct nfw_collector *collector, unsigned who)
{
    const struct nfw_config *settings = nfw_meters_get_settings(collector);
    const uint16_t battery_mv = nfw_meters_get_battery_mv(collector);
    struct nfw_reading reading;
    nfw_seconds seconds;
    uint8_t status = 0u;

    for (unsigned channel = 0u; channel < NFW_CHANNELS; channel++) {
        if ((channel == who || who == NFW_CHANNEL_SELF) && nfw_meters_has(collector, channel)) {
            nfw_meters_get_reading(collector, channel, &reading);
            status |= reading.status;
        }
    }
    if (who == NFW_CHANNEL_SELF) {
        if (!nfw_meters_get_time(collector, &seconds)) {
            status |= NFW_STATUS_CLOCK_UNSET;
        }
        if (battery_mv != 0u && battery_mv < settings->battery_low_mv) {
            status |= NFW_STATUS_BATTERY_LOW;
        }
    }
    return status;
}

/* Two lists, so that a bit of ours keeps its meaning on the wire whatever becomes of the other. */
static uint8_t
to_header_status(uint8_t status)
{
    uint8_t byte = 0u;

    if ((status & NFW_STATUS_TAMPER) != 0u) {
        byte = NILO_MBUS_STATUS_ABNORMAL | STATUS_TAMPER;
    } else if ((status & NFW_STATUS_NO_READING) != 0u) {
        byte = NILO_MBUS_STATUS_APPLICATION_ERROR;
    }
    if ((status & NFW_STATUS_BATTERY_LOW) != 0u) {
        byte |= NILO_MBUS_STATUS_POWER_LOW;
    }
    if ((status & NFW_STATUS_NOT_STORED) != 0u) {
        byte |= NILO_MBUS_STATUS_PERMANENT_ERROR;
    }
    if ((status & NFW_STATUS_STALE) != 0u) {
        byte |= NILO_MBUS_STATUS_TEMPORARY_ERROR | STATUS_STALE;
    }
    if ((status & NFW_STATUS_CLOCK_UNSET) != 0u) {
        byte |= NILO_MBUS_STATUS_TEMPORARY_ERROR | STATUS_CLOCK_LOST;
    }
    return byte;
}

uint8_t
nfw_mbus_get_alarms(const struct nfw_collector *collector, unsigned who)
{
    const uint8_t status = get_status(collector, who);
    uint8_t alarms = 0u;

    if ((status & NFW_STATUS_TAMPER) != 0u) {
        alarms |= NFW_MBUS_ALARM_TAMPER;
    }
    if ((status & NFW_STATUS_BATTERY_LOW) != 0u) {
        alarms |= NFW_MBUS_ALARM_BATTERY;
    }
    if ((status & NFW_STATUS_NOT_STORED) != 0u) {
        alarms |= NFW_MBUS_ALARM_NOT_STORED;
    }
    if ((status & NFW_STATUS_STALE) != 0u) {
        alarms |= NFW_MBUS_ALARM_STALE;
    }
    return alarms;
}

/* --- records --------------------------------------------------------------------------------- */

static void
put(struct nfw_answer *answer, uint8_t byte)
{
    if (answer->size < NFW_ANSWER_MAX_SIZE - TAIL_SIZE) {
        answer->bytes[answer->size++] = byte;
    }
}

static void
put_number(struct nfw_answer *answer, uint32_t number, unsigned size)
{
    for (unsigned i = 0u; i < size; i++) {
        put(answer, (uint8_t)(number >> (8u * i)));
    }
}

/* DIF and DIFE. */
static void
put_dib(struct nfw_answer *answer, unsigned coding, unsigned storage, unsigned subunit)
{
    unsigned byte = coding | (storage & 1u) << 6;

    storage >>= 1;
    /* 16 bits of storage at most: four more bytes */
    for (unsigned i = 0u; i < 4u && (storage != 0u || subunit != 0u); i++) {
        put(answer, (uint8_t)(byte | DIF_EXTENSION));
        byte = (storage & 0x0fu) | (subunit & 1u) << 6;
        storage >>= 4;
        subunit >>= 1;
    }
    put(answer, (uint8_t)byte);
}

static void
put_fd(struct nfw_answer *answer, unsigned coding, uint8_t vife, uint32_t number)
{
    put(answer, (uint8_t)coding);
    put(answer, VIF_FD);
    put(answer, vife);
    put_number(answer, number, coding);
}

/* Type F: to the minute. */
static NFW_OUTLINE void
put_moment(struct nfw_answer *answer, unsigned storage, const struct nfw_date *date)
{
    const NiloMbusTime time = {.year = date->year,
                               .month = date->month,
                               .day = date->day,
                               .hour = date->hour,
                               .minute = date->minute};
    uint8_t bytes[4] = {FLAG_IV, 0u, 0u, 0u};

    (void)nilo_mbus_time_build_f(&time, bytes);
    put_dib(answer, INT32, storage, 0u);
    put(answer, VIF_MOMENT);
    for (unsigned i = 0u; i < sizeof bytes; i++) {
        put(answer, bytes[i]);
    }
}

/* Type I: to the second. */
static void
put_exact_moment(struct nfw_answer *answer, unsigned storage, nfw_seconds seconds)
{
    struct nfw_date date;

    put_dib(answer, INT48, storage, 0u);
    put(answer, VIF_MOMENT);
    if (seconds == 0u) { /* the clock was not set */
        put(answer, 0u);
        put(answer, FLAG_IV);
        put_number(answer, 0u, 4u);
        return;
    }
    nfw_date_from_seconds(seconds, &date);
    put(answer, date.second);
    put(answer, date.minute);
    put(answer, date.hour);
    put(answer, (uint8_t)(date.day | (date.year % 100u & 0x07u) << 5));
    put(answer, (uint8_t)(date.month | date.year % 100u >> 3 << 4));
    put(answer, 0u); /* the week is not told */
}

static void
put_clock(const struct nfw_collector *collector, struct nfw_answer *answer)
{
    nfw_seconds seconds;
    struct nfw_date date = {0};

    if (nfw_meters_get_time(collector, &seconds)) {
        nfw_date_from_seconds(seconds, &date);
    }
    put_moment(answer, 0u, &date);
}

/* Litres where a pulse is a number of them, else millilitres. */
static NFW_OUTLINE void
put_volume(const struct nfw_collector *collector, unsigned channel, unsigned storage,
           int64_t volume_ml, struct nfw_answer *answer)
{
    const bool is_whole =
        nfw_meters_get_config(collector, channel)->ml_per_count % (uint32_t)ML_PER_LITRE == 0u;
    const int64_t litres = is_whole ? volume_ml / ML_PER_LITRE : 0;

    if (is_whole && litres * ML_PER_LITRE == volume_ml && litres <= INT32_MAX &&
        litres >= -INT32_MAX) {
        put_dib(answer, INT32, storage, 0u);
        put(answer, VIF_LITRES);
        put_number(answer, (uint32_t)litres, 4u);
        return;
    }
    put_dib(answer, INT48, storage, 0u);
    put(answer, VIF_ML);
    put_number(answer, (uint32_t)volume_ml, 4u);
    put_number(answer, (uint32_t)((uint64_t)volume_ml >> 32), 2u);
}

/* A record that says that there is none. */
static void
put_no_volume(struct nfw_answer *answer)
{
    put(answer, INT32);
    put(answer, VIF_LITRES | VIF_EXTENSION);
    put(answer, VIFE_NO_DATA);
    put_number(answer, 0x80000000u, 4u);
}

static void
put_fabrication(const struct nfw_collector *collector, unsigned who, struct nfw_answer *answer)
{
    put(answer, BCD8);
    put(answer, VIF_FABRICATION);
    put_number(answer, nfw_mbus_get_fabrication(collector, who), 4u);
}

/* --- telegrams ------------------------------------------------------------------------------- */

static NFW_OUTLINE void
put_meter(const struct nfw_collector *collector, unsigned channel, struct nfw_answer *answer)
{
    const uint8_t source = nfw_meters_get_config(collector, channel)->source;
    struct nfw_reading reading;

    nfw_meters_get_reading(collector, channel, &reading);
    put_fabrication(collector, channel, answer);
    put_clock(collector, answer);
    if ((reading.status & NFW_STATUS_NO_READING) != 0u) {
        put_no_volume(answer);
    } else {
        put_volume(collector, channel, 0u, reading.volume_ml, answer);
    }
    if (source == (uint8_t)NFW_SOURCE_PULSE || source == (uint8_t)NFW_SOURCE_DUAL) {
        put_fd(answer, INT16, FD_NUMBER, reading.rejected);
    } else if (reading.age_s != UINT32_MAX) {
        put(answer, INT32);
        put(answer, VIF_AGE_S);
        put_number(answer, reading.age_s, 4u);
    }
    put_fd(answer, INT8, FD_ERROR_FLAGS, reading.status);
}

static NFW_OUTLINE void
put_collector(const struct nfw_collector *collector, struct nfw_answer *answer)
{
    put_fabrication(collector, NFW_CHANNEL_SELF, answer);
    put_clock(collector, answer);
    put_fd(answer, INT16, FD_MV, nfw_meters_get_battery_mv(collector));
    put_fd(answer, INT16, FD_RESETS, nfw_meters_get_boots(collector));
    put_fd(answer, INT32, FD_CUMULATIONS, nfw_meters_get_wear(collector));
    put_fd(answer, INT16, FD_NUMBER, nfw_meters_get_event_sequence(collector));
    put_fd(answer, INT8, FD_FIRMWARE, FIRMWARE_RELEASE);
    put_fd(answer, INT8, FD_ERROR_FLAGS, get_status(collector, NFW_CHANNEL_SELF));
}

static uint16_t
get_log_size(enum nfw_freeze_kind kind)
{
    switch (kind) {
    case NFW_FREEZE_HOUR:
        return NFW_FREEZE_HOURS;
    case NFW_FREEZE_DAY:
        return NFW_FREEZE_DAYS;
    case NFW_FREEZE_MONTH:
        return NFW_FREEZE_MONTHS;
    case NFW_FREEZE_ORDERED:
    case NFW_FREEZE_KINDS:
    default:
        return NFW_FREEZE_ORDERS;
    }
}

/* From @start on, newest first, storage 1 being the newest. A log may have small holes, which are
 * passed over. */
static uint16_t
put_history(const struct nfw_collector *collector, unsigned channel, enum nfw_freeze_kind kind,
            uint16_t start, struct nfw_answer *answer)
{
    const uint16_t size = get_log_size(kind);
    struct nfw_history history;
    struct nfw_date date;
    uint16_t back = start;
    unsigned misses = 0u;

    for (unsigned i = 0u; i < MAX_PER_TELEGRAM; i++) {
        if (back >= size || misses == MAX_MISSES || answer->size + MAX_HISTORY_SIZE > LIMIT) {
            break;
        }
        misses++;
        if (nfw_meters_get_history(collector, channel, kind, back, &history) == NFW_OK) {
            misses = 0u;
            nfw_date_from_seconds(history.time, &date);
            put_moment(answer, back + 1u, &date);
            put_volume(collector, channel, back + 1u, history.volume_ml, answer);
            if ((history.flags & NFW_FREEZE_ESTIMATED) != 0u) {
                put_dib(answer, INT8, back + 1u, 0u);
                put(answer, VIF_FD);
                put(answer, FD_ERROR_FLAGS);
                put(answer, history.flags);
            }
        }
        back++;
    }
    return misses == MAX_MISSES || back >= size ? 0u : back;
}

static void
put_event(const struct nfw_event *event, unsigned storage, struct nfw_answer *answer)
{
    put_exact_moment(answer, storage, event->time);
    put_dib(answer, INT32, storage, 0u);
    put(answer, VIF_FD);
    put(answer, FD_NUMBER);
    put(answer, event->code);
    put(answer, event->channel);
    put_number(answer, event->sequence, 2u);
    put_dib(answer, INT32, storage, 1u);
    put(answer, VIF_FD);
    put(answer, FD_NUMBER);
    put_number(answer, event->argument, 4u);
}

static NFW_OUTLINE uint16_t
put_events(const struct nfw_collector *collector, uint16_t start, struct nfw_answer *answer)
{
    struct nfw_event event;
    uint16_t back = start;
    unsigned misses = 0u;

    for (unsigned i = 0u; i < MAX_PER_TELEGRAM; i++) {
        if (back >= NFW_EVENTS || misses == MAX_MISSES || answer->size + MAX_EVENT_SIZE > LIMIT) {
            break;
        }
        misses++;
        if (nfw_meters_get_event(collector, back, &event) == NFW_OK) {
            misses = 0u;
            put_event(&event, back + 1u, answer);
        }
        back++;
    }
    return misses == MAX_MISSES || back >= NFW_EVENTS ? 0u : back;
}

static NFW_OUTLINE void
put_settings(const struct nfw_collector *collector, unsigned who, struct nfw_answer *answer)
{
    uint8_t value[NFW_SETTING_MAX_SIZE];

    for (unsigned setting = 1u; setting <= LAST_SETTING; setting++) {
        const int size = nfw_meters_get_setting(collector, who, (uint8_t)setting, value);

        if (size <= 0 ||
            answer->size + 2u + (unsigned)size + BLOCK_SIZE > NFW_ANSWER_MAX_SIZE - TAIL_SIZE) {
            continue;
        }
        put(answer, (uint8_t)setting);
        put(answer, (uint8_t)size);
        for (unsigned i = 0u; i < (unsigned)size; i++) {
            put(answer, value[i]);
        }
    }
}

static uint16_t
put_records(const struct nfw_collector *collector, const struct nfw_mbus_question *question,
            struct nfw_answer *answer)
{
    const bool is_self = question->who == NFW_CHANNEL_SELF;

    switch (question->application & NFW_MBUS_APPLICATION_MASK) {
    case NFW_MBUS_APPLICATION_MONTHS:
        return is_self ? 0u
                       : put_history(collector, question->who, NFW_FREEZE_MONTH, question->start,
                                     answer);
    case NFW_MBUS_APPLICATION_DAYS:
        return is_self
                   ? 0u
                   : put_history(collector, question->who, NFW_FREEZE_DAY, question->start, answer);
    case NFW_MBUS_APPLICATION_HOURS:
        return is_self ? 0u
                       : put_history(collector, question->who, NFW_FREEZE_HOUR, question->start,
                                     answer);
    case NFW_MBUS_APPLICATION_ORDERED:
        return is_self ? 0u
                       : put_history(collector, question->who, NFW_FREEZE_ORDERED, question->start,
                                     answer);
    case NFW_MBUS_APPLICATION_EVENTS:
        if (is_self) {
            if (question->start == 0u) {
                put_collector(collector, answer);
            }
            return put_events(collector, question->start, answer);
        }
        break;
    case NFW_MBUS_APPLICATION_SETTINGS:
        return 0u; /* all of it stands in the manufacturer's block */
    default:
        break;
    }
    if (is_self) {
        put_collector(collector, answer);
    } else {
        put_meter(collector, question->who, answer);
    }
    return 0u;
}

bool
nfw_mbus_application_is_known(uint8_t application)
{
    switch (application & NFW_MBUS_APPLICATION_MASK) {
    case NFW_MBUS_APPLICATION_ALL:
    case NFW_MBUS_APPLICATION_MONTHS:
    case NFW_MBUS_APPLICATION_DAYS:
    case NFW_MBUS_APPLICATION_ORDERED:
    case NFW_MBUS_APPLICATION_INSTANTANEOUS:
    case NFW_MBUS_APPLICATION_HOURS:
    case NFW_MBUS_APPLICATION_SETTINGS:
    case NFW_MBUS_APPLICATION_EVENTS:
        return true;
    default:
        return false;
    }
}

uint16_t
nfw_mbus_crc_of(const uint8_t *data, size_t size)
{
    return nilo_mbus_crc_update(NILO_MBUS_CRC_START, data, size);
}

static NFW_OUTLINE void
put_header(const struct nfw_collector *collector, const struct nfw_mbus_question *question,
           struct nfw_answer *answer)
{
    NiloMbusAddress address;

    nfw_mbus_get_address(collector, question->who, &address);
    nilo_mbus_address_build(&address, answer->bytes + DATA_START);
    answer->size = DATA_START + NILO_MBUS_ADDRESS_SIZE;
    put(answer, question->access);
    put(answer, to_header_status(get_status(collector, question->who)));
    put_number(answer, 0u, 2u); /* not encrypted */
}

uint16_t
nfw_mbus_telegram_build(const struct nfw_collector *collector,
                        const struct nfw_mbus_question *question, struct nfw_answer *answer)
{
    const uint8_t c =
        (uint8_t)(NILO_MBUS_C_RSP_UD | (question->is_demanding ? NILO_MBUS_C_ACD : 0u));
    uint16_t next;

    put_header(collector, question, answer);
    next = put_records(collector, question, answer);
    put(answer, next != 0u ? DIF_MORE_FOLLOW : DIF_MANUFACTURER);
    if ((question->application & NFW_MBUS_APPLICATION_MASK) == NFW_MBUS_APPLICATION_SETTINGS) {
        put_settings(collector, question->who, answer);
    }
    put(answer, NFW_MBUS_TAG_CRC);
    put(answer, 2u);
    put_number(answer, nfw_mbus_crc_of(answer->bytes + DATA_START, answer->size - DATA_START), 2u);
    answer->size =
        (uint16_t)nilo_mbus_frame_build_long(c, nfw_mbus_get_primary(collector, question->who),
                                             CI_LONG_HEADER, answer->bytes + DATA_START,
                                             answer->size - DATA_START, answer->bytes,
                                             NFW_ANSWER_MAX_SIZE);
    return next;
}
