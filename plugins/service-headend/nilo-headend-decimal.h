/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

/*
 * A value as a person writes it: a plain decimal number, "-12.565", of at most 18 digits, and
 * the printed name of a unit, "m3". @value is untouched on failure: NILO_ERROR_BAD_VALUE.
 */
gboolean nilo_headend_decimal_parse(const char *number, const char *unit, NiloValue *value,
                                    GError **error);

/* "" for a unit without a name or one that is not known */
const char *nilo_headend_decimal_unit_name(guint8 unit);

G_END_DECLS
