/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-byte-writer.h"

static void
add_little_endian(GByteArray *bytes, guint64 number, guint size)
{
    guint8 buffer[8];

    for (guint i = 0; i < size; i++)
        buffer[i] = (guint8)(number >> (8 * i));
    g_byte_array_append(bytes, buffer, size);
}

void
nilo_byte_writer_add_u8(GByteArray *bytes, guint8 number)
{
    add_little_endian(bytes, number, 1);
}

void
nilo_byte_writer_add_u32(GByteArray *bytes, guint32 number)
{
    add_little_endian(bytes, number, 4);
}

void
nilo_byte_writer_add_u64(GByteArray *bytes, guint64 number)
{
    add_little_endian(bytes, number, 8);
}

void
nilo_byte_writer_add_varint(GByteArray *bytes, guint64 number)
{
    guint8 buffer[10];
    guint size = 0;

    while (number >= 0x80) {
        buffer[size++] = (guint8)(number | 0x80);
        number >>= 7;
    }
    buffer[size++] = (guint8)number;
    g_byte_array_append(bytes, buffer, size);
}

void
nilo_byte_writer_add_signed(GByteArray *bytes, gint64 number)
{
    nilo_byte_writer_add_varint(bytes, (guint64)number << 1 ^ (number < 0 ? G_MAXUINT64 : 0));
}
