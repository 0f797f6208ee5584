/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-host-settings.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SIZE 24u
#define NOT_SET       0xffu

enum kind {
    KIND_NUMBER, /* of the size of its place, or "none" for FF */
    KIND_SOURCE,
    KIND_SPEED,
    KIND_DIGITS, /* BCD, low byte first: as many digits as fit, or fewer with FF behind */
    KIND_BOARD,  /* eight digits BCD */
    KIND_COUNT,
};

struct key {
    const char *name;
    enum kind kind;
    bool is_per_channel;
    size_t offset;
    size_t size;
};

#define CHANNEL(name, kind, member)                                                                \
    {                                                                                              \
        name, kind, true, offsetof(struct nfw_channel_config, member),                             \
            sizeof((struct nfw_channel_config *)NULL)->member                                      \
    }
#define BOARD(name, kind, member)                                                                  \
    {                                                                                              \
        name, kind, false, offsetof(struct nfw_config, member),                                    \
            sizeof((struct nfw_config *)NULL)->member                                              \
    }

static const struct key keys[] = {
    CHANNEL("source", KIND_SOURCE, source),
    CHANNEL("pin", KIND_NUMBER, pin),
    CHANNEL("pin-second", KIND_NUMBER, pin_second),
    CHANNEL("pin-loop", KIND_NUMBER, pin_loop),
    CHANNEL("min-closed-ms", KIND_NUMBER, min_closed_ms),
    CHANNEL("min-open-ms", KIND_NUMBER, min_open_ms),
    CHANNEL("ml-per-count", KIND_NUMBER, ml_per_count),
    CHANNEL("number", KIND_DIGITS, number),
    CHANNEL("primary", KIND_NUMBER, primary),
    CHANNEL("type", KIND_NUMBER, type),
    CHANNEL("meter-number", KIND_DIGITS, meter_number),
    CHANNEL("max-flow", KIND_NUMBER, max_flow),
    {"count", KIND_COUNT, true, 0, 0},
    BOARD("board-number", KIND_BOARD, board_number),
    BOARD("board-primary", KIND_NUMBER, primary),
    BOARD("protocols", KIND_NUMBER, protocols),
    BOARD("parity", KIND_NUMBER, parity),
    BOARD("speed", KIND_SPEED, speed),
    BOARD("meters-poll-s", KIND_NUMBER, meters_poll_s),
    BOARD("meters-speed", KIND_SPEED, meters_speed),
    BOARD("battery-low-mv", KIND_NUMBER, battery_low_mv),
    BOARD("battery-stop-mv", KIND_NUMBER, battery_stop_mv),
};

static bool
set_number(uint8_t *place, size_t size, const char *value)
{
    char *end = NULL;
    unsigned long number = strtoul(value, &end, 0);

    if (strcmp(value, "none") == 0) {
        number = NOT_SET;
    } else if (end == value || *end != '\0' || (size < 4 && number >> (8u * size) != 0)) {
        return false;
    }
    switch (size) {
    case 1:
        *place = (uint8_t)number;
        return true;
    case 2:
        *(uint16_t *)(void *)place = (uint16_t)number;
        return true;
    default:
        *(uint32_t *)(void *)place = (uint32_t)number;
        return true;
    }
}

static bool
set_source(uint8_t *place, const char *value)
{
    static const char *const names[] = {"off", "pulse", "dual", "mbus", "cjt188"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], value) == 0) {
            *place = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static bool
set_speed(uint8_t *place, const char *value)
{
    for (unsigned i = 0; i < NFW_SPEEDS; i++) {
        if (strtoul(value, NULL, 10) == nfw_speeds[i]) {
            *place = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* hexadecimal digits, the highest first as printed */
static bool
set_digits(uint8_t *place, size_t size, const char *value)
{
    const size_t n = strlen(value);

    if (n % 2 != 0 || n > 2 * size || strspn(value, "0123456789abcdefABCDEF") != n)
        return false;
    memset(place, 0xff, size);
    for (size_t i = 0; i < n / 2; i++) {
        const char pair[] = {value[n - 2 - 2 * i], value[n - 1 - 2 * i], '\0'};

        place[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

static bool
set_count(struct nfw_host_settings *settings, unsigned channel, const char *value)
{
    char *end = NULL;

    settings->values.count[channel] = (int32_t)strtol(value, &end, 10);
    settings->has_counts = true;
    return end != value && *end == '\0';
}

static bool
set(struct nfw_host_settings *settings, const struct key *key, unsigned channel, const char *value)
{
    uint8_t *base = key->is_per_channel ? (uint8_t *)&settings->config.channel[channel]
                                        : (uint8_t *)&settings->config;

    switch (key->kind) {
    case KIND_SOURCE:
        return set_source(base + key->offset, value);
    case KIND_SPEED:
        return set_speed(base + key->offset, value);
    case KIND_DIGITS:
        return set_digits(base + key->offset, key->size, value);
    case KIND_BOARD:
        settings->config.board_number = (uint32_t)strtoul(value, NULL, 16);
        return strlen(value) == 8 && strspn(value, "0123456789") == 8;
    case KIND_COUNT:
        return set_count(settings, channel, value);
    case KIND_NUMBER:
        break;
    }
    return set_number(base + key->offset, key->size, value);
}

bool
nfw_host_settings_set(struct nfw_host_settings *settings, const char *text)
{
    const size_t size = strcspn(text, ".=");
    const char *value = strchr(text, '=');
    unsigned long channel = NFW_CHANNELS;
    char *end = NULL;

    if (value == NULL)
        return false;
    if (text[size] == '.') {
        channel = strtoul(text + size + 1, &end, 10);
        if (end != value || channel >= NFW_CHANNELS)
            return false;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strlen(keys[i].name) == size && strncmp(keys[i].name, text, size) == 0 &&
            keys[i].is_per_channel == (channel < NFW_CHANNELS))
            return set(settings, &keys[i], (unsigned)channel, value + 1);
    }
    return false;
}

void
nfw_host_settings_load(struct nfw_host_settings *settings, uint32_t board_number)
{
    struct nfw_counters counters;
    uint8_t lost;

    memset(settings, 0, sizeof *settings);
    if (nfw_config_load(&settings->config, board_number, &lost) != NFW_OK)
        nfw_config_set_defaults(&settings->config, board_number);
    (void)nfw_counters_start(&counters);
    settings->values = counters.stored;
}

int
nfw_host_settings_save(struct nfw_host_settings *settings)
{
    struct nfw_counters counters;
    const int result = nfw_config_save(&settings->config);

    if (result != NFW_OK || !settings->has_counts)
        return result;
    (void)nfw_counters_start(&counters);
    return nfw_counters_store(&counters, &settings->values);
}
