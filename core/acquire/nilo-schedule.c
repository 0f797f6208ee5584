/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-schedule.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

#include "nilo-error.h"
#include "nilo-param.h"

#define DAY_S        86400
#define DAY_MINUTES  1440
#define HOUR_MINUTES 60
#define NOT_TODAY    G_MAXINT64

struct _NiloScheduleConfig {
    GObject parent_instance;

    char *every;
    char *at;
    char *zone;
    guint spread_s;
    guint second_round_min;
    guint clock_drift_max_s;
};

enum {
    PROP_0,
    PROP_EVERY,
    PROP_AT,
    PROP_ZONE,
    PROP_SPREAD_S,
    PROP_SECOND_ROUND_MIN,
    PROP_CLOCK_DRIFT_MAX_S,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloScheduleConfig, nilo_schedule_config, G_TYPE_OBJECT)

static void
nilo_schedule_config_set_property(GObject *object, guint property, const GValue *value,
                                  GParamSpec *spec)
{
    NiloScheduleConfig *self = NILO_SCHEDULE_CONFIG(object);

    switch (property) {
    case PROP_EVERY:
        self->every = g_value_dup_string(value);
        break;
    case PROP_AT:
        self->at = g_value_dup_string(value);
        break;
    case PROP_ZONE:
        self->zone = g_value_dup_string(value);
        break;
    case PROP_SPREAD_S:
        self->spread_s = g_value_get_uint(value);
        break;
    case PROP_SECOND_ROUND_MIN:
        self->second_round_min = g_value_get_uint(value);
        break;
    case PROP_CLOCK_DRIFT_MAX_S:
        self->clock_drift_max_s = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_schedule_config_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloScheduleConfig *self = NILO_SCHEDULE_CONFIG(object);

    switch (property) {
    case PROP_EVERY:
        g_value_set_string(value, self->every);
        break;
    case PROP_AT:
        g_value_set_string(value, self->at);
        break;
    case PROP_ZONE:
        g_value_set_string(value, self->zone);
        break;
    case PROP_SPREAD_S:
        g_value_set_uint(value, self->spread_s);
        break;
    case PROP_SECOND_ROUND_MIN:
        g_value_set_uint(value, self->second_round_min);
        break;
    case PROP_CLOCK_DRIFT_MAX_S:
        g_value_set_uint(value, self->clock_drift_max_s);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_schedule_config_finalize(GObject *object)
{
    NiloScheduleConfig *self = NILO_SCHEDULE_CONFIG(object);

    g_free(self->every);
    g_free(self->at);
    g_free(self->zone);
    G_OBJECT_CLASS(nilo_schedule_config_parent_class)->finalize(object);
}

static void
nilo_schedule_config_class_init(NiloScheduleConfigClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_schedule_config_set_property;
    object_class->get_property = nilo_schedule_config_get_property;
    object_class->finalize = nilo_schedule_config_finalize;

    properties[PROP_EVERY] =
        g_param_spec_string("every", N_("Every"),
                            N_("How often: hour, day, or a number of minutes: 15 min"), "hour",
                            NILO_PARAM_CONFIG);
    properties[PROP_AT] = g_param_spec_string(
        "at", N_("At"),
        N_("Time of day of a daily round, or minutes behind midnight of the first one: 00:05"),
        "00:05", NILO_PARAM_CONFIG);
    properties[PROP_ZONE] =
        g_param_spec_string("zone", N_("Time zone"),
                            N_("IANA name of a time zone, Asia/Shanghai; without it, the site's"),
                            NULL, NILO_PARAM_CONFIG);
    properties[PROP_SPREAD_S] =
        g_param_spec_uint("spread-s", N_("Spread"),
                          N_("Begin up to this much later, each bus at a time of its own: spares "
                             "the network and the server"),
                          0, 3600, 0, NILO_PARAM_CONFIG);
    properties[PROP_SECOND_ROUND_MIN] = g_param_spec_uint(
        "second-round-min", N_("Second round"),
        N_("Minutes after a round when the meters missed in it are read again; 0 for never"), 0,
        720, 10, NILO_PARAM_CONFIG);
    properties[PROP_CLOCK_DRIFT_MAX_S] = g_param_spec_uint(
        "clock-drift-max-s", N_("Largest clock error"),
        N_("Set the clock of a meter that is wrong by more; 0 to leave the clocks alone"), 0, 86400,
        0, NILO_PARAM_CONFIG);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_schedule_config_init(NiloScheduleConfig *self)
{
}

struct _NiloSchedule {
    GObject parent_instance;

    NiloScheduleConfig *config;
    GTimeZone *zone;
    guint every_minutes; /* DAY_MINUTES: once on each date */
    guint at_s;          /* behind local midnight */
};

G_DEFINE_FINAL_TYPE(NiloSchedule, nilo_schedule, G_TYPE_OBJECT)

static gboolean
is_minutes(const char *unit)
{
    return strcmp(unit, " min") == 0 || strcmp(unit, "min") == 0;
}

static gboolean
parse_every(const char *text, guint *minutes, GError **error)
{
    guint64 number;
    char *end;

    if (text == NULL || strcmp(text, "hour") == 0) {
        *minutes = HOUR_MINUTES;
        return TRUE;
    }
    if (strcmp(text, "day") == 0) {
        *minutes = DAY_MINUTES;
        return TRUE;
    }
    number = g_ascii_strtoull(text, &end, 10);
    if (end == text || !g_ascii_isdigit(text[0]) || !is_minutes(end) || number < 1 ||
        number > DAY_MINUTES / 2) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "every is \"%s\", expected hour, day, or 1 min to 720 min", text);
        return FALSE;
    }
    *minutes = (guint)number;
    return TRUE;
}

static gboolean
parse_at(const char *text, guint *at_s, GError **error)
{
    if (text != NULL && strlen(text) == 5 && g_ascii_isdigit(text[0]) && g_ascii_isdigit(text[1]) &&
        text[2] == ':' && g_ascii_isdigit(text[3]) && g_ascii_isdigit(text[4])) {
        const guint hours = (guint)(text[0] - '0') * 10 + (guint)(text[1] - '0');
        const guint minutes = (guint)(text[3] - '0') * 10 + (guint)(text[4] - '0');

        if (hours < 24 && minutes < 60) {
            *at_s = hours * 3600 + minutes * 60;
            return TRUE;
        }
    }
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                "at is \"%s\", expected a time of day from 00:00 to 23:59", text ? text : "");
    return FALSE;
}

static GTimeZone *
parse_zone(const char *text, GError **error)
{
    GTimeZone *zone = g_time_zone_new_identifier(text);

    if (zone == NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "zone is \"%s\", expected an IANA name like Asia/Shanghai", text);
    return zone;
}

static void
nilo_schedule_finalize(GObject *object)
{
    NiloSchedule *self = NILO_SCHEDULE(object);

    g_clear_object(&self->config);
    g_clear_pointer(&self->zone, g_time_zone_unref);
    G_OBJECT_CLASS(nilo_schedule_parent_class)->finalize(object);
}

static void
nilo_schedule_class_init(NiloScheduleClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_schedule_finalize;
}

static void
nilo_schedule_init(NiloSchedule *self)
{
}

NiloSchedule *
nilo_schedule_new(NiloScheduleConfig *config, GTimeZone *zone, GError **error)
{
    g_autoptr(NiloSchedule) self = g_object_new(NILO_TYPE_SCHEDULE, NULL);

    self->config = g_object_ref(config);
    if (!parse_every(config->every, &self->every_minutes, error) ||
        !parse_at(config->at, &self->at_s, error))
        return NULL;
    self->zone = config->zone != NULL ? parse_zone(config->zone, error) : g_time_zone_ref(zone);
    return self->zone != NULL ? g_steal_pointer(&self) : NULL;
}

static gint64
floor_divide(gint64 a, gint64 b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* local date of a moment, in days since 1970-01-01 */
static gint64
get_local_day(NiloSchedule *self, gint64 utc_s)
{
    const gint interval = g_time_zone_find_interval(self->zone, G_TIME_TYPE_UNIVERSAL, utc_s);

    return floor_divide(utc_s + g_time_zone_get_offset(self->zone, interval), DAY_S);
}

/* a local time that the clocks jump over is the end of the gap; one that comes twice, the first */
static gint64
get_utc_s(NiloSchedule *self, gint64 day, gint64 second)
{
    gint64 local_s = day * DAY_S + second;
    const gint interval = g_time_zone_adjust_time(self->zone, G_TIME_TYPE_DAYLIGHT, &local_s);

    return local_s - g_time_zone_get_offset(self->zone, interval);
}

/* the first due time of the local date @day after @after_s, or NOT_TODAY */
static gint64
find_in_day(NiloSchedule *self, gint64 day, gint64 after_s)
{
    const gint64 step_s = (gint64)self->every_minutes * 60;
    const gint64 begin_s = get_utc_s(self, day, 0);
    const gint64 end_s = get_utc_s(self, day + 1, 0);
    gint64 due_s;

    if (self->every_minutes == DAY_MINUTES) {
        due_s = get_utc_s(self, day, self->at_s);
        return due_s > after_s ? due_s : NOT_TODAY;
    }
    due_s = begin_s + self->at_s % step_s;
    if (after_s >= due_s)
        due_s += (floor_divide(after_s - due_s, step_s) + 1) * step_s;
    return due_s < end_s ? due_s : NOT_TODAY;
}

gint64
nilo_schedule_get_next_due_us(NiloSchedule *self, gint64 after_us)
{
    const gint64 after_s = floor_divide(after_us, G_USEC_PER_SEC);
    gint64 day = get_local_day(self, after_s) - 1;
    gint64 due_s;

    /* two days always hold one, whatever the zone does */
    do
        due_s = find_in_day(self, day++, after_s);
    while (due_s == NOT_TODAY);
    return due_s * G_USEC_PER_SEC;
}

gint64
nilo_schedule_get_last_due_us(NiloSchedule *self, gint64 at_us)
{
    gint64 due_us = nilo_schedule_get_next_due_us(self, at_us - 3 * DAY_S * (gint64)G_USEC_PER_SEC);

    for (;;) {
        const gint64 next_us = nilo_schedule_get_next_due_us(self, due_us);

        if (next_us > at_us)
            return due_us;
        due_us = next_us;
    }
}

gint64
nilo_schedule_get_period_us(NiloSchedule *self)
{
    return self->every_minutes * 60 * (gint64)G_USEC_PER_SEC;
}

gint64
nilo_schedule_get_delay_us(NiloSchedule *self, const char *name)
{
    /* milliseconds, so that many names find places of their own */
    return (gint64)(g_str_hash(name) % (self->config->spread_s * 1000u + 1)) * 1000;
}

gint64
nilo_schedule_get_second_round_us(NiloSchedule *self)
{
    return self->config->second_round_min * 60 * (gint64)G_USEC_PER_SEC;
}

guint
nilo_schedule_get_clock_drift_max_s(NiloSchedule *self)
{
    return self->config->clock_drift_max_s;
}

GTimeZone *
nilo_schedule_get_zone(NiloSchedule *self)
{
    return self->zone;
}
