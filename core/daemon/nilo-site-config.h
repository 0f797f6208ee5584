/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "nilo-macros.h"

G_BEGIN_DECLS

#define NILO_TYPE_SITE_CONFIG (nilo_site_config_get_type())

/**
 * NiloSiteConfig:
 *
 * The `[site]` group: where the building stands.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloSiteConfig, nilo_site_config, NILO, SITE_CONFIG, GObject)

/** nilo_site_config_get_name: (nullable): for people */
NILO_INTERNAL const char *nilo_site_config_get_name(NiloSiteConfig *self);

/** nilo_site_config_get_zone: (transfer none): whose local days and hours count */
NILO_INTERNAL GTimeZone *nilo_site_config_get_zone(NiloSiteConfig *self);

G_END_DECLS
