/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/*
 * Divisions for cores without one, a bit at a time: a tenth of the size of libgcc's, which the
 * linker then does without. The names that the compiler calls are made from these in nfw-divide.c.
 *
 * @divisor: not 0; of 64 bits, at most 2^63
 * @rest: (out): what is left over
 *
 * Returns: the quotient, rounded towards 0
 */
uint32_t nfw_divide_32(uint32_t number, uint32_t divisor, uint32_t *rest);
uint64_t nfw_divide_64(uint64_t number, uint64_t divisor, uint64_t *rest);

/* The rest has the sign of @number. */
int64_t nfw_divide_signed_64(int64_t number, int64_t divisor, int64_t *rest);
