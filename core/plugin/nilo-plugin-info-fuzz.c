/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>

#include "nilo-plugin-info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* a description is either fit to be loaded, whole, or refused with a reason */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(NiloPluginInfo) info =
        nilo_plugin_info_parse("/p/fuzz.plugin", (const char *)data, size);

    if ((info->state == NILO_PLUGIN_REFUSED) != (info->reason != NULL))
        g_abort();
    if (info->reason == NULL && (info->provides == NULL || info->provides[0] == NULL))
        g_abort();
    return 0;
}
