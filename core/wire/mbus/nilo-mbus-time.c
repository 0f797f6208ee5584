/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-value.h"

#define EVERY_YEAR  127
#define EVERY_MONTH 15
#define EVERY_HOUR  31
#define EVERY_60    63 /* every minute, every second */

static unsigned
days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (leap && month == 2 ? 1 : 0);
}

/* two bytes hold the date in all types: three bits of the year above the day, four above the month
 */
static NiloMbusState
parse_date(uint8_t day_byte, uint8_t month_byte, unsigned century, NiloMbusTime *time)
{
    const unsigned year = day_byte >> 5 | (month_byte >> 4) << 3;

    /* a meter that leaves the century out means this century up to 80, as EN 13757-3 has it */
    time->year = (uint16_t)(1900 + 100 * (century == 0 && year <= 80 ? 1 : century) + year);
    time->month = month_byte & 0x0f;
    time->day = day_byte & 0x1f;
    if (time->day == 0 || time->month == 0 || year == EVERY_YEAR)
        return NILO_MBUS_STATE_NOT_SET;
    if (time->month == EVERY_MONTH && year == 0)
        return NILO_MBUS_STATE_NOT_SET;
    if (time->month > 12 || year > 99 || time->day > days_in_month(time->year, time->month))
        return NILO_MBUS_STATE_INVALID;
    return NILO_MBUS_STATE_OK;
}

static NiloMbusState
check_clock(const NiloMbusTime *time)
{
    if (time->hour == EVERY_HOUR || time->minute == EVERY_60 ||
        (time->has_second && time->second == EVERY_60))
        return NILO_MBUS_STATE_NOT_SET;
    if (time->hour > 23 || time->minute > 59 || time->second > 59)
        return NILO_MBUS_STATE_INVALID;
    return NILO_MBUS_STATE_OK;
}

/* the first of these that is not "ok"; a clock that calls itself invalid was never set */
static NiloMbusState
combine(const NiloMbusTime *time, NiloMbusState date, NiloMbusState clock)
{
    if (time->is_blank || time->is_flagged_invalid)
        return NILO_MBUS_STATE_NOT_SET;
    return date != NILO_MBUS_STATE_OK ? date : clock;
}

static bool
is_blank(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != bytes[0] || (bytes[0] != 0x00 && bytes[0] != 0xff))
            return false;
    }
    return true;
}

NiloMbusState
nilo_mbus_time_parse_g(const uint8_t bytes[2], NiloMbusTime *time)
{
    *time = (NiloMbusTime){.is_blank = is_blank(bytes, 2)};
    return combine(time, parse_date(bytes[0], bytes[1], 0, time), NILO_MBUS_STATE_OK);
}

NiloMbusState
nilo_mbus_time_parse_f(const uint8_t bytes[4], NiloMbusTime *time)
{
    *time = (NiloMbusTime){
        .minute = bytes[0] & 0x3f,
        .hour = bytes[1] & 0x1f,
        .is_summer_time = (bytes[1] & 0x80) != 0,
        .is_flagged_invalid = (bytes[0] & 0x80) != 0,
        .is_blank = is_blank(bytes, 4),
    };
    return combine(time, parse_date(bytes[2], bytes[3], bytes[1] >> 5 & 3, time),
                   check_clock(time));
}

NiloMbusState
nilo_mbus_time_parse_i(const uint8_t bytes[6], NiloMbusTime *time)
{
    *time = (NiloMbusTime){
        .second = bytes[0] & 0x3f,
        .minute = bytes[1] & 0x3f,
        .hour = bytes[2] & 0x1f,
        .has_second = true,
        .is_summer_time = (bytes[0] & 0x40) != 0,
        .is_flagged_invalid = (bytes[1] & 0x80) != 0,
        .is_blank = is_blank(bytes, 6),
    };
    return combine(time, parse_date(bytes[3], bytes[4], 0, time), check_clock(time));
}

NiloMbusState
nilo_mbus_time_parse_j(const uint8_t bytes[3], NiloMbusTime *time)
{
    *time = (NiloMbusTime){
        .second = bytes[0] & 0x3f,
        .minute = bytes[1] & 0x3f,
        .hour = bytes[2] & 0x1f,
        .has_second = true,
        /* midnight is a time of day: only ones are a blank */
        .is_blank = is_blank(bytes, 3) && bytes[0] != 0x00,
    };
    return combine(time, NILO_MBUS_STATE_OK, check_clock(time));
}
