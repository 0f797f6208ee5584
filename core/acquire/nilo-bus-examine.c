/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus.h"

#include <string.h>

#include "nilo-bus-private.h"

G_STATIC_ASSERT(NILO_DOCTOR_RECENT == NILO_BUS_METER_RECENT);

static void
add_meter(NiloDoctorSnapshot *snapshot, const NiloBusMeter *meter)
{
    NiloDoctorMeter *copy =
        nilo_doctor_snapshot_add_meter(snapshot, nilo_meter_get_id_text(meter->meter));
    const NiloAnswerTime *time = &meter->noted;

    copy->address = g_strdup(nilo_meter_get_address(meter->meter));
    copy->place = g_strdup(nilo_meter_get_place(meter->meter));
    copy->enabled = nilo_meter_get_enabled(meter->meter);
    memcpy(copy->recent, meter->recent, sizeof copy->recent);
    copy->n_recent = meter->n_recent;
    for (guint i = 0; i < meter->n_recent; i++)
        copy->n_troubled += meter->troubled >> i & 1;
    copy->answered_us = meter->answered_us;
    copy->n_answers = time->n;
    copy->mean_ms = time->mean_us / 1000;
    copy->peak_ms = MAX(time->peak_us, time->former_peak_us) / 1000;
    copy->n_late = time->n_late;
    copy->late_ms = time->late_us / 1000;
    copy->extra_ms = nilo_meter_get_answer_extra_ms(meter->meter);
    copy->found = g_strdup(meter->found);
    copy->status = meter->status;
    copy->has_drift = meter->has_drift;
    copy->drift_s = meter->drift_s;
}

static void
copy_cb(NiloBusConfig *config, const char *port, GPtrArray *riser, gpointer user_data)
{
    NiloDoctorSnapshot *snapshot = user_data;

    g_free(snapshot->port);
    snapshot->port = g_strdup(port);
    snapshot->extra_ms = nilo_bus_config_get_answer_extra_ms(config);
    for (guint i = 0; i < riser->len; i++)
        add_meter(snapshot, g_ptr_array_index(riser, i));
}

GPtrArray *
nilo_bus_examine(NiloBus *self)
{
    g_autoptr(NiloDoctorSnapshot) snapshot =
        nilo_doctor_snapshot_new(nilo_bus_get_name(self), NULL);
    NiloBusState state;

    nilo_bus_get_state(self, &state);
    snapshot->taken_us = nilo_clock_get_utc_us(nilo_bus_get_clock(self));
    snapshot->lost_us = state.lost_us;
    snapshot->echo = state.echo;
    snapshot->babbling = state.babbling;
    nilo_bus_visit(self, copy_cb, snapshot);
    return nilo_doctor_examine(snapshot);
}
