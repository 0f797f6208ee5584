/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-mbus-slave.h"

#include "nfw-mbus-order.h"
#include "nfw-mbus-telegram.h"

#include "nilo-mbus-address.h"
#include "nilo-mbus-frame.h"
#include "nilo-mbus-request.h"

#include <string.h>

#define START_SHORT      0x10u
#define START_LONG       0x68u
#define STOP             0x16u
#define LONG_HEAD        4u /* bytes before C */
#define LONG_OVERHEAD    6u
#define SHORT_SIZE       5u
#define MIN_LENGTH       3u

#define NO_COUNT_BIT     0xffu
#define CI_ALARM         0x71u
#define CI_ERROR         0x70u
#define REQ_UD1          0x5au
#define COUNT_BIT        NILO_MBUS_C_FCB
#define BROKEN_SIZE      9u
#define SPEED_CODES      8u
#define MAX_SUBCODE_SIZE 1u

/* --- links ----------------------------------------------------------------------------------- */

static void
reset_link(struct nfw_mbus_link *link)
{
    const uint8_t access = link->access;
    const uint8_t told = link->alarms_told;

    memset(link, 0, sizeof *link);
    link->count_bit = NO_COUNT_BIT;
    link->alarm_bit = NO_COUNT_BIT;
    link->access = access;
    link->alarms_told = told;
}

static void
reset_links(struct nfw_mbus_slave *slave, uint16_t targets)
{
    for (unsigned who = 0u; who < NFW_MBUS_SLAVES; who++) {
        if ((targets >> who & 1u) != 0u) {
            reset_link(&slave->link[who]);
        }
    }
}

void
nfw_mbus_slave_init(struct nfw_mbus_slave *slave)
{
    memset(slave, 0, sizeof *slave);
    reset_links(slave, UINT16_MAX);
}

void
nfw_mbus_slave_forget(struct nfw_mbus_slave *slave)
{
    slave->selected = 0u;
    reset_links(slave, UINT16_MAX);
}

/* --- who is meant ---------------------------------------------------------------------------- */

static uint16_t
find_all(const struct nfw_collector *collector)
{
    uint16_t found = 0u;

    for (unsigned who = 0u; who < NFW_MBUS_SLAVES; who++) {
        if (nfw_mbus_has(collector, who)) {
            found |= (uint16_t)(1u << who);
        }
    }
    return found;
}

static uint16_t
find_targets(const struct nfw_mbus_slave *slave, const struct nfw_collector *collector, uint8_t a)
{
    uint16_t found = 0u;

    if (a == NILO_MBUS_ADDRESS_SELECTED) {
        return slave->selected & find_all(collector);
    }
    if (a == NILO_MBUS_ADDRESS_TEST) {
        /* one meter on the wire, the address is for: to the tester, that is the collector */
        return 1u << NFW_CHANNEL_SELF;
    }
    if (a == NILO_MBUS_ADDRESS_EVERY) {
        return find_all(collector);
    }
    for (unsigned who = 0u; a <= NILO_MBUS_ADDRESS_LAST && who < NFW_MBUS_SLAVES; who++) {
        if (nfw_mbus_has(collector, who) && nfw_mbus_get_primary(collector, who) == a) {
            found |= (uint16_t)(1u << who);
        }
    }
    return found;
}

static bool
is_one(uint16_t targets)
{
    return targets != 0u && (targets & (targets - 1u)) == 0u;
}

static unsigned
get_one(uint16_t targets)
{
    unsigned who = 0u;

    while (who < NFW_CHANNEL_SELF && (targets >> who & 1u) == 0u) {
        who++;
    }
    return who;
}

/* --- answers --------------------------------------------------------------------------------- */

static void
answer_ack(struct nfw_answer *answer)
{
    answer->size = (uint16_t)nilo_mbus_frame_build_ack(answer->bytes, NFW_ANSWER_MAX_SIZE);
}

/* What a master hears of several meters that answer at once, so that it tells them apart: a frame
 * that no master takes for one, nor does after any single flipped bit. */
static void
answer_collision(struct nfw_answer *answer)
{
    answer->size =
        (uint16_t)nilo_mbus_frame_build_control(NILO_MBUS_C_RSP_UD, NILO_MBUS_ADDRESS_SELECTED,
                                                CI_ERROR, answer->bytes, NFW_ANSWER_MAX_SIZE);
    answer->bytes[BROKEN_SIZE - 2u] ^= 0xffu;
}

static bool
has_new_events(const struct nfw_mbus_slave *slave, const struct nfw_collector *collector)
{
    return !slave->has_told_events || slave->events != nfw_meters_get_event_sequence(collector);
}

static uint8_t
get_alarms(const struct nfw_mbus_slave *slave, const struct nfw_collector *collector, unsigned who)
{
    uint8_t alarms = nfw_mbus_get_alarms(collector, who);

    if (who == NFW_CHANNEL_SELF && has_new_events(slave, collector)) {
        alarms |= NFW_MBUS_ALARM_EVENTS;
    }
    return alarms;
}

static bool
is_demanding(const struct nfw_mbus_slave *slave, const struct nfw_collector *collector,
             unsigned who)
{
    return get_alarms(slave, collector, who) != slave->link[who].alarms_told;
}

static NFW_OUTLINE void
answer_error(const struct nfw_collector *collector, unsigned who, uint8_t code,
             struct nfw_answer *answer)
{
    answer->size =
        (uint16_t)nilo_mbus_frame_build_long(NILO_MBUS_C_RSP_UD,
                                             nfw_mbus_get_primary(collector, who), CI_ERROR, &code,
                                             1u, answer->bytes, NFW_ANSWER_MAX_SIZE);
}

/* --- readouts -------------------------------------------------------------------------------- */

/* The same count bit asks for the last telegram again; another one for the next, or from the
 * beginning. */
static void
advance(struct nfw_mbus_link *link, uint8_t count_bit)
{
    if (link->count_bit == count_bit) {
        return;
    }
    link->start = link->count_bit == NO_COUNT_BIT ? 0u : link->next;
    link->access++;
    if (link->count_bit != NO_COUNT_BIT) {
        link->error = 0u;
    }
    link->count_bit = count_bit;
}

static NFW_OUTLINE void
answer_readout(struct nfw_mbus_slave *slave, const struct nfw_collector *collector, unsigned who,
               uint8_t count_bit, struct nfw_answer *answer)
{
    struct nfw_mbus_link *link = &slave->link[who];
    struct nfw_mbus_question question = {.who = (uint8_t)who};

    advance(link, count_bit);
    if (link->error != 0u) {
        answer_error(collector, who, (uint8_t)(link->error - 1u), answer);
        return;
    }
    question.application = link->application;
    question.access = link->access;
    question.start = link->start;
    question.is_demanding = is_demanding(slave, collector, who);
    link->next = nfw_mbus_telegram_build(collector, &question, answer);
    if (who == NFW_CHANNEL_SELF &&
        (link->application & NFW_MBUS_APPLICATION_MASK) == NFW_MBUS_APPLICATION_EVENTS) {
        slave->events = nfw_meters_get_event_sequence(collector);
        slave->has_told_events = true;
    }
}

/* What was told counts as known once the master says, by its count bit, that it has heard it. */
static NFW_OUTLINE void
answer_alarm(struct nfw_mbus_slave *slave, const struct nfw_collector *collector, unsigned who,
             uint8_t count_bit, struct nfw_answer *answer)
{
    struct nfw_mbus_link *link = &slave->link[who];

    if (link->alarm_bit != NO_COUNT_BIT && link->alarm_bit != count_bit) {
        link->alarms_told = link->alarms_sent & (uint8_t)~NFW_MBUS_ALARM_EVENTS;
        if (who == NFW_CHANNEL_SELF && (link->alarms_sent & NFW_MBUS_ALARM_EVENTS) != 0u) {
            slave->events = slave->events_sent;
            slave->has_told_events = true;
        }
        link->alarm_bit = NO_COUNT_BIT;
    }
    if (link->alarm_bit == NO_COUNT_BIT) {
        link->alarms_sent = get_alarms(slave, collector, who);
        if (who == NFW_CHANNEL_SELF) {
            slave->events_sent = nfw_meters_get_event_sequence(collector);
        }
        if (!is_demanding(slave, collector, who)) {
            answer_ack(answer);
            return;
        }
        link->alarm_bit = count_bit;
    }
    answer->size =
        (uint16_t)nilo_mbus_frame_build_long((uint8_t)(NILO_MBUS_C_RSP_UD | NILO_MBUS_C_ACD),
                                             nfw_mbus_get_primary(collector, who), CI_ALARM,
                                             &link->alarms_sent, 1u, answer->bytes,
                                             NFW_ANSWER_MAX_SIZE);
}

static void
hear_short(struct nfw_mbus_slave *slave, const struct nfw_collector *collector,
           const NiloMbusFrame *frame, struct nfw_answer *answer)
{
    const uint16_t targets = find_targets(slave, collector, frame->a);
    const uint8_t count_bit = frame->c & COUNT_BIT;
    const uint8_t service = frame->c & (uint8_t)~COUNT_BIT;
    const bool is_silent = frame->a == NILO_MBUS_ADDRESS_EVERY;

    if (targets == 0u) {
        return;
    }
    if (frame->c == NILO_MBUS_C_SND_NKE) {
        reset_links(slave, targets);
        if (frame->a == NILO_MBUS_ADDRESS_SELECTED || is_silent) {
            slave->selected = 0u;
        }
        if (!is_silent) {
            answer_ack(answer);
        }
        return;
    }
    if (is_silent || (service != NILO_MBUS_C_REQ_UD2 && service != REQ_UD1)) {
        return;
    }
    if (!is_one(targets)) {
        answer_collision(answer);
    } else if (service == NILO_MBUS_C_REQ_UD2) {
        answer_readout(slave, collector, get_one(targets), count_bit, answer);
    } else {
        answer_alarm(slave, collector, get_one(targets), count_bit, answer);
    }
}

/* --- orders ---------------------------------------------------------------------------------- */

static NFW_OUTLINE void
hear_select(struct nfw_mbus_slave *slave, const struct nfw_collector *collector,
            const NiloMbusFrame *frame, struct nfw_answer *answer)
{
    NiloMbusAddress mask;
    uint32_t fabrication;

    /* whoever is selected is no more, whatever this one asks for */
    slave->selected = 0u;
    if (nilo_mbus_request_parse_select(frame, &mask, &fabrication) != NILO_WIRE_OK) {
        return;
    }
    for (unsigned who = 0u; who < NFW_MBUS_SLAVES; who++) {
        NiloMbusAddress own;

        if (!nfw_mbus_has(collector, who)) {
            continue;
        }
        nfw_mbus_get_address(collector, who, &own);
        if (nilo_mbus_address_matches(&own, &mask) &&
            nilo_mbus_digits_match(nfw_mbus_get_fabrication(collector, who), fabrication)) {
            slave->selected |= (uint16_t)(1u << who);
        }
    }
    if (slave->selected != 0u) {
        reset_links(slave, slave->selected);
        answer_ack(answer);
    }
}

/* Begins the readout anew, with what was chosen; what is unknown is told by the readout. */
static void
hear_reset(struct nfw_mbus_slave *slave, uint16_t targets, const NiloMbusFrame *frame)
{
    const uint8_t application = frame->size > 0u ? frame->data[0] : NFW_MBUS_APPLICATION_ALL;

    for (unsigned who = 0u; who < NFW_MBUS_SLAVES; who++) {
        struct nfw_mbus_link *link = &slave->link[who];

        if ((targets >> who & 1u) == 0u) {
            continue;
        }
        reset_link(link);
        if (nfw_mbus_application_is_known(application)) {
            link->application = application;
        } else {
            link->error = NFW_MBUS_ERROR_UNSPECIFIED + 1u;
        }
    }
}

static void
hear_order(struct nfw_mbus_slave *slave, struct nfw_collector *collector, uint16_t targets,
           const NiloMbusFrame *frame, struct nfw_answer *answer)
{
    const bool is_silent = frame->a == NILO_MBUS_ADDRESS_EVERY;
    struct nfw_mbus_link *link;
    enum nfw_mbus_error error;

    if (is_silent) {
        if (nfw_mbus_order_is_known(frame->ci)) {
            (void)nfw_mbus_order_do(collector, NFW_MBUS_EVERY, frame);
        }
        return;
    }
    if (!is_one(targets)) {
        return; /* an order is for one */
    }
    link = &slave->link[get_one(targets)];
    error = nfw_mbus_order_is_known(frame->ci)
                ? nfw_mbus_order_do(collector, get_one(targets), frame)
                : NFW_MBUS_ERROR_CI;
    if (error == NFW_MBUS_DONE) {
        answer_ack(answer);
        return;
    }
    /* not confirmed; a master that wants to know why asks for data */
    link->error = (uint8_t)(error + 1);
    link->count_bit = NO_COUNT_BIT;
    link->next = 0u;
}

static void
hear_long(struct nfw_mbus_slave *slave, struct nfw_collector *collector, const NiloMbusFrame *frame,
          struct nfw_answer *answer)
{
    const uint8_t speed = (uint8_t)(frame->ci - NILO_MBUS_CI_BAUD_300);
    uint16_t targets;

    if ((frame->c & (uint8_t)~COUNT_BIT) != NILO_MBUS_C_SND_UD) {
        return;
    }
    if (frame->a == NILO_MBUS_ADDRESS_SELECTED && frame->ci == NILO_MBUS_CI_SELECT) {
        hear_select(slave, collector, frame, answer);
        return;
    }
    targets = find_targets(slave, collector, frame->a);
    if (targets == 0u) {
        return;
    }
    if (speed < SPEED_CODES && frame->size == 0u) {
        answer->new_speed = (uint8_t)(speed + 1u);
    } else if (frame->ci == NILO_MBUS_CI_RESET && frame->size <= MAX_SUBCODE_SIZE) {
        hear_reset(slave, targets, frame);
    } else {
        hear_order(slave, collector, targets, frame, answer);
        return;
    }
    if (frame->a != NILO_MBUS_ADDRESS_EVERY) {
        answer_ack(answer);
    }
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void
begin_anew(struct nfw_mbus_slave *slave)
{
    slave->size = 0u;
    slave->expected = 0u;
    slave->sum = 0u;
}

void
nfw_mbus_slave_listen(struct nfw_mbus_slave *slave)
{
    begin_anew(slave);
    slave->is_deaf = false;
}

static enum nfw_heard
turn_deaf(struct nfw_mbus_slave *slave)
{
    begin_anew(slave);
    slave->is_deaf = true;
    return NFW_HEARD_RUBBISH;
}

/* A device that switches its driver on or off makes such bytes; no frame begins with one. */
static bool
is_click(const struct nfw_rx_byte *byte)
{
    return byte->byte == 0x00u || byte->byte == 0xffu;
}

/* A gap inside somebody's answer may be a pause of theirs: what goes on behind it is still theirs,
 * even where it looks like a request. */
static bool
is_inside_answer(const struct nfw_mbus_slave *slave)
{
    return slave->size > LONG_HEAD && slave->bytes[0] == START_LONG &&
           (slave->bytes[LONG_HEAD] & NILO_MBUS_C_FROM_MASTER) == 0u;
}

/* Whether the byte is possible at its place. */
static bool
take_byte(struct nfw_mbus_slave *slave, uint8_t byte)
{
    const uint16_t at = slave->size;

    if (at < NFW_MBUS_SLAVE_MAX_FRAME) {
        slave->bytes[at] = byte;
    }
    slave->size++;
    if (at == 0u) {
        slave->expected = byte == START_SHORT ? SHORT_SIZE : byte == NILO_MBUS_ACK_BYTE ? 1u : 0u;
        return byte == START_SHORT || byte == START_LONG || byte == NILO_MBUS_ACK_BYTE;
    }
    if (slave->bytes[0] == START_SHORT) {
        return true; /* five bytes are looked at when they are there */
    }
    if (at == 1u) {
        slave->expected = (uint16_t)(byte + LONG_OVERHEAD);
        return byte >= MIN_LENGTH;
    }
    if (at < LONG_HEAD) {
        return byte == (at == 2u ? slave->bytes[1] : START_LONG);
    }
    if (at < slave->expected - 2u) {
        slave->sum = (uint8_t)(slave->sum + byte);
    } else if (at == slave->expected - 2u) {
        return byte == slave->sum;
    }
    return true;
}

/* The frame is whole, its last byte is @last. */
static enum nfw_heard
hear_frame(struct nfw_mbus_slave *slave, struct nfw_collector *collector, uint8_t last,
           struct nfw_answer *answer)
{
    const uint16_t size = slave->size;
    NiloMbusFrame frame;
    size_t consumed;

    if (size > NFW_MBUS_SLAVE_MAX_FRAME) {
        if (last != STOP) {
            return turn_deaf(slave);
        }
        begin_anew(slave);
        return NFW_HEARD_FRAME;
    }
    if (nilo_mbus_frame_parse(slave->bytes, size, &frame, &consumed) != NILO_WIRE_OK) {
        return turn_deaf(slave);
    }
    begin_anew(slave);
    if (frame.type == NILO_MBUS_FRAME_ACK) {
        return NFW_HEARD_PART; /* one byte that noise makes too: no proof of the speed */
    }
    if (frame.type == NILO_MBUS_FRAME_SHORT) {
        hear_short(slave, collector, &frame, answer);
    } else {
        hear_long(slave, collector, &frame, answer);
    }
    return NFW_HEARD_FRAME;
}

enum nfw_heard
nfw_mbus_slave_feed(struct nfw_mbus_slave *slave, struct nfw_collector *collector,
                    const struct nfw_rx_byte *byte, struct nfw_answer *answer)
{
    enum nfw_heard heard = NFW_HEARD_PART;

    answer->size = 0u;
    answer->new_speed = 0u;
    if ((byte->flags & NFW_RX_GAP) != 0u) {
        if (slave->size != 0u && is_inside_answer(slave)) {
            return turn_deaf(slave);
        }
        heard = slave->size != 0u ? NFW_HEARD_RUBBISH : NFW_HEARD_PART;
        begin_anew(slave);
        slave->is_deaf = false;
    }
    if (slave->is_deaf) {
        return NFW_HEARD_PART;
    }
    if ((byte->flags & NFW_RX_LOST) != 0u) {
        return turn_deaf(slave);
    }
    if (slave->size == 0u && is_click(byte)) {
        return NFW_HEARD_RUBBISH;
    }
    if ((byte->flags & NFW_RX_BAD) != 0u || !take_byte(slave, byte->byte)) {
        return turn_deaf(slave);
    }
    if (slave->expected == 0u || slave->size < slave->expected) {
        return heard;
    }
    return hear_frame(slave, collector, byte->byte, answer);
}
