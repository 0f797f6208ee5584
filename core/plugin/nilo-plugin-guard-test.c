/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-guard.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>

typedef struct {
    char *folder;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    self->folder = g_dir_make_tmp("nilo-guard-XXXXXX", NULL);
    g_assert_nonnull(self->folder);
    g_setenv("NILO_TEST_FOLDER", self->folder, TRUE);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_autofree char *marker = g_build_filename(self->folder, "plugin-crash", NULL);
    g_autofree char *counts = g_build_filename(self->folder, "plugin-crashes.conf", NULL);

    g_remove(marker);
    g_remove(counts);
    g_rmdir(self->folder);
    g_free(self->folder);
}

/* warnings of the guard are part of its work here */
static GLogWriterOutput
swallow(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    return G_LOG_WRITER_HANDLED;
}

static NiloPluginGuard *
open_guard(const char *folder)
{
    g_autoptr(GError) error = NULL;
    NiloPluginGuard *guard = nilo_plugin_guard_open(folder, &error);

    g_assert_no_error(error);
    return guard;
}

static gpointer
idle_in_another_plugin(gpointer entered)
{
    nilo_plugin_guard_enter("transport-innocent");
    g_atomic_int_set((gint *)entered, TRUE);
    g_usleep(60 * G_USEC_PER_SEC);
    return NULL;
}

/* the daemon, as far as it matters: another thread sits in a plugin while this one crashes */
static void
crash_daemon(void)
{
    const struct rlimit no_core = {0, 0};
    const char *plugin = g_getenv("NILO_TEST_PLUGIN");
    NiloPluginGuard *guard = open_guard(g_getenv("NILO_TEST_FOLDER"));
    gint entered = FALSE;

    setrlimit(RLIMIT_CORE, &no_core);
    nilo_plugin_guard_watch(guard);
    g_thread_unref(g_thread_new("innocent", idle_in_another_plugin, &entered));
    while (!g_atomic_int_get(&entered))
        g_thread_yield();
    nilo_plugin_guard_enter(*plugin != '\0' ? plugin : NULL);
    raise(SIGSEGV);
}

static void
test_crash_child(Fixture *self, gconstpointer data)
{
    if (g_test_subprocess())
        crash_daemon();
}

static void
crash_in(Fixture *self, const char *plugin)
{
    g_setenv("NILO_TEST_PLUGIN", plugin, TRUE);
    g_test_trap_subprocess("/plugin/guard/child/subprocess", 0, 0);
    g_test_trap_assert_failed();
}

static void
test_three_in_a_row(Fixture *self, gconstpointer data)
{
    static const char message[] =
        "plugin \"driver-acme\" crashed the daemon 3 times in a row and is quarantined; to try it "
        "again, run nilometerctl release driver-acme";
    g_autoptr(NiloPluginGuard) guard = NULL;
    g_autoptr(NiloPluginGuard) later = NULL;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 3; i++) {
        g_autoptr(NiloPluginGuard) before = open_guard(self->folder);

        g_assert_cmpuint(nilo_plugin_guard_get_crashes(before, "driver-acme"), ==, i);
        g_assert_true(nilo_plugin_guard_check(before, "driver-acme", NULL));
        crash_in(self, "driver-acme");
    }
    guard = open_guard(self->folder);
    g_assert_cmpstr(nilo_plugin_guard_get_blamed(guard), ==, "driver-acme");
    g_assert_cmpuint(nilo_plugin_guard_get_crashes(guard, "transport-innocent"), ==, 0);
    g_assert_true(nilo_plugin_guard_check(guard, "transport-innocent", NULL));
    g_assert_false(nilo_plugin_guard_check(guard, "driver-acme", &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_QUARANTINED);
    g_assert_cmpstr(error->message, ==, message);

    /* neither a good run nor a restart lifts it, a person does */
    nilo_plugin_guard_settle(guard);
    later = open_guard(self->folder);
    g_assert_null(nilo_plugin_guard_get_blamed(later));
    g_assert_false(nilo_plugin_guard_check(later, "driver-acme", NULL));
    g_assert_false(nilo_plugin_guard_release(later, "transport-innocent"));
    g_assert_true(nilo_plugin_guard_release(later, "driver-acme"));
    g_assert_true(nilo_plugin_guard_check(guard, "driver-acme", NULL));
}

static void
test_row_ends_with_a_good_run(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloPluginGuard) guard = NULL;

    crash_in(self, "driver-acme");
    crash_in(self, "driver-acme");
    guard = open_guard(self->folder);
    g_assert_cmpuint(nilo_plugin_guard_get_crashes(guard, "driver-acme"), ==, 2);
    nilo_plugin_guard_settle(guard);
    g_assert_cmpuint(nilo_plugin_guard_get_crashes(guard, "driver-acme"), ==, 0);
}

static void
test_row_ends_with_another_plugin(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloPluginGuard) guard = NULL;

    crash_in(self, "driver-acme");
    crash_in(self, "driver-acme");
    crash_in(self, "storage-other");
    guard = open_guard(self->folder);
    g_assert_cmpuint(nilo_plugin_guard_get_crashes(guard, "driver-acme"), ==, 0);
    g_assert_cmpuint(nilo_plugin_guard_get_crashes(guard, "storage-other"), ==, 1);
}

static void
test_our_own_crash_blames_nobody(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloPluginGuard) guard = NULL;

    crash_in(self, "");
    guard = open_guard(self->folder);
    g_assert_null(nilo_plugin_guard_get_blamed(guard));
}

static void
test_damaged_files(Fixture *self, gconstpointer data)
{
    g_autofree char *marker = g_build_filename(self->folder, "plugin-crash", NULL);
    g_autofree char *counts = g_build_filename(self->folder, "plugin-crashes.conf", NULL);
    g_autoptr(NiloPluginGuard) guard = NULL;

    g_assert_true(g_file_set_contents(marker, "\xff[a]\n=\n", -1, NULL));
    g_assert_true(g_file_set_contents(counts, "not a keyfile", -1, NULL));
    guard = open_guard(self->folder);
    g_assert_null(nilo_plugin_guard_get_blamed(guard));
    g_assert_true(nilo_plugin_guard_check(guard, "driver-acme", NULL));
}

static void
test_nesting(void)
{
    const char *outer = nilo_plugin_guard_enter("outer");
    const char *inner = nilo_plugin_guard_enter("inner");

    g_assert_null(outer);
    g_assert_cmpstr(inner, ==, "outer");
    nilo_plugin_guard_leave(inner);
    g_assert_cmpstr(nilo_plugin_guard_enter(NULL), ==, "outer");
    nilo_plugin_guard_leave(outer);
}

#define ADD(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(swallow, NULL, NULL);
    g_test_add("/plugin/guard/child/subprocess", Fixture, NULL, NULL, test_crash_child, NULL);
    ADD("/plugin/guard/three-in-a-row", test_three_in_a_row);
    ADD("/plugin/guard/row-ends-with-a-good-run", test_row_ends_with_a_good_run);
    ADD("/plugin/guard/row-ends-with-another-plugin", test_row_ends_with_another_plugin);
    ADD("/plugin/guard/our-own-crash-blames-nobody", test_our_own_crash_blames_nobody);
    ADD("/plugin/guard/damaged-files", test_damaged_files);
    g_test_add_func("/plugin/guard/nesting", test_nesting);
    return g_test_run();
}
