/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-link.h"

G_BEGIN_DECLS

/**
 * nilo_mbus_scan_run:
 *
 * Looks for meters, by primary address ("range"), by secondary address ("mask"), or both. See the
 * README for the options.
 *
 * Returns: %FALSE when the line is lost, the work is cancelled, an option is wrong
 * (%NILO_ERROR_BAD_VALUE), or the line is never quiet (%NILO_ERROR_NOISE)
 */
gboolean nilo_mbus_scan_run(NiloScan *scan, NiloMbusLink *link, NiloChannel *channel,
                            GCancellable *cancellable, GError **error);

G_END_DECLS
