/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-config.h"

#include "nfw-eeprom.h"
#include "nfw-record.h"
#include "nilo-wire-bcd.h"
#include "nilo-wire-crc.h"

#include <string.h>

/*
 * A copy is eight pages. Each begins with a channel; what is left of the pages belongs to the
 * collector: in the first one its own settings, in the last one the head with the checksum of all
 * of them. The last page is written last, so that a copy whose writing was cut is no newer than it
 * had been, and wrong by its checksum.
 */
#define COPIES         2u
#define COPY_SIZE      512u
#define PAGE           NFW_EEPROM_PAGE_SIZE
#define OWN            48u /* in page 0: behind the channel */
#define HEAD           48u /* in the last page: sequence, version, room, checksum */
#define HEAD_SIZE      16u
#define HEAD_VERSION   4u
#define CRC            60u
#define VERSION        1u
#define READ_TRIES     2u
#define HEAD_TRIES     3u
#define MAX_MS         10000u
#define MAX_ML         10000000u
#define MAX_PRIMARY    250u
#define MIN_TYPE       0x10u
#define MAX_TYPE       0x49u
#define READ_METER_ML  1000u
#define LAST_DIGITS    4u /* bytes: what M-Bus knows of a number */
#define DEFAULT_MS     10u
#define DEFAULT_ML     10000u
#define DEFAULT_SPEED  3u /* 2400 Bd */
#define DEFAULT_POLL_S 900u

const uint16_t nfw_speeds[NFW_SPEEDS] = {300u, 600u, 1200u, 2400u, 4800u, 9600u, 19200u, 38400u};

/* --- factory settings ----------------------------------------------------------------------- */

void
nfw_config_set_defaults(struct nfw_config *config, uint32_t board_number)
{
    memset(config, 0, sizeof *config);
    config->board_number = board_number & 0xfffffff0u;
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        struct nfw_channel_config *channel = &config->channel[i];

        channel->source = NFW_SOURCE_PULSE;
        channel->pin = (uint8_t)i;
        channel->pin_second = NFW_PIN_NONE;
        channel->pin_loop = NFW_PIN_NONE;
        channel->min_closed_ms = DEFAULT_MS;
        channel->min_open_ms = DEFAULT_MS;
        channel->ml_per_count = DEFAULT_ML;
        nfw_put32(channel->number, config->board_number | (i + 1u));
        channel->type = MIN_TYPE;
    }
    config->protocols = NFW_PROTOCOL_CJT188 | NFW_PROTOCOL_MBUS;
    config->parity = NFW_PARITY_EVEN;
    config->speed = DEFAULT_SPEED;
    config->meters_speed = DEFAULT_SPEED;
    config->meters_poll_s = DEFAULT_POLL_S;
    config->battery_low_mv = 3000u;
    config->battery_stop_mv = 2500u;
}

/* --- what is valid -------------------------------------------------------------------------- */

/* A real contact; the cover's is nobody else's. */
static bool
is_pin(uint8_t pin)
{
    return pin < NFW_PINS && pin != NFW_PIN_COVER;
}

static bool
is_pin_or_none(uint8_t pin)
{
    return pin == NFW_PIN_NONE || is_pin(pin);
}

/* Each nibble a digit, or F for any digit. */
static bool
is_pattern(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0u; i < size; i++) {
        const unsigned high = bytes[i] >> 4;
        const unsigned low = bytes[i] & 0x0fu;

        if ((high > 9u && high != 0x0fu) || (low > 9u && low != 0x0fu)) {
            return false;
        }
    }
    return true;
}

static bool
is_meter_number(const struct nfw_channel_config *channel)
{
    static const uint8_t anybody[NFW_NUMBER_SIZE] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};

    switch (channel->source) {
    case NFW_SOURCE_MBUS:
        return is_pattern(channel->meter_number, LAST_DIGITS);
    case NFW_SOURCE_CJT188:
        return nilo_bcd_is_valid(channel->meter_number, NFW_NUMBER_SIZE) ||
               memcmp(channel->meter_number, anybody, NFW_NUMBER_SIZE) == 0;
    default:
        return true;
    }
}

static bool
are_times_valid(const struct nfw_channel_config *channel)
{
    return channel->min_closed_ms >= 1u && channel->min_closed_ms <= MAX_MS &&
           channel->min_open_ms >= 1u && channel->min_open_ms <= MAX_MS;
}

static bool
is_pulse_value_valid(const struct nfw_channel_config *channel)
{
    if (channel->source == NFW_SOURCE_MBUS || channel->source == NFW_SOURCE_CJT188) {
        return channel->ml_per_count == READ_METER_ML;
    }
    return channel->ml_per_count >= 1u && channel->ml_per_count <= MAX_ML;
}

static bool
are_pins_valid(const struct nfw_channel_config *channel)
{
    if (!is_pin_or_none(channel->pin) || !is_pin_or_none(channel->pin_second) ||
        !is_pin_or_none(channel->pin_loop)) {
        return false;
    }
    if (nfw_channel_is_counted(channel) && channel->pin == NFW_PIN_NONE) {
        return false;
    }
    return channel->source != NFW_SOURCE_DUAL || channel->pin_second != NFW_PIN_NONE;
}

static bool
is_channel_valid(const struct nfw_channel_config *channel)
{
    return channel->source <= NFW_SOURCE_CJT188 && are_pins_valid(channel) &&
           are_times_valid(channel) && is_pulse_value_valid(channel) &&
           nilo_bcd_is_valid(channel->number, NFW_NUMBER_SIZE) && channel->primary <= MAX_PRIMARY &&
           channel->type >= MIN_TYPE && channel->type <= MAX_TYPE && is_meter_number(channel);
}

/* Adds @pin to the @taken ones. Returns: false when it was one of them. */
static bool
take_pin(uint16_t *taken, uint8_t pin)
{
    const uint16_t bit = pin < NFW_PINS ? (uint16_t)(1u << pin) : 0u;

    if ((*taken & bit) != 0u) {
        return false;
    }
    *taken = (uint16_t)(*taken | bit);
    return true;
}

/* Only what is in use counts, so that settings can be made one after the other. */
static bool
take_pins(uint16_t *taken, const struct nfw_channel_config *channel)
{
    if (channel->source == NFW_SOURCE_OFF) {
        return true;
    }
    if (nfw_channel_is_counted(channel) && !take_pin(taken, channel->pin)) {
        return false;
    }
    if (channel->source == NFW_SOURCE_DUAL && !take_pin(taken, channel->pin_second)) {
        return false;
    }
    return take_pin(taken, channel->pin_loop);
}

/* Two that the bus could not tell apart: the same identification, or the same primary address other
 * than 0, which is nobody's. */
static bool
are_twins(const struct nfw_channel_config *one, const struct nfw_channel_config *other)
{
    if (one->source == NFW_SOURCE_OFF || other->source == NFW_SOURCE_OFF) {
        return false;
    }
    return memcmp(one->number, other->number, LAST_DIGITS) == 0 ||
           (one->primary != 0u && one->primary == other->primary);
}

static bool
is_like_collector(const struct nfw_config *config, const struct nfw_channel_config *channel)
{
    return channel->source != NFW_SOURCE_OFF &&
           (nfw_get32(channel->number) == config->board_number ||
            (config->primary != 0u && channel->primary == config->primary));
}

static bool
is_own_valid(const struct nfw_config *config)
{
    uint8_t digits[LAST_DIGITS];

    nfw_put32(digits, config->board_number);
    return nilo_bcd_is_valid(digits, sizeof digits) && config->primary <= MAX_PRIMARY &&
           config->protocols != 0u &&
           (config->protocols & ~(NFW_PROTOCOL_CJT188 | NFW_PROTOCOL_MBUS)) == 0u &&
           config->parity <= NFW_PARITY_NONE && config->speed < NFW_SPEEDS &&
           config->meters_speed < NFW_SPEEDS && config->battery_low_mv <= NFW_BATTERY_LOW_MAX_MV &&
           config->battery_stop_mv <= NFW_BATTERY_STOP_MAX_MV;
}

bool
nfw_config_is_valid(const struct nfw_config *config)
{
    uint16_t taken = 0u;

    if (!is_own_valid(config)) {
        return false;
    }
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        const struct nfw_channel_config *channel = &config->channel[i];

        if (!is_channel_valid(channel) || !take_pins(&taken, channel) ||
            is_like_collector(config, channel)) {
            return false;
        }
        for (unsigned k = 0u; k < i; k++) {
            if (are_twins(channel, &config->channel[k])) {
                return false;
            }
        }
    }
    return true;
}

/* --- bytes ---------------------------------------------------------------------------------- */

static void
encode_channel(const struct nfw_channel_config *channel, uint8_t *bytes)
{
    bytes[0] = channel->source;
    bytes[1] = channel->pin;
    bytes[2] = channel->pin_second;
    bytes[3] = channel->pin_loop;
    nfw_put16(bytes + 4, channel->min_closed_ms);
    nfw_put16(bytes + 6, channel->min_open_ms);
    nfw_put32(bytes + 8, channel->ml_per_count);
    memcpy(bytes + 12, channel->number, NFW_NUMBER_SIZE);
    bytes[19] = channel->primary;
    memcpy(bytes + 20, channel->meter_number, NFW_NUMBER_SIZE);
    bytes[27] = channel->type;
    nfw_put32(bytes + 28, (uint32_t)channel->offset_ml);
    nfw_put32(bytes + 32, (uint32_t)((uint64_t)channel->offset_ml >> 32));
    nfw_put32(bytes + 36, channel->since);
    bytes[40] = channel->max_flow;
}

static void
decode_channel(const uint8_t *bytes, struct nfw_channel_config *channel)
{
    channel->source = bytes[0];
    channel->pin = bytes[1];
    channel->pin_second = bytes[2];
    channel->pin_loop = bytes[3];
    channel->min_closed_ms = nfw_get16(bytes + 4);
    channel->min_open_ms = nfw_get16(bytes + 6);
    channel->ml_per_count = nfw_get32(bytes + 8);
    memcpy(channel->number, bytes + 12, NFW_NUMBER_SIZE);
    channel->primary = bytes[19];
    memcpy(channel->meter_number, bytes + 20, NFW_NUMBER_SIZE);
    channel->type = bytes[27];
    channel->offset_ml = (int64_t)(nfw_get32(bytes + 28) | (uint64_t)nfw_get32(bytes + 32) << 32);
    channel->since = nfw_get32(bytes + 36);
    channel->max_flow = bytes[40];
}

static void
encode_own(const struct nfw_config *config, uint8_t *bytes)
{
    nfw_put32(bytes, config->board_number);
    bytes[4] = config->primary;
    bytes[5] = config->protocols;
    bytes[6] = config->parity;
    bytes[7] = config->speed;
    nfw_put16(bytes + 8, config->meters_poll_s);
    nfw_put16(bytes + 10, config->battery_low_mv);
    nfw_put16(bytes + 12, config->battery_stop_mv);
    bytes[14] = config->meters_speed;
}

static void
decode_own(const uint8_t *bytes, struct nfw_config *config)
{
    config->board_number = nfw_get32(bytes);
    config->primary = bytes[4];
    config->protocols = bytes[5];
    config->parity = bytes[6];
    config->speed = bytes[7];
    config->meters_poll_s = nfw_get16(bytes + 8);
    config->battery_low_mv = nfw_get16(bytes + 10);
    config->battery_stop_mv = nfw_get16(bytes + 12);
    config->meters_speed = bytes[14];
}

static void
encode_page(const struct nfw_config *config, unsigned page, uint32_t sequence, uint8_t *bytes)
{
    memset(bytes, 0, PAGE);
    encode_channel(&config->channel[page], bytes);
    if (page == 0u) {
        encode_own(config, bytes + OWN);
    }
    if (page == NFW_CHANNELS - 1u) {
        nfw_put32(bytes + HEAD, sequence);
        bytes[HEAD + HEAD_VERSION] = VERSION;
    }
}

static void
decode_page(const uint8_t *bytes, unsigned page, struct nfw_config *config)
{
    decode_channel(bytes, &config->channel[page]);
    if (page == 0u) {
        decode_own(bytes + OWN, config);
    }
}

/* The last page without its last four bytes, which are the checksum. */
static uint32_t
add_to_crc(uint32_t crc, unsigned page, const uint8_t *bytes)
{
    return nilo_crc32c_update(crc, bytes, page == NFW_CHANNELS - 1u ? CRC : PAGE);
}

/* --- copies --------------------------------------------------------------------------------- */

_Static_assert(COPY_SIZE == NFW_CHANNELS * PAGE, "a page for each channel");

static uint32_t
find_page(unsigned copy, unsigned page)
{
    return NFW_EEPROM_CONFIG + copy * COPY_SIZE + page * PAGE;
}

/* Returns: NFW_OK, NFW_ERR_NONE when the checksum is wrong, or what the EEPROM said. */
static int
read_copy_once(unsigned copy, struct nfw_config *config)
{
    uint8_t bytes[PAGE];
    uint32_t crc = NILO_CRC32C_START;

    for (unsigned page = 0u; page < NFW_CHANNELS; page++) {
        const int result = nfw_eeprom_read(find_page(copy, page), bytes, sizeof bytes);

        if (result != NFW_OK) {
            return result;
        }
        crc = add_to_crc(crc, page, bytes);
        if (config != NULL) {
            decode_page(bytes, page, config);
        }
    }
    return crc == nfw_get32(bytes + CRC) && bytes[HEAD + HEAD_VERSION] == VERSION ? NFW_OK
                                                                                  : NFW_ERR_NONE;
}

/* @config: (nullable): only looks whether it is sound */
static int
read_copy(unsigned copy, struct nfw_config *config)
{
    int result = NFW_ERR_NONE;

    for (unsigned i = 0u; i < READ_TRIES && result == NFW_ERR_NONE; i++) {
        result = read_copy_once(copy, config);
    }
    return result;
}

static bool
is_blank(const uint8_t *bytes, size_t size)
{
    for (size_t i = 1u; i < size; i++) {
        if (bytes[i] != bytes[0]) {
            return false;
        }
    }
    return bytes[0] == 0xffu || bytes[0] == 0x00u;
}

struct copies {
    uint32_t sequence[COPIES]; /* as they say; 0: nothing was ever written there */
    unsigned newer;            /* as they say */
};

/* Twice the same, for there is no checksum of the head alone: a bit that flips on the wire would
 * make the older copy the newer one. */
static int
read_head(unsigned copy, uint8_t head[HEAD_SIZE])
{
    const uint32_t at = find_page(copy, NFW_CHANNELS - 1u) + HEAD;
    int result = NFW_ERR_VERIFY;

    for (unsigned i = 0u; i < HEAD_TRIES && result == NFW_ERR_VERIFY; i++) {
        result = nfw_eeprom_read(at, head, HEAD_SIZE);
        if (result == NFW_OK) {
            result = nfw_eeprom_compare(at, head, HEAD_SIZE);
        }
    }
    /* one that is never the same twice is damaged: the checksum will tell */
    return result == NFW_ERR_VERIFY ? NFW_OK : result;
}

static int
look_at_copies(struct copies *copies)
{
    for (unsigned i = 0u; i < COPIES; i++) {
        uint8_t head[HEAD_SIZE];
        const int result = read_head(i, head);

        if (result != NFW_OK) {
            return result;
        }
        copies->sequence[i] = is_blank(head, sizeof head) ? 0u : nfw_get32(head);
    }
    copies->newer =
        copies->sequence[0] == 0u || (copies->sequence[1] != 0u &&
                                      (int32_t)(copies->sequence[1] - copies->sequence[0]) > 0)
            ? 1u
            : 0u;
    return NFW_OK;
}

/* Returns: NFW_OK, NFW_ERR_NONE when none is usable, or what the EEPROM said. */
static int
read_newest(const struct copies *copies, struct nfw_config *config, uint8_t *lost)
{
    for (unsigned i = 0u; i < COPIES; i++) {
        const unsigned copy = i == 0u ? copies->newer : 1u - copies->newer;
        int result;

        if (copies->sequence[copy] == 0u) {
            continue;
        }
        result = read_copy(copy, config);
        if (result != NFW_OK && result != NFW_ERR_NONE) {
            return result;
        }
        if (result == NFW_OK && nfw_config_is_valid(config)) {
            config->copy = (uint8_t)copy;
            config->sequence = copies->sequence[copy];
            return NFW_OK;
        }
        (*lost)++;
    }
    return NFW_ERR_NONE;
}

int
nfw_config_load(struct nfw_config *config, uint32_t board_number, uint8_t *lost)
{
    struct copies copies;
    int result = look_at_copies(&copies);

    *lost = 0u;
    if (result == NFW_OK) {
        result = read_newest(&copies, config, lost);
        if (result == NFW_OK) {
            return NFW_OK;
        }
    }
    nfw_config_set_defaults(config, board_number);
    if (result == NFW_ERR_NONE && *lost == 0u) {
        return NFW_ERR_NONE;
    }
    *lost = COPIES;
    return result == NFW_ERR_NONE ? NFW_OK : result;
}

/* Which copy may be written over: never the one that would be used after a restart. */
static int
choose_target(const struct nfw_config *config, unsigned *target, uint32_t *sequence)
{
    struct copies copies;
    int result;

    if (config->sequence != 0u) {
        *target = 1u - config->copy;
        *sequence = config->sequence + 1u;
        return NFW_OK;
    }
    result = look_at_copies(&copies);
    if (result != NFW_OK) {
        return result;
    }
    *target = 1u - copies.newer;
    *sequence = copies.sequence[copies.newer] + 1u;
    if (copies.sequence[0] == 0u && copies.sequence[1] == 0u) {
        return NFW_OK;
    }
    result = read_copy(copies.newer, NULL);
    if (result == NFW_ERR_NONE) {
        *target = copies.newer;
        *sequence = copies.sequence[1u - copies.newer] + 1u;
        result = NFW_OK;
    }
    return result;
}

static uint32_t
sum_up(const struct nfw_config *config, uint32_t sequence, uint8_t bytes[PAGE])
{
    uint32_t crc = NILO_CRC32C_START;

    for (unsigned page = 0u; page < NFW_CHANNELS; page++) {
        encode_page(config, page, sequence, bytes);
        crc = add_to_crc(crc, page, bytes);
    }
    return crc;
}

/* Most pages stand there from two changes ago: an order is to be confirmed while its master waits,
 * and reading takes a quarter of the time. */
static int
write_page(uint32_t at, const uint8_t bytes[PAGE])
{
    const int result = nfw_eeprom_compare(at, bytes, PAGE);

    return result == NFW_ERR_VERIFY ? nfw_eeprom_write(at, bytes, PAGE) : result;
}

int
nfw_config_save(struct nfw_config *config)
{
    uint8_t bytes[PAGE];
    uint32_t sequence = 0u;
    uint32_t crc;
    unsigned target = 0u;
    int result;

    if (!nfw_config_is_valid(config)) {
        return NFW_ERR_RANGE;
    }
    result = choose_target(config, &target, &sequence);
    if (sequence == 0u) {
        sequence = 1u;
    }
    crc = sum_up(config, sequence, bytes);
    for (unsigned page = 0u; page < NFW_CHANNELS && result == NFW_OK; page++) {
        encode_page(config, page, sequence, bytes);
        if (page == NFW_CHANNELS - 1u) {
            nfw_put32(bytes + CRC, crc);
        }
        result = write_page(find_page(target, page), bytes);
    }
    if (result == NFW_OK) {
        config->copy = (uint8_t)target;
        config->sequence = sequence;
    }
    return result;
}
