/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nilo-cjt188-test-peer.h"

#define NO_ERROR (-1)

#define CURRENT                                                                                    \
    "^ 68 10 @A 81 16 @D @S 78 56 34 12 2C 00 00 00 10 2C 00 00 00 00 00 00 00 00 00 @C 16"

static GByteArray *
bytes_from_hex(const char *hex)
{
    g_auto(GStrv) parts = g_strsplit(hex, " ", -1);
    GByteArray *bytes = g_byte_array_new();

    for (guint i = 0; parts[i] != NULL; i++) {
        const guint8 byte = (guint8)g_ascii_strtoull(parts[i], NULL, 16);

        if (parts[i][0] != '\0')
            g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

/* --- decoding -----------------------------------------------------------------------------------
 */

typedef struct {
    const char *path;
    const char *hex;
    int error;
    const char *readings;
    const char *facts;
} DecodeCase;

#define WHOLE                                                                                      \
    "FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 12 2C 00 00 00 10 2C 00 00 12 22 "   \
    "11 26 20 00 00 1B 16"

static const DecodeCase decode_cases[] = {
    {"/cjt188/decode/answer", WHOLE, NO_ERROR, "volume 123456.78 m3; volume/storage=1 100000 m3",
     "meter clock: 2026-11-22 12:00:00"},
    {"/cjt188/decode/request-then-answer", "68 10 44 33 22 11 00 33 78 01 03 90 1F 01 81 16 " WHOLE,
     NO_ERROR, "volume 123456.78 m3; volume/storage=1 100000 m3", NULL},
    {"/cjt188/decode/request-only", "68 10 77 66 55 44 33 22 11 01 03 90 1F 01 08 16",
     NILO_ERROR_BAD_FRAME, "", ""},
    {"/cjt188/decode/bad-checksum", "68 10 77 66 55 44 33 22 11 81 04 81 03 01 25 00 16",
     NILO_ERROR_BAD_CHECKSUM, "", ""},
    {"/cjt188/decode/refusal", "68 10 78 56 34 12 00 33 78 C1 03 16 04 00 15 16",
     NILO_ERROR_ERROR_ANSWER, "", ""},
    {"/cjt188/decode/nothing", "13 37", NILO_ERROR_BAD_FRAME, "", ""},
};

static void
test_decode(gconstpointer data)
{
    const DecodeCase *c = data;
    g_autoptr(GByteArray) bytes = bytes_from_hex(c->hex);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloReport) report = NULL;
    g_autofree char *readings = NULL, *facts = NULL;
    NiloCjt188TestPeer peer;
    gboolean done;

    nilo_cjt188_test_peer_init(&peer, NULL, NULL, 0);
    done = nilo_driver_decode(peer.driver, bytes->data, bytes->len, peer.builder, &error);
    report = nilo_report_builder_finish(peer.builder, NILO_OUTCOME_OK);
    readings = nilo_cjt188_test_show_readings(report);
    facts = nilo_cjt188_test_show_facts(report);
    if (c->error == NO_ERROR)
        g_assert_no_error(error);
    else
        g_assert_error(error, NILO_ERROR, c->error);
    g_assert_true(done == (c->error == NO_ERROR));
    g_assert_cmpstr(readings, ==, c->readings);
    if (c->facts != NULL)
        g_assert_cmpstr(facts, ==, c->facts);
    nilo_cjt188_test_peer_clear(&peer);
}

/* --- recorded frames ----------------------------------------------------------------------------
 */

typedef struct {
    char *hex;
    char *expect;
    char *control;
    char *current;
} Record;

static void
record_clear(Record *record)
{
    g_free(record->hex);
    g_free(record->expect);
    g_free(record->control);
    g_free(record->current);
}

static void
take_line(Record *record, const char *line)
{
    static const char *const keys[] = {"hex: ", "expect: ", "control: ", "current: "};
    char **const values[] = {&record->hex, &record->expect, &record->control, &record->current};

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (g_str_has_prefix(line, keys[i])) {
            g_free(*values[i]);
            *values[i] = g_strdup(line + strlen(keys[i]));
        }
    }
}

static void
read_record(const char *path, Record *record)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
        take_line(record, g_strchomp(lines[i]));
}

/* "433323.13 m3" as the reading it must become; "72.17 code 00" becomes none */
static gboolean
shows_current(const NiloReport *report, const char *current)
{
    const NiloReading *reading =
        nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME));
    const char *unit = strchr(current, ' ');
    gint64 volume_ml = 0;

    if (!g_str_equal(unit, " m3"))
        return reading == NULL && nilo_report_get_undecoded(report) > 0;
    if (reading == NULL || !nilo_value_to_millilitres(&reading->value, &volume_ml))
        return FALSE;
    return volume_ml == (gint64)(g_ascii_strtod(current, NULL) * 100 + 0.5) * 10000;
}

static void
check_record(const Record *record, const char *name, guint *n_current)
{
    g_autoptr(GByteArray) bytes = bytes_from_hex(record->hex);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloReport) report = NULL;
    const gboolean is_ok = g_str_equal(record->expect, "ok");
    const gboolean is_answer =
        record->control != NULL && strstr(record->control, "response") != NULL;
    const gboolean is_abnormal =
        record->control != NULL && strstr(record->control, "ABNORMAL") != NULL;
    NiloCjt188TestPeer peer;
    gboolean done;

    g_test_message("%s", name);
    nilo_cjt188_test_peer_init(&peer, NULL, NULL, 0);
    done = nilo_driver_decode(peer.driver, bytes->data, bytes->len, peer.builder, &error);
    report = nilo_report_builder_finish(peer.builder, NILO_OUTCOME_OK);
    g_assert_true(done == (error == NULL));
    /* behind a request there may be an answer */
    if (is_answer || !is_ok)
        g_assert_true(done == (is_ok && !is_abnormal));
    if (is_ok && is_answer && record->current != NULL) {
        g_assert_true(shows_current(report, record->current));
        (*n_current)++;
    }
    nilo_cjt188_test_peer_clear(&peer);
}

static void
test_recorded(void)
{
    const char *folder = g_getenv("NILO_CORPUS_DIR");
    g_autofree char *path = folder != NULL ? g_build_filename(folder, "cjt188", NULL) : NULL;
    g_autoptr(GDir) dir = path != NULL ? g_dir_open(path, 0, NULL) : NULL;
    guint n_files = 0, n_current = 0;
    const char *file;

    if (dir == NULL) {
        g_test_skip("NILO_CORPUS_DIR is not set");
        return;
    }
    while ((file = g_dir_read_name(dir)) != NULL) {
        g_autofree char *name = g_build_filename(path, file, NULL);
        Record record = {0};

        if (!g_str_has_suffix(file, ".txt"))
            continue;
        read_record(name, &record);
        g_assert_nonnull(record.hex);
        g_assert_nonnull(record.expect);
        check_record(&record, file, &n_current);
        record_clear(&record);
        n_files++;
    }
    g_test_message("%u frames, %u with a current volume", n_files, n_current);
    g_assert_cmpuint(n_files, >, 0);
    g_assert_cmpuint(n_current, >, 0);
}

/* --- what is remembered of a meter --------------------------------------------------------------
 */

static NiloOutcome
read_once(NiloCjt188TestPeer *peer)
{
    NiloOutcome outcome = NILO_OUTCOME_CANCELLED;
    g_autoptr(GError) error = NULL;

    nilo_report_builder_reset(peer->builder);
    g_assert_true(nilo_driver_read(peer->driver, peer->meter, NILO_READ_CURRENT,
                                   NILO_CHANNEL(peer->channel), peer->builder, &outcome, NULL,
                                   &error));
    g_assert_no_error(error);
    return outcome;
}

static void
assert_asked(NiloCjt188TestPeer *peer, const char *expected)
{
    g_autofree char *asked = nilo_cjt188_test_channel_take_asked(peer->channel);

    g_assert_cmpstr(asked, ==, expected);
}

/* the order found once is the only one asked from then on */
static void
test_order_kept(void)
{
    static const char *const answers[] = {"", CURRENT, CURRENT, "", CURRENT};
    NiloCjt188TestPeer peer;

    nilo_cjt188_test_peer_init(&peer, NULL, answers, G_N_ELEMENTS(answers));
    g_assert_cmpint(read_once(&peer), ==, NILO_OUTCOME_OK);
    assert_asked(&peer, "01 901F; 01 1F90");
    g_assert_cmpint(read_once(&peer), ==, NILO_OUTCOME_OK);
    assert_asked(&peer, "01 1F90");
    g_assert_cmpint(read_once(&peer), ==, NILO_OUTCOME_SILENT);
    assert_asked(&peer, "01 1F90");
    g_assert_cmpint(read_once(&peer), ==, NILO_OUTCOME_OK);
    assert_asked(&peer, "01 1F90");
    nilo_cjt188_test_peer_clear(&peer);
}

/* one that never answered costs two requests a few times, then one, by turns in either order */
static void
test_dead(void)
{
    NiloCjt188TestPeer peer;

    nilo_cjt188_test_peer_init(&peer, NULL, NULL, 0);
    for (guint i = 0; i < 3; i++) {
        g_assert_cmpint(read_once(&peer), ==, NILO_OUTCOME_SILENT);
        assert_asked(&peer, "01 901F; 01 1F90");
    }
    read_once(&peer);
    assert_asked(&peer, "01 1F90");
    read_once(&peer);
    assert_asked(&peer, "01 901F");
    nilo_cjt188_test_peer_clear(&peer);
}

static void
test_drift(void)
{
    static const char *const answers[] = {
        "^ 68 10 @A 81 16 @D @S 78 56 34 12 2C 00 00 00 10 2C 30 01 12 22 11 26 20 00 00 @C 16"};
    g_autoptr(NiloReport) report = NULL;
    NiloCjt188TestPeer peer;
    gint64 drift_s = 0;

    nilo_cjt188_test_peer_init(&peer, "zone=Asia/Shanghai", answers, G_N_ELEMENTS(answers));
    g_assert_cmpint(read_once(&peer), ==, NILO_OUTCOME_OK);
    report = nilo_report_builder_finish(peer.builder, NILO_OUTCOME_OK);
    g_assert_true(nilo_report_get_clock_drift_s(report, &drift_s));
    g_assert_cmpint(drift_s, ==, 90);
    nilo_cjt188_test_peer_clear(&peer);
}

/* while nobody knows what time it is, nothing is said about the meter's */
static void
test_no_time(void)
{
    static const char *const answers[] = {
        "^ 68 10 @A 81 16 @D @S 78 56 34 12 2C 00 00 00 10 2C 30 01 12 22 11 26 20 00 00 @C 16"};
    g_autoptr(NiloReport) report = NULL;
    NiloCjt188TestPeer peer;
    gint64 drift_s = 0;

    nilo_cjt188_test_peer_init(&peer, "zone=Asia/Shanghai", answers, G_N_ELEMENTS(answers));
    nilo_fake_clock_set_quality(NILO_FAKE_CLOCK(peer.clock), NILO_CLOCK_UNKNOWN);
    g_assert_cmpint(read_once(&peer), ==, NILO_OUTCOME_OK);
    report = nilo_report_builder_finish(peer.builder, NILO_OUTCOME_OK);
    g_assert_false(nilo_report_get_clock_drift_s(report, &drift_s));
    nilo_cjt188_test_peer_clear(&peer);
}

static void
test_cancelled(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    NiloCjt188TestPeer peer;
    NiloOutcome outcome;

    nilo_cjt188_test_peer_init(&peer, NULL, NULL, 0);
    g_cancellable_cancel(cancellable);
    g_assert_false(nilo_driver_read(peer.driver, peer.meter, NILO_READ_CURRENT,
                                    NILO_CHANNEL(peer.channel), peer.builder, &outcome, cancellable,
                                    &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    nilo_cjt188_test_peer_clear(&peer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(decode_cases); i++)
        g_test_add_data_func(decode_cases[i].path, &decode_cases[i], test_decode);
    g_test_add_func("/cjt188/recorded", test_recorded);
    g_test_add_func("/cjt188/learned/order-kept", test_order_kept);
    g_test_add_func("/cjt188/learned/dead", test_dead);
    g_test_add_func("/cjt188/clock/drift", test_drift);
    g_test_add_func("/cjt188/clock/own-time-unknown", test_no_time);
    g_test_add_func("/cjt188/cancelled", test_cancelled);
    return g_test_run();
}
