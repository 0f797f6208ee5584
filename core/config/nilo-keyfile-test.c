/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-keyfile.h"

#include <string.h>

#include "nilo-nearest.h"

#define A_ZERO_BYTE "[bus a]\nport=x\0y\n"

typedef struct {
    const char *path;
    const char *text;
    gsize size; /* 0: up to the terminating zero */
    NiloError code;
    const char *message; /* of the only problem; NULL for none */
} ProblemCase;

static const ProblemCase problem_cases[] = {
    {"/keyfile/empty", "", 0, 0, NULL},
    {"/keyfile/comments-and-blank-lines", "# one\n\n  # two\r\n\t\n", 0, 0, NULL},
    {"/keyfile/crlf", "[bus a]\r\nport=/dev/x\r\n", 0, 0, NULL},
    {"/keyfile/byte-order-mark", "\xef\xbb\xbf[bus a]\nport=/dev/x\n", 0, 0, NULL},
    {"/keyfile/no-newline-at-the-end", "[bus a]\nport=/dev/x", 0, 0, NULL},
    {"/keyfile/chinese-value", "[bus a]\nplace=三号楼\n", 0, 0, NULL},
    {"/keyfile/utf-16", "\xff\xfe[\0b\0", 6, NILO_ERROR_SYNTAX,
     "a.conf: the file is UTF-16; save it as UTF-8"},
    {"/keyfile/not-utf-8", "[bus a]\nplace=\xc8\xfd\xba\xc5\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:2: [bus a] found bytes that are not UTF-8; save the file as UTF-8"},
    {"/keyfile/zero-byte", A_ZERO_BYTE, sizeof A_ZERO_BYTE - 1, NILO_ERROR_SYNTAX,
     "a.conf:2: [bus a] found a zero byte, expected text in UTF-8"},
    {"/keyfile/key-before-group", "port=x\n[bus a]\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:1: port: the key stands before the first [group]"},
    {"/keyfile/no-equals", "[bus a]\nport /dev/x\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:2: [bus a] found \"port /dev/x\", expected key=value, [group] or # comment"},
    {"/keyfile/no-name", "[bus a]\n=5\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:2: [bus a] found \"=5\", expected key=value, [group] or # comment"},
    {"/keyfile/long-line-is-cut-between-characters",
     "[bus a]\n读数读数读数读数读数读数读数读数读数读数\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:2: [bus a] found \"读数读数读数读数读数读数读…\", "
     "expected key=value, [group] or # comment"},
    {"/keyfile/group-not-closed", "[bus a\nport=x\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:1: found \"[bus a\", expected a group like \"[bus riser-1]\""},
    {"/keyfile/group-with-comment", "[bus a] # first\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:1: found \"[bus a] # first\", expected a group like \"[bus riser-1]\""},
    {"/keyfile/group-empty", "[]\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:1: found \"[]\", expected a group like \"[bus riser-1]\""},
    {"/keyfile/group-with-tab", "[bus\ta]\n", 0, NILO_ERROR_SYNTAX,
     "a.conf:1: found \"[bus\ta]\", expected a group like \"[bus riser-1]\""},
    {"/keyfile/group-twice", "[bus a]\nx=1\n[bus  a]\nx=2\n", 0, NILO_ERROR_DUPLICATE,
     "a.conf:3: [bus a] the group already stands at a.conf:1"},
    {"/keyfile/key-twice", "[bus a]\nx=1\ny=1\nx=2\n", 0, NILO_ERROR_DUPLICATE,
     "a.conf:4: [bus a] x: the key was already set at line 2"},
};

static void
test_problem(gconstpointer data)
{
    const ProblemCase *test = data;
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(NiloKeyfile) file = NULL;
    g_autoptr(GError) error = NULL;

    file = nilo_keyfile_parse("a.conf", test->text,
                              test->size > 0 ? test->size : strlen(test->text), problems);
    g_assert_nonnull(file);
    if (test->message == NULL) {
        g_assert_cmpuint(problems->len, ==, 0);
        return;
    }
    g_assert_cmpuint(problems->len, ==, 1);
    nilo_config_problems_to_error(problems, &error);
    g_assert_error(error, NILO_ERROR, (int)test->code);
    g_assert_cmpstr(error->message, ==, test->message);
}

static void
test_lines_and_values(void)
{
    static const char text[] = "# head\n[bus riser-1]\n  port =  /dev/a b \n\nnote=one\\stwo\\n\n"
                               "list=a;b\\;c;\nnone=\n[journal]\n";
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(NiloKeyfile) file = nilo_keyfile_parse("a", text, strlen(text), problems);
    g_autoptr(GError) error = NULL;
    NiloKeyfileGroup *group = nilo_keyfile_find_group(file, "bus riser-1");
    g_autofree char *port = NULL;
    g_autofree char *note = NULL;
    g_autofree char *none = NULL;
    g_auto(GStrv) list = NULL;
    g_auto(GStrv) nothing = NULL;

    g_assert_cmpuint(problems->len, ==, 0);
    g_assert_cmpuint(nilo_keyfile_get_groups(file)->len, ==, 2);
    g_assert_nonnull(group);
    g_assert_cmpstr(group->kind, ==, "bus");
    g_assert_cmpstr(group->name, ==, "riser-1");
    g_assert_cmpuint(group->line, ==, 2);
    g_assert_cmpuint(nilo_keyfile_group_find_key(group, "port")->line, ==, 3);
    g_assert_cmpuint(nilo_keyfile_group_find_key(group, "list")->line, ==, 6);
    port = nilo_keyfile_group_get_text(group, "port", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(port, ==, "/dev/a b");
    note = nilo_keyfile_group_get_text(group, "note", &error);
    g_assert_cmpstr(note, ==, "one two\n");
    none = nilo_keyfile_group_get_text(group, "none", &error);
    g_assert_cmpstr(none, ==, "");
    list = nilo_keyfile_group_get_list(group, "list", &error);
    g_assert_cmpuint(g_strv_length(list), ==, 2);
    g_assert_cmpstr(list[1], ==, "b;c");
    nothing = nilo_keyfile_group_get_list(group, "none", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(nothing), ==, 0);
    g_assert_null(nilo_keyfile_group_get_text(group, "absent", &error));
    g_assert_no_error(error);
    g_assert_null(nilo_keyfile_find_group(file, "journal")->name);
}

static void
test_bad_escape(void)
{
    static const char text[] = "[bus a]\nport=C:\\x\n";
    g_autoptr(NiloKeyfile) file = nilo_keyfile_parse("a", text, strlen(text), NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(
        nilo_keyfile_group_get_text(nilo_keyfile_find_group(file, "bus a"), "port", &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_SYNTAX);
    g_assert_cmpstr(error->message, ==,
                    "found a backslash that starts no escape, expected \\s, \\n, \\t, \\r or \\\\");
}

typedef struct {
    const char *path;
    const char *text;
    const char *nearest;
} NearestCase;

static const NearestCase nearest_cases[] = {
    {"/nearest/letter-too-many", "speed-bauds", "speed-baud"},
    {"/nearest/letter-missing", "sped-baud", "speed-baud"},
    {"/nearest/letters-exchanged", "pariyt", "parity"},
    {"/nearest/underscore", "speed_baud", "speed-baud"},
    {"/nearest/case", "Parity", "parity"},
    {"/nearest/too-far", "colour", NULL},
    {"/nearest/short-names-are-not-guessed", "x", NULL},
    {"/nearest/empty", "", NULL},
    {"/nearest/long", "speed-baud-speed-baud-speed-baud-speed-baud-speed-baud-speed-baud-speed",
     NULL},
};

static void
test_nearest(gconstpointer data)
{
    static const char *const names[] = {"port", "speed-baud", "parity", "address", "no"};
    const NearestCase *test = data;

    g_assert_cmpstr(nilo_nearest_find(test->text, names, G_N_ELEMENTS(names)), ==, test->nearest);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(problem_cases); i++)
        g_test_add_data_func(problem_cases[i].path, &problem_cases[i], test_problem);
    g_test_add_func("/keyfile/lines-and-values", test_lines_and_values);
    g_test_add_func("/keyfile/bad-escape", test_bad_escape);
    for (gsize i = 0; i < G_N_ELEMENTS(nearest_cases); i++)
        g_test_add_data_func(nearest_cases[i].path, &nearest_cases[i], test_nearest);
    return g_test_run();
}
