/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-address.h"
#include "nilo-wire-result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The frame of CJ/T 188:
 *
 *     FE..  68  T  A0 A1 A2 A3 A4 A5 A6  C  L  DATA(L)  CS  16
 *
 * CS is the sum of 68 to the last data byte, modulo 256; the FE in front do not count.
 */
#define NILO_CJT188_FRAME_HEAD_SIZE 11 /* 68 up to and with L: from here on the size is known */
#define NILO_CJT188_FRAME_MIN_SIZE  13
#define NILO_CJT188_DATA_MAX_SIZE   100 /* 64H; requests that write: 32H */
#define NILO_CJT188_WRITE_MAX_SIZE  50
#define NILO_CJT188_FRAME_MAX_SIZE  (NILO_CJT188_FRAME_MIN_SIZE + NILO_CJT188_DATA_MAX_SIZE)
#define NILO_CJT188_PREAMBLE_BYTE   0xfe
#define NILO_CJT188_PREAMBLE_MAX_SIZE                                                              \
    12 /* the standard asks for 2 to 4; 12 were met in the field */

typedef struct {
    const uint8_t *bytes; /* the 68 in the caller's buffer, borrowed */
    size_t size;          /* 68 to 16 */
    uint8_t type;         /* T */
    NiloCjt188Address address;
    uint8_t control;     /* C; see nilo-cjt188-message.h */
    const uint8_t *data; /* borrowed; NULL only in a frame to build that has none */
    uint8_t data_size;   /* L */
    uint8_t checksum;    /* as received */
    uint8_t sum;         /* as it should be */
} NiloCjt188Frame;

/**
 * nilo_cjt188_frame_parse:
 * @bytes: (array length=size): what stands where a frame should begin; not a preamble
 * @size: bytes in @bytes
 * @frame: (out): written with %NILO_WIRE_OK and %NILO_WIRE_BAD_CHECKSUM; points into @bytes
 *
 * Reads the frame that begins at the first byte (CJ/T 188-2004, frame format). Bytes behind it are
 * not looked at.
 *
 * Returns: %NILO_WIRE_OK; %NILO_WIRE_BAD_CHECKSUM when the shape fits and the sum does not;
 *   %NILO_WIRE_NEED_MORE while a frame may become of it; %NILO_WIRE_BAD_START,
 * %NILO_WIRE_BAD_LENGTH (L above 64H) or %NILO_WIRE_BAD_STOP when no frame begins here
 */
NiloWireResult nilo_cjt188_frame_parse(const uint8_t *bytes, size_t size, NiloCjt188Frame *frame);

/**
 * nilo_cjt188_frame_get_expected_size:
 * @bytes: (array length=size): a frame's first bytes
 * @size: bytes in @bytes
 *
 * How long the frame will be, for a reader's deadline: exact once L has arrived (@size of
 * NILO_CJT188_FRAME_HEAD_SIZE or more), the shortest possible frame before that.
 *
 * Returns: bytes from 68 to 16, 13 to 268; a length above the standard's is refused by the parser
 */
size_t nilo_cjt188_frame_get_expected_size(const uint8_t *bytes, size_t size);

typedef struct {
    NiloCjt188Frame frame;
    /* bytes in front of the frame, whatever they are: FE, FF, 00, a vendor's envelope, noise */
    size_t preamble_size;
    /*
     * How many bytes the caller may now drop. NILO_WIRE_OK: up to the frame's end.
     * NILO_WIRE_NEED_MORE: what stands in front of the frame that may still come.
     * NILO_WIRE_BAD_CHECKSUM: up to the refused start byte, so that the next search goes on inside
     * that frame. NILO_WIRE_BAD_START: all.
     */
    size_t consumed_size;
    size_t trailing_size; /* bytes behind the frame */
    size_t expected_size; /* NILO_WIRE_NEED_MORE: bytes, counted from @bytes[0], until a verdict */
    bool passed_bad_checksum; /* a frame with a wrong sum stands in front of this one */
} NiloCjt188Found;

/**
 * nilo_cjt188_frame_find:
 * @bytes: (array length=size): what a line has delivered
 * @size: bytes in @bytes
 * @found: (out): filled as far as it goes in every case; its frame only with %NILO_WIRE_OK and
 *   %NILO_WIRE_BAD_CHECKSUM
 *
 * Finds the first good frame. A start byte that leads nowhere (noise, a 68 inside of data, a frame
 * cut short) never hides a good frame behind it: the search goes on at the byte after.
 *
 * Returns: %NILO_WIRE_OK; %NILO_WIRE_NEED_MORE when a frame is growing, or nothing but idle bytes
 * (FE, FF, 00) has come; %NILO_WIRE_BAD_CHECKSUM when there is a frame of right shape and wrong
 * sum, and nothing is growing behind it; %NILO_WIRE_BAD_START when no frame can begin in these
 * bytes
 */
NiloWireResult nilo_cjt188_frame_find(const uint8_t *bytes, size_t size, NiloCjt188Found *found);

/**
 * nilo_cjt188_frame_build:
 * @frame: type, address, control, data and data_size count; the rest is not looked at
 * @preamble_size: FE bytes in front, 0 to NILO_CJT188_PREAMBLE_MAX_SIZE; the standard asks for 2 to
 * 4
 * @bytes: (array length=capacity): where to write
 * @capacity: room in @bytes
 * @size: (out): bytes written; untouched on failure
 *
 * Writes preamble, frame, sum and stop byte, whatever they say: see nilo_cjt188_message_build() for
 * frames that a driver may send.
 *
 * Returns: %NILO_WIRE_OK, or %NILO_WIRE_TOO_LONG when data, preamble or frame exceed their room
 */
NiloWireResult nilo_cjt188_frame_build(const NiloCjt188Frame *frame, size_t preamble_size,
                                       uint8_t *bytes, size_t capacity, size_t *size);
