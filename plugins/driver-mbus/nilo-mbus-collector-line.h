/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

struct nfw_collector;

#define NILO_TYPE_MBUS_COLLECTOR_LINE (nilo_mbus_collector_line_get_type())

/**
 * NiloMbusCollectorLine:
 *
 * A line to the bus side of the collector's firmware, in the same process: its real slaves and its
 * real timing on a board made of memory, at the time of a fake clock. There is one board at a time.
 */
G_DECLARE_FINAL_TYPE(NiloMbusCollectorLine, nilo_mbus_collector_line, NILO, MBUS_COLLECTOR_LINE,
                     GObject)

/** nilo_mbus_collector_line_new: the line is open, at 2400 Bd */
NiloMbusCollectorLine *nilo_mbus_collector_line_new(NiloFakeClock *clock,
                                                    struct nfw_collector *collector);

/** nilo_mbus_collector_line_count_requests: sent so far */
guint nilo_mbus_collector_line_count_requests(NiloMbusCollectorLine *self);

/** nilo_mbus_collector_line_harm: of the next answer, the byte at @at is changed by @mask, and so
 * is the frame's sum: what a line that is bad twice over does */
void nilo_mbus_collector_line_harm(NiloMbusCollectorLine *self, gsize at, guint8 mask);

G_END_DECLS
