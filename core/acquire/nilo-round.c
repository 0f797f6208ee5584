/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-round.h"

struct _NiloRound {
    gatomicrefcount ref_count;
    NiloReportCause cause;
    gint64 nominal_us;
    gint64 started_us;
    gint64 started_monotonic_us;
    gint64 duration_us;
    gint64 live_us;
    gint64 wire_us;
    guint n_due;
    guint n_done;
    guint n_probed;
    guint n_outcomes[NILO_N_OUTCOMES];
    GPtrArray *missed; /* element-type NiloMeterId */
};

G_DEFINE_BOXED_TYPE(NiloRound, nilo_round, nilo_round_ref, nilo_round_unref)

NiloRound *
nilo_round_new(NiloReportCause cause, gint64 nominal_us, gint64 started_us,
               gint64 started_monotonic_us, guint n_due)
{
    NiloRound *self = g_new0(NiloRound, 1);

    g_atomic_ref_count_init(&self->ref_count);
    self->cause = cause;
    self->nominal_us = nominal_us;
    self->started_us = started_us;
    self->started_monotonic_us = started_monotonic_us;
    self->n_due = n_due;
    self->missed = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_meter_id_unref);
    return self;
}

NiloRound *
nilo_round_ref(NiloRound *self)
{
    g_atomic_ref_count_inc(&self->ref_count);
    return self;
}

void
nilo_round_unref(NiloRound *self)
{
    if (!g_atomic_ref_count_dec(&self->ref_count))
        return;
    g_ptr_array_unref(self->missed);
    g_free(self);
}

static gboolean
is_missed(NiloOutcome outcome)
{
    return outcome != NILO_OUTCOME_OK && outcome != NILO_OUTCOME_BUDGET_SPENT &&
           outcome != NILO_OUTCOME_ENCRYPTED && outcome != NILO_OUTCOME_UNSUPPORTED;
}

gboolean
nilo_round_note(NiloRound *self, NiloReport *report, gboolean live, gboolean probed, gint64 wire_us)
{
    const NiloOutcome outcome = nilo_report_get_outcome(report);

    self->duration_us = nilo_report_get_monotonic_us(report) - self->started_monotonic_us;
    if (live)
        self->live_us = self->duration_us;
    self->wire_us += wire_us;
    self->n_probed += probed ? 1 : 0;
    if ((guint)outcome < NILO_N_OUTCOMES)
        self->n_outcomes[outcome]++;
    if (live && is_missed(outcome))
        g_ptr_array_add(self->missed, nilo_meter_id_ref(nilo_report_get_meter(report)));
    return ++self->n_done == self->n_due;
}

gboolean
nilo_round_skip(NiloRound *self)
{
    self->n_due--;
    return self->n_done == self->n_due;
}

gint64
nilo_round_get_nominal_us(const NiloRound *self)
{
    return self->nominal_us;
}

NiloReportCause
nilo_round_get_cause(const NiloRound *self)
{
    return self->cause;
}

gint64
nilo_round_get_started_us(const NiloRound *self)
{
    return self->started_us;
}

guint
nilo_round_get_n_due(const NiloRound *self)
{
    return self->n_due;
}

guint
nilo_round_get_n_done(const NiloRound *self)
{
    return self->n_done;
}

guint
nilo_round_get_n_outcome(const NiloRound *self, NiloOutcome outcome)
{
    return (guint)outcome < NILO_N_OUTCOMES ? self->n_outcomes[outcome] : 0;
}

guint
nilo_round_get_n_probed(const NiloRound *self)
{
    return self->n_probed;
}

gint64
nilo_round_get_duration_us(const NiloRound *self)
{
    return self->duration_us;
}

gint64
nilo_round_get_live_us(const NiloRound *self)
{
    return self->live_us;
}

gint64
nilo_round_get_wire_us(const NiloRound *self)
{
    return self->wire_us;
}

GPtrArray *
nilo_round_get_missed(const NiloRound *self)
{
    return self->missed;
}
