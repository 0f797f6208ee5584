/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * exchanges [--exchanges N] [--seed N]
 *
 * Noisy exchanges, 1,000,000 unless told otherwise, and what the bus makes of them. Buildings come
 * one after the other, each made up from the seed: M-Bus by primary or secondary address or
 * CJ/T 188, six to twenty meters that use water as flats do, flips, drops, junk and late answers at
 * rates that change from hour to hour, an adapter that tells of broken characters or one that does
 * not. Every reading that the bus hands out without a flag is compared with what the meter said
 * before its answer met the wire, and the counter with the lab's own number. The last building has
 * no noise: there nothing may be read twice but the first time.
 *
 * An exchange is one request with its verdict. Ends with 1 when a wrong value passed, or when a
 * quiet line was charged extra reads.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "nilo-torture-witness.h"

#define DEFAULT_EXCHANGES  1000000
#define EXCHANGES_MIN      2000
#define EXCHANGES_MAX      40000
#define BUILDINGS_AT_LEAST 12
#define HOUR_US            (3600 * (gint64)G_USEC_PER_SEC)
#define QUIET_BUILDINGS    16
#define QUIET_ROUNDS       24

typedef struct {
    guint64 exchanges;
    guint64 verdicts[NILO_N_VERDICTS];
    guint64 broken;
    guint64 confirms;
    guint64 buildings;
    guint64 rounds;
    guint64 flips;
    guint64 drops;
    guint64 junk;
    guint64 late;
    guint64 quiet_reads;
    guint64 quiet_extra;
    NiloTortureCounts counts;
} Totals;

/* ---- a building out of a seed ---- */

static void
add_mbus_meters(GString *text, GRand *random, gboolean secondary)
{
    g_string_append_printf(
        text,
        "[meters m]\nbus=b\nprotocol=%s\nfirst-id=%u\nid-step=%d\nfirst-address=1\ncount=%d\n"
        "telegrams=%d\nanswer-delay-ms=%d\nanswer-jitter-ms=%d\nbusy-percent=%d\n"
        "clock-error-s=%d\nleak-percent=10\nvacant-percent=10\nstart-litres=%d\n",
        secondary ? "mbus-secondary" : "mbus-primary", 20000000 + g_rand_int_range(random, 0, 999),
        g_rand_int_range(random, 1, 50), g_rand_int_range(random, 4, 15),
        g_rand_int_range(random, 0, 3) == 0 ? 3 : 1, g_rand_int_range(random, 12, 60),
        g_rand_int_range(random, 0, 20), g_rand_int_range(random, 0, 3) == 0 ? 2 : 0,
        g_rand_int_range(random, -60, 60), g_rand_int_range(random, 0, 900000));
    g_string_append_printf(text,
                           "[meters h]\nbus=b\nprotocol=%s\nfirst-id=30000001\nfirst-address=101\n"
                           "count=%d\nprofile=heat\n",
                           secondary ? "mbus-secondary" : "mbus-primary",
                           g_rand_int_range(random, 1, 4));
    if (!secondary)
        g_string_append_printf(text,
                               "[meters f]\nbus=b\nfirst-id=40000001\nfirst-address=201\n"
                               "count=%d\nprofile=fixed\n",
                               g_rand_int_range(random, 1, 4));
}

static void
add_cjt188_meters(GString *text, GRand *random)
{
    static const char *const editions[] = {"2004", "2018", "any"};

    g_string_append_printf(
        text,
        "[meters m]\nbus=b\nprotocol=cjt188\nfirst-id=330100260%05d\ncount=%d\nedition=%s\n"
        "preamble-count=%d\nanswer-delay-ms=%d\nanswer-jitter-ms=%d\nclock-error-s=%d\n"
        "leak-percent=10\nvacant-percent=10\nstart-litres=%d\n",
        g_rand_int_range(random, 0, 90000), g_rand_int_range(random, 6, 20),
        editions[g_rand_int_range(random, 0, 3)], g_rand_int_range(random, 0, 5),
        g_rand_int_range(random, 15, 80), g_rand_int_range(random, 0, 20),
        g_rand_int_range(random, -60, 60), g_rand_int_range(random, 0, 900000));
}

static NiloTortureBuilding *
make_building(GRand *random)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const gint kind = g_rand_int_range(random, 0, 4);
    const gboolean is_cjt188 = kind >= 2;
    NiloTortureBuilding *building;

    g_string_append_printf(text, "[estate]\nseed=%u\nzone-offset-minutes=480\n",
                           g_rand_int(random) >> 1);
    g_string_append_printf(text, "[bus b]\nkind=%s\nspeed=%d\necho=%s\n",
                           is_cjt188 ? "rs485" : "mbus",
                           g_rand_int_range(random, 0, 2) == 0 ? 2400 : 9600,
                           is_cjt188 && g_rand_int_range(random, 0, 4) == 0 ? "yes" : "no");
    if (is_cjt188)
        add_cjt188_meters(text, random);
    else
        add_mbus_meters(text, random, kind == 1);
    building = nilo_torture_building_new(text->str, "2026-03-05T00:00:00Z");
    building->wire.hides_damage = g_rand_int_range(random, 0, 2) == 0;
    return building;
}

/* ---- noise ---- */

static guint
pick_ppm(GRand *random, gdouble least, gdouble most)
{
    return (guint)exp(g_rand_double_range(random, log(least), log(most)));
}

typedef enum {
    NOISE_RARE, /* so seldom that the line's memory has run out before it comes again */
    NOISE_USUAL,
    NOISE_HEAVY,
    N_NOISES,
} Noise;

/* of a million bytes */
static const struct {
    gdouble least;
    gdouble most;
} flips_ppm[N_NOISES] = {
    [NOISE_RARE] = {1, 100},
    [NOISE_USUAL] = {100, 10000},
    [NOISE_HEAVY] = {3000, 20000},
};

/* most hours are bad ones, one in eight is quiet */
static void
change_noise(NiloLabBus *lab, GRand *random, Noise noise)
{
    const gboolean rare = noise == NOISE_RARE;
    NiloLabBusSettings *settings = nilo_lab_bus_get_settings(lab);
    const gboolean quiet = g_rand_int_range(random, 0, 8) == 0;

    nilo_lab_bus_lock(lab);
    settings->noise_ppm =
        quiet ? 0 : pick_ppm(random, flips_ppm[noise].least, flips_ppm[noise].most);
    settings->drop_ppm = quiet || rare || g_rand_boolean(random) ? 0 : pick_ppm(random, 10, 3000);
    settings->junk_ppm = quiet || rare || g_rand_boolean(random) ? 0 : pick_ppm(random, 10, 3000);
    settings->late_ppm =
        quiet || g_rand_boolean(random) ? 0 : pick_ppm(random, 100, rare ? 200 : 20000);
    settings->late_ms = (guint)g_rand_int_range(random, 100, 1500);
    nilo_lab_bus_unlock(lab);
}

/* ---- runs ---- */

static guint64
get_requests(NiloTortureBuilding *building)
{
    NiloBusState state;

    nilo_bus_get_state(building->bus, &state);
    return state.requests;
}

static void
add_counts(Totals *totals, const NiloTortureCounts *counts)
{
    NiloTortureCounts *sum = &totals->counts;

    for (guint i = 0; i < NILO_N_OUTCOMES; i++)
        sum->outcomes[i] += counts->outcomes[i];
    sum->reports += counts->reports;
    sum->readings += counts->readings;
    sum->confirmed += counts->confirmed;
    sum->implausible += counts->implausible;
    sum->invalid += counts->invalid;
    sum->volumes += counts->volumes;
    sum->corrupt_frames += counts->corrupt_frames;
    sum->wrong_values += counts->wrong_values;
    sum->wrong_status += counts->wrong_status;
    sum->wrong_drift += counts->wrong_drift;
}

static void
add_up(Totals *totals, NiloTortureBuilding *building, NiloTortureWitness *witness)
{
    const NiloLabBusStats *stats = nilo_lab_bus_get_stats(building->lab);
    NiloBusState state;

    nilo_bus_get_state(building->bus, &state);
    totals->exchanges += state.requests;
    for (guint i = 0; i < NILO_N_VERDICTS; i++)
        totals->verdicts[i] += state.verdicts[i];
    totals->broken += state.broken;
    totals->confirms += state.confirms;
    totals->buildings++;
    totals->rounds += building->n_rounds;
    totals->flips += stats->flips;
    totals->drops += stats->drops;
    totals->junk += stats->junk;
    totals->late += stats->late_answers;
    add_counts(totals, nilo_torture_witness_get_counts(witness));
}

static void
run_noisy(Totals *totals, GRand *random, guint64 n_exchanges)
{
    g_autoptr(NiloTortureBuilding) building = make_building(random);
    g_autoptr(NiloTortureWitness) witness = nilo_torture_witness_new(building);
    const Noise noise = (Noise)g_rand_int_range(random, 0, N_NOISES);

    nilo_torture_building_start(building, nilo_torture_witness_note_report, witness);
    while (get_requests(building) < n_exchanges) {
        change_noise(building->lab, random, noise);
        nilo_torture_building_run_round(building, g_rand_int_range(random, 1, 7) * HOUR_US);
    }
    nilo_bus_stop(building->bus);
    add_up(totals, building, witness);
}

/* quiet lines of each kind: there nothing is read twice but in the first round */
static void
run_quiet(Totals *totals, GRand *random)
{
    g_autoptr(NiloTortureBuilding) building = make_building(random);
    g_autoptr(NiloTortureWitness) witness = nilo_torture_witness_new(building);
    NiloBusState first;
    NiloBusState state;

    nilo_torture_building_start(building, nilo_torture_witness_note_report, witness);
    nilo_torture_building_run_round(building, HOUR_US);
    nilo_bus_get_state(building->bus, &first);
    for (guint i = 1; i < QUIET_ROUNDS; i++)
        nilo_torture_building_run_round(building, HOUR_US);
    nilo_bus_stop(building->bus);
    nilo_bus_get_state(building->bus, &state);
    totals->quiet_reads += state.reads;
    totals->quiet_extra += state.confirms - first.confirms;
    totals->counts.wrong_values += nilo_torture_witness_get_counts(witness)->wrong_values;
}

/* ---- the table ---- */

static void
print_number(const char *name, guint64 number)
{
    printf("%-44s %12" G_GUINT64_FORMAT "\n", name, number);
}

static void
print_totals(const Totals *totals, gdouble seconds)
{
    const NiloTortureCounts *counts = &totals->counts;

    print_number("buildings", totals->buildings);
    print_number("rounds", totals->rounds);
    print_number("exchanges", totals->exchanges);
    for (guint i = 0; i < NILO_N_VERDICTS; i++) {
        g_autofree char *name =
            g_strdup_printf("  verdict %s", nilo_verdict_get_nick((NiloVerdict)i));

        print_number(name, totals->verdicts[i]);
    }
    print_number("bytes hit by noise", totals->flips);
    print_number("bytes lost", totals->drops);
    print_number("bytes from nowhere", totals->junk);
    print_number("answers that came late", totals->late);
    print_number("broken characters the adapter told of", totals->broken);
    print_number("damaged frames that passed every check", counts->corrupt_frames);
    print_number("reports", counts->reports);
    for (guint i = 0; i < NILO_N_OUTCOMES; i++) {
        g_autofree char *name =
            g_strdup_printf("  outcome %s", nilo_outcome_get_nick((NiloOutcome)i));

        if (counts->outcomes[i] > 0)
            print_number(name, counts->outcomes[i]);
    }
    print_number("reads made only to confirm another", totals->confirms);
    print_number("readings", counts->readings);
    print_number("  read twice", counts->confirmed);
    print_number("  flagged implausible", counts->implausible);
    print_number("  said by the meter to be invalid", counts->invalid);
    print_number("  counters compared with the lab", counts->volumes);
    print_number("meters taken for exchanged ones", counts->outcomes[NILO_OUTCOME_WRONG_METER]);
    print_number("status bits that no answer had", counts->wrong_status);
    print_number("clock drifts that no answer had", counts->wrong_drift);
    print_number("reads on quiet lines", totals->quiet_reads);
    print_number("  extra reads there, after the first round", totals->quiet_extra);
    print_number("wrong values accepted unflagged", counts->wrong_values);
    printf("%-44s %12.1f\n", "wall seconds", seconds);
    printf("%-44s %12.0f\n", "exchanges per second", (gdouble)totals->exchanges / seconds);
}

int
main(int argc, char **argv)
{
    gint64 n_exchanges = DEFAULT_EXCHANGES;
    gint seed = 1;
    const GOptionEntry entries[] = {
        {"exchanges", 0, 0, G_OPTION_ARG_INT64, &n_exchanges, "How many, at least", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "Where all chance comes from", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GRand) random = NULL;
    Totals totals = {0};
    gint64 begin_us;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || n_exchanges < 1) {
        g_printerr("exchanges: %s\n", error != NULL ? error->message : "--exchanges is below 1");
        return EXIT_FAILURE;
    }
    random = g_rand_new_with_seed((guint32)seed);
    g_random_set_seed((guint32)seed); /* drivers begin their numbers with it */
    begin_us = g_get_monotonic_time();
    while (totals.exchanges < (guint64)n_exchanges)
        run_noisy(&totals, random,
                  MIN((guint64)g_rand_int_range(random, EXCHANGES_MIN, EXCHANGES_MAX),
                      (guint64)n_exchanges / BUILDINGS_AT_LEAST));
    for (guint i = 0; i < QUIET_BUILDINGS; i++)
        run_quiet(&totals, random);
    print_totals(&totals, (gdouble)(g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC);
    return totals.counts.wrong_values == 0 && totals.quiet_extra == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
