/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a hand, or a test, does to a board: one line in, one line of key=value pairs out. */
#include "nfw-host-world.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_MS      1000u
#define MAX_RECOVERIES 1000000u
#define WORDS          6u
#define BOUNCE_US      1500u
#define MAX_PULSES     100000u
#define MAX_PERIOD     3600000u
#define MAX_BOUNCES    20u
#define MAX_PASSED_MS  86400000u

struct call {
    struct nfw_host_world_state *state;
    struct nfw_host *host;
    char *word[WORDS]; /* the arguments; NULL behind the last one */
    char *answer;
    size_t size;
};

struct command {
    const char *name;
    unsigned arguments;
    void (*run)(struct call *call);
};

static bool
get_number(struct call *call, unsigned at, unsigned long highest, unsigned long *number)
{
    char *end = NULL;

    if (at < WORDS && call->word[at] != NULL) {
        *number = strtoul(call->word[at], &end, 0);
        if (end != call->word[at] && *end == '\0' && *number <= highest)
            return true;
    }
    snprintf(call->answer, call->size, "error=number from 0 to %lu expected as argument %u",
             highest, at + 1u);
    return false;
}

static void
say_ok(struct call *call)
{
    snprintf(call->answer, call->size, "ok=yes");
}

/* pin N closed|open */
static void
set_pin(struct call *call)
{
    const bool is_closed = strcmp(call->word[1], "closed") == 0;
    unsigned long pin;

    if (!get_number(call, 0, NFW_PINS - 1u, &pin))
        return;
    nfw_host_plan_pin(call->host, call->host->now_us, (unsigned)pin, is_closed);
    say_ok(call);
}

/* pins MASK CLOSED [MOMENT]: many at one moment, in microseconds of the monotonic clock: a process
 * that was kept from running sees by it how long a contact was closed meanwhile */
static void
set_pins(struct call *call)
{
    uint64_t at_us = call->host->now_us;
    unsigned long mask, closed, moment_us;

    if (!get_number(call, 0, UINT16_MAX, &mask) || !get_number(call, 1, UINT16_MAX, &closed))
        return;
    if (call->word[2] != NULL) {
        if (!get_number(call, 2, ULONG_MAX, &moment_us))
            return;
        at_us = moment_us - call->state->start_us;
        if (at_us > INT64_MAX)
            at_us = 0u; /* before the start */
    }
    nfw_host_plan_mask(call->host, at_us, (uint16_t)mask, (uint16_t)closed);
    say_ok(call);
}

static uint64_t
plan_edge(struct call *call, uint64_t at_us, unsigned pin, bool is_closed, unsigned long bounces)
{
    for (unsigned long i = 0; i < bounces; i++) {
        nfw_host_plan_pin(call->host, at_us, pin, is_closed);
        nfw_host_plan_pin(call->host, at_us + BOUNCE_US, pin, !is_closed);
        at_us += 2u * BOUNCE_US;
    }
    nfw_host_plan_pin(call->host, at_us, pin, is_closed);
    return at_us;
}

/* pulse N COUNT PERIOD-MS [BOUNCES]: half of the time closed */
static void
send_pulses(struct call *call)
{
    unsigned long pin, count, period_ms, bounces = 0;
    uint64_t at_us = call->host->now_us;

    if (!get_number(call, 0, NFW_PINS - 1u, &pin) || !get_number(call, 1, MAX_PULSES, &count) ||
        !get_number(call, 2, MAX_PERIOD, &period_ms) ||
        (call->word[3] != NULL && !get_number(call, 3, MAX_BOUNCES, &bounces)))
        return;
    for (unsigned long i = 0; i < count; i++) {
        plan_edge(call, at_us, (unsigned)pin, true, bounces);
        plan_edge(call, at_us + period_ms * US_PER_MS / 2u, (unsigned)pin, false, bounces);
        at_us += period_ms * US_PER_MS;
    }
    say_ok(call);
}

static void
tell_line(struct call *call)
{
    unsigned long at;
    const struct nfw_host_line *line;

    if (!get_number(call, 0, NFW_LINES - 1u, &at))
        return;
    line = &call->host->line[at];
    snprintf(call->answer, call->size, "speed=%u parity=%s sent=%u", (unsigned)line->speed_baud,
             line->parity == NFW_PARITY_EVEN ? "even" : "none", (unsigned)line->sent_count);
}

static void
tell_state(struct call *call)
{
    snprintf(call->answer, call->size, "closed=0x%04x write_cycles=%llu warm_resets=%u now_ms=%llu",
             call->host->closed, (unsigned long long)call->host->eeprom.write_cycles,
             (unsigned)call->host->remnant.warm_resets,
             (unsigned long long)(call->host->now_us / US_PER_MS));
}

static void
set_battery(struct call *call)
{
    unsigned long mv;

    if (!get_number(call, 0, UINT16_MAX, &mv))
        return;
    call->host->battery_mv = (uint16_t)mv;
    say_ok(call);
}

/* rtc dead|alive|lost */
static void
set_rtc(struct call *call)
{
    call->host->is_rtc_dead = strcmp(call->word[0], "dead") == 0;
    if (strcmp(call->word[0], "lost") == 0)
        call->host->is_rtc_set = false;
    say_ok(call);
}

/* i2c stuck|free [RECOVERIES]: how many attempts free it */
static void
set_i2c(struct call *call)
{
    unsigned long recoveries = 0;

    if (call->word[1] != NULL && !get_number(call, 1, MAX_RECOVERIES, &recoveries))
        return;
    call->host->is_i2c_stuck = strcmp(call->word[0], "stuck") == 0;
    call->host->i2c_recoveries_needed = (unsigned)recoveries;
    say_ok(call);
}

/* eeprom absent|present */
static void
set_eeprom(struct call *call)
{
    call->host->eeprom.is_absent = strcmp(call->word[0], "absent") == 0;
    say_ok(call);
}

static void
hang(struct call *call)
{
    call->state->is_hanging = true;
    say_ok(call);
}

/* pass MS: so much time is gone at once, for the collector a sleep that lasted longer; the battery
 * backed clock knows nothing of it */
static void
pass(struct call *call)
{
    unsigned long ms;

    if (!get_number(call, 0, MAX_PASSED_MS, &ms))
        return;
    call->state->start_us -= ms * US_PER_MS;
    call->host->rtc_us -= ms * US_PER_MS;
    say_ok(call);
}

static const struct command commands[] = {
    {"pin", 2, set_pin},    {"pins", 2, set_pins},    {"pulse", 3, send_pulses},
    {"line", 1, tell_line}, {"state", 0, tell_state}, {"battery", 1, set_battery},
    {"rtc", 1, set_rtc},    {"i2c", 1, set_i2c},      {"eeprom", 1, set_eeprom},
    {"hang", 0, hang},      {"pass", 1, pass},
};

void
nfw_host_command(struct nfw_host_world_state *state, char *line, char *answer, size_t size)
{
    struct call call = {.state = state, .host = &state->host, .answer = answer, .size = size};
    char *rest = NULL;
    const char *name = strtok_r(line, " \t\r", &rest);
    unsigned n = 0;

    while (n < WORDS - 1u && (call.word[n] = strtok_r(NULL, " \t\r", &rest)) != NULL)
        n++;
    for (size_t i = 0; name != NULL && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        if (n < commands[i].arguments)
            snprintf(answer, size, "error=%s needs %u arguments", name, commands[i].arguments);
        else
            commands[i].run(&call);
        return;
    }
    snprintf(answer, size, "error=unknown command \"%.40s\"", name != NULL ? name : "");
}
