/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-log.h"

#define DOMAIN     "nilometer"
#define MAX_FIELDS 6

static const char *
get_priority(GLogLevelFlags level)
{
    /* journald's numbers: RFC 5424 severities */
    switch (level & G_LOG_LEVEL_MASK) {
    case G_LOG_LEVEL_CRITICAL:
    case G_LOG_LEVEL_WARNING:
        return "4";
    case G_LOG_LEVEL_MESSAGE:
        return "5";
    case G_LOG_LEVEL_INFO:
        return "6";
    default:
        return "7";
    }
}

static void
add_field(GLogField *fields, gsize *n_fields, const char *key, const char *value)
{
    if (value != NULL)
        fields[(*n_fields)++] = (GLogField){key, value, -1};
}

static void
add_prefix(GString *text, const char *part)
{
    if (part != NULL)
        g_string_append_printf(text, "%s: ", part);
}

void
nilo_log(GLogLevelFlags level, const NiloLogScope *scope, const char *format, ...)
{
    static const NiloLogScope nothing = {0};
    g_autoptr(GString) text = g_string_new(NULL);
    GLogField fields[MAX_FIELDS];
    gsize n_fields = 0;
    va_list arguments;

    if (scope == NULL)
        scope = &nothing;
    add_prefix(text, scope->bus);
    add_prefix(text, scope->meter);
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);

    add_field(fields, &n_fields, "MESSAGE", text->str);
    add_field(fields, &n_fields, "PRIORITY", get_priority(level));
    add_field(fields, &n_fields, "GLIB_DOMAIN", DOMAIN);
    add_field(fields, &n_fields, "NILO_PLUGIN", scope->plugin);
    add_field(fields, &n_fields, "NILO_BUS", scope->bus);
    add_field(fields, &n_fields, "NILO_METER", scope->meter);
    g_log_structured_array(level, fields, n_fields);
}
