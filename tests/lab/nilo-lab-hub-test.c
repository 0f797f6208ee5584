/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hub as programs meet it: a process, ptys, sockets. All limits are on the hub's own stamps. */
#include "nilo-lab-process.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ESTATE                                                                                     \
    "[estate]\nspeedup=0\ntime=2026-03-15T10:30:00Z\n"                                             \
    "[bus one]\nkind=mbus\nspeed=2400\nlink=one\n"                                                 \
    "[bus two]\nkind=rs485\nspeed=9600\ntcp=yes\n"                                                 \
    "[meter a]\nbus=one\nprotocol=mbus-primary\naddress=1\nid=10000001\n"                          \
    "[meter b]\nbus=two\nprotocol=cjt188\nid=33010000000042\n"
#define ANSWER_MS 5000 /* a hub that has not answered by now never will */
#define NS_PER_MS G_GINT64_CONSTANT(1000000)

static const guint8 nke[] = {0x10, 0x40, 0x01, 0x41, 0x16};
static const guint8 req[] = {0x10, 0x7b, 0x01, 0x7c, 0x16};
static const guint8 cjt188[] = {0x68, 0x10, 0x42, 0,    0,    0, 0,    0x01,
                                0x33, 1,    3,    0x90, 0x1f, 1, 0xa2, 0x16};

typedef struct {
    char *file;
    NiloLabProcess *hub;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    const int fd = g_file_open_tmp("nilo-lab-XXXXXX.estate", &fixture->file, &error);

    g_assert_no_error(error);
    close(fd);
    g_assert_true(g_file_set_contents(fixture->file, ESTATE, -1, &error));
    fixture->hub = nilo_lab_process_new(NULL, fixture->file, NULL, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_clear_pointer(&fixture->hub, nilo_lab_process_free);
    unlink(fixture->file);
    g_free(fixture->file);
}

static int
open_line(Fixture *fixture, speed_t speed)
{
    g_autofree char *path = nilo_lab_process_get_path(fixture->hub, "one");
    const int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios line;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(tcgetattr(fd, &line), ==, 0);
    cfmakeraw(&line);
    cfsetspeed(&line, speed);
    g_assert_cmpint(tcsetattr(fd, TCSANOW, &line), ==, 0);
    return fd;
}

/* sends and reads @wanted bytes, 0 on silence */
static gsize
exchange(int fd, const guint8 *request, gsize size, guint8 *answer, gsize wanted, int timeout_ms)
{
    gsize got = 0;

    g_assert_cmpint(write(fd, request, size), ==, (gssize)size);
    while (got < wanted) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&polled, 1, timeout_ms) <= 0)
            break;
        n = read(fd, answer + got, wanted - got);
        if (n <= 0)
            break;
        got += (gsize)n;
    }
    return got;
}

static gint64
stat_of(Fixture *fixture, const char *command, const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *answer = nilo_lab_process_call(fixture->hub, command, &error);
    gint64 number = 0;

    g_assert_no_error(error);
    g_assert_true(nilo_lab_answer_get_int(answer, key, &number));
    return number;
}

static void
call(Fixture *fixture, const char *command)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *answer = nilo_lab_process_call(fixture->hub, command, &error);

    g_assert_no_error(error);
    g_assert_nonnull(answer);
}

static void
test_pty(Fixture *fixture, gconstpointer data)
{
    const int fd = open_line(fixture, B2400);
    guint8 answer[256] = {0};

    g_assert_cmpuint(exchange(fd, nke, sizeof nke, answer, 1, ANSWER_MS), ==, 1);
    g_assert_cmphex(answer[0], ==, 0xe5);
    g_assert_cmpuint(exchange(fd, req, sizeof req, answer, 63, ANSWER_MS), ==, 63);
    g_assert_cmphex(answer[62], ==, 0x16);
    close(fd);
    g_assert_cmpint(stat_of(fixture, "stats one", "answered"), ==, 2);
}

/* the stamps of the log: no byte before its time, and on the whole not much after it */
static void
test_pacing(Fixture *fixture, gconstpointer data)
{
    const int fd = open_line(fixture, B2400);
    g_autofree char *path = nilo_lab_process_get_path(fixture->hub, "log");
    g_autofree char *log = NULL;
    g_auto(GStrv) lines = NULL;
    guint8 answer[256];
    gint64 wire_ns;

    g_assert_cmpuint(exchange(fd, req, sizeof req, answer, 63, ANSWER_MS), ==, 63);
    close(fd);
    wire_ns = stat_of(fixture, "stats one", "wire_out_ns");
    g_assert_cmpint(ABS(wire_ns - 63 * G_GINT64_CONSTANT(4583333)), <, NS_PER_MS);
    g_assert_cmpint(stat_of(fixture, "stats one", "pacing_late_sum_ns") / 63, <, 5 * NS_PER_MS);
    g_assert_true(g_file_get_contents(path, &log, NULL, NULL));
    lines = g_strsplit(log, "\n", -1);
    g_assert_nonnull(strstr(lines[0], " one in - 107B017C16"));
    g_assert_nonnull(strstr(lines[1], " one out a 68"));
    g_assert_cmpint(g_ascii_strtoll(lines[1], NULL, 10) - g_ascii_strtoll(lines[0], NULL, 10), >=,
                    wire_ns + 30 * NS_PER_MS);
}

static void
test_wrong_speed(Fixture *fixture, gconstpointer data)
{
    const int fd = open_line(fixture, B9600);
    guint8 answer[4];

    g_assert_cmpuint(exchange(fd, nke, sizeof nke, answer, 1, 300), ==, 0);
    close(fd);
}

/* the answer to plug and unplug comes when it is done */
static gboolean
is_there(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *buses = nilo_lab_process_call(fixture->hub, "buses", &error);
    g_autofree char *address = NULL;

    g_assert_no_error(error);
    address = nilo_lab_answer_get_text(buses, "one");
    return !g_str_equal(address, "-");
}

static void
test_unplug(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = nilo_lab_process_get_path(fixture->hub, "one");
    int fd = open_line(fixture, B2400);
    guint8 answer[4];

    call(fixture, "unplug one");
    g_assert_false(is_there(fixture));
    g_assert_false(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
    g_assert_cmpint(read(fd, answer, 1), <=, 0);
    close(fd);
    call(fixture, "plug one");
    g_assert_true(is_there(fixture));
    fd = open_line(fixture, B2400);
    g_assert_cmpuint(exchange(fd, nke, sizeof nke, answer, 1, ANSWER_MS), ==, 1);
    close(fd);
}

static GSocketConnection *
connect_two(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autofree char *address = nilo_lab_process_get_address(fixture->hub, "two");
    GSocketConnection *connection;

    g_assert_true(g_str_has_prefix(address, "tcp:127.0.0.1:"));
    connection = g_socket_client_connect_to_host(client, address + strlen("tcp:"), 0, NULL, &error);
    g_assert_no_error(error);
    return connection;
}

static int
fd_of(GSocketConnection *connection)
{
    return g_socket_get_fd(g_socket_connection_get_socket(connection));
}

static void
test_tcp(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GSocketConnection) connection = connect_two(fixture);
    guint8 answer[64];

    g_assert_cmpuint(exchange(fd_of(connection), cjt188, sizeof cjt188, answer, 38, ANSWER_MS), ==,
                     38);
    g_assert_cmphex(answer[37], ==, 0x16);
}

/* the client goes in the middle of an answer; the next one finds a quiet line */
static void
test_tcp_reconnect(Fixture *fixture, gconstpointer data)
{
    GSocketConnection *first = connect_two(fixture);
    g_autoptr(GSocketConnection) second = NULL;
    guint8 answer[64];

    g_assert_cmpuint(exchange(fd_of(first), cjt188, sizeof cjt188, answer, 5, ANSWER_MS), ==, 5);
    g_object_unref(first);
    second = connect_two(fixture);
    g_assert_cmpuint(exchange(fd_of(second), cjt188, sizeof cjt188, answer, 38, ANSWER_MS), ==, 38);
}

static void
test_truth(Fixture *fixture, gconstpointer data)
{
    const gint64 first = stat_of(fixture, "truth a", "volume_ml");

    g_assert_cmpint(first, >, 0);
    g_assert_cmpint(stat_of(fixture, "truth a", "volume_ml"), ==, first);
    g_assert_cmpint(stat_of(fixture, "truth a", "utc_us"), ==, G_GINT64_CONSTANT(1773570600000000));
    call(fixture, "set-time 2026-03-16T10:30:00Z 0");
    g_assert_cmpint(stat_of(fixture, "truth a", "volume_ml"), >, first);
}

static void
test_refused(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *answer = nilo_lab_process_call(fixture->hub, "unplug three", &error);

    g_assert_null(answer);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "no such bus"));
}

static void
test_bad_estate(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLabProcess) hub = NULL;

    hub = nilo_lab_process_new(NULL, "/nonexistent/estate", NULL, &error);
    g_assert_null(hub);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_FAILED);
}

/* --folder as people type it: from where they are */
static void
test_relative_folder(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("nilo-lab-XXXXXX", &error);
    g_autofree char *relative = g_strconcat("--folder=../../../../../../../../../..", folder, NULL);
    const char *const arguments[] = {relative, NULL};
    g_autofree char *link = g_build_filename(folder, "one", NULL);
    g_autoptr(NiloLabProcess) hub = NULL;

    g_assert_no_error(error);
    hub = nilo_lab_process_new(NULL, fixture->file, arguments, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_clear_pointer(&hub, nilo_lab_process_free);
    g_assert_cmpint(rmdir(folder), ==, 0);
}

/* a hub whose parent is not the one it was told ends at once instead of staying for ever */
static void
test_orphan(void)
{
    const char *argv[] = {g_getenv("NILO_LAB_HUB"), "--parent=1", "/nonexistent/estate", NULL};
    g_autoptr(GError) error = NULL;
    int status = -1;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                               &status, &error));
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
}

#define ADD(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (g_getenv("NILO_LAB_HUB") == NULL) {
        g_print("1..0 # SKIP NILO_LAB_HUB does not name the hub\n");
        return 0;
    }
    ADD("/lab/hub/pty", test_pty);
    ADD("/lab/hub/pacing", test_pacing);
    ADD("/lab/hub/wrong-speed", test_wrong_speed);
    ADD("/lab/hub/unplug", test_unplug);
    ADD("/lab/hub/tcp", test_tcp);
    ADD("/lab/hub/tcp-reconnect", test_tcp_reconnect);
    ADD("/lab/hub/truth", test_truth);
    ADD("/lab/hub/refused", test_refused);
    ADD("/lab/hub/relative-folder", test_relative_folder);
    g_test_add_func("/lab/hub/bad-estate", test_bad_estate);
    g_test_add_func("/lab/hub/orphan", test_orphan);
    return g_test_run();
}
