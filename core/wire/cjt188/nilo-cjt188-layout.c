/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-layout-private.h"
#include "nilo-wire-unit-code.h"

#define NUMBER(symbol, size, unit)                                                                 \
    {                                                                                              \
        NILO_CJT188_KEY_##symbol, NILO_CJT188_FIELD_NUMBER, size, ITEM_UNIT_##unit                 \
    }
#define OTHER(symbol, kind, size)                                                                  \
    {                                                                                              \
        NILO_CJT188_KEY_##symbol, NILO_CJT188_FIELD_##kind, size, ITEM_UNIT_NONE                   \
    }
#define CLOCK  OTHER(TIME, CLOCK, NILO_CJT188_CLOCK_SIZE)
#define STATUS OTHER(STATUS, STATUS, NILO_CJT188_STATUS_SIZE)
#define PRICES                                                                                     \
    NUMBER(PRICE_1, 3, NONE), NUMBER(VOLUME_1, 3, NONE), NUMBER(PRICE_2, 3, NONE),                 \
        NUMBER(VOLUME_2, 3, NONE), NUMBER(PRICE_3, 3, NONE)

/* of as many as there are, for a firmware that has no room for gaps */
#define ITEMS(...)                                                                                 \
    (const LayoutItem[])                                                                           \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* di_first, di_last, in_request, in_answer, shape, n_items, items */
static const NiloCjt188Layout layouts[] = {
    /* clang-format off */
    {0x901f, 0x901f, false, true, NILO_CJT188_SHAPE_STANDARD, 4,
     ITEMS(NUMBER(CURRENT, 4, AFTER), NUMBER(SETTLEMENT, 4, AFTER), CLOCK, STATUS)},
    {0x901f, 0x901f, false, true, NILO_CJT188_SHAPE_HEAT, 10,
     ITEMS(NUMBER(SETTLEMENT_HEAT, 4, AFTER), NUMBER(CURRENT_HEAT, 4, AFTER),
      NUMBER(HEAT_POWER, 4, AFTER), NUMBER(FLOW, 4, AFTER), NUMBER(TOTAL_VOLUME, 4, AFTER),
      NUMBER(SUPPLY_TEMPERATURE, 3, NONE), NUMBER(RETURN_TEMPERATURE, 3, NONE),
      NUMBER(WORK_HOURS, 3, NONE), CLOCK, STATUS)},
    {0x901f, 0x901f, false, true, NILO_CJT188_SHAPE_SHORT, 2,
     ITEMS(NUMBER(CURRENT, 4, NONE), STATUS)},
    /* a vendor's report, C = A1: what its last four bytes say is not known */
    {0x901f, 0x901f, false, true, NILO_CJT188_SHAPE_REPORT, 5,
     ITEMS(NUMBER(CURRENT, 4, BEFORE), NUMBER(SETTLEMENT, 4, BEFORE), NUMBER(FLOW, 4, BEFORE),
      CLOCK, OTHER(REST, RAW, 4))},
    {0xd120, 0xd12b, false, true, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(NUMBER(SETTLEMENT_MONTH, 4, AFTER))},
    {0x8102, 0x8102, false, true, NILO_CJT188_SHAPE_STANDARD, 5, ITEMS(PRICES)},
    {0x8103, 0x8103, false, true, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(NUMBER(SETTLEMENT_DAY, 1, NONE))},
    {0x8104, 0x8104, false, true, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(NUMBER(READING_DAY, 1, NONE))},
    {0x8105, 0x8105, false, true, NILO_CJT188_SHAPE_STANDARD, 5,
     ITEMS(NUMBER(PURCHASE_NUMBER, 1, NONE), NUMBER(PURCHASE_LAST, 4, NONE),
      NUMBER(PURCHASE_TOTAL, 4, NONE), NUMBER(PURCHASE_REMAINING, 4, NONE), STATUS)},
    {0x8106, 0x8106, false, true, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(OTHER(KEY_VERSION, CODE, 1))},
    {0x810a, 0x810a, false, true, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(OTHER(ANSWERED_ADDRESS, ADDRESS, NILO_CJT188_ADDRESS_SIZE))},
    {0xa010, 0xa010, true, false, NILO_CJT188_SHAPE_STANDARD, 6,
     ITEMS(PRICES, NUMBER(START_DAY, 1, NONE))},
    {0xa010, 0xa010, false, true, NILO_CJT188_SHAPE_STANDARD, 1, ITEMS(STATUS)},
    {0xa011, 0xa011, true, false, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(NUMBER(SETTLEMENT_DAY, 1, NONE))},
    {0xa012, 0xa012, true, false, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(NUMBER(READING_DAY, 1, NONE))},
    {0xa013, 0xa013, true, true, NILO_CJT188_SHAPE_STANDARD, 2,
     ITEMS(NUMBER(PURCHASE_NUMBER, 1, NONE), NUMBER(PURCHASE_LAST, 4, NONE))},
    {0xa014, 0xa014, true, false, NILO_CJT188_SHAPE_STANDARD, 2,
     ITEMS(OTHER(KEY_VERSION, CODE, 1), OTHER(KEY, SECRET, 8))},
    {0xa014, 0xa014, false, true, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(OTHER(KEY_VERSION, CODE, 1))},
    {0xa015, 0xa015, true, false, NILO_CJT188_SHAPE_STANDARD, 1, ITEMS(CLOCK)},
    {0xa016, 0xa016, true, false, NILO_CJT188_SHAPE_STANDARD, 1, ITEMS(NUMBER(COUNTER, 4, AFTER))},
    {0xa016, 0xa016, false, true, NILO_CJT188_SHAPE_STANDARD, 1, ITEMS(STATUS)},
    {0xa017, 0xa017, true, false, NILO_CJT188_SHAPE_STANDARD, 1, ITEMS(OTHER(VALVE, CODE, 1))},
    {0xa017, 0xa017, false, true, NILO_CJT188_SHAPE_STANDARD, 1, ITEMS(STATUS)},
    {0xa018, 0xa018, true, false, NILO_CJT188_SHAPE_STANDARD, 1,
     ITEMS(OTHER(ADDRESS, ADDRESS, NILO_CJT188_ADDRESS_SIZE))},
    /* clang-format on */
};

static const NiloCjt188Layout abnormal_layout = {.n_items = 1, .items = ITEMS(STATUS)};

uint8_t
nilo_cjt188_layout_item_get_size(const LayoutItem *item)
{
    return (uint8_t)(item->size + (item->unit == ITEM_UNIT_NONE ? 0 : 1));
}

uint8_t
nilo_cjt188_layout_get_size(const NiloCjt188Layout *layout)
{
    uint8_t size = 0;

    for (uint8_t i = 0; i < layout->n_items; i++)
        size = (uint8_t)(size + nilo_cjt188_layout_item_get_size(&layout->items[i]));
    return size;
}

static bool
is_for(const NiloCjt188Layout *layout, uint16_t di, bool is_answer)
{
    return di >= layout->di_first && di <= layout->di_last &&
           (is_answer ? layout->in_answer : layout->in_request);
}

/* true when there are unit bytes, and each names a unit of the quantity that its field is about */
static bool
has_fitting_units(const NiloCjt188Layout *layout, const uint8_t *payload)
{
    bool has_units = false;
    uint8_t offset = 0;

    for (uint8_t i = 0; i < layout->n_items; i++) {
        const LayoutItem *item = &layout->items[i];
        const bool is_flow = item->key == NILO_CJT188_KEY_FLOW;
        NiloUnitCode meaning;

        if (item->unit != ITEM_UNIT_NONE) {
            const uint8_t at = item->unit == ITEM_UNIT_BEFORE ? 0 : item->size;

            if (!nilo_unit_code_find(payload[offset + at], &meaning) ||
                is_flow != (meaning.quantity == NILO_QUANTITY_VOLUME_FLOW))
                return false;
            has_units = true;
        }
        offset = (uint8_t)(offset + nilo_cjt188_layout_item_get_size(item));
    }
    return has_units;
}

/*
 * A payload of exactly the right length is believed. A longer one may be a known layout with
 * vendor's bytes behind it: believed only when its unit bytes are where they belong. A report's
 * length is not enough either, since its units stand in an unusual place.
 */
const NiloCjt188Layout *
nilo_cjt188_layout_find(const NiloCjt188Message *message)
{
    const NiloCjt188Layout *longest = NULL;

    if (message->is_answer && message->is_abnormal)
        return message->payload_size == NILO_CJT188_STATUS_SIZE ? &abnormal_layout : NULL;
    if (!message->has_di)
        return NULL;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const NiloCjt188Layout *layout = &layouts[i];
        const uint8_t size = nilo_cjt188_layout_get_size(layout);
        const bool is_plain = layout->shape != NILO_CJT188_SHAPE_REPORT;

        if (!is_for(layout, message->di, message->is_answer) || size > message->payload_size)
            continue;
        if (size == message->payload_size && is_plain)
            return layout;
        if (has_fitting_units(layout, message->payload) &&
            (longest == NULL || size > nilo_cjt188_layout_get_size(longest)))
            longest = layout;
    }
    return longest;
}

const NiloCjt188Layout *
nilo_cjt188_layout_find_shape(uint16_t di, bool is_answer, NiloCjt188Shape shape)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if (is_for(&layouts[i], di, is_answer) && layouts[i].shape == shape)
            return &layouts[i];
    }
    return NULL;
}
