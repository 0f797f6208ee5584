/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-config.h"
#include "nfw-eeprom.h"
#include "nfw-host.h"
#include "nilo-wire-crc.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

#define BOARD_NUMBER 0x60000010u
#define COPY_SIZE    512u

/* --- factory settings ----------------------------------------------------------------------- */

static void
test_defaults(const void *data)
{
    static const uint8_t third[NFW_NUMBER_SIZE] = {0x13, 0x00, 0x00, 0x60, 0, 0, 0};
    struct nfw_config config;

    nfw_config_set_defaults(&config, BOARD_NUMBER + 7u);
    CHECK(nfw_config_is_valid(&config));
    CHECK_INT(config.board_number, BOARD_NUMBER);
    CHECK(memcmp(config.channel[2].number, third, sizeof third) == 0);
    CHECK_INT(config.channel[7].pin, 7);
    CHECK_INT(config.channel[7].source, NFW_SOURCE_PULSE);
    CHECK_INT(config.channel[0].ml_per_count, 10000);
    CHECK_INT(nfw_speeds[config.speed], 2400);
    CHECK_INT(config.parity, NFW_PARITY_EVEN);
    CHECK_INT(config.protocols, NFW_PROTOCOL_CJT188 | NFW_PROTOCOL_MBUS);
}

/* --- what is valid -------------------------------------------------------------------------- */

/* Beside the factory settings, which @c points to: what is changed, and whether that is valid. */
#define RULES(X)                                                                                   \
    X("source/none-such", false, c->channel[1].source = 5)                                         \
    X("source/off", true, c->channel[1].source = NFW_SOURCE_OFF)                                   \
    X("pin/last", true, c->channel[1].pin = 14)                                                    \
    X("pin/cover", false, c->channel[1].pin = NFW_PIN_COVER)                                       \
    X("pin/beyond", false, c->channel[1].pin = 16)                                                 \
    X("pin/missing", false, c->channel[1].pin = NFW_PIN_NONE)                                      \
    X("pin/not-needed", true, make_read(c, NFW_SOURCE_MBUS); c->channel[1].pin = NFW_PIN_NONE)     \
    X("pin/of-another", false, c->channel[1].pin = 0)                                              \
    X("pin/of-one-that-is-off", true, c->channel[0].source = NFW_SOURCE_OFF;                       \
      c->channel[1].pin = 0)                                                                       \
    X("pin/of-one-that-is-read", true, make_read(c, NFW_SOURCE_MBUS); c->channel[2].pin = 1)       \
    X("pin-second/beyond", false, c->channel[1].pin_second = 16)                                   \
    X("pin-second/cover", false, c->channel[1].pin_second = NFW_PIN_COVER)                         \
    X("pin-second/dual", true, c->channel[1].source = NFW_SOURCE_DUAL;                             \
      c->channel[1].pin_second = 8)                                                                \
    X("pin-second/missing", false, c->channel[1].source = NFW_SOURCE_DUAL)                         \
    X("pin-second/is-the-first", false, c->channel[1].source = NFW_SOURCE_DUAL;                    \
      c->channel[1].pin_second = 1)                                                                \
    X("pin-second/of-another", false, c->channel[1].source = NFW_SOURCE_DUAL;                      \
      c->channel[1].pin_second = 7)                                                                \
    X("pin-second/not-in-use-yet", true, c->channel[1].pin_second = 7)                             \
    X("pin-loop/one", true, c->channel[1].pin_loop = 9)                                            \
    X("pin-loop/beyond", false, c->channel[1].pin_loop = 20)                                       \
    X("pin-loop/cover", false, c->channel[1].pin_loop = NFW_PIN_COVER)                             \
    X("pin-loop/is-the-contact", false, c->channel[1].pin_loop = 1)                                \
    X("pin-loop/of-another-loop", false, c->channel[1].pin_loop = 9; c->channel[2].pin_loop = 9)   \
    X("min-closed/0", false, c->channel[3].min_closed_ms = 0)                                      \
    X("min-closed/least", true, c->channel[3].min_closed_ms = 1)                                   \
    X("min-closed/most", true, c->channel[3].min_closed_ms = 10000)                                \
    X("min-closed/beyond", false, c->channel[3].min_closed_ms = 10001)                             \
    X("min-open/0", false, c->channel[3].min_open_ms = 0)                                          \
    X("min-open/most", true, c->channel[3].min_open_ms = 10000)                                    \
    X("min-open/beyond", false, c->channel[3].min_open_ms = 10001)                                 \
    X("ml-per-count/0", false, c->channel[3].ml_per_count = 0)                                     \
    X("ml-per-count/least", true, c->channel[3].ml_per_count = 1)                                  \
    X("ml-per-count/most", true, c->channel[3].ml_per_count = 10000000)                            \
    X("ml-per-count/beyond", false, c->channel[3].ml_per_count = 10000001)                         \
    X("ml-per-count/of-a-read-meter", false, make_read(c, NFW_SOURCE_CJT188);                      \
      c->channel[1].ml_per_count = 999)                                                            \
    X("number/no-digit", false, c->channel[3].number[6] = 0x0a)                                    \
    X("number/14-digits", true, memset(c->channel[3].number, 0x99, NFW_NUMBER_SIZE))               \
    X("number/of-another", false, c->channel[3].number[0] = 0x11)                                  \
    X("number/last-8-of-another", false, c->channel[3].number[0] = 0x11;                           \
      c->channel[3].number[6] = 0x12)                                                              \
    X("number/of-one-that-is-off", true, c->channel[0].source = NFW_SOURCE_OFF;                    \
      c->channel[3].number[0] = 0x11)                                                              \
    X("number/of-the-collector", false, c->channel[3].number[0] = 0x10)                            \
    X("number/off-like-the-collector", true, c->channel[3].source = NFW_SOURCE_OFF;                \
      c->channel[3].number[0] = 0x10)                                                              \
    X("primary/most", true, c->channel[3].primary = 250)                                           \
    X("primary/beyond", false, c->channel[3].primary = 251)                                        \
    X("primary/of-another", false, c->channel[3].primary = 5; c->channel[4].primary = 5)           \
    X("primary/0-is-nobodys", true, c->channel[3].primary = 0; c->channel[4].primary = 0)          \
    X("primary/of-the-collector", false, c->channel[3].primary = 5; c->primary = 5)                \
    X("type/least", true, c->channel[3].type = 0x10)                                               \
    X("type/below", false, c->channel[3].type = 0x0f)                                              \
    X("type/most", true, c->channel[3].type = 0x49)                                                \
    X("type/beyond", false, c->channel[3].type = 0x4a)                                             \
    X("meter-number/mbus", true, make_read(c, NFW_SOURCE_MBUS))                                    \
    X("meter-number/mbus-any-digit", true, make_read(c, NFW_SOURCE_MBUS);                          \
      c->channel[1].meter_number[3] = 0x1f)                                                        \
    X("meter-number/mbus-no-digit", false, make_read(c, NFW_SOURCE_MBUS);                          \
      c->channel[1].meter_number[3] = 0xb0)                                                        \
    X("meter-number/mbus-manufacturer", true, make_read(c, NFW_SOURCE_MBUS);                       \
      c->channel[1].meter_number[4] = 0xae)                                                        \
    X("meter-number/cjt188", true, make_read(c, NFW_SOURCE_CJT188))                                \
    X("meter-number/cjt188-anybody", true, make_read(c, NFW_SOURCE_CJT188);                        \
      memset(c->channel[1].meter_number, 0xaa, NFW_NUMBER_SIZE))                                   \
    X("meter-number/cjt188-no-digit", false, make_read(c, NFW_SOURCE_CJT188);                      \
      c->channel[1].meter_number[4] = 0xaa)                                                        \
    X("meter-number/not-in-use", true, c->channel[1].meter_number[0] = 0xde)                       \
    X("board/number-no-digit", false, c->board_number = 0x6000001cu)                               \
    X("board/primary-beyond", false, c->primary = 251)                                             \
    X("board/one-protocol", true, c->protocols = NFW_PROTOCOL_MBUS)                                \
    X("board/deaf", false, c->protocols = 0)                                                       \
    X("board/no-such-protocol", false, c->protocols = 4)                                           \
    X("board/parity", false, c->parity = 2)                                                        \
    X("board/speed-most", true, c->speed = 7)                                                      \
    X("board/speed-beyond", false, c->speed = 8)                                                   \
    X("board/meters-speed-beyond", false, c->meters_speed = 8)                                     \
    X("board/meters-poll", true, c->meters_poll_s = 65535)                                         \
    X("board/battery-low-most", true, c->battery_low_mv = 5000)                                    \
    X("board/battery-low-beyond", false, c->battery_low_mv = 5001)                                 \
    X("board/battery-stop-most", true, c->battery_stop_mv = 3300)                                  \
    X("board/battery-stop-beyond", false, c->battery_stop_mv = 3301)

static void
make_read(struct nfw_config *config, enum nfw_source source)
{
    config->channel[1].source = (uint8_t)source;
    config->channel[1].ml_per_count = 1000;
}

struct rule {
    const char *path;
    bool is_valid;
};

static void
change(unsigned index, struct nfw_config *c)
{
    unsigned i = 0;

#define X(path, is_valid, ...)                                                                     \
    if (i++ == index) {                                                                            \
        __VA_ARGS__;                                                                               \
        return;                                                                                    \
    }
    RULES(X)
#undef X
}

static const struct rule rules[] = {
#define X(path, is_valid, ...) {"/nfw/config/valid/" path, is_valid},
    RULES(X)
#undef X
};

static void
test_rule(const void *data)
{
    const struct rule *rule = data;
    struct nfw_host *host = nfw_host_new();
    struct nfw_config config;

    nfw_config_set_defaults(&config, BOARD_NUMBER);
    change((unsigned)(rule - rules), &config);
    CHECK_INT(nfw_config_is_valid(&config), rule->is_valid);
    CHECK_INT(nfw_config_save(&config), rule->is_valid ? NFW_OK : NFW_ERR_RANGE);
    CHECK(rule->is_valid || host->eeprom.write_cycles == 0);
    nfw_host_free(host);
}

/* --- two copies ----------------------------------------------------------------------------- */

static void
make_settings(struct nfw_config *config, unsigned generation)
{
    nfw_config_set_defaults(config, BOARD_NUMBER);
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        struct nfw_channel_config *channel = &config->channel[i];

        channel->min_closed_ms = (uint16_t)(20u + generation);
        channel->min_open_ms = (uint16_t)(0x0203u + generation);
        channel->pin_second = 14;
        channel->number[6] = (uint8_t)(generation % 10u << 4 | i);
        channel->primary = (uint8_t)(100u + i);
        channel->type = (uint8_t)(0x10u + i);
        channel->offset_ml = INT64_C(-0x123456789a) * (int64_t)(i + generation);
        channel->since = 0x31000000u + generation;
        channel->meter_number[5] = (uint8_t)(i + 1u);
        channel->max_flow = (uint8_t)(generation + i);
    }
    config->channel[1].source = NFW_SOURCE_MBUS;
    config->channel[1].ml_per_count = 1000;
    config->primary = 99;
    config->protocols = NFW_PROTOCOL_MBUS;
    config->parity = NFW_PARITY_NONE;
    config->speed = 5;
    config->meters_poll_s = (uint16_t)(0x0405u + generation);
    config->meters_speed = 1;
    config->battery_low_mv = 0x0b00;
    config->battery_stop_mv = 0x0a00;
}

static bool
are_same(const struct nfw_config *one, const struct nfw_config *other)
{
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        const struct nfw_channel_config *a = &one->channel[i];
        const struct nfw_channel_config *b = &other->channel[i];

        if (a->source != b->source || a->pin != b->pin || a->pin_second != b->pin_second ||
            a->pin_loop != b->pin_loop || a->min_closed_ms != b->min_closed_ms ||
            a->min_open_ms != b->min_open_ms || a->ml_per_count != b->ml_per_count ||
            memcmp(a->number, b->number, NFW_NUMBER_SIZE) != 0 || a->primary != b->primary ||
            a->type != b->type || a->offset_ml != b->offset_ml || a->since != b->since ||
            memcmp(a->meter_number, b->meter_number, NFW_NUMBER_SIZE) != 0 ||
            a->max_flow != b->max_flow)
            return false;
    }
    return one->board_number == other->board_number && one->primary == other->primary &&
           one->protocols == other->protocols && one->parity == other->parity &&
           one->speed == other->speed && one->meters_poll_s == other->meters_poll_s &&
           one->meters_speed == other->meters_speed &&
           one->battery_low_mv == other->battery_low_mv &&
           one->battery_stop_mv == other->battery_stop_mv;
}

/* Loads; checks what comes and what is said to be lost. */
static void
check_load(int result, unsigned lost, const struct nfw_config *expected)
{
    struct nfw_config found;
    uint8_t found_lost;

    memset(&found, 0xee, sizeof found);
    CHECK_INT(nfw_config_load(&found, BOARD_NUMBER, &found_lost), result);
    CHECK_INT(found_lost, lost);
    CHECK(are_same(&found, expected));
}

static void
save_generations(unsigned first, unsigned last)
{
    struct nfw_config config;

    for (unsigned generation = first; generation <= last; generation++) {
        make_settings(&config, generation);
        CHECK_INT(nfw_config_save(&config), NFW_OK);
    }
}

static void
test_never_written(const void *data)
{
    const uint8_t *fill = data;
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected;

    nfw_config_set_defaults(&expected, BOARD_NUMBER);
    memset(host->eeprom.cells, *fill, sizeof host->eeprom.cells);
    check_load(NFW_ERR_NONE, 0, &expected);
    save_generations(0, 0);
    make_settings(&expected, 0);
    check_load(NFW_OK, 0, &expected);
    nfw_host_free(host);
}

static void
test_generations(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected;

    for (unsigned generation = 0; generation < 20u; generation++) {
        save_generations(generation, generation);
        make_settings(&expected, generation);
        check_load(NFW_OK, 0, &expected);
    }
    /* each copy in its turn */
    CHECK(host->eeprom.wear[0] > 5u && host->eeprom.wear[COPY_SIZE / NFW_EEPROM_PAGE_SIZE] > 5u);
    nfw_host_free(host);
}

/* Pins the layout: what is in the field must be readable by what comes later. */
static void
test_layout(const void *data)
{
    static const uint8_t channel[41] = {1,    3,    14,   0xff, 20,   0,    3,    2,    0x10,
                                        0x27, 0,    0,    0x14, 0,    0,    0x60, 0,    0,
                                        3,    103,  0,    0,    0,    0,    0,    4,    0,
                                        0x13, 0x32, 0x96, 0xfc, 0x62, 0xc9, 0xff, 0xff, 0xff,
                                        0,    0,    0,    0x31, 3};
    static const uint8_t own[15] = {0x10, 0, 0, 0x60, 99, 2, 1, 5, 5, 4, 0, 0xb, 0, 0xa, 1};
    static const uint8_t head[12] = {1, 0, 0, 0, 1};
    struct nfw_host *host = nfw_host_new();
    const uint8_t *cells = host->eeprom.cells;
    uint32_t crc;

    save_generations(0, 0);
    CHECK(memcmp(cells + 3u * 64u, channel, sizeof channel) == 0);
    CHECK(memcmp(cells + 48, own, sizeof own) == 0);
    CHECK(memcmp(cells + 7u * 64u + 48u, head, sizeof head) == 0);
    crc = nilo_crc32c_update(NILO_CRC32C_START, cells, COPY_SIZE - 4u);
    for (unsigned i = 0; i < 4u; i++)
        CHECK_INT(cells[COPY_SIZE - 4u + i], crc >> (8u * i) & 0xffu);
    nfw_host_free(host);
}

/* Which copy the newest settings are in. */
static unsigned
find_newest(const struct nfw_host *host)
{
    const uint8_t *sequence = host->eeprom.cells + COPY_SIZE - 16u;

    return sequence[0] > sequence[COPY_SIZE] && sequence[0] != 0xff ? 0 : COPY_SIZE;
}

static void
test_newer_damaged(const void *data)
{
    struct nfw_config expected;

    /* every byte of it matters */
    for (unsigned at = 0; at < COPY_SIZE; at++) {
        struct nfw_host *host = nfw_host_new();

        save_generations(1, 2);
        host->eeprom.cells[find_newest(host) + at] ^= 0x40u;
        make_settings(&expected, 1);
        check_load(NFW_OK, 1, &expected);
        /* and the next settings leave the good copy alone */
        save_generations(3, 3);
        make_settings(&expected, 3);
        check_load(NFW_OK, 0, &expected);
        nfw_host_free(host);
    }
}

static void
test_older_damaged(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected;

    save_generations(1, 2);
    host->eeprom.cells[(COPY_SIZE - find_newest(host)) + 70u] ^= 1u;
    make_settings(&expected, 2);
    check_load(NFW_OK, 0, &expected);
    nfw_host_free(host);
}

static void
test_both_damaged(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected;

    save_generations(1, 2);
    host->eeprom.cells[100] ^= 1u;
    host->eeprom.cells[COPY_SIZE + 100u] ^= 1u;
    nfw_config_set_defaults(&expected, BOARD_NUMBER);
    check_load(NFW_OK, 2, &expected);
    save_generations(3, 3);
    make_settings(&expected, 3);
    check_load(NFW_OK, 0, &expected);
    nfw_host_free(host);
}

static void
seal(uint8_t *copy)
{
    const uint32_t crc = nilo_crc32c_update(NILO_CRC32C_START, copy, COPY_SIZE - 4u);

    for (unsigned i = 0; i < 4u; i++)
        copy[COPY_SIZE - 4u + i] = (uint8_t)(crc >> (8u * i));
}

static void
test_other_version(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected;
    uint8_t *newest;

    save_generations(1, 2);
    newest = host->eeprom.cells + find_newest(host);
    newest[COPY_SIZE - 12u] = 2;
    seal(newest);
    make_settings(&expected, 1);
    check_load(NFW_OK, 1, &expected);
    nfw_host_free(host);
}

static void
test_sound_but_invalid(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected;
    uint8_t *newest;

    save_generations(1, 2);
    newest = host->eeprom.cells + find_newest(host);
    newest[0] = 77; /* no such source */
    seal(newest);
    make_settings(&expected, 1);
    check_load(NFW_OK, 1, &expected);
    nfw_host_free(host);
}

static void
test_sequence_wraps(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected;

    save_generations(1, 1);
    memset(host->eeprom.cells + COPY_SIZE - 16u, 0xff, 4);
    seal(host->eeprom.cells);
    make_settings(&expected, 1);
    check_load(NFW_OK, 0, &expected);
    for (unsigned generation = 2; generation < 6u; generation++) {
        save_generations(generation, generation);
        make_settings(&expected, generation);
        check_load(NFW_OK, 0, &expected);
    }
    nfw_host_free(host);
}

static void
test_part_fails(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected, config;

    save_generations(1, 2);
    make_settings(&config, 3);
    host->eeprom.stuck_at = (COPY_SIZE - find_newest(host)) + 36u;
    host->eeprom.stuck_size = 4;
    CHECK_INT(nfw_config_save(&config), NFW_ERR_VERIFY);
    make_settings(&expected, 2);
    check_load(NFW_OK, 0, &expected);
    host->eeprom.is_absent = true;
    CHECK_INT(nfw_config_save(&config), NFW_ERR_NACK);
    nfw_config_set_defaults(&expected, BOARD_NUMBER);
    check_load(NFW_ERR_NACK, 2, &expected);
    nfw_host_free(host);
}

/* A bit that flips on the wire loses nothing. */
static void
test_flipped_on_wire(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config expected;

    save_generations(1, 2);
    make_settings(&expected, 2);
    for (unsigned at = 0; at < 64u + COPY_SIZE; at++) {
        host->eeprom.flip_at_byte = host->eeprom.read_bytes + at;
        check_load(NFW_OK, 0, &expected);
    }
    CHECK(host->eeprom.flip_at_byte < host->eeprom.read_bytes);
    nfw_host_free(host);
}

/* Saves with a power cut, and starts again. */
static void
save_and_cut(struct nfw_host *host, struct nfw_config *config)
{
    jmp_buf cut;

    host->cut = &cut;
    if (setjmp(cut) == 0) {
        (void)nfw_config_save(config);
        CHECK(!"the power did not go");
    }
    nfw_host_restart(host, false);
}

/* Makes @config know what is in the EEPROM now, as loading does; or know nothing. */
static void
remember(struct nfw_config *config, bool is_remembered)
{
    struct nfw_config loaded;
    uint8_t lost;

    CHECK_INT(nfw_config_load(&loaded, BOARD_NUMBER, &lost), NFW_OK);
    config->sequence = is_remembered ? loaded.sequence : 0;
    config->copy = is_remembered ? loaded.copy : 0;
}

/* The power goes at every byte that saving writes, in every way. @data: whether the settings know
 * where they are. */
static void
test_cut(const void *data)
{
    const bool is_remembered = *(const bool *)data;
    struct nfw_host *host = nfw_host_new();
    struct nfw_host *before = malloc(sizeof *before);
    struct nfw_config config, old, new;
    unsigned cuts = 0, kept = 0;
    uint64_t bytes;
    uint8_t lost;

    if (before == NULL)
        abort();
    save_generations(1, 4);
    make_settings(&old, 4);
    make_settings(&new, 5);
    *before = *host;
    CHECK_INT(nfw_config_save(&new), NFW_OK);
    bytes = host->eeprom.written_bytes - before->eeprom.written_bytes;

    for (uint64_t i = 0; i < bytes * NFW_HOST_TEARS; i++) {
        *host = *before;
        remember(&new, is_remembered);
        host->eeprom.tear = (enum nfw_host_tear)(i / bytes);
        host->eeprom.cut_at_byte = host->eeprom.written_bytes + i % bytes;
        save_and_cut(host, &new);
        cuts++;
        CHECK_INT(nfw_config_load(&config, BOARD_NUMBER, &lost), NFW_OK);
        CHECK(lost < 2u);
        CHECK(are_same(&config, &old) || are_same(&config, &new));
        kept += are_same(&config, &old);
        /* and whichever it is, the next ones can be saved */
        remember(&new, is_remembered);
        CHECK_INT(nfw_config_save(&new), NFW_OK);
        check_load(NFW_OK, 0, &new);
    }
    printf("# %u cuts: the old settings after %u of them, the new ones after %u\n", cuts, kept,
           cuts - kept);
    free(before);
    nfw_host_free(host);
}

/* An order is confirmed within 330 bit times and 50 ms: 84 ms at 9600 Bd. */
static void
test_time(const void *data)
{
    struct nfw_host *host = nfw_host_new();
    struct nfw_config config;
    uint64_t start_us;

    make_settings(&config, 1);
    for (unsigned i = 0; i < 4u; i++) {
        config.channel[i].min_open_ms++;
        CHECK_INT(nfw_config_save(&config), NFW_OK);
    }
    start_us = host->now_us;
    config.channel[5].min_open_ms++;
    CHECK_INT(nfw_config_save(&config), NFW_OK);
    printf("# a changed setting is stored within %u us\n", (unsigned)(host->now_us - start_us));
    CHECK(host->now_us - start_us < 80000u);
    nfw_host_free(host);
}

int
main(void)
{
    static const uint8_t fill[] = {0x00, 0xff};
    static const bool is_remembered[] = {false, true};

    nilo_test_run("/nfw/config/defaults", test_defaults, NULL);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        nilo_test_run(rules[i].path, test_rule, &rules[i]);
    nilo_test_run("/nfw/config/never-written/00", test_never_written, &fill[0]);
    nilo_test_run("/nfw/config/never-written/ff", test_never_written, &fill[1]);
    nilo_test_run("/nfw/config/generations", test_generations, NULL);
    nilo_test_run("/nfw/config/layout", test_layout, NULL);
    nilo_test_run("/nfw/config/newer-damaged", test_newer_damaged, NULL);
    nilo_test_run("/nfw/config/older-damaged", test_older_damaged, NULL);
    nilo_test_run("/nfw/config/both-damaged", test_both_damaged, NULL);
    nilo_test_run("/nfw/config/other-version", test_other_version, NULL);
    nilo_test_run("/nfw/config/sound-but-invalid", test_sound_but_invalid, NULL);
    nilo_test_run("/nfw/config/sequence-wraps", test_sequence_wraps, NULL);
    nilo_test_run("/nfw/config/part-fails", test_part_fails, NULL);
    nilo_test_run("/nfw/config/flipped-on-wire", test_flipped_on_wire, NULL);
    nilo_test_run("/nfw/config/cut", test_cut, &is_remembered[0]);
    nilo_test_run("/nfw/config/cut-when-remembered", test_cut, &is_remembered[1]);
    nilo_test_run("/nfw/config/time", test_time, NULL);
    return nilo_test_finish();
}
