/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-info.h"

#include <locale.h>
#include <string.h>

#define HEAD "[Plugin]\nName=driver-acme\nAbi=1.0\n"
#define GOOD HEAD "Provides=driver:acme\n"

typedef struct {
    const char *path;
    const char *text;
    const char *message; /* without the place in front of it */
} BadCase;

static const BadCase bad_cases[] = {
    {"/plugin/info/no-group", "[Plug]\n", "/p/driver-acme.plugin: there is no group [Plugin]"},
    {"/plugin/info/no-abi", "[Plugin]\nName=driver-acme\nProvides=driver:acme\n",
     "/p/driver-acme.plugin:1: [Plugin] Abi: the key is missing"},
    {"/plugin/info/abi-without-minor", "[Plugin]\nName=driver-acme\nAbi=1\nProvides=driver:acme\n",
     "/p/driver-acme.plugin:3: [Plugin] Abi: found \"1\", expected a number like 1.0"},
    {"/plugin/info/abi-too-large",
     "[Plugin]\nName=driver-acme\nAbi=1.70000\nProvides=driver:acme\n",
     "/p/driver-acme.plugin:3: [Plugin] Abi: found \"1.70000\", expected a number like 1.0"},
    {"/plugin/info/name-of-another-file",
     "[Plugin]\nName=driver-acne\nAbi=1.0\nProvides=driver:a\n",
     "/p/driver-acme.plugin:2: [Plugin] Name: found \"driver-acne\", expected the name of the file "
     "without .plugin: a-z, 0-9 and -"},
    {"/plugin/info/provides-nothing", HEAD "Provides=\n",
     "/p/driver-acme.plugin:4: [Plugin] Provides: found \"\", expected transport:NAME, "
     "driver:NAME, storage:NAME or service:NAME"},
    {"/plugin/info/provides-unknown-kind", HEAD "Provides=driver:acme;coffee:black\n",
     "/p/driver-acme.plugin:4: [Plugin] Provides: found \"coffee:black\", expected transport:NAME, "
     "driver:NAME, storage:NAME or service:NAME"},
    {"/plugin/info/module-elsewhere", GOOD "Module=../evil.so\n",
     "/p/driver-acme.plugin:5: [Plugin] Module: found \"../evil.so\", expected the name of a file "
     "in the same folder"},
    {"/plugin/info/prefix", GOOD "TypePrefix=acme\n",
     "/p/driver-acme.plugin:5: [Plugin] TypePrefix: found \"acme\", expected letters that begin "
     "with a capital, like Acme"},
    {"/plugin/info/unknown-key", GOOD "Licence=MIT\n",
     "/p/driver-acme.plugin:5: [Plugin] Licence: unknown key, did you mean \"License\"?"},
    {"/plugin/info/syntax", GOOD "what is this\n",
     "/p/driver-acme.plugin:5: [Plugin] found \"what is this\", expected key=value, [group] or # "
     "comment"},
};

static void
test_bad(gconstpointer data)
{
    const BadCase *test = data;
    g_autoptr(NiloPluginInfo) info =
        nilo_plugin_info_parse("/p/driver-acme.plugin", test->text, strlen(test->text));

    g_assert_cmpstr(info->name, ==, "driver-acme");
    g_assert_cmpint(info->state, ==, NILO_PLUGIN_REFUSED);
    g_assert_error(info->reason, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID);
    g_assert_cmpstr(info->reason->message, ==, test->message);
}

static void
test_good(void)
{
    static const char text[] = "[Plugin]\nName=driver-acme\nAbi=1.7\n"
                               "Provides=driver:acme;driver:acme-old;\nTypePrefix=Acme\n"
                               "Description=Acme meters\nDescription[zh_CN]=Acme 水表\n"
                               "Version=2.1\nWebsite=https://acme.example\nLicense=MIT\n"
                               "X-Acme-Build=5\n";
    g_autoptr(NiloPluginInfo) info =
        nilo_plugin_info_parse("/p/driver-acme.plugin", text, strlen(text));

    g_assert_no_error(info->reason);
    g_assert_cmpint(info->state, ==, NILO_PLUGIN_AVAILABLE);
    g_assert_cmpstr(info->module, ==, "/p/driver-acme.so");
    g_assert_cmpuint(info->abi_major, ==, 1);
    g_assert_cmpuint(info->abi_minor, ==, 7);
    g_assert_cmpstr(info->type_prefix, ==, "Acme");
    g_assert_cmpstr(info->description, ==, "Acme meters");
    g_assert_cmpstr(info->version, ==, "2.1");
    g_assert_cmpstr(info->website, ==, "https://acme.example");
    g_assert_cmpstr(info->license, ==, "MIT");
    g_assert_true(nilo_plugin_info_provides(info, "driver:acme-old"));
    g_assert_false(nilo_plugin_info_provides(info, "driver:ac"));
}

int
main(int argc, char **argv)
{
    g_setenv("LANGUAGE", "C", TRUE);
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(bad_cases); i++)
        g_test_add_data_func(bad_cases[i].path, &bad_cases[i], test_bad);
    g_test_add_func("/plugin/info/good", test_good);
    return g_test_run();
}
