/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-mbus-for-test.h"

#include <stdlib.h>
#include <string.h>

/*
 * What the line brings: bytes with their flags, and whole frames, sound and spoiled, as the input
 * says. An answer is only ever given at the end of a sound request to somebody of ours, by a look
 * at the bytes that shares nothing with the slave.
 */
#define HISTORY 300u

static uint8_t line[HISTORY]; /* since the last thing that ends a frame whatever it is */
static size_t n_line;

static bool
is_ours(uint8_t a)
{
    return a == 10 || a == 11 || a == 12 || a == 14 || a == 253 || a == 254;
}

/* whether the last @size bytes are a request that may be answered */
static bool
is_request(size_t size)
{
    const uint8_t *bytes = line + n_line - size;

    if (n_line < size || !fake_is_sound(bytes, size))
        return false;
    if (size == 5)
        return is_ours(bytes[2]) && (bytes[1] == 0x40 || (bytes[1] & 0xde) == 0x5a);
    return is_ours(bytes[5]) && (bytes[4] == 0x53 || bytes[4] == 0x73);
}

static bool
ends_with_request(void)
{
    if (is_request(5))
        return true;
    for (size_t size = 9; size <= NFW_MBUS_SLAVE_MAX_FRAME; size++) {
        if (is_request(size))
            return true;
    }
    return false;
}

/* a broadcast may change something, and is never answered */
static bool
ends_with_broadcast(void)
{
    for (size_t size = 9; size <= NFW_MBUS_SLAVE_MAX_FRAME && size <= n_line; size++) {
        const uint8_t *bytes = line + n_line - size;

        if (fake_is_sound(bytes, size) && bytes[5] == 255 && (bytes[4] == 0x53 || bytes[4] == 0x73))
            return true;
    }
    return false;
}

static void
note(uint8_t byte, uint8_t flags)
{
    if ((flags & (NFW_RX_GAP | NFW_RX_LOST | NFW_RX_BAD)) != 0)
        n_line = 0;
    if ((flags & NFW_RX_BAD) != 0)
        return;
    if (n_line == HISTORY) {
        memmove(line, line + 1, HISTORY - 1);
        n_line--;
    }
    line[n_line++] = byte;
}

static struct nfw_collector collector;
static struct nfw_mbus_slave slave;

static void
feed(uint8_t value, uint8_t flags)
{
    const struct nfw_rx_byte byte = {.byte = value, .flags = flags};
    const unsigned orders = collector.n_orders;
    struct nfw_answer answer;
    enum nfw_heard heard;

    note(value, flags);
    heard = nfw_mbus_slave_feed(&slave, &collector, &byte, &answer);
    if (answer.size > NFW_ANSWER_MAX_SIZE || (answer.size > 0 && heard != NFW_HEARD_FRAME))
        abort();
    if (answer.size > 0 && !ends_with_request())
        abort();
    /* of several of ours the answer is broken on purpose, and short */
    if (answer.size > 9 && !fake_is_sound(answer.bytes, answer.size))
        abort();
    if (collector.n_orders != orders && !ends_with_request() && !ends_with_broadcast())
        abort();
}

/* The next byte of the input, 0 behind its end. */
static uint8_t
take(const uint8_t *data, size_t size, size_t *at)
{
    return *at < size ? data[(*at)++] : 0;
}

/* A frame as the input wants it, perhaps with one byte changed, lost or behind a pause. */
static void
feed_frame(const uint8_t *data, size_t size, size_t *at, uint8_t kind)
{
    static const uint8_t controls[] = {0x40, 0x5b, 0x7b, 0x5a, 0x7a, 0x53, 0x73, 0x08};
    static const uint8_t addresses[] = {10, 11, 12, 13, 14, 253, 254, 255};
    static const uint8_t codes[] = {0x50, 0x51, 0x51, 0x51, 0x52, 0x54, 0x5c, 0xbb};
    const uint8_t who = take(data, size, at);
    const uint8_t harm = take(data, size, at);
    const uint8_t where = take(data, size, at);
    const uint8_t c = controls[who & 7];
    const uint8_t a = addresses[who >> 3 & 7];
    uint8_t payload[252];
    uint8_t bytes[NFW_ANSWER_MAX_SIZE];
    size_t length;

    if (kind == 0) {
        length = fake_short(c, a, bytes);
    } else {
        const uint8_t code = codes[take(data, size, at) & 7];
        const size_t wanted = take(data, size, at) % (kind == 1 ? 64 : sizeof payload);

        for (size_t i = 0; i < wanted; i++)
            payload[i] = take(data, size, at);
        length = fake_long(c, a, code, payload, wanted, bytes);
    }
    for (size_t i = 0; i < length; i++) {
        const bool is_harmed = (harm & 3) != 0 && i == where % length;
        uint8_t flags = i == 0 && (harm & 4) == 0 ? NFW_RX_GAP : 0;

        if (is_harmed && (harm & 3) == 1)
            continue;
        if (is_harmed && (harm & 3) == 2)
            flags |= NFW_RX_GAP;
        feed((uint8_t)(bytes[i] ^ (is_harmed && (harm & 3) == 3 ? 1u << (harm >> 3 & 7) : 0)),
             flags);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = 0;

    fake_init(&collector);
    nfw_mbus_slave_init(&slave);
    n_line = 0;
    while (at < size) {
        const uint8_t what = take(data, size, &at);

        if (what < 0x60)
            feed(take(data, size, &at), what & 0x07);
        else
            feed_frame(data, size, &at, what % 3);
    }
    return 0;
}
