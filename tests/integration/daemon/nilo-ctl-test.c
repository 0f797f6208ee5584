/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* nilometerctl as people and scripts use it: the real program, its output and its exit codes. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "nilo-small-building.h"

/* documented in nilometerctl(1) */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NO_DAEMON = 3,
    EXIT_DENIED = 4,
    EXIT_NOT_FOUND = 5,
    EXIT_NO_ANSWER = 6,
    EXIT_BAD_CONFIG = 7,
};

/* runs the command; @exit is what it must end with */
#define RUN(building, exit, out, ...)                                                              \
    G_STMT_START                                                                                   \
    {                                                                                              \
        g_autofree char *errors_ = NULL;                                                           \
        const int code_ =                                                                          \
            nilo_daemon_process_ctl((building)->process, NULL, out, &errors_, __VA_ARGS__, NULL);  \
                                                                                                   \
        if (code_ != (exit))                                                                       \
            g_error("exit code %d, expected %d: %s", code_, exit, errors_);                        \
    }                                                                                              \
    G_STMT_END

static void
assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        g_error("\"%s\" is not in:\n%s", part, text);
}

/* one JSON value per line */
static guint
assert_json(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint n = 0;

    for (guint i = 0; lines[i] != NULL; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) node = NULL;

        if (lines[i][0] == '\0')
            continue;
        node = json_from_string(lines[i], &error);
        g_assert_no_error(error);
        g_assert_nonnull(node);
        n++;
    }
    return n;
}

static void
test_status(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL, *json = NULL;

    RUN(building, EXIT_OK, &out, "status");
    assert_has(out, "riser");
    assert_has(out, "line");
    assert_has(out, "14 meters");
    RUN(building, EXIT_OK, &json, "--json", "status");
    g_assert_cmpuint(assert_json(json), ==, 1);
    assert_has(json, "\"buses\"");
}

static void
test_list(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL, *json = NULL, *some = NULL;

    RUN(building, EXIT_OK, &out, "list");
    assert_has(out, RISER_1);
    assert_has(out, LINE_6);
    RUN(building, EXIT_OK, &some, "list", "bus=line");
    assert_has(some, LINE_1);
    g_assert_null(strstr(some, RISER_1));
    RUN(building, EXIT_OK, &json, "list", "--json");
    g_assert_cmpuint(assert_json(json), >=, 1);
}

static void
test_read(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL, *json = NULL, *silent = NULL, *shown = NULL, *none = NULL;

    RUN(building, EXIT_OK, &out, "read", LINE_1);
    assert_has(out, "volume");
    assert_has(out, "m3");
    RUN(building, EXIT_OK, &json, "--json", "read", RISER_1, "--evidence");
    g_assert_cmpuint(assert_json(json), ==, 1);
    assert_has(json, "\"evidence\"");
    RUN(building, EXIT_NO_ANSWER, &silent, "read", LINE_6);
    RUN(building, EXIT_OK, &shown, "show", LINE_1);
    assert_has(shown, "place: 4/1/101");
    assert_has(shown, "volume");
    RUN(building, EXIT_NOT_FOUND, &none, "show", "cjt188:99999999999999");
}

static void
watched_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
}

/* a second thread would be needed to see when it listens: so there are reports until it has enough
 */
static void
test_watch(Building *building, gconstpointer data)
{
    g_autofree char *program = nilo_daemon_process_find_built("core/ctl/nilometerctl");
    g_autofree char *address =
        g_strdup_printf("--address=%s", nilo_daemon_process_get_address(building->process));
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) watcher =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, address, "--json",
                         "watch", "3", NULL);
    g_autoptr(GBytes) out = NULL;
    g_autofree char *text = NULL;
    gboolean ended = FALSE;

    g_assert_no_error(error);
    g_subprocess_wait_async(watcher, NULL, watched_cb, &ended);
    while (!ended) {
        g_autoptr(GVariant) report G_GNUC_UNUSED =
            nilo_daemon_process_read(building->process, LINE_1, &error);

        g_assert_no_error(error);
    }
    g_assert_true(g_subprocess_get_successful(watcher));
    g_assert_true(g_subprocess_communicate(watcher, NULL, NULL, &out, NULL, NULL));
    text = g_strndup(g_bytes_get_data(out, NULL), g_bytes_get_size(out));
    g_assert_cmpuint(assert_json(text), ==, 3);
    assert_has(text, LINE_1);
}

static void
test_scan(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL, *json = NULL;

    RUN(building, EXIT_OK, &out, "scan", "line", "--range=33010000000001-33010000000003");
    assert_has(out, LINE_1);
    assert_has(out, LINE_2);
    RUN(building, EXIT_OK, &json, "--json", "scan", "line",
        "--range=33010000000001-33010000000002");
    g_assert_cmpuint(assert_json(json), ==, 1);
    RUN(building, EXIT_NOT_FOUND, NULL, "scan", "nowhere");
}

/* the service opens its database while the daemon is already found */
static gboolean
has_headend(NiloDaemonProcess *process, gpointer user_data)
{
    g_autoptr(GVariant) reply =
        nilo_daemon_process_call(process, NILO_TEST_PATH "/headend",
                                 "org.freedesktop.DBus.Introspectable", "Introspect", NULL, NULL);
    const char *xml = "";

    if (reply != NULL)
        g_variant_get(reply, "(&s)", &xml);
    return strstr(xml, "org.nilometer.Headend1") != NULL;
}

static void
test_history(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL;

    nilo_daemon_process_wait(building->process, has_headend, NULL);
    RUN(building, EXIT_OK, NULL, "read", LINE_1);
    RUN(building, EXIT_OK, &out, "--json", "history", LINE_1);
    assert_json(out);
}

/* without the service: said so, not an empty list */
static void
test_history_without_headend(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL, *errors = NULL;

    g_assert_cmpint(nilo_daemon_process_ctl(building->process, NULL, &out, &errors, "history",
                                            LINE_1, NULL),
                    !=, EXIT_OK);
    assert_has(errors, "headend");
}

static void
test_journal(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL, *json = NULL;

    RUN(building, EXIT_OK, &out, "journal");
    RUN(building, EXIT_OK, &json, "journal", "--json");
    g_assert_cmpuint(assert_json(json), ==, 1);
    assert_has(json, "\"Epoch\"");
}

/* ---- doctor ---- */

static void
read_rounds(Building *building, const char *bus, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autoptr(GVariant) round = nilo_daemon_process_round(building->process, bus);

        g_assert_nonnull(round);
    }
}

static void
test_doctor_healthy(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL;

    for (guint i = 7; i <= 8; i++)
        g_free(nilo_daemon_process_lab(building->process, "revive mbus:1000000%u.NLB.01.07", i));
    RUN(building, EXIT_OK, NULL, "set-clock", RISER_3);
    read_rounds(building, "riser", 2);
    RUN(building, EXIT_OK, &out, "doctor", "riser");
    assert_has(out, "Nothing to complain about.");
}

static void
test_doctor_cable(Building *building, gconstpointer data)
{
    g_autofree char *json = NULL;

    for (guint i = 7; i <= 8; i++)
        g_free(nilo_daemon_process_lab(building->process, "revive mbus:1000000%u.NLB.01.07", i));
    read_rounds(building, "riser", 1); /* they all were heard, and fall silent together */
    g_free(nilo_daemon_process_lab(building->process, "cut riser after 3"));
    read_rounds(building, "riser", 3);
    RUN(building, EXIT_OK, &json, "--json", "doctor", "riser");
    assert_json(json);
    assert_has(json, "cable-cut");
}

static void
test_doctor_echo(Building *building, gconstpointer data)
{
    g_autofree char *json = NULL;

    g_free(nilo_daemon_process_lab(building->process, "echo riser on"));
    read_rounds(building, "riser", 2);
    RUN(building, EXIT_OK, &json, "--json", "doctor", "riser");
    assert_has(json, "\"echo\"");
}

/* ---- writes ---- */

static void
test_valve(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL, *truth = NULL;

    RUN(building, EXIT_OK, NULL, "read", LINE_1);
    RUN(building, EXIT_OK, &out, "valve", LINE_1, "close", "--reason", "leak");
    assert_has(out, "valve: closed");
    truth = nilo_daemon_process_lab(building->process, "truth %s", LINE_1);
    assert_has(truth, "valve=shut");
    RUN(building, EXIT_USAGE, NULL, "valve", LINE_1, "close");
    RUN(building, EXIT_OK, NULL, "set-clock", LINE_1);
}

/* ---- without the daemon ---- */

static void
test_decode(Building *building, gconstpointer data)
{
    /* the read-out of a water meter, written down by hand after EN 13757-3, 6.3 */
    static const char frame[] = "680f0f680801727856341224400107550000000313153100da16\n";
    g_autofree char *out = NULL, *errors = NULL;

    nilo_daemon_process_ctl(building->process, frame, &out, &errors, "decode", "mbus", "--json",
                            NULL);
    g_assert_cmpuint(assert_json(out), ==, 1);
    RUN(building, EXIT_USAGE, NULL, "decode", "telepathy");
}

static void
test_describe(Building *building, gconstpointer data)
{
    g_autofree char *out = NULL;

    RUN(building, EXIT_OK, &out, "describe", "transport-mbus");
    assert_has(out, "speed-baud");
}

static void
test_check_config(Building *building, gconstpointer data)
{
    g_autofree char *errors = NULL;

    RUN(building, EXIT_OK, NULL, "check-config");
    nilo_daemon_process_configure(building->process, "nilometer.conf.d/wrong.conf",
                                  "[bus riser2]\ntransport=mbuss\n");
    g_assert_cmpint(nilo_daemon_process_ctl(building->process, NULL, NULL, &errors, "check-config",
                                            NULL),
                    ==, EXIT_BAD_CONFIG);
    assert_has(errors, "wrong.conf");
    RUN(building, EXIT_BAD_CONFIG, NULL, "reload");
}

/* a driver that crashes takes its own bus out of the building, and no other */
static void
test_release(Building *building, gconstpointer data)
{
    g_autofree char *counts =
        nilo_daemon_process_get_path(building->process, "state/plugin-crashes.conf");
    g_autofree char *out = NULL, *json = NULL;

    nilo_daemon_process_stop(building->process);
    g_assert_true(g_file_set_contents(counts, "[crashes in a row]\ndriver-cjt188=3\n", -1, NULL));
    nilo_daemon_process_start(building->process);
    RUN(building, EXIT_OK, &out, "status");
    assert_has(out, "nilometerctl release driver-cjt188");
    RUN(building, EXIT_OK, &json, "status", "--json");
    g_assert_cmpuint(assert_json(json), ==, 1);
    assert_has(json, "\"quarantined\"");
    RUN(building, EXIT_OK, NULL, "read", RISER_1);
    RUN(building, EXIT_NOT_FOUND, NULL, "read", LINE_1);
    RUN(building, EXIT_NOT_FOUND, NULL, "release", "transport-rs485");
    RUN(building, EXIT_OK, NULL, "release", "driver-cjt188");
    RUN(building, EXIT_OK, NULL, "read", LINE_1);
    RUN(building, EXIT_NOT_FOUND, NULL, "release", "driver-cjt188");
}

static void
test_exit_codes(Building *building, gconstpointer data)
{
    g_autofree char *errors = NULL;

    RUN(building, EXIT_USAGE, NULL, "fetch");
    RUN(building, EXIT_USAGE, NULL, "read");
    RUN(building, EXIT_NOT_FOUND, NULL, "read", "mbus:99999999.NLB.01.07");
    RUN(building, EXIT_NOT_FOUND, NULL, "round", "nowhere");
    RUN(building, EXIT_OK, NULL, "--version");
    nilo_daemon_process_stop(building->process);
    g_assert_cmpint(nilo_daemon_process_ctl(building->process, NULL, NULL, &errors, "status", NULL),
                    ==, EXIT_NO_DAEMON);
}

int
main(int argc, char **argv)
{
    static const char headend[] = "[service headend]\ntype=headend\n";

    g_test_init(&argc, &argv, NULL);
    nilo_add_building_test("/ctl/status", NULL, test_status);
    nilo_add_building_test("/ctl/list", NULL, test_list);
    nilo_add_building_test("/ctl/read-show", NULL, test_read);
    nilo_add_building_test("/ctl/watch", NULL, test_watch);
    nilo_add_building_test("/ctl/scan", NULL, test_scan);
    if (g_getenv("NILO_TEST_HEADEND") != NULL)
        nilo_add_building_test("/ctl/history", headend, test_history);
    nilo_add_building_test("/ctl/history-without-headend", NULL, test_history_without_headend);
    nilo_add_building_test("/ctl/journal", NULL, test_journal);
    nilo_add_building_test("/ctl/doctor/healthy", NULL, test_doctor_healthy);
    nilo_add_building_test("/ctl/doctor/cable-cut", NULL, test_doctor_cable);
    nilo_add_building_test("/ctl/doctor/echo", NULL, test_doctor_echo);
    nilo_add_building_test("/ctl/valve", NULL, test_valve);
    nilo_add_building_test("/ctl/decode", NULL, test_decode);
    nilo_add_building_test("/ctl/describe", NULL, test_describe);
    nilo_add_building_test("/ctl/check-config", NULL, test_check_config);
    nilo_add_building_test("/ctl/release", NULL, test_release);
    nilo_add_building_test("/ctl/exit-codes", NULL, test_exit_codes);
    return g_test_run();
}
