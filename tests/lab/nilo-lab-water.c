/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The counter as a closed form of the time, so that a test can ask what the true volume was at any
 * instant without having lived through the time before it.
 *
 * Each level (days, hours of a day, ten minutes of an hour) shares out the level above it, and
 * moves every boundary by chance: never further than the next one, so the counter never turns back.
 */
#include "nilo-lab-water.h"

#include "nilo-lab-calendar.h"
#include "nilo-lab-random.h"

#define ONE          65536 /* a whole share */
#define HOURS        24
#define SLOTS        6 /* of ten minutes */
#define SLOT_SECONDS 600

/* what part of a day's water has run when each hour begins: nearly none at night, a peak from 6 to
 * 9 and a larger one from 18 to 22; in 1/1000 */
static const guint16 day_curve[HOURS + 1] = {0,   6,   9,   11,  13,  18,  38,  108, 198,
                                             258, 298, 333, 383, 438, 473, 501, 531, 571,
                                             636, 726, 816, 891, 941, 976, 1000};

/* a share from 0 to ONE - 1 by chance */
static gint64
chance(const NiloLabWater *water, guint64 what, gint64 index)
{
    return (gint64)(nilo_lab_hash(water->seed, what, (guint64)index) % ONE);
}

/* the counter's share of a day, in millilitres, when day @day begins: up to 0.4 of a day ahead */
static gint64
at_day(const NiloLabWater *water, gint64 day)
{
    return water->daily_ml * day + water->daily_ml * 2 / 5 * chance(water, 1, day) / ONE;
}

/* share of the day that has run when hour @hour begins, 0 to ONE */
static gint64
at_hour(const NiloLabWater *water, gint64 day, gint hour)
{
    gint64 width;

    if (hour == 0 || hour == HOURS)
        return hour == 0 ? 0 : ONE;
    width = day_curve[hour + 1] - day_curve[hour];
    return (day_curve[hour] * (gint64)ONE + width * chance(water, 2, day * HOURS + hour) * 3 / 4) /
           1000;
}

/* share of the hour that has run when slot @slot begins, 0 to ONE: water runs in a few draws */
static gint64
at_slot(const NiloLabWater *water, gint64 hours, gint slot)
{
    gint64 weights[SLOTS];
    gint64 before = 0;
    gint64 all = 0;

    for (gint i = 0; i < SLOTS; i++) {
        const gint64 draw = chance(water, 3, hours * SLOTS + i);

        weights[i] = draw < ONE / 2 ? 0 : draw;
        all += weights[i];
        before += i < slot ? weights[i] : 0;
    }
    if (all == 0)
        return (gint64)ONE * slot / SLOTS;
    return before * ONE / all;
}

static gint64
between(gint64 from, gint64 to, gint64 share)
{
    return from + (to - from) * share / ONE;
}

/* water drawn since the zero day, without a leak; @seconds on the flat's clock */
static gint64
drawn_ml(const NiloLabWater *water, gint64 seconds)
{
    const gint64 day = seconds / NILO_LAB_SECONDS_PER_DAY;
    const gint64 second = seconds % NILO_LAB_SECONDS_PER_DAY;
    const gint hour = (gint)(second / 3600);
    const gint slot = (gint)(second % 3600 / SLOT_SECONDS);
    const gint64 hours = day * HOURS + hour;
    const gint64 slot_share = (second % SLOT_SECONDS) * ONE / SLOT_SECONDS;
    const gint64 hour_share =
        between(at_slot(water, hours, slot), at_slot(water, hours, slot + 1), slot_share);
    const gint64 day_share =
        between(at_hour(water, day, hour), at_hour(water, day, hour + 1), hour_share);

    return between(at_day(water, day), at_day(water, day + 1), day_share);
}

/**
 * nilo_lab_water_volume_ml:
 * @water: a flat
 * @utc_us: microseconds since 1970; before the installation the counter stands at its start
 *
 * Returns: the true counter, in millilitres; never decreases with @utc_us
 */
gint64
nilo_lab_water_volume_ml(const NiloLabWater *water, gint64 utc_us)
{
    const gint64 offset = water->zone_offset_minutes * 60;
    const gint64 at = MAX(utc_us, water->installed_utc_us);
    gint64 volume = water->start_ml;

    if (water->daily_ml > 0)
        volume +=
            drawn_ml(water, MAX(at / NILO_LAB_US_PER_SECOND + offset, 0)) -
            drawn_ml(water, MAX(water->installed_utc_us / NILO_LAB_US_PER_SECOND + offset, 0));
    if (water->leak_ml_per_h > 0 && at > MAX(water->leak_from_utc_us, water->installed_utc_us))
        volume += (at - MAX(water->leak_from_utc_us, water->installed_utc_us)) /
                  NILO_LAB_US_PER_SECOND * water->leak_ml_per_h / 3600;
    return volume;
}

/**
 * nilo_lab_water_flow_ml_per_h:
 * @water: a flat
 * @utc_us: microseconds since 1970
 *
 * Returns: the flow over the minute before @utc_us, in millilitres per hour
 */
gint64
nilo_lab_water_flow_ml_per_h(const NiloLabWater *water, gint64 utc_us)
{
    return (nilo_lab_water_volume_ml(water, utc_us) -
            nilo_lab_water_volume_ml(water, utc_us - 60 * NILO_LAB_US_PER_SECOND)) *
           60;
}
