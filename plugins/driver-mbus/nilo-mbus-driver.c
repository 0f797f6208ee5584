/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-driver.h"

#include <glib/gi18n-lib.h>

#include "nilo-mbus-read.h"
#include "nilo-mbus-scan.h"
#include "nilo-mbus-write.h"

struct _NiloMbusDriver {
    GObject parent_instance;

    NiloMbusLink link;
};

static void nilo_mbus_driver_iface_init(NiloDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloMbusDriver, nilo_mbus_driver, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_DRIVER, nilo_mbus_driver_iface_init))

/* a meter that was made without settings has the defaults, and nothing is learned of it */
static NiloMbusSettings *
dup_settings(NiloMeter *meter)
{
    GObject *settings = nilo_meter_get_driver_settings(meter);

    if (settings != NULL && NILO_IS_MBUS_SETTINGS(settings))
        return NILO_MBUS_SETTINGS(g_object_ref(settings));
    return g_object_new(NILO_TYPE_MBUS_SETTINGS, NULL);
}

static gboolean
mbus_driver_read(NiloDriver *driver, NiloMeter *meter, guint flags, NiloChannel *channel,
                 NiloReportBuilder *builder, NiloOutcome *outcome, GCancellable *cancellable,
                 GError **error)
{
    NiloMbusDriver *self = NILO_MBUS_DRIVER(driver);
    g_autoptr(NiloMbusSettings) settings = dup_settings(meter);
    g_autoptr(GError) reason = NULL;
    NiloMbusSession session;

    if (nilo_mbus_session_init(&session, &self->link, meter, settings, channel, cancellable,
                               &reason))
        return nilo_mbus_session_read(&session, flags, builder, outcome, error);
    /* the configuration was checked, so a profile has gone since */
    nilo_report_builder_add_fact(builder, "configuration", reason->message);
    *outcome = NILO_OUTCOME_UNSUPPORTED;
    return TRUE;
}

static gboolean
mbus_driver_write(NiloDriver *driver, NiloMeter *meter, NiloCommand *command, NiloChannel *channel,
                  GVariant **result, GCancellable *cancellable, GError **error)
{
    NiloMbusDriver *self = NILO_MBUS_DRIVER(driver);
    g_autoptr(NiloMbusSettings) settings = dup_settings(meter);
    NiloMbusSession session;

    return nilo_mbus_session_init(&session, &self->link, meter, settings, channel, cancellable,
                                  error) &&
           nilo_mbus_session_write(&session, command, result, error);
}

static gboolean
mbus_driver_scan(NiloDriver *driver, NiloScan *scan, NiloChannel *channel,
                 GCancellable *cancellable, GError **error)
{
    NiloMbusDriver *self = NILO_MBUS_DRIVER(driver);

    return nilo_mbus_scan_run(scan, &self->link, channel, cancellable, error);
}

static gboolean
mbus_driver_decode(NiloDriver *driver, const guint8 *bytes, gsize size, NiloReportBuilder *builder,
                   GError **error)
{
    g_autoptr(GPtrArray) telegrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    NiloMbusReport report = {.builder = builder,
                             .main_volume = nilo_register_of(NILO_QUANTITY_VOLUME),
                             .with_history = TRUE};
    NiloMbusFrame frame;
    gsize consumed;
    const NiloWireResult result = nilo_mbus_frame_parse(bytes, size, &frame, &consumed);

    if (result != NILO_WIRE_OK) {
        g_set_error(error, NILO_ERROR,
                    result == NILO_WIRE_BAD_CHECKSUM ? NILO_ERROR_BAD_CHECKSUM
                                                     : NILO_ERROR_BAD_FRAME,
                    _("not an M-Bus frame: %s"), nilo_wire_result_get_text(result));
        return FALSE;
    }
    if (frame.ci == 0 || (frame.c & NILO_MBUS_C_FROM_MASTER) != 0) {
        g_set_error_literal(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                            _("an M-Bus frame, but not an answer with data"));
        return FALSE;
    }
    g_ptr_array_add(telegrams, g_bytes_new(bytes, consumed));
    nilo_mbus_report_fill(&report, telegrams);
    return TRUE;
}

static gboolean
mbus_driver_check_meter(NiloDriver *driver, NiloMeter *meter, GError **error)
{
    g_autoptr(NiloMbusSettings) settings = dup_settings(meter);
    NiloMbusTarget target;

    if (nilo_mbus_settings_get_target(settings, meter, &target, error) &&
        nilo_mbus_settings_resolve(settings, error))
        return TRUE;
    return FALSE;
}

static void
nilo_mbus_driver_iface_init(NiloDriverInterface *iface)
{
    iface->read = mbus_driver_read;
    iface->write = mbus_driver_write;
    iface->scan = mbus_driver_scan;
    iface->decode = mbus_driver_decode;
    iface->check_meter = mbus_driver_check_meter;
}

static void
nilo_mbus_driver_class_init(NiloMbusDriverClass *klass)
{
}

static void
nilo_mbus_driver_init(NiloMbusDriver *self)
{
    nilo_mbus_link_init(&self->link);
}
