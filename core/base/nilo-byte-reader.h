/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/**
 * NiloByteReader:
 * @bytes: borrowed, outlives the reader
 * @size: of @bytes
 * @position: the next byte
 * @failed: something was asked for that is not there; stays so
 *
 * Walks over bytes that somebody else wrote. Reading past the end, or a number that is none,
 * gives 0 or %NULL and sets @failed: so a parser reads a whole structure and asks once.
 * Integers are little endian; a varint is LEB128 (7 bits per byte, lowest first, top bit: more
 * follow), a signed one is folded first: 0, -1, 1, -2 ... become 0, 1, 2, 3.
 */
typedef struct {
    const guint8 *bytes;
    gsize size;
    gsize position;
    gboolean failed;
} NiloByteReader;

/** nilo_byte_reader_init: begins at the first byte */
NILO_INTERNAL void nilo_byte_reader_init(NiloByteReader *self, const guint8 *bytes, gsize size);

/** nilo_byte_reader_get_left: bytes not yet read; 0 after a failure */
NILO_INTERNAL gsize nilo_byte_reader_get_left(const NiloByteReader *self);

/** nilo_byte_reader_fail: for a caller that finds a value out of its range */
NILO_INTERNAL void nilo_byte_reader_fail(NiloByteReader *self);

NILO_INTERNAL guint8 nilo_byte_reader_read_u8(NiloByteReader *self);
NILO_INTERNAL guint32 nilo_byte_reader_read_u32(NiloByteReader *self);
NILO_INTERNAL guint64 nilo_byte_reader_read_u64(NiloByteReader *self);
NILO_INTERNAL guint64 nilo_byte_reader_read_varint(NiloByteReader *self);
NILO_INTERNAL gint64 nilo_byte_reader_read_signed(NiloByteReader *self);

/** nilo_byte_reader_read_limited: a varint that fails above @largest */
NILO_INTERNAL guint64 nilo_byte_reader_read_limited(NiloByteReader *self, guint64 largest);

/** nilo_byte_reader_read_count: a varint that fails above the number of bytes left, for lists
 * whose members take at least one byte: bounds what a damaged count can make us allocate */
NILO_INTERNAL gsize nilo_byte_reader_read_count(NiloByteReader *self);

/** nilo_byte_reader_read_bytes: (nullable): @size bytes in place, valid as long as the input */
NILO_INTERNAL const guint8 *nilo_byte_reader_read_bytes(NiloByteReader *self, gsize size);

G_END_DECLS
