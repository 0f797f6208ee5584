/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-clock.h"

#include "nilo-wire-bcd.h"

static bool
is_all(const uint8_t bytes[NILO_CJT188_CLOCK_SIZE], uint8_t wanted)
{
    for (unsigned i = 0; i < NILO_CJT188_CLOCK_SIZE; i++) {
        if (bytes[i] != wanted)
            return false;
    }
    return true;
}

static uint8_t
days_in_month(uint16_t year, uint8_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    /* every fourth year from 2000 to 2099 is a leap year */
    return (uint8_t)(days[month - 1] + (month == 2 && year % 4 == 0 ? 1 : 0));
}

static bool
is_date(const NiloCjt188Clock *clock)
{
    return clock->year >= 2000 && clock->year <= 2099 && clock->month >= 1 && clock->month <= 12 &&
           clock->day >= 1 && clock->day <= days_in_month(clock->year, clock->month) &&
           clock->hour <= 23 && clock->minute <= 59 && clock->second <= 59;
}

static uint8_t
digits(uint8_t byte)
{
    return (uint8_t)((byte >> 4) * 10 + (byte & 0x0f));
}

static NiloCjt188Clock
read_either_way(const uint8_t bytes[NILO_CJT188_CLOCK_SIZE], bool year_first)
{
    uint8_t parts[NILO_CJT188_CLOCK_SIZE];

    for (unsigned i = 0; i < NILO_CJT188_CLOCK_SIZE; i++)
        parts[i] = digits(bytes[year_first ? NILO_CJT188_CLOCK_SIZE - 1 - i : i]);
    return (NiloCjt188Clock){
        .second = parts[0],
        .minute = parts[1],
        .hour = parts[2],
        .day = parts[3],
        .month = parts[4],
        .year = (uint16_t)(parts[6] * 100 + parts[5]),
        .is_year_first = year_first,
    };
}

NiloWireResult
nilo_cjt188_clock_parse(const uint8_t bytes[NILO_CJT188_CLOCK_SIZE], NiloCjt188Clock *clock)
{
    if (is_all(bytes, 0x00))
        return NILO_WIRE_END;
    if (is_all(bytes, 0xff))
        return NILO_WIRE_UNSUPPORTED;
    if (!nilo_bcd_is_valid(bytes, NILO_CJT188_CLOCK_SIZE))
        return NILO_WIRE_BAD_DIGIT;
    for (int year_first = 0; year_first <= 1; year_first++) {
        const NiloCjt188Clock read = read_either_way(bytes, year_first != 0);

        if (is_date(&read)) {
            *clock = read;
            return NILO_WIRE_OK;
        }
    }
    return NILO_WIRE_BAD_VALUE;
}

NiloWireResult
nilo_cjt188_clock_build(const NiloCjt188Clock *clock, uint8_t bytes[NILO_CJT188_CLOCK_SIZE])
{
    uint8_t parts[NILO_CJT188_CLOCK_SIZE];

    if (!is_date(clock))
        return NILO_WIRE_BAD_VALUE;
    parts[0] = clock->second;
    parts[1] = clock->minute;
    parts[2] = clock->hour;
    parts[3] = clock->day;
    parts[4] = clock->month;
    parts[5] = (uint8_t)(clock->year % 100);
    parts[6] = (uint8_t)(clock->year / 100);
    for (unsigned i = 0; i < NILO_CJT188_CLOCK_SIZE; i++) {
        const unsigned at = clock->is_year_first ? NILO_CJT188_CLOCK_SIZE - 1 - i : i;

        bytes[at] = (uint8_t)(parts[i] / 10 << 4 | parts[i] % 10);
    }
    return NILO_WIRE_OK;
}
