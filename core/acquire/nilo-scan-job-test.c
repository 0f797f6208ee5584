/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-scan-job.h"

#include <glib/gstdio.h>

#include "nilo-error.h"

#define START_US (G_GINT64_CONSTANT(1767225600) * G_USEC_PER_SEC)

typedef struct {
    NiloFakeClock *clock;
    char *dir;
    char *path;
    guint n_found;
    guint done;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    self->clock = nilo_fake_clock_new(START_US);
    self->dir = g_dir_make_tmp("nilo-scan-XXXXXX", NULL);
    self->path = g_build_filename(self->dir, "scan-riser-mbus.state", NULL);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_remove(self->path);
    g_assert_cmpint(g_rmdir(self->dir), ==, 0);
    g_free(self->path);
    g_free(self->dir);
    g_object_unref(self->clock);
}

static GVariant *
make_options(const char *range)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "range", "s", range);
    return g_variant_dict_end(&dict);
}

static NiloScanJob *
make_job(Fixture *self, const char *range)
{
    return nilo_scan_job_new("riser", "mbus", make_options(range), NILO_CLOCK(self->clock),
                             self->dir);
}

static void
find_meter(NiloScanJob *job, const char *text, const char *address, const char *trouble)
{
    static const char *const settings[] = {"profile=elster", NULL};
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(text, NULL);
    const NiloFound found = {id, address, 2400, settings, trouble};

    nilo_scan_found(NILO_SCAN(job), &found);
}

/* no goodbye: the object is dropped as if the process had been killed */
static void
test_resumes_after_a_kill(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScanJob) first = make_job(self, "primary");
    g_autoptr(NiloScanJob) second = NULL;
    g_autoptr(GVariant) found = NULL;

    g_assert_false(nilo_scan_job_is_resumed(first));
    g_assert_null(nilo_scan_get_checkpoint(NILO_SCAN(first)));
    nilo_scan_save_checkpoint(NILO_SCAN(first), g_variant_new_uint32(17));
    find_meter(first, "mbus:1.TEC.16.07", "1", NULL);
    second = make_job(self, "primary");
    g_assert_true(nilo_scan_job_is_resumed(second));
    g_assert_cmpuint(g_variant_get_uint32(nilo_scan_get_checkpoint(NILO_SCAN(second))), ==, 17);
    /* it comes upon the last one again */
    find_meter(second, "mbus:1.TEC.16.07", "1", NULL);
    found = nilo_scan_job_dup_found(second);
    g_assert_cmpuint(g_variant_n_children(found), ==, 1);
    nilo_scan_job_done(second);
    g_assert_false(g_file_test(self->path, G_FILE_TEST_EXISTS));
}

static void
test_other_options_begin_anew(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScanJob) first = make_job(self, "primary");
    g_autoptr(NiloScanJob) second = NULL;

    nilo_scan_save_checkpoint(NILO_SCAN(first), g_variant_new_uint32(17));
    second = make_job(self, "secondary");
    g_assert_false(nilo_scan_job_is_resumed(second));
    g_assert_null(nilo_scan_get_checkpoint(NILO_SCAN(second)));
}

static void
test_file_is_written_now_and_then(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScanJob) first = make_job(self, "primary");
    g_autoptr(NiloScanJob) early = NULL;
    g_autoptr(NiloScanJob) later = NULL;

    nilo_scan_save_checkpoint(NILO_SCAN(first), g_variant_new_uint32(1));
    nilo_scan_save_checkpoint(NILO_SCAN(first), g_variant_new_uint32(2));
    early = make_job(self, "primary");
    g_assert_cmpuint(g_variant_get_uint32(nilo_scan_get_checkpoint(NILO_SCAN(early))), ==, 1);
    nilo_fake_clock_advance(self->clock, 6 * G_USEC_PER_SEC);
    nilo_scan_save_checkpoint(NILO_SCAN(first), g_variant_new_uint32(3));
    later = make_job(self, "primary");
    g_assert_cmpuint(g_variant_get_uint32(nilo_scan_get_checkpoint(NILO_SCAN(later))), ==, 3);
}

static void
test_damaged_file_begins_anew(Fixture *self, gconstpointer data)
{
    static const char *const damaged[] = {"", "x", "\x41\x43\x53\x4e????????",
                                          "no state, but long enough to hold one"};

    for (guint i = 0; i < G_N_ELEMENTS(damaged); i++) {
        g_autoptr(NiloScanJob) job = NULL;

        g_assert_true(g_file_set_contents(self->path, damaged[i], -1, NULL));
        job = make_job(self, "primary");
        g_assert_false(nilo_scan_job_is_resumed(job));
        g_assert_null(nilo_scan_get_checkpoint(NILO_SCAN(job)));
    }
}

/* a bit that fell over must not write lines of its own into meters.d */
static void
test_foreign_texts_begin_anew(Fixture *self, gconstpointer data)
{
    static const char *const lines[] = {
        "(0x4e534341, '', <uint32 1>, [('mbus:1', '1', 2400, ['a=b'], 'x')])",
        "(0x4e534341, '', <uint32 1>, [('mbus', '1', 2400, ['a=b'], 'x')])",
        "(0x4e534341, '', <uint32 1>, [('mbus:1', '1\\n2', 2400, ['a=b'], 'x')])",
        "(0x4e534341, '', <uint32 1>, [('mbus:1', '1', 2400, ['a=b', 'a\\n[x]'], 'x')])",
        "(0x4e534341, '', <uint32 1>, [('mbus:1', '1', 2400, ['a=b'], 'x\\ry')])",
        "(0x4e534342, '', <uint32 1>, [('mbus:1', '1', 2400, ['a=b'], 'x')])",
    };

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GVariant) built =
            g_variant_parse(G_VARIANT_TYPE("(usmva(ssuass))"), lines[i], NULL, NULL, NULL);
        g_autoptr(GBytes) bytes = g_variant_get_data_as_bytes(built);
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) state = nilo_scan_state_parse(bytes, &error);

        if (i == 0)
            g_assert_no_error(error);
        else
            g_assert_error(error, NILO_ERROR, NILO_ERROR_DAMAGED);
        g_assert_true((state != NULL) == (i == 0));
    }
}

static void
found_cb(NiloScanJob *job, const char *id, const char *address, guint speed_baud,
         const char *const *settings, const char *trouble, gpointer user_data)
{
    Fixture *self = user_data;

    g_assert_cmpstr(id, ==, "mbus:1.TEC.16.07");
    g_assert_cmpstr(address, ==, "1");
    g_assert_cmpuint(speed_baud, ==, 2400);
    g_assert_cmpstr(settings[0], ==, "profile=elster");
    g_assert_cmpstr(trouble, ==, "");
    self->n_found++;
}

static void
progress_cb(NiloScanJob *job, guint done, guint total, const char *text, gpointer user_data)
{
    Fixture *self = user_data;

    g_assert_cmpuint(total, ==, 250);
    g_assert_cmpstr(text, ==, "address 3");
    self->done = done;
}

static void
test_signals_come_on_main(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScanJob) job = make_job(self, "primary");

    g_signal_connect(job, "found", G_CALLBACK(found_cb), self);
    g_signal_connect(job, "progress", G_CALLBACK(progress_cb), self);
    find_meter(job, "mbus:1.TEC.16.07", "1", NULL);
    nilo_scan_progress(NILO_SCAN(job), 3, 250, "address 3");
    g_assert_cmpuint(self->n_found, ==, 0);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(self->n_found, ==, 1);
    g_assert_cmpuint(self->done, ==, 3);
    nilo_scan_job_done(job);
}

static void
test_groups(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScanJob) job = make_job(self, "primary");
    g_autofree char *text = NULL;

    find_meter(job, "mbus:1.TEC.16.07", "1", NULL);
    find_meter(job, "mbus:2.TEC.16.07", NULL, "two meters with one address");
    text = nilo_scan_job_build_groups(job, "riser");
    g_assert_cmpstr(text, ==,
                    "[meter mbus:1.TEC.16.07]\nbus=riser\ndriver=mbus\naddress=1\n"
                    "speed-baud=2400\nprofile=elster\n\n"
                    "# two meters with one address\n"
                    "# [meter mbus:2.TEC.16.07]\n# bus=riser\n# driver=mbus\n"
                    "# speed-baud=2400\n# profile=elster\n\n");
    nilo_scan_job_done(job);
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/scan-job/resumes-after-a-kill", test_resumes_after_a_kill);
    ADD("/scan-job/other-options-begin-anew", test_other_options_begin_anew);
    ADD("/scan-job/file-is-written-now-and-then", test_file_is_written_now_and_then);
    ADD("/scan-job/damaged-file-begins-anew", test_damaged_file_begins_anew);
    ADD("/scan-job/foreign-texts-begin-anew", test_foreign_texts_begin_anew);
    ADD("/scan-job/signals-come-on-main", test_signals_come_on_main);
    ADD("/scan-job/groups", test_groups);
    return g_test_run();
}
