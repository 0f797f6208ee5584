/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-config.h"
#include "nilo-cjt188-message.h"
#include "nilo-mbus-frame.h"

/*
 * What is said to a direct-reading meter, and what its answers mean: M-Bus (EN 13757-2, -3) and
 * CJ/T 188. No time and no line in here.
 */

enum nfw_ask {
    NFW_ASK_LINK,        /* M-Bus: link reset or selection; acknowledged */
    NFW_ASK_APPLICATION, /* M-Bus: reset of the application; acknowledged */
    NFW_ASK_VALUE,
};

enum nfw_told {
    NFW_TOLD_NOTHING, /* no answer to us: another meter's, or our own request heard back */
    NFW_TOLD_ACK,
    NFW_TOLD_VALUE,
    NFW_TOLD_NO_VALUE, /* the right meter, and no value that could be used */
    NFW_TOLD_RESET,    /* the right meter, and it wants its application reset */
};

/* Writes an M-Bus request for @channel. Returns: its size. */
size_t nfw_meter_ask_mbus(const struct nfw_channel_config *channel, enum nfw_ask ask,
                          uint8_t *bytes, size_t capacity);

/* Writes a CJ/T 188 request for the current volume. Returns: its size. */
size_t nfw_meter_ask_cjt188(const struct nfw_channel_config *channel, NiloCjt188Order order,
                            uint8_t serial, uint8_t *bytes, size_t capacity);

/**
 * nfw_meter_hear_mbus:
 * @channel: whom we asked for a value
 * @frame: a sound long or control frame
 * @kept: bytes of the frame that are at hand, from its start byte; a record that goes beyond is not
 *   read
 * @litres: (out): with NFW_TOLD_VALUE: the current volume, rounded down; untouched otherwise
 *
 * Takes the first current volume: instantaneous, of storage, tariff and subunit 0, not the backward
 * flow; an integer or BCD number of cubic metres by any power of ten. If that is invalid no other
 * is taken in its place.
 *
 * Returns: NFW_TOLD_NOTHING, NFW_TOLD_VALUE, NFW_TOLD_NO_VALUE or NFW_TOLD_RESET
 */
enum nfw_told nfw_meter_hear_mbus(const struct nfw_channel_config *channel,
                                  const NiloMbusFrame *frame, size_t kept, int32_t *litres);

/**
 * nfw_meter_hear_cjt188:
 * @channel: whom we asked for a value
 * @frame: a sound frame
 * @serial: SER of the request
 * @litres: (out): with NFW_TOLD_VALUE: the current volume, rounded down; untouched otherwise
 *
 * A value without a unit, or in one that is no volume, is none.
 *
 * Returns: NFW_TOLD_NOTHING, NFW_TOLD_VALUE or NFW_TOLD_NO_VALUE
 */
enum nfw_told nfw_meter_hear_cjt188(const struct nfw_channel_config *channel,
                                    const NiloCjt188Frame *frame, uint8_t serial, int32_t *litres);
