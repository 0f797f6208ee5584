/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-collector-private.h"

#include "nilo-lab-qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECT_US   (20 * G_USEC_PER_SEC)
#define CONNECT_STEP 2000
#define CHUNK        512
#define BATTERY_MV   3600
#define SEEN_US      (10 * G_USEC_PER_SEC)
#define SEEN_STEP    200

/**
 * nilo_lab_collector_find_program:
 * @variable: of the environment, which goes first
 * @name: in the search path
 *
 * Returns: (transfer full) (nullable): an existing file
 */
char *
nilo_lab_collector_find_program(const char *variable, const char *name)
{
    const char *path = g_getenv(variable);

    if (path == NULL || path[0] == '\0')
        return g_find_program_in_path(name);
    return g_file_test(path, G_FILE_TEST_EXISTS) ? g_strdup(path) : NULL;
}

static char *
find_host(void)
{
    return nilo_lab_collector_find_program("NILO_COLLECTOR_HOST", "nilo-collector-host");
}

/**
 * nilo_lab_collector_why_not:
 * @port: which one
 *
 * Returns: (transfer full) (nullable): why there cannot be such a collector on this machine: a
 *   reason to skip a test
 */
char *
nilo_lab_collector_why_not(NiloLabCollectorPort port)
{
    g_autofree char *host = find_host();

    if (host == NULL)
        return g_strdup("nilo-collector-host is not there");
    return port == NILO_LAB_COLLECTOR_QEMU ? nilo_lab_qemu_why_not() : NULL;
}

/**
 * nilo_lab_collector_new:
 * @port: which one
 * @folder: for the sockets and the EEPROM's file; an EEPROM that is there is used
 *
 * Returns: (transfer full): a collector without power
 */
NiloLabCollector *
nilo_lab_collector_new(NiloLabCollectorPort port, const char *folder)
{
    NiloLabCollector *collector = g_new0(NiloLabCollector, 1);

    g_mutex_init(&collector->lock);
    collector->port = port;
    collector->backend =
        port == NILO_LAB_COLLECTOR_QEMU ? &nilo_lab_qemu_backend : &nilo_lab_host_backend;
    collector->folder = g_strdup(folder);
    collector->eeprom = g_build_filename(folder, "eeprom", NULL);
    collector->closed = 1u << NILO_LAB_PIN_COVER;
    collector->battery_mv = BATTERY_MV;
    collector->driver_changes = g_array_new(FALSE, FALSE, sizeof(NiloLabDriverChange));
    for (guint i = 0; i < NILO_LAB_MAX_SOCKETS; i++) {
        collector->fds[i] = -1;
        collector->unread[i] = g_string_new(NULL);
    }
    return collector;
}

/**
 * nilo_lab_collector_free:
 * @collector: (transfer full): a collector
 *
 * Cuts its power; its EEPROM's file stays.
 */
void
nilo_lab_collector_free(NiloLabCollector *collector)
{
    nilo_lab_collector_kill(collector);
    for (guint i = 0; i < NILO_LAB_MAX_SOCKETS; i++)
        g_string_free(collector->unread[i], TRUE);
    g_array_unref(collector->driver_changes);
    g_free(collector->rtc);
    g_free(collector->eeprom);
    g_free(collector->folder);
    g_mutex_clear(&collector->lock);
    g_free(collector);
}

/**
 * nilo_lab_collector_set_rtc:
 * @collector: a collector
 * @moment: (nullable): what its clock shows at the next start, "2026-01-31T23:59:50"; %NULL: the
 *   time of this machine
 */
void
nilo_lab_collector_set_rtc(NiloLabCollector *collector, const char *moment)
{
    g_free(collector->rtc);
    collector->rtc = g_strdup(moment);
}

/**
 * nilo_lab_collector_set_board_number:
 * @collector: a collector without power
 * @number: eight digits BCD, the last one 0
 *
 * Sets the number that the factory gave it; its settings may say another.
 */
void
nilo_lab_collector_set_board_number(NiloLabCollector *collector, guint32 number)
{
    collector->board_number = number;
}

/**
 * nilo_lab_collector_set_harsh:
 * @collector: a collector on the host
 * @seed: not 0: a kill in a write cycle leaves a torn page behind
 */
void
nilo_lab_collector_set_harsh(NiloLabCollector *collector, guint32 seed)
{
    collector->tear = seed;
}

/**
 * nilo_lab_collector_prepare:
 * @collector: a collector without power
 * @settings: (array zero-terminated=1): NAME=VALUE or NAME.CHANNEL=VALUE, as nilo-collector-host
 *   takes them
 * @error: return location for a #GIOErrorEnum or #GSpawnError
 *
 * Writes settings and counts into the EEPROM, as the factory does.
 *
 * Returns: whether they are there
 */
gboolean
nilo_lab_collector_prepare(NiloLabCollector *collector, const char *const *settings, GError **error)
{
    g_autofree char *program = find_host();
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) argv = NULL;
    g_autofree char *said = NULL;
    int status;

    g_strv_builder_add_many(builder, program != NULL ? program : "nilo-collector-host", "--eeprom",
                            collector->eeprom, "--prepare", NULL);
    if (collector->board_number != 0) {
        g_autofree char *number = g_strdup_printf("%08x", collector->board_number);

        g_strv_builder_add_many(builder, "--board-number", number, NULL);
    }
    for (guint i = 0; settings[i] != NULL; i++)
        g_strv_builder_add_many(builder, "--set", settings[i], NULL);
    argv = g_strv_builder_end(builder);
    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &said, &status, error))
        return FALSE;
    if (g_spawn_check_wait_status(status, error))
        return TRUE;
    g_prefix_error(error, "%s: ", g_strchomp(said));
    return FALSE;
}

/* --- sockets -----------------------------------------------------------------------------------
 */

static int
connect_once(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static gboolean
has_ended(NiloLabCollector *collector)
{
    return waitpid(collector->pid, NULL, WNOHANG) == collector->pid;
}

/* it listens when it is ready to; there is nothing to wait for but that */
static gboolean
connect_socket(NiloLabCollector *collector, guint socket, gint64 deadline_us, GError **error)
{
    const char *name = collector->backend->sockets[socket];
    g_autofree char *path = g_build_filename(collector->folder, name, NULL);

    while ((collector->fds[socket] = connect_once(path)) < 0) {
        if (has_ended(collector)) {
            g_spawn_close_pid(collector->pid);
            collector->pid = 0;
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                        "the collector ended before it listened on %s", path);
            return FALSE;
        }
        if (g_get_monotonic_time() > deadline_us) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "nobody listens on %s", path);
            return FALSE;
        }
        g_usleep(CONNECT_STEP);
    }
    if (socket < NILO_LAB_LINES)
        fcntl(collector->fds[socket], F_SETFL, O_NONBLOCK);
    return TRUE;
}

static gboolean
connect_sockets(NiloLabCollector *collector, GError **error)
{
    const gint64 deadline_us = g_get_monotonic_time() + CONNECT_US;

    for (guint i = 0; collector->backend->sockets[i] != NULL; i++) {
        if (!connect_socket(collector, i, deadline_us, error))
            return FALSE;
    }
    return TRUE;
}

static void
close_sockets(NiloLabCollector *collector)
{
    for (guint i = 0; i < NILO_LAB_MAX_SOCKETS; i++) {
        if (collector->fds[i] >= 0)
            close(collector->fds[i]);
        collector->fds[i] = -1;
        g_string_set_size(collector->unread[i], 0);
    }
}

/**
 * nilo_lab_collector_write:
 * @collector: a running collector
 * @socket: of the backend
 * @text: whole lines
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether it was sent
 */
gboolean
nilo_lab_collector_write(NiloLabCollector *collector, guint socket, const char *text,
                         GError **error)
{
    const gsize size = strlen(text);

    if (collector->fds[socket] >= 0 &&
        send(collector->fds[socket], text, size, MSG_NOSIGNAL) == (gssize)size)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "%s: the collector is gone",
                collector->backend->sockets[socket]);
    return FALSE;
}

/**
 * nilo_lab_collector_read_line:
 * @collector: a running collector
 * @socket: of the backend
 * @deadline_us: monotonic; 0: do not wait
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: (transfer full) (nullable): the next line, without its end
 */
char *
nilo_lab_collector_read_line(NiloLabCollector *collector, guint socket, gint64 deadline_us,
                             GError **error)
{
    GString *unread = collector->unread[socket];

    for (;;) {
        const char *end = memchr(unread->str, '\n', unread->len);
        struct pollfd polled = {.fd = collector->fds[socket], .events = POLLIN};
        const gint64 left_us = deadline_us - g_get_monotonic_time();
        char chunk[CHUNK];
        gssize size = 0;

        if (end != NULL) {
            const gsize length = (gsize)(end - unread->str);
            char *line = g_strndup(unread->str, length);

            g_string_erase(unread, 0, (gssize)length + 1);
            return line;
        }
        if (poll(&polled, 1, left_us > 0 ? (int)(left_us / 1000) + 1 : 0) > 0)
            size = read(collector->fds[socket], chunk, sizeof chunk);
        if (size <= 0) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s: no answer",
                        collector->backend->sockets[socket]);
            return NULL;
        }
        g_string_append_len(unread, chunk, size);
    }
}

/* --- power -------------------------------------------------------------------------------------
 */

/* between fork and exec: dies with us, whatever happens to us */
static void
child_setup_cb(gpointer user_data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != GPOINTER_TO_INT(user_data))
        _exit(127);
}

static gboolean
spawn(NiloLabCollector *collector, GError **error)
{
    g_auto(GStrv) argv = collector->backend->build_argv(collector);
    g_autofree char *log_path = g_build_filename(collector->folder, "log", NULL);
    const int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    gboolean spawned;

    for (guint i = 0; collector->backend->sockets[i] != NULL; i++) {
        g_autofree char *path =
            g_build_filename(collector->folder, collector->backend->sockets[i], NULL);

        unlink(path);
    }
    spawned =
        g_spawn_async_with_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH,
                               child_setup_cb, GINT_TO_POINTER((int)getpid()), &collector->pid, -1,
                               log, log, error);
    if (log >= 0)
        close(log);
    if (!spawned)
        collector->pid = 0;
    return spawned;
}

/**
 * nilo_lab_collector_start:
 * @collector: a collector without power
 * @error: return location for a #GIOErrorEnum or #GSpawnError
 *
 * Turns the power on, with the pins as they are. To be called from the main thread: the collector
 * dies with the thread that started it.
 *
 * Returns: whether it runs
 */
gboolean
nilo_lab_collector_start(NiloLabCollector *collector, GError **error)
{
    gboolean runs;

    g_return_val_if_fail(collector->pid == 0, FALSE);

    if (!spawn(collector, error))
        return FALSE;
    g_mutex_lock(&collector->lock);
    runs = connect_sockets(collector, error) && collector->backend->begin(collector, error);
    collector->trouble = NILO_LAB_TROUBLE_NONE;
    g_mutex_unlock(&collector->lock);
    if (!runs)
        nilo_lab_collector_kill(collector);
    return runs;
}

/**
 * nilo_lab_collector_kill:
 * @collector: a collector
 *
 * Cuts the power, in the middle of whatever it does.
 */
void
nilo_lab_collector_kill(NiloLabCollector *collector)
{
    g_mutex_lock(&collector->lock);
    if (collector->pid > 0) {
        kill(collector->pid, SIGKILL);
        while (waitpid(collector->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        g_spawn_close_pid(collector->pid);
        collector->pid = 0;
    }
    close_sockets(collector);
    g_mutex_unlock(&collector->lock);
}

/**
 * nilo_lab_collector_is_running:
 * @collector: a collector
 *
 * Returns: whether its power is on
 */
gboolean
nilo_lab_collector_is_running(NiloLabCollector *collector)
{
    return collector->pid > 0;
}

/**
 * nilo_lab_collector_get_port:
 * @collector: a collector
 *
 * Returns: what it runs on
 */
NiloLabCollectorPort
nilo_lab_collector_get_port(NiloLabCollector *collector)
{
    return collector->port;
}

/**
 * nilo_lab_collector_get_eeprom:
 * @collector: a collector
 *
 * Returns: the path of its EEPROM's file, %NILO_LAB_EEPROM_SIZE bytes
 */
const char *
nilo_lab_collector_get_eeprom(NiloLabCollector *collector)
{
    return collector->eeprom;
}

/**
 * nilo_lab_collector_get_line_fd:
 * @collector: a collector
 * @line: which
 *
 * Returns: a socket that carries the line's bytes both ways, without any pace; -1 without power
 */
int
nilo_lab_collector_get_line_fd(NiloLabCollector *collector, NiloLabLine line)
{
    return collector->fds[line];
}

/* --- handles -----------------------------------------------------------------------------------
 */

/**
 * nilo_lab_collector_set_pins:
 * @collector: a collector; without power it is remembered
 * @mask: the pins to set
 * @closed: bit n: contact n is closed
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether it was done
 */
gboolean
nilo_lab_collector_set_pins(NiloLabCollector *collector, guint mask, guint closed, GError **error)
{
    gboolean done = TRUE;

    g_mutex_lock(&collector->lock);
    collector->closed = (collector->closed & ~mask) | (closed & mask);
    if (collector->pid > 0)
        done = collector->backend->set_pins(collector, mask, closed, error);
    g_mutex_unlock(&collector->lock);
    return done;
}

/**
 * nilo_lab_collector_wait_pins:
 * @collector: a running collector, whose interrupts are served
 * @mask: some pins
 * @error: return location for a #GIOErrorEnum
 *
 * Waits until it has seen these pins as they were last set: a machine with other things to do may
 * keep an emulator from that for longer than a contact is closed.
 *
 * Returns: whether it has
 */
gboolean
nilo_lab_collector_wait_pins(NiloLabCollector *collector, guint mask, GError **error)
{
    const gint64 deadline_us = g_get_monotonic_time() + SEEN_US;
    guint seen = 0;

    for (;;) {
        gboolean done;
        guint missing;

        g_mutex_lock(&collector->lock);
        collector->backend->look(collector); /* a reset forgets the pins */
        done = collector->backend->get_seen_pins(collector, &seen, error);
        missing = (seen ^ collector->closed) & mask;
        g_mutex_unlock(&collector->lock);
        if (!done || missing == 0)
            return done;
        if (g_get_monotonic_time() > deadline_us) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        "the collector has not seen the change of pins %04x", missing);
            return FALSE;
        }
        g_usleep(SEEN_STEP);
    }
}

/**
 * nilo_lab_collector_get_line:
 * @collector: a running collector
 * @line: which
 * @speed_baud: (out): as the part is really set; 0: the line is not open
 * @even_parity: (out): even, else none
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether it could be asked
 */
gboolean
nilo_lab_collector_get_line(NiloLabCollector *collector, NiloLabLine line, guint *speed_baud,
                            gboolean *even_parity, GError **error)
{
    gboolean done;

    g_mutex_lock(&collector->lock);
    done = collector->backend->get_line(collector, line, speed_baud, even_parity, error);
    g_mutex_unlock(&collector->lock);
    return done;
}

/**
 * nilo_lab_collector_set_battery:
 * @collector: a collector; without power it is remembered
 * @battery_mv: millivolts
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether it was done
 */
gboolean
nilo_lab_collector_set_battery(NiloLabCollector *collector, guint battery_mv, GError **error)
{
    gboolean done = TRUE;

    g_mutex_lock(&collector->lock);
    collector->battery_mv = battery_mv;
    if (collector->pid > 0)
        done = collector->backend->set_battery(collector, error);
    g_mutex_unlock(&collector->lock);
    return done;
}

/**
 * nilo_lab_collector_make_trouble:
 * @collector: a collector; without power it is remembered for the next start
 * @trouble: which
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether there is trouble now; not every port has every kind
 */
gboolean
nilo_lab_collector_make_trouble(NiloLabCollector *collector, NiloLabTrouble trouble, GError **error)
{
    gboolean done = TRUE;

    g_mutex_lock(&collector->lock);
    if (collector->pid > 0)
        done = collector->backend->make_trouble(collector, trouble, error);
    else
        collector->trouble = trouble;
    g_mutex_unlock(&collector->lock);
    return done;
}

/**
 * nilo_lab_collector_pass_time:
 * @collector: a running collector
 * @ms: so many milliseconds are gone at once, for all but the battery backed clock
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether they are
 */
gboolean
nilo_lab_collector_pass_time(NiloLabCollector *collector, guint ms, GError **error)
{
    gboolean done;

    g_mutex_lock(&collector->lock);
    done = collector->backend->pass_time(collector, ms, error);
    g_mutex_unlock(&collector->lock);
    return done;
}

/**
 * nilo_lab_collector_look:
 * @collector: a collector
 *
 * Takes what it has told unasked: call now and then while it runs.
 */
void
nilo_lab_collector_look(NiloLabCollector *collector)
{
    g_mutex_lock(&collector->lock);
    if (collector->pid > 0)
        collector->backend->look(collector);
    g_mutex_unlock(&collector->lock);
}

/**
 * nilo_lab_collector_get_resets:
 * @collector: a collector
 *
 * Returns: how often its part was reset while it had power, as far as was seen; QEMU only. To an
 *   emulator time goes on while the machine stands still, and after four seconds of that its
 *   watchdog bites.
 */
guint
nilo_lab_collector_get_resets(NiloLabCollector *collector)
{
    return collector->resets;
}

/**
 * nilo_lab_collector_get_driver_changes:
 * @collector: a collector
 *
 * Returns: (transfer none) (element-type NiloLabDriverChange): when the driver of the bus line was
 *   enabled and released; QEMU only
 */
GArray *
nilo_lab_collector_get_driver_changes(NiloLabCollector *collector)
{
    return collector->driver_changes;
}
