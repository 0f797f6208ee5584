/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/**
 * NiloLogScope:
 * @plugin: (nullable): whose line it is, "driver-mbus"
 * @bus: (nullable): name of the bus
 * @meter: (nullable): meter id
 *
 * What a log line is about. Each part that is given becomes a structured field (NILO_PLUGIN,
 * NILO_BUS, NILO_METER), so that `journalctl NILO_BUS=riser-1` works, and stands before the
 * text.
 *
 * Since: 0.1
 */
typedef struct {
    const char *plugin;
    const char *bus;
    const char *meter;
} NiloLogScope;

/**
 * nilo_log:
 * @level: debug for us, info for --verbose, message for the operator, warning for what to fix
 * @scope: (nullable): what it is about
 *
 * Never log keys or phone numbers. Never %G_LOG_LEVEL_ERROR: it would end the daemon.
 */
NILO_EXPORT void nilo_log(GLogLevelFlags level, const NiloLogScope *scope, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

#define nilo_log_debug(scope, ...)   nilo_log(G_LOG_LEVEL_DEBUG, scope, __VA_ARGS__)
#define nilo_log_info(scope, ...)    nilo_log(G_LOG_LEVEL_INFO, scope, __VA_ARGS__)
#define nilo_log_message(scope, ...) nilo_log(G_LOG_LEVEL_MESSAGE, scope, __VA_ARGS__)
#define nilo_log_warning(scope, ...) nilo_log(G_LOG_LEVEL_WARNING, scope, __VA_ARGS__)

G_END_DECLS
