/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "nilo-macros.h"

G_BEGIN_DECLS

/* one polkit action each; data/polkit/org.nilometer.Nilometer1.policy.in says who may by default */
#define NILO_ACTION_READ        "org.nilometer.Nilometer1.read"
#define NILO_ACTION_CONFIGURE   "org.nilometer.Nilometer1.configure"
#define NILO_ACTION_METER_WRITE "org.nilometer.Nilometer1.meter-write"
#define NILO_ACTION_VALVE_OPEN  "org.nilometer.Nilometer1.valve-open"
#define NILO_ACTION_VALVE_CLOSE "org.nilometer.Nilometer1.valve-close"

#define NILO_TYPE_AUTHORITY     (nilo_authority_get_type())

/**
 * NiloAuthority:
 *
 * Decides whether a D-Bus caller may do something: by polkit (where nobody answers to its name:
 * only root may), or, on a private bus, by being the same user as the daemon (or root).
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloAuthority, nilo_authority, NILO, AUTHORITY, GObject)

/** nilo_authority_new_polkit: asks org.freedesktop.PolicyKit1 on @connection, call by call */
NILO_INTERNAL NiloAuthority *nilo_authority_new_polkit(GDBusConnection *connection);

/** nilo_authority_new_same_user: for a bus of its own, without polkit */
NILO_INTERNAL NiloAuthority *nilo_authority_new_same_user(GDBusConnection *connection);

/**
 * nilo_authority_check_async:
 * @sender: unique bus name of the caller
 * @action: one of NILO_ACTION_*
 *
 * A person may have to type a password meanwhile: there is no deadline but @cancellable.
 */
NILO_INTERNAL void nilo_authority_check_async(NiloAuthority *self, const char *sender,
                                              const char *action, GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);

/**
 * nilo_authority_check_finish:
 *
 * Returns: %FALSE with %NILO_ERROR_DENIED; also when nobody could be asked
 */
NILO_INTERNAL gboolean nilo_authority_check_finish(NiloAuthority *self, GAsyncResult *result,
                                                   GError **error);

G_END_DECLS
