/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-meter-file.h"

#include <glib/gstdio.h>

typedef struct {
    char *folder;
    char *meters;
    char *path;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    self->folder = g_dir_make_tmp("nilo-meter-file-XXXXXX", NULL);
    g_assert_nonnull(self->folder);
    self->meters = g_build_filename(self->folder, "meters.d", NULL);
    self->path = g_build_filename(self->meters, "riser-1.conf", NULL);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_remove(self->path);
    g_rmdir(self->meters);
    g_rmdir(self->folder);
    g_free(self->path);
    g_free(self->meters);
    g_free(self->folder);
}

static GPtrArray *
make_entries(const char *id, const char *address)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_meter_entry_free);
    NiloMeterEntry *entry = nilo_meter_entry_new(id);

    nilo_meter_entry_set(entry, "bus", "riser-1");
    nilo_meter_entry_set(entry, "address", address);
    g_ptr_array_add(entries, entry);
    return entries;
}

static void
add(Fixture *self, const char *comment, GPtrArray *entries)
{
    g_autoptr(GError) error = NULL;

    nilo_meter_file_add(self->folder, "riser-1", comment, entries, &error);
    g_assert_no_error(error);
}

static void
assert_text(Fixture *self, const char *expected)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(self->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

static void
test_add(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) first = make_entries("t:1", "1");
    g_autoptr(GPtrArray) second = make_entries("t:2", " a\\b\nc ");
    g_autoptr(GPtrArray) list = NULL;

    add(self, "found by a scan\nof riser-1", first);
    add(self, NULL, second);
    assert_text(self, "# found by a scan of riser-1\n"
                      "\n[meter t:1]\nbus=riser-1\naddress=1\n"
                      "\n[meter t:2]\nbus=riser-1\naddress=\\sa\\\\b\\nc\\s\n");
    list = nilo_meter_file_list(self->folder);
    g_assert_cmpuint(list->len, ==, 2);
    g_assert_cmpstr(nilo_meter_entry_get(g_ptr_array_index(list, 1), "address"), ==, " a\\b\nc ");
}

static void
test_already_configured(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) entries = make_entries("t:1", "1");
    g_autofree char *message =
        g_strdup_printf("meter t:1 is already configured at %s:2", self->path);
    g_autoptr(GError) error = NULL;

    add(self, NULL, entries);
    g_assert_false(nilo_meter_file_add(self->folder, "other", NULL, entries, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_EXISTS);
    g_assert_cmpstr(error->message, ==, message);
}

static void
test_refused(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) bad_id = make_entries("7.8E+13", "1");
    g_autoptr(GPtrArray) bad_key = make_entries("t:1", "1");
    g_autoptr(GPtrArray) good = make_entries("t:1", "1");
    g_autoptr(GError) error = NULL;

    g_assert_false(nilo_meter_file_add(self->folder, "riser-1", NULL, bad_id, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    g_clear_error(&error);
    nilo_meter_entry_set(g_ptr_array_index(bad_key, 0), "x]\n[meter t:9", "1");
    g_assert_false(nilo_meter_file_add(self->folder, "riser-1", NULL, bad_key, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    g_clear_error(&error);
    g_assert_false(nilo_meter_file_add(self->folder, "../riser-1", NULL, good, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==,
                    "\"../riser-1\" is no name of a file, expected letters, digits, - and _");
    g_assert_false(g_file_test(self->path, G_FILE_TEST_EXISTS));
}

static void
test_set_key(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) entries = make_entries("t:1", "1");
    g_autoptr(GError) error = NULL;

    add(self, "keep me", entries);
    nilo_meter_file_set_key(self->folder, "t:1", "address", "7", &error);
    g_assert_no_error(error);
    nilo_meter_file_set_key(self->folder, "t:1", "point", "300", &error);
    g_assert_no_error(error);
    assert_text(self, "# keep me\n\n[meter t:1]\npoint=300\nbus=riser-1\naddress=7\n");
    g_assert_false(nilo_meter_file_set_key(self->folder, "t:2", "address", "7", &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==, "meter t:2 is not configured");
}

#define ADD(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/meter-file/add", test_add);
    ADD("/meter-file/already-configured", test_already_configured);
    ADD("/meter-file/refused", test_refused);
    ADD("/meter-file/set-key", test_set_key);
    return g_test_run();
}
