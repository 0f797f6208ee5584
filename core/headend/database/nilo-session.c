/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-session.h"

#include <nilometer.h>

#include <glib/gi18n-lib.h>
#include <libgda/libgda.h>
#include <libgda/sql-parser/gda-sql-parser.h>
#include <string.h>
#include <sys/stat.h>

/* libgda 5 brings none */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GdaStatement, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GdaDataModel, g_object_unref)

#define MAX_VALUES 16

typedef struct {
    GdaStatement *statement;
    GdaSet *set;                    /* (nullable): none without parameters */
    GdaHolder *holders[MAX_VALUES]; /* borrowed from the set */
    GType *types;                   /* (nullable): of the columns, ends with G_TYPE_NONE */
    gint n_columns;
} Prepared;

struct _NiloSession {
    const NiloDialect *dialect;
    char *place;
    gboolean read_only;
    gboolean broken;     /* an error nobody expected: do not trust the connection any more */
    GError *damage;      /* (nullable): why the file was refused */
    struct stat damaged; /* what it looked like then */
    GdaConnection *connection;
    GdaSqlParser *parser;
    Prepared statements[NILO_N_SQL];
};

struct _NiloRow {
    GdaDataModel *model;
    gint index;
    gint n_columns;
    const GValue *values[MAX_VALUES];
};

static void
init_once(void)
{
    static gsize done = 0;

    if (g_once_init_enter(&done)) {
        gda_init();
        g_once_init_leave(&done, 1);
    }
}

NiloSession *
nilo_session_new(const NiloDialect *dialect, const char *place, gboolean read_only)
{
    NiloSession *self = g_new0(NiloSession, 1);

    self->dialect = dialect;
    self->place = g_strdup(place);
    self->read_only = read_only;
    return self;
}

static void
clear_statements(NiloSession *self)
{
    for (guint i = 0; i < NILO_N_SQL; i++) {
        Prepared *prepared = &self->statements[i];

        g_clear_object(&prepared->statement);
        g_clear_object(&prepared->set);
        g_clear_pointer(&prepared->types, g_free);
    }
}

static void
close_connection(NiloSession *self)
{
    clear_statements(self);
    g_clear_object(&self->parser);
    if (self->connection != NULL)
        gda_connection_close_no_warning(self->connection);
    g_clear_object(&self->connection);
    self->broken = FALSE;
}

void
nilo_session_free(NiloSession *self)
{
    close_connection(self);
    g_clear_error(&self->damage);
    g_free(self->place);
    g_free(self);
}

/* the provider gives every failure the same code: only the words of SQLite tell them apart */
static NiloError
classify(const char *message)
{
    static const struct {
        const char *words;
        NiloError code;
    } classes[] = {
        {"database or disk is full", NILO_ERROR_NO_SPACE},
        {"malformed", NILO_ERROR_DAMAGED},
        {"not a database", NILO_ERROR_DAMAGED},
        {"file is encrypted", NILO_ERROR_DAMAGED},
        {"database is locked", NILO_ERROR_BUSY},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (strstr(message, classes[i].words) != NULL)
            return classes[i].code;
    }
    return NILO_ERROR_DATABASE;
}

static char *
describe(NiloError code, const char *place, const char *words)
{
    switch ((gint)code) {
    case NILO_ERROR_NO_SPACE:
        return g_strdup_printf(_("%s: no space left for the database: %s"), place, words);
    case NILO_ERROR_DAMAGED:
        return g_strdup_printf(_("%s: the database is damaged: %s"), place, words);
    case NILO_ERROR_BUSY:
        return g_strdup_printf(_("%s: another program holds the database: %s"), place, words);
    default:
        return g_strdup_printf(_("%s: the database refuses: %s"), place, words);
    }
}

/* @what: for us, in front of the words of the provider */
static void
fail(NiloSession *self, const GError *cause, const char *what, GError **error)
{
    const char *message = cause != NULL ? cause->message : "no reason given";
    const NiloError code = classify(message);
    g_autofree char *words = g_strdup_printf("%s: %s", what, message);
    g_autofree char *text = describe(code, self->place, words);

    if (code != NILO_ERROR_NO_SPACE && code != NILO_ERROR_BUSY)
        self->broken = TRUE;
    g_set_error_literal(error, NILO_ERROR, (gint)code, text);
}

static GdaStatement *
parse(NiloSession *self, const char *text, GError **error)
{
    const char *rest = NULL;
    g_autoptr(GError) cause = NULL;
    g_autoptr(GdaStatement) statement =
        gda_sql_parser_parse_string(self->parser, text, &rest, &cause);

    if (statement == NULL || rest != NULL) {
        fail(self, cause, "parse a statement", error);
        g_prefix_error(error, "\"%s\": ", text);
        return NULL;
    }
    return g_steal_pointer(&statement);
}

static GType *
make_types(const char *columns)
{
    const gsize n = strlen(columns);
    GType *types = g_new0(GType, n + 1);

    for (gsize i = 0; i < n; i++)
        types[i] = columns[i] == 'i' ? G_TYPE_INT64 : G_TYPE_STRING;
    types[n] = G_TYPE_NONE;
    return types;
}

static gboolean
prepare(NiloSession *self, NiloSql sql, GError **error)
{
    const NiloSqlStatement *source = &self->dialect->statements[sql];
    Prepared *prepared = &self->statements[sql];
    g_autoptr(GError) cause = NULL;

    prepared->statement = parse(self, source->text, error);
    if (prepared->statement == NULL)
        return FALSE;
    if (!gda_statement_get_parameters(prepared->statement, &prepared->set, &cause) ||
        !gda_connection_statement_prepare(self->connection, prepared->statement, &cause)) {
        fail(self, cause, "prepare a statement", error);
        g_prefix_error(error, "\"%s\": ", source->text);
        return FALSE;
    }
    for (gint i = 0; prepared->set != NULL && i < MAX_VALUES; i++) {
        char name[8];

        g_snprintf(name, sizeof name, "p%d", i + 1);
        prepared->holders[i] = gda_set_get_holder(prepared->set, name);
    }
    if (source->columns != NULL) {
        prepared->types = make_types(source->columns);
        prepared->n_columns = (gint)strlen(source->columns);
    }
    return TRUE;
}

/* for what is run once per opening, where a statement need not be kept */
static gboolean
run_text(NiloSession *self, const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GdaStatement) statement = parse(self, text, error);

    if (statement == NULL)
        return FALSE;
    /* a PRAGMA answers with a row, so libgda takes it for a selection */
    if (g_str_has_prefix(text, "PRAGMA")) {
        g_autoptr(GdaDataModel) model =
            gda_connection_statement_execute_select(self->connection, statement, NULL, &cause);

        if (model != NULL && gda_data_model_get_n_rows(model) >= 0)
            return TRUE;
    } else if (gda_connection_statement_execute_non_select(self->connection, statement, NULL, NULL,
                                                           &cause) != -1) {
        return TRUE;
    }
    fail(self, cause, "set up the database", error);
    return FALSE;
}

static gboolean
run_texts(NiloSession *self, const char *const *texts, GError **error)
{
    for (gsize i = 0; texts[i] != NULL; i++) {
        if (!run_text(self, texts[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_schema(NiloSession *self, gint64 *version, GError **error)
{
    return nilo_session_select_number(self, NILO_SQL_SELECT_SCHEMA, NULL, 0, 0, version, error);
}

/* one step: the tables of schema @version and the note that they are there, together */
typedef struct {
    const char *const *texts;
    gint64 version;
} Migration;

static gboolean
migrate_step(NiloSession *self, gpointer data, GError **error)
{
    const Migration *migration = data;

    return run_texts(self, migration->texts, error) &&
           nilo_session_execute(self, NILO_SQL_INSERT_SCHEMA,
                                NILO_SQL_VALUES(NILO_SQL_NUMBER(migration->version),
                                                NILO_SQL_NUMBER(g_get_real_time())),
                                error) >= 0;
}

static gboolean
migrate(NiloSession *self, GError **error)
{
    const gint64 newest = self->dialect->n_migrations;
    gint64 version = 0;

    if (!read_schema(self, &version, error))
        return FALSE;
    if (version > newest) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_DATABASE,
                    _("%s: database has schema %d, this program knows schemas up to %d: it was "
                      "written by a newer version"),
                    self->place, (gint)version, (gint)newest);
        return FALSE;
    }
    if (self->read_only && version < newest) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_DATABASE,
                    "%s: database has schema %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT,
                    self->place, version, newest);
        return FALSE;
    }
    for (; version < newest; version++) {
        Migration migration = {self->dialect->migrations[version], version + 1};

        if (!nilo_session_transact(self, migrate_step, &migration, error))
            return FALSE;
    }
    return TRUE;
}

/* what the migrations need; everything else refers to tables that may not be there before them */
static gboolean
prepare_first(NiloSession *self, GError **error)
{
    static const NiloSql first[] = {NILO_SQL_BEGIN, NILO_SQL_COMMIT, NILO_SQL_ROLLBACK,
                                    NILO_SQL_SELECT_SCHEMA, NILO_SQL_INSERT_SCHEMA};

    for (gsize i = 0; i < G_N_ELEMENTS(first); i++) {
        if (!prepare(self, first[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
prepare_rest(NiloSession *self, GError **error)
{
    for (NiloSql sql = 0; sql < NILO_N_SQL; sql++) {
        if (self->statements[sql].statement == NULL && !prepare(self, sql, error))
            return FALSE;
    }
    return TRUE;
}

/*
 * libgda does not close a file that it cannot open: each try costs 100 KiB and a descriptor. So a
 * file that was found damaged is not tried again before it has changed.
 */
static void
note_damage(NiloSession *self, const GError *refusal)
{
    g_clear_error(&self->damage);
    if (g_error_matches(refusal, NILO_ERROR, NILO_ERROR_DAMAGED) &&
        stat(self->place, &self->damaged) == 0)
        self->damage = g_error_copy(refusal);
}

static gboolean
is_damaged_still(NiloSession *self)
{
    struct stat now;

    return self->damage != NULL && stat(self->place, &now) == 0 &&
           now.st_dev == self->damaged.st_dev && now.st_ino == self->damaged.st_ino &&
           now.st_ctim.tv_sec == self->damaged.st_ctim.tv_sec &&
           now.st_ctim.tv_nsec == self->damaged.st_ctim.tv_nsec;
}

static gboolean
open_connection(NiloSession *self, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GError) refusal = NULL;
    g_autofree char *text = self->dialect->build_connection(self->place, error);

    if (text == NULL)
        return FALSE;
    if (is_damaged_still(self)) {
        g_propagate_error(error, g_error_copy(self->damage));
        return FALSE;
    }
    self->connection =
        gda_connection_open_from_string(self->dialect->provider, text, NULL,
                                        self->read_only ? GDA_CONNECTION_OPTIONS_READ_ONLY
                                                        : GDA_CONNECTION_OPTIONS_NONE,
                                        &cause);
    if (self->connection == NULL) {
        fail(self, cause, "open the database", &refusal);
        note_damage(self, refusal);
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FALSE;
    }
    self->parser = gda_connection_create_parser(self->connection);
    if (self->parser == NULL)
        self->parser = gda_sql_parser_new();
    return TRUE;
}

static gboolean
open_all(NiloSession *self, GError **error)
{
    const NiloDialect *dialect = self->dialect;

    return open_connection(self, error) && run_texts(self, dialect->setup, error) &&
           (self->read_only ? run_texts(self, dialect->setup_reader, error)
                            : run_texts(self, dialect->setup_writer, error) &&
                                  run_text(self, dialect->prologue, error)) &&
           prepare_first(self, error) && migrate(self, error) && prepare_rest(self, error);
}

gboolean
nilo_session_ensure_open(NiloSession *self, GError **error)
{
    if (self->broken)
        close_connection(self);
    if (self->connection != NULL)
        return TRUE;
    init_once();
    if (!open_all(self, error)) {
        close_connection(self);
        return FALSE;
    }
    return TRUE;
}

static gboolean
bind(NiloSession *self, Prepared *prepared, const NiloSqlValue *values, gsize n_values,
     GError **error)
{
    g_autoptr(GError) cause = NULL;

    for (gsize i = 0; i < n_values; i++) {
        GValue *value = NULL;

        g_return_val_if_fail(i < MAX_VALUES && prepared->holders[i] != NULL, FALSE);
        if (!values[i].is_null) {
            value = gda_value_new(values[i].text != NULL ? G_TYPE_STRING : G_TYPE_INT64);
            if (values[i].text != NULL)
                /* a copy: the holder keeps the value, and looks at it when it gets the next */
                g_value_set_string(value, values[i].text);
            else
                g_value_set_int64(value, values[i].number);
        }
        if (!gda_holder_take_value(prepared->holders[i], value, &cause)) {
            fail(self, cause, "bind a parameter", error);
            return FALSE;
        }
    }
    return TRUE;
}

gint64
nilo_session_execute(NiloSession *self, NiloSql sql, const NiloSqlValue *values, gsize n_values,
                     GError **error)
{
    Prepared *prepared = &self->statements[sql];
    g_autoptr(GError) cause = NULL;
    gint affected;

    if (!bind(self, prepared, values, n_values, error))
        return -1;
    affected = gda_connection_statement_execute_non_select(self->connection, prepared->statement,
                                                           prepared->set, NULL, &cause);
    if (affected == -1) {
        fail(self, cause, "write", error);
        return -1;
    }
    /* -2: done, and the provider cannot tell how many */
    return MAX(affected, 0);
}

/* FALSE at a value libgda cannot hand out */
static gboolean
load_row(NiloSession *self, NiloRow *row, GError **error)
{
    g_autoptr(GError) cause = NULL;

    for (gint i = 0; i < row->n_columns; i++) {
        row->values[i] = gda_data_model_get_value_at(row->model, i, row->index, &cause);
        if (row->values[i] == NULL) {
            fail(self, cause, "read", error);
            return FALSE;
        }
    }
    return TRUE;
}

/* an error on the way only ends the rows, and is told to whoever asks for it */
static gboolean
fetch_failed(NiloSession *self, GdaDataModel *model, GError **error)
{
    GError **exceptions = gda_data_model_get_exceptions(model);

    if (exceptions == NULL || exceptions[0] == NULL)
        return FALSE;
    fail(self, exceptions[0], "read", error);
    return TRUE;
}

gboolean
nilo_session_select(NiloSession *self, NiloSql sql, const NiloSqlValue *values, gsize n_values,
                    NiloRowFunc func, gpointer data, GError **error)
{
    Prepared *prepared = &self->statements[sql];
    g_autoptr(GError) cause = NULL;
    g_autoptr(GdaDataModel) model = NULL;
    NiloRow row = {.n_columns = prepared->n_columns};
    gint n_rows;

    if (!bind(self, prepared, values, n_values, error))
        return FALSE;
    model = gda_connection_statement_execute_select_full(self->connection, prepared->statement,
                                                         prepared->set,
                                                         GDA_STATEMENT_MODEL_RANDOM_ACCESS,
                                                         prepared->types, &cause);
    if (model == NULL) {
        fail(self, cause, "read", error);
        return FALSE;
    }
    n_rows = gda_data_model_get_n_rows(model);
    if (fetch_failed(self, model, error))
        return FALSE;
    row.model = model;
    for (row.index = 0; row.index < n_rows; row.index++) {
        if (!load_row(self, &row, error))
            return FALSE;
        func(&row, data);
    }
    return TRUE;
}

static void
take_number(const NiloRow *row, gpointer data)
{
    gint64 *number = data;

    *number = nilo_row_get_number(row, 0);
}

gboolean
nilo_session_select_number(NiloSession *self, NiloSql sql, const NiloSqlValue *values,
                           gsize n_values, gint64 fallback, gint64 *number, GError **error)
{
    gint64 result = fallback;

    if (!nilo_session_select(self, sql, values, n_values, take_number, &result, error))
        return FALSE;
    *number = result;
    return TRUE;
}

gboolean
nilo_session_transact(NiloSession *self, NiloTransactionFunc func, gpointer data, GError **error)
{
    if (nilo_session_execute(self, NILO_SQL_BEGIN, NULL, 0, error) < 0)
        return FALSE;
    if (func(self, data, error) && nilo_session_execute(self, NILO_SQL_COMMIT, NULL, 0, error) >= 0)
        return TRUE;
    /* SQLite has taken it back already when the disk was full; one that cannot be taken back dies
     * with its connection */
    if (nilo_session_execute(self, NILO_SQL_ROLLBACK, NULL, 0, NULL) < 0)
        self->broken = TRUE;
    return FALSE;
}

gint64
nilo_row_get_number(const NiloRow *self, gint column)
{
    const GValue *value = self->values[column];

    return G_VALUE_HOLDS_INT64(value) ? g_value_get_int64(value) : 0;
}

const char *
nilo_row_get_text(const NiloRow *self, gint column)
{
    const GValue *value = self->values[column];

    return G_VALUE_HOLDS_STRING(value) ? g_value_get_string(value) : "";
}

gboolean
nilo_row_is_null(const NiloRow *self, gint column)
{
    return gda_value_is_null(self->values[column]);
}
