/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>

#include "nilo-ctl-client.h"
#include "nilo-ctl-job.h"
#include "nilo-ctl-output.h"
#include "nilo-ctl.h"
#include "nilo-dbus-text.h"
#include "nilo-error.h"

#define BUS_INTERFACE NILO_DBUS_NAME ".Bus"
#define JOB_INTERFACE NILO_DBUS_NAME ".Job"

typedef struct {
    NiloCtl *ctl;
    const char *path;
    GMainLoop *loop;
    GVariant *state; /* properties of the job, as last seen */
} Job;

static const char *
lookup_text(GVariant *dict, const char *key)
{
    const char *text = "";

    g_variant_lookup(dict, key, "&s", &text);
    return text;
}

static void
refresh(Job *job)
{
    g_autoptr(GVariant) state = nilo_ctl_get_properties(job->ctl, job->path, JOB_INTERFACE, NULL);
    guint done = 0, total = 0;

    if (state == NULL) { /* the daemon has gone, or the job with it */
        g_main_loop_quit(job->loop);
        return;
    }
    g_clear_pointer(&job->state, g_variant_unref);
    job->state = g_steal_pointer(&state);
    g_variant_lookup(job->state, "Done", "u", &done);
    g_variant_lookup(job->state, "Total", "u", &total);
    nilo_ctl_print_progress(done, total, lookup_text(job->state, "Text"));
    if (strcmp(lookup_text(job->state, "State"), "running") != 0)
        g_main_loop_quit(job->loop);
}

static void
changed_cb(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *parameters, gpointer user_data)
{
    refresh(user_data);
}

static gboolean
interrupted_cb(gpointer user_data)
{
    Job *job = user_data;
    g_autoptr(GVariant) reply =
        nilo_ctl_call(job->ctl, job->path, JOB_INTERFACE, "Cancel", NULL, NULL);

    return reply != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* follows the job to its end; an interrupt cancels it and still shows what was found */
static void
follow(Job *job)
{
    const guint subscription =
        g_dbus_connection_signal_subscribe(job->ctl->connection, NILO_DBUS_NAME,
                                           "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                           job->path, NULL, G_DBUS_SIGNAL_FLAGS_NONE, changed_cb,
                                           job, NULL);
    g_autoptr(GSource) interrupt = g_unix_signal_source_new(SIGINT);

    g_source_set_callback(interrupt, interrupted_cb, job, NULL);
    g_source_attach(interrupt, NULL);
    job->loop = g_main_loop_new(NULL, FALSE);
    refresh(job);
    if (job->state != NULL && strcmp(lookup_text(job->state, "State"), "running") == 0)
        g_main_loop_run(job->loop);
    nilo_ctl_end_progress();
    g_source_destroy(interrupt);
    g_dbus_connection_signal_unsubscribe(job->ctl->connection, subscription);
    g_clear_pointer(&job->loop, g_main_loop_unref);
}

void
nilo_ctl_print_found(GVariant *state)
{
    g_autoptr(NiloCtlTable) table =
        nilo_ctl_table_new(_("METER"), _("ADDRESS"), _("DRIVER"), _("SPEED"), _("TROUBLE"), NULL);
    g_autoptr(GVariant) found = g_variant_lookup_value(state, "Found", G_VARIANT_TYPE("aa{sv}"));

    for (gsize i = 0; found != NULL && i < g_variant_n_children(found); i++) {
        g_autoptr(GVariant) meter = g_variant_get_child_value(found, i);
        g_autofree char *speed = NULL;
        guint speed_baud = 0;

        g_variant_lookup(meter, "speed-baud", "u", &speed_baud);
        speed = g_strdup_printf("%u", speed_baud);
        nilo_ctl_table_add(table, lookup_text(meter, "id"), lookup_text(meter, "address"),
                           lookup_text(meter, "driver"), speed, lookup_text(meter, "trouble"),
                           NULL);
    }
    nilo_ctl_table_print(table);
}

static gboolean
build_scan_options(char **words, GVariantDict *options, const char **driver)
{
    g_variant_dict_init(options, NULL);
    *driver = "";
    for (; *words != NULL; words++) {
        if (strcmp(*words, "--restart") == 0)
            g_variant_dict_insert(options, "restart", "b", TRUE);
        else if (strcmp(*words, "--write") == 0)
            g_variant_dict_insert(options, "write", "b", TRUE);
        else if (g_str_has_prefix(*words, "--driver="))
            *driver = *words + strlen("--driver=");
        else if (g_str_has_prefix(*words, "--range="))
            g_variant_dict_insert(options, "range", "s", *words + strlen("--range="));
        else if (g_str_has_prefix(*words, "--mask="))
            g_variant_dict_insert(options, "mask", "s", *words + strlen("--mask="));
        else
            return FALSE;
    }
    return TRUE;
}

GVariant *
nilo_ctl_run_scan(NiloCtl *ctl, const char *bus, const char *driver, GVariant *options,
                  GError **error)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(options);
    g_autoptr(GVariant) reply = NULL;
    g_autofree char *path = nilo_ctl_find_bus(ctl, bus, error);
    Job job = {.ctl = ctl};

    if (path != NULL)
        reply = nilo_ctl_call(ctl, path, BUS_INTERFACE, "Scan",
                              g_variant_new("(s@a{sv})", driver, owned), error);
    if (reply == NULL)
        return NULL;
    g_variant_get(reply, "(&o)", &job.path);
    follow(&job);
    if (job.state == NULL)
        g_set_error_literal(error, NILO_ERROR, NILO_ERROR_FAILED,
                            _("the daemon ended before the scan did"));
    return job.state;
}

NiloCtlExit
nilo_ctl_scan(NiloCtl *ctl, int argc, char **argv)
{
    static const char usage[] =
        "scan BUS [--driver=NAME] [--range=RANGE] [--mask=MASK] [--write] [--restart]";
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) state = NULL;
    GVariantDict options;
    const char *driver;

    if (argc < 2)
        return nilo_ctl_usage(usage);
    if (!build_scan_options(argv + 2, &options, &driver)) {
        g_variant_dict_clear(&options);
        return nilo_ctl_usage(usage);
    }
    state = nilo_ctl_run_scan(ctl, argv[1], driver, g_variant_dict_end(&options), &error);
    if (state == NULL)
        return nilo_ctl_fail(error);
    if (ctl->json)
        nilo_ctl_print_json(state);
    else
        nilo_ctl_print_found(state);
    if (strcmp(lookup_text(state, "State"), "failed") == 0) {
        g_printerr("nilometerctl: %s\n", lookup_text(state, "Text"));
        return NILO_CTL_FAILED;
    }
    return NILO_CTL_OK;
}

NiloCtlExit
nilo_ctl_round(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    g_autofree char *bus = NULL;

    if (argc != 2)
        return nilo_ctl_usage("round BUS");
    bus = nilo_ctl_find_bus(ctl, argv[1], &error);
    if (bus != NULL)
        reply = nilo_ctl_call(ctl, bus, BUS_INTERFACE, "StartRound", NULL, &error);
    return reply != NULL ? NILO_CTL_OK : nilo_ctl_fail(error);
}

static gboolean
print_findings(NiloCtl *ctl, const char *path, guint *n_findings, GError **error)
{
    g_autoptr(GVariant) bus = nilo_ctl_get_properties(ctl, path, BUS_INTERFACE, error);
    g_autoptr(GVariant) reply = NULL, findings = NULL;

    if (bus == NULL)
        return FALSE;
    reply = nilo_ctl_call(ctl, path, BUS_INTERFACE, "Doctor", NULL, error);
    if (reply == NULL)
        return FALSE;
    findings = g_variant_get_child_value(reply, 0);
    for (gsize i = 0; i < g_variant_n_children(findings); i++) {
        g_autoptr(GVariant) finding = g_variant_get_child_value(findings, i);

        (*n_findings)++;
        if (ctl->json)
            nilo_ctl_print_json(finding);
        else
            g_print("%s: [%s] %s\n", lookup_text(bus, "Name"), lookup_text(finding, "severity"),
                    lookup_text(finding, "text"));
    }
    return TRUE;
}

NiloCtlExit
nilo_ctl_doctor(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) paths = NULL;
    guint n_findings = 0;

    if (argc > 2)
        return nilo_ctl_usage("doctor [BUS]");
    if (argc == 2) {
        char *path = nilo_ctl_find_bus(ctl, argv[1], &error);

        if (path == NULL)
            return nilo_ctl_fail(error);
        paths = g_new0(char *, 2);
        paths[0] = path;
    } else {
        paths = nilo_ctl_list_objects(ctl, "bus", &error);
        if (paths == NULL)
            return nilo_ctl_fail(error);
    }
    for (gsize i = 0; paths[i] != NULL; i++) {
        if (!print_findings(ctl, paths[i], &n_findings, &error))
            return nilo_ctl_fail(error);
    }
    if (n_findings == 0 && !ctl->json)
        g_print("%s\n", _("Nothing to complain about."));
    return NILO_CTL_OK;
}

NiloCtlExit
nilo_ctl_reload(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = nilo_ctl_call(ctl, NULL, NULL, "Reload", NULL, &error);

    if (reply != NULL)
        return NILO_CTL_OK;
    nilo_ctl_fail(error);
    return NILO_CTL_BAD_CONFIG;
}

NiloCtlExit
nilo_ctl_release(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;

    if (argc != 2)
        return nilo_ctl_usage("release PLUGIN");
    reply = nilo_ctl_call(ctl, NULL, NULL, "ReleasePlugin", g_variant_new("(s)", argv[1]), &error);
    return reply != NULL ? NILO_CTL_OK : nilo_ctl_fail(error);
}
