/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

#include "nilo-lab-process.h"

G_BEGIN_DECLS

#define NILO_TEST_NAME      "org.nilometer.Nilometer1"
#define NILO_TEST_PATH      "/org/nilometer/Nilometer1"
#define NILO_TEST_INTERFACE "org.nilometer.Nilometer1"
#define NILO_TEST_ERROR     "org.nilometer.Nilometer1.Error."

/* A private bus, a hub with an estate and a nilometerd on both, in a temporary folder. Whatever
 * goes wrong in here ends the test with what the daemon said. */
typedef struct _NiloDaemonProcess NiloDaemonProcess;

/* what was heard: a signal of the daemon, as it came */
typedef struct {
    char *path;
    char *name; /* "Report", "Event", "PropertiesChanged" ... */
    GVariant *parameters;
} NiloHeard;

NiloDaemonProcess *nilo_daemon_process_new(const char *estate, guint deadline_s);
void nilo_daemon_process_free(NiloDaemonProcess *self);

/* before the start, or before a reload */
void nilo_daemon_process_configure(NiloDaemonProcess *self, const char *name, const char *text);
void nilo_daemon_process_set_authority(NiloDaemonProcess *self, const char *authority);

void nilo_daemon_process_set_users(NiloDaemonProcess *self, uid_t daemon, uid_t caller);

void nilo_daemon_process_start(NiloDaemonProcess *self);
void nilo_daemon_process_stop(NiloDaemonProcess *self);
void nilo_daemon_process_signal(NiloDaemonProcess *self, int number);
void nilo_daemon_process_kill(NiloDaemonProcess *self);

GPid nilo_daemon_process_get_pid(NiloDaemonProcess *self);
gint64 nilo_daemon_process_get_ready_us(NiloDaemonProcess *self);
NiloLabProcess *nilo_daemon_process_get_lab(NiloDaemonProcess *self);
GDBusConnection *nilo_daemon_process_get_connection(NiloDaemonProcess *self);
const char *nilo_daemon_process_get_address(NiloDaemonProcess *self);
char *nilo_daemon_process_get_path(NiloDaemonProcess *self, const char *name);
char *nilo_daemon_process_get_log(NiloDaemonProcess *self);

/* the hub */
char *nilo_daemon_process_lab(NiloDaemonProcess *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
gint64 nilo_daemon_process_lab_number(NiloDaemonProcess *self, const char *command,
                                      const char *key);
guint nilo_daemon_process_count_log(NiloDaemonProcess *self, const char *bus, const char *direction,
                                    const char *part);

/* calls; the main context runs meanwhile */
GVariant *nilo_daemon_process_call(NiloDaemonProcess *self, const char *path, const char *interface,
                                   const char *method, GVariant *parameters, GError **error);
GVariant *nilo_daemon_process_get_property(NiloDaemonProcess *self, const char *path,
                                           const char *interface, const char *name);
GVariant *nilo_daemon_process_read(NiloDaemonProcess *self, const char *meter, GError **error);
char *nilo_daemon_process_get_bus_path(const char *bus);
GVariant *nilo_daemon_process_round(NiloDaemonProcess *self, const char *bus);

/* signals: marks are positions in what was heard */
guint nilo_daemon_process_mark(NiloDaemonProcess *self);
const NiloHeard *nilo_daemon_process_get_heard(NiloDaemonProcess *self, guint position);
GVariant *nilo_daemon_process_wait_event(NiloDaemonProcess *self, guint mark, const char *kind,
                                         const char *meter);
typedef gboolean (*NiloTestCondition)(NiloDaemonProcess *self, gpointer user_data);
void nilo_daemon_process_wait(NiloDaemonProcess *self, NiloTestCondition condition,
                              gpointer user_data);

/* any other program on the private bus, that ends with us; its output goes into the log */
GPid nilo_daemon_process_spawn(NiloDaemonProcess *self, const char *const *argv,
                               GSpawnChildSetupFunc setup, gpointer user_data);
void nilo_daemon_process_end(GPid pid);

/* nilometerctl; returns its exit code */
int nilo_daemon_process_ctl(NiloDaemonProcess *self, const char *input, char **output,
                            char **errors, ...) G_GNUC_NULL_TERMINATED;

/* where the build has put "core/nilometerd" and others */
char *nilo_daemon_process_find_built(const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloDaemonProcess, nilo_daemon_process_free)

G_END_DECLS
