/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-reply.h"

#include "nilo-headend-decimal.h"

GVariant *
nilo_headend_reply_latest(GArray *readings)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssxssu)"));
    for (guint i = 0; i < readings->len; i++) {
        const NiloStoredReading *stored = &g_array_index(readings, NiloStoredReading, i);
        g_autofree char *reg = nilo_register_to_text(stored->reading.reg);
        g_autofree char *value = nilo_value_to_text(&stored->reading.value);

        g_variant_builder_add(&builder, "(ssxssu)", nilo_meter_id_get_text(stored->meter), reg,
                              stored->reading.taken_us, value,
                              nilo_headend_decimal_unit_name(stored->reading.value.unit),
                              (guint)stored->reading.flags);
    }
    return g_variant_builder_end(&builder);
}

GVariant *
nilo_headend_reply_history(GArray *readings)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(xssu)"));
    for (guint i = 0; i < readings->len; i++) {
        const NiloReading *reading = &g_array_index(readings, NiloStoredReading, i).reading;
        g_autofree char *value = nilo_value_to_text(&reading->value);

        g_variant_builder_add(&builder, "(xssu)", reading->taken_us, value,
                              nilo_headend_decimal_unit_name(reading->value.unit),
                              (guint)reading->flags);
    }
    return g_variant_builder_end(&builder);
}

GVariant *
nilo_headend_reply_daily(GArray *days)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(sxxxxxxxb)"));
    for (guint i = 0; i < days->len; i++) {
        const NiloDailyUse *use = &g_array_index(days, NiloDailyUse, i);
        g_autofree char *date = nilo_headend_day_to_text(use->day);

        g_variant_builder_add(&builder, "(sxxxxxxxb)", date, use->first_us, use->first_ml,
                              use->last_us, use->last_ml, use->min_ml, use->max_ml, use->volume_ml,
                              use->closed);
    }
    return g_variant_builder_end(&builder);
}

GVariant *
nilo_headend_reply_misses(GArray *misses)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(sxsus)"));
    for (guint i = 0; i < misses->len; i++) {
        const NiloMiss *miss = &g_array_index(misses, NiloMiss, i);

        g_variant_builder_add(&builder, "(sxsus)", nilo_meter_id_get_text(miss->meter),
                              miss->taken_us, nilo_outcome_get_nick(miss->outcome), miss->attempts,
                              miss->found);
    }
    return g_variant_builder_end(&builder);
}

static const char *
reason_of(const NiloCompleteness *cell)
{
    if (cell->answered > 0)
        return "";
    return cell->missed > 0 ? nilo_outcome_get_nick(cell->reason) : "not-asked";
}

GVariant *
nilo_headend_reply_completeness(GArray *cells)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssuus)"));
    for (guint i = 0; i < cells->len; i++) {
        const NiloCompleteness *cell = &g_array_index(cells, NiloCompleteness, i);
        g_autofree char *date = nilo_headend_day_to_text(cell->day);

        g_variant_builder_add(&builder, "(ssuus)", nilo_meter_id_get_text(cell->meter), date,
                              cell->answered, cell->missed, reason_of(cell));
    }
    return g_variant_builder_end(&builder);
}

GVariant *
nilo_headend_reply_corrections(GArray *corrections)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(sxxbssssss)"));
    for (guint i = 0; i < corrections->len; i++) {
        const NiloCorrection *made = &g_array_index(corrections, NiloCorrection, i);
        g_autofree char *reg = nilo_register_to_text(made->reg);
        g_autofree char *old_value = nilo_value_to_text(&made->old_value);
        g_autofree char *new_value = nilo_value_to_text(&made->new_value);

        g_variant_builder_add(&builder, "(sxxbssssss)", reg, made->taken_us, made->made_us,
                              made->applied, made->author, made->reason, old_value,
                              nilo_headend_decimal_unit_name(made->old_value.unit), new_value,
                              nilo_headend_decimal_unit_name(made->new_value.unit));
    }
    return g_variant_builder_end(&builder);
}
