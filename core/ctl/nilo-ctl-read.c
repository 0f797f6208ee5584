/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "nilo-ctl-client.h"
#include "nilo-ctl-output.h"
#include "nilo-ctl-report.h"
#include "nilo-ctl.h"
#include "nilo-dbus-text.h"

static void
print_readings(GVariant *report)
{
    g_autoptr(NiloCtlTable) table =
        nilo_ctl_table_new(_("REGISTER"), _("VALUE"), _("UNIT"), _("TAKEN"), _("FLAGS"), NULL);
    g_autoptr(GVariantIter) readings = NULL;
    const char *reg, *value, *unit, *flags;
    gint64 taken_us;

    if (!g_variant_lookup(report, "readings", "a(sxsss)", &readings) ||
        g_variant_iter_n_children(readings) == 0)
        return;
    while (g_variant_iter_loop(readings, "(&sx&s&s&s)", &reg, &taken_us, &value, &unit, &flags)) {
        g_autofree char *taken = nilo_ctl_format_time(taken_us);

        nilo_ctl_table_add(table, reg, value, unit, taken, flags, NULL);
    }
    nilo_ctl_table_print(table);
}

static void
print_facts(GVariant *report)
{
    g_autoptr(GVariantIter) facts = NULL;
    const char *key, *text;

    if (!g_variant_lookup(report, "facts", "a(ss)", &facts))
        return;
    while (g_variant_iter_loop(facts, "(&s&s)", &key, &text))
        g_print("%s: %s\n", key, text);
}

void
nilo_ctl_print_report(GVariant *report)
{
    const char *meter = "", *outcome = "", *found = NULL, *evidence = NULL;
    g_autofree const char **status = NULL;
    g_autofree char *taken = NULL, *states = NULL;
    guint attempts = 0, answer_ms = 0;
    gint64 taken_us = 0, drift_s;

    g_variant_lookup(report, "meter", "&s", &meter);
    g_variant_lookup(report, "outcome", "&s", &outcome);
    g_variant_lookup(report, "taken-us", "x", &taken_us);
    g_variant_lookup(report, "attempts", "u", &attempts);
    g_variant_lookup(report, "answer-ms", "u", &answer_ms);
    taken = nilo_ctl_format_time(taken_us);
    g_print(_("%s: %s at %s, %u requests, answer after %u ms\n"), meter, outcome, taken, attempts,
            answer_ms);
    if (g_variant_lookup(report, "found", "&s", &found))
        g_print(_("answered instead: %s\n"), found);
    if (g_variant_lookup(report, "status", "^a&s", &status) && status[0] != NULL) {
        states = g_strjoinv(", ", (GStrv)status);
        g_print(_("meter says: %s\n"), states);
    }
    if (g_variant_lookup(report, "clock-drift-s", "x", &drift_s))
        g_print(_("meter clock: %+" PRId64 " s\n"), drift_s);
    print_readings(report);
    print_facts(report);
    if (g_variant_lookup(report, "evidence", "&s", &evidence))
        g_print("%s\n", evidence);
}

NiloCtlExit
nilo_ctl_show(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL, meter = NULL, report = NULL;
    GVariantIter entries;
    GVariant *value;
    const char *key;

    if (argc != 2)
        return nilo_ctl_usage("show METER");
    reply = nilo_ctl_call(ctl, NULL, NULL, "ShowMeter", g_variant_new("(s)", argv[1]), &error);
    if (reply == NULL)
        return nilo_ctl_fail(error);
    meter = g_variant_get_child_value(reply, 0);
    if (ctl->json) {
        nilo_ctl_print_json(meter);
        return NILO_CTL_OK;
    }
    g_variant_iter_init(&entries, meter);
    while (g_variant_iter_loop(&entries, "{&sv}", &key, &value)) {
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) &&
            g_variant_get_string(value, NULL)[0] != '\0')
            g_print("%s: %s\n", key, g_variant_get_string(value, NULL));
    }
    report = g_variant_lookup_value(meter, "report", G_VARIANT_TYPE_VARDICT);
    if (report != NULL)
        nilo_ctl_print_report(report);
    return NILO_CTL_OK;
}

static gboolean
build_read_options(char **words, GVariantDict *options)
{
    g_variant_dict_init(options, NULL);
    for (; *words != NULL; words++) {
        if (strcmp(*words, "--history") == 0)
            g_variant_dict_insert(options, "history", "b", TRUE);
        else if (strcmp(*words, "--purchase") == 0)
            g_variant_dict_insert(options, "purchase", "b", TRUE);
        else if (strcmp(*words, "--evidence") == 0)
            g_variant_dict_insert(options, "evidence", "b", TRUE);
        else
            return FALSE;
    }
    return TRUE;
}

NiloCtlExit
nilo_ctl_read(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL, report = NULL;
    GVariantDict options;
    const char *outcome = "";

    if (argc < 2 || argv[1][0] == '-')
        return nilo_ctl_usage("read METER [--history] [--purchase] [--evidence]");
    if (!build_read_options(argv + 2, &options)) {
        g_variant_dict_clear(&options);
        return nilo_ctl_usage("read METER [--history] [--purchase] [--evidence]");
    }
    reply =
        nilo_ctl_call(ctl, NULL, NULL, "ReadMeter",
                      g_variant_new("(s@a{sv})", argv[1], g_variant_dict_end(&options)), &error);
    if (reply == NULL)
        return nilo_ctl_fail(error);
    report = g_variant_get_child_value(reply, 0);
    if (ctl->json)
        nilo_ctl_print_json(report);
    else
        nilo_ctl_print_report(report);
    g_variant_lookup(report, "outcome", "&s", &outcome);
    return strcmp(outcome, "ok") == 0 ? NILO_CTL_OK : NILO_CTL_NO_ANSWER;
}

typedef struct {
    NiloCtl *ctl;
    GMainLoop *loop;
    guint left; /* signals to print before the end, 0 for no end */
} Watch;

static void
print_report_line(GVariant *parameters)
{
    const char *meter, *outcome, *value = "", *unit = "", *reg = "";
    g_autoptr(GVariant) report = NULL;
    g_autoptr(GVariantIter) readings = NULL;
    g_autofree char *taken = NULL;
    gint64 taken_us = 0;

    g_variant_get(parameters, "(&s&s@a{sv})", &meter, &outcome, &report);
    g_variant_lookup(report, "taken-us", "x", &taken_us);
    taken = nilo_ctl_format_time(taken_us);
    if (g_variant_lookup(report, "readings", "a(sxsss)", &readings))
        g_variant_iter_next(readings, "(&sx&s&s&s)", &reg, NULL, &value, &unit, NULL);
    g_print("%s  %-28s  %-12s  %s %s %s\n", taken, meter, outcome, reg, value, unit);
}

static void
watch_cb(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *signal, GVariant *parameters, gpointer user_data)
{
    Watch *watch = user_data;

    if (watch->ctl->json) {
        nilo_ctl_print_json(parameters);
    } else if (strcmp(signal, "Report") == 0) {
        print_report_line(parameters);
    } else if (strcmp(signal, "Event") == 0) {
        const char *kind, *meter, *bus, *text;
        g_autofree char *taken = NULL;
        gint64 taken_us;

        g_variant_get(parameters, "(&s&s&sx&s)", &kind, &meter, &bus, &taken_us, &text);
        taken = nilo_ctl_format_time(taken_us);
        g_print("%s  %-28s  %s  %s\n", taken, meter[0] != '\0' ? meter : bus, kind, text);
    }
    if (watch->left > 0 && --watch->left == 0)
        g_main_loop_quit(watch->loop);
}

static gboolean
quit_cb(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

NiloCtlExit
nilo_ctl_watch(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GVariant) alive = NULL;
    Watch watch = {.ctl = ctl, .loop = loop};

    if (argc > 2)
        return nilo_ctl_usage("watch [COUNT]");
    if (argc == 2)
        watch.left = (guint)g_ascii_strtoull(argv[1], NULL, 10);
    alive = nilo_ctl_get_properties(ctl, NULL, NULL, &error);
    if (alive == NULL)
        return nilo_ctl_fail(error);
    g_dbus_connection_signal_subscribe(ctl->connection, NILO_DBUS_NAME, NILO_DBUS_NAME, NULL,
                                       NILO_DBUS_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, watch_cb,
                                       &watch, NULL);
    g_unix_signal_add(SIGINT, quit_cb, loop);
    g_unix_signal_add(SIGTERM, quit_cb, loop);
    g_main_loop_run(loop);
    return NILO_CTL_OK;
}
