/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-record.h"
#include "nilo-mbus-vif.h"

#define EFFECT(effect, argument, qualifier)                                                        \
    {                                                                                              \
        NILO_MBUS_VIFE_##effect, argument, qualifier                                               \
    }

#define QUALIFY(qualifier) EFFECT(QUALIFY, 0, qualifier)
#define ASPECT(aspect)     NILO_MBUS_QUALIFIER_ASPECT(NILO_MBUS_ASPECT_##aspect)
#define DIRECTION(symbol)  NILO_MBUS_QUALIFIER_DIRECTION(NILO_MBUS_DIRECTION_##symbol)
#define PHASE(symbol)      QUALIFY(NILO_MBUS_QUALIFIER_PHASE(NILO_MBUS_PHASE_##symbol))
#define PER                QUALIFY(NILO_MBUS_QUALIFIER_PER)
#define PER4               PER, PER, PER, PER
#define RECORD_ERROR       EFFECT(RECORD_ERROR, 0, NILO_MBUS_QUALIFIER_RECORD_ERROR)
#define RECORD_ERROR4      RECORD_ERROR, RECORD_ERROR, RECORD_ERROR, RECORD_ERROR
#define NO_VALUE           EFFECT(NO_VALUE, 0, NILO_MBUS_QUALIFIER_RECORD_ERROR)
#define DATE(qualifier)    EFFECT(TIME, 0, qualifier)
#define LAST               NILO_MBUS_QUALIFIER_LAST
#define END                NILO_MBUS_QUALIFIER_END

/* seconds, minutes, hours, days */
#define DURATION4(qualifier)                                                                       \
    EFFECT(DURATION, NILO_UNIT_SECOND, qualifier), EFFECT(DURATION, NILO_UNIT_MINUTE, qualifier),  \
        EFFECT(DURATION, NILO_UNIT_HOUR, qualifier), EFFECT(DURATION, NILO_UNIT_DAY, qualifier)

/* Combinable extensions (EN 13757-3, 6.4.7). What is not listed is NILO_MBUS_VIFE_OTHER. */
const NiloMbusVife nilo_mbus_vife_combinable[128] = {
    [0x00] = EFFECT(NOTHING, 0, 0),
    [0x01] = RECORD_ERROR,
    [0x02] = RECORD_ERROR,
    [0x03] = RECORD_ERROR,
    [0x04] = RECORD_ERROR4,
    [0x08] = RECORD_ERROR4,
    [0x0c] = RECORD_ERROR4,
    [0x10] = RECORD_ERROR4,
    [0x14] = RECORD_ERROR,
    [0x15] = NO_VALUE, /* no data available */
    [0x16] = NO_VALUE, /* overflow */
    [0x17] = NO_VALUE, /* underflow */
    [0x18] = NO_VALUE, /* data error */
    [0x19] = RECORD_ERROR,
    [0x1a] = RECORD_ERROR,
    [0x1b] = RECORD_ERROR,
    [0x1c] = RECORD_ERROR4,
    [0x20] = PER4, /* second, minute, hour, day */
    [0x24] = PER4, /* week, month, year, revolution */
    [0x28] = PER4, /* pulse on input 0 and 1, on output 0 and 1 */
    [0x2c] = PER4, /* litre, cubic metre, kilogram, kelvin */
    [0x30] = PER4, /* kilowatt hour, gigajoule, kilowatt, kelvin litre */
    [0x34] = PER,  /* volt */
    [0x35] = PER,  /* ampere */
    [0x39] = DATE(ASPECT(START_DATE)),
    [0x3a] = QUALIFY(NILO_MBUS_QUALIFIER_UNCORRECTED),
    [0x3b] = QUALIFY(DIRECTION(FORWARD)),
    [0x3c] = QUALIFY(DIRECTION(BACKWARD)),
    [0x40] = QUALIFY(ASPECT(LOWER_LIMIT)),
    [0x41] = EFFECT(COUNT, 0, ASPECT(LOWER_EXCEEDS)),
    [0x42] = DATE(ASPECT(LOWER_EXCEED_DATE)),
    [0x43] = DATE(ASPECT(LOWER_EXCEED_DATE) | END),
    [0x46] = DATE(ASPECT(LOWER_EXCEED_DATE) | LAST),
    [0x47] = DATE(ASPECT(LOWER_EXCEED_DATE) | LAST | END),
    [0x48] = QUALIFY(ASPECT(UPPER_LIMIT)),
    [0x49] = EFFECT(COUNT, 0, ASPECT(UPPER_EXCEEDS)),
    [0x4a] = DATE(ASPECT(UPPER_EXCEED_DATE)),
    [0x4b] = DATE(ASPECT(UPPER_EXCEED_DATE) | END),
    [0x4e] = DATE(ASPECT(UPPER_EXCEED_DATE) | LAST),
    [0x4f] = DATE(ASPECT(UPPER_EXCEED_DATE) | LAST | END),
    [0x50] = DURATION4(ASPECT(LOWER_EXCEED_DURATION)),
    [0x54] = DURATION4(ASPECT(LOWER_EXCEED_DURATION) | LAST),
    [0x58] = DURATION4(ASPECT(UPPER_EXCEED_DURATION)),
    [0x5c] = DURATION4(ASPECT(UPPER_EXCEED_DURATION) | LAST),
    [0x60] = DURATION4(ASPECT(DURATION)),
    [0x64] = DURATION4(ASPECT(DURATION) | LAST),
    [0x68] = QUALIFY(ASPECT(DURING_LOWER_EXCEED)),
    [0x69] = QUALIFY(ASPECT(LEAKAGE)),
    [0x6a] = DATE(ASPECT(DATE)),
    [0x6b] = DATE(ASPECT(DATE) | END),
    [0x6c] = QUALIFY(ASPECT(DURING_UPPER_EXCEED)),
    [0x6d] = QUALIFY(ASPECT(OVERFLOW)),
    [0x6e] = DATE(ASPECT(DATE) | LAST),
    [0x6f] = DATE(ASPECT(DATE) | LAST | END),
    [0x70] = EFFECT(SCALE, -6, 0),
    [0x71] = EFFECT(SCALE, -5, 0),
    [0x72] = EFFECT(SCALE, -4, 0),
    [0x73] = EFFECT(SCALE, -3, 0),
    [0x74] = EFFECT(SCALE, -2, 0),
    [0x75] = EFFECT(SCALE, -1, 0),
    [0x76] = EFFECT(SCALE, 0, 0),
    [0x77] = EFFECT(SCALE, 1, 0),
    [0x78] = EFFECT(ADD, -3, 0),
    [0x79] = EFFECT(ADD, -2, 0),
    [0x7a] = EFFECT(ADD, -1, 0),
    [0x7b] = EFFECT(ADD, 0, 0),
    [0x7c] = EFFECT(EXTENSION, 0, 0),
    [0x7d] = EFFECT(SCALE, 3, 0),
    [0x7e] = QUALIFY(NILO_MBUS_QUALIFIER_FUTURE),
    [0x7f] = EFFECT(MANUFACTURER, 0, NILO_MBUS_QUALIFIER_MANUFACTURER),
};

/* The second table, reached through FC (EN 13757-3, 6.4.8). */
const NiloMbusVife nilo_mbus_vife_second[128] = {
    [0x01] = PHASE(L1),    [0x02] = PHASE(L2),    [0x03] = PHASE(L3),    [0x04] = PHASE(N),
    [0x05] = PHASE(L1_L2), [0x06] = PHASE(L2_L3), [0x07] = PHASE(L3_L1),
};
