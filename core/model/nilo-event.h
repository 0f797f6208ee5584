/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-meter-id.h"

G_BEGIN_DECLS

#define NILO_TYPE_EVENT (nilo_event_get_type())

/**
 * NiloEvent:
 *
 * Something that happened and that a person or a service may want to know: "meter-exchanged?",
 * "meter-silent", "meter-revived", "bus-lost", "bus-back", "clock-set", "valve-closed",
 * "journal-full", "value-implausible". A hint to look: the tables and cursors are the truth.
 * Immutable and reference counted; crosses threads.
 *
 * Since: 0.1
 */
typedef struct _NiloEvent NiloEvent;

NILO_EXPORT GType nilo_event_get_type(void) G_GNUC_CONST;

/**
 * nilo_event_new:
 * @kind: a word of a-z, - and ?; one meaning for ever
 * @meter: (nullable): whom it is about
 * @bus: (nullable): where
 * @taken_us: when, UTC
 * @text: (nullable): one sentence for a person
 */
NILO_EXPORT NiloEvent *nilo_event_new(const char *kind, NiloMeterId *meter, const char *bus,
                                      gint64 taken_us, const char *text);
NILO_EXPORT NiloEvent *nilo_event_ref(NiloEvent *self);
NILO_EXPORT void nilo_event_unref(NiloEvent *self);

NILO_EXPORT const char *nilo_event_get_kind(const NiloEvent *self);
/** nilo_event_get_meter: (nullable): */
NILO_EXPORT NiloMeterId *nilo_event_get_meter(const NiloEvent *self);
/** nilo_event_get_bus: (nullable): */
NILO_EXPORT const char *nilo_event_get_bus(const NiloEvent *self);
NILO_EXPORT gint64 nilo_event_get_taken_us(const NiloEvent *self);
/** nilo_event_get_text: never %NULL, "" when there is nothing to add */
NILO_EXPORT const char *nilo_event_get_text(const NiloEvent *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloEvent, nilo_event_unref)

G_END_DECLS
