/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-scan.h"

G_DEFINE_INTERFACE(NiloScan, nilo_scan, G_TYPE_OBJECT)

static void
nilo_scan_default_init(NiloScanInterface *iface)
{
}

GVariant *
nilo_scan_get_options(NiloScan *self)
{
    return NILO_SCAN_GET_IFACE(self)->get_options(self);
}

GVariant *
nilo_scan_get_checkpoint(NiloScan *self)
{
    return NILO_SCAN_GET_IFACE(self)->get_checkpoint(self);
}

void
nilo_scan_save_checkpoint(NiloScan *self, GVariant *checkpoint)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(checkpoint);

    NILO_SCAN_GET_IFACE(self)->save_checkpoint(self, owned);
}

void
nilo_scan_found(NiloScan *self, const NiloFound *found)
{
    NILO_SCAN_GET_IFACE(self)->found(self, found);
}

void
nilo_scan_progress(NiloScan *self, guint done, guint total, const char *text)
{
    NILO_SCAN_GET_IFACE(self)->progress(self, done, total, text);
}
