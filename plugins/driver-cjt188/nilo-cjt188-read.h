/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-report.h"
#include "nilo-cjt188-session.h"

G_BEGIN_DECLS

/**
 * nilo_cjt188_read_current:
 * @settings: of the meter; what is found out is kept there
 *
 * Asks for the current metering data, in both byte orders while the right one is not known.
 *
 * Returns: %FALSE with an error when the line is lost or the work is cancelled; how it ended stands
 *   in @session
 */
gboolean nilo_cjt188_read_current(NiloCjt188Session *session, NiloCjt188Settings *settings,
                                  GCancellable *cancellable, GError **error);

/**
 * nilo_cjt188_read_ensure_order:
 *
 * Sets the byte order the meter listens to, and reads the meter to find it out where nobody knows
 * it yet.
 *
 * Returns: %FALSE with an error, also when the meter did not answer
 */
gboolean nilo_cjt188_read_ensure_order(NiloCjt188Session *session, NiloCjt188Settings *settings,
                                       GCancellable *cancellable, GError **error);

/**
 * nilo_cjt188_read_all:
 * @flags: #NiloReadFlags
 * @outcome: (out): how it ended
 *
 * What NiloDriverInterface.read does, for a meter whose settings were checked.
 */
gboolean nilo_cjt188_read_all(NiloCjt188Session *session, NiloCjt188Settings *settings, guint flags,
                              NiloReportBuilder *builder, NiloOutcome *outcome,
                              GCancellable *cancellable, GError **error);

G_END_DECLS
