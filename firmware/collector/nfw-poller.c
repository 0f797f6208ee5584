/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-poller.h"

#include "nfw-meter-talk.h"
#include "nilo-wire-crc.h"

#include <string.h>

#define BITS_PER_BYTE       11u
#define MS_PER_S            1000u
#define ANSWER_BITS         330u  /* EN 13757-2: an answer begins so many bit times .. */
#define ANSWER_MS           50u   /* .. and so long after the request, at the latest; */
#define ANSWER_EXTRA_MS     2000u /* real meters, and adapters before them, take up to that more */
#define GAP_BITS            33u
#define GAP_MS              100u /* CJ/T 188 meters pause between bytes */
#define REST_MS             50u
#define REST_AFTER_ACK_MS   300u /* some meters do not listen right after a reset */
#define REST_AFTER_ERROR_MS 300u
#define PATIENCE_MS         2000u /* with bytes that come when they should not */
#define MAX_READS           8u
#define RUN                 4u   /* answers that rise, to confirm one between them */
#define RING_SIZE           256u /* bytes taken in one step at most */
#define MAX_ELAPSED_S       (UINT32_C(1) << 24)
#define ROLL_OVER_LEAST     1000000u
#define ROLL_OVER_MOST      1000000000u
#define MAX_AGE_MS          (UINT32_C(1) << 31)
#define LONG_HEAD           4u /* M-Bus: bytes that L does not count, in front */
#define LONG_TAIL           2u
#define LONG_DATA           7u

enum state {
    STATE_CLOSED,
    STATE_IDLE,
    STATE_REST, /* before a request: the line is to be quiet */
    STATE_SENDING,
    STATE_WAITING,
    STATE_CONFIRMED, /* the value in @first is to be judged */
};

/* what is known of the order of the two bytes of a CJ/T 188 identifier */
enum order {
    ORDER_UNKNOWN,
    ORDER_HIGH_FIRST,
    ORDER_LOW_FIRST,
};

static uint32_t
least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t
most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t
bits_to_ms(const struct nfw_config *config, uint32_t bits)
{
    const uint32_t speed = nfw_speeds[config->meters_speed];

    return (bits * MS_PER_S + speed - 1u) / speed;
}

static uint32_t
get_gap_ms(const struct nfw_config *config)
{
    return most(most(GAP_MS, bits_to_ms(config, GAP_BITS)), nfw_port_line_gap_floor_ms());
}

static bool
is_mbus(const struct nfw_poller *poller, const struct nfw_config *config)
{
    return config->channel[poller->channel].source == NFW_SOURCE_MBUS;
}

/* The order that the next request uses: every other one while none is known, and for the try behind
 * all tries the one that was not known. */
static NiloCjt188Order
get_order(const struct nfw_poller *poller)
{
    const uint8_t known = poller->meter[poller->channel].order;
    const bool is_changed =
        known == ORDER_UNKNOWN ? (poller->tries & 1u) != 0u : poller->tries == NFW_POLLER_TRIES;

    return is_changed == (known == ORDER_LOW_FIRST) ? NILO_CJT188_HIGH_FIRST
                                                    : NILO_CJT188_LOW_FIRST;
}

/* --- frames out of bytes -------------------------------------------------------------------- */

enum shape {
    SHAPE_GROWING,
    SHAPE_WHOLE,
    SHAPE_NONE, /* no frame begins with the first byte */
};

/* One byte of a long frame, counted from its start, while the sum is kept. */
static bool
tally(struct nfw_poller *poller, unsigned at, uint8_t byte)
{
    const unsigned tail = LONG_HEAD + poller->bytes[1];

    if (at < LONG_HEAD) {
        return true;
    }
    if (at < tail) {
        poller->sum = (uint8_t)(poller->sum + byte);
        return true;
    }
    return byte == (at == tail ? poller->sum : 0x16u);
}

/* A long frame of more than is kept: its sum is kept instead. */
static enum shape
look_at_long(struct nfw_poller *poller, uint8_t byte)
{
    const unsigned expected = LONG_HEAD + LONG_TAIL + poller->bytes[1];
    bool is_sound = true;

    if (poller->size == NFW_POLLER_MAX_FRAME) {
        poller->sum = 0u;
        for (unsigned i = 0u; i < NFW_POLLER_MAX_FRAME; i++) {
            is_sound = is_sound && tally(poller, i, poller->bytes[i]);
        }
    } else {
        is_sound = tally(poller, poller->size - 1u, byte);
    }
    if (!is_sound) {
        return SHAPE_NONE;
    }
    return poller->size == expected ? SHAPE_WHOLE : SHAPE_GROWING;
}

static enum shape
to_shape(NiloWireResult result)
{
    if (result == NILO_WIRE_NEED_MORE) {
        return SHAPE_GROWING;
    }
    return result == NILO_WIRE_OK ? SHAPE_WHOLE : SHAPE_NONE;
}

/* @frame: set when it is whole */
static enum shape
look_at_mbus(struct nfw_poller *poller, uint8_t byte, NiloMbusFrame *frame)
{
    const uint8_t *bytes = poller->bytes;
    enum shape shape;
    size_t consumed;

    if (poller->size < NFW_POLLER_MAX_FRAME ||
        nilo_mbus_frame_get_expected_size(bytes, NFW_POLLER_MAX_FRAME) <= NFW_POLLER_MAX_FRAME) {
        return to_shape(nilo_mbus_frame_parse(bytes, poller->size, frame, &consumed));
    }
    shape = look_at_long(poller, byte);
    if (shape == SHAPE_WHOLE) {
        frame->type = NILO_MBUS_FRAME_LONG;
        frame->c = bytes[4];
        frame->a = bytes[5];
        frame->ci = bytes[6];
        frame->data = bytes + LONG_DATA;
        frame->size = bytes[1] - (LONG_DATA - LONG_HEAD);
    }
    return shape;
}

static enum shape
examine_mbus(struct nfw_poller *poller, const struct nfw_channel_config *channel, uint8_t byte,
             enum nfw_told *told, int32_t *litres)
{
    NiloMbusFrame frame;
    const enum shape shape = look_at_mbus(poller, byte, &frame);

    if (shape != SHAPE_WHOLE) {
        return shape;
    }
    if (poller->ask == NFW_ASK_VALUE) {
        if (frame.type == NILO_MBUS_FRAME_LONG || frame.type == NILO_MBUS_FRAME_CONTROL) {
            *told = nfw_meter_hear_mbus(channel, &frame, least(poller->size, NFW_POLLER_MAX_FRAME),
                                        litres);
        }
    } else if (frame.type == NILO_MBUS_FRAME_ACK) {
        *told = NFW_TOLD_ACK;
    }
    return shape;
}

static enum shape
examine_cjt188(struct nfw_poller *poller, const struct nfw_channel_config *channel,
               enum nfw_told *told, int32_t *litres)
{
    NiloCjt188Frame frame;
    const enum shape shape = to_shape(nilo_cjt188_frame_parse(poller->bytes, poller->size, &frame));

    if (shape == SHAPE_WHOLE) {
        *told = nfw_meter_hear_cjt188(channel, &frame, poller->serial, litres);
        if (*told != NFW_TOLD_NOTHING) {
            poller->meter[poller->channel].order =
                get_order(poller) == NILO_CJT188_LOW_FIRST ? ORDER_LOW_FIRST : ORDER_HIGH_FIRST;
        }
    }
    return shape;
}

/* The first byte begins no frame: perhaps one of the next does. */
static void
drop_first(struct nfw_poller *poller)
{
    const bool waits_for_ack = poller->ask != NFW_ASK_VALUE;

    /* an E5 inside of something broken acknowledges nothing, and what was not kept cannot be
     * looked through again */
    if (poller->size > 1u && (waits_for_ack || poller->size > NFW_POLLER_MAX_FRAME)) {
        poller->size = 0u;
        poller->is_deaf = true;
        return;
    }
    poller->size--;
    memmove(poller->bytes, poller->bytes + 1, poller->size);
}

static enum nfw_told
take_byte(struct nfw_poller *poller, const struct nfw_config *config,
          const struct nfw_rx_byte *byte, int32_t *litres)
{
    const struct nfw_channel_config *channel = &config->channel[poller->channel];
    enum nfw_told told = NFW_TOLD_NOTHING;

    if ((byte->flags & NFW_RX_GAP) != 0u) {
        poller->size = 0u;
        poller->is_deaf = false;
    }
    if ((byte->flags & (NFW_RX_BAD | NFW_RX_LOST)) != 0u) {
        /* noise in front of an answer does no harm, inside of one it does */
        poller->is_deaf = poller->is_deaf || poller->size > 0u;
        poller->size = 0u;
        return NFW_TOLD_NOTHING;
    }
    if (poller->is_deaf) {
        return NFW_TOLD_NOTHING;
    }
    if (poller->size < NFW_POLLER_MAX_FRAME) {
        poller->bytes[poller->size] = byte->byte;
    }
    poller->size++;
    while (poller->size > 0u) {
        const enum shape shape = channel->source == NFW_SOURCE_MBUS
                                     ? examine_mbus(poller, channel, byte->byte, &told, litres)
                                     : examine_cjt188(poller, channel, &told, litres);

        if (shape == SHAPE_GROWING) {
            break;
        }
        if (shape == SHAPE_WHOLE) {
            poller->size = 0u;
        } else {
            drop_first(poller);
        }
    }
    return told;
}

/* --- one reading ---------------------------------------------------------------------------- */

static void
rest(struct nfw_poller *poller, uint32_t rest_ms, nfw_ms now)
{
    poller->state = STATE_REST;
    poller->due = now + rest_ms;
    poller->limit = poller->due + PATIENCE_MS;
}

static void
begin_reading(struct nfw_poller *poller, const struct nfw_config *config, uint32_t rest_ms,
              nfw_ms now)
{
    poller->ask = is_mbus(poller, config) ? NFW_ASK_LINK : NFW_ASK_VALUE;
    poller->tries = 0u;
    poller->serial++;
    rest(poller, rest_ms, now);
}

static void
send_request(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now)
{
    const struct nfw_channel_config *channel = &config->channel[poller->channel];
    const size_t size = channel->source == NFW_SOURCE_MBUS
                            ? nfw_meter_ask_mbus(channel, (enum nfw_ask)poller->ask, poller->bytes,
                                                 sizeof poller->bytes)
                            : nfw_meter_ask_cjt188(channel, get_order(poller), poller->serial,
                                                   poller->bytes, sizeof poller->bytes);

    nfw_port_line_send(NFW_LINE_METERS, poller->bytes, size);
    poller->state = STATE_SENDING;
    poller->due = now + bits_to_ms(config, (uint32_t)size * BITS_PER_BYTE) + 1u;
    poller->limit = poller->due + PATIENCE_MS;
}

static void
listen(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now)
{

    poller->state = STATE_WAITING;
    poller->size = 0u;
    poller->is_deaf = false;
    poller->due = now + bits_to_ms(config, ANSWER_BITS) + ANSWER_MS + ANSWER_EXTRA_MS;
    poller->limit =
        poller->due + bits_to_ms(config, NILO_MBUS_MAX_FRAME * BITS_PER_BYTE) + PATIENCE_MS;
}

/* Puts off the end of waiting, as long as that is within reason. */
static void
put_off(struct nfw_poller *poller, nfw_ms due)
{
    if (!nfw_ms_is_reached(poller->limit, due)) {
        due = poller->limit;
    }
    if (nfw_ms_is_reached(due, poller->due)) {
        poller->due = due;
    }
}

/* --- one poll ------------------------------------------------------------------------------- */

static enum nfw_poller_news
end_without_value(struct nfw_poller *poller)
{
    struct nfw_poller_meter *meter = &poller->meter[poller->channel];

    poller->state = STATE_IDLE;
    if (meter->misses < NFW_POLLER_PATIENCE) {
        meter->misses++;
    }
    if (meter->misses < NFW_POLLER_PATIENCE || meter->is_silent || !meter->has_value) {
        return NFW_POLLER_NOTHING;
    }
    meter->is_silent = true;
    return NFW_POLLER_SILENT;
}

static enum nfw_poller_news
try_again(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now)
{
    const unsigned tries = is_mbus(poller, config) ? NFW_POLLER_TRIES : NFW_POLLER_TRIES + 1u;

    poller->tries++;
    if (poller->tries >= tries) {
        return end_without_value(poller);
    }
    rest(poller, REST_AFTER_ERROR_MS, now);
    return NFW_POLLER_NOTHING;
}

/* @cost: readings that this one counts for */
static enum nfw_poller_news
read_again(struct nfw_poller *poller, const struct nfw_config *config, unsigned cost,
           uint32_t rest_ms, nfw_ms now)
{
    poller->reads = (uint8_t)(poller->reads + cost);
    if (poller->reads >= MAX_READS) {
        return end_without_value(poller);
    }
    begin_reading(poller, config, rest_ms, now);
    return NFW_POLLER_NOTHING;
}

/* What may have flowed in so long; generous by up to 18 s of flow, in which readings take place. */
static uint32_t
get_allowance(uint8_t max_flow, uint32_t elapsed_s)
{
    if (max_flow == 0u) {
        return UINT32_MAX;
    }
    /* m3/h x 5 / 18 are litres per second */
    return max_flow * 5u * (least(elapsed_s, MAX_ELAPSED_S) / 18u + 1u);
}

static enum nfw_poller_news
compare(struct nfw_poller *poller, const struct nfw_config *config, int32_t value, nfw_ms now)
{
    const uint8_t max_flow = config->channel[poller->channel].max_flow;
    const int32_t before = poller->first;

    if (poller->run > 0u && value == before) {
        poller->state = STATE_CONFIRMED;
        return NFW_POLLER_NOTHING;
    }
    if (poller->run > 0u && max_flow != 0u && value > before &&
        (uint32_t)value - (uint32_t)before <= get_allowance(max_flow, 18u)) {
        poller->run++;
    } else {
        poller->run = 1u;
    }
    if (poller->run >= RUN) {
        poller->state = STATE_CONFIRMED;
        return NFW_POLLER_NOTHING;
    }
    poller->first = value;
    return read_again(poller, config, 1u, REST_MS, now);
}

static enum nfw_poller_news
act_on(struct nfw_poller *poller, const struct nfw_config *config, enum nfw_told told,
       int32_t value, nfw_ms now)
{
    switch (told) {
    case NFW_TOLD_ACK:
        /* behind a reset of the application the link begins anew, or the refusal is repeated */
        poller->ask = poller->ask == NFW_ASK_LINK ? NFW_ASK_VALUE : NFW_ASK_LINK;
        poller->tries = 0u;
        rest(poller, REST_AFTER_ACK_MS, now);
        return NFW_POLLER_NOTHING;
    case NFW_TOLD_VALUE:
        return compare(poller, config, value, now);
    case NFW_TOLD_NO_VALUE:
        /* few readings are spent on this: meters on batteries count them */
        return read_again(poller, config, 3u, REST_AFTER_ERROR_MS, now);
    case NFW_TOLD_RESET:
        poller->reads = (uint8_t)(poller->reads + 3u);
        if (poller->reads >= MAX_READS) {
            return end_without_value(poller);
        }
        poller->ask = NFW_ASK_APPLICATION;
        poller->tries = 0u;
        rest(poller, REST_AFTER_ERROR_MS, now);
        return NFW_POLLER_NOTHING;
    case NFW_TOLD_NOTHING:
    default:
        return NFW_POLLER_NOTHING;
    }
}

/* --- judging -------------------------------------------------------------------------------- */

/* Whether water may have brought a register from @before to @value. */
static bool
may_follow(int32_t before, int32_t value, uint32_t allowed)
{
    uint32_t top = ROLL_OVER_LEAST;

    if (value >= before) {
        return (uint32_t)value - (uint32_t)before <= allowed;
    }
    if (before < 0 || value < 0) {
        return false;
    }
    while (top < (uint32_t)before && top < ROLL_OVER_MOST) {
        top *= 10u;
    }
    return top > (uint32_t)before &&
           top - (uint32_t)before + (uint32_t)value <= least(allowed, top / 100u);
}

static enum nfw_poller_news
accept(struct nfw_poller_meter *meter, int32_t value, enum nfw_poller_news news, nfw_ms now)
{
    meter->value = value;
    meter->good_at = now;
    meter->has_value = true;
    meter->odd = 0u;
    return news;
}

static enum nfw_poller_news
judge(struct nfw_poller *poller, const struct nfw_config *config, int32_t stored, nfw_ms now)
{
    struct nfw_poller_meter *meter = &poller->meter[poller->channel];
    const int32_t value = poller->first;
    const uint32_t allowed = meter->has_value
                                 ? get_allowance(config->channel[poller->channel].max_flow,
                                                 (now - meter->good_at) / MS_PER_S)
                                 : UINT32_MAX;

    meter->misses = 0u;
    if (meter->is_silent) {
        meter->is_silent = false;
        return NFW_POLLER_BACK;
    }
    poller->state = STATE_IDLE;
    if (may_follow(meter->has_value ? meter->value : stored, value, allowed)) {
        return accept(meter, value, NFW_POLLER_VALUE, now);
    }
    meter->odd = meter->odd > 0u && may_follow(meter->odd_value, value, allowed)
                     ? (uint8_t)(meter->odd + 1u)
                     : 1u;
    meter->odd_value = value;
    if (meter->odd < NFW_POLLER_PATIENCE) {
        return NFW_POLLER_NOTHING;
    }
    return accept(meter, value, NFW_POLLER_ODD, now);
}

/* --- whose turn it is ----------------------------------------------------------------------- */

/* Returns: milliseconds until @channel is to be asked; UINT32_MAX: never */
static uint32_t
get_wait(const struct nfw_poller *poller, const struct nfw_config *config, unsigned channel,
         nfw_ms now)
{
    const struct nfw_poller_meter *meter = &poller->meter[channel];
    const uint32_t every_ms = config->meters_poll_s * MS_PER_S;

    if (every_ms == 0u || !nfw_channel_is_read(&config->channel[channel])) {
        return UINT32_MAX;
    }
    if (!meter->is_asked || now - meter->asked_at >= every_ms) {
        return 0u;
    }
    return every_ms - (now - meter->asked_at);
}

static void
begin_poll(struct nfw_poller *poller, const struct nfw_config *config, unsigned channel, nfw_ms now)
{
    poller->channel = (uint8_t)channel;
    poller->meter[channel].is_asked = true;
    poller->meter[channel].asked_at = now;
    poller->reads = 0u;
    poller->run = 0u;
    begin_reading(poller, config, REST_MS, now);
}

static uint32_t
choose(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now)
{
    uint32_t wait = UINT32_MAX;

    for (unsigned i = 1u; i <= NFW_CHANNELS; i++) {
        const unsigned channel = (poller->channel + i) % NFW_CHANNELS;
        const uint32_t wait_here = get_wait(poller, config, channel, now);

        if (wait_here == 0u) {
            begin_poll(poller, config, channel, now);
            return 1u;
        }
        wait = least(wait, wait_here);
    }
    return wait;
}

/* The counter comes round after 49 days: what is older than half of that stays so old. */
static void
keep_ages(struct nfw_poller *poller, nfw_ms now)
{
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        if (now - poller->meter[i].good_at > MAX_AGE_MS) {
            poller->meter[i].good_at = now - MAX_AGE_MS;
        }
    }
}

/* --- time passes ---------------------------------------------------------------------------- */

static int
open_line(const struct nfw_config *config)
{
    return nfw_port_line_open(NFW_LINE_METERS, nfw_speeds[config->meters_speed], NFW_PARITY_EVEN,
                              (uint16_t)get_gap_ms(config));
}

/* Never 0. */
static uint32_t
get_digest(const struct nfw_channel_config *channel)
{
    const uint8_t source_type[] = {channel->source, channel->type};
    uint32_t crc = nilo_crc32c_update(NILO_CRC32C_START, source_type, sizeof source_type);

    crc = nilo_crc32c_update(crc, channel->meter_number, sizeof channel->meter_number);
    return crc | 1u;
}

static void
start_meter(struct nfw_poller_meter *meter, const struct nfw_channel_config *channel, nfw_ms now)
{
    const uint32_t who = get_digest(channel);

    meter->is_asked = false;
    if (meter->who == who) {
        return;
    }
    memset(meter, 0, sizeof *meter);
    meter->who = who;
    meter->good_at = now;
}

void
nfw_poller_start(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now)
{
    poller->channel = NFW_CHANNELS - 1u;
    poller->state = STATE_CLOSED;
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        start_meter(&poller->meter[i], &config->channel[i], now);
        if (nfw_channel_is_read(&config->channel[i])) {
            poller->state = STATE_IDLE;
        }
    }
    if (poller->state == STATE_IDLE && open_line(config) != NFW_OK) {
        poller->state = STATE_CLOSED;
    }
}

static void
step_rest(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now)
{
    struct nfw_rx_byte byte;

    for (unsigned i = 0u; i < RING_SIZE && nfw_port_line_take(NFW_LINE_METERS, &byte); i++) {
        put_off(poller, now + bits_to_ms(config, GAP_BITS));
    }
    if (nfw_ms_is_reached(now, poller->due)) {
        send_request(poller, config, now);
    }
}

static enum nfw_poller_news
step_sending(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now)
{
    if (!nfw_port_line_is_sending(NFW_LINE_METERS)) {
        listen(poller, config, now);
    } else if (nfw_ms_is_reached(now, poller->limit)) {
        (void)open_line(config);
        return try_again(poller, config, now);
    } else if (nfw_ms_is_reached(now, poller->due)) {
        poller->due = now + 1u;
    }
    return NFW_POLLER_NOTHING;
}

static enum nfw_poller_news
step_waiting(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now)
{
    struct nfw_rx_byte byte;

    for (unsigned i = 0u; i < RING_SIZE && nfw_port_line_take(NFW_LINE_METERS, &byte); i++) {
        int32_t value = 0;
        const enum nfw_told told = take_byte(poller, config, &byte, &value);

        if (told != NFW_TOLD_NOTHING) {
            return act_on(poller, config, told, value, now);
        }
        if (poller->size > 0u) {
            put_off(poller, now + get_gap_ms(config) + bits_to_ms(config, 2u * BITS_PER_BYTE));
        }
    }
    return nfw_ms_is_reached(now, poller->due) ? try_again(poller, config, now)
                                               : NFW_POLLER_NOTHING;
}

static uint32_t
get_time_left(const struct nfw_poller *poller, nfw_ms now)
{
    return nfw_ms_is_reached(now, poller->due) ? 1u : poller->due - now;
}

enum nfw_poller_news
nfw_poller_step(struct nfw_poller *poller, const struct nfw_config *config, const int32_t *stored,
                nfw_ms now, unsigned *channel, int32_t *value, uint32_t *wait_ms)
{
    enum nfw_poller_news news = NFW_POLLER_NOTHING;

    keep_ages(poller, now);
    *wait_ms = UINT32_MAX;
    switch ((enum state)poller->state) {
    case STATE_IDLE:
        *wait_ms = choose(poller, config, now);
        return NFW_POLLER_NOTHING;
    case STATE_REST:
        step_rest(poller, config, now);
        break;
    case STATE_SENDING:
        news = step_sending(poller, config, now);
        break;
    case STATE_WAITING:
        news = step_waiting(poller, config, now);
        break;
    case STATE_CONFIRMED:
        *value = poller->first;
        news = judge(poller, config, stored[poller->channel], now);
        break;
    case STATE_CLOSED:
    default:
        return NFW_POLLER_NOTHING;
    }
    *channel = poller->channel;
    *wait_ms = poller->state == STATE_IDLE || poller->state == STATE_CONFIRMED
                   ? 1u
                   : get_time_left(poller, now);
    return news;
}
