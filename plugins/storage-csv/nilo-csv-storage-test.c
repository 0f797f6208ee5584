/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-csv-storage.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "nilo-csv-rows.h"

#define EPOCH G_GUINT64_CONSTANT(0x00c0ffee)
#define KEY   "0000000000c0ffee-"

/* 2026-11-22 12:00:00 UTC */
#define NOON_US G_GINT64_CONSTANT(1795348800000000)
#define DAY_US  ((gint64)24 * 3600 * G_USEC_PER_SEC)

typedef struct {
    char *folder;
    NiloFakeClock *clock;
    NiloStorage *storage;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("nilo-csv-XXXXXX", NULL);
    fixture->clock = nilo_fake_clock_new(NOON_US);
    fixture->storage = g_object_new(NILO_TYPE_CSV_STORAGE, "folder", fixture->folder, "keep-days",
                                    2, "clock", fixture->clock, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDir) files = g_dir_open(fixture->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(files)) != NULL) {
        g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->folder);
    g_clear_object(&fixture->storage);
    g_clear_object(&fixture->clock);
}

static char *
path_of(Fixture *fixture, const char *day)
{
    g_autofree char *name = g_strdup_printf("readings-%s.csv", day);

    return g_build_filename(fixture->folder, name, NULL);
}

static char *
content_of(Fixture *fixture, const char *day)
{
    g_autofree char *path = path_of(fixture, day);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void
assert_content(Fixture *fixture, const char *day, const char *rows)
{
    g_autofree char *text = content_of(fixture, day);
    g_autofree char *expected = g_strconcat(NILO_CSV_HEADER, rows, NULL);

    g_assert_cmpstr(text, ==, expected);
}

static void
set_content(Fixture *fixture, const char *day, const char *text)
{
    g_autofree char *path = path_of(fixture, day);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* a report of @n_readings volumes: 1 l, 2 l, ... */
static void
add_report(GPtrArray *reports, const char *id, gint64 taken_us, guint n_readings,
           NiloOutcome outcome)
{
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new(id, NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);

    nilo_report_builder_set_time(builder, taken_us, 0, NILO_CLOCK_SYNCHRONISED);
    for (guint i = 1; i <= n_readings; i++) {
        const NiloRegisterParts parts = {.quantity = NILO_QUANTITY_VOLUME, .storage = i - 1};
        const NiloValue value = {i, -3, NILO_UNIT_CUBIC_METRE};
        NiloRegister reg;

        g_assert_true(nilo_register_pack(&parts, &reg));
        nilo_report_builder_add(builder, reg, &value, 0);
    }
    g_ptr_array_add(reports, nilo_report_builder_finish(builder, outcome));
}

static GPtrArray *
new_reports(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
}

/* one report with two readings */
static NiloBatch *
new_batch(guint64 epoch, guint64 sequence)
{
    g_autoptr(GPtrArray) reports = new_reports();

    add_report(reports, "x:1", NOON_US, 2, NILO_OUTCOME_OK);
    return nilo_batch_new(epoch, sequence, reports, NULL);
}

#define ROW_1(sequence) "2026-11-22T12:00:00Z,x:1,volume,0.001,m3,,ok," KEY sequence "\n"
#define ROW_2(sequence) "2026-11-22T12:00:00Z,x:1,volume/storage=1,0.002,m3,,ok," KEY sequence "\n"
#define ROWS(sequence)  ROW_1(sequence) ROW_2(sequence)

static void
done_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    GAsyncResult **done = data;

    *done = g_object_ref(result);
}

static gboolean
store_with(Fixture *fixture, NiloBatch *batch, GCancellable *cancellable, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    nilo_storage_store_async(fixture->storage, batch, cancellable, done_cb, &result);
    g_assert_null(result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    return nilo_storage_store_finish(fixture->storage, result, error);
}

static void
store(Fixture *fixture, guint64 epoch, guint64 sequence)
{
    g_autoptr(NiloBatch) batch = new_batch(epoch, sequence);
    g_autoptr(GError) error = NULL;

    g_assert_true(store_with(fixture, batch, NULL, &error));
    g_assert_no_error(error);
}

static void
test_header_once(Fixture *fixture, gconstpointer data)
{
    store(fixture, EPOCH, 1);
    store(fixture, EPOCH, 2);
    assert_content(fixture, "2026-11-22", ROWS("1") ROWS("2"));
}

static void
test_failed_attempt(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) reports = new_reports();
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(GError) error = NULL;

    add_report(reports, "x:1", NOON_US + 250000, 0, NILO_OUTCOME_SILENT);
    batch = nilo_batch_new(EPOCH, 1, reports, NULL);
    g_assert_true(store_with(fixture, batch, NULL, &error));
    assert_content(fixture, "2026-11-22", "2026-11-22T12:00:00.250000Z,x:1,,,,,silent," KEY "1\n");
}

static void
test_flags(Fixture *fixture, gconstpointer data)
{
    const NiloValue value = {-4, -2, NILO_UNIT_CUBIC_METRE_PER_HOUR};
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new("mbus:12345678.TEC.16.07", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    g_autoptr(GPtrArray) reports = new_reports();
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(GError) error = NULL;

    nilo_report_builder_set_time(builder, NOON_US, 0, NILO_CLOCK_UNKNOWN);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME_FLOW), &value,
                            NILO_READING_IMPLAUSIBLE | NILO_READING_CONFIRMED);
    nilo_report_builder_add_at(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value,
                               NILO_READING_INVALID, NOON_US - 30 * DAY_US);
    g_ptr_array_add(reports, nilo_report_builder_finish(builder, NILO_OUTCOME_INCOMPLETE));
    batch = nilo_batch_new(EPOCH, 1, reports, NULL);
    g_assert_true(store_with(fixture, batch, NULL, &error));
    /* history a month old stands in the file of the day it was read */
    assert_content(fixture, "2026-11-22",
                   "2026-11-22T12:00:00Z,mbus:12345678.TEC.16.07,volume-flow,-0.04,m3/h,"
                   "implausible confirmed clock-unknown,incomplete," KEY "1\n"
                   "2026-10-23T12:00:00Z,mbus:12345678.TEC.16.07,volume,,m3/h,"
                   "invalid meter-time clock-unknown,incomplete," KEY "1\n");
}

static void
test_file_of_its_day(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) reports = new_reports();
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(GError) error = NULL;

    add_report(reports, "x:1", NOON_US, 1, NILO_OUTCOME_OK);
    add_report(reports, "x:2", NOON_US - DAY_US, 0, NILO_OUTCOME_NOISE);
    batch = nilo_batch_new(EPOCH, 1, reports, NULL);
    for (guint i = 0; i < 2; i++) {
        g_assert_true(store_with(fixture, batch, NULL, &error));
        assert_content(fixture, "2026-11-22", ROW_1("1"));
        assert_content(fixture, "2026-11-21", "2026-11-21T12:00:00Z,x:2,,,,,noise," KEY "1\n");
    }
}

static void
test_same_batch_again(Fixture *fixture, gconstpointer data)
{
    store(fixture, EPOCH, 1);
    store(fixture, EPOCH, 2);
    store(fixture, EPOCH, 1);
    store(fixture, EPOCH, 2);
    store(fixture, EPOCH, 3);
    assert_content(fixture, "2026-11-22", ROWS("1") ROWS("2") ROWS("3"));
}

static void
test_new_epoch(Fixture *fixture, gconstpointer data)
{
    store(fixture, EPOCH + 1, 7);
    store(fixture, EPOCH, 1);
    assert_content(
        fixture, "2026-11-22",
        "2026-11-22T12:00:00Z,x:1,volume,0.001,m3,,ok,0000000000c0ffef-7\n"
        "2026-11-22T12:00:00Z,x:1,volume/storage=1,0.002,m3,,ok,0000000000c0ffef-7\n" ROWS("1"));
}

static void
test_batch_without_key(Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = NULL;

    store(fixture, EPOCH, 0);
    store(fixture, EPOCH, 0);
    text = content_of(fixture, "2026-11-22");
    g_assert_cmpuint(strlen(text), ==,
                     strlen(NILO_CSV_HEADER ROWS("1") ROWS("1")) - 4 * strlen(KEY "1"));
}

/* the power is cut after every byte of two batches; every seventh when it has to be quick: each
 * case waits for the disk */
static void
test_torn_anywhere(Fixture *fixture, gconstpointer data)
{
    static const char before[] = NILO_CSV_HEADER ROWS("1");
    static const char after[] = NILO_CSV_HEADER ROWS("1") ROWS("2");

    for (gsize cut = 0; cut <= strlen(after); cut += g_test_thorough() ? 1 : 7) {
        g_autofree char *torn = g_strndup(after, cut);

        set_content(fixture, "2026-11-22", torn);
        if (cut < strlen(before))
            store(fixture, EPOCH, 1);
        store(fixture, EPOCH, 2);
        assert_content(fixture, "2026-11-22", ROWS("1") ROWS("2"));
    }
}

/* more rows of one batch than the first look at the end of the file shows */
static void
test_torn_large_batch(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) reports = new_reports();
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *whole = NULL;
    g_autofree char *torn = NULL;
    g_autofree char *healed = NULL;

    add_report(reports, "x:1", NOON_US, 2000, NILO_OUTCOME_OK);
    batch = nilo_batch_new(EPOCH, 2, reports, NULL);
    store(fixture, EPOCH, 1);
    g_assert_true(store_with(fixture, batch, NULL, &error));
    whole = content_of(fixture, "2026-11-22");
    torn = g_strndup(whole, strlen(whole) * 2 / 3);
    set_content(fixture, "2026-11-22", torn);
    g_assert_true(store_with(fixture, batch, NULL, &error));
    healed = content_of(fixture, "2026-11-22");
    g_assert_cmpstr(healed, ==, whole);
}

static void
test_old_files_go(Fixture *fixture, gconstpointer data)
{
    static const char *const gone[] = {"2026-11-19", "2025-12-31"};
    static const char *const stay[] = {"2026-11-20", "2026-11-21", "2026-11-22", "2026-1-01",
                                       "notes"};

    for (gsize i = 0; i < G_N_ELEMENTS(gone); i++)
        set_content(fixture, gone[i], "");
    for (gsize i = 0; i < G_N_ELEMENTS(stay); i++)
        set_content(fixture, stay[i], "");
    store(fixture, EPOCH, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(gone); i++) {
        g_autofree char *text = content_of(fixture, gone[i]);

        g_assert_null(text);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(stay); i++) {
        g_autofree char *text = content_of(fixture, stay[i]);

        g_assert_nonnull(text);
    }
}

static void
test_unset_clock_deletes_nothing(Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = NULL;

    set_content(fixture, "2020-01-01", "");
    nilo_fake_clock_set_quality(fixture->clock, NILO_CLOCK_UNKNOWN);
    store(fixture, EPOCH, 1);
    text = content_of(fixture, "2020-01-01");
    g_assert_nonnull(text);
}

static void
test_cannot_write(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = path_of(fixture, "2026-11-22");
    g_autoptr(NiloBatch) batch = new_batch(EPOCH, 1);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    g_assert_false(store_with(fixture, batch, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, path));
}

/* room for one row and a half of the second batch, then for all */
static void
test_no_room(Fixture *fixture, gconstpointer data)
{
    const struct rlimit small = {strlen(NILO_CSV_HEADER ROWS("1") ROW_1("2")) + 10, RLIM_INFINITY};
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    g_autoptr(NiloBatch) batch = new_batch(EPOCH, 2);
    g_autoptr(GError) error = NULL;

    store(fixture, EPOCH, 1);
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    g_assert_false(store_with(fixture, batch, NULL, &error));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &unlimited), ==, 0);
    g_assert_error(error, NILO_ERROR, NILO_ERROR_FAILED);
    assert_content(fixture, "2026-11-22", ROWS("1"));
    store(fixture, EPOCH, 2);
    assert_content(fixture, "2026-11-22", ROWS("1") ROWS("2"));
}

static void
test_no_folder(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloBatch) batch = new_batch(EPOCH, 1);
    g_autoptr(GError) error = NULL;

    g_clear_object(&fixture->storage);
    fixture->storage = g_object_new(NILO_TYPE_CSV_STORAGE, "folder", "csv", NULL);
    g_assert_false(store_with(fixture, batch, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
}

static void
test_cancelled(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloBatch) batch = new_batch(EPOCH, 1);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;

    g_cancellable_cancel(cancellable);
    g_assert_false(store_with(fixture, batch, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_no_reports(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloBatch) batch = nilo_batch_new(EPOCH, 1, NULL, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_true(store_with(fixture, batch, NULL, &error));
    text = content_of(fixture, "2026-11-22");
    g_assert_null(text);
}

/* nothing is quoted, so nothing may need it */
static void
test_units_need_no_quotes(void)
{
    for (guint i = 0; i <= G_MAXUINT8; i++) {
        const char *unit = nilo_unit_get_name((NiloUnit)i);

        g_assert_true(unit == NULL || strpbrk(unit, ",\"\r\n") == NULL);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/csv/header-once", test_header_once},
        {"/csv/failed-attempt", test_failed_attempt},
        {"/csv/flags", test_flags},
        {"/csv/file-of-its-day", test_file_of_its_day},
        {"/csv/same-batch-again", test_same_batch_again},
        {"/csv/new-epoch", test_new_epoch},
        {"/csv/batch-without-key", test_batch_without_key},
        {"/csv/torn-anywhere", test_torn_anywhere},
        {"/csv/torn-large-batch", test_torn_large_batch},
        {"/csv/old-files-go", test_old_files_go},
        {"/csv/unset-clock-deletes-nothing", test_unset_clock_deletes_nothing},
        {"/csv/cannot-write", test_cannot_write},
        {"/csv/no-room", test_no_room},
        {"/csv/no-folder", test_no_folder},
        {"/csv/cancelled", test_cancelled},
        {"/csv/no-reports", test_no_reports},
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    g_test_add_func("/csv/units-need-no-quotes", test_units_need_no_quotes);
    return g_test_run();
}
