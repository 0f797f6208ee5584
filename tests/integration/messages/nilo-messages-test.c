/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What people get to read when a file is wrong, word for word, in both languages. Run once per
 * language: NILO_TEST_CHINESE says which, NILO_TEST_LOCALE_DIR holds the catalogue.
 */
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>

#include "nilo-config.h"
#include "nilo-meter-csv.h"
#include "nilo-meter.h"
#include "nilo-plugin-loader.h"
#include "nilo-transport.h"

typedef struct {
    const char *path;
    const char *text;
    const char *english;
    const char *chinese;
} MessageCase;

#define METER "[meter t:1]\nbus=r1\n"

static const MessageCase config_cases[] = {
    {"/messages/wrong-key", METER "adress=5\n",
     "a.conf:3: [meter t:1] adress: unknown key, did you mean \"address\"?",
     "a.conf:3: [meter t:1] adress: 未知的键，是否想写“address”？"},
    {"/messages/key-out-of-range", METER "answer-extra-ms=1 min\n",
     "a.conf:3: [meter t:1] answer-extra-ms: found \"1 min\", expected 0 to 10000 ms",
     "a.conf:3: [meter t:1] answer-extra-ms: 读到“1 min”，应为 0 至 10000 ms"},
    {"/messages/duplicate-meter", METER METER,
     "a.conf:3: [meter t:1] the group already stands at a.conf:1",
     "a.conf:3: [meter t:1] 这个组已经写在 a.conf:1"},
    {"/messages/gb18030-keyfile", METER "place=\xc8\xfd\xba\xc5\xc2\xa5\n",
     "a.conf:3: [meter t:1] found bytes that are not UTF-8; save the file as UTF-8",
     "a.conf:3: [meter t:1] 读到的字节不是 UTF-8；请将文件另存为 UTF-8"},
};

static const MessageCase csv_cases[] = {
    {"/messages/id-rounded-by-excel", "id,bus\n7.83E+13,r1\n",
     "a.csv: row 2: id is \"7.83E+13\": Excel has rounded a long number and its digits are lost; "
     "format the column as text, then enter the numbers again",
     "a.csv: 第 2 行：id 为“7.83E+13”：Excel "
     "把长数字四舍五入了，原来的数字已经丢失；请先把该列设为文本格式，再重新录入"},
    {"/messages/id-without-leading-zeros", "id,driver\n330011223344,cjt188\n",
     "a.csv: row 2: id is \"330011223344\" with 12 digits, expected 14: Excel has dropped leading "
     "zeros; format the column as text, then enter the numbers as they stand on the meters",
     "a.csv: 第 2 行：表号“330011223344”只有 12 位数字，应为 14 位：Excel "
     "去掉了前面的零；请先把该列设为文本格式，再按表上的号码录入"},
    /* 表号 and 7.83E+13 in GB18030: read, and refused for what it says */
    {"/messages/gb18030-csv", "\xb1\xed\xba\xc5\n7.83E+13\n",
     "a.csv: row 2: 表号 is \"7.83E+13\": Excel has rounded a long number and its digits are lost; "
     "format the column as text, then enter the numbers again",
     "a.csv: 第 2 行：表号 为“7.83E+13”：Excel "
     "把长数字四舍五入了，原来的数字已经丢失；请先把该列设为文本格式，再重新录入"},
};

/* what a plugin's description says; NULL for none */
static const MessageCase plugin_cases[] = {
    {"/messages/unknown-plugin", NULL,
     "no installed plugin provides driver \"acme\"; installed: none (searched DIR)",
     "已安装的插件都不提供 driver“acme”；已安装：无（已搜索 DIR）"},
    {"/messages/plugin-of-another-abi",
     "[Plugin]\nName=driver-acme\nAbi=9.3\nProvides=driver:acme\n",
     "plugin \"driver-acme\" refused: it was built for plugin interface 9.3, this nilometer has "
     "1.0: install a build for this version",
     "插件“driver-acme”被拒绝：它是为插件接口 9.3 编译的，而本程序的接口是 "
     "1.0：请安装适用于此版本的插件"},
};

/* what a bus reports while the adapter is out; the text is the port */
static const MessageCase adapter_case = {
    "/messages/unplugged-adapter", "/dev/serial/by-id/nilo-no-adapter",
    "port /dev/serial/by-id/nilo-no-adapter does not exist: is the adapter plugged in?",
    "端口 /dev/serial/by-id/nilo-no-adapter 不存在：适配器插好了吗？"};

static void
assert_message(const MessageCase *test, const char *message)
{
    g_assert_cmpstr(message, ==,
                    g_getenv("NILO_TEST_CHINESE") != NULL ? test->chinese : test->english);
}

static void
assert_problem(const MessageCase *test, GPtrArray *problems)
{
    g_assert_cmpuint(problems->len, ==, 1);
    assert_message(test, ((const GError *)g_ptr_array_index(problems, 0))->message);
}

static gboolean
resolve(gpointer user_data, NiloConfig *config, const NiloKeyfileGroup *group, GArray *bindings,
        const char **key, GError **error)
{
    const NiloConfigBinding binding = {NILO_TYPE_METER, NULL};

    g_array_append_val(bindings, binding);
    return TRUE;
}

static void
test_config(gconstpointer data)
{
    static const NiloConfigKind kinds[] = {{"meter", TRUE}};
    const NiloConfigResolver resolver = {kinds, G_N_ELEMENTS(kinds), resolve, NULL, NULL};
    const MessageCase *test = data;
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();

    g_assert_null(nilo_config_parse("a.conf", test->text, strlen(test->text), &resolver, problems));
    assert_problem(test, problems);
}

static void
test_csv(gconstpointer data)
{
    const MessageCase *test = data;
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();

    g_assert_null(nilo_meter_csv_parse("a.csv", test->text, strlen(test->text), problems));
    assert_problem(test, problems);
}

static void
test_plugin(gconstpointer data)
{
    const MessageCase *test = data;
    g_autofree char *folder = g_dir_make_tmp("nilo-messages-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "driver-acme.plugin", NULL);
    const char *folders[] = {folder, NULL};
    g_autoptr(NiloPluginLoader) loader = NULL;
    g_autoptr(GString) message = NULL;
    g_autoptr(GError) error = NULL;

    if (test->text != NULL)
        g_assert_true(g_file_set_contents(path, test->text, -1, NULL));
    loader = nilo_plugin_loader_new(folders, NULL);
    g_assert_null(nilo_plugin_loader_require(loader, "driver", "acme", &error));
    g_remove(path);
    g_rmdir(folder);
    message = g_string_new(error->message);
    g_string_replace(message, folder, "DIR", 0);
    assert_message(test, message->str);
}

static void
test_adapter(gconstpointer data)
{
    const MessageCase *test = data;
    const char *folders[] = {g_getenv("NILO_TEST_TRANSPORT_DIR"), NULL};
    g_autoptr(NiloPluginLoader) loader = nilo_plugin_loader_new(folders, NULL);
    g_autoptr(NiloClock) clock = nilo_clock_new_system();
    g_autoptr(NiloTransport) transport = NULL;
    const NiloPluginOffer *offer;
    g_autoptr(GError) error = NULL;

    offer = nilo_plugin_loader_require(loader, "transport", "rs485", &error);
    g_assert_no_error(error);
    transport = g_object_new(offer->type, "port", test->text, NULL);
    g_assert_null(nilo_transport_open(transport, clock, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST);
    assert_message(test, error->message);
}

static void
add(const MessageCase *cases, gsize n_cases, GTestDataFunc func)
{
    for (gsize i = 0; i < n_cases; i++)
        g_test_add_data_func(cases[i].path, &cases[i], func);
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, g_getenv("NILO_TEST_LOCALE_DIR"));
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    g_test_init(&argc, &argv, NULL);
    add(config_cases, G_N_ELEMENTS(config_cases), test_config);
    add(csv_cases, G_N_ELEMENTS(csv_cases), test_csv);
    add(plugin_cases, G_N_ELEMENTS(plugin_cases), test_plugin);
    add(&adapter_case, 1, test_adapter);
    return g_test_run();
}
