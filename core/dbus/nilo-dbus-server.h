/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-authority.h"
#include "nilo-bus.h"
#include "nilo-journal.h"
#include "nilo-plugin-loader.h"

G_BEGIN_DECLS

#define NILO_TYPE_DBUS_SERVER (nilo_dbus_server_get_type())

/**
 * NiloDbusServer:
 *
 * The tree at /org/nilometer/Nilometer1: the daemon, its buses, plugins, journal and jobs. Used on
 * main; shows what it is given and asks the buses on behalf of callers.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloDbusServer, nilo_dbus_server, NILO, DBUS_SERVER, GObject)

/** NiloDbusReload: reads the configuration anew; %FALSE with an error that lists what is wrong */
typedef gboolean (*NiloDbusReload)(gpointer user_data, GError **error);

/**
 * NiloDbusBusEntry:
 *
 * A bus and what its group says.
 */
typedef struct {
    NiloBus *bus;
    NiloBusConfig *config;
    NiloTransport *transport;
} NiloDbusBusEntry;

/**
 * nilo_dbus_server_new:
 * @config_dir: where the configuration stands; scans write below it
 * @state_dir: where scans keep their place
 */
NILO_INTERNAL NiloDbusServer *nilo_dbus_server_new(GDBusConnection *connection,
                                                   NiloAuthority *authority, NiloClock *clock,
                                                   const char *config_dir, const char *state_dir);

NILO_INTERNAL void nilo_dbus_server_set_reload(NiloDbusServer *self, NiloDbusReload reload,
                                               gpointer user_data);

/**
 * nilo_dbus_server_set_building:
 * @buses: (array length=n_buses): replaces those before
 * @meters: (element-type NiloMeter): in the order of the configuration
 */
NILO_INTERNAL void nilo_dbus_server_set_building(NiloDbusServer *self,
                                                 const NiloDbusBusEntry *buses, gsize n_buses,
                                                 GPtrArray *meters);

/** nilo_dbus_server_set_plugins: replaces the plugin objects by what @loader (outlives the server)
 * knows now */
NILO_INTERNAL void nilo_dbus_server_set_plugins(NiloDbusServer *self, NiloPluginLoader *loader);

/** nilo_dbus_server_set_journal: @size_max_bytes as configured */
NILO_INTERNAL void nilo_dbus_server_set_journal(NiloDbusServer *self, NiloJournal *journal,
                                                guint64 size_max_bytes);

/** nilo_dbus_server_note_cursor: a consumer to be shown with the journal */
NILO_INTERNAL void nilo_dbus_server_note_cursor(NiloDbusServer *self, const char *name,
                                                NiloCursor *cursor, gboolean required);

/** nilo_dbus_server_note_report: keeps it for ShowMeter and sends the signal Report */
NILO_INTERNAL void nilo_dbus_server_note_report(NiloDbusServer *self, NiloReport *report);

/** nilo_dbus_server_note_event: sends the signal Event */
NILO_INTERNAL void nilo_dbus_server_note_event(NiloDbusServer *self, NiloEvent *event);

/** nilo_dbus_server_get_object_manager: (transfer none): for services that add objects */
NILO_INTERNAL GDBusObjectManagerServer *nilo_dbus_server_get_object_manager(NiloDbusServer *self);

G_END_DECLS
