/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-secret.h"

#include <glib/gstdio.h>

#include "nilo-error.h"

typedef struct {
    char *folder;
    char *path;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    self->folder = g_dir_make_tmp("nilo-secret-XXXXXX", NULL);
    g_assert_nonnull(self->folder);
    self->path = g_build_filename(self->folder, "password", NULL);
    g_setenv("CREDENTIALS_DIRECTORY", self->folder, TRUE);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_remove(self->path);
    g_rmdir(self->folder);
    g_free(self->path);
    g_free(self->folder);
}

static void
write_secret(Fixture *self, const char *bytes, gssize size, int mode)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents(self->path, bytes, size, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chmod(self->path, mode), ==, 0);
}

static void
assert_loads(const char *reference, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *secret = nilo_secret_load(reference, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(secret, ==, expected);
}

static void
assert_refuses(const char *reference, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_secret_load(reference, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_SECRET);
    g_assert_cmpstr(error->message, ==, message);
}

static void
test_file(Fixture *self, gconstpointer data)
{
    g_autofree char *reference = g_strconcat("file:", self->path, NULL);

    write_secret(self, "open sesame\n", -1, 0600);
    assert_loads(reference, "open sesame");
    write_secret(self, "two\nlines\r\n", -1, 0640);
    assert_loads(reference, "two\nlines");
}

static void
test_file_for_everybody(Fixture *self, gconstpointer data)
{
    g_autofree char *reference = g_strconcat("file:", self->path, NULL);
    g_autofree char *message =
        g_strdup_printf("%s has mode 0644, others can read or change it; run: chmod 0640 %s",
                        self->path, self->path);

    write_secret(self, "open sesame\n", -1, 0644);
    assert_refuses(reference, message);
}

static void
test_file_empty(Fixture *self, gconstpointer data)
{
    g_autofree char *reference = g_strconcat("file:", self->path, NULL);
    g_autofree char *message = g_strconcat(self->path, " is empty", NULL);

    write_secret(self, "\n", -1, 0600);
    assert_refuses(reference, message);
}

static void
test_file_zero_byte(Fixture *self, gconstpointer data)
{
    g_autofree char *reference = g_strconcat("file:", self->path, NULL);
    g_autofree char *message =
        g_strdup_printf("%s holds zero bytes or more than 65536 bytes, expected a short text",
                        self->path);

    write_secret(self, "a\0b", 3, 0600);
    assert_refuses(reference, message);
}

static void
test_file_absent(Fixture *self, gconstpointer data)
{
    g_autofree char *reference = g_strconcat("file:", self->path, NULL);
    g_autofree char *message = g_strconcat(self->path, ": No such file or directory", NULL);

    assert_refuses(reference, message);
}

static void
test_folder(Fixture *self, gconstpointer data)
{
    g_autofree char *reference = g_strconcat("file:", self->folder, NULL);
    g_autofree char *message = g_strconcat(self->folder, " is not a file", NULL);

    assert_refuses(reference, message);
}

static void
test_credential(Fixture *self, gconstpointer data)
{
    write_secret(self, "open sesame", -1, 0444);
    assert_loads("credential:password", "open sesame");
    assert_refuses("credential:../password",
                   "\"../password\" is no name of a credential, expected one without / and leading "
                   "dot");
    g_unsetenv("CREDENTIALS_DIRECTORY");
    assert_refuses("credential:password",
                   "there are no credentials: add LoadCredential=password:/path to the unit");
}

static void
test_environment(Fixture *self, gconstpointer data)
{
    g_setenv("NILO_TEST_SECRET", "open sesame", TRUE);
    assert_loads("env:NILO_TEST_SECRET", "open sesame");
    g_unsetenv("NILO_TEST_SECRET");
    assert_refuses("env:NILO_TEST_SECRET",
                   "the environment variable NILO_TEST_SECRET is not set or empty");
}

static void
test_no_reference(Fixture *self, gconstpointer data)
{
    assert_refuses("file:relative/path", "a secret may not stand in the file, expected file:/path, "
                                         "credential:name or env:NAME");
    assert_refuses("open sesame", "a secret may not stand in the file, expected file:/path, "
                                  "credential:name or env:NAME");
}

#define ADD(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_setenv("LC_ALL", "C", TRUE);
    g_test_init(&argc, &argv, NULL);
    ADD("/secret/file", test_file);
    ADD("/secret/file/for-everybody", test_file_for_everybody);
    ADD("/secret/file/empty", test_file_empty);
    ADD("/secret/file/zero-byte", test_file_zero_byte);
    ADD("/secret/file/absent", test_file_absent);
    ADD("/secret/file/folder", test_folder);
    ADD("/secret/credential", test_credential);
    ADD("/secret/environment", test_environment);
    ADD("/secret/no-reference", test_no_reference);
    return g_test_run();
}
