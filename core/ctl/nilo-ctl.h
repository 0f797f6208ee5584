/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* documented in nilometerctl(1); scripts rely on them */
typedef enum {
    NILO_CTL_OK = 0,
    NILO_CTL_FAILED = 1,
    NILO_CTL_USAGE = 2,
    NILO_CTL_NO_DAEMON = 3,
    NILO_CTL_DENIED = 4,
    NILO_CTL_NOT_FOUND = 5,
    NILO_CTL_NO_ANSWER = 6,
    NILO_CTL_BAD_CONFIG = 7,
} NiloCtlExit;

/**
 * NiloCtl:
 * @json: print JSON
 * @address: (nullable): D-Bus address other than the system bus
 * @config_dir: where check-config, describe and setup look
 * @connection: (nullable): made with the first call
 *
 * What every command gets.
 */
typedef struct {
    gboolean json;
    char *address;
    char *config_dir;
    GDBusConnection *connection;
} NiloCtl;

/**
 * NiloCtlCommand:
 * @arguments: how they are written in the help, "" for none
 * @help: one line, marked N_()
 * @run: gets the command's own words; @argv[0] is its name. Prints its own errors
 */
typedef struct {
    const char *name;
    const char *arguments;
    const char *help;
    NiloCtlExit (*run)(NiloCtl *ctl, int argc, char **argv);
} NiloCtlCommand;

NiloCtlExit nilo_ctl_status(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_list(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_show(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_journal(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_read(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_watch(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_history(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_valve(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_set_clock(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_set_address(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_purchase(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_scan(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_round(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_doctor(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_reload(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_release(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_meters(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_decode(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_describe(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_check_config(NiloCtl *ctl, int argc, char **argv);
NiloCtlExit nilo_ctl_setup(NiloCtl *ctl, int argc, char **argv);

G_END_DECLS
