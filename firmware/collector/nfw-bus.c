/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-bus.h"

#include "nfw-rx.h"

#include <string.h>

#define MS_PER_S        1000u
#define EARLIEST_BITS   12u /* 11, and one: a byte's stamp is made before its stop bit has ended */
#define LATEST_BITS     330u
#define LATEST_EXTRA_MS 50u
#define GAP_BITS        33u
#define BYTE_BITS       11u
#define LOOKING_SPEEDS  6u /* 300 to 9600 Bd */
#define PATIENCE        3u /* bursts of rubbish before another speed is tried */
/* Ends a burst for whoever doubts the speed: more than the longest time without an edge inside a
 * frame at 300 Bd, less than a master waits before it asks again at 38400 Bd. */
#define BURST_GAP_MS    55u
#define LONG_BURST_MS   3000u /* rubbish for so long without a gap counts as a burst */
#define SILENT_TRY_MS   3000u /* the tries of a master come quicker than this */
#define SILENT_TRIES    3u
#define SENDING_LOOK_MS 20u /* its end wakes the loop anyway */
#define FALLBACK_MS     (NFW_BUS_FALLBACK_S * MS_PER_S)

static uint32_t
round_up_to_ms(uint32_t bits, uint32_t speed_baud)
{
    return (bits * MS_PER_S + speed_baud - 1u) / speed_baud;
}

/* Bytes may be stamped later than the step began. */
static uint32_t
get_passed_ms(nfw_ms now, nfw_ms since)
{
    return nfw_ms_is_reached(now, since) ? now - since : 0u;
}

static uint16_t
get_gap_ms(uint32_t speed_baud)
{
    const uint16_t floor_ms = nfw_port_line_gap_floor_ms();
    const uint32_t gap_ms = round_up_to_ms(GAP_BITS, speed_baud);

    /* bytes are stamped at their ends, so that a byte's own time comes on top */
    return (uint16_t)((gap_ms < floor_ms ? floor_ms : gap_ms) +
                      round_up_to_ms(BYTE_BITS, speed_baud));
}

/* --- speeds ---------------------------------------------------------------------------------- */

static void
open_line(struct nfw_bus *bus, uint8_t speed, nfw_ms now)
{
    const uint32_t speed_baud = nfw_speeds[speed];

    if (nfw_port_line_open(NFW_LINE_BUS, speed_baud, bus->parity, get_gap_ms(speed_baud)) !=
        NFW_OK) {
        /* a speed that the part cannot make: whoever asked for it finds us where we were */
        speed = bus->speed;
        (void)nfw_port_line_open(NFW_LINE_BUS, nfw_speeds[speed], bus->parity,
                                 get_gap_ms(nfw_speeds[speed]));
    }
    bus->speed = speed;
    bus->burst_start = now;
    bus->burst_end = now;
    bus->rubbish = 0u;
    bus->is_trusted = false;
    bus->has_rubbish = false;
    bus->has_frame = false;
    bus->is_answering = false;
    bus->is_sending = false;
    nfw_cjt188_slave_init(&bus->cjt188);
}

void
nfw_bus_start(struct nfw_bus *bus, struct nfw_collector *collector, nfw_ms now)
{
    const struct nfw_config *settings = nfw_meters_get_settings(collector);

    if (bus->is_open && bus->home == settings->speed && bus->parity == settings->parity) {
        return;
    }
    memset(bus, 0, sizeof *bus);
    nfw_mbus_slave_init(&bus->mbus);
    bus->is_open = true;
    bus->home = settings->speed;
    bus->speed = settings->speed;
    bus->parity = settings->parity;
    bus->heard_at = now;
    open_line(bus, bus->home, now);
}

/* From fast to slow: who listens too slowly may hear nothing at all, and learns nothing from it. */
static void
choose_next_try(struct nfw_bus *bus)
{
    bus->silent_tries = 0u;
    bus->tried = (uint8_t)((bus->tried + LOOKING_SPEEDS - 1u) % LOOKING_SPEEDS);
    if (bus->tried == bus->home) {
        bus->tried = (uint8_t)((bus->tried + LOOKING_SPEEDS - 1u) % LOOKING_SPEEDS);
    }
}

/* A burst has ended that was nothing but rubbish. */
static void
doubt_speed(struct nfw_bus *bus, nfw_ms now)
{
    if (bus->is_trusted) {
        return;
    }
    bus->rubbish++;
    if (!bus->is_looking && bus->rubbish < PATIENCE) {
        return;
    }
    if (!bus->is_looking) {
        bus->is_looking = true;
        bus->tried = 0u;
        choose_next_try(bus);
    }
    if (bus->speed == bus->home) {
        open_line(bus, bus->tried, now);
        return;
    }
    if (bus->speed == bus->tried) {
        choose_next_try(bus);
    }
    open_line(bus, bus->home, now);
}

/* Nothing at all came at the speed being tried: that of the settings is the better bet. */
static void
end_try(struct nfw_bus *bus, nfw_ms now)
{
    bus->silent_tries++;
    if (bus->silent_tries == SILENT_TRIES) {
        choose_next_try(bus);
    }
    open_line(bus, bus->home, now);
}

static void
fall_back(struct nfw_bus *bus, nfw_ms now)
{
    nfw_mbus_slave_forget(&bus->mbus);
    bus->is_looking = false;
    bus->is_trusted = false;
    bus->heard_at = now;
    if (bus->speed != bus->home) {
        open_line(bus, bus->home, now);
    }
}

static void
order_speed(struct nfw_bus *bus, uint8_t new_speed, nfw_ms now)
{
    bus->is_looking = false;
    bus->heard_at = now;
    open_line(bus, (uint8_t)(new_speed - 1u), now);
}

/* Returns: milliseconds until this has to be looked at again. */
static uint32_t
watch_speed(struct nfw_bus *bus, nfw_ms now)
{
    const uint32_t own_gap_ms = get_gap_ms(nfw_speeds[bus->speed]);
    const uint32_t gap_ms = own_gap_ms < BURST_GAP_MS ? BURST_GAP_MS : own_gap_ms;
    const nfw_ms quiet_since = bus->is_looking ? bus->burst_end : bus->heard_at;

    if (bus->has_rubbish && !bus->has_frame &&
        (get_passed_ms(now, bus->burst_end) >= gap_ms ||
         get_passed_ms(now, bus->burst_start) >= LONG_BURST_MS)) {
        bus->has_rubbish = false;
        doubt_speed(bus, now);
    } else if (get_passed_ms(now, bus->burst_end) >= gap_ms) {
        bus->has_rubbish = false;
        bus->has_frame = false;
    }
    if (bus->is_looking && bus->speed != bus->home &&
        get_passed_ms(now, bus->burst_end) >= SILENT_TRY_MS) {
        end_try(bus, now);
        return SILENT_TRY_MS;
    }
    if (get_passed_ms(now, quiet_since) >= FALLBACK_MS) {
        fall_back(bus, now);
        return FALLBACK_MS;
    }
    if (bus->has_rubbish || bus->has_frame) {
        return gap_ms - get_passed_ms(now, bus->burst_end);
    }
    if (bus->is_looking) {
        return SILENT_TRY_MS;
    }
    return FALLBACK_MS - get_passed_ms(now, quiet_since);
}

/* --- hearing --------------------------------------------------------------------------------- */

/* What a driver makes when it is switched off behind a request: no frame begins so. */
static bool
is_click(const struct nfw_rx_byte *byte)
{
    return byte->byte == 0x00u || byte->byte == 0xffu;
}

static enum nfw_heard
feed(struct nfw_bus *bus, struct nfw_collector *collector, const struct nfw_rx_byte *byte)
{
    const uint8_t protocols = nfw_meters_get_settings(collector)->protocols;
    enum nfw_heard heard = NFW_HEARD_PART;
    enum nfw_heard also = NFW_HEARD_PART;

    bus->answer.size = 0u;
    bus->answer.new_speed = 0u;
    if ((protocols & NFW_PROTOCOL_CJT188) != 0u) {
        heard = nfw_cjt188_slave_feed(&bus->cjt188, collector, byte, &bus->answer);
    }
    if ((protocols & NFW_PROTOCOL_MBUS) != 0u && bus->answer.size == 0u) {
        also = nfw_mbus_slave_feed(&bus->mbus, collector, byte, &bus->answer);
    }
    /* where a frame of the one protocol ends, one of the other may begin */
    if (heard == NFW_HEARD_FRAME) {
        nfw_mbus_slave_listen(&bus->mbus);
        return NFW_HEARD_FRAME;
    }
    if (also == NFW_HEARD_FRAME) {
        nfw_cjt188_slave_listen(&bus->cjt188);
        return NFW_HEARD_FRAME;
    }
    return heard == NFW_HEARD_RUBBISH || also == NFW_HEARD_RUBBISH ? NFW_HEARD_RUBBISH
                                                                   : NFW_HEARD_PART;
}

static void
hear(struct nfw_bus *bus, struct nfw_collector *collector, const struct nfw_rx_byte *byte,
     nfw_ms now)
{
    const enum nfw_heard heard = feed(bus, collector, byte);

    bus->burst_end = byte->newest;
    if ((byte->flags & NFW_RX_GAP) != 0u) {
        bus->burst_start = byte->newest;
    }
    if (heard == NFW_HEARD_RUBBISH) {
        bus->has_rubbish = true;
    } else if (heard == NFW_HEARD_FRAME) {
        bus->has_frame = true;
        bus->is_trusted = true;
        bus->is_looking = false;
        bus->rubbish = 0u;
        bus->heard_at = now;
    }
    if (bus->answer.size != 0u) {
        bus->is_answering = true;
        bus->request_end = byte->newest;
    } else if (bus->answer.new_speed != 0u) {
        order_speed(bus, bus->answer.new_speed, now); /* for all: nobody answers */
    }
}

static void
listen(struct nfw_bus *bus, struct nfw_collector *collector, nfw_ms now)
{
    struct nfw_rx_byte byte;

    /* as many as the port can hold: more come while these are looked at, and wait */
    for (unsigned i = 0u; i < NFW_RX_SIZE; i++) {
        if (!nfw_port_line_take(NFW_LINE_BUS, &byte)) {
            return;
        }
        if (bus->is_answering && is_click(&byte)) {
            continue;
        }
        if (bus->is_answering) {
            bus->is_answering = false;
            bus->broken++;
        }
        hear(bus, collector, &byte, now);
    }
}

/* --- answering ------------------------------------------------------------------------------- */

static uint32_t
finish_sending(struct nfw_bus *bus, nfw_ms now)
{
    if (nfw_port_line_is_sending(NFW_LINE_BUS)) {
        return SENDING_LOOK_MS;
    }
    bus->is_sending = false;
    bus->is_answering = false;
    if (bus->answer.new_speed != 0u) {
        order_speed(bus, bus->answer.new_speed, now);
    }
    return 0u;
}

/* Returns: milliseconds until the answer's time; 0 when it has come, or gone. */
static uint32_t
try_sending(struct nfw_bus *bus)
{
    const uint32_t speed_baud = nfw_speeds[bus->speed];
    const uint32_t earliest_ms = round_up_to_ms(EARLIEST_BITS, speed_baud) + 1u;
    const uint32_t latest_ms = LATEST_BITS * MS_PER_S / speed_baud + LATEST_EXTRA_MS - 1u;
    /* not the step's time: what was ordered may have taken long */
    const uint32_t passed_ms = nfw_port_now_ms() - bus->request_end;

    if (passed_ms < earliest_ms) {
        return earliest_ms - passed_ms;
    }
    if (passed_ms > latest_ms) {
        bus->is_answering = false;
        bus->late++;
        return 0u;
    }
    bus->is_sending = true;
    nfw_port_line_send(NFW_LINE_BUS, bus->answer.bytes, bus->answer.size);
    return SENDING_LOOK_MS;
}

uint32_t
nfw_bus_step(struct nfw_bus *bus, struct nfw_collector *collector, nfw_ms now)
{
    uint32_t wait_ms;

    if (bus->is_sending) {
        wait_ms = finish_sending(bus, now);
        if (wait_ms != 0u) {
            return wait_ms;
        }
    }
    listen(bus, collector, now);
    if (bus->is_answering) {
        wait_ms = try_sending(bus);
        if (wait_ms != 0u) {
            return wait_ms;
        }
    }
    return watch_speed(bus, now);
}
