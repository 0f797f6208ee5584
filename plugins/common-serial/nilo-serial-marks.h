/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

/**
 * NiloSerialMarks:
 * @errors: characters the kernel marked as damaged (parity, framing)
 * @zeros: marked characters that are 0: a break, or a damaged 0
 *
 * Takes the marks out of what a terminal with PARMRK hands over: `ff 00 X` is a damaged
 * character X, `ff ff` one good ff. A mark may be cut anywhere between two reads. Start with
 * all zero.
 */
typedef struct {
    guint64 errors;
    guint64 zeros;
    /*< private >*/
    guint8 held; /* bytes of a mark seen so far: ff, then ff 00 */
} NiloSerialMarks;

gsize nilo_serial_marks_parse(NiloSerialMarks *self, const guint8 *raw, gsize size,
                              guint8 *characters);
void nilo_serial_marks_to_counts(const NiloSerialMarks *self, NiloLineCounts *counts);

G_END_DECLS
