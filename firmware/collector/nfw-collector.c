/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-collector.h"

#include "nfw-eeprom.h"

#include <string.h>

#define REMNANT_MAGIC      0x4e494c4fu
#define MAX_WAIT_MS        1000u
#define MIN_WAIT_MS        1u
#define MAX_CHANGES        64u /* of the pins at a time: more than wait there */
#define STORE_RETRY_MS     1000u
#define BATTERY_EVERY_MS   60000u
#define BATTERY_HYSTERESIS 50u /* mV */

static void
enter(enum nfw_stage stage)
{
    nfw_port_remnant()->stage = (uint8_t)stage;
}

static nfw_seconds
time_or_zero(const struct nfw_collector *collector)
{
    return collector->clock.is_set ? collector->clock.seconds : 0u;
}

/* Returns: whether the event is in the log. */
static bool
try_to_tell(struct nfw_collector *collector, enum nfw_event_code code, unsigned channel,
            uint32_t argument)
{
    return nfw_eeprom_is_supplied(collector->config.battery_stop_mv) &&
           nfw_events_add(&collector->events, code, channel, time_or_zero(collector), argument) ==
               NFW_OK;
}

/* An event that cannot be written is lost; that of the EEPROM's failure alone is kept for later. */
static void
tell(struct nfw_collector *collector, enum nfw_event_code code, unsigned channel, uint32_t argument)
{
    (void)try_to_tell(collector, code, channel, argument);
}

/* --- the start ------------------------------------------------------------------------------ */

static uint32_t
explain_start(void)
{
    struct nfw_remnant *remnant = nfw_port_remnant();
    enum nfw_reset_cause cause = nfw_port_reset_cause();
    uint32_t stage = 0u;

    if (remnant->magic != REMNANT_MAGIC) {
        memset(remnant, 0, sizeof *remnant);
        remnant->magic = REMNANT_MAGIC;
        if (cause == NFW_RESET_UNKNOWN) {
            cause = NFW_RESET_POWER;
        }
    } else {
        stage = remnant->stage;
        remnant->warm_resets++;
        if (cause == NFW_RESET_UNKNOWN) {
            cause = remnant->fault != 0u ? NFW_RESET_FAULT : NFW_RESET_WATCHDOG;
        }
        remnant->fault = 0u;
    }
    return (uint32_t)cause | stage << 8;
}

/* The counts go on from what they are, stored or not. */
static void
set_counts(struct nfw_collector *collector, const struct nfw_counter_values *values)
{
    memcpy(collector->inputs.count, values->count, sizeof collector->inputs.count);
    memcpy(collector->inputs.rejected, values->rejected, sizeof collector->inputs.rejected);
}

static void
start_lines(struct nfw_collector *collector, nfw_ms now)
{
    nfw_bus_start(&collector->bus, collector, now);
    collector->told_speed = collector->bus.speed;
    nfw_poller_start(&collector->poller, &collector->config, now);
}

static void
measure_battery(struct nfw_collector *collector, nfw_ms now)
{
    const uint16_t low = collector->config.battery_low_mv;

    collector->battery_at = now;
    collector->battery_mv = nfw_port_battery_mv();
    if (collector->battery_mv == 0u) {
        return;
    }
    if (!collector->is_battery_low && collector->battery_mv < low) {
        collector->is_battery_low = true;
        tell(collector, NFW_EVENT_BATTERY, NFW_CHANNEL_SELF, collector->battery_mv);
    } else if (collector->is_battery_low && collector->battery_mv >= low + BATTERY_HYSTERESIS) {
        collector->is_battery_low = false;
        tell(collector, NFW_EVENT_BATTERY, NFW_CHANNEL_SELF, collector->battery_mv);
    }
}

static void store(struct nfw_collector *collector, bool is_forced, nfw_ms now);

/* A part that does not answer leaves factory settings, and counts that are not known: the collector
 * runs on and says so, but tells no reading and stores nothing until it has started anew. */
static void
load(struct nfw_collector *collector, uint8_t *lost)
{
    const int result = nfw_config_load(&collector->config, nfw_port_board_number(), lost);

    if (result == NFW_ERR_NONE && nfw_eeprom_is_supplied(collector->config.battery_stop_mv)) {
        /* a new board: from now on saving writes what has changed only, and is quick */
        (void)nfw_config_save(&collector->config);
        (void)nfw_config_save(&collector->config);
    }
    if (result == NFW_OK || result == NFW_ERR_NONE) {
        (void)nfw_counters_start(&collector->counters);
    } else {
        *lost = 0u; /* they were not read: they may well be there */
    }
}

void
nfw_collector_start(struct nfw_collector *collector, nfw_ms now)
{
    const uint32_t why = explain_start();
    uint8_t lost = 0u;

    enter(NFW_STAGE_START);
    memset(collector, 0, sizeof *collector);
    collector->store_due = now;

    load(collector, &lost);
    nfw_events_start(&collector->events);
    nfw_freeze_start(&collector->freeze);
    nfw_clock_start(&collector->clock, now);

    memcpy(collector->polled, collector->counters.stored.count, sizeof collector->polled);
    collector->boots = (uint16_t)(collector->counters.stored.boots + 1u);
    collector->last_known = collector->counters.stored.time;

    tell(collector, NFW_EVENT_STARTED, NFW_CHANNEL_SELF, why);
    if (lost != 0u) {
        tell(collector, NFW_EVENT_SETTINGS_LOST, NFW_CHANNEL_SELF, (uint32_t)lost - 1u);
    }
    if (collector->counters.torn != 0u) {
        tell(collector, NFW_EVENT_STORE_TORN, NFW_CHANNEL_SELF, collector->counters.torn);
    }
    measure_battery(collector, now);
    /* the EEPROM has taken its time: how long the levels have been so before is not known */
    nfw_inputs_start(&collector->inputs, &collector->config, nfw_port_pins_read(),
                     nfw_port_now_ms());
    set_counts(collector, &collector->counters.stored);
    store(collector, true, now); /* the start itself is counted, and the EEPROM proven */
    start_lines(collector, now);
}

/* --- inputs and counters -------------------------------------------------------------------- */

static NFW_OUTLINE uint32_t
step_inputs(struct nfw_collector *collector, nfw_ms now)
{
    struct nfw_pins pins;
    uint16_t lost;

    for (unsigned i = 0u; i < MAX_CHANGES && nfw_port_pins_take(&pins); i++) {
        nfw_inputs_feed(&collector->inputs, &collector->config, &pins);
    }
    lost = nfw_port_pins_take_lost();
    if (lost != 0u) {
        tell(collector, NFW_EVENT_PULSES_LOST, NFW_CHANNEL_SELF, lost);
        nfw_inputs_resync(&collector->inputs, nfw_port_pins_read(), nfw_port_now_ms());
    }
    return nfw_inputs_step(&collector->inputs, &collector->config, now);
}

static NFW_OUTLINE void
tell_tampering(struct nfw_collector *collector)
{
    static const struct {
        uint8_t mask;
        uint8_t code;
    } kinds[] = {
        {NFW_TAMPER_MAGNET, NFW_EVENT_MAGNET},
        {NFW_TAMPER_WIRE, NFW_EVENT_WIRE_CUT},
        {NFW_TAMPER_COVER, NFW_EVENT_COVER},
    };

    for (unsigned channel = 0u; channel <= NFW_CHANNEL_SELF; channel++) {
        const uint8_t now = collector->inputs.tamper[channel];
        const uint8_t changed = now ^ collector->tamper[channel];

        for (size_t i = 0u; changed != 0u && i < sizeof kinds / sizeof kinds[0]; i++) {
            if ((changed & kinds[i].mask) != 0u) {
                tell(collector, kinds[i].code, channel, (now & kinds[i].mask) != 0u ? 1u : 0u);
            }
        }
        collector->tamper[channel] = now;
    }
}

static void
gather(const struct nfw_collector *collector, struct nfw_counter_values *values)
{
    for (unsigned channel = 0u; channel < NFW_CHANNELS; channel++) {
        const struct nfw_channel_config *config = &collector->config.channel[channel];

        values->count[channel] = collector->counters.stored.count[channel];
        if (nfw_channel_is_counted(config)) {
            values->count[channel] = collector->inputs.count[channel];
        } else if (nfw_channel_is_read(config)) {
            values->count[channel] = collector->polled[channel];
        }
        values->rejected[channel] = collector->inputs.rejected[channel];
    }
    values->time = time_or_zero(collector);
    values->boots = collector->boots;
}

static void
fail_to_store(struct nfw_collector *collector, int result, nfw_ms now)
{
    collector->store_due = now + STORE_RETRY_MS;
    if (!collector->is_store_failing) {
        collector->is_store_failing = true;
        if (!try_to_tell(collector, NFW_EVENT_STORE_FAILED, NFW_CHANNEL_SELF, (uint32_t)result)) {
            collector->untold_failure = result;
        }
    }
}

static void
end_failure(struct nfw_collector *collector)
{
    collector->is_store_failing = false;
    if (collector->untold_failure != 0 &&
        try_to_tell(collector, NFW_EVENT_STORE_FAILED, NFW_CHANNEL_SELF,
                    (uint32_t)collector->untold_failure)) {
        collector->untold_failure = 0;
    }
}

/* The EEPROM did not answer at the start. Once it does, what it holds goes before what has been
 * made up without it. */
static void
look_again(struct nfw_collector *collector, nfw_ms now)
{
    int result = collector->counters.last_error;

    /* records of a newer format stay what they are */
    if (result != NFW_ERR_REFUSED) {
        result = nfw_counters_start(&collector->counters);
    }
    if (collector->counters.is_known) {
        nfw_port_reset();
    }
    fail_to_store(collector, result, now);
}

/* Returns: NFW_OK, NFW_ERR_NONE when there was nothing to store, or why it could not be. */
static NFW_OUTLINE int
store_values(struct nfw_collector *collector, bool is_forced)
{
    struct nfw_counter_values values;

    gather(collector, &values);
    /* rejected closures alone are worth no write cycle: they go with the next pulse or hour */
    if (!is_forced &&
        memcmp(values.count, collector->counters.stored.count, sizeof values.count) == 0) {
        return NFW_ERR_NONE;
    }
    return nfw_eeprom_is_supplied(collector->config.battery_stop_mv)
               ? nfw_counters_store(&collector->counters, &values)
               : NFW_ERR_REFUSED;
}

static void
store(struct nfw_collector *collector, bool is_forced, nfw_ms now)
{
    int result;

    if (!collector->counters.is_known) {
        look_again(collector, now);
        return;
    }
    result = store_values(collector, is_forced);
    if (result == NFW_ERR_NONE) {
        return;
    }
    if (result == NFW_OK) {
        end_failure(collector);
        return;
    }
    fail_to_store(collector, result, now);
}

/* --- clock, calendar, battery --------------------------------------------------------------- */

static void
watch_clock(struct nfw_collector *collector)
{
    const bool is_lost = !collector->clock.is_set;

    if (collector->clock.jumped_from != 0u) {
        tell(collector, NFW_EVENT_CLOCK_STEPPED, NFW_CHANNEL_SELF, collector->clock.jumped_from);
        collector->clock.jumped_from = 0u;
    }
    if (is_lost && !collector->is_clock_lost) {
        tell(collector, NFW_EVENT_CLOCK_LOST, NFW_CHANNEL_SELF, collector->last_known);
    }
    collector->is_clock_lost = is_lost;
    if (!is_lost) {
        collector->last_known = collector->clock.seconds;
    }
}

static NFW_OUTLINE void
step_calendar(struct nfw_collector *collector, nfw_ms now)
{
    const bool is_new_second = nfw_clock_step(&collector->clock, now);

    watch_clock(collector);
    if (!collector->clock.is_set || (!is_new_second && !collector->is_catching_up)) {
        return;
    }
    if (!collector->counters.is_known ||
        !nfw_eeprom_is_supplied(collector->config.battery_stop_mv)) {
        collector->is_catching_up = false;
        return;
    }
    /* only stored counts may be frozen, and all that were counted before the moment should be: the
     * inputs have just been emptied and stored */
    collector->is_catching_up = nfw_freeze_step(&collector->freeze, collector->clock.seconds,
                                                collector->counters.stored.count) == NFW_OK;
}

/* --- lines ---------------------------------------------------------------------------------- */

/* What the settings say about lines and pins comes into force. */
static NFW_OUTLINE void
settle(struct nfw_collector *collector, nfw_ms now)
{
    struct nfw_counter_values values;

    collector->is_settling = false;
    gather(collector, &values);
    nfw_inputs_change(&collector->inputs, &collector->config, now);
    set_counts(collector, &values);
    memcpy(collector->polled, values.count, sizeof collector->polled);
    if (collector->are_lines_changed) {
        collector->are_lines_changed = false;
        start_lines(collector, now);
    }
}

static uint32_t
step_bus(struct nfw_collector *collector, nfw_ms now)
{
    const uint32_t wait = nfw_bus_step(&collector->bus, collector, now);

    if (collector->bus.speed != collector->told_speed) {
        collector->told_speed = collector->bus.speed;
        tell(collector, NFW_EVENT_SPEED_CHANGED, NFW_CHANNEL_SELF,
             nfw_speeds[collector->bus.speed]);
    }
    if (collector->is_settling && !collector->bus.is_answering) {
        /* not before the confirmation has left, at the old speed */
        settle(collector, now);
        return MIN_WAIT_MS;
    }
    return wait;
}

static NFW_OUTLINE uint32_t
step_meters(struct nfw_collector *collector, nfw_ms now)
{
    uint32_t wait = UINT32_MAX;

    /* at most one piece of news from each meter */
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        unsigned channel = 0u;
        int32_t value = 0;
        const enum nfw_poller_news news =
            nfw_poller_step(&collector->poller, &collector->config, collector->polled, now,
                            &channel, &value, &wait);

        switch (news) {
        case NFW_POLLER_NOTHING:
            return wait;
        case NFW_POLLER_ODD:
            tell(collector, NFW_EVENT_METER_ODD, channel, (uint32_t)value);
            collector->polled[channel] = value;
            break;
        case NFW_POLLER_VALUE:
            collector->polled[channel] = value;
            break;
        case NFW_POLLER_SILENT:
            tell(collector, NFW_EVENT_METER_SILENT, channel,
                 (now - collector->poller.meter[channel].good_at) / 1000u);
            break;
        case NFW_POLLER_BACK:
            tell(collector, NFW_EVENT_METER_BACK, channel,
                 (now - collector->poller.meter[channel].good_at) / 1000u);
            break;
        default:
            return MIN_WAIT_MS;
        }
    }
    return MIN_WAIT_MS;
}

/* --- the loop ------------------------------------------------------------------------------- */

static uint32_t
least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t
nfw_collector_step(struct nfw_collector *collector, nfw_ms now)
{
    uint32_t wait = MAX_WAIT_MS;

    nfw_port_watchdog_feed();

    enter(NFW_STAGE_INPUTS);
    wait = least(wait, step_inputs(collector, now));
    enter(NFW_STAGE_STORE);
    if (nfw_ms_is_reached(now, collector->store_due)) {
        collector->store_due = now;
        /* what could not be stored is tried again even where no count has changed */
        store(collector, collector->is_store_failing, now);
    }
    tell_tampering(collector);

    enter(NFW_STAGE_CALENDAR);
    step_calendar(collector, now);
    if (now - collector->battery_at >= BATTERY_EVERY_MS) {
        measure_battery(collector, now);
    }

    enter(NFW_STAGE_BUS);
    wait = least(wait, step_bus(collector, now));

    enter(NFW_STAGE_METERS);
    wait = least(wait, step_meters(collector, now));

    enter(NFW_STAGE_SLEEP);
    if (collector->is_catching_up) {
        return MIN_WAIT_MS;
    }
    return wait < MIN_WAIT_MS ? MIN_WAIT_MS : wait;
}

void
nfw_collector_keep(struct nfw_collector *collector)
{
    const nfw_ms now = nfw_port_now_ms();

    (void)step_inputs(collector, now);
    if (nfw_ms_is_reached(now, collector->store_due)) {
        store(collector, false, now);
    }
}

void
nfw_collector_run(struct nfw_collector *collector)
{
    nfw_collector_start(collector, nfw_port_now_ms());
    for (;;) {
        const nfw_ms now = nfw_port_now_ms();

        nfw_port_sleep_until(now + nfw_collector_step(collector, now));
    }
}
