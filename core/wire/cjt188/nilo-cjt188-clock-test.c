/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-clock.h"
#include "nilo-wire-test.h"

typedef struct {
    const char *path;
    uint8_t bytes[NILO_CJT188_CLOCK_SIZE];
    NiloWireResult result;
    NiloCjt188Clock clock;
} ClockCase;

static const ClockCase clock_cases[] = {
    {"/cjt188/clock/standard",
     {0x51, 0x49, 0x09, 0x22, 0x04, 0x10, 0x20},
     NILO_WIRE_OK,
     {2010, 4, 22, 9, 49, 51, false}},
    {"/cjt188/clock/year-first",
     {0x20, 0x20, 0x05, 0x28, 0x20, 0x58, 0x24},
     NILO_WIRE_OK,
     {2020, 5, 28, 20, 58, 24, true}},
    /* backwards it is a date too: the standard's order wins */
    {"/cjt188/clock/both-ways",
     {0x20, 0x20, 0x05, 0x11, 0x11, 0x20, 0x20},
     NILO_WIRE_OK,
     {2020, 11, 11, 5, 20, 20, false}},
    {"/cjt188/clock/leap-day",
     {0x00, 0x00, 0x00, 0x29, 0x02, 0x24, 0x20},
     NILO_WIRE_OK,
     {2024, 2, 29, 0, 0, 0, false}},
    {"/cjt188/clock/no-leap-day",
     {0x00, 0x00, 0x00, 0x29, 0x02, 0x23, 0x20},
     NILO_WIRE_BAD_VALUE,
     {0}},
    {"/cjt188/clock/zeros", {0}, NILO_WIRE_END, {0}},
    {"/cjt188/clock/not-supported",
     {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
     NILO_WIRE_UNSUPPORTED,
     {0}},
    {"/cjt188/clock/not-decimal",
     {0x0a, 0x00, 0x00, 0x01, 0x01, 0x24, 0x20},
     NILO_WIRE_BAD_DIGIT,
     {0}},
    {"/cjt188/clock/century-missing",
     {0x00, 0x00, 0x12, 0x01, 0x01, 0x20, 0x16},
     NILO_WIRE_BAD_VALUE,
     {0}},
    {"/cjt188/clock/hour-24", {0x00, 0x00, 0x24, 0x01, 0x01, 0x24, 0x20}, NILO_WIRE_BAD_VALUE, {0}},
    {"/cjt188/clock/month-0", {0x00, 0x00, 0x12, 0x01, 0x00, 0x24, 0x20}, NILO_WIRE_BAD_VALUE, {0}},
};

static void
test_clock(const void *data)
{
    const ClockCase *wanted = data;
    NiloCjt188Clock clock = {0};
    uint8_t bytes[NILO_CJT188_CLOCK_SIZE];

    CHECK_INT(nilo_cjt188_clock_parse(wanted->bytes, &clock), wanted->result);
    CHECK_INT(clock.year, wanted->clock.year);
    CHECK_INT(clock.month, wanted->clock.month);
    CHECK_INT(clock.day, wanted->clock.day);
    CHECK_INT(clock.hour, wanted->clock.hour);
    CHECK_INT(clock.minute, wanted->clock.minute);
    CHECK_INT(clock.second, wanted->clock.second);
    CHECK_INT(clock.is_year_first, wanted->clock.is_year_first);
    if (wanted->result != NILO_WIRE_OK) {
        CHECK_INT(nilo_cjt188_clock_build(&clock, bytes), NILO_WIRE_BAD_VALUE);
        return;
    }
    CHECK_INT(nilo_cjt188_clock_build(&clock, bytes), NILO_WIRE_OK);
    CHECK(memcmp(bytes, wanted->bytes, sizeof bytes) == 0);
}

int
main(void)
{
    for (size_t i = 0; i < sizeof clock_cases / sizeof clock_cases[0]; i++)
        nilo_test_run(clock_cases[i].path, test_clock, &clock_cases[i]);
    return nilo_test_finish();
}
