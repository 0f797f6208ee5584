/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-building.h"

#include <string.h>

#include "nilo-log.h"
#include "nilo-schedule.h"
#include "nilo-site-config.h"

typedef struct {
    NiloBuilding *building; /* borrowed, outlives us */
    NiloBus *bus;
    NiloBusConfig *config;
    NiloTransport *transport;
    GPtrArray *meters; /* element-type NiloMeter, the enabled ones, in the order of the riser */
} Wire;

struct _NiloBuilding {
    NiloPluginLoader *loader; /* borrowed, outlives us */
    NiloClock *clock;
    NiloSink *sink; /* borrowed, outlives us */
    char *state_dir;
    GHashTable *wires;    /* name -> Wire */
    GPtrArray *order;     /* element-type Wire, borrowed from @wires, as in the files */
    GPtrArray *meters;    /* element-type NiloMeter */
    GHashTable *by_id;    /* NiloMeterId -> NiloMeter, both borrowed from @meters */
    GPtrArray *schedules; /* element-type NiloSchedule */
    NiloBuildingReport report;
    NiloBuildingEvent event;
    gpointer user_data;
};

static void
free_wire(gpointer data)
{
    Wire *wire = data;

    if (wire->bus != NULL) {
        nilo_bus_stop(wire->bus);
        g_signal_handlers_disconnect_by_data(wire->bus, wire->building);
    }
    g_clear_object(&wire->bus);
    g_clear_object(&wire->config);
    g_clear_object(&wire->transport);
    g_clear_pointer(&wire->meters, g_ptr_array_unref);
    g_free(wire);
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
    self->schedules = g_ptr_array_new_with_free_func(g_object_unref);
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
    g_ptr_array_unref(self->schedules);
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

static void
round_finished_cb(NiloBus *bus, NiloRound *round, NiloBuilding *self)
{
    const NiloLogScope scope = {.bus = nilo_bus_get_name(bus)};

    nilo_log_message(&scope, "round: %u of %u meters read in %.1f s",
                     nilo_round_get_n_outcome(round, NILO_OUTCOME_OK), nilo_round_get_n_due(round),
                     (double)nilo_round_get_duration_us(round) / G_USEC_PER_SEC);
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

static void
start_bus(NiloBuilding *self, Wire *wire, const char *name, GHashTable *drivers, GTimeZone *zone)
{
    wire->bus = nilo_bus_new(name, wire->config, wire->transport, drivers, wire->meters,
                             self->clock, self->sink, self->state_dir);
    nilo_bus_set_time_zone(wire->bus, zone);
    g_signal_connect(wire->bus, "report", G_CALLBACK(report_cb), self);
    g_signal_connect(wire->bus, "event", G_CALLBACK(event_cb), self);
    g_signal_connect(wire->bus, "round-finished", G_CALLBACK(round_finished_cb), self);
    nilo_bus_start(wire->bus);
}

static void
apply_bus(NiloBuilding *self, NiloConfigSection *section, GTimeZone *zone)
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

static const char *
get_schedule_of(Wire *wire, NiloMeter *meter)
{
    const char *own = nilo_meter_get_schedule(meter);

    return own != NULL ? own : nilo_bus_config_get_schedule(wire->config);
}

/* those of a bus that follow a schedule, and everybody on it when that is all */
static void
schedule_due_cb(NiloSchedule *schedule, gint64 nominal_us, gboolean missed_only, NiloBuilding *self)
{
    for (guint i = 0; i < self->order->len; i++) {
        Wire *wire = self->order->pdata[i];
        g_autoptr(GPtrArray) due =
            g_ptr_array_new_with_free_func((GDestroyNotify)nilo_meter_id_unref);

        for (guint m = 0; m < wire->meters->len; m++) {
            NiloMeter *meter = wire->meters->pdata[m];

            if (g_strcmp0(get_schedule_of(wire, meter), nilo_schedule_get_name(schedule)) == 0)
                g_ptr_array_add(due, nilo_meter_id_ref(nilo_meter_get_id(meter)));
        }
        if (due->len > 0)
            nilo_bus_start_round(wire->bus, due,
                                 missed_only ? NILO_CAUSE_RETRY : NILO_CAUSE_SCHEDULE, nominal_us);
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

    g_ptr_array_set_size(self->order, 0);
    remove_buses_not_in(self, config);
    collect_meters(self, config);
    for (guint i = 0; i < buses->len; i++)
        apply_bus(self, buses->pdata[i], zone);
}

void
nilo_building_stop(NiloBuilding *self)
{
    g_ptr_array_set_size(self->schedules, 0);
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
