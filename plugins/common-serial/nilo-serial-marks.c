/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-marks.h"

enum {
    HELD_NOTHING,
    HELD_FF,
    HELD_FF_00,
};

/**
 * nilo_serial_marks_parse:
 * @raw: (array length=size): as read from the terminal
 * @characters: (out caller-allocates): room for @size characters
 *
 * Damaged characters are handed on as they came: a driver that sees them finds a bad checksum, and
 * somebody looking at the evidence finds out why.
 *
 * Returns: characters written, 0 to @size
 */
gsize
nilo_serial_marks_parse(NiloSerialMarks *self, const guint8 *raw, gsize size, guint8 *characters)
{
    gsize n = 0;

    g_return_val_if_fail(self != NULL, 0);

    for (gsize i = 0; i < size; i++) {
        const guint8 byte = raw[i];

        if (self->held == HELD_NOTHING && byte == 0xff) {
            self->held = HELD_FF;
        } else if (self->held == HELD_FF && byte == 0x00) {
            self->held = HELD_FF_00;
        } else {
            if (self->held == HELD_FF_00 && byte != 0)
                self->errors++;
            else if (self->held == HELD_FF_00)
                self->zeros++;
            /* ff and then neither ff nor 00 is nothing a kernel sends: take the byte as it is */
            self->held = HELD_NOTHING;
            characters[n++] = byte;
        }
    }
    return n;
}

/**
 * nilo_serial_marks_to_counts:
 * @counts: (inout): what the device itself counted, or zeros when it does not
 *
 * Some adapters count, some only mark, some do both: a mark that nobody counted is added, as a
 * parity error because that is what a wrong parity setting looks like.
 */
void
nilo_serial_marks_to_counts(const NiloSerialMarks *self, NiloLineCounts *counts)
{
    const guint64 damaged = counts->parity_errors + counts->framing_errors;

    if (damaged < self->errors)
        counts->parity_errors += self->errors - damaged;
    if (damaged + counts->breaks < self->errors + self->zeros)
        counts->breaks =
            MAX(counts->breaks, self->errors + self->zeros - MAX(damaged, self->errors));
}
