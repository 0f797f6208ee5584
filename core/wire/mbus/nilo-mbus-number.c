/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-value.h"

#define BCD_MAX_BYTES 9u /* 18 digits fit into 63 bits */

/* the widths of the fixed types are spelled out: a loop over the bytes costs three times as much */
uint64_t
nilo_mbus_unsigned_parse(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;

    switch (size) {
    case 1:
        return bytes[0];
    case 2:
        return (uint64_t)bytes[1] << 8 | bytes[0];
    case 4:
        return (uint64_t)bytes[3] << 24 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[1] << 8 |
               bytes[0];
    default:
        while (size-- > 0)
            value = value << 8 | bytes[size];
        return value;
    }
}

bool
nilo_mbus_integer_parse(const uint8_t *bytes, size_t size, int64_t *mantissa)
{
    const uint64_t sign = UINT64_C(1) << (8 * size - 1);
    const uint64_t bits = nilo_mbus_unsigned_parse(bytes, size);

    /* flipping the sign bit and taking it away again extends it to the left */
    *mantissa = (int64_t)((bits ^ sign) - sign);
    return bits != sign;
}

/* eight bytes of two digits each to a number: neighbours are joined, then pairs, then fours */
static uint64_t
join_digits(uint64_t bcd)
{
    const uint64_t nibbles = UINT64_C(0x0f0f0f0f0f0f0f0f);
    const uint64_t bytes = UINT64_C(0x00ff00ff00ff00ff);
    const uint64_t words = UINT64_C(0x0000ffff0000ffff);

    bcd = (bcd & nibbles) + 10 * (bcd >> 4 & nibbles);
    bcd = (bcd & bytes) + 100 * (bcd >> 8 & bytes);
    bcd = (bcd & words) + 10000 * (bcd >> 16 & words);
    return (bcd & UINT32_MAX) + 100000000 * (bcd >> 32);
}

/* a digit is above 9 when its 8 stands together with its 4 or its 2 */
static bool
has_bad_digit(uint64_t bcd)
{
    return (bcd & (bcd << 1 | bcd << 2) & UINT64_C(0x8888888888888888)) != 0;
}

/* up to eight bytes, whose sign has been dealt with */
static bool
parse_digits(uint64_t bcd, bool negative, int64_t *mantissa)
{
    if (has_bad_digit(bcd))
        return false;
    *mantissa = negative ? -(int64_t)join_digits(bcd) : (int64_t)join_digits(bcd);
    return true;
}

/* 18 digits: the top two do not fit into the word */
static __attribute__((noinline)) bool
parse_nine_bytes(const uint8_t *bytes, bool negative, int64_t *mantissa)
{
    const unsigned top = bytes[BCD_MAX_BYTES - 1] & (negative ? 0x0fu : 0xffu);
    int64_t low;

    if (has_bad_digit(top) || !parse_digits(nilo_mbus_unsigned_parse(bytes, 8), false, &low))
        return false;
    low += (int64_t)(top - 6 * (top >> 4)) * INT64_C(10000000000000000);
    *mantissa = negative ? -low : low;
    return true;
}

bool
nilo_mbus_bcd_parse(const uint8_t *bytes, size_t size, int64_t *mantissa)
{
    bool negative;
    uint64_t bcd;

    if (size == 0 || size > BCD_MAX_BYTES)
        return false;
    negative = bytes[size - 1] >> 4 == 0x0f;
    if (size == BCD_MAX_BYTES)
        return parse_nine_bytes(bytes, negative, mantissa);
    bcd = nilo_mbus_unsigned_parse(bytes, size);
    if (negative)
        bcd &= (UINT64_C(1) << (8 * size - 4)) - 1;
    return parse_digits(bcd, negative, mantissa);
}
