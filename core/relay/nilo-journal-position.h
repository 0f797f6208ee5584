/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-journal-files.h"

G_BEGIN_DECLS

/**
 * NiloJournalPosition:
 * @sequence: the last one acknowledged, 0 for none
 * @count: of writes: the larger of the two slots is the newer
 *
 * How far one consumer has come, in a file with two slots written in turn: a torn write costs
 * the newer one, never both. docs/journal-format.md.
 */
typedef struct {
    guint64 epoch;
    guint64 sequence;
    guint64 count;
} NiloJournalPosition;

typedef enum {
    NILO_JOURNAL_POSITION_OK,
    NILO_JOURNAL_POSITION_NEW,     /* no file */
    NILO_JOURNAL_POSITION_DAMAGED, /* a file without a whole slot */
} NiloJournalPositionState;

NILO_INTERNAL NiloJournalPositionState nilo_journal_position_load(NiloJournalFiles *files,
                                                                  const char *path,
                                                                  NiloJournalPosition *position);

/** nilo_journal_position_save: counts @position's count up; 0 or a negative errno */
NILO_INTERNAL int nilo_journal_position_save(NiloJournalFiles *files, const char *folder,
                                             const char *path, NiloJournalPosition *position);

G_END_DECLS
