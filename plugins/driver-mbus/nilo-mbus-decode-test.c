/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-driver.h"
#include "nilo-mbus-profile.h"
#include "nilo-mbus-report.h"

#include <string.h>

/* --- by hand -----------------------------------------------------------------------------------
 */

/* one telegram, built by hand around records, and what is told of it */
typedef struct {
    const char *path;
    const char *records;
    guint status;
    const char *told; /* readings, then facts, one per line */
    guint undecoded;
} RecordCase;

static const RecordCase record_cases[] = {
    {"/mbus/decode/volume", "0C 13 65 25 01 00", 0, "volume=12.565 m3\n", 0},
    {"/mbus/decode/bcd/display-pattern", "0C 13 EE EE 00 00", 0, "volume invalid m3\n", 0},
    {"/mbus/decode/bcd/minus", "0C 13 18 00 00 F0", 0, "volume=-0.018 m3\n", 0},
    {"/mbus/decode/no-value", "0C 93 15 65 25 01 00", 0, "volume invalid m3\n", 0},
    {"/mbus/decode/record-error", "0C 93 01 65 25 01 00", 0, "raw record: 0C930165250100\n", 1},
    {"/mbus/decode/per-litre", "0C 93 2C 65 25 01 00", 0, "raw record: 0C932C65250100\n", 1},
    {"/mbus/decode/twice-the-same", "01 13 05 01 13 07", 0,
     "volume=0.005 m3\nvolume/occurrence=1=0.007 m3\n", 0},
    {"/mbus/decode/history/stamped", "4C 13 65 25 01 00 42 6C 41 33", 0,
     "volume/storage=1=12.565 m3 at 2026-02-28T16:00:00Z\n", 0},
    {"/mbus/decode/history/date-in-front", "42 6C 41 33 4C 13 65 25 01 00", 0,
     "volume/storage=1=12.565 m3 at 2026-02-28T16:00:00Z\n", 0},
    {"/mbus/decode/history/date-not-set", "4C 13 65 25 01 00 42 6C FF FF", 0,
     "volume/storage=1=12.565 m3\ndate/storage=1: not set\n", 0},
    {"/mbus/decode/history/without-date", "4C 13 65 25 01 00", 0, "volume/storage=1=12.565 m3\n",
     0},
    {"/mbus/decode/text", "0D FD 0C 03 43 42 41", 0, "model/version: ABC\n", 0},
    {"/mbus/decode/fabrication", "0C 78 78 56 34 02", 0, "fabrication no: 02345678\n", 0},
    {"/mbus/decode/error-flags", "02 FD 17 05 00", 0, "error flags: 0x0005\n", 0},
    {"/mbus/decode/manufacturer-data", "0C 13 65 25 01 00 0F 01 02 03", 0,
     "volume=12.565 m3\nmanufacturer data: 010203\n", 0},
    {"/mbus/decode/reserved", "01 7B 05", 0, "raw record: 017B05\n", 1},
    {"/mbus/decode/cut-off", "0C 13 65 25 01 00 0C 13 65", 0,
     "volume=12.565 m3\nbroken record: end in data\n", 1},
    {"/mbus/decode/status", "0C 13 65 25 01 00", 0x24, "volume=12.565 m3\nstatus byte: 0x24\n", 0},
};

static GByteArray *
from_hex(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();

    for (const char *p = hex; *p != '\0'; p++) {
        guint8 byte;

        if (!g_ascii_isxdigit(*p))
            continue;
        byte = (guint8)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
        g_byte_array_append(bytes, &byte, 1);
        p++;
    }
    return bytes;
}

static GBytes *
build_telegram(const char *records_hex, guint8 status)
{
    static const guint8 head[] = {0x78, 0x56, 0x34, 0x12, 0xa3, 0x50, 0x16, 0x07, 0x2a};
    g_autoptr(GByteArray) records = from_hex(records_hex);
    g_autoptr(GByteArray) data = g_byte_array_new();
    const guint8 rest[] = {status, 0, 0};
    guint8 frame[NILO_MBUS_MAX_FRAME];
    gsize size;

    g_byte_array_append(data, head, sizeof head);
    g_byte_array_append(data, rest, sizeof rest);
    g_byte_array_append(data, records->data, records->len);
    size = nilo_mbus_frame_build_long(NILO_MBUS_C_RSP_UD, 5, 0x72, data->data, data->len, frame,
                                      sizeof frame);
    g_assert_cmpuint(size, >, 0);
    return g_bytes_new(frame, size);
}

static void
append_reading(GString *text, const NiloReading *reading)
{
    g_autofree char *reg = nilo_register_to_text(reading->reg);
    g_autofree char *value = nilo_value_to_text(&reading->value);
    g_autoptr(GDateTime) taken = NULL;

    g_string_append(text, reg);
    if ((reading->flags & NILO_READING_INVALID) != 0)
        g_string_append(text, " invalid");
    else
        g_string_append_printf(text, "=%s", value);
    g_string_append_printf(text, " %s", nilo_unit_get_name((NiloUnit)reading->value.unit));
    if ((reading->flags & NILO_READING_METER_TIME) != 0) {
        g_autofree char *at = NULL;

        taken = g_date_time_new_from_unix_utc(reading->taken_us / G_USEC_PER_SEC);
        at = g_date_time_format_iso8601(taken);
        g_string_append_printf(text, " at %s", at);
    }
    g_string_append_c(text, '\n');
}

static char *
to_text(const NiloReport *report)
{
    GString *text = g_string_new(NULL);
    gsize n;
    const NiloReading *readings = nilo_report_get_readings(report, &n);
    const NiloFact *facts;

    for (gsize i = 0; i < n; i++)
        append_reading(text, &readings[i]);
    facts = nilo_report_get_facts(report, &n);
    for (gsize i = 0; i < n; i++)
        g_string_append_printf(text, "%s: %s\n", facts[i].key, facts[i].text);
    return g_string_free(text, FALSE);
}

static void
test_records(gconstpointer data)
{
    const RecordCase *test = data;
    g_autoptr(GPtrArray) telegrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("mbus:12345678.TEC.16.07", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Asia/Shanghai");
    NiloMbusReport report = {.builder = builder,
                             .main_volume = nilo_register_of(NILO_QUANTITY_VOLUME),
                             .zone = zone,
                             .with_history = TRUE};
    g_autoptr(NiloReport) done = NULL;
    g_autofree char *told = NULL;

    g_ptr_array_add(telegrams, build_telegram(test->records, (guint8)test->status));
    g_assert_cmpuint(nilo_mbus_report_fill(&report, telegrams), ==, NILO_OUTCOME_OK);
    done = nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
    told = to_text(done);
    g_assert_cmpstr(told, ==, test->told);
    g_assert_cmpuint(nilo_report_get_undecoded(done), ==, test->undecoded);
}

/* a value of the past is not told in an ordinary round, and facts only when they changed */
static void
test_ordinary_round(void)
{
    g_autoptr(GPtrArray) telegrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("mbus:12345678.TEC.16.07", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    NiloMbusReport report = {.builder = builder,
                             .main_volume = nilo_register_of(NILO_QUANTITY_VOLUME)};
    static const char *const expected[] = {"volume=12.565 m3\nfabrication no: 02345678\n",
                                           "volume=12.565 m3\n"};

    g_ptr_array_add(telegrams,
                    build_telegram("0C 78 78 56 34 02 0C 13 65 25 01 00 4C 13 00 00 00 00", 0));
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autoptr(NiloReport) done = NULL;
        g_autofree char *told = NULL;

        nilo_mbus_report_fill(&report, telegrams);
        done = nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
        told = to_text(done);
        g_assert_cmpstr(told, ==, expected[i]);
    }
}

static void
test_main_volume(void)
{
    g_autoptr(GPtrArray) telegrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("mbus:12345678.TEC.16.07", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    NiloMbusReport report = {.builder = builder};
    g_autoptr(NiloReport) done = NULL;
    g_autofree char *told = NULL;

    g_assert_true(nilo_register_from_text("volume/subunit=1", &report.main_volume, NULL));
    g_ptr_array_add(telegrams, build_telegram("01 13 05 81 40 13 07", 0));
    nilo_mbus_report_fill(&report, telegrams);
    done = nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
    told = to_text(done);
    g_assert_cmpstr(told, ==, "volume/subunit=1=0.005 m3\nvolume=0.007 m3\n");
}

/* the hour that comes twice: the summer time bit tells which */
static void
test_double_hour(void)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Berlin");
    NiloMbusTime time = {.year = 2026, .month = 10, .day = 25, .hour = 2, .minute = 30};

    g_assert_cmpint(nilo_mbus_report_to_utc_us(&time, zone) / G_USEC_PER_SEC, ==, 1792891800);
    time.is_summer_time = true;
    g_assert_cmpint(nilo_mbus_report_to_utc_us(&time, zone) / G_USEC_PER_SEC, ==, 1792888200);
}

/* --- refusals ----------------------------------------------------------------------------------
 */

typedef struct {
    const char *path;
    const char *hex;
    NiloError code;
} RefusalCase;

static const RefusalCase refusal_cases[] = {
    {"/mbus/decode/refuse/nothing", "", NILO_ERROR_BAD_FRAME},
    {"/mbus/decode/refuse/noise", "00 01 02", NILO_ERROR_BAD_FRAME},
    {"/mbus/decode/refuse/checksum", "68 04 04 68 08 05 70 08 86 16", NILO_ERROR_BAD_CHECKSUM},
    {"/mbus/decode/refuse/ack", "E5", NILO_ERROR_NOT_SUPPORTED},
    {"/mbus/decode/refuse/request", "10 5B 05 60 16", NILO_ERROR_NOT_SUPPORTED},
};

static void
test_refusal(gconstpointer data)
{
    const RefusalCase *test = data;
    g_autoptr(GByteArray) bytes = from_hex(test->hex);
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("mbus:any", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    g_autoptr(GError) error = NULL;

    g_assert_false(nilo_driver_decode(driver, bytes->data, bytes->len, builder, &error));
    g_assert_error(error, NILO_ERROR, (gint)test->code);
}

/* --- recorded ----------------------------------------------------------------------------------
 */

typedef struct {
    guint frames;
    guint refused;
    gsize readings;
    gsize facts;
    guint undecoded;
} Counts;

static void
decode_file(const char *path, Counts *counts)
{
    g_autofree char *hex = NULL;
    g_autoptr(GByteArray) bytes = NULL;
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("mbus:any", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    g_autoptr(NiloReport) report = NULL;
    gsize n;

    g_assert_true(g_file_get_contents(path, &hex, NULL, NULL));
    bytes = from_hex(hex);
    counts->frames++;
    if (!nilo_driver_decode(driver, bytes->data, bytes->len, builder, NULL))
        counts->refused++;
    report = nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
    nilo_report_get_readings(report, &n);
    counts->readings += n;
    nilo_report_get_facts(report, &n);
    counts->facts += n;
    counts->undecoded += nilo_report_get_undecoded(report);
}

static void
test_recorded(gconstpointer data)
{
    const char *corpus = g_getenv("NILO_CORPUS_DIR");
    g_autofree char *folder = NULL;
    g_autoptr(GDir) dir = NULL;
    Counts counts = {0};
    const char *name;

    if (corpus == NULL) {
        g_test_skip("NILO_CORPUS_DIR is not set");
        return;
    }
    folder = g_build_filename(corpus, "mbus", data, NULL);
    dir = g_dir_open(folder, 0, NULL);
    if (dir == NULL) {
        g_test_skip("no recorded frames there");
        return;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_str_has_suffix(name, ".hex"))
            decode_file(path, &counts);
    }
    g_test_message("%s: %u frames, %u refused, %" G_GSIZE_FORMAT " readings, %" G_GSIZE_FORMAT
                   " facts, %u undecoded",
                   (const char *)data, counts.frames, counts.refused, counts.readings, counts.facts,
                   counts.undecoded);
    g_assert_cmpuint(counts.frames, >, 0);
}

/* --- profiles ----------------------------------------------------------------------------------
 */

static void
check_vector(const NiloMbusProfile *profile, const NiloMbusVector *vector)
{
    g_autoptr(GPtrArray) telegrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("mbus:any", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    NiloMbusReport report = {.builder = builder,
                             .profile = profile,
                             .main_volume = profile->main_volume,
                             .with_history = TRUE};
    g_autoptr(NiloReport) done = NULL;
    g_autofree char *told = NULL;

    g_ptr_array_add(telegrams, g_bytes_ref(vector->frame));
    g_assert_cmpuint(nilo_mbus_report_fill(&report, telegrams), ==, NILO_OUTCOME_OK);
    done = nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
    told = to_text(done);
    for (guint i = 0; vector->readings[i] != NULL; i++) {
        g_autofree char *line = g_strconcat(vector->readings[i], "\n", NULL);

        g_assert_nonnull(strstr(told, line));
    }
}

static void
test_profiles(void)
{
    g_auto(GStrv) names = nilo_mbus_profile_list();

    g_assert_cmpuint(g_strv_length(names), >=, 8);
    for (guint i = 0; names[i] != NULL; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NiloMbusProfile) profile = nilo_mbus_profile_find(names[i], &error);

        g_assert_no_error(error);
        for (guint k = 0; k < profile->vectors->len; k++)
            check_vector(profile, g_ptr_array_index(profile->vectors, k));
    }
}

typedef struct {
    const char *path;
    const char *text;
    const char *message;
} ProfileCase;

static const ProfileCase profile_cases[] = {
    {"/mbus/profile/refuse/group", "[lnik]\nreset=auto\n", "profile x: no group is called lnik"},
    {"/mbus/profile/refuse/key", "[link]\nrest=auto\n", "profile x: [link] has no key rest"},
    {"/mbus/profile/refuse/word", "[link]\nreset=sometimes\n",
     "profile x: [link] reset: found \"sometimes\", expected auto, always, never"},
    {"/mbus/profile/refuse/range", "[link]\ntelegrams-max=0\n",
     "profile x: [link] telegrams-max: found \"0\", expected a number from 1 to 250"},
    {"/mbus/profile/refuse/hex", "[valve]\nopen=01 F\n",
     "profile x: [valve] open: found \"01 F\", expected bytes in hexadecimal"},
    {"/mbus/profile/refuse/half-a-valve", "[valve]\nopen=01\n",
     "profile x: [valve] needs open, close and state together"},
    {"/mbus/profile/refuse/byte", "[status]\ntamper=20 40\n",
     "profile x: [status] tamper: found \"20 40\", expected bytes in hexadecimal"},
    {"/mbus/profile/refuse/block", "[block]\nsum=yes\n", "profile x: [block] has no key sum"},
    {"/mbus/profile/refuse/log-key", "[log a]\napp=30\n", "profile x: [log a] has no key app"},
    {"/mbus/profile/refuse/log-when", "[log a]\nread=never\n",
     "profile x: [log a] read: found \"never\", expected history, gap, daily"},
    {"/mbus/profile/refuse/log-without-application", "[log a]\nread=gap\n",
     "profile x: [log a] needs application"},
    {"/mbus/profile/refuse/event-without-name", "[log a]\nevents=1 started; 2\n",
     "profile x: [log a] events: found \"1 started; 2\", expected codes and their names, like \"1 "
     "started; 8 magnet\""},
    {"/mbus/profile/refuse/half-a-vector", "[vector a]\nhex=E5\n",
     "profile x: [vector a] needs hex and readings"},
};

static void
test_bad_profile(gconstpointer data)
{
    const ProfileCase *test = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_mbus_profile_parse("x", test->text, strlen(test->text), &error));
    g_assert_nonnull(error);
    g_assert_cmpstr(error->message, ==, test->message);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(record_cases); i++)
        g_test_add_data_func(record_cases[i].path, &record_cases[i], test_records);
    g_test_add_func("/mbus/decode/ordinary-round", test_ordinary_round);
    g_test_add_func("/mbus/decode/main-volume", test_main_volume);
    g_test_add_func("/mbus/decode/double-hour", test_double_hour);
    for (guint i = 0; i < G_N_ELEMENTS(refusal_cases); i++)
        g_test_add_data_func(refusal_cases[i].path, &refusal_cases[i], test_refusal);
    g_test_add_data_func("/mbus/decode/recorded/frames", "frames", test_recorded);
    g_test_add_data_func("/mbus/decode/recorded/multi", "multi", test_recorded);
    g_test_add_data_func("/mbus/decode/recorded/peers", "peers", test_recorded);
    g_test_add_data_func("/mbus/decode/recorded/errors", "errors", test_recorded);
    g_test_add_func("/mbus/profile/all", test_profiles);
    for (guint i = 0; i < G_N_ELEMENTS(profile_cases); i++)
        g_test_add_data_func(profile_cases[i].path, &profile_cases[i], test_bad_profile);
    return g_test_run();
}
