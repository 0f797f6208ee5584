/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-byte-reader.h"

#define VARINT_MAX_BYTES 10

void
nilo_byte_reader_init(NiloByteReader *self, const guint8 *bytes, gsize size)
{
    *self = (NiloByteReader){.bytes = bytes, .size = size};
}

gsize
nilo_byte_reader_get_left(const NiloByteReader *self)
{
    return self->failed ? 0 : self->size - self->position;
}

void
nilo_byte_reader_fail(NiloByteReader *self)
{
    self->failed = TRUE;
}

const guint8 *
nilo_byte_reader_read_bytes(NiloByteReader *self, gsize size)
{
    const guint8 *bytes;

    if (size > nilo_byte_reader_get_left(self) || self->failed) {
        self->failed = TRUE;
        return NULL;
    }
    bytes = self->bytes + self->position;
    self->position += size;
    return bytes;
}

static guint64
read_little_endian(NiloByteReader *self, gsize size)
{
    const guint8 *bytes = nilo_byte_reader_read_bytes(self, size);
    guint64 number = 0;

    for (gsize i = size; bytes != NULL && i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

guint8
nilo_byte_reader_read_u8(NiloByteReader *self)
{
    return (guint8)read_little_endian(self, 1);
}

guint32
nilo_byte_reader_read_u32(NiloByteReader *self)
{
    return (guint32)read_little_endian(self, 4);
}

guint64
nilo_byte_reader_read_u64(NiloByteReader *self)
{
    return read_little_endian(self, 8);
}

guint64
nilo_byte_reader_read_varint(NiloByteReader *self)
{
    guint64 number = 0;

    for (guint i = 0; i < VARINT_MAX_BYTES; i++) {
        const guint8 byte = nilo_byte_reader_read_u8(self);

        /* the tenth byte has room for one bit only */
        if (self->failed || (i == VARINT_MAX_BYTES - 1 && byte > 1))
            break;
        number |= (guint64)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0)
            return number;
    }
    self->failed = TRUE;
    return 0;
}

gint64
nilo_byte_reader_read_signed(NiloByteReader *self)
{
    const guint64 folded = nilo_byte_reader_read_varint(self);

    return (gint64)(folded >> 1 ^ (~(folded & 1) + 1));
}

guint64
nilo_byte_reader_read_limited(NiloByteReader *self, guint64 largest)
{
    const guint64 number = nilo_byte_reader_read_varint(self);

    if (number <= largest)
        return number;
    self->failed = TRUE;
    return 0;
}

gsize
nilo_byte_reader_read_count(NiloByteReader *self)
{
    const guint64 count = nilo_byte_reader_read_varint(self);

    if (count <= nilo_byte_reader_get_left(self))
        return (gsize)count;
    self->failed = TRUE;
    return 0;
}
