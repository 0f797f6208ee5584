/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-collector.h"

G_BEGIN_DECLS

/* What came of one fault; what must be 0 stands last. */
typedef struct {
    gint64 happened; /* by the hub's counter of it, or touched reads without a value */
    gint64 least;    /* how often it must, to be a test of it */
    guint reads;     /* while it lasted */
    guint right;
    guint failed;    /* no value, and said so */
    guint flagged;   /* a value that nobody takes for one */
    guint harmed;    /* devices that the fault does not touch, and were not read right */
    guint through;   /* devices that it cuts off, and gave a value all the same */
    guint uncounted; /* channels whose pulses, given before, were not told in time */
    guint missing;   /* devices not read right within four polls when it was over */
    guint wrong;     /* wrong values without a flag, then and afterwards */
} NiloCollectorFaultResult;

/* nilometerd, an M-Bus and a CJ/T 188 line, on each two collectors and three meters, and one more
 * collector with the first one's number and addresses, without power. */
typedef struct _NiloCollectorFaults NiloCollectorFaults;

NiloCollectorFaults *nilo_collector_faults_new(NiloLabCollectorPort port, guint32 seed,
                                               guint deadline_s);
void nilo_collector_faults_free(NiloCollectorFaults *self);

guint nilo_collector_faults_count(void);
const char *nilo_collector_faults_get_name(guint fault);
void nilo_collector_faults_run(NiloCollectorFaults *self, guint fault,
                               NiloCollectorFaultResult *result);
gboolean nilo_collector_fault_result_is_good(const NiloCollectorFaultResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloCollectorFaults, nilo_collector_faults_free)

G_END_DECLS
