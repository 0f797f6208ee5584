/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The driver against virtual meters that share no line of code with it, in fake time. */
#include "nilo-cjt188-test-peer.h"
#include "nilo-lab-test-master.h"

#define ID          "78330011223344"
#define NO_ERROR    (-1)
#define NOISY_READS 1500

typedef struct {
    NiloLabTestMaster *master;
    NiloClock *clock;
    gint64 synced_us; /* monotonic */
    NiloCjt188TestChannel *channel;
    NiloDriver *driver;
    NiloMeter *meter;
    NiloReportBuilder *builder;
} Lab;

static void
hear(const guint8 *request, gsize size, GByteArray *answer, gpointer user_data)
{
    Lab *lab = user_data;
    const gint64 now_us = nilo_clock_get_monotonic_us(lab->clock);

    lab->master->now_ns += (now_us - lab->synced_us) * 1000;
    lab->synced_us = now_us;
    nilo_lab_test_master_send(lab->master, request, size);
    g_byte_array_append(answer, lab->master->answer->data, lab->master->answer->len);
    nilo_fake_clock_set_utc_us(NILO_FAKE_CLOCK(lab->clock),
                               nilo_lab_test_master_utc_us(lab->master));
}

static void
lab_init(Lab *lab, const char *bus, const char *meter, const char *settings)
{
    g_autofree char *estate =
        g_strconcat("[estate]\nseed=11\nzone-offset-minutes=480\n[bus b]\nkind=rs485\nspeed=9600\n",
                    bus, "[meter m]\nbus=b\nprotocol=cjt188\nid=" ID "\n", meter, NULL);
    g_autofree char *all =
        g_strconcat("zone=Asia/Shanghai", settings != NULL ? " " : "", settings, NULL);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("cjt188:" ID, NULL);
    g_autoptr(GObject) own = nilo_cjt188_test_make_settings(all);

    *lab = (Lab){.master = nilo_lab_test_master_new(estate)};
    lab->clock = NILO_CLOCK(nilo_fake_clock_new(nilo_lab_test_master_utc_us(lab->master)));
    lab->channel = nilo_cjt188_test_channel_new(lab->clock, hear, lab);
    lab->driver = g_object_new(NILO_TYPE_CJT188_DRIVER, NULL);
    lab->meter = nilo_meter_new(id, "b", "cjt188", NULL, NULL, own);
    lab->builder = nilo_report_builder_new(id);
}

static void
lab_clear(Lab *lab)
{
    g_clear_object(&lab->channel);
    g_clear_object(&lab->driver);
    g_clear_object(&lab->meter);
    g_clear_object(&lab->clock);
    g_clear_pointer(&lab->builder, nilo_report_builder_free);
    g_clear_pointer(&lab->master, nilo_lab_test_master_free);
}

static NiloLabMeter *
get_meter(Lab *lab)
{
    return g_ptr_array_index(nilo_lab_bus_get_meters(lab->master->bus), 0);
}

static NiloReport *
read_meter(Lab *lab, guint flags)
{
    NiloOutcome outcome = NILO_OUTCOME_CANCELLED;
    g_autoptr(GError) error = NULL;

    g_assert_true(nilo_driver_read(lab->driver, lab->meter, flags, NILO_CHANNEL(lab->channel),
                                   lab->builder, &outcome, NULL, &error));
    g_assert_no_error(error);
    return nilo_report_builder_finish(lab->builder, outcome);
}

/* the truth is a little ahead: the meter sent whole 0.01 m3, some time before now */
static gboolean
is_true_volume(Lab *lab, const NiloReport *report)
{
    const NiloReading *reading =
        nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME));
    const gint64 truth_ml =
        nilo_lab_meter_get_volume_ml(get_meter(lab), nilo_lab_test_master_utc_us(lab->master));
    gint64 volume_ml;

    return reading != NULL && nilo_value_to_millilitres(&reading->value, &volume_ml) &&
           volume_ml <= truth_ml && volume_ml + 30000 > truth_ml;
}

/* --- reading every kind of meter ----------------------------------------------------------------
 */

typedef struct {
    const char *path;
    const char *meter;
    const char *settings;
    NiloOutcome outcome;
    guint status;
    const char *bus;
} LabCase;

static const LabCase lab_cases[] = {
    {"/cjt188/lab/plain", "", NULL, NILO_OUTCOME_OK, NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/2004", "edition=2004\n", NULL, NILO_OUTCOME_OK, NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/2018", "edition=2018\n", NULL, NILO_OUTCOME_OK, NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/echo", "", NULL, NILO_OUTCOME_OK, NILO_STATUS_VALVE_OPEN, "echo=yes\n"},
    {"/cjt188/lab/preamble-0", "preamble-count=0\n", NULL, NILO_OUTCOME_OK, NILO_STATUS_VALVE_OPEN,
     ""},
    {"/cjt188/lab/preamble-12", "preamble-count=12\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/di-swapped", "deviations=di-swapped\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/junk-preamble", "deviations=junk-preamble\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/vendor-envelope", "deviations=vendor-envelope\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/trailing-zeros", "deviations=trailing-zeros\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/type-differs", "deviations=type-differs\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/clock-zero", "deviations=clock-zero\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/clock-year-first", "deviations=clock-year-first\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/fields-ff", "deviations=fields-ff\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/unit-litres", "deviations=unit-litres\nstart-litres=1000\n", NULL,
     NILO_OUTCOME_OK, NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/battery-low", "deviations=battery-low\n", NULL, NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN | NILO_STATUS_BATTERY_LOW, ""},
    {"/cjt188/lab/mirrored-status", "deviations=battery-low,mirrored-status\n",
     "profile=mirrored-status", NILO_OUTCOME_OK, NILO_STATUS_VALVE_OPEN | NILO_STATUS_BATTERY_LOW,
     ""},
    {"/cjt188/lab/collector-refused", "deviations=collector-address\n", NULL,
     NILO_OUTCOME_WRONG_METER, NILO_STATUS_NONE, ""},
    {"/cjt188/lab/collector-known", "deviations=collector-address\n", "answers-as=99990000000001",
     NILO_OUTCOME_OK, NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/stale-ser", "deviations=stale-ser\n", NULL, NILO_OUTCOME_NOISE, NILO_STATUS_NONE,
     ""},
    {"/cjt188/lab/stale-ser-known", "deviations=stale-ser\n", "ser-check=no", NILO_OUTCOME_OK,
     NILO_STATUS_VALVE_OPEN, ""},
    {"/cjt188/lab/wrong-checksum", "deviations=wrong-checksum\n", NULL, NILO_OUTCOME_BAD_CHECKSUM,
     NILO_STATUS_NONE, ""},
    {"/cjt188/lab/dead", "dead=yes\n", NULL, NILO_OUTCOME_SILENT, NILO_STATUS_NONE, ""},
};

static void
test_lab(gconstpointer data)
{
    const LabCase *c = data;
    g_autoptr(NiloReport) report = NULL;
    g_autofree char *readings = NULL;
    Lab lab;

    lab_init(&lab, c->bus, c->meter, c->settings);
    report = read_meter(&lab, NILO_READ_CURRENT);
    readings = nilo_cjt188_test_show_readings(report);
    g_test_message("%s", readings);
    g_assert_cmpstr(nilo_outcome_get_nick(nilo_report_get_outcome(report)), ==,
                    nilo_outcome_get_nick(c->outcome));
    g_assert_cmphex(nilo_report_get_status(report), ==, c->status);
    g_assert_true(is_true_volume(&lab, report) == (c->outcome == NILO_OUTCOME_OK));
    lab_clear(&lab);
}

/* --- history ------------------------------------------------------------------------------------
 */

/* each month's value stands at the moment at which the meter had it */
static void
test_history(void)
{
    g_autoptr(NiloReport) report = NULL;
    const NiloReading *readings;
    Lab lab;
    gsize n;
    guint n_stamped = 0;

    lab_init(&lab, "", "settlement-day=20\n", NULL);
    report = read_meter(&lab, NILO_READ_HISTORY | NILO_READ_PURCHASE);
    g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_OK);
    readings = nilo_report_get_readings(report, &n);
    for (gsize i = 0; i < n; i++) {
        gint64 volume_ml, truth_ml;

        if ((readings[i].flags & NILO_READING_METER_TIME) == 0)
            continue;
        g_assert_true(nilo_value_to_millilitres(&readings[i].value, &volume_ml));
        truth_ml = nilo_lab_meter_get_volume_ml(get_meter(&lab), readings[i].taken_us);
        g_assert_cmpint(volume_ml, <=, truth_ml);
        g_assert_cmpint(volume_ml + 10000, >, truth_ml);
        n_stamped++;
    }
    g_assert_cmpuint(n_stamped, ==, 12);
    lab_clear(&lab);
}

/* --- writing ------------------------------------------------------------------------------------
 */

typedef struct {
    const char *path;
    const char *meter;
    const char *settings;
    NiloCommandKind kind;
    const char *arguments;
    int error;
} LabWrite;

static const LabWrite lab_writes[] = {
    {"/cjt188/lab/write/close", "", NULL, NILO_COMMAND_VALVE_CLOSE, NULL, NO_ERROR},
    {"/cjt188/lab/write/close-2018", "edition=2018\n", NULL, NILO_COMMAND_VALVE_CLOSE, NULL,
     NO_ERROR},
    {"/cjt188/lab/write/close-mirrored", "deviations=mirrored-status\n", "profile=mirrored-status",
     NILO_COMMAND_VALVE_CLOSE, NULL, NO_ERROR},
    /* with the wrong profile it must not pass for closed */
    {"/cjt188/lab/write/close-wrong-profile", "deviations=mirrored-status\n", "valve-wait-s=2",
     NILO_COMMAND_VALVE_CLOSE, NULL, NILO_ERROR_NOT_CONFIRMED},
    {"/cjt188/lab/write/stuck", "deviations=valve-stuck\n", NULL, NILO_COMMAND_VALVE_CLOSE, NULL,
     NILO_ERROR_NOT_CONFIRMED},
    {"/cjt188/lab/write/refused", "deviations=refuses-writes\n", NULL, NILO_COMMAND_VALVE_CLOSE,
     NULL, NILO_ERROR_ERROR_ANSWER},
    {"/cjt188/lab/write/refused-with-di", "deviations=refuses-writes,error-with-di\n", NULL,
     NILO_COMMAND_VALVE_CLOSE, NULL, NILO_ERROR_ERROR_ANSWER},
    {"/cjt188/lab/write/dead", "dead=yes\n", NULL, NILO_COMMAND_VALVE_CLOSE, NULL,
     NILO_ERROR_SILENT},
    {"/cjt188/lab/write/collector", "deviations=collector-address\n", NULL,
     NILO_COMMAND_VALVE_CLOSE, NULL, NILO_ERROR_WRONG_METER},
    {"/cjt188/lab/write/clock", "clock-error-s=9000\n", NULL, NILO_COMMAND_SET_CLOCK, NULL,
     NO_ERROR},
    {"/cjt188/lab/write/clock-zero", "deviations=clock-zero\n", NULL, NILO_COMMAND_SET_CLOCK, NULL,
     NILO_ERROR_NOT_CONFIRMED},
    {"/cjt188/lab/write/address", "", NULL, NILO_COMMAND_SET_ADDRESS,
     "{'address': <'78330011223399'>}", NO_ERROR},
    {"/cjt188/lab/write/purchase", "", NULL, NILO_COMMAND_PURCHASE,
     "{'number': <uint32 2>, 'amount': <int64 5000>}", NO_ERROR},
    {"/cjt188/lab/write/purchase-number-used", "", NULL, NILO_COMMAND_PURCHASE,
     "{'number': <uint32 1>, 'amount': <int64 5000>}", NILO_ERROR_EXISTS},
};

static void
test_lab_write(gconstpointer data)
{
    const LabWrite *c = data;
    g_autoptr(NiloCommand) command = NULL;
    g_autoptr(GVariant) arguments = NULL;
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) error = NULL;
    gboolean done;
    Lab lab;

    lab_init(&lab, "", c->meter, c->settings);
    if (c->arguments != NULL)
        arguments = g_variant_parse(G_VARIANT_TYPE_VARDICT, c->arguments, NULL, NULL, NULL);
    command = nilo_command_new(NULL, nilo_meter_get_id(lab.meter), c->kind, arguments, "a test",
                               G_MAXINT64);
    done = nilo_driver_write(lab.driver, lab.meter, command, NILO_CHANNEL(lab.channel), &result,
                             NULL, &error);
    if (c->error == NO_ERROR)
        g_assert_no_error(error);
    else
        g_assert_error(error, NILO_ERROR, c->error);
    g_assert_true(done == (c->error == NO_ERROR));
    if (done && c->kind == NILO_COMMAND_VALVE_CLOSE)
        g_assert_true(nilo_lab_meter_is_shut(get_meter(&lab)));
    lab_clear(&lab);
}

/* --- a bad line ---------------------------------------------------------------------------------
 */

/*
 * The line hides its parity errors from us here, so that only the sum and what an answer must fit
 * are left to tell a damaged one. A sum of 8 bits cannot tell every one: about one in 2,000.
 */
/* the next meter of a wire is asked first as the last one answered: no deadline passes in between
 */
static void
test_next_meter_of_the_wire(void)
{
    g_autoptr(NiloReport) first = NULL;
    g_autoptr(NiloReport) second = NULL;
    g_autoptr(GObject) unlearned = nilo_cjt188_test_make_settings("zone=Asia/Shanghai");
    gint64 begun_us, first_us, second_us;
    Lab lab;

    lab_init(&lab, "", "edition=2018\n", NULL);
    begun_us = nilo_clock_get_monotonic_us(lab.clock);
    first = read_meter(&lab, NILO_READ_CURRENT);
    first_us = nilo_clock_get_monotonic_us(lab.clock) - begun_us;
    g_object_unref(lab.meter);
    lab.meter = nilo_meter_new(nilo_report_get_meter(first), "b", "cjt188", NULL, NULL, unlearned);
    begun_us = nilo_clock_get_monotonic_us(lab.clock);
    second = read_meter(&lab, NILO_READ_CURRENT);
    second_us = nilo_clock_get_monotonic_us(lab.clock) - begun_us;
    g_assert_cmpint(nilo_report_get_outcome(first), ==, NILO_OUTCOME_OK);
    g_assert_cmpint(nilo_report_get_outcome(second), ==, NILO_OUTCOME_OK);
    g_assert_cmpint(second_us, <, first_us / 2);
    lab_clear(&lab);
}

static void
test_noisy(void)
{
    guint n_ok = 0, n_wrong = 0;
    Lab lab;

    lab_init(&lab,
             "noise-per-byte-ppm=8000\ndrop-per-byte-ppm=2000\njunk-per-byte-ppm=2000\n"
             "late-answers-ppm=50000\n",
             "", NULL);
    nilo_cjt188_test_channel_set_tries(lab.channel, 3);
    for (guint i = 0; i < NOISY_READS; i++) {
        g_autoptr(NiloReport) report = read_meter(&lab, NILO_READ_CURRENT);

        if (nilo_report_get_outcome(report) != NILO_OUTCOME_OK)
            continue;
        n_ok++;
        n_wrong += is_true_volume(&lab, report) ? 0 : 1;
    }
    g_test_message("%u of %u noisy reads answered, %u with a wrong volume", n_ok, NOISY_READS,
                   n_wrong);
    g_assert_cmpuint(n_ok, >, NOISY_READS / 2);
    g_assert_cmpuint(n_wrong, <=, 1);
    lab_clear(&lab);
}

int
main(int argc, char **argv)
{
    g_setenv("NILO_CJT188_PROFILES", NILO_CJT188_TEST_PROFILES, FALSE);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(lab_cases); i++)
        g_test_add_data_func(lab_cases[i].path, &lab_cases[i], test_lab);
    for (guint i = 0; i < G_N_ELEMENTS(lab_writes); i++)
        g_test_add_data_func(lab_writes[i].path, &lab_writes[i], test_lab_write);
    g_test_add_func("/cjt188/lab/history", test_history);
    g_test_add_func("/cjt188/lab/next-meter-of-the-wire", test_next_meter_of_the_wire);
    g_test_add_func("/cjt188/lab/noisy", test_noisy);
    return g_test_run();
}
