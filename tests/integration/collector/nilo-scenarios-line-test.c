/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a collector does on a line that is not its own: on the host's process and on the image in
 * QEMU. On a damaged, foreign or doubtful request it is silent, and when the trouble has ended it
 * is read within four polls. What is heard is understood by a decoder that shares no line with the
 * firmware.
 */
#include "nilo-collector-bench.h"

#include "nilo-lab-cjt188-frame.h"
#include "nilo-lab-mbus-frame.h"
#include "nilo-lab-port.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_BURSTS   60  /* three at each of six speeds, and what is heard late */
#define BURST_MS     200 /* quiet behind a burst: the collector takes 55 ms for its end */
#define POLLS        4   /* within so many it is read again */
#define LATEST_MS    250 /* an answer at 2400 Bd starts within 187 ms, or never */
#define PAUSE_US     10000
#define JUNK_ROUNDS  12
#define MAX_JUNK     30
#define MASTERS      25
#define BABBLE_MS    2500
#define BABBLE_STEP  5 /* bytes, in 20 ms: what 2400 Bd carry */
#define BABBLE_US    20000
#define FALL_BACK_MS 300000
#define ROOM         1024

/* "current values" of channel 0, as bytes */
static const guint8 mbus_request[] = {0x10, 0x5b, 0x01, 0x5c, 0x16};
static const guint8 cjt188_request[] = {0xfe, 0xfe, 0x68, 0x10, 0x01, 0x00, 0x05, 0x26, 0x00,
                                        0x01, 0x33, 0x01, 0x03, 0x90, 0x1f, 0x01, 0x8c, 0x16};

typedef struct {
    const guint8 *bytes;
    gsize size;
    gsize first; /* the first byte that counts */
} Request;

static const Request requests[] = {
    {mbus_request, sizeof mbus_request, 0},
    {cjt188_request, sizeof cjt188_request, 2},
};

static Bench *
bench_new_started(NiloLabCollectorPort port)
{
    Bench *bench = bench_new(port, NULL, NULL);

    bench_start(bench);
    return bench;
}

/* --- by hand -----------------------------------------------------------------------------------
 */

static int
get_fd(Bench *bench)
{
    return nilo_lab_collector_get_line_fd(bench->collector, NILO_LAB_LINE_BUS);
}

/* onto the line as it is; the master no longer knows where it is */
static void
shout(Bench *bench, const guint8 *bytes, gsize size)
{
    g_assert_cmpint(send(get_fd(bench), bytes, size, MSG_NOSIGNAL), ==, size);
    bench->master->is_in_step = FALSE;
    bench->master->now_ns = nilo_lab_port_now_ns();
}

/* what is said in so many milliseconds; appended */
static void
listen_for(Bench *bench, guint ms, GByteArray *heard)
{
    const gint64 end_us = g_get_monotonic_time() + ms * 1000;

    do {
        guint8 bytes[ROOM];
        gssize size;

        while ((size = recv(get_fd(bench), bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
            g_byte_array_append(heard, bytes, (guint)size);
        bench_wait_ms(bench, 5);
    } while (g_get_monotonic_time() < end_us);
}

static void
assert_silent(Bench *bench, guint ms)
{
    g_autoptr(GByteArray) heard = g_byte_array_new();

    listen_for(bench, ms, heard);
    g_assert_cmpuint(heard->len, ==, 0);
}

/* each channel, in one protocol or the other */
static void
recover(Bench *bench)
{
    const guint patience_ms = bench->master->patience_ms;

    bench->master->patience_ms = 2 * LATEST_MS;
    for (guint channel = 0; channel < 2; channel++) {
        NiloLabReadout readout;
        guint polls = 1;

        while (!(channel == 0 ? bench_try_mbus(bench, channel, &readout)
                              : bench_try_cjt188(bench, channel, &readout)))
            g_assert_cmpuint(polls++, <, POLLS);
        g_assert_cmpint(readout.volume_ml, ==, bench_get_true_ml(bench, channel));
    }
    bench->master->patience_ms = patience_ms;
}

/* --- damaged requests --------------------------------------------------------------------------
 */

static void
keep_silent(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    static const char *const damaged[] = {
        "10 5B 01 5D 16",                                        /* checksum */
        "10 5B 77 D2 16",                                        /* nobody's address */
        "10 5B 01 5C 17",                                        /* no end */
        "FE FE 68 10 01 00 05 26 00 01 33 01 03 90 1F 01 8A 16", /* checksum */
        "FE FE 68 10 09 00 05 26 00 01 33 01 03 90 1F 01 92 16", /* nobody's address */
        "68 03 04 68 53 01 50 A4 16",                            /* two lengths */
    };

    bench_start(bench);
    bench->master->patience_ms = 400;
    for (gsize i = 0; i < G_N_ELEMENTS(damaged); i++) {
        nilo_lab_test_master_send_hex(bench->master, damaged[i]);
        g_assert_cmpuint(bench->master->answer->len, ==, 0);
    }
    bench->master->patience_ms = 1500;
    bench_assert_counts(bench);
}

/* whichever bit it is */
static void
ignore_flips(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);

    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        for (gsize at = requests[i].first; at < requests[i].size; at++) {
            g_autofree guint8 *bytes = g_memdup2(requests[i].bytes, requests[i].size);

            bytes[at] ^= (guint8)(1u << nilo_lab_random_below(&bench->random, 8));
            shout(bench, bytes, requests[i].size);
            assert_silent(bench, LATEST_MS);
        }
        recover(bench);
    }
}

static void
ignore_halves(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);

    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        for (gsize size = 1; size < requests[i].size; size++) {
            shout(bench, requests[i].bytes, size);
            assert_silent(bench, LATEST_MS);
            recover(bench);
        }
    }
}

/* a byte that got lost on the way */
static void
ignore_drops(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);

    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        for (gsize at = requests[i].first; at < requests[i].size; at++) {
            g_autoptr(GByteArray) rest = g_byte_array_new();

            g_byte_array_append(rest, requests[i].bytes, (guint)requests[i].size);
            g_byte_array_remove_index(rest, (guint)at);
            shout(bench, rest->data, rest->len);
            assert_silent(bench, LATEST_MS);
        }
        recover(bench);
    }
}

/* A pause in a frame is a pause: another one begins behind a gap of 33 bit times, and here, where
 * bytes come through an operating system, of 50 ms. */
static void
hear_through_pauses(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);

    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        for (gsize at = requests[i].first + 1; at < requests[i].size; at++) {
            g_autoptr(GByteArray) heard = g_byte_array_new();
            NiloLabReadout readout;

            /* a machine with other things to do makes the pause longer */
            for (guint polls = 0; polls < POLLS && heard->len == 0; polls++) {
                bench_wait_ms(bench, bench->master->rest_ms);
                shout(bench, requests[i].bytes, at);
                g_usleep(PAUSE_US);
                shout(bench, requests[i].bytes + at, requests[i].size - at);
                listen_for(bench, LATEST_MS, heard);
            }
            g_assert_true(i == 0 ? nilo_lab_readout_from_mbus(heard, &readout)
                                 : nilo_lab_readout_from_cjt188(heard, &readout));
            g_assert_cmpint(readout.volume_ml, ==, bench_get_true_ml(bench, 0));
        }
    }
    recover(bench);
}

/* --- others on the line ------------------------------------------------------------------------
 */

static void
fill_with_junk(Bench *bench, guint8 *bytes, gsize size)
{
    for (gsize i = 0; i < size; i++)
        bytes[i] = (guint8)nilo_lab_random_below(&bench->random, 256);
}

/* right in front of a request: the request may be lost with it, and no more */
static void
live_with_junk(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);

    for (guint round = 0; round < JUNK_ROUNDS; round++) {
        const Request *request = &requests[round % G_N_ELEMENTS(requests)];
        const gsize junk = 1 + nilo_lab_random_below(&bench->random, MAX_JUNK);
        guint8 bytes[MAX_JUNK + sizeof cjt188_request];

        fill_with_junk(bench, bytes, junk);
        memcpy(bytes + junk, request->bytes, request->size);
        shout(bench, bytes, junk + request->size);
        bench_wait_ms(bench, LATEST_MS);
        recover(bench);
    }
}

/* an adapter that hears itself gives the answer back to the line */
static void
ignore_own_echo(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);
    guint echoes = 0;

    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        g_autoptr(GByteArray) answer = g_byte_array_new();
        NiloLabReadout readout;

        if (!(i % 2 == 0 ? bench_try_mbus(bench, i, &readout)
                         : bench_try_cjt188(bench, i, &readout)))
            continue; /* the machine is busy */
        g_byte_array_append(answer, bench->master->answer->data, bench->master->answer->len);
        shout(bench, answer->data, answer->len);
        assert_silent(bench, LATEST_MS);
        recover(bench);
        echoes++;
    }
    g_assert_cmpuint(echoes, >=, BENCH_CHANNELS / 2);
}

/* Another slave's answer in which a whole request to us stands, to the last byte; also where that
 * slave makes a pause in front of it. */
static void
ignore_foreign_answers(NiloLabCollectorPort port)
{
    static const guint8 address[] = {0x99, 0x99, 0x00, 0x05, 0x26, 0x01, 0x33};
    g_autoptr(Bench) bench = bench_new_started(port);

    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        const gsize first = requests[i].first;
        guint8 data[40] = {0x90, 0x1f, 0x01};
        guint8 frame[NILO_LAB_CJT188_MAX_FRAME];
        const gsize n = 10 + requests[i].size - first;
        gsize size;

        memcpy(data + 6, requests[i].bytes + first, requests[i].size - first);
        size = nilo_lab_cjt188_frame_build(frame, 0x10, address, 0x81, data, n);
        shout(bench, frame, size);
        assert_silent(bench, LATEST_MS);
        recover(bench);
        /* 11 bytes of head and 6 of data, then the pause */
        shout(bench, frame, 17);
        bench_wait_ms(bench, bench->master->rest_ms);
        shout(bench, frame + 17, size - 17);
        assert_silent(bench, LATEST_MS);
        recover(bench);
    }
}

/* Returns: the size of a sound readout at @at, which must be a right one; 0: there is none */
static gsize
check_readout(Bench *bench, const GByteArray *heard, guint at, guint *n_sound)
{
    g_autoptr(GByteArray) part = g_byte_array_new();
    NiloLabMbusFrame mbus;
    NiloLabCjt188Frame cjt188;
    NiloLabReadout readout;
    gsize size = 0;
    guint channel;

    if (nilo_lab_mbus_frame_fit(heard->data + at, heard->len - at, &mbus) == NILO_LAB_FIT_COMPLETE)
        size = mbus.size;
    else if (nilo_lab_cjt188_frame_fit(heard->data + at, heard->len - at, &cjt188) ==
             NILO_LAB_FIT_COMPLETE)
        size = cjt188.size;
    if (size == 0)
        return 0;
    g_byte_array_append(part, heard->data + at, (guint)size);
    if (!nilo_lab_readout_from_mbus(part, &readout) &&
        !nilo_lab_readout_from_cjt188(part, &readout))
        return size;
    channel = (guint)(readout.id % 10) - 1;
    g_assert_cmpuint(channel, <, BENCH_CHANNELS);
    g_assert_cmpint(readout.volume_ml, ==, bench_get_true_ml(bench, channel));
    (*n_sound)++;
    return size;
}

/* They ask at moments of their own, one into the other's request or wait. Whatever is answered is
 * right, and each is read again when the other is silent. */
static void
serve_two_masters(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);
    guint n_sound = 0;

    for (guint round = 0; round < MASTERS; round++) {
        const Request *first = &requests[nilo_lab_random_below(&bench->random, 2)];
        const Request *second = &requests[nilo_lab_random_below(&bench->random, 2)];
        const gsize cut = 1 + nilo_lab_random_below(&bench->random, (guint)first->size);
        g_autoptr(GByteArray) heard = g_byte_array_new();
        guint at = 0;

        shout(bench, first->bytes, cut);
        g_usleep(nilo_lab_random_below(&bench->random, 2 * LATEST_MS * 1000 / 5));
        shout(bench, second->bytes, second->size);
        if (cut < first->size)
            shout(bench, first->bytes + cut, first->size - cut);
        listen_for(bench, 2 * LATEST_MS, heard);
        while (at < heard->len)
            at += (guint)MAX(check_readout(bench, heard, at, &n_sound), 1);
        recover(bench);
    }
    g_test_message("%u of %u requests in each other's way were answered", n_sound, 2 * MASTERS);
}

/* somebody talks without end: nothing in it is for us */
static void
wait_out_babble(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);
    const gint64 end_us = g_get_monotonic_time() + BABBLE_MS * 1000;

    while (g_get_monotonic_time() < end_us) {
        guint8 bytes[BABBLE_STEP];

        fill_with_junk(bench, bytes, sizeof bytes);
        shout(bench, bytes, sizeof bytes);
        g_usleep(BABBLE_US);
    }
    assert_silent(bench, LATEST_MS);
    recover(bench);
}

/* --- speeds ------------------------------------------------------------------------------------
 */

static void
switch_speed(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);

    bench_switch_to_9600(bench);
    bench_assert_counts(bench);
    g_assert_true(bench_is_at_speed(bench, 9600));
}

static void
pass_time(Bench *bench, guint ms)
{
    g_autoptr(GError) error = NULL;

    nilo_lab_collector_pass_time(bench->collector, ms, &error);
    g_assert_no_error(error);
    bench_wait_ms(bench, 1200); /* it looks once a second at least */
}

/* A change that nobody follows ends by itself: five minutes without a sound frame. */
static void
fall_back(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new_started(port);

    bench_switch_to_9600(bench);
    pass_time(bench, FALL_BACK_MS - 30000);
    g_assert_true(bench_is_at_speed(bench, 9600));
    pass_time(bench, 30000);
    g_assert_true(bench_is_at_speed(bench, 2400));
    recover(bench);
    g_assert_true(bench_is_at_speed(bench, 2400));
}

/* A master that talks at a speed of its own is rubbish at any other. A collector that has heard
 * nothing sound since its start tries them all, and stays where it hears a sound frame. */
static void
find_speed(NiloLabCollectorPort port)
{
    static const guint speeds_baud[] = {300, 600, 1200, 4800, 9600};
    static const guint8 rubbish[] = {0xf3, 0x9a, 0x3c, 0x80, 0xe7, 0x1d};
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(speeds_baud); i++) {
        g_autoptr(GError) error = NULL;
        int fd;

        nilo_lab_collector_start(bench->collector, &error);
        g_assert_no_error(error);
        fd = nilo_lab_collector_get_line_fd(bench->collector, NILO_LAB_LINE_BUS);
        for (guint n = 0; n < MAX_BURSTS && !bench_is_at_speed(bench, speeds_baud[i]); n++) {
            g_assert_cmpint(write(fd, rubbish, sizeof rubbish), ==, sizeof rubbish);
            bench_wait_ms(bench, BURST_MS);
        }
        g_assert_true(bench_is_at_speed(bench, speeds_baud[i]));
        bench_read_mbus(bench, 0);
        g_assert_true(bench_is_at_speed(bench, speeds_baud[i]));
        bench_cut(bench);
    }
}

/* --- the driver of the line --------------------------------------------------------------------
 */

/* DE is up for exactly the answers: as often up as down, never up between two requests */
static void
drive_only_answers(NiloLabCollectorPort port)
{
    g_autoptr(Bench) bench = bench_new(port, NULL, NULL);
    GArray *changes;
    guint before;

    if (port != NILO_LAB_COLLECTOR_QEMU) {
        g_test_skip("a process has no driver to watch");
        return;
    }
    bench_start(bench);
    bench_wait_ms(bench, 100);
    changes = nilo_lab_collector_get_driver_changes(bench->collector);
    before = changes->len;
    for (guint i = 0; i < 20; i++) {
        NiloLabReadout readout;

        g_assert_true(i % 2 == 0 ? bench_try_mbus(bench, i % 8, &readout)
                                 : bench_try_cjt188(bench, i % 8, &readout));
    }
    nilo_lab_test_master_send_hex(bench->master, "10 5B 77 D2 16");
    bench_wait_ms(bench, 100);
    g_assert_cmpuint(changes->len - before, ==, 2 * 20);
    for (guint i = before; i < changes->len; i++)
        g_assert_cmpint(g_array_index(changes, NiloLabDriverChange, i).enabled, ==,
                        (i - before) % 2 == 0);
}

static const Scenario scenarios[] = {
    {"line/keep-silent", keep_silent},       {"line/flips", ignore_flips},
    {"line/halves", ignore_halves},          {"line/drops", ignore_drops},
    {"line/pauses", hear_through_pauses},    {"line/junk", live_with_junk},
    {"line/echo", ignore_own_echo},          {"line/foreign-answers", ignore_foreign_answers},
    {"line/two-masters", serve_two_masters}, {"line/babble", wait_out_babble},
    {"line/switch-speed", switch_speed},     {"line/find-speed", find_speed},
    {"line/fall-back", fall_back},           {"line/drive-only-answers", drive_only_answers},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bench_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
