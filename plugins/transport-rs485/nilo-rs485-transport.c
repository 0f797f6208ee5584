/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-rs485-transport.h"

#include <glib/gi18n-lib.h>

#include "nilo-serial-tty.h"

typedef enum {
    RS485_AUTO,
    RS485_KERNEL,
    RS485_OFF,
} Rs485Mode;

typedef enum {
    RTS_HIGH,
    RTS_LOW,
} RtsLevel;

struct _NiloRs485Transport {
    NiloSerialTransport parent_instance;

    Rs485Mode rs485;
    RtsLevel rts_while_sending;
    guint rts_before_send_ms;
    guint rts_after_send_ms;
};

enum {
    PROP_0,
    PROP_RS485,
    PROP_RTS_WHILE_SENDING,
    PROP_RTS_BEFORE_SEND_MS,
    PROP_RTS_AFTER_SEND_MS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloRs485Transport, nilo_rs485_transport, NILO_TYPE_SERIAL_TRANSPORT)

static const GEnumValue mode_values[] = {
    {RS485_AUTO, "RS485_AUTO", "auto"},
    {RS485_KERNEL, "RS485_KERNEL", "kernel"},
    {RS485_OFF, "RS485_OFF", "off"},
    {0, NULL, NULL},
};

static const GEnumValue level_values[] = {
    {RTS_HIGH, "RTS_HIGH", "high"},
    {RTS_LOW, "RTS_LOW", "low"},
    {0, NULL, NULL},
};

/*
 * auto takes what the device tree said (direction switched by the kernel on boards made for RS485,
 * not switched anywhere else) and adds our delays to it: a COM port whose driver could toggle RTS
 * must not do so because we came by.
 */
static gboolean
set_direction(NiloRs485Transport *self, int fd, const char *port, GError **error)
{
    NiloSerialRs485 wanted = {
        .enabled = self->rs485 != RS485_OFF,
        .rts_high = self->rts_while_sending == RTS_HIGH,
        .before_send_ms = self->rts_before_send_ms,
        .after_send_ms = self->rts_after_send_ms,
    };
    NiloSerialRs485 found = {0};
    const gboolean able = nilo_serial_tty_get_rs485(fd, &found);

    if (self->rs485 == RS485_AUTO) {
        if (!able || !found.enabled)
            return TRUE;
        wanted.rts_high = found.rts_high;
        wanted.before_send_ms = MAX(wanted.before_send_ms, found.before_send_ms);
        wanted.after_send_ms = MAX(wanted.after_send_ms, found.after_send_ms);
    }
    if (self->rs485 == RS485_OFF && (!able || !found.enabled))
        return TRUE;
    return nilo_serial_tty_set_rs485(fd, port, &wanted, error);
}

static gboolean
rs485_prepare(NiloSerialTransport *transport, NiloSerialLine *line, NiloClock *clock,
              GCancellable *cancellable, GError **error)
{
    NiloRs485Transport *self = NILO_RS485_TRANSPORT(transport);
    const char *port = nilo_serial_transport_get_port(transport);
    const int fd = nilo_serial_line_get_tty(line);

    if (fd >= 0)
        return set_direction(self, fd, port, error);
    if (self->rs485 != RS485_KERNEL)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                _("%s: a serial server switches the direction itself: rs485 cannot be kernel"),
                port);
    return FALSE;
}

static void
nilo_rs485_transport_set_property(GObject *object, guint property, const GValue *value,
                                  GParamSpec *spec)
{
    NiloRs485Transport *self = NILO_RS485_TRANSPORT(object);

    switch (property) {
    case PROP_RS485:
        self->rs485 = (Rs485Mode)g_value_get_enum(value);
        break;
    case PROP_RTS_WHILE_SENDING:
        self->rts_while_sending = (RtsLevel)g_value_get_enum(value);
        break;
    case PROP_RTS_BEFORE_SEND_MS:
        self->rts_before_send_ms = g_value_get_uint(value);
        break;
    case PROP_RTS_AFTER_SEND_MS:
        self->rts_after_send_ms = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_rs485_transport_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloRs485Transport *self = NILO_RS485_TRANSPORT(object);

    switch (property) {
    case PROP_RS485:
        g_value_set_enum(value, (gint)self->rs485);
        break;
    case PROP_RTS_WHILE_SENDING:
        g_value_set_enum(value, (gint)self->rts_while_sending);
        break;
    case PROP_RTS_BEFORE_SEND_MS:
        g_value_set_uint(value, self->rts_before_send_ms);
        break;
    case PROP_RTS_AFTER_SEND_MS:
        g_value_set_uint(value, self->rts_after_send_ms);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_rs485_transport_class_init(NiloRs485TransportClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_rs485_transport_set_property;
    object_class->get_property = nilo_rs485_transport_get_property;
    NILO_SERIAL_TRANSPORT_CLASS(klass)->prepare = rs485_prepare;

    /**
     * NiloRs485Transport:rs485:
     *
     * Who switches the direction of the bus. auto: the kernel where the board says so, else the
     * adapter; kernel: the kernel, with the delays below, or it is an error; off: the adapter.
     */
    properties[PROP_RS485] =
        g_param_spec_enum("rs485", N_("Direction switching"),
                          N_("Who switches between sending and listening: kernel, off (the adapter "
                             "itself) or auto (as the board is described)"),
                          g_enum_register_static("NiloRs485Mode", mode_values), RS485_AUTO,
                          NILO_PARAM_CONFIG);

    /**
     * NiloRs485Transport:rts-while-sending:
     *
     * Level of RTS while the kernel sends, with rs485=kernel; the other level while it listens.
     */
    properties[PROP_RTS_WHILE_SENDING] =
        g_param_spec_enum("rts-while-sending", N_("RTS while sending"),
                          N_("Level of the RTS line while sending, high or low, with rs485=kernel"),
                          g_enum_register_static("NiloRs485RtsLevel", level_values), RTS_HIGH,
                          NILO_PARAM_CONFIG);

    /**
     * NiloRs485Transport:rts-before-send-ms:
     *
     * From switching to sending to the first character.
     */
    properties[PROP_RTS_BEFORE_SEND_MS] = g_param_spec_uint(
        "rts-before-send-ms", N_("Delay before sending"),
        N_("Milliseconds from switching the direction to the first character sent by the kernel"),
        0, NILO_SERIAL_RTS_DELAY_MAX_MS, 0, NILO_PARAM_CONFIG);

    /**
     * NiloRs485Transport:rts-after-send-ms:
     *
     * From the last character to listening. Too long, and the first characters of a quick answer
     * are lost.
     */
    properties[PROP_RTS_AFTER_SEND_MS] = g_param_spec_uint(
        "rts-after-send-ms", N_("Delay after sending"),
        N_("Milliseconds from the last character sent to listening, by the kernel"), 0,
        NILO_SERIAL_RTS_DELAY_MAX_MS, 0, NILO_PARAM_CONFIG);

    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_rs485_transport_init(NiloRs485Transport *self)
{
}
