/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-record-build.h"
#include "nilo-wire-test.h"

static void
test_record(const void *data)
{
    static const uint8_t expected[] = {0x8c, 0x10, 0x13, 0x78, 0x56, 0x34, 0x12};
    static const uint8_t vib[] = {0x13};
    uint8_t digits[4];
    const NiloMbusRecord record = {.coding = NILO_MBUS_CODING_BCD8,
                                   .tariff = 1,
                                   .vib = vib,
                                   .vib_size = 1,
                                   .data = digits,
                                   .data_size = sizeof digits};
    uint8_t bytes[16];

    CHECK(nilo_mbus_bcd_build(12345678, digits, sizeof digits));
    CHECK_INT(nilo_mbus_record_build(&record, bytes, sizeof bytes), sizeof expected);
    CHECK(memcmp(bytes, expected, sizeof expected) == 0);
    CHECK_INT(nilo_mbus_record_build(&record, bytes, sizeof expected - 1), 0);
}

static void
test_record_limits(const void *data)
{
    static const uint8_t vib[] = {0x13};
    static const uint8_t byte[] = {5};
    NiloMbusRecord record = {.coding = NILO_MBUS_CODING_INT8,
                             .storage = (UINT64_C(1) << 41) - 1,
                             .tariff = (1u << 20) - 1,
                             .subunit = (1u << 10) - 1,
                             .vib = vib,
                             .vib_size = 1,
                             .data = byte,
                             .data_size = 1};
    uint8_t bytes[16];
    NiloMbusRecordIter iter;
    NiloMbusRecord found;

    CHECK_INT(nilo_mbus_record_build(&record, bytes, sizeof bytes), 13);
    nilo_mbus_record_iter_init(&iter, bytes, 13);
    CHECK(nilo_mbus_record_iter_next(&iter, &found));
    CHECK_INT(found.storage, record.storage);
    CHECK_INT(found.tariff, record.tariff);
    CHECK_INT(found.subunit, record.subunit);
    record.data_size = 2;
    CHECK_INT(nilo_mbus_record_build(&record, bytes, sizeof bytes), 0);
    record.data_size = 1;
    record.storage++;
    CHECK_INT(nilo_mbus_record_build(&record, bytes, sizeof bytes), 0);
}

static void
test_bcd(const void *data)
{
    static const int64_t numbers[] = {0, 7, 99, 100, 9999, -1, -999};
    uint8_t bytes[9];
    int64_t found;

    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CHECK(nilo_mbus_bcd_build(numbers[i], bytes, 2));
        CHECK(nilo_mbus_bcd_parse(bytes, 2, &found));
        CHECK_INT(found, numbers[i]);
    }
    CHECK(!nilo_mbus_bcd_build(10000, bytes, 2));
    CHECK(!nilo_mbus_bcd_build(-1000, bytes, 2));
    CHECK(!nilo_mbus_bcd_build(1, bytes, 0));
    CHECK(nilo_mbus_bcd_build(INT64_C(999999999999999999), bytes, 9));
    CHECK(!nilo_mbus_bcd_build(INT64_C(1000000000000000000), bytes, 9));
    CHECK(!nilo_mbus_bcd_build(INT64_MIN, bytes, 9));
}

static void
test_integer(const void *data)
{
    static const int64_t numbers[] = {0, 1, -1, 32767, -32767};
    uint8_t bytes[8];
    int64_t found;

    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CHECK(nilo_mbus_integer_build(numbers[i], bytes, 2));
        CHECK(nilo_mbus_integer_parse(bytes, 2, &found));
        CHECK_INT(found, numbers[i]);
    }
    CHECK(!nilo_mbus_integer_build(32768, bytes, 2));
    CHECK(!nilo_mbus_integer_build(-32768, bytes, 2));
    CHECK(nilo_mbus_integer_build(INT64_MAX, bytes, 8));
    CHECK(!nilo_mbus_integer_build(INT64_MIN, bytes, 8));
}

static void
test_time(const void *data)
{
    NiloMbusTime time = {.year = 2024, .month = 2, .day = 29, .hour = 23, .minute = 59};
    NiloMbusTime found;
    uint8_t bytes[4];

    CHECK(nilo_mbus_time_build_f(&time, bytes));
    CHECK_INT(nilo_mbus_time_parse_f(bytes, &found), NILO_MBUS_STATE_OK);
    CHECK_INT(found.year, 2024);
    CHECK_INT(found.month, 2);
    CHECK_INT(found.day, 29);
    CHECK_INT(found.hour, 23);
    CHECK_INT(found.minute, 59);
    CHECK(nilo_mbus_time_build_g(&time, bytes));
    CHECK_INT(nilo_mbus_time_parse_g(bytes, &found), NILO_MBUS_STATE_OK);
    CHECK_INT(found.year, 2024);
    CHECK_INT(found.day, 29);
    time.year = 1980;
    CHECK(!nilo_mbus_time_build_f(&time, bytes));
    CHECK(!nilo_mbus_time_build_g(&time, bytes));
    time.year = 1996;
    CHECK(nilo_mbus_time_build_f(&time, bytes));
    CHECK_INT(nilo_mbus_time_parse_f(bytes, &found), NILO_MBUS_STATE_OK);
    CHECK_INT(found.year, 1996);
    time.month = 13;
    CHECK(!nilo_mbus_time_build_f(&time, bytes));
}

int
main(void)
{
    nilo_test_run("/mbus/record/build/bytes", test_record, NULL);
    nilo_test_run("/mbus/record/build/limits", test_record_limits, NULL);
    nilo_test_run("/mbus/number/bcd/build", test_bcd, NULL);
    nilo_test_run("/mbus/number/integer/build", test_integer, NULL);
    nilo_test_run("/mbus/time/build", test_time, NULL);
    return nilo_test_finish();
}
