/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "nilo-plugin.h"

G_BEGIN_DECLS

/* types a plugin could register, for the tests of the loader and of the resolver */

/* implements #NiloTransport; key "port" */
GType fixture_transport_get_type(void);

/* key "speed-baud" */
GType fixture_line_settings_get_type(void);

/* implements #NiloDriver; refuses meters with address 251 */
GType fixture_driver_get_type(void);

/* key "profile" */
GType fixture_meter_settings_get_type(void);

/* implements #NiloDriver without a read method */
GType fixture_lazy_driver_get_type(void);

/* transport:pipe and driver:echo */
extern const NiloPluginEntry nilo_plugin_fixture;

G_END_DECLS
