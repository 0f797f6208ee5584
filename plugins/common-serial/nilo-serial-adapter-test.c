/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-line.h"

#include <linux/serial.h>
#include <string.h>

#include "nilo-serial-fake-tty.h"
#include "nilo-serial-peer.h"
#include "nilo-serial-settings.h"
#include "nilo-serial-tty.h"

static const guint8 request[] = {0x10, 0x5b, 0x01, 0x5c, 0x16};

static const NiloSerialMode mode_2400_8e1 = {2400, NILO_SERIAL_PARITY_EVEN, 8, 1};

#define REQUEST_US   ((5 * 11 * G_USEC_PER_SEC + 2399) / 2400)
#define CHARACTER_US ((11 * G_USEC_PER_SEC + 2399) / 2400)

typedef struct {
    NiloSerialFakeTty *tty;
    NiloSerialPeer *peer;
    NiloClock *clock;
    NiloLine *line;
} Fixture;

static NiloLine *
open_port(Fixture *fixture, GError **error)
{
    g_autoptr(NiloSerialName) name = nilo_serial_name_parse(fixture->peer->port, NULL);
    NiloSerialLine *line = nilo_serial_line_new_tty(fixture->clock, name, &mode_2400_8e1, error);

    return line != NULL ? NILO_LINE(line) : NULL;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->tty = nilo_serial_fake_tty_reset();
    fixture->tty->has_counts = TRUE;
    fixture->tty->parity_errors = 40;
    fixture->tty->breaks = 2;
    fixture->peer = nilo_serial_peer_new_pty();
    fixture->clock = NILO_CLOCK(nilo_fake_clock_new(0));
    fixture->line = open_port(fixture, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    nilo_serial_fake_tty_reset();
    g_clear_object(&fixture->line);
    g_clear_object(&fixture->clock);
    nilo_serial_peer_free(fixture->peer);
}

static void
test_counts_begin_at_opening(Fixture *fixture, gconstpointer data)
{
    NiloLineCounts counts;

    fixture->tty->parity_errors += 3;
    fixture->tty->framing_errors = 1;
    fixture->tty->overruns = 7;
    nilo_line_get_counts(fixture->line, &counts);
    g_assert_cmpuint(counts.parity_errors, ==, 3);
    g_assert_cmpuint(counts.framing_errors, ==, 1);
    g_assert_cmpuint(counts.overruns, ==, 7);
    g_assert_cmpuint(counts.breaks, ==, 0);
}

static void
test_slow_buffer(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    /* 3, 2 and 1 characters are still there when asked */
    fixture->tty->unsent = 3;
    g_assert_true(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), >=,
                    REQUEST_US + 6 * CHARACTER_US - 6);
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), <=, REQUEST_US + 6 * CHARACTER_US);
}

static void
test_busy_chip(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->tty->busy_chip = 4;
    g_assert_true(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, REQUEST_US + 4 * 500);
}

static void
test_chip_that_never_says_empty(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->tty->busy_chip = G_MAXINT;
    g_assert_true(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_no_error(error);
}

static void
test_dead_adapter(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->tty->unsent = -5;
    g_assert_false(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST);
    g_assert_nonnull(strstr(error->message, "5 of 5 bytes"));
    g_assert_cmpuint(fixture->tty->n_flushed, ==, 1);
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, REQUEST_US + 500000);
}

static void
test_other_speed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GObject) fast = g_object_new(NILO_TYPE_SERIAL_SETTINGS, "speed-baud", 38400, NULL);
    g_autoptr(GError) error = NULL;

    fixture->tty->other_speed_baud = 9600;
    g_assert_false(nilo_line_configure(fixture->line, fast, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED);
    g_assert_nonnull(strstr(error->message, "cannot do 38400 Bd, it offers 9600 Bd instead"));
    /* what it is now nobody knows, so going back is no "already so" */
    fixture->tty->other_speed_baud = 0;
    g_clear_error(&error);
    g_assert_true(nilo_line_configure(fixture->line, NULL, &error));
    g_assert_cmpuint(nilo_serial_peer_get_speed(fixture->peer), ==, 2400);
}

static void
test_speed_nearly_met(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GObject) fast = g_object_new(NILO_TYPE_SERIAL_SETTINGS, "speed-baud", 38400, NULL);
    g_autoptr(GError) error = NULL;

    fixture->tty->other_speed_baud = 38461;
    g_assert_true(nilo_line_configure(fixture->line, fast, &error));
    g_assert_no_error(error);
}

static void
test_gone(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GObject) fast = g_object_new(NILO_TYPE_SERIAL_SETTINGS, "speed-baud", 9600, NULL);
    g_autoptr(GError) configure_error = NULL;
    g_autoptr(GError) open_error = NULL;

    fixture->tty->gone = TRUE;
    g_assert_false(nilo_line_configure(fixture->line, fast, &configure_error));
    g_assert_error(configure_error, NILO_ERROR, NILO_ERROR_LINE_LOST);
    g_clear_object(&fixture->line);
    g_assert_null(open_port(fixture, &open_error));
    g_assert_error(open_error, NILO_ERROR, NILO_ERROR_LINE_LOST);
}

static void
test_low_latency(Fixture *fixture, gconstpointer data)
{
    const int fd = nilo_serial_line_get_tty(NILO_SERIAL_LINE(fixture->line));

    fixture->tty->has_serial = TRUE;
    nilo_serial_tty_ask_low_latency(fd, fixture->peer->port);
    g_assert_cmpint(fixture->tty->serial_flags & ASYNC_LOW_LATENCY, !=, 0);
}

static void
test_break_ends(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;

    g_assert_true(nilo_line_send_break(fixture->line, 50, NULL, &error));
    g_assert_cmpint(fixture->tty->n_breaks, ==, 0);
    g_cancellable_cancel(cancellable);
    g_assert_false(nilo_line_send_break(fixture->line, 50, cancellable, &error));
    g_assert_cmpint(fixture->tty->n_breaks, ==, 0);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/serial/adapter/counts-begin-at-opening", test_counts_begin_at_opening},
        {"/serial/adapter/slow-buffer", test_slow_buffer},
        {"/serial/adapter/busy-chip", test_busy_chip},
        {"/serial/adapter/chip-never-empty", test_chip_that_never_says_empty},
        {"/serial/adapter/dead", test_dead_adapter},
        {"/serial/adapter/other-speed", test_other_speed},
        {"/serial/adapter/speed-nearly-met", test_speed_nearly_met},
        {"/serial/adapter/gone", test_gone},
        {"/serial/adapter/low-latency", test_low_latency},
        {"/serial/adapter/break-ends", test_break_ends},
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    return g_test_run();
}
