/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-scan.h"

gboolean
nilo_mbus_scan_run(NiloScan *scan, NiloMbusLink *link, NiloChannel *channel,
                   GCancellable *cancellable, GError **error)
{
    return TRUE;
}
