/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dbus-job.h"

#include <glib/gi18n-lib.h>

#include "nilo-dbus-gen.h"
#include "nilo-dbus-guard.h"
#include "nilo-dbus-text.h"

struct _NiloDbusJob {
    GObject parent_instance;

    NiloAuthority *authority;
    NiloScanJob *scan;
    GCancellable *cancellable;
    NiloGenObjectSkeleton *object;
    NiloGenJob *skeleton;
    char *path;
    char *bus;
    gboolean write; /* meters found go into meters.d */
};

enum {
    SIGNAL_FINISHED,
    SIGNAL_GROUPS,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(NiloDbusJob, nilo_dbus_job, G_TYPE_OBJECT)

static void
nilo_dbus_job_dispose(GObject *object)
{
    NiloDbusJob *self = NILO_DBUS_JOB(object);

    g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->authority);
    g_clear_object(&self->scan);
    g_clear_object(&self->skeleton);
    g_clear_object(&self->object);
    g_clear_pointer(&self->path, g_free);
    g_clear_pointer(&self->bus, g_free);
    G_OBJECT_CLASS(nilo_dbus_job_parent_class)->dispose(object);
}

static void
nilo_dbus_job_class_init(NiloDbusJobClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = nilo_dbus_job_dispose;
    signals[SIGNAL_FINISHED] = g_signal_new("finished", NILO_TYPE_DBUS_JOB, G_SIGNAL_RUN_LAST, 0,
                                            NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_GROUPS] = g_signal_new("groups", NILO_TYPE_DBUS_JOB, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
nilo_dbus_job_init(NiloDbusJob *self)
{
    self->cancellable = g_cancellable_new();
}

static GVariant *
found_new(NiloDbusJob *self)
{
    g_autoptr(GVariant) all = nilo_scan_job_dup_found(self->scan);
    const char *id, *address, *trouble, *driver = nilo_scan_job_get_driver(self->scan);
    GVariantBuilder list;
    GVariantIter iter;
    GVariant *settings;
    guint speed_baud;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    g_variant_iter_init(&iter, all);
    while (g_variant_iter_loop(&iter, "(&s&su@as&s)", &id, &address, &speed_baud, &settings,
                               &trouble)) {
        GVariantDict meter;

        g_variant_dict_init(&meter, NULL);
        g_variant_dict_insert(&meter, "id", "s", id);
        g_variant_dict_insert(&meter, "address", "s", address);
        g_variant_dict_insert(&meter, "speed-baud", "u", speed_baud);
        g_variant_dict_insert(&meter, "driver", "s", driver);
        g_variant_dict_insert_value(&meter, "settings", settings);
        g_variant_dict_insert(&meter, "trouble", "s", trouble);
        g_variant_builder_add_value(&list, g_variant_dict_end(&meter));
    }
    return g_variant_builder_end(&list);
}

static void
progress_cb(NiloScanJob *scan, guint done, guint total, const char *text, NiloDbusJob *self)
{
    nilo_gen_job_set_done(self->skeleton, done);
    nilo_gen_job_set_total(self->skeleton, total);
    nilo_gen_job_set_text(self->skeleton, text);
}

static void
found_cb(NiloScanJob *scan, const char *id, const char *address, guint speed_baud, GStrv settings,
         const char *trouble, NiloDbusJob *self)
{
    nilo_gen_job_set_found(self->skeleton, found_new(self));
}

static void
scanned_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(NiloDbusJob) self = NILO_DBUS_JOB(user_data);
    g_autoptr(GError) error = NULL;
    const gboolean done = nilo_bus_scan_finish(NILO_BUS(source), result, &error);

    nilo_gen_job_set_found(self->skeleton, found_new(self));
    if (self->write) {
        g_autofree char *groups = nilo_scan_job_build_groups(self->scan, self->bus);

        g_signal_emit(self, signals[SIGNAL_GROUPS], 0, groups);
    }
    if (done) {
        nilo_scan_job_done(self->scan);
        nilo_gen_job_set_text(self->skeleton, "");
        nilo_gen_job_set_state(self->skeleton, "done");
    } else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        nilo_gen_job_set_state(self->skeleton, "cancelled");
    } else {
        nilo_gen_job_set_text(self->skeleton, error->message);
        nilo_gen_job_set_state(self->skeleton, "failed");
    }
    g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(self->skeleton));
    g_signal_emit(self, signals[SIGNAL_FINISHED], 0);
}

static void
cancel_allowed(GDBusMethodInvocation *invocation, gpointer user_data)
{
    NiloDbusJob *self = NILO_DBUS_JOB(user_data);

    nilo_dbus_job_cancel(self);
    nilo_gen_job_complete_cancel(self->skeleton, invocation);
}

static gboolean
cancel_cb(NiloGenJob *skeleton, GDBusMethodInvocation *invocation, NiloDbusJob *self)
{
    nilo_dbus_guard(self->authority, invocation, NILO_ACTION_CONFIGURE, cancel_allowed,
                    G_OBJECT(self));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* what is ours is taken out of the options; the rest is the driver's */
static GVariant *
take_own_options(GVariant *options, gboolean *write, gboolean *restart)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, options);
    *write = *restart = FALSE;
    g_variant_dict_lookup(&dict, "write", "b", write);
    g_variant_dict_lookup(&dict, "restart", "b", restart);
    g_variant_dict_remove(&dict, "write");
    g_variant_dict_remove(&dict, "restart");
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static NiloScanJob *
make_scan(NiloDbusJob *self, const char *driver, GVariant *options, NiloClock *clock,
          const char *state_dir)
{
    g_autoptr(GVariant) own = NULL;
    NiloScanJob *scan;
    gboolean restart;

    own = take_own_options(options, &self->write, &restart);
    scan = nilo_scan_job_new(self->bus, driver, own, clock, state_dir);
    if (restart && nilo_scan_job_is_resumed(scan)) {
        nilo_scan_job_done(scan); /* forgets what was saved */
        g_object_unref(scan);
        scan = nilo_scan_job_new(self->bus, driver, own, clock, state_dir);
    }
    return scan;
}

NiloDbusJob *
nilo_dbus_job_new_scan(NiloBus *bus, const char *driver, GVariant *options,
                       NiloAuthority *authority, NiloClock *clock, const char *state_dir)
{
    NiloDbusJob *self = g_object_new(NILO_TYPE_DBUS_JOB, NULL);
    /* one bus has one scan at a time, and no two begin in the same microsecond */
    g_autofree char *name =
        g_strdup_printf("%s_%" G_GINT64_FORMAT, nilo_bus_get_name(bus), g_get_monotonic_time());

    self->authority = g_object_ref(authority);
    self->bus = g_strdup(nilo_bus_get_name(bus));
    self->path = nilo_dbus_make_path("job", name);
    self->object = nilo_gen_object_skeleton_new(self->path);
    self->skeleton = nilo_gen_job_skeleton_new();
    self->scan = make_scan(self, driver, options, clock, state_dir);
    nilo_gen_job_set_kind(self->skeleton, "scan");
    nilo_gen_job_set_bus(self->skeleton, self->bus);
    nilo_gen_job_set_state(self->skeleton, "running");
    nilo_gen_job_set_text(self->skeleton, nilo_scan_job_is_resumed(self->scan)
                                              ? _("going on where the last search was broken off")
                                              : "");
    nilo_gen_job_set_found(self->skeleton, found_new(self));
    nilo_gen_object_skeleton_set_job(self->object, self->skeleton);
    g_signal_connect_object(self->skeleton, "handle-cancel", G_CALLBACK(cancel_cb), self, 0);
    g_signal_connect_object(self->scan, "progress", G_CALLBACK(progress_cb), self, 0);
    g_signal_connect_object(self->scan, "found", G_CALLBACK(found_cb), self, 0);
    nilo_bus_scan_async(bus, self->scan, self->cancellable, scanned_cb, g_object_ref(self));
    return self;
}

const char *
nilo_dbus_job_get_path(NiloDbusJob *self)
{
    return self->path;
}

GDBusObjectSkeleton *
nilo_dbus_job_get_skeleton(NiloDbusJob *self)
{
    return G_DBUS_OBJECT_SKELETON(self->object);
}

void
nilo_dbus_job_cancel(NiloDbusJob *self)
{
    g_cancellable_cancel(self->cancellable);
}
