/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-test-peer.h"

#define NO_ERROR (-1)

#define CURRENT(clock, status)                                                                     \
    "^ 68 10 @A 81 16 @D @S 78 56 34 12 2C 00 00 00 10 2C " clock " " status " @C 16"
#define ZERO         "00 00 00 00 00 00 00"
#define IS_OPEN      CURRENT(ZERO, "00 00")
#define IS_SHUT      CURRENT(ZERO, "01 00")
#define IS_STUCK     CURRENT(ZERO, "03 00")
#define DONE         "^ 68 10 @A 84 03 @D @S @C 16"
#define DONE_STATUS  "^ 68 10 @A 84 05 @D @S 00 00 @C 16"
#define REFUSED      "^ 68 10 @A C4 03 @S 04 00 @C 16"
#define REFUSED_READ "^ 68 10 @A C1 03 @S 04 00 @C 16"
#define MOVED        "^ 68 10 @A 95 03 @D @S @C 16"
#define MOVED_THERE  "^ 68 10 99 33 22 11 00 33 78 95 03 @D @S @C 16"
/* purchase number, this one, all, rest, status */
#define BOOKED(number, last, total)                                                                \
    "^ 68 10 @A 81 12 @D @S " number " " last " " total " 00 10 00 00 00 00 @C 16"
#define BEFORE  BOOKED("06", "00 50 00 00", "00 00 02 00")
#define AFTER   BOOKED("07", "00 30 00 00", "00 30 02 00")
#define BOOKING "^ 68 10 @A 84 08 @D @S 07 00 30 00 00 @C 16"

#define FIXED   "di-order=high-first zone=Asia/Shanghai"

typedef struct {
    const char *path;
    NiloCommandKind kind;
    const char *arguments; /* GVariant text */
    const char *settings;
    const char *answers[NILO_CJT188_TEST_ANSWERS];
    int error; /* code of NILO_ERROR, or NO_ERROR */
    const char *asked;
    const char *result; /* GVariant text */
} WriteCase;

/* clang-format off */
static const WriteCase write_cases[] = {
    {"/cjt188/write/valve/close", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED,
     {DONE_STATUS, IS_SHUT}, NO_ERROR, "04 A01799; 01 901F",
     "{'answer': <'confirmed'>, 'valve': <'closed'>, 'looks': <uint32 1>}"},
    {"/cjt188/write/valve/open-after-some-time", NILO_COMMAND_VALVE_OPEN, NULL, FIXED,
     {DONE, IS_SHUT, IS_SHUT, IS_OPEN}, NO_ERROR, "04 A01755; 01 901F; 01 901F; 01 901F",
     "{'answer': <'confirmed'>, 'valve': <'open'>, 'looks': <uint32 3>}"},
    {"/cjt188/write/valve/order-found-first", NILO_COMMAND_VALVE_CLOSE, NULL, NULL,
     {"", IS_OPEN, DONE, IS_SHUT}, NO_ERROR, "01 901F; 01 1F90; 04 17A099; 01 1F90", NULL},
    {"/cjt188/write/valve/nobody-there", NILO_COMMAND_VALVE_CLOSE, NULL, NULL,
     {""}, NILO_ERROR_SILENT, "01 901F; 01 1F90", NULL},
    {"/cjt188/write/valve/answer-lost", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED,
     {"", IS_OPEN, IS_SHUT}, NO_ERROR, "04 A01799; 01 901F; 01 901F",
     "{'answer': <'lost'>, 'valve': <'closed'>, 'looks': <uint32 2>}"},
    {"/cjt188/write/valve/look-lost", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED,
     {DONE, "", IS_SHUT}, NO_ERROR, "04 A01799; 01 901F; 01 901F", NULL},
    {"/cjt188/write/valve/silent", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED " valve-wait-s=2",
     {""}, NILO_ERROR_SILENT, "04 A01799; 01 901F; 01 901F; 01 901F", NULL},
    {"/cjt188/write/valve/confirmed-then-silent", NILO_COMMAND_VALVE_CLOSE, NULL,
     FIXED " valve-wait-s=1", {DONE}, NILO_ERROR_NOT_CONFIRMED, "04 A01799; 01 901F; 01 901F",
     NULL},
    {"/cjt188/write/valve/does-not-move", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED " valve-wait-s=2",
     {DONE, IS_OPEN, IS_OPEN, IS_OPEN, IS_SHUT}, NILO_ERROR_NOT_CONFIRMED,
     "04 A01799; 01 901F; 01 901F; 01 901F", NULL},
    {"/cjt188/write/valve/stuck", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED,
     {DONE, IS_STUCK, IS_STUCK, IS_STUCK, IS_STUCK}, NILO_ERROR_NOT_CONFIRMED,
     "04 A01799; 01 901F; 01 901F; 01 901F", NULL},
    {"/cjt188/write/valve/fault-on-its-way", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED,
     {DONE, IS_STUCK, IS_STUCK, IS_SHUT}, NO_ERROR, "04 A01799; 01 901F; 01 901F; 01 901F", NULL},
    {"/cjt188/write/valve/refused", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED,
     {REFUSED}, NILO_ERROR_ERROR_ANSWER, "04 A01799", NULL},
    {"/cjt188/write/valve/late-answer-of-a-read", NILO_COMMAND_VALVE_CLOSE, NULL,
     FIXED " valve-wait-s=0",
     {"^ 68 10 @A 81 16 90 1F @L 78 56 34 12 2C 00 00 00 10 2C " ZERO " 01 00 @C 16", IS_OPEN},
     NILO_ERROR_NOT_CONFIRMED, "04 A01799; 01 901F", NULL},
    {"/cjt188/write/valve/other-meter", NILO_COMMAND_VALVE_CLOSE, NULL, FIXED " valve-wait-s=0",
     {"^ 68 10 45 33 22 11 00 33 78 84 03 @D @S @C 16", "", ""}, NILO_ERROR_SILENT,
     "04 A01799; 01 901F", NULL},

    {"/cjt188/write/clock", NILO_COMMAND_SET_CLOCK,
     "{'utc-us': <int64 1795320000000000>, 'zone': <'Asia/Shanghai'>}", FIXED,
     {DONE, CURRENT("00 00 12 22 11 26 20", "00 00")}, NO_ERROR,
     "04 A01500001222112620; 01 901F", "{'answer': <'confirmed'>, 'clock-drift-s': <int64 0>}"},
    {"/cjt188/write/clock/now", NILO_COMMAND_SET_CLOCK, NULL, FIXED,
     {DONE, CURRENT("00 00 12 22 11 26 20", "00 00")}, NO_ERROR,
     "04 A01500001222112620; 01 901F", NULL},
    {"/cjt188/write/clock/other-zone", NILO_COMMAND_SET_CLOCK,
     "{'utc-us': <int64 1795320000000000>, 'zone': <'Europe/Berlin'>}", FIXED,
     {DONE, CURRENT("00 00 05 22 11 26 20", "00 00")}, NO_ERROR,
     "04 A01500000522112620; 01 901F", NULL},
    {"/cjt188/write/clock/off-by-an-hour", NILO_COMMAND_SET_CLOCK, NULL, FIXED,
     {DONE, CURRENT("00 00 13 22 11 26 20", "00 00")}, NILO_ERROR_NOT_CONFIRMED, NULL, NULL},
    {"/cjt188/write/clock/still-zero", NILO_COMMAND_SET_CLOCK, NULL, FIXED,
     {DONE, CURRENT(ZERO, "00 00")}, NILO_ERROR_NOT_CONFIRMED, NULL, NULL},
    {"/cjt188/write/clock/answer-lost", NILO_COMMAND_SET_CLOCK, NULL, FIXED,
     {"", CURRENT("00 00 12 22 11 26 20", "00 00")}, NO_ERROR, NULL,
     "{'answer': <'lost'>, 'clock-drift-s': <int64 -1>}"},
    {"/cjt188/write/clock/refused", NILO_COMMAND_SET_CLOCK, NULL, FIXED,
     {REFUSED}, NILO_ERROR_ERROR_ANSWER, "04 A01500001222112620", NULL},
    {"/cjt188/write/clock/no-zone-of-that-name", NILO_COMMAND_SET_CLOCK, "{'zone': <'Mars/Base'>}",
     FIXED, {NULL}, NILO_ERROR_BAD_VALUE, "", NULL},
    {"/cjt188/write/clock/before-2000", NILO_COMMAND_SET_CLOCK, "{'utc-us': <int64 1000000>}",
     FIXED, {NULL}, NILO_ERROR_BAD_VALUE, "", NULL},
    {"/cjt188/write/clock/year-first-as-the-meter-sends-it", NILO_COMMAND_SET_CLOCK, NULL,
     "zone=Asia/Shanghai",
     {CURRENT("20 26 11 22 12 00 00", "00 00"), DONE, CURRENT("20 26 11 22 12 00 00", "00 00")},
     NO_ERROR, "01 901F; 04 A01520261122120000; 01 901F", NULL},

    {"/cjt188/write/address", NILO_COMMAND_SET_ADDRESS, "{'address': <'78330011223399'>}", FIXED,
     {"", MOVED, IS_OPEN}, NO_ERROR, "01 901F; 15 A01899332211003378; 01 901F",
     "{'answer': <'confirmed'>, 'address': <'78330011223399'>}"},
    {"/cjt188/write/address/confirmed-from-there", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'78330011223399'>}", FIXED, {"", MOVED_THERE, IS_OPEN}, NO_ERROR, NULL, NULL},
    {"/cjt188/write/address/answer-lost", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'78330011223399'>}", FIXED, {"", "", IS_OPEN}, NO_ERROR,
     "01 901F; 15 A01899332211003378; 01 901F", NULL},
    {"/cjt188/write/address/taken", NILO_COMMAND_SET_ADDRESS, "{'address': <'78330011223399'>}",
     FIXED, {IS_OPEN}, NILO_ERROR_EXISTS, "01 901F", NULL},
    {"/cjt188/write/address/not-there-afterwards", NILO_COMMAND_SET_ADDRESS,
     "{'address': <'78330011223399'>}", FIXED, {"", MOVED, ""}, NILO_ERROR_NOT_CONFIRMED, NULL,
     NULL},
    {"/cjt188/write/address/refused", NILO_COMMAND_SET_ADDRESS, "{'address': <'78330011223399'>}",
     FIXED, {"", "^ 68 10 @A D5 03 @S 04 00 @C 16"}, NILO_ERROR_ERROR_ANSWER, NULL, NULL},
    {"/cjt188/write/address/wildcard", NILO_COMMAND_SET_ADDRESS, "{'address': <'AAAAAAAAAAAAAA'>}",
     FIXED, {NULL}, NILO_ERROR_BAD_VALUE, "", NULL},
    {"/cjt188/write/address/none", NILO_COMMAND_SET_ADDRESS, NULL, FIXED, {NULL},
     NILO_ERROR_BAD_VALUE, "", NULL},

    {"/cjt188/write/purchase", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {BEFORE, BOOKING, AFTER}, NO_ERROR,
     "01 8105; 04 A0130700300000; 01 8105",
     "{'answer': <'confirmed'>, 'number': <uint32 7>, 'amount': <int64 3000>, "
     "'total': <int64 23000>, 'remaining': <int64 1000>}"},
    {"/cjt188/write/purchase/answer-lost-but-booked", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {BEFORE, "", AFTER}, NO_ERROR,
     "01 8105; 04 A0130700300000; 01 8105", NULL},
    {"/cjt188/write/purchase/booked-after-a-while", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {BEFORE, BOOKING, BEFORE, AFTER},
     NO_ERROR, "01 8105; 04 A0130700300000; 01 8105; 01 8105", NULL},
    {"/cjt188/write/purchase/answer-lost-not-booked", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {BEFORE, "", BEFORE, BEFORE},
     NILO_ERROR_NOT_CONFIRMED, "01 8105; 04 A0130700300000; 01 8105; 01 8105", NULL},
    {"/cjt188/write/purchase/unknown", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {BEFORE, "", "", ""},
     NILO_ERROR_NOT_CONFIRMED, "01 8105; 04 A0130700300000; 01 8105; 01 8105", NULL},
    {"/cjt188/write/purchase/booked-twice-is-no-success", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED,
     {BEFORE, BOOKING, BOOKED("07", "00 30 00 00", "00 60 02 00"),
      BOOKED("07", "00 30 00 00", "00 60 02 00")}, NILO_ERROR_NOT_CONFIRMED, NULL, NULL},
    {"/cjt188/write/purchase/there-already", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {AFTER}, NO_ERROR, "01 8105",
     "{'number': <uint32 7>, 'amount': <int64 3000>, 'total': <int64 23000>, "
     "'remaining': <int64 1000>, 'already': <true>}"},
    {"/cjt188/write/purchase/number-used", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 4000>}", FIXED, {AFTER}, NILO_ERROR_EXISTS, "01 8105",
     NULL},
    {"/cjt188/write/purchase/refused", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {BEFORE, REFUSED},
     NILO_ERROR_ERROR_ANSWER, "01 8105; 04 A0130700300000", NULL},
    {"/cjt188/write/purchase/meter-does-not-tell", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {REFUSED_READ},
     NILO_ERROR_ERROR_ANSWER, "01 8105", NULL},
    {"/cjt188/write/purchase/silent-before", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 3000>}", FIXED, {""}, NILO_ERROR_SILENT, "01 8105",
     NULL},
    {"/cjt188/write/purchase/no-number", NILO_COMMAND_PURCHASE, "{'amount': <int64 3000>}", FIXED,
     {NULL}, NILO_ERROR_BAD_VALUE, "", NULL},
    {"/cjt188/write/purchase/too-much", NILO_COMMAND_PURCHASE,
     "{'number': <uint32 7>, 'amount': <int64 100000000>}", FIXED, {NULL}, NILO_ERROR_BAD_VALUE, "",
     NULL},
};
/* clang-format on */

static NiloCommand *
make_command(const WriteCase *c, NiloMeter *meter)
{
    g_autoptr(GVariant) arguments = NULL;
    g_autoptr(GError) error = NULL;

    if (c->arguments != NULL)
        arguments = g_variant_parse(G_VARIANT_TYPE_VARDICT, c->arguments, NULL, NULL, &error);
    g_assert_no_error(error);
    return nilo_command_new(NULL, nilo_meter_get_id(meter), c->kind, arguments, "a test",
                            G_MAXINT64);
}

static void
test_write(gconstpointer data)
{
    const WriteCase *c = data;
    NiloCjt188TestPeer peer;
    g_autoptr(NiloCommand) command = NULL;
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *asked = NULL;
    gboolean done;

    nilo_cjt188_test_peer_init(&peer, c->settings, c->answers, G_N_ELEMENTS(c->answers));
    command = make_command(c, peer.meter);
    done = nilo_driver_write(peer.driver, peer.meter, command, NILO_CHANNEL(peer.channel), &result,
                             NULL, &error);
    asked = nilo_cjt188_test_channel_take_asked(peer.channel);
    if (c->asked != NULL)
        g_assert_cmpstr(asked, ==, c->asked);
    if (c->error == NO_ERROR)
        g_assert_no_error(error);
    else
        g_assert_error(error, NILO_ERROR, c->error);
    g_assert_true(done == (c->error == NO_ERROR));
    g_assert_true(done == (result != NULL));
    if (c->result != NULL) {
        g_autoptr(GVariant) expected =
            g_variant_parse(G_VARIANT_TYPE_VARDICT, c->result, NULL, NULL, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(g_variant_n_children(result), ==, g_variant_n_children(expected));
        for (gsize i = 0; i < g_variant_n_children(expected); i++) {
            const char *key;
            g_autoptr(GVariant) wanted = NULL;
            g_autoptr(GVariant) got = NULL;

            g_variant_get_child(expected, i, "{&sv}", &key, &wanted);
            got = g_variant_lookup_value(result, key, NULL);
            g_assert_nonnull(got);
            g_assert_cmpvariant(got, wanted);
        }
    }
    nilo_cjt188_test_peer_clear(&peer);
}

/* a living meter's request is repeated by the bus; a purchase must not be */
static void
test_purchase_sent_once(void)
{
    static const char *const answers[] = {BEFORE, "", "", AFTER};
    NiloCjt188TestPeer peer;
    g_autoptr(NiloCommand) command = NULL;
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *asked = NULL;

    nilo_cjt188_test_peer_init(&peer, FIXED, answers, G_N_ELEMENTS(answers));
    nilo_cjt188_test_channel_set_tries(peer.channel, 3);
    command =
        nilo_command_new(NULL, nilo_meter_get_id(peer.meter), NILO_COMMAND_PURCHASE,
                         g_variant_new_parsed("{'number': <uint32 7>, 'amount': <int64 3000>}"), "",
                         G_MAXINT64);
    g_assert_true(nilo_driver_write(peer.driver, peer.meter, command, NILO_CHANNEL(peer.channel),
                                    &result, NULL, &error));
    g_assert_no_error(error);
    asked = nilo_cjt188_test_channel_take_asked(peer.channel);
    g_assert_cmpstr(asked, ==, "01 8105; 04 A0130700300000; 01 8105; 01 8105");
    nilo_cjt188_test_peer_clear(&peer);
}

static void
test_wake(void)
{
    static const char *const answers[] = {IS_OPEN};
    NiloCjt188TestPeer peer;
    NiloOutcome outcome;
    g_autoptr(GError) error = NULL;
    g_autofree char *asked = NULL;

    nilo_cjt188_test_peer_init(&peer, FIXED " wake-bytes=200 wake-pause-ms=300", answers, 1);
    g_assert_true(nilo_driver_read(peer.driver, peer.meter, NILO_READ_CURRENT,
                                   NILO_CHANNEL(peer.channel), peer.builder, &outcome, NULL,
                                   &error));
    g_assert_no_error(error);
    asked = nilo_cjt188_test_channel_take_asked(peer.channel);
    g_assert_cmpstr(asked, ==, "200 bytes; 01 901F");
    g_assert_cmpint(outcome, ==, NILO_OUTCOME_OK);
    nilo_cjt188_test_peer_clear(&peer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(write_cases); i++)
        g_test_add_data_func(write_cases[i].path, &write_cases[i], test_write);
    g_test_add_func("/cjt188/write/purchase/sent-once", test_purchase_sent_once);
    g_test_add_func("/cjt188/wake", test_wake);
    return g_test_run();
}
