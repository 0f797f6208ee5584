/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Clock and freezes together, as the main loop has them: whatever the clock goes through, there is
 * one record for each midnight that has passed, it never changes once it is written, and it says so
 * when it was taken late.
 */
#include "nfw-clock.h"
#include "nfw-date-for-test.h"
#include "nfw-freeze.h"
#include "nfw-host.h"
#include "nfw-random.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

#define S         1000000u
#define HOUR      NFW_SECONDS_PER_HOUR
#define DAY       NFW_SECONDS_PER_DAY
#define BASE      (20u * 365u * DAY) /* the first channel's counts are seconds since then */
#define DAYS_SEEN 5000u              /* day numbers from BASE on that are watched */

struct board {
    struct nfw_host host;
    struct nfw_clock clock;
    struct nfw_freeze freeze;
    int32_t seen[DAYS_SEEN]; /* what each midnight's record held when it was first read; 0: none */
};

static void
board_start(struct board *board)
{
    nfw_clock_start(&board->clock, nfw_port_now_ms());
    nfw_freeze_start(&board->freeze);
}

/* @now: 0: the battery backed clock has no time. */
static struct board *
board_new(nfw_seconds now)
{
    struct board *board = calloc(1, sizeof *board);

    if (board == NULL)
        abort();
    nfw_host_init(&board->host);
    if (now != 0)
        nfw_host_set_rtc(&board->host, now);
    board_start(board);
    return board;
}

static void
board_free(struct board *board)
{
    nfw_host_clear(&board->host);
    free(board);
}

/* When a record was taken, by the clock of that moment. */
static nfw_seconds
get_taken(const struct nfw_frozen *frozen)
{
    return BASE + (nfw_seconds)frozen->count[0];
}

/* Every record that can be read is what it was, and tells the truth about itself. */
static void
watch(struct board *board, enum nfw_freeze_kind kind, unsigned slots)
{
    for (unsigned back = 0; back < slots; back++) {
        struct nfw_frozen frozen;
        nfw_seconds taken;
        int32_t *seen;

        if (nfw_freeze_get(&board->freeze, kind, back, &frozen) != NFW_OK)
            continue;
        taken = get_taken(&frozen);
        CHECK(frozen.time <= board->clock.seconds);
        CHECK(taken >= frozen.time);
        CHECK_INT(frozen.flags, taken - frozen.time > NFW_FREEZE_LATE_S ? NFW_FREEZE_ESTIMATED : 0);
        if (kind != NFW_FREEZE_DAY)
            continue;
        CHECK_INT(frozen.time % DAY, 0);
        seen = &board->seen[(frozen.time - BASE) / DAY % DAYS_SEEN];
        if (*seen != 0)
            CHECK_INT(frozen.count[1], *seen);
        *seen = frozen.count[1];
    }
}

static void
watch_all(struct board *board)
{
    watch(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS);
    watch(board, NFW_FREEZE_MONTH, NFW_FREEZE_MONTHS);
}

/* One turn of the main loop. Returns: whether a record was written. */
static bool
turn(struct board *board)
{
    int32_t count[NFW_CHANNELS];

    nfw_clock_step(&board->clock, nfw_port_now_ms());
    if (!board->clock.is_set)
        return false;
    /* the time as the clock has it, and as it is: a moment that comes twice is not the same */
    memset(count, 0, sizeof count);
    count[0] = (int32_t)(board->clock.seconds - BASE);
    count[1] = (int32_t)(board->host.now_us / S) + 1;
    return nfw_freeze_step(&board->freeze, board->clock.seconds, count) == NFW_OK;
}

static void
catch_up(struct board *board)
{
    bool is_new = false;

    for (unsigned i = 0; i < 5000u && turn(board); i++)
        is_new = true;
    CHECK(!turn(board));
    if (is_new)
        watch_all(board);
}

/* Second by second around midnight, otherwise quicker: nothing happens in between but hours. */
static void
run(struct board *board, uint32_t seconds)
{
    const uint64_t end_us = board->host.now_us + (uint64_t)seconds * S;

    while (board->host.now_us < end_us && !nilo_test_current_failed) {
        const nfw_seconds of_day = board->clock.seconds % DAY;
        const bool is_near = !board->clock.is_set || of_day < 120u || of_day > DAY - 1320u;
        uint64_t next_us = board->host.now_us + (is_near ? 1u : 1200u) * (uint64_t)S;

        nfw_host_advance_to(&board->host, next_us < end_us ? next_us : end_us);
        catch_up(board);
    }
}

static void
power_off(struct board *board, uint32_t seconds)
{
    nfw_host_advance_to(&board->host, board->host.now_us + (uint64_t)seconds * S);
    nfw_host_restart(&board->host, false);
    memset(&board->clock, 0xa5, sizeof board->clock);
    memset(&board->freeze, 0xa5, sizeof board->freeze);
    board_start(board);
    catch_up(board);
}

static void
set_clock(struct board *board, nfw_seconds seconds, enum nfw_clock_change expected)
{
    enum nfw_clock_change change;

    CHECK_INT(nfw_clock_set(&board->clock, seconds, nfw_port_now_ms(), &change), NFW_OK);
    CHECK_INT(change, expected);
    catch_up(board);
}

/* That @moment has one record. Returns: it. */
static struct nfw_frozen
find(const struct board *board, enum nfw_freeze_kind kind, unsigned slots, nfw_seconds moment)
{
    struct nfw_frozen found = {.time = 0};
    struct nfw_frozen frozen;
    unsigned n = 0;

    for (unsigned back = 0; back < slots; back++) {
        if (nfw_freeze_get(&board->freeze, kind, back, &frozen) == NFW_OK &&
            frozen.time == moment) {
            found = frozen;
            n++;
        }
    }
    CHECK_INT(n, 1);
    return found;
}

static void
check_day(const struct board *board, nfw_seconds midnight, uint8_t flags)
{
    CHECK_INT(find(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS, midnight).flags, flags);
}

static void
check_month(const struct board *board, nfw_seconds first, uint8_t flags)
{
    CHECK_INT(find(board, NFW_FREEZE_MONTH, NFW_FREEZE_MONTHS, first).flags, flags);
}

static unsigned
count_records(const struct board *board, enum nfw_freeze_kind kind, unsigned slots)
{
    struct nfw_frozen frozen;
    unsigned n = 0;

    for (unsigned back = 0; back < slots; back++)
        n += nfw_freeze_get(&board->freeze, kind, back, &frozen) == NFW_OK;
    return n;
}

/* --- the calendar's own corners ------------------------------------------------------------- */

struct corner {
    const char *path;
    struct nfw_date start; /* some time before the first midnight */
    uint32_t run_s;
    unsigned n_days; /* midnights that pass */
    struct nfw_date days[3];
    bool is_month[3]; /* .. that begin a month */
};

static const struct corner corners[] = {
    {"/calendar-scenario/31-december",
     {2026, 12, 31, 23, 59, 50},
     20,
     1,
     {{2027, 1, 1, 0, 0, 0}},
     {true}},
    {"/calendar-scenario/28-february",
     {2027, 2, 28, 23, 59, 50},
     20,
     1,
     {{2027, 3, 1, 0, 0, 0}},
     {true}},
    {"/calendar-scenario/28-and-29-february",
     {2028, 2, 28, 23, 59, 50},
     20 + DAY,
     2,
     {{2028, 2, 29, 0, 0, 0}, {2028, 3, 1, 0, 0, 0}},
     {false, true}},
    {"/calendar-scenario/30-april",
     {2026, 4, 29, 23, 59, 0},
     120 + DAY,
     2,
     {{2026, 4, 30, 0, 0, 0}, {2026, 5, 1, 0, 0, 0}},
     {false, true}},
    {"/calendar-scenario/31-july-and-august",
     {2026, 7, 31, 12, 0, 0},
     13u * HOUR + 2u * DAY,
     3,
     {{2026, 8, 1, 0, 0, 0}, {2026, 8, 2, 0, 0, 0}, {2026, 8, 3, 0, 0, 0}},
     {true, false, false}},
};

static void
test_corner(const void *data)
{
    const struct corner *corner = data;
    struct board *board = board_new(nfw_date_to_seconds(&corner->start));
    unsigned months = 1; /* the one that had begun already */

    catch_up(board);
    run(board, corner->run_s);
    for (unsigned i = 0; i < corner->n_days; i++) {
        const nfw_seconds midnight = nfw_date_to_seconds(&corner->days[i]);

        check_day(board, midnight, 0);
        if (corner->is_month[i]) {
            check_month(board, midnight, 0);
            months++;
        }
    }
    CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), corner->n_days + 1u);
    CHECK_INT(count_records(board, NFW_FREEZE_MONTH, NFW_FREEZE_MONTHS), months);
    board_free(board);
}

/* --- the clock is set ----------------------------------------------------------------------- */

static void
test_ahead_by_seconds(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2026, 6, 10, 0, 0, 0);
    struct board *board = board_new(midnight - 30u);

    run(board, 27);
    set_clock(board, midnight + 2u, NFW_CLOCK_CORRECTED);
    run(board, 60);
    check_day(board, midnight, 0);
    board_free(board);
}

static void
test_ahead_by_a_minute(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2026, 6, 10, 0, 0, 0);
    struct board *board = board_new(midnight - 60u);

    run(board, 30);
    set_clock(board, midnight + 25u, NFW_CLOCK_CORRECTED);
    run(board, 60);
    check_day(board, midnight, NFW_FREEZE_ESTIMATED);
    board_free(board);
}

static void
test_ahead_by_days(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2026, 12, 30, 0, 0, 0);
    struct board *board = board_new(midnight - HOUR);

    run(board, 60);
    set_clock(board, midnight + 4u * DAY + HOUR, NFW_CLOCK_STEPPED);
    run(board, 60);
    for (unsigned i = 0; i < 5; i++)
        check_day(board, midnight + i * DAY, NFW_FREEZE_ESTIMATED);
    check_month(board, nfw_test_at(2027, 1, 1, 0, 0, 0), NFW_FREEZE_ESTIMATED);
    board_free(board);
}

/* Midnight comes twice: the first one stays. */
static void
test_back_across_midnight(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2027, 1, 1, 0, 0, 0);
    struct board *board = board_new(midnight - 30u);
    struct nfw_frozen before, after;

    run(board, 50);
    before = find(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS, midnight);
    set_clock(board, midnight - 20u, NFW_CLOCK_CORRECTED);
    run(board, 60);
    after = find(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS, midnight);
    CHECK_INT(after.count[1], before.count[1]);
    CHECK_INT(after.flags, 0);
    check_month(board, midnight, 0);
    CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 2);
    board_free(board);
}

/* .. also when the power fails between the two. */
static void
test_back_and_restarted(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2026, 6, 10, 0, 0, 0);
    struct board *board = board_new(midnight - 30u);

    run(board, 50);
    set_clock(board, midnight - 20u, NFW_CLOCK_CORRECTED);
    power_off(board, 5);
    run(board, 60);
    check_day(board, midnight, 0);
    CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 2);
    board_free(board);
}

static void
test_back_by_days(const void *data)
{
    const nfw_seconds start = nfw_test_at(2026, 2, 26, 12, 0, 0);
    struct board *board = board_new(start);

    run(board, 4u * DAY); /* to 2 March */
    set_clock(board, start + DAY, NFW_CLOCK_STEPPED);
    run(board, 5u * DAY); /* to 4 March: the first three midnights for the second time */
    for (unsigned i = 1; i < 7; i++)
        check_day(board, start / DAY * DAY + i * DAY, 0);
    check_month(board, nfw_test_at(2026, 3, 1, 0, 0, 0), 0);
    CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 7);
    board_free(board);
}

/* Somebody types the wrong year, and notices. */
static void
test_wrong_year_for_an_hour(const void *data)
{
    const nfw_seconds start = nfw_test_at(2026, 2, 26, 12, 0, 0);
    struct board *board = board_new(start);

    run(board, 10u * DAY);
    set_clock(board, nfw_test_at(2036, 3, 8, 12, 0, 0), NFW_CLOCK_STEPPED);
    run(board, HOUR);
    set_clock(board, start + 10u * DAY + HOUR, NFW_CLOCK_STEPPED);
    run(board, 2u * DAY);
    /* all but the midnight whose slot the wrong year took */
    CHECK(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS) >= 12u);
    check_day(board, start / DAY * DAY + 11u * DAY, 0);
    check_day(board, start / DAY * DAY + 12u * DAY, 0);
    board_free(board);
}

/* --- the clock is lost ---------------------------------------------------------------------- */

static void
test_battery_lost_while_off(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2026, 11, 1, 0, 0, 0);
    struct board *board = board_new(midnight - DAY);

    run(board, DAY - HOUR);
    board->host.is_rtc_set = false;
    power_off(board, 7u * HOUR);
    CHECK(!board->clock.is_set);
    run(board, 600);
    CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 1);
    set_clock(board, midnight + 6u * HOUR + 600u, NFW_CLOCK_STEPPED);
    run(board, 2u * DAY);
    check_day(board, midnight - DAY, 0);
    check_day(board, midnight, NFW_FREEZE_ESTIMATED);
    check_month(board, midnight, NFW_FREEZE_ESTIMATED);
    check_day(board, midnight + DAY, 0);
    CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 4);
    board_free(board);
}

/* Midnight itself passes while nobody knows the time. */
static void
test_unset_over_midnight(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2026, 11, 1, 0, 0, 0);
    struct board *board = board_new(midnight - DAY);

    run(board, DAY - 60u);
    board->host.is_rtc_set = false;
    power_off(board, 1);
    run(board, 60);
    CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 1);
    set_clock(board, midnight + 5u, NFW_CLOCK_STEPPED);
    check_day(board, midnight, 0); /* five seconds late is not late */
    board_free(board);
}

/* The battery backed clock forgets the time, or is silent, while we run: midnight comes all the
 * same. */
static void
test_lost_over_midnight(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2028, 2, 29, 0, 0, 0);

    for (unsigned way = 0; way < 2u; way++) {
        struct board *board = board_new(midnight - HOUR);

        run(board, HOUR / 2u);
        if (way == 0)
            board->host.is_rtc_set = false;
        else
            board->host.is_rtc_dead = true;
        run(board, HOUR);
        check_day(board, midnight, 0);
        board->host.is_rtc_dead = false;
        run(board, DAY);
        check_day(board, midnight, 0);
        check_day(board, midnight + DAY, 0);
        CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 3);
        power_off(board, 60); /* it has been given the time back */
        CHECK(board->clock.is_set);
        board_free(board);
    }
}

/* --- the power is lost ---------------------------------------------------------------------- */

static void
test_off_over_midnights(const void *data)
{
    const nfw_seconds midnight = nfw_test_at(2027, 1, 1, 0, 0, 0);
    struct board *board = board_new(midnight - HOUR);

    run(board, HOUR / 2u);
    power_off(board, 2u * DAY + HOUR);
    run(board, DAY);
    for (unsigned i = 0; i < 3; i++)
        check_day(board, midnight + i * DAY, NFW_FREEZE_ESTIMATED);
    check_day(board, midnight + 3u * DAY, 0);
    check_month(board, midnight, NFW_FREEZE_ESTIMATED);
    CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 5);
    board_free(board);
}

/* Off for longer than the log: one record for the day it is, none made up for the others. */
static void
test_off_for_a_quarter(const void *data)
{
    const nfw_seconds start = nfw_test_at(2026, 10, 1, 12, 0, 0);
    struct board *board = board_new(start);

    run(board, DAY);
    power_off(board, 90u * DAY);
    run(board, DAY);
    check_day(board, start / DAY * DAY + 91u * DAY, NFW_FREEZE_ESTIMATED);
    check_day(board, start / DAY * DAY + 92u * DAY, 0);
    check_month(board, nfw_test_at(2026, 12, 1, 0, 0, 0), NFW_FREEZE_ESTIMATED);
    board_free(board);
}

static bool
run_until_cut(struct board *board, uint32_t seconds)
{
    jmp_buf cut;

    board->host.cut = &cut;
    if (setjmp(cut) != 0)
        return false;
    run(board, seconds);
    return true;
}

/* Cut at each byte that midnight writes, in each way, with the power back at once or hours after:
 * one record, and what it says about itself is true. */
static void
test_cut_at_midnight(const void *data)
{
    static const uint32_t pauses_s[] = {1, 5u * HOUR};
    const nfw_seconds midnight = nfw_test_at(2027, 1, 1, 0, 0, 0);

    for (unsigned i = 0; i < 3u * 2u; i++) {
        bool is_cut = true;
        unsigned cuts = 0;

        for (uint32_t byte = 0; is_cut && !nilo_test_current_failed; byte++) {
            struct board *board = board_new(midnight - 30u);

            run(board, 20);
            board->host.eeprom.tear = (enum nfw_host_tear)(i % 3u);
            board->host.eeprom.cut_at_byte = board->host.eeprom.written_bytes + byte;
            is_cut = !run_until_cut(board, 20);
            board->host.eeprom.cut_at_byte = NFW_HOST_EEPROM_NO_CUT;
            cuts += is_cut;
            power_off(board, pauses_s[i / 3u]);
            run(board, 60);
            (void)find(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS, midnight);
            (void)find(board, NFW_FREEZE_MONTH, NFW_FREEZE_MONTHS, midnight);
            (void)find(board, NFW_FREEZE_HOUR, NFW_FREEZE_HOURS, midnight);
            CHECK_INT(count_records(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS), 2);
            board_free(board);
        }
        CHECK(cuts >= 64u + 64u + 32u);
    }
}

/* --- all of it -------------------------------------------------------------------------------- */

static void
disturb(struct board *board, uint32_t *random)
{
    const int32_t seconds = (int32_t)(nfw_random(random) % 121u) - 60;
    const int32_t hours = (int32_t)(nfw_random(random) % 49u) - 24;
    enum nfw_clock_change change;

    switch (nfw_random(random) % 6u) {
    case 0:
        (void)nfw_clock_set(&board->clock, board->clock.seconds + (uint32_t)seconds,
                            nfw_port_now_ms(), &change);
        break;
    case 1:
        (void)nfw_clock_set(&board->clock, board->clock.seconds + (uint32_t)(hours * (int32_t)HOUR),
                            nfw_port_now_ms(), &change);
        break;
    case 2:
        power_off(board, nfw_random(random) % (3u * DAY));
        break;
    case 3:
        board->host.is_rtc_dead = true;
        run(board, nfw_random(random) % DAY);
        board->host.is_rtc_dead = false;
        break;
    case 4:
        board->host.is_rtc_set = false;
        break;
    default:
        nfw_host_set_rtc(&board->host, board->clock.seconds + nfw_random(random) % DAY);
        break;
    }
    catch_up(board);
}

/* Somebody notices, and sets it by his watch. */
static void
set_if_unset(struct board *board, nfw_seconds start)
{
    if (!board->clock.is_set)
        set_clock(board, start + (nfw_seconds)(board->host.now_us / S), NFW_CLOCK_STEPPED);
}

/* Months in which the clock has all sorts of troubles, most of them around midnight. */
static void
test_troubled(const void *data)
{
    for (uint32_t seed = 1; seed <= 40u && !nilo_test_current_failed; seed++) {
        const nfw_seconds start = nfw_test_at(2027, 11, 20, 12, 0, 0);
        struct board *board = board_new(start);
        uint32_t random = seed * 2654435761u;
        uint32_t last_day = 0;
        unsigned days = 0;

        catch_up(board);
        for (unsigned i = 0; i < 120u && !nilo_test_current_failed; i++) {
            const uint32_t to_midnight = DAY - board->clock.seconds % DAY;
            const uint32_t around = nfw_random(&random) % 120u;

            if (nfw_random(&random) % 3u == 0)
                run(board, nfw_random(&random) % DAY);
            else if (to_midnight + around > 60u)
                run(board, to_midnight + around - 60u);
            disturb(board, &random);
            set_if_unset(board, start);
            if (board->clock.seconds / DAY > last_day)
                last_day = board->clock.seconds / DAY;
        }
        run(board, 2u * DAY);
        if (board->clock.seconds / DAY > last_day)
            last_day = board->clock.seconds / DAY;
        /* those of a time to come, which the clock was once in, have taken places in the log */
        for (uint32_t day = last_day - (NFW_FREEZE_DAYS - 1u); day <= board->clock.seconds / DAY;
             day++) {
            (void)find(board, NFW_FREEZE_DAY, NFW_FREEZE_DAYS, day * DAY);
            days++;
        }
        CHECK(days > 0);
        if (nilo_test_current_failed)
            printf("# seed %" PRIu32 "\n", seed);
        board_free(board);
    }
}

int
main(void)
{
    for (unsigned i = 0; i < sizeof corners / sizeof corners[0]; i++)
        nilo_test_run(corners[i].path, test_corner, &corners[i]);
    nilo_test_run("/calendar-scenario/ahead/by-seconds", test_ahead_by_seconds, NULL);
    nilo_test_run("/calendar-scenario/ahead/by-a-minute", test_ahead_by_a_minute, NULL);
    nilo_test_run("/calendar-scenario/ahead/by-days", test_ahead_by_days, NULL);
    nilo_test_run("/calendar-scenario/back/across-midnight", test_back_across_midnight, NULL);
    nilo_test_run("/calendar-scenario/back/and-restarted", test_back_and_restarted, NULL);
    nilo_test_run("/calendar-scenario/back/by-days", test_back_by_days, NULL);
    nilo_test_run("/calendar-scenario/wrong-year", test_wrong_year_for_an_hour, NULL);
    nilo_test_run("/calendar-scenario/lost/while-off", test_battery_lost_while_off, NULL);
    nilo_test_run("/calendar-scenario/lost/unset-over-midnight", test_unset_over_midnight, NULL);
    nilo_test_run("/calendar-scenario/lost/over-midnight", test_lost_over_midnight, NULL);
    nilo_test_run("/calendar-scenario/off/over-midnights", test_off_over_midnights, NULL);
    nilo_test_run("/calendar-scenario/off/for-a-quarter", test_off_for_a_quarter, NULL);
    nilo_test_run("/calendar-scenario/off/cut-at-midnight", test_cut_at_midnight, NULL);
    nilo_test_run("/calendar-scenario/troubled", test_troubled, NULL);
    return nilo_test_finish();
}
