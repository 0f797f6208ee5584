/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Frames with a right checksum are rare in noise, so every input is also wrapped: its first byte is
 * the control field, the rest the data of a good frame.
 */
#include "nilo-cjt188-text.h"

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
check_text(const NiloCjt188Field *field)
{
    char whole[400], part[16];
    const size_t length = nilo_cjt188_field_to_text(field, whole, sizeof whole);

    require(length < sizeof whole && strlen(whole) == length);
    require(nilo_cjt188_field_to_text(field, part, sizeof part) == length);
    require(strncmp(part, whole, sizeof part - 1) == 0 && memchr(part, '\0', sizeof part) != NULL);
    require(nilo_cjt188_field_to_text(field, NULL, 0) == length);
}

static void
check_fields(const NiloCjt188Message *message, const NiloCjt188Profile *profile)
{
    NiloCjt188Fields fields;
    NiloCjt188Field field;
    size_t used = 0;

    nilo_cjt188_field_start(&fields, message, profile);
    while (nilo_cjt188_field_next(&fields, &field) == NILO_WIRE_OK) {
        require(field.size > 0 && field.bytes == message->payload + used);
        require(nilo_cjt188_key_get_name(field.key) != NULL);
        require(nilo_quantity_get_name(field.quantity) != NULL);
        require(nilo_unit_get_name(field.unit) != NULL);
        require(field.state == NILO_CJT188_STATE_OK || field.mantissa == 0);
        require(field.unit_source != NILO_CJT188_UNIT_UNKNOWN || field.unit == NILO_UNIT_NONE);
        require(field.mantissa >= 0);
        check_text(&field);
        used += field.size;
    }
    require(used == message->payload_size);
    require(nilo_cjt188_field_next(&fields, &field) == NILO_WIRE_END);
}

static void
check_lines(const uint8_t *bytes, size_t size)
{
    const size_t text_size = NILO_CJT188_LINE_TEXT_SIZE(size);
    char *text = malloc(text_size);
    char key[NILO_CJT188_LINE_KEY_SIZE];
    NiloCjt188Lines lines;

    require(text != NULL);
    nilo_cjt188_line_start(&lines, bytes, size, NULL);
    while (nilo_cjt188_line_next(&lines, key, text, text_size)) {
        require(key[0] != '\0' && strlen(key) < sizeof key);
        require(text[0] != '\0' && strlen(text) < text_size - 1);
    }
    free(text);
}

static void
check_message(const NiloCjt188Frame *frame)
{
    static const NiloCjt188Profile odd = {
        .status_map = &nilo_cjt188_status_map_mirrored,
        .assumed_unit_code = 0x29,
        .volume_decimals = -128,
        .flow_decimals = 127,
    };
    NiloCjt188Message message;
    uint8_t bytes[NILO_CJT188_FRAME_MAX_SIZE];
    NiloWireResult result;
    size_t size;

    nilo_cjt188_message_parse(frame, &message);
    require(message.payload_size == 0 ||
            (message.payload >= frame->data &&
             message.payload + message.payload_size == frame->data + frame->data_size));
    check_fields(&message, NULL);
    check_fields(&message, &odd);

    result = nilo_cjt188_message_build(&message, 0, frame->type, &frame->address, bytes,
                                       sizeof bytes, &size);
    if (!message.is_answer && nilo_cjt188_function_is_write(message.function))
        return; /* may be refused: to a wildcard, or too long */
    require(result == NILO_WIRE_OK && size == frame->size);
    require(memcmp(bytes, frame->bytes, size) == 0);
}

static void
check_wrapped(const uint8_t *data, size_t size)
{
    uint8_t bytes[NILO_CJT188_FRAME_MAX_SIZE];
    NiloCjt188Frame frame = {.type = 0x10, .data = data + 1};
    NiloCjt188Frame parsed;
    size_t built;

    if (size == 0)
        return;
    frame.control = data[0];
    frame.data_size =
        (uint8_t)(size - 1 < NILO_CJT188_DATA_MAX_SIZE ? size - 1 : NILO_CJT188_DATA_MAX_SIZE);
    require(nilo_cjt188_frame_build(&frame, 0, bytes, sizeof bytes, &built) == NILO_WIRE_OK);
    require(nilo_cjt188_frame_parse(bytes, built, &parsed) == NILO_WIRE_OK);
    check_message(&parsed);
    check_lines(bytes, built);
}

/* control, then the choice of an identifier, then the data behind it, most often BCD */
static void
check_known(const uint8_t *data, size_t size)
{
    static const uint16_t identifiers[] = {
        0x901f, 0xd120, 0xd12b, 0xd2ff, 0x8102, 0x8103, 0x8104, 0x8105, 0x8106, 0x810a, 0xa010,
        0xa011, 0xa012, 0xa013, 0xa014, 0xa015, 0xa016, 0xa017, 0xa018, 0xa019, 0xa107, 0x911f,
    };
    static const uint8_t sizes[] = {19, 43, 6, 26, 5, 15, 16, 9, 7, 1, 2, 0, 20, 45};
    static const uint8_t units[] = {0x2c, 0x29, 0x05, 0x17, 0x35, 0x00, 0xff, 0x49};
    uint8_t bytes[4 + 48] = {0};
    size_t used;
    uint16_t di;

    if (size < 4)
        return;
    used = sizes[data[2] % sizeof sizes];
    di = identifiers[data[1] % (sizeof identifiers / sizeof identifiers[0])];
    bytes[0] = data[0];
    bytes[1] = (uint8_t)(di >> 8);
    bytes[2] = (uint8_t)di;
    for (size_t i = 0; i < used; i++) {
        const uint8_t byte = data[4 + i < size ? 4 + i : 3];

        bytes[4 + i] = (data[3] & 3) == 0 ? byte : (uint8_t)(byte % 10 << 4 | byte / 10 % 10);
        if (i % 5 == ((data[3] & 4) != 0 ? 0 : 4))
            bytes[4 + i] = units[byte % sizeof units];
    }
    check_wrapped(bytes, 4 + used);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    NiloCjt188Found found;
    const NiloWireResult result = nilo_cjt188_frame_find(data, size, &found);

    if (result == NILO_WIRE_OK) {
        check_message(&found.frame);
        /* the frame's own control and data, so that mutations of seeds reach the decoders */
        check_wrapped(found.frame.bytes + 9, found.frame.size - 9);
    }
    check_wrapped(data, size);
    check_known(data, size);
    check_lines(data, size);
    return 0;
}
