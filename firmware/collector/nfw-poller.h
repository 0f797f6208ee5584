/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-config.h"

/*
 * The line towards direct-reading meters: asks each in turn, and believes a value only when two
 * answers in a row are equal (camera and encoder registers misread now and then), it does not run
 * backwards and does not run faster than the channel's max_flow. A value that stays odd for
 * NFW_POLLER_PATIENCE polls is taken after all: the meter was exchanged or the old value was wrong;
 * it is told as such, and the caller writes an event.
 *
 * - Each of the two readings is one of its own: M-Bus resets the link (or selects) before it, so
 *   that no meter repeats a telegram of yesterday; CJ/T 188 counts SER up.
 * - Where water runs so fast that no two answers are equal, four in a row that rise no faster than
 *   max_flow confirm the last but one, which the meter has passed.
 * - "Backwards" has one exception. Registers roll over at a power of ten of litres, 10^6 at least:
 *   a value that was less below it than may have flowed since (and less than a hundredth of it),
 *   followed by one so little above zero that both together are no more, has rolled over.
 * - Odd values must agree with each other too, or their number begins anew: three misreadings do
 *   not make a meter.
 * - The first value after a start may be ahead of the stored one by any amount, since nobody knows
 *   for how long the power was off.
 * - An answer counts only from the meter asked: address and identification are compared, in
 *   CJ/T 188 SER too. Our own request, heard back, is no answer, nor is another meter's.
 * - CJ/T 188 values without a unit are not guessed at; M-Bus values are current volumes in m3 of
 *   whatever power of ten, backward flow left out. Parts of a litre are cut off.
 */
#define NFW_POLLER_PATIENCE  3u
#define NFW_POLLER_TRIES     3u   /* of CJ/T 188 one more, in the other order of the identifier */
#define NFW_POLLER_MAX_FRAME 128u /* of an answer; what is behind that is not looked at */

enum nfw_poller_news {
    NFW_POLLER_NOTHING,
    NFW_POLLER_VALUE,  /* a value to store, confirmed */
    NFW_POLLER_ODD,    /* a value to store that had been implausible until now */
    NFW_POLLER_SILENT, /* a meter that had a value gave none for NFW_POLLER_PATIENCE polls */
    NFW_POLLER_BACK,   /* and again does */
};

struct nfw_poller_meter {
    uint32_t who;      /* a digest of whom to ask: another one is another meter */
    int32_t value;     /* last one taken, litres */
    int32_t odd_value; /* last implausible one */
    nfw_ms asked_at;
    nfw_ms good_at; /* when @value was taken; never further back than 2^31 ms, see there */
    uint8_t odd;    /* implausible ones in a row that agree */
    uint8_t misses; /* polls in a row without a value */
    uint8_t order;  /* CJ/T 188: of the identifier's bytes, as far as known */
    bool is_asked;  /* since the start */
    bool has_value;
    bool is_silent;
};

struct nfw_poller {
    struct nfw_poller_meter meter[NFW_CHANNELS];
    uint8_t bytes[NFW_POLLER_MAX_FRAME]; /* the request while it is sent, then the answer */
    uint16_t size;                       /* of the answer so far, kept or not */
    nfw_ms due;                          /* end of waiting */
    nfw_ms limit;                        /* to which bytes that still come may put it off */
    int32_t first;                       /* the answer before */
    uint8_t channel;                     /* being asked */
    uint8_t state;                       /* private */
    uint8_t ask;                         /* private: which request of a reading */
    uint8_t tries;                       /* of this request */
    uint8_t reads;                       /* readings of this poll */
    uint8_t run;                         /* answers in a row that do not fall; 0: none */
    uint8_t serial;                      /* CJ/T 188 SER */
    uint8_t sum;                         /* of an answer that is longer than what is kept */
    bool is_deaf;                        /* out of step: until the next gap */
};

/* Opens the line and asks every meter at once. The first time @poller is all zeros; later, when
 * settings have changed, meters that are still the same keep their values and ages. */
void nfw_poller_start(struct nfw_poller *poller, const struct nfw_config *config, nfw_ms now);

/**
 * nfw_poller_step:
 * @poller: the poller
 * @config: the settings
 * @stored: (array length=NFW_CHANNELS): the counts known so far, to judge the first values by
 * @now: the counter
 * @channel: (out): whom the news are about
 * @value: (out): with NFW_POLLER_VALUE and NFW_POLLER_ODD: litres
 * @wait_ms: (out): milliseconds from @now until something may fall due; UINT32_MAX: never
 *
 * Never blocks. Call again at once after news, and once a day at least, so that a meter silent for
 * weeks keeps its age: beyond 2^31 ms (24 days) good_at follows the counter.
 */
enum nfw_poller_news nfw_poller_step(struct nfw_poller *poller, const struct nfw_config *config,
                                     const int32_t *stored, nfw_ms now, unsigned *channel,
                                     int32_t *value, uint32_t *wait_ms);
