/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-log.h"

#include "nilo-lab-digits.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>

struct _NiloLabLog {
    GMutex lock;
    FILE *file;
};

/**
 * nilo_lab_log_new:
 * @path: file to write anew
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: (transfer full) (nullable): the log
 */
NiloLabLog *
nilo_lab_log_new(const char *path, GError **error)
{
    NiloLabLog *log;
    FILE *file = fopen(path, "we");
    const int saved_errno = errno;

    if (file == NULL) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved_errno),
                    "cannot write event log %s: %s", path, g_strerror(saved_errno));
        return NULL;
    }
    setvbuf(file, NULL, _IOLBF, 0);
    log = g_new0(NiloLabLog, 1);
    g_mutex_init(&log->lock);
    log->file = file;
    return log;
}

/**
 * nilo_lab_log_free:
 * @log: (transfer full): the log
 *
 * Closes the file.
 */
void
nilo_lab_log_free(NiloLabLog *log)
{
    fclose(log->file);
    g_mutex_clear(&log->lock);
    g_free(log);
}

static void
write_line(NiloLabLog *log, gint64 mono_ns, const char *bus, const char *direction,
           const char *meter, const char *text)
{
    g_mutex_lock(&log->lock);
    fprintf(log->file, "%" G_GINT64_FORMAT " %s %s %s %s\n", mono_ns, bus, direction, meter, text);
    g_mutex_unlock(&log->lock);
}

/**
 * nilo_lab_log_write:
 * @log: (nullable): without one, nothing happens
 * @mono_ns: when, on the monotonic clock
 * @bus: its name
 * @direction: "in" from the master, "out" to it, "event" for what is not bytes
 * @meter: its name, "-" for nobody
 * @format: the rest of the line
 * @...: its arguments
 *
 * Writes one line.
 */
void
nilo_lab_log_write(NiloLabLog *log, gint64 mono_ns, const char *bus, const char *direction,
                   const char *meter, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    if (log == NULL)
        return;
    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    write_line(log, mono_ns, bus, direction, meter, text);
}

/**
 * nilo_lab_log_write_bytes:
 * @log: (nullable): without one, nothing happens
 * @mono_ns: when, on the monotonic clock
 * @bus: its name
 * @direction: "in" or "out"
 * @meter: its name, "-" for nobody
 * @bytes: (array length=size): written in hex
 * @size: how many
 *
 * Writes one line of bytes.
 */
void
nilo_lab_log_write_bytes(NiloLabLog *log, gint64 mono_ns, const char *bus, const char *direction,
                         const char *meter, const guint8 *bytes, gsize size)
{
    g_autofree char *hex = NULL;

    if (log == NULL)
        return;
    hex = nilo_lab_hex(bytes, size);
    write_line(log, mono_ns, bus, direction, meter, hex);
}
