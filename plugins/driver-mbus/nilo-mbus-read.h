/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-link.h"
#include "nilo-mbus-report.h"

G_BEGIN_DECLS

/**
 * NiloMbusSession:
 * @call: the conversation
 * @meter: (not owned)
 * @settings: (not owned): resolved
 * @target: where the meter is
 * @was_reset: whether its link has just been reset
 *
 * Work for one meter.
 */
typedef struct {
    NiloMbusCall call;
    NiloMeter *meter;
    NiloMbusSettings *settings;
    NiloMbusTarget target;
    gboolean was_reset;
} NiloMbusSession;

/**
 * nilo_mbus_session_init:
 * @self: (out):
 * @settings: of @meter; resolved here
 *
 * Returns: %FALSE with what nilo_mbus_settings_resolve() or nilo_mbus_settings_get_target() say
 */
gboolean nilo_mbus_session_init(NiloMbusSession *self, NiloMbusLink *link, NiloMeter *meter,
                                NiloMbusSettings *settings, NiloChannel *channel,
                                GCancellable *cancellable, GError **error);

/**
 * nilo_mbus_session_approach:
 * @ready: (out): whether the meter can be talked to; if not, the verdict says why
 *
 * Selects the meter, or resets its link, as it wants it.
 *
 * Returns: %FALSE when the line is lost or the work is cancelled
 */
gboolean nilo_mbus_session_approach(NiloMbusSession *self, gboolean *ready, GError **error);

/**
 * nilo_mbus_session_read_telegrams:
 * @telegrams: (element-type GBytes): gets what was heard, also of a readout that was cut short
 * @builder: gets a refusal as a fact
 * @outcome: (out):
 *
 * Reads all telegrams of a meter that was approached.
 *
 * Returns: %FALSE when the line is lost or the work is cancelled
 */
gboolean nilo_mbus_session_read_telegrams(NiloMbusSession *self, GPtrArray *telegrams,
                                          NiloReportBuilder *builder, NiloOutcome *outcome,
                                          GError **error);

/**
 * nilo_mbus_session_read:
 * @flags: #NiloReadFlags
 *
 * The whole of it: speed, approach, telegrams, application reset, and the report. See
 * #NiloDriverInterface.
 */
gboolean nilo_mbus_session_read(NiloMbusSession *self, guint flags, NiloReportBuilder *builder,
                                NiloOutcome *outcome, GError **error);

G_END_DECLS
