/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-record-build.h"

#define EXTENSION_BIT    0x80u
#define MAX_STORAGE      ((UINT64_C(1) << 41) - 1)
#define MAX_TARIFF       ((UINT32_C(1) << 20) - 1)
#define MAX_SUBUNIT      ((1u << 10) - 1)
#define MAX_DIB_SIZE     (1 + NILO_MBUS_MAX_EXTENSIONS)
#define BCD_MAX_BYTES    9u
#define CENTURY_LEFT_OUT 80 /* two-digit years up to here are of this century */

/* @dib: MAX_DIB_SIZE bytes. Returns how many were used; 0 when the numbers do not fit. */
static size_t
build_dib(const NiloMbusRecord *record, uint8_t *dib)
{
    uint64_t storage = record->storage;
    uint32_t tariff = record->tariff;
    unsigned subunit = record->subunit;
    size_t n = 0;

    if (storage > MAX_STORAGE || tariff > MAX_TARIFF || subunit > MAX_SUBUNIT)
        return 0;
    dib[n++] = (uint8_t)((unsigned)record->coding | (unsigned)record->function << 4 |
                         (unsigned)(storage & 0x01) << 6);
    storage >>= 1;
    while (storage != 0 || tariff != 0 || subunit != 0) {
        dib[n - 1] |= EXTENSION_BIT;
        dib[n++] =
            (uint8_t)((unsigned)(storage & 0x0f) | (tariff & 0x03) << 4 | (subunit & 0x01) << 6);
        storage >>= 4;
        tariff >>= 2;
        subunit >>= 1;
    }
    return n;
}

static size_t
put_bytes(uint8_t *to, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = from[i];
    return size;
}

size_t
nilo_mbus_record_build(const NiloMbusRecord *record, uint8_t *bytes, size_t capacity)
{
    const bool is_variable = record->coding == NILO_MBUS_CODING_VARIABLE;
    uint8_t dib[MAX_DIB_SIZE];
    const size_t dib_size = build_dib(record, dib);
    size_t n;

    if (dib_size == 0 || record->vib_size == 0 ||
        nilo_mbus_coding_get_size(record->coding, record->variable_length) != record->data_size ||
        capacity < dib_size + record->vib_size + (is_variable ? 1u : 0u) + record->data_size)
        return 0;
    n = put_bytes(bytes, dib, dib_size);
    n += put_bytes(bytes + n, record->vib, record->vib_size);
    if (is_variable)
        bytes[n++] = record->variable_length;
    return n + put_bytes(bytes + n, record->data, record->data_size);
}

bool
nilo_mbus_integer_build(int64_t number, uint8_t *bytes, size_t size)
{
    const uint64_t bits = (uint64_t)number;
    int64_t limit;

    if (size == 0 || size > sizeof number)
        return false;
    limit = INT64_MAX >> (8 * (sizeof number - size));
    if (number > limit || number < -limit) /* 80..00 is not in: it means "no value" */
        return false;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(bits >> (8 * i));
    return true;
}

bool
nilo_mbus_bcd_build(int64_t number, uint8_t *bytes, size_t size)
{
    const bool negative = number < 0;
    uint64_t left = negative ? -(uint64_t)number : (uint64_t)number;
    uint64_t limit = negative ? 1 : 10; /* a minus takes the top digit */

    if (size == 0 || size > BCD_MAX_BYTES)
        return false;
    for (size_t i = 1; i < 2 * size; i++)
        limit *= 10;
    if (left >= limit)
        return false;
    for (size_t i = 0; i < size; i++, left /= 100)
        bytes[i] = (uint8_t)(left / 10 % 10 << 4 | left % 10);
    if (negative)
        bytes[size - 1] |= 0xf0;
    return true;
}

static void
build_date(unsigned year, const NiloMbusTime *time, uint8_t bytes[2])
{
    bytes[0] = (uint8_t)((year & 0x07) << 5 | time->day);
    bytes[1] = (uint8_t)(year >> 3 << 4 | time->month);
}

static bool
is_date(const NiloMbusTime *time)
{
    return time->month >= 1 && time->month <= 12 && time->day >= 1 && time->day <= 31;
}

bool
nilo_mbus_time_build_g(const NiloMbusTime *time, uint8_t bytes[2])
{
    if (!is_date(time) || time->year <= 1900 + CENTURY_LEFT_OUT ||
        time->year > 2000 + CENTURY_LEFT_OUT)
        return false;
    build_date(time->year % 100u, time, bytes);
    return true;
}

bool
nilo_mbus_time_build_f(const NiloMbusTime *time, uint8_t bytes[4])
{
    unsigned century;

    if (!is_date(time) || time->year < 1900 || time->year > 2299 || time->hour > 23 ||
        time->minute > 59)
        return false;
    century = (time->year - 1900u) / 100;
    if (century == 0 && time->year <= 1900 + CENTURY_LEFT_OUT)
        return false;
    bytes[0] = (uint8_t)(time->minute | (time->is_flagged_invalid ? 0x80 : 0));
    bytes[1] = (uint8_t)(time->hour | century << 5 | (time->is_summer_time ? 0x80 : 0));
    build_date(time->year % 100u, time, bytes + 2);
    return true;
}
