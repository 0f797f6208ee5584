/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus-channel.h"

#include "nilo-acquire-fake.h"
#include "nilo-error.h"

#define START_US (G_GINT64_CONSTANT(1767225600) * G_USEC_PER_SEC)

typedef struct {
    NiloFakeClock *clock;
    NiloFakeWire *wire;
    NiloLine *line;
    NiloBusChannel *channel;
    NiloAnswerTime time;
    guint progress;
    guint8 address;
    NiloVerdict verdict;
    NiloAnswer answer;
} Fixture;

static void
count_progress(gpointer user_data)
{
    Fixture *self = user_data;

    self->progress++;
}

static void
set_up(Fixture *self, gconstpointer data)
{
    const NiloBusChannelSettings settings = {.answer_extra_ms = 300, .slack_ms = 50};

    self->clock = nilo_fake_clock_new(START_US);
    self->wire = nilo_fake_wire_new(self->clock, data != NULL ? GPOINTER_TO_UINT(data) : 2400);
    self->line = nilo_fake_line_new(self->wire);
    self->channel = nilo_bus_channel_new(NILO_CLOCK(self->clock), &settings, count_progress, self);
    nilo_bus_channel_set_line(self->channel, self->line);
    nilo_bus_channel_begin(self->channel, 3, 0, &self->time);
    self->address = 1;
    nilo_fake_wire_add(self->wire, 1);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_object_unref(self->channel);
    g_object_unref(self->line);
    nilo_fake_wire_free(self->wire);
    g_object_unref(self->clock);
}

static gint64
get_now_us(Fixture *self)
{
    return nilo_clock_get_monotonic_us(NILO_CLOCK(self->clock));
}

static void
exchange_with(Fixture *self, guint flags)
{
    guint8 bytes[NILO_FAKE_REQUEST_SIZE];
    const NiloRequest request = {
        .bytes = bytes,
        .size = sizeof bytes,
        .first_byte_ms = 84,
        .frame = nilo_fake_frame,
        .user_data = &self->address,
        .flags = flags,
    };
    g_autoptr(GError) error = NULL;

    nilo_fake_request(self->address, 'R', bytes);
    g_assert_true(nilo_channel_exchange(NILO_CHANNEL(self->channel), &request, &self->verdict,
                                        &self->answer, NULL, &error));
    g_assert_no_error(error);
}

static void
exchange(Fixture *self)
{
    exchange_with(self, 0);
}

static void
test_good_answer_costs_the_wire_only(Fixture *self, gconstpointer data)
{
    const guint speed_baud = GPOINTER_TO_UINT(data);
    gint64 floor_us = 30000 + 24 * G_GINT64_CONSTANT(11000000) / speed_baud;
    gint64 begin_us;

    exchange(self);
    begin_us = get_now_us(self);
    self->wire->n_receives = 0;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
    g_assert_cmpuint(self->answer.size, ==, NILO_FAKE_ANSWER_SIZE);
    g_assert_cmpuint(self->answer.attempts, ==, 1);
    /* and the 11 bit times of idle in front; the fake line rounds up */
    floor_us += G_GINT64_CONSTANT(11000000) / speed_baud;
    g_assert_cmpint(get_now_us(self) - begin_us, <=, floor_us + 1000);
    /* look before, first byte, last but one, last */
    g_assert_cmpuint(self->wire->n_receives, <=, 5);
}

static void
test_answer_time_is_measured(Fixture *self, gconstpointer data)
{
    const NiloAnswerTime *time;

    exchange(self);
    g_assert_cmpuint(self->answer.answer_ms, >=, 30);
    g_assert_cmpuint(self->answer.answer_ms, <=, 36);
    g_assert_cmpuint(self->time.n, ==, 1);
    time = nilo_bus_channel_get_answer_time(self->channel);
    g_assert_cmpuint(time->n, ==, 1);
    g_assert_cmpuint(self->progress, ==, 1);
}

static void
test_silence(Fixture *self, gconstpointer data)
{
    const gint64 begin_us = get_now_us(self);

    self->address = 9;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_SILENT);
    g_assert_cmpuint(self->answer.attempts, ==, 3);
    g_assert_null(self->answer.frame);
    g_assert_cmpuint(self->time.n, ==, 0);
    /* 84 + 300 ms each, and 18 ms to send */
    g_assert_cmpint(get_now_us(self) - begin_us, >=, 3 * 402000);
    g_assert_cmpint(get_now_us(self) - begin_us, <=, 3 * 402000 + 60000);
}

static void
test_silence_of_a_known_meter_is_cheaper(Fixture *self, gconstpointer data)
{
    gint64 begin_us;

    for (guint i = 0; i < 5; i++)
        exchange(self);
    nilo_fake_wire_find(self->wire, 1)->dead = TRUE;
    begin_us = get_now_us(self);
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_SILENT);
    /* two of the standard's 84 ms, one of all 384 ms */
    g_assert_cmpint(get_now_us(self) - begin_us, <=, 2 * 84000 + 384000 + 3 * 19000 + 60000);
}

static void
test_once(Fixture *self, gconstpointer data)
{
    self->address = 9;
    exchange_with(self, NILO_REQUEST_ONCE);
    g_assert_cmpuint(self->answer.attempts, ==, 1);
}

static void
test_broadcast(Fixture *self, gconstpointer data)
{
    const gint64 begin_us = get_now_us(self);

    self->address = 9;
    exchange_with(self, NILO_REQUEST_NO_ANSWER);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
    g_assert_cmpint(get_now_us(self) - begin_us, <=, 40000);
}

static void
test_lost_request_is_repeated(Fixture *self, gconstpointer data)
{
    nilo_fake_wire_find(self->wire, 1)->deaf = 2;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
    g_assert_cmpuint(self->answer.attempts, ==, 3);
}

static void
test_slow_answer_within_the_extra(Fixture *self, gconstpointer data)
{
    nilo_fake_wire_find(self->wire, 1)->answer_us = 350000;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
    g_assert_cmpuint(self->answer.attempts, ==, 1);
}

/* much later than ever before: the last try waits longer than the learned time */
static void
test_meter_becomes_slow(Fixture *self, gconstpointer data)
{
    for (guint i = 0; i < 5; i++)
        exchange(self);
    nilo_fake_wire_find(self->wire, 1)->answer_us = 300000;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
    exchange(self);
    g_assert_cmpuint(self->answer.attempts, ==, 1);
}

static void
test_echo_is_removed(Fixture *self, gconstpointer data)
{
    self->wire->echo = TRUE;
    for (guint i = 0; i < 5; i++) {
        exchange(self);
        g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
        g_assert_cmpuint(self->answer.answer_ms, <=, 36);
        g_assert_cmpuint(self->answer.answer_ms, >=, 30);
    }
    g_assert_true(nilo_bus_channel_has_echo(self->channel));
    self->address = 9;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ECHO);
}

static void
test_damaged_echo_of_a_known_adapter(Fixture *self, gconstpointer data)
{
    static const guint8 damaged[] = {'R', 9, 'R' + 9, 0x17};

    self->wire->echo = TRUE;
    for (guint i = 0; i < 5; i++)
        exchange(self);
    self->wire->echo = FALSE;
    self->address = 9;
    nilo_fake_wire_say(self->wire, get_now_us(self) + 25000, damaged, sizeof damaged);
    exchange_with(self, NILO_REQUEST_ONCE);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ECHO);
}

static void
test_noise_before_the_answer(Fixture *self, gconstpointer data)
{
    /* 68 looks like a frame, then claims a wrong length */
    static const guint8 noise[] = {0xff, 0x68, 0x00, 0x99};
    NiloBusChannelCounts counts;

    nilo_fake_wire_say(self->wire, get_now_us(self) + 34000, noise, sizeof noise);
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
    g_assert_cmpuint(self->answer.attempts, ==, 1);
    nilo_bus_channel_get_counts(self->channel, &counts);
    g_assert_cmpuint(counts.junk, ==, 4);
}

/* a start of a frame that never goes on must not swallow the frame behind it */
static void
test_false_start_just_before_the_answer(Fixture *self, gconstpointer data)
{
    static const guint8 noise[] = {0x68, 0x01, 15};

    nilo_fake_wire_say(self->wire, get_now_us(self) + 42000, noise, sizeof noise);
    exchange_with(self, NILO_REQUEST_ONCE);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
}

static void
test_noise_only(Fixture *self, gconstpointer data)
{
    static const guint8 noise[] = {0xfe, 0xfd};

    self->address = 9;
    nilo_fake_wire_say(self->wire, get_now_us(self) + 60000, noise, sizeof noise);
    exchange_with(self, NILO_REQUEST_ONCE);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_NOISE);
}

static void
test_broken_characters(gconstpointer data, guint flags, NiloVerdict expected)
{
    Fixture self = {0};
    static const guint8 noise[] = {0x68};

    set_up(&self, NULL);
    self.address = 9;
    self.wire->flip_ppm = 1000000;
    self.wire->sees_parity = TRUE;
    nilo_fake_wire_say(self.wire, get_now_us(&self) + 60000, noise, sizeof noise);
    exchange_with(&self, flags | NILO_REQUEST_ONCE);
    g_assert_cmpint(self.verdict, ==, expected);
    g_assert_cmpuint(self.answer.broken, ==, 1);
    tear_down(&self, NULL);
}

static void
test_broken_after_wildcard_is_collision(void)
{
    test_broken_characters(NULL, NILO_REQUEST_WILDCARD, NILO_VERDICT_COLLISION);
}

static void
test_broken_is_noise(void)
{
    test_broken_characters(NULL, 0, NILO_VERDICT_NOISE);
}

/* every bit may flip: the line saw it, so the frame does not count, whatever its sum says */
static void
test_parity_error_inside_a_frame(Fixture *self, gconstpointer data)
{
    exchange(self);
    self->wire->sees_parity = TRUE;
    self->wire->flip_ppm = 30000;
    for (guint i = 0; i < 300; i++) {
        exchange(self);
        if (self->verdict == NILO_VERDICT_ANSWER)
            g_assert_cmphex(self->answer.frame[3], ==, 0x00);
    }
}

static void
test_damaged_answer(Fixture *self, gconstpointer data)
{
    guint8 bad[NILO_FAKE_ANSWER_SIZE] = {0x68, 9, 15};

    bad[19] = 0x16;
    self->address = 9;
    nilo_fake_wire_say(self->wire, get_now_us(self) + 60000, bad, sizeof bad);
    exchange_with(self, NILO_REQUEST_ONCE);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_BAD_CHECKSUM);
}

static void
test_late_answer_of_another_is_dropped(Fixture *self, gconstpointer data)
{
    NiloFakeMeter *slow = nilo_fake_wire_add(self->wire, 2);
    NiloAnswerTime slow_time = {0};

    slow->answer_us = 420000;
    self->address = 2;
    nilo_bus_channel_begin(self->channel, 1, 0, &slow_time);
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_SILENT);
    nilo_fake_wire_find(self->wire, 1)->answer_us = 150000;
    self->address = 1;
    nilo_bus_channel_begin(self->channel, 1, 0, &self->time);
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
    g_assert_cmpuint(slow_time.late_us, >, 384000);
    g_assert_cmpuint(slow_time.n, ==, 0);
}

static void
test_exchanged_meter(Fixture *self, gconstpointer data)
{
    nilo_fake_wire_find(self->wire, 1)->number = 77;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_WRONG_METER);
    g_assert_cmpuint(self->answer.attempts, ==, 2);
}

static void
test_busy_is_not_repeated(Fixture *self, gconstpointer data)
{
    nilo_fake_wire_find(self->wire, 1)->busy = 1;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_BUSY);
    g_assert_cmpuint(self->answer.attempts, ==, 1);
}

static void
test_babble_ends(Fixture *self, gconstpointer data)
{
    const gint64 begin_us = get_now_us(self);

    self->wire->babble = TRUE;
    exchange_with(self, NILO_REQUEST_ONCE);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_NOISE);
    g_assert_true(nilo_bus_channel_is_babbling(self->channel));
    g_assert_cmpint(get_now_us(self) - begin_us, <, 5 * G_USEC_PER_SEC);
}

static void
test_idle_after_an_error(Fixture *self, gconstpointer data)
{
    guint8 bad[NILO_FAKE_ANSWER_SIZE] = {0x68, 9, 15};
    gint64 end_us;

    self->address = 9;
    nilo_fake_wire_say(self->wire, get_now_us(self) + 60000, bad, sizeof bad);
    exchange_with(self, NILO_REQUEST_ONCE);
    end_us = get_now_us(self);
    nilo_fake_wire_say(self->wire, end_us, bad, 1);
    self->address = 1;
    exchange(self);
    g_assert_cmpint(self->verdict, ==, NILO_VERDICT_ANSWER);
    /* 33 bit times behind the stray byte, 4 + 20 characters, 30 ms */
    g_assert_cmpint(get_now_us(self) - end_us, >=, 13750 + 24 * 4583 + 30000);
}

static void
test_pause(Fixture *self, gconstpointer data)
{
    const gint64 begin_us = get_now_us(self);

    g_assert_true(nilo_channel_pause(NILO_CHANNEL(self->channel), 500, NULL, NULL));
    exchange(self);
    g_assert_cmpint(get_now_us(self) - begin_us, >=, 500000 + 24 * 4583 + 30000);
}

static void
test_line_lost(Fixture *self, gconstpointer data)
{
    guint8 bytes[NILO_FAKE_REQUEST_SIZE] = {0};
    const NiloRequest request = {.bytes = bytes,
                                 .size = sizeof bytes,
                                 .frame = nilo_fake_frame,
                                 .user_data = &self->address};
    g_autoptr(GError) error = NULL;

    self->wire->lost = TRUE;
    g_assert_false(nilo_channel_exchange(NILO_CHANNEL(self->channel), &request, &self->verdict,
                                         &self->answer, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST);
    g_clear_error(&error);
    nilo_bus_channel_set_line(self->channel, NULL);
    g_assert_false(nilo_channel_exchange(NILO_CHANNEL(self->channel), &request, &self->verdict,
                                         &self->answer, NULL, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST);
}

static void
test_evidence(Fixture *self, gconstpointer data)
{
    g_autoptr(GBytes) evidence = NULL;
    g_autofree char *text = NULL;

    exchange(self);
    evidence = nilo_bus_channel_dup_evidence(self->channel);
    text = g_strndup(g_bytes_get_data(evidence, NULL), g_bytes_get_size(evidence));
    g_assert_true(g_str_has_prefix(text, "> 52015316\n< 68010f"));
    g_assert_true(g_str_has_suffix(text, "16\n"));
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/channel/good-answer-costs-the-wire-only/2400", Fixture, GUINT_TO_POINTER(2400),
               set_up, test_good_answer_costs_the_wire_only, tear_down);
    g_test_add("/channel/good-answer-costs-the-wire-only/9600", Fixture, GUINT_TO_POINTER(9600),
               set_up, test_good_answer_costs_the_wire_only, tear_down);
    ADD("/channel/answer-time-is-measured", test_answer_time_is_measured);
    ADD("/channel/silence", test_silence);
    ADD("/channel/silence-of-a-known-meter-is-cheaper", test_silence_of_a_known_meter_is_cheaper);
    ADD("/channel/once", test_once);
    ADD("/channel/broadcast", test_broadcast);
    ADD("/channel/lost-request-is-repeated", test_lost_request_is_repeated);
    ADD("/channel/slow-answer-within-the-extra", test_slow_answer_within_the_extra);
    ADD("/channel/meter-becomes-slow", test_meter_becomes_slow);
    ADD("/channel/echo-is-removed", test_echo_is_removed);
    ADD("/channel/damaged-echo-of-a-known-adapter", test_damaged_echo_of_a_known_adapter);
    ADD("/channel/noise-before-the-answer", test_noise_before_the_answer);
    ADD("/channel/false-start-just-before-the-answer", test_false_start_just_before_the_answer);
    ADD("/channel/noise-only", test_noise_only);
    g_test_add_func("/channel/broken-is-noise", test_broken_is_noise);
    g_test_add_func("/channel/broken-after-wildcard-is-collision",
                    test_broken_after_wildcard_is_collision);
    ADD("/channel/parity-error-inside-a-frame", test_parity_error_inside_a_frame);
    ADD("/channel/damaged-answer", test_damaged_answer);
    ADD("/channel/late-answer-of-another-is-dropped", test_late_answer_of_another_is_dropped);
    ADD("/channel/exchanged-meter", test_exchanged_meter);
    ADD("/channel/busy-is-not-repeated", test_busy_is_not_repeated);
    ADD("/channel/babble-ends", test_babble_ends);
    ADD("/channel/idle-after-an-error", test_idle_after_an_error);
    ADD("/channel/pause", test_pause);
    ADD("/channel/line-lost", test_line_lost);
    ADD("/channel/evidence", test_evidence);
    return g_test_run();
}
