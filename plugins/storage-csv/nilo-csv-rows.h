/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

/* first line of every file; columns are added at the end, in front of batch, never moved */
#define NILO_CSV_HEADER "taken,meter,register,value,unit,flags,outcome,batch\n"

char *nilo_csv_day_of(gint64 utc_us);
char *nilo_csv_batch_key(guint64 epoch, guint64 sequence);
void nilo_csv_add_report(GString *rows, const NiloReport *report, const char *batch_key);

G_END_DECLS
