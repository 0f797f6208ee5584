/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-report.h"

#include <string.h>

struct _NiloReport {
    gatomicrefcount ref_count;
    NiloMeterId *meter;
    const char *bus; /* interned: a building has few buses and many reports */
    gint64 taken_us;
    gint64 monotonic_us;
    gint64 clock_drift_s;
    gboolean has_clock_drift;
    NiloClockQuality clock_quality;
    NiloOutcome outcome;
    NiloReportCause cause;
    guint status;
    guint attempts;
    guint answer_ms;
    guint undecoded;
    char *found;
    GArray *readings; /* element-type NiloReading */
    GArray *facts;    /* element-type NiloFact, keys and texts owned */
    GBytes *evidence;
};

struct _NiloReportBuilder {
    NiloReport *report;
};

G_DEFINE_BOXED_TYPE(NiloReport, nilo_report, nilo_report_ref, nilo_report_unref)

static void
clear_fact(gpointer data)
{
    NiloFact *fact = data;

    g_free((char *)fact->key);
    g_free((char *)fact->text);
}

static NiloReport *
report_new(NiloMeterId *meter)
{
    NiloReport *self = g_new0(NiloReport, 1);

    g_atomic_ref_count_init(&self->ref_count);
    self->meter = nilo_meter_id_ref(meter);
    self->readings = g_array_new(FALSE, TRUE, sizeof(NiloReading));
    return self;
}

NiloReport *
nilo_report_ref(NiloReport *self)
{
    g_atomic_ref_count_inc(&self->ref_count);
    return self;
}

void
nilo_report_unref(NiloReport *self)
{
    if (!g_atomic_ref_count_dec(&self->ref_count))
        return;
    nilo_meter_id_unref(self->meter);
    g_array_unref(self->readings);
    g_clear_pointer(&self->facts, g_array_unref);
    g_clear_pointer(&self->evidence, g_bytes_unref);
    g_free(self->found);
    g_free(self);
}

NiloMeterId *
nilo_report_get_meter(const NiloReport *self)
{
    return self->meter;
}

const char *
nilo_report_get_bus(const NiloReport *self)
{
    return self->bus;
}

gint64
nilo_report_get_taken_us(const NiloReport *self)
{
    return self->taken_us;
}

gint64
nilo_report_get_monotonic_us(const NiloReport *self)
{
    return self->monotonic_us;
}

NiloClockQuality
nilo_report_get_clock_quality(const NiloReport *self)
{
    return self->clock_quality;
}

NiloOutcome
nilo_report_get_outcome(const NiloReport *self)
{
    return self->outcome;
}

NiloReportCause
nilo_report_get_cause(const NiloReport *self)
{
    return self->cause;
}

guint
nilo_report_get_status(const NiloReport *self)
{
    return self->status;
}

guint
nilo_report_get_attempts(const NiloReport *self)
{
    return self->attempts;
}

guint
nilo_report_get_answer_ms(const NiloReport *self)
{
    return self->answer_ms;
}

guint
nilo_report_get_undecoded(const NiloReport *self)
{
    return self->undecoded;
}

gboolean
nilo_report_get_clock_drift_s(const NiloReport *self, gint64 *drift_s)
{
    if (!self->has_clock_drift)
        return FALSE;
    *drift_s = self->clock_drift_s;
    return TRUE;
}

const char *
nilo_report_get_found(const NiloReport *self)
{
    return self->found;
}

const NiloReading *
nilo_report_get_readings(const NiloReport *self, gsize *n_readings)
{
    *n_readings = self->readings->len;
    return (const NiloReading *)(gpointer)self->readings->data;
}

const NiloReading *
nilo_report_find_reading(const NiloReport *self, NiloRegister reg)
{
    for (guint i = 0; i < self->readings->len; i++) {
        const NiloReading *reading = &g_array_index(self->readings, NiloReading, i);

        if (reading->reg == reg)
            return reading;
    }
    return NULL;
}

const NiloFact *
nilo_report_get_facts(const NiloReport *self, gsize *n_facts)
{
    *n_facts = self->facts != NULL ? self->facts->len : 0;
    return self->facts != NULL ? (const NiloFact *)(gpointer)self->facts->data : NULL;
}

GBytes *
nilo_report_get_evidence(const NiloReport *self)
{
    return self->evidence;
}

NiloReportBuilder *
nilo_report_builder_new(NiloMeterId *meter)
{
    NiloReportBuilder *self = g_new0(NiloReportBuilder, 1);

    self->report = report_new(meter);
    return self;
}

void
nilo_report_builder_free(NiloReportBuilder *self)
{
    nilo_report_unref(self->report);
    g_free(self);
}

/* the next free occurrence: two volumes of one telegram must stay two registers */
static NiloRegister
make_distinct(const NiloReport *report, NiloRegister reg)
{
    NiloRegisterParts parts;

    while (nilo_report_find_reading(report, reg) != NULL) {
        nilo_register_unpack(reg, &parts);
        parts.occurrence++;
        if (!nilo_register_pack(&parts, &reg))
            break;
    }
    return reg;
}

static void
add_reading(NiloReportBuilder *self, const NiloReading *reading)
{
    NiloReading copy = *reading;

    /* freezes carry their own stamp, so one register at many moments is no clash */
    if ((reading->flags & NILO_READING_METER_TIME) == 0)
        copy.reg = make_distinct(self->report, reading->reg);
    g_array_append_val(self->report->readings, copy);
}

void
nilo_report_builder_add(NiloReportBuilder *self, NiloRegister reg, const NiloValue *value,
                        guint flags)
{
    const NiloReading reading = {.reg = reg, .value = *value, .flags = (guint16)flags};

    add_reading(self, &reading);
}

void
nilo_report_builder_add_at(NiloReportBuilder *self, NiloRegister reg, const NiloValue *value,
                           guint flags, gint64 taken_us)
{
    const NiloReading reading = {
        .reg = reg,
        .taken_us = taken_us,
        .value = *value,
        .flags = (guint16)(flags | NILO_READING_METER_TIME),
    };

    add_reading(self, &reading);
}

void
nilo_report_builder_add_fact(NiloReportBuilder *self, const char *key, const char *text)
{
    /* not interned: a meter, or noise, may make up any number of keys */
    const NiloFact fact = {g_strdup(key), g_utf8_make_valid(text, -1)};

    if (self->report->facts == NULL) {
        self->report->facts = g_array_new(FALSE, FALSE, sizeof(NiloFact));
        g_array_set_clear_func(self->report->facts, clear_fact);
    }
    g_array_append_val(self->report->facts, fact);
}

void
nilo_report_builder_count_undecoded(NiloReportBuilder *self)
{
    self->report->undecoded++;
}

void
nilo_report_builder_set_undecoded(NiloReportBuilder *self, guint undecoded)
{
    self->report->undecoded = undecoded;
}

void
nilo_report_builder_add_status(NiloReportBuilder *self, guint status)
{
    self->report->status |= status;
}

void
nilo_report_builder_set_clock_drift_s(NiloReportBuilder *self, gint64 drift_s)
{
    self->report->clock_drift_s = drift_s;
    self->report->has_clock_drift = TRUE;
}

void
nilo_report_builder_set_found(NiloReportBuilder *self, const char *found)
{
    g_free(self->report->found);
    self->report->found = g_strdup(found);
}

void
nilo_report_builder_reset(NiloReportBuilder *self)
{
    g_autoptr(NiloReport) old = self->report;

    self->report = report_new(old->meter);
}

const NiloReading *
nilo_report_builder_get_readings(const NiloReportBuilder *self, gsize *n_readings)
{
    return nilo_report_get_readings(self->report, n_readings);
}

void
nilo_report_builder_flag(NiloReportBuilder *self, gsize index, guint flags)
{
    g_return_if_fail(index < self->report->readings->len);

    g_array_index(self->report->readings, NiloReading, index).flags |= (guint16)flags;
}

void
nilo_report_builder_set_bus(NiloReportBuilder *self, const char *bus)
{
    self->report->bus = g_intern_string(bus);
}

void
nilo_report_builder_set_cause(NiloReportBuilder *self, NiloReportCause cause)
{
    self->report->cause = cause;
}

void
nilo_report_builder_set_time(NiloReportBuilder *self, gint64 taken_us, gint64 monotonic_us,
                             NiloClockQuality quality)
{
    self->report->taken_us = taken_us;
    self->report->monotonic_us = monotonic_us;
    self->report->clock_quality = quality;
}

void
nilo_report_builder_set_exchange(NiloReportBuilder *self, guint attempts, guint answer_ms)
{
    self->report->attempts = attempts;
    self->report->answer_ms = answer_ms;
}

void
nilo_report_builder_set_evidence(NiloReportBuilder *self, GBytes *evidence)
{
    g_clear_pointer(&self->report->evidence, g_bytes_unref);
    self->report->evidence = evidence != NULL ? g_bytes_ref(evidence) : NULL;
}

NiloReport *
nilo_report_builder_finish(NiloReportBuilder *self, NiloOutcome outcome)
{
    NiloReport *report = self->report;

    self->report = report_new(report->meter);
    report->outcome = outcome;
    for (guint i = 0; i < report->readings->len; i++) {
        NiloReading *reading = &g_array_index(report->readings, NiloReading, i);

        if ((reading->flags & NILO_READING_METER_TIME) == 0)
            reading->taken_us = report->taken_us;
    }
    return report;
}
