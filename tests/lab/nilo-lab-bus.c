/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One wire with its meters, as a pure machine over stamped bytes: no file descriptor, no clock. The
 * hub feeds it from a pty in real time; tests feed it with fake time.
 */
#include "nilo-lab-bus.h"

#include "nilo-lab-second-master.h"

#include <string.h>

#define NS_PER_S      G_GINT64_CONSTANT(1000000000)
#define NS_PER_MS     G_GINT64_CONSTANT(1000000)
#define BITS_PER_BYTE 11
#define MAX_HEARD     512
#define MAX_QUEUE     65536
/* a slave gives up a broken request after this rest; generous, because requests come through USB */
#define GAP_NS   (50 * NS_PER_MS)
#define GAP_BITS 33
/* when noise answers for a meter that does not */
#define JUNK_DELAY_NS (40 * NS_PER_MS)

/* Somebody on the wire who is no virtual meter: bytes in, bytes out. */
typedef struct {
    char *name;
    NiloLabBusHearFunc hear;
    gpointer user_data; /* borrowed, outlives us */
} Station;

struct _NiloLabBus {
    GMutex lock;
    char *name;
    NiloLabBusSettings settings;
    GPtrArray *meters; /* element-type NiloLabMeter, along the riser */
    GArray *stations;  /* element-type Station, behind the last meter */
    NiloLabRandom random;
    NiloLabTime time;
    NiloLabLog *log; /* borrowed, outlives us; nullable */
    NiloLabBusStats stats;
    guint8 heard[MAX_HEARD];
    gsize heard_size;
    gint64 heard_end_ns;
    guint speed_baud; /* of the last byte of the first master; 0: it has said nothing */
    GArray *queue;    /* element-type NiloLabByte, in order of time */
    guint queue_head;
    gint64 out_end_ns; /* of the last byte taken */
    gint64 babble_end_ns;
    NiloLabSecondMaster *second;
    gint64 first_end_ns;  /* of the last byte of the first master */
    gint64 second_end_ns; /* of the other */
    GByteArray *sent;     /* of the answer that is going out */
    gint64 open_wire_ns;  /* of the request that nobody has answered yet; 0: none */
};

static void
clear_station(gpointer data)
{
    Station *station = data;

    g_free(station->name);
}

static void
event_cb(NiloLabMeter *meter, gint64 mono_ns, const char *event, gpointer user_data)
{
    NiloLabBus *bus = user_data;

    nilo_lab_log_write(bus->log, mono_ns, bus->name, "event", meter->name, "%s", event);
}

/**
 * nilo_lab_bus_new:
 * @name: unique in the estate
 * @seed: the estate's seed; the bus's own chance comes from it and @name
 *
 * Returns: (transfer full): an M-Bus at 2400 Bd without meters or faults
 */
NiloLabBus *
nilo_lab_bus_new(const char *name, guint64 seed)
{
    NiloLabBus *bus = g_new0(NiloLabBus, 1);

    g_mutex_init(&bus->lock);
    bus->name = g_strdup(name);
    bus->settings.speed_baud = 2400;
    bus->settings.late_ms = 900;
    bus->settings.cut_after = G_MAXUINT;
    bus->meters = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_lab_meter_free);
    bus->queue = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));
    bus->sent = g_byte_array_new();
    bus->second = nilo_lab_second_master_new();
    bus->stations = g_array_new(FALSE, FALSE, sizeof(Station));
    g_array_set_clear_func(bus->stations, clear_station);
    nilo_lab_random_init(&bus->random, nilo_lab_hash_text(seed, name));
    return bus;
}

/**
 * nilo_lab_bus_free:
 * @bus: (transfer full): a bus
 *
 * Takes the bus down, with its meters.
 */
void
nilo_lab_bus_free(NiloLabBus *bus)
{
    g_array_unref(bus->stations);
    nilo_lab_second_master_free(bus->second);
    g_byte_array_unref(bus->sent);
    g_array_unref(bus->queue);
    g_ptr_array_unref(bus->meters);
    g_free(bus->settings.link);
    g_free(bus->name);
    g_mutex_clear(&bus->lock);
    g_free(bus);
}

/**
 * nilo_lab_bus_lock:
 * @bus: a bus
 *
 * Everything about a bus and its meters is touched with the lock held, once a second thread exists.
 */
void
nilo_lab_bus_lock(NiloLabBus *bus)
{
    g_mutex_lock(&bus->lock);
}

/**
 * nilo_lab_bus_unlock:
 * @bus: a locked bus
 *
 * Lets the other thread.
 */
void
nilo_lab_bus_unlock(NiloLabBus *bus)
{
    g_mutex_unlock(&bus->lock);
}

/**
 * nilo_lab_bus_add_meter:
 * @bus: a bus
 * @meter: (transfer full): hangs behind all others
 *
 * Connects a meter.
 */
void
nilo_lab_bus_add_meter(NiloLabBus *bus, NiloLabMeter *meter)
{
    meter->event_func = event_cb;
    meter->event_data = bus;
    g_ptr_array_add(bus->meters, meter);
}

/**
 * nilo_lab_bus_add_station:
 * @bus: a bus
 * @name: for the log
 * @func: hears what is on the wire
 * @user_data: outlives the bus
 *
 * Connects somebody who listens for himself, behind the last meter.
 *
 * Returns: who he is, for nilo_lab_bus_say()
 */
guint
nilo_lab_bus_add_station(NiloLabBus *bus, const char *name, NiloLabBusHearFunc func,
                         gpointer user_data)
{
    const Station station = {g_strdup(name), func, user_data};

    g_array_append_val(bus->stations, station);
    return bus->stations->len - 1;
}

/**
 * nilo_lab_bus_set_time:
 * @bus: a bus
 * @time: copied: the estate's time
 *
 * Sets the estate's time for all meters of the bus.
 */
void
nilo_lab_bus_set_time(NiloLabBus *bus, const NiloLabTime *time)
{
    bus->time = *time;
}

/**
 * nilo_lab_bus_set_log:
 * @bus: a bus
 * @log: (nullable): where events go; outlives the bus
 *
 * Sets the event log.
 */
void
nilo_lab_bus_set_log(NiloLabBus *bus, NiloLabLog *log)
{
    bus->log = log;
}

/**
 * nilo_lab_bus_get_name:
 * @bus: a bus
 *
 * Returns: its name
 */
const char *
nilo_lab_bus_get_name(NiloLabBus *bus)
{
    return bus->name;
}

/**
 * nilo_lab_bus_get_settings:
 * @bus: a bus
 *
 * Returns: (transfer none): settings and faults, to read and to change
 */
NiloLabBusSettings *
nilo_lab_bus_get_settings(NiloLabBus *bus)
{
    return &bus->settings;
}

/**
 * nilo_lab_bus_get_meters:
 * @bus: a bus
 *
 * Returns: (transfer none) (element-type NiloLabMeter): along the riser
 */
GPtrArray *
nilo_lab_bus_get_meters(NiloLabBus *bus)
{
    return bus->meters;
}

/**
 * nilo_lab_bus_get_stats:
 * @bus: a bus
 *
 * Returns: (transfer none): counters, to read and to reset
 */
NiloLabBusStats *
nilo_lab_bus_get_stats(NiloLabBus *bus)
{
    return &bus->stats;
}

/**
 * nilo_lab_bus_get_utc_us:
 * @bus: a bus
 * @mono_ns: a stamp
 *
 * Returns: estate time at that stamp
 */
gint64
nilo_lab_bus_get_utc_us(NiloLabBus *bus, gint64 mono_ns)
{
    return nilo_lab_time_at(&bus->time, mono_ns);
}

/**
 * nilo_lab_bus_get_speed_baud:
 * @bus: a bus
 *
 * Returns: the speed at which the master last spoke, and is taken to listen; before, the bus's own
 */
guint
nilo_lab_bus_get_speed_baud(NiloLabBus *bus)
{
    return bus->speed_baud > 0 ? bus->speed_baud : bus->settings.speed_baud;
}

/**
 * nilo_lab_bus_byte_ns:
 * @bus: a bus
 * @speed_baud: of the line; 0: the bus's own
 *
 * Returns: how long a character takes: 11 bit times
 */
gint64
nilo_lab_bus_byte_ns(NiloLabBus *bus, guint speed_baud)
{
    return BITS_PER_BYTE * NS_PER_S / (speed_baud > 0 ? speed_baud : bus->settings.speed_baud);
}

/* --- what goes out -----------------------------------------------------------------------------
 */

static gboolean
is_connected(NiloLabBus *bus, guint station)
{
    return bus->settings.cut_after > bus->meters->len + station;
}

/* @from: who says it, -1: the master, or nobody */
static void
tell_stations(NiloLabBus *bus, const NiloLabByte *byte, guint speed_baud, gint from)
{
    for (guint i = 0; i < bus->stations->len; i++) {
        const Station *station = &g_array_index(bus->stations, Station, i);

        if ((gint)(bus->meters->len + i) != from && is_connected(bus, i))
            station->hear(byte, speed_baud, station->user_data);
    }
}

/* on RS485 everybody hears everybody; on M-Bus only the master hears the current of a slave */
static void
queue_byte(NiloLabBus *bus, NiloLabByte byte)
{
    if (bus->queue->len - bus->queue_head >= MAX_QUEUE)
        return;
    nilo_lab_bytes_insert(bus->queue, bus->queue_head, &byte,
                          nilo_lab_bus_byte_ns(bus, bus->speed_baud));
    if (bus->settings.kind == NILO_LAB_BUS_RS485)
        tell_stations(bus, &byte, nilo_lab_bus_get_speed_baud(bus), byte.meter);
}

/* what noise does to one byte: mostly one bit, which parity shows, sometimes more */
static guint8
hit(NiloLabBus *bus, guint8 byte, gboolean *damaged)
{
    const guint32 dice = nilo_lab_random_below(&bus->random, 20);
    const guint flips = dice < 15 ? 1 : dice < 19 ? 2 : 3;
    guint mask = 0;

    while ((guint)__builtin_popcount(mask) < flips)
        mask |= 1u << nilo_lab_random_below(&bus->random, 9); /* the ninth is the parity bit */
    bus->stats.flips++;
    *damaged = *damaged || (flips & 1) != 0;
    return (guint8)(byte ^ mask);
}

static void
queue_junk(NiloLabBus *bus, gint64 end_ns)
{
    const NiloLabByte junk = {.end_ns = end_ns,
                              .byte = (guint8)nilo_lab_random_below(&bus->random, 256),
                              .damaged = nilo_lab_random_below(&bus->random, 2) == 0,
                              .meter = -1};

    bus->stats.junk++;
    queue_byte(bus, junk);
}

/* puts one answer on the wire, with the faults of the bus; junk pushes what follows back */
static void
queue_answer(NiloLabBus *bus, GArray *bytes)
{
    const NiloLabBusSettings *settings = &bus->settings;
    const gint64 byte_ns = nilo_lab_bus_byte_ns(bus, bus->speed_baud);
    gint64 shift_ns = 0;

    for (guint i = 0; i < bytes->len; i++) {
        NiloLabByte byte = g_array_index(bytes, NiloLabByte, i);

        if (nilo_lab_random_happens(&bus->random, settings->junk_ppm)) {
            queue_junk(bus, byte.end_ns + shift_ns);
            shift_ns += byte_ns;
        }
        byte.end_ns += shift_ns;
        if (nilo_lab_random_happens(&bus->random, settings->drop_ppm)) {
            bus->stats.drops++;
            if (byte.last && bus->queue->len > bus->queue_head)
                g_array_index(bus->queue, NiloLabByte, bus->queue->len - 1).last = TRUE;
            continue;
        }
        if (nilo_lab_random_happens(&bus->random, settings->noise_ppm))
            byte.byte = hit(bus, byte.byte, &byte.damaged);
        queue_byte(bus, byte);
    }
}

/* --- requests ----------------------------------------------------------------------------------
 */

/* a collision: signals that touch each other */
static gboolean
touch(const GArray *signals, gint64 byte_ns)
{
    for (guint i = 0; i < signals->len; i++) {
        const NiloLabSignal *a = &g_array_index(signals, NiloLabSignal, i);

        for (guint k = i + 1; k < signals->len; k++) {
            const NiloLabSignal *b = &g_array_index(signals, NiloLabSignal, k);

            if (a->start_ns < b->start_ns + (gint64)b->size * byte_ns &&
                b->start_ns < a->start_ns + (gint64)a->size * byte_ns)
                return TRUE;
        }
    }
    return FALSE;
}

static void
free_signal(gpointer data)
{
    NiloLabSignal *signal = data;

    g_free((gpointer)signal->bytes);
}

static GArray *
collect_signals(NiloLabBus *bus, const NiloLabHeard *heard)
{
    const guint n = MIN(bus->meters->len, bus->settings.cut_after);
    GArray *signals = g_array_new(FALSE, FALSE, sizeof(NiloLabSignal));

    g_array_set_clear_func(signals, free_signal);
    for (guint i = 0; i < n; i++) {
        NiloLabAnswer answer;
        NiloLabSignal signal;

        if (!nilo_lab_meter_hear(g_ptr_array_index(bus->meters, i), heard, &answer))
            continue;
        answer.delay_ns += nilo_lab_bus_delay_answer(bus);
        signal = (NiloLabSignal){.start_ns = heard->end_ns + answer.delay_ns,
                                 .bytes = g_memdup2(answer.bytes, answer.size),
                                 .size = answer.size,
                                 .meter = (gint)i};
        g_array_append_val(signals, signal);
    }
    return signals;
}

static void
count_request(NiloLabBus *bus, const NiloLabHeard *heard, gsize size, gint64 answer_end_ns)
{
    NiloLabBusStats *stats = &bus->stats;
    const gint64 wire_ns = (gint64)size * nilo_lab_bus_byte_ns(bus, heard->speed_baud);

    if (stats->requests++ == 0)
        stats->first_ns = heard->end_ns - wire_ns;
    bus->open_wire_ns = answer_end_ns == 0 ? wire_ns : 0;
    if (answer_end_ns == 0) {
        stats->silent_ns += wire_ns;
        return;
    }
    stats->answered++;
    stats->live_ns += wire_ns + answer_end_ns - heard->end_ns;
}

static void
answer_request(NiloLabBus *bus, NiloLabHeard *heard, const guint8 *bytes, gsize size)
{
    const gint64 byte_ns = nilo_lab_bus_byte_ns(bus, heard->speed_baud);
    g_autoptr(GArray) signals = NULL;
    g_autoptr(GArray) answer = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));

    nilo_lab_log_write_bytes(bus->log, heard->end_ns, bus->name, "in", "-", bytes, size);
    heard->utc_us = nilo_lab_time_at(&bus->time, heard->end_ns);
    signals = collect_signals(bus, heard);
    if (signals->len > 0) {
        if (signals->len > 1 && touch(signals, byte_ns))
            bus->stats.collisions++;
        nilo_lab_signals_hear((NiloLabSignal *)(gpointer)signals->data, signals->len, byte_ns,
                              answer);
    }
    count_request(bus, heard, size,
                  answer->len > 0 ? g_array_index(answer, NiloLabByte, answer->len - 1).end_ns : 0);
    queue_answer(bus, answer);
    if (signals->len == 0 && nilo_lab_random_happens(&bus->random, bus->settings.junk_ppm))
        queue_junk(bus, heard->end_ns + JUNK_DELAY_NS);
}

/* how many bytes at the front are done with; 0: wait for more */
static gsize
digest(NiloLabBus *bus, guint speed_baud)
{
    NiloLabHeard heard = {.end_ns = bus->heard_end_ns, .speed_baud = speed_baud};
    const NiloLabFit cjt188 = nilo_lab_cjt188_frame_fit(bus->heard, bus->heard_size, &heard.cjt188);
    const NiloLabFit mbus = nilo_lab_mbus_frame_fit(bus->heard, bus->heard_size, &heard.mbus);
    gsize size;

    if (mbus != NILO_LAB_FIT_COMPLETE && cjt188 != NILO_LAB_FIT_COMPLETE)
        return mbus == NILO_LAB_FIT_NONE && cjt188 == NILO_LAB_FIT_NONE ? 1 : 0;
    heard.is_mbus = mbus == NILO_LAB_FIT_COMPLETE;
    size = heard.is_mbus ? heard.mbus.size : heard.cjt188.size;
    nilo_lab_second_master_learn(bus->second, &heard, bus->heard, size);
    answer_request(bus, &heard, bus->heard, size);
    return size;
}

static void
forget_heard(NiloLabBus *bus)
{
    bus->heard_size = 0;
}

/* what the meters get of one byte of a master */
static void
pass_to_meters(NiloLabBus *bus, guint8 byte, gint64 start_ns, gint64 end_ns, guint speed_baud)
{
    const gint64 gap_ns = GAP_NS + GAP_BITS * NS_PER_S / speed_baud;

    if (start_ns - bus->heard_end_ns > gap_ns || bus->heard_size == MAX_HEARD)
        forget_heard(bus);
    bus->heard_end_ns = end_ns;
    bus->heard[bus->heard_size++] = byte;
    while (bus->heard_size > 0) {
        const gsize done = digest(bus, speed_baud);

        if (done == 0)
            return;
        memmove(bus->heard, bus->heard + done, bus->heard_size - done);
        bus->heard_size -= done;
    }
}

/* --- another master ----------------------------------------------------------------------------
 */

/* whether an answer is on the wire between the two moments */
static gboolean
is_answered(NiloLabBus *bus, gint64 start_ns, gint64 end_ns)
{
    const gint64 byte_ns = nilo_lab_bus_byte_ns(bus, bus->speed_baud);

    for (guint i = bus->queue_head; i < bus->queue->len; i++) {
        const NiloLabByte *byte = &g_array_index(bus->queue, NiloLabByte, i);

        if (byte->meter >= 0 && byte->end_ns > start_ns && byte->end_ns - byte_ns < end_ns)
            return TRUE;
    }
    return FALSE;
}

/* what the first master's adapter makes of a byte of the other */
static void
hear_as_master(NiloLabBus *bus, const NiloLabByte *byte, guint speed_baud)
{
    const guint own_baud = nilo_lab_bus_get_speed_baud(bus);
    g_autoptr(GArray) heard = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));

    nilo_lab_byte_resample(byte, speed_baud, own_baud, heard);
    for (guint i = 0; i < heard->len; i++)
        nilo_lab_bytes_insert(bus->queue, bus->queue_head, &g_array_index(heard, NiloLabByte, i),
                              nilo_lab_bus_byte_ns(bus, own_baud));
}

/* On RS485 the first one's adapter hears the other; on M-Bus it hears currents alone. Two at once
 * are heard as a sum by who listens for himself, and not at all by meters. */
static void
hear_second(NiloLabBus *bus, NiloLabByte *byte, guint speed_baud)
{
    const gint64 start_ns = byte->end_ns - BITS_PER_BYTE * NS_PER_S / speed_baud;
    const gboolean is_shared = bus->settings.kind == NILO_LAB_BUS_RS485;

    byte->damaged =
        start_ns < bus->first_end_ns || (is_shared && is_answered(bus, start_ns, byte->end_ns));
    bus->second_end_ns = byte->end_ns;
    tell_stations(bus, byte, speed_baud, -1);
    if (is_shared)
        hear_as_master(bus, byte, speed_baud);
    if (byte->damaged)
        forget_heard(bus);
    else
        pass_to_meters(bus, byte->byte, start_ns, byte->end_ns, speed_baud);
}

/* lets it say what begins until then; FALSE: it has nothing more to say, else when it goes on */
static gboolean
run_second(NiloLabBus *bus, gint64 until_ns, gint64 *next_ns)
{
    const NiloLabBusSettings *settings = &bus->settings;

    while (nilo_lab_second_master_plan(bus->second, &bus->random, settings->second_ms,
                                       settings->second_break_ppm, settings->speed_baud, until_ns,
                                       next_ns)) {
        NiloLabByte byte;
        guint speed_baud;

        if (*next_ns > until_ns)
            return TRUE;
        bus->stats.second_requests +=
            nilo_lab_second_master_take(bus->second, &byte, &speed_baud) ? 1 : 0;
        hear_second(bus, &byte, speed_baud);
    }
    return FALSE;
}

/**
 * nilo_lab_bus_say_as_master:
 * @bus: a bus
 * @bytes: (array length=size): what another master says
 * @size: at most %NILO_LAB_SECOND_MASTER_MAX
 * @speed_baud: at this speed; 0: that of the bus
 * @start_ns: monotonic time of the first start bit
 *
 * Lets another master say this once, whoever talks.
 */
void
nilo_lab_bus_say_as_master(NiloLabBus *bus, const guint8 *bytes, gsize size, guint speed_baud,
                           gint64 start_ns)
{
    nilo_lab_second_master_say(bus->second, bytes, size,
                               speed_baud > 0 ? speed_baud : bus->settings.speed_baud, start_ns);
}

/* --- the master --------------------------------------------------------------------------------
 */

/* on RS485 a master that speaks while somebody else does is heard by nobody */
static gboolean
is_talked_over(NiloLabBus *bus, gint64 start_ns, gint64 end_ns)
{
    gint64 byte_ns = nilo_lab_bus_byte_ns(bus, bus->speed_baud);

    if (bus->settings.kind != NILO_LAB_BUS_RS485 || bus->settings.echo)
        return FALSE;
    if (start_ns < bus->out_end_ns)
        return TRUE;
    return bus->queue_head < bus->queue->len &&
           g_array_index(bus->queue, NiloLabByte, bus->queue_head).end_ns - byte_ns < end_ns;
}

/**
 * nilo_lab_bus_hear_byte:
 * @bus: a bus
 * @byte: what the master sent
 * @end_ns: monotonic time at the end of its stop bit; never runs backwards
 * @speed_baud: what the master's adapter is set to; 0: the speed of the bus
 *
 * Hears one byte. Answers appear in the queue, each byte with the time at which it is complete.
 */
void
nilo_lab_bus_hear_byte(NiloLabBus *bus, guint8 byte, gint64 end_ns, guint speed_baud)
{
    const NiloLabBusSettings *settings = &bus->settings;
    const gint64 byte_ns = nilo_lab_bus_byte_ns(bus, speed_baud);
    const gint64 start_ns = end_ns - byte_ns;
    gboolean damaged;
    gint64 next_ns;

    if (settings->unplugged)
        return;
    run_second(bus, start_ns, &next_ns);
    bus->speed_baud = speed_baud > 0 ? speed_baud : settings->speed_baud;
    bus->stats.bytes_in++;
    bus->stats.wire_in_ns += byte_ns;
    bus->stats.last_ns = MAX(bus->stats.last_ns, end_ns);
    bus->first_end_ns = end_ns;
    damaged = settings->wrong_parity || settings->babble || start_ns < bus->second_end_ns ||
              is_talked_over(bus, start_ns, end_ns);
    bus->stats.echoes += settings->echo ? 1 : 0;
    if (settings->echo)
        nilo_lab_bytes_insert(bus->queue, bus->queue_head,
                              &(NiloLabByte){.end_ns = end_ns, .byte = byte, .meter = -1}, byte_ns);
    if (nilo_lab_random_happens(&bus->random, settings->drop_ppm)) {
        bus->stats.drops++;
        return;
    }
    if (nilo_lab_random_happens(&bus->random, settings->noise_ppm))
        byte = hit(bus, byte, &damaged);
    /* what carries a station's bytes cannot say that one has a wrong parity */
    if (!settings->wrong_parity)
        tell_stations(
            bus, &(NiloLabByte){.end_ns = end_ns, .byte = byte, .damaged = damaged, .meter = -1},
            bus->speed_baud, -1);
    if (damaged)
        forget_heard(bus);
    else
        pass_to_meters(bus, byte, start_ns, end_ns, bus->speed_baud);
}

/**
 * nilo_lab_bus_hear:
 * @bus: a bus
 * @bytes: (array length=size): what the master sent, back to back
 * @size: how many
 * @start_ns: monotonic time of the first start bit
 * @speed_baud: what the master's adapter is set to; 0: the speed of the bus
 *
 * Hears several bytes.
 *
 * Returns: the end of the last stop bit
 */
gint64
nilo_lab_bus_hear(NiloLabBus *bus, const guint8 *bytes, gsize size, gint64 start_ns,
                  guint speed_baud)
{
    const gint64 byte_ns = nilo_lab_bus_byte_ns(bus, speed_baud);

    for (gsize i = 0; i < size; i++)
        nilo_lab_bus_hear_byte(bus, bytes[i], start_ns + (gint64)(i + 1) * byte_ns, speed_baud);
    return start_ns + (gint64)size * byte_ns;
}

/* the first byte of an answer ends the wait for one */
static void
count_answer(NiloLabBus *bus, const NiloLabByte *byte, gint64 byte_ns)
{
    NiloLabBusStats *stats = &bus->stats;

    if (bus->open_wire_ns == 0) {
        stats->live_ns += byte_ns;
        return;
    }
    stats->answered++;
    stats->silent_ns -= bus->open_wire_ns;
    stats->live_ns += bus->open_wire_ns + byte->end_ns - bus->heard_end_ns;
    bus->open_wire_ns = 0;
}

/**
 * nilo_lab_bus_delay_answer:
 * @bus: a bus
 *
 * Casts the dice for an answer that is about to begin.
 *
 * Returns: by how much it comes late; mostly 0
 */
gint64
nilo_lab_bus_delay_answer(NiloLabBus *bus)
{
    if (!nilo_lab_random_happens(&bus->random, bus->settings.late_ppm))
        return 0;
    bus->stats.late_answers++;
    return bus->settings.late_ms * NS_PER_MS;
}

/**
 * nilo_lab_bus_say:
 * @bus: a bus
 * @station: who
 * @byte: as it is at the speed of the bus; its time may lie ahead
 *
 * Puts a station's byte on the wire, with the faults of the bus.
 */
void
nilo_lab_bus_say(NiloLabBus *bus, guint station, const NiloLabByte *byte)
{
    const gint64 byte_ns = nilo_lab_bus_byte_ns(bus, bus->speed_baud);
    NiloLabByte said = *byte;
    const guint queued = bus->queue->len;

    if (bus->settings.unplugged || !is_connected(bus, station))
        return;
    said.meter = (gint)(bus->meters->len + station);
    count_answer(bus, &said, byte_ns);
    if (nilo_lab_random_happens(&bus->random, bus->settings.drop_ppm)) {
        bus->stats.drops++;
        return;
    }
    if (nilo_lab_random_happens(&bus->random, bus->settings.junk_ppm))
        queue_junk(bus, said.end_ns - byte_ns);
    if (nilo_lab_random_happens(&bus->random, bus->settings.noise_ppm))
        said.byte = hit(bus, said.byte, &said.damaged);
    queue_byte(bus, said);
    if (bus->queue->len == queued)
        bus->stats.collisions++;
}

/* --- the queue ---------------------------------------------------------------------------------
 */

static void
babble(NiloLabBus *bus, gint64 now_ns)
{
    const gint64 byte_ns = nilo_lab_bus_byte_ns(bus, bus->speed_baud);
    gint64 head_ns = G_MAXINT64;

    if (bus->queue_head < bus->queue->len)
        head_ns = g_array_index(bus->queue, NiloLabByte, bus->queue_head).end_ns;
    bus->babble_end_ns = MAX(bus->babble_end_ns, now_ns - byte_ns);
    if (bus->babble_end_ns + byte_ns > head_ns)
        return;
    bus->babble_end_ns += byte_ns;
    queue_junk(bus, bus->babble_end_ns);
}

/**
 * nilo_lab_bus_plan:
 * @bus: a bus
 * @now_ns: monotonic time
 * @due_ns: (out): when to call again; untouched without such a time
 *
 * Does what becomes due by itself: another master talks. To be called before nilo_lab_bus_peek().
 *
 * Returns: whether something will become due
 */
gboolean
nilo_lab_bus_plan(NiloLabBus *bus, gint64 now_ns, gint64 *due_ns)
{
    return !bus->settings.unplugged && run_second(bus, now_ns, due_ns);
}

/**
 * nilo_lab_bus_peek:
 * @bus: a bus
 * @now_ns: monotonic time
 * @due_ns: (out): when the next byte is complete, perhaps in the past; untouched without one
 *
 * Returns: whether a byte waits
 */
gboolean
nilo_lab_bus_peek(NiloLabBus *bus, gint64 now_ns, gint64 *due_ns)
{
    if (bus->settings.unplugged)
        return FALSE;
    if (bus->settings.babble)
        babble(bus, now_ns);
    if (bus->queue_head >= bus->queue->len)
        return FALSE;
    *due_ns = g_array_index(bus->queue, NiloLabByte, bus->queue_head).end_ns;
    return TRUE;
}

/**
 * nilo_lab_bus_take:
 * @bus: a bus
 * @byte: (out): the next byte; untouched without one
 *
 * Takes a byte off the queue; the caller waits for its time.
 *
 * Returns: whether there was one
 */
gboolean
nilo_lab_bus_take(NiloLabBus *bus, NiloLabByte *byte)
{
    const gint64 byte_ns = nilo_lab_bus_byte_ns(bus, bus->speed_baud);

    if (bus->queue_head >= bus->queue->len)
        return FALSE;
    *byte = g_array_index(bus->queue, NiloLabByte, bus->queue_head++);
    if (bus->queue_head == bus->queue->len) {
        g_array_set_size(bus->queue, 0);
        bus->queue_head = 0;
    }
    bus->out_end_ns = byte->end_ns;
    bus->stats.bytes_out++;
    bus->stats.wire_out_ns += byte_ns;
    bus->stats.last_ns = MAX(bus->stats.last_ns, byte->end_ns);
    return TRUE;
}

/**
 * nilo_lab_bus_sent:
 * @bus: a bus
 * @byte: as taken
 * @mono_ns: when it really went out
 *
 * Notes how well the hub kept the time, and logs each answer when its last byte is out.
 */
void
nilo_lab_bus_sent(NiloLabBus *bus, const NiloLabByte *byte, gint64 mono_ns)
{
    const gint64 late_ns = MAX(mono_ns - byte->end_ns, 0);
    const char *meter = "-";

    bus->stats.pacing_late_max_ns = MAX(bus->stats.pacing_late_max_ns, late_ns);
    bus->stats.pacing_late_sum_ns += late_ns;
    g_byte_array_append(bus->sent, &byte->byte, 1);
    if (!byte->last && bus->sent->len < MAX_HEARD)
        return;
    if (byte->meter >= (gint)bus->meters->len)
        meter = g_array_index(bus->stations, Station, byte->meter - (gint)bus->meters->len).name;
    else if (byte->meter >= 0)
        meter = ((NiloLabMeter *)g_ptr_array_index(bus->meters, byte->meter))->name;
    nilo_lab_log_write_bytes(bus->log, mono_ns, bus->name, "out", meter, bus->sent->data,
                             bus->sent->len);
    g_byte_array_set_size(bus->sent, 0);
}

/**
 * nilo_lab_bus_silence:
 * @bus: a bus
 *
 * Forgets all that is under way, as when the adapter is pulled out.
 */
void
nilo_lab_bus_silence(NiloLabBus *bus)
{
    g_array_set_size(bus->queue, 0);
    bus->queue_head = 0;
    g_byte_array_set_size(bus->sent, 0);
    forget_heard(bus);
}
