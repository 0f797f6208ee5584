/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-local-day.h"

#include <nilometer.h>

#include <string.h>

/* of 1970-01-01 in the count of GDate */
#define JULIAN_1970 719163
/* 9998-12-31: a GDateTime ends with the year 9999 */
#define LAST_DAY 2932531

struct _NiloLocalDay {
    GTimeZone *zone;
    gint64 day; /* the one remembered */
    gint64 from_us;
    gint64 to_us; /* 0 while none is */
};

NiloLocalDay *
nilo_local_day_new(const char *zone, GError **error)
{
    GTimeZone *found = g_time_zone_new_identifier(zone);
    NiloLocalDay *self;

    if (found == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "time zone is \"%s\", expected an IANA name such as Asia/Shanghai", zone);
        return NULL;
    }
    self = g_new0(NiloLocalDay, 1);
    self->zone = found;
    return self;
}

void
nilo_local_day_free(NiloLocalDay *self)
{
    g_time_zone_unref(self->zone);
    g_free(self);
}

static gint64
day_of_date(GDateTime *moment)
{
    gint year, month, day;
    GDate date;

    g_date_time_get_ymd(moment, &year, &month, &day);
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    return (gint64)g_date_get_julian(&date) - JULIAN_1970;
}

/* where a zone skips midnight GLib answers 01:00, the first moment that exists: as wanted */
static gint64
begin_of_day(NiloLocalDay *self, gint64 day)
{
    g_autoptr(GDateTime) midnight = NULL;
    GDate date;

    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)(day + JULIAN_1970));
    midnight = g_date_time_new(self->zone, g_date_get_year(&date), (gint)g_date_get_month(&date),
                               g_date_get_day(&date), 0, 0, 0);
    return g_date_time_to_unix(midnight) * G_USEC_PER_SEC;
}

static gint64
floor_seconds(gint64 utc_us)
{
    return utc_us / G_USEC_PER_SEC - (utc_us % G_USEC_PER_SEC < 0);
}

static void
remember(NiloLocalDay *self, gint64 day)
{
    self->day = CLAMP(day, 0, LAST_DAY);
    self->from_us = begin_of_day(self, self->day);
    self->to_us = begin_of_day(self, self->day + 1);
}

gint64
nilo_local_day_find(NiloLocalDay *self, gint64 utc_us)
{
    g_autoptr(GDateTime) utc = NULL;
    g_autoptr(GDateTime) local = NULL;

    if (utc_us >= self->from_us && utc_us < self->to_us)
        return self->day;
    utc = g_date_time_new_from_unix_utc(
        CLAMP(floor_seconds(utc_us), 0, (gint64)LAST_DAY * 24 * 60 * 60));
    local = g_date_time_to_timezone(utc, self->zone);
    remember(self, day_of_date(local));
    return self->day;
}

void
nilo_local_day_get_bounds(NiloLocalDay *self, gint64 day, gint64 *from_us, gint64 *to_us)
{
    if (day != self->day || self->to_us == 0)
        remember(self, day);
    *from_us = self->from_us;
    *to_us = self->to_us;
}

char *
nilo_local_day_get_system_zone(void)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    const char *name = g_time_zone_get_identifier(zone);
    g_autoptr(GTimeZone) again = name != NULL ? g_time_zone_new_identifier(name) : NULL;

    return g_strdup(again != NULL ? name : "UTC");
}
