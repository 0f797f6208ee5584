/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-digits.h"
#include "nilo-lab-mbus-meter.h"
#include "nilo-lab-mbus-telegram.h"
#include "nilo-lab-test-master.h"

#include <string.h>

#define HEAD    "[bus b]\nkind=mbus\nspeed=2400\n"
#define PRIMARY "[meter m]\nbus=b\nprotocol=mbus-primary\naddress=5\nid=12345678\n"

static NiloLabMeter *
meter_of(NiloLabTestMaster *master, guint index)
{
    return g_ptr_array_index(nilo_lab_bus_get_meters(master->bus), index);
}

static guint64
bcd(const NiloLabTestMaster *master, gsize at, gsize size)
{
    guint64 number = 0;

    g_assert_cmpuint(at + size, <=, master->answer->len);
    g_assert_true(nilo_lab_digits_get(master->answer->data + at, size, &number));
    return number;
}

/* volume record 0C 13 stands behind the 12 header bytes and the fabrication number */
#define AT_VOLUME (7 + 12 + 6 + 2)

static void
test_water_telegram(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD PRIMARY);
    gint64 truth_ml;

    nilo_lab_test_master_short(master, 0x40, 5);
    g_assert_true(nilo_lab_test_master_heard_ack(master));
    truth_ml =
        nilo_lab_meter_get_volume_ml(meter_of(master, 0), nilo_lab_test_master_utc_us(master));
    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_true(nilo_lab_test_master_heard(master, "680805727856341282390107010000000C7878563412"
                                                     "0C13"));
    g_assert_cmpint((gint64)bcd(master, AT_VOLUME, 4), ==, truth_ml / 1000);
    /* 18:30 on 2026-03-15 in a zone 8 hours ahead */
    g_assert_true(nilo_lab_test_master_heard(master, "046D1E124F33"));
    g_assert_true(nilo_lab_test_master_heard(master, "02FD170000"));
    g_assert_true(nilo_lab_test_master_heard(master, "426C4133"));
}

static void
test_other_address_silent(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD PRIMARY);

    nilo_lab_test_master_short(master, 0x40, 6);
    g_assert_cmpuint(master->answer->len, ==, 0);
    nilo_lab_test_master_short(master, 0x40, 0xff);
    g_assert_cmpuint(master->answer->len, ==, 0);
    nilo_lab_test_master_short(master, 0x40, 0xfe);
    g_assert_true(nilo_lab_test_master_heard_ack(master));
}

static void
test_broken_requests_silent(void)
{
    static const char *const broken[] = {"10 40 05 46 16", "10 40 05 45 17", "68 03 04 68 53 05 50",
                                         "68 03 03 68 53 05 50 A9 16", "FF 00 10"};
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD PRIMARY);

    for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
        nilo_lab_test_master_send_hex(master, broken[i]);
        g_assert_cmpuint(master->answer->len, ==, 0);
        master->now_ns += G_GINT64_CONSTANT(200000000); /* the line rests, the slave forgets */
        nilo_lab_test_master_short(master, 0x40, 5);
        g_assert_true(nilo_lab_test_master_heard_ack(master));
    }
    nilo_lab_test_master_send_hex(master, "FF 00 10 40 05 45 16");
    g_assert_true(nilo_lab_test_master_heard_ack(master));
}

/* which of the telegrams it was: only the last one lacks the 1F, later ones begin with storage 2, 8
 */
static guint
telegram_heard(NiloLabTestMaster *master)
{
    if (master->answer->len == 0)
        return 0;
    if (nilo_lab_test_master_heard(master, "0C7878563412"))
        return 1;
    return nilo_lab_test_master_heard(master, "8C0113") ? 2 : 3;
}

static void
test_fcb(void)
{
    static const struct {
        guint8 c;
        guint telegram;
    } steps[] = {{0x7b, 1}, {0x7b, 1}, {0x5b, 2}, {0x5b, 2}, {0x5b, 2},
                 {0x7b, 3}, {0x5b, 1}, {0x4b, 2}, {0x4b, 3}};
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD PRIMARY "telegrams=3\n");

    nilo_lab_test_master_short(master, 0x40, 5);
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        nilo_lab_test_master_short(master, steps[i].c, 5);
        g_assert_cmpuint(telegram_heard(master), ==, steps[i].telegram);
    }
    nilo_lab_test_master_short(master, 0x40, 5);
    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_cmpuint(telegram_heard(master), ==, 1);
}

/* who asks with 7B again and again, without NKE, reads yesterday's water */
static void
test_fcb_stale(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD PRIMARY);
    guint64 first;

    nilo_lab_test_master_short(master, 0x40, 5);
    nilo_lab_test_master_short(master, 0x7b, 5);
    first = bcd(master, AT_VOLUME, 4);
    master->now_ns += G_GINT64_CONSTANT(86400000000000);
    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_cmpuint(bcd(master, AT_VOLUME, 4), ==, first);
    nilo_lab_test_master_short(master, 0x5b, 5);
    g_assert_cmpuint(bcd(master, AT_VOLUME, 4), >, first);
}

static void
test_no_fcb(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD PRIMARY "telegrams=2\ndeviations=no-fcb\n");

    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_cmpuint(telegram_heard(master), ==, 1);
    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_cmpuint(telegram_heard(master), ==, 2);
}

typedef struct {
    const char *path;
    guint8 ci;
    const char *mask;
    gboolean selects;
} SelectCase;

static const SelectCase select_cases[] = {
    {"/lab/mbus/select/exact", 0x52, "78563412 8239 01 07", TRUE},
    {"/lab/mbus/select/all-wild", 0x52, "FFFFFFFF FFFF FF FF", TRUE},
    {"/lab/mbus/select/nibbles", 0x52, "FFFF3F12 FFFF FF FF", TRUE},
    {"/lab/mbus/select/wrong-digit", 0x52, "FFFF3F22 FFFF FF FF", FALSE},
    {"/lab/mbus/select/wrong-maker", 0x52, "78563412 8339 FF FF", FALSE},
    {"/lab/mbus/select/maker-half-wild", 0x52, "78563412 FF39 FF FF", TRUE},
    {"/lab/mbus/select/wrong-version", 0x52, "78563412 FFFF 02 FF", FALSE},
    {"/lab/mbus/select/wrong-medium", 0x52, "78563412 FFFF FF 06", FALSE},
    {"/lab/mbus/select/high-byte-first", 0x56, "12345678 3982 01 07", TRUE},
    {"/lab/mbus/select/fabrication", 0x52, "78563412 FFFF FF FF 0C78 78563412", TRUE},
    {"/lab/mbus/select/fabrication-wild", 0x52, "FFFFFFFF FFFF FF FF 0C78 FFFFFF1F", TRUE},
    {"/lab/mbus/select/fabrication-wrong", 0x52, "FFFFFFFF FFFF FF FF 0C78 FFFFFF2F", FALSE},
    {"/lab/mbus/select/too-short", 0x52, "78563412 8239 01", FALSE},
};

static void
test_select(gconstpointer data)
{
    const SelectCase *one = data;
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD "[meter m]\nbus=b\nprotocol=mbus-secondary\nid=12345678\n");

    nilo_lab_test_master_long(master, 0x53, 0xfd, one->ci, one->mask);
    g_assert_true(nilo_lab_test_master_heard_ack(master) == one->selects);
    nilo_lab_test_master_short(master, 0x7b, 0xfd);
    g_assert_true((master->answer->len > 20) == one->selects);
}

static void
test_deselect(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(
        HEAD "[meters x]\nbus=b\nprotocol=mbus-secondary\nfirst-id=12345678\ncount=2\n");

    nilo_lab_test_master_long(master, 0x53, 0xfd, 0x52, "78563412 FFFF FF FF");
    g_assert_true(nilo_lab_mbus_meter_is_selected(meter_of(master, 0)));
    g_assert_false(nilo_lab_mbus_meter_is_selected(meter_of(master, 1)));
    nilo_lab_test_master_long(master, 0x53, 0xfd, 0x52, "79563412 FFFF FF FF");
    g_assert_false(nilo_lab_mbus_meter_is_selected(meter_of(master, 0)));
    g_assert_true(nilo_lab_mbus_meter_is_selected(meter_of(master, 1)));
    nilo_lab_test_master_short(master, 0x40, 0xfd);
    nilo_lab_test_master_short(master, 0x7b, 0xfd);
    g_assert_cmpuint(master->answer->len, ==, 0);
}

static void
test_writes(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD PRIMARY);

    nilo_lab_test_master_long(master, 0x53, 5, 0x51, "01 7A 09");
    g_assert_true(nilo_lab_test_master_heard_ack(master));
    g_assert_cmpuint(nilo_lab_mbus_meter_get_primary_address(meter_of(master, 0)), ==, 9);
    nilo_lab_test_master_long(master, 0x73, 9, 0x51, "04 6D 2D 0B 4C 37"); /* 2026-07-12 11:45 */
    g_assert_true(nilo_lab_test_master_heard_ack(master));
    nilo_lab_test_master_short(master, 0x7b, 9);
    g_assert_true(nilo_lab_test_master_heard(master, "046D2D0B4C37"));
    nilo_lab_test_master_long(master, 0x53, 9, 0x51, "0C 79 44 33 22 11");
    g_assert_true(nilo_lab_test_master_heard_ack(master));
    g_assert_cmpstr(meter_of(master, 0)->settings.id, ==, "11223344");
}

static void
test_speed_switch(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD PRIMARY "speed-fallback-s=120\n");

    nilo_lab_test_master_long(master, 0x53, 5, 0xbd, "");
    g_assert_true(nilo_lab_test_master_heard_ack(master));
    nilo_lab_test_master_short(master, 0x40, 5);
    g_assert_cmpuint(master->answer->len, ==, 0);
    master->speed_baud = 9600;
    nilo_lab_test_master_short(master, 0x40, 5);
    g_assert_true(nilo_lab_test_master_heard_ack(master));
    master->now_ns += G_GINT64_CONSTANT(121000000000);
    nilo_lab_test_master_short(master, 0x40, 5);
    g_assert_cmpuint(master->answer->len, ==, 0);
    master->speed_baud = 2400;
    nilo_lab_test_master_short(master, 0x40, 5);
    g_assert_true(nilo_lab_test_master_heard_ack(master));
}

static void
test_fixed_speed(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD PRIMARY "deviations=fixed-speed\n");

    nilo_lab_test_master_long(master, 0x53, 5, 0xbd, "");
    g_assert_cmpuint(master->answer->len, ==, 0);
}

static void
test_application_errors(void)
{
    g_autoptr(NiloLabTestMaster) busy = nilo_lab_test_master_new(HEAD PRIMARY "busy-percent=100\n");
    g_autoptr(NiloLabTestMaster) spent =
        nilo_lab_test_master_new(HEAD PRIMARY "readouts-per-day=2\n");

    nilo_lab_test_master_short(busy, 0x7b, 5);
    g_assert_true(nilo_lab_test_master_heard(busy, "6804046818057008"));
    nilo_lab_test_master_short(spent, 0x7b, 5);
    nilo_lab_test_master_short(spent, 0x5b, 5);
    g_assert_true(nilo_lab_test_master_heard(spent, "0C13"));
    nilo_lab_test_master_short(spent, 0x7b, 5);
    g_assert_true(nilo_lab_test_master_heard(spent, "6804046808057009"));
    spent->now_ns += G_GINT64_CONSTANT(86400000000000);
    nilo_lab_test_master_short(spent, 0x5b, 5);
    g_assert_true(nilo_lab_test_master_heard(spent, "0C13"));
}

static void
test_b7_until_reset(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD PRIMARY "deviations=b7-until-reset\n");

    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_true(nilo_lab_test_master_heard(master, "680303680805B7"));
    nilo_lab_test_master_long(master, 0x53, 5, 0x50, "");
    nilo_lab_test_master_short(master, 0x5b, 5);
    g_assert_true(nilo_lab_test_master_heard(master, "0C13"));
}

static void
test_heat(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD PRIMARY "profile=heat\nmedium=0x0C\n");
    const guint8 requests[] = {0x7b, 0x5b, 0x7b};

    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        nilo_lab_test_master_short(master, requests[i], 5);
        g_assert_cmpuint(master->answer->len, >, 20);
        g_assert_true((master->answer->data[master->answer->len - 3] == 0x1f) == (i < 2));
    }
}

static void
test_fixed_structure(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD PRIMARY "profile=fixed\n");

    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_true(nilo_lab_test_master_heard(master, "68131368080573785634120100E97E"));
}

static void
test_late_and_deaf(void)
{
    g_autoptr(NiloLabTestMaster) late =
        nilo_lab_test_master_new(HEAD PRIMARY "deviations=late\nlate-ms=700\n");
    g_autoptr(NiloLabTestMaster) deaf =
        nilo_lab_test_master_new(HEAD PRIMARY "deviations=nke-deaf\n");

    nilo_lab_test_master_short(late, 0x40, 5);
    g_assert_true(nilo_lab_test_master_heard_ack(late));
    g_assert_cmpint(late->first_byte_ns, >, G_GINT64_CONSTANT(700000000));
    nilo_lab_test_master_short(deaf, 0x40, 5);
    deaf->now_ns -= G_GINT64_CONSTANT(40000000);
    nilo_lab_test_master_short(deaf, 0x7b, 5);
    g_assert_cmpuint(deaf->answer->len, ==, 0);
    deaf->now_ns += G_GINT64_CONSTANT(100000000);
    nilo_lab_test_master_short(deaf, 0x7b, 5);
    g_assert_cmpuint(deaf->answer->len, >, 20);
}

static void
test_wrong_checksum(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD PRIMARY "deviations=wrong-checksum\n");
    guint8 sum = 0;

    nilo_lab_test_master_short(master, 0x7b, 5);
    for (guint i = 4; i + 2 < master->answer->len; i++)
        sum = (guint8)(sum + master->answer->data[i]);
    g_assert_cmpuint(sum, !=, master->answer->data[master->answer->len - 2]);
}

static void
test_exchanged(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(
        HEAD PRIMARY "exchanged-with=87654321\nexchanged-at=2026-03-15T11:00:00Z\n");

    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_true(nilo_lab_test_master_heard(master, "7278563412"));
    master->now_ns += G_GINT64_CONSTANT(3600000000000);
    nilo_lab_test_master_short(master, 0x40, 5);
    nilo_lab_test_master_short(master, 0x7b, 5);
    g_assert_true(nilo_lab_test_master_heard(master, "7221436587"));
    g_assert_cmpuint(bcd(master, AT_VOLUME, 4), <, 1000);
}

/* what a scan finds in the end: 18 that answer alone to their whole mask, and a pair that never
 * does */
static void
test_twins(void)
{
    const char *folder = g_getenv("NILO_LAB_ESTATES");
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    g_autoptr(NiloLabTestMaster) master = NULL;
    guint alone = 0;

    if (folder == NULL) {
        g_test_skip("NILO_LAB_ESTATES does not name the sample estates");
        return;
    }
    path = g_build_filename(folder, "twins.estate", NULL);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    master = nilo_lab_test_master_new(text);
    nilo_lab_test_master_long(master, 0x53, 0xfd, 0x52, "FFFFFFFF FFFF FF FF");
    g_assert_false(nilo_lab_test_master_heard_ack(master));
    for (guint i = 0; i < 20; i++) {
        const NiloLabMeterSettings *settings = &meter_of(master, i)->settings;
        guint8 mask[14] = {[6] = (guint8)settings->version,
                           [7] = (guint8)settings->medium,
                           [8] = 0x0c,
                           [9] = 0x78};
        g_autofree char *hex = NULL;

        nilo_lab_digits_put(mask, 4, g_ascii_strtoull(settings->id, NULL, 10));
        nilo_lab_little_put(mask + 4, 2, nilo_lab_mbus_manufacturer_code(settings->manufacturer));
        nilo_lab_digits_put(mask + 10, 4, nilo_lab_mbus_telegram_fabrication(settings));
        hex = nilo_lab_hex(mask, sizeof mask);
        nilo_lab_test_master_long(master, 0x53, 0xfd, 0x52, hex);
        if (!nilo_lab_test_master_heard_ack(master))
            continue;
        nilo_lab_test_master_short(master, 0x7b, 0xfd);
        g_assert_cmpuint(master->damaged, ==, 0);
        alone++;
    }
    g_assert_cmpuint(alone, ==, 18);
}

/* two in step look like one until they say more than E5 */
static void
test_twins_in_step(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(
        HEAD "[meter a]\nbus=b\nprotocol=mbus-secondary\nid=33445566\nmedium=7\n"
             "[meter b]\nbus=b\nprotocol=mbus-secondary\nid=33445566\nmedium=6\n");

    nilo_lab_test_master_long(master, 0x53, 0xfd, 0x52, "66554433 FFFF FF FF");
    g_assert_true(nilo_lab_test_master_heard_ack(master));
    nilo_lab_test_master_short(master, 0x7b, 0xfd);
    g_assert_cmpuint(master->damaged, >, 0);
    nilo_lab_test_master_long(master, 0x53, 0xfd, 0x52, "66554433 FFFF FF 06");
    nilo_lab_test_master_short(master, 0x7b, 0xfd);
    g_assert_cmpuint(master->damaged, ==, 0);
    g_assert_true(nilo_lab_test_master_heard(master, "0106"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lab/mbus/water-telegram", test_water_telegram);
    g_test_add_func("/lab/mbus/other-address-silent", test_other_address_silent);
    g_test_add_func("/lab/mbus/broken-requests-silent", test_broken_requests_silent);
    g_test_add_func("/lab/mbus/fcb/multi-telegram", test_fcb);
    g_test_add_func("/lab/mbus/fcb/stale-without-reset", test_fcb_stale);
    g_test_add_func("/lab/mbus/fcb/deviation-none", test_no_fcb);
    for (gsize i = 0; i < G_N_ELEMENTS(select_cases); i++)
        g_test_add_data_func(select_cases[i].path, &select_cases[i], test_select);
    g_test_add_func("/lab/mbus/select/deselect", test_deselect);
    g_test_add_func("/lab/mbus/select/twins", test_twins);
    g_test_add_func("/lab/mbus/select/twins-in-step", test_twins_in_step);
    g_test_add_func("/lab/mbus/writes", test_writes);
    g_test_add_func("/lab/mbus/speed/switch-and-fall-back", test_speed_switch);
    g_test_add_func("/lab/mbus/speed/fixed", test_fixed_speed);
    g_test_add_func("/lab/mbus/application-errors", test_application_errors);
    g_test_add_func("/lab/mbus/b7-until-reset", test_b7_until_reset);
    g_test_add_func("/lab/mbus/heat", test_heat);
    g_test_add_func("/lab/mbus/fixed-structure", test_fixed_structure);
    g_test_add_func("/lab/mbus/late-and-deaf", test_late_and_deaf);
    g_test_add_func("/lab/mbus/wrong-checksum", test_wrong_checksum);
    g_test_add_func("/lab/mbus/exchanged", test_exchanged);
    return g_test_run();
}
