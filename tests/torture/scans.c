/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * scans [--scans N] [--seed N] ESTATE
 *
 * Searches the first bus of an estate (twins.estate has twenty meters that are hard to tell apart)
 * through the real bus, scan job and M-Bus driver in fake time: every meter of the estate must be
 * found by its id, or named as in trouble. Then the same search again and again in processes of
 * their own, which are killed with SIGKILL at random moments and started anew on the same folder
 * until one comes to its end: each time the same meters must have been found.
 *
 * Ends with 1 when a meter is missing, or when an interrupted search found something else.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nilo-torture-building.h"

#define DEFAULT_SCANS 100
#define BEGIN         "2026-03-05T00:00:00Z"
#define KILLS_MAX     8 /* of one search; then it may end */

typedef struct {
    const char *program;
    const char *estate_path;
    const char *dir;
    char *whole;     /* what the uninterrupted search found */
    gint64 whole_us; /* and how long its process took */
    guint n_kills;
    guint n_resumed;
    guint n_differ;
    GRand *random;
} Torture;

/* ---- one search ---- */

static void
scanned_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    gboolean *done = user_data;
    g_autoptr(GError) error = NULL;

    nilo_bus_scan_finish(NILO_BUS(source), result, &error);
    g_assert_no_error(error);
    *done = TRUE;
}

/* a{sv}: secondary addresses only, all of them */
static GVariant *
make_options(void)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "mask", "s", "");
    return g_variant_dict_end(&dict);
}

/* `a(ssuass)` as nilo_scan_job_dup_found() has it; in @dir it goes on where another one ended */
static GVariant *
search(NiloTortureBuilding *building, const char *dir, gboolean *resumed)
{
    g_autoptr(NiloScanJob) job =
        nilo_scan_job_new("riser", "mbus", make_options(), NILO_CLOCK(building->clock), dir);
    gboolean done = FALSE;

    *resumed = nilo_scan_job_is_resumed(job);
    nilo_torture_building_start(building, NULL, NULL);
    nilo_bus_scan_async(building->bus, job, NULL, scanned_cb, &done);
    while (!done)
        g_main_context_iteration(NULL, TRUE);
    return nilo_scan_job_dup_found(job);
}

static gint
compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* one line each, "id" or "id trouble", in order */
static char *
list_found(GVariant *found)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; i < g_variant_n_children(found); i++) {
        const char *id;
        const char *trouble;

        g_variant_get_child(found, i, "(&s&su@as&s)", &id, NULL, NULL, NULL, &trouble);
        g_ptr_array_add(lines,
                        g_strdup_printf("%s%s%s\n", id, *trouble != '\0' ? " " : "", trouble));
    }
    g_ptr_array_sort(lines, compare_lines);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("", (char **)lines->pdata);
}

static NiloTortureBuilding *
load_building(const char *path)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error)) {
        g_printerr("scans: %s\n", error->message);
        exit(EXIT_FAILURE);
    }
    return nilo_torture_building_new(text, BEGIN);
}

/* ---- in a process that is going to be killed ---- */

static int
run_child(const char *path, const char *dir)
{
    g_autoptr(NiloTortureBuilding) building = load_building(path);
    g_autoptr(GVariant) found = NULL;
    g_autofree char *lines = NULL;
    gboolean resumed;

    found = search(building, dir, &resumed);
    lines = list_found(found);
    printf("%s\n%s", resumed ? "resumed" : "new", lines);
    return EXIT_SUCCESS;
}

/* what it printed; NULL when it was killed. @delay_us < 0: it may come to its end */
static char *
run_process(Torture *self, gint64 delay_us)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;
    g_autoptr(GSubprocess) child =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self->program, "--folder",
                         self->dir, self->estate_path, NULL);

    g_assert_no_error(error);
    if (delay_us >= 0) {
        g_usleep((gulong)delay_us);
        g_subprocess_send_signal(child, SIGKILL);
    }
    g_subprocess_communicate_utf8(child, NULL, NULL, &out, NULL, &error);
    g_assert_no_error(error);
    if (g_subprocess_get_if_signaled(child)) {
        self->n_kills++;
        return NULL;
    }
    g_assert_true(g_subprocess_get_successful(child));
    return g_steal_pointer(&out);
}

static void
run_interrupted(Torture *self)
{
    const guint n_kills = (guint)g_rand_int_range(self->random, 1, KILLS_MAX + 1);
    g_autofree char *out = NULL;
    const char *lines;

    for (guint i = 0; out == NULL; i++)
        out = run_process(self, i < n_kills
                                    ? (gint64)(g_rand_double(self->random) * self->whole_us / 2)
                                    : -1);
    self->n_resumed += g_str_has_prefix(out, "resumed") ? 1 : 0;
    lines = strchr(out, '\n') + 1;
    if (strcmp(lines, self->whole) == 0)
        return;
    self->n_differ++;
    g_printerr("an interrupted search found:\n%s", lines);
}

/* ---- all of it ---- */

/* "mbus:12345678.TEC.16.07" is also told with its fabrication number behind a "-" */
static gboolean
is_told(const char *line, const char *id)
{
    const char *rest = line + strlen(id);

    return g_str_has_prefix(line, id) && (*rest == '\0' || *rest == '-' || *rest == ' ');
}

static guint
count_missing(NiloTortureBuilding *building, const char *lines)
{
    GPtrArray *meters = nilo_lab_bus_get_meters(building->lab);
    g_auto(GStrv) told = g_strsplit(lines, "\n", -1);
    guint n_found = 0;
    guint n_named = 0;

    for (guint i = 0; i < meters->len; i++) {
        g_autofree char *id = nilo_lab_meter_get_id(g_ptr_array_index(meters, i));
        gboolean found = FALSE;
        gboolean named = FALSE;

        for (guint k = 0; told[k] != NULL; k++) {
            found |= is_told(told[k], id) && strchr(told[k], ' ') == NULL;
            named |= is_told(told[k], id) && strchr(told[k], ' ') != NULL;
        }
        n_found += found ? 1 : 0;
        n_named += !found && named ? 1 : 0;
    }
    printf("%-44s %12u\n", "meters on the bus", meters->len);
    printf("%-44s %12u\n", "  found, each by an id of its own", n_found);
    printf("%-44s %12u\n", "  named: nobody can tell them apart", n_named);
    printf("%-44s %12u\n", "  missing", meters->len - n_found - n_named);
    return meters->len - n_found - n_named;
}

static guint
run_whole(const char *path)
{
    g_autoptr(NiloTortureBuilding) building = load_building(path);
    g_autoptr(GVariant) found = NULL;
    g_autofree char *lines = NULL;
    NiloBusState state;
    gboolean resumed;
    guint n_missing;

    found = search(building, NULL, &resumed);
    lines = list_found(found);
    printf("%s", lines);
    n_missing = count_missing(building, lines);
    nilo_bus_stop(building->bus);
    nilo_bus_get_state(building->bus, &state);
    printf("%-44s %12" G_GUINT64_FORMAT "\n", "requests of the search", state.requests);
    printf("%-44s %12" G_GINT64_FORMAT "\n", "seconds on the wire",
           nilo_clock_get_monotonic_us(NILO_CLOCK(building->clock)) / G_USEC_PER_SEC);
    return n_missing;
}

static void
run_all_interrupted(Torture *self, guint n_scans)
{
    gint64 begin_us = g_get_monotonic_time();
    g_autofree char *out = run_process(self, -1);

    self->whole_us = g_get_monotonic_time() - begin_us;
    self->whole = g_strdup(strchr(out, '\n') + 1);
    for (guint i = 0; i < n_scans; i++)
        run_interrupted(self);
    printf("%-44s %12u\n", "interrupted searches", n_scans);
    printf("%-44s %12u\n", "  kills", self->n_kills);
    printf("%-44s %12u\n", "  that went on from a checkpoint", self->n_resumed);
    printf("%-44s %12u\n", "  that found something else", self->n_differ);
}

int
main(int argc, char **argv)
{
    gint n_scans = DEFAULT_SCANS;
    gint seed = 1;
    g_autofree char *folder = NULL;
    const GOptionEntry entries[] = {
        {"scans", 0, 0, G_OPTION_ARG_INT, &n_scans, "Searches to interrupt", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "Where all chance comes from", "N"},
        {"folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "Search once, with a checkpoint there",
         "FOLDER"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("ESTATE");
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = NULL;
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    Torture torture = {.program = program};
    guint n_missing;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2) {
        g_printerr("scans: %s\n", error != NULL ? error->message : "one estate file is expected");
        return EXIT_FAILURE;
    }
    if (folder != NULL)
        return run_child(argv[1], folder);
    n_missing = run_whole(argv[1]);
    dir = g_dir_make_tmp("nilo-scans-XXXXXX", NULL);
    torture.estate_path = argv[1];
    torture.dir = dir;
    torture.random = g_rand_new_with_seed((guint32)seed);
    run_all_interrupted(&torture, (guint)MAX(n_scans, 0));
    g_rand_free(torture.random);
    g_free(torture.whole);
    g_rmdir(dir);
    return n_missing == 0 && torture.n_differ == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
