/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-estate.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* any text is an estate or an error with a message */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloLabEstate) estate =
        nilo_lab_estate_new_from_data((const char *)data, size, &error);

    g_assert_true((estate == NULL) == (error != NULL));
    return 0;
}
