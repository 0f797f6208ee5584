/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-resolver.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-driver.h"
#include "nilo-nearest.h"
#include "nilo-param.h"

struct _NiloPluginResolver {
    NiloPluginLoader *loader;         /* borrowed, outlives us */
    const NiloPluginGroupKind *kinds; /* borrowed, outlives us */
    gsize n_kinds;
    GArray *config_kinds;  /* element-type NiloConfigKind */
    GHashTable *reported;  /* "kind:name" that could not be had: said once, not for each meter */
    GHashTable *drivers;   /* NiloPluginOffer -> NiloDriver, to check meters with */
    GHashTable *addresses; /* bus, driver, address -> NiloConfigSection, borrowed */
    NiloConfigResolver resolver;
};

struct _NiloPluginGroup {
    GObject parent_instance;
    char *name;
    char *type;
};

enum {
    PROP_0,
    PROP_NAME,
    PROP_TYPE,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloPluginGroup, nilo_plugin_group, G_TYPE_OBJECT)

static void
nilo_plugin_group_set_property(GObject *object, guint property, const GValue *value,
                               GParamSpec *spec)
{
    NiloPluginGroup *self = NILO_PLUGIN_GROUP(object);

    switch (property) {
    case PROP_NAME:
        self->name = g_value_dup_string(value);
        break;
    case PROP_TYPE:
        self->type = g_value_dup_string(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_plugin_group_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloPluginGroup *self = NILO_PLUGIN_GROUP(object);

    switch (property) {
    case PROP_NAME:
        g_value_set_string(value, self->name);
        break;
    case PROP_TYPE:
        g_value_set_string(value, self->type);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_plugin_group_finalize(GObject *object)
{
    NiloPluginGroup *self = NILO_PLUGIN_GROUP(object);

    g_free(self->name);
    g_free(self->type);
    G_OBJECT_CLASS(nilo_plugin_group_parent_class)->finalize(object);
}

static void
nilo_plugin_group_class_init(NiloPluginGroupClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_plugin_group_set_property;
    object_class->get_property = nilo_plugin_group_get_property;
    object_class->finalize = nilo_plugin_group_finalize;

    properties[PROP_NAME] =
        g_param_spec_string("name", NULL, NULL, NULL,
                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
    properties[PROP_TYPE] =
        g_param_spec_string("type", N_("Type"),
                            N_("Which plugin it is; without it, the name of the group says it"),
                            NULL, NILO_PARAM_CONFIG);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_plugin_group_init(NiloPluginGroup *self)
{
}

const char *
nilo_plugin_group_get_plugin(NiloPluginGroup *self)
{
    return self->type != NULL ? self->type : self->name;
}

static void
add_binding(GArray *bindings, GType type, const char *member)
{
    const NiloConfigBinding binding = {type, member};

    if (type != G_TYPE_NONE)
        g_array_append_val(bindings, binding);
}

/* a plugin that is missing is missing for 5,000 meters: the first group says so, the others stay
 * silent (%NULL without an error) */
static const NiloPluginOffer *
require(NiloPluginResolver *self, const char *kind, const char *name, GError **error)
{
    g_autofree char *offer = g_strconcat(kind, ":", name, NULL);
    const NiloPluginOffer *found;

    if (g_hash_table_contains(self->reported, offer))
        return NULL;
    found = nilo_plugin_loader_require(self->loader, kind, name, error);
    if (found == NULL)
        g_hash_table_add(self->reported, g_steal_pointer(&offer));
    return found;
}

/* all groups of a kind that one could have meant */
static void
report_no_group(NiloConfig *config, const char *kind, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = nilo_config_list_names(config, kind);
    const char *nearest = nilo_nearest_find(name, (const char *const *)names->pdata, names->len);

    if (nearest != NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND,
                    _("there is no group [%s %s], did you mean \"%s\"?"), kind, name, nearest);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND, _("there is no group [%s %s]"), kind,
                    name);
}

/* what is wrong with the bus is said at the bus, which may stand further down: ask in silence */
static const NiloPluginOffer *
find_offer(NiloPluginResolver *self, const char *kind, const NiloKeyfileGroup *bus)
{
    g_autofree char *name = nilo_keyfile_group_get_text(bus, kind, NULL);

    return name != NULL ? nilo_plugin_loader_require(self->loader, kind, name, NULL) : NULL;
}

static const NiloKeyfileGroup *
find_bus(NiloPluginResolver *self, NiloConfig *config, const NiloKeyfileGroup *meter,
         const char **key, GError **error)
{
    g_autofree char *name = nilo_keyfile_group_get_text(meter, "bus", NULL);
    const NiloKeyfileGroup *bus;
    g_autofree char *header = NULL;

    if (name == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY,
                    _("the meter has no key \"bus\", expected the name of a [bus NAME] group"));
        return NULL;
    }
    *key = "bus";
    bus = nilo_config_find_group(config, "bus", name);
    header = g_strconcat("bus ", name, NULL);
    if (bus == NULL && g_hash_table_add(self->reported, g_steal_pointer(&header)))
        report_no_group(config, "bus", name, error);
    return bus;
}

static const NiloPluginOffer *
find_driver(NiloPluginResolver *self, const NiloKeyfileGroup *meter, const NiloKeyfileGroup *bus,
            const char **key, GError **error)
{
    g_autofree char *name = nilo_keyfile_group_get_text(meter, "driver", NULL);

    if (name != NULL) {
        *key = "driver";
        return require(self, "driver", name, error);
    }
    if (nilo_keyfile_group_find_key(bus, "driver") == NULL) {
        *key = NULL;
        g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY,
                    _("neither the meter nor [%s] has a key \"driver\""), bus->header);
        return NULL;
    }
    return find_offer(self, "driver", bus);
}

static gboolean
resolve_meter(NiloPluginResolver *self, NiloConfig *config, const NiloKeyfileGroup *group,
              GArray *bindings, const char **key, GError **error)
{
    const NiloKeyfileGroup *bus = find_bus(self, config, group, key, error);
    const NiloPluginOffer *transport, *driver;

    if (bus == NULL)
        return FALSE;
    transport = find_offer(self, "transport", bus);
    driver = find_driver(self, group, bus, key, error);
    if (transport == NULL || driver == NULL)
        return FALSE;
    /* a driver of the bus that is refused leaves no bus, whatever the meter's own is */
    if (nilo_keyfile_group_find_key(bus, "driver") != NULL &&
        find_offer(self, "driver", bus) == NULL)
        return FALSE;
    add_binding(bindings, NILO_TYPE_METER, NULL);
    add_binding(bindings, transport->settings, "line-settings");
    add_binding(bindings, driver->settings, "driver-settings");
    return TRUE;
}

/* a bus makes its driver itself, one per wire; here it is only asked for */
static gboolean
check_bus_driver(NiloPluginResolver *self, const NiloKeyfileGroup *bus, const char **key,
                 GError **error)
{
    g_autofree char *name = nilo_keyfile_group_get_text(bus, "driver", NULL);

    *key = "driver";
    return name == NULL || require(self, "driver", name, error) != NULL;
}

static gboolean
resolve_plugin(NiloPluginResolver *self, const NiloPluginGroupKind *kind,
               const NiloKeyfileGroup *group, GArray *bindings, const char **key, GError **error)
{
    g_autofree char *name = nilo_keyfile_group_get_text(group, kind->plugin_key, NULL);
    const NiloPluginOffer *offer;

    if (name != NULL)
        *key = kind->plugin_key;
    else if (strcmp(kind->plugin_key, "type") == 0)
        name = g_strdup(group->name);
    if (name == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY, _("the group has no key \"%s\""),
                    kind->plugin_key);
        return FALSE;
    }
    offer = require(self, kind->plugin_kind, name, error);
    if (offer == NULL)
        return FALSE;
    add_binding(bindings, offer->type, NULL);
    return strcmp(group->kind, "bus") != 0 || check_bus_driver(self, group, key, error);
}

static gboolean
resolve(gpointer user_data, NiloConfig *config, const NiloKeyfileGroup *group, GArray *bindings,
        const char **key, GError **error)
{
    NiloPluginResolver *self = user_data;

    if (strcmp(group->kind, "meter") == 0)
        return resolve_meter(self, config, group, bindings, key, error);
    for (gsize i = 0; i < self->n_kinds; i++) {
        const NiloPluginGroupKind *kind = &self->kinds[i];

        if (strcmp(kind->kind, group->kind) != 0)
            continue;
        add_binding(bindings, kind->type, NULL);
        return kind->plugin_kind == NULL || resolve_plugin(self, kind, group, bindings, key, error);
    }
    return TRUE;
}

static gboolean
check_schedule(NiloConfig *config, const NiloConfigSection *section, const char **key,
               GError **error)
{
    const NiloKeyfileGroup *group = nilo_config_find_group(config, section->kind, section->name);
    g_autofree char *name = nilo_keyfile_group_get_text(group, "schedule", NULL);

    if (name == NULL || nilo_config_find_group(config, "schedule", name) != NULL)
        return TRUE;
    *key = "schedule";
    report_no_group(config, "schedule", name, error);
    return FALSE;
}

/* two meters that answer to one call cannot be read: better said now than by the bus */
static gboolean
check_address(NiloPluginResolver *self, NiloConfigSection *section, NiloMeter *meter,
              const char *driver, const char **key, GError **error)
{
    const char *address = nilo_meter_get_address(meter);
    g_autofree char *place = NULL;
    const NiloConfigSection *before;

    if (address == NULL)
        return TRUE;
    place = g_strconcat(nilo_meter_get_bus(meter), "\n", driver, "\n", address, NULL);
    before = g_hash_table_lookup(self->addresses, place);
    if (before == NULL) {
        g_hash_table_insert(self->addresses, g_steal_pointer(&place), section);
        return TRUE;
    }
    *key = "address";
    g_set_error(error, NILO_ERROR, NILO_ERROR_DUPLICATE,
                _("address %s on bus \"%s\" already belongs to [meter %s] at %s:%u"), address,
                nilo_meter_get_bus(meter), before->name, before->path, before->line);
    return FALSE;
}

static NiloDriver *
ensure_driver(NiloPluginResolver *self, const NiloPluginOffer *offer)
{
    NiloDriver *driver = g_hash_table_lookup(self->drivers, offer);

    if (driver == NULL) {
        driver = g_object_new(offer->type, NULL);
        g_hash_table_insert(self->drivers, (gpointer)offer, driver);
    }
    return driver;
}

static gboolean
check_meter(NiloPluginResolver *self, NiloConfig *config, NiloConfigSection *section,
            const char **key, GError **error)
{
    NiloMeter *meter = nilo_config_section_get_object(section, NILO_TYPE_METER);
    const NiloKeyfileGroup *group = nilo_config_find_group(config, "meter", section->name);
    const NiloKeyfileGroup *bus = nilo_config_find_group(config, "bus", nilo_meter_get_bus(meter));
    const NiloPluginOffer *offer = find_driver(self, group, bus, key, NULL);
    const char *before;
    gboolean content;

    if (!check_address(self, section, meter, g_type_name(offer->type), key, error))
        return FALSE;
    *key = NULL;
    before = nilo_plugin_guard_enter(offer->plugin->name);
    content = nilo_driver_check_meter(ensure_driver(self, offer), meter, error);
    nilo_plugin_guard_leave(before);
    return content;
}

static gboolean
check(gpointer user_data, NiloConfig *config, NiloConfigSection *section, const char **key,
      GError **error)
{
    NiloPluginResolver *self = user_data;

    if (!check_schedule(config, section, key, error))
        return FALSE;
    return strcmp(section->kind, "meter") != 0 || check_meter(self, config, section, key, error);
}

NiloPluginResolver *
nilo_plugin_resolver_new(NiloPluginLoader *loader, const NiloPluginGroupKind *kinds, gsize n_kinds)
{
    NiloPluginResolver *self = g_new0(NiloPluginResolver, 1);
    const NiloConfigKind meter = {"meter", TRUE};

    self->loader = loader;
    self->kinds = kinds;
    self->n_kinds = n_kinds;
    self->reported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->drivers = g_hash_table_new_full(NULL, NULL, NULL, g_object_unref);
    self->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->config_kinds = g_array_new(FALSE, FALSE, sizeof(NiloConfigKind));
    for (gsize i = 0; i < n_kinds; i++) {
        const NiloConfigKind kind = {kinds[i].kind, kinds[i].named};

        g_array_append_val(self->config_kinds, kind);
    }
    g_array_append_val(self->config_kinds, meter);
    self->resolver = (NiloConfigResolver){
        .kinds = (gconstpointer)self->config_kinds->data,
        .n_kinds = self->config_kinds->len,
        .resolve = resolve,
        .check = check,
        .user_data = self,
    };
    return self;
}

void
nilo_plugin_resolver_free(NiloPluginResolver *self)
{
    g_hash_table_unref(self->reported);
    g_hash_table_unref(self->drivers);
    g_hash_table_unref(self->addresses);
    g_array_unref(self->config_kinds);
    g_free(self);
}

const NiloConfigResolver *
nilo_plugin_resolver_get(NiloPluginResolver *self)
{
    return &self->resolver;
}
