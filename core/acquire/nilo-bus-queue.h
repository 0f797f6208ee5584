/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-command.h"
#include "nilo-driver.h"
#include "nilo-lane.h"
#include "nilo-round.h"

G_BEGIN_DECLS

/** NiloBusJobKind: what is to be done */
typedef enum {
    NILO_BUS_JOB_READ,
    NILO_BUS_JOB_WRITE,
    NILO_BUS_JOB_SCAN,
} NiloBusJobKind;

/**
 * NiloBusJob:
 * @lane: where it waits now
 * @meter: (nullable): who
 * @flags: #NiloReadFlags
 * @deadline_us: monotonic; not begun later; %G_MAXINT64 for never mind
 * @tasks: (element-type GTask): who waits for the report, the result or the end
 * @rounds: (element-type NiloRound): what counts it
 * @postponed: times the meter asked to come back later
 * @lost: times the line was lost meanwhile
 *
 * One thing to do on a bus.
 */
typedef struct {
    NiloBusJobKind kind;
    NiloLane lane;
    NiloMeterId *meter;
    guint flags;
    NiloReportCause cause;
    gint64 deadline_us;
    GPtrArray *tasks;
    GPtrArray *rounds;
    NiloCommand *command;
    GObject *scan;
    guint postponed;
    guint lost;
} NiloBusJob;

NiloBusJob *nilo_bus_job_new_read(NiloLane lane, NiloMeterId *meter, guint flags,
                                  NiloReportCause cause, gint64 deadline_us);
NiloBusJob *nilo_bus_job_new_write(NiloCommand *command);
NiloBusJob *nilo_bus_job_new_scan(GObject *scan);
void nilo_bus_job_free(NiloBusJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloBusJob, nilo_bus_job_free)

/**
 * nilo_bus_job_join:
 * @other: (transfer full): a read of the same meter
 *
 * One read serves both: takes over who waits and what counts, asks for all that either wanted.
 * @running: @self is being carried out: then it must already ask for enough.
 *
 * Returns: %FALSE when it cannot: @other is untouched and still the caller's
 */
gboolean nilo_bus_job_join(NiloBusJob *self, NiloBusJob *other, gboolean running);

/**
 * NiloBusQueue:
 *
 * What is to be done on a bus, by lane, first come first served within a lane; a meter waits at
 * most once. Not thread safe: the bus holds its lock.
 */
typedef struct _NiloBusQueue NiloBusQueue;

NiloBusQueue *nilo_bus_queue_new(void);
void nilo_bus_queue_free(NiloBusQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloBusQueue, nilo_bus_queue_free)

/** nilo_bus_queue_push: (transfer full): joins it to a waiting read of the same meter, which
 * moves to the better of both lanes */
void nilo_bus_queue_push(NiloBusQueue *self, NiloBusJob *job);

/** nilo_bus_queue_push_front: (transfer full): what could not be done now is next in its lane
 */
void nilo_bus_queue_push_front(NiloBusQueue *self, NiloBusJob *job);

/** nilo_bus_queue_pop: (nullable) (transfer full): the next, NULL when there is nothing */
NiloBusJob *nilo_bus_queue_pop(NiloBusQueue *self);

guint nilo_bus_queue_get_length(NiloBusQueue *self, NiloLane lane);

G_END_DECLS
