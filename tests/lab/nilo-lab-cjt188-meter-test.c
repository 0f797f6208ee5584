/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-digits.h"
#include "nilo-lab-test-master.h"

#include <string.h>

#define ID      "33010000000042"
#define WIRE_ID "42000000000133"
#define HEAD    "[bus b]\nkind=rs485\nspeed=9600\n"
#define METER   "[meter m]\nbus=b\nprotocol=cjt188\nid=" ID "\n"

static NiloLabMeter *
meter_of(NiloLabTestMaster *master)
{
    return g_ptr_array_index(nilo_lab_bus_get_meters(master->bus), 0);
}

static NiloLabTestMaster *
master_with(const char *keys)
{
    g_autofree char *estate = g_strconcat(HEAD METER, keys, NULL);

    return nilo_lab_test_master_new(estate);
}

/* the volume of a plain 901F answer: 3 preamble bytes, 11 of head, DI, SER */
#define AT_VOLUME (3 + 11 + 3)

static void
test_current(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("");
    gint64 truth_ml;
    guint64 volume = 0;
    guint8 sum = 0;

    nilo_lab_test_master_cjt188(master, ID, 0x01, "90 1F 77");
    truth_ml = nilo_lab_meter_get_volume_ml(meter_of(master), nilo_lab_test_master_utc_us(master));
    g_assert_true(nilo_lab_test_master_heard(master, "FEFEFE6810" WIRE_ID "8116901F77"));
    g_assert_cmpuint(master->answer->len, ==, 3 + 13 + 0x16);
    g_assert_true(nilo_lab_digits_get(master->answer->data + AT_VOLUME, 4, &volume));
    g_assert_cmpint((gint64)volume, <=, truth_ml / 10000);
    g_assert_cmpint((gint64)volume + 2, >, truth_ml / 10000);
    g_assert_cmpuint(master->answer->data[AT_VOLUME + 4], ==, 0x2c);
    g_assert_true(nilo_lab_test_master_heard(master, "3018150326200000")); /* 18:30, open */
    for (guint i = 3; i + 2 < master->answer->len; i++)
        sum = (guint8)(sum + master->answer->data[i]);
    g_assert_cmpuint(sum, ==, master->answer->data[master->answer->len - 2]);
}

typedef struct {
    const char *path;
    const char *keys;
    const char *address;
    guint8 control;
    const char *request;
    const char *expected; /* "": silence */
} AnswerCase;

static const AnswerCase answer_cases[] = {
    {"/lab/cjt188/di/low-first", "", ID, 0x01, "1F 90 01", "81161F9001"},
    {"/lab/cjt188/di/2004-refuses-low-first", "edition=2004\n", ID, 0x01, "1F 90 01", ""},
    {"/lab/cjt188/di/2018-refuses-high-first", "edition=2018\n", ID, 0x01, "90 1F 01", ""},
    {"/lab/cjt188/di/2018-low-first", "edition=2018\n", ID, 0x01, "1F 90 01", "81161F9001"},
    {"/lab/cjt188/di/swapped-answer", "deviations=di-swapped\n", ID, 0x01, "90 1F 01",
     "81161F9001"},
    {"/lab/cjt188/other-address-silent", "", "33010000000043", 0x01, "90 1F 01", ""},
    {"/lab/cjt188/wildcard", "", "AAAAAAAAAAAAAA", 0x03, "81 0A 02", WIRE_ID "8303810A02"},
    {"/lab/cjt188/wildcard/dd", "deviations=dd-wildcard\n", "DDDDDDDDDDDDDD", 0x03, "81 0A 02",
     WIRE_ID "8303810A02"},
    {"/lab/cjt188/wildcard/dd-only", "deviations=dd-wildcard\n", "AAAAAAAAAAAAAA", 0x03, "81 0A 02",
     ""},
    {"/lab/cjt188/address/no-ser", "deviations=no-ser-in-address-answer\n", ID, 0x03, "81 0A 02",
     WIRE_ID "8302810A"},
    {"/lab/cjt188/read/history", "", ID, 0x01, "D1 20 03", "8108D12003"},
    {"/lab/cjt188/read/price", "", ID, 0x01, "81 02 03", "8112810203"},
    {"/lab/cjt188/read/settlement-day", "settlement-day=15\n", ID, 0x01, "81 03 03",
     "810481030315"},
    {"/lab/cjt188/read/reading-day", "", ID, 0x01, "81 04 03", "810481040301"},
    {"/lab/cjt188/read/purchase", "", ID, 0x01, "81 05 03", "811281050301000010"},
    {"/lab/cjt188/read/key-version", "", ID, 0x09, "81 06 03", "890481060300"},
    {"/lab/cjt188/read/unknown", "", ID, 0x01, "D3 00 09", "C103090000"},
    {"/lab/cjt188/read/unknown-with-di", "deviations=error-with-di\n", ID, 0x01, "D3 00 09",
     "C104D3000901"},
    {"/lab/cjt188/write/address", "", ID, 0x15, "A0 18 04 44 00 00 00 00 01 33", "9503A01804"},
    {"/lab/cjt188/write/motor-sync", "", ID, 0x16, "A0 16 04 00 50 00 00 2C", "9605A016040000"},
    {"/lab/cjt188/write/clock", "", ID, 0x04, "A0 15 04 00 45 11 12 07 26 20", "8403A01504"},
    {"/lab/cjt188/write/bad-clock", "", ID, 0x04, "A0 15 04 00 45 11 12 17 26 20", "C403040000"},
    {"/lab/cjt188/write/purchase", "", ID, 0x04, "A0 13 04 02 00 10 00 00", "8408A013040200100000"},
    {"/lab/cjt188/write/key", "", ID, 0x04, "A0 14 04 07 11 22 33 44 55 66 77 88", "8404A0140407"},
    {"/lab/cjt188/write/settlement-day", "", ID, 0x04, "A0 11 04 20", "8403A01104"},
    {"/lab/cjt188/write/release", "", ID, 0x04, "A0 19 04", "8403A01904"},
    {"/lab/cjt188/write/valve-close", "", ID, 0x04, "A0 17 04 99", "8405A017040100"},
    {"/lab/cjt188/write/valve-nonsense", "", ID, 0x04, "A0 17 04 98", "C403040000"},
    {"/lab/cjt188/write/refused", "deviations=refuses-writes\n", ID, 0x04, "A0 17 04 99",
     "C403040000"},
    {"/lab/cjt188/write/valve-stuck", "deviations=valve-stuck\n", ID, 0x04, "A0 17 04 99",
     "8405A017040300"},
    {"/lab/cjt188/status/mirrored", "deviations=mirrored-status\n", ID, 0x04, "A0 17 04 99",
     "8405A017048000"},
    {"/lab/cjt188/status/battery", "deviations=battery-low\n", ID, 0x04, "A0 17 04 99",
     "8405A017040500"},
    {"/lab/cjt188/status/battery-mirrored", "deviations=mirrored-status,battery-low\n", ID, 0x04,
     "A0 17 04 55", "8405A017042000"},
    {"/lab/cjt188/frame/no-preamble", "preamble-count=0\n", ID, 0x01, "81 04 03",
     "6810" WIRE_ID "810481040301"},
    {"/lab/cjt188/frame/twelve-preambles", "preamble-count=12\n", ID, 0x01, "81 04 03",
     "FEFEFEFEFEFEFEFEFEFEFEFE6810"},
    {"/lab/cjt188/frame/junk-preamble", "deviations=junk-preamble\n", ID, 0x01, "81 04 03",
     "FF00FFFEFEFE6810"},
    {"/lab/cjt188/frame/type-differs", "deviations=type-differs\n", ID, 0x01, "81 04 03",
     "6811" WIRE_ID},
    {"/lab/cjt188/frame/collector-address", "deviations=collector-address\n", ID, 0x01, "81 04 03",
     "68100100000000999981"},
    {"/lab/cjt188/frame/envelope", "deviations=vendor-envelope\n", ID, 0x01, "81 04 03",
     "BD00112233445566811B" WIRE_ID "FEFEFE6810"},
    {"/lab/cjt188/901f/short", "deviations=short-answer\n", ID, 0x01, "90 1F 01", "8109901F01"},
    {"/lab/cjt188/901f/clock-zero", "deviations=clock-zero\n", ID, 0x01, "90 1F 01",
     "2C000000000000000000"},
    {"/lab/cjt188/901f/clock-year-first", "deviations=clock-year-first\n", ID, 0x01, "90 1F 01",
     "2C202603151830"},
    {"/lab/cjt188/901f/fields-ff", "deviations=fields-ff\n", ID, 0x01, "90 1F 01", "2CFFFFFFFFFF"},
};

static void
test_answer(gconstpointer data)
{
    const AnswerCase *one = data;
    g_autoptr(NiloLabTestMaster) master = master_with(one->keys);

    nilo_lab_test_master_cjt188(master, one->address, one->control, one->request);
    if (one->expected[0] == '\0')
        g_assert_cmpuint(master->answer->len, ==, 0);
    else
        g_assert_true(nilo_lab_test_master_heard(master, one->expected));
}

static void
test_unit_litres(void)
{
    g_autoptr(NiloLabTestMaster) master =
        master_with("deviations=unit-litres\nstart-litres=1234\ndaily-litres=0\n");

    nilo_lab_test_master_cjt188(master, ID, 0x01, "90 1F 01");
    g_assert_true(nilo_lab_test_master_heard(master, "901F010034120029"));
}

static void
test_wrong_checksum(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("deviations=wrong-checksum,trailing-zeros\n");
    const guint8 *end;
    guint8 sum = 0;

    nilo_lab_test_master_cjt188(master, ID, 0x01, "90 1F 01");
    end = master->answer->data + master->answer->len;
    g_assert_cmpuint(end[-1], ==, 0);
    g_assert_cmpuint(end[-2], ==, 0);
    g_assert_cmpuint(end[-3], ==, 0x16);
    for (const guint8 *p = master->answer->data + 3; p < end - 4; p++)
        sum = (guint8)(sum + *p);
    g_assert_cmpuint(sum, !=, end[-4]);
}

static void
test_late(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("deviations=late\nlate-ms=1500\n");

    nilo_lab_test_master_cjt188(master, ID, 0x01, "90 1F 01");
    g_assert_cmpint(master->first_byte_ns, >, G_GINT64_CONSTANT(1500000000));
}

static void
test_stale_ser(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("deviations=stale-ser\n");

    nilo_lab_test_master_cjt188(master, ID, 0x01, "81 04 31");
    nilo_lab_test_master_cjt188(master, ID, 0x01, "81 04 32");
    g_assert_true(nilo_lab_test_master_heard(master, "8104810431"));
}

static void
test_valve_stops_water(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("");
    gint64 shut_ml;
    gint64 later_us;

    nilo_lab_test_master_cjt188(master, ID, 0x04, "A0 17 04 99");
    g_assert_true(nilo_lab_meter_is_shut(meter_of(master)));
    shut_ml = nilo_lab_meter_get_volume_ml(meter_of(master), nilo_lab_test_master_utc_us(master));
    master->now_ns += G_GINT64_CONSTANT(86400000000000);
    later_us = nilo_lab_test_master_utc_us(master);
    g_assert_cmpint(nilo_lab_meter_get_volume_ml(meter_of(master), later_us), ==, shut_ml);
    g_assert_cmpint(nilo_lab_meter_get_flow_ml_per_h(meter_of(master), later_us), ==, 0);
    nilo_lab_test_master_cjt188(master, ID, 0x04, "A0 17 05 55");
    g_assert_false(nilo_lab_meter_is_shut(meter_of(master)));
    g_assert_cmpuint(meter_of(master)->valve_orders, ==, 2);
    g_assert_cmpint(nilo_lab_meter_get_volume_ml(meter_of(master), later_us), ==, shut_ml);
    master->now_ns += G_GINT64_CONSTANT(86400000000000);
    g_assert_cmpint(nilo_lab_meter_get_volume_ml(meter_of(master),
                                                 nilo_lab_test_master_utc_us(master)),
                    >, shut_ml + 10000);
}

static void
test_purchase_once(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("");

    for (guint i = 0; i < 3; i++)
        nilo_lab_test_master_cjt188(master, ID, 0x04, "A0 13 04 02 00 10 00 00");
    nilo_lab_test_master_cjt188(master, ID, 0x01, "81 05 05");
    /* number 2, this time 10.00, in total 1010.00 */
    g_assert_true(nilo_lab_test_master_heard(master, "8105050200100000001010"));
}

static void
test_counter_set(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("daily-litres=0\n");

    nilo_lab_test_master_cjt188(master, ID, 0x16, "A0 16 04 00 50 00 00 2C");
    g_assert_cmpint(nilo_lab_meter_get_volume_ml(meter_of(master),
                                                 nilo_lab_test_master_utc_us(master)),
                    ==, 50000000);
    nilo_lab_test_master_cjt188(master, ID, 0x01, "90 1F 05");
    g_assert_true(nilo_lab_test_master_heard(master, "901F05005000002C"));
}

static void
test_new_address(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("");

    nilo_lab_test_master_cjt188(master, ID, 0x15, "A0 18 04 44 00 00 00 00 01 33");
    g_assert_true(nilo_lab_test_master_heard(master, WIRE_ID));
    nilo_lab_test_master_cjt188(master, ID, 0x01, "81 04 05");
    g_assert_cmpuint(master->answer->len, ==, 0);
    nilo_lab_test_master_cjt188(master, "33010000000044", 0x01, "81 04 06");
    g_assert_cmpuint(master->answer->len, >, 0);
}

static void
test_clock_drift(void)
{
    g_autoptr(NiloLabTestMaster) master = master_with("clock-drift-s-per-day=10\n");
    NiloLabDate clock;

    nilo_lab_test_master_cjt188(master, ID, 0x04, "A0 15 04 00 30 18 15 03 26 20");
    master->now_ns += G_GINT64_CONSTANT(864000000000000);
    clock = nilo_lab_meter_get_clock(meter_of(master), nilo_lab_test_master_utc_us(master));
    g_assert_cmpint(clock.day, ==, 25);
    g_assert_cmpint(clock.minute, ==, 31);
    g_assert_cmpint(clock.second, >=, 40);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lab/cjt188/901f/plain", test_current);
    for (gsize i = 0; i < G_N_ELEMENTS(answer_cases); i++)
        g_test_add_data_func(answer_cases[i].path, &answer_cases[i], test_answer);
    g_test_add_func("/lab/cjt188/901f/unit-litres", test_unit_litres);
    g_test_add_func("/lab/cjt188/frame/wrong-checksum", test_wrong_checksum);
    g_test_add_func("/lab/cjt188/frame/late", test_late);
    g_test_add_func("/lab/cjt188/frame/stale-ser", test_stale_ser);
    g_test_add_func("/lab/cjt188/write/valve-stops-water", test_valve_stops_water);
    g_test_add_func("/lab/cjt188/write/purchase-once", test_purchase_once);
    g_test_add_func("/lab/cjt188/write/counter-set", test_counter_set);
    g_test_add_func("/lab/cjt188/write/new-address", test_new_address);
    g_test_add_func("/lab/cjt188/clock-drift", test_clock_drift);
    return g_test_run();
}
