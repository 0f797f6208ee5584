/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-register.h"

#include <string.h>

#include "nilo-error.h"

enum {
    OCCURRENCE_BITS = 6,
    QUALIFIER_BITS = 12,
    SUBUNIT_BITS = 8,
    TARIFF_BITS = 8,
    STORAGE_BITS = 16,
    FUNCTION_BITS = 2,
    QUANTITY_BITS = 10,
};

static const char *const function_names[] = {"now", "max", "min", "error"};

static const struct {
    const char *name;
    guint bits;
} qualifier_names[] = {
    {"forward", NILO_QUALIFIER_FORWARD},         {"backward", NILO_QUALIFIER_BACKWARD},
    {"lower-limit", NILO_QUALIFIER_LOWER_LIMIT}, {"upper-limit", NILO_QUALIFIER_UPPER_LIMIT},
    {"phase-1", NILO_QUALIFIER_PHASE_1},         {"phase-2", NILO_QUALIFIER_PHASE_2},
    {"phase-3", NILO_QUALIFIER_PHASE_3},
};

static gboolean
push(guint64 *packed, guint64 part, guint bits)
{
    if (part >> bits != 0)
        return FALSE;
    *packed = *packed << bits | part;
    return TRUE;
}

gboolean
nilo_register_pack(const NiloRegisterParts *parts, NiloRegister *reg)
{
    guint64 packed = 0;

    g_return_val_if_fail(parts != NULL && reg != NULL, FALSE);

    if (!push(&packed, parts->quantity, QUANTITY_BITS) ||
        !push(&packed, parts->function, FUNCTION_BITS) ||
        !push(&packed, parts->storage, STORAGE_BITS) ||
        !push(&packed, parts->tariff, TARIFF_BITS) ||
        !push(&packed, parts->subunit, SUBUNIT_BITS) ||
        !push(&packed, parts->qualifier, QUALIFIER_BITS) ||
        !push(&packed, parts->occurrence, OCCURRENCE_BITS))
        return FALSE;
    *reg = (gint64)packed;
    return TRUE;
}

static guint64
pop(guint64 *packed, guint bits)
{
    const guint64 part = *packed & ((G_GUINT64_CONSTANT(1) << bits) - 1);

    *packed >>= bits;
    return part;
}

void
nilo_register_unpack(NiloRegister reg, NiloRegisterParts *parts)
{
    guint64 packed = (guint64)reg;

    parts->occurrence = (guint)pop(&packed, OCCURRENCE_BITS);
    parts->qualifier = (guint)pop(&packed, QUALIFIER_BITS);
    parts->subunit = (guint32)pop(&packed, SUBUNIT_BITS);
    parts->tariff = (guint32)pop(&packed, TARIFF_BITS);
    parts->storage = pop(&packed, STORAGE_BITS);
    parts->function = (NiloFunction)pop(&packed, FUNCTION_BITS);
    parts->quantity = (NiloQuantity)pop(&packed, QUANTITY_BITS);
}

NiloRegister
nilo_register_of(NiloQuantity quantity)
{
    const NiloRegisterParts parts = {.quantity = quantity};
    NiloRegister reg = 0;

    nilo_register_pack(&parts, &reg);
    return reg;
}

static void
append_qualifier(GString *text, guint qualifier)
{
    for (gsize i = 0; i < G_N_ELEMENTS(qualifier_names); i++) {
        if (qualifier_names[i].bits == qualifier) {
            g_string_append_printf(text, "/%s", qualifier_names[i].name);
            return;
        }
    }
    g_string_append_printf(text, "/qualifier=0x%03x", qualifier);
}

char *
nilo_register_to_text(NiloRegister reg)
{
    g_autoptr(GString) text = g_string_new(NULL);
    NiloRegisterParts parts;
    const char *name;

    nilo_register_unpack(reg, &parts);
    name = nilo_quantity_get_name(parts.quantity);
    if (name != NULL) {
        g_string_append(text, name);
        g_strdelimit(text->str, " /", '-'); /* printed names have spaces; one word suits a shell */
    } else {
        g_string_append_printf(text, "quantity-%u", (guint)parts.quantity);
    }
    if (parts.function != NILO_FUNCTION_NOW)
        g_string_append_printf(text, "/%s", function_names[parts.function]);
    if (parts.storage != 0)
        g_string_append_printf(text, "/storage=%" G_GUINT64_FORMAT, parts.storage);
    if (parts.tariff != 0)
        g_string_append_printf(text, "/tariff=%u", parts.tariff);
    if (parts.subunit != 0)
        g_string_append_printf(text, "/subunit=%u", parts.subunit);
    if (parts.qualifier != 0)
        append_qualifier(text, parts.qualifier);
    if (parts.occurrence != 0)
        g_string_append_printf(text, "/occurrence=%u", parts.occurrence);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean
parse_quantity(const char *text, NiloQuantity *quantity)
{
    for (guint number = 0; number < 1u << QUANTITY_BITS; number++) {
        g_autofree char *word = g_strdup(nilo_quantity_get_name((NiloQuantity)number));

        if (word == NULL)
            break;
        g_strdelimit(word, " /", '-');
        if (strcmp(word, text) == 0) {
            *quantity = (NiloQuantity)number;
            return TRUE;
        }
    }
    if (g_str_has_prefix(text, "quantity-")) {
        guint64 number;

        if (g_ascii_string_to_unsigned(text + strlen("quantity-"), 10, 0, (1u << QUANTITY_BITS) - 1,
                                       &number, NULL)) {
            *quantity = (NiloQuantity)number;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
parse_number(const char *word, const char *key, guint base, guint64 *number)
{
    const gsize length = strlen(key);

    if (strncmp(word, key, length) != 0 || word[length] != '=')
        return FALSE;
    word += length + 1;
    if (base == 16 && g_str_has_prefix(word, "0x"))
        word += 2;
    return g_ascii_string_to_unsigned(word, base, 0, G_MAXUINT32, number, NULL);
}

static gboolean
parse_word(const char *word, NiloRegisterParts *parts)
{
    guint64 number;

    for (gsize i = 1; i < G_N_ELEMENTS(function_names); i++) {
        if (strcmp(word, function_names[i]) == 0) {
            parts->function = (NiloFunction)i;
            return TRUE;
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(qualifier_names); i++) {
        if (strcmp(word, qualifier_names[i].name) == 0) {
            parts->qualifier = qualifier_names[i].bits;
            return TRUE;
        }
    }
    if (parse_number(word, "storage", 10, &parts->storage))
        return TRUE;
    if (parse_number(word, "tariff", 10, &number)) {
        parts->tariff = (guint32)number;
        return TRUE;
    }
    if (parse_number(word, "subunit", 10, &number)) {
        parts->subunit = (guint32)number;
        return TRUE;
    }
    if (parse_number(word, "qualifier", 16, &number)) {
        parts->qualifier = (guint)number;
        return TRUE;
    }
    if (parse_number(word, "occurrence", 10, &number)) {
        parts->occurrence = (guint)number;
        return TRUE;
    }
    return FALSE;
}

gboolean
nilo_register_from_text(const char *text, NiloRegister *reg, GError **error)
{
    NiloRegisterParts parts = {0};
    g_auto(GStrv) words = NULL;

    g_return_val_if_fail(text != NULL && reg != NULL, FALSE);

    words = g_strsplit(text, "/", -1);
    if (words[0] == NULL || !parse_quantity(words[0], &parts.quantity)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "\"%s\" names no quantity, expected one like \"volume\"", text);
        return FALSE;
    }
    for (gsize i = 1; words[i] != NULL; i++) {
        if (!parse_word(words[i], &parts)) {
            g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                        "\"%s\" in register \"%s\" is not understood, expected one like "
                        "\"storage=1\"",
                        words[i], text);
            return FALSE;
        }
    }
    if (!nilo_register_pack(&parts, reg)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "a number in register \"%s\" is out of its range", text);
        return FALSE;
    }
    return TRUE;
}
