/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/* raw bytes kept of one report; a read with its repeats seldom needs 600 */
#define NILO_EVIDENCE_MAX_BYTES 2048

/* frames kept of one report */
#define NILO_EVIDENCE_MAX_FRAMES 64

/**
 * NiloEvidence:
 *
 * What went over the wire while one meter was read, the newest last; when it gets too much the
 * oldest goes. Lives on the bus thread.
 */
typedef struct _NiloEvidence NiloEvidence;

NiloEvidence *nilo_evidence_new(void);
void nilo_evidence_free(NiloEvidence *self);
void nilo_evidence_clear(NiloEvidence *self);

/**
 * nilo_evidence_add:
 * @direction: '>' sent, '<' heard
 *
 * Bytes heard are joined to those heard just before.
 */
void nilo_evidence_add(NiloEvidence *self, char direction, const guint8 *bytes, gsize size);

/**
 * nilo_evidence_to_bytes:
 *
 * Returns: (transfer full) (nullable): text, one line per frame: `> 105b015c16`, `< e5`; %NULL
 * when nothing was sent or heard
 */
GBytes *nilo_evidence_to_bytes(const NiloEvidence *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloEvidence, nilo_evidence_free)

G_END_DECLS
