/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The secondary address: who a meter is (EN 13757-3, 5.5 fixed data header; 13757-7 selection).
 * The same struct is a mask: an F digit, FFFF or FF there stands for anything.
 */
typedef struct {
    uint32_t identification; /* eight BCD digits, as printed: 0x12345678 */
    uint16_t manufacturer;   /* three letters of five bits */
    uint8_t version;
    uint8_t medium;
} NiloMbusAddress;

#define NILO_MBUS_ADDRESS_SIZE       8u  /* bytes on the wire */
#define NILO_MBUS_ADDRESS_TEXT_SIZE  22u /* "12345678.FFFF.16.07" with its NUL, rounded up */
#define NILO_MBUS_ANY_IDENTIFICATION UINT32_C(0xffffffff)
#define NILO_MBUS_ANY_MANUFACTURER   0xffffu
#define NILO_MBUS_ANY_VERSION        0xffu
#define NILO_MBUS_ANY_MEDIUM         0xffu
#define NILO_MBUS_ADDRESS_ANY                                                                      \
    ((NiloMbusAddress){NILO_MBUS_ANY_IDENTIFICATION, NILO_MBUS_ANY_MANUFACTURER,                   \
                       NILO_MBUS_ANY_VERSION, NILO_MBUS_ANY_MEDIUM})

/* Reads the eight bytes as they stand in a long header or in a select. */
NiloMbusAddress nilo_mbus_address_parse(const uint8_t bytes[NILO_MBUS_ADDRESS_SIZE]);

/* Writes the eight bytes. */
void nilo_mbus_address_build(const NiloMbusAddress *address, uint8_t bytes[NILO_MBUS_ADDRESS_SIZE]);

/* Whether @address fits @mask: what a slave asks itself on a select, and a master on the answer. */
bool nilo_mbus_address_matches(const NiloMbusAddress *address, const NiloMbusAddress *mask);

/* Whether two BCD numbers of eight digits agree wherever @mask has no F digit. */
bool nilo_mbus_digits_match(uint32_t digits, uint32_t mask);

/* Whether @mask has a wildcard anywhere: such a select must never carry a write. */
bool nilo_mbus_address_has_wildcard(const NiloMbusAddress *mask);

/**
 * nilo_mbus_manufacturer_to_letters:
 * @code: manufacturer code, first letter in bits 14 to 10 (EN 13757-3, 5.6)
 * @letters: three characters and a NUL; each is 64 + its five bits
 *
 * Returns: whether all three are letters A to Z and bit 15 is clear: then the code is a real one
 */
bool nilo_mbus_manufacturer_to_letters(uint16_t code, char letters[4]);

/**
 * nilo_mbus_manufacturer_from_letters:
 * @letters: three letters, either case
 * @code: the code; untouched on failure
 *
 * Returns: false unless there are exactly three letters
 */
bool nilo_mbus_manufacturer_from_letters(const char *letters, uint16_t *code);

/**
 * nilo_mbus_address_format:
 * @address: an address or a mask
 * @text: "12345678.TEC.16.07": identification, manufacturer, then version and medium in
 *   hexadecimal; a manufacturer that is no three letters is written as four hexadecimal digits
 */
void nilo_mbus_address_format(const NiloMbusAddress *address,
                              char text[NILO_MBUS_ADDRESS_TEXT_SIZE]);

/**
 * nilo_mbus_address_scan:
 * @text: what nilo_mbus_address_format() writes
 * @address: the address; untouched on failure
 *
 * Returns: whether all of @text was such an address
 */
bool nilo_mbus_address_scan(const char *text, NiloMbusAddress *address);
