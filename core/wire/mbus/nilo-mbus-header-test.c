/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-fixed.h"
#include "nilo-mbus-header.h"
#include "nilo-wire-test.h"

#define METER 0x78, 0x56, 0x34, 0x12, 0x24, 0x40, 0x01, 0x07

typedef struct {
    const char *path;
    uint8_t c;
    uint8_t ci;
    uint8_t data[32];
    size_t size;
    NiloWireResult result;
    NiloMbusContent content;
    bool has_address;
    bool is_encrypted;
    size_t payload_size;
} HeaderCase;

static const HeaderCase header_cases[] = {
    {"/mbus/header/long",
     0x08,
     0x72,
     {METER, 0x55, 0, 0, 0, 1},
     13,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_RECORDS,
     true,
     false,
     1},
    {"/mbus/header/long/too-short",
     0x08,
     0x72,
     {METER, 0x55, 0, 0},
     11,
     NILO_WIRE_BAD_LENGTH,
     0,
     false,
     false,
     0},
    {"/mbus/header/short",
     0x08,
     0x7a,
     {0x55, 0, 0, 0, 1, 2},
     6,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_RECORDS,
     false,
     false,
     2},
    {"/mbus/header/none",
     0x08,
     0x78,
     {1, 2},
     2,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_RECORDS,
     false,
     false,
     2},
    {"/mbus/header/encrypted",
     0x08,
     0x7a,
     {0x55, 0, 0x10, 0x05, [16] = 1},
     20,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_RECORDS,
     false,
     true,
     16},
    {"/mbus/header/encrypted/blocks-missing",
     0x08,
     0x7a,
     {0x55, 0, 0x20, 0x05, [16] = 1},
     20,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_RECORDS,
     false,
     false,
     16},
    {"/mbus/header/junk-is-no-encryption",
     0x08,
     0x7a,
     {0x55, 0, 0x27, 0xb6, 1},
     5,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_RECORDS,
     false,
     false,
     1},
    {"/mbus/header/fixed/too-short", 0x08, 0x73, {1}, 15, NILO_WIRE_BAD_LENGTH, 0, false, false, 0},
    {"/mbus/header/error",
     0x08,
     0x70,
     {9},
     1,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_ERROR,
     false,
     false,
     1},
    {"/mbus/header/alarm",
     0x08,
     0x71,
     {9},
     1,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_ALARM,
     false,
     false,
     1},
    {"/mbus/header/unknown",
     0x08,
     0xb7,
     {1, 2},
     2,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_UNKNOWN,
     false,
     false,
     2},
    {"/mbus/header/request",
     0x53,
     0x52,
     {METER},
     8,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_REQUEST,
     false,
     false,
     8},
    {"/mbus/header/answer-from-the-wrong-side",
     0x53,
     0x72,
     {METER},
     8,
     NILO_WIRE_OK,
     NILO_MBUS_CONTENT_UNKNOWN,
     false,
     false,
     8},
};

static void
test_header(const void *data)
{
    const HeaderCase *c = data;
    const NiloMbusFrame frame = {NILO_MBUS_FRAME_LONG, c->c, 1, c->ci, c->data, c->size};
    NiloMbusHeader header = {0};

    CHECK_INT(nilo_mbus_header_parse(&frame, &header), c->result);
    CHECK_INT(header.content, c->content);
    CHECK_INT(header.has_address, c->has_address);
    CHECK_INT(header.is_encrypted, c->is_encrypted);
    CHECK_INT(header.payload_size, c->payload_size);
}

static void
test_round_trip(const void *data)
{
    const NiloMbusHeader header = {.address = {0x12345678, 0x4024, 1, 7},
                                   .access_number = 0x55,
                                   .status = NILO_MBUS_STATUS_POWER_LOW,
                                   .configuration = 0x1234};
    uint8_t bytes[12];
    const NiloMbusFrame frame = {NILO_MBUS_FRAME_LONG, 0x08, 1, 0x72, bytes, sizeof bytes};
    NiloMbusHeader found;

    nilo_mbus_header_build(&header, bytes);
    CHECK_INT(nilo_mbus_header_parse(&frame, &found), NILO_WIRE_OK);
    CHECK_INT(found.address.identification, 0x12345678);
    CHECK_INT(found.address.medium, 7);
    CHECK_INT(found.access_number, 0x55);
    CHECK_INT(found.status, NILO_MBUS_STATUS_POWER_LOW);
    CHECK_INT(found.configuration, 0x1234);
    CHECK(found.payload == NULL);
}

/* obsolete mode 2: every number has its high byte first */
static void
test_high_byte_first(const void *data)
{
    static const uint8_t bytes[] = {0x12, 0x34, 0x56, 0x78, 0x40, 0x24, 1, 7, 0x55, 0, 0x12, 0x34};
    const NiloMbusFrame frame = {NILO_MBUS_FRAME_LONG, 0x08, 1, 0x76, bytes, sizeof bytes};
    NiloMbusHeader header;

    CHECK_INT(nilo_mbus_header_parse(&frame, &header), NILO_WIRE_OK);
    CHECK(header.is_high_byte_first);
    CHECK_INT(header.address.identification, 0x12345678);
    CHECK_INT(header.address.manufacturer, 0x4024);
    CHECK_INT(header.configuration, 0x1234);
}

/* example of the standard's own documentation: water, 28504.27 and 28.504 m3 would differ in unit
 */
static void
test_fixed(const void *data)
{
    static const uint8_t bytes[] = {0x78, 0x56, 0x34, 0x12, 0x0a, 0x01, 0xe9, 0x7e,
                                    0x01, 0x00, 0x00, 0x00, 0x35, 0x01, 0x00, 0x00};
    const NiloMbusFrame frame = {NILO_MBUS_FRAME_LONG, 0x08, 5, 0x73, bytes, sizeof bytes};
    NiloMbusHeader header;
    NiloMbusFixed fixed;

    CHECK_INT(nilo_mbus_header_parse(&frame, &header), NILO_WIRE_OK);
    CHECK_INT(nilo_mbus_fixed_parse(&header, &fixed), NILO_WIRE_OK);
    CHECK_INT(fixed.identification, 0x12345678);
    CHECK_INT(fixed.medium, 7);
    CHECK(fixed.is_binary);
    CHECK_INT(fixed.counters[0].quantity, NILO_QUANTITY_VOLUME);
    CHECK_INT(fixed.counters[0].value.mantissa, 1);
    CHECK_INT(fixed.counters[0].value.exponent, -3);
    CHECK(!fixed.counters[0].is_historic);
    /* 3E: the unit of the first counter, but stored at a fixed date */
    CHECK_INT(fixed.counters[1].quantity, NILO_QUANTITY_VOLUME);
    CHECK_INT(fixed.counters[1].value.mantissa, 0x135);
    CHECK_INT(fixed.counters[1].value.exponent, -3);
    CHECK(fixed.counters[1].is_historic);
}

static void
test_names(const void *data)
{
    CHECK_TEXT(nilo_mbus_error_code_get_text(9), "too many readouts");
    CHECK_TEXT(nilo_mbus_error_code_get_text(7), "reserved error code");
    CHECK_TEXT(nilo_mbus_error_code_get_text(255), "reserved error code");
    CHECK_TEXT(nilo_mbus_error_code_get_text(NILO_MBUS_ERROR_CODE_MISSING), "error without a code");
    CHECK_TEXT(nilo_mbus_medium_get_name(7), "water");
    CHECK_TEXT(nilo_mbus_medium_get_name(0x30), "reserved");
    CHECK_TEXT(nilo_mbus_medium_get_name(0xff), "reserved");
}

int
main(void)
{
    for (size_t i = 0; i < sizeof header_cases / sizeof header_cases[0]; i++)
        nilo_test_run(header_cases[i].path, test_header, &header_cases[i]);
    nilo_test_run("/mbus/header/round-trip", test_round_trip, NULL);
    nilo_test_run("/mbus/header/high-byte-first", test_high_byte_first, NULL);
    nilo_test_run("/mbus/fixed/same-but-historic", test_fixed, NULL);
    nilo_test_run("/mbus/header/names", test_names, NULL);
    return nilo_test_finish();
}
