/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-dbus-headend.h"

#include <nilometer-headend.h>

G_BEGIN_DECLS

#define NILO_HEADEND_BUS_PATH "/org/nilometer/Nilometer1/headend"

/*
 * Answers org.nilometer.Headend1 from @headend on @connection. The properties are the caller's
 * to set.
 *
 * Returns: (transfer full): unexport it, then unref
 */
NiloDbusHeadend1 *nilo_headend_bus_export(NiloHeadend *headend, GDBusConnection *connection,
                                          GError **error);

G_END_DECLS
