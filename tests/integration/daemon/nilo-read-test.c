/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading through D-Bus: the daemon, its plugins, a private bus and the hub's paced lines. */
#include <string.h>

#include "nilo-small-building.h"

#define BUS_INTERFACE NILO_TEST_INTERFACE ".Bus"
#define JOB_INTERFACE NILO_TEST_INTERFACE ".Job"
#define N_CALLERS     10

static const char *
get_text(GVariant *dict, const char *key)
{
    const char *text = "";

    g_variant_lookup(dict, key, "&s", &text);
    return text;
}

static guint
get_count(GVariant *dict, const char *key)
{
    guint n = 0;

    g_variant_lookup(dict, key, "u", &n);
    return n;
}

static void
assert_read(Building *building, const char *meter)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) report = nilo_daemon_process_read(building->process, meter, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(get_text(report, "meter"), ==, meter);
    g_assert_cmpstr(get_text(report, "outcome"), ==, "ok");
    g_assert_cmpstr(get_text(report, "cause"), ==, "demand");
    nilo_small_building_assert_volume(building->process, meter);
}

static void
test_demand(Building *building, gconstpointer data)
{
    assert_read(building, RISER_1);
    assert_read(building, RISER_3);
    assert_read(building, LINE_1);
    assert_read(building, LINE_2);
}

static void
test_dead(Building *building, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) report = nilo_daemon_process_read(building->process, RISER_7, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(get_text(report, "outcome"), ==, "silent");
    g_assert_cmpuint(get_count(report, "attempts"), >=, 4);
}

static void
test_unknown(Building *building, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) report =
        nilo_daemon_process_read(building->process, "mbus:99999999.NLB.01.07", &error);
    g_autofree char *name = NULL;

    g_assert_null(report);
    name = g_dbus_error_get_remote_error(error);
    g_assert_cmpstr(name, ==, NILO_TEST_ERROR "NotFound");
}

typedef struct {
    guint n_open;
    gint64 taken_us;
} Callers;

static void
caller_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Callers *callers = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    g_autoptr(GVariant) report = NULL;
    gint64 taken_us = 0;

    g_assert_no_error(error);
    report = g_variant_get_child_value(reply, 0);
    g_assert_cmpstr(get_text(report, "outcome"), ==, "ok");
    g_variant_lookup(report, "taken-us", "x", &taken_us);
    g_assert_true(callers->taken_us == 0 || callers->taken_us == taken_us);
    callers->taken_us = taken_us;
    callers->n_open--;
}

static gboolean
all_answered(NiloDaemonProcess *process, gpointer user_data)
{
    return ((Callers *)user_data)->n_open == 0;
}

static void
dead_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);

    g_assert_nonnull(reply);
    *(gboolean *)user_data = TRUE;
}

static gboolean
is_true(NiloDaemonProcess *process, gpointer user_data)
{
    return *(gboolean *)user_data;
}

/* the wire is held by a dead meter meanwhile: on a busy machine the first read would be over before
 * the tenth caller is heard */
static void
test_ten_callers(Building *building, gconstpointer data)
{
    Callers callers = {N_CALLERS, 0};
    gboolean dead_done = FALSE;
    gint64 before;

    assert_read(building, LINE_1); /* from now on its ways are known: one request is one read */
    before = nilo_daemon_process_lab_number(building->process, "stats line", "answered");
    g_dbus_connection_call(nilo_daemon_process_get_connection(building->process), NILO_TEST_NAME,
                           NILO_TEST_PATH, NILO_TEST_INTERFACE, "ReadMeter",
                           g_variant_new("(sa{sv})", LINE_6, NULL), NULL, G_DBUS_CALL_FLAGS_NONE,
                           -1, NULL, dead_cb, &dead_done);
    for (guint i = 0; i < N_CALLERS; i++)
        g_dbus_connection_call(nilo_daemon_process_get_connection(building->process),
                               NILO_TEST_NAME, NILO_TEST_PATH, NILO_TEST_INTERFACE, "ReadMeter",
                               g_variant_new("(sa{sv})", LINE_1, NULL), NULL,
                               G_DBUS_CALL_FLAGS_NONE, -1, NULL, caller_cb, &callers);
    nilo_daemon_process_wait(building->process, all_answered, &callers);
    nilo_daemon_process_wait(building->process, is_true, &dead_done);
    g_assert_cmpint(nilo_daemon_process_lab_number(building->process, "stats line", "answered"), ==,
                    before + 1);
}

static void
test_round(Building *building, gconstpointer data)
{
    g_autofree char *meters = nilo_small_building_list_meters();
    g_autoptr(GVariant) riser = nilo_daemon_process_round(building->process, "riser");
    g_autoptr(GVariant) line = nilo_daemon_process_round(building->process, "line");
    g_auto(GStrv) lines = g_strsplit(meters, "\n", -1);

    g_assert_cmpuint(get_count(riser, "due"), ==, N_RISER);
    g_assert_cmpuint(get_count(riser, "ok"), ==, N_RISER_LIVE);
    g_assert_cmpuint(get_count(riser, "silent"), ==, N_RISER - N_RISER_LIVE);
    g_assert_cmpuint(get_count(line, "due"), ==, N_LINE);
    g_assert_cmpuint(get_count(line, "ok"), ==, N_LINE_LIVE);
    g_assert_cmpuint(get_count(line, "silent"), ==, N_LINE - N_LINE_LIVE);
    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *meter = NULL;

        if (!g_str_has_prefix(lines[i], "[meter "))
            continue;
        meter = g_strndup(lines[i] + strlen("[meter "), strlen(lines[i]) - strlen("[meter ]"));
        if (strstr(meter, "10000007") == NULL && strstr(meter, "10000008") == NULL &&
            !g_str_equal(meter, LINE_6))
            nilo_small_building_assert_volume(building->process, meter);
    }
}

/* ---- the list ---- */

static guint
list_meters(Building *building, const char *key, const char *value, guint offset, guint limit,
            guint *n_listed, char **first)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL, list = NULL;
    GVariantBuilder filter;
    guint total;

    g_variant_builder_init(&filter, G_VARIANT_TYPE_VARDICT);
    if (key != NULL)
        g_variant_builder_add(&filter, "{sv}", key, g_variant_new_string(value));
    reply = nilo_daemon_process_call(building->process, NILO_TEST_PATH, NILO_TEST_INTERFACE,
                                     "ListMeters",
                                     g_variant_new("(a{sv}uu)", &filter, offset, limit), &error);
    g_assert_no_error(error);
    g_variant_get(reply, "(u@aa{sv})", &total, &list);
    *n_listed = (guint)g_variant_n_children(list);
    if (first != NULL && *n_listed > 0) {
        g_autoptr(GVariant) meter = g_variant_get_child_value(list, 0);

        *first = g_strdup(get_text(meter, "id"));
    }
    return total;
}

static void
test_list(Building *building, gconstpointer data)
{
    g_autofree char *first = NULL;
    guint n;

    g_assert_cmpuint(list_meters(building, NULL, NULL, 0, 0, &n, NULL), ==, N_RISER + N_LINE);
    g_assert_cmpuint(n, ==, N_RISER + N_LINE);
    g_assert_cmpuint(list_meters(building, "bus", "line", 1, 2, &n, &first), ==, N_LINE);
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpstr(first, ==, LINE_2);
    g_assert_cmpuint(list_meters(building, "text", "4/1/103", 0, 0, &n, NULL), ==, 1);
    g_assert_cmpuint(list_meters(building, "bus", "line", N_LINE, 5, &n, NULL), ==, N_LINE);
    g_assert_cmpuint(n, ==, 0);
    assert_read(building, LINE_2);
    g_assert_cmpuint(list_meters(building, "outcome", "ok", 0, 0, &n, NULL), ==, 1);
}

static void
test_list_bad_filter(Building *building, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    g_autofree char *name = NULL;
    GVariantBuilder filter;

    g_variant_builder_init(&filter, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&filter, "{sv}", "colour", g_variant_new_string("blue"));
    reply =
        nilo_daemon_process_call(building->process, NILO_TEST_PATH, NILO_TEST_INTERFACE,
                                 "ListMeters", g_variant_new("(a{sv}uu)", &filter, 0, 0), &error);
    g_assert_null(reply);
    name = g_dbus_error_get_remote_error(error);
    g_assert_cmpstr(name, ==, NILO_TEST_ERROR "BadValue");
}

/* ---- the tree ---- */

static gboolean
has_object(Building *building, const char *path, const char *interface)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL, objects = NULL, interfaces = NULL, properties = NULL;

    reply = nilo_daemon_process_call(building->process, NILO_TEST_PATH,
                                     "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                     NULL, &error);
    g_assert_no_error(error);
    objects = g_variant_get_child_value(reply, 0);
    interfaces = g_variant_lookup_value(objects, path, NULL);
    if (interfaces != NULL)
        properties = g_variant_lookup_value(interfaces, interface, NULL);
    return properties != NULL;
}

static gboolean
wait_for_state(NiloDaemonProcess *process, gpointer user_data)
{
    const char *const *path_and_state = user_data;
    g_autoptr(GVariant) state =
        nilo_daemon_process_get_property(process, path_and_state[0], JOB_INTERFACE, "State");

    return g_str_equal(g_variant_get_string(state, NULL), path_and_state[1]);
}

static gboolean
has_progress(NiloDaemonProcess *process, gpointer user_data)
{
    g_autoptr(GVariant) done =
        nilo_daemon_process_get_property(process, user_data, JOB_INTERFACE, "Done");
    g_autoptr(GVariant) total =
        nilo_daemon_process_get_property(process, user_data, JOB_INTERFACE, "Total");

    return g_variant_get_uint32(done) > 0 &&
           g_variant_get_uint32(total) > g_variant_get_uint32(done);
}

static char *
start_scan(Building *building, const char *bus, const char *range)
{
    g_autofree char *path = nilo_daemon_process_get_bus_path(bus);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    GVariantBuilder options;
    char *job = NULL;

    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&options, "{sv}", "range", g_variant_new_string(range));
    reply = nilo_daemon_process_call(building->process, path, BUS_INTERFACE, "Scan",
                                     g_variant_new("(sa{sv})", "", &options), &error);
    g_assert_no_error(error);
    g_variant_get(reply, "(o)", &job);
    return job;
}

static void
test_tree(Building *building, gconstpointer data)
{
    g_autofree char *plugin = g_strdup(NILO_TEST_PATH "/plugin/driver_2dmbus");
    g_autofree char *job = NULL;
    g_autoptr(GVariant) kind = NULL, bus = NULL;

    g_assert_true(has_object(building, NILO_TEST_PATH "/bus/riser", BUS_INTERFACE));
    g_assert_true(has_object(building, NILO_TEST_PATH "/bus/line", BUS_INTERFACE));
    g_assert_true(has_object(building, NILO_TEST_PATH "/journal", NILO_TEST_INTERFACE ".Journal"));
    g_assert_true(has_object(building, plugin, NILO_TEST_INTERFACE ".Plugin"));
    job = start_scan(building, "line", "33010000000001-33010000002000");
    g_assert_true(has_object(building, job, JOB_INTERFACE));
    kind = nilo_daemon_process_get_property(building->process, job, JOB_INTERFACE, "Kind");
    bus = nilo_daemon_process_get_property(building->process, job, JOB_INTERFACE, "Bus");
    g_assert_cmpstr(g_variant_get_string(kind, NULL), ==, "scan");
    g_assert_cmpstr(g_variant_get_string(bus, NULL), ==, "line");
}

static void
test_scan_cancel(Building *building, gconstpointer data)
{
    g_autofree char *job = start_scan(building, "line", "33010000000001-33010000002000");
    const char *path_and_state[] = {job, "cancelled"};
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;

    nilo_daemon_process_wait(building->process, has_progress, job);
    reply = nilo_daemon_process_call(building->process, job, JOB_INTERFACE, "Cancel", NULL, &error);
    g_assert_no_error(error);
    nilo_daemon_process_wait(building->process, wait_for_state, path_and_state);
    assert_read(building, LINE_1); /* the bus is free again */
}

static void
test_scan_finds(Building *building, gconstpointer data)
{
    g_autofree char *job = start_scan(building, "line", "33010000000001-33010000000006");
    const char *path_and_state[] = {job, "done"};
    g_autoptr(GVariant) found = NULL;

    nilo_daemon_process_wait(building->process, wait_for_state, path_and_state);
    found = nilo_daemon_process_get_property(building->process, job, JOB_INTERFACE, "Found");
    g_assert_cmpuint(g_variant_n_children(found), ==, N_LINE_LIVE);
}

/* a read that somebody asks for goes between two steps of a scan */
static void
test_read_during_scan(Building *building, gconstpointer data)
{
    g_autofree char *job = start_scan(building, "line", "33010000000001-33010000002000");

    nilo_daemon_process_wait(building->process, has_progress, job);
    assert_read(building, LINE_1);
}

/* ---- signals ---- */

typedef struct {
    guint position;
    guint n_reports;
    const char *meter;
} Reports;

static gboolean
has_report(NiloDaemonProcess *process, gpointer user_data)
{
    Reports *reports = user_data;
    const NiloHeard *heard;

    while ((heard = nilo_daemon_process_get_heard(process, reports->position)) != NULL) {
        const char *meter;

        reports->position++;
        if (!g_str_equal(heard->name, "Report"))
            continue;
        g_variant_get_child(heard->parameters, 0, "&s", &meter);
        reports->n_reports += g_str_equal(meter, reports->meter);
    }
    return reports->n_reports > 0;
}

static void
test_signals(Building *building, gconstpointer data)
{
    const guint mark = nilo_daemon_process_mark(building->process);
    Reports reports = {mark, 0, LINE_1};
    g_autoptr(GVariant) before = nilo_daemon_process_get_property(building->process, NILO_TEST_PATH,
                                                                  NILO_TEST_INTERFACE, "Sequence");
    g_autoptr(GVariant) after = NULL, event = NULL;

    assert_read(building, LINE_1);
    nilo_daemon_process_wait(building->process, has_report, &reports);
    g_assert_cmpuint(reports.n_reports, ==, 1);
    after = nilo_daemon_process_get_property(building->process, NILO_TEST_PATH, NILO_TEST_INTERFACE,
                                             "Sequence");
    g_assert_cmpuint(g_variant_get_uint64(after), ==, g_variant_get_uint64(before) + 1);
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GVariant) round = nilo_daemon_process_round(building->process, "line");

        g_assert_cmpuint(get_count(round, "ok"), ==, N_LINE_LIVE);
    }
    event = nilo_daemon_process_wait_event(building->process, mark, "meter-silent", LINE_6);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    nilo_add_building_test("/daemon/read/demand", NULL, test_demand);
    nilo_add_building_test("/daemon/read/dead", NULL, test_dead);
    nilo_add_building_test("/daemon/read/unknown-meter", NULL, test_unknown);
    nilo_add_building_test("/daemon/read/ten-callers-one-read", NULL, test_ten_callers);
    nilo_add_building_test("/daemon/read/round", NULL, test_round);
    nilo_add_building_test("/daemon/list/filter-offset-limit", NULL, test_list);
    nilo_add_building_test("/daemon/list/unknown-filter", NULL, test_list_bad_filter);
    nilo_add_building_test("/daemon/tree/objects", NULL, test_tree);
    nilo_add_building_test("/daemon/scan/cancel", NULL, test_scan_cancel);
    nilo_add_building_test("/daemon/scan/finds", NULL, test_scan_finds);
    nilo_add_building_test("/daemon/scan/lets-a-read-through", NULL, test_read_during_scan);
    nilo_add_building_test("/daemon/signals", NULL, test_signals);
    return g_test_run();
}
