/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-frame.h"
#include "nilo-wire-test.h"

/* a read request to meter 78330012345678, and what the meter says */
#define REQUEST                                                                                    \
    0x68, 0x10, 0x78, 0x56, 0x34, 0x12, 0x00, 0x33, 0x78, 0x01, 0x03, 0x90, 0x1f, 0x1a, 0x04, 0x16
#define ANSWER                                                                                     \
    0x68, 0x10, 0x78, 0x56, 0x34, 0x12, 0x00, 0x33, 0x78, 0x81, 0x04, 0x81, 0x03, 0x08, 0x25,      \
        0x6d, 0x16
#define REQUEST_SIZE 16
#define ANSWER_SIZE  17
/* the request with its sum off by one */
#define REFUSED                                                                                    \
    0x68, 0x10, 0x78, 0x56, 0x34, 0x12, 0x00, 0x33, 0x78, 0x01, 0x03, 0x90, 0x1f, 0x1a, 0x05, 0x16
/* bytes 0 to 11 of a frame of 100 data bytes: hungry for 101 more */
#define HUNGRY 0x68, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x81, 0x64

typedef struct {
    const char *path;
    uint8_t bytes[80];
    size_t size;
    NiloWireResult result;
    size_t preamble_size; /* OK and BAD_CHECKSUM */
    size_t consumed_size;
    size_t trailing_size;
    size_t expected_size; /* NEED_MORE */
    bool passed_bad_checksum;
} FindCase;

static const FindCase find_cases[] = {
    {"/cjt188/frame/find/nothing", {0}, 0, NILO_WIRE_NEED_MORE, 0, 0, 0, 13, false},
    {"/cjt188/frame/find/idle-only",
     {0xff, 0x00, 0xfe},
     3,
     NILO_WIRE_NEED_MORE,
     0,
     3,
     0,
     16,
     false},
    {"/cjt188/frame/find/noise-only", {0x12, 0x34}, 2, NILO_WIRE_BAD_START, 0, 2, 0, 0, false},
    {"/cjt188/frame/find/plain", {ANSWER}, ANSWER_SIZE, NILO_WIRE_OK, 0, 17, 0, 0, false},
    {"/cjt188/frame/find/no-preamble-needed-but-idle-fine",
     {0xff, 0x00, 0xfe, 0xfe, ANSWER},
     21,
     NILO_WIRE_OK,
     4,
     21,
     0,
     0,
     false},
    {"/cjt188/frame/find/twelve-preamble-bytes",
     {0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, ANSWER},
     29,
     NILO_WIRE_OK,
     12,
     29,
     0,
     0,
     false},
    {"/cjt188/frame/find/echo-first", {REQUEST, ANSWER}, 33, NILO_WIRE_OK, 0, 16, 17, 0, false},
    {"/cjt188/frame/find/bytes-behind", {ANSWER, 0x00, 0x00}, 19, NILO_WIRE_OK, 0, 17, 2, 0, false},
    {"/cjt188/frame/find/head-cut", {0xfe, 0x68, 0x10}, 3, NILO_WIRE_NEED_MORE, 0, 1, 0, 14, false},
    {"/cjt188/frame/find/tail-cut", {0xfe, ANSWER}, 17, NILO_WIRE_NEED_MORE, 0, 1, 0, 18, false},
    {"/cjt188/frame/find/start-byte-in-noise",
     {0x68, 0x68, ANSWER},
     19,
     NILO_WIRE_OK,
     2,
     19,
     0,
     0,
     false},
    {"/cjt188/frame/find/hungry-start-hides-nothing",
     {HUNGRY, ANSWER},
     28,
     NILO_WIRE_OK,
     11,
     28,
     0,
     0,
     false},
    {"/cjt188/frame/find/cut-frame-hides-nothing",
     {0x68, 0x10, 0x78, 0x56, 0x34, ANSWER},
     22,
     NILO_WIRE_OK,
     5,
     22,
     0,
     0,
     false},
    {"/cjt188/frame/find/length-too-large",
     {0x68, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x81, 0x65},
     11,
     NILO_WIRE_BAD_START,
     0,
     11,
     0,
     0,
     false},
    {"/cjt188/frame/find/bad-sum", {REFUSED}, 16, NILO_WIRE_BAD_CHECKSUM, 0, 1, 0, 0, false},
    {"/cjt188/frame/find/bad-sum-then-good",
     {REFUSED, ANSWER},
     33,
     NILO_WIRE_OK,
     16,
     33,
     0,
     0,
     true},
    {"/cjt188/frame/find/bad-sum-then-growing",
     {REFUSED, 0xfe, ANSWER},
     30,
     NILO_WIRE_NEED_MORE,
     0,
     17,
     0,
     34,
     true},
    {"/cjt188/frame/find/hungry-start-then-bad-sum",
     {HUNGRY, REFUSED},
     27,
     NILO_WIRE_BAD_CHECKSUM,
     11,
     12,
     0,
     0,
     false},
    {"/cjt188/frame/find/stop-byte-wrong",
     {0x68, 0x10, 0x78, 0x56, 0x34, 0x12, 0x00, 0x33, 0x78, 0x01, 0x03, 0x90, 0x1f, 0x1a, 0x04,
      0x17},
     16,
     NILO_WIRE_BAD_START,
     0,
     16,
     0,
     0,
     false},
    /* the first bytes of an M-Bus frame are a start byte that leads nowhere */
    {"/cjt188/frame/find/mbus",
     {0x68, 0x03, 0x03, 0x68, 0x53, 0x01, 0x50, 0xa4, 0x16},
     9,
     NILO_WIRE_NEED_MORE,
     0,
     0,
     0,
     13,
     false},
};

static void
test_find(const void *data)
{
    const FindCase *wanted = data;
    NiloCjt188Found found;

    CHECK_INT(nilo_cjt188_frame_find(wanted->bytes, wanted->size, &found), wanted->result);
    CHECK_INT(found.consumed_size, wanted->consumed_size);
    CHECK_INT(found.trailing_size, wanted->trailing_size);
    CHECK_INT(found.passed_bad_checksum, wanted->passed_bad_checksum);
    if (wanted->result == NILO_WIRE_OK || wanted->result == NILO_WIRE_BAD_CHECKSUM)
        CHECK_INT(found.preamble_size, wanted->preamble_size);
    if (wanted->result == NILO_WIRE_NEED_MORE)
        CHECK_INT(found.expected_size, wanted->expected_size);
}

typedef struct {
    const char *path;
    uint8_t bytes[20];
    size_t size;
    NiloWireResult result;
} ParseCase;

static const ParseCase parse_cases[] = {
    {"/cjt188/frame/parse/good", {ANSWER}, ANSWER_SIZE, NILO_WIRE_OK},
    {"/cjt188/frame/parse/nothing", {0}, 0, NILO_WIRE_NEED_MORE},
    {"/cjt188/frame/parse/preamble-is-not-skipped", {0xfe, ANSWER}, 18, NILO_WIRE_BAD_START},
    {"/cjt188/frame/parse/ten-bytes", {ANSWER}, 10, NILO_WIRE_NEED_MORE},
    {"/cjt188/frame/parse/all-but-stop", {ANSWER}, 16, NILO_WIRE_NEED_MORE},
    {"/cjt188/frame/parse/bad-sum", {REFUSED}, 16, NILO_WIRE_BAD_CHECKSUM},
    {"/cjt188/frame/parse/no-data",
     {0x68, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x83, 0x00, 0xfb, 0x16},
     13,
     NILO_WIRE_OK},
};

static void
test_parse(const void *data)
{
    const ParseCase *wanted = data;
    NiloCjt188Frame frame;

    CHECK_INT(nilo_cjt188_frame_parse(wanted->bytes, wanted->size, &frame), wanted->result);
}

static void
test_parts(const void *data)
{
    static const uint8_t bytes[] = {ANSWER};
    NiloCjt188Frame frame = {0};
    char text[NILO_CJT188_ADDRESS_TEXT_SIZE];

    CHECK_INT(nilo_cjt188_frame_parse(bytes, sizeof bytes, &frame), NILO_WIRE_OK);
    nilo_cjt188_address_to_text(&frame.address, text);
    CHECK_TEXT(text, "78330012345678");
    CHECK_INT(frame.type, 0x10);
    CHECK_INT(frame.control, 0x81);
    CHECK_INT(frame.data_size, 4);
    CHECK(frame.data == bytes + 11);
    CHECK_INT(frame.size, 17);
}

static void
test_build(const void *data)
{
    static const uint8_t wanted[] = {0xfe, 0xfe, ANSWER};
    const NiloCjt188Frame frame = {
        .type = 0x10,
        .address = {{0x78, 0x56, 0x34, 0x12, 0x00, 0x33, 0x78}},
        .control = 0x81,
        .data = wanted + 13,
        .data_size = 4,
    };
    uint8_t bytes[sizeof wanted];
    size_t size = 0;

    CHECK_INT(nilo_cjt188_frame_build(&frame, 2, bytes, sizeof bytes, &size), NILO_WIRE_OK);
    CHECK_INT(size, sizeof wanted);
    CHECK(memcmp(bytes, wanted, sizeof wanted) == 0);
    CHECK_INT(nilo_cjt188_frame_build(&frame, 2, bytes, sizeof bytes - 1, &size),
              NILO_WIRE_TOO_LONG);
    CHECK_INT(nilo_cjt188_frame_build(&frame, 13, bytes, sizeof bytes, &size), NILO_WIRE_TOO_LONG);
}

static void
test_build_limits(const void *data)
{
    static const uint8_t zeros[NILO_CJT188_DATA_MAX_SIZE + 1];
    uint8_t bytes[NILO_CJT188_PREAMBLE_MAX_SIZE + NILO_CJT188_FRAME_MAX_SIZE + 1];
    NiloCjt188Frame frame = {.data = zeros, .data_size = NILO_CJT188_DATA_MAX_SIZE};
    size_t size = 0;

    CHECK_INT(nilo_cjt188_frame_build(&frame, 12, bytes, sizeof bytes, &size), NILO_WIRE_OK);
    CHECK_INT(size, sizeof bytes - 1);
    frame.data_size++;
    CHECK_INT(nilo_cjt188_frame_build(&frame, 0, bytes, sizeof bytes, &size), NILO_WIRE_TOO_LONG);
    frame = (NiloCjt188Frame){.control = 0x83};
    CHECK_INT(nilo_cjt188_frame_build(&frame, 0, bytes, sizeof bytes, &size), NILO_WIRE_OK);
    CHECK_INT(size, NILO_CJT188_FRAME_MIN_SIZE);
}

/* every byte of a good frame, every value it could become: the sum or the shape catches it */
static void
test_one_byte_wrong(const void *data)
{
    static const uint8_t good[] = {ANSWER};

    for (size_t at = 0; at < sizeof good; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t bytes[sizeof good];
            NiloCjt188Found found;

            if (value == good[at])
                continue;
            memcpy(bytes, good, sizeof good);
            bytes[at] = (uint8_t)value;
            CHECK(nilo_cjt188_frame_find(bytes, sizeof bytes, &found) != NILO_WIRE_OK);
        }
    }
}

int
main(void)
{
    for (size_t i = 0; i < sizeof find_cases / sizeof find_cases[0]; i++)
        nilo_test_run(find_cases[i].path, test_find, &find_cases[i]);
    for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++)
        nilo_test_run(parse_cases[i].path, test_parse, &parse_cases[i]);
    nilo_test_run("/cjt188/frame/parse/parts", test_parts, NULL);
    nilo_test_run("/cjt188/frame/parse/one-byte-wrong", test_one_byte_wrong, NULL);
    nilo_test_run("/cjt188/frame/build/bytes", test_build, NULL);
    nilo_test_run("/cjt188/frame/build/limits", test_build_limits, NULL);
    return nilo_test_finish();
}
