/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-value.h"

/*
 * A single precision number is m x 2^e with 24 bits of m. It is multiplied by the power of ten that
 * leaves nine digits before the point, taken from a table with 64 bits of precision, and rounded.
 * No such number comes so near to the middle between two results that those 64 bits could round it
 * the wrong way (all of them were tried), so the digits are those of exact arithmetic.
 */

#define FRACTION_BITS 23
#define IMPLICIT_BIT  (UINT32_C(1) << FRACTION_BITS)
#define EXPONENT_NONE 0xffu /* infinity, or no number */
#define EXPONENT_BIAS 127
#define DIGITS        9
#define FIRST_POWER   (-30)
#define TEN_TO_DIGITS UINT32_C(1000000000)

/* 10^k for k = -30 to 53: the first 64 bits, so 2^63 <= entry < 2^64 */
static const uint64_t powers_of_ten[] = {
    UINT64_C(0xa2425ff75e14fc31), UINT64_C(0xcad2f7f5359a3b3e), UINT64_C(0xfd87b5f28300ca0d),
    UINT64_C(0x9e74d1b791e07e48), UINT64_C(0xc612062576589dda), UINT64_C(0xf79687aed3eec551),
    UINT64_C(0x9abe14cd44753b52), UINT64_C(0xc16d9a0095928a27), UINT64_C(0xf1c90080baf72cb1),
    UINT64_C(0x971da05074da7bee), UINT64_C(0xbce5086492111aea), UINT64_C(0xec1e4a7db69561a5),
    UINT64_C(0x9392ee8e921d5d07), UINT64_C(0xb877aa3236a4b449), UINT64_C(0xe69594bec44de15b),
    UINT64_C(0x901d7cf73ab0acd9), UINT64_C(0xb424dc35095cd80f), UINT64_C(0xe12e13424bb40e13),
    UINT64_C(0x8cbccc096f5088cb), UINT64_C(0xafebff0bcb24aafe), UINT64_C(0xdbe6fecebdedd5be),
    UINT64_C(0x89705f4136b4a597), UINT64_C(0xabcc77118461cefc), UINT64_C(0xd6bf94d5e57a42bc),
    UINT64_C(0x8637bd05af6c69b5), UINT64_C(0xa7c5ac471b478423), UINT64_C(0xd1b71758e219652b),
    UINT64_C(0x83126e978d4fdf3b), UINT64_C(0xa3d70a3d70a3d70a), UINT64_C(0xcccccccccccccccc),
    UINT64_C(0x8000000000000000), UINT64_C(0xa000000000000000), UINT64_C(0xc800000000000000),
    UINT64_C(0xfa00000000000000), UINT64_C(0x9c40000000000000), UINT64_C(0xc350000000000000),
    UINT64_C(0xf424000000000000), UINT64_C(0x9896800000000000), UINT64_C(0xbebc200000000000),
    UINT64_C(0xee6b280000000000), UINT64_C(0x9502f90000000000), UINT64_C(0xba43b74000000000),
    UINT64_C(0xe8d4a51000000000), UINT64_C(0x9184e72a00000000), UINT64_C(0xb5e620f480000000),
    UINT64_C(0xe35fa931a0000000), UINT64_C(0x8e1bc9bf04000000), UINT64_C(0xb1a2bc2ec5000000),
    UINT64_C(0xde0b6b3a76400000), UINT64_C(0x8ac7230489e80000), UINT64_C(0xad78ebc5ac620000),
    UINT64_C(0xd8d726b7177a8000), UINT64_C(0x878678326eac9000), UINT64_C(0xa968163f0a57b400),
    UINT64_C(0xd3c21bcecceda100), UINT64_C(0x84595161401484a0), UINT64_C(0xa56fa5b99019a5c8),
    UINT64_C(0xcecb8f27f4200f3a), UINT64_C(0x813f3978f8940984), UINT64_C(0xa18f07d736b90be5),
    UINT64_C(0xc9f2c9cd04674ede), UINT64_C(0xfc6f7c4045812296), UINT64_C(0x9dc5ada82b70b59d),
    UINT64_C(0xc5371912364ce305), UINT64_C(0xf684df56c3e01bc6), UINT64_C(0x9a130b963a6c115c),
    UINT64_C(0xc097ce7bc90715b3), UINT64_C(0xf0bdc21abb48db20), UINT64_C(0x96769950b50d88f4),
    UINT64_C(0xbc143fa4e250eb31), UINT64_C(0xeb194f8e1ae525fd), UINT64_C(0x92efd1b8d0cf37be),
    UINT64_C(0xb7abc627050305ad), UINT64_C(0xe596b7b0c643c719), UINT64_C(0x8f7e32ce7bea5c6f),
    UINT64_C(0xb35dbf821ae4f38b), UINT64_C(0xe0352f62a19e306e), UINT64_C(0x8c213d9da502de45),
    UINT64_C(0xaf298d050e4395d6), UINT64_C(0xdaf3f04651d47b4c), UINT64_C(0x88d8762bf324cd0f),
    UINT64_C(0xab0e93b6efee0053), UINT64_C(0xd5d238a4abe98068), UINT64_C(0x85a36366eb71f041),
};

/* floor(k x log2(10)) and floor(n x log10(2)); exact over the ranges used here */
static int
log2_of_power_of_ten(int k)
{
    return (int)(((int64_t)k * 217706) >> 16);
}

static int
log10_of_power_of_two(int n)
{
    return (int)(((int64_t)n * 78913) >> 18);
}

/* m x 2^e x 10^k, rounded to the nearest integer; 2^23 <= m < 2^24, the result below 2^34 */
static uint64_t
scale(uint32_t m, int e, int k)
{
    const uint64_t power = powers_of_ten[k - FIRST_POWER];
    const uint64_t low = m * (power & UINT32_MAX);
    const uint64_t high = m * (power >> 32) + (low >> 32);
    /* the product is (high:low) x 2^(e + log2 - 63), and high leaves out 32 bits of it */
    const int shift = 63 - 32 - e - log2_of_power_of_ten(k);
    const uint64_t half = UINT64_C(1) << (shift - 1);
    const uint64_t rest = high & (2 * half - 1);
    uint64_t result = high >> shift;

    /* a tie goes to the even neighbour, as printf() has it */
    if (rest > half || (rest == half && ((uint32_t)low != 0 || (result & 1) != 0)))
        result++;
    return result;
}

bool
nilo_mbus_real_parse(const uint8_t bytes[4], int64_t *mantissa, int8_t *exponent)
{
    const uint32_t bits = (uint32_t)nilo_mbus_unsigned_parse(bytes, 4);
    const unsigned biased = bits >> FRACTION_BITS & 0xff;
    uint32_t m = bits & (IMPLICIT_BIT - 1);
    int e = (int)(biased == 0 ? 1 : biased) - EXPONENT_BIAS - FRACTION_BITS;
    uint64_t digits;
    int k;

    if (biased == EXPONENT_NONE)
        return false;
    if (biased == 0 && m == 0) {
        *mantissa = 0;
        *exponent = 0;
        return true;
    }
    if (biased != 0)
        m |= IMPLICIT_BIT;
    for (; m < IMPLICIT_BIT; m <<= 1)
        e--;
    k = DIGITS - 1 - log10_of_power_of_two(e + FRACTION_BITS);
    digits = scale(m, e, k);
    if (digits >= TEN_TO_DIGITS)
        digits = scale(m, e, --k);
    for (; digits % 10 == 0; k--)
        digits /= 10;
    *mantissa = bits >> 31 != 0 ? -(int64_t)digits : (int64_t)digits;
    *exponent = (int8_t)-k;
    return true;
}
