/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_TYPE_HEADEND_SERVICE (nilo_headend_service_get_type())

/*
 * NiloHeadendService: takes batches from a cursor of its own, stores them, and acknowledges
 * them when they are on the disk; answers questions on D-Bus. Used on main.
 */
G_DECLARE_FINAL_TYPE(NiloHeadendService, nilo_headend_service, NILO, HEADEND_SERVICE, GObject)

G_END_DECLS
