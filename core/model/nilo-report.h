/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-clock.h"
#include "nilo-meter-id.h"
#include "nilo-outcome.h"
#include "nilo-reading.h"

G_BEGIN_DECLS

/**
 * NiloReportCause:
 *
 * Why the meter was asked. Numbers are stored.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_CAUSE_SCHEDULE,
    NILO_CAUSE_RETRY,  /* missed in the first round */
    NILO_CAUSE_PROBE,  /* silent so far: looked whether it lives again */
    NILO_CAUSE_DEMAND, /* somebody asked */
    NILO_CAUSE_WRITE,  /* read back after writing */
} NiloReportCause;

/**
 * NiloMeterStatus:
 *
 * What the meter says of itself, in words common to all protocols. Numbers are stored.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_STATUS_NONE = 0,
    NILO_STATUS_BATTERY_LOW = 1 << 0,
    NILO_STATUS_PERMANENT_ERROR = 1 << 1,
    NILO_STATUS_TEMPORARY_ERROR = 1 << 2,
    NILO_STATUS_ALARM = 1 << 3,
    NILO_STATUS_VALVE_OPEN = 1 << 4,
    NILO_STATUS_VALVE_CLOSED = 1 << 5,
    NILO_STATUS_VALVE_FAULT = 1 << 6,
    NILO_STATUS_TAMPER = 1 << 7,
    NILO_STATUS_LEAK = 1 << 8,
    NILO_STATUS_VENDOR = 1 << 9, /* a bit only the maker can explain: see the facts */
} NiloMeterStatus;

/**
 * NiloFact:
 * @key: what it is: "firmware version", "meter clock", "manufacturer data", "status byte"
 * @text: as text; bytes as hex
 *
 * Something a meter said that is no reading: a text, a date, a bit field, a block kept raw.
 *
 * Since: 0.1
 */
typedef struct {
    const char *key;
    const char *text;
} NiloFact;

#define NILO_TYPE_REPORT (nilo_report_get_type())

/**
 * NiloReport:
 *
 * One attempt to read one meter: how it ended, and what came of it. A failed attempt is data
 * too. Immutable and reference counted; crosses threads.
 *
 * Since: 0.1
 */
typedef struct _NiloReport NiloReport;

NILO_EXPORT GType nilo_report_get_type(void) G_GNUC_CONST;
NILO_EXPORT NiloReport *nilo_report_ref(NiloReport *self);
NILO_EXPORT void nilo_report_unref(NiloReport *self);

NILO_EXPORT NiloMeterId *nilo_report_get_meter(const NiloReport *self);

/** nilo_report_get_bus: (nullable): name of the bus; not part of the packed batch */
NILO_EXPORT const char *nilo_report_get_bus(const NiloReport *self);

/** nilo_report_get_taken_us: when the answer (or the giving up) was, UTC */
NILO_EXPORT gint64 nilo_report_get_taken_us(const NiloReport *self);

/** nilo_report_get_monotonic_us: the same moment on the clock that is never set; dates readings
 * from before the first time synchronisation afterwards */
NILO_EXPORT gint64 nilo_report_get_monotonic_us(const NiloReport *self);
NILO_EXPORT NiloClockQuality nilo_report_get_clock_quality(const NiloReport *self);
NILO_EXPORT NiloOutcome nilo_report_get_outcome(const NiloReport *self);
NILO_EXPORT NiloReportCause nilo_report_get_cause(const NiloReport *self);

/** nilo_report_get_status: #NiloMeterStatus bits */
NILO_EXPORT guint nilo_report_get_status(const NiloReport *self);

/** nilo_report_get_attempts: requests sent, retries included */
NILO_EXPORT guint nilo_report_get_attempts(const NiloReport *self);

/** nilo_report_get_answer_ms: from the last request byte to the first answer byte; 0 if none */
NILO_EXPORT guint nilo_report_get_answer_ms(const NiloReport *self);

/** nilo_report_get_undecoded: records that came but could not be told as a reading or a fact */
NILO_EXPORT guint nilo_report_get_undecoded(const NiloReport *self);

/** nilo_report_get_clock_drift_s: meter clock minus ours, seconds; FALSE when it told no clock
 */
NILO_EXPORT gboolean nilo_report_get_clock_drift_s(const NiloReport *self, gint64 *drift_s);

/** nilo_report_get_found: (nullable): who answered, when the outcome is wrong-meter */
NILO_EXPORT const char *nilo_report_get_found(const NiloReport *self);

/** nilo_report_get_readings: (array length=n_readings): owned by the report */
NILO_EXPORT const NiloReading *nilo_report_get_readings(const NiloReport *self, gsize *n_readings);

/** nilo_report_find_reading: (nullable): the first with that register */
NILO_EXPORT const NiloReading *nilo_report_find_reading(const NiloReport *self, NiloRegister reg);

/** nilo_report_get_facts: (array length=n_facts): owned by the report */
NILO_EXPORT const NiloFact *nilo_report_get_facts(const NiloReport *self, gsize *n_facts);

/** nilo_report_get_evidence: (nullable): raw frames, oldest first, each `>` or `<` and its
 * bytes; not part of the packed batch */
NILO_EXPORT GBytes *nilo_report_get_evidence(const NiloReport *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloReport, nilo_report_unref)

/**
 * NiloReportBuilder:
 *
 * A report in the making. Belongs to one thread. A driver adds what it reads; the bus adds the
 * rest.
 *
 * Since: 0.1
 */
typedef struct _NiloReportBuilder NiloReportBuilder;

NILO_EXPORT NiloReportBuilder *nilo_report_builder_new(NiloMeterId *meter);
NILO_EXPORT void nilo_report_builder_free(NiloReportBuilder *self);

/**
 * nilo_report_builder_add:
 * @reg: what; the second of the same register gets the next occurrence
 * @flags: #NiloReadingFlags
 *
 * Adds a reading taken at the moment of the report.
 */
NILO_EXPORT void nilo_report_builder_add(NiloReportBuilder *self, NiloRegister reg,
                                         const NiloValue *value, guint flags);

/** nilo_report_builder_add_at: adds a reading with the meter's own stamp, UTC */
NILO_EXPORT void nilo_report_builder_add_at(NiloReportBuilder *self, NiloRegister reg,
                                            const NiloValue *value, guint flags, gint64 taken_us);

/** nilo_report_builder_add_fact: both texts are copied; invalid UTF-8 is made valid */
NILO_EXPORT void nilo_report_builder_add_fact(NiloReportBuilder *self, const char *key,
                                              const char *text);
/** nilo_report_builder_count_undecoded: one more record that is neither reading nor fact */
NILO_EXPORT void nilo_report_builder_count_undecoded(NiloReportBuilder *self);
NILO_EXPORT void nilo_report_builder_add_status(NiloReportBuilder *self, guint status);
NILO_EXPORT void nilo_report_builder_set_clock_drift_s(NiloReportBuilder *self, gint64 drift_s);
NILO_EXPORT void nilo_report_builder_set_found(NiloReportBuilder *self, const char *found);

/** nilo_report_builder_reset: forgets everything but the meter: before a second try */
NILO_EXPORT void nilo_report_builder_reset(NiloReportBuilder *self);

/** nilo_report_builder_get_readings: (array length=n_readings): so far, valid until the next
 * add */
NILO_EXPORT const NiloReading *nilo_report_builder_get_readings(const NiloReportBuilder *self,
                                                                gsize *n_readings);

/** nilo_report_builder_flag: or-s @flags into the reading at @index */
NILO_EXPORT void nilo_report_builder_flag(NiloReportBuilder *self, gsize index, guint flags);

NILO_EXPORT void nilo_report_builder_set_bus(NiloReportBuilder *self, const char *bus);
NILO_EXPORT void nilo_report_builder_set_cause(NiloReportBuilder *self, NiloReportCause cause);
/** nilo_report_builder_set_time: when, on both clocks, and how far the first can be believed */
NILO_EXPORT void nilo_report_builder_set_time(NiloReportBuilder *self, gint64 taken_us,
                                              gint64 monotonic_us, NiloClockQuality quality);
/** nilo_report_builder_set_exchange: requests sent, and how long the first answer byte took */
NILO_EXPORT void nilo_report_builder_set_exchange(NiloReportBuilder *self, guint attempts,
                                                  guint answer_ms);
NILO_EXPORT void nilo_report_builder_set_undecoded(NiloReportBuilder *self, guint undecoded);
NILO_EXPORT void nilo_report_builder_set_evidence(NiloReportBuilder *self, GBytes *evidence);

/**
 * nilo_report_builder_finish:
 * @outcome: how it ended
 *
 * Returns: (transfer full): the report; the builder is empty again
 */
NILO_EXPORT NiloReport *nilo_report_builder_finish(NiloReportBuilder *self, NiloOutcome outcome);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloReportBuilder, nilo_report_builder_free)

G_END_DECLS
