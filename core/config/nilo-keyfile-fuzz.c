/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <string.h>

#include "nilo-config.h"
#include "nilo-meter.h"

/* our keyfiles: the text itself, then all its groups bound as meters */
static gboolean
resolve(gpointer user_data, NiloConfig *config, const NiloKeyfileGroup *group, GArray *bindings,
        const char **key, GError **error)
{
    const NiloConfigBinding binding = {NILO_TYPE_METER, NULL};

    if (strcmp(group->kind, "meter") == 0)
        g_array_append_val(bindings, binding);
    return TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const NiloConfigKind kinds[] = {{"meter", TRUE}, {"bus", TRUE}, {"journal", FALSE}};
    const NiloConfigResolver resolver = {kinds, G_N_ELEMENTS(kinds), resolve, NULL, NULL};
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    NiloConfig *config = nilo_config_parse("fuzz", (const char *)data, size, &resolver, problems);

    /* either a configuration or a reason */
    if ((config == NULL) != (problems->len > 0))
        g_abort();
    g_clear_pointer(&config, nilo_config_free);
    return 0;
}
