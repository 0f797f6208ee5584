/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-wire-quantity.h"
#include "nilo-wire-unit.h"

#include <stdint.h>

/*
 * The value information tables of EN 13757-3 (clause 6.4, primary, FB and FD) and what their
 * extensions (VIFE) do to a value. Tables indexed by the code: one look-up per byte.
 */

/* How the data behind a code are to be read. */
typedef enum {
    NILO_MBUS_KIND_RESERVED = 0, /* no meaning given: the number is kept, its meaning is unknown */
    NILO_MBUS_KIND_NUMBER,
    NILO_MBUS_KIND_BITS,         /* integers are type D */
    NILO_MBUS_KIND_DIGITS,       /* BCD is a name, with its leading zeros */
    NILO_MBUS_KIND_TIME,         /* integers are type F, G, I or J, told apart by their size */
    NILO_MBUS_KIND_MANUFACTURER, /* the maker's own */
} NiloMbusKind;

typedef struct {
    uint8_t quantity; /* NiloQuantity; all of these tables are below 256 */
    uint8_t unit;     /* NiloUnit */
    int8_t exponent;  /* power of ten that brings the raw number to the unit */
    uint8_t kind;     /* NiloMbusKind */
} NiloMbusVif;

/* Indexed by the code without its extension bit. */
extern const NiloMbusVif nilo_mbus_vif_primary[128];
extern const NiloMbusVif nilo_mbus_vif_fb[128];
extern const NiloMbusVif nilo_mbus_vif_fd[128];

/* What a VIFE does. */
typedef enum {
    NILO_MBUS_VIFE_OTHER = 0,    /* changes what the value means in a way we give no name */
    NILO_MBUS_VIFE_NOTHING,      /* 00: no error */
    NILO_MBUS_VIFE_QUALIFY,      /* adds its qualifier, nothing else */
    NILO_MBUS_VIFE_RECORD_ERROR, /* the meter reports an error in this record; the value stands */
    NILO_MBUS_VIFE_NO_VALUE,     /* the meter has no valid value */
    NILO_MBUS_VIFE_SCALE,        /* times 10^argument */
    NILO_MBUS_VIFE_ADD,          /* plus 10^argument */
    NILO_MBUS_VIFE_TIME,         /* the value is a date */
    NILO_MBUS_VIFE_DURATION,     /* the value is a duration; argument is its NiloUnit */
    NILO_MBUS_VIFE_COUNT,        /* the value counts events */
    NILO_MBUS_VIFE_EXTENSION,    /* the next VIFE is of the second table */
    NILO_MBUS_VIFE_MANUFACTURER, /* all that follow are the maker's own */
} NiloMbusVifeEffect;

typedef struct {
    uint8_t effect; /* NiloMbusVifeEffect */
    int8_t argument;
    uint16_t qualifier; /* bits of nilo-mbus-record.h */
} NiloMbusVife;

extern const NiloMbusVife nilo_mbus_vife_combinable[128];
extern const NiloMbusVife nilo_mbus_vife_second[128]; /* after FC */
