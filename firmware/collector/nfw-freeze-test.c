/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-calendar.h"
#include "nfw-date-for-test.h"
#include "nfw-eeprom.h"
#include "nfw-freeze.h"
#include "nfw-host.h"
#include "nilo-wire-crc.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

#define HOUR NFW_SECONDS_PER_HOUR
#define DAY  NFW_SECONDS_PER_DAY

struct board {
    struct nfw_host host;
    struct nfw_freeze freeze;
    int32_t shift[NFW_CHANNELS]; /* what somebody has set the counters by */
};

static struct board *
board_new(void)
{
    struct board *board = calloc(1, sizeof *board);

    if (board == NULL)
        abort();
    nfw_host_init(&board->host);
    nfw_freeze_start(&board->freeze);
    return board;
}

static void
board_free(struct board *board)
{
    nfw_host_clear(&board->host);
    free(board);
}

/* What the counters are: they cross zero, the limits of 16, 24 and 31 bits, and run backwards. */
static void
count_at(const struct board *board, nfw_seconds time, int32_t count[NFW_CHANNELS])
{
    const int32_t minutes = (int32_t)((time - nfw_test_at(2026, 1, 1, 0, 0, 0)) / 60u);
    static const int32_t start[NFW_CHANNELS] = {0,          65000,    16777000, -16777300,
                                                2147000000, -9999999, 5,        0};
    static const int32_t step[NFW_CHANNELS] = {1, 3, 5, 7, 1, 40, 0, -11};

    for (unsigned i = 0; i < NFW_CHANNELS; i++)
        count[i] =
            (int32_t)(uint32_t)((int64_t)start[i] + (int64_t)step[i] * minutes + board->shift[i]);
}

static int
step_once(struct board *board, nfw_seconds now)
{
    int32_t count[NFW_CHANNELS];

    count_at(board, now, count);
    return nfw_freeze_step(&board->freeze, now, count);
}

/* Everything that is due. Returns: how many pages were written. */
static unsigned
step(struct board *board, nfw_seconds now)
{
    const uint64_t before = board->host.eeprom.write_cycles;

    for (unsigned i = 0; i < 4000u; i++) {
        const uint64_t start_us = board->host.now_us;
        const int result = step_once(board, now);

        CHECK(board->host.now_us - start_us < 15000u);
        if (result == NFW_ERR_NONE)
            return (unsigned)(board->host.eeprom.write_cycles - before);
        CHECK_INT(result, NFW_OK);
    }
    CHECK(!"it never ends");
    return 0;
}

/* That @kind's moment @back stands for @time, with the counts of @taken, but for @missing. */
static void
check(const struct board *board, enum nfw_freeze_kind kind, unsigned back, nfw_seconds time,
      nfw_seconds taken, unsigned missing)
{
    struct nfw_frozen frozen;
    int32_t count[NFW_CHANNELS];

    CHECK_INT(nfw_freeze_get(&board->freeze, kind, back, &frozen), NFW_OK);
    CHECK_INT(frozen.time, time);
    CHECK_INT(frozen.flags, taken - time > NFW_FREEZE_LATE_S ? NFW_FREEZE_ESTIMATED : 0);
    CHECK_INT(frozen.missing, missing);
    count_at(board, taken, count);
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        if ((missing >> i & 1u) == 0)
            CHECK_INT(frozen.count[i], count[i]);
    }
}

static void
check_none(const struct board *board, enum nfw_freeze_kind kind, unsigned back)
{
    struct nfw_frozen frozen;

    CHECK_INT(nfw_freeze_get(&board->freeze, kind, back, &frozen), NFW_ERR_NONE);
}

static void
test_empty(const void *data)
{
    struct board *board = board_new();

    memset(board->host.eeprom.cells, *(const uint8_t *)data, NFW_EEPROM_SIZE);
    nfw_freeze_start(&board->freeze);
    for (unsigned kind = 0; kind < NFW_FREEZE_KINDS; kind++)
        check_none(board, (enum nfw_freeze_kind)kind, 0);
    CHECK_INT(step(board, nfw_test_at(2026, 3, 1, 0, 0, 0)), 3);
    check(board, NFW_FREEZE_DAY, 0, nfw_test_at(2026, 3, 1, 0, 0, 0),
          nfw_test_at(2026, 3, 1, 0, 0, 0), 0);
    board_free(board);
}

static void
test_out_of_log(const void *data)
{
    struct board *board = board_new();
    struct nfw_frozen frozen = {.time = 77};

    step(board, nfw_test_at(2026, 3, 1, 0, 0, 0));
    CHECK_INT(nfw_freeze_get(&board->freeze, NFW_FREEZE_HOUR, 1080, &frozen), NFW_ERR_RANGE);
    CHECK_INT(nfw_freeze_get(&board->freeze, NFW_FREEZE_DAY, 62, &frozen), NFW_ERR_RANGE);
    CHECK_INT(nfw_freeze_get(&board->freeze, NFW_FREEZE_MONTH, 24, &frozen), NFW_ERR_RANGE);
    CHECK_INT(nfw_freeze_get(&board->freeze, NFW_FREEZE_ORDERED, 8, &frozen), NFW_ERR_RANGE);
    CHECK_INT(nfw_freeze_get(&board->freeze, NFW_FREEZE_KINDS, 0, &frozen), NFW_ERR_RANGE);
    CHECK_INT(nfw_freeze_get(&board->freeze, NFW_FREEZE_DAY, 61, &frozen), NFW_ERR_NONE);
    CHECK_INT(frozen.time, 77);
    board_free(board);
}

/* The first time: what has begun already is told as estimated. */
static void
test_first(const void *data)
{
    const nfw_seconds now = nfw_test_at(2026, 5, 17, 10, 30, 11);
    struct board *board = board_new();

    CHECK_INT(step(board, now), 3);
    check(board, NFW_FREEZE_MONTH, 0, nfw_test_at(2026, 5, 1, 0, 0, 0), now, 0);
    check(board, NFW_FREEZE_DAY, 0, nfw_test_at(2026, 5, 17, 0, 0, 0), now, 0);
    check(board, NFW_FREEZE_HOUR, 0, nfw_test_at(2026, 5, 17, 10, 0, 0), now, 0);
    check_none(board, NFW_FREEZE_HOUR, 1);
    CHECK_INT(step(board, now + 1u), 0);
    CHECK_INT(step(board, nfw_test_at(2026, 5, 17, 10, 59, 59)), 0);
    CHECK_INT(step(board, nfw_test_at(2026, 5, 17, 11, 0, 0)), 1);
    check(board, NFW_FREEZE_HOUR, 0, nfw_test_at(2026, 5, 17, 11, 0, 0),
          nfw_test_at(2026, 5, 17, 11, 0, 0), 0);
    board_free(board);
}

static void
check_all(struct board *board, nfw_seconds start, nfw_seconds now)
{
    for (unsigned back = 0; back < NFW_FREEZE_HOURS; back++) {
        const nfw_seconds hour = now / HOUR * HOUR - back * HOUR;

        if (hour < start)
            check_none(board, NFW_FREEZE_HOUR, back);
        else
            check(board, NFW_FREEZE_HOUR, back, hour, hour, 0);
    }
    for (unsigned back = 0; back < NFW_FREEZE_DAYS; back++) {
        const nfw_seconds day = now / DAY * DAY - back * DAY;

        if (day < start)
            check_none(board, NFW_FREEZE_DAY, back);
        else
            check(board, NFW_FREEZE_DAY, back, day, day, 0);
    }
}

/* Three months hour by hour, with restarts. */
static void
test_months(const void *data)
{
    const nfw_seconds start = nfw_test_at(2026, 1, 1, 0, 0, 0);
    const nfw_seconds end = nfw_test_at(2026, 4, 7, 13, 0, 0);
    struct board *board = board_new();
    unsigned hours = 0;

    for (nfw_seconds now = start; now <= end; now += HOUR, hours++) {
        CHECK_INT(step(board, now),
                  1 + (now % DAY == 0) + (now == nfw_month_start(nfw_month_of(now))));
        if (hours % 101u == 0)
            nfw_freeze_start(&board->freeze);
        if (hours % 499u == 0)
            check_all(board, start, now);
    }
    nfw_freeze_start(&board->freeze);
    check_all(board, start, end);
    for (unsigned month = 1; month <= 4u; month++)
        check(board, NFW_FREEZE_MONTH, 4u - month, nfw_test_at(2026, month, 1, 0, 0, 0),
              nfw_test_at(2026, month, 1, 0, 0, 0), 0);
    check_none(board, NFW_FREEZE_MONTH, 4);
    board_free(board);
}

/* 24 months and more, by their first seconds only. */
static void
test_years(const void *data)
{
    struct board *board = board_new();

    for (unsigned i = 0; i < 40u; i++)
        step(board, nfw_test_at(2026u + i / 12u, i % 12u + 1u, 1, 0, 0, 0));
    nfw_freeze_start(&board->freeze);
    for (unsigned back = 0; back < NFW_FREEZE_MONTHS; back++) {
        const unsigned i = 39u - back;
        const nfw_seconds month = nfw_test_at(2026u + i / 12u, i % 12u + 1u, 1, 0, 0, 0);

        check(board, NFW_FREEZE_MONTH, back, month, month, 0);
    }
    board_free(board);
}

/* --- the clock's ways ----------------------------------------------------------------------- */

struct night {
    const char *path;
    unsigned from[6];          /* the clock, having been stepped there */
    unsigned to[6];            /* where it is then */
    unsigned written;          /* moments at @to */
    bool is_estimated;         /* the newest day */
    unsigned estimated_before; /* days before it that were filled in */
};

static const struct night nights[] = {
    {"/nfw/freeze/night/new-year", {2026, 12, 31, 23, 59, 59}, {2027, 1, 1, 0, 0, 0}, 3, false, 0},
    {"/nfw/freeze/night/28-february",
     {2026, 2, 28, 23, 59, 59},
     {2026, 3, 1, 0, 0, 0},
     3,
     false,
     0},
    {"/nfw/freeze/night/leap-day", {2028, 2, 28, 23, 59, 59}, {2028, 2, 29, 0, 0, 0}, 2, false, 0},
    {"/nfw/freeze/night/after-leap-day",
     {2028, 2, 29, 23, 59, 59},
     {2028, 3, 1, 0, 0, 0},
     3,
     false,
     0},
    {"/nfw/freeze/night/just-in-time",
     {2026, 6, 10, 23, 59, 59},
     {2026, 6, 11, 0, 0, 10},
     2,
     false,
     0},
    {"/nfw/freeze/night/late", {2026, 6, 10, 23, 59, 59}, {2026, 6, 11, 0, 0, 11}, 2, true, 0},
    {"/nfw/freeze/night/off-for-three-days",
     {2026, 6, 10, 23, 30, 0},
     {2026, 6, 13, 7, 30, 0},
     3 + 56,
     true,
     2},
    {"/nfw/freeze/night/off-for-44-days",
     {2026, 6, 10, 23, 30, 0},
     {2026, 7, 24, 23, 30, 0},
     44 + 1 + 44 * 24,
     true,
     43},
    {"/nfw/freeze/night/off-for-a-year",
     {2026, 6, 10, 23, 30, 0},
     {2027, 6, 11, 23, 30, 0},
     12 + 1 + 1,
     true,
     0},
    {"/nfw/freeze/night/back-over-midnight",
     {2026, 6, 11, 0, 0, 5},
     {2026, 6, 10, 23, 59, 50},
     1 + 1,
     true,
     0},
    {"/nfw/freeze/night/back-by-years",
     {2026, 6, 11, 0, 0, 5},
     {2022, 6, 10, 23, 59, 50},
     3,
     true,
     0},
};

static nfw_seconds
at_array(const unsigned date[6])
{
    return nfw_test_at(date[0], date[1], date[2], date[3], date[4], date[5]);
}

static void
test_night(const void *data)
{
    const struct night *night = data;
    const nfw_seconds from = at_array(night->from), to = at_array(night->to);
    struct board *board = board_new();
    struct nfw_frozen frozen;

    step(board, from);
    CHECK_INT(step(board, to), night->written);
    CHECK_INT(step(board, to), 0);
    for (unsigned restarts = 0; restarts < 2u; restarts++) {
        CHECK_INT(nfw_freeze_get(&board->freeze, NFW_FREEZE_DAY, 0, &frozen), NFW_OK);
        CHECK_INT(frozen.time, to / DAY * DAY);
        CHECK_INT(frozen.flags, night->is_estimated);
        for (unsigned back = 1; back <= night->estimated_before; back++) {
            CHECK_INT(nfw_freeze_get(&board->freeze, NFW_FREEZE_DAY, back, &frozen), NFW_OK);
            CHECK_INT(frozen.time, to / DAY * DAY - back * DAY);
            CHECK_INT(frozen.flags, NFW_FREEZE_ESTIMATED);
        }
        nfw_freeze_start(&board->freeze);
        CHECK_INT(step(board, to), 0);
    }
    board_free(board);
}

/* The power goes again while five days are being filled in: none of their hours is left out. */
static void
test_filling_in_interrupted(const void *data)
{
    const nfw_seconds from = nfw_test_at(2026, 6, 10, 12, 0, 0), to = from + 5u * DAY;

    for (unsigned done = 0; done < 125u; done += 4u) {
        struct board *board = board_new();

        step(board, from);
        for (unsigned i = 0; i < done; i++)
            CHECK_INT(step_once(board, to), NFW_OK);
        nfw_freeze_start(&board->freeze);
        step(board, to);
        for (unsigned back = 0; back <= 5u * 24u; back++)
            check(board, NFW_FREEZE_HOUR, back, to - back * HOUR, back < 5u * 24u ? to : from, 0);
        for (unsigned back = 0; back < 5u; back++)
            check(board, NFW_FREEZE_DAY, back, to / DAY * DAY - back * DAY, to, 0);
        board_free(board);
    }
}

/* Back and forth over midnights: no moment is written twice, whatever the clock does. */
static void
test_back_and_forth(const void *data)
{
    struct board *board = board_new();
    const nfw_seconds start = nfw_test_at(2026, 6, 9, 12, 0, 0);
    unsigned written = 0;

    for (nfw_seconds now = start; now < start + 3u * DAY; now += HOUR)
        written += step(board, now);
    CHECK_INT(written, 1 + 4 + 72);
    step(board, start + 10u); /* days back: the first hours were never written */
    nfw_freeze_start(&board->freeze);
    written = 0;
    for (nfw_seconds now = start + 10u; now < start + 3u * DAY; now += HOUR / 2u)
        written += step(board, now);
    CHECK_INT(written, 0);
    CHECK_INT(step(board, start + 3u * DAY), 1);
    check(board, NFW_FREEZE_DAY, 1, nfw_test_at(2026, 6, 11, 0, 0, 0),
          nfw_test_at(2026, 6, 11, 0, 0, 0), 0);
    board_free(board);
}

/* A clock that was wrong by years for an hour costs one moment of each kind at most. */
static void
test_wrong_by_years(const void *data)
{
    const nfw_seconds start = nfw_test_at(2026, 1, 1, 0, 0, 0),
                      wrong = nfw_test_at(2071, 8, 9, 10, 11, 12);
    struct board *board = board_new();
    nfw_seconds now;
    unsigned held = 0;

    for (now = start; now < start + 70u * DAY; now += HOUR)
        step(board, now);
    step(board, wrong);
    check(board, NFW_FREEZE_DAY, 0, wrong / DAY * DAY, wrong, 0);
    check_none(board, NFW_FREEZE_DAY, 1);
    step(board, now);
    nfw_freeze_start(&board->freeze);
    step(board, now);
    for (unsigned back = 0; back < NFW_FREEZE_DAYS; back++) {
        struct nfw_frozen frozen;

        held += nfw_freeze_get(&board->freeze, NFW_FREEZE_DAY, back, &frozen) == NFW_OK;
    }
    CHECK(held >= NFW_FREEZE_DAYS - 1u);
    board_free(board);
}

/* --- hours ---------------------------------------------------------------------------------- */

/* A counter that is set far away by day: until the next midnight its hours are not known. */
static void
test_counter_set(const void *data)
{
    const nfw_seconds start = nfw_test_at(2026, 6, 9, 0, 0, 0);
    struct board *board = board_new();
    nfw_seconds now;

    for (now = start; now < start + 10u * HOUR; now += HOUR)
        step(board, now);
    board->shift[2] = 0x1000000 * 3 + 4; /* the low 24 bits seem to go on */
    board->shift[6] = 8000000;           /* near enough */
    for (; now < start + 30u * HOUR; now += HOUR)
        step(board, now);
    nfw_freeze_start(&board->freeze);
    for (unsigned back = 0; back < 20u; back++) {
        const nfw_seconds hour = start + 29u * HOUR - back * HOUR;

        check(board, NFW_FREEZE_HOUR, back, hour, hour, back < 6u ? 0 : 1u << 2);
    }
    board->shift[2] = 0;
    board->shift[6] = 0;
    for (unsigned back = 20; back < 30u; back++) {
        const nfw_seconds hour = start + 29u * HOUR - back * HOUR;

        check(board, NFW_FREEZE_HOUR, back, hour, hour, 0);
    }
    board_free(board);
}

static uint8_t *
day_of(struct board *board, nfw_seconds time)
{
    const uint32_t index = (time / DAY + 1u) % 62u;

    return board->host.eeprom.cells + NFW_EEPROM_DAYS + (index % 2u * 31u + index / 2u) * 64u;
}

/* Without its midnight an hour is not known; another midnight will not do. */
static void
test_no_midnight(const void *data)
{
    const nfw_seconds start = nfw_test_at(2026, 6, 9, 0, 0, 0);
    struct board *board = board_new();
    uint8_t *day = day_of(board, start + DAY);
    uint8_t kept[64];

    for (nfw_seconds now = start; now <= start + 50u * HOUR; now += HOUR)
        step(board, now);
    check(board, NFW_FREEZE_HOUR, 10, start + 40u * HOUR, start + 40u * HOUR, 0);
    memcpy(kept, day, sizeof kept);
    day[20] ^= 1u;
    check_none(board, NFW_FREEZE_HOUR, 10);
    check(board, NFW_FREEZE_HOUR, 0, start + 50u * HOUR, start + 50u * HOUR, 0);
    check(board, NFW_FREEZE_HOUR, 30, start + 20u * HOUR, start + 20u * HOUR, 0);
    /* a sound one, but of other counts */
    for (unsigned i = 0; i < 4u; i++)
        day[60u + i] = (uint8_t)(nilo_crc32c_update(NILO_CRC32C_START, day, 60) >> (8u * i));
    check_none(board, NFW_FREEZE_HOUR, 10);
    memcpy(day, kept, sizeof kept);
    check(board, NFW_FREEZE_HOUR, 10, start + 40u * HOUR, start + 40u * HOUR, 0);
    board_free(board);
}

/* --- orders --------------------------------------------------------------------------------- */

static void
test_orders(const void *data)
{
    struct board *board = board_new();
    int32_t count[NFW_CHANNELS];
    nfw_seconds now = nfw_test_at(2026, 6, 9, 10, 0, 0);

    for (unsigned i = 0; i < 20u; i++, now += 61u) {
        count_at(board, now, count);
        CHECK_INT(nfw_freeze_order(&board->freeze, now, count), NFW_OK);
        if (i % 3u == 0)
            nfw_freeze_start(&board->freeze);
        for (unsigned back = 0; back < 8u; back++) {
            if (back > i)
                check_none(board, NFW_FREEZE_ORDERED, back);
            else
                check(board, NFW_FREEZE_ORDERED, back, now - 61u * back, now - 61u * back, 0);
        }
    }
    board->host.eeprom.lose_writes = 2;
    CHECK_INT(nfw_freeze_order(&board->freeze, now, count), NFW_OK);
    board->host.eeprom.is_protected = true;
    CHECK_INT(nfw_freeze_order(&board->freeze, now, count), NFW_ERR_VERIFY);
    board_free(board);
}

/* --- damage --------------------------------------------------------------------------------- */

static void
test_layout(const void *data)
{
    static const uint8_t day[32] = {0xb9, 0x25, 0,    0,    0x00, 0x14, 0xba, 0x31, 1, 0, 0,
                                    0,    0xff, 0xff, 0xff, 0xff, 2,    0,    0,    0, 0, 0,
                                    0,    0x80, 0xff, 0xff, 0xff, 0x7f, 0,    0,    0, 0};
    static const uint8_t hour[28] = {0xd6, 0, 0, 0, 0xff, 0xff, 0xff, 2,
                                     0,    0, 0, 0, 0,    0xff, 0xff, 0xff};
    const int32_t count[NFW_CHANNELS] = {-1, 2, INT32_MIN, INT32_MAX};
    const nfw_seconds time = nfw_test_at(2026, 6, 9, 0, 0, 0);
    struct board *board = board_new();
    const uint32_t number = time / HOUR + 1u;
    const uint8_t *record = board->host.eeprom.cells + NFW_EEPROM_HOURS + number % 1080u * 32u;
    uint32_t crc;

    while (nfw_freeze_step(&board->freeze, time + 3u, count) == NFW_OK)
        continue;
    CHECK(memcmp(day_of(board, time), day, sizeof day) == 0);
    crc = nilo_crc32c_update(NILO_CRC32C_START, day_of(board, time), 60);
    for (unsigned i = 0; i < 4u; i++)
        CHECK_INT(day_of(board, time)[60u + i], crc >> (8u * i) & 0xffu);
    /* lap, nothing missing, version 1, no flags, ten bits of the day's checksum */
    CHECK_INT(record[0] | record[1] << 8 | record[2] << 16 | (uint32_t)record[3] << 24,
              number / 1080u | 1u << 18 | (crc & 0x3ffu) << 22);
    CHECK_INT(number / 1080u, hour[0]);
    CHECK(memcmp(record + 4, hour + 4, 24) == 0);
    crc = nilo_crc32c_update(NILO_CRC32C_START, record, 28);
    for (unsigned i = 0; i < 4u; i++)
        CHECK_INT(record[28u + i], crc >> (8u * i) & 0xffu);
    board_free(board);
}

static void
test_newer_format(const void *data)
{
    const nfw_seconds time = nfw_test_at(2026, 6, 9, 0, 0, 0);
    struct board *board = board_new();
    uint8_t *day = day_of(board, time);
    uint8_t kept[64];
    uint32_t crc;

    step(board, time);
    day[8] = 2;
    crc = nilo_crc32c_update(NILO_CRC32C_START, day, 60);
    for (unsigned i = 0; i < 4u; i++)
        day[60u + i] = (uint8_t)(crc >> (8u * i));
    memcpy(kept, day, sizeof kept);
    nfw_freeze_start(&board->freeze);
    CHECK_INT(step(board, time + 5u), 0);
    check_none(board, NFW_FREEZE_DAY, 0);
    check_none(board, NFW_FREEZE_HOUR, 0);
    CHECK(memcmp(kept, day, sizeof kept) == 0);
    CHECK_INT(step(board, time + DAY), 24 + 1);
    check(board, NFW_FREEZE_DAY, 0, time + DAY, time + DAY, 0);
    board_free(board);
}

static void
test_noise(const void *data)
{
    struct board *board = board_new();
    struct nfw_frozen frozen;
    const nfw_seconds now = nfw_test_at(2026, 6, 9, 10, 0, 0);
    uint32_t state = 4;
    uint64_t start_us;

    for (unsigned i = 0; i < NFW_EEPROM_SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        board->host.eeprom.cells[i] = (uint8_t)(state >> 24);
    }
    start_us = board->host.now_us;
    nfw_freeze_start(&board->freeze);
    printf("# the start takes %u us with nothing but noise\n",
           (unsigned)(board->host.now_us - start_us));
    CHECK(board->host.now_us - start_us < 400000u);
    for (unsigned kind = 0; kind < NFW_FREEZE_KINDS; kind++) {
        for (unsigned back = 0; back < 70u; back++)
            CHECK(nfw_freeze_get(&board->freeze, (enum nfw_freeze_kind)kind, back, &frozen) !=
                  NFW_OK);
    }
    CHECK_INT(step(board, now), 3);
    check(board, NFW_FREEZE_HOUR, 0, now, now, 0);
    board_free(board);
}

static void
test_dead_slot(const void *data)
{
    const nfw_seconds time = nfw_test_at(2026, 6, 9, 0, 0, 0);
    struct board *board = board_new();

    step(board, time - HOUR);
    board->host.eeprom.stuck_at = (uint32_t)(day_of(board, time) - board->host.eeprom.cells);
    board->host.eeprom.stuck_size = 64;
    CHECK_INT(step_once(board, time), NFW_ERR_VERIFY);
    /* given up; the others go on */
    CHECK_INT(step_once(board, time), NFW_OK);
    CHECK_INT(step_once(board, time), NFW_ERR_NONE);
    check_none(board, NFW_FREEZE_DAY, 0);
    check_none(board, NFW_FREEZE_HOUR, 0);
    step(board, time + DAY);
    check(board, NFW_FREEZE_DAY, 0, time + DAY, time + DAY, 0);
    check_none(board, NFW_FREEZE_DAY, 1);
    board_free(board);
}

static void
test_absent_at_start(const void *data)
{
    const nfw_seconds time = nfw_test_at(2026, 6, 9, 0, 0, 0);
    struct board *board = board_new();
    int32_t count[NFW_CHANNELS] = {0};

    step(board, time);
    for (unsigned i = 0; i < 5u; i++)
        CHECK_INT(nfw_freeze_order(&board->freeze, time + i, count), NFW_OK);
    board->host.eeprom.is_absent = true;
    nfw_freeze_start(&board->freeze);
    check_none(board, NFW_FREEZE_DAY, 0);
    CHECK_INT(step_once(board, time + 2u * HOUR), NFW_ERR_NACK);
    CHECK_INT(nfw_freeze_order(&board->freeze, time, count), NFW_ERR_NACK);
    board->host.eeprom.is_absent = false;
    CHECK_INT(nfw_freeze_order(&board->freeze, time + 5u, count), NFW_OK);
    CHECK_INT(board->freeze.newest[NFW_FREEZE_ORDERED], 6);
    /* the first call looks through it, the next ones write */
    CHECK_INT(step_once(board, time + 2u * HOUR), NFW_OK);
    CHECK_INT(step(board, time + 2u * HOUR), 1);
    board_free(board);
}

static void
test_start_time(const void *data)
{
    struct board *board = board_new();
    const nfw_seconds start = nfw_test_at(2026, 1, 1, 0, 0, 0);
    uint64_t start_us;

    for (nfw_seconds now = start; now < start + 80u * DAY + 2u * HOUR; now += HOUR)
        step(board, now);
    start_us = board->host.now_us;
    nfw_freeze_start(&board->freeze);
    printf("# the start takes %u us\n", (unsigned)(board->host.now_us - start_us));
    CHECK(board->host.now_us - start_us < 60000u);
    board_free(board);
}

/* --- power cuts ----------------------------------------------------------------------------- */

static void
step_and_cut(struct board *board, nfw_seconds now)
{
    jmp_buf cut;

    board->host.cut = &cut;
    if (setjmp(cut) == 0) {
        step(board, now);
        CHECK(!"the power did not go");
    }
    nfw_host_restart(&board->host, false);
}

/* At a midnight that begins a month, at every byte: one freeze of each kind, whenever the power
 * comes back. */
static void
test_cut(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2026, 6, 1, 0, 0, 0);
    struct board *board = board_new();
    struct board *before = board_new();
    unsigned cuts = 0;
    uint64_t bytes;

    nfw_host = &board->host;
    for (nfw_seconds now = midnight - 5u * DAY; now < midnight; now += HOUR)
        step(board, now);
    *before = *board;
    step(board, midnight);
    bytes = board->host.eeprom.written_bytes - before->host.eeprom.written_bytes;
    CHECK_INT(bytes, 64 + 64 + 32);

    for (uint64_t i = 0; i < bytes * NFW_HOST_TEARS; i++) {
        *board = *before;
        board->host.eeprom.tear = (enum nfw_host_tear)(i / bytes);
        board->host.eeprom.cut_at_byte = board->host.eeprom.written_bytes + i % bytes;
        step_and_cut(board, midnight);
        cuts++;
        nfw_freeze_start(&board->freeze);
        step(board, midnight + 1u);
        nfw_freeze_start(&board->freeze);
        CHECK_INT(step(board, midnight + 2u), 0);
        check(board, NFW_FREEZE_DAY, 0, midnight, midnight, 0);
        check(board, NFW_FREEZE_MONTH, 0, midnight, midnight, 0);
        check(board, NFW_FREEZE_HOUR, 0, midnight, midnight, 0);
        for (unsigned back = 1; back < 5u && board->host.eeprom.tear != NFW_HOST_TEAR_PAGE;
             back++) {
            check(board, NFW_FREEZE_DAY, back, midnight - back * DAY, midnight - back * DAY, 0);
            check(board, NFW_FREEZE_HOUR, back, midnight - back * HOUR, midnight - back * HOUR, 0);
        }
    }
    printf("# %u cuts: each kind frozen once after all of them\n", cuts);
    board_free(before);
    board_free(board);
}

int
main(void)
{
    static const uint8_t empty[] = {0x00, 0xff};

    nilo_test_run("/nfw/freeze/empty/00", test_empty, &empty[0]);
    nilo_test_run("/nfw/freeze/empty/ff", test_empty, &empty[1]);
    nilo_test_run("/nfw/freeze/out-of-log", test_out_of_log, NULL);
    nilo_test_run("/nfw/freeze/first", test_first, NULL);
    nilo_test_run("/nfw/freeze/months", test_months, NULL);
    nilo_test_run("/nfw/freeze/years", test_years, NULL);
    for (size_t i = 0; i < sizeof nights / sizeof nights[0]; i++)
        nilo_test_run(nights[i].path, test_night, &nights[i]);
    nilo_test_run("/nfw/freeze/filling-in-interrupted", test_filling_in_interrupted, NULL);
    nilo_test_run("/nfw/freeze/back-and-forth", test_back_and_forth, NULL);
    nilo_test_run("/nfw/freeze/wrong-by-years", test_wrong_by_years, NULL);
    nilo_test_run("/nfw/freeze/counter-set", test_counter_set, NULL);
    nilo_test_run("/nfw/freeze/no-midnight", test_no_midnight, NULL);
    nilo_test_run("/nfw/freeze/orders", test_orders, NULL);
    nilo_test_run("/nfw/freeze/layout", test_layout, NULL);
    nilo_test_run("/nfw/freeze/newer-format", test_newer_format, NULL);
    nilo_test_run("/nfw/freeze/noise", test_noise, NULL);
    nilo_test_run("/nfw/freeze/dead-slot", test_dead_slot, NULL);
    nilo_test_run("/nfw/freeze/absent-at-start", test_absent_at_start, NULL);
    nilo_test_run("/nfw/freeze/start-time", test_start_time, NULL);
    nilo_test_run("/nfw/freeze/cut", test_cut, NULL);
    return nilo_test_finish();
}
