/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-record.h"

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

/* The three parts of a record. Each moves @at behind what it took and says what went wrong. */

static NiloMbusRecordError
take_extended_dib(const uint8_t **at, const uint8_t *end, NiloMbusRecord *record)
{
    const uint8_t *p = *at;
    unsigned k = 0;
    uint8_t byte;

    do {
        if (p == end)
            return NILO_MBUS_RECORD_ERROR_END_IN_DIFE;
        if (k == NILO_MBUS_MAX_EXTENSIONS)
            return NILO_MBUS_RECORD_ERROR_TOO_MANY_DIFE;
        byte = *p++;
        record->storage |= (uint64_t)(byte & 0x0f) << (1 + 4 * k);
        record->tariff |= (uint32_t)(byte >> 4 & 0x03) << (2 * k);
        record->subunit |= (uint16_t)((byte >> 6 & 0x01) << k);
        k++;
    } while ((byte & EXTENSION_BIT) != 0);
    *at = p;
    return NILO_MBUS_RECORD_ERROR_NONE;
}

static inline NiloMbusRecordError
take_dib(const uint8_t **at, const uint8_t *end, NiloMbusRecord *record)
{
    const uint8_t dif = *(*at)++;

    record->storage = dif >> 6 & 0x01;
    record->function = (NiloMbusFunction)(dif >> 4 & 0x03);
    record->coding = (NiloMbusCoding)(dif & 0x0f);
    if ((dif & EXTENSION_BIT) != 0)
        return take_extended_dib(at, end, record);
    return NILO_MBUS_RECORD_ERROR_NONE;
}

static NiloMbusRecordError
take_text(const uint8_t **at, const uint8_t *end, NiloMbusRecord *record)
{
    const uint8_t *p = *at;

    if (p == end || *p > end - p - 1)
        return NILO_MBUS_RECORD_ERROR_END_IN_TEXT;
    record->text_size = *p++;
    record->text = p;
    *at = p + record->text_size;
    return NILO_MBUS_RECORD_ERROR_NONE;
}

/* @p: behind the VIF, whose extension bit is set. Behind FF all extensions are the maker's own. */
static NiloMbusRecordError
take_vife(const uint8_t **at, const uint8_t *end, bool own, NiloMbusRecord *record)
{
    const uint8_t *p = *at;
    unsigned n = 0;
    unsigned known = 0;
    uint8_t byte;

    do {
        if (p == end)
            return NILO_MBUS_RECORD_ERROR_END_IN_VIFE;
        if (n == NILO_MBUS_MAX_EXTENSIONS)
            return NILO_MBUS_RECORD_ERROR_TOO_MANY_VIFE;
        byte = *p++;
        n++;
        if (!own) {
            known = n;
            own = (byte & ~EXTENSION_BIT) == VIF_MANUFACTURER;
        }
    } while ((byte & EXTENSION_BIT) != 0);
    record->vife = *at;
    record->vife_size = (uint8_t)known;
    record->own_size = (uint8_t)(n - known);
    *at = p;
    return NILO_MBUS_RECORD_ERROR_NONE;
}

static NiloMbusRecordError
take_extended_text_vib(const uint8_t **at, const uint8_t *end, TextPlace place,
                       NiloMbusRecord *record)
{
    NiloMbusRecordError error = NILO_MBUS_RECORD_ERROR_NONE;

    if (place == TEXT_BEHIND_VIF)
        error = take_text(at, end, record);
    if (error == NILO_MBUS_RECORD_ERROR_NONE)
        error = take_vife(at, end, false, record);
    if (error == NILO_MBUS_RECORD_ERROR_NONE && place == TEXT_BEHIND_VIFE)
        error = take_text(at, end, record);
    return error;
}

static inline NiloMbusRecordError
take_vib(const uint8_t **at, const uint8_t *end, TextPlace place, NiloMbusRecord *record,
         const NiloMbusVif **meaning)
{
    const NiloMbusVif *table;
    uint8_t vif;
    bool own;

    if (*at == end)
        return NILO_MBUS_RECORD_ERROR_END_BEFORE_VIF;
    vif = *(*at)++;
    own = (vif & ~EXTENSION_BIT) == VIF_MANUFACTURER;
    *meaning = &nilo_mbus_vif_primary[vif & ~EXTENSION_BIT];
    if ((vif & EXTENSION_BIT) == 0) {
        if (vif == VIF_TEXT)
            return take_text(at, end, record);
        return NILO_MBUS_RECORD_ERROR_NONE;
    }
    if (vif == VIF_TABLE_FD || vif == VIF_TABLE_FB || vif == VIF_TABLE_EF) {
        if (*at == end)
            return NILO_MBUS_RECORD_ERROR_END_IN_VIFE;
        table = vif == VIF_TABLE_FD ? nilo_mbus_vif_fd : nilo_mbus_vif_fb;
        /* the table behind EF has no codes yet: the entry of EF itself is "reserved" */
        if (vif != VIF_TABLE_EF)
            *meaning = &table[**at & ~EXTENSION_BIT];
        vif = *(*at)++;
        if ((vif & EXTENSION_BIT) == 0)
            return NILO_MBUS_RECORD_ERROR_NONE;
    } else if ((vif & ~EXTENSION_BIT) == VIF_TEXT) {
        return take_extended_text_vib(at, end, place, record);
    }
    return take_vife(at, end, own, record);
}

/* the length byte in front of variable data */
static NiloMbusRecordError
take_variable_length(const uint8_t **at, const uint8_t *end, NiloMbusRecord *record, size_t *size)
{
    uint8_t length;

    if (*at == end)
        return NILO_MBUS_RECORD_ERROR_END_IN_DATA;
    length = *(*at)++;
    record->variable_length = length;
    if (length < 0xc0)
        *size = length;
    else if (length <= 0xc9 || (length >= 0xd0 && length <= 0xd9) ||
             (length >= 0xe0 && length <= 0xef))
        *size = length & 0x0f;
    else if (length >= 0xf0 && length <= 0xf4)
        *size = 4u * (length - 0xecu);
    else if (length == 0xf5)
        *size = 48;
    else if (length == 0xf6)
        *size = 64;
    else
        return NILO_MBUS_RECORD_ERROR_RESERVED_LENGTH;
    return NILO_MBUS_RECORD_ERROR_NONE;
}

static inline NiloMbusRecordError
take_data(const uint8_t **at, const uint8_t *end, NiloMbusRecord *record)
{
    size_t size = data_sizes[record->coding];

    if (size == VARIABLE) {
        const NiloMbusRecordError error = take_variable_length(at, end, record, &size);

        if (error != NILO_MBUS_RECORD_ERROR_NONE)
            return error;
    }
    if ((size_t)(end - *at) < size)
        return NILO_MBUS_RECORD_ERROR_END_IN_DATA;
    record->data = *at;
    record->data_size = (uint8_t)size;
    *at += size;
    return NILO_MBUS_RECORD_ERROR_NONE;
}

static inline NiloMbusRecordError
take_record(const uint8_t **at, const uint8_t *end, TextPlace place, NiloMbusRecord *record,
            const NiloMbusVif **meaning)
{
    NiloMbusRecordError error;

    *record = (NiloMbusRecord){.dib = *at};
    error = take_dib(at, end, record);
    if (error != NILO_MBUS_RECORD_ERROR_NONE)
        return error;
    record->dib_size = (uint8_t)(*at - record->dib);
    record->vib = *at;
    error = take_vib(at, end, place, record, meaning);
    if (error != NILO_MBUS_RECORD_ERROR_NONE)
        return error;
    record->vib_size = (uint8_t)(*at - record->vib);
    return take_data(at, end, record);
}

/* whether all records up to the end have a length that fits, texts standing at @place */
static bool
lands_on_end(const uint8_t *at, const uint8_t *end, TextPlace place)
{
    while (at < end) {
        const NiloMbusVif *meaning;
        NiloMbusRecord record;

        if (*at == DIF_FILLER) {
            at++;
            continue;
        }
        if ((*at & DIF_SPECIAL) == DIF_SPECIAL)
            return true;
        if (take_record(&at, end, place, &record, &meaning) != NILO_MBUS_RECORD_ERROR_NONE)
            return false;
    }
    return true;
}

/* A text unit with extensions can be read in two ways: the one that fits to the end is right, the
 * meters' way before the standard's when both do or neither does. */
static TextPlace
find_text_place(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *p = at;
    const NiloMbusVif *meaning;
    NiloMbusRecord record;

    if (lands_on_end(at, end, TEXT_BEHIND_VIF))
        return TEXT_BEHIND_VIF;
    if (lands_on_end(at, end, TEXT_BEHIND_VIFE))
        return TEXT_BEHIND_VIFE;
    return take_record(&p, end, TEXT_BEHIND_VIF, &record, &meaning) == NILO_MBUS_RECORD_ERROR_NONE
               ? TEXT_BEHIND_VIF
               : TEXT_BEHIND_VIFE;
}

/* DIF xF: no value information, and but for the readout request they take all that is left */
static bool
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
    const NiloMbusVif *meaning;
    TextPlace place = TEXT_BEHIND_VIF;
    const uint8_t *start;

    while (iter->position < iter->end && *iter->position == DIF_FILLER)
        iter->position++;
    if (iter->position >= iter->end)
        return false;
    start = iter->position;
    if ((*start & DIF_SPECIAL) == DIF_SPECIAL)
        return take_special(iter, record);

    iter->error = take_record(&iter->position, iter->end, place, record, &meaning);
    if (record->text != NULL && (*record->vib & EXTENSION_BIT) != 0)
        place = find_text_place(start, iter->end);
    else if (iter->error == NILO_MBUS_RECORD_ERROR_END_IN_TEXT)
        place = find_text_place(start, iter->end);
    if (place != TEXT_BEHIND_VIF) {
        iter->position = start;
        iter->error = take_record(&iter->position, iter->end, place, record, &meaning);
    }
    if (iter->error != NILO_MBUS_RECORD_ERROR_NONE) {
        iter->position = iter->end;
        return false;
    }
    nilo_mbus_record_decode(record, meaning, iter->is_high_byte_first);
    return true;
}
