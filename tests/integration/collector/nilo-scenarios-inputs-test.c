/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What contacts tell beside single pulses, on the host's process and on the image in QEMU: the
 * direction of a wheel with two reeds, and that somebody tampers with meter, cable or collector.
 */
#include "nilo-collector-bench.h"

#define STATE_MS      40
#define MAGNET_MS     2000 /* both reeds closed for longer: no wheel rests so */
#define STATUS_TAMPER 0x01
#define EVENT_MAGNET  8
#define EVENT_WIRE    9
#define EVENT_COVER   10
#define SELF          8 /* the channel of events about the collector itself */
#define FIRST_REED    0x001u
#define SECOND_REED   0x002u
#define LOOP          0x400u
#define COVER         (1u << NILO_LAB_PIN_COVER)
#define DEADLINE_US   (20 * G_USEC_PER_SEC)

/* reeds at pins 0 and 1, the loop through the cable of the next meter at pin 10 */
static const char *const settings[] = {"source.0=dual",
                                       "pin-second.0=1",
                                       "min-closed-ms.0=10",
                                       "min-open-ms.0=10",
                                       "source.1=off",
                                       "pin-loop.2=10",
                                       NULL};

static Bench *
bench_new_wired(NiloLabCollectorPort port)
{
    Bench *bench = bench_new(port, NULL, settings);

    bench_move(bench, LOOP, TRUE, 0);
    bench_start(bench);
    return bench;
}

/* --- two reeds ---------------------------------------------------------------------------------
 */

/* a state each: neither reed closed, the first, both, the second */
static void
turn(Bench *bench, const char *states, guint times)
{
    static const guint closed[] = {0, FIRST_REED, SECOND_REED, FIRST_REED | SECOND_REED};
    guint now = 0;

    for (guint i = 0; i < times; i++) {
        for (const char *state = states; *state != '\0'; state++) {
            const guint next = closed[*state - '0'];

            bench_move_seen(bench, now ^ next, (next & ~now) != 0);
            bench_wait_ms(bench, STATE_MS);
            now = next;
        }
    }
}

static void
assert_volume(Bench *bench, gint64 volume_ml)
{
    const gint64 deadline_us = g_get_monotonic_time() + DEADLINE_US;

    while (bench_read_cjt188(bench, 0) != volume_ml)
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
    bench_wait_ms(bench, 300);
    g_assert_cmpint(bench_read_mbus(bench, 0), ==, volume_ml);
}

/* 1, 3, 2, 0 is forwards; what shakes between two states is neither */
static void
count_direction(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_wired(port);
    gint64 volume_ml = BENCH_START_ML(0);

    turn(bench, "1320", 12);
    volume_ml += 12 * BENCH_ML_PER_PULSE;
    assert_volume(bench, volume_ml);
    turn(bench, "2310", 5);
    volume_ml -= 5 * BENCH_ML_PER_PULSE;
    assert_volume(bench, volume_ml);
    turn(bench, "101010", 3);
    turn(bench, "132310", 3);
    turn(bench, "1313131320", 2);
    volume_ml += 2 * BENCH_ML_PER_PULSE;
    assert_volume(bench, volume_ml);
    bench_restart(bench);
    assert_volume(bench, volume_ml);
}

/* --- tampering ---------------------------------------------------------------------------------
 */

static gboolean
is_tampered(Bench *bench, guint channel)
{
    NiloLabReadout readout;
    gboolean is_read = FALSE;

    for (guint i = 0; i < 6 && !is_read; i++)
        is_read = bench_try_cjt188(bench, channel, &readout);
    g_assert_true(is_read);
    return (readout.status & STATUS_TAMPER) != 0;
}

static void
assert_told(Bench *bench, guint code, guint channel, gboolean began)
{
    const gint64 deadline_us = g_get_monotonic_time() + DEADLINE_US;
    NiloLabEventReadout event;

    while (!bench_find_event(bench, code, &event) || event.argument != (began ? 1u : 0u))
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
    g_assert_cmpuint(event.channel, ==, channel);
}

/* what is done to these pins for so long is told when it begins and when it ends, and is in the
 * status of the asked channel meanwhile */
static void
tamper(Bench *bench, guint pins, gboolean closed, guint code, guint channel)
{
    const guint asked = channel == SELF ? 3 : channel;

    g_assert_false(is_tampered(bench, asked));
    bench_move(bench, pins, closed, 0);
    bench_wait_ms(bench, MAGNET_MS);
    assert_told(bench, code, channel, TRUE);
    g_assert_true(is_tampered(bench, asked));
    bench_move(bench, pins, !closed, 0);
    assert_told(bench, code, channel, FALSE);
    g_assert_false(is_tampered(bench, asked));
}

static void
notice_magnet(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_wired(port);

    tamper(bench, FIRST_REED | SECOND_REED, TRUE, EVENT_MAGNET, 0);
    assert_volume(bench, BENCH_START_ML(0));
}

static void
notice_cut_wire(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_wired(port);

    tamper(bench, LOOP, FALSE, EVENT_WIRE, 2);
}

static void
notice_open_cover(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_wired(port);

    tamper(bench, COVER, FALSE, EVENT_COVER, SELF);
}

static const Scenario scenarios[] = {
    {"inputs/direction", count_direction},
    {"inputs/magnet", notice_magnet},
    {"inputs/cut-wire", notice_cut_wire},
    {"inputs/open-cover", notice_open_cover},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bench_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
