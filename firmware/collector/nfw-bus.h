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
 * one that could not start in time is dropped. After a speed switch that no sound frame followed
 * for NFW_BUS_FALLBACK_S, or after so long a silence, the line falls back to the speed of the
 * settings; when nothing but rubbish comes it tries 300 to 9600 Bd in turn until a sound frame is
 * heard.
 */
#define NFW_BUS_FALLBACK_S 300u

struct nfw_bus {
    struct nfw_cjt188_slave cjt188;
    struct nfw_mbus_slave mbus;
    struct nfw_answer answer;
    nfw_ms request_end; /* when the last byte was taken */
    nfw_ms heard_at;    /* last sound frame, or last change of speed */
    uint8_t speed;      /* index into nfw_speeds: now */
    uint8_t rubbish;    /* broken frames in a row at this speed */
    bool is_answering;  /* there is an answer, waiting or being sent */
    bool is_sending;
    uint16_t late; /* answers dropped because their time had passed */
};

void nfw_bus_start(struct nfw_bus *bus, struct nfw_collector *collector, nfw_ms now);

/* Returns: milliseconds from @now until something may fall due; UINT32_MAX: only a byte can. */
uint32_t nfw_bus_step(struct nfw_bus *bus, struct nfw_collector *collector, nfw_ms now);
