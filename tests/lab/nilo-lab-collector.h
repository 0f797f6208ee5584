/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * A data collector with its real firmware: as a process of this machine, or as an image in QEMU.
 * Both are held by the same handles, so that a scenario runs on either: two lines as sockets, pins,
 * an EEPROM in a file, and kill -9 for a power cut.
 */
typedef struct _NiloLabCollector NiloLabCollector;

typedef enum {
    NILO_LAB_COLLECTOR_HOST,
    NILO_LAB_COLLECTOR_QEMU,
} NiloLabCollectorPort;

typedef enum {
    NILO_LAB_LINE_BUS,    /* towards the concentrator */
    NILO_LAB_LINE_METERS, /* towards direct-reading meters */
    NILO_LAB_LINES,
} NiloLabLine;

typedef enum {
    NILO_LAB_TROUBLE_NONE,      /* what is stuck comes loose */
    NILO_LAB_TROUBLE_HANG_MAIN, /* the main loop never comes back: only the watchdog helps */
    NILO_LAB_TROUBLE_HANG_ISR,  /* an interrupt does not; QEMU only */
    NILO_LAB_TROUBLE_FAULT,     /* an instruction that does not exist; QEMU only */
    NILO_LAB_TROUBLE_I2C_STUCK, /* somebody holds the data line */
    NILO_LAB_TROUBLE_I2C_HELD,  /* the same, until it has been clocked a few times */
    NILO_LAB_TROUBLE_RTC_LOST,  /* the clock has lost its time */
} NiloLabTrouble;

#define NILO_LAB_EEPROM_SIZE 65536
#define NILO_LAB_PIN_COVER   15

typedef struct {
    gint64 at_us; /* monotonic, when we heard of it */
    gboolean enabled;
} NiloLabDriverChange;

char *nilo_lab_collector_why_not(NiloLabCollectorPort port);

NiloLabCollector *nilo_lab_collector_new(NiloLabCollectorPort port, const char *folder);
void nilo_lab_collector_free(NiloLabCollector *collector);

void nilo_lab_collector_set_rtc(NiloLabCollector *collector, const char *moment);
void nilo_lab_collector_set_board_number(NiloLabCollector *collector, guint32 number);
void nilo_lab_collector_set_harsh(NiloLabCollector *collector, guint32 seed);
gboolean nilo_lab_collector_prepare(NiloLabCollector *collector, const char *const *settings,
                                    GError **error);

gboolean nilo_lab_collector_start(NiloLabCollector *collector, GError **error);
void nilo_lab_collector_kill(NiloLabCollector *collector);
gboolean nilo_lab_collector_is_running(NiloLabCollector *collector);

NiloLabCollectorPort nilo_lab_collector_get_port(NiloLabCollector *collector);
const char *nilo_lab_collector_get_eeprom(NiloLabCollector *collector);
int nilo_lab_collector_get_line_fd(NiloLabCollector *collector, NiloLabLine line);

gboolean nilo_lab_collector_set_pins(NiloLabCollector *collector, guint mask, guint closed,
                                     GError **error);
gboolean nilo_lab_collector_wait_pins(NiloLabCollector *collector, guint mask, GError **error);
gboolean nilo_lab_collector_get_line(NiloLabCollector *collector, NiloLabLine line,
                                     guint *speed_baud, gboolean *even_parity, GError **error);
gboolean nilo_lab_collector_set_battery(NiloLabCollector *collector, guint battery_mv,
                                        GError **error);
gboolean nilo_lab_collector_make_trouble(NiloLabCollector *collector, NiloLabTrouble trouble,
                                         GError **error);
gboolean nilo_lab_collector_pass_time(NiloLabCollector *collector, guint ms, GError **error);
void nilo_lab_collector_look(NiloLabCollector *collector);
guint nilo_lab_collector_get_resets(NiloLabCollector *collector);
GArray *nilo_lab_collector_get_driver_changes(NiloLabCollector *collector);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabCollector, nilo_lab_collector_free)

G_END_DECLS
