/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <inttypes.h>

#include "nilo-ctl-client.h"
#include "nilo-ctl-output.h"
#include "nilo-ctl.h"
#include "nilo-dbus-text.h"

#define BUS_INTERFACE     NILO_DBUS_NAME ".Bus"
#define PLUGIN_INTERFACE  NILO_DBUS_NAME ".Plugin"
#define JOURNAL_INTERFACE NILO_DBUS_NAME ".Journal"
#define JOURNAL_PATH      NILO_DBUS_PATH "/journal"
#define PAGE_SIZE         1000

static const char *
lookup_text(GVariant *dict, const char *key)
{
    const char *text = "";

    g_variant_lookup(dict, key, "&s", &text);
    return text;
}

static char *
describe_round(GVariant *round)
{
    gint64 duration_us = 0;
    guint due = 0, ok = 0;

    if (!g_variant_lookup(round, "due", "u", &due))
        return g_strdup("-");
    g_variant_lookup(round, "ok", "u", &ok);
    g_variant_lookup(round, "duration-us", "x", &duration_us);
    return g_strdup_printf(_("%u of %u in %.1f s"), ok, due, (double)duration_us / G_USEC_PER_SEC);
}

static gboolean
add_bus(NiloCtl *ctl, NiloCtlTable *table, const char *path, GError **error)
{
    g_autoptr(GVariant) bus = nilo_ctl_get_properties(ctl, path, BUS_INTERFACE, error);
    g_autoptr(GVariant) round = NULL;
    g_autofree char *meters = NULL, *last = NULL;
    guint n_meters = 0, n_probing = 0;

    if (bus == NULL)
        return FALSE;
    g_variant_lookup(bus, "Meters", "u", &n_meters);
    g_variant_lookup(bus, "Probing", "u", &n_probing);
    round = g_variant_lookup_value(bus, "LastRound", G_VARIANT_TYPE_VARDICT);
    meters = g_strdup_printf("%u", n_meters);
    last = round != NULL ? describe_round(round) : g_strdup("-");
    if (n_probing > 0) {
        g_autofree char *live = g_steal_pointer(&meters);

        meters = g_strdup_printf(_("%s (%u silent)"), live, n_probing);
    }
    nilo_ctl_table_add(table, lookup_text(bus, "Name"), lookup_text(bus, "State"),
                       lookup_text(bus, "Port"), meters, last, lookup_text(bus, "Activity"), NULL);
    return TRUE;
}

static void
print_journal_line(GVariant *journal)
{
    const char *trouble = lookup_text(journal, "Trouble");
    guint64 bytes = 0, dropped = 0;
    gint days_left = -1;

    g_variant_lookup(journal, "Bytes", "t", &bytes);
    g_variant_lookup(journal, "Dropped", "t", &dropped);
    g_variant_lookup(journal, "DaysLeft", "i", &days_left);
    g_print(_("Journal: %.1f MB"), (double)bytes / 1e6);
    if (days_left >= 0)
        g_print(_(", holds %d more days"), days_left);
    if (dropped > 0)
        g_print(_(", %" PRIu64 " reports dropped"), dropped);
    g_print("\n");
    if (trouble[0] != '\0')
        g_print(_("Journal trouble: %s\n"), trouble);
}

/* (element-type GVariant): those refused. A plugin that is not there is a bus that is not there: do
 * not leave people guessing */
static GPtrArray *
list_plugin_trouble(NiloCtl *ctl)
{
    GPtrArray *trouble = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
    g_auto(GStrv) plugins = nilo_ctl_list_objects(ctl, "plugin", NULL);

    for (gsize i = 0; plugins != NULL && plugins[i] != NULL; i++) {
        g_autoptr(GVariant) plugin =
            nilo_ctl_get_properties(ctl, plugins[i], PLUGIN_INTERFACE, NULL);

        if (plugin != NULL && lookup_text(plugin, "Reason")[0] != '\0')
            g_ptr_array_add(trouble, g_steal_pointer(&plugin));
    }
    return trouble;
}

static NiloCtlExit
print_status_json(NiloCtl *ctl, GVariant *daemon, const char *const *buses)
{
    GVariantBuilder list;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) status = NULL;
    g_autoptr(GVariant) journal =
        nilo_ctl_get_properties(ctl, JOURNAL_PATH, JOURNAL_INTERFACE, NULL);
    g_autoptr(GPtrArray) trouble = list_plugin_trouble(ctl);
    GVariantDict dict;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (gsize i = 0; buses[i] != NULL; i++) {
        g_autoptr(GVariant) bus = nilo_ctl_get_properties(ctl, buses[i], BUS_INTERFACE, &error);

        if (bus == NULL) {
            g_variant_builder_clear(&list);
            return nilo_ctl_fail(error);
        }
        g_variant_builder_add_value(&list, bus);
    }
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert_value(&dict, "daemon", daemon);
    g_variant_dict_insert_value(&dict, "buses", g_variant_builder_end(&list));
    if (journal != NULL)
        g_variant_dict_insert_value(&dict, "journal", journal);
    g_variant_dict_insert_value(&dict, "plugins-refused",
                                g_variant_new_array(G_VARIANT_TYPE_VARDICT,
                                                    (GVariant *const *)trouble->pdata,
                                                    trouble->len));
    status = g_variant_ref_sink(g_variant_dict_end(&dict));
    nilo_ctl_print_json(status);
    return NILO_CTL_OK;
}

NiloCtlExit
nilo_ctl_status(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) daemon = nilo_ctl_get_properties(ctl, NULL, NULL, &error);
    g_autoptr(GVariant) journal = NULL;
    g_autoptr(GPtrArray) trouble = NULL;
    g_autoptr(NiloCtlTable) table = NULL;
    g_auto(GStrv) buses = NULL;
    guint n_meters = 0;

    if (daemon == NULL)
        return nilo_ctl_fail(error);
    buses = nilo_ctl_list_objects(ctl, "bus", &error);
    if (buses == NULL)
        return nilo_ctl_fail(error);
    if (ctl->json)
        return print_status_json(ctl, daemon, (const char *const *)buses);

    g_variant_lookup(daemon, "Meters", "u", &n_meters);
    g_print(_("nilometerd %s, %u meters, configuration in %s, clock %s\n"),
            lookup_text(daemon, "Version"), n_meters, lookup_text(daemon, "ConfigDir"),
            lookup_text(daemon, "ClockQuality"));
    journal = nilo_ctl_get_properties(ctl, JOURNAL_PATH, JOURNAL_INTERFACE, NULL);
    if (journal != NULL)
        print_journal_line(journal);
    trouble = list_plugin_trouble(ctl);
    for (guint i = 0; i < trouble->len; i++)
        g_print(_("Plugin trouble: %s\n"), lookup_text(trouble->pdata[i], "Reason"));
    table = nilo_ctl_table_new(_("BUS"), _("STATE"), _("PORT"), _("METERS"), _("LAST ROUND"),
                               _("NOW"), NULL);
    for (gsize i = 0; buses[i] != NULL; i++) {
        if (!add_bus(ctl, table, buses[i], &error))
            return nilo_ctl_fail(error);
    }
    nilo_ctl_table_print(table);
    return NILO_CTL_OK;
}

static void
add_meter(NiloCtlTable *table, GVariant *meter)
{
    g_autofree char *when = NULL, *volume = NULL;
    gint64 ok_us = 0, volume_ml = 0;
    gboolean implausible = FALSE;
    const char *lane = lookup_text(meter, "lane");
    const char *outcome = lookup_text(meter, "outcome");

    g_variant_lookup(meter, "ok-us", "x", &ok_us);
    g_variant_lookup(meter, "implausible", "b", &implausible);
    when = nilo_ctl_format_time(ok_us);
    volume = g_variant_lookup(meter, "volume-ml", "x", &volume_ml)
                 ? nilo_ctl_format_volume(volume_ml)
                 : g_strdup("-");
    if (implausible) {
        g_autofree char *plain = g_steal_pointer(&volume);

        volume = g_strdup_printf("%s ?", plain);
    }
    nilo_ctl_table_add(table, lookup_text(meter, "id"), lookup_text(meter, "bus"),
                       lookup_text(meter, "point"), lookup_text(meter, "place"), lane, outcome,
                       when, volume, NULL);
}

static GVariant *
build_filter(char **argv, GError **error)
{
    GVariantDict filter;

    g_variant_dict_init(&filter, NULL);
    for (; *argv != NULL; argv++) {
        const char *equals = strchr(*argv, '=');
        g_autofree char *key = NULL;

        if (equals == NULL) {
            g_variant_dict_insert(&filter, "text", "s", *argv);
            continue;
        }
        key = g_strndup(*argv, (gsize)(equals - *argv));
        g_variant_dict_insert(&filter, key, "s", equals + 1);
    }
    return g_variant_ref_sink(g_variant_dict_end(&filter));
}

NiloCtlExit
nilo_ctl_list(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) filter = build_filter(argv + 1, &error);
    g_autoptr(NiloCtlTable) table =
        nilo_ctl_table_new(_("METER"), _("BUS"), _("POINT"), _("PLACE"), _("LANE"), _("OUTCOME"),
                           _("LAST READ"), _("VOLUME"), NULL);
    guint total = 0, offset = 0;

    do {
        g_autoptr(GVariant) reply = NULL, meters = NULL;

        reply = nilo_ctl_call(ctl, NULL, NULL, "ListMeters",
                              g_variant_new("(@a{sv}uu)", filter, offset, PAGE_SIZE), &error);
        if (reply == NULL)
            return nilo_ctl_fail(error);
        g_variant_get(reply, "(u@aa{sv})", &total, &meters);
        for (gsize i = 0; i < g_variant_n_children(meters); i++) {
            g_autoptr(GVariant) meter = g_variant_get_child_value(meters, i);

            if (ctl->json)
                nilo_ctl_print_json(meter);
            else
                add_meter(table, meter);
        }
        if (g_variant_n_children(meters) == 0)
            break;
        offset += (guint)g_variant_n_children(meters);
    } while (offset < total);
    if (!ctl->json)
        nilo_ctl_table_print(table);
    return NILO_CTL_OK;
}

NiloCtlExit
nilo_ctl_journal(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) journal = NULL;
    g_autoptr(NiloCtlTable) table = NULL;
    g_autoptr(GVariantIter) cursors = NULL;
    guint64 sequence = 0, acknowledged, backlog;
    gboolean required;
    const char *name;

    journal = nilo_ctl_get_properties(ctl, JOURNAL_PATH, JOURNAL_INTERFACE, &error);
    if (journal == NULL)
        return nilo_ctl_fail(error);
    if (ctl->json) {
        nilo_ctl_print_json(journal);
        return NILO_CTL_OK;
    }
    print_journal_line(journal);
    g_variant_lookup(journal, "Sequence", "t", &sequence);
    g_print(_("Epoch %s, last batch %" PRIu64 "\n"), lookup_text(journal, "Epoch"), sequence);
    table = nilo_ctl_table_new(_("CONSUMER"), _("ACKNOWLEDGED"), _("WAITING"), _("REQUIRED"), NULL);
    if (g_variant_lookup(journal, "Cursors", "a(sttb)", &cursors)) {
        while (g_variant_iter_loop(cursors, "(&sttb)", &name, &acknowledged, &backlog, &required)) {
            g_autofree char *done = g_strdup_printf("%" G_GUINT64_FORMAT, acknowledged);
            g_autofree char *waiting = g_strdup_printf("%" G_GUINT64_FORMAT, backlog);

            nilo_ctl_table_add(table, name, done, waiting, required ? _("yes") : _("no"), NULL);
        }
    }
    nilo_ctl_table_print(table);
    return NILO_CTL_OK;
}
