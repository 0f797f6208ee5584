/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal.h"

#include <glib/gstdio.h>
#include <string.h>

#include "nilo-error.h"
#include "nilo-faulty-files.h"

#define FOLDER   "/journal"
#define START_US (G_GINT64_CONSTANT(1760000400) * G_USEC_PER_SEC)
#define DAY_US   (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

typedef struct {
    NiloFaultyFiles *files;
    NiloFakeClock *clock;
    NiloJournalConfig *config;
    NiloJournal *journal;
    GMutex mutex;
    GHashTable *stored; /* serial -> sequence, of what was acknowledged */
    guint n_dropped;
    GPtrArray *events; /* element-type utf8: kinds of events */
} Fixture;

static void
setup(Fixture *fixture, gconstpointer data)
{
    fixture->files = nilo_faulty_files_new(1);
    fixture->clock = nilo_fake_clock_new(START_US);
    fixture->config =
        g_object_new(NILO_TYPE_JOURNAL_CONFIG, "folder", FOLDER, "size-max-bytes",
                     (guint64)(4 * 16384), "segment-bytes", (guint64)16384, "free-min-bytes",
                     (guint64)0, "age-max-days", 30, "ring-max-reports", 20, NULL);
    fixture->stored = g_hash_table_new(NULL, NULL);
    fixture->events = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&fixture->mutex);
}

static void
teardown(Fixture *fixture, gconstpointer data)
{
    if (fixture->journal != NULL)
        nilo_journal_close(fixture->journal);
    g_clear_object(&fixture->journal);
    g_clear_object(&fixture->clock);
    g_clear_object(&fixture->config);
    g_hash_table_unref(fixture->stored);
    g_ptr_array_unref(fixture->events);
    nilo_faulty_files_free(fixture->files);
    g_mutex_clear(&fixture->mutex);
}

static void
event_cb(NiloEvent *event, gpointer user_data)
{
    Fixture *fixture = user_data;

    g_mutex_lock(&fixture->mutex);
    g_ptr_array_add(fixture->events, g_strdup(nilo_event_get_kind(event)));
    g_mutex_unlock(&fixture->mutex);
}

static gboolean
has_event(Fixture *fixture, const char *kind)
{
    gboolean found;

    g_mutex_lock(&fixture->mutex);
    found = g_ptr_array_find_with_equal_func(fixture->events, kind, g_str_equal, NULL);
    g_mutex_unlock(&fixture->mutex);
    return found;
}

static void
open_journal(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;

    fixture->journal =
        nilo_journal_open(fixture->config, nilo_faulty_files_get_table(fixture->files),
                          NILO_CLOCK(fixture->clock), &error);
    g_assert_no_error(error);
    nilo_journal_set_notify(fixture->journal, event_cb, fixture);
}

static void
close_journal(Fixture *fixture)
{
    nilo_journal_close(fixture->journal);
    g_clear_object(&fixture->journal);
}

static void
stored_cb(NiloReport *report, guint64 sequence, gpointer user_data)
{
    Fixture *fixture = user_data;
    const gint64 serial =
        nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME))->value.mantissa;

    g_mutex_lock(&fixture->mutex);
    if (sequence == 0)
        fixture->n_dropped++;
    else
        g_hash_table_insert(fixture->stored, GINT_TO_POINTER(serial),
                            GSIZE_TO_POINTER((gsize)sequence));
    g_mutex_unlock(&fixture->mutex);
}

static NiloReport *
build_report(gint serial, gsize padding)
{
    g_autofree char *id = g_strdup_printf("test:%d", serial % 50);
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new(id, NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    const NiloValue value = {serial, -3, NILO_UNIT_CUBIC_METRE};

    nilo_report_builder_set_time(builder, START_US, 0, NILO_CLOCK_SYNCHRONISED);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    while (padding > 0) {
        const gsize size = MIN(padding, 4000);
        g_autofree char *text = g_strnfill(size, 'x');

        nilo_report_builder_add_fact(builder, "padding", text);
        padding -= size;
    }
    return nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
}

static void
put(Fixture *fixture, gint serial, gsize padding)
{
    g_autoptr(NiloReport) report = build_report(serial, padding);

    nilo_sink_put_report(NILO_SINK(fixture->journal), report, stored_cb, fixture);
}

/* one batch for each */
static void
put_batches(Fixture *fixture, gint first, gint count, gsize padding)
{
    for (gint serial = first; serial < first + count; serial++) {
        put(fixture, serial, padding);
        nilo_journal_sync(fixture->journal);
    }
}

static void
result_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

static NiloBatch *
read_batch(Fixture *fixture, guint64 after)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    NiloBatch *batch;

    nilo_journal_read_async(fixture->journal, after, NULL, result_cb, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    batch = nilo_journal_read_finish(fixture->journal, result, &error);
    g_assert_no_error(error);
    return batch;
}

static NiloBatch *
take_batch(NiloCursor *cursor)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    NiloBatch *batch;

    nilo_cursor_take_async(cursor, NULL, result_cb, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    batch = nilo_cursor_take_finish(cursor, result, &error);
    g_assert_no_error(error);
    return batch;
}

/* serial -> how often it is there */
static GHashTable *
read_serials(Fixture *fixture)
{
    GHashTable *serials = g_hash_table_new(NULL, NULL);
    guint64 after = 0;

    while (TRUE) {
        g_autoptr(NiloBatch) batch = read_batch(fixture, after);

        if (batch == NULL)
            return serials;
        g_assert_cmpuint(nilo_batch_get_sequence(batch), >, after);
        after = nilo_batch_get_sequence(batch);
        for (guint i = 0; i < nilo_batch_get_n_reports(batch); i++) {
            gsize n;
            const gpointer serial = GINT_TO_POINTER(
                nilo_report_get_readings(nilo_batch_get_report(batch, i), &n)->value.mantissa);

            g_hash_table_insert(serials, serial,
                                GINT_TO_POINTER(
                                    GPOINTER_TO_INT(g_hash_table_lookup(serials, serial)) + 1));
        }
    }
}

/* what was acknowledged is there once, nothing is there twice; but @lost serials are gone */
static void
assert_kept(Fixture *fixture, guint lost)
{
    g_autoptr(GHashTable) serials = read_serials(fixture);
    GHashTableIter iter;
    gpointer serial, count;
    guint missing = 0;

    g_hash_table_iter_init(&iter, serials);
    while (g_hash_table_iter_next(&iter, NULL, &count))
        g_assert_cmpint(GPOINTER_TO_INT(count), ==, 1);
    g_hash_table_iter_init(&iter, fixture->stored);
    while (g_hash_table_iter_next(&iter, &serial, NULL))
        missing += !g_hash_table_contains(serials, serial);
    g_assert_cmpuint(missing, ==, lost);
}

static char *
dup_segment(Fixture *fixture, guint index)
{
    g_autoptr(GPtrArray) names = nilo_faulty_files_list(fixture->files, ".segment");

    g_assert_cmpuint(index, <, names->len);
    return g_strdup(names->pdata[index]);
}

static void
test_survives_restart(Fixture *fixture, gconstpointer data)
{
    guint64 epoch;

    open_journal(fixture);
    epoch = nilo_journal_get_epoch(fixture->journal);
    g_assert_cmpuint(epoch, !=, 0);
    put_batches(fixture, 1, 5, 0);
    put(fixture, 6, 0); /* closing writes it */
    close_journal(fixture);
    g_assert_cmpuint(g_hash_table_size(fixture->stored), ==, 6);

    open_journal(fixture);
    g_assert_cmpuint(nilo_journal_get_epoch(fixture->journal), ==, epoch);
    g_assert_cmpuint(nilo_journal_get_last_sequence(fixture->journal), ==, 6);
    assert_kept(fixture, 0);
    put_batches(fixture, 7, 1, 0);
    g_assert_cmpuint(nilo_journal_get_last_sequence(fixture->journal), ==, 7);
    assert_kept(fixture, 0);
    g_assert_cmpuint(fixture->events->len, ==, 0);
}

static void
test_events_stand_in_the_batch(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloEvent) event = nilo_event_new("bus-lost", NULL, "riser", START_US, "why");
    g_autoptr(NiloBatch) batch = NULL;

    open_journal(fixture);
    put(fixture, 1, 0);
    nilo_sink_put_event(NILO_SINK(fixture->journal), event);
    nilo_journal_sync(fixture->journal);
    batch = read_batch(fixture, 0);
    g_assert_cmpuint(nilo_batch_get_n_reports(batch) + nilo_batch_get_n_events(batch), ==, 2);
    g_assert_cmpuint(nilo_batch_get_epoch(batch), ==, nilo_journal_get_epoch(fixture->journal));
}

static void
test_reports_share_a_batch(Fixture *fixture, gconstpointer data)
{
    open_journal(fixture);
    for (gint serial = 1; serial <= 10; serial++)
        put(fixture, serial, 0);
    nilo_journal_sync(fixture->journal);
    g_assert_cmpuint(nilo_journal_get_last_sequence(fixture->journal), ==, 1);
    assert_kept(fixture, 0);
}

static void
test_too_large_for_one_segment(Fixture *fixture, gconstpointer data)
{
    open_journal(fixture);
    for (gint serial = 1; serial <= 10; serial++)
        put(fixture, serial, 3900);
    put(fixture, 11, 20000);
    nilo_journal_sync(fixture->journal);
    g_assert_cmpuint(nilo_journal_get_last_sequence(fixture->journal), >, 2);
    g_assert_cmpuint(fixture->n_dropped, ==, 1);
    g_assert_cmpuint(nilo_journal_get_dropped(fixture->journal), ==, 1);
    assert_kept(fixture, 0);
}

static void
test_torn_tail(Fixture *fixture, gconstpointer data)
{
    for (guint seed = 0; seed < 40; seed++) {
        open_journal(fixture);
        put_batches(fixture, (gint)seed * 10, 3, 700);
        nilo_faulty_files_set_power(fixture->files, (gint)seed % 4);
        put_batches(fixture, (gint)seed * 10 + 3, 1, 700);
        close_journal(fixture);
        nilo_faulty_files_cut(fixture->files);
    }
    open_journal(fixture);
    g_assert_cmpuint(g_hash_table_size(fixture->stored), >=, 120);
    g_assert_cmpuint(nilo_journal_get_overwritten(fixture->journal), ==, 0);
    g_assert_false(has_event(fixture, "journal-damaged"));
}

static void
test_bit_in_the_middle(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = NULL;
    g_autoptr(GPtrArray) copies = NULL;

    open_journal(fixture);
    put_batches(fixture, 1, 8, 0);
    close_journal(fixture);
    path = dup_segment(fixture, 0);
    g_assert_true(nilo_faulty_files_flip(fixture->files, path, 3 * 512 + 60, 3));

    open_journal(fixture);
    assert_kept(fixture, 1);
    copies = nilo_faulty_files_list(fixture->files, ".damaged");
    g_assert_cmpuint(copies->len, ==, 1);
    put_batches(fixture, 9, 1, 0);
    assert_kept(fixture, 1);
    g_assert_true(has_event(fixture, "journal-damaged"));
}

/* nobody can tell it from a torn tail; but its sequence, which others may know, is not used again
 */
static void
test_bit_in_the_last(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = NULL;

    open_journal(fixture);
    put_batches(fixture, 1, 3, 0);
    close_journal(fixture);
    path = dup_segment(fixture, 0);
    g_assert_true(nilo_faulty_files_flip(fixture->files, path, 2 * 512 + 60, 3));

    open_journal(fixture);
    put_batches(fixture, 4, 1, 0);
    g_assert_cmpuint(nilo_journal_get_last_sequence(fixture->journal), >, 4);
    assert_kept(fixture, 1);
}

static void
test_segment_lost(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = NULL;
    guint before;

    open_journal(fixture);
    put_batches(fixture, 1, 100, 100);
    close_journal(fixture);
    before = g_hash_table_size(fixture->stored);
    path = dup_segment(fixture, 1);
    g_assert_true(nilo_faulty_files_remove(fixture->files, path));

    open_journal(fixture);
    assert_kept(fixture, 32); /* a segment of 16 KiB holds 32 records of a sector */
    g_assert_true(has_event(fixture, "journal-damaged"));
    g_assert_cmpuint(before, ==, 100);
}

static void
test_epoch_file_lost(Fixture *fixture, gconstpointer data)
{
    guint64 epoch;

    open_journal(fixture);
    epoch = nilo_journal_get_epoch(fixture->journal);
    put_batches(fixture, 1, 3, 0);
    close_journal(fixture);
    g_assert_true(nilo_faulty_files_flip(fixture->files, FOLDER "/epoch", 6, 0));

    open_journal(fixture);
    g_assert_cmpuint(nilo_journal_get_epoch(fixture->journal), ==, epoch);
    assert_kept(fixture, 0);
}

static void
test_segment_of_another_journal(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) foreign = NULL;
    guint64 epoch;

    open_journal(fixture);
    put_batches(fixture, 1, 3, 0);
    epoch = nilo_journal_get_epoch(fixture->journal);
    close_journal(fixture);
    {
        NiloFaultyFiles *files = fixture->files;
        g_autofree char *path = dup_segment(fixture, 0);
        gboolean flipped = TRUE;

        /* another epoch in the first head, as in a file copied from elsewhere */
        for (gsize i = 8; i < 16; i++)
            flipped = flipped && nilo_faulty_files_flip(files, path, i, 1);
        g_assert_true(flipped);
    }
    open_journal(fixture);
    g_assert_cmpuint(nilo_journal_get_epoch(fixture->journal), ==, epoch);
    foreign = nilo_faulty_files_list(fixture->files, ".foreign");
    g_assert_cmpuint(foreign->len, ==, 1);
    put_batches(fixture, 4, 1, 0);
}

static void
test_disk_full_then_freed(Fixture *fixture, gconstpointer data)
{
    open_journal(fixture);
    put_batches(fixture, 1, 1, 0);
    nilo_faulty_files_set_capacity(fixture->files, 16384 + 1000);
    put_batches(fixture, 2, 45, 0); /* the one segment there is fills, then memory does */
    g_assert_cmpuint(nilo_journal_get_waiting(fixture->journal), <=, 20);
    g_assert_cmpuint(fixture->n_dropped, ==, nilo_journal_get_dropped(fixture->journal));
    g_assert_true(has_event(fixture, "journal-failing"));
    {
        g_autofree char *text = nilo_journal_dup_last_error(fixture->journal);

        g_assert_nonnull(text);
    }
    nilo_faulty_files_set_capacity(fixture->files, G_MAXINT64);
    put_batches(fixture, 100, 1, 0);
    g_assert_cmpuint(nilo_journal_get_waiting(fixture->journal), ==, 0);
    g_assert_true(has_event(fixture, "journal-back"));
    g_assert_null(nilo_journal_dup_last_error(fixture->journal));
    g_assert_cmpuint(g_hash_table_size(fixture->stored) + fixture->n_dropped, ==, 47);
    assert_kept(fixture, 0);
}

static void
test_ring_drops_the_oldest(Fixture *fixture, gconstpointer data)
{
    nilo_faulty_files_set_read_only(fixture->files, TRUE);
    open_journal(fixture);
    put_batches(fixture, 1, 30, 0);
    g_assert_cmpuint(fixture->n_dropped, ==, 10);
    g_assert_cmpuint(nilo_journal_get_dropped(fixture->journal), ==, 10);
    nilo_faulty_files_set_read_only(fixture->files, FALSE);
    nilo_journal_sync(fixture->journal);
    g_assert_cmpuint(g_hash_table_size(fixture->stored), ==, 20);
    g_assert_false(g_hash_table_contains(fixture->stored, GINT_TO_POINTER(10)));
    g_assert_true(g_hash_table_contains(fixture->stored, GINT_TO_POINTER(11)));
    assert_kept(fixture, 0);
}

static void
test_read_only_then_closed(Fixture *fixture, gconstpointer data)
{
    open_journal(fixture);
    put_batches(fixture, 1, 2, 0);
    nilo_faulty_files_set_read_only(fixture->files, TRUE);
    put_batches(fixture, 3, 2, 0);
    close_journal(fixture);
    g_assert_cmpuint(fixture->n_dropped, ==, 2);
    open_journal(fixture); /* still read-only: what is there can be read */
    assert_kept(fixture, 0);
}

/* after a failed flush nobody knows what is on the disk: the batch is written elsewhere, once */
static void
test_flush_fails(Fixture *fixture, gconstpointer data)
{
    for (gint round = 0; round < 10; round++) {
        open_journal(fixture);
        put_batches(fixture, round * 10 + 1, 2, 0);
        nilo_faulty_files_fail_syncs(fixture->files, (guint)round % 3 + 1);
        put_batches(fixture, round * 10 + 3, 3, 0);
        nilo_journal_sync(fixture->journal);
        nilo_faulty_files_set_power(fixture->files, 0);
        close_journal(fixture);
        nilo_faulty_files_cut(fixture->files);
    }
    open_journal(fixture);
    g_assert_cmpuint(g_hash_table_size(fixture->stored), ==, 50);
    g_assert_false(has_event(fixture, "journal-damaged"));
}

static void
test_size_bound(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GHashTable) serials = NULL;

    open_journal(fixture);
    put_batches(fixture, 1, 300, 0);
    g_assert_cmpuint(nilo_journal_get_size_bytes(fixture->journal), ==, 4 * 16384);
    g_assert_cmpuint(nilo_journal_get_overwritten(fixture->journal), ==, 0);
    g_assert_false(has_event(fixture, "journal-full"));
    serials = read_serials(fixture);
    g_assert_cmpuint(g_hash_table_size(serials), >=, 3 * 32);
    g_assert_true(g_hash_table_contains(serials, GINT_TO_POINTER(300)));
    g_assert_false(g_hash_table_contains(serials, GINT_TO_POINTER(1)));
    close_journal(fixture);

    /* files written over begin with what they held before */
    open_journal(fixture);
    g_assert_cmpuint(nilo_journal_get_last_sequence(fixture->journal), ==, 300);
    put_batches(fixture, 301, 1, 0);
    g_assert_cmpuint(nilo_journal_get_last_sequence(fixture->journal), ==, 301);
    g_assert_false(has_event(fixture, "journal-damaged"));
}

static void
test_required_holds_back(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;

    open_journal(fixture);
    cursor = nilo_journal_open_cursor(fixture->journal, "uplink", TRUE, NULL);
    put_batches(fixture, 1, 10, 0);
    for (gint segment = 0; segment < 3; segment++) {
        nilo_fake_clock_advance(fixture->clock, 40 * DAY_US);
        put_batches(fixture, 100 * (segment + 1), 33, 0);
    }
    /* older than allowed, but needed */
    g_assert_cmpuint(nilo_cursor_get_backlog(cursor), ==, 109);
    g_assert_cmpuint(nilo_journal_get_n_batches(fixture->journal), ==, 109);
    /* beyond the size nothing is held */
    put_batches(fixture, 500, 40, 0);
    g_assert_true(has_event(fixture, "journal-full"));
    g_assert_cmpuint(nilo_journal_get_overwritten(fixture->journal), >, 0);
    nilo_cursor_acknowledge(cursor, 1000);
    g_assert_cmpuint(nilo_cursor_get_backlog(cursor), ==, 0);
}

static void
test_age_bound(Fixture *fixture, gconstpointer data)
{
    open_journal(fixture);
    put_batches(fixture, 1, 40, 0);
    nilo_fake_clock_advance(fixture->clock, 31 * DAY_US);
    put_batches(fixture, 41, 64, 0);
    nilo_fake_clock_advance(fixture->clock, 31 * DAY_US);
    put_batches(fixture, 200, 64, 0);
    g_assert_cmpuint(nilo_journal_get_size_bytes(fixture->journal), <, 4 * 16384);
}

/* a clock nobody has set must not make everything old */
static void
test_unknown_clock_ages_nothing(Fixture *fixture, gconstpointer data)
{
    open_journal(fixture);
    nilo_fake_clock_set_quality(fixture->clock, NILO_CLOCK_UNKNOWN);
    put_batches(fixture, 1, 40, 0);
    nilo_fake_clock_advance(fixture->clock, 10000 * DAY_US);
    nilo_fake_clock_set_quality(fixture->clock, NILO_CLOCK_SYNCHRONISED);
    put_batches(fixture, 41, 40, 0);
    g_assert_cmpuint(nilo_journal_get_n_batches(fixture->journal), ==, 80);
    assert_kept(fixture, 0);
}

static void
test_cursor_goes_on(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;

    open_journal(fixture);
    cursor = nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, NULL);
    put_batches(fixture, 1, 5, 0);
    for (guint64 sequence = 1; sequence <= 3; sequence++) {
        g_autoptr(NiloBatch) batch = take_batch(cursor);
        g_autoptr(NiloBatch) again = take_batch(cursor);

        g_assert_cmpuint(nilo_batch_get_sequence(batch), ==, sequence);
        g_assert_cmpuint(nilo_batch_get_sequence(again), ==, sequence);
        nilo_cursor_acknowledge(cursor, sequence);
    }
    close_journal(fixture);
    g_clear_object(&cursor);

    open_journal(fixture);
    cursor = nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, NULL);
    g_assert_cmpuint(nilo_cursor_get_backlog(cursor), ==, 2);
}

static void
test_cursor_waits(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GAsyncResult) second = NULL;
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(GError) error = NULL;

    open_journal(fixture);
    cursor = nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, NULL);
    nilo_cursor_take_async(cursor, NULL, result_cb, &result);
    nilo_cursor_take_async(cursor, NULL, result_cb, &second);
    while (second == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(nilo_cursor_take_finish(cursor, second, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BUSY);
    put_batches(fixture, 7, 1, 0);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    batch = nilo_cursor_take_finish(cursor, result, NULL);
    g_assert_cmpuint(nilo_batch_get_sequence(batch), ==, 1);
}

static void
test_cursor_cancelled(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GAsyncResult) closed = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) closed_error = NULL;

    open_journal(fixture);
    cursor = nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, NULL);
    nilo_cursor_take_async(cursor, cancellable, result_cb, &result);
    g_cancellable_cancel(cancellable);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(nilo_cursor_take_finish(cursor, result, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

    nilo_cursor_take_async(cursor, NULL, result_cb, &closed);
    close_journal(fixture);
    while (closed == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(nilo_cursor_take_finish(cursor, closed, &closed_error));
    g_assert_error(closed_error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_cursor_names(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;
    g_autoptr(GError) bad = NULL;
    g_autoptr(GError) twice = NULL;

    open_journal(fixture);
    g_assert_null(nilo_journal_open_cursor(fixture->journal, "../etc", FALSE, &bad));
    g_assert_error(bad, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    cursor = nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, NULL);
    g_assert_null(nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, &twice));
    g_assert_error(twice, NILO_ERROR, NILO_ERROR_EXISTS);
}

static void
test_cursor_file_damaged(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;
    g_autoptr(NiloCursor) again = NULL;

    open_journal(fixture);
    cursor = nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, NULL);
    put_batches(fixture, 1, 5, 0);
    nilo_cursor_acknowledge(cursor, 4);
    close_journal(fixture);
    for (gsize slot = 0; slot < 2; slot++)
        nilo_faulty_files_flip(fixture->files, FOLDER "/mirror.cursor", slot * 512 + 13, 0);

    open_journal(fixture);
    again = nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, NULL);
    g_assert_cmpuint(nilo_cursor_get_backlog(again), >=, 5);
    g_assert_true(has_event(fixture, "journal-damaged"));
}

/* the folder was emptied, or the disk replaced; only the cursor's file is left */
static void
test_new_journal_new_epoch(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;
    g_autoptr(NiloCursor) again = NULL;
    g_autoptr(NiloBatch) batch = NULL;
    g_autofree char *path = NULL;
    guint64 epoch;

    open_journal(fixture);
    epoch = nilo_journal_get_epoch(fixture->journal);
    cursor = nilo_journal_open_cursor(fixture->journal, "uplink", TRUE, NULL);
    put_batches(fixture, 1, 5, 0);
    nilo_cursor_acknowledge(cursor, 5);
    close_journal(fixture);
    path = dup_segment(fixture, 0);
    g_assert_true(nilo_faulty_files_remove(fixture->files, path));
    g_assert_true(nilo_faulty_files_remove(fixture->files, FOLDER "/epoch"));

    open_journal(fixture);
    g_assert_cmpuint(nilo_journal_get_epoch(fixture->journal), !=, epoch);
    again = nilo_journal_open_cursor(fixture->journal, "uplink", TRUE, NULL);
    put_batches(fixture, 6, 1, 0);
    batch = take_batch(again);
    g_assert_cmpuint(nilo_batch_get_sequence(batch), ==, 1);
    g_assert_cmpuint(nilo_batch_get_epoch(batch), ==, nilo_journal_get_epoch(fixture->journal));
}

/* the last segment is gone: what a consumer has acknowledged is never given to others again */
static void
test_journal_ends_before_its_cursor(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;
    g_autoptr(NiloCursor) again = NULL;
    g_autofree char *path = NULL;

    open_journal(fixture);
    cursor = nilo_journal_open_cursor(fixture->journal, "uplink", TRUE, NULL);
    put_batches(fixture, 1, 40, 0);
    nilo_cursor_acknowledge(cursor, 40);
    close_journal(fixture);
    path = dup_segment(fixture, 1);
    g_assert_true(nilo_faulty_files_remove(fixture->files, path));

    open_journal(fixture);
    again = nilo_journal_open_cursor(fixture->journal, "uplink", TRUE, NULL);
    put_batches(fixture, 41, 1, 0);
    g_assert_cmpuint(nilo_journal_get_last_sequence(fixture->journal), >, 40);
    g_assert_true(has_event(fixture, "journal-damaged"));
    {
        g_autoptr(NiloBatch) batch = take_batch(again);

        g_assert_cmpuint(nilo_batch_get_sequence(batch), >, 40);
    }
}

/* one failed read is waited out; a place that always fails is passed over */
static void
test_reads_fail(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(NiloJournalConfig) config =
        g_object_new(NILO_TYPE_JOURNAL_CONFIG, "folder", FOLDER, "size-max-bytes",
                     (guint64)(4 * 16384), "segment-bytes", (guint64)16384, "free-min-bytes",
                     (guint64)0, "retry-ms", 1, NULL);

    g_set_object(&fixture->config, config);
    open_journal(fixture);
    put_batches(fixture, 1, 1, 0);
    cursor = nilo_journal_open_cursor(fixture->journal, "mirror", FALSE, NULL);
    nilo_faulty_files_fail_reads(fixture->files, 3);
    batch = take_batch(cursor);
    g_assert_cmpuint(nilo_batch_get_sequence(batch), ==, 1);
}

static void
test_days_left(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloCursor) cursor = NULL;

    open_journal(fixture);
    g_assert_cmpint(nilo_journal_get_days_left(fixture->journal), ==, -1);
    cursor = nilo_journal_open_cursor(fixture->journal, "uplink", TRUE, NULL);
    put_batches(fixture, 1, 16, 0);
    nilo_fake_clock_advance(fixture->clock, DAY_US);
    put_batches(fixture, 17, 16, 0);
    /* 16 KiB a day, all of it waiting: 48 KiB are left */
    g_assert_cmpint(nilo_journal_get_days_left(fixture->journal), ==, 3);
    nilo_cursor_acknowledge(cursor, 32);
    g_assert_cmpint(nilo_journal_get_days_left(fixture->journal), ==, 4);
}

/* in the writer's thread, while it writes: what comes then goes along, and leaves no deadline */
static void
put_another_cb(NiloReport *report, guint64 sequence, gpointer user_data)
{
    put(user_data, 2, 0);
}

static void
test_put_while_writing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NiloReport) report = build_report(1, 0);
    const gint64 end_us = g_get_monotonic_time() + 50 * 1000;

    g_clear_object(&fixture->config);
    fixture->config = g_object_new(NILO_TYPE_JOURNAL_CONFIG, "folder", FOLDER, "free-min-bytes",
                                   (guint64)0, "batch-delay-ms", 1, NULL);
    open_journal(fixture);
    while (g_get_monotonic_time() < end_us) {
        nilo_sink_put_report(NILO_SINK(fixture->journal), report, put_another_cb, fixture);
        nilo_journal_sync(fixture->journal);
    }
    g_assert_cmpuint(nilo_journal_get_dropped(fixture->journal), ==, 0);
}

static void
test_put_after_close(Fixture *fixture, gconstpointer data)
{
    open_journal(fixture);
    nilo_journal_close(fixture->journal);
    put(fixture, 1, 0);
    g_assert_cmpuint(fixture->n_dropped, ==, 1);
}

static void
test_one_process_only(void)
{
    g_autofree char *folder = g_dir_make_tmp("nilo-journal-XXXXXX", NULL);
    g_autoptr(NiloJournalConfig) config =
        g_object_new(NILO_TYPE_JOURNAL_CONFIG, "folder", folder, NULL);
    g_autoptr(NiloClock) clock = nilo_clock_new_system();
    g_autoptr(NiloJournal) first = nilo_journal_open(config, NULL, clock, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *name;

    g_assert_nonnull(first);
    g_assert_null(nilo_journal_open(config, NULL, clock, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BUSY);
    nilo_journal_close(first);

    dir = g_dir_open(folder, 0, NULL);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_remove(path);
    }
    g_rmdir(folder);
}

static const struct {
    const char *path;
    void (*run)(Fixture *, gconstpointer);
} cases[] = {
    {"/journal/survives-restart", test_survives_restart},
    {"/journal/events-stand-in-the-batch", test_events_stand_in_the_batch},
    {"/journal/reports-share-a-batch", test_reports_share_a_batch},
    {"/journal/too-large-for-one-segment", test_too_large_for_one_segment},
    {"/journal/torn-tail", test_torn_tail},
    {"/journal/bit-in-the-middle", test_bit_in_the_middle},
    {"/journal/bit-in-the-last", test_bit_in_the_last},
    {"/journal/segment-lost", test_segment_lost},
    {"/journal/epoch-file-lost", test_epoch_file_lost},
    {"/journal/segment-of-another-journal", test_segment_of_another_journal},
    {"/journal/disk-full-then-freed", test_disk_full_then_freed},
    {"/journal/ring-drops-the-oldest", test_ring_drops_the_oldest},
    {"/journal/read-only-then-closed", test_read_only_then_closed},
    {"/journal/flush-fails", test_flush_fails},
    {"/journal/size-bound", test_size_bound},
    {"/journal/required-holds-back", test_required_holds_back},
    {"/journal/age-bound", test_age_bound},
    {"/journal/unknown-clock-ages-nothing", test_unknown_clock_ages_nothing},
    {"/journal/days-left", test_days_left},
    {"/journal/reads-fail", test_reads_fail},
    {"/journal/put-while-writing", test_put_while_writing},
    {"/journal/put-after-close", test_put_after_close},
    {"/journal/cursor/goes-on", test_cursor_goes_on},
    {"/journal/cursor/waits", test_cursor_waits},
    {"/journal/cursor/cancelled", test_cursor_cancelled},
    {"/journal/cursor/names", test_cursor_names},
    {"/journal/cursor/file-damaged", test_cursor_file_damaged},
    {"/journal/cursor/new-journal-new-epoch", test_new_journal_new_epoch},
    {"/journal/cursor/journal-ends-before-it", test_journal_ends_before_its_cursor},
};

/* warnings for the operator are what these tests are about */
static GLogWriterOutput
log_writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    if ((level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE)) != 0)
        return G_LOG_WRITER_HANDLED;
    return g_log_writer_default(level, fields, n_fields, user_data);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
    g_log_set_writer_func(log_writer, NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add(cases[i].path, Fixture, NULL, setup, cases[i].run, teardown);
    g_test_add_func("/journal/one-process-only", test_one_process_only);
    return g_test_run();
}
