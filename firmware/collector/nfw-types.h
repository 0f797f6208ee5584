/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A channel is one meter as the bus sees it: behind a pulse input, behind a pair of reeds, or a
 * direct-reading meter on the downstream line.
 */
#define NFW_CHANNELS 8u
/* the collector itself: clock, events, battery, settings of the line */
#define NFW_CHANNEL_SELF NFW_CHANNELS

/* Inputs are bits of a word: 1 means that the contact is closed. */
#define NFW_PINS      16u
#define NFW_PIN_COVER 15u   /* closed while the cover is on */
#define NFW_PIN_NONE  0xffu /* no such pin in the settings */

/* For a function whose locals must not lie on the stack below those of its caller's other calls:
 * the compiler would make one large frame of both. */
#define NFW_OUTLINE __attribute__((noinline))

enum nfw_result {
    NFW_OK = 0,
    NFW_ERR_NACK = -1,    /* the part did not acknowledge: busy writing, or not there */
    NFW_ERR_TIMEOUT = -2, /* the bus to the part is stuck, or the part stayed busy */
    NFW_ERR_VERIFY = -3,  /* what was read back is not what was written */
    NFW_ERR_RANGE = -4,   /* an argument or a setting is out of its range */
    NFW_ERR_NONE = -5,    /* nothing is stored there */
    NFW_ERR_REFUSED = -6, /* understood, and not done: locked, or the voltage is too low */
    NFW_ERR_BUSY = -7,    /* later */
};

/* Seconds since 2000-01-01 00:00:00 of the local civil time, without zone or summer time. */
typedef uint32_t nfw_seconds;

/* Milliseconds of a free running counter; wraps after 49.7 days. Compare by difference only. */
typedef uint32_t nfw_ms;

static inline bool
nfw_ms_is_reached(nfw_ms now, nfw_ms due)
{
    return (int32_t)(now - due) >= 0;
}
