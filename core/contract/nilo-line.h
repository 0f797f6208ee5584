/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-clock.h"

G_BEGIN_DECLS

/**
 * NiloLineCounts:
 * @bytes: received
 * @parity_errors: characters whose parity bit was wrong
 * @framing_errors: characters without a stop bit
 * @overruns: characters lost because nobody took them in time
 * @breaks: line held low for longer than a character
 *
 * What a line noticed since it was opened; a line that cannot see one of them leaves it 0.
 *
 * Since: 0.1
 */
typedef struct {
    guint64 bytes;
    guint64 parity_errors;
    guint64 framing_errors;
    guint64 overruns;
    guint64 breaks;
} NiloLineCounts;

#define NILO_TYPE_LINE (nilo_line_get_type())

/**
 * NiloLine:
 *
 * An open byte path to a bus. Used by one bus thread only; every method blocks, and returns
 * early when its cancellable is cancelled. %NILO_ERROR_LINE_LOST from any method means: close
 * it (drop the last reference) and ask the transport for a new one.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloLine, nilo_line, NILO, LINE, GObject)

/**
 * NiloLineInterface:
 * @configure: takes speed, parity ... from a settings object of the transport's registered
 * type; %NULL means the bus's own. Does nothing when it already is so
 * @set_speed: changes the speed only, 300 to 38400 Bd, until the next @configure
 * @get_speed: bits per second now; 0 when the line does not know (a serial server set
 * elsewhere)
 * @send: writes all bytes and returns when the last has left the wire, as far as the line
 * can tell
 * @receive: waits until at least one byte is there or @deadline_us of the line's clock;
 * returns the number of bytes, 0 at the deadline, -1 with an error
 * @discard: throws away what was received and not taken
 * @send_break: holds the line low for @duration_ms; %NULL when the line cannot
 * @get_counts: what was noticed so far
 *
 * Since: 0.1
 */
struct _NiloLineInterface {
    GTypeInterface parent_iface;

    gboolean (*configure)(NiloLine *self, GObject *settings, GError **error);
    gboolean (*set_speed)(NiloLine *self, guint speed_baud, GError **error);
    guint (*get_speed)(NiloLine *self);
    gboolean (*send)(NiloLine *self, const guint8 *bytes, gsize size, GCancellable *cancellable,
                     GError **error);
    gssize (*receive)(NiloLine *self, guint8 *buffer, gsize size, gint64 deadline_us,
                      GCancellable *cancellable, GError **error);
    void (*discard)(NiloLine *self);
    gboolean (*send_break)(NiloLine *self, guint duration_ms, GCancellable *cancellable,
                           GError **error);
    void (*get_counts)(NiloLine *self, NiloLineCounts *counts);
};

NILO_EXPORT gboolean nilo_line_configure(NiloLine *self, GObject *settings, GError **error);
NILO_EXPORT gboolean nilo_line_set_speed(NiloLine *self, guint speed_baud, GError **error);
NILO_EXPORT guint nilo_line_get_speed(NiloLine *self);
NILO_EXPORT gboolean nilo_line_send(NiloLine *self, const guint8 *bytes, gsize size,
                                    GCancellable *cancellable, GError **error);
NILO_EXPORT gssize nilo_line_receive(NiloLine *self, guint8 *buffer, gsize size, gint64 deadline_us,
                                     GCancellable *cancellable, GError **error);
NILO_EXPORT void nilo_line_discard(NiloLine *self);
NILO_EXPORT gboolean nilo_line_send_break(NiloLine *self, guint duration_ms,
                                          GCancellable *cancellable, GError **error);
NILO_EXPORT void nilo_line_get_counts(NiloLine *self, NiloLineCounts *counts);

G_END_DECLS
