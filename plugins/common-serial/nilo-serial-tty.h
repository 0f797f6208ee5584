/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-serial-mode.h"

G_BEGIN_DECLS

/* what the kernel allows for the delays around sending */
#define NILO_SERIAL_RTS_DELAY_MAX_MS 100

/**
 * NiloSerialRs485:
 * @enabled: whether the kernel switches the direction
 * @rts_high: RTS is high while sending, and low while listening; or the other way round
 * @before_send_ms: from switching to the first start bit
 * @after_send_ms: from the last stop bit to switching back
 */
typedef struct {
    gboolean enabled;
    gboolean rts_high;
    guint before_send_ms;
    guint after_send_ms;
} NiloSerialRs485;

int nilo_serial_tty_open(const char *path, GError **error);
void nilo_serial_tty_close(int fd);
gboolean nilo_serial_tty_set_mode(int fd, const char *path, const NiloSerialMode *mode,
                                  GError **error);
gboolean nilo_serial_tty_get_rs485(int fd, NiloSerialRs485 *rs485);
gboolean nilo_serial_tty_set_rs485(int fd, const char *path, const NiloSerialRs485 *rs485,
                                   GError **error);
gboolean nilo_serial_tty_set_power(int fd, const char *path, gboolean dtr, gboolean rts,
                                   GError **error);
void nilo_serial_tty_ask_low_latency(int fd, const char *path);
gboolean nilo_serial_tty_get_counts(int fd, NiloLineCounts *counts);
guint nilo_serial_tty_get_unsent(int fd);
gboolean nilo_serial_tty_is_sending(int fd);
void nilo_serial_tty_flush_input(int fd);
void nilo_serial_tty_flush_output(int fd);
void nilo_serial_tty_set_break(int fd, gboolean on);

G_END_DECLS
