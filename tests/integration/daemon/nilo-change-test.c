/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What changes under a running daemon: its configuration, the building, the daemon itself. */
#include <signal.h>
#include <string.h>

#include "nilo-small-building.h"

#define N_KILLS 6

static guint
get_count(GVariant *dict, const char *key)
{
    guint n = 0;

    g_variant_lookup(dict, key, "u", &n);
    return n;
}

static void
assert_outcome(Building *building, const char *meter, const char *outcome)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) report = nilo_daemon_process_read(building->process, meter, &error);
    const char *found = "";

    g_assert_no_error(error);
    g_variant_lookup(report, "outcome", "&s", &found);
    g_assert_cmpstr(found, ==, outcome);
}

static void
assert_round(Building *building, const char *bus, guint n_ok)
{
    g_autoptr(GVariant) round = nilo_daemon_process_round(building->process, bus);

    g_assert_cmpuint(get_count(round, "ok"), ==, n_ok);
}

static char *
dup_lane(Building *building, const char *meter)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL, dict = NULL;
    char *lane = NULL;

    reply = nilo_daemon_process_call(building->process, NILO_TEST_PATH, NILO_TEST_INTERFACE,
                                     "ShowMeter", g_variant_new("(s)", meter), &error);
    g_assert_no_error(error);
    dict = g_variant_get_child_value(reply, 0);
    g_variant_lookup(dict, "lane", "s", &lane);
    return lane;
}

static void
assert_lane(Building *building, const char *meter, const char *lane)
{
    g_autofree char *found = dup_lane(building, meter);

    g_assert_cmpstr(found, ==, lane);
}

static guint
get_n_meters(NiloDaemonProcess *process)
{
    g_autoptr(GVariant) n =
        nilo_daemon_process_get_property(process, NILO_TEST_PATH, NILO_TEST_INTERFACE, "Meters");

    return g_variant_get_uint32(n);
}

/* ---- reload ---- */

static gboolean
reload(Building *building, GError **error)
{
    g_autoptr(GVariant) reply =
        nilo_daemon_process_call(building->process, NILO_TEST_PATH, NILO_TEST_INTERFACE, "Reload",
                                 NULL, error);

    return reply != NULL;
}

static void
test_reload_good(Building *building, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_free(nilo_daemon_process_lab(building->process, "revive %s", RISER_7));
    nilo_daemon_process_configure(building->process, "meters.d/building.conf",
                                  "[meter " RISER_7 "]\nbus=riser\naddress=7\n");
    g_assert_true(reload(building, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(get_n_meters(building->process), ==, 1);
    assert_outcome(building, RISER_7, "ok");
}

static void
test_reload_bad(Building *building, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    nilo_daemon_process_configure(building->process, "meters.d/more.conf",
                                  "[meter mbus:20000001.NLB.01.07]\nbus=riser\nadress=1\n"
                                  "[meter cjt188:33019999999999]\nbus=nowhere\n");
    g_assert_false(reload(building, &error));
    g_assert_nonnull(strstr(error->message, "more.conf"));
    g_assert_nonnull(strstr(error->message, "adress"));
    g_assert_nonnull(strstr(error->message, "nowhere"));
    g_assert_cmpuint(get_n_meters(building->process), ==, N_RISER + N_LINE);
    assert_outcome(building, RISER_1, "ok");
}

static gboolean
has_one_meter(NiloDaemonProcess *process, gpointer user_data)
{
    return get_n_meters(process) == 1;
}

static void
test_reload_sighup(Building *building, gconstpointer data)
{
    nilo_daemon_process_configure(building->process, "meters.d/building.conf",
                                  "[meter " LINE_1 "]\nbus=line\n");
    nilo_daemon_process_signal(building->process, SIGHUP);
    nilo_daemon_process_wait(building->process, has_one_meter, NULL);
    assert_outcome(building, LINE_1, "ok");
}

static gboolean
says_adress(NiloDaemonProcess *process, gpointer user_data)
{
    g_autofree char *log = nilo_daemon_process_get_log(process);

    return strstr(log, "adress") != NULL;
}

/* a bad file and a signal: the operator reads of it in the log, the meters are read on */
static void
test_reload_sighup_bad(Building *building, gconstpointer data)
{
    nilo_daemon_process_configure(building->process, "meters.d/more.conf",
                                  "[meter cjt188:33010000000077]\nbus=line\nadress=1\n");
    nilo_daemon_process_signal(building->process, SIGHUP);
    assert_outcome(building, RISER_1, "ok"); /* answered after the signal was handled */
    g_assert_true(says_adress(building->process, NULL));
    g_assert_cmpuint(get_n_meters(building->process), ==, N_RISER + N_LINE);
}

/* ---- the adapter ---- */

static void
test_unplug(Building *building, gconstpointer data)
{
    guint mark = nilo_daemon_process_mark(building->process);
    g_autoptr(GVariant) lost = NULL, back = NULL;
    g_autofree char *unplugged = NULL, *plugged = NULL;

    assert_outcome(building, LINE_1, "ok");
    unplugged = nilo_daemon_process_lab(building->process, "unplug line");
    assert_outcome(building, LINE_1, "line-lost");
    lost = nilo_daemon_process_wait_event(building->process, mark, "bus-lost", NULL);
    assert_outcome(building, RISER_1, "ok"); /* the other one is not touched by it */
    mark = nilo_daemon_process_mark(building->process);
    plugged = nilo_daemon_process_lab(building->process, "plug line");
    back = nilo_daemon_process_wait_event(building->process, mark, "bus-back", NULL);
    assert_outcome(building, LINE_1, "ok");
}

/* ---- lanes ---- */

static void
test_revive(Building *building, gconstpointer data)
{
    g_autofree char *answer = NULL;

    assert_round(building, "riser", N_RISER_LIVE);
    assert_round(building, "riser", N_RISER_LIVE);
    assert_lane(building, RISER_7, "probing");
    answer = nilo_daemon_process_lab(building->process, "revive %s", RISER_7);
    assert_round(building, "riser", N_RISER_LIVE + 1);
    assert_lane(building, RISER_7, "live");
}

static void
test_lanes_over_restart(Building *building, gconstpointer data)
{
    assert_round(building, "riser", N_RISER_LIVE);
    assert_round(building, "riser", N_RISER_LIVE);
    assert_lane(building, RISER_7, "probing");
    nilo_daemon_process_stop(building->process);
    nilo_daemon_process_start(building->process);
    assert_lane(building, RISER_7, "probing");
    assert_lane(building, RISER_1, "live");
}

static void
test_exchanged(Building *building, gconstpointer data)
{
    const guint mark = nilo_daemon_process_mark(building->process);
    g_autofree char *answer = NULL;
    g_autoptr(GVariant) event = NULL;
    const char *text;

    assert_outcome(building, RISER_2, "ok");
    answer = nilo_daemon_process_lab(building->process, "exchange %s 20000002", RISER_2);
    assert_outcome(building, RISER_2, "wrong-meter");
    event = nilo_daemon_process_wait_event(building->process, mark, "meter-exchanged?", RISER_2);
    g_variant_get_child(event, 4, "&s", &text);
    g_assert_nonnull(strstr(text, "20000002"));
}

/* ---- writes ---- */

static GVariant *
set_valve(Building *building, const char *meter, gboolean open, const char *reason, GError **error)
{
    g_autoptr(GVariant) reply =
        nilo_daemon_process_call(building->process, NILO_TEST_PATH, NILO_TEST_INTERFACE, "SetValve",
                                 g_variant_new("(sbs)", meter, open, reason), error);

    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

static char *
get_true_valve(Building *building, const char *meter)
{
    g_autofree char *truth = nilo_daemon_process_lab(building->process, "truth %s", meter);

    return nilo_lab_answer_get_text(truth, "valve");
}

static void
test_valve(Building *building, gconstpointer data)
{
    const guint mark = nilo_daemon_process_mark(building->process);
    g_autofree char *shut = NULL, *open = NULL;
    g_autoptr(GVariant) closed = NULL, opened = NULL, event = NULL;
    g_autoptr(GError) error = NULL;
    const char *valve = "";

    assert_outcome(building, LINE_1, "ok");
    closed = set_valve(building, LINE_1, FALSE, "leak in the kitchen", &error);
    g_assert_no_error(error);
    g_variant_lookup(closed, "valve", "&s", &valve);
    g_assert_cmpstr(valve, ==, "closed");
    shut = get_true_valve(building, LINE_1);
    g_assert_cmpstr(shut, ==, "shut");
    g_assert_cmpuint(nilo_daemon_process_count_log(building->process, "line", "event",
                                                   "valve-close"),
                     ==, 1);
    event = nilo_daemon_process_wait_event(building->process, mark, "valve-closed", LINE_1);

    opened = set_valve(building, LINE_1, TRUE, "leak mended", &error);
    g_assert_no_error(error);
    g_variant_lookup(opened, "valve", "&s", &valve);
    g_assert_cmpstr(valve, ==, "open");
    open = get_true_valve(building, LINE_1);
    g_assert_cmpstr(open, ==, "open");
    g_assert_cmpuint(nilo_daemon_process_count_log(building->process, "line", "event",
                                                   "valve-open"),
                     ==, 1);
}

static void
test_valve_without_reason(Building *building, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) result = set_valve(building, LINE_1, FALSE, "  ", &error);
    g_autofree char *name = NULL;

    g_assert_null(result);
    name = g_dbus_error_get_remote_error(error);
    g_assert_cmpstr(name, ==, NILO_TEST_ERROR "BadValue");
    g_assert_cmpint(nilo_daemon_process_lab_number(building->process, "truth " LINE_1,
                                                   "valve_orders"),
                    ==, 0);
}

/* a valve that does not move is no success, and no second order either */
static void
test_valve_stuck(Building *building, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) result = NULL;
    g_autofree char *answer = NULL, *name = NULL;

    assert_outcome(building, LINE_1, "ok");
    answer = nilo_daemon_process_lab(building->process, "deviate %s valve-stuck", LINE_1);
    result = set_valve(building, LINE_1, FALSE, "leak", &error);
    g_assert_null(result);
    name = g_dbus_error_get_remote_error(error);
    g_assert_cmpstr(name, ==, NILO_TEST_ERROR "NotConfirmed");
    g_assert_cmpint(nilo_daemon_process_lab_number(building->process, "truth " LINE_1,
                                                   "valve_orders"),
                    ==, 1);
}

/* seconds the meter's clock is ahead of the site's */
static gint64
get_clock_error_s(Building *building, const char *meter)
{
    g_autofree char *truth = nilo_daemon_process_lab(building->process, "truth %s", meter);
    g_autofree char *text = nilo_lab_answer_get_text(truth, "clock");
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Asia/Shanghai");
    g_autoptr(GDateTime) clock = g_date_time_new_from_iso8601(text, zone);
    g_autoptr(GDateTime) now = g_date_time_new_now(zone);

    g_assert_nonnull(clock);
    return g_date_time_difference(clock, now) / G_USEC_PER_SEC;
}

static void
assert_clock_set(Building *building, const char *meter, gint64 tolerance_s)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL, result = NULL;
    gint64 drift_s = G_MAXINT64;

    assert_outcome(building, meter, "ok");
    g_assert_cmpint(get_clock_error_s(building, meter), <, -4000);
    reply = nilo_daemon_process_call(building->process, NILO_TEST_PATH, NILO_TEST_INTERFACE,
                                     "WriteMeter",
                                     g_variant_new("(ssa{sv})", meter, "set-clock", NULL), &error);
    g_assert_no_error(error);
    result = g_variant_get_child_value(reply, 0);
    g_assert_true(g_variant_lookup(result, "clock-drift-s", "x", &drift_s));
    g_assert_cmpint(ABS(drift_s), <=, tolerance_s);
    g_assert_cmpint(ABS(get_clock_error_s(building, meter)), <=, tolerance_s);
}

/* in the zone of the site, whatever this computer's is */
static void
test_clock(Building *building, gconstpointer data)
{
    assert_clock_set(building, LINE_2, 3);
    g_assert_cmpuint(nilo_daemon_process_count_log(building->process, "line", "event", "clock-set"),
                     ==, 1);
    assert_clock_set(building, RISER_3, 61); /* type F knows minutes only */
    g_assert_cmpuint(nilo_daemon_process_count_log(building->process, "riser", "event",
                                                   "clock-set"),
                     ==, 1);
}

/* ---- kill -9 ---- */

typedef struct {
    guint position;
    guint n_left;
} Reports;

static gboolean
have_reports(NiloDaemonProcess *process, gpointer user_data)
{
    Reports *reports = user_data;
    const NiloHeard *heard;

    while (reports->n_left > 0 &&
           (heard = nilo_daemon_process_get_heard(process, reports->position)) != NULL) {
        reports->position++;
        reports->n_left -= g_str_equal(heard->name, "Report");
    }
    return reports->n_left == 0;
}

static void
start_round(Building *building, const char *bus)
{
    g_autofree char *path = nilo_daemon_process_get_bus_path(bus);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply G_GNUC_UNUSED =
        nilo_daemon_process_call(building->process, path, NILO_TEST_INTERFACE ".Bus", "StartRound",
                                 NULL, &error);

    g_assert_no_error(error);
}

static guint64
get_journal_sequence(NiloDaemonProcess *process)
{
    g_autoptr(GVariant) sequence =
        nilo_daemon_process_get_property(process, NILO_TEST_PATH "/journal",
                                         NILO_TEST_INTERFACE ".Journal", "Sequence");

    return g_variant_get_uint64(sequence);
}

/* the mirror has caught up with the journal */
static gboolean
is_mirrored(NiloDaemonProcess *process, gpointer user_data)
{
    g_autoptr(GVariant) cursors =
        nilo_daemon_process_get_property(process, NILO_TEST_PATH "/journal",
                                         NILO_TEST_INTERFACE ".Journal", "Cursors");
    guint64 waiting = 0, sum = 0;
    GVariantIter iter;

    g_variant_iter_init(&iter, cursors);
    while (g_variant_iter_next(&iter, "(sttb)", NULL, NULL, &waiting, NULL))
        sum += waiting;
    return sum == 0;
}

/* every batch of one journal from 1 to @last is there, and no row twice */
static void
check_mirror(Building *building, guint64 last)
{
    g_autofree char *folder = nilo_daemon_process_get_path(building->process, "csv");
    g_autoptr(GHashTable) rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) batches = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GArray) sequences = g_array_sized_new(FALSE, FALSE, sizeof(gint64), 100000);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        lines = g_strsplit(text, "\n", -1);
        for (guint i = 1; lines[i] != NULL && lines[i][0] != '\0'; i++) {
            const char *dash = strrchr(lines[i], '-'); /* of "EPOCH-SEQUENCE" */
            gint64 sequence;

            g_assert_nonnull(dash);
            sequence = g_ascii_strtoll(dash + 1, NULL, 10);
            g_assert_cmpuint(sequences->len, <, 100000); /* the table borrows from the array */
            g_array_append_val(sequences, sequence);
            g_hash_table_add(batches, &g_array_index(sequences, gint64, sequences->len - 1));
            if (!g_hash_table_add(rows, g_strdup(lines[i])))
                g_error("twice in the mirror: %s", lines[i]);
        }
    }
    for (gint64 sequence = 1; sequence <= (gint64)last; sequence++) {
        if (!g_hash_table_contains(batches, &sequence))
            g_error("batch %" G_GINT64_FORMAT " of %" G_GUINT64_FORMAT " is not in the mirror",
                    sequence, last);
    }
}

static void
test_kill(Building *building, gconstpointer data)
{
    static const char *const dead[] = {RISER_7, "mbus:10000008.NLB.01.07", LINE_6};
    guint64 acknowledged = 0;

    /* nobody falls silent: a batch of events only has no row in the mirror */
    for (gsize i = 0; i < G_N_ELEMENTS(dead); i++)
        g_free(nilo_daemon_process_lab(building->process, "revive %s", dead[i]));
    for (guint i = 0; i < N_KILLS; i++) {
        Reports reports = {nilo_daemon_process_mark(building->process), 3 + i};
        guint64 now;

        start_round(building, "line");
        start_round(building, "riser");
        nilo_daemon_process_wait(building->process, have_reports, &reports);
        now = get_journal_sequence(building->process);
        g_assert_cmpuint(now, >=, acknowledged);
        acknowledged = now;
        nilo_daemon_process_kill(building->process);
        nilo_daemon_process_start(building->process);
        g_assert_cmpuint(get_journal_sequence(building->process), >=, acknowledged);
    }
    assert_round(building, "line", N_LINE);
    nilo_daemon_process_stop(building->process);
    nilo_daemon_process_start(building->process);
    acknowledged = get_journal_sequence(building->process);
    g_assert_cmpuint(acknowledged, >, 0);
    while (!is_mirrored(building->process, NULL))
        assert_outcome(building, LINE_1, "ok"); /* gives the mirror time, and one batch more */
    check_mirror(building, acknowledged);
}

int
main(int argc, char **argv)
{
    static const char mirror[] = "[storage daily]\ntype=csv\nfolder=@DIR@/csv\n";

    g_test_init(&argc, &argv, NULL);
    nilo_add_building_test("/daemon/reload/good", NULL, test_reload_good);
    nilo_add_building_test("/daemon/reload/bad-keeps-the-old", NULL, test_reload_bad);
    nilo_add_building_test("/daemon/reload/sighup", NULL, test_reload_sighup);
    nilo_add_building_test("/daemon/reload/sighup-bad", NULL, test_reload_sighup_bad);
    nilo_add_building_test("/daemon/adapter/unplug-and-plug", NULL, test_unplug);
    nilo_add_building_test("/daemon/lane/revived-in-the-next-round", NULL, test_revive);
    nilo_add_building_test("/daemon/lane/over-restart", NULL, test_lanes_over_restart);
    nilo_add_building_test("/daemon/meter/exchanged", NULL, test_exchanged);
    nilo_add_building_test("/daemon/write/valve", NULL, test_valve);
    nilo_add_building_test("/daemon/write/valve-without-reason", NULL, test_valve_without_reason);
    nilo_add_building_test("/daemon/write/valve-stuck", NULL, test_valve_stuck);
    nilo_add_building_test("/daemon/write/clock", NULL, test_clock);
    nilo_add_building_test("/daemon/kill/nothing-lost-nothing-twice", mirror, test_kill);
    return g_test_run();
}
