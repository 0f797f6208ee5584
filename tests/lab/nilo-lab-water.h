/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How one flat uses water: everything else follows from it and the time. */
typedef struct {
    guint64 seed;             /* of this flat */
    gint64 installed_utc_us;  /* the counter stood at start_ml then, and turned from then on */
    gint64 start_ml;          /* at installation */
    gint64 daily_ml;          /* mean day; 0: nobody lives here */
    gint64 leak_from_utc_us;  /* a tap that was never shut again; only with a rate */
    gint64 leak_ml_per_h;     /* 0: no leak */
    gint zone_offset_minutes; /* the flat's clock against UTC, for morning and evening */
} NiloLabWater;

gint64 nilo_lab_water_volume_ml(const NiloLabWater *water, gint64 utc_us);
gint64 nilo_lab_water_flow_ml_per_h(const NiloLabWater *water, gint64 utc_us);

G_END_DECLS
