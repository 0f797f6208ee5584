/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-batch-senml.h"

/* SenML (RFC 8428, section 12.1) prints one of our units otherwise than we do */
static const char *
get_unit_symbol(guint unit)
{
    const char *name = nilo_unit_get_name((NiloUnit)unit);

    if (unit == NILO_UNIT_CELSIUS)
        return "Cel";
    return name != NULL ? name : "";
}

static void
append_time(GString *out, const char *label, gint64 time_us)
{
    const NiloValue value = {.mantissa = time_us, .exponent = -6};
    g_autofree char *text = nilo_value_to_text(&value);

    g_string_append_printf(out, ",\"%s\":%s", label, text);
}

static void
append_flags(GString *out, guint flags)
{
    if ((flags & NILO_READING_IMPLAUSIBLE) != 0)
        g_string_append(out, ",\"flags\":\"implausible\"");
    else if ((flags & NILO_READING_CONFIRMED) != 0)
        g_string_append(out, ",\"flags\":\"confirmed\"");
}

static void
append_reading(GString *out, const NiloReading *reading, gint64 base_us)
{
    g_autofree char *name = nilo_register_to_text(reading->reg);
    const char *unit = get_unit_symbol(reading->value.unit);
    g_autofree char *value = NULL;

    g_strdelimit(name, "=", ':');
    g_string_append_printf(out, "\"n\":\"%s\"", name);
    if (reading->taken_us != base_us)
        append_time(out, "t", (gint64)((guint64)reading->taken_us - (guint64)base_us));
    if ((reading->flags & NILO_READING_INVALID) != 0) {
        g_string_append(out, ",\"vs\":\"invalid\"}");
        return;
    }
    if (*unit != '\0')
        g_string_append_printf(out, ",\"u\":\"%s\"", unit);
    value = nilo_value_to_text(&reading->value);
    g_string_append_printf(out, ",\"v\":%s", value);
    append_flags(out, reading->flags);
    g_string_append_c(out, '}');
}

/* base name and base time stand in the first record of a report */
static void
begin_record(GString *out, const NiloReport *report, gboolean first)
{
    g_string_append(out, out->len > 1 ? ",\n{" : "{");
    if (!first)
        return;
    g_string_append_printf(out, "\"bn\":\"%s/\"",
                           nilo_meter_id_get_text(nilo_report_get_meter(report)));
    append_time(out, "bt", nilo_report_get_taken_us(report));
    g_string_append_c(out, ',');
}

static void
append_report(GString *out, const NiloReport *report)
{
    const gint64 taken_us = nilo_report_get_taken_us(report);
    const NiloOutcome outcome = nilo_report_get_outcome(report);
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);
    gboolean first = TRUE;

    if (outcome != NILO_OUTCOME_OK) {
        begin_record(out, report, first);
        g_string_append_printf(out, "\"n\":\"outcome\",\"vs\":\"%s\"}",
                               nilo_outcome_get_nick(outcome));
        first = FALSE;
    }
    for (gsize i = 0; i < n_readings; i++) {
        begin_record(out, report, first);
        append_reading(out, &readings[i], taken_us);
        first = FALSE;
    }
}

char *
nilo_batch_to_senml(const NiloBatch *self)
{
    GString *out = g_string_new("[");

    for (guint i = 0; i < nilo_batch_get_n_reports(self); i++)
        append_report(out, nilo_batch_get_report(self, i));
    g_string_append_c(out, ']');
    return g_string_free(out, FALSE);
}
