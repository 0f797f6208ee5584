/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a parser of wire bytes concluded. Freestanding code has no GError; the host maps these. */
typedef enum {
    NILO_WIRE_OK = 0,
    NILO_WIRE_NEED_MORE,    /* a prefix of something valid: wait for more bytes */
    NILO_WIRE_END,          /* nothing more to read, all well */
    NILO_WIRE_BAD_START,    /* no start byte where one must stand */
    NILO_WIRE_BAD_LENGTH,   /* length fields disagree, or are out of range */
    NILO_WIRE_BAD_STOP,     /* stop byte is not 16 */
    NILO_WIRE_BAD_CHECKSUM, /* shape fits, sum does not */
    NILO_WIRE_BAD_DIGIT,    /* a BCD nibble above 9 */
    NILO_WIRE_BAD_VALUE,    /* shape fits, content does not */
    NILO_WIRE_TOO_LONG,     /* does not fit the caller's buffer or the field */
    NILO_WIRE_UNSUPPORTED,  /* well formed, but nothing we know */
} NiloWireResult;

/* A short English sentence fragment, lower case: "checksum does not match". Never NULL. */
const char *nilo_wire_result_get_text(NiloWireResult result);
