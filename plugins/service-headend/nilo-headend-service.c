/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-service.h"

#include "nilo-headend-bus.h"

#include <glib/gi18n-lib.h>
#include <nilometer-headend.h>

#define CURSOR_NAME      "headend"
#define DEFAULT_FILE     "headend.db"
#define PURGE_INTERVAL_S (24 * 60 * 60)
#define DAY_US           ((gint64)24 * 60 * 60 * G_USEC_PER_SEC)

struct _NiloHeadendService {
    GObject parent_instance;

    char *database_file;
    char *zone;
    guint keep_days;
    gboolean required;
    guint retry_ms;

    NiloHost *host; /* borrowed, outlives us */
    NiloHeadend *headend;
    NiloCursor *cursor;
    NiloDbusHeadend1 *bus;     /* (nullable): the daemon is not on a bus */
    GCancellable *cancellable; /* of everything that runs */
    NiloBatch *batch;          /* (nullable): taken, and not stored yet */
    GSource *retry;            /* (nullable): when @batch is tried again */
    GSource *purge;            /* (nullable) */
    guint n_running;           /* calls that have not come back */
    guint n_failed;            /* attempts in a row to store @batch */
    GTask *stopping;           /* (nullable) */
};

enum {
    PROP_DATABASE_FILE = 1,
    PROP_ZONE,
    PROP_KEEP_DAYS,
    PROP_REQUIRED,
    PROP_RETRY_MS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static const NiloLogScope scope = {.plugin = "service-headend"};

static void take_next(NiloHeadendService *self);
static void store_batch(NiloHeadendService *self);

static void
clear_source(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

/* every call that waits holds a reference and is counted, so that stopping can wait for it */
static NiloHeadendService *
begin_call(NiloHeadendService *self)
{
    self->n_running++;
    return g_object_ref(self);
}

static void
finish_stopping(NiloHeadendService *self)
{
    GTask *task;

    if (self->stopping == NULL || self->n_running > 0)
        return;
    if (self->bus != NULL)
        g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(self->bus));
    g_clear_object(&self->bus);
    g_clear_object(&self->cursor);
    g_clear_object(&self->headend);
    g_clear_pointer(&self->batch, nilo_batch_unref);
    self->host = NULL;
    task = g_steal_pointer(&self->stopping);
    g_task_return_boolean(task, TRUE);
    g_object_unref(task);
}

static void
end_call(NiloHeadendService *self)
{
    self->n_running--;
    finish_stopping(self);
}

static void
tell_backlog(NiloHeadendService *self)
{
    if (self->bus != NULL)
        nilo_dbus_headend1_set_backlog(self->bus, nilo_cursor_get_backlog(self->cursor));
}

static void
tell_stored(NiloHeadendService *self, const NiloStoreCounts *counts)
{
    NiloDbusHeadend1 *bus = self->bus;

    if (counts->conflicts > 0)
        nilo_log_message(&scope,
                         _("%u readings came a second time with another value: the first stays"),
                         (guint)counts->conflicts);
    if (bus == NULL)
        return;
    nilo_dbus_headend1_set_batches(bus, nilo_dbus_headend1_get_batches(bus) + 1);
    nilo_dbus_headend1_set_stored(bus, nilo_dbus_headend1_get_stored(bus) + counts->stored);
    nilo_dbus_headend1_set_ignored(bus, nilo_dbus_headend1_get_ignored(bus) + counts->ignored);
    nilo_dbus_headend1_set_conflicts(bus,
                                     nilo_dbus_headend1_get_conflicts(bus) + counts->conflicts);
    nilo_dbus_headend1_set_misses(bus, nilo_dbus_headend1_get_misses(bus) + counts->misses);
    nilo_dbus_headend1_set_last_error(bus, "");
}

/* the start and the end of a fault are told, not each attempt */
static void
tell_failure(NiloHeadendService *self, const GError *error)
{
    if (self->n_failed++ == 0)
        nilo_log_warning(&scope, _("cannot store readings, they wait in the journal: %s"),
                         error->message);
    else
        nilo_log_debug(&scope, "attempt %u: %s", self->n_failed, error->message);
    if (self->bus != NULL)
        nilo_dbus_headend1_set_last_error(self->bus, error->message);
}

static void
tell_recovery(NiloHeadendService *self)
{
    if (self->n_failed > 0)
        nilo_log_message(&scope, _("readings are stored again, after %u attempts"), self->n_failed);
    self->n_failed = 0;
}

/* twice as long each time, up to a minute or where it began */
static guint
retry_delay_ms(const NiloHeadendService *self)
{
    const guint most_ms = MAX(self->retry_ms, 60 * 1000);
    guint delay_ms = self->retry_ms;

    for (guint i = 1; i < self->n_failed && delay_ms < most_ms; i++)
        delay_ms = MIN(delay_ms * 2, most_ms);
    return delay_ms;
}

static gboolean
retry_cb(gpointer user_data)
{
    NiloHeadendService *self = user_data;

    clear_source(&self->retry);
    if (self->batch != NULL)
        store_batch(self);
    else
        take_next(self);
    return G_SOURCE_REMOVE;
}

static void
retry_later(NiloHeadendService *self)
{
    self->retry = g_timeout_source_new(retry_delay_ms(self));
    g_source_set_callback(self->retry, retry_cb, self, NULL);
    g_source_attach(self->retry, NULL);
}

static void
stored_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(NiloHeadendService) self = user_data;
    g_autoptr(GError) error = NULL;
    NiloStoreCounts counts = {0};

    if (nilo_headend_store_batch_finish(self->headend, result, &counts, &error)) {
        tell_recovery(self);
        tell_stored(self, &counts);
        nilo_cursor_acknowledge(self->cursor, nilo_batch_get_sequence(self->batch));
        g_clear_pointer(&self->batch, nilo_batch_unref);
        tell_backlog(self);
        if (self->stopping == NULL)
            take_next(self);
    } else if (self->stopping == NULL) {
        tell_failure(self, error);
        retry_later(self);
    }
    end_call(self);
}

/* not cancellable: what is begun is committed, and then acknowledged */
static void
store_batch(NiloHeadendService *self)
{
    nilo_headend_store_batch_async(self->headend, self->batch, NULL, stored_cb, begin_call(self));
}

static void
taken_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(NiloHeadendService) self = user_data;
    g_autoptr(GError) error = NULL;

    self->batch = nilo_cursor_take_finish(self->cursor, result, &error);
    if (self->stopping == NULL && self->batch != NULL) {
        store_batch(self);
    } else if (self->stopping == NULL) {
        tell_failure(self, error);
        retry_later(self);
    }
    end_call(self);
}

static void
take_next(NiloHeadendService *self)
{
    tell_backlog(self);
    nilo_cursor_take_async(self->cursor, self->cancellable, taken_cb, begin_call(self));
}

static void
purged_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(NiloHeadendService) self = user_data;
    g_autoptr(GError) error = NULL;
    guint64 n_readings = 0;

    if (nilo_headend_purge_finish(self->headend, result, &n_readings, &error))
        nilo_log_info(&scope, "%" G_GUINT64_FORMAT " readings older than %u days removed",
                      n_readings, self->keep_days);
    else if (self->stopping == NULL)
        nilo_log_warning(&scope, _("cannot remove old readings: %s"), error->message);
    end_call(self);
}

static void
purge_old(NiloHeadendService *self)
{
    NiloClock *clock = nilo_host_get_clock(self->host);

    /* a clock that was never set may stand anywhere: nothing is old by it */
    if (self->keep_days == 0 || nilo_clock_get_quality(clock) == NILO_CLOCK_UNKNOWN)
        return;
    nilo_headend_purge_async(self->headend, nilo_clock_get_utc_us(clock) - self->keep_days * DAY_US,
                             self->cancellable, purged_cb, begin_call(self));
}

static gboolean
purge_cb(gpointer user_data)
{
    purge_old(user_data);
    return G_SOURCE_CONTINUE;
}

static void
export_bus(NiloHeadendService *self, const char *file)
{
    GDBusConnection *connection = nilo_host_get_connection(self->host);
    g_autoptr(GError) error = NULL;

    if (connection == NULL)
        return;
    self->bus = nilo_headend_bus_export(self->headend, connection, &error);
    if (self->bus == NULL) {
        nilo_log_warning(&scope, "cannot export %s: %s", NILO_HEADEND_BUS_PATH, error->message);
        return;
    }
    nilo_dbus_headend1_set_file(self->bus, file);
    nilo_dbus_headend1_set_zone(self->bus, "");
    nilo_dbus_headend1_set_last_error(self->bus, "");
}

/* passes by itself, or with a hand of the administrator: no reason to stay away */
static gboolean
may_pass(const GError *error)
{
    return g_error_matches(error, NILO_ERROR, NILO_ERROR_NO_SPACE) ||
           g_error_matches(error, NILO_ERROR, NILO_ERROR_BUSY);
}

static void
begin_work(NiloHeadendService *self)
{
    g_autofree char *zone = nilo_headend_get_zone(self->headend);

    if (self->bus != NULL)
        nilo_dbus_headend1_set_zone(self->bus, zone != NULL ? zone : "");
    self->purge = g_timeout_source_new_seconds(PURGE_INTERVAL_S);
    g_source_set_callback(self->purge, purge_cb, self, NULL);
    g_source_attach(self->purge, NULL);
    purge_old(self);
    take_next(self);
}

/* the database is open, or @open_error will pass: readings wait in the journal until then */
static gboolean
begin_service(NiloHeadendService *self, const char *file, const GError *open_error, GError **error)
{
    self->cursor = nilo_host_open_cursor(self->host, CURSOR_NAME, self->required, error);
    if (self->cursor == NULL)
        return FALSE;
    export_bus(self, file);
    if (open_error != NULL)
        tell_failure(self, open_error);
    begin_work(self);
    return TRUE;
}

static void
opened_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = G_TASK(user_data);
    NiloHeadendService *self = g_task_get_source_object(task);
    g_autoptr(GError) open_error = NULL;
    g_autoptr(GError) error = NULL;

    if (!nilo_headend_open_finish(self->headend, result, &open_error) && !may_pass(open_error))
        g_task_return_error(task, g_steal_pointer(&open_error));
    else if (self->stopping != NULL)
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "told to stop");
    else if (begin_service(self, g_task_get_task_data(task), open_error, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, g_steal_pointer(&error));
    end_call(self);
}

static void
service_start_async(NiloService *service, NiloHost *host, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
    NiloHeadendService *self = NILO_HEADEND_SERVICE(service);
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
    g_autofree char *file =
        self->database_file[0] != '\0'
            ? g_strdup(self->database_file)
            : g_build_filename(nilo_host_get_state_dir(host), DEFAULT_FILE, NULL);
    GError *error = NULL;

    self->host = host;
    self->headend = nilo_headend_new(file, self->zone[0] != '\0' ? self->zone : NULL, &error);
    if (self->headend == NULL) {
        g_task_return_error(task, error);
        return;
    }
    g_task_set_task_data(task, g_strdup(file), g_free);
    self->n_running++; /* the task holds the reference */
    nilo_headend_open_async(self->headend, cancellable, opened_cb, g_steal_pointer(&task));
}

static gboolean
service_start_finish(NiloService *service, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
service_stop_async(NiloService *service, GAsyncReadyCallback callback, gpointer user_data)
{
    NiloHeadendService *self = NILO_HEADEND_SERVICE(service);

    self->stopping = g_task_new(self, NULL, callback, user_data);
    clear_source(&self->retry);
    clear_source(&self->purge);
    g_cancellable_cancel(self->cancellable);
    finish_stopping(self);
}

static void
service_stop_finish(NiloService *service, GAsyncResult *result)
{
}

static void
service_iface_init(NiloServiceInterface *iface)
{
    iface->start_async = service_start_async;
    iface->start_finish = service_start_finish;
    iface->stop_async = service_stop_async;
    iface->stop_finish = service_stop_finish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloHeadendService, nilo_headend_service, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_SERVICE, service_iface_init))

static void
nilo_headend_service_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    NiloHeadendService *self = NILO_HEADEND_SERVICE(object);

    switch (id) {
    case PROP_DATABASE_FILE:
        g_value_set_string(value, self->database_file);
        break;
    case PROP_ZONE:
        g_value_set_string(value, self->zone);
        break;
    case PROP_KEEP_DAYS:
        g_value_set_uint(value, self->keep_days);
        break;
    case PROP_REQUIRED:
        g_value_set_boolean(value, self->required);
        break;
    case PROP_RETRY_MS:
        g_value_set_uint(value, self->retry_ms);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void
nilo_headend_service_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    NiloHeadendService *self = NILO_HEADEND_SERVICE(object);

    switch (id) {
    case PROP_DATABASE_FILE:
        self->database_file = g_value_dup_string(value);
        break;
    case PROP_ZONE:
        self->zone = g_value_dup_string(value);
        break;
    case PROP_KEEP_DAYS:
        self->keep_days = g_value_get_uint(value);
        break;
    case PROP_REQUIRED:
        self->required = g_value_get_boolean(value);
        break;
    case PROP_RETRY_MS:
        self->retry_ms = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void
nilo_headend_service_dispose(GObject *object)
{
    NiloHeadendService *self = NILO_HEADEND_SERVICE(object);

    clear_source(&self->retry);
    clear_source(&self->purge);
    if (self->bus != NULL)
        g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(self->bus));
    g_clear_object(&self->bus);
    g_clear_object(&self->cursor);
    g_clear_object(&self->headend);
    g_clear_object(&self->cancellable);
    g_clear_pointer(&self->batch, nilo_batch_unref);
    G_OBJECT_CLASS(nilo_headend_service_parent_class)->dispose(object);
}

static void
nilo_headend_service_finalize(GObject *object)
{
    NiloHeadendService *self = NILO_HEADEND_SERVICE(object);

    g_free(self->database_file);
    g_free(self->zone);
    G_OBJECT_CLASS(nilo_headend_service_parent_class)->finalize(object);
}

static void
nilo_headend_service_class_init(NiloHeadendServiceClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->get_property = nilo_headend_service_get_property;
    object_class->set_property = nilo_headend_service_set_property;
    object_class->dispose = nilo_headend_service_dispose;
    object_class->finalize = nilo_headend_service_finalize;

    /**
     * NiloHeadendService:database-file:
     *
     * The SQLite database, made when it is not there. Empty for `headend.db` where the daemon keeps
     * its state.
     */
    properties[PROP_DATABASE_FILE] = g_param_spec_string(
        "database-file", N_("Database file"),
        N_("SQLite file, a name that ends in .db; empty for headend.db in the state folder"), "",
        NILO_PARAM_CONFIG);
    /**
     * NiloHeadendService:zone:
     *
     * The time zone of the site. A database goes on with the one it was made with.
     */
    properties[PROP_ZONE] = g_param_spec_string(
        "zone", N_("Time zone"),
        N_("IANA name such as Asia/Shanghai, in which days are counted; empty for the computer's"),
        "", NILO_PARAM_CONFIG);
    /**
     * NiloHeadendService:keep-days:
     *
     * How long readings and failed attempts are kept. Daily values, the latest readings and
     * corrections stay.
     */
    properties[PROP_KEEP_DAYS] =
        g_param_spec_uint("keep-days", N_("Days to keep"),
                          N_("Older readings are removed once a day; 0 keeps them for ever"), 0,
                          36500, 400, NILO_PARAM_CONFIG);
    /**
     * NiloHeadendService:required:
     *
     * Whether the journal keeps what has not been stored yet, as long as it has space.
     */
    properties[PROP_REQUIRED] =
        g_param_spec_boolean("required", N_("Required"),
                             N_("The journal keeps what has not been stored here"), FALSE,
                             NILO_PARAM_CONFIG);
    /**
     * NiloHeadendService:retry-ms:
     *
     * How long after a failure a batch is tried again; doubled up to a minute.
     */
    properties[PROP_RETRY_MS] =
        g_param_spec_uint("retry-ms", N_("Retry"),
                          N_("Wait after a failure; doubled each time, up to a minute"), 1, 3600000,
                          5000, NILO_PARAM_CONFIG);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_headend_service_init(NiloHeadendService *self)
{
    self->cancellable = g_cancellable_new();
}
