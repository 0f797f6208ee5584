/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void nilo_lab_digits_put(guint8 *bytes, gsize size, guint64 number);
gboolean nilo_lab_digits_get(const guint8 *bytes, gsize size, guint64 *number);
void nilo_lab_little_put(guint8 *bytes, gsize size, guint64 number);
guint64 nilo_lab_little_get(const guint8 *bytes, gsize size);
char *nilo_lab_hex(const guint8 *bytes, gsize size);

G_END_DECLS
