/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-config.h"

/*
 * From contacts to counts. A pulse is a full cycle: closed for min_closed_ms without a break, then
 * open for min_open_ms without a break; it counts when both were seen, so that a magnet that comes
 * to rest on the edge, bounces there for hours or was there at the start never makes a pulse. The
 * time of a level is taken from the stamps, whatever the main loop was doing.
 *
 * Two reeds (NFW_SOURCE_DUAL) are followed through their four states: forwards counts up, backwards
 * down; both closed for longer than NFW_MAGNET_MS is a magnet.
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
    bool is_closed; /* the filtered level */
    bool is_known;  /* false until the contact was seen open for min_open_ms */
};

struct nfw_inputs {
    struct nfw_contact contact[NFW_PINS];
    int32_t count[NFW_CHANNELS]; /* in RAM: ahead of the stored ones for milliseconds */
    uint16_t rejected[NFW_CHANNELS];
    uint8_t phase[NFW_CHANNELS];      /* of two reeds */
    uint8_t tamper[NFW_CHANNELS + 1]; /* NFW_TAMPER_.. as they are now */
    uint16_t pins;                    /* as last sampled */
};

/* @closed: the pins now. Whatever they are, nothing counts because of it. */
void nfw_inputs_start(struct nfw_inputs *inputs, const struct nfw_config *config, uint16_t closed,
                      nfw_ms now);

/* Takes a change of the pins, in the order of time. */
void nfw_inputs_feed(struct nfw_inputs *inputs, const struct nfw_config *config,
                     const struct nfw_pins *pins);

/* Lets time pass: a level may have lasted long enough. To be called when nothing waits any more.
 * Returns: milliseconds from @now until something may fall due; UINT32_MAX: only a change can. */
uint32_t nfw_inputs_step(struct nfw_inputs *inputs, const struct nfw_config *config, nfw_ms now);
