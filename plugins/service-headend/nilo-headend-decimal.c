/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-decimal.h"

/* an int64 holds any number of that many digits */
#define MAX_DIGITS 18

static gboolean
parse_number(const char *text, NiloValue *value)
{
    const gboolean negative = text[0] == '-';
    gboolean point = FALSE;
    gint64 mantissa = 0;
    guint digits = 0, decimals = 0;

    for (const char *c = text + negative; *c != '\0'; c++) {
        if (*c == '.' && !point && digits > 0) {
            point = TRUE;
        } else if (g_ascii_isdigit(*c) && digits < MAX_DIGITS) {
            mantissa = mantissa * 10 + (*c - '0');
            digits++;
            decimals += point;
        } else {
            return FALSE;
        }
    }
    if (digits == 0 || (point && decimals == 0))
        return FALSE;
    value->mantissa = negative ? -mantissa : mantissa;
    value->exponent = (gint8) - (gint)decimals;
    return TRUE;
}

static gboolean
find_unit(const char *name, NiloValue *value)
{
    for (guint unit = 0; unit <= G_MAXUINT8; unit++) {
        const char *known = nilo_unit_get_name((NiloUnit)unit);

        if (known != NULL && g_str_equal(known, name)) {
            value->unit = (guint8)unit;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
nilo_headend_decimal_parse(const char *number, const char *unit, NiloValue *value, GError **error)
{
    NiloValue parsed = {0};

    if (!parse_number(number, &parsed)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "value is \"%s\", expected a number of at most %d digits such as 12.565",
                    number, MAX_DIGITS);
        return FALSE;
    }
    if (!find_unit(unit, &parsed)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "unit is \"%s\", expected one such as m3", unit);
        return FALSE;
    }
    *value = parsed;
    return TRUE;
}

const char *
nilo_headend_decimal_unit_name(guint8 unit)
{
    const char *name = nilo_unit_get_name((NiloUnit)unit);

    return name != NULL ? name : "";
}
