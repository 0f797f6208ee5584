/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-journal-files.h"

G_BEGIN_DECLS

/**
 * NiloFaultyFiles:
 *
 * A file system in memory for tests, which remembers what was flushed and what was not, so that
 * the power can be cut: what was not flushed is then there, or not, or half, sector by sector,
 * and names made or removed since the folder was flushed are so up to some moment. All by seed.
 */
typedef struct _NiloFaultyFiles NiloFaultyFiles;

NiloFaultyFiles *nilo_faulty_files_new(guint32 seed);
void nilo_faulty_files_free(NiloFaultyFiles *self);
/** nilo_faulty_files_get_table: (transfer none): */
NiloJournalFiles *nilo_faulty_files_get_table(NiloFaultyFiles *self);

/** nilo_faulty_files_set_power: @operations more changes succeed, then nothing does until
 * nilo_faulty_files_cut(); -1 for no end */
void nilo_faulty_files_set_power(NiloFaultyFiles *self, gint operations);

/** nilo_faulty_files_cut: the power goes and comes back: open files are gone */
void nilo_faulty_files_cut(NiloFaultyFiles *self);

/** nilo_faulty_files_set_capacity: of the disk, bytes; a file takes what it was given */
void nilo_faulty_files_set_capacity(NiloFaultyFiles *self, gint64 capacity);

void nilo_faulty_files_set_read_only(NiloFaultyFiles *self, gboolean read_only);

/** nilo_faulty_files_fail_syncs: the next @count flushes fail */
void nilo_faulty_files_fail_syncs(NiloFaultyFiles *self, guint count);

/** nilo_faulty_files_fail_reads: the next @count reads fail */
void nilo_faulty_files_fail_reads(NiloFaultyFiles *self, guint count);

/** nilo_faulty_files_flip: one bit of one file goes bad; FALSE when there is no such byte */
gboolean nilo_faulty_files_flip(NiloFaultyFiles *self, const char *path, gsize offset, guint bit);

/** nilo_faulty_files_remove: a file is lost */
gboolean nilo_faulty_files_remove(NiloFaultyFiles *self, const char *path);

/** nilo_faulty_files_put: (for fuzzing) a file with these bytes is there */
void nilo_faulty_files_put(NiloFaultyFiles *self, const char *path, const guint8 *bytes,
                           gsize size);

/** nilo_faulty_files_list: (transfer full): names with @suffix, sorted */
GPtrArray *nilo_faulty_files_list(NiloFaultyFiles *self, const char *suffix);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloFaultyFiles, nilo_faulty_files_free)

G_END_DECLS
