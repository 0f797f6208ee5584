/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-value.h"

#define MILLILITRE_EXPONENT (-6)

/* digits move until both are written alike: no trailing zero, 0 has exponent 0 */
static NiloValue
normalise(const NiloValue *value)
{
    NiloValue result = *value;

    if (result.mantissa == 0)
        result.exponent = 0;
    while (result.mantissa != 0 && result.mantissa % 10 == 0 && result.exponent < G_MAXINT8) {
        result.mantissa /= 10;
        result.exponent++;
    }
    return result;
}

gboolean
nilo_value_equal(const NiloValue *a, const NiloValue *b)
{
    const NiloValue left = normalise(a), right = normalise(b);

    return left.unit == right.unit && left.mantissa == right.mantissa &&
           left.exponent == right.exponent;
}

static gint64
divide_down(gint64 dividend, gint64 divisor)
{
    const gint64 quotient = dividend / divisor;

    return quotient - (dividend % divisor != 0 && dividend < 0);
}

gboolean
nilo_value_rescale(const NiloValue *self, gint exponent, gint64 *mantissa)
{
    gint64 result;
    gint steps;

    g_return_val_if_fail(self != NULL && mantissa != NULL, FALSE);

    result = self->mantissa;
    steps = self->exponent - exponent;
    for (; steps > 0 && result != 0; steps--) {
        if (__builtin_mul_overflow(result, 10, &result))
            return FALSE;
    }
    for (; steps < 0 && result != 0 && result != -1; steps++)
        result = divide_down(result, 10);
    *mantissa = result;
    return TRUE;
}

gboolean
nilo_value_to_millilitres(const NiloValue *self, gint64 *volume_ml)
{
    if (self->unit != NILO_UNIT_CUBIC_METRE)
        return FALSE;
    return nilo_value_rescale(self, MILLILITRE_EXPONENT, volume_ml);
}

static void
trim_zeros(GString *text)
{
    gsize length = text->len;

    while (length > 0 && text->str[length - 1] == '0')
        length--;
    if (length > 0 && text->str[length - 1] == '.')
        length--;
    g_string_truncate(text, length);
}

char *
nilo_value_to_text(const NiloValue *self)
{
    /* -(mantissa + 1) + 1u: the smallest int64 has no positive twin */
    const guint64 digits =
        self->mantissa < 0 ? (guint64)(-(self->mantissa + 1)) + 1 : (guint64)self->mantissa;
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "%" G_GUINT64_FORMAT, digits);
    if (self->exponent > 0 && digits != 0) {
        for (gint i = 0; i < self->exponent; i++)
            g_string_append_c(text, '0');
    } else if (self->exponent < 0) {
        const gsize decimals = (gsize)-self->exponent;

        while (text->len <= decimals)
            g_string_prepend_c(text, '0');
        g_string_insert_c(text, (gssize)(text->len - decimals), '.');
        trim_zeros(text);
    }
    if (self->mantissa < 0)
        g_string_prepend_c(text, '-');
    return g_string_free(g_steal_pointer(&text), FALSE);
}
