/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * NiloJsonRows: `[[1,2,"x"],[3,4,"y"]]`, the form in which many rows are one parameter of one
 * statement.
 */
typedef struct {
    GString *text;
    guint n_rows;
} NiloJsonRows;

void nilo_json_rows_init(NiloJsonRows *self);
void nilo_json_rows_clear(NiloJsonRows *self);
void nilo_json_rows_begin(NiloJsonRows *self);
void nilo_json_rows_add_number(NiloJsonRows *self, gint64 number);
void nilo_json_rows_add_null(NiloJsonRows *self);

/* bytes that are no UTF-8 are replaced */
void nilo_json_rows_add_text(NiloJsonRows *self, const char *text);

/* the whole; nothing may be added afterwards */
const char *nilo_json_rows_finish(NiloJsonRows *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NiloJsonRows, nilo_json_rows_clear)

G_END_DECLS
