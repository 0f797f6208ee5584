/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-record.h"

#include "nilo-mbus-record-build.h"
#include "nilo-mbus-record-value.h"
#include "nilo-mbus-vif.h"

#define EXTENSION_BIT    0x80u
#define DIF_SPECIAL      0x0fu
#define DIF_MANUFACTURER 0x0f
#define DIF_MORE_FOLLOW  0x1f
#define DIF_FILLER       0x2f
#define DIF_READOUT      0x7f

#define VIF_TEXT         0x7cu
#define VIF_MANUFACTURER 0x7fu
#define VIF_TABLE_FB     0xfbu
#define VIF_TABLE_FD     0xfdu
#define VIF_TABLE_EF     0xefu

#define VARIABLE         0xff

/* what few records need stays out of line, so that the many do not pay for its registers */
#define RARE __attribute__((noinline, cold))

static const uint8_t data_sizes[16] = {0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, VARIABLE, 6, 0};

/* Where the length and the characters of a plain text unit stand. */
typedef enum {
    TEXT_BEHIND_VIF,  /* as many meters have it */
    TEXT_BEHIND_VIFE, /* as the standard has it */
} TextPlace;

const char *
nilo_mbus_record_error_get_text(NiloMbusRecordError error)
{
    static const char *const texts[] = {
        [NILO_MBUS_RECORD_ERROR_NONE] = NULL,
        [NILO_MBUS_RECORD_ERROR_END_IN_DIFE] = "end in DIFE",
        [NILO_MBUS_RECORD_ERROR_TOO_MANY_DIFE] = "more than 10 DIFE",
        [NILO_MBUS_RECORD_ERROR_END_BEFORE_VIF] = "end before VIF",
        [NILO_MBUS_RECORD_ERROR_END_IN_VIFE] = "end in VIFE",
        [NILO_MBUS_RECORD_ERROR_TOO_MANY_VIFE] = "more than 10 VIFE",
        [NILO_MBUS_RECORD_ERROR_END_IN_TEXT] = "end in VIF text",
        [NILO_MBUS_RECORD_ERROR_END_IN_DATA] = "end in data",
        [NILO_MBUS_RECORD_ERROR_RESERVED_LENGTH] = "reserved length of variable data",
    };

    return (size_t)error < sizeof texts / sizeof texts[0] ? texts[error] : NULL;
}

void
nilo_mbus_record_iter_init(NiloMbusRecordIter *iter, const uint8_t *bytes, size_t size)
{
    *iter = (NiloMbusRecordIter){
        .position = bytes,
        .end = size > 0 ? bytes + size : bytes,
    };
}

/*
 * The three parts of a record. Each returns the position behind what it took, or NULL with @error
 * set. The position is handed over by value and the common case is inlined, so that it lives in a
 * register: records are decoded by the thousand.
 */

static const uint8_t *
fail(NiloMbusRecordError reason, NiloMbusRecordError *error)
{
    *error = reason;
    return NULL;
}

static RARE const uint8_t *
take_dife(const uint8_t *p, const uint8_t *end, NiloMbusRecord *record, NiloMbusRecordError *error)
{
    uint64_t storage = record->storage;
    uint32_t tariff = 0;
    uint32_t subunit = 0;
    unsigned k = 0;
    uint8_t byte;

    do {
        if (p == end)
            return fail(NILO_MBUS_RECORD_ERROR_END_IN_DIFE, error);
        if (k == NILO_MBUS_MAX_EXTENSIONS)
            return fail(NILO_MBUS_RECORD_ERROR_TOO_MANY_DIFE, error);
        byte = *p++;
        storage |= (uint64_t)(byte & 0x0f) << (1 + 4 * k);
        tariff |= (uint32_t)(byte >> 4 & 0x03) << (2 * k);
        subunit |= (uint32_t)(byte >> 6 & 0x01) << k;
        k++;
    } while ((byte & EXTENSION_BIT) != 0);
    record->storage = storage;
    record->tariff = tariff;
    record->subunit = (uint16_t)subunit;
    return p;
}

/* nearly all meters stop after one extension */
static inline const uint8_t *
take_first_dife(const uint8_t *p, const uint8_t *end, NiloMbusRecord *record,
                NiloMbusRecordError *error)
{
    if (p == end || (*p & EXTENSION_BIT) != 0)
        return take_dife(p, end, record, error);
    record->storage |= (uint64_t)(*p & 0x0f) << 1;
    record->tariff = *p >> 4 & 0x03;
    record->subunit = *p >> 6;
    return p + 1;
}

static const uint8_t *
take_text(const uint8_t *p, const uint8_t *end, NiloMbusRecord *record, NiloMbusRecordError *error)
{
    if (p == end || *p > end - p - 1)
        return fail(NILO_MBUS_RECORD_ERROR_END_IN_TEXT, error);
    record->text_size = *p++;
    record->text = p;
    return p + record->text_size;
}

/* @own: all extensions are the maker's own, because they stand behind FF */
static const uint8_t *
take_vife(const uint8_t *p, const uint8_t *end, bool own, NiloMbusRecord *record,
          NiloMbusRecordError *error)
{
    const uint8_t *start = p;
    unsigned n = 0;
    unsigned known = 0;
    uint8_t byte;

    do {
        if (p == end)
            return fail(NILO_MBUS_RECORD_ERROR_END_IN_VIFE, error);
        if (n == NILO_MBUS_MAX_EXTENSIONS)
            return fail(NILO_MBUS_RECORD_ERROR_TOO_MANY_VIFE, error);
        byte = *p++;
        n++;
        if (!own) {
            known = n;
            own = (byte & ~EXTENSION_BIT) == VIF_MANUFACTURER;
        }
    } while ((byte & EXTENSION_BIT) != 0);
    record->vife = start;
    record->vife_size = (uint8_t)known;
    record->own_size = (uint8_t)(n - known);
    return p;
}

static const uint8_t *
take_extended_text(const uint8_t *p, const uint8_t *end, TextPlace place, NiloMbusRecord *record,
                   NiloMbusRecordError *error)
{
    if (place == TEXT_BEHIND_VIF)
        p = take_text(p, end, record, error);
    if (p != NULL)
        p = take_vife(p, end, false, record, error);
    if (p != NULL && place == TEXT_BEHIND_VIFE)
        p = take_text(p, end, record, error);
    return p;
}

/* behind a VIF with its extension bit set: a code of another table, a text, extensions */
static const uint8_t *
take_extended_vif(const uint8_t *p, const uint8_t *end, TextPlace place, NiloMbusRecord *record,
                  const NiloMbusVif **meaning, NiloMbusRecordError *error)
{
    const uint8_t vif = p[-1];
    uint8_t code;

    if (vif == (VIF_TEXT | EXTENSION_BIT))
        return take_extended_text(p, end, place, record, error);
    if (vif != VIF_TABLE_FD && vif != VIF_TABLE_FB && vif != VIF_TABLE_EF)
        return take_vife(p, end, (vif & ~EXTENSION_BIT) == VIF_MANUFACTURER, record, error);
    if (p == end)
        return fail(NILO_MBUS_RECORD_ERROR_END_IN_VIFE, error);
    code = *p++;
    /* the table behind EF has no codes yet: the entry of EF itself is "reserved" */
    if (vif == VIF_TABLE_FD)
        *meaning = &nilo_mbus_vif_fd[code & ~EXTENSION_BIT];
    else if (vif == VIF_TABLE_FB)
        *meaning = &nilo_mbus_vif_fb[code & ~EXTENSION_BIT];
    return (code & EXTENSION_BIT) != 0 ? take_vife(p, end, false, record, error) : p;
}

/* bytes that a length byte in front of variable data announces; negative for a reserved one */
static int
get_variable_size(uint8_t length)
{
    if (length < 0xc0)
        return length;
    if (length <= 0xc9 || (length >= 0xd0 && length <= 0xd9) || (length >= 0xe0 && length <= 0xef))
        return length & 0x0f;
    if (length >= 0xf0 && length <= 0xf4)
        return 4 * (length - 0xec);
    if (length == 0xf5)
        return 48;
    return length == 0xf6 ? 64 : -1;
}

int
nilo_mbus_coding_get_size(NiloMbusCoding coding, uint8_t variable_length)
{
    if (coding == NILO_MBUS_CODING_VARIABLE)
        return get_variable_size(variable_length);
    return (unsigned)coding < NILO_MBUS_CODING_SPECIAL ? data_sizes[coding] : -1;
}

static const uint8_t *
take_variable_data(const uint8_t *p, const uint8_t *end, NiloMbusRecord *record,
                   NiloMbusRecordError *error)
{
    int size;

    if (p == end)
        return fail(NILO_MBUS_RECORD_ERROR_END_IN_DATA, error);
    record->variable_length = *p++;
    size = get_variable_size(record->variable_length);
    if (size < 0)
        return fail(NILO_MBUS_RECORD_ERROR_RESERVED_LENGTH, error);
    if (end - p < size)
        return fail(NILO_MBUS_RECORD_ERROR_END_IN_DATA, error);
    record->data = p;
    record->data_size = (uint8_t)size;
    return p + size;
}

static inline __attribute__((always_inline)) const uint8_t *
take_record(const uint8_t *p, const uint8_t *end, TextPlace place, NiloMbusRecord *record,
            const NiloMbusVif **meaning, NiloMbusRecordError *error)
{
    const uint8_t *start = p;
    const uint8_t dif = *p++;
    const size_t size = data_sizes[dif & 0x0f];
    uint8_t vif;

    /* all but what is set below on every good way: clearing the whole costs more than the rest */
    record->type = NILO_MBUS_RECORD_DATA;
    record->function = (NiloMbusFunction)(dif >> 4 & 0x03);
    record->coding = (NiloMbusCoding)(dif & 0x0f);
    record->storage = dif >> 6 & 0x01;
    record->tariff = 0;
    record->subunit = 0;
    record->qualifiers = 0;
    record->value = (NiloMbusValue){.type = NILO_MBUS_VALUE_NONE};
    record->dib = start;
    record->vib = NULL;
    record->vife = NULL;
    record->text = NULL;
    record->vife_size = 0;
    record->text_size = 0;
    record->own_size = 0;
    record->variable_length = 0;
    if ((dif & EXTENSION_BIT) != 0 && (p = take_first_dife(p, end, record, error)) == NULL)
        return NULL;
    if (p == end)
        return fail(NILO_MBUS_RECORD_ERROR_END_BEFORE_VIF, error);
    record->dib_size = (uint8_t)(p - start);
    record->vib = start = p;
    vif = *p++;
    *meaning = &nilo_mbus_vif_primary[vif & ~EXTENSION_BIT];
    if ((vif & EXTENSION_BIT) != 0)
        p = take_extended_vif(p, end, place, record, meaning, error);
    else if (vif == VIF_TEXT)
        p = take_text(p, end, record, error);
    if (p == NULL)
        return NULL;
    record->vib_size = (uint8_t)(p - start);
    if (size == VARIABLE)
        return take_variable_data(p, end, record, error);
    if ((size_t)(end - p) < size)
        return fail(NILO_MBUS_RECORD_ERROR_END_IN_DATA, error);
    record->data = p;
    record->data_size = (uint8_t)size;
    return p + size;
}

/* whether all records up to the end have a length that fits, texts standing at @place */
static bool
lands_on_end(const uint8_t *p, const uint8_t *end, TextPlace place)
{
    while (p < end) {
        const NiloMbusVif *meaning;
        NiloMbusRecordError error;
        NiloMbusRecord record;

        if (*p == DIF_FILLER) {
            p++;
            continue;
        }
        if ((*p & DIF_SPECIAL) == DIF_SPECIAL)
            return true;
        p = take_record(p, end, place, &record, &meaning, &error);
        if (p == NULL)
            return false;
    }
    return true;
}

/* A text unit with extensions can be read in two ways: the one that fits to the end is right, the
 * meters' way before the standard's when both fit. When neither does, something behind is broken,
 * and the meters' way stands if it makes sense here (@fits). */
static TextPlace
find_text_place(const uint8_t *p, const uint8_t *end, bool fits)
{
    if (lands_on_end(p, end, TEXT_BEHIND_VIF))
        return TEXT_BEHIND_VIF;
    if (lands_on_end(p, end, TEXT_BEHIND_VIFE))
        return TEXT_BEHIND_VIFE;
    return fits ? TEXT_BEHIND_VIF : TEXT_BEHIND_VIFE;
}

/* the place of the text is in doubt: read the record again if it stands where the standard says */
static RARE const uint8_t *
reconsider_text(const uint8_t *p, const uint8_t *start, const uint8_t *end, NiloMbusRecord *record,
                const NiloMbusVif **meaning, NiloMbusRecordError *error)
{
    if (find_text_place(start, end, p != NULL) == TEXT_BEHIND_VIF)
        return p;
    *error = NILO_MBUS_RECORD_ERROR_NONE;
    return take_record(start, end, TEXT_BEHIND_VIFE, record, meaning, error);
}

/* DIF xF: no value information, and but for the readout request they take all that is left */
static RARE bool
take_special(NiloMbusRecordIter *iter, NiloMbusRecord *record)
{
    const uint8_t *dib = iter->position;
    NiloMbusRecordType type = NILO_MBUS_RECORD_RESERVED;

    switch (*dib) {
    case DIF_MANUFACTURER:
        type = NILO_MBUS_RECORD_MANUFACTURER;
        break;
    case DIF_MORE_FOLLOW:
        type = NILO_MBUS_RECORD_MORE_FOLLOW;
        iter->more_follow = true;
        break;
    case DIF_READOUT:
        type = NILO_MBUS_RECORD_READOUT;
        break;
    default:
        break;
    }
    *record = (NiloMbusRecord){
        .type = type,
        .coding = NILO_MBUS_CODING_SPECIAL,
        .quantity = NILO_QUANTITY_MANUFACTURER_SPECIFIC,
        .value = {.type = NILO_MBUS_VALUE_BINARY, .state = NILO_MBUS_STATE_UNKNOWN},
        .dib = dib,
        .dib_size = 1,
        .data = dib + 1,
    };
    if (type == NILO_MBUS_RECORD_READOUT) {
        record->quantity = NILO_QUANTITY_ANY;
        record->value = (NiloMbusValue){.type = NILO_MBUS_VALUE_NONE};
    } else {
        record->data_size = (uint8_t)(iter->end - record->data);
    }
    iter->position = record->data + record->data_size;
    return true;
}

bool
nilo_mbus_record_iter_next(NiloMbusRecordIter *iter, NiloMbusRecord *record)
{
    NiloMbusRecordError error = NILO_MBUS_RECORD_ERROR_NONE;
    const uint8_t *const end = iter->end;
    const uint8_t *start = iter->position;
    const NiloMbusVif *meaning = NULL;
    const uint8_t *p;

    while (start < end && *start == DIF_FILLER)
        start++;
    iter->position = start;
    if (start >= end)
        return false;
    if ((*start & DIF_SPECIAL) == DIF_SPECIAL)
        return take_special(iter, record);

    p = take_record(start, end, TEXT_BEHIND_VIF, record, &meaning, &error);
    if (record->vib != NULL && *record->vib == (VIF_TEXT | EXTENSION_BIT))
        p = reconsider_text(p, start, end, record, &meaning, &error);
    if (p == NULL) {
        iter->error = error;
        iter->position = end;
        return false;
    }
    iter->position = p;
    nilo_mbus_record_decode(record, meaning, iter->is_high_byte_first);
    return true;
}
