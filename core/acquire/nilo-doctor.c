/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-doctor.h"

#include <glib/gi18n-lib.h>

#include "nilo-report.h"

/* reads without an answer in a row before a meter counts as dead */
#define DEAD_AFTER 2

/* dead meters at the far end that are more than chance: with 5 % of singles dead, three in a row at
 * one place come once in 8,000 buildings */
#define CUT_MIN 3

/* a meter, and a line, must have been heard so often before anything is said of its noise */
#define NOISE_MIN_READS 3

/* share of reads that met trouble, in percent: on one meter, on a whole line */
#define GARBLED_PERCENT 75
#define NOISY_PERCENT   8

/* and so many of the meters must have met it: one bad meter is not a noisy line */
#define NOISY_METERS_PERCENT 25

/* requests in a row answered too late before the meter is called slow */
#define SLOW_AFTER 3

/* a meter's clock off by more spoils its daily freezes */
#define CLOCK_WRONG_S 600

static const char *const codes[NILO_N_DOCTOR_CODES] = {
    [NILO_DOCTOR_LINE_LOST] = "line-lost",
    [NILO_DOCTOR_ALL_SILENT] = "all-silent",
    [NILO_DOCTOR_ECHO_ONLY] = "echo-only",
    [NILO_DOCTOR_WRONG_SPEED_OR_PARITY] = "wrong-speed-or-parity",
    [NILO_DOCTOR_CABLE_CUT] = "cable-cut",
    [NILO_DOCTOR_TWO_ON_ONE_ADDRESS] = "two-on-one-address",
    [NILO_DOCTOR_NOISY_LINE] = "noisy-line",
    [NILO_DOCTOR_ECHO] = "echo",
    [NILO_DOCTOR_SLOW_METER] = "slow-meter",
    [NILO_DOCTOR_METER_SILENT] = "meter-silent",
    [NILO_DOCTOR_METER_EXCHANGED] = "meter-exchanged",
    [NILO_DOCTOR_BATTERY_LOW] = "battery-low",
    [NILO_DOCTOR_VALVE_FAULT] = "valve-fault",
    [NILO_DOCTOR_CLOCK_WRONG] = "clock-wrong",
};

static const char *const severities[] = {
    [NILO_DOCTOR_HINT] = "hint",
    [NILO_DOCTOR_WARNING] = "warning",
    [NILO_DOCTOR_FAULT] = "fault",
};

const char *
nilo_doctor_code_get_nick(NiloDoctorCode code)
{
    return (guint)code < NILO_N_DOCTOR_CODES ? codes[code] : "unknown";
}

const char *
nilo_doctor_severity_get_nick(NiloDoctorSeverity severity)
{
    return (guint)severity < G_N_ELEMENTS(severities) ? severities[severity] : "unknown";
}

NiloDoctorCase *
nilo_doctor_case_new(const char *bus, const char *port)
{
    NiloDoctorCase *self = g_new0(NiloDoctorCase, 1);

    self->bus = g_strdup(bus);
    self->port = g_strdup(port);
    self->meters = g_ptr_array_new();
    return self;
}

static void
meter_free(gpointer data)
{
    NiloDoctorMeter *self = data;

    g_free(self->id);
    g_free(self->place);
    g_free(self->found);
    g_free(self);
}

void
nilo_doctor_case_free(NiloDoctorCase *self)
{
    g_free(self->bus);
    g_free(self->port);
    g_ptr_array_set_free_func(self->meters, meter_free);
    g_ptr_array_unref(self->meters);
    g_free(self);
}

NiloDoctorMeter *
nilo_doctor_case_add(NiloDoctorCase *self, const char *id, const char *place)
{
    NiloDoctorMeter *meter = g_new0(NiloDoctorMeter, 1);

    meter->id = g_strdup(id);
    meter->place = g_strdup(place);
    g_ptr_array_add(self->meters, meter);
    return meter;
}

static void
finding_free(gpointer data)
{
    NiloDoctorFinding *self = data;

    g_free(self->meter);
    g_free(self->text);
    g_free(self);
}

/* takes @text over */
static void
add(GPtrArray *findings, NiloDoctorCode code, NiloDoctorSeverity severity,
    const NiloDoctorMeter *meter, char *text)
{
    NiloDoctorFinding *finding = g_new0(NiloDoctorFinding, 1);

    finding->code = code;
    finding->severity = severity;
    finding->meter = meter != NULL ? g_strdup(meter->id) : NULL;
    finding->text = text;
    g_ptr_array_add(findings, finding);
}

/* a meter as people know it */
static char *
name_meter(const NiloDoctorMeter *meter)
{
    if (meter->place == NULL)
        return g_strdup(meter->id);
    /* Translators: place of a meter, then its id */
    return g_strdup_printf(_("%s (%s)"), meter->place, meter->id);
}

static const NiloDoctorMeter *
get_meter(const NiloDoctorCase *self, guint index)
{
    return g_ptr_array_index(self->meters, index);
}

static gboolean
is_nothing(NiloOutcome outcome)
{
    return outcome == NILO_OUTCOME_SILENT || outcome == NILO_OUTCOME_ECHO;
}

static gboolean
is_garbled(NiloOutcome outcome)
{
    return outcome == NILO_OUTCOME_NOISE || outcome == NILO_OUTCOME_BAD_CHECKSUM ||
           outcome == NILO_OUTCOME_COLLISION;
}

static guint
count_if(const NiloDoctorMeter *meter, gboolean (*is_so)(NiloOutcome outcome))
{
    guint n = 0;

    for (guint i = 0; i < meter->n_recent; i++)
        n += is_so(meter->recent[i]) ? 1 : 0;
    return n;
}

/* not heard in its last reads; a burst of noise on a dead meter does not make it alive */
static gboolean
is_dead(const NiloDoctorMeter *meter)
{
    guint n_nothing = 0;

    for (guint i = meter->n_recent; i-- > 0;) {
        if (is_nothing(meter->recent[i]))
            n_nothing++;
        else if (meter->recent[i] != NILO_OUTCOME_NOISE)
            break;
    }
    return n_nothing >= DEAD_AFTER;
}

static gboolean
is_known(const NiloDoctorMeter *meter)
{
    return meter->n_recent >= DEAD_AFTER;
}

static gboolean
is_garbled_always(const NiloDoctorMeter *meter)
{
    return meter->n_recent >= NOISE_MIN_READS &&
           count_if(meter, is_garbled) * 100 >= meter->n_recent * GARBLED_PERCENT;
}

static gboolean
is_slow(const NiloDoctorMeter *meter)
{
    return meter->n_late >= SLOW_AFTER;
}

static guint
count_meters(const NiloDoctorCase *self, gboolean (*is_so)(const NiloDoctorMeter *meter))
{
    guint n = 0;

    for (guint i = 0; i < self->meters->len; i++)
        n += is_so(get_meter(self, i)) ? 1 : 0;
    return n;
}

/* nobody at all answers: nothing more can be said of single meters */
static gboolean
find_all_silent(const NiloDoctorCase *self, GPtrArray *findings)
{
    const guint n_known = count_meters(self, is_known);

    if (n_known < 2 || count_meters(self, is_dead) < n_known)
        return FALSE;
    if (self->echo)
        add(findings, NILO_DOCTOR_ECHO_ONLY, NILO_DOCTOR_FAULT, NULL,
            g_strdup_printf(_("Nothing but our own echo is heard on %s: the adapter works, the "
                              "meters do not hear it. Check the wires A and B between adapter and "
                              "riser"),
                            self->bus));
    else
        add(findings, NILO_DOCTOR_ALL_SILENT, NILO_DOCTOR_FAULT, NULL,
            g_strdup_printf(_("No meter on %s answers: check the power of the level converter, the "
                              "wires to the riser, and that speed and parity are the meters' own"),
                            self->bus));
    return TRUE;
}

static gboolean
find_all_garbled(const NiloDoctorCase *self, GPtrArray *findings)
{
    const guint n_known = count_meters(self, is_known);
    const guint n_garbled = count_meters(self, is_garbled_always);

    if (n_known < 2 || n_garbled * 2 < n_known || n_garbled + count_meters(self, is_dead) < n_known)
        return FALSE;
    add(findings, NILO_DOCTOR_WRONG_SPEED_OR_PARITY, NILO_DOCTOR_FAULT, NULL,
        g_strdup_printf(_("Meters on %s answer, but no answer can be read: speed or parity is set "
                          "wrong (usual are 2400 and even), or A and B are swapped"),
                        self->bus));
    return TRUE;
}

/* the first of the dead meters at the far end; the number of meters when there are too few */
static guint
find_cut(const NiloDoctorCase *self)
{
    guint first = self->meters->len;
    guint n_dead = 0;

    while (first > 0 &&
           (is_dead(get_meter(self, first - 1)) || !is_known(get_meter(self, first - 1)))) {
        first--;
        n_dead += is_dead(get_meter(self, first)) ? 1 : 0;
    }
    return n_dead >= CUT_MIN && first > 0 ? first : self->meters->len;
}

static void
add_cut(const NiloDoctorCase *self, guint first, GPtrArray *findings)
{
    g_autofree char *last_alive = NULL;
    g_autofree char *first_dead = NULL;

    if (first == self->meters->len)
        return;
    last_alive = name_meter(get_meter(self, first - 1));
    first_dead = name_meter(get_meter(self, first));
    add(findings, NILO_DOCTOR_CABLE_CUT, NILO_DOCTOR_FAULT, get_meter(self, first),
        g_strdup_printf(ngettext("No answer behind meter %s: the cable is cut or loose between it "
                                 "and %s; %u meter is cut off",
                                 "No answer behind meter %s: the cable is cut or loose between it "
                                 "and %s; %u meters are cut off",
                                 self->meters->len - first),
                        last_alive, first_dead, self->meters->len - first));
}

static gboolean
is_troubled(const NiloDoctorMeter *meter)
{
    return meter->n_troubled > 0 && !is_garbled_always(meter);
}

static gboolean
is_noisy(const NiloDoctorCase *self)
{
    guint n_reads = 0;
    guint n_troubled = 0;

    for (guint i = 0; i < self->meters->len; i++) {
        const NiloDoctorMeter *meter = get_meter(self, i);

        if (is_garbled_always(meter) || is_dead(meter))
            continue;
        n_reads += meter->n_recent;
        n_troubled += meter->n_troubled;
    }
    return self->meters->len >= 3 && n_troubled * 100 >= n_reads * NOISY_PERCENT &&
           n_troubled >= NOISE_MIN_READS &&
           count_meters(self, is_troubled) * 100 >= self->meters->len * NOISY_METERS_PERCENT;
}

static void
add_line_findings(const NiloDoctorCase *self, gboolean noisy, GPtrArray *findings)
{
    if (noisy)
        add(findings, NILO_DOCTOR_NOISY_LINE, NILO_DOCTOR_WARNING, NULL,
            g_strdup_printf(_("Noise on %s disturbs many meters: look for a loose shield, a "
                              "missing terminator, or a power cable beside the bus"),
                            self->bus));
    if (self->echo)
        add(findings, NILO_DOCTOR_ECHO, NILO_DOCTOR_HINT, NULL,
            g_strdup_printf(_("The adapter of %s gives back what it sends; this is taken out, but "
                              "costs time: switch its echo off if it can be"),
                            self->bus));
}

static void
add_heard_findings(const NiloDoctorMeter *meter, gboolean noisy, GPtrArray *findings)
{
    g_autofree char *name = name_meter(meter);

    if (meter->found != NULL && meter->found[0] != '\0')
        add(findings, NILO_DOCTOR_METER_EXCHANGED, NILO_DOCTOR_WARNING, meter,
            g_strdup_printf(_("In place of meter %s, %s answers: was the meter exchanged?"), name,
                            meter->found));
    else if (meter->found != NULL)
        add(findings, NILO_DOCTOR_METER_EXCHANGED, NILO_DOCTOR_WARNING, meter,
            g_strdup_printf(_("Another meter answers in place of %s: was the meter exchanged?"),
                            name));
    if (is_garbled_always(meter) && !noisy && !is_slow(meter))
        add(findings, NILO_DOCTOR_TWO_ON_ONE_ADDRESS, NILO_DOCTOR_WARNING, meter,
            g_strdup_printf(_("The answer of meter %s is always damaged while others are not: two "
                              "meters share its address, or it is faulty"),
                            name));
}

static void
add_slow(const NiloDoctorMeter *meter, GPtrArray *findings)
{
    g_autofree char *name = name_meter(meter);
    const guint wanted_ms = (meter->late_ms * 5 / 4 + 49) / 50 * 50;

    add(findings, NILO_DOCTOR_SLOW_METER, NILO_DOCTOR_WARNING, meter,
        g_strdup_printf(_("Meter %s answers late, after %u ms: set its answer-extra-ms to %u"),
                        name, meter->late_ms, wanted_ms));
}

static void
add_dead(const NiloDoctorMeter *meter, GPtrArray *findings)
{
    g_autofree char *name = name_meter(meter);

    add(findings, NILO_DOCTOR_METER_SILENT, NILO_DOCTOR_HINT, meter,
        g_strdup_printf(_("Meter %s does not answer, its neighbours do: the meter or its stub"),
                        name));
}

static void
add_status(const NiloDoctorMeter *meter, GPtrArray *findings)
{
    g_autofree char *name = name_meter(meter);

    if ((meter->status & NILO_STATUS_BATTERY_LOW) != 0)
        add(findings, NILO_DOCTOR_BATTERY_LOW, NILO_DOCTOR_WARNING, meter,
            g_strdup_printf(_("The battery of meter %s is low"), name));
    if ((meter->status & NILO_STATUS_VALVE_FAULT) != 0)
        add(findings, NILO_DOCTOR_VALVE_FAULT, NILO_DOCTOR_WARNING, meter,
            g_strdup_printf(_("The valve of meter %s is stuck"), name));
    if (meter->has_drift && ABS(meter->drift_s) > CLOCK_WRONG_S)
        add(findings, NILO_DOCTOR_CLOCK_WRONG, NILO_DOCTOR_WARNING, meter,
            g_strdup_printf(meter->drift_s > 0 ? _("The clock of meter %s is %u minutes fast")
                                               : _("The clock of meter %s is %u minutes slow"),
                            name, (guint)MIN(ABS(meter->drift_s) / 60, G_MAXUINT)));
}

static void
examine_meter(const NiloDoctorMeter *meter, gboolean cut_off, gboolean noisy, GPtrArray *findings)
{
    if (is_slow(meter))
        add_slow(meter, findings);
    else if (is_dead(meter) && !cut_off)
        add_dead(meter, findings);
    add_heard_findings(meter, noisy, findings);
    add_status(meter, findings);
}

GPtrArray *
nilo_doctor_examine(const NiloDoctorCase *self)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func(finding_free);
    gboolean noisy;
    guint cut;

    if (self->lost) {
        add(findings, NILO_DOCTOR_LINE_LOST, NILO_DOCTOR_FAULT, NULL,
            g_strdup_printf(_("The adapter of %s (%s) is not there: check plug and power"),
                            self->bus, self->port != NULL ? self->port : "?"));
        return findings;
    }
    if (find_all_garbled(self, findings) || find_all_silent(self, findings))
        return findings;
    noisy = is_noisy(self);
    cut = find_cut(self);
    add_line_findings(self, noisy, findings);
    add_cut(self, cut, findings);
    for (guint i = 0; i < self->meters->len; i++)
        examine_meter(get_meter(self, i), i >= cut, noisy, findings);
    return findings;
}
