/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-clock.h"
#include "nilo-cjt188-message.h"
#include "nilo-cjt188-status.h"
#include "nilo-wire-quantity.h"
#include "nilo-wire-unit.h"

/*
 * Every field we can name.
 *
 * X(SYMBOL, "printed name", quantity, unit when the frame carries no unit byte, decimals)
 */
#define NILO_CJT188_KEY_TABLE(X)                                                                   \
    X(CURRENT, "current", VOLUME, NONE, VOLUME)                                                    \
    X(SETTLEMENT, "settlement_day", VOLUME, NONE, VOLUME)                                          \
    X(SETTLEMENT_HEAT, "settlement_heat", ENERGY, NONE, ENERGY)                                    \
    X(CURRENT_HEAT, "current_heat", ENERGY, NONE, ENERGY)                                          \
    X(HEAT_POWER, "heat_power", POWER, NONE, POWER)                                                \
    X(FLOW, "flow", VOLUME_FLOW, NONE, FLOW)                                                       \
    X(TOTAL_VOLUME, "total_volume", VOLUME, NONE, VOLUME)                                          \
    X(SUPPLY_TEMPERATURE, "supply_temp_C", FLOW_TEMPERATURE, CELSIUS, TEMPERATURE)                 \
    X(RETURN_TEMPERATURE, "return_temp_C", RETURN_TEMPERATURE, CELSIUS, TEMPERATURE)               \
    X(WORK_HOURS, "work_hours", OPERATING_TIME, HOUR, NONE)                                        \
    X(TIME, "time", DATE_TIME, NONE, NONE)                                                         \
    X(STATUS, "status", STATUS, NONE, NONE)                                                        \
    X(SETTLEMENT_MONTH, "settlement_month", VOLUME, NONE, VOLUME)                                  \
    X(PRICE_1, "price1", PRICE, CURRENCY_PER_CUBIC_METRE, MONEY)                                   \
    X(VOLUME_1, "volume1", PRICE_STEP_VOLUME, CUBIC_METRE, NONE)                                   \
    X(PRICE_2, "price2", PRICE, CURRENCY_PER_CUBIC_METRE, MONEY)                                   \
    X(VOLUME_2, "volume2", PRICE_STEP_VOLUME, CUBIC_METRE, NONE)                                   \
    X(PRICE_3, "price3", PRICE, CURRENCY_PER_CUBIC_METRE, MONEY)                                   \
    X(START_DAY, "start_day", UNKNOWN, NONE, NONE)                                                 \
    X(SETTLEMENT_DAY, "settlement_day", SETTLEMENT_DAY, NONE, NONE)                                \
    X(READING_DAY, "reading_day", READING_DAY, NONE, NONE)                                         \
    X(PURCHASE_NUMBER, "purchase_no", PURCHASE_NUMBER, NONE, NONE)                                 \
    X(PURCHASE_LAST, "this_purchase", PURCHASE_LAST, CURRENCY, MONEY)                              \
    X(PURCHASE_TOTAL, "total_purchase", PURCHASE_TOTAL, CURRENCY, MONEY)                           \
    X(PURCHASE_REMAINING, "remaining", PURCHASE_REMAINING, CURRENCY, MONEY)                        \
    X(KEY_VERSION, "key_version", KEY_VERSION, NONE, NONE)                                         \
    X(KEY, "key", SECURITY_KEY, NONE, NONE)                                                        \
    X(COUNTER, "counter", VOLUME, NONE, VOLUME)                                                    \
    X(VALVE, "valve", REMOTE_CONTROL, NONE, NONE)                                                  \
    X(ADDRESS, "new_address", BUS_ADDRESS, NONE, NONE)                                             \
    X(ANSWERED_ADDRESS, "answered_address", BUS_ADDRESS, NONE, NONE)                               \
    X(RAW, "raw", MANUFACTURER_SPECIFIC, NONE, NONE)                                               \
    X(REST, "rest", MANUFACTURER_SPECIFIC, NONE, NONE)

typedef enum {
#define X(symbol, name, quantity, unit, decimals) NILO_CJT188_KEY_##symbol,
    NILO_CJT188_KEY_TABLE(X)
#undef X
} NiloCjt188Key;

/* The printed name; NULL when no key has that number. */
const char *nilo_cjt188_key_get_name(NiloCjt188Key key);

/*
 * What a meter model does its own way, as data. A NULL profile is the standard; to change one
 * thing, copy nilo_cjt188_profile_standard first, since zero decimals mean none.
 */
typedef struct {
    const NiloCjt188StatusMap *status_map; /* NULL: the standard's */
    uint8_t assumed_unit_code;   /* for values that come with no unit or with unit 00; 0: none */
    int8_t volume_decimals;      /* XXXXXX.XX */
    int8_t energy_decimals;      /* XXXXXX.XX */
    int8_t power_decimals;       /* XXXXXX.XX */
    int8_t flow_decimals;        /* XXXX.XXXX */
    int8_t temperature_decimals; /* XXXX.XX */
    int8_t money_decimals;       /* XXXX.XX and XXXXXX.XX */
} NiloCjt188Profile;

extern const NiloCjt188Profile nilo_cjt188_profile_standard;

typedef enum {
    NILO_CJT188_FIELD_NUMBER,  /* mantissa, exponent, unit */
    NILO_CJT188_FIELD_CODE,    /* mantissa is the byte: valve command, key version */
    NILO_CJT188_FIELD_CLOCK,   /* clock */
    NILO_CJT188_FIELD_STATUS,  /* status */
    NILO_CJT188_FIELD_ADDRESS, /* address */
    NILO_CJT188_FIELD_RAW,     /* bytes only */
    NILO_CJT188_FIELD_SECRET,  /* bytes that must not be logged or printed: a key */
} NiloCjt188FieldKind;

typedef enum {
    NILO_CJT188_STATE_OK,
    NILO_CJT188_STATE_INVALID,       /* digits that are not BCD, or no date */
    NILO_CJT188_STATE_NOT_SUPPORTED, /* FF throughout: the meter does not measure it */
    NILO_CJT188_STATE_NOT_SET,       /* a clock of zeros */
} NiloCjt188State;

typedef enum {
    NILO_CJT188_UNIT_NONE,    /* needs none: a day, a count */
    NILO_CJT188_UNIT_FIXED,   /* by the standard's layout */
    NILO_CJT188_UNIT_SENT,    /* the meter said so */
    NILO_CJT188_UNIT_ASSUMED, /* the meter said nothing, the profile did */
    NILO_CJT188_UNIT_UNKNOWN, /* unit code that names none, or no unit byte: only digits */
} NiloCjt188UnitSource;

typedef struct {
    NiloCjt188Key key;
    NiloCjt188FieldKind kind;
    NiloCjt188State state;
    uint8_t month;         /* NILO_CJT188_KEY_SETTLEMENT_MONTH: 1 is last month, to 12; else 0 */
    NiloQuantity quantity; /* by the unit sent, if one was, else by the key */
    int64_t mantissa;      /* 0 unless the state is OK */
    int8_t exponent;       /* value = mantissa x 10^exponent unit; of the digits if it is unknown */
    int8_t decimals;       /* of the digits alone, before the unit's own power of ten */
    NiloUnit unit;         /* NILO_UNIT_NONE when unknown or when none is needed */
    NiloCjt188UnitSource unit_source;
    bool has_unit_code;
    uint8_t unit_code; /* the byte as sent, or as assumed */
    NiloCjt188Clock clock;
    NiloCjt188Status status;
    NiloCjt188Address address;
    const uint8_t *bytes; /* all bytes of the field, its unit included; borrowed */
    uint8_t size;
} NiloCjt188Field;

/* Iterates over what a message's payload says. Plain data; lives as long as the message's frame. */
typedef struct {
    const uint8_t *payload;
    const struct NiloCjt188Layout *layout; /* NULL: unknown, one raw field */
    NiloCjt188Profile profile;
    uint16_t di;
    uint8_t payload_size;
    uint8_t offset;
    uint8_t item;
} NiloCjt188Fields;

/**
 * nilo_cjt188_field_start:
 * @fields: (out): the iterator
 * @message: request or answer; its frame must outlive the iterator
 * @profile: (nullable): the meter model's own ways, copied; NULL for the standard's
 *
 * Sets an iterator to the first field of a message's payload.
 */
void nilo_cjt188_field_start(NiloCjt188Fields *fields, const NiloCjt188Message *message,
                             const NiloCjt188Profile *profile);

/**
 * nilo_cjt188_field_next:
 * @fields: the iterator
 * @field: (out): the next field; untouched at the end
 *
 * Each byte of the payload belongs to exactly one field: an identifier or a length we do not know
 * gives one field RAW, and bytes behind the known ones give REST.
 *
 * Returns: %NILO_WIRE_OK, or %NILO_WIRE_END after the last field
 */
NiloWireResult nilo_cjt188_field_next(NiloCjt188Fields *fields, NiloCjt188Field *field);

/* True for identifiers whose written data holds a key, which must not be logged or printed. */
bool nilo_cjt188_di_is_secret(uint16_t di);

/* --- the meter's side ----------------------------------------------------------------------- */

/* Which of the layouts an identifier has; all but 901F have one. */
typedef enum {
    NILO_CJT188_SHAPE_STANDARD, /* 901F: water and gas, 19 bytes */
    NILO_CJT188_SHAPE_HEAT,     /* 901F: heat, 43 bytes */
    NILO_CJT188_SHAPE_SHORT,    /* 901F: value and status, 6 bytes */
    NILO_CJT188_SHAPE_REPORT,   /* 901F: unit before value, 26 bytes */
} NiloCjt188Shape;

typedef struct {
    NiloCjt188Key key;
    uint64_t digits; /* without the decimal point: 1234 for 12.34 */
    uint8_t unit_code;
} NiloCjt188Value;

/* What a payload shall say; only what the layout has is looked at. */
typedef struct {
    uint16_t di;
    bool is_answer;
    NiloCjt188Shape shape;
    const NiloCjt188Value *values; /* numbers and codes; one that is missing is sent as FF */
    size_t n_values;
    const NiloCjt188Clock *clock;     /* NULL: zeros, never set */
    const NiloCjt188Address *address; /* NULL: FF */
    uint8_t status[NILO_CJT188_STATUS_SIZE];
    const uint8_t *raw; /* a key, or the rest of a report; NULL: zeros */
    size_t raw_size;
} NiloCjt188Content;

/**
 * nilo_cjt188_payload_build:
 * @content: what the payload shall say
 * @payload: (array length=capacity): where to write; undefined on failure
 * @capacity: room in @payload
 * @size: (out): bytes written, 1 to 43; untouched on failure
 *
 * Writes the payload of a request that writes, or of an answer: the inverse of the iterator.
 * Requests to read and bare confirmations have no payload to build.
 *
 * Returns: %NILO_WIRE_OK; %NILO_WIRE_UNSUPPORTED when the identifier has no such layout;
 *   %NILO_WIRE_TOO_LONG when the room or a number's digits do not suffice; %NILO_WIRE_BAD_VALUE for
 * a clock that is no date
 */
NiloWireResult nilo_cjt188_payload_build(const NiloCjt188Content *content, uint8_t *payload,
                                         size_t capacity, size_t *size);
