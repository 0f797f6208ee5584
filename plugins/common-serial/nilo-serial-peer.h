/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * NiloSerialPeer:
 * @port: what a `port` key says to reach it
 *
 * For tests: the other end of a line, a pseudo terminal or a TCP listener on an ephemeral port
 * of the loopback.
 */
typedef struct {
    char *port;
    /*< private >*/
    int fd;
    int listener;
} NiloSerialPeer;

NiloSerialPeer *nilo_serial_peer_new_pty(void);
NiloSerialPeer *nilo_serial_peer_new_tcp(void);
void nilo_serial_peer_accept(NiloSerialPeer *self);
void nilo_serial_peer_deafen(NiloSerialPeer *self);
void nilo_serial_peer_hang_up(NiloSerialPeer *self);
void nilo_serial_peer_free(NiloSerialPeer *self);

void nilo_serial_peer_write(NiloSerialPeer *self, const void *bytes, gsize size);
void nilo_serial_peer_assert_reads(NiloSerialPeer *self, const void *bytes, gsize size);
guint nilo_serial_peer_get_speed(NiloSerialPeer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloSerialPeer, nilo_serial_peer_free)

G_END_DECLS
