/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer-wire.h>
#include <nilometer.h>

G_BEGIN_DECLS

/*
 * Blocks: identifiers whose layout is a model's own, so that it stands in its profile and not here.
 * A payload is a head, once, and entries of equal size to its end; both are lists of items.
 */

/* When a block is read; all of them when history is asked for. */
typedef enum {
    NILO_CJT188_BLOCK_HISTORY, /* then only */
    NILO_CJT188_BLOCK_GAP,     /* and when the meter was not heard for a while, back to then */
    NILO_CJT188_BLOCK_DAILY,   /* and with the first reading of each day */
} NiloCjt188BlockWhen;

typedef enum {
    NILO_CJT188_ITEM_SKIP,     /* bytes of no interest */
    NILO_CJT188_ITEM_CLOCK,    /* the moment of the values, as 901F has it */
    NILO_CJT188_ITEM_UNIT,     /* unit byte of the digits */
    NILO_CJT188_ITEM_FLAGS,    /* of the values; see skip_flags */
    NILO_CJT188_ITEM_DIGITS,   /* BCD, with as many decimals as the quantity has in 901F */
    NILO_CJT188_ITEM_NUMBER,   /* binary, low byte first */
    NILO_CJT188_ITEM_FACT,     /* the same, but of no quantity */
    NILO_CJT188_ITEM_OWN,      /* the asked meter's channel */
    NILO_CJT188_ITEM_CHANNEL,  /* whose entry it is */
    NILO_CJT188_ITEM_SEQUENCE, /* of an event, counted up; wraps */
    NILO_CJT188_ITEM_CODE,     /* what happened */
} NiloCjt188ItemKind;

typedef struct {
    NiloCjt188ItemKind kind;
    guint8 size;
    NiloRegister reg; /* of digits and numbers */
    gint8 exponent;   /* of a number */
    NiloUnit unit;    /* of a number */
    guint8 everyone;  /* of a channel: entries that concern all meters */
    char *name;       /* of a fact */
} NiloCjt188Item;

typedef struct {
    char *name;
    NiloCjt188BlockWhen when;
    guint16 first; /* the newest */
    guint count;   /* identifiers, from the newest back */
    guint per_day; /* how many of them hold a day; 0: they are no matter of days */
    guint per_month;
    guint step_s;       /* each entry is so much older than the one in front of it */
    guint8 skip_flags;  /* values with one of these flags are none */
    GArray *head;       /* element-type NiloCjt188Item */
    GArray *each;       /* the same */
    GHashTable *events; /* code to name */
} NiloCjt188Block;

/* Of @name, with one identifier and nothing in it. */
NiloCjt188Block *nilo_cjt188_block_new(const char *name);
void nilo_cjt188_block_free(NiloCjt188Block *self);

/**
 * nilo_cjt188_item_parse:
 * @text: "clock", "unit", "flags", "own", "code", "skip 2", "channel 8", "sequence 2",
 *   "digits 4 volume", "number 2 battery-voltage -3 V", "fact 4 age in seconds"
 * @item: (out): its name to be freed; untouched on failure
 *
 * Returns: %FALSE when it is none
 */
gboolean nilo_cjt188_item_parse(const char *text, NiloCjt188Item *item);

/** nilo_cjt188_items_get_size: bytes that all of @items take */
guint nilo_cjt188_items_get_size(const GArray *items);

/** nilo_cjt188_block_has_events: whether its entries are events, which are told once */
gboolean nilo_cjt188_block_has_events(const NiloCjt188Block *self);

G_END_DECLS
