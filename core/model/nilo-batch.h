/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-event.h"
#include "nilo-report.h"

G_BEGIN_DECLS

#define NILO_TYPE_BATCH (nilo_batch_get_type())

/**
 * NiloBatch:
 *
 * Reports, and events, that travel together under one key: epoch and sequence of the journal
 * that holds them. Delivering a batch twice does no harm to whoever remembers the key.
 * Immutable and reference counted; crosses threads.
 *
 * Since: 0.1
 */
typedef struct _NiloBatch NiloBatch;

NILO_EXPORT GType nilo_batch_get_type(void) G_GNUC_CONST;

/**
 * nilo_batch_new:
 * @epoch: random, made with the journal
 * @sequence: 1 and up within the epoch; 0 while it has no key yet
 * @reports: (element-type NiloReport) (nullable): a reference to each is taken
 * @events: (element-type NiloEvent) (nullable): a reference to each is taken
 */
NILO_EXPORT NiloBatch *nilo_batch_new(guint64 epoch, guint64 sequence, GPtrArray *reports,
                                      GPtrArray *events);
NILO_EXPORT NiloBatch *nilo_batch_ref(NiloBatch *self);
NILO_EXPORT void nilo_batch_unref(NiloBatch *self);
NILO_EXPORT guint64 nilo_batch_get_epoch(const NiloBatch *self);
NILO_EXPORT guint64 nilo_batch_get_sequence(const NiloBatch *self);
NILO_EXPORT guint nilo_batch_get_n_reports(const NiloBatch *self);
NILO_EXPORT NiloReport *nilo_batch_get_report(const NiloBatch *self, guint index);
NILO_EXPORT guint nilo_batch_get_n_events(const NiloBatch *self);
NILO_EXPORT NiloEvent *nilo_batch_get_event(const NiloBatch *self, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloBatch, nilo_batch_unref)

G_END_DECLS
