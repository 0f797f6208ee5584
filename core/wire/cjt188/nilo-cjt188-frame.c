/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-frame.h"

#define START_BYTE     0x68
#define STOP_BYTE      0x16
#define OFFSET_TYPE    1
#define OFFSET_ADDRESS 2
#define OFFSET_CONTROL 9
#define OFFSET_LENGTH  10

static uint8_t
sum_bytes(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}

NiloWireResult
nilo_cjt188_frame_parse(const uint8_t *bytes, size_t size, NiloCjt188Frame *frame)
{
    size_t end;

    if (size == 0)
        return NILO_WIRE_NEED_MORE;
    if (bytes[0] != START_BYTE)
        return NILO_WIRE_BAD_START;
    if (size < NILO_CJT188_FRAME_HEAD_SIZE)
        return NILO_WIRE_NEED_MORE;
    if (bytes[OFFSET_LENGTH] > NILO_CJT188_DATA_MAX_SIZE)
        return NILO_WIRE_BAD_LENGTH;
    end = nilo_cjt188_frame_get_expected_size(bytes, size);
    if (size < end)
        return NILO_WIRE_NEED_MORE;
    if (bytes[end - 1] != STOP_BYTE)
        return NILO_WIRE_BAD_STOP;

    frame->bytes = bytes;
    frame->size = end;
    frame->type = bytes[OFFSET_TYPE];
    for (size_t i = 0; i < NILO_CJT188_ADDRESS_SIZE; i++)
        frame->address.bytes[i] = bytes[OFFSET_ADDRESS + i];
    frame->control = bytes[OFFSET_CONTROL];
    frame->data = bytes + NILO_CJT188_FRAME_HEAD_SIZE;
    frame->data_size = bytes[OFFSET_LENGTH];
    frame->checksum = bytes[end - 2];
    frame->sum = sum_bytes(bytes, end - 2);
    return frame->checksum == frame->sum ? NILO_WIRE_OK : NILO_WIRE_BAD_CHECKSUM;
}

size_t
nilo_cjt188_frame_get_expected_size(const uint8_t *bytes, size_t size)
{
    if (size < NILO_CJT188_FRAME_HEAD_SIZE)
        return NILO_CJT188_FRAME_MIN_SIZE;
    return (size_t)NILO_CJT188_FRAME_MIN_SIZE + bytes[OFFSET_LENGTH];
}

static bool
is_idle(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != NILO_CJT188_PREAMBLE_BYTE && bytes[i] != 0xff && bytes[i] != 0x00)
            return false;
    }
    return true;
}

static NiloCjt188Found
found_at(const NiloCjt188Frame *frame, size_t at, size_t size)
{
    return (NiloCjt188Found){
        .frame = *frame,
        .preamble_size = at,
        .trailing_size = size - at - frame->size,
    };
}

NiloWireResult
nilo_cjt188_frame_find(const uint8_t *bytes, size_t size, NiloCjt188Found *found)
{
    NiloCjt188Found refused = {0}, growing = {0};
    bool is_growing = false;

    for (size_t at = 0; at < size; at++) {
        NiloCjt188Frame frame;

        switch (nilo_cjt188_frame_parse(bytes + at, size - at, &frame)) {
        case NILO_WIRE_OK:
            *found = found_at(&frame, at, size);
            found->consumed_size = at + frame.size;
            found->passed_bad_checksum = refused.frame.size > 0;
            return NILO_WIRE_OK;
        case NILO_WIRE_BAD_CHECKSUM:
            if (refused.frame.size > 0)
                break;
            refused = found_at(&frame, at, size);
            refused.consumed_size = at + 1;
            is_growing = false; /* a whole shape inside of it speaks against that start */
            break;
        case NILO_WIRE_NEED_MORE:
            /* a start byte inside the refused frame is most likely just its data */
            if (is_growing || at < refused.preamble_size + refused.frame.size)
                break;
            is_growing = true;
            growing.preamble_size = growing.consumed_size = at;
            growing.expected_size = at + nilo_cjt188_frame_get_expected_size(bytes + at, size - at);
            break;
        default:
            break;
        }
    }

    if (is_growing) {
        *found = growing;
        found->passed_bad_checksum = refused.frame.size > 0;
        return NILO_WIRE_NEED_MORE;
    }
    if (refused.frame.size > 0) {
        *found = refused;
        return NILO_WIRE_BAD_CHECKSUM;
    }
    *found = (NiloCjt188Found){.consumed_size = size};
    found->preamble_size = size;
    found->expected_size = size + NILO_CJT188_FRAME_MIN_SIZE;
    return is_idle(bytes, size) ? NILO_WIRE_NEED_MORE : NILO_WIRE_BAD_START;
}

NiloWireResult
nilo_cjt188_frame_build(const NiloCjt188Frame *frame, size_t preamble_size, uint8_t *bytes,
                        size_t capacity, size_t *size)
{
    const size_t frame_size = (size_t)NILO_CJT188_FRAME_MIN_SIZE + frame->data_size;
    uint8_t *start;

    if (frame->data_size > NILO_CJT188_DATA_MAX_SIZE ||
        preamble_size > NILO_CJT188_PREAMBLE_MAX_SIZE || preamble_size + frame_size > capacity)
        return NILO_WIRE_TOO_LONG;
    for (size_t i = 0; i < preamble_size; i++)
        bytes[i] = NILO_CJT188_PREAMBLE_BYTE;
    start = bytes + preamble_size;
    start[0] = START_BYTE;
    start[OFFSET_TYPE] = frame->type;
    for (size_t i = 0; i < NILO_CJT188_ADDRESS_SIZE; i++)
        start[OFFSET_ADDRESS + i] = frame->address.bytes[i];
    start[OFFSET_CONTROL] = frame->control;
    start[OFFSET_LENGTH] = frame->data_size;
    for (size_t i = 0; i < frame->data_size; i++)
        start[NILO_CJT188_FRAME_HEAD_SIZE + i] = frame->data[i];
    start[frame_size - 2] = sum_bytes(start, frame_size - 2);
    start[frame_size - 1] = STOP_BYTE;
    *size = preamble_size + frame_size;
    return NILO_WIRE_OK;
}
