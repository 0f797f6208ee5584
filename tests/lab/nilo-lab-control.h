/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-estate.h"

G_BEGIN_DECLS

/* Lines that steer a running estate: from a Unix socket, or from a test in the same process. */
typedef struct _NiloLabControl NiloLabControl;

NiloLabControl *nilo_lab_control_new(NiloLabEstate *estate, GPtrArray *ports);
void nilo_lab_control_free(NiloLabControl *control);

gboolean nilo_lab_control_listen(NiloLabControl *control, const char *path, GError **error);
char *nilo_lab_control_run(NiloLabControl *control, const char *line, gint64 now_ns);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabControl, nilo_lab_control_free)

G_END_DECLS
