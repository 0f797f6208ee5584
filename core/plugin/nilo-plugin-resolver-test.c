/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-resolver.h"

#include <string.h>

#include "nilo-meter.h"
#include "nilo-param.h"
#include "nilo-plugin-fixture.h"
#include "nilo-transport.h"

/* what the core adds to a bus */
struct _TestBus {
    GObject parent_instance;
};

G_DECLARE_FINAL_TYPE(TestBus, test_bus, TEST, BUS, GObject)
G_DEFINE_FINAL_TYPE(TestBus, test_bus, G_TYPE_OBJECT)

static void
test_bus_set_property(GObject *object, guint property, const GValue *value, GParamSpec *spec)
{
}

static void
test_bus_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
}

static void
test_bus_class_init(TestBusClass *klass)
{
    static const char *const keys[] = {"transport", "driver", "schedule"};
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = test_bus_set_property;
    object_class->get_property = test_bus_get_property;
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        g_object_class_install_property(object_class, i + 1,
                                        g_param_spec_string(keys[i], "", "", NULL,
                                                            NILO_PARAM_CONFIG));
}

static void
test_bus_init(TestBus *self)
{
}

static NiloConfig *
load(const char *text, GError **error)
{
    static const char *const provides[] = {"transport:pipe", "driver:echo", NULL};
    static const char *const folders[] = {"/nonexistent", NULL};
    const NiloPluginGroupKind kinds[] = {
        {"bus", TRUE, test_bus_get_type(), "transport", "transport"},
        {"schedule", TRUE, G_TYPE_NONE, NULL, NULL},
        {"storage", TRUE, NILO_TYPE_PLUGIN_GROUP, "storage", "type"},
    };
    g_autoptr(NiloPluginLoader) loader = nilo_plugin_loader_new(folders, NULL);
    g_autoptr(NiloPluginResolver) resolver =
        nilo_plugin_resolver_new(loader, kinds, G_N_ELEMENTS(kinds));
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    NiloConfig *config;

    g_assert_true(
        nilo_plugin_loader_add_static(loader, &nilo_plugin_fixture, provides, "Fixture", NULL));
    config = nilo_config_parse("a.conf", text, strlen(text), nilo_plugin_resolver_get(resolver),
                               problems);
    if (config == NULL)
        nilo_config_problems_to_error(problems, error);
    return config;
}

#define BUS   "[bus r1]\ntransport=pipe\nport=/dev/x\ndriver=echo\n"
#define METER "[meter t:1]\nbus=r1\n"

static void
test_meter(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloConfig) config = load(METER "speed-baud=300\nprofile=generic\n" BUS, &error);
    NiloConfigSection *section;
    NiloMeter *meter;

    g_assert_no_error(error);
    section = nilo_config_find_section(config, "bus", "r1");
    g_assert_nonnull(nilo_config_section_get_object(section, NILO_TYPE_TRANSPORT));
    section = nilo_config_find_section(config, "meter", "t:1");
    meter = nilo_config_section_get_object(section, NILO_TYPE_METER);
    g_assert_true(g_type_is_a(G_OBJECT_TYPE(nilo_meter_get_line_settings(meter)),
                              fixture_line_settings_get_type()));
    g_assert_true(g_type_is_a(G_OBJECT_TYPE(nilo_meter_get_driver_settings(meter)),
                              fixture_meter_settings_get_type()));
}

typedef struct {
    const char *path;
    const char *text;
    NiloError code;
    const char *message;
} BadCase;

static const BadCase bad_cases[] = {
    {"/plugin/resolver/unknown-key-names-those-of-plugins", BUS METER "profil=x\n",
     NILO_ERROR_UNKNOWN_KEY,
     "a.conf:7: [meter t:1] profil: unknown key, did you mean \"profile\"?"},
    {"/plugin/resolver/plugin-not-installed", BUS METER "driver=echoes\n", NILO_ERROR_NOT_INSTALLED,
     "a.conf:7: [meter t:1] driver: no installed plugin provides driver \"echoes\", did you mean "
     "\"echo\"? (searched /nonexistent)"},
    {"/plugin/resolver/plugin-not-installed/said-once-for-all-meters",
     BUS METER "driver=dlt645\n[meter t:2]\nbus=r1\ndriver=dlt645\n", NILO_ERROR_NOT_INSTALLED,
     "a.conf:7: [meter t:1] driver: no installed plugin provides driver \"dlt645\"; installed: "
     "echo (searched /nonexistent)"},
    {"/plugin/resolver/transport-not-installed/said-at-the-bus",
     METER "[bus r1]\ntransport=rs485\ndriver=echo\n", NILO_ERROR_NOT_INSTALLED,
     "a.conf:4: [bus r1] transport: no installed plugin provides transport \"rs485\"; installed: "
     "pipe (searched /nonexistent)"},
    {"/plugin/resolver/driver-of-the-bus-not-installed",
     METER "[bus r1]\ntransport=pipe\nport=x\ndriver=dlt645\n", NILO_ERROR_NOT_INSTALLED,
     "a.conf:6: [bus r1] driver: no installed plugin provides driver \"dlt645\"; installed: echo "
     "(searched /nonexistent)"},
    {"/plugin/resolver/storage-by-the-name-of-its-group", "[storage csv]\n",
     NILO_ERROR_NOT_INSTALLED,
     "a.conf:1: [storage csv] no installed plugin provides storage \"csv\"; installed: none "
     "(searched /nonexistent)"},
    {"/plugin/resolver/storage-by-type", "[storage mirror]\ntype=csv\n", NILO_ERROR_NOT_INSTALLED,
     "a.conf:2: [storage mirror] type: no installed plugin provides storage \"csv\"; installed: "
     "none (searched /nonexistent)"},
    {"/plugin/resolver/bus-without-transport", METER "[bus r1]\nport=x\n", NILO_ERROR_MISSING_KEY,
     "a.conf:1: [meter t:1] neither the meter nor [bus r1] has a key \"driver\"\n"
     "a.conf:3: [bus r1] the group has no key \"transport\""},
    {"/plugin/resolver/no-bus-key", BUS "[meter t:1]\n", NILO_ERROR_MISSING_KEY,
     "a.conf:5: [meter t:1] the meter has no key \"bus\", expected the name of a [bus NAME] "
     "group"},
    {"/plugin/resolver/no-such-bus",
     "[bus riser-1]\ntransport=pipe\nport=x\n[meter t:1]\nbus=riser-2\n", NILO_ERROR_NOT_FOUND,
     "a.conf:5: [meter t:1] bus: there is no group [bus riser-2], did you mean \"riser-1\"?"},
    {"/plugin/resolver/no-driver", "[bus r1]\ntransport=pipe\nport=x\n" METER,
     NILO_ERROR_MISSING_KEY,
     "a.conf:4: [meter t:1] neither the meter nor [bus r1] has a key \"driver\""},
    {"/plugin/resolver/no-such-schedule", BUS METER "schedule=daily\n[schedule dialy]\n",
     NILO_ERROR_NOT_FOUND,
     "a.conf:7: [meter t:1] schedule: there is no group [schedule daily], did you mean "
     "\"dialy\"?"},
    {"/plugin/resolver/two-meters-with-one-address",
     BUS METER "address=5\n[meter t:2]\nbus=r1\naddress=5\n", NILO_ERROR_DUPLICATE,
     "a.conf:10: [meter t:2] address: address 5 on bus \"r1\" already belongs to [meter t:1] at "
     "a.conf:5"},
    {"/plugin/resolver/driver-is-not-content", BUS METER "address=251\n", NILO_ERROR_BAD_VALUE,
     "a.conf:5: [meter t:1] 251 is no primary address"},
};

static void
test_bad(gconstpointer data)
{
    const BadCase *test = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(load(test->text, &error));
    g_assert_cmpstr(error->message, ==, test->message);
    g_assert_error(error, NILO_ERROR, (int)test->code);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plugin/resolver/meter", test_meter);
    for (gsize i = 0; i < G_N_ELEMENTS(bad_cases); i++)
        g_test_add_data_func(bad_cases[i].path, &bad_cases[i], test_bad);
    return g_test_run();
}
