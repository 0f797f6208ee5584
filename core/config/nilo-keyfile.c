/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-keyfile.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* what a message quotes of a line, in bytes: enough to find it */
#define QUOTE_BYTES 40

struct _NiloKeyfile {
    char *path;
    GKeyFile *values;
    GPtrArray *groups;       /* element-type NiloKeyfileGroup */
    GHashTable *group_index; /* header -> NiloKeyfileGroup, both borrowed */
};

/* the state between two lines */
typedef struct {
    NiloKeyfile *file;
    GPtrArray *problems;
    GString *clean;          /* what GKeyFile gets: every good line, each key and group once */
    NiloKeyfileGroup *group; /* (nullable): where keys go */
    gboolean skipping;       /* the keys that follow belong to a group that was refused */
    guint line;
} Scanner;

static void
key_clear(gpointer data)
{
    g_free(((NiloKeyfileKey *)data)->name);
}

static NiloKeyfileGroup *
group_new(NiloKeyfile *file, const char *header, guint line)
{
    NiloKeyfileGroup *self = g_new0(NiloKeyfileGroup, 1);
    const char *blank;

    self->file = file;
    self->header = g_strdup(header);
    blank = strchr(self->header, ' ');
    self->kind =
        blank != NULL ? g_strndup(header, (gsize)(blank - self->header)) : g_strdup(header);
    self->name = blank != NULL ? blank + 1 : NULL;
    self->line = line;
    self->keys = g_array_new(FALSE, FALSE, sizeof(NiloKeyfileKey));
    g_array_set_clear_func(self->keys, key_clear);
    return self;
}

static void
group_free(gpointer data)
{
    NiloKeyfileGroup *self = data;

    g_free(self->header);
    g_free(self->kind);
    g_array_unref(self->keys);
    g_free(self);
}

/* the first bytes of a text, cut between characters */
static char *
quote(const char *text)
{
    const char *end = text + strlen(text);

    if (end - text <= QUOTE_BYTES)
        return g_strdup(text);
    end = g_utf8_find_prev_char(text, text + QUOTE_BYTES);
    return g_strdup_printf("%.*s…", (int)(end - text), text);
}

static NiloConfigPlace
scanner_get_place(const Scanner *self)
{
    return (NiloConfigPlace){.path = self->file->path,
                             .line = self->line,
                             .group = self->group != NULL ? self->group->header : NULL};
}

static gboolean
is_header(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '[' || *text == ']' || g_ascii_iscntrl(*text))
            return FALSE;
    }
    return TRUE;
}

static void
scan_header(Scanner *self, char *text)
{
    const gsize length = strlen(text);
    g_autofree char *header = NULL;
    NiloConfigPlace place = {.path = self->file->path, .line = self->line};
    NiloKeyfileGroup *before;

    self->group = NULL;
    self->skipping = TRUE;
    header = length > 2 ? g_strstrip(g_strndup(text + 1, length - 2)) : g_strdup("");
    if (text[length - 1] != ']' || *header == '\0' || !is_header(header)) {
        g_autofree char *quoted = quote(text);

        nilo_config_problems_add(self->problems, NILO_ERROR_SYNTAX, &place,
                                 _("found \"%s\", expected a group like \"[bus riser-1]\""),
                                 quoted);
        return;
    }
    /* "[bus   riser-1]" and "[bus riser-1]" are one group */
    for (char *from = header, *to = header;; from++) {
        if (*from == ' ' && from[1] == ' ')
            continue;
        *to++ = *from;
        if (*from == '\0')
            break;
    }
    before = g_hash_table_lookup(self->file->group_index, header);
    place.group = header;
    if (before != NULL) {
        nilo_config_problems_add(self->problems, NILO_ERROR_DUPLICATE, &place,
                                 _("the group already stands at %s:%u"), self->file->path,
                                 before->line);
        return;
    }
    self->skipping = FALSE;
    self->group = group_new(self->file, header, self->line);
    g_ptr_array_add(self->file->groups, self->group);
    g_hash_table_insert(self->file->group_index, self->group->header, self->group);
    g_string_append_printf(self->clean, "[%s]\n", header);
}

/* a name, or a name in a language: Description[zh_CN] */
static gboolean
is_key_name(const char *text)
{
    const gsize length = strcspn(text, "[]");
    const char *locale = text + length;
    gsize locale_length;

    if (length == 0 || *locale == '\0')
        return length > 0;
    locale_length = strspn(locale + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789_-.@");
    return *locale == '[' && locale_length > 0 && strcmp(locale + 1 + locale_length, "]") == 0;
}

static void
scan_key(Scanner *self, char *text)
{
    char *equals = strchr(text, '=');
    NiloConfigPlace place = scanner_get_place(self);
    g_autofree char *name = NULL;
    const NiloKeyfileKey *before;
    NiloKeyfileKey key;

    if (self->skipping)
        return;
    name = equals != NULL ? g_strstrip(g_strndup(text, (gsize)(equals - text))) : g_strdup("");
    if (!is_key_name(name)) {
        g_autofree char *quoted = quote(text);

        nilo_config_problems_add(self->problems, NILO_ERROR_SYNTAX, &place,
                                 _("found \"%s\", expected key=value, [group] or # comment"),
                                 quoted);
        return;
    }
    place.key = name;
    if (self->group == NULL) {
        nilo_config_problems_add(self->problems, NILO_ERROR_SYNTAX, &place,
                                 _("the key stands before the first [group]"));
        return;
    }
    before = nilo_keyfile_group_find_key(self->group, name);
    if (before != NULL) {
        nilo_config_problems_add(self->problems, NILO_ERROR_DUPLICATE, &place,
                                 _("the key was already set at line %u"), before->line);
        return;
    }
    g_string_append_printf(self->clean, "%s=%s\n", name, g_strchug(equals + 1));
    key = (NiloKeyfileKey){g_steal_pointer(&name), self->line};
    g_array_append_val(self->group->keys, key);
}

static void
scan_line(Scanner *self, const char *bytes, gsize size)
{
    const NiloConfigPlace place = scanner_get_place(self);
    g_autofree char *text = NULL;

    if (memchr(bytes, '\0', size) != NULL) {
        nilo_config_problems_add(self->problems, NILO_ERROR_SYNTAX, &place,
                                 _("found a zero byte, expected text in UTF-8"));
        return;
    }
    if (!g_utf8_validate(bytes, (gssize)size, NULL)) {
        nilo_config_problems_add(self->problems, NILO_ERROR_SYNTAX, &place,
                                 _("found bytes that are not UTF-8; save the file as UTF-8"));
        return;
    }
    text = g_strstrip(g_strndup(bytes, size));
    if (*text == '\0' || *text == '#')
        return;
    if (*text == '[')
        scan_header(self, text);
    else
        scan_key(self, text);
}

static const char *
skip_byte_order_mark(Scanner *scanner, const char *bytes, const char *end)
{
    const NiloConfigPlace place = {.path = scanner->file->path};

    if (end - bytes >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        return bytes + 3;
    if (end - bytes >= 2 &&
        (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0)) {
        nilo_config_problems_add(scanner->problems, NILO_ERROR_SYNTAX, &place,
                                 _("the file is UTF-16; save it as UTF-8"));
        return end;
    }
    return bytes;
}

NiloKeyfile *
nilo_keyfile_parse(const char *path, const char *bytes, gsize size, GPtrArray *problems)
{
    g_autoptr(GString) clean = g_string_sized_new(size);
    g_autoptr(GError) error = NULL;
    NiloKeyfile *self = g_new0(NiloKeyfile, 1);
    Scanner scanner = {.file = self, .problems = problems, .clean = clean};
    const char *end = bytes + size;

    self->path = g_strdup(path);
    self->values = g_key_file_new();
    self->groups = g_ptr_array_new_with_free_func(group_free);
    self->group_index = g_hash_table_new(g_str_hash, g_str_equal);

    bytes = skip_byte_order_mark(&scanner, bytes, end);
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (gsize)(end - bytes));
        const char *line_end = newline != NULL ? newline : end;

        scanner.line++;
        scan_line(&scanner, bytes, (gsize)(line_end - bytes));
        bytes = line_end + 1;
    }
    if (!g_key_file_load_from_data(self->values, clean->str, clean->len, G_KEY_FILE_NONE, &error) &&
        clean->len > 0) {
        const NiloConfigPlace place = {.path = path};

        nilo_config_problems_add(problems, NILO_ERROR_SYNTAX, &place, "%s", error->message);
        g_hash_table_remove_all(self->group_index);
        g_ptr_array_set_size(self->groups, 0);
    }
    return self;
}

void
nilo_keyfile_free(NiloKeyfile *self)
{
    g_hash_table_unref(self->group_index);
    g_ptr_array_unref(self->groups);
    g_key_file_unref(self->values);
    g_free(self->path);
    g_free(self);
}

const char *
nilo_keyfile_get_path(NiloKeyfile *self)
{
    return self->path;
}

GPtrArray *
nilo_keyfile_get_groups(NiloKeyfile *self)
{
    return self->groups;
}

NiloKeyfileGroup *
nilo_keyfile_find_group(NiloKeyfile *self, const char *header)
{
    return g_hash_table_lookup(self->group_index, header);
}

const NiloKeyfileKey *
nilo_keyfile_group_find_key(const NiloKeyfileGroup *self, const char *name)
{
    for (guint i = 0; i < self->keys->len; i++) {
        const NiloKeyfileKey *key = &g_array_index(self->keys, NiloKeyfileKey, i);

        if (strcmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

/* GKeyFile would say so too, in another style, and with a warning when a value has two of them */
static gboolean
check_escapes(const NiloKeyfileGroup *self, const char *name, const char *allowed, GError **error)
{
    g_autofree char *raw = g_key_file_get_value(self->file->values, self->header, name, NULL);
    const char *escape = raw != NULL ? strchr(raw, '\\') : NULL;

    while (escape != NULL) {
        if (escape[1] == '\0' || strchr(allowed, escape[1]) == NULL) {
            g_set_error_literal(error, NILO_ERROR, NILO_ERROR_SYNTAX,
                                _("found a backslash that starts no escape, expected \\s, \\n, "
                                  "\\t, \\r or \\\\"));
            return FALSE;
        }
        escape = strchr(escape + 2, '\\');
    }
    return TRUE;
}

char *
nilo_keyfile_group_get_text(const NiloKeyfileGroup *self, const char *name, GError **error)
{
    if (nilo_keyfile_group_find_key(self, name) == NULL ||
        !check_escapes(self, name, "sntr\\", error))
        return NULL;
    return g_key_file_get_string(self->file->values, self->header, name, NULL);
}

GStrv
nilo_keyfile_group_get_list(const NiloKeyfileGroup *self, const char *name, GError **error)
{
    if (nilo_keyfile_group_find_key(self, name) == NULL ||
        !check_escapes(self, name, "sntr\\;", error))
        return NULL;
    return g_key_file_get_string_list(self->file->values, self->header, name, NULL, NULL);
}

char *
nilo_keyfile_group_get_locale_text(const NiloKeyfileGroup *self, const char *name)
{
    return g_key_file_get_locale_string(self->file->values, self->header, name, NULL, NULL);
}

NiloConfigPlace
nilo_keyfile_group_get_place(const NiloKeyfileGroup *self, const char *key)
{
    const NiloKeyfileKey *found = key != NULL ? nilo_keyfile_group_find_key(self, key) : NULL;

    return (NiloConfigPlace){.path = self->file->path,
                             .line = found != NULL ? found->line : self->line,
                             .group = self->header,
                             .key = key};
}
