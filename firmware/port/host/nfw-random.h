/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Marsaglia's xorshift of 32 bits: the same chance from the same seed. @state: not 0. */
static inline uint32_t
nfw_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}
