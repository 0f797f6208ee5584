/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The whole collector on a board made of memory, in fake time: what it counts, keeps and tells, and
 * what a power cut at every byte it ever writes leaves behind.
 *
 *   test-nfw-collector [--every-byte]
 */
#include "nfw-collector.h"
#include "nfw-date-for-test.h"
#include "nfw-host.h"
#include "nilo-wire-test.h"

#define US_PER_MS    1000u
#define US_PER_S     1000000u
#define FEED_MAX_US  1100000u
#define ML_PER_PULSE 10000

/* static: what a longjmp out of the collector leaves must not live in registers */
static struct nfw_host board;
static struct nfw_collector collector;
static uint64_t longest_unfed_us;

/* Lets the collector run until then. Returns: false when the power was cut. */
static bool
run_until(uint64_t at_us)
{
    jmp_buf cut;

    board.cut = &cut;
    if (setjmp(cut) != 0)
        return false;
    while (board.now_us < at_us) {
        const nfw_ms now = nfw_port_now_ms();
        const uint64_t before_us = board.fed_us;
        const uint32_t wait = nfw_collector_step(&collector, now);

        if (board.fed_us - before_us > longest_unfed_us)
            longest_unfed_us = board.fed_us - before_us;
        nfw_port_sleep_until(now + wait);
    }
    return true;
}

static bool
power_up(void)
{
    jmp_buf cut;

    board.cut = &cut;
    if (setjmp(cut) != 0)
        return false;
    nfw_collector_start(&collector, nfw_port_now_ms());
    return true;
}

static bool
run_for(uint64_t us)
{
    return run_until(board.now_us + us);
}

static void
new_board(void)
{
    nfw_host_init(&board);
    longest_unfed_us = 0;
}

/* Closed for half of the period, open for the other half. Returns: the end of the last one. */
static uint64_t
plan_pulses(uint64_t at_us, unsigned pin, unsigned n, uint64_t period_us)
{
    for (unsigned i = 0; i < n; i++) {
        nfw_host_plan_pin(&board, at_us, pin, true);
        nfw_host_plan_pin(&board, at_us + period_us / 2u, pin, false);
        at_us += period_us;
    }
    return at_us;
}

static int64_t
volume_of(unsigned channel)
{
    struct nfw_reading reading;

    nfw_meters_get_reading(&collector, channel, &reading);
    return reading.volume_ml;
}

static uint8_t
status_of(unsigned channel)
{
    struct nfw_reading reading;

    nfw_meters_get_reading(&collector, channel, &reading);
    return reading.status;
}

/* How often the log holds @code for @channel, and what the newest such event says. */
static unsigned
count_events(enum nfw_event_code code, unsigned channel, uint32_t *argument)
{
    struct nfw_event event;
    unsigned n = 0;

    for (unsigned back = 0; back < NFW_EVENTS; back++) {
        if (nfw_meters_get_event(&collector, back, &event) != NFW_OK)
            continue;
        if (event.code != code || event.channel != channel)
            continue;
        if (n++ == 0 && argument != NULL)
            *argument = event.argument;
    }
    return n;
}

static nfw_seconds
midnight(void)
{
    return nfw_test_at(2027, 1, 1, 0, 0, 0);
}

/* --- counting and keeping ------------------------------------------------------------------- */

static void
test_counts_are_kept(const void *data)
{
    uint32_t cause = 0;

    new_board();
    CHECK(power_up());
    CHECK(run_for(2 * US_PER_S));
    for (unsigned pin = 0; pin < 8; pin++)
        plan_pulses(board.now_us + 1000u * pin, pin, 10 + pin, 200 * US_PER_MS);
    CHECK(run_for(10 * US_PER_S));
    for (unsigned channel = 0; channel < NFW_CHANNELS; channel++)
        CHECK_INT(volume_of(channel), (10 + (int64_t)channel) * ML_PER_PULSE);

    nfw_host_restart(&board, false);
    CHECK(power_up());
    for (unsigned channel = 0; channel < NFW_CHANNELS; channel++)
        CHECK_INT(volume_of(channel), (10 + (int64_t)channel) * ML_PER_PULSE);
    CHECK_INT(nfw_meters_get_boots(&collector), 2);
    CHECK_INT(count_events(NFW_EVENT_STARTED, NFW_CHANNEL_SELF, &cause), 2);
    CHECK_INT(cause & 0xffu, NFW_RESET_POWER);
    CHECK(longest_unfed_us < FEED_MAX_US);
    nfw_host_clear(&board);
}

static void
test_only_stored_is_told(const void *data)
{
    uint32_t why = 0;

    new_board();
    CHECK(power_up());
    CHECK(run_for(US_PER_S));
    plan_pulses(board.now_us, 0, 3, 200 * US_PER_MS);
    CHECK(run_for(2 * US_PER_S));
    CHECK_INT(volume_of(0), 3 * ML_PER_PULSE);

    board.eeprom.is_absent = true;
    plan_pulses(board.now_us, 0, 4, 200 * US_PER_MS);
    CHECK(run_for(5 * US_PER_S));
    CHECK_INT(volume_of(0), 3 * ML_PER_PULSE);
    CHECK(status_of(0) & NFW_STATUS_NOT_STORED);

    /* nothing was forgotten meanwhile */
    board.eeprom.is_absent = false;
    CHECK(run_for(3 * US_PER_S));
    CHECK_INT(volume_of(0), 7 * ML_PER_PULSE);
    CHECK((status_of(0) & NFW_STATUS_NOT_STORED) == 0);
    /* the event could not be written either, until now */
    CHECK_INT(count_events(NFW_EVENT_STORE_FAILED, NFW_CHANNEL_SELF, &why), 1);
    CHECK_INT((int32_t)why, NFW_ERR_NACK);
    CHECK(run_for(3 * US_PER_S));
    CHECK_INT(count_events(NFW_EVENT_STORE_FAILED, NFW_CHANNEL_SELF, NULL), 1);
    CHECK(longest_unfed_us < FEED_MAX_US);
    nfw_host_clear(&board);
}

static void
test_weak_battery_writes_nothing(const void *data)
{
    const uint8_t stop[2] = {0xb8, 0x0b}; /* 3000 mV */
    uint64_t written;

    new_board();
    CHECK(power_up());
    CHECK_INT(nfw_meters_set_setting(&collector, NFW_CHANNEL_SELF, NFW_SETTING_BATTERY_STOP_MV,
                                     stop, sizeof stop),
              NFW_OK);
    board.battery_mv = 2900;
    CHECK(run_for(61 * US_PER_S));
    written = board.eeprom.written_bytes;
    plan_pulses(board.now_us, 2, 5, 200 * US_PER_MS);
    CHECK(run_for(10 * US_PER_S));
    CHECK_INT(board.eeprom.written_bytes, written);
    CHECK_INT(volume_of(2), 0);

    board.battery_mv = 3600;
    CHECK(run_for(65 * US_PER_S));
    CHECK_INT(volume_of(2), 5 * ML_PER_PULSE);
    nfw_host_clear(&board);
}

static void
test_hang_is_explained(const void *data)
{
    uint32_t cause = 0;

    new_board();
    board.cause = NFW_RESET_UNKNOWN;
    CHECK(power_up());
    CHECK(run_for(US_PER_S));
    board.remnant.stage = NFW_STAGE_METERS; /* as if the watchdog had bitten there */
    nfw_host_restart(&board, true);
    CHECK(power_up());
    CHECK_INT(count_events(NFW_EVENT_STARTED, NFW_CHANNEL_SELF, &cause), 2);
    CHECK_INT(cause & 0xffu, NFW_RESET_WATCHDOG);
    CHECK_INT(cause >> 8, NFW_STAGE_METERS);
    nfw_host_clear(&board);
}

/* --- settings ------------------------------------------------------------------------------- */

static void
test_pulse_value_keeps_the_volume(const void *data)
{
    const uint8_t litre[4] = {0xe8, 0x03, 0, 0};

    new_board();
    CHECK(power_up());
    CHECK(run_for(US_PER_S));
    plan_pulses(board.now_us, 1, 7, 200 * US_PER_MS);
    CHECK(run_for(3 * US_PER_S));
    CHECK_INT(nfw_meters_set_setting(&collector, 1, NFW_SETTING_ML_PER_COUNT, litre, sizeof litre),
              NFW_OK);
    CHECK_INT(volume_of(1), 7 * ML_PER_PULSE);
    CHECK(run_for(US_PER_S));
    plan_pulses(board.now_us, 1, 2, 200 * US_PER_MS);
    CHECK(run_for(3 * US_PER_S));
    CHECK_INT(volume_of(1), 7 * ML_PER_PULSE + 2 * 1000);

    nfw_host_restart(&board, false);
    CHECK(power_up());
    CHECK_INT(volume_of(1), 7 * ML_PER_PULSE + 2 * 1000);

    /* a start value finer than a pulse is rounded down, and an event keeps the one before */
    CHECK_INT(nfw_meters_set_volume(&collector, 1, 123456), NFW_OK);
    CHECK_INT(volume_of(1), 123000);
    CHECK_INT(count_events(NFW_EVENT_COUNT_SET, 1, NULL), 1);
    CHECK_INT(nfw_meters_set_volume(&collector, 1, INT64_MAX), NFW_ERR_RANGE);
    CHECK_INT(volume_of(1), 123000);
    nfw_host_clear(&board);
}

static void
test_changed_number_is_an_event(const void *data)
{
    static const uint8_t number[NFW_NUMBER_SIZE] = {0x78, 0x56, 0x34, 0x12, 0x00, 0x11, 0x33};
    struct nfw_history history;
    uint32_t before = 0;

    new_board();
    nfw_host_set_rtc(&board, 26u * 365u * NFW_SECONDS_PER_DAY);
    CHECK(power_up());
    CHECK(run_for(3 * NFW_SECONDS_PER_HOUR * (uint64_t)US_PER_S));
    CHECK_INT(nfw_meters_get_history(&collector, 3, NFW_FREEZE_HOUR, 0, &history), NFW_OK);
    CHECK_INT(nfw_meters_set_number(&collector, 3, number), NFW_OK);
    CHECK(memcmp(nfw_meters_get_config(&collector, 3)->number, number, sizeof number) == 0);
    CHECK_INT(count_events(NFW_EVENT_NUMBER_CHANGED, 3, &before), 1);
    CHECK_INT(before, 0x60000014);

    /* what was frozen before belongs to the meter that hung there then */
    CHECK_INT(nfw_meters_get_history(&collector, 3, NFW_FREEZE_HOUR, 0, &history), NFW_ERR_NONE);
    CHECK(run_for(NFW_SECONDS_PER_HOUR * (uint64_t)US_PER_S));
    CHECK_INT(nfw_meters_get_history(&collector, 3, NFW_FREEZE_HOUR, 0, &history), NFW_OK);
    CHECK_INT(nfw_meters_get_history(&collector, 3, NFW_FREEZE_HOUR, 1, &history), NFW_ERR_NONE);

    /* a number that another channel has is refused, and nothing changes */
    CHECK_INT(nfw_meters_set_number(&collector, 4, number), NFW_ERR_RANGE);
    CHECK_INT(count_events(NFW_EVENT_NUMBER_CHANGED, 4, NULL), 0);
    nfw_host_clear(&board);
}

static int
set_number_setting(unsigned channel, enum nfw_setting setting, uint32_t value, size_t size)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};

    return nfw_meters_set_setting(&collector, channel, setting, bytes, size);
}

static void
test_read_meter_takes_over(const void *data)
{
    uint32_t before = 0;

    new_board();
    CHECK(power_up());
    CHECK(run_for(US_PER_S));
    plan_pulses(board.now_us, 0, 5, 200 * US_PER_MS);
    CHECK(run_for(3 * US_PER_S));
    CHECK_INT(set_number_setting(0, NFW_SETTING_ML_PER_COUNT, 1000, 4), NFW_OK);
    CHECK_INT(volume_of(0), 5 * ML_PER_PULSE);
    CHECK_INT(set_number_setting(0, NFW_SETTING_SOURCE, NFW_SOURCE_CJT188, 1), NFW_OK);
    CHECK(run_for(2 * US_PER_S));

    /* what was counted is not what that meter shows: until it has been read there is no value */
    CHECK(status_of(0) & NFW_STATUS_NO_READING);
    CHECK_INT(count_events(NFW_EVENT_COUNT_SET, 0, &before), 1);
    CHECK_INT(before, 5);
    collector.polled[0] = 7; /* as the poller does once two answers agree */
    CHECK(run_for(2 * US_PER_S));
    CHECK_INT(volume_of(0), 7000);

    /* and back: a counter goes on from there */
    CHECK_INT(set_number_setting(0, NFW_SETTING_SOURCE, NFW_SOURCE_PULSE, 1), NFW_OK);
    CHECK(run_for(US_PER_S));
    plan_pulses(board.now_us, 0, 2, 200 * US_PER_MS);
    CHECK(run_for(3 * US_PER_S));
    CHECK_INT(volume_of(0), 9000);
    nfw_host_clear(&board);
}

static void
test_weak_battery_from_the_start(const void *data)
{
    uint64_t cycles;

    new_board();
    CHECK(power_up());
    CHECK(run_for(US_PER_S));
    nfw_host_restart(&board, false);
    board.battery_mv = 2400; /* below what is safe for writing */
    CHECK(power_up());
    cycles = board.eeprom.write_cycles;
    CHECK_INT(nfw_meters_set_time(&collector, midnight()), NFW_OK);
    CHECK(run_for(2 * US_PER_S));
    CHECK_INT(board.eeprom.write_cycles, cycles);
    CHECK((status_of(0) & NFW_STATUS_BATTERY_LOW) != 0);
    CHECK((status_of(0) & NFW_STATUS_NOT_STORED) != 0);

    /* a new battery: the start is stored after all, without waiting for a pulse */
    board.battery_mv = 3600;
    CHECK(run_for(65 * US_PER_S));
    CHECK((status_of(0) & (NFW_STATUS_BATTERY_LOW | NFW_STATUS_NOT_STORED)) == 0);
    CHECK_INT(collector.counters.stored.boots, 2);
    nfw_host_clear(&board);
}

static void
test_other_pulses_go_on(const void *data)
{
    new_board();
    CHECK(power_up());
    CHECK(run_for(US_PER_S));
    nfw_host_plan_pin(&board, board.now_us, NFW_PIN_COVER, false);
    nfw_host_plan_pin(&board, board.now_us, 0, true);
    CHECK(run_for(US_PER_S));
    CHECK_INT(count_events(NFW_EVENT_COVER, NFW_CHANNEL_SELF, NULL), 1);
    CHECK_INT(set_number_setting(3, NFW_SETTING_MIN_OPEN_MS, 77, 2), NFW_OK);
    CHECK(run_for(US_PER_S));
    nfw_host_plan_pin(&board, board.now_us, 0, false);
    CHECK(run_for(US_PER_S));
    CHECK_INT(volume_of(0), ML_PER_PULSE);
    CHECK_INT(count_events(NFW_EVENT_COVER, NFW_CHANNEL_SELF, NULL), 1);
    CHECK((status_of(0) & NFW_STATUS_TAMPER) != 0);
    nfw_host_clear(&board);
}

/* --- power cuts ----------------------------------------------------------------------------- */

#define CUT_PULSES    40u
#define CUT_PERIOD_US (50u * US_PER_MS) /* 20 Hz on every input */
#define CUT_FIRST_US  (200u * US_PER_MS)

/* Pulses that were whole by now, on the wire itself. */
static unsigned
pulses_given(unsigned pin, uint64_t start_us)
{
    const uint64_t first_us = start_us + CUT_FIRST_US + 3u * US_PER_MS * pin;
    const uint64_t needed_us =
        CUT_PERIOD_US / 2u + US_PER_MS * (1u + collector.config.channel[pin].min_open_ms);

    if (board.now_us < first_us + needed_us)
        return 0;
    const uint64_t n = (board.now_us - first_us - needed_us) / CUT_PERIOD_US + 1u;
    return n > CUT_PULSES ? CUT_PULSES : (unsigned)n;
}

/* Two seconds around midnight of 31 December with all inputs busy. Returns: false when cut. */
static bool
live_through_midnight(uint64_t *start_us)
{
    static const uint8_t low[2] = {0x80, 0x0c};

    *start_us = board.now_us;
    if (!power_up())
        return false;
    *start_us = board.now_us;
    for (unsigned pin = 0; pin < NFW_CHANNELS; pin++)
        plan_pulses(*start_us + CUT_FIRST_US + 3u * US_PER_MS * pin, pin, CUT_PULSES,
                    CUT_PERIOD_US);
    if (!run_until(*start_us + US_PER_S))
        return false;

    jmp_buf cut;
    board.cut = &cut;
    if (setjmp(cut) != 0)
        return false;
    (void)nfw_meters_set_setting(&collector, NFW_CHANNEL_SELF, NFW_SETTING_BATTERY_LOW_MV, low,
                                 sizeof low);
    return run_until(*start_us + 4u * US_PER_S);
}

static void
prepare_midnight(void)
{
    new_board();
    /* a board that has lived before: five pulses each, and its calendar up to date */
    nfw_host_set_rtc(&board, midnight() - 10u);
    power_up();
    for (unsigned pin = 0; pin < NFW_CHANNELS; pin++)
        plan_pulses(board.now_us + 20u * US_PER_MS, pin, 5, 100u * US_PER_MS);
    run_for(8 * US_PER_S);
    nfw_host_restart(&board, false);
}

static void
check_after_cut(uint64_t start_us, uint64_t cut_at)
{
    int32_t told[NFW_CHANNELS];
    unsigned given[NFW_CHANNELS];
    struct nfw_frozen frozen;
    struct nfw_config factory;

    memcpy(told, collector.counters.stored.count, sizeof told);
    for (unsigned channel = 0; channel < NFW_CHANNELS; channel++)
        given[channel] = pulses_given(channel, start_us);
    /* a cut before the collector has read its records has told nobody anything */
    if (collector.counters.sequence == 0)
        memset(told, 0, sizeof told);

    nfw_host_restart(&board, false);
    CHECK(power_up());
    for (unsigned channel = 0; channel < NFW_CHANNELS; channel++) {
        const int32_t kept = collector.counters.stored.count[channel];
        const int32_t all = 5 + (int32_t)given[channel];

        if (kept < told[channel] || kept < all - 1 || kept > all + 1)
            printf("# cut at byte %llu: channel %u keeps %d of %d, told %d\n",
                   (unsigned long long)cut_at, channel, (int)kept, (int)all, (int)told[channel]);
        CHECK(kept >= told[channel]);
        CHECK(kept >= all - 1);
        CHECK(kept <= all + 1); /* the one that was in the filter's last milliseconds */
    }

    /* one freeze for that midnight, whatever happened to the first attempt */
    CHECK(run_for(5 * US_PER_S));
    CHECK_INT(nfw_freeze_get(&collector.freeze, NFW_FREEZE_DAY, 0, &frozen), NFW_OK);
    CHECK_INT(frozen.time, midnight());
    CHECK_INT(nfw_freeze_get(&collector.freeze, NFW_FREEZE_MONTH, 0, &frozen), NFW_OK);
    CHECK_INT(frozen.time, midnight());
    nfw_config_set_defaults(&factory, board.board_number);
    CHECK(collector.config.battery_low_mv == 0x0c80 ||
          collector.config.battery_low_mv == factory.battery_low_mv);
}

static void
test_power_cuts(const void *data)
{
    const bool is_every_byte = *(const bool *)data;
    static const enum nfw_host_tear tears[] = {NFW_HOST_TEAR_OLD, NFW_HOST_TEAR_ERASED,
                                               NFW_HOST_TEAR_MIXED};
    static struct nfw_host before;
    uint64_t first, last, start_us;
    unsigned cuts = 0;

    prepare_midnight();
    nfw_host_clear(&board); /* its plans are not part of what is gone back to */
    before = board;
    nfw_host = &board;
    first = board.eeprom.written_bytes;
    CHECK(live_through_midnight(&start_us));
    last = board.eeprom.written_bytes;
    for (unsigned channel = 0; channel < NFW_CHANNELS; channel++)
        CHECK_INT(collector.counters.stored.count[channel], 5 + CUT_PULSES);

    for (uint64_t at = first; at < last; at += is_every_byte ? 1u : 61u) {
        for (size_t i = 0; i < sizeof tears / sizeof tears[0]; i++) {
            nfw_host_clear(&board);
            board = before;
            nfw_host_restart(&board, false);
            memset(&collector, 0, sizeof collector);
            board.eeprom.cut_at_byte = at;
            board.eeprom.tear = tears[i];
            if (live_through_midnight(&start_us))
                continue;
            check_after_cut(start_us, at);
            cuts++;
            if (nilo_test_current_failed)
                return;
        }
    }
    printf("# %u power cuts, at %llu bytes written\n", cuts, (unsigned long long)(last - first));
    CHECK(cuts > 100);
    nfw_host_clear(&board);
}

int
main(int argc, char **argv)
{
    const bool is_every_byte = argc > 1 && strcmp(argv[1], "--every-byte") == 0;

    nilo_test_run("/collector/counts-are-kept", test_counts_are_kept, NULL);
    nilo_test_run("/collector/only-stored-is-told", test_only_stored_is_told, NULL);
    nilo_test_run("/collector/weak-battery", test_weak_battery_writes_nothing, NULL);
    nilo_test_run("/collector/hang", test_hang_is_explained, NULL);
    nilo_test_run("/collector/pulse-value", test_pulse_value_keeps_the_volume, NULL);
    nilo_test_run("/collector/number", test_changed_number_is_an_event, NULL);
    nilo_test_run("/collector/read-meter", test_read_meter_takes_over, NULL);
    nilo_test_run("/collector/weak-battery-at-start", test_weak_battery_from_the_start, NULL);
    nilo_test_run("/collector/other-pulses", test_other_pulses_go_on, NULL);
    nilo_test_run("/collector/power-cuts", test_power_cuts, &is_every_byte);
    return nilo_test_finish();
}
