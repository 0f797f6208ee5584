/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-ctl-client.h"

#include <glib/gi18n.h>
#include <stdlib.h>

#include "nilo-dbus-text.h"
#include "nilo-error.h"

GDBusConnection *
nilo_ctl_connect(NiloCtl *ctl, GError **error)
{
    if (ctl->connection != NULL)
        return ctl->connection;
    nilo_error_quark(); /* from now on, the daemon's errors are known by their names */
    if (ctl->address != NULL)
        ctl->connection = g_dbus_connection_new_for_address_sync(
            ctl->address,
            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
            NULL, NULL, error);
    else
        ctl->connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error);
    return ctl->connection;
}

GVariant *
nilo_ctl_call(NiloCtl *ctl, const char *path, const char *interface, const char *method,
              GVariant *arguments, GError **error)
{
    g_autoptr(GVariant) owned = arguments != NULL ? g_variant_ref_sink(arguments) : NULL;
    GDBusConnection *connection = nilo_ctl_connect(ctl, error);

    if (connection == NULL)
        return NULL;
    return g_dbus_connection_call_sync(connection, NILO_DBUS_NAME,
                                       path != NULL ? path : NILO_DBUS_PATH,
                                       interface != NULL ? interface : NILO_DBUS_NAME, method,
                                       owned, NULL,
                                       G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT,
                                       NULL, error);
}

GVariant *
nilo_ctl_get_properties(NiloCtl *ctl, const char *path, const char *interface, GError **error)
{
    g_autoptr(GVariant) reply =
        nilo_ctl_call(ctl, path, "org.freedesktop.DBus.Properties", "GetAll",
                      g_variant_new("(s)", interface != NULL ? interface : NILO_DBUS_NAME), error);

    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

static int
compare_text(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

GStrv
nilo_ctl_list_objects(NiloCtl *ctl, const char *kind, GError **error)
{
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariantIter) objects = NULL;
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *prefix = g_strdup_printf(NILO_DBUS_PATH "/%s/", kind);
    const char *path;

    reply = nilo_ctl_call(ctl, NULL, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                          NULL, error);
    if (reply == NULL)
        return NULL;
    g_variant_get(reply, "(a{oa{sa{sv}}})", &objects);
    while (g_variant_iter_loop(objects, "{&o@a{sa{sv}}}", &path, NULL)) {
        if (g_str_has_prefix(path, prefix))
            g_ptr_array_add(paths, g_strdup(path));
    }
    g_ptr_array_sort(paths, compare_text);
    g_ptr_array_add(paths, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&paths), FALSE);
}

char *
nilo_ctl_find_bus(NiloCtl *ctl, const char *name, GError **error)
{
    g_autofree char *path = nilo_dbus_make_path("bus", name);
    g_auto(GStrv) paths = nilo_ctl_list_objects(ctl, "bus", error);

    if (paths == NULL)
        return NULL;
    if (!g_strv_contains((const char *const *)paths, path)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND, _("there is no bus \"%s\""), name);
        return NULL;
    }
    return g_steal_pointer(&path);
}

static NiloCtlExit
get_exit(const GError *error)
{
    if (g_error_matches(error, NILO_ERROR, NILO_ERROR_DENIED) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
        return NILO_CTL_DENIED;
    if (g_error_matches(error, NILO_ERROR, NILO_ERROR_NOT_FOUND))
        return NILO_CTL_NOT_FOUND;
    if (g_error_matches(error, NILO_ERROR, NILO_ERROR_SILENT) ||
        g_error_matches(error, NILO_ERROR, NILO_ERROR_TIMEOUT))
        return NILO_CTL_NO_ANSWER;
    if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
        (error->domain == G_IO_ERROR && error->code != G_IO_ERROR_DBUS_ERROR))
        return NILO_CTL_NO_DAEMON;
    return NILO_CTL_FAILED;
}

NiloCtlExit
nilo_ctl_fail(const GError *error)
{
    g_autoptr(GError) copy = g_error_copy(error);
    const NiloCtlExit code = get_exit(error);

    g_dbus_error_strip_remote_error(copy);
    g_printerr("nilometerctl: %s\n", copy->message);
    if (code == NILO_CTL_NO_DAEMON)
        g_printerr("%s\n", _("Is the daemon running? Try: systemctl status nilometerd"));
    return code;
}

NiloCtlExit
nilo_ctl_usage(const char *usage)
{
    g_printerr(_("usage: nilometerctl %s\n"), usage);
    return NILO_CTL_USAGE;
}
