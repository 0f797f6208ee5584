/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE /* timegm() */
#include "nfw-cjt188-slave-fake.h"

#include "nfw-calendar.h"

#include <string.h>
#include <time.h>

#define UNIX_2000 946684800

/* --- a calendar that is not the collector's own ------------------------------------------------
 */

nfw_seconds
fake_seconds(int year, int month, int day, int hour, int minute, int second)
{
    struct tm parts = {.tm_year = year - 1900,
                       .tm_mon = month - 1,
                       .tm_mday = day,
                       .tm_hour = hour,
                       .tm_min = minute,
                       .tm_sec = second};

    return (nfw_seconds)(timegm(&parts) - UNIX_2000);
}

nfw_seconds
nfw_date_to_seconds(const struct nfw_date *date)
{
    return fake_seconds(date->year, date->month, date->day, date->hour, date->minute, date->second);
}

void
nfw_date_from_seconds(nfw_seconds seconds, struct nfw_date *date)
{
    const time_t at = (time_t)seconds + UNIX_2000;
    struct tm parts;

    gmtime_r(&at, &parts);
    date->year = (uint16_t)(parts.tm_year + 1900);
    date->month = (uint8_t)(parts.tm_mon + 1);
    date->day = (uint8_t)parts.tm_mday;
    date->hour = (uint8_t)parts.tm_hour;
    date->minute = (uint8_t)parts.tm_min;
    date->second = (uint8_t)parts.tm_sec;
}

/* --- the collector -----------------------------------------------------------------------------
 */

void
fake_init(struct nfw_collector *collector)
{
    static const uint8_t number[NFW_NUMBER_SIZE] = {0x44, 0x33, 0x22, 0x11, 0x00, 0x33, 0x78};
    const nfw_seconds midnight = fake_seconds(2026, 11, 22, 0, 0, 0);

    memset(collector, 0, sizeof *collector);
    for (unsigned channel = 0; channel < 2; channel++) {
        struct nfw_channel_config *config = &collector->config.channel[channel];

        config->source = NFW_SOURCE_PULSE;
        config->min_closed_ms = 30;
        config->ml_per_count = 10000;
        config->type = 0x10;
        memcpy(config->number, number, sizeof number);
        config->number[0] = (uint8_t)(number[0] + channel);
        collector->reading[channel].volume_ml = 123456780000 + channel * 10000;
    }
    collector->now = fake_seconds(2026, 11, 22, 15, 4, 5);
    collector->battery_mv = 3600;
    collector->boots = 7;
    collector->wear = 70000;
    collector->damaged_back = UINT32_MAX;
    for (unsigned kind = 0; kind < NFW_FREEZE_KINDS; kind++) {
        collector->log[kind] = (struct fake_log){
            .newest = kind == NFW_FREEZE_HOUR ? midnight + 15 * 3600 : midnight,
            .period_s = kind == NFW_FREEZE_HOUR ? 3600 : 86400,
            .hole = UINT32_MAX,
            .estimated = UINT32_MAX,
            .newest_ml = 123400000000,
            .step_ml = 10000,
        };
    }
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
    const struct fake_log *log = &collector->log[kind];

    (void)channel;
    if (log->error != NFW_OK)
        return log->error;
    if (back >= log->held || back == log->hole)
        return NFW_ERR_NONE;
    history->time = log->newest - back * log->period_s;
    history->volume_ml = log->newest_ml - back * log->step_ml;
    history->flags = back == log->estimated ? NFW_FREEZE_ESTIMATED : 0;
    return NFW_OK;
}

int
nfw_meters_get_event(const struct nfw_collector *collector, unsigned back, struct nfw_event *event)
{
    if (back >= collector->n_events || back >= NFW_EVENTS || back == collector->damaged_back)
        return NFW_ERR_NONE;
    event->sequence = (uint16_t)(collector->n_events - 1u - back);
    event->code = (uint8_t)(1 + event->sequence % 19);
    event->channel = (uint8_t)(event->sequence % (NFW_CHANNELS + 1));
    event->time = event->sequence == 0 ? 0 : collector->now - back * 60;
    event->argument = 0x01020300u + event->sequence;
    return NFW_OK;
}

uint16_t
nfw_meters_get_event_sequence(const struct nfw_collector *collector)
{
    return collector->n_events;
}

bool
nfw_meters_get_time(const struct nfw_collector *collector, nfw_seconds *seconds)
{
    if (collector->now == 0)
        return false;
    *seconds = collector->now;
    return true;
}

uint16_t
nfw_meters_get_battery_mv(const struct nfw_collector *collector)
{
    return collector->battery_mv;
}

uint32_t
nfw_meters_get_wear(const struct nfw_collector *collector)
{
    return collector->wear;
}

uint16_t
nfw_meters_get_boots(const struct nfw_collector *collector)
{
    return collector->boots;
}

/* --- orders ------------------------------------------------------------------------------------
 */

int
nfw_meters_set_time(struct nfw_collector *collector, nfw_seconds seconds)
{
    collector->n_orders++;
    if (collector->result == NFW_OK)
        collector->now = seconds;
    return collector->result;
}

int
nfw_meters_freeze(struct nfw_collector *collector)
{
    collector->n_orders++;
    if (collector->result == NFW_OK)
        collector->frozen++;
    return collector->result;
}

int
nfw_meters_set_number(struct nfw_collector *collector, unsigned channel,
                      const uint8_t number[NFW_NUMBER_SIZE])
{
    collector->n_orders++;
    if (collector->result == NFW_OK)
        memcpy(collector->config.channel[channel].number, number, NFW_NUMBER_SIZE);
    return collector->result;
}

int
nfw_meters_set_primary(struct nfw_collector *collector, unsigned channel, uint8_t primary)
{
    (void)channel;
    (void)primary;
    collector->n_orders++;
    return NFW_ERR_REFUSED; /* no business of this bus */
}

int
nfw_meters_set_volume(struct nfw_collector *collector, unsigned channel, int64_t volume_ml)
{
    collector->n_orders++;
    if (collector->result == NFW_OK) {
        collector->set_volume_ml = volume_ml;
        collector->reading[channel].volume_ml = volume_ml;
    }
    return collector->result;
}

/* the settings that it has: one of two bytes and one of seven per channel, two of its own */
static uint8_t *
find_setting(struct nfw_collector *collector, unsigned channel, uint8_t setting, int *size)
{
    *size = 1;
    if (setting == NFW_SETTING_PRIMARY)
        return channel == NFW_CHANNEL_SELF ? &collector->config.primary
                                           : &collector->config.channel[channel].primary;
    if (setting == NFW_SETTING_SPEED)
        return &collector->config.speed;
    if (channel == NFW_CHANNEL_SELF)
        return NULL;
    if (setting == NFW_SETTING_MIN_CLOSED_MS) {
        *size = 2;
        return (uint8_t *)&collector->config.channel[channel].min_closed_ms;
    }
    if (setting == NFW_SETTING_METER_NUMBER) {
        *size = NFW_NUMBER_SIZE;
        return collector->config.channel[channel].meter_number;
    }
    return NULL;
}

int
nfw_meters_get_setting(const struct nfw_collector *collector, unsigned channel, uint8_t setting,
                       uint8_t value[NFW_SETTING_MAX_SIZE])
{
    int size;
    const uint8_t *place = find_setting((struct nfw_collector *)collector, channel, setting, &size);
    uint16_t number;

    if (place == NULL)
        return NFW_ERR_RANGE;
    memcpy(value, place, (size_t)size);
    if (size == 2) {
        memcpy(&number, place, sizeof number);
        value[0] = (uint8_t)number;
        value[1] = (uint8_t)(number >> 8);
    }
    return size;
}

int
nfw_meters_set_setting(struct nfw_collector *collector, unsigned channel, uint8_t setting,
                       const uint8_t *value, size_t size)
{
    int wanted;
    uint8_t *place = find_setting(collector, channel, setting, &wanted);
    uint16_t number;

    collector->n_orders++;
    if (place == NULL || (size_t)wanted != size)
        return NFW_ERR_RANGE;
    if (collector->result != NFW_OK)
        return collector->result;
    memcpy(place, value, size);
    if (size == 2) {
        number = (uint16_t)(value[0] | value[1] << 8);
        memcpy(place, &number, sizeof number);
    }
    return NFW_OK;
}
