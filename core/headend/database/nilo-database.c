/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-database.h"

struct _NiloDatabase {
    GAsyncQueue *queue; /* element-type Job */
    GThread *thread;
    NiloSession *session; /* the thread's own */
};

typedef struct {
    GTask *task; /* (nullable): the end */
    NiloDatabaseFunc func;
    gpointer data;
    GDestroyNotify data_free;
    GDestroyNotify result_free;
} Job;

static void
job_free(Job *self)
{
    if (self->data_free != NULL)
        self->data_free(self->data);
    g_clear_object(&self->task);
    g_free(self);
}

static void
run_job(NiloSession *session, Job *job)
{
    g_autoptr(GError) error = NULL;
    gpointer result;

    if (g_task_return_error_if_cancelled(job->task))
        return;
    if (!nilo_session_ensure_open(session, &error)) {
        g_task_return_error(job->task, g_steal_pointer(&error));
        return;
    }
    result = job->func(session, job->data, &error);
    if (result == NULL)
        g_task_return_error(job->task, g_steal_pointer(&error));
    else
        g_task_return_pointer(job->task, result, job->result_free);
}

static gpointer
thread_main(gpointer data)
{
    NiloDatabase *self = data;

    for (;;) {
        Job *job = g_async_queue_pop(self->queue);
        const gboolean last = job->task == NULL;

        if (!last)
            run_job(self->session, job);
        job_free(job);
        if (last)
            break;
    }
    g_clear_pointer(&self->session, nilo_session_free);
    return NULL;
}

NiloDatabase *
nilo_database_new(const NiloDialect *dialect, const char *place, gboolean read_only)
{
    NiloDatabase *self = g_new0(NiloDatabase, 1);

    self->queue = g_async_queue_new();
    self->session = nilo_session_new(dialect, place, read_only);
    self->thread = g_thread_new(read_only ? "database-read" : "database-write", thread_main, self);
    return self;
}

void
nilo_database_free(NiloDatabase *self)
{
    g_async_queue_push(self->queue, g_new0(Job, 1));
    g_thread_join(self->thread);
    g_async_queue_unref(self->queue);
    g_free(self);
}

void
nilo_database_run_async(NiloDatabase *self, NiloDatabaseFunc func, gpointer data,
                        GDestroyNotify data_free, GDestroyNotify result_free,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    Job *job = g_new0(Job, 1);

    job->task = g_task_new(NULL, cancellable, callback, user_data);
    g_task_set_source_tag(job->task, nilo_database_run_async);
    job->func = func;
    job->data = data;
    job->data_free = data_free;
    job->result_free = result_free;
    g_async_queue_push(self->queue, job);
}

gpointer
nilo_database_run_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
