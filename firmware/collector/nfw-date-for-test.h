/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-calendar.h"
#include "nilo-wire-test.h"

/* A moment as it is written down. */
static inline nfw_seconds
nfw_test_at(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
            unsigned second)
{
    const struct nfw_date date = {.year = (uint16_t)year,
                                  .month = (uint8_t)month,
                                  .day = (uint8_t)day,
                                  .hour = (uint8_t)hour,
                                  .minute = (uint8_t)minute,
                                  .second = (uint8_t)second};

    CHECK(nfw_date_is_valid(&date));
    return nfw_date_to_seconds(&date);
}
