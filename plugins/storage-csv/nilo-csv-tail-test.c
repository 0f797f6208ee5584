/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-csv-tail.h"

#include <string.h>

#define K1 "00000000000000ab-1"
#define K2 "00000000000000ab-2"

typedef struct {
    const char *path;
    const char *text;
    gboolean from_start;
    gssize end; /* -1: all of it */
    guint64 sequence;
    guint rows;
    gboolean complete;
} TailCase;

static const TailCase tail_cases[] = {
    {"/csv/tail/empty", "", TRUE, -1, 0, 0, TRUE},
    {"/csv/tail/header-only", "taken,batch\n", TRUE, -1, 0, 0, TRUE},
    {"/csv/tail/torn-header", "taken,ba", TRUE, 0, 0, 0, TRUE},
    {"/csv/tail/one-row", "taken,batch\nx," K1 "\n", TRUE, -1, 1, 1, TRUE},
    {"/csv/tail/rows-of-the-last", "h\nx," K1 "\nx," K2 "\ny," K2 "\n", TRUE, -1, 2, 2, TRUE},
    {"/csv/tail/torn-row", "h\nx," K1 "\nx," K2, TRUE, 23, 1, 1, TRUE},
    {"/csv/tail/edited-by-hand", "h\nx," K1 "\nnote\n", TRUE, -1, 0, 0, TRUE},
    {"/csv/tail/no-batch", "h\nx,\n", TRUE, -1, 0, 0, TRUE},
    {"/csv/tail/epoch-too-short", "h\nx,ab-1\n", TRUE, -1, 0, 0, TRUE},
    {"/csv/tail/sequence-zero", "h\nx,00000000000000ab-0\n", TRUE, -1, 0, 0, TRUE},
    {"/csv/tail/sequence-too-large", "h\nx,00000000000000ab-18446744073709551616\n", TRUE, -1, 0, 0,
     TRUE},
    {"/csv/tail/cut-in-front-of-the-batch", "x," K1 "\ny," K2 "\n", FALSE, -1, 2, 1, TRUE},
    {"/csv/tail/cut-inside-the-batch", "x," K2 "\ny," K2 "\n", FALSE, -1, 2, 2, FALSE},
    {"/csv/tail/cut-inside-a-key", "ab-2\ny," K2 "\n", FALSE, -1, 2, 1, FALSE},
    {"/csv/tail/cut-without-a-line", "x,y", FALSE, 0, 0, 0, FALSE},
};

static void
test_tail(gconstpointer data)
{
    const TailCase *c = data;
    const gsize size = strlen(c->text);
    NiloCsvTail tail;

    nilo_csv_tail_parse(c->text, size, c->from_start, &tail);
    g_assert_cmpuint(tail.end, ==, c->end < 0 ? size : (gsize)c->end);
    g_assert_cmpint(tail.has_key, ==, c->sequence != 0);
    g_assert_cmpuint(tail.sequence, ==, c->sequence);
    g_assert_cmpuint(tail.epoch, ==, c->sequence != 0 ? 0xab : 0);
    g_assert_cmpuint(tail.rows, ==, c->rows);
    g_assert_cmpint(tail.complete, ==, c->complete);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tail_cases); i++)
        g_test_add_data_func(tail_cases[i].path, &tail_cases[i], test_tail);
    return g_test_run();
}
