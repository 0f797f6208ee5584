/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-wire-result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Frames of the M-Bus link layer (EN 13757-2, format class FT1.2 of IEC 60870-5-1), for both the
 * master's and the slave's side. Nothing is copied: a parsed frame points into the caller's bytes.
 */

#define NILO_MBUS_ACK_BYTE     0xe5
#define NILO_MBUS_MAX_DATA     252u /* user data after CI */
#define NILO_MBUS_MAX_FRAME    261u /* bytes on the wire, start to stop */
#define NILO_MBUS_ADDRESS_NONE 0u   /* not yet configured */
#define NILO_MBUS_ADDRESS_LAST 250u /* last address of a single meter */
#define NILO_MBUS_ADDRESS_SELECTED                                                                 \
    253u                             /* the slave that a select by secondary address has chosen */
#define NILO_MBUS_ADDRESS_TEST  254u /* every slave answers: only for one meter on a wire */
#define NILO_MBUS_ADDRESS_EVERY 255u /* broadcast: no slave answers */

/* The bits of the control field (C). */
#define NILO_MBUS_C_FROM_MASTER   0x40u
#define NILO_MBUS_C_FCB           0x20u /* master: frame count bit */
#define NILO_MBUS_C_FCV           0x10u /* master: the frame count bit counts */
#define NILO_MBUS_C_ACD           0x20u /* slave: alarm data waits, to be asked for by REQ_UD1 */
#define NILO_MBUS_C_DFC           0x10u /* slave: busy, send no more data now */
#define NILO_MBUS_C_FUNCTION_MASK 0x0fu

typedef enum {
    NILO_MBUS_FRAME_ACK = 1u << 0,     /* E5 */
    NILO_MBUS_FRAME_SHORT = 1u << 1,   /* 10 C A CS 16 */
    NILO_MBUS_FRAME_CONTROL = 1u << 2, /* 68 03 03 68 C A CI CS 16 */
    NILO_MBUS_FRAME_LONG = 1u << 3,    /* 68 L L 68 C A CI data CS 16 */
} NiloMbusFrameType;

#define NILO_MBUS_FRAME_ANY                                                                        \
    (NILO_MBUS_FRAME_ACK | NILO_MBUS_FRAME_SHORT | NILO_MBUS_FRAME_CONTROL | NILO_MBUS_FRAME_LONG)

typedef struct {
    NiloMbusFrameType type;
    uint8_t c;           /* control field; 0 in an acknowledgement */
    uint8_t a;           /* primary address; 0 in an acknowledgement */
    uint8_t ci;          /* control information; 0 unless control or long */
    const uint8_t *data; /* what follows CI, inside the parsed bytes; NULL unless long */
    size_t size;         /* bytes at @data, 1 to 252 in a long frame, otherwise 0 */
} NiloMbusFrame;

/**
 * nilo_mbus_frame_get_expected_size:
 * @bytes: what has arrived so far, beginning with the start byte
 * @size: bytes at @bytes
 *
 * How long the whole frame will be, so that a reader can set its deadline from the speed: known
 * after the second byte of a long frame, after the first byte of all others (EN 13757-2, 5.1).
 *
 * Returns: total bytes, 1 to 261; 0 when it is not known yet, or when no frame begins here
 */
size_t nilo_mbus_frame_get_expected_size(const uint8_t *bytes, size_t size);

/**
 * nilo_mbus_frame_parse:
 * @bytes: bytes that should begin with a frame
 * @size: bytes at @bytes
 * @frame: the frame; points into @bytes; untouched unless the result is NILO_WIRE_OK
 * @consumed: bytes that are dealt with: the whole frame, or, when it was refused, the one start
 *   byte that turned out to be none; 0 when more bytes are needed
 *
 * Returns: NILO_WIRE_OK, NILO_WIRE_NEED_MORE, NILO_WIRE_BAD_START, NILO_WIRE_BAD_LENGTH,
 *   NILO_WIRE_BAD_STOP or NILO_WIRE_BAD_CHECKSUM
 */
NiloWireResult nilo_mbus_frame_parse(const uint8_t *bytes, size_t size, NiloMbusFrame *frame,
                                     size_t *consumed);

/**
 * nilo_mbus_frame_find:
 * @bytes: all bytes held so far, noise included
 * @size: bytes at @bytes
 * @types: the frame types that make sense now, a combination of NiloMbusFrameType. A master that
 *   waits for data leaves NILO_MBUS_FRAME_ACK out: an E5 inside a broken answer is no answer
 * @at_end: no more bytes will come (deadline passed), so a frame that is not whole is noise too
 * @frame: the first frame found; untouched otherwise
 * @offset: bytes before the frame, or before what may still become one: noise, to be dropped
 * @consumed: bytes up to and including the frame; equal to @offset when none was found
 *
 * Looks for a frame at every start byte in turn, so that noise, an echo or a lost byte costs one
 * frame at most and never the one behind it.
 *
 * Returns: NILO_WIRE_OK, NILO_WIRE_NEED_MORE (a frame may have begun at @offset, or there was
 *   nothing but noise), or with @at_end why the first start byte was refused
 */
NiloWireResult nilo_mbus_frame_find(const uint8_t *bytes, size_t size, unsigned types, bool at_end,
                                    NiloMbusFrame *frame, size_t *offset, size_t *consumed);

/**
 * nilo_mbus_frame_build:
 * @frame: what to send; @frame->data may already stand at its place inside @bytes
 * @bytes: where to write
 * @capacity: room at @bytes; NILO_MBUS_MAX_FRAME is always enough
 *
 * Returns: bytes written; 0 when the frame does not fit, or its data are too long
 */
size_t nilo_mbus_frame_build(const NiloMbusFrame *frame, uint8_t *bytes, size_t capacity);

/* Writes E5. Returns: 1, or 0 without room. */
size_t nilo_mbus_frame_build_ack(uint8_t *bytes, size_t capacity);

/* Writes `10 C A CS 16`. Returns: 5, or 0 without room. */
size_t nilo_mbus_frame_build_short(uint8_t c, uint8_t a, uint8_t *bytes, size_t capacity);

/* Writes `68 03 03 68 C A CI CS 16`. Returns: 9, or 0 without room. */
size_t nilo_mbus_frame_build_control(uint8_t c, uint8_t a, uint8_t ci, uint8_t *bytes,
                                     size_t capacity);

/* Writes a long frame with @data_size (1 to 252) bytes. Returns: its size, or 0. */
size_t nilo_mbus_frame_build_long(uint8_t c, uint8_t a, uint8_t ci, const uint8_t *data,
                                  size_t data_size, uint8_t *bytes, size_t capacity);
