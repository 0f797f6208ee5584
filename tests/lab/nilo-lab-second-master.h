/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-collision.h"
#include "nilo-lab-meter.h"
#include "nilo-lab-random.h"

G_BEGIN_DECLS

#define NILO_LAB_SECOND_MASTER_MAX 512

/*
 * Another master on the same wire. It asks what the first one has asked before, at random moments
 * and whoever talks, or says what it is told to. Not more than a pure machine over stamps: the bus
 * takes its bytes.
 */
typedef struct _NiloLabSecondMaster NiloLabSecondMaster;

NiloLabSecondMaster *nilo_lab_second_master_new(void);
void nilo_lab_second_master_free(NiloLabSecondMaster *self);

void nilo_lab_second_master_learn(NiloLabSecondMaster *self, const NiloLabHeard *heard,
                                  const guint8 *bytes, gsize size);
void nilo_lab_second_master_say(NiloLabSecondMaster *self, const guint8 *bytes, gsize size,
                                guint speed_baud, gint64 start_ns);
gboolean nilo_lab_second_master_plan(NiloLabSecondMaster *self, NiloLabRandom *random,
                                     guint period_ms, guint break_ppm, guint speed_baud,
                                     gint64 now_ns, gint64 *start_ns);
gboolean nilo_lab_second_master_take(NiloLabSecondMaster *self, NiloLabByte *byte,
                                     guint *speed_baud);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabSecondMaster, nilo_lab_second_master_free)

G_END_DECLS
