/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lane.h"

static const NiloLaneRules rules = {.misses = 2, .wait_max = 4};

static void
note(NiloLaneState *state, NiloOutcome outcome, NiloLaneChange expected)
{
    g_assert_cmpint(nilo_lane_state_note(state, outcome, &rules), ==, expected);
}

static void
test_one_miss_is_forgiven(void)
{
    NiloLaneState state;

    nilo_lane_state_init(&state);
    note(&state, NILO_OUTCOME_SILENT, NILO_LANE_SAME);
    note(&state, NILO_OUTCOME_OK, NILO_LANE_SAME);
    note(&state, NILO_OUTCOME_SILENT, NILO_LANE_SAME);
    g_assert_cmpint(state.lane, ==, NILO_LANE_LIVE);
}

static void
test_silent_then_revived(void)
{
    NiloLaneState state;

    nilo_lane_state_init(&state);
    note(&state, NILO_OUTCOME_SILENT, NILO_LANE_SAME);
    note(&state, NILO_OUTCOME_NOISE, NILO_LANE_FELL_SILENT);
    g_assert_cmpint(state.lane, ==, NILO_LANE_PROBING);
    g_assert_true(nilo_lane_state_begin_round(&state));
    note(&state, NILO_OUTCOME_OK, NILO_LANE_REVIVED);
    g_assert_cmpint(state.lane, ==, NILO_LANE_LIVE);
}

static void
test_what_is_no_miss(gconstpointer data)
{
    const NiloOutcome outcome = (NiloOutcome)GPOINTER_TO_INT(data);
    NiloLaneState state;

    nilo_lane_state_init(&state);
    for (guint i = 0; i < 5; i++)
        note(&state, outcome, NILO_LANE_SAME);
    g_assert_cmpint(state.lane, ==, NILO_LANE_LIVE);
}

static void
test_probes_back_off(void)
{
    static const gboolean due[] = {TRUE,  TRUE, FALSE, TRUE,  FALSE, FALSE,
                                   FALSE, TRUE, FALSE, FALSE, FALSE, TRUE};
    NiloLaneState state;

    nilo_lane_state_init(&state);
    note(&state, NILO_OUTCOME_SILENT, NILO_LANE_SAME);
    note(&state, NILO_OUTCOME_SILENT, NILO_LANE_FELL_SILENT);
    for (guint i = 0; i < G_N_ELEMENTS(due); i++) {
        g_assert_cmpint(nilo_lane_state_begin_round(&state), ==, due[i]);
        if (due[i])
            note(&state, NILO_OUTCOME_SILENT, NILO_LANE_SAME);
    }
    nilo_lane_state_hurry(&state);
    g_assert_true(nilo_lane_state_begin_round(&state));
}

static void
test_budget_is_per_day(void)
{
    NiloLaneState state;

    nilo_lane_state_init(&state);
    for (guint i = 0; i < 3; i++) {
        g_assert_false(nilo_lane_state_is_spent(&state, 100, 3));
        nilo_lane_state_spend(&state, 100);
    }
    g_assert_true(nilo_lane_state_is_spent(&state, 100, 3));
    g_assert_false(nilo_lane_state_is_spent(&state, 100, 0));
    g_assert_false(nilo_lane_state_is_spent(&state, 101, 3));
    nilo_lane_state_spend(&state, 101);
    g_assert_cmpuint(state.reads, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lane/one-miss-is-forgiven", test_one_miss_is_forgiven);
    g_test_add_func("/lane/silent-then-revived", test_silent_then_revived);
    g_test_add_data_func("/lane/no-miss/line-lost", GINT_TO_POINTER(NILO_OUTCOME_LINE_LOST),
                         test_what_is_no_miss);
    g_test_add_data_func("/lane/no-miss/damaged", GINT_TO_POINTER(NILO_OUTCOME_BAD_CHECKSUM),
                         test_what_is_no_miss);
    g_test_add_data_func("/lane/no-miss/busy", GINT_TO_POINTER(NILO_OUTCOME_BUSY),
                         test_what_is_no_miss);
    g_test_add_func("/lane/probes-back-off", test_probes_back_off);
    g_test_add_func("/lane/budget-is-per-day", test_budget_is_per_day);
    return g_test_run();
}
