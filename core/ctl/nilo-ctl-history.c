/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <string.h>

#include "nilo-ctl-client.h"
#include "nilo-ctl-output.h"
#include "nilo-ctl.h"
#include "nilo-dbus-text.h"
#include "nilo-error.h"

#define HEADEND_PATH      NILO_DBUS_PATH "/headend"
#define HEADEND_INTERFACE "org.nilometer.Headend1"
#define PAGE_SIZE         5000

static const char usage[] =
    "history METER [--register=NAME] [--from=DATE] [--to=DATE] [--daily | --misses]";

typedef struct {
    const char *reg;
    gint64 from_us;
    gint64 to_us;
    char *from_date;
    char *to_date;
    gboolean daily;
    gboolean misses;
} Query;

/* a local date, or a moment in ISO 8601 */
static gboolean
parse_moment(const char *text, gint64 *utc_us)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    g_autofree char *moment =
        strchr(text, 'T') != NULL ? g_strdup(text) : g_strdup_printf("%sT00:00:00", text);
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(moment, zone);

    if (time == NULL)
        return FALSE;
    *utc_us = g_date_time_to_unix(time) * G_USEC_PER_SEC;
    return TRUE;
}

static char *
format_date(gint64 utc_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(utc_us / G_USEC_PER_SEC);

    return g_date_time_format(time, "%Y-%m-%d");
}

static gboolean
parse_query(char **words, Query *query)
{
    query->reg = "volume";
    query->to_us = g_get_real_time();
    query->from_us = query->to_us - 30 * (gint64)G_TIME_SPAN_DAY;
    for (; *words != NULL; words++) {
        if (g_str_has_prefix(*words, "--register="))
            query->reg = *words + strlen("--register=");
        else if (strcmp(*words, "--daily") == 0)
            query->daily = TRUE;
        else if (strcmp(*words, "--misses") == 0)
            query->misses = TRUE;
        else if (!(g_str_has_prefix(*words, "--from=") &&
                   parse_moment(*words + strlen("--from="), &query->from_us)) &&
                 !(g_str_has_prefix(*words, "--to=") &&
                   parse_moment(*words + strlen("--to="), &query->to_us)))
            return FALSE;
    }
    query->from_date = format_date(query->from_us);
    query->to_date = format_date(query->to_us);
    return !(query->daily && query->misses);
}

static GVariant *
call_headend(NiloCtl *ctl, const char *method, GVariant *arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        nilo_ctl_call(ctl, HEADEND_PATH, HEADEND_INTERFACE, method, arguments, &error);

    if (reply != NULL)
        return g_variant_get_child_value(reply, 0);
    if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE))
        g_printerr("nilometerctl: %s\n",
                   _("no history is kept here: add a [service headend] group to the "
                     "configuration (package nilometer-headend)"));
    else
        nilo_ctl_fail(error);
    return NULL;
}

static NiloCtlExit
print_daily(NiloCtl *ctl, const char *meter, const Query *query)
{
    g_autoptr(GVariant) days =
        call_headend(ctl, "GetDaily",
                     g_variant_new("(ssss)", meter, query->reg, query->from_date, query->to_date));
    g_autoptr(NiloCtlTable) table =
        nilo_ctl_table_new(_("DAY"), _("USED"), _("FIRST"), _("LAST"), _("COMPLETE"), NULL);
    GVariantIter iter;
    const char *date;
    gint64 first_ml, last_ml, volume_ml;
    gboolean closed;

    if (days == NULL)
        return NILO_CTL_FAILED;
    if (ctl->json) {
        nilo_ctl_print_json(days);
        return NILO_CTL_OK;
    }
    g_variant_iter_init(&iter, days);
    while (g_variant_iter_loop(&iter, "(&sxxxxxxxb)", &date, NULL, &first_ml, NULL, &last_ml, NULL,
                               NULL, &volume_ml, &closed)) {
        g_autofree char *used = nilo_ctl_format_volume(volume_ml);
        g_autofree char *first = nilo_ctl_format_volume(first_ml);
        g_autofree char *last = nilo_ctl_format_volume(last_ml);

        nilo_ctl_table_add(table, date, used, first, last, closed ? _("yes") : _("so far"), NULL);
    }
    nilo_ctl_table_print(table);
    return NILO_CTL_OK;
}

static NiloCtlExit
print_misses(NiloCtl *ctl, const char *meter, const Query *query)
{
    g_autoptr(GVariant) misses =
        call_headend(ctl, "GetMisses",
                     g_variant_new("(sxxuu)", meter, query->from_us, query->to_us, PAGE_SIZE, 0));
    g_autoptr(NiloCtlTable) table =
        nilo_ctl_table_new(_("WHEN"), _("METER"), _("OUTCOME"), _("ANSWERED INSTEAD"), NULL);
    GVariantIter iter;
    const char *id, *outcome, *found;
    gint64 taken_us;

    if (misses == NULL)
        return NILO_CTL_FAILED;
    if (ctl->json) {
        nilo_ctl_print_json(misses);
        return NILO_CTL_OK;
    }
    g_variant_iter_init(&iter, misses);
    while (g_variant_iter_loop(&iter, "(&sx&su&s)", &id, &taken_us, &outcome, NULL, &found)) {
        g_autofree char *when = nilo_ctl_format_time(taken_us);

        nilo_ctl_table_add(table, when, id, outcome, found, NULL);
    }
    nilo_ctl_table_print(table);
    return NILO_CTL_OK;
}

static void
add_readings(NiloCtlTable *table, GVariant *readings)
{
    GVariantIter iter;
    const char *value, *unit;
    gint64 taken_us;
    guint flags;

    g_variant_iter_init(&iter, readings);
    while (g_variant_iter_loop(&iter, "(x&s&su)", &taken_us, &value, &unit, &flags)) {
        g_autofree char *when = nilo_ctl_format_time(taken_us);

        nilo_ctl_table_add(table, when, (flags & 1) != 0 ? "-" : value, unit,
                           (flags & 2) != 0 ? _("implausible") : "", NULL);
    }
}

static NiloCtlExit
print_readings(NiloCtl *ctl, const char *meter, const Query *query)
{
    g_autoptr(NiloCtlTable) table = nilo_ctl_table_new(_("TAKEN"), _("VALUE"), _("UNIT"), "", NULL);
    guint offset = 0, n_readings;

    do {
        g_autoptr(GVariant) readings =
            call_headend(ctl, "GetHistory",
                         g_variant_new("(ssxxuu)", meter, query->reg, query->from_us, query->to_us,
                                       PAGE_SIZE, offset));

        if (readings == NULL)
            return NILO_CTL_FAILED;
        n_readings = (guint)g_variant_n_children(readings);
        if (ctl->json)
            nilo_ctl_print_json(readings);
        else
            add_readings(table, readings);
        offset += n_readings;
    } while (n_readings == PAGE_SIZE);
    if (!ctl->json)
        nilo_ctl_table_print(table);
    return NILO_CTL_OK;
}

NiloCtlExit
nilo_ctl_history(NiloCtl *ctl, int argc, char **argv)
{
    Query query = {0};
    NiloCtlExit code;

    if (argc < 2 || argv[1][0] == '-')
        return nilo_ctl_usage(usage);
    if (!parse_query(argv + 2, &query))
        code = nilo_ctl_usage(usage);
    else if (query.daily)
        code = print_daily(ctl, argv[1], &query);
    else if (query.misses)
        code = print_misses(ctl, argv[1], &query);
    else
        code = print_readings(ctl, argv[1], &query);
    g_free(query.from_date);
    g_free(query.to_date);
    return code;
}
