/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-calendar.h"

G_BEGIN_DECLS

/*
 * Reads answers, for tests: a second decoder that shares no line with core/wire. It knows what a
 * water meter says and nothing more.
 */
typedef struct {
    guint64 id; /* M-Bus: 8 digits; CJ/T 188: 14 */
    guint8 status;
    gboolean has_volume;
    gint64 volume_ml; /* now */
} NiloLabReadout;

typedef struct {
    NiloLabDate time;
    gboolean has_volume;
    gint64 volume_ml;
    guint8 flags; /* 1: estimated, 2: no digits for it */
} NiloLabFreezeReadout;

#define NILO_LAB_EVENTS_MAX 6 /* in one answer */

typedef struct {
    guint sequence;
    guint code;
    guint channel;
    guint32 argument;
} NiloLabEventReadout;

gboolean nilo_lab_readout_from_mbus(const GByteArray *answer, NiloLabReadout *readout);
gboolean nilo_lab_readout_from_cjt188(const GByteArray *answer, NiloLabReadout *readout);
gboolean nilo_lab_readout_get_freeze(const GByteArray *answer, NiloLabFreezeReadout *freeze);
gboolean nilo_lab_readout_get_events(const GByteArray *answer, NiloLabEventReadout *events,
                                     guint *n);
gboolean nilo_lab_readout_get_clock(const GByteArray *answer, NiloLabDate *date);
gboolean nilo_lab_readout_find_cjt188(const GByteArray *answer, const guint8 **data, gsize *size);

G_END_DECLS
