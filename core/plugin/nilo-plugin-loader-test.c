/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-loader.h"

#include <glib/gstdio.h>

#include "nilo-driver.h"
#include "nilo-plugin-fixture.h"
#include "nilo-transport.h"

typedef struct {
    char *folder;
    char *later_folder;
    NiloPluginLoader *loader;
} Fixture;

static void
write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    const char *folders[3] = {NULL};

    self->folder = g_dir_make_tmp("nilo-loader-XXXXXX", &error);
    self->later_folder = g_dir_make_tmp("nilo-loader-XXXXXX", &error);
    g_assert_no_error(error);
    folders[0] = self->folder;
    folders[1] = self->later_folder;
    self->loader = nilo_plugin_loader_new(folders, NULL);
}

static void
empty_folder(char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        g_remove(file);
    }
    g_rmdir(path);
    g_free(path);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    nilo_plugin_loader_free(self->loader);
    empty_folder(self->folder);
    empty_folder(self->later_folder);
}

static void
assert_refused(Fixture *self, const char *name, NiloError code, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_plugin_loader_require(self->loader, "driver", name, &error));
    g_assert_nonnull(error);
    g_assert_cmpstr(error->message, ==, message);
    g_assert_error(error, NILO_ERROR, (int)code);
}

static void
test_not_installed(Fixture *self, gconstpointer data)
{
    g_autofree char *none =
        g_strdup_printf("no installed plugin provides driver \"cjt18\"; installed: none "
                        "(searched %s, %s)",
                        self->folder, self->later_folder);
    g_autofree char *near =
        g_strdup_printf("no installed plugin provides driver \"cjt18\", did you mean \"cjt188\"? "
                        "(searched %s, %s)",
                        self->folder, self->later_folder);
    g_autofree char *far =
        g_strdup_printf("no installed plugin provides driver \"modbus\"; installed: cjt188, "
                        "cjt188-old (searched %s, %s)",
                        self->folder, self->later_folder);

    assert_refused(self, "cjt18", NILO_ERROR_NOT_INSTALLED, none);
    write_file(self->folder, "driver-cjt188.plugin",
               "[Plugin]\nName=driver-cjt188\nAbi=1.0\nProvides=driver:cjt188;driver:cjt188-old\n");
    nilo_plugin_loader_refresh(self->loader);
    assert_refused(self, "cjt18", NILO_ERROR_NOT_INSTALLED, near);
    assert_refused(self, "modbus", NILO_ERROR_NOT_INSTALLED, far);
    /* nobody needed it, so nobody touched its module */
    g_assert_cmpint(nilo_plugin_loader_find(self->loader, "driver-cjt188")->state, ==,
                    NILO_PLUGIN_AVAILABLE);
}

typedef struct {
    const char *path;
    const char *abi;
} AbiCase;

static const AbiCase abi_cases[] = {
    {"/plugin/loader/abi/next-major", "2.0"},
    {"/plugin/loader/abi/major-before", "0.9"},
    {"/plugin/loader/abi/later-minor", "1.65535"},
};

static void
test_abi(Fixture *self, gconstpointer data)
{
    const AbiCase *test = data;
    g_autofree char *text =
        g_strdup_printf("[Plugin]\nName=driver-acme\nAbi=%s\nProvides=driver:acme\n", test->abi);
    g_autofree char *message = g_strdup_printf(
        "plugin \"driver-acme\" refused: it was built for plugin interface %s, this nilometer has "
        "%d.%d: install a build for this version",
        test->abi, NILO_ABI_MAJOR, NILO_ABI_MINOR);

    /* there is not even a module: the number in the file is enough */
    write_file(self->folder, "driver-acme.plugin", text);
    nilo_plugin_loader_refresh(self->loader);
    assert_refused(self, "acme", NILO_ERROR_PLUGIN_ABI, message);
    assert_refused(self, "acme", NILO_ERROR_PLUGIN_ABI, message);
    g_assert_cmpint(nilo_plugin_loader_find(self->loader, "driver-acme")->state, ==,
                    NILO_PLUGIN_REFUSED);
}

#define ACME "[Plugin]\nName=driver-acme\nAbi=1.0\nProvides=driver:acme\n"

static void
test_module_missing(Fixture *self, gconstpointer data)
{
    g_autofree char *message =
        g_strdup_printf("plugin \"driver-acme\" refused: %s/driver-acme.so, the module of "
                        "%s/driver-acme.plugin, is missing",
                        self->folder, self->folder);

    write_file(self->folder, "driver-acme.plugin", ACME);
    nilo_plugin_loader_refresh(self->loader);
    assert_refused(self, "acme", NILO_ERROR_PLUGIN_OPEN, message);
}

static void
test_module_is_no_module(Fixture *self, gconstpointer data)
{
    g_autofree char *message =
        g_strdup_printf("plugin \"driver-acme\" refused: %s/driver-acme.so cannot be opened: file "
                        "too short",
                        self->folder);

    write_file(self->folder, "driver-acme.plugin", ACME);
    write_file(self->folder, "driver-acme.so", "text");
    nilo_plugin_loader_refresh(self->loader);
    assert_refused(self, "acme", NILO_ERROR_PLUGIN_OPEN, message);
}

static void
test_description_invalid(Fixture *self, gconstpointer data)
{
    g_autofree char *message =
        g_strdup_printf("%s/driver-acme.plugin:5: [Plugin] Colour: unknown key", self->folder);

    write_file(self->folder, "driver-acme.plugin", ACME "Colour=red\n");
    nilo_plugin_loader_refresh(self->loader);
    assert_refused(self, "acme", NILO_ERROR_PLUGIN_INVALID, message);
}

static void
test_earlier_folder_wins(Fixture *self, gconstpointer data)
{
    g_autofree char *path = g_build_filename(self->folder, "driver-acme.plugin", NULL);
    g_autoptr(GPtrArray) list = NULL;

    write_file(self->folder, "driver-acme.plugin", ACME);
    write_file(self->later_folder, "driver-acme.plugin", ACME);
    write_file(self->later_folder, "driver-zebra.plugin",
               "[Plugin]\nName=driver-zebra\nAbi=1.0\nProvides=driver:zebra\n");
    nilo_plugin_loader_refresh(self->loader);
    list = nilo_plugin_loader_list(self->loader);
    g_assert_cmpuint(list->len, ==, 2);
    g_assert_cmpstr(((NiloPluginInfo *)g_ptr_array_index(list, 0))->path, ==, path);
    g_assert_cmpstr(((NiloPluginInfo *)g_ptr_array_index(list, 1))->name, ==, "driver-zebra");
}

static void
test_default_folders(void)
{
    g_auto(GStrv) folders = NULL;

    g_setenv("NILOMETER_PLUGIN_PATH", "/a:/b:", TRUE);
    folders = nilo_plugin_loader_list_default_folders();
    g_assert_cmpstr(folders[0], ==, "/a");
    g_assert_cmpstr(folders[1], ==, "/b");
    g_assert_cmpstr(folders[2], ==, NILO_PLUGIN_DIR);
    g_assert_true(g_strv_contains((const char *const *)folders, "/opt/nilometer/plugins-1"));
    g_unsetenv("NILOMETER_PLUGIN_PATH");
}

static void
test_offers(Fixture *self, gconstpointer data)
{
    static const char *const provides[] = {"transport:pipe", "driver:echo", NULL};
    g_autoptr(GError) error = NULL;
    const NiloPluginOffer *offer;

    nilo_plugin_loader_add_static(self->loader, &nilo_plugin_fixture, provides, "Fixture", &error);
    g_assert_no_error(error);
    offer = nilo_plugin_loader_require(self->loader, "transport", "pipe", &error);
    g_assert_no_error(error);
    g_assert_true(g_type_is_a(offer->type, NILO_TYPE_TRANSPORT));
    g_assert_cmpuint(offer->settings, ==, fixture_line_settings_get_type());
    g_assert_cmpstr(offer->plugin->name, ==, "fixture");
    g_assert_cmpint(offer->plugin->state, ==, NILO_PLUGIN_LOADED);

    nilo_plugin_loader_add_static(self->loader, &nilo_plugin_fixture, provides, "Fixture", &error);
    g_assert_error(error, NILO_ERROR, NILO_ERROR_TYPE_CLASH);
    g_assert_cmpstr(error->message, ==,
                    "it registers transport:pipe, which plugin \"fixture\" provides");
}

static void
register_nothing(NiloRegistrar *registrar)
{
}

static void
register_twice(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "echo", fixture_driver_get_type(), G_TYPE_NONE);
    nilo_registrar_add_driver(registrar, "echo", fixture_driver_get_type(), G_TYPE_NONE);
}

static void
register_other(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "ohce", fixture_driver_get_type(), G_TYPE_NONE);
}

static void
register_bad_name(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "Echo!", fixture_driver_get_type(), G_TYPE_NONE);
}

static void
register_clash(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "echo", G_TYPE_INVALID, G_TYPE_NONE);
}

static void
register_wrong_contract(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "echo", fixture_transport_get_type(), G_TYPE_NONE);
}

static void
register_incomplete(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "echo", fixture_lazy_driver_get_type(), G_TYPE_NONE);
}

static void
register_without_prefix(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "echo", G_TYPE_OBJECT, G_TYPE_NONE);
}

static void
register_clashing_settings(NiloRegistrar *registrar)
{
    nilo_registrar_add_driver(registrar, "echo", fixture_driver_get_type(), G_TYPE_INVALID);
}

typedef struct {
    const char *path;
    void (*register_types)(NiloRegistrar *);
    NiloError code;
    const char *message;
} RegistrarCase;

static const RegistrarCase registrar_cases[] = {
    {"/plugin/registrar/promise-not-kept", register_nothing, NILO_ERROR_PLUGIN_INVALID,
     "it does not register driver:echo, which its .plugin file promises"},
    {"/plugin/registrar/twice", register_twice, NILO_ERROR_TYPE_CLASH,
     "it registers driver:echo twice"},
    {"/plugin/registrar/not-promised", register_other, NILO_ERROR_PLUGIN_INVALID,
     "it registers driver:ohce, which is not among Provides of its .plugin file"},
    {"/plugin/registrar/bad-name", register_bad_name, NILO_ERROR_PLUGIN_INVALID,
     "it registers \"driver:Echo!\", expected a name of a-z, 0-9 and -"},
    {"/plugin/registrar/type-name-taken", register_clash, NILO_ERROR_TYPE_CLASH,
     "its type for driver:echo was not registered: another plugin has a type of that name"},
    {"/plugin/registrar/settings-name-taken", register_clashing_settings, NILO_ERROR_TYPE_CLASH,
     "its type for driver:echo was not registered: another plugin has a type of that name"},
    {"/plugin/registrar/wrong-contract", register_wrong_contract, NILO_ERROR_PLUGIN_INVALID,
     "its type FixtureTransport does not implement NiloDriver"},
    {"/plugin/registrar/incomplete", register_incomplete, NILO_ERROR_PLUGIN_INVALID,
     "its type FixtureLazyDriver leaves out a method that NiloDriver cannot do without"},
    {"/plugin/registrar/no-prefix", register_without_prefix, NILO_ERROR_PLUGIN_INVALID,
     "its type GObject does not begin with \"Fixture\", the TypePrefix of its .plugin file"},
};

static void
test_registrar(Fixture *self, gconstpointer data)
{
    static const char *const provides[] = {"driver:echo", NULL};
    const RegistrarCase *test = data;
    const NiloPluginEntry entry = {NILO_PLUGIN_MAGIC, NILO_ABI_MAJOR,      NILO_ABI_MINOR,
                                   sizeof entry,      "registrar_fixture", test->register_types};
    g_autoptr(GError) error = NULL;

    g_assert_false(
        nilo_plugin_loader_add_static(self->loader, &entry, provides, "Fixture", &error));
    g_assert_cmpstr(error->message, ==, test->message);
    g_assert_error(error, NILO_ERROR, (int)test->code);
    /* all or nothing */
    g_assert_null(nilo_plugin_loader_require(self->loader, "driver", "echo", NULL));
}

#define ADD(path, data, func) g_test_add(path, Fixture, data, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/plugin/loader/not-installed", NULL, test_not_installed);
    ADD("/plugin/loader/module-missing", NULL, test_module_missing);
    ADD("/plugin/loader/module-is-no-module", NULL, test_module_is_no_module);
    ADD("/plugin/loader/description-invalid", NULL, test_description_invalid);
    ADD("/plugin/loader/earlier-folder-wins", NULL, test_earlier_folder_wins);
    ADD("/plugin/loader/offers", NULL, test_offers);
    g_test_add_func("/plugin/loader/default-folders", test_default_folders);
    for (gsize i = 0; i < G_N_ELEMENTS(abi_cases); i++)
        ADD(abi_cases[i].path, &abi_cases[i], test_abi);
    for (gsize i = 0; i < G_N_ELEMENTS(registrar_cases); i++)
        ADD(registrar_cases[i].path, &registrar_cases[i], test_registrar);
    return g_test_run();
}
