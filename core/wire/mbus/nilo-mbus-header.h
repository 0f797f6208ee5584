/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-address.h"
#include "nilo-mbus-frame.h"
#include "nilo-wire-result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands between the link frame and the records (EN 13757-3, clause 5). */

typedef enum {
    NILO_MBUS_CONTENT_UNKNOWN = 0, /* a CI we do not know, or the maker's own: see the payload */
    NILO_MBUS_CONTENT_RECORDS,     /* variable data structure */
    NILO_MBUS_CONTENT_FIXED,       /* fixed data structure, 16 bytes */
    NILO_MBUS_CONTENT_ERROR,       /* application error */
    NILO_MBUS_CONTENT_ALARM,       /* the payload is one byte of alarm bits, if any */
    NILO_MBUS_CONTENT_REQUEST,     /* from the master: select, reset, speed .. */
} NiloMbusContent;

/* Status byte of the header. */
#define NILO_MBUS_STATUS_APPLICATION_MASK  0x03u
#define NILO_MBUS_STATUS_BUSY              0x01u /* of the two bits above */
#define NILO_MBUS_STATUS_APPLICATION_ERROR 0x02u
#define NILO_MBUS_STATUS_ABNORMAL          0x03u
#define NILO_MBUS_STATUS_POWER_LOW         0x04u
#define NILO_MBUS_STATUS_PERMANENT_ERROR   0x08u
#define NILO_MBUS_STATUS_TEMPORARY_ERROR   0x10u
#define NILO_MBUS_STATUS_MANUFACTURER_MASK 0xe0u

#define NILO_MBUS_ERROR_CODE_MISSING       (-1)

typedef struct {
    NiloMbusContent content;
    bool has_address;        /* long header: @address is the meter's */
    bool has_status;         /* long or short header */
    bool is_high_byte_first; /* obsolete mode 2: hand it to the record iterator */
    bool is_encrypted;       /* the payload begins with encrypted blocks: no records to read */
    NiloMbusAddress address;
    uint8_t access_number;
    uint8_t status;
    uint16_t configuration;
    int16_t error_code;     /* application error, or NILO_MBUS_ERROR_CODE_MISSING */
    const uint8_t *payload; /* behind the header; NULL when nothing is there */
    size_t payload_size;
} NiloMbusHeader;

/**
 * nilo_mbus_header_parse:
 * @frame: a control or long frame
 * @header: the header; untouched unless the result is NILO_WIRE_OK
 *
 * An unknown CI is no failure: the content is then NILO_MBUS_CONTENT_UNKNOWN and the payload all
 * of the frame's data.
 *
 * Returns: NILO_WIRE_OK; NILO_WIRE_BAD_LENGTH when the header does not fit into the frame;
 *   NILO_WIRE_UNSUPPORTED for a frame without CI
 */
NiloWireResult nilo_mbus_header_parse(const NiloMbusFrame *frame, NiloMbusHeader *header);

/* Mode of encryption as the configuration word names it (bits 12 to 8); 0 is none. */
unsigned nilo_mbus_configuration_get_mode(uint16_t configuration);

/**
 * nilo_mbus_header_build:
 * @header: address, access number, status and configuration are used
 * @bytes: where to write the long header, 12 bytes
 *
 * The slave's side: a long header for CI 72.
 */
void nilo_mbus_header_build(const NiloMbusHeader *header, uint8_t bytes[12]);

/* What an application error means: "too many readouts", or "reserved error code". */
const char *nilo_mbus_error_code_get_text(int code);

/* Name of a medium: "water", "heat (outlet)"; "reserved" for those without one. */
const char *nilo_mbus_medium_get_name(uint8_t medium);
