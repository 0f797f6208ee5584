/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-record.h"
#include "nilo-mbus-value.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Texts of what was decoded, the same in every tool. All of them write UTF-8 into the caller's
 * buffer, always end it with a NUL, cut off what does not fit, and return the length the whole
 * text has (without the NUL), as snprintf() does.
 */

#define NILO_MBUS_TEXT_SIZE 520u /* enough for every text here, a value of 252 letters included */

/* "0.0742", "35000", "-8.1": @mantissa x 10^@exponent, exact, without trailing zeros. */
size_t nilo_mbus_text_format_decimal(int64_t mantissa, int8_t exponent, char *text,
                                     size_t capacity);

/* "2014-03-13T14:26", "2013-12-31", "08:15:00"; @type one of the three types with a time. The
 * fields stand as they were sent, even when they are no date. */
size_t nilo_mbus_text_format_time(const NiloMbusTime *time, NiloMbusValueType type, char *text,
                                  size_t capacity);

/* The value without its unit. Bits and bytes in hexadecimal ("0x0004"); texts in reading order.
 * Empty for values that are invalid or not there. */
size_t nilo_mbus_text_format_value(const NiloMbusRecord *record, char *text, size_t capacity);

/* The unit: its printed name, or the plain text unit of the record. */
size_t nilo_mbus_text_format_unit(const NiloMbusRecord *record, char *text, size_t capacity);

/* The quantity; a reserved one with its code: "reserved FD7C". */
size_t nilo_mbus_text_format_quantity(const NiloMbusRecord *record, char *text, size_t capacity);

/* How many modifiers a record has: one for each extension, the maker's own count as one. */
unsigned nilo_mbus_text_count_modifiers(const NiloMbusRecord *record);

/* One of them: "forward flow only", "x10^-2", "manufacturer VIFEs 01", "vife 28". Empty when
 * there is no such modifier, and for an extension that only announces the next one (FC). */
size_t nilo_mbus_text_format_modifier(const NiloMbusRecord *record, unsigned index, char *text,
                                      size_t capacity);

/* "instantaneous", "maximum", "minimum", "error". */
const char *nilo_mbus_function_get_name(NiloMbusFunction function);

/* "ok", "invalid", "not set", "unknown". */
const char *nilo_mbus_state_get_name(NiloMbusState state);
