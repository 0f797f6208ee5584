/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-loader.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-nearest.h"

/* the entry as 1.0 knew it: a later plugin's may be longer, none shorter */
#define ENTRY_MIN_SIZE                                                                             \
    (G_STRUCT_OFFSET(NiloPluginEntry, register_types) + sizeof(void (*)(NiloRegistrar *)))

struct _NiloPluginLoader {
    GStrv folders;
    NiloPluginGuard *guard; /* borrowed, outlives us */
    GHashTable *plugins;    /* name -> NiloPluginInfo */
    GHashTable *offers;     /* "kind:name" -> NiloPluginOffer */
};

GStrv
nilo_plugin_loader_list_default_folders(void)
{
    g_autoptr(GStrvBuilder) folders = g_strv_builder_new();
    const char *path = g_getenv("NILOMETER_PLUGIN_PATH");
    g_auto(GStrv) own = path != NULL ? g_strsplit(path, ":", -1) : NULL;
    const char *version = strrchr(NILO_PLUGIN_DIR, '/') + 1;
    g_autofree char *local = g_build_filename("/usr/local/lib/nilometer", version, NULL);
    g_autofree char *opt = g_build_filename("/opt/nilometer", version, NULL);

    for (gsize i = 0; own != NULL && own[i] != NULL; i++) {
        if (*own[i] != '\0')
            g_strv_builder_add(folders, own[i]);
    }
    g_strv_builder_add(folders, NILO_PLUGIN_DIR);
    if (strcmp(local, NILO_PLUGIN_DIR) != 0)
        g_strv_builder_add(folders, local);
    g_strv_builder_add(folders, opt);
    return g_strv_builder_end(folders);
}

static void
read_description(NiloPluginLoader *self, const char *path)
{
    g_autoptr(NiloPluginInfo) info = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize size = 0;

    if (g_file_get_contents(path, &bytes, &size, &error)) {
        info = nilo_plugin_info_parse(path, bytes, size);
    } else {
        info = nilo_plugin_info_parse(path, "", 0);
        g_clear_error(&info->reason);
        g_set_error(&info->reason, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID, "%s: %s", path,
                    error->message);
    }
    /* a plugin in an earlier folder hides one of the same name in a later */
    if (g_hash_table_contains(self->plugins, info->name))
        return;
    g_hash_table_insert(self->plugins, info->name, info);
    info = NULL;
}

static int
compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
read_folder(NiloPluginLoader *self, const char *path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        if (*name != '.' && g_str_has_suffix(name, ".plugin"))
            g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    g_ptr_array_sort(names, compare_texts);
    for (guint i = 0; i < names->len; i++)
        read_description(self, g_ptr_array_index(names, i));
}

static gboolean
is_not_loaded(gpointer name, gpointer plugin, gpointer user_data)
{
    return ((NiloPluginInfo *)plugin)->state != NILO_PLUGIN_LOADED;
}

void
nilo_plugin_loader_refresh(NiloPluginLoader *self)
{
    g_hash_table_foreach_remove(self->plugins, is_not_loaded, NULL);
    for (gsize i = 0; self->folders[i] != NULL; i++)
        read_folder(self, self->folders[i]);
}

NiloPluginLoader *
nilo_plugin_loader_new(const char *const *folders, NiloPluginGuard *guard)
{
    NiloPluginLoader *self = g_new0(NiloPluginLoader, 1);

    self->folders =
        folders != NULL ? g_strdupv((char **)folders) : nilo_plugin_loader_list_default_folders();
    self->guard = guard;
    self->plugins =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)nilo_plugin_info_free);
    self->offers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    nilo_plugin_loader_refresh(self);
    return self;
}

gboolean
nilo_plugin_loader_release(NiloPluginLoader *self, const char *plugin)
{
    return self->guard != NULL && nilo_plugin_guard_release(self->guard, plugin);
}

void
nilo_plugin_loader_free(NiloPluginLoader *self)
{
    g_hash_table_unref(self->offers);
    g_hash_table_unref(self->plugins);
    g_strfreev(self->folders);
    g_free(self);
}

static int
compare_infos(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const NiloPluginInfo *const *)a)->name,
                  (*(const NiloPluginInfo *const *)b)->name);
}

GPtrArray *
nilo_plugin_loader_list(NiloPluginLoader *self)
{
    GPtrArray *plugins = g_ptr_array_new();
    GHashTableIter iter;
    gpointer plugin;

    g_hash_table_iter_init(&iter, self->plugins);
    while (g_hash_table_iter_next(&iter, NULL, &plugin))
        g_ptr_array_add(plugins, plugin);
    g_ptr_array_sort(plugins, compare_infos);
    return plugins;
}

const NiloPluginInfo *
nilo_plugin_loader_find(NiloPluginLoader *self, const char *plugin)
{
    return g_hash_table_lookup(self->plugins, plugin);
}

static gboolean
check_abi(guint abi_major, guint abi_minor, GError **error)
{
    if (abi_major == NILO_ABI_MAJOR && abi_minor <= NILO_ABI_MINOR)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_ABI,
                _("it was built for plugin interface %u.%u, this nilometer has %d.%d: install a "
                  "build for this version"),
                abi_major, abi_minor, NILO_ABI_MAJOR, NILO_ABI_MINOR);
    return FALSE;
}

/* the part of a message between two texts, "undefined symbol: nilo_x" or "libfoo.so.1: cannot
 * open" */
static char *
cut_out(const char *message, const char *before, const char *stops)
{
    const char *begin = strstr(message, before);

    if (begin == NULL)
        return NULL;
    begin += strlen(before);
    return g_strndup(begin, strcspn(begin, stops));
}

/* the dynamic linker speaks to programmers, in English */
static void
report_open(const char *path, const char *message, GError **error)
{
    g_autofree char *symbol = cut_out(message, "undefined symbol: ", " ,(");
    const char *no_file = strstr(message, ": cannot open shared object file");
    const gboolean itself = g_str_has_prefix(message, path);

    if (symbol != NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_OPEN,
                    _("%s needs the symbol %s, which neither this nilometer nor its libraries "
                      "have: install a build for this version"),
                    path, symbol);
    else if (no_file != NULL && !itself)
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_OPEN,
                    _("%s needs the library %.*s, which is not installed"), path,
                    (int)(no_file - message), message);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_OPEN, _("%s cannot be opened: %s"), path,
                    itself ? message + strlen(path) + strspn(message + strlen(path), ": ")
                           : message);
}

static gboolean
check_entry(const NiloPluginInfo *plugin, const char *id, const NiloPluginEntry *entry,
            GError **error)
{
    if (entry->magic != NILO_PLUGIN_MAGIC) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                    _("%s is no plugin: its entry begins with %08x, expected %08x"), plugin->module,
                    entry->magic, NILO_PLUGIN_MAGIC);
        return FALSE;
    }
    if (!check_abi(entry->abi_major, entry->abi_minor, error))
        return FALSE;
    if (entry->abi_major != plugin->abi_major || entry->abi_minor != plugin->abi_minor) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                    _("%s was built for plugin interface %u.%u, %s says %u.%u: the files do not "
                      "belong together"),
                    plugin->module, entry->abi_major, entry->abi_minor, plugin->path,
                    plugin->abi_major, plugin->abi_minor);
        return FALSE;
    }
    if (entry->size < ENTRY_MIN_SIZE || entry->name == NULL || strcmp(entry->name, id) != 0 ||
        entry->register_types == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                    _("%s has an entry without the name %s or without register_types"),
                    plugin->module, id);
        return FALSE;
    }
    return TRUE;
}

static const NiloPluginEntry *
open_module(const NiloPluginInfo *plugin, const char *id, GError **error)
{
    g_autofree char *symbol = g_strconcat("nilo_plugin_", id, NULL);
    const NiloPluginEntry *entry = NULL;
    GModule *module;

    if (!g_file_test(plugin->module, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_OPEN,
                    _("%s, the module of %s, is missing"), plugin->module, plugin->path);
        return NULL;
    }
    /* never lazy: a missing symbol must be a message now, not a death at night */
    module = g_module_open(plugin->module, G_MODULE_BIND_LOCAL);
    if (module == NULL) {
        report_open(plugin->module, g_module_error(), error);
        return NULL;
    }
    g_module_make_resident(module);
    if (!g_module_symbol(module, symbol, (gpointer *)&entry) || entry == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_PLUGIN_INVALID,
                    _("%s is no plugin: it has no symbol %s"), plugin->module, symbol);
        return NULL;
    }
    return check_entry(plugin, id, entry, error) ? entry : NULL;
}

static gboolean
load(NiloPluginLoader *self, NiloPluginInfo *plugin, GError **error)
{
    g_autofree char *id = g_strdelimit(g_strdup(plugin->name), "-", '_');
    const NiloPluginEntry *entry;

    if (!check_abi(plugin->abi_major, plugin->abi_minor, error))
        return FALSE;
    if (self->guard != NULL && !nilo_plugin_guard_check(self->guard, plugin->name, error))
        return FALSE;
    entry = open_module(plugin, id, error);
    return entry != NULL && nilo_registrar_run(plugin, entry->register_types, self->offers, error);
}

/* the plugin's own code runs in here for the first time: constructors of its module included */
static gboolean
ensure_loaded(NiloPluginLoader *self, NiloPluginInfo *plugin, GError **error)
{
    const char *before;

    if (plugin->state == NILO_PLUGIN_LOADED)
        return TRUE;
    if (plugin->state == NILO_PLUGIN_AVAILABLE) {
        before = nilo_plugin_guard_enter(plugin->name);
        if (load(self, plugin, &plugin->reason)) {
            plugin->state = NILO_PLUGIN_LOADED;
        } else {
            plugin->state = NILO_PLUGIN_REFUSED;
            g_prefix_error(&plugin->reason, _("plugin \"%s\" refused: "), plugin->name);
        }
        nilo_plugin_guard_leave(before);
    }
    if (plugin->state == NILO_PLUGIN_LOADED)
        return TRUE;
    g_propagate_error(error, g_error_copy(plugin->reason));
    return FALSE;
}

gboolean
nilo_plugin_loader_open(NiloPluginLoader *self, const char *plugin, GError **error)
{
    NiloPluginInfo *found = g_hash_table_lookup(self->plugins, plugin);
    g_autofree gpointer *names = NULL;
    const char *nearest;
    guint n_names;

    if (found != NULL)
        return ensure_loaded(self, found, error);
    names = g_hash_table_get_keys_as_array(self->plugins, &n_names);
    nearest = nilo_nearest_find(plugin, (const char *const *)names, n_names);
    if (nearest != NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_INSTALLED,
                    _("plugin \"%s\" is not installed, did you mean \"%s\"?"), plugin, nearest);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_INSTALLED,
                    _("plugin \"%s\" is not installed"), plugin);
    return FALSE;
}

/* every name that could have been asked for under this kind */
static GPtrArray *
list_names(NiloPluginLoader *self, const char *kind)
{
    g_autoptr(GPtrArray) plugins = nilo_plugin_loader_list(self);
    const gsize length = strlen(kind);
    GPtrArray *names = g_ptr_array_new();

    for (guint i = 0; i < plugins->len; i++) {
        const NiloPluginInfo *plugin = g_ptr_array_index(plugins, i);

        for (gsize j = 0; plugin->provides != NULL && plugin->provides[j] != NULL; j++) {
            if (strncmp(plugin->provides[j], kind, length) == 0 &&
                plugin->provides[j][length] == ':')
                g_ptr_array_add(names, plugin->provides[j] + length + 1);
        }
    }
    return names;
}

static void
report_not_installed(NiloPluginLoader *self, const char *kind, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = list_names(self, kind);
    const char *nearest = nilo_nearest_find(name, (const char *const *)names->pdata, names->len);
    g_autofree char *folders = g_strjoinv(", ", self->folders);
    g_autofree char *installed = NULL;

    if (nearest != NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_INSTALLED,
                    _("no installed plugin provides %s \"%s\", did you mean \"%s\"? (searched %s)"),
                    kind, name, nearest, folders);
        return;
    }
    g_ptr_array_add(names, NULL);
    installed = g_strjoinv(", ", (char **)names->pdata);
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_INSTALLED,
                _("no installed plugin provides %s \"%s\"; installed: %s (searched %s)"), kind,
                name, *installed != '\0' ? installed : _("none"), folders);
}

const NiloPluginOffer *
nilo_plugin_loader_require(NiloPluginLoader *self, const char *kind, const char *name,
                           GError **error)
{
    g_autofree char *offer = g_strconcat(kind, ":", name, NULL);
    const NiloPluginOffer *found = g_hash_table_lookup(self->offers, offer);
    g_autoptr(GPtrArray) plugins = NULL;

    if (found != NULL)
        return found;
    plugins = nilo_plugin_loader_list(self);
    for (guint i = 0; i < plugins->len; i++) {
        NiloPluginInfo *plugin = g_ptr_array_index(plugins, i);

        if (nilo_plugin_info_provides(plugin, offer))
            return ensure_loaded(self, plugin, error) ? g_hash_table_lookup(self->offers, offer)
                                                      : NULL;
    }
    report_not_installed(self, kind, name, error);
    return NULL;
}

gboolean
nilo_plugin_loader_add_static(NiloPluginLoader *self, const NiloPluginEntry *entry,
                              const char *const *provides, const char *type_prefix, GError **error)
{
    NiloPluginInfo *plugin = g_new0(NiloPluginInfo, 1);

    plugin->name = g_strdelimit(g_strdup(entry->name), "_", '-');
    plugin->path = g_strdup(plugin->name);
    plugin->abi_major = entry->abi_major;
    plugin->abi_minor = entry->abi_minor;
    plugin->provides = g_strdupv((char **)provides);
    plugin->type_prefix = g_strdup(type_prefix);
    if (!check_abi(plugin->abi_major, plugin->abi_minor, error) ||
        !nilo_registrar_run(plugin, entry->register_types, self->offers, error)) {
        nilo_plugin_info_free(plugin);
        return FALSE;
    }
    plugin->state = NILO_PLUGIN_LOADED;
    g_hash_table_replace(self->plugins, plugin->name, plugin);
    return TRUE;
}
