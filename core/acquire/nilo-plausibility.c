/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plausibility.h"

/* see NiloNoise for where these come from */
#define NOISE_SHORT_MEMORY 512
#define NOISE_LONG_MEMORY  8192

/* a meter's clock read twice within a few seconds differs by no more */
#define DRIFT_TOLERANCE_S 10

/* more readings than that are history asked for on demand: not worth remembering */
#define KNOWN_MAX 64

/* keeps flow x time within 63 bits: a river, and ten years */
#define FLOW_LIMIT_ML_PER_H G_GUINT64_CONSTANT(10000000000)
#define ELAPSED_LIMIT_S     (10 * 366 * 86400)

typedef enum {
    CLASS_COUNTER, /* only grows */
    CLASS_MOVING,  /* may be anything the next second */
    CLASS_FIXED,   /* the same for days: history, limits, numbers */
} Class;

void
nilo_noise_note(NiloNoise *self, guint exchanges, gboolean trouble)
{
    if (!trouble) {
        self->calm += MIN(exchanges, G_MAXUINT32 - self->calm);
        return;
    }
    self->memory =
        self->troubled && self->calm < NOISE_LONG_MEMORY ? NOISE_LONG_MEMORY : NOISE_SHORT_MEMORY;
    self->troubled = TRUE;
    self->calm = 0;
}

gboolean
nilo_noise_is_recent(const NiloNoise *self)
{
    return self->troubled && self->calm < self->memory;
}

void
nilo_plausibility_clear(NiloPlausibility *self)
{
    g_clear_pointer(&self->known, g_array_unref);
    g_clear_pointer(&self->odd, g_array_unref);
    *self = (NiloPlausibility){0};
}

static Class
classify(const NiloReading *reading)
{
    NiloRegisterParts parts;

    nilo_register_unpack(reading->reg, &parts);
    if ((reading->flags & NILO_READING_METER_TIME) != 0 || parts.storage > 0 ||
        parts.function != NILO_FUNCTION_NOW)
        return CLASS_FIXED;
    switch (parts.quantity) {
    case NILO_QUANTITY_VOLUME:
    case NILO_QUANTITY_ENERGY:
    case NILO_QUANTITY_MASS:
    case NILO_QUANTITY_ON_TIME:
    case NILO_QUANTITY_OPERATING_TIME:
    case NILO_QUANTITY_HCA_UNITS:
        return CLASS_COUNTER;
    case NILO_QUANTITY_POWER:
    case NILO_QUANTITY_VOLUME_FLOW:
    case NILO_QUANTITY_MASS_FLOW:
    case NILO_QUANTITY_FLOW_TEMPERATURE:
    case NILO_QUANTITY_RETURN_TEMPERATURE:
    case NILO_QUANTITY_TEMPERATURE_DIFFERENCE:
    case NILO_QUANTITY_EXTERNAL_TEMPERATURE:
    case NILO_QUANTITY_PRESSURE:
    case NILO_QUANTITY_DATE:
    case NILO_QUANTITY_DATE_TIME:
    case NILO_QUANTITY_ACCESS_NUMBER:
    case NILO_QUANTITY_ACTUALITY_DURATION:
    case NILO_QUANTITY_DURATION_SINCE_READOUT:
    case NILO_QUANTITY_VOLTAGE:
    case NILO_QUANTITY_CURRENT:
    case NILO_QUANTITY_RF_LEVEL:
    case NILO_QUANTITY_BATTERY_VOLTAGE:
    case NILO_QUANTITY_BATTERY_OPERATING_TIME:
    case NILO_QUANTITY_BATTERY_LIFE_REMAINING:
    case NILO_QUANTITY_PURCHASE_REMAINING:
    case NILO_QUANTITY_CLOCK_DRIFT:
        return CLASS_MOVING;
    default:
        return CLASS_FIXED;
    }
}

static gboolean
is_same_register(const NiloReading *a, const NiloReading *b)
{
    if (a->reg != b->reg)
        return FALSE;
    return ((a->flags | b->flags) & NILO_READING_METER_TIME) == 0 || a->taken_us == b->taken_us;
}

static gboolean
is_equal(const NiloReading *a, const NiloReading *b)
{
    return ((a->flags ^ b->flags) & NILO_READING_INVALID) == 0 &&
           nilo_value_equal(&a->value, &b->value);
}

/* -1, 0, 1; 0 also when they cannot be compared */
static gint
compare(const NiloReading *a, const NiloReading *b)
{
    const gint exponent = MIN(a->value.exponent, b->value.exponent);
    gint64 left;
    gint64 right;

    if (a->value.unit != b->value.unit || ((a->flags | b->flags) & NILO_READING_INVALID) != 0 ||
        !nilo_value_rescale(&a->value, exponent, &left) ||
        !nilo_value_rescale(&b->value, exponent, &right))
        return 0;
    return (left > right) - (left < right);
}

static const NiloReading *
find(const NiloReading *readings, gsize n_readings, const NiloReading *wanted)
{
    for (gsize i = 0; i < n_readings; i++) {
        if (is_same_register(&readings[i], wanted))
            return &readings[i];
    }
    return NULL;
}

static const NiloReading *
find_in_array(GArray *array, const NiloReading *wanted)
{
    if (array == NULL)
        return NULL;
    return find((const NiloReading *)(gpointer)array->data, array->len, wanted);
}

static const NiloReading *
find_in_report(NiloReport *report, const NiloReading *wanted)
{
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);

    return find(readings, n_readings, wanted);
}

/* seconds between then and the report, -1 when nobody knows */
static gint64
get_elapsed_s(NiloReport *report, gint64 then_us, gint64 then_monotonic_us)
{
    const gint64 monotonic_us = nilo_report_get_monotonic_us(report);
    gint64 elapsed_us = nilo_report_get_taken_us(report) - then_us;

    if (then_monotonic_us > 0 && monotonic_us >= then_monotonic_us)
        elapsed_us = monotonic_us - then_monotonic_us;
    else if (nilo_report_get_clock_quality(report) == NILO_CLOCK_UNKNOWN || elapsed_us < 0)
        return -1;
    return MIN(elapsed_us / G_USEC_PER_SEC + 1, ELAPSED_LIMIT_S);
}

static gint64
get_quantum_ml(const NiloValue *value)
{
    gint64 quantum_ml = 1;

    for (gint i = -6; i < value->exponent && quantum_ml < G_GINT64_CONSTANT(1000000000000); i++)
        quantum_ml *= 10;
    return quantum_ml;
}

/* a volume that cannot have come about since @before */
static gboolean
is_jump(const NiloReading *before, const NiloReading *now, gint64 elapsed_s, guint64 flow_max)
{
    gint64 before_ml;
    gint64 now_ml;
    guint64 most_ml;

    if (((before->flags | now->flags) & NILO_READING_INVALID) != 0 ||
        !nilo_value_to_millilitres(&before->value, &before_ml) ||
        !nilo_value_to_millilitres(&now->value, &now_ml))
        return FALSE;
    if (now_ml < before_ml)
        return TRUE;
    if (flow_max == 0 || elapsed_s < 0)
        return FALSE;
    most_ml = MIN(flow_max, FLOW_LIMIT_ML_PER_H) * (guint64)elapsed_s / 3600 +
              2 * (guint64)get_quantum_ml(&now->value);
    return (guint64)now_ml - (guint64)before_ml > most_ml;
}

static gboolean
is_surprise(const NiloReading *known, const NiloReading *now, gint64 elapsed_s, guint64 flow_max)
{
    if (((known->flags ^ now->flags) & NILO_READING_INVALID) != 0 ||
        known->value.unit != now->value.unit)
        return TRUE;
    switch (classify(now)) {
    case CLASS_COUNTER:
        return compare(now, known) < 0 || is_jump(known, now, elapsed_s, flow_max);
    case CLASS_FIXED:
        return !is_equal(known, now);
    default:
        return FALSE;
    }
}

static gboolean
lacks_counter(GArray *known, NiloReport *report)
{
    for (guint i = 0; i < known->len; i++) {
        const NiloReading *reading = &g_array_index(known, NiloReading, i);

        if (classify(reading) == CLASS_COUNTER && find_in_report(report, reading) == NULL)
            return TRUE;
    }
    return FALSE;
}

gboolean
nilo_plausibility_is_unusual(const NiloPlausibility *self, guint junk)
{
    if (self->known == NULL)
        return FALSE;
    return junk % NILO_PLAUSIBILITY_SILENCE != self->usual_junk % NILO_PLAUSIBILITY_SILENCE ||
           junk / NILO_PLAUSIBILITY_SILENCE > self->usual_junk / NILO_PLAUSIBILITY_SILENCE;
}

gboolean
nilo_plausibility_must_confirm(const NiloPlausibility *self, NiloReport *report,
                               const NiloPlausibilityContext *context)
{
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);
    const gint64 elapsed_s = get_elapsed_s(report, self->known_us, self->known_monotonic_us);

    if (n_readings == 0)
        return FALSE;
    if (self->known == NULL || context->trouble || context->noisy ||
        nilo_plausibility_is_unusual(self, context->junk) ||
        nilo_report_get_status(report) != self->usual_status || lacks_counter(self->known, report))
        return TRUE;
    for (gsize i = 0; i < n_readings; i++) {
        const NiloReading *known = find_in_array(self->known, &readings[i]);

        if (known == NULL ||
            is_surprise(known, &readings[i], elapsed_s, context->flow_max_ml_per_h))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_confirmed(GPtrArray *reports, guint at, const NiloReading *reading)
{
    gboolean lower = FALSE;
    gboolean higher = FALSE;

    for (guint i = 0; i < reports->len; i++) {
        const NiloReading *other;

        if (i == at)
            continue;
        other = find_in_report(g_ptr_array_index(reports, i), reading);
        if (other == NULL)
            continue;
        if (is_equal(other, reading))
            return TRUE;
        lower |= compare(other, reading) < 0;
        higher |= compare(other, reading) > 0;
    }
    /* two damaged reads could stand on both sides of a third: only when nothing else is left */
    return reports->len >= NILO_PLAUSIBILITY_MAX_READS && classify(reading) != CLASS_FIXED &&
           lower && higher;
}

static gboolean
is_status_confirmed(GPtrArray *reports, guint at)
{
    const guint status = nilo_report_get_status(g_ptr_array_index(reports, at));

    for (guint i = 0; i < reports->len; i++) {
        if (i != at && nilo_report_get_status(g_ptr_array_index(reports, i)) == status)
            return TRUE;
    }
    return FALSE;
}

static guint
count_doubts(GPtrArray *reports, guint at)
{
    gsize n_readings;
    const NiloReading *readings =
        nilo_report_get_readings(g_ptr_array_index(reports, at), &n_readings);
    guint doubts = is_status_confirmed(reports, at) ? 0 : 1;

    for (gsize i = 0; i < n_readings; i++)
        doubts += is_confirmed(reports, at, &readings[i]) ? 0 : 1;
    /* fewer readings than another read had: a record was lost on the way */
    for (guint i = 0; i < reports->len; i++) {
        gsize n_others;

        nilo_report_get_readings(g_ptr_array_index(reports, i), &n_others);
        doubts += n_others > n_readings ? (guint)(n_others - n_readings) : 0;
    }
    return doubts;
}

guint
nilo_plausibility_choose(GPtrArray *reports, guint *doubts)
{
    guint best = reports->len - 1;

    *doubts = G_MAXUINT;
    for (guint i = reports->len; i-- > 0;) {
        const guint found = count_doubts(reports, i);

        if (found < *doubts) {
            *doubts = found;
            best = i;
        }
    }
    return best;
}

static gboolean
is_drift_confirmed(GPtrArray *reports, guint at, gint64 drift_s)
{
    for (guint i = 0; i < reports->len; i++) {
        gint64 other_s;

        if (i != at && nilo_report_get_clock_drift_s(g_ptr_array_index(reports, i), &other_s) &&
            ABS(other_s - drift_s) <= DRIFT_TOLERANCE_S)
            return TRUE;
    }
    return reports->len == 1;
}

static void
copy_facts(NiloReportBuilder *builder, NiloReport *report)
{
    gsize n_facts;
    const NiloFact *facts = nilo_report_get_facts(report, &n_facts);

    for (gsize i = 0; i < n_facts; i++)
        nilo_report_builder_add_fact(builder, facts[i].key, facts[i].text);
}

static NiloReport *
copy_with_flags(GPtrArray *reports, guint at, const guint16 *flags, guint status)
{
    NiloReport *report = g_ptr_array_index(reports, at);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(nilo_report_get_meter(report));
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);
    gint64 drift_s;

    for (gsize i = 0; i < n_readings; i++) {
        const NiloReading *reading = &readings[i];
        const guint all = reading->flags | flags[i];

        if ((reading->flags & NILO_READING_METER_TIME) != 0)
            nilo_report_builder_add_at(builder, reading->reg, &reading->value, all,
                                       reading->taken_us);
        else
            nilo_report_builder_add(builder, reading->reg, &reading->value, all);
    }
    copy_facts(builder, report);
    nilo_report_builder_add_status(builder, status);
    nilo_report_builder_set_undecoded(builder, nilo_report_get_undecoded(report));
    nilo_report_builder_set_found(builder, nilo_report_get_found(report));
    if (nilo_report_get_clock_drift_s(report, &drift_s) && is_drift_confirmed(reports, at, drift_s))
        nilo_report_builder_set_clock_drift_s(builder, drift_s);
    nilo_report_builder_set_bus(builder, nilo_report_get_bus(report));
    nilo_report_builder_set_cause(builder, nilo_report_get_cause(report));
    nilo_report_builder_set_time(builder, nilo_report_get_taken_us(report),
                                 nilo_report_get_monotonic_us(report),
                                 nilo_report_get_clock_quality(report));
    nilo_report_builder_set_exchange(builder, nilo_report_get_attempts(report),
                                     nilo_report_get_answer_ms(report));
    nilo_report_builder_set_evidence(builder, nilo_report_get_evidence(report));
    return nilo_report_builder_finish(builder, nilo_report_get_outcome(report));
}

/* the readings worth comparing with next time: those flagged keep what was known before. Of one
 * that moves by nature only its being there is compared */
static GArray *
remember(GArray *known, const NiloReading *readings, gsize n_readings, const guint16 *flags)
{
    GArray *kept = g_array_new(FALSE, FALSE, sizeof(NiloReading));

    for (gsize i = 0; i < n_readings && kept->len < KNOWN_MAX; i++) {
        const NiloReading *before = find_in_array(known, &readings[i]);

        if ((flags[i] & NILO_READING_IMPLAUSIBLE) == 0 ||
            (before == NULL && classify(&readings[i]) == CLASS_MOVING))
            g_array_append_val(kept, readings[i]);
        else if (before != NULL)
            g_array_append_val(kept, *before);
    }
    for (guint i = 0; known != NULL && i < known->len && kept->len < KNOWN_MAX; i++) {
        const NiloReading *before = &g_array_index(known, NiloReading, i);

        if (classify(before) == CLASS_COUNTER && find_in_array(kept, before) == NULL)
            g_array_append_val(kept, *before);
    }
    return kept;
}

static gboolean
has_jumped(GArray *before, NiloReport *report, gint64 elapsed_s, guint64 flow_max)
{
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);

    for (gsize i = 0; i < n_readings; i++) {
        const NiloReading *known = find_in_array(before, &readings[i]);

        if (known != NULL && classify(&readings[i]) == CLASS_COUNTER &&
            is_jump(known, &readings[i], elapsed_s, flow_max))
            return TRUE;
    }
    return FALSE;
}

/* a value that jumped once and then goes on like a meter is the truth now: it was reset, or the
 * one known before was wrong */
static gboolean
adopt_odd(NiloPlausibility *self, NiloReport *report, const NiloPlausibilityContext *context)
{
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);
    const gint64 elapsed_s = get_elapsed_s(report, self->odd_us, 0);

    if (self->odd == NULL || has_jumped(self->odd, report, elapsed_s, context->flow_max_ml_per_h))
        self->n_odd = 0;
    g_clear_pointer(&self->odd, g_array_unref);
    self->odd = g_array_new(FALSE, FALSE, sizeof(NiloReading));
    g_array_append_vals(self->odd, readings, (guint)MIN(n_readings, KNOWN_MAX));
    self->odd_us = nilo_report_get_taken_us(report);
    return ++self->n_odd > NILO_PLAUSIBILITY_ADOPT_AFTER;
}

static void
forget_odd(NiloPlausibility *self)
{
    g_clear_pointer(&self->odd, g_array_unref);
    self->n_odd = 0;
}

static gboolean
flag_readings(const NiloPlausibility *self, GPtrArray *reports, guint chosen, gboolean confirm,
              gboolean jumped, const NiloPlausibilityContext *context, guint16 *flags)
{
    NiloReport *report = g_ptr_array_index(reports, chosen);
    const gint64 elapsed_s = get_elapsed_s(report, self->known_us, self->known_monotonic_us);
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);
    gboolean any = FALSE;

    for (gsize i = 0; i < n_readings; i++) {
        const NiloReading *known = find_in_array(self->known, &readings[i]);

        if (confirm && is_confirmed(reports, chosen, &readings[i]))
            flags[i] |= NILO_READING_CONFIRMED;
        else if (confirm)
            flags[i] |= NILO_READING_IMPLAUSIBLE;
        if (jumped && known != NULL && classify(&readings[i]) == CLASS_COUNTER &&
            is_jump(known, &readings[i], elapsed_s, context->flow_max_ml_per_h))
            flags[i] |= NILO_READING_IMPLAUSIBLE;
        any |= flags[i] != 0;
    }
    return any;
}

static gboolean
has_implausible(const guint16 *flags, gsize n_readings)
{
    for (gsize i = 0; i < n_readings; i++) {
        if ((flags[i] & NILO_READING_IMPLAUSIBLE) != 0)
            return TRUE;
    }
    return FALSE;
}

static void
take_over(NiloPlausibility *self, GPtrArray *reports, guint chosen, gboolean confirm,
          const guint16 *flags, guint junk)
{
    NiloReport *report = g_ptr_array_index(reports, chosen);
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);
    GArray *kept = remember(self->known, readings, n_readings, flags);

    g_clear_pointer(&self->known, g_array_unref);
    if (kept->len == 0) {
        g_array_unref(kept);
        return;
    }
    /* a counter that was not believed keeps its old value, so it keeps its old time */
    if (self->known_us == 0 || !has_implausible(flags, n_readings)) {
        self->known_us = nilo_report_get_taken_us(report);
        self->known_monotonic_us = nilo_report_get_monotonic_us(report);
    }
    self->known = kept;
    if (confirm && !is_status_confirmed(reports, chosen))
        return;
    self->usual_status = nilo_report_get_status(report);
    self->usual_junk = junk;
}

/* bits cannot be flagged: those that only one of the reads had are not handed out, and what was
 * known before stands */
static guint
choose_status(const NiloPlausibility *self, GPtrArray *reports, guint chosen, gboolean confirm)
{
    if (confirm && !is_status_confirmed(reports, chosen))
        return self->usual_status;
    return nilo_report_get_status(g_ptr_array_index(reports, chosen));
}

NiloReport *
nilo_plausibility_accept(NiloPlausibility *self, GPtrArray *reports, guint chosen, gboolean confirm,
                         const NiloPlausibilityContext *context, gboolean *implausible)
{
    NiloReport *report = g_ptr_array_index(reports, chosen);
    const gint64 elapsed_s = get_elapsed_s(report, self->known_us, self->known_monotonic_us);
    g_autofree guint16 *flags = NULL;
    gboolean any;
    gsize n_readings;

    nilo_report_get_readings(report, &n_readings);
    *implausible = self->known != NULL &&
                   has_jumped(self->known, report, elapsed_s, context->flow_max_ml_per_h);
    if (*implausible && adopt_odd(self, report, context))
        *implausible = FALSE;
    if (!*implausible)
        forget_odd(self);
    flags = g_new0(guint16, n_readings + 1);
    any = flag_readings(self, reports, chosen, confirm, *implausible, context, flags);
    take_over(self, reports, chosen, confirm, flags, context->junk);
    if (!any)
        return nilo_report_ref(report);
    return copy_with_flags(reports, chosen, flags, choose_status(self, reports, chosen, confirm));
}
