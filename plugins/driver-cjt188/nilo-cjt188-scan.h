/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

/**
 * nilo_cjt188_scan_run:
 * @serial: the driver's count of requests
 *
 * What NiloDriverInterface.scan does. CJ/T 188 has no search: a wildcard finds the one meter of a
 * line that has one, numbers that are known or suspected are asked one by one.
 *
 * Options: "range" s: `78330000000001-78330000000099`, several with commas between; "list" as: of
 * addresses; without both, the wildcard is asked. "speeds" au: in this order, without it the
 * line's. "type" u: asked with, 10 without it.
 *
 * Returns: %FALSE with an error when the line is lost, the work is cancelled, or an option is wrong
 */
gboolean nilo_cjt188_scan_run(NiloScan *scan, NiloChannel *channel, guint8 *serial,
                              GCancellable *cancellable, GError **error);

G_END_DECLS
