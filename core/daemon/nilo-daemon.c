/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-daemon.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <time.h>

#include "nilo-building.h"
#include "nilo-config-kinds.h"
#include "nilo-config-problem.h"
#include "nilo-dbus-server.h"
#include "nilo-dbus-text.h"
#include "nilo-error.h"
#include "nilo-host.h"
#include "nilo-journal.h"
#include "nilo-log.h"
#include "nilo-plugin-resolver.h"
#include "nilo-service.h"
#include "nilo-site-config.h"
#include "nilo-storage-pump.h"

/* a bus that stands still longer than this with work to do stops feeding the watchdog */
#define STALL_LIMIT_US (60 * G_USEC_PER_SEC)

struct _NiloDaemon {
    GObject parent_instance;

    char *config_dir;
    char *state_dir;
    char *address;
    gboolean same_user;

    NiloClock *clock;
    NiloPluginGuard *guard;
    NiloPluginLoader *loader;
    NiloConfig *config;
    NiloJournal *journal;
    guint64 journal_max_bytes;
    NiloBuilding *building;
    GDBusConnection *connection;
    NiloDbusServer *server;
    guint name_id;
    GPtrArray *pumps;    /* element-type NiloStoragePump */
    GPtrArray *services; /* element-type NiloService */
    guint n_stopping;
    GSourceFunc stopped;
    gpointer stopped_data;
};

static void host_iface_init(NiloHostInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloDaemon, nilo_daemon, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_HOST, host_iface_init))

static NiloClock *
host_get_clock(NiloHost *host)
{
    return NILO_DAEMON(host)->clock;
}

static const char *
host_get_state_dir(NiloHost *host)
{
    return NILO_DAEMON(host)->state_dir;
}

static NiloCursor *
host_open_cursor(NiloHost *host, const char *name, gboolean required, GError **error)
{
    NiloDaemon *self = NILO_DAEMON(host);
    NiloCursor *cursor = nilo_journal_open_cursor(self->journal, name, required, error);

    if (cursor != NULL && self->server != NULL)
        nilo_dbus_server_note_cursor(self->server, name, cursor, required);
    return cursor;
}

static GPtrArray *
host_list_meters(NiloHost *host)
{
    return g_ptr_array_ref(nilo_building_get_meters(NILO_DAEMON(host)->building));
}

static NiloMeter *
host_find_meter(NiloHost *host, NiloMeterId *id)
{
    return nilo_building_find_meter(NILO_DAEMON(host)->building, id);
}

static GDBusConnection *
host_get_connection(NiloHost *host)
{
    return NILO_DAEMON(host)->connection;
}

static void
announce_event(NiloDaemon *self, NiloEvent *event)
{
    if (self->server != NULL)
        nilo_dbus_server_note_event(self->server, event);
    g_signal_emit_by_name(self, "event", event);
}

static void
host_put_event(NiloHost *host, NiloEvent *event)
{
    NiloDaemon *self = NILO_DAEMON(host);

    nilo_sink_put_event(NILO_SINK(self->journal), event);
    announce_event(self, event);
}

static void
host_iface_init(NiloHostInterface *iface)
{
    iface->get_clock = host_get_clock;
    iface->get_state_dir = host_get_state_dir;
    iface->open_cursor = host_open_cursor;
    iface->list_meters = host_list_meters;
    iface->find_meter = host_find_meter;
    iface->get_connection = host_get_connection;
    iface->put_event = host_put_event;
}

static void
nilo_daemon_dispose(GObject *object)
{
    NiloDaemon *self = NILO_DAEMON(object);

    g_clear_handle_id(&self->name_id, g_bus_unown_name);
    g_clear_object(&self->server);
    g_clear_pointer(&self->pumps, g_ptr_array_unref);
    g_clear_pointer(&self->services, g_ptr_array_unref);
    g_clear_pointer(&self->building, nilo_building_free);
    g_clear_object(&self->journal);
    g_clear_object(&self->connection);
    G_OBJECT_CLASS(nilo_daemon_parent_class)->dispose(object);
}

static void
nilo_daemon_finalize(GObject *object)
{
    NiloDaemon *self = NILO_DAEMON(object);

    g_clear_pointer(&self->config, nilo_config_free);
    g_clear_pointer(&self->loader, nilo_plugin_loader_free);
    g_clear_pointer(&self->guard, nilo_plugin_guard_free);
    g_clear_object(&self->clock);
    g_free(self->config_dir);
    g_free(self->state_dir);
    g_free(self->address);
    G_OBJECT_CLASS(nilo_daemon_parent_class)->finalize(object);
}

static void
nilo_daemon_class_init(NiloDaemonClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = nilo_daemon_dispose;
    G_OBJECT_CLASS(klass)->finalize = nilo_daemon_finalize;
}

static void
nilo_daemon_init(NiloDaemon *self)
{
    self->clock = nilo_clock_new_system();
    self->pumps = g_ptr_array_new_with_free_func(g_object_unref);
    self->services = g_ptr_array_new_with_free_func(g_object_unref);
}

NiloDaemon *
nilo_daemon_new(const NiloDaemonOptions *options)
{
    NiloDaemon *self = g_object_new(NILO_TYPE_DAEMON, NULL);

    self->config_dir = g_strdup(options->config_dir);
    self->state_dir = g_strdup(options->state_dir);
    self->address = g_strdup(options->address);
    self->same_user = options->same_user;
    return self;
}

static NiloConfig *
load_config(NiloDaemon *self, GError **error)
{
    const NiloPluginGroupKind *kinds;
    const gsize n_kinds = nilo_config_list_kinds(&kinds);
    g_autoptr(NiloPluginResolver) resolver = nilo_plugin_resolver_new(self->loader, kinds, n_kinds);
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    NiloConfig *config =
        nilo_config_load(self->config_dir, nilo_plugin_resolver_get(resolver), problems);

    if (config == NULL)
        nilo_config_problems_to_error(problems, error);
    for (guint i = 0; config != NULL && i < problems->len; i++)
        nilo_log_warning(NULL, "left out: %s", ((const GError *)problems->pdata[i])->message);
    return config;
}

/* The daemon lives in the zone of its site: meters' clocks, files by day and texts are local there.
 * Called while there is one thread only, as setenv() wants it. Whether that is another zone than
 * this computer's. */
static gboolean
move_to_site(NiloDaemon *self)
{
    NiloConfigSection *site = nilo_config_find_section(self->config, "site", NULL);
    g_autoptr(GTimeZone) local = NULL;
    const char *zone;

    if (site == NULL)
        return FALSE;
    zone = g_time_zone_get_identifier(
        nilo_site_config_get_zone(nilo_config_section_get_object(site, NILO_TYPE_SITE_CONFIG)));
    local = g_time_zone_new_local();
    if (g_str_equal(zone, g_time_zone_get_identifier(local)))
        return FALSE;
    g_setenv("TZ", zone, TRUE);
    tzset();
    return TRUE;
}

/* The configuration in the zone of its site: settings of drivers that name no zone ask for the
 * local one while they are made, so those made before the zone was known are made again. */
static gboolean
load_config_of_site(NiloDaemon *self, GError **error)
{
    self->config = load_config(self, error);
    if (self->config == NULL || !move_to_site(self))
        return self->config != NULL;
    nilo_config_free(self->config);
    self->config = load_config(self, error);
    return self->config != NULL;
}

static void
prepare_plugins(NiloDaemon *self)
{
    g_autoptr(GError) error = NULL;

    self->guard = nilo_plugin_guard_open(self->state_dir, &error);
    if (self->guard == NULL)
        nilo_log_warning(NULL, "crashes of plugins will not be counted: %s", error->message);
    else
        nilo_plugin_guard_watch(self->guard);
    self->loader = nilo_plugin_loader_new(NULL, self->guard);
}

static gboolean
announce_event_cb(gpointer user_data)
{
    gpointer *parts = user_data;

    announce_event(NILO_DAEMON(parts[0]), parts[1]);
    return G_SOURCE_REMOVE;
}

static void
free_parts(gpointer user_data)
{
    gpointer *parts = user_data;

    g_object_unref(parts[0]);
    nilo_event_unref(parts[1]);
    g_free(parts);
}

/* on the writer's thread: has to come over to main */
static void
journal_cb(NiloEvent *event, gpointer user_data)
{
    gpointer *parts = g_new0(gpointer, 2);

    parts[0] = g_object_ref(user_data);
    parts[1] = nilo_event_ref(event);
    g_main_context_invoke_full(NULL, G_PRIORITY_DEFAULT, announce_event_cb, parts, free_parts);
}

static NiloJournalConfig *
make_journal_config(NiloDaemon *self)
{
    NiloConfigSection *section = nilo_config_find_section(self->config, "journal", NULL);
    NiloJournalConfig *configured =
        section != NULL ? nilo_config_section_get_object(section, NILO_TYPE_JOURNAL_CONFIG) : NULL;
    g_autofree char *folder = NULL;

    if (configured != NULL && nilo_journal_config_get_folder(configured) != NULL)
        return g_object_ref(configured);
    /* without a folder of its own, the journal stands with the rest of the state */
    folder = g_build_filename(self->state_dir, "journal", NULL);
    if (configured == NULL)
        return g_object_new(NILO_TYPE_JOURNAL_CONFIG, "folder", folder, NULL);
    return nilo_journal_config_new_in(configured, folder);
}

static gboolean
open_journal(NiloDaemon *self, GError **error)
{
    g_autoptr(NiloJournalConfig) config = make_journal_config(self);

    self->journal = nilo_journal_open(config, NULL, self->clock, error);
    if (self->journal == NULL)
        return FALSE;
    self->journal_max_bytes = nilo_journal_config_get_size_max_bytes(config);
    nilo_journal_set_notify(self->journal, journal_cb, self);
    return TRUE;
}

static void
report_cb(NiloReport *report, gpointer user_data)
{
    NiloDaemon *self = NILO_DAEMON(user_data);

    if (self->server != NULL)
        nilo_dbus_server_note_report(self->server, report);
}

static void
event_cb(NiloEvent *event, gpointer user_data)
{
    announce_event(NILO_DAEMON(user_data), event);
}

static GDBusConnection *
connect_bus(NiloDaemon *self, GError **error)
{
    if (self->address == NULL)
        return g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error);
    return g_dbus_connection_new_for_address_sync(
        self->address,
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
        NULL, NULL, error);
}

static gboolean
reload_cb(gpointer user_data, GError **error)
{
    return nilo_daemon_reload(NILO_DAEMON(user_data), error);
}

static void
name_lost_cb(GDBusConnection *connection, const char *name, gpointer user_data)
{
    nilo_log_warning(NULL, "the bus name %s is not ours: %s", name,
                     connection != NULL ? "another nilometerd runs, or the bus does not let us"
                                        : "the bus is gone");
}

/* meters are read whether or not there is a bus to look in by */
static void
start_dbus(NiloDaemon *self)
{
    g_autoptr(NiloAuthority) authority = NULL;
    g_autoptr(GError) error = NULL;

    if (g_strcmp0(self->address, "none") == 0)
        return;
    self->connection = connect_bus(self, &error);
    if (self->connection == NULL) {
        nilo_log_warning(NULL, "no D-Bus, so nobody can look in: %s", error->message);
        return;
    }
    g_dbus_connection_set_exit_on_close(self->connection, FALSE);
    authority = self->same_user ? nilo_authority_new_same_user(self->connection)
                                : nilo_authority_new_polkit(self->connection);
    self->server = nilo_dbus_server_new(self->connection, authority, self->clock, self->config_dir,
                                        self->state_dir);
    nilo_dbus_server_set_reload(self->server, reload_cb, self);
    nilo_dbus_server_set_journal(self->server, self->journal, self->journal_max_bytes);
    nilo_dbus_server_set_plugins(self->server, self->loader);
}

static void
own_name(NiloDaemon *self)
{
    if (self->connection != NULL)
        self->name_id = g_bus_own_name_on_connection(self->connection, NILO_DBUS_NAME,
                                                     G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, NULL,
                                                     name_lost_cb, NULL, NULL);
}

static void
start_storage(NiloDaemon *self, NiloConfigSection *section)
{
    NiloStorage *storage = nilo_config_section_get_object(section, NILO_TYPE_STORAGE);
    g_autofree char *name = g_strconcat("storage-", section->name, NULL);
    g_autoptr(NiloCursor) cursor = NULL;
    g_autoptr(GError) error = NULL;

    cursor = nilo_host_open_cursor(NILO_HOST(self), name, FALSE, &error);
    if (cursor == NULL)
        nilo_log_warning(NULL, "storage %s gets nothing: %s", section->name, error->message);
    else
        g_ptr_array_add(self->pumps, nilo_storage_pump_new(section->name, cursor, storage));
}

static void
service_started_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autofree char *name = user_data;
    g_autoptr(GError) error = NULL;

    if (!nilo_service_start_finish(NILO_SERVICE(source), result, &error))
        nilo_log_warning(NULL, "service %s did not start: %s", name, error->message);
}

static void
start_service(NiloDaemon *self, NiloConfigSection *section)
{
    NiloService *service = nilo_config_section_get_object(section, NILO_TYPE_SERVICE);

    g_ptr_array_add(self->services, g_object_ref(service));
    nilo_service_start_async(service, NILO_HOST(self), NULL, service_started_cb,
                             g_strdup(section->name));
}

static void
start_consumers(NiloDaemon *self)
{
    GPtrArray *storages = nilo_config_list_sections(self->config, "storage");
    GPtrArray *services = nilo_config_list_sections(self->config, "service");

    for (guint i = 0; i < storages->len; i++)
        start_storage(self, storages->pdata[i]);
    for (guint i = 0; i < services->len; i++)
        start_service(self, services->pdata[i]);
}

gboolean
nilo_daemon_start(NiloDaemon *self, GError **error)
{
    if (g_mkdir_with_parents(self->state_dir, 0750) != 0) {
        const int code = errno;

        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code),
                    _("the state folder %s cannot be made: %s"), self->state_dir, g_strerror(code));
        return FALSE;
    }
    prepare_plugins(self);
    if (!load_config_of_site(self, error))
        return FALSE;
    if (!open_journal(self, error))
        return FALSE;
    self->building =
        nilo_building_new(self->loader, self->clock, NILO_SINK(self->journal), self->state_dir);
    nilo_building_set_callbacks(self->building, report_cb, event_cb, self);
    start_dbus(self);
    nilo_building_apply(self->building, self->config);
    if (self->server != NULL)
        nilo_building_show(self->building, self->server);
    start_consumers(self);
    own_name(self);
    return TRUE;
}

static char *
describe_object(GObject *object)
{
    g_autoptr(GString) text = g_string_new(G_OBJECT_TYPE_NAME(object));
    guint n_specs;
    g_autofree GParamSpec **specs =
        g_object_class_list_properties(G_OBJECT_GET_CLASS(object), &n_specs);

    for (guint i = 0; i < n_specs; i++) {
        g_auto(GValue) value = G_VALUE_INIT;
        g_autofree char *contents = NULL;

        if ((specs[i]->flags & G_PARAM_READABLE) == 0)
            continue;
        g_object_get_property(object, specs[i]->name, &value);
        contents = g_strdup_value_contents(&value);
        g_string_append_printf(text, " %s=%s", specs[i]->name, contents);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean
is_same_section(NiloConfigSection *a, NiloConfigSection *b)
{
    if (a == NULL || b == NULL || a->objects->len != b->objects->len)
        return a == b;
    for (guint i = 0; i < a->objects->len; i++) {
        g_autofree char *left = describe_object(a->objects->pdata[i]);
        g_autofree char *right = describe_object(b->objects->pdata[i]);

        if (g_strcmp0(left, right) != 0)
            return FALSE;
    }
    return TRUE;
}

/* what holds a place in the journal is not swapped under way: say so instead of doing half */
static void
note_restart_needed(NiloConfig *before, NiloConfig *now, const char *kind)
{
    GPtrArray *sections = nilo_config_list_sections(now, kind);
    GPtrArray *old = nilo_config_list_sections(before, kind);
    gboolean changed = sections->len != old->len;

    for (guint i = 0; i < sections->len && !changed; i++) {
        NiloConfigSection *section = sections->pdata[i];

        changed = !is_same_section(section, nilo_config_find_section(before, kind, section->name));
    }
    if (changed)
        nilo_log_message(NULL, "[%s] has changed: that counts from the next start of nilometerd",
                         kind);
}

gboolean
nilo_daemon_reload(NiloDaemon *self, GError **error)
{
    g_autoptr(NiloConfig) before = NULL;
    NiloConfig *config;

    nilo_plugin_loader_refresh(self->loader);
    config = load_config(self, error);
    if (config == NULL) {
        g_prefix_error(error, "%s\n", _("the configuration before stays in force"));
        return FALSE;
    }
    before = self->config;
    self->config = config;
    nilo_building_apply(self->building, config);
    note_restart_needed(before, config, "site");
    note_restart_needed(before, config, "journal");
    note_restart_needed(before, config, "storage");
    note_restart_needed(before, config, "service");
    if (self->server != NULL) {
        nilo_building_show(self->building, self->server);
        nilo_dbus_server_set_plugins(self->server, self->loader);
    }
    g_signal_emit_by_name(self, "meters-changed");
    nilo_log_message(NULL, "configuration read anew, %u meters",
                     nilo_building_get_meters(self->building)->len);
    return TRUE;
}

static void
finish_stop(NiloDaemon *self)
{
    if (self->building != NULL)
        nilo_building_stop(self->building);
    for (guint i = 0; i < self->pumps->len; i++)
        nilo_storage_pump_stop(self->pumps->pdata[i]);
    if (self->journal != NULL)
        nilo_journal_close(self->journal);
    if (self->guard != NULL)
        nilo_plugin_guard_settle(self->guard);
    self->stopped(self->stopped_data);
}

static void
service_stopped_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(NiloDaemon) self = NILO_DAEMON(user_data);

    nilo_service_stop_finish(NILO_SERVICE(source), result);
    if (--self->n_stopping == 0)
        finish_stop(self);
}

void
nilo_daemon_stop(NiloDaemon *self, GSourceFunc stopped, gpointer user_data)
{
    self->stopped = stopped;
    self->stopped_data = user_data;
    self->n_stopping = self->services->len;
    if (self->n_stopping == 0) {
        finish_stop(self);
        return;
    }
    for (guint i = 0; i < self->services->len; i++)
        nilo_service_stop_async(self->services->pdata[i], service_stopped_cb, g_object_ref(self));
}

gboolean
nilo_daemon_is_progressing(NiloDaemon *self)
{
    return nilo_building_get_stalled_us(self->building) < STALL_LIMIT_US;
}

void
nilo_daemon_settle(NiloDaemon *self)
{
    if (self->guard != NULL)
        nilo_plugin_guard_settle(self->guard);
}
