/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_TYPE_MBUS_DRIVER (nilo_mbus_driver_get_type())

/**
 * NiloMbusDriver:
 *
 * Speaks wired M-Bus: EN 13757-2 and -3. One per bus; lives on the bus thread, but for
 * nilo_driver_check_meter().
 */
G_DECLARE_FINAL_TYPE(NiloMbusDriver, nilo_mbus_driver, NILO, MBUS_DRIVER, GObject)

G_END_DECLS
