/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-settings.h"

#include <glib/gi18n-lib.h>

struct _NiloSerialSettings {
    GObject parent_instance;

    guint speed_baud;
    NiloSerialParity parity;
    guint stop_bits;
};

enum {
    PROP_0,
    PROP_SPEED_BAUD,
    PROP_PARITY,
    PROP_STOP_BITS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloSerialSettings, nilo_serial_settings, G_TYPE_OBJECT)

static void
nilo_serial_settings_set_property(GObject *object, guint property, const GValue *value,
                                  GParamSpec *spec)
{
    NiloSerialSettings *self = NILO_SERIAL_SETTINGS(object);

    switch (property) {
    case PROP_SPEED_BAUD:
        self->speed_baud = g_value_get_uint(value);
        break;
    case PROP_PARITY:
        self->parity = (NiloSerialParity)g_value_get_enum(value);
        break;
    case PROP_STOP_BITS:
        self->stop_bits = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_serial_settings_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloSerialSettings *self = NILO_SERIAL_SETTINGS(object);

    switch (property) {
    case PROP_SPEED_BAUD:
        g_value_set_uint(value, self->speed_baud);
        break;
    case PROP_PARITY:
        g_value_set_enum(value, (gint)self->parity);
        break;
    case PROP_STOP_BITS:
        g_value_set_uint(value, self->stop_bits);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_serial_settings_class_init(NiloSerialSettingsClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_serial_settings_set_property;
    object_class->get_property = nilo_serial_settings_get_property;

    /**
     * NiloSerialSettings:speed-baud:
     *
     * Speed of this meter, for a bus whose meters differ; 0: as the bus.
     */
    properties[PROP_SPEED_BAUD] =
        g_param_spec_uint("speed-baud", N_("Line speed"),
                          N_("Bits per second this meter talks at; 0: as its bus"), 0,
                          NILO_SERIAL_SPEED_MAX_BAUD, 0, NILO_PARAM_CONFIG);

    /**
     * NiloSerialSettings:parity:
     *
     * Parity of this meter: even, odd, none, or inherit: as the bus.
     */
    properties[PROP_PARITY] = g_param_spec_enum("parity", N_("Parity"),
                                                N_("Parity bit of this meter; inherit: as its bus"),
                                                NILO_SERIAL_TYPE_METER_PARITY,
                                                NILO_SERIAL_PARITY_INHERIT, NILO_PARAM_CONFIG);

    /**
     * NiloSerialSettings:stop-bits:
     *
     * Stop bits of this meter, 1 or 2; 0: as the bus.
     */
    properties[PROP_STOP_BITS] =
        g_param_spec_uint("stop-bits", N_("Stop bits"),
                          N_("1 or 2 stop bits behind each character of this meter; 0: as its bus"),
                          0, 2, 0, NILO_PARAM_CONFIG);

    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_serial_settings_init(NiloSerialSettings *self)
{
}

/**
 * nilo_serial_settings_apply:
 * @mode: (inout): the bus's own; what the meter has of its own replaces it
 */
void
nilo_serial_settings_apply(NiloSerialSettings *self, NiloSerialMode *mode)
{
    g_return_if_fail(NILO_IS_SERIAL_SETTINGS(self));

    if (self->speed_baud != 0)
        mode->speed_baud = self->speed_baud;
    if (self->parity != NILO_SERIAL_PARITY_INHERIT)
        mode->parity = self->parity;
    if (self->stop_bits != 0)
        mode->stop_bits = self->stop_bits;
}
