/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-outcome.h"

G_BEGIN_DECLS

/* reads of one meter the doctor looks at */
#define NILO_DOCTOR_RECENT 16

/**
 * NiloSeverity:
 * @NILO_SEVERITY_HINT: worth knowing
 * @NILO_SEVERITY_WARNING: something to fix
 * @NILO_SEVERITY_FAULT: meters are not read because of it
 */
typedef enum {
    NILO_SEVERITY_HINT,
    NILO_SEVERITY_WARNING,
    NILO_SEVERITY_FAULT,
} NiloSeverity;

/**
 * NiloFinding:
 * @code: "cable-cut", "slow-meter" ...: one meaning for ever
 * @meter: (nullable): id of whom it is about
 * @text: one translated sentence that says what is wrong and what to do
 */
typedef struct {
    const char *code;
    NiloSeverity severity;
    char *meter;
    char *text;
} NiloFinding;

/**
 * NiloDoctorMeter:
 * @id: of the meter
 * @place: (nullable): for people
 * @recent: outcomes of its last reads, the newest last
 * @n_recent: how many, to %NILO_DOCTOR_RECENT
 * @n_troubled: of those, reads that met noise or damage on the way, even when they ended well
 * @found: (nullable): who answered in its place
 * @late_ms: the longest it took to answer after we had given up
 * @n_late: last requests in a row it answered too late
 * @status: #NiloMeterStatus
 * @drift_s: of its clock, when @has_drift
 */
typedef struct {
    char *id;
    char *place;
    NiloOutcome recent[NILO_DOCTOR_RECENT];
    guint n_recent;
    guint n_troubled;
    char *found;
    guint late_ms;
    guint n_late;
    guint status;
    gint64 drift_s;
    gboolean has_drift;
} NiloDoctorMeter;

/**
 * NiloDoctorCase:
 * @bus: name
 * @port: (nullable): what the transport opens
 * @lost: the adapter is not there
 * @echo: it gives back what we send
 * @meters: (element-type NiloDoctorMeter): in the order of the riser
 *
 * What is known of one bus at one moment.
 */
typedef struct {
    char *bus;
    char *port;
    gboolean lost;
    gboolean echo;
    GPtrArray *meters;
} NiloDoctorCase;

NILO_INTERNAL NiloDoctorCase *nilo_doctor_case_new(const char *bus, const char *port);
NILO_INTERNAL void nilo_doctor_case_free(NiloDoctorCase *self);

/** nilo_doctor_case_add: (transfer none): the next meter along the riser, to be filled in */
NILO_INTERNAL NiloDoctorMeter *nilo_doctor_case_add(NiloDoctorCase *self, const char *id,
                                                    const char *place);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloDoctorCase, nilo_doctor_case_free)

/**
 * nilo_doctor_examine:
 *
 * Pure. What speaks of the whole line comes first and stands alone: with the adapter gone or
 * nobody answering, single meters have nothing to tell.
 *
 * Returns: (transfer full) (element-type NiloFinding): empty for a healthy bus
 */
NILO_INTERNAL GPtrArray *nilo_doctor_examine(const NiloDoctorCase *self);

G_END_DECLS
