/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The clock of port.h for boards with a DS1338 (or DS1307, whose register 7 has no stop flag and
 * reads 0 there) on the I2C bus. Eight registers from 0: seconds with a halt bit, minutes, hours in
 * 24 h form, day of the week, day, month, year since 2000, control with the flag of a stopped
 * oscillator; all but the last in BCD.
 */
#include "nfw-calendar.h"
#include "port.h"

#define ADDRESS    0x68u
#define REGISTERS  8u
#define HALTED     0x80u /* of the seconds */
#define TWELVE     0x40u /* of the hours: counted with AM and PM, which nobody of ours sets */
#define STOPPED    0x20u /* of the control register: was without power for a while */
#define FIRST_YEAR 2000u
#define SATURDAY   6u /* what 2000-01-01 was; 0 is Sunday */

static uint8_t
from_bcd(uint8_t value)
{
    return (uint8_t)((value >> 4) * 10u + (value & 0x0fu));
}

static uint8_t
to_bcd(uint32_t value)
{
    return (uint8_t)(value / 10u * 16u + value % 10u);
}

int
nfw_port_rtc_get(nfw_seconds *seconds)
{
    const uint8_t first = 0u;
    uint8_t registers[REGISTERS];
    struct nfw_date date;
    const int result = nfw_port_i2c_transfer(ADDRESS, &first, 1u, registers, REGISTERS);

    if (result != NFW_OK) {
        return result;
    }
    if ((registers[0] & HALTED) != 0u || (registers[2] & TWELVE) != 0u ||
        (registers[7] & STOPPED) != 0u) {
        return NFW_ERR_NONE;
    }

    date.second = from_bcd(registers[0]);
    date.minute = from_bcd(registers[1]);
    date.hour = from_bcd(registers[2]);
    date.day = from_bcd(registers[4]);
    date.month = from_bcd(registers[5]);
    date.year = (uint16_t)(FIRST_YEAR + from_bcd(registers[6]));
    if (!nfw_date_is_valid(&date)) {
        return NFW_ERR_NONE;
    }
    *seconds = nfw_date_to_seconds(&date);
    return NFW_OK;
}

int
nfw_port_rtc_set(nfw_seconds seconds)
{
    uint8_t out[1u + REGISTERS];
    struct nfw_date date;

    nfw_date_from_seconds(seconds, &date);
    out[0] = 0u;
    out[1] = to_bcd(date.second);
    out[2] = to_bcd(date.minute);
    out[3] = to_bcd(date.hour);
    out[4] = (uint8_t)((seconds / NFW_SECONDS_PER_DAY + SATURDAY) % 7u + 1u);
    out[5] = to_bcd(date.day);
    out[6] = to_bcd(date.month);
    out[7] = to_bcd((uint32_t)date.year - FIRST_YEAR);
    out[8] = 0u;
    return nfw_port_i2c_transfer(ADDRESS, out, sizeof out, NULL, 0u);
}
