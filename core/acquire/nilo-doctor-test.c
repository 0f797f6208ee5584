/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-doctor.h"

#include <string.h>

#include "nilo-report.h"

#define N_METERS    60
#define TAKEN_US    (G_GINT64_CONSTANT(1790000000) * G_USEC_PER_SEC)
#define DAY_US      (86400 * (gint64)G_USEC_PER_SEC)
#define N_BUILDINGS 100

static NiloDoctorMeter *
get_meter(NiloDoctorSnapshot *snapshot, guint index)
{
    return g_ptr_array_index(snapshot->meters, index);
}

/* one letter per attempt, oldest first: . ok, s silent, n noise, e echo, c collision,
 * b bad checksum, w wrong meter, y busy, r refused, k no key, u not understood, l line lost,
 * g budget spent */
static void
set_recent(NiloDoctorMeter *meter, const char *pattern)
{
    static const char letters[] = ".snecbwyrk?lg?u";

    G_STATIC_ASSERT(sizeof letters - 1 == NILO_N_OUTCOMES);
    meter->n_recent = 0;
    for (const char *c = pattern; *c != '\0'; c++) {
        const char *letter = strchr(letters, *c);

        g_assert_nonnull(letter);
        g_assert_cmpuint(meter->n_recent, <, NILO_DOCTOR_RECENT);
        meter->recent[meter->n_recent++] = (guint8)(letter - letters);
    }
}

/* sound in every way */
static NiloDoctorSnapshot *
build_sound(guint n_meters)
{
    NiloDoctorSnapshot *snapshot = nilo_doctor_snapshot_new("riser-1", "/dev/ttyUSB0");

    snapshot->taken_us = TAKEN_US;
    snapshot->extra_ms = 300;
    for (guint i = 0; i < n_meters; i++) {
        g_autofree char *id = g_strdup_printf("mbus:%08u.TEC.16.07", 10000000 + i);
        NiloDoctorMeter *meter = nilo_doctor_snapshot_add_meter(snapshot, id);

        meter->address = g_strdup_printf("%u", i + 1);
        meter->place = g_strdup_printf("3/2/%02u%02u", 1 + i / 4, 1 + i % 4);
        meter->answered_us = TAKEN_US - 3600 * (gint64)G_USEC_PER_SEC;
        meter->n_answers = 30;
        meter->mean_ms = 60;
        meter->peak_ms = 90;
        meter->standard_ms = 188;
        meter->status = NILO_STATUS_VALVE_OPEN;
        meter->has_drift = TRUE;
        meter->drift_s = (gint64)i % 90 - 45;
        set_recent(meter, "......");
    }
    return snapshot;
}

static void
set_run(NiloDoctorSnapshot *snapshot, guint first, guint last, const char *pattern)
{
    for (guint i = first; i <= last; i++)
        set_recent(get_meter(snapshot, i), pattern);
}

static void
forget_answers(NiloDoctorMeter *meter)
{
    meter->n_answers = 0;
    meter->answered_us = 0;
    meter->mean_ms = meter->peak_ms = 0;
    meter->has_drift = FALSE;
    meter->status = 0;
}

static void
inject_line_lost(NiloDoctorSnapshot *snapshot)
{
    snapshot->lost_us = TAKEN_US - 2 * DAY_US;
    set_run(snapshot, 0, N_METERS - 1, "....ll");
}

static void
inject_babble(NiloDoctorSnapshot *snapshot)
{
    snapshot->babbling = TRUE;
    set_run(snapshot, 0, N_METERS - 1, "....nnn");
}

static void
inject_nobody(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, 0, N_METERS - 1, "ss");
    for (guint i = 0; i < N_METERS; i++)
        forget_answers(get_meter(snapshot, i));
}

static void
inject_nobody_any_more(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, 0, N_METERS - 1, "......ss");
    snapshot->echo = FALSE;
}

static void
inject_wrong_parity(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, 0, N_METERS - 1, "nnn");
    set_run(snapshot, 5, 6, "sss");
    set_run(snapshot, 8, 19, "bnn");
}

static void
inject_noise(NiloDoctorSnapshot *snapshot)
{
    for (guint i = 0; i < N_METERS; i += 4)
        get_meter(snapshot, i)->n_troubled = 3;
    set_recent(get_meter(snapshot, 4), "..b...");
    set_recent(get_meter(snapshot, 30), "....n.");
}

static void
inject_noise_all_over(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, 20, N_METERS - 1, ".bnbnbb");
    for (guint i = 0; i < N_METERS; i++)
        get_meter(snapshot, i)->n_troubled = i < 20 ? 2 : 6;
}

static void
inject_cut(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, 37, N_METERS - 1, "....sss");
    set_recent(get_meter(snapshot, 41), "....nss");
}

static void
inject_cut_from_the_start(NiloDoctorSnapshot *snapshot)
{
    for (guint i = 37; i < N_METERS; i++) {
        forget_answers(get_meter(snapshot, i));
        set_recent(get_meter(snapshot, i), "ee");
    }
}

static void
inject_cut_behind_dead(NiloDoctorSnapshot *snapshot)
{
    inject_cut(snapshot);
    set_recent(get_meter(snapshot, 37), "ssssssssssssssss");
}

static void
inject_cut_of_three(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, N_METERS - 3, N_METERS - 1, "...sss");
}

/* the round is under way: the last three have missed one read less */
static void
inject_cut_in_a_round(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, N_METERS - 6, N_METERS - 4, "....ss");
    set_run(snapshot, N_METERS - 3, N_METERS - 1, "....s");
}

static void
inject_branch(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, 12, 19, "....sss");
}

static void
inject_first_branch(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, 0, 9, "ssss");
}

static void
inject_twins(NiloDoctorSnapshot *snapshot)
{
    set_recent(get_meter(snapshot, 4), "bbcbnbb");
    get_meter(snapshot, 4)->n_troubled = 7;
}

/* the bus was dead for a while; what is garbled since is no dead meter */
static void
inject_twins_after_silence(NiloDoctorSnapshot *snapshot)
{
    set_run(snapshot, 0, N_METERS - 1, "sss....");
    set_recent(get_meter(snapshot, 4), "bbssssnnnn");
}

static void
inject_taking_turns(NiloDoctorSnapshot *snapshot)
{
    set_recent(get_meter(snapshot, 4), ".w..ww.");
    get_meter(snapshot, 4)->found = g_strdup("mbus:99999999.TEC.16.07");
}

static void
inject_one_address_twice(NiloDoctorSnapshot *snapshot)
{
    NiloDoctorMeter *meter = get_meter(snapshot, 9);

    g_free(meter->address);
    meter->address = g_strdup("5");
    meter->found = g_strdup(get_meter(snapshot, 4)->id);
    set_recent(meter, "wwww");
}

static void
inject_exchanged(NiloDoctorSnapshot *snapshot)
{
    set_recent(get_meter(snapshot, 7), "....ww");
    get_meter(snapshot, 7)->found = g_strdup("mbus:99999999.TEC.16.07");
}

static void
inject_mixed_up(NiloDoctorSnapshot *snapshot)
{
    set_recent(get_meter(snapshot, 7), "ww");
    get_meter(snapshot, 7)->found = g_strdup(get_meter(snapshot, 8)->id);
}

static void
inject_slow(NiloDoctorSnapshot *snapshot)
{
    NiloDoctorMeter *meter = get_meter(snapshot, 13);

    forget_answers(meter);
    set_recent(meter, "sssss");
    meter->n_late = 9;
    meter->late_ms = 620;
}

static void
inject_nearly_slow(NiloDoctorSnapshot *snapshot)
{
    get_meter(snapshot, 13)->mean_ms = 470;
    get_meter(snapshot, 13)->peak_ms = 485;
}

static void
inject_far_server(NiloDoctorSnapshot *snapshot)
{
    inject_nobody(snapshot);
    for (guint i = 0; i < N_METERS; i++) {
        get_meter(snapshot, i)->n_late = 2;
        get_meter(snapshot, i)->late_ms = 2000;
    }
}

static void
inject_error(NiloDoctorSnapshot *snapshot)
{
    get_meter(snapshot, 22)->status |= NILO_STATUS_PERMANENT_ERROR;
}

static void
inject_leak_and_stuck_valve(NiloDoctorSnapshot *snapshot)
{
    get_meter(snapshot, 22)->status |= NILO_STATUS_LEAK | NILO_STATUS_VALVE_FAULT;
}

static void
inject_battery(NiloDoctorSnapshot *snapshot)
{
    get_meter(snapshot, 23)->status |= NILO_STATUS_BATTERY_LOW;
}

static void
inject_slow_clock(NiloDoctorSnapshot *snapshot)
{
    get_meter(snapshot, 24)->drift_s = -7500;
}

static void
inject_unset_clock(NiloDoctorSnapshot *snapshot)
{
    get_meter(snapshot, 24)->drift_s = -1700000000;
}

static void
inject_our_clock(NiloDoctorSnapshot *snapshot)
{
    for (guint i = 0; i < N_METERS; i++)
        get_meter(snapshot, i)->drift_s = 8 * 3600 + i % 20;
}

static void
inject_no_key(NiloDoctorSnapshot *snapshot)
{
    set_recent(get_meter(snapshot, 25), "kkk");
}

static void
inject_not_understood(NiloDoctorSnapshot *snapshot)
{
    set_recent(get_meter(snapshot, 26), "uu");
}

static void
inject_refused(NiloDoctorSnapshot *snapshot)
{
    set_recent(get_meter(snapshot, 26), "..rr");
}

static void
inject_dead(NiloDoctorSnapshot *snapshot)
{
    get_meter(snapshot, 27)->answered_us = TAKEN_US - 3 * DAY_US;
    set_recent(get_meter(snapshot, 27), "..ssss");
}

static void
inject_dead_on_arrival(NiloDoctorSnapshot *snapshot)
{
    forget_answers(get_meter(snapshot, N_METERS - 1));
    set_recent(get_meter(snapshot, N_METERS - 1), "ssns");
}

static void
inject_echo(NiloDoctorSnapshot *snapshot)
{
    snapshot->echo = TRUE;
}

typedef struct {
    const char *name;
    void (*inject)(NiloDoctorSnapshot *snapshot);
    NiloDoctorCode code;
    NiloDoctorSeverity severity;
    guint n_findings;
    gint meter; /* index, -1 for the bus */
    const char *text;
} Case;

static const Case cases[] = {
    {"line-lost", inject_line_lost, NILO_DOCTOR_LINE_LOST, NILO_DOCTOR_FAULT, 1, -1,
     "/dev/ttyUSB0 has not been there for 2 days"},
    {"babble", inject_babble, NILO_DOCTOR_BABBLE, NILO_DOCTOR_FAULT, 1, -1, "never falls quiet"},
    {"nobody-ever", inject_nobody, NILO_DOCTOR_ALL_SILENT, NILO_DOCTOR_FAULT, 1, -1,
     "nobody has ever answered"},
    {"nobody-any-more", inject_nobody_any_more, NILO_DOCTOR_ALL_SILENT, NILO_DOCTOR_FAULT, 1, -1,
     "nobody answers any more"},
    {"wrong-parity", inject_wrong_parity, NILO_DOCTOR_WRONG_PARITY_OR_SPEED, NILO_DOCTOR_FAULT, 1,
     -1, "only broken characters: parity or speed is wrong"},
    {"noise", inject_noise, NILO_DOCTOR_NOISY_LINE, NILO_DOCTOR_WARNING, 1, -1,
     "12 of 100 reads meet noise"},
    {"noise-all-over", inject_noise_all_over, NILO_DOCTOR_NOISY_LINE, NILO_DOCTOR_FAULT, 1, -1,
     "70 of 100 reads"},
    {"cut", inject_cut, NILO_DOCTOR_CABLE_CUT, NILO_DOCTOR_FAULT, 1, 36,
     "no answer after meter 37 (mbus:10000036.TEC.16.07): cable cut or loose between 3/2/1001 and "
     "3/2/1002"},
    {"cut-from-the-start", inject_cut_from_the_start, NILO_DOCTOR_CABLE_CUT, NILO_DOCTOR_FAULT, 1,
     36, "between 3/2/1001 and 3/2/1002"},
    {"cut-of-three", inject_cut_of_three, NILO_DOCTOR_CABLE_CUT, NILO_DOCTOR_FAULT, 1, 56,
     "no answer after meter 57"},
    {"cut-in-a-round", inject_cut_in_a_round, NILO_DOCTOR_CABLE_CUT, NILO_DOCTOR_FAULT, 1, 53,
     "no answer after meter 54"},
    {"branch", inject_branch, NILO_DOCTOR_BRANCH_OFF, NILO_DOCTOR_FAULT, 1, 12,
     "no answer from meter 13 (mbus:10000012.TEC.16.07) to meter 20"},
    {"first-branch", inject_first_branch, NILO_DOCTOR_BRANCH_OFF, NILO_DOCTOR_FAULT, 1, 0,
     "no answer from meter 1 "},
    {"twins", inject_twins, NILO_DOCTOR_TWINS, NILO_DOCTOR_FAULT, 1, 4,
     "two meters share address 5"},
    {"twins-after-silence", inject_twins_after_silence, NILO_DOCTOR_TWINS, NILO_DOCTOR_FAULT, 1, 4,
     "two meters share address 5"},
    {"twins-taking-turns", inject_taking_turns, NILO_DOCTOR_TWINS, NILO_DOCTOR_FAULT, 1, 4,
     "two meters share address 5: now meter 5 (mbus:10000004.TEC.16.07) answers, now "
     "mbus:99999999.TEC.16.07"},
    {"one-address-listed-twice", inject_one_address_twice, NILO_DOCTOR_TWINS, NILO_DOCTOR_FAULT, 1,
     9, "two meters share address 5: meter 10 (mbus:10000009.TEC.16.07) and meter 5"},
    {"exchanged", inject_exchanged, NILO_DOCTOR_METER_EXCHANGED, NILO_DOCTOR_FAULT, 1, 7,
     "answers mbus:99999999.TEC.16.07: when the meter was exchanged"},
    {"mixed-up", inject_mixed_up, NILO_DOCTOR_METER_EXCHANGED, NILO_DOCTOR_FAULT, 1, 7,
     "which is listed as meter 9"},
    {"slow", inject_slow, NILO_DOCTOR_SLOW_METER, NILO_DOCTOR_WARNING, 1, 13,
     "meter 14 (mbus:10000013.TEC.16.07) answers late: allow 300 ms more (answer-extra-ms=300)"},
    {"nearly-slow", inject_nearly_slow, NILO_DOCTOR_SLOW_METER, NILO_DOCTOR_WARNING, 1, 13,
     "allow 200 ms more"},
    {"far-server", inject_far_server, NILO_DOCTOR_SLOW_METER, NILO_DOCTOR_FAULT, 1, -1,
     "on the whole bus (answer-extra-ms=2500)"},
    {"meter-error", inject_error, NILO_DOCTOR_METER_ERROR, NILO_DOCTOR_WARNING, 1, 22,
     "reports a permanent error"},
    {"leak-and-stuck-valve", inject_leak_and_stuck_valve, NILO_DOCTOR_METER_ERROR,
     NILO_DOCTOR_WARNING, 2, 22, "its valve is stuck"},
    {"battery", inject_battery, NILO_DOCTOR_BATTERY_LOW, NILO_DOCTOR_WARNING, 1, 23,
     "the battery of meter 24"},
    {"slow-clock", inject_slow_clock, NILO_DOCTOR_CLOCK_WRONG, NILO_DOCTOR_WARNING, 1, 24,
     "2 hours slow: nilometerctl set-clock mbus:10000024.TEC.16.07"},
    {"unset-clock", inject_unset_clock, NILO_DOCTOR_CLOCK_WRONG, NILO_DOCTOR_WARNING, 1, 24,
     "is not set"},
    {"our-clock", inject_our_clock, NILO_DOCTOR_CLOCK_WRONG, NILO_DOCTOR_WARNING, 1, -1,
     "differ from ours by 8 hours"},
    {"no-key", inject_no_key, NILO_DOCTOR_NO_KEY, NILO_DOCTOR_WARNING, 1, 25, "encrypted"},
    {"not-understood", inject_not_understood, NILO_DOCTOR_NOT_UNDERSTOOD, NILO_DOCTOR_WARNING, 1,
     26, "its driver does not understand"},
    {"refused", inject_refused, NILO_DOCTOR_NOT_UNDERSTOOD, NILO_DOCTOR_WARNING, 1, 26,
     "refuses to be read"},
    {"dead", inject_dead, NILO_DOCTOR_METER_SILENT, NILO_DOCTOR_INFO, 1, 27,
     "has not answered for 3 days"},
    {"dead-on-arrival", inject_dead_on_arrival, NILO_DOCTOR_METER_SILENT, NILO_DOCTOR_INFO, 1, 59,
     "has never answered"},
    {"echo", inject_echo, NILO_DOCTOR_ECHO, NILO_DOCTOR_INFO, 1, -1, "harmless"},
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(NiloDoctorSnapshot) snapshot = build_sound(N_METERS);
    g_autoptr(GPtrArray) findings = NULL;
    const NiloDoctorFinding *first;

    c->inject(snapshot);
    findings = nilo_doctor_examine(snapshot);
    for (guint i = 0; i < findings->len; i++) {
        const NiloDoctorFinding *finding = findings->pdata[i];

        g_test_message("%-24s -> %-21s %-7s %s", c->name, nilo_doctor_code_get_nick(finding->code),
                       nilo_doctor_severity_get_nick(finding->severity), finding->text);
    }
    g_assert_cmpuint(findings->len, ==, c->n_findings);
    for (guint i = 0; i < findings->len; i++) {
        const NiloDoctorFinding *finding = findings->pdata[i];

        g_assert_cmpint((gint)finding->code, ==, (gint)c->code);
        g_assert_cmpint((gint)finding->severity, ==, (gint)c->severity);
    }
    first = findings->pdata[0];
    g_assert_nonnull(strstr(first->text, c->text));
    g_assert_cmpstr(first->meter, ==,
                    c->meter >= 0 ? get_meter(snapshot, (guint)c->meter)->id : NULL);
}

static void
test_every_code(void)
{
    gboolean seen[NILO_N_DOCTOR_CODES] = {FALSE};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        seen[cases[i].code] = TRUE;
    for (guint i = 0; i < NILO_N_DOCTOR_CODES; i++) {
        if (!seen[i])
            g_test_message("no case for %s", nilo_doctor_code_get_nick((NiloDoctorCode)i));
        g_assert_true(seen[i]);
    }
    g_assert_cmpstr(nilo_doctor_code_get_nick((NiloDoctorCode)NILO_N_DOCTOR_CODES), ==, "unknown");
    g_assert_cmpstr(nilo_doctor_severity_get_nick((NiloDoctorSeverity)3), ==, "unknown");
}

/* what is dead already is told, and does not move the place of the cut */
static void
test_cut_behind_dead(void)
{
    g_autoptr(NiloDoctorSnapshot) snapshot = build_sound(N_METERS);
    g_autoptr(GPtrArray) findings = NULL;
    const NiloDoctorFinding *finding;

    inject_cut_behind_dead(snapshot);
    findings = nilo_doctor_examine(snapshot);
    g_assert_cmpuint(findings->len, ==, 2);
    finding = findings->pdata[0];
    g_assert_cmpint((gint)finding->code, ==, NILO_DOCTOR_CABLE_CUT);
    g_assert_nonnull(strstr(finding->text, "between 3/2/1001 and 3/2/1003"));
    finding = findings->pdata[1];
    g_assert_cmpint((gint)finding->code, ==, NILO_DOCTOR_METER_SILENT);
    g_assert_cmpstr(finding->meter, ==, get_meter(snapshot, 37)->id);
}

/* several at once: the worst first, then along the riser */
static void
test_several(void)
{
    static const NiloDoctorCode expected[] = {NILO_DOCTOR_CABLE_CUT,       NILO_DOCTOR_TWINS,
                                              NILO_DOCTOR_METER_EXCHANGED, NILO_DOCTOR_BATTERY_LOW,
                                              NILO_DOCTOR_METER_SILENT,    NILO_DOCTOR_ECHO};
    g_autoptr(NiloDoctorSnapshot) snapshot = build_sound(N_METERS);
    g_autoptr(GPtrArray) findings = NULL;

    inject_cut(snapshot);
    inject_twins(snapshot);
    inject_exchanged(snapshot);
    inject_battery(snapshot);
    inject_dead(snapshot);
    inject_echo(snapshot);
    findings = nilo_doctor_examine(snapshot);
    g_assert_cmpuint(findings->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < findings->len; i++)
        g_assert_cmpint((gint)((const NiloDoctorFinding *)findings->pdata[i])->code, ==,
                        (gint)expected[i]);
}

/* wherever the cable is cut, and whatever else is dead, the place is named */
static void
test_cut_anywhere(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(5);

    for (guint i = 0; i < 500; i++) {
        g_autoptr(NiloDoctorSnapshot) snapshot = build_sound(N_METERS);
        const guint after = (guint)g_rand_int_range(random, 20, N_METERS - 4);
        g_autoptr(GPtrArray) findings = NULL;
        g_autofree char *expected = g_strdup_printf("no answer after meter %u ", after);
        const NiloDoctorFinding *finding;

        set_recent(get_meter(snapshot, (guint)g_rand_int_range(random, 0, (gint)after - 1)),
                   "ssssssss");
        set_run(snapshot, after, N_METERS - 1, i % 2 == 0 ? "ss" : "...nsss");
        findings = nilo_doctor_examine(snapshot);
        g_assert_cmpuint(findings->len, ==, 2);
        finding = findings->pdata[0];
        g_assert_cmpint((gint)finding->code, ==, NILO_DOCTOR_CABLE_CUT);
        g_assert_nonnull(strstr(finding->text, expected));
    }
}

/* ---- healthy buildings ---- */

static void
make_dead(GRand *random, NiloDoctorMeter *meter)
{
    const gboolean ever = g_rand_boolean(random);

    meter->status = 0;
    meter->has_drift = FALSE;
    if (!ever)
        forget_answers(meter);
    else
        meter->answered_us -= g_rand_int_range(random, 1, 400) * DAY_US;
    for (guint i = 0; i < meter->n_recent; i++)
        meter->recent[i] = (guint8)(g_rand_int_range(random, 0, 100) < 3 ? NILO_OUTCOME_NOISE
                                                                         : NILO_OUTCOME_SILENT);
}

static void
make_healthy(GRand *random, NiloDoctorMeter *meter, guint n_recent)
{
    meter->n_recent = n_recent;
    meter->mean_ms = (guint)g_rand_int_range(random, 12, 250);
    meter->peak_ms = meter->mean_ms + (guint)g_rand_int_range(random, 0, 100);
    meter->drift_s = g_rand_int_range(random, -120, 121);
    meter->has_drift = g_rand_boolean(random);
    meter->n_late = (guint)g_rand_int_range(random, 0, 3);
    meter->late_ms = meter->n_late > 0 ? 600 : 0;
    for (guint i = 0; i < n_recent; i++) {
        const gboolean troubled = g_rand_int_range(random, 0, 100) < 2;
        /* after three tries each */
        const gint chance = g_rand_int_range(random, 0, 1000);

        meter->recent[i] = (guint8)(chance < 3   ? NILO_OUTCOME_SILENT
                                    : chance < 6 ? NILO_OUTCOME_BAD_CHECKSUM
                                    : chance < 8 ? NILO_OUTCOME_BUSY
                                                 : NILO_OUTCOME_OK);
        meter->n_troubled += troubled ? 1 : 0;
    }
}

static NiloDoctorSnapshot *
build_healthy(guint32 seed)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    const guint n_meters = (guint)g_rand_int_range(random, 10, 301);
    const guint n_recent = (guint)g_rand_int_range(random, 0, NILO_DOCTOR_RECENT + 1);
    const guint dead_per_mille = (guint)g_rand_int_range(random, 0, 51);
    NiloDoctorSnapshot *snapshot = build_sound(n_meters);

    snapshot->echo = g_rand_int_range(random, 0, 5) == 0;
    for (guint i = 0; i < n_meters; i++) {
        NiloDoctorMeter *meter = get_meter(snapshot, i);

        make_healthy(random, meter, n_recent);
        if ((guint)g_rand_int_range(random, 0, 1000) < dead_per_mille)
            make_dead(random, meter);
        meter->enabled = g_rand_int_range(random, 0, 50) > 0;
    }
    return snapshot;
}

static void
test_healthy(void)
{
    guint n_info = 0;
    guint n_meters = 0;
    guint n_alarms = 0;

    for (guint32 seed = 1; seed <= N_BUILDINGS; seed++) {
        g_autoptr(NiloDoctorSnapshot) snapshot = build_healthy(seed);
        g_autoptr(GPtrArray) findings = nilo_doctor_examine(snapshot);

        n_meters += snapshot->meters->len;
        for (guint i = 0; i < findings->len; i++) {
            const NiloDoctorFinding *finding = findings->pdata[i];

            if (finding->severity == NILO_DOCTOR_INFO) {
                n_info++;
                continue;
            }
            n_alarms++;
            g_test_message("seed %u: %s", seed, finding->text);
        }
    }
    g_test_message("healthy_buildings=%u meters=%u infos=%u warnings_and_faults=%u", N_BUILDINGS,
                   n_meters, n_info, n_alarms);
    g_assert_cmpuint(n_alarms, ==, 0);
}

/* ---- edges ---- */

static void
test_edges(void)
{
    static const guint sizes[] = {0, 1, 2, 3};

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(NiloDoctorSnapshot) fresh = build_sound(sizes[i]);
        g_autoptr(GPtrArray) findings = NULL;

        for (guint k = 0; k < sizes[i]; k++)
            get_meter(fresh, k)->n_recent = 0;
        findings = nilo_doctor_examine(fresh);
        g_assert_cmpuint(findings->len, ==, 0);
    }
}

static void
test_only_meter_never_answered(void)
{
    g_autoptr(NiloDoctorSnapshot) snapshot = build_sound(1);
    g_autoptr(GPtrArray) findings = NULL;

    forget_answers(get_meter(snapshot, 0));
    set_recent(get_meter(snapshot, 0), "ss");
    findings = nilo_doctor_examine(snapshot);
    g_assert_cmpuint(findings->len, ==, 1);
    g_assert_cmpint((gint)((const NiloDoctorFinding *)findings->pdata[0])->code, ==,
                    NILO_DOCTOR_ALL_SILENT);
}

/* a meter listed and not read is no part of any pattern */
static void
test_disabled(void)
{
    g_autoptr(NiloDoctorSnapshot) snapshot = build_sound(N_METERS);
    g_autoptr(GPtrArray) findings = NULL;

    set_run(snapshot, 40, N_METERS - 1, "sss");
    for (guint i = 40; i < N_METERS; i++)
        get_meter(snapshot, i)->enabled = FALSE;
    findings = nilo_doctor_examine(snapshot);
    g_assert_cmpuint(findings->len, ==, 0);
}

/* any bytes at all as outcomes: no crash, and every text is one */
static void
test_absurd(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(11);

    for (guint round = 0; round < 2000; round++) {
        g_autoptr(NiloDoctorSnapshot) snapshot =
            build_sound((guint)g_rand_int_range(random, 0, 40));
        g_autoptr(GPtrArray) findings = NULL;

        snapshot->babbling = g_rand_boolean(random);
        for (guint i = 0; i < snapshot->meters->len; i++) {
            NiloDoctorMeter *meter = get_meter(snapshot, i);

            meter->n_recent = (guint)g_rand_int_range(random, 0, 40);
            for (guint k = 0; k < NILO_DOCTOR_RECENT; k++)
                meter->recent[k] = (guint8)g_rand_int_range(random, 0, 20);
            meter->drift_s = round % 2 == 0 ? G_MININT64 : G_MAXINT64;
            meter->n_troubled = g_rand_int(random);
            meter->late_ms = g_rand_int(random);
            meter->n_late = g_rand_int(random);
            meter->mean_ms = g_rand_int(random);
            meter->status = g_rand_int(random);
        }
        findings = nilo_doctor_examine(snapshot);
        for (guint i = 0; i < findings->len; i++)
            g_assert_true(
                g_utf8_validate(((NiloDoctorFinding *)findings->pdata[i])->text, -1, NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/doctor/finds/%s", cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/doctor/every-code-has-a-case", test_every_code);
    g_test_add_func("/doctor/cut-behind-a-dead-meter", test_cut_behind_dead);
    g_test_add_func("/doctor/several-at-once", test_several);
    g_test_add_func("/doctor/cut-anywhere", test_cut_anywhere);
    g_test_add_func("/doctor/healthy-buildings", test_healthy);
    g_test_add_func("/doctor/nothing-known-yet", test_edges);
    g_test_add_func("/doctor/only-meter-never-answered", test_only_meter_never_answered);
    g_test_add_func("/doctor/disabled", test_disabled);
    g_test_add_func("/doctor/absurd", test_absurd);
    return g_test_run();
}
