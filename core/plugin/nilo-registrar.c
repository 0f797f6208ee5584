/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-registrar-private.h"

#include <glib/gi18n-lib.h>

#include "nilo-driver.h"
#include "nilo-plugin-guard.h"
#include "nilo-service.h"
#include "nilo-storage.h"
#include "nilo-transport.h"

static void refuse(NiloRegistrar *self, NiloError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void
refuse(NiloRegistrar *self, NiloError code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    self->error = g_error_new_valist(NILO_ERROR, code, format, arguments);
    va_end(arguments);
}

static gboolean
check_name(NiloRegistrar *self, const char *offer, const char *name)
{
    const NiloPluginOffer *before = g_hash_table_lookup(self->taken, offer);

    if (name == NULL || !nilo_plugin_info_is_name(name)) {
        refuse(self, NILO_ERROR_PLUGIN_INVALID,
               _("it registers \"%s\", expected a name of a-z, 0-9 and -"), offer);
        return FALSE;
    }
    if (before != NULL) {
        refuse(self, NILO_ERROR_TYPE_CLASH, _("it registers %s, which plugin \"%s\" provides"),
               offer, before->plugin->name);
        return FALSE;
    }
    if (g_hash_table_contains(self->offers, offer)) {
        refuse(self, NILO_ERROR_TYPE_CLASH, _("it registers %s twice"), offer);
        return FALSE;
    }
    if (!nilo_plugin_info_provides(self->plugin, offer)) {
        refuse(self, NILO_ERROR_PLUGIN_INVALID,
               _("it registers %s, which is not among Provides of its .plugin file"), offer);
        return FALSE;
    }
    return TRUE;
}

/* GObject has already said on standard error that it refused the type: another module has one of
 * that name */
static gboolean
check_type(NiloRegistrar *self, const char *offer, GType type)
{
    if (type == G_TYPE_INVALID || type == G_TYPE_NONE || !G_TYPE_IS_OBJECT(type)) {
        refuse(self, NILO_ERROR_TYPE_CLASH,
               _("its type for %s was not registered: another plugin has a type of that name"),
               offer);
        return FALSE;
    }
    if (!g_str_has_prefix(g_type_name(type), self->plugin->type_prefix)) {
        refuse(self, NILO_ERROR_PLUGIN_INVALID,
               _("its type %s does not begin with \"%s\", the TypePrefix of its .plugin file"),
               g_type_name(type), self->plugin->type_prefix);
        return FALSE;
    }
    return TRUE;
}

/* a contract has parts that may be left out; these may not */
static gboolean
is_complete(GType type, GType contract)
{
    gpointer klass = g_type_class_ref(type);
    gpointer iface = g_type_interface_peek(klass, contract);
    gboolean complete = FALSE;

    if (contract == NILO_TYPE_TRANSPORT) {
        const NiloTransportInterface *transport = iface;

        complete = transport->open != NULL && transport->get_port != NULL;
    } else if (contract == NILO_TYPE_DRIVER) {
        complete = ((const NiloDriverInterface *)iface)->read != NULL;
    } else if (contract == NILO_TYPE_STORAGE) {
        const NiloStorageInterface *storage = iface;

        complete = storage->store_async != NULL && storage->store_finish != NULL;
    } else if (contract == NILO_TYPE_SERVICE) {
        const NiloServiceInterface *service = iface;

        complete = service->start_async != NULL && service->start_finish != NULL &&
                   service->stop_async != NULL && service->stop_finish != NULL;
    }
    g_type_class_unref(klass);
    return complete;
}

static void
add(NiloRegistrar *self, const char *kind, const char *name, GType type, GType contract,
    GType settings)
{
    g_autofree char *offer = g_strconcat(kind, ":", name, NULL);
    NiloPluginOffer *added;

    if (self->error != NULL || !check_name(self, offer, name) || !check_type(self, offer, type))
        return;
    if (!g_type_is_a(type, contract) || G_TYPE_IS_ABSTRACT(type)) {
        refuse(self, NILO_ERROR_PLUGIN_INVALID, _("its type %s does not implement %s"),
               g_type_name(type), g_type_name(contract));
        return;
    }
    if (!is_complete(type, contract)) {
        refuse(self, NILO_ERROR_PLUGIN_INVALID,
               _("its type %s leaves out a method that %s cannot do without"), g_type_name(type),
               g_type_name(contract));
        return;
    }
    if (settings != G_TYPE_NONE && !check_type(self, offer, settings))
        return;
    added = g_new0(NiloPluginOffer, 1);
    added->plugin = self->plugin;
    added->type = type;
    added->settings = settings;
    g_hash_table_insert(self->offers, g_steal_pointer(&offer), added);
    nilo_plugin_guard_note_type(type, self->plugin->name);
}

void
nilo_registrar_add_transport(NiloRegistrar *self, const char *name, GType type, GType line_settings)
{
    add(self, "transport", name, type, NILO_TYPE_TRANSPORT, line_settings);
}

void
nilo_registrar_add_driver(NiloRegistrar *self, const char *name, GType type, GType meter_settings)
{
    add(self, "driver", name, type, NILO_TYPE_DRIVER, meter_settings);
}

void
nilo_registrar_add_storage(NiloRegistrar *self, const char *name, GType type)
{
    add(self, "storage", name, type, NILO_TYPE_STORAGE, G_TYPE_NONE);
}

void
nilo_registrar_add_service(NiloRegistrar *self, const char *name, GType type)
{
    add(self, "service", name, type, NILO_TYPE_SERVICE, G_TYPE_NONE);
}

static void
check_complete(NiloRegistrar *self)
{
    for (gsize i = 0; self->error == NULL && self->plugin->provides[i] != NULL; i++) {
        if (!g_hash_table_contains(self->offers, self->plugin->provides[i]))
            refuse(self, NILO_ERROR_PLUGIN_INVALID,
                   _("it does not register %s, which its .plugin file promises"),
                   self->plugin->provides[i]);
    }
}

gboolean
nilo_registrar_run(NiloPluginInfo *plugin, void (*register_types)(NiloRegistrar *),
                   GHashTable *taken, GError **error)
{
    g_autoptr(GHashTable) offers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    NiloRegistrar self = {.plugin = plugin, .taken = taken, .offers = offers};
    GHashTableIter iter;
    gpointer offer, added;

    register_types(&self);
    check_complete(&self);
    if (self.error != NULL) {
        g_propagate_error(error, self.error);
        return FALSE;
    }
    g_hash_table_iter_init(&iter, offers);
    while (g_hash_table_iter_next(&iter, &offer, &added)) {
        g_hash_table_iter_steal(&iter);
        g_hash_table_insert(taken, offer, added);
    }
    return TRUE;
}
