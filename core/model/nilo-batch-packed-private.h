/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Numbers of docs/batch-format.md that both directions share. */

#define NILO_BATCH_VERSION 1

enum {
    NILO_BATCH_TABLE_INLINE = 0,
    NILO_BATCH_TABLE_REFERENCE = 1,
};

/* what a shape says is present in its reports */
enum {
    NILO_SHAPE_MICROSECONDS = 1 << 0,
    NILO_SHAPE_METER = 1 << 1,
    NILO_SHAPE_OFFSET = 1 << 2,
    NILO_SHAPE_ANSWER = 1 << 3,
    NILO_SHAPE_UNDECODED = 1 << 4,
    NILO_SHAPE_DRIFT = 1 << 5,
    NILO_SHAPE_FOUND = 1 << 6,
    NILO_SHAPE_FACTS = 1 << 7,
};

enum {
    NILO_BATCH_EVENT_METER = 1 << 0,
    NILO_BATCH_EVENT_BUS = 1 << 1,
    NILO_BATCH_EVENT_TEXT = 1 << 2,
};

/* digits of an id that are counted: what always fits an int64 */
#define NILO_BATCH_MAX_DIGITS 18
/* a text up to this length may be referred to again: bounds what a few bytes can grow to */
#define NILO_BATCH_MAX_SHARED_TEXT 64
#define NILO_BATCH_MAX_TEXT        4096
#define NILO_BATCH_MAX_READINGS    8192
#define NILO_BATCH_MAX_REPORTS     65535

/* differences wrap: any two int64 have one, and damaged bytes cannot overflow */
static inline gint64
nilo_batch_difference(gint64 a, gint64 b)
{
    return (gint64)((guint64)a - (guint64)b);
}

static inline gint64
nilo_batch_sum(gint64 a, gint64 b)
{
    return (gint64)((guint64)a + (guint64)b);
}

/* towards minus infinity, so that times before 1970 round like the others */
static inline gint64
nilo_batch_floor_seconds(gint64 time_us)
{
    return time_us / G_USEC_PER_SEC - (time_us % G_USEC_PER_SEC < 0);
}
