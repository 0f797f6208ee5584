/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The event log: one line per event, safe to write to from every thread. */
typedef struct _NiloLabLog NiloLabLog;

NiloLabLog *nilo_lab_log_new(const char *path, GError **error);
void nilo_lab_log_free(NiloLabLog *log);

void nilo_lab_log_write(NiloLabLog *log, gint64 mono_ns, const char *bus, const char *direction,
                        const char *meter, const char *format, ...) G_GNUC_PRINTF(6, 7);
void nilo_lab_log_write_bytes(NiloLabLog *log, gint64 mono_ns, const char *bus,
                              const char *direction, const char *meter, const guint8 *bytes,
                              gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabLog, nilo_lab_log_free)

G_END_DECLS
