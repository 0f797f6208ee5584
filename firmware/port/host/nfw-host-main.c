/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* nilo-collector-host: the collector as a process, in real time. */
#include "nfw-calendar.h"
#include "nfw-collector.h"
#include "nfw-host-settings.h"
#include "nfw-host-world.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define RESET_BY_DOG      3
#define HOST_GAP_FLOOR_MS 50u /* bytes come through sockets and a scheduler */
#define MAX_SETTINGS      128u
#define LEAP_DAYS_TO_2000 10957u
#define SECONDS_TO_2000   (LEAP_DAYS_TO_2000 * NFW_SECONDS_PER_DAY)
#define EXIT_USAGE        2

struct options {
    const char *eeprom;
    const char *line[NFW_LINES];
    const char *control;
    const char *rtc;
    const char *setting[MAX_SETTINGS];
    unsigned n_settings;
    const char *tear_seed;
    const char *board_number;
    int parent;
    bool is_prepared_only;
    bool must_wait;
};

static struct nfw_host_world_state state;
static struct nfw_collector collector;

static const char usage[] =
    "Usage: nilo-collector-host [OPTION...]\n"
    "The data collector's firmware as a process, in real time.\n"
    "\n"
    "  --eeprom=FILE        what the EEPROM holds; made if there is none, 64 KiB\n"
    "  --bus=SOCKET         listen here for the line towards the concentrator\n"
    "  --meters=SOCKET      listen here for the line towards direct-reading meters\n"
    "  --control=SOCKET     listen here for commands; standard input takes them too\n"
    "  --wait               start when somebody has called all of them, and commands\n"
    "  --rtc=MOMENT         the clock, \"2026-01-31T23:59:50\", or \"unset\"; else the host's\n"
    "  --board-number=N     eight digits\n"
    "  --set=NAME=VALUE     a setting, written into the EEPROM before the start\n"
    "  --prepare            do that and no more\n"
    "  --tear=SEED          a kill in a write cycle leaves a torn page in the file\n"
    "  --parent=PID         end when this parent process ends\n";

static bool
parse_options(int argc, char **argv, struct options *options)
{
    enum {
        EEPROM = 1,
        BUS,
        METERS,
        CONTROL,
        RTC,
        BOARD,
        SET,
        PREPARE,
        TEAR,
        PARENT,
        WAIT,
        HELP
    };
    static const struct option table[] = {
        {"eeprom", required_argument, NULL, EEPROM},
        {"bus", required_argument, NULL, BUS},
        {"meters", required_argument, NULL, METERS},
        {"control", required_argument, NULL, CONTROL},
        {"rtc", required_argument, NULL, RTC},
        {"board-number", required_argument, NULL, BOARD},
        {"set", required_argument, NULL, SET},
        {"prepare", no_argument, NULL, PREPARE},
        {"tear", required_argument, NULL, TEAR},
        {"parent", required_argument, NULL, PARENT},
        {"wait", no_argument, NULL, WAIT},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (option) {
        case EEPROM:
            options->eeprom = optarg;
            break;
        case BUS:
            options->line[NFW_LINE_BUS] = optarg;
            break;
        case METERS:
            options->line[NFW_LINE_METERS] = optarg;
            break;
        case CONTROL:
            options->control = optarg;
            break;
        case RTC:
            options->rtc = optarg;
            break;
        case BOARD:
            options->board_number = optarg;
            break;
        case SET:
            if (options->n_settings == MAX_SETTINGS)
                return false;
            options->setting[options->n_settings++] = optarg;
            break;
        case PREPARE:
            options->is_prepared_only = true;
            break;
        case TEAR:
            options->tear_seed = optarg;
            break;
        case PARENT:
            options->parent = atoi(optarg);
            break;
        case WAIT:
            options->must_wait = true;
            break;
        case HELP:
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        default:
            return false;
        }
    }
    return optind == argc;
}

/* local civil time, as it stands on the wall */
static nfw_seconds
get_host_time(void)
{
    const time_t now = time(NULL);
    struct tm local;

    localtime_r(&now, &local);
    return (nfw_seconds)(now + local.tm_gmtoff - (time_t)SECONDS_TO_2000);
}

static bool
set_rtc(const char *moment)
{
    struct nfw_date date;
    struct tm face = {0};
    const char *end;

    if (moment == NULL) {
        nfw_host_set_rtc(&state.host, get_host_time());
        return true;
    }
    if (strcmp(moment, "unset") == 0)
        return true;
    end = strptime(moment, "%Y-%m-%dT%H:%M:%S", &face);
    date = (struct nfw_date){.year = (uint16_t)(face.tm_year + 1900),
                             .month = (uint8_t)(face.tm_mon + 1),
                             .day = (uint8_t)face.tm_mday,
                             .hour = (uint8_t)face.tm_hour,
                             .minute = (uint8_t)face.tm_min,
                             .second = (uint8_t)face.tm_sec};
    if (end == NULL || *end != '\0' || !nfw_date_is_valid(&date))
        return false;
    nfw_host_set_rtc(&state.host, nfw_date_to_seconds(&date));
    return true;
}

static bool
set_up(const struct options *options)
{
    struct nfw_host_settings settings;

    if (options->n_settings == 0)
        return true;
    nfw_host_settings_load(&settings, state.host.board_number);
    for (unsigned i = 0; i < options->n_settings; i++) {
        if (!nfw_host_settings_set(&settings, options->setting[i])) {
            fprintf(stderr, "nilo-collector-host: no such setting: %s\n", options->setting[i]);
            return false;
        }
    }
    if (nfw_host_settings_save(&settings) != NFW_OK) {
        fprintf(stderr, "nilo-collector-host: these settings do not go together\n");
        return false;
    }
    return nfw_host_world_keep(&state);
}

static bool
listen_to(struct nfw_host_socket *socket, const char *path)
{
    if (path == NULL || nfw_host_socket_listen(socket, path))
        return true;
    fprintf(stderr, "nilo-collector-host: cannot listen on %s: %s\n", path, strerror(errno));
    return false;
}

/* as QEMU does with "wait=on": nothing that is sent at the start is lost, and who commands has set
 * the pins by then */
static void
wait_for_callers(void)
{
    struct pollfd polled = {.events = POLLIN};

    for (unsigned i = 0; i < NFW_LINES; i++) {
        if (state.line[i].listen_fd >= 0)
            nfw_host_socket_accept(&state.line[i]);
    }
    if (state.control.listen_fd < 0)
        return;
    nfw_host_socket_accept(&state.control);
    polled.fd = state.control.fd;
    poll(&polled, 1, -1);
}

static bool
open_board(const struct options *options)
{
    if (!nfw_host_world_open(&state, options->eeprom)) {
        fprintf(stderr, "nilo-collector-host: cannot use %s: %s\n", options->eeprom,
                strerror(errno));
        return false;
    }
    state.host.gap_floor_ms = HOST_GAP_FLOOR_MS;
    if (options->board_number != NULL)
        state.host.board_number = (uint32_t)strtoul(options->board_number, NULL, 16);
    if (options->tear_seed != NULL) {
        state.is_harsh = true;
        state.random = (uint32_t)strtoul(options->tear_seed, NULL, 0) | 1u;
    }
    if (set_rtc(options->rtc))
        return true;
    fprintf(stderr, "nilo-collector-host: \"%s\" is no moment like 2026-01-31T23:59:50\n",
            options->rtc);
    return false;
}

static void
run(void)
{
    const int reset = setjmp(state.restart);

    state.host.cut = &state.restart;
    if (reset != 0) {
        state.is_hanging = false;
        nfw_host_reset(&state.host, reset == RESET_BY_DOG ? NFW_RESET_WATCHDOG : NFW_RESET_ORDER);
    }
    memset(&collector, 0, sizeof collector);
    nfw_collector_run(&collector);
}

int
main(int argc, char **argv)
{
    struct options options = {0};

    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (options.parent > 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != options.parent)
            return EXIT_SUCCESS;
    }
    if (!open_board(&options) || !listen_to(&state.line[NFW_LINE_BUS], options.line[0]) ||
        !listen_to(&state.line[NFW_LINE_METERS], options.line[1]) ||
        !listen_to(&state.control, options.control))
        return EXIT_FAILURE;
    if (!set_up(&options))
        return EXIT_USAGE;
    if (options.is_prepared_only)
        return EXIT_SUCCESS;
    state.has_stdin = options.control == NULL;
    if (options.must_wait)
        wait_for_callers();
    nfw_host_world_start(&state);
    (void)nfw_port_now_ms(); /* the first commands */
    run();
    return EXIT_FAILURE;
}
