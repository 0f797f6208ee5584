/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cursor.h"
#include "nilo-storage.h"

G_BEGIN_DECLS

#define NILO_TYPE_STORAGE_PUMP (nilo_storage_pump_get_type())

/**
 * NiloStoragePump:
 *
 * Moves batches from a cursor into one storage: take, store, acknowledge, next. A storage that
 * fails gets the same batch again after a pause that doubles up to a minute; it never slows anybody
 * else.
 */
G_DECLARE_FINAL_TYPE(NiloStoragePump, nilo_storage_pump, NILO, STORAGE_PUMP, GObject)

/** nilo_storage_pump_new: starts at once; @name is for the log */
NiloStoragePump *nilo_storage_pump_new(const char *name, NiloCursor *cursor, NiloStorage *storage);

/** nilo_storage_pump_stop: takes nothing more; what is under way ends by itself */
void nilo_storage_pump_stop(NiloStoragePump *self);

G_END_DECLS
