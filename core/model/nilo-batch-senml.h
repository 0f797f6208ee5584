/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-batch.h"

G_BEGIN_DECLS

/**
 * nilo_batch_to_senml:
 *
 * The batch as SenML JSON (RFC 8428), for programs that are not ours: one record per reading,
 * named `METER-ID/REGISTER` with `:` for `=`, which SenML names cannot hold; one with a text
 * value, named `METER-ID/outcome`, for an attempt that failed. Numbers are exact decimals. A
 * value the meter calls invalid has `"vs":"invalid"` instead of a number, other flags stand in
 * the label "flags". Units are ours where SenML has none ("m3/h"). Facts and events are not
 * carried.
 *
 * Returns: (transfer full)
 *
 * Since: 0.1
 */
NILO_EXPORT char *nilo_batch_to_senml(const NiloBatch *self);

G_END_DECLS
