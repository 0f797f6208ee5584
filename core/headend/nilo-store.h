/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "database/nilo-session.h"
#include "nilo-headend-rows.h"
#include "nilo-local-day.h"

G_BEGIN_DECLS

/*
 * NiloStore: how batches become rows. Knows the keys of the meters, so that a reading costs no
 * look-up. Belongs to the thread that writes.
 */
typedef struct _NiloStore NiloStore;

/* @zone: what days are counted in where the database does not say yet */
NiloStore *nilo_store_new(const char *zone);
void nilo_store_free(NiloStore *self);

/* reads what the database knows; at once when that has been done */
gboolean nilo_store_ensure_loaded(NiloStore *self, NiloSession *session, GError **error);

/* the zone of the database, once loaded */
const char *nilo_store_get_zone(const NiloStore *self);

/* all of the batch or nothing; @counts is added to */
gboolean nilo_store_put_batch(NiloStore *self, NiloSession *session, NiloBatch *batch,
                              NiloStoreCounts *counts, GError **error);

/* what a correction says */
typedef struct {
    NiloMeterId *meter;
    NiloRegister reg;
    gint64 taken_us;
    NiloValue value;
    char *author;
    char *reason;
} NiloCorrectionOrder;

gboolean nilo_store_correct(NiloStore *self, NiloSession *session, const NiloCorrectionOrder *order,
                            GError **error);

/* the next slice of meters after key @after; @last: the key it came to, 0 at the end */
gboolean nilo_store_purge_slice(NiloStore *self, NiloSession *session, gint64 before_us,
                                gint64 after, gint64 *last, guint64 *n_readings, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloStore, nilo_store_free)

G_END_DECLS
