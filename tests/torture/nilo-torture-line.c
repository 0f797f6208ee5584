/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-line.h"

#include "nilo-error.h"

#define NS_PER_US 1000

struct _NiloTortureLine {
    GObject parent_instance;

    NiloTortureWire *wire; /* borrowed, outlives us */
    guint speed_baud;
    NiloLineCounts counts;
};

typedef NiloLabBus LockedBus;

static LockedBus *
lock(NiloLabBus *bus)
{
    nilo_lab_bus_lock(bus);
    return bus;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LockedBus, nilo_lab_bus_unlock)

static gint64
get_now_us(const NiloTortureWire *wire)
{
    return nilo_clock_get_monotonic_us(NILO_CLOCK(wire->clock));
}

static void
wait_until_us(const NiloTortureWire *wire, gint64 until_us)
{
    const gint64 now_us = get_now_us(wire);

    if (until_us > now_us)
        nilo_fake_clock_advance(wire->clock, until_us - now_us);
}

static guint
get_home_speed(const NiloTortureWire *wire)
{
    return wire->speed_baud > 0 ? wire->speed_baud
                                : nilo_lab_bus_get_settings(wire->lab)->speed_baud;
}

static gboolean
check_plugged(const NiloTortureWire *wire, GError **error)
{
    if (!nilo_lab_bus_get_settings(wire->lab)->unplugged)
        return TRUE;
    g_set_error_literal(error, NILO_ERROR, NILO_ERROR_LINE_LOST, "the adapter was pulled out");
    return FALSE;
}

static gboolean
torture_line_configure(NiloLine *line, GObject *settings, GError **error)
{
    NiloTortureLine *self = NILO_TORTURE_LINE(line);

    self->speed_baud = get_home_speed(self->wire);
    return TRUE;
}

static gboolean
torture_line_set_speed(NiloLine *line, guint speed_baud, GError **error)
{
    NILO_TORTURE_LINE(line)->speed_baud = speed_baud;
    return TRUE;
}

static guint
torture_line_get_speed(NiloLine *line)
{
    return NILO_TORTURE_LINE(line)->speed_baud;
}

static gboolean
torture_line_send(NiloLine *line, const guint8 *bytes, gsize size, GCancellable *cancellable,
                  GError **error)
{
    NiloTortureLine *self = NILO_TORTURE_LINE(line);
    g_autoptr(LockedBus) bus = lock(self->wire->lab);
    gint64 end_ns;

    if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
        !check_plugged(self->wire, error))
        return FALSE;
    end_ns =
        nilo_lab_bus_hear(bus, bytes, size, get_now_us(self->wire) * NS_PER_US, self->speed_baud);
    wait_until_us(self->wire, (end_ns + NS_PER_US - 1) / NS_PER_US);
    return TRUE;
}

static gssize
torture_line_receive(NiloLine *line, guint8 *buffer, gsize size, gint64 deadline_us,
                     GCancellable *cancellable, GError **error)
{
    NiloTortureLine *self = NILO_TORTURE_LINE(line);
    NiloTortureWire *wire = self->wire;
    g_autoptr(LockedBus) bus = lock(wire->lab);
    gsize n = 0;
    gint64 due_ns;

    if (g_cancellable_set_error_if_cancelled(cancellable, error) || !check_plugged(wire, error))
        return -1;
    while (n < size && nilo_lab_bus_peek(bus, get_now_us(wire) * NS_PER_US, &due_ns)) {
        const gint64 due_us = (due_ns + NS_PER_US - 1) / NS_PER_US;
        NiloLabByte byte;

        if (due_us > get_now_us(wire) && (n > 0 || due_us > deadline_us))
            break;
        wait_until_us(wire, due_us);
        if (!nilo_lab_bus_take(bus, &byte))
            break;
        nilo_lab_bus_sent(bus, &byte, byte.end_ns);
        self->counts.bytes++;
        if ((byte.damaged || wire->wrong_parity) && !wire->hides_damage)
            self->counts.parity_errors++;
        buffer[n++] = byte.byte;
    }
    if (n == 0)
        wait_until_us(wire, deadline_us);
    return (gssize)n;
}

static void
torture_line_discard(NiloLine *line)
{
    const gint64 now_us = get_now_us(NILO_TORTURE_LINE(line)->wire);
    guint8 gone[64];

    while (torture_line_receive(line, gone, sizeof gone, now_us, NULL, NULL) > 0)
        ;
}

static void
torture_line_get_counts(NiloLine *line, NiloLineCounts *counts)
{
    *counts = NILO_TORTURE_LINE(line)->counts;
}

static void
torture_line_iface_init(NiloLineInterface *iface)
{
    iface->configure = torture_line_configure;
    iface->set_speed = torture_line_set_speed;
    iface->get_speed = torture_line_get_speed;
    iface->send = torture_line_send;
    iface->receive = torture_line_receive;
    iface->discard = torture_line_discard;
    iface->get_counts = torture_line_get_counts;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloTortureLine, nilo_torture_line, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_LINE, torture_line_iface_init))

static void
nilo_torture_line_class_init(NiloTortureLineClass *klass)
{
}

static void
nilo_torture_line_init(NiloTortureLine *self)
{
}

struct _NiloTortureTransport {
    GObject parent_instance;

    NiloTortureWire *wire; /* borrowed, outlives us */
};

static NiloLine *
torture_transport_open(NiloTransport *transport, NiloClock *clock, GCancellable *cancellable,
                       GError **error)
{
    NiloTortureWire *wire = NILO_TORTURE_TRANSPORT(transport)->wire;
    g_autoptr(LockedBus) bus G_GNUC_UNUSED = lock(wire->lab);
    NiloTortureLine *line;

    if (!check_plugged(wire, error))
        return NULL;
    line = g_object_new(NILO_TYPE_TORTURE_LINE, NULL);
    line->wire = wire;
    line->speed_baud = get_home_speed(wire);
    return NILO_LINE(line);
}

static const char *
torture_transport_get_port(NiloTransport *transport)
{
    return nilo_lab_bus_get_name(NILO_TORTURE_TRANSPORT(transport)->wire->lab);
}

static void
torture_transport_iface_init(NiloTransportInterface *iface)
{
    iface->open = torture_transport_open;
    iface->get_port = torture_transport_get_port;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloTortureTransport, nilo_torture_transport, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_TRANSPORT,
                                                    torture_transport_iface_init))

static void
nilo_torture_transport_class_init(NiloTortureTransportClass *klass)
{
}

static void
nilo_torture_transport_init(NiloTortureTransport *self)
{
}

NiloTransport *
nilo_torture_transport_new(NiloTortureWire *wire)
{
    NiloTortureTransport *self = g_object_new(NILO_TYPE_TORTURE_TRANSPORT, NULL);

    self->wire = wire;
    return NILO_TRANSPORT(self);
}
