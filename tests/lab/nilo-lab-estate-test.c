/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-estate.h"

#include <string.h>

typedef struct {
    const char *path;
    const char *text;
    const char *message; /* a part of it */
} BadCase;

#define BUS "[bus b]\nkind=mbus\n"

/* two lines, a meter on the second, and a collector between them that wants more keys */
#define BEHIND(keys)                                                                               \
    "[bus b]\n[bus f]\n" keys "[meter m]\nbus=f\nid=12345678\n"                                    \
    "[collector c]\nbus=b\nfirst-id=33010026050001\nchannels=2\n"

static const BadCase bad_cases[] = {
    {"/lab/estate/bad/group", "[house]\n", "[house]: unknown group"},
    {"/lab/estate/bad/estate-key", "[estate]\nsede=1\n", "[estate]: unknown key \"sede\""},
    {"/lab/estate/bad/bus-key", BUS "sped=300\n", "[bus b]: unknown key \"sped\""},
    {"/lab/estate/bad/bus-name", "[bus ]\n", "bus name expected"},
    {"/lab/estate/bad/kind", "[bus b]\nkind=can\n",
     "[bus b] kind: \"can\" found, expected mbus, rs485"},
    {"/lab/estate/bad/speed", BUS "speed=50\n",
     "[bus b] speed: \"50\" is not a number from 300 to 115200"},
    {"/lab/estate/bad/switch", BUS "echo=maybe\n", "[bus b] echo: \"maybe\" is neither yes nor no"},
    {"/lab/estate/bad/no-bus", "[meters m]\nbus=b\n", "no group [bus b] stands before"},
    {"/lab/estate/bad/no-first-id", BUS "[meters m]\nbus=b\n",
     "[meters m]: missing key \"first-id\""},
    {"/lab/estate/bad/short-id", BUS "[meter m]\nbus=b\nid=123\n", "id with 8 digits expected"},
    {"/lab/estate/bad/cjt188-id", BUS "[meter m]\nbus=b\nprotocol=cjt188\nid=12345678\n",
     "id with 14 digits expected"},
    {"/lab/estate/bad/id-overflow", BUS "[meters m]\nbus=b\nfirst-id=99999999\ncount=2\n",
     "id with 8 digits expected, found \"100000000\""},
    {"/lab/estate/bad/too-many", BUS "[meters m]\nbus=b\nfirst-id=1\ncount=20000\n", "count"},
    {"/lab/estate/bad/deviation", BUS "[meter m]\nbus=b\nid=12345678\ndeviations=rude\n",
     "\"rude\" found"},
    {"/lab/estate/bad/manufacturer", BUS "[meter m]\nbus=b\nid=12345678\nmanufacturer=abc\n",
     "three capital letters"},
    {"/lab/estate/bad/moment", BUS "[meter m]\nbus=b\nid=12345678\ninstalled=soon\n",
     "\"soon\" found, expected a moment"},
    {"/lab/estate/bad/single-without-bus", BUS "[meter m]\nid=12345678\n", "missing key \"bus\""},
    {"/lab/estate/bad/exchanged-with", BUS "[meter m]\nbus=b\nid=12345678\nexchanged-with=1\n",
     "bad exchanged-with"},
    {"/lab/estate/bad/backslash-at-the-end", "[bus b]\nlink=\\", "link"},
    {"/lab/estate/bad/not-a-keyfile", "water", ""},
    {"/lab/estate/bad/meters-bus-unknown", BEHIND("") "meters-bus=g\n",
     "[collector c] meters-bus: no group [bus g] stands before"},
    {"/lab/estate/bad/meters-bus-its-own", BEHIND("") "meters-bus=b\n",
     "[collector c]: meters-bus: another bus than its own expected, found \"b\""},
    {"/lab/estate/bad/meters-bus-of-several", BEHIND("") "count=2\nmeters-bus=f\n",
     "[collector c]: meters-bus: only one collector can be the master of \"f\""},
    {"/lab/estate/bad/meters-bus-with-link", BEHIND("link=f\n") "meters-bus=f\n",
     "[collector c]: meters-bus: bus without link and tcp expected, found \"f\""},
    {"/lab/estate/bad/meters-bus-with-listener", BEHIND("tcp=yes\n") "meters-bus=f\n",
     "bus without link and tcp expected"},
    {"/lab/estate/bad/meters-bus-twice",
     BEHIND("") "meters-bus=f\n[collector d]\nbus=b\nfirst-id=33010026060001\nmeters-bus=f\n",
     "[collector d]: meters-bus: it is taken by the collector \"c\""},
    {"/lab/estate/bad/meters-bus-with-collectors",
     BEHIND("") "[collector d]\nbus=f\nfirst-id=33010026060001\nmeters-bus=b\n",
     "[collector d]: meters-bus: it is taken by the collector \"c\""},
    {"/lab/estate/bad/collector-behind-collector",
     BEHIND("") "meters-bus=f\n[collector d]\nbus=f\nfirst-id=33010026060001\n",
     "[collector d]: bus: it is behind the collector \"c\""},
    {"/lab/estate/bad/reads-without-bus", BEHIND("") "reads=m\n",
     "[collector c]: missing key \"meters-bus\""},
    {"/lab/estate/bad/reads-nobody", BEHIND("") "meters-bus=f\nreads=;12345679\n",
     "[collector c]: reads: no such meter on its meters-bus: \"12345679\""},
    {"/lab/estate/bad/reads-too-many", BEHIND("") "meters-bus=f\nreads=;;m\n",
     "[collector c]: reads: no channel is left for \"m\""},
    {"/lab/estate/bad/reads-letters",
     BEHIND("[meter h]\nbus=f\nprotocol=cjt188\nid=3301002603000A\n") "meters-bus=f\nreads=h\n",
     "[collector c]: reads: a collector asks for decimal digits only, found \"3301002603000A\""},
};

static void
test_bad(gconstpointer data)
{
    const BadCase *one = data;
    g_autoptr(GError) error = NULL;
    NiloLabEstate *estate = nilo_lab_estate_new_from_data(one->text, strlen(one->text), &error);

    g_assert_null(estate);
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, one->message));
}

static NiloLabEstate *
load(const char *text)
{
    g_autoptr(GError) error = NULL;
    NiloLabEstate *estate = nilo_lab_estate_new_from_data(text, strlen(text), &error);

    g_assert_no_error(error);
    return estate;
}

static NiloLabMeter *
meter_at(NiloLabEstate *estate, guint bus, guint index)
{
    return g_ptr_array_index(nilo_lab_bus_get_meters(
                                 g_ptr_array_index(nilo_lab_estate_get_buses(estate), bus)),
                             index);
}

static void
test_group(void)
{
    g_autoptr(NiloLabEstate) estate =
        load(BUS "[meters m]\nbus=b\ncount=3\nfirst-id=00000098\nid-step=2\nfirst-address=249\n"
                 "manufacturer=TEC\nversion=0x16\nmedium=7\n");

    g_assert_cmpstr(meter_at(estate, 0, 0)->name, ==, "mbus:00000098.TEC.16.07");
    g_assert_cmpstr(meter_at(estate, 0, 2)->name, ==, "mbus:00000102.TEC.16.07");
    g_assert_cmpuint(meter_at(estate, 0, 0)->settings.primary_address, ==, 249);
    g_assert_cmpuint(meter_at(estate, 0, 1)->settings.primary_address, ==, 250);
    g_assert_cmpuint(meter_at(estate, 0, 2)->settings.primary_address, ==, 1);
}

static void
test_override(void)
{
    g_autoptr(NiloLabEstate) estate =
        load(BUS "[meters m]\nbus=b\ncount=3\nfirst-id=00000001\n"
                 "[meter mbus:00000002.NLB.01.07]\ndead=yes\ntelegrams=4\n");

    g_assert_false(meter_at(estate, 0, 0)->dead);
    g_assert_true(meter_at(estate, 0, 1)->dead);
    g_assert_cmpuint(meter_at(estate, 0, 1)->settings.telegrams, ==, 4);
}

static void
test_twins(void)
{
    g_autoptr(NiloLabEstate) estate =
        load(BUS "[meters m]\nbus=b\ncount=3\nfirst-id=00000001\nid-step=0\n");
    NiloLabBus *bus = NULL;

    g_assert_cmpstr(meter_at(estate, 0, 1)->name, ==, "mbus:00000001.NLB.01.07#2");
    g_assert_true(nilo_lab_estate_find_meter(estate, "mbus:00000001.NLB.01.07#3", &bus) ==
                  meter_at(estate, 0, 2));
    g_assert_true(nilo_lab_estate_find_meter(estate, "00000001", NULL) == meter_at(estate, 0, 0));
    g_assert_cmpstr(nilo_lab_bus_get_name(bus), ==, "b");
}

static guint
count_dead(NiloLabEstate *estate, guint *meters)
{
    GPtrArray *buses = nilo_lab_estate_get_buses(estate);
    guint dead = 0;

    *meters = 0;
    for (guint i = 0; i < buses->len; i++) {
        GPtrArray *on_bus = nilo_lab_bus_get_meters(g_ptr_array_index(buses, i));

        *meters += on_bus->len;
        for (guint k = 0; k < on_bus->len; k++)
            dead += ((NiloLabMeter *)g_ptr_array_index(on_bus, k))->dead ? 1 : 0;
    }
    return dead;
}

static void
test_dead_percent(void)
{
    g_autoptr(NiloLabEstate) estate =
        load("[estate]\nseed=3\n" BUS
             "[meters m]\nbus=b\ncount=200\nfirst-id=00000001\ndead-percent=30\n");
    guint meters;

    g_assert_cmpuint(count_dead(estate, &meters), ==, 60);
}

static NiloLabEstate *
load_sample(const char *name)
{
    g_autoptr(GError) error = NULL;
    const char *folder = g_getenv("NILO_LAB_ESTATES");
    g_autofree char *path = NULL;
    NiloLabEstate *estate;

    if (folder == NULL) {
        g_test_skip("NILO_LAB_ESTATES does not name the sample estates");
        return NULL;
    }
    path = g_build_filename(folder, name, NULL);
    estate = nilo_lab_estate_new_from_file(path, &error);
    g_assert_no_error(error);
    return estate;
}

static void
test_demo(void)
{
    g_autoptr(NiloLabEstate) estate = load_sample("demo.estate");
    guint meters;
    guint dead;

    if (estate == NULL)
        return;
    dead = count_dead(estate, &meters);
    g_assert_cmpuint(nilo_lab_estate_get_buses(estate)->len, ==, 5);
    g_assert_cmpuint(nilo_lab_estate_get_boards(estate)->len, ==, 3);
    g_assert_cmpuint(meters, >=, 300);
    g_assert_cmpuint(dead * 100, >=, meters * 4);
    g_assert_cmpuint(dead * 100, <=, meters * 6);
}

static void
test_collectors(void)
{
    const char text[] = "[bus b]\n[collectors c]\nbus=b\ncount=2\nfirst-id=33010026050001\n"
                        "channels=3\nfirst-address=7\nport=qemu\ndaily-litres=10\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLabEstate) estate = nilo_lab_estate_new_from_data(text, sizeof text - 1, &error);
    NiloLabBoard *second;
    guint channel = 0;

    g_assert_no_error(error);
    second = nilo_lab_estate_find_board(estate, "c-2");
    g_assert_nonnull(second);
    g_assert_null(nilo_lab_estate_find_board(estate, "c"));
    g_assert_true(nilo_lab_estate_find_channel(estate, "mbus:26050013.NLM.01.16", &channel) ==
                  second);
    g_assert_cmpuint(channel, ==, 2);
    g_assert_null(nilo_lab_estate_find_channel(estate, "33010026050014", &channel));
}

/* a meter may be named by all its names, before it is there, and its truth is the channel's */
static void
test_reads(void)
{
    g_autoptr(NiloLabEstate) estate =
        load("[estate]\nspeedup=0\n[bus b]\n[bus f]\n"
             "[collector c]\nbus=b\nfirst-id=33010026050001\nchannels=4\nmeters-bus=f\n"
             "reads=near; ;cjt188:33010026030001\nstart-litres=560\n"
             "[meter near]\nbus=f\nid=12345678\ndaily-litres=0\nstart-litres=1234\n"
             "[meter far]\nbus=f\nprotocol=cjt188\nid=33010026030001\ndaily-litres=0\n"
             "start-litres=5678\n");
    NiloLabBoard *board = nilo_lab_estate_find_board(estate, "c");
    const gint64 volumes_ml[] = {1234000, 0, 5678000};

    g_assert_true(nilo_lab_board_get_meters_bus(board) == nilo_lab_estate_find_bus(estate, "f"));
    for (guint i = 0; i < G_N_ELEMENTS(volumes_ml); i++) {
        const gboolean is_read = volumes_ml[i] > 0;
        NiloLabTruth truth;

        nilo_lab_board_get_truth(board, i, &truth);
        g_assert_cmpint(truth.volume_ml, ==, volumes_ml[i]);
        g_assert_true(nilo_lab_board_add_pulses(board, i, 1) == !is_read);
        nilo_lab_board_get_truth(board, i, &truth);
        g_assert_cmpuint(truth.waiting, ==, is_read ? 0 : 1);
    }
}

static void
test_bad_collectors(void)
{
    static const char *const texts[] = {
        "[bus b]\n[collector c]\nbus=b\n",
        "[bus b]\n[collector c]\nfirst-id=33010026050001\n",
        "[bus b]\n[collector c]\nbus=b\nfirst-id=33010026050000\n",
        "[bus b]\n[collector c]\nbus=b\nfirst-id=33010026050003\nchannels=8\n",
        "[bus b]\n[collector c]\nbus=b\nfirst-id=33010026050001\nfirst-address=246\n",
        "[bus b]\n[collector c]\nbus=b\nfirst-id=33010026050001\nport=stm32\n",
        "[bus b]\n[collector c/d]\nbus=b\nfirst-id=33010026050001\n",
        "[bus b]\n[collector c]\nbus=b\nfirst-id=33010026050001\nvalve-stuck=yes\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(nilo_lab_estate_new_from_data(texts[i], strlen(texts[i]), &error));
        g_assert_nonnull(error);
    }
}

static void
test_samples(void)
{
    g_autoptr(NiloLabEstate) twins = load_sample("twins.estate");
    g_autoptr(NiloLabEstate) small = load_sample("small.estate");
    guint meters;

    if (twins == NULL || small == NULL)
        return;
    count_dead(twins, &meters);
    g_assert_cmpuint(meters, ==, 20);
    g_assert_cmpuint(count_dead(small, &meters), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(bad_cases); i++)
        g_test_add_data_func(bad_cases[i].path, &bad_cases[i], test_bad);
    g_test_add_func("/lab/estate/group", test_group);
    g_test_add_func("/lab/estate/override", test_override);
    g_test_add_func("/lab/estate/twins", test_twins);
    g_test_add_func("/lab/estate/dead-percent", test_dead_percent);
    g_test_add_func("/lab/estate/collectors", test_collectors);
    g_test_add_func("/lab/estate/reads", test_reads);
    g_test_add_func("/lab/estate/bad-collectors", test_bad_collectors);
    g_test_add_func("/lab/estate/demo", test_demo);
    g_test_add_func("/lab/estate/samples", test_samples);
    return g_test_run();
}
