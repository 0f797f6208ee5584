/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-marks.h"

typedef struct {
    const char *path;
    const guint8 raw[12];
    gsize size;
    const guint8 characters[12];
    gsize n_characters;
    guint64 errors;
    guint64 zeros;
} MarksCase;

static const MarksCase marks_cases[] = {
    {"/serial/marks/plain", {0x68, 0x16, 0x00}, 3, {0x68, 0x16, 0x00}, 3, 0, 0},
    {"/serial/marks/good-ff", {0xff, 0xff, 0x16}, 3, {0xff, 0x16}, 2, 0, 0},
    {"/serial/marks/two-good-ff", {0xff, 0xff, 0xff, 0xff}, 4, {0xff, 0xff}, 2, 0, 0},
    {"/serial/marks/good-ff-then-zero", {0xff, 0xff, 0x00, 0x01}, 4, {0xff, 0x00, 0x01}, 3, 0, 0},
    {"/serial/marks/damaged", {0x10, 0xff, 0x00, 0x5b, 0x16}, 5, {0x10, 0x5b, 0x16}, 3, 1, 0},
    {"/serial/marks/damaged-ff", {0xff, 0x00, 0xff, 0x16}, 4, {0xff, 0x16}, 2, 1, 0},
    {"/serial/marks/break", {0xff, 0x00, 0x00, 0xe5}, 4, {0x00, 0xe5}, 2, 0, 1},
    {"/serial/marks/two-damaged", {0xff, 0, 0xe5, 0xff, 0, 0xe5}, 6, {0xe5, 0xe5}, 2, 2, 0},
    {"/serial/marks/cut-at-the-end", {0x68, 0xff, 0x00}, 3, {0x68}, 1, 0, 0},
    {"/serial/marks/not-a-mark", {0xff, 0x42}, 2, {0x42}, 1, 0, 0},
};

static void
test_marks(gconstpointer data)
{
    const MarksCase *c = data;

    for (gsize cut = 0; cut <= c->size; cut++) {
        NiloSerialMarks marks = {0};
        guint8 characters[12];
        gsize n = nilo_serial_marks_parse(&marks, c->raw, cut, characters);

        n += nilo_serial_marks_parse(&marks, c->raw + cut, c->size - cut, characters + n);
        g_assert_cmpmem(characters, n, c->characters, c->n_characters);
        g_assert_cmpuint(marks.errors, ==, c->errors);
        g_assert_cmpuint(marks.zeros, ==, c->zeros);
    }
}

typedef struct {
    const char *path;
    NiloSerialMarks marks;
    NiloLineCounts counted;
    NiloLineCounts expected;
} CountsCase;

static const CountsCase counts_cases[] = {
    {"/serial/counts/nothing", {0}, {0}, {0}},
    {"/serial/counts/marks-only", {3, 1, 0}, {0}, {.parity_errors = 3, .breaks = 1}},
    {"/serial/counts/device-only",
     {0},
     {.parity_errors = 2, .framing_errors = 1, .overruns = 4, .breaks = 5},
     {.parity_errors = 2, .framing_errors = 1, .overruns = 4, .breaks = 5}},
    {"/serial/counts/same-errors-told-twice",
     {3, 0, 0},
     {.parity_errors = 2, .framing_errors = 1},
     {.parity_errors = 2, .framing_errors = 1}},
    {"/serial/counts/damaged-zero-is-no-break",
     {1, 1, 0},
     {.framing_errors = 2},
     {.framing_errors = 2}},
    {"/serial/counts/device-forgets-some",
     {5, 0, 0},
     {.framing_errors = 2},
     {.parity_errors = 3, .framing_errors = 2}},
    {"/serial/counts/device-counts-no-breaks",
     {0, 2, 0},
     {.overruns = 1},
     {.overruns = 1, .breaks = 2}},
};

static void
test_counts(gconstpointer data)
{
    const CountsCase *c = data;
    NiloLineCounts counts = c->counted;

    nilo_serial_marks_to_counts(&c->marks, &counts);
    g_assert_cmpuint(counts.parity_errors, ==, c->expected.parity_errors);
    g_assert_cmpuint(counts.framing_errors, ==, c->expected.framing_errors);
    g_assert_cmpuint(counts.overruns, ==, c->expected.overruns);
    g_assert_cmpuint(counts.breaks, ==, c->expected.breaks);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(marks_cases); i++)
        g_test_add_data_func(marks_cases[i].path, &marks_cases[i], test_marks);
    for (gsize i = 0; i < G_N_ELEMENTS(counts_cases); i++)
        g_test_add_data_func(counts_cases[i].path, &counts_cases[i], test_counts);
    return g_test_run();
}
