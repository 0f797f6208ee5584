/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nilo-scan-job.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* what a scan goes on with is what meters.d gets: a whole id, and no text leaves its line */
static void
check_found(GVariant *found)
{
    g_autofree const char **settings = NULL;
    g_autoptr(NiloMeterId) id = NULL;
    const char *id_text;
    const char *address;
    const char *trouble;

    g_variant_get(found, "(&s&su^a&s&s)", &id_text, &address, NULL, &settings, &trouble);
    id = nilo_meter_id_new(id_text, NULL);
    g_assert_nonnull(id);
    g_assert_null(strpbrk(address, "\r\n"));
    g_assert_null(strpbrk(trouble, "\r\n"));
    for (gsize i = 0; settings[i] != NULL; i++)
        g_assert_null(strpbrk(settings[i], "\r\n"));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GVariant) state = nilo_scan_state_parse(bytes, NULL);
    g_autoptr(GVariant) checkpoint = NULL;
    g_autoptr(GVariant) found = NULL;
    const char *key;

    if (state == NULL)
        return 0;
    g_variant_get(state, "(u&smv@a(ssuass))", NULL, &key, &checkpoint, &found);
    g_assert_true(g_utf8_validate(key, -1, NULL));
    for (gsize i = 0; i < g_variant_n_children(found); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(found, i);

        check_found(entry);
    }
    return 0;
}
