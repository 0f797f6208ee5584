/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-estate.h"
#include "nilo-transport.h"

G_BEGIN_DECLS

/**
 * NiloTortureWire:
 * @lab: the virtual bus
 * @clock: the bus thread's; waiting moves it
 * @speed_baud: of the adapter; 0 for that of @lab
 * @hides_damage: the adapter says nothing of broken characters, as a serial server or a pty does
 * @wrong_parity: the adapter expects the other parity: every character it hears is a broken one
 *
 * What a line of this folder leads to. The lab's lock guards all of it while a bus runs.
 */
typedef struct {
    NiloLabBus *lab;
    NiloFakeClock *clock;
    guint speed_baud;
    gboolean hides_damage;
    gboolean wrong_parity;
} NiloTortureWire;

#define NILO_TYPE_TORTURE_LINE (nilo_torture_line_get_type())

/**
 * NiloTortureLine:
 *
 * A line to a virtual bus in the same process, at the time of a fake clock: each byte arrives when
 * its stop bit would have ended, and nobody waits for it.
 */
G_DECLARE_FINAL_TYPE(NiloTortureLine, nilo_torture_line, NILO, TORTURE_LINE, GObject)

#define NILO_TYPE_TORTURE_TRANSPORT (nilo_torture_transport_get_type())

/**
 * NiloTortureTransport:
 *
 * Opens such lines; fails while the lab has the adapter unplugged.
 */
G_DECLARE_FINAL_TYPE(NiloTortureTransport, nilo_torture_transport, NILO, TORTURE_TRANSPORT, GObject)

/** nilo_torture_transport_new: (transfer full): @wire is borrowed and outlives it and its lines */
NiloTransport *nilo_torture_transport_new(NiloTortureWire *wire);

G_END_DECLS
