/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-authority.h"

G_BEGIN_DECLS

/**
 * NiloDbusAllowed:
 * @invocation: (transfer full): to be answered
 *
 * What a method does once its caller was found to be allowed to.
 */
typedef void (*NiloDbusAllowed)(GDBusMethodInvocation *invocation, gpointer user_data);

/**
 * nilo_dbus_guard:
 * @invocation: (transfer full): answered with %NILO_ERROR_DENIED unless the caller may
 * @object: kept alive meanwhile, and given to @allowed as its user data
 *
 * The one way by which a method that needs a right is reached.
 */
void nilo_dbus_guard(NiloAuthority *authority, GDBusMethodInvocation *invocation,
                     const char *action, NiloDbusAllowed allowed, GObject *object);

/** nilo_dbus_return_error: answers @invocation (transfer full) with @error (transfer full) */
void nilo_dbus_return_error(GDBusMethodInvocation *invocation, GError *error);

G_END_DECLS
