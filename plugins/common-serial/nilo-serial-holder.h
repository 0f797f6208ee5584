/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *nilo_serial_find_holder(const char *path);

G_END_DECLS
