/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-bus.h"
#include "nfw-host.h"
#include "nfw-mbus-for-test.h"
#include "nfw-random.h"
#include "nilo-wire-test.h"

#define US_PER_S   UINT64_C(1000000)
#define BYTE_BITS  11u
#define MAX_BYTES  300u
#define HOME       3u /* 2400 Bd */
#define LAST_FOUND 6u /* speeds that are looked for: 300 to 9600 */

static struct nfw_host host;
static struct nfw_collector collector;
static struct nfw_bus bus;
static uint64_t request_end_us;

static void
begin(uint8_t speed)
{
    nfw_host_init(&host);
    fake_init(&collector);
    collector.config.speed = speed;
    memset(&bus, 0, sizeof bus);
    nfw_bus_start(&bus, &collector, nfw_port_now_ms());
}

static void
end(void)
{
    nfw_host_clear(&host);
}

/* The main loop: sleeps as long as it may. */
static void
run_until(uint64_t us)
{
    while (host.now_us < us) {
        const nfw_ms now = nfw_port_now_ms();
        uint32_t wait = nfw_bus_step(&bus, &collector, now);
        const uint32_t left = (uint32_t)((us - host.now_us) / 1000 + 1);

        CHECK(wait > 0);
        wait = wait > 1000 ? 1000 : wait == 0 ? 1 : wait;
        nfw_port_sleep_until(now + (wait > left ? left : wait));
    }
}

static void
run_for(uint64_t us)
{
    run_until(host.now_us + us);
}

static uint64_t
bits_us(unsigned bits, uint8_t speed)
{
    return bits * US_PER_S / nfw_speeds[speed];
}

/* --- the master ------------------------------------------------------------------------------ */

/* What a wire shows at @us of bytes sent one behind the other from 0 on, even parity. */
static bool
get_level(const uint8_t *bytes, size_t size, uint8_t speed, uint64_t us)
{
    const uint64_t bit = us * nfw_speeds[speed] / US_PER_S;
    const size_t at = (size_t)(bit / BYTE_BITS);
    const unsigned place = (unsigned)(bit % BYTE_BITS);

    if (at >= size || place == 10)
        return true;
    if (place == 0)
        return false;
    if (place == 9)
        return __builtin_parity(bytes[at]);
    return bytes[at] >> (place - 1) & 1;
}

/* Bytes sent at one speed as a receiver at another takes them: it looks at the middle of each of
 * its own bits behind a falling edge. */
static void
plan_at_wrong_speed(const uint8_t *bytes, size_t size, uint8_t speed)
{
    const uint64_t length_us = bits_us((unsigned)size * BYTE_BITS, speed);
    const uint64_t own_us = bits_us(1, bus.speed);
    uint64_t us = 0;

    while (us < length_us) {
        unsigned byte = 0;
        bool parity;
        bool stop;

        if (get_level(bytes, size, speed, us)) {
            us += own_us / 16 + 1;
            continue;
        }
        if (get_level(bytes, size, speed, us + own_us / 2)) { /* a spike, no start bit */
            us += own_us;
            continue;
        }
        for (unsigned i = 0; i < 8; i++)
            byte |= (unsigned)get_level(bytes, size, speed, us + own_us * (3 + 2 * i) / 2) << i;
        parity = get_level(bytes, size, speed, us + own_us * 19 / 2);
        stop = get_level(bytes, size, speed, us + own_us * 21 / 2);
        us += own_us * BYTE_BITS;
        while (!stop && us < length_us && !get_level(bytes, size, speed, us))
            us += own_us / 16 + 1;
        nfw_host_plan_byte(&host, host.now_us + us - bits_us(BYTE_BITS, bus.speed), NFW_LINE_BUS,
                           (uint8_t)byte,
                           stop && parity == (bool)__builtin_parity(byte) ? 0 : NFW_RX_BAD);
    }
}

static void
send_at(const uint8_t *bytes, size_t size, uint8_t speed)
{
    if (speed == bus.speed)
        nfw_host_plan_bytes(&host, host.now_us, NFW_LINE_BUS, bytes, size);
    else
        plan_at_wrong_speed(bytes, size, speed);
    request_end_us = host.now_us + bits_us((unsigned)size * BYTE_BITS, speed);
}

/* Sends, waits as long as a master does, and leaves the wire idle. Returns: whether there was one
 * whole answer, in its window. */
static bool
exchange(const uint8_t *bytes, size_t size, uint8_t speed)
{
    const uint32_t sent = host.line[NFW_LINE_BUS].sent_count;
    uint64_t start_us;

    send_at(bytes, size, speed);
    run_until(request_end_us + bits_us(330, speed) + 51000);
    if (host.line[NFW_LINE_BUS].sending != NULL)
        run_until(host.line[NFW_LINE_BUS].sending_end_us + 1);
    run_for(bits_us(44, speed) + 6000);
    if (host.line[NFW_LINE_BUS].sent_count == sent)
        return false;
    CHECK_INT(host.line[NFW_LINE_BUS].sent_count, sent + 1);
    start_us = host.line[NFW_LINE_BUS].sent_start_us;
    CHECK(start_us >= request_end_us + bits_us(11, speed));
    CHECK(start_us <= request_end_us + bits_us(330, speed) + 50000);
    return true;
}

static bool
poll_at(uint8_t speed)
{
    uint8_t bytes[5];

    return exchange(bytes, fake_short(0x7b, 11, bytes), speed);
}

static size_t
make_cjt188_read(uint8_t *bytes)
{
    static const uint8_t frame[] = {0xfe, 0xfe, 0x68, 0x10, 0x71, 0x56, 0x34, 0x12,
                                    0x00, 0x00, 0x00, 0x01, 0x03, 0x90, 0x1f, 0x07};
    unsigned sum = 0;

    memcpy(bytes, frame, sizeof frame);
    for (size_t i = 2; i < sizeof frame; i++)
        sum += frame[i];
    bytes[sizeof frame] = (uint8_t)sum;
    bytes[sizeof frame + 1] = 0x16;
    return sizeof frame + 2;
}

static size_t
make_foreign(uint8_t *bytes)
{
    uint8_t data[60] = {0x11, 0x22, 0x33, 0x44, 0x68, 0x10};

    for (size_t i = 6; i + 5 <= sizeof data; i += 9)
        fake_short(0x7b, 11, data + i);
    return fake_long(0x08, 77, 0x72, data, sizeof data, bytes);
}

/* --- time ------------------------------------------------------------------------------------ */

static void
test_window(const void *data)
{
    for (uint8_t speed = 0; speed < NFW_SPEEDS; speed++) {
        uint8_t bytes[MAX_BYTES];
        const struct nfw_host_line *line = &host.line[NFW_LINE_BUS];

        begin(speed);
        for (unsigned phase = 0; phase < 40; phase++) {
            run_for(US_PER_S +
                    phase * 97); /* wherever the request falls between two milliseconds */
            CHECK(exchange(bytes, fake_short(0x40, 11, bytes), speed));
            CHECK(line->sent_size == 1 && line->sent[0] == 0xe5);
            CHECK(exchange(bytes, fake_short(0x7b, 11, bytes), speed));
            CHECK(fake_is_sound(line->sent, line->sent_size) && line->sent_size > 50);
            CHECK(exchange(bytes, make_cjt188_read(bytes), speed));
            CHECK(line->sent_size > 20 && line->sent[line->sent_size - 1] == 0x16);
        }
        CHECK_INT(bus.speed, speed);
        CHECK_INT(bus.late + bus.broken, 0);
        end();
    }
}

/* the driver is on for the bytes of the answer and no longer: nothing else is ever sent */
static void
test_driver(const void *data)
{
    for (uint8_t speed = 0; speed < LAST_FOUND; speed++) {
        const struct nfw_host_line *line = &host.line[NFW_LINE_BUS];
        uint8_t bytes[5];

        begin(speed);
        send_at(bytes, fake_short(0x7b, 11, bytes), speed);
        while (line->sending == NULL)
            run_for(100);
        CHECK_INT(line->sending_size, (size_t)line->sending[1] + 6);
        CHECK_INT(line->sending_end_us - line->sending_start_us,
                  line->sending_size * BYTE_BITS * US_PER_S / nfw_speeds[speed]);
        run_until(line->sending_end_us - 1000);
        CHECK(nfw_port_line_is_sending(NFW_LINE_BUS) && bus.is_sending);
        run_until(line->sending_end_us + 1000);
        CHECK(!nfw_port_line_is_sending(NFW_LINE_BUS) && !bus.is_sending && !bus.is_answering);
        run_for(10 * US_PER_S);
        CHECK_INT(line->sent_count, 1);
        end();
    }
}

/* the main loop was busy: an answer comes within its time or not at all */
static void
test_busy_loop(const void *data)
{
    for (uint8_t speed = 0; speed < NFW_SPEEDS; speed++) {
        const uint64_t latest_us = bits_us(330, speed) + 50000;

        for (uint64_t busy_us = 1000; busy_us < latest_us + 100000; busy_us += 7700) {
            uint8_t bytes[5];
            bool has_answer;

            begin(speed);
            send_at(bytes, fake_short(0x7b, 11, bytes), speed);
            nfw_host_advance_to(&host, request_end_us + busy_us);
            run_for(2 * US_PER_S);
            has_answer = host.line[NFW_LINE_BUS].sent_count == 1;
            CHECK_INT(bus.late, has_answer ? 0 : 1);
            if (has_answer)
                CHECK(host.line[NFW_LINE_BUS].sent_start_us <= request_end_us + latest_us);
            CHECK(has_answer || busy_us > latest_us - 4000);
            run_for(12 * US_PER_S);
            CHECK(poll_at(speed));
            end();
        }
    }
}

/* an order that took too long is done, and confirmed when it is repeated */
static void
test_slow_order(const void *data)
{
    const uint8_t record[] = {0x01, 0x7a, 0x11};
    uint8_t bytes[32];
    const size_t size = fake_long(0x53, 11, 0x51, record, sizeof record, bytes);

    begin(HOME);
    collector.order_ms = 150;
    CHECK(exchange(bytes, size, HOME));
    collector.order_ms = 250;
    CHECK(!exchange(bytes, size, HOME));
    CHECK_INT(bus.late, 1);
    collector.order_ms = 0;
    CHECK(exchange(bytes, size, HOME));
    CHECK_INT(collector.n_orders, 3);
    end();
}

/* --- half duplex ----------------------------------------------------------------------------- */

static void
test_somebody_speaks_first(const void *data)
{
    uint8_t bytes[16];
    size_t size = fake_short(0x7b, 11, bytes);

    begin(HOME);
    bytes[size++] = 0x55;
    CHECK(!exchange(bytes, size, HOME));
    CHECK_INT(bus.broken, 1);
    CHECK(poll_at(HOME));
    /* a second request right behind the first: the second is answered */
    size = fake_short(0x7b, 11, bytes);
    size += fake_short(0x40, 12, bytes + size);
    CHECK(exchange(bytes, size, HOME));
    CHECK_INT(host.line[NFW_LINE_BUS].sent_size, 1);
    /* the click of a driver is nothing */
    size = fake_short(0x7b, 11, bytes);
    bytes[size++] = 0x00;
    send_at(bytes, size, HOME);
    request_end_us -= bits_us(BYTE_BITS, HOME);
    run_for(US_PER_S);
    CHECK_INT(host.line[NFW_LINE_BUS].sent_count, 3);
    end();
}

static void
test_deaf_while_sending(const void *data)
{
    uint8_t bytes[5];
    const size_t size = fake_short(0x40, 12, bytes);

    begin(HOME);
    send_at(bytes, fake_short(0x7b, 11, bytes), HOME);
    while (host.line[NFW_LINE_BUS].sending == NULL)
        run_for(1000);
    fake_short(0x40, 12, bytes);
    nfw_host_plan_bytes(&host, host.now_us + 5000, NFW_LINE_BUS, bytes, size);
    run_for(2 * US_PER_S);
    CHECK_INT(host.line[NFW_LINE_BUS].sent_count, 1);
    CHECK(poll_at(HOME));
    end();
}

/* a converter that repeats what it hears, a moment later */
static void
test_echo(const void *data)
{
    begin(HOME);
    for (unsigned i = 0; i < 20; i++) {
        uint8_t bytes[NFW_ANSWER_MAX_SIZE];
        const struct nfw_host_line *line = &host.line[NFW_LINE_BUS];

        CHECK(poll_at(HOME));
        memcpy(bytes, line->sent, line->sent_size);
        CHECK(!exchange(bytes, line->sent_size, HOME));
    }
    end();
}

/* --- speeds ---------------------------------------------------------------------------------- */

static void
switch_speed(uint8_t a, uint8_t to)
{
    uint8_t bytes[9];

    exchange(bytes, fake_long(0x53, a, (uint8_t)(0xb8 + to), NULL, 0, bytes), bus.speed);
}

static void
test_switch(const void *data)
{
    for (uint8_t speed = 0; speed < NFW_SPEEDS; speed++) {
        begin(HOME);
        switch_speed(11, speed);
        CHECK_INT(host.line[NFW_LINE_BUS].sent_count, 1); /* confirmed, at the old speed: in its
                                                             window */
        CHECK_INT(host.line[NFW_LINE_BUS].speed_baud, nfw_speeds[speed]);
        CHECK(poll_at(speed));
        run_for(200 * US_PER_S);
        CHECK(poll_at(speed));
        run_for(290 * US_PER_S);
        CHECK_INT(bus.speed, speed);
        run_for(11 * US_PER_S);
        CHECK_INT(bus.speed, HOME);
        CHECK(poll_at(HOME));
        end();
    }
}

static void
test_switch_of_all(const void *data)
{
    begin(HOME);
    switch_speed(255, 5);
    CHECK_INT(host.line[NFW_LINE_BUS].sent_count, 0);
    CHECK_INT(host.line[NFW_LINE_BUS].speed_baud, 9600);
    CHECK(poll_at(5));
    end();
}

/* asks as soon as it may after the last time; whether an answer begins */
static bool
ask_soon(uint8_t speed)
{
    const struct nfw_host_line *line = &host.line[NFW_LINE_BUS];
    const uint32_t sent = line->sent_count;
    uint8_t bytes[5];

    send_at(bytes, fake_short(0x7b, 11, bytes), speed);
    run_until(request_end_us + bits_us(330, speed) + 50000);
    return line->sending != NULL || line->sent_count > sent;
}

/* a switch that the master does not follow: it is found again where it is, however soon it asks
 * again; a request that is shorter than a few bits of theirs is nothing to slow ears */
static void
test_switch_not_followed(const void *data)
{
    for (uint8_t home = 0; home < NFW_SPEEDS; home++) {
        for (uint8_t to = 0; to < NFW_SPEEDS; to++) {
            unsigned polls = 0;

            if (to == home || nfw_speeds[home] > 8 * nfw_speeds[to])
                continue;
            begin(home);
            switch_speed(11, to);
            CHECK_INT(bus.speed, to);
            do {
                polls++;
            } while (!ask_soon(home) && polls < 20);
            if (polls > 4)
                printf("# from %u to %u Bd: %u polls\n", nfw_speeds[home], nfw_speeds[to], polls);
            CHECK(polls <= 4);
            CHECK_INT(bus.speed, home);
            end();
        }
    }
}

static void
test_silence(const void *data)
{
    uint8_t bytes[32];

    begin(HOME);
    CHECK(exchange(bytes, fake_select(0x12345671, bytes), HOME));
    run_for(200 * US_PER_S);
    CHECK(exchange(bytes, fake_short(0x7b, 0xfd, bytes), HOME));
    run_for(301 * US_PER_S);
    CHECK(!exchange(bytes, fake_short(0x7b, 0xfd, bytes), HOME)); /* no longer selected */
    CHECK(poll_at(HOME));
    end();
}

static void
test_detection(const void *data)
{
    for (uint8_t home = 0; home < NFW_SPEEDS; home++) {
        for (uint8_t speed = 0; speed < LAST_FOUND; speed++) {
            unsigned polls = 0;
            bool is_found;

            begin(home);
            do {
                uint8_t bytes[32];

                /* what a master asks around for; very short frames are nothing to a slow ear */
                polls++;
                run_for(US_PER_S / 2);
                is_found =
                    exchange(bytes,
                             polls % 2 != 0 ? fake_select(0x12345671, bytes)
                                            : fake_short(0x5b, (uint8_t)(10 + polls % 3), bytes),
                             speed);
            } while (!is_found && polls < 50);
            if (polls > 16 || bus.speed != speed)
                printf("# from %u to %u Bd: %u polls\n", nfw_speeds[home], nfw_speeds[speed],
                       polls);
            CHECK(polls <= 16);
            CHECK_INT(bus.speed, speed);
            for (unsigned i = 0; i < 10; i++)
                CHECK(poll_at(speed));
            run_for(301 * US_PER_S);
            CHECK_INT(bus.speed, home);
            end();
        }
    }
}

/* where sound frames were heard, rubbish changes nothing */
static void
test_trust(const void *data)
{
    begin(HOME);
    CHECK(poll_at(HOME));
    for (unsigned i = 0; i < 100; i++) {
        const uint8_t modbus[] = {0x01, 0x03, 0x00, 0x10, 0x00, 0x02, 0xc5, 0xce};

        CHECK(!exchange(modbus, sizeof modbus, HOME));
        CHECK_INT(bus.speed, HOME);
    }
    CHECK(poll_at(HOME));
    /* and where nobody has spoken to us for long, a poll costs one try more at most */
    for (unsigned i = 0; i < 2000; i++) {
        const uint8_t modbus[] = {0x01, 0x03, 0x00, 0x10, 0x00, 0x02, 0xc5, 0xce};

        CHECK(!exchange(modbus, sizeof modbus, HOME));
    }
    CHECK(poll_at(HOME) || poll_at(HOME));
    end();
}

static void
test_settings(const void *data)
{
    uint8_t bytes[32];

    begin(HOME);
    switch_speed(11, 5);
    CHECK(exchange(bytes, fake_select(0x12345671, bytes), 5));
    nfw_bus_start(&bus, &collector, nfw_port_now_ms()); /* something else has changed */
    CHECK(exchange(bytes, fake_short(0x7b, 0xfd, bytes), 5));
    collector.config.speed = 4;
    nfw_bus_start(&bus, &collector, nfw_port_now_ms());
    CHECK_INT(host.line[NFW_LINE_BUS].speed_baud, 4800);
    CHECK(poll_at(4));
    collector.config.parity = NFW_PARITY_NONE;
    nfw_bus_start(&bus, &collector, nfw_port_now_ms());
    CHECK_INT(host.line[NFW_LINE_BUS].parity, NFW_PARITY_NONE);
    end();
}

static void
test_protocols(const void *data)
{
    uint8_t bytes[32];

    begin(HOME);
    collector.config.protocols = NFW_PROTOCOL_CJT188;
    CHECK(!poll_at(HOME));
    CHECK(exchange(bytes, make_cjt188_read(bytes), HOME));
    collector.config.protocols = NFW_PROTOCOL_MBUS;
    CHECK(poll_at(HOME));
    CHECK(!exchange(bytes, make_cjt188_read(bytes), HOME));
    end();
}

/* Frames of others in one protocol, and a request to us in the other one right behind: sooner than
 * this part can tell from a pause in a frame. */
static void
test_both_protocols(const void *data)
{
    begin(HOME);
    host.gap_floor_ms = 50;
    memset(&bus, 0, sizeof bus);
    nfw_bus_start(&bus, &collector, nfw_port_now_ms());
    for (unsigned i = 0; i < 20; i++) {
        uint8_t bytes[MAX_BYTES];
        uint8_t request[32];
        size_t size;
        uint64_t us;

        if (i % 2 == 0) {
            size = make_cjt188_read(bytes);
            bytes[4] += 5; /* somebody else's */
            bytes[size - 2] += 5;
            us = nfw_host_plan_bytes(&host, host.now_us, NFW_LINE_BUS, bytes, size);
            size = fake_short(0x7b, 11, request);
        } else {
            size = make_foreign(bytes);
            us = nfw_host_plan_bytes(&host, host.now_us, NFW_LINE_BUS, bytes, size);
            size = make_cjt188_read(request);
        }
        run_until(us);
        run_for(10000);
        CHECK(exchange(request, size, HOME));
        run_for(US_PER_S);
    }
    end();
}

/* --- faults ---------------------------------------------------------------------------------- */

static uint32_t random_state;

struct fault_case {
    const char *path;
    uint32_t flip;    /* of a byte, in 1000 */
    uint32_t drop;    /* of a byte, in 1000 */
    uint32_t junk;    /* of a byte more, in 1000 */
    uint32_t half;    /* of a frame cut, in 1000 */
    uint32_t foreign; /* of somebody else's answer with a request for us in it, in 1000 */
    unsigned row;     /* unanswered polls in a row at most */
};

/* the last is more than a wire may do; the seed is fixed, so that the rows are what they are */
static const struct fault_case fault_cases[] = {
    {"/bus/faults/flips", 3, 0, 0, 0, 0, 3},
    {"/bus/faults/many-flips", 20, 0, 0, 0, 0, 4},
    {"/bus/faults/drops", 0, 20, 0, 0, 0, 4},
    {"/bus/faults/junk", 0, 0, 20, 0, 0, 4},
    {"/bus/faults/half-frames", 0, 0, 0, 100, 0, 4},
    {"/bus/faults/foreign-answers", 0, 0, 0, 0, 500, 1},
    {"/bus/faults/everything", 10, 10, 10, 10, 300, 5},
};

static void
plan_harmed(const struct fault_case *fault, const uint8_t *bytes, size_t size, bool *is_harmed)
{
    uint64_t us = host.now_us;

    if (nfw_random(&random_state) % 1000 < fault->half) {
        size = nfw_random(&random_state) % size;
        *is_harmed = true;
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = bytes[i];

        if (nfw_random(&random_state) % 1000 < fault->junk) {
            us = nfw_host_plan_byte(&host, us, NFW_LINE_BUS, (uint8_t)nfw_random(&random_state), 0);
            *is_harmed = true;
        }
        if (nfw_random(&random_state) % 1000 < fault->drop) {
            *is_harmed = true;
            continue;
        }
        if (nfw_random(&random_state) % 1000 < fault->flip) {
            byte ^= (uint8_t)(1u << nfw_random(&random_state) % 8);
            *is_harmed = true;
        }
        us = nfw_host_plan_byte(&host, us, NFW_LINE_BUS, byte, 0);
    }
    request_end_us = us;
}

static void
test_faults(const void *data)
{
    const struct fault_case *fault = data;
    unsigned row = 0;
    unsigned worst = 0;
    uint32_t answers = 0;

    begin(HOME);
    random_state = 20261122;
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t bytes[MAX_BYTES];
        bool is_harmed = false;
        uint32_t sent;

        if (nfw_random(&random_state) % 1000 < fault->foreign) {
            bool ignored = false;

            sent = host.line[NFW_LINE_BUS].sent_count;
            plan_harmed(fault, bytes, make_foreign(bytes), &ignored);
            run_until(request_end_us + 300000);
            CHECK_INT(host.line[NFW_LINE_BUS].sent_count, sent); /* never into another's words */
        }
        sent = host.line[NFW_LINE_BUS].sent_count;
        plan_harmed(fault, bytes, fake_short(i % 2 != 0 ? 0x7b : 0x5b, 11, bytes), &is_harmed);
        run_until(request_end_us + 700000);
        if (host.line[NFW_LINE_BUS].sent_count != sent) {
            answers++;
            row = 0;
            CHECK(fake_is_sound(host.line[NFW_LINE_BUS].sent, host.line[NFW_LINE_BUS].sent_size));
        } else {
            row++;
            worst = row > worst ? row : worst;
        }
    }
    CHECK(worst <= fault->row);
    CHECK(answers > 2000);
    end();
}

/* ten thousand polls of a good line: none is lost */
static void
test_many_polls(const void *data)
{
    unsigned lost = 0;

    begin(5);
    for (unsigned i = 0; i < 10000; i++)
        lost += poll_at(5) ? 0 : 1;
    CHECK_INT(lost, 0);
    CHECK_INT(bus.late + bus.broken, 0);
    end();
}

static void
test_pause_in_frame(const void *data)
{
    for (uint8_t speed = 0; speed < LAST_FOUND; speed++) {
        uint8_t bytes[5];
        uint64_t us;

        begin(speed);
        fake_short(0x7b, 11, bytes);
        us = nfw_host_plan_bytes(&host, host.now_us, NFW_LINE_BUS, bytes, 2);
        nfw_host_plan_bytes(&host, us + 10000, NFW_LINE_BUS, bytes + 2, 3);
        run_for(3 * US_PER_S);
        /* up to 2400 Bd ten milliseconds are less than 33 bits */
        CHECK_INT(host.line[NFW_LINE_BUS].sent_count, speed <= 3 ? 1 : 0);
        CHECK(poll_at(speed));
        end();
    }
}

static void
test_babble(const void *data)
{
    for (uint8_t speed = 0; speed < LAST_FOUND; speed++) {
        unsigned polls = 0;

        begin(speed);
        random_state = 4711u + speed;
        for (unsigned minute = 0; minute < 10; minute++) {
            /* a device that sends without end, with pauses now and then */
            uint64_t us = host.now_us;

            for (unsigned i = 0; i < 500; i++) {
                us = nfw_host_plan_byte(&host, us, NFW_LINE_BUS, (uint8_t)nfw_random(&random_state),
                                        nfw_random(&random_state) % 3 == 0 ? NFW_RX_BAD : 0);
                us += nfw_random(&random_state) % 40 == 0 ? 300000 : 0;
            }
            run_until(us + 50000);
        }
        CHECK_INT(host.line[NFW_LINE_BUS].sent_count, 0);
        do {
            polls++;
            run_for(200000);
        } while (!poll_at(speed) && polls < 20);
        CHECK(polls <= 4);
        end();
    }
}

int
main(void)
{
    nilo_test_run("/bus/window", test_window, NULL);
    nilo_test_run("/bus/driver", test_driver, NULL);
    nilo_test_run("/bus/busy-loop", test_busy_loop, NULL);
    nilo_test_run("/bus/slow-order", test_slow_order, NULL);
    nilo_test_run("/bus/somebody-speaks-first", test_somebody_speaks_first, NULL);
    nilo_test_run("/bus/deaf-while-sending", test_deaf_while_sending, NULL);
    nilo_test_run("/bus/echo", test_echo, NULL);
    nilo_test_run("/bus/switch", test_switch, NULL);
    nilo_test_run("/bus/switch/of-all", test_switch_of_all, NULL);
    nilo_test_run("/bus/switch/not-followed", test_switch_not_followed, NULL);
    nilo_test_run("/bus/silence", test_silence, NULL);
    nilo_test_run("/bus/detection", test_detection, NULL);
    nilo_test_run("/bus/trust", test_trust, NULL);
    nilo_test_run("/bus/settings", test_settings, NULL);
    nilo_test_run("/bus/protocols", test_protocols, NULL);
    nilo_test_run("/bus/protocols/both", test_both_protocols, NULL);
    for (size_t i = 0; i < sizeof fault_cases / sizeof fault_cases[0]; i++)
        nilo_test_run(fault_cases[i].path, test_faults, &fault_cases[i]);
    nilo_test_run("/bus/many-polls", test_many_polls, NULL);
    nilo_test_run("/bus/pause-in-frame", test_pause_in_frame, NULL);
    nilo_test_run("/bus/babble", test_babble, NULL);
    return nilo_test_finish();
}
