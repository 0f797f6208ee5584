/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One byte as a receiver gets it. */
typedef struct {
    gint64 end_ns; /* end of its stop bit */
    guint8 byte;
    gboolean damaged; /* parity or framing error: a UART would say so, a pty cannot */
    gboolean last;    /* of an answer */
    gint meter;       /* index on the bus, behind the meters the stations; -1: nobody's */
} NiloLabByte;

/* What one meter puts on the wire: bytes back to back. */
typedef struct {
    gint64 start_ns;
    const guint8 *bytes;
    gsize size;
    gint meter;
} NiloLabSignal;

gboolean nilo_lab_is_same_speed(guint a_baud, guint b_baud);
void nilo_lab_bytes_insert(GArray *bytes, guint from, const NiloLabByte *byte, gint64 byte_ns);
void nilo_lab_byte_resample(const NiloLabByte *byte, guint speed_baud, guint heard_at_baud,
                            GArray *heard);
void nilo_lab_signals_hear(const NiloLabSignal *signals, gsize n, gint64 byte_ns, GArray *heard);

G_END_DECLS
