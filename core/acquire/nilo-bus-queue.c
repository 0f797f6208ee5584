/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus-queue.h"

struct _NiloBusQueue {
    GQueue lanes[NILO_N_LANES]; /* element-type NiloBusJob */
    GHashTable *reads;          /* NiloMeterId (borrowed from the job) -> GList link of its lane */
};

static NiloBusJob *
job_new(NiloBusJobKind kind, NiloLane lane)
{
    NiloBusJob *self = g_new0(NiloBusJob, 1);

    self->kind = kind;
    self->lane = lane;
    self->deadline_us = G_MAXINT64;
    self->tasks = g_ptr_array_new_with_free_func(g_object_unref);
    self->rounds = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_round_unref);
    return self;
}

NiloBusJob *
nilo_bus_job_new_read(NiloLane lane, NiloMeterId *meter, guint flags, NiloReportCause cause,
                      gint64 deadline_us)
{
    NiloBusJob *self = job_new(NILO_BUS_JOB_READ, lane);

    self->meter = nilo_meter_id_ref(meter);
    self->flags = flags;
    self->cause = cause;
    self->deadline_us = deadline_us;
    return self;
}

NiloBusJob *
nilo_bus_job_new_write(NiloCommand *command)
{
    NiloBusJob *self = job_new(NILO_BUS_JOB_WRITE, NILO_LANE_URGENT);

    self->meter = nilo_meter_id_ref(nilo_command_get_meter(command));
    self->command = nilo_command_ref(command);
    return self;
}

NiloBusJob *
nilo_bus_job_new_scan(GObject *scan)
{
    NiloBusJob *self = job_new(NILO_BUS_JOB_SCAN, NILO_LANE_SCAN);

    self->scan = g_object_ref(scan);
    return self;
}

void
nilo_bus_job_free(NiloBusJob *self)
{
    g_clear_pointer(&self->meter, nilo_meter_id_unref);
    g_clear_pointer(&self->command, nilo_command_unref);
    g_clear_object(&self->scan);
    g_ptr_array_unref(self->tasks);
    g_ptr_array_unref(self->rounds);
    g_free(self);
}

static NiloReportCause
get_better_cause(NiloReportCause a, NiloReportCause b)
{
    /* a scheduled reading stays one, whoever else looks at it */
    return a == NILO_CAUSE_SCHEDULE || b == NILO_CAUSE_SCHEDULE ? NILO_CAUSE_SCHEDULE : a;
}

gboolean
nilo_bus_job_join(NiloBusJob *self, NiloBusJob *other, gboolean running)
{
    if (self->kind != NILO_BUS_JOB_READ || other->kind != NILO_BUS_JOB_READ ||
        !nilo_meter_id_equal(self->meter, other->meter))
        return FALSE;
    if (running && (other->flags & ~self->flags) != 0)
        return FALSE;
    g_ptr_array_extend_and_steal(self->tasks, g_steal_pointer(&other->tasks));
    g_ptr_array_extend_and_steal(self->rounds, g_steal_pointer(&other->rounds));
    self->flags |= other->flags;
    if (!running)
        self->cause = get_better_cause(self->cause, other->cause);
    self->deadline_us = MAX(self->deadline_us, other->deadline_us);
    other->tasks = g_ptr_array_new();
    other->rounds = g_ptr_array_new();
    nilo_bus_job_free(other);
    return TRUE;
}

NiloBusQueue *
nilo_bus_queue_new(void)
{
    NiloBusQueue *self = g_new0(NiloBusQueue, 1);

    for (guint i = 0; i < NILO_N_LANES; i++)
        g_queue_init(&self->lanes[i]);
    self->reads = g_hash_table_new(nilo_meter_id_hash, nilo_meter_id_equal);
    return self;
}

void
nilo_bus_queue_free(NiloBusQueue *self)
{
    g_hash_table_unref(self->reads);
    for (guint i = 0; i < NILO_N_LANES; i++)
        g_queue_clear_full(&self->lanes[i], (GDestroyNotify)nilo_bus_job_free);
    g_free(self);
}

static void
move_to_lane(NiloBusQueue *self, GList *link, NiloLane lane)
{
    NiloBusJob *job = link->data;

    if (job->lane <= lane)
        return;
    g_queue_unlink(&self->lanes[job->lane], link);
    g_queue_push_tail_link(&self->lanes[lane], link);
    job->lane = lane;
}

static gboolean
join_waiting(NiloBusQueue *self, NiloBusJob *job)
{
    const NiloLane lane = job->lane;
    GList *link;

    if (job->kind != NILO_BUS_JOB_READ)
        return FALSE;
    link = g_hash_table_lookup(self->reads, job->meter);
    if (link == NULL || !nilo_bus_job_join(link->data, job, FALSE))
        return FALSE;
    move_to_lane(self, link, lane);
    return TRUE;
}

void
nilo_bus_queue_push(NiloBusQueue *self, NiloBusJob *job)
{
    if (join_waiting(self, job))
        return;
    g_queue_push_tail(&self->lanes[job->lane], job);
    if (job->kind == NILO_BUS_JOB_READ)
        g_hash_table_insert(self->reads, job->meter, self->lanes[job->lane].tail);
}

void
nilo_bus_queue_push_front(NiloBusQueue *self, NiloBusJob *job)
{
    if (join_waiting(self, job))
        return;
    g_queue_push_head(&self->lanes[job->lane], job);
    if (job->kind == NILO_BUS_JOB_READ)
        g_hash_table_insert(self->reads, job->meter, self->lanes[job->lane].head);
}

NiloBusJob *
nilo_bus_queue_pop(NiloBusQueue *self)
{
    for (guint i = 0; i < NILO_N_LANES; i++) {
        NiloBusJob *job = g_queue_pop_head(&self->lanes[i]);

        if (job == NULL)
            continue;
        if (job->kind == NILO_BUS_JOB_READ)
            g_hash_table_remove(self->reads, job->meter);
        return job;
    }
    return NULL;
}

guint
nilo_bus_queue_get_length(NiloBusQueue *self, NiloLane lane)
{
    return g_queue_get_length(&self->lanes[lane]);
}
