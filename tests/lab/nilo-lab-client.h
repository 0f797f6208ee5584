/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *nilo_lab_client_call(const char *socket_path, const char *command, GError **error);
char *nilo_lab_answer_get_text(const char *answer, const char *key);
gboolean nilo_lab_answer_get_int(const char *answer, const char *key, gint64 *number);

G_END_DECLS
