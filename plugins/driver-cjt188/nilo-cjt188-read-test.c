/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-test-peer.h"

/* answers of a cold water meter as the standard has them: 123456.78 m3, 100000.00 m3 */
#define VOLUMES "78 56 34 12 2C 00 00 00 10 2C"
#define NOON    "00 00 12 22 11 26 20"
#define OPEN    "00 00"
#define GOOD    "FE FE ^ 68 10 @A 81 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"
#define REFUSED "^ 68 10 @A C1 03 @S 04 00 @C 16"

/* a channel of the data collector: its day and hours, one hour not held, one taken too late */
#define COLLECTOR "profile=collector di-order=high-first " SHANGHAI
#define DAY       "^ 68 10 @A 81 10 @D @S 00 00 00 22 11 26 20 00 00 34 12 2C 00 @C 16"
#define HOURS                                                                                      \
    "^ 68 10 @A 81 1F @D @S 00 00 02 22 11 26 20 2C 02 00 34 12 00 FF FF FF FF 04 00 00 34 12 00 " \
    "99 99 33 12 01 @C 16"
#define STATE                                                                                      \
    "^ 68 10 @A 81 24 @D @S 00 00 42 0E 07 00 70 11 01 00 34 12 05 00 FF FF FF FF 00 00 00 00 00 " \
    "00 00 00 00 00 12 22 11 26 20 @C 16"
#define STATE_READINGS    "battery-voltage 3.65 V"
#define STATE_FACTS       "starts: 7; writes of each cell: 70000; closures that were no pulse: 5"
#define EVENT_1           "01 00 01 08 " CLOCK_UNSET "01 00 00 00 "
#define EVENT_2           "02 00 08 00 " NOON " 01 00 00 00 " /* of this meter, channel 0 */
#define EVENT_3           "03 00 08 01 " NOON " 01 00 00 00 " /* of another */
#define EVENT_4           "04 00 63 08 " NOON " 00 00 00 80 "
#define CLOCK_UNSET       "00 00 00 00 00 00 00 "
#define TOLD_1            "event: time not known started, argument 1"
#define TOLD_2            "event: 2026-11-22 12:00:00 magnet, argument 1"
#define TOLD_4            "event: 2026-11-22 12:00:00 code 99, argument 2147483648"

#define STANDARD_READINGS "volume 123456.78 m3; volume/storage=1 100000 m3"
#define SHANGHAI          "zone=Asia/Shanghai"

typedef struct {
    const char *path;
    const char *settings;
    const char *answers[NILO_CJT188_TEST_ANSWERS];
    NiloOutcome outcome;
    const char *asked;
    const char *readings;
    const char *status;
    const char *facts;
    guint flags;
    guint undecoded;
    const char *found;
} ReadCase;

/* clang-format off */
static const ReadCase read_cases[] = {
    {.path = "/cjt188/read/standard", .settings = SHANGHAI, .answers = {GOOD},
     .asked = "01 901F", .readings = STANDARD_READINGS, .status = "valve-open", .facts = ""},

    /* --- frames and what stands around them --- */
    {.path = "/cjt188/read/no-preamble",
     .answers = {"^ 68 10 @A 81 16 @D @S " VOLUMES " 00 00 00 00 00 00 00 " OPEN " @C 16"},
     .asked = "01 901F", .readings = STANDARD_READINGS, .status = "valve-open"},
    {.path = "/cjt188/read/twelve-fe",
     .answers = {"FE FE FE FE FE FE FE FE FE FE FE " GOOD}, .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/junk-in-front", .answers = {"FF 00 FF 68 A5 00 " GOOD},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/zeros-behind", .answers = {GOOD " 00 00"}, .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/echo", .answers = {"@E " GOOD}, .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/echo-only", .settings = "di-order=high-first", .answers = {"@E"},
     .outcome = NILO_OUTCOME_ECHO, .readings = ""},
    {.path = "/cjt188/read/envelope-bd",
     .answers = {"BD 00 11 22 33 44 55 66 81 2F 00 01 B4 " GOOD " 25 16"},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/envelope-aa-55", .answers = {"AA 30 42 00 00 AA 01 02 " GOOD " 81 D6 55"},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/envelope-text",
     .answers = {"43 54 52 4C 3A 26 38 36 " GOOD " 0D 0A"}, .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/bad-checksum", .settings = "di-order=high-first",
     .answers = {"^ 68 10 @A 81 16 @D @S " VOLUMES " " NOON " " OPEN " 08 16"},
     .outcome = NILO_OUTCOME_BAD_CHECKSUM, .readings = ""},
    {.path = "/cjt188/read/bad-checksum-then-good",
     .answers = {"^ 68 10 @A 81 16 @D @S " VOLUMES " " NOON " " OPEN " 08 16 " GOOD},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/cut-short-then-good", .answers = {"68 10 44 33 22 " GOOD},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/noise", .settings = "di-order=high-first", .answers = {"13 37 55 AA 01"},
     .outcome = NILO_OUTCOME_NOISE, .readings = ""},

    /* --- who answers what --- */
    {.path = "/cjt188/read/wrong-meter", .answers =
     {"^ 68 10 45 33 22 11 00 33 78 81 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"},
     .outcome = NILO_OUTCOME_WRONG_METER, .readings = "", .found = "cjt188:78330011223345"},
    {.path = "/cjt188/read/wrong-meter-late-then-good", .answers =
     {"^ 68 10 45 33 22 11 00 33 78 81 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16 " GOOD},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/other-medium-same-address", .answers =
     {"^ 68 30 @A 81 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"},
     .outcome = NILO_OUTCOME_WRONG_METER, .readings = "", .found = "cjt188:78330011223344 (type 30)"},
    {.path = "/cjt188/read/type-differs", .answers =
     {"^ 68 19 @A 81 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"}, .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/type-not-checked", .settings = "type=0", .answers =
     {"^ 68 30 @A 81 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"}, .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/wildcard-address-in-answer", .answers =
     {"^ 68 10 AA AA AA AA AA AA AA 81 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"},
     .outcome = NILO_OUTCOME_WRONG_METER, .readings = ""},
    {.path = "/cjt188/read/late-answer", .settings = "di-order=high-first", .answers =
     {"^ 68 10 @A 81 16 @D @L " VOLUMES " " NOON " " OPEN " @C 16"},
     .outcome = NILO_OUTCOME_NOISE, .readings = "",
     .facts = "late answer: an answer of this meter, but not to this request"},
    {.path = "/cjt188/read/late-answer-then-good", .answers =
     {"^ 68 10 @A 81 16 @D @L 99 99 99 99 2C 00 00 00 10 2C " NOON " " OPEN " @C 16 " GOOD},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/ser-not-echoed", .settings = "ser-check=no", .answers =
     {"^ 68 10 @A 81 16 @D 00 " VOLUMES " " NOON " " OPEN " @C 16"}, .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/other-identifier", .settings = "di-order=high-first", .answers =
     {"^ 68 10 @A 81 08 D1 20 @S 78 56 34 12 2C @C 16"},
     .outcome = NILO_OUTCOME_NOISE, .readings = ""},
    {.path = "/cjt188/read/other-function", .settings = "di-order=high-first", .answers =
     {"^ 68 10 @A 84 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"},
     .outcome = NILO_OUTCOME_NOISE, .readings = ""},
    {.path = "/cjt188/read/too-short-payload", .settings = "di-order=high-first", .answers =
     {"^ 68 10 @A 81 07 @D @S 78 56 34 12 @C 16"},
     .outcome = NILO_OUTCOME_NOISE, .readings = ""},
    {.path = "/cjt188/read/other-masters-request", .answers =
     {"^ 68 10 45 33 22 11 00 33 78 01 03 90 1F 00 @C 16 " GOOD}, .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/collector-answers", .settings = "answers-as=99990000000001", .answers =
     {"^ 68 10 01 00 00 00 00 99 99 81 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/abnormal", .settings = "di-order=high-first", .answers = {REFUSED},
     .outcome = NILO_OUTCOME_ERROR_ANSWER, .readings = "",
     .facts = "refusal: 901F, status 04 00"},
    {.path = "/cjt188/read/abnormal-with-di", .settings = "di-order=high-first", .answers =
     {"^ 68 10 @A C1 04 @D @S 02 @C 16"}, .outcome = NILO_OUTCOME_ERROR_ANSWER, .readings = "",
     .facts = "refusal: 901F, code 02"},
    {.path = "/cjt188/read/abnormal-late", .settings = "di-order=high-first", .answers =
     {"^ 68 10 @A C1 03 @L 04 00 @C 16 " GOOD}, .readings = STANDARD_READINGS},

    /* --- the order of the identifier's bytes --- */
    {.path = "/cjt188/read/order/low-first-found", .answers = {"", GOOD},
     .asked = "01 901F; 01 1F90", .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/order/refused-then-found", .answers = {REFUSED, GOOD},
     .asked = "01 901F; 01 1F90", .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/order/answered-the-other-way", .answers =
     {"^ 68 10 @A 81 16 @d @S " VOLUMES " " NOON " " OPEN " @C 16"},
     .asked = "01 901F", .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/order/2018-first", .settings = "edition=2018", .answers = {GOOD},
     .asked = "01 1F90", .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/order/fixed", .settings = "di-order=low-first", .answers = {"", GOOD},
     .outcome = NILO_OUTCOME_SILENT, .asked = "01 1F90", .readings = ""},
    {.path = "/cjt188/read/order/dead", .answers = {"", ""}, .outcome = NILO_OUTCOME_SILENT,
     .asked = "01 901F; 01 1F90", .readings = ""},

    /* --- what stands in the answer --- */
    {.path = "/cjt188/read/short-answer",
     .answers = {"^ 68 10 @A 81 09 @D @S 78 56 34 12 00 FF @C 16"}, .undecoded = 1,
     .outcome = NILO_OUTCOME_UNSUPPORTED, .readings = "", .status = "valve-open"},
    {.path = "/cjt188/read/fields-ff",
     .answers = {"^ 68 10 @A 81 16 @D @S 78 56 34 12 2C FF FF FF FF FF FF FF FF FF FF FF FF FF FF @C 16"},
     .readings = "volume 123456.78 m3", .status = "", .facts = ""},
    {.path = "/cjt188/read/clock-zero",
     .answers = {"^ 68 10 @A 81 16 @D @S " VOLUMES " 00 00 00 00 00 00 00 00 00 @C 16"},
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/unit-litres",
     .answers = {"^ 68 10 @A 81 16 @D @S 78 56 34 12 29 00 00 00 10 29 " NOON " " OPEN " @C 16"},
     .readings = "volume 123.45678 m3; volume/storage=1 100 m3"},
    {.path = "/cjt188/read/unit-unknown",
     .answers = {"^ 68 10 @A 81 16 @D @S 17 72 00 00 00 00 00 00 00 00 " NOON " " OPEN " @C 16"},
     .outcome = NILO_OUTCOME_UNSUPPORTED, .readings = "", .undecoded = 2,
     .facts = "current: 72.17 code 00; settlement_day: 0.00 code 00"},
    {.path = "/cjt188/read/unit-of-something-else",
     .answers = {"^ 68 10 @A 81 16 @D @S 17 72 00 00 35 00 00 00 10 2C " NOON " " OPEN " @C 16"},
     .readings = "volume/storage=1 100000 m3", .undecoded = 1},
    {.path = "/cjt188/read/no-decimal-digits",
     .answers = {"^ 68 10 @A 81 16 @D @S 7A 56 34 12 2C 00 00 00 10 2C " NOON " " OPEN " @C 16"},
     .readings = "volume invalid; volume/storage=1 100000 m3"},
    {.path = "/cjt188/read/battery-low-valve-closed",
     .answers = {"^ 68 10 @A 81 16 @D @S " VOLUMES " " NOON " 05 00 @C 16"},
     .readings = STANDARD_READINGS, .status = "battery-low valve-closed"},
    {.path = "/cjt188/read/valve-fault",
     .answers = {"^ 68 10 @A 81 16 @D @S " VOLUMES " " NOON " 03 00 @C 16"},
     .readings = STANDARD_READINGS, .status = "valve-fault"},
    {.path = "/cjt188/read/heat", .settings = "type=20", .answers =
     {"FE FE ^ 68 25 @A 81 2E @D @S 10 00 00 00 05 05 03 00 00 05 00 00 00 00 17 00 00 00 00 35 "
      "27 00 00 00 2C 60 14 00 74 14 00 46 54 00 " NOON " 00 00 @C 16"},
     .readings = "energy/storage=1 100 Wh; energy 3050 Wh; power 0 W; volume-flow 0 m3/h; "
                 "volume 0.27 m3; flow-temperature 14.6 C; return-temperature 14.74 C; "
                 "operating-time 5446 h"},
    {.path = "/cjt188/read/report-a1", .answers =
     {"^ 68 10 @A A1 1D @D @S 2C 00 01 00 00 2C 00 00 00 00 35 00 00 00 00 41 20 14 16 12 19 20 40 "
      "21 00 02 @C 16"},
     .readings = "volume 1 m3; volume/storage=1 0 m3; volume-flow 0 m3/h"},

    {.path = "/cjt188/read/more-frames-2018", .settings = "edition=2018", .answers =
     {"^ 68 10 @A A1 16 @D @S " VOLUMES " " NOON " " OPEN " @C 16"},
     .outcome = NILO_OUTCOME_INCOMPLETE, .readings = STANDARD_READINGS,
     .facts = "more frames: announced, not asked for"},

    /* --- history and purchases --- */
    {.path = "/cjt188/read/history", .settings = SHANGHAI " history-months=2",
     .flags = NILO_READ_HISTORY,
     .answers = {GOOD, "^ 68 10 @A 81 04 @D @S 25 @C 16",
                 "^ 68 10 @A 81 08 @D @S 00 00 90 09 2C @C 16",
                 "^ 68 10 @A 81 08 @D @S 00 00 80 08 2C @C 16"},
     .asked = "01 901F; 01 8103; 01 D120; 01 D121",
     .readings = STANDARD_READINGS "; settlement-day 25; "
                 "volume/storage=2 99000 m3 at 2026-09-24T16:00:00Z; "
                 "volume/storage=3 88000 m3 at 2026-08-24T16:00:00Z"},
    {.path = "/cjt188/read/history/day-31-in-short-months", .settings = SHANGHAI " history-months=1",
     .flags = NILO_READ_HISTORY,
     .answers = {GOOD, "^ 68 10 @A 81 04 @D @S 31 @C 16",
                 "^ 68 10 @A 81 08 @D @S 00 00 90 09 2C @C 16"},
     .readings = STANDARD_READINGS "; settlement-day 31; "
                 "volume/storage=2 99000 m3 at 2026-09-29T16:00:00Z"},
    {.path = "/cjt188/read/history/refused", .flags = NILO_READ_HISTORY,
     .answers = {GOOD, REFUSED, REFUSED}, .asked = "01 901F; 01 8103; 01 D120",
     .readings = STANDARD_READINGS},
    {.path = "/cjt188/read/history/breaks-off", .flags = NILO_READ_HISTORY,
     .answers = {GOOD, REFUSED, "^ 68 10 @A 81 08 @D @S 00 00 90 09 2C @C 16", ""},
     .outcome = NILO_OUTCOME_INCOMPLETE, .asked = "01 901F; 01 8103; 01 D120; 01 D121",
     .readings = STANDARD_READINGS "; volume/storage=2 99000 m3"},
    {.path = "/cjt188/read/history/freezes-raw", .settings = "edition=2018 history-months=1",
     .flags = NILO_READ_HISTORY,
     .answers = {GOOD, REFUSED, "^ 68 10 @A 81 08 @D @S 00 00 90 09 2C @C 16",
                 "^ 68 10 @A 81 05 @D @S 01 02 @C 16", REFUSED, REFUSED},
     .asked = "01 1F90; 01 0381; 01 20D1; 01 00D3; 01 01D3; 01 00D4", .undecoded = 1,
     .readings = STANDARD_READINGS "; volume/storage=2 99000 m3", .facts = "freeze D300: 01 02"},
    /* --- what a profile says about a model's own identifiers --- */
    {.path = "/cjt188/read/block/daily", .settings = COLLECTOR,
     .answers = {GOOD, STATE, "^ 68 10 @A 81 31 @D @S 00 " EVENT_4 EVENT_3 EVENT_2 "@C 16"},
     .asked = "01 901F; 01 D700; 01 D710", .readings = STANDARD_READINGS "; " STATE_READINGS,
     .facts = STATE_FACTS "; " TOLD_4 "; " TOLD_2, .status = ""},
    {.path = "/cjt188/read/block/trouble", .settings = COLLECTOR,
     .answers = {"^ 68 10 @A 81 16 @D @S " VOLUMES " " NOON " 04 25 @C 16", REFUSED, REFUSED},
     .asked = "01 901F; 01 D700; 01 D710", .readings = STANDARD_READINGS,
     .facts = "status: ST0=04 ST1=25 valve=unknown battery=low", .status = "battery-low permanent-error tamper vendor"},
    {.path = "/cjt188/read/block/history",
     .settings = COLLECTOR " history-months=1 history-days=1", .flags = NILO_READ_HISTORY,
     .answers = {GOOD, REFUSED, REFUSED,
                 "^ 68 10 @A 81 10 @D @S 00 00 00 01 11 26 20 99 99 33 12 2C 00 @C 16", DAY,
                 REFUSED, REFUSED, HOURS, REFUSED, STATE,
                 "^ 68 10 @A 81 22 @D @S 00 " EVENT_2 EVENT_1 "@C 16", REFUSED, REFUSED},
     .asked = "01 901F; 01 8103; 01 D120; 01 D200; 01 D300; 01 D400; 01 D401; 01 D500; 01 D501; "
              "01 D700; 01 D710; 01 D711; 01 D712",
     .readings = STANDARD_READINGS "; volume 123399.99 m3 at 2026-10-31T16:00:00Z; "
                 "volume 123400 m3 at 2026-11-21T16:00:00Z; "
                 "volume 123400.02 m3 at 2026-11-21T18:00:00Z; " STATE_READINGS,
     .facts = STATE_FACTS "; " TOLD_2 "; " TOLD_1},
    {.path = "/cjt188/read/block/hole",
     .settings = COLLECTOR " history-months=0 history-days=3", .flags = NILO_READ_HISTORY,
     .answers = {GOOD, REFUSED, REFUSED, DAY, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED,
                 REFUSED},
     .asked = "01 901F; 01 8103; 01 D300; 01 D301; 01 D302; 01 D400; 01 D401; 01 D500; 01 D501; "
              "01 D700; 01 D710; 01 D711",
     .readings = STANDARD_READINGS "; volume 123400 m3 at 2026-11-21T16:00:00Z"},
    {.path = "/cjt188/read/block/breaks-off", .settings = COLLECTOR,
     .answers = {GOOD, STATE, ""}, .outcome = NILO_OUTCOME_INCOMPLETE,
     .asked = "01 901F; 01 D700; 01 D710", .readings = STANDARD_READINGS "; " STATE_READINGS},
    {.path = "/cjt188/read/block/other-length", .settings = COLLECTOR,
     .answers = {GOOD, "^ 68 10 @A 81 05 @D @S 01 02 @C 16", REFUSED}, .undecoded = 1,
     .readings = STANDARD_READINGS, .facts = "state D700: 01 02"},
    {.path = "/cjt188/read/block/clock-is-off",
     .settings = COLLECTOR " history-months=0 history-days=1", .flags = NILO_READ_HISTORY,
     .answers = {"^ 68 10 @A 81 16 @D @S " VOLUMES " 00 00 12 24 11 26 20 " OPEN " @C 16", REFUSED,
                 DAY, REFUSED, REFUSED, HOURS, REFUSED, REFUSED, REFUSED, REFUSED},
     .readings = STANDARD_READINGS, .undecoded = 3},
    {.path = "/cjt188/read/block/not-digits",
     .settings = COLLECTOR " history-months=0 history-days=1", .flags = NILO_READ_HISTORY,
     .answers = {GOOD, REFUSED,
                 "^ 68 10 @A 81 10 @D @S 00 00 00 22 11 26 20 0A 00 34 12 2C 00 @C 16", REFUSED,
                 REFUSED, "^ 68 10 @A 81 10 @D @S 00 00 02 22 11 26 20 35 02 00 34 12 00 @C 16",
                 REFUSED, REFUSED, REFUSED, REFUSED},
     .readings = STANDARD_READINGS "; volume invalid at 2026-11-21T16:00:00Z", .undecoded = 1},
    {.path = "/cjt188/read/purchase", .flags = NILO_READ_PURCHASE, .settings = SHANGHAI,
     .answers = {GOOD, "^ 68 10 @A 81 04 @D @S 01 @C 16",
                 "^ 68 10 @A 81 12 @D @S 07 00 50 00 00 00 00 02 00 34 12 00 00 01 00 @C 16",
                 "^ 68 10 @A 81 12 @D @S 50 02 00 15 00 00 00 03 00 30 00 00 50 04 00 @C 16",
                 REFUSED},
     .asked = "01 901F; 01 8103; 01 8105; 01 8102; 01 8104",
     .readings = STANDARD_READINGS "; settlement-day 1; purchase-number 7; "
                 "last-purchase 50 currency; total-purchased 200 currency; "
                 "purchase-remaining 12.34 currency; price/tariff=1 2.5 currency/m3; "
                 "price-step-volume/tariff=1 15 m3; price/tariff=2 3 currency/m3; "
                 "price-step-volume/tariff=2 30 m3; price/tariff=3 4.5 currency/m3"},
};
/* clang-format on */

static void
test_read(gconstpointer data)
{
    const ReadCase *c = data;
    NiloCjt188TestPeer peer;
    NiloOutcome outcome = NILO_OUTCOME_OK;
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloReport) report = NULL;
    g_autofree char *asked = NULL, *readings = NULL, *facts = NULL, *status = NULL;

    nilo_cjt188_test_peer_init(&peer, c->settings, c->answers, G_N_ELEMENTS(c->answers));
    g_assert_true(nilo_driver_read(peer.driver, peer.meter, c->flags, NILO_CHANNEL(peer.channel),
                                   peer.builder, &outcome, NULL, &error));
    g_assert_no_error(error);
    report = nilo_report_builder_finish(peer.builder, outcome);
    asked = nilo_cjt188_test_channel_take_asked(peer.channel);
    readings = nilo_cjt188_test_show_readings(report);
    facts = nilo_cjt188_test_show_facts(report);
    status = nilo_cjt188_test_show_status(nilo_report_get_status(report));
    g_assert_cmpstr(readings, ==, c->readings);
    g_assert_cmpstr(nilo_outcome_get_nick(outcome), ==, nilo_outcome_get_nick(c->outcome));
    g_assert_cmpuint(nilo_report_get_undecoded(report), ==, c->undecoded);
    g_assert_cmpstr(nilo_report_get_found(report), ==,
                    c->found != NULL || outcome != NILO_OUTCOME_WRONG_METER
                        ? c->found
                        : nilo_report_get_found(report));
    if (c->asked != NULL)
        g_assert_cmpstr(asked, ==, c->asked);
    if (c->facts != NULL)
        g_assert_cmpstr(facts, ==, c->facts);
    if (c->status != NULL)
        g_assert_cmpstr(status, ==, c->status);
    nilo_cjt188_test_peer_clear(&peer);
}

/* --- what is remembered from one reading to the next ---------------------------------------------
 */

typedef struct {
    guint after_s;
    NiloOutcome outcome;
    const char *asked;
    const char *readings;
    const char *facts;
    guint flags;
} Round;

typedef struct {
    const char *path;
    const char *settings;
    const char *answers[NILO_CJT188_TEST_ANSWERS]; /* to all rounds */
    Round rounds[6];
} RoundsCase;

/* clang-format off */
#define EVENTS(list, length) "^ 68 10 @A 81 " length " @D @S 00 " list "@C 16"

static const RoundsCase rounds_cases[] = {
    /* once a day, and of the events only what is new */
    {.path = "/cjt188/read/rounds/daily", .settings = COLLECTOR,
     .answers = {GOOD, STATE, EVENTS(EVENT_2 EVENT_1, "22"), GOOD, GOOD, REFUSED, REFUSED, STATE,
                 EVENTS(EVENT_4 EVENT_3, "22"), EVENTS(EVENT_2 EVENT_1, "22"), GOOD, REFUSED,
                 REFUSED, REFUSED, REFUSED, STATE, EVENTS(EVENT_4 EVENT_3, "22")},
     .rounds = {{0, NILO_OUTCOME_OK, "01 901F; 01 D700; 01 D710",
                 STANDARD_READINGS "; " STATE_READINGS, STATE_FACTS "; " TOLD_2 "; " TOLD_1},
                {3600, NILO_OUTCOME_OK, "01 901F", STANDARD_READINGS, ""},
                {39600, NILO_OUTCOME_OK, "01 901F; 01 D300; 01 D500; 01 D700; 01 D710; 01 D711",
                 STANDARD_READINGS "; " STATE_READINGS, STATE_FACTS "; " TOLD_4},
                {86400, NILO_OUTCOME_OK,
                 "01 901F; 01 D300; 01 D301; 01 D500; 01 D501; 01 D700; 01 D710",
                 STANDARD_READINGS "; " STATE_READINGS, STATE_FACTS}}},
    /* a log that is shorter than what was told has begun anew */
    {.path = "/cjt188/read/rounds/log-begun-anew", .settings = COLLECTOR,
     .answers = {GOOD, REFUSED, EVENTS(EVENT_4, "13"), GOOD, REFUSED, REFUSED, REFUSED, REFUSED,
                 REFUSED, EVENTS(EVENT_1, "13"), REFUSED, REFUSED},
     .rounds = {{0, NILO_OUTCOME_OK, NULL, STANDARD_READINGS, TOLD_4},
                {86400, NILO_OUTCOME_OK, "01 901F; 01 D300; 01 D301; 01 D500; 01 D501; 01 D700; "
                 "01 D710; 01 D711; 01 D712", STANDARD_READINGS, TOLD_1}}},
    /* the whole log, once */
    {.path = "/cjt188/read/rounds/history-of-events",
     .settings = COLLECTOR " history-months=0 history-days=0",
     .answers = {GOOD, REFUSED, EVENTS(EVENT_4, "13"),
                 GOOD, REFUSED, REFUSED, REFUSED, REFUSED, EVENTS(EVENT_4, "13"),
                 EVENTS(EVENT_3 EVENT_2 EVENT_1, "31"), REFUSED, REFUSED,
                 GOOD, REFUSED, REFUSED, REFUSED, REFUSED, EVENTS(EVENT_4, "13")},
     .rounds = {{0, NILO_OUTCOME_OK, NULL, STANDARD_READINGS, TOLD_4},
                {3600, NILO_OUTCOME_OK,
                 "01 901F; 01 8103; 01 D400; 01 D401; 01 D700; 01 D710; 01 D711; 01 D712; 01 D713",
                 STANDARD_READINGS, TOLD_4 "; " TOLD_2 "; " TOLD_1, NILO_READ_HISTORY},
                {3600, NILO_OUTCOME_OK, "01 901F; 01 8103; 01 D400; 01 D401; 01 D700; 01 D710",
                 STANDARD_READINGS, "", NILO_READ_HISTORY}}},
    /* five hours of silence: read back as far as that, and no further */
    {.path = "/cjt188/read/rounds/gap", .settings = COLLECTOR,
     .answers = {GOOD, REFUSED, REFUSED, "", GOOD, DAY, HOURS, GOOD},
     .rounds = {{0, NILO_OUTCOME_OK, NULL, STANDARD_READINGS, ""},
                {3600, NILO_OUTCOME_SILENT, "01 901F", "", ""},
                {14400, NILO_OUTCOME_OK, "01 901F; 01 D300; 01 D500",
                 STANDARD_READINGS "; volume 123400 m3 at 2026-11-21T16:00:00Z; "
                 "volume 123400.02 m3 at 2026-11-21T18:00:00Z", ""},
                {3600, NILO_OUTCOME_OK, "01 901F", STANDARD_READINGS, ""}}},
    /* nobody asked: two hours are usual, more is a gap too */
    {.path = "/cjt188/read/rounds/not-read", .settings = COLLECTOR,
     .answers = {GOOD, REFUSED, REFUSED, GOOD, GOOD, DAY, HOURS},
     .rounds = {{0, NILO_OUTCOME_OK, NULL, STANDARD_READINGS, ""},
                {7200, NILO_OUTCOME_OK, "01 901F", STANDARD_READINGS, ""},
                {7201, NILO_OUTCOME_OK, "01 901F; 01 D300; 01 D500",
                 STANDARD_READINGS "; volume 123400 m3 at 2026-11-21T16:00:00Z; "
                 "volume 123400.02 m3 at 2026-11-21T18:00:00Z", ""}}},
    /* what broke off is read again */
    {.path = "/cjt188/read/rounds/gap-broken-off", .settings = COLLECTOR,
     .answers = {GOOD, REFUSED, REFUSED, "", GOOD, DAY, "", GOOD, DAY, HOURS},
     .rounds = {{0, NILO_OUTCOME_OK, NULL, STANDARD_READINGS, ""},
                {3600, NILO_OUTCOME_SILENT, "01 901F", "", ""},
                {3600, NILO_OUTCOME_INCOMPLETE, "01 901F; 01 D300; 01 D500",
                 STANDARD_READINGS "; volume 123400 m3 at 2026-11-21T16:00:00Z", ""},
                {3600, NILO_OUTCOME_OK, "01 901F; 01 D300; 01 D500",
                 STANDARD_READINGS "; volume 123400 m3 at 2026-11-21T16:00:00Z; "
                 "volume 123400.02 m3 at 2026-11-21T18:00:00Z", ""}}},
};
/* clang-format on */

static void
run_round(NiloCjt188TestPeer *peer, const Round *round)
{
    NiloOutcome outcome = NILO_OUTCOME_OK;
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloReport) report = NULL;
    g_autofree char *asked = NULL, *readings = NULL, *facts = NULL;

    nilo_fake_clock_advance(NILO_FAKE_CLOCK(peer->clock), round->after_s * (gint64)G_USEC_PER_SEC);
    g_assert_true(nilo_driver_read(peer->driver, peer->meter, round->flags,
                                   NILO_CHANNEL(peer->channel), peer->builder, &outcome, NULL,
                                   &error));
    g_assert_no_error(error);
    report = nilo_report_builder_finish(peer->builder, outcome);
    asked = nilo_cjt188_test_channel_take_asked(peer->channel);
    readings = nilo_cjt188_test_show_readings(report);
    facts = nilo_cjt188_test_show_facts(report);
    if (round->asked != NULL)
        g_assert_cmpstr(asked, ==, round->asked);
    g_assert_cmpstr(readings, ==, round->readings);
    g_assert_cmpstr(facts, ==, round->facts);
    g_assert_cmpstr(nilo_outcome_get_nick(outcome), ==, nilo_outcome_get_nick(round->outcome));
}

static void
test_rounds(gconstpointer data)
{
    const RoundsCase *c = data;
    NiloCjt188TestPeer peer;

    nilo_cjt188_test_peer_init(&peer, c->settings, c->answers, G_N_ELEMENTS(c->answers));
    for (guint i = 0; i < G_N_ELEMENTS(c->rounds) && c->rounds[i].readings != NULL; i++)
        run_round(&peer, &c->rounds[i]);
    nilo_cjt188_test_peer_clear(&peer);
}

int
main(int argc, char **argv)
{
    g_setenv("NILO_CJT188_PROFILES", NILO_CJT188_TEST_PROFILES, FALSE);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rounds_cases); i++)
        g_test_add_data_func(rounds_cases[i].path, &rounds_cases[i], test_rounds);
    for (guint i = 0; i < G_N_ELEMENTS(read_cases); i++)
        g_test_add_data_func(read_cases[i].path, &read_cases[i], test_read);
    return g_test_run();
}
