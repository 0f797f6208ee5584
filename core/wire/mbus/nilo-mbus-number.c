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

bool
nilo_mbus_bcd_parse(const uint8_t *bytes, size_t size, int64_t *mantissa)
{
    int64_t sum = 0;
    bool negative;

    if (size == 0 || size > BCD_MAX_BYTES)
        return false;
    negative = bytes[size - 1] >> 4 == 0x0f;
    for (size_t i = size; i-- > 0;) {
        const unsigned byte = negative && i == size - 1 ? bytes[i] & 0x0fu : bytes[i];
        const unsigned low = byte & 0x0f;

        if (byte > 0x99 || low > 9)
            return false;
        sum = sum * 100 + (byte - 6 * (byte >> 4)); /* 0x42 is 66, six too many for each ten */
    }
    *mantissa = negative ? -sum : sum;
    return true;
}
