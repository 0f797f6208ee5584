/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus-config.h"

#include <glib/gi18n-lib.h>

#include "nilo-param.h"

struct _NiloBusConfig {
    GObject parent_instance;

    char *transport;
    char *driver;
    char *schedule;
    guint tries;
    guint answer_extra_ms;
    guint slack_ms;
    guint idle_ms;
    guint silent_after;
    guint probe_rounds_max;
    guint probe_time_s;
    guint patience_s;
};

enum {
    PROP_0,
    PROP_TRANSPORT,
    PROP_DRIVER,
    PROP_SCHEDULE,
    PROP_TRIES,
    PROP_ANSWER_EXTRA_MS,
    PROP_SLACK_MS,
    PROP_IDLE_MS,
    PROP_SILENT_AFTER,
    PROP_PROBE_ROUNDS_MAX,
    PROP_PROBE_TIME_S,
    PROP_PATIENCE_S,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloBusConfig, nilo_bus_config, G_TYPE_OBJECT)

static void
nilo_bus_config_set_property(GObject *object, guint property, const GValue *value, GParamSpec *spec)
{
    NiloBusConfig *self = NILO_BUS_CONFIG(object);

    switch (property) {
    case PROP_TRANSPORT:
        self->transport = g_value_dup_string(value);
        break;
    case PROP_DRIVER:
        self->driver = g_value_dup_string(value);
        break;
    case PROP_SCHEDULE:
        self->schedule = g_value_dup_string(value);
        break;
    case PROP_TRIES:
        self->tries = g_value_get_uint(value);
        break;
    case PROP_ANSWER_EXTRA_MS:
        self->answer_extra_ms = g_value_get_uint(value);
        break;
    case PROP_SLACK_MS:
        self->slack_ms = g_value_get_uint(value);
        break;
    case PROP_IDLE_MS:
        self->idle_ms = g_value_get_uint(value);
        break;
    case PROP_SILENT_AFTER:
        self->silent_after = g_value_get_uint(value);
        break;
    case PROP_PROBE_ROUNDS_MAX:
        self->probe_rounds_max = g_value_get_uint(value);
        break;
    case PROP_PROBE_TIME_S:
        self->probe_time_s = g_value_get_uint(value);
        break;
    case PROP_PATIENCE_S:
        self->patience_s = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_bus_config_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloBusConfig *self = NILO_BUS_CONFIG(object);

    switch (property) {
    case PROP_TRANSPORT:
        g_value_set_string(value, self->transport);
        break;
    case PROP_DRIVER:
        g_value_set_string(value, self->driver);
        break;
    case PROP_SCHEDULE:
        g_value_set_string(value, self->schedule);
        break;
    case PROP_TRIES:
        g_value_set_uint(value, self->tries);
        break;
    case PROP_ANSWER_EXTRA_MS:
        g_value_set_uint(value, self->answer_extra_ms);
        break;
    case PROP_SLACK_MS:
        g_value_set_uint(value, self->slack_ms);
        break;
    case PROP_IDLE_MS:
        g_value_set_uint(value, self->idle_ms);
        break;
    case PROP_SILENT_AFTER:
        g_value_set_uint(value, self->silent_after);
        break;
    case PROP_PROBE_ROUNDS_MAX:
        g_value_set_uint(value, self->probe_rounds_max);
        break;
    case PROP_PROBE_TIME_S:
        g_value_set_uint(value, self->probe_time_s);
        break;
    case PROP_PATIENCE_S:
        g_value_set_uint(value, self->patience_s);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_bus_config_finalize(GObject *object)
{
    NiloBusConfig *self = NILO_BUS_CONFIG(object);

    g_free(self->transport);
    g_free(self->driver);
    g_free(self->schedule);
    G_OBJECT_CLASS(nilo_bus_config_parent_class)->finalize(object);
}

static void
nilo_bus_config_class_init(NiloBusConfigClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_bus_config_set_property;
    object_class->get_property = nilo_bus_config_get_property;
    object_class->finalize = nilo_bus_config_finalize;

    properties[PROP_TRANSPORT] =
        g_param_spec_string("transport", N_("Transport"),
                            N_("Name of the transport that leads to the bus: rs485, mbus"), NULL,
                            NILO_PARAM_CONFIG | NILO_PARAM_REQUIRED);
    properties[PROP_DRIVER] =
        g_param_spec_string("driver", N_("Driver"),
                            N_("Name of the driver for meters that name none"), NULL,
                            NILO_PARAM_CONFIG);
    properties[PROP_SCHEDULE] =
        g_param_spec_string("schedule", N_("Schedule"),
                            N_("Name of the schedule for meters that name none"), NULL,
                            NILO_PARAM_CONFIG);
    properties[PROP_TRIES] =
        g_param_spec_uint("tries", N_("Tries"),
                          N_("How often a meter is asked before its answer counts as missing; a "
                             "meter that has been silent is asked once"),
                          1, 10, 3, NILO_PARAM_CONFIG);
    properties[PROP_ANSWER_EXTRA_MS] = g_param_spec_uint(
        "answer-extra-ms", N_("Extra answer time"),
        N_("Wait at most this much longer for the first byte than the standard allows: adapters "
           "and serial servers take their time; how much of it is used is learned"),
        0, 10000, 300, NILO_PARAM_CONFIG);
    properties[PROP_SLACK_MS] = g_param_spec_uint(
        "slack-ms", N_("Pause inside an answer"),
        N_("An answer that stops for so long is over: raise it for serial servers far away"), 5,
        5000, 50, NILO_PARAM_CONFIG);
    properties[PROP_IDLE_MS] = g_param_spec_uint(
        "idle-ms", N_("Quiet time"),
        N_("Keep the line quiet for so long before each request; 0 for 11 bit times"), 0, 5000, 0,
        NILO_PARAM_CONFIG);
    properties[PROP_SILENT_AFTER] =
        g_param_spec_uint("silent-after", N_("Silent after"),
                          N_("So many reads in a row without an answer make a meter silent: from "
                             "then on it is tried once, after everybody else"),
                          1, 100, 2, NILO_PARAM_CONFIG);
    properties[PROP_PROBE_ROUNDS_MAX] =
        g_param_spec_uint("probe-rounds-max", N_("Longest break between probes"),
                          N_("A meter that stays silent is tried in every 1st, 2nd, 4th .. round, "
                             "and at least once in so many"),
                          1, 1000, 16, NILO_PARAM_CONFIG);
    properties[PROP_PROBE_TIME_S] =
        g_param_spec_uint("probe-time-s", N_("Time for probes"),
                          N_("When a round leaves so much time, silent meters are tried even "
                             "before their turn; also the most that probes of one round may take"),
                          1, 3600, 60, NILO_PARAM_CONFIG);
    properties[PROP_PATIENCE_S] =
        g_param_spec_uint("patience-s", N_("Patience with the adapter"),
                          N_("When the adapter is gone, what is to be read waits for so long "
                             "before it is reported as missed"),
                          0, 3600, 10, NILO_PARAM_CONFIG);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_bus_config_init(NiloBusConfig *self)
{
}

NiloBusConfig *
nilo_bus_config_new(void)
{
    return g_object_new(NILO_TYPE_BUS_CONFIG, NULL);
}

const char *
nilo_bus_config_get_transport(NiloBusConfig *self)
{
    return self->transport;
}

const char *
nilo_bus_config_get_driver(NiloBusConfig *self)
{
    return self->driver;
}

const char *
nilo_bus_config_get_schedule(NiloBusConfig *self)
{
    return self->schedule;
}

guint
nilo_bus_config_get_tries(NiloBusConfig *self)
{
    return self->tries;
}

guint
nilo_bus_config_get_answer_extra_ms(NiloBusConfig *self)
{
    return self->answer_extra_ms;
}

guint
nilo_bus_config_get_slack_ms(NiloBusConfig *self)
{
    return self->slack_ms;
}

guint
nilo_bus_config_get_idle_ms(NiloBusConfig *self)
{
    return self->idle_ms;
}

guint
nilo_bus_config_get_silent_after(NiloBusConfig *self)
{
    return self->silent_after;
}

guint
nilo_bus_config_get_probe_rounds_max(NiloBusConfig *self)
{
    return self->probe_rounds_max;
}

guint
nilo_bus_config_get_probe_time_s(NiloBusConfig *self)
{
    return self->probe_time_s;
}

guint
nilo_bus_config_get_patience_s(NiloBusConfig *self)
{
    return self->patience_s;
}
