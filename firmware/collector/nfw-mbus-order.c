/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-mbus-order.h"

#include "nfw-calendar.h"
#include "nfw-mbus-telegram.h"

#include "nilo-mbus-address.h"
#include "nilo-mbus-request.h"
#include "nilo-mbus-value.h"
#include "nilo-wire-bcd.h"

#include <string.h>

#define CI_SYNCHRONISE      0x54u /* as the first edition has it */
#define CI_SYNC_ACTION      0x5cu /* and later ones */

#define DIF_FILLER          0x2fu
#define DIF_MANUFACTURER    0x0fu
#define DIF_CODING          0x0fu
#define DIF_STORAGE         0x40u
#define DIF_EXTENSION       0x80u
#define DIF_SELECTION       0x08u
#define INT8                0x01u
#define INT32               0x04u
#define INT48               0x06u
#define INT64               0x07u
#define BCD8                0x0cu
#define VIF_ML              0x10u /* .. to 17: each ten times the one before */
#define VIF_VOLUME_MASK     0x78u
#define VIF_MOMENT          0x6du
#define VIF_IDENTIFICATION  0x79u
#define VIF_ADDRESS         0x7au
#define VIF_ANY             0x7eu
#define VIF_EXTENSION       0x80u
#define ACTION_FREEZE       0x0bu

#define MAX_EXTENSIONS      10u
#define MANTISSA_MAX        INT64_C(500000000000) /* times 10^7 still fits */
#define CRC_BLOCK_SIZE      4u
#define IDENTIFICATION_SIZE 4u

/* A frame being looked at or done. */
struct order {
    struct nfw_collector *collector;
    unsigned who;
    bool is_doing;
};

bool
nfw_mbus_order_is_known(uint8_t ci)
{
    return ci == NILO_MBUS_CI_DATA || ci == CI_SYNCHRONISE || ci == CI_SYNC_ACTION;
}

static enum nfw_mbus_error
to_error(int result)
{
    switch (result) {
    case NFW_OK:
        return NFW_MBUS_DONE;
    case NFW_ERR_RANGE:
    case NFW_ERR_REFUSED:
    case NFW_ERR_NONE:
        return NFW_MBUS_ERROR_UNSPECIFIED;
    default:
        return NFW_MBUS_ERROR_BUSY;
    }
}

static enum nfw_mbus_error
freeze(const struct order *order)
{
    return order->is_doing ? to_error(nfw_meters_freeze(order->collector)) : NFW_MBUS_DONE;
}

/* --- single records -------------------------------------------------------------------------- */

static NFW_OUTLINE enum nfw_mbus_error
set_clock(const struct order *order, const uint8_t *data, size_t size)
{
    NiloMbusTime time;
    struct nfw_date date;
    const NiloMbusState state =
        size == 4u ? nilo_mbus_time_parse_f(data, &time) : nilo_mbus_time_parse_i(data, &time);

    if (state != NILO_MBUS_STATE_OK) {
        return NFW_MBUS_ERROR_UNSPECIFIED;
    }
    date = (struct nfw_date){.year = time.year,
                             .month = time.month,
                             .day = time.day,
                             .hour = time.hour,
                             .minute = time.minute,
                             .second = time.has_second ? time.second : 0u};
    if (!nfw_date_is_valid(&date)) {
        return NFW_MBUS_ERROR_UNSPECIFIED;
    }
    return order->is_doing
               ? to_error(nfw_meters_set_time(order->collector, nfw_date_to_seconds(&date)))
               : NFW_MBUS_DONE;
}

/* The last eight digits; those before them stay. */
static enum nfw_mbus_error
set_identification(const struct order *order, const uint8_t *digits)
{
    uint8_t number[NFW_NUMBER_SIZE];

    if (!nilo_bcd_is_valid(digits, IDENTIFICATION_SIZE)) {
        return NFW_MBUS_ERROR_UNSPECIFIED;
    }
    if (!order->is_doing) {
        return NFW_MBUS_DONE;
    }
    if (order->who == NFW_CHANNEL_SELF) {
        return to_error(nfw_meters_set_setting(order->collector, NFW_CHANNEL_SELF,
                                               NFW_SETTING_BOARD_NUMBER, digits,
                                               IDENTIFICATION_SIZE));
    }
    memcpy(number, nfw_meters_get_config(order->collector, order->who)->number, sizeof number);
    memcpy(number, digits, IDENTIFICATION_SIZE);
    return to_error(nfw_meters_set_number(order->collector, order->who, number));
}

/* Whether manufacturer, version and medium behind the digits are ours or wildcards: they cannot be
 * set. */
static NFW_OUTLINE bool
is_rest_ours(const struct order *order, const uint8_t *data)
{
    const NiloMbusAddress wanted = nilo_mbus_address_parse(data);
    NiloMbusAddress own;

    nfw_mbus_get_address(order->collector, order->who, &own);
    own.identification = wanted.identification;
    return nilo_mbus_address_matches(&own, &wanted);
}

static enum nfw_mbus_error
set_address(const struct order *order, uint8_t address)
{
    if (address > NILO_MBUS_ADDRESS_LAST) {
        return NFW_MBUS_ERROR_UNSPECIFIED;
    }
    return order->is_doing ? to_error(nfw_meters_set_primary(order->collector, order->who, address))
                           : NFW_MBUS_DONE;
}

static NFW_OUTLINE enum nfw_mbus_error
set_volume(const struct order *order, unsigned coding, unsigned exponent, const uint8_t *data,
           size_t size)
{
    const bool is_bcd = coding > DIF_SELECTION;
    int64_t volume_ml = 0;
    const bool is_number = is_bcd ? nilo_mbus_bcd_parse(data, size, &volume_ml)
                                  : nilo_mbus_integer_parse(data, size, &volume_ml);

    if (!is_number || volume_ml > MANTISSA_MAX || volume_ml < -MANTISSA_MAX ||
        order->who == NFW_CHANNEL_SELF) {
        return NFW_MBUS_ERROR_UNSPECIFIED;
    }
    for (unsigned i = 0u; i < exponent; i++) {
        volume_ml *= 10;
    }
    return order->is_doing
               ? to_error(nfw_meters_set_volume(order->collector, order->who, volume_ml))
               : NFW_MBUS_DONE;
}

/* What only one slave may be told. */
static enum nfw_mbus_error
do_own_record(const struct order *order, unsigned coding, uint8_t vif, const uint8_t *data,
              size_t size)
{
    /* an extension behind it would make another thing of it: not this counter */
    if ((vif & (VIF_VOLUME_MASK | VIF_EXTENSION)) == VIF_ML) {
        return set_volume(order, coding, vif - VIF_ML, data, size);
    }
    if (vif == VIF_ADDRESS && coding == INT8) {
        return set_address(order, data[0]);
    }
    if (vif == VIF_IDENTIFICATION && coding == BCD8) {
        return set_identification(order, data);
    }
    if (vif == VIF_IDENTIFICATION && coding == INT64 && is_rest_ours(order, data)) {
        return set_identification(order, data);
    }
    return NFW_MBUS_ERROR_UNSPECIFIED;
}

static enum nfw_mbus_error
do_record(const struct order *order, unsigned coding, uint8_t vif, const uint8_t *data, size_t size)
{
    if (vif == VIF_MOMENT && (coding == INT32 || coding == INT48)) {
        return set_clock(order, data, size);
    }
    return order->who == NFW_MBUS_EVERY ? NFW_MBUS_ERROR_UNSPECIFIED
                                        : do_own_record(order, coding, vif, data, size);
}

/* --- the manufacturer's block ---------------------------------------------------------------- */

static bool
is_setting(const struct order *order, uint8_t tag, size_t size)
{
    uint8_t value[NFW_SETTING_MAX_SIZE];

    return nfw_meters_get_setting(order->collector, order->who, tag, value) == (int)size;
}

/* Settings with their tags and sizes; a CRC, where there is one, is the last and must be right. */
static NFW_OUTLINE enum nfw_mbus_error
do_block(const struct order *order, const NiloMbusFrame *frame, size_t at)
{
    /* each entry takes two bytes at least, so that this ends */
    while (at < frame->size) {
        const uint8_t tag = frame->data[at];
        const uint8_t *value = frame->data + at + 2u;
        size_t size;

        if (frame->size - at < 2u || frame->size - at - 2u < frame->data[at + 1u]) {
            return NFW_MBUS_ERROR_END_IN_RECORD;
        }
        size = frame->data[at + 1u];
        at += 2u + size;
        if (tag == NFW_MBUS_TAG_CRC) {
            const uint16_t crc = nfw_mbus_crc_of(frame->data, at - 2u);

            return size == 2u && at == frame->size && value[0] == (uint8_t)crc &&
                           value[1] == (uint8_t)(crc >> 8)
                       ? NFW_MBUS_DONE
                       : NFW_MBUS_ERROR_UNSPECIFIED;
        }
        if (order->who == NFW_MBUS_EVERY || !is_setting(order, tag, size)) {
            return NFW_MBUS_ERROR_UNSPECIFIED;
        }
        if (order->is_doing) {
            const int result =
                nfw_meters_set_setting(order->collector, order->who, tag, value, size);

            if (result != NFW_OK) {
                return to_error(result);
            }
        }
    }
    return NFW_MBUS_DONE;
}

/* --- the whole frame ------------------------------------------------------------------------- */

/* "Freeze into storage n": a volume or anything, no data, the action 0B (EN 13757-3, object
 * actions). Returns: bytes taken, 0 when it is none. */
static size_t
take_freeze(const uint8_t *data, size_t size)
{
    size_t at = 0u;

    if ((data[0] & ~(DIF_STORAGE | DIF_EXTENSION | DIF_SELECTION)) != 0u) {
        return 0u;
    }
    while (at < size && at < MAX_EXTENSIONS && (data[at] & DIF_EXTENSION) != 0u) {
        at++;
    }
    at++;
    if (at + 2u > size || data[at + 1u] != ACTION_FREEZE) {
        return 0u;
    }
    if (data[at] != (VIF_ANY | VIF_EXTENSION) &&
        (data[at] & (VIF_VOLUME_MASK | VIF_EXTENSION)) != (VIF_ML | VIF_EXTENSION)) {
        return 0u;
    }
    return at + 2u;
}

static size_t
get_size(unsigned coding)
{
    static const uint8_t sizes[] = {0u, 1u, 2u, 3u, 4u, 0u, 6u, 8u, 0u, 1u, 2u, 3u, 4u, 0u, 6u, 0u};

    return sizes[coding];
}

static enum nfw_mbus_error
walk(const struct order *order, const NiloMbusFrame *frame)
{
    enum nfw_mbus_error error = NFW_MBUS_DONE;
    size_t at = 0u;

    while (at < frame->size && error == NFW_MBUS_DONE) {
        const uint8_t *data = frame->data + at;
        const size_t left = frame->size - at;
        const size_t size = get_size(data[0] & DIF_CODING);
        const size_t frozen = take_freeze(data, left);

        if (data[0] == DIF_FILLER) {
            at++;
        } else if (data[0] == DIF_MANUFACTURER) {
            return do_block(order, frame, at + 1u);
        } else if (frozen != 0u) {
            error = freeze(order);
            at += frozen;
        } else if (size == 0u || (data[0] & ~DIF_CODING) != 0u) {
            error = NFW_MBUS_ERROR_UNSPECIFIED;
        } else if (left < 2u + size) {
            error = NFW_MBUS_ERROR_END_IN_RECORD;
        } else {
            error = do_record(order, data[0] & DIF_CODING, data[1], data + 2u, size);
            at += 2u + size;
        }
    }
    return error;
}

enum nfw_mbus_error
nfw_mbus_order_do(struct nfw_collector *collector, unsigned who, const NiloMbusFrame *frame)
{
    struct order order = {.collector = collector, .who = who, .is_doing = false};
    enum nfw_mbus_error error;

    if (frame->ci != NILO_MBUS_CI_DATA) {
        order.is_doing = true;
        return freeze(&order);
    }
    error = walk(&order, frame);
    if (error != NFW_MBUS_DONE) {
        return error;
    }
    order.is_doing = true;
    return walk(&order, frame);
}
