/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal-position.h"

#include <fcntl.h>
#include <nilo-wire-crc.h>

#include "nilo-byte-reader.h"
#include "nilo-byte-writer.h"

#define MAGIC     0x31434a4eu /* NJC1 */
#define SIZE      32
#define SLOT_SIZE 512
#define N_SLOTS   2

static gboolean
parse_slot(const guint8 *bytes, gsize size, NiloJournalPosition *position)
{
    NiloJournalPosition read;
    NiloByteReader reader;
    guint32 magic, sum;

    nilo_byte_reader_init(&reader, bytes, size);
    magic = nilo_byte_reader_read_u32(&reader);
    read.epoch = nilo_byte_reader_read_u64(&reader);
    read.sequence = nilo_byte_reader_read_u64(&reader);
    read.count = nilo_byte_reader_read_u64(&reader);
    sum = nilo_byte_reader_read_u32(&reader);
    if (reader.failed || magic != MAGIC ||
        sum != nilo_crc32c_update(NILO_CRC32C_START, bytes, SIZE - 4))
        return FALSE;
    *position = read;
    return TRUE;
}

NiloJournalPositionState
nilo_journal_position_load(NiloJournalFiles *files, const char *path, NiloJournalPosition *position)
{
    NiloJournalPositionState state = NILO_JOURNAL_POSITION_DAMAGED;
    const int file = files->open(files, path, O_RDONLY);

    *position = (NiloJournalPosition){0};
    if (file < 0)
        return NILO_JOURNAL_POSITION_NEW;
    for (guint slot = 0; slot < N_SLOTS; slot++) {
        NiloJournalPosition read;
        guint8 bytes[SIZE];
        const gssize got =
            nilo_journal_files_read_all(files, file, bytes, sizeof bytes, slot * SLOT_SIZE);

        if (got <= 0 || !parse_slot(bytes, (gsize)got, &read))
            continue;
        state = NILO_JOURNAL_POSITION_OK;
        if (read.count >= position->count)
            *position = read;
    }
    files->close(files, file);
    return state;
}

int
nilo_journal_position_save(NiloJournalFiles *files, const char *folder, const char *path,
                           NiloJournalPosition *position)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const guint64 count = position->count + 1;
    gboolean is_new = FALSE;
    int file, result;

    file = files->open(files, path, O_RDWR);
    if (file < 0) {
        is_new = TRUE;
        file = files->open(files, path, O_RDWR | O_CREAT);
    }
    if (file < 0)
        return file;
    nilo_byte_writer_add_u32(bytes, MAGIC);
    nilo_byte_writer_add_u64(bytes, position->epoch);
    nilo_byte_writer_add_u64(bytes, position->sequence);
    nilo_byte_writer_add_u64(bytes, count);
    nilo_byte_writer_add_u32(bytes, nilo_crc32c_update(NILO_CRC32C_START, bytes->data, bytes->len));
    result = nilo_journal_files_write_all(files, file, bytes->data, bytes->len,
                                          (gint64)(count % N_SLOTS) * SLOT_SIZE);
    if (result >= 0)
        result = files->sync(files, file);
    if (result >= 0 && is_new)
        result = files->sync_folder(files, folder);
    files->close(files, file);
    if (result >= 0)
        position->count = count;
    return result;
}
