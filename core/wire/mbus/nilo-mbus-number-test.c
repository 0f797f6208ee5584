/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-text.h"
#include "nilo-mbus-value.h"
#include "nilo-wire-test.h"

typedef struct {
    const char *path;
    uint32_t bits;
    int64_t mantissa;
    int exponent;
} RealCase;

/* the expected digits are those of printf("%.9g") with a C library that computes exactly */
static const RealCase real_cases[] = {
    {"/mbus/number/real/zero", 0x00000000, 0, 0},
    {"/mbus/number/real/minus-zero", 0x80000000, 0, 0},
    {"/mbus/number/real/one", 0x3f800000, 1, 0},
    {"/mbus/number/real/tenth", 0x3dcccccd, 100000001, -9},
    {"/mbus/number/real/minus", 0xc2b80000, -92, 0},
    {"/mbus/number/real/smallest", 0x00000001, 140129846, -53},
    {"/mbus/number/real/largest-below-normal", 0x007fffff, 117549421, -46},
    {"/mbus/number/real/smallest-normal", 0x00800000, 117549435, -46},
    {"/mbus/number/real/largest", 0x7f7fffff, 340282347, 30},
    {"/mbus/number/real/ten-digits-rounded", 0x4e932c06, 123456794, 1},
    {"/mbus/number/real/nine-digits-to-ten", 0x4e6e6b28, 1, 9},
};

static void
test_real(const void *data)
{
    const RealCase *c = data;
    const uint8_t bytes[4] = {(uint8_t)c->bits, (uint8_t)(c->bits >> 8), (uint8_t)(c->bits >> 16),
                              (uint8_t)(c->bits >> 24)};
    int64_t mantissa = -1;
    int8_t exponent = -1;

    CHECK(nilo_mbus_real_parse(bytes, &mantissa, &exponent));
    CHECK_INT(mantissa, c->mantissa);
    CHECK_INT(exponent, c->exponent);
}

static void
test_real_refused(const void *data)
{
    int64_t mantissa = 7;
    int8_t exponent = 7;

    CHECK(!nilo_mbus_real_parse((const uint8_t[]){0, 0, 0x80, 0x7f}, &mantissa, &exponent));
    CHECK(!nilo_mbus_real_parse((const uint8_t[]){0, 0, 0xc0, 0xff}, &mantissa, &exponent));
    CHECK_INT(mantissa, 7);
    CHECK_INT(exponent, 7);
}

static void
test_bcd_refused(const void *data)
{
    const uint8_t zeros[10] = {0};
    int64_t mantissa = 7;

    CHECK(!nilo_mbus_bcd_parse(zeros, 0, &mantissa));
    CHECK(!nilo_mbus_bcd_parse(zeros, 10, &mantissa));
    CHECK(!nilo_mbus_bcd_parse((const uint8_t[]){0x0a}, 1, &mantissa));
    CHECK(!nilo_mbus_bcd_parse((const uint8_t[]){0xff}, 1, &mantissa));
    CHECK(!nilo_mbus_bcd_parse((const uint8_t[]){0x00, 0xe0}, 2, &mantissa));
    CHECK_INT(mantissa, 7);
}

/* every pair of digits, as the only byte and as the second one */
static void
test_bcd_all(const void *data)
{
    for (unsigned n = 0; n < 100; n++) {
        const uint8_t byte = (uint8_t)(n / 10 << 4 | n % 10);
        int64_t mantissa = -1;

        CHECK(nilo_mbus_bcd_parse(&byte, 1, &mantissa));
        CHECK_INT(mantissa, n);
        CHECK(nilo_mbus_bcd_parse((const uint8_t[]){0x34, byte}, 2, &mantissa));
        CHECK_INT(mantissa, 100 * n + 34);
    }
}

typedef struct {
    const char *path;
    int64_t mantissa;
    int8_t exponent;
    const char *text;
} DecimalCase;

static const DecimalCase decimal_cases[] = {
    {"/mbus/text/decimal/zero", 0, -3, "0"},
    {"/mbus/text/decimal/whole", 35, 3, "35000"},
    {"/mbus/text/decimal/fraction", 742, -4, "0.0742"},
    {"/mbus/text/decimal/fraction-of-all-digits", 742, -3, "0.742"},
    {"/mbus/text/decimal/both", -81, -1, "-8.1"},
    {"/mbus/text/decimal/trailing-zeros", 12500, -3, "12.5"},
    {"/mbus/text/decimal/zeros-to-whole", 2300, -1, "230"},
    {"/mbus/text/decimal/most-negative", INT64_MIN, 0, "-9223372036854775808"},
};

static void
test_decimal(const void *data)
{
    const DecimalCase *c = data;
    char text[32];

    CHECK_INT(nilo_mbus_text_format_decimal(c->mantissa, c->exponent, text, sizeof text),
              strlen(c->text));
    CHECK_TEXT(text, c->text);
}

static void
test_cut_off(const void *data)
{
    char text[4] = "xyz";

    CHECK_INT(nilo_mbus_text_format_decimal(12345, 0, text, sizeof text), 5);
    CHECK_TEXT(text, "123");
    CHECK_INT(nilo_mbus_text_format_decimal(12345, 0, text, 0), 5);
    CHECK_TEXT(text, "123");
}

int
main(void)
{
    for (size_t i = 0; i < sizeof real_cases / sizeof real_cases[0]; i++)
        nilo_test_run(real_cases[i].path, test_real, &real_cases[i]);
    for (size_t i = 0; i < sizeof decimal_cases / sizeof decimal_cases[0]; i++)
        nilo_test_run(decimal_cases[i].path, test_decimal, &decimal_cases[i]);
    nilo_test_run("/mbus/number/real/refused", test_real_refused, NULL);
    nilo_test_run("/mbus/number/bcd/refused", test_bcd_refused, NULL);
    nilo_test_run("/mbus/number/bcd/all", test_bcd_all, NULL);
    nilo_test_run("/mbus/text/cut-off", test_cut_off, NULL);
    return nilo_test_finish();
}
