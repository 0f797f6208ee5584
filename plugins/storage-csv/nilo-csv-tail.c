/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-csv-tail.h"

#include <string.h>

/* 16 hex digits, a hyphen, up to 20 decimal digits */
#define EPOCH_DIGITS   16
#define KEY_MAX_LENGTH 37

static gboolean
parse_key(const char *text, gsize size, guint64 *epoch, guint64 *sequence)
{
    char key[KEY_MAX_LENGTH + 1];

    if (size <= EPOCH_DIGITS + 1 || size > KEY_MAX_LENGTH)
        return FALSE;
    memcpy(key, text, size);
    key[size] = '\0';
    if (key[EPOCH_DIGITS] != '-' || strlen(key) != size)
        return FALSE;
    key[EPOCH_DIGITS] = '\0';
    return g_ascii_string_to_unsigned(key, 16, 0, G_MAXUINT64, epoch, NULL) &&
           g_ascii_string_to_unsigned(key + EPOCH_DIGITS + 1, 10, 1, G_MAXUINT64, sequence, NULL);
}

/* the field behind the last comma of the line that ends at @end; FALSE when it is no key */
static gboolean
parse_line_backwards(const char *text, gsize end, gsize *start, guint64 *epoch, guint64 *sequence)
{
    const char *newline = memrchr(text, '\n', end);
    const gsize begin = newline != NULL ? (gsize)(newline - text) + 1 : 0;
    const char *comma = memrchr(text + begin, ',', end - begin);

    *start = begin;
    return comma != NULL && parse_key(comma + 1, (gsize)(text + end - comma) - 1, epoch, sequence);
}

/**
 * nilo_csv_tail_parse:
 * @text: (array length=size): the end of a file
 * @from_start: whether it is the whole file
 * @tail: (out):
 *
 * Looks at the last lines only: what stands behind the last end of line was torn by a crash.
 */
void
nilo_csv_tail_parse(const char *text, gsize size, gboolean from_start, NiloCsvTail *tail)
{
    const char *newline;
    gsize end;

    *tail = (NiloCsvTail){.complete = from_start};
    if (size == 0)
        return;
    newline = memrchr(text, '\n', size);
    if (newline == NULL)
        return;
    tail->end = (gsize)(newline - text) + 1;
    end = tail->end;
    while (end > 0) {
        guint64 epoch = 0;
        guint64 sequence = 0;
        gsize start;
        const gboolean is_key = parse_line_backwards(text, end - 1, &start, &epoch, &sequence);
        const gboolean is_cut = start == 0 && !from_start;

        if (tail->rows == 0 && is_key) {
            tail->has_key = TRUE;
            tail->epoch = epoch;
            tail->sequence = sequence;
        }
        if (!is_key || epoch != tail->epoch || sequence != tail->sequence) {
            tail->complete = from_start || !is_cut || is_key;
            return;
        }
        tail->rows++;
        end = start;
    }
}
