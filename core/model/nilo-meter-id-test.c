/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-meter-id.h"

#include "nilo-error.h"

static void
test_good(gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(data, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(nilo_meter_id_get_text(id), ==, data);
}

static void
test_bad(gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_meter_id_new(data, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
}

static void
test_parts(void)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("mbus:12345678.TEC.16.07", NULL);

    g_assert_true(nilo_meter_id_has_scheme(id, "mbus"));
    g_assert_false(nilo_meter_id_has_scheme(id, "mbu"));
    g_assert_false(nilo_meter_id_has_scheme(id, "mbus:"));
    g_assert_cmpstr(nilo_meter_id_get_local(id), ==, "12345678.TEC.16.07");
}

static void
test_equal(void)
{
    g_autoptr(NiloMeterId) a = nilo_meter_id_new("cjt188:78330011223344", NULL);
    g_autoptr(NiloMeterId) b = nilo_meter_id_new("cjt188:78330011223344", NULL);
    g_autoptr(NiloMeterId) c = nilo_meter_id_new("cjt188:78330011223345", NULL);

    g_assert_true(nilo_meter_id_equal(a, b));
    g_assert_cmpuint(nilo_meter_id_hash(a), ==, nilo_meter_id_hash(b));
    g_assert_false(nilo_meter_id_equal(a, c));
}

int
main(int argc, char **argv)
{
    static const char *const good[] = {"cjt188:78330011223344", "mbus:12345678.TEC.16.07", "x:1",
                                       "dl-t645:000000000001"};
    static const char *const bad[] = {
        "",           ":",
        "cjt188",     "cjt188:",
        ":7833",      "CJT188:7833",
        "mbus:12 34", "mbus:a/b",
        "mbus:表号",  "x:01234567890123456789012345678901234567890123456789012345678901234"};

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *path = g_strdup_printf("/meter-id/good/%" G_GSIZE_FORMAT, i);

        g_test_add_data_func(path, good[i], test_good);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strdup_printf("/meter-id/bad/%" G_GSIZE_FORMAT, i);

        g_test_add_data_func(path, bad[i], test_bad);
    }
    g_test_add_func("/meter-id/parts", test_parts);
    g_test_add_func("/meter-id/equal", test_equal);
    return g_test_run();
}
