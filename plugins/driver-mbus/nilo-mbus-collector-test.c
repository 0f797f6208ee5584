/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nilo-bus-channel.h"
#include "nilo-mbus-collector-line.h"
#include "nilo-mbus-driver.h"
#include "nilo-mbus-scan.h"
#include "nilo-mbus-test-line.h"

#include "nfw-mbus-for-test.h"

#define SLACK_MS 30

/* the driver and the collector's real slaves, at the two ends of one wire */
typedef struct {
    struct nfw_collector collector;
    NiloFakeClock *clock;
    NiloMbusCollectorLine *line;
    NiloChannel *channel;
    NiloDriver *driver;
} Bench;

static Bench *
bench_new(guint tries)
{
    const NiloBusChannelSettings settings = {.slack_ms = SLACK_MS};
    Bench *self = g_new0(Bench, 1);
    NiloBusChannel *channel;

    fake_init(&self->collector);
    self->clock = nilo_fake_clock_new(G_GINT64_CONSTANT(1795361400) * G_USEC_PER_SEC);
    nilo_fake_clock_advance(self->clock, G_USEC_PER_SEC);
    self->line = nilo_mbus_collector_line_new(self->clock, &self->collector);
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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(find_cases); i++)
        g_test_add_data_func(find_cases[i].path, &find_cases[i], test_find);
    g_test_add_func("/mbus/collector/find/primary", test_find_primary);
    g_test_add_func("/mbus/collector/find/shared-primary", test_find_shared_primary);
    return g_test_run();
}
