/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-authority.h"
#include "nilo-bus.h"

G_BEGIN_DECLS

#define NILO_TYPE_DBUS_JOB (nilo_dbus_job_get_type())

/**
 * NiloDbusJob:
 *
 * Something that takes long, as an object on D-Bus: its progress, its end, and a way to cancel it.
 * Signals: `finished`, and `groups` (text): `[meter ID]` groups to be written into `meters.d`, when
 * the caller asked for that.
 */
G_DECLARE_FINAL_TYPE(NiloDbusJob, nilo_dbus_job, NILO, DBUS_JOB, GObject)

/** nilo_dbus_job_new_scan: begins it at once; @options as in the D-Bus method Scan */
NiloDbusJob *nilo_dbus_job_new_scan(NiloBus *bus, const char *driver, GVariant *options,
                                    NiloAuthority *authority, NiloClock *clock,
                                    const char *state_dir);

const char *nilo_dbus_job_get_path(NiloDbusJob *self);

/** nilo_dbus_job_get_skeleton: (transfer none): the object to export */
GDBusObjectSkeleton *nilo_dbus_job_get_skeleton(NiloDbusJob *self);

/** nilo_dbus_job_cancel: stops at the next exchange */
void nilo_dbus_job_cancel(NiloDbusJob *self);

G_END_DECLS
