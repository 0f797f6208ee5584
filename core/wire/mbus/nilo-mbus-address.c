/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-address.h"

#define LETTER_BITS 5
#define LETTER_MASK 0x1fu
#define LETTER_BASE 64 /* 'A' is 1 */

static const char hex_digits[] = "0123456789ABCDEF";

NiloMbusAddress
nilo_mbus_address_parse(const uint8_t bytes[NILO_MBUS_ADDRESS_SIZE])
{
    return (NiloMbusAddress){
        .identification = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                          (uint32_t)bytes[3] << 24,
        .manufacturer = (uint16_t)(bytes[4] | bytes[5] << 8),
        .version = bytes[6],
        .medium = bytes[7],
    };
}

void
nilo_mbus_address_build(const NiloMbusAddress *address, uint8_t bytes[NILO_MBUS_ADDRESS_SIZE])
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(address->identification >> (8 * i));
    bytes[4] = (uint8_t)address->manufacturer;
    bytes[5] = (uint8_t)(address->manufacturer >> 8);
    bytes[6] = address->version;
    bytes[7] = address->medium;
}

bool
nilo_mbus_digits_match(uint32_t digits, uint32_t mask)
{
    for (unsigned shift = 0; shift < 32; shift += 4) {
        const uint32_t wanted = mask >> shift & 0x0f;

        if (wanted != 0x0f && wanted != (digits >> shift & 0x0f))
            return false;
    }
    return true;
}

bool
nilo_mbus_address_matches(const NiloMbusAddress *address, const NiloMbusAddress *mask)
{
    return (mask->manufacturer == NILO_MBUS_ANY_MANUFACTURER ||
            mask->manufacturer == address->manufacturer) &&
           (mask->version == NILO_MBUS_ANY_VERSION || mask->version == address->version) &&
           (mask->medium == NILO_MBUS_ANY_MEDIUM || mask->medium == address->medium) &&
           nilo_mbus_digits_match(address->identification, mask->identification);
}

bool
nilo_mbus_address_has_wildcard(const NiloMbusAddress *mask)
{
    for (unsigned shift = 0; shift < 32; shift += 4) {
        if ((mask->identification >> shift & 0x0f) == 0x0f)
            return true;
    }
    return mask->manufacturer == NILO_MBUS_ANY_MANUFACTURER ||
           mask->version == NILO_MBUS_ANY_VERSION || mask->medium == NILO_MBUS_ANY_MEDIUM;
}

bool
nilo_mbus_manufacturer_to_letters(uint16_t code, char letters[4])
{
    bool plain = code >> 15 == 0;

    for (unsigned i = 0; i < 3; i++) {
        const unsigned value = code >> (LETTER_BITS * (2 - i)) & LETTER_MASK;

        letters[i] = (char)(LETTER_BASE + value);
        plain = plain && value >= 1 && value <= 26;
    }
    letters[3] = '\0';
    return plain;
}

bool
nilo_mbus_manufacturer_from_letters(const char *letters, uint16_t *code)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < 3; i++) {
        const unsigned value = ((unsigned char)letters[i] & ~0x20u) - LETTER_BASE;

        if (((unsigned char)letters[i] & 0x40u) == 0 || value < 1 || value > 26)
            return false;
        sum = sum << LETTER_BITS | value;
    }
    if (letters[3] != '\0')
        return false;
    *code = (uint16_t)sum;
    return true;
}

static char *
put_hex(char *at, uint32_t value, unsigned digits)
{
    while (digits-- > 0)
        *at++ = hex_digits[value >> (4 * digits) & 0x0f];
    return at;
}

void
nilo_mbus_address_format(const NiloMbusAddress *address, char text[NILO_MBUS_ADDRESS_TEXT_SIZE])
{
    char letters[4];
    char *at = put_hex(text, address->identification, 8);

    *at++ = '.';
    if (nilo_mbus_manufacturer_to_letters(address->manufacturer, letters)) {
        for (unsigned i = 0; i < 3; i++)
            *at++ = letters[i];
    } else {
        at = put_hex(at, address->manufacturer, 4);
    }
    *at++ = '.';
    at = put_hex(at, address->version, 2);
    *at++ = '.';
    at = put_hex(at, address->medium, 2);
    *at = '\0';
}

/* exactly @digits hexadecimal digits, then @terminator; NULL when it is something else */
static const char *
take_hex(const char *at, unsigned digits, char terminator, uint32_t *value)
{
    uint32_t sum = 0;

    while (digits-- > 0) {
        const char c = *at++;

        if (c >= '0' && c <= '9')
            sum = sum << 4 | (uint32_t)(c - '0');
        else if (c >= 'A' && c <= 'F')
            sum = sum << 4 | (uint32_t)(c - 'A' + 10);
        else if (c >= 'a' && c <= 'f')
            sum = sum << 4 | (uint32_t)(c - 'a' + 10);
        else
            return NULL;
    }
    *value = sum;
    return *at == terminator ? at + 1 : NULL;
}

/* three letters and a dot, else four hexadecimal digits and a dot */
static const char *
take_manufacturer(const char *at, uint16_t *code)
{
    char letters[4] = {0};
    uint32_t value = 0;

    for (unsigned i = 0; i < 3 && at[i] != '\0'; i++)
        letters[i] = at[i];
    if (letters[2] != '\0' && at[3] == '.' && nilo_mbus_manufacturer_from_letters(letters, code))
        return at + 4;
    at = take_hex(at, 4, '.', &value);
    *code = (uint16_t)value;
    return at;
}

bool
nilo_mbus_address_scan(const char *text, NiloMbusAddress *address)
{
    uint32_t identification, version, medium;
    uint16_t manufacturer;

    if ((text = take_hex(text, 8, '.', &identification)) == NULL ||
        (text = take_manufacturer(text, &manufacturer)) == NULL ||
        (text = take_hex(text, 2, '.', &version)) == NULL ||
        take_hex(text, 2, '\0', &medium) == NULL)
        return false;
    *address = (NiloMbusAddress){identification, manufacturer, (uint8_t)version, (uint8_t)medium};
    return true;
}
