/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-dialect.h"

G_BEGIN_DECLS

/*
 * NiloSession: one connection, with its statements prepared. Belongs to the thread of its
 * NiloDatabase. Nothing of libgda shows through.
 *
 * Errors of all functions are NILO_ERROR_NO_SPACE (disk full), NILO_ERROR_DAMAGED (the file is
 * not a database or not as it was written), NILO_ERROR_BUSY (somebody else holds it) or
 * NILO_ERROR_DATABASE. After one of the last the connection is made anew before the next job.
 */
typedef struct _NiloSession NiloSession;

/* a parameter of a statement */
typedef struct {
    const char *text; /* not NULL: a text */
    gint64 number;
    gboolean is_null;
} NiloSqlValue;

#define NILO_SQL_NUMBER(value)                                                                     \
    (NiloSqlValue)                                                                                 \
    {                                                                                              \
        .number = (value)                                                                          \
    }
#define NILO_SQL_TEXT(value)                                                                       \
    (NiloSqlValue)                                                                                 \
    {                                                                                              \
        .text = (value)                                                                            \
    }
#define NILO_SQL_NULL                                                                              \
    (NiloSqlValue)                                                                                 \
    {                                                                                              \
        .is_null = TRUE                                                                            \
    }
/* the values of a call and their number */
#define NILO_SQL_VALUES(...)                                                                       \
    (const NiloSqlValue[]){__VA_ARGS__},                                                           \
        sizeof((NiloSqlValue[]){__VA_ARGS__}) / sizeof(NiloSqlValue)

/* one row of a result, while its function runs */
typedef struct _NiloRow NiloRow;

typedef void (*NiloRowFunc)(const NiloRow *row, gpointer data);
typedef gboolean (*NiloTransactionFunc)(NiloSession *session, gpointer data, GError **error);

NiloSession *nilo_session_new(const NiloDialect *dialect, const char *place, gboolean read_only);
void nilo_session_free(NiloSession *self);

/* opens, migrates when it may write, prepares; at once when that has been done already */
gboolean nilo_session_ensure_open(NiloSession *self, GError **error);

/* -1 with an error, else the rows affected */
gint64 nilo_session_execute(NiloSession *self, NiloSql sql, const NiloSqlValue *values,
                            gsize n_values, GError **error);
gboolean nilo_session_select(NiloSession *self, NiloSql sql, const NiloSqlValue *values,
                             gsize n_values, NiloRowFunc func, gpointer data, GError **error);

/* a SELECT of one number; @fallback when there is no row */
gboolean nilo_session_select_number(NiloSession *self, NiloSql sql, const NiloSqlValue *values,
                                    gsize n_values, gint64 fallback, gint64 *number,
                                    GError **error);

/* all that @func does happens, or nothing: the first error ends it and takes it all back */
gboolean nilo_session_transact(NiloSession *self, NiloTransactionFunc func, gpointer data,
                               GError **error);

gint64 nilo_row_get_number(const NiloRow *self, gint column);
const char *nilo_row_get_text(const NiloRow *self, gint column);
gboolean nilo_row_is_null(const NiloRow *self, gint column);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloSession, nilo_session_free)

G_END_DECLS
