/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition)
        abort();
}

static void
check_frame(const uint8_t *data, size_t size, const NiloCjt188Found *found)
{
    const NiloCjt188Frame *frame = &found->frame;
    uint8_t bytes[NILO_CJT188_FRAME_MAX_SIZE + NILO_CJT188_PREAMBLE_MAX_SIZE];
    size_t built;

    require(frame->bytes == data + found->preamble_size);
    require(frame->size == (size_t)NILO_CJT188_FRAME_MIN_SIZE + frame->data_size);
    require(found->preamble_size + frame->size + found->trailing_size == size);
    require(frame->data >= data && frame->data + frame->data_size <= data + size);
    require(nilo_cjt188_frame_build(frame, 2, bytes, sizeof bytes, &built) == NILO_WIRE_OK);
    require(built == frame->size + 2);
    require(frame->checksum != frame->sum || memcmp(bytes + 2, frame->bytes, frame->size) == 0);
}

/* a reader that always drops what it is told to must come to an end, over the whole input */
static void
check_progress(const uint8_t *data, size_t size)
{
    while (size > 0) {
        NiloCjt188Found found;
        const NiloWireResult result = nilo_cjt188_frame_find(data, size, &found);

        require(found.consumed_size <= size);
        if (result == NILO_WIRE_NEED_MORE) {
            require(found.expected_size > size);
            return;
        }
        require(found.consumed_size > 0);
        if (result == NILO_WIRE_OK || result == NILO_WIRE_BAD_CHECKSUM)
            check_frame(data, size, &found);
        else
            require(result == NILO_WIRE_BAD_START && found.consumed_size == size);
        data += found.consumed_size;
        size -= found.consumed_size;
    }
}

/* whatever stands in front: a good frame is found, and with fewer bytes there is no other verdict
 * on it */
static void
check_behind_noise(const uint8_t *data, size_t size)
{
    uint8_t bytes[64 + NILO_CJT188_FRAME_MAX_SIZE];
    const size_t n_noise = size / 2 < 64 ? size / 2 : 64;
    const size_t n_data = size - n_noise < 40 ? size - n_noise : 40;
    const NiloCjt188Frame frame = {
        .type = 0x10,
        .control = 0x81,
        .data = data + n_noise,
        .data_size = (uint8_t)n_data,
    };
    NiloCjt188Found found;
    size_t built;

    if (n_noise > 0)
        memcpy(bytes, data, n_noise);
    require(nilo_cjt188_frame_build(&frame, 0, bytes + n_noise, sizeof bytes - n_noise, &built) ==
            NILO_WIRE_OK);
    require(nilo_cjt188_frame_find(bytes, n_noise + built, &found) == NILO_WIRE_OK);
    require(found.preamble_size <= n_noise);
    check_frame(bytes, n_noise + built, &found);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    NiloCjt188Found found;

    if (nilo_cjt188_frame_find(data, size, &found) == NILO_WIRE_OK) {
        NiloCjt188Found again;
        const size_t end = found.preamble_size + found.frame.size;

        /* what stands behind a good frame does not change it */
        require(nilo_cjt188_frame_find(data, end, &again) == NILO_WIRE_OK);
        require(again.frame.bytes == found.frame.bytes && again.trailing_size == 0);
    }
    check_progress(data, size);
    check_behind_noise(data, size);
    return 0;
}
