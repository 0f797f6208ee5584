/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-building.h"

#include <string.h>

#include "nilo-clock-keeper.h"
#include "nilo-log.h"
#include "nilo-schedule-runner.h"
#include "nilo-site-config.h"

typedef struct {
    NiloBuilding *building; /* borrowed, outlives us */
    NiloBus *bus;
    NiloBusConfig *config;
    NiloTransport *transport;
    GPtrArray *meters;  /* element-type NiloMeter, the enabled ones, in the order of the riser */
    GPtrArray *runners; /* element-type Runner: one per schedule that its meters follow */
} Wire;

typedef struct {
    Wire *wire;     /* borrowed, owns us */
    char *schedule; /* name */
    char *memory;   /* key under which the last round is remembered */
    NiloScheduleRunner *runner;
    NiloClockKeeper *keeper; /* of the meters' clocks; nullable */
    GSource *keeping;        /* sends what it decides */
    GPtrArray *missed;       /* element-type NiloMeterId: of the round before, to be read again */
} Runner;

struct _NiloBuilding {
    NiloPluginLoader *loader; /* borrowed, outlives us */
    NiloClock *clock;
    NiloSink *sink; /* borrowed, outlives us */
    char *state_dir;
    GHashTable *wires; /* name -> Wire */
    GPtrArray *order;  /* element-type Wire, borrowed from @wires, as in the files */
    GPtrArray *meters; /* element-type NiloMeter */
    GHashTable *by_id; /* NiloMeterId -> NiloMeter, both borrowed from @meters */
    GKeyFile *rounds;  /* when each bus had its last round, over restarts */
    NiloBuildingReport report;
    NiloBuildingEvent event;
    gpointer user_data;
};

static void
free_runner(gpointer data)
{
    Runner *runner = data;

    g_signal_handlers_disconnect_by_data(runner->runner, runner);
    g_signal_handlers_disconnect_by_data(runner->wire->bus, runner);
    g_object_unref(runner->runner);
    if (runner->keeping != NULL)
        g_source_destroy(runner->keeping);
    g_clear_pointer(&runner->keeping, g_source_unref);
    g_clear_pointer(&runner->keeper, nilo_clock_keeper_free);
    g_clear_pointer(&runner->missed, g_ptr_array_unref);
    g_free(runner->schedule);
    g_free(runner->memory);
    g_free(runner);
}

static void
free_wire(gpointer data)
{
    Wire *wire = data;

    g_clear_pointer(&wire->runners, g_ptr_array_unref);
    if (wire->bus != NULL) {
        nilo_bus_stop(wire->bus);
        g_signal_handlers_disconnect_by_data(wire->bus, wire->building);
        g_signal_handlers_disconnect_by_data(wire->bus, wire);
    }
    g_clear_object(&wire->bus);
    g_clear_object(&wire->config);
    g_clear_object(&wire->transport);
    g_clear_pointer(&wire->meters, g_ptr_array_unref);
    g_free(wire);
}

static char *
get_rounds_path(NiloBuilding *self)
{
    return g_build_filename(self->state_dir, "rounds.conf", NULL);
}

/* a lost or damaged file costs a round at most: the next one is made at its time */
static void
load_rounds(NiloBuilding *self)
{
    g_autofree char *path = get_rounds_path(self);

    g_key_file_load_from_file(self->rounds, path, G_KEY_FILE_NONE, NULL);
}

static void
save_round(NiloBuilding *self, const char *memory, gint64 nominal_us)
{
    g_autofree char *path = get_rounds_path(self);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    g_key_file_set_int64(self->rounds, "rounds", memory, nominal_us);
    text = g_key_file_to_data(self->rounds, &size, NULL);
    if (!g_file_set_contents_full(path, text, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0640,
                                  &error))
        nilo_log_warning(NULL, "the time of the last round is not kept: %s", error->message);
}

NiloBuilding *
nilo_building_new(NiloPluginLoader *loader, NiloClock *clock, NiloSink *sink, const char *state_dir)
{
    NiloBuilding *self = g_new0(NiloBuilding, 1);

    self->loader = loader;
    self->clock = g_object_ref(clock);
    self->sink = sink;
    self->state_dir = g_strdup(state_dir);
    self->wires = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_wire);
    self->order = g_ptr_array_new();
    self->meters = g_ptr_array_new_with_free_func(g_object_unref);
    self->by_id = g_hash_table_new(nilo_meter_id_hash, nilo_meter_id_equal);
    self->rounds = g_key_file_new();
    load_rounds(self);
    return self;
}

void
nilo_building_free(NiloBuilding *self)
{
    nilo_building_stop(self);
    g_hash_table_unref(self->wires);
    g_ptr_array_unref(self->order);
    g_hash_table_unref(self->by_id);
    g_ptr_array_unref(self->meters);
    g_key_file_unref(self->rounds);
    g_object_unref(self->clock);
    g_free(self->state_dir);
    g_free(self);
}

void
nilo_building_set_callbacks(NiloBuilding *self, NiloBuildingReport report, NiloBuildingEvent event,
                            gpointer user_data)
{
    self->report = report;
    self->event = event;
    self->user_data = user_data;
}

static void
report_cb(NiloBus *bus, NiloReport *report, NiloBuilding *self)
{
    if (self->report != NULL)
        self->report(report, self->user_data);
}

static void
event_cb(NiloBus *bus, NiloEvent *event, NiloBuilding *self)
{
    if (self->event != NULL)
        self->event(event, self->user_data);
}

static GTimeZone *
get_zone(NiloConfig *config)
{
    NiloConfigSection *site = nilo_config_find_section(config, "site", NULL);

    return site != NULL ? g_time_zone_ref(nilo_site_config_get_zone(
                              nilo_config_section_get_object(site, NILO_TYPE_SITE_CONFIG)))
                        : g_time_zone_new_local();
}

static void
add_driver(NiloBuilding *self, GHashTable *drivers, const char *name)
{
    const NiloPluginOffer *offer;
    g_autoptr(GError) error = NULL;

    if (name == NULL || g_hash_table_contains(drivers, name))
        return;
    offer = nilo_plugin_loader_require(self->loader, "driver", name, &error);
    if (offer == NULL) /* the resolver has asked for it before: cannot be */
        nilo_log_warning(NULL, "%s", error->message);
    else
        g_hash_table_insert(drivers, g_strdup(name), g_object_new(offer->type, NULL));
}

/* one driver object per bus: it keeps what belongs to the wire */
static GHashTable *
make_drivers(NiloBuilding *self, NiloBusConfig *config, GPtrArray *meters)
{
    GHashTable *drivers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);

    add_driver(self, drivers, nilo_bus_config_get_driver(config));
    for (guint i = 0; i < meters->len; i++)
        add_driver(self, drivers, nilo_meter_get_driver(meters->pdata[i]));
    return drivers;
}

static Wire *
ensure_wire(NiloBuilding *self, const char *name)
{
    Wire *wire = g_hash_table_lookup(self->wires, name);

    if (wire == NULL) {
        wire = g_new0(Wire, 1);
        wire->building = self;
        g_hash_table_insert(self->wires, g_strdup(name), wire);
    }
    return wire;
}

static const char *
get_schedule_of(Wire *wire, NiloMeter *meter)
{
    const char *own = nilo_meter_get_schedule(meter);

    return own != NULL ? own : nilo_bus_config_get_schedule(wire->config);
}

/* who of the bus follows the schedule */
static GPtrArray *
list_due(Runner *runner)
{
    GPtrArray *due = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_meter_id_unref);
    Wire *wire = runner->wire;

    for (guint i = 0; i < wire->meters->len; i++) {
        NiloMeter *meter = wire->meters->pdata[i];

        if (g_strcmp0(get_schedule_of(wire, meter), runner->schedule) == 0)
            g_ptr_array_add(due, nilo_meter_id_ref(nilo_meter_get_id(meter)));
    }
    return due;
}

static void
due_cb(NiloScheduleRunner *schedule, gint64 nominal_us, Runner *runner)
{
    g_autoptr(GPtrArray) due = list_due(runner);

    save_round(runner->wire->building, runner->memory, nominal_us);
    nilo_bus_start_round(runner->wire->bus, due, NILO_CAUSE_SCHEDULE, nominal_us);
}

static void
second_cb(NiloScheduleRunner *schedule, gint64 nominal_us, Runner *runner)
{
    if (runner->missed != NULL && runner->missed->len > 0)
        nilo_bus_start_round(runner->wire->bus, runner->missed, NILO_CAUSE_RETRY, nominal_us);
    g_clear_pointer(&runner->missed, g_ptr_array_unref);
}

/* a first round that missed somebody has a second one */
static void
note_missed(Wire *wire, NiloRound *round)
{
    if (nilo_round_get_cause(round) != NILO_CAUSE_SCHEDULE)
        return;
    for (guint i = 0; wire->runners != NULL && i < wire->runners->len; i++) {
        Runner *runner = wire->runners->pdata[i];

        if (nilo_schedule_runner_get_last_us(runner->runner) != nilo_round_get_nominal_us(round))
            continue;
        g_clear_pointer(&runner->missed, g_ptr_array_unref);
        runner->missed = g_ptr_array_ref(nilo_round_get_missed(round));
        nilo_schedule_runner_note_missed(runner->runner, runner->missed->len);
    }
}

static void
round_finished_cb(NiloBus *bus, NiloRound *round, Wire *wire)
{
    const NiloLogScope scope = {.bus = nilo_bus_get_name(bus)};

    nilo_log_message(&scope, "round: %u of %u meters read in %.1f s",
                     nilo_round_get_n_outcome(round, NILO_OUTCOME_OK), nilo_round_get_n_due(round),
                     (double)nilo_round_get_duration_us(round) / G_USEC_PER_SEC);
    /* a round's reports travel together: do not let them wait for more to come */
    nilo_sink_flush(wire->building->sink);
    note_missed(wire, round);
}

static void
clock_set_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autofree char *meter = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) read_back = nilo_bus_write_finish(NILO_BUS(source), result, &error);

    if (read_back == NULL && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        nilo_log_message(&(NiloLogScope){.meter = meter}, "its clock could not be set: %s",
                         error->message);
}

static gboolean
keep_clocks_cb(gpointer user_data)
{
    Runner *runner = user_data;
    NiloCommand *command;

    while ((command = nilo_clock_keeper_take(runner->keeper)) != NULL) {
        const char *meter = nilo_meter_id_get_text(nilo_command_get_meter(command));

        nilo_bus_write_async(runner->wire->bus, command, NULL, clock_set_cb, g_strdup(meter));
        nilo_command_unref(command);
    }
    return G_SOURCE_CONTINUE;
}

/* a meter is kept by the schedule that it follows */
static void
note_clock_cb(NiloBus *bus, NiloReport *report, Runner *runner)
{
    NiloMeter *meter =
        g_hash_table_lookup(runner->wire->building->by_id, nilo_report_get_meter(report));

    if (meter != NULL && g_strcmp0(get_schedule_of(runner->wire, meter), runner->schedule) == 0)
        nilo_clock_keeper_note(runner->keeper, report);
}

static void
start_keeper(NiloBuilding *self, Runner *runner, NiloSchedule *schedule)
{
    const guint drift_max_s = nilo_schedule_get_clock_drift_max_s(schedule);

    if (drift_max_s == 0)
        return;
    runner->keeper =
        nilo_clock_keeper_new(drift_max_s, nilo_schedule_get_zone(schedule), self->clock);
    runner->keeping = g_timeout_source_new_seconds(60);
    g_source_set_callback(runner->keeping, keep_clocks_cb, runner, NULL);
    g_source_attach(runner->keeping, NULL);
    g_signal_connect(runner->wire->bus, "report", G_CALLBACK(note_clock_cb), runner);
}

static void
start_runner(NiloBuilding *self, Wire *wire, const char *name, NiloSchedule *schedule)
{
    Runner *runner = g_new0(Runner, 1);
    const char *bus = nilo_bus_get_name(wire->bus);

    runner->wire = wire;
    runner->schedule = g_strdup(name);
    runner->memory = g_strdup_printf("%s %s", bus, name);
    runner->runner = nilo_schedule_runner_new(schedule, bus, self->clock,
                                              g_key_file_get_int64(self->rounds, "rounds",
                                                                   runner->memory, NULL));
    g_signal_connect(runner->runner, "due", G_CALLBACK(due_cb), runner);
    g_signal_connect(runner->runner, "second", G_CALLBACK(second_cb), runner);
    g_ptr_array_add(wire->runners, runner);
    start_keeper(self, runner, schedule);
    nilo_schedule_runner_start(runner->runner);
}

/* one runner per schedule that a meter of the bus follows */
static void
apply_schedules(NiloBuilding *self, Wire *wire, GHashTable *schedules)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    g_clear_pointer(&wire->runners, g_ptr_array_unref);
    wire->runners = g_ptr_array_new_with_free_func(free_runner);
    for (guint i = 0; i < wire->meters->len; i++) {
        const char *name = get_schedule_of(wire, wire->meters->pdata[i]);
        NiloSchedule *schedule = name != NULL ? g_hash_table_lookup(schedules, name) : NULL;

        if (schedule != NULL && g_hash_table_add(seen, (gpointer)name))
            start_runner(self, wire, name, schedule);
    }
}

static GHashTable *
make_schedules(NiloConfig *config, GTimeZone *zone)
{
    GHashTable *schedules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
    GPtrArray *sections = nilo_config_list_sections(config, "schedule");

    for (guint i = 0; i < sections->len; i++) {
        NiloConfigSection *section = sections->pdata[i];
        g_autoptr(GError) error = NULL;
        NiloSchedule *schedule =
            nilo_schedule_new(nilo_config_section_get_object(section, NILO_TYPE_SCHEDULE_CONFIG),
                              zone, &error);

        if (schedule == NULL)
            nilo_log_warning(NULL, "[schedule %s]: %s", section->name, error->message);
        else
            g_hash_table_insert(schedules, g_strdup(section->name), schedule);
    }
    return schedules;
}

static void
start_bus(NiloBuilding *self, Wire *wire, const char *name, GHashTable *drivers, GTimeZone *zone)
{
    wire->bus = nilo_bus_new(name, wire->config, wire->transport, drivers, wire->meters,
                             self->clock, self->sink, self->state_dir);
    nilo_bus_set_time_zone(wire->bus, zone);
    g_signal_connect(wire->bus, "report", G_CALLBACK(report_cb), self);
    g_signal_connect(wire->bus, "event", G_CALLBACK(event_cb), self);
    g_signal_connect(wire->bus, "round-finished", G_CALLBACK(round_finished_cb), wire);
    nilo_bus_start(wire->bus);
}

static void
apply_bus(NiloBuilding *self, NiloConfigSection *section, GHashTable *schedules, GTimeZone *zone)
{
    Wire *wire = ensure_wire(self, section->name);
    g_autoptr(GHashTable) drivers = NULL;

    g_set_object(&wire->config, nilo_config_section_get_object(section, NILO_TYPE_BUS_CONFIG));
    g_set_object(&wire->transport, nilo_config_section_get_object(section, NILO_TYPE_TRANSPORT));
    g_clear_pointer(&wire->meters, g_ptr_array_unref);
    wire->meters = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < self->meters->len; i++) {
        NiloMeter *meter = self->meters->pdata[i];

        if (strcmp(nilo_meter_get_bus(meter), section->name) == 0 && nilo_meter_get_enabled(meter))
            g_ptr_array_add(wire->meters, g_object_ref(meter));
    }
    drivers = make_drivers(self, wire->config, wire->meters);
    if (wire->bus == NULL) {
        start_bus(self, wire, section->name, drivers, zone);
    } else {
        nilo_bus_set_time_zone(wire->bus, zone);
        nilo_bus_reload(wire->bus, wire->config, wire->transport, drivers, wire->meters);
    }
    apply_schedules(self, wire, schedules);
    g_ptr_array_add(self->order, wire);
}

static void
collect_meters(NiloBuilding *self, NiloConfig *config)
{
    GPtrArray *sections = nilo_config_list_sections(config, "meter");

    g_hash_table_remove_all(self->by_id);
    g_ptr_array_unref(self->meters);
    self->meters = g_ptr_array_new_full(sections->len, g_object_unref);
    for (guint i = 0; i < sections->len; i++) {
        NiloMeter *meter = nilo_config_section_get_object(sections->pdata[i], NILO_TYPE_METER);

        g_ptr_array_add(self->meters, g_object_ref(meter));
        g_hash_table_insert(self->by_id, nilo_meter_get_id(meter), meter);
    }
}

static void
remove_buses_not_in(NiloBuilding *self, NiloConfig *config)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, self->wires);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (nilo_config_find_section(config, "bus", name) == NULL)
            g_hash_table_iter_remove(&iter);
    }
}

void
nilo_building_apply(NiloBuilding *self, NiloConfig *config)
{
    GPtrArray *buses = nilo_config_list_sections(config, "bus");
    g_autoptr(GTimeZone) zone = get_zone(config);
    g_autoptr(GHashTable) schedules = make_schedules(config, zone);

    g_ptr_array_set_size(self->order, 0);
    remove_buses_not_in(self, config);
    collect_meters(self, config);
    for (guint i = 0; i < buses->len; i++)
        apply_bus(self, buses->pdata[i], schedules, zone);
}

void
nilo_building_stop(NiloBuilding *self)
{
    g_ptr_array_set_size(self->order, 0);
    g_hash_table_remove_all(self->wires);
}

void
nilo_building_show(NiloBuilding *self, NiloDbusServer *server)
{
    g_autofree NiloDbusBusEntry *entries = g_new0(NiloDbusBusEntry, self->order->len + 1);

    for (guint i = 0; i < self->order->len; i++) {
        const Wire *wire = self->order->pdata[i];

        entries[i] = (NiloDbusBusEntry){wire->bus, wire->config, wire->transport};
    }
    nilo_dbus_server_set_building(server, entries, self->order->len, self->meters);
}

GPtrArray *
nilo_building_get_meters(NiloBuilding *self)
{
    return self->meters;
}

NiloMeter *
nilo_building_find_meter(NiloBuilding *self, NiloMeterId *id)
{
    return g_hash_table_lookup(self->by_id, id);
}

gint64
nilo_building_get_stalled_us(NiloBuilding *self)
{
    gint64 longest_us = 0;

    for (guint i = 0; i < self->order->len; i++) {
        const Wire *wire = self->order->pdata[i];
        NiloBusState state;

        nilo_bus_get_state(wire->bus, &state);
        longest_us = MAX(longest_us, state.stalled_us);
    }
    return longest_us;
}
