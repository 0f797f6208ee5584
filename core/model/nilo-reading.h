/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-register.h"
#include "nilo-value.h"

G_BEGIN_DECLS

/**
 * NiloReadingFlags:
 * @NILO_READING_INVALID: the meter itself says the value is not one (error pattern, record
 * error): the mantissa is 0 and means nothing
 * @NILO_READING_IMPLAUSIBLE: jumped, and a second read showed the same
 * @NILO_READING_METER_TIME: @taken_us is the meter's own stamp (history), not ours
 * @NILO_READING_CONFIRMED: read twice with the same result
 *
 * Since: 0.1
 */
typedef enum {
    NILO_READING_PLAIN = 0,
    NILO_READING_INVALID = 1 << 0,
    NILO_READING_IMPLAUSIBLE = 1 << 1,
    NILO_READING_METER_TIME = 1 << 2,
    NILO_READING_CONFIRMED = 1 << 3,
} NiloReadingFlags;

/**
 * NiloReading:
 * @reg: what was measured
 * @taken_us: when, UTC microseconds since 1970
 * @value: how much
 * @flags: #NiloReadingFlags
 *
 * Since: 0.1
 */
typedef struct {
    NiloRegister reg;
    gint64 taken_us;
    NiloValue value;
    guint16 flags;
} NiloReading;

G_END_DECLS
