/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-serial-mode.h"
#include "nilo-serial-name.h"

G_BEGIN_DECLS

#define NILO_TYPE_SERIAL_LINE (nilo_serial_line_get_type())

/**
 * NiloSerialLine:
 *
 * A terminal or a connection to a serial server, as a [iface@Nilo.Line]. Belongs to one bus
 * thread.
 */
G_DECLARE_FINAL_TYPE(NiloSerialLine, nilo_serial_line, NILO, SERIAL_LINE, GObject)

NiloSerialLine *nilo_serial_line_new_tty(NiloClock *clock, const NiloSerialName *name,
                                         const NiloSerialMode *mode, GError **error);
NiloSerialLine *nilo_serial_line_new_tcp(NiloClock *clock, const NiloSerialName *name,
                                         const NiloSerialMode *mode, guint timeout_ms,
                                         GCancellable *cancellable, GError **error);
int nilo_serial_line_get_tty(NiloSerialLine *self);
void nilo_serial_line_set_idle_bits(NiloSerialLine *self, guint idle_bits);

G_END_DECLS
