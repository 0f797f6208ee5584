/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-board.h"

#include "nilo-lab-mbus-records.h"
#include "nilo-lab-port.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define NS_PER_MS        G_GINT64_CONSTANT(1000000)
#define BOUNCE_NS        (2 * NS_PER_MS)
#define LOOK_AT_WATER_NS (200 * NS_PER_MS)
#define IDLE_US          (50 * G_TIME_SPAN_MILLISECOND)
#define FACTORY_BAUD     2400
#define MAX_WAITING      100000
#define READY_US         (10 * G_USEC_PER_SEC)
#define READY_STEP_US    2000
#define FILTERS_TO_WAIT  4
#define SELECTED         0xff /* in place of a primary address */
#define READ_METER_ML    1000

/* a contact, and the flat behind it; or a meter that is read, and then nothing else of this */
typedef struct {
    NiloLabMeter *meter; /* (nullable): borrowed from the meters' bus, outlives us */
    NiloLabMeter *flat;  /* only its water is used */
    gint64 start_ml;
    gint64 flat_start_ml; /* what the flat had used by then */
    guint64 given;        /* pulses */
    guint64 wanted;
    guint64 ordered; /* by hand, part of wanted */
    guint edge;      /* of the pulse that is being given; 0: none */
    guint bounces;   /* of that pulse */
    gint64 due_ns;   /* the next edge */
} Channel;

struct _NiloLabBoard {
    GMutex lock; /* guards the channels */
    char *name;
    NiloLabBoardSettings settings;
    NiloLabBus *bus;               /* borrowed, outlives us */
    NiloLabBus *meters_bus;        /* (nullable): the same */
    NiloLabCollector *collector;   /* nullable until the start */
    NiloLabStation *station;       /* the same */
    NiloLabDownstream *downstream; /* (nullable): without a bus for it there is none */
    NiloLabRandom random;
    gint zone_offset_minutes;
    Channel channels[NILO_LAB_CHANNELS];
    gint64 water_ns; /* when the flats were last looked at */
    gint64 ready_ns; /* from then on a pulse is seen */
};

/**
 * nilo_lab_board_settings_init:
 * @settings: (out caller-allocates): eight flats, 10 l a pulse, on the host
 */
void
nilo_lab_board_settings_init(NiloLabBoardSettings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->port = NILO_LAB_COLLECTOR_HOST;
    settings->channels = NILO_LAB_CHANNELS;
    settings->first_address = -1;
    settings->ml_per_pulse = 10000;
    settings->bounces = 3;
    settings->hold_ms = 100;
    settings->filter_ms = 30;
    nilo_lab_meter_settings_init(&settings->water);
    settings->water.protocol = NILO_LAB_PROTOCOL_CJT188;
}

/**
 * nilo_lab_board_new:
 * @name: unique in the estate
 * @settings: copied
 * @bus: where it hangs; outlives the board
 * @seed: of the estate
 * @zone_offset_minutes: local time against UTC
 *
 * Returns: (transfer full): a collector without power
 */
NiloLabBoard *
nilo_lab_board_new(const char *name, const NiloLabBoardSettings *settings, NiloLabBus *bus,
                   guint64 seed, gint zone_offset_minutes)
{
    NiloLabBoard *board = g_new0(NiloLabBoard, 1);

    g_mutex_init(&board->lock);
    board->name = g_strdup(name);
    board->settings = *settings;
    board->settings.settings = g_strdup(settings->settings);
    board->bus = bus;
    board->zone_offset_minutes = zone_offset_minutes;
    nilo_lab_random_init(&board->random, nilo_lab_hash_text(seed, name));
    for (guint i = 0; i < settings->channels; i++) {
        NiloLabMeterSettings flat = settings->water;
        g_autofree char *number = nilo_lab_board_get_number(board, i);

        g_strlcpy(flat.id, number, sizeof flat.id);
        board->channels[i].flat =
            nilo_lab_meter_new(number, &flat, FACTORY_BAUD, seed, zone_offset_minutes);
    }
    return board;
}

/**
 * nilo_lab_board_free:
 * @board: (transfer full): a board that nobody serves any more
 *
 * Cuts its power.
 */
void
nilo_lab_board_free(NiloLabBoard *board)
{
    g_clear_pointer(&board->downstream, nilo_lab_downstream_free);
    g_clear_pointer(&board->station, nilo_lab_station_free);
    g_clear_pointer(&board->collector, nilo_lab_collector_free);
    for (guint i = 0; i < board->settings.channels; i++)
        nilo_lab_meter_free(board->channels[i].flat);
    g_free(board->settings.settings);
    g_free(board->name);
    g_mutex_clear(&board->lock);
    g_free(board);
}

/**
 * nilo_lab_board_set_meters_bus:
 * @board: a board that was not started
 * @bus: whose master it will be; outlives the board
 *
 * Gives its other line something to read.
 */
void
nilo_lab_board_set_meters_bus(NiloLabBoard *board, NiloLabBus *bus)
{
    board->meters_bus = bus;
}

/**
 * nilo_lab_board_set_meter:
 * @board: a board with a bus for meters, that was not started
 * @channel: of it
 * @meter: on that bus
 *
 * Lets a channel read a meter in place of a contact.
 */
void
nilo_lab_board_set_meter(NiloLabBoard *board, guint channel, NiloLabMeter *meter)
{
    board->channels[channel].meter = meter;
}

/**
 * nilo_lab_board_get_name:
 * @board: a board
 *
 * Returns: its name
 */
const char *
nilo_lab_board_get_name(NiloLabBoard *board)
{
    return board->name;
}

/**
 * nilo_lab_board_get_bus:
 * @board: a board
 *
 * Returns: (transfer none): where it hangs
 */
NiloLabBus *
nilo_lab_board_get_bus(NiloLabBoard *board)
{
    return board->bus;
}

/**
 * nilo_lab_board_get_meters_bus:
 * @board: a board
 *
 * Returns: (transfer none) (nullable): whose master it is
 */
NiloLabBus *
nilo_lab_board_get_meters_bus(NiloLabBoard *board)
{
    return board->meters_bus;
}

/**
 * nilo_lab_board_get_downstream:
 * @board: a board
 *
 * Returns: (transfer none) (nullable): its line on that bus, after the start
 */
NiloLabDownstream *
nilo_lab_board_get_downstream(NiloLabBoard *board)
{
    return board->downstream;
}

/**
 * nilo_lab_board_get_station:
 * @board: a board
 *
 * Returns: (transfer none) (nullable): its place on the wire, after the start
 */
NiloLabStation *
nilo_lab_board_get_station(NiloLabBoard *board)
{
    return board->station;
}

/**
 * nilo_lab_board_get_collector:
 * @board: a board
 *
 * Returns: (transfer none) (nullable): what it is made of, after the start
 */
NiloLabCollector *
nilo_lab_board_get_collector(NiloLabBoard *board)
{
    return board->collector;
}

/**
 * nilo_lab_board_get_channels:
 * @board: a board
 *
 * Returns: how many are in use, 1 to 8
 */
guint
nilo_lab_board_get_channels(NiloLabBoard *board)
{
    return board->settings.channels;
}

/**
 * nilo_lab_board_get_number:
 * @board: a board
 * @channel: of it
 *
 * Returns: (transfer full): 14 digits; the last eight are its M-Bus identification
 */
char *
nilo_lab_board_get_number(NiloLabBoard *board, guint channel)
{
    return g_strdup_printf("%014" G_GUINT64_FORMAT, board->settings.first_id + channel);
}

/**
 * nilo_lab_board_find_channel:
 * @board: a board
 * @digits: a number or the last eight digits of one, perhaps behind "cjt188:" or "mbus:" and in
 *   front of ".NLB.01.07"
 * @channel: (out): untouched without one
 *
 * Returns: whether that is one of its channels
 */
gboolean
nilo_lab_board_find_channel(NiloLabBoard *board, const char *digits, guint *channel)
{
    const char *colon = strchr(digits, ':');
    const char *begin = colon != NULL ? colon + 1 : digits;
    const gsize size = strspn(begin, "0123456789");

    if (size != 8 && size != 14)
        return FALSE;
    for (guint i = 0; i < board->settings.channels; i++) {
        g_autofree char *number = nilo_lab_board_get_number(board, i);

        if (strncmp(number + 14 - size, begin, size) != 0)
            continue;
        *channel = i;
        return TRUE;
    }
    return FALSE;
}

static void
tell_meter(NiloLabBoard *board, NiloLabMeter *meter, NiloLabTruth *truth)
{
    NiloLabBus *bus = board->meters_bus;

    nilo_lab_bus_lock(bus);
    *truth = (NiloLabTruth){.volume_ml = nilo_lab_meter_get_volume_ml(
                                meter, nilo_lab_bus_get_utc_us(bus, nilo_lab_port_now_ns()))};
    nilo_lab_bus_unlock(bus);
}

/**
 * nilo_lab_board_get_truth:
 * @board: a board
 * @channel: of it
 * @truth: (out caller-allocates): what its meter has really been given
 */
void
nilo_lab_board_get_truth(NiloLabBoard *board, guint channel, NiloLabTruth *truth)
{
    const Channel *one = &board->channels[channel];

    if (one->meter != NULL) {
        tell_meter(board, one->meter, truth);
        return;
    }
    g_mutex_lock(&board->lock);
    truth->pulses = one->given;
    truth->waiting = one->wanted - one->given;
    truth->volume_ml = one->start_ml + (gint64)one->given * board->settings.ml_per_pulse;
    g_mutex_unlock(&board->lock);
}

/**
 * nilo_lab_board_add_pulses:
 * @board: a board
 * @channel: of it
 * @n: pulses on top of what the flat's water makes
 *
 * Gives pulses, one after the other.
 *
 * Returns: whether the channel has a contact
 */
gboolean
nilo_lab_board_add_pulses(NiloLabBoard *board, guint channel, guint n)
{
    if (board->channels[channel].meter != NULL)
        return FALSE;
    g_mutex_lock(&board->lock);
    board->channels[channel].ordered += n;
    board->channels[channel].wanted += n;
    g_mutex_unlock(&board->lock);
    return TRUE;
}

/**
 * nilo_lab_board_get_utc_us:
 * @board: a board
 * @now_ns: monotonic
 *
 * Returns: the estate's time
 */
gint64
nilo_lab_board_get_utc_us(NiloLabBoard *board, gint64 now_ns)
{
    gint64 utc_us;

    nilo_lab_bus_lock(board->bus);
    utc_us = nilo_lab_bus_get_utc_us(board->bus, now_ns);
    nilo_lab_bus_unlock(board->bus);
    return utc_us;
}

/* --- the start ---------------------------------------------------------------------------------
 */

static void add_setting(GPtrArray *settings, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
add_setting(GPtrArray *settings, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(settings, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* whom to ask: on M-Bus identification, manufacturer and primary address */
static void
add_meter_settings(const NiloLabMeterSettings *meter, GPtrArray *settings, guint channel)
{
    const gboolean has_primary = meter->protocol == NILO_LAB_PROTOCOL_MBUS_PRIMARY;

    add_setting(settings, "ml-per-count.%u=%u", channel, READ_METER_ML);
    if (meter->protocol == NILO_LAB_PROTOCOL_CJT188) {
        add_setting(settings, "source.%u=cjt188", channel);
        add_setting(settings, "type.%u=%u", channel, meter->type);
        add_setting(settings, "meter-number.%u=%s", channel, meter->id);
        return;
    }
    add_setting(settings, "source.%u=mbus", channel);
    add_setting(settings, "meter-number.%u=%02x%04x%s", channel,
                has_primary ? meter->primary_address : SELECTED,
                nilo_lab_mbus_manufacturer_code(meter->manufacturer), meter->id);
}

static void
add_contact_settings(NiloLabBoard *board, GPtrArray *settings, guint channel)
{
    const NiloLabBoardSettings *own = &board->settings;

    add_setting(settings, "ml-per-count.%u=%u", channel, own->ml_per_pulse);
    add_setting(settings, "min-closed-ms.%u=%u", channel, own->filter_ms);
    add_setting(settings, "min-open-ms.%u=%u", channel, own->filter_ms);
    add_setting(settings, "count.%u=%" G_GINT64_FORMAT, channel,
                board->channels[channel].start_ml / own->ml_per_pulse);
}

static void
add_channel_settings(NiloLabBoard *board, GPtrArray *settings, guint channel)
{
    const NiloLabBoardSettings *own = &board->settings;
    const NiloLabMeter *meter = board->channels[channel].meter;
    g_autofree char *number = nilo_lab_board_get_number(board, channel);

    add_setting(settings, "number.%u=%s", channel, number);
    if (meter != NULL)
        add_meter_settings(&meter->settings, settings, channel);
    else
        add_contact_settings(board, settings, channel);
    if (own->first_address >= 0)
        add_setting(settings, "primary.%u=%u", channel, (guint)own->first_address + channel);
}

static GStrv
build_settings(NiloLabBoard *board)
{
    const NiloLabBoardSettings *own = &board->settings;
    GPtrArray *settings = g_ptr_array_new();
    g_auto(GStrv) more = g_strsplit(own->settings != NULL ? own->settings : "", ";", -1);
    g_autofree char *first = nilo_lab_board_get_number(board, 0);

    add_setting(settings, "board-number=%.7s0", first + 14 - 8);
    add_setting(settings, "speed=%u", nilo_lab_bus_get_settings(board->bus)->speed_baud);
    if (board->meters_bus != NULL)
        add_setting(settings, "meters-speed=%u",
                    nilo_lab_bus_get_settings(board->meters_bus)->speed_baud);
    for (guint i = 0; i < own->channels; i++)
        add_channel_settings(board, settings, i);
    for (guint i = own->channels; i < NILO_LAB_CHANNELS; i++)
        add_setting(settings, "source.%u=off", i);
    for (guint i = 0; more[i] != NULL; i++) {
        if (more[i][0] != '\0')
            g_ptr_array_add(settings, g_strstrip(g_strdup(more[i])));
    }
    g_ptr_array_add(settings, NULL);
    return (GStrv)g_ptr_array_free(settings, FALSE);
}

static void
start_channels(NiloLabBoard *board, gint64 utc_us)
{
    for (guint i = 0; i < board->settings.channels; i++) {
        Channel *channel = &board->channels[i];

        channel->flat_start_ml = nilo_lab_meter_get_volume_ml(channel->flat, utc_us);
        channel->start_ml =
            channel->flat_start_ml - channel->flat_start_ml % board->settings.ml_per_pulse;
    }
}

static void
set_clock(NiloLabBoard *board)
{
    const gint64 utc_us = nilo_lab_board_get_utc_us(board, nilo_lab_port_now_ns());
    const NiloLabDate date = nilo_lab_date_from_seconds(utc_us / NILO_LAB_US_PER_SECOND +
                                                        board->zone_offset_minutes * 60);
    g_autofree char *moment =
        g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month, date.day, date.hour,
                        date.minute, date.second);

    nilo_lab_collector_set_rtc(board->collector, moment);
}

/**
 * nilo_lab_board_start:
 * @board: a board
 * @folder: of the hub; the collector gets one of its own in there
 * @error: return location for a #GIOErrorEnum or #GSpawnError
 *
 * Makes the collector with an EEPROM as the estate has it, hangs it on its buses and turns the
 * power on. The estate's time is set by then.
 *
 * Returns: whether it runs
 */
gboolean
nilo_lab_board_start(NiloLabBoard *board, const char *folder, GError **error)
{
    g_autofree char *own = g_build_filename(folder, board->name, NULL);
    g_auto(GStrv) settings = NULL;

    if (g_mkdir_with_parents(own, 0755) != 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot make %s: %s", own,
                    g_strerror(errno));
        return FALSE;
    }
    start_channels(board, nilo_lab_board_get_utc_us(board, nilo_lab_port_now_ns()));
    settings = build_settings(board);
    board->collector = nilo_lab_collector_new(board->settings.port, own);
    g_unlink(nilo_lab_collector_get_eeprom(board->collector));
    if (!nilo_lab_collector_prepare(board->collector, (const char *const *)settings, error)) {
        g_prefix_error(error, "collector %s: ", board->name);
        return FALSE;
    }
    board->station = nilo_lab_station_new(board->collector, board->name, board->bus);
    if (board->meters_bus != NULL)
        board->downstream =
            nilo_lab_downstream_new(board->collector, board->name, board->meters_bus);
    return nilo_lab_board_set_power(board, TRUE, error);
}

/* A contact counts for nothing until the firmware has looked at it for a while. Its line is opened
 * behind its inputs, so that tells. */
static gboolean
wait_ready(NiloLabBoard *board, GError **error)
{
    const gint64 deadline_us = g_get_monotonic_time() + READY_US;
    gboolean even;
    guint speed_baud;

    while (nilo_lab_collector_get_line(board->collector, NILO_LAB_LINE_BUS, &speed_baud, &even,
                                       error)) {
        if (speed_baud > 0) {
            g_mutex_lock(&board->lock);
            board->ready_ns =
                nilo_lab_port_now_ns() + FILTERS_TO_WAIT * board->settings.filter_ms * NS_PER_MS;
            g_mutex_unlock(&board->lock);
            return TRUE;
        }
        if (g_get_monotonic_time() > deadline_us) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "its line stays closed");
            return FALSE;
        }
        g_usleep(READY_STEP_US);
    }
    return FALSE;
}

/**
 * nilo_lab_board_set_power:
 * @board: a board that was started
 * @on: whether it shall have power
 * @error: return location for a #GIOErrorEnum or #GSpawnError
 *
 * Cuts the power in the middle of whatever it does, or turns it on again; with the clock right, as
 * one behind a battery is. To be called from the main thread.
 *
 * Returns: whether it is as asked for
 */
gboolean
nilo_lab_board_set_power(NiloLabBoard *board, gboolean on, GError **error)
{
    if (on == nilo_lab_collector_is_running(board->collector))
        return TRUE;
    if (!on) {
        nilo_lab_collector_kill(board->collector);
        return TRUE;
    }
    set_clock(board);
    if (!nilo_lab_collector_start(board->collector, error) || !wait_ready(board, error)) {
        g_prefix_error(error, "collector %s: ", board->name);
        return FALSE;
    }
    nilo_lab_station_plug(board->station);
    if (board->downstream != NULL)
        nilo_lab_downstream_plug(board->downstream);
    return TRUE;
}

/* --- contacts ----------------------------------------------------------------------------------
 */

static void
look_at_water(NiloLabBoard *board, gint64 now_ns)
{
    const gint64 utc_us = nilo_lab_board_get_utc_us(board, now_ns);

    board->water_ns = now_ns;
    for (guint i = 0; i < board->settings.channels; i++) {
        Channel *channel = &board->channels[i];
        const gint64 used_ml =
            nilo_lab_meter_get_volume_ml(channel->flat, utc_us) - channel->start_ml;
        const guint64 wanted =
            channel->ordered + (guint64)(MAX(used_ml, 0) / board->settings.ml_per_pulse);

        if (channel->meter == NULL)
            channel->wanted = MAX(channel->wanted, MIN(wanted, channel->given + MAX_WAITING));
    }
}

/* by bit, the contacts that .. */
typedef struct {
    guint mask;    /* move now */
    guint closed;  /* close */
    guint resting; /* stay so for a while: no bounce */
} Moves;

/*
 * A pulse: closing with its bounces, a rest, opening with its bounces, a rest. With n bounces each
 * half has 2 n + 1 edges.
 */
static void
step_channel(NiloLabBoard *board, guint i, gint64 now_ns, Moves *moves)
{
    Channel *channel = &board->channels[i];
    const gint64 hold_ns = board->settings.hold_ms * NS_PER_MS;
    guint half, position;

    if (channel->edge == 0) {
        /* a pulse that nobody could have seen is not given */
        if (channel->wanted == channel->given || now_ns < board->ready_ns ||
            !nilo_lab_collector_is_running(board->collector))
            return;
        channel->bounces = nilo_lab_random_below(&board->random, board->settings.bounces + 1);
    } else if (now_ns < channel->due_ns) {
        return;
    }
    half = 2 * channel->bounces + 1;
    if (channel->edge == 2 * half) {
        channel->edge = 0;
        channel->given++;
        return;
    }
    position = channel->edge % half;
    moves->mask |= 1u << i;
    if ((channel->edge < half) == (position % 2 == 0))
        moves->closed |= 1u << i;
    if (position == half - 1)
        moves->resting |= 1u << i;
    channel->due_ns = now_ns + (position == half - 1 ? hold_ns : BOUNCE_NS);
    channel->edge++;
}

/* A machine with other things to do may need long for this, and longer until the firmware sees it:
 * a contact rests from then on for as long as it should. */
static void
move_contacts(NiloLabBoard *board, gint64 now_ns, const Moves *moves)
{
    NiloLabCollector *collector = board->collector;
    gint64 late_ns;

    if (!nilo_lab_collector_set_pins(collector, moves->mask, moves->closed, NULL) ||
        (moves->resting != 0 && nilo_lab_collector_is_running(collector) &&
         !nilo_lab_collector_wait_pins(collector, moves->resting, NULL)))
        g_message("%s: a contact could not be moved", board->name);
    late_ns = nilo_lab_port_now_ns() - now_ns;
    g_mutex_lock(&board->lock);
    for (guint i = 0; i < board->settings.channels; i++) {
        if ((moves->mask >> i & 1) != 0)
            board->channels[i].due_ns += late_ns;
    }
    g_mutex_unlock(&board->lock);
}

/**
 * nilo_lab_board_step:
 * @board: a board that was started
 * @now_ns: monotonic
 *
 * Opens and closes the contacts that are due.
 *
 * Returns: when to call again, at the latest
 */
gint64
nilo_lab_board_step(NiloLabBoard *board, gint64 now_ns)
{
    gint64 next_ns = now_ns + LOOK_AT_WATER_NS;
    Moves moves = {0};

    g_mutex_lock(&board->lock);
    if (now_ns - board->water_ns >= LOOK_AT_WATER_NS)
        look_at_water(board, now_ns);
    for (guint i = 0; i < board->settings.channels; i++) {
        const Channel *channel = &board->channels[i];

        step_channel(board, i, now_ns, &moves);
        if (channel->edge > 0)
            next_ns = MIN(next_ns, channel->due_ns);
        else if (channel->wanted > channel->given &&
                 nilo_lab_collector_is_running(board->collector))
            next_ns = MIN(next_ns, MAX(now_ns, board->ready_ns));
    }
    g_mutex_unlock(&board->lock);
    if (moves.mask != 0)
        move_contacts(board, now_ns, &moves);
    return next_ns;
}

struct _NiloLabPulser {
    GPtrArray *boards; /* element-type NiloLabBoard */
    GThread *thread;
    gint stop; /* atomic */
};

static gpointer
pulse(gpointer data)
{
    NiloLabPulser *pulser = data;

    while (!g_atomic_int_get(&pulser->stop)) {
        gint64 next_ns = nilo_lab_port_now_ns() + IDLE_US * 1000;
        gint64 left_ns;

        for (guint i = 0; i < pulser->boards->len; i++)
            next_ns = MIN(next_ns, nilo_lab_board_step(g_ptr_array_index(pulser->boards, i),
                                                       nilo_lab_port_now_ns()));
        left_ns = next_ns - nilo_lab_port_now_ns();
        if (left_ns > 0)
            g_usleep((gulong)(left_ns / 1000));
    }
    return NULL;
}

/**
 * nilo_lab_pulser_new:
 * @boards: (element-type NiloLabBoard): started ones, that outlive the pulser
 *
 * Returns: (transfer full): a running thread
 */
NiloLabPulser *
nilo_lab_pulser_new(GPtrArray *boards)
{
    NiloLabPulser *pulser = g_new0(NiloLabPulser, 1);

    pulser->boards = g_ptr_array_ref(boards);
    pulser->thread = g_thread_new("pulser", pulse, pulser);
    return pulser;
}

/**
 * nilo_lab_pulser_free:
 * @pulser: (transfer full): a pulser
 *
 * Ends the thread; contacts stay as they are.
 */
void
nilo_lab_pulser_free(NiloLabPulser *pulser)
{
    g_atomic_int_set(&pulser->stop, 1);
    g_thread_join(pulser->thread);
    g_ptr_array_unref(pulser->boards);
    g_free(pulser);
}
