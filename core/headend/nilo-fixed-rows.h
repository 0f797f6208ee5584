/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * NiloFixedRows: `["00012-0003","00013+0004"]`, rows of whole numbers, each of a fixed width:
 * what one statement takes for many rows. A field is cut out of a text several times faster than
 * an element is found in a JSON array.
 */
typedef struct {
    GString *text;
    guint n_rows;
} NiloFixedRows;

void nilo_fixed_rows_init(NiloFixedRows *self);
void nilo_fixed_rows_clear(NiloFixedRows *self);
void nilo_fixed_rows_begin(NiloFixedRows *self);

/* @width: 1 to 20, sign included; the number must fit */
void nilo_fixed_rows_add(NiloFixedRows *self, gint64 number, guint width);

/* the whole; nothing may be added afterwards */
const char *nilo_fixed_rows_finish(NiloFixedRows *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NiloFixedRows, nilo_fixed_rows_clear)

G_END_DECLS
