/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Numbers as meters send them. Written for the lab alone: what reads them in the daemon is checked
 * against this, so the two share no line.
 */
#include "nilo-lab-digits.h"

/**
 * nilo_lab_digits_put:
 * @bytes: (array length=size) (out caller-allocates): where to
 * @size: bytes, two digits each, lowest first
 * @number: wraps like a counter with 2 x @size wheels
 */
void
nilo_lab_digits_put(guint8 *bytes, gsize size, guint64 number)
{
    for (gsize i = 0; i < size; i++) {
        const guint two = (guint)(number % 100);

        bytes[i] = (guint8)(two / 10 * 16 + two % 10);
        number /= 100;
    }
}

/**
 * nilo_lab_digits_get:
 * @bytes: (array length=size): two digits each, lowest first
 * @size: 1 to 9
 * @number: (out): untouched on failure
 *
 * Returns: whether all nibbles are digits
 */
gboolean
nilo_lab_digits_get(const guint8 *bytes, gsize size, guint64 *number)
{
    guint64 sum = 0;

    for (gsize i = size; i-- > 0;) {
        if (bytes[i] >> 4 > 9 || (bytes[i] & 15) > 9)
            return FALSE;
        sum = sum * 100 + (bytes[i] >> 4) * 10u + (bytes[i] & 15u);
    }
    *number = sum;
    return TRUE;
}

/**
 * nilo_lab_little_put:
 * @bytes: (array length=size) (out caller-allocates): where to
 * @size: 1 to 8
 * @number: its low bytes are written, lowest first
 */
void
nilo_lab_little_put(guint8 *bytes, gsize size, guint64 number)
{
    for (gsize i = 0; i < size; i++)
        bytes[i] = (guint8)(number >> (8 * i));
}

/**
 * nilo_lab_little_get:
 * @bytes: (array length=size): lowest first
 * @size: 1 to 8
 *
 * Returns: the number
 */
guint64
nilo_lab_little_get(const guint8 *bytes, gsize size)
{
    guint64 number = 0;

    for (gsize i = size; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

/**
 * nilo_lab_hex:
 * @bytes: (array length=size): anything
 * @size: how many
 *
 * Returns: (transfer full): upper-case hex without spaces
 */
char *
nilo_lab_hex(const guint8 *bytes, gsize size)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = g_malloc(2 * size + 1);

    for (gsize i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
    return text;
}
