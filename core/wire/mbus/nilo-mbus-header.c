/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-header.h"

#define SHORT_HEADER_SIZE 4u
#define LONG_HEADER_SIZE  12u
#define FIXED_SIZE        16u
#define BLOCK_SIZE        16u /* AES */

typedef enum {
    HEADER_NONE,
    HEADER_SHORT,
    HEADER_LONG,
} HeaderSize;

typedef struct {
    uint8_t ci;
    uint8_t content;
    uint8_t size;
    bool is_high_byte_first;
} Layout;

static const Layout layouts[] = {
    {0x72, NILO_MBUS_CONTENT_RECORDS, HEADER_LONG, false}, /* first: nearly every answer */
    {0x7a, NILO_MBUS_CONTENT_RECORDS, HEADER_SHORT, false},
    {0x78, NILO_MBUS_CONTENT_RECORDS, HEADER_NONE, false},
    {0x76, NILO_MBUS_CONTENT_RECORDS, HEADER_LONG, true},
    {0x73, NILO_MBUS_CONTENT_FIXED, HEADER_NONE, false},
    {0x77, NILO_MBUS_CONTENT_FIXED, HEADER_NONE, true},
    {0x70, NILO_MBUS_CONTENT_ERROR, HEADER_NONE, false},
    {0x6e, NILO_MBUS_CONTENT_ERROR, HEADER_SHORT, false},
    {0x6f, NILO_MBUS_CONTENT_ERROR, HEADER_LONG, false},
    {0x71, NILO_MBUS_CONTENT_ALARM, HEADER_NONE, false},
    {0x74, NILO_MBUS_CONTENT_ALARM, HEADER_SHORT, false},
    {0x75, NILO_MBUS_CONTENT_ALARM, HEADER_LONG, false},
    {0x66, NILO_MBUS_CONTENT_RECORDS, HEADER_NONE, false},
    {0x67, NILO_MBUS_CONTENT_RECORDS, HEADER_SHORT, false},
    {0x68, NILO_MBUS_CONTENT_RECORDS, HEADER_LONG, false},
    {0x50, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0x51, NILO_MBUS_CONTENT_RECORDS, HEADER_NONE, false},
    {0x52, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0x54, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0x55, NILO_MBUS_CONTENT_RECORDS, HEADER_NONE, true},
    {0x56, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, true},
    {0x5a, NILO_MBUS_CONTENT_RECORDS, HEADER_SHORT, false},
    {0x5b, NILO_MBUS_CONTENT_RECORDS, HEADER_LONG, false},
    {0x5c, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0xb8, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0xb9, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0xba, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0xbb, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0xbc, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0xbd, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0xbe, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
    {0xbf, NILO_MBUS_CONTENT_REQUEST, HEADER_NONE, false},
};

/* a CI that only one side may send is unknown from the other: B8 from a slave is the maker's own */
static bool
fits_direction(uint8_t ci, uint8_t c)
{
    const bool is_request = (ci >= 0x50 && ci <= 0x5f) || ci >= 0xb8;

    return is_request == ((c & NILO_MBUS_C_FROM_MASTER) != 0);
}

static Layout
find_layout(uint8_t ci, uint8_t c)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if (layouts[i].ci == ci && fits_direction(ci, c))
            return layouts[i];
    }
    return (Layout){ci, NILO_MBUS_CONTENT_UNKNOWN, HEADER_NONE, false};
}

/* the whole address in mode 2 is high byte first, number by number */
static NiloMbusAddress
parse_address(const uint8_t *bytes, bool is_high_byte_first)
{
    const uint8_t swapped[NILO_MBUS_ADDRESS_SIZE] = {bytes[3], bytes[2], bytes[1], bytes[0],
                                                     bytes[5], bytes[4], bytes[6], bytes[7]};

    return nilo_mbus_address_parse(is_high_byte_first ? swapped : bytes);
}

static void
parse_status(const uint8_t *bytes, bool is_high_byte_first, NiloMbusHeader *header)
{
    header->has_status = true;
    header->access_number = bytes[0];
    header->status = bytes[1];
    header->configuration = is_high_byte_first ? (uint16_t)(bytes[2] << 8 | bytes[3])
                                               : (uint16_t)(bytes[3] << 8 | bytes[2]);
}

unsigned
nilo_mbus_configuration_get_mode(uint16_t configuration)
{
    return configuration >> 8 & 0x1f;
}

/* Old meters have a signature, or anything, in the configuration word: only a mode that exists
 * counts, and where the word says how many blocks it covers they must be there. */
static bool
is_encrypted(const NiloMbusHeader *header)
{
    const size_t blocks = header->configuration >> 4 & 0x0f;

    switch (nilo_mbus_configuration_get_mode(header->configuration)) {
    case 5: /* AES-128-CBC */
    case 7: /* the same with a derived key */
        return blocks > 0 && blocks * BLOCK_SIZE <= header->payload_size;
    case 2: /* DES-CBC */
    case 3:
    case 4:  /* AES-128-CBC with an initial vector of zeros */
    case 8:  /* AES-128-CTR */
    case 9:  /* AES-128-GCM */
    case 10: /* AES-128-CCM */
    case 13: /* TLS */
        return header->payload_size > 0;
    default:
        return false;
    }
}

NiloWireResult
nilo_mbus_header_parse(const NiloMbusFrame *frame, NiloMbusHeader *header)
{
    static const uint8_t sizes[] = {
        [HEADER_NONE] = 0,
        [HEADER_SHORT] = SHORT_HEADER_SIZE,
        [HEADER_LONG] = LONG_HEADER_SIZE,
    };
    const Layout layout = find_layout(frame->ci, frame->c);
    const size_t size = sizes[layout.size];
    NiloMbusHeader parsed = {
        .content = (NiloMbusContent)layout.content,
        .is_high_byte_first = layout.is_high_byte_first,
        .error_code = NILO_MBUS_ERROR_CODE_MISSING,
    };

    if ((frame->type & (NILO_MBUS_FRAME_CONTROL | NILO_MBUS_FRAME_LONG)) == 0)
        return NILO_WIRE_UNSUPPORTED;
    if (frame->size < size ||
        (layout.content == NILO_MBUS_CONTENT_FIXED && frame->size < FIXED_SIZE))
        return NILO_WIRE_BAD_LENGTH;
    if (layout.size == HEADER_LONG) {
        parsed.has_address = true;
        parsed.address = parse_address(frame->data, layout.is_high_byte_first);
    }
    if (size >= SHORT_HEADER_SIZE)
        parse_status(frame->data + size - SHORT_HEADER_SIZE, layout.is_high_byte_first, &parsed);
    parsed.payload_size = frame->size - size;
    parsed.payload = parsed.payload_size > 0 ? frame->data + size : NULL;
    if (layout.content == NILO_MBUS_CONTENT_ERROR && parsed.payload_size > 0)
        parsed.error_code = parsed.payload[0];
    parsed.is_encrypted = parsed.has_status && is_encrypted(&parsed);
    *header = parsed;
    return NILO_WIRE_OK;
}

void
nilo_mbus_header_build(const NiloMbusHeader *header, uint8_t bytes[12])
{
    nilo_mbus_address_build(&header->address, bytes);
    bytes[8] = header->access_number;
    bytes[9] = header->status;
    bytes[10] = (uint8_t)header->configuration;
    bytes[11] = (uint8_t)(header->configuration >> 8);
}
