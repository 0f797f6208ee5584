/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

typedef struct _NiloJournalFiles NiloJournalFiles;

/**
 * NiloJournalFiles:
 * @make_folder: with its parents; one that exists is fine
 * @lock: takes @path for this process alone until the file is closed; -EWOULDBLOCK when another
 * has it
 * @open: @flags as of open(2)
 * @preallocate: a new file has that size afterwards, of zeros, and room for all of it
 * @sync: returns when what was written, and the size, are on the medium
 * @sync_folder: returns when names made, changed and removed in it are on the medium
 * @list: adds the names in a folder, each to be freed
 * @free_space: bytes a process without privileges may still take
 *
 * Everything the journal asks of a file system, so that a test can be a broken disk. Each
 * function returns 0 or more, or a negative errno. Called from the writer's thread, and from
 * the opening one before that runs.
 */
struct _NiloJournalFiles {
    int (*make_folder)(NiloJournalFiles *self, const char *path);
    int (*lock)(NiloJournalFiles *self, const char *path);
    int (*open)(NiloJournalFiles *self, const char *path, int flags);
    int (*close)(NiloJournalFiles *self, int file);
    gssize (*read)(NiloJournalFiles *self, int file, void *bytes, gsize size, gint64 offset);
    gssize (*write)(NiloJournalFiles *self, int file, const void *bytes, gsize size, gint64 offset);
    int (*preallocate)(NiloJournalFiles *self, int file, gint64 size);
    int (*sync)(NiloJournalFiles *self, int file);
    int (*sync_folder)(NiloJournalFiles *self, const char *path);
    int (*rename)(NiloJournalFiles *self, const char *from, const char *to);
    int (*remove)(NiloJournalFiles *self, const char *path);
    int (*list)(NiloJournalFiles *self, const char *path, GPtrArray *names);
    gint64 (*free_space)(NiloJournalFiles *self, const char *path);
};

/** nilo_journal_files_get_real: the file system of this computer */
NILO_INTERNAL NiloJournalFiles *nilo_journal_files_get_real(void);

/** nilo_journal_files_read_all: like read, but a short answer means the end of the file */
NILO_INTERNAL gssize nilo_journal_files_read_all(NiloJournalFiles *self, int file, void *bytes,
                                                 gsize size, gint64 offset);

/** nilo_journal_files_write_all: 0 when all of it was taken */
NILO_INTERNAL int nilo_journal_files_write_all(NiloJournalFiles *self, int file, const void *bytes,
                                               gsize size, gint64 offset);

G_END_DECLS
