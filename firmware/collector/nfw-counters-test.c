/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-counters.h"
#include "nfw-eeprom.h"
#include "nfw-host.h"
#include "nfw-random.h"
#include "nilo-wire-crc.h"
#include "nilo-wire-test.h"

#define RECORD 64u
#define RING   (NFW_COUNTER_RECORDS * RECORD)

static uint8_t *
ring_of(struct nfw_host *host)
{
    return host->eeprom.cells + NFW_EEPROM_COUNTERS;
}

static void
make_values(struct nfw_counter_values *values, unsigned generation)
{
    memset(values, 0, sizeof *values);
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        values->count[i] = (int32_t)(generation * (i + 1u)) - (i == 7u ? 5000000 : 0);
        values->rejected[i] = (uint16_t)(generation + i);
    }
    values->time = 0x32000000u + generation;
    values->boots = (uint16_t)(generation / 3u);
}

static bool
are_same(const struct nfw_counter_values *one, const struct nfw_counter_values *other)
{
    return memcmp(one->count, other->count, sizeof one->count) == 0 &&
           memcmp(one->rejected, other->rejected, sizeof one->rejected) == 0 &&
           one->time == other->time && one->boots == other->boots;
}

static int
store(struct nfw_counters *counters, unsigned generation)
{
    struct nfw_counter_values values;

    make_values(&values, generation);
    return nfw_counters_store(counters, &values);
}

static bool
holds(const struct nfw_counters *counters, unsigned generation)
{
    struct nfw_counter_values values;

    make_values(&values, generation);
    return are_same(&counters->stored, &values);
}

/* Starts anew; what must be found is @generation. */
static void
check_start(unsigned generation)
{
    struct nfw_counters counters;

    CHECK_INT(nfw_counters_start(&counters), NFW_OK);
    CHECK(holds(&counters, generation));
}

/* @n generations from 1 on, in a board's empty EEPROM. */
static void
fill(struct nfw_counters *counters, unsigned n)
{
    CHECK_INT(nfw_counters_start(counters), NFW_ERR_NONE);
    for (unsigned generation = 1; generation <= n; generation++)
        CHECK_INT(store(counters, generation), NFW_OK);
}

/* Where the newest of @n generations stands: neighbours are half a ring apart. */
static uint32_t
place(unsigned n)
{
    return (n % 256u % 2u * 128u + n % 256u / 2u) * RECORD;
}

static void
test_empty(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    memset(ring_of(host), *(const uint8_t *)data, RING);
    CHECK_INT(nfw_counters_start(&counters), NFW_ERR_NONE);
    CHECK_INT(counters.sequence, 0);
    CHECK_INT(counters.torn, 0);
    CHECK_INT(counters.stored.count[0], 0);
    CHECK_INT(nfw_counters_get_wear(&counters), 0);
    CHECK_INT(store(&counters, 1), NFW_OK);
    CHECK_INT(counters.sequence, 1);
    CHECK_INT(nfw_counters_get_wear(&counters), 1);
    check_start(1);
    nfw_host_free(host);
}

static void
test_layout(const void *data)
{
    static const uint8_t expected[60] = {
        2,    0,    0,    0,                               /* sequence */
        2,    0,    0,    0x32,                            /* time */
        1,    0,    0xfe, 0xff,                            /* version, flags, boots */
        0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0, 0, 0x80, /* counts */
        0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0,    0, /* .. */
        0x40, 0xb4, 0xb3, 0xff,                                           /* -5000128 */
        0xff, 0xff, 1,    0,    0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0x39, 5, /* rejected */
    };
    struct nfw_host *host = nfw_host_new();
    struct nfw_counter_values values = {
        .count = {-1, 2, INT32_MIN, INT32_MAX, 0, 0, 0, -5000128},
        .rejected = {65535, 1, 0, 0, 0, 0, 0, 1337},
        .time = 0x32000002,
        .boots = 65534,
    };
    struct nfw_counters counters;
    const uint8_t *record = ring_of(host) + place(2);
    uint32_t crc;

    fill(&counters, 1);
    CHECK_INT(nfw_counters_store(&counters, &values), NFW_OK);
    CHECK(memcmp(record, expected, sizeof expected) == 0);
    crc = nilo_crc32c_update(NILO_CRC32C_START, record, 60);
    for (unsigned i = 0; i < 4u; i++)
        CHECK_INT(record[60u + i], crc >> (8u * i) & 0xffu);
    CHECK_INT(nfw_counters_start(&counters), NFW_OK);
    CHECK(are_same(&counters.stored, &values));
    nfw_host_free(host);
}

static void
test_newest_wins(const void *data)
{
    static const unsigned numbers[] = {1, 2, 3, 127, 128, 129, 254, 255, 256, 257, 511, 512, 1000};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct nfw_host *host = nfw_host_new();
        struct nfw_counters counters;

        fill(&counters, numbers[i]);
        check_start(numbers[i]);
        nfw_host_free(host);
    }
}

/* Not the largest count: somebody has set it back. */
static void
test_set_back(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 300);
    CHECK_INT(store(&counters, 7), NFW_OK);
    check_start(7);
    nfw_host_free(host);
}

/* Any damaged byte of the newest record: the one before it, and the next one goes over the damage.
 */
static void
test_newest_damaged(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 300);
    for (unsigned bit = 0; bit < RECORD * 8u; bit++) {
        uint8_t *byte = ring_of(host) + place(300) + bit / 8u;

        *byte ^= (uint8_t)(1u << bit % 8u);
        CHECK_INT(nfw_counters_start(&counters), NFW_OK);
        CHECK(holds(&counters, 299));
        /* one whose number seems to be an older one's is not missed */
        CHECK_INT(counters.torn, bit == 8 || bit == 31 ? 0 : 1);
        *byte ^= (uint8_t)(1u << bit % 8u);
    }
    ring_of(host)[place(300) + 20u] ^= 1u;
    CHECK_INT(nfw_counters_start(&counters), NFW_OK);
    CHECK_INT(store(&counters, 301), NFW_OK);
    CHECK_INT(nfw_counters_start(&counters), NFW_OK);
    CHECK_INT(counters.torn, 0);
    CHECK(holds(&counters, 301));
    nfw_host_free(host);
}

/* However many of the newest are damaged, the newest sound one is found. */
static void
test_many_damaged(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 600);
    for (unsigned n = 1; n < NFW_COUNTER_RECORDS; n++) {
        ring_of(host)[place(601u - n) + 30u] ^= 1u;
        if (n < 10u || n % 40u == 0u)
            check_start(600u - n);
    }
    check_start(345);
    ring_of(host)[place(345) + 30u] ^= 1u;
    CHECK_INT(nfw_counters_start(&counters), NFW_ERR_NONE);
    CHECK(counters.torn > 0);
    CHECK_INT(counters.stored.count[0], 0);
    CHECK_INT(store(&counters, 9), NFW_OK);
    check_start(9);
    nfw_host_free(host);
}

static void
test_noise(const void *data)
{
    uint32_t state = 0x1337;

    for (unsigned round = 0; round < 20u; round++) {
        struct nfw_host *host = nfw_host_new();
        struct nfw_counters counters;

        for (unsigned i = 0; i < RING; i++)
            ring_of(host)[i] = (uint8_t)nfw_random(&state);
        CHECK_INT(nfw_counters_start(&counters), NFW_ERR_NONE);
        CHECK(counters.torn > 0);
        CHECK(host->now_us < 620000u);
        CHECK_INT(store(&counters, 5), NFW_OK);
        check_start(5);
        nfw_host_free(host);
    }
}

static void
put32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4u; i++)
        bytes[i] = (uint8_t)(value >> (8u * i));
}

static void
seal(uint8_t *record)
{
    put32(record + 60, nilo_crc32c_update(NILO_CRC32C_START, record, 60));
}

static void
test_sequence_wraps(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;
    uint8_t *ring = ring_of(host);

    fill(&counters, 254);
    /* as after 2^32 - 512 more */
    for (unsigned n = 1; n < 255u; n++) {
        put32(ring + place(n), 0xfffffe00u + n);
        seal(ring + place(n));
    }
    check_start(254);
    CHECK_INT(nfw_counters_start(&counters), NFW_OK);
    for (unsigned n = 255; n < 1200u; n++) {
        CHECK_INT(store(&counters, n), NFW_OK);
        if (n > 500u && n < 530u)
            check_start(n);
    }
    CHECK(counters.sequence < 1000u);
    check_start(1199);
    nfw_host_free(host);
}

static void
test_newer_format(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_host *before = nfw_host_new();
    struct nfw_counters counters;
    uint8_t *newest;

    nfw_host = host;
    fill(&counters, 300);
    newest = ring_of(host) + place(300);
    newest[8] = 2;
    seal(newest);
    *before = *host;
    CHECK_INT(nfw_counters_start(&counters), NFW_ERR_REFUSED);
    CHECK_INT(counters.stored.count[0], 0);
    CHECK_INT(store(&counters, 1), NFW_ERR_REFUSED);
    CHECK_INT(counters.last_error, NFW_ERR_REFUSED);
    CHECK(memcmp(before->eeprom.cells, host->eeprom.cells, NFW_EEPROM_SIZE) == 0);
    nfw_host_free(before);
    nfw_host_free(host);
}

/* Older records of another format do not matter. */
static void
test_older_are_newer_format(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 300);
    ring_of(host)[place(299) + 8u] = 2;
    seal(ring_of(host) + place(299));
    check_start(300);
    nfw_host_free(host);
}

static void
test_slot_passed_over(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 300);
    host->eeprom.stuck_at = NFW_EEPROM_COUNTERS + place(301) + 12u;
    host->eeprom.stuck_size = 4;
    CHECK_INT(store(&counters, 301), NFW_OK);
    CHECK_INT(counters.sequence, 302);
    check_start(301);
    nfw_host_free(host);
}

/* So many that one storing gives up: the next one goes on behind them. */
static void
test_slots_passed_over(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 300);
    host->eeprom.lose_writes = 4;
    CHECK_INT(store(&counters, 301), NFW_ERR_VERIFY);
    CHECK_INT(counters.last_error, NFW_ERR_VERIFY);
    CHECK(holds(&counters, 300));
    check_start(300);
    CHECK_INT(store(&counters, 302), NFW_OK);
    CHECK_INT(counters.last_error, NFW_OK);
    CHECK_INT(counters.sequence, 305);
    check_start(302);
    nfw_host_free(host);
}

/* A part that fails for ever, or destroys what is written: what is stored stays, however often it
 * is tried. */
static void
test_nothing_can_be_stored(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 300);
    host->eeprom.is_protected = !*(const bool *)data;
    host->eeprom.is_weak = *(const bool *)data;
    for (unsigned i = 301; i < 700u; i++)
        CHECK_INT(store(&counters, i), NFW_ERR_VERIFY);
    CHECK(holds(&counters, 300));
    host->eeprom.is_protected = false;
    host->eeprom.is_weak = false;
    check_start(300);
    CHECK_INT(store(&counters, 700), NFW_OK);
    check_start(700);
    nfw_host_free(host);
}

static void
test_absent_at_start(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 300);
    host->eeprom.is_absent = true;
    CHECK_INT(nfw_counters_start(&counters), NFW_ERR_NACK);
    host->eeprom.is_absent = false;
    /* less than what had been reported must not become the newest */
    CHECK_INT(store(&counters, 1), NFW_ERR_REFUSED);
    check_start(300);
    nfw_host_free(host);
}

static void
test_absent_later(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;

    fill(&counters, 3);
    host->eeprom.is_absent = true;
    CHECK_INT(store(&counters, 4), NFW_ERR_NACK);
    CHECK(holds(&counters, 3));
    host->eeprom.is_absent = false;
    CHECK_INT(store(&counters, 5), NFW_OK);
    CHECK_INT(counters.sequence, 4);
    check_start(5);
    nfw_host_free(host);
}

/* Whichever bit flips on the wire while starting, the newest record is found. */
static void
test_flipped_on_wire(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;
    uint64_t start;

    fill(&counters, 300);
    start = host->eeprom.read_bytes;
    check_start(300);
    for (uint64_t n = host->eeprom.read_bytes - start, at = 0; at < n; at++) {
        host->eeprom.flip_at_byte = host->eeprom.read_bytes + at;
        check_start(300);
    }
    /* and what is stored is what was to be */
    for (unsigned at = 0; at < 2u * RECORD; at++) {
        CHECK_INT(nfw_counters_start(&counters), NFW_OK);
        host->eeprom.flip_at_byte = host->eeprom.read_bytes + at;
        CHECK_INT(store(&counters, 301u + at), NFW_OK);
        check_start(301u + at);
    }
    nfw_host_free(host);
}

static void
store_and_cut(struct nfw_host *host, struct nfw_counters *counters, unsigned generation)
{
    jmp_buf cut;

    host->cut = &cut;
    if (setjmp(cut) == 0) {
        (void)store(counters, generation);
        CHECK(!"the power did not go");
    }
    nfw_host_restart(host, false);
}

static void
test_cut(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_host *before = nfw_host_new();
    struct nfw_counters counters;
    unsigned cuts = 0, kept = 0;

    nfw_host = host;
    fill(&counters, 299);
    /* in the slots 299, 300 and 301 take, and all around the ring once */
    for (unsigned n = 299; n < 299u + 260u; n++) {
        *before = *host;
        for (unsigned i = 0; i < RECORD * NFW_HOST_TEARS; i += n < 302u ? 1u : 37u) {
            *host = *before;
            host->eeprom.tear = (enum nfw_host_tear)(i / RECORD);
            host->eeprom.cut_at_byte = host->eeprom.written_bytes + i % RECORD;
            store_and_cut(host, &counters, n + 1u);
            cuts++;
            CHECK_INT(nfw_counters_start(&counters), NFW_OK);
            CHECK(holds(&counters, n) || holds(&counters, n + 1u));
            kept += holds(&counters, n);
            CHECK(counters.torn <= 1u + (host->eeprom.tear == NFW_HOST_TEAR_PAGE));
        }
        *host = *before;
        CHECK_INT(nfw_counters_start(&counters), NFW_OK);
        CHECK_INT(store(&counters, n + 1u), NFW_OK);
    }
    printf("# %u cuts: the values before after %u of them, the new ones after %u\n", cuts, kept,
           cuts - kept);
    nfw_host_free(before);
    nfw_host_free(host);
}

static void
test_wear(const void *data)
{
    const unsigned stores = *(const unsigned *)data;
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;
    uint32_t least = UINT32_MAX, most = 0;

    CHECK_INT(nfw_counters_start(&counters), NFW_ERR_NONE);
    for (unsigned i = 1; i <= stores; i++)
        (void)store(&counters, i);
    CHECK_INT(counters.sequence, stores);
    for (unsigned i = 0; i < NFW_COUNTER_RECORDS; i++) {
        const uint32_t wear = host->eeprom.wear[NFW_EEPROM_COUNTERS / RECORD + i];

        least = wear < least ? wear : least;
        most = wear > most ? wear : most;
    }
    printf("# %u stores: each page written %u to %u times\n", stores, least, most);
    CHECK(most - least <= 1u);
    CHECK_INT(nfw_counters_get_wear(&counters), most);
    check_start(stores);
    nfw_host_free(host);
}

static void
test_start_time(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_counters counters;
    uint64_t start_us;

    fill(&counters, 600);
    start_us = host->now_us;
    check_start(600);
    printf("# the start takes %u us", (unsigned)(host->now_us - start_us));
    CHECK(host->now_us - start_us < 70000u);
    ring_of(host)[place(600) + 30u] ^= 1u;
    start_us = host->now_us;
    check_start(599);
    printf(", %u us with the newest record torn", (unsigned)(host->now_us - start_us));
    for (unsigned n = 345; n < 600u; n++)
        ring_of(host)[place(n) + 31u] ^= 1u;
    start_us = host->now_us;
    CHECK_INT(nfw_counters_start(&counters), NFW_ERR_NONE);
    printf(", %u us with all of them\n", (unsigned)(host->now_us - start_us));
    nfw_host_free(host);
}

int
main(void)
{
    static const uint8_t empty[] = {0x00, 0xff};
    static const bool is_weak[] = {false, true};
    static const unsigned stores = 1000000;

    nilo_test_run("/nfw/counters/empty/00", test_empty, &empty[0]);
    nilo_test_run("/nfw/counters/empty/ff", test_empty, &empty[1]);
    nilo_test_run("/nfw/counters/layout", test_layout, NULL);
    nilo_test_run("/nfw/counters/newest-wins", test_newest_wins, NULL);
    nilo_test_run("/nfw/counters/set-back", test_set_back, NULL);
    nilo_test_run("/nfw/counters/newest-damaged", test_newest_damaged, NULL);
    nilo_test_run("/nfw/counters/many-damaged", test_many_damaged, NULL);
    nilo_test_run("/nfw/counters/noise", test_noise, NULL);
    nilo_test_run("/nfw/counters/sequence-wraps", test_sequence_wraps, NULL);
    nilo_test_run("/nfw/counters/newer-format", test_newer_format, NULL);
    nilo_test_run("/nfw/counters/older-are-newer-format", test_older_are_newer_format, NULL);
    nilo_test_run("/nfw/counters/slot-passed-over", test_slot_passed_over, NULL);
    nilo_test_run("/nfw/counters/slots-passed-over", test_slots_passed_over, NULL);
    nilo_test_run("/nfw/counters/every-write-lost", test_nothing_can_be_stored, &is_weak[0]);
    nilo_test_run("/nfw/counters/every-write-destroys", test_nothing_can_be_stored, &is_weak[1]);
    nilo_test_run("/nfw/counters/absent-at-start", test_absent_at_start, NULL);
    nilo_test_run("/nfw/counters/absent-later", test_absent_later, NULL);
    nilo_test_run("/nfw/counters/flipped-on-wire", test_flipped_on_wire, NULL);
    nilo_test_run("/nfw/counters/cut", test_cut, NULL);
    nilo_test_run("/nfw/counters/wear", test_wear, &stores);
    nilo_test_run("/nfw/counters/start-time", test_start_time, NULL);
    return nilo_test_finish();
}
