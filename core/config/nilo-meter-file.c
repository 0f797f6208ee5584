/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-meter-file.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "nilo-config.h"
#include "nilo-meter-id.h"

#define FILE_MODE 0644

NiloMeterEntry *
nilo_meter_entry_new(const char *id)
{
    NiloMeterEntry *self = g_new0(NiloMeterEntry, 1);

    self->id = g_strdup(id);
    self->names = g_ptr_array_new_with_free_func(g_free);
    self->values = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void
nilo_meter_entry_free(NiloMeterEntry *self)
{
    g_free(self->id);
    g_ptr_array_unref(self->names);
    g_ptr_array_unref(self->values);
    g_free(self);
}

static gboolean
find_key(const NiloMeterEntry *self, const char *name, guint *index)
{
    return g_ptr_array_find_with_equal_func(self->names, name, g_str_equal, index);
}

void
nilo_meter_entry_set(NiloMeterEntry *self, const char *name, const char *value)
{
    guint index;

    if (find_key(self, name, &index)) {
        g_ptr_array_remove_index(self->names, index);
        g_ptr_array_remove_index(self->values, index);
    }
    if (value != NULL && *value != '\0') {
        g_ptr_array_add(self->names, g_strdup(name));
        g_ptr_array_add(self->values, g_strdup(value));
    }
}

const char *
nilo_meter_entry_get(const NiloMeterEntry *self, const char *name)
{
    guint index;

    return find_key(self, name, &index) ? g_ptr_array_index(self->values, index) : NULL;
}

static NiloMeterEntry *
entry_from_group(const NiloKeyfileGroup *group)
{
    NiloMeterEntry *entry = nilo_meter_entry_new(group->name);

    for (guint i = 0; i < group->keys->len; i++) {
        const char *name = g_array_index(group->keys, NiloKeyfileKey, i).name;
        g_autofree char *value = nilo_keyfile_group_get_text(group, name, NULL);

        nilo_meter_entry_set(entry, name, value);
    }
    return entry;
}

GPtrArray *
nilo_meter_file_list(const char *folder)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_meter_entry_free);
    g_autoptr(GPtrArray) files = nilo_config_list_files(folder, NULL);

    for (guint i = 0; i < files->len; i++) {
        GPtrArray *groups = nilo_keyfile_get_groups(g_ptr_array_index(files, i));

        for (guint j = 0; j < groups->len; j++) {
            const NiloKeyfileGroup *group = g_ptr_array_index(groups, j);

            if (strcmp(group->kind, "meter") == 0 && group->name != NULL)
                g_ptr_array_add(entries, entry_from_group(group));
        }
    }
    return entries;
}

static void
append_value(GString *out, const char *value)
{
    const char *last = value + strlen(value) - 1;

    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\n')
            g_string_append(out, "\\n");
        else if (*c == '\r')
            g_string_append(out, "\\r");
        else if (*c == '\t')
            g_string_append(out, "\\t");
        else if (*c == '\\')
            g_string_append(out, "\\\\");
        else if (*c == ' ' && (c == value || c == last))
            g_string_append(out, "\\s");
        else
            g_string_append_c(out, *c);
    }
}

static gboolean
is_key(const char *name)
{
    return *name != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static gboolean
check_pair(const char *id, const char *name, const char *value, GError **error)
{
    if (!is_key(name)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("meter %s: \"%s\" is no key, expected a-z, 0-9 and -"), id, name);
        return FALSE;
    }
    if (!g_utf8_validate(value, -1, NULL)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("meter %s: the value of %s is not UTF-8"), id, name);
        return FALSE;
    }
    return TRUE;
}

static gboolean
append_entry(GString *out, const NiloMeterEntry *entry, GError **error)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(entry->id, error);

    if (id == NULL)
        return FALSE;
    g_string_append_printf(out, "\n[meter %s]\n", entry->id);
    for (guint i = 0; i < entry->names->len; i++) {
        const char *name = g_ptr_array_index(entry->names, i);
        const char *value = g_ptr_array_index(entry->values, i);

        if (!check_pair(entry->id, name, value, error))
            return FALSE;
        g_string_append_printf(out, "%s=", name);
        append_value(out, value);
        g_string_append_c(out, '\n');
    }
    return TRUE;
}

static const NiloKeyfileGroup *
find_meter(GPtrArray *files, const char *id)
{
    g_autofree char *header = g_strconcat("meter ", id, NULL);

    for (guint i = 0; i < files->len; i++) {
        const NiloKeyfileGroup *group =
            nilo_keyfile_find_group(g_ptr_array_index(files, i), header);

        if (group != NULL)
            return group;
    }
    return NULL;
}

static gboolean
check_new(GPtrArray *files, GPtrArray *entries, GError **error)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < entries->len; i++) {
        const NiloMeterEntry *entry = g_ptr_array_index(entries, i);
        const NiloKeyfileGroup *before = find_meter(files, entry->id);

        if (before != NULL) {
            g_set_error(error, NILO_ERROR, NILO_ERROR_EXISTS,
                        _("meter %s is already configured at %s:%u"), entry->id,
                        nilo_keyfile_get_path(before->file), before->line);
            return FALSE;
        }
        if (!g_hash_table_add(ids, entry->id)) {
            g_set_error(error, NILO_ERROR, NILO_ERROR_DUPLICATE, _("meter %s is given twice"),
                        entry->id);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
write_file(const char *path, const GString *text, GError **error)
{
    g_autoptr(GError) failed = NULL;

    if (g_file_set_contents_full(path, text->str, (gssize)text->len,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 FILE_MODE, &failed))
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_FAILED, _("cannot write %s: %s"), path,
                failed->message);
    return FALSE;
}

static char *
make_path(const char *folder, const char *name, GError **error)
{
    g_autofree char *meters = g_build_filename(folder, "meters.d", NULL);

    for (const char *c = name; *c != '\0' || c == name; c++) {
        if (!g_ascii_isalnum(*c) && *c != '-' && *c != '_') {
            g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                        _("\"%s\" is no name of a file, expected letters, digits, - and _"), name);
            return NULL;
        }
    }
    if (g_mkdir_with_parents(meters, 0755) != 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_FAILED, _("cannot make %s: %s"), meters,
                    g_strerror(errno));
        return NULL;
    }
    return g_strdup_printf("%s/%s.conf", meters, name);
}

static GString *
read_file(const char *path)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    GString *text;

    g_file_get_contents(path, &bytes, &size, NULL);
    text = g_string_new_len(bytes, (gssize)size);
    if (text->len > 0 && text->str[text->len - 1] != '\n')
        g_string_append_c(text, '\n');
    return text;
}

gboolean
nilo_meter_file_add(const char *folder, const char *name, const char *comment, GPtrArray *entries,
                    GError **error)
{
    g_autoptr(GPtrArray) files = nilo_config_list_files(folder, NULL);
    g_autofree char *path = make_path(folder, name, error);
    g_autoptr(GString) text = NULL;

    if (path == NULL || !check_new(files, entries, error))
        return FALSE;
    text = read_file(path);
    if (comment != NULL) {
        g_autofree char *line = g_strdelimit(g_strdup(comment), "\r\n", ' ');

        g_string_append_printf(text, "%s# %s\n", text->len > 0 ? "\n" : "", line);
    }
    for (guint i = 0; i < entries->len; i++) {
        if (!append_entry(text, g_ptr_array_index(entries, i), error))
            return FALSE;
    }
    return write_file(path, text, error);
}

/* where a line begins, counted from 1; the end of the text for the line behind the last */
static gsize
find_line(const GString *text, guint line)
{
    const char *at = text->str;

    while (--line > 0 && at != NULL) {
        at = strchr(at, '\n');
        if (at != NULL)
            at++;
    }
    return at != NULL ? (gsize)(at - text->str) : text->len;
}

gboolean
nilo_meter_file_set_key(const char *folder, const char *id, const char *name, const char *value,
                        GError **error)
{
    g_autoptr(GPtrArray) files = nilo_config_list_files(folder, NULL);
    const NiloKeyfileGroup *group = find_meter(files, id);
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GString) text = NULL;
    const NiloKeyfileKey *key;
    gsize at;

    if (group == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND, _("meter %s is not configured"), id);
        return FALSE;
    }
    if (!check_pair(id, name, value, error))
        return FALSE;
    text = read_file(nilo_keyfile_get_path(group->file));
    key = nilo_keyfile_group_find_key(group, name);
    at = find_line(text, key != NULL ? key->line : group->line + 1);
    if (key != NULL)
        g_string_erase(text, (gssize)at, (gssize)(find_line(text, key->line + 1) - at));
    g_string_append_printf(line, "%s=", name);
    append_value(line, value);
    g_string_append_c(line, '\n');
    g_string_insert(text, (gssize)at, line->str);
    return write_file(nilo_keyfile_get_path(group->file), text, error);
}
