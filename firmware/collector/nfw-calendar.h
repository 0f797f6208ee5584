/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

/* A clock's face: local time, 2000-01-01 to 2099-12-31. */
struct nfw_date {
    uint16_t year;
    uint8_t month; /* 1 to 12 */
    uint8_t day;   /* 1 to 31, within the month */
    uint8_t hour;
    uint8_t minute;
    uint8_t second;
};

#define NFW_SECONDS_PER_HOUR 3600u
#define NFW_SECONDS_PER_DAY  86400u
#define NFW_SECONDS_MAX      3155759999u /* 2099-12-31 23:59:59 */
#define NFW_CALENDAR_MONTHS  1200u

bool nfw_date_is_valid(const struct nfw_date *date);

/* @date must be valid. */
nfw_seconds nfw_date_to_seconds(const struct nfw_date *date);

/* Any number of seconds; those behind 2099 give 2099-12-31 23:59:59. */
void nfw_date_from_seconds(nfw_seconds seconds, struct nfw_date *date);

/* Months since January 2000; behind 2099 it stays at December 2099. */
uint16_t nfw_month_of(nfw_seconds seconds);

/* The first second of such a month; from NFW_CALENDAR_MONTHS on, the first second behind 2099. */
nfw_seconds nfw_month_start(uint16_t month);
