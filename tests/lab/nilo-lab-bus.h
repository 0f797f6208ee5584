/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-collision.h"
#include "nilo-lab-log.h"
#include "nilo-lab-meter.h"

G_BEGIN_DECLS

typedef enum {
    NILO_LAB_BUS_MBUS,
    NILO_LAB_BUS_RS485,
} NiloLabBusKind;

/* What the estate file says about a bus; all but kind, link and tcp may change while it runs.
 */
typedef struct {
    NiloLabBusKind kind;
    guint speed_baud;
    char *link; /* (nullable): symbolic link to the pty */
    gboolean tcp;
    gboolean echo;          /* the adapter hears what it sends */
    guint noise_ppm;        /* of bytes hit by noise, either way */
    guint drop_ppm;         /* of bytes lost, either way */
    guint junk_ppm;         /* of bytes before which one appears from nowhere */
    guint late_ppm;         /* of answers that come late */
    guint late_ms;          /* by how much */
    gboolean babble;        /* somebody talks without end */
    gboolean wrong_parity;  /* the master's parity is not the others': they hear nothing sound */
    guint second_ms;        /* another master rests so long on average; 0: there is none */
    guint second_break_ppm; /* of its requests that break off */
    gboolean unplugged;     /* the adapter */
    guint cut_after;        /* meters before the cut; G_MAXUINT: whole */
} NiloLabBusSettings;

/* Counted from the start or the last reset. Wire times are ideal: bytes x 11 bit times. */
typedef struct {
    guint64 requests; /* sound ones */
    guint64 answered; /* of these */
    guint64 collisions;
    guint64 bytes_in;
    guint64 bytes_out;
    gint64 wire_in_ns;
    gint64 wire_out_ns;
    gint64 live_ns;   /* answered requests: request, delay and answer on the wire */
    gint64 silent_ns; /* requests nobody answered, on the wire */
    gint64 first_ns;  /* start of the first byte of the first request */
    gint64 last_ns;   /* end of the last byte, either way */
    guint64 flips;
    guint64 drops;
    guint64 junk;
    guint64 late_answers;
    guint64 echoes;            /* bytes the adapter heard of itself */
    guint64 second_requests;   /* of another master, whole or broken off */
    gint64 pacing_late_max_ns; /* how far behind its time a byte went out at worst */
    gint64 pacing_late_sum_ns;
} NiloLabBusStats;

typedef struct _NiloLabBus NiloLabBus;

/* Called with the bus locked for each byte on the wire that a station can hear, ahead of its time;
 * @speed_baud is that of who sent it. */
typedef void (*NiloLabBusHearFunc)(const NiloLabByte *byte, guint speed_baud, gpointer user_data);

NiloLabBus *nilo_lab_bus_new(const char *name, guint64 seed);
void nilo_lab_bus_free(NiloLabBus *bus);
void nilo_lab_bus_lock(NiloLabBus *bus);
void nilo_lab_bus_unlock(NiloLabBus *bus);
void nilo_lab_bus_add_meter(NiloLabBus *bus, NiloLabMeter *meter);
guint nilo_lab_bus_add_station(NiloLabBus *bus, const char *name, NiloLabBusHearFunc func,
                               gpointer user_data);
void nilo_lab_bus_say_as_master(NiloLabBus *bus, const guint8 *bytes, gsize size, guint speed_baud,
                                gint64 start_ns);
gint64 nilo_lab_bus_delay_answer(NiloLabBus *bus);
void nilo_lab_bus_say(NiloLabBus *bus, guint station, const NiloLabByte *byte);
void nilo_lab_bus_set_time(NiloLabBus *bus, const NiloLabTime *time);
void nilo_lab_bus_set_log(NiloLabBus *bus, NiloLabLog *log);

const char *nilo_lab_bus_get_name(NiloLabBus *bus);
NiloLabBusSettings *nilo_lab_bus_get_settings(NiloLabBus *bus);
GPtrArray *nilo_lab_bus_get_meters(NiloLabBus *bus);
NiloLabBusStats *nilo_lab_bus_get_stats(NiloLabBus *bus);
gint64 nilo_lab_bus_get_utc_us(NiloLabBus *bus, gint64 mono_ns);

guint nilo_lab_bus_get_speed_baud(NiloLabBus *bus);
gint64 nilo_lab_bus_byte_ns(NiloLabBus *bus, guint speed_baud);
void nilo_lab_bus_hear_byte(NiloLabBus *bus, guint8 byte, gint64 end_ns, guint speed_baud);
gint64 nilo_lab_bus_hear(NiloLabBus *bus, const guint8 *bytes, gsize size, gint64 start_ns,
                         guint speed_baud);
gboolean nilo_lab_bus_plan(NiloLabBus *bus, gint64 now_ns, gint64 *due_ns);
gboolean nilo_lab_bus_peek(NiloLabBus *bus, gint64 now_ns, gint64 *due_ns);
gboolean nilo_lab_bus_take(NiloLabBus *bus, NiloLabByte *byte);
void nilo_lab_bus_sent(NiloLabBus *bus, const NiloLabByte *byte, gint64 mono_ns);
void nilo_lab_bus_silence(NiloLabBus *bus);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabBus, nilo_lab_bus_free)

G_END_DECLS
