/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-driver.h"
#include "nilo-mbus-test-line.h"

#define ESTATE                                                                                     \
    "[estate]\nseed=5\nzone-offset-minutes=480\n[bus riser]\nkind=mbus\nspeed=2400\n"              \
    "[meter m]\nbus=riser\nid=26010001\nmanufacturer=NLB\nversion=22\nmedium=7\naddress=5\n"
#define OTHER     "[meter n]\nbus=riser\nid=26010002\naddress=6\n"
#define SECONDARY "protocol=mbus-secondary\naddress=0\n"
#define ID        "mbus:26010001.NLB.16.07"
#define NOW       "'utc-us': <int64 1773570601000000>" /* 2026-03-15T10:30:01Z */
#define YESTERDAY "'utc-us': <int64 1773484201000000>"
#define NO_CODE   G_MAXINT

typedef struct {
    const char *path;
    const char *estate; /* added to ESTATE */
    const char *id;
    const char *address;
    const char *settings;
    NiloCommandKind kind;
    const char *arguments;
    gint code; /* #NiloError, or NO_CODE */
    const char *asked;
    const char *result;
} WriteCase;

static const WriteCase write_cases[] = {
    {"/mbus/write/clock/primary", "clock-error-s=7200\n", ID, "5", "zone=Asia/Shanghai",
     NILO_COMMAND_SET_CLOCK, "{" NOW ", 'zone': <'Asia/Shanghai'>}", NO_CODE,
     "40:5 7B:5 51:5 40:5 7B:5", "{'clock-drift-s': <int64 0>}"},
    {"/mbus/write/clock/secondary", SECONDARY "clock-error-s=7200\n", ID, NULL,
     "zone=Asia/Shanghai", NILO_COMMAND_SET_CLOCK, "{" NOW "}", NO_CODE, "sel 51:253 sel 7B:253",
     "{'clock-drift-s': <int64 0>}"},
    {"/mbus/write/clock/to-another-day", "", ID, "5", "zone=Asia/Shanghai", NILO_COMMAND_SET_CLOCK,
     "{" YESTERDAY "}", NO_CODE, "40:5 7B:5 51:5 40:5 7B:5", "{'clock-drift-s': <int64 -86400>}"},
    {"/mbus/write/clock/not-kept", "clock-error-s=7200\ndeviations=refuses-writes\n", ID, "5",
     "zone=Asia/Shanghai", NILO_COMMAND_SET_CLOCK, "{" NOW "}", NILO_ERROR_NOT_CONFIRMED,
     "40:5 7B:5 51:5 40:5 7B:5", NULL},
    {"/mbus/write/clock/wrong-meter", "", "mbus:26010009.NLB.16.07", "5", "",
     NILO_COMMAND_SET_CLOCK, "{" NOW "}", NILO_ERROR_WRONG_METER, "40:5 7B:5 7B:5", NULL},
    {"/mbus/write/clock/wildcard", SECONDARY, "flat:1", "26010001", "", NILO_COMMAND_SET_CLOCK,
     "{" NOW "}", NILO_ERROR_NOT_SUPPORTED, "", NULL},
    {"/mbus/write/clock/bad-zone", "", ID, "5", "", NILO_COMMAND_SET_CLOCK,
     "{" NOW ", 'zone': <'Nowhere/Never'>}", NILO_ERROR_BAD_VALUE, "", NULL},
    {"/mbus/write/address/primary", "", ID, "5", "", NILO_COMMAND_SET_ADDRESS, "{'address': <'7'>}",
     NO_CODE, "40:7 40:7 40:5 7B:5 51:5 40:7 7B:7", "{'address': <'7'>}"},
    {"/mbus/write/address/secondary", SECONDARY, ID, NULL, "", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'7'>}", NO_CODE, "40:7 40:7 sel 51:253 40:7 7B:7", "{'address': <'7'>}"},
    {"/mbus/write/address/there-already", "", ID, "5", "", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'5'>}", NO_CODE, "40:5 7B:5", "{'address': <'5'>}"},
    {"/mbus/write/address/taken", OTHER, ID, "5", "", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'6'>}", NILO_ERROR_EXISTS, "40:6 7B:6 7B:6", NULL},
    {"/mbus/write/address/selected-slave", "", ID, "5", "", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'253'>}", NILO_ERROR_BAD_VALUE, "", NULL},
    {"/mbus/write/address/broadcast", "", ID, "5", "", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'255'>}", NILO_ERROR_BAD_VALUE, "", NULL},
    {"/mbus/write/address/not-kept", "deviations=refuses-writes\n", ID, "5", "",
     NILO_COMMAND_SET_ADDRESS, "{'address': <'7'>}", NILO_ERROR_NOT_CONFIRMED,
     "40:7 40:7 40:5 7B:5 51:5 40:7 40:7", NULL},
    {"/mbus/write/address/silent", "dead=yes\n", ID, "5", "", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'7'>}", NILO_ERROR_SILENT, "40:7 40:7 40:5 7B:5 7B:5", NULL},
    {"/mbus/write/valve/no-profile", "", ID, "5", "", NILO_COMMAND_VALVE_CLOSE, "@a{sv} {}",
     NILO_ERROR_NOT_SUPPORTED, "", NULL},
    {"/mbus/write/valve/does-not-show-it", "", ID, "5", "profile=remote-valve",
     NILO_COMMAND_VALVE_CLOSE, "@a{sv} {}", NILO_ERROR_NOT_CONFIRMED, "40:5 7B:5 51:5 40:5 7B:5",
     NULL},
    {"/mbus/write/purchase", "", ID, "5", "", NILO_COMMAND_PURCHASE, "@a{sv} {}",
     NILO_ERROR_NOT_SUPPORTED, "", NULL},
};

static void
test_write(gconstpointer data)
{
    const WriteCase *test = data;
    g_autofree char *estate = g_strconcat(ESTATE, test->estate, NULL);
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(estate, 2);
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(test->id, test->address, test->settings);
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(NiloCommand) command =
        nilo_command_new(NULL, nilo_meter_get_id(meter), test->kind,
                         g_variant_new_parsed(test->arguments), "test", G_MAXINT64);
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *asked = NULL;

    nilo_driver_write(driver, meter, command, bus->channel, &result, NULL, &error);
    asked = nilo_mbus_test_bus_take_asked(bus);
    g_assert_cmpstr(asked, ==, test->asked);
    if (test->code == NO_CODE)
        g_assert_no_error(error);
    else
        g_assert_error(error, NILO_ERROR, test->code);
    if (test->result != NULL) {
        g_autofree char *text = NULL;

        g_assert_nonnull(result);
        text = g_variant_print(result, TRUE);
        g_assert_cmpstr(text, ==, test->result);
    } else {
        g_assert_null(result);
    }
}

typedef struct {
    const char *path;
    const char *id;
    const char *address;
    const char *settings;
    const char *message;
} CheckCase;

static const CheckCase check_cases[] = {
    {"/mbus/check/primary", ID, "5", "", NULL},
    {"/mbus/check/secondary-by-id", ID, NULL, "", NULL},
    {"/mbus/check/fabrication-in-id", ID "-70000001", NULL, "", NULL},
    {"/mbus/check/own-id", "flat:12", "0", "", NULL},
    {"/mbus/check/no-address", "flat:12", NULL, "",
     "flat:12: neither id nor address say which meter to select, expected mbus:12345678.TEC.16.07 "
     "or an address"},
    {"/mbus/check/selected-slave", ID, "253", "",
     ID ": address: found \"253\", expected a primary address from 0 to 250"},
    {"/mbus/check/nonsense", ID, "roof", "",
     ID ": address: found \"roof\", expected a primary address from 0 to 250"},
    {"/mbus/check/primary-without", ID, NULL, "addressing=primary",
     ID ": addressing=primary needs address, a primary address from 0 to 250"},
    {"/mbus/check/secondary-but-primary", ID, "5", "addressing=secondary",
     ID ": address: found \"5\", expected a secondary address like 12345678.TEC.16.07"},
    {"/mbus/check/two-meters", ID, "26010002", "",
     ID ": address: 26010002 is not the meter that the id names"},
    {"/mbus/check/fabrication", ID, NULL, "fabrication=12",
     ID ": fabrication: expected eight digits"},
    {"/mbus/check/zone", ID, "5", "zone=Mars/Olympus",
     "zone: found \"Mars/Olympus\", expected a time zone like Asia/Shanghai"},
    {"/mbus/check/main-volume", ID, "5", "main-volume=water",
     "main-volume: \"water\" names no quantity, expected one like \"volume\""},
};

static void
test_check(gconstpointer data)
{
    const CheckCase *test = data;
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(test->id, test->address, test->settings);
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(GError) error = NULL;
    const gboolean good = nilo_driver_check_meter(driver, meter, &error);

    g_assert_cmpstr(error != NULL ? error->message : NULL, ==, test->message);
    g_assert_cmpint(good, ==, test->message == NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(write_cases); i++)
        g_test_add_data_func(write_cases[i].path, &write_cases[i], test_write);
    for (guint i = 0; i < G_N_ELEMENTS(check_cases); i++)
        g_test_add_data_func(check_cases[i].path, &check_cases[i], test_check);
    return g_test_run();
}
