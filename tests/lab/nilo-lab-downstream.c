/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-downstream.h"

#include "nilo-lab-port.h"

#include <fcntl.h>
#include <unistd.h>

#define NS_PER_MS G_GINT64_CONSTANT(1000000)
/* its speed does not change within a request, and asking takes a moment */
#define ASK_NS (20 * NS_PER_MS)

struct _NiloLabDownstream {
    NiloLabCollector *collector; /* borrowed, outlives us */
    NiloLabBus *bus;             /* borrowed, outlives us */
    char *name;
    GMutex lock;      /* guards the next one */
    int fd;           /* nobody has taken it yet; -1: none */
    guint speed_baud; /* of the port's thread, like the next one: what it was set to when asked */
    gint64 asked_ns;
};

/**
 * nilo_lab_downstream_new:
 * @collector: outlives this
 * @name: the collector's
 * @bus: the meters it reads; outlives this
 *
 * Returns: (transfer full): the line, without power
 */
NiloLabDownstream *
nilo_lab_downstream_new(NiloLabCollector *collector, const char *name, NiloLabBus *bus)
{
    NiloLabDownstream *downstream = g_new0(NiloLabDownstream, 1);

    g_mutex_init(&downstream->lock);
    downstream->collector = collector;
    downstream->bus = bus;
    downstream->name = g_strdup(name);
    downstream->fd = -1;
    return downstream;
}

static void
put_fd(NiloLabDownstream *downstream, int fd)
{
    g_mutex_lock(&downstream->lock);
    if (downstream->fd >= 0)
        close(downstream->fd);
    downstream->fd = fd;
    g_mutex_unlock(&downstream->lock);
}

/**
 * nilo_lab_downstream_free:
 * @downstream: (transfer full): a line whose bus nobody serves any more
 */
void
nilo_lab_downstream_free(NiloLabDownstream *downstream)
{
    put_fd(downstream, -1);
    g_mutex_clear(&downstream->lock);
    g_free(downstream->name);
    g_free(downstream);
}

/**
 * nilo_lab_downstream_plug:
 * @downstream: a line whose collector was started
 *
 * Lets the port take it, as soon as it looks again. The port has a descriptor of its own: it may
 * still be reading when the collector's is closed by a power cut.
 */
void
nilo_lab_downstream_plug(NiloLabDownstream *downstream)
{
    const int fd = nilo_lab_collector_get_line_fd(downstream->collector, NILO_LAB_LINE_METERS);

    put_fd(downstream, fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/**
 * nilo_lab_downstream_get_name:
 * @downstream: a line
 *
 * Returns: the collector's name
 */
const char *
nilo_lab_downstream_get_name(NiloLabDownstream *downstream)
{
    return downstream->name;
}

/**
 * nilo_lab_downstream_take_fd:
 * @downstream: a line
 *
 * Returns: (transfer full): a socket that carries its bytes both ways, when the collector has been
 *   started since the last call; -1: nothing new
 */
int
nilo_lab_downstream_take_fd(NiloLabDownstream *downstream)
{
    int fd;

    g_mutex_lock(&downstream->lock);
    fd = downstream->fd;
    downstream->fd = -1;
    g_mutex_unlock(&downstream->lock);
    return fd;
}

static void
ask_speed(NiloLabDownstream *downstream)
{
    const guint bus_baud = nilo_lab_bus_get_settings(downstream->bus)->speed_baud;
    gboolean even = FALSE;
    guint speed_baud = 0;

    downstream->speed_baud = 0;
    if (!nilo_lab_collector_get_line(downstream->collector, NILO_LAB_LINE_METERS, &speed_baud,
                                     &even, NULL) ||
        !even)
        return;
    downstream->speed_baud = nilo_lab_is_same_speed(speed_baud, bus_baud) ? bus_baud : speed_baud;
}

/**
 * nilo_lab_downstream_get_speed_baud:
 * @downstream: a line that has just said something
 *
 * Asks what the collector's part is really set to.
 *
 * Returns: bits per second, those of the bus where the difference is none to a UART; 0: nothing a
 *   meter could understand, for the line is not open, or its parity not even
 */
guint
nilo_lab_downstream_get_speed_baud(NiloLabDownstream *downstream)
{
    const gint64 now_ns = nilo_lab_port_now_ns();

    if (downstream->speed_baud == 0 || now_ns - downstream->asked_ns > ASK_NS)
        ask_speed(downstream);
    downstream->asked_ns = now_ns;
    return downstream->speed_baud;
}
