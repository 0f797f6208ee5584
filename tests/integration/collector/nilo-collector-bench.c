/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-collector-bench.h"

#include <glib/gstdio.h>
#include <string.h>

#define BOUNCE_US   2000
#define LOOK_US     20000
#define READY_TRIES 60
#define READY_MS    120
#define TRIES       6
#define BACK_US     (30 * G_USEC_PER_SEC)
#define DEADLINE_US (10 * G_USEC_PER_SEC)
#define QUIET_MS    300
#define CTR_READ    0x01
#define CI_9600     0xbd
#define TREMBLE_MS  20 /* at most: a third of what the filter takes */
#define EVENT_PAGES 3

static void
add_settings(GPtrArray *settings)
{
    g_ptr_array_add(settings, g_strdup("board-number=26050000"));
    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        g_ptr_array_add(settings, g_strdup_printf("number.%u=" BENCH_NUMBER, i, i + 1));
        g_ptr_array_add(settings, g_strdup_printf("primary.%u=%u", i, i + 1));
        g_ptr_array_add(settings, g_strdup_printf("min-closed-ms.%u=%u", i, BENCH_FILTER_MS));
        g_ptr_array_add(settings, g_strdup_printf("min-open-ms.%u=%u", i, BENCH_FILTER_MS));
        g_ptr_array_add(settings,
                        g_strdup_printf("ml-per-count.%u=%u", i, (guint)BENCH_ML_PER_PULSE));
        g_ptr_array_add(settings, g_strdup_printf("count.%u=%" G_GINT64_FORMAT, i,
                                                  BENCH_START_ML(i) / BENCH_ML_PER_PULSE));
    }
}

/* without power yet */
Bench *
bench_new(NiloLabCollectorPort port, const char *rtc, const char *const *more_settings)
{
    Bench *bench = g_new0(Bench, 1);
    g_autoptr(GPtrArray) settings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    bench->folder = g_dir_make_tmp("nilo-bench-XXXXXX", &error);
    g_assert_no_error(error);
    bench->collector = nilo_lab_collector_new(port, bench->folder);
    bench->master = nilo_lab_test_master_new_for_collector(bench->collector);
    nilo_lab_random_init(&bench->random, 7);
    nilo_lab_collector_set_rtc(bench->collector, rtc);
    add_settings(settings);
    for (guint i = 0; more_settings != NULL && more_settings[i] != NULL; i++)
        g_ptr_array_add(settings, g_strdup(more_settings[i]));
    g_ptr_array_add(settings, NULL);
    nilo_lab_collector_prepare(bench->collector, (const char *const *)settings->pdata, &error);
    g_assert_no_error(error);
    return bench;
}

void
bench_free(Bench *bench)
{
    g_autoptr(GDir) dir = g_dir_open(bench->folder, 0, NULL);
    const char *name;

    nilo_lab_test_master_free(bench->master);
    nilo_lab_collector_free(bench->collector);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(bench->folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(bench->folder);
    g_free(bench->folder);
    g_free(bench);
}

/* the line is open when somebody answers */
static void
wait_ready(Bench *bench)
{
    const guint patience_ms = bench->master->patience_ms;

    bench->master->patience_ms = READY_MS;
    for (guint i = 0; i < READY_TRIES; i++) {
        nilo_lab_test_master_short(bench->master, NILO_LAB_MBUS_SND_NKE, 1);
        if (nilo_lab_test_master_heard_ack(bench->master)) {
            bench->master->patience_ms = patience_ms;
            return;
        }
    }
    g_error("the collector does not answer after its start");
}

void
bench_start(Bench *bench)
{
    g_autoptr(GError) error = NULL;

    nilo_lab_collector_start(bench->collector, &error);
    g_assert_no_error(error);
    wait_ready(bench);
    /* a contact counts once it has been seen open for as long as its filter wants */
    bench_wait_ms(bench, BENCH_HOLD_MS);
}

void
bench_cut(Bench *bench)
{
    nilo_lab_collector_kill(bench->collector);
}

void
bench_restart(Bench *bench)
{
    bench_cut(bench);
    bench_start(bench);
}

gint64
bench_wait_back(Bench *bench)
{
    const gint64 begin_us = g_get_monotonic_time();
    const guint patience_ms = bench->master->patience_ms;
    NiloLabReadout readout;

    bench->master->patience_ms = READY_MS;
    bench_wait_ms(bench, READY_MS); /* what it was about to say it may still say */
    while (!bench_try_cjt188(bench, 0, &readout))
        g_assert_cmpint(g_get_monotonic_time() - begin_us, <, BACK_US);
    bench->master->patience_ms = patience_ms;
    return g_get_monotonic_time() - begin_us;
}

/* with the clock at @rtc, whatever was before */
void
bench_start_at(Bench *bench, const char *rtc)
{
    bench_cut(bench);
    nilo_lab_collector_set_rtc(bench->collector, rtc);
    bench_start(bench);
}

/* --- contacts ----------------------------------------------------------------------------------
 */

static void
set_pins(Bench *bench, guint pins, gboolean closed)
{
    g_autoptr(GError) error = NULL;

    nilo_lab_collector_set_pins(bench->collector, pins, closed ? pins : 0, &error);
    g_assert_no_error(error);
}

/* a machine with other things to do may hold an edge back */
static void
doubt(Bench *bench, guint pins, gint64 taken_us, guint limit_ms)
{
    if (taken_us < limit_ms * 1000)
        return;
    g_test_message("an edge took %" G_GINT64_FORMAT " ms", taken_us / 1000);
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        bench->doubtful[i] += pins >> i & 1;
}

void
bench_move(Bench *bench, guint pins, gboolean closed, guint bounces)
{
    for (guint i = 0; i < 2 * bounces; i++) {
        const gint64 begin_us = g_get_monotonic_time();

        set_pins(bench, pins, i % 2 == 0 ? closed : !closed);
        g_usleep(BOUNCE_US);
        doubt(bench, pins, g_get_monotonic_time() - begin_us, BENCH_FILTER_MS / 2);
    }
    set_pins(bench, pins, closed);
}

void
bench_wait_ms(Bench *bench, guint ms)
{
    const gint64 end_us = g_get_monotonic_time() + ms * 1000;
    gint64 left_us;

    while ((left_us = end_us - g_get_monotonic_time()) > 0) {
        nilo_lab_collector_look(bench->collector);
        g_usleep((gulong)MIN(left_us, LOOK_US));
    }
}

void
bench_pulse(Bench *bench, guint pins, guint count, guint bounces)
{
    for (guint i = 0; i < count; i++) {
        bench_move(bench, pins, TRUE, bounces);
        bench_wait_ms(bench, BENCH_HOLD_MS);
        bench_move(bench, pins, FALSE, bounces);
        bench_wait_ms(bench, BENCH_HOLD_MS);
    }
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        bench->given[i] += (pins >> i & 1) != 0 ? count : 0;
}

void
bench_move_seen(Bench *bench, guint pins, gboolean closed)
{
    g_autoptr(GError) error = NULL;

    set_pins(bench, pins, closed);
    nilo_lab_collector_wait_pins(bench->collector, pins, &error);
    g_assert_no_error(error);
}

guint
bench_rest_on_edge(Bench *bench, guint pins, guint ms)
{
    const gint64 end_us = g_get_monotonic_time() + G_GINT64_CONSTANT(1000) * ms;
    const guint resets = nilo_lab_collector_get_resets(bench->collector);
    gint64 level_us = 0; /* when it began, at the soonest; 0: it is no trembling */
    gboolean closed = TRUE;
    guint moves = 0;

    bench_move_seen(bench, pins, TRUE);
    bench_wait_ms(bench, BENCH_HOLD_MS);
    while (g_get_monotonic_time() < end_us || closed) {
        const gint64 begin_us = g_get_monotonic_time();

        closed = !closed;
        bench_move_seen(bench, pins, closed);
        if (level_us > 0)
            doubt(bench, pins, g_get_monotonic_time() - level_us, BENCH_FILTER_MS);
        level_us = begin_us;
        bench_wait_ms(bench, 1 + nilo_lab_random_below(&bench->random, TREMBLE_MS));
        moves++;
    }
    bench_wait_ms(bench, BENCH_HOLD_MS);
    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        bench->given[i] += pins >> i & 1;
        bench->doubtful[i] += nilo_lab_collector_get_resets(bench->collector) - resets;
    }
    return moves;
}

/* --- readings ----------------------------------------------------------------------------------
 */

gboolean
bench_ask_cjt188(Bench *bench, guint channel, guint8 control, const char *data_hex)
{
    g_autofree char *number = g_strdup_printf(BENCH_NUMBER, channel + 1);
    const guint8 *data;
    gsize size;

    nilo_lab_test_master_cjt188(bench->master, number, control, data_hex);
    return nilo_lab_readout_find_cjt188(bench->master->answer, &data, &size);
}

gboolean
bench_try_cjt188(Bench *bench, guint channel, NiloLabReadout *readout)
{
    return bench_ask_cjt188(bench, channel, CTR_READ, "901F 01") &&
           nilo_lab_readout_from_cjt188(bench->master->answer, readout);
}

gboolean
bench_try_mbus(Bench *bench, guint channel, NiloLabReadout *readout)
{
    bench->count_bits[channel] ^= NILO_LAB_MBUS_FCB;
    nilo_lab_test_master_short(bench->master,
                               (guint8)(NILO_LAB_MBUS_REQ_UD2 | NILO_LAB_MBUS_FCV |
                                        bench->count_bits[channel]),
                               (guint8)(channel + 1));
    return nilo_lab_readout_from_mbus(bench->master->answer, readout);
}

static gint64
read_volume(Bench *bench, guint channel,
            gboolean (*try)(Bench *bench, guint channel, NiloLabReadout *readout))
{
    NiloLabReadout readout;

    for (guint i = 0; i < TRIES; i++) {
        if (!try(bench, channel, &readout)) {
            g_test_message("channel %u: %u bytes instead of a readout", channel,
                           bench->master->answer->len);
            continue;
        }
        g_assert_true(readout.has_volume);
        g_assert_cmpuint(readout.id % 100000000, ==, 26050001 + channel);
        return readout.volume_ml;
    }
    g_error("channel %u gives no readout", channel);
}

gint64
bench_read_mbus(Bench *bench, guint channel)
{
    return read_volume(bench, channel, bench_try_mbus);
}

gint64
bench_read_cjt188(Bench *bench, guint channel)
{
    return read_volume(bench, channel, bench_try_cjt188);
}

/* until it says anything, a refusal too: what would be late it keeps to itself */
static gboolean
read_until_heard(Bench *bench, guint channel, guint di)
{
    g_autofree char *data = g_strdup_printf("%04X 01", di);
    gboolean is_sound = FALSE;

    for (guint i = 0; i < TRIES && !is_sound; i++) {
        is_sound = bench_ask_cjt188(bench, channel, CTR_READ, data);
        if (bench->master->is_in_step)
            return is_sound;
    }
    return is_sound;
}

/* the divisor registers in QEMU, within the 1 % that they are exact to */
gboolean
bench_is_at_speed(Bench *bench, guint wanted_baud)
{
    gboolean even = FALSE;
    guint speed_baud = 0;

    return nilo_lab_collector_get_line(bench->collector, NILO_LAB_LINE_BUS, &speed_baud, &even,
                                       NULL) &&
           even && ABS((gint)speed_baud - (gint)wanted_baud) * 100 <= (gint)wanted_baud;
}

void
bench_switch_to_9600(Bench *bench)
{
    g_assert_true(bench_is_at_speed(bench, 2400));
    nilo_lab_test_master_long(bench->master, 0x53, 1, CI_9600, "");
    g_assert_true(nilo_lab_test_master_heard_ack(bench->master));
    bench_read_mbus(bench, 0);
    g_assert_true(bench_is_at_speed(bench, 9600));
}

/* @di: D2xx months, D3xx days, D4xx by order */
gboolean
bench_read_freeze(Bench *bench, guint channel, guint di, NiloLabFreezeReadout *freeze)
{
    return read_until_heard(bench, channel, di) &&
           nilo_lab_readout_get_freeze(bench->master->answer, freeze);
}

/* the newest of its kind among the last few */
gboolean
bench_find_event(Bench *bench, guint code, NiloLabEventReadout *event)
{
    for (guint page = 0; page < EVENT_PAGES; page++) {
        NiloLabEventReadout events[NILO_LAB_EVENTS_MAX];
        guint n;

        if (!read_until_heard(bench, 0, 0xd710 + page) ||
            !nilo_lab_readout_get_events(bench->master->answer, events, &n))
            return FALSE;
        for (guint i = 0; i < n; i++) {
            if (events[i].code == code) {
                *event = events[i];
                return TRUE;
            }
        }
    }
    return FALSE;
}

gint64
bench_get_true_ml(Bench *bench, guint channel)
{
    return BENCH_START_ML(channel) + (gint64)bench->given[channel] * BENCH_ML_PER_PULSE;
}

/* what the hand has made doubtful is what the counter says, within that doubt */
static void
settle_doubt(Bench *bench, guint channel, gint64 told_ml)
{
    const gint64 off = (told_ml - bench_get_true_ml(bench, channel)) / BENCH_ML_PER_PULSE;

    if ((guint64)ABS(off) <= bench->doubtful[channel])
        bench->given[channel] = (guint64)((gint64)bench->given[channel] + off);
    bench->doubtful[channel] = 0;
}

/* exactly, in both protocols; a pulse takes a moment until it is stored, and no more may follow */
void
bench_assert_counts(Bench *bench)
{
    const gint64 deadline_us = g_get_monotonic_time() + DEADLINE_US;

    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        while (bench_read_cjt188(bench, i) < bench_get_true_ml(bench, i) &&
               g_get_monotonic_time() < deadline_us)
            bench_wait_ms(bench, LOOK_US / 1000);
    }
    bench_wait_ms(bench, QUIET_MS);
    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        const gint64 told_ml = bench_read_cjt188(bench, i);

        if (bench->doubtful[i] > 0)
            settle_doubt(bench, i, told_ml);
        g_assert_cmpint(told_ml, ==, bench_get_true_ml(bench, i));
    }
    for (guint i = 0; i < BENCH_CHANNELS; i++)
        g_assert_cmpint(bench_read_mbus(bench, i), ==, bench_get_true_ml(bench, i));
}

/* --- scenarios ---------------------------------------------------------------------------------
 */

static void
run_host(gconstpointer data)
{
    const Scenario *scenario = data;
    g_autofree char *why_not = nilo_lab_collector_why_not(NILO_LAB_COLLECTOR_HOST);

    if (why_not != NULL)
        g_test_skip(why_not);
    else
        scenario->run(NILO_LAB_COLLECTOR_HOST);
}

static void
run_qemu(gconstpointer data)
{
    const Scenario *scenario = data;
    g_autofree char *why_not = nilo_lab_collector_why_not(NILO_LAB_COLLECTOR_QEMU);

    if (why_not != NULL)
        g_test_skip(why_not);
    else
        scenario->run(NILO_LAB_COLLECTOR_QEMU);
}

void
bench_add_scenarios(const Scenario *scenarios, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        g_autofree char *host = g_strdup_printf("/collector/host/%s", scenarios[i].name);
        g_autofree char *qemu = g_strdup_printf("/collector/qemu/%s", scenarios[i].name);

        g_test_add_data_func(host, &scenarios[i], run_host);
        g_test_add_data_func(qemu, &scenarios[i], run_qemu);
    }
}
