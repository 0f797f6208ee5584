/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"
#include "port.h"

#define NFW_NUMBER_SIZE 7u /* 14 digits, BCD, low byte first, as CJ/T 188 sends an address */

enum nfw_source {
    NFW_SOURCE_OFF,
    NFW_SOURCE_PULSE, /* one reed */
    NFW_SOURCE_DUAL,  /* two reeds, which tell the direction */
    NFW_SOURCE_MBUS,  /* a meter on the downstream line */
    NFW_SOURCE_CJT188,
};

struct nfw_channel_config {
    uint8_t source;     /* enum nfw_source */
    uint8_t pin;        /* the contact */
    uint8_t pin_second; /* the second reed, or NFW_PIN_NONE */
    uint8_t pin_loop;   /* a loop through the cable, closed while it is whole, or NFW_PIN_NONE */
    uint16_t min_closed_ms; /* 1 to 10000: a shorter closure is no pulse */
    uint16_t min_open_ms;   /* 1 to 10000: the opening that ends a pulse */
    uint32_t ml_per_count;  /* 1 to 10000000: water behind one pulse; of a read meter 1000 */
    uint8_t number[NFW_NUMBER_SIZE]; /* the meter's own; the last 8 digits are its M-Bus
                                        identification */
    uint8_t primary;                 /* M-Bus primary address, 0 to 250 */
    uint8_t type;      /* CJ/T 188 type, 10 to 49 hexadecimal; M-Bus medium follows from it */
    int64_t offset_ml; /* added to counts times ml_per_count: what keeps the volume when the pulse
                          value is changed */
    nfw_seconds since; /* history from before is another meter's, or of another pulse
                          value; 0: all of it is this meter's */
    /* downstream: whom to ask. CJ/T 188: the address. M-Bus: 4 bytes of identification and 2 of
     * manufacturer, F and FFFF where unknown, and the primary address; FF there: it is selected by
     * the two others */
    uint8_t meter_number[NFW_NUMBER_SIZE];
    uint8_t max_flow; /* downstream: plausible at most, in m3/h; 0: not checked */
};

struct nfw_config {
    struct nfw_channel_config channel[NFW_CHANNELS];
    uint32_t board_number;    /* 8 digits BCD: the collector's own M-Bus identification */
    uint8_t primary;          /* and its primary address */
    uint8_t protocols;        /* NFW_PROTOCOL_.. heard on the bus */
    uint8_t parity;           /* enum nfw_parity */
    uint8_t speed;            /* index into nfw_speeds; what it falls back to */
    uint16_t meters_poll_s;   /* downstream: every so often; 0: never */
    uint8_t meters_speed;     /* downstream: index into nfw_speeds */
    uint16_t battery_low_mv;  /* below: flagged; at most NFW_BATTERY_LOW_MAX_MV, 0: never */
    uint16_t battery_stop_mv; /* below: the EEPROM is not written; at most NFW_BATTERY_STOP_MAX_MV,
                                 so that a new battery always ends it; 0: never */

    /* no settings, but where these stand: nfw_config_load() and nfw_config_save() keep them */
    uint32_t sequence; /* of the copy that they were read from or written to; 0: not known */
    uint8_t copy;      /* which it is */
};

#define NFW_BATTERY_LOW_MAX_MV  5000u
#define NFW_BATTERY_STOP_MAX_MV 3300u

#define NFW_PROTOCOL_CJT188     0x01u
#define NFW_PROTOCOL_MBUS       0x02u

#define NFW_SPEEDS              8u
extern const uint16_t nfw_speeds[NFW_SPEEDS]; /* 300 600 1200 2400 4800 9600 19200 38400 */

/* Whether a channel's counts come from contacts of ours, or from a meter that is read. */
static inline bool
nfw_channel_is_counted(const struct nfw_channel_config *channel)
{
    return channel->source == (uint8_t)NFW_SOURCE_PULSE ||
           channel->source == (uint8_t)NFW_SOURCE_DUAL;
}

static inline bool
nfw_channel_is_read(const struct nfw_channel_config *channel)
{
    return channel->source == (uint8_t)NFW_SOURCE_MBUS ||
           channel->source == (uint8_t)NFW_SOURCE_CJT188;
}

/* Factory settings: eight pulse inputs on pins 0 to 7, 10 l a pulse, 2400 Bd 8E1, both protocols.
 * The last digit of @board_number is taken as 0; channel n is the meter with that number and n + 1
 * in the last digit, so that eight digits tell the channels and the collector apart. */
void nfw_config_set_defaults(struct nfw_config *config, uint32_t board_number);

/**
 * nfw_config_is_valid:
 * @config: any bytes
 *
 * Whether all of it is within range: what is said at each field, numbers of decimal digits, pins
 * below NFW_PINS and not the cover's, a contact for each source that needs one, 1000 ml per count
 * for meters that are read, M-Bus meter numbers of digits or F (any digit), CJ/T 188 ones of digits
 * or AA throughout (anybody), at least one protocol. And whether all can be told apart: of what is
 * in use (a source that is off uses nothing) no pin belongs to two, no two channels or a channel
 * and the collector have the same last eight digits, or the same primary address other than 0.
 */
bool nfw_config_is_valid(const struct nfw_config *config);

/**
 * nfw_config_load:
 * @config: (out): the settings; the factory's when none can be read
 * @board_number: for the factory settings
 * @lost: (out): what was wrong: 0 nothing, 1 the newer copy, so that the older one is used, 2 both,
 *   so that the factory settings are
 *
 * Reads the newer valid copy of two. A copy whose writing was cut is not the newer one.
 *
 * Returns: NFW_OK, NFW_ERR_NONE for an EEPROM that never held any, or what the EEPROM said
 */
int nfw_config_load(struct nfw_config *config, uint32_t board_number, uint8_t *lost);

/* Writes over the older copy, or over a damaged one, reads it back, and leaves the other as it is.
 * After a power cut it is either the settings from before that are loaded, or these. Takes about 40
 * ms when few of them have changed in the last two savings, at most 90 ms. Returns: NFW_OK,
 * NFW_ERR_RANGE for settings that are not valid, or what the EEPROM said: the settings from before
 * stand then. */
int nfw_config_save(struct nfw_config *config);
