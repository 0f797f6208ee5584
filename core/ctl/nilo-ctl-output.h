/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * NiloCtlTable:
 *
 * Text in columns as wide as their widest cell; wide characters (CJK) count two.
 */
typedef struct _NiloCtlTable NiloCtlTable;

/** nilo_ctl_table_new: titles of the columns, %NULL-terminated */
NiloCtlTable *nilo_ctl_table_new(const char *title, ...) G_GNUC_NULL_TERMINATED;
void nilo_ctl_table_free(NiloCtlTable *self);

/** nilo_ctl_table_add: one cell per column */
void nilo_ctl_table_add(NiloCtlTable *self, const char *cell, ...) G_GNUC_NULL_TERMINATED;
void nilo_ctl_table_print(NiloCtlTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloCtlTable, nilo_ctl_table_free)

/** nilo_ctl_print_json: any D-Bus value as JSON, one line; object and array as D-Bus nests them */
void nilo_ctl_print_json(GVariant *value);

/** nilo_ctl_format_time: (transfer full): local "2026-11-22 12:05:03"; "-" for 0 */
char *nilo_ctl_format_time(gint64 utc_us);

/** nilo_ctl_format_volume: (transfer full): millilitres as "12.345 m3" */
char *nilo_ctl_format_volume(gint64 volume_ml);

/**
 * nilo_ctl_print_progress:
 * @done: steps behind
 * @total: steps in all, 0 for not known
 *
 * Redraws one line on the terminal; prints nothing when standard error is no terminal.
 */
void nilo_ctl_print_progress(guint done, guint total, const char *text);

/** nilo_ctl_end_progress: clears the line */
void nilo_ctl_end_progress(void);

G_END_DECLS
