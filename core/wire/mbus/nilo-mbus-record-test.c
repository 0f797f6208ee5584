/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-record.h"
#include "nilo-mbus-text.h"
#include "nilo-wire-test.h"

#define DAY(year, month, day)                                                                      \
    (((year) % 100 & 7) << 5 | (day)), (((year) % 100 >> 3) << 4 | (month))

typedef struct {
    const char *path;
    uint8_t bytes[40];
    size_t size;
    NiloQuantity quantity;
    NiloUnit unit;
    NiloMbusValueType type;
    NiloMbusState state;
    const char *value;
    const char *modifier;
} ValueCase;

#define NUMBER NILO_MBUS_VALUE_NUMBER
#define OK     NILO_MBUS_STATE_OK

/* one record each, and nothing behind it */
static const ValueCase value_cases[] = {
    {"/mbus/record/volume/int32",
     {0x04, 0x13, 0x15, 0x31, 0, 0},
     6,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "12.565",
     ""},
    {"/mbus/record/volume/bcd-minus",
     {0x0c, 0x13, 0x18, 0x00, 0x00, 0xf0},
     6,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "-0.018",
     ""},
    {"/mbus/record/volume/bcd-pattern",
     {0x0c, 0x13, 0x18, 0x00, 0xee, 0xee},
     6,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     NILO_MBUS_STATE_INVALID,
     "",
     ""},
    {"/mbus/record/volume/bcd12",
     {0x0e, 0x13, 0x12, 0x90, 0x78, 0x56, 0x34, 0x12},
     8,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "123456789.012",
     ""},
    {"/mbus/record/volume/int64-minus",
     {0x07, 0x16, 0xfe, 255, 255, 255, 255, 255, 255, 255},
     10,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "-2",
     ""},
    {"/mbus/record/integer/no-value",
     {0x02, 0x5b, 0x00, 0x80},
     4,
     NILO_QUANTITY_FLOW_TEMPERATURE,
     NILO_UNIT_CELSIUS,
     NUMBER,
     NILO_MBUS_STATE_INVALID,
     "",
     ""},
    {"/mbus/record/real/nine-digits",
     {0x05, 0x5b, 0x2b, 0x4b, 0xac, 0x41},
     6,
     NILO_QUANTITY_FLOW_TEMPERATURE,
     NILO_UNIT_CELSIUS,
     NUMBER,
     OK,
     "21.5367031",
     ""},
    {"/mbus/record/real/no-number",
     {0x05, 0x5b, 0x00, 0x00, 0xc0, 0x7f},
     6,
     NILO_QUANTITY_FLOW_TEMPERATURE,
     NILO_UNIT_CELSIUS,
     NUMBER,
     NILO_MBUS_STATE_INVALID,
     "",
     ""},
    {"/mbus/record/vife/backward",
     {0x01, 0x93, 0x3c, 0x05},
     4,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "0.005",
     "backward flow only"},
    {"/mbus/record/vife/multiplier",
     {0x01, 0x93, 0x7d, 0x05},
     4,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "5",
     "x10^3"},
    {"/mbus/record/vife/addend-smaller",
     {0x01, 0x96, 0x7a, 0x05},
     4,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "5.1",
     "+10^-1"},
    {"/mbus/record/vife/addend-larger",
     {0x01, 0x93, 0x7b, 0x05},
     4,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "1.005",
     "+10^0"},
    {"/mbus/record/vife/overflow-is-no-value",
     {0x01, 0x93, 0x16, 0x05},
     4,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     NILO_MBUS_STATE_INVALID,
     "",
     "record error 16"},
    {"/mbus/record/vife/duration-replaces-unit",
     {0x01, 0xbe, 0x5a, 0x05},
     4,
     NILO_QUANTITY_VOLUME_FLOW,
     NILO_UNIT_HOUR,
     NUMBER,
     OK,
     "5",
     "duration of limit exceed 5A"},
    {"/mbus/record/vife/date-replaces-number",
     {0x02, 0xbe, 0x6f, DAY(2013, 12, 31)},
     5,
     NILO_QUANTITY_VOLUME_FLOW,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE,
     OK,
     "2013-12-31",
     "date of 6F"},
    {"/mbus/record/vife/phase",
     {0x02, 0xfd, 0xc8, 0xfc, 0x02, 0xe6, 0x08},
     7,
     NILO_QUANTITY_VOLTAGE,
     NILO_UNIT_VOLT,
     NUMBER,
     OK,
     "227.8",
     ""},
    {"/mbus/record/vife/manufacturer",
     {0x01, 0x93, 0xff, 0x6f, 0x05},
     5,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "0.005",
     "manufacturer VIFEs 6f"},
    {"/mbus/record/vif/manufacturer",
     {0x01, 0xff, 0x93, 0x00, 0x05},
     5,
     NILO_QUANTITY_MANUFACTURER_SPECIFIC,
     NILO_UNIT_NONE,
     NUMBER,
     NILO_MBUS_STATE_UNKNOWN,
     "5",
     ""},
    {"/mbus/record/vif/reserved",
     {0x01, 0x7b, 0x05},
     3,
     NILO_QUANTITY_RESERVED,
     NILO_UNIT_NONE,
     NUMBER,
     NILO_MBUS_STATE_UNKNOWN,
     "5",
     ""},
    {"/mbus/record/vif/table-ef",
     {0x01, 0xef, 0x13, 0x05},
     4,
     NILO_QUANTITY_RESERVED,
     NILO_UNIT_NONE,
     NUMBER,
     NILO_MBUS_STATE_UNKNOWN,
     "5",
     ""},
    {"/mbus/record/vif/fb-volume",
     {0x01, 0xfb, 0x11, 0x05},
     4,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "5000",
     ""},
    {"/mbus/record/vif/error-flags",
     {0x02, 0xfd, 0x17, 0x04, 0x80},
     5,
     NILO_QUANTITY_ERROR_FLAGS,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_BITS,
     OK,
     "0x8004",
     ""},
    {"/mbus/record/vif/battery-days",
     {0x02, 0xfd, 0x74, 0xe8, 0x03},
     5,
     NILO_QUANTITY_BATTERY_LIFE_REMAINING,
     NILO_UNIT_DAY,
     NUMBER,
     OK,
     "1000",
     ""},
    {"/mbus/record/fabrication/keeps-zeros",
     {0x0c, 0x78, 0x23, 0x15, 0x01, 0x09},
     6,
     NILO_QUANTITY_FABRICATION_NUMBER,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DIGITS,
     OK,
     "09011523",
     ""},
    {"/mbus/record/text-unit/plain",
     {0x01, 0x7c, 0x02, 'b', 'a', 0x05},
     6,
     NILO_QUANTITY_TEXT,
     NILO_UNIT_NONE,
     NUMBER,
     OK,
     "5",
     ""},
    {"/mbus/record/text-unit/meters-way",
     {0x01, 0xfc, 0x02, 'b', 'a', 0x74, 0x05},
     7,
     NILO_QUANTITY_TEXT,
     NILO_UNIT_NONE,
     NUMBER,
     OK,
     "0.05",
     "x10^-2"},
    {"/mbus/record/text-unit/standards-way",
     {0x01, 0xfc, 0x74, 0x02, 'b', 'a', 0x05},
     7,
     NILO_QUANTITY_TEXT,
     NILO_UNIT_NONE,
     NUMBER,
     OK,
     "0.05",
     "x10^-2"},
    {"/mbus/record/variable/text",
     {0x0d, 0xfd, 0x11, 0x03, 0xe9, 'b', 'a'},
     7,
     NILO_QUANTITY_CUSTOMER,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_TEXT,
     OK,
     "ab\xc3\xa9",
     ""},
    {"/mbus/record/variable/bcd-minus",
     {0x0d, 0x13, 0xd2, 0x34, 0x12},
     5,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "-1.234",
     ""},
    {"/mbus/record/variable/bcd-18-digits",
     {0x0d, 0x16, 0xc9, 0x89, 0x67, 0x45, 0x23, 0x01, 0x89, 0x67, 0x45, 0x23},
     12,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "234567890123456789",
     ""},
    {"/mbus/record/variable/number",
     {0x0d, 0x13, 0xe2, 0xff, 0xff},
     5,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NUMBER,
     OK,
     "-0.001",
     ""},
    {"/mbus/record/variable/bytes",
     {0x0d, 0x13, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
     19,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NILO_MBUS_VALUE_BINARY,
     OK,
     "0102030405060708090a0b0c0d0e0f10",
     ""},
    {"/mbus/record/no-data",
     {0x00, 0x13},
     2,
     NILO_QUANTITY_VOLUME,
     NILO_UNIT_CUBIC_METRE,
     NILO_MBUS_VALUE_NONE,
     OK,
     "",
     ""},
    {"/mbus/record/date-time/type-f",
     {0x04, 0x6d, 0x1a, 0x0e, DAY(2014, 3, 13)},
     6,
     NILO_QUANTITY_DATE_TIME,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE_TIME,
     OK,
     "2014-03-13T14:26",
     ""},
    {"/mbus/record/date-time/type-f/1900",
     {0x04, 0x6d, 0x1a, 0x0e, DAY(1996, 3, 13)},
     6,
     NILO_QUANTITY_DATE_TIME,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE_TIME,
     OK,
     "1996-03-13T14:26",
     ""},
    {"/mbus/record/date-time/flagged-invalid",
     {0x04, 0x6d, 0x9a, 0x0e, DAY(2014, 3, 13)},
     6,
     NILO_QUANTITY_DATE_TIME,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE_TIME,
     NILO_MBUS_STATE_NOT_SET,
     "",
     ""},
    {"/mbus/record/date-time/type-i",
     {0x06, 0x6d, 0x05, 0x1a, 0x0e, DAY(2014, 3, 13), 0},
     8,
     NILO_QUANTITY_DATE_TIME,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE_TIME,
     OK,
     "2014-03-13T14:26:05",
     ""},
    {"/mbus/record/date-time/type-j",
     {0x03, 0x6d, 0x05, 0x1a, 0x0e},
     5,
     NILO_QUANTITY_DATE_TIME,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_TIME,
     OK,
     "14:26:05",
     ""},
    {"/mbus/record/date/blank-ones",
     {0x02, 0x6c, 0xff, 0xff},
     4,
     NILO_QUANTITY_DATE,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE,
     NILO_MBUS_STATE_NOT_SET,
     "",
     ""},
    {"/mbus/record/date/blank-zeros",
     {0x02, 0x6c, 0x00, 0x00},
     4,
     NILO_QUANTITY_DATE,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE,
     NILO_MBUS_STATE_NOT_SET,
     "",
     ""},
    {"/mbus/record/date/february-30",
     {0x02, 0x6c, DAY(2024, 2, 30)},
     4,
     NILO_QUANTITY_DATE,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE,
     NILO_MBUS_STATE_INVALID,
     "",
     ""},
    {"/mbus/record/date/leap-day",
     {0x02, 0x6c, DAY(2024, 2, 29)},
     4,
     NILO_QUANTITY_DATE,
     NILO_UNIT_NONE,
     NILO_MBUS_VALUE_DATE,
     OK,
     "2024-02-29",
     ""},
};

static void
test_value(const void *data)
{
    const ValueCase *c = data;
    char text[NILO_MBUS_TEXT_SIZE];
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, c->bytes, c->size);
    CHECK(nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(record.quantity, c->quantity);
    CHECK_INT(record.value.unit, c->unit);
    CHECK_INT(record.value.type, c->type);
    CHECK_INT(record.value.state, c->state);
    nilo_mbus_text_format_value(&record, text, sizeof text);
    CHECK_TEXT(text, c->value);
    nilo_mbus_text_format_modifier(&record, 0, text, sizeof text);
    CHECK_TEXT(text, c->modifier);
    CHECK(!nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(iter.error, NILO_MBUS_RECORD_ERROR_NONE);
}

/* the largest numbers that ten extensions can carry */
static void
test_extensions(const void *data)
{
    static const uint8_t bytes[] = {0xd1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0xff, 0xff, 0x7f, 0x13, 0x01};
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, bytes, sizeof bytes);
    CHECK(nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(record.storage, (INT64_C(1) << 41) - 1);
    CHECK_INT(record.tariff, (1 << 20) - 1);
    CHECK_INT(record.subunit, (1 << 10) - 1);
    CHECK_INT(record.function, NILO_MBUS_FUNCTION_MAXIMUM);
    CHECK_INT(record.dib_size, 11);
    CHECK_INT(record.vib_size, 1);
    CHECK_INT(record.data_size, 1);
}

static void
test_qualifiers(const void *data)
{
    static const uint8_t bytes[] = {0x02, 0xfd, 0xc8, 0xfc,
                                    0x02, 1,    2,       /* voltage of L2 */
                                    0x01, 0x93, 0x3b, 5, /* forward */
                                    0x01, 0x93, 0xc8, 0x7e,
                                    5,                                  /* upper limit, future */
                                    0x02, 0x93, 0x4f, DAY(2024, 2, 29), /* last end above */
                                    0x01, 0x93, 0x28, 5,
                                    0x01, 0x93, 0x5f, 5,
                                    0x01, 0x93, 0x00, 5};
    static const uint16_t expected[] = {
        NILO_MBUS_QUALIFIER_PHASE(NILO_MBUS_PHASE_L2),
        NILO_MBUS_QUALIFIER_DIRECTION(NILO_MBUS_DIRECTION_FORWARD),
        NILO_MBUS_QUALIFIER_ASPECT(NILO_MBUS_ASPECT_UPPER_LIMIT) | NILO_MBUS_QUALIFIER_FUTURE,
        NILO_MBUS_QUALIFIER_ASPECT(NILO_MBUS_ASPECT_UPPER_EXCEED_DATE) | NILO_MBUS_QUALIFIER_LAST |
            NILO_MBUS_QUALIFIER_END,
        NILO_MBUS_QUALIFIER_PER,
        NILO_MBUS_QUALIFIER_ASPECT(NILO_MBUS_ASPECT_UPPER_EXCEED_DURATION) |
            NILO_MBUS_QUALIFIER_LAST,
        0,
    };
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        CHECK(nilo_mbus_record_iter_next(&iter, &record));
        CHECK_INT(record.qualifiers, expected[i]);
    }
    CHECK(!nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(NILO_MBUS_QUALIFIER_GET_PHASE(expected[0]), NILO_MBUS_PHASE_L2);
    CHECK_INT(NILO_MBUS_QUALIFIER_GET_ASPECT(expected[5]), NILO_MBUS_ASPECT_UPPER_EXCEED_DURATION);
}

typedef struct {
    const char *path;
    uint8_t bytes[24];
    size_t size;
    unsigned records; /* read before the error */
    NiloMbusRecordError error;
} ErrorCase;

#define GOOD 0x01, 0x13, 0x05

static const ErrorCase error_cases[] = {
    {"/mbus/record/error/none", {GOOD, 0x2f, 0x2f, GOOD, 0x2f}, 9, 2, 0},
    {"/mbus/record/error/empty", {0}, 0, 0, 0},
    {"/mbus/record/error/end-in-dife",
     {GOOD, 0x81, 0x81},
     5,
     1,
     NILO_MBUS_RECORD_ERROR_END_IN_DIFE},
    {"/mbus/record/error/end-before-vif",
     {GOOD, 0x81, 0x01},
     5,
     1,
     NILO_MBUS_RECORD_ERROR_END_BEFORE_VIF},
    {"/mbus/record/error/end-in-table",
     {GOOD, 0x01, 0xfd},
     5,
     1,
     NILO_MBUS_RECORD_ERROR_END_IN_VIFE},
    {"/mbus/record/error/end-in-vife",
     {GOOD, 0x01, 0x93, 0xff},
     6,
     1,
     NILO_MBUS_RECORD_ERROR_END_IN_VIFE},
    {"/mbus/record/error/end-in-text",
     {GOOD, 0x01, 0x7c, 0x03, 'a'},
     7,
     1,
     NILO_MBUS_RECORD_ERROR_END_IN_TEXT},
    {"/mbus/record/error/end-in-data",
     {GOOD, 0x02, 0x13, 0x05},
     6,
     1,
     NILO_MBUS_RECORD_ERROR_END_IN_DATA},
    {"/mbus/record/error/end-in-variable-data",
     {GOOD, 0x0d, 0x13, 0x03, 0x05},
     7,
     1,
     NILO_MBUS_RECORD_ERROR_END_IN_DATA},
    {"/mbus/record/error/reserved-length",
     {GOOD, 0x0d, 0x13, 0xcf, 0x05},
     7,
     1,
     NILO_MBUS_RECORD_ERROR_RESERVED_LENGTH},
    {"/mbus/record/error/eleven-dife",
     {GOOD, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0x13, 5},
     17,
     1,
     NILO_MBUS_RECORD_ERROR_TOO_MANY_DIFE},
    {"/mbus/record/error/eleven-vife",
     {GOOD, 0x01, 0x93, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 5},
     17,
     1,
     NILO_MBUS_RECORD_ERROR_TOO_MANY_VIFE},
    {"/mbus/record/error/unknown-does-not-hide-the-next", {0x0a, 0x6f, 0xee, 0xee, GOOD}, 7, 2, 0},
};

static void
test_error(const void *data)
{
    const ErrorCase *c = data;
    NiloMbusRecordIter iter;
    NiloMbusRecord record;
    unsigned n = 0;

    nilo_mbus_record_iter_init(&iter, c->size > 0 ? c->bytes : NULL, c->size);
    while (nilo_mbus_record_iter_next(&iter, &record))
        n++;
    CHECK_INT(n, c->records);
    CHECK_INT(iter.error, c->error);
    CHECK((nilo_mbus_record_error_get_text(iter.error) == NULL) == (c->error == 0));
}

static void
test_special(const void *data)
{
    static const uint8_t bytes[] = {0x7f, GOOD, 0x1f, 0xaa, 0xbb};
    static const uint8_t reserved[] = {0x3f, 0xaa};
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, bytes, sizeof bytes);
    CHECK(nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(record.type, NILO_MBUS_RECORD_READOUT);
    CHECK(nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(record.type, NILO_MBUS_RECORD_DATA);
    CHECK(!iter.more_follow);
    CHECK(nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(record.type, NILO_MBUS_RECORD_MORE_FOLLOW);
    CHECK_INT(record.data_size, 2);
    CHECK(iter.more_follow);
    CHECK(!nilo_mbus_record_iter_next(&iter, &record));
    nilo_mbus_record_iter_init(&iter, reserved, sizeof reserved);
    CHECK(nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(record.type, NILO_MBUS_RECORD_RESERVED);
    CHECK(!nilo_mbus_record_iter_next(&iter, &record));
}

static void
test_high_byte_first(const void *data)
{
    static const uint8_t bytes[] = {0x04, 0x13, 0x00, 0x00, 0x31, 0x15};
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, bytes, sizeof bytes);
    iter.is_high_byte_first = true;
    CHECK(nilo_mbus_record_iter_next(&iter, &record));
    CHECK_INT(record.value.mantissa, 0x3115);
}

int
main(void)
{
    for (size_t i = 0; i < sizeof value_cases / sizeof value_cases[0]; i++)
        nilo_test_run(value_cases[i].path, test_value, &value_cases[i]);
    for (size_t i = 0; i < sizeof error_cases / sizeof error_cases[0]; i++)
        nilo_test_run(error_cases[i].path, test_error, &error_cases[i]);
    nilo_test_run("/mbus/record/extensions", test_extensions, NULL);
    nilo_test_run("/mbus/record/qualifiers", test_qualifiers, NULL);
    nilo_test_run("/mbus/record/special", test_special, NULL);
    nilo_test_run("/mbus/record/high-byte-first", test_high_byte_first, NULL);
    return nilo_test_finish();
}
