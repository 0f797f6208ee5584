/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-batch.h"

G_BEGIN_DECLS

/**
 * nilo_batch_pack:
 *
 * The batch as bytes, the record of the journal and the payload of the uplink: about 7 bytes
 * per reading. The format is docs/batch-format.md. What is not carried: the bus and the
 * evidence of a report; fractions of a second of a scheduled report. A text longer than 4096
 * bytes is cut, readings of one report beyond 8192 are counted as undecoded.
 *
 * Returns: (transfer full)
 *
 * Since: 0.1
 */
NILO_EXPORT GBytes *nilo_batch_pack(const NiloBatch *self);

/**
 * nilo_batch_unpack:
 * @bytes: (array length=size): anything; need not outlive the call
 *
 * Returns: (transfer full) (nullable): %NULL with %NILO_ERROR_DAMAGED, or with
 * %NILO_ERROR_NOT_SUPPORTED when a newer version wrote it
 *
 * Since: 0.1
 */
NILO_EXPORT NiloBatch *nilo_batch_unpack(const guint8 *bytes, gsize size, GError **error);

G_END_DECLS
