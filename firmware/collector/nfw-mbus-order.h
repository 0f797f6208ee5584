/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-meters.h"

#include "nilo-mbus-frame.h"

#define NFW_MBUS_EVERY 0xffu /* a broadcast */

/* Application errors of EN 13757-3 that we tell. */
enum nfw_mbus_error {
    NFW_MBUS_DONE = -1,
    NFW_MBUS_ERROR_UNSPECIFIED = 0, /* refused, out of range, or unknown */
    NFW_MBUS_ERROR_CI = 1,
    NFW_MBUS_ERROR_END_IN_RECORD = 4,
    NFW_MBUS_ERROR_BUSY = 8, /* the EEPROM or the clock did not take it */
};

/* Whether @ci is an order of ours: data, or one of the two codes for "freeze". */
bool nfw_mbus_order_is_known(uint8_t ci);

/**
 * nfw_mbus_order_do:
 * @collector: the collector
 * @who: channel, NFW_CHANNEL_SELF, or NFW_MBUS_EVERY, which only sets clocks and freezes
 * @frame: a SND_UD
 *
 * Looks at the whole frame first; an order that is not understood to its end changes nothing. What
 * is understood is done in turn, up to the first that is refused.
 *
 * Returns: NFW_MBUS_DONE when all of it is done, stored and read back
 */
enum nfw_mbus_error nfw_mbus_order_do(struct nfw_collector *collector, unsigned who,
                                      const NiloMbusFrame *frame);
