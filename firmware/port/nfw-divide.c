/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-divide.h"

uint32_t
nfw_divide_32(uint32_t number, uint32_t divisor, uint32_t *rest)
{
    uint32_t left = 0u;

    for (unsigned i = 0u; i < 32u; i++) {
        const uint32_t carry = left >> 31;

        left = left << 1 | number >> 31;
        number <<= 1;
        if (carry != 0u || left >= divisor) {
            left -= divisor;
            number |= 1u;
        }
    }
    *rest = left;
    return number;
}

uint64_t
nfw_divide_64(uint64_t number, uint64_t divisor, uint64_t *rest)
{
    uint64_t left = 0u;

    for (unsigned i = 0u; i < 64u; i++) {
        left = left << 1 | number >> 63;
        number <<= 1;
        if (left >= divisor) {
            left -= divisor;
            number |= 1u;
        }
    }
    *rest = left;
    return number;
}

int64_t
nfw_divide_signed_64(int64_t number, int64_t divisor, int64_t *rest)
{
    const uint64_t positive_number = number < 0 ? 0u - (uint64_t)number : (uint64_t)number;
    const uint64_t positive_divisor = divisor < 0 ? 0u - (uint64_t)divisor : (uint64_t)divisor;
    uint64_t left;
    const uint64_t quotient = nfw_divide_64(positive_number, positive_divisor, &left);

    *rest = (int64_t)(number < 0 ? 0u - left : left);
    return (int64_t)((number < 0) != (divisor < 0) ? 0u - quotient : quotient);
}

#ifdef __arm__
/*
 * As the run-time ABI for the Arm architecture has them: the quotient in the first registers, the
 * rest in the next ones. What C takes for one number of 64 bits is that for 32; for 64 the four
 * registers have to be filled by hand.
 */
uint64_t __aeabi_uidivmod(uint32_t number, uint32_t divisor);
uint64_t __aeabi_idivmod(int32_t number, int32_t divisor);
uint32_t __aeabi_uidiv(uint32_t number, uint32_t divisor);
int32_t __aeabi_idiv(int32_t number, int32_t divisor);
void __aeabi_uldivmod(void);
void __aeabi_ldivmod(void);

uint64_t
__aeabi_uidivmod(uint32_t number, uint32_t divisor)
{
    uint32_t rest;
    const uint32_t quotient = nfw_divide_32(number, divisor, &rest);

    return (uint64_t)rest << 32 | quotient;
}

uint32_t
__aeabi_uidiv(uint32_t number, uint32_t divisor)
{
    uint32_t rest;

    return nfw_divide_32(number, divisor, &rest);
}

uint64_t
__aeabi_idivmod(int32_t number, int32_t divisor)
{
    const uint32_t positive_number = number < 0 ? 0u - (uint32_t)number : (uint32_t)number;
    const uint32_t positive_divisor = divisor < 0 ? 0u - (uint32_t)divisor : (uint32_t)divisor;
    uint32_t rest;
    const uint32_t quotient = nfw_divide_32(positive_number, positive_divisor, &rest);

    return (uint64_t)(number < 0 ? 0u - rest : rest) << 32 |
           ((number < 0) != (divisor < 0) ? 0u - quotient : quotient);
}

int32_t
__aeabi_idiv(int32_t number, int32_t divisor)
{
    return (int32_t)__aeabi_idivmod(number, divisor);
}

#define DIVIDE_64(name)                                                                            \
    "push {r4, lr}\n\t"                                                                            \
    "sub sp, #16\n\t"                                                                              \
    "add r4, sp, #8\n\t"                                                                           \
    "str r4, [sp]\n\t"                                                                             \
    "bl " name "\n\t"                                                                              \
    "ldr r2, [sp, #8]\n\t"                                                                         \
    "ldr r3, [sp, #12]\n\t"                                                                        \
    "add sp, #16\n\t"                                                                              \
    "pop {r4, pc}"

__attribute__((naked)) void
__aeabi_uldivmod(void)
{
    __asm__ volatile(DIVIDE_64("nfw_divide_64"));
}

__attribute__((naked)) void
__aeabi_ldivmod(void)
{
    __asm__ volatile(DIVIDE_64("nfw_divide_signed_64"));
}
#endif
