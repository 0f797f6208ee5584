/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-bus.h"
#include "nilo-lab-collector.h"

G_BEGIN_DECLS

/*
 * A collector as the master of a bus: its line towards direct-reading meters, in place of a pty.
 * Each time its power comes it is there anew, like the next client of a serial server.
 */
typedef struct _NiloLabDownstream NiloLabDownstream;

NiloLabDownstream *nilo_lab_downstream_new(NiloLabCollector *collector, const char *name,
                                           NiloLabBus *bus);
void nilo_lab_downstream_free(NiloLabDownstream *downstream);

void nilo_lab_downstream_plug(NiloLabDownstream *downstream);

/* the three for the port of the bus, which has not locked the bus */
const char *nilo_lab_downstream_get_name(NiloLabDownstream *downstream);
int nilo_lab_downstream_take_fd(NiloLabDownstream *downstream);
guint nilo_lab_downstream_get_speed_baud(NiloLabDownstream *downstream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabDownstream, nilo_lab_downstream_free)

G_END_DECLS
