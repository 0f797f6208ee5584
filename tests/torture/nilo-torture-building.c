/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-building.h"

#include <string.h>

#include "nilo-cjt188-driver.h"
#include "nilo-cjt188-settings.h"
#include "nilo-lab-control.h"
#include "nilo-mbus-driver.h"
#include "nilo-mbus-settings.h"

#define ZONE                   "Asia/Shanghai"
#define BUS_NAME               "riser"

#define NILO_TYPE_TORTURE_SINK (nilo_torture_sink_get_type())
G_DECLARE_FINAL_TYPE(NiloTortureSink, nilo_torture_sink, NILO, TORTURE_SINK, GObject)

struct _NiloTortureSink {
    GObject parent_instance;

    NiloTortureReportFunc func; /* (nullable) */
    gpointer user_data;         /* borrowed, outlives us */
};

static void
torture_sink_put_report(NiloSink *sink, NiloReport *report, NiloSinkStored stored,
                        gpointer user_data)
{
    NiloTortureSink *self = NILO_TORTURE_SINK(sink);

    if (self->func != NULL)
        self->func(report, self->user_data);
}

static void
torture_sink_put_event(NiloSink *sink, NiloEvent *event)
{
}

static void
torture_sink_flush(NiloSink *sink)
{
}

static void
torture_sink_iface_init(NiloSinkInterface *iface)
{
    iface->put_report = torture_sink_put_report;
    iface->put_event = torture_sink_put_event;
    iface->flush = torture_sink_flush;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloTortureSink, nilo_torture_sink, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_SINK, torture_sink_iface_init))

static void
nilo_torture_sink_class_init(NiloTortureSinkClass *klass)
{
}

static void
nilo_torture_sink_init(NiloTortureSink *self)
{
}

/* ---- meters as the configuration would have them ---- */

static GObject *
make_settings(const NiloLabMeterSettings *settings)
{
    const GType type = settings->protocol == NILO_LAB_PROTOCOL_CJT188 ? NILO_TYPE_CJT188_SETTINGS
                                                                      : NILO_TYPE_MBUS_SETTINGS;

    return g_object_new(type, "zone", ZONE, NULL);
}

static NiloMeter *
make_meter(const NiloLabMeterSettings *settings)
{
    g_autofree char *text = nilo_lab_meter_settings_to_id(settings);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(text, &error);
    g_autoptr(GObject) own = make_settings(settings);
    g_autofree char *address = NULL;

    g_assert_no_error(error);
    if (settings->protocol == NILO_LAB_PROTOCOL_MBUS_PRIMARY)
        address = g_strdup_printf("%u", settings->primary_address);
    return nilo_meter_new(id, BUS_NAME,
                          settings->protocol == NILO_LAB_PROTOCOL_CJT188 ? "cjt188" : "mbus",
                          address, NULL, own);
}

/* a twin is on the wire, and nobody has written it into a file */
static gboolean
is_twin(NiloTortureBuilding *self, NiloMeter *meter)
{
    const char *address = nilo_meter_get_address(meter);

    if (g_hash_table_contains(self->lab_meters, nilo_meter_get_id(meter)))
        return TRUE;
    for (guint i = 0; address != NULL && i < self->meters->len; i++) {
        if (g_strcmp0(nilo_meter_get_address(g_ptr_array_index(self->meters, i)), address) == 0)
            return TRUE;
    }
    return FALSE;
}

static void
add_meters(NiloTortureBuilding *self)
{
    GPtrArray *meters = nilo_lab_bus_get_meters(self->lab);

    for (guint i = 0; i < meters->len; i++) {
        NiloLabMeter *lab_meter = g_ptr_array_index(meters, i);
        g_autoptr(NiloMeter) meter = make_meter(&lab_meter->settings);

        if (is_twin(self, meter))
            continue;
        g_hash_table_insert(self->lab_meters, nilo_meter_get_id(meter), lab_meter);
        g_ptr_array_add(self->meters, g_steal_pointer(&meter));
    }
}

NiloTortureBuilding *
nilo_torture_building_new(const char *text, const char *begin)
{
    NiloTortureBuilding *self = g_new0(NiloTortureBuilding, 1);
    NiloLabTime time = {.speedup = 1};
    g_autoptr(GError) error = NULL;

    self->estate = nilo_lab_estate_new_from_data(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_true(nilo_lab_utc_from_text(begin, &time.utc_us));
    nilo_lab_estate_set_time(self->estate, &time);
    self->lab = g_ptr_array_index(nilo_lab_estate_get_buses(self->estate), 0);
    self->clock = nilo_fake_clock_new(time.utc_us);
    nilo_fake_clock_advance(self->clock, G_USEC_PER_SEC);
    self->wire = (NiloTortureWire){.lab = self->lab, .clock = self->clock};
    self->sink = g_object_new(NILO_TYPE_TORTURE_SINK, NULL);
    self->transport = nilo_torture_transport_new(&self->wire);
    self->drivers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
    g_hash_table_insert(self->drivers, (gpointer) "mbus",
                        g_object_new(NILO_TYPE_MBUS_DRIVER, NULL));
    g_hash_table_insert(self->drivers, (gpointer) "cjt188",
                        g_object_new(NILO_TYPE_CJT188_DRIVER, NULL));
    self->meters = g_ptr_array_new_with_free_func(g_object_unref);
    self->lab_meters = g_hash_table_new(nilo_meter_id_hash, nilo_meter_id_equal);
    add_meters(self);
    return self;
}

void
nilo_torture_building_free(NiloTortureBuilding *self)
{
    if (self->bus != NULL)
        nilo_bus_stop(self->bus);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_clear_object(&self->bus);
    g_hash_table_unref(self->lab_meters);
    g_ptr_array_unref(self->meters);
    g_hash_table_unref(self->drivers);
    g_object_unref(self->transport);
    g_object_unref(self->sink);
    g_object_unref(self->clock);
    nilo_lab_estate_free(self->estate);
    g_free(self);
}

static void
round_cb(NiloBus *bus, NiloRound *round, gpointer user_data)
{
    NiloTortureBuilding *self = user_data;

    self->n_rounds++;
}

void
nilo_torture_building_start(NiloTortureBuilding *self, NiloTortureReportFunc func,
                            gpointer user_data)
{
    g_autoptr(NiloBusConfig) config = nilo_bus_config_new();
    NiloTortureSink *sink = NILO_TORTURE_SINK(self->sink);

    sink->func = func;
    sink->user_data = user_data;
    self->bus = nilo_bus_new(BUS_NAME, config, self->transport, self->drivers, self->meters,
                             NILO_CLOCK(self->clock), self->sink, NULL);
    g_signal_connect(self->bus, "round-finished", G_CALLBACK(round_cb), self);
    nilo_bus_start(self->bus);
}

void
nilo_torture_building_run_round(NiloTortureBuilding *self, gint64 pause_us)
{
    const guint before = self->n_rounds;

    nilo_bus_start_round(self->bus, NULL, NILO_CAUSE_SCHEDULE,
                         nilo_clock_get_utc_us(NILO_CLOCK(self->clock)));
    while (self->n_rounds == before)
        g_main_context_iteration(NULL, TRUE);
    nilo_fake_clock_advance(self->clock, pause_us);
}

void
nilo_torture_building_control(NiloTortureBuilding *self, const char *line)
{
    g_autoptr(NiloLabControl) control = nilo_lab_control_new(self->estate, NULL);
    g_autofree char *answer =
        nilo_lab_control_run(control, line,
                             nilo_clock_get_monotonic_us(NILO_CLOCK(self->clock)) * 1000);

    g_assert_false(g_str_has_prefix(answer, "error="));
}
