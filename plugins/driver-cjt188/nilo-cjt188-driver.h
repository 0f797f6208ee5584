/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_TYPE_CJT188_DRIVER (nilo_cjt188_driver_get_type())

/**
 * NiloCjt188Driver:
 *
 * Speaks CJ/T 188 in both editions. One for each bus; on its thread, but for
 * nilo_driver_check_meter() and nilo_driver_decode().
 */
G_DECLARE_FINAL_TYPE(NiloCjt188Driver, nilo_cjt188_driver, NILO, CJT188_DRIVER, GObject)

G_END_DECLS
