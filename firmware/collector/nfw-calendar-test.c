/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE /* timegm */

#include "nfw-calendar.h"

#include <time.h>

#include "nilo-wire-test.h"

#define DAYS 36525u /* 2000-01-01 to 2099-12-31 */

static time_t
get_epoch(void)
{
    struct tm first = {.tm_year = 100, .tm_mday = 1};

    return timegm(&first);
}

static void
check_moment(time_t epoch, nfw_seconds seconds)
{
    const time_t unix_time = epoch + (time_t)seconds;
    struct nfw_date date;
    struct tm tm;

    gmtime_r(&unix_time, &tm);
    nfw_date_from_seconds(seconds, &date);
    CHECK_INT(date.year, tm.tm_year + 1900);
    CHECK_INT(date.month, tm.tm_mon + 1);
    CHECK_INT(date.day, tm.tm_mday);
    CHECK_INT(date.hour, tm.tm_hour);
    CHECK_INT(date.minute, tm.tm_min);
    CHECK_INT(date.second, tm.tm_sec);
    CHECK(nfw_date_is_valid(&date));
    CHECK_INT(nfw_date_to_seconds(&date), seconds);
    CHECK_INT(timegm(&tm) - epoch, nfw_date_to_seconds(&date));
}

static void
test_every_day(const void *data)
{
    const time_t epoch = get_epoch();
    uint32_t random = 1;

    for (uint32_t day = 0; day < DAYS; day++) {
        const nfw_seconds midnight = day * NFW_SECONDS_PER_DAY;

        random = random * 1664525u + 1013904223u;
        check_moment(epoch, midnight);
        check_moment(epoch, midnight + NFW_SECONDS_PER_DAY - 1u);
        check_moment(epoch, midnight + (random >> 8) % NFW_SECONDS_PER_DAY);
    }
    CHECK_INT(DAYS * NFW_SECONDS_PER_DAY - 1u, NFW_SECONDS_MAX);
}

static void
test_months(const void *data)
{
    const time_t epoch = get_epoch();

    for (unsigned month = 0; month < NFW_CALENDAR_MONTHS; month++) {
        struct tm tm = {.tm_year = 100 + (int)month / 12, .tm_mon = (int)month % 12, .tm_mday = 1};
        const nfw_seconds start = nfw_month_start((uint16_t)month);

        CHECK_INT(start, timegm(&tm) - epoch);
        CHECK_INT(nfw_month_of(start), month);
        if (month > 0) {
            CHECK_INT(nfw_month_of(start - 1u), month - 1u);
        }
    }
}

static void
test_behind_2099(const void *data)
{
    static const nfw_seconds behind[] = {NFW_SECONDS_MAX + 1u, UINT32_MAX};
    struct nfw_date date;

    for (unsigned i = 0; i < sizeof behind / sizeof behind[0]; i++) {
        nfw_date_from_seconds(behind[i], &date);
        CHECK_INT(nfw_date_to_seconds(&date), NFW_SECONDS_MAX);
        CHECK_INT(nfw_month_of(behind[i]), NFW_CALENDAR_MONTHS - 1u);
    }
    CHECK_INT(nfw_month_start(NFW_CALENDAR_MONTHS), NFW_SECONDS_MAX + 1u);
    CHECK_INT(nfw_month_start(UINT16_MAX), NFW_SECONDS_MAX + 1u);
}

struct validity_case {
    const char *path;
    struct nfw_date date;
    bool is_valid;
};

static const struct validity_case validity_cases[] = {
    {"/calendar/valid/first", {2000, 1, 1, 0, 0, 0}, true},
    {"/calendar/valid/last", {2099, 12, 31, 23, 59, 59}, true},
    {"/calendar/valid/leap-day", {2028, 2, 29, 0, 0, 0}, true},
    {"/calendar/valid/leap-day-2000", {2000, 2, 29, 0, 0, 0}, true},
    {"/calendar/valid/leap-day-2096", {2096, 2, 29, 0, 0, 0}, true},
    {"/calendar/invalid/leap-day-2026", {2026, 2, 29, 0, 0, 0}, false},
    {"/calendar/invalid/leap-day-2099", {2099, 2, 29, 0, 0, 0}, false},
    {"/calendar/invalid/30-february", {2028, 2, 30, 0, 0, 0}, false},
    {"/calendar/invalid/31-april", {2026, 4, 31, 0, 0, 0}, false},
    {"/calendar/invalid/31-june", {2026, 6, 31, 0, 0, 0}, false},
    {"/calendar/invalid/31-september", {2026, 9, 31, 0, 0, 0}, false},
    {"/calendar/invalid/31-november", {2026, 11, 31, 0, 0, 0}, false},
    {"/calendar/invalid/32-january", {2026, 1, 32, 0, 0, 0}, false},
    {"/calendar/invalid/day-0", {2026, 1, 0, 0, 0, 0}, false},
    {"/calendar/invalid/day-255", {2026, 1, 255, 0, 0, 0}, false},
    {"/calendar/invalid/month-0", {2026, 0, 1, 0, 0, 0}, false},
    {"/calendar/invalid/month-13", {2026, 13, 1, 0, 0, 0}, false},
    {"/calendar/invalid/month-255", {2026, 255, 1, 0, 0, 0}, false},
    {"/calendar/invalid/year-1999", {1999, 12, 31, 0, 0, 0}, false},
    {"/calendar/invalid/year-2100", {2100, 1, 1, 0, 0, 0}, false},
    {"/calendar/invalid/year-0", {0, 1, 1, 0, 0, 0}, false},
    {"/calendar/invalid/hour-24", {2026, 1, 1, 24, 0, 0}, false},
    {"/calendar/invalid/minute-60", {2026, 1, 1, 0, 60, 0}, false},
    {"/calendar/invalid/second-60", {2026, 1, 1, 0, 0, 60}, false},
};

static void
test_validity(const void *data)
{
    const struct validity_case *validity = data;

    CHECK_INT(nfw_date_is_valid(&validity->date), validity->is_valid);
}

int
main(void)
{
    nilo_test_run("/calendar/every-day", test_every_day, NULL);
    nilo_test_run("/calendar/months", test_months, NULL);
    nilo_test_run("/calendar/behind-2099", test_behind_2099, NULL);
    for (unsigned i = 0; i < sizeof validity_cases / sizeof validity_cases[0]; i++)
        nilo_test_run(validity_cases[i].path, test_validity, &validity_cases[i]);
    return nilo_test_finish();
}
