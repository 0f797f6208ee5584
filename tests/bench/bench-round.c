/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-round: how close a round of the living comes to what the wire allows.
 *
 * Six M-Bus lines of the hub, at 2400 and 9600 Bd with 0, 10 and 30 % dead meters, are read by a
 * real nilometerd. The floor is the hub's own: the time that requests, answer delays and answers of
 * answered requests took on its paced lines. Printed is the median of three rounds: time from the
 * begin of the round to the last report of a meter that answers, over that floor.
 */
#include <stdlib.h>
#include <string.h>

#include "nilo-daemon-process.h"

#define DEADLINE_S 110
#define N_ROUNDS   3
#define N_BUSES    6

static const struct {
    const char *name;
    guint speed;
    guint dead_percent;
} buses[N_BUSES] = {
    {"2400-0", 2400, 0}, {"2400-10", 2400, 10}, {"2400-30", 2400, 30},
    {"9600-0", 9600, 0}, {"9600-10", 9600, 10}, {"9600-30", 9600, 30},
};

typedef struct {
    char *path;
    guint n_rounds; /* heard since the mark */
    GVariant *last;
} Bus;

typedef struct {
    NiloDaemonProcess *process;
    Bus buses[N_BUSES];
    guint position;
    guint alone; /* only this one; N_BUSES for all */
} Bench;

static gboolean verbose;
static int n_meters_2400 = 10;
static int n_meters_9600 = 30;
static char *only;
static char *extra;

static guint
get_n_meters(guint i)
{
    return (guint)(buses[i].speed == 2400 ? n_meters_2400 : n_meters_9600);
}

static char *
build_estate(void)
{
    GString *text = g_string_new("[estate]\nseed=11\n");

    for (guint i = 0; i < N_BUSES; i++)
        g_string_append_printf(text, "[bus b%u]\nkind=mbus\nspeed=%u\nlink=b%u\n", i,
                               buses[i].speed, i);
    for (guint i = 0; i < N_BUSES; i++)
        g_string_append_printf(text,
                               "[meters m%u]\nbus=b%u\nprotocol=mbus-primary\ncount=%u\n"
                               "first-address=1\nfirst-id=1%u000001\ndead-percent=%u\n",
                               i, i, get_n_meters(i), i, buses[i].dead_percent);
    return g_string_free(text, FALSE);
}

static void
configure(NiloDaemonProcess *process)
{
    g_autoptr(GString) text = g_string_new("[site]\nzone=UTC\n");

    for (guint i = 0; i < N_BUSES; i++) {
        if (only != NULL && !g_str_equal(only, buses[i].name))
            continue;
        g_string_append_printf(text,
                               "[bus b%u]\ntransport=mbus\ndriver=mbus\nport=@LAB@/b%u\n"
                               "speed-baud=%u\nsilent-after=1\n%s",
                               i, i, buses[i].speed, extra != NULL ? extra : "");
        for (guint m = 1; m <= get_n_meters(i); m++)
            g_string_append_printf(text, "[meter mbus:1%u%06u.NLB.01.07]\nbus=b%u\naddress=%u\n", i,
                                   m, i, m);
    }
    nilo_daemon_process_configure(process, "nilometer.conf", text->str);
}

static gboolean
all_done(NiloDaemonProcess *process, gpointer user_data)
{
    Bench *bench = user_data;
    const NiloHeard *heard;
    guint n_done = 0, n_wanted = 0;

    while ((heard = nilo_daemon_process_get_heard(process, bench->position)) != NULL) {
        g_autoptr(GVariant) changed = NULL;
        g_autoptr(GVariant) round = NULL;

        bench->position++;
        if (!g_str_equal(heard->name, "PropertiesChanged"))
            continue;
        changed = g_variant_get_child_value(heard->parameters, 1);
        round = g_variant_lookup_value(changed, "LastRound", G_VARIANT_TYPE_VARDICT);
        for (guint i = 0; round != NULL && i < N_BUSES; i++) {
            if (!g_str_equal(heard->path, bench->buses[i].path))
                continue;
            g_clear_pointer(&bench->buses[i].last, g_variant_unref);
            bench->buses[i].last = g_variant_ref(round);
        }
    }
    for (guint i = 0; i < N_BUSES; i++) {
        const gboolean wanted = only == NULL || g_str_equal(only, buses[i].name);

        n_wanted += wanted;
        n_done += wanted && bench->buses[i].last != NULL;
    }
    return n_done == n_wanted;
}

static void
run_round(Bench *bench)
{
    for (guint i = 0; i < N_BUSES; i++) {
        g_free(nilo_daemon_process_lab(bench->process, "reset-stats b%u", i));
        g_clear_pointer(&bench->buses[i].last, g_variant_unref);
    }
    for (guint i = 0; i < N_BUSES; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = NULL;

        if (only != NULL && !g_str_equal(only, buses[i].name))
            continue;
        reply = nilo_daemon_process_call(bench->process, bench->buses[i].path,
                                         NILO_TEST_INTERFACE ".Bus", "StartRound", NULL, &error);
        g_assert_no_error(error);
    }
    nilo_daemon_process_wait(bench->process, all_done, bench);
}

static double
measure(Bench *bench, guint i)
{
    g_autofree char *command = g_strdup_printf("stats b%u", i);
    const gint64 floor_ns = nilo_daemon_process_lab_number(bench->process, command, "live_ns");
    const guint n_live = get_n_meters(i) - (get_n_meters(i) * buses[i].dead_percent + 50) / 100;
    gint64 live_us = 0;
    guint n_ok = 0;

    g_variant_lookup(bench->buses[i].last, "live-us", "x", &live_us);
    g_variant_lookup(bench->buses[i].last, "ok", "u", &n_ok);
    if (n_ok != n_live)
        g_printerr("%s: %u meters read, expected %u\n", buses[i].name, n_ok, n_live);
    if (verbose) {
        g_autofree char *stats = nilo_daemon_process_lab(bench->process, "%s", command);
        g_autofree char *round = g_variant_print(bench->buses[i].last, FALSE);

        g_printerr("%s: %s\n  %s\n", buses[i].name, round, stats);
    }
    return floor_ns > 0 ? (double)live_us * 1000 / (double)floor_ns : 0;
}

static int
compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static void
print_ratios(double ratios[N_BUSES][N_ROUNDS])
{
    for (guint i = 0; i < N_BUSES; i++) {
        g_autofree char *name = NULL;

        if (only != NULL && !g_str_equal(only, buses[i].name))
            continue;
        name = g_strdelimit(g_strdup(buses[i].name), "-", '_');
        qsort(ratios[i], N_ROUNDS, sizeof ratios[i][0], compare);
        g_print("ratio_%s=%.3f\n", name, ratios[i][N_ROUNDS / 2]);
    }
}

static void
run(Bench *bench)
{
    double ratios[N_BUSES][N_ROUNDS] = {{0}};

    for (guint i = 0; i < N_BUSES; i++) {
        g_autofree char *name = g_strdup_printf("b%u", i);

        bench->buses[i].path = nilo_daemon_process_get_bus_path(name);
    }
    nilo_daemon_process_start(bench->process);
    run_round(bench); /* after it the dead are probed only, and the answer times are known */
    for (guint r = 0; r < N_ROUNDS; r++) {
        run_round(bench);
        for (guint i = 0; i < N_BUSES; i++) {
            if (bench->buses[i].last != NULL)
                ratios[i][r] = measure(bench, i);
        }
    }
    print_ratios(ratios);
    for (guint i = 0; i < N_BUSES; i++) {
        g_clear_pointer(&bench->buses[i].last, g_variant_unref);
        g_free(bench->buses[i].path);
    }
}

int
main(int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "print every round", NULL},
        {"only", 0, 0, G_OPTION_ARG_STRING, &only, "one line only, like 2400-10", "NAME"},
        {"meters-2400", 0, 0, G_OPTION_ARG_INT, &n_meters_2400, "meters on slow lines", "N"},
        {"meters-9600", 0, 0, G_OPTION_ARG_INT, &n_meters_9600, "meters on fast lines", "N"},
        {"extra", 0, 0, G_OPTION_ARG_STRING, &extra, "more lines for each bus", "KEY=VALUE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *estate = NULL;
    g_autoptr(GError) error = NULL;
    Bench bench = {0};

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("bench-round: %s\n", error->message);
        return EXIT_FAILURE;
    }
    estate = build_estate();
    bench.process = nilo_daemon_process_new(estate, DEADLINE_S);
    configure(bench.process);
    run(&bench);
    nilo_daemon_process_free(bench.process);
    return EXIT_SUCCESS;
}
