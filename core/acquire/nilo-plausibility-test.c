/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plausibility.h"

#include <stdlib.h>

#include "nilo-acquire-fake.h"
#include "nilo-bus.h"

#define START_US (G_GINT64_CONSTANT(1767225600) * G_USEC_PER_SEC)
#define HOUR_US  (3600 * (gint64)G_USEC_PER_SEC)

/* 10 m3/h: 10,000 l in the hour between two reads */
static const NiloPlausibilityContext calm = {.flow_max_ml_per_h = 10000000};

typedef struct {
    gint64 volume_l;
    gint64 month_l;
    gint64 flow;
    guint status;
} Values;

static NiloReport *
make_report(gint64 taken_us, const Values *values)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("fake:1", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    NiloRegisterParts month = {.quantity = NILO_QUANTITY_VOLUME, .storage = 1};
    NiloValue value = {values->volume_l, -3, NILO_UNIT_CUBIC_METRE};
    NiloRegister reg;

    nilo_register_pack(&month, &reg);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    value.mantissa = values->month_l;
    nilo_report_builder_add(builder, reg, &value, 0);
    value = (NiloValue){values->flow, -3, NILO_UNIT_CUBIC_METRE_PER_HOUR};
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME_FLOW), &value, 0);
    nilo_report_builder_add_status(builder, values->status);
    nilo_report_builder_set_time(builder, taken_us, taken_us - START_US + 1,
                                 NILO_CLOCK_SYNCHRONISED);
    return nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
}

static GPtrArray *
make_reads(gint64 taken_us, const Values *values, guint n_values)
{
    GPtrArray *reports = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);

    for (guint i = 0; i < n_values; i++)
        g_ptr_array_add(reports, make_report(taken_us + i * G_USEC_PER_SEC, &values[i]));
    return reports;
}

/* a meter read before: 1,000 l, 900 l at the end of the month */
static void
learn(NiloPlausibility *self)
{
    const Values values[] = {{1000, 900, 10, 0}, {1000, 900, 10, 0}};
    g_autoptr(GPtrArray) reports = make_reads(START_US, values, 2);
    gboolean implausible;
    G_GNUC_UNUSED g_autoptr(NiloReport) report =
        nilo_plausibility_accept(self, reports, 1, TRUE, &calm, &implausible);

    g_assert_false(implausible);
    g_assert_nonnull(self->known);
}

typedef struct {
    const char *name;
    Values values;
    NiloPlausibilityContext context;
    gboolean confirm;
} MustCase;

static const MustCase must_cases[] = {
    {"/plausibility/must/nothing-new", {1000, 900, 10, 0}, {10000000, 0, 0, 0}, FALSE},
    {"/plausibility/must/water-used", {1500, 900, 700, 0}, {10000000, 0, 0, 0}, FALSE},
    {"/plausibility/must/backwards", {999, 900, 10, 0}, {10000000, 0, 0, 0}, TRUE},
    {"/plausibility/must/faster-than-the-meter", {12000, 900, 10, 0}, {10000000, 0, 0, 0}, TRUE},
    {"/plausibility/must/no-check-of-flow", {12000, 900, 10, 0}, {0, 0, 0, 0}, FALSE},
    {"/plausibility/must/past-changed", {1000, 901, 10, 0}, {10000000, 0, 0, 0}, TRUE},
    {"/plausibility/must/status-changed", {1000, 900, 10, 1}, {10000000, 0, 0, 0}, TRUE},
    {"/plausibility/must/trouble", {1000, 900, 10, 0}, {10000000, 1, 0, 0}, TRUE},
    {"/plausibility/must/noisy-line", {1000, 900, 10, 0}, {10000000, 0, 1, 0}, TRUE},
    {"/plausibility/must/unusual-bytes", {1000, 900, 10, 0}, {10000000, 0, 0, 3}, TRUE},
};

/* equal readings, but no two reads agree on the status: bits cannot be flagged */
static void
test_unconfirmed_status(void)
{
    const Values values[] = {{1000, 900, 10, 1}, {1000, 900, 10, 2}};
    NiloPlausibility self = {0};
    g_autoptr(GPtrArray) reports = make_reads(START_US + HOUR_US, values, 2);
    gboolean implausible;
    g_autoptr(NiloReport) report = NULL;

    learn(&self);
    report = nilo_plausibility_accept(&self, reports, 1, TRUE, &calm, &implausible);
    g_assert_cmpuint(nilo_report_get_status(report), ==, 0);
    g_assert_cmpuint(self.usual_status, ==, 0);
    nilo_plausibility_clear(&self);
}

/* a flow that no two of the first reads had in common is doubted, but it is no news the next time
 */
static void
test_unconfirmed_flow(void)
{
    const Values first[] = {{1000, 900, 10, 0}, {1000, 900, 20, 0}, {1000, 900, 30, 0}};
    const Values next = {1000, 900, 40, 0};
    NiloPlausibility self = {0};
    g_autoptr(GPtrArray) reports = make_reads(START_US, first, 3);
    g_autoptr(NiloReport) later = make_report(START_US + HOUR_US, &next);
    g_autoptr(NiloReport) report = NULL;
    const NiloReading *flow;
    gboolean implausible;

    report = nilo_plausibility_accept(&self, reports, 2, TRUE, &calm, &implausible);
    flow = nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME_FLOW));
    g_assert_cmpuint(flow->flags, ==, NILO_READING_IMPLAUSIBLE);
    g_assert_false(nilo_plausibility_must_confirm(&self, later, &calm));
    nilo_plausibility_clear(&self);
}

/* a driver that has to find out how a meter wants to be asked meets silences, and later fewer */
static void
test_silences(void)
{
    const Values values = {1000, 900, 10, 0};
    const NiloPlausibilityContext learning = {10000000, 0, 0, 3 * NILO_PLAUSIBILITY_SILENCE + 2};
    NiloPlausibility self = {0};
    g_autoptr(GPtrArray) reports = make_reads(START_US, &values, 1);
    gboolean implausible;
    G_GNUC_UNUSED g_autoptr(NiloReport) report = NULL;

    g_assert_false(nilo_plausibility_is_unusual(&self, 1));
    report = nilo_plausibility_accept(&self, reports, 0, FALSE, &learning, &implausible);
    g_assert_false(nilo_plausibility_is_unusual(&self, 2));
    g_assert_false(nilo_plausibility_is_unusual(&self, 3 * NILO_PLAUSIBILITY_SILENCE + 2));
    g_assert_true(nilo_plausibility_is_unusual(&self, 4 * NILO_PLAUSIBILITY_SILENCE + 2));
    g_assert_true(nilo_plausibility_is_unusual(&self, 1));
    g_assert_true(nilo_plausibility_is_unusual(&self, 3));
    nilo_plausibility_clear(&self);
}

static void
test_must(gconstpointer data)
{
    const MustCase *c = data;
    NiloPlausibility self = {0};
    g_autoptr(NiloReport) report = make_report(START_US + HOUR_US, &c->values);

    g_assert_true(nilo_plausibility_must_confirm(&self, report, &c->context));
    learn(&self);
    g_assert_cmpint(nilo_plausibility_must_confirm(&self, report, &c->context), ==, c->confirm);
    nilo_plausibility_clear(&self);
}

typedef struct {
    const char *name;
    Values reads[4];
    guint n_reads;
    guint chosen;
    guint doubts;
} ChooseCase;

static const ChooseCase choose_cases[] = {
    {"/plausibility/choose/one-read", {{1000, 900, 10, 0}}, 1, 0, 4},
    {"/plausibility/choose/two-agree", {{1000, 900, 10, 0}, {1000, 900, 10, 0}}, 2, 1, 0},
    {"/plausibility/choose/second-differs", {{1000, 900, 10, 0}, {1001, 900, 10, 0}}, 2, 1, 1},
    {"/plausibility/choose/first-was-wrong",
     {{9000, 900, 10, 0}, {1000, 900, 10, 0}, {1000, 900, 10, 0}},
     3,
     2,
     0},
    {"/plausibility/choose/last-was-wrong",
     {{1000, 900, 10, 0}, {1000, 900, 10, 0}, {1000, 905, 10, 0}},
     3,
     1,
     0},
    {"/plausibility/choose/water-runs",
     {{1000, 900, 10, 0}, {1001, 900, 12, 0}, {1002, 900, 14, 0}, {1003, 900, 16, 0}},
     4,
     2,
     0},
    {"/plausibility/choose/three-that-differ-are-not-enough",
     {{1000, 900, 10, 0}, {1001, 900, 10, 0}, {1002, 900, 10, 0}},
     3,
     2,
     1},
    {"/plausibility/choose/past-never-moves",
     {{1000, 899, 10, 0}, {1000, 900, 10, 0}, {1000, 901, 10, 0}},
     3,
     2,
     1},
    {"/plausibility/choose/status-wrong", {{1000, 900, 10, 2}, {1000, 900, 10, 0}}, 2, 1, 1},
};

static void
test_choose(gconstpointer data)
{
    const ChooseCase *c = data;
    g_autoptr(GPtrArray) reports = make_reads(START_US, c->reads, c->n_reads);
    guint doubts;

    g_assert_cmpuint(nilo_plausibility_choose(reports, &doubts), ==, c->chosen);
    g_assert_cmpuint(doubts, ==, c->doubts);
}

static guint
accept_reads(NiloPlausibility *self, gint64 taken_us, const Values *values, guint n_values,
             gboolean *implausible)
{
    g_autoptr(GPtrArray) reports = make_reads(taken_us, values, n_values);
    const gboolean confirm =
        nilo_plausibility_must_confirm(self, g_ptr_array_index(reports, 0), &calm);
    g_autoptr(NiloReport) report = NULL;
    guint doubts;

    report = nilo_plausibility_accept(self, reports, nilo_plausibility_choose(reports, &doubts),
                                      confirm, &calm, implausible);
    return nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME))->flags;
}

static void
test_jump_that_stays_is_flagged_then_adopted(void)
{
    NiloPlausibility self = {0};
    gboolean implausible;

    learn(&self);
    for (guint i = 1; i <= NILO_PLAUSIBILITY_ADOPT_AFTER; i++) {
        const Values values[] = {{90000 + i, 900, 10, 0}, {90000 + i, 900, 10, 0}};

        g_assert_cmpuint(accept_reads(&self, START_US + i * HOUR_US, values, 2, &implausible) &
                             NILO_READING_IMPLAUSIBLE,
                         !=, 0);
        g_assert_true(implausible);
    }
    for (guint i = 10; i <= 12; i++) {
        const Values values[] = {{90000 + i, 900, 10, 0}, {90000 + i, 900, 10, 0}};

        g_assert_cmpuint(accept_reads(&self, START_US + i * HOUR_US, values, 2, &implausible) &
                             NILO_READING_IMPLAUSIBLE,
                         ==, 0);
        g_assert_false(implausible);
    }
    nilo_plausibility_clear(&self);
}

static void
test_jump_that_was_an_error(void)
{
    const Values values[] = {{90000, 900, 10, 0}, {1010, 900, 10, 0}, {1010, 900, 10, 0}};
    NiloPlausibility self = {0};
    gboolean implausible;

    learn(&self);
    g_assert_cmpuint(accept_reads(&self, START_US + HOUR_US, values, 3, &implausible), ==,
                     NILO_READING_CONFIRMED);
    g_assert_false(implausible);
    nilo_plausibility_clear(&self);
}

static void
test_never_confirmed_is_flagged(void)
{
    const Values values[] = {{1010, 950, 10, 0}};
    NiloPlausibility self = {0};
    gboolean implausible;

    learn(&self);
    g_assert_cmpuint(accept_reads(&self, START_US + HOUR_US, values, 1, &implausible), ==,
                     NILO_READING_IMPLAUSIBLE);
    nilo_plausibility_clear(&self);
}

static void
test_noise_is_remembered(void)
{
    NiloNoise noise = {0};

    g_assert_false(nilo_noise_is_recent(&noise));
    nilo_noise_note(&noise, 2, TRUE);
    g_assert_true(nilo_noise_is_recent(&noise));
    nilo_noise_note(&noise, 511, FALSE);
    g_assert_true(nilo_noise_is_recent(&noise));
    nilo_noise_note(&noise, 1, FALSE);
    g_assert_false(nilo_noise_is_recent(&noise));
    nilo_noise_note(&noise, 1, TRUE);
    nilo_noise_note(&noise, 8191, FALSE);
    g_assert_true(nilo_noise_is_recent(&noise));
    nilo_noise_note(&noise, 1, FALSE);
    g_assert_false(nilo_noise_is_recent(&noise));
}

/* ---- a bus in noise: no wrong value may come out without a flag ---- */

typedef struct {
    const char *name;
    guint flip_ppm;
    guint double_ppm;
    gboolean sees_parity;
} NoiseCase;

static const NoiseCase noise_cases[] = {
    {"/plausibility/noise/heavy", 5000, 2000, FALSE},
    {"/plausibility/noise/heavy-with-parity", 5000, 2000, TRUE},
    {"/plausibility/noise/light", 100, 40, FALSE},
    {"/plausibility/noise/rare", 5, 2, FALSE},
};

typedef struct {
    NiloFakeWire *wire;
    guint n_rounds;
    guint n_values;
    guint n_flagged;
    guint n_wrong;
} Tally;

static void
check_reading(Tally *tally, const NiloReading *reading, gint64 expected)
{
    tally->n_values++;
    if ((reading->flags & NILO_READING_IMPLAUSIBLE) != 0)
        tally->n_flagged++;
    else if (reading->value.mantissa != expected)
        tally->n_wrong++;
}

static void
report_cb(NiloBus *bus, NiloReport *report, gpointer user_data)
{
    Tally *tally = user_data;
    const guint address = (guint)atoi(nilo_meter_id_get_local(nilo_report_get_meter(report)));
    const NiloFakeMeter *meter = nilo_fake_wire_find(tally->wire, address);
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);

    for (gsize i = 0; i < n_readings; i++) {
        NiloRegisterParts parts;

        nilo_register_unpack(readings[i].reg, &parts);
        check_reading(tally, &readings[i],
                      parts.quantity == NILO_QUANTITY_VOLUME_FLOW ? meter->flow
                      : parts.storage == 1                        ? meter->month_l
                                                                  : meter->volume_l);
    }
}

static void
count_round_cb(NiloBus *bus, NiloRound *round, gpointer user_data)
{
    Tally *tally = user_data;

    tally->n_rounds++;
}

static void
use_water(NiloFakeWire *wire)
{
    for (guint i = 0; i < wire->meters->len; i++) {
        NiloFakeMeter *meter = g_ptr_array_index(wire->meters, i);

        meter->volume_l += (guint)g_rand_int_range(wire->random, 0, 60);
        meter->flow = (guint)g_rand_int_range(wire->random, 0, 900);
    }
}

static void
run_rounds(NiloBus *bus, NiloFakeWire *wire, Tally *tally, guint n_exchanges)
{
    while (wire->n_requests < n_exchanges) {
        const guint before = tally->n_rounds;

        use_water(wire);
        nilo_bus_start_round(bus, NULL, NILO_CAUSE_SCHEDULE, tally->n_rounds);
        while (tally->n_rounds == before)
            g_main_context_iteration(NULL, TRUE);
        nilo_fake_clock_advance(wire->clock, HOUR_US);
    }
}

static void
test_noise(gconstpointer data)
{
    const NoiseCase *c = data;
    const char *wanted = g_getenv("NILO_NOISY_EXCHANGES");
    const guint n_exchanges = wanted != NULL ? (guint)atoi(wanted) : 20000;
    g_autoptr(NiloFakeClock) clock = nilo_fake_clock_new(START_US);
    g_autoptr(NiloFakeWire) wire = nilo_fake_wire_new(clock, 9600);
    g_autoptr(NiloFakeSink) sink = nilo_fake_sink_new();
    g_autoptr(NiloBusConfig) config = g_object_new(NILO_TYPE_BUS_CONFIG, "driver", "fake", NULL);
    g_autoptr(NiloTransport) transport = nilo_fake_transport_new(wire);
    g_autoptr(GHashTable) drivers =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
    g_autoptr(GPtrArray) meters = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(NiloBus) bus = NULL;
    Tally tally = {.wire = wire};
    NiloBusState state;

    nilo_fake_sink_forget(sink);
    wire->flip_ppm = c->flip_ppm;
    wire->double_ppm = c->double_ppm;
    wire->sees_parity = c->sees_parity;
    g_hash_table_insert(drivers, (gpointer) "fake", nilo_fake_driver_new());
    for (guint i = 1; i <= 50; i++) {
        nilo_fake_wire_add(wire, i);
        g_ptr_array_add(meters, nilo_fake_meter_object(i, 0));
    }
    bus = nilo_bus_new("riser", config, transport, drivers, meters, NILO_CLOCK(clock),
                       NILO_SINK(sink), NULL);
    g_signal_connect(bus, "report", G_CALLBACK(report_cb), &tally);
    g_signal_connect(bus, "round-finished", G_CALLBACK(count_round_cb), &tally);
    nilo_bus_start(bus);
    run_rounds(bus, wire, &tally, n_exchanges);
    nilo_bus_get_state(bus, &state);
    nilo_bus_stop(bus);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_test_message("%u exchanges, %u values, %u slipped past the sum, %u flagged, %u read again, "
                   "%u wrong without a flag",
                   wire->n_requests, tally.n_values, wire->n_unseen, tally.n_flagged,
                   (guint)state.confirms, tally.n_wrong);
    g_assert_cmpuint(tally.n_wrong, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    g_test_add_func("/plausibility/silences", test_silences);
    g_test_add_func("/plausibility/unconfirmed-flow", test_unconfirmed_flow);
    g_test_add_func("/plausibility/unconfirmed-status", test_unconfirmed_status);
    for (guint i = 0; i < G_N_ELEMENTS(must_cases); i++)
        g_test_add_data_func(must_cases[i].name, &must_cases[i], test_must);
    for (guint i = 0; i < G_N_ELEMENTS(choose_cases); i++)
        g_test_add_data_func(choose_cases[i].name, &choose_cases[i], test_choose);
    g_test_add_func("/plausibility/jump-that-stays-is-flagged-then-adopted",
                    test_jump_that_stays_is_flagged_then_adopted);
    g_test_add_func("/plausibility/jump-that-was-an-error", test_jump_that_was_an_error);
    g_test_add_func("/plausibility/never-confirmed-is-flagged", test_never_confirmed_is_flagged);
    g_test_add_func("/plausibility/noise-is-remembered", test_noise_is_remembered);
    for (guint i = 0; i < G_N_ELEMENTS(noise_cases); i++)
        g_test_add_data_func(noise_cases[i].name, &noise_cases[i], test_noise);
    return g_test_run();
}
