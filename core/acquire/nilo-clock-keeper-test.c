/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-clock-keeper.h"

#include <string.h>

/* 2026-01-01 00:30 UTC, 08:30 in Shanghai */
#define START_US ((G_GINT64_CONSTANT(1767225600) + 1800) * G_USEC_PER_SEC)

typedef struct {
    NiloFakeClock *clock;
    NiloClockKeeper *keeper;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Asia/Shanghai");

    self->clock = nilo_fake_clock_new(START_US);
    self->keeper = nilo_clock_keeper_new(GPOINTER_TO_UINT(data), zone, NILO_CLOCK(self->clock));
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    nilo_clock_keeper_free(self->keeper);
    g_object_unref(self->clock);
}

static void
note(Fixture *self, const char *id, gint64 drift_s)
{
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new(id, NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    g_autoptr(NiloReport) report = NULL;

    nilo_report_builder_set_clock_drift_s(builder, drift_s);
    nilo_report_builder_set_time(builder, nilo_clock_get_utc_us(NILO_CLOCK(self->clock)), 1,
                                 nilo_clock_get_quality(NILO_CLOCK(self->clock)));
    report = nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
    nilo_clock_keeper_note(self->keeper, report);
}

static void
test_wrong_clock_is_set(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloCommand) command = NULL;
    GVariant *arguments;
    const char *zone;
    gint64 utc_us;

    note(self, "x:1", 300);
    command = nilo_clock_keeper_take(self->keeper);
    g_assert_nonnull(command);
    g_assert_cmpint(nilo_command_get_kind(command), ==, NILO_COMMAND_SET_CLOCK);
    arguments = nilo_command_get_arguments(command);
    g_assert_true(g_variant_lookup(arguments, "utc-us", "x", &utc_us));
    g_assert_cmpint(utc_us, ==, START_US);
    g_assert_true(g_variant_lookup(arguments, "zone", "&s", &zone));
    g_assert_cmpstr(zone, ==, "Asia/Shanghai");
    g_assert_null(nilo_clock_keeper_take(self->keeper));
}

static void
test_small_error_is_left(Fixture *self, gconstpointer data)
{
    note(self, "x:1", -60);
    g_assert_null(nilo_clock_keeper_take(self->keeper));
}

static void
test_once_a_day(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloCommand) first = NULL;
    g_autoptr(NiloCommand) second = NULL;

    note(self, "x:1", 300);
    first = nilo_clock_keeper_take(self->keeper);
    g_assert_nonnull(first);
    note(self, "x:1", 300);
    g_assert_null(nilo_clock_keeper_take(self->keeper));
    /* 15:30 later it is another date in Shanghai */
    nilo_fake_clock_advance(self->clock, 16 * 3600 * (gint64)G_USEC_PER_SEC);
    note(self, "x:1", 300);
    second = nilo_clock_keeper_take(self->keeper);
    g_assert_nonnull(second);
}

static void
test_not_near_a_full_hour(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloCommand) command = NULL;

    nilo_fake_clock_set_utc_us(self->clock, START_US + 27 * 60 * (gint64)G_USEC_PER_SEC);
    note(self, "x:1", 120);
    g_assert_null(nilo_clock_keeper_take(self->keeper));
    nilo_fake_clock_set_utc_us(self->clock, START_US + 36 * 60 * (gint64)G_USEC_PER_SEC);
    command = nilo_clock_keeper_take(self->keeper);
    g_assert_nonnull(command);
}

/* 08:20 here, 07:55 there: setting it would jump over the hour; half an hour later it would not */
static void
test_not_over_a_full_hour(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloCommand) command = NULL;

    nilo_fake_clock_set_utc_us(self->clock, START_US - 10 * 60 * (gint64)G_USEC_PER_SEC);
    note(self, "x:1", -30 * 60);
    g_assert_null(nilo_clock_keeper_take(self->keeper));
    nilo_fake_clock_set_utc_us(self->clock, START_US + 15 * 60 * (gint64)G_USEC_PER_SEC);
    command = nilo_clock_keeper_take(self->keeper);
    g_assert_nonnull(command);
}

static void
test_not_by_a_clock_nobody_set(Fixture *self, gconstpointer data)
{
    nilo_fake_clock_set_quality(self->clock, NILO_CLOCK_UNKNOWN);
    note(self, "x:1", 9000);
    g_assert_null(nilo_clock_keeper_take(self->keeper));
}

static void
test_switched_off(Fixture *self, gconstpointer data)
{
    note(self, "x:1", 9000);
    g_assert_null(nilo_clock_keeper_take(self->keeper));
}

#define ADD(path, test) g_test_add(path, Fixture, GUINT_TO_POINTER(60), set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/clock-keeper/wrong-clock-is-set", test_wrong_clock_is_set);
    ADD("/clock-keeper/small-error-is-left", test_small_error_is_left);
    ADD("/clock-keeper/once-a-day", test_once_a_day);
    ADD("/clock-keeper/not-near-a-full-hour", test_not_near_a_full_hour);
    ADD("/clock-keeper/not-over-a-full-hour", test_not_over_a_full_hour);
    ADD("/clock-keeper/not-by-a-clock-nobody-set", test_not_by_a_clock_nobody_set);
    g_test_add("/clock-keeper/switched-off", Fixture, NULL, set_up, test_switched_off, tear_down);
    return g_test_run();
}
