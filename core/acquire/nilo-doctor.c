/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-doctor.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-report.h"

/* misses in a row before a meter counts as silent: one may be noise */
#define SILENT_AFTER 2

/* attempts looked at when answers are damaged, and how many of them must be */
#define DAMAGED_WINDOW 8
#define DAMAGED_LEAST  3

/* damaged answers in a row that a dead meter does not give, whatever the noise */
#define DAMAGED_ALIVE 4

/* changes between two meters that answer at one address: an exchange is one change, an exchange
 * taken back two */
#define TWIN_CHANGES 3

/* a run of silent meters is a cable, not a coincidence, when chance alone makes it that seldom */
#define CHANCE_MAX 1e-5

/* silent meters at the end of a riser that make a cut; fewer when they fell silent together */
#define CUT_LEAST          4
#define CUT_LEAST_TOGETHER 3

/* silent meters between living ones that make a branch; there are many places for a coincidence */
#define BRANCH_LEAST 5

/* reads by which meters that fell silent together may differ: a round was under way */
#define TOGETHER_READS 2

/* silent for so many reads longer than the next: it was dead before the cable was cut */
#define OLDER_READS 3

/* reads before anything is said of their quality, and meters that must be troubled: one bad meter
 * is no noisy line */
#define READS_LEAST    20
#define TROUBLED_LEAST 3

/* troubled reads per 100: light noise has 1 or 2, and repeats make up for it. Of few reads more
 * must be troubled: at 2 in 100, so many come once in a million buildings */
#define NOISY_PERCENT 8
#define LIGHT_PERCENT 2
#define LIGHT_SPREADS 5
#define LIGHT_LEAST   3

/* a line is called babbling only when at most one meter in so many can be read all the same */
#define BABBLE_ANSWERS_ONE_IN 5

/* answers in a row heard too late: fewer may be noise */
#define LATE_LEAST       3
#define EXTRA_STEP_MS    100
#define ANSWERS_BELIEVED 3

/* a clock so far off spoils hourly values and days; one that is off by years was never set */
#define CLOCK_OFF_S    (10 * 60)
#define CLOCK_UNSET_S  (366 * (gint64)86400)
#define CLOCK_SAME_S   60
#define CLOCKS_TO_VOTE 3

typedef enum {
    METER_UNKNOWN, /* not read, or not often enough to be sure */
    METER_ANSWERS,
    METER_SILENT,
    METER_GARBLED, /* something answers, mostly damaged */
    METER_WRONG,   /* somebody else answers */
    METER_TWINNED, /* now one answers, now another */
} MeterState;

typedef struct {
    MeterState state;
    guint misses;      /* in a row, up to now */
    guint n_attempts;  /* that say something */
    gboolean answered; /* within what is remembered */
    gboolean told;     /* part of a finding about several */
} MeterSign;

typedef struct {
    const NiloDoctorSnapshot *snapshot;
    MeterSign *signs; /* as many as meters */
    guint count[METER_TWINNED + 1];
    GPtrArray *findings;
} Examination;

static const char *const code_nicks[NILO_N_DOCTOR_CODES] = {
    [NILO_DOCTOR_LINE_LOST] = "line-lost",
    [NILO_DOCTOR_BABBLE] = "babble",
    [NILO_DOCTOR_ALL_SILENT] = "all-silent",
    [NILO_DOCTOR_WRONG_PARITY_OR_SPEED] = "wrong-parity-or-speed",
    [NILO_DOCTOR_NOISY_LINE] = "noisy-line",
    [NILO_DOCTOR_CABLE_CUT] = "cable-cut",
    [NILO_DOCTOR_BRANCH_OFF] = "branch-off",
    [NILO_DOCTOR_TWINS] = "twins",
    [NILO_DOCTOR_METER_EXCHANGED] = "meter-exchanged",
    [NILO_DOCTOR_SLOW_METER] = "slow-meter",
    [NILO_DOCTOR_METER_ERROR] = "meter-error",
    [NILO_DOCTOR_BATTERY_LOW] = "battery-low",
    [NILO_DOCTOR_CLOCK_WRONG] = "clock-wrong",
    [NILO_DOCTOR_NO_KEY] = "no-key",
    [NILO_DOCTOR_NOT_UNDERSTOOD] = "not-understood",
    [NILO_DOCTOR_METER_SILENT] = "meter-silent",
    [NILO_DOCTOR_ECHO] = "echo",
};

static const char *const severity_nicks[] = {"info", "warning", "fault"};

const char *
nilo_doctor_code_get_nick(NiloDoctorCode code)
{
    return (guint)code < NILO_N_DOCTOR_CODES ? code_nicks[code] : "unknown";
}

const char *
nilo_doctor_severity_get_nick(NiloDoctorSeverity severity)
{
    return (guint)severity < G_N_ELEMENTS(severity_nicks) ? severity_nicks[severity] : "unknown";
}

void
nilo_doctor_finding_free(NiloDoctorFinding *self)
{
    g_free(self->text);
    g_free(self->meter);
    g_free(self);
}

static void
meter_free(gpointer data)
{
    NiloDoctorMeter *self = data;

    g_free(self->id);
    g_free(self->address);
    g_free(self->place);
    g_free(self->found);
    g_free(self);
}

NiloDoctorSnapshot *
nilo_doctor_snapshot_new(const char *bus, const char *port)
{
    NiloDoctorSnapshot *self = g_new0(NiloDoctorSnapshot, 1);

    self->bus = g_strdup(bus);
    self->port = g_strdup(port);
    self->meters = g_ptr_array_new_with_free_func(meter_free);
    return self;
}

NiloDoctorMeter *
nilo_doctor_snapshot_add_meter(NiloDoctorSnapshot *self, const char *id)
{
    NiloDoctorMeter *meter = g_new0(NiloDoctorMeter, 1);

    meter->id = g_strdup(id);
    meter->enabled = TRUE;
    g_ptr_array_add(self->meters, meter);
    return meter;
}

void
nilo_doctor_snapshot_free(NiloDoctorSnapshot *self)
{
    g_free(self->bus);
    g_free(self->port);
    g_ptr_array_unref(self->meters);
    g_free(self);
}

/* ---- the signs of one meter ---- */

static gboolean
is_miss(NiloOutcome outcome)
{
    return outcome == NILO_OUTCOME_SILENT || outcome == NILO_OUTCOME_ECHO;
}

static gboolean
is_damaged(NiloOutcome outcome)
{
    return outcome == NILO_OUTCOME_NOISE || outcome == NILO_OUTCOME_BAD_CHECKSUM ||
           outcome == NILO_OUTCOME_COLLISION;
}

/* the meter asked has spoken, whatever it said */
static gboolean
is_answer(NiloOutcome outcome)
{
    return outcome == NILO_OUTCOME_OK || outcome == NILO_OUTCOME_BUSY ||
           outcome == NILO_OUTCOME_ERROR_ANSWER || outcome == NILO_OUTCOME_ENCRYPTED ||
           outcome == NILO_OUTCOME_INCOMPLETE || outcome == NILO_OUTCOME_UNSUPPORTED;
}

/* attempts that were made and say something of the meter, oldest first */
static guint
gather_outcomes(const NiloDoctorMeter *meter, NiloOutcome *outcomes)
{
    guint n = 0;

    for (guint i = 0; i < MIN(meter->n_recent, NILO_DOCTOR_RECENT); i++) {
        const NiloOutcome outcome = (NiloOutcome)meter->recent[i];

        if (is_miss(outcome) || is_damaged(outcome) || is_answer(outcome) ||
            outcome == NILO_OUTCOME_WRONG_METER)
            outcomes[n++] = outcome;
    }
    return n;
}

/* silent at the end; noise alone is no silence, but it happens to dead meters too */
static guint
count_misses(const NiloOutcome *outcomes, guint n)
{
    guint misses = 0;
    gboolean silent = FALSE;

    for (guint i = n; i-- > 0;) {
        if (!is_miss(outcomes[i]) && outcomes[i] != NILO_OUTCOME_NOISE)
            break;
        silent |= is_miss(outcomes[i]);
        misses++;
    }
    return silent ? misses : 0;
}

static guint
count_damaged_last(const NiloOutcome *outcomes, guint n)
{
    guint damaged = 0;

    while (damaged < n && is_damaged(outcomes[n - 1 - damaged]))
        damaged++;
    return damaged;
}

static gboolean
is_garbled(const NiloOutcome *outcomes, guint n)
{
    const guint window = MIN(n, DAMAGED_WINDOW);
    guint damaged = 0;
    guint collisions = 0;

    for (guint i = n - window; i < n; i++) {
        damaged += is_damaged(outcomes[i]) ? 1 : 0;
        collisions += outcomes[i] == NILO_OUTCOME_COLLISION ? 1 : 0;
    }
    return (damaged >= DAMAGED_LEAST && 4 * damaged >= 3 * window) || collisions >= DAMAGED_LEAST;
}

static guint
count_changes(const NiloOutcome *outcomes, guint n)
{
    NiloOutcome last = NILO_N_OUTCOMES;
    guint changes = 0;

    for (guint i = 0; i < n; i++) {
        if (outcomes[i] != NILO_OUTCOME_OK && outcomes[i] != NILO_OUTCOME_WRONG_METER)
            continue;
        changes += last != NILO_N_OUTCOMES && outcomes[i] != last ? 1 : 0;
        last = outcomes[i];
    }
    return changes;
}

static MeterState
judge_outcomes(const NiloOutcome *outcomes, guint n, guint misses)
{
    if (n == 0)
        return METER_UNKNOWN;
    if (count_changes(outcomes, n) >= TWIN_CHANGES)
        return METER_TWINNED;
    if (misses >= SILENT_AFTER && count_damaged_last(outcomes, n) < DAMAGED_ALIVE)
        return METER_SILENT;
    if (is_garbled(outcomes, n) || count_damaged_last(outcomes, n) >= DAMAGED_LEAST)
        return METER_GARBLED;
    if (outcomes[n - 1] == NILO_OUTCOME_WRONG_METER)
        return METER_WRONG;
    /* a single bad attempt may be noise or the beginning of silence: in a round that is under way,
     * the last meters behind a cut have missed once less than the first */
    return is_answer(outcomes[n - 1]) ? METER_ANSWERS : METER_UNKNOWN;
}

static MeterSign
judge_meter(const NiloDoctorMeter *meter)
{
    NiloOutcome outcomes[NILO_DOCTOR_RECENT];
    MeterSign sign = {.state = METER_UNKNOWN};

    if (!meter->enabled)
        return sign;
    sign.n_attempts = gather_outcomes(meter, outcomes);
    sign.misses = count_misses(outcomes, sign.n_attempts);
    sign.state = judge_outcomes(outcomes, sign.n_attempts, sign.misses);
    for (guint i = 0; i < sign.n_attempts; i++)
        sign.answered |= is_answer(outcomes[i]);
    return sign;
}

/* ---- saying it ---- */

static const NiloDoctorMeter *
get_meter(const Examination *self, guint index)
{
    return g_ptr_array_index(self->snapshot->meters, index);
}

/* "14 (mbus:12345678.TEC.16.07)" */
static char *
name_meter(const Examination *self, guint index)
{
    return g_strdup_printf("%u (%s)", index + 1, get_meter(self, index)->id);
}

/* where a person has to go: the flat, or the meter when nobody wrote it down */
static const char *
name_place(const Examination *self, guint index)
{
    const NiloDoctorMeter *meter = get_meter(self, index);

    return meter->place != NULL && *meter->place != '\0' ? meter->place : meter->id;
}

static const char *
name_address(const NiloDoctorMeter *meter)
{
    return meter->address != NULL ? meter->address : meter->id;
}

/* in whole units, the nearest */
static int
count_units(gint64 span_s, gint64 unit_s)
{
    return (int)MIN((span_s + unit_s / 2) / unit_s, G_MAXINT);
}

static char *
format_span(gint64 span_s)
{
    const gint64 s = MAX(span_s, 0);

    if (s >= 2 * 86400)
        return g_strdup_printf(_("%d days"), count_units(s, 86400));
    if (s >= 2 * 3600)
        return g_strdup_printf(_("%d hours"), count_units(s, 3600));
    if (s >= 2 * 60)
        return g_strdup_printf(_("%d minutes"), count_units(s, 60));
    return g_strdup_printf(_("%d seconds"), count_units(s, 1));
}

static guint
round_up_ms(guint ms)
{
    return (ms + EXTRA_STEP_MS - 1) / EXTRA_STEP_MS * EXTRA_STEP_MS;
}

/* index: of the meter it is about, or -1 for the bus; takes the text */
static void
tell(Examination *self, NiloDoctorCode code, NiloDoctorSeverity severity, gint index, char *text)
{
    NiloDoctorFinding *finding = g_new0(NiloDoctorFinding, 1);

    finding->code = code;
    finding->severity = severity;
    finding->text = text;
    finding->meter = index >= 0 ? g_strdup(get_meter(self, (guint)index)->id) : NULL;
    g_ptr_array_add(self->findings, finding);
}

/* ---- the bus as a whole ---- */

static void
tell_line_lost(Examination *self)
{
    const NiloDoctorSnapshot *snapshot = self->snapshot;
    g_autofree char *span = format_span((snapshot->taken_us - snapshot->lost_us) / G_USEC_PER_SEC);

    tell(self, NILO_DOCTOR_LINE_LOST, NILO_DOCTOR_FAULT, -1,
         g_strdup_printf(_("%s has not been there for %s: plug the adapter in again, or see "
                           "whether the serial server has power and network"),
                         snapshot->port, span));
}

static gboolean
is_babbling(const Examination *self)
{
    const guint known = self->snapshot->meters->len - self->count[METER_UNKNOWN];

    return self->snapshot->babbling && BABBLE_ANSWERS_ONE_IN * self->count[METER_ANSWERS] <= known;
}

/* silent, but something comes afterwards: all of them need more time, as behind a far server */
static gboolean
tell_all_late(Examination *self)
{
    guint late = 0;
    guint late_ms = 0;
    guint more_ms;

    for (guint i = 0; i < self->snapshot->meters->len; i++) {
        const NiloDoctorMeter *meter = get_meter(self, i);

        if (self->signs[i].state != METER_SILENT || meter->n_late == 0)
            continue;
        late++;
        late_ms = MAX(late_ms, meter->late_ms);
    }
    if (late < 2 || 2 * late < self->count[METER_SILENT])
        return FALSE;
    late_ms = late_ms * 5 / 4;
    more_ms = round_up_ms(late_ms > self->snapshot->extra_ms ? late_ms - self->snapshot->extra_ms
                                                             : EXTRA_STEP_MS);
    for (guint i = 0; i < self->snapshot->meters->len; i++)
        self->signs[i].told = TRUE;
    tell(self, NILO_DOCTOR_SLOW_METER, NILO_DOCTOR_FAULT, -1,
         g_strdup_printf(_("answers come when nobody waits for them any more: allow %u ms more on "
                           "the whole bus (answer-extra-ms=%u)"),
                         more_ms, self->snapshot->extra_ms + more_ms));
    return TRUE;
}

static void
tell_all_silent(Examination *self)
{
    gboolean answered = FALSE;

    for (guint i = 0; i < self->snapshot->meters->len; i++) {
        answered |= self->signs[i].answered || get_meter(self, i)->answered_us != 0;
        self->signs[i].told = TRUE;
    }
    tell(self, NILO_DOCTOR_ALL_SILENT, NILO_DOCTOR_FAULT, -1,
         answered
             ? g_strdup_printf(_("nobody answers any more: see whether the converter at %s has "
                                 "power and whether the cable is sound up to the first meter"),
                               self->snapshot->port)
             : g_strdup_printf(_("nobody has ever answered: see whether the converter at %s has "
                                 "power, whether the two wires are the right way round, and "
                                 "whether speed and parity are those of the meters"),
                               self->snapshot->port));
}

/* TRUE when nobody can be read at all and the reason is one for all: nothing more to say */
static gboolean
examine_whole(Examination *self)
{
    const guint *count = self->count;
    const guint known = self->snapshot->meters->len - count[METER_UNKNOWN];
    gboolean answered = FALSE;

    for (guint i = 0; i < self->snapshot->meters->len; i++)
        answered |= self->signs[i].answered;
    if (is_babbling(self)) {
        tell(self, NILO_DOCTOR_BABBLE, NILO_DOCTOR_FAULT, -1,
             g_strdup(_("the line never falls quiet: a meter or another master talks without end, "
                        "or the idle level is wrong; take branches off until it stops")));
        return TRUE;
    }
    if (known == 0)
        return FALSE;
    if (count[METER_SILENT] == known && (known > 1 || !answered)) {
        if (!tell_all_late(self))
            tell_all_silent(self);
        return TRUE;
    }
    /* a few dead meters may be among them */
    if (!answered && count[METER_GARBLED] > 0 && 5 * count[METER_GARBLED] >= 4 * known) {
        tell(self, NILO_DOCTOR_WRONG_PARITY_OR_SPEED, NILO_DOCTOR_FAULT, -1,
             g_strdup(_("only broken characters: parity or speed is wrong; try 8N1 in place of "
                        "8E1, or 9600 in place of 2400 Bd")));
        return TRUE;
    }
    return FALSE;
}

/* so many garbled meters are no twins: the whole line is bad */
static gboolean
is_garbled_everywhere(const Examination *self)
{
    const guint known = self->snapshot->meters->len - self->count[METER_UNKNOWN];

    return self->count[METER_GARBLED] > 3 && 3 * self->count[METER_GARBLED] > known;
}

/* what chance makes of light noise: its mean, five standard deviations, and a few for small numbers
 */
static gboolean
is_light(guint troubled, guint reads)
{
    const double mean = reads * LIGHT_PERCENT / 100.0;
    const double beyond = troubled - mean - LIGHT_LEAST;

    return beyond <= 0 || beyond * beyond < LIGHT_SPREADS * LIGHT_SPREADS * mean;
}

static void
examine_noise(Examination *self)
{
    const gboolean everywhere = is_garbled_everywhere(self);
    guint reads = 0;
    guint troubled = 0;
    guint n_meters = 0;

    for (guint i = 0; i < self->snapshot->meters->len; i++) {
        const NiloDoctorMeter *meter = get_meter(self, i);

        if (self->signs[i].state != METER_ANSWERS &&
            !(everywhere && self->signs[i].state == METER_GARBLED))
            continue;
        reads += MIN(meter->n_recent, NILO_DOCTOR_RECENT);
        troubled += MIN(meter->n_troubled, NILO_DOCTOR_RECENT);
        n_meters += meter->n_troubled > 0 ? 1 : 0;
    }
    if (!everywhere && (reads < READS_LEAST || n_meters < TROUBLED_LEAST ||
                        100 * troubled < NOISY_PERCENT * reads || is_light(troubled, reads)))
        return;
    tell(self, NILO_DOCTOR_NOISY_LINE, everywhere ? NILO_DOCTOR_FAULT : NILO_DOCTOR_WARNING, -1,
         g_strdup_printf(_("%u of 100 reads meet noise: see whether the shield is earthed at one "
                           "end, clamps are tight, and the cable keeps away from lifts and power "
                           "lines"),
                         reads > 0 ? 100 * troubled / reads : 0));
}

/* ---- runs along the riser ---- */

/* how probable it is that one more meter is dead, from those outside the run: Jeffreys' estimate,
 * so that no dead meter among few is not taken for certainty */
static double
estimate_dead_share(const Examination *self, guint n_run)
{
    const guint silent = self->count[METER_SILENT] - n_run;
    const guint known = self->snapshot->meters->len - self->count[METER_UNKNOWN] - n_run;

    return (silent + 0.5) / (known + 1.0);
}

static double
get_chance(const Examination *self, guint n_run)
{
    const double share = estimate_dead_share(self, n_run);
    double chance = 1;

    for (guint i = 0; i < n_run && chance > CHANCE_MAX / 1e6; i++)
        chance *= share;
    return chance;
}

typedef struct {
    guint first;
    guint last;    /* both silent; unknown ones may stand between */
    guint n;       /* silent ones */
    gint before;   /* the last that is heard before it, -1 for none */
    gint after;    /* the first that is heard behind it, -1 for none */
    guint least;   /* misses in a row ... */
    guint most;    /* ... of those that were heard not long ago */
    guint n_fresh; /* how many these are; the others may have been dead before */
} Run;

/* the next run of silent meters from @from on */
static gboolean
find_run(const Examination *self, guint from, gint before, Run *run)
{
    *run = (Run){.before = before, .after = -1, .least = G_MAXUINT};
    for (guint i = from; i < self->snapshot->meters->len && run->after < 0; i++) {
        const MeterSign *sign = &self->signs[i];

        if (sign->state == METER_UNKNOWN)
            continue;
        if (sign->state != METER_SILENT) {
            *(run->n == 0 ? &run->before : &run->after) = (gint)i;
            continue;
        }
        run->first = run->n == 0 ? i : run->first;
        run->last = i;
        run->n++;
        if (!sign->answered)
            continue;
        run->n_fresh++;
        run->least = MIN(run->least, sign->misses);
        run->most = MAX(run->most, sign->misses);
    }
    return run->n > 0;
}

/* meters that were dead long before the others of the run do not belong to it */
static void
drop_older(const Examination *self, Run *run)
{
    while (run->n > CUT_LEAST_TOGETHER) {
        Run rest;

        if (!find_run(self, run->first + 1, run->before, &rest) || rest.n_fresh < rest.n ||
            self->signs[run->first].misses < rest.most + OLDER_READS)
            return;
        *run = rest;
    }
}

static gboolean
fell_together(const Run *run)
{
    return run->n_fresh >= CUT_LEAST_TOGETHER && run->most - run->least <= TOGETHER_READS;
}

static void
mark_told(Examination *self, const Run *run)
{
    for (guint i = run->first; i <= run->last; i++)
        self->signs[i].told = TRUE;
}

static gboolean
is_cut(const Examination *self, const Run *run)
{
    if (run->before < 0 || run->after >= 0)
        return FALSE;
    return fell_together(run) || (run->n >= CUT_LEAST && get_chance(self, run->n) <= CHANCE_MAX);
}

static gboolean
is_branch(const Examination *self, const Run *run)
{
    if (run->after < 0 || run->n < BRANCH_LEAST)
        return FALSE;
    return (run->n_fresh == run->n && fell_together(run)) ||
           get_chance(self, run->n) * self->snapshot->meters->len <= CHANCE_MAX;
}

static void
tell_run(Examination *self, Run *run)
{
    if (run->after < 0)
        drop_older(self, run);
    if (is_cut(self, run)) {
        g_autofree char *before = name_meter(self, (guint)run->before);

        tell(self, NILO_DOCTOR_CABLE_CUT, NILO_DOCTOR_FAULT, run->before,
             g_strdup_printf(_("no answer after meter %s: cable cut or loose between %s and %s"),
                             before, name_place(self, (guint)run->before),
                             name_place(self, run->first)));
        mark_told(self, run);
    } else if (is_branch(self, run)) {
        g_autofree char *first = name_meter(self, run->first);
        g_autofree char *last = name_meter(self, run->last);

        tell(self, NILO_DOCTOR_BRANCH_OFF, NILO_DOCTOR_FAULT, (gint)run->first,
             g_strdup_printf(_("no answer from meter %s to meter %s, and those behind it answer: "
                               "a branch is off; see the junction between %s and %s"),
                             first, last, name_place(self, run->first),
                             name_place(self, run->last)));
        mark_told(self, run);
    }
}

static void
examine_riser(Examination *self)
{
    Run run = {.before = -1};
    guint from = 0;

    while (find_run(self, from, run.before, &run)) {
        from = run.last + 1;
        tell_run(self, &run);
    }
}

/* ---- two on one address ---- */

static gboolean
is_in_doubt(const MeterSign *sign)
{
    return sign->state == METER_GARBLED || sign->state == METER_WRONG ||
           sign->state == METER_TWINNED;
}

static gint
find_same_address(const Examination *self, guint index)
{
    const NiloDoctorMeter *meter = get_meter(self, index);

    for (guint i = 0; i < self->snapshot->meters->len && meter->address != NULL; i++) {
        const NiloDoctorMeter *other = get_meter(self, i);

        if (i != index && other->enabled && g_strcmp0(meter->address, other->address) == 0)
            return (gint)i;
    }
    return -1;
}

static void
tell_twins(Examination *self, guint index)
{
    const NiloDoctorMeter *meter = get_meter(self, index);
    const gint other = find_same_address(self, index);
    g_autofree char *name = name_meter(self, index);

    self->signs[index].told = TRUE;
    if (other >= 0) {
        g_autofree char *other_name = name_meter(self, (guint)other);

        self->signs[other].told = TRUE;
        tell(self, NILO_DOCTOR_TWINS, NILO_DOCTOR_FAULT, (gint)index,
             g_strdup_printf(
                 _("two meters share address %s: meter %s and meter %s; give one of them another"),
                 meter->address, name, other_name));
    } else if (self->signs[index].state == METER_TWINNED && meter->found != NULL) {
        tell(self, NILO_DOCTOR_TWINS, NILO_DOCTOR_FAULT, (gint)index,
             g_strdup_printf(
                 _("two meters share address %s: now meter %s answers, now %s; give one of "
                   "them another"),
                 name_address(meter), name, meter->found));
    } else {
        tell(self, NILO_DOCTOR_TWINS, NILO_DOCTOR_FAULT, (gint)index,
             g_strdup_printf(_("two meters share address %s: the answers of meter %s are always "
                               "damaged, those of its neighbours are sound; disconnect one of the "
                               "two, or see its clamps"),
                             name_address(meter), name));
    }
}

static void
examine_twins(Examination *self)
{
    const gboolean everywhere = is_garbled_everywhere(self);

    for (guint i = 0; i < self->snapshot->meters->len; i++) {
        const MeterSign *sign = &self->signs[i];

        if (sign->told)
            continue;
        if (sign->state == METER_TWINNED || (sign->state == METER_GARBLED && !everywhere) ||
            (is_in_doubt(sign) && !everywhere && find_same_address(self, i) >= 0))
            tell_twins(self, i);
    }
}

/* ---- single meters ---- */

static gint
find_listed(const Examination *self, const char *id)
{
    for (guint i = 0; i < self->snapshot->meters->len; i++) {
        if (g_strcmp0(get_meter(self, i)->id, id) == 0)
            return (gint)i;
    }
    return -1;
}

static void
examine_exchange(Examination *self, guint index)
{
    const NiloDoctorMeter *meter = get_meter(self, index);
    const char *found = meter->found != NULL && *meter->found != '\0' ? meter->found : NULL;
    const gint listed = found != NULL ? find_listed(self, found) : -1;
    g_autofree char *name = NULL;

    if (self->signs[index].told || self->signs[index].state != METER_WRONG)
        return;
    name = name_meter(self, index);
    if (listed >= 0)
        tell(self, NILO_DOCTOR_METER_EXCHANGED, NILO_DOCTOR_FAULT, (gint)index,
             g_strdup_printf(_("in place of meter %s answers %s, which is listed as meter %d: the "
                               "addresses are mixed up in the files or in the building"),
                             name, found, listed + 1));
    else if (found != NULL)
        tell(self, NILO_DOCTOR_METER_EXCHANGED, NILO_DOCTOR_FAULT, (gint)index,
             g_strdup_printf(_("in place of meter %s answers %s: when the meter was exchanged, "
                               "list the new one"),
                             name, found));
    else
        tell(self, NILO_DOCTOR_METER_EXCHANGED, NILO_DOCTOR_FAULT, (gint)index,
             g_strdup_printf(_("in place of meter %s another one answers"), name));
}

/* how much longer to wait than now; 0 when all is well */
static guint
get_missing_ms(const Examination *self, const NiloDoctorMeter *meter)
{
    const guint allowed_ms = meter->standard_ms + meter->extra_ms + self->snapshot->extra_ms;
    /* with a margin of a quarter, as the bus itself learns */
    const guint wanted_ms = MAX(meter->late_ms, meter->peak_ms) * 5 / 4;

    if (meter->n_late >= LATE_LEAST) {
        /* how late is not known when it was found in the next round only: twice as long as now */
        return wanted_ms > allowed_ms ? wanted_ms - allowed_ms
                                      : MAX(EXTRA_STEP_MS, self->snapshot->extra_ms);
    }
    if (meter->standard_ms == 0 || meter->n_answers < ANSWERS_BELIEVED)
        return 0;
    /* mostly at the edge: tomorrow some will come too late */
    return meter->mean_ms * 10 > allowed_ms * 9 ? MAX(wanted_ms, allowed_ms + 1) - allowed_ms : 0;
}

static void
examine_time(Examination *self, guint index)
{
    const NiloDoctorMeter *meter = get_meter(self, index);
    const guint missing_ms = get_missing_ms(self, meter);
    const guint more_ms = round_up_ms(missing_ms);
    g_autofree char *name = NULL;

    if (self->signs[index].state == METER_UNKNOWN || missing_ms == 0)
        return;
    self->signs[index].told = TRUE;
    name = name_meter(self, index);
    tell(self, NILO_DOCTOR_SLOW_METER, NILO_DOCTOR_WARNING, (gint)index,
         g_strdup_printf(_("meter %s answers late: allow %u ms more (answer-extra-ms=%u)"), name,
                         more_ms, meter->extra_ms + more_ms));
}

static void
examine_silence(Examination *self, guint index)
{
    const NiloDoctorMeter *meter = get_meter(self, index);
    const MeterSign *sign = &self->signs[index];
    g_autofree char *name = NULL;
    g_autofree char *span = NULL;

    if (sign->state != METER_SILENT || sign->told)
        return;
    name = name_meter(self, index);
    if (meter->answered_us == 0 && !sign->answered) {
        tell(self, NILO_DOCTOR_METER_SILENT, NILO_DOCTOR_INFO, (gint)index,
             g_strdup_printf(_("meter %s has never answered: see its address and its clamps"),
                             name));
        return;
    }
    if (meter->answered_us == 0) {
        tell(self, NILO_DOCTOR_METER_SILENT, NILO_DOCTOR_INFO, (gint)index,
             g_strdup_printf(_("meter %s has not answered in the last %u reads"), name,
                             sign->misses));
        return;
    }
    span = format_span((self->snapshot->taken_us - meter->answered_us) / G_USEC_PER_SEC);
    tell(self, NILO_DOCTOR_METER_SILENT, NILO_DOCTOR_INFO, (gint)index,
         g_strdup_printf(_("meter %s has not answered for %s"), name, span));
}

/* always the same answer that is of no use */
static void
examine_refusal(Examination *self, guint index)
{
    NiloOutcome outcomes[NILO_DOCTOR_RECENT];
    const guint n = gather_outcomes(get_meter(self, index), outcomes);
    g_autofree char *name = NULL;
    NiloOutcome outcome;

    if (self->signs[index].state != METER_ANSWERS || n < 2 || outcomes[n - 1] != outcomes[n - 2])
        return;
    outcome = outcomes[n - 1];
    name = name_meter(self, index);
    if (outcome == NILO_OUTCOME_ENCRYPTED)
        tell(self, NILO_DOCTOR_NO_KEY, NILO_DOCTOR_WARNING, (gint)index,
             g_strdup_printf(_("the answers of meter %s are encrypted and there is no key for it"),
                             name));
    else if (outcome == NILO_OUTCOME_UNSUPPORTED)
        tell(self, NILO_DOCTOR_NOT_UNDERSTOOD, NILO_DOCTOR_WARNING, (gint)index,
             g_strdup_printf(_("meter %s answers in a way its driver does not understand: see "
                               "driver and profile"),
                             name));
    else if (outcome == NILO_OUTCOME_ERROR_ANSWER)
        tell(self, NILO_DOCTOR_NOT_UNDERSTOOD, NILO_DOCTOR_WARNING, (gint)index,
             g_strdup_printf(_("meter %s refuses to be read: see driver and profile"), name));
}

static char *
describe_status(NiloMeterStatus bit, const char *name)
{
    switch (bit) {
    case NILO_STATUS_PERMANENT_ERROR:
        return g_strdup_printf(_("meter %s reports a permanent error: it must be exchanged"), name);
    case NILO_STATUS_TEMPORARY_ERROR:
        return g_strdup_printf(_("meter %s reports a temporary error: it may not measure now"),
                               name);
    case NILO_STATUS_VALVE_FAULT:
        return g_strdup_printf(_("meter %s reports that its valve is stuck"), name);
    case NILO_STATUS_TAMPER:
        return g_strdup_printf(_("meter %s reports that somebody tampered with it"), name);
    case NILO_STATUS_LEAK:
        return g_strdup_printf(_("meter %s reports a leak behind it"), name);
    case NILO_STATUS_ALARM:
    default:
        return g_strdup_printf(_("meter %s reports an alarm"), name);
    }
}

static void
examine_status(Examination *self, guint index)
{
    static const NiloMeterStatus bits[] = {
        NILO_STATUS_PERMANENT_ERROR,
        NILO_STATUS_TEMPORARY_ERROR,
        NILO_STATUS_VALVE_FAULT,
        NILO_STATUS_TAMPER,
        NILO_STATUS_LEAK,
        NILO_STATUS_ALARM,
    };
    const guint status = get_meter(self, index)->status;
    g_autofree char *name = name_meter(self, index);

    if (!get_meter(self, index)->enabled)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(bits); i++) {
        if ((status & (guint)bits[i]) != 0)
            tell(self, NILO_DOCTOR_METER_ERROR, NILO_DOCTOR_WARNING, (gint)index,
                 describe_status(bits[i], name));
    }
    if ((status & NILO_STATUS_BATTERY_LOW) != 0)
        tell(self, NILO_DOCTOR_BATTERY_LOW, NILO_DOCTOR_WARNING, (gint)index,
             g_strdup_printf(_("the battery of meter %s is low: change it before it stops"), name));
}

/* ---- clocks ---- */

/* a clock off by more than can be counted is as wrong as one off by a thousand years */
static gint64
get_drift_s(const NiloDoctorMeter *meter)
{
    return CLAMP(meter->drift_s, -1000 * CLOCK_UNSET_S, 1000 * CLOCK_UNSET_S);
}

static gboolean
is_clock_off(const NiloDoctorMeter *meter)
{
    return meter->enabled && meter->has_drift && ABS(get_drift_s(meter)) >= CLOCK_OFF_S;
}

/* clocks of many meters are wrong by the same: then it is ours; FALSE when it is not so */
static gboolean
find_common_drift(const Examination *self, gint64 *drift_s)
{
    const GPtrArray *meters = self->snapshot->meters;
    guint clocks = 0;

    for (guint i = 0; i < meters->len; i++)
        clocks += get_meter(self, i)->enabled && get_meter(self, i)->has_drift ? 1 : 0;
    if (clocks < CLOCKS_TO_VOTE)
        return FALSE;
    /* four in five agree, so one of the first few does: no need to try all */
    for (guint i = 0, tried = 0; i < meters->len && tried < 8; i++) {
        const NiloDoctorMeter *meter = get_meter(self, i);
        guint agree = 0;

        if (!is_clock_off(meter))
            continue;
        tried++;
        for (guint k = 0; k < meters->len; k++) {
            const NiloDoctorMeter *other = get_meter(self, k);

            agree += other->enabled && other->has_drift &&
                     ABS(get_drift_s(other) - get_drift_s(meter)) <= CLOCK_SAME_S;
        }
        if (5 * agree >= 4 * clocks) {
            *drift_s = get_drift_s(meter);
            return TRUE;
        }
    }
    return FALSE;
}

static void
tell_clock(Examination *self, guint index)
{
    const NiloDoctorMeter *meter = get_meter(self, index);
    const gint64 drift_s = get_drift_s(meter);
    g_autofree char *span = format_span(ABS(drift_s));
    g_autofree char *name = name_meter(self, index);
    char *text;

    if (ABS(drift_s) >= CLOCK_UNSET_S)
        text = g_strdup_printf(_("the clock of meter %s is not set: nilometerctl set-clock %s"),
                               name, meter->id);
    else if (drift_s > 0)
        text = g_strdup_printf(_("the clock of meter %s is %s fast: nilometerctl set-clock %s"),
                               name, span, meter->id);
    else
        text = g_strdup_printf(_("the clock of meter %s is %s slow: nilometerctl set-clock %s"),
                               name, span, meter->id);
    tell(self, NILO_DOCTOR_CLOCK_WRONG, NILO_DOCTOR_WARNING, (gint)index, text);
}

static void
examine_clocks(Examination *self)
{
    gint64 common_s = 0;
    const gboolean ours = find_common_drift(self, &common_s);

    if (ours) {
        g_autofree char *span = format_span(ABS(common_s));

        tell(self, NILO_DOCTOR_CLOCK_WRONG, NILO_DOCTOR_WARNING, -1,
             g_strdup_printf(_("the clocks of the meters agree with each other and differ from "
                               "ours by %s: see the clock of this computer and the time zones in "
                               "the configuration (zone=)"),
                             span));
    }
    for (guint i = 0; i < self->snapshot->meters->len; i++) {
        const NiloDoctorMeter *meter = get_meter(self, i);

        if (is_clock_off(meter) && !(ours && ABS(get_drift_s(meter) - common_s) <= CLOCK_SAME_S))
            tell_clock(self, i);
    }
}

/* ---- all of it ---- */

/* worst first; of the same severity in the order found */
static GPtrArray *
sort_findings(GPtrArray *found)
{
    GPtrArray *sorted = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_doctor_finding_free);

    for (gint severity = NILO_DOCTOR_FAULT; severity >= NILO_DOCTOR_INFO; severity--) {
        for (guint i = 0; i < found->len; i++) {
            const NiloDoctorFinding *finding = g_ptr_array_index(found, i);

            if ((gint)finding->severity == severity)
                g_ptr_array_add(sorted, found->pdata[i]);
        }
    }
    return sorted;
}

static void
examine_meters(Examination *self)
{
    examine_riser(self);
    /* a slow meter looks silent, but is not: it is told first */
    for (guint i = 0; i < self->snapshot->meters->len; i++)
        if (!self->signs[i].told)
            examine_time(self, i);
    examine_twins(self);
    for (guint i = 0; i < self->snapshot->meters->len; i++) {
        examine_exchange(self, i);
        examine_refusal(self, i);
        examine_silence(self, i);
    }
}

GPtrArray *
nilo_doctor_examine(const NiloDoctorSnapshot *snapshot)
{
    const guint n = snapshot->meters->len;
    g_autofree MeterSign *signs = g_new0(MeterSign, n + 1);
    g_autoptr(GPtrArray) findings = g_ptr_array_new();
    Examination self = {.snapshot = snapshot, .signs = signs, .findings = findings};

    for (guint i = 0; i < n; i++) {
        signs[i] = judge_meter(get_meter(&self, i));
        self.count[signs[i].state]++;
    }
    if (snapshot->lost_us != 0) {
        tell_line_lost(&self);
    } else if (!examine_whole(&self)) {
        examine_noise(&self);
        examine_meters(&self);
    }
    for (guint i = 0; i < n; i++)
        examine_status(&self, i);
    examine_clocks(&self);
    if (snapshot->echo)
        tell(&self, NILO_DOCTOR_ECHO, NILO_DOCTOR_INFO, -1,
             g_strdup(
                 _("the converter gives back what is sent (echo): harmless, it is taken out")));
    return sort_findings(findings);
}
