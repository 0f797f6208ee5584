/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer-wire.h>

#include <glib.h>

G_BEGIN_DECLS

/** nilo_mbus_makers_get: (array length=n): manufacturer codes that are in use, ascending */
const guint16 *nilo_mbus_makers_get(gsize *n);

G_END_DECLS
