/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-csv-tail.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* whatever stands in a file, the next row goes behind an end of line */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const char row[] = "\nx,00000000000000ab-7\n";
    g_autofree char *text = g_malloc(size + sizeof row);
    NiloCsvTail tail;

    nilo_csv_tail_parse((const char *)data, size, size % 2 == 0, &tail);
    g_assert_cmpuint(tail.end, <=, size);
    g_assert_true(tail.end == 0 || data[tail.end - 1] == '\n');
    g_assert_true(tail.has_key == (tail.rows > 0));

    if (size > 0)
        memcpy(text, data, size);
    memcpy(text + size, row, sizeof row - 1);
    nilo_csv_tail_parse(text, size + sizeof row - 1, TRUE, &tail);
    g_assert_cmpuint(tail.end, ==, size + sizeof row - 1);
    g_assert_cmpuint(tail.sequence, ==, 7);
    g_assert_cmpuint(tail.rows, >=, 1);
    return 0;
}
