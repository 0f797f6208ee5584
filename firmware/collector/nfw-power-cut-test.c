/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A day in a collector's life, written down as what is stored one after the other; and the power
 * goes at every byte of it, in every way that an EEPROM may be torn. After each cut all is started
 * anew: what is found must be what stood there before, or what was being written, and the day must
 * go on from there as if nothing had been.
 *
 * Without an argument some of the cuts are made, other ones for each kind of tearing; with --full
 * all of them.
 */
#include "nfw-calendar.h"
#include "nfw-config.h"
#include "nfw-counters.h"
#include "nfw-eeprom.h"
#include "nfw-event.h"
#include "nfw-freeze.h"
#include "nfw-host.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

#define BOARD_NUMBER 0x60000010u
#define MIDNIGHT     835574400u /* 2026-06-24 00:00:00 */
#define SHORT_STRIDE 11u
#define MAX_EVENTS   256u
#define OLD_STORES   240u /* from before the day: the rings come round during it */
#define OLD_EVENTS   186u
#define MAX_MOMENTS  40u

enum kind {
    PULSES,   /* @n of them on channel @channel */
    SET_BACK, /* the counter of @channel to @n */
    SETTING,  /* the shortest pulse of @channel becomes @n */
    EVENT,    /* with the argument @n */
    HOURS,    /* the clock goes on by @n hours, full ones */
    ORDER,    /* to freeze */
};

struct step {
    enum kind kind;
    unsigned channel;
    unsigned n;
};

static const struct step script[] = {
    {EVENT, 8, 1},    {PULSES, 0, 1},   {PULSES, 1, 3},   {HOURS, 0, 1},     {PULSES, 0, 1},
    {HOURS, 0, 1},    {SETTING, 2, 30}, {EVENT, 2, 3},    {HOURS, 0, 1},     {PULSES, 7, 1},
    {HOURS, 0, 1},    {EVENT, 8, 77},   {HOURS, 0, 1},    {PULSES, 5, 1},    {HOURS, 0, 1},
    {PULSES, 0, 2},   {HOURS, 0, 1},    {PULSES, 1, 1},   {HOURS, 0, 1},     {PULSES, 2, 1},
    {ORDER, 0, 0},    {EVENT, 8, 0},    {PULSES, 2, 1},   {HOURS, 0, 1},     {PULSES, 3, 1},
    {HOURS, 0, 1},    {PULSES, 4, 1},   {HOURS, 0, 1},    {SET_BACK, 0, 12}, {EVENT, 0, 400},
    {PULSES, 0, 1},   {HOURS, 0, 1},    {PULSES, 1, 1},   {HOURS, 0, 1},     {PULSES, 1, 1},
    {SETTING, 2, 31}, {SETTING, 3, 40}, {SETTING, 3, 41}, {EVENT, 3, 3},     {HOURS, 0, 1},
    {PULSES, 6, 9},   {HOURS, 0, 1},    {PULSES, 0, 1},   {HOURS, 0, 1},     {PULSES, 0, 1},
    {HOURS, 0, 1},    {PULSES, 0, 1},   {ORDER, 0, 0},    {HOURS, 0, 1},     {PULSES, 0, 1},
    {HOURS, 0, 1},    {PULSES, 3, 1},   {HOURS, 0, 1},    {EVENT, 8, 9},     {HOURS, 0, 1},
    {PULSES, 0, 1},   {HOURS, 0, 1},    {PULSES, 7, 1},   {HOURS, 0, 1},     {PULSES, 0, 1},
    {HOURS, 0, 2},    {EVENT, 8, 10},   {PULSES, 0, 1},   {HOURS, 0, 1},     {PULSES, 0, 1},
};

#define STEPS (sizeof script / sizeof script[0])

/* What should be stored: kept by the test, beside everything under test. */
struct truth {
    struct nfw_counter_values values;
    struct nfw_config config;
    uint32_t events[MAX_EVENTS];
    unsigned n_events;
    struct nfw_frozen frozen[NFW_FREEZE_KINDS][MAX_MOMENTS];
    unsigned n_frozen[NFW_FREEZE_KINDS];
    nfw_seconds now;
};

/* What a collector keeps in RAM. */
struct parts {
    struct nfw_counters counters;
    struct nfw_config config;
    struct nfw_events events;
    struct nfw_freeze freeze;
};

struct day {
    struct nfw_host host;
    struct parts parts;
    struct truth truth;
};

struct tally {
    unsigned stride;
    uint64_t skip; /* bytes until the next cut */
    unsigned cuts;
    unsigned old; /* after which what was being written is not there */
    unsigned new; /* .. is */
};

/* --- the truth ------------------------------------------------------------------------------ */

static void
freeze_truth(struct truth *truth, enum nfw_freeze_kind kind, nfw_seconds time, uint8_t flags)
{
    struct nfw_frozen *frozen = &truth->frozen[kind][truth->n_frozen[kind]++];

    memset(frozen, 0, sizeof *frozen);
    frozen->time = time;
    frozen->flags = flags;
    memcpy(frozen->count, truth->values.count, sizeof frozen->count);
}

/* Hours that the power had been off for are told as estimated. */
static void
advance_truth(struct truth *truth, unsigned hours)
{
    truth->now += hours * NFW_SECONDS_PER_HOUR;
    for (nfw_seconds time = truth->now - (hours - 1u) * NFW_SECONDS_PER_HOUR; time <= truth->now;
         time += NFW_SECONDS_PER_HOUR) {
        const uint8_t flags = time == truth->now ? 0 : NFW_FREEZE_ESTIMATED;

        if (time % NFW_SECONDS_PER_DAY == 0)
            freeze_truth(truth, NFW_FREEZE_DAY, time, flags);
        freeze_truth(truth, NFW_FREEZE_HOUR, time, flags);
    }
}

static void
do_in_truth(struct truth *truth, const struct step *step)
{
    switch (step->kind) {
    case PULSES:
        truth->values.count[step->channel] += (int32_t)step->n;
        truth->values.time = truth->now;
        break;
    case SET_BACK:
        truth->values.count[step->channel] = (int32_t)step->n;
        break;
    case SETTING:
        truth->config.channel[step->channel].min_closed_ms = (uint16_t)step->n;
        break;
    case EVENT:
        truth->events[truth->n_events++] = step->n;
        break;
    case HOURS:
        advance_truth(truth, step->n);
        break;
    case ORDER:
        freeze_truth(truth, NFW_FREEZE_ORDERED, truth->now, 0);
        break;
    }
}

/* --- the day -------------------------------------------------------------------------------- */

static bool
are_values(const struct nfw_counter_values *one, const struct nfw_counter_values *other)
{
    return memcmp(one->count, other->count, sizeof one->count) == 0 &&
           memcmp(one->rejected, other->rejected, sizeof one->rejected) == 0 &&
           one->time == other->time && one->boots == other->boots;
}

static void
start(struct parts *parts)
{
    uint8_t lost;

    /* RAM after a power cut holds anything */
    memset(parts, 0xa5, sizeof *parts);
    (void)nfw_config_load(&parts->config, BOARD_NUMBER, &lost);
    (void)nfw_counters_start(&parts->counters);
    nfw_events_start(&parts->events);
    nfw_freeze_start(&parts->freeze);
    CHECK(lost < 2u);
}

/* Does what a step asks for, unless it is done already. @after: the truth that it leads to. */
static void
do_step(struct parts *parts, const struct step *step, const struct truth *after)
{
    int result = NFW_OK;

    switch (step->kind) {
    case PULSES:
    case SET_BACK:
        if (!are_values(&parts->counters.stored, &after->values))
            result = nfw_counters_store(&parts->counters, &after->values);
        break;
    case SETTING:
        if (parts->config.channel[step->channel].min_closed_ms != step->n) {
            parts->config.channel[step->channel].min_closed_ms = (uint16_t)step->n;
            result = nfw_config_save(&parts->config);
        }
        break;
    case EVENT:
        if (parts->events.next != after->n_events)
            result = nfw_events_add(&parts->events, NFW_EVENT_BATTERY, step->channel, after->now,
                                    step->n);
        break;
    case HOURS:
        while (result == NFW_OK)
            result = nfw_freeze_step(&parts->freeze, after->now, after->values.count);
        CHECK_INT(result, NFW_ERR_NONE);
        return;
    case ORDER:
        if (parts->freeze.newest[NFW_FREEZE_ORDERED] != after->n_frozen[NFW_FREEZE_ORDERED])
            result = nfw_freeze_order(&parts->freeze, after->now, after->values.count);
        break;
    }
    CHECK_INT(result, NFW_OK);
}

static void
begin(struct day *day)
{
    uint8_t lost;

    memset(day, 0, sizeof *day);
    nfw_host_init(&day->host);
    (void)nfw_config_load(&day->truth.config, BOARD_NUMBER, &lost);
    CHECK_INT(nfw_config_save(&day->truth.config), NFW_OK);
    start(&day->parts);
    day->truth.now = MIDNIGHT + 600u;
    for (unsigned i = 0; i < NFW_CHANNELS; i++)
        day->truth.values.count[i] = (int32_t)(i * 1000u);
    for (unsigned i = 0; i < OLD_STORES; i++)
        CHECK_INT(nfw_counters_store(&day->parts.counters, &day->truth.values), NFW_OK);
    for (unsigned i = 0; i < OLD_EVENTS; i++, day->truth.n_events++)
        CHECK_INT(nfw_events_add(&day->parts.events, NFW_EVENT_BATTERY, 0, 0, 0), NFW_OK);
    while (nfw_freeze_step(&day->parts.freeze, day->truth.now, day->truth.values.count) == NFW_OK)
        continue;
    freeze_truth(&day->truth, NFW_FREEZE_DAY, MIDNIGHT, NFW_FREEZE_ESTIMATED);
    freeze_truth(&day->truth, NFW_FREEZE_HOUR, MIDNIGHT, NFW_FREEZE_ESTIMATED);
    day->truth.now = MIDNIGHT;
}

/* --- what is found after a cut -------------------------------------------------------------- */

static bool
are_configs(const struct nfw_config *one, const struct nfw_config *other)
{
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        if (one->channel[i].min_closed_ms != other->channel[i].min_closed_ms ||
            one->channel[i].min_open_ms != other->channel[i].min_open_ms ||
            one->channel[i].pin != other->channel[i].pin ||
            memcmp(one->channel[i].number, other->channel[i].number, NFW_NUMBER_SIZE) != 0)
            return false;
    }
    return one->board_number == other->board_number && one->protocols == other->protocols &&
           one->battery_stop_mv == other->battery_stop_mv;
}

/* Every event of @truth that there is room for, and none behind the newest. */
static bool
are_events(const struct nfw_events *events, const struct truth *truth, bool is_one_torn)
{
    const unsigned slots = NFW_EVENTS - is_one_torn;
    const unsigned held = truth->n_events < slots ? truth->n_events : slots;
    struct nfw_event event;

    if (events->next != truth->n_events || events->held < held)
        return false;
    for (unsigned back = 0; back < held; back++) {
        const unsigned n = truth->n_events - 1u - back;

        if (nfw_events_get(events, back, &event) != NFW_OK || event.sequence != n ||
            event.argument != truth->events[n])
            return false;
    }
    return true;
}

static bool
is_frozen(const struct nfw_frozen *one, const struct nfw_frozen *other)
{
    return one->time == other->time && one->flags == other->flags && one->missing == 0 &&
           memcmp(one->count, other->count, sizeof one->count) == 0;
}

/* The newest @n of a kind, each once, and none before them. */
static bool
are_moments(const struct nfw_freeze *freeze, const struct truth *truth, enum nfw_freeze_kind kind,
            unsigned n)
{
    struct nfw_frozen frozen;

    for (unsigned back = 0; back < n; back++) {
        if (nfw_freeze_get(freeze, kind, back, &frozen) != NFW_OK ||
            !is_frozen(&frozen, &truth->frozen[kind][n - 1u - back]))
            return false;
    }
    return nfw_freeze_get(freeze, kind, n, &frozen) != NFW_OK;
}

static const enum nfw_freeze_kind kinds[] = {NFW_FREEZE_HOUR, NFW_FREEZE_DAY, NFW_FREEZE_ORDERED};

static bool
are_all_moments(const struct nfw_freeze *freeze, const struct truth *truth)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!are_moments(freeze, truth, kinds[i], truth->n_frozen[kinds[i]]))
            return false;
    }
    return true;
}

/* Of each kind what was before, or part of what was being written. */
static bool
are_moments_between(const struct nfw_freeze *freeze, const struct truth *before,
                    const struct truth *after)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool is_any = false;

        for (unsigned n = before->n_frozen[kinds[i]]; n <= after->n_frozen[kinds[i]]; n++)
            is_any |= are_moments(freeze, after, kinds[i], n);
        if (!is_any)
            return false;
    }
    return true;
}

/* What can be read at all is the truth, though some of it is lost: pages are refreshed as a whole.
 */
static bool
is_nothing_false(const struct parts *parts, const struct truth *after)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (unsigned back = 0; back < MAX_MOMENTS; back++) {
            struct nfw_frozen frozen;
            bool is_true = false;

            if (nfw_freeze_get(&parts->freeze, kinds[i], back, &frozen) != NFW_OK)
                continue;
            for (unsigned n = 0; n < after->n_frozen[kinds[i]]; n++)
                is_true |= is_frozen(&frozen, &after->frozen[kinds[i]][n]);
            if (!is_true)
                return false;
        }
    }
    for (unsigned back = 0; back < parts->events.held; back++) {
        struct nfw_event event;

        if (nfw_events_get(&parts->events, back, &event) == NFW_OK &&
            (event.sequence >= after->n_events || event.argument != after->events[event.sequence]))
            return false;
    }
    return true;
}

static void
check_restart(const struct day *day, const struct truth *before, const struct truth *after,
              struct tally *tally)
{
    const struct parts *parts = &day->parts;
    const bool is_old =
        are_values(&parts->counters.stored, &before->values) &&
        are_configs(&parts->config, &before->config) && parts->events.next == before->n_events &&
        parts->freeze.newest[NFW_FREEZE_HOUR] == before->now / NFW_SECONDS_PER_HOUR + 1u &&
        parts->freeze.newest[NFW_FREEZE_ORDERED] == before->n_frozen[NFW_FREEZE_ORDERED];

    tally->cuts++;
    tally->old += is_old;
    tally->new += !is_old;
    CHECK(are_values(&parts->counters.stored, &before->values) ||
          are_values(&parts->counters.stored, &after->values));
    CHECK(are_configs(&parts->config, &before->config) ||
          are_configs(&parts->config, &after->config));
    if (day->host.eeprom.tear == NFW_HOST_TEAR_PAGE) {
        CHECK(is_nothing_false(parts, after));
        return;
    }
    CHECK(are_events(&parts->events, before, true) || are_events(&parts->events, after, false));
    CHECK(are_moments_between(&parts->freeze, before, after));
}

static void
check_whole(const struct day *day, const struct truth *after)
{
    CHECK(are_values(&day->parts.counters.stored, &after->values));
    CHECK(are_configs(&day->parts.config, &after->config));
    if (day->host.eeprom.tear == NFW_HOST_TEAR_PAGE)
        return;
    CHECK(are_events(&day->parts.events, after, false));
    CHECK(are_all_moments(&day->parts.freeze, after));
}

/* --- cuts ----------------------------------------------------------------------------------- */

static void
do_step_and_cut(struct day *day, const struct step *step, const struct truth *after)
{
    jmp_buf cut;

    day->host.cut = &cut;
    if (setjmp(cut) == 0) {
        do_step(&day->parts, step, after);
        CHECK(!"the power did not go");
    }
    nfw_host_restart(&day->host, false);
}

/* One cut; the step is done again after it, and found after another restart. */
static void
cut_once(struct day *day, const struct day *before, const struct step *step,
         const struct truth *after, struct tally *tally)
{
    do_step_and_cut(day, step, after);
    start(&day->parts);
    check_restart(day, &before->truth, after, tally);
    do_step(&day->parts, step, after);
    start(&day->parts);
    check_whole(day, after);
}

/* Cuts a step at its bytes: all of them, or every so many. Then does it. */
static void
go_through(struct day *day, struct day *before, const struct step *step, enum nfw_host_tear tear,
           struct tally *tally)
{
    struct truth after = day->truth;
    uint64_t bytes;

    do_in_truth(&after, step);
    *before = *day;
    do_step(&day->parts, step, &after);
    bytes = day->host.eeprom.written_bytes - before->host.eeprom.written_bytes;
    for (; tally->skip < bytes; tally->skip += tally->stride) {
        *day = *before;
        nfw_host = &day->host;
        day->host.eeprom.tear = tear;
        day->host.eeprom.cut_at_byte = day->host.eeprom.written_bytes + tally->skip;
        cut_once(day, before, step, &after, tally);
    }
    tally->skip -= bytes;
    *day = *before;
    nfw_host = &day->host;
    do_step(&day->parts, step, &after);
    day->truth = after;
}

struct run {
    const char *path;
    enum nfw_host_tear tear;
    unsigned stride;
};

static void
test_day(const void *data)
{
    const struct run *run = data;
    struct day *day = malloc(sizeof *day);
    struct day *before = malloc(sizeof *before);
    struct tally tally = {.stride = run->stride, .skip = (unsigned)run->tear * 16u % run->stride};
    uint64_t first, bytes;

    if (day == NULL || before == NULL)
        abort();
    begin(day);
    first = day->host.eeprom.written_bytes;
    for (size_t i = 0; i < STEPS; i++)
        go_through(day, before, &script[i], run->tear, &tally);
    check_whole(day, &day->truth);
    CHECK_INT(day->truth.n_frozen[NFW_FREEZE_DAY], 2);
    bytes = day->host.eeprom.written_bytes - first;
    printf("# %u cuts in %u bytes: after %u what was being written is missing, after %u (part of) "
           "it is there\n",
           tally.cuts, (unsigned)bytes, tally.old, tally.new);
    CHECK(tally.cuts > 0);
    nfw_host_clear(&day->host);
    free(before);
    free(day);
}

int
main(int argc, char **argv)
{
    const unsigned stride = argc > 1 && strcmp(argv[1], "--full") == 0 ? 1u : SHORT_STRIDE;
    const struct run runs[NFW_HOST_TEARS] = {
        {"/nfw/power-cut/old-byte", NFW_HOST_TEAR_OLD, stride},
        {"/nfw/power-cut/erased-byte", NFW_HOST_TEAR_ERASED, stride},
        {"/nfw/power-cut/mixed-byte", NFW_HOST_TEAR_MIXED, stride},
        {"/nfw/power-cut/new-byte", NFW_HOST_TEAR_NEW, stride},
        {"/nfw/power-cut/scattered-page", NFW_HOST_TEAR_SCATTERED, stride},
        {"/nfw/power-cut/refreshed-page", NFW_HOST_TEAR_PAGE, stride},
    };

    for (unsigned i = 0; i < NFW_HOST_TEARS; i++)
        nilo_test_run(runs[i].path, test_day, &runs[i]);
    return nilo_test_finish();
}
