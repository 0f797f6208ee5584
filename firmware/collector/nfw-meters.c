/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-meters.h"

#include "nfw-collector.h"
#include "nfw-eeprom.h"

#include <string.h>

#define STALE_AFTER_POLLS 3u

/* Nothing on top of counts and settings that could not be read, and nothing that the supply may not
 * carry to its end. */
static bool
may_write(const struct nfw_collector *collector)
{
    return collector->counters.is_known &&
           nfw_eeprom_is_supplied(collector->config.battery_stop_mv);
}

static void
tell(struct nfw_collector *collector, enum nfw_event_code code, unsigned channel, uint32_t argument)
{
    if (may_write(collector)) {
        (void)nfw_events_add(&collector->events, code, channel,
                             collector->clock.is_set ? collector->clock.seconds : 0u, argument);
    }
}

/* --- what is known -------------------------------------------------------------------------- */

bool
nfw_meters_has(const struct nfw_collector *collector, unsigned channel)
{
    return channel < NFW_CHANNELS &&
           collector->config.channel[channel].source != (uint8_t)NFW_SOURCE_OFF;
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

static int64_t
to_ml(const struct nfw_collector *collector, unsigned channel, int32_t count)
{
    const struct nfw_channel_config *config = &collector->config.channel[channel];

    return (int64_t)count * config->ml_per_count + config->offset_ml;
}

static void
judge_age(const struct nfw_collector *collector, unsigned channel, struct nfw_reading *reading)
{
    const struct nfw_poller_meter *meter = &collector->poller.meter[channel];
    const uint32_t patience_s = STALE_AFTER_POLLS * collector->config.meters_poll_s;

    if (meter->has_value) {
        reading->age_s = (nfw_port_now_ms() - meter->good_at) / 1000u;
        if (meter->is_silent || reading->age_s > patience_s) {
            reading->status |= NFW_STATUS_STALE;
        }
        return;
    }
    /* nothing since the start: what is stored is from before, nobody knows how long */
    reading->age_s = UINT32_MAX;
    reading->status |= NFW_STATUS_STALE;
    if (collector->counters.stored.count[channel] == 0) {
        reading->status |= NFW_STATUS_NO_READING;
    }
}

void
nfw_meters_get_reading(const struct nfw_collector *collector, unsigned channel,
                       struct nfw_reading *reading)
{
    memset(reading, 0, sizeof *reading);
    reading->volume_ml = to_ml(collector, channel, collector->counters.stored.count[channel]);
    reading->rejected = collector->inputs.rejected[channel];

    if (collector->is_battery_low) {
        reading->status |= NFW_STATUS_BATTERY_LOW;
    }
    if (collector->inputs.tamper[channel] != 0u ||
        collector->inputs.tamper[NFW_CHANNEL_SELF] != 0u) {
        reading->status |= NFW_STATUS_TAMPER;
    }
    if (collector->is_store_failing) {
        reading->status |= NFW_STATUS_NOT_STORED;
    }
    if (!collector->counters.is_known) {
        reading->status |= NFW_STATUS_NO_READING;
    }
    if (!collector->clock.is_set) {
        reading->status |= NFW_STATUS_CLOCK_UNSET;
    }
    if (!nfw_channel_is_counted(&collector->config.channel[channel])) {
        judge_age(collector, channel, reading);
    }
}

int
nfw_meters_get_history(const struct nfw_collector *collector, unsigned channel,
                       enum nfw_freeze_kind kind, unsigned back, struct nfw_history *history)
{
    struct nfw_frozen frozen;
    int result;

    if (!collector->counters.is_known) {
        return NFW_ERR_NONE;
    }
    result = nfw_freeze_get(&collector->freeze, kind, back, &frozen);
    if (result != NFW_OK) {
        return result;
    }
    /* what was frozen in the very second of the change was so before it */
    if (frozen.time <= collector->config.channel[channel].since ||
        (frozen.missing >> channel & 1u) != 0u) {
        return NFW_ERR_NONE;
    }
    history->time = frozen.time;
    history->flags = frozen.flags;
    history->volume_ml = to_ml(collector, channel, frozen.count[channel]);
    return NFW_OK;
}

int
nfw_meters_get_event(const struct nfw_collector *collector, unsigned back, struct nfw_event *event)
{
    return nfw_events_get(&collector->events, back, event);
}

uint16_t
nfw_meters_get_event_sequence(const struct nfw_collector *collector)
{
    return collector->events.next;
}

bool
nfw_meters_get_time(const struct nfw_collector *collector, nfw_seconds *seconds)
{
    if (collector->clock.is_set) {
        *seconds = collector->clock.seconds;
    }
    return collector->clock.is_set;
}

uint16_t
nfw_meters_get_battery_mv(const struct nfw_collector *collector)
{
    return collector->battery_mv;
}

uint32_t
nfw_meters_get_wear(const struct nfw_collector *collector)
{
    return nfw_counters_get_wear(&collector->counters);
}

uint16_t
nfw_meters_get_boots(const struct nfw_collector *collector)
{
    return collector->boots;
}

/* --- orders --------------------------------------------------------------------------------- */

int
nfw_meters_set_time(struct nfw_collector *collector, nfw_seconds seconds)
{
    const nfw_seconds before = collector->clock.is_set ? collector->clock.seconds : 0u;
    enum nfw_clock_change change;
    const int result = nfw_clock_set(&collector->clock, seconds, nfw_port_now_ms(), &change);

    if (result == NFW_OK && change == NFW_CLOCK_STEPPED) {
        tell(collector, NFW_EVENT_CLOCK_STEPPED, NFW_CHANNEL_SELF, before);
    }
    return result;
}

int
nfw_meters_freeze(struct nfw_collector *collector)
{
    int result;

    if (!collector->clock.is_set || !may_write(collector)) {
        return NFW_ERR_REFUSED;
    }
    result = nfw_freeze_order(&collector->freeze, collector->clock.seconds,
                              collector->counters.stored.count);
    if (result == NFW_OK) {
        tell(collector, NFW_EVENT_FREEZE_ORDERED, NFW_CHANNEL_SELF, 0u);
    }
    return result;
}

/* @volume_ml in the channel's counts, rounded down. */
static bool
to_count(const struct nfw_channel_config *config, int64_t volume_ml, int32_t *count)
{
    const int64_t ml = config->ml_per_count;
    const int64_t counted_ml = volume_ml - config->offset_ml;
    int64_t counts = counted_ml / ml;

    if (counted_ml < 0 && counts * ml != counted_ml) {
        counts--;
    }
    if (counts < INT32_MIN || counts > INT32_MAX) {
        return false;
    }
    *count = (int32_t)counts;
    return true;
}

static NFW_OUTLINE int
store_count(struct nfw_collector *collector, unsigned channel, int32_t count)
{
    struct nfw_counter_values values = collector->counters.stored;

    values.count[channel] = count;
    return nfw_counters_store(&collector->counters, &values);
}

/* Stores @count as the channel's, whatever it was. Other channels are stored as they are counted.
 */
static int
put_count(struct nfw_collector *collector, unsigned channel, int32_t count)
{
    const int32_t before = collector->counters.stored.count[channel];
    const int result = store_count(collector, channel, count);

    if (result != NFW_OK) {
        return result;
    }
    /* pulses that were counted and not stored yet belong to the counter that has just been replaced
     */
    collector->inputs.count[channel] = count;
    collector->polled[channel] = count;
    tell(collector, NFW_EVENT_COUNT_SET, channel, (uint32_t)before);
    return NFW_OK;
}

int
nfw_meters_set_volume(struct nfw_collector *collector, unsigned channel, int64_t volume_ml)
{
    int32_t count;

    if (channel >= NFW_CHANNELS || !nfw_channel_is_counted(&collector->config.channel[channel]) ||
        !to_count(&collector->config.channel[channel], volume_ml, &count)) {
        return NFW_ERR_RANGE;
    }
    if (!may_write(collector)) {
        return NFW_ERR_REFUSED;
    }
    return put_count(collector, channel, count);
}

/* --- settings ------------------------------------------------------------------------------- */

struct place {
    void *field;
    uint8_t size; /* in the settings and on the wire; numbers are stored as the core does */
    bool is_number;
};

/* Where a setting lives, and false when there is none like it. */
static bool
find_place(const struct nfw_collector *collector, unsigned channel, uint8_t setting,
           struct place *place)
{
    /* orders hand in a collector that may be changed, readers only look */
    struct nfw_config *config = (struct nfw_config *)&collector->config;
    struct nfw_channel_config *own = &config->channel[channel % NFW_CHANNELS];
    const bool is_self = channel == NFW_CHANNEL_SELF;

    if (channel > NFW_CHANNEL_SELF) {
        return false;
    }
#define PLACE(value, bytes, number)                                                                \
    do {                                                                                           \
        *place = (struct place){&(value), (bytes), (number)};                                      \
        return true;                                                                               \
    } while (0)
    switch (setting) {
    case NFW_SETTING_BOARD_NUMBER:
        PLACE(config->board_number, 4u, true);
    case NFW_SETTING_PROTOCOLS:
        PLACE(config->protocols, 1u, true);
    case NFW_SETTING_PARITY:
        PLACE(config->parity, 1u, true);
    case NFW_SETTING_SPEED:
        PLACE(config->speed, 1u, true);
    case NFW_SETTING_METERS_POLL_S:
        PLACE(config->meters_poll_s, 2u, true);
    case NFW_SETTING_METERS_SPEED:
        PLACE(config->meters_speed, 1u, true);
    case NFW_SETTING_BATTERY_LOW_MV:
        PLACE(config->battery_low_mv, 2u, true);
    case NFW_SETTING_BATTERY_STOP_MV:
        PLACE(config->battery_stop_mv, 2u, true);
    case NFW_SETTING_PRIMARY:
        if (is_self) {
            PLACE(config->primary, 1u, true);
        }
        PLACE(own->primary, 1u, true);
    default:
        break;
    }
    if (is_self) {
        return false;
    }
    switch (setting) {
    case NFW_SETTING_SOURCE:
        PLACE(own->source, 1u, true);
    case NFW_SETTING_PINS: /* three bytes in a row: the contact, the second reed, the loop */
        PLACE(own->pin, 3u, false);
    case NFW_SETTING_MIN_CLOSED_MS:
        PLACE(own->min_closed_ms, 2u, true);
    case NFW_SETTING_MIN_OPEN_MS:
        PLACE(own->min_open_ms, 2u, true);
    case NFW_SETTING_ML_PER_COUNT:
        PLACE(own->ml_per_count, 4u, true);
    case NFW_SETTING_TYPE:
        PLACE(own->type, 1u, true);
    case NFW_SETTING_METER_NUMBER:
        PLACE(own->meter_number, NFW_NUMBER_SIZE, false);
    case NFW_SETTING_MAX_FLOW:
        PLACE(own->max_flow, 1u, true);
    case NFW_SETTING_NUMBER:
        PLACE(own->number, NFW_NUMBER_SIZE, false);
    default:
        return false;
    }
#undef PLACE
}

_Static_assert(offsetof(struct nfw_channel_config, pin_loop) ==
                   offsetof(struct nfw_channel_config, pin) + 2u,
               "the three pins are set as one");

static void
get_place(const struct place *place, uint8_t value[NFW_SETTING_MAX_SIZE])
{
    uint32_t number;

    if (!place->is_number) {
        memcpy(value, place->field, place->size);
        return;
    }
    switch (place->size) {
    case 1u:
        number = *(const uint8_t *)place->field;
        break;
    case 2u:
        number = *(const uint16_t *)place->field;
        break;
    default:
        number = *(const uint32_t *)place->field;
        break;
    }
    for (unsigned i = 0u; i < place->size; i++) {
        value[i] = (uint8_t)(number >> (8u * i));
    }
}

static void
set_place(const struct place *place, const uint8_t *value)
{
    uint32_t number = 0u;

    if (!place->is_number) {
        memcpy(place->field, value, place->size);
        return;
    }
    for (unsigned i = 0u; i < place->size; i++) {
        number |= (uint32_t)value[i] << (8u * i);
    }
    switch (place->size) {
    case 1u:
        *(uint8_t *)place->field = (uint8_t)number;
        break;
    case 2u:
        *(uint16_t *)place->field = (uint16_t)number;
        break;
    default:
        *(uint32_t *)place->field = number;
        break;
    }
}

int
nfw_meters_get_setting(const struct nfw_collector *collector, unsigned channel, uint8_t setting,
                       uint8_t value[NFW_SETTING_MAX_SIZE])
{
    struct place place;

    if (!find_place(collector, channel, setting, &place)) {
        return NFW_ERR_RANGE;
    }
    get_place(&place, value);
    return place.size;
}

/* From a change of @setting on, the channel's history is another meter's or in other counts. */
static bool
breaks_history(uint8_t setting)
{
    return setting == NFW_SETTING_NUMBER || setting == NFW_SETTING_SOURCE ||
           setting == NFW_SETTING_ML_PER_COUNT || setting == NFW_SETTING_METER_NUMBER;
}

/* What the lines are opened with, and whom the poller asks. */
static bool
concerns_lines(uint8_t setting)
{
    return setting == NFW_SETTING_PROTOCOLS || setting == NFW_SETTING_PARITY ||
           setting == NFW_SETTING_SPEED || setting == NFW_SETTING_METERS_SPEED ||
           setting == NFW_SETTING_METERS_POLL_S || setting == NFW_SETTING_METER_NUMBER ||
           setting == NFW_SETTING_SOURCE;
}

static uint32_t
last_digits(const uint8_t number[NFW_NUMBER_SIZE])
{
    return (uint32_t)number[0] | (uint32_t)number[1] << 8 | (uint32_t)number[2] << 16 |
           (uint32_t)number[3] << 24;
}

/* The channel has another source, or another meter is to be read. What is not counted here has no
 * reading until that meter has told one; what is from now on goes on from where it stands. */
static void
change_source(struct nfw_collector *collector, unsigned channel)
{
    if (nfw_channel_is_counted(&collector->config.channel[channel])) {
        collector->inputs.count[channel] = collector->counters.stored.count[channel];
    } else if (nfw_meters_has(collector, channel)) {
        (void)put_count(collector, channel, 0);
    }
}

/* Sets it, and what follows from it, all in one record of the settings: a power cut leaves the old
 * state or the new one. What cannot be kept is as it was before. */
static NFW_OUTLINE int
apply(struct nfw_collector *collector, unsigned channel, uint8_t setting, const struct place *place,
      const uint8_t *value, const uint8_t *before)
{
    struct nfw_channel_config *own = &collector->config.channel[channel % NFW_CHANNELS];
    const int32_t count = collector->inputs.count[channel % NFW_CHANNELS];
    const nfw_seconds since = own->since;
    const int64_t offset_ml = own->offset_ml;
    int result;

    own->offset_ml += setting == NFW_SETTING_ML_PER_COUNT ? (int64_t)count * own->ml_per_count : 0;
    set_place(place, value);
    own->offset_ml -= setting == NFW_SETTING_ML_PER_COUNT ? (int64_t)count * own->ml_per_count : 0;
    if (breaks_history(setting) && collector->clock.is_set) {
        own->since = collector->clock.seconds;
    }
    if (setting == NFW_SETTING_SOURCE && !nfw_channel_is_counted(own)) {
        own->offset_ml = 0; /* a read meter's value stands as it is */
    }
    result = nfw_config_is_valid(&collector->config) ? nfw_config_save(&collector->config)
                                                     : NFW_ERR_RANGE;
    if (result != NFW_OK) {
        set_place(place, before);
        own->since = since;
        own->offset_ml = offset_ml;
    }
    return result;
}

int
nfw_meters_set_setting(struct nfw_collector *collector, unsigned channel, uint8_t setting,
                       const uint8_t *value, size_t size)
{
    const struct nfw_channel_config *own = &collector->config.channel[channel % NFW_CHANNELS];
    uint8_t before[NFW_SETTING_MAX_SIZE];
    struct place place;
    int result;

    if (!find_place(collector, channel, setting, &place) || size != place.size) {
        return NFW_ERR_RANGE;
    }
    get_place(&place, before);
    if (memcmp(before, value, size) == 0) {
        return NFW_OK;
    }
    if (!may_write(collector)) {
        return NFW_ERR_REFUSED;
    }
    result = apply(collector, channel, setting, &place, value, before);
    if (result != NFW_OK) {
        return result;
    }

    if (setting == NFW_SETTING_SOURCE ||
        (setting == NFW_SETTING_METER_NUMBER && !nfw_channel_is_counted(own))) {
        change_source(collector, channel);
    }
    nfw_collector_keep(collector);
    if (setting == NFW_SETTING_NUMBER) {
        tell(collector, NFW_EVENT_NUMBER_CHANGED, channel, last_digits(before));
    } else {
        tell(collector, NFW_EVENT_SETTINGS_CHANGED, channel, setting);
    }
    collector->is_settling = true;
    collector->are_lines_changed = collector->are_lines_changed || concerns_lines(setting);
    return NFW_OK;
}

int
nfw_meters_set_number(struct nfw_collector *collector, unsigned channel,
                      const uint8_t number[NFW_NUMBER_SIZE])
{
    return nfw_meters_set_setting(collector, channel, NFW_SETTING_NUMBER, number, NFW_NUMBER_SIZE);
}

int
nfw_meters_set_primary(struct nfw_collector *collector, unsigned channel, uint8_t primary)
{
    return nfw_meters_set_setting(collector, channel, NFW_SETTING_PRIMARY, &primary, 1u);
}
