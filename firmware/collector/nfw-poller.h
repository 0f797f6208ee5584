/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-config.h"

/*
 * The line towards direct-reading meters: asks each in turn, and believes a value only when two
 * answers in a row are equal (camera and encoder registers misread now and then), it does not run
 * backwards and does not run faster than the channel's max_flow. A value that stays odd for
 * NFW_POLLER_PATIENCE polls is taken after all: the meter was exchanged or the old value was wrong;
 * it is told as such, and the caller writes an event.
 */
#define NFW_POLLER_PATIENCE  3u
#define NFW_POLLER_TRIES     3u
#define NFW_POLLER_MAX_FRAME 128u /* of an answer; what is behind that is not looked at */

enum nfw_poller_news {
    NFW_POLLER_NOTHING,
    NFW_POLLER_VALUE,  /* a value to store, confirmed */
    NFW_POLLER_ODD,    /* a value to store that had been implausible until now */
    NFW_POLLER_SILENT, /* a meter that had answered does not any more */
    NFW_POLLER_BACK,   /* and again does */
};

struct nfw_poller_meter {
    int32_t value; /* of the last good answer, litres */
    nfw_ms asked_at;
    nfw_ms good_at; /* last confirmed value */
    uint8_t odd;    /* implausible answers in a row */
    bool has_value;
    bool is_silent;
};

struct nfw_poller {
    struct nfw_poller_meter meter[NFW_CHANNELS];
    uint8_t bytes[NFW_POLLER_MAX_FRAME];
    uint16_t size;
    nfw_ms due;      /* end of waiting */
    uint8_t channel; /* being asked */
    uint8_t state;   /* private */
    uint8_t tries;
    uint8_t serial; /* CJ/T 188 SER, M-Bus frame count bit in bit 0 */
    int32_t first;  /* value of the first of two answers */
};

void nfw_poller_start(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now);

/**
 * nfw_poller_step:
 * @poller: the poller
 * @config: the settings
 * @stored: (array length=NFW_CHANNELS): the counts known so far, to judge new ones by
 * @now: the counter
 * @channel: (out): whom the news are about
 * @value: (out): with NFW_POLLER_VALUE and NFW_POLLER_ODD: litres
 * @wait_ms: (out): milliseconds from @now until something may fall due; UINT32_MAX: never
 *
 * Never blocks. Call again at once after news.
 */
enum nfw_poller_news nfw_poller_step(struct nfw_poller *poller, const struct nfw_config *config,
                                     const int32_t *stored, nfw_ms now, unsigned *channel,
                                     int32_t *value, uint32_t *wait_ms);
