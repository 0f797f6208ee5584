/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-outcome.h"

G_BEGIN_DECLS

/* attempts remembered of each meter */
#define NILO_DOCTOR_RECENT 16

/**
 * NiloDoctorCode:
 * @NILO_DOCTOR_LINE_LOST: the adapter or the serial server is gone
 * @NILO_DOCTOR_BABBLE: the line never falls quiet
 * @NILO_DOCTOR_ALL_SILENT: nobody answers and nothing is heard
 * @NILO_DOCTOR_WRONG_PARITY_OR_SPEED: everybody answers, nothing of it can be read
 * @NILO_DOCTOR_NOISY_LINE: answers are damaged all over the bus
 * @NILO_DOCTOR_CABLE_CUT: nobody answers from one place of the riser to its end
 * @NILO_DOCTOR_BRANCH_OFF: nobody answers along a stretch of the riser, and behind it all is well
 * @NILO_DOCTOR_TWINS: two meters have one address
 * @NILO_DOCTOR_METER_EXCHANGED: another meter answers in the place of the one expected
 * @NILO_DOCTOR_SLOW_METER: answers come when nobody waits for them any more, or nearly so
 * @NILO_DOCTOR_METER_ERROR: the meter reports that it cannot measure, or that something is wrong
 * @NILO_DOCTOR_BATTERY_LOW: the meter's battery must be changed
 * @NILO_DOCTOR_CLOCK_WRONG: the clock of one meter, or of this computer, is wrong
 * @NILO_DOCTOR_NO_KEY: answers are encrypted and there is no key
 * @NILO_DOCTOR_NOT_UNDERSTOOD: the meter refuses, or its driver cannot read what it says
 * @NILO_DOCTOR_METER_SILENT: one meter does not answer, those around it do
 * @NILO_DOCTOR_ECHO: the adapter gives back what is sent
 *
 * What the doctor knows by name.
 */
typedef enum {
    NILO_DOCTOR_LINE_LOST,
    NILO_DOCTOR_BABBLE,
    NILO_DOCTOR_ALL_SILENT,
    NILO_DOCTOR_WRONG_PARITY_OR_SPEED,
    NILO_DOCTOR_NOISY_LINE,
    NILO_DOCTOR_CABLE_CUT,
    NILO_DOCTOR_BRANCH_OFF,
    NILO_DOCTOR_TWINS,
    NILO_DOCTOR_METER_EXCHANGED,
    NILO_DOCTOR_SLOW_METER,
    NILO_DOCTOR_METER_ERROR,
    NILO_DOCTOR_BATTERY_LOW,
    NILO_DOCTOR_CLOCK_WRONG,
    NILO_DOCTOR_NO_KEY,
    NILO_DOCTOR_NOT_UNDERSTOOD,
    NILO_DOCTOR_METER_SILENT,
    NILO_DOCTOR_ECHO,
} NiloDoctorCode;

#define NILO_N_DOCTOR_CODES (NILO_DOCTOR_ECHO + 1)

/**
 * NiloDoctorSeverity:
 * @NILO_DOCTOR_INFO: good to know, nothing to be done about the bus
 * @NILO_DOCTOR_WARNING: somebody should look after it, readings still come
 * @NILO_DOCTOR_FAULT: readings are missing until it is repaired
 *
 * How much a finding matters.
 */
typedef enum {
    NILO_DOCTOR_INFO,
    NILO_DOCTOR_WARNING,
    NILO_DOCTOR_FAULT,
} NiloDoctorSeverity;

/**
 * NiloDoctorFinding:
 * @text: one or two sentences for people, translated
 * @meter: (nullable): id of the meter it is about; %NULL for the bus
 *
 * Something the doctor has to say.
 */
typedef struct {
    NiloDoctorCode code;
    NiloDoctorSeverity severity;
    char *text;
    char *meter;
} NiloDoctorFinding;

/**
 * NiloDoctorMeter:
 * @id: who
 * @address: (nullable): where on the bus; %NULL when the id says it
 * @place: (nullable): building/unit/flat
 * @enabled: %FALSE for a meter that is listed but not read: nothing is concluded from it
 * @recent: #NiloOutcome of the last attempts, the newest at @n_recent - 1
 * @n_troubled: of those attempts, how many met noise or damage, even when they ended well
 * @answered_us: when it was last read well, UTC; 0 for never or not known
 * @n_answers: answers its times were learned from
 * @mean_ms: usual time to the first byte
 * @peak_ms: longest of late
 * @n_late: requests in a row that were answered after the wait was over
 * @late_ms: the latest of them
 * @standard_ms: what the standard allows to the first byte; 0 for not known
 * @extra_ms: what this meter is allowed beyond that, besides what the whole bus is
 * @found: (nullable): who answered in its place the last time
 * @status: #NiloMeterStatus of the last good read
 * @drift_s: meter clock minus ours, when @has_drift
 *
 * What is known of one meter.
 */
typedef struct {
    char *id;
    char *address;
    char *place;
    gboolean enabled;
    guint8 recent[NILO_DOCTOR_RECENT];
    guint n_recent;
    guint n_troubled;
    gint64 answered_us;
    guint n_answers;
    guint mean_ms;
    guint peak_ms;
    guint n_late;
    guint late_ms;
    guint standard_ms;
    guint extra_ms;
    char *found;
    guint status;
    gboolean has_drift;
    gint64 drift_s;
} NiloDoctorMeter;

/**
 * NiloDoctorSnapshot:
 * @bus: its name
 * @port: what it is opened through, for people
 * @taken_us: when this was so, UTC
 * @lost_us: since when the adapter is gone, UTC; 0 while it is there
 * @echo: the adapter gives back what is sent
 * @extra_ms: what every meter of the bus is allowed beyond its standard
 * @babbling: the line did not fall quiet before the last request
 * @meters: (element-type NiloDoctorMeter): in the order of the riser
 *
 * What the doctor looks at: a bus at one moment. A plain copy, so that examining it holds up
 * nobody.
 */
typedef struct {
    char *bus;
    char *port;
    gint64 taken_us;
    gint64 lost_us;
    gboolean echo;
    guint extra_ms;
    gboolean babbling;
    GPtrArray *meters;
} NiloDoctorSnapshot;

NILO_INTERNAL void nilo_doctor_finding_free(NiloDoctorFinding *self);

/** nilo_doctor_code_get_nick: "cable-cut", "twins" ...; "unknown" for a number not ours */
NILO_INTERNAL const char *nilo_doctor_code_get_nick(NiloDoctorCode code);

/** nilo_doctor_severity_get_nick: "info", "warning" or "fault"; "unknown" for others */
NILO_INTERNAL const char *nilo_doctor_severity_get_nick(NiloDoctorSeverity severity);

/** nilo_doctor_snapshot_new: an empty bus; all numbers are 0 */
NILO_INTERNAL NiloDoctorSnapshot *nilo_doctor_snapshot_new(const char *bus, const char *port);

/**
 * nilo_doctor_snapshot_add_meter:
 *
 * Returns: (transfer none): a new last meter of the riser, enabled and otherwise empty, to be
 * filled by the caller
 */
NILO_INTERNAL NiloDoctorMeter *nilo_doctor_snapshot_add_meter(NiloDoctorSnapshot *self,
                                                              const char *id);
NILO_INTERNAL void nilo_doctor_snapshot_free(NiloDoctorSnapshot *self);

/**
 * nilo_doctor_examine:
 *
 * Tells from the pattern of outcomes along the riser what is wrong with a bus. Pure. What is
 * probable in a healthy building - single dead meters, a damaged answer now and then - gives no
 * warning and no fault.
 *
 * Returns: (transfer full) (element-type NiloDoctorFinding): the worst first, then along the
 * riser; empty when there is nothing to say
 */
NILO_INTERNAL GPtrArray *nilo_doctor_examine(const NiloDoctorSnapshot *snapshot);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloDoctorFinding, nilo_doctor_finding_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloDoctorSnapshot, nilo_doctor_snapshot_free)

G_END_DECLS
