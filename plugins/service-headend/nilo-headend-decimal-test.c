/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-decimal.h"

typedef struct {
    const char *path;
    const char *number;
    const char *unit;
    NiloValue expected;
} Case;

static const Case good[] = {
    {"/headend/decimal/litres", "12.565", "m3", {12565, -3, NILO_UNIT_CUBIC_METRE}},
    {"/headend/decimal/whole", "5", "m3", {5, 0, NILO_UNIT_CUBIC_METRE}},
    {"/headend/decimal/negative", "-0.04", "m3/h", {-4, -2, NILO_UNIT_CUBIC_METRE_PER_HOUR}},
    {"/headend/decimal/no-unit", "0", "", {0, 0, NILO_UNIT_NONE}},
    {"/headend/decimal/18-digits",
     "999999999999999999",
     "m3",
     {999999999999999999, 0, NILO_UNIT_CUBIC_METRE}},
};

static const Case bad[] = {
    {"/headend/decimal/empty", "", "m3", {0}},
    {"/headend/decimal/only-sign", "-", "m3", {0}},
    {"/headend/decimal/no-decimals", "12.", "m3", {0}},
    {"/headend/decimal/no-whole", ".5", "m3", {0}},
    {"/headend/decimal/two-points", "1.2.3", "m3", {0}},
    {"/headend/decimal/comma", "1,5", "m3", {0}},
    {"/headend/decimal/scientific", "1e3", "m3", {0}},
    {"/headend/decimal/space", "1 ", "m3", {0}},
    {"/headend/decimal/19-digits", "1000000000000000000", "m3", {0}},
    {"/headend/decimal/chinese-digits", "一二", "m3", {0}},
    {"/headend/decimal/unknown-unit", "1", "litre", {0}},
};

static void
test_good(gconstpointer data)
{
    const Case *item = data;
    g_autoptr(GError) error = NULL;
    NiloValue value;

    nilo_headend_decimal_parse(item->number, item->unit, &value, &error);
    g_assert_no_error(error);
    g_assert_cmpint(value.mantissa, ==, item->expected.mantissa);
    g_assert_cmpint(value.exponent, ==, item->expected.exponent);
    g_assert_cmpint(value.unit, ==, item->expected.unit);
    g_assert_cmpstr(nilo_headend_decimal_unit_name(value.unit), ==, item->unit);
}

static void
test_bad(gconstpointer data)
{
    const Case *item = data;
    g_autoptr(GError) error = NULL;
    NiloValue value = {77, 7, 7};

    g_assert_false(nilo_headend_decimal_parse(item->number, item->unit, &value, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    g_assert_cmpint(value.mantissa, ==, 77);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_test_add_data_func(good[i].path, &good[i], test_good);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_test_add_data_func(bad[i].path, &bad[i], test_bad);
    return g_test_run();
}
