/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

/*
 * Values kept for moments of the calendar: each full hour for 45 days, each midnight for 62 days,
 * the first midnight of each month for 24 months, and the last 8 that somebody ordered on the bus.
 *
 * A slot belongs to its moment (day number modulo 62, and so on), and a moment is written once:
 * neither a power cut at midnight nor a clock that is set back makes two of a day. A moment
 * that passed while the power was off or the clock jumped over it is filled in later, with the
 * counters as they are then, and says so (NFW_FREEZE_ESTIMATED). The first time of all, hour, day
 * and month that have begun already are written so. A gap that is longer than the log is not filled
 * in: history must survive a clock that is wrong by years for a while.
 *
 * Of an hour only the low 24 bits of each count are kept; the rest comes from the midnight that
 * day began with. Where that would not give the count back, for it was set in between, the record
 * says so, and the count is missing rather than guessed.
 */
enum nfw_freeze_kind {
    NFW_FREEZE_HOUR,
    NFW_FREEZE_DAY,
    NFW_FREEZE_MONTH,
    NFW_FREEZE_ORDERED,
    NFW_FREEZE_KINDS,
};

#define NFW_FREEZE_HOURS     1080u
#define NFW_FREEZE_DAYS      62u
#define NFW_FREEZE_MONTHS    24u
#define NFW_FREEZE_ORDERS    8u

#define NFW_FREEZE_ESTIMATED 0x01u /* taken more than NFW_FREEZE_LATE_S after its moment */
#define NFW_FREEZE_LATE_S    10u

struct nfw_frozen {
    nfw_seconds time; /* the moment it stands for */
    uint8_t flags;    /* NFW_FREEZE_ESTIMATED */
    uint8_t missing;  /* bit n: the count of channel n is not known */
    int32_t count[NFW_CHANNELS];
};

struct nfw_freeze {
    uint32_t newest[NFW_FREEZE_KINDS]; /* number of the newest moment kept, and not later than the
                                          clock; 0: none. Moments count from 1: hours, days, months
                                          since 2000; orders by turn */
    bool is_known[NFW_FREEZE_KINDS];   /* the EEPROM has been looked through for it */
};

/* Finds the newest of each kind. Takes about 50 ms. */
void nfw_freeze_start(struct nfw_freeze *freeze);

/**
 * nfw_freeze_step:
 * @freeze: the logs
 * @now: the time; call with a set clock only, once a second or rarer
 * @count: the stored counts
 *
 * Writes what is due, the oldest moment first. At most one record a call, within 15 ms, so that
 * catching up never keeps the bus waiting; call again until it returns NFW_ERR_NONE. Looks through
 * the EEPROM first, should the start have failed to.
 *
 * Returns: NFW_OK when there may be more to do, NFW_ERR_NONE when nothing is due; NFW_ERR_VERIFY
 *   when a moment's slot cannot hold it: that moment is given up; or what the EEPROM said: it is
 *   still due
 */
int nfw_freeze_step(struct nfw_freeze *freeze, nfw_seconds now, const int32_t count[NFW_CHANNELS]);

/* Freezes now, by order. Returns: NFW_OK or what the EEPROM said. */
int nfw_freeze_order(struct nfw_freeze *freeze, nfw_seconds now, const int32_t count[NFW_CHANNELS]);

/**
 * nfw_freeze_get:
 * @freeze: the logs
 * @kind: which log
 * @back: 0 is the newest moment, 1 the one before it on the calendar, and so on
 * @frozen: (out): untouched on failure
 *
 * Returns: NFW_OK; NFW_ERR_NONE when that moment is not held, its record is damaged or of a newer
 * format, or none of its counts is known; NFW_ERR_RANGE for one that is out of the log; or what the
 * EEPROM said
 */
int nfw_freeze_get(const struct nfw_freeze *freeze, enum nfw_freeze_kind kind, unsigned back,
                   struct nfw_frozen *frozen);
