/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-byte-reader.h"
#include "nilo-byte-writer.h"

static const struct {
    gint64 number;
    guint size;
    guint8 bytes[10];
} signed_cases[] = {
    {0, 1, {0x00}},
    {-1, 1, {0x01}},
    {1, 1, {0x02}},
    {63, 1, {0x7e}},
    {64, 2, {0x80, 0x01}},
    {-64, 1, {0x7f}},
    {G_MAXINT64, 10, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
    {G_MININT64, 10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
};

static void
test_signed(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(signed_cases); i++) {
        g_autoptr(GByteArray) written = g_byte_array_new();
        NiloByteReader reader;

        nilo_byte_writer_add_signed(written, signed_cases[i].number);
        g_assert_cmpmem(written->data, written->len, signed_cases[i].bytes, signed_cases[i].size);
        nilo_byte_reader_init(&reader, signed_cases[i].bytes, signed_cases[i].size);
        g_assert_cmpint(nilo_byte_reader_read_signed(&reader), ==, signed_cases[i].number);
        g_assert_false(reader.failed);
        g_assert_cmpuint(nilo_byte_reader_get_left(&reader), ==, 0);
    }
}

static void
test_varint_too_long(void)
{
    static const guint8 bytes[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    NiloByteReader reader;

    nilo_byte_reader_init(&reader, bytes, sizeof bytes);
    g_assert_cmpuint(nilo_byte_reader_read_varint(&reader), ==, 0);
    g_assert_true(reader.failed);
}

static void
test_end_stays_failed(void)
{
    static const guint8 bytes[] = {1, 2, 3};
    NiloByteReader reader;

    nilo_byte_reader_init(&reader, bytes, sizeof bytes);
    g_assert_cmpuint(nilo_byte_reader_read_u32(&reader), ==, 0);
    g_assert_true(reader.failed);
    g_assert_cmpuint(nilo_byte_reader_read_u8(&reader), ==, 0);
    g_assert_null(nilo_byte_reader_read_bytes(&reader, 0));
    g_assert_cmpuint(nilo_byte_reader_get_left(&reader), ==, 0);
}

static void
test_count_above_what_is_left(void)
{
    static const guint8 bytes[] = {3, 0, 0};
    NiloByteReader reader;

    nilo_byte_reader_init(&reader, bytes, sizeof bytes);
    g_assert_cmpuint(nilo_byte_reader_read_count(&reader), ==, 0);
    g_assert_true(reader.failed);
}

static void
test_fixed_width(void)
{
    g_autoptr(GByteArray) written = g_byte_array_new();
    NiloByteReader reader;

    nilo_byte_writer_add_u8(written, 0xab);
    nilo_byte_writer_add_u32(written, 0x12345678);
    nilo_byte_writer_add_u64(written, G_GUINT64_CONSTANT(0x0102030405060708));
    g_assert_cmpuint(written->data[1], ==, 0x78);
    nilo_byte_reader_init(&reader, written->data, written->len);
    g_assert_cmpuint(nilo_byte_reader_read_u8(&reader), ==, 0xab);
    g_assert_cmpuint(nilo_byte_reader_read_u32(&reader), ==, 0x12345678);
    g_assert_cmpuint(nilo_byte_reader_read_u64(&reader), ==,
                     G_GUINT64_CONSTANT(0x0102030405060708));
    g_assert_false(reader.failed);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bytes/signed", test_signed);
    g_test_add_func("/bytes/varint-too-long", test_varint_too_long);
    g_test_add_func("/bytes/end-stays-failed", test_end_stays_failed);
    g_test_add_func("/bytes/count-above-what-is-left", test_count_above_what_is_left);
    g_test_add_func("/bytes/fixed-width", test_fixed_width);
    return g_test_run();
}
