/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-json-rows.h"

typedef struct {
    const char *path;
    gint64 number;
    const char *text; /* (nullable): instead of the number */
    const char *expected;
} Case;

static const Case cases[] = {
    {"/headend/json-rows/zero", 0, NULL, "[[0]]"},
    {"/headend/json-rows/beyond-32-bits", 5000000000, NULL, "[[5000000000]]"},
    {"/headend/json-rows/smallest", G_MININT64, NULL, "[[-9223372036854775808]]"},
    {"/headend/json-rows/largest", G_MAXINT64, NULL, "[[9223372036854775807]]"},
    {"/headend/json-rows/quotes", 0, "a\"b\\c", "[[\"a\\\"b\\\\c\"]]"},
    {"/headend/json-rows/control", 0, "a\nb\x01", "[[\"a\\u000ab\\u0001\"]]"},
    {"/headend/json-rows/looks-like-a-row", 0, "[", "[[\"[\"]]"},
    {"/headend/json-rows/chinese", 0, "水表", "[[\"水表\"]]"},
    {"/headend/json-rows/no-utf8", 0, "\xff", "[[\"\xef\xbf\xbd\"]]"},
};

static void
test_one(gconstpointer data)
{
    const Case *item = data;
    g_auto(NiloJsonRows) rows = {NULL};

    nilo_json_rows_init(&rows);
    nilo_json_rows_begin(&rows);
    if (item->text != NULL)
        nilo_json_rows_add_text(&rows, item->text);
    else
        nilo_json_rows_add_number(&rows, item->number);
    g_assert_cmpstr(nilo_json_rows_finish(&rows), ==, item->expected);
}

static void
test_many(void)
{
    g_auto(NiloJsonRows) rows = {NULL};

    nilo_json_rows_init(&rows);
    for (gint64 i = 0; i < 2; i++) {
        nilo_json_rows_begin(&rows);
        nilo_json_rows_add_number(&rows, i);
        nilo_json_rows_add_text(&rows, "[");
        nilo_json_rows_add_null(&rows);
    }
    g_assert_cmpstr(nilo_json_rows_finish(&rows), ==, "[[0,\"[\",null],[1,\"[\",null]]");
    g_assert_cmpuint(rows.n_rows, ==, 2);
}

static void
test_none(void)
{
    g_auto(NiloJsonRows) rows = {NULL};

    nilo_json_rows_init(&rows);
    g_assert_cmpstr(nilo_json_rows_finish(&rows), ==, "[]");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add_data_func(cases[i].path, &cases[i], test_one);
    g_test_add_func("/headend/json-rows/many", test_many);
    g_test_add_func("/headend/json-rows/none", test_none);
    return g_test_run();
}
