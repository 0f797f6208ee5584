/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-message.h"
#include "nilo-wire-test.h"

typedef struct {
    const char *path;
    uint8_t first, second;
    uint16_t di;
    NiloCjt188Order order;
} OrderCase;

static const OrderCase order_cases[] = {
    {"/cjt188/message/di/high-first", 0x90, 0x1f, 0x901f, NILO_CJT188_HIGH_FIRST},
    {"/cjt188/message/di/low-first", 0x1f, 0x90, 0x901f, NILO_CJT188_LOW_FIRST},
    {"/cjt188/message/di/address-low-first", 0x0a, 0x81, 0x810a, NILO_CJT188_LOW_FIRST},
    {"/cjt188/message/di/freeze-range", 0x90, 0xd3, 0xd390, NILO_CJT188_LOW_FIRST},
    {"/cjt188/message/di/both-are-names", 0xd2, 0xd3, 0xd2d3, NILO_CJT188_HIGH_FIRST},
    {"/cjt188/message/di/collector-hours", 0x59, 0xd5, 0xd559, NILO_CJT188_LOW_FIRST},
    {"/cjt188/message/di/collector-setting", 0xd6, 0x0a, 0xd60a, NILO_CJT188_HIGH_FIRST},
    {"/cjt188/message/di/collector-events", 0x10, 0xd7, 0xd710, NILO_CJT188_LOW_FIRST},
    {"/cjt188/message/di/group-only", 0x77, 0xa0, 0xa077, NILO_CJT188_LOW_FIRST},
    {"/cjt188/message/di/neither", 0x12, 0x34, 0x1234, NILO_CJT188_HIGH_FIRST},
};

static void
test_order(const void *data)
{
    const OrderCase *wanted = data;
    NiloCjt188Order order;

    CHECK_INT(nilo_cjt188_di_from_wire(wanted->first, wanted->second, &order), wanted->di);
    CHECK_INT(order, wanted->order);
}

typedef struct {
    const char *path;
    uint8_t control;
    uint8_t data[12];
    uint8_t size;
    NiloCjt188Message message; /* its payload is only compared in size */
} ParseCase;

static const ParseCase parse_cases[] = {
    {"/cjt188/message/parse/read",
     0x01,
     {0x90, 0x1f, 0x07},
     3,
     {.function = 1, .has_di = true, .di = 0x901f, .has_serial = true, .serial = 7}},
    {"/cjt188/message/parse/read-address-without-serial",
     0x03,
     {0x0a, 0x81},
     2,
     {.function = 3, .has_di = true, .di = 0x810a, .order = NILO_CJT188_LOW_FIRST}},
    {"/cjt188/message/parse/address-answer-without-serial",
     0x83,
     {0x81, 0x0a},
     2,
     {.function = 3, .is_answer = true, .has_di = true, .di = 0x810a}},
    {"/cjt188/message/parse/answer",
     0x81,
     {0x81, 0x03, 0x08, 0x25},
     4,
     {.function = 1,
      .is_answer = true,
      .has_di = true,
      .di = 0x8103,
      .has_serial = true,
      .serial = 8,
      .payload_size = 1}},
    {"/cjt188/message/parse/more-follows",
     0xa1,
     {0xd3, 0x01, 0x08, 0x25},
     4,
     {.function = 1,
      .is_answer = true,
      .has_follow_flag = true,
      .has_di = true,
      .di = 0xd301,
      .has_serial = true,
      .serial = 8,
      .payload_size = 1}},
    {"/cjt188/message/parse/abnormal",
     0xc1,
     {0x16, 0x04, 0x00},
     3,
     {.function = 1,
      .is_answer = true,
      .is_abnormal = true,
      .has_serial = true,
      .serial = 0x16,
      .payload_size = 2}},
    {"/cjt188/message/parse/abnormal-with-di",
     0xc1,
     {0x90, 0x1f, 0x01, 0x02},
     4,
     {.function = 1,
      .is_answer = true,
      .is_abnormal = true,
      .has_di = true,
      .di = 0x901f,
      .has_serial = true,
      .serial = 1,
      .has_error_code = true,
      .error_code = 2}},
    {"/cjt188/message/parse/abnormal-with-di-and-status",
     0xc4,
     {0xa0, 0x17, 0x01, 0x03, 0x00},
     5,
     {.function = 4,
      .is_answer = true,
      .is_abnormal = true,
      .has_di = true,
      .di = 0xa017,
      .has_serial = true,
      .serial = 1,
      .payload_size = 2}},
    {"/cjt188/message/parse/abnormal-empty",
     0xd5,
     {0},
     0,
     {.function = 0x15, .is_answer = true, .is_abnormal = true}},
    {"/cjt188/message/parse/one-byte",
     0x81,
     {0x90},
     1,
     {.function = 1, .is_answer = true, .payload_size = 1}},
};

static void
test_parse(const void *data)
{
    const ParseCase *given = data;
    const NiloCjt188Message *wanted = &given->message;
    const NiloCjt188Frame frame = {.control = given->control,
                                   .data = given->data,
                                   .data_size = given->size};
    NiloCjt188Message message;
    uint8_t bytes[40];
    size_t size;

    nilo_cjt188_message_parse(&frame, &message);
    CHECK_INT(message.function, wanted->function);
    CHECK_INT(message.is_answer, wanted->is_answer);
    CHECK_INT(message.is_abnormal, wanted->is_abnormal);
    CHECK_INT(message.has_follow_flag, wanted->has_follow_flag);
    CHECK_INT(message.has_di, wanted->has_di);
    CHECK_INT(message.di, wanted->di);
    CHECK_INT(message.order, wanted->order);
    CHECK_INT(message.has_serial, wanted->has_serial);
    CHECK_INT(message.serial, wanted->serial);
    CHECK_INT(message.has_error_code, wanted->has_error_code);
    CHECK_INT(message.error_code, wanted->error_code);
    CHECK_INT(message.payload_size, wanted->payload_size);

    CHECK_INT(nilo_cjt188_message_build(&message, 0, 0x10, &frame.address, bytes, sizeof bytes,
                                        &size),
              NILO_WIRE_OK);
    CHECK_INT(size, 13 + given->size);
    CHECK_INT(bytes[9], given->control);
    CHECK(memcmp(bytes + 11, given->data, given->size) == 0);
}

static void
test_write_to_wildcard(const void *data)
{
    static const uint8_t close = NILO_CJT188_VALVE_CLOSE;
    const NiloCjt188Address everybody = {{0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa}};
    const NiloCjt188Address some = {{0x01, 0x02, 0x03, 0xaa, 0x05, 0x06, 0x07}};
    NiloCjt188Message message = {
        .function = NILO_CJT188_WRITE_DATA,
        .has_di = true,
        .di = NILO_CJT188_DI_WRITE_VALVE,
        .has_serial = true,
        .payload = &close,
        .payload_size = 1,
    };
    uint8_t bytes[40];
    size_t size;

    for (uint8_t function = 0; function <= 0x1f; function++) {
        const bool is_write = function == 0x04 || function == 0x15 || function == 0x16;

        message.function = function;
        CHECK_INT(nilo_cjt188_message_build(&message, 0, 0x10, &everybody, bytes, sizeof bytes,
                                            &size),
                  is_write ? NILO_WIRE_BAD_VALUE : NILO_WIRE_OK);
        CHECK_INT(nilo_cjt188_message_build(&message, 0, 0x10, &some, bytes, sizeof bytes, &size),
                  is_write ? NILO_WIRE_BAD_VALUE : NILO_WIRE_OK);
    }
    message.function = 0x20;
    CHECK_INT(nilo_cjt188_message_build(&message, 0, 0x10, &some, bytes, sizeof bytes, &size),
              NILO_WIRE_BAD_VALUE);
}

static void
test_too_long(const void *data)
{
    static const uint8_t zeros[100];
    const NiloCjt188Address address = {{0}};
    NiloCjt188Message message = {
        .function = NILO_CJT188_READ_DATA,
        .is_answer = true,
        .has_di = true,
        .has_serial = true,
        .payload = zeros,
        .payload_size = 97,
    };
    uint8_t bytes[NILO_CJT188_FRAME_MAX_SIZE];
    size_t size;

    CHECK_INT(nilo_cjt188_message_build(&message, 0, 0x10, &address, bytes, sizeof bytes, &size),
              NILO_WIRE_OK);
    message.payload_size = 98;
    CHECK_INT(nilo_cjt188_message_build(&message, 0, 0x10, &address, bytes, sizeof bytes, &size),
              NILO_WIRE_TOO_LONG);
    message.function = NILO_CJT188_WRITE_DATA;
    message.is_answer = false;
    message.payload_size = 48;
    CHECK_INT(nilo_cjt188_message_build(&message, 0, 0x10, &address, bytes, sizeof bytes, &size),
              NILO_WIRE_TOO_LONG);
    message.payload_size = 47;
    CHECK_INT(nilo_cjt188_message_build(&message, 0, 0x10, &address, bytes, sizeof bytes, &size),
              NILO_WIRE_OK);
}

static void
test_pairing(const void *data)
{
    const NiloCjt188Message request = {
        .function = 1, .has_di = true, .di = 0x901f, .has_serial = true, .serial = 9};
    NiloCjt188Message answer = request;

    CHECK(!nilo_cjt188_message_is_answer_to(&answer, &request)); /* the echo */
    answer.is_answer = true;
    CHECK(nilo_cjt188_message_is_answer_to(&answer, &request));
    answer.order = NILO_CJT188_LOW_FIRST;
    CHECK(nilo_cjt188_message_is_answer_to(&answer, &request));
    answer.serial = 8; /* a late answer to the request before */
    CHECK(!nilo_cjt188_message_is_answer_to(&answer, &request));
    answer.has_serial = false;
    CHECK(nilo_cjt188_message_is_answer_to(&answer, &request));
    answer.di = 0xd120;
    CHECK(!nilo_cjt188_message_is_answer_to(&answer, &request));
    answer.has_di = false;
    CHECK(nilo_cjt188_message_is_answer_to(&answer, &request));
    answer.function = 3;
    CHECK(!nilo_cjt188_message_is_answer_to(&answer, &request));
}

/* the sums were computed apart from the builder */
static void
test_make_answers(const void *data)
{
    static const uint8_t request_bytes[] = {0x68, 0x10, 0x78, 0x56, 0x34, 0x12, 0x00, 0x33,
                                            0x78, 0x01, 0x03, 0x03, 0x81, 0x16, 0xd5, 0x16};
    static const uint8_t answer_bytes[] = {0x68, 0x10, 0x78, 0x56, 0x34, 0x12, 0x00, 0x33, 0x78,
                                           0x81, 0x04, 0x03, 0x81, 0x16, 0x25, 0x7b, 0x16};
    static const uint8_t refusal_bytes[] = {0xfe, 0xfe, 0x68, 0x10, 0x78, 0x56, 0x34, 0x12, 0x00,
                                            0x33, 0x78, 0xc1, 0x03, 0x16, 0x04, 0x00, 0x15, 0x16};
    static const uint8_t day = 0x25, status[] = {0x04, 0x00};
    NiloCjt188Frame frame = {0};
    NiloCjt188Message request, answer;
    uint8_t bytes[40];
    size_t size = 0;

    CHECK_INT(nilo_cjt188_frame_parse(request_bytes, sizeof request_bytes, &frame), NILO_WIRE_OK);
    nilo_cjt188_message_parse(&frame, &request);

    nilo_cjt188_message_make_answer(&request, &day, 1, &answer);
    CHECK(nilo_cjt188_message_is_answer_to(&answer, &request));
    CHECK_INT(nilo_cjt188_message_build(&answer, 0, frame.type, &frame.address, bytes, sizeof bytes,
                                        &size),
              NILO_WIRE_OK);
    CHECK_INT(size, sizeof answer_bytes);
    CHECK(memcmp(bytes, answer_bytes, sizeof answer_bytes) == 0);

    nilo_cjt188_message_make_refusal(&request, status, &answer);
    CHECK(nilo_cjt188_message_is_answer_to(&answer, &request));
    CHECK_INT(nilo_cjt188_message_build(&answer, 2, frame.type, &frame.address, bytes, sizeof bytes,
                                        &size),
              NILO_WIRE_OK);
    CHECK_INT(size, sizeof refusal_bytes);
    CHECK(memcmp(bytes, refusal_bytes, sizeof refusal_bytes) == 0);
}

int
main(void)
{
    for (size_t i = 0; i < sizeof order_cases / sizeof order_cases[0]; i++)
        nilo_test_run(order_cases[i].path, test_order, &order_cases[i]);
    for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++)
        nilo_test_run(parse_cases[i].path, test_parse, &parse_cases[i]);
    nilo_test_run("/cjt188/message/build/write-to-wildcard", test_write_to_wildcard, NULL);
    nilo_test_run("/cjt188/message/build/too-long", test_too_long, NULL);
    nilo_test_run("/cjt188/message/pairing", test_pairing, NULL);
    nilo_test_run("/cjt188/message/make-answers", test_make_answers, NULL);
    return nilo_test_finish();
}
