/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define NILO_LAB_US_PER_SECOND   G_GINT64_CONSTANT(1000000)
#define NILO_LAB_SECONDS_PER_DAY G_GINT64_CONSTANT(86400)

/* A wall clock's face, as a meter shows it: no zone, no summer time. */
typedef struct {
    gint year;
    gint month; /* 1 to 12 */
    gint day;   /* 1 to 31 */
    gint hour;
    gint minute;
    gint second;
} NiloLabDate;

gint64 nilo_lab_days_from_civil(gint year, gint month, gint day);
NiloLabDate nilo_lab_date_from_seconds(gint64 seconds);
gint64 nilo_lab_date_to_seconds(const NiloLabDate *date);
gboolean nilo_lab_date_is_valid(const NiloLabDate *date);
gboolean nilo_lab_utc_from_text(const char *text, gint64 *utc_us);

/* The estate's time: UTC as a straight line over the monotonic clock. */
typedef struct {
    gint64 mono_ns; /* here ... */
    gint64 utc_us;  /* ... it was this */
    guint speedup;  /* estate seconds per real second; 0: time stands still */
} NiloLabTime;

gint64 nilo_lab_time_at(const NiloLabTime *time, gint64 mono_ns);

G_END_DECLS
