/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define NILO_TYPE_BUS_CONFIG (nilo_bus_config_get_type())

/**
 * NiloBusConfig:
 *
 * What a `[bus NAME]` group says besides the keys of its transport. Immutable.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloBusConfig, nilo_bus_config, NILO, BUS_CONFIG, GObject)

NILO_INTERNAL NiloBusConfig *nilo_bus_config_new(void);

/** nilo_bus_config_get_transport: (nullable): name of the transport */
NILO_INTERNAL const char *nilo_bus_config_get_transport(NiloBusConfig *self);

/** nilo_bus_config_get_driver: (nullable): name of the driver of meters that name none */
NILO_INTERNAL const char *nilo_bus_config_get_driver(NiloBusConfig *self);

/** nilo_bus_config_get_schedule: (nullable): name of the schedule of meters that name none */
NILO_INTERNAL const char *nilo_bus_config_get_schedule(NiloBusConfig *self);
NILO_INTERNAL guint nilo_bus_config_get_tries(NiloBusConfig *self);
NILO_INTERNAL guint nilo_bus_config_get_answer_extra_ms(NiloBusConfig *self);
NILO_INTERNAL guint nilo_bus_config_get_slack_ms(NiloBusConfig *self);
NILO_INTERNAL guint nilo_bus_config_get_idle_ms(NiloBusConfig *self);
NILO_INTERNAL guint nilo_bus_config_get_silent_after(NiloBusConfig *self);
NILO_INTERNAL guint nilo_bus_config_get_probe_rounds_max(NiloBusConfig *self);
NILO_INTERNAL guint nilo_bus_config_get_probe_time_s(NiloBusConfig *self);
NILO_INTERNAL guint nilo_bus_config_get_patience_s(NiloBusConfig *self);

G_END_DECLS
