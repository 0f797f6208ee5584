/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-bus.h"

#include "nilo-headend-decimal.h"
#include "nilo-headend-reply.h"

#include <unistd.h>

#define DEFAULT_LIMIT 1000
#define MAX_LIMIT     10000

typedef GArray *(*FinishFunc)(NiloHeadend *headend, GAsyncResult *result, GError **error);
typedef GVariant *(*ReplyFunc)(GArray *list);

/* a question that waits for the database */
typedef struct {
    GDBusMethodInvocation *invocation; /* taken by the answer */
    FinishFunc finish;
    ReplyFunc reply;
} Question;

static Question *
question_new(GDBusMethodInvocation *invocation, FinishFunc finish, ReplyFunc reply)
{
    Question *question = g_new0(Question, 1);

    question->invocation = invocation;
    question->finish = finish;
    question->reply = reply;
    return question;
}

static void
answered_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autofree Question *question = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) list = question->finish(NILO_HEADEND(source), result, &error);
    GVariant *reply;

    if (list == NULL) {
        g_dbus_method_invocation_return_gerror(question->invocation, error);
        return;
    }
    reply = question->reply(list);
    g_dbus_method_invocation_return_value(question->invocation, g_variant_new_tuple(&reply, 1));
}

/* the call is answered with @error: TRUE, as a handler says that it has taken it */
static gboolean
refuse(GDBusMethodInvocation *invocation, const GError *error)
{
    g_dbus_method_invocation_return_gerror(invocation, error);
    return TRUE;
}

static guint
limit_of(guint limit)
{
    return limit == 0 ? DEFAULT_LIMIT : MIN(limit, MAX_LIMIT);
}

static gboolean
handle_latest_cb(NiloDbusHeadend1 *bus, GDBusMethodInvocation *invocation,
                 const char *const *meters, guint limit, guint offset, NiloHeadend *headend)
{
    nilo_headend_get_latest_async(headend, meters[0] != NULL ? meters : NULL, limit_of(limit),
                                  offset, NULL, answered_cb,
                                  question_new(invocation, nilo_headend_get_latest_finish,
                                               nilo_headend_reply_latest));
    return TRUE;
}

static gboolean
handle_history_cb(NiloDbusHeadend1 *bus, GDBusMethodInvocation *invocation, const char *meter,
                  const char *reg_text, gint64 from_us, gint64 to_us, guint limit, guint offset,
                  NiloHeadend *headend)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, &error);
    NiloRegister reg;

    if (id == NULL || !nilo_register_from_text(reg_text, &reg, &error))
        return refuse(invocation, error);
    nilo_headend_get_history_async(headend, id, reg, from_us, to_us, limit_of(limit), offset, NULL,
                                   answered_cb,
                                   question_new(invocation, nilo_headend_get_history_finish,
                                                nilo_headend_reply_history));
    return TRUE;
}

static gboolean
handle_daily_cb(NiloDbusHeadend1 *bus, GDBusMethodInvocation *invocation, const char *meter,
                const char *reg_text, const char *from_date, const char *to_date,
                NiloHeadend *headend)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, &error);
    NiloRegister reg;
    gint64 from_day, to_day;

    if (id == NULL || !nilo_register_from_text(reg_text, &reg, &error) ||
        !nilo_headend_day_from_text(from_date, &from_day, &error) ||
        !nilo_headend_day_from_text(to_date, &to_day, &error))
        return refuse(invocation, error);
    nilo_headend_get_daily_async(headend, id, reg, from_day, to_day, NULL, answered_cb,
                                 question_new(invocation, nilo_headend_get_daily_finish,
                                              nilo_headend_reply_daily));
    return TRUE;
}

static gboolean
handle_misses_cb(NiloDbusHeadend1 *bus, GDBusMethodInvocation *invocation, const char *meter,
                 gint64 from_us, gint64 to_us, guint limit, guint offset, NiloHeadend *headend)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMeterId) id = meter[0] != '\0' ? nilo_meter_id_new(meter, &error) : NULL;

    if (error != NULL)
        return refuse(invocation, error);
    nilo_headend_get_misses_async(headend, id, from_us, to_us, limit_of(limit), offset, NULL,
                                  answered_cb,
                                  question_new(invocation, nilo_headend_get_misses_finish,
                                               nilo_headend_reply_misses));
    return TRUE;
}

static gboolean
handle_completeness_cb(NiloDbusHeadend1 *bus, GDBusMethodInvocation *invocation,
                       const char *from_date, const char *to_date, NiloHeadend *headend)
{
    g_autoptr(GError) error = NULL;
    gint64 from_day, to_day;

    if (!nilo_headend_day_from_text(from_date, &from_day, &error) ||
        !nilo_headend_day_from_text(to_date, &to_day, &error))
        return refuse(invocation, error);
    nilo_headend_get_completeness_async(headend, from_day, to_day, NULL, answered_cb,
                                        question_new(invocation,
                                                     nilo_headend_get_completeness_finish,
                                                     nilo_headend_reply_completeness));
    return TRUE;
}

static gboolean
handle_corrections_cb(NiloDbusHeadend1 *bus, GDBusMethodInvocation *invocation, const char *meter,
                      gint64 from_us, gint64 to_us, guint limit, guint offset, NiloHeadend *headend)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(meter, &error);

    if (id == NULL)
        return refuse(invocation, error);
    nilo_headend_get_corrections_async(headend, id, from_us, to_us, limit_of(limit), offset, NULL,
                                       answered_cb,
                                       question_new(invocation, nilo_headend_get_corrections_finish,
                                                    nilo_headend_reply_corrections));
    return TRUE;
}

static void
corrected_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GDBusMethodInvocation *invocation = user_data;
    g_autoptr(GError) error = NULL;

    if (nilo_headend_correct_finish(NILO_HEADEND(source), result, &error))
        g_dbus_method_invocation_return_value(invocation, NULL);
    else
        g_dbus_method_invocation_return_gerror(invocation, error);
}

/* @parameters: those of CorrectReading, checked when @uid is known: who may not, learns nothing */
static void
correct_as(NiloHeadend *headend, GDBusMethodInvocation *invocation, guint32 uid)
{
    GVariant *parameters = g_dbus_method_invocation_get_parameters(invocation);
    g_autofree char *author = g_strdup_printf("uid:%u", uid);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMeterId) id = NULL;
    const char *meter, *reg_text, *number, *unit, *reason;
    NiloRegister reg;
    NiloValue value;
    gint64 taken_us;

    if (uid != 0 && uid != geteuid()) {
        g_dbus_method_invocation_return_error(
            invocation, NILO_ERROR, NILO_ERROR_DENIED,
            "user %u may not correct readings, expected root or the daemon's own user", uid);
        return;
    }
    g_variant_get(parameters, "(&s&sx&s&s&s)", &meter, &reg_text, &taken_us, &number, &unit,
                  &reason);
    id = nilo_meter_id_new(meter, &error);
    if (id == NULL || !nilo_register_from_text(reg_text, &reg, &error) ||
        !nilo_headend_decimal_parse(number, unit, &value, &error)) {
        g_dbus_method_invocation_return_gerror(invocation, error);
        return;
    }
    nilo_headend_correct_async(headend, id, reg, taken_us, &value, author, reason, NULL,
                               corrected_cb, invocation);
}

/* who calls, as the bus knows it */
typedef struct {
    NiloHeadend *headend;
    GDBusMethodInvocation *invocation;
} Caller;

static void
caller_known_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autofree Caller *caller = user_data;
    g_autoptr(NiloHeadend) headend = caller->headend;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    guint32 uid;

    if (reply == NULL) {
        g_dbus_method_invocation_return_error(caller->invocation, NILO_ERROR, NILO_ERROR_DENIED,
                                              "the bus does not know the caller: %s",
                                              error->message);
        return;
    }
    g_variant_get(reply, "(u)", &uid);
    correct_as(headend, caller->invocation, uid);
}

/* on a connection without a bus the peer is the caller */
static void
correct_as_peer(NiloHeadend *headend, GDBusMethodInvocation *invocation)
{
    GDBusConnection *connection = g_dbus_method_invocation_get_connection(invocation);
    GCredentials *credentials = g_dbus_connection_get_peer_credentials(connection);
    const uid_t uid =
        credentials != NULL ? g_credentials_get_unix_user(credentials, NULL) : (uid_t)-1;

    correct_as(headend, invocation, uid);
}

static gboolean
handle_correct_cb(NiloDbusHeadend1 *bus, GDBusMethodInvocation *invocation, const char *meter,
                  const char *reg, gint64 taken_us, const char *value, const char *unit,
                  const char *reason, NiloHeadend *headend)
{
    const char *sender = g_dbus_method_invocation_get_sender(invocation);
    Caller *caller;

    if (sender == NULL) {
        correct_as_peer(headend, invocation);
        return TRUE;
    }
    caller = g_new0(Caller, 1);
    caller->headend = g_object_ref(headend);
    caller->invocation = invocation;
    g_dbus_connection_call(g_dbus_method_invocation_get_connection(invocation),
                           "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                           "GetConnectionUnixUser", g_variant_new("(s)", sender),
                           G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, caller_known_cb,
                           caller);
    return TRUE;
}

NiloDbusHeadend1 *
nilo_headend_bus_export(NiloHeadend *headend, GDBusConnection *connection, GError **error)
{
    static const struct {
        const char *signal;
        GCallback handler;
    } handlers[] = {
        {"handle-get-latest", G_CALLBACK(handle_latest_cb)},
        {"handle-get-history", G_CALLBACK(handle_history_cb)},
        {"handle-get-daily", G_CALLBACK(handle_daily_cb)},
        {"handle-get-misses", G_CALLBACK(handle_misses_cb)},
        {"handle-get-completeness", G_CALLBACK(handle_completeness_cb)},
        {"handle-get-corrections", G_CALLBACK(handle_corrections_cb)},
        {"handle-correct-reading", G_CALLBACK(handle_correct_cb)},
    };
    g_autoptr(NiloDbusHeadend1) bus = nilo_dbus_headend1_skeleton_new();

    for (gsize i = 0; i < G_N_ELEMENTS(handlers); i++)
        g_signal_connect_object(bus, handlers[i].signal, handlers[i].handler, headend, 0);
    if (!g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(bus), connection,
                                          NILO_HEADEND_BUS_PATH, error))
        return NULL;
    return g_steal_pointer(&bus);
}
