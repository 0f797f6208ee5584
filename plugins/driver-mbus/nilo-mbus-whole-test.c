/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nilo-bus-channel.h"
#include "nilo-mbus-collector-line.h"
#include "nilo-mbus-driver.h"
#include "nilo-mbus-test-line.h"

#include "nfw-collector.h"
#include "nfw-host.h"

#define SLACK_MS 30
#define CHANNEL  "mbus:60000011.NLM.01.16"
#define BOARD    "mbus:60000010.NLM.01.0E"
#define NOW_S    G_GINT64_CONSTANT(1795361400) /* 2026-11-22 15:30 UTC */
#define HOUR_S   3600
#define PULSE_ML 10000

/* the driver, and all of the collector: inputs, EEPROM, clock and both lines */
typedef struct {
    struct nfw_collector collector;
    NiloFakeClock *clock;
    NiloMbusCollectorLine *line;
    NiloChannel *channel;
    NiloDriver *driver;
} Bench;

static guint32
step(guint32 now_ms, gpointer user_data)
{
    Bench *self = user_data;

    return nfw_collector_step(&self->collector, now_ms);
}

static Bench *
bench_new(void)
{
    const NiloBusChannelSettings settings = {.slack_ms = SLACK_MS};
    Bench *self = g_new0(Bench, 1);
    NiloBusChannel *channel;

    self->clock = nilo_fake_clock_new(NOW_S * G_USEC_PER_SEC);
    nilo_fake_clock_advance(self->clock, G_USEC_PER_SEC);
    self->line = nilo_mbus_collector_line_new(self->clock);
    nfw_collector_start(&self->collector, nfw_port_now_ms());
    nilo_mbus_collector_line_run(self->line, step, self);
    channel = nilo_bus_channel_new(NILO_CLOCK(self->clock), &settings, NULL, NULL);
    nilo_bus_channel_set_line(channel, NILO_LINE(self->line));
    nilo_bus_channel_begin(channel, 3, 0, NULL);
    self->channel = NILO_CHANNEL(channel);
    self->driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    nilo_mbus_collector_line_wait(self->line, G_USEC_PER_SEC);
    return self;
}

static void
bench_free(Bench *self)
{
    g_clear_object(&self->driver);
    g_clear_object(&self->channel);
    g_clear_object(&self->line);
    g_clear_object(&self->clock);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bench, bench_free)

static NiloReport *
read_meter(Bench *bench, const char *id, const char *address, guint flags)
{
    const char *settings =
        strcmp(id, BOARD) == 0 ? "profile=collector-board;zone=UTC" : "profile=collector;zone=UTC";
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new(id, address, settings);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(nilo_meter_get_id(meter));
    g_autoptr(GError) error = NULL;
    NiloOutcome outcome = NILO_OUTCOME_CANCELLED;

    nilo_driver_read(bench->driver, meter, flags, bench->channel, builder, &outcome, NULL, &error);
    g_assert_no_error(error);
    return nilo_report_builder_finish(builder, outcome);
}

static void
order(Bench *bench, const char *id, const char *address, NiloCommandKind kind,
      const char *arguments)
{
    g_autoptr(NiloMeter) meter =
        nilo_mbus_test_meter_new(id, address, "profile=collector;zone=UTC");
    g_autoptr(NiloCommand) command =
        nilo_command_new(NULL, nilo_meter_get_id(meter), kind, g_variant_new_parsed(arguments),
                         "test", G_MAXINT64);
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) error = NULL;

    nilo_driver_write(bench->driver, meter, command, bench->channel, &result, NULL, &error);
    g_assert_no_error(error);
}

static void
set_clock(Bench *bench)
{
    g_autofree char *arguments =
        g_strdup_printf("{'utc-us': <int64 %" G_GINT64_FORMAT ">, 'zone': <'UTC'>}",
                        nilo_clock_get_utc_us(NILO_CLOCK(bench->clock)));

    order(bench, CHANNEL, NULL, NILO_COMMAND_SET_CLOCK, arguments);
}

static void
pulse(Bench *bench, guint pin, guint n)
{
    guint64 us = nfw_host->now_us + 1000;

    for (guint i = 0; i < n; i++, us += 200000) {
        nfw_host_plan_pin(nfw_host, us, pin, TRUE);
        nfw_host_plan_pin(nfw_host, us + 100000, pin, FALSE);
    }
    nilo_mbus_collector_line_wait(bench->line, (gint64)(us - nfw_host->now_us) + 500000);
}

static gint64
get_volume_ml(const NiloReport *report)
{
    const NiloReading *reading =
        nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME));
    gint64 ml = -1;

    g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_OK);
    g_assert_nonnull(reading);
    g_assert_true(nilo_value_rescale(&reading->value, -6, &ml));
    return ml;
}

/* sends bytes as they are, and waits as long as a master does. Returns: the answer's size */
static gsize
say(Bench *bench, const guint8 *bytes, gsize size, guint8 *answer, gsize capacity)
{
    NiloLine *line = NILO_LINE(bench->line);
    gssize n;

    nilo_line_discard(line);
    g_assert_true(nilo_line_send(line, bytes, size, NULL, NULL));
    n = nilo_line_receive(line, answer, capacity,
                          nilo_clock_get_monotonic_us(NILO_CLOCK(bench->clock)) + G_USEC_PER_SEC,
                          NULL, NULL);
    g_assert_cmpint(n, >=, 0);
    nilo_mbus_collector_line_wait(bench->line, 200000);
    return (gsize)n;
}

static gboolean
is_confirmed(Bench *bench, guint8 a, guint8 ci, const guint8 *data, gsize size)
{
    guint8 frame[NILO_MBUS_MAX_FRAME];
    guint8 answer[NILO_MBUS_MAX_FRAME];
    const gsize length =
        nilo_mbus_frame_build_long(NILO_MBUS_C_SND_UD, a, ci, data, size, frame, sizeof frame);

    return say(bench, frame, length, answer, sizeof answer) == 1 && answer[0] == NILO_MBUS_ACK_BYTE;
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void
test_count(void)
{
    g_autoptr(Bench) bench = bench_new();
    g_autoptr(NiloReport) before = read_meter(bench, CHANNEL, NULL, NILO_READ_CURRENT);
    g_autoptr(NiloReport) after = NULL;
    g_autoptr(NiloReport) other = NULL;

    g_assert_cmpint(get_volume_ml(before), ==, 0);
    pulse(bench, 0, 123);
    after = read_meter(bench, CHANNEL, NULL, NILO_READ_CURRENT);
    other = read_meter(bench, "mbus:60000012.NLM.01.16", NULL, NILO_READ_CURRENT);
    g_assert_cmpint(get_volume_ml(after), ==, 123 * PULSE_ML);
    g_assert_cmpint(get_volume_ml(other), ==, 0);
}

static void
test_orders(void)
{
    g_autoptr(Bench) bench = bench_new();
    g_autoptr(NiloReport) unset = read_meter(bench, CHANNEL, NULL, NILO_READ_CURRENT);
    g_autoptr(NiloReport) set = NULL;
    g_autoptr(NiloReport) moved = NULL;
    g_autoptr(NiloReport) board = NULL;
    gint64 drift_s;

    g_assert_false(nilo_report_get_clock_drift_s(unset, &drift_s));
    set_clock(bench);
    set = read_meter(bench, CHANNEL, NULL, NILO_READ_CURRENT);
    g_assert_true(nilo_report_get_clock_drift_s(set, &drift_s));
    g_assert_cmpint(drift_s, ==, 0);
    order(bench, CHANNEL, NULL, NILO_COMMAND_SET_ADDRESS, "{'address': <'21'>}");
    moved = read_meter(bench, CHANNEL, "21", NILO_READ_CURRENT);
    g_assert_cmpint(get_volume_ml(moved), ==, 0);
    board = read_meter(bench, BOARD, NULL, NILO_READ_HISTORY);
    g_assert_cmpint(nilo_report_get_outcome(board), ==, NILO_OUTCOME_OK);
    g_assert_nonnull(nilo_report_find_reading(board, nilo_register_of(NILO_QUANTITY_VOLTAGE)));
}

/* every order on its own is done in the time a master waits, at every speed */
static void
test_orders_in_time(void)
{
    static const struct {
        guint8 ci;
        guint8 data[12];
        gsize size;
    } orders[] = {
        {0x51, {0x01, 0x7a, 33}, 3},
        {0x51, {0x01, 0x7a, 21}, 3},
        {0x51, {0x04, 0x6d, 30, 15 | 0x20, 22 | 2 << 5, 11 | 3 << 4}, 6},
        {0x51, {0x04, 0x6d, 30, 15 | 0x20, 23 | 2 << 5, 11 | 3 << 4}, 6},
        {0x51, {0x0c, 0x13, 0x50, 0x34, 0x12, 0x00}, 6},
        {0x51, {0x0f, NFW_SETTING_MIN_CLOSED_MS, 2, 40, 0}, 5},
        {0x51, {0x0f, NFW_SETTING_ML_PER_COUNT, 4, 0xe8, 3, 0, 0}, 7},
        {0x51, {0x0c, 0x79, 0x78, 0x56, 0x34, 0x12}, 6},
        {0x51, {0x0c, 0x79, 0x79, 0x56, 0x34, 0x12}, 6},
        {0x54, {0}, 0},
        {0x5c, {0}, 0},
    };

    for (guint speed = 0; speed < NFW_SPEEDS; speed++) {
        g_autoptr(Bench) bench = bench_new();
        const guint8 record[] = {0x01, 0x7a, 21};

        order(bench, CHANNEL, NULL, NILO_COMMAND_SET_ADDRESS, "{'address': <'21'>}");
        g_assert_true(is_confirmed(bench, 21, (guint8)(0xb8 + speed), NULL, 0));
        g_assert_true(nilo_line_set_speed(NILO_LINE(bench->line), nfw_speeds[speed], NULL));
        for (guint i = 0; i < G_N_ELEMENTS(orders); i++) {
            const gboolean done =
                is_confirmed(bench, i == 1 ? 33 : 21, orders[i].ci, orders[i].data, orders[i].size);

            if (!done)
                g_test_message("order %u at %u Bd", i, nfw_speeds[speed]);
            g_assert_true(done);
        }
        g_assert_cmpuint(bench->collector.bus.late, ==, 0);
        /* selected, it stays so behind a change of settings */
        g_assert_true(is_confirmed(bench, 0xfd, 0x52,
                                   (const guint8[]){0x79, 0x56, 0x34, 0x12, 0xff, 0xff, 0xff, 0xff},
                                   8));
        g_assert_true(is_confirmed(bench, 0xfd, 0x51,
                                   (const guint8[]){0x0f, NFW_SETTING_MIN_OPEN_MS, 2, 50, 0}, 5));
        g_assert_true(is_confirmed(bench, 0xfd, 0x51, record, sizeof record));
    }
}

/* three days with water now and then: every hour and midnight is there, with its own value */
static void
test_history(void)
{
    g_autoptr(Bench) bench = bench_new();
    g_autoptr(NiloReport) report = NULL;
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    const NiloReading *readings;
    guint64 bytes_before;
    gint64 known[80] = {0};
    gsize n;

    set_clock(bench);
    bytes_before = nfw_host->now_us;
    for (guint hour = 0; hour < 75; hour++) {
        pulse(bench, 0, hour % 5);
        known[hour] = (hour == 0 ? 0 : known[hour - 1]) + (gint64)(hour % 5) * PULSE_ML;
        nilo_mbus_collector_line_wait(bench->line,
                                      (gint64)(bytes_before +
                                               (hour + 1) * G_GINT64_CONSTANT(3600000000)) -
                                          (gint64)nfw_host->now_us);
    }
    report = read_meter(bench, CHANNEL, NULL, NILO_READ_HISTORY);
    g_assert_cmpint(get_volume_ml(report), ==, known[74]);
    readings = nilo_report_get_readings(report, &n);
    for (gsize i = 0; i < n; i++) {
        const gint64 moment_s = readings[i].taken_us / G_USEC_PER_SEC;
        const gint64 hour = (moment_s - NOW_S / HOUR_S * HOUR_S) / HOUR_S - 1;
        gint64 ml;

        if ((readings[i].flags & NILO_READING_METER_TIME) == 0)
            continue;
        g_assert_cmpint(moment_s % HOUR_S, ==, 0);
        g_assert_true(nilo_value_rescale(&readings[i].value, -6, &ml));
        g_assert_cmpint(hour, >=, 0);
        g_assert_cmpint(hour, <, 75);
        g_assert_cmpint(ml, ==, known[hour]);
        g_hash_table_add(told, g_memdup2(&moment_s, sizeof moment_s));
    }
    g_assert_cmpuint(g_hash_table_size(told), ==, 75);
}

static void
test_freeze_broadcast(void)
{
    g_autoptr(Bench) bench = bench_new();
    g_autoptr(NiloReport) report = NULL;
    const NiloReading *readings;
    guint stamped = 0;
    gsize n;

    set_clock(bench);
    pulse(bench, 0, 7);
    g_assert_false(is_confirmed(bench, 0xff, 0x54, NULL, 0));
    pulse(bench, 0, 5);
    report = read_meter(bench, CHANNEL, NULL, NILO_READ_HISTORY);
    readings = nilo_report_get_readings(report, &n);
    for (gsize i = 0; i < n; i++) {
        gint64 ml;

        if ((readings[i].flags & NILO_READING_METER_TIME) == 0)
            continue;
        stamped++;
        g_assert_true(nilo_value_rescale(&readings[i].value, -6, &ml));
        g_assert_cmpint(ml, ==, 7 * PULSE_ML);
    }
    g_assert_cmpuint(stamped, ==, 1);
    g_assert_cmpint(get_volume_ml(report), ==, 12 * PULSE_ML);
}

/* what was set and counted is there after a power cut */
static void
test_power_cut(void)
{
    g_autoptr(Bench) bench = bench_new();
    g_autoptr(NiloReport) report = NULL;

    pulse(bench, 0, 9);
    order(bench, CHANNEL, NULL, NILO_COMMAND_SET_ADDRESS, "{'address': <'21'>}");
    nfw_host_restart(nfw_host, FALSE);
    nfw_collector_start(&bench->collector, nfw_port_now_ms());
    nilo_mbus_collector_line_wait(bench->line, G_USEC_PER_SEC);
    report = read_meter(bench, CHANNEL, "21", NILO_READ_CURRENT);
    g_assert_cmpint(get_volume_ml(report), ==, 9 * PULSE_ML);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mbus/whole/count", test_count);
    g_test_add_func("/mbus/whole/orders", test_orders);
    g_test_add_func("/mbus/whole/orders-in-time", test_orders_in_time);
    g_test_add_func("/mbus/whole/history", test_history);
    g_test_add_func("/mbus/whole/freeze-broadcast", test_freeze_broadcast);
    g_test_add_func("/mbus/whole/power-cut", test_power_cut);
    return g_test_run();
}
