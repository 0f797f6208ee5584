/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dbus-report.h"

#define MAX_EVIDENCE_BYTES 8192

static const char *const status_names[] = {
    "battery-low",  "permanent-error", "temporary-error", "alarm", "valve-open",
    "valve-closed", "valve-fault",     "tamper",          "leak",  "vendor",
};

static const char *const flag_names[] = {"invalid", "implausible", "meter-time", "confirmed"};

const char *
nilo_cause_get_nick(NiloReportCause cause)
{
    static const char *const nicks[] = {"schedule", "retry", "probe", "demand", "write"};

    return (guint)cause < G_N_ELEMENTS(nicks) ? nicks[cause] : "unknown";
}

GVariant *
nilo_dbus_status_new(guint status)
{
    GVariantBuilder names;

    g_variant_builder_init(&names, G_VARIANT_TYPE("as"));
    for (gsize bit = 0; bit < G_N_ELEMENTS(status_names); bit++) {
        if ((status & 1u << bit) != 0)
            g_variant_builder_add(&names, "s", status_names[bit]);
    }
    return g_variant_builder_end(&names);
}

static char *
flags_to_text(guint flags)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize bit = 0; bit < G_N_ELEMENTS(flag_names); bit++) {
        if ((flags & 1u << bit) != 0)
            g_string_append_printf(text, "%s%s", text->len > 0 ? "," : "", flag_names[bit]);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static GVariant *
readings_new(NiloReport *report)
{
    GVariantBuilder list;
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);

    g_variant_builder_init(&list, G_VARIANT_TYPE("a(sxsss)"));
    for (gsize i = 0; i < n_readings; i++) {
        const NiloReading *reading = &readings[i];
        g_autofree char *reg = nilo_register_to_text(reading->reg);
        /* an invalid value has no number: not 0, none */
        g_autofree char *value = (reading->flags & NILO_READING_INVALID) != 0
                                     ? g_strdup("")
                                     : nilo_value_to_text(&reading->value);
        g_autofree char *flags = flags_to_text(reading->flags);
        const char *unit = nilo_unit_get_name((NiloUnit)reading->value.unit);

        g_variant_builder_add(&list, "(sxsss)", reg, reading->taken_us, value,
                              unit != NULL ? unit : "?", flags);
    }
    return g_variant_builder_end(&list);
}

static GVariant *
facts_new(NiloReport *report)
{
    GVariantBuilder list;
    gsize n_facts;
    const NiloFact *facts = nilo_report_get_facts(report, &n_facts);

    g_variant_builder_init(&list, G_VARIANT_TYPE("a(ss)"));
    for (gsize i = 0; i < n_facts; i++)
        g_variant_builder_add(&list, "(ss)", facts[i].key, facts[i].text);
    return g_variant_builder_end(&list);
}

static char *
evidence_to_text(GBytes *evidence)
{
    gsize size = 0;
    const guint8 *bytes = evidence != NULL ? g_bytes_get_data(evidence, &size) : NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    /* direction marks and hex are already text; anything else would not be UTF-8 */
    for (gsize i = 0; i < MIN(size, MAX_EVIDENCE_BYTES); i++)
        g_string_append_c(text,
                          g_ascii_isprint(bytes[i]) || bytes[i] == '\n' ? (char)bytes[i] : '.');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
add_optional(GVariantDict *dict, NiloReport *report, gboolean with_evidence)
{
    gint64 drift_s;

    if (nilo_report_get_found(report) != NULL)
        g_variant_dict_insert(dict, "found", "s", nilo_report_get_found(report));
    if (nilo_report_get_clock_drift_s(report, &drift_s))
        g_variant_dict_insert(dict, "clock-drift-s", "x", drift_s);
    if (with_evidence) {
        g_autofree char *evidence = evidence_to_text(nilo_report_get_evidence(report));

        g_variant_dict_insert(dict, "evidence", "s", evidence);
    }
}

GVariant *
nilo_dbus_report_new(NiloReport *report, gboolean with_evidence)
{
    GVariantDict dict;
    const char *bus = nilo_report_get_bus(report);

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "meter", "s",
                          nilo_meter_id_get_text(nilo_report_get_meter(report)));
    g_variant_dict_insert(&dict, "bus", "s", bus != NULL ? bus : "");
    g_variant_dict_insert(&dict, "taken-us", "x", nilo_report_get_taken_us(report));
    g_variant_dict_insert(&dict, "outcome", "s",
                          nilo_outcome_get_nick(nilo_report_get_outcome(report)));
    g_variant_dict_insert(&dict, "cause", "s", nilo_cause_get_nick(nilo_report_get_cause(report)));
    g_variant_dict_insert(&dict, "attempts", "u", nilo_report_get_attempts(report));
    g_variant_dict_insert(&dict, "answer-ms", "u", nilo_report_get_answer_ms(report));
    g_variant_dict_insert(&dict, "undecoded", "u", nilo_report_get_undecoded(report));
    g_variant_dict_insert_value(&dict, "status",
                                nilo_dbus_status_new(nilo_report_get_status(report)));
    g_variant_dict_insert_value(&dict, "readings", readings_new(report));
    g_variant_dict_insert_value(&dict, "facts", facts_new(report));
    add_optional(&dict, report, with_evidence);
    return g_variant_dict_end(&dict);
}
