/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-client.h"

G_BEGIN_DECLS

/* A hub in its own process, with a temporary folder: for tests that want real ptys. */
typedef struct _NiloLabProcess NiloLabProcess;

NiloLabProcess *nilo_lab_process_new(const char *hub, const char *estate,
                                     const char *const *arguments, GError **error);
void nilo_lab_process_free(NiloLabProcess *process);

const char *nilo_lab_process_get_folder(NiloLabProcess *process);
char *nilo_lab_process_get_path(NiloLabProcess *process, const char *name);
char *nilo_lab_process_get_address(NiloLabProcess *process, const char *bus);
char *nilo_lab_process_call(NiloLabProcess *process, const char *command, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabProcess, nilo_lab_process_free)

G_END_DECLS
