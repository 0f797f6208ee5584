/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-calendar.h"

G_BEGIN_DECLS

#define NILO_LAB_MBUS_MAX_DATA 252

/* The user data of one telegram while it is being written. */
typedef struct {
    guint8 bytes[NILO_LAB_MBUS_MAX_DATA];
    gsize size;
} NiloLabMbusRecords;

void nilo_lab_mbus_records_add_bytes(NiloLabMbusRecords *records, const guint8 *bytes, gsize size);
void nilo_lab_mbus_records_add_bcd(NiloLabMbusRecords *records, guint storage, guint8 function,
                                   guint8 vif, gsize bytes, guint64 number);
void nilo_lab_mbus_records_add_int(NiloLabMbusRecords *records, guint storage, guint8 vif,
                                   guint8 vife, gsize bytes, guint64 number);
void nilo_lab_mbus_records_add_date(NiloLabMbusRecords *records, guint storage,
                                    const NiloLabDate *date);
void nilo_lab_mbus_records_add_date_time(NiloLabMbusRecords *records, const NiloLabDate *date,
                                         gboolean invalid);
gboolean nilo_lab_mbus_date_time_get(const guint8 *bytes, NiloLabDate *date);
guint16 nilo_lab_mbus_manufacturer_code(const char *letters);

G_END_DECLS
