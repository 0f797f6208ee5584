/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-address.h"
#include "nilo-wire-test.h"

typedef struct {
    const char *path;
    const char *text;
    NiloWireResult result;
    bool is_decimal;
    bool is_wildcard;
} TextCase;

static const TextCase text_cases[] = {
    {"/cjt188/address/text/decimal", "78330011223344", NILO_WIRE_OK, true, false},
    {"/cjt188/address/text/hex-kept", "0033FF1122334B", NILO_WIRE_OK, false, false},
    {"/cjt188/address/text/wildcard", "AAAAAAAAAAAAAA", NILO_WIRE_OK, false, true},
    {"/cjt188/address/text/single-wildcard", "7833001122AA44", NILO_WIRE_OK, false, true},
    {"/cjt188/address/text/a-across-bytes", "1A1111111111A1", NILO_WIRE_OK, false, false},
    {"/cjt188/address/text/empty", "", NILO_WIRE_BAD_LENGTH, false, false},
    {"/cjt188/address/text/short", "7833001122334", NILO_WIRE_BAD_LENGTH, false, false},
    {"/cjt188/address/text/long", "783300112233445", NILO_WIRE_BAD_LENGTH, false, false},
    {"/cjt188/address/text/no-digit", "7833001122334g", NILO_WIRE_BAD_DIGIT, false, false},
};

static void
test_text(const void *data)
{
    const TextCase *wanted = data;
    NiloCjt188Address address = {{9, 9, 9, 9, 9, 9, 9}};
    char text[NILO_CJT188_ADDRESS_TEXT_SIZE];

    CHECK_INT(nilo_cjt188_address_from_text(wanted->text, &address), wanted->result);
    if (wanted->result != NILO_WIRE_OK) {
        CHECK_INT(address.bytes[0], 9);
        return;
    }
    nilo_cjt188_address_to_text(&address, text);
    CHECK_TEXT(text, wanted->text);
    CHECK_INT(nilo_cjt188_address_is_decimal(&address), wanted->is_decimal);
    CHECK_INT(nilo_cjt188_address_is_wildcard(&address), wanted->is_wildcard);
}

static void
test_wire_order(const void *data)
{
    static const uint8_t wire[] = {0x44, 0x33, 0x22, 0x11, 0x00, 0x33, 0x78};
    NiloCjt188Address address;

    CHECK_INT(nilo_cjt188_address_from_text("78330011223344", &address), NILO_WIRE_OK);
    CHECK(memcmp(address.bytes, wire, sizeof wire) == 0);
    CHECK_INT(nilo_cjt188_address_get_maker(&address), 0x7833);
}

static void
test_mask(const void *data)
{
    NiloCjt188Address address, other, mask;

    nilo_cjt188_address_from_text("78330011223344", &address);
    nilo_cjt188_address_from_text("78330011223345", &other);
    nilo_cjt188_address_from_text("7833AA112233AA", &mask);
    CHECK(nilo_cjt188_address_is_matched(&address, &mask));
    CHECK(nilo_cjt188_address_is_matched(&other, &mask));
    CHECK(nilo_cjt188_address_is_matched(&address, &address));
    CHECK(!nilo_cjt188_address_is_matched(&address, &other));
    CHECK(!nilo_cjt188_address_is_equal(&address, &other));
    CHECK(nilo_cjt188_address_is_equal(&address, &address));
}

static void
test_types(const void *data)
{
    CHECK_TEXT(nilo_cjt188_type_get_name(0x10), "cold water");
    CHECK_TEXT(nilo_cjt188_type_get_name(0x19), "water");
    CHECK_TEXT(nilo_cjt188_type_get_name(0x22), "heat and cold");
    CHECK_TEXT(nilo_cjt188_type_get_name(0x25), "heat");
    CHECK_TEXT(nilo_cjt188_type_get_name(0x30), "gas");
    CHECK_TEXT(nilo_cjt188_type_get_name(0x40), "other");
    CHECK_TEXT(nilo_cjt188_type_get_name(0xaa), "any");
    CHECK_TEXT(nilo_cjt188_type_get_name(0x00), "unknown");
    CHECK_INT(nilo_cjt188_type_get_medium(0x25), NILO_CJT188_MEDIUM_HEAT);
    CHECK_INT(nilo_cjt188_type_get_medium(0x1a), NILO_CJT188_MEDIUM_UNKNOWN);
    CHECK_INT(nilo_cjt188_type_get_medium(0x50), NILO_CJT188_MEDIUM_UNKNOWN);
    CHECK(nilo_cjt188_type_is_2004(0x21));
    CHECK(!nilo_cjt188_type_is_2004(0x22));
    CHECK(!nilo_cjt188_type_is_2004(0x25));
    CHECK(nilo_cjt188_type_is_answer_to(0x25, 0x20));
    CHECK(nilo_cjt188_type_is_answer_to(0x10, 0xaa));
    CHECK(nilo_cjt188_type_is_answer_to(0xaa, 0x10));
    CHECK(nilo_cjt188_type_is_answer_to(0x77, 0x77));
    CHECK(!nilo_cjt188_type_is_answer_to(0x20, 0x10));
    CHECK(!nilo_cjt188_type_is_answer_to(0x77, 0x88));
}

int
main(void)
{
    for (size_t i = 0; i < sizeof text_cases / sizeof text_cases[0]; i++)
        nilo_test_run(text_cases[i].path, test_text, &text_cases[i]);
    nilo_test_run("/cjt188/address/wire-order", test_wire_order, NULL);
    nilo_test_run("/cjt188/address/mask", test_mask, NULL);
    nilo_test_run("/cjt188/address/types", test_types, NULL);
    return nilo_test_finish();
}
