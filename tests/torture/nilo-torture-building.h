/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-bus.h"
#include "nilo-torture-line.h"

G_BEGIN_DECLS

/** NiloTortureReportFunc: called on the bus thread with each report, as the journal would be */
typedef void (*NiloTortureReportFunc)(NiloReport *report, gpointer user_data);

/**
 * NiloTortureBuilding:
 * @estate: the lab's side
 * @lab: its first bus
 * @wire: what the line leads to; change it under the lab's lock
 * @clock: of everybody
 * @drivers: (element-type utf8 NiloDriver): "mbus" and "cjt188"; may be replaced until the start
 * @meters: (element-type NiloMeter): one for each address of @lab, in the order of the riser
 * @lab_meters: (element-type NiloMeterId NiloLabMeter): the same, as the lab knows them
 * @bus: the real one, with its thread, after the start
 * @n_rounds: that have come to their end
 *
 * A bus of a building as the daemon would have it: NiloBus with its thread, queue, lanes, channel
 * and plausibility and the real drivers, on a line into the lab. Time is a fake clock that the bus
 * thread moves by waiting; main touches clock and lab only between rounds, when the thread waits
 * for work. So a run is the same each time.
 */
typedef struct {
    NiloLabEstate *estate;
    NiloLabBus *lab;
    NiloTortureWire wire;
    NiloFakeClock *clock;
    NiloSink *sink;
    NiloTransport *transport;
    GHashTable *drivers;
    GPtrArray *meters;
    GHashTable *lab_meters;
    NiloBus *bus;
    guint n_rounds;
} NiloTortureBuilding;

/** nilo_torture_building_new: @text is that of an estate file, @begin when it begins, ISO 8601 */
NiloTortureBuilding *nilo_torture_building_new(const char *text, const char *begin);
void nilo_torture_building_free(NiloTortureBuilding *self);

/** nilo_torture_building_start: @func (nullable) is called with each report */
void nilo_torture_building_start(NiloTortureBuilding *self, NiloTortureReportFunc func,
                                 gpointer user_data);

/** nilo_torture_building_run_round: reads everybody, then lets @pause_us go by */
void nilo_torture_building_run_round(NiloTortureBuilding *self, gint64 pause_us);

/** nilo_torture_building_control: a line of the lab's control language, as "cut b after 7" */
void nilo_torture_building_control(NiloTortureBuilding *self, const char *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloTortureBuilding, nilo_torture_building_free)

G_END_DECLS
