/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-schedule.h"

#include "nilo-error.h"
#include "nilo-schedule-runner.h"

static NiloSchedule *
make_schedule(const char *every, const char *at, const char *zone)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(NiloScheduleConfig) config =
        g_object_new(NILO_TYPE_SCHEDULE_CONFIG, "every", every, "at", at, "zone", zone,
                     "second-round-min", 10, NULL);
    g_autoptr(GError) error = NULL;
    NiloSchedule *self = nilo_schedule_new(config, utc, &error);

    g_assert_no_error(error);
    return self;
}

static gint64
parse_us(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

    g_assert_nonnull(time);
    return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static char *
format(gint64 utc_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(utc_us / G_USEC_PER_SEC);

    return g_date_time_format_iso8601(time);
}

typedef struct {
    const char *name;
    const char *every;
    const char *at;
    const char *zone;
    const char *after;
    const char *due[3];
} NextCase;

static const NextCase next_cases[] = {
    {"/schedule/next/hourly",
     "hour",
     "00:05",
     "Asia/Shanghai",
     "2026-03-01T00:05:00Z",
     {"2026-03-01T01:05:00Z", "2026-03-01T02:05:00Z", "2026-03-01T03:05:00Z"}},
    {"/schedule/next/daily-in-china",
     "day",
     "00:05",
     "Asia/Shanghai",
     "2026-03-01T00:00:00Z",
     {"2026-03-01T16:05:00Z", "2026-03-02T16:05:00Z", "2026-03-03T16:05:00Z"}},
    {"/schedule/next/quarters",
     "15 min",
     "00:05",
     "UTC",
     "2026-03-01T23:40:00Z",
     {"2026-03-01T23:50:00Z", "2026-03-02T00:05:00Z", "2026-03-02T00:20:00Z"}},
    {"/schedule/next/half-hour-zone",
     "hour",
     "00:05",
     "Asia/Kolkata",
     "2026-03-01T18:20:00Z",
     {"2026-03-01T18:35:00Z", "2026-03-01T19:35:00Z", "2026-03-01T20:35:00Z"}},
    /* 02:30 does not exist on 2026-03-29 in Berlin: the end of the gap, 03:00 = 01:00 UTC */
    {"/schedule/next/daily-in-the-gap",
     "day",
     "02:30",
     "Europe/Berlin",
     "2026-03-28T02:00:00Z",
     {"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"}},
    /* 02:30 comes twice on 2026-10-25: the first */
    {"/schedule/next/daily-twice",
     "day",
     "02:30",
     "Europe/Berlin",
     "2026-10-24T02:00:00Z",
     {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"}},
    {"/schedule/next/hourly-over-the-gap",
     "hour",
     "00:05",
     "Europe/Berlin",
     "2026-03-29T00:05:00Z",
     {"2026-03-29T01:05:00Z", "2026-03-29T02:05:00Z", "2026-03-29T03:05:00Z"}},
    {"/schedule/next/seven-minutes-begin-anew-at-midnight",
     "7 min",
     "00:00",
     "UTC",
     "2026-03-01T23:50:00Z",
     {"2026-03-01T23:55:00Z", "2026-03-02T00:00:00Z", "2026-03-02T00:07:00Z"}},
    {"/schedule/next/before-1970",
     "day",
     "00:05",
     "UTC",
     "1969-12-30T12:00:00Z",
     {"1969-12-31T00:05:00Z", "1970-01-01T00:05:00Z", "1970-01-02T00:05:00Z"}},
};

static void
test_next(gconstpointer data)
{
    const NextCase *c = data;
    g_autoptr(NiloSchedule) schedule = make_schedule(c->every, c->at, c->zone);
    gint64 at_us = parse_us(c->after);

    for (guint i = 0; i < G_N_ELEMENTS(c->due); i++) {
        const gint64 due_us = nilo_schedule_get_next_due_us(schedule, at_us);
        g_autofree char *due = format(due_us);

        g_assert_cmpstr(due, ==, c->due[i]);
        g_assert_cmpint(nilo_schedule_get_last_due_us(schedule, due_us), ==, due_us);
        g_assert_cmpint(nilo_schedule_get_last_due_us(schedule, due_us + 1), ==, due_us);
        at_us = due_us;
    }
}

typedef struct {
    const char *name;
    const char *zone;
    const char *begin;
    const char *end;
    guint n_hours;
} DayCase;

static const DayCase day_cases[] = {
    {"/schedule/day/23-hours", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23},
    {"/schedule/day/25-hours", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25},
    {"/schedule/day/24-hours", "Asia/Shanghai", "2026-10-24T16:00:00Z", "2026-10-25T16:00:00Z", 24},
};

static void
test_day(gconstpointer data)
{
    const DayCase *c = data;
    g_autoptr(NiloSchedule) schedule = make_schedule("hour", "00:05", c->zone);
    guint n_hours = 0;

    for (gint64 at_us = nilo_schedule_get_next_due_us(schedule, parse_us(c->begin));
         at_us < parse_us(c->end); at_us = nilo_schedule_get_next_due_us(schedule, at_us))
        n_hours++;
    g_assert_cmpuint(n_hours, ==, c->n_hours);
}

typedef struct {
    const char *name;
    const char *every;
    const char *at;
    const char *zone;
    const char *message;
} BadCase;

static const BadCase bad_cases[] = {
    {"/schedule/bad/every", "week", "00:05", "UTC",
     "every is \"week\", expected hour, day, or 1 min to 720 min"},
    {"/schedule/bad/every-zero", "0 min", "00:05", "UTC",
     "every is \"0 min\", expected hour, day, or 1 min to 720 min"},
    {"/schedule/bad/every-unit", "5 s", "00:05", "UTC",
     "every is \"5 s\", expected hour, day, or 1 min to 720 min"},
    {"/schedule/bad/at", "day", "24:00", "UTC",
     "at is \"24:00\", expected a time of day from 00:00 to 23:59"},
    {"/schedule/bad/zone", "day", "00:05", "Asia/Peking",
     "zone is \"Asia/Peking\", expected an IANA name like Asia/Shanghai"},
};

static void
test_bad(gconstpointer data)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    const BadCase *c = data;
    g_autoptr(NiloScheduleConfig) config =
        g_object_new(NILO_TYPE_SCHEDULE_CONFIG, "every", c->every, "at", c->at, "zone", c->zone,
                     NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_schedule_new(config, utc, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==, c->message);
}

static void
test_spread(void)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(NiloScheduleConfig) config =
        g_object_new(NILO_TYPE_SCHEDULE_CONFIG, "spread-s", 60, NULL);
    g_autoptr(NiloSchedule) schedule = nilo_schedule_new(config, utc, NULL);
    guint n_late = 0;

    for (guint i = 0; i < 200; i++) {
        g_autofree char *name = g_strdup_printf("bus-%u", i * 7919);
        const gint64 delay_us = nilo_schedule_get_delay_us(schedule, name);

        g_assert_cmpint(delay_us, >=, 0);
        g_assert_cmpint(delay_us, <=, 60 * G_USEC_PER_SEC);
        n_late += delay_us > 30 * G_USEC_PER_SEC ? 1 : 0;
    }
    g_assert_cmpuint(n_late, >, 50);
    g_assert_cmpuint(n_late, <, 150);
}

/* ---- the runner ---- */

typedef struct {
    NiloFakeClock *clock;
    NiloSchedule *schedule;
    NiloScheduleRunner *runner;
    GArray *due; /* element-type gint64 */
    guint n_second;
} Fixture;

static void
due_cb(NiloScheduleRunner *runner, gint64 nominal_us, gpointer user_data)
{
    Fixture *self = user_data;

    g_array_append_val(self->due, nominal_us);
}

static void
second_cb(NiloScheduleRunner *runner, gint64 nominal_us, gpointer user_data)
{
    Fixture *self = user_data;

    self->n_second++;
}

static void
set_up(Fixture *self, gconstpointer data)
{
    self->clock = nilo_fake_clock_new(parse_us("2026-03-01T00:30:00Z"));
    self->schedule = make_schedule("hour", "00:05", "UTC");
    self->runner = nilo_schedule_runner_new(self->schedule, "riser", NILO_CLOCK(self->clock), 0);
    self->due = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_signal_connect(self->runner, "due", G_CALLBACK(due_cb), self);
    g_signal_connect(self->runner, "second", G_CALLBACK(second_cb), self);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_assert_finalize_object(self->runner);
    g_object_unref(self->schedule);
    g_object_unref(self->clock);
    g_array_unref(self->due);
}

static void
pass(Fixture *self, guint minutes)
{
    for (guint i = 0; i < minutes; i++) {
        nilo_fake_clock_advance(self->clock, 60 * G_USEC_PER_SEC);
        nilo_schedule_runner_check(self->runner);
    }
}

static void
assert_last(Fixture *self, guint n, const char *expected)
{
    g_autofree char *last = NULL;

    g_assert_cmpuint(self->due->len, ==, n);
    last = format(g_array_index(self->due, gint64, n - 1));
    g_assert_cmpstr(last, ==, expected);
}

static void
test_runs_each_hour(Fixture *self, gconstpointer data)
{
    nilo_schedule_runner_check(self->runner);
    g_assert_cmpuint(self->due->len, ==, 0);
    pass(self, 34);
    g_assert_cmpuint(self->due->len, ==, 0);
    pass(self, 1);
    assert_last(self, 1, "2026-03-01T01:05:00Z");
    pass(self, 24 * 60);
    assert_last(self, 25, "2026-03-02T01:05:00Z");
}

static void
test_jump_forwards_makes_one_round(Fixture *self, gconstpointer data)
{
    nilo_fake_clock_set_utc_us(self->clock, parse_us("2026-03-05T12:34:00Z"));
    nilo_schedule_runner_check(self->runner);
    assert_last(self, 1, "2026-03-05T12:05:00Z");
    pass(self, 31);
    assert_last(self, 2, "2026-03-05T13:05:00Z");
}

static void
test_jump_backwards_repeats_nothing(Fixture *self, gconstpointer data)
{
    pass(self, 40);
    assert_last(self, 1, "2026-03-01T01:05:00Z");
    nilo_fake_clock_set_utc_us(self->clock, parse_us("2026-03-01T00:50:00Z"));
    pass(self, 30);
    g_assert_cmpuint(self->due->len, ==, 1);
    pass(self, 46);
    assert_last(self, 2, "2026-03-01T02:05:00Z");
}

/* the clock stood a year ahead: waiting until it comes there again would be a year of silence */
static void
test_jump_far_backwards(Fixture *self, gconstpointer data)
{
    pass(self, 40);
    nilo_fake_clock_set_utc_us(self->clock, parse_us("2025-03-01T00:50:00Z"));
    pass(self, 16);
    assert_last(self, 2, "2025-03-01T01:05:00Z");
}

static void
test_missed_while_down(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScheduleRunner) runner =
        nilo_schedule_runner_new(self->schedule, "riser", NILO_CLOCK(self->clock),
                                 parse_us("2026-02-28T20:05:00Z"));

    g_signal_connect(runner, "due", G_CALLBACK(due_cb), self);
    nilo_schedule_runner_check(runner);
    nilo_schedule_runner_check(runner);
    assert_last(self, 1, "2026-03-01T00:05:00Z");
    g_assert_cmpint(nilo_schedule_runner_get_last_us(runner), ==, parse_us("2026-03-01T00:05:00Z"));
}

static void
test_second_round(Fixture *self, gconstpointer data)
{
    pass(self, 35);
    nilo_schedule_runner_note_missed(self->runner, 3);
    pass(self, 9);
    g_assert_cmpuint(self->n_second, ==, 0);
    pass(self, 2);
    g_assert_cmpuint(self->n_second, ==, 1);
    pass(self, 20);
    g_assert_cmpuint(self->n_second, ==, 1);
}

static void
test_no_second_round_when_nobody_was_missed(Fixture *self, gconstpointer data)
{
    pass(self, 35);
    nilo_schedule_runner_note_missed(self->runner, 0);
    pass(self, 30);
    g_assert_cmpuint(self->n_second, ==, 0);
}

static void
test_next_round_makes_the_second_one_needless(Fixture *self, gconstpointer data)
{
    pass(self, 90);
    nilo_schedule_runner_note_missed(self->runner, 3);
    pass(self, 20);
    g_assert_cmpuint(self->due->len, ==, 2);
    g_assert_cmpuint(self->n_second, ==, 0);
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(next_cases); i++)
        g_test_add_data_func(next_cases[i].name, &next_cases[i], test_next);
    for (guint i = 0; i < G_N_ELEMENTS(day_cases); i++)
        g_test_add_data_func(day_cases[i].name, &day_cases[i], test_day);
    for (guint i = 0; i < G_N_ELEMENTS(bad_cases); i++)
        g_test_add_data_func(bad_cases[i].name, &bad_cases[i], test_bad);
    g_test_add_func("/schedule/spread", test_spread);
    ADD("/schedule/runner/runs-each-hour", test_runs_each_hour);
    ADD("/schedule/runner/jump-forwards-makes-one-round", test_jump_forwards_makes_one_round);
    ADD("/schedule/runner/jump-backwards-repeats-nothing", test_jump_backwards_repeats_nothing);
    ADD("/schedule/runner/jump-far-backwards", test_jump_far_backwards);
    ADD("/schedule/runner/missed-while-down", test_missed_while_down);
    ADD("/schedule/runner/second-round", test_second_round);
    ADD("/schedule/runner/no-second-round-when-nobody-was-missed",
        test_no_second_round_when_nobody_was_missed);
    ADD("/schedule/runner/next-round-makes-the-second-one-needless",
        test_next_round_makes_the_second_one_needless);
    return g_test_run();
}
