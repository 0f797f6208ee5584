/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-serial-name.h"

G_BEGIN_DECLS

int nilo_serial_tcp_connect(const NiloSerialName *name, NiloClock *clock, guint timeout_ms,
                            GCancellable *cancellable, GError **error);

G_END_DECLS
