/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-clock-keeper.h"

#include <glib/gi18n-lib.h>

#define HOUR_S          3600
#define DAY_S           86400
#define BOUNDARY_S      300
#define COMMAND_VALID_S 60

struct _NiloClockKeeper {
    guint drift_max_s;
    GTimeZone *zone;
    NiloClock *clock;
    GHashTable *wrong; /* NiloMeterId -> gint64 drift in seconds, boxed */
    GHashTable *set;   /* NiloMeterId -> gint64 local day, boxed */
};

NiloClockKeeper *
nilo_clock_keeper_new(guint drift_max_s, GTimeZone *zone, NiloClock *clock)
{
    NiloClockKeeper *self = g_new0(NiloClockKeeper, 1);

    self->drift_max_s = drift_max_s;
    self->zone = g_time_zone_ref(zone);
    self->clock = g_object_ref(clock);
    self->wrong = g_hash_table_new_full(nilo_meter_id_hash, nilo_meter_id_equal,
                                        (GDestroyNotify)nilo_meter_id_unref, g_free);
    self->set = g_hash_table_new_full(nilo_meter_id_hash, nilo_meter_id_equal,
                                      (GDestroyNotify)nilo_meter_id_unref, g_free);
    return self;
}

void
nilo_clock_keeper_free(NiloClockKeeper *self)
{
    g_hash_table_unref(self->wrong);
    g_hash_table_unref(self->set);
    g_time_zone_unref(self->zone);
    g_object_unref(self->clock);
    g_free(self);
}

/* the site's wall clock, in seconds since 1970-01-01 00:00 of that clock */
static gint64
get_local_s(NiloClockKeeper *self)
{
    const gint64 utc_s = nilo_clock_get_utc_us(self->clock) / G_USEC_PER_SEC;
    const gint interval = g_time_zone_find_interval(self->zone, G_TIME_TYPE_UNIVERSAL, utc_s);

    return utc_s + g_time_zone_get_offset(self->zone, interval);
}

static gboolean
was_set_today(NiloClockKeeper *self, NiloMeterId *meter)
{
    const gint64 *day = g_hash_table_lookup(self->set, meter);

    return day != NULL && *day == get_local_s(self) / DAY_S;
}

void
nilo_clock_keeper_note(NiloClockKeeper *self, NiloReport *report)
{
    NiloMeterId *meter = nilo_report_get_meter(report);
    gint64 drift_s;

    if (self->drift_max_s == 0 || nilo_report_get_outcome(report) != NILO_OUTCOME_OK ||
        !nilo_report_get_clock_drift_s(report, &drift_s))
        return;
    if (ABS(drift_s) <= self->drift_max_s ||
        nilo_report_get_clock_quality(report) == NILO_CLOCK_UNKNOWN)
        g_hash_table_remove(self->wrong, meter);
    else if (!was_set_today(self, meter))
        g_hash_table_replace(self->wrong, nilo_meter_id_ref(meter),
                             g_memdup2(&drift_s, sizeof drift_s));
}

static gboolean
is_near_full_hour(gint64 local_s)
{
    const gint64 second = ((local_s % HOUR_S) + HOUR_S) % HOUR_S;

    return second < BOUNDARY_S || second >= HOUR_S - BOUNDARY_S;
}

/* setting it may only move it within the hour it shows, when its error is smaller than that */
static gboolean
is_good_moment(NiloClockKeeper *self, gint64 drift_s)
{
    const gint64 local_s = get_local_s(self);

    return !is_near_full_hour(local_s) && !is_near_full_hour(local_s + drift_s) &&
           (ABS(drift_s) >= HOUR_S || (local_s + drift_s) / HOUR_S == local_s / HOUR_S);
}

static NiloCommand *
make_command(NiloClockKeeper *self, NiloMeterId *meter, gint64 drift_s)
{
    const gint64 now_us = nilo_clock_get_utc_us(self->clock);
    g_autofree char *reason = g_strdup_printf(_("the meter's clock was wrong by %d s"),
                                              (gint)CLAMP(drift_s, G_MININT, G_MAXINT));
    GVariantDict arguments;

    g_variant_dict_init(&arguments, NULL);
    g_variant_dict_insert(&arguments, "utc-us", "x", now_us);
    g_variant_dict_insert(&arguments, "zone", "s", g_time_zone_get_identifier(self->zone));
    return nilo_command_new(NULL, meter, NILO_COMMAND_SET_CLOCK, g_variant_dict_end(&arguments),
                            reason, now_us + COMMAND_VALID_S * (gint64)G_USEC_PER_SEC);
}

NiloCommand *
nilo_clock_keeper_take(NiloClockKeeper *self)
{
    const gint64 today = get_local_s(self) / DAY_S;
    GHashTableIter iter;
    gpointer key;
    gpointer value;

    if (nilo_clock_get_quality(self->clock) == NILO_CLOCK_UNKNOWN)
        return NULL;
    g_hash_table_iter_init(&iter, self->wrong);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_autoptr(NiloMeterId) meter = NULL;
        const gint64 drift_s = *(gint64 *)value;

        if (!is_good_moment(self, drift_s))
            continue;
        meter = nilo_meter_id_ref(key);
        g_hash_table_iter_remove(&iter);
        g_hash_table_replace(self->set, nilo_meter_id_ref(meter), g_memdup2(&today, sizeof today));
        return make_command(self, meter, drift_s);
    }
    return NULL;
}
