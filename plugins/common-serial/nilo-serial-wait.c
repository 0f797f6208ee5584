/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-wait.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <poll.h>

/**
 * nilo_serial_waker_set:
 * @cancellable: (nullable): what interrupts the next waits; %NULL when done
 */
void
nilo_serial_waker_set(NiloSerialWaker *self, GCancellable *cancellable)
{
    if (self->cancellable == cancellable)
        return;
    if (self->cancellable != NULL && self->wake.fd >= 0)
        g_cancellable_release_fd(self->cancellable);
    g_set_object(&self->cancellable, cancellable);
    if (cancellable == NULL || !g_cancellable_make_pollfd(cancellable, &self->wake))
        self->wake.fd = -1;
}

/**
 * nilo_serial_waker_wait:
 * @events: POLLIN or POLLOUT
 * @deadline_us: of @clock; in the past: only looks
 *
 * Waits to the microsecond, as far as the timer slack of the calling thread allows.
 *
 * Returns: 1 when @fd is ready or broken, 0 at the deadline, -1 with %G_IO_ERROR_CANCELLED or
 * %NILO_ERROR_FAILED
 */
gint
nilo_serial_waker_wait(NiloSerialWaker *self, int fd, short events, NiloClock *clock,
                       gint64 deadline_us, GError **error)
{
    const gboolean can_wake = self->cancellable != NULL && self->wake.fd >= 0;

    for (;;) {
        const gint64 left_us = MAX(deadline_us - nilo_clock_get_monotonic_us(clock), 0);
        const struct timespec left = {left_us / G_USEC_PER_SEC, left_us % G_USEC_PER_SEC * 1000};
        struct pollfd fds[] = {
            {.fd = fd, .events = events},
            {.fd = can_wake ? self->wake.fd : -1, .events = POLLIN},
        };
        const int rc = ppoll(fds, G_N_ELEMENTS(fds), &left, NULL);

        if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
            return -1;
        /* the deadline is not asked of the clock again: one that stands still would never reach
         * it */
        if (rc == 0 || (rc > 0 && fds[0].revents != 0))
            return rc > 0 ? 1 : 0;
        if (rc < 0 && errno != EINTR) {
            g_set_error(error, NILO_ERROR, NILO_ERROR_FAILED, _("cannot wait for a line: %s"),
                        g_strerror(errno));
            return -1;
        }
    }
}
