/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-marks.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* cut in two anywhere, the characters and the counts are those of the whole */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const gsize cut = size > 0 ? data[0] % size : 0;
    g_autofree guint8 *whole = g_malloc(size + 1);
    g_autofree guint8 *parts = g_malloc(size + 1);
    NiloSerialMarks once = {0};
    NiloSerialMarks twice = {0};
    const gsize n = nilo_serial_marks_parse(&once, data, size, whole);
    gsize m = nilo_serial_marks_parse(&twice, data, cut, parts);

    m += nilo_serial_marks_parse(&twice, data + cut, size - cut, parts + m);
    g_assert_cmpmem(whole, n, parts, m);
    g_assert_cmpuint(n, <=, size);
    g_assert_cmpuint(once.errors, ==, twice.errors);
    g_assert_cmpuint(once.zeros, ==, twice.zeros);
    return 0;
}
