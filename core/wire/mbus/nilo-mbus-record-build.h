/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-record.h"

/* The slave's side: writing records, and the values in them. */

/**
 * nilo_mbus_record_build:
 * @record: function, coding, storage (up to 41 bits), tariff (20), subunit (10), and the bytes of
 *   @vib and @data with their sizes are used; all else is ignored. With NILO_MBUS_CODING_VARIABLE
 *   the length byte is @variable_length and must announce @data_size bytes. A plain text unit is
 *   part of @vib. What has been parsed is built again as it was, but for needless extensions
 * @bytes: where to write; may not overlap what @record points to
 * @capacity: room at @bytes
 *
 * Returns: bytes written; 0 when it does not fit, or @data_size is not what the coding has
 */
size_t nilo_mbus_record_build(const NiloMbusRecord *record, uint8_t *bytes, size_t capacity);

/* Bytes of data that a coding has; those of NILO_MBUS_CODING_VARIABLE are told by @variable_length.
 * Negative when that is reserved, or there is no such coding. */
int nilo_mbus_coding_get_size(NiloMbusCoding coding, uint8_t variable_length);

/* Types B and C: writes @size (1 to 8) bytes of @number; false when it does not fit as type B. */
bool nilo_mbus_integer_build(int64_t number, uint8_t *bytes, size_t size);

/* Type A: writes @size (1 to 9) bytes, a minus as top digit F; false when it does not fit. */
bool nilo_mbus_bcd_build(int64_t number, uint8_t *bytes, size_t size);

/* Types F and G; false for a date that the type cannot hold (F: 1981 to 2299; G: 1981 to 2080). */
bool nilo_mbus_time_build_f(const NiloMbusTime *time, uint8_t bytes[4]);
bool nilo_mbus_time_build_g(const NiloMbusTime *time, uint8_t bytes[2]);
