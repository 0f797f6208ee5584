/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/* Records of the journal: docs/journal-format.md. Pure: no file in sight. */

#define NILO_JOURNAL_RECORD_HEAD_SIZE 40
/* a record begins at a multiple of this: the smallest piece a medium writes as a whole */
#define NILO_JOURNAL_SECTOR_SIZE 512
/* what one write costs at least, on flash and through the page cache */
#define NILO_JOURNAL_PAGE_SIZE 4096

typedef enum {
    NILO_JOURNAL_RECORD_SKIPPED = 1 << 0, /* the sequences just before it were never given */
} NiloJournalRecordFlags;

/**
 * NiloJournalRecord:
 * @written_us: UTC; 0 when the clock could not be believed
 * @size: bytes of the packed batch behind the head
 */
typedef struct {
    guint64 epoch;
    guint64 sequence;
    gint64 written_us;
    guint32 size;
    guint32 flags;
    guint32 checksum;
} NiloJournalRecord;

/** nilo_journal_record_build: head and batch, ready to be written; @record's size and checksum
 * are not looked at */
NILO_INTERNAL GByteArray *nilo_journal_record_build(const NiloJournalRecord *record,
                                                    GBytes *packed);

/** nilo_journal_record_parse_head: FALSE when @head, of %NILO_JOURNAL_RECORD_HEAD_SIZE bytes,
 * is none */
NILO_INTERNAL gboolean nilo_journal_record_parse_head(const guint8 *head,
                                                      NiloJournalRecord *record);

/** nilo_journal_record_check: whether head and batch are as they were written */
NILO_INTERNAL gboolean nilo_journal_record_check(const NiloJournalRecord *record,
                                                 const guint8 *head, const guint8 *packed);

/** nilo_journal_record_resembles: whether @head looks as if record @sequence of @epoch was
 * begun there: two of magic, epoch and sequence are right */
NILO_INTERNAL gboolean nilo_journal_record_resembles(const guint8 *head, guint64 epoch,
                                                     guint64 sequence);

/** nilo_journal_record_place: where a record of @size bytes, head included, goes behind
 * @position: at the next sector; at the next page when it would touch one more otherwise */
NILO_INTERNAL gint64 nilo_journal_record_place(gint64 position, gsize size);

G_END_DECLS
