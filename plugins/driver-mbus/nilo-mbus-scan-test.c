/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-driver.h"
#include "nilo-mbus-search.h"
#include "nilo-mbus-test-line.h"

#include <string.h>

#define STEPS_BETWEEN_KILLS 61

/* --- a scan that keeps everything --------------------------------------------------------------
 */

#define TEST_TYPE_SCAN (test_scan_get_type())
G_DECLARE_FINAL_TYPE(TestScan, test_scan, TEST, SCAN, GObject)

struct _TestScan {
    GObject parent_instance;

    GVariant *options;
    GVariant *checkpoint;
    GPtrArray *found;       /* element-type char*: "id@address trouble" */
    GPtrArray *checkpoints; /* element-type GVariant */
    guint repeated;
    guint last_done;
    gboolean went_back;
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
    return TEST_SCAN(scan)->checkpoint;
}

static void
test_scan_save_checkpoint(NiloScan *scan, GVariant *checkpoint)
{
    g_ptr_array_add(TEST_SCAN(scan)->checkpoints, g_variant_ref(checkpoint));
}

static void
test_scan_found(NiloScan *scan, const NiloFound *found)
{
    TestScan *self = TEST_SCAN(scan);
    char *text = g_strdup_printf("%s%s%s%s%s", nilo_meter_id_get_text(found->id),
                                 found->address != NULL ? "@" : "",
                                 found->address != NULL ? found->address : "",
                                 found->trouble != NULL ? " " : "",
                                 found->trouble != NULL ? found->trouble : "");

    if (g_ptr_array_find_with_equal_func(self->found, text, g_str_equal, NULL))
        self->repeated++;
    g_ptr_array_add(self->found, text);
}

static void
test_scan_progress(NiloScan *scan, guint done, guint total, const char *text)
{
    TestScan *self = TEST_SCAN(scan);

    g_assert_cmpuint(done, <=, total);
    g_assert_nonnull(text);
    self->last_done = done;
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
    g_clear_pointer(&self->checkpoint, g_variant_unref);
    g_ptr_array_unref(self->found);
    g_ptr_array_unref(self->checkpoints);
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
    self->checkpoints = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
}

static TestScan *
scan_new(const char *options, GVariant *checkpoint)
{
    TestScan *self = g_object_new(TEST_TYPE_SCAN, NULL);

    self->options =
        g_variant_ref_sink(g_variant_new_parsed(options[0] != '\0' ? options : "@a{sv} {}"));
    if (checkpoint != NULL)
        self->checkpoint = g_variant_ref(checkpoint);
    return self;
}

static void
run(TestScan *scan, NiloMbusTestBus *bus)
{
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(GError) error = NULL;

    nilo_driver_scan(driver, NILO_SCAN(scan), bus->channel, NULL, &error);
    g_assert_no_error(error);
}

static gint
compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
join_found(GPtrArray *found)
{
    GString *text = g_string_new(NULL);

    g_ptr_array_sort(found, compare_text);
    for (guint i = 0; i < found->len; i++)
        g_string_append_printf(text, "%s\n", (char *)g_ptr_array_index(found, i));
    return g_string_free(text, FALSE);
}

/* --- twins -------------------------------------------------------------------------------------
 */

static const char twins_found[] = "mbus:11223344.AAA.01.07\n"
                                  "mbus:11223344.BBB.01.07\n"
                                  "mbus:11223344.KAM.01.07\n"
                                  "mbus:11223344.TEC.01.07\n"
                                  "mbus:11223344.XYZ.01.07\n"
                                  "mbus:11223344.ZRI.01.07\n"
                                  "mbus:22334455.NLB.01.07\n"
                                  "mbus:22334455.NLB.1A.07\n"
                                  "mbus:22334455.NLB.99.07\n"
                                  "mbus:22334455.NLB.B3.07\n"
                                  "mbus:33445566.NLB.01.06\n"
                                  "mbus:33445566.NLB.01.07\n"
                                  "mbus:33445566.NLB.01.0C\n"
                                  "mbus:44556677.NLB.01.07-70000001\n"
                                  "mbus:44556677.NLB.01.07-70000092\n"
                                  "mbus:55667788.NLB.01.07\n"
                                  "mbus:55667789.NLB.01.07\n"
                                  "mbus:66778899.NLB.01.07 two meters with one address\n"
                                  "mbus:95667788.NLB.01.07\n";

static char *
load_twins(void)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(NILO_LAB_ESTATES_DIR "/twins.estate", &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* who is on the bus, as a search sees it: 20 characters from the first digit of the identification
 * to the last of the fabrication number, bytes as one */
typedef struct {
    guint parts[NILO_MBUS_LEVEL_ALL];
} Identity;

static Identity
get_identity(const NiloLabMeterSettings *settings)
{
    const guint64 fabrication = settings->fabrication != 0
                                    ? settings->fabrication
                                    : g_ascii_strtoull(settings->id, NULL, 10);
    g_autofree char *digits = g_strdup_printf("%08" G_GUINT64_FORMAT, fabrication);
    Identity identity;
    guint16 maker;

    g_assert_true(nilo_mbus_manufacturer_from_letters(settings->manufacturer, &maker));
    for (guint i = 0; i < 8; i++) {
        identity.parts[i] = (guint)g_ascii_digit_value(settings->id[i]);
        identity.parts[NILO_MBUS_LEVEL_MEDIUM + i] = (guint)g_ascii_digit_value(digits[i]);
    }
    identity.parts[8] = maker >> 8;
    identity.parts[9] = maker & 0xff;
    identity.parts[10] = settings->version;
    identity.parts[11] = settings->medium;
    return identity;
}

/* how many values the next part can have */
static guint
count_values(const Identity *identity, guint level)
{
    static const guint low_halves[] = {7 * 26, 8 * 26, 8 * 26, 3 * 26};
    guint named = 0;

    switch (level) {
    case NILO_MBUS_LEVEL_DIGITS:
        return 26 * 4;
    case NILO_MBUS_LEVEL_HALF_MAKER:
        return low_halves[identity->parts[8] & 3];
    case NILO_MBUS_LEVEL_MAKER:
        return 255;
    case NILO_MBUS_LEVEL_VERSION:
        for (guint i = 0; i < 255; i++)
            named += strcmp(nilo_mbus_medium_get_name((guint8)i), "reserved") != 0;
        return named;
    default:
        return 10;
    }
}

/* selections that a search with perfect ears needs to tell @identities apart, of which the first
 * @level parts are equal */
static guint
compute_need(const GArray *identities, guint level)
{
    const guint silence = level < NILO_MBUS_LEVEL_DIGITS ? 2 : 1;
    guint need = 0;
    guint left;

    if (identities->len < 2 || level == NILO_MBUS_LEVEL_ALL)
        return 0;
    left = count_values(&g_array_index(identities, Identity, 0), level);
    for (guint value = 0; value < 256; value++) {
        g_autoptr(GArray) group = g_array_new(FALSE, FALSE, sizeof(Identity));

        for (guint i = 0; i < identities->len; i++) {
            const Identity *identity = &g_array_index(identities, Identity, i);

            if (identity->parts[level] == value)
                g_array_append_vals(group, identity, 1);
        }
        if (group->len == 0)
            continue;
        left--;
        need += 1 + compute_need(group, level + 1);
    }
    return need + left * silence;
}

static guint
count_selections(NiloMbusTestBus *bus)
{
    g_autofree char *asked = nilo_mbus_test_bus_take_asked(bus);
    guint n = 0;

    for (const char *p = asked; (p = strstr(p, "sel")) != NULL; p++)
        n++;
    return n;
}

static void
test_twins(gconstpointer data)
{
    const char *options = data;
    g_autofree char *estate = load_twins();
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(estate, 1);
    g_autoptr(TestScan) scan = scan_new(options, NULL);
    g_autoptr(GArray) identities = g_array_new(FALSE, FALSE, sizeof(Identity));
    GPtrArray *meters = nilo_lab_bus_get_meters(bus->bus);
    g_autofree char *found = NULL;
    guint selections;
    guint need;

    run(scan, bus);
    found = join_found(scan->found);
    for (guint i = 0; i < meters->len; i++) {
        const NiloLabMeter *meter = g_ptr_array_index(meters, i);
        const Identity identity = get_identity(&meter->settings);

        g_array_append_val(identities, identity);
    }
    need = 1 + compute_need(identities, 0);
    selections = count_selections(bus);
    g_test_message("twins, %s: %u selections, %u needed, %u requests, %" G_GINT64_FORMAT
                   " s at 2400 Bd",
                   options, selections, need, nilo_mbus_test_bus_count_requests(bus),
                   nilo_clock_get_monotonic_us(NILO_CLOCK(bus->clock)) / G_USEC_PER_SEC);
    g_assert_cmpstr(found, ==, twins_found);
    g_assert_cmpuint(scan->repeated, ==, 0);
    g_assert_cmpuint(selections * 10, <=, need * 12);
}

/* a scan that is killed after any step and goes on from its checkpoint finds what is left */
static void
test_resume(void)
{
    g_autofree char *estate = load_twins();
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(estate, 1);
    g_autoptr(TestScan) whole = scan_new("{'mask': <''>}", NULL);
    guint resumed = 0;

    run(whole, bus);
    for (guint i = 0; i < whole->checkpoints->len; i += STEPS_BETWEEN_KILLS) {
        GVariant *checkpoint = g_ptr_array_index(whole->checkpoints, i);
        g_autoptr(NiloMbusTestBus) again = nilo_mbus_test_bus_new(estate, 1);
        g_autoptr(TestScan) rest = scan_new("{'mask': <''>}", checkpoint);
        g_autoptr(GVariant) told = g_variant_get_child_value(checkpoint, 4);
        g_autofree char *found = NULL;

        run(rest, again);
        /* what the core had kept already: the checkpoint knows their ids, not their troubles */
        for (gsize k = 0; k < g_variant_n_children(told); k++) {
            const char *id;

            g_variant_get_child(told, k, "&s", &id);
            for (guint j = 0; j < whole->found->len; j++) {
                const char *text = g_ptr_array_index(whole->found, j);

                if (g_str_has_prefix(text, id) &&
                    (text[strlen(id)] == '\0' || text[strlen(id)] == ' '))
                    g_ptr_array_add(rest->found, g_strdup(text));
            }
        }
        found = join_found(rest->found);
        g_assert_cmpstr(found, ==, twins_found);
        resumed++;
    }
    g_test_message("resumed from %u of %u checkpoints, the same meters each time", resumed,
                   whole->checkpoints->len);
}

/* --- buses -------------------------------------------------------------------------------------
 */

#define BUS "[estate]\nseed=7\n[bus riser]\nkind=mbus\nspeed=2400\n"

typedef struct {
    const char *path;
    const char *estate;
    const char *options;
    const char *found;
} ScanCase;

static const ScanCase scan_cases[] = {
    {"/mbus/scan/empty", BUS, "{'mask': <''>}", ""},
    {"/mbus/scan/primary/range",
     BUS "[meters a]\nbus=riser\ncount=3\nfirst-id=26010001\nfirst-address=4\n"
         "[meter f]\nbus=riser\nid=26019999\naddress=250\nprofile=fixed\n",
     "{'range': <'0-250'>}",
     "mbus:26010001.NLB.01.07@4\nmbus:26010002.NLB.01.07@5\nmbus:26010003.NLB.01.07@6\n"
     "mbus:26019999.FFFF.FF.FF@250\n"},
    {"/mbus/scan/primary/part-of-range",
     BUS "[meters a]\nbus=riser\ncount=3\nfirst-id=26010001\nfirst-address=4\n", "{'range': <'5'>}",
     "mbus:26010002.NLB.01.07@5\n"},
    {"/mbus/scan/primary/two-at-one",
     BUS "[meter a]\nbus=riser\nid=26010001\naddress=9\nanswer-delay-ms=22\n"
         "[meter b]\nbus=riser\nid=26010002\naddress=9\nanswer-delay-ms=29\n",
     "{'range': <'1-20'>}", "mbus:address-9@9 several meters at one primary address\n"},
    {"/mbus/scan/primary/b7-is-reset",
     BUS "[meter a]\nbus=riser\nid=26010001\naddress=9\ndeviations=b7-until-reset\n",
     "{'range': <'9'>}", "mbus:26010001.NLB.01.07@9\n"},
    {"/mbus/scan/primary/noise-is-no-meter", BUS "noise-per-byte-ppm=0\njunk-per-byte-ppm=100000\n",
     "{'range': <'0-250'>}", ""},
    {"/mbus/scan/secondary/b7-is-reset",
     BUS "[meter a]\nbus=riser\nid=26010001\naddress=9\ndeviations=b7-until-reset\n",
     "{'mask': <''>}", "mbus:26010001.NLB.01.07\n"},
    {"/mbus/scan/secondary/busy",
     BUS "[meter a]\nbus=riser\nid=26010001\naddress=9\nbusy-percent=100\n", "{'mask': <''>}",
     "mbus:26010001.FFFF.FF.FF answers, but does not say who it is\n"},
    {"/mbus/scan/secondary/masked",
     BUS "[meters a]\nbus=riser\ncount=3\nfirst-id=26010001\nprotocol=mbus-secondary\n",
     "{'mask': <'2601FFF2'>}", "mbus:26010002.NLB.01.07\n"},
    {"/mbus/scan/both/once-each",
     BUS "[meter a]\nbus=riser\nid=26010001\naddress=9\n"
         "[meter b]\nbus=riser\nid=26010002\naddress=10\ndeviations=primary-only\n",
     "", "mbus:26010001.NLB.01.07\nmbus:26010002.NLB.01.07@10\n"},
    {"/mbus/scan/both/primary-only",
     BUS "[meter b]\nbus=riser\nid=26010002\naddress=10\ndeviations=primary-only\n", "",
     "mbus:26010002.NLB.01.07@10\n"},
    {"/mbus/scan/speeds", BUS "[meter a]\nbus=riser\nid=26010001\naddress=9\n",
     "{'range': <'1-10'>, 'speeds': <[uint32 9600, 2400, 300]>}", "mbus:26010001.NLB.01.07@9\n"},
};

static void
test_scan(gconstpointer data)
{
    const ScanCase *test = data;
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(test->estate, 1);
    g_autoptr(TestScan) scan = scan_new(test->options, NULL);
    g_autofree char *found = NULL;

    run(scan, bus);
    found = join_found(scan->found);
    g_assert_cmpstr(found, ==, test->found);
}

typedef struct {
    const char *path;
    const char *options;
    const char *message;
} OptionCase;

static const OptionCase option_cases[] = {
    {"/mbus/scan/options/range", "{'range': <'5-251'>}",
     "range: found \"5-251\", expected primary addresses like 0-250"},
    {"/mbus/scan/options/mask", "{'mask': <'12'>}",
     "mask: found \"12\", expected a secondary address like 12FFFFFF.FFFF.FF.FF"},
};

static void
test_option(gconstpointer data)
{
    const OptionCase *test = data;
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(BUS, 1);
    g_autoptr(TestScan) scan = scan_new(test->options, NULL);
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_false(nilo_driver_scan(driver, NILO_SCAN(scan), bus->channel, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==, test->message);
}

/* who tries one speed after the other does not want to wait for minutes at the wrong ones */
static void
test_wrong_speed(void)
{
    g_autoptr(NiloMbusTestBus) bus =
        nilo_mbus_test_bus_new(BUS "[meter a]\nbus=riser\nid=26010001\naddress=9\n", 1);
    g_autoptr(TestScan) scan = scan_new("{'speeds': <[uint32 9600]>}", NULL);

    run(scan, bus);
    g_assert_cmpuint(scan->found->len, ==, 0);
    g_assert_cmpuint(nilo_mbus_test_bus_count_requests(bus), <=, 4);
}

/* a bus that never falls quiet must end the search, not make it endless */
static void
test_babble(void)
{
    g_autoptr(NiloMbusTestBus) bus = nilo_mbus_test_bus_new(BUS "babble=yes\n", 1);
    g_autoptr(TestScan) scan = scan_new("{'mask': <''>}", NULL);
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *found = NULL;

    g_assert_false(nilo_driver_scan(driver, NILO_SCAN(scan), bus->channel, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NOISE);
    found = join_found(scan->found);
    g_assert_cmpstr(found, ==, "");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/mbus/scan/twins/thorough", "{'mask': <''>}", test_twins);
    g_test_add_data_func("/mbus/scan/twins/quick", "{'mask': <''>, 'thorough': <false>}",
                         test_twins);
    g_test_add_func("/mbus/scan/twins/resume", test_resume);
    for (guint i = 0; i < G_N_ELEMENTS(scan_cases); i++)
        g_test_add_data_func(scan_cases[i].path, &scan_cases[i], test_scan);
    for (guint i = 0; i < G_N_ELEMENTS(option_cases); i++)
        g_test_add_data_func(option_cases[i].path, &option_cases[i], test_option);
    g_test_add_func("/mbus/scan/wrong-speed", test_wrong_speed);
    g_test_add_func("/mbus/scan/babble", test_babble);
    return g_test_run();
}
