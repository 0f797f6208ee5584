/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "nilo-macros.h"

G_BEGIN_DECLS

/**
 * NiloDaemonOptions:
 * @config_dir: holds nilometer.conf and the folders beside it
 * @state_dir: holds the journal and what is learned
 * @address: (nullable): D-Bus address; %NULL for the system bus; "none" for no bus at all
 * @same_user: decide by the caller's user, not by polkit: for a bus of one's own
 *
 * What the command line says.
 */
typedef struct {
    char *config_dir;
    char *state_dir;
    char *address;
    gboolean same_user;
} NiloDaemonOptions;

#define NILO_TYPE_DAEMON (nilo_daemon_get_type())

/**
 * NiloDaemon:
 *
 * Wires the rooms together and is the host of the services. All on main.
 */
G_DECLARE_FINAL_TYPE(NiloDaemon, nilo_daemon, NILO, DAEMON, GObject)

NiloDaemon *nilo_daemon_new(const NiloDaemonOptions *options);

/**
 * nilo_daemon_start:
 *
 * Reads the configuration, recovers the journal, starts the buses. Blocks for as long as that
 * takes, some ten milliseconds.
 *
 * Returns: %FALSE with an error that holds every message of the configuration, one per line
 */
gboolean nilo_daemon_start(NiloDaemon *self, GError **error);

/** nilo_daemon_reload: the configuration before stays in force when the new one is bad */
gboolean nilo_daemon_reload(NiloDaemon *self, GError **error);

/** nilo_daemon_stop: ends services, buses and the journal, in this order; @stopped is called when
 * all is on the disk */
void nilo_daemon_stop(NiloDaemon *self, GSourceFunc stopped, gpointer user_data);

/** nilo_daemon_is_progressing: for the watchdog: no bus has stood still with work to do */
gboolean nilo_daemon_is_progressing(NiloDaemon *self);

/** nilo_daemon_settle: it has run well for a while: past crashes are no longer held against
 * plugins */
void nilo_daemon_settle(NiloDaemon *self);

G_END_DECLS
