/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

/*
 * What happened, and why. Codes are part of the wire format: they are never given a new meaning.
 *
 * X(NAME, code, "text", what the argument is)
 */
#define NFW_EVENT_TABLE(X)                                                                         \
    X(STARTED, 1, "started", "enum nfw_reset_cause, stage of the main loop in bits 8 to 15")       \
    X(CLOCK_STEPPED, 2, "clock stepped", "time before")                                            \
    X(CLOCK_LOST, 3, "clock lost its time", "last time known, 0: none")                            \
    X(COUNT_SET, 4, "counter set", "count before")                                                 \
    X(NUMBER_CHANGED, 5, "meter number changed", "last eight digits before, BCD")                  \
    X(SETTINGS_CHANGED, 6, "settings changed", "id of the setting")                                \
    X(SETTINGS_LOST, 7, "settings lost", "0: the older copy is used, 1: factory settings")         \
    X(MAGNET, 8, "magnet", "0: ended, 1: began")                                                   \
    X(WIRE_CUT, 9, "wire cut", "0: ended, 1: began")                                               \
    X(COVER, 10, "cover", "0: put on, 1: taken off")                                               \
    X(STORE_FAILED, 11, "counters cannot be stored", "negative enum nfw_result, as seen")          \
    X(STORE_TORN, 12, "damaged counter records", "how many were passed over at the start")         \
    X(BATTERY, 13, "battery", "millivolts")                                                        \
    X(METER_SILENT, 14, "meter does not answer", "seconds since the last good answer")             \
    X(METER_BACK, 15, "meter answers again", "seconds without it")                                 \
    X(METER_ODD, 16, "meter's value is implausible", "the value in its counts")                    \
    X(SPEED_CHANGED, 17, "line speed changed", "Bd")                                               \
    X(PULSES_LOST, 18, "input changes lost", "how many")                                           \
    X(FREEZE_ORDERED, 19, "frozen by order", "0")

enum nfw_event_code {
#define X(name, code, text, argument) NFW_EVENT_##name = code,
    NFW_EVENT_TABLE(X)
#undef X
};

struct nfw_event {
    uint16_t sequence; /* counts all events ever; wraps */
    uint8_t code;      /* enum nfw_event_code */
    uint8_t channel;   /* NFW_CHANNEL_SELF: the collector */
    nfw_seconds time;  /* 0 while the clock is not set */
    uint32_t argument;
};

/* The log in the EEPROM: NFW_EVENTS newest ones. */
#define NFW_EVENTS 192u

struct nfw_events {
    uint16_t next; /* sequence of the next one */
    uint16_t held; /* how many can be read, at most */
    uint8_t slot;  /* where the next one goes */
    bool is_known; /* the EEPROM has been looked through */
};

/* Finds the newest event. Damaged ones are passed over. Takes 45 ms. */
void nfw_events_start(struct nfw_events *events);

/* Looks for the newest event first, should the start have failed to. A slot that fails is passed
 * over, once; its sequence stays unused. Takes 7 ms. Returns: NFW_OK, or why it could not be
 * written; the event is lost then. */
int nfw_events_add(struct nfw_events *events, enum nfw_event_code code, unsigned channel,
                   nfw_seconds time, uint32_t argument);

/* @back: 0 is the newest. Returns: NFW_OK, NFW_ERR_NONE (no such event, or it is damaged, or of a
 * newer format), or what the EEPROM said. */
int nfw_events_get(const struct nfw_events *events, unsigned back, struct nfw_event *event);
