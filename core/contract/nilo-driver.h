/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-channel.h"
#include "nilo-command.h"
#include "nilo-meter.h"
#include "nilo-report.h"
#include "nilo-scan.h"

G_BEGIN_DECLS

/**
 * NiloReadFlags:
 * @NILO_READ_CURRENT: what a scheduled round needs
 * @NILO_READ_HISTORY: and what the meter keeps of the past: settlement values, freezes
 * @NILO_READ_PURCHASE: and its purchase state (prepaid meters)
 *
 * Since: 0.1
 */
typedef enum {
    NILO_READ_CURRENT = 0,
    NILO_READ_HISTORY = 1 << 0,
    NILO_READ_PURCHASE = 1 << 1,
} NiloReadFlags;

#define NILO_TYPE_DRIVER (nilo_driver_get_type())

/**
 * NiloDriver:
 *
 * Speaks one protocol. Plain synchronous code on the bus thread; one instance per bus, so that
 * it may keep what belongs to the wire (who is selected), and keeps what belongs to a meter in
 * that meter's driver settings.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloDriver, nilo_driver, NILO, DRIVER, GObject)

/**
 * NiloDriverInterface:
 * @read: reads the meter into @builder. Sets @outcome; returns %FALSE with an error only
 * when the line is lost or the work is cancelled. Readings of an incomplete answer stay in
 * the builder
 * @write: carries out the command and reads back. Returns %FALSE with an error: the meter
 * refused, stayed silent, or %NILO_ERROR_NOT_CONFIRMED. @result (out) (nullable)
 * (transfer full): `a{sv}` of what was read back; may be floating
 * @scan: looks for meters. %NULL when the protocol has no way to
 * @decode: pure: what @bytes, one answer, say, as @read would report it
 * @check_meter: (on main) checks that id, address and settings of @meter make
 *   sense together, when the configuration is read; %NULL for no check
 *
 * Since: 0.1
 */
struct _NiloDriverInterface {
    GTypeInterface parent_iface;

    gboolean (*read)(NiloDriver *self, NiloMeter *meter, guint flags, NiloChannel *channel,
                     NiloReportBuilder *builder, NiloOutcome *outcome, GCancellable *cancellable,
                     GError **error);
    gboolean (*write)(NiloDriver *self, NiloMeter *meter, NiloCommand *command,
                      NiloChannel *channel, GVariant **result, GCancellable *cancellable,
                      GError **error);
    gboolean (*scan)(NiloDriver *self, NiloScan *scan, NiloChannel *channel,
                     GCancellable *cancellable, GError **error);
    gboolean (*decode)(NiloDriver *self, const guint8 *bytes, gsize size,
                       NiloReportBuilder *builder, GError **error);
    gboolean (*check_meter)(NiloDriver *self, NiloMeter *meter, GError **error);
};

NILO_EXPORT gboolean nilo_driver_read(NiloDriver *self, NiloMeter *meter, guint flags,
                                      NiloChannel *channel, NiloReportBuilder *builder,
                                      NiloOutcome *outcome, GCancellable *cancellable,
                                      GError **error);
NILO_EXPORT gboolean nilo_driver_write(NiloDriver *self, NiloMeter *meter, NiloCommand *command,
                                       NiloChannel *channel, GVariant **result,
                                       GCancellable *cancellable, GError **error);
NILO_EXPORT gboolean nilo_driver_scan(NiloDriver *self, NiloScan *scan, NiloChannel *channel,
                                      GCancellable *cancellable, GError **error);
NILO_EXPORT gboolean nilo_driver_decode(NiloDriver *self, const guint8 *bytes, gsize size,
                                        NiloReportBuilder *builder, GError **error);
NILO_EXPORT gboolean nilo_driver_check_meter(NiloDriver *self, NiloMeter *meter, GError **error);

G_END_DECLS
