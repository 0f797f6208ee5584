/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-serial-mode.h"

G_BEGIN_DECLS

#define NILO_TYPE_SERIAL_SETTINGS (nilo_serial_settings_get_type())

/**
 * NiloSerialSettings:
 *
 * The keys a serial transport adds to `[meter ID]`, for a meter that differs from its bus.
 */
G_DECLARE_FINAL_TYPE(NiloSerialSettings, nilo_serial_settings, NILO, SERIAL_SETTINGS, GObject)

void nilo_serial_settings_apply(NiloSerialSettings *self, NiloSerialMode *mode);

G_END_DECLS
