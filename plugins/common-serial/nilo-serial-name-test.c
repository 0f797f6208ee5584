/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-name.h"

typedef struct {
    const char *path;
    const char *text;
    const char *device; /* NULL for a serial server */
    const char *host;   /* both NULL for an error */
    guint16 port;
} NameCase;

static const NameCase name_cases[] = {
    {"/serial/name/device", "/dev/ttyUSB0", "/dev/ttyUSB0", NULL, 0},
    {"/serial/name/by-id", "/dev/serial/by-id/usb-FTDI_1-if00-port0",
     "/dev/serial/by-id/usb-FTDI_1-if00-port0", NULL, 0},
    {"/serial/name/server", "tcp:10.0.0.7:4001", NULL, "10.0.0.7", 4001},
    {"/serial/name/server-by-name", "tcp:riser-3.example:23", NULL, "riser-3.example", 23},
    {"/serial/name/server-ipv6", "tcp:[fd00::7]:65535", NULL, "fd00::7", 65535},
    {"/serial/name/ipv6-without-brackets", "tcp:fd00::7:4001", NULL, NULL, 0},
    {"/serial/name/no-port", "tcp:10.0.0.7", NULL, NULL, 0},
    {"/serial/name/empty-port", "tcp:10.0.0.7:", NULL, NULL, 0},
    {"/serial/name/port-zero", "tcp:10.0.0.7:0", NULL, NULL, 0},
    {"/serial/name/port-too-large", "tcp:10.0.0.7:65536", NULL, NULL, 0},
    {"/serial/name/port-not-a-number", "tcp:10.0.0.7:40x1", NULL, NULL, 0},
    {"/serial/name/no-host", "tcp::4001", NULL, NULL, 0},
    {"/serial/name/empty-brackets", "tcp:[]:4001", NULL, NULL, 0},
    {"/serial/name/space-in-host", "tcp:10.0.0.7 :4001", NULL, NULL, 0},
    {"/serial/name/only-tcp", "tcp:", NULL, NULL, 0},
    {"/serial/name/relative", "ttyUSB0", NULL, NULL, 0},
    {"/serial/name/windows", "COM3", NULL, NULL, 0},
    {"/serial/name/empty", "", NULL, NULL, 0},
    {"/serial/name/nothing", NULL, NULL, NULL, 0},
};

static void
test_name(gconstpointer data)
{
    const NameCase *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloSerialName) name = nilo_serial_name_parse(c->text, &error);

    if (c->device == NULL && c->host == NULL) {
        g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
        g_assert_null(name);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpstr(name->path, ==, c->device);
    g_assert_cmpstr(name->host, ==, c->host);
    g_assert_cmpuint(name->port, ==, c->port);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(name_cases); i++)
        g_test_add_data_func(name_cases[i].path, &name_cases[i], test_name);
    return g_test_run();
}
