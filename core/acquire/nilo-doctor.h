/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-outcome.h"

G_BEGIN_DECLS

/* reads of one meter the doctor looks at */
#define NILO_DOCTOR_RECENT 16

/**
 * NiloDoctorSeverity:
 * @NILO_DOCTOR_HINT: worth knowing
 * @NILO_DOCTOR_WARNING: something to fix
 * @NILO_DOCTOR_FAULT: meters are not read because of it
 */
typedef enum {
    NILO_DOCTOR_HINT,
    NILO_DOCTOR_WARNING,
    NILO_DOCTOR_FAULT,
} NiloDoctorSeverity;

/**
 * NiloDoctorCode:
 * @NILO_DOCTOR_LINE_LOST: the adapter is not there
 * @NILO_DOCTOR_ALL_SILENT: nobody answers
 * @NILO_DOCTOR_ECHO_ONLY: nothing but our own echo is heard
 * @NILO_DOCTOR_WRONG_SPEED_OR_PARITY: answers come, none can be read
 * @NILO_DOCTOR_CABLE_CUT: nobody answers behind one meter
 * @NILO_DOCTOR_TWO_ON_ONE_ADDRESS: one meter's answer is always damaged
 * @NILO_DOCTOR_NOISY_LINE: noise at many meters
 * @NILO_DOCTOR_ECHO: the adapter gives back what we send
 * @NILO_DOCTOR_SLOW_METER: one answers after we have given up
 * @NILO_DOCTOR_METER_SILENT: one does not answer
 * @NILO_DOCTOR_METER_EXCHANGED: another meter answers in its place
 * @NILO_DOCTOR_BATTERY_LOW: the meter says so
 * @NILO_DOCTOR_VALVE_FAULT: the meter says so
 * @NILO_DOCTOR_CLOCK_WRONG: the meter's clock is off by more than ten minutes
 *
 * What the doctor knows. Their nicks have one meaning for ever.
 */
typedef enum {
    NILO_DOCTOR_LINE_LOST,
    NILO_DOCTOR_ALL_SILENT,
    NILO_DOCTOR_ECHO_ONLY,
    NILO_DOCTOR_WRONG_SPEED_OR_PARITY,
    NILO_DOCTOR_CABLE_CUT,
    NILO_DOCTOR_TWO_ON_ONE_ADDRESS,
    NILO_DOCTOR_NOISY_LINE,
    NILO_DOCTOR_ECHO,
    NILO_DOCTOR_SLOW_METER,
    NILO_DOCTOR_METER_SILENT,
    NILO_DOCTOR_METER_EXCHANGED,
    NILO_DOCTOR_BATTERY_LOW,
    NILO_DOCTOR_VALVE_FAULT,
    NILO_DOCTOR_CLOCK_WRONG,
} NiloDoctorCode;

#define NILO_N_DOCTOR_CODES (NILO_DOCTOR_CLOCK_WRONG + 1)

/** nilo_doctor_code_get_nick: "cable-cut", "slow-meter" ... */
NILO_INTERNAL const char *nilo_doctor_code_get_nick(NiloDoctorCode code);

/** nilo_doctor_severity_get_nick: "hint", "warning" or "fault" */
NILO_INTERNAL const char *nilo_doctor_severity_get_nick(NiloDoctorSeverity severity);

/**
 * NiloDoctorFinding:
 * @code: what is wrong
 * @meter: (nullable): id of whom it is about
 * @text: one translated sentence that says what is wrong and what to do
 */
typedef struct {
    NiloDoctorCode code;
    NiloDoctorSeverity severity;
    char *meter;
    char *text;
} NiloDoctorFinding;

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
 * Returns: (transfer full) (element-type NiloDoctorFinding): empty for a healthy bus
 */
NILO_INTERNAL GPtrArray *nilo_doctor_examine(const NiloDoctorCase *self);

G_END_DECLS
