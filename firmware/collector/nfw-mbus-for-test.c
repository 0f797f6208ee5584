/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-mbus-for-test.h"

#include "nfw-host.h"

#include <limits.h>
#include <string.h>

#define HOUR 3600u
#define DAY  86400u

/* --- nfw-meters.h ---------------------------------------------------------------------------- */

void
fake_init(struct nfw_collector *collector)
{
    memset(collector, 0, sizeof *collector);
    collector->config.board_number = 0x60000010;
    collector->config.primary = 10;
    collector->config.protocols = NFW_PROTOCOL_CJT188 | NFW_PROTOCOL_MBUS;
    collector->config.speed = 3; /* 2400 Bd */
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        struct nfw_channel_config *channel = &collector->config.channel[i];
        const uint8_t number[NFW_NUMBER_SIZE] = {(uint8_t)(0x71 + i), 0x56, 0x34, 0x12, 0, 0, 0};

        channel->source = i == 3 ? NFW_SOURCE_MBUS : i < 2 ? NFW_SOURCE_PULSE : NFW_SOURCE_OFF;
        channel->ml_per_count = 10000;
        channel->primary = (uint8_t)(11 + i);
        channel->type = 0x10;
        memcpy(channel->number, number, sizeof number);
    }
    collector->reading[0] = (struct nfw_reading){.volume_ml = 12560000, .rejected = 7};
    collector->reading[1] = (struct nfw_reading){.volume_ml = -20000};
    collector->reading[3] = (struct nfw_reading){.volume_ml = 5000, .age_s = 90};
    collector->held[NFW_FREEZE_HOUR] = 40;
    collector->held[NFW_FREEZE_DAY] = NFW_FREEZE_DAYS;
    collector->held[NFW_FREEZE_MONTH] = 5;
    collector->hole = UINT_MAX;
    collector->n_events = 20;
    collector->seconds = FAKE_NOW;
}

bool
nfw_meters_has(const struct nfw_collector *collector, unsigned channel)
{
    return channel < NFW_CHANNELS && collector->config.channel[channel].source != NFW_SOURCE_OFF;
}

const struct nfw_channel_config *
nfw_meters_get_config(const struct nfw_collector *collector, unsigned channel)
{
    return &collector->config.channel[channel];
}

const struct nfw_config *
nfw_meters_get_settings(const struct nfw_collector *collector)
{
    return &collector->config;
}

void
nfw_meters_get_reading(const struct nfw_collector *collector, unsigned channel,
                       struct nfw_reading *reading)
{
    *reading = collector->reading[channel];
}

int
nfw_meters_get_history(const struct nfw_collector *collector, unsigned channel,
                       enum nfw_freeze_kind kind, unsigned back, struct nfw_history *history)
{
    static const uint32_t steps[] = {HOUR, DAY, 30 * DAY, 60};

    if (back >= collector->held[kind] || back == collector->hole)
        return NFW_ERR_NONE;
    history->time = collector->seconds / steps[kind] * steps[kind] - back * steps[kind];
    history->volume_ml = collector->reading[channel].volume_ml - back * INT64_C(10000);
    history->flags = back == 2 ? NFW_FREEZE_ESTIMATED : 0;
    return NFW_OK;
}

int
nfw_meters_get_event(const struct nfw_collector *collector, unsigned back, struct nfw_event *event)
{
    if (back >= collector->n_events)
        return NFW_ERR_NONE;
    *event = (struct nfw_event){.sequence = (uint16_t)(collector->n_events - back - 1),
                                .code = NFW_EVENT_MAGNET,
                                .channel = 1,
                                .time = back == 1 ? 0 : FAKE_NOW - back * 60,
                                .argument = back};
    return NFW_OK;
}

uint16_t
nfw_meters_get_event_sequence(const struct nfw_collector *collector)
{
    return (uint16_t)collector->n_events;
}

bool
nfw_meters_get_time(const struct nfw_collector *collector, nfw_seconds *seconds)
{
    *seconds = collector->seconds;
    return collector->seconds != 0;
}

uint16_t
nfw_meters_get_battery_mv(const struct nfw_collector *collector)
{
    return 3580;
}

uint32_t
nfw_meters_get_wear(const struct nfw_collector *collector)
{
    return 1234;
}

uint16_t
nfw_meters_get_boots(const struct nfw_collector *collector)
{
    return 3;
}

static int
take_order(struct nfw_collector *collector, enum fake_order_kind kind, unsigned channel,
           int64_t value, const uint8_t *bytes, size_t size)
{
    struct fake_order *order = &collector->orders[collector->n_orders % FAKE_ORDERS];

    collector->n_orders++;
    if (collector->order_ms > 0)
        nfw_host_advance_to(nfw_host, nfw_host->now_us + collector->order_ms * UINT64_C(1000));
    *order = (struct fake_order){.kind = kind, .channel = channel, .value = value};
    if (size > 0 && size <= sizeof order->bytes)
        memcpy(order->bytes, bytes, size);
    return collector->result;
}

int
nfw_meters_set_time(struct nfw_collector *collector, nfw_seconds seconds)
{
    return take_order(collector, FAKE_TIME, NFW_CHANNEL_SELF, seconds, NULL, 0);
}

int
nfw_meters_freeze(struct nfw_collector *collector)
{
    return take_order(collector, FAKE_FREEZE, NFW_CHANNEL_SELF, 0, NULL, 0);
}

int
nfw_meters_set_number(struct nfw_collector *collector, unsigned channel,
                      const uint8_t number[NFW_NUMBER_SIZE])
{
    return take_order(collector, FAKE_NUMBER, channel, 0, number, NFW_NUMBER_SIZE);
}

int
nfw_meters_set_primary(struct nfw_collector *collector, unsigned channel, uint8_t primary)
{
    return take_order(collector, FAKE_PRIMARY, channel, primary, NULL, 0);
}

int
nfw_meters_set_volume(struct nfw_collector *collector, unsigned channel, int64_t volume_ml)
{
    return take_order(collector, FAKE_VOLUME, channel, volume_ml, NULL, 0);
}

int
nfw_meters_set_setting(struct nfw_collector *collector, unsigned channel, uint8_t setting,
                       const uint8_t *value, size_t size)
{
    return take_order(collector, FAKE_SETTING, channel, setting, value, size);
}

int
nfw_meters_get_setting(const struct nfw_collector *collector, unsigned channel, uint8_t setting,
                       uint8_t value[NFW_SETTING_MAX_SIZE])
{
    static const struct {
        uint8_t id;
        uint8_t size;
        bool is_per_channel;
    } settings[] = {
#define X(name, id, bytes, is_per_channel) {id, bytes, is_per_channel},
        NFW_SETTING_TABLE(X)
#undef X
    };

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (settings[i].id != setting)
            continue;
        if (settings[i].is_per_channel && channel == NFW_CHANNEL_SELF &&
            setting != NFW_SETTING_PRIMARY)
            return NFW_ERR_RANGE;
        memset(value, setting, settings[i].size);
        return settings[i].size;
    }
    return NFW_ERR_RANGE;
}

/* --- frames ---------------------------------------------------------------------------------- */

size_t
fake_short(uint8_t c, uint8_t a, uint8_t *bytes)
{
    bytes[0] = 0x10;
    bytes[1] = c;
    bytes[2] = a;
    bytes[3] = (uint8_t)(c + a);
    bytes[4] = 0x16;
    return 5;
}

size_t
fake_long(uint8_t c, uint8_t a, uint8_t ci, const uint8_t *data, size_t size, uint8_t *bytes)
{
    unsigned sum = c + a + ci;

    bytes[0] = bytes[3] = 0x68;
    bytes[1] = bytes[2] = (uint8_t)(size + 3);
    bytes[4] = c;
    bytes[5] = a;
    bytes[6] = ci;
    for (size_t i = 0; i < size; i++) {
        bytes[7 + i] = data[i];
        sum += data[i];
    }
    bytes[7 + size] = (uint8_t)sum;
    bytes[8 + size] = 0x16;
    return size + 9;
}

size_t
fake_select(uint32_t digits, uint8_t *bytes)
{
    const uint8_t data[] = {(uint8_t)digits,
                            (uint8_t)(digits >> 8),
                            (uint8_t)(digits >> 16),
                            (uint8_t)(digits >> 24),
                            0xff,
                            0xff,
                            0xff,
                            0xff};

    return fake_long(0x53, 0xfd, 0x52, data, sizeof data, bytes);
}

bool
fake_is_sound(const uint8_t *bytes, size_t size)
{
    unsigned sum = 0;

    if (size == 1)
        return bytes[0] == 0xe5;
    if (size < 5 || bytes[size - 1] != 0x16)
        return false;
    if (bytes[0] == 0x10)
        return size == 5 && ((bytes[1] + bytes[2]) & 0xff) == bytes[3];
    if (bytes[0] != 0x68 || size < 9 || bytes[1] != bytes[2] || bytes[3] != 0x68 ||
        (size_t)bytes[1] + 6 != size)
        return false;
    for (size_t i = 4; i < size - 2; i++)
        sum += bytes[i];
    return (sum & 0xff) == bytes[size - 2];
}

bool
fake_has_crc(const uint8_t *bytes, size_t size)
{
    uint32_t remainder = 0;

    if (size < 9 + 4 || bytes[size - 6] != 0xc0 || bytes[size - 5] != 2)
        return false;
    /* long division by x^16 + 3D65, sixteen zeros behind the data */
    for (size_t bit = 0; bit < (size - 11 + 2) * 8; bit++) {
        const size_t at = 7 + bit / 8;
        const unsigned next = at < size - 4 ? bytes[at] >> (7 - bit % 8) & 1 : 0;

        remainder = remainder << 1 | next;
        if ((remainder & 0x10000) != 0)
            remainder ^= 0x13d65;
    }
    remainder ^= 0xffff;
    return bytes[size - 4] == (remainder & 0xff) && bytes[size - 3] == remainder >> 8;
}
