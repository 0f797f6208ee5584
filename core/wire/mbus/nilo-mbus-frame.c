/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-frame.h"

#define START_SHORT     0x10
#define START_LONG      0x68
#define STOP            0x16

#define SHORT_SIZE      5u /* start C A checksum stop */
#define LONG_OVERHEAD   6u /* two starts, two lengths, checksum, stop: not counted by L */
#define LONG_HEAD       4u /* bytes before C */
#define MIN_LENGTH      3u /* C A CI */
#define LONG_DATA_START (LONG_HEAD + MIN_LENGTH)

/* Eight bytes at once, in four lanes of 16 bits: 255 bytes fill no lane to the brim, and the order
 * of the bytes in the word does not matter to a sum. */
static uint8_t
checksum(const uint8_t *bytes, size_t size)
{
    const uint64_t low_bytes = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t lanes = 0;
    unsigned sum = 0;

    for (; size >= sizeof lanes; size -= sizeof lanes, bytes += sizeof lanes) {
        uint64_t word;

        __builtin_memcpy(&word, bytes, sizeof word);
        lanes += (word & low_bytes) + (word >> 8 & low_bytes);
    }
    for (; lanes != 0; lanes >>= 16)
        sum += (unsigned)(lanes & 0xffff);
    for (; size > 0; size--)
        sum += *bytes++;
    return (uint8_t)sum;
}

size_t
nilo_mbus_frame_get_expected_size(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    switch (bytes[0]) {
    case NILO_MBUS_ACK_BYTE:
        return 1;
    case START_SHORT:
        return SHORT_SIZE;
    case START_LONG:
        return size >= 2 && bytes[1] >= MIN_LENGTH ? bytes[1] + LONG_OVERHEAD : 0;
    default:
        return 0;
    }
}

static NiloWireResult
parse_short(const uint8_t *bytes, size_t size, NiloMbusFrame *frame)
{
    if (size < SHORT_SIZE)
        return NILO_WIRE_NEED_MORE;
    if (bytes[4] != STOP)
        return NILO_WIRE_BAD_STOP;
    if (checksum(bytes + 1, 2) != bytes[3])
        return NILO_WIRE_BAD_CHECKSUM;
    *frame = (NiloMbusFrame){.type = NILO_MBUS_FRAME_SHORT, .c = bytes[1], .a = bytes[2]};
    return NILO_WIRE_OK;
}

/* refuses as early as a byte is wrong: a reader must not wait for 261 bytes of noise */
static NiloWireResult
check_long_head(const uint8_t *bytes, size_t size)
{
    if (size >= 2 && bytes[1] < MIN_LENGTH)
        return NILO_WIRE_BAD_LENGTH;
    if (size >= 3 && bytes[2] != bytes[1])
        return NILO_WIRE_BAD_LENGTH;
    if (size >= LONG_HEAD && bytes[3] != START_LONG)
        return NILO_WIRE_BAD_START;
    if (size < LONG_HEAD || size < bytes[1] + LONG_OVERHEAD)
        return NILO_WIRE_NEED_MORE;
    return NILO_WIRE_OK;
}

static NiloWireResult
parse_long(const uint8_t *bytes, size_t size, NiloMbusFrame *frame)
{
    const NiloWireResult head = check_long_head(bytes, size);
    const uint8_t *end;
    size_t length;

    if (head != NILO_WIRE_OK)
        return head;
    length = bytes[1];
    end = bytes + LONG_HEAD + length;
    if (end[1] != STOP)
        return NILO_WIRE_BAD_STOP;
    if (checksum(bytes + LONG_HEAD, length) != end[0])
        return NILO_WIRE_BAD_CHECKSUM;
    *frame = (NiloMbusFrame){
        .type = length == MIN_LENGTH ? NILO_MBUS_FRAME_CONTROL : NILO_MBUS_FRAME_LONG,
        .c = bytes[4],
        .a = bytes[5],
        .ci = bytes[6],
        .data = length == MIN_LENGTH ? NULL : bytes + LONG_DATA_START,
        .size = length - MIN_LENGTH,
    };
    return NILO_WIRE_OK;
}

NiloWireResult
nilo_mbus_frame_parse(const uint8_t *bytes, size_t size, NiloMbusFrame *frame, size_t *consumed)
{
    NiloWireResult result;

    *consumed = 0;
    if (size == 0)
        return NILO_WIRE_NEED_MORE;
    switch (bytes[0]) {
    case NILO_MBUS_ACK_BYTE:
        *frame = (NiloMbusFrame){.type = NILO_MBUS_FRAME_ACK};
        result = NILO_WIRE_OK;
        break;
    case START_SHORT:
        result = parse_short(bytes, size, frame);
        break;
    case START_LONG:
        result = parse_long(bytes, size, frame);
        break;
    default:
        result = NILO_WIRE_BAD_START;
        break;
    }
    if (result == NILO_WIRE_OK)
        *consumed = nilo_mbus_frame_get_expected_size(bytes, size);
    else if (result != NILO_WIRE_NEED_MORE)
        *consumed = 1;
    return result;
}

/* whether a frame of one of these types could begin with this byte */
static bool
is_start(uint8_t byte, unsigned types)
{
    switch (byte) {
    case NILO_MBUS_ACK_BYTE:
        return (types & NILO_MBUS_FRAME_ACK) != 0;
    case START_SHORT:
        return (types & NILO_MBUS_FRAME_SHORT) != 0;
    case START_LONG:
        return (types & (NILO_MBUS_FRAME_CONTROL | NILO_MBUS_FRAME_LONG)) != 0;
    default:
        return false;
    }
}

NiloWireResult
nilo_mbus_frame_find(const uint8_t *bytes, size_t size, unsigned types, bool at_end,
                     NiloMbusFrame *frame, size_t *offset, size_t *consumed)
{
    NiloWireResult first = NILO_WIRE_NEED_MORE;

    for (size_t i = 0; i < size; i++) {
        NiloMbusFrame candidate;
        NiloWireResult result;
        size_t used;

        if (!is_start(bytes[i], types))
            continue;
        result = nilo_mbus_frame_parse(bytes + i, size - i, &candidate, &used);
        if (result == NILO_WIRE_OK && (candidate.type & types) != 0) {
            *frame = candidate;
            *offset = i;
            *consumed = i + used;
            return NILO_WIRE_OK;
        }
        if (result == NILO_WIRE_NEED_MORE && !at_end) {
            *offset = *consumed = i;
            return NILO_WIRE_NEED_MORE;
        }
        if (first == NILO_WIRE_NEED_MORE && result != NILO_WIRE_OK)
            first = result;
    }
    *offset = *consumed = size;
    return at_end ? first : NILO_WIRE_NEED_MORE;
}

size_t
nilo_mbus_frame_build_ack(uint8_t *bytes, size_t capacity)
{
    if (capacity < 1)
        return 0;
    bytes[0] = NILO_MBUS_ACK_BYTE;
    return 1;
}

size_t
nilo_mbus_frame_build_short(uint8_t c, uint8_t a, uint8_t *bytes, size_t capacity)
{
    if (capacity < SHORT_SIZE)
        return 0;
    bytes[0] = START_SHORT;
    bytes[1] = c;
    bytes[2] = a;
    bytes[3] = (uint8_t)(c + a);
    bytes[4] = STOP;
    return SHORT_SIZE;
}

/* forwards or backwards as the overlap wants it: data may already stand inside the buffer */
static void
move_bytes(uint8_t *to, const uint8_t *from, size_t size)
{
    if (to == from)
        return;
    if ((uintptr_t)to < (uintptr_t)from) {
        for (size_t i = 0; i < size; i++)
            to[i] = from[i];
    } else {
        for (size_t i = size; i-- > 0;)
            to[i] = from[i];
    }
}

size_t
nilo_mbus_frame_build_long(uint8_t c, uint8_t a, uint8_t ci, const uint8_t *data, size_t data_size,
                           uint8_t *bytes, size_t capacity)
{
    const size_t length = MIN_LENGTH + data_size;

    if (data_size > NILO_MBUS_MAX_DATA || capacity < length + LONG_OVERHEAD)
        return 0;
    move_bytes(bytes + LONG_DATA_START, data, data_size);
    bytes[0] = START_LONG;
    bytes[1] = (uint8_t)length;
    bytes[2] = (uint8_t)length;
    bytes[3] = START_LONG;
    bytes[4] = c;
    bytes[5] = a;
    bytes[6] = ci;
    bytes[LONG_HEAD + length] = checksum(bytes + LONG_HEAD, length);
    bytes[LONG_HEAD + length + 1] = STOP;
    return length + LONG_OVERHEAD;
}

size_t
nilo_mbus_frame_build_control(uint8_t c, uint8_t a, uint8_t ci, uint8_t *bytes, size_t capacity)
{
    return nilo_mbus_frame_build_long(c, a, ci, NULL, 0, bytes, capacity);
}

size_t
nilo_mbus_frame_build(const NiloMbusFrame *frame, uint8_t *bytes, size_t capacity)
{
    switch (frame->type) {
    case NILO_MBUS_FRAME_ACK:
        return nilo_mbus_frame_build_ack(bytes, capacity);
    case NILO_MBUS_FRAME_SHORT:
        return nilo_mbus_frame_build_short(frame->c, frame->a, bytes, capacity);
    case NILO_MBUS_FRAME_CONTROL:
        return nilo_mbus_frame_build_control(frame->c, frame->a, frame->ci, bytes, capacity);
    case NILO_MBUS_FRAME_LONG:
        return nilo_mbus_frame_build_long(frame->c, frame->a, frame->ci, frame->data, frame->size,
                                          bytes, capacity);
    }
    return 0;
}
