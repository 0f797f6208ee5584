/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-field.h"
#include "nilo-cjt188-text.h"
#include "nilo-wire-test.h"

/* a payload, and its fields as "name: text; name: text" */
typedef struct {
    const char *path;
    uint16_t di;
    bool is_answer;
    bool is_abnormal;
    uint8_t payload[48];
    uint8_t size;
    const char *fields;
    const NiloCjt188Profile *profile;
} FieldCase;

static const NiloCjt188Profile litres = {
    .assumed_unit_code = 0x29,
    .status_map = &nilo_cjt188_status_map_mirrored,
};

static const FieldCase field_cases[] = {
    {"/cjt188/field/water",
     0x901f,
     true,
     false,
     {0x78, 0x56, 0x34, 0x12, 0x2c, 0x01, 0, 0, 0, 0x2c, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x00},
     19,
     "current: 123456.78 m3; settlement_day: 0.01 m3; time: 0000-00-00 00:00:00; "
     "status: ST0=01 ST1=00 valve=closed battery=ok",
     NULL},
    {"/cjt188/field/litres-sent",
     0x901f,
     true,
     false,
     {0x78, 0x56, 0x34, 0x12, 0x29, 0x01, 0, 0, 0, 0x2d, 0x51, 0x49, 0x09, 0x22, 0x04, 0x10, 0x20,
      0, 0},
     19,
     "current: 123456.78 L; settlement_day: 0.01 m3x10; time: 2010-04-22 09:49:51; "
     "status: ST0=00 ST1=00 valve=open battery=ok",
     NULL},
    {"/cjt188/field/not-supported",
     0x901f,
     true,
     false,
     {0xff, 0xff, 0xff, 0xff, 0x2c, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff},
     19,
     "current: not supported (FF); settlement_day: not supported (FF); time: not supported (FF); "
     "status: not supported (FF)",
     NULL},
    {"/cjt188/field/not-decimal",
     0xd120,
     true,
     false,
     {0x0a, 0x56, 0x34, 0x12, 0x2c},
     5,
     "settlement_month: invalid (0A 56 34 12 2C)",
     NULL},
    {"/cjt188/field/unit-zero",
     0xd12b,
     true,
     false,
     {0x34, 0x12, 0, 0, 0x00},
     5,
     "settlement_month: 12.34 code 00",
     NULL},
    {"/cjt188/field/unit-strange",
     0xd12b,
     true,
     false,
     {0x34, 0x12, 0, 0, 0x3f},
     5,
     "settlement_month: 12.34 code 3F",
     NULL},
    {"/cjt188/field/unit-zero-profile-knows",
     0xd12b,
     true,
     false,
     {0x34, 0x12, 0, 0, 0x00},
     5,
     "settlement_month: 1234 L (assumed)",
     &litres},
    {"/cjt188/field/unit-strange-profile-is-not-asked",
     0xd12b,
     true,
     false,
     {0x34, 0x12, 0, 0, 0x3f},
     5,
     "settlement_month: 1234 code 3F",
     &litres},
    {"/cjt188/field/short-answer",
     0x901f,
     true,
     false,
     {0x78, 0x56, 0x34, 0x12, 0x00, 0xff},
     6,
     "current: 123456.78 unit unknown; status: ST0=00 ST1=FF valve=open battery=ok",
     NULL},
    {"/cjt188/field/short-answer-profile-knows",
     0x901f,
     true,
     false,
     {0x78, 0x56, 0x34, 0x12, 0xa0, 0x00},
     6,
     "current: 12345678 L (assumed); status: ST0=A0 ST1=00 valve=closed battery=low",
     &litres},
    {"/cjt188/field/report-unit-first",
     0x901f,
     true,
     false,
     {0x2c, 0x34, 0x12, 0,    0,    0x2c, 0x01, 0,    0,    0,    0x35, 0x50, 0,
      0,    0,    0x41, 0x20, 0x14, 0x16, 0x12, 0x19, 0x20, 0x40, 0x21, 0x00, 0x02},
     26,
     "current: 12.34 m3; settlement_day: 0.01 m3; flow: 0.0050 m3/h; time: 2019-12-16 14:20:41; "
     "rest: 40 21 00 02",
     NULL},
    {"/cjt188/field/report-of-that-length-only",
     0x901f,
     true,
     false,
     {0x01, 0x02},
     26,
     "raw: 01 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     NULL},
    {"/cjt188/field/water-with-vendor-bytes",
     0x901f,
     true,
     false,
     {0x01, 0, 0, 0, 0x2c, 0x01, 0, 0, 0, 0x2c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd},
     21,
     "current: 0.01 m3; settlement_day: 0.01 m3; time: 0000-00-00 00:00:00; "
     "status: ST0=00 ST1=00 valve=open battery=ok; rest: AB CD",
     NULL},
    {"/cjt188/field/year-first",
     0xa015,
     false,
     false,
     {0x20, 0x20, 0x05, 0x28, 0x20, 0x58, 0x24},
     7,
     "time: 2458-20-28 05:20:20",
     NULL},
    {"/cjt188/field/price-table-written",
     0xa010,
     false,
     false,
     {0x50, 0x03, 0, 0x20, 0, 0, 0x90, 0x04, 0, 0x30, 0, 0, 0, 0x07, 0, 0x01},
     16,
     "price1: 3.50; volume1: 20; price2: 4.90; volume2: 30; price3: 7.00; start_day: 01",
     NULL},
    {"/cjt188/field/purchase-written",
     0xa013,
     false,
     false,
     {0x04, 0, 0x50, 0, 0},
     5,
     "purchase_no: 04; this_purchase: 50.00",
     NULL},
    {"/cjt188/field/key-is-not-shown",
     0xa014,
     false,
     false,
     {0x02, 1, 2, 3, 4, 5, 6, 7, 8},
     9,
     "key_version: 02; key: not shown",
     NULL},
    {"/cjt188/field/key-of-other-length-is-not-shown",
     0xa107,
     false,
     false,
     {1, 2, 3},
     3,
     "raw: not shown",
     NULL},
    {"/cjt188/field/counter-written",
     0xa016,
     false,
     false,
     {0x34, 0x12, 0, 0, 0x2c},
     5,
     "counter: 12.34 m3",
     NULL},
    {"/cjt188/field/address-written",
     0xa018,
     false,
     false,
     {0x21, 0x43, 0x65, 0x87, 0x00, 0x33, 0x78},
     7,
     "new_address: 78330087654321",
     NULL},
    {"/cjt188/field/address-in-answer",
     0x810a,
     true,
     false,
     {0x21, 0x43, 0x65, 0x87, 0x00, 0x33, 0x78},
     7,
     "answered_address: 78330087654321",
     NULL},
    {"/cjt188/field/abnormal",
     0x0000,
     true,
     true,
     {0x03, 0x00},
     2,
     "status: ST0=03 ST1=00 valve=fault battery=ok",
     NULL},
    {"/cjt188/field/unknown-identifier", 0xd3aa, true, false, {0x01, 0x02}, 2, "raw: 01 02", NULL},
    {"/cjt188/field/wrong-length", 0x8103, true, false, {0x01, 0x02}, 2, "raw: 01 02", NULL},
    {"/cjt188/field/empty", 0x901f, true, false, {0}, 0, "", NULL},
};

static void
test_fields(const void *data)
{
    const FieldCase *given = data;
    const NiloCjt188Message message = {
        .is_answer = given->is_answer,
        .is_abnormal = given->is_abnormal,
        .has_di = given->di != 0,
        .di = given->di,
        .payload = given->payload,
        .payload_size = given->size,
    };
    NiloCjt188Fields fields;
    NiloCjt188Field field;
    char text[600] = "";
    size_t used = 0;

    nilo_cjt188_field_start(&fields, &message, given->profile);
    while (nilo_cjt188_field_next(&fields, &field) == NILO_WIRE_OK) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s: ", used > 0 ? "; " : "",
                                 nilo_cjt188_key_get_name(field.key));
        used += nilo_cjt188_field_to_text(&field, text + used, sizeof text - used);
    }
    CHECK_TEXT(text, given->fields);
}

typedef struct {
    const char *path;
    uint16_t di;
    uint8_t payload[19];
    uint8_t size;
    NiloQuantity quantity;
    int64_t mantissa;
    int exponent;
    NiloUnit unit;
    NiloCjt188UnitSource source;
} ValueCase;

/* the first field as a value: mantissa x 10^exponent unit */
static const ValueCase value_cases[] = {
    {"/cjt188/field/value/cubic-metre",
     0xd120,
     {0x78, 0x56, 0x34, 0x12, 0x2c},
     5,
     NILO_QUANTITY_VOLUME,
     12345678,
     -2,
     NILO_UNIT_CUBIC_METRE,
     NILO_CJT188_UNIT_SENT},
    {"/cjt188/field/value/litre",
     0xd120,
     {0x78, 0x56, 0x34, 0x12, 0x29},
     5,
     NILO_QUANTITY_VOLUME,
     12345678,
     -5,
     NILO_UNIT_CUBIC_METRE,
     NILO_CJT188_UNIT_SENT},
    {"/cjt188/field/value/kilowatt-hour",
     0xd120,
     {0x60, 0x40, 0x05, 0x00, 0x05},
     5,
     NILO_QUANTITY_ENERGY,
     54060,
     1,
     NILO_UNIT_WATT_HOUR,
     NILO_CJT188_UNIT_SENT},
    {"/cjt188/field/value/gigajoule",
     0xd120,
     {0x60, 0x40, 0x05, 0x00, 0x11},
     5,
     NILO_QUANTITY_ENERGY,
     54060,
     7,
     NILO_UNIT_JOULE,
     NILO_CJT188_UNIT_SENT},
    {"/cjt188/field/value/unknown",
     0xd120,
     {0x60, 0x40, 0x05, 0x00, 0x7f},
     5,
     NILO_QUANTITY_VOLUME,
     54060,
     -2,
     NILO_UNIT_NONE,
     NILO_CJT188_UNIT_UNKNOWN},
    {"/cjt188/field/value/day",
     0x8103,
     {0x25},
     1,
     NILO_QUANTITY_SETTLEMENT_DAY,
     25,
     0,
     NILO_UNIT_NONE,
     NILO_CJT188_UNIT_NONE},
    {"/cjt188/field/value/price",
     0x8102,
     {0x12, 0x22, 0x32},
     15,
     NILO_QUANTITY_PRICE,
     322212,
     -2,
     NILO_UNIT_CURRENCY_PER_CUBIC_METRE,
     NILO_CJT188_UNIT_FIXED},
};

static void
test_value(const void *data)
{
    const ValueCase *wanted = data;
    const NiloCjt188Message message = {
        .is_answer = true,
        .has_di = true,
        .di = wanted->di,
        .payload = wanted->payload,
        .payload_size = wanted->size,
    };
    NiloCjt188Fields fields;
    NiloCjt188Field field;

    nilo_cjt188_field_start(&fields, &message, NULL);
    CHECK_INT(nilo_cjt188_field_next(&fields, &field), NILO_WIRE_OK);
    CHECK_INT(field.state, NILO_CJT188_STATE_OK);
    CHECK_INT(field.quantity, wanted->quantity);
    CHECK_INT(field.mantissa, wanted->mantissa);
    CHECK_INT(field.exponent, wanted->exponent);
    CHECK_INT(field.unit, wanted->unit);
    CHECK_INT(field.unit_source, wanted->source);
    CHECK_INT(field.month, wanted->di == 0xd120 ? 1 : 0);
}

/* what the meter's side builds, the master's side reads: every layout, every key with its own
 * digits */
typedef struct {
    const char *path;
    uint16_t di;
    bool is_answer;
    NiloCjt188Shape shape;
    size_t size;
} BuildCase;

static const BuildCase build_cases[] = {
    {"/cjt188/payload/water", 0x901f, true, NILO_CJT188_SHAPE_STANDARD, 19},
    {"/cjt188/payload/heat", 0x901f, true, NILO_CJT188_SHAPE_HEAT, 43},
    {"/cjt188/payload/short", 0x901f, true, NILO_CJT188_SHAPE_SHORT, 6},
    {"/cjt188/payload/report", 0x901f, true, NILO_CJT188_SHAPE_REPORT, 26},
    {"/cjt188/payload/month", 0xd125, true, NILO_CJT188_SHAPE_STANDARD, 5},
    {"/cjt188/payload/price-table", 0x8102, true, NILO_CJT188_SHAPE_STANDARD, 15},
    {"/cjt188/payload/settlement-day", 0x8103, true, NILO_CJT188_SHAPE_STANDARD, 1},
    {"/cjt188/payload/reading-day", 0x8104, true, NILO_CJT188_SHAPE_STANDARD, 1},
    {"/cjt188/payload/purchase", 0x8105, true, NILO_CJT188_SHAPE_STANDARD, 15},
    {"/cjt188/payload/key-version", 0x8106, true, NILO_CJT188_SHAPE_STANDARD, 1},
    {"/cjt188/payload/write-price-table", 0xa010, false, NILO_CJT188_SHAPE_STANDARD, 16},
    {"/cjt188/payload/price-table-written", 0xa010, true, NILO_CJT188_SHAPE_STANDARD, 2},
    {"/cjt188/payload/write-settlement-day", 0xa011, false, NILO_CJT188_SHAPE_STANDARD, 1},
    {"/cjt188/payload/write-reading-day", 0xa012, false, NILO_CJT188_SHAPE_STANDARD, 1},
    {"/cjt188/payload/write-purchase", 0xa013, false, NILO_CJT188_SHAPE_STANDARD, 5},
    {"/cjt188/payload/purchase-written", 0xa013, true, NILO_CJT188_SHAPE_STANDARD, 5},
    {"/cjt188/payload/write-key", 0xa014, false, NILO_CJT188_SHAPE_STANDARD, 9},
    {"/cjt188/payload/key-written", 0xa014, true, NILO_CJT188_SHAPE_STANDARD, 1},
    {"/cjt188/payload/write-clock", 0xa015, false, NILO_CJT188_SHAPE_STANDARD, 7},
    {"/cjt188/payload/write-counter", 0xa016, false, NILO_CJT188_SHAPE_STANDARD, 5},
    {"/cjt188/payload/counter-written", 0xa016, true, NILO_CJT188_SHAPE_STANDARD, 2},
    {"/cjt188/payload/valve", 0xa017, false, NILO_CJT188_SHAPE_STANDARD, 1},
    {"/cjt188/payload/valve-moved", 0xa017, true, NILO_CJT188_SHAPE_STANDARD, 2},
    {"/cjt188/payload/write-address", 0xa018, false, NILO_CJT188_SHAPE_STANDARD, 7},
};

static size_t
make_values(NiloCjt188Value values[NILO_CJT188_KEY_REST])
{
    for (unsigned key = 0; key < NILO_CJT188_KEY_REST; key++) {
        values[key] = (NiloCjt188Value){
            .key = (NiloCjt188Key)key,
            .digits = 10 + key,
            .unit_code = key == NILO_CJT188_KEY_FLOW ? 0x35 : 0x2c,
        };
    }
    return NILO_CJT188_KEY_REST;
}

static void
check_read_back(const NiloCjt188Field *field, const NiloCjt188Content *content)
{
    switch (field->kind) {
    case NILO_CJT188_FIELD_NUMBER:
    case NILO_CJT188_FIELD_CODE:
        CHECK_INT(field->mantissa, 10 + field->key);
        break;
    case NILO_CJT188_FIELD_CLOCK:
        CHECK_INT(field->state, NILO_CJT188_STATE_OK);
        CHECK_INT(field->clock.year, content->clock->year);
        CHECK_INT(field->clock.second, content->clock->second);
        break;
    case NILO_CJT188_FIELD_STATUS:
        CHECK_INT(field->status.valve, NILO_CJT188_VALVE_IS_CLOSED);
        break;
    case NILO_CJT188_FIELD_ADDRESS:
        CHECK(nilo_cjt188_address_is_equal(&field->address, content->address));
        break;
    case NILO_CJT188_FIELD_RAW:
    case NILO_CJT188_FIELD_SECRET:
        CHECK_INT(field->bytes[0], 0x51);
        break;
    }
}

static void
test_build(const void *data)
{
    static const NiloCjt188Clock clock = {2026, 11, 22, 9, 30, 5, false};
    static const NiloCjt188Address address = {{1, 2, 3, 4, 5, 6, 7}};
    static const uint8_t raw[] = {0x51, 0x52};
    const BuildCase *given = data;
    NiloCjt188Value values[NILO_CJT188_KEY_REST];
    const NiloCjt188Content content = {
        .di = given->di,
        .is_answer = given->is_answer,
        .shape = given->shape,
        .values = values,
        .n_values = make_values(values),
        .clock = &clock,
        .address = &address,
        .status = {0x01, 0x00},
        .raw = raw,
        .raw_size = sizeof raw,
    };
    uint8_t payload[48];
    NiloCjt188Message message = {.is_answer = given->is_answer,
                                 .has_di = true,
                                 .di = given->di,
                                 .payload = payload};
    NiloCjt188Fields fields;
    NiloCjt188Field field;
    size_t size = 0;

    CHECK_INT(nilo_cjt188_payload_build(&content, payload, given->size, &size), NILO_WIRE_OK);
    CHECK_INT(size, given->size);
    CHECK_INT(nilo_cjt188_payload_build(&content, payload, given->size - 1, &size),
              NILO_WIRE_TOO_LONG);
    message.payload_size = (uint8_t)given->size;
    nilo_cjt188_field_start(&fields, &message, NULL);
    while (nilo_cjt188_field_next(&fields, &field) == NILO_WIRE_OK) {
        CHECK(field.key != NILO_CJT188_KEY_RAW);
        check_read_back(&field, &content);
    }
}

static void
test_build_missing(const void *data)
{
    static const uint8_t wanted[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00};
    const NiloCjt188Content content = {.di = 0x901f, .is_answer = true, .status = {0x04, 0x00}};
    uint8_t payload[19];
    size_t size = 0;

    CHECK_INT(nilo_cjt188_payload_build(&content, payload, sizeof payload, &size), NILO_WIRE_OK);
    CHECK(memcmp(payload, wanted, sizeof wanted) == 0);
}

static void
test_build_refused(const void *data)
{
    const NiloCjt188Value large = {NILO_CJT188_KEY_CURRENT, 100000000, 0x2c};
    const NiloCjt188Value code = {NILO_CJT188_KEY_VALVE, 256, 0};
    const NiloCjt188Clock clock = {2026, 13, 1, 0, 0, 0, false};
    NiloCjt188Content content = {.di = 0x901f, .is_answer = true, .values = &large, .n_values = 1};
    uint8_t payload[48];
    size_t size = 7;

    CHECK_INT(nilo_cjt188_payload_build(&content, payload, sizeof payload, &size),
              NILO_WIRE_TOO_LONG);
    content = (NiloCjt188Content){.di = 0xa017, .values = &code, .n_values = 1};
    CHECK_INT(nilo_cjt188_payload_build(&content, payload, sizeof payload, &size),
              NILO_WIRE_TOO_LONG);
    content = (NiloCjt188Content){.di = 0xa015, .clock = &clock};
    CHECK_INT(nilo_cjt188_payload_build(&content, payload, sizeof payload, &size),
              NILO_WIRE_BAD_VALUE);
    content = (NiloCjt188Content){.di = 0xa015, .is_answer = true};
    CHECK_INT(nilo_cjt188_payload_build(&content, payload, sizeof payload, &size),
              NILO_WIRE_UNSUPPORTED);
    content = (NiloCjt188Content){.di = 0xd123, .is_answer = true, .shape = NILO_CJT188_SHAPE_HEAT};
    CHECK_INT(nilo_cjt188_payload_build(&content, payload, sizeof payload, &size),
              NILO_WIRE_UNSUPPORTED);
    CHECK_INT(size, 7);
}

int
main(void)
{
    for (size_t i = 0; i < sizeof field_cases / sizeof field_cases[0]; i++)
        nilo_test_run(field_cases[i].path, test_fields, &field_cases[i]);
    for (size_t i = 0; i < sizeof value_cases / sizeof value_cases[0]; i++)
        nilo_test_run(value_cases[i].path, test_value, &value_cases[i]);
    for (size_t i = 0; i < sizeof build_cases / sizeof build_cases[0]; i++)
        nilo_test_run(build_cases[i].path, test_build, &build_cases[i]);
    nilo_test_run("/cjt188/payload/missing-values", test_build_missing, NULL);
    nilo_test_run("/cjt188/payload/refused", test_build_refused, NULL);
    return nilo_test_finish();
}
