/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-json.h"

static const char *
member(JsonNode *node, const char *name)
{
    return json_object_get_string_member(json_node_get_object(node), name);
}

/* a settlement value of four months ago, its identifier low byte first */
static void
test_good(void)
{
    static const guint8 bytes[] = {0xfe, 0x68, 0x10, 0x78, 0x56, 0x34, 0x12, 0x00,
                                   0x33, 0x78, 0x81, 0x08, 0x23, 0xd1, 0x06, 0x56,
                                   0x34, 0x12, 0x00, 0x2c, 0x82, 0x16};
    g_autoptr(JsonNode) node = nilo_cjt188_bytes_to_json(bytes, sizeof bytes);

    g_assert_cmpstr(member(node, "expect"), ==, "ok");
    g_assert_cmpstr(member(node, "preamble"), ==, "1 x FE");
    g_assert_cmpstr(member(node, "address"), ==, "78330012345678");
    g_assert_cmpstr(member(node, "di"), ==, "D123 (on the wire 23 D1)");
    g_assert_cmpstr(member(node, "settlement_month_-4"), ==, "1234.56 m3");
    g_assert_false(json_object_has_member(json_node_get_object(node), "error"));
}

static void
test_no_frame(void)
{
    g_autoptr(JsonNode) nothing = nilo_cjt188_bytes_to_json(NULL, 0);
    g_autoptr(JsonNode) noise = nilo_cjt188_bytes_to_json((const guint8 *)"noise", 5);

    g_assert_cmpstr(member(nothing, "expect"), ==, "no-frame");
    g_assert_cmpstr(member(nothing, "error"), ==, "more bytes are needed");
    g_assert_cmpstr(member(noise, "expect"), ==, "no-frame");
    g_assert_cmpuint(json_object_get_size(json_node_get_object(noise)), ==, 2);
}

static guint
check_record(const char *path)
{
    g_autofree char *contents = NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(JsonNode) node = NULL;
    g_auto(GStrv) lines = NULL;
    guint n_keys = 0;

    g_assert_true(g_file_get_contents(path, &contents, NULL, NULL));
    lines = g_strsplit(contents, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) words = NULL;

        if (!g_str_has_prefix(lines[i], "hex: "))
            continue;
        words = g_strsplit(lines[i] + 5, " ", -1);
        for (guint j = 0; words[j] != NULL; j++) {
            const guint8 byte = (guint8)g_ascii_strtoull(words[j], NULL, 16);

            g_byte_array_append(bytes, &byte, 1);
        }
    }
    node = nilo_cjt188_bytes_to_json(bytes->data, bytes->len);
    for (guint i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(lines[i], ": ", 2);

        if (lines[i][0] == '#' || g_strv_length(parts) != 2 || g_str_equal(parts[0], "hex") ||
            g_str_equal(parts[0], "source") || g_str_equal(parts[0], "note"))
            continue;
        g_assert_true(json_object_has_member(json_node_get_object(node), parts[0]));
        g_assert_cmpstr(member(node, parts[0]), ==, parts[1]);
        n_keys++;
    }
    return n_keys;
}

static void
test_records(void)
{
    g_autofree char *folder = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *name;
    guint n_keys = 0;

    if (g_getenv("NILO_CORPUS_DIR") == NULL) {
        g_test_skip("NILO_CORPUS_DIR is not set");
        return;
    }
    folder = g_build_filename(g_getenv("NILO_CORPUS_DIR"), "cjt188", NULL);
    dir = g_dir_open(folder, 0, NULL);
    if (dir == NULL) {
        g_test_skip("no records in NILO_CORPUS_DIR");
        return;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_str_has_suffix(name, ".txt"))
            n_keys += check_record(path);
    }
    g_test_message("%u keys compared", n_keys);
    g_assert_cmpuint(n_keys, >, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cjt188/json/good", test_good);
    g_test_add_func("/cjt188/json/no-frame", test_no_frame);
    g_test_add_func("/cjt188/json/records", test_records);
    return g_test_run();
}
