/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-cjt188-slave-fake.h"
#include "nfw-cjt188-slave.h"
#include "nilo-wire-test.h"

#include <dirent.h>
#include <stdlib.h>

#define MAX_BYTES 1024
#define METER     "10 44332211003378 "
#define NEIGHBOUR "10 45332211003378 "
#define STRANGER  "10 99332211003378 "
#define ANYBODY   "AA AAAAAAAAAAAAAA "

typedef struct {
    struct nfw_collector collector;
    struct nfw_cjt188_slave slave;
    struct nfw_answer answer; /* the last one */
    unsigned n_answers;
    unsigned n_frames;
    unsigned n_rubbish;
} Line;

static void
line_init(Line *line)
{
    memset(line, 0, sizeof *line);
    fake_init(&line->collector);
    nfw_cjt188_slave_init(&line->slave);
}

static void
line_put(Line *line, uint8_t byte, uint8_t flags)
{
    const struct nfw_rx_byte received = {byte, flags};
    struct nfw_answer answer = {.size = 99, .new_speed = 9};

    switch (nfw_cjt188_slave_feed(&line->slave, &line->collector, &received, &answer)) {
    case NFW_HEARD_FRAME:
        line->n_frames++;
        break;
    case NFW_HEARD_RUBBISH:
        line->n_rubbish++;
        break;
    case NFW_HEARD_PART:
        CHECK_INT(answer.size, 0);
        break;
    }
    CHECK_INT(answer.new_speed, 0);
    if (answer.size > 0) {
        line->answer = answer;
        line->n_answers++;
    }
}

static size_t
bytes_from_hex(const char *hex, uint8_t *bytes)
{
    size_t size = 0;
    unsigned byte;
    int used;

    while (size < MAX_BYTES && sscanf(hex, " %2x%n", &byte, &used) == 1) {
        bytes[size++] = (uint8_t)byte;
        hex += used;
    }
    return size;
}

/*
 * A whole frame of "T A0..A6 C DATA" in hex, which is how the standard prints them: 68 in front, L
 * before the data, then the sum of it all and 16.
 */
static size_t
frame_from_hex(const char *hex, uint8_t *bytes)
{
    uint8_t body[MAX_BYTES];
    const size_t size = bytes_from_hex(hex, body);
    uint8_t sum = 0;

    bytes[0] = 0x68;
    memcpy(bytes + 1, body, 9);
    bytes[10] = (uint8_t)(size - 9);
    memcpy(bytes + 11, body + 9, size - 9);
    for (size_t i = 0; i < size + 2; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[size + 2] = sum;
    bytes[size + 3] = 0x16;
    return size + 4;
}

static void
line_send(Line *line, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        line_put(line, bytes[i], i == 0 ? NFW_RX_GAP : 0);
}

/* behind a gap and a preamble, as masters do */
static void
line_ask(Line *line, const char *hex)
{
    uint8_t bytes[MAX_BYTES] = {0xfe, 0xfe, 0xfe};

    line_send(line, bytes, 3 + frame_from_hex(hex, bytes + 3));
}

static void
check_answer(const Line *line, const char *hex)
{
    uint8_t expected[MAX_BYTES] = {0xfe, 0xfe};
    const size_t size = 2 + frame_from_hex(hex, expected + 2);

    CHECK_INT(line->answer.size, size);
    for (size_t i = 0; i < size && i < line->answer.size; i++) {
        if (line->answer.bytes[i] != expected[i]) {
            printf("# byte %zu of the answer is %02x, expected %02x\n", i, line->answer.bytes[i],
                   expected[i]);
            CHECK(!"the answer is another one");
            return;
        }
    }
}

/* --- what is answered ---------------------------------------------------------------------------
 */

typedef struct {
    const char *path;
    const char *request;
    const char *answer; /* NULL: silence */
    void (*prepare)(struct nfw_collector *collector);
} Talk;

static void
prepare_months(struct nfw_collector *collector)
{
    collector->log[NFW_FREEZE_MONTH].held = 3;
    collector->log[NFW_FREEZE_MONTH].estimated = 1;
    collector->log[NFW_FREEZE_DAY].held = 62;
    collector->log[NFW_FREEZE_DAY].hole = 2;
    collector->log[NFW_FREEZE_ORDERED].held = 1;
}

static void
prepare_late_month(struct nfw_collector *collector)
{
    collector->log[NFW_FREEZE_MONTH].held = 1;
    collector->log[NFW_FREEZE_MONTH].estimated = 0;
}

static void
prepare_bad_months(struct nfw_collector *collector)
{
    collector->log[NFW_FREEZE_MONTH].error = NFW_ERR_TIMEOUT;
}

static void
prepare_no_reading(struct nfw_collector *collector)
{
    collector->reading[0].volume_ml = 0;
    collector->reading[0].age_s = UINT32_MAX;
    collector->battery_mv = 0; /* cannot be measured */
    collector->reading[0].status = NFW_STATUS_NO_READING | NFW_STATUS_STALE;
}

static void
prepare_below_zero(struct nfw_collector *collector)
{
    collector->reading[0].volume_ml = -1;
    collector->reading[0].rejected = 0x0203;
    collector->n_events = 0x1234;
}

static void
prepare_too_much(struct nfw_collector *collector)
{
    collector->reading[0].volume_ml = 1000000000000;
}

static void
prepare_most(struct nfw_collector *collector)
{
    collector->reading[0].volume_ml = 999999999999;
}

static void
prepare_trouble(struct nfw_collector *collector)
{
    collector->now = 0;
    collector->reading[0].status =
        NFW_STATUS_BATTERY_LOW | NFW_STATUS_TAMPER | NFW_STATUS_NOT_STORED | NFW_STATUS_CLOCK_UNSET;
}

static void
prepare_one_meter(struct nfw_collector *collector)
{
    collector->config.channel[0].source = NFW_SOURCE_OFF;
    collector->config.channel[1].type = 0x11;
}

static void
prepare_hours(struct nfw_collector *collector)
{
    collector->log[NFW_FREEZE_HOUR].held = 5;
    collector->log[NFW_FREEZE_HOUR].hole = 0;
    collector->log[NFW_FREEZE_HOUR].estimated = 1;
    collector->log[NFW_FREEZE_HOUR].newest_ml = 20000;
}

static void
prepare_old_hours(struct nfw_collector *collector)
{
    collector->log[NFW_FREEZE_HOUR].held = NFW_FREEZE_HOURS;
}

static void
prepare_two_events(struct nfw_collector *collector)
{
    collector->n_events = 2;
}

static void
prepare_many_events(struct nfw_collector *collector)
{
    collector->n_events = 300;
    collector->damaged_back = 7;
}

static void
prepare_refusal(struct nfw_collector *collector)
{
    collector->result = NFW_ERR_REFUSED;
}

static void
prepare_out_of_range(struct nfw_collector *collector)
{
    collector->result = NFW_ERR_RANGE;
}

#define NONE5 "FFFFFFFFFF"

static const Talk talks[] = {
    /* 123456.78 m3, no settlement yet, 2026-11-22 15:04:05, all is well */
    {"/firmware/cjt188/current", METER "01 901F05",
     METER "81 901F05 78563412 2C " NONE5 " 05041522112620 0000", NULL},
    {"/firmware/cjt188/current/low-byte-first", METER "01 1F9005",
     METER "81 1F9005 78563412 2C " NONE5 " 05041522112620 0000", NULL},
    {"/firmware/cjt188/current/neighbour", NEIGHBOUR "01 901FFF",
     NEIGHBOUR "81 901FFF 79563412 2C " NONE5 " 05041522112620 0000", NULL},
    {"/firmware/cjt188/current/settlement", METER "01 901F05",
     METER "81 901F05 78563412 2C 00003412 2C 05041522112620 0000", prepare_months},
    {"/firmware/cjt188/current/settlement/estimated", METER "01 901F05",
     METER "81 901F05 78563412 2C " NONE5 " 05041522112620 0000", prepare_late_month},
    {"/firmware/cjt188/current/no-reading", METER "01 901F05",
     METER "81 901F05 " NONE5 NONE5 " 05041522112620 0012", prepare_no_reading},
    {"/firmware/cjt188/current/below-zero", METER "01 901F05",
     METER "81 901F05 " NONE5 NONE5 " 05041522112620 0020", prepare_below_zero},
    {"/firmware/cjt188/current/too-much", METER "01 901F05",
     METER "81 901F05 " NONE5 NONE5 " 05041522112620 0020", prepare_too_much},
    {"/firmware/cjt188/current/most", METER "01 901F05",
     METER "81 901F05 99999999 2C " NONE5 " 05041522112620 0000", prepare_most},
    {"/firmware/cjt188/current/trouble", METER "01 901F05",
     METER "81 901F05 78563412 2C " NONE5 " 00000000000000 040D", prepare_trouble},
    {"/firmware/cjt188/current/type-of-the-medium", "13 44332211003378 01 901F05",
     METER "81 901F05 78563412 2C " NONE5 " 05041522112620 0000", NULL},
    {"/firmware/cjt188/current/any-type", "AA 44332211003378 01 901F05",
     METER "81 901F05 78563412 2C " NONE5 " 05041522112620 0000", NULL},
    {"/firmware/cjt188/current/other-medium", "20 44332211003378 01 901F05", NULL, NULL},
    {"/firmware/cjt188/current/stranger", STRANGER "01 901F05", NULL, NULL},
    {"/firmware/cjt188/current/last-byte-differs", "10 44332211003379 01 901F05", NULL, NULL},
    {"/firmware/cjt188/current/one-byte-wildcard", "10 443322110033AA 01 901F05", NULL, NULL},
    {"/firmware/cjt188/current/without-serial", METER "01 901F", NULL, NULL},
    {"/firmware/cjt188/current/too-long", METER "01 901F0500", NULL, NULL},
    {"/firmware/cjt188/current/answer-of-a-twin", METER "81 901F05", NULL, NULL},
    {"/firmware/cjt188/current/makers-code", METER "21 901F05", NULL, NULL},
    {"/firmware/cjt188/current/abnormal-question", METER "41 901F05", NULL, NULL},
    {"/firmware/cjt188/current/unknown-function", METER "02 901F05", NULL, NULL},

    /* the meter's own number is in the answer; with several meters nobody answers everybody */
    {"/firmware/cjt188/wildcard/several", ANYBODY "03 810A01", NULL, NULL},
    {"/firmware/cjt188/wildcard/one", ANYBODY "03 810A01", "11 45332211003378 83 810A01",
     prepare_one_meter},
    {"/firmware/cjt188/wildcard/one/without-serial", ANYBODY "03 0A81", "11 45332211003378 83 0A81",
     prepare_one_meter},
    {"/firmware/cjt188/wildcard/one/current", "10 AAAAAAAAAAAAAA 01 901F01",
     "11 45332211003378 81 901F01 79563412 2C " NONE5 " 05041522112620 0000", prepare_one_meter},
    {"/firmware/cjt188/wildcard/one/other-medium", "30 AAAAAAAAAAAAAA 01 901F01", NULL,
     prepare_one_meter},
    {"/firmware/cjt188/wildcard/one/write", ANYBODY "15 A01801 01000000003378", NULL,
     prepare_one_meter},
    {"/firmware/cjt188/wildcard/one/clock", ANYBODY "04 A01501 00000001012720", NULL,
     prepare_one_meter},
    {"/firmware/cjt188/wildcard/one-turned-off", METER "01 901F05", NULL, prepare_one_meter},
    {"/firmware/cjt188/address", METER "03 810A01", METER "83 810A01", NULL},
    {"/firmware/cjt188/address/other-identifier", METER "03 810B01", NULL, NULL},

    /* 901F has the newest; D120 is the one before */
    {"/firmware/cjt188/settlement/1/estimated", METER "01 D12001", METER "81 D12001 " NONE5,
     prepare_months},
    {"/firmware/cjt188/settlement/2/low-byte-first", METER "01 21D101",
     METER "81 21D101 98993312 2C", prepare_months},
    {"/firmware/cjt188/settlement/3/not-held", METER "01 D12201", METER "C1 01 0040",
     prepare_months},
    {"/firmware/cjt188/settlement/cannot-read", METER "01 D12001", METER "C1 01 00C0",
     prepare_bad_months},
    {"/firmware/cjt188/settlement-day", METER "01 810301", METER "81 810301 01", NULL},
    {"/firmware/cjt188/not-supported/price", METER "01 810201", METER "C1 01 0080", NULL},
    {"/firmware/cjt188/not-supported/reading-day", METER "01 048101", METER "C1 01 0080", NULL},
    {"/firmware/cjt188/not-supported/purchase", METER "01 810501", METER "C1 01 0080", NULL},
    {"/firmware/cjt188/not-supported/key-version", METER "09 810601", METER "C9 01 0080", NULL},
    {"/firmware/cjt188/not-supported/valve", METER "04 A01701 99", METER "C4 01 0080", NULL},
    {"/firmware/cjt188/not-supported/in-trouble", METER "01 810501", METER "C1 01 048D",
     prepare_trouble},

    {"/firmware/cjt188/months/newest", METER "01 D20001",
     METER "81 D20001 00000022112620 00003412 2C 00", prepare_months},
    {"/firmware/cjt188/months/estimated", METER "01 01D201",
     METER "81 01D201 00000021112620 99993312 2C 01", prepare_months},
    {"/firmware/cjt188/days/oldest", METER "01 D33D01",
     METER "81 D33D01 00000022092620 39993312 2C 00", prepare_months},
    {"/firmware/cjt188/days/hole", METER "01 D30201", METER "C1 01 0040", prepare_months},
    {"/firmware/cjt188/ordered", METER "01 D40001", METER "81 D40001 00000022112620 00003412 2C 00",
     prepare_months},
    {"/firmware/cjt188/ordered/none-before", METER "01 D40101", METER "C1 01 0040", prepare_months},

    /* the newest is not held, the next was taken late, the third is 0, the fourth below */
    {"/firmware/cjt188/hours", METER "01 D50001",
     METER "81 D50001 00001522112620 2C FFFFFFFF04 0100000001 0000000000 FFFFFFFF02 FFFFFFFF02"
           "FFFFFFFF04 FFFFFFFF04 FFFFFFFF04 FFFFFFFF04 FFFFFFFF04 FFFFFFFF04 FFFFFFFF04",
     prepare_hours},
    {"/firmware/cjt188/hours/half-day-before", METER "01 01D501", METER "C1 01 0040",
     prepare_hours},
    {"/firmware/cjt188/hours/oldest", METER "01 D55901",
     METER "81 D55901 00000309102620 2C 3289331200 3189331200 3089331200 2989331200 2889331200"
           "2789331200 2689331200 2589331200 2489331200 2389331200 2289331200 2189331200",
     prepare_old_hours},
    {"/firmware/cjt188/hours/behind-the-oldest", METER "01 D55A01", METER "C1 01 0040",
     prepare_old_hours},

    /* status, 3600 mV, 7 starts, 70000 writes, events, rejected, age, -1 ml, clock */
    {"/firmware/cjt188/state", METER "01 D70001",
     METER "81 D70001 0020 100E 0700 70110100 3412 0302 00000000 FFFFFFFFFFFFFFFF 05041522112620",
     prepare_below_zero},
    {"/firmware/cjt188/state/no-reading", METER "01 00D701",
     METER "81 00D701 0012 FFFF 0700 70110100 0000 0000 FFFFFFFF 0000000000000000 05041522112620",
     prepare_no_reading},
    {"/firmware/cjt188/state/unknown", METER "01 D70101", METER "C1 01 0080", NULL},

    /* the first ever was before the clock was set */
    {"/firmware/cjt188/events", METER "01 D71001",
     METER "81 D71001 00 0100 02 01 05041522112620 01030201 0000 01 00 00000000000000 00030201",
     prepare_two_events},
    {"/firmware/cjt188/events/none", METER "01 D71001", METER "C1 01 0040", NULL},
    {"/firmware/cjt188/events/damaged", NEIGHBOUR "01 D71101",
     NEIGHBOUR "81 D71101 01"
               "2501 09 05 05581422112620 25040201 2301 07 03 05561422112620 23040201"
               "2201 06 02 05551422112620 22040201 2101 05 01 05541422112620 21040201"
               "2001 04 00 05531422112620 20040201",
     prepare_many_events},
    {"/firmware/cjt188/events/behind-the-oldest", METER "01 D73001", METER "C1 01 0080",
     prepare_many_events},

    {"/firmware/cjt188/setting/read", METER "01 D60301", METER "81 D60301 1E00", NULL},
    {"/firmware/cjt188/setting/read/of-the-collector", METER "01 D62301", METER "81 D62301 00",
     NULL},
    {"/firmware/cjt188/setting/unknown", METER "01 D61F01", METER "C1 01 0080", NULL},
    {"/firmware/cjt188/setting/write", METER "04 03D601 2C01", METER "84 03D601", NULL},
    {"/firmware/cjt188/setting/write/collectors-address", METER "04 D64A01 FA", METER "84 D64A01",
     NULL},
    {"/firmware/cjt188/setting/write/wrong-size", METER "04 D60301 2C", NULL, NULL},
    {"/firmware/cjt188/setting/write/unknown", METER "04 D61F01 2C", METER "C4 01 0080", NULL},
    {"/firmware/cjt188/setting/write/out-of-range", METER "04 D60301 0000", METER "C4 01 0040",
     prepare_out_of_range},

    {"/firmware/cjt188/clock/set", METER "04 A01507 59590731122620", METER "84 A01507", NULL},
    {"/firmware/cjt188/clock/low-byte-first", METER "04 15A007 59590731122620", METER "84 15A007",
     NULL},
    {"/firmware/cjt188/clock/no-date", METER "04 A01507 00000030022720", METER "C4 07 0040", NULL},
    {"/firmware/cjt188/clock/year-first", METER "04 A01507 20270131235959", METER "C4 07 0040",
     NULL},
    {"/firmware/cjt188/clock/not-digits", METER "04 A01507 0A000030122720", METER "C4 07 0040",
     NULL},
    {"/firmware/cjt188/clock/short", METER "04 A01507 595907311226", NULL, NULL},
    {"/firmware/cjt188/clock/fails", METER "04 A01507 59590731122620", METER "C4 07 00C0",
     prepare_refusal},
    {"/firmware/cjt188/freeze", METER "04 A10409", METER "84 A10409", NULL},
    {"/firmware/cjt188/freeze/with-data", METER "04 A10409 99999999", NULL, NULL},
    {"/firmware/cjt188/freeze/fails", METER "04 A10409", METER "C4 09 00C0", prepare_refusal},

    {"/firmware/cjt188/counter", METER "16 A01601 78563412 2C", METER "96 A01601 0000", NULL},
    {"/firmware/cjt188/counter/litres", METER "16 A01601 78563412 29", METER "D6 01 0040", NULL},
    {"/firmware/cjt188/counter/not-digits", METER "16 A01601 7856341A 2C", METER "D6 01 0040",
     NULL},
    {"/firmware/cjt188/counter/short", METER "16 A01601 78563412", NULL, NULL},
    {"/firmware/cjt188/counter/other-identifier", METER "16 A01701 78563412 2C", METER "D6 01 0080",
     NULL},
    {"/firmware/cjt188/counter/fails", METER "16 A01601 78563412 2C", METER "D6 01 00C0",
     prepare_refusal},
    {"/firmware/cjt188/number", METER "15 A01801 01000000003378", METER "95 A01801", NULL},
    {"/firmware/cjt188/number/not-digits", METER "15 A01801 AAAAAAAAAAAAAA", METER "D5 01 0040",
     NULL},
    {"/firmware/cjt188/number/short", METER "15 A01801 010000000033", NULL, NULL},
    {"/firmware/cjt188/number/taken", METER "15 A01801 45332211003378", METER "D5 01 0040",
     prepare_out_of_range},
};

static void
test_talk(const void *data)
{
    const Talk *talk = data;
    Line line;

    line_init(&line);
    if (talk->prepare != NULL)
        talk->prepare(&line.collector);
    line_ask(&line, talk->request);
    CHECK_INT(line.n_frames, 1);
    CHECK_INT(line.n_rubbish, 0);
    CHECK_INT(line.n_answers, talk->answer != NULL ? 1 : 0);
    if (talk->answer != NULL)
        check_answer(&line, talk->answer);
}

/* a frame as it was printed elsewhere, so that sums do not come from here alone */
static void
test_whole_frame(const void *data)
{
    uint8_t bytes[MAX_BYTES];
    Line line;

    line_init(&line);
    line_send(&line, bytes,
              bytes_from_hex("68 10 44 33 22 11 00 33 78 01 03 90 1F 00 80 16", bytes));
    CHECK_INT(line.n_answers, 1);
}

static void
test_orders(const void *data)
{
    Line line;

    line_init(&line);
    line_ask(&line, METER "04 A01501 58590731122620");
    CHECK_INT(line.collector.now, fake_seconds(2026, 12, 31, 7, 59, 58));
    line_ask(&line, METER "04 A10402");
    CHECK_INT(line.collector.frozen, 1);
    line_ask(&line, METER "16 A01603 78563412 2C");
    CHECK_INT(line.collector.set_volume_ml, 123456780000);
    line_ask(&line, NEIGHBOUR "04 D60304 2C01");
    CHECK_INT(line.collector.config.channel[1].min_closed_ms, 300);
    CHECK_INT(line.collector.config.channel[0].min_closed_ms, 30);
    line_ask(&line, NEIGHBOUR "04 D64A05 FA");
    CHECK_INT(line.collector.config.primary, 0xfa);
    CHECK_INT(line.collector.n_orders, 5);
    CHECK_INT(line.n_answers, 5);

    /* confirmed from where it was; from then on it is where it is */
    line_ask(&line, METER "15 A01806 01000000003378");
    check_answer(&line, METER "95 A01806");
    line_ask(&line, METER "03 810A07");
    CHECK_INT(line.n_answers, 6);
    line_ask(&line, "10 01000000003378 03 810A08");
    check_answer(&line, "10 01000000003378 83 810A08");
}

/* --- where frames begin -------------------------------------------------------------------------
 */

#define QUESTION METER "01 901F05"

static void
test_directly_behind(const void *data)
{
    const char *const neighbours[] = {STRANGER "81 901F05 68104433221100337801", METER "81 901F05",
                                      ANYBODY "04 A01501 00000001012720"};

    for (unsigned i = 0; i < sizeof neighbours / sizeof neighbours[0]; i++) {
        uint8_t bytes[MAX_BYTES];
        size_t size = frame_from_hex(neighbours[i], bytes);
        Line line;

        line_init(&line);
        bytes[size++] = 0xfe; /* with and without a preamble */
        size += frame_from_hex(QUESTION, bytes + size);
        size += frame_from_hex(QUESTION, bytes + size);
        line_send(&line, bytes, size);
        CHECK_INT(line.n_frames, 3);
        CHECK_INT(line.n_answers, 2);
        CHECK_INT(line.n_rubbish, 0);
    }
}

/* our whole question as somebody else's data, then his frame goes wrong */
static void
test_start_inside(const void *data)
{
    uint8_t question[MAX_BYTES], bytes[MAX_BYTES];
    const size_t question_size = frame_from_hex(QUESTION, question);
    const size_t head_size = bytes_from_hex("68 10 99 33 22 11 00 33 78 81 20 90 1F 05", bytes);
    Line line;

    for (unsigned wrong = 0; wrong < 3; wrong++) {
        line_init(&line);
        memcpy(bytes + head_size, question, question_size);
        memcpy(bytes + head_size + question_size, question, question_size);
        line_send(&line, bytes, head_size);
        /* spoilt on its way, lost on its way, or just not complete */
        if (wrong < 2)
            line_put(&line, 0x55, wrong == 0 ? NFW_RX_BAD : NFW_RX_LOST);
        for (size_t i = head_size; i < head_size + 2 * question_size; i++)
            line_put(&line, bytes[i], 0);
        CHECK_INT(line.n_answers, 0);
        CHECK_INT(line.n_rubbish, 1);

        line_ask(&line, QUESTION);
        CHECK_INT(line.n_answers, 1);
        CHECK_INT(line.n_rubbish, 1);
    }
}

static void
test_gap_inside(const void *data)
{
    uint8_t bytes[MAX_BYTES];
    const size_t size = frame_from_hex(QUESTION, bytes);

    for (size_t at = 1; at < size; at++) {
        Line line;

        line_init(&line);
        for (size_t i = 0; i < size; i++)
            line_put(&line, bytes[i], i == 0 || i == at ? NFW_RX_GAP : 0);
        CHECK_INT(line.n_answers, 0);
        CHECK(line.n_rubbish >= 1);
        line_ask(&line, QUESTION);
        CHECK_INT(line.n_answers, 1);
    }
}

static void
test_before_the_first_gap(const void *data)
{
    uint8_t bytes[MAX_BYTES];
    const size_t size = frame_from_hex(QUESTION, bytes);
    Line line;

    line_init(&line);
    for (size_t i = 0; i < size; i++)
        line_put(&line, bytes[i], 0);
    CHECK_INT(line.n_answers, 0);
}

/* a driver that is switched on makes a 00 or an FF in front of the preamble */
static void
test_idle_bytes(const void *data)
{
    uint8_t bytes[MAX_BYTES] = {0x00, 0xff};
    size_t size = 2;
    Line line;

    line_init(&line);
    for (unsigned i = 0; i < 300; i++)
        bytes[size++] = 0xfe;
    size += frame_from_hex(QUESTION, bytes + size);
    line_send(&line, bytes, size);
    CHECK_INT(line.n_answers, 1);
    CHECK_INT(line.n_rubbish, 0);

    /* anything else is not ours, and tells of another speed once in a burst */
    bytes[0] = 0x7e;
    line_send(&line, bytes, size);
    CHECK_INT(line.n_answers, 1);
    CHECK_INT(line.n_rubbish, 1);
}

/* one wrong bit, wherever it is, or a byte less, and nobody answers */
static void
test_spoilt(const void *data)
{
    uint8_t bytes[MAX_BYTES];
    const size_t size = frame_from_hex(QUESTION, bytes);
    Line line;

    line_init(&line);
    for (size_t at = 0; at < size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            line_send(&line, bytes, size);
            bytes[at] ^= (uint8_t)(1u << bit);
        }
        for (size_t i = 0; i < size; i++) {
            if (i != at)
                line_put(&line, bytes[i], i == 0 ? NFW_RX_GAP : 0);
        }
    }
    CHECK_INT(line.n_answers, 0);
    line_send(&line, bytes, size);
    CHECK_INT(line.n_answers, 1);
}

static void
test_longest_frame(const void *data)
{
    uint8_t bytes[MAX_BYTES];
    char text[MAX_BYTES] = STRANGER "81 901F05";
    size_t size;
    Line line;

    for (unsigned i = 3; i < 100; i++)
        strcat(text, "68");
    size = frame_from_hex(text, bytes);
    CHECK_INT(size, NFW_CJT188_SLAVE_MAX_FRAME);
    line_init(&line);
    line_send(&line, bytes, size);
    CHECK_INT(line.n_frames, 1);

    strcat(text, "68");
    size = frame_from_hex(text, bytes);
    line_send(&line, bytes, size);
    CHECK_INT(line.n_frames, 1);
    CHECK_INT(line.n_rubbish, 1);

    /* writing is limited to 50 bytes */
    strcpy(text, METER "04 A01505");
    for (unsigned i = 3; i < 51; i++)
        strcat(text, "01");
    line_ask(&line, text);
    CHECK_INT(line.n_frames, 2);
    CHECK_INT(line.n_answers, 0);
}

/* what we said ourselves, heard again, is no question, and the next one is heard */
static void
test_echo(const void *data)
{
    Line line;
    struct nfw_answer first;

    line_init(&line);
    line_ask(&line, QUESTION);
    first = line.answer;
    line_send(&line, first.bytes, first.size);
    CHECK_INT(line.n_answers, 1);
    CHECK_INT(line.n_frames, 2);
    line_ask(&line, QUESTION);
    CHECK_INT(line.n_answers, 2);
}

/* --- recorded frames ----------------------------------------------------------------------------
 */

/* where a sound frame begins behind nothing but idle bytes, and ends with the bytes; or NULL */
static const uint8_t *
find_sound(const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    uint8_t sum = 0;

    while (at < size && (bytes[at] == 0xfe || bytes[at] == 0xff || bytes[at] == 0x00))
        at++;
    if (size - at < 13 || bytes[at] != 0x68 || bytes[at + 10] > 100 ||
        size - at != 13u + bytes[at + 10] || bytes[size - 1] != 0x16)
        return NULL;
    for (size_t i = at; i < size - 2; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == bytes[size - 2] ? bytes + at : NULL;
}

static void
check_recorded(const uint8_t *bytes, size_t size, unsigned *n_reads)
{
    const uint8_t *frame = find_sound(bytes, size);
    Line line;

    line_init(&line);
    line.collector.config.channel[1].source = NFW_SOURCE_OFF;
    if (frame != NULL) {
        line.collector.config.channel[0].type = frame[1] == 0xaa ? 0x10 : frame[1];
        memcpy(line.collector.config.channel[0].number, frame + 2, NFW_NUMBER_SIZE);
    }
    line_send(&line, bytes, size);
    if (frame == NULL || (frame[9] & 0xe0) != 0) {
        CHECK_INT(line.n_answers, 0);
    } else if ((frame[9] == 0x01 && frame[10] == 3) || frame[9] == 0x03) {
        (*n_reads)++;
        CHECK_INT(line.n_answers, 1);
        CHECK_INT(line.answer.bytes[2 + 9] & 0xbf, 0x80 | frame[9]);
    }
}

static void
test_recorded(const void *data)
{
    char path[512];
    DIR *folder;
    struct dirent *entry;
    unsigned n_reads = 0;

    snprintf(path, sizeof path, "%s/cjt188", (const char *)data);
    folder = opendir(path);
    if (folder == NULL) {
        printf("# SKIP %s cannot be opened\n", path);
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        char line[4096];
        FILE *file;

        snprintf(path, sizeof path, "%s/cjt188/%s", (const char *)data, entry->d_name);
        file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof line, file) != NULL) {
            uint8_t bytes[MAX_BYTES];

            if (strncmp(line, "hex: ", 5) == 0)
                check_recorded(bytes, bytes_from_hex(line + 5, bytes), &n_reads);
        }
        if (file != NULL)
            fclose(file);
    }
    closedir(folder);
    printf("# %u recorded requests to read\n", n_reads);
    CHECK(n_reads >= 10);
}

int
main(void)
{
    const char *corpus = getenv("NILO_CORPUS_DIR");

    for (unsigned i = 0; i < sizeof talks / sizeof talks[0]; i++)
        nilo_test_run(talks[i].path, test_talk, &talks[i]);
    nilo_test_run("/firmware/cjt188/whole-frame", test_whole_frame, NULL);
    nilo_test_run("/firmware/cjt188/orders", test_orders, NULL);
    nilo_test_run("/firmware/cjt188/begin/directly-behind", test_directly_behind, NULL);
    nilo_test_run("/firmware/cjt188/begin/inside-other-data", test_start_inside, NULL);
    nilo_test_run("/firmware/cjt188/begin/gap-inside", test_gap_inside, NULL);
    nilo_test_run("/firmware/cjt188/begin/before-the-first-gap", test_before_the_first_gap, NULL);
    nilo_test_run("/firmware/cjt188/begin/idle-bytes", test_idle_bytes, NULL);
    nilo_test_run("/firmware/cjt188/begin/spoilt", test_spoilt, NULL);
    nilo_test_run("/firmware/cjt188/begin/longest-frame", test_longest_frame, NULL);
    nilo_test_run("/firmware/cjt188/begin/echo", test_echo, NULL);
    if (corpus != NULL)
        nilo_test_run("/firmware/cjt188/recorded", test_recorded, corpus);
    else
        printf("# SKIP recorded frames: NILO_CORPUS_DIR is not set\n");
    return nilo_test_finish();
}
