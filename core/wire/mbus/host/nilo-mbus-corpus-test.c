/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Decodes every recorded telegram below NILO_CORPUS_DIR/mbus and compares each field with the
 * reference decode that lies beside it (NAME.hex, NAME.ref.json).
 */
#include "nilo-mbus-json.h"

#include <glib.h>
#include <string.h>

typedef struct {
    guint frames;
    guint records;
    guint fields;
} Counts;

/* what we say beyond the reference; everything else must be equal, in both directions */
static gboolean
is_addition(const char *name)
{
    static const char *const names[] = {"app_error_text", "encrypted", "historic", "state", NULL};

    return g_strv_contains(names, name);
}

/* every pair of hexadecimal digits is a byte; a single digit between blanks is one too */
static GByteArray *
parse_hex(const char *text)
{
    GByteArray *bytes = g_byte_array_new();

    while (*text != '\0') {
        guint8 byte;

        if (!g_ascii_isxdigit(*text)) {
            text++;
            continue;
        }
        byte = (guint8)g_ascii_xdigit_value(*text++);
        if (g_ascii_isxdigit(*text))
            byte = (guint8)(byte << 4 | g_ascii_xdigit_value(*text++));
        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

static void compare_nodes(const char *path, JsonNode *found, JsonNode *expected, Counts *counts);

static void
compare_objects(const char *path, JsonObject *found, JsonObject *expected, Counts *counts)
{
    g_autoptr(GList) expected_names = json_object_get_members(expected);
    g_autoptr(GList) found_names = json_object_get_members(found);

    for (GList *l = expected_names; l != NULL; l = l->next) {
        g_autofree char *member = g_strdup_printf("%s.%s", path, (const char *)l->data);

        if (!json_object_has_member(found, l->data)) {
            g_test_message("%s is missing", member);
            g_test_fail();
            continue;
        }
        compare_nodes(member, json_object_get_member(found, l->data),
                      json_object_get_member(expected, l->data), counts);
    }
    for (GList *l = found_names; l != NULL; l = l->next) {
        if (!json_object_has_member(expected, l->data) && !is_addition(l->data)) {
            g_test_message("%s.%s is not in the reference", path, (const char *)l->data);
            g_test_fail();
        }
    }
}

static void
compare_arrays(const char *path, JsonArray *found, JsonArray *expected, Counts *counts)
{
    const guint n = MIN(json_array_get_length(found), json_array_get_length(expected));

    if (json_array_get_length(found) != json_array_get_length(expected)) {
        g_test_message("%s has %u elements, expected %u", path, json_array_get_length(found),
                       json_array_get_length(expected));
        g_test_fail();
    }
    for (guint i = 0; i < n; i++) {
        g_autofree char *element = g_strdup_printf("%s[%u]", path, i);

        if (g_str_has_suffix(path, ".records"))
            counts->records++;
        compare_nodes(element, json_array_get_element(found, i),
                      json_array_get_element(expected, i), counts);
    }
}

static void
compare_nodes(const char *path, JsonNode *found, JsonNode *expected, Counts *counts)
{
    if (JSON_NODE_HOLDS_OBJECT(found) && JSON_NODE_HOLDS_OBJECT(expected)) {
        compare_objects(path, json_node_get_object(found), json_node_get_object(expected), counts);
    } else if (JSON_NODE_HOLDS_ARRAY(found) && JSON_NODE_HOLDS_ARRAY(expected)) {
        compare_arrays(path, json_node_get_array(found), json_node_get_array(expected), counts);
    } else {
        counts->fields++;
        if (!json_node_equal(found, expected)) {
            g_autofree char *found_text = json_to_string(found, FALSE);
            g_autofree char *expected_text = json_to_string(expected, FALSE);

            g_test_message("%s is %s, expected %s", path, found_text, expected_text);
            g_test_fail();
        }
    }
}

static void
compare_frame(const char *folder, const char *hex_name, Counts *counts)
{
    g_autofree char *stem = g_strndup(hex_name, strlen(hex_name) - strlen(".hex"));
    g_autofree char *hex_path = g_build_filename(folder, hex_name, NULL);
    g_autofree char *ref_name = g_strconcat(stem, ".ref.json", NULL);
    g_autofree char *ref_path = g_build_filename(folder, ref_name, NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GByteArray) bytes = NULL;
    g_autoptr(JsonNode) found = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *hex = NULL;

    g_file_get_contents(hex_path, &hex, NULL, &error);
    g_assert_no_error(error);
    json_parser_load_from_file(parser, ref_path, &error);
    g_assert_no_error(error);
    bytes = parse_hex(hex);
    found = nilo_mbus_frame_to_json(bytes->data, bytes->len);
    counts->frames++;
    compare_nodes(stem, found, json_parser_get_root(parser), counts);
}

static void
test_folder(gconstpointer data)
{
    const char *corpus = g_getenv("NILO_CORPUS_DIR");
    g_autofree char *folder = NULL;
    g_autoptr(GDir) dir = NULL;
    Counts counts = {0};
    const char *name;

    if (corpus == NULL) {
        g_test_skip("NILO_CORPUS_DIR is not set");
        return;
    }
    folder = g_build_filename(corpus, "mbus", data, NULL);
    dir = g_dir_open(folder, 0, NULL);
    if (dir == NULL) {
        g_test_skip("no such folder of telegrams");
        return;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".hex"))
            compare_frame(folder, name, &counts);
    }
    g_test_message("%u frames, %u records, %u fields compared", counts.frames, counts.records,
                   counts.fields);
    g_assert_cmpuint(counts.frames, >, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/mbus/corpus/frames", "frames", test_folder);
    g_test_add_data_func("/mbus/corpus/multi", "multi", test_folder);
    g_test_add_data_func("/mbus/corpus/peers", "peers", test_folder);
    g_test_add_data_func("/mbus/corpus/errors", "errors", test_folder);
    return g_test_run();
}
