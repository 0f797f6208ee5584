/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-bus.h"
#include "nilo-lab-collector.h"

G_BEGIN_DECLS

/*
 * A collector on a wire, in real time: what the wire carries reaches its line byte by byte at the
 * end of each stop bit, and what it says, all at once, goes onto the wire at the line's pace. Its
 * own speed is what its part is set to; at another speed than the wire's both hear garbage.
 */
typedef struct _NiloLabStation NiloLabStation;

NiloLabStation *nilo_lab_station_new(NiloLabCollector *collector, const char *name,
                                     NiloLabBus *bus);
void nilo_lab_station_free(NiloLabStation *station);

void nilo_lab_station_plug(NiloLabStation *station);

/* the three for the thread of the bus's port, which has not locked the bus */
int nilo_lab_station_get_fd(NiloLabStation *station);
gint64 nilo_lab_station_deliver(NiloLabStation *station);
void nilo_lab_station_read(NiloLabStation *station);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabStation, nilo_lab_station_free)

G_END_DECLS
