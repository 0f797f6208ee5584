/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Real time for one bus. Each byte goes out at its own absolute deadline, the end of its stop bit,
 * as a UART hands it over; a byte that is late does not make the next one late.
 */
#include "nilo-lab-port.h"

#include "nilo-lab-pty.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S G_GINT64_CONSTANT(1000000000)
#define ABSENT_POLL_NS                                                                             \
    G_GINT64_CONSTANT(5000000) /* how often to look for a master that is away                      \
                                */
#define READ_SIZE 512
#define SYNC_US   (2 * G_USEC_PER_SEC)

struct _NiloLabPort {
    NiloLabBus *bus;               /* borrowed, outlives us */
    GPtrArray *stations;           /* element-type NiloLabStation, on the same bus */
    NiloLabDownstream *downstream; /* (nullable): the master is this collector; outlives us */
    GThread *thread;
    gint stop; /* atomic */
    int wake_fd;
    GMutex lock; /* guards the four below */
    GCond served_cond;
    char *address;
    guint asked;  /* looks at the settings that somebody waits for */
    guint served; /* of these */
    char *link;   /* nullable */
    /* the rest belongs to the thread once it runs */
    gboolean tcp;
    gboolean plugged;
    int fd;        /* pty, TCP connection or collector, -1: none */
    int listen_fd; /* -1 but for TCP */
    guint16 tcp_port;
    gint64 heard_end_ns;
};

/**
 * nilo_lab_port_now_ns:
 *
 * Returns: the monotonic clock, in nanoseconds: the time of all stamps
 */
gint64
nilo_lab_port_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void
drop_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void
set_address(NiloLabPort *port, char *address)
{
    g_mutex_lock(&port->lock);
    g_free(port->address);
    port->address = address;
    g_mutex_unlock(&port->lock);
}

static gboolean
is_pty(const NiloLabPort *port)
{
    return !port->tcp && port->downstream == NULL;
}

/* --- plugging in and out -----------------------------------------------------------------------
 */

static gboolean
make_link(const char *target, const char *link, GError **error)
{
    g_autofree char *beside = g_strconcat(link, ".new", NULL);

    g_unlink(beside);
    if (symlink(target, beside) == 0 && g_rename(beside, link) == 0)
        return TRUE;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot make link %s: %s", link,
                g_strerror(errno));
    return FALSE;
}

static gboolean
plug_pty(NiloLabPort *port, GError **error)
{
    const guint speed_baud = nilo_lab_bus_get_settings(port->bus)->speed_baud;
    g_autofree char *path = NULL;
    const int fd = nilo_lab_pty_open(speed_baud, &path, error);

    if (fd < 0)
        return FALSE;
    if (port->link != NULL && !make_link(path, port->link, error)) {
        close(fd);
        return FALSE;
    }
    port->fd = fd;
    set_address(port, g_steal_pointer(&path));
    return TRUE;
}

static gboolean
plug_tcp(NiloLabPort *port, GError **error)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(port->tcp_port)};
    socklen_t size = sizeof address;
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot listen on loopback: %s", g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    port->listen_fd = fd;
    port->tcp_port = ntohs(address.sin_port);
    set_address(port, g_strdup_printf("tcp:127.0.0.1:%u", port->tcp_port));
    return TRUE;
}

/* its socket comes with its power, and stays while nobody hears it */
static gboolean
plug_downstream(NiloLabPort *port)
{
    set_address(port,
                g_strconcat("collector:", nilo_lab_downstream_get_name(port->downstream), NULL));
    return TRUE;
}

static gboolean
plug(NiloLabPort *port, GError **error)
{
    if (port->downstream != NULL)
        port->plugged = plug_downstream(port);
    else
        port->plugged = port->tcp ? plug_tcp(port, error) : plug_pty(port, error);
    return port->plugged;
}

static void
unplug(NiloLabPort *port)
{
    port->plugged = FALSE;
    if (port->link != NULL)
        g_unlink(port->link);
    if (port->downstream == NULL)
        drop_fd(&port->fd);
    drop_fd(&port->listen_fd);
    if (!port->tcp)
        set_address(port, NULL);
}

/* does what the settings say about the adapter; a failure is tried again with the next wake-up */
static void
follow_settings(NiloLabPort *port)
{
    g_autoptr(GError) error = NULL;
    gboolean wanted;

    nilo_lab_bus_lock(port->bus);
    wanted = !nilo_lab_bus_get_settings(port->bus)->unplugged;
    if (wanted != port->plugged)
        nilo_lab_bus_silence(port->bus);
    nilo_lab_bus_unlock(port->bus);
    if (wanted == port->plugged)
        return;
    if (!wanted)
        unplug(port);
    else if (!plug(port, &error))
        g_message("%s: %s", nilo_lab_bus_get_name(port->bus), error->message);
}

static void
serve_settings(NiloLabPort *port)
{
    guint asked;

    g_mutex_lock(&port->lock);
    asked = port->asked;
    g_mutex_unlock(&port->lock);
    follow_settings(port);
    g_mutex_lock(&port->lock);
    port->served = asked;
    g_cond_broadcast(&port->served_cond);
    g_mutex_unlock(&port->lock);
}

/* --- bytes -------------------------------------------------------------------------------------
 */

/* nobody is there to hear: what is said is lost */
static void
lose_bytes(NiloLabPort *port)
{
    nilo_lab_bus_lock(port->bus);
    nilo_lab_bus_silence(port->bus);
    nilo_lab_bus_unlock(port->bus);
}

/* like most serial servers: the newest client has the line, and hears nothing old */
static void
take_client(NiloLabPort *port, int fd)
{
    drop_fd(&port->fd);
    lose_bytes(port);
    port->fd = fd;
}

static void
accept_client(NiloLabPort *port)
{
    const int on = 1;
    const int fd = accept4(port->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    take_client(port, fd);
}

static void
look_for_collector(NiloLabPort *port)
{
    const int fd = port->downstream != NULL ? nilo_lab_downstream_take_fd(port->downstream) : -1;

    if (fd >= 0)
        take_client(port, fd);
}

/* @speed_baud: (out): what the master's adapter is set to; 0: the speed of the bus. FALSE: it is
 * set to nothing that a meter could understand */
static gboolean
get_speed_baud(NiloLabPort *port, guint *speed_baud)
{
    if (port->downstream != NULL) {
        *speed_baud = nilo_lab_downstream_get_speed_baud(port->downstream);
        return *speed_baud > 0;
    }
    *speed_baud = port->tcp ? 0 : nilo_lab_pty_get_speed_baud(port->fd);
    return TRUE;
}

/* FALSE: the master is gone */
static gboolean
read_bytes(NiloLabPort *port, gint64 now_ns)
{
    guint8 bytes[READ_SIZE];
    const ssize_t n = read(port->fd, bytes, sizeof bytes);
    guint speed_baud;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return TRUE;
    if (n <= 0)
        return FALSE;
    if (!get_speed_baud(port, &speed_baud))
        return TRUE;
    /* a pty hands over at once what a UART would send one after the other */
    nilo_lab_bus_lock(port->bus);
    port->heard_end_ns =
        nilo_lab_bus_hear(port->bus, bytes, (gsize)n, MAX(port->heard_end_ns, now_ns), speed_baud);
    nilo_lab_bus_unlock(port->bus);
    return TRUE;
}

/* FALSE: the master is gone. A full buffer loses the byte, as a UART would */
static gboolean
write_byte(NiloLabPort *port, guint8 byte)
{
    const ssize_t n =
        is_pty(port) ? write(port->fd, &byte, 1) : send(port->fd, &byte, 1, MSG_NOSIGNAL);

    return n >= 0 || errno == EAGAIN;
}

/* sends what is due; returns how long to wait for the next byte, -1: for ever */
static gint64
send_due(NiloLabPort *port)
{
    for (;;) {
        const gint64 now_ns = nilo_lab_port_now_ns();
        NiloLabByte byte;
        gint64 due_ns;
        gboolean waiting;

        nilo_lab_bus_lock(port->bus);
        waiting = nilo_lab_bus_peek(port->bus, now_ns, &due_ns);
        if (waiting && due_ns <= now_ns)
            nilo_lab_bus_take(port->bus, &byte);
        nilo_lab_bus_unlock(port->bus);
        if (!waiting)
            return -1;
        if (due_ns > now_ns)
            return due_ns - now_ns;
        if (!write_byte(port, byte.byte))
            return 0;
        nilo_lab_bus_lock(port->bus);
        nilo_lab_bus_sent(port->bus, &byte, nilo_lab_port_now_ns());
        nilo_lab_bus_unlock(port->bus);
    }
}

static void
wait_for(struct pollfd *polled, nfds_t n, gint64 wait_ns)
{
    const struct timespec wait = {.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};

    ppoll(polled, n, wait_ns < 0 ? NULL : &wait, NULL);
}

static void
hang_up(NiloLabPort *port)
{
    struct pollfd polled = {.fd = port->wake_fd, .events = POLLIN};

    lose_bytes(port);
    if (!is_pty(port)) {
        drop_fd(&port->fd);
        return;
    }
    /* a pty says "hung up" as long as nobody has opened it: do not spin */
    wait_for(&polled, 1, ABSENT_POLL_NS);
}

static gint64
sooner(gint64 a_ns, gint64 b_ns)
{
    if (a_ns < 0 || b_ns < 0)
        return MAX(a_ns, b_ns);
    return MIN(a_ns, b_ns);
}

/* another master may have something to say: -1: it has not */
static gint64
let_others_talk(NiloLabPort *port)
{
    const gint64 now_ns = nilo_lab_port_now_ns();
    gint64 due_ns = now_ns - 1;

    nilo_lab_bus_lock(port->bus);
    nilo_lab_bus_plan(port->bus, now_ns, &due_ns);
    nilo_lab_bus_unlock(port->bus);
    return due_ns - now_ns;
}

/* the first three places are the port's own, the others the stations' */
static void
add_stations(NiloLabPort *port, GArray *polled)
{
    for (guint i = 0; i < port->stations->len; i++) {
        const struct pollfd place = {.fd = nilo_lab_station_get_fd(
                                         g_ptr_array_index(port->stations, i)),
                                     .events = POLLIN};

        g_array_append_val(polled, place);
    }
}

static void
serve_stations(NiloLabPort *port, const struct pollfd *polled)
{
    for (guint i = 0; i < port->stations->len; i++) {
        if (polled[i].revents & POLLIN)
            nilo_lab_station_read(g_ptr_array_index(port->stations, i));
    }
}

static void
turn(NiloLabPort *port)
{
    const struct pollfd own[] = {
        {.fd = port->wake_fd, .events = POLLIN},
        {.fd = port->fd, .events = POLLIN},
        {.fd = port->listen_fd, .events = POLLIN},
    };
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    const struct pollfd *polled;
    gint64 wait_ns;
    guint64 wakes;

    wait_ns = let_others_talk(port);
    for (guint i = 0; i < port->stations->len; i++)
        wait_ns = sooner(wait_ns, nilo_lab_station_deliver(g_ptr_array_index(port->stations, i)));
    if (port->fd >= 0)
        wait_ns = sooner(wait_ns, send_due(port));
    else
        lose_bytes(port);
    g_array_append_vals(places, own, G_N_ELEMENTS(own));
    add_stations(port, places);
    wait_for((struct pollfd *)(gpointer)places->data, places->len, wait_ns);
    polled = (const struct pollfd *)(gpointer)places->data;
    serve_stations(port, polled + G_N_ELEMENTS(own));
    if (polled[0].revents & POLLIN)
        (void)!read(port->wake_fd, &wakes, sizeof wakes);
    if (polled[2].revents & POLLIN)
        accept_client(port);
    else if (polled[1].revents & POLLIN) {
        if (!read_bytes(port, nilo_lab_port_now_ns()))
            hang_up(port);
    } else if (polled[1].revents & (POLLHUP | POLLERR)) {
        hang_up(port);
    }
}

static gpointer
run(gpointer data)
{
    NiloLabPort *port = data;

    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    while (!g_atomic_int_get(&port->stop)) {
        serve_settings(port);
        look_for_collector(port);
        turn(port);
    }
    return NULL;
}

/**
 * nilo_lab_port_new:
 * @bus: outlives the port
 * @stations: (element-type NiloLabStation) (nullable): on this bus, served with it; outlive the
 *   port
 * @downstream: (nullable): the collector that is the master of this bus; outlives the port
 * @folder: where a relative link is made
 * @error: return location for a #GIOErrorEnum
 *
 * Opens the pty or the listener (on an ephemeral port of the loopback), or waits for the collector,
 * and begins to serve.
 *
 * Returns: (transfer full) (nullable): the port
 */
NiloLabPort *
nilo_lab_port_new(NiloLabBus *bus, GPtrArray *stations, NiloLabDownstream *downstream,
                  const char *folder, GError **error)
{
    g_autoptr(NiloLabPort) port = g_new0(NiloLabPort, 1);
    const NiloLabBusSettings *settings = nilo_lab_bus_get_settings(bus);

    g_mutex_init(&port->lock);
    g_cond_init(&port->served_cond);
    port->bus = bus;
    port->stations = stations != NULL ? g_ptr_array_ref(stations) : g_ptr_array_new();
    port->downstream = downstream;
    port->fd = -1;
    port->listen_fd = -1;
    port->tcp = settings->tcp;
    port->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (settings->link != NULL && !settings->tcp)
        port->link = g_canonicalize_filename(settings->link, folder);
    if (!settings->unplugged && !plug(port, error)) {
        g_prefix_error(error, "bus %s: ", nilo_lab_bus_get_name(bus));
        return NULL;
    }
    port->thread = g_thread_new(nilo_lab_bus_get_name(bus), run, port);
    return g_steal_pointer(&port);
}

/* makes the thread look at its bus again */
static void
wake(NiloLabPort *port)
{
    const guint64 one = 1;

    (void)!write(port->wake_fd, &one, sizeof one);
}

/**
 * nilo_lab_port_free:
 * @port: (transfer full): a port
 *
 * Stops serving and removes the link.
 */
void
nilo_lab_port_free(NiloLabPort *port)
{
    if (port->thread != NULL) {
        g_atomic_int_set(&port->stop, 1);
        wake(port);
        g_thread_join(port->thread);
    }
    if (port->plugged)
        unplug(port);
    drop_fd(&port->fd);
    close(port->wake_fd);
    g_ptr_array_unref(port->stations);
    g_free(port->link);
    g_free(port->address);
    g_cond_clear(&port->served_cond);
    g_mutex_clear(&port->lock);
    g_free(port);
}

/**
 * nilo_lab_port_get_bus:
 * @port: a port
 *
 * Returns: (transfer none): the bus it serves
 */
NiloLabBus *
nilo_lab_port_get_bus(NiloLabPort *port)
{
    return port->bus;
}

/**
 * nilo_lab_port_get_address:
 * @port: a port
 *
 * Returns: (transfer full): "/dev/pts/N", "tcp:127.0.0.1:PORT" or "collector:NAME", "-" while
 *   unplugged
 */
char *
nilo_lab_port_get_address(NiloLabPort *port)
{
    char *address;

    g_mutex_lock(&port->lock);
    address = g_strdup(port->address != NULL ? port->address : "-");
    g_mutex_unlock(&port->lock);
    return address;
}

/**
 * nilo_lab_port_sync:
 * @port: a port whose bus is not locked by the caller
 *
 * Waits until the thread has done what the settings of the bus say: pulled the adapter out, put it
 * in, begun or ended the babble. At most 2 s.
 */
void
nilo_lab_port_sync(NiloLabPort *port)
{
    const gint64 end_us = g_get_monotonic_time() + SYNC_US;
    guint asked;

    g_mutex_lock(&port->lock);
    asked = ++port->asked;
    wake(port);
    while ((gint)(port->served - asked) < 0 &&
           g_cond_wait_until(&port->served_cond, &port->lock, end_us))
        ;
    g_mutex_unlock(&port->lock);
}
