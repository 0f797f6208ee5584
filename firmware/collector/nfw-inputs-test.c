/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-host.h"
#include "nfw-inputs.h"
#include "nfw-pulse-vectors.h"
#include "nfw-random.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

#define COVER_ON         (1u << NFW_PIN_COVER)
#define COUNTER_AT_FIRST 1000u

/* --- a rig: inputs, and changes that wait for them ------------------------------------------ */

struct rig {
    struct nfw_config config;
    struct nfw_inputs inputs;
    nfw_ms now;
    nfw_ms due; /* as the inputs said; while is_due_known */
    bool is_due_known;
    uint16_t closed;
};

static void
rig_init(struct rig *rig, nfw_ms now, uint16_t closed)
{
    memset(rig, 0, sizeof *rig);
    rig->now = now;
    rig->closed = closed;
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        rig->config.channel[i] = (struct nfw_channel_config){
            .source = NFW_SOURCE_PULSE,
            .pin = (uint8_t)i,
            .pin_second = NFW_PIN_NONE,
            .pin_loop = NFW_PIN_NONE,
            .min_closed_ms = NFW_VECTOR_MIN_MS,
            .min_open_ms = NFW_VECTOR_MIN_MS,
        };
    }
}

static void
rig_start(struct rig *rig)
{
    nfw_inputs_start(&rig->inputs, &rig->config, rig->closed, rig->now);
    rig->due = rig->now;
    rig->is_due_known = true;
}

static void
rig_step(struct rig *rig)
{
    const uint32_t wait = nfw_inputs_step(&rig->inputs, &rig->config, rig->now);

    CHECK(wait > 0);
    rig->is_due_known = wait != UINT32_MAX;
    rig->due = rig->now + wait;
}

/* As the main loop does it: asleep until something may fall due. */
static void
rig_pass(struct rig *rig, uint32_t ms)
{
    const nfw_ms end = rig->now + ms;

    while (rig->is_due_known && !nfw_ms_is_reached(rig->due, end + 1u)) {
        rig->now = rig->due;
        rig_step(rig);
    }
    rig->now = end;
}

static void
rig_feed(struct rig *rig, uint16_t closed)
{
    rig->closed = closed;
    nfw_inputs_feed(&rig->inputs, &rig->config,
                    &(struct nfw_pins){.time = rig->now, .closed = closed});
}

static void
rig_set(struct rig *rig, uint16_t closed)
{
    rig_feed(rig, closed);
    rig_step(rig);
}

static void
rig_set_pin(struct rig *rig, unsigned pin, bool is_closed)
{
    rig_set(rig, (uint16_t)(is_closed ? rig->closed | 1u << pin : rig->closed & ~(1u << pin)));
}

/* --- the vectors ---------------------------------------------------------------------------- */

struct vector_way {
    const char *name;
    bool is_late; /* nothing is looked at before all is over */
};

static const struct vector_way vector_ways[] = {
    {"in-time", false},
    {"late", true},
};

struct vector_test {
    const struct nfw_pulse_vector *vector;
    const struct vector_way *way;
};

static void
play(struct rig *rig, const struct nfw_pulse_vector *vector, bool is_late)
{
    struct nfw_vector_player player = {.vector = vector};
    const nfw_ms start = rig->now;
    uint32_t at = 0;
    bool is_closed = false;

    while (nfw_vector_next(&player, &at, &is_closed)) {
        if (is_late)
            rig->now = start + at;
        else
            rig_pass(rig, start + at - rig->now);
        rig_feed(rig, (uint16_t)(is_closed ? COVER_ON | vector->pins : COVER_ON));
        if (!is_late)
            rig_step(rig);
    }
    if (is_late)
        rig->now = start + at + NFW_VECTOR_REST_MS;
    else
        rig_pass(rig, start + at + NFW_VECTOR_REST_MS - rig->now);
    rig_step(rig);
}

static void
check_counts(const struct nfw_inputs *inputs, const struct nfw_pulse_vector *vector)
{
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        const bool is_moved = (vector->pins >> i & 1u) != 0;

        CHECK_INT(inputs->count[i], is_moved ? vector->count : 0);
        CHECK_INT(inputs->rejected[i], is_moved ? vector->rejected : 0);
    }
}

static void
test_vector(const void *data)
{
    const struct vector_test *test = data;
    const struct nfw_pulse_vector *vector = test->vector;
    struct rig rig;

    rig_init(&rig, vector->start_ms != 0 ? vector->start_ms : COUNTER_AT_FIRST,
             (uint16_t)(COVER_ON | (vector->is_closed_at_start ? vector->pins : 0)));
    rig_start(&rig);
    if (test->way->is_late)
        rig.now += NFW_VECTOR_LEAD_MS;
    else
        rig_pass(&rig, NFW_VECTOR_LEAD_MS);
    play(&rig, vector, test->way->is_late);
    check_counts(&rig.inputs, vector);
}

/* The same through the queue of a board, by a main loop that is held up for @held_ms each time, as
 * by an EEPROM that writes. */
static void
run_board(struct nfw_host *host, struct rig *rig, uint64_t end_us, uint32_t held_ms)
{
    while (host->now_us < end_us) {
        const nfw_ms now = nfw_port_now_ms();
        struct nfw_pins pins;
        uint32_t wait;

        while (nfw_port_pins_take(&pins))
            nfw_inputs_feed(&rig->inputs, &rig->config, &pins);
        wait = nfw_inputs_step(&rig->inputs, &rig->config, now);
        nfw_host_advance_to(host, host->now_us + held_ms * 1000u);
        nfw_port_sleep_until(now + (wait < 1000u ? wait : 1000u));
    }
}

static void
test_vector_on_board(const void *data)
{
    const struct nfw_pulse_vector *vector = data;
    struct nfw_vector_player player = {.vector = vector};
    struct nfw_host host;
    struct rig rig;
    uint64_t start_us;
    uint32_t at = 0;
    bool is_closed = false;

    nfw_host_init(&host);
    if (vector->start_ms != 0)
        host.now_us = vector->start_ms * UINT64_C(1000);
    host.closed = (uint16_t)(COVER_ON | (vector->is_closed_at_start ? vector->pins : 0));
    rig_init(&rig, nfw_port_now_ms(), nfw_port_pins_read());
    rig_start(&rig);
    start_us = host.now_us + NFW_VECTOR_LEAD_MS * 1000u;
    while (nfw_vector_next(&player, &at, &is_closed))
        nfw_host_plan_pins(&host, start_us + at * UINT64_C(1000),
                           (uint16_t)(COVER_ON | (is_closed ? vector->pins : 0)));
    run_board(&host, &rig, start_us + (at + NFW_VECTOR_REST_MS) * UINT64_C(1000), 13);
    check_counts(&rig.inputs, vector);
    CHECK_INT(nfw_port_pins_take_lost(), 0);
    nfw_host_clear(&host);
}

static void
run_vectors(void)
{
    char path[128];

    for (unsigned i = 0; i < NFW_PULSE_VECTORS; i++) {
        const struct nfw_pulse_vector *vector = &nfw_pulse_vectors[i];

        for (unsigned way = 0; way < sizeof vector_ways / sizeof vector_ways[0]; way++) {
            const struct vector_test test = {vector, &vector_ways[way]};

            snprintf(path, sizeof path, "/inputs/vector/%s/%s", vector->name, test.way->name);
            nilo_test_run(path, test_vector, &test);
        }
        if (strstr(vector->name, "hour") == NULL) {
            snprintf(path, sizeof path, "/inputs/vector/%s/on-board", vector->name);
            nilo_test_run(path, test_vector_on_board, vector);
        }
    }
}

/* --- any edges ------------------------------------------------------------------------------ */

#define RANDOM_MS 6000u
#define SEEDS     400u

/* Short ones, long ones, and those that are just long enough or just not. */
static uint32_t
next_length(uint32_t *random, uint32_t min)
{
    switch (nfw_random(random) % 4u) {
    case 0:
        return 1u + nfw_random(random) % 3u;
    case 1:
        return min > 2u ? min - 2u + nfw_random(random) % 5u : 1u + nfw_random(random) % 3u;
    case 2:
        return 1u + nfw_random(random) % (2u * min);
    default:
        return min + nfw_random(random) % (4u * min);
    }
}

/* One contact's level in each millisecond. */
static void
draw_levels(bool level[RANDOM_MS], const struct nfw_channel_config *config, uint32_t *random)
{
    bool is_closed = nfw_random(random) % 2u != 0;

    for (uint32_t at = 0; at < RANDOM_MS;) {
        uint32_t length =
            next_length(random, is_closed ? config->min_closed_ms : config->min_open_ms);

        while (length-- > 0 && at < RANDOM_MS)
            level[at++] = is_closed;
        is_closed = !is_closed;
    }
}

struct expected {
    int32_t count;
    uint16_t rejected;
};

/* What the rule says, a millisecond at a time: a run that is long enough is a level; closed and
 * then open, after an open one, is a count. */
static struct expected
judge_levels(const bool level[RANDOM_MS], uint32_t until, const struct nfw_channel_config *config)
{
    enum {
        NOTHING_YET,
        OPEN,
        OPEN_AND_TRIED,
        CLOSED,
    } seen = NOTHING_YET;
    struct expected expected = {0};
    uint32_t run = 0;

    for (uint32_t at = 0; at < until; at++) {
        const bool is_new = at > 0 && level[at] != level[at - 1u];

        if (is_new && !level[at] && seen == OPEN)
            seen = OPEN_AND_TRIED;
        run = is_new ? 1u : run + 1u;
        if (level[at] && run >= config->min_closed_ms && seen != NOTHING_YET)
            seen = CLOSED;
        if (!level[at] && run >= config->min_open_ms) {
            if (seen == CLOSED)
                expected.count++;
            if (seen == OPEN_AND_TRIED)
                expected.rejected++;
            seen = OPEN;
        }
    }
    return expected;
}

static uint16_t
gather_pins(bool levels[NFW_CHANNELS][RANDOM_MS], uint32_t at)
{
    uint16_t closed = COVER_ON;

    for (unsigned i = 0; i < NFW_CHANNELS; i++)
        closed |= (uint16_t)(levels[i][at] ? 1u << i : 0u);
    return closed;
}

static void
check_levels(const struct rig *rig, bool levels[NFW_CHANNELS][RANDOM_MS], uint32_t until)
{
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        const struct expected expected = judge_levels(levels[i], until, &rig->config.channel[i]);

        CHECK_INT(rig->inputs.count[i], expected.count);
        CHECK_INT(rig->inputs.rejected[i], expected.rejected);
    }
}

/* The main loop comes by whenever it likes, and whenever it was told to. */
static void
test_random(const void *data)
{
    static bool levels[NFW_CHANNELS][RANDOM_MS];
    static struct nfw_pins waiting[RANDOM_MS];
    const uint32_t seed = *(const uint32_t *)data;
    uint32_t random = seed * 2654435761u + 1u;
    const nfw_ms start = nfw_random(&random) % 2u != 0 ? 0u - RANDOM_MS / 2u : 5u;
    const uint32_t held_up = 1u + nfw_random(&random) % 200u;
    unsigned n_waiting = 0;
    struct rig rig;

    rig_init(&rig, start, 0);
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        rig.config.channel[i].min_closed_ms = (uint16_t)(1u + nfw_random(&random) % 40u);
        rig.config.channel[i].min_open_ms = (uint16_t)(1u + nfw_random(&random) % 40u);
        draw_levels(levels[i], &rig.config.channel[i], &random);
    }
    rig.closed = gather_pins(levels, 0);
    rig_start(&rig);
    for (uint32_t at = 0; at < RANDOM_MS; at++) {
        const uint16_t closed = gather_pins(levels, at);

        rig.now = start + at;
        if (closed != rig.closed)
            waiting[n_waiting++] = (struct nfw_pins){.time = rig.now, .closed = closed};
        rig.closed = closed;
        if (nfw_random(&random) % held_up != 0)
            continue;
        for (unsigned i = 0; i < n_waiting; i++)
            nfw_inputs_feed(&rig.inputs, &rig.config, &waiting[i]);
        n_waiting = 0;
        rig_step(&rig);
        /* a level that began at 0 has lasted for @at milliseconds now: the one that begins has not
         */
        if (held_up > 100u)
            check_levels(&rig, levels, at);
    }
    for (unsigned i = 0; i < n_waiting; i++)
        nfw_inputs_feed(&rig.inputs, &rig.config, &waiting[i]);
    rig.now = start + RANDOM_MS;
    rig_step(&rig);
    check_levels(&rig, levels, RANDOM_MS);
    if (nilo_test_current_failed)
        printf("# seed %" PRIu32 "\n", seed);
}

static void
test_random_all(const void *data)
{
    for (uint32_t seed = 1; seed <= SEEDS && !nilo_test_current_failed; seed++)
        test_random(&seed);
}

/* What the main loop is told to sleep for is never too long: one that looks each millisecond sees
 * nothing earlier. */
static void
test_wait(const void *data)
{
    struct rig eager, sleeper;
    uint32_t random = 99;

    rig_init(&eager, 0u - 10000u, COVER_ON);
    eager.config.channel[0].source = NFW_SOURCE_DUAL;
    eager.config.channel[0].pin_second = 8;
    eager.config.channel[1].pin_loop = 9;
    eager.config.channel[2].min_closed_ms = 33;
    rig_start(&eager);
    sleeper = eager;
    for (uint32_t at = 0; at < 60000u; at++) {
        eager.now++;
        if (nfw_random(&random) % 30u == 0) {
            /* mostly short ones, but long enough for a magnet at times */
            const unsigned quiet = nfw_random(&random) % 50u == 0 ? 4000u : 0;

            rig_set_pin(&eager, nfw_random(&random) % NFW_PINS, nfw_random(&random) % 2u != 0);
            sleeper.now = eager.now;
            rig_set(&sleeper, eager.closed);
            for (unsigned i = 0; i < quiet; i++) {
                eager.now++;
                rig_step(&eager);
                rig_pass(&sleeper, 1);
                CHECK(memcmp(&eager.inputs, &sleeper.inputs, sizeof eager.inputs) == 0);
            }
            continue;
        }
        rig_step(&eager);
        rig_pass(&sleeper, 1);
        CHECK(memcmp(&eager.inputs, &sleeper.inputs, sizeof eager.inputs) == 0);
        if (nilo_test_current_failed)
            return;
    }
}

/* --- two reeds ------------------------------------------------------------------------------ */

#define SECOND 8u

static void
rig_init_dual(struct rig *rig)
{
    rig_init(rig, COUNTER_AT_FIRST, COVER_ON);
    rig->config.channel[0].source = NFW_SOURCE_DUAL;
    rig->config.channel[0].pin_second = SECOND;
}

static uint16_t
get_state_pins(char state)
{
    const unsigned bits = (unsigned)(state - '0');

    return (uint16_t)(COVER_ON | (bits & 1u) | (bits & 2u) >> 1 << SECOND);
}

static void
test_dual_vector(const void *data)
{
    const struct nfw_dual_vector *vector = data;

    for (unsigned late = 0; late < 2u; late++) {
        struct rig rig;

        rig_init_dual(&rig);
        rig_start(&rig);
        rig_pass(&rig, NFW_VECTOR_LEAD_MS);
        for (unsigned turn = 0; turn < vector->times; turn++) {
            for (const char *state = vector->states; *state != '\0'; state++) {
                rig_feed(&rig, get_state_pins(*state));
                if (late == 0) {
                    rig_step(&rig);
                    rig_pass(&rig, vector->step_ms);
                } else {
                    rig.now += vector->step_ms;
                }
            }
        }
        rig_step(&rig);
        CHECK_INT(rig.inputs.count[0], vector->count);
        CHECK_INT(rig.inputs.rejected[0], vector->rejected);
    }
}

/* A wheel that turns either way, with bounces at each edge; a count for each full turn, seen from
 * where both reeds are open. */
static void
test_dual_random(const void *data)
{
    static const char states[] = "0132"; /* by position; bits are the reeds */
    uint32_t random = 4711;
    int32_t position = 0, rest = 0, expected = 0;
    struct rig rig;

    rig_init_dual(&rig);
    rig.config.channel[0].min_closed_ms = 7;
    rig_start(&rig);
    rig_pass(&rig, NFW_VECTOR_LEAD_MS);
    for (unsigned i = 0; i < 50000u; i++) {
        const char before = "0132"[position & 3];
        const unsigned bias = i / 10000u % 2u;

        position += nfw_random(&random) % 3u > bias ? 1 : -1;
        for (unsigned n = nfw_random(&random) % 4u; n > 0; n--) {
            rig_feed(&rig, get_state_pins(states[position & 3]));
            rig.now += 1u + nfw_random(&random) % 3u;
            rig_feed(&rig, get_state_pins(before));
            rig.now += 1u + nfw_random(&random) % 3u;
        }
        rig_feed(&rig, get_state_pins(states[position & 3]));
        if (nfw_random(&random) % 2u != 0)
            rig_step(&rig);
        rig_pass(&rig, NFW_VECTOR_MIN_MS + nfw_random(&random) % 20u);
        if (position % 4 == 0 && position != rest) {
            expected += (position - rest) / 4;
            rest = position;
        }
        rig_step(&rig);
        CHECK_INT(rig.inputs.count[0], expected);
        if (nilo_test_current_failed)
            return;
    }
    CHECK(expected > 100);
}

/* The reeds' edges may be close to each other, as long as each reed's own levels are long. */
static void
test_dual_quick_states(const void *data)
{
    static const uint32_t lengths[] = {3, 27, 3, 27};

    for (unsigned way = 0; way < 4u; way++) {
        const char *states = way % 2u == 0 ? "1320" : "2310";
        struct rig rig;

        rig_init_dual(&rig);
        rig_start(&rig);
        rig_pass(&rig, 100);
        for (unsigned i = 0; i < 40u; i++) {
            rig_feed(&rig, get_state_pins(states[i % 4u]));
            if (way < 2u) {
                rig_step(&rig);
                rig_pass(&rig, lengths[i % 4u]);
            } else {
                rig.now += lengths[i % 4u];
            }
        }
        rig_step(&rig);
        CHECK_INT(rig.inputs.count[0], way % 2u == 0 ? 10 : -10);
        CHECK_INT(rig.inputs.rejected[0], 0);
    }
}

/* Both fall due between two looks. */
static void
test_dual_looked_at_late(const void *data)
{
    struct rig rig;

    rig_init_dual(&rig);
    rig_start(&rig);
    rig_pass(&rig, 100);
    for (const char *state = "1320"; *state != '\0'; state++) {
        rig_feed(&rig, get_state_pins(*state));
        rig.now += *state == '1' || *state == '2' ? 3u : 100u;
        if (*state == '3' || *state == '0')
            rig_step(&rig);
    }
    CHECK_INT(rig.inputs.count[0], 1);
    CHECK_INT(rig.inputs.rejected[0], 0);
}

static void
test_dual_longer_limit(const void *data)
{
    struct rig rig;

    rig_init_dual(&rig);
    rig.config.channel[0].min_open_ms = 30;
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_set_pin(&rig, 0, true);
    rig_pass(&rig, 29);
    rig_set_pin(&rig, 0, false);
    rig_pass(&rig, 100);
    CHECK_INT(rig.inputs.rejected[0], 1);
}

static void
test_dual_starts_anywhere(const void *data)
{
    static const char *const ways[] = {"1320", "3201", "20", "2310", "10", "310", "320"};

    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct rig rig;

        rig_init_dual(&rig);
        rig.closed = get_state_pins(ways[i][0]);
        rig_start(&rig);
        for (const char *state = ways[i]; *state != '\0'; state++) {
            rig_set(&rig, get_state_pins(*state));
            rig_pass(&rig, 50);
        }
        CHECK_INT(rig.inputs.count[0], 0);
        CHECK_INT(rig.inputs.rejected[0], 0);
        if (ways[i][strlen(ways[i]) - 1u] != '0')
            continue;
        for (const char *state = "1320"; *state != '\0'; state++) {
            rig_set(&rig, get_state_pins(*state));
            rig_pass(&rig, 50);
        }
        CHECK_INT(rig.inputs.count[0], 1);
    }
}

static void
test_dual_spikes(const void *data)
{
    struct rig rig;

    rig_init_dual(&rig);
    rig_start(&rig);
    rig_pass(&rig, 100);
    for (unsigned i = 0; i < 10; i++) {
        rig_set_pin(&rig, i % 2u == 0 ? 0 : SECOND, true);
        rig_pass(&rig, NFW_VECTOR_MIN_MS - 1u);
        rig_set_pin(&rig, i % 2u == 0 ? 0 : SECOND, false);
        rig_pass(&rig, 50);
    }
    CHECK_INT(rig.inputs.count[0], 0);
    CHECK_INT(rig.inputs.rejected[0], 10);
}

/* --- tampering ------------------------------------------------------------------------------ */

static void
test_magnet(const void *data)
{
    struct rig rig;

    rig_init_dual(&rig);
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_set(&rig, get_state_pins('1'));
    rig_pass(&rig, 5000); /* one reed alone may be closed for as long as it likes */
    rig_set(&rig, get_state_pins('3'));
    rig_pass(&rig, NFW_MAGNET_MS - 1u);
    CHECK_INT(rig.inputs.tamper[0], 0);
    rig_pass(&rig, 1);
    CHECK_INT(rig.inputs.tamper[0], NFW_TAMPER_MAGNET);
    /* a bounce does not end it */
    rig_set(&rig, get_state_pins('1'));
    rig_pass(&rig, 3);
    CHECK_INT(rig.inputs.tamper[0], NFW_TAMPER_MAGNET);
    rig_set(&rig, get_state_pins('3'));
    rig_pass(&rig, 60000);
    CHECK_INT(rig.inputs.tamper[0], NFW_TAMPER_MAGNET);
    rig_set(&rig, get_state_pins('1'));
    rig_pass(&rig, 100);
    CHECK_INT(rig.inputs.tamper[0], 0);
    rig_set(&rig, get_state_pins('0'));
    rig_pass(&rig, 100);
    CHECK_INT(rig.inputs.count[0], 0);
}

/* It stays one for longer than the counter's half: no comparison of times may turn around. */
static void
test_magnet_for_months(const void *data)
{
    struct rig rig;

    rig_init_dual(&rig);
    rig.closed = get_state_pins('3');
    rig_start(&rig);
    rig_pass(&rig, NFW_MAGNET_MS);
    for (unsigned day = 0; day < 80; day++) {
        rig.now += 86400000u;
        rig_step(&rig);
        CHECK_INT(rig.inputs.tamper[0], NFW_TAMPER_MAGNET);
        CHECK(!rig.is_due_known);
    }
}

static void
test_loop(const void *data)
{
    const uint16_t whole = COVER_ON | 1u << 12;
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, whole);
    rig.config.channel[2].pin_loop = 12; /* one cable for two meters */
    rig.config.channel[5].pin_loop = 12;
    rig_start(&rig);
    rig_pass(&rig, 10000);
    CHECK_INT(rig.inputs.tamper[2], 0);
    rig_set(&rig, COVER_ON);
    rig_pass(&rig, NFW_LOOP_MS - 1u);
    rig_set(&rig, whole); /* a bad contact */
    rig_pass(&rig, 10);
    rig_set(&rig, COVER_ON);
    rig_pass(&rig, NFW_LOOP_MS - 1u);
    CHECK_INT(rig.inputs.tamper[2], 0);
    rig_pass(&rig, 1);
    for (unsigned i = 0; i < NFW_CHANNELS; i++)
        CHECK_INT(rig.inputs.tamper[i], i == 2 || i == 5 ? NFW_TAMPER_WIRE : 0);
    rig_set(&rig, whole);
    rig_pass(&rig, NFW_LOOP_MS);
    CHECK_INT(rig.inputs.tamper[2], 0);
    CHECK_INT(rig.inputs.tamper[5], 0);
    CHECK_INT(rig.inputs.tamper[NFW_CHANNEL_SELF], 0);
}

/* A cut wire that was cut while we were off is told too. */
static void
test_loop_cut_at_start(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig.config.channel[2].pin_loop = 12;
    rig_start(&rig);
    rig_pass(&rig, NFW_LOOP_MS);
    CHECK_INT(rig.inputs.tamper[2], NFW_TAMPER_WIRE);
    rig.config.channel[2].pin_loop = NFW_PIN_NONE;
    rig_step(&rig);
    CHECK_INT(rig.inputs.tamper[2], 0);
}

static void
test_cover(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig_start(&rig);
    rig_pass(&rig, 5000);
    CHECK_INT(rig.inputs.tamper[NFW_CHANNEL_SELF], 0);
    rig_set(&rig, 0);
    rig_pass(&rig, NFW_COVER_MS - 1u);
    CHECK_INT(rig.inputs.tamper[NFW_CHANNEL_SELF], 0);
    rig_pass(&rig, 1);
    CHECK_INT(rig.inputs.tamper[NFW_CHANNEL_SELF], NFW_TAMPER_COVER);
    rig_set(&rig, COVER_ON);
    rig_pass(&rig, NFW_COVER_MS);
    CHECK_INT(rig.inputs.tamper[NFW_CHANNEL_SELF], 0);
}

/* --- the rest ------------------------------------------------------------------------------- */

static void
feed_after_loss(struct rig *rig, uint16_t closed)
{
    rig->closed = closed;
    nfw_inputs_feed(&rig->inputs, &rig->config,
                    &(struct nfw_pins){.time = rig->now, .closed = closed, .is_after_loss = true});
    rig_step(rig);
}

/* Closed before the gap and closed after it is not closed all the time. */
static void
test_lost_while_closing(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_set(&rig, COVER_ON | 1u);
    rig.now += NFW_VECTOR_MIN_MS - 1u;
    feed_after_loss(&rig, COVER_ON | 1u);
    rig_pass(&rig, NFW_VECTOR_MIN_MS - 1u);
    rig_set(&rig, COVER_ON);
    rig_pass(&rig, 100);
    CHECK_INT(rig.inputs.count[0], 0);
    CHECK_INT(rig.inputs.rejected[0], 1);
}

/* A closure that was proven before the gap, and an opening that is proven after it, are a pulse. */
static void
test_lost_while_closed(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_set(&rig, COVER_ON | 1u);
    rig_pass(&rig, 50);
    nfw_inputs_resync(&rig.inputs, COVER_ON, rig.now);
    rig_step(&rig);
    rig_pass(&rig, NFW_VECTOR_MIN_MS - 1u);
    CHECK_INT(rig.inputs.count[0], 0);
    rig_pass(&rig, 1);
    CHECK_INT(rig.inputs.count[0], 1);
    rig_pass(&rig, 1000);
    CHECK_INT(rig.inputs.count[0], 1);
}

/* The level after the gap is the one that counts, also when no change tells it. */
static void
test_lost_opening(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_feed(&rig, COVER_ON | 1u);
    rig.now += 1000u; /* it opened after 1 ms, and nobody saw it */
    nfw_inputs_resync(&rig.inputs, COVER_ON, rig.now);
    rig_step(&rig);
    rig_pass(&rig, 1000);
    CHECK_INT(rig.inputs.count[0], 0);
}

/* Three quarters back, lost; the last one forth is no turn. */
static void
test_lost_direction(const void *data)
{
    struct rig rig;

    rig_init_dual(&rig);
    rig_start(&rig);
    rig_pass(&rig, 100);
    feed_after_loss(&rig, get_state_pins('1'));
    rig_pass(&rig, 50);
    for (const char *state = "320"; *state != '\0'; state++) {
        rig_set(&rig, get_state_pins(*state));
        rig_pass(&rig, 50);
    }
    CHECK_INT(rig.inputs.count[0], 0);
    CHECK_INT(rig.inputs.rejected[0], 0);
    feed_after_loss(&rig, get_state_pins('0'));
    rig_pass(&rig, 50);
    for (const char *state = "1320"; *state != '\0'; state++) {
        rig_set(&rig, get_state_pins(*state));
        rig_pass(&rig, 50);
    }
    CHECK_INT(rig.inputs.count[0], 1);
}

/* A storm that fills the queue of a board, over and over: pulses are lost, none is made up. */
static void
test_storm(const void *data)
{
    struct nfw_host host;
    struct rig rig;
    uint64_t at_us;
    unsigned losses = 0;

    nfw_host_init(&host);
    rig_init(&rig, nfw_port_now_ms(), nfw_port_pins_read());
    rig_start(&rig);
    at_us = 100000;
    for (unsigned i = 0; i < 2000u; i++) {
        nfw_host_plan_pin(&host, at_us, 0, i % 2u == 0);
        at_us += 1000u * (1u + i % 9u); /* never long enough */
    }
    nfw_host_advance_to(&host, 50000);
    while (host.now_us < at_us + 100000u) {
        const nfw_ms now = nfw_port_now_ms();
        struct nfw_pins pins;

        while (nfw_port_pins_take(&pins))
            nfw_inputs_feed(&rig.inputs, &rig.config, &pins);
        if (nfw_port_pins_take_lost() != 0) {
            losses++;
            nfw_inputs_resync(&rig.inputs, nfw_port_pins_read(), now);
        }
        nfw_inputs_step(&rig.inputs, &rig.config, now);
        nfw_host_advance_to(&host, host.now_us + 200000u);
    }
    CHECK(losses > 10);
    CHECK_INT(rig.inputs.count[0], 0);
    nfw_host_clear(&host);
}

static void
test_rejected_stops(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig.inputs.rejected[3] = UINT16_MAX - 1u;
    rig_start(&rig);
    rig_pass(&rig, 100);
    for (unsigned i = 0; i < 3; i++) {
        rig_set_pin(&rig, 3, true);
        rig_pass(&rig, 1);
        rig_set_pin(&rig, 3, false);
        rig_pass(&rig, 50);
    }
    CHECK_INT(rig.inputs.rejected[3], UINT16_MAX);
}

static void
rig_pulse(struct rig *rig, unsigned pin)
{
    rig_set_pin(rig, pin, true);
    rig_pass(rig, 50);
    rig_set_pin(rig, pin, false);
    rig_pass(rig, 50);
}

static void
test_start_keeps_counts(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig.inputs.count[0] = 4711;
    rig.inputs.rejected[0] = 12;
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_pulse(&rig, 0);
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_pulse(&rig, 0);
    CHECK_INT(rig.inputs.count[0], 4713);
    CHECK_INT(rig.inputs.rejected[0], 12);
}

/* Another channel's new pins are no reason to lose a pulse that has begun. */
static void
test_change(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_pulse(&rig, 1);
    rig_set(&rig, COVER_ON | 1u | 2u | 1u << 10);
    rig_pass(&rig, 50);
    rig.config.channel[1].pin = 10; /* closed: counts nothing by itself */
    rig.config.channel[2].min_closed_ms = 30;
    nfw_inputs_change(&rig.inputs, &rig.config, rig.now);
    rig_step(&rig);
    rig_pass(&rig, 50);
    rig_set(&rig, COVER_ON);
    rig_pass(&rig, 50);
    CHECK_INT(rig.inputs.count[0], 1);
    CHECK_INT(rig.inputs.count[1], 1);
    rig_pulse(&rig, 10);
    rig_pulse(&rig, 1);
    CHECK_INT(rig.inputs.count[1], 2);
}

/* A pin that was another meter's brings nothing of it along. */
static void
test_change_of_owner(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_set_pin(&rig, 3, true);
    rig_pass(&rig, 50);
    rig.config.channel[3].source = NFW_SOURCE_OFF;
    rig.config.channel[1].pin = 3;
    nfw_inputs_change(&rig.inputs, &rig.config, rig.now);
    rig_step(&rig);
    rig_pass(&rig, 50);
    rig_set_pin(&rig, 3, false);
    rig_pass(&rig, 50);
    CHECK_INT(rig.inputs.count[1], 0);
    rig_pulse(&rig, 3);
    CHECK_INT(rig.inputs.count[1], 1);
    CHECK_INT(rig.inputs.count[3], 0);
}

/* Pins that nobody used while half the counter's range went by. */
static void
test_change_after_a_month(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    rig_start(&rig);
    rig_pass(&rig, 1000);
    for (unsigned day = 0; day < 30; day++) {
        rig.now += 86400000u;
        rig_step(&rig);
    }
    rig.config.channel[0].source = NFW_SOURCE_DUAL;
    rig.config.channel[0].pin_second = SECOND;
    rig.config.channel[1].pin_loop = 12;
    nfw_inputs_change(&rig.inputs, &rig.config, rig.now);
    rig_step(&rig);
    rig_pass(&rig, NFW_LOOP_MS - 1u);
    CHECK_INT(rig.inputs.tamper[1], 0);
    rig_pass(&rig, 1);
    CHECK_INT(rig.inputs.tamper[1], NFW_TAMPER_WIRE);
    for (const char *state = "1320"; *state != '\0'; state++) {
        rig_set(&rig, get_state_pins(*state));
        rig_pass(&rig, 50);
    }
    CHECK_INT(rig.inputs.count[0], 1);
}

static void
test_counts_stop_at_their_ends(const void *data)
{
    struct rig rig;

    rig_init_dual(&rig);
    rig.inputs.count[1] = INT32_MAX;
    rig.inputs.count[0] = INT32_MIN;
    rig_start(&rig);
    rig_pass(&rig, 100);
    rig_pulse(&rig, 1);
    CHECK_INT(rig.inputs.count[1], INT32_MAX);
    for (const char *state = "2310"; *state != '\0'; state++) {
        rig_set(&rig, get_state_pins(*state));
        rig_pass(&rig, 50);
    }
    CHECK_INT(rig.inputs.count[0], INT32_MIN);
}

/* Settings that no validation has seen touch no memory but ours. */
static void
test_pins_out_of_range(const void *data)
{
    struct rig rig;

    rig_init(&rig, COUNTER_AT_FIRST, COVER_ON);
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        rig.config.channel[i].source = (uint8_t)i;
        rig.config.channel[i].pin = i % 2u == 0 ? NFW_PIN_NONE : (uint8_t)i;
        rig.config.channel[i].pin_loop = 77;
    }
    rig_start(&rig);
    nfw_inputs_change(&rig.inputs, &rig.config, rig.now);
    rig_pass(&rig, 100);
    for (unsigned i = 0; i < NFW_PINS; i++)
        rig_pulse(&rig, i);
    for (unsigned i = 0; i < NFW_CHANNELS; i++)
        CHECK_INT(rig.inputs.count[i], i == NFW_SOURCE_PULSE ? 1 : 0);
}

int
main(void)
{
    char path[128];

    run_vectors();
    nilo_test_run("/inputs/random", test_random_all, NULL);
    nilo_test_run("/inputs/wait", test_wait, NULL);
    for (unsigned i = 0; i < NFW_DUAL_VECTORS; i++) {
        snprintf(path, sizeof path, "/inputs/dual/%s", nfw_dual_vectors[i].name);
        nilo_test_run(path, test_dual_vector, &nfw_dual_vectors[i]);
    }
    nilo_test_run("/inputs/dual/random", test_dual_random, NULL);
    nilo_test_run("/inputs/dual/quick-states", test_dual_quick_states, NULL);
    nilo_test_run("/inputs/dual/looked-at-late", test_dual_looked_at_late, NULL);
    nilo_test_run("/inputs/dual/longer-limit", test_dual_longer_limit, NULL);
    nilo_test_run("/inputs/dual/starts-anywhere", test_dual_starts_anywhere, NULL);
    nilo_test_run("/inputs/dual/spikes", test_dual_spikes, NULL);
    nilo_test_run("/inputs/tamper/magnet", test_magnet, NULL);
    nilo_test_run("/inputs/tamper/magnet-for-months", test_magnet_for_months, NULL);
    nilo_test_run("/inputs/tamper/loop", test_loop, NULL);
    nilo_test_run("/inputs/tamper/loop-cut-at-start", test_loop_cut_at_start, NULL);
    nilo_test_run("/inputs/tamper/cover", test_cover, NULL);
    nilo_test_run("/inputs/lost/while-closing", test_lost_while_closing, NULL);
    nilo_test_run("/inputs/lost/while-closed", test_lost_while_closed, NULL);
    nilo_test_run("/inputs/lost/opening", test_lost_opening, NULL);
    nilo_test_run("/inputs/lost/direction", test_lost_direction, NULL);
    nilo_test_run("/inputs/lost/storm", test_storm, NULL);
    nilo_test_run("/inputs/rejected-stops", test_rejected_stops, NULL);
    nilo_test_run("/inputs/start-keeps-counts", test_start_keeps_counts, NULL);
    nilo_test_run("/inputs/change", test_change, NULL);
    nilo_test_run("/inputs/change-of-owner", test_change_of_owner, NULL);
    nilo_test_run("/inputs/change-after-a-month", test_change_after_a_month, NULL);
    nilo_test_run("/inputs/counts-stop-at-their-ends", test_counts_stop_at_their_ends, NULL);
    nilo_test_run("/inputs/pins-out-of-range", test_pins_out_of_range, NULL);
    return nilo_test_finish();
}
