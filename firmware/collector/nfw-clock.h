/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-calendar.h"

/*
 * The collector's time. It comes from the battery backed clock, read once a second, never from
 * counted ticks. Only while that clock does not answer, or has lost its time, the millisecond
 * counter carries the time on; it is then given the time back as soon as it takes it.
 *
 * No reading makes the time go backwards: where the counter was faster, the time stands until the
 * hardware has come up to it. One reading that is out of all proportion to the counter is not
 * believed, since nothing on the way to that clock has a checksum; the second one that says the
 * same is, if it is ahead. A clock that says to be in the past is set to our time.
 *
 * Setting it is limited: small corrections, up to NFW_CLOCK_DRIFT_PER_DAY in all on one day, are
 * what a drifting crystal needs and go unrecorded; anything more is a step, which is made too but
 * told to the caller, who writes it down. Freezes stay one a day whichever way the clock goes: see
 * nfw-freeze.h.
 */
#define NFW_CLOCK_DRIFT_PER_DAY 60u
#define NFW_CLOCK_EARLIEST      631152000u /* 2020-01-01: before this no collector was built */

struct nfw_clock {
    nfw_seconds seconds;     /* now; 0 unless is_set */
    nfw_ms second_at;        /* the counter when the time became what it is */
    nfw_ms read_at;          /* when the hardware was last asked */
    nfw_seconds good;        /* the time when it last told a time to believe */
    nfw_seconds odd;         /* what it told last, not believed yet; 0: nothing */
    nfw_seconds jumped_from; /* a reading made the time jump ahead: the time before. The caller
                                writes it down and clears it; 0: none did */
    uint32_t day;            /* that today's corrections were made on */
    uint16_t corrected_s;    /* sum of today's unrecorded corrections, both ways */
    bool is_set;             /* the hardware kept its time, or somebody has set it since */
    bool is_hardware_lost;   /* the last reading failed: carried on by the counter */
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
 * @clock: the clock; untouched on failure
 * @seconds: the new time; NFW_CLOCK_EARLIEST to NFW_SECONDS_MAX
 * @now: the counter
 * @change: (out): what kind of setting it was; untouched on failure
 *
 * Sets the hardware and reads it back.
 *
 * Returns: NFW_OK, NFW_ERR_RANGE, NFW_ERR_VERIFY, or what the hardware said
 */
int nfw_clock_set(struct nfw_clock *clock, nfw_seconds seconds, nfw_ms now,
                  enum nfw_clock_change *change);
