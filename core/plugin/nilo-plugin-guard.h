/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-error.h"

#include <glib-object.h>

G_BEGIN_DECLS

/* this many crashes in a row blamed on one plugin quarantine it */
#define NILO_PLUGIN_GUARD_MAX_CRASHES 3

/**
 * NiloPluginGuard:
 *
 * Finds out which plugin crashed the daemon, over restarts. A thread says whose code it runs
 * (nilo_plugin_guard_enter()); when it dies of a signal, the handler writes that name into a
 * mapped page of `plugin-crash`, which the kernel keeps although the process is gone. The next
 * start counts it in `plugin-crashes.conf`; a crash of somebody else, or a run that went well
 * (nilo_plugin_guard_settle()), ends the row. Opened once, on main.
 *
 * What it does not see: SIGKILL, a stack that overflows, and a plugin that damages memory in
 * which another crashes later.
 */
typedef struct _NiloPluginGuard NiloPluginGuard;

/**
 * nilo_plugin_guard_open:
 * @folder: the state folder; made when it is missing
 *
 * Counts the crash before, if there was one.
 *
 * Returns: (nullable) (transfer full): %NULL with %NILO_ERROR_FAILED: the daemon goes on
 * without
 */
NILO_INTERNAL NiloPluginGuard *nilo_plugin_guard_open(const char *folder, GError **error);

NILO_INTERNAL void nilo_plugin_guard_free(NiloPluginGuard *self);

/** nilo_plugin_guard_watch: installs the handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL and
 * SIGABRT; the signal then takes its usual course, core dump and all */
NILO_INTERNAL void nilo_plugin_guard_watch(NiloPluginGuard *self);

/** nilo_plugin_guard_get_blamed: (nullable): the plugin in which the run before crashed */
NILO_INTERNAL const char *nilo_plugin_guard_get_blamed(NiloPluginGuard *self);

/** nilo_plugin_guard_get_crashes: in a row, of one plugin */
NILO_INTERNAL guint nilo_plugin_guard_get_crashes(NiloPluginGuard *self, const char *plugin);

/** nilo_plugin_guard_check: %FALSE with %NILO_ERROR_QUARANTINED, which tells how to lift it */
NILO_INTERNAL gboolean nilo_plugin_guard_check(NiloPluginGuard *self, const char *plugin,
                                               GError **error);

/** nilo_plugin_guard_settle: the daemon has run for long, or ends in order: rows that led to no
 * quarantine end here */
NILO_INTERNAL void nilo_plugin_guard_settle(NiloPluginGuard *self);

/** nilo_plugin_guard_release: lifts a quarantine; %FALSE when there is none */
NILO_INTERNAL gboolean nilo_plugin_guard_release(NiloPluginGuard *self, const char *plugin);

/**
 * nilo_plugin_guard_enter:
 * @plugin: (nullable): whose code this thread runs from now on; the string must outlive that
 *
 * Any thread; costs a store into memory of the thread.
 *
 * Returns: (nullable): what was before, for nilo_plugin_guard_leave()
 */
NILO_INTERNAL const char *nilo_plugin_guard_enter(const char *plugin);

/** nilo_plugin_guard_note_type: objects of @type run code of @plugin */
NILO_INTERNAL void nilo_plugin_guard_note_type(GType type, const char *plugin);

/** nilo_plugin_guard_enter_object: the same as nilo_plugin_guard_enter() with the plugin whose type
 * @object is; the core itself when it is nobody's */
NILO_INTERNAL const char *nilo_plugin_guard_enter_object(gpointer object);
NILO_INTERNAL void nilo_plugin_guard_leave(const char *before);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloPluginGuard, nilo_plugin_guard_free)

G_END_DECLS
