/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-event.h"

struct _NiloEvent {
    gatomicrefcount ref_count;
    const char *kind; /* interned */
    const char *bus;  /* interned */
    NiloMeterId *meter;
    gint64 taken_us;
    char *text;
};

G_DEFINE_BOXED_TYPE(NiloEvent, nilo_event, nilo_event_ref, nilo_event_unref)

NiloEvent *
nilo_event_new(const char *kind, NiloMeterId *meter, const char *bus, gint64 taken_us,
               const char *text)
{
    NiloEvent *self = g_new0(NiloEvent, 1);

    g_atomic_ref_count_init(&self->ref_count);
    self->kind = g_intern_string(kind);
    self->bus = g_intern_string(bus);
    self->meter = meter != NULL ? nilo_meter_id_ref(meter) : NULL;
    self->taken_us = taken_us;
    self->text = text != NULL ? g_utf8_make_valid(text, -1) : g_strdup("");
    return self;
}

NiloEvent *
nilo_event_ref(NiloEvent *self)
{
    g_atomic_ref_count_inc(&self->ref_count);
    return self;
}

void
nilo_event_unref(NiloEvent *self)
{
    if (!g_atomic_ref_count_dec(&self->ref_count))
        return;
    g_clear_pointer(&self->meter, nilo_meter_id_unref);
    g_free(self->text);
    g_free(self);
}

const char *
nilo_event_get_kind(const NiloEvent *self)
{
    return self->kind;
}

NiloMeterId *
nilo_event_get_meter(const NiloEvent *self)
{
    return self->meter;
}

const char *
nilo_event_get_bus(const NiloEvent *self)
{
    return self->bus;
}

gint64
nilo_event_get_taken_us(const NiloEvent *self)
{
    return self->taken_us;
}

const char *
nilo_event_get_text(const NiloEvent *self)
{
    return self->text;
}
