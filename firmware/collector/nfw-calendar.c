/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-calendar.h"

#define FIRST_YEAR         2000u
#define YEARS              100u
#define MONTHS_PER_YEAR    12u
#define DAYS_PER_YEAR      365u
#define DAYS_PER_LEAP_YEAR 366u
#define DAYS_PER_4_YEARS   1461u
#define SECONDS_PER_MINUTE 60u

/* Days of the year before a month begins, without a leap day. */
static const uint16_t days_before[MONTHS_PER_YEAR + 1u] = {0,   31,  59,  90,  120, 151, 181,
                                                           212, 243, 273, 304, 334, 365};

/* Of these hundred years each fourth one is, the first among them: 2000 divides by 400. */
static bool
is_leap(uint32_t year)
{
    return year % 4u == 0u;
}

/* @month: 0 to 12, 12 being the next year's January. */
static uint32_t
get_days_before(uint32_t year, uint32_t month)
{
    return days_before[month] + (is_leap(year) && month >= 2u ? 1u : 0u);
}

/* Days from 2000-01-01 to the year's first. @year: 0 is 2000. */
static uint32_t
get_days_before_year(uint32_t year)
{
    return year * DAYS_PER_YEAR + (year + 3u) / 4u;
}

bool
nfw_date_is_valid(const struct nfw_date *date)
{
    uint32_t days;

    if (date->year < FIRST_YEAR || date->year >= FIRST_YEAR + YEARS) {
        return false;
    }
    if (date->month < 1u || date->month > MONTHS_PER_YEAR) {
        return false;
    }
    days = get_days_before(date->year, date->month) - get_days_before(date->year, date->month - 1u);
    return date->day >= 1u && date->day <= days && date->hour < 24u && date->minute < 60u &&
           date->second < 60u;
}

nfw_seconds
nfw_date_to_seconds(const struct nfw_date *date)
{
    const uint32_t year = (uint32_t)date->year - FIRST_YEAR;
    const uint32_t days =
        get_days_before_year(year) + get_days_before(year, date->month - 1u) + date->day - 1u;

    return days * NFW_SECONDS_PER_DAY + date->hour * NFW_SECONDS_PER_HOUR +
           date->minute * SECONDS_PER_MINUTE + date->second;
}

void
nfw_date_from_seconds(nfw_seconds seconds, struct nfw_date *date)
{
    uint32_t year;
    uint32_t month = 0;
    uint32_t day;
    uint32_t rest;

    if (seconds > NFW_SECONDS_MAX) {
        seconds = NFW_SECONDS_MAX;
    }
    day = seconds / NFW_SECONDS_PER_DAY;
    rest = seconds - day * NFW_SECONDS_PER_DAY;

    year = day / DAYS_PER_4_YEARS * 4u;
    day %= DAYS_PER_4_YEARS;
    if (day >= DAYS_PER_LEAP_YEAR) { /* the first of the four is the leap year */
        year += 1u + (day - DAYS_PER_LEAP_YEAR) / DAYS_PER_YEAR;
        day = (day - DAYS_PER_LEAP_YEAR) % DAYS_PER_YEAR;
    }
    while (month < MONTHS_PER_YEAR - 1u && day >= get_days_before(year, month + 1u)) {
        month++;
    }

    date->year = (uint16_t)(FIRST_YEAR + year);
    date->month = (uint8_t)(month + 1u);
    date->day = (uint8_t)(day - get_days_before(year, month) + 1u);
    date->hour = (uint8_t)(rest / NFW_SECONDS_PER_HOUR);
    rest %= NFW_SECONDS_PER_HOUR;
    date->minute = (uint8_t)(rest / SECONDS_PER_MINUTE);
    date->second = (uint8_t)(rest % SECONDS_PER_MINUTE);
}

uint16_t
nfw_month_of(nfw_seconds seconds)
{
    struct nfw_date date;

    nfw_date_from_seconds(seconds, &date);
    return (uint16_t)((date.year - FIRST_YEAR) * MONTHS_PER_YEAR + date.month - 1u);
}

nfw_seconds
nfw_month_start(uint16_t month)
{
    const uint32_t year = month / MONTHS_PER_YEAR;

    if (month >= NFW_CALENDAR_MONTHS) {
        return NFW_SECONDS_MAX + 1u;
    }
    return (get_days_before_year(year) + get_days_before(year, month % MONTHS_PER_YEAR)) *
           NFW_SECONDS_PER_DAY;
}
