/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The other end of the control socket. */
#include "nilo-lab-client.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

#define TIMEOUT_S 10

/**
 * nilo_lab_client_call:
 * @socket_path: the hub's control socket
 * @command: one line, without its end
 * @error: return location for a #GIOErrorEnum
 *
 * Blocks until the hub has answered, at most 10 s.
 *
 * Returns: (transfer full) (nullable): the answer, which may itself begin with "error="
 */
char *
nilo_lab_client_call(const char *socket_path, const char *command, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket_path);
    g_autoptr(GSocketConnection) connection = NULL;
    g_autoptr(GDataInputStream) lines = NULL;
    g_autofree char *line = g_strconcat(command, "\n", NULL);
    char *answer;

    g_socket_client_set_timeout(client, TIMEOUT_S);
    connection = g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, error);
    if (connection == NULL)
        return NULL;
    if (!g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)), line,
                                   strlen(line), NULL, NULL, error))
        return NULL;
    lines = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    answer = g_data_input_stream_read_line_utf8(lines, NULL, NULL, error);
    if (answer == NULL && error != NULL && *error == NULL)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the hub closed the control socket");
    return answer;
}

/**
 * nilo_lab_answer_get_text:
 * @answer: a line of key=value pairs
 * @key: which one
 *
 * Returns: (transfer full) (nullable): its value
 */
char *
nilo_lab_answer_get_text(const char *answer, const char *key)
{
    g_auto(GStrv) pairs = g_strsplit(answer, " ", -1);
    const gsize size = strlen(key);

    for (guint i = 0; pairs[i] != NULL; i++) {
        if (strncmp(pairs[i], key, size) == 0 && pairs[i][size] == '=')
            return g_strdup(pairs[i] + size + 1);
    }
    return NULL;
}

/**
 * nilo_lab_answer_get_int:
 * @answer: a line of key=value pairs
 * @key: which one
 * @number: (out): untouched on failure
 *
 * Returns: whether there is such a key with a whole number
 */
gboolean
nilo_lab_answer_get_int(const char *answer, const char *key, gint64 *number)
{
    g_autofree char *text = nilo_lab_answer_get_text(answer, key);

    return text != NULL && g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, number, NULL);
}
