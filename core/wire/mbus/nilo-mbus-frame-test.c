/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-request.h"
#include "nilo-wire-test.h"

#define READOUT 0x10, 0x5b, 0x01, 0x5c, 0x16
#define ANSWER  0x68, 0x04, 0x04, 0x68, 0x08, 0x01, 0x70, 0x02, 0x7b, 0x16

typedef struct {
    const char *path;
    uint8_t bytes[32];
    size_t size;
    NiloWireResult result;
    NiloMbusFrameType type;
    size_t consumed;
} ParseCase;

static const ParseCase parse_cases[] = {
    {"/mbus/frame/parse/empty", {0}, 0, NILO_WIRE_NEED_MORE, 0, 0},
    {"/mbus/frame/parse/ack", {0xe5}, 1, NILO_WIRE_OK, NILO_MBUS_FRAME_ACK, 1},
    {"/mbus/frame/parse/short", {READOUT}, 5, NILO_WIRE_OK, NILO_MBUS_FRAME_SHORT, 5},
    {"/mbus/frame/parse/short/prefix", {READOUT}, 4, NILO_WIRE_NEED_MORE, 0, 0},
    {"/mbus/frame/parse/short/bad-checksum",
     {0x10, 0x5b, 0x01, 0x5d, 0x16},
     5,
     NILO_WIRE_BAD_CHECKSUM,
     0,
     1},
    {"/mbus/frame/parse/short/bad-stop",
     {0x10, 0x5b, 0x01, 0x5c, 0x17},
     5,
     NILO_WIRE_BAD_STOP,
     0,
     1},
    {"/mbus/frame/parse/control",
     {0x68, 0x03, 0x03, 0x68, 0x53, 0xfe, 0xbd, 0x0e, 0x16},
     9,
     NILO_WIRE_OK,
     NILO_MBUS_FRAME_CONTROL,
     9},
    {"/mbus/frame/parse/long", {ANSWER, 0xe5}, 11, NILO_WIRE_OK, NILO_MBUS_FRAME_LONG, 10},
    {"/mbus/frame/parse/long/prefix", {ANSWER}, 9, NILO_WIRE_NEED_MORE, 0, 0},
    {"/mbus/frame/parse/long/lengths-differ", {0x68, 4, 5}, 3, NILO_WIRE_BAD_LENGTH, 0, 1},
    {"/mbus/frame/parse/long/length-too-small", {0x68, 2}, 2, NILO_WIRE_BAD_LENGTH, 0, 1},
    {"/mbus/frame/parse/long/second-start", {0x68, 4, 4, 0x69}, 4, NILO_WIRE_BAD_START, 0, 1},
    {"/mbus/frame/parse/noise", {0xff}, 1, NILO_WIRE_BAD_START, 0, 1},
};

static void
test_parse(const void *data)
{
    const ParseCase *c = data;
    NiloMbusFrame frame = {.type = 0};
    size_t consumed = 99;

    CHECK_INT(nilo_mbus_frame_parse(c->bytes, c->size, &frame, &consumed), c->result);
    CHECK_INT(consumed, c->consumed);
    CHECK_INT(frame.type, c->type);
}

typedef struct {
    const char *path;
    uint8_t bytes[32];
    size_t size;
    unsigned types;
    bool at_end;
    NiloWireResult result;
    size_t offset;
    size_t consumed;
} FindCase;

static const FindCase find_cases[] = {
    {"/mbus/frame/find/behind-noise",
     {0x00, 0xff, 0x68, ANSWER},
     13,
     NILO_MBUS_FRAME_ANY,
     false,
     NILO_WIRE_OK,
     3,
     13},
    {"/mbus/frame/find/behind-frame-that-lost-a-byte",
     {0x68, 0x04, 0x04, 0x68, 0x08, 0x70, 0x02, 0x7b, 0x16, ANSWER},
     19,
     NILO_MBUS_FRAME_ANY,
     false,
     NILO_WIRE_OK,
     9,
     19},
    {"/mbus/frame/find/behind-echo",
     {READOUT, ANSWER},
     15,
     NILO_MBUS_FRAME_LONG,
     false,
     NILO_WIRE_OK,
     5,
     15},
    {"/mbus/frame/find/prefix-keeps-its-start",
     {0xff, 0x68, 0x04},
     3,
     NILO_MBUS_FRAME_ANY,
     false,
     NILO_WIRE_NEED_MORE,
     1,
     1},
    {"/mbus/frame/find/prefix-at-end-is-noise",
     {0x68, 0x10, 0x10, 0x68, READOUT},
     9,
     NILO_MBUS_FRAME_ANY,
     true,
     NILO_WIRE_OK,
     4,
     9},
    {"/mbus/frame/find/no-ack-inside-broken-answer",
     {0x68, 0x04, 0x04, 0x68, 0x08, 0x01, 0xe5, 0x02, 0x7b, 0x16},
     10,
     NILO_MBUS_FRAME_LONG,
     true,
     NILO_WIRE_BAD_CHECKSUM,
     10,
     10},
    {"/mbus/frame/find/nothing-but-noise",
     {0x00, 0xff, 0xfd},
     3,
     NILO_MBUS_FRAME_ANY,
     false,
     NILO_WIRE_NEED_MORE,
     3,
     3},
};

static void
test_find(const void *data)
{
    const FindCase *c = data;
    NiloMbusFrame frame;
    size_t offset, consumed;

    CHECK_INT(nilo_mbus_frame_find(c->bytes, c->size, c->types, c->at_end, &frame, &offset,
                                   &consumed),
              c->result);
    CHECK_INT(offset, c->offset);
    CHECK_INT(consumed, c->consumed);
}

static void
test_expected_size(const void *data)
{
    static const uint8_t answer[] = {ANSWER};

    CHECK_INT(nilo_mbus_frame_get_expected_size(answer, 0), 0);
    CHECK_INT(nilo_mbus_frame_get_expected_size(answer, 1), 0);
    CHECK_INT(nilo_mbus_frame_get_expected_size(answer, 2), 10);
    CHECK_INT(nilo_mbus_frame_get_expected_size((const uint8_t[]){0x10}, 1), 5);
    CHECK_INT(nilo_mbus_frame_get_expected_size((const uint8_t[]){0xe5}, 1), 1);
    CHECK_INT(nilo_mbus_frame_get_expected_size((const uint8_t[]){0x42}, 1), 0);
    CHECK_INT(nilo_mbus_frame_get_expected_size((const uint8_t[]){0x68, 0xff}, 2), 261);
}

/* data may be prepared where the frame will stand */
static void
test_build_in_place(const void *data)
{
    uint8_t bytes[NILO_MBUS_MAX_FRAME] = {[7] = 0x02};
    static const uint8_t expected[] = {ANSWER};

    CHECK_INT(nilo_mbus_frame_build_long(0x08, 0x01, 0x70, bytes + 7, 1, bytes, sizeof bytes), 10);
    CHECK(memcmp(bytes, expected, sizeof expected) == 0);
    CHECK_INT(nilo_mbus_frame_build_long(0x08, 0x01, 0x70, bytes + 7, 1, bytes, 9), 0);
    CHECK_INT(nilo_mbus_frame_build_long(0x08, 1, 0x72, bytes, 253, bytes, sizeof bytes), 0);
    CHECK_INT(nilo_mbus_frame_build_long(0x08, 1, 0x72, bytes, 252, bytes, sizeof bytes), 261);
}

static void
check_request(const uint8_t *bytes, size_t size, const uint8_t *expected, size_t expected_size)
{
    CHECK_INT(size, expected_size);
    CHECK(size == expected_size && memcmp(bytes, expected, size) == 0);
}

#define CHECK_REQUEST(call, ...)                                                                   \
    do {                                                                                           \
        static const uint8_t expected[] = {__VA_ARGS__};                                           \
        check_request(bytes, call, expected, sizeof expected);                                     \
    } while (0)

static void
test_requests(const void *data)
{
    const NiloMbusAddress mask = {0x12345678, 0x4024, 0x01, 0x07};
    uint8_t bytes[NILO_MBUS_MAX_REQUEST];
    const size_t n = sizeof bytes;

    CHECK_REQUEST(nilo_mbus_request_build_reset_link(0xfd, bytes, n), 0x10, 0x40, 0xfd, 0x3d, 0x16);
    CHECK_REQUEST(nilo_mbus_request_build_readout(1, true, bytes, n), 0x10, 0x7b, 0x01, 0x7c, 0x16);
    CHECK_REQUEST(nilo_mbus_request_build_alarm(1, false, bytes, n), 0x10, 0x5a, 0x01, 0x5b, 0x16);
    CHECK_REQUEST(nilo_mbus_request_build_set_address(0x53, 0xfe, 8, bytes, n), 0x68, 0x06, 0x06,
                  0x68, 0x53, 0xfe, 0x51, 0x01, 0x7a, 0x08, 0x25, 0x16);
    CHECK_REQUEST(nilo_mbus_request_build_set_baud(0x53, 0xfe, 9600, bytes, n), 0x68, 0x03, 0x03,
                  0x68, 0x53, 0xfe, 0xbd, 0x0e, 0x16);
    CHECK_REQUEST(nilo_mbus_request_build_reset_application(0x53, 0xfe, 0x10, bytes, n), 0x68, 0x04,
                  0x04, 0x68, 0x53, 0xfe, 0x50, 0x10, 0xb1, 0x16);
    CHECK_REQUEST(nilo_mbus_request_build_reset_application(0x53, 0xfe, -1, bytes, n), 0x68, 0x03,
                  0x03, 0x68, 0x53, 0xfe, 0x50, 0xa1, 0x16);
    CHECK_REQUEST(nilo_mbus_request_build_select(0x53, &mask, bytes, n), 0x68, 0x0b, 0x0b, 0x68,
                  0x53, 0xfd, 0x52, 0x78, 0x56, 0x34, 0x12, 0x24, 0x40, 0x01, 0x07, 0x22, 0x16);
    CHECK_INT(nilo_mbus_request_build_set_baud(0x53, 1, 1800, bytes, n), 0);
    CHECK_INT(nilo_mbus_request_build_set_address(0x53, 1, 251, bytes, n), 0);
    CHECK_INT(nilo_mbus_request_build_reset_application(0x53, 1, 256, bytes, n), 0);
}

static void
test_select_round_trip(const void *data)
{
    const NiloMbusAddress mask = {0x1234ffff, 0xffff, 0xff, 0x07};
    uint8_t bytes[NILO_MBUS_MAX_REQUEST];
    NiloMbusAddress found;
    NiloMbusFrame frame;
    uint32_t fabrication;
    size_t size, consumed;

    size = nilo_mbus_request_build_select_fabrication(0x73, &mask, 0x01234fff, bytes, sizeof bytes);
    CHECK_INT(nilo_mbus_frame_parse(bytes, size, &frame, &consumed), NILO_WIRE_OK);
    CHECK_INT(frame.size, 14);
    CHECK_INT(nilo_mbus_request_parse_select(&frame, &found, &fabrication), NILO_WIRE_OK);
    CHECK_INT(found.identification, mask.identification);
    CHECK_INT(found.manufacturer, mask.manufacturer);
    CHECK_INT(found.medium, mask.medium);
    CHECK_INT(fabrication, 0x01234fff);
    frame.size--;
    CHECK_INT(nilo_mbus_request_parse_select(&frame, &found, &fabrication), NILO_WIRE_BAD_LENGTH);
}

int
main(void)
{
    for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++)
        nilo_test_run(parse_cases[i].path, test_parse, &parse_cases[i]);
    for (size_t i = 0; i < sizeof find_cases / sizeof find_cases[0]; i++)
        nilo_test_run(find_cases[i].path, test_find, &find_cases[i]);
    nilo_test_run("/mbus/frame/expected-size", test_expected_size, NULL);
    nilo_test_run("/mbus/frame/build/in-place", test_build_in_place, NULL);
    nilo_test_run("/mbus/request/bytes", test_requests, NULL);
    nilo_test_run("/mbus/request/select/round-trip", test_select_round_trip, NULL);
    return nilo_test_finish();
}
