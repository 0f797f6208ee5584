/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-serial-prefix.h"

#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_SERIAL_SPEED_MAX_BAUD 4000000

/**
 * NiloSerialParity:
 *
 * What the parity bit says. %NILO_SERIAL_PARITY_INHERIT is for a meter: as its bus.
 */
typedef enum {
    NILO_SERIAL_PARITY_NONE,
    NILO_SERIAL_PARITY_EVEN,
    NILO_SERIAL_PARITY_ODD,
    NILO_SERIAL_PARITY_INHERIT,
} NiloSerialParity;

/* none, even, odd */
#define NILO_SERIAL_TYPE_PARITY (nilo_serial_parity_get_type())
GType nilo_serial_parity_get_type(void) G_GNUC_CONST;

/* none, even, odd, inherit */
#define NILO_SERIAL_TYPE_METER_PARITY (nilo_serial_meter_parity_get_type())
GType nilo_serial_meter_parity_get_type(void) G_GNUC_CONST;

/**
 * NiloSerialMode:
 * @speed_baud: bits per second; 0 when nobody told (a serial server)
 * @data_bits: 7 or 8
 * @stop_bits: 1 or 2
 *
 * How characters stand on the wire.
 */
typedef struct {
    guint speed_baud;
    NiloSerialParity parity;
    guint data_bits;
    guint stop_bits;
} NiloSerialMode;

gboolean nilo_serial_mode_equal(const NiloSerialMode *a, const NiloSerialMode *b);
guint nilo_serial_mode_get_character_bits(const NiloSerialMode *self);
gint64 nilo_serial_mode_get_bits_us(const NiloSerialMode *self, gsize bits);
gint64 nilo_serial_mode_get_wire_us(const NiloSerialMode *self, gsize characters);
char *nilo_serial_mode_to_text(const NiloSerialMode *self);

G_END_DECLS
