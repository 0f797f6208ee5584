/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_TYPE_MBUS_COLLECTOR_LINE (nilo_mbus_collector_line_get_type())

/**
 * NiloMbusCollectorLine:
 *
 * A line to the collector's firmware, in the same process: its real slaves and its real timing on a
 * board made of memory, at the time of a fake clock. There is one board at a time.
 */
G_DECLARE_FINAL_TYPE(NiloMbusCollectorLine, nilo_mbus_collector_line, NILO, MBUS_COLLECTOR_LINE,
                     GObject)

/** NiloMbusCollectorStep: what the firmware's main loop does once; the milliseconds it may sleep
 * then */
typedef guint32 (*NiloMbusCollectorStep)(guint32 now_ms, gpointer user_data);

/** nilo_mbus_collector_line_new: a new board with nothing running on it; 2400 Bd on our side */
NiloMbusCollectorLine *nilo_mbus_collector_line_new(NiloFakeClock *clock);

/** nilo_mbus_collector_line_run: from now on @step is what runs on the board */
void nilo_mbus_collector_line_run(NiloMbusCollectorLine *self, NiloMbusCollectorStep step,
                                  gpointer user_data);

/** nilo_mbus_collector_line_wait: lets time pass for both ends */
void nilo_mbus_collector_line_wait(NiloMbusCollectorLine *self, gint64 us);

/** nilo_mbus_collector_line_count_requests: sent so far */
guint nilo_mbus_collector_line_count_requests(NiloMbusCollectorLine *self);

/** nilo_mbus_collector_line_harm: of the next answer, the byte at @at is changed by @mask, and so
 * is the frame's sum: what a line that is bad twice over does */
void nilo_mbus_collector_line_harm(NiloMbusCollectorLine *self, gsize at, guint8 mask);

/** nilo_mbus_collector_line_set_noise: of a thousand bytes of either side, so many have one bit
 * flipped (and one more in four of those), unseen by any parity */
void nilo_mbus_collector_line_set_noise(NiloMbusCollectorLine *self, guint per_mille, guint32 seed);

G_END_DECLS
