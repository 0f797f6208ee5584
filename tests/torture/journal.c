/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * journal --cuts N [--seed N]
 *
 * Half of the cuts are kill -9 of a child that writes rounds into a real folder and tells through a
 * pipe what the journal has acknowledged; half are power cuts of a disk in memory, which loses,
 * tears and mixes up whatever was not flushed. After each the journal must open, and a consumer
 * goes on from its cursor as a server would: a batch it has seen is known by its key, and must be
 * the same batch. At the end every report acknowledged is there once, and none twice.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nilo-batch-packed.h"
#include "nilo-faulty-files.h"
#include "nilo-journal.h"

#define START_US        (G_GINT64_CONSTANT(1760000400) * G_USEC_PER_SEC)
#define CUTS_PER_DISK   50
#define SERIALS_PER_CUT 100000

/* what a server would remember, and what it is checked against */
typedef struct {
    GHashTable *batches;      /* key -> checksum of the batch */
    GHashTable *received;     /* serial -> how often, by batches with different keys */
    GHashTable *acknowledged; /* serial */
    guint64 n_batches;
    guint64 n_again; /* batches that came a second time, as they may */
    guint64 n_changed;
} Ledger;

typedef struct {
    GMutex mutex;
    Ledger *ledger; /* (nullable) */
    int pipe;
} Witness;

static Ledger *
ledger_new(void)
{
    Ledger *self = g_new0(Ledger, 1);

    self->batches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->received = g_hash_table_new(NULL, NULL);
    self->acknowledged = g_hash_table_new(NULL, NULL);
    return self;
}

static void
ledger_free(Ledger *self)
{
    g_hash_table_unref(self->batches);
    g_hash_table_unref(self->received);
    g_hash_table_unref(self->acknowledged);
    g_free(self);
}

static gint
get_serial(const NiloReport *report)
{
    return (gint)nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME))
        ->value.mantissa;
}

static void
ledger_receive(Ledger *self, const NiloBatch *batch)
{
    g_autofree char *key =
        g_strdup_printf("%" G_GINT64_MODIFIER "x.%" G_GUINT64_FORMAT, nilo_batch_get_epoch(batch),
                        nilo_batch_get_sequence(batch));
    g_autoptr(GBytes) packed = nilo_batch_pack(batch);
    g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, packed);
    const char *known = g_hash_table_lookup(self->batches, key);

    if (known != NULL) {
        self->n_again++;
        self->n_changed += strcmp(known, sum) != 0;
        return;
    }
    g_hash_table_insert(self->batches, g_steal_pointer(&key), g_steal_pointer(&sum));
    self->n_batches++;
    for (guint i = 0; i < nilo_batch_get_n_reports(batch); i++) {
        const gpointer serial = GINT_TO_POINTER(get_serial(nilo_batch_get_report(batch, i)));
        const gint count = GPOINTER_TO_INT(g_hash_table_lookup(self->received, serial));

        g_hash_table_insert(self->received, serial, GINT_TO_POINTER(count + 1));
    }
}

static NiloReport *
build_report(gint serial)
{
    g_autofree char *id = g_strdup_printf("cjt188:%014d", serial % 300);
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new(id, NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    const NiloValue value = {serial, -3, NILO_UNIT_CUBIC_METRE};

    nilo_report_builder_set_time(builder, START_US + serial * (gint64)G_USEC_PER_SEC, serial,
                                 NILO_CLOCK_SYNCHRONISED);
    nilo_report_builder_set_exchange(builder, 1, (guint)serial % 100 + 20);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    return nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
}

static void
stored_cb(NiloReport *report, guint64 sequence, gpointer user_data)
{
    Witness *witness = user_data;
    const gint serial = get_serial(report);

    if (sequence == 0)
        return;
    if (witness->ledger == NULL) {
        if (write(witness->pipe, &serial, sizeof serial) != sizeof serial)
            _exit(1); /* the parent has gone */
        return;
    }
    g_mutex_lock(&witness->mutex);
    g_hash_table_add(witness->ledger->acknowledged, GINT_TO_POINTER(serial));
    g_mutex_unlock(&witness->mutex);
}

static NiloJournal *
open_journal(const char *folder, NiloJournalFiles *files, NiloClock *clock)
{
    g_autoptr(NiloJournalConfig) config =
        g_object_new(NILO_TYPE_JOURNAL_CONFIG, "folder", folder, "size-max-bytes",
                     (guint64)(64 << 20), "segment-bytes", (guint64)16384, "free-min-bytes",
                     (guint64)0, NULL);
    g_autoptr(GError) error = NULL;
    NiloJournal *journal = nilo_journal_open(config, files, clock, &error);

    if (journal == NULL) {
        printf("the journal does not open: %s\n", error->message);
        exit(EXIT_FAILURE);
    }
    return journal;
}

/* one round: so many reports, written in one go or as they come */
static void
write_round(NiloJournal *journal, Witness *witness, gint first, gint count)
{
    for (gint serial = first; serial < first + count; serial++) {
        g_autoptr(NiloReport) report = build_report(serial);

        nilo_sink_put_report(NILO_SINK(journal), report, stored_cb, witness);
    }
    nilo_journal_sync(journal);
}

static void
taken_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

/* @random: (nullable): with it the consumer stops early now and then */
static void
consume(NiloJournal *journal, Ledger *ledger, GRand *random)
{

    g_autoptr(GError) error = NULL;
    g_autoptr(NiloCursor) cursor = nilo_journal_open_cursor(journal, "server", TRUE, &error);

    g_assert_no_error(error);
    while (nilo_cursor_get_backlog(cursor) > 0) {
        g_autoptr(GAsyncResult) result = NULL;
        g_autoptr(NiloBatch) batch = NULL;

        nilo_cursor_take_async(cursor, NULL, taken_cb, &result);
        while (result == NULL)
            g_main_context_iteration(NULL, TRUE);
        batch = nilo_cursor_take_finish(cursor, result, &error);
        g_assert_no_error(error);
        ledger_receive(ledger, batch);
        nilo_cursor_acknowledge(cursor, nilo_batch_get_sequence(batch));
        if (random != NULL && g_rand_int_range(random, 0, 200) == 0)
            return;
    }
}

/* a last batch marks the end, so that no cursor waits for one that was lost at the tail */
static void
check_and_write(NiloJournal *journal, Ledger *ledger, GRand *random, Witness *witness, gint serial)
{
    write_round(journal, witness, serial, 1);
    consume(journal, ledger, random);
}

static void
cut_power(NiloFaultyFiles *files, Ledger *ledger, GRand *random, NiloClock *clock, gint serial)
{
    Witness witness = {.ledger = ledger};
    NiloJournal *journal;

    g_mutex_init(&witness.mutex);
    journal = open_journal("/journal", nilo_faulty_files_get_table(files), clock);
    check_and_write(journal, ledger, random, &witness, serial++);
    nilo_faulty_files_set_power(files, g_rand_int_range(random, 0, 40));
    /* until the power is gone, and a little longer */
    for (gint round = 0; round < 12; round++) {
        const gint count = g_rand_int_range(random, 1, 120);

        write_round(journal, &witness, serial, count);
        serial += count;
        nilo_faulty_files_fail_syncs(files, g_rand_int_range(random, 0, 20) == 0);
    }
    nilo_faulty_files_set_power(files, 0);
    nilo_journal_close(journal);
    g_object_unref(journal);
    nilo_faulty_files_cut(files);
    g_mutex_clear(&witness.mutex);
}

static guint64
count_lost(const Ledger *ledger)
{
    GHashTableIter iter;
    gpointer serial;
    guint64 lost = 0;

    g_hash_table_iter_init(&iter, ledger->acknowledged);
    while (g_hash_table_iter_next(&iter, &serial, NULL))
        lost += !g_hash_table_contains(ledger->received, serial);
    return lost;
}

static guint64
count_twice(const Ledger *ledger)
{
    GHashTableIter iter;
    gpointer count;
    guint64 twice = 0;

    g_hash_table_iter_init(&iter, ledger->received);
    while (g_hash_table_iter_next(&iter, NULL, &count))
        twice += GPOINTER_TO_INT(count) > 1;
    return twice;
}

static guint64
settle(const char *name, const Ledger *ledger, guint cuts)
{
    const guint64 lost = count_lost(ledger), twice = count_twice(ledger);

    printf("%s: cuts=%u acknowledged=%u received=%u batches=%" G_GUINT64_FORMAT
           " delivered_again=%" G_GUINT64_FORMAT " lost=%" G_GUINT64_FORMAT
           " twice=%" G_GUINT64_FORMAT " changed=%" G_GUINT64_FORMAT "\n",
           name, cuts, g_hash_table_size(ledger->acknowledged), g_hash_table_size(ledger->received),
           ledger->n_batches, ledger->n_again, lost, twice, ledger->n_changed);
    fflush(stdout);
    return lost + twice + ledger->n_changed;
}

static void
consume_rest(const char *folder, NiloJournalFiles *files, NiloClock *clock, Ledger *ledger,
             gint serial)
{
    Witness witness = {.ledger = ledger};
    NiloJournal *journal = open_journal(folder, files, clock);

    g_mutex_init(&witness.mutex);
    check_and_write(journal, ledger, NULL, &witness, serial);
    nilo_journal_close(journal);
    g_object_unref(journal);
    g_mutex_clear(&witness.mutex);
}

static guint64
run_power_cuts(guint cuts, GRand *random)
{
    g_autoptr(NiloClock) clock = NILO_CLOCK(nilo_fake_clock_new(START_US));
    NiloFaultyFiles *files = NULL;
    Ledger *ledger = ledger_new();
    guint64 wrong;

    for (guint cut = 0; cut < cuts; cut++) {
        if (files == NULL)
            files = nilo_faulty_files_new(g_rand_int(random));
        cut_power(files, ledger, random, clock, (gint)cut * 2000 + 1);
        if (cut % CUTS_PER_DISK == CUTS_PER_DISK - 1 || cut == cuts - 1) {
            consume_rest("/journal", nilo_faulty_files_get_table(files), clock, ledger,
                         (gint)cut * 2000 + 2000);
            g_clear_pointer(&files, nilo_faulty_files_free);
        }
    }
    wrong = settle("power", ledger, cuts);
    ledger_free(ledger);
    return wrong;
}

/* --- kill -9 --- */

static G_NORETURN void
run_child(const char *folder, gint serial)
{
    g_autoptr(NiloClock) clock = nilo_clock_new_system();
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32)serial);
    Witness witness = {.pipe = STDOUT_FILENO};
    NiloJournal *journal = open_journal(folder, NULL, clock);

    while (TRUE) {
        const gint count = g_rand_int_range(random, 1, 120);

        write_round(journal, &witness, serial, count);
        serial += count;
    }
}

static void
read_acknowledged(int pipe, Ledger *ledger, gint limit)
{
    gint serial;

    /* a pipe takes and gives such a small piece whole */
    while (limit-- != 0 && read(pipe, &serial, sizeof serial) == (gssize)sizeof serial)
        g_hash_table_add(ledger->acknowledged, GINT_TO_POINTER(serial));
}

static void
kill_child(const char *self, const char *folder, Ledger *ledger, GRand *random, gint serial)
{
    g_autofree char *number = g_strdup_printf("%d", serial);
    const char *const argv[] = {self, "--child", folder, number, NULL};
    g_autoptr(GError) error = NULL;
    GPid child;
    int output;

    g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                             &child, NULL, &output, NULL, &error);
    g_assert_no_error(error);
    /* the moment is the child's own progress and a little more */
    read_acknowledged(output, ledger, g_rand_int_range(random, 1, 400));
    g_usleep((gulong)g_rand_int_range(random, 0, 3000));
    kill(child, SIGKILL);
    read_acknowledged(output, ledger, -1);
    waitpid(child, NULL, 0);
    g_spawn_close_pid(child);
    close(output);
}

static void
remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_remove(path);
    }
    g_rmdir(folder);
}

static guint64
run_kills(const char *self, guint cuts, GRand *random)
{
    g_autofree char *folder = g_dir_make_tmp("nilo-torture-XXXXXX", NULL);
    g_autoptr(NiloClock) clock = nilo_clock_new_system();
    Ledger *ledger = ledger_new();
    gint serial = 1;
    guint64 wrong;

    g_assert_nonnull(folder);
    for (guint cut = 0; cut < cuts; cut++) {
        NiloJournal *journal;

        kill_child(self, folder, ledger, random, serial);
        journal = open_journal(folder, NULL, clock);
        consume(journal, ledger, random);
        nilo_journal_close(journal);
        g_object_unref(journal);
        serial += SERIALS_PER_CUT;
    }
    consume_rest(folder, NULL, clock, ledger, serial);
    wrong = settle("kill", ledger, cuts);
    ledger_free(ledger);
    remove_folder(folder);
    return wrong;
}

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
    g_autoptr(GRand) random = NULL;
    guint32 seed = 1;
    guint cuts = 40;
    guint64 wrong;

    g_log_set_writer_func(log_writer, NULL, NULL);
    if (argc == 4 && strcmp(argv[1], "--child") == 0)
        run_child(argv[2], atoi(argv[3]));
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--cuts") == 0)
            cuts = (guint)atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = (guint32)atoi(argv[i + 1]);
    }
    random = g_rand_new_with_seed(seed);
    wrong = run_kills(argv[0], cuts / 2, random);
    wrong += run_power_cuts(cuts - cuts / 2, random);
    printf("cuts=%u wrong=%" G_GUINT64_FORMAT "\n", cuts, wrong);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
