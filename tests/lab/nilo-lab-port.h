/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-downstream.h"
#include "nilo-lab-station.h"

G_BEGIN_DECLS

/* What joins a bus to its master: a pty, a TCP listener or a collector's line, and the thread that
 * keeps its time. */
typedef struct _NiloLabPort NiloLabPort;

NiloLabPort *nilo_lab_port_new(NiloLabBus *bus, GPtrArray *stations, NiloLabDownstream *downstream,
                               const char *folder, GError **error);
void nilo_lab_port_free(NiloLabPort *port);

NiloLabBus *nilo_lab_port_get_bus(NiloLabPort *port);
char *nilo_lab_port_get_address(NiloLabPort *port);
void nilo_lab_port_sync(NiloLabPort *port);
gint64 nilo_lab_port_now_ns(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabPort, nilo_lab_port_free)

G_END_DECLS
