/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-holder.h"

#include <stdlib.h>

static gboolean
process_has_open(const char *pid, const char *device)
{
    g_autofree char *folder = g_build_filename("/proc", pid, "fd", NULL);
    g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
    const char *name;

    while (files != NULL && (name = g_dir_read_name(files)) != NULL) {
        g_autofree char *link = g_build_filename(folder, name, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);

        if (g_strcmp0(target, device) == 0)
            return TRUE;
    }
    return FALSE;
}

static char *
describe_process(const char *pid)
{
    g_autofree char *file = g_build_filename("/proc", pid, "comm", NULL);
    g_autofree char *name = NULL;

    if (!g_file_get_contents(file, &name, NULL, NULL))
        return g_strdup_printf("pid %s", pid);
    return g_strdup_printf("%s (pid %s)", g_strstrip(name), pid);
}

/**
 * nilo_serial_find_holder:
 * @path: of a device
 *
 * Looks for the process that has the device open, among those we may look into: for a message, so
 * there is no promise.
 *
 * Returns: (nullable) (transfer full): "ModemManager (pid 412)"
 */
char *
nilo_serial_find_holder(const char *path)
{
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    g_autofree char *device = realpath(path, NULL);
    const char *pid;

    while (processes != NULL && device != NULL && (pid = g_dir_read_name(processes)) != NULL) {
        if (g_ascii_isdigit(*pid) && process_has_open(pid, device))
            return describe_process(pid);
    }
    return NULL;
}
