/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-batch.h"

struct _NiloBatch {
    gatomicrefcount ref_count;
    guint64 epoch;
    guint64 sequence;
    GPtrArray *reports; /* element-type NiloReport */
    GPtrArray *events;  /* element-type NiloEvent */
};

G_DEFINE_BOXED_TYPE(NiloBatch, nilo_batch, nilo_batch_ref, nilo_batch_unref)

static gpointer
copy_report(gconstpointer source, gpointer data)
{
    return nilo_report_ref((NiloReport *)source);
}

static gpointer
copy_event(gconstpointer source, gpointer data)
{
    return nilo_event_ref((NiloEvent *)source);
}

/* a copy of the list, so that a caller's later additions do not reach an immutable batch */
static GPtrArray *
copy_list(GPtrArray *source, GCopyFunc copy, GDestroyNotify unref)
{
    GPtrArray *list = g_ptr_array_new_full(source != NULL ? source->len : 0, unref);

    for (guint i = 0; source != NULL && i < source->len; i++)
        g_ptr_array_add(list, copy(source->pdata[i], NULL));
    return list;
}

NiloBatch *
nilo_batch_new(guint64 epoch, guint64 sequence, GPtrArray *reports, GPtrArray *events)
{
    NiloBatch *self = g_new0(NiloBatch, 1);

    g_atomic_ref_count_init(&self->ref_count);
    self->epoch = epoch;
    self->sequence = sequence;
    self->reports = copy_list(reports, copy_report, (GDestroyNotify)nilo_report_unref);
    self->events = copy_list(events, copy_event, (GDestroyNotify)nilo_event_unref);
    return self;
}

NiloBatch *
nilo_batch_ref(NiloBatch *self)
{
    g_atomic_ref_count_inc(&self->ref_count);
    return self;
}

void
nilo_batch_unref(NiloBatch *self)
{
    if (!g_atomic_ref_count_dec(&self->ref_count))
        return;
    g_ptr_array_unref(self->reports);
    g_ptr_array_unref(self->events);
    g_free(self);
}

guint64
nilo_batch_get_epoch(const NiloBatch *self)
{
    return self->epoch;
}

guint64
nilo_batch_get_sequence(const NiloBatch *self)
{
    return self->sequence;
}

guint
nilo_batch_get_n_reports(const NiloBatch *self)
{
    return self->reports->len;
}

NiloReport *
nilo_batch_get_report(const NiloBatch *self, guint index)
{
    g_return_val_if_fail(index < self->reports->len, NULL);

    return self->reports->pdata[index];
}

guint
nilo_batch_get_n_events(const NiloBatch *self)
{
    return self->events->len;
}

NiloEvent *
nilo_batch_get_event(const NiloBatch *self, guint index)
{
    g_return_val_if_fail(index < self->events->len, NULL);

    return self->events->pdata[index];
}
