/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-config.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "nilo-meter.h"
#include "nilo-param.h"

/* what a transport's line settings look like */
struct _TestLine {
    GObject parent_instance;
    guint speed_baud;
    char *name;
};

G_DECLARE_FINAL_TYPE(TestLine, test_line, TEST, LINE, GObject)

enum {
    PROP_0,
    PROP_SPEED_BAUD,
    PROP_NAME,
    N_PROPERTIES
};

static void test_line_initable_init(GInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(TestLine, test_line, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_INITABLE, test_line_initable_init))

static void
test_line_set_property(GObject *object, guint property, const GValue *value, GParamSpec *spec)
{
    TestLine *self = TEST_LINE(object);

    if (property == PROP_SPEED_BAUD)
        self->speed_baud = g_value_get_uint(value);
    else
        self->name = g_value_dup_string(value);
}

static void
get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
}

static void
test_line_finalize(GObject *object)
{
    g_free(TEST_LINE(object)->name);
    G_OBJECT_CLASS(test_line_parent_class)->finalize(object);
}

static void
test_line_class_init(TestLineClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = test_line_set_property;
    object_class->get_property = get_property;
    object_class->finalize = test_line_finalize;
    g_object_class_install_property(object_class, PROP_SPEED_BAUD,
                                    g_param_spec_uint("speed-baud", "Line speed", "Bits per second",
                                                      300, 38400, 2400, NILO_PARAM_CONFIG));
    g_object_class_install_property(object_class, PROP_NAME,
                                    g_param_spec_string("name", NULL, NULL, NULL,
                                                        G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY |
                                                            G_PARAM_STATIC_STRINGS));
}

static void
test_line_init(TestLine *self)
{
}

static gboolean
test_line_initable(GInitable *initable, GCancellable *cancellable, GError **error)
{
    if (TEST_LINE(initable)->speed_baud != 1234)
        return TRUE;
    g_set_error_literal(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, "no line runs at 1234 Bd");
    return FALSE;
}

static void
test_line_initable_init(GInitableIface *iface)
{
    iface->init = test_line_initable;
}

/* a plugin that takes a key of the core's */
struct _TestThief {
    GObject parent_instance;
};

G_DECLARE_FINAL_TYPE(TestThief, test_thief, TEST, THIEF, GObject)
G_DEFINE_FINAL_TYPE(TestThief, test_thief, G_TYPE_OBJECT)

static void
test_thief_set_property(GObject *object, guint property, const GValue *value, GParamSpec *spec)
{
}

static void
test_thief_class_init(TestThiefClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = test_thief_set_property;
    object_class->get_property = get_property;
    g_object_class_install_property(object_class, 1,
                                    g_param_spec_string("address", "Address", "Address", NULL,
                                                        NILO_PARAM_CONFIG));
}

static void
test_thief_init(TestThief *self)
{
}

static const NiloConfigKind kinds[] = {{"bus", TRUE}, {"meter", TRUE}, {"journal", FALSE}};

static gboolean
resolve(gpointer user_data, NiloConfig *config, const NiloKeyfileGroup *group, GArray *bindings,
        const char **key, GError **error)
{
    const NiloConfigBinding meter = {NILO_TYPE_METER, NULL};
    const NiloConfigBinding line = {test_line_get_type(),
                                    strcmp(group->kind, "meter") == 0 ? "line-settings" : NULL};
    const NiloConfigBinding thief = {test_thief_get_type(), NULL};

    if (strcmp(group->kind, "meter") == 0) {
        g_autofree char *driver = nilo_keyfile_group_get_text(group, "driver", NULL);

        if (g_strcmp0(driver, "dlt645") == 0) {
            *key = "driver";
            g_set_error_literal(error, NILO_ERROR, NILO_ERROR_NOT_INSTALLED,
                                "no plugin provides driver \"dlt645\"");
            return FALSE;
        }
        if (g_strcmp0(driver, "crashed") == 0) {
            g_set_error_literal(error, NILO_ERROR, NILO_ERROR_QUARANTINED, "it is quarantined");
            return FALSE;
        }
        if (g_strcmp0(driver, "crashed-too") == 0)
            return FALSE;
        g_array_append_val(bindings, meter);
        if (g_strcmp0(driver, "thief") == 0)
            g_array_append_val(bindings, thief);
    }
    if (strcmp(group->kind, "journal") != 0)
        g_array_append_val(bindings, line);
    return TRUE;
}

static gboolean
check(gpointer user_data, NiloConfig *config, NiloConfigSection *section, const char **key,
      GError **error)
{
    NiloMeter *meter = nilo_config_section_get_object(section, NILO_TYPE_METER);

    if (meter == NULL || nilo_config_find_section(config, "bus", nilo_meter_get_bus(meter)) != NULL)
        return TRUE;
    *key = "bus";
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND, "there is no [bus %s]",
                nilo_meter_get_bus(meter));
    return FALSE;
}

static const NiloConfigResolver resolver = {kinds, G_N_ELEMENTS(kinds), resolve, check, NULL};

typedef struct {
    const char *path;
    const char *text;
    NiloError code;
    const char *message;
} BindCase;

#define BUS   "[bus r1]\n"
#define METER "[meter t:1]\nbus=r1\n"

static const BindCase bind_cases[] = {
    {"/config/unknown-key/near", BUS METER "speed-bauds=2400\n", NILO_ERROR_UNKNOWN_KEY,
     "a.conf:4: [meter t:1] speed-bauds: unknown key, did you mean \"speed-baud\"?"},
    {"/config/unknown-key/underscore", BUS METER "speed_baud=2400\n", NILO_ERROR_UNKNOWN_KEY,
     "a.conf:4: [meter t:1] speed_baud: unknown key, did you mean \"speed-baud\"?"},
    {"/config/unknown-key/far", BUS METER "colour=2400\n", NILO_ERROR_UNKNOWN_KEY,
     "a.conf:4: [meter t:1] colour: unknown key, expected one of bus, driver, address, point, "
     "place, schedule, reads-per-day, answer-extra-ms, flow-max-ml-per-h, enabled, speed-baud"},
    {"/config/unknown-key/property-that-is-no-key", BUS METER "line-settings=1\n",
     NILO_ERROR_UNKNOWN_KEY,
     "a.conf:4: [meter t:1] line-settings: unknown key, expected one of bus, driver, address, "
     "point, place, schedule, reads-per-day, answer-extra-ms, flow-max-ml-per-h, enabled, "
     "speed-baud"},
    {"/config/unknown-key/group-without-keys", "[journal]\ncolour=1\n", NILO_ERROR_UNKNOWN_KEY,
     "a.conf:2: [journal] colour: unknown key"},
    {"/config/out-of-range", BUS METER "speed-baud=115200\n", NILO_ERROR_BAD_VALUE,
     "a.conf:4: [meter t:1] speed-baud: found \"115200\", expected 300 to 38400 Bd"},
    {"/config/bad-escape", BUS METER "place=\\x\n", NILO_ERROR_SYNTAX,
     "a.conf:4: [meter t:1] place: found a backslash that starts no escape, expected \\s, \\n, "
     "\\t, \\r or \\\\"},
    {"/config/missing-key", "[meter t:1]\n", NILO_ERROR_MISSING_KEY,
     "a.conf:1: [meter t:1] bus: the key is missing: Name of the bus the meter hangs on"},
    {"/config/two-owners", BUS METER "driver=thief\naddress=5\n", NILO_ERROR_TYPE_CLASH,
     "a.conf:5: [meter t:1] address: the key belongs to NiloMeter and to TestThief, expected one "
     "owner: a plugin is wrong"},
    {"/config/keys-that-do-not-go-together", BUS METER "speed-baud=1234\n", NILO_ERROR_BAD_VALUE,
     "a.conf:2: [meter t:1] no line runs at 1234 Bd"},
    {"/config/resolver", BUS METER "driver=dlt645\nspeed-parity=even\n", NILO_ERROR_NOT_INSTALLED,
     "a.conf:4: [meter t:1] driver: no plugin provides driver \"dlt645\""},
    {"/config/check", METER, NILO_ERROR_NOT_FOUND,
     "a.conf:2: [meter t:1] bus: there is no [bus r1]"},
    {"/config/bad-meter-id", BUS "[meter 7.83E+13]\nbus=r1\n", NILO_ERROR_BAD_VALUE,
     "a.conf:2: [meter 7.83E+13] \"7.83E+13\" is no meter id, expected one like "
     "\"cjt188:78330011223344\" or \"mbus:12345678.TEC.16.07\""},
    {"/config/unknown-group/near", "[metre t:1]\n", NILO_ERROR_UNKNOWN_GROUP,
     "a.conf:1: [metre t:1] unknown group \"metre\", did you mean \"meter\"?"},
    {"/config/unknown-group/far", "[colours]\n", NILO_ERROR_UNKNOWN_GROUP,
     "a.conf:1: [colours] unknown group \"colours\", expected one of bus, meter, journal"},
    {"/config/group-without-name", "[bus]\n", NILO_ERROR_SYNTAX,
     "a.conf:1: [bus] the group has no name, expected one like \"[bus NAME]\""},
    {"/config/group-with-name", "[journal two]\n", NILO_ERROR_SYNTAX,
     "a.conf:1: [journal two] the group takes no name, expected \"[journal]\""},
};

static void
test_bind(gconstpointer data)
{
    const BindCase *test = data;
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_config_parse("a.conf", test->text, strlen(test->text), &resolver, problems));
    nilo_config_problems_to_error(problems, &error);
    g_assert_cmpstr(error->message, ==, test->message);
    g_assert_error(error, NILO_ERROR, (int)test->code);
}

static void
test_all_problems(void)
{
    static const char text[] = "nonsense\n[bus r1]\nspeed-baud=1\n[meter t:1]\nbus=r1\nbus=r2\n"
                               "pont=x\n[meter t:1]\n";
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_config_parse("a.conf", text, strlen(text), &resolver, problems));
    nilo_config_problems_to_error(problems, &error);
    g_assert_cmpstr(error->message, ==,
                    "a.conf:1: found \"nonsense\", expected key=value, [group] or # comment\n"
                    "a.conf:6: [meter t:1] bus: the key was already set at line 5\n"
                    "a.conf:8: [meter t:1] the group already stands at a.conf:4\n"
                    "a.conf:3: [bus r1] speed-baud: found \"1\", expected 300 to 38400 Bd\n"
                    "a.conf:7: [meter t:1] pont: unknown key, did you mean \"point\"?");
}

/* what needs a plugin in quarantine is left out, and said; anything else is an error as ever */
static void
test_quarantined(void)
{
    static const char text[] = BUS METER "driver=crashed\n[meter t:2]\nbus=r1\ndriver=crashed-too\n"
                                         "[meter t:3]\nbus=r1\n";
    g_autofree char *worse = g_strconcat(text, "pont=x\n", NULL);
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GPtrArray) more = nilo_config_problems_new();
    g_autoptr(NiloConfig) config =
        nilo_config_parse("a.conf", text, strlen(text), &resolver, problems);

    g_assert_nonnull(config);
    g_assert_cmpuint(problems->len, ==, 1);
    g_assert_cmpstr(((const GError *)problems->pdata[0])->message, ==,
                    "a.conf:2: [meter t:1] it is quarantined");
    g_assert_nonnull(nilo_config_find_section(config, "bus", "r1"));
    g_assert_null(nilo_config_find_section(config, "meter", "t:1"));
    g_assert_null(nilo_config_find_section(config, "meter", "t:2"));
    g_assert_nonnull(nilo_config_find_section(config, "meter", "t:3"));
    g_assert_null(nilo_config_parse("a.conf", worse, strlen(worse), &resolver, more));
    g_assert_cmpuint(more->len, ==, 2);
}

typedef struct {
    char *folder;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    self->folder = g_dir_make_tmp("nilo-config-XXXXXX", &error);
    g_assert_no_error(error);
}

static void
remove_folder(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        if (g_file_test(child, G_FILE_TEST_IS_DIR))
            remove_folder(child);
        else
            g_remove(child);
    }
    g_rmdir(path);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    remove_folder(self->folder);
    g_free(self->folder);
}

static void
write_file(Fixture *self, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(self->folder, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

static void
test_folder(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(NiloConfig) config = NULL;
    NiloConfigSection *section;
    NiloMeter *meter;
    TestLine *line;

    write_file(self, "nilometer.conf", "[journal]\n");
    write_file(self, "nilometer.conf.d/50-riser.conf", "[bus riser 1]\nspeed-baud=9.6 kBd\n");
    write_file(self, "nilometer.conf.d/README", "not read\n");
    write_file(self, "nilometer.conf.d/.50-riser.conf.swp", "not read\n");
    write_file(self, "meters.d/b.conf", "[meter t:2]\nbus=riser 1\n");
    write_file(self, "meters.d/a.conf", "# comment\n[meter t:1]\nbus=riser 1\nspeed-baud=300\n");
    config = nilo_config_load(self->folder, &resolver, problems);
    g_assert_nonnull(config);
    g_assert_cmpuint(nilo_config_list_sections(config, "meter")->len, ==, 2);
    g_assert_cmpuint(nilo_config_list_sections(config, "storage")->len, ==, 0);
    g_assert_nonnull(nilo_config_find_section(config, "journal", NULL));
    g_assert_null(nilo_config_find_section(config, "bus", "riser 2"));

    section = nilo_config_find_section(config, "bus", "riser 1");
    line = nilo_config_section_get_object(section, test_line_get_type());
    g_assert_cmpuint(line->speed_baud, ==, 9600);
    g_assert_cmpstr(line->name, ==, "riser 1");

    section = g_ptr_array_index(nilo_config_list_sections(config, "meter"), 0);
    g_assert_cmpstr(section->name, ==, "t:1");
    g_assert_cmpuint(section->line, ==, 2);
    g_assert_true(g_str_has_suffix(section->path, "/meters.d/a.conf"));
    meter = nilo_config_section_get_object(section, NILO_TYPE_METER);
    g_assert_cmpstr(nilo_meter_get_id_text(meter), ==, "t:1");
    g_assert_cmpstr(nilo_meter_get_bus(meter), ==, "riser 1");
    g_assert_true(nilo_meter_get_enabled(meter));
    line = TEST_LINE(nilo_meter_get_line_settings(meter));
    g_assert_cmpuint(line->speed_baud, ==, 300);
}

static void
test_empty_folder(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autofree char *absent = g_build_filename(self->folder, "absent", NULL);
    g_autoptr(NiloConfig) config = nilo_config_load(absent, &resolver, problems);

    g_assert_nonnull(config);
    g_assert_cmpuint(nilo_config_list_sections(config, "meter")->len, ==, 0);
}

static void
test_group_in_two_files(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *expected =
        g_strdup_printf("%s/meters.d/b.conf:2: [meter t:1] the group already stands at "
                        "%s/meters.d/a.conf:1",
                        self->folder, self->folder);

    write_file(self, "nilometer.conf", BUS);
    write_file(self, "meters.d/a.conf", METER);
    write_file(self, "meters.d/b.conf", "\n" METER);
    g_assert_null(nilo_config_load(self->folder, &resolver, problems));
    nilo_config_problems_to_error(problems, &error);
    g_assert_cmpstr(error->message, ==, expected);
}

static void
test_reload_leaves_the_old_one(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(NiloConfig) before = NULL;

    write_file(self, "nilometer.conf", BUS);
    before = nilo_config_load(self->folder, &resolver, problems);
    g_assert_nonnull(before);
    write_file(self, "nilometer.conf", BUS "speed-baud=0\n");
    g_assert_null(nilo_config_load(self->folder, &resolver, problems));
    g_assert_cmpuint(problems->len, ==, 1);
    g_assert_nonnull(nilo_config_find_section(before, "bus", "r1"));
}

static void
test_5000_meters(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(NiloConfig) config = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    gint64 start;

    for (guint i = 0; i < 5000; i++)
        g_string_append_printf(text,
                               "[meter cjt188:%014u]\nbus=r1\npoint=30%05u\nplace=3/2/%u\n"
                               "speed-baud=2400\n",
                               i, i, i);
    write_file(self, "nilometer.conf", BUS);
    write_file(self, "meters.d/meters.conf", text->str);
    start = g_get_monotonic_time();
    config = nilo_config_load(self->folder, &resolver, problems);
    g_test_message("5000 meters: %" G_GINT64_FORMAT " us", g_get_monotonic_time() - start);
    g_assert_nonnull(config);
    g_assert_cmpuint(nilo_config_list_sections(config, "meter")->len, ==, 5000);
}

#define ADD(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(bind_cases); i++)
        g_test_add_data_func(bind_cases[i].path, &bind_cases[i], test_bind);
    g_test_add_func("/config/all-problems", test_all_problems);
    g_test_add_func("/config/quarantined", test_quarantined);
    ADD("/config/folder", test_folder);
    ADD("/config/empty-folder", test_empty_folder);
    ADD("/config/group-in-two-files", test_group_in_two_files);
    ADD("/config/reload-leaves-the-old-one", test_reload_leaves_the_old_one);
    ADD("/config/5000-meters", test_5000_meters);
    return g_test_run();
}
