/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-local-day.h"

#include "nilo-headend-rows.h"

/* when a day begins, and how long it is */
typedef struct {
    const char *path;
    const char *zone;
    const char *date;
    const char *begin; /* UTC */
    gint64 hours;
} Case;

static const Case cases[] = {
    {"/headend/local-day/utc", "UTC", "2026-11-22", "2026-11-22T00:00:00Z", 24},
    {"/headend/local-day/shanghai", "Asia/Shanghai", "2026-11-22", "2026-11-21T16:00:00Z", 24},
    {"/headend/local-day/kathmandu", "Asia/Kathmandu", "2026-11-22", "2026-11-21T18:15:00Z", 24},
    {"/headend/local-day/23-hours", "Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23},
    {"/headend/local-day/25-hours", "Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25},
    /* clocks went from 00:00 to 01:00 */
    {"/headend/local-day/no-midnight", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z",
     23},
    /* clocks went from 24:00 back to 23:00 */
    {"/headend/local-day/two-midnights", "America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z",
     25},
    {"/headend/local-day/first", "UTC", "1970-01-01", "1970-01-01T00:00:00Z", 24},
};

static gint64
moment(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

    return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static void
test_one(gconstpointer data)
{
    const Case *item = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLocalDay) days = nilo_local_day_new(item->zone, &error);
    const gint64 begin_us = moment(item->begin);
    const gint64 end_us = begin_us + item->hours * 3600 * G_USEC_PER_SEC;
    gint64 day, from_us, to_us;

    g_assert_no_error(error);
    g_assert_true(nilo_headend_day_from_text(item->date, &day, &error));
    nilo_local_day_get_bounds(days, day, &from_us, &to_us);
    g_assert_cmpint(from_us, ==, begin_us);
    g_assert_cmpint(to_us, ==, end_us);
    g_assert_cmpint(nilo_local_day_find(days, begin_us), ==, day);
    g_assert_cmpint(nilo_local_day_find(days, end_us - 1), ==, day);
    g_assert_cmpint(nilo_local_day_find(days, end_us), ==, day + 1);
    if (day > 0)
        g_assert_cmpint(nilo_local_day_find(days, begin_us - 1), ==, day - 1);
}

static void
test_extremes(void)
{
    g_autoptr(NiloLocalDay) days = nilo_local_day_new("Asia/Shanghai", NULL);

    g_assert_cmpint(nilo_local_day_find(days, G_MININT64), ==, 0);
    g_assert_cmpint(nilo_local_day_find(days, 0), ==, 0);
    g_assert_cmpint(nilo_local_day_find(days, G_MAXINT64), >, 2900000);
}

static void
test_unknown_zone(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_local_day_new("Asia/Atlantis", &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
}

static void
test_text(void)
{
    static const char *const bad[] = {"",           "2026",     "2026-13-01", "2026-02-29",
                                      "1969-12-31", "2026-1-1", "22-11-2026", "2026-11-22x"};
    g_autofree char *text = NULL;
    gint64 day = -1;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(nilo_headend_day_from_text(bad[i], &day, &error));
        g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
        g_assert_cmpint(day, ==, -1);
    }
    g_assert_true(nilo_headend_day_from_text("2024-02-29", &day, NULL));
    text = nilo_headend_day_to_text(day);
    g_assert_cmpstr(text, ==, "2024-02-29");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add_data_func(cases[i].path, &cases[i], test_one);
    g_test_add_func("/headend/local-day/extremes", test_extremes);
    g_test_add_func("/headend/local-day/unknown-zone", test_unknown_zone);
    g_test_add_func("/headend/local-day/text", test_text);
    return g_test_run();
}
