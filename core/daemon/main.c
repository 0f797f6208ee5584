/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * nilometerd: reads meters. What it is follows from its keyfiles. See nilometerd(8).
 */
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <sysexits.h>

#include "nilo-daemon.h"
#include "nilo-log.h"
#include "nilo-notify.h"

/* having run so long, past crashes are forgotten */
#define SETTLED_AFTER_S 60

typedef struct {
    NiloDaemon *daemon;
    GMainLoop *loop;
    gboolean stopping;
} Program;

static gboolean
stopped_cb(gpointer user_data)
{
    Program *program = user_data;

    g_main_loop_quit(program->loop);
    return G_SOURCE_REMOVE;
}

static gboolean
stop_cb(gpointer user_data)
{
    Program *program = user_data;

    if (!program->stopping) {
        program->stopping = TRUE;
        nilo_notify("STOPPING=1");
        nilo_daemon_stop(program->daemon, stopped_cb, program);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
reload_cb(gpointer user_data)
{
    Program *program = user_data;
    g_autoptr(GError) error = NULL;

    if (program->stopping)
        return G_SOURCE_CONTINUE;
    nilo_notify("RELOADING=1");
    if (!nilo_daemon_reload(program->daemon, &error))
        nilo_log_warning(NULL, "%s", error->message);
    nilo_notify("READY=1");
    return G_SOURCE_CONTINUE;
}

static gboolean
watchdog_cb(gpointer user_data)
{
    Program *program = user_data;

    if (nilo_daemon_is_progressing(program->daemon))
        nilo_notify("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

static gboolean
settle_cb(gpointer user_data)
{
    Program *program = user_data;

    nilo_daemon_settle(program->daemon);
    return G_SOURCE_REMOVE;
}

static void
run(Program *program)
{
    const guint64 watchdog_us = nilo_notify_get_watchdog_us();

    g_unix_signal_add(SIGTERM, stop_cb, program);
    g_unix_signal_add(SIGINT, stop_cb, program);
    g_unix_signal_add(SIGHUP, reload_cb, program);
    if (watchdog_us > 0)
        g_timeout_add((guint)(watchdog_us / 2 / 1000), watchdog_cb, program);
    g_timeout_add_seconds(SETTLED_AFTER_S, settle_cb, program);
    nilo_notify("READY=1");
    g_main_loop_run(program->loop);
}

static gboolean
parse_options(int *argc, char ***argv, NiloDaemonOptions *options, gboolean *verbose,
              gboolean *version, GError **error)
{
    g_autofree char *authority = NULL;
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_dir,
         N_("folder of the configuration"), N_("DIR")},
        {"state", 's', 0, G_OPTION_ARG_FILENAME, &options->state_dir,
         N_("folder of the journal and of what is learned"), N_("DIR")},
        {"address", 'a', 0, G_OPTION_ARG_STRING, &options->address,
         N_("D-Bus address instead of the system bus; \"none\" for no bus"), N_("ADDRESS")},
        {"authority", 0, 0, G_OPTION_ARG_STRING, &authority,
         N_("who decides what a caller may: polkit, or same-user on a bus of one's own"),
         "polkit|same-user"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, verbose,
         N_("log what is done, not only what "
            "matters"),
         NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, version, N_("print the version"), NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_translation_domain(context, GETTEXT_PACKAGE);
    g_option_context_set_summary(context, _("Reads meters over RS485 and M-Bus."));
    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (authority != NULL && !g_str_equal(authority, "polkit") &&
        !g_str_equal(authority, "same-user")) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    _("--authority is \"%s\", expected polkit or same-user"), authority);
        return FALSE;
    }
    options->same_user = g_strcmp0(authority, "same-user") == 0;
    return TRUE;
}

int
main(int argc, char **argv)
{
    NiloDaemonOptions options = {0};
    gboolean verbose = FALSE, version = FALSE;
    g_autoptr(GError) error = NULL;
    Program program = {0};
    int code = EX_OK;

    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, NILO_LOCALE_DIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);

    if (!parse_options(&argc, &argv, &options, &verbose, &version, &error)) {
        g_printerr("nilometerd: %s\n", error->message);
        return EX_USAGE;
    }
    if (version) {
        g_print("nilometerd %s\n", NILO_VERSION);
        return EX_OK;
    }
    g_log_writer_default_set_use_stderr(TRUE);
    if (verbose)
        g_log_set_debug_enabled(TRUE);
    if (options.config_dir == NULL)
        options.config_dir = g_strdup(NILO_CONFIG_DIR);
    if (options.state_dir == NULL)
        options.state_dir = g_strdup(NILO_STATE_DIR);

    program.loop = g_main_loop_new(NULL, FALSE);
    program.daemon = nilo_daemon_new(&options);
    if (nilo_daemon_start(program.daemon, &error)) {
        run(&program);
    } else {
        g_printerr("nilometerd: %s\n", error->message);
        code = EX_CONFIG;
    }
    g_object_unref(program.daemon);
    g_main_loop_unref(program.loop);
    g_free(options.config_dir);
    g_free(options.state_dir);
    g_free(options.address);
    return code;
}
