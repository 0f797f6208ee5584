/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The poller on a board made of memory, against meters of a few lines each: what they say, and
 * when, is the test's. Frames are put together by the rules of EN 13757-2 and CJ/T 188.
 */
#include "nfw-host.h"
#include "nfw-poller.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

#define US_PER_MS 1000u
#define POLL_S    600u
#define MAX_NEWS  64
#define MAX_ASKED 64

enum way {
    WAY_NORMAL,
    WAY_SILENT,
    WAY_WRONG_SUM,
    WAY_ONE_WRONG_SUM, /* the first time only */
    WAY_OTHER_ADDRESS,
    WAY_ECHO,     /* our request comes back in front of the answer */
    WAY_JUNK,     /* bytes of noise in front of the answer */
    WAY_PARITY,   /* a bad character inside */
    WAY_PAUSE,    /* a second's silence inside */
    WAY_LATE,     /* the answer comes when the next request is out */
    WAY_BABBLE,   /* talks without end */
    WAY_BUSY,     /* M-Bus: application busy */
    WAY_LONG,     /* M-Bus: a frame longer than the poller keeps */
    WAY_LONG_BAD, /* .. with a wrong sum */
    WAY_WANTS_RESET,
    WAY_HIGH_FIRST, /* CJ/T 188: hears one order only */
    WAY_LOW_FIRST,
    WAY_REFUSES, /* CJ/T 188: abnormal answers */
};

struct meter {
    enum way way;
    uint32_t value;   /* litres, m3/100 */
    uint32_t step;    /* more at every readout */
    uint32_t misread; /* that is told instead, every other time */
    unsigned asked;   /* readouts */
    unsigned answers;
    bool is_reset; /* WAY_WANTS_RESET: it was */
    uint8_t late_serial;
    uint32_t link; /* the value that a repetition gets; 0: none */
};

struct desk {
    struct nfw_host host;
    struct nfw_config config;
    struct nfw_poller poller;
    struct meter meter[NFW_CHANNELS];
    int32_t stored[NFW_CHANNELS];
    uint32_t sent;
    unsigned selected; /* channel + 1 */
    struct {
        enum nfw_poller_news news;
        unsigned channel;
        int32_t value;
        nfw_ms at;
    } news[MAX_NEWS];
    unsigned n_news;
    nfw_ms asked_at[MAX_ASKED]; /* when requests began, the first ones */
    unsigned n_asked;
};

static void
set_up(struct desk *desk)
{
    memset(desk, 0, sizeof *desk);
    nfw_host_init(&desk->host);
    nfw_config_set_defaults(&desk->config, 0x60000010);
    for (unsigned i = 0; i < NFW_CHANNELS; i++)
        desk->config.channel[i].source = NFW_SOURCE_OFF;
    desk->config.meters_poll_s = POLL_S;
    desk->config.meters_speed = 3; /* 2400 Bd */
}

/* Meter n: identification 1000000n, primary address n + 1 or, for odd n, selected by its number. */
static void
add_meter(struct desk *desk, unsigned n, enum nfw_source source, enum way way, uint32_t value)
{
    struct nfw_channel_config *channel = &desk->config.channel[n];

    channel->source = (uint8_t)source;
    channel->type = 0x10;
    channel->max_flow = 4;
    memset(channel->meter_number, 0, sizeof channel->meter_number);
    channel->meter_number[0] = (uint8_t)n;
    channel->meter_number[3] = 0x10;
    if (source == NFW_SOURCE_MBUS) {
        channel->meter_number[4] = 0xff;
        channel->meter_number[5] = 0xff;
        channel->meter_number[6] = n % 2 == 0 ? (uint8_t)(n + 1) : 0xff;
    }
    desk->meter[n].way = way;
    desk->meter[n].value = value;
}

/* --- what meters say ------------------------------------------------------------------------ */

static void
put_bcd(uint8_t *bytes, size_t size, uint32_t number)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number % 10 | number / 10 % 10 << 4);
        number /= 100;
    }
}

static uint8_t
sum_of(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}

/* Puts an answer on the line as the meter's way has it. */
static void
say(struct desk *desk, struct meter *meter, const uint8_t *request, size_t request_size,
    uint8_t *answer, size_t size)
{
    uint64_t at_us = desk->host.now_us + 60 * US_PER_MS;

    meter->answers++;
    if (meter->way == WAY_WRONG_SUM || meter->way == WAY_LONG_BAD ||
        (meter->way == WAY_ONE_WRONG_SUM && meter->answers == 1))
        answer[size - 2] ^= 0x10;
    if (meter->way == WAY_ECHO)
        at_us = nfw_host_plan_bytes(&desk->host, at_us, NFW_LINE_METERS, request, request_size);
    if (meter->way == WAY_JUNK)
        at_us = nfw_host_plan_bytes(&desk->host, at_us, NFW_LINE_METERS,
                                    (const uint8_t[]){0xff, 0x00, 0x68, 0xff}, 4);
    if (meter->way == WAY_LATE)
        at_us += 4000 * US_PER_MS;
    for (size_t i = 0; i < size; i++) {
        const bool is_bad = meter->way == WAY_PARITY && i == size / 2;

        if (meter->way == WAY_PAUSE && i == size / 2)
            at_us += 1000 * US_PER_MS;
        at_us = nfw_host_plan_byte(&desk->host, at_us, NFW_LINE_METERS, answer[i],
                                   is_bad ? NFW_RX_BAD : 0);
    }
}

/* the value told now; a slave that is asked again with the same frame count bit repeats itself */
static uint32_t
read_register(struct meter *meter)
{
    uint32_t value = meter->value;

    if (meter->link != 0)
        return meter->link - 1;
    meter->asked++;
    if (meter->misread != 0 && meter->asked % 2 == 0)
        value = meter->misread;
    meter->value += meter->step;
    meter->link = value + 1;
    return value;
}

static void
say_mbus(struct desk *desk, unsigned n, const uint8_t *request, size_t request_size)
{
    struct meter *meter = &desk->meter[n];
    uint8_t bytes[261] = {0x68, 0, 0, 0x68, 0x08, (uint8_t)(n + 1), 0x72};
    size_t size = 7;

    if (meter->way == WAY_OTHER_ADDRESS) {
        bytes[5] ^= 0x40;
        bytes[7] = 0x01;
    }
    if (meter->way == WAY_WANTS_RESET && !meter->is_reset) {
        bytes[6] = 0xb7;
    } else if (meter->way == WAY_BUSY) {
        bytes[6] = 0x70;
        bytes[size++] = 8;
    } else {
        memcpy(bytes + size, desk->config.channel[n].meter_number, 4);
        bytes[size] ^= meter->way == WAY_OTHER_ADDRESS ? 0x01 : 0;
        memcpy(bytes + size + 4, "\x41\x3a\x01\x07\x55\x00\x00\x00", 8);
        memcpy(bytes + size + 12, "\x0c\x13", 2);
        put_bcd(bytes + size + 14, 4, read_register(meter));
        size += 18;
    }
    if (meter->way == WAY_LONG || meter->way == WAY_LONG_BAD) {
        /* the maker's own data to the end: 252 bytes of user data in all */
        bytes[size] = 0x0f;
        memset(bytes + size + 1, 0x68, 7 + 252 - size - 1);
        size = 7 + 252;
    }
    bytes[1] = bytes[2] = (uint8_t)(size - 4);
    bytes[size] = sum_of(bytes + 4, size - 4);
    bytes[size + 1] = 0x16;
    say(desk, meter, request, request_size, bytes, size + 2);
}

static void
acknowledge(struct desk *desk, unsigned n, const uint8_t *request, size_t request_size)
{
    uint64_t at_us = desk->host.now_us + 40 * US_PER_MS;

    desk->meter[n].link = 0;
    if (desk->meter[n].way == WAY_ECHO)
        at_us = nfw_host_plan_bytes(&desk->host, at_us, NFW_LINE_METERS, request, request_size);
    nfw_host_plan_byte(&desk->host, at_us, NFW_LINE_METERS, 0xe5, 0);
}

/* Returns: whose business an M-Bus request is; NFW_CHANNELS: nobody's */
static unsigned
find_mbus(struct desk *desk, const uint8_t *request)
{
    const bool is_select = request[0] == 0x68 && request[6] == 0x52;
    const uint8_t address = request[0] == 0x10 ? request[2] : request[5];

    if (is_select)
        desk->selected = 0;
    for (unsigned n = 0; n < NFW_CHANNELS; n++) {
        if (desk->config.channel[n].source != NFW_SOURCE_MBUS)
            continue;
        if (is_select && memcmp(request + 7, desk->config.channel[n].meter_number, 4) == 0)
            desk->selected = n + 1;
        if (address == n + 1 || (address == 0xfd && desk->selected == n + 1))
            return n;
    }
    return NFW_CHANNELS;
}

static void
hear_mbus(struct desk *desk, const uint8_t *request, size_t size)
{
    const unsigned n = find_mbus(desk, request);
    const uint8_t c = request[0] == 0x10 ? request[1] : request[4];

    if (n == NFW_CHANNELS || desk->meter[n].way == WAY_SILENT)
        return;
    if (c == 0x7b) {
        say_mbus(desk, n, request, size);
        return;
    }
    CHECK(c == 0x40 || c == 0x53);
    if (c == 0x53 && request[6] == 0x50)
        desk->meter[n].is_reset = true;
    acknowledge(desk, n, request, size);
}

static void
hear_cjt188(struct desk *desk, const uint8_t *request, size_t size)
{
    static const uint8_t clock_status[] = {0x00, 0x30, 0x10, 0x15, 0x03, 0x26, 0x20, 0, 0};
    const uint8_t *frame = request + 3;
    unsigned n = 0;
    uint8_t bytes[64] = {0xfe, 0xfe};
    size_t end = 2;

    while (n < NFW_CHANNELS && (desk->config.channel[n].source != NFW_SOURCE_CJT188 ||
                                memcmp(frame + 2, desk->config.channel[n].meter_number, 7) != 0))
        n++;
    if (n == NFW_CHANNELS || desk->meter[n].way == WAY_SILENT ||
        (desk->meter[n].way == WAY_HIGH_FIRST && frame[11] != 0x90) ||
        (desk->meter[n].way == WAY_LOW_FIRST && frame[11] != 0x1f))
        return;
    memcpy(bytes + end, frame, 14);
    bytes[end + 1] = 0x11;
    bytes[end + 2] ^= desk->meter[n].way == WAY_OTHER_ADDRESS ? 0x01 : 0;
    bytes[end + 9] |= 0x80;
    bytes[end + 10] = 0x16;
    desk->meter[n].link = 0;
    put_bcd(bytes + end + 14, 4, read_register(&desk->meter[n]));
    bytes[end + 18] = 0x2c;
    put_bcd(bytes + end + 19, 4, 0);
    bytes[end + 23] = 0x2c;
    memcpy(bytes + end + 24, clock_status, sizeof clock_status);
    if (desk->meter[n].way == WAY_REFUSES) {
        bytes[end + 9] = 0xc1;
        bytes[end + 10] = 3;
        memcpy(bytes + end + 11, (const uint8_t[]){frame[13], 0, 0}, 3);
    }
    end += 11 + bytes[end + 10];
    bytes[end] = sum_of(bytes + 2, end - 2);
    bytes[end + 1] = 0x16;
    say(desk, &desk->meter[n], request, size, bytes, end + 2);
}

static void
hear(struct desk *desk)
{
    const struct nfw_host_line *line = &desk->host.line[NFW_LINE_METERS];

    desk->sent = line->sent_count;
    if (desk->n_asked < MAX_ASKED)
        desk->asked_at[desk->n_asked++] = (nfw_ms)(line->sent_start_us / US_PER_MS);
    if (line->sent[0] == 0xfe)
        hear_cjt188(desk, line->sent, line->sent_size);
    else
        hear_mbus(desk, line->sent, line->sent_size);
}

/* --- time passes ---------------------------------------------------------------------------- */

static void
step(struct desk *desk, uint64_t until_us)
{
    unsigned channel = NFW_CHANNELS;
    int32_t value = -1;
    uint32_t wait = 0;
    uint64_t left_ms;
    const enum nfw_poller_news news = nfw_poller_step(&desk->poller, &desk->config, desk->stored,
                                                      nfw_port_now_ms(), &channel, &value, &wait);

    CHECK(wait > 0);
    if (news != NFW_POLLER_NOTHING && desk->n_news < MAX_NEWS) {
        desk->news[desk->n_news].news = news;
        desk->news[desk->n_news].channel = channel;
        desk->news[desk->n_news].value = value;
        desk->news[desk->n_news++].at = nfw_port_now_ms();
        if (news == NFW_POLLER_VALUE || news == NFW_POLLER_ODD)
            desk->stored[channel] = value;
        return;
    }
    if (desk->host.line[NFW_LINE_METERS].sent_count != desk->sent)
        hear(desk);
    left_ms = (until_us - desk->host.now_us) / US_PER_MS + 1;
    nfw_port_sleep_until(nfw_port_now_ms() + (uint32_t)(wait < left_ms ? wait : left_ms));
}

static void
run_s(struct desk *desk, uint32_t seconds)
{
    const uint64_t until_us = desk->host.now_us + seconds * UINT64_C(1000000);

    while (desk->host.now_us < until_us)
        step(desk, until_us);
}

static void
start(struct desk *desk)
{
    nfw_poller_start(&desk->poller, &desk->config, nfw_port_now_ms());
}

static void
check_news(const struct desk *desk, unsigned at, enum nfw_poller_news news, unsigned channel,
           int32_t value)
{
    CHECK(at < desk->n_news);
    if (at >= desk->n_news)
        return;
    CHECK_INT(desk->news[at].news, news);
    CHECK_INT(desk->news[at].channel, channel);
    if (news == NFW_POLLER_VALUE || news == NFW_POLLER_ODD)
        CHECK_INT(desk->news[at].value, value);
}

/* --- one meter's ways ----------------------------------------------------------------------- */

struct way_case {
    const char *path;
    enum nfw_source source;
    unsigned n; /* even: by primary address, odd: selected */
    enum way way;
    bool is_read;
};

static const struct way_case way_cases[] = {
    {"mbus/primary", NFW_SOURCE_MBUS, 0, WAY_NORMAL, true},
    {"mbus/selected", NFW_SOURCE_MBUS, 1, WAY_NORMAL, true},
    {"mbus/silent", NFW_SOURCE_MBUS, 0, WAY_SILENT, false},
    {"mbus/wrong-sum", NFW_SOURCE_MBUS, 0, WAY_WRONG_SUM, false},
    {"mbus/one-wrong-sum", NFW_SOURCE_MBUS, 0, WAY_ONE_WRONG_SUM, true},
    {"mbus/primary-of-another", NFW_SOURCE_MBUS, 0, WAY_OTHER_ADDRESS, false},
    {"mbus/selected-another", NFW_SOURCE_MBUS, 1, WAY_OTHER_ADDRESS, false},
    {"mbus/echo", NFW_SOURCE_MBUS, 0, WAY_ECHO, true},
    {"mbus/echo-of-a-selection", NFW_SOURCE_MBUS, 1, WAY_ECHO, true},
    {"mbus/junk", NFW_SOURCE_MBUS, 0, WAY_JUNK, true},
    {"mbus/parity", NFW_SOURCE_MBUS, 0, WAY_PARITY, false},
    {"mbus/pause", NFW_SOURCE_MBUS, 0, WAY_PAUSE, false},
    {"mbus/busy", NFW_SOURCE_MBUS, 0, WAY_BUSY, false},
    {"mbus/long", NFW_SOURCE_MBUS, 0, WAY_LONG, true},
    {"mbus/long-wrong-sum", NFW_SOURCE_MBUS, 0, WAY_LONG_BAD, false},
    {"mbus/wants-a-reset", NFW_SOURCE_MBUS, 0, WAY_WANTS_RESET, true},
    {"mbus/wants-a-reset-selected", NFW_SOURCE_MBUS, 1, WAY_WANTS_RESET, true},
    {"cjt188/any-order", NFW_SOURCE_CJT188, 2, WAY_NORMAL, true},
    {"cjt188/high-first", NFW_SOURCE_CJT188, 2, WAY_HIGH_FIRST, true},
    {"cjt188/low-first", NFW_SOURCE_CJT188, 2, WAY_LOW_FIRST, true},
    {"cjt188/silent", NFW_SOURCE_CJT188, 2, WAY_SILENT, false},
    {"cjt188/wrong-sum", NFW_SOURCE_CJT188, 2, WAY_WRONG_SUM, false},
    {"cjt188/one-wrong-sum", NFW_SOURCE_CJT188, 2, WAY_ONE_WRONG_SUM, true},
    {"cjt188/another-address", NFW_SOURCE_CJT188, 2, WAY_OTHER_ADDRESS, false},
    {"cjt188/echo", NFW_SOURCE_CJT188, 2, WAY_ECHO, true},
    {"cjt188/junk", NFW_SOURCE_CJT188, 2, WAY_JUNK, true},
    {"cjt188/parity", NFW_SOURCE_CJT188, 2, WAY_PARITY, false},
    {"cjt188/pause", NFW_SOURCE_CJT188, 2, WAY_PAUSE, false},
    {"cjt188/refuses", NFW_SOURCE_CJT188, 2, WAY_REFUSES, false},
};

static void
test_way(const void *data)
{
    const struct way_case *c = data;
    const bool is_mbus = c->source == NFW_SOURCE_MBUS;
    struct desk desk;

    set_up(&desk);
    add_meter(&desk, c->n, c->source, c->way, 1234);
    start(&desk);
    run_s(&desk, POLL_S - 1);
    CHECK_INT(desk.n_news, c->is_read ? 1 : 0);
    if (c->is_read)
        check_news(&desk, 0, NFW_POLLER_VALUE, c->n, is_mbus ? 1234 : 12340);
    /* two answers were believed, no less */
    if (c->is_read)
        CHECK(desk.meter[c->n].answers >= 2);
    CHECK_INT(desk.poller.meter[c->n].has_value, c->is_read);
    nfw_host_clear(&desk.host);
}

/* Somebody talks without end: others' turn comes all the same, and the step never hangs. */
static void
test_babble(const void *data)
{
    struct desk desk;
    uint64_t at_us = 0;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_SILENT, 5);
    start(&desk);
    while (at_us < 120 * UINT64_C(1000000))
        at_us = nfw_host_plan_byte(&desk.host, at_us, NFW_LINE_METERS, 0x68, 0);
    run_s(&desk, 120);
    CHECK_INT(desk.n_news, 0);
    CHECK_INT(desk.poller.meter[0].misses, 1);
    desk.meter[0].way = WAY_NORMAL;
    run_s(&desk, POLL_S);
    check_news(&desk, 0, NFW_POLLER_VALUE, 0, 5);
    nfw_host_clear(&desk.host);
}

/* --- believing ------------------------------------------------------------------------------ */

static void
test_rounds(const void *data)
{
    struct desk desk;
    unsigned n;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, 100);
    add_meter(&desk, 1, NFW_SOURCE_MBUS, WAY_NORMAL, 200);
    add_meter(&desk, 2, NFW_SOURCE_CJT188, WAY_LOW_FIRST, 300);
    add_meter(&desk, 7, NFW_SOURCE_CJT188, WAY_HIGH_FIRST, 400);
    start(&desk);
    run_s(&desk, POLL_S - 1);
    CHECK_INT(desk.n_news, 4);
    for (unsigned i = 0; i < NFW_CHANNELS; i++)
        desk.meter[i].value += 10;
    run_s(&desk, POLL_S);
    CHECK_INT(desk.n_news, 8);
    check_news(&desk, 0, NFW_POLLER_VALUE, 0, 100);
    check_news(&desk, 1, NFW_POLLER_VALUE, 1, 200);
    check_news(&desk, 2, NFW_POLLER_VALUE, 2, 3000);
    check_news(&desk, 3, NFW_POLLER_VALUE, 7, 4000);
    check_news(&desk, 4, NFW_POLLER_VALUE, 0, 110);
    check_news(&desk, 7, NFW_POLLER_VALUE, 7, 4100);
    /* nobody is asked more often than the settings say */
    n = desk.meter[0].answers;
    CHECK_INT(n, 4);
    /* the order that meter 2 wants was found once, and kept: one request in vain */
    CHECK_INT(desk.n_asked, 2 * (4 + 4 + 2 + 2) + 1);
    nfw_host_clear(&desk.host);
}

/* another meter, which wants the other order, is found without a poll in vain */
static void
test_order(const void *data)
{
    struct desk desk;

    set_up(&desk);
    add_meter(&desk, 2, NFW_SOURCE_CJT188, WAY_LOW_FIRST, 300);
    start(&desk);
    run_s(&desk, POLL_S - 1);
    CHECK_INT(desk.n_asked, 1 + 2);
    desk.meter[2].way = WAY_HIGH_FIRST;
    run_s(&desk, POLL_S);
    CHECK_INT(desk.n_asked, 3 + NFW_POLLER_TRIES + 2);
    CHECK_INT(desk.n_news, 2);
    nfw_host_clear(&desk.host);
}

static void
test_never(const void *data)
{
    struct desk desk;
    unsigned channel;
    int32_t value;
    uint32_t wait;

    set_up(&desk);
    start(&desk);
    nfw_poller_step(&desk.poller, &desk.config, desk.stored, 0, &channel, &value, &wait);
    CHECK_INT(wait, UINT32_MAX);
    CHECK_INT(desk.host.line[NFW_LINE_METERS].speed_baud, 0);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, 100);
    desk.config.meters_poll_s = 0;
    start(&desk);
    run_s(&desk, 3600);
    CHECK_INT(desk.sent, 0);
    nfw_host_clear(&desk.host);
}

/* a register that shows something else every other time is never believed */
static void
test_misreading(const void *data)
{
    struct desk desk;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, 100);
    desk.meter[0].misread = 180;
    start(&desk);
    run_s(&desk, 5 * POLL_S);
    CHECK_INT(desk.n_news, 0);
    desk.meter[0].misread = 0;
    run_s(&desk, POLL_S);
    check_news(&desk, 0, NFW_POLLER_VALUE, 0, 100);
    nfw_host_clear(&desk.host);
}

/* more than a litre between any two answers: one that lies between others is believed */
static void
test_running(const void *data)
{
    struct desk desk;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, 1000);
    desk.meter[0].step = 3;
    start(&desk);
    run_s(&desk, POLL_S - 1);
    check_news(&desk, 0, NFW_POLLER_VALUE, 0, 1006);
    CHECK_INT(desk.n_news, 1);

    /* .. but not when it runs faster than it can, and not without knowing how fast that is */
    desk.meter[0].step = 100;
    run_s(&desk, POLL_S);
    CHECK_INT(desk.n_news, 1);
    desk.config.channel[0].max_flow = 0;
    desk.meter[0].step = 3;
    run_s(&desk, POLL_S);
    CHECK_INT(desk.n_news, 1);
    nfw_host_clear(&desk.host);
}

struct odd_case {
    const char *path;
    uint8_t max_flow;
    int32_t before;
    uint32_t after[4]; /* in polls one after the other */
    struct {
        enum nfw_poller_news news;
        int32_t value;
    } expected[5];
};

#define TAKEN(value)                                                                               \
    {                                                                                              \
        NFW_POLLER_VALUE, value                                                                    \
    }
#define ODD(value)                                                                                 \
    {                                                                                              \
        NFW_POLLER_ODD, value                                                                      \
    }

/* 600 s at 4 m3/h are 667 litres; what is granted on top is 20 */
static const struct odd_case odd_cases[] = {
    {"standing",
     4,
     5000,
     {5000, 5000, 5000, 5000},
     {TAKEN(5000), TAKEN(5000), TAKEN(5000), TAKEN(5000)}},
    {"as-fast-as-it-can",
     4,
     5000,
     {5660, 6320, 6980, 7640},
     {TAKEN(5660), TAKEN(6320), TAKEN(6980), TAKEN(7640)}},
    {"one-too-fast", 4, 5000, {5800, 5100, 5200, 5300}, {TAKEN(5100), TAKEN(5200), TAKEN(5300)}},
    {"two-too-fast", 4, 5000, {99999, 99999, 5200, 5300}, {TAKEN(5200), TAKEN(5300)}},
    {"three-too-fast", 4, 5000, {99999, 99999, 99999, 100000}, {ODD(99999), TAKEN(100000)}},
    {"one-backwards", 4, 5000, {4999, 5001, 5002, 5003}, {TAKEN(5001), TAKEN(5002), TAKEN(5003)}},
    {"exchanged", 4, 5000, {3, 4, 5, 6}, {ODD(5), TAKEN(6)}},
    {"exchanged-unchecked", 0, 5000, {3, 4, 5, 6}, {ODD(5), TAKEN(6)}},
    {"three-that-disagree", 4, 5000, {99999, 3, 77777, 5300}, {TAKEN(5300)}},
    {"odd-and-falling", 4, 5000, {99999, 99998, 99997, 99996}, {{0}}},
    {"any-jump-unchecked",
     0,
     5000,
     {9000000, 9000001, 9000002, 9000003},
     {TAKEN(9000000), TAKEN(9000001), TAKEN(9000002), TAKEN(9000003)}},
    {"roll-over",
     4,
     99999700,
     {100, 200, 300, 400},
     {TAKEN(100), TAKEN(200), TAKEN(300), TAKEN(400)}},
    {"roll-over-at-zero", 4, 99999999, {0, 1, 2, 3}, {TAKEN(0), TAKEN(1), TAKEN(2), TAKEN(3)}},
    {"roll-over-unchecked",
     0,
     99500000,
     {400000, 400001, 400002, 400003},
     {TAKEN(400000), TAKEN(400001), TAKEN(400002), TAKEN(400003)}},
    {"roll-over-too-far", 4, 99999700, {3000, 3001, 3002, 3003}, {ODD(3002), TAKEN(3003)}},
    {"roll-over-too-far-unchecked", 0, 98900000, {100, 101, 102, 103}, {ODD(102), TAKEN(103)}},
    {"no-register-so-small", 4, 99990, {10, 11, 12, 13}, {ODD(12), TAKEN(13)}},
    {"smallest-register",
     4,
     999990,
     {10, 11, 12, 13},
     {TAKEN(10), TAKEN(11), TAKEN(12), TAKEN(13)}},
};

static void
test_odd(const void *data)
{
    const struct odd_case *c = data;
    unsigned n = 0;
    struct desk desk;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, (uint32_t)c->before);
    desk.config.channel[0].max_flow = c->max_flow;
    start(&desk);
    run_s(&desk, POLL_S - 1);
    check_news(&desk, 0, NFW_POLLER_VALUE, 0, c->before);
    for (unsigned i = 0; i < 4; i++) {
        desk.meter[0].value = c->after[i];
        run_s(&desk, POLL_S);
    }
    while (n < 4 && c->expected[n].news != NFW_POLLER_NOTHING) {
        check_news(&desk, n + 1, c->expected[n].news, 0, c->expected[n].value);
        n++;
    }
    CHECK_INT(desk.n_news, n + 1);
    nfw_host_clear(&desk.host);
}

/* after a start: ahead by any amount, for nobody knows how long the power was off */
static void
test_start(const void *data)
{
    struct desk desk;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, 900000);
    add_meter(&desk, 2, NFW_SOURCE_MBUS, WAY_NORMAL, 4999);
    add_meter(&desk, 4, NFW_SOURCE_MBUS, WAY_NORMAL, 7);
    desk.stored[0] = 5000;
    desk.stored[2] = 5000;
    desk.stored[4] = 99999990;
    start(&desk);
    run_s(&desk, POLL_S - 1);
    check_news(&desk, 0, NFW_POLLER_VALUE, 0, 900000);
    check_news(&desk, 1, NFW_POLLER_VALUE, 4, 7);
    CHECK_INT(desk.n_news, 2);
    run_s(&desk, 2 * POLL_S);
    check_news(&desk, 3, NFW_POLLER_VALUE, 4, 7);
    check_news(&desk, 5, NFW_POLLER_ODD, 2, 4999);
    CHECK_INT(desk.n_news, 7);
    nfw_host_clear(&desk.host);
}

/* settings change: who is still the same keeps value and age, who is another one begins anew */
static void
test_start_again(const void *data)
{
    struct desk desk;
    nfw_ms good_at;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, 100);
    add_meter(&desk, 2, NFW_SOURCE_MBUS, WAY_NORMAL, 200);
    start(&desk);
    run_s(&desk, POLL_S / 2);
    CHECK_INT(desk.n_news, 2);
    good_at = desk.poller.meter[0].good_at;
    desk.config.channel[0].max_flow = 9;
    desk.config.channel[2].meter_number[1] ^= 1;
    start(&desk);
    CHECK(desk.poller.meter[0].has_value);
    CHECK_INT(desk.poller.meter[0].good_at, good_at);
    CHECK(!desk.poller.meter[2].has_value);
    /* in the middle of a dialogue */
    run_s(&desk, 1);
    start(&desk);
    run_s(&desk, POLL_S / 2);
    check_news(&desk, 2, NFW_POLLER_VALUE, 0, 100);
    check_news(&desk, 3, NFW_POLLER_VALUE, 2, 200);
    CHECK_INT(desk.n_news, 4);
    nfw_host_clear(&desk.host);
}

/* --- silence -------------------------------------------------------------------------------- */

static void
test_silence(const void *data)
{
    struct desk desk;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, 100);
    add_meter(&desk, 2, NFW_SOURCE_CJT188, WAY_SILENT, 100);
    start(&desk);
    run_s(&desk, POLL_S - 1);
    CHECK_INT(desk.n_news, 1);
    desk.meter[0].way = WAY_SILENT;
    run_s(&desk, 2 * POLL_S);
    CHECK_INT(desk.n_news, 1);
    CHECK(!desk.poller.meter[0].is_silent);
    run_s(&desk, 5 * POLL_S);
    check_news(&desk, 1, NFW_POLLER_SILENT, 0, 0);
    CHECK(desk.poller.meter[0].is_silent);
    /* told once; and one that never answered is no news */
    CHECK_INT(desk.n_news, 2);
    desk.meter[0].way = WAY_NORMAL;
    desk.meter[0].value = 130;
    run_s(&desk, POLL_S);
    check_news(&desk, 2, NFW_POLLER_BACK, 0, 0);
    check_news(&desk, 3, NFW_POLLER_VALUE, 0, 130);
    CHECK(!desk.poller.meter[0].is_silent);
    CHECK_INT(desk.n_news, 4);
    nfw_host_clear(&desk.host);
}

/* The counter comes round after 49.7 days: an age must not begin anew then. */
static void
test_age(const void *data)
{
    struct desk desk;
    uint32_t oldest = 0;

    set_up(&desk);
    desk.host.now_us = UINT64_C(4294900000) * US_PER_MS; /* a minute before it does */
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_NORMAL, 100);
    desk.config.meters_poll_s = 36000;
    start(&desk);
    run_s(&desk, 40000);
    CHECK_INT(desk.n_news, 2);
    desk.meter[0].way = WAY_SILENT;
    for (unsigned day = 0; day < 120; day++) {
        uint32_t age;

        run_s(&desk, 86400);
        age = nfw_port_now_ms() - desk.poller.meter[0].good_at;
        CHECK(age >= oldest);
        oldest = age < UINT32_C(0x80000000) ? age : UINT32_C(0x80000000);
    }
    CHECK(oldest >= UINT32_C(0x80000000));
    /* what flowed in the meantime is granted */
    desk.meter[0].way = WAY_NORMAL;
    desk.meter[0].value = 2000000;
    run_s(&desk, 40000);
    check_news(&desk, 2, NFW_POLLER_SILENT, 0, 0);
    check_news(&desk, 3, NFW_POLLER_BACK, 0, 0);
    check_news(&desk, 4, NFW_POLLER_VALUE, 0, 2000000);
    nfw_host_clear(&desk.host);
}

/* --- time ----------------------------------------------------------------------------------- */

struct timing_case {
    const char *path;
    uint8_t speed; /* index into nfw_speeds */
    uint32_t baud;
};

static const struct timing_case timing_cases[] = {{"300", 0, 300},
                                                  {"2400", 3, 2400},
                                                  {"9600", 5, 9600},
                                                  {"38400", 7, 38400}};

/* a dead meter is waited for as long as slow ones need, and the line rests in between */
static void
test_timing(const void *data)
{
    const struct timing_case *c = data;
    const uint32_t answer_ms = 330 * 1000 / c->baud + 50;
    struct desk desk;

    set_up(&desk);
    desk.config.meters_speed = c->speed;
    add_meter(&desk, 2, NFW_SOURCE_CJT188, WAY_SILENT, 100);
    start(&desk);
    run_s(&desk, 60);
    CHECK_INT(desk.host.line[NFW_LINE_METERS].speed_baud, c->baud);
    CHECK_INT(desk.host.line[NFW_LINE_METERS].parity, NFW_PARITY_EVEN);
    CHECK_INT(desk.n_asked, NFW_POLLER_TRIES + 1);
    for (unsigned i = 1; i < desk.n_asked; i++) {
        const uint32_t sending_ms = 19 * 11 * 1000 / c->baud;

        CHECK(desk.asked_at[i] - desk.asked_at[i - 1] > sending_ms + answer_ms + 2000);
        CHECK(desk.asked_at[i] - desk.asked_at[i - 1] < sending_ms + answer_ms + 2500);
    }
    nfw_host_clear(&desk.host);

    set_up(&desk);
    desk.config.meters_speed = c->speed;
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_LONG, 100);
    start(&desk);
    run_s(&desk, 120);
    check_news(&desk, 0, NFW_POLLER_VALUE, 0, 100);
    nfw_host_clear(&desk.host);
}

/* an answer that comes four seconds late is never taken for that of another meter */
static void
test_late(const void *data)
{
    struct desk desk;

    set_up(&desk);
    add_meter(&desk, 0, NFW_SOURCE_MBUS, WAY_LATE, 111);
    add_meter(&desk, 1, NFW_SOURCE_MBUS, WAY_NORMAL, 222);
    add_meter(&desk, 2, NFW_SOURCE_CJT188, WAY_LATE, 333);
    add_meter(&desk, 3, NFW_SOURCE_CJT188, WAY_NORMAL, 444);
    start(&desk);
    run_s(&desk, 10 * POLL_S - 1);
    for (unsigned i = 0; i < desk.n_news; i++) {
        static const int32_t values[] = {111, 222, 3330, 4440};

        if (desk.news[i].news == NFW_POLLER_VALUE)
            CHECK_INT(desk.news[i].value, values[desk.news[i].channel]);
        CHECK(desk.news[i].news != NFW_POLLER_ODD);
    }
    CHECK_INT(desk.poller.meter[1].value, 222);
    CHECK_INT(desk.poller.meter[3].value, 4440);
    nfw_host_clear(&desk.host);
}

#define RUN_TABLE(table, prefix, test)                                                             \
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {                                  \
        char path[96];                                                                             \
                                                                                                   \
        snprintf(path, sizeof path, "/poller/" prefix "%s", table[i].path);                        \
        nilo_test_run(path, test, &table[i]);                                                      \
    }

int
main(void)
{
    RUN_TABLE(way_cases, "way/", test_way)
    nilo_test_run("/poller/way/babble", test_babble, NULL);
    nilo_test_run("/poller/rounds", test_rounds, NULL);
    nilo_test_run("/poller/order", test_order, NULL);
    nilo_test_run("/poller/never", test_never, NULL);
    nilo_test_run("/poller/misreading", test_misreading, NULL);
    nilo_test_run("/poller/running", test_running, NULL);
    RUN_TABLE(odd_cases, "odd/", test_odd)
    nilo_test_run("/poller/start", test_start, NULL);
    nilo_test_run("/poller/start-again", test_start_again, NULL);
    nilo_test_run("/poller/silence", test_silence, NULL);
    nilo_test_run("/poller/age", test_age, NULL);
    RUN_TABLE(timing_cases, "timing/", test_timing)
    nilo_test_run("/poller/late", test_late, NULL);
    return nilo_test_finish();
}
