/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-session.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * NiloDatabase: a connection and the thread that owns it, with a queue of jobs before it. Of
 * one SQLite file there is one that writes; any number may read beside it. Used on main.
 */
typedef struct _NiloDatabase NiloDatabase;

/* runs on the connection's thread; NULL with an error, else the result (never NULL) */
typedef gpointer (*NiloDatabaseFunc)(NiloSession *session, gpointer data, GError **error);

NiloDatabase *nilo_database_new(const NiloDialect *dialect, const char *place, gboolean read_only);

/* finishes the job it is at and the ones waiting, then ends the thread: blocks as long */
void nilo_database_free(NiloDatabase *self);

/*
 * Opens the database when that has not been done, and runs @func; one after the other, in the
 * order of the calls.
 */
void nilo_database_run_async(NiloDatabase *self, NiloDatabaseFunc func, gpointer data,
                             GDestroyNotify data_free, GDestroyNotify result_free,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data);
gpointer nilo_database_run_finish(GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloDatabase, nilo_database_free)

G_END_DECLS
