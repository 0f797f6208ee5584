/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-wire-bcd.h"
#include "nilo-wire-test.h"

typedef struct {
    const char *path;
    uint8_t bytes[NILO_BCD_MAX_BYTES + 1];
    size_t size;
    NiloWireResult result;
    uint64_t value;
} BcdCase;

static const BcdCase bcd_cases[] = {
    {"/wire/bcd/one-byte", {0x42}, 1, NILO_WIRE_OK, 42},
    {"/wire/bcd/low-byte-first", {0x78, 0x56, 0x34, 0x12}, 4, NILO_WIRE_OK, 12345678},
    {"/wire/bcd/leading-zeros", {0x01, 0x00, 0x00, 0x00}, 4, NILO_WIRE_OK, 1},
    {"/wire/bcd/longest",
     {0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99},
     9,
     NILO_WIRE_OK,
     UINT64_C(999999999999999999)},
    {"/wire/bcd/low-digit-a", {0x1a, 0x00}, 2, NILO_WIRE_BAD_DIGIT, 0},
    {"/wire/bcd/high-digit-f", {0x00, 0xf0}, 2, NILO_WIRE_BAD_DIGIT, 0},
    {"/wire/bcd/no-bytes", {0}, 0, NILO_WIRE_BAD_LENGTH, 0},
    {"/wire/bcd/too-many-bytes", {0}, 10, NILO_WIRE_BAD_LENGTH, 0},
};

static void
test_read(const void *data)
{
    const BcdCase *wanted = data;
    uint64_t value = 7;

    CHECK_INT(nilo_bcd_to_uint64(wanted->bytes, wanted->size, &value), wanted->result);
    CHECK_INT(value, wanted->result == NILO_WIRE_OK ? wanted->value : 7);
}

static void
test_written_is_read_back(const void *data)
{
    const BcdCase *wanted = data;
    uint8_t bytes[NILO_BCD_MAX_BYTES];

    if (wanted->result != NILO_WIRE_OK)
        return;
    CHECK_INT(nilo_bcd_from_uint64(wanted->value, bytes, wanted->size), NILO_WIRE_OK);
    CHECK(memcmp(bytes, wanted->bytes, wanted->size) == 0);
}

static void
test_write_too_large(const void *data)
{
    uint8_t bytes[2] = {0xaa, 0xbb};

    CHECK_INT(nilo_bcd_from_uint64(10000, bytes, 2), NILO_WIRE_TOO_LONG);
    CHECK_INT(nilo_bcd_from_uint64(UINT64_MAX, bytes, 2), NILO_WIRE_TOO_LONG);
    CHECK_INT(nilo_bcd_from_uint64(1, bytes, 0), NILO_WIRE_BAD_LENGTH);
    CHECK_INT(bytes[0], 0xaa);
    CHECK_INT(bytes[1], 0xbb);
}

int
main(void)
{
    for (size_t i = 0; i < sizeof bcd_cases / sizeof bcd_cases[0]; i++) {
        nilo_test_run(bcd_cases[i].path, test_read, &bcd_cases[i]);
        nilo_test_run(bcd_cases[i].path, test_written_is_read_back, &bcd_cases[i]);
    }
    nilo_test_run("/wire/bcd/write/too-large", test_write_too_large, NULL);
    return nilo_test_finish();
}
