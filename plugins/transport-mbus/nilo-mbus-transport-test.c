/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-transport.h"

#include <sys/ioctl.h>

#include "nilo-serial-fake-tty.h"
#include "nilo-serial-peer.h"

#define IDLE_66_US ((66 * G_USEC_PER_SEC + 2399) / 2400)
#define E5_US      ((11 * G_USEC_PER_SEC + 2399) / 2400)

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
power_from_nick(const char *nick)
{
    g_autoptr(GTypeClass) klass = g_type_class_ref(NILO_TYPE_MBUS_TRANSPORT);
    GParamSpecEnum *spec =
        G_PARAM_SPEC_ENUM(g_object_class_find_property((GObjectClass *)klass, "power"));

    return g_enum_get_value_by_nick(spec->enum_class, nick)->value;
}

static void
test_defaults(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloTransport) transport =
        g_object_new(NILO_TYPE_MBUS_TRANSPORT, "port", fixture->peer->port, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = nilo_transport_open(transport, fixture->clock, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(nilo_line_get_speed(line), ==, 2400);
    /* nothing to power, nothing to wait for */
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, 0);
}

static void
test_rest_is_as_configured(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloTransport) transport =
        g_object_new(NILO_TYPE_MBUS_TRANSPORT, "port", fixture->peer->port, "idle-bits", 66, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = nilo_transport_open(transport, fixture->clock, NULL, &error);
    NiloLineCounts counts;

    g_assert_no_error(error);
    nilo_serial_peer_write(fixture->peer, "\xfc", 1);
    do {
        nilo_line_discard(line);
        nilo_line_get_counts(line, &counts);
    } while (counts.bytes < 1);
    g_assert_true(nilo_line_send(line, (const guint8 *)"\xe5", 1, NULL, &error));
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, IDLE_66_US + E5_US);
}

static void
test_power_needs_modem_lines(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloTransport) transport =
        g_object_new(NILO_TYPE_MBUS_TRANSPORT, "port", fixture->peer->port, "power",
                     power_from_nick("dtr"), NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_transport_open(transport, fixture->clock, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED);
}

typedef struct {
    const char *path;
    const char *nick;
    int lines;
} PowerCase;

static const PowerCase power_cases[] = {
    {"/mbus/transport/power/dtr", "dtr", TIOCM_DTR},
    {"/mbus/transport/power/rts", "rts", TIOCM_RTS},
    {"/mbus/transport/power/both", "both", TIOCM_DTR | TIOCM_RTS},
};

static void
test_power(Fixture *fixture, gconstpointer data)
{
    const PowerCase *c = data;
    g_autoptr(NiloTransport) transport =
        g_object_new(NILO_TYPE_MBUS_TRANSPORT, "port", fixture->peer->port, "power",
                     power_from_nick(c->nick), "settle-ms", 1500, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLine) line = NULL;

    fixture->tty->has_modem_lines = TRUE;
    /* opening a port raises both */
    fixture->tty->modem_lines = TIOCM_DTR | TIOCM_RTS;
    line = nilo_transport_open(transport, fixture->clock, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fixture->tty->modem_lines, ==, c->lines);
    g_assert_cmpint(nilo_clock_get_monotonic_us(fixture->clock), ==, 1500000);
}

static void
test_settling_can_be_cancelled(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloTransport) transport =
        g_object_new(NILO_TYPE_MBUS_TRANSPORT, "port", fixture->peer->port, "power",
                     power_from_nick("both"), NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;

    fixture->tty->has_modem_lines = TRUE;
    g_cancellable_cancel(cancellable);
    g_assert_null(nilo_transport_open(transport, fixture->clock, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/mbus/transport/defaults", Fixture, NULL, set_up_pty, test_defaults, tear_down);
    g_test_add("/mbus/transport/idle-bits", Fixture, NULL, set_up_pty, test_rest_is_as_configured,
               tear_down);
    g_test_add("/mbus/transport/power/not-on-a-pty", Fixture, NULL, set_up_pty,
               test_power_needs_modem_lines, tear_down);
    g_test_add("/mbus/transport/power/not-on-a-server", Fixture, NULL, set_up_tcp,
               test_power_needs_modem_lines, tear_down);
    for (gsize i = 0; i < G_N_ELEMENTS(power_cases); i++)
        g_test_add(power_cases[i].path, Fixture, &power_cases[i], set_up_pty, test_power,
                   tear_down);
    g_test_add("/mbus/transport/power/cancelled", Fixture, NULL, set_up_pty,
               test_settling_can_be_cancelled, tear_down);
    return g_test_run();
}
