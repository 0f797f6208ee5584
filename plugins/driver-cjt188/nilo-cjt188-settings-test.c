/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nilo-cjt188-test-peer.h"

#define NO_ERROR (-1)

typedef struct {
    const char *path;
    const char *id;
    const char *address;
    const char *settings;
    int error;
    const char *says; /* a part of the message */
} CheckCase;

/* clang-format off */
static const CheckCase check_cases[] = {
    {"/cjt188/check/from-id", "cjt188:78330011223344", NULL, NULL, NO_ERROR, NULL},
    {"/cjt188/check/from-address", "flat:3-2-1203", "78330011223344", NULL, NO_ERROR, NULL},
    {"/cjt188/check/moved", "cjt188:78330011223344", "78330011223345", NULL, NO_ERROR, NULL},
    {"/cjt188/check/not-decimal", "cjt188:7833001122CD01", NULL, NULL, NO_ERROR, NULL},
    {"/cjt188/check/no-address", "flat:3-2-1203", NULL, NULL, NILO_ERROR_MISSING_KEY, "address="},
    {"/cjt188/check/spreadsheet", "flat:1", "7.83301E+13", NULL, NILO_ERROR_BAD_VALUE,
     "format the column as text"},
    {"/cjt188/check/spreadsheet-in-id", "cjt188:7.83301E13", NULL, NULL, NILO_ERROR_BAD_VALUE,
     "format the column as text"},
    {"/cjt188/check/leading-zeros", "flat:1", "180112996", NULL, NILO_ERROR_BAD_VALUE,
     "write 00000180112996"},
    {"/cjt188/check/too-long", "flat:1", "783300112233445", NULL, NILO_ERROR_BAD_VALUE,
     "has 15 digits, expected 14"},
    {"/cjt188/check/letter", "flat:1", "7833001122334O", NULL, NILO_ERROR_BAD_DIGIT,
     "\"O\" where a digit must stand"},
    {"/cjt188/check/space", "flat:1", "78330011 22334", NULL, NILO_ERROR_BAD_DIGIT, "\" \""},
    {"/cjt188/check/chinese", "flat:1", "\xe6\xb0\xb4\xe8\xa1\xa8", NULL, NILO_ERROR_BAD_DIGIT, "?"},
    {"/cjt188/check/wildcard", "flat:1", "AAAAAAAAAAAAAA", NULL, NILO_ERROR_BAD_VALUE, "wildcard"},
    {"/cjt188/check/type", "cjt188:78330011223344", NULL, "type=5", NILO_ERROR_BAD_VALUE,
     "10 to 49"},
    {"/cjt188/check/zone", "cjt188:78330011223344", NULL, "zone=Asia/Peking2",
     NILO_ERROR_BAD_VALUE, "Asia/Shanghai"},
    {"/cjt188/check/zone-local", "cjt188:78330011223344", NULL, "zone=local", NO_ERROR, NULL},
    {"/cjt188/check/answers-as", "cjt188:78330011223344", NULL, "answers-as=123",
     NILO_ERROR_BAD_VALUE, "answers-as: "},
    {"/cjt188/check/profile", "cjt188:78330011223344", NULL, "profile=mirrored-status", NO_ERROR,
     NULL},
    {"/cjt188/check/no-profile", "cjt188:78330011223344", NULL, "profile=miror",
     NILO_ERROR_NOT_FOUND, "no profile \"miror\""},
};
/* clang-format on */

static void
test_check(gconstpointer data)
{
    const CheckCase *c = data;
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(c->id, NULL);
    g_autoptr(GObject) settings = nilo_cjt188_test_make_settings(c->settings);
    g_autoptr(NiloMeter) meter = nilo_meter_new(id, "bus", "cjt188", c->address, NULL, settings);
    g_autoptr(GObject) driver = g_object_new(NILO_TYPE_CJT188_DRIVER, NULL);
    g_autoptr(GError) error = NULL;
    const gboolean done = nilo_driver_check_meter(NILO_DRIVER(driver), meter, &error);

    if (c->error == NO_ERROR) {
        g_assert_no_error(error);
        g_assert_true(done);
        return;
    }
    g_assert_false(done);
    g_assert_error(error, NILO_ERROR, c->error);
    if (strstr(error->message, c->says) == NULL)
        g_assert_cmpstr(error->message, ==, c->says);
}

/* what is in a keyfile comes back as it was written */
static void
test_properties(void)
{
    g_autoptr(GObject) settings = nilo_cjt188_test_make_settings(
        "type=25 di-order=low-first edition=2018 preamble-bytes=2 ser-check=no zone=Asia/Shanghai");
    guint type, preamble_bytes;
    gint order, edition;
    gboolean ser_check;
    g_autofree char *zone = NULL;

    g_object_get(settings, "type", &type, "di-order", &order, "edition", &edition, "preamble-bytes",
                 &preamble_bytes, "ser-check", &ser_check, "zone", &zone, NULL);
    g_assert_cmpuint(type, ==, 25);
    g_assert_cmphex(nilo_cjt188_settings_get_type_byte(NILO_CJT188_SETTINGS(settings)), ==, 0x25);
    g_assert_cmpint(order, ==, NILO_CJT188_DI_LOW_FIRST);
    g_assert_cmpint(edition, ==, NILO_CJT188_EDITION_2018);
    g_assert_cmpuint(preamble_bytes, ==, 2);
    g_assert_false(ser_check);
    g_assert_cmpstr(zone, ==, "Asia/Shanghai");
}

int
main(int argc, char **argv)
{
    g_setenv("NILO_CJT188_PROFILES", NILO_CJT188_TEST_PROFILES, FALSE);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(check_cases); i++)
        g_test_add_data_func(check_cases[i].path, &check_cases[i], test_check);
    g_test_add_func("/cjt188/settings/properties", test_properties);
    return g_test_run();
}
