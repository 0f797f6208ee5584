/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/* The inverse of NiloByteReader, onto the end of a #GByteArray. */

NILO_INTERNAL void nilo_byte_writer_add_u8(GByteArray *bytes, guint8 number);
NILO_INTERNAL void nilo_byte_writer_add_u32(GByteArray *bytes, guint32 number);
NILO_INTERNAL void nilo_byte_writer_add_u64(GByteArray *bytes, guint64 number);
NILO_INTERNAL void nilo_byte_writer_add_varint(GByteArray *bytes, guint64 number);
NILO_INTERNAL void nilo_byte_writer_add_signed(GByteArray *bytes, gint64 number);

G_END_DECLS
