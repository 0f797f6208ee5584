/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

int nilo_lab_pty_open(guint speed_baud, char **path, GError **error);
guint nilo_lab_pty_get_speed_baud(int master);

G_END_DECLS
