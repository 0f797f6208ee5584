/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define NILO_TYPE_JOURNAL_CONFIG (nilo_journal_config_get_type())

/**
 * NiloJournalConfig:
 *
 * The `[journal]` group: where batches are kept, how many, and how reports are gathered into
 * one. Never changed after construction.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloJournalConfig, nilo_journal_config, NILO, JOURNAL_CONFIG, GObject)

/** nilo_journal_config_new_in: the same settings in another folder */
NILO_INTERNAL NiloJournalConfig *nilo_journal_config_new_in(NiloJournalConfig *like,
                                                            const char *folder);

/** nilo_journal_config_get_folder: (nullable): %NULL when none is configured */
NILO_INTERNAL const char *nilo_journal_config_get_folder(NiloJournalConfig *self);
NILO_INTERNAL guint64 nilo_journal_config_get_size_max_bytes(NiloJournalConfig *self);
NILO_INTERNAL guint nilo_journal_config_get_age_max_days(NiloJournalConfig *self);
NILO_INTERNAL guint64 nilo_journal_config_get_segment_bytes(NiloJournalConfig *self);
NILO_INTERNAL guint64 nilo_journal_config_get_free_min_bytes(NiloJournalConfig *self);
NILO_INTERNAL guint nilo_journal_config_get_batch_delay_ms(NiloJournalConfig *self);
NILO_INTERNAL guint nilo_journal_config_get_batch_max_reports(NiloJournalConfig *self);
NILO_INTERNAL guint nilo_journal_config_get_ring_max_reports(NiloJournalConfig *self);
NILO_INTERNAL guint nilo_journal_config_get_retry_ms(NiloJournalConfig *self);

G_END_DECLS
