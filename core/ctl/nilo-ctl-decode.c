/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "nilo-cjt188-json.h"
#include "nilo-ctl-client.h"
#include "nilo-ctl.h"
#include "nilo-mbus-json.h"

typedef JsonNode *(*DecodeFunc)(const guint8 *bytes, gsize size);

/* what people paste from logs and mails: blanks between the bytes or none; a digit that stands
 * alone is a byte too */
static GByteArray *
parse_hex(const char *line)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    while (*line != '\0') {
        guint8 byte;

        if (g_ascii_isspace(*line)) {
            line++;
            continue;
        }
        if (!g_ascii_isxdigit(*line))
            return NULL;
        byte = (guint8)g_ascii_xdigit_value(*line++);
        if (g_ascii_isxdigit(*line))
            byte = (guint8)(byte << 4 | g_ascii_xdigit_value(*line++));
        g_byte_array_append(bytes, &byte, 1);
    }
    return g_steal_pointer(&bytes);
}

static JsonNode *
make_error(const char *message)
{
    JsonObject *object = json_object_new();
    JsonNode *node = json_node_alloc();

    json_object_set_string_member(object, "error", message);
    json_node_take_object(json_node_init(node, JSON_NODE_OBJECT), object);
    return node;
}

static void
print_line(const char *line, DecodeFunc decode, gboolean pretty)
{
    g_autoptr(GByteArray) bytes = parse_hex(line);
    g_autoptr(JsonNode) node =
        bytes != NULL ? decode(bytes->data, bytes->len) : make_error(_("not a line of hex bytes"));
    g_autofree char *text = json_to_string(node, pretty);

    g_print("%s\n", text);
}

NiloCtlExit
nilo_ctl_decode(NiloCtl *ctl, int argc, char **argv)
{
    g_autoptr(GString) line = g_string_new(NULL);
    DecodeFunc decode;
    int c;

    if (argc != 2)
        return nilo_ctl_usage("decode mbus|cjt188 [--json] < FRAMES");
    if (strcmp(argv[1], "mbus") == 0)
        decode = nilo_mbus_frame_to_json;
    else if (strcmp(argv[1], "cjt188") == 0)
        decode = nilo_cjt188_bytes_to_json;
    else
        return nilo_ctl_usage("decode mbus|cjt188 [--json] < FRAMES");

    while ((c = getchar()) != EOF) {
        if (c != '\n') {
            g_string_append_c(line, (char)c);
            continue;
        }
        if (g_strstrip(line->str)[0] != '\0')
            print_line(line->str, decode, !ctl->json);
        g_string_truncate(line, 0);
    }
    if (g_strstrip(line->str)[0] != '\0')
        print_line(line->str, decode, !ctl->json);
    return NILO_CTL_OK;
}
