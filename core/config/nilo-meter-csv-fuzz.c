/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <string.h>

#include "nilo-meter-csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* what was read is written, and what was written is read to the same number of meters */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GPtrArray) entries = nilo_meter_csv_parse("fuzz", (const char *)data, size, problems);
    g_autoptr(GPtrArray) again = NULL;
    g_autofree char *text = NULL;

    if ((entries == NULL) != (problems->len > 0))
        g_abort();
    if (entries == NULL)
        return 0;
    text = nilo_meter_csv_build(entries, TRUE);
    again = nilo_meter_csv_parse("again", text, strlen(text), problems);
    if (again == NULL || again->len != entries->len)
        g_abort();
    return 0;
}
