/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The number types against the plainest way to read them, digit by digit and by printf(). */
#include "nilo-mbus-value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition)
        abort();
}

static bool
read_bcd_plainly(const uint8_t *bytes, size_t size, int64_t *number)
{
    const bool negative = bytes[size - 1] >> 4 == 0x0f;
    int64_t sum = 0;

    for (size_t digit = 2 * size; digit-- > 0;) {
        unsigned value = bytes[digit / 2] >> (digit % 2 == 0 ? 0 : 4) & 0x0f;

        if (negative && digit == 2 * size - 1)
            value = 0;
        if (value > 9)
            return false;
        sum = sum * 10 + (int64_t)value;
    }
    *number = negative ? -sum : sum;
    return true;
}

static void
check_bcd(const uint8_t *bytes, size_t size)
{
    int64_t found = 0;
    int64_t expected = 0;
    const bool is_number = read_bcd_plainly(bytes, size, &expected);

    require(nilo_mbus_bcd_parse(bytes, size, &found) == is_number);
    require(found == expected);
}

static void
check_integer(const uint8_t *bytes, size_t size)
{
    int64_t expected = (bytes[size - 1] & 0x80) != 0 ? -1 : 0;
    uint64_t bits = 0;
    int64_t found;

    for (size_t i = size; i-- > 0;) {
        expected = (int64_t)((uint64_t)expected << 8 | bytes[i]);
        bits = bits << 8 | bytes[i];
    }
    (void)nilo_mbus_integer_parse(bytes, size, &found);
    require(found == expected);
    require(nilo_mbus_unsigned_parse(bytes, size) == bits);
}

static void
check_real(const uint8_t bytes[4])
{
    const uint32_t bits = (uint32_t)nilo_mbus_unsigned_parse(bytes, 4);
    const uint32_t magnitude = bits & 0x7fffffff; /* minus zero would print its sign */
    long long digits, fraction;
    int64_t mantissa;
    int8_t exponent;
    char text[32];
    float real;
    int power;

    if (!nilo_mbus_real_parse(bytes, &mantissa, &exponent)) {
        require((bits >> 23 & 0xff) == 0xff);
        return;
    }
    memcpy(&real, &magnitude, sizeof real);
    snprintf(text, sizeof text, "%.8e", (double)real);
    require(sscanf(text, "%1lld.%8llde%d", &digits, &fraction, &power) == 3);
    digits = digits * 100000000 + fraction;
    power -= 8;
    for (; digits != 0 && digits % 10 == 0; power++)
        digits /= 10;
    require(mantissa == (bits != magnitude ? -digits : digits));
    require(digits == 0 || exponent == power);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t n = 1; n <= 9 && n <= size; n++)
        check_bcd(data, n);
    for (size_t n = 1; n <= 8 && n <= size; n++)
        check_integer(data, n);
    if (size >= 4)
        check_real(data);
    return 0;
}
