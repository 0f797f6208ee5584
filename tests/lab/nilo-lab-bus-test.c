/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-control.h"
#include "nilo-lab-digits.h"
#include "nilo-lab-test-master.h"

#include <string.h>

#define HEAD "[bus b]\nkind=mbus\nspeed=2400\n"
#define METERS                                                                                     \
    "[meters m]\nbus=b\nprotocol=mbus-primary\ncount=10\nfirst-address=1\nfirst-id=10000001\n"
#define RS485        "[bus b]\nkind=rs485\nspeed=9600\n"
#define BYTE_NS_2400 G_GINT64_CONSTANT(4583333)

static NiloLabMeter *
meter_of(NiloLabTestMaster *master, guint index)
{
    return g_ptr_array_index(nilo_lab_bus_get_meters(master->bus), index);
}

static NiloLabBusSettings *
settings_of(NiloLabTestMaster *master)
{
    return nilo_lab_bus_get_settings(master->bus);
}

/* --- collisions --------------------------------------------------------------------------------
 */

typedef struct {
    const char *path;
    gint64 skew_bits_16; /* sixteenths of a bit */
    gboolean clean;
} SkewCase;

static const SkewCase skew_cases[] = {
    {"/lab/collision/in-step", 0, TRUE},
    {"/lab/collision/quarter-bit", 4, TRUE},
    {"/lab/collision/one-bit", 16, FALSE},
    {"/lab/collision/three-bits", 48, FALSE},
};

static void
test_two_acks(gconstpointer data)
{
    const SkewCase *one = data;
    const guint8 ack = 0xe5;
    const gint64 byte_ns = 176000; /* 16 sample times of 1000 ns a bit */
    const NiloLabSignal signals[] = {{0, &ack, 1, 0}, {one->skew_bits_16 * 1000, &ack, 1, 1}};
    g_autoptr(GArray) heard = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));
    const NiloLabByte *first;

    nilo_lab_signals_hear(signals, 2, byte_ns, heard);
    g_assert_cmpuint(heard->len, >=, 1);
    first = &g_array_index(heard, NiloLabByte, 0);
    g_assert_true((heard->len == 1 && first->byte == ack && !first->damaged) == one->clean);
}

static void
test_apart(void)
{
    const guint8 a[] = {0x10, 0x20};
    const guint8 b[] = {0xe5};
    const NiloLabSignal signals[] = {{0, a, 2, 0}, {1760000, b, 1, 1}};
    g_autoptr(GArray) heard = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));

    nilo_lab_signals_hear(signals, 2, 176000, heard);
    g_assert_cmpuint(heard->len, ==, 3);
    g_assert_cmpuint(g_array_index(heard, NiloLabByte, 1).byte, ==, 0x20);
    g_assert_cmpuint(g_array_index(heard, NiloLabByte, 2).byte, ==, 0xe5);
    g_assert_false(g_array_index(heard, NiloLabByte, 2).damaged);
    g_assert_cmpint(g_array_index(heard, NiloLabByte, 2).end_ns, ==, 1760000 + 176000);
}

static void
test_overlapping_selection(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(
        HEAD "[meters m]\nbus=b\nprotocol=mbus-secondary\ncount=2\nfirst-id=10000001\n");

    nilo_lab_test_master_long(master, 0x53, 0xfd, 0x52, "FFFFFFFF FFFF FF FF");
    g_assert_true(nilo_lab_test_master_heard_ack(master)); /* two, in step: nobody can tell */
    nilo_lab_test_master_short(master, 0x7b, 0xfd);
    g_assert_cmpuint(master->answer->len, >, 20);
    g_assert_false(nilo_lab_test_master_heard(master, "7201000010"));
    g_assert_cmpuint(nilo_lab_bus_get_stats(master->bus)->collisions, ==, 2);
    meter_of(master, 1)->settings.answer_delay_ms += 1;
    nilo_lab_test_master_long(master, 0x53, 0xfd, 0x52, "FFFFFFFF FFFF FF FF");
    g_assert_false(nilo_lab_test_master_heard_ack(master));
}

/* --- time --------------------------------------------------------------------------------------
 */

static void
test_wire_time(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD METERS);
    const NiloLabBusStats *stats = nilo_lab_bus_get_stats(master->bus);
    const gint64 delay_ns = 30000000;

    nilo_lab_test_master_short(master, 0x40, 1);
    g_assert_cmpint(ABS(master->first_byte_ns - delay_ns - BYTE_NS_2400), <, 1000);
    g_assert_cmpint(ABS(stats->live_ns - 6 * BYTE_NS_2400 - delay_ns), <, 1000);
    g_assert_cmpint(ABS(stats->last_ns - stats->first_ns - stats->live_ns), <, 1000);
    nilo_lab_test_master_short(master, 0x40, 77);
    g_assert_cmpint(ABS(stats->silent_ns - 5 * BYTE_NS_2400), <, 1000);
    g_assert_cmpuint(stats->requests, ==, 2);
    g_assert_cmpuint(stats->answered, ==, 1);
    g_assert_cmpuint(stats->bytes_in, ==, 10);
    g_assert_cmpuint(stats->bytes_out, ==, 1);
}

/* --- faults ------------------------------------------------------------------------------------
 */

static guint
count_good(NiloLabTestMaster *master, guint rounds)
{
    guint good = 0;

    for (guint i = 0; i < rounds; i++) {
        nilo_lab_test_master_short(master, 0x40, (guint8)(1 + i % 10));
        good += nilo_lab_test_master_heard_ack(master) ? 1 : 0;
    }
    return good;
}

static void
test_noise(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD "noise-per-byte-ppm=50000\n" METERS);
    const NiloLabBusStats *stats = nilo_lab_bus_get_stats(master->bus);
    const guint good = count_good(master, 400);

    g_assert_cmpuint(good, >, 230); /* 0.95 to the sixth is 0.735 */
    g_assert_cmpuint(good, <, 360);
    g_assert_cmpuint(stats->flips, >, 60);
    g_assert_cmpuint(stats->drops, ==, 0);
}

static void
test_same_seed_same_noise(void)
{
    const char *estate =
        "[estate]\nseed=5\n" HEAD "noise-per-byte-ppm=20000\ndrop-per-byte-ppm=9000\n"
        "junk-per-byte-ppm=9000\n" METERS;
    g_autoptr(NiloLabTestMaster) a = nilo_lab_test_master_new(estate);
    g_autoptr(NiloLabTestMaster) b = nilo_lab_test_master_new(estate);

    for (guint i = 0; i < 60; i++) {
        nilo_lab_test_master_short(a, 0x4b, (guint8)(1 + i % 10));
        nilo_lab_test_master_short(b, 0x4b, (guint8)(1 + i % 10));
        g_assert_cmpmem(a->answer->data, a->answer->len, b->answer->data, b->answer->len);
    }
    g_assert_cmpuint(nilo_lab_bus_get_stats(a->bus)->drops, >, 0);
    g_assert_cmpuint(nilo_lab_bus_get_stats(a->bus)->junk, >, 0);
}

static void
test_drops_all(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD "drop-per-byte-ppm=1000000\n" METERS);

    g_assert_cmpuint(count_good(master, 10), ==, 0);
    g_assert_cmpuint(nilo_lab_bus_get_stats(master->bus)->drops, ==, 50);
}

static void
test_junk(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD "junk-per-byte-ppm=1000000\n" METERS);

    nilo_lab_test_master_short(master, 0x40, 1);
    g_assert_cmpuint(master->answer->len, ==, 2);
    g_assert_cmpuint(master->answer->data[1], ==, 0xe5);
    nilo_lab_test_master_short(master, 0x40, 77);
    g_assert_cmpuint(master->answer->len, ==, 1);
}

static void
test_echo(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD "echo=yes\n" METERS);

    nilo_lab_test_master_short(master, 0x40, 1);
    g_assert_true(nilo_lab_test_master_heard(master, "1040014116E5"));
    g_assert_cmpuint(nilo_lab_bus_get_stats(master->bus)->echoes, ==, 5);
}

static void
test_late(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(HEAD "late-answers-ppm=1000000\nlate-ms=800\n" METERS);

    nilo_lab_test_master_short(master, 0x40, 1);
    g_assert_cmpint(master->first_byte_ns, >, G_GINT64_CONSTANT(800000000));
    g_assert_cmpuint(nilo_lab_bus_get_stats(master->bus)->late_answers, ==, 1);
}

static void
test_dead_and_cut(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD METERS);

    meter_of(master, 3)->dead = TRUE;
    g_assert_cmpuint(count_good(master, 10), ==, 9);
    settings_of(master)->cut_after = 6;
    g_assert_cmpuint(count_good(master, 10), ==, 5);
    settings_of(master)->cut_after = G_MAXUINT;
    meter_of(master, 3)->dead = FALSE;
    g_assert_cmpuint(count_good(master, 10), ==, 10);
}

static void
test_babble(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD METERS);

    settings_of(master)->babble = TRUE;
    nilo_lab_test_master_short(master, 0x40, 1);
    g_assert_cmpuint(master->answer->len, ==, 300);
    settings_of(master)->babble = FALSE;
    nilo_lab_bus_silence(master->bus);
    nilo_lab_test_master_short(master, 0x40, 1);
    g_assert_true(nilo_lab_test_master_heard_ack(master));
}

static void
test_wrong_parity_and_unplugged(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD METERS);

    settings_of(master)->wrong_parity = TRUE;
    g_assert_cmpuint(count_good(master, 2), ==, 0);
    settings_of(master)->wrong_parity = FALSE;
    settings_of(master)->unplugged = TRUE;
    g_assert_cmpuint(count_good(master, 2), ==, 0);
    settings_of(master)->unplugged = FALSE;
    g_assert_cmpuint(count_good(master, 2), ==, 2);
}

static void
test_twins_garble(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(
        RS485 "[meter a]\nbus=b\nprotocol=cjt188\nid=33010000000042\n"
              "[meter b]\nbus=b\nprotocol=cjt188\nid=33010000000042\nanswer-delay-ms=33\n");

    nilo_lab_test_master_cjt188(master, "33010000000042", 0x01, "90 1F 01");
    g_assert_cmpuint(nilo_lab_bus_get_stats(master->bus)->collisions, ==, 1);
    g_assert_cmpuint(master->damaged, >, 0);
}

static void
test_half_duplex(void)
{
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(RS485 "[meter a]\nbus=b\nprotocol=cjt188\nid=33010000000042\n");
    const guint8 request[] = {0x68, 0x10, 0x42, 0,    0,    0, 0,    0x01,
                              0x33, 1,    3,    0x90, 0x1f, 1, 0xa2, 0x16};
    gint64 end_ns;

    /* the second request begins in the middle of the first answer */
    end_ns = nilo_lab_bus_hear(master->bus, request, sizeof request, master->now_ns, 0);
    nilo_lab_bus_hear(master->bus, request, sizeof request, end_ns + 40000000, 0);
    g_assert_cmpuint(nilo_lab_bus_get_stats(master->bus)->requests, ==, 1);
}

/* --- another master ----------------------------------------------------------------------------
 */

/* lets so much time pass, and returns what the first master has heard */
static char *
listen(NiloLabTestMaster *master, gint64 ms)
{
    g_autoptr(GByteArray) heard = g_byte_array_new();
    const gint64 end_ns = master->now_ns + ms * 1000000;
    NiloLabByte byte;
    gint64 due_ns;

    for (; master->now_ns < end_ns; master->now_ns += 1000000) {
        nilo_lab_bus_plan(master->bus, master->now_ns, &due_ns);
        while (nilo_lab_bus_peek(master->bus, master->now_ns, &due_ns) &&
               due_ns <= master->now_ns && nilo_lab_bus_take(master->bus, &byte))
            g_byte_array_append(heard, &byte.byte, 1);
    }
    return nilo_lab_hex(heard->data, heard->len);
}

static void
test_second_asks_again(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD METERS);
    const NiloLabBusStats *stats = nilo_lab_bus_get_stats(master->bus);
    g_autofree char *nothing = NULL, *heard = NULL;
    gint64 due_ns;

    settings_of(master)->second_ms = 200;
    g_assert_false(nilo_lab_bus_plan(master->bus, master->now_ns, &due_ns));
    nilo_lab_test_master_short(master, 0x40, 2);
    nilo_lab_test_master_long(master, 0x53, 1, 0x51, "01 7A 25"); /* an address is no question */
    heard = listen(master, 2000);
    g_assert_cmpuint(stats->second_requests, >, 3);
    g_assert_cmpuint(stats->requests, ==, 2 + stats->second_requests);
    /* a wire that is heard by the current: the answers alone, and all from the one with address 1
     */
    g_assert_true(g_str_has_prefix(heard, "E5E5E5"));
    settings_of(master)->second_ms = 0;
    g_free(listen(master, 500));
    nothing = listen(master, 1000);
    g_assert_cmpstr(nothing, ==, "");
}

static void
test_second_breaks_off(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(
        HEAD "second-master-ms=200\nsecond-master-break-ppm=1000000\n" METERS);
    const NiloLabBusStats *stats = nilo_lab_bus_get_stats(master->bus);
    g_autofree char *heard = NULL;

    nilo_lab_test_master_short(master, 0x40, 1);
    heard = listen(master, 3000);
    g_assert_cmpuint(stats->second_requests, >, 3);
    g_assert_cmpuint(stats->requests, ==, 1);
    g_assert_cmpstr(heard, ==, "");
}

/* on RS485 the one hears the other, and two at once are nothing to anybody */
static void
test_second_talks_over(void)
{
    const guint8 request[] = {0x68, 0x10, 0x42, 0,    0,    0, 0,    0x01,
                              0x33, 1,    3,    0x90, 0x1f, 1, 0xa2, 0x16};
    g_autoptr(NiloLabTestMaster) master =
        nilo_lab_test_master_new(RS485 "[meter a]\nbus=b\nprotocol=cjt188\nid=33010000000042\n");
    const NiloLabBusStats *stats = nilo_lab_bus_get_stats(master->bus);
    g_autofree char *alone = NULL, *both = NULL;

    nilo_lab_bus_say_as_master(master->bus, request, sizeof request, 0, master->now_ns);
    alone = listen(master, 300);
    g_assert_true(g_str_has_prefix(alone, "6810420000000001330103901F01A216FEFEFE68"));
    g_assert_cmpuint(stats->requests, ==, 1);
    nilo_lab_bus_say_as_master(master->bus, request, sizeof request, 0, master->now_ns);
    nilo_lab_bus_hear(master->bus, request, sizeof request, master->now_ns + 5000000, 0);
    both = listen(master, 300);
    g_assert_null(strstr(both, "FEFEFE"));
    g_assert_cmpuint(stats->requests, ==, 1);
}

/* a station hears who talks, at the speed he talks */
static void
speed_cb(const NiloLabByte *byte, guint speed_baud, gpointer user_data)
{
    g_string_append_printf(user_data, "%02X@%u ", byte->byte, speed_baud);
}

static void
test_second_to_station(void)
{
    const guint8 bytes[] = {0x10, 0x40};
    g_autoptr(GString) heard = g_string_new(NULL);
    NiloLabTestMaster *master = nilo_lab_test_master_new(HEAD);

    nilo_lab_bus_add_station(master->bus, "s", speed_cb, heard);
    nilo_lab_bus_say_as_master(master->bus, bytes, sizeof bytes, 4800, master->now_ns);
    g_free(listen(master, 100));
    g_assert_cmpstr(heard->str, ==, "10@4800 40@4800 ");
    nilo_lab_test_master_free(master);
}

/* --- control -----------------------------------------------------------------------------------
 */

typedef struct {
    const char *path;
    const char *line;
    const char *start; /* of the answer */
} ControlCase;

static const ControlCase control_cases[] = {
    {"/lab/control/help", "help", "commands=help,"},
    {"/lab/control/unknown", "dance b", "error=unknown command \"dance\""},
    {"/lab/control/empty", "", "error=not a command \"\""},
    {"/lab/control/no-bus", "noise c 10", "error=no such bus \"c\""},
    {"/lab/control/no-meter", "kill-meter 99", "error=no such meter \"99\""},
    {"/lab/control/too-few", "noise b", "error=too few arguments for \"noise\""},
    {"/lab/control/not-a-number", "noise b much", "error=\"much\" is not a number"},
    {"/lab/control/noise", "noise b 100", "ok=yes"},
    {"/lab/control/late", "late b 1000 500", "ok=yes"},
    {"/lab/control/cut", "cut b after 3", "ok=yes"},
    {"/lab/control/cut-without-after", "cut b at 3", "error=expected \"after\", found \"at\""},
    {"/lab/control/stats", "stats b", "bus=b exchanges=0 answered=0"},
    {"/lab/control/stats-all", "stats", "bus=all exchanges=0"},
    {"/lab/control/meters", "meters b", "count=10 meters=mbus:10000001.NLB.01.07,"},
    {"/lab/control/truth", "truth 10000002",
     "name=mbus:10000002.NLB.01.07 id=mbus:10000002.NLB.01.07 volume_ml="},
    {"/lab/control/exchange", "exchange 10000002 20000002", "ok=yes"},
    {"/lab/control/exchange-bad", "exchange 10000002 2", "error=id does not fit"},
    {"/lab/control/buses", "buses", "b=-"},
    {"/lab/control/time", "time", "utc_us=1773570600000000"},
    {"/lab/control/set-time", "set-time 2026-04-01T00:00:00Z 60", "ok=yes"},
    {"/lab/control/deviate", "deviate 10000002 no-fcb,late", "ok=yes"},
    {"/lab/control/deviate-bad", "deviate 10000002 rude", "error=\"rude\" found"},
    {"/lab/control/valve", "valve 10000002 shut", "ok=yes"},
    {"/lab/control/second-master", "second-master b 500 100000", "ok=yes"},
    {"/lab/control/second-master-bad", "second-master b 500 much", "error=\"much\" is not"},
    {"/lab/control/say", "say b 1040014116 4800", "ok=yes"},
    {"/lab/control/say-odd", "say b 104", "error=expected 1 to 512 bytes"},
    {"/lab/control/say-no-hex", "say b 10x0", "error=expected 1 to 512 bytes"},
    {"/lab/control/reset-stats", "reset-stats", "ok=yes"},
};

static void
test_control(gconstpointer data)
{
    const ControlCase *one = data;
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD METERS);
    g_autoptr(NiloLabControl) control = nilo_lab_control_new(master->estate, NULL);
    g_autofree char *answer = nilo_lab_control_run(control, one->line, master->now_ns);

    g_test_message("%s", answer);
    g_assert_true(g_str_has_prefix(answer, one->start));
}

static void
test_kill_and_revive(void)
{
    g_autoptr(NiloLabTestMaster) master = nilo_lab_test_master_new(HEAD METERS);
    g_autoptr(NiloLabControl) control = nilo_lab_control_new(master->estate, NULL);

    g_free(nilo_lab_control_run(control, "kill-meter 10000001", master->now_ns));
    g_assert_cmpuint(count_good(master, 1), ==, 0);
    g_free(nilo_lab_control_run(control, "revive 10000001", master->now_ns));
    g_assert_cmpuint(count_good(master, 1), ==, 1);
}

/* --- stations ----------------------------------------------------------------------------------
 */

static void
hear_cb(const NiloLabByte *byte, guint speed_baud, gpointer user_data)
{
    g_byte_array_append(user_data, &byte->byte, 1);
}

/* on RS485 who answers is heard by all, on M-Bus by the master alone */
static void
test_station_hears(gconstpointer data)
{
    const gboolean is_rs485 = GPOINTER_TO_INT(data);
    g_autofree char *text =
        g_strdup_printf("[bus b]\nkind=%s\n[meters m]\nbus=b\nfirst-id=10000001\nfirst-address=1\n",
                        is_rs485 ? "rs485" : "mbus");
    g_autoptr(GByteArray) heard = g_byte_array_new();
    NiloLabTestMaster *master = nilo_lab_test_master_new(text);

    nilo_lab_bus_add_station(master->bus, "s", hear_cb, heard);
    nilo_lab_test_master_short(master, NILO_LAB_MBUS_SND_NKE, 1);
    g_assert_true(nilo_lab_test_master_heard_ack(master));
    g_assert_cmpuint(heard->len, ==, is_rs485 ? 6 : 5);
    g_assert_cmpint(heard->data[0], ==, 0x10);
    nilo_lab_test_master_free(master);
}

static void
test_station_deaf(void)
{
    NiloLabTestMaster *master = nilo_lab_test_master_new("[bus b]\nwrong-parity=yes\n");
    g_autoptr(GByteArray) heard = g_byte_array_new();

    nilo_lab_bus_add_station(master->bus, "s", hear_cb, heard);
    nilo_lab_test_master_short(master, NILO_LAB_MBUS_SND_NKE, 1);
    g_assert_cmpuint(heard->len, ==, 0);
    settings_of(master)->wrong_parity = FALSE;
    nilo_lab_test_master_short(master, NILO_LAB_MBUS_SND_NKE, 1);
    g_assert_cmpuint(heard->len, ==, 5);
    nilo_lab_test_master_free(master);
}

static void
test_station_late(void)
{
    NiloLabTestMaster *master = nilo_lab_test_master_new("[bus b]\nlate-ms=800\n");

    g_assert_cmpint(nilo_lab_bus_delay_answer(master->bus), ==, 0);
    settings_of(master)->late_ppm = 1000000;
    g_assert_cmpint(nilo_lab_bus_delay_answer(master->bus), ==, 800000000);
    g_assert_cmpuint(nilo_lab_bus_get_stats(master->bus)->late_answers, ==, 1);
    nilo_lab_test_master_free(master);
}

/* two stations at one moment: a 0 wins, and the master hears one broken character */
static void
test_stations_collide(void)
{
    const NiloLabByte first = {.end_ns = 100000000, .byte = 0xf0};
    const NiloLabByte second = {.end_ns = 100500000, .byte = 0x3c};
    NiloLabTestMaster *master = nilo_lab_test_master_new("[bus b]\n");
    g_autoptr(GByteArray) heard = g_byte_array_new();
    NiloLabByte byte;
    guint a, b;

    a = nilo_lab_bus_add_station(master->bus, "a", hear_cb, heard);
    b = nilo_lab_bus_add_station(master->bus, "b", hear_cb, heard);
    nilo_lab_bus_say(master->bus, a, &first);
    nilo_lab_bus_say(master->bus, b, &second);
    g_assert_true(nilo_lab_bus_take(master->bus, &byte));
    g_assert_cmpint(byte.byte, ==, 0x30);
    g_assert_true(byte.damaged);
    g_assert_false(nilo_lab_bus_take(master->bus, &byte));
    g_assert_cmpuint(nilo_lab_bus_get_stats(master->bus)->collisions, ==, 1);
    nilo_lab_test_master_free(master);
}

/* a slow listener makes one broken character of a fast one; a fast listener sees the slow bits */
static void
test_resample(void)
{
    const NiloLabByte byte = {.end_ns = 100000000, .byte = 0x16};
    g_autoptr(GArray) heard = g_array_new(FALSE, FALSE, sizeof(NiloLabByte));

    nilo_lab_byte_resample(&byte, 2400, 2400, heard);
    g_assert_cmpuint(heard->len, ==, 1);
    g_assert_cmpint(g_array_index(heard, NiloLabByte, 0).byte, ==, 0x16);
    g_assert_false(g_array_index(heard, NiloLabByte, 0).damaged);
    g_array_set_size(heard, 0);
    nilo_lab_byte_resample(&byte, 9600, 2400, heard);
    g_assert_cmpuint(heard->len, ==, 1);
    g_assert_cmpint(g_array_index(heard, NiloLabByte, 0).end_ns, >, byte.end_ns);
    g_array_set_size(heard, 0);
    nilo_lab_byte_resample(&byte, 2400, 9600, heard);
    g_assert_cmpuint(heard->len, >, 1);
    g_assert_cmpint(g_array_index(heard, NiloLabByte, 0).byte, !=, 0x16);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(skew_cases); i++)
        g_test_add_data_func(skew_cases[i].path, &skew_cases[i], test_two_acks);
    g_test_add_func("/lab/collision/apart", test_apart);
    g_test_add_func("/lab/collision/selection", test_overlapping_selection);
    g_test_add_func("/lab/collision/twins-garble", test_twins_garble);
    g_test_add_func("/lab/bus/wire-time", test_wire_time);
    g_test_add_func("/lab/bus/half-duplex", test_half_duplex);
    g_test_add_func("/lab/fault/noise", test_noise);
    g_test_add_func("/lab/fault/same-seed-same-noise", test_same_seed_same_noise);
    g_test_add_func("/lab/fault/drops-all", test_drops_all);
    g_test_add_func("/lab/fault/junk", test_junk);
    g_test_add_func("/lab/fault/echo", test_echo);
    g_test_add_func("/lab/fault/late", test_late);
    g_test_add_func("/lab/fault/dead-and-cut", test_dead_and_cut);
    g_test_add_func("/lab/fault/babble", test_babble);
    g_test_add_func("/lab/fault/wrong-parity-and-unplugged", test_wrong_parity_and_unplugged);
    g_test_add_func("/lab/second-master/asks-again", test_second_asks_again);
    g_test_add_func("/lab/second-master/breaks-off", test_second_breaks_off);
    g_test_add_func("/lab/second-master/talks-over", test_second_talks_over);
    g_test_add_func("/lab/second-master/to-station", test_second_to_station);
    for (gsize i = 0; i < G_N_ELEMENTS(control_cases); i++)
        g_test_add_data_func(control_cases[i].path, &control_cases[i], test_control);
    g_test_add_func("/lab/control/kill-and-revive", test_kill_and_revive);
    g_test_add_data_func("/lab/bus/station/hears-rs485", GINT_TO_POINTER(TRUE), test_station_hears);
    g_test_add_data_func("/lab/bus/station/hears-mbus", GINT_TO_POINTER(FALSE), test_station_hears);
    g_test_add_func("/lab/bus/station/deaf", test_station_deaf);
    g_test_add_func("/lab/bus/station/late", test_station_late);
    g_test_add_func("/lab/bus/station/collide", test_stations_collide);
    g_test_add_func("/lab/bus/station/other-speed", test_resample);
    return g_test_run();
}
