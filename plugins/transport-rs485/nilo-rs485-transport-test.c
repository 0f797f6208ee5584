/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-rs485-transport.h"

#include <linux/serial.h>

#include "nilo-serial-fake-tty.h"
#include "nilo-serial-peer.h"

typedef struct {
    NiloSerialFakeTty *tty;
    NiloSerialPeer *peer;
    NiloClock *clock;
} Fixture;

static void
set_up_pty(Fixture *fixture, gconstpointer data)
{
    fixture->tty = nilo_serial_fake_tty_reset();
    fixture->peer = nilo_serial_peer_new_pty();
    fixture->clock = NILO_CLOCK(nilo_fake_clock_new(0));
}

static void
set_up_tcp(Fixture *fixture, gconstpointer data)
{
    fixture->tty = nilo_serial_fake_tty_reset();
    fixture->peer = nilo_serial_peer_new_tcp();
    fixture->clock = NILO_CLOCK(nilo_fake_clock_new(0));
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    nilo_serial_peer_free(fixture->peer);
    g_clear_object(&fixture->clock);
}

static gint
value_from_nick(const char *key, const char *nick)
{
    g_autoptr(GTypeClass) klass = g_type_class_ref(NILO_TYPE_RS485_TRANSPORT);
    GParamSpecEnum *spec =
        G_PARAM_SPEC_ENUM(g_object_class_find_property((GObjectClass *)klass, key));

    return g_enum_get_value_by_nick(spec->enum_class, nick)->value;
}

static NiloLine *
open_with(Fixture *fixture, const char *key, const char *nick, GError **error)
{
    g_autoptr(NiloTransport) transport =
        g_object_new(NILO_TYPE_RS485_TRANSPORT, "port", fixture->peer->port, key,
                     value_from_nick(key, nick), NULL);

    g_assert_cmpstr(nilo_transport_get_port(transport), ==, fixture->peer->port);
    return nilo_transport_open(transport, fixture->clock, NULL, error);
}

static void
test_defaults(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = open_with(fixture, "parity", "even", &error);

    g_assert_no_error(error);
    g_assert_cmpuint(nilo_line_get_speed(line), ==, 2400);
    g_assert_cmpuint(nilo_serial_peer_get_speed(fixture->peer), ==, 2400);
}

static void
test_comes_back(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloTransport) transport =
        g_object_new(NILO_TYPE_RS485_TRANSPORT, "port", fixture->peer->port, "speed-baud", 9600,
                     NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 3; i++) {
        g_autoptr(NiloLine) line = nilo_transport_open(transport, fixture->clock, NULL, &error);

        g_assert_no_error(error);
        g_assert_true(nilo_line_send(line, (const guint8 *)"\x10\x40", 2, NULL, &error));
        nilo_serial_peer_assert_reads(fixture->peer, "\x10\x40", 2);
    }
    nilo_serial_peer_hang_up(fixture->peer);
    g_assert_null(nilo_transport_open(transport, fixture->clock, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST);
}

static void
test_kernel_cannot_switch(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(open_with(fixture, "rs485", "kernel", &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED);
}

static void
test_adapter_switches(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = open_with(fixture, "rs485", "off", &error);

    g_assert_no_error(error);
    g_assert_nonnull(line);
}

static void
test_speed_of_a_server_is_not_known(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = open_with(fixture, "rs485", "auto", &error);

    g_assert_no_error(error);
    g_assert_cmpuint(nilo_line_get_speed(line), ==, 0);
}

static void
test_no_port(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloTransport) transport = g_object_new(NILO_TYPE_RS485_TRANSPORT, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpstr(nilo_transport_get_port(transport), ==, "");
    g_assert_null(nilo_transport_open(transport, fixture->clock, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
}

static void
test_kernel_switches(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloTransport) transport =
        g_object_new(NILO_TYPE_RS485_TRANSPORT, "port", fixture->peer->port, "rs485",
                     value_from_nick("rs485", "kernel"), "rts-while-sending",
                     value_from_nick("rts-while-sending", "low"), "rts-before-send-ms", 1,
                     "rts-after-send-ms", 2, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = NULL;

    fixture->tty->has_rs485 = TRUE;
    line = nilo_transport_open(transport, fixture->clock, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(fixture->tty->rs485_flags, ==, SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND);
    g_assert_cmpuint(fixture->tty->rs485_before_ms, ==, 1);
    g_assert_cmpuint(fixture->tty->rs485_after_ms, ==, 2);
}

static void
test_auto_leaves_a_com_port_alone(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = NULL;

    fixture->tty->has_rs485 = TRUE;
    line = open_with(fixture, "rs485", "auto", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(fixture->tty->rs485_flags, ==, 0);
}

static void
test_auto_keeps_what_the_board_says(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = NULL;

    fixture->tty->has_rs485 = TRUE;
    fixture->tty->rs485_flags = SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND;
    fixture->tty->rs485_before_ms = 5;
    line = open_with(fixture, "rs485", "auto", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(fixture->tty->rs485_flags, ==, SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND);
    g_assert_cmpuint(fixture->tty->rs485_before_ms, ==, 5);
}

static void
test_off_stops_the_kernel(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = NULL;

    fixture->tty->has_rs485 = TRUE;
    fixture->tty->rs485_flags = SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND;
    line = open_with(fixture, "rs485", "off", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(fixture->tty->rs485_flags & SER_RS485_ENABLED, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/rs485/defaults", Fixture, NULL, set_up_pty, test_defaults, tear_down);
    g_test_add("/rs485/comes-back", Fixture, NULL, set_up_pty, test_comes_back, tear_down);
    g_test_add("/rs485/kernel/not-on-a-pty", Fixture, NULL, set_up_pty, test_kernel_cannot_switch,
               tear_down);
    g_test_add("/rs485/kernel/not-on-a-server", Fixture, NULL, set_up_tcp,
               test_kernel_cannot_switch, tear_down);
    g_test_add("/rs485/kernel/with-delays", Fixture, NULL, set_up_pty, test_kernel_switches,
               tear_down);
    g_test_add("/rs485/auto/com-port", Fixture, NULL, set_up_pty, test_auto_leaves_a_com_port_alone,
               tear_down);
    g_test_add("/rs485/auto/rs485-board", Fixture, NULL, set_up_pty,
               test_auto_keeps_what_the_board_says, tear_down);
    g_test_add("/rs485/off/rs485-board", Fixture, NULL, set_up_pty, test_off_stops_the_kernel,
               tear_down);
    g_test_add("/rs485/off", Fixture, NULL, set_up_pty, test_adapter_switches, tear_down);
    g_test_add("/rs485/server", Fixture, NULL, set_up_tcp, test_speed_of_a_server_is_not_known,
               tear_down);
    g_test_add("/rs485/no-port", Fixture, NULL, set_up_pty, test_no_port, tear_down);
    return g_test_run();
}
