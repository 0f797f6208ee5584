/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-inputs.h"

#include <string.h>

#define NEVER             UINT32_MAX
#define QUARTERS_PER_TURN 4

/* How long a level must last to be one. */
struct limits {
    uint16_t closed_ms;
    uint16_t open_ms;
};

static uint32_t
least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* --- one contact ---------------------------------------------------------------------------- */

static void
contact_start(struct nfw_contact *contact, bool closed, nfw_ms now)
{
    contact->since = now;
    contact->raw = closed;
    contact->is_closed = true;
    contact->is_known = false;
    contact->is_tried = false;
}

static void
contact_change(struct nfw_contact *contact, bool closed, nfw_ms now)
{
    if (contact->raw == closed) {
        return;
    }
    if (!closed && !contact->is_closed) {
        contact->is_tried = true;
    }
    contact->raw = closed;
    contact->since = now;
}

static nfw_ms
contact_get_due(const struct nfw_contact *contact, struct limits limits)
{
    return contact->since + (contact->raw ? limits.closed_ms : limits.open_ms);
}

/* Whether the filtered level is about to follow the raw one. */
static bool
contact_is_due(const struct nfw_contact *contact, struct limits limits, nfw_ms now)
{
    return contact->raw != contact->is_closed &&
           nfw_ms_is_reached(now, contact_get_due(contact, limits));
}

static void
contact_follow(struct nfw_contact *contact)
{
    contact->is_closed = contact->raw;
    if (contact->is_closed) {
        contact->is_tried = false;
    } else {
        contact->is_known = true;
    }
}

static bool
contact_is_at_rest(const struct nfw_contact *contact, struct limits limits, nfw_ms now)
{
    return !contact->raw && !contact->is_closed &&
           nfw_ms_is_reached(now, contact_get_due(contact, limits));
}

/* Whether it has come to rest open after closures that made no pulse. */
static bool
contact_take_rejected(struct nfw_contact *contact, struct limits limits, nfw_ms now)
{
    if (!contact->is_tried || !contact_is_at_rest(contact, limits, now)) {
        return false;
    }
    contact->is_tried = false;
    return true;
}

static uint32_t
contact_get_wait(const struct nfw_contact *contact, struct limits limits, nfw_ms now)
{
    if (contact->raw == contact->is_closed && (contact->raw || !contact->is_tried)) {
        return NEVER;
    }
    return contact_get_due(contact, limits) - now; /* settled: what was due is done */
}

/* --- counts --------------------------------------------------------------------------------- */

static void
count(struct nfw_inputs *inputs, unsigned channel, int32_t step)
{
    int32_t *counter = &inputs->count[channel];

    if (step > 0 ? *counter < INT32_MAX : *counter > INT32_MIN) {
        *counter += step;
    }
}

static void
reject(struct nfw_inputs *inputs, unsigned channel)
{
    if (inputs->rejected[channel] < UINT16_MAX) {
        inputs->rejected[channel]++;
    }
}

/* --- one reed ------------------------------------------------------------------------------- */

static uint32_t
settle_pulse(struct nfw_inputs *inputs, const struct nfw_channel_config *config, unsigned channel,
             nfw_ms now)
{
    const struct limits limits = {config->min_closed_ms, config->min_open_ms};
    struct nfw_contact *contact = &inputs->contact[config->pin];

    if (contact_is_due(contact, limits, now)) {
        if (!contact->raw && contact->is_known) {
            count(inputs, channel, 1);
        }
        contact_follow(contact);
    }
    if (contact_take_rejected(contact, limits, now)) {
        reject(inputs, channel);
    }
    return contact_get_wait(contact, limits, now);
}

/* --- two reeds ------------------------------------------------------------------------------ */

/* 0 none, 1 the first, 2 both, 3 the second: forwards they follow each other. */
static unsigned
get_phase(const struct nfw_contact *first, const struct nfw_contact *second)
{
    if (second->is_closed) {
        return first->is_closed ? 2u : 3u;
    }
    return first->is_closed ? 1u : 0u;
}

static void
follow_phase(struct nfw_inputs *inputs, unsigned channel, unsigned before, unsigned after)
{
    const unsigned steps = (after - before) & 3u;
    int8_t *quarters = &inputs->quarters[channel];

    if (steps == 0u || *quarters == NFW_QUARTERS_UNKNOWN) {
        return;
    }
    if (steps == 2u) {
        reject(inputs, channel);
        *quarters = NFW_QUARTERS_UNKNOWN;
        return;
    }
    *quarters = (int8_t)(*quarters + (steps == 1u ? 1 : -1));
    if (*quarters == QUARTERS_PER_TURN || *quarters == -QUARTERS_PER_TURN) {
        count(inputs, channel, *quarters > 0 ? 1 : -1);
        *quarters = 0;
    }
}

static uint32_t
settle_magnet(struct nfw_inputs *inputs, unsigned channel, const struct nfw_contact *first,
              const struct nfw_contact *second, nfw_ms now)
{
    const nfw_ms both =
        nfw_ms_is_reached(first->since, second->since) ? first->since : second->since;
    uint8_t *tamper = &inputs->tamper[channel];

    if (!first->is_closed || !second->is_closed) {
        *tamper &= (uint8_t)~NFW_TAMPER_MAGNET;
        return NEVER;
    }
    if ((*tamper & NFW_TAMPER_MAGNET) != 0u) {
        return NEVER;
    }
    if (!nfw_ms_is_reached(now, both + NFW_MAGNET_MS)) {
        return both + NFW_MAGNET_MS - now;
    }
    *tamper |= NFW_TAMPER_MAGNET;
    return NEVER;
}

/* In the order in which they changed: fed late, both may be due. */
static void
settle_reeds(struct nfw_inputs *inputs, unsigned channel, struct nfw_contact *first,
             struct nfw_contact *second, struct limits limits, nfw_ms now)
{
    for (unsigned turn = 0u; turn < 2u; turn++) {
        const unsigned before = get_phase(first, second);
        bool is_first_due = contact_is_due(first, limits, now);
        bool is_second_due = contact_is_due(second, limits, now);

        if (is_first_due && is_second_due && first->since != second->since) {
            is_first_due = nfw_ms_is_reached(second->since, first->since);
            is_second_due = !is_first_due;
        }
        if (is_first_due) {
            contact_follow(first);
        }
        if (is_second_due) {
            contact_follow(second);
        }
        follow_phase(inputs, channel, before, get_phase(first, second));
    }
    if (contact_is_at_rest(first, limits, now) && contact_is_at_rest(second, limits, now)) {
        inputs->quarters[channel] = 0;
    }
}

static uint32_t
settle_dual(struct nfw_inputs *inputs, const struct nfw_channel_config *config, unsigned channel,
            nfw_ms now)
{
    const uint16_t ms =
        config->min_closed_ms > config->min_open_ms ? config->min_closed_ms : config->min_open_ms;
    const struct limits limits = {ms, ms};
    struct nfw_contact *first = &inputs->contact[config->pin];
    struct nfw_contact *second = &inputs->contact[config->pin_second];
    uint32_t wait;

    settle_reeds(inputs, channel, first, second, limits, now);
    if (contact_take_rejected(first, limits, now)) {
        reject(inputs, channel);
    }
    if (contact_take_rejected(second, limits, now)) {
        reject(inputs, channel);
    }
    wait = settle_magnet(inputs, channel, first, second, now);
    wait = least(wait, contact_get_wait(first, limits, now));
    return least(wait, contact_get_wait(second, limits, now));
}

/* --- tampering ------------------------------------------------------------------------------ */

/* A loop, or the cover's contact, closed while all is well. Settling it twice does no harm: any
 * number of channels may share a loop. */
static uint32_t
settle_guard(struct nfw_inputs *inputs, unsigned channel, unsigned pin, uint8_t tamper, uint16_t ms,
             nfw_ms now)
{
    const struct limits limits = {ms, ms};
    struct nfw_contact *contact = &inputs->contact[pin];

    if (contact_is_due(contact, limits, now)) {
        contact_follow(contact);
    }
    (void)contact_take_rejected(contact, limits, now); /* its bounces are nobody's pulses */
    if (contact->is_closed) {
        inputs->tamper[channel] &= (uint8_t)~tamper;
    } else {
        inputs->tamper[channel] |= tamper;
    }
    return contact_get_wait(contact, limits, now);
}

/* --- all of them ---------------------------------------------------------------------------- */

static uint32_t
settle_channel(struct nfw_inputs *inputs, const struct nfw_channel_config *config, unsigned channel,
               nfw_ms now)
{
    uint32_t wait = NEVER;

    if (config->source == NFW_SOURCE_OFF || config->pin >= NFW_PINS) {
        return NEVER;
    }
    if (config->source == NFW_SOURCE_PULSE) {
        wait = settle_pulse(inputs, config, channel, now);
    } else if (config->source == NFW_SOURCE_DUAL && config->pin_second < NFW_PINS) {
        wait = settle_dual(inputs, config, channel, now);
    }
    return wait;
}

/* Brings all levels to @now. Returns: as nfw_inputs_step(). */
static uint32_t
settle(struct nfw_inputs *inputs, const struct nfw_config *config, nfw_ms now)
{
    uint32_t wait =
        settle_guard(inputs, NFW_CHANNEL_SELF, NFW_PIN_COVER, NFW_TAMPER_COVER, NFW_COVER_MS, now);

    for (unsigned channel = 0u; channel < NFW_CHANNELS; channel++) {
        const struct nfw_channel_config *own = &config->channel[channel];

        wait = least(wait, settle_channel(inputs, own, channel, now));
        if (own->source != NFW_SOURCE_OFF && own->pin_loop < NFW_PINS) {
            wait = least(wait, settle_guard(inputs, channel, own->pin_loop, NFW_TAMPER_WIRE,
                                            NFW_LOOP_MS, now));
        } else {
            inputs->tamper[channel] &= (uint8_t)~NFW_TAMPER_WIRE;
        }
    }
    return wait;
}

static void
start_channel(struct nfw_inputs *inputs, const struct nfw_channel_config *config, unsigned channel)
{
    inputs->source[channel] = config->source;
    inputs->pin[channel][0] = config->pin;
    inputs->pin[channel][1] = config->pin_second;
    inputs->quarters[channel] = NFW_QUARTERS_UNKNOWN;
    inputs->tamper[channel] = 0u;
}

static bool
is_same_channel(const struct nfw_inputs *inputs, const struct nfw_channel_config *config,
                unsigned channel)
{
    return inputs->source[channel] == config->source && inputs->pin[channel][0] == config->pin &&
           inputs->pin[channel][1] == config->pin_second;
}

void
nfw_inputs_start(struct nfw_inputs *inputs, const struct nfw_config *config, uint16_t closed,
                 nfw_ms now)
{
    inputs->pins = closed;
    inputs->tamper[NFW_CHANNEL_SELF] = 0u;
    for (unsigned pin = 0u; pin < NFW_PINS; pin++) {
        contact_start(&inputs->contact[pin], (closed >> pin & 1u) != 0u, now);
    }
    for (unsigned channel = 0u; channel < NFW_CHANNELS; channel++) {
        start_channel(inputs, &config->channel[channel], channel);
    }
}

static void
restart_pin(struct nfw_inputs *inputs, unsigned pin, nfw_ms now)
{
    if (pin < NFW_PINS) {
        contact_start(&inputs->contact[pin], inputs->contact[pin].raw, now);
    }
}

/* A pin that nobody asked for may have been what it is for longer than times can be compared. The
 * level stays: the loop may be another channel's too. */
static void
renew_loop(struct nfw_inputs *inputs, unsigned pin, nfw_ms now)
{
    if (pin < NFW_PINS) {
        inputs->contact[pin].since = now;
    }
}

void
nfw_inputs_change(struct nfw_inputs *inputs, const struct nfw_config *config, nfw_ms now)
{
    for (unsigned channel = 0u; channel < NFW_CHANNELS; channel++) {
        const struct nfw_channel_config *own = &config->channel[channel];

        if (!is_same_channel(inputs, own, channel)) {
            start_channel(inputs, own, channel);
            restart_pin(inputs, own->pin, now);
            restart_pin(inputs, own->pin_second, now);
        }
        renew_loop(inputs, own->pin_loop, now);
    }
}

void
nfw_inputs_resync(struct nfw_inputs *inputs, uint16_t closed, nfw_ms now)
{
    inputs->pins = closed;
    for (unsigned pin = 0u; pin < NFW_PINS; pin++) {
        inputs->contact[pin].raw = (closed >> pin & 1u) != 0u;
        inputs->contact[pin].since = now;
    }
    memset(inputs->quarters, NFW_QUARTERS_UNKNOWN, sizeof inputs->quarters);
}

void
nfw_inputs_feed(struct nfw_inputs *inputs, const struct nfw_config *config,
                const struct nfw_pins *pins)
{
    if (pins->is_after_loss) {
        nfw_inputs_resync(inputs, pins->closed, pins->time);
        return;
    }
    (void)settle(inputs, config, pins->time);
    inputs->pins = pins->closed;
    for (unsigned pin = 0u; pin < NFW_PINS; pin++) {
        contact_change(&inputs->contact[pin], (pins->closed >> pin & 1u) != 0u, pins->time);
    }
}

uint32_t
nfw_inputs_step(struct nfw_inputs *inputs, const struct nfw_config *config, nfw_ms now)
{
    return settle(inputs, config, now);
}
