/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <nilo-wire-unit.h>

G_BEGIN_DECLS

/**
 * NiloValue:
 * @mantissa: the digits
 * @exponent: power of ten, -30 to 30
 * @unit: #NiloUnit as a number
 *
 * mantissa x 10^exponent unit: exact as the meter sent it; a real32 has 9 significant digits.
 *
 * Since: 0.1
 */
typedef struct {
    gint64 mantissa;
    gint8 exponent;
    guint8 unit;
} NiloValue;

/** nilo_value_equal: same size and unit, however written: 1200 x 10^-3 m3 is 12 x 10^-1 m3 */
NILO_EXPORT gboolean nilo_value_equal(const NiloValue *a, const NiloValue *b);

/**
 * nilo_value_rescale:
 * @mantissa: (out): @self as a multiple of 10^@exponent, rounded towards minus infinity;
 * untouched on failure
 *
 * Returns: %FALSE when it does not fit an int64
 */
NILO_EXPORT gboolean nilo_value_rescale(const NiloValue *self, gint exponent, gint64 *mantissa);

/**
 * nilo_value_to_millilitres:
 * @volume_ml: (out): untouched on failure
 *
 * Returns: %FALSE when it is no volume in m3, or too large
 */
NILO_EXPORT gboolean nilo_value_to_millilitres(const NiloValue *self, gint64 *volume_ml);

/**
 * nilo_value_to_text:
 *
 * The plain decimal number without its unit: "12.565", "-0.04", "218370"; no exponent notation,
 * and only the digits that are needed: trailing zeros behind the point are dropped.
 *
 * Returns: (transfer full)
 */
NILO_EXPORT char *nilo_value_to_text(const NiloValue *self);

G_END_DECLS
