/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-wire-unit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Values as the data types of EN 13757-3, Annex A, carry them: exact, never through a binary
 * floating point number.
 */

/* How far a value can be trusted. */
typedef enum {
    NILO_MBUS_STATE_OK = 0,
    NILO_MBUS_STATE_INVALID, /* the meter says so, or the bytes are no number of their type */
    NILO_MBUS_STATE_NOT_SET, /* a clock that was never set, or a date with "every" in it */
    NILO_MBUS_STATE_UNKNOWN, /* a number, but what it measures is reserved or the maker's own */
} NiloMbusState;

typedef enum {
    NILO_MBUS_VALUE_NONE = 0,  /* the record carries no data */
    NILO_MBUS_VALUE_NUMBER,    /* @mantissa x 10^@exponent @unit */
    NILO_MBUS_VALUE_BITS,      /* type D: @mantissa holds the bits */
    NILO_MBUS_VALUE_DIGITS,    /* a number that is a name: leading zeros count; see the data */
    NILO_MBUS_VALUE_TEXT,      /* ISO 8859-1, last character first; see the data */
    NILO_MBUS_VALUE_BINARY,    /* bytes without a number in them; see the data */
    NILO_MBUS_VALUE_DATE,      /* type G */
    NILO_MBUS_VALUE_DATE_TIME, /* types F and I */
    NILO_MBUS_VALUE_TIME,      /* type J */
} NiloMbusValueType;

/* A local date and time as the meter keeps it. The fields stand as sent, so they mean something
 * only while the state of the value is NILO_MBUS_STATE_OK. */
typedef struct {
    uint16_t year;
    uint8_t month;
    uint8_t day;
    uint8_t hour;
    uint8_t minute;
    uint8_t second;
    bool has_second;
    bool is_summer_time;
    bool is_flagged_invalid; /* the IV bit */
    bool is_blank;           /* nothing but zeros, or nothing but ones */
} NiloMbusTime;

typedef struct {
    NiloMbusValueType type;
    NiloMbusState state;
    NiloUnit unit;
    int8_t exponent; /* power of ten */
    int64_t mantissa;
    NiloMbusTime time;
} NiloMbusValue;

/**
 * nilo_mbus_integer_parse:
 * @bytes: (array length=size): type B, least significant byte first
 * @size: 1 to 8
 * @mantissa: the number
 *
 * Returns: false for 80..00, which stands for "no value"; @mantissa is set nevertheless
 */
bool nilo_mbus_integer_parse(const uint8_t *bytes, size_t size, int64_t *mantissa);

/* Types C and D: the same without a sign. @size: 1 to 8. */
uint64_t nilo_mbus_unsigned_parse(const uint8_t *bytes, size_t size);

/**
 * nilo_mbus_bcd_parse:
 * @bytes: (array length=size): type A, two digits per byte, least significant byte first
 * @size: 1 to 9
 * @mantissa: the number, up to 18 digits; untouched on failure
 *
 * A top digit of F is a minus sign. Any other digit above 9 is a display pattern, not a number.
 *
 * Returns: whether it was a number
 */
bool nilo_mbus_bcd_parse(const uint8_t *bytes, size_t size, int64_t *mantissa);

/**
 * nilo_mbus_real_parse:
 * @bytes: type H, IEEE 754 single precision, least significant byte first
 * @mantissa: up to nine digits, without trailing zeros; untouched on failure
 * @exponent: power of ten, -53 to 30
 *
 * Nine significant digits tell any two such numbers apart; they are rounded to nearest.
 *
 * Returns: false for infinity and for what is no number
 */
bool nilo_mbus_real_parse(const uint8_t bytes[4], int64_t *mantissa, int8_t *exponent);

/* The clock types; each fills @time whatever it returns. Types F (4 bytes), G (2), I (6), J (3). */
NiloMbusState nilo_mbus_time_parse_f(const uint8_t bytes[4], NiloMbusTime *time);
NiloMbusState nilo_mbus_time_parse_g(const uint8_t bytes[2], NiloMbusTime *time);
NiloMbusState nilo_mbus_time_parse_i(const uint8_t bytes[6], NiloMbusTime *time);
NiloMbusState nilo_mbus_time_parse_j(const uint8_t bytes[3], NiloMbusTime *time);
