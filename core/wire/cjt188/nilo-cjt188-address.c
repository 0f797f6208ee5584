/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-address.h"

#include "nilo-wire-bcd.h"

#include <stddef.h>

static int
digit_from_char(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

NiloWireResult
nilo_cjt188_address_from_text(const char *text, NiloCjt188Address *address)
{
    NiloCjt188Address parsed = {{0}};
    size_t n_digits = 0;

    for (; text[n_digits] != '\0'; n_digits++) {
        const int digit = digit_from_char(text[n_digits]);
        uint8_t *byte;

        if (n_digits == 2 * NILO_CJT188_ADDRESS_SIZE)
            return NILO_WIRE_BAD_LENGTH;
        if (digit < 0)
            return NILO_WIRE_BAD_DIGIT;
        byte = &parsed.bytes[NILO_CJT188_ADDRESS_SIZE - 1 - n_digits / 2];
        *byte = (uint8_t)(*byte << 4 | digit);
    }
    if (n_digits != 2 * NILO_CJT188_ADDRESS_SIZE)
        return NILO_WIRE_BAD_LENGTH;
    *address = parsed;
    return NILO_WIRE_OK;
}

void
nilo_cjt188_address_to_text(const NiloCjt188Address *address,
                            char text[NILO_CJT188_ADDRESS_TEXT_SIZE])
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < NILO_CJT188_ADDRESS_SIZE; i++) {
        const uint8_t byte = address->bytes[NILO_CJT188_ADDRESS_SIZE - 1 - i];

        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 0x0f];
    }
    text[2 * NILO_CJT188_ADDRESS_SIZE] = '\0';
}

bool
nilo_cjt188_address_is_equal(const NiloCjt188Address *address, const NiloCjt188Address *other)
{
    for (size_t i = 0; i < NILO_CJT188_ADDRESS_SIZE; i++) {
        if (address->bytes[i] != other->bytes[i])
            return false;
    }
    return true;
}

bool
nilo_cjt188_address_is_decimal(const NiloCjt188Address *address)
{
    return nilo_bcd_is_valid(address->bytes, NILO_CJT188_ADDRESS_SIZE);
}

bool
nilo_cjt188_address_is_wildcard(const NiloCjt188Address *address)
{
    for (size_t i = 0; i < NILO_CJT188_ADDRESS_SIZE; i++) {
        if (address->bytes[i] == NILO_CJT188_ADDRESS_WILDCARD)
            return true;
    }
    return false;
}

bool
nilo_cjt188_address_is_matched(const NiloCjt188Address *address, const NiloCjt188Address *mask)
{
    for (size_t i = 0; i < NILO_CJT188_ADDRESS_SIZE; i++) {
        if (mask->bytes[i] != NILO_CJT188_ADDRESS_WILDCARD && mask->bytes[i] != address->bytes[i])
            return false;
    }
    return true;
}

uint16_t
nilo_cjt188_address_get_maker(const NiloCjt188Address *address)
{
    return (uint16_t)(address->bytes[6] << 8 | address->bytes[5]);
}

NiloCjt188Medium
nilo_cjt188_type_get_medium(uint8_t type)
{
    if ((type & 0x0f) > 9)
        return NILO_CJT188_MEDIUM_UNKNOWN;
    switch (type >> 4) {
    case 1:
        return NILO_CJT188_MEDIUM_WATER;
    case 2:
        return NILO_CJT188_MEDIUM_HEAT;
    case 3:
        return NILO_CJT188_MEDIUM_GAS;
    case 4:
        return NILO_CJT188_MEDIUM_OTHER;
    default:
        return NILO_CJT188_MEDIUM_UNKNOWN;
    }
}

const char *
nilo_cjt188_type_get_name(uint8_t type)
{
    static const char *const media[] = {
        [NILO_CJT188_MEDIUM_UNKNOWN] = "unknown", [NILO_CJT188_MEDIUM_WATER] = "water",
        [NILO_CJT188_MEDIUM_HEAT] = "heat",       [NILO_CJT188_MEDIUM_GAS] = "gas",
        [NILO_CJT188_MEDIUM_OTHER] = "other",
    };

    switch (type) {
    case 0x10:
        return "cold water";
    case 0x11:
        return "hot water";
    case 0x12:
        return "drinking water";
    case 0x13:
        return "reclaimed water";
    case 0x21:
        return "cold";
    case 0x22:
        return "heat and cold";
    case NILO_CJT188_ADDRESS_WILDCARD:
        return "any";
    default:
        return media[nilo_cjt188_type_get_medium(type)];
    }
}

bool
nilo_cjt188_type_is_2004(uint8_t type)
{
    return (type >= 0x10 && type <= 0x13) || type == 0x20 || type == 0x21 || type == 0x30 ||
           type == 0x40;
}

bool
nilo_cjt188_type_is_answer_to(uint8_t answered, uint8_t asked)
{
    const NiloCjt188Medium medium = nilo_cjt188_type_get_medium(answered);

    if (answered == asked || answered == NILO_CJT188_ADDRESS_WILDCARD ||
        asked == NILO_CJT188_ADDRESS_WILDCARD)
        return true;
    return medium != NILO_CJT188_MEDIUM_UNKNOWN && medium == nilo_cjt188_type_get_medium(asked);
}
