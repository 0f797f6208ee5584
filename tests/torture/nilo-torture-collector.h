/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-collector-bench.h"

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

void nilo_torture_cut(NiloLabCollectorPort port, guint n, guint32 seed, NiloTortureCuts *cuts);
void nilo_torture_poll(NiloLabCollectorPort port, guint n, NiloTorturePolls *polls);
void nilo_torture_noise(NiloLabCollectorPort port, guint rounds, guint32 seed,
                        NiloTortureNoise *noise);

G_END_DECLS
