/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "nilo-config-describe.h"
#include "nilo-config-kinds.h"
#include "nilo-ctl-client.h"
#include "nilo-ctl.h"
#include "nilo-meter-csv.h"
#include "nilo-meter.h"

static void
print_problems(NiloCtl *ctl, GPtrArray *problems)
{
    for (guint i = 0; i < problems->len; i++) {
        const GError *problem = problems->pdata[i];

        if (ctl->json) {
            g_autoptr(JsonBuilder) builder = json_builder_new();
            g_autoptr(JsonNode) node = NULL;
            g_autofree char *text = NULL;

            json_builder_begin_object(builder);
            json_builder_set_member_name(builder, "error");
            json_builder_add_string_value(builder, problem->message);
            json_builder_end_object(builder);
            node = json_builder_get_root(builder);
            text = json_to_string(node, FALSE);
            g_print("%s\n", text);
        } else {
            g_printerr("%s\n", problem->message);
        }
    }
}

/* loads as the daemon would, plugins included, and tells nobody */
static NiloConfig *
load_config(NiloCtl *ctl, NiloPluginLoader *loader, GPtrArray *problems)
{
    const NiloPluginGroupKind *kinds;
    const gsize n_kinds = nilo_config_list_kinds(&kinds);
    g_autoptr(NiloPluginResolver) resolver = nilo_plugin_resolver_new(loader, kinds, n_kinds);

    return nilo_config_load(ctl->config_dir, nilo_plugin_resolver_get(resolver), problems);
}

NiloCtlExit
nilo_ctl_check_config(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(NiloPluginLoader) loader = nilo_plugin_loader_new(NULL, NULL);
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(NiloConfig) config = NULL;

    if (argc > 2)
        return nilo_ctl_usage("check-config [DIR]");
    if (argc == 2) {
        g_free(ctl->config_dir);
        ctl->config_dir = g_strdup(argv[1]);
    }
    config = load_config(ctl, loader, problems);
    if (config == NULL) {
        print_problems(ctl, problems);
        return NILO_CTL_BAD_CONFIG;
    }
    if (!ctl->json)
        g_print(_("%s: %u buses, %u meters, no complaint\n"), ctl->config_dir,
                nilo_config_list_sections(config, "bus")->len,
                nilo_config_list_sections(config, "meter")->len);
    return NILO_CTL_OK;
}

static void
print_keys(NiloCtl *ctl, const char *title, GType type)
{
    g_autofree char *text = nilo_config_describe_type(type);

    if (text[0] != '\0')
        g_print("[%s]\n%s\n", title, text);
}

static void
add_member(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value != NULL)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

static void
print_keys_json(NiloCtl *ctl, const char *title, GType type)
{
    g_autoptr(GPtrArray) keys = nilo_config_list_keys(type);

    for (guint i = 0; i < keys->len; i++) {
        const NiloConfigKey *key = keys->pdata[i];
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *text = NULL;

        json_builder_begin_object(builder);
        add_member(builder, "group", title);
        add_member(builder, "key", key->name);
        add_member(builder, "type", key->type);
        add_member(builder, "range", key->range);
        add_member(builder, "default", key->default_text);
        add_member(builder, "unit", key->unit);
        add_member(builder, "label", key->label);
        add_member(builder, "help", key->help);
        json_builder_set_member_name(builder, "required");
        json_builder_add_boolean_value(builder, key->required);
        json_builder_end_object(builder);
        node = json_builder_get_root(builder);
        text = json_to_string(node, FALSE);
        g_print("%s\n", text);
    }
}

static void
describe_type(NiloCtl *ctl, const char *title, GType type)
{
    if (type == G_TYPE_NONE)
        return;
    if (ctl->json)
        print_keys_json(ctl, title, type);
    else
        print_keys(ctl, title, type);
}

static const char *
get_group_of(const char *kind)
{
    return strcmp(kind, "transport") == 0 ? "bus NAME" : kind;
}

/* what each thing a plugin provides adds to which group */
static void
describe_offers(NiloCtl *ctl, NiloPluginLoader *loader, const NiloPluginInfo *info)
{
    for (gsize i = 0; info->provides[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(info->provides[i], ":", 2);
        const NiloPluginOffer *offer = nilo_plugin_loader_require(loader, parts[0], parts[1], NULL);
        g_autofree char *title = NULL;

        if (offer == NULL)
            continue;
        title = strcmp(parts[0], "storage") == 0 || strcmp(parts[0], "service") == 0
                    ? g_strdup_printf("%s NAME", parts[0])
                    : g_strdup(get_group_of(parts[0]));
        describe_type(ctl, title, offer->type);
        describe_type(ctl, "meter ID", offer->settings);
    }
}

static NiloCtlExit
describe_plugin(NiloCtl *ctl, NiloPluginLoader *loader, const char *name)
{
    const NiloPluginInfo *info = nilo_plugin_loader_find(loader, name);
    g_autoptr(GError) error = NULL;

    if (info == NULL) {
        g_printerr(_("nilometerctl: there is no plugin and no group \"%s\"; nilometerctl describe "
                     "lists them\n"),
                   name);
        return NILO_CTL_NOT_FOUND;
    }
    if (!nilo_plugin_loader_open(loader, name, &error))
        return nilo_ctl_fail(error);
    if (!ctl->json) {
        g_autofree char *provides = g_strjoinv(", ", info->provides);

        g_print("%s %s: %s\n%s\n\n", info->name, info->version != NULL ? info->version : "",
                info->description != NULL ? info->description : "", provides);
    }
    describe_offers(ctl, loader, info);
    return NILO_CTL_OK;
}

static gboolean
describe_group(NiloCtl *ctl, const char *name)
{
    const NiloPluginGroupKind *kinds;
    const gsize n_kinds = nilo_config_list_kinds(&kinds);

    if (strcmp(name, "meter") == 0) {
        describe_type(ctl, "meter ID", NILO_TYPE_METER);
        return TRUE;
    }
    for (gsize i = 0; i < n_kinds; i++) {
        if (strcmp(kinds[i].kind, name) == 0) {
            g_autofree char *title = g_strdup_printf("%s%s", name, kinds[i].named ? " NAME" : "");

            describe_type(ctl, title, kinds[i].type);
            return TRUE;
        }
    }
    return FALSE;
}

static void
list_describable(NiloPluginLoader *loader)
{
    const NiloPluginGroupKind *kinds;
    const gsize n_kinds = nilo_config_list_kinds(&kinds);
    g_autoptr(GPtrArray) plugins = nilo_plugin_loader_list(loader);

    g_print("%s\n", _("Groups of a configuration:"));
    for (gsize i = 0; i < n_kinds; i++)
        g_print("  %s\n", kinds[i].kind);
    g_print("  meter\n%s\n", _("Plugins installed:"));
    for (guint i = 0; i < plugins->len; i++) {
        const NiloPluginInfo *info = plugins->pdata[i];

        g_print("  %-20s %s\n", info->name, info->description != NULL ? info->description : "");
    }
}

NiloCtlExit
nilo_ctl_describe(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(NiloPluginLoader) loader = nilo_plugin_loader_new(NULL, NULL);

    if (argc > 2)
        return nilo_ctl_usage("describe [PLUGIN | GROUP]");
    if (argc == 1) {
        list_describable(loader);
        return NILO_CTL_OK;
    }
    if (describe_group(ctl, argv[1]))
        return NILO_CTL_OK;
    return describe_plugin(ctl, loader, argv[1]);
}

static NiloCtlExit
import_meters(NiloCtl *ctl, const char *path)
{
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GPtrArray) entries = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL, *comment = NULL, *base = g_path_get_basename(path);
    gsize size;

    if (!g_file_get_contents(path, &bytes, &size, &error)) {
        g_printerr("nilometerctl: %s\n", error->message);
        return NILO_CTL_FAILED;
    }
    entries = nilo_meter_csv_parse(path, bytes, size, problems);
    if (entries == NULL) {
        print_problems(ctl, problems);
        return NILO_CTL_BAD_CONFIG;
    }
    comment = g_strdup_printf("imported from %s", base);
    if (!nilo_meter_file_add(ctl->config_dir, "imported", comment, entries, &error)) {
        g_printerr("nilometerctl: %s\n", error->message);
        return NILO_CTL_BAD_CONFIG;
    }
    g_print(_("%u meters written to %s/meters.d/imported.conf; nilometerctl reload puts them into "
              "use\n"),
            entries->len, ctl->config_dir);
    return NILO_CTL_OK;
}

static gboolean
speaks_chinese(void)
{
    const char *const *languages = g_get_language_names();

    return g_str_has_prefix(languages[0], "zh");
}

static NiloCtlExit
export_meters(NiloCtl *ctl, const char *path)
{
    g_autoptr(GPtrArray) entries = nilo_meter_file_list(ctl->config_dir);
    g_autofree char *text = nilo_meter_csv_build(entries, speaks_chinese());
    g_autoptr(GError) error = NULL;

    if (path == NULL) {
        g_print("%s", text);
        return NILO_CTL_OK;
    }
    if (!g_file_set_contents(path, text, -1, &error)) {
        g_printerr("nilometerctl: %s\n", error->message);
        return NILO_CTL_FAILED;
    }
    return NILO_CTL_OK;
}

NiloCtlExit
nilo_ctl_meters(NiloCtl *ctl, int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "import") == 0)
        return import_meters(ctl, argv[2]);
    if ((argc == 2 || argc == 3) && strcmp(argv[1], "export") == 0)
        return export_meters(ctl, argc == 3 ? argv[2] : NULL);
    return nilo_ctl_usage("meters import FILE | meters export [FILE]");
}
