/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-driver.h"

#include <glib/gi18n-lib.h>

#include "nilo-cjt188-read.h"
#include "nilo-cjt188-scan.h"
#include "nilo-cjt188-write.h"

struct _NiloCjt188Driver {
    GObject parent_instance;

    guint8 serial;              /* of the last request, on this line */
    NiloCjt188Order wire_order; /* what a meter answered to last */
};

static void nilo_cjt188_driver_iface_init(NiloDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloCjt188Driver, nilo_cjt188_driver, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_DRIVER,
                                                    nilo_cjt188_driver_iface_init))

/* a meter without settings of its own has the defaults, and nothing is learned of it */
static NiloCjt188Settings *
dup_settings(NiloMeter *meter)
{
    GObject *settings = nilo_meter_get_driver_settings(meter);

    if (NILO_IS_CJT188_SETTINGS(settings))
        return g_object_ref(NILO_CJT188_SETTINGS(settings));
    return g_object_new(NILO_TYPE_CJT188_SETTINGS, NULL);
}

static gboolean
cjt188_check_meter(NiloDriver *driver, NiloMeter *meter, GError **error)
{
    g_autoptr(NiloCjt188Settings) settings = dup_settings(meter);
    NiloCjt188Address address;

    return nilo_cjt188_settings_check(settings, meter, &address, error);
}

static gboolean
cjt188_read(NiloDriver *driver, NiloMeter *meter, guint flags, NiloChannel *channel,
            NiloReportBuilder *builder, NiloOutcome *outcome, GCancellable *cancellable,
            GError **error)
{
    NiloCjt188Driver *self = NILO_CJT188_DRIVER(driver);
    g_autoptr(NiloCjt188Settings) settings = dup_settings(meter);
    g_autoptr(GError) local = NULL;
    NiloCjt188Address address;
    NiloCjt188Session session;

    /* an error would mean that the line is lost */
    if (!nilo_cjt188_settings_check(settings, meter, &address, &local)) {
        nilo_report_builder_add_fact(builder, "configuration", local->message);
        *outcome = NILO_OUTCOME_UNSUPPORTED;
        return TRUE;
    }
    nilo_cjt188_session_init_for_meter(&session, channel, &self->serial, settings, &address);
    session.wire_order = &self->wire_order;
    return nilo_cjt188_read_all(&session, settings, flags, builder, outcome, cancellable, error);
}

static gboolean
cjt188_write(NiloDriver *driver, NiloMeter *meter, NiloCommand *command, NiloChannel *channel,
             GVariant **result, GCancellable *cancellable, GError **error)
{
    NiloCjt188Driver *self = NILO_CJT188_DRIVER(driver);
    g_autoptr(NiloCjt188Settings) settings = dup_settings(meter);
    NiloCjt188Address address;
    NiloCjt188Session session;

    if (!nilo_cjt188_settings_check(settings, meter, &address, error))
        return FALSE;
    nilo_cjt188_session_init_for_meter(&session, channel, &self->serial, settings, &address);
    session.wire_order = &self->wire_order;
    return nilo_cjt188_write_command(&session, settings, command, result, cancellable, error);
}

static gboolean
cjt188_scan(NiloDriver *driver, NiloScan *scan, NiloChannel *channel, GCancellable *cancellable,
            GError **error)
{
    NiloCjt188Driver *self = NILO_CJT188_DRIVER(driver);

    return nilo_cjt188_scan_run(scan, channel, &self->serial, cancellable, error);
}

/* the first answer in @bytes; requests in front of it, an echo, are passed over */
static gboolean
find_answer(const guint8 *bytes, gsize size, NiloCjt188Message *message, GError **error)
{
    NiloCjt188Found found;
    NiloWireResult result;

    for (gsize at = 0;; at += found.consumed_size) {
        result = nilo_cjt188_frame_find(bytes + at, size - at, &found);
        if (result != NILO_WIRE_OK)
            break;
        nilo_cjt188_message_parse(&found.frame, message);
        if (message->is_answer)
            return TRUE;
    }
    if (result == NILO_WIRE_BAD_CHECKSUM)
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_CHECKSUM,
                    _("the frame's sum is %02X, expected %02X"), found.frame.checksum,
                    found.frame.sum);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_FRAME,
                    _("no answer of CJ/T 188 in %zu bytes"), size);
    return FALSE;
}

static gboolean
cjt188_decode(NiloDriver *driver, const guint8 *bytes, gsize size, NiloReportBuilder *builder,
              GError **error)
{
    g_autoptr(NiloCjt188Model) model = nilo_cjt188_model_new_standard();
    NiloCjt188Report report = {.builder = builder, .model = model};
    NiloCjt188Message message;

    if (!find_answer(bytes, size, &message, error))
        return FALSE;
    nilo_cjt188_report_add(&report, &message);
    if (!message.is_abnormal)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_ERROR_ANSWER, _("the meter refuses"));
    return FALSE;
}

static void
nilo_cjt188_driver_iface_init(NiloDriverInterface *iface)
{
    iface->read = cjt188_read;
    iface->write = cjt188_write;
    iface->scan = cjt188_scan;
    iface->decode = cjt188_decode;
    iface->check_meter = cjt188_check_meter;
}

static void
nilo_cjt188_driver_class_init(NiloCjt188DriverClass *klass)
{
}

/* numbers of two runs should differ, since an answer to the last one may still be on its way */
static void
nilo_cjt188_driver_init(NiloCjt188Driver *self)
{
    self->serial = (guint8)g_random_int();
}
