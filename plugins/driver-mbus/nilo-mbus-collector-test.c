/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nilo-bus-channel.h"
#include "nilo-mbus-collector-line.h"
#include "nilo-mbus-driver.h"
#include "nilo-mbus-scan.h"
#include "nilo-mbus-test-line.h"

#include "nfw-bus.h"
#include "nfw-mbus-for-test.h"

#define SLACK_MS 30

/* the driver and the collector's real slaves, at the two ends of one wire */
typedef struct {
    struct nfw_collector collector;
    struct nfw_bus bus;
    NiloFakeClock *clock;
    NiloMbusCollectorLine *line;
    NiloChannel *channel;
    NiloDriver *driver;
} Bench;

static guint32
step(guint32 now_ms, gpointer user_data)
{
    Bench *self = user_data;

    return nfw_bus_step(&self->bus, &self->collector, now_ms);
}

static Bench *
bench_new(guint tries)
{
    const NiloBusChannelSettings settings = {.slack_ms = SLACK_MS};
    Bench *self = g_new0(Bench, 1);
    NiloBusChannel *channel;

    fake_init(&self->collector);
    self->clock = nilo_fake_clock_new(G_GINT64_CONSTANT(1795361400) * G_USEC_PER_SEC);
    nilo_fake_clock_advance(self->clock, G_USEC_PER_SEC);
    self->line = nilo_mbus_collector_line_new(self->clock);
    nfw_bus_start(&self->bus, &self->collector, nfw_port_now_ms());
    nilo_mbus_collector_line_run(self->line, step, self);
    channel = nilo_bus_channel_new(NILO_CLOCK(self->clock), &settings, NULL, NULL);
    nilo_bus_channel_set_line(channel, NILO_LINE(self->line));
    nilo_bus_channel_begin(channel, tries, 0, NULL);
    self->channel = NILO_CHANNEL(channel);
    self->driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    return self;
}

static void
bench_free(Bench *self)
{
    g_clear_object(&self->driver);
    g_clear_object(&self->channel);
    g_clear_object(&self->line);
    g_clear_object(&self->clock);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bench, bench_free)

/* --- a scan that keeps what is found -----------------------------------------------------------
 */

#define TEST_TYPE_SCAN (test_scan_get_type())
G_DECLARE_FINAL_TYPE(TestScan, test_scan, TEST, SCAN, GObject)

struct _TestScan {
    GObject parent_instance;

    GVariant *options;
    GPtrArray *found; /* element-type char*: "id@address trouble" */
};

static void test_scan_iface_init(NiloScanInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(TestScan, test_scan, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_SCAN, test_scan_iface_init))

static GVariant *
test_scan_get_options(NiloScan *scan)
{
    return TEST_SCAN(scan)->options;
}

static GVariant *
test_scan_get_checkpoint(NiloScan *scan)
{
    return NULL;
}

static void
test_scan_save_checkpoint(NiloScan *scan, GVariant *checkpoint)
{
    g_variant_unref(g_variant_ref_sink(checkpoint));
}

static void
test_scan_found(NiloScan *scan, const NiloFound *found)
{
    g_ptr_array_add(TEST_SCAN(scan)->found,
                    g_strdup_printf("%s%s%s%s%s", nilo_meter_id_get_text(found->id),
                                    found->address != NULL ? "@" : "",
                                    found->address != NULL ? found->address : "",
                                    found->trouble != NULL ? " " : "",
                                    found->trouble != NULL ? found->trouble : ""));
}

static void
test_scan_progress(NiloScan *scan, guint done, guint total, const char *text)
{
    g_assert_cmpuint(done, <=, total);
}

static void
test_scan_iface_init(NiloScanInterface *iface)
{
    iface->get_options = test_scan_get_options;
    iface->get_checkpoint = test_scan_get_checkpoint;
    iface->save_checkpoint = test_scan_save_checkpoint;
    iface->found = test_scan_found;
    iface->progress = test_scan_progress;
}

static void
test_scan_finalize(GObject *object)
{
    TestScan *self = TEST_SCAN(object);

    g_clear_pointer(&self->options, g_variant_unref);
    g_ptr_array_unref(self->found);
    G_OBJECT_CLASS(test_scan_parent_class)->finalize(object);
}

static void
test_scan_class_init(TestScanClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = test_scan_finalize;
}

static void
test_scan_init(TestScan *self)
{
    self->found = g_ptr_array_new_with_free_func(g_free);
}

static gint
compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
scan(Bench *bench, const char *options)
{
    g_autoptr(TestScan) scan = g_object_new(TEST_TYPE_SCAN, NULL);
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);

    scan->options = g_variant_ref_sink(g_variant_new_parsed(options));
    nilo_driver_scan(bench->driver, NILO_SCAN(scan), bench->channel, NULL, &error);
    g_assert_no_error(error);
    g_ptr_array_sort(scan->found, compare_text);
    for (guint i = 0; i < scan->found->len; i++)
        g_string_append_printf(text, "%s\n", (char *)g_ptr_array_index(scan->found, i));
    g_test_message("%s: %u requests, %" G_GINT64_FORMAT " s at 2400 Bd", options,
                   nilo_mbus_collector_line_count_requests(bench->line),
                   nilo_clock_get_monotonic_us(NILO_CLOCK(bench->clock)) / G_USEC_PER_SEC);
    return g_string_free(text, FALSE);
}

/* --- finding ------------------------------------------------------------------------------------
 */

typedef struct {
    const char *path;
    guint32 digits[NFW_CHANNELS]; /* 0: off */
    guint8 types[NFW_CHANNELS];   /* 0: cold water */
    const char *found;
} FindCase;

static const FindCase find_cases[] = {
    {"/mbus/collector/find/neighbours",
     {0x12345671, 0x12345672, 0x12345673, 0x12345674, 0x12345675, 0x12345676, 0x12345677,
      0x12345678},
     {0},
     "mbus:12345671.NLM.01.16\nmbus:12345672.NLM.01.16\nmbus:12345673.NLM.01.16\n"
     "mbus:12345674.NLM.01.16\nmbus:12345675.NLM.01.16\nmbus:12345676.NLM.01.16\n"
     "mbus:12345677.NLM.01.16\nmbus:12345678.NLM.01.16\nmbus:60000010.NLM.01.0E\n"},
    {"/mbus/collector/find/one-digit-apart",
     {0x11111111, 0x21111111, 0x12111111, 0x11211111, 0x11121111, 0x11112111, 0x11111211,
      0x11111121},
     {0},
     "mbus:11111111.NLM.01.16\nmbus:11111121.NLM.01.16\nmbus:11111211.NLM.01.16\n"
     "mbus:11112111.NLM.01.16\nmbus:11121111.NLM.01.16\nmbus:11211111.NLM.01.16\n"
     "mbus:12111111.NLM.01.16\nmbus:21111111.NLM.01.16\nmbus:60000010.NLM.01.0E\n"},
    {"/mbus/collector/find/only-the-collector", {0}, {0}, "mbus:60000010.NLM.01.0E\n"},
    /* numbers whose last eight digits are equal: told apart by medium, or as channels of the board
     */
    {"/mbus/collector/find/equal-digits",
     {0x55555555, 0x55555555, 0x55555555},
     {0x10, 0x11, 0x10},
     "mbus:55555555.NLM.01.06\nmbus:55555555.NLM.01.16-60000011\n"
     "mbus:55555555.NLM.01.16-60000013\nmbus:60000010.NLM.01.0E\n"},
};

static void
set_channels(struct nfw_collector *collector, const FindCase *wanted)
{
    for (guint i = 0; i < NFW_CHANNELS; i++) {
        struct nfw_channel_config *channel = &collector->config.channel[i];

        channel->source = wanted->digits[i] != 0 ? NFW_SOURCE_PULSE : NFW_SOURCE_OFF;
        channel->type = wanted->types[i] != 0 ? wanted->types[i] : 0x10;
        for (guint k = 0; k < 4; k++)
            channel->number[k] = (guint8)(wanted->digits[i] >> (8 * k));
    }
}

static void
test_find(gconstpointer data)
{
    const FindCase *wanted = data;
    static const char *const options[] = {"{'mask': <''>}", "{'mask': <''>, 'thorough': <false>}"};

    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autoptr(Bench) bench = bench_new(1);
        g_autofree char *found = NULL;

        set_channels(&bench->collector, wanted);
        found = scan(bench, options[i]);
        g_assert_cmpstr(found, ==, wanted->found);
    }
}

static void
test_find_primary(void)
{
    g_autoptr(Bench) bench = bench_new(1);
    g_autofree char *found = scan(bench, "{'range': <'0-20'>}");

    g_assert_cmpstr(found, ==,
                    "mbus:12345671.NLM.01.16@11\nmbus:12345672.NLM.01.16@12\n"
                    "mbus:12345674.NLM.01.16@14\nmbus:60000010.NLM.01.0E@10\n");
}

static void
test_find_shared_primary(void)
{
    g_autoptr(Bench) bench = bench_new(1);
    g_autofree char *found = NULL;

    bench->collector.config.channel[1].primary = 11;
    found = scan(bench, "{'range': <'10-12'>}");
    g_assert_cmpstr(found, ==,
                    "mbus:60000010.NLM.01.0E@10\n"
                    "mbus:address-11@11 several meters at one primary address\n");
}

/* --- reading ------------------------------------------------------------------------------------
 */

#define CHANNEL "mbus:12345671.NLM.01.16"
#define BOARD   "mbus:60000010.NLM.01.0E"
#define NOW_S   G_GINT64_CONSTANT(1795361400) /* 2026-11-22 15:30 UTC */

static NiloReport *
read_meter(Bench *bench, NiloMeter *meter, guint flags)
{
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(nilo_meter_get_id(meter));
    g_autoptr(GError) error = NULL;
    NiloOutcome outcome = NILO_OUTCOME_CANCELLED;

    nilo_driver_read(bench->driver, meter, flags, bench->channel, builder, &outcome, NULL, &error);
    g_assert_no_error(error);
    return nilo_report_builder_finish(builder, outcome);
}

static gint64
get_volume_ml(const NiloReport *report)
{
    const NiloReading *reading =
        nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME));
    gint64 ml = 0;

    g_assert_nonnull(reading);
    g_assert_true(nilo_value_rescale(&reading->value, -6, &ml));
    return ml;
}

/* volumes with the meter's own time; each moment once */
static guint
count_stamped(const NiloReport *report, gint64 moment_s, gint64 *volume_ml)
{
    g_autoptr(GHashTable) moments = g_hash_table_new(g_int64_hash, g_int64_equal);
    gsize n;
    const NiloReading *readings = nilo_report_get_readings(report, &n);

    for (gsize i = 0; i < n; i++) {
        if ((readings[i].flags & NILO_READING_METER_TIME) == 0)
            continue;
        g_assert_true(readings[i].reg == nilo_register_of(NILO_QUANTITY_VOLUME));
        g_assert_true(g_hash_table_add(moments, (gpointer)&readings[i].taken_us));
        if (readings[i].taken_us == moment_s * G_USEC_PER_SEC)
            g_assert_true(nilo_value_rescale(&readings[i].value, -6, volume_ml));
    }
    return g_hash_table_size(moments);
}

static char *
join_facts(const NiloReport *report)
{
    GString *text = g_string_new(NULL);
    gsize n;
    const NiloFact *facts = nilo_report_get_facts(report, &n);

    for (gsize i = 0; i < n; i++)
        g_string_append_printf(text, "%s: %s\n", facts[i].key, facts[i].text);
    return g_string_free(text, FALSE);
}

static void
test_read(void)
{
    g_autoptr(Bench) bench = bench_new(3);
    const char *const addresses[] = {"11", NULL};

    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autoptr(NiloMeter) meter =
            nilo_mbus_test_meter_new(CHANNEL, addresses[i], "profile=collector;zone=UTC");
        g_autoptr(NiloReport) report = read_meter(bench, meter, NILO_READ_CURRENT);
        g_autoptr(NiloReport) again = read_meter(bench, meter, NILO_READ_CURRENT);
        g_autofree char *facts = join_facts(report);
        g_autofree char *no_facts = join_facts(again);
        gint64 drift_s;

        g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_OK);
        g_assert_cmpint(get_volume_ml(report), ==, 12560000);
        g_assert_cmpuint(nilo_report_get_status(report), ==, 0);
        g_assert_cmpuint(nilo_report_get_undecoded(report), ==, 0);
        g_assert_true(nilo_report_get_clock_drift_s(report, &drift_s));
        g_assert_cmpint(ABS(drift_s), <=, 60);
        g_assert_cmpstr(facts, ==, "fabrication no: 60000011\n");
        g_assert_cmpstr(no_facts, ==, "");
        g_assert_cmpuint(count_stamped(report, 0, NULL), ==, 0);
    }
}

static void
test_status(void)
{
    g_autoptr(Bench) bench = bench_new(3);
    g_autoptr(NiloMeter) meter =
        nilo_mbus_test_meter_new(CHANNEL, "11", "profile=collector;zone=UTC");
    const struct {
        guint8 status;
        guint told;
    } cases[] = {
        {NFW_STATUS_TAMPER, NILO_STATUS_TAMPER | NILO_STATUS_ALARM},
        {NFW_STATUS_BATTERY_LOW, NILO_STATUS_BATTERY_LOW},
        {NFW_STATUS_NOT_STORED, NILO_STATUS_PERMANENT_ERROR},
        {NFW_STATUS_STALE, NILO_STATUS_TEMPORARY_ERROR},
        {NFW_STATUS_CLOCK_UNSET, NILO_STATUS_TEMPORARY_ERROR},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(NiloReport) report = NULL;

        bench->collector.reading[0].status = cases[i].status;
        report = read_meter(bench, meter, NILO_READ_CURRENT);
        g_assert_cmpuint(nilo_report_get_status(report), ==, cases[i].told);
    }
}

static void
test_history(void)
{
    g_autoptr(Bench) bench = bench_new(3);
    g_autoptr(NiloMeter) meter =
        nilo_mbus_test_meter_new(CHANNEL, "11", "profile=collector;zone=UTC");
    g_autoptr(NiloReport) report = NULL;
    gint64 volume_ml = 0;

    bench->collector.held[NFW_FREEZE_HOUR] = 100;
    bench->collector.held[NFW_FREEZE_MONTH] = 0;
    report = read_meter(bench, meter, NILO_READ_HISTORY);
    g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_OK);
    g_assert_cmpint(get_volume_ml(report), ==, 12560000);
    /* 62 days and 100 hours, of each one estimated; three midnights are in both */
    g_assert_cmpuint(count_stamped(report, NOW_S / 3600 * 3600 - 5 * 3600, &volume_ml), ==,
                     61 + 99 - 3);
    g_assert_cmpint(volume_ml, ==, 12560000 - 5 * 10000);
}

/* after a silence, what was missed is read; before and behind it nothing but the current value */
static void
test_gap(void)
{
    g_autoptr(Bench) bench = bench_new(3);
    g_autoptr(NiloMeter) meter =
        nilo_mbus_test_meter_new(CHANNEL, "11", "profile=collector;zone=UTC");
    gint64 volume_ml = 0;

    for (guint round = 0; round < 4; round++) {
        g_autoptr(NiloReport) report = NULL;
        const gint64 advance_us = G_GINT64_CONSTANT(18000) * G_USEC_PER_SEC;

        bench->collector.config.channel[0].source =
            round == 1 ? (guint8)NFW_SOURCE_OFF : (guint8)NFW_SOURCE_PULSE;
        report = read_meter(bench, meter, NILO_READ_CURRENT);
        g_assert_cmpint(nilo_report_get_outcome(report), ==,
                        round == 1 ? NILO_OUTCOME_SILENT : NILO_OUTCOME_OK);
        /* ten hours, of which one is estimated; midnight is of the hours and of the days */
        g_assert_cmpuint(count_stamped(report, NOW_S / 3600 * 3600 + 3 * 3600, &volume_ml), ==,
                         round == 2 ? 9 : 0);
        nilo_mbus_collector_line_wait(bench->line, advance_us);
        bench->collector.seconds += 5 * 3600;
    }
    g_assert_cmpint(volume_ml, ==, 12560000 - 7 * 10000);
}

static void
test_events(void)
{
    g_autoptr(Bench) bench = bench_new(3);
    g_autoptr(NiloMeter) meter =
        nilo_mbus_test_meter_new(BOARD, "10", "profile=collector-board;zone=UTC");
    g_autoptr(NiloReport) first = read_meter(bench, meter, NILO_READ_CURRENT);
    g_autoptr(NiloReport) second = read_meter(bench, meter, NILO_READ_CURRENT);
    g_autoptr(NiloReport) third = NULL;
    g_autoptr(NiloReport) whole = NULL;
    g_autofree char *first_facts = join_facts(first);
    g_autofree char *second_facts = join_facts(second);
    g_autofree char *third_facts = NULL;
    g_autofree char *whole_facts = NULL;
    gsize n;

    g_assert_cmpint(nilo_report_get_outcome(first), ==, NILO_OUTCOME_OK);
    g_assert_nonnull(
        strstr(first_facts, "event: 19: magnet, channel 2, 0, 2026-11-22T15:30:00Z\n"));
    g_assert_nonnull(strstr(first_facts, "event: 18: magnet, channel 2, 1, clock not set\n"));
    g_assert_null(strstr(second_facts, "event"));
    bench->collector.n_events++;
    bench->collector.seconds += 86400;
    nilo_mbus_collector_line_wait(bench->line, G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC);
    third = read_meter(bench, meter, NILO_READ_CURRENT);
    third_facts = join_facts(third);
    g_assert_nonnull(strstr(third_facts, "event: 20: magnet"));
    g_assert_null(strstr(third_facts, "event: 19:"));
    whole = read_meter(bench, meter, NILO_READ_HISTORY);
    whole_facts = join_facts(whole);
    g_assert_nonnull(strstr(whole_facts, "event: 0: magnet"));
    g_assert_nonnull(
        nilo_report_find_reading(whole, nilo_register_of(NILO_QUANTITY_CUMULATION_COUNTER)));
    nilo_report_get_readings(whole, &n);
    g_assert_cmpuint(n, >=, 4);
}

/* a value that was damaged so that the sum is right again: the CRC is not */
static void
test_crc(void)
{
    const struct {
        const char *settings;
        gint64 volume_ml;
        guint attempts;
    } cases[] = {
        {"profile=standard;zone=UTC", 12560000 + 64000, 1},
        {"profile=collector;zone=UTC", 12560000, 2},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Bench) bench = bench_new(3);
        g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(CHANNEL, "11", cases[i].settings);
        g_autoptr(NiloReport) report = NULL;

        /* 12560 is 0x3110: behind header, fabrication number and clock, two bytes of record head */
        nilo_mbus_collector_line_harm(bench->line, 19 + 6 + 6 + 2, 0x40);
        report = read_meter(bench, meter, NILO_READ_CURRENT);
        g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_OK);
        g_assert_cmpint(get_volume_ml(report), ==, cases[i].volume_ml);
        g_assert_cmpuint(nilo_mbus_collector_line_count_requests(bench->line), ==,
                         1 + cases[i].attempts);
    }
}

/* every value that is told is the right one, however bad the line is; with the sum alone, some are
 * not
 */
static void
test_noise(void)
{
    const struct {
        const char *settings;
        guint per_mille;
        guint reads;
        guint good_at_least;
        gboolean is_guarded;
    } cases[] = {
        {"profile=collector;zone=UTC", 3, 1000, 980, TRUE},
        {"profile=collector;zone=UTC", 20, 2000, 1000, TRUE},
        {"profile=standard;zone=UTC", 20, 2000, 1000, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Bench) bench = bench_new(3);
        g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(CHANNEL, "11", cases[i].settings);
        guint good = 0;
        guint wrong = 0;

        nilo_mbus_collector_line_set_noise(bench->line, cases[i].per_mille, 20261122);
        for (guint k = 0; k < cases[i].reads; k++) {
            g_autoptr(NiloReport) report = NULL;
            const NiloReading *reading;
            gint64 ml = 0;

            bench->collector.reading[0].volume_ml += 10000;
            report = read_meter(bench, meter, NILO_READ_CURRENT);
            reading = nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME));
            if (reading == NULL)
                continue;
            g_assert_true(nilo_value_rescale(&reading->value, -6, &ml));
            if (ml == bench->collector.reading[0].volume_ml)
                good++;
            else
                wrong++;
        }
        g_test_message("%s, %u of 1000 bytes: %u of %u read, %u wrong", cases[i].settings,
                       cases[i].per_mille, good, cases[i].reads, wrong);
        g_assert_cmpuint(good, >=, cases[i].good_at_least);
        if (cases[i].is_guarded)
            g_assert_cmpuint(wrong, ==, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(find_cases); i++)
        g_test_add_data_func(find_cases[i].path, &find_cases[i], test_find);
    g_test_add_func("/mbus/collector/find/primary", test_find_primary);
    g_test_add_func("/mbus/collector/find/shared-primary", test_find_shared_primary);
    g_test_add_func("/mbus/collector/read/current", test_read);
    g_test_add_func("/mbus/collector/read/status", test_status);
    g_test_add_func("/mbus/collector/read/history", test_history);
    g_test_add_func("/mbus/collector/read/gap", test_gap);
    g_test_add_func("/mbus/collector/read/events", test_events);
    g_test_add_func("/mbus/collector/read/crc", test_crc);
    g_test_add_func("/mbus/collector/read/noise", test_noise);
    return g_test_run();
}
