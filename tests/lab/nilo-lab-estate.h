/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-board.h"

G_BEGIN_DECLS

/* A building: its buses and their meters, built from an estate file. */
typedef struct _NiloLabEstate NiloLabEstate;

NiloLabEstate *nilo_lab_estate_new_from_file(const char *path, GError **error);
NiloLabEstate *nilo_lab_estate_new_from_data(const char *text, gsize size, GError **error);
void nilo_lab_estate_free(NiloLabEstate *estate);

GPtrArray *nilo_lab_estate_get_buses(NiloLabEstate *estate);
NiloLabBus *nilo_lab_estate_find_bus(NiloLabEstate *estate, const char *name);
NiloLabMeter *nilo_lab_estate_find_meter(NiloLabEstate *estate, const char *name, NiloLabBus **bus);

GPtrArray *nilo_lab_estate_get_boards(NiloLabEstate *estate);
NiloLabBoard *nilo_lab_estate_find_board(NiloLabEstate *estate, const char *name);
NiloLabBoard *nilo_lab_estate_find_channel(NiloLabEstate *estate, const char *number,
                                           guint *channel);

gboolean nilo_lab_estate_get_time(NiloLabEstate *estate, gint64 *utc_us);
guint nilo_lab_estate_get_speedup(NiloLabEstate *estate);
void nilo_lab_estate_set_time(NiloLabEstate *estate, const NiloLabTime *time);
void nilo_lab_estate_set_log(NiloLabEstate *estate, NiloLabLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabEstate, nilo_lab_estate_free)

G_END_DECLS
