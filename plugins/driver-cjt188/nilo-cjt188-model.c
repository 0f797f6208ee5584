/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-model.h"

#include <dlfcn.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#define VECTOR_PREFIX "vector "
#define BLOCK_PREFIX  "block "
#define DECIMALS_MAX  8
#define STEP_MAX_S    86400
#define PAYLOAD_MAX   (NILO_CJT188_DATA_MAX_SIZE - 3)

/* a profile while it is being read */
typedef struct {
    NiloCjt188Model *model;
    GKeyFile *file;
    GHashTable *lines; /* "group\nkey" or "group" to its line */
    const char *name;
} Parser;

typedef gboolean (*TakeFunc)(Parser *parser, const char *group, const char *key, const char *value,
                             gpointer field, GError **error);

typedef struct {
    const char *group;
    const char *key;
    TakeFunc take;
    gsize offset; /* in NiloCjt188Model, or in NiloCjt188Block */
} KnownKey;

static void
block_free(gpointer data)
{
    nilo_cjt188_block_free(data);
}

static void
vector_free(gpointer data)
{
    NiloCjt188Vector *self = data;

    g_free(self->name);
    g_clear_pointer(&self->bytes, g_bytes_unref);
    g_strfreev(self->readings);
    g_strfreev(self->statuses);
    g_free(self);
}

NiloCjt188Model *
nilo_cjt188_model_new_standard(void)
{
    NiloCjt188Model *self = g_new0(NiloCjt188Model, 1);

    g_atomic_ref_count_init(&self->ref_count);
    self->status_map = nilo_cjt188_status_map_standard;
    self->profile = nilo_cjt188_profile_standard;
    self->profile.status_map = &self->status_map;
    self->vendor = 0x00ff; /* ST1 is the vendor's, and full of numbers that mean nothing */
    self->valve_open = NILO_CJT188_VALVE_OPEN;
    self->valve_close = NILO_CJT188_VALVE_CLOSE;
    self->purchase_unit = NILO_UNIT_CURRENCY;
    self->history_first = 1;
    self->blocks = g_ptr_array_new_with_free_func(block_free);
    self->vectors = g_ptr_array_new_with_free_func(vector_free);
    return self;
}

NiloCjt188Model *
nilo_cjt188_model_ref(NiloCjt188Model *self)
{
    g_atomic_ref_count_inc(&self->ref_count);
    return self;
}

void
nilo_cjt188_model_unref(NiloCjt188Model *self)
{
    if (!g_atomic_ref_count_dec(&self->ref_count))
        return;
    g_free(self->name);
    g_free(self->description);
    g_ptr_array_unref(self->blocks);
    g_ptr_array_unref(self->vectors);
    g_free(self);
}

const NiloCjt188Block *
nilo_cjt188_model_find_block(const NiloCjt188Model *self, guint16 di)
{
    for (guint i = 0; i < self->blocks->len; i++) {
        const NiloCjt188Block *block = g_ptr_array_index(self->blocks, i);

        if (di >= block->first && di < block->first + block->count)
            return block;
    }
    return NULL;
}

/* --- messages with a line -----------------------------------------------------------------------
 */

static guint
find_line(Parser *parser, const char *group, const char *key)
{
    g_autofree char *name = key != NULL ? g_strdup_printf("%s\n%s", group, key) : g_strdup(group);

    return GPOINTER_TO_UINT(g_hash_table_lookup(parser->lines, name));
}

static gboolean
refuse_value(Parser *parser, const char *group, const char *key, const char *value,
             const char *expected, GError **error)
{
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, _("%s:%u: %s is \"%s\", expected %s"),
                parser->name, find_line(parser, group, key), key, value, expected);
    return FALSE;
}

static gboolean
note_line(Parser *parser, const char *name, const char *shown, guint line, GError **error)
{
    const guint before = GPOINTER_TO_UINT(g_hash_table_lookup(parser->lines, name));

    if (before > 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_DUPLICATE,
                    _("%s:%u: %s stands in line %u already"), parser->name, line, shown, before);
        return FALSE;
    }
    g_hash_table_insert(parser->lines, g_strdup(name), GUINT_TO_POINTER(line));
    return TRUE;
}

/* GKeyFile keeps no lines and joins what is there twice */
static gboolean
index_lines(Parser *parser, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *group = g_strdup("");

    for (guint i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);
        const char *close = strrchr(line, ']');
        char *equals = strchr(line, '=');
        g_autofree char *name = NULL;

        if (line[0] == '[' && close != NULL) {
            g_free(group);
            group = g_strndup(line + 1, (gsize)(close - line - 1));
            if (!note_line(parser, group, line, i + 1, error))
                return FALSE;
        } else if (line[0] != '#' && equals != NULL) {
            *equals = '\0';
            g_strchomp(line);
            name = g_strdup_printf("%s\n%s", group, line);
            if (!note_line(parser, name, line, i + 1, error))
                return FALSE;
        }
    }
    return TRUE;
}

/* --- values -------------------------------------------------------------------------------------
 */

static gboolean
take_string(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
            GError **error)
{
    char **text = field;

    g_free(*text);
    *text = g_strdup(value);
    return TRUE;
}

static gboolean
parse_hex(const char *value, guint64 max, guint64 *number)
{
    char *end;

    if (!g_ascii_isxdigit(value[0]))
        return FALSE;
    *number = g_ascii_strtoull(value, &end, 16);
    return *end == '\0' && *number <= max;
}

static gboolean
take_mask(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
          GError **error)
{
    guint64 mask;

    if (!parse_hex(value, G_MAXUINT16, &mask))
        return refuse_value(parser, group, key, value,
                            _("a mask in hex, ST0 in the last two digits: 0x0001"), error);
    *(guint16 *)field = (guint16)mask;
    return TRUE;
}

static gboolean
take_byte(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
          GError **error)
{
    guint64 byte;

    if (!parse_hex(value, G_MAXUINT8, &byte))
        return refuse_value(parser, group, key, value, _("a byte in hex: 0x55"), error);
    *(guint8 *)field = (guint8)byte;
    return TRUE;
}

static gboolean
take_decimals(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
              GError **error)
{
    guint64 decimals;

    if (!g_ascii_string_to_unsigned(value, 10, 0, DECIMALS_MAX, &decimals, NULL))
        return refuse_value(parser, group, key, value, _("0 to 8"), error);
    *(gint8 *)field = (gint8)decimals;
    return TRUE;
}

/* a unit by the name that decoding prints for its code */
static gboolean
take_unit(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
          GError **error)
{
    for (guint code = 1; code <= G_MAXUINT8; code++) {
        char text[16];
        NiloUnitCode meaning;

        nilo_cjt188_unit_code_to_text((guint8)code, text, sizeof text);
        if (!nilo_unit_code_find((guint8)code, &meaning) || !g_str_equal(text, value))
            continue;
        *(guint8 *)field = (guint8)code;
        return TRUE;
    }
    return refuse_value(parser, group, key, value, _("a unit such as m3, L or kWh"), error);
}

static gboolean
take_purchase_unit(Parser *parser, const char *group, const char *key, const char *value,
                   gpointer field, GError **error)
{
    if (!g_str_equal(value, "m3") && !g_str_equal(value, "currency"))
        return refuse_value(parser, group, key, value, _("m3 or currency"), error);
    *(NiloUnit *)field = value[0] == 'm' ? NILO_UNIT_CUBIC_METRE : NILO_UNIT_CURRENCY;
    return TRUE;
}

static gboolean
take_clock_order(Parser *parser, const char *group, const char *key, const char *value,
                 gpointer field, GError **error)
{
    static const char *const names[] = {"auto", "standard", "year-first"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!g_str_equal(value, names[i]))
            continue;
        *(NiloCjt188ClockOrder *)field = (NiloCjt188ClockOrder)i;
        return TRUE;
    }
    return refuse_value(parser, group, key, value, _("auto, standard or year-first"), error);
}

static gboolean
take_history_first(Parser *parser, const char *group, const char *key, const char *value,
                   gpointer field, GError **error)
{
    if (!g_str_equal(value, "0") && !g_str_equal(value, "1"))
        return refuse_value(parser, group, key, value,
                            _("0 (the last settlement) or 1 (the one before)"), error);
    *(guint *)field = value[0] == '1' ? 1 : 0;
    return TRUE;
}

#define FIELD(member) G_STRUCT_OFFSET(NiloCjt188Model, member)

static const KnownKey known_keys[] = {
    {"profile", "name", take_string, FIELD(name)},
    {"profile", "description", take_string, FIELD(description)},
    {"profile", "description[zh_CN]", NULL, 0},
    {"status", "closed", take_mask, FIELD(status_map.closed)},
    {"status", "fault", take_mask, FIELD(status_map.fault)},
    {"status", "battery-low", take_mask, FIELD(status_map.battery_low)},
    {"status", "inverted", take_mask, FIELD(status_map.inverted)},
    {"status", "tamper", take_mask, FIELD(tamper)},
    {"status", "leak", take_mask, FIELD(leak)},
    {"status", "alarm", take_mask, FIELD(alarm)},
    {"status", "permanent-error", take_mask, FIELD(permanent_error)},
    {"status", "temporary-error", take_mask, FIELD(temporary_error)},
    {"status", "vendor", take_mask, FIELD(vendor)},
    {"values", "unit", take_unit, FIELD(profile.assumed_unit_code)},
    {"values", "volume-decimals", take_decimals, FIELD(profile.volume_decimals)},
    {"values", "energy-decimals", take_decimals, FIELD(profile.energy_decimals)},
    {"values", "power-decimals", take_decimals, FIELD(profile.power_decimals)},
    {"values", "flow-decimals", take_decimals, FIELD(profile.flow_decimals)},
    {"values", "temperature-decimals", take_decimals, FIELD(profile.temperature_decimals)},
    {"values", "money-decimals", take_decimals, FIELD(profile.money_decimals)},
    {"values", "purchase-unit", take_purchase_unit, FIELD(purchase_unit)},
    {"valve", "open", take_byte, FIELD(valve_open)},
    {"valve", "close", take_byte, FIELD(valve_close)},
    {"clock", "order", take_clock_order, FIELD(clock_order)},
    {"history", "first", take_history_first, FIELD(history_first)},
};

/* GKeyFile sets an error for a bad escape and returns what it has of the value all the same */
static char *
dup_value(Parser *parser, const char *group, const char *key, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *value = g_key_file_get_string(parser->file, group, key, &local);

    if (value != NULL && local == NULL)
        return g_steal_pointer(&value);
    g_set_error(error, NILO_ERROR, NILO_ERROR_SYNTAX, "%s:%u: %s", parser->name,
                find_line(parser, group, key), local != NULL ? local->message : key);
    return NULL;
}

/* --- blocks --------------------------------------------------------------------------------------
 */

static char **
split_list(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ";", -1);
    g_autoptr(GPtrArray) list = g_ptr_array_new();

    for (guint i = 0; parts[i] != NULL; i++) {
        if (g_strstrip(parts[i])[0] != '\0')
            g_ptr_array_add(list, g_strdup(parts[i]));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

static gboolean
take_when(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
          GError **error)
{
    static const char *const names[] = {"history", "gap", "daily"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!g_str_equal(value, names[i]))
            continue;
        *(NiloCjt188BlockWhen *)field = (NiloCjt188BlockWhen)i;
        return TRUE;
    }
    return refuse_value(parser, group, key, value, _("history, gap or daily"), error);
}

static gboolean
take_identifier(Parser *parser, const char *group, const char *key, const char *value,
                gpointer field, GError **error)
{
    guint64 identifier;

    if (!parse_hex(value, G_MAXUINT16, &identifier) || identifier == 0)
        return refuse_value(parser, group, key, value, _("an identifier in hex: D300"), error);
    *(guint16 *)field = (guint16)identifier;
    return TRUE;
}

static gboolean
take_count(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
           GError **error)
{
    guint64 count;

    if (!g_ascii_string_to_unsigned(value, 10, 1, 256, &count, NULL))
        return refuse_value(parser, group, key, value, _("1 to 256"), error);
    *(guint *)field = (guint)count;
    return TRUE;
}

static gboolean
take_step(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
          GError **error)
{
    guint64 step_s;

    if (!g_ascii_string_to_unsigned(value, 10, 1, STEP_MAX_S, &step_s, NULL))
        return refuse_value(parser, group, key, value, _("1 to 86400"), error);
    *(guint *)field = (guint)step_s;
    return TRUE;
}

static gboolean
take_items(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
           GError **error)
{
    GArray *items = *(GArray **)field;
    g_auto(GStrv) texts = split_list(value);

    for (guint i = 0; texts[i] != NULL; i++) {
        NiloCjt188Item item;

        if (!nilo_cjt188_item_parse(texts[i], &item))
            return refuse_value(parser, group, key, texts[i],
                                _("an item such as \"clock\", \"unit\", \"digits 4 volume\" or "
                                  "\"number 2 battery-voltage -3 V\""),
                                error);
        g_array_append_val(items, item);
    }
    if (nilo_cjt188_items_get_size(items) <= PAYLOAD_MAX)
        return TRUE;
    return refuse_value(parser, group, key, value, _("items of 97 bytes at most"), error);
}

/* "1 started; 2 clock stepped" */
static gboolean
take_events(Parser *parser, const char *group, const char *key, const char *value, gpointer field,
            GError **error)
{
    GHashTable *events = *(GHashTable **)field;
    g_auto(GStrv) texts = split_list(value);

    for (guint i = 0; texts[i] != NULL; i++) {
        char *end;
        const guint64 code = g_ascii_strtoull(texts[i], &end, 10);

        if (end == texts[i] || code > G_MAXUINT8 || *end != ' ')
            return refuse_value(parser, group, key, texts[i],
                                _("a code and its name: \"8 magnet\""), error);
        g_hash_table_insert(events, GUINT_TO_POINTER((guint)code), g_strdup(end + 1));
    }
    return TRUE;
}

#define BLOCK_FIELD(member) G_STRUCT_OFFSET(NiloCjt188Block, member)

static const KnownKey block_keys[] = {
    {"block", "read", take_when, BLOCK_FIELD(when)},
    {"block", "first", take_identifier, BLOCK_FIELD(first)},
    {"block", "count", take_count, BLOCK_FIELD(count)},
    {"block", "per-day", take_count, BLOCK_FIELD(per_day)},
    {"block", "per-month", take_count, BLOCK_FIELD(per_month)},
    {"block", "step-s", take_step, BLOCK_FIELD(step_s)},
    {"block", "skip-flags", take_byte, BLOCK_FIELD(skip_flags)},
    {"block", "head", take_items, BLOCK_FIELD(head)},
    {"block", "each", take_items, BLOCK_FIELD(each)},
    {"block", "events", take_events, BLOCK_FIELD(events)},
};

static gboolean
take_block_key(Parser *parser, NiloCjt188Block *block, const char *group, const char *key,
               const char *value, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(block_keys); i++) {
        if (g_str_equal(block_keys[i].key, key))
            return block_keys[i].take(parser, group, key, value,
                                      G_STRUCT_MEMBER_P(block, block_keys[i].offset), error);
    }
    g_set_error(error, NILO_ERROR, NILO_ERROR_UNKNOWN_KEY, _("%s:%u: unknown key \"%s\" in [%s]"),
                parser->name, find_line(parser, group, key), key, group);
    return FALSE;
}

static gboolean
check_block(Parser *parser, const NiloCjt188Block *block, const char *group, GError **error)
{
    const guint size =
        nilo_cjt188_items_get_size(block->head) + nilo_cjt188_items_get_size(block->each);
    const char *missing = block->first == 0 ? "first" : size == 0 ? "each" : NULL;

    if (missing != NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY, _("%s:%u: [%s] has no %s="),
                    parser->name, find_line(parser, group, NULL), group, missing);
        return FALSE;
    }
    if (size <= PAYLOAD_MAX && block->first + block->count <= G_MAXUINT16 + 1)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("%s:%u: [%s] has more than a frame holds, or identifiers above FFFF"),
                parser->name, find_line(parser, group, NULL), group);
    return FALSE;
}

static gboolean
take_block(Parser *parser, const char *group, char **keys, GError **error)
{
    NiloCjt188Block *block = nilo_cjt188_block_new(group + strlen(BLOCK_PREFIX));

    g_ptr_array_add(parser->model->blocks, block);
    for (guint i = 0; keys[i] != NULL; i++) {
        g_autofree char *value = dup_value(parser, group, keys[i], error);

        if (value == NULL || !take_block_key(parser, block, group, keys[i], value, error))
            return FALSE;
    }
    return check_block(parser, block, group, error);
}

/* --- telegrams ----------------------------------------------------------------------------------
 */

static GBytes *
bytes_from_hex(const char *text)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    while (*text != '\0') {
        guint8 byte;

        if (*text == ' ') {
            text++;
            continue;
        }
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
            return NULL;
        byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
        g_byte_array_append(bytes, &byte, 1);
        text += 2;
    }
    return bytes->len > 0 ? g_byte_array_free_to_bytes(g_steal_pointer(&bytes)) : NULL;
}

static gboolean
take_vector_key(Parser *parser, NiloCjt188Vector *vector, const char *group, const char *key,
                const char *value, GError **error)
{
    if (g_str_equal(key, "origin"))
        return TRUE;
    if (g_str_equal(key, "hex")) {
        vector->bytes = bytes_from_hex(value);
        return vector->bytes != NULL ||
               refuse_value(parser, group, key, value, _("bytes in hex: 68 10 .."), error);
    }
    if (g_str_equal(key, "readings")) {
        vector->readings = split_list(value);
        return TRUE;
    }
    if (g_str_equal(key, "status")) {
        vector->statuses = split_list(value);
        return TRUE;
    }
    g_set_error(error, NILO_ERROR, NILO_ERROR_UNKNOWN_KEY,
                _("%s:%u: unknown key \"%s\" in [%s], expected origin, hex, readings or status"),
                parser->name, find_line(parser, group, key), key, group);
    return FALSE;
}

static gboolean
take_vector(Parser *parser, const char *group, char **keys, GError **error)
{
    NiloCjt188Vector *vector = g_new0(NiloCjt188Vector, 1);

    vector->name = g_strdup(group + strlen(VECTOR_PREFIX));
    g_ptr_array_add(parser->model->vectors, vector);
    for (guint i = 0; keys[i] != NULL; i++) {
        g_autofree char *value = dup_value(parser, group, keys[i], error);

        if (value == NULL || !take_vector_key(parser, vector, group, keys[i], value, error))
            return FALSE;
    }
    if (vector->bytes != NULL)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY, _("%s:%u: [%s] has no hex="),
                parser->name, find_line(parser, group, NULL), group);
    return FALSE;
}

/* --- the file -----------------------------------------------------------------------------------
 */

static gboolean
is_known_group(const char *group)
{
    for (guint i = 0; i < G_N_ELEMENTS(known_keys); i++) {
        if (g_str_equal(known_keys[i].group, group))
            return TRUE;
    }
    return FALSE;
}

static const KnownKey *
find_known(const char *group, const char *key)
{
    for (guint i = 0; i < G_N_ELEMENTS(known_keys); i++) {
        if (g_str_equal(known_keys[i].group, group) && g_str_equal(known_keys[i].key, key))
            return &known_keys[i];
    }
    return NULL;
}

static gboolean
take_key(Parser *parser, const char *group, const char *key, GError **error)
{
    const KnownKey *known = find_known(group, key);
    g_autofree char *value = NULL;

    if (known == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_UNKNOWN_KEY,
                    _("%s:%u: unknown key \"%s\" in [%s]"), parser->name,
                    find_line(parser, group, key), key, group);
        return FALSE;
    }
    if (known->take == NULL)
        return TRUE;
    value = dup_value(parser, group, key, error);
    if (value == NULL)
        return FALSE;
    return known->take(parser, group, key, value, G_STRUCT_MEMBER_P(parser->model, known->offset),
                       error);
}

static gboolean
take_group(Parser *parser, const char *group, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(parser->file, group, NULL, error);

    if (keys == NULL)
        return FALSE;
    if (g_str_has_prefix(group, VECTOR_PREFIX))
        return take_vector(parser, group, keys, error);
    if (g_str_has_prefix(group, BLOCK_PREFIX))
        return take_block(parser, group, keys, error);
    if (!is_known_group(group)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_UNKNOWN_GROUP,
                    _("%s:%u: unknown group [%s], expected profile, status, values, valve, clock, "
                      "history, block NAME or vector NAME"),
                    parser->name, find_line(parser, group, NULL), group);
        return FALSE;
    }
    for (guint i = 0; keys[i] != NULL; i++) {
        if (!take_key(parser, group, keys[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
parse_file(Parser *parser, const char *data, gsize size, GError **error)
{
    g_autofree char *text = g_strndup(data, size);
    g_autoptr(GError) local = NULL;
    g_auto(GStrv) groups = NULL;

    if (!g_utf8_validate(data, (gssize)size, NULL)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SYNTAX, _("%s: not UTF-8 text"), parser->name);
        return FALSE;
    }
    if (!g_key_file_load_from_data(parser->file, text, strlen(text), G_KEY_FILE_KEEP_TRANSLATIONS,
                                   &local)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SYNTAX, "%s: %s", parser->name, local->message);
        return FALSE;
    }
    if (!index_lines(parser, text, error))
        return FALSE;
    groups = g_key_file_get_groups(parser->file, NULL);
    for (guint i = 0; groups[i] != NULL; i++) {
        if (!take_group(parser, groups[i], error))
            return FALSE;
    }
    return TRUE;
}

NiloCjt188Model *
nilo_cjt188_model_new_from_data(const char *data, gsize size, const char *file, GError **error)
{
    g_autoptr(NiloCjt188Model) model = nilo_cjt188_model_new_standard();
    g_autoptr(GKeyFile) key_file = g_key_file_new();
    g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Parser parser = {.model = model, .file = key_file, .lines = lines, .name = file};

    if (!parse_file(&parser, data, size, error))
        return NULL;
    return g_steal_pointer(&model);
}

/* --- where profiles stand -----------------------------------------------------------------------
 */

/* in a folder of the plugin's name beside the module once it is installed; while it is built, with
 * the module itself */
static void
add_module_folders(GPtrArray *folders)
{
    Dl_info info;
    g_autofree char *folder = NULL;

    if (dladdr((const void *)nilo_cjt188_model_load, &info) == 0 || info.dli_fname == NULL)
        return;
    folder = g_path_get_dirname(info.dli_fname);
    g_ptr_array_add(folders, g_build_filename(folder, "driver-cjt188", "profiles", NULL));
    g_ptr_array_add(folders, g_steal_pointer(&folder));
}

static GPtrArray *
list_folders(void)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    const char *given = g_getenv("NILO_CJT188_PROFILES");
    g_auto(GStrv) parts = g_strsplit(given != NULL ? given : "", ":", -1);

    for (guint i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] != '\0')
            g_ptr_array_add(folders, g_strdup(parts[i]));
    }
    g_ptr_array_add(folders, g_strdup(NILO_CJT188_CONFIG_DIR));
    add_module_folders(folders);
    return folders;
}

static gboolean
is_plain_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at) && *at != '-' && *at != '_' && !(*at == '.' && at > name))
            return FALSE;
    }
    return name[0] != '\0';
}

static NiloCjt188Model *
load_file(const char *path, const char *name, const char *data, gsize size, GError **error)
{
    g_autoptr(NiloCjt188Model) model = nilo_cjt188_model_new_from_data(data, size, path, error);

    if (model == NULL)
        return NULL;
    if (g_strcmp0(model->name, name) == 0)
        return g_steal_pointer(&model);
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("%s: [profile] name is \"%s\", expected \"%s\" as the file"), path,
                model->name != NULL ? model->name : "", name);
    return NULL;
}

NiloCjt188Model *
nilo_cjt188_model_load(const char *name, GError **error)
{
    g_autoptr(GPtrArray) folders = list_folders();
    g_autofree char *file = g_strconcat(name, ".profile", NULL);
    g_autofree char *places = NULL;

    for (guint i = 0; i < folders->len && is_plain_name(name); i++) {
        g_autofree char *path = g_build_filename(g_ptr_array_index(folders, i), file, NULL);
        g_autofree char *data = NULL;
        gsize size;

        if (g_file_get_contents(path, &data, &size, NULL))
            return load_file(path, name, data, size, error);
    }
    g_ptr_array_add(folders, NULL);
    places = g_strjoinv(", ", (char **)folders->pdata);
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND, _("no profile \"%s\" in %s"), name,
                places);
    return NULL;
}
