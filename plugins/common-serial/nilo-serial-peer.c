/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-peer.h"

#include <arpa/inet.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* a test that waits longer than this has failed, on any machine */
#define PATIENCE_MS 10000

NiloSerialPeer *
nilo_serial_peer_new_pty(void)
{
    NiloSerialPeer *self = g_new0(NiloSerialPeer, 1);

    self->listener = -1;
    self->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(self->fd, >=, 0);
    g_assert_cmpint(grantpt(self->fd), ==, 0);
    g_assert_cmpint(unlockpt(self->fd), ==, 0);
    self->port = g_strdup(ptsname(self->fd));
    return self;
}

/* listens, but nobody has accepted yet */
NiloSerialPeer *
nilo_serial_peer_new_tcp(void)
{
    NiloSerialPeer *self = g_new0(NiloSerialPeer, 1);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;

    self->fd = -1;
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(self->listener, (struct sockaddr *)&address, size), ==, 0);
    g_assert_cmpint(getsockname(self->listener, (struct sockaddr *)&address, &size), ==, 0);
    g_assert_cmpint(listen(self->listener, 1), ==, 0);
    self->port = g_strdup_printf("tcp:127.0.0.1:%u", ntohs(address.sin_port));
    return self;
}

void
nilo_serial_peer_accept(NiloSerialPeer *self)
{
    struct pollfd fd = {.fd = self->listener, .events = POLLIN};

    g_assert_cmpint(poll(&fd, 1, PATIENCE_MS), ==, 1);
    self->fd = accept(self->listener, NULL, NULL);
    g_assert_cmpint(self->fd, >=, 0);
}

/* keeps the TCP port, so that nobody else gets it, but listens no more */
void
nilo_serial_peer_deafen(NiloSerialPeer *self)
{
    g_assert_cmpint(shutdown(self->listener, SHUT_RD), ==, 0);
}

void
nilo_serial_peer_hang_up(NiloSerialPeer *self)
{
    g_assert_cmpint(close(self->fd), ==, 0);
    self->fd = -1;
}

void
nilo_serial_peer_free(NiloSerialPeer *self)
{
    if (self->fd >= 0)
        close(self->fd);
    if (self->listener >= 0)
        close(self->listener);
    g_free(self->port);
    g_free(self);
}

void
nilo_serial_peer_write(NiloSerialPeer *self, const void *bytes, gsize size)
{
    g_assert_cmpint(write(self->fd, bytes, size), ==, (gssize)size);
}

/* exactly these bytes come next */
void
nilo_serial_peer_assert_reads(NiloSerialPeer *self, const void *bytes, gsize size)
{
    g_autofree guint8 *got = g_malloc(size);
    gsize n = 0;

    while (n < size) {
        struct pollfd fd = {.fd = self->fd, .events = POLLIN};
        gssize more;

        g_assert_cmpint(poll(&fd, 1, PATIENCE_MS), ==, 1);
        more = read(self->fd, got + n, size - n);
        g_assert_cmpint(more, >, 0);
        n += (gsize)more;
    }
    g_assert_cmpmem(got, n, bytes, size);
}

/* what the other end of the pseudo terminal set, bits per second */
guint
nilo_serial_peer_get_speed(NiloSerialPeer *self)
{
    struct termios2 termios;

    g_assert_cmpint(ioctl(self->fd, TCGETS2, &termios), ==, 0);
    return termios.c_ospeed;
}
