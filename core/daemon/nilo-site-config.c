/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-site-config.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#include "nilo-error.h"
#include "nilo-param.h"

struct _NiloSiteConfig {
    GObject parent_instance;

    char *name;
    char *zone_name;
    GTimeZone *zone;
};

enum {
    PROP_0,
    PROP_TITLE,
    PROP_ZONE,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static gboolean
nilo_site_config_initable_init(GInitable *initable, GCancellable *cancellable, GError **error)
{
    NiloSiteConfig *self = NILO_SITE_CONFIG(initable);

    if (self->zone_name == NULL) {
        self->zone = g_time_zone_new_local();
        return TRUE;
    }
    self->zone = g_time_zone_new_identifier(self->zone_name);
    if (self->zone == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("\"%s\" is no time zone, expected one like \"Asia/Shanghai\""),
                    self->zone_name);
        return FALSE;
    }
    return TRUE;
}

static void
initable_iface_init(GInitableIface *iface)
{
    iface->init = nilo_site_config_initable_init;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloSiteConfig, nilo_site_config, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_INITABLE, initable_iface_init))

static void
nilo_site_config_set_property(GObject *object, guint property, const GValue *value,
                              GParamSpec *spec)
{
    NiloSiteConfig *self = NILO_SITE_CONFIG(object);

    switch (property) {
    case PROP_TITLE:
        self->name = g_value_dup_string(value);
        break;
    case PROP_ZONE:
        self->zone_name = g_value_dup_string(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_site_config_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloSiteConfig *self = NILO_SITE_CONFIG(object);

    switch (property) {
    case PROP_TITLE:
        g_value_set_string(value, self->name);
        break;
    case PROP_ZONE:
        g_value_set_string(value, self->zone_name);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_site_config_finalize(GObject *object)
{
    NiloSiteConfig *self = NILO_SITE_CONFIG(object);

    g_free(self->name);
    g_free(self->zone_name);
    g_clear_pointer(&self->zone, g_time_zone_unref);
    G_OBJECT_CLASS(nilo_site_config_parent_class)->finalize(object);
}

static void
nilo_site_config_class_init(NiloSiteConfigClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_site_config_set_property;
    object_class->get_property = nilo_site_config_get_property;
    object_class->finalize = nilo_site_config_finalize;
    properties[PROP_TITLE] =
        g_param_spec_string("title", N_("Title"), N_("Name of the site, for people"), NULL,
                            NILO_PARAM_CONFIG);
    properties[PROP_ZONE] = g_param_spec_string(
        "zone", N_("Time zone"),
        N_("IANA name of the zone whose hours and days the schedule follows; without it, this "
           "computer's"),
        NULL, NILO_PARAM_CONFIG);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_site_config_init(NiloSiteConfig *self)
{
}

const char *
nilo_site_config_get_name(NiloSiteConfig *self)
{
    return self->name;
}

GTimeZone *
nilo_site_config_get_zone(NiloSiteConfig *self)
{
    return self->zone;
}
