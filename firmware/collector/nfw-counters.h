/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

/*
 * The counters' home: a ring of records in the EEPROM, each with its sequence and a CRC-32C. A
 * record is written for every change and read back; only what has been read back is ever shown to
 * anybody, so that a reading cannot go backwards over a power cut. At the start the newest valid
 * record wins, by sequence, so that a deliberate setting back stays set back.
 *
 * The record that holds the stored values is never written over, whatever fails.
 */
#define NFW_COUNTER_RECORDS 256u

struct nfw_counter_values {
    int32_t count[NFW_CHANNELS];     /* in the channel's own counts; below 0: ran backwards */
    uint16_t rejected[NFW_CHANNELS]; /* contact closures that were no pulse; stops at 65535 */
    nfw_seconds time;                /* when it was stored; 0: clock not set */
    uint16_t boots;                  /* starts so far; wraps */
};

struct nfw_counters {
    struct nfw_counter_values stored; /* what stands in the EEPROM: all that may be reported */
    uint32_t sequence;                /* of that record; 0: none was ever written */
    uint32_t last;                    /* sequence tried last: ahead where slots were passed over */
    uint16_t torn;                    /* records found damaged at the start */
    int16_t last_error;               /* why the last storing failed; NFW_OK */
    bool is_known; /* the start found out what is stored, be it nothing; nothing is stored before,
                      for it might be less than what had been reported */
};

/**
 * nfw_counters_start:
 * @counters: the counters
 *
 * Looks for the newest valid record; without one all is 0. Takes about 60 ms; 0.6 s when all
 * records are damaged.
 *
 * Returns: NFW_OK; NFW_ERR_NONE when there is no record: the EEPROM is empty, or, with @torn above
 *   0, all of them are damaged; NFW_ERR_REFUSED when the newest one is of a newer format than ours:
 *   it is left alone, and nothing will be stored; or what the EEPROM said: nothing will be stored
 *   until another start succeeds, and what is counted meanwhile is to be added to what that one
 *   finds
 */
int nfw_counters_start(struct nfw_counters *counters);

/* Stores @values and, when they stand there, makes them the stored ones. A slot that cannot hold
 * them is passed over for the next one, three at most. Returns: NFW_OK, NFW_ERR_REFUSED when the
 * start has not succeeded, or what the EEPROM said: then the stored ones are what they were. Takes
 * 8 ms. */
int nfw_counters_store(struct nfw_counters *counters, const struct nfw_counter_values *values);

/* How often each cell has been written so far. */
uint32_t nfw_counters_get_wear(const struct nfw_counters *counters);
