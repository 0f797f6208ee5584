/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-driver.h"

#include <glib/gi18n-lib.h>

#include "nilo-error.h"

G_DEFINE_INTERFACE(NiloDriver, nilo_driver, G_TYPE_OBJECT)

static void
nilo_driver_default_init(NiloDriverInterface *iface)
{
}

static gboolean
refuse(const char *what, GError **error)
{
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED, _("this driver cannot %s"), what);
    return FALSE;
}

gboolean
nilo_driver_read(NiloDriver *self, NiloMeter *meter, guint flags, NiloChannel *channel,
                 NiloReportBuilder *builder, NiloOutcome *outcome, GCancellable *cancellable,
                 GError **error)
{
    return NILO_DRIVER_GET_IFACE(self)->read(self, meter, flags, channel, builder, outcome,
                                             cancellable, error);
}

gboolean
nilo_driver_write(NiloDriver *self, NiloMeter *meter, NiloCommand *command, NiloChannel *channel,
                  GVariant **result, GCancellable *cancellable, GError **error)
{
    NiloDriverInterface *iface = NILO_DRIVER_GET_IFACE(self);

    if (iface->write == NULL)
        return refuse(nilo_command_kind_get_nick(nilo_command_get_kind(command)), error);
    return iface->write(self, meter, command, channel, result, cancellable, error);
}

gboolean
nilo_driver_scan(NiloDriver *self, NiloScan *scan, NiloChannel *channel, GCancellable *cancellable,
                 GError **error)
{
    NiloDriverInterface *iface = NILO_DRIVER_GET_IFACE(self);

    if (iface->scan == NULL)
        return refuse("scan", error);
    return iface->scan(self, scan, channel, cancellable, error);
}

gboolean
nilo_driver_decode(NiloDriver *self, const guint8 *bytes, gsize size, NiloReportBuilder *builder,
                   GError **error)
{
    NiloDriverInterface *iface = NILO_DRIVER_GET_IFACE(self);

    if (iface->decode == NULL)
        return refuse("decode", error);
    return iface->decode(self, bytes, size, builder, error);
}

gboolean
nilo_driver_check_meter(NiloDriver *self, NiloMeter *meter, GError **error)
{
    NiloDriverInterface *iface = NILO_DRIVER_GET_IFACE(self);

    return iface->check_meter == NULL || iface->check_meter(self, meter, error);
}
