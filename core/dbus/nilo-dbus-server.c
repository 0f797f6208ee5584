/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dbus-server.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-abi.h"
#include "nilo-dbus-bus.h"
#include "nilo-dbus-gen.h"
#include "nilo-dbus-guard.h"
#include "nilo-dbus-job.h"
#include "nilo-dbus-journal.h"
#include "nilo-dbus-meters.h"
#include "nilo-dbus-report.h"
#include "nilo-dbus-text.h"
#include "nilo-error.h"
#include "nilo-log.h"
#include "nilo-meter-file.h"

#define STRINGIFY_(x)       #x
#define STRINGIFY(x)        STRINGIFY_(x)
#define COMMAND_DEADLINE_US (5 * 60 * G_USEC_PER_SEC)
#define JOB_KEPT_S          60
#define READ_TIMEOUT_MIN_MS 100
#define READ_TIMEOUT_MAX_MS 600000

struct _NiloDbusServer {
    GObject parent_instance;

    GDBusConnection *connection;
    NiloAuthority *authority;
    NiloClock *clock;
    char *config_dir;
    char *state_dir;
    NiloDbusReload reload;
    gpointer reload_data;
    NiloPluginLoader *loader; /* (nullable): borrowed, outlives us */
    GDBusObjectManagerServer *manager;
    NiloGenManager *skeleton;
    NiloDbusMeters *meters;
    NiloLatest *latest;
    GPtrArray *buses;   /* element-type NiloDbusBus */
    GPtrArray *plugins; /* element-type utf8: paths exported */
    GPtrArray *jobs;    /* element-type NiloDbusJob */
    NiloDbusJournal *journal;
};

G_DEFINE_FINAL_TYPE(NiloDbusServer, nilo_dbus_server, G_TYPE_OBJECT)

static void
nilo_dbus_server_dispose(GObject *object)
{
    NiloDbusServer *self = NILO_DBUS_SERVER(object);

    if (self->skeleton != NULL)
        g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(self->skeleton));
    if (self->manager != NULL)
        g_dbus_object_manager_server_set_connection(self->manager, NULL);
    g_clear_pointer(&self->buses, g_ptr_array_unref);
    g_clear_pointer(&self->plugins, g_ptr_array_unref);
    g_clear_pointer(&self->jobs, g_ptr_array_unref);
    g_clear_object(&self->journal);
    g_clear_object(&self->skeleton);
    g_clear_object(&self->manager);
    g_clear_object(&self->connection);
    g_clear_object(&self->authority);
    g_clear_object(&self->clock);
    G_OBJECT_CLASS(nilo_dbus_server_parent_class)->dispose(object);
}

static void
nilo_dbus_server_finalize(GObject *object)
{
    NiloDbusServer *self = NILO_DBUS_SERVER(object);

    nilo_dbus_meters_free(self->meters);
    nilo_latest_free(self->latest);
    g_free(self->config_dir);
    g_free(self->state_dir);
    G_OBJECT_CLASS(nilo_dbus_server_parent_class)->finalize(object);
}

static void
nilo_dbus_server_class_init(NiloDbusServerClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = nilo_dbus_server_dispose;
    G_OBJECT_CLASS(klass)->finalize = nilo_dbus_server_finalize;
}

static void
nilo_dbus_server_init(NiloDbusServer *self)
{
    self->meters = nilo_dbus_meters_new();
    self->latest = nilo_latest_new();
    self->buses = g_ptr_array_new_with_free_func(g_object_unref);
    self->plugins = g_ptr_array_new_with_free_func(g_free);
    self->jobs = g_ptr_array_new_with_free_func(g_object_unref);
}

static void
refresh_clock_quality(NiloDbusServer *self)
{
    static const char *const names[] = {
        [NILO_CLOCK_UNKNOWN] = "unknown",
        [NILO_CLOCK_HELD] = "held",
        [NILO_CLOCK_SYNCHRONISED] = "synchronised",
    };

    nilo_gen_manager_set_clock_quality(self->skeleton, names[nilo_clock_get_quality(self->clock)]);
}

static gboolean
list_meters_cb(NiloGenManager *skeleton, GDBusMethodInvocation *invocation, GVariant *filter,
               guint offset, guint limit, NiloDbusServer *self)
{
    GError *error = NULL;
    guint total;
    GVariant *meters =
        nilo_dbus_meters_list(self->meters, filter, offset, limit, self->latest, &total, &error);

    if (meters == NULL)
        nilo_dbus_return_error(invocation, error);
    else
        nilo_gen_manager_complete_list_meters(skeleton, invocation, total, meters);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
show_meter_cb(NiloGenManager *skeleton, GDBusMethodInvocation *invocation, const char *id,
              NiloDbusServer *self)
{
    GError *error = NULL;
    NiloMeter *meter = nilo_dbus_meters_find(self->meters, id, &error);

    if (meter == NULL)
        nilo_dbus_return_error(invocation, error);
    else
        nilo_gen_manager_complete_show_meter(skeleton, invocation,
                                             nilo_dbus_meters_describe(self->meters, meter,
                                                                       self->latest, TRUE));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GDBusMethodInvocation *invocation = user_data;
    GVariant *parameters = g_dbus_method_invocation_get_parameters(invocation);
    g_autoptr(GVariant) options = g_variant_get_child_value(parameters, 1);
    g_autoptr(NiloReport) report = NULL;
    GError *error = NULL;
    gboolean evidence = FALSE;

    report = nilo_bus_read_finish(NILO_BUS(source), result, &error);
    if (report == NULL) {
        nilo_dbus_return_error(invocation, error);
        return;
    }
    g_variant_lookup(options, "evidence", "b", &evidence);
    if (nilo_report_get_outcome(report) == NILO_OUTCOME_BUDGET_SPENT) {
        g_dbus_method_invocation_return_error_literal(
            invocation, NILO_ERROR, NILO_ERROR_BUDGET_SPENT,
            _("the meter was read as often as its battery allows today"));
        return;
    }
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new("(@a{sv})",
                                                        nilo_dbus_report_new(report, evidence)));
}

static gboolean
parse_read_options(GVariant *options, guint *flags, guint *timeout_ms, GError **error)
{
    gboolean wanted = FALSE;

    *flags = NILO_READ_CURRENT;
    *timeout_ms = 0;
    if (g_variant_lookup(options, "history", "b", &wanted) && wanted)
        *flags |= NILO_READ_HISTORY;
    if (g_variant_lookup(options, "purchase", "b", &wanted) && wanted)
        *flags |= NILO_READ_PURCHASE;
    if (g_variant_lookup(options, "timeout-ms", "u", timeout_ms) &&
        (*timeout_ms < READ_TIMEOUT_MIN_MS || *timeout_ms > READ_TIMEOUT_MAX_MS)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, "timeout-ms is %u, expected %d to %d",
                    *timeout_ms, READ_TIMEOUT_MIN_MS, READ_TIMEOUT_MAX_MS);
        return FALSE;
    }
    return TRUE;
}

static void
read_allowed(GDBusMethodInvocation *invocation, gpointer user_data)
{
    NiloDbusServer *self = NILO_DBUS_SERVER(user_data);
    g_autoptr(GVariant) options = NULL;
    GError *error = NULL;
    NiloMeter *meter;
    NiloBus *bus = NULL;
    guint flags, timeout_ms;
    const char *id;

    g_variant_get(g_dbus_method_invocation_get_parameters(invocation), "(&s@a{sv})", &id, &options);
    meter = nilo_dbus_meters_find(self->meters, id, &error);
    if (meter != NULL)
        bus = nilo_dbus_meters_find_bus(self->meters, meter, &error);
    if (bus == NULL || !parse_read_options(options, &flags, &timeout_ms, &error)) {
        nilo_dbus_return_error(invocation, error);
        return;
    }
    nilo_bus_read_async(bus, nilo_meter_get_id(meter), flags, NILO_CAUSE_DEMAND, timeout_ms, NULL,
                        read_cb, invocation);
}

static gboolean
read_meter_cb(NiloGenManager *skeleton, GDBusMethodInvocation *invocation, const char *id,
              GVariant *options, NiloDbusServer *self)
{
    nilo_dbus_guard(self->authority, invocation, NILO_ACTION_READ, read_allowed, G_OBJECT(self));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
run_reload(NiloDbusServer *self, GError **error)
{
    if (self->reload == NULL) {
        g_set_error_literal(error, NILO_ERROR, NILO_ERROR_BUSY, "still starting");
        return FALSE;
    }
    return self->reload(self->reload_data, error);
}

typedef struct {
    NiloDbusServer *server;
    GDBusMethodInvocation *invocation;
    NiloCommand *command;
} Write;

/* the meter has moved: so must its line in the files, or it is lost at the next start */
static void
follow_address(NiloDbusServer *self, NiloCommand *command)
{
    g_autoptr(GError) error = NULL;
    const char *address, *id = nilo_meter_id_get_text(nilo_command_get_meter(command));

    if (nilo_command_get_kind(command) != NILO_COMMAND_SET_ADDRESS ||
        !g_variant_lookup(nilo_command_get_arguments(command), "address", "&s", &address))
        return;
    if (!nilo_meter_file_set_key(self->config_dir, id, "address", address, &error) ||
        !run_reload(self, &error))
        nilo_log_warning(&(NiloLogScope){.meter = id},
                         "has address %s now, but the configuration does not say so: %s", address,
                         error->message);
}

static void
written_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Write *write = user_data;
    g_autoptr(GVariant) read_back = NULL;
    GError *error = NULL;

    read_back = nilo_bus_write_finish(NILO_BUS(source), result, &error);
    if (read_back == NULL) {
        nilo_dbus_return_error(write->invocation, error);
    } else {
        follow_address(write->server, write->command);
        g_dbus_method_invocation_return_value(write->invocation,
                                              g_variant_new("(@a{sv})", read_back));
    }
    g_object_unref(write->server);
    nilo_command_unref(write->command);
    g_free(write);
}

static void
write_meter(NiloDbusServer *self, GDBusMethodInvocation *invocation, const char *id,
            NiloCommandKind kind, GVariant *arguments, const char *reason)
{
    g_autoptr(NiloCommand) command = NULL;
    GError *error = NULL;
    NiloBus *bus = NULL;
    NiloMeter *meter = nilo_dbus_meters_find(self->meters, id, &error);
    Write *write;

    if (meter != NULL)
        bus = nilo_dbus_meters_find_bus(self->meters, meter, &error);
    if (bus == NULL) {
        nilo_dbus_return_error(invocation, error);
        return;
    }
    command = nilo_command_new(NULL, nilo_meter_get_id(meter), kind, arguments, reason,
                               nilo_clock_get_utc_us(self->clock) + COMMAND_DEADLINE_US);
    nilo_log_message(&(NiloLogScope){.meter = id}, "%s, asked for by %s%s%s",
                     nilo_command_kind_get_nick(kind),
                     g_dbus_method_invocation_get_sender(invocation),
                     reason != NULL ? ", reason: " : "", reason != NULL ? reason : "");
    write = g_new0(Write, 1);
    write->server = g_object_ref(self);
    write->invocation = invocation;
    write->command = nilo_command_ref(command);
    nilo_bus_write_async(bus, command, NULL, written_cb, write);
}

static void
valve_allowed(GDBusMethodInvocation *invocation, gpointer user_data)
{
    const char *id, *reason;
    gboolean open;

    g_variant_get(g_dbus_method_invocation_get_parameters(invocation), "(&sb&s)", &id, &open,
                  &reason);
    write_meter(user_data, invocation, id,
                open ? NILO_COMMAND_VALVE_OPEN : NILO_COMMAND_VALVE_CLOSE, NULL, reason);
}

static gboolean
set_valve_cb(NiloGenManager *skeleton, GDBusMethodInvocation *invocation, const char *id,
             gboolean open, const char *reason, NiloDbusServer *self)
{
    if (reason[strspn(reason, " \t\n")] == '\0') {
        g_dbus_method_invocation_return_error_literal(
            invocation, NILO_ERROR, NILO_ERROR_BAD_VALUE,
            _("a valve is not turned without a reason for the record"));
        return G_DBUS_METHOD_INVOCATION_HANDLED;
    }
    nilo_dbus_guard(self->authority, invocation,
                    open ? NILO_ACTION_VALVE_OPEN : NILO_ACTION_VALVE_CLOSE, valve_allowed,
                    G_OBJECT(self));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
parse_write_kind(const char *nick, NiloCommandKind *kind)
{
    for (guint i = NILO_COMMAND_SET_CLOCK; i < NILO_N_COMMAND_KINDS; i++) {
        if (strcmp(nick, nilo_command_kind_get_nick((NiloCommandKind)i)) == 0) {
            *kind = (NiloCommandKind)i;
            return TRUE;
        }
    }
    return FALSE;
}

static void
write_allowed(GDBusMethodInvocation *invocation, gpointer user_data)
{
    g_autoptr(GVariant) arguments = NULL;
    NiloCommandKind kind;
    const char *id, *nick;

    g_variant_get(g_dbus_method_invocation_get_parameters(invocation), "(&s&s@a{sv})", &id, &nick,
                  &arguments);
    if (!parse_write_kind(nick, &kind)) {
        g_dbus_method_invocation_return_error(
            invocation, NILO_ERROR, NILO_ERROR_BAD_VALUE,
            _("\"%s\" cannot be written, expected set-clock, set-address or purchase"), nick);
        return;
    }
    write_meter(user_data, invocation, id, kind, arguments, NULL);
}

static gboolean
write_meter_cb(NiloGenManager *skeleton, GDBusMethodInvocation *invocation, const char *id,
               const char *kind, GVariant *arguments, NiloDbusServer *self)
{
    nilo_dbus_guard(self->authority, invocation, NILO_ACTION_METER_WRITE, write_allowed,
                    G_OBJECT(self));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
reload_allowed(GDBusMethodInvocation *invocation, gpointer user_data)
{
    NiloDbusServer *self = NILO_DBUS_SERVER(user_data);
    GError *error = NULL;

    if (run_reload(self, &error))
        nilo_gen_manager_complete_reload(self->skeleton, invocation);
    else
        nilo_dbus_return_error(invocation, error);
}

static void
release_allowed(GDBusMethodInvocation *invocation, gpointer user_data)
{
    NiloDbusServer *self = NILO_DBUS_SERVER(user_data);
    GError *error = NULL;
    const char *name;

    g_variant_get(g_dbus_method_invocation_get_parameters(invocation), "(&s)", &name);
    if (self->loader == NULL || !nilo_plugin_loader_release(self->loader, name)) {
        g_dbus_method_invocation_return_error(invocation, NILO_ERROR, NILO_ERROR_NOT_FOUND,
                                              _("no plugin \"%s\" is quarantined"), name);
        return;
    }
    nilo_log_message(&(NiloLogScope){.plugin = name}, "let out of quarantine by %s",
                     g_dbus_method_invocation_get_sender(invocation));
    if (run_reload(self, &error))
        nilo_gen_manager_complete_release_plugin(self->skeleton, invocation);
    else
        nilo_dbus_return_error(invocation, error);
}

static gboolean
release_plugin_cb(NiloGenManager *skeleton, GDBusMethodInvocation *invocation, const char *name,
                  NiloDbusServer *self)
{
    nilo_dbus_guard(self->authority, invocation, NILO_ACTION_CONFIGURE, release_allowed,
                    G_OBJECT(self));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
reload_cb(NiloGenManager *skeleton, GDBusMethodInvocation *invocation, NiloDbusServer *self)
{
    nilo_dbus_guard(self->authority, invocation, NILO_ACTION_CONFIGURE, reload_allowed,
                    G_OBJECT(self));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
connect_methods(NiloDbusServer *self)
{
    g_signal_connect_object(self->skeleton, "handle-list-meters", G_CALLBACK(list_meters_cb), self,
                            0);
    g_signal_connect_object(self->skeleton, "handle-show-meter", G_CALLBACK(show_meter_cb), self,
                            0);
    g_signal_connect_object(self->skeleton, "handle-read-meter", G_CALLBACK(read_meter_cb), self,
                            0);
    g_signal_connect_object(self->skeleton, "handle-set-valve", G_CALLBACK(set_valve_cb), self, 0);
    g_signal_connect_object(self->skeleton, "handle-write-meter", G_CALLBACK(write_meter_cb), self,
                            0);
    g_signal_connect_object(self->skeleton, "handle-reload", G_CALLBACK(reload_cb), self, 0);
    g_signal_connect_object(self->skeleton, "handle-release-plugin", G_CALLBACK(release_plugin_cb),
                            self, 0);
}

NiloDbusServer *
nilo_dbus_server_new(GDBusConnection *connection, NiloAuthority *authority, NiloClock *clock,
                     const char *config_dir, const char *state_dir)
{
    NiloDbusServer *self = g_object_new(NILO_TYPE_DBUS_SERVER, NULL);

    self->connection = g_object_ref(connection);
    self->authority = g_object_ref(authority);
    self->clock = g_object_ref(clock);
    self->config_dir = g_strdup(config_dir);
    self->state_dir = g_strdup(state_dir);
    self->manager = g_dbus_object_manager_server_new(NILO_DBUS_PATH);
    self->skeleton = nilo_gen_manager_skeleton_new();
    nilo_gen_manager_set_version(self->skeleton, NILO_VERSION);
    nilo_gen_manager_set_abi(self->skeleton,
                             STRINGIFY(NILO_ABI_MAJOR) "." STRINGIFY(NILO_ABI_MINOR));
    nilo_gen_manager_set_config_dir(self->skeleton, config_dir);
    refresh_clock_quality(self);
    connect_methods(self);
    g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(self->skeleton), connection,
                                     NILO_DBUS_PATH, NULL);
    g_dbus_object_manager_server_set_connection(self->manager, connection);
    return self;
}

void
nilo_dbus_server_set_reload(NiloDbusServer *self, NiloDbusReload reload, gpointer user_data)
{
    self->reload = reload;
    self->reload_data = user_data;
}

static gboolean
forget_job_cb(gpointer user_data)
{
    NiloDbusJob *job = user_data;
    NiloDbusServer *self = g_object_get_data(G_OBJECT(job), "server");

    if (self->manager != NULL)
        g_dbus_object_manager_server_unexport(self->manager, nilo_dbus_job_get_path(job));
    g_ptr_array_remove(self->jobs, job);
    return G_SOURCE_REMOVE;
}

/* whoever follows it shall still find its end */
static void
job_finished_cb(NiloDbusJob *job, NiloDbusServer *self)
{
    g_autoptr(GSource) source = g_timeout_source_new_seconds(JOB_KEPT_S);

    g_object_set_data_full(G_OBJECT(job), "server", g_object_ref(self), g_object_unref);
    g_source_set_callback(source, forget_job_cb, g_object_ref(job), g_object_unref);
    g_source_attach(source, NULL);
}

static void
job_groups_cb(NiloDbusJob *job, const char *groups, NiloDbusServer *self)
{
    g_autofree char *name = g_path_get_basename(nilo_dbus_job_get_path(job));
    g_autofree char *path = g_strdup_printf("%s/meters.d/found-%s.conf", self->config_dir, name);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;

    g_mkdir_with_parents(folder, 0750);
    if (!g_file_set_contents_full(path, groups, -1, G_FILE_SET_CONTENTS_DURABLE, 0640, &error) ||
        !run_reload(self, &error))
        nilo_log_warning(NULL, "found meters are not in use: %s", error->message);
    else
        nilo_log_message(NULL, "found meters written to %s", path);
}

static void
job_cb(NiloDbusBus *bus, NiloDbusJob *job, NiloDbusServer *self)
{
    g_ptr_array_add(self->jobs, g_object_ref(job));
    g_dbus_object_manager_server_export(self->manager, nilo_dbus_job_get_skeleton(job));
    g_signal_connect_object(job, "groups", G_CALLBACK(job_groups_cb), self, 0);
    g_signal_connect_object(job, "finished", G_CALLBACK(job_finished_cb), self, 0);
}

static void
unexport_buses(NiloDbusServer *self)
{
    for (guint i = 0; i < self->buses->len; i++) {
        GDBusObjectSkeleton *object = nilo_dbus_bus_get_skeleton(self->buses->pdata[i]);

        g_dbus_object_manager_server_unexport(self->manager,
                                              g_dbus_object_get_object_path(G_DBUS_OBJECT(object)));
    }
    g_ptr_array_set_size(self->buses, 0);
}

void
nilo_dbus_server_set_building(NiloDbusServer *self, const NiloDbusBusEntry *buses, gsize n_buses,
                              GPtrArray *meters)
{
    g_autoptr(GHashTable) by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    unexport_buses(self);
    for (gsize i = 0; i < n_buses; i++) {
        NiloDbusBus *bus = nilo_dbus_bus_new(buses[i].bus, buses[i].config, buses[i].transport,
                                             self->authority, self->clock, self->state_dir);

        g_signal_connect_object(bus, "job", G_CALLBACK(job_cb), self, 0);
        g_ptr_array_add(self->buses, bus);
        g_hash_table_insert(by_name, g_strdup(nilo_bus_get_name(buses[i].bus)), buses[i].bus);
        g_dbus_object_manager_server_export(self->manager, nilo_dbus_bus_get_skeleton(bus));
    }
    nilo_dbus_meters_set(self->meters, meters, by_name);
    nilo_gen_manager_set_meters(self->skeleton, meters->len);
}

static const char *
get_plugin_state(const NiloPluginInfo *info)
{
    if (info->state == NILO_PLUGIN_LOADED)
        return "loaded";
    if (info->state == NILO_PLUGIN_AVAILABLE)
        return "available";
    return g_error_matches(info->reason, NILO_ERROR, NILO_ERROR_QUARANTINED) ? "quarantined"
                                                                             : "refused";
}

static void
export_plugin(NiloDbusServer *self, const NiloPluginInfo *info)
{
    char *path = nilo_dbus_make_path("plugin", info->name);
    g_autoptr(NiloGenObjectSkeleton) object = nilo_gen_object_skeleton_new(path);
    g_autoptr(NiloGenPlugin) skeleton = nilo_gen_plugin_skeleton_new();

    nilo_gen_plugin_set_name(skeleton, info->name);
    nilo_gen_plugin_set_description(skeleton, info->description != NULL ? info->description : "");
    nilo_gen_plugin_set_file(skeleton, info->path != NULL ? info->path : "");
    nilo_gen_plugin_set_provides(skeleton, (const char *const *)info->provides);
    nilo_gen_plugin_set_state(skeleton, get_plugin_state(info));
    nilo_gen_plugin_set_reason(skeleton, info->reason != NULL ? info->reason->message : "");
    nilo_gen_object_skeleton_set_plugin(object, skeleton);
    g_dbus_object_manager_server_export(self->manager, G_DBUS_OBJECT_SKELETON(object));
    g_ptr_array_add(self->plugins, path);
}

void
nilo_dbus_server_set_plugins(NiloDbusServer *self, NiloPluginLoader *loader)
{
    g_autoptr(GPtrArray) infos = nilo_plugin_loader_list(loader);

    self->loader = loader;
    for (guint i = 0; i < self->plugins->len; i++)
        g_dbus_object_manager_server_unexport(self->manager, self->plugins->pdata[i]);
    g_ptr_array_set_size(self->plugins, 0);
    for (guint i = 0; i < infos->len; i++)
        export_plugin(self, infos->pdata[i]);
}

void
nilo_dbus_server_set_journal(NiloDbusServer *self, NiloJournal *journal, guint64 size_max_bytes)
{
    self->journal = nilo_dbus_journal_new(journal, size_max_bytes);
    g_dbus_object_manager_server_export(self->manager,
                                        nilo_dbus_journal_get_skeleton(self->journal));
}

void
nilo_dbus_server_note_cursor(NiloDbusServer *self, const char *name, NiloCursor *cursor,
                             gboolean required)
{
    if (self->journal != NULL)
        nilo_dbus_journal_note_cursor(self->journal, name, cursor, required);
}

void
nilo_dbus_server_note_report(NiloDbusServer *self, NiloReport *report)
{
    nilo_latest_note(self->latest, report);
    nilo_gen_manager_set_sequence(self->skeleton, nilo_latest_get_sequence(self->latest));
    refresh_clock_quality(self);
    if (self->journal != NULL)
        nilo_dbus_journal_refresh(self->journal);
    nilo_gen_manager_emit_report(self->skeleton,
                                 nilo_meter_id_get_text(nilo_report_get_meter(report)),
                                 nilo_outcome_get_nick(nilo_report_get_outcome(report)),
                                 nilo_dbus_report_new(report, FALSE));
}

void
nilo_dbus_server_note_event(NiloDbusServer *self, NiloEvent *event)
{
    NiloMeterId *meter = nilo_event_get_meter(event);
    const char *bus = nilo_event_get_bus(event);

    nilo_gen_manager_emit_event(self->skeleton, nilo_event_get_kind(event),
                                meter != NULL ? nilo_meter_id_get_text(meter) : "",
                                bus != NULL ? bus : "", nilo_event_get_taken_us(event),
                                nilo_event_get_text(event));
}

GDBusObjectManagerServer *
nilo_dbus_server_get_object_manager(NiloDbusServer *self)
{
    return self->manager;
}
