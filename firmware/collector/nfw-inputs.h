/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-config.h"

/*
 * From contacts to counts. A pulse is a full cycle: closed for min_closed_ms without a break, then
 * open for min_open_ms without a break; it counts when both were seen, so that a magnet that comes
 * to rest on the edge, bounces there for hours or was there at the start never makes a pulse. The
 * time of a level is taken from the stamps, whatever the main loop was doing: the counts are the
 * same however late the changes are fed.
 *
 * A contact that closes and comes back to rest open without having made a pulse is a rejected one:
 * once, however often it bounced. The bounces at the edges of a pulse belong to the pulse.
 *
 * Two reeds (NFW_SOURCE_DUAL) are followed through their four states: none, the first, both, the
 * second, and none again is one count up, the same backwards one down. What goes back before the
 * way is complete counts nothing. Both reeds at once is no step that a magnet on a wheel can make:
 * it is rejected, and nothing counts until both are open. Either level must last for the longer of
 * min_closed_ms and min_open_ms, so that the order of the edges stays what it is. Both closed for
 * longer than NFW_MAGNET_MS is a magnet.
 */
#define NFW_MAGNET_MS     2000u
#define NFW_LOOP_MS       500u /* a loop open for so long is a cut wire */
#define NFW_COVER_MS      500u

#define NFW_TAMPER_MAGNET 0x01u
#define NFW_TAMPER_WIRE   0x02u
#define NFW_TAMPER_COVER  0x04u /* of the collector */

/* One contact behind its filter. */
struct nfw_contact {
    nfw_ms since;   /* the raw level is what it is since then */
    bool raw;       /* closed as last sampled */
    bool is_closed; /* the filtered level; at the start closed, which counts nothing */
    bool is_known;  /* false until the contact was seen open for min_open_ms */
    bool is_tried;  /* it closed, not for long enough, and has not come to rest since */
};

struct nfw_inputs {
    struct nfw_contact contact[NFW_PINS];
    int32_t count[NFW_CHANNELS]; /* in RAM: ahead of the stored ones for milliseconds */
    uint16_t rejected[NFW_CHANNELS];
    int8_t quarters[NFW_CHANNELS];     /* of two reeds: steps since both were open, -3 to 3;
                                          NFW_QUARTERS_UNKNOWN */
    uint8_t source[NFW_CHANNELS];      /* as the channel was started with */
    uint8_t pin[NFW_CHANNELS][2];      /* .. */
    uint8_t tamper[NFW_CHANNELS + 1u]; /* NFW_TAMPER_.. as they are now */
    uint16_t pins;                     /* as last sampled */
};

#define NFW_QUARTERS_UNKNOWN 5 /* until both are at rest open */

/* @closed: the pins now. Whatever they are, nothing counts because of it. Counts and rejected are
 * left alone: the caller loads them, before or after. */
void nfw_inputs_start(struct nfw_inputs *inputs, const struct nfw_config *config, uint16_t closed,
                      nfw_ms now);

/* After a change of the settings: channels with another source or other pins start anew, with the
 * counts they have; all others go on, also in the middle of a pulse. Nothing may be waiting. */
void nfw_inputs_change(struct nfw_inputs *inputs, const struct nfw_config *config, nfw_ms now);

/* Takes a change of the pins, in the order of time. One behind lost changes is a resync. */
void nfw_inputs_feed(struct nfw_inputs *inputs, const struct nfw_config *config,
                     const struct nfw_pins *pins);

/* Changes were lost: how long a level has lasted is not known any more, nor which way two reeds
 * went. Goes on from the pins as they are @now, without making up a count. To be called when
 * nothing waits any more and nfw_port_pins_take_lost() said so. */
void nfw_inputs_resync(struct nfw_inputs *inputs, uint16_t closed, nfw_ms now);

/* Lets time pass: a level may have lasted long enough. To be called when nothing waits any more.
 * @now: taken before the queue was emptied, so that nothing unfed is older.
 * Returns: milliseconds from @now until something may fall due, at least 1; UINT32_MAX: only a
 * change can. */
uint32_t nfw_inputs_step(struct nfw_inputs *inputs, const struct nfw_config *config, nfw_ms now);
