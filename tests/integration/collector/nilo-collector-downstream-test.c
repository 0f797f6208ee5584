/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Direct-reading meters behind collectors: a collector polls M-Bus and CJ/T 188 meters on its own
 * line, and nilometerd reads from the collector what it has stored of them, beside a contact. Time
 * stands still in the building, so that every value has but one that is right.
 */
#include <string.h>

#include "nilo-daemon-process.h"
#include "nilo-lab-collector.h"

#define DEADLINE_S   240
#define PATIENCE_US  (60 * G_USEC_PER_SEC)
#define CHANNEL_KIND "NLM.01.16"
#define BOARD        "mbus:26050000.NLM.01.0E"
#define POLL_S       "5"
#define OLD_AFTER_S  15 /* three polls */
#define FIRST_TIME   "2026-03-15T10:30:00Z"
#define NEXT_TIME    "2026-03-16T10:30:00Z"
#define NOISE_PPM    20000
#define FLIPS        10
#define N_PULSES     4
/* an odd value is taken when three polls have brought it, of two readouts each */
#define READOUTS_OF_ODD 6

/* two lines to the concentrator, and behind each collector one to its meters */
#define ESTATE                                                                                     \
    "[estate]\nseed=11\nspeedup=0\ntime=" FIRST_TIME "\n"                                          \
    "[bus riser]\nkind=mbus\nspeed=9600\nlink=riser\n"                                             \
    "[bus line]\nkind=rs485\nspeed=9600\nlink=line\n"                                              \
    "[bus flat]\nkind=mbus\nspeed=2400\n"                                                          \
    "[bus hall]\nkind=rs485\nspeed=4800\n"                                                         \
    "[meter encoder]\nbus=flat\nprotocol=mbus-primary\naddress=5\nid=26010001\n"                   \
    "daily-litres=300\nflat-spread-percent=0\nstart-litres=12345\n"                                \
    "[meter camera]\nbus=flat\nprotocol=cjt188\nid=33010026030001\n"                               \
    "daily-litres=0\nstart-litres=98760\n"                                                         \
    "[meter nameless]\nbus=flat\nprotocol=mbus-primary\naddress=7\nid=26010002\n"                  \
    "daily-litres=0\nstart-litres=45678\n"                                                         \
    "[meter selected]\nbus=hall\nprotocol=mbus-secondary\nid=26010003\n"                           \
    "daily-litres=0\nstart-litres=654320\n"                                                        \
    "[meter eye]\nbus=hall\nprotocol=cjt188\nid=33010026030002\n"                                  \
    "daily-litres=0\nstart-litres=7650\n"                                                          \
    "[collector east]\nbus=riser\nport=%s\nfirst-id=33010026050001\nfirst-address=1\n"             \
    "channels=4\nmeters-bus=flat\nreads=encoder;camera;;nameless\n"                                \
    "settings=meters-poll-s=" POLL_S ";meter-number.3=07ffffffffffff\n"                            \
    "hold-ms=200\nfilter-ms=60\ndaily-litres=0\nstart-litres=12340\n"                              \
    "[collector west]\nbus=line\nport=%s\nfirst-id=33010026060001\n"                               \
    "channels=3\nmeters-bus=hall\nreads=selected;eye\nsettings=meters-poll-s=" POLL_S "\n"         \
    "hold-ms=200\nfilter-ms=60\ndaily-litres=0\nstart-litres=567890\n"

#define CONFIG                                                                                     \
    "[site]\nzone=Asia/Shanghai\n"                                                                 \
    "[journal]\nsize-max-bytes=4194304\nsegment-bytes=262144\n"                                    \
    "[bus riser]\ntransport=mbus\ndriver=mbus\nport=@LAB@/riser\nspeed-baud=9600\n"                \
    "answer-extra-ms=500\ntries=4\n"                                                               \
    "[bus line]\ntransport=rs485\ndriver=cjt188\nport=@LAB@/line\nspeed-baud=9600\n"               \
    "answer-extra-ms=500\ntries=4\n"

#define EAST(n) "mbus:2605000" #n "." CHANNEL_KIND
#define WEST(n) "cjt188:3301002606000" #n

typedef enum {
    ENCODER,
    CAMERA,
    EAST_CONTACT,
    NAMELESS,
    SELECTED,
    EYE,
    WEST_CONTACT,
    N_PLACES,
} Which;

/* a channel: what the daemon and the lab call it */
typedef struct {
    const char *id;
    const char *truth; /* to the lab */
    gboolean is_contact;
} Place;

static const Place places[N_PLACES] = {
    [ENCODER] = {EAST(1), "truth 26050001", FALSE},
    [CAMERA] = {EAST(2), "truth 26050002", FALSE},
    [EAST_CONTACT] = {EAST(3), "truth 26050003", TRUE},
    [NAMELESS] = {EAST(4), "truth 26050004", FALSE},
    [SELECTED] = {WEST(1), "truth 33010026060001", FALSE},
    [EYE] = {WEST(2), "truth 33010026060002", FALSE},
    [WEST_CONTACT] = {WEST(3), "truth 33010026060003", TRUE},
};

/* what a report may say */
typedef struct {
    gint64 before_ml; /* as long as @now_ml was not seen */
    gint64 now_ml;
    gboolean is_seen;
} Right;

/* what it says */
typedef struct {
    gboolean has_volume;
    gint64 volume_ml;
    gint64 age_s; /* -1: it does not say */
    gboolean is_old;
} Told;

typedef struct {
    NiloDaemonProcess *process;
    Right right[N_PLACES];
} Building;

/* --- a building with two collectors ------------------------------------------------------------
 */

static char *
list_meters(void)
{
    GString *text = g_string_new("[meter " BOARD "]\nbus=riser\nprofile=collector-board\n");

    for (guint i = 0; i < N_PLACES; i++) {
        const gboolean is_mbus = g_str_has_prefix(places[i].id, "mbus:");

        g_string_append_printf(text, "[meter %s]\nprofile=collector\nbus=%s\n", places[i].id,
                               is_mbus ? "riser" : "line");
        if (is_mbus)
            g_string_append_printf(text, "address=%u\n", i - ENCODER + 1);
    }
    return g_string_free(text, FALSE);
}

/* whole litres are told */
static gint64
get_truth_ml(Building *building, Which which)
{
    const gint64 ml =
        nilo_daemon_process_lab_number(building->process, places[which].truth, "volume_ml");

    return ml / 1000 * 1000;
}

static void
building_init(Building *building, NiloLabCollectorPort port)
{
    const char *name = port == NILO_LAB_COLLECTOR_QEMU ? "qemu" : "host";
    g_autofree char *estate = g_strdup_printf(ESTATE, name, name);
    g_autofree char *meters = list_meters();

    building->process = nilo_daemon_process_new(estate, DEADLINE_S);
    nilo_daemon_process_configure(building->process, "nilometer.conf", CONFIG);
    nilo_daemon_process_configure(building->process, "meters.d/building.conf", meters);
    nilo_daemon_process_start(building->process);
    for (guint i = 0; i < N_PLACES; i++) {
        const gint64 ml = get_truth_ml(building, i);

        building->right[i] = (Right){ml, ml, TRUE};
    }
}

static void
building_clear(Building *building)
{
    g_clear_pointer(&building->process, nilo_daemon_process_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Building, building_clear)

/* the truth has changed; a report may still tell the one from before */
static void
expect_news(Building *building, Which which)
{
    Right *right = &building->right[which];

    *right = (Right){right->now_ml, get_truth_ml(building, which), FALSE};
    g_assert_cmpint(right->now_ml, !=, right->before_ml);
}

/* --- reports -----------------------------------------------------------------------------------
 */

static gint64
parse_ml(const char *cubic_metres)
{
    return (gint64)(g_ascii_strtod(cubic_metres, NULL) * 1e6 + 0.5);
}

static void
take_readings(GVariant *report, Told *told)
{
    g_autoptr(GVariantIter) readings = NULL;
    const char *name, *value, *unit, *flags;
    gint64 taken_us;

    g_assert_true(g_variant_lookup(report, "readings", "a(sxsss)", &readings));
    while (g_variant_iter_next(readings, "(&sx&s&s&s)", &name, &taken_us, &value, &unit, &flags)) {
        if (g_str_equal(name, "actuality-duration"))
            told->age_s = g_ascii_strtoll(value, NULL, 10);
        if (!g_str_equal(name, "volume") || strstr(flags, "invalid") != NULL)
            continue;
        told->has_volume = TRUE;
        told->volume_ml = parse_ml(value);
    }
}

/* nothing that is told may be wrong, whatever happens on the wire behind the collector */
static void
check(Building *building, Which which, const Told *told)
{
    Right *right = &building->right[which];
    const gboolean is_between = places[which].is_contact && told->volume_ml > right->before_ml &&
                                told->volume_ml < right->now_ml;

    if (told->volume_ml == right->now_ml)
        right->is_seen = TRUE;
    else if (right->is_seen || (told->volume_ml != right->before_ml && !is_between))
        g_error("%s tells %" G_GINT64_FORMAT " ml, and it was %" G_GINT64_FORMAT
                ", and is %" G_GINT64_FORMAT,
                places[which].id, told->volume_ml, right->before_ml, right->now_ml);
}

static Told
ask(Building *building, Which which)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) report =
        nilo_daemon_process_read(building->process, places[which].id, &error);
    g_autofree const char **status = NULL;
    const char *outcome = "";
    Told told = {.age_s = -1};

    g_assert_no_error(error);
    g_assert_true(g_variant_lookup(report, "outcome", "&s", &outcome));
    g_assert_true(g_variant_lookup(report, "status", "^a&s", &status));
    told.is_old = g_strv_contains(status, "temporary-error");
    take_readings(report, &told);
    if (told.has_volume) {
        g_assert_cmpstr(outcome, ==, "ok");
        check(building, which, &told);
    } else {
        g_assert_true(told.is_old);
    }
    return told;
}

/* asking takes time, and that is all the waiting */
static Told
ask_until(Building *building, Which which, gboolean is_old)
{
    const gint64 end_us = g_get_monotonic_time() + PATIENCE_US;

    while (g_get_monotonic_time() < end_us) {
        const Told told = ask(building, which);

        if (told.has_volume && building->right[which].is_seen && told.is_old == is_old)
            return told;
    }
    g_error("%s does not become %s", places[which].id, is_old ? "old" : "new");
}

static void
ask_all(Building *building)
{
    for (guint i = 0; i < N_PLACES; i++)
        ask(building, i);
}

static void
ask_all_until_new(Building *building)
{
    for (guint i = 0; i < N_PLACES; i++)
        ask_until(building, i, FALSE);
}

/* --- what happens ------------------------------------------------------------------------------
 */

/* M-Bus tells the age itself, to the second */
static void
test_first_values(Building *building)
{
    ask_all_until_new(building);
    for (Which which = ENCODER; which <= NAMELESS; which++) {
        const Told told = ask_until(building, which, FALSE);

        g_assert_cmpint(told.age_s, >=, places[which].is_contact ? -1 : 0);
        g_assert_cmpint(told.age_s, <=, OLD_AFTER_S);
    }
}

static guint
count_readouts(Building *building, const char *meter)
{
    g_autofree char *answer = g_strdup_printf("%s 68", meter);

    return nilo_daemon_process_count_log(building->process, "flat", "out", answer);
}

/* A day's water, a few pulses beside it, and another meter in the place of one whose number the
 * collector was not told. */
static void
test_news(Building *building)
{
    guint readouts;

    g_free(nilo_daemon_process_lab(building->process, "exchange nameless 26019999"));
    readouts = count_readouts(building, "nameless");
    g_free(nilo_daemon_process_lab(building->process, "set-time " NEXT_TIME " 0"));
    expect_news(building, ENCODER);
    expect_news(building, NAMELESS);
    for (Which which = EAST_CONTACT; which < N_PLACES; which += WEST_CONTACT - EAST_CONTACT) {
        building->right[which].now_ml += N_PULSES * 10000;
        building->right[which].is_seen = FALSE;
    }
    g_free(nilo_daemon_process_lab(building->process, "pulse 26050003 %u", N_PULSES));
    g_free(nilo_daemon_process_lab(building->process, "pulse 26060003 %u", N_PULSES));
    ask_until(building, NAMELESS, FALSE);
    g_assert_cmpuint(count_readouts(building, "nameless") - readouts, >=, READOUTS_OF_ODD);
    ask_all_until_new(building);
    g_assert_cmpint(nilo_daemon_process_lab_number(building->process, "truth 26050003",
                                                   "volume_ml"),
                    ==, building->right[EAST_CONTACT].now_ml);
}

static void
test_noise(Building *building)
{
    NiloDaemonProcess *process = building->process;

    g_free(nilo_daemon_process_lab(process, "noise flat %u", NOISE_PPM));
    g_free(nilo_daemon_process_lab(process, "noise hall %u", NOISE_PPM));
    while (nilo_daemon_process_lab_number(process, "stats flat", "flips") < FLIPS ||
           nilo_daemon_process_lab_number(process, "stats hall", "flips") < FLIPS)
        ask_all(building);
    g_free(nilo_daemon_process_lab(process, "noise flat 0"));
    g_free(nilo_daemon_process_lab(process, "noise hall 0"));
    ask_all_until_new(building);
}

/* One that is dead, and one at whose address another answers: what was read of them is told on, and
 * that it is old. The others go on. */
static void
test_gone(Building *building)
{
    Told told;

    g_free(nilo_daemon_process_lab(building->process, "exchange encoder 26019998"));
    g_free(nilo_daemon_process_lab(building->process, "kill-meter eye"));
    told = ask_until(building, ENCODER, TRUE);
    /* a machine that stands still for 4 s has the watchdog bite, and the age is gone */
    if (told.age_s != -1)
        g_assert_cmpint(told.age_s, >=, OLD_AFTER_S / 2);
    ask_until(building, EYE, TRUE);
    for (Which which = CAMERA; which <= SELECTED; which++)
        ask_until(building, which, FALSE);
    ask_until(building, WEST_CONTACT, FALSE);
    ask_until(building, ENCODER, TRUE);
    ask_until(building, EYE, TRUE);
}

/* The power cut takes the ages with it, and leaves the values. */
static void
test_power_cut(Building *building)
{
    static const char *const collectors[] = {"east", "west"};
    Told told;

    for (guint i = 0; i < G_N_ELEMENTS(collectors); i++)
        g_free(nilo_daemon_process_lab(building->process, "cut-power %s", collectors[i]));
    for (guint i = 0; i < G_N_ELEMENTS(collectors); i++)
        g_free(nilo_daemon_process_lab(building->process, "power %s", collectors[i]));
    told = ask_until(building, ENCODER, TRUE);
    g_assert_cmpint(told.age_s, ==, -1);
    g_free(nilo_daemon_process_lab(building->process, "revive eye"));
    for (guint i = 0; i < N_PLACES; i++)
        ask_until(building, i, i == ENCODER);
}

/* Returns: (transfer full): its facts with all that it keeps, one in a line */
static char *
read_facts(Building *building, const char *meter)
{
    static const char with_history[] = "{'history': <true>}";
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL, report = NULL;
    g_autoptr(GVariantIter) facts = NULL;
    GString *text = g_string_new("\n");
    const char *key, *value;

    reply = nilo_daemon_process_call(
        building->process, NILO_TEST_PATH, NILO_TEST_INTERFACE, "ReadMeter",
        g_variant_new("(s@a{sv})", meter, g_variant_new_parsed(with_history)), &error);
    g_assert_no_error(error);
    report = g_variant_get_child_value(reply, 0);
    g_assert_true(g_variant_lookup(report, "facts", "a(ss)", &facts));
    while (g_variant_iter_next(facts, "(&s&s)", &key, &value))
        g_string_append_printf(text, "%s: %s\n", key, value);
    g_test_message("%s", text->str);
    return g_string_free(text, FALSE);
}

static void
test_logs(Building *building)
{
    g_autofree char *board = read_facts(building, BOARD);
    g_autofree char *channel = read_facts(building, places[SELECTED].id);

    g_assert_nonnull(strstr(board, "implausible"));
    g_assert_nonnull(strstr(channel, "age of the volume"));
}

static void
test_downstream(gconstpointer data)
{
    const NiloLabCollectorPort port = (NiloLabCollectorPort)GPOINTER_TO_UINT(data);
    g_autofree char *why_not = nilo_lab_collector_why_not(port);
    g_auto(Building) building = {NULL};

    if (why_not != NULL) {
        g_test_skip(why_not);
        return;
    }
    building_init(&building, port);
    g_test_timer_start();
    test_first_values(&building);
    g_test_message("first values after %.1f s", g_test_timer_elapsed());
    test_news(&building);
    g_test_message("news after %.1f s", g_test_timer_elapsed());
    test_noise(&building);
    g_test_message("noise is over after %.1f s", g_test_timer_elapsed());
    test_gone(&building);
    g_test_message("two are gone after %.1f s", g_test_timer_elapsed());
    test_power_cut(&building);
    g_test_message("the power is back after %.1f s", g_test_timer_elapsed());
    test_logs(&building);
    g_test_message("logs after %.1f s", g_test_timer_elapsed());
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/collector/downstream/host", GUINT_TO_POINTER(NILO_LAB_COLLECTOR_HOST),
                         test_downstream);
    g_test_add_data_func("/collector/downstream/qemu", GUINT_TO_POINTER(NILO_LAB_COLLECTOR_QEMU),
                         test_downstream);
    return g_test_run();
}
