/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-line.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nilo-serial-marks.h"
#include "nilo-serial-settings.h"
#include "nilo-serial-tcp.h"
#include "nilo-serial-tty.h"
#include "nilo-serial-wait.h"

/* what an adapter may take beyond the time on the wire before it counts as dead */
#define SEND_SLACK_US (500 * 1000)

/* how often a driver is asked whether the last character has left */
#define UNSENT_STEP_US 500

/* one read; more than the longest frame of any meter with every character marked */
#define CHUNK_SIZE              1024

#define SWITCHED_SPEED_MIN_BAUD 300
#define SWITCHED_SPEED_MAX_BAUD 38400

struct _NiloSerialLine {
    GObject parent_instance;

    NiloClock *clock;
    char *port;
    int fd;
    gboolean is_tty;
    NiloSerialMode bus_mode;
    NiloSerialMode mode; /* now */
    guint idle_bits;
    gint64 heard_us;  /* when the last bytes were taken */
    gboolean damaged; /* since the last request, something came that was no good answer */
    NiloSerialWaker waker;
    NiloSerialMarks marks;
    guint64 bytes;
    NiloLineCounts counted_before; /* by the device, before we opened it */
};

static void nilo_serial_line_iface_init(NiloLineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloSerialLine, nilo_serial_line, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_LINE, nilo_serial_line_iface_init))

static gboolean
set_lost_error(NiloSerialLine *self, int number, GError **error)
{
    const gboolean closed = number == 0 || number == EPIPE || number == ECONNRESET;

    if (!self->is_tty && closed)
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                    _("%s: the serial server closed the connection"), self->port);
    else if (!self->is_tty)
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                    _("%s: the connection to the serial server is lost: %s"), self->port,
                    g_strerror(number));
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST, _("%s: the adapter was unplugged"),
                    self->port);
    return FALSE;
}

static gboolean
set_mode(NiloSerialLine *self, const NiloSerialMode *mode, GError **error)
{
    if (nilo_serial_mode_equal(mode, &self->mode))
        return TRUE;
    if (!self->is_tty) {
        g_autofree char *text = nilo_serial_mode_to_text(mode);

        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("%s cannot be switched to %s: speed and parity of a serial server are set on "
                      "the server itself"),
                    self->port, text);
        return FALSE;
    }
    if (!nilo_serial_tty_set_mode(self->fd, self->port, mode, error)) {
        /* unknown now: the next configure must not take it for what it was */
        self->mode = (NiloSerialMode){0};
        return FALSE;
    }
    self->mode = *mode;
    return TRUE;
}

static gboolean
line_configure(NiloLine *line, GObject *settings, GError **error)
{
    NiloSerialLine *self = NILO_SERIAL_LINE(line);
    NiloSerialMode mode = self->bus_mode;

    if (settings != NULL)
        nilo_serial_settings_apply(NILO_SERIAL_SETTINGS(settings), &mode);
    return set_mode(self, &mode, error);
}

static gboolean
line_set_speed(NiloLine *line, guint speed_baud, GError **error)
{
    NiloSerialLine *self = NILO_SERIAL_LINE(line);
    NiloSerialMode mode = self->mode;

    if (speed_baud < SWITCHED_SPEED_MIN_BAUD || speed_baud > SWITCHED_SPEED_MAX_BAUD) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("%s: cannot switch to %u Bd, expected %d to %d Bd"), self->port, speed_baud,
                    SWITCHED_SPEED_MIN_BAUD, SWITCHED_SPEED_MAX_BAUD);
        return FALSE;
    }
    mode.speed_baud = speed_baud;
    return set_mode(self, &mode, error);
}

static guint
line_get_speed(NiloLine *line)
{
    return NILO_SERIAL_LINE(line)->mode.speed_baud;
}

/* FT 1.2: after an error the line rests, so that every meter finds the next start bit */
static gboolean
rest_after_damage(NiloSerialLine *self, GCancellable *cancellable, GError **error)
{
    if (!self->damaged)
        return TRUE;
    self->damaged = FALSE;
    return nilo_clock_sleep_until(self->clock,
                                  self->heard_us +
                                      nilo_serial_mode_get_bits_us(&self->mode, self->idle_bits),
                                  cancellable, error);
}

static gssize
write_some(NiloSerialLine *self, const guint8 *bytes, gsize size)
{
    return self->is_tty ? write(self->fd, bytes, size) : send(self->fd, bytes, size, MSG_NOSIGNAL);
}

static gboolean
set_stuck_error(NiloSerialLine *self, gsize unsent, gsize size, GError **error)
{
    g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                _("%s does not send: %zu of %zu bytes are still waiting"), self->port, unsent,
                size);
    return FALSE;
}

static gboolean
write_all(NiloSerialLine *self, const guint8 *bytes, gsize size, gint64 deadline_us, GError **error)
{
    gsize done = 0;

    while (done < size) {
        const gssize n = write_some(self, bytes + done, size - done);
        const int number = errno;
        gint ready;

        if (n > 0) {
            done += (gsize)n;
            continue;
        }
        if (n < 0 && number == EINTR)
            continue;
        if (n < 0 && number != EAGAIN)
            return set_lost_error(self, number, error);
        ready = nilo_serial_waker_wait(&self->waker, self->fd, POLLOUT, self->clock, deadline_us,
                                       error);
        if (ready < 0)
            return FALSE;
        if (ready == 0)
            return set_stuck_error(self, size - done, size, error);
    }
    return TRUE;
}

/* drivers with a buffer of their own start later than we think; tcdrain() would wait for ever on
 * an adapter that has died */
static gboolean
wait_until_sent(NiloSerialLine *self, gsize size, gint64 deadline_us, GCancellable *cancellable,
                GError **error)
{
    guint unsent;

    while ((unsent = nilo_serial_tty_get_unsent(self->fd)) > 0 ||
           nilo_serial_tty_is_sending(self->fd)) {
        const gint64 now_us = nilo_clock_get_monotonic_us(self->clock);
        const gint64 step_us =
            MAX(nilo_serial_mode_get_wire_us(&self->mode, unsent), UNSENT_STEP_US);

        /* bytes that do not go are a dead adapter, a chip that never says "empty" is a poor one */
        if (now_us >= deadline_us)
            return unsent == 0 || set_stuck_error(self, unsent, size, error);
        if (!nilo_clock_sleep_until(self->clock, MIN(now_us + step_us, deadline_us), cancellable,
                                    error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
send_all(NiloSerialLine *self, const guint8 *bytes, gsize size, GCancellable *cancellable,
         GError **error)
{
    const gint64 sent_us =
        nilo_clock_get_monotonic_us(self->clock) + nilo_serial_mode_get_wire_us(&self->mode, size);

    if (!write_all(self, bytes, size, sent_us + SEND_SLACK_US, error) ||
        !nilo_clock_sleep_until(self->clock, sent_us, cancellable, error))
        return FALSE;
    return !self->is_tty ||
           wait_until_sent(self, size, sent_us + SEND_SLACK_US, cancellable, error);
}

static gboolean
line_send(NiloLine *line, const guint8 *bytes, gsize size, GCancellable *cancellable,
          GError **error)
{
    NiloSerialLine *self = NILO_SERIAL_LINE(line);

    nilo_serial_waker_set(&self->waker, cancellable);
    if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
        !rest_after_damage(self, cancellable, error))
        return FALSE;
    if (send_all(self, bytes, size, cancellable, error))
        return TRUE;
    /* half a request must not come out in front of the next one */
    if (self->is_tty)
        nilo_serial_tty_flush_output(self->fd);
    return FALSE;
}

/* -1 with an errno, 0 when the other end is gone */
static gssize
read_some(NiloSerialLine *self, guint8 *buffer, gsize size)
{
    guint8 raw[CHUNK_SIZE];
    const guint64 marked_before = self->marks.errors + self->marks.zeros;
    gssize n;

    if (!self->is_tty)
        return recv(self->fd, buffer, size, 0);
    n = read(self->fd, raw, MIN(size, sizeof raw));
    if (n <= 0)
        return n;
    n = (gssize)nilo_serial_marks_parse(&self->marks, raw, (gsize)n, buffer);
    if (self->marks.errors + self->marks.zeros > marked_before)
        self->damaged = TRUE;
    if (n > 0)
        return n;
    /* half a mark */
    errno = EINTR;
    return -1;
}

static gssize
line_receive(NiloLine *line, guint8 *buffer, gsize size, gint64 deadline_us,
             GCancellable *cancellable, GError **error)
{
    NiloSerialLine *self = NILO_SERIAL_LINE(line);

    g_return_val_if_fail(size > 0, 0);

    nilo_serial_waker_set(&self->waker, cancellable);
    for (;;) {
        const gint ready =
            nilo_serial_waker_wait(&self->waker, self->fd, POLLIN, self->clock, deadline_us, error);
        gssize n;

        if (ready <= 0)
            return ready;
        n = read_some(self, buffer, size);
        if (n > 0) {
            self->heard_us = nilo_clock_get_monotonic_us(self->clock);
            self->bytes += (guint64)n;
            return n;
        }
        if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            set_lost_error(self, n == 0 ? 0 : errno, error);
            return -1;
        }
        /* half a mark, or woken for nothing: the rest is on the way, but not for ever */
        if (nilo_clock_get_monotonic_us(self->clock) >= deadline_us)
            return 0;
    }
}

static void
line_discard(NiloLine *line)
{
    NiloSerialLine *self = NILO_SERIAL_LINE(line);
    guint8 buffer[CHUNK_SIZE];
    gssize n;

    /* read, not flushed: whether there was something decides on the rest before the next request */
    do {
        n = read_some(self, buffer, sizeof buffer);
        if (n > 0) {
            self->heard_us = nilo_clock_get_monotonic_us(self->clock);
            self->bytes += (guint64)n;
            self->damaged = TRUE;
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
}

static gboolean
line_send_break(NiloLine *line, guint duration_ms, GCancellable *cancellable, GError **error)
{
    NiloSerialLine *self = NILO_SERIAL_LINE(line);
    const gint64 end_us = nilo_clock_get_monotonic_us(self->clock) + (gint64)duration_ms * 1000;
    gboolean done;

    if (!self->is_tty) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("%s cannot send a break: a serial server takes bytes only"), self->port);
        return FALSE;
    }
    nilo_serial_tty_set_break(self->fd, TRUE);
    done = nilo_clock_sleep_until(self->clock, end_us, cancellable, error);
    nilo_serial_tty_set_break(self->fd, FALSE);
    return done;
}

static void
line_get_counts(NiloLine *line, NiloLineCounts *counts)
{
    NiloSerialLine *self = NILO_SERIAL_LINE(line);
    const NiloLineCounts *before = &self->counted_before;
    NiloLineCounts now = {0};

    if (self->is_tty && nilo_serial_tty_get_counts(self->fd, &now)) {
        now.parity_errors -= MIN(before->parity_errors, now.parity_errors);
        now.framing_errors -= MIN(before->framing_errors, now.framing_errors);
        now.overruns -= MIN(before->overruns, now.overruns);
        now.breaks -= MIN(before->breaks, now.breaks);
    }
    nilo_serial_marks_to_counts(&self->marks, &now);
    now.bytes = self->bytes;
    *counts = now;
}

static void
nilo_serial_line_iface_init(NiloLineInterface *iface)
{
    iface->configure = line_configure;
    iface->set_speed = line_set_speed;
    iface->get_speed = line_get_speed;
    iface->send = line_send;
    iface->receive = line_receive;
    iface->discard = line_discard;
    iface->send_break = line_send_break;
    iface->get_counts = line_get_counts;
}

static void
nilo_serial_line_finalize(GObject *object)
{
    NiloSerialLine *self = NILO_SERIAL_LINE(object);

    nilo_serial_waker_set(&self->waker, NULL);
    if (self->fd >= 0 && self->is_tty)
        nilo_serial_tty_close(self->fd);
    else if (self->fd >= 0)
        close(self->fd);
    g_clear_object(&self->clock);
    g_free(self->port);
    G_OBJECT_CLASS(nilo_serial_line_parent_class)->finalize(object);
}

static void
nilo_serial_line_class_init(NiloSerialLineClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_serial_line_finalize;
}

static void
nilo_serial_line_init(NiloSerialLine *self)
{
    self->fd = -1;
}

/**
 * nilo_serial_line_new_tty:
 * @clock: what the deadlines are measured with
 * @mode: the bus's own; its speed is not 0
 *
 * Returns: (transfer full): %NULL with the errors of nilo_serial_tty_open() and
 * nilo_serial_tty_set_mode()
 */
NiloSerialLine *
nilo_serial_line_new_tty(NiloClock *clock, const NiloSerialName *name, const NiloSerialMode *mode,
                         GError **error)
{
    g_autoptr(NiloSerialLine) self = g_object_new(NILO_TYPE_SERIAL_LINE, NULL);

    self->clock = g_object_ref(clock);
    self->port = g_strdup(name->path);
    self->is_tty = TRUE;
    self->bus_mode = *mode;
    self->fd = nilo_serial_tty_open(name->path, error);
    if (self->fd < 0 || !set_mode(self, mode, error))
        return NULL;
    nilo_serial_tty_get_counts(self->fd, &self->counted_before);
    return g_steal_pointer(&self);
}

/**
 * nilo_serial_line_new_tcp:
 * @mode: as it is set on the server; a speed of 0 when that is not known
 * @timeout_ms: for the connection to be made
 *
 * Returns: (transfer full): %NULL with the errors of nilo_serial_tcp_connect()
 */
NiloSerialLine *
nilo_serial_line_new_tcp(NiloClock *clock, const NiloSerialName *name, const NiloSerialMode *mode,
                         guint timeout_ms, GCancellable *cancellable, GError **error)
{
    g_autoptr(NiloSerialLine) self = g_object_new(NILO_TYPE_SERIAL_LINE, NULL);

    self->clock = g_object_ref(clock);
    self->port = g_strdup_printf("tcp:%s:%u", name->host, name->port);
    self->bus_mode = *mode;
    self->mode = *mode;
    self->fd = nilo_serial_tcp_connect(name, clock, timeout_ms, cancellable, error);
    return self->fd >= 0 ? g_steal_pointer(&self) : NULL;
}

/**
 * nilo_serial_line_get_tty:
 *
 * Returns: the file descriptor of the terminal, still the line's; -1 for a serial server
 */
int
nilo_serial_line_get_tty(NiloSerialLine *self)
{
    return self->is_tty ? self->fd : -1;
}

/**
 * nilo_serial_line_set_idle_bits:
 * @idle_bits: how long the line rests before a request when damaged or unwanted characters came
 * since the last one, in bit times
 */
void
nilo_serial_line_set_idle_bits(NiloSerialLine *self, guint idle_bits)
{
    self->idle_bits = idle_bits;
}
