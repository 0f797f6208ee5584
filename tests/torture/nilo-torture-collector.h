/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-collector-bench.h"
#include "nilo-collector-faults.h"

G_BEGIN_DECLS

/* What a collector went through; what must be 0 stands last. */
typedef struct {
    guint cuts;
    guint aimed;    /* of these, at the moment of a write */
    guint in_start; /* of these, before the collector had answered once */
    guint torn;     /* pages torn afterwards, or by the host's harsh EEPROM as it likes */
    guint64 pulses;
    guint64 reads;
    guint64 lost;       /* pulses that nobody had been told of */
    guint lost_at_most; /* of one input in one cut */
    guint backwards;
    guint invented;
    guint too_many_lost;
} NiloTortureCuts;

typedef struct {
    guint polls;
    guint late; /* answered when asked again */
    guint wrong;
    guint lost;
    guint driver_changes; /* QEMU: the driver of the line went up or down */
    gint64 median_us;
    gint64 worst_us;
} NiloTorturePolls;

typedef struct {
    guint reads;
    guint failed;  /* no value, and said so */
    guint flagged; /* a value that nobody takes for one */
    guint right;
    guint missing; /* at the end, without noise, a counter that is not right */
    guint wrong;   /* a wrong value without a flag */
} NiloTortureNoise;

typedef struct {
    guint seconds;
    guint moves;    /* the contacts trembled so often */
    guint doubtful; /* of these, this machine made so long that they may have been a pulse */
    guint off;      /* pulses that an input is off by, at most */
    guint wrong;    /* inputs that are off by more than the doubt */
} NiloTortureEdge;

typedef struct {
    guint troubles;
    gint64 longest_us; /* until it answered again */
    guint late;        /* of them, later than 5 s */
    guint unexplained; /* no cause, or a wrong one, in the event log */
    guint wrong;       /* counters not as they were */
} NiloTortureTroubles;

typedef struct {
    guint changes;
    gint64 first_us;  /* until it was back at the speed of its settings: the soonest .. */
    gint64 last_us;   /* .. and the latest */
    guint early;      /* before five minutes were over, or not at all */
    guint unreadable; /* not read within four polls then */
} NiloTortureFallBacks;

void nilo_torture_cut(NiloLabCollectorPort port, guint n, guint32 seed, NiloTortureCuts *cuts);
void nilo_torture_poll(NiloLabCollectorPort port, guint n, NiloTorturePolls *polls);
void nilo_torture_rest_on_edge(NiloLabCollectorPort port, guint seconds, guint32 seed,
                               NiloTortureEdge *edge);
void nilo_torture_trouble(NiloLabCollectorPort port, guint n, NiloTortureTroubles *troubles);
void nilo_torture_fall_back(NiloLabCollectorPort port, guint n, NiloTortureFallBacks *changes);
void nilo_torture_noise(NiloLabCollectorPort port, guint rounds, guint32 seed,
                        NiloTortureNoise *noise);
void nilo_torture_faults(NiloLabCollectorPort port, guint rounds, guint32 seed,
                         NiloCollectorFaultResult *results);

G_END_DECLS
