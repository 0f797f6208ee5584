/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-clock.h"
#include "nilo-command.h"
#include "nilo-cursor.h"
#include "nilo-meter.h"

G_BEGIN_DECLS

#define NILO_TYPE_HOST (nilo_host_get_type())

/**
 * NiloHost:
 *
 * What the daemon offers a service. Used on main.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloHost, nilo_host, NILO, HOST, GObject)

/**
 * NiloHostInterface:
 * @get_clock: (transfer none)
 * @get_state_dir: where a service may keep files: `/var/lib/nilometer`
 * @open_cursor: (transfer full): a cursor of its own; @required: the journal keeps what it
 * has not acknowledged, as long as there is space
 * @list_meters: (transfer container) (element-type NiloMeter): as configured now
 * @find_meter: (nullable) (transfer none)
 * @get_connection: (nullable) (transfer none): the system bus, when the daemon is on it
 * @put_event: tells everybody
 *
 * Signals: `event` (NiloEvent), `meters-changed`.
 *
 * Since: 0.1
 */
struct _NiloHostInterface {
    GTypeInterface parent_iface;

    NiloClock *(*get_clock)(NiloHost *self);
    const char *(*get_state_dir)(NiloHost *self);
    NiloCursor *(*open_cursor)(NiloHost *self, const char *name, gboolean required, GError **error);
    GPtrArray *(*list_meters)(NiloHost *self);
    NiloMeter *(*find_meter)(NiloHost *self, NiloMeterId *id);
    GDBusConnection *(*get_connection)(NiloHost *self);
    void (*put_event)(NiloHost *self, NiloEvent *event);
};

NILO_EXPORT NiloClock *nilo_host_get_clock(NiloHost *self);
NILO_EXPORT const char *nilo_host_get_state_dir(NiloHost *self);
NILO_EXPORT NiloCursor *nilo_host_open_cursor(NiloHost *self, const char *name, gboolean required,
                                              GError **error);
NILO_EXPORT GPtrArray *nilo_host_list_meters(NiloHost *self);
NILO_EXPORT NiloMeter *nilo_host_find_meter(NiloHost *self, NiloMeterId *id);
NILO_EXPORT GDBusConnection *nilo_host_get_connection(NiloHost *self);
NILO_EXPORT void nilo_host_put_event(NiloHost *self, NiloEvent *event);

G_END_DECLS
