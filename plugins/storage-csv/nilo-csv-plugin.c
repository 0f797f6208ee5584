/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-csv-storage.h"

static void
csv_register_types(NiloRegistrar *registrar)
{
    nilo_registrar_add_storage(registrar, "csv", NILO_TYPE_CSV_STORAGE);
}

NILO_PLUGIN_DEFINE(storage_csv, csv_register_types)
