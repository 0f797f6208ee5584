/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-answer.h"
#include "nfw-meters.h"
#include "port.h"

#define NFW_CJT188_SLAVE_MAX_FRAME 113u /* 68 to 16; a preamble is not kept */

/*
 * The CJ/T 188 side (both editions): each channel is a meter with an address of its own. Fed byte
 * by byte; a frame may begin behind a gap, its preamble, or another sound frame, so that a start
 * byte inside somebody else's data is none.
 */
struct nfw_cjt188_slave {
    uint8_t bytes[NFW_CJT188_SLAVE_MAX_FRAME];
    uint8_t size;
    bool is_deaf; /* out of step: until the next gap */
};

void nfw_cjt188_slave_init(struct nfw_cjt188_slave *slave);

/* A frame of another protocol has just ended: what comes next may begin one of ours. */
void nfw_cjt188_slave_listen(struct nfw_cjt188_slave *slave);

/* @answer: size 0 unless there is one, and then complete. */
enum nfw_heard nfw_cjt188_slave_feed(struct nfw_cjt188_slave *slave,
                                     struct nfw_collector *collector,
                                     const struct nfw_rx_byte *byte, struct nfw_answer *answer);
