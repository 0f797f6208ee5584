/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-nearest.h"

#include <string.h>

/* longer texts are not slips of the keyboard, and the table stays on the stack */
#define MAX_LENGTH 63

static char
fold(char c)
{
    return c == '_' || c == ' ' ? '-' : g_ascii_tolower(c);
}

/* optimal string alignment: Levenshtein's distance with exchanged neighbours as one slip */
static guint
get_distance(const char *a, gsize a_length, const char *b, gsize b_length)
{
    guint rows[3][MAX_LENGTH + 1];
    guint *before = rows[0], *above = rows[1], *row = rows[2];

    for (gsize j = 0; j <= b_length; j++)
        above[j] = (guint)j;
    for (gsize i = 1; i <= a_length; i++) {
        guint *spare = before;

        row[0] = (guint)i;
        for (gsize j = 1; j <= b_length; j++) {
            const guint wrong = fold(a[i - 1]) != fold(b[j - 1]);
            guint best = MIN(MIN(above[j], row[j - 1]) + 1, above[j - 1] + wrong);

            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                best = MIN(best, before[j - 2] + 1);
            row[j] = best;
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[b_length];
}

const char *
nilo_nearest_find(const char *text, const char *const *names, gsize n_names)
{
    const gsize length = strlen(text);
    const char *best = NULL;
    /* a third of the letters may be wrong, never more than three */
    guint best_distance = (guint)MIN(length / 3 + 1, 3) + 1;

    if (length == 0 || length > MAX_LENGTH)
        return NULL;
    for (gsize i = 0; i < n_names; i++) {
        const gsize name_length = strlen(names[i]);
        guint distance;

        if (name_length > MAX_LENGTH)
            continue;
        distance = get_distance(text, length, names[i], name_length);
        if (distance < best_distance && distance < name_length) {
            best_distance = distance;
            best = names[i];
        }
    }
    return best;
}
