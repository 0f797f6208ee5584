/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-status.h"

const NiloCjt188StatusMap nilo_cjt188_status_map_standard = {
    .closed = 0x01,
    .fault = 0x02,
    .battery_low = 0x04,
};

const NiloCjt188StatusMap nilo_cjt188_status_map_mirrored = {
    .closed = 0x80,
    .fault = 0x40,
    .battery_low = 0x20,
};

static NiloCjt188Valve
valve_from_bits(bool closed, bool fault)
{
    if (fault)
        return closed ? NILO_CJT188_VALVE_IS_FAULTY : NILO_CJT188_VALVE_IS_RESERVED;
    return closed ? NILO_CJT188_VALVE_IS_CLOSED : NILO_CJT188_VALVE_IS_OPEN;
}

NiloCjt188Status
nilo_cjt188_status_parse(const NiloCjt188StatusMap *map,
                         const uint8_t bytes[NILO_CJT188_STATUS_SIZE])
{
    const uint16_t received = (uint16_t)(bytes[0] | bytes[1] << 8);
    const uint16_t bits = received ^ map->inverted;
    NiloCjt188Status status = {0};

    if (map->closed != 0)
        status.valve = valve_from_bits((bits & map->closed) != 0, (bits & map->fault) != 0);
    if (map->battery_low != 0)
        status.battery =
            (bits & map->battery_low) != 0 ? NILO_CJT188_BATTERY_IS_LOW : NILO_CJT188_BATTERY_IS_OK;
    status.vendor = received & (uint16_t) ~(map->closed | map->fault | map->battery_low);
    return status;
}

void
nilo_cjt188_status_build(const NiloCjt188StatusMap *map, const NiloCjt188Status *status,
                         uint8_t bytes[NILO_CJT188_STATUS_SIZE])
{
    const uint16_t named = map->closed | map->fault | map->battery_low;
    uint16_t bits = 0;

    if (status->valve == NILO_CJT188_VALVE_IS_CLOSED ||
        status->valve == NILO_CJT188_VALVE_IS_FAULTY)
        bits |= map->closed;
    if (status->valve == NILO_CJT188_VALVE_IS_FAULTY)
        bits |= map->fault;
    if (status->battery == NILO_CJT188_BATTERY_IS_LOW)
        bits |= map->battery_low;
    bits = (uint16_t)(((bits ^ map->inverted) & named) | (status->vendor & ~named));
    bytes[0] = (uint8_t)bits;
    bytes[1] = (uint8_t)(bits >> 8);
}
