/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * NiloLocalDay: which day of a site a moment belongs to. A day is the site's local date, 23 to
 * 25 hours long, and its number counts dates from 1970-01-01 = 0. Remembers the last day it was
 * asked for, as moments come in order. Belongs to one thread.
 */
typedef struct _NiloLocalDay NiloLocalDay;

/* @zone: IANA name, "UTC" ...; NULL with NILO_ERROR_BAD_VALUE when there is no such zone */
NiloLocalDay *nilo_local_day_new(const char *zone, GError **error);
void nilo_local_day_free(NiloLocalDay *self);

/* the day that holds the moment; moments outside the years 1970 to 9998 count as the nearest */
gint64 nilo_local_day_find(NiloLocalDay *self, gint64 utc_us);

/* the first moment of the day, and the first of the next one */
void nilo_local_day_get_bounds(NiloLocalDay *self, gint64 day, gint64 *from_us, gint64 *to_us);

/* the zone of this computer by its IANA name; "UTC" when it does not say */
char *nilo_local_day_get_system_zone(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLocalDay, nilo_local_day_free)

G_END_DECLS
