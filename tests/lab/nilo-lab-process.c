/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-process.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_FD 3 /* in the child */

struct _NiloLabProcess {
    GPid pid; /* 0: not running */
    char *folder;
    char *control;
    GHashTable *addresses; /* bus -> address as it was at the start */
};

static void
take_bus_line(NiloLabProcess *process, const char *line)
{
    g_autofree char *bus = nilo_lab_answer_get_text(line, "bus");
    g_autofree char *address = nilo_lab_answer_get_text(line, "address");

    if (bus != NULL && address != NULL)
        g_hash_table_insert(process->addresses, g_steal_pointer(&bus), g_steal_pointer(&address));
}

/* reads until READY; the pipe closes when the hub dies, so this cannot hang on a dead one */
static gboolean
wait_ready(NiloLabProcess *process, int fd, GError **error)
{
    FILE *file = fdopen(fd, "r");
    char line[512];
    gboolean ready = FALSE;

    while (file != NULL && !ready && fgets(line, sizeof line, file) != NULL) {
        g_strchomp(line);
        ready = g_str_equal(line, "READY");
        take_bus_line(process, line);
    }
    if (file != NULL)
        fclose(file);
    else
        close(fd);
    if (!ready)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the hub ended before it was ready");
    return ready;
}

static GStrv
build_argv(NiloLabProcess *process, const char *hub, const char *estate,
           const char *const *arguments, int ready_fd)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *fd = g_strdup_printf("--ready-fd=%d", ready_fd);
    g_autofree char *parent = g_strdup_printf("--parent=%d", (int)getpid());
    g_autofree char *log = g_build_filename(process->folder, "log", NULL);

    g_strv_builder_add_many(builder, hub, "--folder", process->folder, "--control",
                            process->control, "--log", log, fd, parent, NULL);
    if (arguments != NULL)
        g_strv_builder_addv(builder, (const char **)arguments);
    g_strv_builder_add(builder, estate);
    return g_strv_builder_end(builder);
}

static gboolean
spawn(NiloLabProcess *process, const char *hub, const char *estate, const char *const *arguments,
      GError **error)
{
    g_auto(GStrv) argv = build_argv(process, hub, estate, arguments, READY_FD);
    const int target = READY_FD;
    int ends[2];
    gboolean spawned;

    if (!g_unix_open_pipe(ends, FD_CLOEXEC, error))
        return FALSE;
    spawned = g_spawn_async_with_pipes_and_fds(NULL, (const char *const *)argv, NULL,
                                               G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1, -1,
                                               &ends[1], &target, 1, &process->pid, NULL, NULL,
                                               NULL, error);
    close(ends[1]);
    if (!spawned) {
        close(ends[0]);
        return FALSE;
    }
    return wait_ready(process, ends[0], error);
}

/**
 * nilo_lab_process_new:
 * @hub: the program nilo-lab-hub; (nullable): the one the environment variable NILO_LAB_HUB names
 * @estate: an estate file
 * @arguments: (nullable) (array zero-terminated=1): more options of the hub
 * @error: return location for a #GIOErrorEnum or #GSpawnError
 *
 * Starts a hub and waits until all its lines are there. It ends with us, whatever happens to us.
 *
 * Returns: (transfer full) (nullable): the running hub
 */
NiloLabProcess *
nilo_lab_process_new(const char *hub, const char *estate, const char *const *arguments,
                     GError **error)
{
    g_autoptr(NiloLabProcess) process = g_new0(NiloLabProcess, 1);

    if (hub == NULL)
        hub = g_getenv("NILO_LAB_HUB");
    if (hub == NULL)
        hub = "nilo-lab-hub";
    process->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    process->folder = g_dir_make_tmp("nilo-lab-XXXXXX", error);
    if (process->folder == NULL)
        return NULL;
    process->control = g_build_filename(process->folder, "control", NULL);
    if (!spawn(process, hub, estate, arguments, error))
        return NULL;
    return g_steal_pointer(&process);
}

/* collectors have folders of their own in there */
static void
remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) && g_file_test(path, G_FILE_TEST_IS_DIR))
            remove_folder(path);
        else
            g_unlink(path);
    }
    g_rmdir(folder);
}

/**
 * nilo_lab_process_free:
 * @process: (transfer full): a hub
 *
 * Ends the hub and removes its folder.
 */
void
nilo_lab_process_free(NiloLabProcess *process)
{
    if (process->pid > 0) {
        kill(process->pid, SIGTERM);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        g_spawn_close_pid(process->pid);
    }
    if (process->folder != NULL)
        remove_folder(process->folder);
    g_hash_table_unref(process->addresses);
    g_free(process->control);
    g_free(process->folder);
    g_free(process);
}

/**
 * nilo_lab_process_get_folder:
 * @process: a hub
 *
 * Returns: its temporary folder: relative links of the estate, "log" and "control" are there
 */
const char *
nilo_lab_process_get_folder(NiloLabProcess *process)
{
    return process->folder;
}

/**
 * nilo_lab_process_get_path:
 * @process: a hub
 * @name: of a link or file in its folder
 *
 * Returns: (transfer full): the whole path
 */
char *
nilo_lab_process_get_path(NiloLabProcess *process, const char *name)
{
    return g_build_filename(process->folder, name, NULL);
}

/**
 * nilo_lab_process_get_address:
 * @process: a hub
 * @bus: name of a bus
 *
 * Returns: (transfer full) (nullable): "/dev/pts/N" or "tcp:127.0.0.1:PORT" as it was at the start
 */
char *
nilo_lab_process_get_address(NiloLabProcess *process, const char *bus)
{
    return g_strdup(g_hash_table_lookup(process->addresses, bus));
}

/**
 * nilo_lab_process_call:
 * @process: a hub
 * @command: a command of README.md
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: (transfer full) (nullable): the hub's answer; %NULL also when it answered "error=..."
 */
char *
nilo_lab_process_call(NiloLabProcess *process, const char *command, GError **error)
{
    g_autofree char *answer = nilo_lab_client_call(process->control, command, error);

    if (answer == NULL || !g_str_has_prefix(answer, "error="))
        return g_steal_pointer(&answer);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", command, answer + strlen("error="));
    return NULL;
}
