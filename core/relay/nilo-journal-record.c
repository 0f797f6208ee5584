/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal-record.h"

#include <nilo-wire-crc.h>

#include "nilo-byte-reader.h"
#include "nilo-byte-writer.h"

/* parsing is fuzzed by nilo-journal-segment-fuzz.c */
#define MAGIC         0x31524a4eu /* NJR1 */
#define CHECKSUM_SIZE 4

static guint32
sum(const guint8 *head, const guint8 *packed, gsize size)
{
    const guint32 crc =
        nilo_crc32c_update(NILO_CRC32C_START, head, NILO_JOURNAL_RECORD_HEAD_SIZE - CHECKSUM_SIZE);

    return nilo_crc32c_update(crc, packed, size);
}

GByteArray *
nilo_journal_record_build(const NiloJournalRecord *record, GBytes *packed)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(packed, &size);
    GByteArray *built = g_byte_array_sized_new((guint)size + NILO_JOURNAL_RECORD_HEAD_SIZE);

    nilo_byte_writer_add_u32(built, MAGIC);
    nilo_byte_writer_add_u32(built, (guint32)size);
    nilo_byte_writer_add_u64(built, record->epoch);
    nilo_byte_writer_add_u64(built, record->sequence);
    nilo_byte_writer_add_u64(built, (guint64)record->written_us);
    nilo_byte_writer_add_u32(built, record->flags);
    nilo_byte_writer_add_u32(built, sum(built->data, bytes, size));
    g_byte_array_append(built, bytes, (guint)size);
    return built;
}

static guint32
read_head(const guint8 *head, NiloJournalRecord *record)
{
    NiloByteReader reader;
    guint32 magic;

    nilo_byte_reader_init(&reader, head, NILO_JOURNAL_RECORD_HEAD_SIZE);
    magic = nilo_byte_reader_read_u32(&reader);
    record->size = nilo_byte_reader_read_u32(&reader);
    record->epoch = nilo_byte_reader_read_u64(&reader);
    record->sequence = nilo_byte_reader_read_u64(&reader);
    record->written_us = (gint64)nilo_byte_reader_read_u64(&reader);
    record->flags = nilo_byte_reader_read_u32(&reader);
    record->checksum = nilo_byte_reader_read_u32(&reader);
    return magic;
}

gboolean
nilo_journal_record_parse_head(const guint8 *head, NiloJournalRecord *record)
{
    return read_head(head, record) == MAGIC;
}

gboolean
nilo_journal_record_check(const NiloJournalRecord *record, const guint8 *head, const guint8 *packed)
{
    return sum(head, packed, record->size) == record->checksum;
}

gboolean
nilo_journal_record_resembles(const guint8 *head, guint64 epoch, guint64 sequence)
{
    NiloJournalRecord record;
    const guint32 magic = read_head(head, &record);

    return (magic == MAGIC) + (record.epoch == epoch) + (record.sequence == sequence) >= 2 &&
           record.sequence >= sequence;
}

static gint64
align(gint64 position, gint64 unit)
{
    return (position + unit - 1) / unit * unit;
}

gint64
nilo_journal_record_place(gint64 position, gsize size)
{
    const gint64 at_sector = align(position, NILO_JOURNAL_SECTOR_SIZE);
    const gint64 in_page = at_sector % NILO_JOURNAL_PAGE_SIZE;
    const gint64 pages = align((gint64)size, NILO_JOURNAL_PAGE_SIZE);

    if (align(in_page + (gint64)size, NILO_JOURNAL_PAGE_SIZE) > pages)
        return align(position, NILO_JOURNAL_PAGE_SIZE);
    return at_sector;
}
