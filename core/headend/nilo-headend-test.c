/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend.h"

#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOUR_US ((gint64)3600 * G_USEC_PER_SEC)

typedef struct {
    char *folder;
    char *file;
    NiloHeadend *headend;
} Fixture;

static gint64
moment(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

    return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static gint64
day_of(const char *text)
{
    gint64 day = 0;

    g_assert_true(nilo_headend_day_from_text(text, &day, NULL));
    return day;
}

/* an asynchronous call, waited for */
static void
result_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GAsyncResult **slot = user_data;

    *slot = g_object_ref(result);
}

static GAsyncResult *
wait_for(GAsyncResult **slot)
{
    while (*slot == NULL)
        g_main_context_iteration(NULL, TRUE);
    return *slot;
}

static gboolean
open_headend(NiloHeadend *headend, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    nilo_headend_open_async(headend, NULL, result_cb, &result);
    return nilo_headend_open_finish(headend, wait_for(&result), error);
}

static gboolean
store(NiloHeadend *headend, NiloBatch *batch, NiloStoreCounts *counts, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    nilo_headend_store_batch_async(headend, batch, NULL, result_cb, &result);
    return nilo_headend_store_batch_finish(headend, wait_for(&result), counts, error);
}

static GArray *
history(NiloHeadend *headend, const char *meter, guint limit, guint offset)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, NULL);
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    GArray *list;

    nilo_headend_get_history_async(headend, id, nilo_register_of(NILO_QUANTITY_VOLUME), 0,
                                   G_MAXINT64, limit, offset, NULL, result_cb, &result);
    list = nilo_headend_get_history_finish(headend, wait_for(&result), &error);
    g_assert_no_error(error);
    return list;
}

static GArray *
latest(NiloHeadend *headend, const char *const *meters, guint limit, guint offset)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    GArray *list;

    nilo_headend_get_latest_async(headend, meters, limit, offset, NULL, result_cb, &result);
    list = nilo_headend_get_latest_finish(headend, wait_for(&result), &error);
    g_assert_no_error(error);
    return list;
}

static GArray *
daily(NiloHeadend *headend, const char *meter, const char *from, const char *to)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, NULL);
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    GArray *list;

    nilo_headend_get_daily_async(headend, id, nilo_register_of(NILO_QUANTITY_VOLUME), day_of(from),
                                 day_of(to), NULL, result_cb, &result);
    list = nilo_headend_get_daily_finish(headend, wait_for(&result), &error);
    g_assert_no_error(error);
    return list;
}

static GArray *
misses(NiloHeadend *headend, const char *meter)
{
    g_autoptr(NiloMeterId) id = meter != NULL ? nilo_meter_id_new(meter, NULL) : NULL;
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    GArray *list;

    nilo_headend_get_misses_async(headend, id, 0, G_MAXINT64, 100, 0, NULL, result_cb, &result);
    list = nilo_headend_get_misses_finish(headend, wait_for(&result), &error);
    g_assert_no_error(error);
    return list;
}

static GArray *
corrections(NiloHeadend *headend, const char *meter)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, NULL);
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    GArray *list;

    nilo_headend_get_corrections_async(headend, id, 0, G_MAXINT64, 100, 0, NULL, result_cb,
                                       &result);
    list = nilo_headend_get_corrections_finish(headend, wait_for(&result), &error);
    g_assert_no_error(error);
    return list;
}

static gboolean
correct(NiloHeadend *headend, const char *meter, gint64 taken_us, gint64 litres, const char *author,
        const char *reason, GError **error)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, NULL);
    g_autoptr(GAsyncResult) result = NULL;
    const NiloValue value = {litres, -3, NILO_UNIT_CUBIC_METRE};

    nilo_headend_correct_async(headend, id, nilo_register_of(NILO_QUANTITY_VOLUME), taken_us,
                               &value, author, reason, NULL, result_cb, &result);
    return nilo_headend_correct_finish(headend, wait_for(&result), error);
}

static NiloReport *
make_report(const char *meter, gint64 taken_us, NiloOutcome outcome, const NiloValue *value,
            guint flags)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);

    nilo_report_builder_set_time(builder, taken_us, taken_us, NILO_CLOCK_SYNCHRONISED);
    nilo_report_builder_set_exchange(builder, 2, 40);
    if (outcome == NILO_OUTCOME_WRONG_METER)
        nilo_report_builder_set_found(builder, "cjt188:other \"meter\"");
    if (value != NULL)
        nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), value, flags);
    return nilo_report_builder_finish(builder, outcome);
}

/* takes the reports */
static NiloBatch *
make_batch(guint64 sequence, NiloReport *first, ...)
{
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    va_list list;

    va_start(list, first);
    for (NiloReport *report = first; report != NULL; report = va_arg(list, NiloReport *))
        g_ptr_array_add(reports, report);
    va_end(list);
    return nilo_batch_new(0xfedcba9876543210u, sequence, reports, NULL);
}

static NiloReport *
litres_at(const char *meter, const char *time, gint64 litres)
{
    const NiloValue value = {litres, -3, NILO_UNIT_CUBIC_METRE};

    return make_report(meter, moment(time), NILO_OUTCOME_OK, &value, 0);
}

static NiloReport *
miss_at(const char *meter, const char *time, NiloOutcome outcome)
{
    return make_report(meter, moment(time), outcome, NULL, 0);
}

/* stores and expects it to work */
static NiloStoreCounts
put(Fixture *f, guint64 sequence, NiloReport *report)
{
    g_autoptr(NiloBatch) batch = make_batch(sequence, report, NULL);
    g_autoptr(GError) error = NULL;
    NiloStoreCounts counts = {0};

    store(f->headend, batch, &counts, &error);
    g_assert_no_error(error);
    return counts;
}

static void
set_up(Fixture *f, gconstpointer data)
{
    const char *zone = data;
    g_autoptr(GError) error = NULL;

    f->folder = g_dir_make_tmp("nilo-headend-XXXXXX", NULL);
    f->file = g_build_filename(f->folder, "a=b;c %41.db", NULL);
    f->headend = nilo_headend_new(f->file, zone != NULL ? zone : "Asia/Shanghai", &error);
    g_assert_no_error(error);
}

static void
remove_file(const char *file, const char *ending)
{
    g_autofree char *name = g_strconcat(file, ending, NULL);

    g_unlink(name);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_clear_object(&f->headend);
    remove_file(f->file, "");
    remove_file(f->file, "-wal");
    remove_file(f->file, "-shm");
    g_assert_cmpint(g_rmdir(f->folder), ==, 0);
    g_free(f->file);
    g_free(f->folder);
}

static void
reopen(Fixture *f, const char *zone)
{
    g_clear_object(&f->headend);
    f->headend = nilo_headend_new(f->file, zone, NULL);
}

static const NiloStoredReading *
stored_at(GArray *list, guint index)
{
    g_assert_cmpuint(index, <, list->len);
    return &g_array_index(list, NiloStoredReading, index);
}

static void
test_history(Fixture *f, gconstpointer data)
{
    static const struct {
        NiloValue value;
        guint flags;
        gboolean has_volume;
        gint64 volume_ml;
    } rows[] = {
        {{12565, -3, NILO_UNIT_CUBIC_METRE}, 0, TRUE, 12565000},
        {{5, 0, NILO_UNIT_CUBIC_METRE}, NILO_READING_CONFIRMED, TRUE, 5000000},
        {{5000000000, -3, NILO_UNIT_CUBIC_METRE}, 0, TRUE, 5000000000000},
        {{G_MAXINT64, 0, NILO_UNIT_WATT_HOUR}, 0, FALSE, 0},
        {{G_MININT64, -30, NILO_UNIT_CUBIC_METRE}, 0, TRUE, -1},
        {{0, 0, NILO_UNIT_CUBIC_METRE}, NILO_READING_INVALID, FALSE, 0},
        {{-7, 30, NILO_UNIT_CELSIUS}, NILO_READING_IMPLAUSIBLE, FALSE, 0},
    };
    g_autoptr(GArray) list = NULL;
    g_autoptr(GArray) page = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        put(f, i + 1,
            make_report("cjt188:1", 5000000000 + (gint64)i, NILO_OUTCOME_OK, &rows[i].value,
                        rows[i].flags));
    list = history(f->headend, "cjt188:1", 100, 0);
    g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(rows));
    for (guint i = 0; i < list->len; i++) {
        const NiloStoredReading *stored = stored_at(list, i);

        g_assert_cmpstr(nilo_meter_id_get_text(stored->meter), ==, "cjt188:1");
        g_assert_cmpint(stored->reading.reg, ==, nilo_register_of(NILO_QUANTITY_VOLUME));
        g_assert_cmpint(stored->reading.taken_us, ==, 5000000000 + (gint64)i);
        g_assert_cmpint(stored->reading.value.mantissa, ==, rows[i].value.mantissa);
        g_assert_cmpint(stored->reading.value.exponent, ==, rows[i].value.exponent);
        g_assert_cmpint(stored->reading.value.unit, ==, rows[i].value.unit);
        g_assert_cmpuint(stored->reading.flags, ==, rows[i].flags);
        g_assert_cmpint(stored->has_volume, ==, rows[i].has_volume);
        g_assert_cmpint(stored->volume_ml, ==, rows[i].volume_ml);
    }
    page = history(f->headend, "cjt188:1", 2, 3);
    g_assert_cmpuint(page->len, ==, 2);
    g_assert_cmpint(stored_at(page, 0)->reading.value.mantissa, ==, G_MAXINT64);
}

static void
test_history_unknown(Fixture *f, gconstpointer data)
{
    g_autoptr(GArray) list = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(open_headend(f->headend, &error));
    list = history(f->headend, "cjt188:404", 100, 0);
    g_assert_cmpuint(list->len, ==, 0);
}

static void
test_latest(Fixture *f, gconstpointer data)
{
    static const char *const two[] = {"cjt188:2", "cjt188:404", NULL};
    g_autoptr(GArray) all = NULL;
    g_autoptr(GArray) some = NULL;
    g_autoptr(GArray) page = NULL;

    put(f, 1, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10));
    put(f, 2, litres_at("cjt188:2", "2026-11-22T02:00:00Z", 20));
    /* the backlog comes late: it is no news */
    put(f, 3, litres_at("cjt188:2", "2026-11-22T01:00:00Z", 15));
    put(f, 4, litres_at("cjt188:1", "2026-11-22T03:00:00Z", 30));
    all = latest(f->headend, NULL, 100, 0);
    g_assert_cmpuint(all->len, ==, 2);
    g_assert_cmpint(stored_at(all, 0)->reading.value.mantissa, ==, 30);
    g_assert_cmpint(stored_at(all, 1)->reading.value.mantissa, ==, 20);
    some = latest(f->headend, two, 0, 0);
    g_assert_cmpuint(some->len, ==, 1);
    g_assert_cmpstr(nilo_meter_id_get_text(stored_at(some, 0)->meter), ==, "cjt188:2");
    page = latest(f->headend, NULL, 1, 1);
    g_assert_cmpuint(page->len, ==, 1);
    g_assert_cmpint(stored_at(page, 0)->volume_ml, ==, 20000);
}

static void
test_twice(Fixture *f, gconstpointer data)
{
    g_autoptr(NiloBatch) batch =
        make_batch(7, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10),
                   miss_at("cjt188:2", "2026-11-22T01:00:00Z", NILO_OUTCOME_SILENT), NULL);
    g_autoptr(GArray) list = NULL;
    g_autoptr(GArray) failed = NULL;
    NiloStoreCounts counts = {0};

    g_assert_true(store(f->headend, batch, &counts, NULL));
    g_assert_cmpuint(counts.stored, ==, 1);
    g_assert_cmpuint(counts.misses, ==, 1);
    g_assert_cmpuint(counts.known, ==, 0);
    for (gint i = 0; i < 2; i++) {
        if (i == 1)
            reopen(f, "Asia/Shanghai");
        g_assert_true(store(f->headend, batch, &counts, NULL));
        g_assert_cmpuint(counts.known, ==, 1);
        g_assert_cmpuint(counts.stored, ==, 0);
    }
    /* the same reading under another key */
    counts = put(f, 8, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10));
    g_assert_cmpuint(counts.ignored, ==, 1);
    g_assert_cmpuint(counts.conflicts, ==, 0);
    list = history(f->headend, "cjt188:1", 100, 0);
    g_assert_cmpuint(list->len, ==, 1);
    failed = misses(f->headend, NULL);
    g_assert_cmpuint(failed->len, ==, 1);
}

static void
test_no_key(Fixture *f, gconstpointer data)
{
    g_autoptr(NiloBatch) batch =
        make_batch(0, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10), NULL);
    g_autoptr(GError) error = NULL;

    g_assert_false(store(f->headend, batch, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
}

static void
test_empty(Fixture *f, gconstpointer data)
{
    g_autoptr(NiloBatch) batch = make_batch(1, NULL, NULL);
    NiloStoreCounts counts = {0};

    g_assert_true(store(f->headend, batch, &counts, NULL));
    g_assert_cmpuint(counts.known, ==, 0);
    g_assert_true(store(f->headend, batch, &counts, NULL));
    g_assert_cmpuint(counts.known, ==, 1);
}

static void
test_conflict(Fixture *f, gconstpointer data)
{
    g_autoptr(NiloBatch) batch = make_batch(2, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 11),
                                            litres_at("cjt188:2", "2026-11-22T01:00:00Z", 5), NULL);
    g_autoptr(GArray) list = NULL;
    g_autoptr(GArray) noted = NULL;
    g_autoptr(GArray) days = NULL;
    g_autoptr(GArray) now = NULL;
    const NiloCorrection *correction;
    NiloStoreCounts counts = {0};

    put(f, 1, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10));
    g_assert_true(store(f->headend, batch, &counts, NULL));
    g_assert_cmpuint(counts.conflicts, ==, 1);
    g_assert_cmpuint(counts.stored, ==, 1);
    g_assert_cmpuint(counts.ignored, ==, 0);
    list = history(f->headend, "cjt188:1", 100, 0);
    g_assert_cmpuint(list->len, ==, 1);
    g_assert_cmpint(stored_at(list, 0)->reading.value.mantissa, ==, 10);
    noted = corrections(f->headend, "cjt188:1");
    g_assert_cmpuint(noted->len, ==, 1);
    correction = &g_array_index(noted, NiloCorrection, 0);
    g_assert_false(correction->applied);
    g_assert_cmpstr(correction->author, ==, "nilometer");
    g_assert_cmpstr(correction->reason, !=, "");
    g_assert_cmpint(correction->old_value.mantissa, ==, 10);
    g_assert_cmpint(correction->new_value.mantissa, ==, 11);
    /* a refused value leaves no trace elsewhere */
    days = daily(f->headend, "cjt188:1", "2026-11-22", "2026-11-22");
    g_assert_cmpint(g_array_index(days, NiloDailyUse, 0).max_ml, ==, 10000);
    now = latest(f->headend, NULL, 100, 0);
    g_assert_cmpuint(now->len, ==, 2);
    g_assert_cmpint(stored_at(now, 0)->reading.value.mantissa, ==, 10);
}

/* 10 x 10^-3 m3 is 1 x 10^-2 m3, and a remark is no other value; an invalid one is */
static void
test_conflict_or_not(Fixture *f, gconstpointer data)
{
    static const struct {
        NiloValue value;
        guint flags;
        guint conflicts;
    } again[] = {
        {{1, -2, NILO_UNIT_CUBIC_METRE}, 0, 0},
        {{10, -3, NILO_UNIT_CUBIC_METRE}, NILO_READING_CONFIRMED, 0},
        {{10, -3, NILO_UNIT_CUBIC_METRE}, NILO_READING_INVALID, 1},
        {{10, -3, NILO_UNIT_KILOGRAM}, 0, 1},
        {{10, -2, NILO_UNIT_CUBIC_METRE}, 0, 1},
    };

    put(f, 1, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10));
    for (gsize i = 0; i < G_N_ELEMENTS(again); i++) {
        const NiloStoreCounts counts =
            put(f, i + 2,
                make_report("cjt188:1", moment("2026-11-22T01:00:00Z"), NILO_OUTCOME_OK,
                            &again[i].value, again[i].flags));

        g_assert_cmpuint(counts.conflicts, ==, again[i].conflicts);
        g_assert_cmpuint(counts.ignored, ==, 1 - again[i].conflicts);
    }
}

static void
test_correct(Fixture *f, gconstpointer data)
{
    const gint64 taken_us = moment("2026-11-22T02:00:00Z");
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) list = NULL;
    g_autoptr(GArray) noted = NULL;
    g_autoptr(GArray) days = NULL;
    g_autoptr(GArray) now = NULL;
    const NiloDailyUse *use;
    const NiloValue wrong = {90000, -3, NILO_UNIT_CUBIC_METRE};
    NiloStoreCounts counts;

    put(f, 1, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10));
    put(f, 2, make_report("cjt188:1", taken_us, NILO_OUTCOME_OK, &wrong, NILO_READING_IMPLAUSIBLE));
    g_assert_true(
        correct(f->headend, "cjt188:1", taken_us, 12, "li.wei", "dial photographed", &error));
    g_assert_no_error(error);
    g_assert_true(correct(f->headend, "cjt188:1", taken_us, 13, "li.wei", "typing error", &error));
    list = history(f->headend, "cjt188:1", 100, 0);
    g_assert_cmpint(stored_at(list, 1)->volume_ml, ==, 13000);
    g_assert_cmpuint(stored_at(list, 1)->reading.flags, ==, 0);
    now = latest(f->headend, NULL, 10, 0);
    g_assert_cmpint(stored_at(now, 0)->volume_ml, ==, 13000);
    days = daily(f->headend, "cjt188:1", "2026-11-22", "2026-11-22");
    use = &g_array_index(days, NiloDailyUse, 0);
    g_assert_cmpint(use->first_ml, ==, 10000);
    g_assert_cmpint(use->last_ml, ==, 13000);
    g_assert_cmpint(use->max_ml, ==, 13000);
    g_assert_cmpint(use->volume_ml, ==, 3000);
    noted = corrections(f->headend, "cjt188:1");
    g_assert_cmpuint(noted->len, ==, 2);
    g_assert_cmpint(g_array_index(noted, NiloCorrection, 0).old_value.mantissa, ==, 90000);
    g_assert_cmpuint(g_array_index(noted, NiloCorrection, 0).old_flags, ==,
                     NILO_READING_IMPLAUSIBLE);
    g_assert_true(g_array_index(noted, NiloCorrection, 1).applied);
    g_assert_cmpint(g_array_index(noted, NiloCorrection, 1).old_value.mantissa, ==, 12);
    g_assert_cmpstr(g_array_index(noted, NiloCorrection, 1).author, ==, "li.wei");
    g_assert_cmpstr(g_array_index(noted, NiloCorrection, 1).reason, ==, "typing error");
    /* the batch comes again: its key is known, so the corrected value is no conflict */
    counts = put(f, 2, make_report("cjt188:1", taken_us, NILO_OUTCOME_OK, &wrong, 0));
    g_assert_cmpuint(counts.known, ==, 1);
}

static void
test_correct_refused(Fixture *f, gconstpointer data)
{
    const gint64 taken_us = moment("2026-11-22T01:00:00Z");
    static const struct {
        const char *meter;
        gint64 later_us;
        const char *author;
        const char *reason;
        gint code;
    } cases[] = {
        {"cjt188:1", 1, "li.wei", "why", NILO_ERROR_NOT_FOUND},
        {"cjt188:404", 0, "li.wei", "why", NILO_ERROR_NOT_FOUND},
        {"cjt188:1", 0, "", "why", NILO_ERROR_BAD_VALUE},
        {"cjt188:1", 0, "li.wei", "", NILO_ERROR_BAD_VALUE},
    };

    put(f, 1, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) noted = NULL;

        g_assert_false(correct(f->headend, cases[i].meter, taken_us + cases[i].later_us, 1,
                               cases[i].author, cases[i].reason, &error));
        g_assert_error(error, NILO_ERROR, cases[i].code);
        noted = corrections(f->headend, cases[i].meter);
        g_assert_cmpuint(noted->len, ==, 0);
    }
}

static void
test_misses(Fixture *f, gconstpointer data)
{
    g_autoptr(GArray) all = NULL;
    g_autoptr(GArray) one = NULL;
    const NiloMiss *miss;

    put(f, 1, miss_at("cjt188:2", "2026-11-22T01:00:00Z", NILO_OUTCOME_SILENT));
    put(f, 2, miss_at("cjt188:1", "2026-11-22T02:00:00Z", NILO_OUTCOME_WRONG_METER));
    all = misses(f->headend, NULL);
    g_assert_cmpuint(all->len, ==, 2);
    miss = &g_array_index(all, NiloMiss, 0);
    g_assert_cmpstr(nilo_meter_id_get_text(miss->meter), ==, "cjt188:2");
    g_assert_cmpint(miss->outcome, ==, NILO_OUTCOME_SILENT);
    g_assert_cmpstr(miss->found, ==, "");
    one = misses(f->headend, "cjt188:1");
    g_assert_cmpuint(one->len, ==, 1);
    miss = &g_array_index(one, NiloMiss, 0);
    g_assert_cmpint(miss->taken_us, ==, moment("2026-11-22T02:00:00Z"));
    g_assert_cmpint(miss->outcome, ==, NILO_OUTCOME_WRONG_METER);
    g_assert_cmpstr(miss->found, ==, "cjt188:other \"meter\"");
    g_assert_cmpuint(miss->attempts, ==, 2);
}

static void
test_daily(Fixture *f, gconstpointer data)
{
    const NiloValue invalid = {999, 0, NILO_UNIT_CUBIC_METRE};
    g_autoptr(GArray) days = NULL;
    const NiloDailyUse *use;

    /* local days of Shanghai, eight hours ahead; out of order */
    put(f, 1, litres_at("cjt188:1", "2026-11-21T15:59:59Z", 5));  /* 21st, 23:59:59 */
    put(f, 2, litres_at("cjt188:1", "2026-11-22T15:00:00Z", 40)); /* 22nd, 23:00 */
    put(f, 3, litres_at("cjt188:1", "2026-11-21T16:00:00Z", 10)); /* 22nd, 00:00 */
    put(f, 4, litres_at("cjt188:1", "2026-11-22T16:00:00Z", 50)); /* 23rd, 00:00 */
    put(f, 5, litres_at("cjt188:1", "2026-11-24T16:00:00Z", 90)); /* 25th */
    put(f, 6,
        make_report("cjt188:1", moment("2026-11-22T10:00:00Z"), NILO_OUTCOME_OK, &invalid,
                    NILO_READING_IMPLAUSIBLE));
    days = daily(f->headend, "cjt188:1", "2026-11-22", "2026-11-30");
    g_assert_cmpuint(days->len, ==, 3);
    use = &g_array_index(days, NiloDailyUse, 0);
    g_assert_cmpint(use->day, ==, day_of("2026-11-22"));
    g_assert_cmpint(use->first_us, ==, moment("2026-11-21T16:00:00Z"));
    g_assert_cmpint(use->first_ml, ==, 10000);
    g_assert_cmpint(use->last_us, ==, moment("2026-11-22T15:00:00Z"));
    g_assert_cmpint(use->last_ml, ==, 40000);
    g_assert_cmpint(use->min_ml, ==, 10000);
    g_assert_cmpint(use->max_ml, ==, 40000);
    /* the day's use ends with the first reading of the next */
    g_assert_true(use->closed);
    g_assert_cmpint(use->volume_ml, ==, 40000);
    /* the 24th has none, so nobody knows when the 23rd ended */
    use = &g_array_index(days, NiloDailyUse, 1);
    g_assert_false(use->closed);
    g_assert_cmpint(use->volume_ml, ==, 0);
    g_clear_pointer(&days, g_array_unref);
    days = daily(f->headend, "cjt188:1", "2026-11-21", "2026-11-21");
    g_assert_cmpuint(days->len, ==, 1);
    g_assert_true(g_array_index(days, NiloDailyUse, 0).closed);
    g_assert_cmpint(g_array_index(days, NiloDailyUse, 0).volume_ml, ==, 5000);
}

/* a reading each hour of the days on which the clocks change: 23 and 25 of them */
static void
test_daily_dst(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *date;
        const char *begin;
        gint hours;
    } cases[] = {
        {"2026-03-29", "2026-03-28T23:00:00Z", 23},
        {"2026-10-25", "2026-10-24T22:00:00Z", 25},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) days = NULL;
        const NiloDailyUse *use;

        for (gint hour = -1; hour <= cases[i].hours; hour++) {
            const NiloValue value = {1000 + hour, -3, NILO_UNIT_CUBIC_METRE};

            put(f, i * 100 + (guint64)hour + 2,
                make_report("cjt188:1", moment(cases[i].begin) + hour * HOUR_US, NILO_OUTCOME_OK,
                            &value, 0));
        }
        days = daily(f->headend, "cjt188:1", cases[i].date, cases[i].date);
        g_assert_cmpuint(days->len, ==, 1);
        use = &g_array_index(days, NiloDailyUse, 0);
        g_assert_cmpint(use->first_ml, ==, 1000000);
        g_assert_cmpint(use->last_ml, ==, (1000 + cases[i].hours - 1) * 1000);
        g_assert_cmpint(use->volume_ml, ==, cases[i].hours * 1000);
    }
}

static void
test_zone_stays(Fixture *f, gconstpointer data)
{
    g_autofree char *zone = NULL;
    GLogLevelFlags fatal;

    g_assert_true(open_headend(f->headend, NULL));
    reopen(f, "Europe/Berlin");
    /* it says so, and a warning would end a test */
    fatal = g_log_set_always_fatal(G_LOG_FATAL_MASK);
    g_assert_true(open_headend(f->headend, NULL));
    g_log_set_always_fatal(fatal);
    zone = nilo_headend_get_zone(f->headend);
    g_assert_cmpstr(zone, ==, "Asia/Shanghai");
}

static void
test_completeness(Fixture *f, gconstpointer data)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GAsyncResult) too_long = NULL;
    g_autoptr(GArray) cells = NULL;
    g_autoptr(GError) error = NULL;
    static const struct {
        const char *meter;
        guint answered;
        guint missed;
        NiloOutcome reason;
    } expected[] = {
        {"cjt188:1", 1, 1, NILO_OUTCOME_OK},
        {"cjt188:1", 0, 2, NILO_OUTCOME_NOISE},
        {"cjt188:2", 0, 0, NILO_OUTCOME_OK},
        {"cjt188:2", 1, 0, NILO_OUTCOME_OK},
    };

    put(f, 1, miss_at("cjt188:1", "2026-11-22T01:00:00Z", NILO_OUTCOME_SILENT));
    put(f, 2, litres_at("cjt188:1", "2026-11-22T01:10:00Z", 10));
    put(f, 3, miss_at("cjt188:1", "2026-11-23T01:00:00Z", NILO_OUTCOME_SILENT));
    put(f, 4, miss_at("cjt188:1", "2026-11-23T01:10:00Z", NILO_OUTCOME_NOISE));
    put(f, 5, litres_at("cjt188:2", "2026-11-23T01:10:00Z", 10));
    nilo_headend_get_completeness_async(f->headend, day_of("2026-11-22"), day_of("2026-11-23"),
                                        NULL, result_cb, &result);
    cells = nilo_headend_get_completeness_finish(f->headend, wait_for(&result), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(cells->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < cells->len; i++) {
        const NiloCompleteness *cell = &g_array_index(cells, NiloCompleteness, i);

        g_assert_cmpstr(nilo_meter_id_get_text(cell->meter), ==, expected[i].meter);
        g_assert_cmpint(cell->day, ==, day_of("2026-11-22") + i % 2);
        g_assert_cmpuint(cell->answered, ==, expected[i].answered);
        g_assert_cmpuint(cell->missed, ==, expected[i].missed);
        g_assert_cmpint(cell->reason, ==, expected[i].reason);
    }
    nilo_headend_get_completeness_async(f->headend, 0, 4000, NULL, result_cb, &too_long);
    g_assert_null(nilo_headend_get_completeness_finish(f->headend, wait_for(&too_long), &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
}

static void
test_completeness_large(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;

    for (gint i = 0; i < 1400; i++) {
        g_autofree char *meter = g_strdup_printf("cjt188:%d", i);

        g_ptr_array_add(reports, miss_at(meter, "2026-11-22T01:00:00Z", NILO_OUTCOME_SILENT));
    }
    batch = nilo_batch_new(1, 1, reports, NULL);
    g_assert_true(open_headend(f->headend, NULL));
    g_assert_true(store(f->headend, batch, NULL, NULL));
    nilo_headend_get_completeness_async(f->headend, day_of("2026-01-01"), day_of("2027-01-01"),
                                        NULL, result_cb, &result);
    g_assert_null(nilo_headend_get_completeness_finish(f->headend, wait_for(&result), &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
}

static void
test_purge(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GArray) list = NULL;
    g_autoptr(GArray) failed = NULL;
    g_autoptr(GArray) now = NULL;
    g_autoptr(GError) error = NULL;
    guint64 n_readings = 0;

    for (gint i = 0; i < 250; i++) {
        g_autofree char *meter = g_strdup_printf("cjt188:%d", i);

        g_ptr_array_add(reports, litres_at(meter, "2025-01-01T00:00:00Z", 1));
        g_ptr_array_add(reports, litres_at(meter, "2026-01-01T00:00:00Z", 2));
        g_ptr_array_add(reports, miss_at(meter, "2025-01-01T00:00:00Z", NILO_OUTCOME_SILENT));
    }
    batch = nilo_batch_new(1, 1, reports, NULL);
    g_assert_true(store(f->headend, batch, NULL, &error));
    nilo_headend_purge_async(f->headend, moment("2026-01-01T00:00:00Z"), NULL, result_cb, &result);
    g_assert_true(nilo_headend_purge_finish(f->headend, wait_for(&result), &n_readings, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(n_readings, ==, 250);
    list = history(f->headend, "cjt188:249", 100, 0);
    g_assert_cmpuint(list->len, ==, 1);
    failed = misses(f->headend, NULL);
    g_assert_cmpuint(failed->len, ==, 0);
    now = latest(f->headend, NULL, 1000, 0);
    g_assert_cmpuint(now->len, ==, 250);
}

/* a child stores without end and is killed at any moment: what it said was stored is there once */
static void
store_for_ever(const char *file, int fd)
{
    g_autoptr(NiloHeadend) headend = nilo_headend_new(file, "Asia/Shanghai", NULL);

    for (guint64 sequence = 1;; sequence++) {
        g_autoptr(GPtrArray) reports =
            g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
        g_autoptr(NiloBatch) batch = NULL;

        for (gint i = 0; i < 20; i++) {
            g_autofree char *meter = g_strdup_printf("cjt188:%d", i);
            const NiloValue value = {(gint64)sequence, -3, NILO_UNIT_CUBIC_METRE};

            g_ptr_array_add(reports, make_report(meter, (gint64)sequence * HOUR_US, NILO_OUTCOME_OK,
                                                 &value, 0));
        }
        batch = nilo_batch_new(1, sequence, reports, NULL);
        if (!store(headend, batch, NULL, NULL) ||
            write(fd, &sequence, sizeof sequence) != sizeof sequence)
            _exit(1);
    }
}

static void
run_and_kill(const char *self, const char *file, guint64 n_batches, guint64 *acknowledged)
{
    g_autoptr(GError) error = NULL;
    const char *argv[] = {self, "--store-for-ever", file, NULL};
    int out = -1;
    GPid pid;
    int status;

    g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                             NULL, &out, NULL, &error);
    g_assert_no_error(error);
    for (guint64 i = 0; i < n_batches; i++)
        g_assert_cmpint(read(out, acknowledged, sizeof *acknowledged), ==, sizeof *acknowledged);
    kill(pid, SIGKILL);
    while (read(out, acknowledged, sizeof *acknowledged) == sizeof *acknowledged)
        ;
    close(out);
    waitpid(pid, &status, 0);
    g_spawn_close_pid(pid);
}

static const char *program;

static void
test_kill(Fixture *f, gconstpointer data)
{
    for (guint64 round = 0; round < 5; round++) {
        guint64 acknowledged = 0;

        run_and_kill(program, f->file, 1 + round * 7, &acknowledged);
        reopen(f, "Asia/Shanghai");
        g_assert_true(open_headend(f->headend, NULL));
        for (gint i = 0; i < 20; i += 19) {
            g_autofree char *meter = g_strdup_printf("cjt188:%d", i);
            g_autoptr(GArray) list = history(f->headend, meter, 100000, 0);

            /* one more may have been committed before it could be told */
            g_assert_cmpuint(list->len, >=, acknowledged);
            for (guint k = 0; k < list->len; k++)
                g_assert_cmpint(stored_at(list, k)->reading.value.mantissa, ==, k + 1);
        }
    }
}

/* a disk of our own, in a namespace of our own: for the child only */
static gboolean
mount_small(const char *folder)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", folder, "tmpfs", 0, "size=1m") == 0;
}

#define EXIT_SKIP 77

/* fills the disk, makes room, goes on */
static void
fill_disk(const char *folder)
{
    g_autofree char *file = g_build_filename(folder, "small.db", NULL);
    g_autofree char *ballast = g_build_filename(folder, "ballast", NULL);
    g_autofree char *filling = g_strnfill(300 * 1024, 'x');
    g_autoptr(NiloHeadend) headend = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) list = NULL;
    guint64 sequence = 0;

    if (!mount_small(folder))
        _exit(EXIT_SKIP);
    g_assert_true(g_file_set_contents(ballast, filling, -1, NULL));
    headend = nilo_headend_new(file, "Asia/Shanghai", NULL);
    while (error == NULL && sequence < 100000) {
        const NiloValue value = {(gint64)++sequence, -3, NILO_UNIT_CUBIC_METRE};
        g_autoptr(NiloBatch) batch = make_batch(sequence,
                                                make_report("cjt188:1", (gint64)sequence * HOUR_US,
                                                            NILO_OUTCOME_OK, &value, 0),
                                                NULL);

        store(headend, batch, NULL, &error);
    }
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NO_SPACE);
    list = history(headend, "cjt188:1", 100000, 0);
    g_assert_cmpuint(list->len, ==, sequence - 1);
    g_unlink(ballast);
    g_clear_error(&error);
    {
        const NiloValue value = {(gint64)sequence, -3, NILO_UNIT_CUBIC_METRE};
        g_autoptr(NiloBatch) batch = make_batch(sequence,
                                                make_report("cjt188:1", (gint64)sequence * HOUR_US,
                                                            NILO_OUTCOME_OK, &value, 0),
                                                NULL);

        g_assert_true(store(headend, batch, NULL, &error));
        g_assert_no_error(error);
    }
}

static void
test_disk_full(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    const char *argv[] = {program, "--fill-disk", f->folder, NULL};
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int status = 0;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status,
                 &error);
    g_assert_no_error(error);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
        g_test_skip("a small file system cannot be mounted here");
        return;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        g_test_message("%s%s", out, err);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* what stands in the file, and what is said of it */
static void
expect_damaged(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloBatch) batch =
        make_batch(1000, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10), NULL);

    reopen(f, "Asia/Shanghai");
    for (gint i = 0; i < 2; i++) {
        g_assert_false(store(f->headend, batch, NULL, &error));
        g_assert_error(error, NILO_ERROR, NILO_ERROR_DAMAGED);
        g_assert_nonnull(strstr(error->message, f->file));
        g_clear_error(&error);
    }
}

static guint
count_descriptors(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint n = 0;

    while (dir != NULL && g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

/* tried again and again for days, it costs nothing; and it is found when it was put right */
static void
test_damaged_header(Fixture *f, gconstpointer data)
{
    g_autofree char *junk = g_strnfill(8192, 'j');
    g_autoptr(NiloBatch) batch =
        make_batch(1001, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10), NULL);
    g_autoptr(GError) error = NULL;
    guint n;

    g_assert_true(g_file_set_contents(f->file, junk, 8192, NULL));
    expect_damaged(f);
    n = count_descriptors();
    for (guint i = 0; i < 10; i++) {
        g_assert_false(store(f->headend, batch, NULL, &error));
        g_assert_error(error, NILO_ERROR, NILO_ERROR_DAMAGED);
        g_clear_error(&error);
    }
    g_assert_cmpuint(count_descriptors(), ==, n);
    g_assert_cmpint(g_unlink(f->file), ==, 0);
    store(f->headend, batch, NULL, &error);
    g_assert_no_error(error);
}

static void
test_damaged_pages(Fixture *f, gconstpointer data)
{
    g_autofree char *bytes = NULL;
    gsize length;

    put(f, 1, litres_at("cjt188:1", "2026-11-22T01:00:00Z", 10));
    g_clear_object(&f->headend);
    g_assert_true(g_file_get_contents(f->file, &bytes, &length, NULL));
    g_assert_cmpuint(length, >, 4096);
    memset(bytes + 4096, 0xee, length - 4096);
    g_assert_true(g_file_set_contents(f->file, bytes, (gssize)length, NULL));
    expect_damaged(f);
}

static void
test_no_folder(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloHeadend) headend = nilo_headend_new("/nonexistent/folder/x.db", "UTC", &error);

    g_assert_no_error(error);
    g_assert_false(open_headend(headend, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_DATABASE);
}

static void
test_bad_names(void)
{
    static const char *const bad[][2] = {{"/tmp/x", "UTC"},
                                         {"/tmp/.db", "UTC"},
                                         {"/tmp/x.db", "Asia/Atlantis"}};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(nilo_headend_new(bad[i][0], bad[i][1], &error));
        g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    }
}

#define ADD(path, zone, func) g_test_add("/headend/" path, Fixture, zone, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    program = argv[0];
    /* libgda keeps a folder below the data home where it can: here it cannot */
    g_setenv("XDG_DATA_HOME", "/dev/null", TRUE);
    if (argc == 3 && strcmp(argv[1], "--store-for-ever") == 0)
        store_for_ever(argv[2], STDOUT_FILENO);
    if (argc == 3 && strcmp(argv[1], "--fill-disk") == 0) {
        fill_disk(argv[2]);
        return 0;
    }
    g_test_init(&argc, &argv, NULL);
    ADD("history/exact", NULL, test_history);
    ADD("history/unknown-meter", NULL, test_history_unknown);
    ADD("latest", NULL, test_latest);
    ADD("store/twice", NULL, test_twice);
    ADD("store/no-key", NULL, test_no_key);
    ADD("store/empty", NULL, test_empty);
    ADD("store/conflict", NULL, test_conflict);
    ADD("store/conflict-or-not", NULL, test_conflict_or_not);
    ADD("store/killed", NULL, test_kill);
    ADD("store/disk-full", NULL, test_disk_full);
    ADD("correct", NULL, test_correct);
    ADD("correct/refused", NULL, test_correct_refused);
    ADD("misses", NULL, test_misses);
    ADD("daily", NULL, test_daily);
    ADD("daily/clock-changes", "Europe/Berlin", test_daily_dst);
    ADD("daily/zone-stays", NULL, test_zone_stays);
    ADD("completeness", NULL, test_completeness);
    ADD("completeness/too-many-cells", NULL, test_completeness_large);
    ADD("purge", NULL, test_purge);
    ADD("open/damaged-header", NULL, test_damaged_header);
    ADD("open/damaged-pages", NULL, test_damaged_pages);
    g_test_add_func("/headend/open/no-folder", test_no_folder);
    g_test_add_func("/headend/open/bad-names", test_bad_names);
    return g_test_run();
}
