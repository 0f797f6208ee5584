/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * NiloSerialFakeTty:
 * @has_rs485: the kernel can switch the direction: TIOCGRS485 and TIOCSRS485 work
 * @rs485_flags: SER_RS485_...
 * @has_counts: TIOCGICOUNT works
 * @has_modem_lines: TIOCMBIS and TIOCMBIC work
 * @modem_lines: TIOCM_... that are on
 * @has_serial: TIOCGSERIAL and TIOCSSERIAL work
 * @serial_flags: ASYNC_...
 * @unsent: what TIOCOUTQ tells, one less each time it is asked; negative: never less
 * @busy_chip: how often TIOCSERGETLSR says that the chip still sends
 * @other_speed_baud: the speed the adapter takes instead of the one it was told; 0: that one
 * @gone: the adapter was unplugged: every ioctl fails
 * @n_flushed: how often output was thrown away
 * @n_breaks: breaks begun less breaks ended
 *
 * For tests linked with -Wl,--wrap=ioctl: gives a pseudo terminal what only real adapters have.
 */
typedef struct {
    gboolean has_rs485;
    guint32 rs485_flags;
    guint rs485_before_ms;
    guint rs485_after_ms;
    gboolean has_counts;
    int parity_errors;
    int framing_errors;
    int overruns;
    int breaks;
    gboolean has_modem_lines;
    int modem_lines;
    gboolean has_serial;
    int serial_flags;
    int unsent;
    int busy_chip;
    guint other_speed_baud;
    gboolean gone;
    guint n_flushed;
    int n_breaks;
} NiloSerialFakeTty;

NiloSerialFakeTty *nilo_serial_fake_tty_reset(void);

G_END_DECLS
