/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-collector.h"

G_BEGIN_DECLS

/* What a port has to do; nilo-lab-collector.c calls it with the lock held. */
typedef struct {
    const char *const *sockets; /* file names: the lines, then the port's own; NULL at the end */
    GStrv (*build_argv)(NiloLabCollector *collector);
    /* all sockets are connected; afterwards the firmware runs, with pins and trouble as they are */
    gboolean (*begin)(NiloLabCollector *collector, GError **error);
    gboolean (*set_pins)(NiloLabCollector *collector, guint mask, guint closed, GError **error);
    /* which of the pins it has seen closed; what set_pins() did it may see later */
    gboolean (*get_seen_pins)(NiloLabCollector *collector, guint *closed, GError **error);
    gboolean (*get_line)(NiloLabCollector *collector, NiloLabLine line, guint *speed_baud,
                         gboolean *even_parity, GError **error);
    gboolean (*set_battery)(NiloLabCollector *collector, GError **error);
    gboolean (*make_trouble)(NiloLabCollector *collector, NiloLabTrouble trouble, GError **error);
    gboolean (*pass_time)(NiloLabCollector *collector, guint ms, GError **error);
    void (*look)(NiloLabCollector *collector);
} NiloLabCollectorBackend;

#define NILO_LAB_MAX_SOCKETS 5
#define NILO_LAB_MAX_GPIOS   8

struct _NiloLabCollector {
    NiloLabCollectorPort port;
    const NiloLabCollectorBackend *backend;
    GMutex lock;
    char *folder;
    char *eeprom;
    char *rtc;    /* (nullable): the host's clock */
    guint32 tear; /* seed; 0: pages are stored whole or not at all */
    GPid pid;     /* 0: not running */
    guint closed; /* the pins */
    guint battery_mv;
    NiloLabTrouble trouble;                /* that the next start begins with */
    guint32 board_number;                  /* 0: the port's own */
    int fds[NILO_LAB_MAX_SOCKETS];         /* as @sockets of the backend; -1: closed */
    GString *unread[NILO_LAB_MAX_SOCKETS]; /* behind the last whole line */
    guint gpios[NILO_LAB_MAX_GPIOS];       /* QEMU: the number in its tree of each port of pins */
    guint n_gpios;
    guint resets;           /* QEMU: of the part, seen so far */
    GArray *driver_changes; /* element-type NiloLabDriverChange */
};

extern const NiloLabCollectorBackend nilo_lab_host_backend;
extern const NiloLabCollectorBackend nilo_lab_qemu_backend;

/* text over one of the sockets */
gboolean nilo_lab_collector_write(NiloLabCollector *collector, guint socket, const char *text,
                                  GError **error);
char *nilo_lab_collector_read_line(NiloLabCollector *collector, guint socket, gint64 deadline_us,
                                   GError **error);
char *nilo_lab_collector_find_program(const char *variable, const char *name);

G_END_DECLS
