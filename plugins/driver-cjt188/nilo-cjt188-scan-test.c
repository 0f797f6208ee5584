/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-test-peer.h"

#define NO_ERROR (-1)

#define CURRENT                                                                                    \
    "^ 68 10 @A 81 16 @D @S 78 56 34 12 2C 00 00 00 10 2C 00 00 00 00 00 00 00 00 00 @C 16"
#define HERE_A         "^ 68 10 44 33 22 11 00 33 78 83 03 @D @S @C 16"
#define HERE_B         "^ 68 10 45 33 22 11 00 33 78 83 03 @D @S @C 16"
#define GARBLED        "FE 68 50 04 31 20 91 00 37 38 C1"

#define TEST_TYPE_SCAN (test_scan_get_type())
G_DECLARE_FINAL_TYPE(TestScan, test_scan, TEST, SCAN, GObject)

/* a search whose caller writes down what it is told */
struct _TestScan {
    GObject parent_instance;

    GVariant *options;
    GVariant *checkpoint;
    GString *found;
    char *last_text;
    guint n_saved;
};

static void test_scan_iface_init(NiloScanInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(TestScan, test_scan, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_SCAN, test_scan_iface_init))

static GVariant *
scan_get_options(NiloScan *scan)
{
    return TEST_SCAN(scan)->options;
}

static GVariant *
scan_get_checkpoint(NiloScan *scan)
{
    return TEST_SCAN(scan)->checkpoint;
}

static void
scan_save_checkpoint(NiloScan *scan, GVariant *checkpoint)
{
    TestScan *self = TEST_SCAN(scan);

    g_clear_pointer(&self->checkpoint, g_variant_unref);
    self->checkpoint = g_variant_ref_sink(checkpoint);
    self->n_saved++;
}

static void
scan_found(NiloScan *scan, const NiloFound *found)
{
    TestScan *self = TEST_SCAN(scan);

    g_string_append_printf(self->found, "%s%s %u", self->found->len > 0 ? "; " : "",
                           nilo_meter_id_get_text(found->id), found->speed_baud);
    for (guint i = 0; found->settings[i] != NULL; i++)
        g_string_append_printf(self->found, " %s", found->settings[i]);
    if (found->trouble != NULL)
        g_string_append(self->found, " TROUBLE");
}

static void
scan_progress(NiloScan *scan, guint done, guint total, const char *text)
{
    TestScan *self = TEST_SCAN(scan);

    g_assert_cmpuint(done, <=, total);
    g_free(self->last_text);
    self->last_text = g_strdup(text);
}

static void
test_scan_iface_init(NiloScanInterface *iface)
{
    iface->get_options = scan_get_options;
    iface->get_checkpoint = scan_get_checkpoint;
    iface->save_checkpoint = scan_save_checkpoint;
    iface->found = scan_found;
    iface->progress = scan_progress;
}

static void
test_scan_finalize(GObject *object)
{
    TestScan *self = TEST_SCAN(object);

    g_clear_pointer(&self->options, g_variant_unref);
    g_clear_pointer(&self->checkpoint, g_variant_unref);
    g_string_free(self->found, TRUE);
    g_free(self->last_text);
    G_OBJECT_CLASS(test_scan_parent_class)->finalize(object);
}

static void
test_scan_class_init(TestScanClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = test_scan_finalize;
}

static void
test_scan_init(TestScan *self)
{
    self->found = g_string_new(NULL);
}

typedef struct {
    const char *path;
    const char *options;
    guint checkpoint;
    const char *answers[NILO_CJT188_TEST_ANSWERS];
    const char *found;
    int error;
    const char *asked;
    const char *text; /* what it says last */
} ScanCase;

#define SEVERAL                                                                                    \
    "several meters answer at once, or the line is noisy: give a range of numbers to look for "    \
    "them one by one"

/* clang-format off */
static const ScanCase scan_cases[] = {
    {"/cjt188/scan/wildcard", "{}", 0, {HERE_A, HERE_A, HERE_A},
     "cjt188:78330011223344 2400 di-order=high-first", NO_ERROR, "03 810A; 03 810A; 03 810A",
     "done"},
    {"/cjt188/scan/wildcard/low-first", "{}", 0, {"", HERE_A, HERE_A, HERE_A},
     "cjt188:78330011223344 2400 di-order=low-first", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/wildcard/second-speed", "{'speeds': <[uint32 9600, 2400]>}", 0,
     {"", "", "", "", "", "", "", "", "", "", "", "", "", "", HERE_A, HERE_A, HERE_A},
     "cjt188:78330011223344 2400 di-order=high-first", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/wildcard/answer-without-ser", "{}", 0,
     {"^ 68 10 44 33 22 11 00 33 78 83 02 @D @C 16", "^ 68 10 44 33 22 11 00 33 78 83 02 @D @C 16",
      "^ 68 10 44 33 22 11 00 33 78 83 02 @D @C 16"},
     "cjt188:78330011223344 2400 di-order=high-first", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/wildcard/ser-not-echoed", "{}", 0,
     {"^ 68 10 44 33 22 11 00 33 78 83 03 @D @L @C 16",
      "^ 68 10 44 33 22 11 00 33 78 83 03 @D @L @C 16",
      "^ 68 10 44 33 22 11 00 33 78 83 03 @D @L @C 16",
      "^ 68 10 44 33 22 11 00 33 78 83 03 @D @L @C 16",
      "^ 68 10 44 33 22 11 00 33 78 83 03 @D @L @C 16",
      "^ 68 10 44 33 22 11 00 33 78 83 03 @D @L @C 16"},
     "cjt188:78330011223344 2400 di-order=high-first ser-check=no", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/wildcard/heat", "{}", 0,
     {"^ 68 25 44 33 22 11 00 33 78 83 03 @D @S @C 16",
      "^ 68 25 44 33 22 11 00 33 78 83 03 @D @S @C 16",
      "^ 68 25 44 33 22 11 00 33 78 83 03 @D @S @C 16"},
     "cjt188:78330011223344 2400 type=25 di-order=high-first", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/wildcard/two-by-turns", "{}", 0, {HERE_A, HERE_B},
     "cjt188:78330011223344 2400 di-order=high-first TROUBLE", NO_ERROR, NULL, SEVERAL},
    {"/cjt188/scan/wildcard/two-at-once", "{}", 0, {GARBLED, GARBLED}, "", NO_ERROR, NULL, SEVERAL},
    {"/cjt188/scan/wildcard/nobody", "{}", 0, {""}, "", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/range", "{'range': <'78330011223343-78330011223345'>}", 0,
     {"", "", "", CURRENT, "", CURRENT},
     "cjt188:78330011223344 2400 di-order=low-first; "
     "cjt188:78330011223345 2400 di-order=high-first", NO_ERROR,
     "01 901F; 01 1F90; 01 901F; 01 1F90; 01 1F90; 01 901F", "done"},
    {"/cjt188/scan/range/leading-zeros", "{'range': <'00000000000009-00000000000010'>}", 0,
     {CURRENT, CURRENT},
     "cjt188:00000000000009 2400 di-order=high-first; "
     "cjt188:00000000000010 2400 di-order=high-first", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/range/resumes", "{'range': <'78330011223343-78330011223345'>}", 2, {CURRENT},
     "cjt188:78330011223345 2400 di-order=high-first", NO_ERROR, "01 901F", "done"},
    {"/cjt188/scan/range/refusal-is-an-answer", "{'range': <'78330011223344'>}", 0,
     {"^ 68 10 @A C1 03 @S 00 00 @C 16"}, "cjt188:78330011223344 2400 di-order=high-first",
     NO_ERROR, NULL, "done"},
    {"/cjt188/scan/range/twins", "{'range': <'78330011223344'>}", 0, {GARBLED},
     "cjt188:78330011223344 2400 TROUBLE", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/range/collector", "{'range': <'78330011223344'>}", 0,
     {"^ 68 10 01 00 00 00 00 99 99 81 16 @D @S 78 56 34 12 2C 00 00 00 10 2C 00 00 00 00 00 00 00 "
      "00 00 @C 16"}, "cjt188:78330011223344 2400 TROUBLE", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/list", "{'list': <['78330011223344', '7833001122CD01']>}", 0, {CURRENT, CURRENT},
     "cjt188:78330011223344 2400 di-order=high-first; "
     "cjt188:7833001122CD01 2400 di-order=high-first", NO_ERROR, NULL, "done"},
    {"/cjt188/scan/range/backwards", "{'range': <'78330011223345-78330011223343'>}", 0, {NULL}, "",
     NILO_ERROR_BAD_VALUE, "", NULL},
    {"/cjt188/scan/range/too-many", "{'range': <'00000000000000-00001000000000'>}", 0, {NULL}, "",
     NILO_ERROR_BAD_VALUE, "", NULL},
    {"/cjt188/scan/range/no-number", "{'range': <'flat 3'>}", 0, {NULL}, "", NILO_ERROR_BAD_DIGIT,
     "", NULL},
    {"/cjt188/scan/type", "{'type': <uint32 5>}", 0, {NULL}, "", NILO_ERROR_BAD_VALUE, "", NULL},
};
/* clang-format on */

static void
test_scan(gconstpointer data)
{
    const ScanCase *c = data;
    g_autoptr(TestScan) scan = g_object_new(TEST_TYPE_SCAN, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *asked = NULL;
    NiloCjt188TestPeer peer;
    gboolean done;

    scan->options = g_variant_parse(G_VARIANT_TYPE_VARDICT, c->options, NULL, NULL, &error);
    g_assert_no_error(error);
    if (c->checkpoint > 0)
        scan->checkpoint = g_variant_ref_sink(g_variant_new_uint32(c->checkpoint));
    nilo_cjt188_test_peer_init(&peer, NULL, c->answers, G_N_ELEMENTS(c->answers));
    done = nilo_driver_scan(peer.driver, NILO_SCAN(scan), NILO_CHANNEL(peer.channel), NULL, &error);
    asked = nilo_cjt188_test_channel_take_asked(peer.channel);
    g_assert_cmpstr(scan->found->str, ==, c->found);
    g_assert_cmpstr(scan->last_text, ==, c->text);
    if (c->asked != NULL)
        g_assert_cmpstr(asked, ==, c->asked);
    if (c->error == NO_ERROR)
        g_assert_no_error(error);
    else
        g_assert_error(error, NILO_ERROR, c->error);
    g_assert_true(done == (c->error == NO_ERROR));
    g_assert_true(!done || scan->n_saved > 0);
    nilo_cjt188_test_peer_clear(&peer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(scan_cases); i++)
        g_test_add_data_func(scan_cases[i].path, &scan_cases[i], test_scan);
    return g_test_run();
}
