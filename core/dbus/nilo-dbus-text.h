/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "nilo-macros.h"

G_BEGIN_DECLS

#define NILO_DBUS_NAME "org.nilometer.Nilometer1"
#define NILO_DBUS_PATH "/org/nilometer/Nilometer1"

/**
 * nilo_dbus_make_path:
 * @kind: "bus", "plugin", "job"
 * @name: any text, not empty
 *
 * The object path of a named thing; each byte that may not stand in a path becomes _ and two hex
 * digits, so that two names never share a path.
 *
 * Returns: (transfer full)
 */
NILO_INTERNAL char *nilo_dbus_make_path(const char *kind, const char *name);

G_END_DECLS
