/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-authority.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "nilo-error.h"

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* CheckAuthorizationFlags of the interface above: a person may be asked for a password */
#define POLKIT_ALLOW_INTERACTION 1u

struct _NiloAuthority {
    GObject parent_instance;

    GDBusConnection *connection;
    gboolean use_polkit;
};

G_DEFINE_FINAL_TYPE(NiloAuthority, nilo_authority, G_TYPE_OBJECT)

static void
nilo_authority_dispose(GObject *object)
{
    NiloAuthority *self = NILO_AUTHORITY(object);

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

/* who wants to do what */
typedef struct {
    char *sender;
    char *action;
} Question;

static void
free_question(gpointer data)
{
    Question *question = data;

    g_free(question->sender);
    g_free(question->action);
    g_free(question);
}

static void
return_denied(GTask *task, const char *why)
{
    const Question *question = g_task_get_task_data(task);

    g_task_return_new_error(task, NILO_ERROR, NILO_ERROR_DENIED, _("not allowed (%s): %s"),
                            question->action, why);
}

/* answers with the caller's user, (u) */
static void
ask_user(GTask *task, GAsyncReadyCallback callback)
{
    NiloAuthority *self = g_task_get_source_object(task);
    const Question *question = g_task_get_task_data(task);

    g_dbus_connection_call(self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                           "org.freedesktop.DBus", "GetConnectionUnixUser",
                           g_variant_new("(s)", question->sender), G_VARIANT_TYPE("(u)"),
                           G_DBUS_CALL_FLAGS_NONE, -1, g_task_get_cancellable(task), callback,
                           task);
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
root_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = G_TASK(user_data);
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    guint32 uid = G_MAXUINT32;

    if (reply != NULL)
        g_variant_get(reply, "(u)", &uid);
    if (uid == 0)
        g_task_return_boolean(task, TRUE);
    else
        return_denied(task, _("polkit does not answer, so only root may; is the package polkitd "
                              "installed?"));
}

static gboolean
is_absent(const GError *error)
{
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_FAILED);
}

static void
polkit_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = G_TASK(user_data);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    gboolean is_authorized, is_challenge;

    if (reply == NULL && is_absent(error)) {
        /* whom a small box without polkit belongs to is no question: polkit refuses root nothing */
        ask_user(g_steal_pointer(&task), root_cb);
        return;
    }
    if (reply == NULL) {
        g_dbus_error_strip_remote_error(error);
        return_denied(task, error->message);
        return;
    }
    g_variant_get(reply, "((bb@a{ss}))", &is_authorized, &is_challenge, NULL);
    if (is_authorized)
        g_task_return_boolean(task, TRUE);
    else
        return_denied(task, is_challenge ? _("authentication is required") : _("polkit refuses"));
}

/* Asked over our own connection, the one the caller has a name on. polkit's client library would do
 * the same over another one, and costs 0.9 MB of memory with what it needs itself. */
static void
ask_polkit(NiloAuthority *self, GTask *task)
{
    const Question *question = g_task_get_task_data(task);
    GVariantBuilder subject;

    g_variant_builder_init(&subject, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&subject, "{sv}", "name", g_variant_new_string(question->sender));
    g_dbus_connection_call(self->connection, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                           "CheckAuthorization",
                           g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &subject,
                                         question->action, NULL, POLKIT_ALLOW_INTERACTION, ""),
                           G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                           g_task_get_cancellable(task), polkit_cb, task);
}

void
nilo_authority_check_async(NiloAuthority *self, const char *sender, const char *action,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    Question *question;
    GTask *task;

    g_return_if_fail(NILO_IS_AUTHORITY(self));
    g_return_if_fail(sender != NULL && action != NULL);

    task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, nilo_authority_check_async);
    question = g_new0(Question, 1);
    question->sender = g_strdup(sender);
    question->action = g_strdup(action);
    g_task_set_task_data(task, question, free_question);
    if (self->use_polkit)
        ask_polkit(self, task);
    else
        ask_user(task, user_cb);
}

gboolean
nilo_authority_check_finish(NiloAuthority *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), FALSE);

    return g_task_propagate_boolean(G_TASK(result), error);
}
