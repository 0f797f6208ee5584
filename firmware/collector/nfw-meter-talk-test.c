/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers are put together here byte by byte, by the rules of EN 13757-3 and CJ/T 188. */
#include "nfw-meter-talk.h"
#include "nfw-random.h"
#include "nilo-mbus-record.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

#define UNTOUCHED 4711

static size_t
from_hex(const char *hex, uint8_t *bytes)
{
    size_t size = 0;

    while (*hex != '\0') {
        char *end;

        bytes[size++] = (uint8_t)strtoul(hex, &end, 16);
        hex = end + strspn(end, " ");
    }
    return size;
}

/* asked at primary address 5, identification 12345678, manufacturer 3A41 */
static const struct nfw_channel_config primary = {
    .source = NFW_SOURCE_MBUS,
    .meter_number = {0x78, 0x56, 0x34, 0x12, 0x41, 0x3a, 5},
};

/* selected by its identification alone */
static const struct nfw_channel_config selected = {
    .source = NFW_SOURCE_MBUS,
    .meter_number = {0x78, 0x56, 0x34, 0x12, 0xff, 0xff, 0xff},
};

static const struct nfw_channel_config cjt188 = {
    .source = NFW_SOURCE_CJT188,
    .type = 0x10,
    .meter_number = {0x01, 0x00, 0x03, 0x26, 0x00, 0x01, 0x33},
};

/* --- M-Bus: records ------------------------------------------------------------------------- */

struct record_case {
    const char *path;
    const char *records;
    int told;
    int32_t litres;
};

#define VALUE    NFW_TOLD_VALUE
#define NO_VALUE NFW_TOLD_NO_VALUE

static const struct record_case record_cases[] = {
    {"litres", "0C 13 78 56 34 12", VALUE, 12345678},
    {"ten-litres", "0C 14 78 56 34 12", VALUE, 123456780},
    {"cubic-metres", "04 16 07 00 00 00", VALUE, 7000},
    {"ten-cubic-metres", "02 17 07 00", VALUE, 70000},
    {"hundred-cubic-metres", "04 FB 10 02 00 00 00", VALUE, 200000},
    {"thousand-cubic-metres", "02 FB 11 03 00", VALUE, 3000000},
    {"deci-litres-are-cut-off", "04 12 E7 03 00 00", VALUE, 99},
    {"centi-litres-are-cut-off", "04 11 C7 00 00 00", VALUE, 1},
    {"millilitres-are-cut-off", "0E 10 99 99 99 99 99 99", VALUE, 999999999},
    {"below-zero", "04 13 FE FF FF FF", VALUE, -2},
    {"below-zero-is-cut-off-downwards", "04 12 FF FF FF FF", VALUE, -1},
    {"below-zero-bcd", "0C 12 15 00 00 F0", VALUE, -2},
    {"int8", "01 13 7F", VALUE, 127},
    {"int16", "02 13 FF 7F", VALUE, 32767},
    {"int24", "03 13 40 42 0F", VALUE, 1000000},
    {"int48", "06 13 FF FF FF 7F 00 00", VALUE, INT32_MAX},
    {"int64", "07 10 E8 03 00 00 00 00 00 00", VALUE, 1},
    {"bcd2", "09 16 42", VALUE, 42000},
    {"bcd4", "0A 16 34 12", VALUE, 1234000},
    {"bcd6", "0B 13 56 34 12", VALUE, 123456},
    {"bcd12", "0E 13 56 34 12 00 00 00", VALUE, 123456},
    {"zero", "0C 13 00 00 00 00", VALUE, 0},
    {"zero-of-a-large-unit", "0C FB 11 00 00 00 00", VALUE, 0},
    {"behind-other-quantities", "0C 06 11 11 11 11 0A 5A 00 07 2F 0C 13 05 00 00 00", VALUE, 5},
    {"before-the-maker-s-own", "0C 13 05 00 00 00 0F 0C 13 06 00 00 00", VALUE, 5},
    {"before-more-telegrams", "0C 13 05 00 00 00 1F", VALUE, 5},
    {"before-a-broken-record", "0C 13 05 00 00 00 04 13 01", VALUE, 5},
    {"behind-a-settlement-day", "4C 13 09 00 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-a-tariff", "8C 10 13 09 00 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-a-subunit", "8C 40 13 09 00 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-a-maximum", "1C 13 09 00 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-the-value-at-an-error", "3C 13 09 00 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-backward-flow", "0C 93 3C 09 00 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-a-limit", "0C 93 48 09 00 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-a-rate", "0C 93 22 09 00 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"forward-flow", "0C 93 3B 05 00 00 00", VALUE, 5},
    {"corrected-by-a-hundredth", "04 93 74 D2 04 00 00", VALUE, 12},
    {"corrected-by-a-thousand", "04 93 7D 0C 00 00 00", VALUE, 12000},
    {"the-first-of-two", "0C 13 05 00 00 00 0C 13 06 00 00 00", VALUE, 5},
    {"only-backward-flow", "0C 93 3C 09 00 00 00", NO_VALUE, UNTOUCHED},
    {"only-a-settlement-day", "4C 13 09 00 00 00", NO_VALUE, UNTOUCHED},
    {"only-flow", "0B 3B 09 00 00", NO_VALUE, UNTOUCHED},
    {"no-data-says-the-meter", "0C 93 15 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"an-invalid-one-hides-the-next", "04 13 00 00 00 80 0C 13 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"error-says-the-meter", "0C 93 18 05 00 00 00 0C 13 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"a-constant-to-be-added", "0C 93 7A 05 00 00 00 0C 13 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"reserved-length", "0D 6D CA 0C 13 05 00 00 00 00 00 00 00 00 0C 13 05 00 00 00", NO_VALUE,
     UNTOUCHED},
    {"display-pattern", "0C 13 EE EE EE EE", NO_VALUE, UNTOUCHED},
    {"integer-without-value", "04 13 00 00 00 80", NO_VALUE, UNTOUCHED},
    {"real", "05 16 00 00 80 3F", NO_VALUE, UNTOUCHED},
    {"variable-length", "0D 13 C4 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"text", "0D 13 02 31 32", NO_VALUE, UNTOUCHED},
    {"gallons", "0C FB 23 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"more-than-fits", "0E 13 99 99 99 99 99 99", NO_VALUE, UNTOUCHED},
    {"one-more-than-fits", "06 13 00 00 00 80 00 00", NO_VALUE, UNTOUCHED},
    {"more-than-fits-by-its-unit", "04 FB 11 00 00 00 7F", NO_VALUE, UNTOUCHED},
    {"cut-short", "0C 13 05 00", NO_VALUE, UNTOUCHED},
    {"behind-a-text-unit", "0D 7C 03 44 49 20 02 31 32 0C 13 05 00 00 00", VALUE, 5},
    {"behind-another-table", "02 FD 17 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-another-table-extended", "02 FD CF 01 00 00 0C 13 05 00 00 00", VALUE, 5},
    {"behind-data-of-the-maker", "04 FF 93 00 01 02 03 04 0C 13 05 00 00 00", VALUE, 5},
    {"behind-no-data", "00 13 0C 13 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"behind-fillers", "2F 2F 0C 13 05 00 00 00", VALUE, 5},
    {"with-empty-extensions", "8C 80 00 93 80 00 05 00 00 00", VALUE, 5},
    {"behind-a-text-unit-of-doubtful-place", "02 FC 03 48 52 25 74 D4 11 0C 13 05 00 00 00",
     NO_VALUE, UNTOUCHED},
    {"endless-extensions", "8C 80 80 80 80 80 80 80 80 80 80 80 00 13 05 00 00 00", NO_VALUE,
     UNTOUCHED},
    {"endless-vife", "0C 93 80 80 80 80 80 80 80 80 80 80 80 00 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"text-unit-cut-short", "0D 7C 30 44", NO_VALUE, UNTOUCHED},
    {"reserved", "3F 0C 13 05 00 00 00", NO_VALUE, UNTOUCHED},
    {"nothing", "", NO_VALUE, UNTOUCHED},
};

static enum nfw_told
hear_mbus(const struct nfw_channel_config *channel, uint8_t c, uint8_t a, uint8_t ci,
          const char *data, int32_t *litres)
{
    uint8_t bytes[256];
    NiloMbusFrame frame = {.type = NILO_MBUS_FRAME_LONG, .c = c, .a = a, .ci = ci, .data = bytes};

    frame.size = from_hex(data, bytes);
    if (frame.size == 0) {
        frame.type = NILO_MBUS_FRAME_CONTROL;
        frame.data = NULL;
    }
    *litres = UNTOUCHED;
    return nfw_meter_hear_mbus(channel, &frame, frame.size + 7, litres);
}

#define HEADER "78 56 34 12 41 3A 01 07 55 00 00 00 "

static void
test_record(const void *data)
{
    const struct record_case *c = data;
    char hex[256];
    int32_t litres;

    snprintf(hex, sizeof hex, HEADER "%s", c->records);
    CHECK_INT(hear_mbus(&primary, 0x08, 5, 0x72, hex, &litres), c->told);
    CHECK_INT(litres, c->litres);
}

/* --- M-Bus: who, and how -------------------------------------------------------------------- */

struct answer_case {
    const char *path;
    const struct nfw_channel_config *channel;
    uint8_t c;
    uint8_t a;
    uint8_t ci;
    const char *data;
    int told;
};

#define RECORD  "0C 13 05 00 00 00"
#define NOTHING NFW_TOLD_NOTHING

static const struct answer_case answer_cases[] = {
    {"as-asked", &primary, 0x08, 5, 0x72, HEADER RECORD, VALUE},
    {"with-alarm-and-busy-bits", &primary, 0x38, 5, 0x72, HEADER RECORD, VALUE},
    {"own-request-heard-back", &primary, 0x53, 5, 0x72, HEADER RECORD, NOTHING},
    {"another-primary-address", &primary, 0x08, 6, 0x72, HEADER RECORD, NOTHING},
    {"another-identification", &primary, 0x08, 5, 0x72,
     "79 56 34 12 41 3A 01 07 55 00 00 00 " RECORD, NOTHING},
    {"another-manufacturer", &primary, 0x08, 5, 0x72, "78 56 34 12 42 3A 01 07 55 00 00 00 " RECORD,
     NOTHING},
    {"short-header-by-address", &primary, 0x08, 5, 0x7a, "55 00 00 00 " RECORD, VALUE},
    {"no-header-by-address", &primary, 0x08, 5, 0x78, RECORD, VALUE},
    {"high-byte-first", &primary, 0x08, 5, 0x76,
     "12 34 56 78 3A 41 01 07 55 00 00 00 0C 13 00 00 00 05", NO_VALUE},
    {"selected", &selected, 0x08, 0, 0x72, HEADER RECORD, VALUE},
    {"selected-and-another", &selected, 0x08, 0, 0x72,
     "79 56 34 12 41 3A 01 07 55 00 00 00 " RECORD, NOTHING},
    {"selected-and-nameless", &selected, 0x08, 253, 0x78, RECORD, NOTHING},
    {"selected-and-short", &selected, 0x08, 253, 0x7a, "55 00 00 00 " RECORD, NOTHING},
    {"low-battery", &primary, 0x08, 5, 0x72, "78 56 34 12 41 3A 01 07 55 04 00 00 " RECORD, VALUE},
    {"alarm", &primary, 0x08, 5, 0x72, "78 56 34 12 41 3A 01 07 55 03 00 00 " RECORD, VALUE},
    {"busy", &primary, 0x08, 5, 0x72, "78 56 34 12 41 3A 01 07 55 01 00 00 " RECORD, NO_VALUE},
    {"application-error", &primary, 0x08, 5, 0x72, "78 56 34 12 41 3A 01 07 55 02 00 00 " RECORD,
     NO_VALUE},
    {"encrypted", &primary, 0x08, 5, 0x72,
     "78 56 34 12 41 3A 01 07 55 00 10 05 0C 13 05 00 00 00 00 00 00 00 00 00 00 00 00 00",
     NO_VALUE},
    {"too-many-readouts", &primary, 0x18, 5, 0x70, "09", NO_VALUE},
    {"error-without-code", &primary, 0x08, 5, 0x70, "", NO_VALUE},
    {"alarm-frame", &primary, 0x08, 5, 0x71, "01", NO_VALUE},
    {"header-cut-short", &primary, 0x08, 5, 0x72, "78 56 34", NO_VALUE},
    {"wants-a-reset", &primary, 0x08, 5, 0xb7, "", NFW_TOLD_RESET},
    /* the fixed structure: identification, access, status, two units, two counters */
    {"fixed", &primary, 0x08, 5, 0x73, "78 56 34 12 01 00 E9 7E 05 00 00 00 09 00 00 00", VALUE},
    {"fixed-binary", &primary, 0x08, 5, 0x73, "78 56 34 12 01 01 E9 7E 05 00 00 00 09 00 00 00",
     VALUE},
    {"fixed-selected", &selected, 0x08, 0, 0x73, "78 56 34 12 01 00 E9 7E 05 00 00 00 09 00 00 00",
     VALUE},
    {"fixed-of-another", &selected, 0x08, 0, 0x73,
     "79 56 34 12 01 00 E9 7E 05 00 00 00 09 00 00 00", NOTHING},
    {"fixed-historic", &primary, 0x08, 5, 0x73, "78 56 34 12 01 02 E9 7E 05 00 00 00 09 00 00 00",
     NO_VALUE},
    {"fixed-energy", &primary, 0x08, 5, 0x73, "78 56 34 12 01 00 05 3E 05 00 00 00 09 00 00 00",
     NO_VALUE},
    {"fixed-cut-short", &primary, 0x08, 5, 0x73, "78 56 34 12 01 00 E9 7E 05 00 00 00 09 00 00",
     NO_VALUE},
};

static void
test_answer(const void *data)
{
    const struct answer_case *c = data;
    int32_t litres;

    CHECK_INT(hear_mbus(c->channel, c->c, c->a, c->ci, c->data, &litres), c->told);
    CHECK_INT(litres, c->told == VALUE ? 5 : UNTOUCHED);
}

/* what is not kept is not read, and is not made up either */
static void
test_kept(const void *data)
{
    uint8_t bytes[64];
    NiloMbusFrame frame = {
        .type = NILO_MBUS_FRAME_LONG, .c = 0x08, .a = 5, .ci = 0x72, .data = bytes};
    int32_t litres = UNTOUCHED;

    frame.size = from_hex(HEADER RECORD " 0C 13 06 00 00 00", bytes);
    CHECK_INT(nfw_meter_hear_mbus(&primary, &frame, 7 + 12 + 6, &litres), VALUE);
    CHECK_INT(litres, 5);
    for (size_t kept = 7 + 12; kept < 7 + 12 + 6; kept++)
        CHECK_INT(nfw_meter_hear_mbus(&primary, &frame, kept, &litres), NO_VALUE);

    /* an encrypted frame does not become a clear one by being cut */
    frame.size = from_hex("78 56 34 12 41 3A 01 07 55 00 20 05 " RECORD, bytes) + 32;
    memset(bytes + 18, 0x2f, 32);
    CHECK_INT(nfw_meter_hear_mbus(&primary, &frame, 7 + 12 + 6, &litres), NO_VALUE);
}

/* --- against the wire library ---------------------------------------------------------------- */

#define MIXTURES     200000u
#define INCOMPARABLE (-1)

static uint32_t random_state = 2463534242u;

static uint32_t
next_random(uint32_t below)
{
    return nfw_random(&random_state) % below;
}

static bool
is_register(const NiloMbusRecord *record)
{
    const unsigned allowed = NILO_MBUS_DIRECTION_FORWARD | NILO_MBUS_QUALIFIER_RECORD_ERROR;

    return record->quantity == NILO_QUANTITY_VOLUME &&
           record->function == NILO_MBUS_FUNCTION_INSTANTANEOUS && record->storage == 0 &&
           record->tariff == 0 && record->subunit == 0 && (record->qualifiers & ~allowed) == 0;
}

/* What the iterator makes of the same records; it knows texts, units and lengths that no register
 * has. */
static int
read_with_iterator(const uint8_t *payload, size_t size, int64_t *litres)
{
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, payload, size);
    while (nilo_mbus_record_iter_next(&iter, &record)) {
        int exponent = record.value.exponent + 3;

        if (record.type != NILO_MBUS_RECORD_DATA)
            return NO_VALUE;
        if (record.vib[0] == 0xfc || record.variable_length >= 0xf0 ||
            (record.quantity == NILO_QUANTITY_VOLUME && record.value.unit != NILO_UNIT_CUBIC_METRE))
            return INCOMPARABLE;
        if (!is_register(&record))
            continue;
        if (record.coding == NILO_MBUS_CODING_REAL32 ||
            record.coding == NILO_MBUS_CODING_VARIABLE ||
            record.value.type != NILO_MBUS_VALUE_NUMBER ||
            (record.qualifiers & NILO_MBUS_QUALIFIER_RECORD_ERROR) != 0 ||
            record.value.state != NILO_MBUS_STATE_OK)
            return NO_VALUE;
        *litres = record.value.mantissa;
        for (; exponent > 0 && llabs(*litres) <= INT32_MAX; exponent--)
            *litres *= 10;
        for (; exponent < 0; exponent++)
            *litres = *litres / 10 - (*litres % 10 < 0 ? 1 : 0);
        return llabs(*litres) <= INT32_MAX ? VALUE : NO_VALUE;
    }
    return NO_VALUE;
}

/* Records in any order, some of them damaged or cut short: where both see a register they see the
 * same, and where one is in doubt it is ours. */
static void
test_agreement(const void *data)
{
    static const char *const pool[] = {"0C 13 05 00 00 00",      "04 13 05 01 00 00",
                                       "8C 10 13 09 00 00 00",   "0C 93 3C 09 00 00 00",
                                       "4C 13 09 00 00 00",      "02 FD 17 00 00",
                                       "0B 3B 09 00 00",         "04 6D 1A 0E CD 13",
                                       "0D 78 02 31 32",         "02 7C 02 41 42 01 02",
                                       "04 FB 10 02 00 00 00",   "0E 12 56 34 12 00 00 00",
                                       "04 93 74 D2 04 00 00",   "05 5B 2B 4B AC 41",
                                       "04 FF 93 00 01 02 03 04"};
    unsigned n_values = 0, n_doubts = 0;

    for (unsigned i = 0; i < MIXTURES; i++) {
        uint8_t bytes[128];
        size_t size = from_hex("78 56 34 12 41 3A 01 07 55 00 00 00", bytes);
        const size_t start = size;
        NiloMbusFrame frame = {
            .type = NILO_MBUS_FRAME_LONG, .c = 0x08, .a = 5, .ci = 0x72, .data = bytes};
        int64_t expected = UNTOUCHED;
        int32_t litres = UNTOUCHED;
        int told, wanted;

        for (unsigned n = 1 + next_random(6); n > 0; n--)
            size += from_hex(pool[next_random(sizeof pool / sizeof pool[0])], bytes + size);
        for (unsigned n = next_random(4); n > 0; n--)
            bytes[start + next_random((uint32_t)(size - start))] ^= (uint8_t)next_random(256);
        if (next_random(4) == 0)
            size = start + 1 + next_random((uint32_t)(size - start));
        frame.size = size;
        wanted = read_with_iterator(bytes + start, size - start, &expected);
        told = nfw_meter_hear_mbus(&primary, &frame, size + 7, &litres);
        if (wanted == INCOMPARABLE)
            continue;
        n_values += told == VALUE ? 1 : 0;
        n_doubts += told != wanted ? 1 : 0;
        CHECK(told == wanted || told == NO_VALUE);
        if (told == VALUE)
            CHECK_INT(litres, expected);
    }
    printf("# %u mixtures, %u values, %u doubts\n", MIXTURES, n_values, n_doubts);
    CHECK(n_values > MIXTURES / 4);
    CHECK(n_doubts < MIXTURES / 1000);
}

/* --- CJ/T 188 ------------------------------------------------------------------------------- */

struct cjt188_case {
    const char *path;
    const char *address;
    uint8_t control;
    const char *data;
    int told;
    int32_t litres;
};

#define OWN   "01 00 03 26 00 01 33"
#define CLOCK "00 30 10 15 03 26 20 "

static const struct cjt188_case cjt188_cases[] = {
    {"as-asked", OWN, 0x81, "90 1F 07 34 12 00 00 2C 00 00 00 00 2C " CLOCK "00 00", VALUE, 12340},
    {"identifier-swapped", OWN, 0x81, "1F 90 07 34 12 00 00 2C 00 00 00 00 2C " CLOCK "00 00",
     VALUE, 12340},
    {"largest", OWN, 0x81, "90 1F 07 99 99 99 99 2C 00 00 00 00 2C " CLOCK "00 00", VALUE,
     999999990},
    {"unit-litres", OWN, 0x81, "90 1F 07 99 12 00 00 29 00 00 00 00 29 " CLOCK "00 00", VALUE, 12},
    {"unit-ten-litres", OWN, 0x81, "90 1F 07 34 12 00 00 2A 00 00 00 00 2A " CLOCK "00 00", VALUE,
     123},
    {"unit-hundred-cubic-metres", OWN, 0x81,
     "90 1F 07 34 12 00 00 2E 00 00 00 00 2E " CLOCK "00 00", VALUE, 1234000},
    {"more-than-fits", OWN, 0x81, "90 1F 07 99 99 99 99 2E 00 00 00 00 2E " CLOCK "00 00", NO_VALUE,
     UNTOUCHED},
    {"unit-unknown", OWN, 0x81, "90 1F 07 34 12 00 00 00 00 00 00 00 00 " CLOCK "00 00", NO_VALUE,
     UNTOUCHED},
    {"unit-energy", OWN, 0x81, "90 1F 07 34 12 00 00 05 00 00 00 00 05 " CLOCK "00 00", NO_VALUE,
     UNTOUCHED},
    {"not-bcd", OWN, 0x81, "90 1F 07 3A 12 00 00 2C 00 00 00 00 2C " CLOCK "00 00", NO_VALUE,
     UNTOUCHED},
    {"not-measured", OWN, 0x81, "90 1F 07 FF FF FF FF FF 00 00 00 00 2C " CLOCK "00 00", NO_VALUE,
     UNTOUCHED},
    {"settlement-not-kept", OWN, 0x81, "90 1F 07 34 12 00 00 2C FF FF FF FF FF " CLOCK "00 00",
     VALUE, 12340},
    {"clock-nonsense", OWN, 0x81,
     "90 1F 07 34 12 00 00 2C 00 00 00 00 2C FF FF FF FF FF FF FF FF FF", VALUE, 12340},
    {"short-without-unit", OWN, 0x81, "90 1F 07 34 12 00 00 00 00", NO_VALUE, UNTOUCHED},
    {"another-serial", OWN, 0x81, "90 1F 06 34 12 00 00 2C 00 00 00 00 2C " CLOCK "00 00", NOTHING,
     UNTOUCHED},
    {"another-meter", "02 00 03 26 00 01 33", 0x81,
     "90 1F 07 34 12 00 00 2C 00 00 00 00 2C " CLOCK "00 00", NOTHING, UNTOUCHED},
    {"own-request-heard-back", OWN, 0x01, "90 1F 07", NOTHING, UNTOUCHED},
    {"another-function", OWN, 0x84, "90 1F 07 34 12 00 00 2C 00 00 00 00 2C " CLOCK "00 00",
     NOTHING, UNTOUCHED},
    {"another-identifier", OWN, 0x81, "D1 20 07 34 12 00 00 2C", NOTHING, UNTOUCHED},
    {"refused", OWN, 0xc1, "07 00 00", NO_VALUE, UNTOUCHED},
    {"refused-to-another", OWN, 0xc1, "06 00 00", NOTHING, UNTOUCHED},
    {"empty", OWN, 0x81, "", NOTHING, UNTOUCHED},
    {"heat-meter", OWN, 0x81,
     "90 1F 07 00 00 00 00 05 00 03 00 00 05 00 00 00 00 17 00 00 00 00 35 27 00 00 00 2C 60 14 00 "
     "74 14 00 46 54 00 " CLOCK "00 00",
     VALUE, 270},
    {"unit-in-front", OWN, 0xa1,
     "90 1F 07 2C 34 12 00 00 2C 00 00 00 00 35 00 00 00 00 " CLOCK "00 00 00 00", VALUE, 12340},
    {"no-payload", OWN, 0x81, "90 1F 07", NO_VALUE, UNTOUCHED},
};

static void
test_cjt188(const void *data)
{
    const struct cjt188_case *c = data;
    uint8_t bytes[64];
    NiloCjt188Frame frame = {.type = 0x11, .control = c->control, .data = bytes};
    int32_t litres = UNTOUCHED;

    from_hex(c->address, frame.address.bytes);
    frame.data_size = (uint8_t)from_hex(c->data, bytes);
    CHECK_INT(nfw_meter_hear_cjt188(&cjt188, &frame, 7, &litres), c->told);
    CHECK_INT(litres, c->litres);
}

/* --- requests ------------------------------------------------------------------------------- */

static void
check_bytes(const uint8_t *bytes, size_t size, const char *hex)
{
    uint8_t expected[64];

    CHECK_INT(size, from_hex(hex, expected));
    CHECK(memcmp(bytes, expected, size) == 0);
}

static void
test_requests(const void *data)
{
    uint8_t bytes[32];
    size_t size;

    size = nfw_meter_ask_mbus(&primary, NFW_ASK_LINK, bytes, sizeof bytes);
    check_bytes(bytes, size, "10 40 05 45 16");
    size = nfw_meter_ask_mbus(&primary, NFW_ASK_VALUE, bytes, sizeof bytes);
    check_bytes(bytes, size, "10 7B 05 80 16");
    size = nfw_meter_ask_mbus(&primary, NFW_ASK_APPLICATION, bytes, sizeof bytes);
    check_bytes(bytes, size, "68 03 03 68 53 05 50 A8 16");
    size = nfw_meter_ask_mbus(&selected, NFW_ASK_LINK, bytes, sizeof bytes);
    check_bytes(bytes, size, "68 0B 0B 68 53 FD 52 78 56 34 12 FF FF FF FF B2 16");
    size = nfw_meter_ask_mbus(&selected, NFW_ASK_VALUE, bytes, sizeof bytes);
    check_bytes(bytes, size, "10 7B FD 78 16");
    size = nfw_meter_ask_cjt188(&cjt188, NILO_CJT188_HIGH_FIRST, 7, bytes, sizeof bytes);
    check_bytes(bytes, size, "FE FE FE 68 10 01 00 03 26 00 01 33 01 03 90 1F 07 90 16");
    size = nfw_meter_ask_cjt188(&cjt188, NILO_CJT188_LOW_FIRST, 8, bytes, sizeof bytes);
    check_bytes(bytes, size, "FE FE FE 68 10 01 00 03 26 00 01 33 01 03 1F 90 08 91 16");
}

#define RUN_TABLE(table, prefix, test)                                                             \
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {                                  \
        char path[96];                                                                             \
                                                                                                   \
        snprintf(path, sizeof path, "/meter-talk/" prefix "/%s", table[i].path);                   \
        nilo_test_run(path, test, &table[i]);                                                      \
    }

int
main(void)
{
    RUN_TABLE(record_cases, "mbus/record", test_record)
    RUN_TABLE(answer_cases, "mbus/answer", test_answer)
    nilo_test_run("/meter-talk/mbus/kept", test_kept, NULL);
    nilo_test_run("/meter-talk/mbus/agreement", test_agreement, NULL);
    RUN_TABLE(cjt188_cases, "cjt188", test_cjt188)
    nilo_test_run("/meter-talk/requests", test_requests, NULL);
    return nilo_test_finish();
}
