/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-wire-result.h"

#include <stdbool.h>
#include <stdint.h>

#define NILO_CJT188_CLOCK_SIZE 7

/* A meter's clock: the local time of the place it hangs in, without zone. */
typedef struct {
    uint16_t year; /* 2000 to 2099 */
    uint8_t month; /* 1 to 12 */
    uint8_t day;   /* 1 to 31, within the month */
    uint8_t hour;
    uint8_t minute;
    uint8_t second;
    bool is_year_first; /* the bytes stood the other way round */
} NiloCjt188Clock;

/**
 * nilo_cjt188_clock_parse:
 * @bytes: ss mm hh DD MM YY CC, BCD
 * @clock: (out): written with %NILO_WIRE_OK only
 *
 * When the bytes are no date of this century, but read backwards are one, it is a meter that sends
 * the year first, and is_year_first says so.
 *
 * Returns: %NILO_WIRE_OK; %NILO_WIRE_END for a clock that was never set (all bytes 0);
 *   %NILO_WIRE_UNSUPPORTED for a meter without one (all bytes FF); %NILO_WIRE_BAD_DIGIT when it is
 * not BCD; %NILO_WIRE_BAD_VALUE for digits that make no date either way
 */
NiloWireResult nilo_cjt188_clock_parse(const uint8_t bytes[NILO_CJT188_CLOCK_SIZE],
                                       NiloCjt188Clock *clock);

/* The inverse, in the order that is_year_first asks for. NILO_WIRE_BAD_VALUE when it is no date. */
NiloWireResult nilo_cjt188_clock_build(const NiloCjt188Clock *clock,
                                       uint8_t bytes[NILO_CJT188_CLOCK_SIZE]);
