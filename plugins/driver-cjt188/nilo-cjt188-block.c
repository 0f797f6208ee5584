/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-block.h"

#include <string.h>

#define NUMBER_MAX_SIZE 4
#define EXPONENT_MAX    9

static void
item_clear(gpointer data)
{
    g_free(((NiloCjt188Item *)data)->name);
}

static GArray *
items_new(void)
{
    GArray *items = g_array_new(FALSE, TRUE, sizeof(NiloCjt188Item));

    g_array_set_clear_func(items, item_clear);
    return items;
}

NiloCjt188Block *
nilo_cjt188_block_new(const char *name)
{
    NiloCjt188Block *self = g_new0(NiloCjt188Block, 1);

    self->name = g_strdup(name);
    self->count = 1;
    self->head = items_new();
    self->each = items_new();
    self->events = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    return self;
}

void
nilo_cjt188_block_free(NiloCjt188Block *self)
{
    g_free(self->name);
    g_array_unref(self->head);
    g_array_unref(self->each);
    g_hash_table_unref(self->events);
    g_free(self);
}

guint
nilo_cjt188_items_get_size(const GArray *items)
{
    guint size = 0;

    for (guint i = 0; i < items->len; i++)
        size += g_array_index(items, NiloCjt188Item, i).size;
    return size;
}

static gboolean
has_item(const GArray *items, NiloCjt188ItemKind kind)
{
    for (guint i = 0; i < items->len; i++) {
        if (g_array_index(items, NiloCjt188Item, i).kind == kind)
            return TRUE;
    }
    return FALSE;
}

gboolean
nilo_cjt188_block_has_events(const NiloCjt188Block *self)
{
    return has_item(self->each, NILO_CJT188_ITEM_CODE);
}

/* --- items as texts -----------------------------------------------------------------------------
 */

static gboolean
find_unit(const char *text, NiloUnit *unit)
{
    const char *name;

    for (guint i = 0; (name = nilo_unit_get_name((NiloUnit)i)) != NULL; i++) {
        if (!g_str_equal(name, text))
            continue;
        *unit = (NiloUnit)i;
        return TRUE;
    }
    return FALSE;
}

static gboolean
parse_size(const char *text, guint64 max, NiloCjt188Item *item)
{
    guint64 size;

    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 1, max, &size, NULL))
        return FALSE;
    item->size = (guint8)size;
    return TRUE;
}

static gboolean
parse_digits(char **words, NiloCjt188Item *item)
{
    return g_strv_length(words) == 3 && parse_size(words[1], NILO_BCD_MAX_BYTES, item) &&
           nilo_register_from_text(words[2], &item->reg, NULL);
}

static gboolean
parse_number(char **words, NiloCjt188Item *item)
{
    const guint n = g_strv_length(words);
    gint64 exponent;

    if ((n != 4 && n != 5) || !parse_size(words[1], NUMBER_MAX_SIZE, item) ||
        !nilo_register_from_text(words[2], &item->reg, NULL) ||
        !g_ascii_string_to_signed(words[3], 10, -EXPONENT_MAX, EXPONENT_MAX, &exponent, NULL))
        return FALSE;
    item->exponent = (gint8)exponent;
    return find_unit(n == 5 ? words[4] : "", &item->unit);
}

static gboolean
parse_fact(char **words, NiloCjt188Item *item)
{
    if (g_strv_length(words) < 3 || !parse_size(words[1], NUMBER_MAX_SIZE, item))
        return FALSE;
    item->name = g_strjoinv(" ", words + 2);
    return TRUE;
}

static gboolean
parse_channel(char **words, NiloCjt188Item *item)
{
    guint64 everyone;

    if (g_strv_length(words) != 2 ||
        !g_ascii_string_to_unsigned(words[1], 10, 0, G_MAXUINT8, &everyone, NULL))
        return FALSE;
    item->everyone = (guint8)everyone;
    return TRUE;
}

static gboolean
parse_words(char **words, NiloCjt188Item *item)
{
    static const struct {
        const char *word;
        NiloCjt188ItemKind kind;
        guint8 size; /* 0: it is said */
    } kinds[] = {
        {"skip", NILO_CJT188_ITEM_SKIP, 0},
        {"clock", NILO_CJT188_ITEM_CLOCK, NILO_CJT188_CLOCK_SIZE},
        {"unit", NILO_CJT188_ITEM_UNIT, 1},
        {"flags", NILO_CJT188_ITEM_FLAGS, 1},
        {"digits", NILO_CJT188_ITEM_DIGITS, 0},
        {"number", NILO_CJT188_ITEM_NUMBER, 0},
        {"fact", NILO_CJT188_ITEM_FACT, 0},
        {"own", NILO_CJT188_ITEM_OWN, 1},
        {"channel", NILO_CJT188_ITEM_CHANNEL, 1},
        {"sequence", NILO_CJT188_ITEM_SEQUENCE, 0},
        {"code", NILO_CJT188_ITEM_CODE, 1},
    };
    guint at = 0;

    while (at < G_N_ELEMENTS(kinds) && g_strcmp0(words[0], kinds[at].word) != 0)
        at++;
    if (at == G_N_ELEMENTS(kinds))
        return FALSE;
    *item = (NiloCjt188Item){.kind = kinds[at].kind, .size = kinds[at].size};
    switch (item->kind) {
    case NILO_CJT188_ITEM_DIGITS:
        return parse_digits(words, item);
    case NILO_CJT188_ITEM_NUMBER:
        return parse_number(words, item);
    case NILO_CJT188_ITEM_FACT:
        return parse_fact(words, item);
    case NILO_CJT188_ITEM_CHANNEL:
        return parse_channel(words, item);
    case NILO_CJT188_ITEM_SKIP:
        return g_strv_length(words) == 2 && parse_size(words[1], NILO_CJT188_DATA_MAX_SIZE, item);
    case NILO_CJT188_ITEM_SEQUENCE:
        return g_strv_length(words) == 2 && parse_size(words[1], NUMBER_MAX_SIZE, item);
    default:
        return words[1] == NULL;
    }
}

gboolean
nilo_cjt188_item_parse(const char *text, NiloCjt188Item *item)
{
    g_auto(GStrv) parts = g_strsplit(text, " ", -1);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    NiloCjt188Item parsed;

    for (guint i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] != '\0')
            g_ptr_array_add(words, parts[i]);
    }
    g_ptr_array_add(words, NULL);
    if (!parse_words((char **)words->pdata, &parsed))
        return FALSE;
    *item = parsed;
    return TRUE;
}
