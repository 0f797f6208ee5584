/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dbus-guard.h"

#include "nilo-error.h"
#include "nilo-log.h"

typedef struct {
    GDBusMethodInvocation *invocation;
    NiloDbusAllowed allowed;
    GObject *object;
} Guarded;

static void
free_guarded(Guarded *guarded)
{
    g_object_unref(guarded->object);
    g_free(guarded);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guarded, free_guarded)

void
nilo_dbus_return_error(GDBusMethodInvocation *invocation, GError *error)
{
    /* codes of foreign domains mean nothing to a client; cancelled is ours to explain */
    if (error->domain != NILO_ERROR && error->domain != G_DBUS_ERROR) {
        error->domain = NILO_ERROR;
        error->code = NILO_ERROR_FAILED;
    }
    g_dbus_method_invocation_take_error(invocation, error);
}

static void
checked_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Guarded) guarded = user_data;
    g_autoptr(GError) error = NULL;

    if (!nilo_authority_check_finish(NILO_AUTHORITY(source), result, &error)) {
        nilo_log_message(NULL, "refused %s to %s: %s",
                         g_dbus_method_invocation_get_method_name(guarded->invocation),
                         g_dbus_method_invocation_get_sender(guarded->invocation), error->message);
        nilo_dbus_return_error(guarded->invocation, g_steal_pointer(&error));
        return;
    }
    guarded->allowed(guarded->invocation, guarded->object);
}

void
nilo_dbus_guard(NiloAuthority *authority, GDBusMethodInvocation *invocation, const char *action,
                NiloDbusAllowed allowed, GObject *object)
{
    Guarded *guarded = g_new0(Guarded, 1);

    guarded->invocation = invocation;
    guarded->allowed = allowed;
    guarded->object = g_object_ref(object);
    nilo_authority_check_async(authority, g_dbus_method_invocation_get_sender(invocation), action,
                               NULL, checked_cb, guarded);
}
