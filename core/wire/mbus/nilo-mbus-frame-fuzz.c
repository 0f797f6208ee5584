/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Link frames out of any bytes: what is found lies inside them, and can be built again. */
#include "nilo-mbus-frame.h"

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
check_frame(const NiloMbusFrame *frame, const uint8_t *bytes, size_t size)
{
    uint8_t built[NILO_MBUS_MAX_FRAME];

    require(frame->size == 0 ||
            (frame->data >= bytes && frame->data + frame->size <= bytes + size));
    require(nilo_mbus_frame_build(frame, built, sizeof built) == size);
    require(memcmp(built, bytes, size) == 0);
}

/* a whole frame made of the same bytes is found, whatever noise stands in front of it */
static void
check_behind_noise(const uint8_t *data, size_t size)
{
    const size_t noise = size > 0 ? data[0] % 9u : 0;
    uint8_t bytes[8 + NILO_MBUS_MAX_FRAME];
    size_t built, offset, consumed;
    NiloMbusFrame frame;

    if (size < 8 + 4 || size > NILO_MBUS_MAX_DATA)
        return;
    memcpy(bytes, data, noise);
    built = nilo_mbus_frame_build_long(data[1], data[2], data[3], data + 4, size - 4, bytes + noise,
                                       NILO_MBUS_MAX_FRAME);
    require(built == size - 4 + 9);
    require(nilo_mbus_frame_find(bytes, noise + built, NILO_MBUS_FRAME_LONG, true, &frame, &offset,
                                 &consumed) == NILO_WIRE_OK);
    require(offset <= noise);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned types = size > 0 && (data[0] & 1) != 0
                               ? NILO_MBUS_FRAME_ANY
                               : NILO_MBUS_FRAME_LONG | NILO_MBUS_FRAME_CONTROL;
    size_t position = 0;

    check_behind_noise(data, size);
    /* as a reader does it: find, deal with it, look behind it */
    while (position < size) {
        const uint8_t *bytes = data + position;
        const size_t left = size - position;
        NiloMbusFrame frame;
        size_t offset, consumed;
        NiloWireResult result =
            nilo_mbus_frame_find(bytes, left, types, false, &frame, &offset, &consumed);

        require(offset <= consumed && consumed <= left);
        if (result != NILO_WIRE_OK) {
            require(result == NILO_WIRE_NEED_MORE && offset == consumed);
            if (offset < left) {
                const size_t expected =
                    nilo_mbus_frame_get_expected_size(bytes + offset, left - offset);

                require(expected == 0 || expected > left - offset);
            }
            result = nilo_mbus_frame_find(bytes, left, types, true, &frame, &offset, &consumed);
            if (result != NILO_WIRE_OK)
                break;
        }
        check_frame(&frame, bytes + offset, consumed - offset);
        require(consumed > 0);
        position += consumed;
    }
    return 0;
}
