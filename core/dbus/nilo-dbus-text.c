/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dbus-text.h"

char *
nilo_dbus_make_path(const char *kind, const char *name)
{
    g_autoptr(GString) path = g_string_new(NILO_DBUS_PATH "/");

    g_string_append_printf(path, "%s/", kind);
    for (const char *c = name; *c != '\0'; c++) {
        if (g_ascii_isalnum(*c))
            g_string_append_c(path, *c);
        else
            g_string_append_printf(path, "_%02x", (guchar)*c);
    }
    return g_string_free(g_steal_pointer(&path), FALSE);
}
