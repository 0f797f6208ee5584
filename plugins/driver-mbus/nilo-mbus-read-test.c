/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-driver.h"
#include "nilo-mbus-test-line.h"

#include <string.h>

#define ESTATE                                                                                     \
    "[estate]\nseed=5\nzone-offset-minutes=480\n[bus riser]\nkind=mbus\nspeed=2400\n"              \
    "[meter m]\nbus=riser\nid=26010001\nmanufacturer=NLB\nversion=22\nmedium=7\naddress=5\n"
#define SECONDARY   "protocol=mbus-secondary\naddress=0\n"
#define ID          "mbus:26010001.NLB.16.07"

#define NOISY_READS 5000

/* one dialogue: what hangs on the wire, how it is configured, how it goes */
typedef struct {
    const char *path;
    const char *estate; /* added to ESTATE */
    const char *id;
    const char *address;
    const char *settings; /* "key=value;key=value", strings only */
    guint rounds;
    const char *asked; /* in the last round */
    NiloOutcome outcome;
    guint readings;
    const char *found;
} DialogueCase;

static const DialogueCase dialogue_cases[] = {
    {"/mbus/read/primary/one-telegram", "", ID, "5", "", 1, "40:5 7B:5", NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/second-round", "", ID, "5", "", 2, "40:5 7B:5", NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/many-telegrams", "telegrams=3\n", ID, "5", "", 2, "40:5 7B:5 5B:5 7B:5",
     NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/heat", "profile=heat\n", ID, "5", "", 1, "40:5 7B:5 5B:5 7B:5",
     NILO_OUTCOME_OK, 10, NULL},
    {"/mbus/read/primary/fixed", "profile=fixed\n", ID, "5", "", 1, "40:5 7B:5", NILO_OUTCOME_OK, 1,
     NULL},
    {"/mbus/read/primary/never-reset", "telegrams=3\n", ID, "5", "reset=never", 2, "5B:5 7B:5 5B:5",
     NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/wrong-meter", "", "mbus:26010002.NLB.16.07", "5", "", 1, "40:5 7B:5 7B:5",
     NILO_OUTCOME_WRONG_METER, 0, ID},
    {"/mbus/read/primary/silent", "dead=yes\n", ID, "5", "", 1, "40:5 7B:5 7B:5 7B:5",
     NILO_OUTCOME_SILENT, 0, NULL},
    {"/mbus/read/primary/silent-again", "dead=yes\n", ID, "5", "", 2, "40:5", NILO_OUTCOME_SILENT,
     0, NULL},
    {"/mbus/read/primary/no-fcb", "telegrams=3\ndeviations=no-fcb\n", ID, "5", "", 2,
     "40:5 7B:5 5B:5 7B:5", NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/nke-deaf", "deviations=nke-deaf\n", ID, "5", "", 1, "40:5 7B:5 7B:5",
     NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/nke-deaf-learned", "deviations=nke-deaf\n", ID, "5", "", 3, "40:5 7B:5",
     NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/b7", "deviations=b7-until-reset\n", ID, "5", "", 1,
     "40:5 7B:5 50:5 40:5 7B:5", NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/b7-left-alone", "deviations=b7-until-reset\n", ID, "5",
     "application-reset=never", 1, "40:5 7B:5", NILO_OUTCOME_UNSUPPORTED, 0, NULL},
    {"/mbus/read/primary/busy", "busy-percent=100\n", ID, "5", "", 1, "40:5 7B:5",
     NILO_OUTCOME_BUSY, 0, NULL},
    {"/mbus/read/primary/too-many-readouts", "readouts-per-day=2\n", ID, "5", "", 3, "40:5 7B:5",
     NILO_OUTCOME_BUDGET_SPENT, 0, NULL},
    {"/mbus/read/primary/limit", "telegrams=3\n", ID, "5", "telegrams-max=2", 1, "40:5 7B:5 5B:5",
     NILO_OUTCOME_INCOMPLETE, 3, NULL},
    {"/mbus/read/primary/single-telegram-profile", "telegrams=3\n", ID, "5",
     "profile=single-telegram", 1, "40:5 7B:5", NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/primary/bad-checksum", "deviations=wrong-checksum\n", ID, "5", "", 1,
     "40:5 7B:5 7B:5 7B:5", NILO_OUTCOME_BAD_CHECKSUM, 0, NULL},
    {"/mbus/read/secondary/one-telegram", SECONDARY, ID, NULL, "", 2, "sel 7B:253", NILO_OUTCOME_OK,
     3, NULL},
    {"/mbus/read/secondary/many-telegrams", SECONDARY "telegrams=3\n", ID, NULL, "", 2,
     "sel 7B:253 5B:253 7B:253", NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/secondary/by-digits", SECONDARY, "flat:12", "26010001", "", 2, "sel 7B:253",
     NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/secondary/fabrication", SECONDARY "fabrication=70000001\n", ID, NULL,
     "fabrication=70000001", 1, "sel 7B:253", NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/secondary/other-fabrication", SECONDARY "fabrication=70000001\n", ID, NULL,
     "fabrication=70000002", 1, "sel sel sel", NILO_OUTCOME_SILENT, 0, NULL},
    {"/mbus/read/secondary/cannot-be-selected", "deviations=primary-only\n", ID, NULL, "", 1,
     "sel sel sel", NILO_OUTCOME_SILENT, 0, NULL},
    {"/mbus/read/secondary/control-73", SECONDARY, ID, NULL, "snd-ud-control=73", 1, "sel 7B:253",
     NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/speed/switched", "", ID, "5", "switch-speed-baud=9600", 1, "BD:5 40:5 7B:5",
     NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/speed/stays", "", ID, "5", "switch-speed-baud=9600", 2, "40:5 7B:5",
     NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/speed/selected", SECONDARY, ID, NULL, "switch-speed-baud=9600", 1,
     "sel BD:253 sel 7B:253", NILO_OUTCOME_OK, 3, NULL},
    {"/mbus/read/speed/fixed", "deviations=fixed-speed\n", ID, "5", "switch-speed-baud=9600", 2,
     "40:5 7B:5", NILO_OUTCOME_OK, 3, NULL},
};

static void
test_dialogue(gconstpointer data)
{
    const DialogueCase *test = data;
    g_autofree char *estate = g_strconcat(ESTATE, test->estate, NULL);
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(estate, 3);
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(test->id, test->address, test->settings);
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(NiloReport) report = NULL;
    g_autofree char *asked = NULL;
    g_autoptr(GError) error = NULL;
    gsize n;

    nilo_driver_check_meter(driver, meter, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < test->rounds; i++) {
        g_clear_pointer(&report, nilo_report_unref);
        g_free(nilo_mbus_test_bus_take_asked(bus));
        report = nilo_mbus_test_bus_read(bus, driver, meter, NILO_READ_CURRENT);
    }
    asked = nilo_mbus_test_bus_take_asked(bus);
    g_assert_cmpstr(asked, ==, test->asked);
    g_assert_cmpstr(nilo_outcome_get_nick(nilo_report_get_outcome(report)), ==,
                    nilo_outcome_get_nick(test->outcome));
    nilo_report_get_readings(report, &n);
    g_assert_cmpuint(n, ==, test->readings);
    g_assert_cmpstr(nilo_report_get_found(report), ==, test->found);
}

/* settlement values carry the meter's own stamps, the clock becomes a drift */
static void
test_history(void)
{
    g_autoptr(NiloMbusTestBus) bus =
        nilo_mbus_test_bus_new(ESTATE "telegrams=2\nclock-error-s=-600\n", 3);
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(ID, "5", "zone=Asia/Shanghai");
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(NiloReport) report = NULL;
    const NiloReading *readings;
    guint stamped = 0;
    gint64 drift_s;
    gsize n;

    report = nilo_mbus_test_bus_read(bus, driver, meter, NILO_READ_HISTORY);
    readings = nilo_report_get_readings(report, &n);
    for (gsize i = 0; i < n; i++) {
        g_autoptr(GDateTime) taken = NULL;
        NiloRegisterParts parts;

        if ((readings[i].flags & NILO_READING_METER_TIME) == 0)
            continue;
        nilo_register_unpack(readings[i].reg, &parts);
        taken = g_date_time_new_from_unix_utc(readings[i].taken_us / G_USEC_PER_SEC);
        /* midnight in Shanghai, the day before in UTC; storage 1 is the last settlement day */
        g_assert_cmpint(g_date_time_get_hour(taken), ==, 16);
        if (parts.storage == 1)
            g_assert_cmpint(g_date_time_get_month(taken), ==, 2);
        stamped++;
    }
    g_assert_cmpuint(stamped, ==, 7);
    g_assert_true(nilo_report_get_clock_drift_s(report, &drift_s));
    g_assert_cmpint(ABS(drift_s + 600), <=, 60);
}

/* who answered first is the meter, when nobody said who it is */
static void
test_pinned(void)
{
    g_autoptr(NiloMbusTestBus) bus =
        nilo_mbus_test_bus_new(ESTATE
                               "exchanged-with=26019999\nexchanged-at=2026-03-15T11:00:00Z\n",
                               3);
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new("flat:12", "5", "");
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(NiloReport) before = nilo_mbus_test_bus_read(bus, driver, meter, 0);
    g_autoptr(NiloReport) after = NULL;

    nilo_fake_clock_advance(bus->clock, G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC);
    after = nilo_mbus_test_bus_read(bus, driver, meter, 0);
    g_assert_cmpint(nilo_report_get_outcome(before), ==, NILO_OUTCOME_OK);
    g_assert_cmpint(nilo_report_get_outcome(after), ==, NILO_OUTCOME_WRONG_METER);
    g_assert_cmpstr(nilo_report_get_found(after), ==, "mbus:26019999.NLB.16.07");
}

/* a meter that falls back to its usual speed is found there, and switched again */
static void
test_fallen_back(void)
{
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(ESTATE "speed-fallback-s=300\n", 2);
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(ID, "5", "switch-speed-baud=9600");
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);

    for (guint i = 0; i < 3; i++) {
        g_autoptr(NiloReport) report = nilo_mbus_test_bus_read(bus, driver, meter, 0);

        g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_OK);
        nilo_fake_clock_advance(bus->clock, 600 * G_USEC_PER_SEC);
    }
}

/* what the wire takes, and what a round took */
static void
test_cost(gconstpointer data)
{
    g_autofree char *estate =
        g_strconcat("[estate]\nseed=5\n[bus riser]\nkind=mbus\nspeed=2400\n"
                    "[meters a]\nbus=riser\ncount=30\nfirst-id=26010001\nfirst-address=1\n",
                    data, NULL);
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(estate, 3);
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    const NiloLabBusStats *stats = nilo_lab_bus_get_stats(bus->bus);
    gint64 taken_us = -nilo_clock_get_monotonic_us(NILO_CLOCK(bus->clock));

    for (guint i = 1; i <= 30; i++) {
        g_autofree char *id = g_strdup_printf("mbus:%08u.NLB.01.07", 26010000 + i);
        g_autofree char *address = g_strdup_printf("%u", i);
        const gboolean is_secondary = strlen(data) > 0;
        g_autoptr(NiloMeter) meter =
            nilo_mbus_test_meter_new(id, is_secondary ? NULL : address, "");
        g_autoptr(NiloReport) report = nilo_mbus_test_bus_read(bus, driver, meter, 0);

        g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_OK);
    }
    taken_us += nilo_clock_get_monotonic_us(NILO_CLOCK(bus->clock));
    g_test_message("30 meters: %" G_GINT64_FORMAT " ms, the wire alone %" G_GINT64_FORMAT " ms",
                   taken_us / 1000, stats->live_ns / 1000000);
    g_assert_cmpint(taken_us * 100, <=, stats->live_ns / 1000 * 104);
}

/* on a noisy riser some readouts fail; none tells a volume that the meter did not have */
static void
test_noise(void)
{
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(
        "[estate]\nseed=9\n[bus riser]\nkind=mbus\nspeed=2400\nnoise-per-byte-ppm=5000\n"
        "drop-per-byte-ppm=1000\njunk-per-byte-ppm=1000\n"
        "[meter m]\nbus=riser\nid=26010001\nmanufacturer=NLB\nversion=22\naddress=5\n"
        "telegrams=2\n",
        3);
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(ID, "5", "");
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    NiloLabMeter *truth = g_ptr_array_index(nilo_lab_bus_get_meters(bus->bus), 0);
    guint good = 0;
    guint wrong = 0;

    for (guint i = 0; i < NOISY_READS; i++) {
        g_autoptr(NiloReport) report = nilo_mbus_test_bus_read(bus, driver, meter, 0);
        const NiloReading *volume =
            nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME));
        const gint64 now_ml =
            nilo_lab_meter_get_volume_ml(truth, nilo_clock_get_utc_us(NILO_CLOCK(bus->clock)));
        gint64 volume_ml = -1;

        nilo_fake_clock_advance(bus->clock, 60 * G_USEC_PER_SEC);
        if (volume == NULL)
            continue;
        g_assert_true(nilo_value_to_millilitres(&volume->value, &volume_ml));
        good++;
        wrong += volume_ml > now_ml || volume_ml < now_ml - 20000;
    }
    g_test_message("%u of %u readouts told a volume, %u of them a wrong one", good, NOISY_READS,
                   wrong);
    g_assert_cmpuint(wrong, ==, 0);
    g_assert_cmpuint(good, >, NOISY_READS / 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(dialogue_cases); i++)
        g_test_add_data_func(dialogue_cases[i].path, &dialogue_cases[i], test_dialogue);
    g_test_add_func("/mbus/read/history", test_history);
    g_test_add_func("/mbus/read/noise", test_noise);
    g_test_add_func("/mbus/read/pinned", test_pinned);
    g_test_add_func("/mbus/read/speed/fallen-back", test_fallen_back);
    g_test_add_data_func("/mbus/read/cost/primary", "", test_cost);
    g_test_add_data_func("/mbus/read/cost/secondary", "protocol=mbus-secondary\n", test_cost);
    return g_test_run();
}
