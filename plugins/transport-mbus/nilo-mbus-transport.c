/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-transport.h"

#include <glib/gi18n-lib.h>

#include "nilo-serial-tty.h"

/* FT 1.2: rest after an error, 3 characters of 11 bits */
#define DEFAULT_IDLE_BITS 33

/* the longest a slave may take to its answer is 330 bit times; to rest longer helps nobody */
#define MAX_IDLE_BITS     330

#define DEFAULT_SETTLE_MS 3000

typedef enum {
    POWER_UNTOUCHED,
    POWER_DTR,
    POWER_RTS,
    POWER_BOTH,
} PowerLines;

struct _NiloMbusTransport {
    NiloSerialTransport parent_instance;

    guint idle_bits;
    PowerLines power;
    guint settle_ms;
};

enum {
    PROP_0,
    PROP_IDLE_BITS,
    PROP_POWER,
    PROP_SETTLE_MS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloMbusTransport, nilo_mbus_transport, NILO_TYPE_SERIAL_TRANSPORT)

static const GEnumValue power_values[] = {
    {POWER_UNTOUCHED, "POWER_UNTOUCHED", "untouched"},
    {POWER_DTR, "POWER_DTR", "dtr"},
    {POWER_RTS, "POWER_RTS", "rts"},
    {POWER_BOTH, "POWER_BOTH", "both"},
    {0, NULL, NULL},
};

static gboolean
power_on(NiloMbusTransport *self, int fd, const char *port, NiloClock *clock,
         GCancellable *cancellable, GError **error)
{
    const gboolean dtr = self->power == POWER_DTR || self->power == POWER_BOTH;
    const gboolean rts = self->power == POWER_RTS || self->power == POWER_BOTH;

    if (!nilo_serial_tty_set_power(fd, port, dtr, rts, error))
        return FALSE;
    return nilo_clock_sleep_until(clock,
                                  nilo_clock_get_monotonic_us(clock) +
                                      (gint64)self->settle_ms * 1000,
                                  cancellable, error);
}

static gboolean
mbus_prepare(NiloSerialTransport *transport, NiloSerialLine *line, NiloClock *clock,
             GCancellable *cancellable, GError **error)
{
    NiloMbusTransport *self = NILO_MBUS_TRANSPORT(transport);
    const char *port = nilo_serial_transport_get_port(transport);
    const int fd = nilo_serial_line_get_tty(line);

    nilo_serial_line_set_idle_bits(line, self->idle_bits);
    if (self->power == POWER_UNTOUCHED)
        return TRUE;
    if (fd < 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("%s: a serial server cannot power a converter: power must be untouched"),
                    port);
        return FALSE;
    }
    return power_on(self, fd, port, clock, cancellable, error);
}

static void
nilo_mbus_transport_set_property(GObject *object, guint property, const GValue *value,
                                 GParamSpec *spec)
{
    NiloMbusTransport *self = NILO_MBUS_TRANSPORT(object);

    switch (property) {
    case PROP_IDLE_BITS:
        self->idle_bits = g_value_get_uint(value);
        break;
    case PROP_POWER:
        self->power = (PowerLines)g_value_get_enum(value);
        break;
    case PROP_SETTLE_MS:
        self->settle_ms = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_mbus_transport_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloMbusTransport *self = NILO_MBUS_TRANSPORT(object);

    switch (property) {
    case PROP_IDLE_BITS:
        g_value_set_uint(value, self->idle_bits);
        break;
    case PROP_POWER:
        g_value_set_enum(value, (gint)self->power);
        break;
    case PROP_SETTLE_MS:
        g_value_set_uint(value, self->settle_ms);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_mbus_transport_class_init(NiloMbusTransportClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_mbus_transport_set_property;
    object_class->get_property = nilo_mbus_transport_get_property;
    NILO_SERIAL_TRANSPORT_CLASS(klass)->prepare = mbus_prepare;

    /**
     * NiloMbusTransport:idle-bits:
     *
     * Rest of the line before the next request, counted from the last character heard, when that
     * was damaged or unwanted.
     */
    properties[PROP_IDLE_BITS] = g_param_spec_uint(
        "idle-bits", N_("Rest after an error"),
        N_("Bit times the line rests before the next request when damaged or unwanted characters "
           "were heard"),
        0, MAX_IDLE_BITS, DEFAULT_IDLE_BITS, NILO_PARAM_CONFIG);

    /**
     * NiloMbusTransport:power:
     *
     * Which lines of the serial port power the converter, or switch its bus on. The others are
     * switched off; untouched leaves both as the kernel has them.
     */
    properties[PROP_POWER] =
        g_param_spec_enum("power", N_("Power lines"),
                          N_("Lines that power the converter: dtr, rts, both, or untouched"),
                          g_enum_register_static("NiloMbusPower", power_values), POWER_UNTOUCHED,
                          NILO_PARAM_CONFIG);

    /**
     * NiloMbusTransport:settle-ms:
     *
     * How long converter and meters need after the power was switched on by the key above.
     */
    properties[PROP_SETTLE_MS] =
        g_param_spec_uint("settle-ms", N_("Time to settle"),
                          N_("Milliseconds from switching the power on to the first request"), 0,
                          60000, DEFAULT_SETTLE_MS, NILO_PARAM_CONFIG);

    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_mbus_transport_init(NiloMbusTransport *self)
{
}
