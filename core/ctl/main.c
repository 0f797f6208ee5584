/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * nilometerctl: looks into the daemon over D-Bus and steers it. Loads plugins itself only for
 * decode, describe and check-config, which must work without a daemon.
 */
#include <glib/gi18n.h>
#include <locale.h>
#include <string.h>

#include "nilo-ctl.h"

static const NiloCtlCommand commands[] = {
    {"setup", "", N_("lead from an adapter in the hand to the first reading"), nilo_ctl_setup},
    {"status", "", N_("show the daemon, its buses and the journal"), nilo_ctl_status},
    {"list", "[TEXT | bus=NAME | lane=LANE | outcome=OUTCOME]...", N_("list meters"),
     nilo_ctl_list},
    {"show", "METER", N_("show one meter and its last report"), nilo_ctl_show},
    {"read", "METER [--history] [--purchase] [--evidence]", N_("read a meter now"), nilo_ctl_read},
    {"watch", "[COUNT]", N_("print reports and events as they come"), nilo_ctl_watch},
    {"history", "METER [--register=NAME] [--from=DATE] [--to=DATE] [--daily | --misses]",
     N_("print stored readings (needs the headend service)"), nilo_ctl_history},
    {"round", "BUS", N_("read every meter of a bus now"), nilo_ctl_round},
    {"scan", "BUS [--driver=NAME] [--range=RANGE] [--mask=MASK] [--write] [--restart]",
     N_("look for meters"), nilo_ctl_scan},
    {"doctor", "[BUS]", N_("say what is wrong with the wire, in plain words"), nilo_ctl_doctor},
    {"valve", "METER open|close --reason TEXT", N_("turn a valve, for maintenance"),
     nilo_ctl_valve},
    {"set-clock", "METER", N_("set a meter's clock"), nilo_ctl_set_clock},
    {"set-address", "METER ADDRESS", N_("give a meter another address"), nilo_ctl_set_address},
    {"purchase", "METER NUMBER AMOUNT", N_("write a purchase into a prepaid meter"),
     nilo_ctl_purchase},
    {"journal", "", N_("show the journal and its consumers"), nilo_ctl_journal},
    {"reload", "", N_("read the configuration anew"), nilo_ctl_reload},
    {"release", "PLUGIN", N_("try a plugin again that crashed the daemon"), nilo_ctl_release},
    {"meters", "import FILE | export [FILE]", N_("exchange the list of meters with a spreadsheet"),
     nilo_ctl_meters},
    {"decode", "mbus|cjt188", N_("decode hex frames from standard input"), nilo_ctl_decode},
    {"describe", "[PLUGIN | GROUP]", N_("explain configuration keys"), nilo_ctl_describe},
    {"check-config", "[DIR]", N_("check the configuration without touching the daemon"),
     nilo_ctl_check_config},
};

static void
print_help(void)
{
    g_print("%s\n\n", _("usage: nilometerctl [--json] [--address=BUS] [--config=DIR] COMMAND ..."));
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_print("  %s %s\n", commands[i].name, commands[i].arguments);
        g_print("      %s\n", _(commands[i].help));
    }
    g_print("\n%s\n", _("nilometerctl(1) explains each, and the exit codes."));
}

static const NiloCtlCommand *
find_command(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static NiloCtlExit
run(NiloCtl *ctl, int argc, char **argv)
{
    const NiloCtlCommand *command = find_command(argv[0]);

    if (command == NULL) {
        g_printerr(_("nilometerctl: there is no command \"%s\"; nilometerctl --help lists them\n"),
                   argv[0]);
        return NILO_CTL_USAGE;
    }
    return command->run(ctl, argc, argv);
}

/* the options before the command; what follows it is the command's own */
static int
parse_options(NiloCtl *ctl, int argc, char **argv, gboolean *help, gboolean *version)
{
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--json") == 0)
            ctl->json = TRUE;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            *help = TRUE;
        else if (strcmp(argv[i], "--version") == 0)
            *version = TRUE;
        else if (g_str_has_prefix(argv[i], "--address="))
            ctl->address = g_strdup(argv[i] + strlen("--address="));
        else if (g_str_has_prefix(argv[i], "--config="))
            ctl->config_dir = g_strdup(argv[i] + strlen("--config="));
        else
            return -1;
    }
    return i;
}

/* --json may also stand behind the command: take it out of its words */
static int
take_json(NiloCtl *ctl, int argc, char **argv)
{
    int kept = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            ctl->json = TRUE;
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    return kept;
}

int
main(int argc, char **argv)
{
    NiloCtl ctl = {0};
    gboolean help = FALSE, version = FALSE;
    NiloCtlExit code;
    int first;

    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, NILO_LOCALE_DIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);

    ctl.address = g_strdup(g_getenv("NILOMETER_DBUS_ADDRESS"));
    ctl.config_dir = g_strdup(g_getenv("NILOMETER_CONFIG_DIR"));
    first = parse_options(&ctl, argc, argv, &help, &version);
    if (ctl.config_dir == NULL)
        ctl.config_dir = g_strdup(NILO_CONFIG_DIR);
    if (version) {
        g_print("nilometerctl %s\n", NILO_VERSION);
        code = NILO_CTL_OK;
    } else if (help) {
        print_help();
        code = NILO_CTL_OK;
    } else if (first < 0 || first >= argc) {
        print_help();
        code = NILO_CTL_USAGE;
    } else {
        code = run(&ctl, take_json(&ctl, argc - first, argv + first), argv + first);
    }
    g_clear_object(&ctl.connection);
    g_free(ctl.address);
    g_free(ctl.config_dir);
    return code;
}
