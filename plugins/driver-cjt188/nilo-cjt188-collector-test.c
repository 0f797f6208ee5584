/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The driver against what the data collector's firmware answers: that the profile and the firmware
 * are about the same layouts. The collector behind the answers is the fake of the firmware's own
 * tests.
 */
#include "nfw-cjt188-slave-fake.h"
#include "nfw-cjt188-slave.h"
#include "nilo-cjt188-test-peer.h"

#define ID "78330011223344"

typedef struct {
    struct nfw_collector collector;
    struct nfw_cjt188_slave slave;
    NiloClock *clock;
    NiloCjt188TestChannel *channel;
    NiloDriver *driver;
    NiloMeter *meter;
    NiloReportBuilder *builder;
} Riser;

static void
hear(const guint8 *request, gsize size, GByteArray *bytes, gpointer user_data)
{
    Riser *riser = user_data;
    struct nfw_answer answer;

    for (gsize i = 0; i < size; i++) {
        const struct nfw_rx_byte byte = {request[i], i == 0 ? NFW_RX_GAP : 0};

        nfw_cjt188_slave_feed(&riser->slave, &riser->collector, &byte, &answer);
    }
    g_byte_array_append(bytes, answer.bytes, answer.size);
}

static void
riser_init(Riser *riser, const char *settings)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("cjt188:" ID, NULL);
    g_autofree char *all = g_strconcat("profile=collector zone=Asia/Shanghai",
                                       settings != NULL ? " " : "", settings, NULL);
    g_autoptr(GObject) own = nilo_cjt188_test_make_settings(all);

    *riser = (Riser){.clock = NILO_CLOCK(nilo_fake_clock_new(NILO_CJT188_TEST_NOW_US))};
    fake_init(&riser->collector);
    riser->collector.now = fake_seconds(2026, 11, 22, 12, 0, 0);
    for (guint kind = 0; kind < NFW_FREEZE_KINDS; kind++)
        riser->collector.log[kind].newest = fake_seconds(2026, 11, 22, 0, 0, 0);
    nfw_cjt188_slave_init(&riser->slave);
    riser->channel = nilo_cjt188_test_channel_new(riser->clock, hear, riser);
    riser->driver = g_object_new(NILO_TYPE_CJT188_DRIVER, NULL);
    riser->meter = nilo_meter_new(id, "b", "cjt188", NULL, NULL, own);
    riser->builder = nilo_report_builder_new(id);
}

static void
riser_clear(Riser *riser)
{
    g_clear_object(&riser->channel);
    g_clear_object(&riser->driver);
    g_clear_object(&riser->meter);
    g_clear_object(&riser->clock);
    g_clear_pointer(&riser->builder, nilo_report_builder_free);
}

static NiloReport *
read_channel(Riser *riser, guint flags)
{
    NiloOutcome outcome = NILO_OUTCOME_CANCELLED;
    g_autoptr(GError) error = NULL;

    g_assert_true(nilo_driver_read(riser->driver, riser->meter, flags, NILO_CHANNEL(riser->channel),
                                   riser->builder, &outcome, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(nilo_outcome_get_nick(outcome), ==, nilo_outcome_get_nick(NILO_OUTCOME_OK));
    return nilo_report_builder_finish(riser->builder, outcome);
}

/* --- reading ------------------------------------------------------------------------------------
 */

static void
test_current(gconstpointer data)
{
    Riser riser;
    g_autoptr(NiloReport) report = NULL;
    g_autofree char *readings = NULL, *facts = NULL, *status = NULL;
    gint64 drift_s = 99;

    riser_init(&riser, data);
    riser.collector.reading[0].rejected = 3;
    riser.collector.reading[0].status = NFW_STATUS_BATTERY_LOW | NFW_STATUS_NOT_STORED;
    riser.collector.n_events = 8;
    report = read_channel(&riser, NILO_READ_CURRENT);
    readings = nilo_cjt188_test_show_readings(report);
    facts = nilo_cjt188_test_show_facts(report);
    status = nilo_cjt188_test_show_status(nilo_report_get_status(report));
    g_assert_cmpstr(readings, ==, "volume 123456.78 m3; battery-voltage 3.6 V");
    g_assert_cmpstr(status, ==, "battery-low permanent-error");
    /* events 2 to 7 are of channels 2 to 7, none of them ours */
    g_assert_cmpstr(facts, ==,
                    "starts: 7; writes of each cell: 70000; closures that were no pulse: 3; "
                    "age of the volume in seconds: 0");
    g_assert_true(nilo_report_get_clock_drift_s(report, &drift_s));
    g_assert_cmpint(drift_s, ==, 0);
    g_assert_cmpuint(nilo_report_get_undecoded(report), ==, 0);
    riser_clear(&riser);
}

static void
test_events(void)
{
    Riser riser;
    g_autoptr(NiloReport) first = NULL;
    g_autoptr(NiloReport) second = NULL;
    g_autofree char *before = NULL, *after = NULL;

    riser_init(&riser, NULL);
    riser.collector.n_events = 1;
    first = read_channel(&riser, NILO_READ_HISTORY);
    before = nilo_cjt188_test_show_facts(first);
    g_assert_true(g_str_has_suffix(before, "; event: time not known started, argument 16909056"));

    nilo_fake_clock_advance(NILO_FAKE_CLOCK(riser.clock), 86400 * (gint64)G_USEC_PER_SEC);
    riser.collector.now += 86400;
    riser.collector.n_events = 10; /* the last two are the collector's own and channel 0's */
    second = read_channel(&riser, NILO_READ_CURRENT);
    after = nilo_cjt188_test_show_facts(second);
    g_assert_true(g_str_has_suffix(after,
                                   "age of the volume in seconds: 0; "
                                   "event: 2026-11-23 12:00:00 cover, argument 16909065; "
                                   "event: 2026-11-23 11:59:00 wire cut, argument 16909064"));
    riser_clear(&riser);
}

static guint
count_volumes(const NiloReport *report, gint64 *sum_ml)
{
    gsize n;
    const NiloReading *readings = nilo_report_get_readings(report, &n);
    guint count = 0;

    *sum_ml = 0;
    for (gsize i = 0; i < n; i++) {
        NiloRegisterParts parts;
        gint64 volume_ml;

        nilo_register_unpack(readings[i].reg, &parts);
        if (parts.quantity != NILO_QUANTITY_VOLUME || parts.storage > 0 ||
            (readings[i].flags & NILO_READING_METER_TIME) == 0)
            continue;
        g_assert_true(nilo_value_to_millilitres(&readings[i].value, &volume_ml));
        *sum_ml += volume_ml;
        count++;
    }
    return count;
}

/* all of 62 days and 1080 hours, but for a hole and one that was taken too late */
static void
test_history(void)
{
    Riser riser;
    g_autoptr(NiloReport) report = NULL;
    gint64 sum_ml, expected_ml = 0;

    riser_init(&riser, "history-months=0 history-days=62");
    riser.collector.log[NFW_FREEZE_DAY].held = NFW_FREEZE_DAYS;
    riser.collector.log[NFW_FREEZE_DAY].hole = 50;
    riser.collector.log[NFW_FREEZE_HOUR].held = NFW_FREEZE_HOURS;
    riser.collector.log[NFW_FREEZE_HOUR].hole = 1;
    riser.collector.log[NFW_FREEZE_HOUR].estimated = 2;
    report = read_channel(&riser, NILO_READ_HISTORY);

    /* midnights stand in both logs; the log of days is read first */
    for (gint64 back = 0; back < NFW_FREEZE_DAYS; back++)
        expected_ml += back == 50 ? 0 : 123400000000 - back * 10000;
    for (gint64 back = 0; back < NFW_FREEZE_HOURS; back++)
        expected_ml += back % 24 == 0 || back == 1 || back == 2 ? 0 : 123400000000 - back * 10000;
    g_assert_cmpuint(count_volumes(report, &sum_ml), ==, 61 + 1080 - 45 - 2);
    g_assert_cmpint(sum_ml, ==, expected_ml);
    g_assert_cmpuint(nilo_report_get_undecoded(report), ==, 0);
    riser_clear(&riser);
}

static void
test_months(void)
{
    Riser riser;
    g_autoptr(NiloReport) report = NULL;
    g_autofree char *readings = NULL;

    riser_init(&riser, "history-months=2 history-days=0");
    riser.collector.log[NFW_FREEZE_MONTH].held = 3;
    riser.collector.log[NFW_FREEZE_MONTH].newest = fake_seconds(2026, 11, 1, 0, 0, 0);
    riser.collector.log[NFW_FREEZE_MONTH].period_s = 31 * 86400;
    riser.collector.log[NFW_FREEZE_ORDERED].held = 1;
    report = read_channel(&riser, NILO_READ_HISTORY);
    readings = nilo_cjt188_test_show_readings(report);
    g_assert_cmpstr(readings, ==,
                    "volume 123456.78 m3; volume/storage=1 123400 m3; settlement-day 1; "
                    "volume/storage=2 123399.99 m3 at 2026-09-30T16:00:00Z; "
                    "volume/storage=3 123399.98 m3 at 2026-08-31T16:00:00Z; "
                    "volume 123400 m3 at 2026-10-31T16:00:00Z; "
                    "volume 123399.99 m3 at 2026-09-30T16:00:00Z; "
                    "volume 123400 m3 at 2026-11-21T16:00:00Z; battery-voltage 3.6 V");
    riser_clear(&riser);
}

/* --- writing ------------------------------------------------------------------------------------
 */

static void
order(Riser *riser, NiloCommandKind kind, GVariant *arguments)
{
    g_autoptr(NiloCommand) command = nilo_command_new(NULL, nilo_meter_get_id(riser->meter), kind,
                                                      arguments, "a test", G_MAXINT64);
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(nilo_driver_write(riser->driver, riser->meter, command,
                                    NILO_CHANNEL(riser->channel), &result, NULL, &error));
    g_assert_no_error(error);
    g_assert_nonnull(result);
}

static void
test_orders(void)
{
    static const guint8 number[] = {0x01, 0x00, 0x00, 0x00, 0x00, 0x33, 0x78};
    Riser riser;

    riser_init(&riser, NULL);
    riser.collector.now = fake_seconds(2020, 1, 1, 0, 0, 0);
    order(&riser, NILO_COMMAND_SET_CLOCK, g_variant_new_parsed("@a{sv} {}"));
    g_assert_cmpuint(riser.collector.now - fake_seconds(2026, 11, 22, 12, 0, 0), <, 60);
    order(&riser, NILO_COMMAND_SET_ADDRESS,
          g_variant_new_parsed("{'address': <'78330000000001'>}"));
    g_assert_cmpmem(riser.collector.config.channel[0].number, NFW_NUMBER_SIZE, number,
                    sizeof number);
    g_assert_cmpuint(riser.collector.n_orders, ==, 2);
    riser_clear(&riser);
}

int
main(int argc, char **argv)
{
    g_setenv("NILO_CJT188_PROFILES", NILO_CJT188_TEST_PROFILES, FALSE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/cjt188/collector/current", NULL, test_current);
    g_test_add_data_func("/cjt188/collector/current/low-byte-first", "di-order=low-first",
                         test_current);
    g_test_add_func("/cjt188/collector/events", test_events);
    g_test_add_func("/cjt188/collector/history", test_history);
    g_test_add_func("/cjt188/collector/months", test_months);
    g_test_add_func("/cjt188/collector/orders", test_orders);
    return g_test_run();
}
