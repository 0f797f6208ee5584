/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-journal-files.h"
#include "nilo-journal-record.h"

G_BEGIN_DECLS

/**
 * NiloJournalSegment:
 * @first: its name: the lowest sequence that may stand in it
 * @first_us: when its first record was written, UTC; 0 when not known
 * @damaged: was reported, and set aside
 */
typedef struct {
    guint64 first;
    gint64 first_us;
    gint64 size;
    gboolean damaged;
} NiloJournalSegment;

/**
 * NiloJournalScan:
 * @epoch: records of another one are passed over
 * @after: records up to this sequence are passed over
 * @before: and those from this on
 * @pass_errors: what cannot be read is damage too, not a failure
 * @position: where to look; afterwards behind the record found
 * @record: (out): the one found
 * @packed: (out): its batch, re-used from call to call
 * @has_damage: (out): a record was begun there that is not whole
 */
typedef struct {
    guint64 epoch;
    guint64 after;
    guint64 before;
    gboolean pass_errors;
    gint64 position;
    NiloJournalRecord record;
    GByteArray *packed;
    gboolean has_damage;
} NiloJournalScan;

/** nilo_journal_segment_build_path: (transfer full): */
NILO_INTERNAL char *nilo_journal_segment_build_path(const char *folder, guint64 first,
                                                    const char *suffix);

/** nilo_journal_segment_parse_name: FALSE when @name is not that of a segment */
NILO_INTERNAL gboolean nilo_journal_segment_parse_name(const char *name, guint64 *first);

/**
 * nilo_journal_segment_scan:
 * @size: of the file
 *
 * Looks for the next whole record, sector by sector: a record proves itself, so what is damaged
 * costs itself and nothing behind it.
 *
 * Returns: 1 when there is one, 0 when there is none, or a negative errno
 */
NILO_INTERNAL int nilo_journal_segment_scan(NiloJournalFiles *files, int file, gint64 size,
                                            NiloJournalScan *scan);

G_END_DECLS
