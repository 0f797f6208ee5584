/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-freeze.h"

#include "nfw-calendar.h"
#include "nfw-eeprom.h"
#include "nfw-ring.h"

#include <string.h>

/*
 * Days, months and orders: 0 number, 4 time, 8 version, 9 flags, 12 counts, 60 CRC-32C.
 */
#define RECORD_SIZE 64u
#define TIME        4u
#define VERSION     8u
#define FLAGS       9u
#define COUNTS      12u
#define CRC         60u
#define OUR_VERSION 1u

/*
 * Hours: 0 head, 4 low 24 bits of the counts, 28 CRC-32C. The head's bits, from the lowest: 10 how
 * often the ring has gone round, 8 counts that cannot be put together, 2 version, 2 flags, 10 of
 * the CRC of the midnight they are put together with.
 */
#define HOUR_SIZE          32u
#define HOUR_COUNTS        4u
#define HOUR_LAP_MASK      0x3ffu
#define HOUR_MISSING_SHIFT 10u
#define HOUR_VERSION_SHIFT 18u
#define HOUR_FLAGS_SHIFT   20u
#define HOUR_BASE_SHIFT    22u
#define HOUR_BASE_MASK     0x3ffu
#define ALL_MISSING        0xffu

#define HOURS_PER_DAY      24u
#define SEARCHED_HOURS                                                                             \
    48u /* no gap within the log is longer, unless hours could not be written                      \
         */
#define ORDER_TRIES 3u

_Static_assert(NFW_CHANNELS <= 8u, "a bit for each");

static const struct nfw_ring rings[NFW_FREEZE_KINDS] = {
    [NFW_FREEZE_HOUR] = {.at = NFW_EEPROM_HOURS,
                         .slots = NFW_FREEZE_HOURS,
                         .record_size = HOUR_SIZE},
    [NFW_FREEZE_DAY] = {.at = NFW_EEPROM_DAYS,
                        .slots = NFW_FREEZE_DAYS,
                        .record_size = RECORD_SIZE},
    [NFW_FREEZE_MONTH] = {.at = NFW_EEPROM_MONTHS,
                          .slots = NFW_FREEZE_MONTHS,
                          .record_size = RECORD_SIZE},
    [NFW_FREEZE_ORDERED] = {.at = NFW_EEPROM_ORDERED,
                            .slots = NFW_FREEZE_ORDERS,
                            .record_size = RECORD_SIZE},
};

/* --- moments -------------------------------------------------------------------------------- */

/* The moment that came last, or is now. */
static uint32_t
number_at(enum nfw_freeze_kind kind, nfw_seconds now)
{
    switch (kind) {
    case NFW_FREEZE_HOUR:
        return now / NFW_SECONDS_PER_HOUR + 1u;
    case NFW_FREEZE_DAY:
        return now / NFW_SECONDS_PER_DAY + 1u;
    default:
        return nfw_month_of(now) + 1u;
    }
}

static nfw_seconds
time_of(enum nfw_freeze_kind kind, uint32_t number)
{
    switch (kind) {
    case NFW_FREEZE_HOUR:
        return (number - 1u) * NFW_SECONDS_PER_HOUR;
    case NFW_FREEZE_DAY:
        return (number - 1u) * NFW_SECONDS_PER_DAY;
    default:
        return nfw_month_start((uint16_t)(number - 1u));
    }
}

static uint32_t
day_of_hour(uint32_t hour)
{
    return (hour - 1u) / HOURS_PER_DAY + 1u;
}

/* Hours lie in the order of time, the others as rings do. */
static uint32_t
address_of(enum nfw_freeze_kind kind, uint32_t number)
{
    const struct nfw_ring *ring = &rings[kind];

    return nfw_ring_address(ring, kind == NFW_FREEZE_HOUR ? number % NFW_FREEZE_HOURS
                                                          : nfw_ring_place(ring, number));
}

/* Whether a record's first four bytes say that it is @number's. */
static bool
is_number(enum nfw_freeze_kind kind, uint32_t number, uint32_t head)
{
    return kind == NFW_FREEZE_HOUR ? (head & HOUR_LAP_MASK) == number / NFW_FREEZE_HOURS
                                   : head == number;
}

/* --- what is held --------------------------------------------------------------------------- */

/* Returns: NFW_OK; NFW_ERR_NONE when @number's slot does not hold it; or what the EEPROM said. */
static int
read_moment(enum nfw_freeze_kind kind, uint32_t number, uint8_t *record)
{
    const int result = nfw_record_read(address_of(kind, number), record, rings[kind].record_size,
                                       NFW_RECORD_TRIES);

    if (result == NFW_OK && !is_number(kind, number, nfw_get32(record))) {
        return NFW_ERR_NONE;
    }
    return result;
}

/* As read_moment(), and quicker where another moment stands. */
static int
is_held(enum nfw_freeze_kind kind, uint32_t number)
{
    uint8_t record[RECORD_SIZE];
    const int result = nfw_eeprom_read(address_of(kind, number), record, NFW_RING_HEAD_SIZE);

    if (result != NFW_OK) {
        return result;
    }
    return is_number(kind, number, nfw_get32(record)) ? read_moment(kind, number, record)
                                                      : NFW_ERR_NONE;
}

/* The newest moment held that is not after @last: among so many. @number: 0 when there is none. */
static int
find_back(enum nfw_freeze_kind kind, uint32_t last, unsigned n, uint32_t *number)
{
    *number = 0u;
    for (unsigned i = 0u; i < n && i < last; i++) {
        const int result = is_held(kind, last - i);

        if (result == NFW_OK) {
            *number = last - i;
            return NFW_OK;
        }
        if (result != NFW_ERR_NONE) {
            return result;
        }
    }
    return NFW_OK;
}

static int
find_newest(const struct nfw_freeze *freeze, enum nfw_freeze_kind kind, uint32_t *number)
{
    uint8_t record[RECORD_SIZE];
    struct nfw_ring_found found;
    int result;

    if (kind == NFW_FREEZE_HOUR) {
        /* a day is written before its hours, and missing ones in their order */
        return find_back(kind, freeze->newest[NFW_FREEZE_DAY] * HOURS_PER_DAY, SEARCHED_HOURS,
                         number);
    }
    result = nfw_ring_find_newest(&rings[kind], record, &found);
    *number = found.number;
    return result == NFW_ERR_NONE ? NFW_OK : result;
}

/* Fills in newest[kind], should it not be known yet. Hours need the days. */
static int
ensure_known(struct nfw_freeze *freeze, enum nfw_freeze_kind kind)
{
    int result = NFW_OK;

    if (!freeze->is_known[kind]) {
        result = find_newest(freeze, kind, &freeze->newest[kind]);
        freeze->is_known[kind] = result == NFW_OK;
    }
    return result;
}

/* The order in which they are looked for and, at one moment, written. */
static const uint8_t order[NFW_FREEZE_KINDS] = {NFW_FREEZE_DAY, NFW_FREEZE_MONTH, NFW_FREEZE_HOUR,
                                                NFW_FREEZE_ORDERED};

static int
ensure_all_known(struct nfw_freeze *freeze)
{
    int result = NFW_OK;

    for (unsigned i = 0u; i < NFW_FREEZE_KINDS && result == NFW_OK; i++) {
        result = ensure_known(freeze, (enum nfw_freeze_kind)order[i]);
    }
    return result;
}

void
nfw_freeze_start(struct nfw_freeze *freeze)
{
    memset(freeze, 0, sizeof *freeze);
    /* an EEPROM that does not answer now is looked through later */
    (void)ensure_all_known(freeze);
}

/* --- hours ---------------------------------------------------------------------------------- */

static uint32_t
get24(const uint8_t *bytes)
{
    return nfw_get16(bytes) | (uint32_t)bytes[2] << 16;
}

/* The count nearest to @base that has these low bits. */
static int32_t
put_together(uint32_t low, int32_t base)
{
    uint32_t difference = (low - (uint32_t)base) & 0xffffffu;

    if (difference >= 0x800000u) {
        difference |= 0xff000000u;
    }
    return (int32_t)((uint32_t)base + difference);
}

/* What of a midnight's CRC is kept with its hours: they go together with no other. */
static uint32_t
tag_of(const uint8_t *day)
{
    return nfw_get32(day + CRC) & HOUR_BASE_MASK;
}

/* The midnight that @hour's day began with. @missing: all of it, without one that we understand. */
static int
read_base(uint32_t hour, uint8_t *day, uint8_t *missing)
{
    const int result = read_moment(NFW_FREEZE_DAY, day_of_hour(hour), day);

    *missing = 0u;
    if (result == NFW_ERR_NONE || (result == NFW_OK && day[VERSION] != OUR_VERSION)) {
        *missing = ALL_MISSING;
        return NFW_OK;
    }
    return result;
}

static int
write_hour(uint32_t hour, uint8_t flags, const int32_t *count)
{
    uint8_t day[RECORD_SIZE];
    uint8_t record[HOUR_SIZE];
    uint8_t missing;
    uint32_t tag;
    const int result = read_base(hour, day, &missing);

    if (result != NFW_OK) {
        return result;
    }
    tag = missing == 0u ? tag_of(day) : 0u;
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        uint8_t *low = record + HOUR_COUNTS + 3u * i;

        nfw_put16(low, (uint16_t)count[i]);
        low[2] = (uint8_t)((uint32_t)count[i] >> 16);
        if (put_together(get24(low), (int32_t)nfw_get32(day + COUNTS + 4u * i)) != count[i]) {
            missing = (uint8_t)(missing | 1u << i);
        }
    }
    nfw_put32(record, hour / NFW_FREEZE_HOURS | (uint32_t)missing << HOUR_MISSING_SHIFT |
                          OUR_VERSION << HOUR_VERSION_SHIFT | (uint32_t)flags << HOUR_FLAGS_SHIFT |
                          tag << HOUR_BASE_SHIFT);
    return nfw_record_write(address_of(NFW_FREEZE_HOUR, hour), record, sizeof record);
}

/* @record holds the hour's record, and room for the day's. */
static int
decode_hour(uint32_t hour, uint8_t *record, struct nfw_frozen *frozen)
{
    const uint32_t head = nfw_get32(record);
    int result;

    if ((head >> HOUR_VERSION_SHIFT & 3u) != OUR_VERSION) {
        return NFW_ERR_NONE;
    }
    frozen->time = time_of(NFW_FREEZE_HOUR, hour);
    frozen->flags = (uint8_t)(head >> HOUR_FLAGS_SHIFT & 3u);
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        frozen->count[i] = (int32_t)get24(record + HOUR_COUNTS + 3u * i);
    }
    result = read_base(hour, record, &frozen->missing);
    if (result != NFW_OK) {
        return result;
    }
    frozen->missing = (uint8_t)(frozen->missing | head >> HOUR_MISSING_SHIFT);
    if (frozen->missing == ALL_MISSING || tag_of(record) != head >> HOUR_BASE_SHIFT) {
        return NFW_ERR_NONE;
    }
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        frozen->count[i] =
            put_together((uint32_t)frozen->count[i], (int32_t)nfw_get32(record + COUNTS + 4u * i));
    }
    return NFW_OK;
}

/* --- days, months and orders ---------------------------------------------------------------- */

static int
write_record(enum nfw_freeze_kind kind, uint32_t number, nfw_seconds time, uint8_t flags,
             const int32_t *count)
{
    uint8_t record[RECORD_SIZE];

    memset(record, 0, sizeof record);
    nfw_put32(record, number);
    nfw_put32(record + TIME, time);
    record[VERSION] = OUR_VERSION;
    record[FLAGS] = flags;
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        nfw_put32(record + COUNTS + 4u * i, (uint32_t)count[i]);
    }
    return nfw_record_write(address_of(kind, number), record, sizeof record);
}

static int
decode_record(const uint8_t *record, struct nfw_frozen *frozen)
{
    if (record[VERSION] != OUR_VERSION) {
        return NFW_ERR_NONE;
    }
    frozen->time = nfw_get32(record + TIME);
    frozen->flags = record[FLAGS];
    frozen->missing = 0u;
    for (unsigned i = 0u; i < NFW_CHANNELS; i++) {
        frozen->count[i] = (int32_t)nfw_get32(record + COUNTS + 4u * i);
    }
    return NFW_OK;
}

int
nfw_freeze_get(const struct nfw_freeze *freeze, enum nfw_freeze_kind kind, unsigned back,
               struct nfw_frozen *frozen)
{
    uint8_t record[RECORD_SIZE];
    struct nfw_frozen decoded;
    uint32_t number;
    int result;

    if (kind >= NFW_FREEZE_KINDS || back >= rings[kind].slots) {
        return NFW_ERR_RANGE;
    }
    if (freeze->newest[kind] <= back) {
        return NFW_ERR_NONE;
    }
    number = freeze->newest[kind] - back;
    result = read_moment(kind, number, record);
    if (result == NFW_OK) {
        result = kind == NFW_FREEZE_HOUR ? decode_hour(number, record, &decoded)
                                         : decode_record(record, &decoded);
    }
    if (result == NFW_OK) {
        *frozen = decoded;
    }
    return result;
}

/* --- what is due ---------------------------------------------------------------------------- */

/* The oldest moment of a kind that is not settled yet; 0: none. A gap longer than the log is left:
 * a clock that was set wrong by years must not wipe the history. */
static uint32_t
find_due(const struct nfw_freeze *freeze, enum nfw_freeze_kind kind, nfw_seconds now)
{
    const uint32_t newest = freeze->newest[kind];
    const uint32_t last = number_at(kind, now);

    if (newest >= last) {
        return 0u;
    }
    return newest == 0u || last - newest > rings[kind].slots ? last : newest + 1u;
}

/* The clock was set back, behind moments that have been written: they stay, for they will not be
 * written twice, but are not the newest ones now. Returns: NFW_OK when that was so. */
static int
step_back(struct nfw_freeze *freeze, nfw_seconds now)
{
    for (unsigned i = 0u; i < NFW_FREEZE_ORDERED; i++) {
        const uint32_t last = number_at((enum nfw_freeze_kind)i, now);

        if (freeze->newest[i] > last) {
            const unsigned n = i == NFW_FREEZE_HOUR ? SEARCHED_HOURS : rings[i].slots;

            return find_back((enum nfw_freeze_kind)i, last, n, &freeze->newest[i]);
        }
    }
    return NFW_ERR_NONE;
}

/* Writes a moment unless it is held already, as it may be when the clock had been set back. */
static int
settle(struct nfw_freeze *freeze, enum nfw_freeze_kind kind, uint32_t number, nfw_seconds now,
       const int32_t *count)
{
    const nfw_seconds time = time_of(kind, number);
    const uint8_t flags = now - time > NFW_FREEZE_LATE_S ? NFW_FREEZE_ESTIMATED : 0u;
    int result = is_held(kind, number);

    if (result == NFW_ERR_NONE) {
        result = kind == NFW_FREEZE_HOUR ? write_hour(number, flags, count)
                                         : write_record(kind, number, time, flags, count);
    }
    if (result == NFW_OK || result == NFW_ERR_VERIFY) {
        freeze->newest[kind] = number;
    }
    return result;
}

int
nfw_freeze_step(struct nfw_freeze *freeze, nfw_seconds now, const int32_t count[NFW_CHANNELS])
{
    enum nfw_freeze_kind next = NFW_FREEZE_KINDS;
    uint32_t number = 0u;
    int result = ensure_all_known(freeze);

    if (result != NFW_OK) {
        return result;
    }
    result = step_back(freeze, now);
    if (result != NFW_ERR_NONE) {
        return result;
    }
    for (unsigned i = 0u; order[i] != NFW_FREEZE_ORDERED; i++) {
        const enum nfw_freeze_kind kind = (enum nfw_freeze_kind)order[i];
        const uint32_t due = find_due(freeze, kind, now);

        if (due != 0u && (next == NFW_FREEZE_KINDS || time_of(kind, due) < time_of(next, number))) {
            next = kind;
            number = due;
        }
    }
    return next == NFW_FREEZE_KINDS ? NFW_ERR_NONE : settle(freeze, next, number, now, count);
}

int
nfw_freeze_order(struct nfw_freeze *freeze, nfw_seconds now, const int32_t count[NFW_CHANNELS])
{
    int result = ensure_known(freeze, NFW_FREEZE_ORDERED);

    if (result != NFW_OK) {
        return result;
    }
    result = NFW_ERR_VERIFY;
    for (unsigned i = 0u; i < ORDER_TRIES && result == NFW_ERR_VERIFY; i++) {
        const uint32_t number = freeze->newest[NFW_FREEZE_ORDERED] + 1u;

        result = write_record(NFW_FREEZE_ORDERED, number, now, 0u, count);
        if (result == NFW_OK || result == NFW_ERR_VERIFY) {
            freeze->newest[NFW_FREEZE_ORDERED] = number;
        }
    }
    return result;
}
