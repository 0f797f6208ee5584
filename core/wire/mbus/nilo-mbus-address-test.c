/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-address.h"
#include "nilo-wire-test.h"

static const NiloMbusAddress meter = {0x12345678, 0x50a3, 0x16, 0x07};

static void
test_text_round_trip(const void *data)
{
    static const NiloMbusAddress addresses[] = {
        {0x12345678, 0x50a3, 0x16, 0x07},
        {0x0000000f, 0xffff, 0xff, 0xff}, /* a mask */
        {0x00000000, 0x0000, 0x00, 0x00}, /* no letters in the manufacturer */
    };
    static const char *const texts[] = {"12345678.TEC.16.07", "0000000F.FFFF.FF.FF",
                                        "00000000.0000.00.00"};

    for (unsigned i = 0; i < 3; i++) {
        char text[NILO_MBUS_ADDRESS_TEXT_SIZE];
        NiloMbusAddress found = {0};

        nilo_mbus_address_format(&addresses[i], text);
        CHECK_TEXT(text, texts[i]);
        CHECK(nilo_mbus_address_scan(text, &found));
        CHECK_INT(found.identification, addresses[i].identification);
        CHECK_INT(found.manufacturer, addresses[i].manufacturer);
        CHECK_INT(found.version, addresses[i].version);
        CHECK_INT(found.medium, addresses[i].medium);
    }
}

static void
test_scan_refused(const void *data)
{
    static const char *const texts[] = {
        "",
        "12345678",
        "1234567.TEC.16.07",
        "123456789.TEC.16.07",
        "12345678.TE.16.07",
        "12345678.TECH.16.07",
        "12345678.TEC.16",
        "12345678.TEC.16.7",
        "12345678.TEC.16.077",
        "12345678.TEC.16.0G",
    };
    NiloMbusAddress found = {.medium = 42};

    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK(!nilo_mbus_address_scan(texts[i], &found));
    CHECK_INT(found.medium, 42);
}

static void
test_bytes(const void *data)
{
    static const uint8_t expected[] = {0x78, 0x56, 0x34, 0x12, 0xa3, 0x50, 0x16, 0x07};
    uint8_t bytes[NILO_MBUS_ADDRESS_SIZE];

    nilo_mbus_address_build(&meter, bytes);
    CHECK(memcmp(bytes, expected, sizeof expected) == 0);
    CHECK_INT(nilo_mbus_address_parse(bytes).identification, 0x12345678);
}

static void
test_mask(const void *data)
{
    NiloMbusAddress mask = meter;

    CHECK(nilo_mbus_address_matches(&meter, &mask));
    CHECK(!nilo_mbus_address_has_wildcard(&mask));
    mask.identification = 0x1fff5678;
    CHECK(nilo_mbus_address_matches(&meter, &mask));
    CHECK(nilo_mbus_address_has_wildcard(&mask));
    mask.identification = 0x2fff5678;
    CHECK(!nilo_mbus_address_matches(&meter, &mask));
    mask = NILO_MBUS_ADDRESS_ANY;
    CHECK(nilo_mbus_address_matches(&meter, &mask));
    mask.version = 0x17;
    CHECK(!nilo_mbus_address_matches(&meter, &mask));
    mask = meter;
    mask.manufacturer = 0x50a4;
    CHECK(!nilo_mbus_address_matches(&meter, &mask));
    mask.manufacturer = NILO_MBUS_ANY_MANUFACTURER;
    CHECK(nilo_mbus_address_has_wildcard(&mask));
}

static void
test_letters(const void *data)
{
    uint16_t code = 0;
    char letters[4];

    CHECK(nilo_mbus_manufacturer_to_letters(0x4024, letters));
    CHECK_TEXT(letters, "PAD");
    CHECK(!nilo_mbus_manufacturer_to_letters(0xc024, letters));
    CHECK(!nilo_mbus_manufacturer_to_letters(0x7fff, letters));
    CHECK(nilo_mbus_manufacturer_from_letters("pad", &code));
    CHECK_INT(code, 0x4024);
    CHECK(!nilo_mbus_manufacturer_from_letters("PA", &code));
    CHECK(!nilo_mbus_manufacturer_from_letters("PADS", &code));
    CHECK(!nilo_mbus_manufacturer_from_letters("P1D", &code));
    CHECK(!nilo_mbus_manufacturer_from_letters("", &code));
    for (unsigned n = 0; n < 26 * 26 * 26; n++) {
        const char name[4] = {(char)('A' + n / 676), (char)('A' + n / 26 % 26),
                              (char)('A' + n % 26)};

        CHECK(nilo_mbus_manufacturer_from_letters(name, &code));
        CHECK(nilo_mbus_manufacturer_to_letters(code, letters));
        CHECK_TEXT(letters, name);
    }
}

int
main(void)
{
    nilo_test_run("/mbus/address/text/round-trip", test_text_round_trip, NULL);
    nilo_test_run("/mbus/address/text/refused", test_scan_refused, NULL);
    nilo_test_run("/mbus/address/bytes", test_bytes, NULL);
    nilo_test_run("/mbus/address/mask", test_mask, NULL);
    nilo_test_run("/mbus/address/letters", test_letters, NULL);
    return nilo_test_finish();
}
