/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-fixed-rows.h"

typedef struct {
    const char *path;
    gint64 number;
    guint width;
    const char *expected;
} Case;

static const Case cases[] = {
    {"/headend/fixed-rows/zero", 0, 1, "[\"0\"]"},
    {"/headend/fixed-rows/padded", 42, 5, "[\"00042\"]"},
    {"/headend/fixed-rows/full", 42, 2, "[\"42\"]"},
    {"/headend/fixed-rows/negative", -42, 5, "[\"-0042\"]"},
    {"/headend/fixed-rows/negative-full", -42, 3, "[\"-42\"]"},
    {"/headend/fixed-rows/smallest", G_MININT64, 20, "[\"-9223372036854775808\"]"},
    {"/headend/fixed-rows/largest", G_MAXINT64, 20, "[\"09223372036854775807\"]"},
};

static void
test_one(gconstpointer data)
{
    const Case *item = data;
    g_auto(NiloFixedRows) rows = {NULL};

    nilo_fixed_rows_init(&rows);
    nilo_fixed_rows_begin(&rows);
    nilo_fixed_rows_add(&rows, item->number, item->width);
    g_assert_cmpstr(nilo_fixed_rows_finish(&rows), ==, item->expected);
}

static void
test_many(void)
{
    g_auto(NiloFixedRows) rows = {NULL};

    nilo_fixed_rows_init(&rows);
    for (gint64 i = 1; i <= 2; i++) {
        nilo_fixed_rows_begin(&rows);
        nilo_fixed_rows_add(&rows, i, 2);
        nilo_fixed_rows_add(&rows, -i, 2);
    }
    g_assert_cmpstr(nilo_fixed_rows_finish(&rows), ==, "[\"01-1\",\"02-2\"]");
    g_assert_cmpuint(rows.n_rows, ==, 2);
}

static void
test_none(void)
{
    g_auto(NiloFixedRows) rows = {NULL};

    nilo_fixed_rows_init(&rows);
    g_assert_cmpstr(nilo_fixed_rows_finish(&rows), ==, "[]");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add_data_func(cases[i].path, &cases[i], test_one);
    g_test_add_func("/headend/fixed-rows/many", test_many);
    g_test_add_func("/headend/fixed-rows/none", test_none);
    return g_test_run();
}
