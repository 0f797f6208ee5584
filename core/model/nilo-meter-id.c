/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-meter-id.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-error.h"

struct _NiloMeterId {
    gatomicrefcount ref_count;
    guint scheme_length;
    char text[];
};

G_DEFINE_BOXED_TYPE(NiloMeterId, nilo_meter_id, nilo_meter_id_ref, nilo_meter_id_unref)

static gboolean
is_scheme(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_islower(text[i]) && !g_ascii_isdigit(text[i]) && text[i] != '-')
            return FALSE;
    }
    return length > 0;
}

static gboolean
is_local(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!g_ascii_isalnum(*c) && strchr("._-", *c) == NULL)
            return FALSE;
    }
    return *text != '\0';
}

NiloMeterId *
nilo_meter_id_new(const char *text, GError **error)
{
    NiloMeterId *self;
    const char *colon;
    gsize length;

    g_return_val_if_fail(text != NULL, NULL);

    length = strlen(text);
    colon = strchr(text, ':');
    if (length > NILO_METER_ID_MAX_LENGTH || colon == NULL ||
        !is_scheme(text, (gsize)(colon - text)) || !is_local(colon + 1)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("\"%.70s\" is no meter id, expected one like \"cjt188:78330011223344\" or "
                      "\"mbus:12345678.TEC.16.07\""),
                    text);
        return NULL;
    }
    self = g_malloc(sizeof *self + length + 1);
    g_atomic_ref_count_init(&self->ref_count);
    self->scheme_length = (guint)(colon - text);
    memcpy(self->text, text, length + 1);
    return self;
}

NiloMeterId *
nilo_meter_id_ref(NiloMeterId *self)
{
    g_atomic_ref_count_inc(&self->ref_count);
    return self;
}

void
nilo_meter_id_unref(NiloMeterId *self)
{
    if (g_atomic_ref_count_dec(&self->ref_count))
        g_free(self);
}

const char *
nilo_meter_id_get_text(const NiloMeterId *self)
{
    return self->text;
}

gboolean
nilo_meter_id_has_scheme(const NiloMeterId *self, const char *scheme)
{
    return strlen(scheme) == self->scheme_length &&
           memcmp(self->text, scheme, self->scheme_length) == 0;
}

const char *
nilo_meter_id_get_local(const NiloMeterId *self)
{
    return self->text + self->scheme_length + 1;
}

guint
nilo_meter_id_hash(gconstpointer self)
{
    return g_str_hash(((const NiloMeterId *)self)->text);
}

gboolean
nilo_meter_id_equal(gconstpointer a, gconstpointer b)
{
    return strcmp(((const NiloMeterId *)a)->text, ((const NiloMeterId *)b)->text) == 0;
}
