/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-calendar.h"

#include <string.h>

#define DAYS_PER_ERA       146097
#define EPOCH_DAY_OF_ERA_0 719468

/**
 * nilo_lab_days_from_civil:
 * @year: of the Gregorian calendar, also before it began
 * @month: 1 to 12
 * @day: 1 to 31
 *
 * Years are counted from March, so that the leap day is the last one.
 *
 * Returns: days since 1970-01-01
 */
gint64
nilo_lab_days_from_civil(gint year, gint month, gint day)
{
    const gint64 y = (gint64)year - (month <= 2 ? 1 : 0);
    const gint64 era = (y >= 0 ? y : y - 399) / 400;
    const gint64 year_of_era = y - era * 400;
    const gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - EPOCH_DAY_OF_ERA_0;
}

/**
 * nilo_lab_date_from_seconds:
 * @seconds: since 1970-01-01 00:00:00 on the clock that is asked
 *
 * Returns: what that clock shows
 */
NiloLabDate
nilo_lab_date_from_seconds(gint64 seconds)
{
    const gint64 day_seconds = NILO_LAB_SECONDS_PER_DAY;
    gint64 days = seconds / day_seconds;
    gint64 rest = seconds % day_seconds;
    gint64 era;
    gint64 day_of_era;
    gint64 year_of_era;
    gint64 day_of_year;
    gint64 march_month;
    NiloLabDate date;

    if (rest < 0) {
        rest += day_seconds;
        days--;
    }
    days += EPOCH_DAY_OF_ERA_0;
    era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    day_of_era = days - era * DAYS_PER_ERA;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    march_month = (5 * day_of_year + 2) / 153;
    date.day = (gint)(day_of_year - (153 * march_month + 2) / 5 + 1);
    date.month = (gint)(march_month < 10 ? march_month + 3 : march_month - 9);
    date.year = (gint)(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
    date.hour = (gint)(rest / 3600);
    date.minute = (gint)(rest / 60 % 60);
    date.second = (gint)(rest % 60);
    return date;
}

/**
 * nilo_lab_date_to_seconds:
 * @date: a clock's face
 *
 * Returns: seconds since 1970-01-01 00:00:00 on that clock
 */
gint64
nilo_lab_date_to_seconds(const NiloLabDate *date)
{
    return nilo_lab_days_from_civil(date->year, date->month, date->day) * NILO_LAB_SECONDS_PER_DAY +
           date->hour * 3600 + date->minute * 60 + date->second;
}

/**
 * nilo_lab_date_is_valid:
 * @date: anything
 *
 * Returns: whether such a moment exists in the calendar
 */
gboolean
nilo_lab_date_is_valid(const NiloLabDate *date)
{
    static const gint month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const gboolean leap = (date->year % 4 == 0 && date->year % 100 != 0) || date->year % 400 == 0;

    if (date->month < 1 || date->month > 12 || date->day < 1)
        return FALSE;
    if (date->day > month_days[date->month - 1] || (date->month == 2 && date->day == 29 && !leap))
        return FALSE;
    return date->hour >= 0 && date->hour < 24 && date->minute >= 0 && date->minute < 60 &&
           date->second >= 0 && date->second < 60;
}

/**
 * nilo_lab_utc_from_text:
 * @text: ISO 8601 with zone, for instance "2026-03-01T08:00:00Z"; without one it is UTC
 * @utc_us: (out): microseconds since 1970; untouched on failure
 *
 * Returns: whether @text is a moment
 */
gboolean
nilo_lab_utc_from_text(const char *text, gint64 *utc_us)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) moment = g_date_time_new_from_iso8601(text, utc);

    if (moment == NULL)
        return FALSE;
    *utc_us =
        g_date_time_to_unix(moment) * NILO_LAB_US_PER_SECOND + g_date_time_get_microsecond(moment);
    return TRUE;
}

/**
 * nilo_lab_time_at:
 * @time: the estate's time
 * @mono_ns: a stamp of the monotonic clock, real or fake
 *
 * Returns: UTC in the estate at that stamp, in microseconds since 1970
 */
gint64
nilo_lab_time_at(const NiloLabTime *time, gint64 mono_ns)
{
    return time->utc_us + (mono_ns - time->mono_ns) / 1000 * time->speedup;
}
