/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-name.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define TCP_PREFIX "tcp:"

static gboolean
is_host(const char *host)
{
    static const char allowed[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._:%";

    return *host != '\0' && strspn(host, allowed) == strlen(host);
}

static NiloSerialName *
parse_server(const char *text, const char *address, GError **error)
{
    g_autoptr(NiloSerialName) self = g_new0(NiloSerialName, 1);
    const char *colon = strrchr(address, ':');
    const gsize length = colon != NULL ? (gsize)(colon - address) : 0;
    guint64 port;

    if (length > 2 && address[0] == '[' && colon[-1] == ']')
        self->host = g_strndup(address + 1, length - 2);
    else if (colon != NULL && memchr(address, ':', length) == NULL)
        self->host = g_strndup(address, length);
    if (self->host == NULL || !is_host(self->host) ||
        !g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("port \"%s\" is no serial server, expected tcp:HOST:PORT, for example "
                      "tcp:10.0.0.7:4001 or tcp:[fd00::7]:4001"),
                    text);
        return NULL;
    }
    self->port = (guint16)port;
    return g_steal_pointer(&self);
}

/**
 * nilo_serial_name_parse:
 * @text: (nullable): `/dev/ttyUSB0`, `tcp:HOST:PORT` or `tcp:[IPV6]:PORT`
 *
 * Returns: (transfer full): %NULL with %NILO_ERROR_BAD_VALUE
 */
NiloSerialName *
nilo_serial_name_parse(const char *text, GError **error)
{
    NiloSerialName *self;

    if (text != NULL && g_str_has_prefix(text, TCP_PREFIX))
        return parse_server(text, text + strlen(TCP_PREFIX), error);
    if (text == NULL || !g_path_is_absolute(text)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("port \"%s\" is neither the path of a device, for example /dev/ttyUSB0, nor "
                      "tcp:HOST:PORT"),
                    text != NULL ? text : "");
        return NULL;
    }
    self = g_new0(NiloSerialName, 1);
    self->path = g_strdup(text);
    return self;
}

void
nilo_serial_name_free(NiloSerialName *self)
{
    g_free(self->path);
    g_free(self->host);
    g_free(self);
}
