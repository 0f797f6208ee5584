/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-start: how long nilometerd takes from exec to READY=1 and its name on the bus, and what it
 * occupies then, with two buses, both transports, both drivers, 50 meters and a journal. Measured
 * against ModemManager started on the same private bus, which is ready when it owns its name.
 * Medians of five starts, in turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nilo-daemon-process.h"

#define DEADLINE_S 55
#define N_STARTS   5
#define N_METERS   25 /* per bus */
#define MM_NAME    "org.freedesktop.ModemManager1"
#define MM_PROGRAM "/usr/sbin/ModemManager"

#define ESTATE                                                                                     \
    "[estate]\nseed=5\n"                                                                           \
    "[bus riser]\nkind=mbus\nspeed=2400\nlink=riser\n"                                             \
    "[bus line]\nkind=rs485\nspeed=9600\nlink=line\n"

#define CONFIG                                                                                     \
    "[site]\nzone=Asia/Shanghai\n"                                                                 \
    "[journal]\nsize-max-bytes=16777216\n"                                                         \
    "[schedule hourly]\nevery=hour\n"                                                              \
    "[bus riser]\ntransport=mbus\ndriver=mbus\nport=@LAB@/riser\nspeed-baud=2400\n"                \
    "schedule=hourly\n"                                                                            \
    "[bus line]\ntransport=rs485\ndriver=cjt188\nport=@LAB@/line\nspeed-baud=9600\n"               \
    "schedule=hourly\n"

typedef struct {
    double ready_ms[N_STARTS];
    double rss_kb[N_STARTS];
} Series;

static gboolean hold;

static gint64
read_rss_kb(GPid pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;
    const char *line;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    line = strstr(text, "VmRSS:");
    g_assert_nonnull(line);
    return g_ascii_strtoll(line + strlen("VmRSS:"), NULL, 10);
}

static int
compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static double
get_median(double *values)
{
    qsort(values, N_STARTS, sizeof *values, compare);
    return values[N_STARTS / 2];
}

static void
configure(NiloDaemonProcess *process)
{
    g_autoptr(GString) meters = g_string_new(NULL);

    for (guint i = 1; i <= N_METERS; i++)
        g_string_append_printf(
            meters,
            "[meter mbus:100000%02u.NLB.01.07]\nbus=riser\naddress=%u\n"
            "point=%u\nplace=3/1/%u\n"
            "[meter cjt188:330100000000%02u]\nbus=line\npoint=%u\nplace=4/1/%u\n",
            i, i, 10000 + i, 100 + i, i, 20000 + i, 100 + i);
    nilo_daemon_process_configure(process, "nilometer.conf", CONFIG);
    nilo_daemon_process_configure(process, "meters.d/building.conf", meters->str);
}

static gboolean
is_open(NiloDaemonProcess *process, gpointer user_data)
{
    g_autofree char *path = nilo_daemon_process_get_bus_path(user_data);
    g_autoptr(GVariant) state =
        nilo_daemon_process_get_property(process, path, NILO_TEST_INTERFACE ".Bus", "State");

    return g_str_equal(g_variant_get_string(state, NULL), "open");
}

static void
start_nilometerd(NiloDaemonProcess *process, Series *series, guint i)
{
    nilo_daemon_process_start(process);
    series->ready_ms[i] = (double)nilo_daemon_process_get_ready_us(process) / 1000;
    nilo_daemon_process_wait(process, is_open, (gpointer) "riser");
    nilo_daemon_process_wait(process, is_open, (gpointer) "line");
    series->rss_kb[i] = (double)read_rss_kb(nilo_daemon_process_get_pid(process));
    if (hold) {
        g_printerr("pid=%d, press enter\n", (int)nilo_daemon_process_get_pid(process));
        getchar();
    }
    nilo_daemon_process_stop(process);
}

static void
named_cb(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *name, GVariant *parameters, gpointer user_data)
{
    const char *owner;

    g_variant_get_child(parameters, 2, "&s", &owner);
    *(gboolean *)user_data = owner[0] != '\0';
}

static void
start_modem_manager(NiloDaemonProcess *process, Series *series, guint i)
{
    const char *const argv[] = {MM_PROGRAM, "--test-no-suspend-resume", "--test-no-udev",
                                "--filter-policy=strict", NULL};
    GDBusConnection *connection = nilo_daemon_process_get_connection(process);
    gboolean named = FALSE;
    const guint watch =
        g_dbus_connection_signal_subscribe(connection, "org.freedesktop.DBus",
                                           "org.freedesktop.DBus", "NameOwnerChanged",
                                           "/org/freedesktop/DBus", MM_NAME,
                                           G_DBUS_SIGNAL_FLAGS_NONE, named_cb, &named, NULL);
    const gint64 began_us = g_get_monotonic_time();
    const GPid pid = nilo_daemon_process_spawn(process, argv, NULL, NULL);

    while (!named)
        g_main_context_iteration(NULL, TRUE);
    series->ready_ms[i] = (double)(g_get_monotonic_time() - began_us) / 1000;
    series->rss_kb[i] = (double)read_rss_kb(pid);
    g_dbus_connection_signal_unsubscribe(connection, watch);
    nilo_daemon_process_end(pid);
}

int
main(int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"hold", 0, 0, G_OPTION_ARG_NONE, &hold, "wait before each stop, to look into it", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    NiloDaemonProcess *process;
    Series ours = {{0}}, theirs = {{0}};
    const gboolean compared = g_file_test(MM_PROGRAM, G_FILE_TEST_IS_EXECUTABLE);

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("bench-start: %s\n", error->message);
        return EXIT_FAILURE;
    }
    process = nilo_daemon_process_new(ESTATE, hold ? 3600 : DEADLINE_S);
    configure(process);
    for (guint i = 0; i < N_STARTS; i++) {
        start_nilometerd(process, &ours, i);
        if (compared)
            start_modem_manager(process, &theirs, i);
    }
    g_print("ready_ms=%.1f\nrss_kb=%.0f\n", get_median(ours.ready_ms), get_median(ours.rss_kb));
    if (compared) {
        g_print("modemmanager_ready_ms=%.1f\nmodemmanager_rss_kb=%.0f\n",
                get_median(theirs.ready_ms), get_median(theirs.rss_kb));
        g_print("ready_ratio=%.3f\nrss_ratio=%.3f\n",
                get_median(ours.ready_ms) / get_median(theirs.ready_ms),
                get_median(ours.rss_kb) / get_median(theirs.rss_kb));
    } else {
        g_print("# no %s here to compare with\n", MM_PROGRAM);
    }
    nilo_daemon_process_free(process);
    return EXIT_SUCCESS;
}
