/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-doctor.h"

#include "nilo-report.h"

#define N_METERS 40

static NiloDoctorCase *
make_case(guint n_meters)
{
    NiloDoctorCase *self = nilo_doctor_case_new("riser-1", "/dev/ttyUSB0");

    for (guint i = 0; i < n_meters; i++) {
        g_autofree char *id = g_strdup_printf("mbus:%08u.TEC.16.07", i + 1);
        g_autofree char *place = g_strdup_printf("1/1/%u01", i + 1);
        NiloDoctorMeter *meter = nilo_doctor_case_add(self, id, place);

        meter->n_recent = 8;
    }
    return self;
}

static void
end_all(NiloDoctorMeter *meter, NiloOutcome outcome)
{
    for (guint i = 0; i < meter->n_recent; i++)
        meter->recent[i] = outcome;
    meter->n_troubled = outcome == NILO_OUTCOME_BAD_CHECKSUM || outcome == NILO_OUTCOME_NOISE ||
                                outcome == NILO_OUTCOME_COLLISION
                            ? meter->n_recent
                            : 0;
}

static NiloDoctorMeter *
get(NiloDoctorCase *self, guint index)
{
    return g_ptr_array_index(self->meters, index);
}

static void
spoil_line_lost(NiloDoctorCase *self)
{
    self->lost = TRUE;
}

static void
spoil_all_silent(NiloDoctorCase *self)
{
    for (guint i = 0; i < N_METERS; i++)
        end_all(get(self, i), NILO_OUTCOME_SILENT);
}

static void
spoil_echo_only(NiloDoctorCase *self)
{
    self->echo = TRUE;
    for (guint i = 0; i < N_METERS; i++)
        end_all(get(self, i), NILO_OUTCOME_ECHO);
}

static void
spoil_parity(NiloDoctorCase *self)
{
    for (guint i = 0; i < N_METERS; i++)
        end_all(get(self, i), i % 2 == 0 ? NILO_OUTCOME_NOISE : NILO_OUTCOME_BAD_CHECKSUM);
    end_all(get(self, 7), NILO_OUTCOME_SILENT);
}

static void
spoil_cable(NiloDoctorCase *self)
{
    for (guint i = 37; i < N_METERS; i++)
        end_all(get(self, i), NILO_OUTCOME_SILENT);
}

static void
spoil_twins(NiloDoctorCase *self)
{
    end_all(get(self, 4), NILO_OUTCOME_BAD_CHECKSUM);
    get(self, 4)->recent[3] = NILO_OUTCOME_COLLISION;
}

static void
spoil_noise(NiloDoctorCase *self)
{
    for (guint i = 0; i < N_METERS; i += 2)
        get(self, i)->n_troubled = 2;
}

static void
spoil_echo(NiloDoctorCase *self)
{
    self->echo = TRUE;
}

static void
spoil_slow(NiloDoctorCase *self)
{
    end_all(get(self, 13), NILO_OUTCOME_SILENT);
    get(self, 13)->n_late = 5;
    get(self, 13)->late_ms = 610;
}

static void
spoil_exchange(NiloDoctorCase *self)
{
    end_all(get(self, 2), NILO_OUTCOME_WRONG_METER);
    get(self, 2)->found = g_strdup("mbus:77777777.TEC.16.07");
}

static void
spoil_stranger(NiloDoctorCase *self)
{
    get(self, 2)->found = g_strdup("");
}

static void
spoil_battery(NiloDoctorCase *self)
{
    get(self, 2)->status = NILO_STATUS_BATTERY_LOW;
}

static void
spoil_valve(NiloDoctorCase *self)
{
    get(self, 2)->status = NILO_STATUS_VALVE_FAULT;
}

static void
spoil_clock_fast(NiloDoctorCase *self)
{
    get(self, 2)->has_drift = TRUE;
    get(self, 2)->drift_s = 3600;
}

static void
spoil_clock_slow(NiloDoctorCase *self)
{
    get(self, 2)->has_drift = TRUE;
    get(self, 2)->drift_s = -1200;
}

static void
spoil_one(NiloDoctorCase *self)
{
    end_all(get(self, 2), NILO_OUTCOME_SILENT);
}

typedef struct {
    const char *name;
    void (*spoil)(NiloDoctorCase *self);
    NiloDoctorCode code;
    const char *text;
} SickCase;

static const SickCase sick_cases[] = {
    {"/doctor/line-lost", spoil_line_lost, NILO_DOCTOR_LINE_LOST,
     "The adapter of riser-1 (/dev/ttyUSB0) is not there: check plug and power"},
    {"/doctor/all-silent", spoil_all_silent, NILO_DOCTOR_ALL_SILENT,
     "No meter on riser-1 answers: check the power of the level converter, the wires to the riser, "
     "and that speed and parity are the meters' own"},
    {"/doctor/echo-only", spoil_echo_only, NILO_DOCTOR_ECHO_ONLY,
     "Nothing but our own echo is heard on riser-1: the adapter works, the meters do not hear it. "
     "Check the wires A and B between adapter and riser"},
    {"/doctor/wrong-speed-or-parity", spoil_parity, NILO_DOCTOR_WRONG_SPEED_OR_PARITY,
     "Meters on riser-1 answer, but no answer can be read: speed or parity is set wrong (usual are "
     "2400 and even), or A and B are swapped"},
    {"/doctor/cable-cut", spoil_cable, NILO_DOCTOR_CABLE_CUT,
     "No answer behind meter 1/1/3701 (mbus:00000037.TEC.16.07): the cable is cut or loose between "
     "it and 1/1/3801 (mbus:00000038.TEC.16.07); 3 meters are cut off"},
    {"/doctor/two-on-one-address", spoil_twins, NILO_DOCTOR_TWO_ON_ONE_ADDRESS,
     "The answer of meter 1/1/501 (mbus:00000005.TEC.16.07) is always damaged while others are "
     "not: two meters share its address, or it is faulty"},
    {"/doctor/noisy-line", spoil_noise, NILO_DOCTOR_NOISY_LINE,
     "Noise on riser-1 disturbs many meters: look for a loose shield, a missing terminator, or a "
     "power cable beside the bus"},
    {"/doctor/echo", spoil_echo, NILO_DOCTOR_ECHO,
     "The adapter of riser-1 gives back what it sends; this is taken out, but costs time: switch "
     "its echo off if it can be"},
    {"/doctor/slow-meter", spoil_slow, NILO_DOCTOR_SLOW_METER,
     "Meter 1/1/1401 (mbus:00000014.TEC.16.07) answers late, after 610 ms: set its "
     "answer-extra-ms to 800"},
    {"/doctor/meter-exchanged", spoil_exchange, NILO_DOCTOR_METER_EXCHANGED,
     "In place of meter 1/1/301 (mbus:00000003.TEC.16.07), mbus:77777777.TEC.16.07 answers: was "
     "the meter exchanged?"},
    {"/doctor/stranger", spoil_stranger, NILO_DOCTOR_METER_EXCHANGED,
     "Another meter answers in place of 1/1/301 (mbus:00000003.TEC.16.07): was the meter "
     "exchanged?"},
    {"/doctor/battery-low", spoil_battery, NILO_DOCTOR_BATTERY_LOW,
     "The battery of meter 1/1/301 (mbus:00000003.TEC.16.07) is low"},
    {"/doctor/valve-fault", spoil_valve, NILO_DOCTOR_VALVE_FAULT,
     "The valve of meter 1/1/301 (mbus:00000003.TEC.16.07) is stuck"},
    {"/doctor/clock-fast", spoil_clock_fast, NILO_DOCTOR_CLOCK_WRONG,
     "The clock of meter 1/1/301 (mbus:00000003.TEC.16.07) is 60 minutes fast"},
    {"/doctor/clock-slow", spoil_clock_slow, NILO_DOCTOR_CLOCK_WRONG,
     "The clock of meter 1/1/301 (mbus:00000003.TEC.16.07) is 20 minutes slow"},
    {"/doctor/meter-silent", spoil_one, NILO_DOCTOR_METER_SILENT,
     "Meter 1/1/301 (mbus:00000003.TEC.16.07) does not answer, its neighbours do: the meter or its "
     "stub"},
};

/* the sentence for its fault, and no other */
static void
test_sick(gconstpointer data)
{
    const SickCase *c = data;
    g_autoptr(NiloDoctorCase) self = make_case(N_METERS);
    g_autoptr(GPtrArray) findings = NULL;
    const NiloDoctorFinding *finding;

    c->spoil(self);
    findings = nilo_doctor_examine(self);
    g_assert_cmpuint(findings->len, ==, 1);
    finding = g_ptr_array_index(findings, 0);
    g_assert_cmpint(finding->code, ==, c->code);
    g_assert_cmpstr(nilo_doctor_code_get_nick(finding->code), !=, "unknown");
    g_assert_cmpstr(finding->text, ==, c->text);
}

static gboolean
is_silent_finding(GPtrArray *findings, const char *id)
{
    for (guint i = 0; i < findings->len; i++) {
        const NiloDoctorFinding *finding = g_ptr_array_index(findings, i);

        if (finding->code == NILO_DOCTOR_METER_SILENT && g_strcmp0(finding->meter, id) == 0)
            return TRUE;
    }
    return FALSE;
}

/* 0 to 5 % of meters dead here and there, up to 2 % of reads disturbed: nothing but the dead ones
 */
static void
test_healthy_buildings(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(2026);

    for (guint building = 0; building < 1000; building++) {
        const guint n_meters = (guint)g_rand_int_range(random, 1, 200);
        const gdouble dead = g_rand_double_range(random, 0, 0.05);
        const gdouble noise = g_rand_double_range(random, 0, 0.02);
        g_autoptr(NiloDoctorCase) self = make_case(n_meters);
        g_autoptr(GPtrArray) findings = NULL;
        guint n_dead = 0;

        for (guint i = 0; i < n_meters; i++) {
            NiloDoctorMeter *meter = get(self, i);

            meter->n_recent = (guint)g_rand_int_range(random, 0, NILO_DOCTOR_RECENT + 1);
            for (guint j = 0; j < meter->n_recent; j++) {
                const gboolean troubled = g_rand_double(random) < noise;

                meter->n_troubled += troubled ? 1 : 0;
                if (troubled && g_rand_double(random) < 0.2)
                    meter->recent[j] = NILO_OUTCOME_BAD_CHECKSUM;
            }
            /* singles: never two neighbours, and a building without any living one is not healthy
             */
            if (i % 2 == 0 && i + 1 < n_meters && meter->n_recent >= 2 &&
                g_rand_double(random) < 2 * dead) {
                end_all(meter, NILO_OUTCOME_SILENT);
                n_dead++;
            }
        }
        findings = nilo_doctor_examine(self);
        if (n_meters - n_dead < 3)
            continue;
        g_assert_cmpuint(findings->len, ==, n_dead);
        for (guint i = 0; i < n_meters; i++) {
            const NiloDoctorMeter *meter = get(self, i);

            if (meter->n_recent > 0 && meter->recent[0] == NILO_OUTCOME_SILENT)
                g_assert_true(is_silent_finding(findings, meter->id));
        }
    }
}

static void
test_nothing_read_yet(void)
{
    g_autoptr(NiloDoctorCase) self = make_case(0);
    g_autoptr(GPtrArray) findings = nilo_doctor_examine(self);

    g_assert_cmpuint(findings->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(sick_cases); i++)
        g_test_add_data_func(sick_cases[i].name, &sick_cases[i], test_sick);
    g_test_add_func("/doctor/healthy-buildings", test_healthy_buildings);
    g_test_add_func("/doctor/nothing-read-yet", test_nothing_read_yet);
    return g_test_run();
}
