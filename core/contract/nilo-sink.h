/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-event.h"
#include "nilo-report.h"

G_BEGIN_DECLS

#define NILO_TYPE_SINK (nilo_sink_get_type())

/**
 * NiloSink:
 *
 * Where reports and events go: the journal. Called from any bus thread, never blocks longer
 * than it takes to queue: a full or broken disk costs a count, not a round.
 *
 * Since: 0.1
 */
NILO_INTERNAL
G_DECLARE_INTERFACE(NiloSink, nilo_sink, NILO, SINK, GObject)

/**
 * NiloSinkStored:
 * @sequence: of the batch the report stands in, on the disk now; 0 when it was dropped
 *
 * Called on the writer's thread, after the flush.
 */
typedef void (*NiloSinkStored)(NiloReport *report, guint64 sequence, gpointer user_data);

/**
 * NiloSinkInterface:
 * @put_report: @stored may be %NULL
 * @put_event: events are written before the reports that are queued
 * @flush: (any thread) writes what is queued now instead of waiting for more to join the batch
 */
struct _NiloSinkInterface {
    GTypeInterface parent_iface;

    void (*put_report)(NiloSink *self, NiloReport *report, NiloSinkStored stored,
                       gpointer user_data);
    void (*put_event)(NiloSink *self, NiloEvent *event);
    void (*flush)(NiloSink *self);
};

NILO_INTERNAL void nilo_sink_put_report(NiloSink *self, NiloReport *report, NiloSinkStored stored,
                                        gpointer user_data);
NILO_INTERNAL void nilo_sink_put_event(NiloSink *self, NiloEvent *event);
NILO_INTERNAL void nilo_sink_flush(NiloSink *self);

G_END_DECLS
