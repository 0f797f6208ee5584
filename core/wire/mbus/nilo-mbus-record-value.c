/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-record-value.h"

#define EXTENSION_BIT      0x80u
#define MAX_NUMBER_SIZE    8u
#define MAX_SCALE_STEPS    18 /* 10^18 is the largest power of ten below 2^63 */
#define VARIABLE_BCD_PLUS  0xc0
#define VARIABLE_BCD_MINUS 0xd0
#define VARIABLE_NUMBER    0xe0
#define VARIABLE_BINARY    0xf0

/* what few records need stays out of line, so that the many do not pay for its registers */
#define RARE __attribute__((noinline))

/* What the extensions change, gathered before the data are read. */
typedef struct {
    NiloMbusKind kind;
    bool no_value;
    bool has_addend;
    int8_t addend_exponent;
} Plan;

static void
apply_effect(const NiloMbusVife *vife, NiloMbusRecord *record, Plan *plan)
{
    NiloMbusValue *value = &record->value;

    record->qualifiers |= vife->qualifier;
    switch ((NiloMbusVifeEffect)vife->effect) {
    case NILO_MBUS_VIFE_OTHER:
        record->qualifiers |= NILO_MBUS_QUALIFIER_OTHER;
        break;
    case NILO_MBUS_VIFE_NO_VALUE:
        plan->no_value = true;
        break;
    case NILO_MBUS_VIFE_SCALE:
        value->exponent = (int8_t)(value->exponent + vife->argument);
        break;
    case NILO_MBUS_VIFE_ADD:
        plan->has_addend = true;
        plan->addend_exponent = vife->argument;
        break;
    case NILO_MBUS_VIFE_TIME:
        plan->kind = NILO_MBUS_KIND_TIME;
        value->unit = NILO_UNIT_NONE;
        value->exponent = 0;
        break;
    case NILO_MBUS_VIFE_DURATION:
    case NILO_MBUS_VIFE_COUNT:
        plan->kind = NILO_MBUS_KIND_NUMBER;
        value->unit = (NiloUnit)vife->argument; /* a count has none, which is 0 */
        value->exponent = 0;
        break;
    case NILO_MBUS_VIFE_NOTHING:
    case NILO_MBUS_VIFE_QUALIFY:
    case NILO_MBUS_VIFE_RECORD_ERROR:
    case NILO_MBUS_VIFE_EXTENSION:
    case NILO_MBUS_VIFE_MANUFACTURER:
        break;
    }
}

static RARE void
apply_extensions(NiloMbusRecord *record, Plan *plan)
{
    const NiloMbusVife *table = nilo_mbus_vife_combinable;

    for (unsigned i = 0; i < record->vife_size; i++) {
        const NiloMbusVife *vife = &table[record->vife[i] & ~EXTENSION_BIT];

        apply_effect(vife, record, plan);
        table = vife->effect == NILO_MBUS_VIFE_EXTENSION ? nilo_mbus_vife_second
                                                         : nilo_mbus_vife_combinable;
    }
    if (record->own_size > 0)
        record->qualifiers |= NILO_MBUS_QUALIFIER_MANUFACTURER;
}

static void
set_number(NiloMbusValue *value, bool is_number)
{
    value->type = NILO_MBUS_VALUE_NUMBER;
    if (!is_number)
        value->state = NILO_MBUS_STATE_INVALID;
}

static RARE void
decode_time(const uint8_t *data, size_t size, NiloMbusValue *value)
{
    value->type = NILO_MBUS_VALUE_DATE_TIME;
    switch (size) {
    case 2:
        value->type = NILO_MBUS_VALUE_DATE;
        value->state = nilo_mbus_time_parse_g(data, &value->time);
        break;
    case 3:
        value->type = NILO_MBUS_VALUE_TIME;
        value->state = nilo_mbus_time_parse_j(data, &value->time);
        break;
    case 4:
        value->state = nilo_mbus_time_parse_f(data, &value->time);
        break;
    case 6:
        value->state = nilo_mbus_time_parse_i(data, &value->time);
        break;
    default:
        /* a date of one or eight bytes is of no type we know: keep the number, claim nothing */
        set_number(value, nilo_mbus_integer_parse(data, size, &value->mantissa));
        value->state = NILO_MBUS_STATE_UNKNOWN;
        break;
    }
}

static void
decode_integer(const uint8_t *data, size_t size, NiloMbusKind kind, NiloMbusValue *value)
{
    if (kind == NILO_MBUS_KIND_TIME) {
        decode_time(data, size, value);
    } else if (kind == NILO_MBUS_KIND_BITS) {
        value->type = NILO_MBUS_VALUE_BITS;
        value->mantissa = (int64_t)nilo_mbus_unsigned_parse(data, size);
    } else {
        set_number(value, nilo_mbus_integer_parse(data, size, &value->mantissa));
    }
}

static void
decode_bcd(const uint8_t *data, size_t size, NiloMbusKind kind, NiloMbusValue *value)
{
    set_number(value, nilo_mbus_bcd_parse(data, size, &value->mantissa));
    if (kind == NILO_MBUS_KIND_DIGITS && data[size - 1] >> 4 != 0x0f)
        value->type = NILO_MBUS_VALUE_DIGITS;
}

static RARE void
decode_variable(NiloMbusRecord *record, const uint8_t *data)
{
    const uint8_t length = record->variable_length;
    const size_t size = record->data_size;
    NiloMbusValue *value = &record->value;

    if (length < VARIABLE_BCD_PLUS) {
        value->type = NILO_MBUS_VALUE_TEXT;
    } else if (length < VARIABLE_NUMBER && size > 0) {
        set_number(value, nilo_mbus_bcd_parse(data, size, &value->mantissa));
        if (length >= VARIABLE_BCD_MINUS)
            value->mantissa = -value->mantissa;
    } else if (length < VARIABLE_BINARY && size > 0 && size <= MAX_NUMBER_SIZE) {
        set_number(value, nilo_mbus_integer_parse(data, size, &value->mantissa));
    } else {
        value->type = NILO_MBUS_VALUE_BINARY;
    }
}

static void
decode_real(const uint8_t *data, NiloMbusValue *value)
{
    int8_t exponent = 0;

    set_number(value, nilo_mbus_real_parse(data, &value->mantissa, &exponent));
    value->exponent = (int8_t)(value->exponent + exponent);
}

static bool
multiply_by_ten(int64_t *number, int times)
{
    for (; times > 0; times--) {
        if (*number > INT64_MAX / 10 || *number < INT64_MIN / 10)
            return false;
        *number *= 10;
    }
    return true;
}

/* brings both to the smaller exponent; a sum that does not fit into 63 bits is no value */
static RARE void
add_power_of_ten(NiloMbusValue *value, int8_t exponent)
{
    const int difference = value->exponent - exponent;
    int64_t sum = value->mantissa;
    int64_t addend = 1;

    if (difference > MAX_SCALE_STEPS || difference < -MAX_SCALE_STEPS ||
        !multiply_by_ten(&sum, difference) || !multiply_by_ten(&addend, -difference) ||
        sum > INT64_MAX - addend) {
        value->state = NILO_MBUS_STATE_INVALID;
        return;
    }
    value->mantissa = sum + addend;
    if (difference > 0)
        value->exponent = exponent;
}

static void
decode_data(NiloMbusRecord *record, const uint8_t *data, NiloMbusKind kind)
{
    NiloMbusValue *value = &record->value;

    switch (record->coding) {
    case NILO_MBUS_CODING_INT8:
    case NILO_MBUS_CODING_INT16:
    case NILO_MBUS_CODING_INT24:
    case NILO_MBUS_CODING_INT32:
    case NILO_MBUS_CODING_INT48:
    case NILO_MBUS_CODING_INT64:
        decode_integer(data, record->data_size, kind, value);
        break;
    case NILO_MBUS_CODING_REAL32:
        decode_real(data, value);
        break;
    case NILO_MBUS_CODING_BCD2:
    case NILO_MBUS_CODING_BCD4:
    case NILO_MBUS_CODING_BCD6:
    case NILO_MBUS_CODING_BCD8:
    case NILO_MBUS_CODING_BCD12:
        decode_bcd(data, record->data_size, kind, value);
        break;
    case NILO_MBUS_CODING_VARIABLE:
        decode_variable(record, data);
        break;
    case NILO_MBUS_CODING_NONE:
    case NILO_MBUS_CODING_SELECTION:
    case NILO_MBUS_CODING_SPECIAL:
        break;
    }
}

/* mode 2 sends numbers, and nothing else, with the high byte first */
static RARE const uint8_t *
reverse_number(const NiloMbusRecord *record, uint8_t reversed[MAX_NUMBER_SIZE])
{
    const uint8_t size = record->data_size;

    if (record->coding == NILO_MBUS_CODING_VARIABLE)
        return record->data;
    for (unsigned i = 0; i < size; i++)
        reversed[i] = record->data[size - 1 - i];
    return reversed;
}

static RARE void
decode_with_extensions(NiloMbusRecord *record, NiloMbusKind kind, bool is_high_byte_first)
{
    NiloMbusValue *value = &record->value;
    const uint8_t *data = record->data;
    uint8_t reversed[MAX_NUMBER_SIZE];
    Plan plan = {.kind = kind};

    apply_extensions(record, &plan);
    if (is_high_byte_first)
        data = reverse_number(record, reversed);
    decode_data(record, data, plan.kind);
    if (plan.has_addend && value->type == NILO_MBUS_VALUE_NUMBER)
        add_power_of_ten(value, plan.addend_exponent);
    if (plan.no_value && value->type != NILO_MBUS_VALUE_NONE)
        value->state = NILO_MBUS_STATE_INVALID;
}

void
nilo_mbus_record_decode(NiloMbusRecord *record, const NiloMbusVif *meaning, bool is_high_byte_first)
{
    const NiloMbusKind kind = (NiloMbusKind)meaning->kind;
    NiloMbusValue *value = &record->value;

    record->quantity = (NiloQuantity)meaning->quantity;
    value->unit = (NiloUnit)meaning->unit;
    value->exponent = meaning->exponent;
    if (record->vife != NULL || is_high_byte_first)
        decode_with_extensions(record, kind, is_high_byte_first);
    else
        decode_data(record, record->data, kind);
    if (kind != NILO_MBUS_KIND_RESERVED && kind != NILO_MBUS_KIND_MANUFACTURER)
        return;
    if (kind == NILO_MBUS_KIND_RESERVED)
        record->quantity = NILO_QUANTITY_RESERVED;
    if (value->type != NILO_MBUS_VALUE_NONE && value->state == NILO_MBUS_STATE_OK)
        value->state = NILO_MBUS_STATE_UNKNOWN;
}
