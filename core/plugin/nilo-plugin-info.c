/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-info.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-keyfile.h"
#include "nilo-nearest.h"

#define MAX_NAME   48
#define OUR_PREFIX "Nilo"

/* what a contract can be asked for under; a plugin of a later minor may know more */
static const char *const kinds[] = {"transport", "driver", "storage", "service"};

static const char *const keys[] = {"Name",    "Module",  "Abi",     "Provides",   "TypePrefix",
                                   "Version", "Website", "License", "Description"};

gboolean
nilo_plugin_info_is_name(const char *text)
{
    gsize length = 0;

    for (; text[length] != '\0'; length++) {
        if (!g_ascii_islower(text[length]) && !g_ascii_isdigit(text[length]) && text[length] != '-')
            return FALSE;
    }
    return length > 0 && length <= MAX_NAME && g_ascii_islower(text[0]);
}

static gboolean
parse_abi(NiloPluginInfo *self, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", -1);
    guint64 major, minor;

    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXUINT16, &major, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXUINT16, &minor, NULL)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                    _("found \"%s\", expected a number like 1.0"), text);
        return FALSE;
    }
    self->abi_major = (guint)major;
    self->abi_minor = (guint)minor;
    return TRUE;
}

static gboolean
is_offer(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const gsize length = strlen(kinds[i]);

        if (strncmp(text, kinds[i], length) == 0 && text[length] == ':')
            return nilo_plugin_info_is_name(text + length + 1);
    }
    return FALSE;
}

static gboolean
check_provides(NiloPluginInfo *self, GError **error)
{
    const char *bad = self->provides[0] == NULL ? "" : NULL;

    for (gsize i = 0; bad == NULL && self->provides[i] != NULL; i++) {
        if (!is_offer(g_strstrip(self->provides[i])))
            bad = self->provides[i];
    }
    if (bad == NULL)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                _("found \"%s\", expected transport:NAME, driver:NAME, storage:NAME or "
                  "service:NAME"),
                bad);
    return FALSE;
}

static gboolean
check_name(const NiloPluginInfo *self, const char *text, GError **error)
{
    if (strcmp(text, self->name) == 0 && nilo_plugin_info_is_name(text))
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                _("found \"%s\", expected the name of the file without .plugin: a-z, 0-9 and -"),
                text);
    return FALSE;
}

static gboolean
set_module(NiloPluginInfo *self, const char *text, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(self->path);
    g_autofree char *file = NULL;

    if (*text == '\0' || strchr(text, '/') != NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                    _("found \"%s\", expected the name of a file in the same folder"), text);
        return FALSE;
    }
    file = g_str_has_suffix(text, ".so") ? g_strdup(text) : g_strconcat(text, ".so", NULL);
    g_free(self->module);
    self->module = g_build_filename(folder, file, NULL);
    return TRUE;
}

static gboolean
set_prefix(NiloPluginInfo *self, const char *text, GError **error)
{
    gsize length = 0;

    while (g_ascii_isalnum(text[length]))
        length++;
    if (text[length] != '\0' || length < 2 || !g_ascii_isupper(text[0])) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                    _("found \"%s\", expected letters that begin with a capital, like Acme"), text);
        return FALSE;
    }
    g_free(self->type_prefix);
    self->type_prefix = g_strdup(text);
    return TRUE;
}

static gboolean
read_key(NiloPluginInfo *self, const NiloKeyfileGroup *group, const char *name, GError **error)
{
    g_autofree char *text = nilo_keyfile_group_get_text(group, name, error);

    if (text == NULL)
        return FALSE;
    if (strcmp(name, "Name") == 0)
        return check_name(self, text, error);
    if (strcmp(name, "Module") == 0)
        return set_module(self, text, error);
    if (strcmp(name, "Abi") == 0)
        return parse_abi(self, text, error);
    if (strcmp(name, "TypePrefix") == 0)
        return set_prefix(self, text, error);
    if (strcmp(name, "Provides") == 0) {
        self->provides = nilo_keyfile_group_get_list(group, name, error);
        return self->provides != NULL && check_provides(self, error);
    }
    if (strcmp(name, "Version") == 0)
        self->version = g_steal_pointer(&text);
    else if (strcmp(name, "Website") == 0)
        self->website = g_steal_pointer(&text);
    else if (strcmp(name, "License") == 0)
        self->license = g_steal_pointer(&text);
    return TRUE;
}

static gboolean
is_free_key(const char *name)
{
    return g_str_has_prefix(name, "X-") || g_str_has_prefix(name, "Description[");
}

static void
report_unknown_key(const char *name, GError **error)
{
    const char *nearest = nilo_nearest_find(name, keys, G_N_ELEMENTS(keys));

    if (nearest != NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                    _("unknown key, did you mean \"%s\"?"), nearest);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID, _("unknown key"));
}

static gboolean
is_known_key(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i], name) == 0)
            return TRUE;
    }
    return FALSE;
}

static void
read_group(NiloPluginInfo *self, const NiloKeyfileGroup *group, GPtrArray *problems)
{
    static const char *const required[] = {"Name", "Abi", "Provides"};

    for (guint i = 0; i < group->keys->len; i++) {
        const char *name = g_array_index(group->keys, NiloKeyfileKey, i).name;
        const NiloConfigPlace place = nilo_keyfile_group_get_place(group, name);
        GError *error = NULL;

        if (is_known_key(name))
            read_key(self, group, name, &error);
        else if (is_free_key(name))
            g_free(nilo_keyfile_group_get_text(group, name, &error));
        else
            report_unknown_key(name, &error);
        if (error != NULL)
            nilo_config_problems_take(problems, &place, error);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(required); i++) {
        NiloConfigPlace place = nilo_keyfile_group_get_place(group, NULL);

        place.key = required[i];
        if (nilo_keyfile_group_find_key(group, required[i]) == NULL)
            nilo_config_problems_add(problems, NILO_ERROR_PLUGIN_INVALID, &place,
                                     _("the key is missing"));
    }
    self->description = nilo_keyfile_group_get_locale_text(group, "Description");
}

NiloPluginInfo *
nilo_plugin_info_parse(const char *path, const char *bytes, gsize size)
{
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(NiloKeyfile) file = nilo_keyfile_parse(path, bytes, size, problems);
    const NiloKeyfileGroup *group = nilo_keyfile_find_group(file, "Plugin");
    const NiloConfigPlace place = {.path = path};
    NiloPluginInfo *self = g_new0(NiloPluginInfo, 1);

    self->path = g_strdup(path);
    self->name = g_path_get_basename(path);
    if (g_str_has_suffix(self->name, ".plugin"))
        self->name[strlen(self->name) - strlen(".plugin")] = '\0';
    self->type_prefix = g_strdup(OUR_PREFIX);
    set_module(self, self->name, NULL);
    if (group != NULL)
        read_group(self, group, problems);
    else
        nilo_config_problems_add(problems, NILO_ERROR_PLUGIN_INVALID, &place,
                                 _("there is no group [Plugin]"));
    if (problems->len > 0) {
        self->state = NILO_PLUGIN_REFUSED;
        nilo_config_problems_to_error(problems, &self->reason);
        self->reason->domain = NILO_ERROR;
        self->reason->code = NILO_ERROR_PLUGIN_INVALID;
    }
    return self;
}

void
nilo_plugin_info_free(NiloPluginInfo *self)
{
    g_free(self->name);
    g_free(self->path);
    g_free(self->module);
    g_strfreev(self->provides);
    g_free(self->type_prefix);
    g_free(self->description);
    g_free(self->version);
    g_free(self->website);
    g_free(self->license);
    g_clear_error(&self->reason);
    g_free(self);
}

gboolean
nilo_plugin_info_provides(const NiloPluginInfo *self, const char *offer)
{
    return self->provides != NULL && g_strv_contains((const char *const *)self->provides, offer);
}
