/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-mbus-slave.h"

/*
 * What stands behind nfw-meters.h while the slave and the bus are tested alone: meters whose values
 * a test sets, and a list of the orders they were given. Frames are made and checked here by hand,
 * with nothing of core/wire.
 */
#define FAKE_ORDERS 8u

enum fake_order_kind {
    FAKE_TIME,
    FAKE_FREEZE,
    FAKE_NUMBER,
    FAKE_PRIMARY,
    FAKE_VOLUME,
    FAKE_SETTING,
};

struct fake_order {
    enum fake_order_kind kind;
    unsigned channel;
    int64_t value; /* time, address, volume, or id of the setting */
    uint8_t bytes[NFW_SETTING_MAX_SIZE];
};

struct nfw_collector {
    struct nfw_config config;
    struct nfw_reading reading[NFW_CHANNELS];
    unsigned held[NFW_FREEZE_KINDS]; /* how many values each log has */
    unsigned hole;                   /* that one is damaged; UINT_MAX: none */
    unsigned n_events;
    nfw_seconds seconds; /* 0: not set */
    int result;          /* of each order */
    unsigned order_ms;   /* an order takes so long, at the board's time */
    struct fake_order orders[FAKE_ORDERS];
    unsigned n_orders;
};

/* Three channels: 0 and 1 count pulses of 10 l, 3 is read downstream. Numbers 00000012345671 and so
 * on, primary addresses 11, 12, 14, the collector's 10. */
void fake_init(struct nfw_collector *collector);

/* 2026-11-22 15:30:00 */
#define FAKE_NOW 848676600u

/* Each returns the size of the frame in @bytes. */
size_t fake_short(uint8_t c, uint8_t a, uint8_t *bytes);
size_t fake_long(uint8_t c, uint8_t a, uint8_t ci, const uint8_t *data, size_t size,
                 uint8_t *bytes);

/* @digits: as printed, F for any; everything else any. */
size_t fake_select(uint32_t digits, uint8_t *bytes);

/* Whether @bytes are one sound frame, by the rules of EN 13757-2 spelled out. */
bool fake_is_sound(const uint8_t *bytes, size_t size);

/* Whether a long frame's data end with a right CRC, by a division written another way. */
bool fake_has_crc(const uint8_t *bytes, size_t size);
