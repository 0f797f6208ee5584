/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "database/nilo-session.h"
#include "nilo-headend-rows.h"

G_BEGIN_DECLS

/* what may be asked, as one plain struct; which members count is up to the question */
typedef struct {
    NiloMeterId *meter; /* (nullable) */
    char **meters;      /* (nullable) */
    NiloRegister reg;
    gint64 from; /* UTC microseconds, or a day */
    gint64 to;
    guint limit;
    guint offset;
} NiloQuery;

void nilo_query_free(NiloQuery *self);

/*
 * Each is a NiloDatabaseFunc on a NiloQuery and answers with a GArray; see nilo-headend.h for
 * its elements.
 */
gpointer nilo_query_latest(NiloSession *session, gpointer query, GError **error);
gpointer nilo_query_history(NiloSession *session, gpointer query, GError **error);
gpointer nilo_query_daily(NiloSession *session, gpointer query, GError **error);
gpointer nilo_query_misses(NiloSession *session, gpointer query, GError **error);
gpointer nilo_query_completeness(NiloSession *session, gpointer query, GError **error);
gpointer nilo_query_corrections(NiloSession *session, gpointer query, GError **error);

G_END_DECLS
