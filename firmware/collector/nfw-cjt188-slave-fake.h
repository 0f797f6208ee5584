/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-meters.h"

/*
 * A collector that is nothing but what nfw-meters.h says of it: a test sets what it has to tell,
 * and sees what it was ordered. Its history is a rule: the value of the newest moment, less a step
 * for each moment before.
 */
struct fake_log {
    nfw_seconds newest; /* its moment */
    uint32_t period_s;  /* months are of this length too: the slave takes times as they come */
    unsigned held;      /* moments; 0: none */
    unsigned hole;      /* back; one that is not held; UINT32_MAX: none */
    unsigned estimated; /* back; UINT32_MAX: none */
    int64_t newest_ml;
    int64_t step_ml;
    int error; /* NFW_OK, or what every reading returns */
};

struct nfw_collector {
    struct nfw_config config;
    struct nfw_reading reading[NFW_CHANNELS];
    struct fake_log log[NFW_FREEZE_KINDS];
    nfw_seconds now; /* 0: not set */
    uint16_t battery_mv;
    uint16_t boots;
    uint32_t wear;
    uint16_t n_events; /* ever; their sequences count from 0, their codes are 1 + sequence % 19 */
    unsigned damaged_back; /* an event; UINT32_MAX: none */
    int result;            /* of orders */
    unsigned n_orders;     /* that were given, done or not */
    int64_t set_volume_ml;
    unsigned frozen;
};

/* Channels 0 and 1 are water meters 78330011223344 and .. 45, the others are off; all is well. */
void fake_init(struct nfw_collector *collector);

nfw_seconds fake_seconds(int year, int month, int day, int hour, int minute, int second);
