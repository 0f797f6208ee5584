/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-estate.h"

#include <nilometer-wire.h>
#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_TYPE_MBUS_TEST_LINE (nilo_mbus_test_line_get_type())

/**
 * NiloMbusTestLine:
 *
 * A line to a virtual bus of the lab, in the same process and at the time of a fake clock.
 */
G_DECLARE_FINAL_TYPE(NiloMbusTestLine, nilo_mbus_test_line, NILO, MBUS_TEST_LINE, GObject)

/**
 * NiloMbusTestBus:
 * @estate: with the meters
 * @bus: its first bus
 * @line: (type NiloLine): that leads there
 * @channel: the real channel on that line
 * @clock: shows what the meters take for the time
 *
 * A whole bus for a test.
 */
typedef struct {
    NiloLabEstate *estate;
    NiloLabBus *bus;
    NiloMbusTestLine *line;
    NiloChannel *channel;
    NiloFakeClock *clock;
} NiloMbusTestBus;

/** nilo_mbus_test_bus_new: @estate is the text of an estate file, @tries requests per exchange */
NiloMbusTestBus *nilo_mbus_test_bus_new(const char *estate, guint tries);
void nilo_mbus_test_bus_free(NiloMbusTestBus *self);

/** nilo_mbus_test_bus_take_asked: requests since the last call in short words: "40:5 7B:5 sel".
 * Long frames: CI and address, "51:5"; selections "sel" */
char *nilo_mbus_test_bus_take_asked(NiloMbusTestBus *self);

/** nilo_mbus_test_bus_count_requests: sent so far */
guint nilo_mbus_test_bus_count_requests(NiloMbusTestBus *self);

/** nilo_mbus_test_meter_new: (transfer full): @settings is "key=value;key=value" */
NiloMeter *nilo_mbus_test_meter_new(const char *id, const char *address, const char *settings);

/** nilo_mbus_test_bus_read: (transfer full): as a bus does it */
NiloReport *nilo_mbus_test_bus_read(NiloMbusTestBus *bus, NiloDriver *driver, NiloMeter *meter,
                                    guint flags);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloMbusTestBus, nilo_mbus_test_bus_free)

G_END_DECLS
