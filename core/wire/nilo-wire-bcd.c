/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-wire-bcd.h"

bool
nilo_bcd_is_valid(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] >> 4 > 9 || (bytes[i] & 0x0f) > 9)
            return false;
    }
    return true;
}

NiloWireResult
nilo_bcd_to_uint64(const uint8_t *bytes, size_t size, uint64_t *value)
{
    uint64_t sum = 0;

    if (size == 0 || size > NILO_BCD_MAX_BYTES)
        return NILO_WIRE_BAD_LENGTH;
    if (!nilo_bcd_is_valid(bytes, size))
        return NILO_WIRE_BAD_DIGIT;
    for (size_t i = size; i-- > 0;)
        sum = sum * 100 + (uint64_t)(bytes[i] >> 4) * 10 + (bytes[i] & 0x0f);
    *value = sum;
    return NILO_WIRE_OK;
}

NiloWireResult
nilo_bcd_from_uint64(uint64_t value, uint8_t *bytes, size_t size)
{
    uint64_t limit = 1;

    if (size == 0 || size > NILO_BCD_MAX_BYTES)
        return NILO_WIRE_BAD_LENGTH;
    for (size_t i = 0; i < size; i++)
        limit *= 100;
    if (value >= limit)
        return NILO_WIRE_TOO_LONG;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value / 10 % 10 << 4 | value % 10);
        value /= 100;
    }
    return NILO_WIRE_OK;
}
