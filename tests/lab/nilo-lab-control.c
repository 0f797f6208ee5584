/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One line in, one line out: key=value pairs, "error=..." when it could not be done. */
#include "nilo-lab-control.h"

#include "nilo-lab-port.h"
#include "nilo-lab-second-master.h"
#include "nilo-lab-settings.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#define NS_PER_US 1000

struct _NiloLabControl {
    NiloLabEstate *estate;   /* borrowed, outlives us */
    GPtrArray *ports;        /* borrowed, nullable: without ports there is no adapter to pull */
    GSocketService *service; /* nullable */
    char *path;
};

/* one command while it runs */
typedef struct {
    NiloLabControl *control;
    NiloLabEstate *estate;
    gint64 now_ns;
    char **words; /* the arguments, without the command */
    NiloLabBus *bus;
    NiloLabMeter *meter;
    NiloLabBoard *board;
    guint channel; /* of the board */
    gboolean sync; /* set by a command that the buses' threads must have seen before we answer */
} Call;

typedef char *(*CommandFunc)(Call *call);

typedef enum {
    TARGET_NONE,
    TARGET_BUS,          /* first argument */
    TARGET_OPTIONAL_BUS, /* without one: all */
    TARGET_METER,        /* first argument */
    TARGET_CHANNEL,      /* of a collector; first argument */
    TARGET_BOARD,        /* a collector; first argument */
} Target;

typedef struct {
    const char *name;
    Target target;
    guint arguments; /* at least so many */
    CommandFunc run;
} Command;

static char *
ok(void)
{
    return g_strdup("ok=yes");
}

static char *
failed(const char *format, const char *what)
{
    g_autofree char *text = g_strconcat("error=", format, NULL);

    return g_strdup_printf("%s \"%s\"", text, what);
}

static NiloLabBusSettings *
settings_of(Call *call)
{
    return nilo_lab_bus_get_settings(call->bus);
}

static gint64
utc_of(Call *call)
{
    return nilo_lab_bus_get_utc_us(call->bus, call->now_ns);
}

/* --- meters ------------------------------------------------------------------------------------
 */

static char *
kill_meter(Call *call)
{
    call->meter->dead = TRUE;
    return ok();
}

static char *
revive_meter(Call *call)
{
    call->meter->dead = FALSE;
    return ok();
}

static char *
exchange_meter(Call *call)
{
    if (!nilo_lab_meter_exchange(call->meter, call->words[1], utc_of(call)))
        return failed("id does not fit the protocol", call->words[1]);
    return ok();
}

static char *
tell_truth(Call *call)
{
    const gint64 utc_us = utc_of(call);
    g_autofree char *id = nilo_lab_meter_get_id(call->meter);
    const NiloLabDate clock = nilo_lab_meter_get_clock(call->meter, utc_us);

    return g_strdup_printf("name=%s id=%s volume_ml=%" G_GINT64_FORMAT
                           " flow_ml_per_h=%" G_GINT64_FORMAT
                           " valve=%s valve_orders=%u dead=%s clock=%04d-%02d-%02dT%02d:%02d:%02d "
                           "utc_us=%" G_GINT64_FORMAT,
                           call->meter->name, id, nilo_lab_meter_get_volume_ml(call->meter, utc_us),
                           nilo_lab_meter_get_flow_ml_per_h(call->meter, utc_us),
                           nilo_lab_meter_is_shut(call->meter) ? "shut" : "open",
                           call->meter->valve_orders, call->meter->dead ? "yes" : "no", clock.year,
                           clock.month, clock.day, clock.hour, clock.minute, clock.second, utc_us);
}

static char *
turn_valve(Call *call)
{
    const char *order = call->words[1];

    if (!g_str_equal(order, "open") && !g_str_equal(order, "shut"))
        return failed("expected open or shut, found", order);
    nilo_lab_meter_set_valve(call->meter, g_str_equal(order, "shut"), utc_of(call));
    return ok();
}

/* deviate METER [name,name]: none at all makes it a plain meter */
static char *
deviate_meter(Call *call)
{
    g_autoptr(GError) error = NULL;
    const char *names = call->words[1] != NULL ? call->words[1] : "";

    if (nilo_lab_settings_set_meter_key(&call->meter->settings, "deviations", names, &error) ==
        NILO_LAB_KEY_SET)
        return ok();
    return g_strdup_printf("error=%s", error->message);
}

/* --- collectors --------------------------------------------------------------------------------
 */

static char *
tell_channel(Call *call)
{
    g_autofree char *number = nilo_lab_board_get_number(call->board, call->channel);
    NiloLabTruth truth;

    nilo_lab_board_get_truth(call->board, call->channel, &truth);
    return g_strdup_printf(
        "name=%s id=cjt188:%s collector=%s channel=%u volume_ml=%" G_GINT64_FORMAT
        " pulses=%" G_GUINT64_FORMAT " waiting=%" G_GUINT64_FORMAT " utc_us=%" G_GINT64_FORMAT,
        number, number, nilo_lab_board_get_name(call->board), call->channel, truth.volume_ml,
        truth.pulses, truth.waiting, nilo_lab_board_get_utc_us(call->board, call->now_ns));
}

/* pulse CHANNEL N */
static char *
give_pulses(Call *call)
{
    g_autoptr(GError) error = NULL;
    gint64 n;

    if (!nilo_lab_settings_parse_int(call->words[1], 1, 100000, &n, &error))
        return g_strdup_printf("error=%s", error->message);
    if (!nilo_lab_board_add_pulses(call->board, call->channel, (guint)n))
        return failed("no contact, but a meter that is read:", call->words[0]);
    return ok();
}

static char *
set_power(Call *call, gboolean on)
{
    g_autoptr(GError) error = NULL;

    call->sync = TRUE; /* the port waits for another socket now */
    if (nilo_lab_board_set_power(call->board, on, &error))
        return ok();
    return g_strdup_printf("error=%s", error->message);
}

static char *
cut_power(Call *call)
{
    return set_power(call, FALSE);
}

static char *
give_power(Call *call)
{
    return set_power(call, TRUE);
}

/* Returns: (transfer full): "" for a collector without one */
static char *
meters_bus_to_text(NiloLabBoard *board)
{
    NiloLabCollector *collector = nilo_lab_board_get_collector(board);
    NiloLabBus *bus = nilo_lab_board_get_meters_bus(board);
    gboolean even = FALSE;
    guint speed_baud = 0;

    if (bus == NULL)
        return g_strdup("");
    if (nilo_lab_collector_is_running(collector))
        nilo_lab_collector_get_line(collector, NILO_LAB_LINE_METERS, &speed_baud, &even, NULL);
    return g_strdup_printf(" meters_bus=%s meters_speed=%u", nilo_lab_bus_get_name(bus),
                           speed_baud);
}

static char *
tell_collector(Call *call)
{
    NiloLabCollector *collector = nilo_lab_board_get_collector(call->board);
    g_autofree char *first = nilo_lab_board_get_number(call->board, 0);
    g_autofree char *meters_bus = meters_bus_to_text(call->board);
    gboolean even = FALSE;
    guint speed_baud = 0;

    if (nilo_lab_collector_is_running(collector))
        nilo_lab_collector_get_line(collector, NILO_LAB_LINE_BUS, &speed_baud, &even, NULL);
    return g_strdup_printf("name=%s first=%s port=%s power=%s speed=%u parity=%s%s",
                           nilo_lab_board_get_name(call->board), first,
                           nilo_lab_collector_get_port(collector) == NILO_LAB_COLLECTOR_QEMU
                               ? "qemu"
                               : "host",
                           nilo_lab_collector_is_running(collector) ? "on" : "off", speed_baud,
                           even ? "even" : "none", meters_bus);
}

static char *
list_collectors(Call *call)
{
    GPtrArray *boards = nilo_lab_estate_get_boards(call->estate);
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "count=%u collectors=", boards->len);
    for (guint i = 0; i < boards->len; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? "," : "",
                               nilo_lab_board_get_name(g_ptr_array_index(boards, i)));
    return g_string_free(out, FALSE);
}

/* --- buses -------------------------------------------------------------------------------------
 */

static char *
set_plug(Call *call, gboolean unplugged)
{
    settings_of(call)->unplugged = unplugged;
    call->sync = TRUE;
    return ok();
}

static char *
unplug_bus(Call *call)
{
    return set_plug(call, TRUE);
}

static char *
plug_bus(Call *call)
{
    return set_plug(call, FALSE);
}

/* cut BUS after N */
static char *
cut_bus(Call *call)
{
    g_autoptr(GError) error = NULL;
    gint64 after;

    if (!g_str_equal(call->words[1], "after"))
        return failed("expected \"after\", found", call->words[1]);
    if (!nilo_lab_settings_parse_int(call->words[2], 0, 100000, &after, &error))
        return g_strdup_printf("error=%s", error->message);
    settings_of(call)->cut_after = (guint)after;
    return ok();
}

static char *
mend_bus(Call *call)
{
    settings_of(call)->cut_after = G_MAXUINT;
    return ok();
}

static char *
set_bus_key(Call *call, const char *key, const char *value)
{
    g_autoptr(GError) error = NULL;

    if (nilo_lab_settings_set_bus_key(settings_of(call), key, value, &error) == NILO_LAB_KEY_SET)
        return ok();
    return g_strdup_printf("error=%s", error->message);
}

static char *
set_noise(Call *call)
{
    return set_bus_key(call, "noise-per-byte-ppm", call->words[1]);
}

static char *
set_drops(Call *call)
{
    return set_bus_key(call, "drop-per-byte-ppm", call->words[1]);
}

static char *
set_junk(Call *call)
{
    return set_bus_key(call, "junk-per-byte-ppm", call->words[1]);
}

static char *
set_echo(Call *call)
{
    return set_bus_key(call, "echo", call->words[1]);
}

static char *
set_wrong_parity(Call *call)
{
    return set_bus_key(call, "wrong-parity", call->words[1]);
}

static char *
set_babble(Call *call)
{
    call->sync = TRUE;
    return set_bus_key(call, "babble", call->words[1]);
}

/* late BUS PPM [MS] */
static char *
set_late(Call *call)
{
    g_autofree char *first = NULL;

    if (call->words[2] == NULL)
        return set_bus_key(call, "late-answers-ppm", call->words[1]);
    first = set_bus_key(call, "late-ms", call->words[2]);
    if (g_str_has_prefix(first, "error"))
        return g_steal_pointer(&first);
    return set_bus_key(call, "late-answers-ppm", call->words[1]);
}

/* second-master BUS MS [PPM] */
static char *
set_second_master(Call *call)
{
    const char *break_ppm = call->words[2] != NULL ? call->words[2] : "0";
    g_autofree char *first = set_bus_key(call, "second-master-break-ppm", break_ppm);

    if (g_str_has_prefix(first, "error"))
        return g_steal_pointer(&first);
    call->sync = TRUE;
    return set_bus_key(call, "second-master-ms", call->words[1]);
}

/* say BUS HEX [SPEED] */
static char *
say_as_master(Call *call)
{
    const char *hex = call->words[1];
    const gsize size = strlen(hex) / 2;
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new((guint)size);
    g_autoptr(GError) error = NULL;
    gint64 speed_baud = 0;

    if (size == 0 || size > NILO_LAB_SECOND_MASTER_MAX || strlen(hex) % 2 != 0 ||
        strspn(hex, "0123456789abcdefABCDEF") != strlen(hex))
        return failed("expected 1 to 512 bytes as hexadecimal digits, found", hex);
    for (gsize i = 0; i < size; i++) {
        const guint8 byte =
            (guint8)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));

        g_byte_array_append(bytes, &byte, 1);
    }
    if (call->words[2] != NULL &&
        !nilo_lab_settings_parse_int(call->words[2], 300, 115200, &speed_baud, &error))
        return g_strdup_printf("error=%s", error->message);
    nilo_lab_bus_say_as_master(call->bus, bytes->data, size, (guint)speed_baud, call->now_ns);
    call->sync = TRUE;
    return ok();
}

static void
add_stats(NiloLabBusStats *sum, const NiloLabBusStats *one)
{
    sum->requests += one->requests;
    sum->answered += one->answered;
    sum->collisions += one->collisions;
    sum->bytes_in += one->bytes_in;
    sum->bytes_out += one->bytes_out;
    sum->wire_in_ns += one->wire_in_ns;
    sum->wire_out_ns += one->wire_out_ns;
    sum->live_ns += one->live_ns;
    sum->silent_ns += one->silent_ns;
    if (one->first_ns > 0 && (sum->first_ns == 0 || one->first_ns < sum->first_ns))
        sum->first_ns = one->first_ns;
    sum->last_ns = MAX(sum->last_ns, one->last_ns);
    sum->flips += one->flips;
    sum->drops += one->drops;
    sum->junk += one->junk;
    sum->late_answers += one->late_answers;
    sum->echoes += one->echoes;
    sum->second_requests += one->second_requests;
    sum->pacing_late_max_ns = MAX(sum->pacing_late_max_ns, one->pacing_late_max_ns);
    sum->pacing_late_sum_ns += one->pacing_late_sum_ns;
}

static char *
stats_to_text(const char *name, const NiloLabBusStats *s)
{
    return g_strdup_printf("bus=%s exchanges=%" G_GUINT64_FORMAT " answered=%" G_GUINT64_FORMAT
                           " collisions=%" G_GUINT64_FORMAT " bytes_in=%" G_GUINT64_FORMAT
                           " bytes_out=%" G_GUINT64_FORMAT " wire_in_ns=%" G_GINT64_FORMAT
                           " wire_out_ns=%" G_GINT64_FORMAT " live_ns=%" G_GINT64_FORMAT
                           " silent_ns=%" G_GINT64_FORMAT " first_ns=%" G_GINT64_FORMAT
                           " last_ns=%" G_GINT64_FORMAT " flips=%" G_GUINT64_FORMAT
                           " drops=%" G_GUINT64_FORMAT " junk=%" G_GUINT64_FORMAT
                           " late_answers=%" G_GUINT64_FORMAT " echoes=%" G_GUINT64_FORMAT
                           " second_requests=%" G_GUINT64_FORMAT
                           " pacing_late_max_ns=%" G_GINT64_FORMAT
                           " pacing_late_sum_ns=%" G_GINT64_FORMAT,
                           name, s->requests, s->answered, s->collisions, s->bytes_in, s->bytes_out,
                           s->wire_in_ns, s->wire_out_ns, s->live_ns, s->silent_ns, s->first_ns,
                           s->last_ns, s->flips, s->drops, s->junk, s->late_answers, s->echoes,
                           s->second_requests, s->pacing_late_max_ns, s->pacing_late_sum_ns);
}

static char *
tell_stats(Call *call)
{
    GPtrArray *buses = nilo_lab_estate_get_buses(call->estate);
    NiloLabBusStats sum = {0};

    if (call->bus != NULL)
        return stats_to_text(nilo_lab_bus_get_name(call->bus), nilo_lab_bus_get_stats(call->bus));
    for (guint i = 0; i < buses->len; i++) {
        NiloLabBus *bus = g_ptr_array_index(buses, i);

        nilo_lab_bus_lock(bus);
        add_stats(&sum, nilo_lab_bus_get_stats(bus));
        nilo_lab_bus_unlock(bus);
    }
    return stats_to_text("all", &sum);
}

static char *
reset_stats(Call *call)
{
    GPtrArray *buses = nilo_lab_estate_get_buses(call->estate);

    if (call->bus != NULL) {
        *nilo_lab_bus_get_stats(call->bus) = (NiloLabBusStats){0};
        return ok();
    }
    for (guint i = 0; i < buses->len; i++) {
        NiloLabBus *bus = g_ptr_array_index(buses, i);

        nilo_lab_bus_lock(bus);
        *nilo_lab_bus_get_stats(bus) = (NiloLabBusStats){0};
        nilo_lab_bus_unlock(bus);
    }
    return ok();
}

static char *
list_meters(Call *call)
{
    GPtrArray *meters = nilo_lab_bus_get_meters(call->bus);
    GString *out = g_string_new(NULL);
    const char *comma = "";

    g_string_append_printf(out, "count=%u meters=", meters->len);
    for (guint i = 0; i < meters->len; i++) {
        const NiloLabMeter *meter = g_ptr_array_index(meters, i);

        g_string_append_printf(out, "%s%s", comma, meter->name);
        comma = ",";
    }
    return g_string_free(out, FALSE);
}

/* --- the estate --------------------------------------------------------------------------------
 */

static char *
list_buses(Call *call)
{
    GPtrArray *buses = nilo_lab_estate_get_buses(call->estate);
    GPtrArray *ports = call->control->ports;
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < buses->len; i++) {
        g_autofree char *address = g_strdup("-");

        if (ports != NULL) {
            g_free(address);
            address = nilo_lab_port_get_address(g_ptr_array_index(ports, i));
        }
        g_string_append_printf(out, "%s%s=%s", i > 0 ? " " : "",
                               nilo_lab_bus_get_name(g_ptr_array_index(buses, i)), address);
    }
    return g_string_free(out, FALSE);
}

static char *
tell_time(Call *call)
{
    NiloLabBus *bus = g_ptr_array_index(nilo_lab_estate_get_buses(call->estate), 0);
    gint64 utc_us;

    nilo_lab_bus_lock(bus);
    utc_us = nilo_lab_bus_get_utc_us(bus, call->now_ns);
    nilo_lab_bus_unlock(bus);
    return g_strdup_printf("utc_us=%" G_GINT64_FORMAT, utc_us);
}

/* set-time MOMENT [SPEEDUP] */
static char *
set_time(Call *call)
{
    g_autoptr(GError) error = NULL;
    NiloLabTime time = {.mono_ns = call->now_ns};
    gint64 speedup = nilo_lab_estate_get_speedup(call->estate);

    if (!nilo_lab_utc_from_text(call->words[0], &time.utc_us))
        return failed("not a moment", call->words[0]);
    if (call->words[1] != NULL &&
        !nilo_lab_settings_parse_int(call->words[1], 0, 100000, &speedup, &error))
        return g_strdup_printf("error=%s", error->message);
    time.speedup = (guint)speedup;
    nilo_lab_estate_set_time(call->estate, &time);
    return ok();
}

static char *list_commands(Call *call);

static const Command commands[] = {
    {"help", TARGET_NONE, 0, list_commands},
    {"buses", TARGET_NONE, 0, list_buses},
    {"time", TARGET_NONE, 0, tell_time},
    {"set-time", TARGET_NONE, 1, set_time},
    {"meters", TARGET_BUS, 1, list_meters},
    {"stats", TARGET_OPTIONAL_BUS, 0, tell_stats},
    {"reset-stats", TARGET_OPTIONAL_BUS, 0, reset_stats},
    {"unplug", TARGET_BUS, 1, unplug_bus},
    {"plug", TARGET_BUS, 1, plug_bus},
    {"cut", TARGET_BUS, 3, cut_bus},
    {"mend", TARGET_BUS, 1, mend_bus},
    {"noise", TARGET_BUS, 2, set_noise},
    {"drops", TARGET_BUS, 2, set_drops},
    {"junk", TARGET_BUS, 2, set_junk},
    {"echo", TARGET_BUS, 2, set_echo},
    {"babble", TARGET_BUS, 2, set_babble},
    {"late", TARGET_BUS, 2, set_late},
    {"wrong-parity", TARGET_BUS, 2, set_wrong_parity},
    {"second-master", TARGET_BUS, 2, set_second_master},
    {"say", TARGET_BUS, 2, say_as_master},
    {"kill-meter", TARGET_METER, 1, kill_meter},
    {"revive", TARGET_METER, 1, revive_meter},
    {"exchange", TARGET_METER, 2, exchange_meter},
    {"truth", TARGET_METER, 1, tell_truth},
    {"valve", TARGET_METER, 2, turn_valve},
    {"deviate", TARGET_METER, 1, deviate_meter},
    {"collectors", TARGET_NONE, 0, list_collectors},
    {"collector", TARGET_BOARD, 1, tell_collector},
    {"cut-power", TARGET_BOARD, 1, cut_power},
    {"power", TARGET_BOARD, 1, give_power},
    {"truth", TARGET_CHANNEL, 1, tell_channel}, /* behind the one for meters */
    {"pulse", TARGET_CHANNEL, 2, give_pulses},
};

static char *
list_commands(Call *call)
{
    GString *out = g_string_new("commands=");

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        g_string_append_printf(out, "%s%s", i > 0 ? "," : "", commands[i].name);
    return g_string_free(out, FALSE);
}

static void
sync_ports(Call *call)
{
    GPtrArray *ports = call->control->ports;

    for (guint i = 0; ports != NULL && i < ports->len; i++) {
        NiloLabPort *port = g_ptr_array_index(ports, i);
        NiloLabBus *bus = nilo_lab_port_get_bus(port);

        if (bus == call->bus ||
            (call->board != NULL && bus == nilo_lab_board_get_meters_bus(call->board)))
            nilo_lab_port_sync(port);
    }
}

/* Returns: (transfer full) (nullable): what is wrong with the first argument */
static char *
find_target(const Command *command, Call *call)
{
    const char *first = call->words[0];

    switch (command->target) {
    case TARGET_METER:
        call->meter = nilo_lab_estate_find_meter(call->estate, first, &call->bus);
        return call->meter == NULL ? failed("no such meter", first) : NULL;
    case TARGET_CHANNEL:
        call->board = nilo_lab_estate_find_channel(call->estate, first, &call->channel);
        break;
    case TARGET_BOARD:
        call->board = nilo_lab_estate_find_board(call->estate, first);
        break;
    case TARGET_BUS:
    case TARGET_OPTIONAL_BUS:
        if (first == NULL)
            return NULL;
        call->bus = nilo_lab_estate_find_bus(call->estate, first);
        return call->bus == NULL ? failed("no such bus", first) : NULL;
    case TARGET_NONE:
    default:
        return NULL;
    }
    if (call->board == NULL)
        return failed(command->target == TARGET_BOARD ? "no such collector" : "no such meter",
                      first);
    call->bus = nilo_lab_board_get_bus(call->board);
    return NULL;
}

static char *
run_command(const Command *command, Call *call)
{
    char *answer;

    if (g_strv_length(call->words) < command->arguments)
        return failed("too few arguments for", command->name);
    answer = find_target(command, call);
    if (answer != NULL)
        return answer;
    /* a board has a lock of its own, and starting one takes a while */
    if (call->bus == NULL || call->board != NULL) {
        answer = command->run(call);
    } else {
        nilo_lab_bus_lock(call->bus);
        answer = command->run(call);
        nilo_lab_bus_unlock(call->bus);
    }
    if (call->sync)
        sync_ports(call);
    return answer;
}

/* two commands may have one name: whoever knows the target */
static gboolean
is_meant(const Command *command, Call *call, const char *name)
{
    guint channel;

    if (!g_str_equal(command->name, name))
        return FALSE;
    return command->target != TARGET_METER || call->words[0] == NULL ||
           nilo_lab_estate_find_channel(call->estate, call->words[0], &channel) == NULL ||
           nilo_lab_estate_find_meter(call->estate, call->words[0], NULL) != NULL;
}

/**
 * nilo_lab_control_run:
 * @control: a control
 * @line: a command with its arguments, without the line end
 * @now_ns: monotonic time, real or fake
 *
 * Does what the line says; README.md lists the commands.
 *
 * Returns: (transfer full): the answer, without a line end
 */
char *
nilo_lab_control_run(NiloLabControl *control, const char *line, gint64 now_ns)
{
    g_auto(GStrv) words = NULL;
    Call call = {.control = control, .estate = control->estate, .now_ns = now_ns};

    if (!g_shell_parse_argv(line, NULL, &words, NULL))
        return failed("not a command", line);
    call.words = words + 1;
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (is_meant(&commands[i], &call, words[0]))
            return run_command(&commands[i], &call);
    }
    return failed("unknown command", words[0]);
}

/* --- the socket --------------------------------------------------------------------------------
 */

/* an open connection; freed when the other side closes */
typedef struct {
    NiloLabControl *control; /* borrowed */
    GSocketConnection *connection;
    GDataInputStream *lines;
} Peer;

static void
peer_free(Peer *peer)
{
    g_object_unref(peer->lines);
    g_object_unref(peer->connection);
    g_free(peer);
}

static void read_line(Peer *peer);

static void
line_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Peer *peer = user_data;
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(peer->connection));
    g_autofree char *line =
        g_data_input_stream_read_line_finish_utf8(peer->lines, result, NULL, NULL);
    g_autofree char *answer = NULL;
    g_autofree char *ended = NULL;

    if (line == NULL) {
        peer_free(peer);
        return;
    }
    answer = nilo_lab_control_run(peer->control, line, nilo_lab_port_now_ns());
    ended = g_strconcat(answer, "\n", NULL);
    /* answers are short and the peer waits for them: this does not block in practice */
    if (!g_output_stream_write_all(out, ended, strlen(ended), NULL, NULL, NULL)) {
        peer_free(peer);
        return;
    }
    read_line(peer);
}

static void
read_line(Peer *peer)
{
    g_data_input_stream_read_line_async(peer->lines, G_PRIORITY_DEFAULT, NULL, line_cb, peer);
}

static gboolean
incoming_cb(GSocketService *service, GSocketConnection *connection, GObject *source,
            gpointer user_data)
{
    Peer *peer = g_new0(Peer, 1);

    peer->control = user_data;
    peer->connection = g_object_ref(connection);
    peer->lines = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    read_line(peer);
    return TRUE;
}

/**
 * nilo_lab_control_new:
 * @estate: outlives the control
 * @ports: (nullable) (element-type NiloLabPort): outlive the control; in the order of the buses
 *
 * Returns: (transfer full): a control that listens nowhere yet
 */
NiloLabControl *
nilo_lab_control_new(NiloLabEstate *estate, GPtrArray *ports)
{
    NiloLabControl *control = g_new0(NiloLabControl, 1);

    control->estate = estate;
    control->ports = ports;
    return control;
}

/**
 * nilo_lab_control_free:
 * @control: (transfer full): a control
 *
 * Stops listening and removes the socket.
 */
void
nilo_lab_control_free(NiloLabControl *control)
{
    if (control->service != NULL) {
        g_socket_service_stop(control->service);
        g_object_unref(control->service);
        g_unlink(control->path);
    }
    g_free(control->path);
    g_free(control);
}

/**
 * nilo_lab_control_listen:
 * @control: a control
 * @path: of the Unix socket; an old one in its place is removed
 * @error: return location for a #GIOErrorEnum
 *
 * Takes commands from the socket, in the default main context.
 *
 * Returns: whether it listens
 */
gboolean
nilo_lab_control_listen(NiloLabControl *control, const char *path, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocketService) service = g_socket_service_new();

    g_unlink(path);
    if (!g_socket_listener_add_address(G_SOCKET_LISTENER(service), address, G_SOCKET_TYPE_STREAM,
                                       G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error)) {
        g_prefix_error(error, "cannot listen on %s: ", path);
        return FALSE;
    }
    g_signal_connect(service, "incoming", G_CALLBACK(incoming_cb), control);
    g_socket_service_start(service);
    control->service = g_steal_pointer(&service);
    control->path = g_strdup(path);
    return TRUE;
}
