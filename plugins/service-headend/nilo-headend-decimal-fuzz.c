/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-decimal.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* what is taken must come out again as the same number */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *written = NULL;
    NiloValue value, again;

    if (!nilo_headend_decimal_parse(text, "m3", &value, NULL))
        return 0;
    written = nilo_value_to_text(&value);
    if (!nilo_headend_decimal_parse(written, "m3", &again, NULL) ||
        !nilo_value_equal(&value, &again))
        __builtin_trap();
    return 0;
}
