/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-guard.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nilo-log.h"

#define MARKER_FILE  "plugin-crash"
#define COUNTS_FILE  "plugin-crashes.conf"
#define COUNTS_GROUP "crashes in a row"

/* names of plugins have 48 characters at most */
#define MARKER_SIZE 64

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

struct _NiloPluginGuard {
    char *counts_path;
    char *marker; /* MARKER_SIZE bytes, shared mapping of the marker file */
    char *blamed;
    GKeyFile *counts;
};

/* a signal handler gets no pointer of ours: the two words it needs stand here */
static _Thread_local const char *current_plugin;
static char *volatile watched_marker;

static void
save_counts(NiloPluginGuard *self)
{
    g_autoptr(GError) error = NULL;

    if (!g_key_file_save_to_file(self->counts, self->counts_path, &error))
        nilo_log_warning(NULL, "cannot note plugin crashes: %s", error->message);
}

/* crashes of one plugin make a row as long as nobody else crashes */
static void
count_crash(NiloPluginGuard *self)
{
    const guint crashes = nilo_plugin_guard_get_crashes(self, self->blamed) + 1;

    nilo_plugin_guard_settle(self);
    g_key_file_set_integer(self->counts, COUNTS_GROUP, self->blamed, (gint)crashes);
    save_counts(self);
    nilo_log_warning(&(NiloLogScope){.plugin = self->blamed},
                     "the run before crashed in plugin \"%s\", %u in a row", self->blamed, crashes);
}

static char *
map_marker(const char *path, GError **error)
{
    char *marker = MAP_FAILED;
    const int fd = g_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && ftruncate(fd, MARKER_SIZE) == 0)
        marker = mmap(NULL, MARKER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (marker == MAP_FAILED)
        g_set_error(error, NILO_ERROR, NILO_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return marker != MAP_FAILED ? marker : NULL;
}

NiloPluginGuard *
nilo_plugin_guard_open(const char *folder, GError **error)
{
    g_autofree char *marker_path = g_build_filename(folder, MARKER_FILE, NULL);
    NiloPluginGuard *self;
    char *marker;

    if (g_mkdir_with_parents(folder, 0750) != 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_FAILED, "%s: %s", folder, g_strerror(errno));
        return NULL;
    }
    marker = map_marker(marker_path, error);
    if (marker == NULL)
        return NULL;
    self = g_new0(NiloPluginGuard, 1);
    self->marker = marker;
    self->counts_path = g_build_filename(folder, COUNTS_FILE, NULL);
    self->counts = g_key_file_new();
    /* missing or damaged: nobody crashed as far as we know */
    g_key_file_load_from_file(self->counts, self->counts_path, G_KEY_FILE_NONE, NULL);
    if (marker[0] != '\0') {
        self->blamed = g_strndup(marker, MARKER_SIZE - 1);
        memset(marker, 0, MARKER_SIZE);
        if (g_utf8_validate(self->blamed, -1, NULL) && strpbrk(self->blamed, "[]=\n") == NULL)
            count_crash(self);
        else
            g_clear_pointer(&self->blamed, g_free);
    }
    return self;
}

void
nilo_plugin_guard_free(NiloPluginGuard *self)
{
    if (watched_marker == self->marker)
        watched_marker = NULL;
    munmap(self->marker, MARKER_SIZE);
    g_key_file_unref(self->counts);
    g_free(self->counts_path);
    g_free(self->blamed);
    g_free(self);
}

/* only what a signal handler may do: stores, and raising the signal again, now with its default */
static void
note_crash(int number)
{
    const char *plugin = current_plugin;
    char *marker = watched_marker;

    if (plugin != NULL && marker != NULL) {
        for (gsize i = 0; i < MARKER_SIZE - 1 && plugin[i] != '\0'; i++)
            marker[i] = plugin[i];
    }
    raise(number);
}

void
nilo_plugin_guard_watch(NiloPluginGuard *self)
{
    struct sigaction action = {.sa_handler = note_crash, .sa_flags = SA_RESETHAND | SA_NODEFER};

    watched_marker = self->marker;
    sigemptyset(&action.sa_mask);
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &action, NULL);
}

const char *
nilo_plugin_guard_get_blamed(NiloPluginGuard *self)
{
    return self->blamed;
}

guint
nilo_plugin_guard_get_crashes(NiloPluginGuard *self, const char *plugin)
{
    return (guint)MAX(g_key_file_get_integer(self->counts, COUNTS_GROUP, plugin, NULL), 0);
}

gboolean
nilo_plugin_guard_check(NiloPluginGuard *self, const char *plugin, GError **error)
{
    guint crashes = nilo_plugin_guard_get_crashes(self, plugin);

    if (crashes >= NILO_PLUGIN_GUARD_MAX_CRASHES) {
        /* somebody may have lifted it since */
        g_key_file_load_from_file(self->counts, self->counts_path, G_KEY_FILE_NONE, NULL);
        crashes = nilo_plugin_guard_get_crashes(self, plugin);
    }
    if (crashes < NILO_PLUGIN_GUARD_MAX_CRASHES)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_QUARANTINED,
                _("plugin \"%s\" crashed the daemon %u times in a row and is quarantined; to try "
                  "it again, run nilometerctl release %s"),
                plugin, crashes, plugin);
    return FALSE;
}

void
nilo_plugin_guard_settle(NiloPluginGuard *self)
{
    g_auto(GStrv) plugins = g_key_file_get_keys(self->counts, COUNTS_GROUP, NULL, NULL);
    gboolean changed = FALSE;

    for (gsize i = 0; plugins != NULL && plugins[i] != NULL; i++) {
        if (nilo_plugin_guard_get_crashes(self, plugins[i]) >= NILO_PLUGIN_GUARD_MAX_CRASHES)
            continue;
        g_key_file_remove_key(self->counts, COUNTS_GROUP, plugins[i], NULL);
        changed = TRUE;
    }
    if (changed)
        save_counts(self);
}

gboolean
nilo_plugin_guard_release(NiloPluginGuard *self, const char *plugin)
{
    if (nilo_plugin_guard_get_crashes(self, plugin) < NILO_PLUGIN_GUARD_MAX_CRASHES)
        return FALSE;
    g_key_file_remove_key(self->counts, COUNTS_GROUP, plugin, NULL);
    save_counts(self);
    return TRUE;
}

const char *
nilo_plugin_guard_enter(const char *plugin)
{
    const char *before = current_plugin;

    current_plugin = plugin;
    return before;
}

static GQuark
get_plugin_quark(void)
{
    return g_quark_from_static_string("nilo-plugin");
}

void
nilo_plugin_guard_note_type(GType type, const char *plugin)
{
    g_type_set_qdata(type, get_plugin_quark(), (gpointer)g_intern_string(plugin));
}

const char *
nilo_plugin_guard_enter_object(gpointer object)
{
    return nilo_plugin_guard_enter(g_type_get_qdata(G_OBJECT_TYPE(object), get_plugin_quark()));
}

void
nilo_plugin_guard_leave(const char *before)
{
    current_plugin = before;
}
