/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-journal [--batches N] [FOLDER]
 *
 * What the journal writes to the disk for 1,000 meters read hourly, one volume each, and how fast
 * it could. In the steady state, where segments are written over; `_growing` is the same before
 * the size bound is reached, while segments are filled with zeros first. Printed are
 *
 * - device_bytes_per_reading: the 4 KiB pages of files that were flushed, zeros included, and
 *   METADATA_BYTES for each flush that changes more than bytes: of a new file, of a folder. That is
 *   what ext4 was seen to write for one: descriptor, inode, bitmap or folder, commit.
 * - disk_bytes_per_reading: what the kernel counts for the block device under the folder, the file
 *   system's own journal included, but also what anybody else writes there: of use on a device of
 *   its own. -1 where there is no such counter.
 * - records_per_second: readings stored per second, each batch flushed.
 * - ratio_to_append: the same against appending equally many bytes to one plain file with write
 *   and fdatasync.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "nilo-journal.h"

#define N_METERS       1000
#define PAGE_SIZE      4096
#define METADATA_BYTES (4 * PAGE_SIZE)
#define MAX_FILES      1024
#define START_US       (G_GINT64_CONSTANT(1760000400) * G_USEC_PER_SEC)
#define HOUR_US        (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define SIZE_MAX_BYTES (2 * 1024 * 1024)

/* the real files, counted */
static struct {
    NiloJournalFiles table;
    NiloJournalFiles *real;
    GHashTable *dirty; /* file and page -> itself: written since the file's last flush */
    gboolean
        fresh[MAX_FILES]; /* the file has reserved blocks never written: a flush changes more */
    guint64 page_bytes;
    guint64 metadata_bytes;
} counted;

static int
counted_preallocate(NiloJournalFiles *self, int file, gint64 size)
{
    counted.page_bytes += (guint64)size;
    return counted.real->preallocate(counted.real, file, size);
}

static int
counted_open(NiloJournalFiles *self, const char *path, int flags)
{
    const int file = counted.real->open(counted.real, path, flags);

    if (file >= 0 && file < MAX_FILES)
        counted.fresh[file] = (flags & O_CREAT) != 0;
    return file;
}

static gssize
counted_write(NiloJournalFiles *self, int file, const void *bytes, gsize size, gint64 offset)
{
    for (gint64 page = offset / PAGE_SIZE; page <= (offset + (gint64)size - 1) / PAGE_SIZE; page++)
        g_hash_table_add(counted.dirty, GSIZE_TO_POINTER((gsize)page << 16 | (gsize)file));
    return counted.real->write(counted.real, file, bytes, size, offset);
}

static gboolean
is_of_file(gpointer key, gpointer value, gpointer user_data)
{
    return (GPOINTER_TO_SIZE(key) & 0xffff) == GPOINTER_TO_SIZE(user_data);
}

static int
counted_sync(NiloJournalFiles *self, int file)
{
    const guint pages =
        g_hash_table_foreach_remove(counted.dirty, is_of_file, GSIZE_TO_POINTER((gsize)file));

    counted.page_bytes += (guint64)pages * PAGE_SIZE;
    if (file < MAX_FILES && counted.fresh[file])
        counted.metadata_bytes += METADATA_BYTES;
    if (file < MAX_FILES)
        counted.fresh[file] = FALSE;
    return counted.real->sync(counted.real, file);
}

static int
counted_sync_folder(NiloJournalFiles *self, const char *path)
{
    counted.metadata_bytes += METADATA_BYTES;
    return counted.real->sync_folder(counted.real, path);
}

static NiloJournalFiles *
get_counted(void)
{
    counted.real = nilo_journal_files_get_real();
    counted.table = *counted.real;
    counted.table.open = counted_open;
    counted.table.preallocate = counted_preallocate;
    counted.table.write = counted_write;
    counted.table.sync = counted_sync;
    counted.table.sync_folder = counted_sync_folder;
    counted.dirty = g_hash_table_new(NULL, NULL);
    return &counted.table;
}

/* sectors of 512 bytes written, the seventh number of the kernel's block/stat.rst */
static gint64
read_disk_bytes(const char *folder)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) words = NULL;
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat info;
    guint n = 0;

    if (file < 0)
        return -1;
    syncfs(file);
    close(file);
    if (stat(folder, &info) < 0)
        return -1;
    path = g_strdup_printf("/sys/dev/block/%u:%u/stat", major(info.st_dev), minor(info.st_dev));
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return -1;
    words = g_strsplit_set(text, " \n", -1);
    for (guint i = 0; words[i] != NULL; i++) {
        if (*words[i] != '\0' && ++n == 7)
            return g_ascii_strtoll(words[i], NULL, 10) * 512;
    }
    return -1;
}

/* meters of one maker, a few hundred numbers apart; 0.3 s each on the bus; a family's water */
typedef struct {
    NiloMeterId *ids[N_METERS];
    gint64 volume_l[N_METERS];
    GRand *random;
    gint64 now_us;
} Building;

static void
building_init(Building *self)
{
    gint64 number = G_GINT64_CONSTANT(78330011000000);

    self->random = g_rand_new_with_seed(1);
    self->now_us = START_US;
    for (guint i = 0; i < N_METERS; i++) {
        g_autofree char *text = NULL;

        number += g_rand_int_range(self->random, 1, 800);
        text = g_strdup_printf("cjt188:%014" G_GINT64_FORMAT, number);
        self->ids[i] = nilo_meter_id_new(text, NULL);
        self->volume_l[i] = g_rand_int_range(self->random, 1000, 900000);
    }
}

static void
building_clear(Building *self)
{
    for (guint i = 0; i < N_METERS; i++)
        nilo_meter_id_unref(self->ids[i]);
    g_rand_free(self->random);
}

static NiloReport *
read_meter(Building *self, guint i)
{
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(self->ids[i]);
    const NiloValue value = {self->volume_l[i] += g_rand_int_range(self->random, 0, 40), -3,
                             NILO_UNIT_CUBIC_METRE};
    const gint64 taken_us = self->now_us + i * (gint64)300000;

    nilo_report_builder_set_time(builder, taken_us, taken_us - START_US, NILO_CLOCK_SYNCHRONISED);
    nilo_report_builder_set_exchange(builder, 1, (guint)g_rand_int_range(self->random, 90, 150));
    nilo_report_builder_add_status(builder, NILO_STATUS_VALVE_OPEN);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    return nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
}

typedef struct {
    guint batches;
    gdouble seconds;
    guint64 page_bytes;
    guint64 metadata_bytes;
    gint64 disk_bytes;
} Run;

/* rounds are prepared before the clock runs: the journal is measured, not the building */
static Run
run_rounds(NiloJournal *journal, NiloCursor *cursor, Building *building, const char *folder,
           guint batches)
{
    Run run = {.batches = batches};
    const guint64 pages = counted.page_bytes, metadata = counted.metadata_bytes;
    const gint64 disk = read_disk_bytes(folder);

    for (guint batch = 0; batch < batches; batch++) {
        g_autoptr(GPtrArray) reports =
            g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
        gint64 begin_us;

        for (guint i = 0; i < N_METERS; i++)
            g_ptr_array_add(reports, read_meter(building, i));
        begin_us = g_get_monotonic_time();
        for (guint i = 0; i < N_METERS; i++)
            nilo_sink_put_report(NILO_SINK(journal), reports->pdata[i], NULL, NULL);
        nilo_journal_sync(journal);
        run.seconds += (gdouble)(g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC;
        nilo_cursor_acknowledge(cursor, nilo_journal_get_last_sequence(journal));
        building->now_us += HOUR_US;
    }
    run.page_bytes = counted.page_bytes - pages;
    run.metadata_bytes = counted.metadata_bytes - metadata;
    run.disk_bytes = disk < 0 ? -1 : read_disk_bytes(folder) - disk;
    return run;
}

/* the same bytes, appended to one plain file */
static gdouble
run_append(const char *folder, guint batches, gsize size)
{
    g_autofree char *path = g_build_filename(folder, "plain", NULL);
    g_autofree char *bytes = g_strnfill(size, 'x');
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    gint64 begin_us;

    g_assert_cmpint(file, >=, 0);
    begin_us = g_get_monotonic_time();
    for (guint batch = 0; batch < batches; batch++) {
        g_assert_cmpint(write(file, bytes, size), ==, size);
        g_assert_cmpint(fdatasync(file), ==, 0);
    }
    close(file);
    return (gdouble)(g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC;
}

static gdouble
per_reading(const Run *run, guint64 bytes)
{
    return (gdouble)bytes / run->batches / N_METERS;
}

static void
print_run(const char *suffix, const Run *run)
{
    printf("device_bytes_per_reading%s=%.2f\n", suffix,
           per_reading(run, run->page_bytes + run->metadata_bytes));
    printf("page_bytes_per_reading%s=%.2f\n", suffix, per_reading(run, run->page_bytes));
    printf("metadata_bytes_per_reading%s=%.2f\n", suffix, per_reading(run, run->metadata_bytes));
    printf("disk_bytes_per_reading%s=%.2f\n", suffix,
           run->disk_bytes < 0 ? -1 : per_reading(run, (guint64)run->disk_bytes));
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

static void
bench(const char *folder, guint batches)
{
    g_autoptr(NiloClock) clock = nilo_clock_new_system();
    g_autoptr(NiloJournalConfig) config =
        g_object_new(NILO_TYPE_JOURNAL_CONFIG, "folder", folder, "size-max-bytes",
                     (guint64)SIZE_MAX_BYTES, NULL);
    g_autoptr(NiloJournal) journal = nilo_journal_open(config, get_counted(), clock, NULL);
    g_autoptr(NiloCursor) cursor = nilo_journal_open_cursor(journal, "uplink", TRUE, NULL);
    Building building;
    guint64 last;
    Run growing, steady;
    gdouble plain_s;

    building_init(&building);
    growing = run_rounds(journal, cursor, &building, folder, 120);
    while (nilo_journal_get_size_bytes(journal) < SIZE_MAX_BYTES)
        run_rounds(journal, cursor, &building, folder, 1);
    last = nilo_journal_get_last_sequence(journal);
    /* a whole number of segments is needed for an honest mean: several are */
    steady = run_rounds(journal, cursor, &building, folder, batches);
    plain_s = run_append(folder, batches, (gsize)(steady.page_bytes / batches));
    nilo_journal_close(journal);
    building_clear(&building);

    print_run("", &steady);
    print_run("_growing", &growing);
    printf("batches=%" G_GUINT64_FORMAT "\n", nilo_journal_get_last_sequence(journal) - last);
    printf("records_per_second=%.0f\n", batches * (gdouble)N_METERS / steady.seconds);
    printf("append_records_per_second=%.0f\n", batches * (gdouble)N_METERS / plain_s);
    printf("ratio_to_append=%.2f\n", plain_s / steady.seconds);
}

int
main(int argc, char **argv)
{
    const char *parent = g_get_tmp_dir();
    g_autofree char *pattern = NULL;
    guint batches = 720;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--batches") == 0 && i + 1 < argc)
            batches = (guint)atoi(argv[++i]);
        else
            parent = argv[i];
    }
    pattern = g_build_filename(parent, "nilo-bench-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(pattern));
    bench(pattern, batches);
    remove_folder(pattern);
    return EXIT_SUCCESS;
}
