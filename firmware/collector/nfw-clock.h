/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-calendar.h"

/*
 * The collector's time. It comes from the battery backed clock, never from counted ticks; between
 * two readings of that clock the millisecond counter carries it on.
 *
 * Setting it is limited: small corrections, up to NFW_CLOCK_DRIFT_PER_DAY in all on one day, are
 * what a drifting crystal needs and go unrecorded; anything more is a step, which is made too but
 * told to the caller, who writes it down. Freezes stay one a day whichever way the clock goes: see
 * nfw-freeze.h.
 */
#define NFW_CLOCK_DRIFT_PER_DAY 60u

struct nfw_clock {
    nfw_seconds seconds;   /* now, while is_set */
    nfw_ms read_at;        /* when the hardware was last read */
    uint32_t day;          /* that today's corrections were made on */
    uint16_t corrected_s;  /* sum of today's unrecorded corrections, both ways */
    bool is_set;           /* the hardware kept its time, or somebody has set it since */
    bool is_hardware_lost; /* the last reading failed: carried on by the counter */
};

enum nfw_clock_change {
    NFW_CLOCK_CORRECTED, /* within the drift limit */
    NFW_CLOCK_STEPPED,   /* more than that, or the clock was not set before */
};

/* Reads the hardware for the first time. */
void nfw_clock_start(struct nfw_clock *clock, nfw_ms now);

/* Keeps the time current; reads the hardware about once a second. Returns: whether the second has
 * changed, so that calendar work may be due. */
bool nfw_clock_step(struct nfw_clock *clock, nfw_ms now);

/**
 * nfw_clock_set:
 * @clock: the clock
 * @seconds: the new time; 2020 or later
 * @now: the counter
 * @change: (out): what kind of setting it was
 *
 * Returns: NFW_OK, NFW_ERR_RANGE, or what the hardware said
 */
int nfw_clock_set(struct nfw_clock *clock, nfw_seconds seconds, nfw_ms now,
                  enum nfw_clock_change *change);
