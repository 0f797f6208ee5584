/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-estate.h"

G_BEGIN_DECLS

/* A tiny master, for tests: it knows no more than a wire shows. On an estate time is fake; on a
 * collector's line it is real, and @estate and @bus are NULL. */
typedef struct {
    NiloLabEstate *estate;
    NiloLabBus *bus;
    NiloLabCollector *collector; /* (nullable), borrowed, outlives us */
    guint patience_ms;           /* on a collector's line: how long to wait for an answer */
    guint rest_ms;               /* there: silence in front of a request that no answer of the same
                                    protocol stands before: only then it is heard as one */
    gboolean is_in_step;         /* there: the last thing on the line was a sound answer */
    gboolean was_cjt188;
    gint64 now_ns;
    guint speed_baud; /* 0: that of the bus */
    GByteArray *answer;
    guint damaged;        /* characters with parity or framing errors in the answer */
    gint64 first_byte_ns; /* from the end of the request to the end of the first byte of the
                             answer */
} NiloLabTestMaster;

NiloLabTestMaster *nilo_lab_test_master_new(const char *estate);
NiloLabTestMaster *nilo_lab_test_master_new_for_collector(NiloLabCollector *collector);
void nilo_lab_test_master_free(NiloLabTestMaster *master);

void nilo_lab_test_master_send(NiloLabTestMaster *master, const guint8 *bytes, gsize size);
void nilo_lab_test_master_send_hex(NiloLabTestMaster *master, const char *hex);
void nilo_lab_test_master_short(NiloLabTestMaster *master, guint8 c, guint8 a);
void nilo_lab_test_master_long(NiloLabTestMaster *master, guint8 c, guint8 a, guint8 ci,
                               const char *data_hex);
void nilo_lab_test_master_cjt188(NiloLabTestMaster *master, const char *address, guint8 control,
                                 const char *data_hex);
char *nilo_lab_test_master_get_hex(NiloLabTestMaster *master);
gboolean nilo_lab_test_master_heard(NiloLabTestMaster *master, const char *hex);
gboolean nilo_lab_test_master_heard_ack(NiloLabTestMaster *master);
gint64 nilo_lab_test_master_utc_us(NiloLabTestMaster *master);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabTestMaster, nilo_lab_test_master_free)

G_END_DECLS
