/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-authority.h"
#include "nilo-bus.h"
#include "nilo-dbus-job.h"

G_BEGIN_DECLS

#define NILO_TYPE_DBUS_BUS (nilo_dbus_bus_get_type())

/**
 * NiloDbusBus:
 *
 * A bus as an object on D-Bus. Signal `job` (NiloDbusJob) when a scan has begun.
 */
G_DECLARE_FINAL_TYPE(NiloDbusBus, nilo_dbus_bus, NILO, DBUS_BUS, GObject)

/** nilo_dbus_bus_new: @state_dir as for nilo_bus_new() */
NiloDbusBus *nilo_dbus_bus_new(NiloBus *bus, NiloBusConfig *config, NiloTransport *transport,
                               NiloAuthority *authority, NiloClock *clock, const char *state_dir);

/** nilo_dbus_bus_get_skeleton: (transfer none): the object to export */
GDBusObjectSkeleton *nilo_dbus_bus_get_skeleton(NiloDbusBus *self);

G_END_DECLS
