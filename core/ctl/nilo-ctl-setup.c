/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From an adapter in the hand to the first reading: finds the port, tries protocols, speeds and
 * parities in the order in which they are met in the field, scans, writes the files. Everything is
 * done by the daemon; here is only the talk.
 */
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nilo-ctl-client.h"
#include "nilo-ctl-job.h"
#include "nilo-ctl-output.h"
#include "nilo-ctl-report.h"
#include "nilo-ctl.h"
#include "nilo-dbus-text.h"
#include "nilo-error.h"

#define BUS_INTERFACE NILO_DBUS_NAME ".Bus"

typedef struct {
    const char *transport;
    const char *driver;
    guint speed_baud;
    const char *parity;
} Guess;

/* EN 13757-2: 2400 8E1 nearly always. CJ/T 188: 2400 8E1, then what makers set in batches */
static const Guess guesses[] = {
    {"mbus", "mbus", 2400, "even"},    {"rs485", "cjt188", 2400, "even"},
    {"rs485", "cjt188", 9600, "even"}, {"rs485", "cjt188", 4800, "even"},
    {"rs485", "cjt188", 1200, "even"}, {"rs485", "cjt188", 9600, "none"},
    {"mbus", "mbus", 300, "even"},     {"mbus", "mbus", 9600, "even"},
};

typedef struct {
    char *name;
    const char *driver;
    const char *range;
    char *port;
    char *before; /* what stood in the file of the bus, or NULL */
} Wish;

static void
add_ports(GPtrArray *ports, const char *folder, const char *prefix)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_prefix(name, prefix))
            g_ptr_array_add(ports, g_build_filename(folder, name, NULL));
    }
}

/* names that stay the same over a restart first */
static GPtrArray *
list_ports(void)
{
    GPtrArray *ports = g_ptr_array_new_with_free_func(g_free);

    add_ports(ports, "/dev/serial/by-id", "");
    if (ports->len == 0) {
        add_ports(ports, "/dev", "ttyUSB");
        add_ports(ports, "/dev", "ttyACM");
        add_ports(ports, "/dev", "ttyAMA");
    }
    return ports;
}

static char *
ask_for_port(GPtrArray *ports)
{
    char line[512];
    guint64 choice;

    for (guint i = 0; i < ports->len; i++)
        g_print("  %u  %s\n", i + 1, (const char *)ports->pdata[i]);
    g_print("%s ", _("Which one is it?"));
    if (fgets(line, sizeof line, stdin) == NULL ||
        !g_ascii_string_to_unsigned(g_strstrip(line), 10, 1, ports->len, &choice, NULL))
        return NULL;
    return g_strdup(ports->pdata[choice - 1]);
}

static char *
find_port(void)
{
    g_autoptr(GPtrArray) ports = list_ports();

    if (ports->len == 1)
        return g_strdup(ports->pdata[0]);
    if (ports->len > 1 && isatty(STDIN_FILENO))
        return ask_for_port(ports);
    if (ports->len == 0)
        g_printerr("%s\n", _("No serial adapter is to be seen. Plug it in, or name its port: "
                             "nilometerctl setup --port=/dev/ttyS0 (or tcp:HOST:PORT)"));
    else
        g_printerr("%s\n", _("There are several adapters: name one with --port=PATH"));
    return NULL;
}

static gboolean
parse_wish(char **words, Wish *wish)
{
    for (; *words != NULL; words++) {
        if (g_str_has_prefix(*words, "--port="))
            wish->port = g_strdup(*words + strlen("--port="));
        else if (g_str_has_prefix(*words, "--name="))
            wish->name = g_strdup(*words + strlen("--name="));
        else if (g_str_has_prefix(*words, "--driver="))
            wish->driver = *words + strlen("--driver=");
        else if (g_str_has_prefix(*words, "--range="))
            wish->range = *words + strlen("--range=");
        else
            return FALSE;
    }
    return TRUE;
}

static char *
get_bus_path(NiloCtl *ctl, const Wish *wish)
{
    g_autofree char *file = g_strdup_printf("%s.conf", wish->name);

    return g_build_filename(ctl->config_dir, "nilometer.conf.d", file, NULL);
}

static gboolean
is_written_by_setup(NiloCtl *ctl, char *name)
{
    const Wish wish = {.name = name};
    g_autofree char *path = get_bus_path(ctl, &wish);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* the bus that has the port, or NULL */
static char *
find_bus_at_port(NiloCtl *ctl, const char *port, GError **error)
{
    g_auto(GStrv) paths = nilo_ctl_list_objects(ctl, "bus", error);

    for (gsize i = 0; paths != NULL && paths[i] != NULL; i++) {
        g_autoptr(GVariant) bus = nilo_ctl_get_properties(ctl, paths[i], BUS_INTERFACE, error);
        const char *name, *its_port;

        if (bus == NULL)
            return NULL;
        if (g_variant_lookup(bus, "Port", "&s", &its_port) && strcmp(its_port, port) == 0 &&
            g_variant_lookup(bus, "Name", "&s", &name))
            return g_strdup(name);
    }
    return NULL;
}

static char *
find_free_name(NiloCtl *ctl)
{
    for (guint i = 1;; i++) {
        g_autofree char *name = g_strdup_printf("bus-%u", i);
        g_autofree char *path = nilo_ctl_find_bus(ctl, name, NULL);

        if (path == NULL && !is_written_by_setup(ctl, name))
            return g_steal_pointer(&name);
    }
}

/* a second adapter gets a bus of its own; an adapter set up before is set up anew */
static gboolean
ensure_name(NiloCtl *ctl, Wish *wish, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *taken = find_bus_at_port(ctl, wish->port, &local_error);

    if (local_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    if (taken != NULL && wish->name == NULL && is_written_by_setup(ctl, taken))
        wish->name = g_steal_pointer(&taken);
    else if (taken != NULL && g_strcmp0(wish->name, taken) != 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_FAILED,
                    _("the port %s already belongs to bus \"%s\" of the configuration: look for "
                      "its meters with nilometerctl scan %s --write"),
                    wish->port, taken, taken);
        return FALSE;
    }
    if (wish->name == NULL)
        wish->name = find_free_name(ctl);
    return TRUE;
}

static gboolean
write_bus(NiloCtl *ctl, const Wish *wish, const Guess *guess, GError **error)
{
    g_autofree char *path = get_bus_path(ctl, wish);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text =
        g_strdup_printf("# written by nilometerctl setup\n"
                        "[bus %s]\n"
                        "transport=%s\n"
                        "port=%s\n"
                        "speed-baud=%u\n"
                        "parity=%s\n"
                        "driver=%s\n"
                        "schedule=%s-hourly\n"
                        "\n"
                        "[schedule %s-hourly]\n"
                        "every=hour\n",
                        wish->name, guess->transport, wish->port, guess->speed_baud, guess->parity,
                        guess->driver, wish->name, wish->name);

    g_mkdir_with_parents(folder, 0755);
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}

static gboolean
call_reload(NiloCtl *ctl, GError **error)
{
    g_autoptr(GVariant) reply = nilo_ctl_call(ctl, NULL, NULL, "Reload", NULL, error);

    return reply != NULL;
}

/* without a guess that fits, nothing of the attempts stays behind */
static void
restore_bus(NiloCtl *ctl, const Wish *wish)
{
    g_autofree char *path = get_bus_path(ctl, wish);

    if (wish->before == NULL)
        g_unlink(path);
    else
        g_file_set_contents(path, wish->before, -1, NULL);
    call_reload(ctl, NULL);
}

static GVariant *
try_guess(NiloCtl *ctl, const Wish *wish, const Guess *guess, GError **error)
{
    GVariantDict options;

    g_print(_("Trying %s at %u Bd, parity %s ...\n"), guess->driver, guess->speed_baud,
            guess->parity);
    if (!write_bus(ctl, wish, guess, error) || !call_reload(ctl, error))
        return NULL;
    g_variant_dict_init(&options, NULL);
    g_variant_dict_insert(&options, "write", "b", TRUE);
    g_variant_dict_insert(&options, "restart", "b", TRUE);
    if (wish->range != NULL)
        g_variant_dict_insert(&options, "range", "s", wish->range);
    return nilo_ctl_run_scan(ctl, wish->name, guess->driver, g_variant_dict_end(&options), error);
}

static const char *
get_first_usable(GVariant *state)
{
    g_autoptr(GVariant) found = g_variant_lookup_value(state, "Found", G_VARIANT_TYPE("aa{sv}"));

    for (gsize i = 0; found != NULL && i < g_variant_n_children(found); i++) {
        g_autoptr(GVariant) meter = g_variant_get_child_value(found, i);
        const char *id = "", *trouble = "";

        g_variant_lookup(meter, "id", "&s", &id);
        g_variant_lookup(meter, "trouble", "&s", &trouble);
        if (trouble[0] == '\0')
            return id; /* borrowed from @state, which keeps the bytes */
    }
    return NULL;
}

static NiloCtlExit
read_first(NiloCtl *ctl, const char *id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL, report = NULL;
    GVariantDict options;

    g_variant_dict_init(&options, NULL);
    reply = nilo_ctl_call(ctl, NULL, NULL, "ReadMeter",
                          g_variant_new("(s@a{sv})", id, g_variant_dict_end(&options)), &error);
    if (reply == NULL)
        return nilo_ctl_fail(error);
    report = g_variant_get_child_value(reply, 0);
    g_print("\n%s\n", _("The first reading:"));
    nilo_ctl_print_report(report);
    return NILO_CTL_OK;
}

static NiloCtlExit
finish(NiloCtl *ctl, const Wish *wish, GVariant *state)
{
    g_autofree char *path = get_bus_path(ctl, wish);
    const char *id = get_first_usable(state);
    NiloCtlExit code;

    nilo_ctl_print_found(state);
    g_print(_("Written: %s, and the meters in %s/meters.d\n"), path, ctl->config_dir);
    code = read_first(ctl, id);
    g_print("\n");
    g_print(_("Every meter is read each hour from now on; at once with: nilometerctl round %s\n"),
            wish->name);
    return code;
}

static NiloCtlExit
try_all(NiloCtl *ctl, Wish *wish)
{
    g_autofree char *path = get_bus_path(ctl, wish);

    g_file_get_contents(path, &wish->before, NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(guesses); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) state = NULL;

        if (wish->driver != NULL && strcmp(wish->driver, guesses[i].driver) != 0)
            continue;
        state = try_guess(ctl, wish, &guesses[i], &error);
        if (state == NULL) {
            restore_bus(ctl, wish);
            return nilo_ctl_fail(error);
        }
        if (get_first_usable(state) != NULL)
            return finish(ctl, wish, state);
    }
    restore_bus(ctl, wish);
    g_printerr("%s\n", _("No meter has answered. Is the bus powered, are A and B the right way "
                         "round? Several CJ/T 188 meters on one wire are found by their numbers "
                         "only: --driver=cjt188 --range=FIRST-LAST"));
    return NILO_CTL_NO_ANSWER;
}

static NiloCtlExit
set_up(NiloCtl *ctl, Wish *wish)
{
    g_autoptr(GError) error = NULL;

    if (wish->port == NULL)
        wish->port = find_port();
    if (wish->port == NULL)
        return NILO_CTL_NOT_FOUND;
    if (!ensure_name(ctl, wish, &error))
        return nilo_ctl_fail(error);
    g_print(_("Port %s, bus %s\n"), wish->port, wish->name);
    return try_all(ctl, wish);
}

NiloCtlExit
nilo_ctl_setup(NiloCtl *ctl, int argc, char **argv)
{
    Wish wish = {0};
    NiloCtlExit code;

    if (parse_wish(argv + 1, &wish))
        code = set_up(ctl, &wish);
    else
        code = nilo_ctl_usage("setup [--port=PATH] [--name=BUS] [--driver=NAME] [--range=RANGE]");
    g_free(wish.before);
    g_free(wish.name);
    g_free(wish.port);
    return code;
}
