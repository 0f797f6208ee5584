/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-field.h"

typedef enum {
    ITEM_UNIT_NONE,
    ITEM_UNIT_AFTER,
    ITEM_UNIT_BEFORE,
} ItemUnit;

typedef struct {
    uint8_t key;  /* NiloCjt188Key */
    uint8_t kind; /* NiloCjt188FieldKind */
    uint8_t size; /* without the unit byte */
    uint8_t unit; /* ItemUnit */
} LayoutItem;

/* What stands behind SER for one identifier, in one direction. */
typedef struct NiloCjt188Layout {
    uint16_t di_first;
    uint16_t di_last;
    bool in_request;
    bool in_answer;
    uint8_t shape; /* NiloCjt188Shape */
    uint8_t n_items;
    const LayoutItem *items;
} NiloCjt188Layout;

/* Bytes of an item with its unit. */
uint8_t nilo_cjt188_layout_item_get_size(const LayoutItem *item);

uint8_t nilo_cjt188_layout_get_size(const NiloCjt188Layout *layout);

/* The layout that a received payload has, or NULL. */
const NiloCjt188Layout *nilo_cjt188_layout_find(const NiloCjt188Message *message);

/* The layout that @shape of @di has, or NULL. */
const NiloCjt188Layout *nilo_cjt188_layout_find_shape(uint16_t di, bool is_answer,
                                                      NiloCjt188Shape shape);
