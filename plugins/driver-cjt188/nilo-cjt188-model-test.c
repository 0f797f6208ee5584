/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nilo-cjt188-report.h"
#include "nilo-cjt188-test-peer.h"

#define NO_ERROR (-1)

typedef struct {
    const char *path;
    const char *text;
    int error;
    const char *message; /* what it must say */
} ModelCase;

static const ModelCase model_cases[] = {
    {"/cjt188/model/empty", "", NO_ERROR, NULL},
    {"/cjt188/model/whole",
     "[profile]\nname=x\n[status]\nclosed=0x80\n[values]\nunit=L\nvolume-decimals=3\n"
     "[valve]\nopen=0x66\n[clock]\norder=year-first\n[history]\nfirst=0\n",
     NO_ERROR, NULL},
    {"/cjt188/model/unknown-key", "[profile]\nname=x\n\n[status]\nclosde=0x80\n",
     NILO_ERROR_UNKNOWN_KEY, "x.profile:5: unknown key \"closde\" in [status]"},
    {"/cjt188/model/unknown-group", "[profile]\nname=x\n[state]\nclosed=0x80\n",
     NILO_ERROR_UNKNOWN_GROUP, "x.profile:3: unknown group [state]"},
    {"/cjt188/model/key-twice", "[status]\nclosed=0x80\nclosed=0x01\n", NILO_ERROR_DUPLICATE,
     "x.profile:3: closed stands in line 2 already"},
    {"/cjt188/model/group-twice", "[status]\nclosed=0x80\n[status]\nfault=0x01\n",
     NILO_ERROR_DUPLICATE, "x.profile:3: [status] stands in line 1 already"},
    {"/cjt188/model/no-mask", "[status]\nclosed=bit 3\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: closed is \"bit 3\", expected a mask"},
    {"/cjt188/model/mask-too-wide", "[status]\nclosed=0x10000\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: closed"},
    {"/cjt188/model/no-unit", "[values]\nunit=barrel\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: unit is \"barrel\""},
    {"/cjt188/model/too-many-decimals", "[values]\nvolume-decimals=9\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: volume-decimals is \"9\", expected 0 to 8"},
    {"/cjt188/model/no-clock-order", "[clock]\norder=backwards\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: order"},
    {"/cjt188/model/vector-without-hex", "[vector a]\nstatus=leak\n", NILO_ERROR_MISSING_KEY,
     "x.profile:1: [vector a] has no hex="},
    {"/cjt188/model/vector-bad-hex", "[vector a]\nhex=68 1\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: hex"},
    {"/cjt188/model/vector-unknown-key", "[vector a]\nhex=68\nhax=68\n", NILO_ERROR_UNKNOWN_KEY,
     "x.profile:3: unknown key \"hax\""},
    {"/cjt188/model/block",
     "[block days]\nread=gap\nfirst=D300\ncount=62\nper-day=1\nskip-flags=0x07\n"
     "head=own;clock\neach=sequence 2;code;channel 8;digits 4 volume/storage=1;unit;flags;"
     "number 4 battery-voltage -3 V;number 1 reset-counter 0;fact 2 two words;skip 3\n"
     "events=1 one;2 one and one\n",
     NO_ERROR, NULL},
    {"/cjt188/model/block-unknown-key", "[block days]\nfirst=D300\nlast=D33D\n",
     NILO_ERROR_UNKNOWN_KEY, "x.profile:3: unknown key \"last\" in [block days]"},
    {"/cjt188/model/block-without-identifier", "[block days]\neach=flags\n", NILO_ERROR_MISSING_KEY,
     "x.profile:1: [block days] has no first="},
    {"/cjt188/model/block-without-items", "[block days]\nfirst=D300\n", NILO_ERROR_MISSING_KEY,
     "x.profile:1: [block days] has no each="},
    {"/cjt188/model/block-no-identifier", "[block days]\nfirst=days\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: first is \"days\", expected an identifier"},
    {"/cjt188/model/block-no-time", "[block days]\nread=hourly\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: read is \"hourly\", expected history, gap or daily"},
    {"/cjt188/model/block-no-count", "[block days]\ncount=257\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: count is \"257\", expected 1 to 256"},
    {"/cjt188/model/block-no-step", "[block days]\nstep-s=0\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: step-s is \"0\", expected 1 to 86400"},
    {"/cjt188/model/block-no-flags", "[block days]\nskip-flags=256\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: skip-flags"},
    {"/cjt188/model/block-no-event", "[block days]\nevents=1 one;two\n", NILO_ERROR_BAD_VALUE,
     "x.profile:2: events is \"two\", expected a code and its name"},
    {"/cjt188/model/block-above-ffff", "[block days]\nfirst=FFFF\ncount=2\neach=flags\n",
     NILO_ERROR_BAD_VALUE, "x.profile:1: [block days] has more than"},
    {"/cjt188/model/block-too-long", "[block days]\nfirst=D300\nhead=skip 90\neach=skip 8\n",
     NILO_ERROR_BAD_VALUE, "x.profile:1: [block days] has more than"},
    {"/cjt188/model/block-items-too-long", "[block days]\nhead=skip 90;clock;flags\n",
     NILO_ERROR_BAD_VALUE, "x.profile:2: head is \"skip 90;clock;flags\", expected items of 97"},
    {"/cjt188/model/no-keyfile", "what is this", NILO_ERROR_SYNTAX, "x.profile: "},
};

static void
test_model(gconstpointer data)
{
    const ModelCase *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloCjt188Model) model =
        nilo_cjt188_model_new_from_data(c->text, strlen(c->text), "x.profile", &error);

    if (c->error == NO_ERROR) {
        g_assert_no_error(error);
        g_assert_nonnull(model);
        return;
    }
    g_assert_null(model);
    g_assert_error(error, NILO_ERROR, c->error);
    if (!g_str_has_prefix(error->message, c->message))
        g_assert_cmpstr(error->message, ==, c->message);
}

static void
test_values(void)
{
    static const char text[] = "[status]\nclosed=0x80\nvendor=0xff00\n[values]\nunit=L\n"
                               "volume-decimals=3\npurchase-unit=m3\n[valve]\nopen=0x66\n"
                               "[clock]\norder=year-first\n[history]\nfirst=0\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloCjt188Model) model =
        nilo_cjt188_model_new_from_data(text, strlen(text), "x.profile", &error);

    g_assert_no_error(error);
    g_assert_cmphex(model->profile.status_map->closed, ==, 0x80);
    g_assert_cmphex(model->profile.status_map->fault, ==, 0x02);
    g_assert_cmphex(model->vendor, ==, 0xff00);
    g_assert_cmphex(model->profile.assumed_unit_code, ==, 0x29);
    g_assert_cmpint(model->profile.volume_decimals, ==, 3);
    g_assert_cmphex(model->valve_open, ==, 0x66);
    g_assert_cmphex(model->valve_close, ==, 0x99);
    g_assert_cmpint(model->purchase_unit, ==, NILO_UNIT_CUBIC_METRE);
    g_assert_cmpint(model->clock_order, ==, NILO_CJT188_CLOCK_YEAR_FIRST);
    g_assert_cmpuint(model->history_first, ==, 0);
}

static void
test_not_items(void)
{
    static const char *const texts[] = {
        "",
        "x",
        "clock 7",
        "unit 1",
        "skip",
        "skip 0",
        "skip 101",
        "skip 1 2",
        "digits",
        "digits 4",
        "digits 10 volume",
        "digits 4 water",
        "digits 4 volume m3",
        "number 2 volume",
        "number 5 volume -3 m3",
        "number 2 volume -10 m3",
        "number 2 volume x m3",
        "number 2 volume -3 barrel",
        "number 2 water -3 m3",
        "fact",
        "fact 2",
        "fact 5 age",
        "sequence",
        "sequence 5",
        "channel",
        "channel 256",
        "channel 1 2",
        "own 1",
        "code 1",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        NiloCjt188Item item = {0};

        g_test_message("%s", texts[i]);
        g_assert_false(nilo_cjt188_item_parse(texts[i], &item));
        g_assert_null(item.name);
    }
}

static void
test_find_block(void)
{
    static const char text[] = "[block a]\nfirst=D300\ncount=3\neach=flags\n"
                               "[block b]\nfirst=FFFF\neach=flags\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloCjt188Model) model =
        nilo_cjt188_model_new_from_data(text, strlen(text), "x.profile", &error);

    g_assert_no_error(error);
    g_assert_null(nilo_cjt188_model_find_block(model, 0xd2ff));
    g_assert_cmpstr(nilo_cjt188_model_find_block(model, 0xd300)->name, ==, "a");
    g_assert_cmpstr(nilo_cjt188_model_find_block(model, 0xd302)->name, ==, "a");
    g_assert_null(nilo_cjt188_model_find_block(model, 0xd303));
    g_assert_cmpstr(nilo_cjt188_model_find_block(model, 0xffff)->name, ==, "b");
}

static void
test_not_found(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_cjt188_model_load("nobody-has-this", &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(nilo_cjt188_model_load("../../../etc/passwd", &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND);
}

/* --- the telegrams that stand in the profiles ----------------------------------------------------
 */

static void
check_vector(NiloCjt188Model *model, const NiloCjt188Vector *vector)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("cjt188:78330011223344", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    NiloCjt188Report report = {.builder = builder, .model = model, .zone = zone};
    g_autoptr(NiloReport) made = NULL;
    g_autofree char *readings = NULL, *status = NULL, *wanted = NULL, *wanted_status = NULL;
    NiloCjt188Found found;
    NiloCjt188Message message;
    gsize size;
    const guint8 *bytes = g_bytes_get_data(vector->bytes, &size);

    g_test_message("%s: %s", model->name, vector->name);
    g_assert_cmpint(nilo_cjt188_frame_find(bytes, size, &found), ==, NILO_WIRE_OK);
    nilo_cjt188_message_parse(&found.frame, &message);
    nilo_cjt188_report_add(&report, &message);
    made = nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
    readings = nilo_cjt188_test_show_readings(made);
    status = nilo_cjt188_test_show_status(nilo_report_get_status(made));
    wanted = vector->readings != NULL ? g_strjoinv("; ", vector->readings) : g_strdup("");
    wanted_status = vector->statuses != NULL ? g_strjoinv(" ", vector->statuses) : g_strdup("");
    g_assert_cmpstr(readings, ==, wanted);
    g_assert_cmpstr(status, ==, wanted_status);
}

static void
test_profiles(void)
{
    const char *folder = g_getenv("NILO_CJT188_PROFILES");
    g_autoptr(GDir) dir = g_dir_open(folder != NULL ? folder : NILO_CJT188_TEST_PROFILES, 0, NULL);
    guint n_profiles = 0;
    const char *file;

    g_assert_nonnull(dir);
    while ((file = g_dir_read_name(dir)) != NULL) {
        g_autofree char *name = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(NiloCjt188Model) model = NULL;

        if (!g_str_has_suffix(file, ".profile"))
            continue;
        name = g_strndup(file, strlen(file) - strlen(".profile"));
        model = nilo_cjt188_model_load(name, &error);
        g_assert_no_error(error);
        g_assert_nonnull(model->description);
        g_assert_cmpuint(model->vectors->len, >, 0);
        for (guint i = 0; i < model->vectors->len; i++)
            check_vector(model, g_ptr_array_index(model->vectors, i));
        n_profiles++;
    }
    g_assert_cmpuint(n_profiles, >=, 3);
}

int
main(int argc, char **argv)
{
    g_setenv("NILO_CJT188_PROFILES", NILO_CJT188_TEST_PROFILES, FALSE);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(model_cases); i++)
        g_test_add_data_func(model_cases[i].path, &model_cases[i], test_model);
    g_test_add_func("/cjt188/model/values", test_values);
    g_test_add_func("/cjt188/model/not-items", test_not_items);
    g_test_add_func("/cjt188/model/find-block", test_find_block);
    g_test_add_func("/cjt188/model/not-found", test_not_found);
    g_test_add_func("/cjt188/model/profiles", test_profiles);
    return g_test_run();
}
