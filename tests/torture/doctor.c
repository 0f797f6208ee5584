/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * doctor [--healthy N] [--seed N] [--verbose]
 *
 * Each fault the doctor knows is put into a building of the lab whose bus the real NiloBus reads in
 * fake time; some rounds later the doctor is asked, and the table shows what it said. Then 100
 * healthy buildings by seed, half of them with a few single dead meters: of these nothing above an
 * information may be heard. --verbose prints the sentences.
 *
 * Ends with 1 when a fault was not named, something else was, or a healthy building was not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nilo-torture-building.h"

#define DEFAULT_HEALTHY 100
#define BEGIN           "2026-03-05T00:00:00Z"
#define HOUR_US         (3600 * (gint64)G_USEC_PER_SEC)
#define ROUNDS_BEFORE   6
#define ROUNDS_AFTER    8
#define HEALTHY_ROUNDS  24
#define NO_METER        (-1)

#define MBUS_BEGIN      "[estate]\nseed=7\nzone-offset-minutes=480\n[bus b]\nkind=mbus\nspeed=2400\n"
#define MBUS_METERS                                                                                \
    "[meters m]\nbus=b\nfirst-id=26010001\nfirst-address=1\ncount=24\nanswer-jitter-ms=10\n"
#define MBUS_EIGHTH  "[meter mbus:26010008.NLB.01.07]\n"
#define CJT188_BEGIN "[estate]\nseed=7\nzone-offset-minutes=480\n[bus b]\nkind=rs485\nspeed=9600\n"
#define CJT188_METERS                                                                              \
    "[meters m]\nbus=b\nprotocol=cjt188\nfirst-id=33010026030001\ncount=24\nanswer-jitter-ms=10\n"
#define CJT188_EIGHTH "[meter cjt188:33010026030008]\n"

/* a fault: how it comes about, and what has to be said of it */
typedef struct {
    const char *name;
    const char *estate;
    const char *orders; /* (nullable): for the lab, after the first rounds; several with ';' */
    void (*inject)(NiloTortureBuilding *building); /* (nullable) */
    gint meter;                                    /* index of whom it is about */
    NiloDoctorCode code;
} Fault;

static gboolean verbose;

/* ---- faults the lab has no word for ---- */

static void
expect_other_parity(NiloTortureBuilding *building)
{
    building->wire.wrong_parity = TRUE;
}

static void
expect_other_speed(NiloTortureBuilding *building)
{
    building->wire.speed_baud = 9600;
}

/* always the same answer, whatever the readout asks for */
static gboolean
answer_always(const NiloLabHeard *heard, guint8 ci, const guint8 *data, gsize size,
              NiloLabAnswer *answer)
{
    if (!heard->is_mbus || heard->mbus.a != 8)
        return FALSE;
    if (heard->mbus.c == 0x40) {
        answer->bytes[0] = 0xe5;
        answer->size = 1;
        return TRUE;
    }
    answer->size = nilo_lab_mbus_frame_build_long(answer->bytes, 0x08, 8, ci, data, size);
    return TRUE;
}

/* 26010008.NLB.01.07, mode 5, two blocks of 16 bytes */
static gboolean
hear_encrypted(NiloLabMeter *meter, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    static const guint8 data[] = {0x08, 0x00, 0x01, 0x26, 0x82, 0x39, 0x01, 0x07, 0x55, 0x00, 0x20,
                                  0x05, 0x9a, 0x41, 0x5c, 0xe0, 0x13, 0x77, 0x28, 0xb5, 0x6f, 0xd2,
                                  0x04, 0x8e, 0x39, 0xcb, 0xf0, 0x62, 0x1d, 0xa7, 0x50, 0x94, 0xee,
                                  0x0b, 0x33, 0xc8, 0x7a, 0x16, 0xdf, 0x45, 0x81, 0x2c, 0xb9, 0x60};

    return answer_always(heard, 0x72, data, sizeof data, answer);
}

static gboolean
hear_foreign(NiloLabMeter *meter, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    static const guint8 data[] = {0x01, 0x02, 0x03, 0x04};

    return answer_always(heard, 0xb7, data, sizeof data, answer);
}

static NiloLabMeter *
get_eighth(NiloTortureBuilding *building)
{
    return g_ptr_array_index(nilo_lab_bus_get_meters(building->lab), 7);
}

static void
encrypt_eighth(NiloTortureBuilding *building)
{
    get_eighth(building)->hear = hear_encrypted;
}

static void
replace_eighth(NiloTortureBuilding *building)
{
    get_eighth(building)->hear = hear_foreign;
}

static void
written_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    gboolean *written = user_data;
    G_GNUC_UNUSED g_autoptr(GVariant) read_back =
        nilo_bus_write_finish(NILO_BUS(source), result, NULL);

    *written = TRUE;
}

static void
close_eighth(NiloTortureBuilding *building)
{
    NiloMeterId *id = nilo_meter_get_id(g_ptr_array_index(building->meters, 7));
    g_autoptr(NiloCommand) command = nilo_command_new(NULL, id, NILO_COMMAND_VALVE_CLOSE, NULL,
                                                      "a valve that does not move", G_MAXINT64);
    gboolean written = FALSE;

    nilo_bus_write_async(building->bus, command, NULL, written_cb, &written);
    while (!written)
        g_main_context_iteration(NULL, TRUE);
}

static const Fault faults[] = {
    {"adapter lost", MBUS_BEGIN MBUS_METERS, "unplug b", NULL, NO_METER, NILO_DOCTOR_LINE_LOST},
    {"somebody talks without end", MBUS_BEGIN MBUS_METERS, "babble b on", NULL, NO_METER,
     NILO_DOCTOR_BABBLE},
    {"all silent: cable off at the converter", MBUS_BEGIN MBUS_METERS, "cut b after 0", NULL,
     NO_METER, NILO_DOCTOR_ALL_SILENT},
    {"all silent: meters deaf to our parity", MBUS_BEGIN "wrong-parity=yes\n" MBUS_METERS, NULL,
     NULL, NO_METER, NILO_DOCTOR_ALL_SILENT},
    {"all silent: adapter at another speed", MBUS_BEGIN MBUS_METERS, NULL, expect_other_speed,
     NO_METER, NILO_DOCTOR_ALL_SILENT},
    {"wrong parity at the adapter", MBUS_BEGIN MBUS_METERS, NULL, expect_other_parity, NO_METER,
     NILO_DOCTOR_WRONG_PARITY_OR_SPEED},
    {"wrong parity at the adapter, RS485", CJT188_BEGIN CJT188_METERS, NULL, expect_other_parity,
     NO_METER, NILO_DOCTOR_WRONG_PARITY_OR_SPEED},
    {"noisy line", MBUS_BEGIN MBUS_METERS, "noise b 3000", NULL, NO_METER, NILO_DOCTOR_NOISY_LINE},
    {"noisy line, RS485", CJT188_BEGIN CJT188_METERS, "noise b 3000", NULL, NO_METER,
     NILO_DOCTOR_NOISY_LINE},
    {"cable cut after meter 8", MBUS_BEGIN MBUS_METERS, "cut b after 8", NULL, 7,
     NILO_DOCTOR_CABLE_CUT},
    {"cable cut after meter 8, RS485", CJT188_BEGIN CJT188_METERS, "cut b after 8", NULL, 7,
     NILO_DOCTOR_CABLE_CUT},
    {"branch off: meters 8 to 13", MBUS_BEGIN MBUS_METERS,
     "kill-meter 26010008;kill-meter 26010009;kill-meter 26010010;kill-meter 26010011;"
     "kill-meter 26010012;kill-meter 26010013",
     NULL, 7, NILO_DOCTOR_BRANCH_OFF},
    {"twins: a second meter at address 8",
     MBUS_BEGIN MBUS_METERS "[meter twin]\nbus=b\nid=31415926\naddress=8\nanswer-delay-ms=31\n",
     NULL, NULL, 7, NILO_DOCTOR_TWINS},
    {"meter 8 exchanged", MBUS_BEGIN MBUS_METERS, "exchange 26010008 31415926", NULL, 7,
     NILO_DOCTOR_METER_EXCHANGED},
    {"slow meter 8", MBUS_BEGIN MBUS_METERS, "deviate 26010008 late", NULL, 7,
     NILO_DOCTOR_SLOW_METER},
    {"slow meter 8, RS485", CJT188_BEGIN CJT188_METERS "late-ms=3500\n",
     "deviate 33010026030008 late", NULL, 7, NILO_DOCTOR_SLOW_METER},
    {"all answers late: a far serial server", MBUS_BEGIN MBUS_METERS, "late b 1000000 2000", NULL,
     NO_METER, NILO_DOCTOR_SLOW_METER},
    {"valve of meter 8 stuck", CJT188_BEGIN CJT188_METERS CJT188_EIGHTH "deviations=valve-stuck\n",
     NULL, close_eighth, 7, NILO_DOCTOR_METER_ERROR},
    {"battery of meter 8 low", MBUS_BEGIN MBUS_METERS, "deviate 26010008 battery-low", NULL, 7,
     NILO_DOCTOR_BATTERY_LOW},
    {"battery of meter 8 low, RS485", CJT188_BEGIN CJT188_METERS,
     "deviate 33010026030008 battery-low", NULL, 7, NILO_DOCTOR_BATTERY_LOW},
    {"clock of meter 8 wrong", MBUS_BEGIN MBUS_METERS MBUS_EIGHTH "clock-error-s=2400\n", NULL,
     NULL, 7, NILO_DOCTOR_CLOCK_WRONG},
    {"clock of meter 8 wrong, RS485",
     CJT188_BEGIN CJT188_METERS CJT188_EIGHTH "clock-error-s=-2400\n", NULL, NULL, 7,
     NILO_DOCTOR_CLOCK_WRONG},
    {"all clocks differ from ours", MBUS_BEGIN MBUS_METERS "clock-error-s=3600\n", NULL, NULL,
     NO_METER, NILO_DOCTOR_CLOCK_WRONG},
    {"meter 8 encrypted, no key", MBUS_BEGIN MBUS_METERS, NULL, encrypt_eighth, 7,
     NILO_DOCTOR_NO_KEY},
    {"meter 8 speaks something else", MBUS_BEGIN MBUS_METERS, NULL, replace_eighth, 7,
     NILO_DOCTOR_NOT_UNDERSTOOD},
    {"meter 8 dead", MBUS_BEGIN MBUS_METERS, "kill-meter 26010008", NULL, 7,
     NILO_DOCTOR_METER_SILENT},
    {"echo", CJT188_BEGIN "echo=yes\n" CJT188_METERS, NULL, NULL, NO_METER, NILO_DOCTOR_ECHO},
};

/* ---- asking ---- */

static void
run_rounds(NiloTortureBuilding *building, guint n_rounds)
{
    for (guint i = 0; i < n_rounds; i++)
        nilo_torture_building_run_round(building, HOUR_US);
}

static void
inject(NiloTortureBuilding *building, const Fault *fault)
{
    g_auto(GStrv) orders = g_strsplit(fault->orders != NULL ? fault->orders : "", ";", -1);

    for (guint i = 0; orders[i] != NULL; i++)
        nilo_torture_building_control(building, orders[i]);
    if (fault->inject != NULL)
        fault->inject(building);
}

static const char *
get_meter_text(NiloTortureBuilding *building, gint index)
{
    return index == NO_METER ? NULL
                             : nilo_meter_get_id_text(g_ptr_array_index(building->meters, index));
}

static void
append_finding(GString *text, const NiloDoctorFinding *finding)
{
    g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "",
                           nilo_doctor_severity_get_nick(finding->severity),
                           nilo_doctor_code_get_nick(finding->code));
    if (finding->meter != NULL)
        g_string_append_printf(text, " %s", finding->meter);
}

static void
print_sentences(GPtrArray *findings)
{
    for (guint i = 0; verbose && i < findings->len; i++)
        printf("    %s\n", ((const NiloDoctorFinding *)g_ptr_array_index(findings, i))->text);
}

/* said of whom it is about, and nothing else said that somebody would go out for */
static gboolean
is_named(NiloTortureBuilding *building, const Fault *fault, GPtrArray *findings)
{
    const char *meter = get_meter_text(building, fault->meter);
    gboolean named = FALSE;

    for (guint i = 0; i < findings->len; i++) {
        const NiloDoctorFinding *finding = g_ptr_array_index(findings, i);

        if (finding->code == fault->code && g_strcmp0(finding->meter, meter) == 0)
            named = TRUE;
        else if (finding->severity > NILO_DOCTOR_INFO)
            return FALSE;
    }
    return named;
}

static gboolean
run_fault(const Fault *fault)
{
    g_autoptr(NiloTortureBuilding) building = nilo_torture_building_new(fault->estate, BEGIN);
    const gboolean from_the_start = fault->orders == NULL && fault->inject != close_eighth;
    g_autoptr(GPtrArray) findings = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean named;

    if (from_the_start)
        inject(building, fault);
    nilo_torture_building_start(building, NULL, NULL);
    run_rounds(building, ROUNDS_BEFORE);
    if (!from_the_start)
        inject(building, fault);
    run_rounds(building, ROUNDS_AFTER);
    findings = nilo_bus_examine(building->bus);
    named = is_named(building, fault, findings);
    for (guint i = 0; i < findings->len; i++)
        append_finding(text, g_ptr_array_index(findings, i));
    printf("%-4s %-40s %s\n", named ? "ok" : "FAIL", fault->name,
           text->len > 0 ? text->str : "nothing");
    print_sentences(findings);
    return named;
}

/* ---- healthy buildings ---- */

static char *
make_healthy(GRand *random, gboolean with_dead)
{
    const gboolean is_cjt188 = g_rand_boolean(random);
    const gint count = g_rand_int_range(random, 8, 60);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "[estate]\nseed=%u\nzone-offset-minutes=480\n",
                           g_rand_int(random) >> 1);
    g_string_append_printf(text, "[bus b]\nkind=%s\nspeed=%d\nnoise-per-byte-ppm=%d\necho=%s\n",
                           is_cjt188 ? "rs485" : "mbus", g_rand_boolean(random) ? 2400 : 9600,
                           g_rand_int_range(random, 0, 30),
                           is_cjt188 && g_rand_int_range(random, 0, 4) == 0 ? "yes" : "no");
    g_string_append_printf(
        text,
        "[meters m]\nbus=b\nprotocol=%s\nfirst-id=%s\nfirst-address=1\ncount=%d\n"
        "answer-delay-ms=%d\nanswer-jitter-ms=%d\nclock-error-s=%d\n"
        "leak-percent=3\nvacant-percent=5\ndead-percent=%d\n",
        is_cjt188                             ? "cjt188"
        : g_rand_int_range(random, 0, 2) == 0 ? "mbus-primary"
                                              : "mbus-secondary",
        is_cjt188 ? "33010026030001" : "26010001", count, g_rand_int_range(random, 12, 100),
        g_rand_int_range(random, 0, 40), g_rand_int_range(random, -240, 240), with_dead ? 5 : 0);
    return g_string_free(text, FALSE);
}

static gboolean
run_healthy(GRand *random, guint index)
{
    g_autofree char *estate = make_healthy(random, index % 2 == 1);
    g_autoptr(NiloTortureBuilding) building = nilo_torture_building_new(estate, BEGIN);
    g_autoptr(GPtrArray) findings = NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    nilo_torture_building_start(building, NULL, NULL);
    run_rounds(building, HEALTHY_ROUNDS);
    findings = nilo_bus_examine(building->bus);
    for (guint i = 0; i < findings->len; i++) {
        const NiloDoctorFinding *finding = g_ptr_array_index(findings, i);

        if (finding->severity > NILO_DOCTOR_INFO)
            append_finding(text, finding);
    }
    if (text->len == 0)
        return TRUE;
    printf("FAIL healthy building %u: %s\n%s", index, text->str, verbose ? estate : "");
    print_sentences(findings);
    return FALSE;
}

static guint
count_codes(void)
{
    gboolean seen[NILO_N_DOCTOR_CODES] = {FALSE};
    guint n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        n += seen[faults[i].code] ? 0 : 1;
        seen[faults[i].code] = TRUE;
    }
    return n;
}

int
main(int argc, char **argv)
{
    gint n_healthy = DEFAULT_HEALTHY;
    gint seed = 1;
    const GOptionEntry entries[] = {
        {"healthy", 0, 0, G_OPTION_ARG_INT, &n_healthy, "Healthy buildings", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "Where all chance comes from", "N"},
        {"verbose", 0, 0, G_OPTION_ARG_NONE, &verbose, "Print the sentences", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GRand) random = NULL;
    g_autoptr(GError) error = NULL;
    guint named = 0;
    guint quiet = 0;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("doctor: %s\n", error->message);
        return EXIT_FAILURE;
    }
    random = g_rand_new_with_seed((guint32)seed);
    g_random_set_seed((guint32)seed);
    for (guint i = 0; i < G_N_ELEMENTS(faults); i++)
        named += run_fault(&faults[i]) ? 1 : 0;
    for (gint i = 0; i < n_healthy; i++)
        quiet += run_healthy(random, (guint)i) ? 1 : 0;
    printf("faults named: %u of %u, %u of %d kinds of finding\n", named,
           (guint)G_N_ELEMENTS(faults), count_codes(), NILO_N_DOCTOR_CODES);
    printf("healthy buildings without a warning or fault: %u of %d\n", quiet, n_healthy);
    return named == G_N_ELEMENTS(faults) && count_codes() == NILO_N_DOCTOR_CODES &&
                   quiet == (guint)MAX(n_healthy, 0)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
