/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-config-problem.h"

GPtrArray *
nilo_config_problems_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)g_error_free);
}

static char *
place_to_text(const NiloConfigPlace *place)
{
    GString *text = g_string_new(place->path);

    if (place->line > 0)
        g_string_append_printf(text, ":%u", place->line);
    g_string_append_c(text, ':');
    if (place->group != NULL)
        g_string_append_printf(text, " [%s]", place->group);
    if (place->key != NULL)
        g_string_append_printf(text, " %s:", place->key);
    return g_string_free(text, FALSE);
}

void
nilo_config_problems_take(GPtrArray *problems, const NiloConfigPlace *place, GError *error)
{
    g_autofree char *where = place_to_text(place);

    if (problems == NULL) {
        g_error_free(error);
        return;
    }
    g_prefix_error(&error, "%s ", where);
    g_ptr_array_add(problems, error);
}

void
nilo_config_problems_add(GPtrArray *problems, NiloError code, const NiloConfigPlace *place,
                         const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    nilo_config_problems_take(problems, place,
                              g_error_new_valist(NILO_ERROR, code, format, arguments));
    va_end(arguments);
}

void
nilo_config_problems_to_error(GPtrArray *problems, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const GError *first;

    g_return_if_fail(problems->len > 0);

    for (guint i = 0; i < problems->len; i++) {
        const GError *problem = g_ptr_array_index(problems, i);

        g_string_append_printf(text, "%s%s", i > 0 ? "\n" : "", problem->message);
    }
    first = g_ptr_array_index(problems, 0);
    g_set_error_literal(error, first->domain, first->code, text->str);
}
