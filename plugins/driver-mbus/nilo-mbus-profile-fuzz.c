/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMbusProfile) profile =
        nilo_mbus_profile_parse("fuzz", (const char *)bytes, size, &error);

    g_assert_true((profile == NULL) == (error != NULL));
    return 0;
}
