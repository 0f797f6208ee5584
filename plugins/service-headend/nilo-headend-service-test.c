/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-service.h"

#include "nilo-headend-bus.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* a journal in memory: batches in order, and how far its one consumer has come */
#define TEST_TYPE_CURSOR (test_cursor_get_type())
G_DECLARE_FINAL_TYPE(TestCursor, test_cursor, TEST, CURSOR, GObject)

struct _TestCursor {
    GObject parent_instance;

    GPtrArray *batches; /* element-type NiloBatch */
    guint64 acknowledged;
    GTask *waiting;
};

static void test_cursor_iface_init(NiloCursorInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE(TestCursor, test_cursor, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_CURSOR, test_cursor_iface_init))

static void
serve(TestCursor *self)
{
    g_autoptr(GTask) task = g_steal_pointer(&self->waiting);

    if (task == NULL)
        return;
    if (self->acknowledged < self->batches->len)
        g_task_return_pointer(task,
                              nilo_batch_ref(g_ptr_array_index(self->batches, self->acknowledged)),
                              (GDestroyNotify)nilo_batch_unref);
    else if (!g_task_return_error_if_cancelled(task))
        self->waiting = g_steal_pointer(&task);
}

static void
cancelled_cb(GCancellable *cancellable, TestCursor *self)
{
    serve(self);
}

static void
cursor_take_async(NiloCursor *cursor, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer user_data)
{
    TestCursor *self = TEST_CURSOR(cursor);

    g_assert_null(self->waiting);
    self->waiting = g_task_new(self, cancellable, callback, user_data);
    if (cancellable != NULL)
        g_signal_connect_object(cancellable, "cancelled", G_CALLBACK(cancelled_cb), self, 0);
    serve(self);
}

static NiloBatch *
cursor_take_finish(NiloCursor *cursor, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
cursor_acknowledge(NiloCursor *cursor, guint64 sequence)
{
    TEST_CURSOR(cursor)->acknowledged = sequence;
}

static guint64
cursor_get_backlog(NiloCursor *cursor)
{
    TestCursor *self = TEST_CURSOR(cursor);

    return self->batches->len - self->acknowledged;
}

static void
test_cursor_iface_init(NiloCursorInterface *iface)
{
    iface->take_async = cursor_take_async;
    iface->take_finish = cursor_take_finish;
    iface->acknowledge = cursor_acknowledge;
    iface->get_backlog = cursor_get_backlog;
}

static void
test_cursor_finalize(GObject *object)
{
    TestCursor *self = TEST_CURSOR(object);

    g_assert_null(self->waiting);
    g_ptr_array_unref(self->batches);
    G_OBJECT_CLASS(test_cursor_parent_class)->finalize(object);
}

static void
test_cursor_class_init(TestCursorClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = test_cursor_finalize;
}

static void
test_cursor_init(TestCursor *self)
{
    self->batches = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_batch_unref);
}

/* the daemon, as far as the service sees it */
#define TEST_TYPE_HOST (test_host_get_type())
G_DECLARE_FINAL_TYPE(TestHost, test_host, TEST, HOST, GObject)

struct _TestHost {
    GObject parent_instance;

    NiloClock *clock;
    char *folder;
    TestCursor *cursor;
    GDBusConnection *connection;
};

static void test_host_iface_init(NiloHostInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE(TestHost, test_host, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_HOST, test_host_iface_init))

static NiloClock *
host_get_clock(NiloHost *host)
{
    return TEST_HOST(host)->clock;
}

static const char *
host_get_state_dir(NiloHost *host)
{
    return TEST_HOST(host)->folder;
}

static NiloCursor *
host_open_cursor(NiloHost *host, const char *name, gboolean required, GError **error)
{
    g_assert_cmpstr(name, ==, "headend");
    g_assert_false(required);
    return g_object_ref(NILO_CURSOR(TEST_HOST(host)->cursor));
}

static GDBusConnection *
host_get_connection(NiloHost *host)
{
    return TEST_HOST(host)->connection;
}

static void
test_host_iface_init(NiloHostInterface *iface)
{
    iface->get_clock = host_get_clock;
    iface->get_state_dir = host_get_state_dir;
    iface->open_cursor = host_open_cursor;
    iface->get_connection = host_get_connection;
}

static void
test_host_finalize(GObject *object)
{
    TestHost *self = TEST_HOST(object);

    g_object_unref(self->clock);
    g_object_unref(self->cursor);
    g_clear_object(&self->connection);
    g_free(self->folder);
    G_OBJECT_CLASS(test_host_parent_class)->finalize(object);
}

static void
test_host_class_init(TestHostClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = test_host_finalize;
}

static void
test_host_init(TestHost *self)
{
    self->cursor = g_object_new(TEST_TYPE_CURSOR, NULL);
}

/* the service, its host, and a client at the other end of a socket */
typedef struct {
    TestHost *host;
    NiloService *service;
    GDBusConnection *client;
    char *file;
} Fixture;

static void
result_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GAsyncResult **slot = user_data;

    *slot = g_object_ref(result);
}

static GAsyncResult *
wait_for(GAsyncResult **slot)
{
    while (*slot == NULL)
        g_main_context_iteration(NULL, TRUE);
    return *slot;
}

static gboolean
start(Fixture *f, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    nilo_service_start_async(f->service, NILO_HOST(f->host), NULL, result_cb, &result);
    return nilo_service_start_finish(f->service, wait_for(&result), error);
}

static void
stop(Fixture *f)
{
    g_autoptr(GAsyncResult) result = NULL;

    nilo_service_stop_async(f->service, result_cb, &result);
    nilo_service_stop_finish(f->service, wait_for(&result));
}

static GIOStream *
stream_of(int fd)
{
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);

    return G_IO_STREAM(g_socket_connection_factory_create_connection(socket));
}

/* both ends shake hands at the same time */
static void
connect_both(Fixture *f)
{
    g_autofree char *guid = g_dbus_generate_guid();
    g_autoptr(GAsyncResult) ours = NULL;
    g_autoptr(GAsyncResult) theirs = NULL;
    g_autoptr(GIOStream) server = NULL;
    g_autoptr(GIOStream) client = NULL;
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    server = stream_of(fds[0]);
    client = stream_of(fds[1]);
    g_dbus_connection_new(server, guid, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER, NULL, NULL,
                          result_cb, &ours);
    g_dbus_connection_new(client, NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL,
                          result_cb, &theirs);
    f->host->connection = g_dbus_connection_new_finish(wait_for(&ours), NULL);
    f->client = g_dbus_connection_new_finish(wait_for(&theirs), NULL);
    g_assert_nonnull(f->host->connection);
    g_assert_nonnull(f->client);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->host = g_object_new(TEST_TYPE_HOST, NULL);
    f->host->folder = g_dir_make_tmp("nilo-service-headend-XXXXXX", NULL);
    f->host->clock = NILO_CLOCK(nilo_fake_clock_new((gint64)1800000000 * G_USEC_PER_SEC));
    f->file = g_build_filename(f->host->folder, "headend.db", NULL);
    connect_both(f);
    f->service =
        g_object_new(NILO_TYPE_HEADEND_SERVICE, "zone", "Asia/Shanghai", "retry-ms", 5u, NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    static const char *const endings[] = {"", "-wal", "-shm"};

    g_clear_object(&f->service);
    g_dbus_connection_close_sync(f->client, NULL, NULL);
    g_clear_object(&f->client);
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *name = g_strconcat(f->file, endings[i], NULL);

        g_unlink(name);
    }
    g_assert_cmpint(g_rmdir(f->host->folder), ==, 0);
    g_assert_finalize_object(f->host);
    g_free(f->file);
}

static void
add_batch(Fixture *f, const char *meter, gint64 taken_us, gint64 litres, NiloOutcome outcome)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    g_autoptr(NiloReport) report = NULL;
    g_autoptr(GPtrArray) reports = g_ptr_array_new();
    const NiloValue value = {litres, -3, NILO_UNIT_CUBIC_METRE};

    nilo_report_builder_set_time(builder, taken_us, 0, NILO_CLOCK_SYNCHRONISED);
    nilo_report_builder_set_exchange(builder, 1, 40);
    if (outcome == NILO_OUTCOME_OK)
        nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    report = nilo_report_builder_finish(builder, outcome);
    g_ptr_array_add(reports, report);
    g_ptr_array_add(f->host->cursor->batches,
                    nilo_batch_new(1, f->host->cursor->batches->len + 1, reports, NULL));
    serve(f->host->cursor);
}

static void
wait_until_stored(Fixture *f)
{
    while (f->host->cursor->acknowledged < f->host->cursor->batches->len)
        g_main_context_iteration(NULL, TRUE);
}

/* asks over the socket; NULL with the error of the answer */
static GVariant *
call(Fixture *f, const char *method, GVariant *parameters, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    g_dbus_connection_call(f->client, NULL, NILO_HEADEND_BUS_PATH, "org.nilometer.Headend1", method,
                           parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, result_cb, &result);
    return g_dbus_connection_call_finish(f->client, wait_for(&result), error);
}

static void
expect(Fixture *f, const char *method, const char *parameters, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer = call(f, method, g_variant_new_parsed(parameters), &error);
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    text = g_variant_print(answer, FALSE);
    g_assert_cmpstr(text, ==, expected);
}

static char *
get_property(Fixture *f, const char *name)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GVariant) value = NULL;

    g_dbus_connection_call(f->client, NULL, NILO_HEADEND_BUS_PATH,
                           "org.freedesktop.DBus.Properties", "Get",
                           g_variant_new("(ss)", "org.nilometer.Headend1", name), NULL,
                           G_DBUS_CALL_FLAGS_NONE, -1, NULL, result_cb, &result);
    answer = g_dbus_connection_call_finish(f->client, wait_for(&result), NULL);
    g_assert_nonnull(answer);
    g_variant_get(answer, "(v)", &value);
    return g_variant_print(value, FALSE);
}

static void
expect_property(Fixture *f, const char *name, const char *expected)
{
    g_autofree char *text = get_property(f, name);

    g_assert_cmpstr(text, ==, expected);
}

/* 2027-01-15 16:00 in Shanghai */
#define TAKEN_US   ((gint64)1800000000 * G_USEC_PER_SEC)
#define TAKEN_TEXT "1800000000000000"

static void
test_answers(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_strdup_printf("'%s'", f->file);

    add_batch(f, "cjt188:1", TAKEN_US, 12565, NILO_OUTCOME_OK);
    add_batch(f, "cjt188:2", TAKEN_US, 0, NILO_OUTCOME_SILENT);
    start(f, &error);
    g_assert_no_error(error);
    /* one that comes while it runs */
    add_batch(f, "cjt188:1", TAKEN_US + 1, 12600, NILO_OUTCOME_OK);
    wait_until_stored(f);
    expect(f, "GetHistory",
           "('cjt188:1', 'volume', int64 0, int64 2000000000000000, uint32 0, uint32 0)",
           "([(" TAKEN_TEXT ", '12.565', 'm3', 0), (1800000000000001, '12.6', 'm3', 0)],)");
    expect(f, "GetHistory",
           "('cjt188:1', 'volume', int64 0, int64 2000000000000000, uint32 1, uint32 1)",
           "([(1800000000000001, '12.6', 'm3', 0)],)");
    expect(f, "GetLatest", "(@as [], uint32 0, uint32 0)",
           "([('cjt188:1', 'volume', 1800000000000001, '12.6', 'm3', 0)],)");
    expect(f, "GetLatest", "(['cjt188:2'], uint32 0, uint32 0)", "([],)");
    expect(f, "GetDaily", "('cjt188:1', 'volume', '2027-01-15', '2027-01-15')",
           "([('2027-01-15', " TAKEN_TEXT ", 12565000, 1800000000000001, 12600000, 12565000,"
           " 12600000, 35000, false)],)");
    expect(f, "GetMisses", "('', int64 0, int64 2000000000000000, uint32 0, uint32 0)",
           "([('cjt188:2', " TAKEN_TEXT ", 'silent', 1, '')],)");
    expect(f, "GetCompleteness", "('2027-01-14', '2027-01-15')",
           "([('cjt188:1', '2027-01-14', 0, 0, 'not-asked'), ('cjt188:1', '2027-01-15', 2, 0, ''),"
           " ('cjt188:2', '2027-01-14', 0, 0, 'not-asked'), ('cjt188:2', '2027-01-15', 0, 1,"
           " 'silent')],)");
    expect_property(f, "Batches", "3");
    expect_property(f, "Stored", "2");
    expect_property(f, "Misses", "1");
    expect_property(f, "Backlog", "0");
    expect_property(f, "LastError", "''");
    expect_property(f, "Zone", "'Asia/Shanghai'");
    expect_property(f, "File", file);
    stop(f);
}

/* the caller of a socket is its peer: this very process, the daemon's own user */
static void
test_correct(Fixture *f, gconstpointer data)
{
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GVariant) list = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *author = g_strdup_printf("uid:%u", (guint)geteuid());
    const char *found_author, *reason, *old_value, *new_value;
    gboolean applied;

    add_batch(f, "cjt188:1", TAKEN_US, 12565, NILO_OUTCOME_OK);
    g_assert_true(start(f, NULL));
    wait_until_stored(f);
    expect(f, "CorrectReading",
           "('cjt188:1', 'volume', int64 " TAKEN_TEXT ", '12.6', 'm3', 'dial photographed')", "()");
    answer = call(f, "GetCorrections",
                  g_variant_new_parsed(
                      "('cjt188:1', int64 0, int64 2000000000000000, uint32 0, uint32 0)"),
                  &error);
    g_assert_no_error(error);
    list = g_variant_get_child_value(answer, 0);
    g_assert_cmpuint(g_variant_n_children(list), ==, 1);
    g_variant_get_child(list, 0, "(sxxb&s&s&ss&ss)", NULL, NULL, NULL, &applied, &found_author,
                        &reason, &old_value, NULL, &new_value, NULL);
    g_assert_true(applied);
    g_assert_cmpstr(found_author, ==, author);
    g_assert_cmpstr(reason, ==, "dial photographed");
    g_assert_cmpstr(old_value, ==, "12.565");
    g_assert_cmpstr(new_value, ==, "12.6");
    stop(f);
}

static GVariant *
make_correction(void)
{
    return g_variant_new_parsed("('cjt188:1', 'volume', int64 " TAKEN_TEXT
                                ", '12.6', 'm3', 'why')");
}

/* on a bus the caller is not the peer: the bus says who it is */
static void
test_correct_on_bus(Fixture *f, gconstpointer data)
{
    const GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
    g_autoptr(GTestDBus) bus = NULL;
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GDBusConnection) caller = NULL;
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *daemon = g_find_program_in_path("dbus-daemon");

    if (daemon == NULL) {
        g_test_skip("dbus-daemon is not installed");
        return;
    }
    bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(bus);
    g_clear_object(&f->host->connection);
    f->host->connection = g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(bus),
                                                                 flags, NULL, NULL, &error);
    g_assert_no_error(error);
    caller = g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(bus), flags, NULL,
                                                    NULL, &error);
    g_assert_no_error(error);
    add_batch(f, "cjt188:1", TAKEN_US, 12565, NILO_OUTCOME_OK);
    g_assert_true(start(f, NULL));
    wait_until_stored(f);
    g_dbus_connection_call(caller, g_dbus_connection_get_unique_name(f->host->connection),
                           NILO_HEADEND_BUS_PATH, "org.nilometer.Headend1", "CorrectReading",
                           g_variant_new_parsed("('cjt188:1', 'volume', int64 " TAKEN_TEXT
                                                ", '12.6', 'm3', 'why')"),
                           NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, result_cb, &result);
    answer = g_dbus_connection_call_finish(caller, wait_for(&result), &error);
    g_assert_no_error(error);
    stop(f);
    g_dbus_connection_close_sync(caller, NULL, NULL);
    g_dbus_connection_close_sync(f->host->connection, NULL, NULL);
    g_test_dbus_down(bus);
}

#define NOBODY 65534

/* in a process of its own: gives up root, calls, and ends with 0 when it was denied */
static int
call_as_nobody(const char *address)
{
    g_autoptr(GDBusConnection) connection = NULL;
    gboolean denied = FALSE;

    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 1;
    connection =
        g_dbus_connection_new_for_address_sync(address,
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL,
                                               NULL, NULL);
    while (connection != NULL && !denied) {
        g_autoptr(GError) error = NULL;
        G_GNUC_UNUSED g_autoptr(GVariant) answer =
            g_dbus_connection_call_sync(connection, NULL, NILO_HEADEND_BUS_PATH,
                                        "org.nilometer.Headend1", "CorrectReading",
                                        make_correction(), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                                        &error);

        denied = g_error_matches(error, NILO_ERROR, NILO_ERROR_DENIED);
        /* the object comes when the service has started */
        if (!denied && !g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
            return 1;
    }
    return denied ? 0 : 1;
}

static gboolean
new_connection_cb(GDBusServer *server, GDBusConnection *connection, Fixture *f)
{
    g_set_object(&f->host->connection, connection);
    return TRUE;
}

static void
ended_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
}

static const char *program;

static void
test_correct_denied(Fixture *f, gconstpointer data)
{
    g_autofree char *guid = g_dbus_generate_guid();
    g_autofree char *socket = g_build_filename(f->host->folder, "socket", NULL);
    g_autofree char *wanted = g_strconcat("unix:path=", socket, NULL);
    g_autoptr(GDBusServer) server = NULL;
    g_autoptr(GSubprocess) caller = NULL;
    gboolean ended = FALSE;

    if (geteuid() != 0) {
        g_test_skip("only root can call as somebody else");
        return;
    }
    server = g_dbus_server_new_sync(wanted, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, NULL);
    g_signal_connect(server, "new-connection", G_CALLBACK(new_connection_cb), f);
    g_assert_cmpint(g_chmod(f->host->folder, 0711), ==, 0);
    g_assert_cmpint(g_chmod(socket, 0777), ==, 0);
    g_clear_object(&f->host->connection);
    g_dbus_server_start(server);
    caller = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, program, "--call-as-nobody",
                              g_dbus_server_get_client_address(server), NULL);
    while (f->host->connection == NULL)
        g_main_context_iteration(NULL, TRUE);
    add_batch(f, "cjt188:1", TAKEN_US, 12565, NILO_OUTCOME_OK);
    g_assert_true(start(f, NULL));
    g_subprocess_wait_async(caller, NULL, ended_cb, &ended);
    while (!ended)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(g_subprocess_get_successful(caller));
    wait_until_stored(f);
    stop(f);
    g_dbus_server_stop(server);
    g_unlink(socket);
}

static void
test_bad_arguments(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *method;
        const char *parameters;
        gint code;
    } cases[] = {
        {"GetHistory", "('no colon', 'volume', int64 0, int64 1, uint32 0, uint32 0)",
         NILO_ERROR_BAD_VALUE},
        {"GetHistory", "('cjt188:1', 'humidity?', int64 0, int64 1, uint32 0, uint32 0)",
         NILO_ERROR_BAD_VALUE},
        {"GetDaily", "('cjt188:1', 'volume', '15.01.2027', '2027-01-15')", NILO_ERROR_BAD_VALUE},
        {"GetMisses", "('x', int64 0, int64 1, uint32 0, uint32 0)", NILO_ERROR_BAD_VALUE},
        {"GetCompleteness", "('2020-01-01', '2027-01-15')", NILO_ERROR_BAD_VALUE},
        {"GetCorrections", "('', int64 0, int64 1, uint32 0, uint32 0)", NILO_ERROR_BAD_VALUE},
        {"CorrectReading", "('cjt188:1', 'volume', int64 1, '1,5', 'm3', 'why')",
         NILO_ERROR_BAD_VALUE},
        {"CorrectReading", "('cjt188:1', 'volume', int64 1, '1.5', 'litre', 'why')",
         NILO_ERROR_BAD_VALUE},
        {"CorrectReading", "('cjt188:1', 'volume', int64 1, '1.5', 'm3', '')",
         NILO_ERROR_BAD_VALUE},
        {"CorrectReading", "('cjt188:1', 'volume', int64 1, '1.5', 'm3', 'why')",
         NILO_ERROR_NOT_FOUND},
    };

    g_assert_true(start(f, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) answer =
            call(f, cases[i].method, g_variant_new_parsed(cases[i].parameters), &error);

        g_assert_null(answer);
        g_assert_error(error, NILO_ERROR, cases[i].code);
    }
    stop(f);
}

static void
test_damaged(Fixture *f, gconstpointer data)
{
    g_autofree char *junk = g_strnfill(8192, 'j');
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(f->file, junk, 8192, NULL));
    add_batch(f, "cjt188:1", TAKEN_US, 12565, NILO_OUTCOME_OK);
    g_assert_false(start(f, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_DAMAGED);
    g_assert_nonnull(strstr(error->message, f->file));
    g_assert_cmpuint(f->host->cursor->acknowledged, ==, 0);
    stop(f);
}

static void
limit_files(rlim_t size)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    limit.rlim_cur = MIN(size, limit.rlim_max);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* no file may grow any more, then it may: the batch waits, and is stored once */
static void
test_recovers(Fixture *f, gconstpointer data)
{
    GLogLevelFlags fatal;

    add_batch(f, "cjt188:1", TAKEN_US, 12565, NILO_OUTCOME_OK);
    g_assert_true(start(f, NULL));
    wait_until_stored(f);
    /* it says so, and a warning would end a test */
    fatal = g_log_set_always_fatal(G_LOG_FATAL_MASK);
    signal(SIGXFSZ, SIG_IGN);
    limit_files(0);
    add_batch(f, "cjt188:1", TAKEN_US + 1, 12600, NILO_OUTCOME_OK);
    for (;;) {
        g_autofree char *last_error = get_property(f, "LastError");

        if (!g_str_equal(last_error, "''"))
            break;
    }
    g_assert_cmpuint(f->host->cursor->acknowledged, ==, 1);
    limit_files(RLIM_INFINITY);
    wait_until_stored(f);
    g_log_set_always_fatal(fatal);
    expect(f, "GetHistory",
           "('cjt188:1', 'volume', int64 0, int64 2000000000000000, uint32 0, uint32 0)",
           "([(" TAKEN_TEXT ", '12.565', 'm3', 0), (1800000000000001, '12.6', 'm3', 0)],)");
    expect_property(f, "LastError", "''");
    expect_property(f, "Stored", "2");
    stop(f);
}

/* told to stop while it waits for work, and before it has begun */
static void
test_stop(Fixture *f, gconstpointer data)
{
    g_autoptr(GAsyncResult) started = NULL;
    g_autoptr(GError) error = NULL;

    nilo_service_start_async(f->service, NILO_HOST(f->host), NULL, result_cb, &started);
    stop(f);
    g_assert_false(nilo_service_start_finish(f->service, wait_for(&started), &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

#define ADD(path, func) g_test_add("/service-headend/" path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    /* libgda keeps a folder below the data home where it can: here it cannot */
    g_setenv("XDG_DATA_HOME", "/dev/null", TRUE);
    program = argv[0];
    if (argc == 3 && g_str_equal(argv[1], "--call-as-nobody"))
        return call_as_nobody(argv[2]);
    g_test_init(&argc, &argv, NULL);
    ADD("answers", test_answers);
    ADD("correct", test_correct);
    ADD("correct/on-a-bus", test_correct_on_bus);
    ADD("correct/denied", test_correct_denied);
    ADD("bad-arguments", test_bad_arguments);
    ADD("damaged", test_damaged);
    ADD("recovers", test_recovers);
    ADD("stop", test_stop);
    return g_test_run();
}
