/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* dialogues that no meter of the lab has: answers by the book, one after the other */
#include "nilo-bus-channel.h"
#include "nilo-mbus-driver.h"
#include "nilo-mbus-test-line.h"

#include <string.h>

#define SPEED_BAUD   2400
#define CHARACTER_US 4584
#define ANSWER_US    30000
#define NOW_US       G_GINT64_CONSTANT(1773570600000000)

/* --- a line that answers by a script -----------------------------------------------------------
 */

#define SCRIPT_TYPE_LINE (script_line_get_type())
G_DECLARE_FINAL_TYPE(ScriptLine, script_line, SCRIPT, LINE, GObject)

struct _ScriptLine {
    GObject parent_instance;

    NiloFakeClock *clock;
    GPtrArray *answers; /* element-type GByteArray: next first; empty: silence */
    guint next;
    GByteArray *coming;
    gsize taken;
    gint64 begun_us;
    GString *asked;
};

static void script_line_iface_init(NiloLineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(ScriptLine, script_line, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_LINE, script_line_iface_init))

static gint64
get_now_us(ScriptLine *self)
{
    return nilo_clock_get_monotonic_us(NILO_CLOCK(self->clock));
}

static void
wait_until_us(ScriptLine *self, gint64 until_us)
{
    if (until_us > get_now_us(self))
        nilo_fake_clock_advance(self->clock, until_us - get_now_us(self));
}

static gboolean
script_line_send(NiloLine *line, const guint8 *bytes, gsize size, GCancellable *cancellable,
                 GError **error)
{
    ScriptLine *self = SCRIPT_LINE(line);

    g_string_append_printf(self->asked, "%s%02X", self->asked->len > 0 ? " " : "",
                           size == 5 ? bytes[1] : bytes[6]);
    nilo_fake_clock_advance(self->clock, (gint64)size * CHARACTER_US);
    g_byte_array_set_size(self->coming, 0);
    self->taken = 0;
    self->begun_us = get_now_us(self) + ANSWER_US;
    if (self->next < self->answers->len) {
        const GByteArray *answer = g_ptr_array_index(self->answers, self->next++);

        g_byte_array_append(self->coming, answer->data, answer->len);
    }
    return TRUE;
}

static gssize
script_line_receive(NiloLine *line, guint8 *buffer, gsize size, gint64 deadline_us,
                    GCancellable *cancellable, GError **error)
{
    ScriptLine *self = SCRIPT_LINE(line);
    gsize n = 0;

    while (n < size && self->taken < self->coming->len) {
        const gint64 due_us = self->begun_us + (gint64)(self->taken + 1) * CHARACTER_US;

        if (due_us > get_now_us(self) && (n > 0 || due_us > deadline_us))
            break;
        wait_until_us(self, due_us);
        buffer[n++] = self->coming->data[self->taken++];
    }
    if (n == 0)
        wait_until_us(self, deadline_us);
    return (gssize)n;
}

static guint
script_line_get_speed(NiloLine *line)
{
    return SPEED_BAUD;
}

static void
script_line_discard(NiloLine *line)
{
}

static void
script_line_get_counts(NiloLine *line, NiloLineCounts *counts)
{
    *counts = (NiloLineCounts){0};
}

static void
script_line_iface_init(NiloLineInterface *iface)
{
    iface->send = script_line_send;
    iface->receive = script_line_receive;
    iface->get_speed = script_line_get_speed;
    iface->discard = script_line_discard;
    iface->get_counts = script_line_get_counts;
}

static void
script_line_finalize(GObject *object)
{
    ScriptLine *self = SCRIPT_LINE(object);

    g_clear_object(&self->clock);
    g_ptr_array_unref(self->answers);
    g_byte_array_unref(self->coming);
    g_string_free(self->asked, TRUE);
    G_OBJECT_CLASS(script_line_parent_class)->finalize(object);
}

static void
script_line_class_init(ScriptLineClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = script_line_finalize;
}

static void
script_line_init(ScriptLine *self)
{
    self->clock = nilo_fake_clock_new(NOW_US);
    self->answers = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    self->coming = g_byte_array_new();
    self->asked = g_string_new(NULL);
}

static NiloReport *
read_script(ScriptLine *line, NiloMeter *meter, guint flags)
{
    const NiloBusChannelSettings settings = {.slack_ms = 30};
    g_autoptr(NiloBusChannel) channel =
        nilo_bus_channel_new(NILO_CLOCK(line->clock), &settings, NULL, NULL);
    g_autoptr(NiloDriver) driver = g_object_new(NILO_TYPE_MBUS_DRIVER, NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(nilo_meter_get_id(meter));
    g_autoptr(GError) error = NULL;
    NiloOutcome outcome = NILO_OUTCOME_CANCELLED;

    nilo_bus_channel_set_line(channel, NILO_LINE(line));
    nilo_bus_channel_begin(channel, 3, 0, NULL);
    nilo_driver_read(driver, meter, flags, NILO_CHANNEL(channel), builder, &outcome, NULL, &error);
    g_assert_no_error(error);
    return nilo_report_builder_finish(builder, outcome);
}

/* --- dialogues ---------------------------------------------------------------------------------
 */

/* answers, separated by commas: E5, "-" silence, and telegrams of 12345678.TEC.16.07 at address 5:
 * ACCESS:RECORDS. "!" in front: another meter's. "@": from address 6. "~" in front: its sum is
 * wrong. "e": encrypted */
typedef struct {
    const char *path;
    const char *answers;
    const char *asked;
    NiloOutcome outcome;
    guint readings;
} ScriptCase;

#define V1   "0C1365250100"
#define V2   "4C1300000000"
#define MORE "1F"

static const ScriptCase script_cases[] = {
    {"/mbus/script/plain", "E5,01:" V1, "40 7B", NILO_OUTCOME_OK, 1},
    {"/mbus/script/no-records", "E5,01:", "40 7B", NILO_OUTCOME_OK, 0},
    {"/mbus/script/three", "E5,01:" V1 MORE ",02:" V2 MORE ",03:" V1, "40 7B 5B 7B",
     NILO_OUTCOME_OK, 3},
    {"/mbus/script/lost-answer-keeps-the-bit", "E5,01:" V1 MORE ",-,02:" V2, "40 7B 5B 5B",
     NILO_OUTCOME_OK, 2},
    {"/mbus/script/broken-answer-keeps-the-bit", "E5,~01:" V1 MORE ",01:" V1, "40 7B 7B",
     NILO_OUTCOME_OK, 1},
    {"/mbus/script/rest-is-missing", "E5,01:" V1 MORE ",-,-,-", "40 7B 5B 5B 5B",
     NILO_OUTCOME_INCOMPLETE, 1},
    {"/mbus/script/does-not-advance", "E5,01:" V1 MORE ",01:" V1 MORE, "40 7B 5B",
     NILO_OUTCOME_INCOMPLETE, 1},
    {"/mbus/script/does-not-advance-but-counts", "E5,01:" V1 MORE ",02:" V1 MORE, "40 7B 5B",
     NILO_OUTCOME_INCOMPLETE, 1},
    {"/mbus/script/begins-anew", "E5,01:" V1 MORE ",02:" V2 MORE ",03:" V1 MORE, "40 7B 5B 7B",
     NILO_OUTCOME_OK, 2},
    {"/mbus/script/no-answer-to-reset", "-,01:" V1, "40 7B", NILO_OUTCOME_OK, 1},
    {"/mbus/script/late-answer-of-another", "E5,!01:" V1 ",01:" V1, "40 7B 7B", NILO_OUTCOME_OK, 1},
    {"/mbus/script/another-meter", "E5,!01:" V1 ",!01:" V1, "40 7B 7B", NILO_OUTCOME_WRONG_METER,
     0},
    {"/mbus/script/nothing-but-late-answers-of-another", "E5,@01:" V1 ",@01:" V1, "40 7B 7B",
     NILO_OUTCOME_SILENT, 0},
    {"/mbus/script/encrypted", "E5,e01:3C1E5B7A99D24F60815A2B3C4D5E6F70", "40 7B",
     NILO_OUTCOME_ENCRYPTED, 0},
};

static void
append_hex(GByteArray *bytes, const char *hex)
{
    for (const char *p = hex; p[0] != '\0' && p[1] != '\0'; p++) {
        guint8 byte;

        if (!g_ascii_isxdigit(*p))
            continue;
        byte = (guint8)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
        g_byte_array_append(bytes, &byte, 1);
        p++;
    }
}

static GByteArray *
build_answer(const char *word)
{
    guint8 head[] = {0x78, 0x56, 0x34, 0x12, 0xa3, 0x50, 0x16, 0x07, 0, 0, 0, 0};
    g_autoptr(GByteArray) data = g_byte_array_new();
    GByteArray *answer = g_byte_array_new();
    guint8 frame[NILO_MBUS_MAX_FRAME];
    gsize size;

    if (strcmp(word, "-") == 0)
        return answer;
    if (strcmp(word, "E5") == 0) {
        append_hex(answer, word);
        return answer;
    }
    head[0] = word[0] == '!' ? 0x79 : 0x78;
    if (word[0] == 'e') {
        head[10] = 0x10;
        head[11] = 0x05; /* mode 5 */
    }
    head[8] = (guint8)g_ascii_strtoull(word + (g_ascii_isdigit(word[0]) ? 0 : 1), NULL, 16);
    g_byte_array_append(data, head, sizeof head);
    append_hex(data, strchr(word, ':') + 1);
    size = nilo_mbus_frame_build_long(NILO_MBUS_C_RSP_UD, word[0] == '@' ? 6 : 5, 0x72, data->data,
                                      data->len, frame, sizeof frame);
    if (word[0] == '~')
        frame[size - 2] ^= 0xff;
    g_byte_array_append(answer, frame, (guint)size);
    return answer;
}

static void
test_script(gconstpointer data)
{
    const ScriptCase *test = data;
    g_autoptr(ScriptLine) line = g_object_new(SCRIPT_TYPE_LINE, NULL);
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new("mbus:12345678.TEC.16.07", "5", "");
    g_auto(GStrv) words = g_strsplit(test->answers, ",", -1);
    g_autoptr(NiloReport) report = NULL;
    gsize n;

    for (guint i = 0; words[i] != NULL; i++)
        g_ptr_array_add(line->answers, build_answer(words[i]));
    report = read_script(line, meter, NILO_READ_HISTORY);
    g_assert_cmpstr(line->asked->str, ==, test->asked);
    g_assert_cmpstr(nilo_outcome_get_nick(nilo_report_get_outcome(report)), ==,
                    nilo_outcome_get_nick(test->outcome));
    nilo_report_get_readings(report, &n);
    g_assert_cmpuint(n, ==, test->readings);
}

/* --- recorded sequences ------------------------------------------------------------------------
 */

typedef struct {
    const char *path;
    const char *address;
    guint first;
    guint last;
} SequenceCase;

static const SequenceCase sequence_cases[] = {
    {"/mbus/script/recorded/2-to-4", "2", 2, 4},
    {"/mbus/script/recorded/5-to-7", "70", 5, 7},
    {"/mbus/script/recorded/8-to-10", "23", 8, 10},
    {"/mbus/script/recorded/11-to-13", "12", 11, 13},
};

static void
test_sequence(gconstpointer data)
{
    const SequenceCase *test = data;
    const char *corpus = g_getenv("NILO_CORPUS_DIR");
    g_autoptr(ScriptLine) line = g_object_new(SCRIPT_TYPE_LINE, NULL);
    g_autoptr(NiloMeter) meter = nilo_mbus_test_meter_new("flat:1", test->address, "");
    g_autoptr(NiloReport) report = NULL;
    gsize n;

    if (corpus == NULL) {
        g_test_skip("NILO_CORPUS_DIR is not set");
        return;
    }
    g_ptr_array_add(line->answers, build_answer("E5"));
    for (guint i = test->first; i <= test->last; i++) {
        g_autofree char *path =
            g_strdup_printf("%s/mbus/multi/wmbusmeters-iem3000-%u.hex", corpus, i);
        g_autofree char *hex = NULL;
        GByteArray *frame = g_byte_array_new();

        g_assert_true(g_file_get_contents(path, &hex, NULL, NULL));
        append_hex(frame, hex);
        g_ptr_array_add(line->answers, frame);
    }
    report = read_script(line, meter, NILO_READ_HISTORY);
    nilo_report_get_readings(report, &n);
    g_test_message("%u telegrams, %" G_GSIZE_FORMAT " readings, %u undecoded", line->next - 1, n,
                   nilo_report_get_undecoded(report));
    g_assert_cmpstr(line->asked->str, ==, "40 7B 5B 7B");
    g_assert_cmpstr(nilo_outcome_get_nick(nilo_report_get_outcome(report)), ==, "ok");
    g_assert_cmpuint(n, >, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(script_cases); i++)
        g_test_add_data_func(script_cases[i].path, &script_cases[i], test_script);
    for (guint i = 0; i < G_N_ELEMENTS(sequence_cases); i++)
        g_test_add_data_func(sequence_cases[i].path, &sequence_cases[i], test_sequence);
    return g_test_run();
}
