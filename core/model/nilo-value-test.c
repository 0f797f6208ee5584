/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-value.h"

typedef struct {
    const char *path;
    NiloValue value;
    const char *text;
} TextCase;

static const TextCase text_cases[] = {
    {"/value/text/decimals", {12565, -3, 0}, "12.565"},
    {"/value/text/trailing-zeros", {12500, -3, 0}, "12.5"},
    {"/value/text/only-zeros-behind-the-point", {5000, -3, 0}, "5"},
    {"/value/text/below-one", {-4, -2, 0}, "-0.04"},
    {"/value/text/zero", {0, -6, 0}, "0"},
    {"/value/text/zero-with-exponent", {0, 3, 0}, "0"},
    {"/value/text/exponent", {35, 3, 0}, "35000"},
    {"/value/text/largest", {G_MAXINT64, 0, 0}, "9223372036854775807"},
    {"/value/text/smallest", {G_MININT64, 0, 0}, "-9223372036854775808"},
};

static void
test_text(gconstpointer data)
{
    const TextCase *test = data;
    g_autofree char *text = nilo_value_to_text(&test->value);

    g_assert_cmpstr(text, ==, test->text);
}

static void
test_equal(void)
{
    const NiloValue a = {1200, -3, NILO_UNIT_CUBIC_METRE}, b = {12, -1, NILO_UNIT_CUBIC_METRE};
    const NiloValue c = {12, -1, NILO_UNIT_WATT_HOUR}, d = {12, 0, NILO_UNIT_CUBIC_METRE};
    const NiloValue zero = {0, -3, NILO_UNIT_NONE}, nought = {0, 5, NILO_UNIT_NONE};

    g_assert_true(nilo_value_equal(&a, &b));
    g_assert_false(nilo_value_equal(&b, &c));
    g_assert_false(nilo_value_equal(&b, &d));
    g_assert_true(nilo_value_equal(&zero, &nought));
}

static void
test_millilitres(void)
{
    const NiloValue litres = {1234, -3, NILO_UNIT_CUBIC_METRE};
    const NiloValue fraction = {-15, -7, NILO_UNIT_CUBIC_METRE};
    const NiloValue energy = {1, 0, NILO_UNIT_WATT_HOUR};
    const NiloValue ocean = {G_MAXINT64 / 2, 0, NILO_UNIT_CUBIC_METRE};
    gint64 volume_ml = 4711;

    g_assert_false(nilo_value_to_millilitres(&energy, &volume_ml));
    g_assert_false(nilo_value_to_millilitres(&ocean, &volume_ml));
    g_assert_cmpint(volume_ml, ==, 4711);
    g_assert_true(nilo_value_to_millilitres(&litres, &volume_ml));
    g_assert_cmpint(volume_ml, ==, 1234000);
    g_assert_true(nilo_value_to_millilitres(&fraction, &volume_ml));
    g_assert_cmpint(volume_ml, ==, -2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(text_cases); i++)
        g_test_add_data_func(text_cases[i].path, &text_cases[i], test_text);
    g_test_add_func("/value/equal", test_equal);
    g_test_add_func("/value/millilitres", test_millilitres);
    return g_test_run();
}
