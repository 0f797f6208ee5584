/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-ctl.h"

G_BEGIN_DECLS

/**
 * nilo_ctl_call:
 * @path: object, or %NULL for the daemon itself
 * @interface: or %NULL for org.nilometer.Nilometer1
 * @arguments: (nullable): a tuple; a floating reference is taken
 *
 * Calls and waits, as long as it takes: reading a meter on a busy bus can take minutes.
 *
 * Returns: (transfer full) (nullable): %NULL with an error
 */
GVariant *nilo_ctl_call(NiloCtl *ctl, const char *path, const char *interface, const char *method,
                        GVariant *arguments, GError **error);

/** nilo_ctl_get_properties: all properties of an object's interface, `a{sv}` */
GVariant *nilo_ctl_get_properties(NiloCtl *ctl, const char *path, const char *interface,
                                  GError **error);

/**
 * nilo_ctl_list_objects:
 * @kind: "bus", "plugin", "job"
 *
 * Returns: (transfer full): object paths, sorted
 */
GStrv nilo_ctl_list_objects(NiloCtl *ctl, const char *kind, GError **error);

/** nilo_ctl_find_bus: (transfer full): path of the bus with that name; %NULL with an error */
char *nilo_ctl_find_bus(NiloCtl *ctl, const char *name, GError **error);

/** nilo_ctl_connect: (nullable): the connection, made when needed */
GDBusConnection *nilo_ctl_connect(NiloCtl *ctl, GError **error);

/** nilo_ctl_fail: prints @error for a person and returns the exit code that fits it */
NiloCtlExit nilo_ctl_fail(const GError *error);

/** nilo_ctl_usage: says how the command is called */
NiloCtlExit nilo_ctl_usage(const char *usage);

G_END_DECLS
