/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-bus.h"
#include "nilo-config.h"
#include "nilo-dbus-server.h"
#include "nilo-plugin-loader.h"

G_BEGIN_DECLS

/**
 * NiloBuilding:
 *
 * The buses of a configuration, their meters and schedules. A reload hands the new objects to the
 * buses that stay, between two of their exchanges; what was learned of meters is kept.
 */
typedef struct _NiloBuilding NiloBuilding;

/**
 * nilo_building_new:
 */
NiloBuilding *nilo_building_new(NiloPluginLoader *loader, NiloClock *clock, NiloSink *sink,
                                const char *state_dir);
void nilo_building_free(NiloBuilding *self);

typedef void (*NiloBuildingReport)(NiloReport *report, gpointer user_data);
typedef void (*NiloBuildingEvent)(NiloEvent *event, gpointer user_data);

void nilo_building_set_callbacks(NiloBuilding *self, NiloBuildingReport report,
                                 NiloBuildingEvent event, gpointer user_data);

/** nilo_building_apply: starts, changes and stops buses so that they are as @config says */
void nilo_building_apply(NiloBuilding *self, NiloConfig *config);

/** nilo_building_stop: stops all buses; blocks until they have let go of their wires */
void nilo_building_stop(NiloBuilding *self);

/** nilo_building_show: gives buses and meters to D-Bus */
void nilo_building_show(NiloBuilding *self, NiloDbusServer *server);

/** nilo_building_get_meters: (transfer none) (element-type NiloMeter): in the order of the files */
GPtrArray *nilo_building_get_meters(NiloBuilding *self);

/** nilo_building_find_meter: (transfer none) (nullable): */
NiloMeter *nilo_building_find_meter(NiloBuilding *self, NiloMeterId *id);

/** nilo_building_get_stalled_us: the longest that a bus has stood still with work to do */
gint64 nilo_building_get_stalled_us(NiloBuilding *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloBuilding, nilo_building_free)

G_END_DECLS
