/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The driver and the whole collector on one line, over days of fake time: what was counted while
 * nobody read stands in the series afterwards, hour by hour.
 */
#include <string.h>

#include "nfw-collector.h"
#include "nfw-host.h"
#include "nilo-cjt188-test-peer.h"

#define US_PER_HOUR     (3600 * (gint64)G_USEC_PER_SEC)
#define PULSES_PER_HOUR 7
#define PATIENCE_US     1000000
#define ML_PER_PULSE    10000

/* 2026-11-20 20:30:00 in Shanghai */
#define START_LOCAL_S                                                                              \
    ((guint32)(NILO_CJT188_TEST_NOW_US / G_USEC_PER_SEC - 946684800 + 8 * 3600 - 39 * 3600 - 1800))
#define START_US (NILO_CJT188_TEST_NOW_US - 39 * US_PER_HOUR - US_PER_HOUR / 2)

static struct nfw_host board;
static struct nfw_collector collector;

typedef struct {
    NiloClock *clock;
    NiloCjt188TestChannel *channel;
    NiloDriver *driver;
    NiloMeter *meter;
    NiloReportBuilder *builder;
    gboolean is_cut; /* the line is */
} Riser;

static void
run_until(guint64 at_us)
{
    while (board.now_us < at_us) {
        const nfw_ms now = nfw_port_now_ms();

        nfw_port_sleep_until(now + nfw_collector_step(&collector, now));
    }
}

/* the wall clock shows what the board's time is */
static void
follow_board(Riser *riser)
{
    nilo_fake_clock_set_utc_us(NILO_FAKE_CLOCK(riser->clock), START_US + (gint64)board.now_us);
}

static void
hear(const guint8 *request, gsize size, GByteArray *bytes, gpointer user_data)
{
    Riser *riser = user_data;
    struct nfw_host_line *line = &board.line[NFW_LINE_BUS];
    const guint32 sent_before = line->sent_count;
    guint64 deadline_us;

    if (riser->is_cut)
        return;
    deadline_us = nfw_host_plan_bytes(&board, board.now_us + 50000, NFW_LINE_BUS, request, size) +
                  PATIENCE_US;
    while (board.now_us < deadline_us &&
           (line->sent_count == sent_before || nfw_port_line_is_sending(NFW_LINE_BUS)))
        run_until(board.now_us + 1000);
    if (line->sent_count != sent_before)
        g_byte_array_append(bytes, line->sent, (guint)line->sent_size);
    follow_board(riser);
}

static void
riser_init(Riser *riser)
{
    NiloCjt188Address address;
    char text[NILO_CJT188_ADDRESS_TEXT_SIZE];
    g_autofree char *id_text = NULL;
    g_autoptr(NiloMeterId) id = NULL;
    g_autoptr(GObject) own =
        nilo_cjt188_test_make_settings("profile=collector zone=Asia/Shanghai history-months=1");

    nfw_host_init(&board);
    nfw_host_set_rtc(&board, START_LOCAL_S);
    nfw_collector_start(&collector, nfw_port_now_ms());
    memcpy(address.bytes, nfw_meters_get_config(&collector, 2)->number, sizeof address.bytes);
    nilo_cjt188_address_to_text(&address, text);
    id_text = g_strconcat("cjt188:", text, NULL);
    id = nilo_meter_id_new(id_text, NULL);

    *riser = (Riser){.clock = NILO_CLOCK(nilo_fake_clock_new(START_US))};
    riser->channel = nilo_cjt188_test_channel_new(riser->clock, hear, riser);
    riser->driver = g_object_new(NILO_TYPE_CJT188_DRIVER, NULL);
    riser->meter = nilo_meter_new(id, "b", "cjt188", NULL, NULL, own);
    riser->builder = nilo_report_builder_new(id);
}

static void
riser_clear(Riser *riser)
{
    g_clear_object(&riser->channel);
    g_clear_object(&riser->driver);
    g_clear_object(&riser->meter);
    g_clear_object(&riser->clock);
    g_clear_pointer(&riser->builder, nilo_report_builder_free);
    nfw_host_clear(&board);
}

/* so many hours of somebody drawing water, PULSES_PER_HOUR each, at a quarter past the hour */
static void
draw_for(guint hours)
{
    for (guint hour = 0; hour < hours; hour++) {
        const guint64 begun_us = board.now_us;
        const guint64 quarter_us = begun_us + 2700 * (guint64)G_USEC_PER_SEC;

        for (guint i = 0; i < PULSES_PER_HOUR; i++) {
            nfw_host_plan_pin(&board, quarter_us + i * 400000u, 2, true);
            nfw_host_plan_pin(&board, quarter_us + i * 400000u + 200000u, 2, false);
        }
        run_until(begun_us + (guint64)US_PER_HOUR);
    }
}

static NiloReport *
read_meter(Riser *riser, guint flags, NiloOutcome expected)
{
    NiloOutcome outcome = NILO_OUTCOME_CANCELLED;
    g_autoptr(GError) error = NULL;

    follow_board(riser);
    g_assert_true(nilo_driver_read(riser->driver, riser->meter, flags, NILO_CHANNEL(riser->channel),
                                   riser->builder, &outcome, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(nilo_outcome_get_nick(outcome), ==, nilo_outcome_get_nick(expected));
    return nilo_report_builder_finish(riser->builder, outcome);
}

static gint64
get_volume_ml(const NiloReading *reading)
{
    gint64 volume_ml = -1;

    g_assert_true(nilo_value_to_millilitres(&reading->value, &volume_ml));
    return volume_ml;
}

/* what the counter was so many hours after 2026-11-20 21:00 */
static const NiloReading *
find_hour(const NiloReport *report, guint hour)
{
    const NiloRegister reg = nilo_register_of(NILO_QUANTITY_VOLUME);
    const gint64 wanted_us = START_US + US_PER_HOUR / 2 + hour * US_PER_HOUR;
    const NiloReading *found = NULL;
    gsize n;
    const NiloReading *readings = nilo_report_get_readings(report, &n);

    for (gsize i = 0; i < n; i++) {
        if (readings[i].reg != reg || (readings[i].flags & NILO_READING_METER_TIME) == 0 ||
            readings[i].taken_us != wanted_us)
            continue;
        g_assert_null(found); /* once, though midnight stands in two logs */
        found = &readings[i];
    }
    return found;
}

static void
test_gap(void)
{
    Riser riser;
    g_autoptr(NiloReport) before = NULL;
    g_autoptr(NiloReport) missed = NULL;
    g_autoptr(NiloReport) after = NULL;
    g_autoptr(NiloReport) next = NULL;
    g_autofree char *readings = NULL;

    riser_init(&riser);
    draw_for(3); /* 23:30 */
    before = read_meter(&riser, NILO_READ_CURRENT, NILO_OUTCOME_OK);
    readings = nilo_cjt188_test_show_readings(before);
    g_assert_cmpstr(readings, ==, "volume 0.21 m3; battery-voltage 3.6 V");

    riser.is_cut = TRUE;
    draw_for(1); /* 0:30 */
    missed = read_meter(&riser, NILO_READ_CURRENT, NILO_OUTCOME_SILENT);
    draw_for(35); /* 11:30 a day later */
    riser.is_cut = FALSE;
    after = read_meter(&riser, NILO_READ_CURRENT, NILO_OUTCOME_OK);

    /* from midnight, the hour after the last answer, to 11:00 */
    for (guint hour = 3; hour <= 38; hour++) {
        const NiloReading *reading = find_hour(after, hour);

        g_test_message("hour %u", hour);
        g_assert_nonnull(reading);
        g_assert_cmpint(get_volume_ml(reading), ==, hour * (gint64)PULSES_PER_HOUR * ML_PER_PULSE);
    }
    g_assert_cmpuint(nilo_report_get_undecoded(after), ==, 0);

    draw_for(1);
    next = read_meter(&riser, NILO_READ_CURRENT, NILO_OUTCOME_OK);
    g_free(readings);
    readings = nilo_cjt188_test_show_readings(next);
    g_assert_cmpstr(readings, ==, "volume 2.8 m3");
    riser_clear(&riser);
}

/* somebody changes a setting, sets two counters and opens the cover */
static void
test_events(void)
{
    static const guint8 min_closed_ms[] = {0x05, 0x00};
    Riser riser;
    g_autoptr(GRegex) seconds = g_regex_new(" 20:30:[01][0-9]", 0, 0, NULL);
    g_autoptr(NiloReport) report = NULL;
    g_autofree char *facts = NULL, *shown = NULL, *status = NULL;

    riser_init(&riser);
    run_until(board.now_us + 2500000u);
    g_assert_cmpint(nfw_meters_set_setting(&collector, 2, NFW_SETTING_MIN_CLOSED_MS, min_closed_ms,
                                           sizeof min_closed_ms),
                    ==, NFW_OK);
    g_assert_cmpint(nfw_meters_set_volume(&collector, 2, 5000000), ==, NFW_OK);
    g_assert_cmpint(nfw_meters_set_volume(&collector, 3, 6000000), ==, NFW_OK);
    nfw_host_plan_pin(&board, board.now_us + 10000000u, NFW_PIN_COVER, false);
    run_until(board.now_us + 12000000u);
    report = read_meter(&riser, NILO_READ_HISTORY, NILO_OUTCOME_OK);
    facts = nilo_cjt188_test_show_facts(report);
    shown = g_regex_replace_literal(seconds, facts, -1, 0, " 20:30", 0, NULL);
    status = nilo_cjt188_test_show_status(nilo_report_get_status(report));
    g_assert_cmpstr(shown, ==,
                    "starts: 1; writes of each cell: 1; closures that were no pulse: 0; "
                    "age of the volume in seconds: 0; "
                    "event: 2026-11-20 20:30 cover, argument 1; "
                    "event: 2026-11-20 20:30 counter set, argument 0; "
                    "event: 2026-11-20 20:30 settings changed, argument 3; "
                    "event: 2026-11-20 20:30 started, argument 1");
    g_assert_cmpstr(status, ==, "tamper");
    riser_clear(&riser);
}

int
main(int argc, char **argv)
{
    g_setenv("NILO_CJT188_PROFILES", NILO_CJT188_TEST_PROFILES, FALSE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cjt188/riser/gap", test_gap);
    g_test_add_func("/cjt188/riser/events", test_events);
    return g_test_run();
}
