/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-meter.h"

#include <glib/gi18n-lib.h>

#include "nilo-param.h"

/* 2.5 m3/h is the permanent flow of a flat's meter (Q3 of OIML R 49); 4 times that passes only
 * through a broken pipe or a broken frame */
#define DEFAULT_FLOW_MAX_ML_PER_H 10000000

struct _NiloMeter {
    GObject parent_instance;

    NiloMeterId *id;
    char *bus;
    char *driver;
    char *address;
    char *point;
    char *place;
    char *schedule;
    guint reads_per_day;
    guint answer_extra_ms;
    guint64 flow_max_ml_per_h;
    gboolean enabled;
    GObject *line_settings;
    GObject *driver_settings;
};

enum {
    PROP_0,
    PROP_ID,
    PROP_BUS,
    PROP_DRIVER,
    PROP_ADDRESS,
    PROP_POINT,
    PROP_PLACE,
    PROP_SCHEDULE,
    PROP_READS_PER_DAY,
    PROP_ANSWER_EXTRA_MS,
    PROP_FLOW_MAX_ML_PER_H,
    PROP_ENABLED,
    PROP_LINE_SETTINGS,
    PROP_DRIVER_SETTINGS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloMeter, nilo_meter, G_TYPE_OBJECT)

static void
nilo_meter_set_property(GObject *object, guint property, const GValue *value, GParamSpec *spec)
{
    NiloMeter *self = NILO_METER(object);

    switch (property) {
    case PROP_ID:
        self->id = g_value_dup_boxed(value);
        break;
    case PROP_BUS:
        self->bus = g_value_dup_string(value);
        break;
    case PROP_DRIVER:
        self->driver = g_value_dup_string(value);
        break;
    case PROP_ADDRESS:
        self->address = g_value_dup_string(value);
        break;
    case PROP_POINT:
        self->point = g_value_dup_string(value);
        break;
    case PROP_PLACE:
        self->place = g_value_dup_string(value);
        break;
    case PROP_SCHEDULE:
        self->schedule = g_value_dup_string(value);
        break;
    case PROP_READS_PER_DAY:
        self->reads_per_day = g_value_get_uint(value);
        break;
    case PROP_ANSWER_EXTRA_MS:
        self->answer_extra_ms = g_value_get_uint(value);
        break;
    case PROP_FLOW_MAX_ML_PER_H:
        self->flow_max_ml_per_h = g_value_get_uint64(value);
        break;
    case PROP_ENABLED:
        self->enabled = g_value_get_boolean(value);
        break;
    case PROP_LINE_SETTINGS:
        self->line_settings = g_value_dup_object(value);
        break;
    case PROP_DRIVER_SETTINGS:
        self->driver_settings = g_value_dup_object(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_meter_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloMeter *self = NILO_METER(object);

    switch (property) {
    case PROP_ID:
        g_value_set_boxed(value, self->id);
        break;
    case PROP_BUS:
        g_value_set_string(value, self->bus);
        break;
    case PROP_DRIVER:
        g_value_set_string(value, self->driver);
        break;
    case PROP_ADDRESS:
        g_value_set_string(value, self->address);
        break;
    case PROP_POINT:
        g_value_set_string(value, self->point);
        break;
    case PROP_PLACE:
        g_value_set_string(value, self->place);
        break;
    case PROP_SCHEDULE:
        g_value_set_string(value, self->schedule);
        break;
    case PROP_READS_PER_DAY:
        g_value_set_uint(value, self->reads_per_day);
        break;
    case PROP_ANSWER_EXTRA_MS:
        g_value_set_uint(value, self->answer_extra_ms);
        break;
    case PROP_FLOW_MAX_ML_PER_H:
        g_value_set_uint64(value, self->flow_max_ml_per_h);
        break;
    case PROP_ENABLED:
        g_value_set_boolean(value, self->enabled);
        break;
    case PROP_LINE_SETTINGS:
        g_value_set_object(value, self->line_settings);
        break;
    case PROP_DRIVER_SETTINGS:
        g_value_set_object(value, self->driver_settings);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_meter_finalize(GObject *object)
{
    NiloMeter *self = NILO_METER(object);

    g_clear_pointer(&self->id, nilo_meter_id_unref);
    g_free(self->bus);
    g_free(self->driver);
    g_free(self->address);
    g_free(self->point);
    g_free(self->place);
    g_free(self->schedule);
    g_clear_object(&self->line_settings);
    g_clear_object(&self->driver_settings);
    G_OBJECT_CLASS(nilo_meter_parent_class)->finalize(object);
}

static void
nilo_meter_class_init(NiloMeterClass *klass)
{
    const GParamFlags construct =
        G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_meter_set_property;
    object_class->get_property = nilo_meter_get_property;
    object_class->finalize = nilo_meter_finalize;

    /* the id is the group's name, not a key */
    properties[PROP_ID] = g_param_spec_boxed("id", NULL, NULL, NILO_TYPE_METER_ID, construct);
    properties[PROP_BUS] =
        g_param_spec_string("bus", N_("Bus"), N_("Name of the bus the meter hangs on"), NULL,
                            NILO_PARAM_CONFIG | NILO_PARAM_REQUIRED);
    properties[PROP_DRIVER] = g_param_spec_string(
        "driver", N_("Driver"),
        N_("Name of the driver that speaks the meter's protocol; without it, the bus's"), NULL,
        NILO_PARAM_CONFIG);
    properties[PROP_ADDRESS] = g_param_spec_string(
        "address", N_("Address"),
        N_("Where it answers on the bus, as the driver writes it; without it, the id says it"),
        NULL, NILO_PARAM_CONFIG);
    properties[PROP_POINT] =
        g_param_spec_string("point", N_("Point"),
                            N_("The customer's connection (account number of the flat)"), NULL,
                            NILO_PARAM_CONFIG);
    properties[PROP_PLACE] =
        g_param_spec_string("place", N_("Place"),
                            N_("Building, unit and flat, for people: 3/2/1203"), NULL,
                            NILO_PARAM_CONFIG);
    properties[PROP_SCHEDULE] =
        g_param_spec_string("schedule", N_("Schedule"),
                            N_("Name of its schedule; without it, the bus's"), NULL,
                            NILO_PARAM_CONFIG);
    properties[PROP_READS_PER_DAY] = g_param_spec_uint(
        "reads-per-day", N_("Reads per day"),
        N_("How often the meter's battery allows it to be read in one day; 0 for no limit"), 0,
        100000, 0, NILO_PARAM_CONFIG);
    properties[PROP_ANSWER_EXTRA_MS] =
        g_param_spec_uint("answer-extra-ms", N_("Extra answer time"),
                          N_("Wait this much longer for the first byte than the standard allows"),
                          0, 10000, 0, NILO_PARAM_CONFIG);
    properties[PROP_FLOW_MAX_ML_PER_H] = g_param_spec_uint64(
        "flow-max-ml-per-h", N_("Largest flow"),
        N_("A volume that rises faster is read again before it counts; 0 for no check"), 0,
        G_MAXINT64, DEFAULT_FLOW_MAX_ML_PER_H, NILO_PARAM_CONFIG);
    properties[PROP_ENABLED] =
        g_param_spec_boolean("enabled", N_("Enabled"), N_("Whether the meter is read"), TRUE,
                             NILO_PARAM_CONFIG);
    properties[PROP_LINE_SETTINGS] =
        g_param_spec_object("line-settings", NULL, NULL, G_TYPE_OBJECT, construct);
    properties[PROP_DRIVER_SETTINGS] =
        g_param_spec_object("driver-settings", NULL, NULL, G_TYPE_OBJECT, construct);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_meter_init(NiloMeter *self)
{
}

NiloMeter *
nilo_meter_new(NiloMeterId *id, const char *bus, const char *driver, const char *address,
               GObject *line_settings, GObject *driver_settings)
{
    return g_object_new(NILO_TYPE_METER, "id", id, "bus", bus, "driver", driver, "address", address,
                        "line-settings", line_settings, "driver-settings", driver_settings, NULL);
}

NiloMeterId *
nilo_meter_get_id(NiloMeter *self)
{
    return self->id;
}

const char *
nilo_meter_get_id_text(NiloMeter *self)
{
    return nilo_meter_id_get_text(self->id);
}

const char *
nilo_meter_get_bus(NiloMeter *self)
{
    return self->bus;
}

const char *
nilo_meter_get_driver(NiloMeter *self)
{
    return self->driver;
}

const char *
nilo_meter_get_address(NiloMeter *self)
{
    return self->address;
}

const char *
nilo_meter_get_point(NiloMeter *self)
{
    return self->point;
}

const char *
nilo_meter_get_place(NiloMeter *self)
{
    return self->place;
}

const char *
nilo_meter_get_schedule(NiloMeter *self)
{
    return self->schedule;
}

guint
nilo_meter_get_reads_per_day(NiloMeter *self)
{
    return self->reads_per_day;
}

guint
nilo_meter_get_answer_extra_ms(NiloMeter *self)
{
    return self->answer_extra_ms;
}

guint64
nilo_meter_get_flow_max_ml_per_h(NiloMeter *self)
{
    return self->flow_max_ml_per_h;
}

gboolean
nilo_meter_get_enabled(NiloMeter *self)
{
    return self->enabled;
}

GObject *
nilo_meter_get_line_settings(NiloMeter *self)
{
    return self->line_settings;
}

GObject *
nilo_meter_get_driver_settings(NiloMeter *self)
{
    return self->driver_settings;
}
