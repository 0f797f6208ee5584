/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-config.h"
#include "nfw-event.h"
#include "nfw-freeze.h"

/*
 * What the slaves know of the collector: meters with numbers, readings, history and a clock. How a
 * reading comes about is none of their business, nor how a setting is kept. Orders that change
 * something are done, stored and read back before they return NFW_OK, so that the slave may
 * confirm.
 */
struct nfw_collector;

/* Status of a channel, as both protocols report it in their own words. */
#define NFW_STATUS_BATTERY_LOW 0x01u
#define NFW_STATUS_TAMPER      0x02u /* magnet, cut wire or open cover, now */
#define NFW_STATUS_STALE       0x04u /* a read meter has not answered lately: see age_s */
#define NFW_STATUS_NOT_STORED                                                                      \
    0x08u /* the EEPROM refuses: counts newer than this are in RAM only                            \
           */
#define NFW_STATUS_CLOCK_UNSET 0x10u
#define NFW_STATUS_NO_READING                                                                      \
    0x20u /* there is no value: a read meter has never answered, or the EEPROM not since the start \
           */

struct nfw_reading {
    int64_t volume_ml; /* only what is stored; may be below 0 */
    uint32_t age_s;    /* how old it is: 0 for pulse inputs */
    uint16_t rejected; /* closures that were no pulse */
    uint8_t status;    /* NFW_STATUS_.. */
};

/* Whether there is a meter on @channel: its source is not off. */
bool nfw_meters_has(const struct nfw_collector *collector, unsigned channel);

/* Its settings: number, primary address, type. */
const struct nfw_channel_config *nfw_meters_get_config(const struct nfw_collector *collector,
                                                       unsigned channel);

/* The collector's own: line, board number, its own addresses. */
const struct nfw_config *nfw_meters_get_settings(const struct nfw_collector *collector);

void nfw_meters_get_reading(const struct nfw_collector *collector, unsigned channel,
                            struct nfw_reading *reading);

/* One value of the history: as nfw_freeze_get(), for one channel, in millilitres. */
struct nfw_history {
    nfw_seconds time;
    int64_t volume_ml;
    uint8_t flags; /* NFW_FREEZE_ESTIMATED */
};

int nfw_meters_get_history(const struct nfw_collector *collector, unsigned channel,
                           enum nfw_freeze_kind kind, unsigned back, struct nfw_history *history);

/* @back: 0 is the newest. Returns: NFW_OK, NFW_ERR_NONE, or what the EEPROM said. */
int nfw_meters_get_event(const struct nfw_collector *collector, unsigned back,
                         struct nfw_event *event);

/* How many events there are ever: a reader sees whether there are new ones. */
uint16_t nfw_meters_get_event_sequence(const struct nfw_collector *collector);

/* Returns: false while the clock is not set. */
bool nfw_meters_get_time(const struct nfw_collector *collector, nfw_seconds *seconds);

uint16_t nfw_meters_get_battery_mv(const struct nfw_collector *collector);

/* Writes so far to each cell of the counters' ring, and starts so far. */
uint32_t nfw_meters_get_wear(const struct nfw_collector *collector);
uint16_t nfw_meters_get_boots(const struct nfw_collector *collector);

/* --- orders: NFW_OK, NFW_ERR_RANGE, NFW_ERR_REFUSED, or what the EEPROM or the clock said ------
 */

int nfw_meters_set_time(struct nfw_collector *collector, nfw_seconds seconds);
int nfw_meters_freeze(struct nfw_collector *collector);

/* A changed number is an event: another meter hangs there. */
int nfw_meters_set_number(struct nfw_collector *collector, unsigned channel,
                          const uint8_t number[NFW_NUMBER_SIZE]);

/* @channel may be NFW_CHANNEL_SELF. */
int nfw_meters_set_primary(struct nfw_collector *collector, unsigned channel, uint8_t primary);

/* Sets the meter's counter, down to its counts; an event keeps the one before. Pulse inputs only.
 */
int nfw_meters_set_volume(struct nfw_collector *collector, unsigned channel, int64_t volume_ml);

/*
 * Every other setting has an id, the same in both protocols.
 *
 * X(NAME, id, bytes, per channel?)
 */
#define NFW_SETTING_TABLE(X)                                                                       \
    X(SOURCE, 1, 1, true)                                                                          \
    X(PINS, 2, 3, true) /* contact, second reed, loop */                                           \
    X(MIN_CLOSED_MS, 3, 2, true)                                                                   \
    X(MIN_OPEN_MS, 4, 2, true)                                                                     \
    X(ML_PER_COUNT, 5, 4, true)                                                                    \
    X(TYPE, 6, 1, true)                                                                            \
    X(METER_NUMBER, 7, 7, true)                                                                    \
    X(MAX_FLOW, 8, 1, true)                                                                        \
    X(NUMBER, 9, 7, true)                                                                          \
    X(PRIMARY, 10, 1, true) /* of the collector's own too, with NFW_CHANNEL_SELF */                \
    X(BOARD_NUMBER, 32, 4, false)                                                                  \
    X(PROTOCOLS, 33, 1, false)                                                                     \
    X(PARITY, 34, 1, false)                                                                        \
    X(SPEED, 35, 1, false)                                                                         \
    X(METERS_POLL_S, 36, 2, false)                                                                 \
    X(METERS_SPEED, 37, 1, false)                                                                  \
    X(BATTERY_LOW_MV, 38, 2, false)                                                                \
    X(BATTERY_STOP_MV, 39, 2, false)

enum nfw_setting {
#define X(name, id, bytes, is_per_channel) NFW_SETTING_##name = id,
    NFW_SETTING_TABLE(X)
#undef X
};

#define NFW_SETTING_MAX_SIZE 7u

/* @value: low byte first. Stored, and in force, when this returns NFW_OK; a change is an event. */
int nfw_meters_set_setting(struct nfw_collector *collector, unsigned channel, uint8_t setting,
                           const uint8_t *value, size_t size);

/* Returns: bytes written to @value, or NFW_ERR_RANGE. */
int nfw_meters_get_setting(const struct nfw_collector *collector, unsigned channel, uint8_t setting,
                           uint8_t value[NFW_SETTING_MAX_SIZE]);
