/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus-meter.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static NiloReport *
make_report(NiloMeterId *id)
{
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    const NiloValue value = {12345, -3, NILO_UNIT_CUBIC_METRE};

    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    nilo_report_builder_set_time(builder, G_GINT64_CONSTANT(1767225600000000), 1,
                                 NILO_CLOCK_SYNCHRONISED);
    return nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
}

/* whatever was restored: lanes go on, and a read is judged by it */
static void
use(NiloBusMeter *meter, NiloReport *report)
{
    const NiloPlausibilityContext context = {.flow_max_ml_per_h = 10000000};
    const NiloLaneRules rules = {.misses = 2, .wait_max = 16};
    g_autoptr(GPtrArray) reports = g_ptr_array_new();
    g_autoptr(NiloReport) accepted = NULL;
    gboolean implausible;

    nilo_lane_state_begin_round(&meter->lane);
    nilo_lane_state_note(&meter->lane, NILO_OUTCOME_SILENT, &rules);
    g_assert_cmpuint(nilo_answer_time_get_allowance_ms(&meter->time, 188, 300), <=, 488);
    g_ptr_array_add(reports, report);
    accepted = nilo_plausibility_accept(&meter->plausibility, reports, 0,
                                        nilo_plausibility_must_confirm(&meter->plausibility, report,
                                                                       &context),
                                        &context, &implausible);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GHashTable) meters = g_hash_table_new_full(nilo_meter_id_hash, nilo_meter_id_equal,
                                                         NULL, (GDestroyNotify)nilo_bus_meter_free);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("x:1", NULL);
    g_autoptr(NiloMeter) object = nilo_meter_new(id, "riser", NULL, NULL, NULL, NULL);
    NiloBusMeter *meter = nilo_bus_meter_new(object, 0);
    g_autoptr(NiloReport) report = make_report(id);
    g_autoptr(GVariant) memory = NULL;

    g_hash_table_insert(meters, nilo_meter_get_id(meter->meter), meter);
    memory = nilo_bus_memory_parse(bytes, NULL);
    if (memory != NULL)
        nilo_bus_memory_restore(memory, meters);
    use(meter, report);
    return 0;
}
