/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Every statement the headend ever runs. Parameters are called p1, p2 ... and given in that
 * order; what comes back is told by the columns of the dialect's table.
 */
typedef enum {
    NILO_SQL_BEGIN,
    NILO_SQL_COMMIT,
    NILO_SQL_ROLLBACK,
    NILO_SQL_SELECT_SCHEMA,  /* -> version, 0 in an empty database */
    NILO_SQL_INSERT_SCHEMA,  /* version, made_us */
    NILO_SQL_SELECT_SETTING, /* name -> value */
    NILO_SQL_INSERT_SETTING, /* name, value; the first one stays */
    NILO_SQL_SELECT_METERS,  /* -> key, id */
    NILO_SQL_SELECT_METER,   /* id -> key */
    NILO_SQL_INSERT_METERS,  /* rows of [key, id] */
    NILO_SQL_INSERT_BATCH,   /* epoch, sequence, stored_us; affects 0 rows when known */
    NILO_SQL_CLEAR_INCOMING,
    NILO_SQL_INSERT_INCOMING,    /* fixed rows: the readings of a batch, set out once */
    NILO_SQL_DELETE_INCOMING,    /* position */
    NILO_SQL_INSERT_READINGS,    /* what has come in and is new */
    NILO_SQL_SELECT_CONFLICTS,   /* what differs -> position, mantissa, exponent, unit, flags */
    NILO_SQL_UPSERT_LATEST,      /* from what has come in */
    NILO_SQL_UPSERT_DAILY,       /* from what has come in */
    NILO_SQL_UPSERT_COMPLETE,    /* fixed rows: attempts */
    NILO_SQL_INSERT_MISSES,      /* rows of [meter, taken_us, outcome, cause, attempts, status,
                                    found] */
    NILO_SQL_INSERT_CORRECTION,  /* meter, register, taken_us, made_us, applied, author, reason,
                                    old 4, new 4 */
    NILO_SQL_SELECT_READING,     /* meter, register, taken_us -> mantissa, exponent, unit, flags
                                  */
    NILO_SQL_UPDATE_READING,     /* meter, register, taken_us, mantissa, exponent, unit, flags,
                                    volume_ml */
    NILO_SQL_REBUILD_LATEST,     /* meter, register */
    NILO_SQL_DELETE_DAILY,       /* meter, register, day */
    NILO_SQL_REBUILD_DAILY,      /* meter, register, day, from_us, to_us, mask of flags that do
                                    not count */
    NILO_SQL_SELECT_HISTORY,     /* meter, register, from_us, to_us, limit, offset */
    NILO_SQL_SELECT_LATEST_OF,   /* rows of ids */
    NILO_SQL_SELECT_LATEST_PAGE, /* limit, offset */
    NILO_SQL_SELECT_DAILY,       /* meter, register, from day, to day */
    NILO_SQL_SELECT_MISSES_OF,   /* meter, from_us, to_us, limit, offset */
    NILO_SQL_SELECT_MISSES,      /* from_us, to_us, limit, offset */
    NILO_SQL_SELECT_COMPLETE,    /* from day, to day -> key, day, answered, missed, outcome */
    NILO_SQL_SELECT_CORRECTIONS, /* meter, from_us, to_us, limit, offset */
    NILO_SQL_DELETE_READINGS,    /* first meter, last meter, before_us */
    NILO_SQL_DELETE_MISSES,      /* first meter, last meter, before_us */
    NILO_SQL_DELETE_BATCHES,     /* before_us */
    NILO_N_SQL
} NiloSql;

/*
 * Fixed rows: the widths of the fields, in their order. A reading: key, register, taken, day
 * (-1 when it is no measure of the water used), mantissa, exponent, unit, flags, and the volume
 * in millilitres, which is missing when it is none. An attempt: key, day, answered (0 or 1),
 * outcome.
 */
#define NILO_WIDTH_KEY      10
#define NILO_WIDTH_NUMBER   20 /* register, moment, mantissa, volume */
#define NILO_WIDTH_DAY      8
#define NILO_WIDTH_EXPONENT 4
#define NILO_WIDTH_UNIT     3
#define NILO_WIDTH_FLAGS    5
#define NILO_WIDTH_ANSWERED 1
#define NILO_WIDTH_OUTCOME  3

/*
 * @text: with libgda's parameters, `##p1::gint64` or `##p1::string`: other integer types are
 *   bound as 32 bits. No comment, no second statement, no RETURNING
 * @columns: one letter per column that comes back, `i` an int64 or `s` a text; NULL for none
 */
typedef struct {
    const char *text;
    const char *columns;
} NiloSqlStatement;

/*
 * NiloDialect: all that differs between one database and another.
 * @provider: libgda's name of it
 * @build_connection: (transfer full): libgda's connection string for a place
 * @setup: run after each opening, ends with NULL
 * @setup_writer: run after @setup when it may write, ends with NULL
 * @setup_reader: run after @setup when it may not, ends with NULL
 * @prologue: makes the table of schema versions where there is none
 * @statements: NILO_N_SQL of them
 * @migrations: the first leads from nothing to schema 1; each ends with NULL
 */
typedef struct {
    const char *name;
    const char *provider;
    char *(*build_connection)(const char *place, GError **error);
    const char *const *setup;
    const char *const *setup_writer;
    const char *const *setup_reader;
    const char *prologue;
    const NiloSqlStatement *statements;
    const char *const *const *migrations;
    guint n_migrations;
} NiloDialect;

/* the embedded default; a place is a file that ends in .db */
extern const NiloDialect nilo_dialect_sqlite;

G_END_DECLS
