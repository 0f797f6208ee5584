/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-json-rows.h"

#include <string.h>

void
nilo_json_rows_init(NiloJsonRows *self)
{
    self->text = g_string_sized_new(4096);
    self->n_rows = 0;
    g_string_append_c(self->text, '[');
}

void
nilo_json_rows_clear(NiloJsonRows *self)
{
    if (self->text != NULL)
        g_string_free(g_steal_pointer(&self->text), TRUE);
}

void
nilo_json_rows_begin(NiloJsonRows *self)
{
    if (self->n_rows++ > 0)
        g_string_append_len(self->text, "],", 2);
    g_string_append_c(self->text, '[');
}

static void
separate(NiloJsonRows *self)
{
    if (self->text->str[self->text->len - 1] != '[')
        g_string_append_c(self->text, ',');
}

/* by hand: printf would cost more than the insert */
void
nilo_json_rows_add_number(NiloJsonRows *self, gint64 number)
{
    char digits[24];
    gsize at = sizeof digits;
    guint64 rest = number < 0 ? (guint64)(-(number + 1)) + 1 : (guint64)number;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0)
        digits[--at] = '-';
    separate(self);
    g_string_append_len(self->text, digits + at, (gssize)(sizeof digits - at));
}

void
nilo_json_rows_add_null(NiloJsonRows *self)
{
    separate(self);
    g_string_append_len(self->text, "null", 4);
}

void
nilo_json_rows_add_text(NiloJsonRows *self, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    separate(self);
    g_string_append_c(self->text, '"');
    for (const char *c = valid; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            g_string_append_c(self->text, '\\');
        if ((guchar)*c < 0x20)
            g_string_append_printf(self->text, "\\u%04x", (guint)*c);
        else
            g_string_append_c(self->text, *c);
    }
    g_string_append_c(self->text, '"');
}

const char *
nilo_json_rows_finish(NiloJsonRows *self)
{
    g_string_append(self->text, self->n_rows > 0 ? "]]" : "]");
    return self->text->str;
}
