/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-meter-id.h"

G_BEGIN_DECLS

#define NILO_TYPE_METER (nilo_meter_get_type())

/**
 * NiloMeter:
 *
 * A `[meter ID]` group: what the core needs to know of a meter, with the two objects that
 * belong to the transport and to the driver. Made on main, never changed afterwards: a reload
 * makes a new one.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_FINAL_TYPE(NiloMeter, nilo_meter, NILO, METER, GObject)

/**
 * nilo_meter_new:
 * @id: who
 * @line_settings: (nullable): of the type the transport registered
 * @driver_settings: (nullable): of the type the driver registered
 *
 * A meter with defaults; the configuration uses g_object_new() with the properties of the
 * group.
 */
NILO_EXPORT NiloMeter *nilo_meter_new(NiloMeterId *id, const char *bus, const char *driver,
                                      const char *address, GObject *line_settings,
                                      GObject *driver_settings);

NILO_EXPORT NiloMeterId *nilo_meter_get_id(NiloMeter *self);
NILO_EXPORT const char *nilo_meter_get_id_text(NiloMeter *self);

/** nilo_meter_get_bus: name of the bus it hangs on */
NILO_EXPORT const char *nilo_meter_get_bus(NiloMeter *self);

/** nilo_meter_get_driver: (nullable): name of its driver; %NULL for the bus's own */
NILO_EXPORT const char *nilo_meter_get_driver(NiloMeter *self);

/** nilo_meter_get_address: (nullable): where on the bus, in the words of the driver; %NULL when
 * the id says it */
NILO_EXPORT const char *nilo_meter_get_address(NiloMeter *self);

/** nilo_meter_get_point: (nullable): 户号, the customer's connection */
NILO_EXPORT const char *nilo_meter_get_point(NiloMeter *self);

/** nilo_meter_get_place: (nullable): building/unit/flat, for people */
NILO_EXPORT const char *nilo_meter_get_place(NiloMeter *self);

/** nilo_meter_get_schedule: (nullable): name of its schedule; %NULL for the bus's own */
NILO_EXPORT const char *nilo_meter_get_schedule(NiloMeter *self);

/** nilo_meter_get_reads_per_day: the battery's budget, 0 for no limit */
NILO_EXPORT guint nilo_meter_get_reads_per_day(NiloMeter *self);

/** nilo_meter_get_answer_extra_ms: allowed beyond the standard's time to the first byte */
NILO_EXPORT guint nilo_meter_get_answer_extra_ms(NiloMeter *self);

/** nilo_meter_get_flow_max_ml_per_h: the largest flow the meter can pass; a faster change is
 * implausible; 0 for no check */
NILO_EXPORT guint64 nilo_meter_get_flow_max_ml_per_h(NiloMeter *self);

/** nilo_meter_get_enabled: FALSE for a meter that is listed but not read */
NILO_EXPORT gboolean nilo_meter_get_enabled(NiloMeter *self);

/** nilo_meter_get_line_settings: (nullable): its own speed and parity, for the transport */
NILO_EXPORT GObject *nilo_meter_get_line_settings(NiloMeter *self);

/** nilo_meter_get_driver_settings: (nullable): for the driver, which may also keep there what
 * it learned of the meter (touched on the bus thread only) */
NILO_EXPORT GObject *nilo_meter_get_driver_settings(NiloMeter *self);

G_END_DECLS
