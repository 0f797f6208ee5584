/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-daemon-process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL_TIMEOUT_MS 120000

#define BUS_CONFIG                                                                                 \
    "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"         \
    " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"                          \
    "<busconfig><type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>\n"      \
    "<policy context=\"default\"><allow user=\"*\"/><allow send_destination=\"*\"/>\n"             \
    "<allow eavesdrop=\"false\"/><allow own=\"*\"/></policy>\n"                                    \
    "<limit name=\"max_replies_per_connection\">50000</limit></busconfig>\n"

struct _NiloDaemonProcess {
    char *folder;
    char *log_path;
    char *authority;
    char *address;
    GPid bus;    /* 0: not running */
    GPid daemon; /* the same */
    NiloLabProcess *lab;
    GDBusConnection *connection;
    GPtrArray *heard; /* element-type NiloHeard */
    guint subscription;
    uid_t daemon_uid; /* 0: ours */
    uid_t caller_uid; /* of nilometerctl; 0: ours */
    gint64 ready_us;  /* from the start to READY=1 and the name on the bus */
};

/* ---- an end with the daemon's own words ---- */

static char last_log[256]; /* for a signal handler, which may not ask anybody */

static void
print_log(void)
{
    char bytes[4096];
    ssize_t size;
    const int fd = open(last_log, O_RDONLY | O_CLOEXEC);

    while (fd >= 0 && (size = read(fd, bytes, sizeof bytes)) > 0) {
        if (write(STDERR_FILENO, bytes, (size_t)size) < 0)
            break;
    }
}

static void
end_cb(int number)
{
    static const char late[] = "the test has not ended in its time; the daemon said:\n";
    static const char failed[] = "the test failed; the daemon said:\n";
    const char *text = number == SIGALRM ? late : failed;

    signal(SIGABRT, SIG_DFL);
    signal(SIGTRAP, SIG_DFL);
    if (write(STDERR_FILENO, text, strlen(text)) > 0)
        print_log();
    abort();
}

static void
watch_over(NiloDaemonProcess *self, guint deadline_s)
{
    g_strlcpy(last_log, self->log_path, sizeof last_log);
    signal(SIGABRT, end_cb);
    signal(SIGTRAP, end_cb); /* g_error() */
    signal(SIGALRM, end_cb);
    alarm(deadline_s);
}

/* ---- processes ---- */

char *
nilo_daemon_process_find_built(const char *name)
{
    const char *root = g_getenv("NILO_TEST_BUILD_DIR");

    return g_build_filename(root != NULL ? root : NILO_TEST_BUILD_DIR, name, NULL);
}

static char *
list_plugin_folders(void)
{
    g_autofree char *plugins = nilo_daemon_process_find_built("plugins");
    g_autoptr(GString) list = g_string_new(NULL);
    g_autoptr(GDir) dir = g_dir_open(plugins, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *description = g_strdup_printf("%s/%s/%s.plugin", plugins, name, name);

        if (g_file_test(description, G_FILE_TEST_EXISTS))
            g_string_append_printf(list, "%s%s/%s", list->len > 0 ? ":" : "", plugins, name);
    }
    return g_string_free(g_steal_pointer(&list), FALSE);
}

typedef struct {
    pid_t parent;
    GSpawnChildSetupFunc also;
    gpointer user_data;
} ChildSetup;

/* between fork and exec: dies with the test, whatever happens to that */
static void
child_setup_cb(gpointer user_data)
{
    const ChildSetup *setup = user_data;

    if (setup->also != NULL)
        setup->also(setup->user_data);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* behind a change of the user, which clears it */
    if (getppid() != setup->parent)
        _exit(127);
}

/* root becomes somebody else for a child */
static void
become_cb(gpointer user_data)
{
    const uid_t uid = *(const uid_t *)user_data;

    if (uid != 0 && (setgroups(0, NULL) != 0 || setgid(uid) != 0 || setuid(uid) != 0))
        _exit(126);
}

static GStrv
build_environment(NiloDaemonProcess *self)
{
    g_autofree char *plugins = list_plugin_folders();
    g_autofree char *notify = nilo_daemon_process_get_path(self, "notify");
    GStrv list = g_get_environ();

    list = g_environ_setenv(list, "NILOMETER_PLUGIN_PATH", plugins, TRUE);
    list = g_environ_setenv(list, "NOTIFY_SOCKET", notify, TRUE);
    list = g_environ_setenv(list, "LC_ALL", "C.UTF-8", TRUE);
    list = g_environ_setenv(list, "TZ", "UTC", TRUE); /* not the site's: a mixture is seen */
    list = g_environ_unsetenv(list, "LANGUAGE");
    if (self->address != NULL) {
        list = g_environ_setenv(list, "DBUS_SYSTEM_BUS_ADDRESS", self->address, TRUE);
        list = g_environ_setenv(list, "NILOMETER_DBUS_ADDRESS", self->address, TRUE);
    }
    return list;
}

static int
open_log(NiloDaemonProcess *self)
{
    const int log =
        open(self->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);

    g_assert_cmpint(log, >=, 0);
    return log;
}

GPid
nilo_daemon_process_spawn(NiloDaemonProcess *self, const char *const *argv,
                          GSpawnChildSetupFunc also, gpointer user_data)
{
    g_auto(GStrv) environment = build_environment(self);
    ChildSetup setup = {getpid(), also, user_data};
    const int log = open_log(self);
    g_autoptr(GError) error = NULL;
    GPid pid = 0;

    g_spawn_async_with_fds(NULL, (char **)argv, environment, G_SPAWN_DO_NOT_REAP_CHILD,
                           child_setup_cb, &setup, &pid, -1, log, log, &error);
    g_assert_no_error(error);
    close(log);
    return pid;
}

static int
wait_for_end(GPid pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    g_spawn_close_pid(pid);
    return status;
}

void
nilo_daemon_process_end(GPid pid)
{
    kill(pid, SIGTERM);
    wait_for_end(pid);
}

/* ---- the private bus ---- */

static void
connect_to_bus(NiloDaemonProcess *self)
{
    g_autoptr(GError) error = NULL;

    self->connection =
        g_dbus_connection_new_for_address_sync(self->address,
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_assert_no_error(error);
    g_dbus_connection_set_exit_on_close(self->connection, FALSE);
}

/* dbus-daemon tells its address when it listens: the pipe is what to wait for */
static void
start_bus(NiloDaemonProcess *self)
{
    g_autofree char *config = nilo_daemon_process_get_path(self, "bus.conf");
    g_autofree char *text = g_strdup_printf(BUS_CONFIG, self->folder);
    g_autofree char *option = g_strdup_printf("--config-file=%s", config);
    const char *const argv[] = {"dbus-daemon", option, "--nofork", "--print-address=3", NULL};
    ChildSetup setup = {getpid(), NULL, NULL};
    const int log = open_log(self);
    g_autoptr(GError) error = NULL;
    char line[512] = "";
    const int target = 3;
    int ends[2];
    FILE *file;

    g_assert_true(g_file_set_contents(config, text, -1, NULL));
    g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
    g_spawn_async_with_pipes_and_fds(NULL, argv, NULL,
                                     G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                     child_setup_cb, &setup, -1, -1, log, &ends[1], &target, 1,
                                     &self->bus, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    close(log);
    close(ends[1]);
    file = fdopen(ends[0], "r");
    g_assert_nonnull(fgets(line, sizeof line, file));
    fclose(file);
    self->address = g_strdup(g_strchomp(line));
    connect_to_bus(self);
}

static void
heard_free(gpointer data)
{
    NiloHeard *heard = data;

    g_free(heard->path);
    g_free(heard->name);
    g_variant_unref(heard->parameters);
    g_free(heard);
}

static void
heard_cb(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *name, GVariant *parameters, gpointer user_data)
{
    NiloDaemonProcess *self = user_data;
    NiloHeard heard = {g_strdup(path), g_strdup(name), g_variant_ref(parameters)};

    if (g_str_has_prefix(path, NILO_TEST_PATH))
        g_ptr_array_add(self->heard, g_memdup2(&heard, sizeof heard));
    else
        heard_free(g_memdup2(&heard, sizeof heard));
}

/* ---- the fixture ---- */

static void
start_lab(NiloDaemonProcess *self, const char *estate)
{
    g_autofree char *file = nilo_daemon_process_get_path(self, "building.estate");
    g_autofree char *hub = nilo_daemon_process_find_built("tests/lab/nilo-lab-hub");
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(file, estate, -1, NULL));
    self->lab = nilo_lab_process_new(hub, file, NULL, &error);
    g_assert_no_error(error);
}

NiloDaemonProcess *
nilo_daemon_process_new(const char *estate, guint deadline_s)
{
    NiloDaemonProcess *self = g_new0(NiloDaemonProcess, 1);
    g_autofree char *config = NULL;
    g_autoptr(GError) error = NULL;

    self->folder = g_dir_make_tmp("nilo-test-XXXXXX", &error);
    g_assert_no_error(error);
    self->log_path = nilo_daemon_process_get_path(self, "log");
    self->authority = g_strdup("same-user");
    self->heard = g_ptr_array_new_with_free_func(heard_free);
    watch_over(self, deadline_s);
    config = nilo_daemon_process_get_path(self, "etc/meters.d");
    g_assert_cmpint(g_mkdir_with_parents(config, 0755), ==, 0);
    if (estate != NULL)
        start_lab(self, estate);
    start_bus(self);
    self->subscription =
        g_dbus_connection_signal_subscribe(self->connection, NILO_TEST_NAME, NULL, NULL, NULL, NULL,
                                           G_DBUS_SIGNAL_FLAGS_NONE, heard_cb, self, NULL);
    return self;
}

static void
remove_tree(const char *path)
{
    g_autoptr(GDir) dir =
        g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        remove_tree(child);
    }
    g_remove(path);
}

void
nilo_daemon_process_free(NiloDaemonProcess *self)
{
    if (self->daemon > 0)
        nilo_daemon_process_stop(self);
    g_dbus_connection_signal_unsubscribe(self->connection, self->subscription);
    g_dbus_connection_close_sync(self->connection, NULL, NULL);
    g_clear_object(&self->connection);
    nilo_daemon_process_end(self->bus);
    g_clear_pointer(&self->lab, nilo_lab_process_free);
    alarm(0);
    signal(SIGABRT, SIG_DFL);
    signal(SIGTRAP, SIG_DFL);
    remove_tree(self->folder);
    g_ptr_array_unref(self->heard);
    g_free(self->address);
    g_free(self->authority);
    g_free(self->log_path);
    g_free(self->folder);
    g_free(self);
}

/* "@LAB@" and "@DIR@" in @text stand for the folders of the hub and of the test */
void
nilo_daemon_process_configure(NiloDaemonProcess *self, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(self->folder, "etc", name, NULL);
    g_autoptr(GString) whole = g_string_new(text);
    g_autofree char *folder = NULL;

    folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    if (self->lab != NULL)
        g_string_replace(whole, "@LAB@", nilo_lab_process_get_folder(self->lab), 0);
    g_string_replace(whole, "@DIR@", self->folder, 0);
    g_assert_true(g_file_set_contents(path, whole->str, -1, NULL));
}

void
nilo_daemon_process_set_authority(NiloDaemonProcess *self, const char *authority)
{
    g_free(self->authority);
    self->authority = g_strdup(authority);
}

/* only root can: runs the daemon and nilometerctl as others */
void
nilo_daemon_process_set_users(NiloDaemonProcess *self, uid_t daemon, uid_t caller)
{
    g_autofree char *state = nilo_daemon_process_get_path(self, "state");

    self->daemon_uid = daemon;
    self->caller_uid = caller;
    g_assert_cmpint(g_mkdir_with_parents(state, 0755), ==, 0);
    g_assert_cmpint(chown(state, daemon, daemon), ==, 0);
    g_assert_cmpint(chmod(self->folder, 0755), ==, 0);
}

/* ---- the daemon ---- */

static int
open_notify_socket(NiloDaemonProcess *self)
{
    g_autofree char *path = nilo_daemon_process_get_path(self, "notify");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_unlink(path);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpuint(strlen(path), <, sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(chmod(path, 0666), ==, 0);
    return fd;
}

/* until it says READY=1 or ends */
static gboolean
wait_ready(NiloDaemonProcess *self, int notify)
{
    const int end = pidfd_open(self->daemon, 0);
    struct pollfd polled[] = {{notify, POLLIN, 0}, {end, POLLIN, 0}};
    gboolean ready = FALSE;
    char text[512];

    g_assert_cmpint(end, >=, 0);
    while (!ready && polled[1].revents == 0 && poll(polled, G_N_ELEMENTS(polled), -1) >= 0) {
        const ssize_t size =
            polled[0].revents != 0 ? recv(notify, text, sizeof text - 1, MSG_DONTWAIT) : 0;

        text[MAX(size, 0)] = '\0';
        ready = strstr(text, "READY=1") != NULL;
    }
    close(end);
    return ready;
}

static gboolean
has_name(NiloDaemonProcess *self, gpointer user_data)
{
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_sync(self->connection, "org.freedesktop.DBus",
                                    "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
                                    g_variant_new("(s)", NILO_TEST_NAME), G_VARIANT_TYPE("(b)"),
                                    G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT_MS, NULL, NULL);
    gboolean owned = FALSE;

    g_assert_nonnull(reply);
    g_variant_get(reply, "(b)", &owned);
    return owned;
}

static void
wake_cb(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
        const char *name, GVariant *parameters, gpointer user_data)
{
}

void
nilo_daemon_process_start(NiloDaemonProcess *self)
{
    g_autofree char *program = nilo_daemon_process_find_built("core/nilometerd");
    g_autofree char *config = nilo_daemon_process_get_path(self, "etc");
    g_autofree char *state = nilo_daemon_process_get_path(self, "state");
    const char *const argv[] = {program,     "--config",    config,        "--state",       state,
                                "--address", self->address, "--authority", self->authority, NULL};
    const int notify = open_notify_socket(self);
    const guint watch =
        g_dbus_connection_signal_subscribe(self->connection, "org.freedesktop.DBus",
                                           "org.freedesktop.DBus", "NameOwnerChanged",
                                           "/org/freedesktop/DBus", NILO_TEST_NAME,
                                           G_DBUS_SIGNAL_FLAGS_NONE, wake_cb, NULL, NULL);
    const gint64 began_us = g_get_monotonic_time();

    self->daemon = nilo_daemon_process_spawn(self, argv, become_cb, &self->daemon_uid);
    if (!wait_ready(self, notify))
        g_error("nilometerd ended before it was ready");
    close(notify);
    nilo_daemon_process_wait(self, has_name, NULL);
    self->ready_us = g_get_monotonic_time() - began_us;
    g_dbus_connection_signal_unsubscribe(self->connection, watch);
}

void
nilo_daemon_process_signal(NiloDaemonProcess *self, int number)
{
    g_assert_cmpint(kill(self->daemon, number), ==, 0);
}

void
nilo_daemon_process_stop(NiloDaemonProcess *self)
{
    int status;

    kill(self->daemon, SIGTERM);
    status = wait_for_end(self->daemon);
    self->daemon = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        g_error("nilometerd ended with status 0x%x, expected 0", (guint)status);
}

void
nilo_daemon_process_kill(NiloDaemonProcess *self)
{
    kill(self->daemon, SIGKILL);
    wait_for_end(self->daemon);
    self->daemon = 0;
}

GPid
nilo_daemon_process_get_pid(NiloDaemonProcess *self)
{
    return self->daemon;
}

gint64
nilo_daemon_process_get_ready_us(NiloDaemonProcess *self)
{
    return self->ready_us;
}

NiloLabProcess *
nilo_daemon_process_get_lab(NiloDaemonProcess *self)
{
    return self->lab;
}

GDBusConnection *
nilo_daemon_process_get_connection(NiloDaemonProcess *self)
{
    return self->connection;
}

const char *
nilo_daemon_process_get_address(NiloDaemonProcess *self)
{
    return self->address;
}

char *
nilo_daemon_process_get_path(NiloDaemonProcess *self, const char *name)
{
    return g_build_filename(self->folder, name, NULL);
}

char *
nilo_daemon_process_get_log(NiloDaemonProcess *self)
{
    char *text = NULL;

    g_assert_true(g_file_get_contents(self->log_path, &text, NULL, NULL));
    return text;
}

/* ---- the hub ---- */

char *
nilo_daemon_process_lab(NiloDaemonProcess *self, const char *format, ...)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *command = NULL;
    char *answer;
    va_list arguments;

    va_start(arguments, format);
    command = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    answer = nilo_lab_process_call(self->lab, command, &error);
    g_assert_no_error(error);
    return answer;
}

gint64
nilo_daemon_process_lab_number(NiloDaemonProcess *self, const char *command, const char *key)
{
    g_autofree char *answer = nilo_daemon_process_lab(self, "%s", command);
    gint64 number = 0;

    if (!nilo_lab_answer_get_int(answer, key, &number))
        g_error("the hub answered \"%s\" without %s", answer, key);
    return number;
}

/* how many lines of the hub's log of @bus and @direction contain @part */
guint
nilo_daemon_process_count_log(NiloDaemonProcess *self, const char *bus, const char *direction,
                              const char *part)
{
    g_autofree char *path = nilo_lab_process_get_path(self->lab, "log");
    g_autofree char *wanted = g_strdup_printf(" %s %s ", bus, direction);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint n = 0;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
        n += strstr(lines[i], wanted) != NULL && strstr(lines[i], part) != NULL;
    return n;
}

/* ---- calls ---- */

static void
called_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

GVariant *
nilo_daemon_process_call(NiloDaemonProcess *self, const char *path, const char *interface,
                         const char *method, GVariant *parameters, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    g_dbus_connection_call(self->connection, NILO_TEST_NAME, path, interface, method, parameters,
                           NULL, G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT_MS, NULL, called_cb, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    return g_dbus_connection_call_finish(self->connection, result, error);
}

GVariant *
nilo_daemon_process_get_property(NiloDaemonProcess *self, const char *path, const char *interface,
                                 const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    GVariant *value = NULL;

    reply = nilo_daemon_process_call(self, path, "org.freedesktop.DBus.Properties", "Get",
                                     g_variant_new("(ss)", interface, name), &error);
    g_assert_no_error(error);
    g_variant_get(reply, "(v)", &value);
    return value;
}

/* the report dictionary */
GVariant *
nilo_daemon_process_read(NiloDaemonProcess *self, const char *meter, GError **error)
{
    g_autoptr(GVariant) reply =
        nilo_daemon_process_call(self, NILO_TEST_PATH, NILO_TEST_INTERFACE, "ReadMeter",
                                 g_variant_new("(sa{sv})", meter, NULL), error);

    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

char *
nilo_daemon_process_get_bus_path(const char *bus)
{
    g_autoptr(GString) path = g_string_new(NILO_TEST_PATH "/bus/");

    for (const char *c = bus; *c != '\0'; c++)
        g_string_append_printf(path, g_ascii_isalnum(*c) ? "%c" : "_%02x", *c);
    return g_string_free(g_steal_pointer(&path), FALSE);
}

typedef struct {
    const char *path;
    guint position;
    GVariant *round;
} RoundWait;

static gboolean
has_round(NiloDaemonProcess *self, gpointer user_data)
{
    RoundWait *wait = user_data;

    for (; wait->position < self->heard->len && wait->round == NULL; wait->position++) {
        const NiloHeard *heard = self->heard->pdata[wait->position];
        g_autoptr(GVariant) changed = NULL;

        if (!g_str_equal(heard->name, "PropertiesChanged") || !g_str_equal(heard->path, wait->path))
            continue;
        changed = g_variant_get_child_value(heard->parameters, 1);
        wait->round = g_variant_lookup_value(changed, "LastRound", G_VARIANT_TYPE_VARDICT);
    }
    return wait->round != NULL;
}

/* starts a round and waits until it is over; LastRound */
GVariant *
nilo_daemon_process_round(NiloDaemonProcess *self, const char *bus)
{
    g_autofree char *path = nilo_daemon_process_get_bus_path(bus);
    RoundWait wait = {path, nilo_daemon_process_mark(self), NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;

    reply = nilo_daemon_process_call(self, path, NILO_TEST_INTERFACE ".Bus", "StartRound", NULL,
                                     &error);
    g_assert_no_error(error);
    nilo_daemon_process_wait(self, has_round, &wait);
    return wait.round;
}

/* ---- signals ---- */

guint
nilo_daemon_process_mark(NiloDaemonProcess *self)
{
    return self->heard->len;
}

const NiloHeard *
nilo_daemon_process_get_heard(NiloDaemonProcess *self, guint position)
{
    return position < self->heard->len ? self->heard->pdata[position] : NULL;
}

void
nilo_daemon_process_wait(NiloDaemonProcess *self, NiloTestCondition condition, gpointer user_data)
{
    for (;;) {
        const guint n_heard = self->heard->len;

        if (condition(self, user_data))
            return;
        /* what came while the condition asked is looked at before sleeping on it */
        if (self->heard->len == n_heard)
            g_main_context_iteration(NULL, TRUE);
    }
}

typedef struct {
    const char *kind;
    const char *meter;
    guint position;
    GVariant *event;
} EventWait;

static gboolean
has_event(NiloDaemonProcess *self, gpointer user_data)
{
    EventWait *wait = user_data;

    for (; wait->position < self->heard->len && wait->event == NULL; wait->position++) {
        const NiloHeard *heard = self->heard->pdata[wait->position];
        const char *kind, *meter;

        if (!g_str_equal(heard->name, "Event"))
            continue;
        g_variant_get_child(heard->parameters, 0, "&s", &kind);
        g_variant_get_child(heard->parameters, 1, "&s", &meter);
        if (g_str_equal(kind, wait->kind) &&
            (wait->meter == NULL || g_str_equal(meter, wait->meter)))
            wait->event = g_variant_ref(heard->parameters);
    }
    return wait->event != NULL;
}

/* the arguments of the first such event behind @mark */
GVariant *
nilo_daemon_process_wait_event(NiloDaemonProcess *self, guint mark, const char *kind,
                               const char *meter)
{
    EventWait wait = {kind, meter, mark, NULL};

    nilo_daemon_process_wait(self, has_event, &wait);
    return wait.event;
}

/* ---- nilometerctl ---- */

static GStrv
build_ctl_argv(va_list arguments)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *program = nilo_daemon_process_find_built("core/ctl/nilometerctl");
    const char *word;

    g_strv_builder_add(builder, program);
    while ((word = va_arg(arguments, const char *)) != NULL)
        g_strv_builder_add(builder, word);
    return g_strv_builder_end(builder);
}

int
nilo_daemon_process_ctl(NiloDaemonProcess *self, const char *input, char **output, char **errors,
                        ...)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                  G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_auto(GStrv) environment = build_environment(self);
    g_autofree char *config = nilo_daemon_process_get_path(self, "etc");
    ChildSetup setup = {getpid(), become_cb, &self->caller_uid};
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = NULL;
    va_list arguments;

    va_start(arguments, errors);
    argv = build_ctl_argv(arguments);
    va_end(arguments);
    environment = g_environ_setenv(environment, "NILOMETER_CONFIG_DIR", config, TRUE);
    g_subprocess_launcher_set_environ(launcher, environment);
    g_subprocess_launcher_set_child_setup(launcher, child_setup_cb, &setup, NULL);
    process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, &error);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8_async(process, input != NULL ? input : "", NULL, called_cb,
                                        &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_subprocess_communicate_utf8_finish(process, result, output, errors, &error);
    g_assert_no_error(error);
    g_assert_true(g_subprocess_get_if_exited(process));
    return g_subprocess_get_exit_status(process);
}
