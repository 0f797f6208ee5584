/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-line.h"

#include "nilo-error.h"

G_DEFINE_INTERFACE(NiloLine, nilo_line, G_TYPE_OBJECT)

static void
nilo_line_default_init(NiloLineInterface *iface)
{
}

gboolean
nilo_line_configure(NiloLine *self, GObject *settings, GError **error)
{
    NiloLineInterface *iface = NILO_LINE_GET_IFACE(self);

    return iface->configure == NULL || iface->configure(self, settings, error);
}

gboolean
nilo_line_set_speed(NiloLine *self, guint speed_baud, GError **error)
{
    NiloLineInterface *iface = NILO_LINE_GET_IFACE(self);

    if (iface->set_speed == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    "this line cannot change its speed to %u Bd", speed_baud);
        return FALSE;
    }
    return iface->set_speed(self, speed_baud, error);
}

guint
nilo_line_get_speed(NiloLine *self)
{
    NiloLineInterface *iface = NILO_LINE_GET_IFACE(self);

    return iface->get_speed != NULL ? iface->get_speed(self) : 0;
}

gboolean
nilo_line_send(NiloLine *self, const guint8 *bytes, gsize size, GCancellable *cancellable,
               GError **error)
{
    return NILO_LINE_GET_IFACE(self)->send(self, bytes, size, cancellable, error);
}

gssize
nilo_line_receive(NiloLine *self, guint8 *buffer, gsize size, gint64 deadline_us,
                  GCancellable *cancellable, GError **error)
{
    return NILO_LINE_GET_IFACE(self)->receive(self, buffer, size, deadline_us, cancellable, error);
}

void
nilo_line_discard(NiloLine *self)
{
    NILO_LINE_GET_IFACE(self)->discard(self);
}

gboolean
nilo_line_send_break(NiloLine *self, guint duration_ms, GCancellable *cancellable, GError **error)
{
    NiloLineInterface *iface = NILO_LINE_GET_IFACE(self);

    if (iface->send_break == NULL) {
        g_set_error_literal(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                            "this line cannot send a break");
        return FALSE;
    }
    return iface->send_break(self, duration_ms, cancellable, error);
}

void
nilo_line_get_counts(NiloLine *self, NiloLineCounts *counts)
{
    NiloLineInterface *iface = NILO_LINE_GET_IFACE(self);

    *counts = (NiloLineCounts){0};
    if (iface->get_counts != NULL)
        iface->get_counts(self, counts);
}
