/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-water.h"

#include "nilo-lab-calendar.h"

#define HOUR_US         (3600 * NILO_LAB_US_PER_SECOND)
#define DAY_US          (24 * HOUR_US)
#define MIDNIGHT_UTC_US (G_GINT64_CONSTANT(20500) * DAY_US)

static NiloLabWater
flat(guint64 seed)
{
    return (NiloLabWater){.seed = seed,
                          .installed_utc_us = MIDNIGHT_UTC_US - 400 * DAY_US,
                          .start_ml = 5000,
                          .daily_ml = 250000};
}

static void
test_never_turns_back(void)
{
    for (guint64 seed = 0; seed < 20; seed++) {
        const NiloLabWater water = flat(seed);
        gint64 before = 0;

        for (gint64 t = 0; t < 3 * DAY_US; t += 61 * NILO_LAB_US_PER_SECOND) {
            const gint64 now = nilo_lab_water_volume_ml(&water, MIDNIGHT_UTC_US + t);

            g_assert_cmpint(now, >=, before);
            before = now;
        }
    }
}

static void
test_starts_at_start(void)
{
    const NiloLabWater water = flat(1);

    g_assert_cmpint(nilo_lab_water_volume_ml(&water, 0), ==, 5000);
    g_assert_cmpint(nilo_lab_water_volume_ml(&water, water.installed_utc_us), ==, 5000);
}

static void
test_mean_day(void)
{
    const NiloLabWater water = flat(3);
    const gint64 year = nilo_lab_water_volume_ml(&water, MIDNIGHT_UTC_US) -
                        nilo_lab_water_volume_ml(&water, MIDNIGHT_UTC_US - 365 * DAY_US);

    g_assert_cmpint(year, >, 365 * 249000);
    g_assert_cmpint(year, <, 365 * 251000);
}

static gint64
used(const NiloLabWater *water, gint day, gint from_hour, gint to_hour)
{
    const gint64 midnight = MIDNIGHT_UTC_US + day * DAY_US;

    return nilo_lab_water_volume_ml(water, midnight + to_hour * HOUR_US) -
           nilo_lab_water_volume_ml(water, midnight + from_hour * HOUR_US);
}

static void
test_peaks_and_night(void)
{
    const NiloLabWater water = flat(4);
    gint64 night = 0;
    gint64 morning = 0;
    gint64 evening = 0;

    for (gint day = 0; day < 30; day++) {
        night += used(&water, day, 1, 5);
        morning += used(&water, day, 6, 10);
        evening += used(&water, day, 18, 22);
    }
    g_assert_cmpint(night * 10, <, morning);
    g_assert_cmpint(evening, >, morning);
    g_assert_cmpint(night, <, 30 * 250000 / 30);
}

static void
test_local_time(void)
{
    NiloLabWater water = flat(4);
    gint64 night = 0;

    water.zone_offset_minutes = 8 * 60;
    for (gint day = 0; day < 30; day++)
        night += used(&water, day, 17, 21);
    g_assert_cmpint(night, <, 30 * 250000 / 30);
}

static void
test_leak(void)
{
    NiloLabWater water = flat(5);
    const NiloLabWater sound = flat(5);

    water.leak_from_utc_us = MIDNIGHT_UTC_US;
    water.leak_ml_per_h = 12000;
    g_assert_cmpint(nilo_lab_water_volume_ml(&water, MIDNIGHT_UTC_US), ==,
                    nilo_lab_water_volume_ml(&sound, MIDNIGHT_UTC_US));
    g_assert_cmpint(nilo_lab_water_volume_ml(&water, MIDNIGHT_UTC_US + 2 * DAY_US), ==,
                    nilo_lab_water_volume_ml(&sound, MIDNIGHT_UTC_US + 2 * DAY_US) + 48 * 12000);
}

static void
test_vacant(void)
{
    NiloLabWater water = flat(6);

    water.daily_ml = 0;
    g_assert_cmpint(nilo_lab_water_volume_ml(&water, MIDNIGHT_UTC_US), ==, 5000);
    g_assert_cmpint(nilo_lab_water_flow_ml_per_h(&water, MIDNIGHT_UTC_US), ==, 0);
}

static void
test_calendar(void)
{
    const NiloLabDate leap = {.year = 2024, .month = 2, .day = 29, .hour = 23, .minute = 59};
    const NiloLabDate never = {.year = 2023, .month = 2, .day = 29};
    const NiloLabDate back = nilo_lab_date_from_seconds(nilo_lab_date_to_seconds(&leap));
    gint64 utc_us = 0;

    g_assert_cmpint(nilo_lab_days_from_civil(1970, 1, 1), ==, 0);
    g_assert_cmpint(nilo_lab_days_from_civil(2026, 3, 1), ==, 20513);
    g_assert_cmpint(back.year, ==, 2024);
    g_assert_cmpint(back.month, ==, 2);
    g_assert_cmpint(back.day, ==, 29);
    g_assert_cmpint(back.hour, ==, 23);
    g_assert_true(nilo_lab_date_is_valid(&leap));
    g_assert_false(nilo_lab_date_is_valid(&never));
    g_assert_true(nilo_lab_utc_from_text("1970-01-02T00:00:00Z", &utc_us));
    g_assert_cmpint(utc_us, ==, DAY_US);
    g_assert_false(nilo_lab_utc_from_text("yesterday", &utc_us));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lab/water/never-turns-back", test_never_turns_back);
    g_test_add_func("/lab/water/starts-at-start", test_starts_at_start);
    g_test_add_func("/lab/water/mean-day", test_mean_day);
    g_test_add_func("/lab/water/peaks-and-night", test_peaks_and_night);
    g_test_add_func("/lab/water/local-time", test_local_time);
    g_test_add_func("/lab/water/leak", test_leak);
    g_test_add_func("/lab/water/vacant", test_vacant);
    g_test_add_func("/lab/calendar", test_calendar);
    return g_test_run();
}
