/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-wire-result.h"
#include "nilo-wire-test.h"
#include "nilo-wire-unit-code.h"

typedef struct {
    const char *path;
    uint8_t code;
    NiloQuantity quantity;
    NiloUnit unit;
    int exponent;
} CodeCase;

static const CodeCase code_cases[] = {
    {"/wire/unit-code/watt-hour", 0x02, NILO_QUANTITY_ENERGY, NILO_UNIT_WATT_HOUR, 0},
    {"/wire/unit-code/kilowatt-hour", 0x05, NILO_QUANTITY_ENERGY, NILO_UNIT_WATT_HOUR, 3},
    {"/wire/unit-code/megawatt-hour", 0x08, NILO_QUANTITY_ENERGY, NILO_UNIT_WATT_HOUR, 6},
    {"/wire/unit-code/kilojoule", 0x0b, NILO_QUANTITY_ENERGY, NILO_UNIT_JOULE, 3},
    {"/wire/unit-code/megajoule", 0x0e, NILO_QUANTITY_ENERGY, NILO_UNIT_JOULE, 6},
    {"/wire/unit-code/gigajoule", 0x11, NILO_QUANTITY_ENERGY, NILO_UNIT_JOULE, 9},
    {"/wire/unit-code/kilowatt", 0x17, NILO_QUANTITY_POWER, NILO_UNIT_WATT, 3},
    {"/wire/unit-code/kilojoule-per-hour", 0x1d, NILO_QUANTITY_POWER, NILO_UNIT_JOULE_PER_HOUR, 3},
    {"/wire/unit-code/millilitre", 0x26, NILO_QUANTITY_VOLUME, NILO_UNIT_CUBIC_METRE, -6},
    {"/wire/unit-code/litre", 0x29, NILO_QUANTITY_VOLUME, NILO_UNIT_CUBIC_METRE, -3},
    {"/wire/unit-code/cubic-metre", 0x2c, NILO_QUANTITY_VOLUME, NILO_UNIT_CUBIC_METRE, 0},
    {"/wire/unit-code/hundred-cubic-metres", 0x2e, NILO_QUANTITY_VOLUME, NILO_UNIT_CUBIC_METRE, 2},
    {"/wire/unit-code/litre-per-hour", 0x32, NILO_QUANTITY_VOLUME_FLOW,
     NILO_UNIT_CUBIC_METRE_PER_HOUR, -3},
    {"/wire/unit-code/cubic-metre-per-hour", 0x35, NILO_QUANTITY_VOLUME_FLOW,
     NILO_UNIT_CUBIC_METRE_PER_HOUR, 0},
    {"/wire/unit-code/millidegree", 0x38, NILO_QUANTITY_UNKNOWN, NILO_UNIT_CELSIUS, -3},
    {"/wire/unit-code/heat-cost-units", 0x39, NILO_QUANTITY_HCA_UNITS, NILO_UNIT_HCA, 0},
    {"/wire/unit-code/2004-joule-per-hour", 0x40, NILO_QUANTITY_POWER, NILO_UNIT_JOULE_PER_HOUR, 0},
    {"/wire/unit-code/2004-gigajoule-per-hour", 0x49, NILO_QUANTITY_POWER, NILO_UNIT_JOULE_PER_HOUR,
     9},
};

static void
test_code(const void *data)
{
    const CodeCase *wanted = data;
    NiloUnitCode meaning = {0};

    CHECK(nilo_unit_code_find(wanted->code, &meaning));
    CHECK_INT(meaning.quantity, wanted->quantity);
    CHECK_INT(meaning.unit, wanted->unit);
    CHECK_INT(meaning.exponent, wanted->exponent);
}

static void
test_no_unit(const void *data)
{
    static const uint8_t codes[] = {0x00, 0x01, 0x3a, 0x3d, 0x3e, 0x3f, 0x4a, 0x80, 0xff};
    NiloUnitCode meaning = {.exponent = 42};

    for (size_t i = 0; i < sizeof codes; i++)
        CHECK(!nilo_unit_code_find(codes[i], &meaning));
    CHECK_INT(meaning.exponent, 42);
}

static void
test_result_text(const void *data)
{
    CHECK_TEXT(nilo_wire_result_get_text(NILO_WIRE_BAD_CHECKSUM), "checksum does not match");
    for (int i = NILO_WIRE_OK; i <= NILO_WIRE_UNSUPPORTED; i++)
        CHECK(strcmp(nilo_wire_result_get_text((NiloWireResult)i), "unknown result") != 0);
    CHECK_TEXT(nilo_wire_result_get_text((NiloWireResult)99), "unknown result");
}

int
main(void)
{
    for (size_t i = 0; i < sizeof code_cases / sizeof code_cases[0]; i++)
        nilo_test_run(code_cases[i].path, test_code, &code_cases[i]);
    nilo_test_run("/wire/unit-code/no-unit", test_no_unit, NULL);
    nilo_test_run("/wire/result/text", test_result_text, NULL);
    return nilo_test_finish();
}
