/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-station.h"

#include "nilo-lab-port.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_S      G_GINT64_CONSTANT(1000000000)
#define NS_PER_MS     G_GINT64_CONSTANT(1000000)
#define BITS_PER_BYTE 11
/* its speed changes neither within a request nor before it has said something, and asking takes a
 * moment */
#define ASK_NS    (20 * NS_PER_MS)
#define READ_SIZE 512

struct _NiloLabStation {
    NiloLabCollector *collector; /* borrowed, outlives us */
    NiloLabBus *bus;             /* borrowed, outlives us */
    guint index;
    GArray *inbox;    /* element-type NiloLabByte, in the order of time; guarded by the bus */
    guint line_baud;  /* of the bytes in there; the same */
    guint speed_baud; /* the collector's, when it was last asked; 0: deaf */
    gboolean even_parity;
    gint64 heard_ns;   /* end of the last byte delivered; 0: its speed must be asked */
    gint64 busy_ns;    /* until then its receiver is within a character */
    gint64 out_end_ns; /* of the last byte it said */
    int dead_fd;       /* its process has ended by itself; -1: it has not */
};

static void
hear(const NiloLabByte *byte, guint speed_baud, gpointer user_data)
{
    NiloLabStation *station = user_data;

    if (!nilo_lab_collector_is_running(station->collector))
        return;
    station->line_baud = speed_baud;
    nilo_lab_bytes_insert(station->inbox, 0, byte, BITS_PER_BYTE * NS_PER_S / speed_baud);
}

/**
 * nilo_lab_station_new:
 * @collector: outlives the station
 * @name: for the log
 * @bus: where its bus line hangs; outlives the station
 *
 * Returns: (transfer full): the collector on the wire
 */
NiloLabStation *
nilo_lab_station_new(NiloLabCollector *collector, const char *name, NiloLabBus *bus)
{
    NiloLabStation *station = g_new0(NiloLabStation, 1);

    station->collector = collector;
    station->bus = bus;
    station->dead_fd = -1;
    station->inbox = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));
    station->index = nilo_lab_bus_add_station(bus, name, hear, station);
    return station;
}

/**
 * nilo_lab_station_free:
 * @station: (transfer full): a station whose bus nobody serves any more
 */
void
nilo_lab_station_free(NiloLabStation *station)
{
    g_array_unref(station->inbox);
    g_free(station);
}

/**
 * nilo_lab_station_plug:
 * @station: a station whose collector was started
 *
 * Forgets the one that was there before.
 */
void
nilo_lab_station_plug(NiloLabStation *station)
{
    nilo_lab_bus_lock(station->bus);
    g_array_set_size(station->inbox, 0);
    station->heard_ns = 0;
    station->dead_fd = -1;
    station->speed_baud = 0;
    nilo_lab_bus_unlock(station->bus);
}

/**
 * nilo_lab_station_get_fd:
 * @station: a station
 *
 * Returns: readable when the collector has said something; -1 while it has no power
 */
int
nilo_lab_station_get_fd(NiloLabStation *station)
{
    const int fd = nilo_lab_collector_get_line_fd(station->collector, NILO_LAB_LINE_BUS);

    return fd == station->dead_fd ? -1 : fd;
}

static void
ask_speed(NiloLabStation *station)
{
    if (!nilo_lab_collector_get_line(station->collector, NILO_LAB_LINE_BUS, &station->speed_baud,
                                     &station->even_parity, NULL))
        station->speed_baud = 0;
}

/* the lab's wire is always 8E1; a receiver without parity takes that bit for the stop bit */
static gboolean
is_sound(const NiloLabStation *station, guint8 byte)
{
    return station->even_parity || (__builtin_popcount(byte) & 1) != 0;
}

static void
write_byte(NiloLabStation *station, guint8 byte)
{
    const int fd = nilo_lab_station_get_fd(station);

    /* a full socket loses it, as a UART would */
    if (fd >= 0 && is_sound(station, byte))
        (void)!send(fd, &byte, 1, MSG_NOSIGNAL);
}

static void
deliver(NiloLabStation *station, const NiloLabByte *byte, guint line_baud)
{
    g_autoptr(GArray) heard = NULL;

    if (byte->end_ns - station->heard_ns > ASK_NS)
        ask_speed(station);
    station->heard_ns = byte->end_ns;
    if (station->speed_baud == 0)
        return;
    if (nilo_lab_is_same_speed(station->speed_baud, line_baud)) {
        write_byte(station, byte->byte);
        return;
    }
    if (byte->end_ns - BITS_PER_BYTE * NS_PER_S / line_baud < station->busy_ns)
        return;
    heard = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));
    nilo_lab_byte_resample(byte, line_baud, station->speed_baud, heard);
    for (guint i = 0; i < heard->len; i++) {
        const NiloLabByte *garbage = &g_array_index(heard, NiloLabByte, i);

        write_byte(station, garbage->byte);
        station->busy_ns = garbage->end_ns;
    }
}

/**
 * nilo_lab_station_deliver:
 * @station: a station
 *
 * Hands the collector what is due.
 *
 * Returns: nanoseconds until the next byte; -1: none waits
 */
gint64
nilo_lab_station_deliver(NiloLabStation *station)
{
    for (;;) {
        const gint64 now_ns = nilo_lab_port_now_ns();
        gint64 due_ns = 0;
        NiloLabByte byte = {0};
        gboolean waiting;
        guint line_baud;

        nilo_lab_bus_lock(station->bus);
        line_baud = station->line_baud;
        waiting = station->inbox->len > 0;
        if (waiting) {
            byte = g_array_index(station->inbox, NiloLabByte, 0);
            due_ns = byte.end_ns;
            if (due_ns <= now_ns)
                g_array_remove_index(station->inbox, 0);
        }
        nilo_lab_bus_unlock(station->bus);
        if (!waiting)
            return -1;
        if (due_ns > now_ns)
            return due_ns - now_ns;
        deliver(station, &byte, line_baud);
    }
}

/* with the bus locked */
static void
say(NiloLabStation *station, const NiloLabByte *byte, guint line_baud)
{
    g_autoptr(GArray) heard = NULL;

    if (nilo_lab_is_same_speed(station->speed_baud, line_baud)) {
        nilo_lab_bus_say(station->bus, station->index, byte);
        return;
    }
    heard = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));
    nilo_lab_byte_resample(byte, station->speed_baud, line_baud, heard);
    for (guint i = 0; i < heard->len; i++)
        nilo_lab_bus_say(station->bus, station->index, &g_array_index(heard, NiloLabByte, i));
}

/**
 * nilo_lab_station_read:
 * @station: a station whose descriptor is readable
 *
 * Puts what the collector says onto the wire, from now on and at the pace of its line.
 */
void
nilo_lab_station_read(NiloLabStation *station)
{
    const gint64 now_ns = nilo_lab_port_now_ns();
    guint8 bytes[READ_SIZE];
    const int fd = nilo_lab_station_get_fd(station);
    guint line_baud, own_baud;
    const gssize size = fd < 0 ? 0 : recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (size == 0)
        station->dead_fd = fd;
    if (size <= 0)
        return;
    station->heard_ns = 0; /* it may be at another speed behind this: ask */
    if (station->speed_baud == 0)
        ask_speed(station);
    if (station->speed_baud == 0)
        return;
    nilo_lab_bus_lock(station->bus);
    /* what a divisor makes of 9600 is 9601: as good as the same, and no two bytes may touch */
    line_baud = nilo_lab_bus_get_speed_baud(station->bus);
    own_baud =
        nilo_lab_is_same_speed(station->speed_baud, line_baud) ? line_baud : station->speed_baud;
    if (now_ns > station->out_end_ns) /* else these go on behind others */
        station->out_end_ns = now_ns + nilo_lab_bus_delay_answer(station->bus);
    for (gssize i = 0; i < size; i++) {
        const gint64 byte_ns = BITS_PER_BYTE * NS_PER_S / own_baud;
        const NiloLabByte byte = {.end_ns = MAX(now_ns, station->out_end_ns) + byte_ns,
                                  .byte = bytes[i],
                                  .last = i + 1 == size};

        say(station, &byte, line_baud);
        station->out_end_ns = byte.end_ns;
    }
    nilo_lab_bus_unlock(station->bus);
    nilo_lab_collector_look(station->collector);
}
