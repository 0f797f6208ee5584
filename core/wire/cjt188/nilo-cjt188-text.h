/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-field.h"

/*
 * All writers here fill a caller's buffer of @size bytes, always close it with a NUL (unless @size
 * is 0), never write beyond it, and return the length the whole text has: less than @size when it
 * fitted.
 */

/* The unit code's short name, "m3", "kWh", "m3x10"; "code 00" when it names no unit. */
size_t nilo_cjt188_unit_code_to_text(uint8_t code, char *text, size_t size);

/*
 * The field's content as an operator would note it: "433323.13 m3", "72.17 code 00",
 * "2010-04-22 09:49:51", "ST0=00 ST1=08 valve=open battery=ok", "not supported (FF)",
 * "invalid (0A 00 00 00 2C)". A clock is printed as its digits stand in the standard's order, also
 * when they make no date. A key is never printed.
 */
size_t nilo_cjt188_field_to_text(const NiloCjt188Field *field, char *text, size_t size);

#define NILO_CJT188_LINE_KEY_SIZE 24
/* enough for any line about a stream of @size bytes */
#define NILO_CJT188_LINE_TEXT_SIZE(size) (3 * (size) + 160)

/* Iterates over everything there is to say about a stream's first frame, as keys and texts. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
    NiloWireResult result; /* of nilo_cjt188_frame_find() */
    NiloCjt188Found found;
    NiloCjt188Message message;
    NiloCjt188Fields fields;
    NiloCjt188Clock year_first;
    uint8_t step;
    bool has_year_first;
} NiloCjt188Lines;

/* @profile may be NULL for the standard's way. */
void nilo_cjt188_line_start(NiloCjt188Lines *lines, const uint8_t *bytes, size_t size,
                            const NiloCjt188Profile *profile);

/**
 * nilo_cjt188_line_next:
 * @lines: the iterator
 * @key: (out): the line's key
 * @text: (array length=size): the line's text, cut off when @size is too small; see
 *   NILO_CJT188_LINE_TEXT_SIZE
 * @size: room in @text
 *
 * The keys, in this order, each only if it applies: expect (ok, bad-checksum, no-frame), error,
 * preamble, trailing, type, address, control, length, flag_d5, data, di, ser, error_code, payload,
 * then one per field under its printed name, and time_year_first behind a time whose bytes stand
 * the other way round.
 *
 * Returns: false after the last line
 */
bool nilo_cjt188_line_next(NiloCjt188Lines *lines, char key[NILO_CJT188_LINE_KEY_SIZE], char *text,
                           size_t size);
