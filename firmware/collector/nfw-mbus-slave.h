/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-answer.h"
#include "nfw-meters.h"
#include "port.h"

#define NFW_MBUS_SLAVE_MAX_FRAME 64u /* longer frames are not for us: swallowed, not kept */
#define NFW_MBUS_SLAVES          (NFW_CHANNELS + 1u) /* and the collector itself */

/* What one of our slaves remembers of its conversation with the master. */
struct nfw_mbus_link {
    uint16_t start;      /* position in the log of the last telegram, see nfw-mbus-telegram.h */
    uint16_t next;       /* and of the one behind it; 0: it was the last */
    uint8_t application; /* what a reset has chosen: sub-code of CI 50 */
    uint8_t count_bit;   /* of the last readout, or a mark for "none yet" */
    uint8_t alarm_bit;   /* of the last request for alarms, or the same mark */
    uint8_t alarms_sent; /* with that; told once the master toggles its bit */
    uint8_t alarms_told; /* what the master knows */
    uint8_t access;      /* access number of the last telegram */
    uint8_t error;       /* application error to be told, plus 1; 0: none */
};

/*
 * The M-Bus side (EN 13757-2, -3): each channel is a slave with a primary and a secondary address
 * of its own, and so is the collector, which is also who answers at 254. Fed byte by byte; a frame
 * may begin behind a gap or behind a sound frame only.
 *
 * When several of our slaves are meant, what the master hears is what several devices on the wire
 * would make it hear: one E5, and something broken to a readout.
 */
struct nfw_mbus_slave {
    uint8_t bytes[NFW_MBUS_SLAVE_MAX_FRAME];
    uint16_t size;     /* bytes of the frame so far, kept or not */
    uint16_t expected; /* of the whole frame; 0: not known yet */
    uint8_t sum;
    bool is_deaf;      /* out of step: until the next gap */
    uint16_t selected; /* bit per slave */
    uint16_t events;   /* events the master has been told of: their sequence */
    uint16_t events_sent;
    bool has_told_events; /* since the start; until then all events are new */
    struct nfw_mbus_link link[NFW_MBUS_SLAVES];
};

void nfw_mbus_slave_init(struct nfw_mbus_slave *slave);

/* @answer: size 0 unless there is one, and then complete. */
enum nfw_heard nfw_mbus_slave_feed(struct nfw_mbus_slave *slave, struct nfw_collector *collector,
                                   const struct nfw_rx_byte *byte, struct nfw_answer *answer);

/* A frame of another protocol has just ended: what comes next may begin one of ours. */
void nfw_mbus_slave_listen(struct nfw_mbus_slave *slave);

/* Seconds without a sound frame end a selection and speed switch: the line has fallen back. */
void nfw_mbus_slave_forget(struct nfw_mbus_slave *slave);
