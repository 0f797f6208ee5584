/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-bus.h"
#include "nfw-clock.h"
#include "nfw-config.h"
#include "nfw-counters.h"
#include "nfw-event.h"
#include "nfw-freeze.h"
#include "nfw-inputs.h"
#include "nfw-poller.h"

/* What the main loop is doing: kept over a reset, so that a watchdog's bite says where. */
enum nfw_stage {
    NFW_STAGE_START,
    NFW_STAGE_INPUTS,
    NFW_STAGE_STORE,
    NFW_STAGE_CALENDAR,
    NFW_STAGE_BUS,
    NFW_STAGE_METERS,
    NFW_STAGE_SLEEP,
};

/* All there is: one of these per board, no other state. */
struct nfw_collector {
    struct nfw_config config;
    struct nfw_inputs inputs;
    struct nfw_counters counters;
    struct nfw_clock clock;
    struct nfw_freeze freeze;
    struct nfw_events events;
    struct nfw_bus bus;
    struct nfw_poller poller;
    int32_t polled[NFW_CHANNELS]; /* confirmed by the poller, perhaps not stored yet */
    uint16_t boots;               /* starts, this one included */
    uint16_t battery_mv;
    nfw_ms battery_at;                 /* when it was measured */
    nfw_ms store_due;                  /* not before: the EEPROM has just refused */
    nfw_seconds last_known;            /* the newest time seen: what a lost clock is told with */
    int untold_failure;                /* enum nfw_result: why counters could not be stored, for an
                                          event that could not be either; 0: none */
    uint8_t tamper[NFW_CHANNELS + 1u]; /* as told by events so far */
    uint8_t told_speed;                /* of the line, as told by an event */
    bool is_battery_low;
    bool is_store_failing;
    bool is_clock_lost;
    bool is_catching_up; /* more freezes are due */
    bool is_settling;    /* the settings changed: in force once the answer has left */
    bool are_lines_changed;
};

/* Reads the EEPROM and opens the lines. @now: the counter. */
void nfw_collector_start(struct nfw_collector *collector, nfw_ms now);

/* Does what is due. Returns: milliseconds from @now until something else may be; never 0, at most
 * 1000, so that the watchdog is fed. */
uint32_t nfw_collector_step(struct nfw_collector *collector, nfw_ms now);

/* Counts what waits and stores it: around orders that keep the EEPROM busy, so that a power cut
 * then costs no more than at any other time. */
void nfw_collector_keep(struct nfw_collector *collector);

/* The main loop of every port: never returns. */
void nfw_collector_run(struct nfw_collector *collector);
