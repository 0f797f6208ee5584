/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-eeprom.h"
#include "nfw-event.h"
#include "nfw-host.h"
#include "nilo-wire-crc.h"
#include "nilo-wire-test.h"

#define RECORD 16u
#define LOG    (NFW_EVENTS * RECORD)

static uint8_t *
log_of(struct nfw_host *host)
{
    return host->eeprom.cells + NFW_EEPROM_EVENTS;
}

static int
add(struct nfw_events *events, uint32_t n)
{
    return nfw_events_add(events, NFW_EVENT_COUNT_SET, n % 9u, 0x31000000u + n, n);
}

static void
fill(struct nfw_events *events, uint32_t n)
{
    nfw_events_start(events);
    CHECK_INT(events->held, 0);
    for (uint32_t i = 0; i < n; i++)
        CHECK_INT(add(events, i), NFW_OK);
}

static bool
is_event(const struct nfw_events *events, unsigned back, uint32_t n)
{
    struct nfw_event event;

    return nfw_events_get(events, back, &event) == NFW_OK && event.sequence == (uint16_t)n &&
           event.code == NFW_EVENT_COUNT_SET && event.channel == n % 9u &&
           event.time == 0x31000000u + n && event.argument == n;
}

/* That all from the newest, @newest, back to @oldest can be read, and no more. */
static void
check_log(const struct nfw_events *events, uint32_t oldest, uint32_t newest)
{
    struct nfw_event event;

    CHECK_INT(events->next, (uint16_t)(newest + 1u));
    for (unsigned back = 0; back <= newest - oldest; back++)
        CHECK(is_event(events, back, newest - back));
    CHECK_INT(nfw_events_get(events, newest - oldest + 1u, &event), NFW_ERR_NONE);
}

static void
test_empty(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;
    struct nfw_event event;

    memset(log_of(host), *(const uint8_t *)data, LOG);
    nfw_events_start(&events);
    CHECK_INT(events.next, 0);
    CHECK_INT(nfw_events_get(&events, 0, &event), NFW_ERR_NONE);
    CHECK_INT(add(&events, 0), NFW_OK);
    check_log(&events, 0, 0);
    nfw_events_start(&events);
    check_log(&events, 0, 0);
    nfw_host_free(host);
}

static void
test_layout(const void *data)
{
    static const uint8_t expected[12] = {0,    0,    4,    0x18, 0x44, 0x33,
                                         0x22, 0x31, 0xfe, 0xff, 0xff, 0xff};
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;
    uint32_t crc;

    fill(&events, 0);
    CHECK_INT(nfw_events_add(&events, NFW_EVENT_COUNT_SET, NFW_CHANNEL_SELF, 0x31223344,
                             (uint32_t)-2),
              NFW_OK);
    CHECK(memcmp(log_of(host), expected, sizeof expected) == 0);
    crc = nilo_crc32c_update(NILO_CRC32C_START, expected, sizeof expected);
    for (unsigned i = 0; i < 4u; i++)
        CHECK_INT(log_of(host)[12u + i], crc >> (8u * i) & 0xffu);
    nfw_host_free(host);
}

static void
test_newest(const void *data)
{
    static const uint32_t numbers[] = {1, 2, 100, 191, 192, 193, 383, 384, 385, 1000};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct nfw_host *host = nfw_host_new();
        struct nfw_events events;
        const uint32_t oldest = numbers[i] < NFW_EVENTS ? 0 : numbers[i] - NFW_EVENTS;

        fill(&events, numbers[i]);
        check_log(&events, oldest, numbers[i] - 1u);
        memset(&events, 0xee, sizeof events);
        nfw_events_start(&events);
        check_log(&events, oldest, numbers[i] - 1u);
        nfw_host_free(host);
    }
}

/* Sequences have 16 bits, and 65536 is no multiple of the slots. */
static void
test_sequence_wraps(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;

    nfw_events_start(&events);
    events.next = 65400;
    for (uint32_t n = 65400; n < 66000u; n++) {
        CHECK_INT(add(&events, n), NFW_OK);
        if (n % 10u == 0) {
            nfw_events_start(&events);
            check_log(&events, n < 65400u + NFW_EVENTS ? 65400 : n - NFW_EVENTS + 1u, n);
        }
    }
    nfw_host_free(host);
}

static void
test_newest_damaged(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;

    fill(&events, 200);
    for (unsigned bit = 0; bit < RECORD * 8u; bit++) {
        uint8_t *byte = log_of(host) + 7u * RECORD + bit / 8u;

        *byte ^= (uint8_t)(1u << bit % 8u);
        nfw_events_start(&events);
        CHECK_INT(events.next, 199);
        CHECK(is_event(&events, 0, 198));
        *byte ^= (uint8_t)(1u << bit % 8u);
    }
    nfw_host_free(host);
}

static void
test_one_damaged(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;
    struct nfw_event event;

    fill(&events, 200);
    log_of(host)[5u * RECORD + 9u] ^= 1u;
    nfw_events_start(&events);
    CHECK(is_event(&events, 1, 198));
    CHECK_INT(nfw_events_get(&events, 2, &event), NFW_ERR_NONE);
    CHECK(is_event(&events, 3, 196));
    nfw_host_free(host);
}

static void
test_newer_format(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;
    struct nfw_event event;
    uint8_t *newest = log_of(host) + 9u * RECORD;
    uint32_t crc;

    fill(&events, 10);
    newest[3] = 0x20;
    crc = nilo_crc32c_update(NILO_CRC32C_START, newest, 12);
    for (unsigned i = 0; i < 4u; i++)
        newest[12u + i] = (uint8_t)(crc >> (8u * i));
    nfw_events_start(&events);
    CHECK_INT(nfw_events_get(&events, 0, &event), NFW_ERR_NONE);
    CHECK(is_event(&events, 1, 8));
    /* the log goes on behind it */
    CHECK_INT(add(&events, 10), NFW_OK);
    CHECK(is_event(&events, 0, 10));
    nfw_host_free(host);
}

static void
test_noise(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;
    struct nfw_event event;
    uint32_t state = 77;

    for (unsigned i = 0; i < LOG; i++) {
        state = state * 1664525u + 1013904223u;
        log_of(host)[i] = (uint8_t)(state >> 24);
    }
    nfw_events_start(&events);
    CHECK(host->now_us < 300000u);
    for (unsigned back = 0; back <= NFW_EVENTS; back++)
        CHECK_INT(nfw_events_get(&events, back, &event), NFW_ERR_NONE);
    for (uint32_t n = 0; n < 200u; n++)
        CHECK_INT(add(&events, n), NFW_OK);
    nfw_events_start(&events);
    check_log(&events, 8, 199);
    nfw_host_free(host);
}

static void
test_dead_slot(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;
    struct nfw_event event;

    fill(&events, 10);
    host->eeprom.stuck_at = NFW_EEPROM_EVENTS + 10u * RECORD;
    host->eeprom.stuck_size = RECORD;
    CHECK_INT(add(&events, 11), NFW_OK);
    CHECK(is_event(&events, 0, 11));
    CHECK_INT(nfw_events_get(&events, 1, &event), NFW_ERR_NONE);
    CHECK(is_event(&events, 2, 9));
    nfw_events_start(&events);
    CHECK(is_event(&events, 0, 11));
    CHECK(is_event(&events, 2, 9));

    host->eeprom.is_protected = true;
    CHECK_INT(add(&events, 12), NFW_ERR_VERIFY);
    host->eeprom.is_protected = false;
    host->eeprom.is_absent = true;
    CHECK_INT(add(&events, 12), NFW_ERR_NACK);
    CHECK_INT(nfw_events_get(&events, 0, &event), NFW_ERR_NACK);
    nfw_host_free(host);
}

/* A log that could not be read at the start is found later, and not begun anew. */
static void
test_absent_at_start(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;

    fill(&events, 10);
    host->eeprom.is_absent = true;
    nfw_events_start(&events);
    CHECK_INT(events.held, 0);
    CHECK(add(&events, 10) != NFW_OK);
    host->eeprom.is_absent = false;
    CHECK_INT(add(&events, 10), NFW_OK);
    check_log(&events, 0, 10);
    nfw_host_free(host);
}

static void
add_and_cut(struct nfw_host *host, struct nfw_events *events, uint32_t n)
{
    jmp_buf cut;

    host->cut = &cut;
    if (setjmp(cut) == 0) {
        (void)add(events, n);
        CHECK(!"the power did not go");
    }
    nfw_host_restart(host, false);
}

/* At most the event that was being written is missing; with a part that refreshes pages, also
 * others of that page. */
static void
test_cut(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_host *before = nfw_host_new();
    struct nfw_events events;
    unsigned cuts = 0, missing = 0;

    nfw_host = host;
    fill(&events, 150);
    for (uint32_t n = 150; n < 400u; n++) {
        *before = *host;
        for (unsigned i = 0; i < RECORD * NFW_HOST_TEARS; i += n % 16u == 0 ? 1u : 7u) {
            const uint32_t oldest = n + 1u < NFW_EVENTS ? 0 : n + 1u - NFW_EVENTS;

            *host = *before;
            nfw_events_start(&events);
            host->eeprom.tear = (enum nfw_host_tear)(i / RECORD);
            host->eeprom.cut_at_byte = host->eeprom.written_bytes + i % RECORD;
            add_and_cut(host, &events, n);
            cuts++;
            nfw_events_start(&events);
            missing += events.next == n;
            if (host->eeprom.tear != NFW_HOST_TEAR_PAGE) {
                CHECK(events.next == n || events.next == n + 1u);
                for (unsigned back = 0; back < events.next - oldest; back++)
                    CHECK(is_event(&events, back, events.next - 1u - back));
            }
            CHECK_INT(add(&events, events.next), NFW_OK);
            CHECK(is_event(&events, 0, events.next - 1u));
        }
        *host = *before;
        nfw_events_start(&events);
        CHECK_INT(add(&events, n), NFW_OK);
    }
    printf("# %u cuts: the event that was being written is missing after %u of them\n", cuts,
           missing);
    nfw_host_free(before);
    nfw_host_free(host);
}

static void
test_start_time(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_events events;
    uint64_t start_us;

    fill(&events, 500);
    start_us = host->now_us;
    nfw_events_start(&events);
    printf("# the start takes %u us\n", (unsigned)(host->now_us - start_us));
    CHECK(host->now_us - start_us < 50000u);
    nfw_host_free(host);
}

int
main(void)
{
    static const uint8_t empty[] = {0x00, 0xff};

    nilo_test_run("/nfw/event/empty/00", test_empty, &empty[0]);
    nilo_test_run("/nfw/event/empty/ff", test_empty, &empty[1]);
    nilo_test_run("/nfw/event/layout", test_layout, NULL);
    nilo_test_run("/nfw/event/newest", test_newest, NULL);
    nilo_test_run("/nfw/event/sequence-wraps", test_sequence_wraps, NULL);
    nilo_test_run("/nfw/event/newest-damaged", test_newest_damaged, NULL);
    nilo_test_run("/nfw/event/one-damaged", test_one_damaged, NULL);
    nilo_test_run("/nfw/event/newer-format", test_newer_format, NULL);
    nilo_test_run("/nfw/event/noise", test_noise, NULL);
    nilo_test_run("/nfw/event/dead-slot", test_dead_slot, NULL);
    nilo_test_run("/nfw/event/absent-at-start", test_absent_at_start, NULL);
    nilo_test_run("/nfw/event/cut", test_cut, NULL);
    nilo_test_run("/nfw/event/start-time", test_start_time, NULL);
    return nilo_test_finish();
}
