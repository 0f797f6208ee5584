/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dialect.h"

#include <nilometer.h>

#include <libgda/libgda.h>
#include <string.h>

/*
 * Integer columns are declared int64: libgda hands out any other integer column as 32 bits and
 * fails beyond. BLOB, TIMESTAMP and NUMERIC are not used: reading the first leaves a transaction
 * open, the others lose digits. The key of a meter is given by us, not by a rowid, for the same
 * reason.
 */
static const char *const migration_1[] = {
    "CREATE TABLE setting(name text NOT NULL PRIMARY KEY, value text NOT NULL) WITHOUT ROWID",
    "CREATE TABLE meter(key int64 NOT NULL PRIMARY KEY, id text NOT NULL UNIQUE)",
    "CREATE TABLE batch(epoch int64 NOT NULL, sequence int64 NOT NULL, stored_us int64 NOT NULL,"
    " PRIMARY KEY(epoch, sequence)) WITHOUT ROWID",
    "CREATE TABLE reading(meter int64 NOT NULL, register int64 NOT NULL, taken_us int64 NOT NULL,"
    " mantissa int64 NOT NULL, exponent int64 NOT NULL, unit int64 NOT NULL, flags int64 NOT NULL,"
    " volume_ml int64, PRIMARY KEY(meter, register, taken_us)) WITHOUT ROWID",
    "CREATE TABLE latest(meter int64 NOT NULL, register int64 NOT NULL, taken_us int64 NOT NULL,"
    " mantissa int64 NOT NULL, exponent int64 NOT NULL, unit int64 NOT NULL, flags int64 NOT NULL,"
    " volume_ml int64, PRIMARY KEY(meter, register)) WITHOUT ROWID",
    "CREATE TABLE daily(meter int64 NOT NULL, register int64 NOT NULL, day int64 NOT NULL,"
    " first_us int64 NOT NULL, first_ml int64 NOT NULL, last_us int64 NOT NULL,"
    " last_ml int64 NOT NULL, min_ml int64 NOT NULL, max_ml int64 NOT NULL,"
    " PRIMARY KEY(meter, register, day)) WITHOUT ROWID",
    "CREATE TABLE miss(meter int64 NOT NULL, taken_us int64 NOT NULL, outcome int64 NOT NULL,"
    " cause int64 NOT NULL, attempts int64 NOT NULL, status int64 NOT NULL, found text NOT NULL,"
    " PRIMARY KEY(meter, taken_us)) WITHOUT ROWID",
    "CREATE TABLE complete(meter int64 NOT NULL, day int64 NOT NULL, answered int64 NOT NULL,"
    " missed int64 NOT NULL, outcome int64 NOT NULL, PRIMARY KEY(meter, day)) WITHOUT ROWID",
    "CREATE TABLE correction(meter int64 NOT NULL, register int64 NOT NULL,"
    " taken_us int64 NOT NULL, number int64 NOT NULL, made_us int64 NOT NULL,"
    " applied int64 NOT NULL, author text NOT NULL, reason text NOT NULL,"
    " old_mantissa int64 NOT NULL, old_exponent int64 NOT NULL, old_unit int64 NOT NULL,"
    " old_flags int64 NOT NULL, new_mantissa int64 NOT NULL, new_exponent int64 NOT NULL,"
    " new_unit int64 NOT NULL, new_flags int64 NOT NULL,"
    " PRIMARY KEY(meter, register, taken_us, number)) WITHOUT ROWID",
    NULL,
};

static const char *const *const migrations[] = {migration_1};

/* what a value is made of, wherever it stands */
#define VALUE_COLUMNS "mantissa, exponent, unit, flags, volume_ml"
/* WHERE 1=1: without it SQLite takes the ON of ON CONFLICT for that of a join */
#define ROWS(parameter) " FROM json_each(##" parameter "::string) WHERE 1=1"
#define DAILY_COLUMNS   "meter, register, day, first_us, first_ml, last_us, last_ml, min_ml, max_ml"
#define READING_COLUMNS "meter, register, taken_us, " VALUE_COLUMNS
/* a field of a fixed row: see the widths in nilo-dialect.h */
#define FIELD(from, width) "CAST(substr(value, " #from ", " #width ") AS INTEGER)"

/*
 * A SELECT that libgda understands it also rewrites: it adds the rowid, which these tables do not
 * have, and casts and orders of its own. What it does not understand it hands on as it is, and row
 * values it does not; SQLite takes the constant out before it plans.
 */
#define VERBATIM " WHERE (1, 1) = (1, 1)"

/* the key of a reading */
#define OF_READING                                                                                 \
    " AND meter = ##p1::gint64 AND register = ##p2::gint64 AND taken_us = ##p3::gint64"
#define MISS_COLUMNS "s.taken_us, s.outcome, s.cause, s.attempts, s.status, s.found, m.id"
#define LATEST_COLUMNS                                                                             \
    "l.register, l.taken_us, l.mantissa, l.exponent, l.unit, l.flags, l.volume_ml, m.id"

/* clang-format off: one clause per line reads better than the paragraphs it makes */
static const NiloSqlStatement statements[NILO_N_SQL] = {
    /* IMMEDIATE: who waits for the lock waits here, where nothing is lost by giving up */
    [NILO_SQL_BEGIN] = {"BEGIN IMMEDIATE", NULL},
    [NILO_SQL_COMMIT] = {"COMMIT", NULL},
    [NILO_SQL_ROLLBACK] = {"ROLLBACK", NULL},
    [NILO_SQL_SELECT_SCHEMA] = {"SELECT coalesce(max(version), 0) FROM schema_version" VERBATIM,
                                "i"},
    [NILO_SQL_INSERT_SCHEMA] =
        {"INSERT INTO schema_version(version, made_us) VALUES(##p1::gint64, ##p2::gint64)", NULL},
    [NILO_SQL_SELECT_SETTING] = {"SELECT value FROM setting" VERBATIM " AND name = ##p1::string",
                                 "s"},
    [NILO_SQL_INSERT_SETTING] =
        {"INSERT INTO setting(name, value) VALUES(##p1::string, ##p2::string)"
         " ON CONFLICT DO NOTHING",
         NULL},
    [NILO_SQL_SELECT_METERS] = {"SELECT key, id FROM meter" VERBATIM " ORDER BY id", "is"},
    [NILO_SQL_SELECT_METER] = {"SELECT key FROM meter" VERBATIM " AND id = ##p1::string", "i"},
    [NILO_SQL_INSERT_METERS] = {"INSERT INTO meter(key, id) SELECT value->>0, value->>1" ROWS("p1"),
                                NULL},
    [NILO_SQL_INSERT_BATCH] =
        {"INSERT INTO batch(epoch, sequence, stored_us)"
         " VALUES(##p1::gint64, ##p2::gint64, ##p3::gint64) ON CONFLICT DO NOTHING",
         NULL},
    [NILO_SQL_CLEAR_INCOMING] = {"DELETE FROM incoming", NULL},
    [NILO_SQL_INSERT_INCOMING] =
        {"INSERT INTO incoming(position, meter, register, taken_us, day, " VALUE_COLUMNS ")"
         " SELECT key, " FIELD(1, 10) ", " FIELD(11, 20) ", " FIELD(31, 20) ", " FIELD(
             51,
             8) ", " FIELD(59,
                           20) ", " FIELD(79,
                                          4) ", " FIELD(83,
                                                        3) ", " FIELD(86,
                                                                      5) ","
                                                                         " CASE WHEN length(value) "
                                                                         "> 90 THEN " FIELD(
                                                                             91,
                                                                             20) " END" ROWS("p1"),
         NULL},
    [NILO_SQL_DELETE_INCOMING] = {"DELETE FROM incoming" VERBATIM " AND position = ##p1::gint64",
                                  NULL},
    [NILO_SQL_INSERT_READINGS] = {"INSERT INTO reading(" READING_COLUMNS ")"
                                  " SELECT " READING_COLUMNS " FROM incoming WHERE 1=1"
                                  " ON CONFLICT DO NOTHING",
                                  NULL},
    [NILO_SQL_SELECT_CONFLICTS] =
        {"SELECT n.position, r.mantissa, r.exponent, r.unit, r.flags"
         " FROM incoming n JOIN reading r"
         " ON r.meter = n.meter AND r.register = n.register AND r.taken_us = n.taken_us" VERBATIM
         " AND (r.mantissa <> n.mantissa OR r.exponent <> n.exponent"
         " OR r.unit <> n.unit OR r.flags <> n.flags)"
         " ORDER BY n.position",
         "iiiii"},
    [NILO_SQL_UPSERT_LATEST] =
        {"INSERT INTO latest(" READING_COLUMNS ")"
         " SELECT " READING_COLUMNS " FROM incoming WHERE 1=1"
         " ON CONFLICT(meter, register) DO UPDATE SET"
         " taken_us = excluded.taken_us, mantissa = excluded.mantissa,"
         " exponent = excluded.exponent, unit = excluded.unit, flags = excluded.flags,"
         " volume_ml = excluded.volume_ml"
         " WHERE excluded.taken_us > latest.taken_us",
         NULL},
    [NILO_SQL_UPSERT_DAILY] =
        {"INSERT INTO daily(" DAILY_COLUMNS ")"
         " SELECT meter, register, day, taken_us, volume_ml, taken_us, volume_ml, volume_ml,"
         " volume_ml FROM incoming WHERE day >= 0"
         " ON CONFLICT(meter, register, day) DO UPDATE SET"
         " first_us = min(daily.first_us, excluded.first_us),"
         " first_ml = CASE WHEN excluded.first_us < daily.first_us"
         " THEN excluded.first_ml ELSE daily.first_ml END,"
         " last_us = max(daily.last_us, excluded.last_us),"
         " last_ml = CASE WHEN excluded.last_us > daily.last_us"
         " THEN excluded.last_ml ELSE daily.last_ml END,"
         " min_ml = min(daily.min_ml, excluded.min_ml),"
         " max_ml = max(daily.max_ml, excluded.max_ml)",
         NULL},
    [NILO_SQL_UPSERT_COMPLETE] = {"INSERT INTO complete(meter, day, answered, missed, outcome)"
                                  " SELECT " FIELD(1, 10) ", " FIELD(11, 8) ", " FIELD(
                                      19, 1) ", 1 - " FIELD(19, 1) ", " FIELD(20, 3)
                                      ROWS(
                                          "p1") " ON CONFLICT(meter, day) DO UPDATE SET"
                                                " answered = complete.answered + excluded.answered,"
                                                " missed = complete.missed + excluded.missed,"
                                                " outcome = CASE WHEN excluded.missed > 0"
                                                " THEN excluded.outcome ELSE complete.outcome END",
                                  NULL},
    [NILO_SQL_INSERT_MISSES] =
        {"INSERT INTO miss(meter, taken_us, outcome, cause, attempts, status, found)"
         " SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5,"
         " value->>6" ROWS("p1") " ON CONFLICT DO NOTHING",
         NULL},
    [NILO_SQL_INSERT_CORRECTION] =
        {"INSERT INTO correction(meter, register, taken_us, number, made_us, applied, author,"
         " reason, old_mantissa, old_exponent, old_unit, old_flags, new_mantissa,"
         " new_exponent, new_unit, new_flags)"
         " SELECT ##p1::gint64, ##p2::gint64, ##p3::gint64,"
         " (SELECT count(*) + 1 FROM correction" VERBATIM OF_READING "),"
         " ##p4::gint64, ##p5::gint64, ##p6::string, ##p7::string, ##p8::gint64,"
         " ##p9::gint64, ##p10::gint64, ##p11::gint64, ##p12::gint64, ##p13::gint64,"
         " ##p14::gint64, ##p15::gint64",
         NULL},
    [NILO_SQL_SELECT_READING] =
        {"SELECT mantissa, exponent, unit, flags FROM reading" VERBATIM OF_READING, "iiii"},
    [NILO_SQL_UPDATE_READING] =
        {"UPDATE reading SET mantissa = ##p4::gint64, exponent = ##p5::gint64,"
         " unit = ##p6::gint64, flags = ##p7::gint64, volume_ml = ##p8::gint64::NULL" VERBATIM
             OF_READING,
         NULL},
    [NILO_SQL_REBUILD_LATEST] =
        {"INSERT INTO latest(" READING_COLUMNS ")"
         " SELECT " READING_COLUMNS " FROM reading"
         " WHERE meter = ##p1::gint64 AND register = ##p2::gint64"
         " ORDER BY taken_us DESC LIMIT 1"
         " ON CONFLICT(meter, register) DO UPDATE SET"
         " taken_us = excluded.taken_us, mantissa = excluded.mantissa,"
         " exponent = excluded.exponent, unit = excluded.unit, flags = excluded.flags,"
         " volume_ml = excluded.volume_ml",
         NULL},
    [NILO_SQL_DELETE_DAILY] =
        {"DELETE FROM daily" VERBATIM
         " AND meter = ##p1::gint64 AND register = ##p2::gint64 AND day = ##p3::gint64",
         NULL},
    /* first and last come as the aggregates of a window: one pass, and no tie to break */
    [NILO_SQL_REBUILD_DAILY] = {"INSERT INTO daily(" DAILY_COLUMNS ")"
                                " SELECT DISTINCT meter, register, ##p3::gint64,"
                                " first_value(taken_us) OVER w, first_value(volume_ml) OVER w,"
                                " last_value(taken_us) OVER w, last_value(volume_ml) OVER w,"
                                " min(volume_ml) OVER w, max(volume_ml) OVER w"
                                " FROM reading"
                                " WHERE meter = ##p1::gint64 AND register = ##p2::gint64"
                                " AND taken_us >= ##p4::gint64 AND taken_us < ##p5::gint64"
                                " AND volume_ml IS NOT NULL AND flags & ##p6::gint64 = 0"
                                " WINDOW w AS (ORDER BY taken_us"
                                " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
                                NULL},
    [NILO_SQL_SELECT_HISTORY] = {"SELECT register, taken_us, " VALUE_COLUMNS
                                 " FROM reading" VERBATIM
                                 " AND meter = ##p1::gint64 AND register = ##p2::gint64"
                                 " AND taken_us >= ##p3::gint64 AND taken_us < ##p4::gint64"
                                 " ORDER BY taken_us LIMIT ##p5::gint64 OFFSET ##p6::gint64",
                                 "iiiiiii"},
    [NILO_SQL_SELECT_LATEST_OF] =
        {"SELECT " LATEST_COLUMNS " FROM json_each(##p1::string) n"
         " JOIN meter m ON m.id = (n.value->>0) JOIN latest l ON l.meter = m.key" VERBATIM
         " ORDER BY m.id, l.register",
         "iiiiiiis"},
    [NILO_SQL_SELECT_LATEST_PAGE] =
        {"SELECT " LATEST_COLUMNS " FROM meter m JOIN latest l ON l.meter = m.key" VERBATIM
         " ORDER BY m.id, l.register LIMIT ##p1::gint64 OFFSET ##p2::gint64",
         "iiiiiiis"},
    [NILO_SQL_SELECT_DAILY] =
        {"SELECT day, first_us, first_ml, last_us, last_ml, min_ml, max_ml FROM daily" VERBATIM
         " AND meter = ##p1::gint64 AND register = ##p2::gint64"
         " AND day >= ##p3::gint64 AND day <= ##p4::gint64 ORDER BY day",
         "iiiiiii"},
    [NILO_SQL_SELECT_MISSES_OF] = {"SELECT " MISS_COLUMNS
                                   " FROM meter m JOIN miss s ON s.meter = m.key" VERBATIM
                                   " AND m.key = ##p1::gint64"
                                   " AND s.taken_us >= ##p2::gint64 AND s.taken_us < ##p3::gint64"
                                   " ORDER BY s.taken_us LIMIT ##p4::gint64 OFFSET ##p5::gint64",
                                   "iiiiiss"},
    [NILO_SQL_SELECT_MISSES] = {"SELECT " MISS_COLUMNS
                                " FROM miss s JOIN meter m ON m.key = s.meter" VERBATIM
                                " AND s.taken_us >= ##p1::gint64 AND s.taken_us < ##p2::gint64"
                                " ORDER BY s.taken_us, m.id LIMIT ##p3::gint64 OFFSET ##p4::gint64",
                                "iiiiiss"},
    [NILO_SQL_SELECT_COMPLETE] =
        {"SELECT meter, day, answered, missed, outcome FROM complete" VERBATIM
         " AND day >= ##p1::gint64 AND day <= ##p2::gint64",
         "iiiii"},
    [NILO_SQL_SELECT_CORRECTIONS] =
        {"SELECT register, taken_us, made_us, applied, author, reason, old_mantissa,"
         " old_exponent, old_unit, old_flags, new_mantissa, new_exponent, new_unit, new_flags"
         " FROM correction" VERBATIM
         " AND meter = ##p1::gint64 AND taken_us >= ##p2::gint64 AND taken_us < ##p3::gint64"
         " ORDER BY made_us, register, taken_us, number"
         " LIMIT ##p4::gint64 OFFSET ##p5::gint64",
         "iiiissiiiiiiii"},
    [NILO_SQL_DELETE_READINGS] =
        {"DELETE FROM reading" VERBATIM
         " AND meter >= ##p1::gint64 AND meter <= ##p2::gint64 AND taken_us < ##p3::gint64",
         NULL},
    [NILO_SQL_DELETE_MISSES] =
        {"DELETE FROM miss" VERBATIM
         " AND meter >= ##p1::gint64 AND meter <= ##p2::gint64 AND taken_us < ##p3::gint64",
         NULL},
    [NILO_SQL_DELETE_BATCHES] = {"DELETE FROM batch" VERBATIM " AND stored_us < ##p1::gint64",
                                 NULL},
};
/* clang-format on */

/* the connection string of libgda has its own escapes, and it adds the ending itself */
static char *
build_connection(const char *place, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(place);
    g_autofree char *name = g_path_get_basename(place);
    g_autofree char *folder_escaped = NULL;
    g_autofree char *name_escaped = NULL;

    if (!g_str_has_suffix(name, ".db") || strlen(name) == strlen(".db")) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "database file is \"%s\", expected a name that ends in .db", place);
        return NULL;
    }
    name[strlen(name) - strlen(".db")] = '\0';
    folder_escaped = gda_rfc1738_encode(folder);
    name_escaped = gda_rfc1738_encode(name);
    return g_strdup_printf("DB_DIR=%s;DB_NAME=%s", folder_escaped, name_escaped);
}

/*
 * The readings of a batch are set out once, in memory, and three tables are fed from there. Who
 * only reads has the table too, as the statements are prepared in both.
 */
static const char *const setup[] = {
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
    "CREATE TEMP TABLE incoming(position INTEGER PRIMARY KEY, meter int64, register int64,"
    " taken_us int64, day int64, mantissa int64, exponent int64, unit int64, flags int64,"
    " volume_ml int64)",
    NULL,
};

/* FULL: in WAL mode the commit is on the disk when it returns, not at the next checkpoint */
static const char *const setup_writer[] = {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
                                           NULL};

/* libgda's own READ_ONLY looks at the kind of a statement, and lets pass what it does not know */
static const char *const setup_reader[] = {"PRAGMA query_only=ON", NULL};

const NiloDialect nilo_dialect_sqlite = {
    .name = "sqlite",
    .provider = "SQLite",
    .build_connection = build_connection,
    .setup = setup,
    .setup_writer = setup_writer,
    .setup_reader = setup_reader,
    .prologue = "CREATE TABLE IF NOT EXISTS schema_version(version int64 NOT NULL PRIMARY KEY,"
                " made_us int64 NOT NULL)",
    .statements = statements,
    .migrations = migrations,
    .n_migrations = G_N_ELEMENTS(migrations),
};
