/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-wire-result.h"

#include <stdbool.h>
#include <stdint.h>

#define NILO_CJT188_ADDRESS_SIZE      7
#define NILO_CJT188_ADDRESS_TEXT_SIZE (2 * NILO_CJT188_ADDRESS_SIZE + 1)
/* a byte that stands for every byte; in all seven: "whoever hears this", for one meter on the wire
 */
#define NILO_CJT188_ADDRESS_WILDCARD 0xaa

/*
 * A meter's address, A0 first as on the wire. Printed on the meter it is A6..A0: 14 decimal digits,
 * of which the first four (A6 A5) are the maker's code. Meters whose addresses hold other nibbles
 * than 0 to 9 are in use, so nothing here insists on decimal digits.
 */
typedef struct {
    uint8_t bytes[NILO_CJT188_ADDRESS_SIZE];
} NiloCjt188Address;

/**
 * nilo_cjt188_address_from_text:
 * @text: exactly 14 digits, as printed on the meter; A to F, in either case, are taken too
 * @address: (out): untouched on failure
 *
 * Returns: %NILO_WIRE_OK, %NILO_WIRE_BAD_LENGTH, or %NILO_WIRE_BAD_DIGIT
 */
NiloWireResult nilo_cjt188_address_from_text(const char *text, NiloCjt188Address *address);

/* Writes 14 digits in upper case and a closing NUL. */
void nilo_cjt188_address_to_text(const NiloCjt188Address *address,
                                 char text[NILO_CJT188_ADDRESS_TEXT_SIZE]);

bool nilo_cjt188_address_is_equal(const NiloCjt188Address *address, const NiloCjt188Address *other);

/* True when all fourteen nibbles are 0 to 9. */
bool nilo_cjt188_address_is_decimal(const NiloCjt188Address *address);

/*
 * True when any byte is the wildcard. The 2004 edition knows only all seven; tools of the 2018
 * edition send single ones, so one is enough to forbid a write.
 */
bool nilo_cjt188_address_is_wildcard(const NiloCjt188Address *address);

/* True when @address could be meant by @mask: each byte of @mask is the same or the wildcard. */
bool nilo_cjt188_address_is_matched(const NiloCjt188Address *address,
                                    const NiloCjt188Address *mask);

/* The maker's code as its four printed digits read in hex: 0x7833 for 7833. */
uint16_t nilo_cjt188_address_get_maker(const NiloCjt188Address *address);

/* What a type byte T says about the medium. */
typedef enum {
    NILO_CJT188_MEDIUM_UNKNOWN, /* also AA, the wildcard */
    NILO_CJT188_MEDIUM_WATER,   /* 10 to 19 */
    NILO_CJT188_MEDIUM_HEAT,    /* 20 to 29 */
    NILO_CJT188_MEDIUM_GAS,     /* 30 to 39 */
    NILO_CJT188_MEDIUM_OTHER,   /* 40 to 49; electricity in the 2004 edition */
} NiloCjt188Medium;

/* The 2018 edition's ranges, which contain every type of the 2004 edition. */
NiloCjt188Medium nilo_cjt188_type_get_medium(uint8_t type);

/* "cold water", "heat"; for types without a name of their own the range's ("water"). Never NULL. */
const char *nilo_cjt188_type_get_name(uint8_t type);

/* True for the types that the 2004 edition lists: 10 to 13, 20, 21, 30, 40. */
bool nilo_cjt188_type_is_2004(uint8_t type);

/*
 * Whether a meter of type @answered can be the one that was asked as @asked: the same medium, since
 * a heat meter asked as 20 may well answer as 25, or either one the wildcard AA.
 */
bool nilo_cjt188_type_is_answer_to(uint8_t answered, uint8_t asked);
