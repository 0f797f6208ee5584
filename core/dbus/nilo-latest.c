/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-latest.h"

struct _NiloLatest {
    GHashTable *entries; /* NiloMeterId -> NiloLatestEntry, the id borrowed from nobody: owned */
    guint64 sequence;
};

static void
free_entry(gpointer data)
{
    NiloLatestEntry *entry = data;

    g_clear_pointer(&entry->report, nilo_report_unref);
    g_free(entry);
}

NiloLatest *
nilo_latest_new(void)
{
    NiloLatest *self = g_new0(NiloLatest, 1);

    self->entries = g_hash_table_new_full(nilo_meter_id_hash, nilo_meter_id_equal,
                                          (GDestroyNotify)nilo_meter_id_unref, free_entry);
    return self;
}

void
nilo_latest_free(NiloLatest *self)
{
    g_hash_table_unref(self->entries);
    g_free(self);
}

static NiloLatestEntry *
ensure_entry(NiloLatest *self, NiloMeterId *meter)
{
    NiloLatestEntry *entry = g_hash_table_lookup(self->entries, meter);

    if (entry == NULL) {
        entry = g_new0(NiloLatestEntry, 1);
        g_hash_table_insert(self->entries, nilo_meter_id_ref(meter), entry);
    }
    return entry;
}

static void
note_volume(NiloLatestEntry *entry, NiloReport *report)
{
    const NiloReading *reading =
        nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME));
    gint64 volume_ml;

    if (reading == NULL || (reading->flags & NILO_READING_INVALID) != 0 ||
        !nilo_value_to_millilitres(&reading->value, &volume_ml))
        return;
    entry->volume_ml = volume_ml;
    entry->has_volume = TRUE;
    entry->implausible = (reading->flags & NILO_READING_IMPLAUSIBLE) != 0;
}

void
nilo_latest_note(NiloLatest *self, NiloReport *report)
{
    NiloLatestEntry *entry = ensure_entry(self, nilo_report_get_meter(report));

    self->sequence++;
    g_clear_pointer(&entry->report, nilo_report_unref);
    entry->report = nilo_report_ref(report);
    if (nilo_report_get_outcome(report) == NILO_OUTCOME_OK) {
        entry->ok_us = nilo_report_get_taken_us(report);
        entry->missed = 0;
        note_volume(entry, report);
    } else {
        entry->missed++;
    }
}

const NiloLatestEntry *
nilo_latest_find(NiloLatest *self, NiloMeterId *meter)
{
    return g_hash_table_lookup(self->entries, meter);
}

guint64
nilo_latest_get_sequence(NiloLatest *self)
{
    return self->sequence;
}
