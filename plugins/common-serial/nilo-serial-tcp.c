/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-tcp.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nilo-serial-wait.h"

/* a serial server that lost its power is noticed after a minute, also when nobody sends; one that
 * takes our bytes and confirms none, after 20 s */
#define KEEPALIVE_IDLE_S     30
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES     3
#define UNCONFIRMED_MS       20000

static void
set_option(int fd, int level, int option, int value)
{
    /* an option this kernel lacks makes the line slower to notice a loss, nothing else */
    if (setsockopt(fd, level, option, &value, sizeof value) != 0)
        nilo_log_debug(NULL, "socket option %d of level %d: %s", option, level, g_strerror(errno));
}

static void
set_options(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNCONFIRMED_MS);
}

static void
set_connect_error(const NiloSerialName *name, int number, GError **error)
{
    switch (number) {
    case ECONNREFUSED:
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                    _("serial server %s refuses connections on TCP port %u: is the port number "
                      "right, and is nobody else connected?"),
                    name->host, name->port);
        break;
    case ETIMEDOUT:
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                    _("serial server %s does not answer on TCP port %u"), name->host, name->port);
        break;
    default:
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                    _("cannot connect to serial server %s, TCP port %u: %s"), name->host,
                    name->port, g_strerror(number));
        break;
    }
}

/* 0, an errno, or -1 with an error when cancelled */
static int
connect_to(int fd, const struct addrinfo *address, NiloClock *clock, gint64 deadline_us,
           GCancellable *cancellable, GError **error)
{
    NiloSerialWaker waker = {0};
    int number = 0;
    socklen_t size = sizeof number;
    gint rc;

    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    nilo_serial_waker_set(&waker, cancellable);
    rc = nilo_serial_waker_wait(&waker, fd, POLLOUT, clock, deadline_us, error);
    nilo_serial_waker_set(&waker, NULL);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? number : errno;
}

static int
connect_first(const struct addrinfo *addresses, const NiloSerialName *name, NiloClock *clock,
              gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    int number = EHOSTUNREACH;

    for (const struct addrinfo *i = addresses; i != NULL; i = i->ai_next) {
        const int fd = socket(i->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        number = fd >= 0 ? connect_to(fd, i, clock, deadline_us, cancellable, error) : errno;
        if (number == 0) {
            set_options(fd);
            return fd;
        }
        if (fd >= 0)
            close(fd);
        if (number < 0)
            return -1;
    }
    set_connect_error(name, number, error);
    return -1;
}

/**
 * nilo_serial_tcp_connect:
 * @timeout_ms: for all addresses of the host together; looking up its name is not counted
 *
 * Returns: the socket; -1 with %NILO_ERROR_LINE_LOST or %G_IO_ERROR_CANCELLED
 */
int
nilo_serial_tcp_connect(const NiloSerialName *name, NiloClock *clock, guint timeout_ms,
                        GCancellable *cancellable, GError **error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    g_autofree char *service = g_strdup_printf("%u", name->port);
    struct addrinfo *addresses = NULL;
    gint64 deadline_us;
    int rc;

    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return -1;
    rc = getaddrinfo(name->host, service, &hints, &addresses);
    if (rc != 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                    _("serial server \"%s\" is unknown: %s"), name->host,
                    rc == EAI_SYSTEM ? g_strerror(errno) : gai_strerror(rc));
        return -1;
    }
    deadline_us = nilo_clock_get_monotonic_us(clock) + (gint64)timeout_ms * 1000;
    rc = connect_first(addresses, name, clock, deadline_us, cancellable, error);
    freeaddrinfo(addresses);
    return rc;
}
