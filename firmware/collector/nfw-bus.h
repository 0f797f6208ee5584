/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-answer.h"
#include "nfw-cjt188-slave.h"
#include "nfw-mbus-slave.h"

/*
 * The line towards the concentrator: hands bytes to the slaves, sends what they answer at the right
 * time, and finds the speed.
 *
 * An answer starts between 11 bit times and 330 bit times + 50 ms after the request (EN 13757-2);
 * one that could not start in time is dropped, and so is one when anything but the click of a
 * driver is heard before it starts.
 *
 * After a speed switch that no sound frame followed for NFW_BUS_FALLBACK_S, or after so long a
 * silence, the line falls back to the speed of the settings. When nothing but rubbish comes it
 * tries 300 to 9600 Bd: one burst at a speed, then one at that of the settings again, so that a
 * master there is never lost for more than a poll. Where sound frames have been heard, rubbish is
 * noise or another protocol on the same wire, and it stays for NFW_BUS_FALLBACK_S.
 */
#define NFW_BUS_FALLBACK_S 300u

struct nfw_bus {
    struct nfw_cjt188_slave cjt188;
    struct nfw_mbus_slave mbus;
    struct nfw_answer answer;
    nfw_ms request_end;   /* when its last byte came */
    nfw_ms heard_at;      /* last sound frame, or last speed that was ordered */
    nfw_ms burst_start;   /* first byte behind a gap */
    nfw_ms burst_end;     /* last byte so far */
    uint8_t speed;        /* index into nfw_speeds: now */
    uint8_t home;         /* and what it falls back to */
    uint8_t parity;       /* of the open line */
    uint8_t tried;        /* speed to be tried while looking for the right one */
    uint8_t silent_tries; /* of that speed */
    uint8_t rubbish;      /* bursts of nothing but rubbish in a row at this speed */
    bool is_open;         /* since the start */
    bool is_trusted;      /* sound frames have been heard at this speed lately */
    bool is_looking;      /* for the right speed */
    bool has_rubbish;     /* in this burst */
    bool has_frame;       /* in this burst */
    bool is_answering;    /* there is an answer, waiting or being sent */
    bool is_sending;
    uint16_t late;   /* answers dropped because their time had passed */
    uint16_t broken; /* answers dropped because somebody else spoke first */
};

/* Opens the line. Called again when settings have changed: then speed and conversations stay as
 * they are, unless speed or parity of the settings are others than before. */
void nfw_bus_start(struct nfw_bus *bus, struct nfw_collector *collector, nfw_ms now);

/* Returns: milliseconds from @now until something may fall due; UINT32_MAX: only a byte can. */
uint32_t nfw_bus_step(struct nfw_bus *bus, struct nfw_collector *collector, nfw_ms now);
