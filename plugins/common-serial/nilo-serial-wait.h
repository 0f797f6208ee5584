/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

/**
 * NiloSerialWaker:
 *
 * The file descriptor by which a cancellable interrupts a wait, kept from one wait to the next:
 * making one for every character that comes would cost more than taking the character. Start
 * with all zero.
 */
typedef struct {
    /*< private >*/
    GCancellable *cancellable;
    GPollFD wake;
} NiloSerialWaker;

void nilo_serial_waker_set(NiloSerialWaker *self, GCancellable *cancellable);
gint nilo_serial_waker_wait(NiloSerialWaker *self, int fd, short events, NiloClock *clock,
                            gint64 deadline_us, GError **error);

G_END_DECLS
