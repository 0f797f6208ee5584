/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-fixed-rows.h"

#include <string.h>

#define MAX_WIDTH 20

void
nilo_fixed_rows_init(NiloFixedRows *self)
{
    self->text = g_string_sized_new(4096);
    self->n_rows = 0;
    g_string_append_c(self->text, '[');
}

void
nilo_fixed_rows_clear(NiloFixedRows *self)
{
    if (self->text != NULL)
        g_string_free(g_steal_pointer(&self->text), TRUE);
}

void
nilo_fixed_rows_begin(NiloFixedRows *self)
{
    if (self->n_rows++ > 0)
        g_string_append_len(self->text, "\",\"", 3);
    else
        g_string_append_c(self->text, '"');
}

void
nilo_fixed_rows_add(NiloFixedRows *self, gint64 number, guint width)
{
    char field[MAX_WIDTH];
    guint64 rest = number < 0 ? (guint64)(-(number + 1)) + 1 : (guint64)number;
    guint at = width;

    g_return_if_fail(width >= 1 && width <= MAX_WIDTH);

    memset(field, '0', width);
    for (; rest != 0 && at > 0; rest /= 10)
        field[--at] = (char)('0' + rest % 10);
    if (number < 0 && at > 0) {
        field[0] = '-';
        at = 0;
    } else if (number < 0) {
        rest = 1; /* no place for the sign */
    }
    g_return_if_fail(rest == 0);
    g_string_append_len(self->text, field, (gssize)width);
}

const char *
nilo_fixed_rows_finish(NiloFixedRows *self)
{
    g_string_append(self->text, self->n_rows > 0 ? "\"]" : "]");
    return self->text->str;
}
