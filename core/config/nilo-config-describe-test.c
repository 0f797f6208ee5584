/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-config-describe.h"

#include "nilo-meter.h"

static void
test_text(void)
{
    g_autofree char *text = nilo_config_describe_type(NILO_TYPE_METER);

    g_test_message("%s", text);
    g_assert_true(g_str_has_prefix(text, "bus= (text; required)\n"
                                         "    Bus: Name of the bus the meter hangs on\n"
                                         "driver= (text)\n"
                                         "    Driver: Name of the driver that speaks the meter's "
                                         "protocol; without it, the\n"
                                         "    bus's\n"));
    g_assert_nonnull(
        g_strstr_len(text, -1, "answer-extra-ms= (whole number 0 to 10000 ms; default 0)\n"));
    g_assert_nonnull(g_strstr_len(text, -1, "enabled= (yes or no; default yes)\n"));
    g_assert_null(g_strstr_len(text, -1, "line-settings"));
}

static void
test_keys(void)
{
    g_autoptr(GPtrArray) keys = nilo_config_list_keys(NILO_TYPE_METER);
    const NiloConfigKey *key = g_ptr_array_index(keys, 0);

    g_assert_cmpuint(keys->len, ==, 10);
    g_assert_cmpstr(key->name, ==, "bus");
    g_assert_cmpstr(key->type, ==, "string");
    g_assert_null(key->range);
    g_assert_null(key->default_text);
    g_assert_true(key->required);
    key = g_ptr_array_index(keys, 8);
    g_assert_cmpstr(key->name, ==, "flow-max-ml-per-h");
    g_assert_cmpstr(key->type, ==, "integer");
    g_assert_cmpstr(key->unit, ==, "ml/h");
    g_assert_cmpstr(key->range, ==, "0 to 9223372036854775807 ml/h");
    g_assert_cmpstr(key->default_text, ==, "10000000");
    g_assert_cmpstr(key->label, ==, "Largest flow");
    g_assert_false(key->required);
}

static void
test_nothing(void)
{
    g_autofree char *text = nilo_config_describe_type(G_TYPE_NONE);

    g_assert_cmpstr(text, ==, "");
}

int
main(int argc, char **argv)
{
    g_setenv("LANGUAGE", "C", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/describe/text", test_text);
    g_test_add_func("/config/describe/keys", test_keys);
    g_test_add_func("/config/describe/nothing", test_nothing);
    return g_test_run();
}
