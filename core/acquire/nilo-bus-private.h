/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-bus-meter.h"
#include "nilo-bus.h"

G_BEGIN_DECLS

/**
 * NiloBusVisitFunc:
 * @config: of the bus
 * @port: what it is opened through
 * @riser: (element-type NiloBusMeter): in the order of the configuration
 *
 * Called under the lock of the bus: copies and returns.
 */
typedef void (*NiloBusVisitFunc)(NiloBusConfig *config, const char *port, GPtrArray *riser,
                                 gpointer user_data);

/** nilo_bus_visit: lets somebody of the core look at what the bus remembers, on main */
void nilo_bus_visit(NiloBus *self, NiloBusVisitFunc func, gpointer user_data);

/** nilo_bus_get_clock: (transfer none) */
NiloClock *nilo_bus_get_clock(NiloBus *self);

G_END_DECLS
