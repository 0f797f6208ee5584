/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-json.h"

#include "nilo-cjt188-text.h"

/**
 * nilo_cjt188_bytes_to_json:
 * @bytes: (array length=size) (nullable): what a line has delivered
 * @size: bytes in @bytes
 *
 * Decodes the first CJ/T 188 frame in a byte stream, by the standard and not by any meter's
 * profile.
 *
 * The object always has "expect": "ok", "bad-checksum" (the frame is decoded all the same, for the
 * eye) or "no-frame", the latter two with "error". The other members are those of
 * nilo_cjt188_line_next(), in its order. All are strings, since a JSON number would lose the zeros
 * that the meter sent.
 *
 * Returns: (transfer full): an object
 */
JsonNode *
nilo_cjt188_bytes_to_json(const guint8 *bytes, gsize size)
{
    const gsize text_size = NILO_CJT188_LINE_TEXT_SIZE(size);
    g_autofree char *text = g_malloc(text_size);
    g_autoptr(JsonObject) object = json_object_new();
    char key[NILO_CJT188_LINE_KEY_SIZE];
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    NiloCjt188Lines lines;

    nilo_cjt188_line_start(&lines, bytes, size, NULL);
    while (nilo_cjt188_line_next(&lines, key, text, text_size))
        json_object_set_string_member(object, key, text);
    json_node_set_object(node, object);
    return node;
}
