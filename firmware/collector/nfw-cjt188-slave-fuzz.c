/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the slave hears, with gaps, errors and losses where the fuzzer wants them. The fuzzer also
 * gets whole frames for little, with right sums and our own address, since it would hardly guess
 * one. Whatever was heard is judged again here, from the bytes alone and with none of the code
 * under test: an answer must be one to a sound request for us, and a sound question gets one.
 */
#include "nfw-cjt188-slave-fake.h"
#include "nfw-cjt188-slave.h"

#include <stdlib.h>
#include <string.h>

#define HEARD_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *bytes;
    size_t size;
};

struct world {
    struct nfw_collector collector;
    struct nfw_cjt188_slave slave;
    uint8_t heard[HEARD_MAX]; /* since the last gap */
    size_t n_heard;
    bool is_clean; /* since then; false before the first gap */
};

static void
require(bool condition)
{
    if (!condition)
        abort();
}

static uint8_t
take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->bytes++;
}

/* --- the judge ----------------------------------------------------------------------------------
 */

static bool
is_sound(const uint8_t *frame, size_t size)
{
    uint8_t sum = 0;

    if (size < 13 || frame[0] != 0x68 || frame[10] > 100 || size != 13u + frame[10] ||
        frame[size - 1] != 0x16)
        return false;
    for (size_t i = 0; i < size - 2; i++)
        sum = (uint8_t)(sum + frame[i]);
    return sum == frame[size - 2];
}

/* the frame that ends with the last byte heard, in the chain of sound ones from the gap on; or NULL
 */
static const uint8_t *
find_last_frame(const struct world *world, size_t *size)
{
    size_t at = 0;

    while (world->is_clean && at < world->n_heard) {
        const uint8_t *start = world->heard + at;
        const size_t rest = world->n_heard - at;

        if (*start == 0xfe || *start == 0xff || *start == 0x00) {
            at++;
            continue;
        }
        if (rest < 13 || rest < 13u + start[10] || !is_sound(start, 13u + start[10]))
            return NULL;
        *size = 13u + start[10];
        at += *size;
        if (at == world->n_heard)
            return start;
    }
    return NULL;
}

/* the lengths that requests may have, by function */
static bool
is_length_right(const uint8_t *frame)
{
    switch (frame[9]) {
    case 0x01:
    case 0x09:
        return frame[10] == 3;
    case 0x03:
        return frame[10] == 2 || frame[10] == 3;
    case 0x04:
        return frame[10] >= 3 && frame[10] <= 50;
    case 0x15:
        return frame[10] == 10;
    case 0x16:
        return frame[10] == 8;
    default:
        return false;
    }
}

static bool
is_for_us(const struct world *world, const uint8_t *frame)
{
    static const uint8_t anybody[7] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};
    unsigned n_meters = 0, n_meant = 0;

    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        const struct nfw_channel_config *config = &world->collector.config.channel[i];

        if (config->source == NFW_SOURCE_OFF)
            continue;
        n_meters++;
        n_meant += memcmp(config->number, frame + 2, 7) == 0;
    }
    if (memcmp(frame + 2, anybody, 7) == 0)
        return n_meters == 1 && (frame[9] == 0x01 || frame[9] == 0x03);
    return n_meant > 0;
}

static void
check_answer(const uint8_t *request, const struct nfw_answer *answer)
{
    const uint8_t *frame = answer->bytes + 2;

    require(answer->size >= 2 + 13 && answer->bytes[0] == 0xfe && answer->bytes[1] == 0xfe);
    require(is_sound(frame, answer->size - 2u));
    require(frame[1] == 0x10);
    require(request[8] == 0xaa ? frame[8] < 0xa0 : memcmp(frame + 2, request + 2, 7) == 0);
    if ((frame[9] & 0x40) == 0) {
        require(frame[9] == (0x80 | request[9]));
        require(frame[10] >= 2 && memcmp(frame + 11, request + 11, request[10] < 3 ? 2 : 3) == 0);
    } else {
        require(frame[9] == (0xc0 | request[9]));
        require(frame[10] == 3 && frame[11] == request[13] && (frame[13] & 0xc0) != 0);
    }
}

static bool
is_plain_question(const uint8_t *frame)
{
    return frame[1] == 0x10 && frame[9] == 0x01 && frame[10] == 3 &&
           ((frame[11] == 0x90 && frame[12] == 0x1f) || (frame[11] == 0x1f && frame[12] == 0x90));
}

static void
hear(struct world *world, uint8_t byte, uint8_t flags)
{
    const struct nfw_rx_byte received = {byte, flags};
    struct nfw_answer answer = {.size = 0xffff};
    const uint8_t *frame;
    enum nfw_heard heard;
    size_t size;
    bool is_ours;

    if ((flags & NFW_RX_GAP) != 0) {
        world->n_heard = 0;
        world->is_clean = true;
    }
    if (world->n_heard == HEARD_MAX)
        return;
    if ((flags & (NFW_RX_BAD | NFW_RX_LOST)) != 0)
        world->is_clean = false;
    world->heard[world->n_heard++] = byte;
    frame = find_last_frame(world, &size);
    is_ours = frame != NULL && is_for_us(world, frame); /* before an order moves us */

    heard = nfw_cjt188_slave_feed(&world->slave, &world->collector, &received, &answer);
    require((heard == NFW_HEARD_FRAME) == (frame != NULL));
    require(answer.new_speed == 0);
    if (answer.size > 0) {
        require(is_ours && is_length_right(frame));
        check_answer(frame, &answer);
    } else {
        require(!is_ours || !is_plain_question(frame));
    }
}

/* --- what is said -------------------------------------------------------------------------------
 */

static const uint8_t identifiers[][2] = {
    {0x90, 0x1f}, {0x1f, 0x90}, {0xd1, 0x20}, {0x81, 0x0a}, {0x81, 0x03}, {0xa0, 0x15},
    {0xa0, 0x16}, {0xa0, 0x18}, {0xa1, 0x04}, {0xd2, 0x00}, {0x01, 0xd3}, {0xd4, 0x00},
    {0xd5, 0x00}, {0x01, 0xd5}, {0xd6, 0x03}, {0x07, 0xd6}, {0xd7, 0x00}, {0xd7, 0x10},
};

static void
say_frame(struct world *world, struct input *input)
{
    static const uint8_t functions[] = {0x01, 0x03, 0x04, 0x09, 0x15, 0x16};
    static const uint8_t lengths[] = {3, 3, 10, 8, 4, 5, 2, 50};
    const uint8_t choice = take(input);
    const uint8_t whose = choice & 0x03;
    const uint8_t spoilt_at = (choice & 0x80) != 0 ? take(input) : 0xff;
    const uint8_t spoilt_by = spoilt_at != 0xff ? take(input) : 0;
    uint8_t bytes[13 + 255] = {0x68, 0x10};
    uint8_t *data = bytes + 11;
    uint8_t sum = 0;

    memcpy(bytes + 2, world->collector.config.channel[whose & 1].number, NFW_NUMBER_SIZE);
    if (whose == 2)
        memset(bytes + 2, 0xaa, NFW_NUMBER_SIZE);
    else if (whose == 3)
        bytes[2 + take(input) % 7]++;
    bytes[9] = functions[take(input) % sizeof functions];
    bytes[10] = (choice & 0x40) != 0 ? take(input) : lengths[take(input) % sizeof lengths];
    for (size_t i = 0; i < bytes[10]; i++)
        data[i] = take(input);
    memcpy(data, identifiers[take(input) % (sizeof identifiers / 2)], 2);
    for (size_t i = 0; i < 11u + bytes[10]; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[11 + bytes[10]] = sum;
    bytes[12 + bytes[10]] = 0x16;
    for (size_t i = 0; i < 13u + bytes[10]; i++) {
        const uint8_t byte = i == spoilt_at ? bytes[i] ^ spoilt_by : bytes[i];

        hear(world, byte, i == 0 && (choice & 0x20) != 0 ? NFW_RX_GAP : 0);
    }
}

static void
say_something(struct world *world, struct input *input)
{
    const uint8_t what = take(input);

    switch (what & 0x07) {
    case 0:
        hear(world, take(input), what >> 5);
        break;
    case 1:
        hear(world, 0xfe, (what & 0x80) != 0 ? NFW_RX_GAP : 0);
        break;
    case 2:
        world->collector.result = (what & 0x80) != 0 ? NFW_ERR_REFUSED : NFW_OK;
        world->collector.config.channel[1].source =
            (what & 0x40) != 0 ? NFW_SOURCE_OFF : NFW_SOURCE_PULSE;
        world->collector.log[what >> 4 & 0x03].held = take(input) * 5u;
        world->collector.log[what >> 4 & 0x03].hole = take(input);
        break;
    case 3:
        world->collector.n_events = take(input);
        world->collector.reading[0].volume_ml =
            (int64_t)(take(input) - 128) * (INT64_C(1) << (what >> 3));
        world->collector.reading[0].status = take(input);
        world->collector.now = (nfw_seconds)take(input) << 23;
        break;
    default:
        say_frame(world, input);
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct world world = {.is_clean = false};

    fake_init(&world.collector);
    nfw_cjt188_slave_init(&world.slave);
    while (input.size > 0)
        say_something(&world, &input);
    return 0;
}
