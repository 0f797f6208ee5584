/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-mode.h"

static const GEnumValue parity_values[] = {
    {NILO_SERIAL_PARITY_NONE, "NILO_SERIAL_PARITY_NONE", "none"},
    {NILO_SERIAL_PARITY_EVEN, "NILO_SERIAL_PARITY_EVEN", "even"},
    {NILO_SERIAL_PARITY_ODD, "NILO_SERIAL_PARITY_ODD", "odd"},
    {0, NULL, NULL},
};

static const GEnumValue meter_parity_values[] = {
    {NILO_SERIAL_PARITY_NONE, "NILO_SERIAL_PARITY_NONE", "none"},
    {NILO_SERIAL_PARITY_EVEN, "NILO_SERIAL_PARITY_EVEN", "even"},
    {NILO_SERIAL_PARITY_ODD, "NILO_SERIAL_PARITY_ODD", "odd"},
    {NILO_SERIAL_PARITY_INHERIT, "NILO_SERIAL_PARITY_INHERIT", "inherit"},
    {0, NULL, NULL},
};

GType
nilo_serial_parity_get_type(void)
{
    static gsize type = 0;

    if (g_once_init_enter(&type))
        g_once_init_leave(&type,
                          g_enum_register_static(NILO_SERIAL_TYPE_NAME(Parity), parity_values));
    return type;
}

GType
nilo_serial_meter_parity_get_type(void)
{
    static gsize type = 0;

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static(NILO_SERIAL_TYPE_NAME(MeterParity),
                                                        meter_parity_values));
    return type;
}

gboolean
nilo_serial_mode_equal(const NiloSerialMode *a, const NiloSerialMode *b)
{
    return a->speed_baud == b->speed_baud && a->parity == b->parity &&
           a->data_bits == b->data_bits && a->stop_bits == b->stop_bits;
}

/**
 * nilo_serial_mode_get_character_bits:
 *
 * Returns: start, data, parity and stop bits: 9 to 12, 11 for 8E1
 */
guint
nilo_serial_mode_get_character_bits(const NiloSerialMode *self)
{
    return 1 + self->data_bits + (self->parity != NILO_SERIAL_PARITY_NONE ? 1 : 0) +
           self->stop_bits;
}

/**
 * nilo_serial_mode_get_bits_us:
 *
 * Returns: how long @bits take, microseconds, rounded up; 0 when the speed is not known
 */
gint64
nilo_serial_mode_get_bits_us(const NiloSerialMode *self, gsize bits)
{
    if (self->speed_baud == 0)
        return 0;
    return ((gint64)bits * G_USEC_PER_SEC + self->speed_baud - 1) / self->speed_baud;
}

/**
 * nilo_serial_mode_get_wire_us:
 *
 * Returns: how long @characters take, one behind the other, as nilo_serial_mode_get_bits_us()
 */
gint64
nilo_serial_mode_get_wire_us(const NiloSerialMode *self, gsize characters)
{
    return nilo_serial_mode_get_bits_us(self,
                                        characters * nilo_serial_mode_get_character_bits(self));
}

/**
 * nilo_serial_mode_to_text:
 *
 * Returns: (transfer full): for people: "2400 Bd 8E1"
 */
char *
nilo_serial_mode_to_text(const NiloSerialMode *self)
{
    static const char letters[] = {'N', 'E', 'O', '?'};

    return g_strdup_printf("%u Bd %u%c%u", self->speed_baud, self->data_bits, letters[self->parity],
                           self->stop_bits);
}
