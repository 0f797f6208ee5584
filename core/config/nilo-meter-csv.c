/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-meter-csv.h"

#include <csv.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-meter-id.h"
#include "nilo-nearest.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* digits of an id, whose leading zeros Excel takes away */
#define CJT188_DIGITS 14
#define MBUS_DIGITS   8

typedef struct {
    const char *key;
    const char *header; /* as somebody may have written it */
} ColumnName;

/* the first header of a key is the one that is written */
static const ColumnName column_names[] = {
    {"id", "表号"},       {"id", "水表号"},     {"id", "表计号"},    {"bus", "总线"},
    {"driver", "协议"},   {"driver", "驱动"},   {"address", "地址"}, {"address", "表地址"},
    {"point", "户号"},    {"point", "用水点"},  {"place", "位置"},   {"building", "楼"},
    {"building", "楼号"}, {"building", "楼栋"}, {"unit", "单元"},    {"unit", "单元号"},
    {"room", "室"},       {"room", "房号"},     {"room", "室号"},    {"schedule", "抄表计划"},
};

/* columns that are written first, in this order; three of them are one key in the file */
static const char *const leading_columns[] = {"id",       "bus",  "driver", "address", "point",
                                              "building", "unit", "room",   "place",   "schedule"};

static const char *const place_columns[] = {"building", "unit", "room"};

typedef struct {
    const char *path;
    GPtrArray *problems;
    GPtrArray *keys;    /* of the columns; empty for a column without a name */
    GPtrArray *headers; /* the same as they are written, for messages */
    GPtrArray *cells;   /* of the row that is being read */
    GPtrArray *entries; /* element-type NiloMeterEntry */
    GHashTable *rows;   /* id -> row */
    guint row;
    gboolean lost; /* without good column names the rows mean nothing */
} Reader;

static void report(Reader *self, NiloError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
report(Reader *self, NiloError code, const char *format, ...)
{
    g_autofree char *text = NULL;
    const NiloConfigPlace place = {.path = self->path};
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (self->row == 0)
        nilo_config_problems_add(self->problems, code, &place, "%s", text);
    else
        nilo_config_problems_add(self->problems, code, &place, _("row %u: %s"), self->row, text);
}

static char *
convert_text(Reader *self, const char *bytes, gsize size)
{
    char *text = NULL;

    if (size >= 3 && memcmp(bytes, BYTE_ORDER_MARK, 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    if (size >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        text = g_convert(bytes, (gssize)size, "UTF-8", "UTF-16", NULL, NULL, NULL);
    else if (g_utf8_validate(bytes, (gssize)size, NULL))
        text = g_strndup(bytes, size);
    else if (memchr(bytes, '\0', size) == NULL)
        text = g_convert(bytes, (gssize)size, "UTF-8", "GB18030", NULL, NULL, NULL);
    if (text == NULL || !g_utf8_validate(text, -1, NULL)) {
        report(self, NILO_ERROR_SYNTAX,
               _("the file is neither UTF-8 nor GB18030, expected what Excel saves as CSV"));
        g_clear_pointer(&text, g_free);
    }
    return text;
}

/* CR LF and CR become LF, so that the parser sees every end of a row once */
static void
normalise_newlines(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '\r' && from[1] == '\n')
            continue;
        *to++ = *from == '\r' ? '\n' : *from;
    }
    *to = '\0';
}

static char
find_separator(const char *text)
{
    guint counts[3] = {0};
    static const char separators[] = {',', ';', '\t'};
    gboolean quoted = FALSE;
    gsize best = 0;

    for (; *text != '\0' && (*text != '\n' || quoted); text++) {
        if (*text == '"')
            quoted = !quoted;
        for (gsize i = 0; i < G_N_ELEMENTS(separators); i++)
            counts[i] += !quoted && *text == separators[i];
    }
    for (gsize i = 1; i < G_N_ELEMENTS(separators); i++) {
        if (counts[i] > counts[best])
            best = i;
    }
    return separators[best];
}

/* ="007" is how a careful person keeps the zeros of a number in a CSV file */
static char *
clean_cell(const char *bytes, gsize size)
{
    char *text = g_strstrip(g_strndup(bytes, size));
    gsize length = strlen(text);

    while (length >= 3 && text[0] == '=' && text[1] == '"' && text[length - 1] == '"') {
        text[length - 1] = '\0';
        memmove(text, text + 2, length - 2);
        length = strlen(g_strstrip(text));
    }
    return text;
}

static void
take_cell(void *bytes, size_t size, void *user_data)
{
    Reader *self = user_data;

    g_ptr_array_add(self->cells, clean_cell(bytes, size));
}

static const char *
find_key(const char *header)
{
    for (gsize i = 0; i < G_N_ELEMENTS(column_names); i++) {
        if (strcmp(column_names[i].header, header) == 0)
            return column_names[i].key;
    }
    return NULL;
}

static void
take_header(Reader *self, const char *header)
{
    g_autofree char *lower = g_ascii_strdown(header, -1);
    const char *key = find_key(header);

    if (key == NULL && *lower != '\0' &&
        strspn(lower, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(lower))
        key = lower;
    if (key == NULL && *lower != '\0')
        report(self, NILO_ERROR_UNKNOWN_KEY,
               _("column \"%s\" is unknown, expected 表号, 总线, 协议, 地址, 户号, 位置, 楼, 单元, "
                 "室, 抄表计划 or the name of a key"),
               header);
    if (key != NULL && g_ptr_array_find_with_equal_func(self->keys, key, g_str_equal, NULL)) {
        report(self, NILO_ERROR_DUPLICATE, _("column \"%s\" stands there twice"), header);
        key = NULL;
    }
    g_ptr_array_add(self->keys, g_strdup(key != NULL ? key : ""));
    g_ptr_array_add(self->headers, g_strdup(header));
}

static gboolean
has_column(Reader *self, const char *key)
{
    return g_ptr_array_find_with_equal_func(self->keys, key, g_str_equal, NULL);
}

static void
take_headers(Reader *self)
{
    const guint n_problems = self->problems->len;

    for (guint i = 0; i < self->cells->len; i++)
        take_header(self, g_ptr_array_index(self->cells, i));
    if (!has_column(self, "id"))
        report(self, NILO_ERROR_MISSING_KEY,
               _("there is no column \"id\" or \"表号\"; the first row names the columns"));
    if (has_column(self, "place") &&
        (has_column(self, "building") || has_column(self, "unit") || has_column(self, "room")))
        report(self, NILO_ERROR_DUPLICATE,
               _("there is a column for the place and columns for building, unit or room, expected "
                 "one way to say it"));
    self->lost = self->problems->len > n_problems;
}

/* 7.83E+13: a number as Excel shows it when it is too long, and then saves it */
static gboolean
is_scientific(const char *text)
{
    const char *colon = strchr(text, ':');
    gsize digits;

    text = colon != NULL ? colon + 1 : text;
    digits = strspn(text, "0123456789.,");
    text += digits;
    if (digits == 0 || (*text != 'E' && *text != 'e'))
        return FALSE;
    text++;
    text += *text == '+';
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

static gboolean
is_excel_error(const char *text)
{
    static const char *const words[] = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#DIV/0!"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(text, words[i]) == 0)
            return TRUE;
    }
    return g_str_has_prefix(text, "###");
}

static gboolean
check_cell(Reader *self, const char *key, const char *header, const char *text)
{
    const gboolean is_number =
        strcmp(key, "id") == 0 || strcmp(key, "address") == 0 || strcmp(key, "point") == 0;

    if (is_excel_error(text)) {
        report(self, NILO_ERROR_BAD_VALUE, _("%s is \"%s\", an error of Excel's, not a value"),
               header, text);
        return FALSE;
    }
    if (is_number && is_scientific(text)) {
        report(self, NILO_ERROR_BAD_VALUE,
               _("%s is \"%s\": Excel has rounded a long number and its digits are lost; format "
                 "the column as text, then enter the numbers again"),
               header, text);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_digits(Reader *self, const char *id, const char *local, guint expected)
{
    const guint digits = (guint)strspn(local, "0123456789");

    if (digits == expected || (local[digits] != '\0' && local[digits] != '.'))
        return TRUE;
    if (digits > expected)
        report(self, NILO_ERROR_BAD_VALUE, _("id is \"%s\" with %u digits, expected %u"), id,
               digits, expected);
    else
        report(
            self, NILO_ERROR_BAD_VALUE,
            _("id is \"%s\" with %u digits, expected %u: Excel has dropped leading zeros; format "
              "the column as text, then enter the numbers as they stand on the meters"),
            id, digits, expected);
    return FALSE;
}

/* the id with its scheme, which may stand in the column of the driver instead */
static char *
make_id(Reader *self, const char *text, const char *driver)
{
    g_autofree char *whole = strchr(text, ':') == NULL && driver != NULL
                                 ? g_strconcat(driver, ":", text, NULL)
                                 : g_strdup(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloMeterId) id = NULL;
    guint digits = 0;

    if (g_str_has_prefix(whole, "cjt188:"))
        digits = CJT188_DIGITS;
    else if (g_str_has_prefix(whole, "mbus:"))
        digits = MBUS_DIGITS;
    if (digits > 0 && !check_digits(self, text, strchr(whole, ':') + 1, digits))
        return NULL;
    id = nilo_meter_id_new(whole, &error);
    if (id == NULL) {
        report(self, NILO_ERROR_BAD_VALUE, "%s", error->message);
        return NULL;
    }
    return g_steal_pointer(&whole);
}

static void
join_place(NiloMeterEntry *entry)
{
    g_autoptr(GString) place = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(place_columns); i++) {
        const char *part = nilo_meter_entry_get(entry, place_columns[i]);

        if (part != NULL)
            g_string_append_printf(place, "%s%s", place->len > 0 ? "/" : "", part);
        nilo_meter_entry_set(entry, place_columns[i], NULL);
    }
    if (place->len > 0)
        nilo_meter_entry_set(entry, "place", place->str);
}

static gboolean
check_unique(Reader *self, const char *id)
{
    const guint before = GPOINTER_TO_UINT(g_hash_table_lookup(self->rows, id));

    if (before == 0)
        return TRUE;
    report(self, NILO_ERROR_DUPLICATE, _("meter %s already stands in row %u"), id, before);
    return FALSE;
}

static void
take_row(Reader *self)
{
    g_autoptr(NiloMeterEntry) entry = nilo_meter_entry_new(NULL);
    const char *id;
    gboolean good = TRUE;

    for (guint i = 0; i < self->cells->len; i++) {
        const char *key = i < self->keys->len ? g_ptr_array_index(self->keys, i) : "";
        const char *text = g_ptr_array_index(self->cells, i);

        if (*text != '\0' && *key == '\0' && i >= self->keys->len) {
            report(self, NILO_ERROR_SYNTAX, _("there are %u cells, the first row names %u columns"),
                   self->cells->len, self->keys->len);
            return;
        }
        if (*text == '\0' || *key == '\0')
            continue;
        good = check_cell(self, key, g_ptr_array_index(self->headers, i), text) && good;
        nilo_meter_entry_set(entry, key, text);
    }
    if (entry->names->len == 0 || !good)
        return;
    id = nilo_meter_entry_get(entry, "id");
    if (id == NULL) {
        report(self, NILO_ERROR_MISSING_KEY, _("the meter has no id"));
        return;
    }
    entry->id = make_id(self, id, nilo_meter_entry_get(entry, "driver"));
    if (entry->id == NULL || !check_unique(self, entry->id))
        return;
    nilo_meter_entry_set(entry, "id", NULL);
    join_place(entry);
    g_hash_table_insert(self->rows, entry->id, GUINT_TO_POINTER(self->row));
    g_ptr_array_add(self->entries, g_steal_pointer(&entry));
}

static void
end_row(int terminator, void *user_data)
{
    Reader *self = user_data;

    if (terminator != -1 || self->cells->len > 0)
        self->row++;
    if (self->cells->len > 0) {
        if (self->keys->len == 0)
            take_headers(self);
        else if (!self->lost)
            take_row(self);
    }
    g_ptr_array_set_size(self->cells, 0);
}

/* Excel writes "sep=;" as a row of its own when it is told to */
static const char *
skip_separator_row(const char *text, char *separator, guint *row)
{
    if (!g_str_has_prefix(text, "sep=") || text[4] == '\0' || text[5] != '\n') {
        *separator = find_separator(text);
        return text;
    }
    *separator = text[4];
    *row = 1;
    return text + 6;
}

static void
parse_text(Reader *self, const char *text)
{
    struct csv_parser parser;
    char separator;
    gsize length;

    text = skip_separator_row(text, &separator, &self->row);
    length = strlen(text);
    if (csv_init(&parser, CSV_REPALL_NL) != 0) {
        report(self, NILO_ERROR_FAILED, _("the parser cannot begin"));
        return;
    }
    csv_set_delim(&parser, (unsigned char)separator);
    if (csv_parse(&parser, text, length, take_cell, end_row, self) != length ||
        csv_fini(&parser, take_cell, end_row, self) != 0)
        report(self, NILO_ERROR_SYNTAX, _("the file cannot be read further: %s"),
               csv_strerror(csv_error(&parser)));
    csv_free(&parser);
    if (self->keys->len == 0)
        report(self, NILO_ERROR_SYNTAX, _("the file is empty, expected a row of column names"));
}

GPtrArray *
nilo_meter_csv_parse(const char *path, const char *bytes, gsize size, GPtrArray *problems)
{
    g_autoptr(GPtrArray) entries =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_meter_entry_free);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) rows = g_hash_table_new(g_str_hash, g_str_equal);
    Reader reader = {.path = path,
                     .problems = problems,
                     .keys = keys,
                     .headers = headers,
                     .cells = cells,
                     .entries = entries,
                     .rows = rows};
    const guint n_problems = problems->len;
    g_autofree char *text = convert_text(&reader, bytes, size);

    if (text != NULL) {
        normalise_newlines(text);
        parse_text(&reader, text);
    }
    return problems->len == n_problems ? g_steal_pointer(&entries) : NULL;
}

static const char *
get_header(const char *key, gboolean chinese)
{
    for (gsize i = 0; chinese && i < G_N_ELEMENTS(column_names); i++) {
        if (strcmp(column_names[i].key, key) == 0)
            return column_names[i].header;
    }
    return key;
}

static gboolean
has_three_parts(const char *place)
{
    g_auto(GStrv) parts = g_strsplit(place, "/", -1);

    for (gsize i = 0; parts[i] != NULL; i++) {
        if (*parts[i] == '\0' || *parts[i] == '#')
            return FALSE;
    }
    return g_strv_length(parts) == 3;
}

/* building, unit and room only when every place can be taken apart and put together again */
static gboolean
can_split_places(GPtrArray *entries)
{
    for (guint i = 0; i < entries->len; i++) {
        const char *place = nilo_meter_entry_get(g_ptr_array_index(entries, i), "place");

        if (place != NULL && !has_three_parts(place))
            return FALSE;
    }
    return TRUE;
}

static gboolean
is_leading(const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(leading_columns); i++) {
        if (strcmp(leading_columns[i], key) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_place_column(const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(place_columns); i++) {
        if (strcmp(place_columns[i], key) == 0)
            return TRUE;
    }
    return FALSE;
}

static GPtrArray *
list_columns(GPtrArray *entries, gboolean split)
{
    GPtrArray *columns = g_ptr_array_new();

    for (gsize i = 0; i < G_N_ELEMENTS(leading_columns); i++) {
        if (split ? strcmp(leading_columns[i], "place") != 0 : !is_place_column(leading_columns[i]))
            g_ptr_array_add(columns, (gpointer)leading_columns[i]);
    }
    for (guint i = 0; i < entries->len; i++) {
        const NiloMeterEntry *entry = g_ptr_array_index(entries, i);

        for (guint j = 0; j < entry->names->len; j++) {
            char *name = g_ptr_array_index(entry->names, j);

            if (!is_leading(name) &&
                !g_ptr_array_find_with_equal_func(columns, name, g_str_equal, NULL))
                g_ptr_array_add(columns, name);
        }
    }
    return columns;
}

static char *
get_cell(const NiloMeterEntry *entry, const char *column)
{
    const char *place = nilo_meter_entry_get(entry, "place");
    g_auto(GStrv) parts = NULL;

    if (strcmp(column, "id") == 0)
        return g_strdup(entry->id);
    for (gsize i = 0; place != NULL && i < G_N_ELEMENTS(place_columns); i++) {
        if (strcmp(place_columns[i], column) == 0) {
            parts = g_strsplit(place, "/", -1);
            return g_strdup(parts[i]);
        }
    }
    return g_strdup(nilo_meter_entry_get(entry, column));
}

static void
append_cell(GString *out, const char *text, gboolean first)
{
    const gboolean digits = *text != '\0' && strspn(text, "0123456789") == strlen(text);
    g_autofree char *kept = digits && (*text == '0' || strlen(text) > 11)
                                ? g_strdup_printf("=\"%s\"", text)
                                : g_strdup(text);
    g_auto(GStrv) parts = g_strsplit(kept, "\"", -1);
    g_autofree char *escaped = g_strjoinv("\"\"", parts);

    g_string_append_printf(out, "%s", first ? "" : ",");
    if (strpbrk(kept, ",;\t\"\n\r") != NULL)
        g_string_append_printf(out, "\"%s\"", escaped);
    else
        g_string_append(out, kept);
}

char *
nilo_meter_csv_build(GPtrArray *entries, gboolean chinese)
{
    g_autoptr(GPtrArray) columns = list_columns(entries, can_split_places(entries));
    GString *out = g_string_new(BYTE_ORDER_MARK);

    for (guint i = 0; i < columns->len; i++)
        append_cell(out, get_header(g_ptr_array_index(columns, i), chinese), i == 0);
    g_string_append(out, "\r\n");
    for (guint i = 0; i < entries->len; i++) {
        for (guint j = 0; j < columns->len; j++) {
            g_autofree char *cell =
                get_cell(g_ptr_array_index(entries, i), g_ptr_array_index(columns, j));

            append_cell(out, cell != NULL ? cell : "", j == 0);
        }
        g_string_append(out, "\r\n");
    }
    return g_string_free(out, FALSE);
}
