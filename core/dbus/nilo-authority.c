/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-authority.h"

#include <glib/gi18n-lib.h>
#include <polkit/polkit.h>
#include <unistd.h>

#include "nilo-error.h"
#include "nilo-log.h"

struct _NiloAuthority {
    GObject parent_instance;

    GDBusConnection *connection;
    gboolean use_polkit;
    PolkitAuthority *polkit; /* made with the first question: polkit may start after us */
};

G_DEFINE_FINAL_TYPE(NiloAuthority, nilo_authority, G_TYPE_OBJECT)

static void
nilo_authority_dispose(GObject *object)
{
    NiloAuthority *self = NILO_AUTHORITY(object);

    g_clear_object(&self->polkit);
    g_clear_object(&self->connection);
    G_OBJECT_CLASS(nilo_authority_parent_class)->dispose(object);
}

static void
nilo_authority_class_init(NiloAuthorityClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = nilo_authority_dispose;
}

static void
nilo_authority_init(NiloAuthority *self)
{
}

NiloAuthority *
nilo_authority_new_polkit(GDBusConnection *connection)
{
    NiloAuthority *self = g_object_new(NILO_TYPE_AUTHORITY, NULL);

    self->connection = g_object_ref(connection);
    self->use_polkit = TRUE;
    return self;
}

NiloAuthority *
nilo_authority_new_same_user(GDBusConnection *connection)
{
    NiloAuthority *self = g_object_new(NILO_TYPE_AUTHORITY, NULL);

    self->connection = g_object_ref(connection);
    return self;
}

static void
return_denied(GTask *task, const char *why)
{
    const char *action = g_task_get_task_data(task);

    g_task_return_new_error(task, NILO_ERROR, NILO_ERROR_DENIED, _("not allowed (%s): %s"), action,
                            why);
}

static void
root_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = G_TASK(user_data);
    g_autoptr(GVariant) reply = NULL;
    guint32 uid;

    reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    if (reply != NULL) {
        g_variant_get(reply, "(u)", &uid);
        if (uid == 0) {
            g_task_return_boolean(task, TRUE);
            return;
        }
    }
    return_denied(task, _("polkit does not answer, so only root may; is the package polkitd "
                          "installed?"));
}

static void
user_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = G_TASK(user_data);
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;
    guint32 uid;

    reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    if (reply == NULL) {
        return_denied(task, error->message);
        return;
    }
    g_variant_get(reply, "(u)", &uid);
    if (uid != 0 && uid != getuid()) {
        return_denied(task, _("only the daemon's own user may on this bus"));
        return;
    }
    g_task_return_boolean(task, TRUE);
}

static void
ask_user(NiloAuthority *self, const char *sender, GTask *task, GAsyncReadyCallback callback)
{
    g_dbus_connection_call(self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                           "org.freedesktop.DBus", "GetConnectionUnixUser",
                           g_variant_new("(s)", sender), G_VARIANT_TYPE("(u)"),
                           G_DBUS_CALL_FLAGS_NONE, -1, g_task_get_cancellable(task), callback,
                           task);
}

/* who a small box without polkit belongs to is no question: polkit, too, refuses root nothing */
static void
decide_without_polkit(NiloAuthority *self, const char *sender, const GError *error, GTask *task)
{
    nilo_log_debug(NULL, "polkit: %s", error->message);
    ask_user(self, sender, task, root_cb);
}

static gboolean
is_absent(const GError *error)
{
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_FAILED);
}

typedef struct {
    GTask *task;
    char *sender;
} PolkitQuestion;

static void
polkit_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    PolkitQuestion *question = user_data;
    g_autoptr(GTask) task = question->task;
    g_autofree char *sender = question->sender;
    g_autoptr(PolkitAuthorizationResult) answer = NULL;
    g_autoptr(GError) error = NULL;

    g_free(question);
    answer = polkit_authority_check_authorization_finish(POLKIT_AUTHORITY(source), result, &error);
    if (answer == NULL && is_absent(error)) {
        decide_without_polkit(g_task_get_source_object(task), sender, error, g_object_ref(task));
        return;
    }
    if (answer == NULL) {
        g_dbus_error_strip_remote_error(error);
        return_denied(task, error->message);
    } else if (polkit_authorization_result_get_is_authorized(answer))
        g_task_return_boolean(task, TRUE);
    else
        return_denied(task, polkit_authorization_result_get_is_challenge(answer)
                                ? _("authentication is required")
                                : _("polkit refuses"));
}

static void
ask_polkit(NiloAuthority *self, const char *sender, GTask *task)
{
    g_autoptr(PolkitSubject) subject = polkit_system_bus_name_new(sender);
    PolkitQuestion *question = g_new0(PolkitQuestion, 1);

    question->task = task;
    question->sender = g_strdup(sender);
    polkit_authority_check_authorization(self->polkit, subject, g_task_get_task_data(task), NULL,
                                         POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION,
                                         g_task_get_cancellable(task), polkit_cb, question);
}

static void
have_polkit_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    PolkitQuestion *question = user_data;
    g_autoptr(GTask) task = question->task;
    g_autofree char *sender = question->sender;
    g_autoptr(GError) error = NULL;
    NiloAuthority *self = g_task_get_source_object(task);
    PolkitAuthority *polkit = polkit_authority_get_finish(result, &error);

    g_free(question);
    if (polkit == NULL) {
        decide_without_polkit(self, sender, error, g_steal_pointer(&task));
        return;
    }
    g_set_object(&self->polkit, polkit);
    g_object_unref(polkit);
    ask_polkit(self, sender, g_steal_pointer(&task));
}

static void
check_polkit(NiloAuthority *self, const char *sender, GTask *task)
{
    PolkitQuestion *question;

    if (self->polkit != NULL) {
        ask_polkit(self, sender, task);
        return;
    }
    question = g_new0(PolkitQuestion, 1);
    question->task = task;
    question->sender = g_strdup(sender);
    polkit_authority_get_async(g_task_get_cancellable(task), have_polkit_cb, question);
}

void
nilo_authority_check_async(NiloAuthority *self, const char *sender, const char *action,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    GTask *task;

    g_return_if_fail(NILO_IS_AUTHORITY(self));
    g_return_if_fail(sender != NULL && action != NULL);

    task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, nilo_authority_check_async);
    g_task_set_task_data(task, g_strdup(action), g_free);
    if (self->use_polkit)
        check_polkit(self, sender, task);
    else
        ask_user(self, sender, task, user_cb);
}

gboolean
nilo_authority_check_finish(NiloAuthority *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), FALSE);

    return g_task_propagate_boolean(G_TASK(result), error);
}
