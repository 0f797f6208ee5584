/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* nilo-lab-hub ESTATE: a building without pipes, in real time. */
#include "nilo-lab-control.h"
#include "nilo-lab-estate.h"
#include "nilo-lab-port.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

typedef struct {
    char *folder;
    char *log;
    char *control;
    char *time;
    int speedup;
    int ready_fd;
    int parent;
} Options;

typedef struct {
    NiloLabLog *log;
    NiloLabEstate *estate;
    GPtrArray *ports;      /* element-type NiloLabPort */
    NiloLabPulser *pulser; /* nullable: without collectors there are no contacts */
    NiloLabControl *control;
} Hub;

static void
options_clear(Options *options)
{
    g_free(options->folder);
    g_free(options->log);
    g_free(options->control);
    g_free(options->time);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static void
hub_clear(Hub *hub)
{
    g_clear_pointer(&hub->control, nilo_lab_control_free);
    g_clear_pointer(&hub->pulser, nilo_lab_pulser_free);
    g_clear_pointer(&hub->ports, g_ptr_array_unref);
    g_clear_pointer(&hub->estate, nilo_lab_estate_free);
    g_clear_pointer(&hub->log, nilo_lab_log_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Hub, hub_clear)

static gboolean
start_time(Hub *hub, const Options *options, GError **error)
{
    NiloLabTime time = {.mono_ns = nilo_lab_port_now_ns(),
                        .utc_us = g_get_real_time(),
                        .speedup = nilo_lab_estate_get_speedup(hub->estate)};

    nilo_lab_estate_get_time(hub->estate, &time.utc_us);
    if (options->time != NULL && !nilo_lab_utc_from_text(options->time, &time.utc_us)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "--time: \"%s\" found, expected a moment like 2026-03-01T08:00:00Z",
                    options->time);
        return FALSE;
    }
    if (options->speedup >= 0)
        time.speedup = (guint)options->speedup;
    nilo_lab_estate_set_time(hub->estate, &time);
    return TRUE;
}

static gboolean
start_boards(Hub *hub, const char *folder, GError **error)
{
    GPtrArray *boards = nilo_lab_estate_get_boards(hub->estate);

    for (guint i = 0; i < boards->len; i++) {
        if (!nilo_lab_board_start(g_ptr_array_index(boards, i), folder, error))
            return FALSE;
    }
    if (boards->len > 0)
        hub->pulser = nilo_lab_pulser_new(boards);
    return TRUE;
}

static GPtrArray *
list_stations(Hub *hub, NiloLabBus *bus)
{
    GPtrArray *boards = nilo_lab_estate_get_boards(hub->estate);
    GPtrArray *stations = g_ptr_array_new();

    for (guint i = 0; i < boards->len; i++) {
        NiloLabBoard *board = g_ptr_array_index(boards, i);

        if (nilo_lab_board_get_bus(board) == bus)
            g_ptr_array_add(stations, nilo_lab_board_get_station(board));
    }
    return stations;
}

/* the collector that is the master of @bus, if any is */
static NiloLabDownstream *
find_downstream(Hub *hub, NiloLabBus *bus)
{
    GPtrArray *boards = nilo_lab_estate_get_boards(hub->estate);

    for (guint i = 0; i < boards->len; i++) {
        NiloLabBoard *board = g_ptr_array_index(boards, i);

        if (nilo_lab_board_get_meters_bus(board) == bus)
            return nilo_lab_board_get_downstream(board);
    }
    return NULL;
}

static gboolean
start(Hub *hub, const char *estate, const Options *options, GError **error)
{
    g_autofree char *folder =
        g_canonicalize_filename(options->folder != NULL ? options->folder : ".", NULL);
    GPtrArray *buses;

    hub->estate = nilo_lab_estate_new_from_file(estate, error);
    if (hub->estate == NULL || !start_time(hub, options, error))
        return FALSE;
    if (options->log != NULL) {
        hub->log = nilo_lab_log_new(options->log, error);
        if (hub->log == NULL)
            return FALSE;
        nilo_lab_estate_set_log(hub->estate, hub->log);
    }
    if (!start_boards(hub, folder, error))
        return FALSE;
    buses = nilo_lab_estate_get_buses(hub->estate);
    hub->ports = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_lab_port_free);
    for (guint i = 0; i < buses->len; i++) {
        NiloLabBus *bus = g_ptr_array_index(buses, i);
        g_autoptr(GPtrArray) stations = list_stations(hub, bus);
        NiloLabPort *port =
            nilo_lab_port_new(bus, stations, find_downstream(hub, bus), folder, error);

        if (port == NULL)
            return FALSE;
        g_ptr_array_add(hub->ports, port);
    }
    hub->control = nilo_lab_control_new(hub->estate, hub->ports);
    return options->control == NULL ||
           nilo_lab_control_listen(hub->control, options->control, error);
}

/* one line per bus, then READY: what a test waits for */
static void
say_ready(const Hub *hub, int fd)
{
    FILE *out = fd == STDOUT_FILENO ? stdout : fdopen(fd, "w");

    if (out == NULL)
        return;
    for (guint i = 0; i < hub->ports->len; i++) {
        NiloLabPort *port = g_ptr_array_index(hub->ports, i);
        NiloLabBus *bus = nilo_lab_port_get_bus(port);
        g_autofree char *address = nilo_lab_port_get_address(port);

        fprintf(out, "bus=%s address=%s meters=%u\n", nilo_lab_bus_get_name(bus), address,
                nilo_lab_bus_get_meters(bus)->len);
    }
    fprintf(out, "READY\n");
    fflush(out);
    if (out != stdout)
        fclose(out);
}

static gboolean
quit_cb(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_CONTINUE;
}

static gboolean
parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"folder", 0, 0, G_OPTION_ARG_FILENAME, &options->folder,
         "where relative links of the estate are made", "FOLDER"},
        {"log", 0, 0, G_OPTION_ARG_FILENAME, &options->log, "write the event log here", "FILE"},
        {"control", 0, 0, G_OPTION_ARG_FILENAME, &options->control,
         "listen for nilo-lab-ctl on this Unix socket", "SOCKET"},
        {"time", 0, 0, G_OPTION_ARG_STRING, &options->time,
         "estate time at the start, ISO 8601; default: now", "MOMENT"},
        {"speedup", 0, 0, G_OPTION_ARG_INT, &options->speedup,
         "estate seconds per second; 0: time stands still", "N"},
        {"ready-fd", 0, 0, G_OPTION_ARG_INT, &options->ready_fd,
         "say READY on this file descriptor instead of standard output", "FD"},
        {"parent", 0, 0, G_OPTION_ARG_INT, &options->parent, "end when this parent process ends",
         "PID"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("ESTATE");

    g_option_context_set_summary(context,
                                 "Plays a building's bus lines and meters on pseudo terminals.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc == 2)
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                "%d file names given, expected one estate file", *argc - 1);
    return FALSE;
}

/* FALSE: the parent is gone already */
static gboolean
follow_parent(int parent)
{
    if (parent <= 0)
        return TRUE;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == parent;
}

int
main(int argc, char **argv)
{
    g_auto(Options) options = {.speedup = -1, .ready_fd = STDOUT_FILENO};
    g_auto(Hub) hub = {NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GMainLoop) loop = NULL;

    setlocale(LC_ALL, "");
    if (!parse_options(&argc, &argv, &options, &error)) {
        g_printerr("nilo-lab-hub: %s\n", error->message);
        return 2;
    }
    if (!follow_parent(options.parent))
        return EXIT_SUCCESS;
    if (!start(&hub, argv[1], &options, &error)) {
        g_printerr("nilo-lab-hub: %s\n", error->message);
        return EXIT_FAILURE;
    }
    loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGTERM, quit_cb, loop);
    g_unix_signal_add(SIGINT, quit_cb, loop);
    say_ready(&hub, options.ready_fd);
    g_main_loop_run(loop);
    return EXIT_SUCCESS;
}
