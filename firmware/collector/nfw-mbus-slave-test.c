/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-mbus-for-test.h"
#include "nfw-mbus-telegram.h"
#include "nilo-wire-test.h"

#include <limits.h>

static struct nfw_collector collector;
static struct nfw_mbus_slave slave;
static struct nfw_answer answer;

static void
begin(void)
{
    fake_init(&collector);
    nfw_mbus_slave_init(&slave);
}

/* Behind a gap; what is answered before the last byte is an answer too many. */
static enum nfw_heard
hear(const uint8_t *bytes, size_t size, bool has_gap)
{
    enum nfw_heard heard = NFW_HEARD_PART;

    answer.size = 0;
    for (size_t i = 0; i < size; i++) {
        const struct nfw_rx_byte byte = {.byte = bytes[i],
                                         .flags = i == 0 && has_gap ? NFW_RX_GAP : 0};

        CHECK_INT(answer.size, 0);
        heard = nfw_mbus_slave_feed(&slave, &collector, &byte, &answer);
    }
    CHECK(answer.size == 0 || heard == NFW_HEARD_FRAME);
    return heard;
}

static void
ask(uint8_t c, uint8_t a)
{
    uint8_t bytes[5];

    CHECK_INT(hear(bytes, fake_short(c, a, bytes), true), NFW_HEARD_FRAME);
}

static void
send(uint8_t c, uint8_t a, uint8_t ci, const uint8_t *data, size_t size)
{
    uint8_t bytes[NFW_ANSWER_MAX_SIZE];

    CHECK_INT(hear(bytes, fake_long(c, a, ci, data, size, bytes), true), NFW_HEARD_FRAME);
}

static void
choose(uint32_t digits)
{
    uint8_t bytes[32];

    CHECK_INT(hear(bytes, fake_select(digits, bytes), true), NFW_HEARD_FRAME);
}

static bool
is_ack(void)
{
    return answer.size == 1 && answer.bytes[0] == 0xe5;
}

static bool
is_telegram(uint8_t a, uint32_t digits)
{
    return fake_is_sound(answer.bytes, answer.size) && answer.size > 19 &&
           (answer.bytes[4] & 0xdf) == 0x08 && answer.bytes[5] == a && answer.bytes[6] == 0x72 &&
           answer.bytes[7] == (digits & 0xff) && answer.bytes[8] == (digits >> 8 & 0xff) &&
           answer.bytes[9] == (digits >> 16 & 0xff) && answer.bytes[10] == digits >> 24 &&
           fake_has_crc(answer.bytes, answer.size);
}

/* Where these bytes stand in the answer; 0: nowhere. */
static size_t
find(const uint8_t *bytes, size_t size)
{
    for (size_t at = 19; at + size <= answer.size; at++) {
        if (memcmp(answer.bytes + at, bytes, size) == 0)
            return at;
    }
    return 0;
}

#define FIND(...) find((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define SEND(c, a, ci, ...)                                                                        \
    send(c, a, ci, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* --- addresses ------------------------------------------------------------------------------- */

struct address_case {
    const char *path;
    uint8_t a;
    bool is_reset_confirmed;
    uint8_t answered_by; /* primary address of who answers a readout; 0: nobody */
};

static const struct address_case address_cases[] = {
    {"/mbus-slave/address/channel", 11, true, 11},
    {"/mbus-slave/address/read-downstream", 14, true, 14},
    {"/mbus-slave/address/off", 13, false, 0},
    {"/mbus-slave/address/collector", 10, true, 10},
    {"/mbus-slave/address/stranger", 99, false, 0},
    {"/mbus-slave/address/unconfigured", 0, false, 0},
    {"/mbus-slave/address/reserved", 251, false, 0},
    {"/mbus-slave/address/nobody-selected", 253, false, 0},
    {"/mbus-slave/address/test", 254, true, 10},
    {"/mbus-slave/address/broadcast", 255, false, 0},
};

static void
test_address(const void *data)
{
    const struct address_case *wanted = data;

    begin();
    ask(0x40, wanted->a);
    CHECK_INT(is_ack(), wanted->is_reset_confirmed);
    CHECK(wanted->is_reset_confirmed || answer.size == 0);
    ask(0x7b, wanted->a);
    CHECK_INT(answer.size > 0 ? answer.bytes[5] : 0, wanted->answered_by);
    CHECK(answer.size == 0 || fake_is_sound(answer.bytes, answer.size));
    ask(0x7a, wanted->a);
    CHECK_INT(answer.size > 0, wanted->answered_by != 0);
}

/* two of ours with one primary address are heard as two devices are: one E5, and something broken
 */
static void
test_shared_address(const void *data)
{
    begin();
    collector.config.channel[1].primary = 11;
    ask(0x40, 11);
    CHECK(is_ack());
    ask(0x7b, 11);
    CHECK(answer.size > 1 && !fake_is_sound(answer.bytes, answer.size));
    SEND(0x53, 11, 0x51, 0x01, 0x7a, 0x05);
    CHECK_INT(answer.size, 0);
    CHECK_INT(collector.n_orders, 0);
}

/* services that a slave does not have, or answers of other slaves */
static void
test_strange_services(const void *data)
{
    begin();
    for (unsigned c = 0; c <= 0xff; c++) {
        if (c == 0x40 || c == 0x5a || c == 0x7a || c == 0x5b || c == 0x7b)
            continue;
        ask((uint8_t)c, 11);
        CHECK_INT(answer.size, 0);
        if (c == 0x53 || c == 0x73)
            continue;
        SEND((uint8_t)c, 11, 0x51, 0x01, 0x7a, 0x05);
        CHECK_INT(answer.size, 0);
    }
    CHECK_INT(collector.n_orders, 0);
}

/* --- readouts -------------------------------------------------------------------------------- */

static void
test_current(const void *data)
{
    begin();
    ask(0x7b, 11);
    CHECK(is_telegram(11, 0x12345671));
    CHECK(answer.bytes[11] == 0x8d && answer.bytes[12] == 0x39); /* NLM */
    CHECK(answer.bytes[13] == 1 && answer.bytes[14] == 0x16);    /* cold water */
    CHECK_INT(answer.bytes[16], 0);
    CHECK(FIND(0x0c, 0x78, 0x11, 0x00, 0x00, 0x60));
    CHECK(FIND(0x04, 0x6d, 30, 15 | 0x20, 22 | 2 << 5, 11 | 3 << 4));
    CHECK(FIND(0x04, 0x13, 0x10, 0x31, 0x00, 0x00)); /* 12560 l */
    CHECK(FIND(0x02, 0xfd, 0x3a, 7, 0));
    CHECK(FIND(0x01, 0xfd, 0x17, 0));
    CHECK(FIND(0x0f, 0xc0, 0x02));
}

static void
test_read_downstream(const void *data)
{
    begin();
    ask(0x7b, 14);
    CHECK(is_telegram(14, 0x12345674));
    CHECK(FIND(0x04, 0x74, 90, 0, 0, 0));
    collector.reading[3].age_s = UINT32_MAX;
    collector.reading[3].status = NFW_STATUS_NO_READING | NFW_STATUS_STALE;
    ask(0x5b, 14);
    CHECK(FIND(0x04, 0x93, 0x15, 0, 0, 0, 0x80));
    CHECK(!FIND(0x04, 0x74));
    CHECK_INT(answer.bytes[16], 0x02 | 0x10 | 0x40);
}

/* the value and how it must be written */
struct volume_case {
    const char *path;
    int64_t volume_ml;
    uint32_t ml_per_count;
    uint8_t record[8];
    size_t size;
};

static const struct volume_case volume_cases[] = {
    {"/mbus-slave/volume/negative", -20000, 10000, {0x04, 0x13, 0xec, 0xff, 0xff, 0xff}, 6},
    {"/mbus-slave/volume/half-litres", 1500, 500, {0x06, 0x10, 0xdc, 0x05, 0, 0, 0, 0}, 8},
    {"/mbus-slave/volume/whole-of-half-litres", 2000, 500, {0x06, 0x10, 0xd0, 0x07}, 4},
    {"/mbus-slave/volume/an-offset-below-a-litre", 1500, 1000, {0x06, 0x10, 0xdc, 0x05}, 4},
    {"/mbus-slave/volume/largest-in-litres",
     INT64_C(2147483647000),
     1000,
     {0x04, 0x13, 0xff, 0xff, 0xff, 0x7f},
     6},
    {"/mbus-slave/volume/too-large-for-litres",
     INT64_C(2147483648000),
     1000,
     {0x06, 0x10, 0x00, 0x00, 0x00, 0x00, 0xf4, 0x01},
     8},
    {"/mbus-slave/volume/negative-millilitres",
     -1,
     1,
     {0x06, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
     8},
};

static void
test_volume(const void *data)
{
    const struct volume_case *wanted = data;

    begin();
    collector.reading[0].volume_ml = wanted->volume_ml;
    collector.config.channel[0].ml_per_count = wanted->ml_per_count;
    ask(0x7b, 11);
    CHECK(is_telegram(11, 0x12345671));
    CHECK(find(wanted->record, wanted->size));
}

struct status_case {
    const char *path;
    uint8_t status;
    uint8_t byte;
};

static const struct status_case status_cases[] = {
    {"/mbus-slave/status/battery", NFW_STATUS_BATTERY_LOW, 0x04},
    {"/mbus-slave/status/tamper", NFW_STATUS_TAMPER, 0x23},
    {"/mbus-slave/status/stale", NFW_STATUS_STALE, 0x50},
    {"/mbus-slave/status/not-stored", NFW_STATUS_NOT_STORED, 0x08},
    {"/mbus-slave/status/clock-unset", NFW_STATUS_CLOCK_UNSET, 0x90},
};

static void
test_status(const void *data)
{
    const struct status_case *wanted = data;

    begin();
    collector.reading[0].status = wanted->status;
    ask(0x7b, 11);
    CHECK_INT(answer.bytes[16], wanted->byte);
    CHECK(FIND(0x01, 0xfd, 0x17, wanted->status));
    ask(0x7b, 12);
    CHECK_INT(answer.bytes[16], 0);
    ask(0x7b, 10); /* the collector has what any of its channels has */
    CHECK_INT(answer.bytes[16], wanted->byte);
}

static void
test_clock_unset(const void *data)
{
    begin();
    collector.seconds = 0;
    ask(0x7b, 11);
    CHECK(FIND(0x04, 0x6d, 0x80, 0, 0, 0));
}

static void
test_collector(const void *data)
{
    begin();
    ask(0x7b, 10);
    CHECK(is_telegram(10, 0x60000010));
    CHECK_INT(answer.bytes[14], 0x0e);
    CHECK(FIND(0x02, 0xfd, 0x46, 0xfc, 0x0d)); /* 3580 mV */
    CHECK(FIND(0x02, 0xfd, 0x60, 3, 0));
    CHECK(FIND(0x04, 0xfd, 0x61, 0xd2, 0x04, 0, 0));
    CHECK(FIND(0x02, 0xfd, 0x3a, 20, 0));
}

/* --- count bit ------------------------------------------------------------------------------- */

/* one readout of several telegrams, as a master does it; each is asked for twice. Returns: how many
 * values of @vif there were */
static unsigned
read_all(uint8_t a, uint8_t vif, unsigned *telegrams)
{
    uint8_t last[NFW_ANSWER_MAX_SIZE];
    uint8_t c = 0x7b;
    unsigned values = 0;

    *telegrams = 0;
    for (unsigned i = 0; i < 200; i++) {
        size_t block;
        uint16_t size;

        ask(c, a);
        CHECK(fake_is_sound(answer.bytes, answer.size));
        CHECK(fake_has_crc(answer.bytes, answer.size));
        size = answer.size;
        memcpy(last, answer.bytes, size);
        ask(c, a);
        CHECK_INT(answer.size, size);
        CHECK(memcmp(last, answer.bytes, size) == 0);
        (*telegrams)++;
        block = answer.size - 7;
        /* records have the DIF of a storage number, two or more bytes */
        for (size_t at = 19; at < block; at++) {
            if ((answer.bytes[at] & 0x80) == 0 || (answer.bytes[at] & 0x0f) != 4)
                continue;
            while ((answer.bytes[at] & 0x80) != 0)
                at++;
            if (answer.bytes[at + 1] == vif) {
                values++;
                at += 5;
            }
        }
        c ^= 0x20;
        if (answer.bytes[block] == 0x0f)
            return values;
        CHECK_INT(answer.bytes[block], 0x1f);
        if (answer.bytes[block] != 0x1f)
            return values;
    }
    return values;
}

static void
test_count_bit(const void *data)
{
    uint8_t access;

    begin();
    SEND(0x53, 11, 0x50, 0x30);
    CHECK(is_ack());
    ask(0x7b, 11);
    access = answer.bytes[15];
    CHECK(FIND(0x44, 0x6d)); /* storage 1: the newest */
    ask(0x5b, 11);
    CHECK_INT(answer.bytes[15], (uint8_t)(access + 1));
    CHECK(!FIND(0x44, 0x6d));
    ask(0x5b, 11); /* the same again, to the access number */
    CHECK_INT(answer.bytes[15], (uint8_t)(access + 1));
    CHECK(!FIND(0x44, 0x6d));
    ask(0x40, 11); /* a new conversation begins with the standard telegram */
    ask(0x5b, 11);
    CHECK(FIND(0x04, 0x13));
}

/* --- history --------------------------------------------------------------------------------- */

struct history_case {
    const char *path;
    uint8_t application;
    enum nfw_freeze_kind kind;
    unsigned held;
    unsigned telegrams_at_most;
};

static const struct history_case history_cases[] = {
    {"/mbus-slave/history/days", 0x30, NFW_FREEZE_DAY, 62, 6},
    {"/mbus-slave/history/months", 0x20, NFW_FREEZE_MONTH, 24, 3},
    {"/mbus-slave/history/hours", 0x60, NFW_FREEZE_HOUR, 1080, 99},
    {"/mbus-slave/history/ordered", 0x4f, NFW_FREEZE_ORDERED, 8, 1},
    {"/mbus-slave/history/few-hours", 0x60, NFW_FREEZE_HOUR, 5, 1},
    {"/mbus-slave/history/none", 0x30, NFW_FREEZE_DAY, 0, 1},
};

static void
test_history(const void *data)
{
    const struct history_case *wanted = data;
    unsigned telegrams;
    uint8_t sub[1] = {wanted->application};

    begin();
    collector.held[wanted->kind] = wanted->held;
    send(0x53, 11, 0x50, sub, 1);
    CHECK(is_ack());
    CHECK_INT(read_all(11, 0x6d, &telegrams), wanted->held > 0 ? wanted->held - 1 : 0);
    CHECK(telegrams <= wanted->telegrams_at_most);
    ask(0x40, 11);
    collector.hole = 3;
    send(0x53, 11, 0x50, sub, 1);
    CHECK_INT(read_all(11, 0x6d, &telegrams), wanted->held > 4   ? wanted->held - 2
                                              : wanted->held > 0 ? wanted->held - 1
                                                                 : 0);
}

static void
test_history_values(const void *data)
{
    begin();
    SEND(0x73, 11, 0x50, 0x30);
    ask(0x7b, 11);
    /* storage 1: today 00:00, 12560 l */
    CHECK(FIND(0x44, 0x6d, 0, 0x20, 22 | 2 << 5, 11 | 3 << 4, 0x44, 0x13, 0x10, 0x31, 0, 0));
    /* storage 2: yesterday, 12550 l */
    CHECK(FIND(0x84, 0x01, 0x6d, 0, 0x20, 21 | 2 << 5, 11 | 3 << 4, 0x84, 0x01, 0x13, 0x06, 0x31, 0,
               0));
    /* storage 3 was taken late */
    CHECK(FIND(0xc1, 0x01, 0xfd, 0x17, 0x01));
}

static void
test_events(const void *data)
{
    unsigned telegrams;

    begin();
    SEND(0x53, 10, 0x50, 0x90);
    CHECK(is_ack());
    ask(0x7b, 10);
    CHECK(FIND(0x02, 0xfd, 0x46, 0xfc, 0x0d));
    /* storage 1: to the second; magnet at channel 1, number 19 */
    CHECK(FIND(0x46, 0x6d, 0, 30, 15, 22 | 2 << 5, 11 | 3 << 4, 0));
    CHECK(FIND(0x44, 0xfd, 0x3a, 8, 1, 19, 0, 0xc4, 0x40, 0xfd, 0x3a, 0, 0, 0, 0));
    /* storage 2: the clock was not set */
    CHECK(FIND(0x86, 0x01, 0x6d, 0, 0x80, 0, 0, 0, 0));
    CHECK(FIND(0x84, 0x01, 0xfd, 0x3a, 8, 1, 18, 0, 0x84, 0x41, 0xfd, 0x3a, 1, 0, 0, 0));
    ask(0x40, 10);
    SEND(0x53, 10, 0x50, 0x90);
    read_all(10, 0x6d, &telegrams);
    CHECK_INT(telegrams, 3);
}

static void
test_settings(const void *data)
{
    begin();
    SEND(0x53, 11, 0x50, 0x80);
    ask(0x7b, 11);
    CHECK(is_telegram(11, 0x12345671));
    CHECK(FIND(0x0f, 1, 1, 1, 2, 3, 2, 2, 2, 3, 2, 3, 3, 4, 2, 4, 4, 5, 4, 5, 5, 5, 5));
    SEND(0x53, 10, 0x50, 0x80);
    ask(0x7b, 10);
    CHECK(is_telegram(10, 0x60000010));
    CHECK(FIND(0x0f, 10, 1, 10, 32, 4, 32, 32, 32, 32, 33, 1, 33));
}

static void
test_unknown_application(const void *data)
{
    begin();
    SEND(0x53, 11, 0x50, 0xb0);
    CHECK(is_ack());
    ask(0x7b, 11);
    CHECK(fake_is_sound(answer.bytes, answer.size));
    CHECK(answer.size == 10 && answer.bytes[6] == 0x70 && answer.bytes[7] == 0);
    ask(0x7b, 11); /* not heard: again */
    CHECK_INT(answer.bytes[6], 0x70);
    ask(0x5b, 11);
    CHECK(is_telegram(11, 0x12345671));
}

/* --- alarms ---------------------------------------------------------------------------------- */

static void
test_alarms(const void *data)
{
    begin();
    ask(0x7a, 11);
    CHECK(is_ack());
    ask(0x7b, 11);
    CHECK_INT(answer.bytes[4], 0x08);
    collector.reading[0].status = NFW_STATUS_TAMPER;
    ask(0x5b, 11);
    CHECK_INT(answer.bytes[4], 0x28);
    ask(0x5a, 11);
    CHECK(fake_is_sound(answer.bytes, answer.size));
    CHECK(answer.size == 10 && answer.bytes[6] == 0x71 && answer.bytes[7] == 0x02);
    ask(0x5a, 11); /* it was not heard: again */
    CHECK(answer.size == 10);
    ask(0x7a, 11); /* it was */
    CHECK(is_ack());
    ask(0x7b, 11);
    CHECK_INT(answer.bytes[4], 0x08);
}

static void
test_new_events(const void *data)
{
    begin();
    ask(0x7b, 10);
    CHECK_INT(answer.bytes[4], 0x28); /* nobody has heard of any since the start */
    ask(0x7a, 10);
    CHECK(answer.size == 10 && answer.bytes[7] == NFW_MBUS_ALARM_EVENTS);
    ask(0x5a, 10);
    CHECK(is_ack());
    ask(0x5b, 10);
    CHECK_INT(answer.bytes[4], 0x08);
    collector.n_events++;
    ask(0x7b, 10);
    CHECK_INT(answer.bytes[4], 0x28);
    SEND(0x53, 10, 0x50, 0x90);
    ask(0x7b, 10);
    SEND(0x53, 10, 0x50, 0x00);
    ask(0x7b, 10); /* the log was read */
    CHECK_INT(answer.bytes[4], 0x08);
}

/* --- selection ------------------------------------------------------------------------------- */

struct select_case {
    const char *path;
    uint8_t mask[14];
    size_t size;
    uint8_t answered_by; /* 0: nobody; 253: several */
};

#define ANY 0xff, 0xff, 0xff, 0xff

static const struct select_case select_cases[] = {
    {"/mbus-slave/select/whole", {0x71, 0x56, 0x34, 0x12, 0x8d, 0x39, 0x01, 0x16}, 8, 11},
    {"/mbus-slave/select/digits", {0x72, 0x56, 0x34, 0x12, ANY}, 8, 12},
    {"/mbus-slave/select/one-digit-free", {0xf1, 0x56, 0x34, 0x12, ANY}, 8, 11},
    {"/mbus-slave/select/several", {0x7f, 0x56, 0x34, 0x12, ANY}, 8, 253},
    {"/mbus-slave/select/all", {ANY, ANY}, 8, 253},
    {"/mbus-slave/select/collector", {0x10, 0x00, 0x00, 0x60, ANY}, 8, 10},
    {"/mbus-slave/select/other-digits", {0x79, 0x56, 0x34, 0x12, ANY}, 8, 0},
    {"/mbus-slave/select/switched-off", {0x73, 0x56, 0x34, 0x12, ANY}, 8, 0},
    {"/mbus-slave/select/other-maker", {0x71, 0x56, 0x34, 0x12, 0x8c, 0x39, 0xff, 0xff}, 8, 0},
    {"/mbus-slave/select/half-a-maker", {0x71, 0x56, 0x34, 0x12, 0xff, 0x39, 0xff, 0xff}, 8, 0},
    {"/mbus-slave/select/other-version", {ANY, 0xff, 0xff, 0x02, 0xff}, 8, 0},
    {"/mbus-slave/select/by-medium", {ANY, 0xff, 0xff, 0xff, 0x0e}, 8, 10},
    {"/mbus-slave/select/by-fabrication", {ANY, ANY, 0x0c, 0x78, 0x12, 0x00, 0x00, 0x60}, 14, 12},
    {"/mbus-slave/select/by-other-fabrication",
     {0x71, 0x56, 0x34, 0x12, ANY, 0x0c, 0x78, 0x12, 0x00, 0x00, 0x60},
     14,
     0},
    {"/mbus-slave/select/fabrication-of-all", {ANY, ANY, 0x0c, 0x78, 0x1f, 0, 0, 0x60}, 14, 253},
    {"/mbus-slave/select/too-short", {ANY, 0xff, 0xff, 0xff}, 7, 0},
    {"/mbus-slave/select/unknown-record", {ANY, ANY, 0x0c, 0x79, 0x12, 0, 0, 0x60}, 14, 0},
};

static void
test_select(const void *data)
{
    const struct select_case *wanted = data;

    for (unsigned control = 0x53; control <= 0x73; control += 0x20) {
        begin();
        send((uint8_t)control, 0xfd, 0x52, wanted->mask, wanted->size);
        CHECK_INT(is_ack(), wanted->answered_by != 0);
        CHECK(wanted->answered_by != 0 || answer.size == 0);
        ask(0x7b, 0xfd);
        if (wanted->answered_by == 253)
            CHECK(answer.size > 1 && !fake_is_sound(answer.bytes, answer.size));
        else if (wanted->answered_by != 0)
            CHECK_INT(answer.bytes[5], wanted->answered_by);
        else
            CHECK_INT(answer.size, 0);
    }
}

static void
test_deselect(const void *data)
{
    begin();
    choose(0x12345671);
    CHECK(is_ack());
    ask(0x40, 0xfd);
    CHECK(is_ack());
    ask(0x40, 0xfd); /* nobody is selected any more */
    CHECK_INT(answer.size, 0);
    choose(0x12345671);
    ask(0x40, 11); /* a link reset at the primary address is something else */
    CHECK(is_ack());
    ask(0x7b, 0xfd);
    CHECK(is_telegram(11, 0x12345671));
    choose(0x99999999);
    CHECK_INT(answer.size, 0);
    ask(0x7b, 0xfd);
    CHECK_INT(answer.size, 0);
    choose(0x12345671);
    nfw_mbus_slave_forget(&slave);
    ask(0x7b, 0xfd);
    CHECK_INT(answer.size, 0);
}

/* a new selection begins a new readout */
static void
test_select_again(const void *data)
{
    begin();
    choose(0x12345671);
    SEND(0x53, 0xfd, 0x50, 0x30);
    ask(0x7b, 0xfd);
    ask(0x5b, 0xfd);
    choose(0x12345671);
    ask(0x5b, 0xfd);
    CHECK(FIND(0x04, 0x13));
}

/* whatever part of ours is asked for, no single flipped bit makes a frame of what several say */
static void
test_collision_stays_broken(const void *data)
{
    begin();
    choose(0xffffffff);
    ask(0x7b, 0xfd);
    CHECK_INT(answer.size, 9);
    for (unsigned bit = 0; bit < answer.size * 8u; bit++) {
        answer.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!fake_is_sound(answer.bytes, answer.size));
        answer.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* --- orders ---------------------------------------------------------------------------------- */

struct order_case {
    const char *path;
    uint8_t a;
    uint8_t ci;
    uint8_t data[16];
    size_t size;
    struct fake_order order; /* channel 99: none, and no confirmation */
};

#define NOTHING                                                                                    \
    {                                                                                              \
        .channel = 99                                                                              \
    }
#define NUMBER(a, b, c, d)                                                                         \
    {                                                                                              \
        a, b, c, d, 0, 0, 0                                                                        \
    }

static const struct order_case order_cases[] = {
    {"/mbus-slave/order/address", 11, 0x51, {0x01, 0x7a, 5}, 3, {FAKE_PRIMARY, 0, 5, {0}}},
    {"/mbus-slave/order/address-of-collector",
     10,
     0x51,
     {0x01, 0x7a, 250},
     3,
     {FAKE_PRIMARY, 8, 250, {0}}},
    {"/mbus-slave/order/reserved-address", 11, 0x51, {0x01, 0x7a, 251}, 3, NOTHING},
    {"/mbus-slave/order/identification",
     11,
     0x51,
     {0x0c, 0x79, 0x78, 0x56, 0x34, 0x12},
     6,
     {FAKE_NUMBER, 0, 0, NUMBER(0x78, 0x56, 0x34, 0x12)}},
    {"/mbus-slave/order/identification-no-digits",
     11,
     0x51,
     {0x0c, 0x79, 0x7a, 0x56, 0x34, 0x12},
     6,
     NOTHING},
    {"/mbus-slave/order/identification-whole",
     11,
     0x51,
     {0x07, 0x79, 0x78, 0x56, 0x34, 0x12, 0x8d, 0x39, 0x01, 0x16},
     10,
     {FAKE_NUMBER, 0, 0, NUMBER(0x78, 0x56, 0x34, 0x12)}},
    {"/mbus-slave/order/identification-of-another",
     11,
     0x51,
     {0x07, 0x79, 0x78, 0x56, 0x34, 0x12, 0x11, 0x11, 0x01, 0x16},
     10,
     NOTHING},
    {"/mbus-slave/order/identification-of-collector",
     10,
     0x51,
     {0x0c, 0x79, 0x20, 0x00, 0x00, 0x60},
     6,
     {FAKE_SETTING, 8, NFW_SETTING_BOARD_NUMBER, {0x20, 0x00, 0x00, 0x60}}},
    {"/mbus-slave/order/clock",
     11,
     0x51,
     {0x04, 0x6d, 30, 15 | 0x20, 22 | 2 << 5, 11 | 3 << 4},
     6,
     {FAKE_TIME, 8, FAKE_NOW, {0}}},
    {"/mbus-slave/order/clock-to-the-second",
     11,
     0x51,
     {0x06, 0x6d, 9, 30, 15, 22 | 2 << 5, 11 | 3 << 4, 0},
     8,
     {FAKE_TIME, 8, FAKE_NOW + 9, {0}}},
    {"/mbus-slave/order/clock-invalid",
     11,
     0x51,
     {0x04, 0x6d, 30 | 0x80, 15 | 0x20, 22 | 2 << 5, 11 | 3 << 4},
     6,
     NOTHING},
    {"/mbus-slave/order/clock-no-date",
     11,
     0x51,
     {0x04, 0x6d, 30, 15 | 0x20, 31 | 2 << 5, 11 | 3 << 4},
     6,
     NOTHING},
    {"/mbus-slave/order/counter",
     11,
     0x51,
     {0x04, 0x13, 0x10, 0x31, 0, 0},
     6,
     {FAKE_VOLUME, 0, 12560000, {0}}},
    {"/mbus-slave/order/counter-digits",
     11,
     0x51,
     {0x0c, 0x13, 0x60, 0x25, 0x01, 0},
     6,
     {FAKE_VOLUME, 0, 12560000, {0}}},
    {"/mbus-slave/order/counter-negative",
     11,
     0x51,
     {0x0c, 0x14, 0x02, 0, 0, 0xf0},
     6,
     {FAKE_VOLUME, 0, -20000, {0}}},
    {"/mbus-slave/order/counter-millilitres",
     11,
     0x51,
     {0x06, 0x10, 0xdc, 0x05, 0, 0, 0, 0},
     8,
     {FAKE_VOLUME, 0, 1500, {0}}},
    {"/mbus-slave/order/counter-no-value", 11, 0x51, {0x04, 0x13, 0, 0, 0, 0x80}, 6, NOTHING},
    {"/mbus-slave/order/counter-too-large",
     11,
     0x51,
     {0x07, 0x17, 0, 0, 0, 0, 0, 0, 0, 0x7f},
     10,
     NOTHING},
    {"/mbus-slave/order/counter-of-collector",
     10,
     0x51,
     {0x04, 0x13, 0x10, 0x31, 0, 0},
     6,
     NOTHING},
    {"/mbus-slave/order/counter-in-the-past", 11, 0x51, {0x44, 0x13, 0x10, 0x31, 0, 0}, 6, NOTHING},
    {"/mbus-slave/order/freeze", 11, 0x54, {0}, 0, {FAKE_FREEZE, 8, 0, {0}}},
    {"/mbus-slave/order/freeze-later-code", 11, 0x5c, {0}, 0, {FAKE_FREEZE, 8, 0, {0}}},
    {"/mbus-slave/order/freeze-volume-into-storage",
     11,
     0x51,
     {0x48, 0x93, 0x0b},
     3,
     {FAKE_FREEZE, 8, 0, {0}}},
    {"/mbus-slave/order/freeze-all-into-storage",
     11,
     0x51,
     {0xc8, 0x01, 0xfe, 0x0b},
     4,
     {FAKE_FREEZE, 8, 0, {0}}},
    {"/mbus-slave/order/another-action", 11, 0x51, {0x48, 0x93, 0x07}, 3, NOTHING},
    {"/mbus-slave/order/freeze-of-energy", 11, 0x51, {0x48, 0x83, 0x0b}, 3, NOTHING},
    {"/mbus-slave/order/setting", 11, 0x51, {0x0f, 3, 2, 40, 0}, 5, {FAKE_SETTING, 0, 3, {40, 0}}},
    {"/mbus-slave/order/setting-with-crc",
     11,
     0x51,
     {0x0f, 3, 2, 40, 0, 0xc0, 2, 0xa3, 0xc5},
     9,
     {FAKE_SETTING, 0, 3, {40, 0}}},
    {"/mbus-slave/order/setting-with-wrong-crc",
     11,
     0x51,
     {0x0f, 3, 2, 40, 0, 0xc0, 2, 0x00, 0x00},
     9,
     NOTHING},
    {"/mbus-slave/order/setting-of-wrong-size", 11, 0x51, {0x0f, 3, 1, 40}, 4, NOTHING},
    {"/mbus-slave/order/setting-that-ends-early", 11, 0x51, {0x0f, 3, 2, 40}, 4, NOTHING},
    {"/mbus-slave/order/setting-of-the-line",
     10,
     0x51,
     {0x0f, 35, 1, 5},
     4,
     {FAKE_SETTING, 8, 35, {5}}},
    {"/mbus-slave/order/setting-nobody-knows", 10, 0x51, {0x0f, 77, 1, 5}, 4, NOTHING},
    {"/mbus-slave/order/unknown-record", 11, 0x51, {0x04, 0x2b, 1, 2, 3, 4}, 6, NOTHING},
    {"/mbus-slave/order/counter-extended",
     11,
     0x51,
     {0x0a, 0x97, 0x11, 0x00, 0x01, 0x7a, 0x05},
     4,
     NOTHING},
    {"/mbus-slave/order/ends-in-record", 11, 0x51, {0x04, 0x13, 1, 2}, 4, NOTHING},
    {"/mbus-slave/order/half-understood",
     11,
     0x51,
     {0x01, 0x7a, 5, 0x04, 0x2b, 1, 2, 3, 4},
     9,
     NOTHING},
    {"/mbus-slave/order/unknown-code", 11, 0x57, {0x01}, 1, NOTHING},
};

static void
test_order(const void *data)
{
    const struct order_case *wanted = data;
    const bool is_wanted = wanted->order.channel != 99;

    begin();
    send(0x53, wanted->a, wanted->ci, wanted->data, wanted->size);
    CHECK_INT(is_ack(), is_wanted);
    CHECK_INT(collector.n_orders, is_wanted ? 1 : 0);
    if (!is_wanted) {
        CHECK_INT(answer.size, 0);
        ask(0x7b, wanted->a); /* and it says why */
        CHECK(answer.size == 10 && answer.bytes[6] == 0x70);
        ask(0x5b, wanted->a);
        CHECK_INT(answer.bytes[6], 0x72);
        return;
    }
    CHECK_INT(collector.orders[0].kind, wanted->order.kind);
    CHECK_INT(collector.orders[0].channel, wanted->order.channel);
    CHECK_INT(collector.orders[0].value, wanted->order.value);
    CHECK(memcmp(collector.orders[0].bytes, wanted->order.bytes, NFW_SETTING_MAX_SIZE) == 0);
    /* what cannot be done is not confirmed */
    collector.result = NFW_ERR_VERIFY;
    send(0x73, wanted->a, wanted->ci, wanted->data, wanted->size);
    CHECK_INT(answer.size, 0);
    ask(0x7b, wanted->a);
    CHECK(answer.size == 10 && answer.bytes[6] == 0x70 && answer.bytes[7] == 8);
}

static void
test_several_records(const void *data)
{
    begin();
    SEND(0x53, 11, 0x51, 0x2f, 0x01, 0x7a, 5, 0x0c, 0x79, 0x78, 0x56, 0x34, 0x12);
    CHECK(is_ack());
    CHECK_INT(collector.n_orders, 2);
    choose(0x12345672);
    SEND(0x53, 0xfd, 0x51, 0x01, 0x7a, 6);
    CHECK(is_ack());
    CHECK_INT(collector.orders[2].channel, 1);
    choose(0x1234567f);
    SEND(0x53, 0xfd, 0x51, 0x01, 0x7a, 7); /* never to several */
    CHECK_INT(answer.size, 0);
    CHECK_INT(collector.n_orders, 3);
}

static void
test_broadcast(const void *data)
{
    begin();
    send(0x53, 0xff, 0x54, NULL, 0);
    CHECK_INT(answer.size, 0);
    CHECK_INT(collector.n_orders, 1);
    CHECK_INT(collector.orders[0].kind, FAKE_FREEZE);
    SEND(0x53, 0xff, 0x51, 0x48, 0x93, 0x0b);
    SEND(0x53, 0xff, 0x51, 0x06, 0x6d, 9, 30, 15, 22 | 2 << 5, 11 | 3 << 4, 0);
    CHECK_INT(answer.size, 0);
    CHECK_INT(collector.n_orders, 3);
    CHECK_INT(collector.orders[2].kind, FAKE_TIME);
    SEND(0x53, 0xff, 0x51, 0x01, 0x7a, 5);
    SEND(0x53, 0xff, 0x51, 0x0c, 0x79, 0x78, 0x56, 0x34, 0x12);
    SEND(0x53, 0xff, 0x51, 0x0f, 3, 2, 40, 0);
    SEND(0x53, 0xff, 0x51, 0x04, 0x13, 0, 0, 0, 0);
    CHECK_INT(collector.n_orders, 3);
    SEND(0x53, 0xff, 0x50, 0x30);
    CHECK_INT(answer.size, 0);
    ask(0x7b, 11);
    CHECK(FIND(0x44, 0x6d));
}

static void
test_speed_switch(const void *data)
{
    for (unsigned i = 0; i < 8; i++) {
        begin();
        send(0x53, 11, (uint8_t)(0xb8 + i), NULL, 0);
        CHECK(is_ack());
        CHECK_INT(answer.new_speed, i + 1);
        send(0x73, 0xff, (uint8_t)(0xb8 + i), NULL, 0);
        CHECK_INT(answer.size, 0);
        CHECK_INT(answer.new_speed, i + 1);
        send(0x53, 99, (uint8_t)(0xb8 + i), NULL, 0);
        CHECK(answer.size == 0 && answer.new_speed == 0);
    }
    ask(0x7b, 11);
    CHECK_INT(answer.new_speed, 0);
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void
put_byte(uint8_t byte, uint8_t flags, enum nfw_heard wanted)
{
    const struct nfw_rx_byte rx = {.byte = byte, .flags = flags};

    CHECK_INT(nfw_mbus_slave_feed(&slave, &collector, &rx, &answer), wanted);
    if (wanted != NFW_HEARD_FRAME)
        CHECK_INT(answer.size, 0);
}

/* each way to spoil a request, at each of its bytes: silent, and well again behind the next gap */
static void
test_every_flip(const void *data)
{
    uint8_t requests[3][32];
    size_t sizes[3];

    sizes[0] = fake_short(0x7b, 11, requests[0]);
    sizes[1] = fake_select(0x12345671, requests[1]);
    sizes[2] = fake_long(0x53, 11, 0x51, (const uint8_t[]){0x01, 0x7a, 5}, 3, requests[2]);
    for (unsigned r = 0; r < 3; r++) {
        for (size_t bit = 0; bit < sizes[r] * 8; bit++) {
            begin();
            requests[r][bit / 8] ^= (uint8_t)(1u << bit % 8);
            hear(requests[r], sizes[r], true);
            CHECK_INT(answer.size, 0);
            CHECK_INT(collector.n_orders, 0);
            requests[r][bit / 8] ^= (uint8_t)(1u << bit % 8);
            CHECK_INT(hear(requests[r], sizes[r], true), NFW_HEARD_FRAME);
            CHECK(answer.size > 0);
        }
        for (size_t cut = 0; cut < sizes[r]; cut++) {
            begin();
            hear(requests[r], cut, true);
            CHECK_INT(hear(requests[r], sizes[r], true), NFW_HEARD_FRAME);
            CHECK(answer.size > 0);
        }
    }
}

/* what hardware says of a byte counts as much as the sum */
static void
test_bad_byte(const void *data)
{
    uint8_t bytes[5];
    const size_t size = fake_short(0x7b, 11, bytes);

    for (unsigned flag = NFW_RX_BAD; flag <= NFW_RX_LOST; flag *= 2) {
        for (size_t bad = 0; bad < size; bad++) {
            begin();
            for (size_t i = 0; i < size; i++) {
                put_byte(bytes[i], (uint8_t)((i == 0 ? NFW_RX_GAP : 0) | (i == bad ? flag : 0)),
                         i == bad ? NFW_HEARD_RUBBISH : NFW_HEARD_PART);
            }
            hear(bytes, size, true);
            CHECK(answer.size > 0);
        }
    }
}

static void
test_pause_in_request(const void *data)
{
    uint8_t bytes[5];
    const size_t size = fake_short(0x7b, 11, bytes);

    begin();
    hear(bytes, 3, true);
    hear(bytes + 3, size - 3, true);
    CHECK_INT(answer.size, 0);
    hear(bytes, size, true);
    CHECK(answer.size > 0);
}

/* clicks of a driver before the request are no reason to miss it */
static void
test_clicks(const void *data)
{
    uint8_t bytes[5];
    const size_t size = fake_short(0x7b, 11, bytes);

    begin();
    put_byte(0x00, NFW_RX_GAP | NFW_RX_BAD, NFW_HEARD_RUBBISH);
    put_byte(0xff, 0, NFW_HEARD_RUBBISH);
    CHECK_INT(hear(bytes, size, false), NFW_HEARD_FRAME);
    CHECK(answer.size > 0);
}

/* another slave's answer with a whole request for us in it, and its bytes one by one */
static size_t
make_foreign(uint8_t *bytes)
{
    uint8_t data[40] = {0x11, 0x22, 0x33, 0x44, 0x68, 0x10};

    fake_short(0x7b, 11, data + 6);
    fake_short(0x40, 11, data + 20);
    return fake_long(0x08, 77, 0x72, data, sizeof data, bytes);
}

static void
test_foreign_answer(const void *data)
{
    uint8_t bytes[NFW_ANSWER_MAX_SIZE];
    const size_t size = make_foreign(bytes);
    uint8_t request[5];

    begin();
    CHECK_INT(hear(bytes, size, true), NFW_HEARD_FRAME);
    CHECK_INT(answer.size, 0);
    /* a request directly behind it, without a gap */
    CHECK_INT(hear(request, fake_short(0x7b, 11, request), false), NFW_HEARD_FRAME);
    CHECK(answer.size > 0);
    /* a pause in it at any place, also right before what looks like a request */
    for (size_t pause = 5; pause < size; pause++) {
        begin();
        hear(bytes, pause, true);
        CHECK_INT(answer.size, 0);
        hear(bytes + pause, size - pause, true);
        CHECK_INT(answer.size, 0);
        hear(request, 5, true);
        CHECK(answer.size > 0);
    }
    /* any byte of it lost or changed */
    for (size_t bad = 0; bad < size; bad++) {
        begin();
        for (size_t i = 0; i < size; i++) {
            const struct nfw_rx_byte byte = {.byte = (uint8_t)(bytes[i] ^ (i == bad ? 0x04 : 0)),
                                             .flags = i == 0 ? NFW_RX_GAP : 0};

            nfw_mbus_slave_feed(&slave, &collector, &byte, &answer);
            CHECK_INT(answer.size, 0);
        }
        hear(request, 5, true);
        CHECK(answer.size > 0);
    }
}

/* longer than what is kept: passed over by its length */
static void
test_long_foreign_answer(const void *data)
{
    uint8_t bytes[NFW_ANSWER_MAX_SIZE];
    uint8_t records[252];
    uint8_t request[5];
    size_t size;

    memset(records, 0x10, sizeof records);
    for (size_t i = 0; i + 5 <= sizeof records; i += 7)
        fake_short(0x7b, 11, records + i);
    for (size_t length = 40; length <= sizeof records; length += 53) {
        begin();
        size = fake_long(0x08, 77, 0x72, records, length, bytes);
        CHECK_INT(hear(bytes, size, true), NFW_HEARD_FRAME);
        CHECK_INT(answer.size, 0);
        CHECK_INT(hear(request, fake_short(0x7b, 11, request), false), NFW_HEARD_FRAME);
        CHECK(answer.size > 0);
        /* an order that long is no order of ours, whoever it is for */
        size = fake_long(0x53, 11, 0x51, records, length, bytes);
        hear(bytes, size, true);
        CHECK(length < 56 || answer.size == 0);
        bytes[size - 2] ^= 1;
        CHECK_INT(hear(bytes, size, true), NFW_HEARD_PART); /* deaf since its sum */
        CHECK_INT(hear(request, 5, false), NFW_HEARD_PART);
    }
}

static void
test_echo(const void *data)
{
    uint8_t bytes[NFW_ANSWER_MAX_SIZE];
    uint8_t request[5];
    size_t size;

    begin();
    hear(request, fake_short(0x7b, 11, request), true);
    size = answer.size;
    memcpy(bytes, answer.bytes, size);
    CHECK_INT(hear(bytes, size, true), NFW_HEARD_FRAME); /* our own, come back */
    CHECK_INT(answer.size, 0);
    CHECK_INT(hear((const uint8_t[]){0xe5}, 1, true), NFW_HEARD_PART);
    CHECK_INT(answer.size, 0);
    hear(request, 5, true);
    CHECK(answer.size > 0);
}

/* noise with and without gaps: silence, and an answer to the second request at the latest */
static void
test_babble(const void *data)
{
    uint32_t state = 0x12345678;

    begin();
    for (unsigned round = 0; round < 300; round++) {
        uint8_t request[5];
        unsigned polls = 0;

        for (unsigned i = 0; i < 200; i++) {
            struct nfw_rx_byte byte;

            state = state * 1664525u + 1013904223u;
            byte = (struct nfw_rx_byte){.byte = (uint8_t)(state >> 24),
                                        .flags = state >> 8 & 15 ? 0 : NFW_RX_GAP};
            nfw_mbus_slave_feed(&slave, &collector, &byte, &answer);
            CHECK_INT(answer.size, 0);
        }
        do {
            hear(request, fake_short(0x7b, 11, request), true);
            polls++;
        } while (answer.size == 0 && polls < 4);
        CHECK(polls <= 2);
    }
}

#define RUN(cases, test)                                                                           \
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++)                                  \
    nilo_test_run((cases)[i].path, test, &(cases)[i])

int
main(void)
{
    RUN(address_cases, test_address);
    nilo_test_run("/mbus-slave/address/shared", test_shared_address, NULL);
    nilo_test_run("/mbus-slave/strange-services", test_strange_services, NULL);
    nilo_test_run("/mbus-slave/current", test_current, NULL);
    nilo_test_run("/mbus-slave/read-downstream", test_read_downstream, NULL);
    RUN(volume_cases, test_volume);
    RUN(status_cases, test_status);
    nilo_test_run("/mbus-slave/clock-unset", test_clock_unset, NULL);
    nilo_test_run("/mbus-slave/collector", test_collector, NULL);
    nilo_test_run("/mbus-slave/count-bit", test_count_bit, NULL);
    RUN(history_cases, test_history);
    nilo_test_run("/mbus-slave/history/values", test_history_values, NULL);
    nilo_test_run("/mbus-slave/events", test_events, NULL);
    nilo_test_run("/mbus-slave/settings", test_settings, NULL);
    nilo_test_run("/mbus-slave/unknown-application", test_unknown_application, NULL);
    nilo_test_run("/mbus-slave/alarms", test_alarms, NULL);
    nilo_test_run("/mbus-slave/new-events", test_new_events, NULL);
    RUN(select_cases, test_select);
    nilo_test_run("/mbus-slave/deselect", test_deselect, NULL);
    nilo_test_run("/mbus-slave/select/again", test_select_again, NULL);
    nilo_test_run("/mbus-slave/select/collision-stays-broken", test_collision_stays_broken, NULL);
    RUN(order_cases, test_order);
    nilo_test_run("/mbus-slave/order/several-records", test_several_records, NULL);
    nilo_test_run("/mbus-slave/order/broadcast", test_broadcast, NULL);
    nilo_test_run("/mbus-slave/speed-switch", test_speed_switch, NULL);
    nilo_test_run("/mbus-slave/bytes/every-flip", test_every_flip, NULL);
    nilo_test_run("/mbus-slave/bytes/bad-byte", test_bad_byte, NULL);
    nilo_test_run("/mbus-slave/bytes/pause-in-request", test_pause_in_request, NULL);
    nilo_test_run("/mbus-slave/bytes/clicks", test_clicks, NULL);
    nilo_test_run("/mbus-slave/bytes/foreign-answer", test_foreign_answer, NULL);
    nilo_test_run("/mbus-slave/bytes/long-foreign-answer", test_long_foreign_answer, NULL);
    nilo_test_run("/mbus-slave/bytes/echo", test_echo, NULL);
    nilo_test_run("/mbus-slave/bytes/babble", test_babble, NULL);
    return nilo_test_finish();
}
