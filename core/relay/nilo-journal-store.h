/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-journal-files.h"

G_BEGIN_DECLS

typedef struct _NiloJournalStore NiloJournalStore;

/**
 * NiloJournalStoreLimits:
 * @size_max: of all segments together, bytes
 * @segment_size: of each, bytes; at most a quarter of @size_max
 * @age_max_us: batches older than this may go; 0 for no limit
 * @free_min: what others must find free on the disk, bytes
 */
typedef struct {
    gint64 size_max;
    gint64 segment_size;
    gint64 age_max_us;
    gint64 free_min;
} NiloJournalStoreLimits;

/** NiloJournalStoreReport: something a person should know; @kind is that of an event */
typedef void (*NiloJournalStoreReport)(const char *kind, const char *text, gpointer user_data);

/**
 * NiloJournalPlace:
 *
 * Where a reader has come: a hint that saves searching, zero at first.
 */
typedef struct {
    guint64 segment;  /* its first sequence */
    guint64 sequence; /* of the record that ends at @position */
    gint64 position;
} NiloJournalPlace;

/**
 * NiloJournalStore:
 *
 * Segment files in a folder: docs/journal-format.md. Used by one thread at a time.
 */

/**
 * nilo_journal_store_new:
 * @files: outlives the store
 *
 * Touches no file yet.
 */
NILO_INTERNAL NiloJournalStore *nilo_journal_store_new(const char *folder, NiloJournalFiles *files,
                                                       const NiloJournalStoreLimits *limits,
                                                       NiloJournalStoreReport report,
                                                       gpointer user_data);
NILO_INTERNAL void nilo_journal_store_free(NiloJournalStore *self);

/**
 * nilo_journal_store_open:
 *
 * Finds what is there, or begins a new journal. After a failure it may be tried again.
 *
 * Returns: %FALSE with %NILO_ERROR_BUSY when another process has the folder, with
 * %NILO_ERROR_NO_SPACE or %NILO_ERROR_FAILED when the disk is not usable
 */
NILO_INTERNAL gboolean nilo_journal_store_open(NiloJournalStore *self, GError **error);
NILO_INTERNAL gboolean nilo_journal_store_is_open(const NiloJournalStore *self);

NILO_INTERNAL const char *nilo_journal_store_get_folder(const NiloJournalStore *self);
NILO_INTERNAL guint64 nilo_journal_store_get_epoch(const NiloJournalStore *self);

/** nilo_journal_store_get_next: the sequence the next record will have */
NILO_INTERNAL guint64 nilo_journal_store_get_next(const NiloJournalStore *self);

/** nilo_journal_store_get_first: the oldest sequence that may still be there; equal to the next
 * one when there is none */
NILO_INTERNAL guint64 nilo_journal_store_get_first(const NiloJournalStore *self);

/** nilo_journal_store_get_oldest_us: when the oldest record was written; 0 when not known */
NILO_INTERNAL gint64 nilo_journal_store_get_oldest_us(const NiloJournalStore *self);

/** nilo_journal_store_get_size: bytes taken on the disk by segments */
NILO_INTERNAL gint64 nilo_journal_store_get_size(const NiloJournalStore *self);

/** nilo_journal_store_get_used: bytes of them that hold records */
NILO_INTERNAL gint64 nilo_journal_store_get_used(const NiloJournalStore *self);

/** nilo_journal_store_get_largest: bytes of the largest batch that fits */
NILO_INTERNAL gsize nilo_journal_store_get_largest(const NiloJournalStore *self);

/** nilo_journal_store_get_overwritten: batches given up, though a required consumer had not
 * acknowledged them */
NILO_INTERNAL guint64 nilo_journal_store_get_overwritten(const NiloJournalStore *self);

/** nilo_journal_store_skip_to: sequences up to @sequence were given once, though their records
 * are gone: never give them again */
NILO_INTERNAL void nilo_journal_store_skip_to(NiloJournalStore *self, guint64 sequence);

/**
 * nilo_journal_store_append:
 * @packed: of the batch with this epoch and the next sequence
 * @now_us: UTC, 0 when the clock cannot be believed
 * @needed_from: the first sequence a required consumer still needs; %G_MAXUINT64 for none
 *
 * Returns when the record is on the medium. After a failure nothing of it will ever be read;
 * the same sequence is used again.
 */
NILO_INTERNAL gboolean nilo_journal_store_append(NiloJournalStore *self, GBytes *packed,
                                                 gint64 now_us, guint64 needed_from,
                                                 GError **error);

/**
 * nilo_journal_store_read:
 * @after: the sequence before the wanted one
 * @place: (inout): hint
 * @sequence: (out): of what is returned
 *
 * The first undamaged record behind @after. Damage on the way is reported and passed over.
 *
 * Returns: (transfer full) (nullable): %NULL without error when there is none yet
 */
NILO_INTERNAL GBytes *nilo_journal_store_read(NiloJournalStore *self, guint64 after,
                                              NiloJournalPlace *place, guint64 *sequence,
                                              GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloJournalStore, nilo_journal_store_free)

G_END_DECLS
