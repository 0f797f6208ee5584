/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "nilo-faulty-files.h"
#include "nilo-journal-position.h"
#include "nilo-journal-record.h"
#include "nilo-journal-store.h"

#define FOLDER "/journal"
#define EPOCH  7

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void
report_cb(const char *kind, const char *text, gpointer user_data)
{
    g_assert_cmpstr(kind, ==, "journal-damaged");
}

/* whatever a folder holds: it opens, what is read has rising sequences, and it can be appended to
 */
static void
run_store(NiloFaultyFiles *files)
{
    const NiloJournalStoreLimits limits = {.size_max = 4 * 16384, .segment_size = 16384};
    g_autoptr(NiloJournalStore) store =
        nilo_journal_store_new(FOLDER, nilo_faulty_files_get_table(files), &limits, report_cb,
                               NULL);
    g_autoptr(GBytes) packed = g_bytes_new_static("x", 1);
    g_autoptr(GBytes) last = NULL;
    NiloJournalPlace place = {0};
    guint64 after = 0, sequence;
    GBytes *read;

    g_assert_true(nilo_journal_store_open(store, NULL));
    /* no room for another: the input may name the last of all sequences */
    if (nilo_journal_store_get_next(store) == 0)
        return;
    g_assert_true(nilo_journal_store_append(store, packed, 1, G_MAXUINT64, NULL));
    while ((read = nilo_journal_store_read(store, after, &place, &sequence, NULL)) != NULL) {
        g_clear_pointer(&last, g_bytes_unref);
        last = read;
        g_assert_cmpuint(sequence, >, after);
        after = sequence;
    }
    g_assert_true(g_bytes_equal(last, packed));
}

/* the input as a segment; and as a record that is whole, with itself behind it */
int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    const NiloJournalRecord record = {.epoch = EPOCH, .sequence = 1, .written_us = 1};
    g_autoptr(NiloFaultyFiles) files = nilo_faulty_files_new(1);
    g_autoptr(GBytes) packed = g_bytes_new(data, size);
    g_autoptr(GByteArray) whole = nilo_journal_record_build(&record, packed);
    NiloJournalPosition position;

    nilo_faulty_files_put(files, FOLDER "/0000000000000001.segment", data, size);
    nilo_faulty_files_put(files, FOLDER "/epoch", data, size);
    nilo_faulty_files_put(files, FOLDER "/mirror.cursor", data, size);
    nilo_journal_position_load(nilo_faulty_files_get_table(files), FOLDER "/mirror.cursor",
                               &position);
    run_store(files);

    g_byte_array_set_size(whole, (whole->len + NILO_JOURNAL_SECTOR_SIZE - 1) &
                                     ~(guint)(NILO_JOURNAL_SECTOR_SIZE - 1));
    g_byte_array_append(whole, data, (guint)size);
    nilo_faulty_files_remove(files, FOLDER "/epoch");
    nilo_faulty_files_put(files, FOLDER "/0000000000000001.segment", whole->data, whole->len);
    run_store(files);
    return 0;
}
