/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

gboolean nilo_csv_file_append(const char *folder, const char *day, guint64 epoch, guint64 sequence,
                              const char *rows, GError **error);
guint nilo_csv_file_prune(const char *folder, const char *first_day);

G_END_DECLS
