/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

/**
 * NiloCsvTail:
 * @end: bytes up to the end of the last whole line
 * @has_key: whether the last line belongs to a batch
 * @epoch: of that batch
 * @sequence: of that batch
 * @rows: how many lines at the end belong to it
 * @complete: no more of its lines can stand in front of the text that was looked at
 *
 * What the end of a file tells about how far it has come.
 */
typedef struct {
    gsize end;
    gboolean has_key;
    guint64 epoch;
    guint64 sequence;
    guint rows;
    gboolean complete;
} NiloCsvTail;

void nilo_csv_tail_parse(const char *text, gsize size, gboolean from_start, NiloCsvTail *tail);

G_END_DECLS
