/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-clock.h"

#define START_US (G_GINT64_CONSTANT(1767225600) * G_USEC_PER_SEC)

static void
test_fake_sleep_moves_both_times(void)
{
    g_autoptr(NiloFakeClock) fake = nilo_fake_clock_new(START_US);
    NiloClock *clock = NILO_CLOCK(fake);

    g_assert_true(nilo_clock_sleep_until(clock, 5 * G_USEC_PER_SEC, NULL, NULL));
    g_assert_cmpint(nilo_clock_get_monotonic_us(clock), ==, 5 * G_USEC_PER_SEC);
    g_assert_cmpint(nilo_clock_get_utc_us(clock), ==, START_US + 5 * G_USEC_PER_SEC);
}

static void
test_fake_sleep_into_the_past(void)
{
    g_autoptr(NiloFakeClock) fake = nilo_fake_clock_new(START_US);

    nilo_fake_clock_advance(fake, 100);
    g_assert_true(nilo_clock_sleep_until(NILO_CLOCK(fake), 50, NULL, NULL));
    g_assert_cmpint(nilo_clock_get_monotonic_us(NILO_CLOCK(fake)), ==, 100);
}

static void
test_fake_set_leaves_monotonic(void)
{
    g_autoptr(NiloFakeClock) fake = nilo_fake_clock_new(START_US);

    nilo_fake_clock_set_utc_us(fake, 0);
    g_assert_cmpint(nilo_clock_get_utc_us(NILO_CLOCK(fake)), ==, 0);
    g_assert_cmpint(nilo_clock_get_monotonic_us(NILO_CLOCK(fake)), ==, 0);
}

static void
test_sleep_cancelled(gconstpointer data)
{
    g_autoptr(NiloClock) clock =
        GPOINTER_TO_INT(data) ? nilo_clock_new_system() : NILO_CLOCK(nilo_fake_clock_new(START_US));
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;

    g_cancellable_cancel(cancellable);
    g_assert_false(nilo_clock_sleep_until(clock, G_MAXINT64, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_system_runs_forward(void)
{
    g_autoptr(NiloClock) clock = nilo_clock_new_system();
    const gint64 before_us = nilo_clock_get_monotonic_us(clock);

    g_assert_true(nilo_clock_sleep_until(clock, before_us + 200, NULL, NULL));
    g_assert_cmpint(nilo_clock_get_monotonic_us(clock), >=, before_us + 200);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clock/fake/sleep-moves-both-times", test_fake_sleep_moves_both_times);
    g_test_add_func("/clock/fake/sleep-into-the-past", test_fake_sleep_into_the_past);
    g_test_add_func("/clock/fake/set-leaves-monotonic", test_fake_set_leaves_monotonic);
    g_test_add_data_func("/clock/fake/cancelled", GINT_TO_POINTER(FALSE), test_sleep_cancelled);
    g_test_add_data_func("/clock/system/cancelled", GINT_TO_POINTER(TRUE), test_sleep_cancelled);
    g_test_add_func("/clock/system/runs-forward", test_system_runs_forward);
    return g_test_run();
}
