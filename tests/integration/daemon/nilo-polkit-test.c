/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who may what. A stub of polkit on the private bus says yes or no and keeps what it was asked;
 * when root, the real polkitd decides there too, between root and a user without rights, for a
 * daemon that is not root either.
 */
#include <glib/gstdio.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nilo-small-building.h"

#define POLKIT_NAME    "org.freedesktop.PolicyKit1"
#define POLKIT_PATH    "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_PROGRAM "/usr/lib/polkit-1/polkitd"
#define POLKIT_ACTIONS "/usr/share/polkit-1/actions"
#define ACTION         "org.nilometer.Nilometer1."
#define EXIT_DENIED    4 /* of nilometerctl */

static const char authority_xml[] =
    "<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
    "<method name='CheckAuthorization'>"
    "<arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{ss}' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='(bba{ss})' direction='out'/></method>"
    "<signal name='Changed'/>"
    "<property name='BackendName' type='s' access='read'/>"
    "<property name='BackendVersion' type='s' access='read'/>"
    "<property name='BackendFeatures' type='u' access='read'/>"
    "</interface></node>";

typedef struct {
    NiloDaemonProcess *process;
    GDBusNodeInfo *node;
    guint object;
    gboolean answer;
    char *asked; /* the last action */
} Fixture;

static void
authority_call_cb(GDBusConnection *connection, const char *sender, const char *path,
                  const char *interface, const char *method, GVariant *parameters,
                  GDBusMethodInvocation *invocation, gpointer user_data)
{
    Fixture *fixture = user_data;

    g_free(fixture->asked);
    g_variant_get_child(parameters, 1, "s", &fixture->asked);
    g_dbus_method_invocation_return_value(invocation, g_variant_new("((bba{ss}))", fixture->answer,
                                                                    FALSE, NULL));
}

static GVariant *
authority_get_cb(GDBusConnection *connection, const char *sender, const char *path,
                 const char *interface, const char *property, GError **error, gpointer user_data)
{
    return g_str_equal(property, "BackendFeatures") ? g_variant_new_uint32(0)
                                                    : g_variant_new_string("stub");
}

static void
start_stub(Fixture *fixture)
{
    static const GDBusInterfaceVTable vtable = {.method_call = authority_call_cb,
                                                .get_property = authority_get_cb};
    GDBusConnection *connection = nilo_daemon_process_get_connection(fixture->process);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;

    fixture->node = g_dbus_node_info_new_for_xml(authority_xml, &error);
    g_assert_no_error(error);
    fixture->object =
        g_dbus_connection_register_object(connection, POLKIT_PATH, fixture->node->interfaces[0],
                                          &vtable, fixture, NULL, &error);
    g_assert_no_error(error);
    reply = g_dbus_connection_call_sync(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                        "org.freedesktop.DBus", "RequestName",
                                        g_variant_new("(su)", POLKIT_NAME, 0), NULL,
                                        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->process = nilo_small_building_new(60, NULL);
    start_stub(fixture);
    nilo_daemon_process_set_authority(fixture->process, "polkit");
    nilo_daemon_process_start(fixture->process);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    GDBusConnection *connection = nilo_daemon_process_get_connection(fixture->process);

    nilo_daemon_process_stop(fixture->process);
    g_dbus_connection_unregister_object(connection, fixture->object);
    g_dbus_node_info_unref(fixture->node);
    nilo_daemon_process_free(fixture->process);
    g_free(fixture->asked);
}

/* what is guarded, and by what */
typedef struct {
    const char *path; /* of the test */
    const char *object;
    const char *interface;
    const char *method;
    const char *parameters; /* as text; NULL for none */
    const char *action;
} Guarded;

static const Guarded guarded[] = {
    {"/polkit/stub/read-meter", "", "", "ReadMeter", "('" LINE_1 "', @a{sv} {})", ACTION "read"},
    {"/polkit/stub/valve-open", "", "", "SetValve", "('" LINE_1 "', true, 'because')",
     ACTION "valve-open"},
    {"/polkit/stub/valve-close", "", "", "SetValve", "('" LINE_1 "', false, 'because')",
     ACTION "valve-close"},
    {"/polkit/stub/set-clock", "", "", "WriteMeter", "('" LINE_1 "', 'set-clock', @a{sv} {})",
     ACTION "meter-write"},
    {"/polkit/stub/set-address", "", "", "WriteMeter",
     "('" RISER_1 "', 'set-address', {'address': <'9'>})", ACTION "meter-write"},
    {"/polkit/stub/purchase", "", "", "WriteMeter",
     "('" LINE_1 "', 'purchase', {'number': <uint32 1>, 'amount': <int64 100>})",
     ACTION "meter-write"},
    {"/polkit/stub/reload", "", "", "Reload", NULL, ACTION "configure"},
    {"/polkit/stub/release-plugin", "", "", "ReleasePlugin", "('driver-mbus',)",
     ACTION "configure"},
    {"/polkit/stub/start-round", "/bus/line", ".Bus", "StartRound", NULL, ACTION "read"},
    {"/polkit/stub/scan", "/bus/line", ".Bus", "Scan",
     "('', {'range': <'33010000000001-33010000000002'>})", ACTION "configure"},
};

static GVariant *
call(Fixture *fixture, const Guarded *method, GError **error)
{
    g_autofree char *object = g_strconcat(NILO_TEST_PATH, method->object, NULL);
    g_autofree char *interface = g_strconcat(NILO_TEST_INTERFACE, method->interface, NULL);
    g_autoptr(GVariant) parameters = NULL;
    g_autoptr(GError) bad_text = NULL;

    if (method->parameters != NULL)
        parameters = g_variant_parse(NULL, method->parameters, NULL, NULL, &bad_text);
    g_assert_no_error(bad_text);
    return nilo_daemon_process_call(fixture->process, object, interface, method->method, parameters,
                                    error);
}

static void
assert_denied(GVariant *reply, const GError *error)
{
    g_autofree char *name = NULL;

    g_assert_null(reply);
    name = g_dbus_error_get_remote_error(error);
    g_assert_cmpstr(name, ==, NILO_TEST_ERROR "Denied");
}

static void
test_refused(Fixture *fixture, gconstpointer data)
{
    const Guarded *method = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = call(fixture, method, &error);

    assert_denied(reply, error);
    g_assert_cmpstr(fixture->asked, ==, method->action);
    /* nothing of it has reached a wire */
    g_assert_cmpint(nilo_daemon_process_lab_number(fixture->process, "stats line", "bytes_in"), ==,
                    0);
    g_assert_cmpint(nilo_daemon_process_lab_number(fixture->process, "stats riser", "bytes_in"), ==,
                    0);
}

static void
test_allowed(Fixture *fixture, gconstpointer data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(guarded); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = NULL;

        fixture->answer = TRUE;
        reply = call(fixture, &guarded[i], &error);
        g_assert_cmpstr(fixture->asked, ==, guarded[i].action);
        if (reply == NULL) { /* a meter may not have what is written; it may be tried */
            g_autofree char *name = g_dbus_error_get_remote_error(error);

            g_assert_cmpstr(name, !=, NILO_TEST_ERROR "Denied");
        }
    }
}

static void
test_cancel(Fixture *fixture, gconstpointer data)
{
    static const Guarded scan = {
        "",  "/bus/line", ".Bus", "Scan", "('', {'range': <'33010000000001-33010000002000'>})",
        NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) started = NULL, reply = NULL, state = NULL;
    const char *job;

    fixture->answer = TRUE;
    started = call(fixture, &scan, &error);
    g_assert_no_error(error);
    g_variant_get(started, "(&o)", &job);
    fixture->answer = FALSE;
    reply = nilo_daemon_process_call(fixture->process, job, NILO_TEST_INTERFACE ".Job", "Cancel",
                                     NULL, &error);
    assert_denied(reply, error);
    g_assert_cmpstr(fixture->asked, ==, ACTION "configure");
    state = nilo_daemon_process_get_property(fixture->process, job, NILO_TEST_INTERFACE ".Job",
                                             "State");
    g_assert_cmpstr(g_variant_get_string(state, NULL), ==, "running");
}

/* looking is free */
static void
test_unguarded(Fixture *fixture, gconstpointer data)
{
    static const Guarded show = {"", "", "", "ShowMeter", "('" LINE_1 "',)", NULL};
    static const Guarded doctor = {"", "/bus/line", ".Bus", "Doctor", NULL, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) shown G_GNUC_UNUSED = call(fixture, &show, &error);
    g_autoptr(GVariant) examined = NULL;

    g_assert_no_error(error);
    examined = call(fixture, &doctor, &error);
    g_assert_no_error(error);
    g_assert_null(fixture->asked);
}

/* no polkit at all: root may, who could do all of it anyway; nobody else is let through */
static void
test_no_authority(void)
{
    NiloDaemonProcess *process = nilo_small_building_new(60, NULL);
    const uid_t other = getpwnam("daemon") != NULL ? getpwnam("daemon")->pw_uid : 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) report = NULL;

    nilo_daemon_process_set_authority(process, "polkit");
    if (geteuid() == 0)
        nilo_daemon_process_set_users(process, 0, other);
    nilo_daemon_process_start(process);
    report = nilo_daemon_process_read(process, LINE_1, &error);
    if (geteuid() == 0)
        g_assert_no_error(error);
    else
        assert_denied(report, error);
    if (geteuid() == 0 && other != 0)
        g_assert_cmpint(nilo_daemon_process_ctl(process, NULL, NULL, NULL, "read", LINE_1, NULL),
                        ==, EXIT_DENIED);
    nilo_daemon_process_free(process);
}

/* ---- the real one ---- */

/* our policy in the place of the computer's, for this child alone */
static void
mount_actions_cb(gpointer user_data)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(user_data, POLKIT_ACTIONS, NULL, MS_BIND, NULL) != 0)
        _exit(125);
}

static void
write_policy(NiloDaemonProcess *process, const char *folder, const char *user)
{
    g_autofree char *built = nilo_daemon_process_find_built("data/org.nilometer.Nilometer1.policy");
    g_autofree char *path = g_build_filename(folder, "org.nilometer.Nilometer1.policy", NULL);
    g_autofree char *owner = g_strdup_printf("unix-user:%s<", user);
    g_autofree char *text = NULL;
    g_autoptr(GString) policy = NULL;

    g_assert_true(g_file_get_contents(built, &text, NULL, NULL));
    policy = g_string_new(text);
    g_string_replace(policy, "unix-user:nilometer<", owner, 0);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, policy->str, -1, NULL));
    g_assert_cmpint(chmod(path, 0644), ==, 0);
}

static void
named_cb(GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
}

static void
ended_cb(GPid pid, int status, gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
}

/* 0 when it cannot be started here */
static GPid
start_polkitd(NiloDaemonProcess *process, char *actions)
{
    static const char *const argv[] = {POLKIT_PROGRAM, "--no-debug", NULL};
    gboolean named = FALSE, ended = FALSE;
    const guint watch =
        g_bus_watch_name_on_connection(nilo_daemon_process_get_connection(process), POLKIT_NAME,
                                       G_BUS_NAME_WATCHER_FLAGS_NONE, named_cb, NULL, &named, NULL);
    const GPid pid = nilo_daemon_process_spawn(process, argv, mount_actions_cb, actions);
    const guint child = g_child_watch_add(pid, ended_cb, &ended);

    while (!named && !ended)
        g_main_context_iteration(NULL, TRUE);
    g_bus_unwatch_name(watch);
    if (ended)
        return 0;
    g_source_remove(child);
    return pid;
}

static int
run_ctl(NiloDaemonProcess *process, const char *command, const char *meter, char **errors)
{
    if (g_str_equal(command, "valve"))
        return nilo_daemon_process_ctl(process, NULL, NULL, errors, "valve", meter, "close",
                                       "--reason", "because", NULL);
    return nilo_daemon_process_ctl(process, NULL, NULL, errors, command, meter, NULL);
}

/* 0 when there is no such user */
static uid_t
find_user(const char *name)
{
    const struct passwd *user = getpwnam(name);

    return user != NULL ? user->pw_uid : 0;
}

static const char *
find_obstacle(void)
{
    if (geteuid() != 0)
        return "needs root to run as several users";
    if (!g_file_test(POLKIT_PROGRAM, G_FILE_TEST_IS_EXECUTABLE))
        return POLKIT_PROGRAM " is not installed";
    if (find_user("nobody") == 0 || find_user("daemon") == 0)
        return "there are no users nobody and daemon to run as";
    return NULL;
}

/* the lines belong to root, and the daemon will not */
static void
open_lines(NiloDaemonProcess *process)
{
    static const char *const buses[] = {"riser", "line"};

    for (gsize i = 0; i < G_N_ELEMENTS(buses); i++) {
        g_autofree char *path =
            nilo_lab_process_get_path(nilo_daemon_process_get_lab(process), buses[i]);

        g_assert_cmpint(chmod(path, 0666), ==, 0);
    }
    g_assert_cmpint(chmod(nilo_lab_process_get_folder(nilo_daemon_process_get_lab(process)), 0755),
                    ==, 0);
}

static void
test_real(void)
{
    static const char *const commands[] = {"read", "valve", "set-clock"};
    const char *obstacle = find_obstacle();
    g_autofree char *actions = NULL;
    NiloDaemonProcess *process;
    uid_t nobody, daemon;
    GPid polkitd;

    if (obstacle != NULL) {
        g_test_skip(obstacle);
        return;
    }
    nobody = find_user("nobody");
    daemon = find_user("daemon");
    process = nilo_small_building_new(60, NULL);
    nilo_daemon_process_set_users(process, nobody, daemon);
    open_lines(process);
    actions = nilo_daemon_process_get_path(process, "actions");
    write_policy(process, actions, "nobody");
    polkitd = start_polkitd(process, actions);
    if (polkitd == 0) {
        g_test_skip("polkitd cannot be started with a policy of its own here");
        nilo_daemon_process_free(process);
        return;
    }
    nilo_daemon_process_set_authority(process, "polkit");
    nilo_daemon_process_start(process);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *errors = NULL;

        if (run_ctl(process, commands[i], LINE_1, &errors) != EXIT_DENIED)
            g_error("%s was not denied: %s", commands[i], errors);
        g_assert_nonnull(
            strstr(errors, "authentication is required")); /* a rule, not an accident */
    }
    g_assert_cmpint(nilo_daemon_process_lab_number(process, "stats line", "bytes_in"), ==, 0);
    nilo_daemon_process_set_users(process, nobody, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *errors = NULL;

        if (run_ctl(process, commands[i], LINE_1, &errors) != 0)
            g_error("%s by root: %s", commands[i], errors);
    }
    nilo_daemon_process_stop(process);
    nilo_daemon_process_end(polkitd);
    nilo_daemon_process_free(process);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(guarded); i++)
        g_test_add(guarded[i].path, Fixture, &guarded[i], set_up, test_refused, tear_down);
    g_test_add("/polkit/stub/cancel", Fixture, NULL, set_up, test_cancel, tear_down);
    g_test_add("/polkit/stub/allowed", Fixture, NULL, set_up, test_allowed, tear_down);
    g_test_add("/polkit/stub/looking-is-free", Fixture, NULL, set_up, test_unguarded, tear_down);
    g_test_add_func("/polkit/absent", test_no_authority);
    g_test_add_func("/polkit/real", test_real);
    return g_test_run();
}
