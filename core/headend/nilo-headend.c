/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend.h"

#include "database/nilo-database.h"
#include "nilo-local-day.h"
#include "nilo-query.h"
#include "nilo-store.h"

struct _NiloHeadend {
    GObject parent_instance;

    char *zone;           /* of the database, once open */
    NiloStore *store;     /* touched on the thread of the writer only */
    NiloDatabase *writer; /* the one connection that writes */
    NiloDatabase *reader;
};

G_DEFINE_FINAL_TYPE(NiloHeadend, nilo_headend, G_TYPE_OBJECT)

static void
nilo_headend_dispose(GObject *object)
{
    NiloHeadend *self = NILO_HEADEND(object);

    /* a running call holds a reference, so no job is left and the threads end at once */
    g_clear_pointer(&self->reader, nilo_database_free);
    g_clear_pointer(&self->writer, nilo_database_free);
    G_OBJECT_CLASS(nilo_headend_parent_class)->dispose(object);
}

static void
nilo_headend_finalize(GObject *object)
{
    NiloHeadend *self = NILO_HEADEND(object);

    g_clear_pointer(&self->store, nilo_store_free);
    g_free(self->zone);
    G_OBJECT_CLASS(nilo_headend_parent_class)->finalize(object);
}

static void
nilo_headend_class_init(NiloHeadendClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->dispose = nilo_headend_dispose;
    object_class->finalize = nilo_headend_finalize;
}

static void
nilo_headend_init(NiloHeadend *self)
{
}

NiloHeadend *
nilo_headend_new(const char *file, const char *zone, GError **error)
{
    g_autofree char *used_zone = zone != NULL ? g_strdup(zone) : nilo_local_day_get_system_zone();
    g_autoptr(NiloLocalDay) days = nilo_local_day_new(used_zone, error);
    g_autofree char *connection = NULL;
    NiloHeadend *self;

    if (days == NULL)
        return NULL;
    connection = nilo_dialect_sqlite.build_connection(file, error);
    if (connection == NULL)
        return NULL;
    self = g_object_new(NILO_TYPE_HEADEND, NULL);
    self->store = nilo_store_new(used_zone);
    self->writer = nilo_database_new(&nilo_dialect_sqlite, file, FALSE);
    self->reader = nilo_database_new(&nilo_dialect_sqlite, file, TRUE);
    return self;
}

char *
nilo_headend_get_zone(NiloHeadend *self)
{
    g_return_val_if_fail(NILO_IS_HEADEND(self), NULL);

    return g_strdup(self->zone);
}

/* a job that is the whole of a call: its result is the result */
typedef struct {
    GTask *task;
    GDestroyNotify result_free;
} Call;

static void
call_done_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Call *call = user_data;
    g_autoptr(GTask) task = call->task;
    g_autoptr(GError) error = NULL;
    gpointer value = nilo_database_run_finish(result, &error);

    if (value == NULL)
        g_task_return_error(task, g_steal_pointer(&error));
    else
        g_task_return_pointer(task, value, call->result_free);
    g_free(call);
}

/* @task is taken */
static void
run_call(NiloDatabase *database, GTask *task, NiloDatabaseFunc func, gpointer data,
         GDestroyNotify data_free, GDestroyNotify result_free)
{
    Call *call = g_new0(Call, 1);

    call->task = task;
    call->result_free = result_free;
    nilo_database_run_async(database, func, data, data_free, result_free,
                            g_task_get_cancellable(task), call_done_cb, call);
}

static GTask *
new_task(NiloHeadend *self, gpointer tag, GCancellable *cancellable, GAsyncReadyCallback callback,
         gpointer user_data)
{
    GTask *task = g_task_new(self, cancellable, callback, user_data);

    g_task_set_source_tag(task, tag);
    return task;
}

static gpointer
finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);

    return g_task_propagate_pointer(G_TASK(result), error);
}

static gpointer
open_writer(NiloSession *session, gpointer data, GError **error)
{
    NiloStore *store = data;

    return nilo_store_ensure_loaded(store, session, error) ? g_strdup(nilo_store_get_zone(store))
                                                           : NULL;
}

/* a job has come that far only when the connection is open */
static gpointer
open_reader(NiloSession *session, gpointer data, GError **error)
{
    return data;
}

static void
writer_open_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = G_TASK(user_data);
    NiloHeadend *self = g_task_get_source_object(task);
    g_autoptr(GError) error = NULL;
    char *zone = nilo_database_run_finish(result, &error);

    if (zone == NULL) {
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    g_free(self->zone);
    self->zone = zone;
    run_call(self->reader, g_steal_pointer(&task), open_reader, self, NULL, NULL);
}

void
nilo_headend_open_async(NiloHeadend *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
    g_return_if_fail(NILO_IS_HEADEND(self));

    nilo_database_run_async(self->writer, open_writer, self->store, NULL, g_free, cancellable,
                            writer_open_cb,
                            new_task(self, nilo_headend_open_async, cancellable, callback,
                                     user_data));
}

gboolean
nilo_headend_open_finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    return finish(self, result, error) != NULL;
}

typedef struct {
    NiloStore *store; /* borrowed from the headend, which outlives its threads */
    NiloBatch *batch;
} StoreJob;

static void
store_job_free(gpointer data)
{
    StoreJob *job = data;

    nilo_batch_unref(job->batch);
    g_free(job);
}

static gpointer
store_batch(NiloSession *session, gpointer data, GError **error)
{
    StoreJob *job = data;
    g_autofree NiloStoreCounts *counts = g_new0(NiloStoreCounts, 1);

    if (!nilo_store_put_batch(job->store, session, job->batch, counts, error))
        return NULL;
    return g_steal_pointer(&counts);
}

void
nilo_headend_store_batch_async(NiloHeadend *self, NiloBatch *batch, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
    StoreJob *job;

    g_return_if_fail(NILO_IS_HEADEND(self) && batch != NULL);

    job = g_new0(StoreJob, 1);
    job->store = self->store;
    job->batch = nilo_batch_ref(batch);
    run_call(self->writer,
             new_task(self, nilo_headend_store_batch_async, cancellable, callback, user_data),
             store_batch, job, store_job_free, g_free);
}

gboolean
nilo_headend_store_batch_finish(NiloHeadend *self, GAsyncResult *result, NiloStoreCounts *counts,
                                GError **error)
{
    g_autofree NiloStoreCounts *done = finish(self, result, error);

    if (done == NULL)
        return FALSE;
    if (counts != NULL)
        *counts = *done;
    return TRUE;
}

static void
query_free(gpointer data)
{
    nilo_query_free(data);
}

static void
list_free(gpointer data)
{
    g_array_unref(data);
}

/* @query is taken */
static void
ask(NiloHeadend *self, gpointer tag, NiloDatabaseFunc func, const NiloQuery *query,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    run_call(self->reader, new_task(self, tag, cancellable, callback, user_data), func,
             g_memdup2(query, sizeof *query), query_free, list_free);
}

void
nilo_headend_get_latest_async(NiloHeadend *self, const char *const *meters, guint limit,
                              guint offset, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
    const NiloQuery query = {.meters = g_strdupv((char **)meters),
                             .limit = limit,
                             .offset = offset};

    g_return_if_fail(NILO_IS_HEADEND(self));

    ask(self, nilo_headend_get_latest_async, nilo_query_latest, &query, cancellable, callback,
        user_data);
}

GArray *
nilo_headend_get_latest_finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    return finish(self, result, error);
}

void
nilo_headend_get_history_async(NiloHeadend *self, NiloMeterId *meter, NiloRegister reg,
                               gint64 from_us, gint64 to_us, guint limit, guint offset,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
    const NiloQuery query = {.meter = nilo_meter_id_ref(meter),
                             .reg = reg,
                             .from = from_us,
                             .to = to_us,
                             .limit = limit,
                             .offset = offset};

    g_return_if_fail(NILO_IS_HEADEND(self));

    ask(self, nilo_headend_get_history_async, nilo_query_history, &query, cancellable, callback,
        user_data);
}

GArray *
nilo_headend_get_history_finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    return finish(self, result, error);
}

void
nilo_headend_get_daily_async(NiloHeadend *self, NiloMeterId *meter, NiloRegister reg,
                             gint64 from_day, gint64 to_day, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
    const NiloQuery query = {.meter = nilo_meter_id_ref(meter),
                             .reg = reg,
                             .from = from_day,
                             .to = to_day};

    g_return_if_fail(NILO_IS_HEADEND(self));

    ask(self, nilo_headend_get_daily_async, nilo_query_daily, &query, cancellable, callback,
        user_data);
}

GArray *
nilo_headend_get_daily_finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    return finish(self, result, error);
}

void
nilo_headend_get_misses_async(NiloHeadend *self, NiloMeterId *meter, gint64 from_us, gint64 to_us,
                              guint limit, guint offset, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
    const NiloQuery query = {.meter = meter != NULL ? nilo_meter_id_ref(meter) : NULL,
                             .from = from_us,
                             .to = to_us,
                             .limit = limit,
                             .offset = offset};

    g_return_if_fail(NILO_IS_HEADEND(self));

    ask(self, nilo_headend_get_misses_async, nilo_query_misses, &query, cancellable, callback,
        user_data);
}

GArray *
nilo_headend_get_misses_finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    return finish(self, result, error);
}

void
nilo_headend_get_completeness_async(NiloHeadend *self, gint64 from_day, gint64 to_day,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
    const NiloQuery query = {.from = from_day, .to = to_day};

    g_return_if_fail(NILO_IS_HEADEND(self));

    ask(self, nilo_headend_get_completeness_async, nilo_query_completeness, &query, cancellable,
        callback, user_data);
}

GArray *
nilo_headend_get_completeness_finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    return finish(self, result, error);
}

typedef struct {
    NiloStore *store; /* borrowed */
    NiloCorrectionOrder order;
} CorrectJob;

static void
correct_job_free(gpointer data)
{
    CorrectJob *job = data;

    nilo_meter_id_unref(job->order.meter);
    g_free(job->order.author);
    g_free(job->order.reason);
    g_free(job);
}

static gpointer
correct(NiloSession *session, gpointer data, GError **error)
{
    CorrectJob *job = data;

    return nilo_store_correct(job->store, session, &job->order, error) ? job->store : NULL;
}

void
nilo_headend_correct_async(NiloHeadend *self, NiloMeterId *meter, NiloRegister reg, gint64 taken_us,
                           const NiloValue *value, const char *author, const char *reason,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    CorrectJob *job;

    g_return_if_fail(NILO_IS_HEADEND(self) && meter != NULL && value != NULL);
    g_return_if_fail(author != NULL && reason != NULL);

    job = g_new0(CorrectJob, 1);
    job->store = self->store;
    job->order = (NiloCorrectionOrder){.meter = nilo_meter_id_ref(meter),
                                       .reg = reg,
                                       .taken_us = taken_us,
                                       .value = *value,
                                       .author = g_strdup(author),
                                       .reason = g_strdup(reason)};
    run_call(self->writer,
             new_task(self, nilo_headend_correct_async, cancellable, callback, user_data), correct,
             job, correct_job_free, NULL);
}

gboolean
nilo_headend_correct_finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    return finish(self, result, error) != NULL;
}

void
nilo_headend_get_corrections_async(NiloHeadend *self, NiloMeterId *meter, gint64 from_us,
                                   gint64 to_us, guint limit, guint offset,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
    const NiloQuery query = {.meter = nilo_meter_id_ref(meter),
                             .from = from_us,
                             .to = to_us,
                             .limit = limit,
                             .offset = offset};

    g_return_if_fail(NILO_IS_HEADEND(self));

    ask(self, nilo_headend_get_corrections_async, nilo_query_corrections, &query, cancellable,
        callback, user_data);
}

GArray *
nilo_headend_get_corrections_finish(NiloHeadend *self, GAsyncResult *result, GError **error)
{
    return finish(self, result, error);
}

typedef struct {
    NiloStore *store; /* borrowed */
    gint64 before_us;
    gint64 after;
    gint64 last;
    guint64 n_readings;
} PurgeJob;

static gpointer
purge_slice(NiloSession *session, gpointer data, GError **error)
{
    PurgeJob *job = data;
    guint64 n_readings = 0;

    if (!nilo_store_purge_slice(job->store, session, job->before_us, job->after, &job->last,
                                &n_readings, error))
        return NULL;
    job->n_readings += n_readings;
    return job;
}

static void
purge_slice_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = G_TASK(user_data);
    NiloHeadend *self = g_task_get_source_object(task);
    PurgeJob *job = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;

    if (nilo_database_run_finish(result, &error) == NULL) {
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    if (job->last == 0) {
        g_task_return_pointer(task, g_memdup2(&job->n_readings, sizeof job->n_readings), g_free);
        return;
    }
    job->after = job->last;
    nilo_database_run_async(self->writer, purge_slice, job, NULL, NULL,
                            g_task_get_cancellable(task), purge_slice_cb, g_object_ref(task));
}

void
nilo_headend_purge_async(NiloHeadend *self, gint64 before_us, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task;
    PurgeJob *job;

    g_return_if_fail(NILO_IS_HEADEND(self));

    task = new_task(self, nilo_headend_purge_async, cancellable, callback, user_data);
    job = g_new0(PurgeJob, 1);
    job->store = self->store;
    job->before_us = before_us;
    g_task_set_task_data(task, job, g_free);
    nilo_database_run_async(self->writer, purge_slice, job, NULL, NULL, cancellable, purge_slice_cb,
                            task);
}

gboolean
nilo_headend_purge_finish(NiloHeadend *self, GAsyncResult *result, guint64 *n_readings,
                          GError **error)
{
    g_autofree guint64 *done = finish(self, result, error);

    if (done == NULL)
        return FALSE;
    if (n_readings != NULL)
        *n_readings = *done;
    return TRUE;
}
