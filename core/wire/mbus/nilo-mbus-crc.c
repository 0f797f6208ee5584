/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-crc.h"

#define GENERATOR 0x3d65u

/* bit by bit: a telegram has 250 bytes at most, and a table would cost more flash than it saves */
uint16_t
nilo_mbus_crc_update(uint16_t crc, const uint8_t *bytes, size_t size)
{
    unsigned remainder = crc ^ 0xffffu;

    for (size_t i = 0; i < size; i++) {
        remainder ^= (unsigned)bytes[i] << 8;
        for (unsigned bit = 0; bit < 8; bit++)
            remainder = (remainder << 1 ^ ((remainder & 0x8000u) != 0 ? GENERATOR : 0u)) & 0xffffu;
    }
    return (uint16_t)(remainder ^ 0xffffu);
}
