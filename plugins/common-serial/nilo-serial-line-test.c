/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-line.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "nilo-serial-peer.h"
#include "nilo-serial-settings.h"

#define PATIENCE_US (10 * G_USEC_PER_SEC)

static const guint8 request[] = {0x10, 0x5b, 0x01, 0x5c, 0x16};

static const NiloSerialMode mode_2400_8e1 = {2400, NILO_SERIAL_PARITY_EVEN, 8, 1};

/* a request at 2400 8E1: 5 characters of 11 bits */
#define REQUEST_US ((5 * 11 * G_USEC_PER_SEC + 2399) / 2400)
#define IDLE_US    ((33 * G_USEC_PER_SEC + 2399) / 2400)

typedef struct {
    NiloSerialPeer *peer;
    NiloClock *clock; /* stands still, so that waiting for bit times takes no time */
    NiloLine *line;
} Fixture;

static NiloSerialLine *
open_port(const char *port, NiloClock *clock, const NiloSerialMode *mode, GError **error)
{
    g_autoptr(NiloSerialName) name = nilo_serial_name_parse(port, NULL);

    return name->path != NULL ? nilo_serial_line_new_tty(clock, name, mode, error)
                              : nilo_serial_line_new_tcp(clock, name, mode, 10000, NULL, error);
}

static void
fixture_set_up(Fixture *fixture, NiloSerialPeer *peer)
{
    g_autoptr(GError) error = NULL;

    fixture->peer = peer;
    fixture->clock = NILO_CLOCK(nilo_fake_clock_new(0));
    fixture->line = NILO_LINE(open_port(peer->port, fixture->clock, &mode_2400_8e1, &error));
    g_assert_no_error(error);
    nilo_serial_line_set_idle_bits(NILO_SERIAL_LINE(fixture->line), 33);
}

static void
set_up_pty(Fixture *fixture, gconstpointer data)
{
    fixture_set_up(fixture, nilo_serial_peer_new_pty());
}

static void
set_up_tcp(Fixture *fixture, gconstpointer data)
{
    fixture_set_up(fixture, nilo_serial_peer_new_tcp());
    nilo_serial_peer_accept(fixture->peer);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_clear_object(&fixture->line);
    g_clear_object(&fixture->clock);
    nilo_serial_peer_free(fixture->peer);
}

static gint64
patience(Fixture *fixture)
{
    return nilo_clock_get_monotonic_us(fixture->clock) + PATIENCE_US;
}

static void
assert_receives(Fixture *fixture, const guint8 *bytes, gsize size)
{
    g_autoptr(GError) error = NULL;
    guint8 got[256];
    gsize n = 0;

    while (n < size) {
        const gssize more = nilo_line_receive(fixture->line, got + n, sizeof got - n,
                                              patience(fixture), NULL, &error);

        g_assert_no_error(error);
        g_assert_cmpint(more, >, 0);
        n += (gsize)more;
    }
    g_assert_cmpmem(got, n, bytes, size);
}

static void
test_both_ways(Fixture *fixture, gconstpointer data)
{
    static const guint8 answer[] = {0xff, 0x00, 0xff, 0xff, 0x68, 0x0a, 0x0d, 0x03, 0x11, 0x13};
    g_autoptr(GError) error = NULL;
    NiloLineCounts counts;

    g_assert_true(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_no_error(error);
    nilo_serial_peer_assert_reads(fixture->peer, request, sizeof request);
    nilo_serial_peer_write(fixture->peer, answer, sizeof answer);
    assert_receives(fixture, answer, sizeof answer);
    nilo_line_get_counts(fixture->line, &counts);
    g_assert_cmpuint(counts.bytes, ==, sizeof answer);
    g_assert_cmpuint(counts.parity_errors + counts.framing_errors + counts.breaks, ==, 0);
}

static void
test_send_takes_the_time_on_the_wire(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, REQUEST_US);
}

static void
test_rest_after_unwanted_bytes(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    NiloLineCounts counts;

    nilo_serial_peer_write(fixture->peer, "late", 4);
    do {
        nilo_line_discard(fixture->line);
        nilo_line_get_counts(fixture->line, &counts);
    } while (counts.bytes < 4);
    g_assert_true(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, IDLE_US + REQUEST_US);
    g_assert_true(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, IDLE_US + 2 * REQUEST_US);
}

static void
test_no_rest_after_a_good_answer(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    nilo_serial_peer_write(fixture->peer, "\xe5", 1);
    assert_receives(fixture, (const guint8 *)"\xe5", 1);
    nilo_line_discard(fixture->line);
    g_assert_true(nilo_line_send(fixture->line, request, sizeof request, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, REQUEST_US);
}

static void
test_other_end_gone(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) receive_error = NULL;
    g_autoptr(GError) send_error = NULL;
    guint8 buffer[16];

    nilo_serial_peer_write(fixture->peer, "last", 4);
    assert_receives(fixture, (const guint8 *)"last", 4);
    nilo_serial_peer_hang_up(fixture->peer);
    g_assert_cmpint(nilo_line_receive(fixture->line, buffer, sizeof buffer, patience(fixture), NULL,
                                      &receive_error),
                    ==, -1);
    g_assert_error(receive_error, NILO_ERROR, NILO_ERROR_LINE_LOST);
    g_assert_true(g_str_has_prefix(receive_error->message, fixture->peer->port));
    /* a socket may take one more write before it knows */
    for (guint i = 0; i < 100 && send_error == NULL; i++)
        nilo_line_send(fixture->line, request, sizeof request, NULL, &send_error);
    g_assert_error(send_error, NILO_ERROR, NILO_ERROR_LINE_LOST);
}

static void
test_past_deadline_takes_what_is_there(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint8 buffer[16];

    g_assert_cmpint(nilo_line_receive(fixture->line, buffer, sizeof buffer, -1, NULL, &error), ==,
                    0);
    g_assert_no_error(error);
    nilo_serial_peer_write(fixture->peer, "ab", 2);
    assert_receives(fixture, (const guint8 *)"ab", 2);
}

static void
test_cancelled_before(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) receive_error = NULL;
    g_autoptr(GError) send_error = NULL;
    guint8 buffer[16];

    g_cancellable_cancel(cancellable);
    g_assert_cmpint(nilo_line_receive(fixture->line, buffer, sizeof buffer, patience(fixture),
                                      cancellable, &receive_error),
                    ==, -1);
    g_assert_error(receive_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_assert_false(
        nilo_line_send(fixture->line, request, sizeof request, cancellable, &send_error));
    g_assert_error(send_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
cancel_thread(gpointer data)
{
    g_cancellable_cancel(data);
    return NULL;
}

static void
test_cancelled_while_waiting(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < 20; i++) {
        g_autoptr(GCancellable) cancellable = g_cancellable_new();
        g_autoptr(GError) error = NULL;
        GThread *thread = g_thread_new("cancel", cancel_thread, cancellable);
        guint8 buffer[16];

        g_assert_cmpint(nilo_line_receive(fixture->line, buffer, sizeof buffer, patience(fixture),
                                          cancellable, &error),
                        ==, -1);
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        g_thread_join(thread);
    }
}

static void
test_line_settings_of_a_meter(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GObject) fast = g_object_new(NILO_TYPE_SERIAL_SETTINGS, "speed-baud", 9600, "parity",
                                           NILO_SERIAL_PARITY_NONE, NULL);
    g_autoptr(GObject) same = g_object_new(NILO_TYPE_SERIAL_SETTINGS, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(nilo_line_configure(fixture->line, fast, &error));
    g_assert_cmpuint(nilo_line_get_speed(fixture->line), ==, 9600);
    g_assert_cmpuint(nilo_serial_peer_get_speed(fixture->peer), ==, 9600);
    g_assert_true(nilo_line_send(fixture->line, request, 48 / 12, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==,
                    (4 * 10 * G_USEC_PER_SEC + 9599) / 9600);

    g_assert_true(nilo_line_configure(fixture->line, same, &error));
    g_assert_cmpuint(nilo_serial_peer_get_speed(fixture->peer), ==, 2400);
    g_assert_true(nilo_line_configure(fixture->line, fast, &error));
    g_assert_true(nilo_line_configure(fixture->line, NULL, &error));
    g_assert_cmpuint(nilo_serial_peer_get_speed(fixture->peer), ==, 2400);
}

static void
test_switched_speed_lasts_until_configured(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) too_fast = NULL;

    g_assert_true(nilo_line_set_speed(fixture->line, 300, &error));
    g_assert_cmpuint(nilo_serial_peer_get_speed(fixture->peer), ==, 300);
    g_assert_true(nilo_line_configure(fixture->line, NULL, &error));
    g_assert_cmpuint(nilo_serial_peer_get_speed(fixture->peer), ==, 2400);
    g_assert_false(nilo_line_set_speed(fixture->line, 115200, &too_fast));
    g_assert_error(too_fast, NILO_ERROR, NILO_ERROR_BAD_VALUE);
}

static void
test_odd_speed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GObject) odd = g_object_new(NILO_TYPE_SERIAL_SETTINGS, "speed-baud", 12345, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(nilo_line_configure(fixture->line, odd, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(nilo_serial_peer_get_speed(fixture->peer), ==, 12345);
}

static void
test_break_takes_its_time(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(nilo_line_send_break(fixture->line, 50, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, 50000);
}

static void
test_second_opener(Fixture *fixture, gconstpointer data)
{
    g_autofree char *own_pid = g_strdup_printf("(pid %d)", getpid());
    g_autoptr(GError) error = NULL;

    g_assert_null(open_port(fixture->peer->port, fixture->clock, &mode_2400_8e1, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, own_pid));

    g_clear_error(&error);
    g_clear_object(&fixture->line);
    fixture->line =
        NILO_LINE(open_port(fixture->peer->port, fixture->clock, &mode_2400_8e1, &error));
    g_assert_no_error(error);
}

static void
test_server_keeps_its_settings(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GObject) fast = g_object_new(NILO_TYPE_SERIAL_SETTINGS, "speed-baud", 9600, NULL);
    g_autoptr(GObject) same = g_object_new(NILO_TYPE_SERIAL_SETTINGS, "speed-baud", 2400, NULL);
    g_autoptr(GError) configure_error = NULL;
    g_autoptr(GError) speed_error = NULL;
    g_autoptr(GError) break_error = NULL;

    g_assert_true(nilo_line_configure(fixture->line, same, &configure_error));
    g_assert_false(nilo_line_configure(fixture->line, fast, &configure_error));
    g_assert_error(configure_error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED);
    g_assert_false(nilo_line_set_speed(fixture->line, 300, &speed_error));
    g_assert_error(speed_error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED);
    g_assert_false(nilo_line_send_break(fixture->line, 50, NULL, &break_error));
    g_assert_error(break_error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED);
    g_assert_cmpuint(nilo_line_get_speed(fixture->line), ==, 2400);
}

static void
test_server_that_takes_nothing(Fixture *fixture, gconstpointer data)
{
    g_autofree guint8 *flood = g_malloc0(64 * 1024 * 1024);
    g_autoptr(NiloClock) clock = nilo_clock_new_system();
    const NiloSerialMode unknown = {0, NILO_SERIAL_PARITY_EVEN, 8, 1};
    g_autoptr(NiloSerialPeer) peer = nilo_serial_peer_new_tcp();
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = NILO_LINE(open_port(peer->port, clock, &unknown, &error));

    g_assert_no_error(error);
    g_assert_cmpuint(nilo_line_get_speed(line), ==, 0);
    g_assert_false(nilo_line_send(line, flood, 64 * 1024 * 1024, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST);
}

static void
test_deadline_is_kept(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloClock) clock = nilo_clock_new_system();
    g_autoptr(NiloSerialPeer) peer = nilo_serial_peer_new_pty();
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = NILO_LINE(open_port(peer->port, clock, &mode_2400_8e1, &error));
    gint64 best_us = G_MAXINT64;
    guint8 buffer[16];

    g_assert_no_error(error);
    for (guint i = 0; i < 20; i++) {
        const gint64 deadline_us = nilo_clock_get_monotonic_us(clock) + 3333;
        gint64 late_us;

        g_assert_cmpint(nilo_line_receive(line, buffer, sizeof buffer, deadline_us, NULL, &error),
                        ==, 0);
        late_us = nilo_clock_get_monotonic_us(clock) - deadline_us;
        g_assert_cmpint(late_us, >=, 0);
        best_us = MIN(best_us, late_us);
    }
    /* a loaded machine is late now and then, a wait in whole milliseconds always */
    g_test_message("best of 20: %" G_GINT64_FORMAT " us late", best_us);
    g_assert_cmpint(best_us, <, 600);
}

typedef struct {
    const char *path;
    const char *port;
    NiloError code;
    const char *text;
} OpenErrorCase;

static const OpenErrorCase open_error_cases[] = {
    {"/serial/open/does-not-exist", "/dev/nilo-no-such-port", NILO_ERROR_LINE_LOST,
     "port /dev/nilo-no-such-port does not exist: is the adapter plugged in?"},
    {"/serial/open/no-terminal", "/dev/null", NILO_ERROR_NOT_SUPPORTED,
     "/dev/null is not a serial port"},
    {"/serial/open/folder", "/dev", NILO_ERROR_NOT_SUPPORTED, "/dev is not a serial port"},
    {"/serial/open/unknown-host", "tcp:no..host:4001", NILO_ERROR_LINE_LOST,
     "serial server \"no..host\" is unknown: "},
};

static void
test_open_error(gconstpointer data)
{
    const OpenErrorCase *c = data;
    g_autoptr(NiloClock) clock = NILO_CLOCK(nilo_fake_clock_new(0));
    g_autoptr(GError) error = NULL;

    g_assert_null(open_port(c->port, clock, &mode_2400_8e1, &error));
    g_assert_error(error, NILO_ERROR, (gint)c->code);
    g_assert_true(g_str_has_prefix(error->message, c->text));
}

static void
test_denied(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *port = g_build_filename(folder, "port", NULL);
    g_autoptr(NiloClock) clock = NILO_CLOCK(nilo_fake_clock_new(0));
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(port, "", 0, NULL));
    g_assert_cmpint(g_chmod(port, 0), ==, 0);
    if (access(port, R_OK) == 0) {
        g_test_skip("root may open everything");
    } else {
        g_assert_null(open_port(port, clock, &mode_2400_8e1, &error));
        g_assert_error(error, NILO_ERROR, NILO_ERROR_DENIED);
        g_assert_nonnull(strstr(error->message, "group"));
    }
    g_unlink(port);
    g_rmdir(folder);
}

static void
test_refused(void)
{
    g_autoptr(NiloSerialPeer) peer = nilo_serial_peer_new_tcp();
    g_autoptr(NiloClock) clock = NILO_CLOCK(nilo_fake_clock_new(0));
    g_autoptr(GError) error = NULL;

    nilo_serial_peer_deafen(peer);
    g_assert_null(open_port(peer->port, clock, &mode_2400_8e1, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST);
    g_assert_nonnull(strstr(error->message, "refuses connections"));
}

static void
test_connect_cancelled(void)
{
    g_autoptr(NiloSerialName) name = nilo_serial_name_parse("tcp:127.0.0.1:9", NULL);
    g_autoptr(NiloClock) clock = NILO_CLOCK(nilo_fake_clock_new(0));
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;

    g_cancellable_cancel(cancellable);
    g_assert_null(nilo_serial_line_new_tcp(clock, name, &mode_2400_8e1, 1000, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

typedef void (*FixtureFunc)(Fixture *fixture, gconstpointer data);

static void
add(const char *path, FixtureFunc set_up, FixtureFunc test)
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/serial/pty/both-ways", set_up_pty, test_both_ways);
    add("/serial/pty/wire-time", set_up_pty, test_send_takes_the_time_on_the_wire);
    add("/serial/pty/rest-after-unwanted-bytes", set_up_pty, test_rest_after_unwanted_bytes);
    add("/serial/pty/no-rest-after-good-answer", set_up_pty, test_no_rest_after_a_good_answer);
    add("/serial/pty/unplugged", set_up_pty, test_other_end_gone);
    add("/serial/pty/past-deadline", set_up_pty, test_past_deadline_takes_what_is_there);
    add("/serial/pty/deadline", set_up_pty, test_deadline_is_kept);
    add("/serial/pty/cancelled-before", set_up_pty, test_cancelled_before);
    add("/serial/pty/cancelled-while-waiting", set_up_pty, test_cancelled_while_waiting);
    add("/serial/pty/meter-settings", set_up_pty, test_line_settings_of_a_meter);
    add("/serial/pty/switched-speed", set_up_pty, test_switched_speed_lasts_until_configured);
    add("/serial/pty/odd-speed", set_up_pty, test_odd_speed);
    add("/serial/pty/break", set_up_pty, test_break_takes_its_time);
    add("/serial/pty/second-opener", set_up_pty, test_second_opener);
    add("/serial/tcp/both-ways", set_up_tcp, test_both_ways);
    add("/serial/tcp/wire-time", set_up_tcp, test_send_takes_the_time_on_the_wire);
    add("/serial/tcp/rest-after-unwanted-bytes", set_up_tcp, test_rest_after_unwanted_bytes);
    add("/serial/tcp/closed", set_up_tcp, test_other_end_gone);
    add("/serial/tcp/past-deadline", set_up_tcp, test_past_deadline_takes_what_is_there);
    add("/serial/tcp/cancelled-before", set_up_tcp, test_cancelled_before);
    add("/serial/tcp/cancelled-while-waiting", set_up_tcp, test_cancelled_while_waiting);
    add("/serial/tcp/settings-of-its-own", set_up_tcp, test_server_keeps_its_settings);
    add("/serial/tcp/takes-nothing", set_up_tcp, test_server_that_takes_nothing);
    for (gsize i = 0; i < G_N_ELEMENTS(open_error_cases); i++)
        g_test_add_data_func(open_error_cases[i].path, &open_error_cases[i], test_open_error);
    g_test_add_func("/serial/open/denied", test_denied);
    g_test_add_func("/serial/open/refused", test_refused);
    g_test_add_func("/serial/open/cancelled", test_connect_cancelled);
    return g_test_run();
}
