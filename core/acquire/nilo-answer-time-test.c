/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-answer-time.h"

typedef struct {
    const char *name;
    guint n_answers;
    guint answer_ms[8]; /* repeated in a circle */
    guint n_different;
    guint late_ms;
    guint standard_ms;
    guint extra_ms;
    guint least_ms; /* expected allowance, from .. */
    guint most_ms;  /* .. to */
} AllowanceCase;

static const AllowanceCase allowance_cases[] = {
    {"/answer-time/knows-nothing", 0, {0}, 1, 0, 188, 300, 488, 488},
    {"/answer-time/two-answers-are-not-enough", 2, {40}, 1, 0, 188, 300, 488, 488},
    {"/answer-time/fast-meter-gets-the-standard", 10, {40}, 1, 0, 188, 300, 188, 188},
    {"/answer-time/slow-meter-gets-what-it-needs", 40, {300}, 1, 0, 188, 1000, 390, 420},
    {"/answer-time/never-beyond-the-extra", 40, {900}, 1, 0, 188, 300, 488, 488},
    {"/answer-time/rare-slow-answer-is-let-in",
     24,
     {50, 50, 50, 50, 50, 50, 50, 400},
     8,
     0,
     100,
     1000,
     500,
     1100},
    {"/answer-time/late-answer-lengthens", 10, {40}, 1, 240, 188, 300, 320, 320},
    {"/answer-time/no-extra", 10, {90}, 1, 0, 84, 0, 84, 84},
};

static void
test_allowance(gconstpointer data)
{
    const AllowanceCase *c = data;
    NiloAnswerTime time = {0};
    guint allowance_ms;

    for (guint i = 0; i < c->n_answers; i++)
        nilo_answer_time_note(&time, c->answer_ms[i % c->n_different] * 1000);
    if (c->late_ms > 0)
        nilo_answer_time_note_late(&time, c->late_ms * 1000);
    allowance_ms = nilo_answer_time_get_allowance_ms(&time, c->standard_ms, c->extra_ms);
    g_assert_cmpuint(allowance_ms, >=, c->least_ms);
    g_assert_cmpuint(allowance_ms, <=, c->most_ms);
}

static void
test_peak_is_forgotten(void)
{
    NiloAnswerTime time = {0};

    nilo_answer_time_note(&time, 900000);
    for (guint i = 0; i < 3 * NILO_ANSWER_TIME_SPAN; i++)
        nilo_answer_time_note(&time, 40000);
    g_assert_cmpuint(nilo_answer_time_get_allowance_ms(&time, 10, 1000), <, 100);
}

/* whatever it heard last is let in next time, as far as the bounds allow */
static void
test_last_answers_always_fit(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    NiloAnswerTime time = {0};

    for (guint i = 0; i < 200000; i++) {
        const guint answer_ms = (guint)g_rand_int_range(random, 1, 700);

        nilo_answer_time_note(&time, answer_ms * 1000);
        g_assert_cmpuint(nilo_answer_time_get_allowance_ms(&time, 84, 2000), >=, answer_ms);
    }
}

static void
test_absurd_times(void)
{
    NiloAnswerTime time = {0};

    for (guint i = 0; i < 5; i++)
        nilo_answer_time_note(&time, i % 2 == 0 ? G_MAXINT64 : -1);
    g_assert_cmpuint(nilo_answer_time_get_allowance_ms(&time, 84, 300), ==, 384);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(allowance_cases); i++)
        g_test_add_data_func(allowance_cases[i].name, &allowance_cases[i], test_allowance);
    g_test_add_func("/answer-time/peak-is-forgotten", test_peak_is_forgotten);
    g_test_add_func("/answer-time/last-answers-always-fit", test_last_answers_always_fit);
    g_test_add_func("/answer-time/absurd-times", test_absurd_times);
    return g_test_run();
}
