/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-value.h"
#include "nilo-wire-quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The variable data structure of EN 13757-3, clause 6: records of data information (DIF, DIFE),
 * value information (VIF, VIFE) and data, one behind the other. The length of a record comes from
 * its DIF alone, so a record nobody understands never hides the next one.
 */

#define NILO_MBUS_MAX_EXTENSIONS 10u /* of each kind, in one record */

typedef enum {
    NILO_MBUS_RECORD_DATA = 0,
    NILO_MBUS_RECORD_MANUFACTURER, /* DIF 0F: the rest is the maker's own */
    NILO_MBUS_RECORD_MORE_FOLLOW,  /* DIF 1F: the same, and the next telegram goes on */
    NILO_MBUS_RECORD_READOUT,      /* DIF 7F: a request for everything, no data */
    NILO_MBUS_RECORD_RESERVED,     /* DIF 3F to 6F: of unknown length, so it takes the rest */
} NiloMbusRecordType;

typedef enum {
    NILO_MBUS_FUNCTION_INSTANTANEOUS = 0,
    NILO_MBUS_FUNCTION_MAXIMUM,
    NILO_MBUS_FUNCTION_MINIMUM,
    NILO_MBUS_FUNCTION_ERROR, /* the value during an error */
} NiloMbusFunction;

/* How the data are coded: the low four bits of the DIF. */
typedef enum {
    NILO_MBUS_CODING_NONE = 0x0,
    NILO_MBUS_CODING_INT8 = 0x1,
    NILO_MBUS_CODING_INT16 = 0x2,
    NILO_MBUS_CODING_INT24 = 0x3,
    NILO_MBUS_CODING_INT32 = 0x4,
    NILO_MBUS_CODING_REAL32 = 0x5,
    NILO_MBUS_CODING_INT48 = 0x6,
    NILO_MBUS_CODING_INT64 = 0x7,
    NILO_MBUS_CODING_SELECTION = 0x8, /* a selection for readout: no data */
    NILO_MBUS_CODING_BCD2 = 0x9,
    NILO_MBUS_CODING_BCD4 = 0xa,
    NILO_MBUS_CODING_BCD6 = 0xb,
    NILO_MBUS_CODING_BCD8 = 0xc,
    NILO_MBUS_CODING_VARIABLE = 0xd, /* the length stands in front of the data */
    NILO_MBUS_CODING_BCD12 = 0xe,
    NILO_MBUS_CODING_SPECIAL = 0xf,
} NiloMbusCoding;

/*
 * What the extensions make of a quantity, packed into 16 bits: two records measure the same only
 * when these are equal too.
 */
typedef enum {
    NILO_MBUS_DIRECTION_BOTH = 0,
    NILO_MBUS_DIRECTION_FORWARD,
    NILO_MBUS_DIRECTION_BACKWARD,
} NiloMbusDirection;

typedef enum {
    NILO_MBUS_PHASE_NONE = 0,
    NILO_MBUS_PHASE_L1,
    NILO_MBUS_PHASE_L2,
    NILO_MBUS_PHASE_L3,
    NILO_MBUS_PHASE_N,
    NILO_MBUS_PHASE_L1_L2,
    NILO_MBUS_PHASE_L2_L3,
    NILO_MBUS_PHASE_L3_L1,
} NiloMbusPhase;

typedef enum {
    NILO_MBUS_ASPECT_VALUE = 0, /* the quantity itself */
    NILO_MBUS_ASPECT_LOWER_LIMIT,
    NILO_MBUS_ASPECT_UPPER_LIMIT,
    NILO_MBUS_ASPECT_LOWER_EXCEEDS, /* how often */
    NILO_MBUS_ASPECT_UPPER_EXCEEDS,
    NILO_MBUS_ASPECT_LOWER_EXCEED_DATE, /* see the bits "last" and "end" */
    NILO_MBUS_ASPECT_UPPER_EXCEED_DATE,
    NILO_MBUS_ASPECT_LOWER_EXCEED_DURATION,
    NILO_MBUS_ASPECT_UPPER_EXCEED_DURATION,
    NILO_MBUS_ASPECT_DURING_LOWER_EXCEED,
    NILO_MBUS_ASPECT_DURING_UPPER_EXCEED,
    NILO_MBUS_ASPECT_DURATION,
    NILO_MBUS_ASPECT_DATE,
    NILO_MBUS_ASPECT_START_DATE,
    NILO_MBUS_ASPECT_LEAKAGE,
    NILO_MBUS_ASPECT_OVERFLOW,
} NiloMbusAspect;

#define NILO_MBUS_QUALIFIER_DIRECTION(direction)     ((uint16_t)(direction))
#define NILO_MBUS_QUALIFIER_PHASE(phase)             ((uint16_t)((unsigned)(phase) << 2))
#define NILO_MBUS_QUALIFIER_ASPECT(aspect)           ((uint16_t)((unsigned)(aspect) << 5))
#define NILO_MBUS_QUALIFIER_LAST                     0x0200u /* of several events: the last, not the first */
#define NILO_MBUS_QUALIFIER_END                      0x0400u /* of an event: its end, not its begin */
#define NILO_MBUS_QUALIFIER_UNCORRECTED              0x0800u
#define NILO_MBUS_QUALIFIER_PER                      0x1000u /* a rate: per pulse, per litre, per hour .. */
#define NILO_MBUS_QUALIFIER_FUTURE                   0x2000u
#define NILO_MBUS_QUALIFIER_RECORD_ERROR             0x4000u /* the meter reports an error in this record */
#define NILO_MBUS_QUALIFIER_OTHER                    0x8000u /* an extension without a name, or the maker's */
#define NILO_MBUS_QUALIFIER_MANUFACTURER             NILO_MBUS_QUALIFIER_OTHER

#define NILO_MBUS_QUALIFIER_GET_DIRECTION(qualifier) ((NiloMbusDirection)((qualifier)&0x3))
#define NILO_MBUS_QUALIFIER_GET_PHASE(qualifier)     ((NiloMbusPhase)((qualifier) >> 2 & 0x7))
#define NILO_MBUS_QUALIFIER_GET_ASPECT(qualifier)    ((NiloMbusAspect)((qualifier) >> 5 & 0xf))

typedef struct {
    NiloMbusRecordType type;
    NiloMbusFunction function;
    NiloMbusCoding coding;
    uint64_t storage;
    uint32_t tariff;
    uint16_t subunit;
    uint16_t qualifiers; /* NILO_MBUS_QUALIFIER_... */
    NiloQuantity quantity;
    NiloMbusValue value;

    /* where it stands in the caller's bytes */
    const uint8_t *dib;
    const uint8_t *vib; /* NULL in records that are not NILO_MBUS_RECORD_DATA */
    const uint8_t *data;
    const uint8_t *vife;     /* the extensions we look at, behind the VIF and its table byte */
    const uint8_t *text;     /* plain text unit, last character first; NULL without */
    uint8_t dib_size;        /* 1 to 11 */
    uint8_t vib_size;        /* text included */
    uint8_t data_size;       /* without the length byte of NILO_MBUS_CODING_VARIABLE */
    uint8_t vife_size;       /* up to and including the one that announces the maker's own */
    uint8_t text_size;       /* bytes at @text */
    uint8_t own_size;        /* the maker's own extensions, directly behind @vife */
    uint8_t variable_length; /* the length byte of NILO_MBUS_CODING_VARIABLE */
} NiloMbusRecord;

/* Why the records ended early. What was read before stands. */
typedef enum {
    NILO_MBUS_RECORD_ERROR_NONE = 0,
    NILO_MBUS_RECORD_ERROR_END_IN_DIFE,
    NILO_MBUS_RECORD_ERROR_TOO_MANY_DIFE,
    NILO_MBUS_RECORD_ERROR_END_BEFORE_VIF,
    NILO_MBUS_RECORD_ERROR_END_IN_VIFE,
    NILO_MBUS_RECORD_ERROR_TOO_MANY_VIFE,
    NILO_MBUS_RECORD_ERROR_END_IN_TEXT,
    NILO_MBUS_RECORD_ERROR_END_IN_DATA,
    NILO_MBUS_RECORD_ERROR_RESERVED_LENGTH, /* variable length byte without a meaning */
} NiloMbusRecordError;

/* "end in data" and the like; NULL for NILO_MBUS_RECORD_ERROR_NONE. */
const char *nilo_mbus_record_error_get_text(NiloMbusRecordError error);

typedef struct {
    const uint8_t *position; /* the next record begins here */
    const uint8_t *end;
    NiloMbusRecordError error;
    bool is_high_byte_first; /* numbers of the obsolete mode 2 (CI 76) */
    bool more_follow;        /* DIF 1F was met: ask for the next telegram */
} NiloMbusRecordIter;

/**
 * nilo_mbus_record_iter_init:
 * @iter: to be set up
 * @bytes: records; must outlive every record read from them. May be NULL when @size is 0
 * @size: bytes at @bytes, at most NILO_MBUS_MAX_DATA
 */
void nilo_mbus_record_iter_init(NiloMbusRecordIter *iter, const uint8_t *bytes, size_t size);

/**
 * nilo_mbus_record_iter_next:
 * @iter: an iterator
 * @record: the next record, decoded; undefined when there is none
 *
 * Returns: false at the end; then @iter->error tells whether it was a clean one
 */
bool nilo_mbus_record_iter_next(NiloMbusRecordIter *iter, NiloMbusRecord *record);
