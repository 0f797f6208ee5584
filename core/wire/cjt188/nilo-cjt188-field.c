/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-field.h"

#include "nilo-cjt188-layout-private.h"
#include "nilo-wire-bcd.h"
#include "nilo-wire-unit-code.h"

typedef enum {
    DECIMALS_NONE,
    DECIMALS_VOLUME,
    DECIMALS_ENERGY,
    DECIMALS_POWER,
    DECIMALS_FLOW,
    DECIMALS_TEMPERATURE,
    DECIMALS_MONEY,
} Decimals;

typedef struct {
    NiloQuantity quantity;
    NiloUnit unit;
    Decimals decimals;
} KeyInfo;

static const KeyInfo keys[] = {
#define X(symbol, name, quantity, unit, decimals)                                                  \
    {NILO_QUANTITY_##quantity, NILO_UNIT_##unit, DECIMALS_##decimals},
    NILO_CJT188_KEY_TABLE(X)
#undef X
};

/* apart, since a meter's firmware never asks for them */
static const char *const key_names[] = {
#define X(symbol, name, quantity, unit, decimals) name,
    NILO_CJT188_KEY_TABLE(X)
#undef X
};

const NiloCjt188Profile nilo_cjt188_profile_standard = {
    .status_map = &nilo_cjt188_status_map_standard,
    .volume_decimals = 2,
    .energy_decimals = 2,
    .power_decimals = 2,
    .flow_decimals = 4,
    .temperature_decimals = 2,
    .money_decimals = 2,
};

const char *
nilo_cjt188_key_get_name(NiloCjt188Key key)
{
    return (size_t)key < sizeof key_names / sizeof key_names[0] ? key_names[key] : NULL;
}

bool
nilo_cjt188_di_is_secret(uint16_t di)
{
    return di == NILO_CJT188_DI_WRITE_KEY || di == NILO_CJT188_DI_CHANGE_KEY;
}

void
nilo_cjt188_field_start(NiloCjt188Fields *fields, const NiloCjt188Message *message,
                        const NiloCjt188Profile *profile)
{
    *fields = (NiloCjt188Fields){
        .payload = message->payload,
        .payload_size = message->payload_size,
        .layout = nilo_cjt188_layout_find(message),
        .profile = profile != NULL ? *profile : nilo_cjt188_profile_standard,
        .di = message->has_di ? message->di : 0,
    };
    if (fields->profile.status_map == NULL)
        fields->profile.status_map = &nilo_cjt188_status_map_standard;
}

static int8_t
get_decimals(const NiloCjt188Profile *profile, Decimals decimals)
{
    switch (decimals) {
    case DECIMALS_VOLUME:
        return profile->volume_decimals;
    case DECIMALS_ENERGY:
        return profile->energy_decimals;
    case DECIMALS_POWER:
        return profile->power_decimals;
    case DECIMALS_FLOW:
        return profile->flow_decimals;
    case DECIMALS_TEMPERATURE:
        return profile->temperature_decimals;
    case DECIMALS_MONEY:
        return profile->money_decimals;
    case DECIMALS_NONE:
        break;
    }
    return 0;
}

static bool
is_all_ff(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0xff)
            return false;
    }
    return true;
}

/* which of the keys are measured values, and thus meaningless without a unit */
static bool
needs_unit(NiloCjt188Key key)
{
    return keys[key].unit == NILO_UNIT_NONE && keys[key].decimals != DECIMALS_NONE;
}

static void
read_unit(NiloCjt188Field *field, const NiloCjt188Profile *profile)
{
    const bool is_silent = !field->has_unit_code || field->unit_code == 0;
    NiloUnitCode meaning;

    if (!needs_unit(field->key)) {
        field->unit = keys[field->key].unit;
        field->unit_source =
            field->unit != NILO_UNIT_NONE ? NILO_CJT188_UNIT_FIXED : NILO_CJT188_UNIT_NONE;
        return;
    }
    field->unit_source = NILO_CJT188_UNIT_SENT;
    if (is_silent && profile->assumed_unit_code != 0) {
        field->unit_code = profile->assumed_unit_code;
        field->unit_source = NILO_CJT188_UNIT_ASSUMED;
    }
    if (!nilo_unit_code_find(field->unit_code, &meaning)) {
        field->unit_source = NILO_CJT188_UNIT_UNKNOWN;
        return;
    }
    field->unit = meaning.unit;
    field->quantity = meaning.quantity;
    field->exponent = (int8_t)(field->exponent + meaning.exponent);
}

static void
read_number(NiloCjt188Field *field, const LayoutItem *item, const NiloCjt188Profile *profile)
{
    const uint8_t *digits = field->bytes;
    uint64_t value = 0;

    if (item->unit == ITEM_UNIT_BEFORE)
        digits++;
    if (item->unit != ITEM_UNIT_NONE) {
        field->has_unit_code = true;
        field->unit_code = item->unit == ITEM_UNIT_BEFORE ? field->bytes[0] : digits[item->size];
    }
    field->decimals = get_decimals(profile, keys[field->key].decimals);
    field->exponent = (int8_t)-field->decimals;
    read_unit(field, profile);
    if (is_all_ff(digits, item->size))
        field->state = NILO_CJT188_STATE_NOT_SUPPORTED;
    else if (nilo_bcd_to_uint64(digits, item->size, &value) != NILO_WIRE_OK)
        field->state = NILO_CJT188_STATE_INVALID;
    field->mantissa = (int64_t)value;
}

static NiloCjt188State
read_clock(NiloCjt188Field *field)
{
    switch (nilo_cjt188_clock_parse(field->bytes, &field->clock)) {
    case NILO_WIRE_OK:
        return NILO_CJT188_STATE_OK;
    case NILO_WIRE_END:
        return NILO_CJT188_STATE_NOT_SET;
    case NILO_WIRE_UNSUPPORTED:
        return NILO_CJT188_STATE_NOT_SUPPORTED;
    default:
        return NILO_CJT188_STATE_INVALID;
    }
}

static void
read_item(NiloCjt188Field *field, const LayoutItem *item, const NiloCjt188Profile *profile)
{
    switch (field->kind) {
    case NILO_CJT188_FIELD_NUMBER:
        read_number(field, item, profile);
        break;
    case NILO_CJT188_FIELD_CODE:
        field->mantissa = field->bytes[0];
        break;
    case NILO_CJT188_FIELD_CLOCK:
        field->state = read_clock(field);
        break;
    case NILO_CJT188_FIELD_STATUS:
        /* FF FF is no valve fault with a low battery: such a meter has nothing to tell */
        if (is_all_ff(field->bytes, field->size))
            field->state = NILO_CJT188_STATE_NOT_SUPPORTED;
        else
            field->status = nilo_cjt188_status_parse(profile->status_map, field->bytes);
        break;
    case NILO_CJT188_FIELD_ADDRESS:
        for (size_t i = 0; i < NILO_CJT188_ADDRESS_SIZE; i++)
            field->address.bytes[i] = field->bytes[i];
        break;
    case NILO_CJT188_FIELD_RAW:
    case NILO_CJT188_FIELD_SECRET:
        break;
    }
}

static void
read_rest(const NiloCjt188Fields *fields, NiloCjt188Field *field)
{
    field->key = fields->offset == 0 ? NILO_CJT188_KEY_RAW : NILO_CJT188_KEY_REST;
    field->kind =
        nilo_cjt188_di_is_secret(fields->di) ? NILO_CJT188_FIELD_SECRET : NILO_CJT188_FIELD_RAW;
    field->size = (uint8_t)(fields->payload_size - fields->offset);
    field->quantity = keys[field->key].quantity;
}

NiloWireResult
nilo_cjt188_field_next(NiloCjt188Fields *fields, NiloCjt188Field *field)
{
    if (fields->offset >= fields->payload_size)
        return NILO_WIRE_END;
    *field = (NiloCjt188Field){.bytes = fields->payload + fields->offset};
    if (fields->layout == NULL || fields->item == fields->layout->n_items) {
        read_rest(fields, field);
    } else {
        const LayoutItem *item = &fields->layout->items[fields->item++];

        field->key = (NiloCjt188Key)item->key;
        field->kind = (NiloCjt188FieldKind)item->kind;
        field->size = nilo_cjt188_layout_item_get_size(item);
        field->quantity = keys[field->key].quantity;
        if (field->key == NILO_CJT188_KEY_SETTLEMENT_MONTH)
            field->month = (uint8_t)(fields->di - NILO_CJT188_DI_SETTLEMENT_FIRST + 1);
        read_item(field, item, &fields->profile);
    }
    fields->offset = (uint8_t)(fields->offset + field->size);
    return NILO_WIRE_OK;
}

static const NiloCjt188Value *
find_value(const NiloCjt188Content *content, NiloCjt188Key key)
{
    for (size_t i = 0; i < content->n_values; i++) {
        if (content->values[i].key == key)
            return &content->values[i];
    }
    return NULL;
}

static void
fill(uint8_t *bytes, size_t size, uint8_t byte)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte;
}

static void
copy(uint8_t *bytes, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = from[i];
}

static NiloWireResult
build_number(const LayoutItem *item, const NiloCjt188Value *value, uint8_t *bytes)
{
    if (item->unit == ITEM_UNIT_BEFORE)
        *bytes++ = value->unit_code;
    else if (item->unit == ITEM_UNIT_AFTER)
        bytes[item->size] = value->unit_code;
    return nilo_bcd_from_uint64(value->digits, bytes, item->size);
}

static NiloWireResult
build_item(const NiloCjt188Content *content, const LayoutItem *item, uint8_t *bytes)
{
    const NiloCjt188Value *value = find_value(content, (NiloCjt188Key)item->key);

    fill(bytes, nilo_cjt188_layout_item_get_size(item), 0xff);
    switch ((NiloCjt188FieldKind)item->kind) {
    case NILO_CJT188_FIELD_NUMBER:
        return value != NULL ? build_number(item, value, bytes) : NILO_WIRE_OK;
    case NILO_CJT188_FIELD_CODE:
        if (value != NULL && value->digits > 0xff)
            return NILO_WIRE_TOO_LONG;
        if (value != NULL)
            bytes[0] = (uint8_t)value->digits;
        break;
    case NILO_CJT188_FIELD_CLOCK:
        if (content->clock != NULL)
            return nilo_cjt188_clock_build(content->clock, bytes);
        fill(bytes, item->size, 0x00);
        break;
    case NILO_CJT188_FIELD_STATUS:
        copy(bytes, content->status, item->size);
        break;
    case NILO_CJT188_FIELD_ADDRESS:
        if (content->address != NULL)
            copy(bytes, content->address->bytes, item->size);
        break;
    case NILO_CJT188_FIELD_RAW:
    case NILO_CJT188_FIELD_SECRET:
        fill(bytes, item->size, 0x00);
        if (content->raw_size > item->size)
            return NILO_WIRE_TOO_LONG;
        copy(bytes, content->raw, content->raw != NULL ? content->raw_size : 0);
        break;
    }
    return NILO_WIRE_OK;
}

NiloWireResult
nilo_cjt188_payload_build(const NiloCjt188Content *content, uint8_t *payload, size_t capacity,
                          size_t *size)
{
    const NiloCjt188Layout *layout =
        nilo_cjt188_layout_find_shape(content->di, content->is_answer, content->shape);
    size_t used = 0;

    if (layout == NULL)
        return NILO_WIRE_UNSUPPORTED;
    if (nilo_cjt188_layout_get_size(layout) > capacity)
        return NILO_WIRE_TOO_LONG;
    for (uint8_t i = 0; i < layout->n_items; i++) {
        const NiloWireResult result = build_item(content, &layout->items[i], payload + used);

        if (result != NILO_WIRE_OK)
            return result;
        used += nilo_cjt188_layout_item_get_size(&layout->items[i]);
    }
    *size = used;
    return NILO_WIRE_OK;
}
