/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-database.h"

#include <nilometer.h>

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    char *folder;
    char *file;
    NiloSession *session;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->folder = g_dir_make_tmp("nilo-database-XXXXXX", NULL);
    f->file = g_build_filename(f->folder, "x.db", NULL);
    f->session = nilo_session_new(&nilo_dialect_sqlite, f->file, FALSE);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    static const char *const endings[] = {"", "-wal", "-shm"};

    g_clear_pointer(&f->session, nilo_session_free);
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *name = g_strconcat(f->file, endings[i], NULL);

        g_unlink(name);
    }
    g_assert_cmpint(g_rmdir(f->folder), ==, 0);
    g_free(f->file);
    g_free(f->folder);
}

static void
open_session(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    nilo_session_ensure_open(f->session, &error);
    g_assert_no_error(error);
}

static gint64
schema_of(NiloSession *session)
{
    g_autoptr(GError) error = NULL;
    gint64 version = -1;

    nilo_session_select_number(session, NILO_SQL_SELECT_SCHEMA, NULL, 0, 0, &version, &error);
    g_assert_no_error(error);
    return version;
}

static void
test_migrate(Fixture *f, gconstpointer data)
{
    open_session(f);
    g_assert_cmpint(schema_of(f->session), ==, nilo_dialect_sqlite.n_migrations);
    /* again: nothing to do */
    nilo_session_free(f->session);
    f->session = nilo_session_new(&nilo_dialect_sqlite, f->file, FALSE);
    open_session(f);
    g_assert_cmpint(schema_of(f->session), ==, nilo_dialect_sqlite.n_migrations);
}

static void
test_newer(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    open_session(f);
    g_assert_cmpint(nilo_session_execute(f->session, NILO_SQL_INSERT_SCHEMA,
                                         NILO_SQL_VALUES(NILO_SQL_NUMBER(7), NILO_SQL_NUMBER(0)),
                                         &error),
                    ==, 1);
    nilo_session_free(f->session);
    f->session = nilo_session_new(&nilo_dialect_sqlite, f->file, FALSE);
    g_assert_false(nilo_session_ensure_open(f->session, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_DATABASE);
    g_assert_nonnull(strstr(error->message, "has schema 7, this program knows schemas up to 1"));
}

/* a step that fails half-way leaves nothing behind */
static void
test_migration_fails(Fixture *f, gconstpointer data)
{
    static const char *const bad[] = {"CREATE TABLE half(a int64)", "CREATE TABLE half(a int64)",
                                      NULL};
    static const char *const good[] = {"CREATE TABLE half(a int64)", NULL};
    const char *const *steps[] = {nilo_dialect_sqlite.migrations[0], bad};
    NiloDialect dialect = nilo_dialect_sqlite;
    g_autoptr(GError) error = NULL;

    dialect.migrations = steps;
    dialect.n_migrations = G_N_ELEMENTS(steps);
    nilo_session_free(f->session);
    f->session = nilo_session_new(&dialect, f->file, FALSE);
    g_assert_false(nilo_session_ensure_open(f->session, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_DATABASE);
    steps[1] = good;
    open_session(f);
    g_assert_cmpint(schema_of(f->session), ==, 2);
}

static void
test_read_only(Fixture *f, gconstpointer data)
{
    g_autoptr(NiloSession) reader = nilo_session_new(&nilo_dialect_sqlite, f->file, TRUE);
    g_autoptr(GError) error = NULL;

    g_assert_false(nilo_session_ensure_open(reader, &error));
    g_clear_error(&error);
    open_session(f);
    g_assert_true(nilo_session_ensure_open(reader, &error));
    g_assert_no_error(error);
    g_assert_cmpint(nilo_session_execute(reader, NILO_SQL_INSERT_SCHEMA,
                                         NILO_SQL_VALUES(NILO_SQL_NUMBER(7), NILO_SQL_NUMBER(0)),
                                         &error),
                    ==, -1);
    g_assert_error(error, NILO_ERROR, NILO_ERROR_DATABASE);
}

static gboolean
insert_then_fail(NiloSession *session, gpointer data, GError **error)
{
    return nilo_session_execute(session, NILO_SQL_INSERT_SETTING,
                                NILO_SQL_VALUES(NILO_SQL_TEXT("a"), NILO_SQL_TEXT("b")),
                                error) == 1 &&
           nilo_session_execute(session, NILO_SQL_INSERT_SCHEMA,
                                NILO_SQL_VALUES(NILO_SQL_NUMBER(1), NILO_SQL_NUMBER(0)),
                                error) == 1;
}

static void
count_row(const NiloRow *row, gpointer data)
{
    ++*(guint *)data;
}

static guint
count_setting(NiloSession *session, const char *name)
{
    guint n = 0;

    g_assert_true(nilo_session_select(session, NILO_SQL_SELECT_SETTING,
                                      NILO_SQL_VALUES(NILO_SQL_TEXT(name)), count_row, &n, NULL));
    return n;
}

/* schema 1 is noted already: the second statement fails, and the first one with it */
static void
test_transaction(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    open_session(f);
    g_assert_false(nilo_session_transact(f->session, insert_then_fail, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_DATABASE);
    /* made anew, and as good as before */
    open_session(f);
    g_assert_cmpuint(count_setting(f->session, "a"), ==, 0);
}

/* quotes are data, never statements */
static void
test_quotes(Fixture *f, gconstpointer data)
{
    const char *name = "'); DROP TABLE meter; --";

    open_session(f);
    g_assert_cmpint(nilo_session_execute(f->session, NILO_SQL_INSERT_SETTING,
                                         NILO_SQL_VALUES(NILO_SQL_TEXT(name), NILO_SQL_TEXT("x")),
                                         NULL),
                    ==, 1);
    g_assert_cmpuint(count_setting(f->session, name), ==, 1);
}

typedef struct {
    GPtrArray *order;
    guint n;
} Order;

static gpointer
note_number(NiloSession *session, gpointer data, GError **error)
{
    return data;
}

static void
order_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Order *order = user_data;
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(order->order, nilo_database_run_finish(result, &error));
    g_assert_no_error(error);
}

static void
test_order(Fixture *f, gconstpointer data)
{
    g_autoptr(NiloDatabase) database = nilo_database_new(&nilo_dialect_sqlite, f->file, FALSE);
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    Order order = {list, 100};

    for (guint i = 1; i <= order.n; i++)
        nilo_database_run_async(database, note_number, GUINT_TO_POINTER(i), NULL, NULL, NULL,
                                order_cb, &order);
    while (list->len < order.n)
        g_main_context_iteration(NULL, TRUE);
    for (guint i = 1; i <= order.n; i++)
        g_assert_cmpuint(GPOINTER_TO_UINT(list->pdata[i - 1]), ==, i);
}

#define ADD(path, func)                                                                            \
    g_test_add("/headend/database/" path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    /* libgda keeps a folder below the data home where it can: here it cannot */
    g_setenv("XDG_DATA_HOME", "/dev/null", TRUE);
    g_test_init(&argc, &argv, NULL);
    ADD("migrate", test_migrate);
    ADD("migrate/newer-schema", test_newer);
    ADD("migrate/fails-half-way", test_migration_fails);
    ADD("read-only", test_read_only);
    ADD("transaction", test_transaction);
    ADD("quotes", test_quotes);
    ADD("jobs-in-order", test_order);
    return g_test_run();
}
