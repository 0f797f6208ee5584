/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-ctl-output.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 30

struct _NiloCtlTable {
    guint n_columns;
    GPtrArray *rows; /* element-type GStrv, the titles first */
};

NiloCtlTable *
nilo_ctl_table_new(const char *title, ...)
{
    NiloCtlTable *self = g_new0(NiloCtlTable, 1);
    g_autoptr(GPtrArray) cells = g_ptr_array_new();
    va_list titles;

    self->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    va_start(titles, title);
    for (const char *cell = title; cell != NULL; cell = va_arg(titles, const char *))
        g_ptr_array_add(cells, g_strdup(cell));
    va_end(titles);
    self->n_columns = cells->len;
    g_ptr_array_add(cells, NULL);
    g_ptr_array_add(self->rows, g_ptr_array_free(g_steal_pointer(&cells), FALSE));
    return self;
}

void
nilo_ctl_table_free(NiloCtlTable *self)
{
    g_ptr_array_unref(self->rows);
    g_free(self);
}

void
nilo_ctl_table_add(NiloCtlTable *self, const char *cell, ...)
{
    GStrv row = g_new0(char *, self->n_columns + 1);
    va_list cells;

    va_start(cells, cell);
    for (guint i = 0; i < self->n_columns; i++) {
        row[i] = g_strdup(cell != NULL ? cell : "");
        cell = cell != NULL ? va_arg(cells, const char *) : NULL;
    }
    va_end(cells);
    g_ptr_array_add(self->rows, row);
}

static guint
get_width(const char *text)
{
    guint width = 0;

    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c))
        width += g_unichar_iszerowidth(g_utf8_get_char(c)) ? 0
                 : g_unichar_iswide(g_utf8_get_char(c))    ? 2
                                                           : 1;
    return width;
}

void
nilo_ctl_table_print(NiloCtlTable *self)
{
    g_autofree guint *widths = g_new0(guint, self->n_columns);

    for (guint row = 0; row < self->rows->len; row++) {
        GStrv cells = self->rows->pdata[row];

        for (guint i = 0; i < self->n_columns; i++)
            widths[i] = MAX(widths[i], get_width(cells[i]));
    }
    for (guint row = 0; row < self->rows->len; row++) {
        GStrv cells = self->rows->pdata[row];
        g_autoptr(GString) line = g_string_new(NULL);

        for (guint i = 0; i < self->n_columns; i++) {
            g_string_append(line, cells[i]);
            if (i + 1 < self->n_columns)
                g_string_append_printf(line, "%*s", (int)(widths[i] - get_width(cells[i]) + 2), "");
        }
        g_print("%s\n", g_strchomp(line->str));
    }
}

void
nilo_ctl_print_json(GVariant *value)
{
    g_autofree char *text = json_gvariant_serialize_data(value, NULL);

    g_print("%s\n", text);
}

char *
nilo_ctl_format_time(gint64 utc_us)
{
    g_autoptr(GDateTime) time = NULL;

    if (utc_us == 0)
        return g_strdup("-");
    time = g_date_time_new_from_unix_local(utc_us / G_USEC_PER_SEC);
    return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("?");
}

char *
nilo_ctl_format_volume(gint64 volume_ml)
{
    const char *sign = volume_ml < 0 ? "-" : "";
    const guint64 size_ml = volume_ml < 0 ? (guint64)(-(volume_ml + 1)) + 1 : (guint64)volume_ml;

    return g_strdup_printf("%s%" G_GUINT64_FORMAT ".%03u m3", sign, size_ml / 1000000,
                           (guint)(size_ml % 1000000 / 1000));
}

void
nilo_ctl_print_progress(guint done, guint total, const char *text)
{
    char bar[BAR_WIDTH + 1];

    if (!isatty(STDERR_FILENO))
        return;
    if (total == 0) {
        fprintf(stderr, "\r\033[K%u  %s", done, text);
    } else {
        const guint full = (guint)((guint64)MIN(done, total) * BAR_WIDTH / total);

        for (guint i = 0; i < BAR_WIDTH; i++)
            bar[i] = i < full ? '#' : '.';
        bar[BAR_WIDTH] = '\0';
        fprintf(stderr, "\r\033[K[%s] %3u %%  %s", bar,
                (guint)((guint64)MIN(done, total) * 100 / total), text);
    }
    fflush(stderr);
}

void
nilo_ctl_end_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}
