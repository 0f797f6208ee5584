/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal-store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <nilo-wire-crc.h>
#include <string.h>

#include "nilo-byte-reader.h"
#include "nilo-byte-writer.h"
#include "nilo-error.h"
#include "nilo-journal-segment.h"
#include "nilo-log.h"

#define EPOCH_MAGIC 0x31454a4eu /* NJE1 */
#define EPOCH_SIZE  16
/* sequences that are not given after a loss: those of the lost records may be known elsewhere */
#define SKIP_AFTER_LOSS 1024
/* a place that cannot be read so often will not be read any more */
#define MAX_READ_FAILURES 5
/* copies of damaged segments that are kept for whoever wants to look */
#define MAX_DAMAGED_COPIES 3
#define COPY_SIZE          65536

struct _NiloJournalStore {
    char *folder;
    NiloJournalFiles *files; /* borrowed, outlives us */
    NiloJournalStoreLimits limits;
    NiloJournalStoreReport report;
    gpointer user_data;

    int lock;
    gboolean is_open;
    guint64 epoch;
    guint64 next;
    gboolean skipped; /* the next record begins behind a gap */
    GArray *segments; /* element-type NiloJournalSegment, oldest first */
    int write_file;   /* the last segment, -1 when it must not be appended to */
    gint64 position;  /* in it */
    guint64 overwritten;
    gboolean is_full; /* said so once */

    int read_file;
    guint64 read_segment;
    GByteArray *packed;
    guint read_failures;
};

NiloJournalStore *
nilo_journal_store_new(const char *folder, NiloJournalFiles *files,
                       const NiloJournalStoreLimits *limits, NiloJournalStoreReport report,
                       gpointer user_data)
{
    NiloJournalStore *self = g_new0(NiloJournalStore, 1);

    self->folder = g_strdup(folder);
    self->files = files;
    self->limits = *limits;
    self->limits.segment_size = MIN(limits->segment_size, limits->size_max / 4);
    self->limits.segment_size &= -(gint64)NILO_JOURNAL_PAGE_SIZE;
    self->report = report;
    self->user_data = user_data;
    self->lock = -1;
    self->write_file = -1;
    self->read_file = -1;
    self->next = 1;
    self->segments = g_array_new(FALSE, FALSE, sizeof(NiloJournalSegment));
    self->packed = g_byte_array_new();
    return self;
}

static void
close_file(NiloJournalStore *self, int *file)
{
    if (*file >= 0)
        self->files->close(self->files, *file);
    *file = -1;
}

void
nilo_journal_store_free(NiloJournalStore *self)
{
    close_file(self, &self->write_file);
    close_file(self, &self->read_file);
    close_file(self, &self->lock);
    g_array_unref(self->segments);
    g_byte_array_unref(self->packed);
    g_free(self->folder);
    g_free(self);
}

static gboolean
set_disk_error(GError **error, int result, const char *doing, const char *path)
{
    g_set_error(error, NILO_ERROR, result == -ENOSPC ? NILO_ERROR_NO_SPACE : NILO_ERROR_FAILED,
                "%s %s: %s", doing, path, g_strerror(-result));
    return FALSE;
}

static void G_GNUC_PRINTF(3, 4)
    report(NiloJournalStore *self, const char *kind, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    self->report(kind, text, self->user_data);
}

static NiloJournalSegment *
get_segment(const NiloJournalStore *self, guint index)
{
    return &g_array_index(self->segments, NiloJournalSegment, index);
}

/* where the sequences of a segment end */
static guint64
get_end(const NiloJournalStore *self, guint index)
{
    return index + 1 < self->segments->len ? get_segment(self, index + 1)->first : self->next;
}

static char *
build_segment_path(const NiloJournalStore *self, guint64 first)
{
    return nilo_journal_segment_build_path(self->folder, first, NULL);
}

/* --- the epoch file --- */

static gboolean
read_epoch(NiloJournalStore *self, const char *path, guint64 *epoch)
{
    guint8 bytes[EPOCH_SIZE] = {0};
    NiloByteReader reader;
    const int file = self->files->open(self->files, path, O_RDONLY);
    gssize got;

    if (file < 0)
        return FALSE;
    got = nilo_journal_files_read_all(self->files, file, bytes, sizeof bytes, 0);
    self->files->close(self->files, file);
    nilo_byte_reader_init(&reader, bytes, got > 0 ? (gsize)got : 0);
    if (nilo_byte_reader_read_u32(&reader) != EPOCH_MAGIC)
        return FALSE;
    *epoch = nilo_byte_reader_read_u64(&reader);
    return nilo_byte_reader_read_u32(&reader) ==
               nilo_crc32c_update(NILO_CRC32C_START, bytes, EPOCH_SIZE - 4) &&
           !reader.failed && *epoch != 0;
}

static int
write_file_at_once(NiloJournalStore *self, const char *path, const GByteArray *bytes)
{
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);
    const int file = self->files->open(self->files, fresh, O_RDWR | O_CREAT | O_TRUNC);
    int result;

    if (file < 0)
        return file;
    result = nilo_journal_files_write_all(self->files, file, bytes->data, bytes->len, 0);
    if (result >= 0)
        result = self->files->sync(self->files, file);
    self->files->close(self->files, file);
    if (result >= 0)
        result = self->files->rename(self->files, fresh, path);
    if (result >= 0)
        result = self->files->sync_folder(self->files, self->folder);
    return result;
}

static gboolean
write_epoch(NiloJournalStore *self, const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    int result;

    nilo_byte_writer_add_u32(bytes, EPOCH_MAGIC);
    nilo_byte_writer_add_u64(bytes, self->epoch);
    nilo_byte_writer_add_u32(bytes, nilo_crc32c_update(NILO_CRC32C_START, bytes->data, bytes->len));
    result = write_file_at_once(self, path, bytes);
    return result < 0 ? set_disk_error(error, result, _("cannot write"), path) : TRUE;
}

static guint64
make_epoch(void)
{
    guint64 epoch = 0;

    while (epoch == 0)
        epoch = (guint64)g_random_int() << 32 | g_random_int();
    return epoch;
}

/* --- opening --- */

static int
compare_segments(gconstpointer a, gconstpointer b)
{
    const NiloJournalSegment *left = a, *right = b;

    return left->first < right->first ? -1 : left->first > right->first;
}

static gboolean
list_segments(NiloJournalStore *self, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const int result = self->files->list(self->files, self->folder, names);

    if (result < 0)
        return set_disk_error(error, result, _("cannot list"), self->folder);
    g_array_set_size(self->segments, 0);
    for (guint i = 0; i < names->len; i++) {
        NiloJournalSegment segment = {.size = self->limits.segment_size};

        if (nilo_journal_segment_parse_name(names->pdata[i], &segment.first))
            g_array_append_val(self->segments, segment);
    }
    g_array_sort(self->segments, compare_segments);
    return TRUE;
}

/* the head of a segment's first record, whatever its epoch */
static gboolean
peek(NiloJournalStore *self, guint64 first, NiloJournalRecord *record)
{
    g_autofree char *path = build_segment_path(self, first);
    guint8 head[NILO_JOURNAL_RECORD_HEAD_SIZE];
    const int file = self->files->open(self->files, path, O_RDONLY);
    gssize got;

    if (file < 0)
        return FALSE;
    got = nilo_journal_files_read_all(self->files, file, head, sizeof head, 0);
    self->files->close(self->files, file);
    return got == (gssize)sizeof head && nilo_journal_record_parse_head(head, record);
}

static void
set_aside(NiloJournalStore *self, guint index)
{
    const guint64 first = get_segment(self, index)->first;
    g_autofree char *path = build_segment_path(self, first);
    g_autofree char *aside = nilo_journal_segment_build_path(self->folder, first, ".foreign");

    self->files->rename(self->files, path, aside);
    g_array_remove_index(self->segments, index);
    report(self, "journal-damaged", _("journal segment %s is of another journal: set aside"), path);
}

/* an epoch file that is gone or damaged: the newest segment knows it too */
static gboolean
ensure_epoch(NiloJournalStore *self, GError **error)
{
    g_autofree char *path = g_build_filename(self->folder, "epoch", NULL);
    NiloJournalRecord record;

    if (read_epoch(self, path, &self->epoch))
        return TRUE;
    self->epoch = 0;
    for (guint i = self->segments->len; i-- > 0 && self->epoch == 0;) {
        if (peek(self, get_segment(self, i)->first, &record) &&
            record.sequence >= get_segment(self, i)->first)
            self->epoch = record.epoch;
    }
    if (self->segments->len > 0)
        report(self, "journal-damaged",
               self->epoch != 0 ? _("%s was lost and is written again")
                                : _("%s is lost: a new journal begins"),
               path);
    if (self->epoch == 0)
        self->epoch = make_epoch();
    return write_epoch(self, path, error);
}

static void
check_segments(NiloJournalStore *self)
{
    for (guint i = self->segments->len; i-- > 0;) {
        NiloJournalSegment *segment = get_segment(self, i);
        NiloJournalRecord record;

        if (!peek(self, segment->first, &record) || record.sequence < segment->first)
            continue; /* empty, recycled or damaged: reading will tell */
        if (record.epoch != self->epoch)
            set_aside(self, i);
        else
            segment->first_us = record.written_us;
    }
}

static void
copy_bytes(NiloJournalStore *self, int from, int to)
{
    g_autofree guint8 *buffer = g_malloc(COPY_SIZE);
    gint64 position = 0;
    gssize got;

    while ((got = nilo_journal_files_read_all(self->files, from, buffer, COPY_SIZE, position)) >
           0) {
        if (nilo_journal_files_write_all(self->files, to, buffer, (gsize)got, position) < 0)
            return;
        position += got;
    }
}

static guint
count_copies(NiloJournalStore *self)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    guint count = 0;

    if (self->files->list(self->files, self->folder, names) < 0)
        return MAX_DAMAGED_COPIES;
    for (guint i = 0; i < names->len; i++)
        count += g_str_has_suffix(names->pdata[i], ".damaged");
    return count;
}

/* the copy is for a person; that there is no room for it changes nothing for us */
static void
note_damage(NiloJournalStore *self, NiloJournalSegment *segment)
{
    g_autofree char *path = build_segment_path(self, segment->first);
    g_autofree char *copy = NULL;
    int from, to;

    if (segment->damaged)
        return;
    segment->damaged = TRUE;
    copy = nilo_journal_segment_build_path(self->folder, segment->first, ".damaged");
    report(self, "journal-damaged",
           _("journal segment %s has a damaged record; the others in it are used"), path);
    if (count_copies(self) >= MAX_DAMAGED_COPIES)
        return;
    from = self->files->open(self->files, path, O_RDONLY);
    to = self->files->open(self->files, copy, O_RDWR | O_CREAT | O_TRUNC);
    if (from >= 0 && to >= 0)
        copy_bytes(self, from, to);
    close_file(self, &from);
    close_file(self, &to);
}

/* what stands unfinished before a gap in the sequences was seen, and said, when the gap was made */
static gboolean
is_loss(const NiloJournalScan *scan)
{
    return scan->has_damage && (scan->record.flags & NILO_JOURNAL_RECORD_SKIPPED) == 0;
}

/*
 * Finds the end of the last segment. A record begun there and not whole is what a power cut leaves:
 * it was never acknowledged, and is written over. But it may also be an old one gone bad that
 * somebody already knows, so its sequence is not given again.
 */
static gboolean
find_end(NiloJournalStore *self, GError **error)
{
    NiloJournalSegment *segment;
    g_autofree char *path = NULL;
    NiloJournalScan scan = {
        .epoch = self->epoch,
        .before = G_MAXUINT64,
        .pass_errors = TRUE,
        .packed = self->packed,
    };
    gboolean damaged_inside = FALSE, read_only = FALSE;
    gint64 end = 0;

    self->next = 1;
    self->skipped = FALSE;
    close_file(self, &self->write_file);
    if (self->segments->len == 0)
        return TRUE;
    segment = get_segment(self, self->segments->len - 1);
    path = build_segment_path(self, segment->first);
    self->write_file = self->files->open(self->files, path, O_RDWR);
    if (self->write_file < 0) {
        /* a disk mounted read-only still has what its consumers want */
        self->write_file = self->files->open(self->files, path, O_RDONLY);
        read_only = TRUE;
    }
    if (self->write_file < 0)
        return set_disk_error(error, self->write_file, _("cannot open"), path);
    scan.after = segment->first - 1;
    while (nilo_journal_segment_scan(self->files, self->write_file, segment->size, &scan) > 0) {
        damaged_inside = damaged_inside || is_loss(&scan);
        scan.has_damage = FALSE;
        scan.after = scan.record.sequence;
        end = scan.position;
    }
    self->position = end;
    self->next = scan.after + 1;
    if (damaged_inside)
        note_damage(self, segment);
    if (damaged_inside || read_only)
        close_file(self, &self->write_file);
    if (scan.has_damage) {
        nilo_log_message(NULL, _("the last record of journal segment %s is not whole: a power cut"),
                         path);
        nilo_journal_store_skip_to(self, self->next);
    }
    return TRUE;
}

gboolean
nilo_journal_store_open(NiloJournalStore *self, GError **error)
{
    g_autofree char *lock_path = g_build_filename(self->folder, "lock", NULL);
    int result;

    result = self->files->make_folder(self->files, self->folder);
    if (result < 0)
        return set_disk_error(error, result, _("cannot make folder"), self->folder);
    if (self->lock < 0)
        self->lock = self->files->lock(self->files, lock_path);
    if (self->lock == -EWOULDBLOCK) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BUSY, _("another process uses the journal in %s"),
                    self->folder);
        return FALSE;
    }
    if (self->lock < 0)
        return set_disk_error(error, self->lock, _("cannot open"), lock_path);
    if (!list_segments(self, error) || !ensure_epoch(self, error))
        return FALSE;
    check_segments(self);
    if (!find_end(self, error))
        return FALSE;
    self->is_open = TRUE;
    return TRUE;
}

gboolean
nilo_journal_store_is_open(const NiloJournalStore *self)
{
    return self->is_open;
}

const char *
nilo_journal_store_get_folder(const NiloJournalStore *self)
{
    return self->folder;
}

guint64
nilo_journal_store_get_epoch(const NiloJournalStore *self)
{
    return self->epoch;
}

guint64
nilo_journal_store_get_next(const NiloJournalStore *self)
{
    return self->next;
}

guint64
nilo_journal_store_get_first(const NiloJournalStore *self)
{
    return self->segments->len > 0 ? MIN(get_segment(self, 0)->first, self->next) : self->next;
}

gint64
nilo_journal_store_get_oldest_us(const NiloJournalStore *self)
{
    return self->segments->len > 0 ? get_segment(self, 0)->first_us : 0;
}

gint64
nilo_journal_store_get_size(const NiloJournalStore *self)
{
    return (gint64)self->segments->len * self->limits.segment_size;
}

gint64
nilo_journal_store_get_used(const NiloJournalStore *self)
{
    if (self->segments->len == 0)
        return 0;
    return (gint64)(self->segments->len - 1) * self->limits.segment_size + self->position;
}

gsize
nilo_journal_store_get_largest(const NiloJournalStore *self)
{
    return (gsize)self->limits.segment_size - NILO_JOURNAL_RECORD_HEAD_SIZE;
}

guint64
nilo_journal_store_get_overwritten(const NiloJournalStore *self)
{
    return self->overwritten;
}

void
nilo_journal_store_skip_to(NiloJournalStore *self, guint64 sequence)
{
    if (sequence < self->next)
        return;
    self->next = sequence + SKIP_AFTER_LOSS;
    self->skipped = TRUE;
}

/* --- writing --- */

static gboolean
is_expired(const NiloJournalStore *self, guint index, gint64 now_us)
{
    gint64 newest_us;

    if (self->limits.age_max_us == 0 || now_us == 0 || index + 1 >= self->segments->len)
        return FALSE;
    /* its records are older than the first of the next one */
    newest_us = get_segment(self, index + 1)->first_us;
    return newest_us != 0 && now_us - newest_us > self->limits.age_max_us;
}

static gboolean
is_needed(const NiloJournalStore *self, guint index, guint64 needed_from)
{
    return needed_from < get_end(self, index);
}

static void
forget_oldest(NiloJournalStore *self)
{
    if (self->read_segment == get_segment(self, 0)->first) {
        close_file(self, &self->read_file);
        self->read_segment = 0;
    }
    g_array_remove_index(self->segments, 0);
}

static void
remove_expired(NiloJournalStore *self, gint64 now_us, guint64 needed_from)
{
    /* the first one is left for recycling */
    while (self->segments->len > 2 && is_expired(self, 1, now_us) &&
           !is_needed(self, 1, needed_from)) {
        g_autofree char *path = build_segment_path(self, get_segment(self, 0)->first);

        if (self->files->remove(self->files, path) < 0)
            return;
        forget_oldest(self);
    }
}

static void
give_up_needed(NiloJournalStore *self, guint64 needed_from)
{
    self->overwritten += get_end(self, 0) - MAX(needed_from, get_segment(self, 0)->first);
    if (!self->is_full)
        report(self, "journal-full",
               _("the journal in %s is full: the oldest batches, not yet delivered, are lost"),
               self->folder);
    self->is_full = TRUE;
}

/* the oldest segment becomes the new one: its blocks are written over, no room is asked for */
static int
recycle(NiloJournalStore *self, const char *path)
{
    g_autofree char *oldest = build_segment_path(self, get_segment(self, 0)->first);
    const int result = self->files->rename(self->files, oldest, path);

    if (result < 0)
        return result;
    forget_oldest(self);
    return self->files->open(self->files, path, O_RDWR);
}

static int
create(NiloJournalStore *self, const char *path)
{
    const int file = self->files->open(self->files, path, O_RDWR | O_CREAT | O_TRUNC);
    int result;

    if (file < 0)
        return file;
    result = self->files->preallocate(self->files, file, self->limits.segment_size);
    if (result >= 0)
        result = self->files->sync(self->files, file);
    if (result >= 0)
        return file;
    self->files->close(self->files, file);
    self->files->remove(self->files, path);
    return result;
}

static gboolean
has_room(NiloJournalStore *self)
{
    const gint64 free_space = self->files->free_space(self->files, self->folder);

    return free_space < 0 || free_space >= self->limits.free_min + self->limits.segment_size;
}

/* a file for a new segment: an old one written over where that may be, else a new one */
static int
make_segment_file(NiloJournalStore *self, const char *path, gint64 now_us, guint64 needed_from)
{
    const gint64 size = nilo_journal_store_get_size(self) + self->limits.segment_size;
    const gboolean over = size > self->limits.size_max;
    const gboolean spare = self->segments->len > 1 && !is_needed(self, 0, needed_from);

    if (over && self->segments->len > 1 && !spare)
        give_up_needed(self, needed_from);
    else if (spare)
        self->is_full = FALSE;
    if ((over && self->segments->len > 1) || (spare && is_expired(self, 0, now_us)))
        return recycle(self, path);
    if (has_room(self))
        return create(self, path);
    return spare ? recycle(self, path) : -ENOSPC;
}

static gboolean
begin_segment(NiloJournalStore *self, gint64 now_us, guint64 needed_from, GError **error)
{
    g_autofree char *path = build_segment_path(self, self->next);
    const NiloJournalSegment segment = {.first = self->next, .size = self->limits.segment_size};
    int file, result;

    close_file(self, &self->write_file);
    /* one of that name failed before it held anything */
    if (self->segments->len > 0 && get_segment(self, self->segments->len - 1)->first == self->next)
        g_array_set_size(self->segments, self->segments->len - 1);
    remove_expired(self, now_us, needed_from);
    file = make_segment_file(self, path, now_us, needed_from);
    if (file < 0)
        return set_disk_error(error, file, _("cannot make journal segment"), path);
    result = self->files->sync_folder(self->files, self->folder);
    g_array_append_val(self->segments, segment);
    if (result < 0) {
        self->files->close(self->files, file);
        return set_disk_error(error, result, _("cannot write"), self->folder);
    }
    self->write_file = file;
    self->position = 0;
    return TRUE;
}

static gboolean
write_record(NiloJournalStore *self, const GByteArray *bytes, GError **error)
{
    const gint64 place = nilo_journal_record_place(self->position, bytes->len);
    int result;

    result =
        nilo_journal_files_write_all(self->files, self->write_file, bytes->data, bytes->len, place);
    if (result >= 0)
        result = self->files->sync(self->files, self->write_file);
    if (result < 0) {
        /* how much of it is on the medium nobody knows. The next try stands in a segment of its
         * own, whose name says that this one ends before the record */
        close_file(self, &self->write_file);
        return set_disk_error(error, result, _("cannot write journal segment in"), self->folder);
    }
    self->position = place + (gint64)bytes->len;
    return TRUE;
}

gboolean
nilo_journal_store_append(NiloJournalStore *self, GBytes *packed, gint64 now_us,
                          guint64 needed_from, GError **error)
{
    const NiloJournalRecord record = {
        .epoch = self->epoch,
        .sequence = self->next,
        .written_us = now_us,
        .flags = self->skipped ? NILO_JOURNAL_RECORD_SKIPPED : 0,
    };
    g_autoptr(GByteArray) bytes = nilo_journal_record_build(&record, packed);
    NiloJournalSegment *segment;

    g_return_val_if_fail(g_bytes_get_size(packed) <= nilo_journal_store_get_largest(self), FALSE);

    if (self->write_file < 0 || nilo_journal_record_place(self->position, bytes->len) + bytes->len >
                                    self->limits.segment_size) {
        if (!begin_segment(self, now_us, needed_from, error))
            return FALSE;
    }
    if (!write_record(self, bytes, error))
        return FALSE;
    segment = get_segment(self, self->segments->len - 1);
    if (segment->first_us == 0)
        segment->first_us = now_us;
    self->next++;
    self->skipped = FALSE;
    return TRUE;
}

/* --- reading --- */

/* the segment that may hold @sequence, or the first behind it */
static guint
find_segment(const NiloJournalStore *self, guint64 sequence)
{
    guint index = 0;

    while (index + 1 < self->segments->len && get_segment(self, index + 1)->first <= sequence)
        index++;
    return index;
}

static gboolean
open_for_reading(NiloJournalStore *self, const NiloJournalSegment *segment, GError **error)
{
    g_autofree char *path = NULL;

    if (self->read_file >= 0 && self->read_segment == segment->first)
        return TRUE;
    close_file(self, &self->read_file);
    path = build_segment_path(self, segment->first);
    self->read_file = self->files->open(self->files, path, O_RDONLY);
    self->read_segment = segment->first;
    if (self->read_file < 0) {
        const int result = self->read_file;

        self->read_file = -1;
        return set_disk_error(error, result, _("cannot open"), path);
    }
    return TRUE;
}

static void
report_missing(NiloJournalStore *self, guint64 after, const NiloJournalRecord *record)
{
    if (after == 0 || record->sequence == after + 1 ||
        (record->flags & NILO_JOURNAL_RECORD_SKIPPED) != 0)
        return;
    report(self, "journal-damaged",
           _("journal in %s: batches %" PRIu64 " to %" PRIu64 " are missing"), self->folder,
           after + 1, record->sequence - 1);
}

static int
scan_segment(NiloJournalStore *self, guint index, guint64 after, NiloJournalPlace *place,
             NiloJournalScan *scan, GError **error)
{
    const NiloJournalSegment *segment = get_segment(self, index);
    int result;

    if (!open_for_reading(self, segment, error))
        return -1;
    *scan = (NiloJournalScan){
        .epoch = self->epoch,
        .after = MAX(after, segment->first - 1),
        .before = get_end(self, index),
        .pass_errors = self->read_failures >= MAX_READ_FAILURES,
        .position =
            place->segment == segment->first && place->sequence <= after ? place->position : 0,
        .packed = self->packed,
    };
    result = nilo_journal_segment_scan(self->files, self->read_file, segment->size, scan);
    if (result < 0) {
        self->read_failures++;
        set_disk_error(error, result, _("cannot read journal segment in"), self->folder);
        return -1;
    }
    self->read_failures = 0;
    if (result > 0)
        *place = (NiloJournalPlace){segment->first, scan->record.sequence, scan->position};
    return result;
}

GBytes *
nilo_journal_store_read(NiloJournalStore *self, guint64 after, NiloJournalPlace *place,
                        guint64 *sequence, GError **error)
{
    NiloJournalScan scan = {0};
    guint damaged = G_MAXUINT;
    int result = 0;

    g_return_val_if_fail(self->is_open, NULL);

    if (after + 1 >= self->next)
        return NULL;
    for (guint i = find_segment(self, after + 1); result == 0 && i < self->segments->len; i++) {
        result = scan_segment(self, i, after, place, &scan, error);
        if (result >= 0 && scan.has_damage)
            damaged = MIN(damaged, i);
    }
    if (damaged != G_MAXUINT &&
        (result == 0 || (scan.record.flags & NILO_JOURNAL_RECORD_SKIPPED) == 0))
        note_damage(self, get_segment(self, damaged));
    if (result <= 0)
        return NULL;
    report_missing(self, after, &scan.record);
    *sequence = scan.record.sequence;
    return g_bytes_new(scan.packed->data, scan.packed->len);
}
