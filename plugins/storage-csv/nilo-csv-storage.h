/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_TYPE_CSV_STORAGE (nilo_csv_storage_get_type())

/**
 * NiloCsvStorage:
 *
 * Mirrors readings to one CSV file a day. Lives on main, writes in a worker thread, one batch
 * at a time. Keeps nothing in memory: what is in the files says how far they have come.
 */
G_DECLARE_FINAL_TYPE(NiloCsvStorage, nilo_csv_storage, NILO, CSV_STORAGE, GObject)

G_END_DECLS
