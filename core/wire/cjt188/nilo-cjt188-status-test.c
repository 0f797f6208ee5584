/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-status.h"
#include "nilo-wire-test.h"

static const NiloCjt188StatusMap no_valve = {.battery_low = 0x0100};
static const NiloCjt188StatusMap active_low = {.inverted = 0x05,
                                               .closed = 0x01,
                                               .fault = 0x02,
                                               .battery_low = 0x04};

typedef struct {
    const char *path;
    const NiloCjt188StatusMap *map;
    uint8_t bytes[NILO_CJT188_STATUS_SIZE];
    NiloCjt188Status status;
} StatusCase;

#define STANDARD       &nilo_cjt188_status_map_standard
#define MIRRORED       &nilo_cjt188_status_map_mirrored
#define VALVE(state)   NILO_CJT188_VALVE_IS_##state
#define BATTERY(state) NILO_CJT188_BATTERY_IS_##state

static const StatusCase status_cases[] = {
    {"/cjt188/status/open", STANDARD, {0x00, 0x00}, {VALVE(OPEN), BATTERY(OK), 0}},
    {"/cjt188/status/closed", STANDARD, {0x01, 0x00}, {VALVE(CLOSED), BATTERY(OK), 0}},
    {"/cjt188/status/reserved", STANDARD, {0x02, 0x00}, {VALVE(RESERVED), BATTERY(OK), 0}},
    {"/cjt188/status/fault", STANDARD, {0x03, 0x00}, {VALVE(FAULTY), BATTERY(OK), 0}},
    {"/cjt188/status/battery", STANDARD, {0x05, 0x00}, {VALVE(CLOSED), BATTERY(LOW), 0}},
    {"/cjt188/status/vendor-bits", STANDARD, {0x20, 0xff}, {VALVE(OPEN), BATTERY(OK), 0xff20}},
    {"/cjt188/status/mirrored-closed", MIRRORED, {0x80, 0x00}, {VALVE(CLOSED), BATTERY(OK), 0}},
    {"/cjt188/status/mirrored-fault", MIRRORED, {0xc0, 0x00}, {VALVE(FAULTY), BATTERY(OK), 0}},
    {"/cjt188/status/mirrored-battery", MIRRORED, {0x20, 0x00}, {VALVE(OPEN), BATTERY(LOW), 0}},
    {"/cjt188/status/no-valve", &no_valve, {0x03, 0x01}, {VALVE(UNKNOWN), BATTERY(LOW), 0x0003}},
    {"/cjt188/status/inverted-open", &active_low, {0x05, 0x00}, {VALVE(OPEN), BATTERY(OK), 0}},
    {"/cjt188/status/inverted-closed", &active_low, {0x00, 0x00}, {VALVE(CLOSED), BATTERY(LOW), 0}},
};

static void
test_status(const void *data)
{
    const StatusCase *wanted = data;
    const NiloCjt188Status status = nilo_cjt188_status_parse(wanted->map, wanted->bytes);
    uint8_t bytes[NILO_CJT188_STATUS_SIZE];

    CHECK_INT(status.valve, wanted->status.valve);
    CHECK_INT(status.battery, wanted->status.battery);
    CHECK_INT(status.vendor, wanted->status.vendor);
    if (status.valve == VALVE(RESERVED))
        return; /* nobody sends that on purpose */
    nilo_cjt188_status_build(wanted->map, &status, bytes);
    CHECK(memcmp(bytes, wanted->bytes, sizeof bytes) == 0);
}

int
main(void)
{
    for (size_t i = 0; i < sizeof status_cases / sizeof status_cases[0]; i++)
        nilo_test_run(status_cases[i].path, test_status, &status_cases[i]);
    return nilo_test_finish();
}
