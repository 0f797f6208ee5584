/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * nilo_notify:
 * @state: "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..."; several by line
 *
 * Tells systemd, if it asked to be told (sd_notify(3), NOTIFY_SOCKET). The protocol is one
 * datagram, stable by promise; libsystemd for it would be a tenth of the daemon's memory.
 */
void nilo_notify(const char *state);

/** nilo_notify_get_watchdog_us: how often WATCHDOG=1 is due at the latest; 0 for never */
guint64 nilo_notify_get_watchdog_us(void);

G_END_DECLS
