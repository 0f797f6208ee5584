/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-config-describe.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-config-value.h"
#include "nilo-param.h"

#define INDENT  4
#define COLUMNS 80

static void
key_free(gpointer data)
{
    NiloConfigKey *self = data;

    g_free(self->name);
    g_free(self->range);
    g_free(self->default_text);
    g_free(self->label);
    g_free(self->help);
    g_free(self);
}

static char *
translate(const char *text)
{
    return text != NULL && *text != '\0' ? g_strdup(g_dgettext(GETTEXT_PACKAGE, text)) : NULL;
}

static char *
get_default(GParamSpec *spec)
{
    const GValue *value = g_param_spec_get_default_value(spec);
    g_autofree char *text = nilo_config_value_to_text(spec, value);

    return *text != '\0' ? g_steal_pointer(&text) : NULL;
}

static NiloConfigKey *
key_new(GParamSpec *spec)
{
    NiloConfigKey *self = g_new0(NiloConfigKey, 1);

    self->name = g_strdup(spec->name);
    self->type = nilo_config_value_get_type_name(spec);
    self->range = nilo_config_value_get_range(spec);
    self->required = (spec->flags & NILO_PARAM_REQUIRED) != 0;
    self->default_text = self->required ? NULL : get_default(spec);
    self->unit = nilo_config_value_get_unit(spec);
    self->label = translate(g_param_spec_get_nick(spec));
    self->help = translate(g_param_spec_get_blurb(spec));
    return self;
}

GPtrArray *
nilo_config_list_keys(GType type)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(key_free);
    g_autofree GParamSpec **specs = NULL;
    GObjectClass *klass;
    guint n_specs;

    if (type == G_TYPE_NONE)
        return keys;
    klass = g_type_class_ref(type);
    specs = g_object_class_list_properties(klass, &n_specs);
    for (guint i = 0; i < n_specs; i++) {
        if (nilo_config_value_is_key(specs[i]))
            g_ptr_array_add(keys, key_new(specs[i]));
    }
    g_type_class_unref(klass);
    return keys;
}

/* a Chinese character takes two columns of a terminal */
static guint
get_width(const char *text, gsize size)
{
    guint width = 0;

    for (const char *c = text; c < text + size; c = g_utf8_next_char(c))
        width += g_unichar_iswide(g_utf8_get_char(c)) ? 2 : 1;
    return width;
}

static void
append_wrapped(GString *out, const char *text)
{
    guint column = INDENT;

    g_string_append_printf(out, "%*s", INDENT, "");
    while (*text != '\0') {
        const gsize size = strcspn(text, " ");
        const guint width = get_width(text, size);

        if (column > INDENT && column + 1 + width > COLUMNS) {
            g_string_append_printf(out, "\n%*s", INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append_len(out, text, (gssize)size);
        column += width;
        text += size + strspn(text + size, " ");
    }
    g_string_append_c(out, '\n');
}

static const char *
get_type_word(const NiloConfigKey *key)
{
    if (strcmp(key->type, "string") == 0)
        return _("text");
    if (strcmp(key->type, "boolean") == 0)
        return _("yes or no");
    if (strcmp(key->type, "integer") == 0)
        return _("whole number");
    if (strcmp(key->type, "choice") == 0)
        return _("one of");
    if (strcmp(key->type, "flags") == 0)
        return _("some of, with ; between");
    if (strcmp(key->type, "list") == 0)
        return _("texts, with ; between");
    return _("secret: file:/path, credential:name or env:NAME");
}

static void
append_key(GString *out, const NiloConfigKey *key)
{
    const gboolean says_range = key->range != NULL && strcmp(key->type, "boolean") != 0;

    g_string_append_printf(out, "%s= (%s%s%s", key->name, get_type_word(key), says_range ? " " : "",
                           says_range ? key->range : "");
    if (key->required)
        g_string_append_printf(out, "; %s", _("required"));
    else if (key->default_text != NULL)
        g_string_append_printf(out, _("; default %s"), key->default_text);
    g_string_append(out, ")\n");
    if (key->label != NULL && key->help != NULL) {
        g_autofree char *text = g_strdup_printf(_("%s: %s"), key->label, key->help);

        append_wrapped(out, text);
    }
}

char *
nilo_config_describe_type(GType type)
{
    g_autoptr(GPtrArray) keys = nilo_config_list_keys(type);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < keys->len; i++)
        append_key(out, g_ptr_array_index(keys, i));
    return g_string_free(out, FALSE);
}
